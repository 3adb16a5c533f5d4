/* Events: each allocation failing, and none after creation. */
#include "support/bouncing.h"
#include "support/fault.h"
#include "support/ude_check.h"

static ude_status kept(void *context, ude_error *error) {
  ude_vector_field field    = bouncing_field();
  ude_solution    *solution = NULL;
  ude_status       status =
      ude_solve(&field, bouncing_u0, bouncing_p, 0, bouncing_end, context, &solution, error);
  if (status == UDE_OK && ude_solution_event_count(solution) != 3) {
    status = ude_fail(error, UDE_INTERNAL, "%d events", (int)ude_solution_event_count(solution));
  }
  ude_solution_free(solution);
  return status;
}

static int ignore_row(double t, const double *u, void *context) {
  (void)t;
  (void)u;
  (void)context;
  return 0;
}

static ude_status streamed(void *context, ude_error *error) {
  ude_vector_field field  = bouncing_field();
  const ude_stream stream = {.row = ignore_row};
  ude_solve_result result;
  return ude_solve_stream(&field, bouncing_u0, bouncing_p, 0, bouncing_end, context, &stream,
                          &result, error);
}

START_TEST(solves_survive) {
  ude_solve_options options[] = {{.method = "tsit5"}, {.method = "rodas5p"}};
  for (int i = 0; i < 2; i++) {
    fault_every_allocation(kept, &options[i], 20);
    fault_every_allocation(streamed, &options[i], 18);
  }
}
END_TEST

START_TEST(nothing_is_allocated_while_it_runs) {
  ude_vector_field  field      = bouncing_field();
  ude_solve_options options    = {.method = "vern7"};
  ude_integrator   *integrator = NULL;
  ude_solve_result  result;
  ude_error         error = {0};
  double            end[2];
  ck_ok(ude_integrator_create(&field, &options, &integrator, &error), &error);
  fault_arm(0, false);
  ude_status status = ude_integrator_run(integrator, bouncing_u0, bouncing_p, 0, bouncing_end, NULL,
                                         0, NULL, end, &result, &error);
  ck_assert_int_eq(fault_disarm(), 0);
  ck_ok(status, &error);
  ck_assert_int_eq(result.events, 3);
  ude_integrator_free(integrator);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: allocations of events");
  TCase *tests = tcase_create("allocations");
  tcase_add_test(tests, solves_survive);
  tcase_add_test(tests, nothing_is_allocated_while_it_runs);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
