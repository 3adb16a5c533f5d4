/* Least squares over chosen candidates, and lists of the supports that came out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/regression.h"

void regression_free(regression *problem) {
  free(problem->columns);
  free(problem->norms);
  free(problem->gathered);
  free(problem->solution);
  free(problem->covariance);
  *problem = (regression){0};
}

static double column_norm(int64_t rows, const double *column) {
  double scale = 0;
  double sum   = 0;
  for (int64_t i = 0; i < rows; i++) {
    scale = fmax(scale, fabs(column[i]));
  }
  for (int64_t i = 0; i < rows && scale > 0; i++) {
    sum += (column[i] / scale) * (column[i] / scale);
  }
  return scale * sqrt(sum);
}

/* The weighted problem, candidates of norm one and the target beside one another, row-major. */
static ude_status fill_scaled(int64_t rows, int64_t terms, const double *theta,
                              const double *target, const double *weights, regression *problem,
                              double *tall, ude_error *error) {
  double *column = problem->columns; /* large enough: one column of `rows` before compression */
  for (int64_t j = 0; j <= terms; j++) {
    for (int64_t i = 0; i < rows; i++) {
      double root = weights ? sqrt(weights[i]) : 1;
      column[i]   = root * (j < terms ? theta[i * terms + j] : target[i]);
    }
    double norm = column_norm(rows, column);
    if (!isfinite(norm)) {
      return j < terms
                 ? ude_fail(error, UDE_NUMERICAL,
                            "regression: candidate %lld is not finite on all samples", (long long)j)
                 : ude_fail(error, UDE_NUMERICAL,
                            "regression: the target is not finite on all samples");
    }
    if (j == terms) {
      problem->target_norm = norm;
    } else {
      problem->norms[j] = norm;
    }
    double scale = j < terms && norm > 0 ? 1 / norm : 1;
    for (int64_t i = 0; i < rows; i++) {
      tall[i * (terms + 1) + j] = scale * column[i];
    }
  }
  return UDE_OK;
}

ude_status regression_create(int64_t rows, int64_t terms, const double *theta, const double *target,
                             const double *weights, regression *problem, ude_error *error) {
  *problem = (regression){.observations = rows, .terms = terms};
  if (rows < 1 || terms < 1 || terms > UDE_MAX_TERMS || !theta || !target) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "regression: %lld samples and %lld candidates; at least one of each, at most "
                    "%d candidates",
                    (long long)rows, (long long)terms, UDE_MAX_TERMS);
  }
  for (int64_t i = 0; weights && i < rows; i++) {
    if (!(weights[i] > 0) || !isfinite(weights[i])) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "regression: weight %lld is %g; weights must be positive", (long long)i,
                      weights[i]);
    }
  }
  int64_t wide      = terms + 1;
  int64_t kept      = rows < wide ? rows : wide;
  problem->rows     = kept;
  double *tall      = ude_calloc((size_t)rows * (size_t)wide, sizeof *tall);
  double *r         = ude_calloc((size_t)kept * (size_t)wide, sizeof *r);
  problem->columns  = ude_calloc((size_t)(rows > kept * wide ? rows : kept * wide), sizeof *r);
  problem->norms    = ude_calloc((size_t)terms, sizeof *r);
  problem->gathered = ude_calloc((size_t)kept * (size_t)terms, sizeof *r);
  problem->solution = ude_calloc((size_t)terms, sizeof *r);
  ude_status status = UDE_OK;
  if (!tall || !r || !problem->columns || !problem->norms || !problem->gathered ||
      !problem->solution) {
    status = ude_fail_memory(error, "a sparse regression");
  } else {
    status = fill_scaled(rows, terms, theta, target, weights, problem, tall, error);
    if (!status && rows > wide) {
      status = ude_qr_factor(rows, wide, tall, r, error);
    } else if (!status) {
      memcpy(r, tall, (size_t)rows * (size_t)wide * sizeof *r);
    }
    for (int64_t i = 0; i < kept && !status; i++) {
      for (int64_t j = 0; j < wide; j++) {
        problem->columns[j * kept + i] = r[i * wide + j];
      }
    }
  }
  free(tall);
  free(r);
  if (status) {
    regression_free(problem);
  }
  return status;
}

static ude_status solve_chosen(regression *problem, int64_t count, const int64_t *chosen,
                               double rcond, double *covariance, ude_least_squares_info *info,
                               ude_error *error) {
  const double *target = problem->columns + problem->terms * problem->rows;
  if (count == 0) {
    *info =
        (ude_least_squares_info){.residual = column_norm(problem->rows, target), .condition = 1};
    return UDE_OK;
  }
  for (int64_t k = 0; k < count; k++) {
    const double *column = problem->columns + chosen[k] * problem->rows;
    for (int64_t i = 0; i < problem->rows; i++) {
      problem->gathered[i * count + k] = column[i];
    }
  }
  return ude_least_squares(problem->rows, count, problem->gathered, target, rcond,
                           problem->solution, covariance, info, error);
}

ude_status regression_solve(regression *problem, int64_t count, const int64_t *chosen, double rcond,
                            ude_least_squares_info *info, ude_error *error) {
  return solve_chosen(problem, count, chosen, rcond, NULL, info, error);
}

/* Distinct supports only: true if it is in the list. */
static bool contains(const ude_support_list *list, int64_t count, const int64_t *chosen) {
  for (int64_t i = 0; i < list->count; i++) {
    const ude_support *other = &list->supports[i];
    if (other->count == count &&
        (count == 0 || memcmp(other->terms, chosen, (size_t)count * sizeof *chosen) == 0)) {
      return true;
    }
  }
  return false;
}

ude_status regression_collect(regression *problem, int64_t count, const int64_t *chosen,
                              double rcond, double threshold, ude_support_list *list,
                              ude_error *error) {
  if (contains(list, count, chosen)) {
    return UDE_OK;
  }
  ude_least_squares_info info;
  ude_status             status = regression_solve(problem, count, chosen, rcond, &info, error);
  if (status) {
    return status;
  }
  ude_support *grown = ude_realloc(list->supports, (size_t)list->count + 1, sizeof *list->supports);
  if (!grown) {
    return ude_fail_memory(error, "the list of supports");
  }
  list->supports     = grown;
  ude_support *last  = &list->supports[list->count];
  *last              = (ude_support){.count = count, .threshold = threshold};
  last->terms        = ude_calloc((size_t)count, sizeof *last->terms);
  last->coefficients = ude_calloc((size_t)count, sizeof *last->coefficients);
  list->count++;
  if (!last->terms || !last->coefficients) {
    return ude_fail_memory(error, "a support");
  }
  for (int64_t k = 0; k < count; k++) {
    double norm           = problem->norms[chosen[k]];
    last->terms[k]        = chosen[k];
    last->coefficients[k] = norm > 0 ? problem->solution[k] / norm : 0;
  }
  /* An exact fit must not win by -infinity: below the rounding of the solve nothing is known. */
  double  n        = (double)problem->observations;
  double  rounding = 1e-12 * problem->target_norm;
  double  rest     = fmax(fmax(info.residual, rounding), 1e-300);
  double  deviance = 2 * n * log(rest / sqrt(n));
  int64_t fitted   = count + 1; /* with the variance */
  double  choice   = ude_log_choose(problem->terms, count);
  last->residual   = info.residual / sqrt(n);
  last->aicc =
      ude_criterion_value(UDE_CRITERION_AICC, deviance, problem->observations, fitted, choice);
  last->bic =
      ude_criterion_value(UDE_CRITERION_BIC, deviance, problem->observations, fitted, choice);
  last->ebic =
      ude_criterion_value(UDE_CRITERION_EBIC, deviance, problem->observations, fitted, choice);
  return UDE_OK;
}

ude_status regression_prune(regression *problem, int64_t count, int64_t *chosen, double rcond,
                            ude_support_list *list, ude_error *error) {
  size_t square = (size_t)problem->terms * (size_t)problem->terms;
  if (!problem->covariance && !(problem->covariance = ude_calloc(square, sizeof(double)))) {
    return ude_fail_memory(error, "a backward elimination");
  }
  while (count > 0) {
    ude_least_squares_info info;
    ude_status             status =
        solve_chosen(problem, count, chosen, rcond, problem->covariance, &info, error);
    if (status) {
      return status;
    }
    /* Without term k the squared residual grows by x_k^2 / C_kk; columns beyond the rank go first.
     */
    int64_t weakest = 0;
    double  least   = (double)INFINITY;
    for (int64_t k = 0; k < count; k++) {
      double variance = problem->covariance[k * count + k];
      double loss     = variance > 0 ? problem->solution[k] * problem->solution[k] / variance : -1;
      if (loss < least) {
        least   = loss;
        weakest = k;
      }
    }
    memmove(chosen + weakest, chosen + weakest + 1, (size_t)(count - 1 - weakest) * sizeof *chosen);
    count--;
    status = regression_collect(problem, count, chosen, rcond, (double)NAN, list, error);
    if (status) {
      return status;
    }
  }
  return UDE_OK;
}

static int by_size_then_residual(const void *a, const void *b) {
  const ude_support *one = a;
  const ude_support *two = b;
  if (one->count != two->count) {
    return one->count < two->count ? -1 : 1;
  }
  return (one->residual > two->residual) - (one->residual < two->residual);
}

void support_list_sort(ude_support_list *list) {
  if (list->count > 1) {
    qsort(list->supports, (size_t)list->count, sizeof *list->supports, by_size_then_residual);
  }
}

void ude_support_list_free(ude_support_list *list) {
  if (!list) {
    return;
  }
  for (int64_t i = 0; i < list->count; i++) {
    free(list->supports[i].terms);
    free(list->supports[i].coefficients);
  }
  free(list->supports);
  free(list);
}
