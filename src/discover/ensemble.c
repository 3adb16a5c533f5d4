/* Many sparse regressions on resampled data. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/sparse.h"

/* U. Fasel, J. N. Kutz, B. W. Brunton, S. L. Brunton, Proc. R. Soc. A 478 (2022) 20210904: bagging of rows, and of candidates. */
typedef struct ensemble {
  int64_t                   rows, terms, targets;
  const double             *theta, *target, *share;
  const ude_sparse_options *options;
  double                   *coefficients; /* [models][targets][terms] */
  bool                     *had;          /* [models][terms] */
  ude_status               *status;       /* [models] */
  ude_error                *errors;       /* [models] */
} ensemble;

/* The candidates of model m: all but `drop` drawn ones. */
static int64_t draw_terms(const ensemble *e, size_t m, int64_t *kept) {
  bool   *had = e->had + m * (size_t)e->terms;
  ude_rng rng = ude_rng_make(e->options->seed, 2 * m);
  memset(had, true, (size_t)e->terms * sizeof *had);
  for (int64_t left = e->options->drop; left > 0;) {
    int64_t j = (int64_t)(ude_rng_uniform(&rng) * (double)e->terms);
    left -= had[j];
    had[j] = false;
  }
  int64_t count = 0;
  for (int64_t j = 0; j < e->terms; j++) {
    if (had[j]) {
      kept[count++] = j;
    }
  }
  return count;
}

static ude_status one_model(const ensemble *e, size_t m, ude_error *error) {
  ude_sparse_options options = *e->options;
  int64_t            targets = e->targets;
  int64_t           *kept    = ude_calloc((size_t)e->terms, sizeof *kept);
  if (!kept) {
    return ude_fail_memory(error, "a model of an ensemble");
  }
  int64_t    terms  = draw_terms(e, m, kept);
  size_t     equal  = (size_t)(options.constraint_count * targets * terms);
  double    *theta  = ude_calloc((size_t)e->rows * (size_t)terms, sizeof *theta);
  double    *target = ude_calloc((size_t)e->rows * (size_t)targets, sizeof *target);
  double    *found  = ude_calloc((size_t)(terms * targets), sizeof *found);
  double    *equals = ude_calloc(equal, sizeof *equals);
  ude_status status = theta && target && found && equals
                          ? UDE_OK
                          : ude_fail_memory(error, "a model of an ensemble");
  ude_rng    rng    = ude_rng_make(options.seed, 2 * m + 1);
  for (int64_t i = 0; i < e->rows && !status; i++) {
    int64_t row = options.all_rows ? i : (int64_t)(ude_rng_uniform(&rng) * (double)e->rows);
    for (int64_t j = 0; j < terms; j++) {
      theta[i * terms + j] = e->theta[row * e->terms + kept[j]];
    }
    memcpy(target + i * targets, e->target + row * targets, (size_t)targets * sizeof *target);
  }
  for (int64_t c = 0; c < options.constraint_count * targets && !status; c++) {
    for (int64_t j = 0; j < terms; j++) {
      equals[c * terms + j] = options.constraints[c * e->terms + kept[j]];
    }
  }
  options.constraints = equals;
  status =
      status ? status
             : sparse_fit(e->rows, terms, targets, theta, target, &options, e->share, found, error);
  for (int64_t k = 0; k < targets && !status; k++) {
    for (int64_t j = 0; j < terms; j++) {
      e->coefficients[((int64_t)m * targets + k) * e->terms + kept[j]] = found[k * terms + j];
    }
  }
  free(kept);
  free(theta);
  free(target);
  free(found);
  free(equals);
  return status;
}

static void work(size_t m, void *context) {
  ensemble *e  = context;
  e->status[m] = one_model(e, m, &e->errors[m]);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Inclusion, spread and median of coefficient `at`; values double[models] is work. */
static void aggregate(const ensemble *e, int64_t at, double *values, ude_sparse_result *result) {
  int64_t all   = e->terms * e->targets;
  int64_t had   = 0;
  int64_t kept  = 0;
  double  sum   = 0;
  double  sum_2 = 0;
  for (int64_t m = 0; m < e->options->models; m++) {
    double x = e->coefficients[m * all + at];
    had += e->had[m * e->terms + at % e->terms];
    if (x != 0) {
      values[kept++] = x;
      sum += x;
      sum_2 += x * x;
    }
  }
  if (kept == 0) {
    return;
  }
  double n              = (double)kept;
  result->inclusion[at] = n / (double)had;
  result->spread[at]    = kept > 1 ? sqrt(fmax(0, (sum_2 - sum * sum / n) / (n - 1))) : 0;
  qsort(values, (size_t)kept, sizeof *values, ascending);
  double median = (values[(kept - 1) / 2] + values[kept / 2]) / 2;
  if (result->inclusion[at] >= e->options->inclusion) {
    result->coefficients[at] = median != 0 ? median : values[0];
  }
}

ude_status sparse_ensemble(int64_t rows, const double *theta, const double *target,
                           const ude_sparse_options *options, const double *share,
                           ude_sparse_result *result, ude_error *error) {
  size_t     models = (size_t)options->models;
  size_t     all    = (size_t)(result->terms * result->targets);
  ensemble   e      = {.rows         = rows,
                       .terms        = result->terms,
                       .targets      = result->targets,
                       .theta        = theta,
                       .target       = target,
                       .share        = share,
                       .options      = options,
                       .coefficients = ude_calloc(models, all * sizeof(double)),
                       .had          = ude_calloc(models, (size_t)result->terms * sizeof(bool)),
                       .status       = ude_calloc(models, sizeof(ude_status)),
                       .errors       = ude_calloc(models, sizeof(ude_error))};
  double    *values = ude_calloc(models, sizeof *values);
  ude_status status = e.coefficients && e.had && e.status && e.errors && values
                          ? UDE_OK
                          : ude_fail_memory(error, "an ensemble");
  if (!status) {
    ude_parallel(models, options->threads, work, &e);
  }
  for (size_t m = 0; m < models && !status; m++) {
    status = e.status[m];
    if (status) {
      ude_fail(error, status, "model %zu of the ensemble: %s", m + 1, e.errors[m].message);
    }
  }
  for (size_t at = 0; at < all && !status; at++) {
    aggregate(&e, (int64_t)at, values, result);
  }
  free(e.coefficients);
  free(e.had);
  free(e.status);
  free(e.errors);
  free(values);
  return status;
}
