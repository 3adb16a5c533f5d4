/* Values that are not finite, callbacks that fail, singularities, tolerances beyond reason, odd sizes: no hang, the
 * right return code, a message that says where and what to do. */
#include <limits.h>

#include "every_method.h"
#include "support/problems.h"
#include "support/ude_check.h"

/* u' = -u, v' = -2 v; the k-th call spoils v' or returns a code. */
typedef struct trap {
  int64_t calls, at, until; /**< calls at..until are spoiled */
  double  value;            /**< put into the derivative of v */
  int     code;
} trap;

static int trapped_rhs(double *du, const double *u, const double *p, double t, void *context) {
  trap *state = context;
  (void)p;
  (void)t;
  du[0]        = -u[0];
  du[1]        = -2 * u[1];
  bool spoiled = state->calls >= state->at && state->calls <= state->until;
  state->calls++;
  if (spoiled) {
    du[1] = state->code ? du[1] : state->value;
    return state->code;
  }
  return 0;
}
static const ude_member members[2] = {{.name = "u", .count = 1},
                                      {.name = "v", .first = 1, .count = 1}};
static const double     ones[2]    = {1, 1};

static ude_status run(const char *method, trap *state, ude_solve_result *result, double *u_end,
                      ude_error *error) {
  ude_vector_field field = {
      .state = {.count = 2, .members = 2, .member = members},
      .rhs   = {.rows = 2, .columns = 2, .value = trapped_rhs, .context = state}};
  ude_solve_options options  = {.method = method, .rtol = 1e-7, .atol = 1e-9, .save = UDE_SAVE_END};
  ude_solution     *solution = NULL;
  state->calls               = 0;
  ude_status status          = ude_solve(&field, ones, NULL, 0, 2, &options, &solution, error);
  ck_assert_ptr_nonnull(solution);
  *result = *ude_solution_result(solution);
  memcpy(u_end, ude_solution_state(solution, 0), 2 * sizeof *u_end);
  ude_solution_free(solution);
  return status;
}

/* One bad value anywhere costs a rejection at most, and the result is as good; at call 0 it ends the solve. */
START_TEST(one_bad_value_at_call_k) {
  const double     values[] = {NAN, INFINITY, -INFINITY};
  ude_solve_result clean, result;
  double           u_end[2];
  trap             none = {.at = INT64_MAX, .until = 0};
  ck_ok(run(adaptive_pairs[_i], &none, &clean, u_end, NULL), NULL);
  for (int64_t k = 0; k < clean.rhs_calls; k++) {
    for (int v = 0; v < 3; v++) {
      trap       state  = {.at = k, .until = k, .value = values[v]};
      ude_error  error  = {0};
      ude_status status = run(adaptive_pairs[_i], &state, &result, u_end, &error);
      if (k == 0) {
        ck_assert_int_eq(status, UDE_NUMERICAL);
        ck_assert_int_eq(result.retcode, UDE_RETCODE_INITIAL_FAILURE);
        ck_assert_int_eq(result.component, 1);
        ck_assert_ptr_nonnull(strstr(error.message, "'v'"));
        ck_assert_ptr_nonnull(strstr(error.message, "check the initial state"));
        continue;
      }
      ck_assert_msg(status == UDE_OK, "call %lld: %s", (long long)k, error.message);
      ck_assert_int_le(result.rejected, clean.rejected + 3);
      ck_assert_double_eq_tol(u_end[0], exp(-2), 1e-6);
      ck_assert_double_eq_tol(u_end[1], exp(-4), 1e-6);
      ck_assert_double_eq(result.t, 2);
    }
  }
}
END_TEST

/* From call k on nothing but bad values: it ends there and names the component. */
START_TEST(bad_values_from_call_k) {
  ude_solve_result result;
  double           u_end[2];
  for (int64_t k = 2; k < 60; k += 7) {
    ude_error error = {0};
    trap      state = {.at = k, .until = INT64_MAX, .value = NAN};
    ck_fails(run(adaptive_pairs[_i], &state, &result, u_end, &error), UDE_NUMERICAL, &error,
             "not finite", "'v'");
    ck_assert_int_eq(result.retcode, UDE_RETCODE_UNSTABLE);
    ck_assert_int_eq(result.component, 1);
    ck_assert(isfinite(u_end[0]) && isfinite(u_end[1])); /* the last good state */
    ck_assert_double_eq_tol(u_end[0], exp(-result.t), 1e-6);
  }
}
END_TEST

START_TEST(codes_of_the_callback) {
  ude_solve_result result;
  double           u_end[2];
  for (int64_t k = 0; k < 60; k++) {
    ude_error error = {0};
    /* Recoverable, once: a smaller step (at the initial state there is none). */
    trap       once   = {.at = k, .until = k, .code = 5};
    ude_status status = run(adaptive_pairs[_i], &once, &result, u_end, &error);
    ck_assert_int_eq(status, k == 0 ? UDE_NUMERICAL : UDE_OK);
    ck_assert_int_eq(result.retcode, k == 0 ? UDE_RETCODE_RHS_FAILED : UDE_RETCODE_SUCCESS);
    /* Recoverable, for ever. */
    trap ever = {.at = k, .until = INT64_MAX, .code = 5};
    ck_fails(run(adaptive_pairs[_i], &ever, &result, u_end, &error), UDE_NUMERICAL, &error,
             "right-hand side reported a failure", "callback");
    ck_assert_int_eq(result.retcode, UDE_RETCODE_RHS_FAILED);
    /* Fatal: no further call. */
    trap fatal = {.at = k, .until = k, .code = -1};
    ck_assert_int_eq(run(adaptive_pairs[_i], &fatal, &result, u_end, &error), UDE_NUMERICAL);
    ck_assert_int_eq(result.retcode, UDE_RETCODE_RHS_FAILED);
    ck_assert_int_eq(fatal.calls, k + 1);
  }
}
END_TEST

/* In the dense output, too: saved values are never NaN. */
START_TEST(bad_values_in_the_dense_output) {
  const double times[2] = {0.77, 1.4};
  for (int64_t k = 0; k < 200; k++) {
    for (int code = -1; code <= 1; code++) {
      trap             state = {.at = k, .until = INT64_MAX, .value = NAN, .code = code};
      ude_vector_field field = {
          .state = {.count = 2},
          .rhs   = {.rows = 2, .columns = 2, .value = trapped_rhs, .context = &state}};
      ude_solve_options options = {
          .method = adaptive_pairs[_i], .save = UDE_SAVE_AT, .saveat = times, .saveat_count = 2};
      ude_solution *solution = NULL;
      ude_solve(&field, ones, NULL, 0, 2, &options, &solution, NULL);
      for (int64_t i = 0; i < ude_solution_count(solution); i++) {
        ck_assert_double_eq_tol(ude_solution_state(solution, i)[1], exp(-2 * times[i]), 1e-4);
      }
      ude_solution_free(solution);
    }
  }
}
END_TEST

PROBLEM_RHS(blow_up_rhs) {
  (void)p;
  (void)t;
  (void)context;
  du[0] = u[0] * u[0];
  return 0;
}

START_TEST(blow_up) {
  const ude_vector_field field    = PROBLEM_FIELD(1, 0, blow_up_rhs);
  ude_solve_options      options  = {.method = adaptive_pairs[_i]};
  ude_solution          *solution = NULL;
  ude_error              error    = {0};
  ck_assert_int_eq(ude_solve(&field, ones, NULL, 0, 2, &options, &solution, &error), UDE_NUMERICAL);
  const ude_solve_result *result = ude_solution_result(solution);
  ck_assert_msg(
      result->retcode == UDE_RETCODE_STEP_UNDERFLOW || result->retcode == UDE_RETCODE_UNSTABLE,
      "%s", error.message);
  ck_assert_double_eq_tol(result->t, 1, 1e-4);
  ck_assert_int_lt(result->steps + result->rejected, 3000);
  ck_assert_ptr_nonnull(strstr(error.message, "'u[0]'"));
  ck_assert_int_eq(ude_solution_count(solution), result->steps + 1);
  ude_solution_free(solution);
}
END_TEST

PROBLEM_RHS(root_rhs) {
  (void)p;
  (void)t;
  (void)context;
  du[0] = -sqrt(u[0]); /* reaches 0 at t = 2, NaN beyond */
  return 0;
}

START_TEST(edge_of_the_domain) {
  const ude_vector_field  field    = PROBLEM_FIELD(1, 0, root_rhs);
  ude_solve_options       options  = {.method = adaptive_pairs[_i]};
  ude_solution           *solution = NULL;
  ude_error               error    = {0};
  ude_status              status = ude_solve(&field, ones, NULL, 0, 3, &options, &solution, &error);
  const ude_solve_result *result = ude_solution_result(solution);
  ck_assert_int_lt(result->steps + result->rejected, 5000);
  if (status == UDE_OK) { /* it may settle at 0 */
    ck_assert_double_lt(fabs(ude_solution_state(solution, ude_solution_count(solution) - 1)[0]),
                        1e-6);
  } else {
    ck_assert_double_eq_tol(result->t, 2, 1e-2);
    ck_assert_ptr_nonnull(strstr(error.message, "; "));
  }
  ude_solution_free(solution);
}
END_TEST

PROBLEM_RHS(jump_rhs) {
  (void)p;
  (void)context;
  (void)u;
  du[0] = t < 1e15 + 1 ? 0 : 1e300;
  return 0;
}

START_TEST(time_that_does_not_move) {
  /* One unit in the last place of t is 0.125: t + h == t for most of what the controller asks for. */
  const ude_vector_field field    = PROBLEM_FIELD(1, 0, jump_rhs);
  ude_solve_options      options  = {.method = adaptive_pairs[_i]};
  ude_solution          *solution = NULL;
  ude_error              error    = {0};
  ude_status status = ude_solve(&field, ones, NULL, 1e15, 1e15 + 8, &options, &solution, &error);
  ck_assert_int_lt(ude_solution_result(solution)->steps + ude_solution_result(solution)->rejected,
                   5000);
  ck_assert(status == UDE_OK ||
            ude_solution_result(solution)->retcode == UDE_RETCODE_STEP_UNDERFLOW);
  ude_solution_free(solution);
  /* The neighbouring double as the end of the span. */
  double next = nextafter(1e15, INFINITY);
  ck_ok(ude_solve(&field, ones, NULL, 1e15, next, &options, &solution, &error), &error);
  ck_assert_double_eq(ude_solution_result(solution)->t, next);
  ude_solution_free(solution);
}
END_TEST

static int nothing_rhs(double *du, const double *u, const double *p, double t, void *context) {
  (void)du;
  (void)u;
  (void)p;
  (void)t;
  (void)context;
  return 0;
}

START_TEST(no_state_at_all) {
  const ude_vector_field field    = PROBLEM_FIELD(0, 0, nothing_rhs);
  ude_solve_options      options  = {.method = adaptive_pairs[_i]};
  ude_solution          *solution = NULL;
  ude_error              error    = {0};
  ck_ok(ude_solve(&field, NULL, NULL, 0, 1, &options, &solution, &error), &error);
  ck_assert_double_eq(ude_solution_result(solution)->t, 1);
  ck_assert_int_lt(ude_solution_result(solution)->steps, 50);
  ude_solution_free(solution);
}
END_TEST

START_TEST(tolerances_beyond_reason) {
  const ude_vector_field field   = PROBLEM_FIELD(1, 1, decay_rhs);
  const double           loose[] = {1e-1, 1, 1e10};
  const double           rate    = 1;
  for (int i = 0; i < 3; i++) {
    ude_solve_options options  = {.method = adaptive_pairs[_i], .rtol = loose[i], .atol = loose[i]};
    ude_solution     *solution = NULL;
    ck_ok(ude_solve(&field, ones, &rate, 0, 1, &options, &solution, NULL), NULL);
    double end = ude_solution_state(solution, ude_solution_count(solution) - 1)[0];
    ck_assert_double_eq_tol(end, exp(-1), ude_method_order(adaptive_pairs[_i]) > 3 ? 1e-2 : 3e-2);
    ude_solution_free(solution);
  }
  const double tight[] = {1e-16, 1e-20, 1e-300};
  for (int i = 0; i < 3; i++) {
    ude_solve_options options = {
        .method = adaptive_pairs[_i], .rtol = tight[i], .atol = tight[i], .max_steps = 20000};
    ude_solution *solution = NULL;
    ude_error     error    = {0};
    ude_status    status   = ude_solve(&field, ones, &rate, 0, 1, &options, &solution, &error);
    const ude_solve_result *result = ude_solution_result(solution);
    if (status != UDE_OK) {
      ck_assert(result->retcode == UDE_RETCODE_STEP_UNDERFLOW ||
                result->retcode == UDE_RETCODE_MAX_STEPS);
      ck_assert_ptr_nonnull(strstr(error.message, "tolerances"));
    }
    int64_t last = ude_solution_count(solution) - 1;
    ck_assert_double_eq_tol(ude_solution_state(solution, last)[0],
                            exp(-ude_solution_time(solution, last)), 1e-12);
    ude_solution_free(solution);
  }
}
END_TEST

START_TEST(initial_state_not_finite) {
  const ude_vector_field field    = PROBLEM_FIELD(2, 0, nothing_rhs);
  const double           u0[2]    = {1, NAN};
  ude_solution          *solution = NULL;
  ude_error              error    = {0};
  ck_fails(ude_solve(&field, u0, NULL, 0, 1, NULL, &solution, &error), UDE_NUMERICAL, &error,
           "'u[1]'", "initial state");
  ck_assert_int_eq(ude_solution_result(solution)->retcode, UDE_RETCODE_INITIAL_FAILURE);
  ck_assert_int_eq(ude_solution_result(solution)->rhs_calls, 0);
  ude_solution_free(solution);
}
END_TEST

/* Growth up to the largest double. */
START_TEST(overflow) {
  const ude_vector_field field    = PROBLEM_FIELD(1, 1, decay_rhs);
  const double           rate     = -1e3;
  const double           huge     = 1e300;
  ude_solution          *solution = NULL;
  ude_error              error    = {0};
  ck_assert_int_eq(ude_solve(&field, &huge, &rate, 0, 1, NULL, &solution, &error), UDE_NUMERICAL);
  ck_assert_int_eq(ude_solution_result(solution)->retcode, UDE_RETCODE_UNSTABLE);
  /* The derivative overflows at log(1.797e5)/1e3, sums of stages by a factor of some tens before. */
  ck_assert_double_le(ude_solution_result(solution)->t, log(1.797e5) / 1e3);
  ck_assert_double_ge(ude_solution_result(solution)->t, log(1.797e5 / 50) / 1e3);
  ck_assert(isfinite(ude_solution_state(solution, ude_solution_count(solution) - 1)[0]));
  ude_solution_free(solution);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: robustness");
  TCase *tests = tcase_create("robustness");
  tcase_add_loop_test(tests, one_bad_value_at_call_k, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, bad_values_from_call_k, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, codes_of_the_callback, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, bad_values_in_the_dense_output, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, blow_up, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, edge_of_the_domain, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, time_that_does_not_move, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, no_state_at_all, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, tolerances_beyond_reason, 0, ADAPTIVE_PAIRS);
  tcase_add_test(tests, initial_state_not_finite);
  tcase_add_test(tests, overflow);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
