/* Training on samples: the known minimum, weights, threads, stopping and going on, what is refused. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch_field.h"
#include "fit_fields.h"

static ude_error error;

static ude_batch_options quick(void) {
  return (ude_batch_options){
      .batch = 50, .iterations = 3000, .rate = 0.05, .decay = 0.3, .seed = 7, .samples = 4000};
}

/* The mean square of the noise is 0.01; the line is found up to the noise of 50 samples times the last rate. */
START_TEST(comes_to_the_minimum) {
  ude_vector_field  field   = line_field();
  ude_batch_options options = quick();
  ude_batch_result  result;
  double            p[2] = {0, 0}, terms[2], again[2];
  ck_ok(ude_batch_fit(&field, &options, p, terms, &result, &error), &error);
  ck_assert_double_eq_tol(p[0], 2, 0.02);
  ck_assert_double_eq_tol(p[1], 1, 0.02);
  ck_assert_double_eq_tol(terms[0], 0.01, 0.001);
  ck_assert_double_eq_tol(terms[1], fabs(p[0] - 2), 1e-15);
  ck_assert_double_eq(result.loss, terms[0]); /* the metric does not count */
  ck_assert_double_gt(result.first_loss, 3);
  ck_assert_int_eq(result.iterations, 3000);
  ck_assert_int_eq(result.variables, 2);
  ck_ok(ude_batch_terms(&field, p, 4000, 7, 1, again, &error), &error);
  ck_assert_mem_eq(again, terms, sizeof terms);
}
END_TEST

/* E[(0.5 - x ...)] by hand: of the line 0 x + 0 the mean of (2x + 1)^2 is 13/3, and 0.01 for the noise. */
START_TEST(terms_are_means_over_samples) {
  ude_vector_field field = line_field();
  double           p[2]  = {0, 0}, terms[2];
  ck_ok(ude_batch_terms(&field, p, 200000, 3, 0, terms, &error), &error);
  ck_assert_double_eq_tol(terms[0], 13.0 / 3 + 0.01, 0.02); /* five deviations */
  ck_assert_double_eq(terms[1], 2);
}
END_TEST

START_TEST(threads_do_not_matter) {
  ude_vector_field field = line_field();
  double           p[3][2];
  for (int i = 0; i < 3; i++) {
    ude_batch_options options = quick();
    ude_batch_result  result;
    options.threads = i == 2 ? 7 : i + 1;
    p[i][0] = p[i][1] = 0;
    ck_ok(ude_batch_fit(&field, &options, p[i], NULL, &result, &error), &error);
  }
  ck_assert_mem_eq(p[0], p[1], sizeof p[0]);
  ck_assert_mem_eq(p[0], p[2], sizeof p[0]);
}
END_TEST

static bool stop_at(const ude_progress *progress, void *context) {
  return progress->done >= *(const int64_t *)context;
}

/* Stopped at two places and resumed: the same bits, and the whole history. */
START_TEST(resumed_to_the_same_bits) {
  ude_vector_field  field = line_field();
  ude_batch_options whole = quick();
  ude_batch_result  result;
  double            p[2] = {0, 0}, q[2] = {0, 0};
  char              folder[40], path[64];
  int64_t           places[3] = {500, 1730, INT64_MAX};
  ude_table        *history   = NULL;
  make_folder(folder);
  ck_ok(ude_batch_fit(&field, &whole, p, NULL, &result, &error), &error);
  ude_batch_options parts = quick();
  parts.folder            = folder;
  parts.resume            = true;
  parts.progress          = stop_at;
  for (int i = 0; i < 3; i++) {
    parts.progress_context = &places[i];
    q[0] = q[1]       = 0;
    ude_status status = ude_batch_fit(&field, &parts, q, NULL, &result, &error);
    ck_assert_int_eq(status, i < 2 ? UDE_INTERRUPTED : UDE_OK);
    ck_assert_int_eq(result.iterations, i < 2 ? places[i] : 3000);
  }
  ck_assert_mem_eq(p, q, sizeof p);
  snprintf(path, sizeof path, "%s/history.csv", folder);
  ck_ok(ude_table_read(path, &history, &error), &error);
  ck_assert_int_eq(history->rows, 300);
  for (int64_t i = 0; i < history->rows; i++) {
    ck_assert_double_eq(history->values[i * history->columns], (double)(10 * i));
  }
  ude_table_free(history);
  parts.seed = 8;
  ck_fails(ude_batch_fit(&field, &parts, q, NULL, &result, &error), UDE_BAD_DATA, &error,
           "is of another training", "");
  parts.seed = 7;
  snprintf(path, sizeof path, "%s/checkpoint.csv", folder);
  ck_ok(ude_file_write(path, "iteration,x\n1,nonsense\n", 23, &error), &error);
  ck_fails(ude_batch_fit(&field, &parts, q, NULL, &result, &error), UDE_BAD_DATA, &error,
           "'nonsense' is not a number", "");
  remove_folder(folder);
}
END_TEST

/* ------------------------------------------------------------------------------- weights -- */

/* Two terms that pull a to 1 and to 3 with weights w: the minimum of w0 (a - 1)^2 + w1 (a - 3)^2. */
static int pull_loss(double *y, const double *s, const double *p, double t, void *context) {
  (void)s;
  (void)t;
  const double *scale = context;
  y[0]                = (p[0] - 1) * (p[0] - 1);
  y[1]                = *scale * (p[0] - 3) * (p[0] - 3);
  return 0;
}

static int pull_vjp(const double *s, const double *p, double t, const double *y_bar, double *s_bar,
                    double *p_bar, double *t_bar, void *context) {
  (void)s;
  (void)t;
  (void)s_bar;
  (void)t_bar;
  const double *scale = context;
  p_bar[0] += 2 * (p[0] - 1) * y_bar[0] + 2 * *scale * (p[0] - 3) * y_bar[1];
  return 0;
}

static int pull_draw(double *sample, ude_rng *random, void *context) {
  (void)context;
  sample[0] = ude_rng_uniform(random);
  return 0;
}

static double pulled_in(double scale, const double *weights, bool balanced, int64_t iterations,
                        const char *folder) {
  ude_vector_field field = {
      .param  = {.count = 1},
      .terms  = {.count = 2},
      .sample = {.count = 1},
      .loss   = {.rows = 2, .columns = 1, .value = pull_loss, .vjp = pull_vjp, .context = &scale},
      .draw   = pull_draw};
  ude_batch_options options = {.batch      = 4,
                               .iterations = iterations,
                               .folder     = folder,
                               .rate       = 0.01,
                               .weights    = weights,
                               .balance    = balanced,
                               .samples    = 1};
  ude_batch_result  result;
  double            p = 0.2;
  ck_ok(ude_batch_fit(&field, &options, &p, NULL, &result, &error), &error);
  return p;
}

static double pulled(double scale, const double *weights) {
  return pulled_in(scale, weights, false, 4000, NULL);
}

START_TEST(weights_shift_the_minimum) {
  ck_assert_double_eq_tol(pulled(1, NULL), 2, 1e-3);
  ck_assert_double_eq_tol(pulled(1, (double[]){1, 3}), 2.5, 1e-3);
  ck_assert_double_eq_tol(pulled(1, (double[]){0, 1}), 3, 1e-3);
  ck_assert_double_eq_tol(pulled(1e-3, NULL), 1 + 2e-3 / 1.001, 1e-3);
}
END_TEST

/* The rule at the first iteration, where a = 0.2: gradients 2 (a - 1) and 2 scale (a - 3). */
START_TEST(balance_follows_the_rule) {
  char       folder[40], path[64];
  ude_table *table = NULL;
  make_folder(folder);
  snprintf(path, sizeof path, "%s/checkpoint.csv", folder);
  for (double scale = 1e-4; scale < 1e5; scale *= 100) {
    pulled_in(scale, NULL, true, 1, folder);
    ck_ok(ude_table_read(path, &table, &error), &error);
    int64_t column = ude_table_column(table, "weight");
    ck_assert_double_eq(table->values[column], 1);
    double weight = table->values[table->columns + column];
    double wanted = 0.9 + 0.1 * 1.6 / (5.6 * scale);
    ck_assert_double_eq_tol(weight, wanted, 1e-13 * wanted);
    ude_table_free(table);
  }
  remove_folder(folder);
}
END_TEST

/* -------------------------------------------------------------------------------- failures -- */

static int calls;

static int sometimes(double *y, const double *s, const double *p, double t, void *context) {
  return line_loss(y, s, p, t, context);
}

static int sometimes_vjp(const double *s, const double *p, double t, const double *y_bar,
                         double *s_bar, double *p_bar, double *t_bar, void *context) {
  int code = line_vjp(s, p, t, y_bar, s_bar, p_bar, t_bar, context);
  if (++calls % 997 == 0) {
    p_bar[0] = (double)NAN;
  }
  return code;
}

START_TEST(survives_gradients_that_are_not_finite) {
  ude_vector_field  field   = line_field();
  ude_batch_options options = quick();
  ude_batch_result  result;
  double            p[2] = {0, 0};
  field.loss.value       = sometimes;
  field.loss.vjp         = sometimes_vjp;
  options.threads        = 1;
  calls                  = 0;
  ck_ok(ude_batch_fit(&field, &options, p, NULL, &result, &error), &error);
  ck_assert_int_gt(result.failed, 100);
  ck_assert_double_eq_tol(p[0], 2, 0.03);
}
END_TEST

static int nowhere(double *y, const double *s, const double *p, double t, void *context) {
  int code = line_loss(y, s, p, t, context);
  y[0]     = (double)NAN;
  return code;
}

static int never(double *sample, ude_rng *random, void *context) {
  (void)sample;
  (void)random;
  (void)context;
  return -1;
}

START_TEST(refuses) {
  ude_vector_field  field   = line_field();
  ude_batch_options options = quick();
  ude_batch_result  result;
  double            p[2] = {0.25, 0}, terms[2];
  field.loss.value       = nowhere;
  ck_fails(ude_batch_fit(&field, &options, p, NULL, &result, &error), UDE_NUMERICAL, &error,
           "not finite at the start", "");
  field      = line_field();
  field.draw = never;
  ck_fails(ude_batch_fit(&field, &options, p, NULL, &result, &error), UDE_NUMERICAL, &error,
           "not finite at the start", "");
  ck_fails(ude_batch_terms(&field, p, 10, 0, 0, terms, &error), UDE_NUMERICAL, &error,
           "cannot be evaluated", "");
  field.draw = NULL;
  ck_fails(ude_batch_fit(&field, &options, p, NULL, &result, &error), UDE_INVALID_ARGUMENT, &error,
           "draw is missing", "");
  field          = line_field();
  field.loss.vjp = NULL;
  ck_fails(ude_batch_fit(&field, &options, p, NULL, &result, &error), UDE_UNSUPPORTED, &error,
           "transposed", "");
  field         = line_field();
  options.batch = -1;
  ck_fails(ude_batch_fit(&field, &options, p, NULL, &result, &error), UDE_INVALID_ARGUMENT, &error,
           "must not be negative", "");
  options         = quick();
  options.weights = (double[]){-1, 0};
  ck_fails(ude_batch_fit(&field, &options, p, NULL, &result, &error), UDE_INVALID_ARGUMENT, &error,
           "must not be negative", "");
  ck_fails(ude_batch_terms(&field, p, 0, 0, 0, terms, &error), UDE_INVALID_ARGUMENT, &error,
           "at least one sample", "");
  ck_assert_double_eq(p[0], 0.25);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("batch");
  TCase *all   = tcase_create("all");
  tcase_set_timeout(all, 60);
  tcase_add_test(all, comes_to_the_minimum);
  tcase_add_test(all, terms_are_means_over_samples);
  tcase_add_test(all, threads_do_not_matter);
  tcase_add_test(all, resumed_to_the_same_bits);
  tcase_add_test(all, weights_shift_the_minimum);
  tcase_add_test(all, balance_follows_the_rule);
  tcase_add_test(all, survives_gradients_that_are_not_finite);
  tcase_add_test(all, refuses);
  suite_add_tcase(suite, all);
  return ude_check_run(suite);
}
