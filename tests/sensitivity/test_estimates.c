/* The solver's estimates as part of a cost: against the solver's own numbers, differences on steps that do not change, and adjoint
 * against tangents on steps that do. */
#include <ude/sensitivity.h>

#include "support/polynomial.h"
#include "support/ude_check.h"

/* Lotka-Volterra with a fast third component that is drawn to the product of the others. */
static const polynomial_term terms[]  = {{0, 1, 0, U1(0)},    {0, -1, 1, U2(0, 1)},
                                         {1, 1, 2, U2(0, 1)}, {1, -1, 3, U1(1)},
                                         {2, 1, 4, U2(0, 1)}, {2, -1, 4, U1(2)}};
static const polynomial      system_  = {3, 5, TERMS(terms)};
static const double          u0[3]    = {1.1, 0.7, 0.4};
static const double          p[5]     = {1.3, 0.9, 0.8, 1.8, 6};
static const double          times[3] = {0.33, 0.9, 1};

static const char *const methods[] = {"ssprk43", "bs3",          "tsit5",  "dp5",     "vern6",
                                      "vern7",   "dop853",       "vern9",  "trbdf2",  "kencarp4",
                                      "radau",   "rosenbrock23", "rodas4", "rodas5p", "auto"};
enum { METHODS = sizeof methods / sizeof methods[0], EXPLICIT = 8 };

static int cost_at(int64_t i, double t, const double *u, const double *q, double *value,
                   double *u_bar, double *p_bar, void *context) {
  (void)i;
  (void)t;
  (void)q;
  (void)p_bar;
  (void)context;
  *value = u[0] * u[1] + u[2];
  if (u_bar) {
    u_bar[0] = u[1];
    u_bar[1] = u[0];
    u_bar[2] = 1;
  }
  return 0;
}

static const ude_estimate_term every_term[] = {
    {UDE_ESTIMATE_ERROR, UDE_ESTIMATE_SUM, 0.7},
    {UDE_ESTIMATE_ERROR_SQUARED, UDE_ESTIMATE_MEAN, 1.3},
    {UDE_ESTIMATE_ERROR, UDE_ESTIMATE_MAX, 2},
    {UDE_ESTIMATE_STIFFNESS, UDE_ESTIMATE_MAX, 0.1},
    {UDE_ESTIMATE_STIFFNESS, UDE_ESTIMATE_MEAN, 0.3},
    {UDE_ESTIMATE_STIFFNESS_STEP, UDE_ESTIMATE_SUM, 0.2}};

typedef struct answer {
  double           value, u_bar[3], p_bar[5], values[6];
  ude_solve_result result;
} answer;

static answer gradient(const ude_sensitivity_options *options, const double *start, const double *q,
                       double t1, const ude_estimate_term *term, int64_t count, bool data) {
  ude_vector_field field = polynomial_field(&system_);
  answer           a     = {0};
  ude_cost         cost  = {.count           = data ? 3 : 0,
                            .times           = times,
                            .at              = cost_at,
                            .estimates       = count,
                            .estimate        = term,
                            .estimate_values = a.values};
  ude_sensitivity *s     = NULL;
  ude_error        error = {0};
  ck_ok(ude_sensitivity_create(&field, options, &s, &error), &error);
  ck_ok(ude_cost_gradient(s, start, q, 0, t1, &cost, &a.value, a.u_bar, a.p_bar, &a.result, &error),
        &error);
  double value = 0;
  ck_ok(ude_cost_value(s, start, q, 0, t1, &cost, &value, NULL, &error), &error);
  ck_assert_double_eq_tol(value, a.value, 1e-14 * fabs(value));
  ude_sensitivity_free(s);
  return a;
}

static void check_same(const char *name, int k, const answer *a, const answer *b, double bound) {
  double scale = 0;
  for (int i = 0; i < 3; i++) {
    scale = fmax(scale, fabs(b->u_bar[i]));
  }
  for (int i = 0; i < 5; i++) {
    scale = fmax(scale, fabs(b->p_bar[i]));
  }
  for (int i = 0; i < 8; i++) {
    double one = i < 3 ? a->u_bar[i] : a->p_bar[i - 3];
    double two = i < 3 ? b->u_bar[i] : b->p_bar[i - 3];
    ck_assert_msg(fabs(one - two) <= bound * scale, "%s, term %d, entry %d: %.17g against %.17g",
                  name, k, i, one, two);
  }
}

/* Every term of every method, on the steps that the controller chose. Both estimates are differences of stages, E in units of the
 * tolerance: what rounding does to them grows with the largest coefficient and as the steps shrink. */
START_TEST(adjoint_equals_forward) {
  static const char *const large[] = {"vern6", "dop853", "vern7", "vern9"};
  bool                     coarse  = false;
  for (int i = 0; i < 4; i++) {
    coarse = coarse || strcmp(methods[_i], large[i]) == 0;
  }
  for (int k = 0; k < 6; k++) {
    ude_sensitivity_options options = {.solve  = {.method = methods[_i],
                                                  .rtol   = coarse ? 1e-2 : 1e-3,
                                                  .atol   = coarse ? 1e-2 : 1e-4},
                                       .method = UDE_SENSITIVITY_ADJOINT};
    answer                  adjoint = gradient(&options, u0, p, 1, &every_term[k], 1, true);
    options.method                  = UDE_SENSITIVITY_FORWARD;
    answer forward                  = gradient(&options, u0, p, 1, &every_term[k], 1, true);
    ck_assert_double_eq(adjoint.value, forward.value);
    ck_assert_double_gt(adjoint.values[0], 0);
    check_same(methods[_i], k, &adjoint, &forward, _i == 4 ? 1e-10 : 1e-11); /* vern6: up to 160 */
  }
}
END_TEST

/* Steps of one size, which the tolerance allows: differences of the cost see the same steps. One step for implicit methods, since the
 * states between steps are as good as the tolerance of their iterations. */
START_TEST(gradient_is_the_derivative) {
  const double            weight[3] = {3.0 / 4, -3.0 / 20, 1.0 / 60}; /* central, order 6 */
  int64_t                 steps     = _i >= EXPLICIT ? 1 : _i >= 4 ? 3 : 8;
  double                  size      = _i >= 4 && _i < EXPLICIT ? 0.3 : 0.125;
  double                  t1        = size * (double)steps;
  ude_sensitivity_options options   = {.solve  = {.method       = methods[_i],
                                                  .rtol         = 1,
                                                  .atol         = 1,
                                                  .initial_step = size,
                                                  .max_step     = size},
                                       .method = UDE_SENSITIVITY_ADJOINT};
  for (int k = 0; k < 6; k++) {
    answer at         = gradient(&options, u0, p, t1, &every_term[k], 1, false);
    answer difference = {0};
    ck_assert_int_eq(at.result.steps, steps);
    for (int j = 0; j < 8; j++) {
      for (int m = -3; m <= 3; m++) {
        double moved_u[3], moved_p[5];
        memcpy(moved_u, u0, sizeof u0);
        memcpy(moved_p, p, sizeof p);
        *(j < 3 ? &moved_u[j] : &moved_p[j - 3]) += m * 2e-3;
        answer now = gradient(&options, moved_u, moved_p, t1, &every_term[k], 1, false);
        ck_assert_int_eq(now.result.steps, steps);
        *(j < 3 ? &difference.u_bar[j] : &difference.p_bar[j - 3]) +=
            m == 0 ? 0 : (m > 0 ? 1 : -1) * weight[abs(m) - 1] * now.value / 2e-3;
      }
    }
    check_same(methods[_i], k, &at, &difference, 1e-5);
  }
}
END_TEST

/* One step: E is the error that the solver saw, exactly for explicit pairs, to the accuracy of its iterations for implicit ones. */
START_TEST(error_is_the_solvers) {
  static const ude_estimate_term one     = {UDE_ESTIMATE_ERROR, UDE_ESTIMATE_SUM, 1};
  ude_sensitivity_options        options = {
             .solve = {.method = methods[_i], .rtol = 1e-2, .atol = 1e-2, .initial_step = 0.05}};
  answer a = gradient(&options, u0, p, 0.05, &one, 1, false);
  ck_assert_int_eq(a.result.steps, 1);
  ck_assert_int_eq(a.result.rejected, 0);
  ck_assert_double_gt(a.result.error_estimate, 0);
  double expected = 0.05 * a.result.error_estimate;
  ck_assert_double_eq_tol(a.value, expected, (_i < EXPLICIT ? 1e-12 : 2e-2) * expected);
}
END_TEST

/* Radau's first step may take its estimate through the equation once more: the replay knows. Off the slow manifold the first pass finds
 * errors in the fast component that would have rejected the step. */
START_TEST(second_pass_of_radau) {
  static const ude_estimate_term one     = {UDE_ESTIMATE_ERROR, UDE_ESTIMATE_SUM, 1};
  const double                   q[5]    = {1.3, 0.9, 0.8, 1.8, 1e5};
  ude_sensitivity_options        options = {
             .solve  = {.method = "radau", .rtol = 1e-3, .atol = 1e-3, .initial_step = 0.05},
             .method = UDE_SENSITIVITY_ADJOINT};
  answer adjoint = gradient(&options, u0, q, 0.05, &one, 1, false);
  ck_assert_int_eq(adjoint.result.steps, 1);
  ck_assert_int_eq(adjoint.result.rejected, 0);
  ck_assert_double_eq_tol(adjoint.value, 0.05 * adjoint.result.error_estimate,
                          1e-3 * adjoint.value);
  options.method = UDE_SENSITIVITY_FORWARD;
  answer forward = gradient(&options, u0, q, 0.05, &one, 1, false);
  check_same("radau", 0, &adjoint, &forward, 1e-8);
}
END_TEST

/* The largest eigenvalue is that of the fast component, p[4], once it is large. */
START_TEST(stiffness_is_the_eigenvalue) {
  static const ude_estimate_term one  = {UDE_ESTIMATE_STIFFNESS, UDE_ESTIMATE_MEAN, 1};
  const double                   q[5] = {1.3, 0.9, 0.8, 1.8, 1000};
  const char *const              by[] = {"radau", "kencarp4", "rodas5p"};
  for (int m = 0; m < 3; m++) {
    ude_sensitivity_options options = {.solve  = {.method = by[m], .rtol = 1e-4, .atol = 1e-6},
                                       .method = UDE_SENSITIVITY_ADJOINT};
    answer                  a       = gradient(&options, u0, q, 1, &one, 1, false);
    ck_assert_double_eq_tol(a.value, 1000, 1e-6);
    ck_assert_double_eq_tol(a.p_bar[4], 1, 1e-6);
    ck_assert_double_eq_tol(a.p_bar[0], 0, 1e-6);
  }
}
END_TEST

START_TEST(what_cannot_be_is_refused) {
  ude_vector_field field = polynomial_field(&system_);
  ude_error        error = {0};
  ude_sensitivity *s     = NULL;
  double           value, u_bar[3], p_bar[5];
  struct {
    const char       *method;
    bool              hvp;
    ude_estimate_term term;
    const char       *says;
    ude_status        status;
  } cases[] = {
      {"rk4", true, {UDE_ESTIMATE_ERROR, UDE_ESTIMATE_SUM, 1}, "fixed size", UDE_UNSUPPORTED},
      {"euler", true, {UDE_ESTIMATE_STIFFNESS, UDE_ESTIMATE_SUM, 1}, "stiffness", UDE_UNSUPPORTED},
      {"radau", false, {UDE_ESTIMATE_ERROR, UDE_ESTIMATE_SUM, 1}, "rhs.hvp", UDE_UNSUPPORTED},
      {"kencarp4",
       false,
       {UDE_ESTIMATE_STIFFNESS, UDE_ESTIMATE_MAX, 1},
       "rhs.hvp",
       UDE_UNSUPPORTED},
      {"tsit5", true, {(ude_estimate_kind)9, UDE_ESTIMATE_MAX, 1}, "kind 9", UDE_INVALID_ARGUMENT},
      {"tsit5",
       true,
       {UDE_ESTIMATE_ERROR, UDE_ESTIMATE_MAX, (double)NAN},
       "weight",
       UDE_INVALID_ARGUMENT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ude_sensitivity_options options = {
        .solve = {.method = cases[i].method, .initial_step = 0.1, .rtol = 1e-3, .atol = 1e-3}};
    ude_cost cost = {.estimates = 1, .estimate = &cases[i].term};
    field.rhs.hvp = cases[i].hvp ? polynomial_hvp : NULL;
    ck_ok(ude_sensitivity_create(&field, &options, &s, &error), &error);
    ck_fails(ude_cost_gradient(s, u0, p, 0, 1, &cost, &value, u_bar, p_bar, NULL, &error),
             cases[i].status, &error, cases[i].says, "");
    ude_sensitivity_free(s);
  }
  ude_estimate_term term = {0};
  ck_ok(ude_estimate_parse("stiffness-h:max", &term, &error), &error);
  ck_assert(term.kind == UDE_ESTIMATE_STIFFNESS_STEP && term.over == UDE_ESTIMATE_MAX);
  ck_ok(ude_estimate_parse("error2", &term, &error), &error);
  ck_assert(term.kind == UDE_ESTIMATE_ERROR_SQUARED && term.over == UDE_ESTIMATE_MEAN);
  ck_fails(ude_estimate_parse("error:median", &term, &error), UDE_INVALID_ARGUMENT, &error,
           "'error:median'", "stiffness-h");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sensitivity: estimates of the solver");
  TCase *tests = tcase_create("estimates");
  tcase_add_loop_test(tests, adjoint_equals_forward, 0, METHODS);
  tcase_add_loop_test(tests, gradient_is_the_derivative, 0, METHODS);
  tcase_add_loop_test(tests, error_is_the_solvers, 0, METHODS);
  tcase_add_test(tests, second_pass_of_radau);
  tcase_add_test(tests, stiffness_is_the_eigenvalue);
  tcase_add_test(tests, what_cannot_be_is_refused);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
