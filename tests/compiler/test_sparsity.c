/* Sparsity patterns: never an entry too few, on every construct of models/language.c and on random programs; exact
 * where the published examples are. */
#include "compiler/language_cases.h"
#include "compiler/random_interpreter.h"
#include "support/sparsity_lab.h"

static lab derivatives, patterns;

static void open_language(void) {
  static bool ready;
  if (!ready) {
    char *text = language_source();
    lab_open(&derivatives, text, LAB_FORWARD | LAB_NARROW);
    sparsity_open(&patterns, text);
    free(text);
    ready = true;
  }
}

/* Points around the one of language_check: near, or far where the program ends there and stays in its arrays. */
static void language_point(const language_case *c, int trial, ude_rng *rng, double *u, double *p) {
  bool   near   = strcmp(c->name, "while_exit") == 0 || strcmp(c->name, "integers") == 0;
  double spread = near ? 0.6 : trial % 4 == 3 ? 3 : 0.8;
  for (int k = 0; k < 32; k++) {
    double x = 2 * ude_rng_uniform(rng) - 1, z = 2 * ude_rng_uniform(rng) - 1;
    u[k] = trial ? 1.2 + spread * x : 1.2 + 0.31 * sin(2.3 * k + 0.4);
    p[k] = trial ? 1.35 + 0.6 * z : 1.35 + 0.52 * cos(1.7 * k * k + 0.9 * k);
  }
}

START_TEST(language) {
  const language_case *c = &language_cases[_i];
  char                 map[64];
  open_language();
  snprintf(map, sizeof map, "map_%s", c->name);
  ude_pattern       pattern[2] = {{0}}, path[2] = {{0}};
  ude_sparsity_task task    = {.rows = c->rows, .states = c->columns, .params = c->params};
  bool              refused = strcmp(c->name, "vla") == 0; /* its size depends on a parameter */
  for (int k = 0; k < 2 && !refused; k++) {
    task.wrt_param = k == 1;
    sparsity_of(&patterns, map, &task, &pattern[k]);
  }
  int     inputs = c->columns + c->params + 1, found = 0;
  double  u[32], p[32], *jacobian = lab_zeros((size_t)(c->rows * inputs));
  ude_rng rng = ude_rng_make((uint64_t)_i, 5);
  for (int trial = 0; trial < 24; trial++) {
    language_point(c, trial, &rng, u, p);
    lab_point at = {c->rows, c->columns, c->params, u, p, 0.8};
    lab_jacobian_forward(&derivatives, map, 3, &at, NULL, jacobian);
    task.path = true;
    task.u    = u;
    task.p    = p;
    task.t    = 0.8;
    for (int k = 0; k < 2; k++) {
      task.wrt_param = k == 1;
      sparsity_of(&patterns, map, &task, &path[k]);
    }
    for (int r = 0; r < c->rows; r++) {
      for (int k = 0; k < inputs - 1; k++) {
        int    side = k >= c->columns, column = side ? k - c->columns : k;
        bool   on_path = sparsity_has(&path[side], r, column);
        double d       = jacobian[r * inputs + k];
        found += d != 0;
        ck_assert_msg(on_path || d == 0, "%s: dy[%d]/dx[%d] = %g is missing on the path", map, r, k,
                      d);
        ck_assert_msg(refused || !on_path || sparsity_has(&pattern[side], r, column),
                      "%s: dy[%d]/dx[%d] = %g is missing", map, r, k, d);
      }
    }
    ude_pattern_free(&path[0]);
    ude_pattern_free(&path[1]);
  }
  ck_assert(found > 0 || strcmp(c->name, "constant_outputs") == 0);
  if (getenv("UDE_LAB_PATTERNS") && !refused) {
    char *text = sparsity_text(&pattern[0]);
    fprintf(stderr, "%s: %s\n", map, text);
    free(text);
  }
  free(jacobian);
  ude_pattern_free(&pattern[0]);
  ude_pattern_free(&pattern[1]);
}
END_TEST

/* Published patterns: Gowda et al. 2019 with the tests of SparsityDetection.jl, SparseConnectivityTracer.jl; the sum over
 * one variable from MathOptInterface #2882. */
static const char published_text[] =
    "#include <math.h>\n"
    "#define MAP(n) void map_##n(double *restrict y, const double *restrict u, const double "
    "*restrict p, double t)\n"
    "MAP(table1) { y[0] = log(u[0]) * u[0] + u[3]; }\n"
    "MAP(table2) { y[0] = u[0] * u[3]; }\n"
    "MAP(table3) { y[0] = u[0] / u[3]; }\n"
    "MAP(table4) { y[0] = asin(u[0] / u[3]) * u[2]; }\n"
    "MAP(table5) { y[0] = u[0] * (3.14159265358979 / 180); }\n"
    "MAP(sine) { y[0] = sin(u[0]); }\n"
    "MAP(hypotenuse) { y[0] = hypot(u[0], u[1]); }\n"
    "MAP(dot) { double s = 0; for (int i = 0; i < 4; i++) s += u[i] * u[i]; y[0] = s; }\n"
    "MAP(quadratic) {\n"
    "  static const double D[4][4] = {{1, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 3, 0}, {0, 0, 0, 4}};\n"
    "  double s = 0;\n"
    "  for (int i = 0; i < 4; i++) for (int j = 0; j < 4; j++) s += 0.5 * (u[i] - p[i]) * D[i][j] "
    "* (u[j] - p[j]);\n"
    "  y[0] = s;\n"
    "}\n"
    "MAP(swap) { if (t > 1) { y[0] = u[1]; } else { y[1] = u[0]; } }\n"
    "MAP(reverse) { if (p[0] > 0) for (int i = 0; i < 4; i++) y[i] = u[i]; else for (int i = 0; i "
    "< 4; i++) y[i] = u[3 - i]; }\n"
    "MAP(tridiagonal) { for (int i = 0; i < 10; i++) y[i] = (i ? u[i - 1] : 0) - 2 * u[i] + (i < 9 "
    "? u[i + 1] : 0); }\n"
    "MAP(tracer) { y[0] = u[0] + u[1] * u[2] + 1 / u[3]; }\n"
    "MAP(shares) { double s = 0; for (int i = 0; i < 10; i++) s += u[i]; y[0] = s / u[0]; }\n"
    /* What follows from the same rules. */
    "MAP(powers) { static const double e[4] = {0, 1, 2, 0.5}; y[0] = 0; for (int i = 0; i < 4; "
    "i++) y[0] += pow(u[i], e[i]); }\n"
    "MAP(linear) { y[0] = fabs(u[0]) + fmax(u[1], 2 * u[2]) + fmod(u[3], 3) + floor(u[0]) * u[1]; "
    "}\n"
    "MAP(square) { double s = u[0] + u[1]; y[0] = s * s; }\n"
    "MAP(kept) { y[0] = exp(u[0]) + u[1] * u[2]; y[0] = y[0] * 3 + u[3]; }\n";

static const struct {
  const char *name;
  int         rows, states, params;
  bool        second;
  const char *pattern;
} published[] = {
    {"table1", 1, 4, 0, true, "x... .... .... ...."},
    {"table2", 1, 4, 0, true, "...x .... .... x..."},
    {"table3", 1, 4, 0, true, "...x .... .... x..x"},
    {"table4", 1, 4, 0, true, "x.xx .... x..x x.xx"},
    {"table5", 1, 4, 0, true, ".... .... .... ...."},
    {"sine", 1, 1, 0, true, "x"},
    {"hypotenuse", 1, 2, 0, true, "xx xx"},
    {"dot", 1, 4, 0, true, "x... .x.. ..x. ...x"},
    {"dot", 1, 4, 0, false, "xxxx"},
    {"quadratic", 1, 4, 4, true, "x... .x.. ..x. ...x"},
    {"swap", 2, 2, 0, false, ".x x."},
    {"reverse", 4, 4, 1, false, "x..x .xx. .xx. x..x"},
    {"tridiagonal", 10, 10, 0, false,
     "xx........ xxx....... .xxx...... ..xxx..... ...xxx.... ....xxx... .....xxx.. ......xxx. "
     ".......xxx ........xx"},
    {"tracer", 1, 4, 0, true, ".... ..x. .x.. ...x"},
    {"shares", 1, 10, 0, true,
     "xxxxxxxxxx x......... x......... x......... x......... x......... x......... x......... "
     "x......... x........."},
    {"powers", 1, 4, 0, false, ".xxx"},
    {"powers", 1, 4, 0, true, ".... .... ..x. ...x"},
    {"linear", 1, 4, 0, true, ".... .... .... ...."},
    {"square", 1, 2, 0, true, "xx xx"},
    {"kept", 1, 4, 0, true, "x... ..x. .x.. ...."},
};

START_TEST(publications) {
  lab l;
  sparsity_open(&l, published_text);
  for (size_t k = 0; k < sizeof published / sizeof *published; k++) {
    char        map[64];
    ude_pattern pattern;
    snprintf(map, sizeof map, "map_%s", published[k].name);
    ude_sparsity_task task = {.rows   = published[k].rows,
                              .states = published[k].states,
                              .params = published[k].params,
                              .second = published[k].second};
    sparsity_of(&l, map, &task, &pattern);
    char *text = sparsity_text(&pattern);
    ck_assert_msg(strcmp(text, published[k].pattern) == 0, "%s: %s instead of %s", map, text,
                  published[k].pattern);
    free(text);
    ude_pattern_free(&pattern);
  }
  lab_close(&l);
}
END_TEST

/* The Brusselator of Gowda et al. 2019, listing 1: 12 N^2 entries, on each of 2 N^2 rows itself, four periodic neighbours and the
 * other species. N = 1024 is in bench/sparsity_brusselator.c. */
static const char brusselator_text[] =
    "void map_brusselator(double *restrict y, const double *restrict u, const double *restrict p, "
    "double t) {\n"
    "  double h = 1.0 / (N - 1), a = p[2] / (h * h);\n"
    "  for (int j = 0; j < N; j++) for (int i = 0; i < N; i++) {\n"
    "    int c = j * N + i, r = j * N + (i + 1 == N ? 0 : i + 1), l = j * N + (i == 0 ? N - 1 : i "
    "- 1);\n"
    "    int n = (j + 1 == N ? 0 : j + 1) * N + i, s = (j == 0 ? N - 1 : j - 1) * N + i;\n"
    "    double dx = i * h - 0.3, dy = j * h - 0.6, f = dx * dx + dy * dy <= 0.01 && t >= 1.1 ? 5 "
    ": 0;\n"
    "    const double *v = u + N * N;\n"
    "    y[c] = a * (u[l] + u[r] + u[n] + u[s] - 4 * u[c]) + p[1] + u[c] * u[c] * v[c] - (p[0] + "
    "1) * u[c] + f;\n"
    "    y[N * N + c] = a * (v[l] + v[r] + v[n] + v[s] - 4 * v[c]) + p[0] * u[c] - u[c] * u[c] * "
    "v[c];\n"
    "  }\n"
    "}\n";

START_TEST(brusselator) {
  static const int64_t sizes[] = {6, 32, 256};
  int64_t              n = sizes[_i], cells = n * n;
  ude_text             text = {0};
  ude_pattern          pattern;
  lab                  l;
  ude_text_append(&text, "#define N %lld\n%s", (long long)n, brusselator_text);
  ck_assert(!text.failed);
  sparsity_open(&l, text.data);
  ude_sparsity_task task = {.rows = 2 * cells, .states = 2 * cells, .params = 3};
  sparsity_of(&l, "map_brusselator", &task, &pattern);
  ck_assert_int_eq(pattern.start[pattern.rows], 12 * cells);
  for (int64_t r = 0; r < 2 * cells; r++) {
    int64_t s = r / cells * cells, j = r % cells / n, i = r % n;
    ck_assert_int_eq(pattern.start[r + 1] - pattern.start[r], 6);
    bool all = sparsity_has(&pattern, r, r) && sparsity_has(&pattern, r, s + j * n + (i + 1) % n) &&
               sparsity_has(&pattern, r, s + j * n + (i + n - 1) % n) &&
               sparsity_has(&pattern, r, s + (j + 1) % n * n + i) &&
               sparsity_has(&pattern, r, s + (j + n - 1) % n * n + i) &&
               sparsity_has(&pattern, r, cells - s + j * n + i);
    ck_assert_msg(all, "row %lld", (long long)r);
  }
  ude_pattern_free(&pattern);
  ude_text_free(&text);
  lab_close(&l);
}
END_TEST

/* ------------------------------------------------------------------------------ hard cases -- */

static const struct {
  const char *name;
  int         rows, states, params;
  const char *pattern;
} cases[] = {
    {"upwind", 5, 5, 1, "xx..x xxx.. .xxx. ..xxx x..xx"},
    {"temporaries", 3, 7, 0, ".x.x... .....x. .x..x.."},
    {"first_found", 2, 5, 1, "xxxx. ....x"},
    {"newton_each", 3, 3, 3, "x.. .x. ..x"},
    {"early_rows", 4, 4, 0, "x... xx.. xxx. xxxx"},
    {"pointers_by_branch", 2, 7, 0, "x.x..x. ..xx..."},
    {"functions_by_branch", 2, 3, 0, ".x. ..x"},
    {"swap_by_branch", 3, 6, 0, "x.x... .x.x.. x....x"},
    {"switch_on_input", 4, 6, 0, ".xx... ...x.. ....x. .....x"},
    {"lookup", 2, 4, 0, ".x.. .xxx"},
    {"guarded", 2, 6, 0, ".xxx.x .....x"},
    {"flags", 3, 6, 0, "...x.. ....xx ......"},
    {"sparse_table", 3, 4, 0, "x..x .... .x.."},
    {"kept", 1, 3, 0, "xx."},
    {"list_by_branch", 1, 6, 0, "...xxx"},
    {"bounded_recursion", 2, 3, 0, "xx. ..x"},
    {"structs_by_branch", 3, 5, 0, "x.x.. .x.x. .x.x."},
    {"partial_copy", 4, 5, 0, "x.... .x... ..x.. ....."},
    {"grown", 2, 5, 0, "x.... ...x."},
    {"adaptive", 3, 3, 1, "xx. xx. ..x"},
    {"rounds_of_parameter", 6, 6, 1, "x..... .x.... ..x... ...x.. ....x. .....x"},
    {"unbounded_rounds", 4, 4, 2, "x... .x.. ..x. ...x"},
    {"reused", 3, 3, 0, ".x. ..x ..."},
    {"impossible", 2, 3, 0, "x.. ..."},
    {"upwind_periodic", 40, 80, 0, NULL}, /* both neighbours of a ring of 40 */
};

enum { CASES = sizeof cases / sizeof *cases };

START_TEST(hard_cases) {
  static lab  plain, derived;
  static bool ready;
  if (!ready) {
    char     *text   = NULL;
    size_t    length = 0;
    ude_error error;
    ck_assert(
        !ude_file_read(UDE_SOURCE_DIR "/tests/compiler/models/sparsity.c", &text, &length, &error));
    sparsity_open(&plain, text);
    lab_open(&derived, text, LAB_FORWARD | LAB_NARROW);
    free(text);
    ready = true;
  }
  char              map[64];
  ude_pattern       pattern;
  ude_sparsity_task task = {.rows       = cases[_i].rows,
                            .states     = cases[_i].states,
                            .params     = cases[_i].params,
                            .collect_at = 8}; /* collects at every turn */
  snprintf(map, sizeof map, "map_%s", cases[_i].name);
  sparsity_of(&plain, map, &task, &pattern);
  for (int64_t r = 0; !cases[_i].pattern && r < task.rows; r++) {
    ck_assert_int_eq(pattern.start[r + 1] - pattern.start[r], 2);
    ck_assert(sparsity_has(&pattern, r, (r + 1) % 40) && sparsity_has(&pattern, r, (r + 39) % 40));
  }
  char *text = sparsity_text(&pattern);
  ck_assert_msg(!cases[_i].pattern || strcmp(text, cases[_i].pattern) == 0, "%s: %s instead of %s",
                map, text, cases[_i].pattern);
  free(text);
  static double jacobian[40 * 81];
  double        u[80], p[4];
  ude_rng       rng = ude_rng_make((uint64_t)_i, 6);
  for (int trial = 0; trial < 200; trial++) {
    for (int k = 0; k < 80; k++) {
      u[k]     = 8 * ude_rng_uniform(&rng) - 2;
      p[k % 4] = 0.1 + 3.8 * ude_rng_uniform(&rng);
    }
    lab_point at = {task.rows, task.states, task.params, u, p, ude_rng_uniform(&rng)};
    lab_jacobian_forward(&derived, map, 3, &at, NULL, jacobian);
    for (int r = 0; r < task.rows; r++) {
      for (int k = 0; k < task.states; k++) {
        double d = jacobian[r * lab_inputs(&at) + k];
        ck_assert_msg(d == 0 || sparsity_has(&pattern, r, k), "%s: dy[%d]/du[%d] = %g is missing",
                      map, r, k, d);
      }
    }
  }
  ude_pattern_free(&pattern);
}
END_TEST

/* ----------------------------------------------------------------------------- random programs -- */

static long setting(const char *name, long otherwise) {
  const char *text = getenv(name);
  return text ? strtol(text, NULL, 10) : otherwise;
}

/* How many of the entries of the patterns some point shows. */
static long shown, entries, dense;

static void check_program(lab *l, lab *plain, const rp_program *program, uint64_t seed, int id) {
  char map[32];
  bool seen[RP_OUTPUTS * RI_INPUTS] = {false};
  snprintf(map, sizeof map, "map_%d", id);
  ude_pattern       pattern[2];
  ude_sparsity_task task = {.rows = RP_OUTPUTS, .states = RP_STATES, .params = RP_PARAMS};
  for (int k = 0; k < 2; k++) {
    task.wrt_param = k == 1;
    ck_assert_msg(!sparsity_try(plain, map, &task, &pattern[k]), "seed %llu: %s",
                  (unsigned long long)seed, plain->error.message);
  }
  ude_rng rng = ude_rng_make(seed, 79);
  for (int trial = 0; trial < 12; trial++) {
    double u[RP_STATES], p[RP_PARAMS], jacobian[RP_OUTPUTS * RI_INPUTS];
    for (int k = 0; k < RP_STATES; k++) {
      u[k] = 4 * ude_rng_uniform(&rng) - 1.7;
    }
    for (int k = 0; k < RP_PARAMS; k++) {
      p[k] = 4 * ude_rng_uniform(&rng) - 1.9;
    }
    lab_point at = {RP_OUTPUTS, RP_STATES, RP_PARAMS, u, p, 2 * ude_rng_uniform(&rng)};
    lab_jacobian_forward(l, map, 3, &at, NULL, jacobian);
    for (int r = 0; r < RP_OUTPUTS; r++) {
      for (int k = 0; k < RI_INPUTS - 1; k++) {
        int    side = k >= RP_STATES;
        double d    = jacobian[r * RI_INPUTS + k];
        if (d == 0 || isnan(d)) {
          continue;
        }
        seen[r * RI_INPUTS + k] = true;
        if (!sparsity_has(&pattern[side], r, side ? k - RP_STATES : k)) {
          ude_text text = {0};
          rp_write_program(program, 0, &text);
          fprintf(stderr, "%s%s", rp_preamble, text.data);
          ck_abort_msg("seed %llu: dy[%d]/dx[%d] = %g is missing", (unsigned long long)seed, r, k,
                       d);
        }
      }
    }
  }
  for (int k = 0; k < RP_OUTPUTS * RI_INPUTS; k++) {
    shown += seen[k];
  }
  entries += pattern[0].start[RP_OUTPUTS] + pattern[1].start[RP_OUTPUTS];
  dense += RP_OUTPUTS * (RI_INPUTS - 1);
  ude_pattern_free(&pattern[0]);
  ude_pattern_free(&pattern[1]);
}

START_TEST(programs) {
  enum { BATCH = 40 };
  static rp_program program[BATCH];
  long              total = setting("UDE_PROGRAMS", 120), first = setting("UDE_SEED", 1);
  for (long start = 0; start < total; start += BATCH) {
    int      count = (int)(total - start < BATCH ? total - start : BATCH);
    ude_text text  = {0};
    lab      l, plain;
    ude_text_append(&text, "%s", rp_preamble);
    for (int k = 0; k < count; k++) {
      rp_generate(&program[k], (uint64_t)(first + start + k));
      rp_write_program(&program[k], k, &text);
    }
    ck_assert(!text.failed);
    lab_open(&l, text.data, LAB_FORWARD | LAB_NARROW | LAB_QUICK);
    sparsity_open(&plain, text.data);
    for (int k = 0; k < count; k++) {
      check_program(&l, &plain, &program[k], (uint64_t)(first + start + k), k);
      free(program[k].pool);
    }
    ude_text_free(&text);
    lab_close(&l);
    lab_close(&plain);
  }
  if (getenv("UDE_LAB_PATTERNS")) {
    fprintf(stderr, "%ld entries of %ld, %ld shown by points\n", entries, dense, shown);
  }
  ck_assert_int_lt(entries, dense);
}
END_TEST

/* Patterns are refused in the words of the other transforms. */
START_TEST(refused_alike) {
  static const char *const said[][2] = {
      {"static double f(double x) { double r; __asm__(\"\" : \"=r\"(r) : \"0\"(x)); return r; }\n",
       "model.c:1"},
      {"#include <stdarg.h>\nstatic double g(int n, ...) { va_list l; va_start(l, n);\n"
       "double q = va_arg(l, double); va_end(l); return q; }\n"
       "static double f(double x) { return g(1, x); }\n",
       "variadic function"},
      {"#include <setjmp.h>\nstatic jmp_buf b;\n"
       "static double f(double x) { return setjmp(b) ? 0 : x; }\n",
       "return a status"}};
  for (size_t k = 0; k < sizeof said / sizeof *said; k++) {
    char        text[1024];
    lab         l;
    ude_pattern pattern;
    snprintf(text, sizeof text,
             "%svoid map_0(double *restrict y, const double *restrict u, const double *restrict p, "
             "double t) { y[0] = f(u[0]); }\n",
             said[k][0]);
    sparsity_open(&l, text);
    ck_assert_int_eq(
        sparsity_try(&l, "map_0", &(ude_sparsity_task){.rows = 1, .states = 1}, &pattern),
        UDE_NOT_DIFFERENTIABLE);
    ck_assert_msg(strstr(l.error.message, said[k][1]) && strstr(l.error.message, "model.c:"), "%s",
                  l.error.message);
    lab_close(&l);
  }
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("sparsity");
  TCase   *tcase  = tcase_create("patterns");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 0);
  tcase_add_test(tcase, refused_alike);
  tcase_add_loop_test(tcase, language, 0, LANGUAGE_CASES);
  tcase_add_test(tcase, publications);
  tcase_add_loop_test(tcase, brusselator, 0, 3);
  tcase_add_loop_test(tcase, hard_cases, 0, CASES);
  tcase_add_test(tcase, programs);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
