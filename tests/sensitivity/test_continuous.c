/* Continuous adjoints and sensitivity equations: they converge to the discrete gradient with the tolerance, over every kind of solver;
 * Robertson's published sensitivities; index 1; checkpoints; what is refused. */
#include <ude/sensitivity.h>

#include "support/polynomial.h"
#include "support/ude_check.h"

static const polynomial_term terms[]  = {{0, 1, 0, U1(0)},    {0, -1, 1, U2(0, 1)},
                                         {1, 1, 2, U2(0, 1)}, {1, -1, 3, U1(1)},
                                         {2, 1, 4, U2(0, 1)}, {2, -1, 4, U1(2)}};
static const polynomial      lotka    = {3, 5, TERMS(terms)};
static const double          u0[3]    = {1.1, 0.7, 0.4};
static const double          p[5]     = {1.3, 0.9, 0.8, 1.8, 6};
static const double          times[4] = {0, 0.33, 1.2, 2};

static int cost_at(int64_t i, double t, const double *u, const double *q, double *value,
                   double *u_bar, double *p_bar, void *context) {
  (void)i;
  (void)t;
  (void)context;
  *value = u[0] * u[1] + u[2] * q[0];
  if (u_bar) {
    u_bar[0] = u[1];
    u_bar[1] = u[0];
    u_bar[2] = q[0];
  }
  if (p_bar) {
    p_bar[0] += u[2];
  }
  return 0;
}

static int running(double *y, const double *u, const double *q, double t, void *context) {
  (void)t;
  (void)context;
  y[0] = q[1] * u[0] * u[2];
  return 0;
}

static int running_jvp(double *y, double *y_dot, const double *u, const double *v, const double *q,
                       const double *w, double t, const double *t_dot, void *context) {
  (void)t_dot;
  running(y, u, q, t, context);
  y_dot[0] = (v ? q[1] * (v[0] * u[2] + u[0] * v[2]) : 0) + (w ? w[1] * u[0] * u[2] : 0);
  return 0;
}

static int running_vjp(const double *u, const double *q, double t, const double *w, double *u_bar,
                       double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += w[0] * q[1] * u[2];
    u_bar[2] += w[0] * q[1] * u[0];
  }
  if (p_bar) {
    p_bar[1] += w[0] * u[0] * u[2];
  }
  return 0;
}

static int running_hvp(const double *u, const double *v, const double *q, const double *q_dot,
                       double t, const double *t_dot, const double *w, double *u_bar, double *p_bar,
                       double *t_bar, void *context) {
  double one = w ? w[0] : 1;
  double dq  = q_dot ? q_dot[1] : 0;
  (void)t;
  (void)t_dot;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += one * ((v ? q[1] * v[2] : 0) + dq * u[2]);
    u_bar[2] += one * ((v ? q[1] * v[0] : 0) + dq * u[0]);
  }
  if (p_bar && v) {
    p_bar[1] += one * (v[0] * u[2] + u[0] * v[2]);
  }
  return 0;
}

static ude_vector_field field_(void) {
  ude_vector_field field = polynomial_field(&lotka);
  field.running_cost     = (ude_map){.rows    = 1,
                                     .columns = 3,
                                     .value   = running,
                                     .jvp     = running_jvp,
                                     .vjp     = running_vjp,
                                     .hvp     = running_hvp};
  return field;
}

typedef struct answer {
  double value, bar[8];
} answer;

static ude_status try_gradient(const char *solver, ude_sensitivity_method method, double rtol,
                               size_t memory, double t1, bool with_running, answer *a,
                               ude_error *error) {
  ude_vector_field        field   = field_();
  ude_sensitivity_options options = {.solve        = {.method = solver, .rtol = rtol, .atol = rtol},
                                     .method       = method,
                                     .memory_bytes = memory};
  double                  back[4];
  for (int i = 0; i < 4; i++) {
    back[i] = times[i] * t1 / 2;
  }
  ude_cost         cost   = {.count = 4, .times = back, .at = cost_at, .running = with_running};
  ude_sensitivity *s      = NULL;
  ude_status       status = ude_sensitivity_create(&field, &options, &s, error);
  status                  = status ? status
                                   : ude_cost_gradient(s, u0, p, 0, t1, &cost, &a->value, a->bar, a->bar + 3, NULL,
                                                       error);
  if (status == UDE_OK) {
    ck_assert_int_eq(ude_sensitivity_used(s), method);
  }
  ude_sensitivity_free(s);
  return status;
}

static double distance(const answer *a, const answer *b) {
  double apart = 0, scale = 0;
  for (int i = 0; i < 8; i++) {
    apart = fmax(apart, fabs(a->bar[i] - b->bar[i]));
    scale = fmax(scale, fabs(b->bar[i]));
  }
  return apart / scale;
}

static const ude_sensitivity_method continuous[] = {
    UDE_SENSITIVITY_BACKSOLVE, UDE_SENSITIVITY_INTERPOLATING, UDE_SENSITIVITY_QUADRATURE,
    UDE_SENSITIVITY_GAUSS, UDE_SENSITIVITY_FORWARD_CONTINUOUS};

static const char *const solvers[] = {"tsit5",        "vern7",       "dop853", "rodas5p",
                                      "rosenbrock23", "kencarp4",    "trbdf2", "radau",
                                      "cvode_bdf",    "cvode_adams", "auto"};
enum { SOLVERS = sizeof solvers / sizeof solvers[0] };

static bool there(const char *solver) {
  return ude_method_order(solver) > 0 || strcmp(solver, "auto") == 0;
}

START_TEST(converges_to_the_discrete_gradient) {
  const char *solver = solvers[_i];
  ude_error   error  = {0};
  answer      exact, coarse, fine;
  if (!there(solver)) {
    return;
  }
  for (int c = 0; c < 4; c++) {
    bool   with_running = c % 2;
    double t1           = c < 2 ? 2 : -1;
    ck_ok(
        try_gradient("vern9", UDE_SENSITIVITY_ADJOINT, 1e-13, 0, t1, with_running, &exact, &error),
        &error);
    for (int k = 0; k < 5; k++) {
      bool rosenbrock = ude_method_needs_hessian(solver) && strcmp(solver, "auto") != 0;
      if (rosenbrock && continuous[k] == UDE_SENSITIVITY_FORWARD_CONTINUOUS) {
        continue;
      }
      bool low = ude_method_order(solver) == 2;
      ck_ok(try_gradient(solver, continuous[k], low ? 1e-4 : 1e-5, 0, t1, with_running, &coarse,
                         &error),
            &error);
      ck_ok(try_gradient(solver, continuous[k], low ? 1e-6 : 1e-8, 0, t1, with_running, &fine,
                         &error),
            &error);
      const char *name  = ude_sensitivity_method_name(continuous[k]);
      double      first = distance(&coarse, &exact);
      double      last  = distance(&fine, &exact);
      ck_assert_msg(first < 5e-3, "%s, %s, case %d: %g", solver, name, c, first);
      ck_assert_msg(last < (low ? 1e-4 : 2e-6), "%s, %s, case %d: %g", solver, name, c, last);
      ck_assert_msg(last < first / 10 || last < 1e-7, "%s, %s, case %d: %g then %g", solver, name,
                    c, first, last);
    }
  }
}
END_TEST

/* Checkpoints: the solution between them is solved again, the gradient stays what it is to the tolerance. */
START_TEST(checkpoints) {
  const char *const by[]  = {"tsit5", "kencarp4", "cvode_bdf"};
  ude_error         error = {0};
  for (int m = 0; m < 3; m++) {
    for (int k = 1; k < 4 && there(by[m]); k++) {
      answer whole, little;
      ck_ok(try_gradient(by[m], continuous[k], 1e-7, 0, 2, false, &whole, &error), &error);
      ude_status status = try_gradient(by[m], continuous[k], 1e-7, 1500, 2, false, &little, &error);
      if (continuous[k] == UDE_SENSITIVITY_QUADRATURE) {
        ck_assert_int_eq(status, UDE_UNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(error.message, "gauss"));
      } else {
        ck_ok(status, &error);
        ck_assert_double_lt(distance(&little, &whole), 1e-4);
        ck_assert_double_gt(distance(&little, &whole), 0);
      }
    }
  }
}
END_TEST

static int third(int64_t i, double t, const double *u, const double *q, double *value,
                 double *u_bar, double *p_bar, void *context) {
  int component = *(int *)context;
  (void)i;
  (void)t;
  (void)q;
  (void)p_bar;
  *value = u[component];
  if (u_bar) {
    u_bar[component] = 1;
  }
  return 0;
}

/* dy/dp of Robertson's problem by every adjoint, also as a DAE whose third equation is algebraic. */
START_TEST(robertson) {
  const double      at[3]          = {0.4, 40, 4000};
  const double      expected[3][9] = {{-3.559525659829e-01, 3.902544053818e-04, 3.555623115775e-01,
                                       9.542381427850e-08, -2.130961030194e-10, -9.521071817548e-08,
                                       -1.583176635558e-11, -5.290041093215e-13, 1.636077046490e-11},
                                      {-4.247558771706e+00, 4.591196249254e-05, 4.247512859743e+00,
                                       1.373080797345e-05, -2.357192113846e-10, -1.373057225423e-05,
                                       -2.288355088906e-09, -1.138059509350e-13, 2.288468894857e-09},
                                      {-4.750071181048e+00, -5.993651713876e-06, 4.750077174700e+00,
                                       1.880886158558e-05, 2.312687343934e-11, -1.880888471245e-05,
                                       -3.134813390982e-09, -1.875846610756e-14, 3.134832149449e-09}};
  const double      atol[3]        = {1e-11, 1e-15, 1e-11};
  const char *const by[]           = {"kencarp4", "rodas5p", "radau", "cvode_bdf"};
  for (int m = 0; m < 4; m++) {
    for (int k = 1; k < 4 && there(by[m]); k++) {
      for (int dae = 0; dae < (m == 3 || m == 1 ? 1 : 2); dae++) {
        ude_vector_field        field   = stiff_field(&stiff_problems[dae ? ROBER_DAE : ROBER]);
        ude_sensitivity_options options = {
            .solve = {.method = by[m], .rtol = 1e-8, .atol_vector = atol}, .method = continuous[k]};
        ude_sensitivity *s = NULL;
        ude_error        error;
        ck_ok(ude_sensitivity_create(&field, &options, &s, &error), &error);
        for (int i = 0; i < 3; i++) {
          for (int l = 0; l < 3; l += 2) {
            double   value, u_bar[3], p_bar[3];
            ude_cost cost = {.count = 1, .times = &at[i], .at = third, .context = &l};
            ck_ok(ude_cost_gradient(s, rober_u0, rober_p, 0, at[i], &cost, &value, u_bar, p_bar,
                                    NULL, &error),
                  &error);
            for (int j = 0; j < 3; j++) {
              double want = expected[i][3 * j + l];
              ck_assert_msg(fabs(p_bar[j] - want) <= 1e-5 * fabs(want),
                            "%s, %s, dae %d, t = %g: dy%d/dp%d %.10g, not %.10g", by[m],
                            ude_sensitivity_method_name(continuous[k]), dae, at[i], l + 1, j + 1,
                            p_bar[j], want);
            }
          }
        }
        ude_sensitivity_free(s);
      }
    }
  }
}
END_TEST

START_TEST(auto_says_why) {
  const char *const by[]   = {"tsit5", "cvode_bdf"};
  const char *const says[] = {"forward: 8 directions", "gauss: cvode_bdf has no discrete"};
  ude_vector_field  field  = field_();
  ude_error         error  = {0};
  for (int m = 0; m < 2 && there(by[m]); m++) {
    ude_sensitivity_options options = {.solve = {.method = by[m]}};
    ude_sensitivity        *s       = NULL;
    answer                  a;
    ude_cost                cost = {.count = 4, .times = times, .at = cost_at};
    field.rhs.jvp_wide           = NULL;
    field.rhs.width              = 0;
    ck_ok(ude_sensitivity_create(&field, &options, &s, &error), &error);
    ck_ok(ude_cost_gradient(s, u0, p, 0, 2, &cost, &a.value, a.bar, a.bar + 3, NULL, &error),
          &error);
    ck_assert_msg(strstr(ude_sensitivity_picked(s), m ? says[1] : "adjoint: one sweep back for 8"),
                  "%s", ude_sensitivity_picked(s));
    ude_sensitivity_free(s);
  }
  (void)says;
}
END_TEST

START_TEST(what_cannot_be_is_refused) {
  ude_vector_field        field = field_();
  ude_error               error = {0};
  ude_sensitivity        *s     = NULL;
  answer                  a;
  const ude_estimate_term term    = {UDE_ESTIMATE_ERROR, UDE_ESTIMATE_SUM, 1};
  ude_sensitivity_options options = {.solve = {.method = "rodas5p"}};
  const struct {
    ude_sensitivity_method method;
    bool                   hvp, estimate;
    const char            *says;
  } cases[] = {{UDE_SENSITIVITY_FORWARD_CONTINUOUS, true, false, "Rosenbrock"},
               {UDE_SENSITIVITY_GAUSS, false, false, "rhs.hvp"},
               {UDE_SENSITIVITY_GAUSS, true, true, "estimates"}};
  for (int i = 0; i < 3; i++) {
    ude_cost cost  = {.count     = 4,
                      .times     = times,
                      .at        = cost_at,
                      .estimates = cases[i].estimate,
                      .estimate  = &term};
    options.method = cases[i].method;
    field.rhs.hvp  = cases[i].hvp ? polynomial_hvp : NULL;
    ck_ok(ude_sensitivity_create(&field, &options, &s, &error), &error);
    ck_fails(ude_cost_gradient(s, u0, p, 0, 2, &cost, &a.value, a.bar, a.bar + 3, NULL, &error),
             UDE_UNSUPPORTED, &error, cases[i].says, "");
    ude_sensitivity_free(s);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sensitivity: continuous adjoints");
  TCase *tests = tcase_create("continuous");
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, converges_to_the_discrete_gradient, 0, SOLVERS);
  tcase_add_test(tests, checkpoints);
  tcase_add_test(tests, robertson);
  tcase_add_test(tests, auto_says_why);
  tcase_add_test(tests, what_cannot_be_is_refused);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
