/* Multiple shooting where a single solution has many local minima. */
#include "fit_fields.h"

/* 60 measurements of cos(3 t) over seven periods; the velocity is not measured. Noise of 0.02 from a fixed seed. */
static ude_dataset *waves(const ude_vector_field *field) {
  ude_text text = {0};
  ude_rng  rng  = ude_rng_make(11, 0);
  ude_text_append(&text, "t,x\n");
  for (int i = 0; i < 60; i++) {
    ude_text_append(&text, "%.17g,%.17g\n", 0.25 * i, cos(0.75 * i) + 0.02 * ude_rng_normal(&rng));
  }
  ude_dataset *data = data_of(text.data, field);
  ude_text_free(&text);
  return data;
}

START_TEST(segments_find_the_frequency) {
  static const double        starts[]     = {1.5, 4, 15};
  static const ude_optimizer optimizers[] = {UDE_OPTIMIZER_BFGS, UDE_OPTIMIZER_LM};
  ude_vector_field           field        = oscillator();
  ude_dataset               *data         = waves(&field);
  ude_error                  error        = {0};
  ude_fit_result             result;
  for (int shooting = 0; shooting < 2; shooting++) {
    ude_fit_options options = {
        .segment = shooting ? 2 : 0, .adam = _i / 3 ? -1 : 0, .optimizer = optimizers[_i / 3]};
    double p[1] = {starts[_i % 3]};
    ck_ok(ude_fit(&field, data, &options, p, NULL, &result, &error), &error);
    ck_assert_int_eq(result.variables, 1);
    if (shooting) {
      ck_assert_double_eq_tol(p[0], 9, 0.01);
      ck_assert_double_lt(result.loss, 60 * 0.02 * 0.02 * 1.5);
    } else { /* the problem is as hard as it is said to be */
      ck_assert_double_gt(fabs(p[0] - 9), 0.5);
      ck_assert_double_gt(result.loss, 10);
    }
  }
  ude_dataset_free(data);
}
END_TEST

/* The last stage has whole solutions: what is reported is their loss, at the parameters returned. */
START_TEST(the_result_is_that_of_whole_solutions) {
  ude_vector_field field   = oscillator();
  ude_dataset     *data    = waves(&field);
  ude_error        error   = {0};
  ude_loss        *loss    = NULL;
  ude_fit_options  options = {.segment = 3, .initial = UDE_INITIAL_TRAINED};
  double           p[1] = {4}, u0[2], value = 0;
  ude_fit_result   result;
  ck_ok(ude_fit(&field, data, &options, p, u0, &result, &error), &error);
  ck_assert_int_eq(result.variables, 3);
  ck_assert_double_eq_tol(u0[0], 1, 0.02);
  ck_assert_double_eq_tol(u0[1], 0, 0.06);
  options.segment = 0;
  options.starts  = u0;
  ck_ok(ude_loss_create(&field, data, &options, p, &loss, &error), &error);
  ck_ok(ude_loss_gradient(loss, p, &value, NULL, NULL, NULL, &error), &error);
  ck_assert_double_eq(value, result.loss);
  ude_loss_free(loss);
  ude_dataset_free(data);
}
END_TEST

/* With states that join, the loss with segments is that without; a jump adds weight * jump^2. */
START_TEST(segments_that_join_cost_nothing) {
  ude_vector_field field  = oscillator();
  ude_dataset     *data   = waves(&field);
  ude_error        error  = {0};
  const double     p[1]   = {8.5};
  double           single = 0, joined = 0, jumping = 0;
  double          *u_at    = malloc(60 * 2 * sizeof *u_at);
  ude_fit_options  options = {.solve = {.rtol = 1e-12, .atol = 1e-13}, .continuity = 7};
  ude_loss        *loss[2];
  for (int i = 0; i < 2; i++) {
    options.segment = i ? _i : 0;
    ck_ok(ude_loss_create(&field, data, &options, p, &loss[i], &error), &error);
  }
  int64_t n     = ude_loss_dimension(loss[1]);
  double *theta = malloc((size_t)n * sizeof *theta);
  ck_assert_int_eq(n, 1 + 2 * ((59 + _i - 1) / _i - 1));
  ck_ok(ude_loss_evaluate(loss[0], p, &single, NULL, &error), &error);
  ck_ok(ude_loss_solve(loss[0], p, 0, data->trajectory[0].t, 60, u_at, &error), &error);
  theta[0] = p[0];
  for (int64_t k = 1; k < n; k += 2) {
    memcpy(theta + k, u_at + (k + 1) / 2 * _i * 2, 2 * sizeof *theta);
  }
  ck_ok(ude_loss_evaluate(loss[1], theta, &joined, NULL, &error), &error);
  ck_assert_double_eq_tol(joined, single, 1e-9 * single);
  /* another velocity at the start of the last segment: x changes by delta sin(w (t - t_last)) / w */
  double  delta = 0.1, w = sqrt(p[0]), change = 7 * delta * delta;
  int64_t last = 58 / _i * _i;
  for (int64_t i = last + 1; i < 60; i++) {
    const ude_trajectory *measured = &data->trajectory[0];
    double                before   = u_at[2 * i] - measured->values[i];
    double after = before + delta * sin(w * (measured->t[i] - measured->t[last])) / w;
    change += after * after - before * before;
  }
  theta[n - 1] += delta;
  ck_ok(ude_loss_evaluate(loss[1], theta, &jumping, NULL, &error), &error);
  ck_assert_double_eq_tol(jumping - joined, change, 1e-8);
  free(theta);
  free(u_at);
  ude_loss_free(loss[0]);
  ude_loss_free(loss[1]);
  ude_dataset_free(data);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("shooting");
  TCase *core  = tcase_create("core");
  tcase_set_timeout(core, 60);
  tcase_add_loop_test(core, segments_find_the_frequency, 0, 6);
  tcase_add_test(core, the_result_is_that_of_whole_solutions);
  tcase_add_loop_test(core, segments_that_join_cost_nothing, 1, 9);
  suite_add_tcase(suite, core);
  return ude_check_run(suite);
}
