/* Discrete adjoint and forward tangents: against analytic gradients, each other, and differences. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ude/sensitivity.h>

/* u' = a u + b sin(w t), v' = -c v; cost functions with closed forms come from u' = -p u below. */
static int rhs(double *y, const double *u, const double *p, double t, void *context) {
  (void)context;
  y[0] = p[0] * u[0] - p[1] * u[0] * u[1];
  y[1] = -p[3] * u[1] + p[2] * u[0] * u[1] + 0.1 * sin(t);
  return 0;
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  static const double zero[4] = {0};
  const double       *du      = u_dot ? u_dot : zero;
  const double       *dp      = p_dot ? p_dot : zero;
  rhs(y, u, p, t, context);
  y_dot[0] =
      dp[0] * u[0] + p[0] * du[0] - dp[1] * u[0] * u[1] - p[1] * (du[0] * u[1] + u[0] * du[1]);
  y_dot[1] = -dp[3] * u[1] - p[3] * du[1] + dp[2] * u[0] * u[1] +
             p[2] * (du[0] * u[1] + u[0] * du[1]) + (t_dot ? 0.1 * cos(t) * t_dot[0] : 0);
  return 0;
}

static int vjp(const double *u, const double *p, double t, const double *w, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  double spoiled = context ? *(double *)context : 0;
  if (u_bar) {
    u_bar[0] += (p[0] - p[1] * u[1]) * w[0] + p[2] * u[1] * w[1];
    u_bar[1] += -p[1] * u[0] * w[0] + (p[2] * u[0] - p[3]) * w[1];
  }
  if (p_bar) {
    p_bar[0] += u[0] * w[0];
    p_bar[1] -= u[0] * u[1] * w[0];
    p_bar[2] += u[0] * u[1] * w[1] * (1 + spoiled);
    p_bar[3] -= u[1] * w[1];
  }
  if (t_bar) {
    *t_bar += 0.1 * cos(t) * w[1];
  }
  return 0;
}

static ude_vector_field predators(void) {
  return (ude_vector_field){.state.count = 2,
                            .param.count = 4,
                            .rhs = {.rows = 2, .columns = 2, .value = rhs, .jvp = jvp, .vjp = vjp}};
}

static const double u0[2]    = {0.44249296, 4.6280594};
static const double p[4]     = {1.3, 0.9, 0.8, 1.8};
static const double times[6] = {0, 0.3, 0.31, 1.5, 2.2, 3};

/* l_i = u_0^2 + u_0 u_1 + p_3 u_1 */
static int quadratic(int64_t i, double t, const double *u, const double *q, double *value,
                     double *u_bar, double *p_bar, void *context) {
  (void)i;
  (void)t;
  (void)context;
  *value = u[0] * u[0] + u[0] * u[1] + q[3] * u[1];
  if (u_bar) {
    u_bar[0] = 2 * u[0] + u[1];
    u_bar[1] = u[0] + q[3];
  }
  if (p_bar) {
    p_bar[3] += u[1];
  }
  return 0;
}

static void gradient(const ude_vector_field *field, const ude_sensitivity_options *options,
                     const double *start, const double *q, double t0, double t1,
                     const ude_cost *cost, double *value, double *u_bar, double *p_bar) {
  ude_sensitivity *s     = NULL;
  ude_error        error = {0};
  ck_assert_msg(ude_sensitivity_create(field, options, &s, &error) == UDE_OK, "%s", error.message);
  ck_assert_msg(
      ude_cost_gradient(s, start, q, t0, t1, cost, value, u_bar, p_bar, NULL, &error) == UDE_OK,
      "%s", error.message);
  ude_sensitivity_free(s);
}

static void assert_close(const double *a, const double *b, int n, double relative) {
  double scale = 0;
  for (int i = 0; i < n; i++) {
    scale = fmax(scale, fabs(b[i]));
  }
  for (int i = 0; i < n; i++) {
    ck_assert_msg(fabs(a[i] - b[i]) <= relative * scale, "entry %d: %.17g against %.17g", i, a[i],
                  b[i]);
  }
}

static const char *const methods[] = {"euler", "rk4",   "ssprk43", "bs3",   "tsit5", "dp5",
                                      "vern6", "vern7", "dop853",  "vern9", "rock2", "rock4"};
enum { METHODS = sizeof methods / sizeof methods[0] };

/* Data times at t0, inside steps, two in one step, and at the end. */
START_TEST(adjoint_equals_forward) {
  ude_vector_field        field   = predators();
  double                  tol     = _i < METHODS ? 1e-4 : 1e-9;
  ude_sensitivity_options options = {.solve  = {.method       = methods[_i % METHODS],
                                                .rtol         = tol,
                                                .atol         = tol,
                                                .initial_step = _i % METHODS < 2 ? 0.037 : 0},
                                     .method = UDE_SENSITIVITY_ADJOINT};
  ude_cost                cost    = {.count = 6, .times = times, .at = quadratic};
  double                  value[2], u_bar[2][2], p_bar[2][4];
  gradient(&field, &options, u0, p, 0, 3, &cost, &value[0], u_bar[0], p_bar[0]);
  options.method = UDE_SENSITIVITY_FORWARD;
  gradient(&field, &options, u0, p, 0, 3, &cost, &value[1], u_bar[1], p_bar[1]);
  ck_assert_double_eq(value[0], value[1]);
  /* Coefficients up to 160 amplify the rounding of the stages of vern6. */
  double rounding = strcmp(options.solve.method, "vern6") == 0 ? 1e-11 : 1e-12;
  assert_close(u_bar[0], u_bar[1], 2, rounding);
  assert_close(p_bar[0], p_bar[1], 4, rounding);
}
END_TEST

START_TEST(adjoint_equals_differences) {
  ude_vector_field        field   = predators();
  ude_sensitivity_options options = {
      .solve = {.method = methods[_i], .rtol = 1e-10, .atol = 1e-10}};
  ude_cost cost = {.count = 6, .times = times, .at = quadratic};
  double   value, u_bar[2], p_bar[4], difference[4];
  gradient(&field, &options, u0, p, 0, 3, &cost, &value, u_bar, p_bar);
  ude_sensitivity *s = NULL;
  ck_assert(ude_sensitivity_create(&field, &options, &s, NULL) == UDE_OK);
  for (int k = 0; k < 4; k++) {
    double at[2], q[4];
    for (int side = 0; side < 2; side++) {
      memcpy(q, p, sizeof q);
      q[k] += side ? 1e-4 : -1e-4;
      ck_assert(ude_cost_value(s, u0, q, 0, 3, &cost, &at[side], NULL, NULL) == UDE_OK);
    }
    difference[k] = (at[1] - at[0]) / 2e-4;
  }
  ude_sensitivity_free(s);
  assert_close(p_bar, difference, 4, 1e-6);
}
END_TEST

/* Stored states thinned to two: the others are computed again, to the same bits. */
START_TEST(memory_bound_changes_nothing) {
  ude_vector_field        field   = predators();
  ude_sensitivity_options options = {.solve  = {.method       = methods[_i],
                                                .rtol         = 1e-8,
                                                .atol         = 1e-8,
                                                .initial_step = _i < 2 ? 0.013 : 0},
                                     .method = UDE_SENSITIVITY_ADJOINT};
  ude_cost                cost    = {.count = 6, .times = times, .at = quadratic};
  double                  value[2], u_bar[2][2], p_bar[2][4];
  gradient(&field, &options, u0, p, 0, 3, &cost, &value[0], u_bar[0], p_bar[0]);
  options.memory_bytes = 2 * 2 * sizeof(double);
  gradient(&field, &options, u0, p, 0, 3, &cost, &value[1], u_bar[1], p_bar[1]);
  ck_assert_mem_eq(u_bar[0], u_bar[1], sizeof u_bar[0]);
  ck_assert_mem_eq(p_bar[0], p_bar[1], sizeof p_bar[0]);
}
END_TEST

/* u' = -q u, cost u(T) + integral of u: u0 (e^{-qT} + (1 - e^{-qT})/q). */
static int decay(double *y, const double *u, const double *q, double t, void *context) {
  (void)t;
  (void)context;
  y[0] = -q[0] * u[0];
  return 0;
}

static int decay_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                     const double *q, const double *q_dot, double t, const double *t_dot,
                     void *context) {
  (void)t_dot;
  decay(y, u, q, t, context);
  y_dot[0] = -q[0] * (u_dot ? u_dot[0] : 0) - (q_dot ? q_dot[0] : 0) * u[0];
  return 0;
}

static int decay_vjp(const double *u, const double *q, double t, const double *w, double *u_bar,
                     double *q_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] -= q[0] * w[0];
  }
  if (q_bar) {
    q_bar[0] -= u[0] * w[0];
  }
  return 0;
}

static int identity(double *y, const double *u, const double *q, double t, void *context) {
  (void)q;
  (void)t;
  (void)context;
  y[0] = u[0];
  return 0;
}

static int identity_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                        const double *q, const double *q_dot, double t, const double *t_dot,
                        void *context) {
  (void)q_dot;
  (void)t_dot;
  identity(y, u, q, t, context);
  y_dot[0] = u_dot ? u_dot[0] : 0;
  return 0;
}

static int identity_vjp(const double *u, const double *q, double t, const double *w, double *u_bar,
                        double *q_bar, double *t_bar, void *context) {
  (void)u;
  (void)q;
  (void)t;
  (void)q_bar;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += w[0];
  }
  return 0;
}

START_TEST(terminal_and_running_cost) {
  ude_map cost_map = {
      .rows = 1, .columns = 1, .value = identity, .jvp = identity_jvp, .vjp = identity_vjp};
  ude_vector_field field = {
      .state.count = 1,
      .param.count = 1,
      .rhs         = {.rows = 1, .columns = 1, .value = decay, .jvp = decay_jvp, .vjp = decay_vjp},
      .terminal_cost = cost_map,
      .running_cost  = cost_map};
  ude_sensitivity_options options = {
      .solve  = {.method = "vern7", .rtol = 1e-12, .atol = 1e-13},
      .method = _i % 2 ? UDE_SENSITIVITY_FORWARD : UDE_SENSITIVITY_ADJOINT};
  ude_cost cost  = {.terminal = true, .running = true};
  double   start = 2, q = 0.7, value, u_bar, q_bar;
  double   T       = _i < 2 ? 3 : -3; /* also backwards in time */
  double   decayed = exp(-q * T);
  gradient(&field, &options, &start, &q, 0, T, &cost, &value, &u_bar, &q_bar);
  ck_assert_double_eq_tol(value, start * (decayed + (1 - decayed) / q), 1e-10);
  ck_assert_double_eq_tol(u_bar, decayed + (1 - decayed) / q, 1e-10);
  ck_assert_double_eq_tol(q_bar, start * (-T * decayed + T * decayed / q - (1 - decayed) / (q * q)),
                          1e-9);
}
END_TEST

START_TEST(forward_sensitivities_of_all_directions) {
  ude_vector_field        field     = predators();
  ude_sensitivity_options options   = {.solve = {.rtol = 1e-10, .atol = 1e-10}};
  ude_sensitivity        *s         = NULL;
  double                  p_dot[16] = {0}, u_at[12], u_dot[6 * 2 * 4], one[4] = {0}, single[12];
  for (int i = 0; i < 4; i++) {
    p_dot[5 * i] = 1;
  }
  ck_assert(ude_sensitivity_create(&field, &options, &s, NULL) == UDE_OK);
  ck_assert(ude_forward_sensitivities(s, u0, NULL, p, p_dot, 4, 0, 3, times, 6, u_at, u_dot, NULL,
                                      NULL) == UDE_OK);
  one[2] = 1;
  ck_assert(ude_forward_sensitivities(s, u0, NULL, p, one, 1, 0, 3, times, 6, u_at, single, NULL,
                                      NULL) == UDE_OK);
  for (int i = 0; i < 12; i++) {
    ck_assert_double_eq_tol(single[i], u_dot[4 * i + 2], 1e-13 * (1 + fabs(single[i])));
  }
  ck_assert_double_eq(u_dot[0], 0); /* at t0 nothing depends on p */
  ude_sensitivity_free(s);
}
END_TEST

START_TEST(check_finds_a_wrong_entry) {
  ude_vector_field field   = predators();
  double           spoiled = 1e-6;
  ude_check_row    rows[UDE_CHECK_MAX_ROWS];
  int64_t          count = 0, failed = 0;
  ck_assert(ude_check(&field, u0, p, 0, 3, NULL, rows, &count, NULL) == UDE_OK);
  for (int64_t i = 0; i < count; i++) {
    ck_assert_msg(rows[i].passed, "%s against %s: %g", rows[i].quantity, rows[i].against,
                  rows[i].deviation);
  }
  ck_assert_int_ge(count, 8);
  field.rhs.context = &spoiled;
  ck_assert(ude_check(&field, u0, p, 0, 3, NULL, rows, &count, NULL) == UDE_OK);
  for (int64_t i = 0; i < count; i++) {
    failed += !rows[i].passed;
  }
  ck_assert_int_ge(failed, 1);
}
END_TEST

START_TEST(missing_derivatives_are_named) {
  ude_vector_field field = predators();
  ude_sensitivity *s     = NULL;
  ude_error        error = {0};
  double           value, u_bar[2], p_bar[4];
  ude_cost         cost = {.count = 6, .times = times, .at = quadratic};
  field.rhs.vjp         = NULL;
  field.rhs.jvp         = NULL;
  ck_assert(ude_sensitivity_create(&field, NULL, &s, &error) == UDE_OK);
  ck_assert(ude_cost_gradient(s, u0, p, 0, 3, &cost, &value, u_bar, p_bar, NULL, &error) ==
            UDE_UNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(error.message, "rhs.vjp"));
  cost.running = true;
  ck_assert(ude_cost_gradient(s, u0, p, 0, 3, &cost, &value, u_bar, p_bar, NULL, &error) ==
            UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "running_cost"));
  ude_sensitivity_free(s);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("gradient");
  TCase *core  = tcase_create("core");
  tcase_add_loop_test(core, adjoint_equals_forward, 0, 2 * METHODS);
  tcase_add_loop_test(core, adjoint_equals_differences, 2, METHODS);
  tcase_add_loop_test(core, memory_bound_changes_nothing, 0, METHODS);
  tcase_add_loop_test(core, terminal_and_running_cost, 0, 4);
  tcase_add_test(core, forward_sensitivities_of_all_directions);
  tcase_add_test(core, check_finds_a_wrong_entry);
  tcase_add_test(core, missing_derivatives_are_named);
  suite_add_tcase(suite, core);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
