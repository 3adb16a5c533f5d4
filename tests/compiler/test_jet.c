/* Taylor mode: solutions and rules against series by other means in 60 digits, every construct of
 * models/language.c against the derivative of the order below along the curve. */
#include <math.h>

#include "compiler/jet.h"
#include "compiler/language_cases.h"
#include "compiler/rules.h"

enum { ORDER = 14 };

static ude_jet_shape shape_of(lab *l, const char *map, int rows, int columns, int params) {
  char name[64];
  snprintf(name, sizeof name, "map_%s", map);
  return (ude_jet_shape){.value   = (ude_jet_value)lab_find(l, "", name),
                         .pass    = (ude_jet_pass)lab_find(l, "jet_", name),
                         .rows    = rows,
                         .columns = columns,
                         .params  = params};
}

/* |got - expected| <= tolerance times the largest coefficient so far. */
static void compare(const double *got, const double *expected, int count, double tolerance,
                    const char *what) {
  double scale = 0;
  for (int k = 0; k < count; k++) {
    scale = fmax(scale, fabs(expected[k]));
    ck_assert_msg(fabs(got[k] - expected[k]) <= tolerance * scale,
                  "%s: coefficient %d is %.17g, not %.17g", what, k, got[k], expected[k]);
  }
}

/* -------------------------------------------------------------------------------- solutions -- */

static const char *const systems =
    "#include <math.h>\n"
    "#define MAP(name) void map_##name(double *restrict y, const double *restrict u,\\\n"
    "                                  const double *restrict p, double t)\n"
    "MAP(growth) { y[0] = p[0] * u[0]; }\n"
    "MAP(logistic) { y[0] = u[0] * (1 - u[0]); }\n"
    "MAP(pendulum) { y[0] = u[1]; y[1] = -sin(u[0]); }\n"
    "MAP(lorenz) { y[0] = p[0] * (u[1] - u[0]); y[1] = u[0] * (p[1] - u[2]) - u[1];\n"
    "              y[2] = u[0] * u[1] - p[2] * u[2]; }\n"
    "MAP(kepler) { double r = hypot(u[0], u[1]), w = 1 / (r * r * r);\n"
    "              y[0] = u[2]; y[1] = u[3]; y[2] = -u[0] * w; y[3] = -u[1] * w; }\n"
    "MAP(driven) { y[0] = u[0] * 2 * t + cos(t); }\n"
    "MAP(constant) { y[0] = 3; y[1] = p[0]; }\n"
    "MAP(network) {\n"
    "  double h[4];\n"
    "  for (int i = 0; i < 4; i++) { h[i] = p[i] * u[0] + p[4 + i]; h[i] = tanh(h[i]); }\n"
    "  y[0] = 0;\n"
    "  for (int i = 0; i < 4; i++) y[0] += p[8 + i] * h[i];\n"
    "}\n";

typedef struct solution_case {
  const char *map;
  int         states, params, state; /* the state compared */
  double      u[4], p[4], t;
  double      expected[ORDER + 1];
} solution_case;

static const solution_case solutions[] = {
    {"logistic",
     1,
     0,
     0,
     {0.25},
     {0},
     0,
     {2.5e-1, 1.875e-1, 4.6875e-2, -3.90625e-3, -4.8828125e-3, -6.34765625e-4,
      3.1331380208333333333e-4, 1.1959984188988095238e-4, -4.5413062686011904762e-6,
      -1.1699414127087466931e-5, -1.9110321367859209656e-6, 6.7715119604539160203e-7,
      3.0685688643878290281e-7, -2.6339701329083755028e-10, -2.7755562700707240495e-8}},
    {"pendulum",
     2,
     0,
     0,
     {1, 0.5},
     {0},
     0,
     {1.0, 5.0e-1, -4.2073549240394825333e-1, -4.5025192155678309783e-2, 2.7709019150617290598e-2,
      -7.071742069280207686e-3, 3.3186953211127767829e-4, 1.4172531587079651084e-3,
      -3.5249234940438788839e-4, -4.1093683849329908218e-5, 6.034301346389378496e-5,
      -2.0381947164006808938e-5, -2.7536178390837924777e-6, 3.8060354634258802151e-6,
      -1.0013610094532546846e-6}},
    {"lorenz",
     3,
     3,
     0,
     {1, 2, 3},
     {10, 28, 8.0 / 3},
     0,
     {1.0, 1.0e+1, 6.5e+1, 1.7166666666666666667e+2, 8.5333333333333333333e+2,
      1.6386111111111111111e+2, 5.5248256172839506173e+3, -1.2485402263374485597e+4,
      1.4855056164878502841e+4, -1.4442110308331246689e+5, -1.1617897380742204416e+5,
      -1.0276166161244502649e+6, -1.5531398311842097657e+6, -4.6624992708112570871e+6,
      -5.7553973594601069416e+6}},
    {"lorenz",
     3,
     3,
     2,
     {1, 2, 3},
     {10, 28, 8.0 / 3},
     0,
     {3.0, -6.0, 2.95e+1, 1.3261111111111111111e+2, 7.9067592592592592593e+2,
      3.4368589506172839506e+3, 1.2827498954046639232e+4, 3.7207841124501926971e+4,
      1.0170637287539873059e+5, 1.4046672597102945778e+5, 2.1768961280134938712e+5,
      -1.5685472251418741423e+6, -4.6087886306236731072e+6, -3.153884732611770543e+7,
      -6.5634085322938026522e+7}},
    {"kepler",
     4,
     0,
     0,
     {0.4, 0, 0, 2},
     {0},
     0,
     {4.0e-1, 0.0, -3.125, 0.0, 1.1393229166666666667e+1, 0.0, -6.6969129774305555556e+1, 0.0,
      4.7891859024290054563e+2, 0.0, -3.8016357539612569927e+3, 0.0, 3.2201751300191154243e+4, 0.0,
      -2.8513167655391246716e+5}},
    {"kepler",
     4,
     0,
     1,
     {0.4, 0, 0, 2},
     {0},
     0,
     {0.0, 2.0, 0.0, -5.2083333333333333333, 0.0, 2.6041666666666666667e+1, 0.0,
      -1.7317514570932539683e+2, 0.0, 1.3190812745001791226e+3, 0.0, -1.0879839629685054973e+4, 0.0,
      9.4561440837690160316e+4, 0.0}},
};

enum { SOLUTIONS = sizeof solutions / sizeof *solutions };

static lab l;

static void open_systems(void) {
  lab_open(&l, systems, LAB_JET | LAB_FORWARD);
}

static void close_lab(void) {
  lab_close(&l);
}

START_TEST(solution) {
  const solution_case *c     = &solutions[_i];
  ude_jet_shape        shape = shape_of(&l, c->map, c->states, c->states, c->params);
  double               series[4 * (ORDER + 1)];
  ck_assert_int_eq(ude_jet_solution(&shape, ORDER, series, c->u, c->p, c->t), 0);
  compare(series + (ptrdiff_t)c->state * (ORDER + 1), c->expected, ORDER + 1, 1e-13, c->map);
}
END_TEST

START_TEST(orders) {
  /* u' = -2 u: u_k = (-2)^k / k! u_0, to order 32 and to every one below */
  ude_jet_shape shape = shape_of(&l, "growth", 1, 1, 1);
  double        u = 3, p = -2;
  for (int64_t order = 0; order <= UDE_JET_ORDER; order++) {
    double series[UDE_JET_ORDER + 1], expected = u;
    ck_assert_int_eq(ude_jet_solution(&shape, order, series, &u, &p, 0), 0);
    for (int64_t k = 0; k <= order; k++) {
      ck_assert_double_eq_tol(series[k], expected, 1e-14 * fabs(expected));
      expected *= p / (double)(k + 1);
    }
  }
}
END_TEST

START_TEST(time_dependent) {
  /* u' = 2 t u + cos t by its own recurrence around t = 1: (k+1) u_(k+1) = 2 u_k + 2 u_(k-1) + c_k */
  ude_jet_shape shape = shape_of(&l, "driven", 1, 1, 0);
  double        u = 0.5, t = 1, series[ORDER + 1], expected[ORDER + 1] = {u};
  double        factorial = 1;
  for (int k = 0; k < ORDER; k++) {
    double cosine = (k % 4 == 0   ? cos(t)
                     : k % 4 == 1 ? -sin(t)
                     : k % 4 == 2 ? -cos(t)
                                  : sin(t)) /
                    factorial;
    expected[k + 1] = (2 * t * expected[k] + (k ? 2 * expected[k - 1] : 0) + cosine) / (k + 1);
    factorial *= k + 1;
  }
  ck_assert_int_eq(ude_jet_solution(&shape, ORDER, series, &u, NULL, t), 0);
  compare(series, expected, ORDER + 1, 1e-14, "driven");
}
END_TEST

START_TEST(no_dependence) {
  ude_jet_shape shape     = shape_of(&l, "constant", 2, 2, 1);
  double        series[8] = {9, 9, 9, 9, 9, 9, 9, 9}, u[2] = {1, 2}, p = 5;
  ck_assert_int_eq(ude_jet_solution(&shape, 3, series, u, &p, 0), 0);
  const double expected[8] = {1, 3, 0, 0, 2, 5, 0, 0};
  ck_arrays_close(series, expected, 8, 0, 0);
}
END_TEST

/* u'' = J f, u''' = J (J f) + d(J f)/du f: forward mode once against order 2, and once more by differences of order 8 of
 * that against order 3. */
START_TEST(against_forward_mode) {
  ude_jet_shape shape    = shape_of(&l, "network", 1, 1, 12);
  lab_jvp_fn    jvp      = (lab_jvp_fn)lab_find(&l, "jvp1_", "map_network");
  const double  w[4]     = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
  const double  zero[12] = {0};
  double        p[12], u = 0.3, f, second, y, series[4];
  for (int k = 0; k < 12; k++) {
    p[k] = sin(1 + 3.7 * k);
  }
  ck_assert_int_eq(ude_jet_solution(&shape, 3, series, &u, p, 0), 0);
  shape.value(&f, &u, p, 0);
  jvp(&y, &second, &u, &f, p, zero, 0, zero);
  ck_assert_double_eq_tol(series[2] * 2, second, 1e-14);
  double third = 0, h = 1e-2;
  for (int k = 1; k <= 4; k++) {
    for (int side = -1; side <= 1; side += 2) {
      double at = u + side * k * h * f, slope, value;
      shape.value(&value, &at, p, 0);
      jvp(&y, &slope, &at, &value, p, zero, 0, zero);
      third += side * w[k - 1] * slope / h;
    }
  }
  ck_assert_double_eq_tol(series[3] * 6, third, 1e-12);
}
END_TEST

/* ------------------------------------------------------------------------------------ rules -- */

typedef struct rule_case {
  const char *row, *text;
  double      x, y, expected[ORDER + 1];
} rule_case;

static const rule_case rules[] = {
#include "compiler/jet_series.h"
};

enum { RULES = sizeof rules / sizeof *rules };

static void open_rules(void) {
  ude_text text = {0};
  ude_text_append(
      &text,
      "#define _GNU_SOURCE\n#include <complex.h>\n#include <math.h>\nstatic int whole;\n"
      "#define X x\n#define Y y\n");
  for (int single = 0; single < 2; single++) {
    ude_text_append(&text, "#undef F\n#undef F2\n#define F(n) n%s\n#define F2(n) n%s\n",
                    single ? "##f" : "", single ? "##f_r" : "##_r");
    for (int k = 0; k < RULES; k++) {
      const char *real = single ? "float" : "double";
      ude_text_append(&text,
                      "void map_%s%d(double *restrict r, const double *restrict u, const double "
                      "*restrict p, double t) {\n%s x = (%s)u[0], y = (%s)u[1];\nr[0] = %s; }\n",
                      single ? "f" : "d", k, real, real, real, rules[k].text);
    }
  }
  lab_open(&l, text.data, LAB_JET | LAB_QUICK);
  ude_text_free(&text);
}

static void check_rule(const rule_case *c, const char *letter, int index, double tolerance) {
  char name[16];
  snprintf(name, sizeof name, "%s%d", letter, index);
  ude_jet_shape shape               = shape_of(&l, name, 1, 2, 0);
  double        curve[2][ORDER + 1] = {{c->x, 0.5, -0.25, 0.125}, {c->y, 0.375, 0.25, -0.125}};
  double        series[ORDER + 1];
  ck_assert_int_eq(ude_jet_map(&shape, ORDER, series, curve[0], NULL, 0), 0);
  compare(series, c->expected, ORDER + 1, tolerance, c->text);
}

START_TEST(rule_in_double) {
  check_rule(&rules[_i], "d", _i, 2e-13);
}
END_TEST

/* Values are rounded to float, and with them what the recurrences start from. */
START_TEST(rule_in_float) {
  check_rule(&rules[_i], "f", _i, 1e-5);
}
END_TEST

START_TEST(every_row) {
  /* llvm.* alone: what they are is tested through the functions that become them */
  static const char *const inner[] = {"ude_polygamma", NULL};
  for (const ude_rule *rule = ude_rules; rule->arity; rule++) {
    bool found = !rule->name;
    for (int k = 0; inner[k] && !found; k++) {
      found = !strcmp(inner[k], rule->name);
    }
    for (int k = 0; k < RULES && !found; k++) {
      found = !strcmp(rules[k].row, rule->name);
    }
    ck_assert_msg(found, "no series of '%s' in jet_series.py", rule->name);
  }
}
END_TEST

/* --------------------------------------------------------------------------------- language -- */

static void open_language(void) {
  char *text = language_source();
  lab_open(&l, text, LAB_JET);
  free(text);
}

enum { MOST_ROWS = 16, LOW = 4 };

/* The jets of the map along u(s + h), t + s + h. */
static void moved(const ude_jet_shape *shape, int order, const double *u, const double *du,
                  const double *p, double h, double *y) {
  double curve[32 * (LOW + 1)] = {0};
  for (int i = 0; i < shape->columns; i++) {
    curve[i * (order + 1)] = u[i] + h * du[i];
    if (order > 0) {
      curve[i * (order + 1) + 1] = du[i];
    }
  }
  ck_assert_int_eq(ude_jet_map(shape, order, y, curve, p, 0.8 + h), 0);
}

/* d/ds of coefficient k is (k + 1) times coefficient k + 1; coefficient 0 is the value. */
START_TEST(language) {
  static const double  weight[4] = {4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
  const language_case *c         = &language_cases[_i];
  ude_jet_shape        shape     = shape_of(&l, c->name, c->rows, c->columns, c->params);
  double               u[32], du[32], p[32], y[MOST_ROWS * (LOW + 1)], value[MOST_ROWS];
  double               below[MOST_ROWS * (LOW + 1)], slope[MOST_ROWS][LOW] = {{0}};
  bool                 single = c->tolerance > 0;
  double               h      = single ? 0.02 : 2e-3;
  for (int k = 0; k < 32; k++) {
    u[k]  = 1.2 + 0.31 * sin(2.3 * k + 0.4);
    p[k]  = 1.35 + 0.52 * cos(1.7 * k * k + 0.9 * k);
    du[k] = cos(1 + 1.3 * k);
  }
  moved(&shape, LOW, u, du, p, 0, y);
  memset(value, 0, sizeof value);
  shape.value(value, u, p, 0.8);
  for (int i = 0; i < c->rows; i++) {
    ck_assert_msg(y[i * (LOW + 1)] == value[i], "%s: y[%d]", c->name, i);
  }
  for (int n = 1; n <= 4; n++) {
    for (int side = -1; side <= 1; side += 2) {
      moved(&shape, LOW - 1, u, du, p, side * n * h, below);
      for (int i = 0; i < c->rows; i++) {
        for (int k = 0; k < LOW; k++) {
          slope[i][k] += side * weight[n - 1] * below[i * LOW + k] / h;
        }
      }
    }
  }
  double tolerance = single ? c->tolerance : 1e-7, scale = 1e-3;
  for (int k = 0; k < LOW; k++) {
    for (int i = 0; i < c->rows; i++) {
      scale = fmax(scale, fabs(slope[i][k]));
    }
    for (int i = 0; i < c->rows; i++) {
      double got = (k + 1) * y[i * (LOW + 1) + k + 1];
      ck_assert_msg(fabs(got - slope[i][k]) <= tolerance * scale,
                    "%s: y[%d] order %d: %.17g, differences of the order below %.17g", c->name, i,
                    k + 1, got, slope[i][k]);
    }
  }
}
END_TEST

/* ---------------------------------------------------------------------------------- refusals -- */

static void refused(const char *body, const char *reason) {
  char text[1024];
  snprintf(text, sizeof text,
           "#include <math.h>\n#include <string.h>\nvoid map_x(double *restrict y, const double "
           "*restrict u, "
           "const double *restrict p, double t) {\n%s\n}\n",
           body);
  ck_assert_msg(!lab_try(&l, text, LAB_JET), "was not refused: %s", body);
  ck_assert_int_eq(l.error.status, UDE_NOT_DIFFERENTIABLE);
  ck_assert_msg(strstr(l.error.message, reason) && strstr(l.error.message, "model.c:4"), "%s",
                l.error.message);
  lab_close(&l);
}

START_TEST(refusals) {
  refused("extern double unknown(double); y[0] = unknown(u[0]);", "'unknown'");
  refused("long b; memcpy(&b, u, 8); b ^= 1; memcpy(y, &b, 8);", "bits");
}
END_TEST

static TCase *cases(Suite *suite, const char *name, void (*open)(void)) {
  TCase *tests = tcase_create(name);
  tcase_set_timeout(tests, 60);
  tcase_add_unchecked_fixture(tests, open, close_lab);
  suite_add_tcase(suite, tests);
  return tests;
}

int main(void) {
  Suite *suite = suite_create("jet");
  TCase *tests = cases(suite, "solutions", open_systems);
  tcase_add_loop_test(tests, solution, 0, SOLUTIONS);
  tcase_add_test(tests, orders);
  tcase_add_test(tests, time_dependent);
  tcase_add_test(tests, no_dependence);
  tcase_add_test(tests, against_forward_mode);
  tests = cases(suite, "rules", open_rules);
  tcase_add_loop_test(tests, rule_in_double, 0, RULES);
  tcase_add_loop_test(tests, rule_in_float, 0, RULES);
  tcase_add_test(tests, every_row);
  tests = cases(suite, "language", open_language);
  tcase_add_loop_test(tests, language, 0, LANGUAGE_CASES);
  tests = tcase_create("refusals");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, refusals);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
