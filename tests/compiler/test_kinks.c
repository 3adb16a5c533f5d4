/* Where a derivative of a function is infinite and that of the whole is finite: no NaN, in every transform. And where the
 * limit is not to be had from values (sqrt(x) sqrt(x) at 0), forward mode says NaN rather than a wrong number. */
#include <math.h>

#include "compiler/jet.h"
#include "support/ir_lab.h"

typedef struct kink {
  const char *text; /* of y[0] */
  double      u[2], gradient[2];
} kink;

static const kink kinks[] = {
    {"sqrt(u[0]) * 0.0 * u[1]", {0, 1}, {0, 0}},
    {"u[0] * sqrt(u[0])", {0, 1}, {0, 0}},
    {"sqrt(u[0]) * u[0] * u[1]", {0, 3}, {0, 0}},
    {"u[1] * u[1] * sqrt(u[0])", {0, 0}, {0, 0}},
    {"fma(u[0], sqrt(u[0]), u[0])", {0, 0}, {1, 0}},
    {"u[0] * cbrt(u[0])", {0, 0}, {0, 0}},
    {"sqrt(fabs(u[0])) * u[0]", {0, 0}, {0, 0}},
    {"u[0] * pow(u[0], 0.25)", {0, 0}, {0, 0}},
    {"acos(u[0]) * (1 - u[0])", {1, 0}, {0, 0}},
    {"asin(u[0]) * (1 - u[0]) + u[1]", {1, 0}, {-1.5707963267948966, 1}},
    {"acosh(u[0]) * 0.0 + u[0]", {1, 0}, {1, 0}},
    {"sqrt(u[0]) * u[0] / (1 + u[1])", {0, 1}, {0, 0}},
    {"fmax(sqrt(u[0]), 1.0)", {0, 0}, {0, 0}},
    {"fmin(sqrt(u[0]), u[1])", {0, -1}, {0, 1}},
    {"u[0] > 0 ? sqrt(u[0]) : u[1]", {0, 1}, {0, 1}},
    {"pow(u[0], 1.5)", {0, 1}, {0, 0}},
    {"pow(u[0], 2)", {0, 1}, {0, 0}},
    {"pow(u[0], 1)", {0, 1}, {1, 0}},
    {"pow(u[0], 0) + u[1]", {0, 1}, {0, 1}},
    {"pow(u[0], 3)", {-2, 0}, {12, 0}},
    {"pow(u[0], u[1])", {0, 2}, {0, 0}},
    {"pow(u[0], u[1])", {0, 1}, {1, 0}},
    {"pow(u[0], u[1])", {2, 0}, {0, 0.69314718055994530942}},
    {"pow(u[0], 2 * t)", {0, 0}, {0, 0}},
    {"pow(u[0], 4) * pow(u[1], 0)", {0, 0}, {0, 0}},
    {"hypot(u[0], u[1])", {0, 0}, {0, 0}},
    {"hypot(u[0], u[1]) * hypot(u[0], u[1])", {0, 0}, {0, 0}},
    {"sqrt(u[0] * u[0] + u[1] * u[1])", {0, 0}, {0, 0}},
    {"sqrt(u[0] * u[0] + u[1] * u[1]) * u[0]", {0, 0}, {0, 0}},
    {"exp(-sqrt(u[0] * u[0] + 2 * u[1] * u[1]))", {0, 0}, {0, 0}},
    {"sqrt(pow(u[0], 4))", {0, 0}, {0, 0}},
    {"sqrt(1 - cos(u[0]))", {0, 0}, {0, 0}},
    {"pow(u[0] * u[0] + u[1] * u[1], 1.5)", {0, 0}, {0, 0}},
    {"pow(u[0] * u[0] + u[1] * u[1], 0.5)", {0, 0}, {0, 0}},
    {"fabs(pow(u[0], 3))", {0, 0}, {0, 0}},
    {"atan2(u[0], u[1]) * u[0]", {0, 0}, {0, 0}},
    {"log1p(exp(u[0]))", {-800, 0}, {0, 0}},
    {"sqrtf((float)u[0]) * (float)u[1] * 0.0f", {0, 1}, {0, 0}},
    {"sqrt(u[0]) * sqrt(u[0])", {0, 1}, {1, 0}},
    {"sqrt(2 * u[0] + u[1]) * sqrt(2 * u[0] + u[1])", {0, 0}, {2, 1}},
    {"fma(sqrt(u[0]), sqrt(u[0]), 3 * u[1])", {0, 1}, {1, 3}},
    {"fma(-sqrt(u[0]), sqrt(u[0]), u[0])", {0, 1}, {0, 0}},
    {"pow(sqrt(u[0]), 2) * u[1]", {0, 3}, {3, 0}},
    {"cos(sqrt(u[0]))", {0, 1}, {-0.5, 0}},
    {"cosh(sqrt(u[0] * u[1]))", {0, 3}, {1.5, 0}},
    {"exp(-sqrt(u[0]) * sqrt(u[0]))", {0, 3}, {-1, 0}},
    {"sqrtf((float)u[0]) * sqrtf((float)u[0])", {0, 1}, {1, 0}},
    {"u[0] > 0 ? u[0] * log(u[0]) : u[1]", {0, 1}, {0, 1}},
    {"(log(u[0]) < 0 ? u[1] : log(u[0]))", {0, 1}, {0, 1}},
    {"u[0] > 0 ? 1 / u[0] : u[1]", {0, 1}, {0, 1}},
    {"u[0] != 0 ? sin(u[0]) / u[0] : 1", {0, 1}, {0, 0}},
    {"u[0] > 0 ? exp(-1 / u[0]) : 0", {0, 1}, {0, 0}},
    {"fmin(1 / u[0], 5.0) * u[1]", {0, 2}, {0, 5}},
    {"fmax(log(u[0]), -5.0) * u[1]", {0, 2}, {0, -5}},
    {"u[0] > 0 ? u[1] / sqrt(u[0]) : u[1]", {0, 2}, {0, 1}},
    {"fmax(u[0], u[1])", {1, 1}, {0, 1}},
    {"fmin(u[0], u[1])", {1, 1}, {0, 1}},
    {"fabs(u[0]) * u[1]", {0, 2}, {0, 0}},
    {"fabs(u[0]) * u[0]", {0, 2}, {0, 0}},
    {"pow(u[0], 0)", {0, 2}, {0, 0}},
    {"pow(u[0], -2.0) * 0.0 + (u[0] > 0 ? pow(u[0], -2.0) : 1)", {1, 0}, {-2, 0}},
    {"cbrt(u[0]) * cbrt(u[0]) * cbrt(u[0]) * u[1]", {0, 0}, {0, 0}},
    {"cbrt(u[0]) * 0.0 + u[1]", {0, 0}, {0, 1}},
    {"atan2(u[0], u[1])", {0, 0}, {0, 0}},
    {"sqrt(u[0] * u[0] + 0)", {0, 0}, {0, 0}},
    {"sqrt(u[0] * u[0])", {0, 0}, {0, 0}},
    {"fma(u[0], 1 / (1 + u[1]), sqrt(u[1]) * 0.0)", {2, 0}, {1, -2}},
    {"exp(u[0]) / (1 + exp(u[0]))", {-800, 0}, {0, 0}},
    {"1 / (1 + exp(-u[0]))", {-800, 0}, {0, 0}},
    {"u[1] / (1 + 2 * exp(-3 * u[0] + u[1]))", {-800, 1}, {0, 0}},
    {"1 / cosh(u[0])", {-800, 1}, {0, 0}},
    {"1 / (1 + exp(-u[0]))", {800, 0}, {0, 0}},
    {"log(cosh(u[0]))", {0, 0}, {0, 0}},
    {"u[0] / fabs(u[0] == 0 ? 1.0 : u[0])", {0, 0}, {1, 0}},
    {"tanh(u[0] * u[1])", {400, 400}, {0, 0}},
    {"erf(u[0])", {30, 400}, {0, 0}},
    {"log1p(u[0])", {0, 400}, {1, 0}},
    {"expm1(u[0]) / u[1]", {0, 2}, {0.5, 0}},
    {"remainder(u[0], u[1])", {1, 1}, {1, -1}},
    {"hypotf((float)u[0], (float)u[1])", {0, 0}, {0, 0}},
    {"sqrtf((float)u[0]) * (float)u[0]", {0, 1}, {0, 0}},
};

enum { KINKS = sizeof kinks / sizeof *kinks, LANES = 8 };

static lab l;

static void write_maps(ude_text *text, const char *const *bodies, int count) {
  ude_text_append(text, "#include <math.h>\n");
  for (int k = 0; k < count; k++) {
    ude_text_append(text,
                    "void map_%d(double *restrict y, const double *restrict u, const double "
                    "*restrict p, double t) { y[0] = %s; }\n",
                    k, bodies[k]);
  }
}

static void open_kinks(void) {
  const char *bodies[KINKS];
  ude_text    text = {0};
  for (int k = 0; k < KINKS; k++) {
    bodies[k] = kinks[k].text;
  }
  write_maps(&text, bodies, KINKS);
  ck_assert(!text.failed);
  lab_open(&l, text.data, LAB_BOTH | LAB_JET | LAB_LANES);
  ude_text_free(&text);
}

static void close_lab(void) {
  lab_close(&l);
}

static void expect(const kink *k, const double *got, const char *mode) {
  for (int i = 0; i < 2; i++) {
    ck_assert_msg(fabs(got[i] - k->gradient[i]) <= 1e-15 * fabs(k->gradient[i]),
                  "%s at (%g, %g): %s has %.17g for u[%d], not %.17g", k->text, k->u[0], k->u[1],
                  mode, got[i], i, k->gradient[i]);
  }
}

typedef void (*lanes_jvp_fn)(double *, double *, const double *, const double *, const double *,
                             const double *, const double *, const double *);
typedef int (*lanes_vjp_fn)(double *, double *, const double *, double *, const double *, double *,
                            const double *, double *);

/* Every lane at the kink. */
static void in_lanes(const kink *k, const char *map) {
  double y[LANES], dot[LANES], u[2 * LANES], direction[2 * LANES], p[1] = {0}, t[LANES];
  double zero[LANES] = {0}, bar[LANES], u_bar[2 * LANES] = {0}, t_bar[LANES] = {0}, got[2];
  char   name[64];
  snprintf(name, sizeof name, "lanes_jvp1_%s", map);
  lanes_jvp_fn jvp = (lanes_jvp_fn)ude_jit_find(l.jit, name, NULL);
  snprintf(name, sizeof name, "lanes_inner_%s", map);
  lanes_vjp_fn vjp = (lanes_vjp_fn)ude_jit_find(l.jit, name, NULL);
  for (int i = 0; i < LANES; i++) {
    u[i]         = k->u[0];
    u[LANES + i] = k->u[1];
    t[i] = bar[i] = 1;
  }
  ck_assert(jvp && vjp);
  for (int d = 0; d < 2; d++) {
    for (int i = 0; i < 2 * LANES; i++) {
      direction[i] = i / LANES == d;
    }
    jvp(y, dot, u, direction, p, p, t, zero);
    got[d] = dot[LANES - 1];
  }
  expect(k, got, "forward mode in lanes");
  ck_assert_int_eq(vjp(y, bar, u, u_bar, p, p, t, t_bar), 0);
  expect(k, (double[]){u_bar[1], u_bar[LANES + 1]}, "reverse mode in lanes");
}

START_TEST(no_nan) {
  const kink *k = &kinks[_i];
  char        map[32];
  double      p[1] = {0}, got[3];
  lab_point   at   = {1, 2, 0, k->u, p, 1};
  snprintf(map, sizeof map, "map_%d", _i);
  lab_jacobian_forward(&l, map, 1, &at, NULL, got);
  expect(k, got, "forward mode");
  lab_jacobian_forward(&l, map, 3, &at, NULL, got);
  expect(k, got, "forward mode of width 3");
  lab_jacobian_reverse(&l, map, &at, NULL, got);
  expect(k, got, "reverse mode");
  ude_jet_shape shape = {.value   = (ude_jet_value)lab_find(&l, "", map),
                         .pass    = (ude_jet_pass)lab_find(&l, "jet_", map),
                         .rows    = 1,
                         .columns = 2};
  for (int d = 0; d < 2 && !strstr(k->text, "t)"); d++) { /* jets move t as well */
    double curve[4] = {k->u[0], d == 0, k->u[1], d == 1}, y[2];
    ck_assert_int_eq(ude_jet_map(&shape, 1, y, curve, p, 1), 0);
    got[d] = y[1];
  }
  if (!strstr(k->text, "t)")) {
    expect(k, got, "the jet");
  }
  in_lanes(k, map);
}
END_TEST

/* What depends on more than values near the kink: d/dx cos(sqrt(x)) through a function that is not seen to be even. Nothing
 * can know, and forward mode says so. */
START_TEST(unknown) {
  static const char *const bodies[] = {"sqrt(u[0]) * sqrt(u[0] + 0 * u[1])",
                                       "sin(sqrt(u[0]) + 1.5707963267948966)"};
  ude_text                 text     = {0};
  write_maps(&text, bodies, 2);
  lab_open(&l, text.data, LAB_FORWARD);
  for (int k = 0; k < 2; k++) {
    double    u[2] = {0, 0}, p[1] = {0}, got[3];
    lab_point at = {1, 2, 0, u, p, 1};
    lab_jacobian_forward(&l, k ? "map_1" : "map_0", 1, &at, NULL, got);
    ck_assert_msg(!isfinite(got[0]), "%s: %g", bodies[k], got[0]);
  }
  lab_close(&l);
  ude_text_free(&text);
}
END_TEST

/* d2/dxdy x^y = 1/x at y = 0: through the partial derivative with respect to x, by forward mode of forward mode. */
START_TEST(mixed_second_of_pow) {
  static const char text[] =
      "#include <math.h>\n#include <ude/model.h>\n"
      "static double f(double x, double y) { return pow(x, y); }\n"
      "static double g(double x, double y) { return ude_jvp(f, (x, y), (1, 0)); }\n"
      "static double h(double x, double y) { return ude_jvp(f, (x, y), (0, 1)); }\n"
      "void map_0(double *restrict y, const double *restrict u, const double *restrict p, double "
      "t) "
      "{\n"
      "  y[0] = g(u[0], u[1]); y[1] = h(u[0], u[1]);\n}\n";
  lab_open(&l, text, LAB_BOTH);
  double    u[2] = {2.5, 0}, p[1] = {0}, forward[6], reverse[6];
  lab_point at = {2, 2, 0, u, p, 1};
  lab_jacobian_forward(&l, "map_0", 1, &at, NULL, forward);
  lab_jacobian_reverse(&l, "map_0", &at, NULL, reverse);
  ck_assert_double_eq_tol(forward[1], 0.4, 1e-15);
  ck_assert_double_eq_tol(reverse[1], 0.4, 1e-15);
  ck_assert_double_eq_tol(forward[3], 0.4, 1e-15);
  ck_assert_double_eq_tol(reverse[3], 0.4, 1e-15);
  lab_close(&l);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kinks");
  TCase *tests = tcase_create("finite");
  tcase_add_unchecked_fixture(tests, open_kinks, close_lab);
  tcase_add_loop_test(tests, no_nan, 0, KINKS);
  suite_add_tcase(suite, tests);
  TCase *others = tcase_create("others");
  tcase_add_test(others, unknown);
  tcase_add_test(others, mixed_second_of_pow);
  suite_add_tcase(suite, others);
  return ude_check_run(suite);
}
