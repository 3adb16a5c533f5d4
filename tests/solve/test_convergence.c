/* Observed orders of both methods and of their dense outputs; errors against tolerances. */
#include "solve/erk.h"
#include "support/problems.h"
#include "support/ude_check.h"

enum { N = CLOSED_N };

static const char *const      names[] = {"tsit5", "vern7"};
static const ude_vector_field closed  = PROBLEM_FIELD(N, 0, closed_rhs);

static const ude_vector_field kepler = PROBLEM_FIELD(N, 0, kepler_rhs);

static const double span = 1.5;

static double separation(const double *u, const double *truth) {
  double sum = 0;
  for (int l = 0; l < N; l++) {
    sum += (u[l] - truth[l]) * (u[l] - truth[l]);
  }
  return sqrt(sum);
}

static double kepler_distance(const double *u, double t) {
  double truth[N];
  kepler_exact(t, truth);
  return separation(u, truth);
}

static double distance(const double *u, double t) {
  double truth[N];
  closed_exact(t, truth);
  return separation(u, truth);
}

static const double orbit = 6;

/* One step from the exact state at each of many times: the largest error of its end (theta 1) or inside. */
static double local_error(const ude_erk_tableau *tableau, double h, double theta) {
  double worst = 0;
  for (double t = 0; t < orbit; t += 0.1) {
    double u[N], out[N], k[16 * N], work[N], weights[16];
    kepler_exact(t, u);
    ude_erk_stages(tableau, &kepler, t, h, u, NULL, 0, tableau->dense_stages, k, work);
    int count = ude_erk_dense_weights(tableau, theta, weights);
    ude_erk_combine(N, u, h, weights, count, k, out);
    worst = fmax(worst, kepler_distance(out, t + theta * h));
  }
  return worst;
}

START_TEST(local_orders) {
  const ude_erk_tableau *tableau  = ude_erk_find(names[_i], 1);
  const double           theta[]  = {0.2, 0.43, 0.71, 1};
  const double           coarse[] = {0.03, 0.12};
  for (int k = 0; k < 4; k++) {
    double errors[5], steps[5];
    for (int i = 0; i < 5; i++) {
      steps[i]  = coarse[_i] * pow(0.8, i);
      errors[i] = local_error(tableau, steps[i], theta[k]);
    }
    int order = theta[k] < 1 ? tableau->dense_order : tableau->order;
    ck_order(errors, steps, 5, order + 1, 0.4);
  }
}
END_TEST

/* Steps of one size through the public interface: a tolerance that accepts all, a bound on the step. */
static double fixed_step_error(const char *name, double h, double *inside) {
  enum { SAVED = 41 };
  double            times[SAVED];
  ude_solve_options options = {.method       = name,
                               .rtol         = 1e100,
                               .atol         = 1e100,
                               .initial_step = h,
                               .max_step     = h,
                               .save         = UDE_SAVE_AT,
                               .saveat       = times,
                               .saveat_count = SAVED};
  for (int i = 0; i < SAVED; i++) {
    times[i] = orbit * i / (SAVED - 1);
  }
  double        u0[N];
  ude_solution *solution = NULL;
  ude_error     error    = {0};
  kepler_exact(0, u0);
  ck_ok(ude_solve(&kepler, u0, NULL, 0, orbit, &options, &solution, &error), &error);
  const ude_solve_result *result = ude_solution_result(solution);
  ck_assert_int_eq(result->steps, (int64_t)ceil(orbit / h - 1e-9));
  ck_assert_int_eq(result->rejected, 0);
  *inside = 0;
  for (int i = 0; i < SAVED - 1; i++) {
    *inside = fmax(*inside, kepler_distance(ude_solution_state(solution, i), times[i]));
  }
  double end = kepler_distance(ude_solution_state(solution, SAVED - 1), orbit);
  ude_solution_free(solution);
  return end;
}

START_TEST(global_orders) {
  const int64_t coarse = _i == 0 ? 140 : 100;
  double        ends[4], insides[4], steps[4];
  for (int i = 0; i < 4; i++) {
    steps[i] = orbit / (double)(coarse + i * coarse / 2);
    ends[i]  = fixed_step_error(names[_i], steps[i], &insides[i]);
  }
  ck_order(ends, steps, 4, ude_method_order(names[_i]), 0.4);
  /* Local errors of the dense output are of one order more than it has: nothing is lost between the steps. */
  ck_order(insides, steps, 4, _i == 0 ? 5 : 7, 0.4);
}
END_TEST

START_TEST(error_follows_tolerance) {
  double errors[9], tolerances[9];
  int    count = 0;
  for (double tolerance = 1e-4; tolerance > 0.5e-12; tolerance /= 10) {
    ude_solve_options options = {
        .method = names[_i], .rtol = tolerance, .atol = tolerance, .save = UDE_SAVE_STEPS};
    double        u0[N];
    ude_solution *solution = NULL;
    closed_exact(0, u0);
    ck_ok(ude_solve(&closed, u0, NULL, 0, span, &options, &solution, NULL), NULL);
    double worst = 0;
    for (int64_t i = 0; i < ude_solution_count(solution); i++) {
      worst =
          fmax(worst, distance(ude_solution_state(solution, i), ude_solution_time(solution, i)));
    }
    ck_assert_double_lt(worst, 100 * tolerance);
    errors[count]       = worst;
    tolerances[count++] = tolerance;
    ude_solution_free(solution);
  }
  ck_assert_int_eq(count, 9);
  ck_order(errors, tolerances, 9, 1, 0.2);
}
END_TEST

/* Largest error at the steps, and what Vern7's dense output costs: 5 stages in every step with a saved time inside, 6 in the last one. */
static int64_t dense_evaluations(const double *u0, ude_solve_options options, const double *times,
                                 int count, double *worst) {
  ude_solution *steps = NULL;
  options.save        = UDE_SAVE_STEPS;
  ck_ok(ude_solve(&closed, u0, NULL, 0, span, &options, &steps, NULL), NULL);
  int64_t extra = 0;
  int     next  = 0;
  for (int64_t i = 1; i < ude_solution_count(steps); i++) {
    double end    = ude_solution_time(steps, i);
    bool   inside = false;
    *worst        = fmax(*worst, distance(ude_solution_state(steps, i), end));
    for (; next < count && times[next] <= end; next++) {
      inside = inside || (times[next] > 0 && times[next] < end);
    }
    extra += inside ? (i == ude_solution_count(steps) - 1 ? 6 : 5) : 0;
  }
  ude_solution_free(steps);
  return extra;
}

/* Dense output meets the tolerance, too, and the extra stages of Vern7 are computed only where they are used. */
START_TEST(dense_output_is_lazy_and_accurate) {
  enum { SAVED = 997 };
  double times[SAVED];
  for (int i = 0; i < SAVED; i++) {
    times[i] = span * i / (SAVED - 1);
  }
  ude_solve_options options = {.method       = names[_i],
                               .rtol         = 1e-9,
                               .atol         = 1e-9,
                               .save         = UDE_SAVE_AT,
                               .saveat       = times,
                               .saveat_count = SAVED};
  double            u0[N];
  ude_solution     *at = NULL, *end = NULL, *few = NULL;
  closed_exact(0, u0);
  ck_ok(ude_solve(&closed, u0, NULL, 0, span, &options, &at, NULL), NULL);
  ck_assert_int_eq(ude_solution_count(at), SAVED);
  double inside = 0;
  for (int i = 0; i < SAVED; i++) {
    ck_assert_double_eq(ude_solution_time(at, i), times[i]);
    inside = fmax(inside, distance(ude_solution_state(at, i), times[i]));
  }
  options.save = UDE_SAVE_END;
  ck_ok(ude_solve(&closed, u0, NULL, 0, span, &options, &end, NULL), NULL);
  ck_assert_int_eq(ude_solution_count(end), 1);
  ck_assert_mem_eq(ude_solution_state(end, 0), ude_solution_state(at, SAVED - 1),
                   N * sizeof(double));
  const ude_solve_result *plain = ude_solution_result(end);
  const ude_solve_result *dense = ude_solution_result(at);
  int64_t                 tried = plain->steps + plain->rejected;
  ck_assert_int_eq(dense->steps, plain->steps);
  double  worst = 0;
  int64_t extra = dense_evaluations(u0, options, times, SAVED, &worst);
  ck_assert_double_lt(worst, 1e-6);
  ck_assert_double_lt(inside, 5e-9 * (1 + exp(5))); /* u[1] reaches exp 5 */
  if (_i == 0) { /* 6 evaluations a step, 2 at the start, none for the dense output */
    ck_assert_int_eq(plain->rhs_calls, 6 * tried + 2);
    ck_assert_int_eq(dense->rhs_calls, plain->rhs_calls);
  } else { /* 9 and the next derivative; for dense output 5 more, 6 in the last step */
    ck_assert_int_eq(plain->rhs_calls, 9 * tried + plain->steps - 1 + 2);
    ck_assert_int_gt(extra, 100);
    ck_assert_int_eq(dense->rhs_calls, plain->rhs_calls + extra);
  }
  times[0]             = 0.9;
  options.save         = UDE_SAVE_AT;
  options.saveat_count = 1;
  ck_ok(ude_solve(&closed, u0, NULL, 0, span, &options, &few, NULL), NULL);
  ck_assert_int_eq(ude_solution_result(few)->rhs_calls, plain->rhs_calls + (_i == 0 ? 0 : 5));
  ude_solution_free(at);
  ude_solution_free(end);
  ude_solution_free(few);
}
END_TEST

START_TEST(backwards) {
  enum { SAVED = 50 };
  double times[SAVED], u_at[SAVED * N], u_end[N], u0[N];
  for (int i = 0; i < SAVED; i++) {
    times[i] = span * (SAVED - 1 - i) / (SAVED - 1);
  }
  closed_exact(span, u0);
  ude_integrator   *integrator = NULL;
  ude_solve_options options    = {.method = names[_i], .rtol = 1e-10, .atol = 1e-10};
  ude_solve_result  result;
  ck_ok(ude_integrator_create(&closed, &options, &integrator, NULL), NULL);
  ck_ok(ude_integrator_run(integrator, u0, NULL, span, 0, times, SAVED, u_at, u_end, &result, NULL),
        NULL);
  for (int i = 0; i < SAVED; i++) {
    ck_assert_double_lt(distance(u_at + i * N, times[i]), 1e-7);
  }
  ck_assert_double_eq(result.t, 0);
  ck_assert_double_lt(result.h, 0);
  ck_assert_mem_eq(u_end, u_at + (SAVED - 1) * N, sizeof u_end);
  ude_integrator_free(integrator);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: convergence");
  TCase *tests = tcase_create("orders");
  tcase_add_loop_test(tests, local_orders, 0, 2);
  tcase_add_loop_test(tests, global_orders, 0, 2);
  tcase_add_loop_test(tests, error_follows_tolerance, 0, 2);
  tcase_add_loop_test(tests, dense_output_is_lazy_and_accurate, 0, 2);
  tcase_add_loop_test(tests, backwards, 0, 2);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
