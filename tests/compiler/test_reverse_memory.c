/* What the reverse sweep reads again instead of keeping, long straight-line programs, and zero adjoints of infinite
 * operands: reverse mode against forward mode and against differences. */
#include "support/ir_lab.h"

enum { ROWS = 6, COLUMNS = 6, PARAMS = 4, REACTIONS = 600, SPECIES = 40 };

static const double point_u[COLUMNS] = {0.7, -0.4, 1.3, 0.25, -1.1, 0.9};
static const double point_p[PARAMS]  = {0.6, 1.7, -0.8, 0.3};

static const char programs[] =
    "#include <math.h>\n"
    "#define MAP(name) void map_##name(double *restrict y, const double *restrict u, const double "
    "*restrict p, double t)\n"
    /* not known to the optimiser: arrays stay in memory */
    "#define SIX (t > -1e9 ? 6 : 5)\n"
    /* filled, then only read */
    "MAP(settled1) { int n = SIX; double a[6]; for (int i = 0; i < n; i++) a[i] = exp(u[i] * "
    "p[0]);\n"
    "  for (int i = 0; i < n; i++) { double s = 0; for (int j = 0; j < n; j++) s += a[j] * a[i] * "
    "cos(u[j] + i); y[i] = s * t; } }\n"
    /* read, overwritten, read again */
    "MAP(overwritten1) { int n = SIX; double a[6]; for (int i = 0; i < n; i++) a[i] = sin(u[i]);\n"
    "  for (int i = 0; i < n; i++) y[i] = a[i] * a[(i + 1) % 6] * p[1];\n"
    "  for (int i = 0; i < n; i++) a[i] = a[i] * u[i] + p[2];\n"
    "  for (int i = 0; i < n; i++) y[i] += a[i] * a[(i + 2) % 6]; }\n"
    /* overwritten in every turn of an outer loop */
    "MAP(turns1) { int n = SIX; double a[6] = {0}; for (int k = 0; k < 5; k++) { for (int i = 0; i "
    "< n; i++) a[i] = u[i] * k + a[(i + 1) % 6] * p[0];\n"
    "  for (int i = 0; i < n; i++) y[i] = (k ? y[i] : 0) + a[i] * a[i] * u[(i + k) % 6]; } }\n"
    /* overwritten on one side of a branch, after a read in the same block */
    "MAP(branch1) { int n = SIX; double a[2] = {u[0], u[1]}; for (int i = 0; i < n; i++) { double "
    "x = a[0] * a[1]; y[i] = x * x + u[i];\n"
    "  if (i == 2) a[0] = x * p[0]; else if (u[i] > 0) a[1] = x + p[1]; } }\n"
    /* an array of variable size, and one in a scope that is entered again */
    "MAP(scopes1) { for (int i = 0; i < 6; i++) y[i] = 0; for (int n = 1; n < 6; n++) { double "
    "v[n]; double w[3];\n"
    "  for (int i = 0; i < n; i++) v[i] = u[i] * u[n] + p[n % 4]; for (int i = 0; i < 3; i++) w[i] "
    "= v[i % n] * n;\n"
    "  for (int i = 0; i < n; i++) y[i] += v[i] * v[n - 1 - i] * w[i % 3]; } }\n"
    /* outputs that are read, and outputs that are written twice */
    "MAP(outputs1) { int n = SIX; for (int i = 0; i < n; i++) y[i] = u[i] * u[i]; for (int i = 1; "
    "i < n; i++) y[i] += y[i - 1] * p[i % 4]; }\n"
    "MAP(twice1) { int n = SIX; for (int i = 0; i < n; i++) y[i] = u[i] * 3; for (int i = 0; i < n "
    "- 1; i++) y[i] = u[i + 1] * u[i] * t; }\n"
    /* the memory of a static variable, which calls change */
    "static double kept; __attribute__((noinline)) static double next(double x, int depth) { kept "
    "= kept * 0.5 + x;\n"
    "  return depth ? next(x * kept, depth - 1) : kept * x; }\n"
    "MAP(static1) { int n = SIX; kept = p[3]; for (int i = 0; i < n; i++) { double before = kept; "
    "y[i] = next(u[i], 2) * before; } }\n"
    /* a stencil on a ring: nothing needs to be kept */
    "MAP(ring1) { for (int i = 0; i < 6; i++) { double l = u[i ? i - 1 : 5], r = u[i < 5 ? i + 1 : "
    "0];\n"
    "  y[i] = p[0] * (l + r - 2 * u[i]) + u[i] * u[i] * l * p[1] - 1 / (1 + exp(-u[i])); } }\n";

/* The other half of the cases, with the value: names that end in 2. */
static void add_second(ude_text *text) {
  for (const char *at = programs; *at;) {
    const char *end = strstr(at, "1)");
    if (!end || strncmp(at, "MAP(", 4) != 0) {
      ude_text_append_bytes(text, at, 1);
      at++;
      continue;
    }
    ude_text_append_bytes(text, at, (size_t)(end - at));
    ude_text_append(text, "2)");
    at = end + 2;
  }
}

static void close_to(const char *map, const char *what, const double *got, const double *expected,
                     int rows, int inputs, double tolerance) {
  for (int r = 0; r < rows; r++) {
    double scale = 1;
    for (int k = 0; k < inputs; k++) {
      scale = fmax(scale, fabs(expected[r * inputs + k]));
    }
    for (int k = 0; k < inputs; k++) {
      double g = got[r * inputs + k], e = expected[r * inputs + k];
      ck_assert_msg(fabs(g - e) <= tolerance * scale, "%s, %s: dy[%d]/dx[%d] is %.17g, not %.17g",
                    map, what, r, k, g, e);
    }
  }
}

static void check(lab *l, const char *map, const lab_point *at) {
  int     inputs    = lab_inputs(at);
  size_t  size      = (size_t)at->rows * (size_t)inputs;
  double *forward   = lab_zeros(size);
  double *reverse   = lab_zeros(size);
  double *numerical = lab_zeros(size);
  lab_jacobian_forward(l, map, 3, at, NULL, forward);
  lab_jacobian_reverse(l, map, at, NULL, reverse);
  lab_jacobian_differences(l, map, at, 1e-3, numerical);
  close_to(map, "reverse against forward", reverse, forward, at->rows, inputs, 1e-12);
  close_to(map, "reverse against differences", reverse, numerical, at->rows, inputs, 1e-8);
  free(forward);
  free(reverse);
  free(numerical);
}

START_TEST(memory) {
  static const char *const names[] = {"settled", "overwritten", "turns",  "branch", "scopes",
                                      "outputs", "twice",       "static", "ring"};
  lab                      l;
  ude_text                 text = {0};
  ude_text_append(&text, "%s", programs);
  ude_text second = {0};
  add_second(&second);
  /* the second copy without the preamble, under other names of its helper */
  ude_text_append(&text, "#undef MAP\n#define kept kept2\n#define next next2\n%s", second.data);
  lab_open(&l, text.data, LAB_BOTH);
  lab_point at = {ROWS, COLUMNS, PARAMS, point_u, point_p, 0.8};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    for (int k = 1; k <= 2; k++) {
      char map[64];
      snprintf(map, sizeof map, "map_%s%d", names[i], k);
      check(&l, map, &at);
    }
  }
  ude_text_free(&text);
  ude_text_free(&second);
  lab_close(&l);
}
END_TEST

/* A mechanism of reactions as generators write it: one block of ten thousand instructions, which is compiled in pieces. */
START_TEST(long_block) {
  lab      l;
  ude_rng  rng  = ude_rng_make(3, 1);
  ude_text text = {0};
  ude_text_append(&text,
                  "#include <math.h>\nvoid map_chem1(double *restrict y, const double *restrict u, "
                  "const double *restrict p, double t) {\n  double d[%d] = {0};\n",
                  SPECIES);
  for (int k = 0; k < REACTIONS; k++) {
    int s[4];
    for (int j = 0; j < 4; j++) {
      s[j] = (int)(ude_rng_uniform(&rng) * SPECIES);
    }
    ude_text_append(&text,
                    "  double w%d = p[%d] * exp(-p[%d] * %.3f / (1 + t)) * u[%d] * u[%d];\n"
                    "  d[%d] -= w%d; d[%d] -= w%d; d[%d] += w%d; d[%d] += w%d;\n",
                    k, k % PARAMS, (k + 1) % PARAMS, ude_rng_uniform(&rng), s[0], s[1], s[0], k,
                    s[1], k, s[2], k, s[3], k);
  }
  ude_text_append(&text, "  for (int i = 0; i < %d; i++) y[i] = d[i];\n}\n", SPECIES);
  double u[SPECIES];
  for (int i = 0; i < SPECIES; i++) {
    u[i] = 0.2 + ude_rng_uniform(&rng);
  }
  lab_open(&l, text.data, LAB_BOTH);
  lab_point at = {SPECIES, SPECIES, PARAMS, u, point_p, 0.4};
  check(&l, "map_chem1", &at);
  ude_text_free(&text);
  lab_close(&l);
}
END_TEST

/* At zero the side that is not taken is infinite: what it gives is nothing, not NaN. */
START_TEST(dropped) {
  static const char text[] =
      "#include <math.h>\n"
      "#define MAP(name) void map_##name(double *restrict y, const double *restrict u, const "
      "double *restrict p, double t)\n"
      "static double pick(int c, double a, double b) { return c ? a : b; }\n"
      "MAP(reciprocal1) { double r = 1 / u[0]; y[0] = pick(u[0] > 0, r, 0) + pick(u[0] > 1, r * r, "
      "u[1]); }\n"
      "MAP(root1) { double r = sqrt(u[0]); y[0] = pick(u[0] > 0, r, 0) + u[1] * fmin(fmax(r, 1), "
      "2); }\n"
      "MAP(array1) { double a[4]; for (int i = 0; i < 4; i++) a[i] = pick(u[0] > i, log(u[0]), "
      "u[1] * i);\n"
      "  double m = a[0]; for (int i = 1; i < 4; i++) m = a[i] > m ? a[i] : m; y[0] = m; }\n";
  static const struct {
    const char *map;
    double      expected[2];
  } cases[] = {{"map_reciprocal1", {0, 1}}, {"map_root1", {0, 1}}, {"map_array1", {0, 3}}};
  lab                 l;
  static const double u[2] = {0, 0.5};
  double              none = 0, row[3];
  lab_open(&l, text, LAB_BOTH);
  lab_point at = {1, 2, 0, u, &none, 0};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    lab_jacobian_reverse(&l, cases[i].map, &at, NULL, row);
    ck_assert_msg(row[0] == cases[i].expected[0] && row[1] == cases[i].expected[1], "%s: %g %g",
                  cases[i].map, row[0], row[1]);
  }
  lab_close(&l);
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("reverse memory");
  TCase   *tcase  = tcase_create("all");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 60);
  tcase_add_test(tcase, memory);
  tcase_add_test(tcase, long_block);
  tcase_add_test(tcase, dropped);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
