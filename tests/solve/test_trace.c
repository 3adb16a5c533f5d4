/* What is recorded for adjoints: steps that join, states at every stride-th, and that replaying the kernels over it
 * gives the same numbers. */
#include "every_method.h"
#include "support/problems.h"
#include "support/ude_check.h"

static const ude_vector_field lotka = PROBLEM_FIELD(2, 4, lotka_rhs);

static ude_integrator *make(const char *method) {
  ude_integrator   *integrator = NULL;
  ude_solve_options options    = {.method = method, .rtol = 1e-9, .atol = 1e-9};
  ck_ok(ude_integrator_create(&lotka, &options, &integrator, NULL), NULL);
  ck_assert_ptr_eq(ude_integrator_method(integrator), ude_method_find(method, 1));
  return integrator;
}

START_TEST(replay_gives_the_same_numbers) {
  ude_integrator  *integrator = make(adaptive_pairs[_i]);
  ude_trace        trace      = {0};
  ude_solve_result result;
  double           u_end[2];
  ude_integrator_set_trace(integrator, &trace);
  ck_ok(
      ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 7, NULL, 0, NULL, u_end, &result, NULL),
      NULL);
  ck_assert_int_eq(trace.steps, result.steps);
  ck_assert_int_eq(trace.states, trace.steps);
  ck_assert_int_eq(trace.stride, 1);
  ck_assert_int_eq(trace.n, 2);
  ck_assert_ptr_eq(trace.methods[0], ude_method_find(adaptive_pairs[_i], 1));
  ck_assert_double_eq(trace.t_end, 7);
  double u[2] = {lotka_u0[0], lotka_u0[1]}, k[2 * MOST_STAGES], work[2];
  for (int64_t i = 0; i < trace.steps; i++) {
    ck_assert_mem_eq(u, trace.u + 2 * i, sizeof u);
    ck_assert_double_eq_tol(trace.t[i] + trace.h[i], ude_trace_step_end(&trace, i), 1e-15 * 7);
    const ude_erk_tableau *tableau = trace.methods[trace.which[i]]->data;
    ude_erk_stages(tableau, &lotka, trace.t[i], trace.h[i], u, lotka_p, 0, tableau->stages, k,
                   work);
    ude_erk_combine(2, u, trace.h[i], tableau->b, tableau->stages, k, u);
  }
  ck_assert_mem_eq(u, u_end, sizeof u);
  ude_trace_free(&trace);
  ude_integrator_free(integrator);
}
END_TEST

START_TEST(memory_is_bounded_by_thinning) {
  ude_integrator  *integrator = make("tsit5");
  ude_trace        full = {0}, thin = {0};
  double           u_end[2];
  ude_solve_result result;
  ude_integrator_set_trace(integrator, &full);
  ck_ok(
      ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 20, NULL, 0, NULL, u_end, &result, NULL),
      NULL);
  ck_assert_int_gt(full.steps, 200);
  ude_integrator_set_trace(integrator, &thin);
  const int64_t bounds[] = {1, 2, 3, 7, 16, 17, 64, 1000};
  for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++) {
    thin.max_states = bounds[b];
    ck_ok(ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 20, NULL, 0, NULL, u_end, &result,
                             NULL),
          NULL);
    ck_assert_int_le(thin.states, bounds[b]);
    ck_assert_int_eq(thin.steps, full.steps);
    ck_assert_int_eq(thin.states, (thin.steps + thin.stride - 1) / thin.stride);
    ck_assert(thin.stride == 1 || thin.steps > bounds[b] * thin.stride / 2);
    for (int64_t i = 0; i < thin.steps; i += thin.stride) {
      ck_assert_mem_eq(thin.u + i / thin.stride * 2, full.u + 2 * i, 16);
    }
    ck_assert_mem_eq(thin.h, full.h, sizeof *full.h * (size_t)full.steps);
  }
  ude_integrator_set_trace(integrator, NULL);
  int64_t steps = thin.steps;
  ck_ok(
      ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 1, NULL, 0, NULL, u_end, &result, NULL),
      NULL);
  ck_assert_int_eq(thin.steps, steps); /* not recorded */
  ude_trace_free(&full);
  ude_trace_free(&thin);
  ude_integrator_free(integrator);
}
END_TEST

START_TEST(reused_for_another_dimension) {
  const ude_vector_field lorenz = PROBLEM_FIELD(3, 3, lorenz_rhs);
  ude_integrator        *first = make("vern7"), *second = NULL;
  ude_trace              trace = {0};
  ude_solve_result       result;
  ck_ok(ude_integrator_create(&lorenz, NULL, &second, NULL), NULL);
  ude_integrator_set_trace(first, &trace);
  ude_integrator_set_trace(second, &trace);
  ck_ok(ude_integrator_run(first, lotka_u0, lotka_p, 0, 3, NULL, 0, NULL, NULL, &result, NULL),
        NULL);
  ck_ok(ude_integrator_run(second, lorenz_u0, lorenz_p, 0, 3, NULL, 0, NULL, NULL, &result, NULL),
        NULL);
  ck_assert_int_eq(trace.n, 3);
  ck_assert_str_eq(trace.methods[0]->name, "tsit5");
  ck_assert_int_eq(trace.method_count, 1);
  ck_assert_mem_eq(trace.u, lorenz_u0, sizeof lorenz_u0);
  ck_ok(ude_integrator_run(second, lorenz_u0, lorenz_p, 3, 3, NULL, 0, NULL, NULL, &result, NULL),
        NULL);
  ck_assert_int_eq(trace.steps, 0);
  ck_assert_double_eq(trace.t_end, 3);
  ude_trace_free(&trace);
  ude_trace_free(&trace);
  ude_integrator_free(first);
  ude_integrator_free(second);
}
END_TEST

START_TEST(positions_in_a_step) {
  ck_assert_double_eq(ude_step_theta(1, 1.1, 0.1, 1.1), 1);
  ck_assert_double_eq(ude_step_theta(1, 1.1, 0.1, 1), 0);
  ck_assert_double_eq_tol(ude_step_theta(1, 0.5, -0.5, 0.75), 0.5, 1e-16);
  ck_assert_double_le(ude_step_theta(0.1, 0.1 + 0.7, 0.7, nextafter(0.1 + 0.7, 0)), 1);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: trace");
  TCase *tests = tcase_create("trace");
  tcase_add_loop_test(tests, replay_gives_the_same_numbers, 0, ADAPTIVE_PAIRS);
  tcase_add_test(tests, memory_is_bounded_by_thinning);
  tcase_add_test(tests, reused_for_another_dimension);
  tcase_add_test(tests, positions_in_a_step);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
