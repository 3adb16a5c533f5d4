/* linalg under failing allocations. */
#include <string.h>
#include <ude/linalg.h>
#include <ude/sparsity.h>

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

static ude_status shifted(void *context, ude_error *error) {
  static const int64_t start[] = {0, 2, 5, 8, 11, 14, 17, 20, 23, 26, 28};
  static const int64_t row[]   = {0, 1, 0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5,
                                  4, 5, 6, 5, 6, 7, 6, 7, 8, 7, 8, 9, 8, 9};
  ude_linear_options   options = {.kind = *(ude_linear_kind *)context, .start = start, .row = row};
  ude_linear          *linear  = NULL;
  options.complex_shift        = options.kind != UDE_LINEAR_KRYLOV;
  ude_status status            = ude_linear_create(10, &options, &linear, error);
  ude_linear_free(linear);
  return status;
}

START_TEST(test_survives_shifted) {
  for (int kind = UDE_LINEAR_DENSE; kind <= UDE_LINEAR_KRYLOV; kind++) {
    ude_linear_kind which = (ude_linear_kind)kind;
    fault_every_allocation(shifted, &which, 8);
  }
}
END_TEST

/* An arrow: its dense row is a case of its own where columns and rows are coloured. */
static int64_t           start[7] = {0, 6, 8, 10, 12, 14, 16};
static int64_t           index_[] = {0, 1, 2, 3, 4, 5, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5};
static const ude_pattern arrow    = {6, 6, start, index_};

static int ones(const double *seed, int64_t width, double *out, void *context) {
  (void)seed;
  (void)context;
  memset(out, 0, (size_t)(6 * width) * sizeof *out);
  return 0;
}

static ude_status colour(void *context, ude_error *error) {
  ude_colouring colouring = {0};
  ude_status    status =
      ude_colour(&arrow, *(const ude_colour_kind *)context, UDE_ORDER_BEST, &colouring, error);
  double values[16];
  if (status == UDE_OK) {
    status = ude_compressed(&arrow, &colouring, ones, ones, NULL, 2, values, error);
  }
  if (status == UDE_OK) {
    status = ude_colouring_check(&arrow, &colouring, error);
  }
  ude_colouring_free(&colouring);
  return status;
}

START_TEST(test_colouring_survives) {
  for (ude_colour_kind kind = UDE_COLOUR_COLUMNS; kind <= UDE_COLOUR_ACYCLIC; kind++) {
    fault_every_allocation(colour, &kind, 15);
  }
}
END_TEST

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
  tcase_add_test(tests, test_survives_shifted);
  tcase_add_test(tests, test_colouring_survives);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
