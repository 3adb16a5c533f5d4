/* Taylor coefficients of callback fields, against series in closed form; what is missing; failing allocations. */
#include <ude/vector_field.h>

#include "support/fault.h"
#include "support/ude_check.h"

enum { ORDER = 10 };

static int fail_code;

/* (u_0^2, t u_1): u_0 = 1 / (1/a - s), u_1 = b exp(t s + s^2/2) */
static int jet(double *y, int64_t order, const double *u, const double *p, double t,
               void *context) {
  const double *v = u + order + 1;
  (void)p;
  ++*(long *)context;
  for (int64_t k = 0; k <= order; k++) {
    y[k] = 0;
    for (int64_t i = 0; i <= k; i++) {
      y[k] += u[i] * u[k - i];
    }
    y[order + 1 + k] = t * v[k] + (k > 0 ? v[k - 1] : 0);
  }
  return fail_code;
}

static int value(double *y, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)context;
  y[0] = u[0] * u[0];
  y[1] = t * u[1];
  return 0;
}

static long calls;

static ude_vector_field make(void) {
  return (ude_vector_field){
      .state = {.count = 2},
      .rhs   = {.rows = 2, .columns = 2, .value = value, .jet = jet, .context = &calls}};
}

static const double u0[2] = {0.5, 3};

START_TEST(closed_forms) {
  ude_vector_field field = make();
  ude_error        error = {0};
  double           series[2][ORDER + 1];
  calls = 0;
  ck_ok(ude_taylor(&field, ORDER, u0, NULL, 2, series[0], &error), &error);
  ck_assert_int_eq(calls, ORDER);
  double power = 0.5, before = 0, now = 3; /* (k + 1) e_(k+1) = t e_k + e_(k-1) */
  for (int k = 0; k <= ORDER; k++) {
    ck_assert_double_eq_tol(series[0][k], power, 1e-15);
    ck_assert_double_eq_tol(series[1][k], now, 1e-14);
    double next = (2 * now + before) / (k + 1);
    before      = now;
    now         = next;
    power *= 0.5;
  }
  ck_ok(ude_taylor(&field, 0, u0, NULL, 2, series[0], &error), &error);
  ck_assert_double_eq(series[0][1], 3);
}
END_TEST

START_TEST(misuse) {
  ude_vector_field field = make();
  ude_error        error = {0};
  double           series[2 * (UDE_MAX_ORDER + 2)];
  ck_fails(ude_taylor(&field, -1, u0, NULL, 2, series, &error), UDE_INVALID_ARGUMENT, &error,
           "order -1", "0 to 32");
  ck_fails(ude_taylor(&field, UDE_MAX_ORDER + 1, u0, NULL, 2, series, &error), UDE_INVALID_ARGUMENT,
           &error, "order 33", "32");
  fail_code = 7;
  ck_fails(ude_taylor(&field, 2, u0, NULL, 2, series, &error), UDE_NUMERICAL, &error, "jet",
           "failure 7");
  field.taylor         = jet; /* any function that fails */
  field.taylor_context = &calls;
  ck_fails(ude_taylor(&field, 2, u0, NULL, 2, series, &error), UDE_NUMERICAL, &error, "jet",
           "failure 7");
  field.taylor  = NULL;
  field.rhs.jet = NULL;
  ck_fails(ude_taylor(&field, 2, u0, NULL, 2, series, &error), UDE_UNSUPPORTED, &error, "no jets",
           "compile");
  fail_code = 0;
}
END_TEST

static ude_status body(void *context, ude_error *error) {
  double series[2 * (ORDER + 1)];
  return ude_taylor(context, ORDER, u0, NULL, 2, series, error);
}

START_TEST(allocations) {
  ude_vector_field field = make();
  fault_every_allocation(body, &field, 2);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("taylor_fault");
  TCase *all   = tcase_create("all");
  tcase_add_test(all, closed_forms);
  tcase_add_test(all, misuse);
  tcase_add_test(all, allocations);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
