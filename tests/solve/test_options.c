/* Bad options and arguments are refused with their name and value; limits and output options. */
#include "support/problems.h"
#include "support/ude_check.h"

static const ude_vector_field lotka = PROBLEM_FIELD(2, 4, lotka_rhs);

static ude_status solve(const ude_solve_options *options, double t0, double t1, ude_error *error) {
  ude_solution *solution = NULL;
  ude_status    status   = ude_solve(&lotka, lotka_u0, lotka_p, t0, t1, options, &solution, error);
  ck_assert_int_eq(solution != NULL,
                   status == UDE_OK || status == UDE_NUMERICAL || status == UDE_INTERRUPTED);
  ude_solution_free(solution);
  return status;
}

#define REFUSED(text1, text2, ...)                                                       \
  do {                                                                                   \
    ude_error         error   = {0};                                                     \
    ude_solve_options options = {__VA_ARGS__};                                           \
    ck_fails(solve(&options, 0, 1, &error), UDE_INVALID_ARGUMENT, &error, text1, text2); \
  } while (0)

START_TEST(bad_numbers) {
  REFUSED("rtol", "-0.001", .rtol = -1e-3);
  REFUSED("rtol", "nan", .rtol = NAN);
  REFUSED("rtol", "inf", .rtol = INFINITY);
  REFUSED("atol", "-1", .atol = -1);
  REFUSED("initial_step", "-2", .initial_step = -2);
  REFUSED("min_step", "nan", .min_step = NAN);
  REFUSED("max_step", "inf", .max_step = INFINITY);
  REFUSED("time_limit", "-3", .time_limit = -3);
  REFUSED("max_steps", "-1", .max_steps = -1);
  REFUSED("min_step (2)", "max_step (1)", .min_step = 2, .max_step = 1);
  REFUSED("saveat_count", "-4", .save = UDE_SAVE_AT, .saveat_count = -4);
  REFUSED("save is 9", "", .save = (ude_save)9);
}
END_TEST

START_TEST(bad_vector_tolerance) {
  const double      atol[2]    = {1e-6, 0};
  const ude_member  members[2] = {{.name = "prey", .count = 1},
                                  {.name = "predator", .first = 1, .count = 1}};
  ude_vector_field  named      = lotka;
  ude_solve_options options    = {.atol_vector = atol};
  ude_error         error      = {0};
  ude_solution     *solution   = NULL;
  named.state.members          = 2;
  named.state.member           = members;
  ck_fails(ude_solve(&named, lotka_u0, lotka_p, 0, 1, &options, &solution, &error),
           UDE_INVALID_ARGUMENT, &error, "'predator'", "0");
}
END_TEST

START_TEST(unknown_method) {
  REFUSED("'eulre'", "auto, euler, rk4", .method = "eulre");
  REFUSED("''", "tsit5", .method = "");
}
END_TEST

START_TEST(bad_save_times) {
  const double beyond[]    = {0.5, 1.5};
  const double before[]    = {-0.1, 0.5};
  const double unordered[] = {0.5, 0.25};
  const double not_one[]   = {0.5, NAN};
  REFUSED("1.5", "outside the time span [0, 1]", .save = UDE_SAVE_AT, .saveat = beyond,
          .saveat_count = 2);
  REFUSED("-0.1", "outside", .save = UDE_SAVE_AT, .saveat = before, .saveat_count = 2);
  REFUSED("0.25 follows 0.5", "ordered", .save = UDE_SAVE_AT, .saveat = unordered,
          .saveat_count = 2);
  REFUSED("nan", "", .save = UDE_SAVE_AT, .saveat = not_one, .saveat_count = 2);
  REFUSED("2 save times", "NULL", .save = UDE_SAVE_AT, .saveat_count = 2);
}
END_TEST

START_TEST(bad_arguments) {
  ude_error         error    = {0};
  ude_solution     *solution = NULL;
  ude_vector_field  empty    = {0};
  ude_solve_options options  = {0};
  ck_fails(ude_solve(&lotka, NULL, lotka_p, 0, 1, &options, &solution, &error),
           UDE_INVALID_ARGUMENT, &error, "initial values", "");
  ck_fails(ude_solve(&lotka, lotka_u0, NULL, 0, 1, NULL, &solution, &error), UDE_INVALID_ARGUMENT,
           &error, "parameters", "");
  ck_fails(ude_solve(&lotka, lotka_u0, lotka_p, 0, INFINITY, NULL, &solution, &error),
           UDE_INVALID_ARGUMENT, &error, "time span", "inf");
  ck_fails(ude_solve(&lotka, lotka_u0, lotka_p, NAN, 1, NULL, &solution, &error),
           UDE_INVALID_ARGUMENT, &error, "time span", "nan");
  ck_assert_int_eq(ude_solve(&empty, NULL, NULL, 0, 1, NULL, &solution, &error),
                   UDE_INVALID_ARGUMENT);
  ck_assert_ptr_null(solution);
  /* An error is optional. */
  ck_assert_int_eq(ude_solve(&lotka, NULL, lotka_p, 0, 1, NULL, &solution, NULL),
                   UDE_INVALID_ARGUMENT);
}
END_TEST

START_TEST(bad_arguments_of_run) {
  ude_error        error      = {0};
  ude_integrator  *integrator = NULL;
  ude_solve_result result;
  const double     times[] = {0.5, 2};
  double           u_at[4];
  ck_ok(ude_integrator_create(&lotka, NULL, &integrator, &error), &error);
  ck_fails(ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 1, times, 2, u_at, NULL, &result,
                              &error),
           UDE_INVALID_ARGUMENT, &error, "2", "outside");
  ck_assert_str_eq(result.method, "tsit5");
  ck_fails(ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 1, times, 1, NULL, NULL, &result,
                              &error),
           UDE_INVALID_ARGUMENT, &error, "u_at", "NULL");
  ck_fails(
      ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 1, NULL, 1, u_at, NULL, &result, &error),
      UDE_INVALID_ARGUMENT, &error, "save time", "NULL");
  ck_ok(
      ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 1, NULL, 0, NULL, NULL, &result, &error),
      &error);
  ude_integrator_free(integrator);
  ude_integrator_free(NULL);
  ude_solution_free(NULL);
}
END_TEST

START_TEST(method_follows_tolerance) {
  const struct {
    const char *asked;
    double      rtol;
    const char *got;
  } cases[] = {{NULL, 0, "tsit5"},
               {"auto", 1e-5, "tsit5"},
               {"auto", 1e-9, "vern7"},
               {"vern7", 1e-3, "vern7"},
               {"tsit5", 1e-10, "tsit5"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ude_solve_options options  = {.method = cases[i].asked, .rtol = cases[i].rtol};
    ude_solution     *solution = NULL;
    ck_ok(ude_solve(&lotka, lotka_u0, lotka_p, 0, 1, &options, &solution, NULL), NULL);
    ck_assert_str_eq(ude_solution_result(solution)->method, cases[i].got);
    ude_solution_free(solution);
  }
}
END_TEST

START_TEST(every_step_is_saved) {
  ude_solution *solution = NULL;
  ck_ok(ude_solve(&lotka, lotka_u0, lotka_p, 0, 3, NULL, &solution, NULL), NULL);
  int64_t count = ude_solution_count(solution);
  ck_assert_int_eq(count, ude_solution_result(solution)->steps + 1);
  ck_assert_double_eq(ude_solution_time(solution, 0), 0);
  ck_assert_mem_eq(ude_solution_state(solution, 0), lotka_u0, sizeof lotka_u0);
  for (int64_t i = 1; i < count; i++) {
    ck_assert_double_gt(ude_solution_time(solution, i), ude_solution_time(solution, i - 1));
  }
  ck_assert_double_eq(ude_solution_time(solution, count - 1), 3); /* exactly */
  ck_assert_double_eq(ude_solution_result(solution)->t, 3);
  ck_assert_int_eq(ude_solution_result(solution)->component, -1);
  ude_solution_free(solution);
}
END_TEST

START_TEST(span_of_zero_length) {
  const double      times[3] = {2, 2, 2};
  ude_solve_options each[]   = {{.save = UDE_SAVE_STEPS},
                                {.save = UDE_SAVE_END},
                                {.save = UDE_SAVE_AT, .saveat = times, .saveat_count = 3}};
  const int         counts[] = {1, 1, 3};
  for (int i = 0; i < 3; i++) {
    ude_solution *solution = NULL;
    ck_ok(ude_solve(&lotka, lotka_u0, lotka_p, 2, 2, &each[i], &solution, NULL), NULL);
    ck_assert_int_eq(ude_solution_count(solution), counts[i]);
    ck_assert_mem_eq(ude_solution_state(solution, counts[i] - 1), lotka_u0, sizeof lotka_u0);
    ck_assert_int_eq(ude_solution_result(solution)->rhs_calls, 0);
    ude_solution_free(solution);
  }
}
END_TEST

/* Times at both ends, repeated, and many in one step. */
START_TEST(save_times_at_the_ends) {
  const double      times[6] = {0, 0, 1e-9, 1, 1, 1};
  ude_solve_options options  = {.save = UDE_SAVE_AT, .saveat = times, .saveat_count = 6};
  ude_solution     *solution = NULL;
  ck_ok(ude_solve(&lotka, lotka_u0, lotka_p, 0, 1, &options, &solution, NULL), NULL);
  ck_assert_int_eq(ude_solution_count(solution), 6);
  ck_assert_mem_eq(ude_solution_state(solution, 1), lotka_u0, sizeof lotka_u0);
  ck_assert_mem_eq(ude_solution_state(solution, 3), ude_solution_state(solution, 5), 16);
  double du[2];
  lotka_rhs(du, lotka_u0, lotka_p, 0, NULL);
  for (int l = 0; l < 2; l++) {
    ck_assert_double_eq_tol(ude_solution_state(solution, 2)[l], lotka_u0[l] + 1e-9 * du[l], 1e-15);
  }
  ude_solution_free(solution);
}
END_TEST

START_TEST(step_bounds) {
  ude_solve_options options  = {.max_step = 0.013};
  ude_solution     *solution = NULL;
  ck_ok(ude_solve(&lotka, lotka_u0, lotka_p, 0, 1, &options, &solution, NULL), NULL);
  for (int64_t i = 1; i < ude_solution_count(solution); i++) {
    double step = ude_solution_time(solution, i) - ude_solution_time(solution, i - 1);
    ck_assert_double_le(step, 0.013 * 1.01);
  }
  ude_solution_free(solution);
  /* A smallest step that is coarse for the tolerance is kept to, as long as it passes. */
  options = (ude_solve_options){.min_step = 0.01, .rtol = 1e-3, .atol = 1e-3};
  ck_ok(ude_solve(&lotka, lotka_u0, lotka_p, 0, 1, &options, &solution, NULL), NULL);
  ck_assert_double_ge(ude_solution_time(solution, 1), 0.01 - 1e-16);
  ude_solution_free(solution);
}
END_TEST

static bool stop_at_third(void *context) {
  return ++*(int *)context == 3;
}

START_TEST(limits) {
  ude_error         error    = {0};
  int               polls    = 0;
  ude_solution     *solution = NULL;
  ude_solve_options options  = {.stop = stop_at_third, .stop_context = &polls};
  ck_fails(ude_solve(&lotka, lotka_u0, lotka_p, 0, 10, &options, &solution, &error),
           UDE_INTERRUPTED, &error, "stopped on request", "tsit5");
  ck_assert_int_eq(ude_solution_result(solution)->retcode, UDE_RETCODE_STOPPED);
  ck_assert_int_eq(ude_solution_count(solution), 1 + ude_solution_result(solution)->steps);
  ck_assert_int_eq(ude_solution_result(solution)->steps + ude_solution_result(solution)->rejected,
                   2);
  ude_solution_free(solution);

  options = (ude_solve_options){.max_steps = 7, .save = UDE_SAVE_END};
  ck_fails(ude_solve(&lotka, lotka_u0, lotka_p, 0, 10, &options, &solution, &error), UDE_NUMERICAL,
           &error, "limit of steps", "max_steps");
  ck_assert_int_eq(ude_solution_result(solution)->steps + ude_solution_result(solution)->rejected,
                   7);
  ck_assert_int_ge(ude_solution_result(solution)->component, 0);
  ck_assert_double_gt(ude_solution_result(solution)->t, 0);
  ck_assert_int_eq(ude_solution_count(solution), 1); /* the state reached */
  ck_assert_double_eq(ude_solution_time(solution, 0), ude_solution_result(solution)->t);
  ude_solution_free(solution);

  options = (ude_solve_options){.time_limit = 1e-3, .max_step = 1e-7};
  ck_fails(ude_solve(&lotka, lotka_u0, lotka_p, 0, 10, &options, &solution, &error), UDE_NUMERICAL,
           &error, "time limit", "time_limit");
  ck_assert_int_eq(ude_solution_result(solution)->retcode, UDE_RETCODE_TIME_LIMIT);
  ude_solution_free(solution);
}
END_TEST

START_TEST(codes_have_names) {
  for (int i = 0; i < UDE_RETCODE_COUNT; i++) {
    ck_assert_int_gt(strlen(ude_retcode_name((ude_retcode)i)), 3);
    ck_assert_int_gt(strlen(ude_retcode_text((ude_retcode)i)), 3);
    for (int j = 0; j < i; j++) {
      ck_assert_str_ne(ude_retcode_name((ude_retcode)i), ude_retcode_name((ude_retcode)j));
    }
  }
  ck_assert_str_eq(ude_retcode_name((ude_retcode)77), "Unknown");
  char             text[40];
  ude_solve_result result = {.retcode = UDE_RETCODE_UNSTABLE, .component = 1};
  ude_solve_result_describe(&result, &lotka, text, sizeof text); /* cut, not overrun */
  ck_assert_int_lt(strlen(text), sizeof text);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: options");
  TCase *tests = tcase_create("options");
  tcase_add_test(tests, bad_numbers);
  tcase_add_test(tests, bad_vector_tolerance);
  tcase_add_test(tests, unknown_method);
  tcase_add_test(tests, bad_save_times);
  tcase_add_test(tests, bad_arguments);
  tcase_add_test(tests, bad_arguments_of_run);
  tcase_add_test(tests, method_follows_tolerance);
  tcase_add_test(tests, every_step_is_saved);
  tcase_add_test(tests, span_of_zero_length);
  tcase_add_test(tests, save_times_at_the_ends);
  tcase_add_test(tests, step_bounds);
  tcase_add_test(tests, limits);
  tcase_add_test(tests, codes_have_names);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
