/* What a fit does of its own accord: errors that are relative, the decay of networks, standard errors. */
#include "fit_fields.h"

/* -------------------------------------------------------------------------- relative errors -- */

static ude_member relative_state = {.name = "x", .count = 1, .relative = true};

static ude_vector_field relative_logistic(void) {
  ude_vector_field field = logistic();
  field.state.member     = &relative_state;
  return field;
}

/* The loss is that of logarithms, with its scale; gradient and Jacobian agree with differences of it. */
START_TEST(relative_errors_compare_logarithms) {
  ude_vector_field field = relative_logistic();
  ude_dataset     *data  = growth(&field, 1.2, 3, 12);
  double           p[2] = {0.9, 2.5}, expected = 0, value = 0, g[2], side[2];
  double           scale = 1.5, r[12], jacobian[24];
  ude_error        error = {0};
  ude_loss        *loss  = NULL;
  ude_fit_options  tight = {.solve = {.rtol = 1e-12, .atol = 1e-14}, .scales = &scale};
  for (int i = 0; i < 12; i++) {
    double measured = data->trajectory[0].values[i];
    if (!isnan(measured)) {
      double off = scale * log(logistic_exact(p[0], p[1], logistic_start, 0.5 * i) / measured);
      expected += off * off;
    }
  }
  ck_ok(ude_loss_create(&field, data, &tight, p, &loss, &error), &error);
  ck_ok(ude_loss_evaluate(loss, p, &value, g, &error), &error);
  ck_assert_double_eq_tol(value, expected, 1e-9 * expected);
  ck_ok(ude_loss_residuals(loss, p, r, jacobian, &error), &error);
  for (int k = 0; k < 2; k++) {
    double from_residuals = 0;
    for (int s = 0; s < 2; s++) {
      double moved[2] = {p[0], p[1]};
      moved[k] += s ? 1e-5 : -1e-5;
      ck_ok(ude_loss_evaluate(loss, moved, &side[s], NULL, &error), &error);
    }
    for (int i = 0; i < 12; i++) {
      from_residuals += 2 * r[i] * jacobian[2 * i + k];
    }
    ck_assert_double_eq_tol(g[k], (side[1] - side[0]) / 2e-5, 1e-6 * (1 + fabs(g[k])));
    ck_assert_double_eq_tol(g[k], from_residuals, 1e-10 * (1 + fabs(g[k])));
  }
  ude_loss_free(loss);
  ude_dataset_free(data);
}
END_TEST

START_TEST(relative_errors_need_positive_numbers) {
  ude_vector_field field = relative_logistic();
  ude_dataset     *data  = data_of("t,x\n0,1\n1,0\n2,\n", &field);
  double           p[2] = {1, 2}, value = 0;
  ude_error        error = {0};
  ude_loss        *loss  = NULL;
  ck_fails(ude_loss_create(&field, data, NULL, p, &loss, &error), UDE_BAD_DATA, &error,
           "the measurement of 'x' at t = 1 is 0", "UDE_RELATIVE");
  ude_dataset_free(data);
  /* a solution that is negative is none */
  const double negative = -1;
  data                  = data_of("t,x\n0,1\n1,2\n", &field);
  ude_fit_options below = {.u0 = &negative};
  ck_ok(ude_loss_create(&field, data, &below, p, &loss, &error), &error);
  ck_assert_int_eq(ude_loss_evaluate(loss, p, &value, NULL, &error), UDE_NUMERICAL);
  ude_loss_free(loss);
  ude_dataset_free(data);
}
END_TEST

/* Of 1, 2, 4, 8 (over two trajectories, a cell missing), and of their logarithms; a constant column has none. */
START_TEST(deviations_of_columns) {
  static const char text[]  = "trajectory,t,v,x\n0,0,5,1\n0,1,5,2\n1,0,5,\n1,1,5,4\n1,2,5,8\n";
  ude_vector_field  field   = oscillator();
  ude_member        both[2] = {oscillator_state[0], oscillator_state[1]};
  double            deviations[2];
  for (int relative = 0; relative < 2; relative++) {
    both[0].relative   = relative;
    field.state.member = both;
    ude_dataset *data  = data_of(text, &field);
    ude_dataset_deviations(data, &field, deviations);
    ck_assert_double_eq(deviations[0], 1);
    double expected = relative ? log(2) * sqrt(5.0 / 3) : sqrt(28.75 / 3);
    ck_assert_double_eq_tol(deviations[1], expected, 1e-14);
    ude_dataset_free(data);
  }
}
END_TEST

/* --------------------------------------------------------------------------- standard errors -- */

/* x' = -(a + b) x + c: a and b cannot be told apart. */
static int sum_rhs(double *y, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  y[0] = -(p[0] + p[1]) * u[0] + p[2];
  return 0;
}

static int sum_jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                   const double *p_dot, double t, const double *t_dot, void *context) {
  (void)t_dot;
  sum_rhs(y, u, p, t, context);
  y_dot[0] = (u_dot ? -(p[0] + p[1]) * u_dot[0] : 0) +
             (p_dot ? -(p_dot[0] + p_dot[1]) * u[0] + p_dot[2] : 0);
  return 0;
}

static const double sum_start = 2;

/* Exponential decay to c/k: the standard errors of rate and source from the formulas of nonlinear regression, with
 * derivatives of the known solution. Where the rate is a sum of two parameters, neither of these has one. */
START_TEST(standard_errors_are_those_of_regression) {
  bool              alone      = _i == 0; /* b is held fixed */
  ude_member        members[3] = {{.name = "a", .count = 1},
                                  {.name = "b", .first = 1, .count = 1, .fixed = alone},
                                  {.name = "c", .first = 2, .count = 1}};
  ude_vector_field  field      = {.state = {.count = 1, .members = 1, .member = &logistic_state},
                                  .param = {.count = 3, .members = 3, .member = members},
                                  .rhs   = {.rows = 1, .columns = 1, .value = sum_rhs, .jvp = sum_jvp},
                                  .u0    = &sum_start};
  const double      p[3]       = {0.3, 0.2, 0.1};
  double            k = p[0] + p[1], squares = 0, normal[3] = {0}, errors[3];
  ude_text          text  = {0};
  ude_rng           rng   = ude_rng_make(3, 0);
  ude_error         error = {0};
  ude_fit_precision precision;
  ude_text_append(&text, "t,x\n");
  for (int i = 0; i < 15; i++) {
    double t = 0.4 * i, e = exp(-k * t), noise = 0.05 * ude_rng_normal(&rng);
    double x  = sum_start * e + p[2] * (1 - e) / k;
    double dk = -sum_start * t * e + p[2] * (t * e / k - (1 - e) / (k * k)), dc = (1 - e) / k;
    ude_text_append(&text, "%.17g,%.17g\n", t, x + noise);
    squares += noise * noise;
    normal[0] += dk * dk;
    normal[1] += dk * dc;
    normal[2] += dc * dc;
  }
  double          determinant = normal[0] * normal[2] - normal[1] * normal[1];
  double          deviation   = sqrt(squares / 13);
  ude_dataset    *data        = data_of(text.data, &field);
  ude_fit_options options     = {.solve = {.rtol = 1e-11, .atol = 1e-13}};
  ck_ok(ude_fit_errors(&field, data, &options, p, errors, NULL, &precision, &error), &error);
  ck_assert_int_eq(precision.determined, 2);
  ck_assert_int_eq(precision.freedom, 13);
  ck_assert_double_eq_tol(precision.deviation, deviation, 1e-6 * deviation);
  double rate = deviation * sqrt(normal[2] / determinant);
  if (alone) {
    ck_assert_double_eq_tol(errors[0], rate, 1e-5 * rate);
  } else {
    ck_assert(isnan(errors[0]));
  }
  ck_assert(isnan(errors[1]));
  double source = deviation * sqrt(normal[0] / determinant);
  ck_assert_double_eq_tol(errors[2], source, 1e-5 * source);
  ude_text_free(&text);
  ude_dataset_free(data);
}
END_TEST

/* No more measurements than parameters: nothing is said of the noise. Trained starts have errors of their own. */
START_TEST(standard_errors_need_measurements) {
  ude_vector_field  field = logistic();
  ude_dataset      *few   = data_of("t,x\n0,\n1,1.3\n2,1.7\n", &field);
  ude_dataset      *many  = growth(&field, 1.2, 3, 20);
  double            p[2]  = {1.2, 3}, errors[2], start[1];
  ude_error         error = {0};
  ude_fit_precision precision;
  ude_fit_options   trained = {.initial = UDE_INITIAL_TRAINED};
  ck_ok(ude_fit_errors(&field, few, NULL, p, errors, NULL, &precision, &error), &error);
  ck_assert_int_eq(precision.freedom, 0);
  ck_assert(isnan(precision.deviation) && isnan(errors[0]) && isnan(errors[1]));
  ck_ok(ude_fit_errors(&field, many, &trained, p, errors, start, &precision, &error), &error);
  ck_assert_int_eq(precision.determined, 3);
  ck_assert(start[0] >= 0 && errors[0] >= 0 && errors[1] >= 0);
  field.rhs.jvp = NULL;
  ck_fails(ude_fit_errors(&field, many, NULL, p, errors, NULL, NULL, &error), UDE_UNSUPPORTED,
           &error, "rhs.jvp", "");
  ude_dataset_free(few);
  ude_dataset_free(many);
}
END_TEST

/* ------------------------------------------------------------------------------ the decay -- */

/* Squared distance at t = 3 to the true solution (the model's, by another method at 1e-12), which the optimiser never
 * sees. */
static double distance(const ude_vector_field *field, const ude_dataset *data, const double *p,
                       const ude_fit_options *options) {
  const double at = 3;
  double       u[2];
  ude_loss    *loss  = NULL;
  ude_error    error = {0};
  ck_ok(ude_loss_create(field, data, options, p, &loss, &error), &error);
  ck_ok(ude_loss_solve(loss, p, 0, &at, 1, u, &error), &error);
  ude_loss_free(loss);
  return (u[0] - 1.606351) * (u[0] - 1.606351) + (u[1] - 0.0676060) * (u[1] - 0.0676060);
}

/* The decay that the data choose keeps a network from following their noise: its loss is above that of a free network
 * and near the noise, and its solution ends where the true one does, within the noise. */
START_TEST(the_data_choose_the_decay) {
  ude_vector_field field               = lotka_network();
  ude_dataset     *data                = golden_data(&field);
  ude_fit_options  options             = {.initial = UDE_INITIAL_DATA, .seed = 4};
  double           chosen[NET_WEIGHTS] = {0}, free_one[NET_WEIGHTS] = {0};
  ude_fit_result   result[2];
  ude_error        error = {0};
  ck_ok(ude_fit(&field, data, &options, chosen, NULL, &result[0], &error), &error);
  options.regularise = -1;
  ck_ok(ude_fit(&field, data, &options, free_one, NULL, &result[1], &error), &error);
  ck_assert_str_eq(result[0].optimizer, "lm");
  ck_assert_int_eq(result[0].reason, UDE_FIT_CHANGE);
  ck_assert_double_gt(result[0].regularise, 0);
  ck_assert_double_eq(result[1].regularise, 0);
  ck_assert_double_gt(result[0].loss, result[1].loss);
  ck_assert_double_lt(result[0].loss, 1.05e-3);
  ck_assert_double_lt(distance(&field, data, chosen, &options), 2 * 0.005 * 0.005);
  ude_dataset_free(data);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("evidence");
  TCase *core  = tcase_create("core");
  tcase_set_timeout(core, 60);
  tcase_add_test(core, relative_errors_compare_logarithms);
  tcase_add_test(core, relative_errors_need_positive_numbers);
  tcase_add_test(core, deviations_of_columns);
  tcase_add_loop_test(core, standard_errors_are_those_of_regression, 0, 2);
  tcase_add_test(core, standard_errors_need_measurements);
  tcase_add_test(core, the_data_choose_the_decay);
  suite_add_tcase(suite, core);
  return ude_check_run(suite);
}
