/* Allocations: none after creation, and each one failing. */
#include "every_method.h"
#include "support/fault.h"
#include "support/problems.h"
#include "support/ude_check.h"

static const ude_vector_field lotka = PROBLEM_FIELD(2, 4, lotka_rhs);

static ude_status one_shot(void *context, ude_error *error) {
  ude_solution *solution = NULL;
  ude_status    status   = ude_solve(&lotka, lotka_u0, lotka_p, 0, 20, context, &solution, error);
  if ((status == UDE_OK) != (solution != NULL)) {
    status = ude_fail(error, UDE_INTERNAL, "solution is%s set", solution ? "" : " not");
  }
  ude_solution_free(solution);
  return status;
}

START_TEST(solve_survives) {
  const double      times[2] = {1, 2};
  ude_solve_options each[]   = {{.rtol = 1e-8},
                                {.save = UDE_SAVE_END},
                                {.save = UDE_SAVE_AT, .saveat = times, .saveat_count = 2}};
  for (int i = 0; i < 3; i++) {
    fault_every_allocation(one_shot, &each[i], i == 0 ? 14 : 11);
  }
}
END_TEST

static ude_status with_trace(void *context, ude_error *error) {
  ude_integrator  *integrator = NULL;
  ude_trace        trace      = {.max_states = *(const int64_t *)context};
  ude_solve_result result;
  ude_status       status = ude_integrator_create(&lotka, NULL, &integrator, error);
  if (status == UDE_OK) {
    ude_integrator_set_trace(integrator, &trace);
    status = ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 20, NULL, 0, NULL, NULL, &result,
                                error);
  }
  ude_trace_free(&trace);
  ude_integrator_free(integrator);
  return status;
}

START_TEST(trace_survives) {
  int64_t bounds[] = {0, 5};
  for (int i = 0; i < 2; i++) {
    fault_every_allocation(with_trace, &bounds[i], 13);
  }
}
END_TEST

/* Workspaces of every method, with room for derivatives. */
static ude_status workspace(void *context, ude_error *error) {
  static const ude_solve_options options = {.rtol = 1e-6, .atol = 1e-9};
  static const double            atol[2] = {1e-9, 1e-9};
  const ude_method              *method  = ude_method_at(*(const int *)context);
  ude_method_setting             setting = {&lotka, &options, atol};
  void                          *work    = NULL;
  ude_status                     status  = method->open(method, &setting, &work, error);
  status                                 = status ? status : method->reserve(work, 1, error);
  status                                 = status ? status : method->reserve(work, 3, error);
  status                                 = status ? status : method->reserve(work, 0, error);
  method->close(work);
  return status;
}

START_TEST(workspaces_survive) {
  for (int i = 0; ude_method_at(i); i++) { /* test_stiff_fault.c has the implicit ones */
    if (!ude_method_at(i)->implicit && !ude_method_at(i)->integrate) {
      fault_every_allocation(workspace, &i, 6);
    }
  }
}
END_TEST

START_TEST(nothing_is_allocated_after_creation) {
  double            times[100], u_at[200], u_end[2];
  ude_integrator   *integrator = NULL;
  ude_solve_options options    = {.method = adaptive_pairs[_i], .rtol = 1e-9};
  ude_solve_result  result;
  ude_error         error = {0};
  ude_trace         trace = {0};
  for (int i = 0; i < 100; i++) {
    times[i] = 0.2 * i;
  }
  ck_ok(ude_integrator_create(&lotka, &options, &integrator, &error), &error);
  ude_integrator_set_trace(integrator, &trace);
  ck_ok(ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 20, times, 100, u_at, u_end, &result,
                           &error),
        &error);
  fault_arm(0, false);
  ude_status again = ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 20, times, 100, u_at,
                                        u_end, &result, &error);
  ude_status fails = ude_integrator_run(integrator, lotka_u0, NULL, 0, 20, times, 100, u_at, u_end,
                                        &result, &error);
  long       made  = fault_disarm();
  ck_assert_int_eq(made, 0); /* the trace has its size by now */
  ck_assert_int_eq(again, UDE_OK);
  ck_assert_int_eq(fails, UDE_INVALID_ARGUMENT);
  ude_trace_free(&trace);
  ude_integrator_free(integrator);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: allocations");
  TCase *tests = tcase_create("allocations");
  tcase_add_test(tests, solve_survives);
  tcase_add_test(tests, trace_survives);
  tcase_add_test(tests, workspaces_survive);
  tcase_add_loop_test(tests, nothing_is_allocated_after_creation, 0, ADAPTIVE_PAIRS);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
