/* The published Lotka-Volterra run: archived data and weights, against an independent callback model. */
#include "fit_fields.h"

static const ude_solve_options published = {.method = "vern7", .rtol = 1e-6, .atol = 1e-6};

static void read_weights(const char *which, const ude_vector_field *field, double *p) {
  char      path[400];
  ude_error error = {0};
  snprintf(path, sizeof path, UDE_TEST_DATA "/golden/lv_scenario1_params_%s_87.csv", which);
  ck_ok(ude_params_read(path, field, p, &error), &error);
}

START_TEST(losses_are_the_published_ones) {
  static const struct {
    const char *weights;
    double      loss, tolerance; /* as many digits as are given */
  } golden[]               = {{"initial", 72.6489148, 2e-6}, {"trained", 9.94118e-4, 5e-9}};
  ude_vector_field field   = lotka_network();
  ude_dataset     *data    = golden_data(&field);
  ude_fit_options  options = {.solve = published, .initial = UDE_INITIAL_DATA};
  double           p[NET_WEIGHTS], value = 0;
  ude_loss        *loss  = NULL;
  ude_error        error = {0};
  ck_assert_int_eq(data->cells, 62);
  read_weights(golden[_i].weights, &field, p);
  ck_ok(ude_loss_create(&field, data, &options, p, &loss, &error), &error);
  ck_ok(ude_loss_gradient(loss, p, &value, NULL, NULL, NULL, &error), &error);
  ck_assert_double_eq_tol(value, golden[_i].loss, golden[_i].tolerance);
  ude_loss_free(loss);
  ude_dataset_free(data);
}
END_TEST

/* Adjoint, forward mode, residuals, and differences of the discrete solution at tight tolerances. */
START_TEST(gradients_agree) {
  ude_vector_field field   = lotka_network();
  ude_dataset     *data    = golden_data(&field);
  ude_fit_options  options = {.solve   = {.method = "vern7", .rtol = 1e-12, .atol = 1e-12},
                              .initial = UDE_INITIAL_DATA};
  double           p[NET_WEIGHTS], g[2][NET_WEIGHTS], u_bar[2][2], value[2];
  double           theta[NET_WEIGHTS], from_residuals[NET_WEIGHTS] = {0};
  double   *r = malloc(62 * sizeof *r), *jacobian = malloc(62 * NET_WEIGHTS * sizeof *jacobian);
  ude_error error = {0};
  read_weights("initial", &field, p);
  for (int mode = 0; mode < 2; mode++) {
    ude_loss *loss      = NULL;
    options.sensitivity = mode ? UDE_SENSITIVITY_FORWARD : UDE_SENSITIVITY_ADJOINT;
    ck_ok(ude_loss_create(&field, data, &options, p, &loss, &error), &error);
    ck_ok(ude_loss_gradient(loss, p, &value[mode], g[mode], u_bar[mode], NULL, &error), &error);
    ude_loss_start(loss, theta);
    if (mode == 0) {
      ck_assert_int_eq(ude_loss_residual_count(loss), 62);
      ck_ok(ude_loss_residuals(loss, theta, r, jacobian, &error), &error);
      for (int i = 0; i < 62; i++) {
        for (int j = 0; j < NET_WEIGHTS; j++) {
          from_residuals[j] += 2 * r[i] * jacobian[i * NET_WEIGHTS + j];
        }
      }
      for (int j = 0; j < NET_WEIGHTS; j += 7) {
        double side[2], h = 1e-5;
        for (int s = 0; s < 2; s++) {
          theta[j] = p[j] + (s ? h : -h);
          ck_ok(ude_loss_evaluate(loss, theta, &side[s], NULL, &error), &error);
        }
        theta[j] = p[j];
        ck_assert_double_eq_tol((side[1] - side[0]) / (2 * h), g[0][j], 1e-6 * (1 + fabs(g[0][j])));
      }
    }
    ude_loss_free(loss);
  }
  ck_arrays_close(value, (&value[1]), 1, 1e-13, 0);
  ck_arrays_close(g[0], g[1], NET_WEIGHTS, 1e-10, 1e-10);
  ck_arrays_close(u_bar[0], u_bar[1], 2, 1e-10, 0);
  ck_arrays_close(from_residuals, g[0], NET_WEIGHTS, 1e-10, 1e-10);
  free(r);
  free(jacobian);
  ude_dataset_free(data);
}
END_TEST

/* A fit from random weights; the loss that is reported is that of the parameters that are returned. */
static double train_fresh(uint64_t seed, ude_optimizer optimizer) {
  ude_vector_field field   = lotka_network();
  ude_dataset     *data    = golden_data(&field);
  ude_fit_options  options = {
       .solve = published, .initial = UDE_INITIAL_DATA, .seed = seed, .optimizer = optimizer};
  double         p[NET_WEIGHTS] = {0};
  ude_fit_result result;
  ude_error      error = {0};
  ck_ok(ude_fit(&field, data, &options, p, NULL, &result, &error), &error);
  ck_assert_double_gt(result.first_loss, 1);
  ck_assert_int_eq(result.variables, NET_WEIGHTS);
  ude_loss *loss  = NULL;
  double    value = 0;
  ck_ok(ude_loss_create(&field, data, &options, p, &loss, &error), &error);
  ck_ok(ude_loss_gradient(loss, p, &value, NULL, NULL, NULL, &error), &error);
  ck_assert_double_eq(value, result.loss);
  ude_loss_free(loss);
  ude_dataset_free(data);
  return result.loss;
}

/* To the noise floor of the data (9.951e-4) with the defaults, from every start; with BFGS, which may end on a plateau, from
 * two starts of three. */
START_TEST(fresh_networks_are_trained) {
  int at_floor = 0;
  for (uint64_t seed = 1; seed <= 3; seed++) {
    ck_assert_double_lt(train_fresh(seed, UDE_OPTIMIZER_AUTO), 1.05e-3);
    at_floor += train_fresh(seed, UDE_OPTIMIZER_BFGS) < 1e-3;
  }
  ck_assert_int_ge(at_floor, 2);
}
END_TEST

/* Regularisation counts the weights and biases of the network, and only those. */
START_TEST(regularisation_is_a_mean_of_squares) {
  ude_vector_field field   = lotka_network();
  ude_dataset     *data    = golden_data(&field);
  ude_fit_options  options = {.solve = published, .initial = UDE_INITIAL_DATA};
  double           p[NET_WEIGHTS], value[2], squares = 0;
  double          *r     = malloc((62 + NET_WEIGHTS) * sizeof *r);
  ude_error        error = {0};
  read_weights("trained", &field, p);
  for (int i = 0; i < 2; i++) {
    ude_loss *loss     = NULL;
    options.regularise = i * 0.5;
    ck_ok(ude_loss_create(&field, data, &options, p, &loss, &error), &error);
    ck_ok(ude_loss_evaluate(loss, p, &value[i], NULL, &error), &error);
    if (i == 1) {
      double sum = 0;
      ck_assert_int_eq(ude_loss_residual_count(loss), 62 + NET_WEIGHTS);
      ck_ok(ude_loss_residuals(loss, p, r, NULL, &error), &error);
      for (int k = 0; k < 62 + NET_WEIGHTS; k++) {
        sum += r[k] * r[k];
      }
      ck_assert_double_eq_tol(sum, value[1], 1e-12 * value[1]);
    }
    ude_loss_free(loss);
  }
  for (int i = 0; i < NET_WEIGHTS; i++) {
    squares += p[i] * p[i];
  }
  ck_assert_double_eq_tol(value[1] - value[0], 0.5 * squares / NET_WEIGHTS, 1e-12);
  free(r);
  ude_dataset_free(data);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("fit golden");
  TCase *core  = tcase_create("core");
  tcase_set_timeout(core, 60);
  tcase_add_loop_test(core, losses_are_the_published_ones, 0, 2);
  tcase_add_test(core, gradients_agree);
  tcase_add_test(core, fresh_networks_are_trained);
  tcase_add_test(core, regularisation_is_a_mean_of_squares);
  suite_add_tcase(suite, core);
  return ude_check_run(suite);
}
