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
  ck_assert_int_gt(found, 0);
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

int main(void) {
  Suite   *suite  = suite_create("sparsity");
  TCase   *tcase  = tcase_create("patterns");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 60);
  tcase_add_loop_test(tcase, language, 0, LANGUAGE_CASES);
  tcase_add_test(tcase, publications);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
