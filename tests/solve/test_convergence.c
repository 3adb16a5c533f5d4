/* Observed orders of both methods and of their dense outputs; errors against tolerances. */
#include "solve/erk.h"
#include "support/problems.h"
#include "support/ude_check.h"

enum { N = CLOSED_N };

/** Largest step for local errors, fewest steps of the orbit for global ones: errors between truncation that is not yet
 *  of the leading order and rounding. */
typedef struct tried {
  const char *name;
  double      local_step;
  int64_t     orbit_steps;
} tried;

static const tried methods[] = {
    {"euler", 0.004, 1200}, {"rk4", 0.03, 160}, {"ssprk43", 0.02, 300}, {"bs3", 0.02, 300},
    {"tsit5", 0.03, 140},   {"dp5", 0.03, 140}, {"vern6", 0.25, 40},    {"vern7", 0.12, 100},
    {"dop853", 0.2, 60},    {"vern9", 0.5, 24}};

enum { METHODS = sizeof methods / sizeof methods[0], FIRST_ADAPTIVE = 2 };

static const ude_vector_field closed = PROBLEM_FIELD(N, 0, closed_rhs);

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
    double u[N], out[N], k[32 * N], work[N], weights[32];
    kepler_exact(t, u);
    ude_erk_stages(tableau, &kepler, t, h, u, NULL, 0, tableau->dense_stages, k, work);
    int count = ude_erk_dense_weights(tableau, theta, weights);
    ude_erk_combine(N, u, h, weights, count, k, out);
    worst = fmax(worst, kepler_distance(out, t + theta * h));
  }
  return worst;
}

/* The leading error terms of Verner's pairs are made so small that the next ones show beside them. */
static void check_slope(const double *errors, const double *h, int count, int order) {
  double slope = ude_check_slope(errors, h, count);
  ck_assert_msg(slope > order - 0.4 && slope < order + (order >= 6 ? 1.6 : 0.4),
                "order %.3f, expected %d (errors %.3g at h = %.3g to %.3g at h = %.3g)", slope,
                order, errors[0], h[0], errors[count - 1], h[count - 1]);
}

START_TEST(local_orders) {
  const ude_erk_tableau *tableau = ude_erk_find(methods[_i].name, 1);
  const double           theta[] = {0.2, 0.43, 0.71, 1};
  for (int k = 0; k < 4; k++) {
    double errors[5], steps[5];
    for (int i = 0; i < 5; i++) {
      steps[i]  = methods[_i].local_step * pow(0.8, i);
      errors[i] = local_error(tableau, steps[i], theta[k]);
    }
    int order = theta[k] < 1 ? tableau->dense_order : tableau->order;
    check_slope(errors, steps, 5, order + 1);
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
  const int64_t coarse = methods[_i].orbit_steps;
  double        ends[4], insides[4], steps[4];
  for (int i = 0; i < 4; i++) {
    steps[i] = orbit / (double)(coarse + i * coarse / 2);
    ends[i]  = fixed_step_error(methods[_i].name, steps[i], &insides[i]);
  }
  check_slope(ends, steps, 4, ude_method_order(methods[_i].name));
  /* Local errors of the dense output are of one order more than it has. */
  int order = ude_method_order(methods[_i].name);
  int dense = ude_method_dense_order(methods[_i].name) + 1;
  check_slope(insides, steps, 4, order < dense ? order : dense);
}
END_TEST

/* Thousands of steps of order 3 add up to more, in units of the tolerance, than few of high order. */
static double low_order(int method) {
  return ude_method_order(methods[method].name) <= 3 ? 5 : 1;
}

/* Not of SSPRK43: both terms of its estimate cancel where this problem starts, so that the first steps are too large. */
START_TEST(error_follows_tolerance) {
  double errors[9], tolerances[9];
  int    count = 0;
  for (double tolerance = 1e-4; tolerance > 0.5e-12; tolerance /= 10) {
    ude_solve_options options = {
        .method = methods[_i].name, .rtol = tolerance, .atol = tolerance, .save = UDE_SAVE_STEPS};
    double        u0[N];
    ude_solution *solution = NULL;
    closed_exact(0, u0);
    ck_ok(ude_solve(&closed, u0, NULL, 0, span, &options, &solution, NULL), NULL);
    double worst = 0;
    for (int64_t i = 0; i < ude_solution_count(solution); i++) {
      worst =
          fmax(worst, distance(ude_solution_state(solution, i), ude_solution_time(solution, i)));
    }
    ck_assert_double_lt(worst, low_order(_i) * 100 * tolerance);
    errors[count]       = worst;
    tolerances[count++] = tolerance;
    ude_solution_free(solution);
  }
  ck_assert_int_eq(count, 9);
  ck_order(errors, tolerances, 9, 1, 0.2);
}
END_TEST

/* Stages that the dense output of a step adds; in the last step the derivative at its end, too, where that is one. */
static int extra_stages(const ude_erk_tableau *tableau, bool last) {
  return tableau->dense_stages - tableau->stages - (tableau->dense_end && !last ? 1 : 0);
}

/* Largest error at the steps, and what the dense output costs: its stages in every step with a saved time inside. */
static int64_t dense_evaluations(const ude_erk_tableau *tableau, const double *u0,
                                 ude_solve_options options, const double *times, int count,
                                 double *worst) {
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
    extra += inside ? extra_stages(tableau, i == ude_solution_count(steps) - 1) : 0;
  }
  ude_solution_free(steps);
  return extra;
}

/* Dense output meets the tolerance, too, and its stages are computed only where they are used. */
START_TEST(dense_output_is_lazy_and_accurate) {
  enum { SAVED = 997 };
  const ude_erk_tableau *tableau = ude_erk_find(methods[_i].name, 1);
  double                 times[SAVED];
  for (int i = 0; i < SAVED; i++) {
    times[i] = span * i / (SAVED - 1);
  }
  ude_solve_options options = {.method       = methods[_i].name,
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
  int64_t extra = dense_evaluations(tableau, u0, options, times, SAVED, &worst);
  ck_assert_double_lt(worst, low_order(_i) * 1e-6);
  ck_assert_double_lt(inside, low_order(_i) * 5e-9 * (1 + exp(5))); /* u[1] reaches exp 5 */
  int64_t ends = tableau->fsal ? 0 : plain->steps - 1; /* derivatives at the ends of steps */
  ck_assert_int_eq(plain->rhs_calls, (tableau->stages - 1) * tried + ends + 2);
  ck_assert_int_eq(dense->rhs_calls, plain->rhs_calls + extra);
  times[0]             = 0.9;
  options.save         = UDE_SAVE_AT;
  options.saveat_count = 1;
  ck_ok(ude_solve(&closed, u0, NULL, 0, span, &options, &few, NULL), NULL);
  ck_assert_int_eq(ude_solution_result(few)->rhs_calls,
                   plain->rhs_calls + extra_stages(tableau, false));
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
  ude_solve_options options    = {.method = methods[_i].name, .rtol = 1e-10, .atol = 1e-10};
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
  tcase_add_loop_test(tests, local_orders, 0, METHODS);
  tcase_add_loop_test(tests, global_orders, 0, METHODS);
  tcase_add_loop_test(tests, error_follows_tolerance, FIRST_ADAPTIVE + 1, METHODS);
  tcase_add_loop_test(tests, dense_output_is_lazy_and_accurate, FIRST_ADAPTIVE, METHODS);
  tcase_add_loop_test(tests, backwards, FIRST_ADAPTIVE, METHODS);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
