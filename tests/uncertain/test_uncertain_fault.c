/* Propagation, curvature and sampling when the k-th allocation fails. */
#include "support/fault.h"
#include "support/ude_check.h"
#include "uncertain/hand_fields.h"

static ude_status propagate(void *context, ude_error *error) {
  static const double              u0[2]       = {0, 0.05};
  static const double              p[3]        = {9.79, 1, 0.05};
  static const ude_uncertain_input input[2]    = {{true, 0, 0.02}, {true, 1, 0.01}};
  static const double              relation[4] = {1, 0.5, 0.5, 1};
  ude_vector_field                 field       = pendulum_field();
  ude_uncertain_result            *result      = NULL;
  ude_uncertain_options            options     = {
                     .components = true, .covariance = true, .samples = 3, .threads = 1};
  (void)context;
  ude_status status =
      ude_uncertain(&field, u0, p, 0, 1, NULL, 0, input, 2, relation, &options, &result, error);
  if ((status == UDE_OK) != (result != NULL)) {
    return ude_fail(error, UDE_INTERNAL, "the result does not follow the status");
  }
  ude_uncertain_result_free(result);
  return status;
}

START_TEST(propagation_survives) {
  fault_every_allocation(propagate, NULL, 30);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("uncertain_fault");
  TCase *tcase = tcase_create("uncertain_fault");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, propagation_survives);
  return ude_check_run(suite);
}
