/* The loss against its definition: observations, starts, missing cells, scales, penalty, segments. */
#include "fit_fields.h"

/* Logistic growth with p = r, k, start, gain, where gain x and x^2 are measured. */
static int rhs4(double *y, const double *u, const double *p, double t, void *context) {
  return logistic_rhs(y, u, p, t, context);
}

static int jvp4(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                const double *p_dot, double t, const double *t_dot, void *context) {
  return logistic_jvp(y, y_dot, u, u_dot, p, p_dot, t, t_dot, context);
}

static int vjp4(const double *u, const double *p, double t, const double *w, double *u_bar,
                double *p_bar, double *t_bar, void *context) {
  return logistic_vjp(u, p, t, w, u_bar, p_bar, t_bar, context);
}

static int initial(double *y, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)t;
  (void)context;
  y[0] = p[2] * p[2];
  return 0;
}

static int initial_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                       const double *p, const double *p_dot, double t, const double *t_dot,
                       void *context) {
  (void)u_dot;
  (void)t_dot;
  initial(y, u, p, t, context);
  y_dot[0] = 2 * p[2] * p_dot[2];
  return 0;
}

static int initial_vjp(const double *u, const double *p, double t, const double *w, double *u_bar,
                       double *p_bar, double *t_bar, void *context) {
  (void)u;
  (void)t;
  (void)u_bar;
  (void)t_bar;
  (void)context;
  p_bar[2] += 2 * p[2] * w[0];
  return 0;
}

static int observe(double *y, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  y[0] = p[3] * u[0];
  y[1] = u[0] * u[0];
  return 0;
}

static int observe_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                       const double *p, const double *p_dot, double t, const double *t_dot,
                       void *context) {
  (void)t_dot;
  observe(y, u, p, t, context);
  y_dot[0] = p[3] * u_dot[0] + (p_dot ? p_dot[3] * u[0] : 0);
  y_dot[1] = 2 * u[0] * u_dot[0];
  return 0;
}

static int observe_vjp(const double *u, const double *p, double t, const double *w, double *u_bar,
                       double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += p[3] * w[0] + 2 * u[0] * w[1];
  }
  if (p_bar) {
    p_bar[3] += u[0] * w[0];
  }
  return 0;
}

static int penalty(double *y, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)t;
  (void)context;
  y[0] = 0.1 * exp(p[0]) + p[3] * p[3];
  return 0;
}

static int penalty_vjp(const double *u, const double *p, double t, const double *w, double *u_bar,
                       double *p_bar, double *t_bar, void *context) {
  (void)u;
  (void)t;
  (void)u_bar;
  (void)t_bar;
  (void)context;
  p_bar[0] += 0.1 * exp(p[0]) * w[0];
  p_bar[3] += 2 * p[3] * w[0];
  return 0;
}

static const ude_member params4[4] = {
    {.name = "r", .count = 1, .lower = 0, .upper = INFINITY},
    {.name = "k", .first = 1, .count = 1, .lower = 1, .upper = 9},
    {.name = "start", .first = 2, .count = 1, .lower = -INFINITY, .upper = 4},
    {.name = "gain", .first = 3, .count = 1}};
static const ude_member measured[2] = {{.name = "signal", .count = 1},
                                       {.name = "square", .first = 1, .count = 1}};

enum { INITIAL = 1, OBSERVE = 2, PENALTY = 4 };

static ude_vector_field field4(int parts) {
  ude_vector_field field = {
      .state = {.count = 1, .members = 1, .member = &logistic_state},
      .param = {.count = 4, .members = 4, .member = params4},
      .rhs   = {.rows = 1, .columns = 1, .value = rhs4, .jvp = jvp4, .vjp = vjp4},
      .u0    = &logistic_start};
  if (parts & INITIAL) {
    field.initial = (ude_map){.rows = 1, .value = initial, .jvp = initial_jvp, .vjp = initial_vjp};
  }
  if (parts & OBSERVE) {
    field.observation = (ude_layout){.count = 2, .members = 2, .member = measured};
    field.observe     = (ude_map){
            .rows = 2, .columns = 1, .value = observe, .jvp = observe_jvp, .vjp = observe_vjp};
  }
  if (parts & PENALTY) {
    field.penalty = (ude_map){.rows = 1, .value = penalty, .vjp = penalty_vjp};
  }
  return field;
}

static const double at_p[4] = {0.8, 2.5, 0.6, 1.7};

static ude_dataset *two_trajectories(const ude_vector_field *field) {
  return data_of(field->observe.value ? "trajectory,t,square,signal\n"
                                        "3,0,.1,.5\n3,0.4,,.7\n3,1,.4,\n3,1.1,.6,1.1\n3,2,1.5,1.9\n"
                                        "7,1,.3,1\n7,1.5,.5,\n7,2.5,,\n7,4,3,2.9\n"
                                      : "trajectory,t,x\n"
                                        "3,0,.1\n3,0.4,\n3,1,.4\n3,1.1,.6\n3,2,1.5\n"
                                        "7,1,.3\n7,1.5,.5\n7,2.5,\n7,4,3\n",
                 field);
}

/* Single shooting, written down a second time. */
static double expected(const ude_vector_field *field, const double *p, const double *starts,
                       const double *scales) {
  static const double t[2][5]      = {{0, 0.4, 1, 1.1, 2}, {1, 1.5, 2.5, 4}};
  static const double square[2][5] = {{.1, NAN, .4, .6, 1.5}, {.3, .5, NAN, 3}};
  static const double signal[2][5] = {{.5, .7, NAN, 1.1, 1.9}, {1, NAN, NAN, 2.9}};
  double              sum          = 0;
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < 5 - k; i++) {
      double x = logistic_exact(p[0], p[1], starts[k], t[k][i] - t[k][0]);
      double y = field->observe.value ? p[3] * x : NAN;
      double z = field->observe.value ? x * x : x;
      double a = scales[0] * (z - square[k][i]);
      double b = scales[1] * (y - signal[k][i]);
      sum += (isnan(a) ? 0 : a * a) + (isnan(b) ? 0 : b * b);
    }
  }
  return sum + (field->penalty.value ? 0.1 * exp(p[0]) + p[3] * p[3] : 0);
}

START_TEST(value_is_the_sum_over_observed_cells) {
  static const double scales[2][2] = {{1, 1}, {2, 0.3}};
  static const double given[2]     = {0.4, 0.9};
  ude_vector_field    field        = field4(_i);
  ude_dataset        *data         = two_trajectories(&field);
  for (int policy = UDE_INITIAL_AUTO; policy <= UDE_INITIAL_TRAINED; policy++) {
    bool            observed = field.observe.value != NULL;
    ude_fit_options options  = {.solve   = {.rtol = 1e-12, .atol = 1e-13},
                                .initial = (ude_initial_policy)policy,
                                .scales  = scales[policy % 2],
                                .starts  = given};
    ude_error       error    = {0};
    ude_loss       *loss     = NULL;
    double          value    = 0, theta[8], p[4], u0[2];
    ude_status      status   = ude_loss_create(&field, data, &options, at_p, &loss, &error);
    bool            from_data =
        policy == UDE_INITIAL_DATA || (policy == UDE_INITIAL_AUTO && !field.initial.value);
    if (observed && from_data) { /* the state is not what is measured */
      ck_assert_int_eq(status, UDE_BAD_DATA);
      ck_assert_str_eq(
          error.message,
          "trajectory 3 cannot start from its first row: 'x' is not measured there; give "
          "the model u0 or the function initial, or train the start");
      continue;
    }
    ck_ok(status, &error);
    double start     = field.initial.value ? at_p[2] * at_p[2] : logistic_start;
    double starts[2] = {start, start};
    if (policy == UDE_INITIAL_TRAINED) {
      memcpy(starts, given, sizeof starts);
    } else if (from_data) {
      starts[0] = 0.1;
      starts[1] = 0.3;
    }
    ck_assert_int_eq(ude_loss_dimension(loss), policy == UDE_INITIAL_TRAINED ? 6 : 4);
    ude_loss_start(loss, theta);
    ck_ok(ude_loss_evaluate(loss, theta, &value, NULL, &error), &error);
    double right = expected(&field, at_p, starts, scales[policy % 2]);
    ck_assert_double_eq_tol(value, right, 1e-9 * right);
    ck_ok(ude_loss_unpack(loss, theta, p, u0, &error), &error);
    ck_arrays_close(p, at_p, 4, 1e-14, 0);
    ck_arrays_close(u0, starts, 2, 1e-14, 0);
    ude_loss_free(loss);
  }
  ude_dataset_free(data);
}
END_TEST

/* Gradient against differences and against 2 J^T r, for every mixture of parts, starts, segments and modes. */
START_TEST(gradient_is_that_of_the_value) {
  static const double given[2] = {0.4, 0.9};
  int                 parts    = _i % 8;
  ude_vector_field    field    = field4(parts);
  ude_dataset        *data     = two_trajectories(&field);
  ude_fit_options     options  = {
           .solve       = {.rtol = 1e-12, .atol = 1e-13},
           .initial     = _i / 8 % 2 ? UDE_INITIAL_TRAINED : UDE_INITIAL_MODEL,
           .segment     = _i / 16 % 2 ? 2 : 0,
           .sensitivity = _i / 32 % 2 ? UDE_SENSITIVITY_FORWARD : UDE_SENSITIVITY_ADJOINT,
           .starts      = given};
  ude_error error = {0};
  ude_loss *loss  = NULL;
  double    theta[16], g[16], value = 0;
  ck_ok(ude_loss_create(&field, data, &options, at_p, &loss, &error), &error);
  int64_t n = ude_loss_dimension(loss), m = ude_loss_residual_count(loss);
  ck_assert_int_eq(n, 4 + (options.segment ? 2 : 0) + (_i / 8 % 2 ? 2 : 0));
  double *r = malloc((size_t)m * sizeof *r), *jacobian = malloc((size_t)(m * n) * sizeof *jacobian);
  ude_loss_start(loss, theta);
  for (int64_t i = 0; i < n; i++) {
    theta[i] += 0.05; /* segments that do not join */
  }
  ck_ok(ude_loss_evaluate(loss, theta, &value, g, &error), &error);
  ck_ok(ude_loss_residuals(loss, theta, r, jacobian, &error), &error);
  double sum = 0, extra[4] = {0}, p[4];
  ck_ok(ude_loss_unpack(loss, theta, p, NULL, &error), &error);
  if (parts & PENALTY) {
    double factor[2] = {p[0], 1}; /* dr/dtheta = r */
    extra[0]         = 0.1 * exp(p[0]) * factor[0];
    extra[3]         = 2 * p[3] * factor[1];
    sum              = 0.1 * exp(p[0]) + p[3] * p[3];
  }
  for (int64_t i = 0; i < m; i++) {
    sum += r[i] * r[i];
  }
  ck_assert_double_eq_tol(sum, value, 1e-9 * value);
  for (int64_t k = 0; k < n; k++) {
    double side[2], h = 1e-5, from_residuals = k < 4 ? extra[k] : 0;
    for (int s = 0; s < 2; s++) {
      theta[k] += s ? 2 * h : -h;
      ck_ok(ude_loss_evaluate(loss, theta, &side[s], NULL, &error), &error);
    }
    theta[k] -= h;
    for (int64_t i = 0; i < m; i++) {
      from_residuals += 2 * r[i] * jacobian[i * n + k];
    }
    ck_assert_double_eq_tol(g[k], (side[1] - side[0]) / (2 * h), 2e-6 * (1 + fabs(g[k])));
    ck_assert_double_eq_tol(g[k], from_residuals, 1e-8 * (1 + fabs(g[k])));
  }
  free(r);
  free(jacobian);
  ude_loss_free(loss);
  ude_dataset_free(data);
}
END_TEST

/* A parameter in a range is not moved by being mapped there and back, however near to its bound. */
START_TEST(small_values_in_open_ranges_are_kept) {
  ude_vector_field field   = field4(0);
  ude_dataset     *data    = two_trajectories(&field);
  double           p[4]    = {3e-9, 1 + 1e-10, 4 - 1e-9, 1}, back[4], theta[4];
  ude_fit_options  options = {.initial = UDE_INITIAL_MODEL};
  ude_error        error   = {0};
  ude_loss        *loss    = NULL;
  ck_ok(ude_loss_create(&field, data, &options, p, &loss, &error), &error);
  ude_loss_start(loss, theta);
  ck_ok(ude_loss_unpack(loss, theta, back, NULL, &error), &error);
  ck_arrays_close(back, p, 4, 1e-12, 0);
  ck_assert_double_gt(back[1], 1);
  ude_loss_free(loss);
  p[0] = 0; /* on its bound: moved inside */
  p[1] = 12;
  ck_ok(ude_loss_create(&field, data, &options, p, &loss, &error), &error);
  ude_loss_start(loss, theta);
  ck_ok(ude_loss_unpack(loss, theta, back, NULL, &error), &error);
  ck_assert_double_gt(back[0], 0);
  ck_assert_double_lt(back[0], 1e-5);
  ck_assert_double_lt(back[1], 9);
  ck_assert_double_gt(back[1], 8.9);
  ude_loss_free(loss);
  ude_dataset_free(data);
}
END_TEST

START_TEST(bad_options_are_named) {
  ude_vector_field field     = field4(0);
  ude_dataset     *data      = two_trajectories(&field);
  const double     broken[1] = {NAN};
  double           p[4], bad_p[4] = {1, 2, NAN, 4};
  const struct {
    ude_fit_options options;
    const char     *message;
  } cases[]            = {{{.segment = -1}, "the length of segments (-1) is negative"},
                          {{.continuity = -2}, "the weight of continuity"},
                          {{.continuity = NAN}, "the weight of continuity"},
                          {{.regularise = -1}, "the regularisation"},
                          {{.scales = broken}, "the scale of column 'x' is not finite"},
                          {{.rate = -1}, "the rate of Adam (-1)"},
                          {{.first_step = INFINITY}, "the first step"},
                          {{.change_tolerance = NAN}, "the tolerance of the change"},
                          {{.iterations = -3}, "the limit of iterations (-3)"},
                          {{.max_seconds = -1}, "the time limit (-1)"},
                          {{.solve = {.rtol = -1}}, "rtol"}};
  ude_error      error = {0};
  ude_fit_result result;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    memcpy(p, at_p, sizeof p);
    ck_fails(ude_fit(&field, data, &cases[i].options, p, NULL, &result, &error),
             UDE_INVALID_ARGUMENT, &error, cases[i].message, "");
    ck_assert_mem_eq(p, at_p, sizeof p);
  }
  ck_fails(ude_fit(&field, data, NULL, bad_p, NULL, &result, &error), UDE_INVALID_ARGUMENT, &error,
           "the parameter 'start' is not finite", "");
  const bool      none[4] = {false};
  ude_fit_options nothing = {.free = none};
  ck_fails(ude_fit(&field, data, &nothing, p, NULL, &result, &error), UDE_INVALID_ARGUMENT, &error,
           "there is nothing to train", "");
  ude_vector_field with = field4(PENALTY);
  ude_fit_options  lm   = {.optimizer = UDE_OPTIMIZER_LM};
  ck_fails(ude_fit(&with, data, &lm, p, NULL, &result, &error), UDE_UNSUPPORTED, &error, "penalty",
           "bfgs");
  ude_dataset_free(data);
}
END_TEST

/* What lacks a derivative says which. */
START_TEST(missing_derivatives_are_named) {
  ude_vector_field field = field4(OBSERVE | PENALTY);
  ude_dataset     *data  = two_trajectories(&field);
  double           p[4];
  ude_error        error = {0};
  ude_fit_result   result;
  ude_fit_options  options = {.initial = UDE_INITIAL_MODEL};
  memcpy(p, at_p, sizeof p);
  field.penalty.vjp = NULL;
  ck_fails(ude_fit(&field, data, &options, p, NULL, &result, &error), UDE_UNSUPPORTED, &error,
           "penalty.vjp", "");
  field.penalty     = (ude_map){0};
  field.observe.jvp = NULL;
  options.optimizer = UDE_OPTIMIZER_LM;
  options.adam      = -1;
  ck_fails(ude_fit(&field, data, &options, p, NULL, &result, &error), UDE_UNSUPPORTED, &error,
           "observe.jvp", "");
  field.observe.vjp = NULL;
  options.optimizer = UDE_OPTIMIZER_BFGS;
  ck_fails(ude_fit(&field, data, &options, p, NULL, &result, &error), UDE_UNSUPPORTED, &error,
           "observe.vjp", "");
  ude_dataset_free(data);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("loss");
  TCase *core  = tcase_create("core");
  tcase_set_timeout(core, 60);
  tcase_add_loop_test(core, value_is_the_sum_over_observed_cells, 0, 8);
  tcase_add_loop_test(core, gradient_is_that_of_the_value, 0, 64);
  tcase_add_test(core, small_values_in_open_ranges_are_kept);
  tcase_add_test(core, bad_options_are_named);
  tcase_add_test(core, missing_derivatives_are_named);
  suite_add_tcase(suite, core);
  return ude_check_run(suite);
}
