/* Propagated uncertainties of the linear pendulum against its analytic derivatives: independent and correlated
 * inputs, functions of the results, components, sampling, curvature, refused inputs. */
#include <string.h>

#include "support/ude_check.h"
#include "uncertain/hand_fields.h"

#define PI 3.14159265358979323846

enum { TIMES = 4, OUTPUTS = 5, INPUTS = 3 };

static const double times[TIMES] = {0, 1, 3, 6.3};
static const double u0[2]        = {0, PI / 60};
static const double p[3]         = {9.79, 1, PI / 60};
static const double sigma[3]     = {0.01, 0.02, 0.01}; /* of omega0, g, L */
/* omega0 as a state, g, L as parameters */
static const ude_uncertain_input input[INPUTS] = {
    {false, 1, 0.01}, {true, 0, 0.02}, {true, 1, 0.01}};

/* Rows of d output / d input * sigma at one time. */
static void exact_rows(double t, double value[OUTPUTS], double rows[OUTPUTS][INPUTS]) {
  double slope[2][3];
  pendulum_exact(t, u0[1], p[0], p[1], value, slope);
  value[2] = 0;
  value[3] = value[0] + value[1];
  value[4] = p[0] * value[0];
  for (int j = 0; j < INPUTS; j++) {
    rows[0][j] = slope[0][j] * sigma[j];
    rows[1][j] = slope[1][j] * sigma[j];
    rows[2][j] = 0;
    rows[3][j] = rows[0][j] + rows[1][j];
    rows[4][j] = p[0] * rows[0][j] + (j == 1 ? value[0] * sigma[1] : 0);
  }
}

static ude_uncertain_result *run(const ude_uncertain_input *in, int64_t inputs,
                                 const double *correlation, const ude_uncertain_options *options) {
  ude_vector_field      field  = pendulum_field();
  ude_uncertain_result *result = NULL;
  ude_error             error  = {0};
  ck_ok(ude_uncertain(&field, u0, p, 0, 6.3, times, TIMES, in, inputs, correlation, options,
                      &result, &error),
        &error);
  ck_assert_int_eq(result->count, TIMES);
  ck_assert_int_eq(result->outputs, OUTPUTS);
  return result;
}

static void check_against(const ude_uncertain_result *result,
                          const double                correlation[INPUTS][INPUTS]) {
  for (int i = 0; i < TIMES; i++) {
    double value[OUTPUTS];
    double rows[OUTPUTS][INPUTS];
    exact_rows(times[i], value, rows);
    ck_arrays_close(result->value + i * OUTPUTS, value, OUTPUTS, 1e-8, 1e-10);
    for (int a = 0; a < OUTPUTS; a++) {
      for (int b = 0; b < OUTPUTS; b++) {
        double expected = 0;
        for (int j = 0; j < INPUTS; j++) {
          for (int k = 0; k < INPUTS; k++) {
            expected += rows[a][j] * correlation[j][k] * rows[b][k];
          }
        }
        double got = result->covariance[(i * OUTPUTS + a) * OUTPUTS + b];
        ck_assert_double_eq_tol(got, expected, 1e-12);
        if (a == b) {
          ck_assert_double_eq_tol(result->sigma[i * OUTPUTS + a], sqrt(expected), 1e-9);
        }
      }
    }
    ck_assert_double_eq(result->sigma[i * OUTPUTS + 2], 0); /* x - x, exactly */
  }
}

START_TEST(independent_inputs) {
  static const double   identity[INPUTS][INPUTS] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  ude_uncertain_options options                  = {.components = true, .covariance = true};
  ude_uncertain_result *result                   = run(input, INPUTS, NULL, &options);
  check_against(result, identity);
  for (int i = 0; i < TIMES; i++) {
    double value[OUTPUTS];
    double rows[OUTPUTS][INPUTS];
    exact_rows(times[i], value, rows);
    ck_arrays_close(result->component + i * OUTPUTS * INPUTS, rows[0], OUTPUTS * INPUTS, 1e-7,
                    1e-9);
  }
  ck_assert_double_lt(result->curvature.ratio, 0.1);
  ude_uncertain_result_free(result);
}
END_TEST

START_TEST(published_pendulum) {
  /* SciMLTutorials 02-uncertainties, linear case, to six digits */
  ude_uncertain_result *result = run(input, INPUTS, NULL, NULL);
  ck_assert_double_eq_tol(result->sigma[1 * OUTPUTS + 1], 0.00999920, 5e-9);
  ck_assert_double_eq_tol(result->sigma[2 * OUTPUTS + 1], 0.00999320, 5e-9);
  ck_assert_double_eq_tol(result->sigma[3 * OUTPUTS + 1], 0.00763693, 5e-9);
  ck_assert_double_eq_tol(result->sigma[3 * OUTPUTS + 0], 0.00263688, 5e-9);
  ck_assert_ptr_null(result->component);
  ck_assert_ptr_null(result->covariance);
  ude_uncertain_result_free(result);
}
END_TEST

START_TEST(correlated_inputs) {
  static const double correlation[INPUTS][INPUTS] = {{1, 0.3, -0.2}, {0.3, 1, 0.5}, {-0.2, 0.5, 1}};
  ude_uncertain_options options                   = {.covariance = true};
  ude_uncertain_result *result                    = run(input, INPUTS, correlation[0], &options);
  check_against(result, correlation);
  ude_uncertain_result_free(result);
}
END_TEST

/* g and L that move together leave g/L, and with it the motion, as it was. */
START_TEST(full_correlation_cancels) {
  static const double              correlation[2][2] = {{1, 1}, {1, 1}};
  static const ude_uncertain_input both[2]           = {{true, 0, 0.0979}, {true, 1, 0.01}};
  ude_uncertain_result            *result            = run(both, 2, correlation[0], NULL);
  for (int i = 0; i < TIMES; i++) {
    ck_assert_double_lt(result->sigma[i * OUTPUTS], 1e-10);
    ck_assert_double_lt(result->sigma[i * OUTPUTS + 1], 1e-10);
  }
  ck_assert_double_gt(result->sigma[3 * OUTPUTS + 4], 1e-4); /* but not g theta */
  ude_uncertain_result_free(result);
}
END_TEST

START_TEST(initial_state_follows_parameters) {
  static const ude_uncertain_input start  = {true, 2, 0.01};
  static const ude_uncertain_input same   = {false, 1, 0.01};
  ude_uncertain_options            follow = {.from_initial = true};
  ude_uncertain_result            *a      = run(&start, 1, NULL, &follow);
  ude_uncertain_result            *b      = run(&same, 1, NULL, NULL);
  ck_arrays_close(a->sigma, b->sigma, TIMES * OUTPUTS, 1e-14, 0);
  ude_uncertain_result_free(a);
  ude_uncertain_result_free(b);
}
END_TEST

START_TEST(samples_agree_with_the_linear_part) {
  enum { SAMPLES = 4000 };
  static const double correlation[INPUTS][INPUTS] = {{1, 0.3, -0.2}, {0.3, 1, 0.5}, {-0.2, 0.5, 1}};
  ude_uncertain_options options                   = {.samples = SAMPLES, .seed = 5, .threads = 1};
  ude_uncertain_result *one                       = run(input, INPUTS, correlation[0], &options);
  options.threads                                 = 7;
  ude_uncertain_result *many                      = run(input, INPUTS, correlation[0], &options);
  size_t                bytes                     = sizeof(double) * TIMES * OUTPUTS;
  ck_assert_mem_eq(one->sample_mean, many->sample_mean, bytes);
  ck_assert_mem_eq(one->sample_sigma, many->sample_sigma, bytes);
  ck_assert_int_eq(one->sample_count, SAMPLES);
  for (int i = 1; i < TIMES; i++) {
    for (int j = 0; j < 2;
         j++) { /* five standard errors, and the curvature that the linear part leaves out */
      double s = one->sigma[i * OUTPUTS + j];
      ck_assert_double_eq_tol(one->sample_sigma[i * OUTPUTS + j], s,
                              s * (5 / sqrt(2.0 * SAMPLES) + 0.02));
      ck_assert_double_eq_tol(one->sample_mean[i * OUTPUTS + j], one->value[i * OUTPUTS + j],
                              s * (5 / sqrt(1.0 * SAMPLES) + 0.05));
    }
  }
  ude_uncertain_result_free(one);
  ude_uncertain_result_free(many);
}
END_TEST

/* omega(t) = s cos(w t): its second difference over one sigma of g, by hand. */
START_TEST(curvature_is_measured) {
  static const ude_uncertain_input wide   = {true, 0, 3};
  ude_uncertain_result            *result = run(&wide, 1, NULL, NULL);
  double                           worst  = 0;
  for (int j = 0; j < 2; j++) {
    double largest = 0;
    for (int i = 0; i < TIMES; i++) {
      double value[3][2];
      double slope[2][3];
      for (int k = 0; k < 3; k++) {
        pendulum_exact(times[i], u0[1], p[0] + 3.0 * (k - 1), p[1], value[k], slope);
      }
      pendulum_exact(times[i], u0[1], p[0], p[1], value[1], slope);
      largest       = fmax(largest, fabs(slope[j][1]) * 3);
      double second = fabs(value[0][j] - 2 * value[1][j] + value[2][j]) / 2;
      worst         = fmax(worst, second > 0 ? second / largest : 0);
    }
  }
  ck_assert_double_gt(worst, 0.1);
  ck_assert_double_ge(result->curvature.ratio, worst * (1 - 1e-4));
  ck_assert_int_eq(result->curvature.input, 0);
  ude_uncertain_result_free(result);
}
END_TEST

/* One sigma below the mean g/L is no number: L = 0. */
static int fails_for_small_length(double *du, const double *u, const double *q, double t,
                                  void *context) {
  return q[1] < 0.5 ? -1 : pendulum(du, u, q, t, context);
}

START_TEST(failing_solves_are_findings) {
  static const ude_uncertain_input length  = {true, 1, 0.6};
  ude_vector_field                 field   = pendulum_field();
  ude_uncertain_options            options = {.samples = 50, .seed = 1};
  ude_uncertain_result            *result  = NULL;
  ude_error                        error   = {0};
  field.rhs.value                          = fails_for_small_length;
  ck_ok(ude_uncertain(&field, u0, p, 0, 1, times, 2, &length, 1, NULL, &options, &result, &error),
        &error);
  ck_assert(result->curvature.failed);
  ck_assert_int_gt(result->sample_failed, 0);
  ck_assert_int_eq(result->sample_failed + result->sample_count, 50);
  ude_uncertain_result_free(result);
}
END_TEST

START_TEST(every_step_without_times) {
  ude_vector_field      field  = pendulum_field();
  ude_uncertain_result *result = NULL;
  ude_error             error  = {0};
  ck_ok(ude_uncertain(&field, u0, p, 0, 1, NULL, 0, input, INPUTS, NULL, NULL, &result, &error),
        &error);
  ck_assert_int_eq(result->count, result->solve.steps + 1);
  ck_assert_double_eq(result->times[0], 0);
  ck_assert_double_eq(result->times[result->count - 1], 1);
  double value[OUTPUTS];
  double rows[OUTPUTS][INPUTS];
  exact_rows(1, value, rows);
  ck_assert_double_eq_tol(
      result->sigma[(result->count - 1) * OUTPUTS + 1],
      sqrt(rows[1][0] * rows[1][0] + rows[1][1] * rows[1][1] + rows[1][2] * rows[1][2]), 1e-9);
  ude_uncertain_result_free(result);
}
END_TEST

START_TEST(covariances_in) {
  /* x = 5 +- 0.1, y = -2 x + 10, z = -3 x */
  static const double covariance[9] = {.01, -.02, -.03, -.02, .04, .06, -.03, .06, .09};
  double              s[3];
  double              r[9];
  ude_error           error = {0};
  ck_ok(ude_uncertain_from_covariance(3, covariance, s, r, &error), &error);
  ck_arrays_close(s, ((double[]){.1, .2, .3}), 3, 1e-14, 0);
  ck_arrays_close(r, ((double[]){1, -1, -1, -1, 1, 1, -1, 1, 1}), 9, 1e-12, 0);
  ck_fails(ude_uncertain_from_covariance(2, ((double[]){1, 0.5, 0.4, 1}), s, r, &error),
           UDE_INVALID_ARGUMENT, &error, "not symmetric", "(1, 2)");
  ck_fails(ude_uncertain_from_covariance(2, ((double[]){1, 2, 2, 1}), s, r, &error),
           UDE_INVALID_ARGUMENT, &error, "more than", "(1, 2)");
  ck_fails(ude_uncertain_from_covariance(1, ((double[]){-1}), s, r, &error), UDE_INVALID_ARGUMENT,
           &error, "variance 1", "-1");
}
END_TEST

START_TEST(bad_inputs_are_named) {
  ude_vector_field      field  = pendulum_field();
  ude_uncertain_result *result = NULL;
  ude_error             error  = {0};
#define TRY(in, inputs, correlation, text1, text2)                                              \
  ck_fails(ude_uncertain(&field, u0, p, 0, 1, times, 2, in, inputs, correlation, NULL, &result, \
                         &error),                                                               \
           UDE_INVALID_ARGUMENT, &error, text1, text2);                                         \
  ck_assert_ptr_null(result)
  TRY(((ude_uncertain_input[]){{true, 3, 1}}), 1, NULL, "parameter 3", "has 3");
  TRY(((ude_uncertain_input[]){{false, -1, 1}}), 1, NULL, "state -1", "");
  TRY(((ude_uncertain_input[]){{true, 0, -1}}), 1, NULL, "p[0]", "not negative");
  TRY(((ude_uncertain_input[]){{true, 0, NAN}}), 1, NULL, "p[0]", "finite");
  TRY(((ude_uncertain_input[]){{true, 0, 1}, {true, 0, 2}}), 2, NULL, "p[0]", "twice");
  TRY(input, 2, ((double[]){1, 0.5, 0.4, 1}), "correlation (1, 2)", "symmetric");
  TRY(input, 3, ((double[]){1, 0.9, -0.9, 0.9, 1, 0.9, -0.9, 0.9, 1}), "contradict", "");
  ude_uncertain_options follow = {.from_initial = true};
  ck_fails(ude_uncertain(&field, u0, p, 0, 1, times, 2, input, 1, NULL, &follow, &result, &error),
           UDE_INVALID_ARGUMENT, &error, "u[1]", "initial");
  field.observe.jvp = NULL;
  ck_fails(ude_uncertain(&field, u0, p, 0, 1, times, 2, input, 1, NULL, NULL, &result, &error),
           UDE_UNSUPPORTED, &error, "observe", "");
  field.rhs.jvp           = NULL;
  field.observe           = (ude_map){0};
  field.observation.count = 0;
  ck_fails(ude_uncertain(&field, u0, p, 0, 1, times, 2, input, 1, NULL, NULL, &result, &error),
           UDE_UNSUPPORTED, &error, "rhs.jvp", "");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("uncertain");
  TCase *tcase = tcase_create("uncertain");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, independent_inputs);
  tcase_add_test(tcase, published_pendulum);
  tcase_add_test(tcase, correlated_inputs);
  tcase_add_test(tcase, full_correlation_cancels);
  tcase_add_test(tcase, initial_state_follows_parameters);
  tcase_add_test(tcase, samples_agree_with_the_linear_part);
  tcase_add_test(tcase, curvature_is_measured);
  tcase_add_test(tcase, failing_solves_are_findings);
  tcase_add_test(tcase, every_step_without_times);
  tcase_add_test(tcase, covariances_in);
  tcase_add_test(tcase, bad_inputs_are_named);
  return ude_check_run(suite);
}
