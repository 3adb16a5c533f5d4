/* Dense Jacobians by columns, by several columns at once and by rows, against the matrix that the
 * map is made of; missing products, failing callbacks, failing allocations. */
#include <ude/vector_field.h>

#include "support/fault.h"
#include "support/ude_check.h"

/* y = A u + t B p with fixed A (3 x 2) and B (3 x 4). */
static const double a[3][2] = {{1, 2}, {-3, 4}, {5, 0.5}};
static const double b[3][4] = {{1, 0, 2, -1}, {0, 3, 0, 7}, {-2, 0.25, 1, 1}};

static int fail_code;

static int value(double *y, const double *u, const double *p, double t, void *context) {
  (void)context;
  for (int i = 0; i < 3; i++) {
    y[i] = a[i][0] * u[0] + a[i][1] * u[1];
    for (int k = 0; k < 4; k++) {
      y[i] += t * b[i][k] * p[k];
    }
  }
  return fail_code;
}

static int product(int width, double *y, double *y_dot, const double *u, const double *u_dot,
                   const double *p, const double *p_dot, double t) {
  for (int i = 0; i < 3; i++) {
    for (int lane = 0; lane < width; lane++) {
      double sum = 0;
      for (int j = 0; u_dot && j < 2; j++) {
        sum += a[i][j] * u_dot[j * width + lane];
      }
      for (int k = 0; p_dot && k < 4; k++) {
        sum += t * b[i][k] * p_dot[k * width + lane];
      }
      y_dot[i * width + lane] = sum;
    }
  }
  return value(y, u, p, t, NULL);
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  (void)t_dot;
  (void)context;
  return product(1, y, y_dot, u, u_dot, p, p_dot, t);
}

static int jvp3(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                const double *p_dot, double t, const double *t_dot, void *context) {
  (void)t_dot;
  (void)context;
  return product(3, y, y_dot, u, u_dot, p, p_dot, t);
}

static int vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  (void)u;
  (void)p;
  (void)t_bar;
  (void)context;
  for (int i = 0; i < 3; i++) {
    for (int j = 0; u_bar && j < 2; j++) {
      u_bar[j] += a[i][j] * y_bar[i];
    }
    for (int k = 0; p_bar && k < 4; k++) {
      p_bar[k] += t * b[i][k] * y_bar[i];
    }
  }
  return fail_code;
}

static const ude_map narrow = {.rows = 3, .columns = 2, .value = value, .jvp = jvp};
static const ude_map wide = {.rows = 3, .columns = 2, .value = value, .jvp_wide = jvp3, .width = 3};
static const ude_map transposed = {.rows = 3, .columns = 2, .value = value, .vjp = vjp};

static const double u[2] = {0.5, -1};
static const double p[4] = {1, 2, 3, 4};

static void check(const ude_map *map, bool reverse) {
  ude_error error = {0};
  double    got[12];
  fail_code = 0;
  ck_ok(ude_jacobian(map, 4, u, p, 2, false, reverse, got, &error), &error);
  ck_arrays_close(got, &a[0][0], 6, 0, 0);
  double expected[12];
  for (int i = 0; i < 12; i++) {
    expected[i] = 2 * (&b[0][0])[i];
  }
  ck_ok(ude_jacobian(map, 4, u, p, 2, true, reverse, got, &error), &error);
  ck_arrays_close(got, expected, 12, 0, 0);
}

START_TEST(three_ways_give_the_matrix) {
  check(&narrow, false);
  check(&wide, false);
  check(&transposed, true);
}
END_TEST

START_TEST(what_is_missing_or_fails_is_named) {
  ude_error error = {0};
  double    got[12];
  ck_fails(ude_jacobian(&narrow, 4, u, p, 2, false, true, got, &error), UDE_UNSUPPORTED, &error,
           "vjp", "");
  ck_fails(ude_jacobian(&transposed, 4, u, p, 2, false, false, got, &error), UDE_UNSUPPORTED,
           &error, "jvp", "");
  fail_code = -3;
  ck_fails(ude_jacobian(&narrow, 4, u, p, 2, false, false, got, &error), UDE_NUMERICAL, &error,
           "jvp", "-3");
  ck_fails(ude_jacobian(&transposed, 4, u, p, 2, true, true, got, &error), UDE_NUMERICAL, &error,
           "vjp", "-3");
}
END_TEST

static ude_status forward(void *context, ude_error *error) {
  double got[12];
  return ude_jacobian(context, 4, u, p, 2, true, false, got, error);
}

static ude_status reverse(void *context, ude_error *error) {
  double got[12];
  return ude_jacobian(context, 4, u, p, 2, true, true, got, error);
}

/* All of the 3 x 2 matrix by columns, each with a colour of its own. */
static ude_status sparse(void *context, ude_error *error) {
  static int64_t           start[] = {0, 2, 4, 6}, index[] = {0, 1, 0, 1, 0, 1};
  static const ude_pattern full      = {3, 2, start, index};
  ude_colouring            colouring = {0};
  double                   got[6];
  ude_status status = ude_colour(&full, UDE_COLOUR_COLUMNS, UDE_ORDER_NATURAL, &colouring, error);
  if (status == UDE_OK) {
    status = ude_jacobian_sparse(context, 4, u, p, 2, false, &full, &colouring, got, error);
  }
  if (status == UDE_OK && (got[0] != a[0][0] || got[5] != a[2][1])) {
    status = ude_fail(error, UDE_INTERNAL, "a wrong matrix");
  }
  ude_colouring_free(&colouring);
  return status;
}

START_TEST(survives_failing_allocations) {
  fault_every_allocation(sparse, (void *)&narrow, 5);
  fault_every_allocation(forward, (void *)&narrow, 3);
  fault_every_allocation(forward, (void *)&wide, 3);
  fault_every_allocation(reverse, (void *)&transposed, 1);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("jacobian");
  TCase *tcase = tcase_create("jacobian");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, three_ways_give_the_matrix);
  tcase_add_test(tcase, what_is_missing_or_fails_is_named);
  tcase_add_test(tcase, survives_failing_allocations);
  return ude_check_run(suite);
}
