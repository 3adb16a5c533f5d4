/* Against reference solutions from elsewhere: Pleiades (Bari/CWI test set), the Arenstorf orbit (its period closes it),
 * Lorenz (60-digit Taylor series), the anchors of the Lotka-Volterra showcase (an independent DOP853). */
#include "solve/erk.h"
#include "support/problems.h"
#include "support/ude_check.h"

static const double lorenz_1[3]  = {-9.4084505670560362054, -9.0961990711864789683,
                                    28.581627624392339108};
static const double lorenz_10[3] = {-5.8576853824240900202, -5.8310824864261004429,
                                    23.932132987027562647};

/** Mixed error significant digits: -log10 max |e_i| / (1 + |u_i|). */
static double digits(const double *got, const double *expected, int n) {
  double worst = 0;
  for (int i = 0; i < n; i++) {
    worst = fmax(worst, fabs(got[i] - expected[i]) / (1 + fabs(expected[i])));
  }
  return -log10(fmax(worst, 1e-17));
}

static double solved(const ude_vector_field *field, const double *u0, const double *p, double t1,
                     const double *expected, const char *method, double tolerance,
                     ude_solve_result *result) {
  ude_solve_options options = {
      .method = method, .rtol = tolerance, .atol = tolerance, .save = UDE_SAVE_END};
  ude_solution *solution = NULL;
  ude_error     error    = {0};
  ck_ok(ude_solve(field, u0, p, 0, t1, &options, &solution, &error), &error);
  double got = digits(ude_solution_state(solution, 0), expected, (int)field->state.count);
  *result    = *ude_solution_result(solution);
  ude_solution_free(solution);
  return got;
}

/* What each problem makes of the tolerance: digits lost by its growth of errors, steps that may be taken. */
typedef struct expectation {
  const char *problem, *method;
  double      tolerance, least_digits;
  int64_t     most_steps;
} expectation;

static const expectation expectations[] = {
    {"pleiades", "tsit5", 1e-6, 3.4, 260},     {"pleiades", "tsit5", 1e-9, 7, 900},
    {"pleiades", "tsit5", 1e-12, 10.5, 3200},  {"pleiades", "vern7", 1e-6, 4.8, 175},
    {"pleiades", "vern7", 1e-9, 7.4, 380},     {"pleiades", "vern7", 1e-12, 10.7, 900},
    {"pleiades", "auto", 1e-12, 10.7, 900},    {"arenstorf", "tsit5", 1e-9, 5, 750},
    {"arenstorf", "vern7", 1e-9, 5.5, 340},    {"arenstorf", "vern7", 1e-12, 9, 850},
    {"lorenz 1", "tsit5", 1e-6, 5.8, 100},     {"lorenz 1", "vern7", 1e-12, 13, 240},
    {"lorenz 10", "tsit5", 1e-9, 7.4, 2500},   {"lorenz 10", "vern7", 1e-9, 8.6, 700},
    {"lorenz 10", "vern7", 1e-12, 11.7, 1800},
};

START_TEST(reference_values) {
  const ude_vector_field pleiades  = PROBLEM_FIELD(28, 0, pleiades_rhs);
  const ude_vector_field arenstorf = PROBLEM_FIELD(4, 0, arenstorf_rhs);
  const ude_vector_field lorenz    = PROBLEM_FIELD(3, 3, lorenz_rhs);
  const expectation     *e         = &expectations[_i];
  ude_solve_result       result;
  double                 got;
  if (strcmp(e->problem, "pleiades") == 0) {
    got = solved(&pleiades, pleiades_u0, NULL, 3, pleiades_u3, e->method, e->tolerance, &result);
  } else if (strcmp(e->problem, "arenstorf") == 0) {
    got = solved(&arenstorf, arenstorf_u0, NULL, arenstorf_period, arenstorf_u0, e->method,
                 e->tolerance, &result);
  } else {
    bool once = strcmp(e->problem, "lorenz 1") == 0;
    got       = solved(&lorenz, lorenz_u0, lorenz_p, once ? 1 : 10, once ? lorenz_1 : lorenz_10,
                       e->method, e->tolerance, &result);
  }
  ck_assert_msg(got >= e->least_digits, "%s, %s at %g: %.2f digits, expected %.2f", e->problem,
                e->method, e->tolerance, got, e->least_digits);
  ck_assert_msg(result.steps + result.rejected <= e->most_steps,
                "%s, %s at %g: %lld steps and %lld rejections, expected at most %lld", e->problem,
                e->method, e->tolerance, (long long)result.steps, (long long)result.rejected,
                (long long)e->most_steps);
}
END_TEST

START_TEST(lotka_volterra_anchors) {
  const ude_vector_field lotka       = PROBLEM_FIELD(2, 4, lotka_rhs);
  const double           times[4]    = {3, 10, 20, 50};
  const double           expected[8] = {1.6063512, 0.0676060, 8.8515869, 1.2238134,
                                        3.3629791, 0.0718513, 0.1870206, 1.3131019};
  const char *const      names[]     = {"tsit5", "vern7"};
  double                 u_at[8];
  ude_solve_result       result;
  ude_integrator        *integrator = NULL;
  ude_solve_options      options    = {.method = names[_i], .rtol = 1e-11, .atol = 1e-11};
  ck_ok(ude_integrator_create(&lotka, &options, &integrator, NULL), NULL);
  ck_ok(
      ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 50, times, 4, u_at, NULL, &result, NULL),
      NULL);
  ck_arrays_close(u_at, expected, 8, 0, 1e-7); /* the digits given */
  /* V = gamma x - delta ln x + beta y - alpha ln y is constant. */
  double start =
      0.8 * lotka_u0[0] - 1.8 * log(lotka_u0[0]) + 0.9 * lotka_u0[1] - 1.3 * log(lotka_u0[1]);
  for (int i = 0; i < 4; i++) {
    const double *u = u_at + 2 * i;
    double        v = 0.8 * u[0] - 1.8 * log(u[0]) + 0.9 * u[1] - 1.3 * log(u[1]);
    ck_assert_double_eq_tol(v, start, 1e-8);
  }
  ude_integrator_free(integrator);
}
END_TEST

START_TEST(forth_and_back) {
  const ude_vector_field pleiades   = PROBLEM_FIELD(28, 0, pleiades_rhs);
  ude_integrator        *integrator = NULL;
  ude_solve_options      options    = {.rtol = 1e-13, .atol = 1e-13};
  ude_solve_result       result;
  double                 there[28], back[28];
  ck_ok(ude_integrator_create(&pleiades, &options, &integrator, NULL), NULL);
  ck_ok(
      ude_integrator_run(integrator, pleiades_u0, NULL, 0, 3, NULL, 0, NULL, there, &result, NULL),
      NULL);
  ck_ok(ude_integrator_run(integrator, there, NULL, 3, 0, NULL, 0, NULL, back, &result, NULL),
        NULL);
  ck_arrays_close(back, pleiades_u0, 28, 1e-8, 1e-8);
  ude_integrator_free(integrator);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: reference solutions");
  TCase *tests = tcase_create("references");
  tcase_add_loop_test(tests, reference_values, 0, sizeof expectations / sizeof expectations[0]);
  tcase_add_loop_test(tests, lotka_volterra_anchors, 0, 2);
  tcase_add_test(tests, forth_and_back);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
