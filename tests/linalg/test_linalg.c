/* Dense least squares and symmetric systems against known answers. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/linalg.h>

/* The Longley-like check: an exactly known polynomial through Vandermonde columns. */
START_TEST(test_recovers_polynomial) {
  enum { ROWS = 40, COLUMNS = 6 };
  const double truth[COLUMNS] = {1, -2, 0.5, 3, -0.25, 0.125};
  double       a[ROWS][COLUMNS], b[ROWS], x[COLUMNS];
  for (int i = 0; i < ROWS; i++) {
    double t = -1 + 2.0 * i / (ROWS - 1), power = 1;
    b[i] = 0;
    for (int j = 0; j < COLUMNS; j++, power *= t) {
      a[i][j] = power;
      b[i] += truth[j] * power;
    }
  }
  ude_least_squares_info info;
  ck_assert_int_eq(ude_least_squares(ROWS, COLUMNS, &a[0][0], b, 0, x, NULL, &info, NULL), UDE_OK);
  ck_assert_int_eq(info.rank, COLUMNS);
  ck_assert_double_lt(info.residual, 1e-13);
  for (int j = 0; j < COLUMNS; j++) {
    ck_assert_double_eq_tol(x[j], truth[j], 1e-12);
  }
}
END_TEST

/* Straight line through (1,1) (2,2) (3,2): slope 1/2, intercept 2/3, residual^2 = 1/6;
 * (a^T a)^-1 = [[7/3, -1], [-1, 1/2]]. */
START_TEST(test_line_and_covariance) {
  const double           a[3][2] = {{1, 1}, {1, 2}, {1, 3}}, b[3] = {1, 2, 2};
  double                 x[2], covariance[2][2];
  ude_least_squares_info info;
  ck_assert_int_eq(ude_least_squares(3, 2, &a[0][0], b, 0, x, &covariance[0][0], &info, NULL), 0);
  ck_assert_double_eq_tol(x[0], 2.0 / 3, 1e-14);
  ck_assert_double_eq_tol(x[1], 0.5, 1e-14);
  ck_assert_double_eq_tol(info.residual * info.residual, 1.0 / 6, 1e-14);
  ck_assert_double_eq_tol(covariance[0][0], 7.0 / 3, 1e-13);
  ck_assert_double_eq_tol(covariance[0][1], -1, 1e-13);
  ck_assert_double_eq_tol(covariance[1][0], -1, 1e-13);
  ck_assert_double_eq_tol(covariance[1][1], 0.5, 1e-13);
}
END_TEST

/* Two equal columns: one of them keeps the whole coefficient. */
START_TEST(test_rank_deficiency) {
  enum { ROWS = 20 };
  double a[ROWS][3], b[ROWS], x[3], covariance[9];
  for (int i = 0; i < ROWS; i++) {
    a[i][0] = a[i][2] = sin(i + 1.0);
    a[i][1]           = cos(3.0 * i);
    b[i]              = 4 * a[i][0] - a[i][1];
  }
  ude_least_squares_info info;
  ck_assert_int_eq(ude_least_squares(ROWS, 3, &a[0][0], b, 0, x, covariance, &info, NULL), 0);
  ck_assert_int_eq(info.rank, 2);
  ck_assert_double_lt(info.residual, 1e-13);
  ck_assert(x[0] == 0 || x[2] == 0);
  ck_assert_double_eq_tol(x[0] + x[2], 4, 1e-13);
  ck_assert_double_eq_tol(x[1], -1, 1e-13);
}
END_TEST

START_TEST(test_zero_matrix_and_wide) {
  const double           zero[6] = {0}, b[3] = {3, 0, 4};
  double                 x[2];
  ude_least_squares_info info;
  ck_assert_int_eq(ude_least_squares(3, 2, zero, b, 0, x, NULL, &info, NULL), 0);
  ck_assert_int_eq(info.rank, 0);
  ck_assert_double_eq_tol(info.residual, 5, 1e-14);
  ck_assert_double_eq(x[0], 0);
  const double wide[4] = {1, 2, 4, 8}, one[1] = {16};
  double       y[4];
  ck_assert_int_eq(ude_least_squares(1, 4, wide, one, 0, y, NULL, &info, NULL), 0);
  ck_assert_int_eq(info.rank, 1);
  ck_assert_double_eq_tol(y[3], 2, 1e-14);
  ck_assert_double_eq(y[0], 0);
}
END_TEST

/* A subset of columns of R gives the regression on the same columns of a. */
START_TEST(test_factor_compresses) {
  enum { ROWS = 50, COLUMNS = 4 };
  double a[ROWS][COLUMNS], r[COLUMNS][COLUMNS];
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < COLUMNS; j++) {
      a[i][j] = sin(0.37 * i * (j + 1) + j);
    }
  }
  ck_assert_int_eq(ude_qr_factor(ROWS, COLUMNS, &a[0][0], &r[0][0], NULL), 0);
  double tall[ROWS][2], small[COLUMNS][2], b[ROWS], rb[COLUMNS], x[2], y[2];
  for (int i = 0; i < ROWS; i++) {
    tall[i][0] = a[i][0], tall[i][1] = a[i][2], b[i] = a[i][3];
  }
  for (int i = 0; i < COLUMNS; i++) {
    small[i][0] = r[i][0], small[i][1] = r[i][2], rb[i] = r[i][3];
  }
  ude_least_squares_info one, two;
  ck_assert_int_eq(ude_least_squares(ROWS, 2, &tall[0][0], b, 0, x, NULL, &one, NULL), 0);
  ck_assert_int_eq(ude_least_squares(COLUMNS, 2, &small[0][0], rb, 0, y, NULL, &two, NULL), 0);
  ck_assert_double_eq_tol(x[0], y[0], 1e-13);
  ck_assert_double_eq_tol(x[1], y[1], 1e-13);
  ck_assert_double_eq_tol(one.residual, two.residual, 1e-12);
}
END_TEST

START_TEST(test_symmetric_systems) {
  const double a[3][3]    = {{4, -99, -99}, {2, 5, -99}, {-2, 1, 6}}; /* upper triangle not read */
  double       b[3][2]    = {{2, 4}, {15, 7}, {18, -3}}; /* solutions (1,2,3), (1,1,-1/3..) */
  double       full[3][3] = {{4, 2, -2}, {2, 5, 1}, {-2, 1, 6}}, c[3][2];
  memcpy(c, b, sizeof b);
  ck_assert_int_eq(ude_cholesky_solve(3, 2, &a[0][0], &b[0][0], NULL), UDE_OK);
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < 2; k++) {
      double sum = 0;
      for (int j = 0; j < 3; j++) {
        sum += full[i][j] * b[j][k];
      }
      ck_assert_double_eq_tol(sum, c[i][k], 1e-13);
    }
  }
  const double indefinite[2][2] = {{0, 0}, {1, 0}};
  double       d[2]             = {3, 7};
  ude_error    error;
  ck_assert_int_eq(ude_cholesky_solve(2, 1, &indefinite[0][0], d, &error), UDE_NUMERICAL);
  ck_assert_ptr_nonnull(strstr(error.message, "not positive definite"));
  ck_assert_double_eq(d[0], 3);
  ck_assert_int_eq(ude_symmetric_solve(2, 1, &indefinite[0][0], d, &error), UDE_OK);
  ck_assert_double_eq_tol(d[0], 7, 1e-15);
  ck_assert_double_eq_tol(d[1], 3, 1e-15);
  const double singular[2][2] = {{1, 0}, {1, 1}};
  ck_assert_int_eq(ude_symmetric_solve(2, 1, &singular[0][0], d, &error), UDE_NUMERICAL);
  ck_assert_ptr_nonnull(strstr(error.message, "singular"));
}
END_TEST

START_TEST(test_refuses) {
  const double a[2] = {1, NAN}, b[2] = {1, 1};
  double       x[1];
  ude_error    error;
  ck_assert_int_eq(ude_least_squares(2, 1, a, b, 0, x, NULL, NULL, &error), UDE_NUMERICAL);
  ck_assert_str_eq(error.message, "least squares: a[1][0] is nan");
  ck_assert_int_eq(ude_least_squares(0, 1, b, b, 0, x, NULL, NULL, &error), UDE_INVALID_ARGUMENT);
  ck_assert_int_eq(ude_least_squares(2, 1, b, b, -1, x, NULL, NULL, &error), UDE_INVALID_ARGUMENT);
  ck_assert_int_eq(ude_least_squares(2, 1, NULL, b, 0, x, NULL, NULL, &error),
                   UDE_INVALID_ARGUMENT);
  ck_assert_int_eq(ude_cholesky_solve(1, 1, a + 1, x, &error), UDE_NUMERICAL);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("linalg");
  TCase *tests = tcase_create("dense");
  tcase_add_test(tests, test_recovers_polynomial);
  tcase_add_test(tests, test_line_and_covariance);
  tcase_add_test(tests, test_rank_deficiency);
  tcase_add_test(tests, test_zero_matrix_and_wide);
  tcase_add_test(tests, test_factor_compresses);
  tcase_add_test(tests, test_symmetric_systems);
  tcase_add_test(tests, test_refuses);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
