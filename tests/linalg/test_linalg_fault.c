/* linalg under failing allocations. */
#include <ude/linalg.h>

#include "support/fault.h"
#include "support/ude_check.h"

static ude_status solve_least_squares(void *context, ude_error *error) {
  const double *a = context;
  double        x[2], covariance[4];
  return ude_least_squares(3, 2, a, a, 0, x, covariance, NULL, error);
}

static ude_status factor(void *context, ude_error *error) {
  double r[4];
  return ude_qr_factor(3, 2, context, r, error);
}

static ude_status cholesky(void *context, ude_error *error) {
  double b[2] = {1, 2};
  return ude_cholesky_solve(2, 1, context, b, error);
}

static ude_status symmetric(void *context, ude_error *error) {
  double b[2] = {1, 2};
  return ude_symmetric_solve(2, 1, context, b, error);
}

START_TEST(test_survives) {
  double tall[6] = {1, 2, 1, 3, 1, 5}, square[4] = {2, 0, 1, 3};
  fault_every_allocation(solve_least_squares, tall, 6);
  fault_every_allocation(factor, tall, 4);
  fault_every_allocation(cholesky, square, 4);
  fault_every_allocation(symmetric, square, 4);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("linalg_fault");
  TCase *tests = tcase_create("linalg_fault");
  tcase_add_test(tests, test_survives);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
