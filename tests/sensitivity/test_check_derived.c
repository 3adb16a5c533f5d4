/* ude_check_derived: passes what is right, finds what is wrong, for every kind of derivative; allows for float. */
#include <math.h>
#include <string.h>

#include <ude/sensitivity.h>

#include "support/ude_check.h"

enum { LANES = 4, VALUE = 1, JVP, VJP, HVP, WIDE, JET, TAYLOR };

/* y = p sin(t) u^3, in one state and one parameter; the kind that is spoiled is off by this factor. */
static int          spoiled;
static const double factor = 1 + 1e-5;

static double times(int kind) {
  return spoiled == kind ? factor : 1;
}
static int value(double *y, const double *u, const double *p, double t, void *context) {
  (void)context;
  *y = *p * sin(t) * *u * *u * *u;
  return 0;
}
static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  double x = *u, du = u_dot ? *u_dot : 0, dp = p_dot ? *p_dot : 0, dt = t_dot ? *t_dot : 0;
  *y_dot = dp * sin(t) * x * x * x + *p * cos(t) * dt * x * x * x + *p * sin(t) * 3 * x * x * du;
  return value(y, u, p, t, context);
}
static int vjp(const double *u, const double *p, double t, const double *w, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  (void)context;
  double x = *u;
  *u_bar += *w * *p * sin(t) * 3 * x * x;
  *p_bar += *w * sin(t) * x * x * x;
  *t_bar += *w * *p * cos(t) * x * x * x;
  return 0;
}
static int second(int width, int kind, const double *u, const double *u_dot, const double *p,
                  const double *p_dot, double t, const double *t_dot, double w, double *u_bar,
                  double *p_bar, double *t_bar) {
  double x = *u, s = sin(t), c = cos(t), f = times(kind);
  for (int k = 0; k < width; k++) {
    double du = u_dot[k], dp = p_dot[k], dt = t_dot[k];
    u_bar[k] += w * f * (*p * s * 6 * x * du + 3 * x * x * (dp * s + *p * c * dt));
    p_bar[k] += w * (s * 3 * x * x * du + c * x * x * x * dt);
    t_bar[k] += w * (*p * c * 3 * x * x * du + dp * c * x * x * x - *p * s * x * x * x * dt);
  }
  return 0;
}
static int hvp(const double *u, const double *u_dot, const double *p, const double *p_dot, double t,
               const double *t_dot, const double *w, double *u_bar, double *p_bar, double *t_bar,
               void *context) {
  (void)context;
  return second(1, HVP, u, u_dot, p, p_dot, t, t_dot, *w, u_bar, p_bar, t_bar);
}
static int hvp_wide(const double *u, const double *u_dot, const double *p, const double *p_dot,
                    double t, const double *t_dot, const double *w, double *u_bar, double *p_bar,
                    double *t_bar, void *context) {
  (void)context;
  return second(2, WIDE, u, u_dot, p, p_dot, t, t_dot, *w, u_bar, p_bar, t_bar);
}

static void multiply(int64_t n, const double *a, const double *b, double *r) {
  double sum[UDE_MAX_ORDER + 1] = {0};
  for (int64_t k = 0; k < n; k++) {
    for (int64_t i = 0; i <= k; i++) {
      sum[k] += a[i] * b[k - i];
    }
  }
  memcpy(r, sum, (size_t)n * sizeof *r);
}
static int jet(double *y, int64_t order, const double *u, const double *p, double t,
               void *context) {
  double sine[UDE_MAX_ORDER + 1], factorial = 1;
  (void)context;
  for (int64_t k = 0; k <= order; k++) {
    factorial *= k ? (double)k : 1;
    sine[k] = *p * sin(t + 1.5707963267948966 * (double)k) / factorial;
  }
  multiply(order + 1, u, u, y);
  multiply(order + 1, y, u, y);
  multiply(order + 1, y, sine, y);
  y[order] *= times(JET);
  return 0;
}
static int taylor(double *y, int64_t order, const double *u, const double *p, double t,
                  void *context) {
  double r[UDE_MAX_ORDER + 1];
  memset(y, 0, (size_t)(order + 1) * sizeof *y);
  y[0] = *u;
  for (int64_t k = 0; k < order; k++) {
    jet(r, order, y, p, t, context);
    y[k + 1] = r[k] / (double)(k + 1) * times(TAYLOR);
  }
  return 0;
}
static int value_lanes(double *y, const double *u, const double *p, const double *t,
                       void *context) {
  for (int k = 0; k < LANES; k++) {
    value(y + k, u + k, p + k, t[k], context);
  }
  y[LANES - 1] *= times(VALUE);
  return 0;
}
static int jvp_lanes(double *y, double *y_dot, const double *u, const double *u_dot,
                     const double *p, const double *p_dot, const double *t, const double *t_dot,
                     void *context) {
  for (int k = 0; k < LANES; k++) {
    jvp(y + k, y_dot + k, u + k, u_dot + k, p + k, p_dot + k, t[k], t_dot + k, context);
  }
  y_dot[1] *= times(JVP);
  return 0;
}
static int vjp_lanes(const double *u, const double *p, const double *t, const double *w,
                     double *u_bar, double *p_bar, double *t_bar, void *context) {
  for (int k = 0; k < LANES; k++) {
    vjp(u + k, p + k, t[k], w + k, u_bar + k, p_bar + k, t_bar + k, context);
  }
  p_bar[2] *= times(VJP);
  return 0;
}

static int64_t failed_rows(const ude_vector_field *field, int64_t *count) {
  static const double u = 0.8, p = 1.4;
  ude_check_row       rows[UDE_CHECK_MAX_ROWS];
  int64_t             failed = 0;
  ude_error           error;
  ck_ok(ude_check_derived(field, &u, &p, 0.6, rows, count, &error), &error);
  for (int64_t i = 0; i < *count; i++) {
    failed += !rows[i].passed;
  }
  return failed;
}

static ude_vector_field everything(void) {
  return (ude_vector_field){.state.count = 1,
                            .param.count = 1,
                            .rhs         = {.rows        = 1,
                                            .columns     = 1,
                                            .value       = value,
                                            .jvp         = jvp,
                                            .vjp         = vjp,
                                            .hvp         = hvp,
                                            .hvp_wide    = hvp_wide,
                                            .width       = 2,
                                            .jet         = jet,
                                            .lanes       = LANES,
                                            .value_lanes = value_lanes,
                                            .jvp_lanes   = jvp_lanes,
                                            .vjp_lanes   = vjp_lanes},
                            .taylor      = taylor};
}

START_TEST(right_passes_and_wrong_is_found) {
  ude_vector_field field = everything();
  int64_t          count = 0;
  spoiled                = _i;
  int64_t failed         = failed_rows(&field, &count);
  ck_assert_int_eq(count, 9);
  if (spoiled) {
    ck_assert_int_ge(failed, 1);
  } else {
    ck_assert_int_eq(failed, 0);
  }
}
END_TEST

/* With float members a deviation of 1e-5 is rounding. */
START_TEST(single_precision_is_allowed_for) {
  ude_vector_field field  = everything();
  ude_member       member = {.name = "x", .count = 1, .single = true};
  int64_t          count  = 0;
  field.state.members     = 1;
  field.state.member      = &member;
  ck_assert(ude_layout_has_single(&field.state));
  spoiled = JVP;
  ck_assert_int_eq(failed_rows(&field, &count), 0);
}
END_TEST

START_TEST(nothing_derived_is_nothing_to_compare) {
  ude_vector_field field = {
      .state.count = 1, .param.count = 1, .rhs = {.rows = 1, .columns = 1, .value = value}};
  int64_t count = 7;
  ck_assert_int_eq(failed_rows(&field, &count), 0);
  ck_assert_int_eq(count, 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("check_derived");
  TCase *tests = tcase_create("all");
  tcase_add_loop_test(tests, right_passes_and_wrong_is_found, 0, TAYLOR + 1);
  tcase_add_test(tests, single_precision_is_allowed_for);
  tcase_add_test(tests, nothing_derived_is_nothing_to_compare);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
