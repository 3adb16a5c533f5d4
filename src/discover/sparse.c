/* Sparse regression of one model: structures by thresholds, their choice, least squares on them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/sparse.h"

static const char *const names[] = {
    [UDE_SPARSE_STLSQ] = "stlsq", [UDE_SPARSE_SR3] = "sr3", [UDE_SPARSE_SR3_L1] = "sr3-l1"};

static const double RCOND = 1e-11;

/* Largest support that elimination starts from. */
enum { SWEEP = 61, PRUNE_FROM = 80, PRUNE_ALL = 12 };

const char *ude_sparse_method_name(ude_sparse_method method) {
  return (size_t)method < sizeof names / sizeof names[0] ? names[method] : "unknown";
}

ude_status ude_sparse_method_parse(const char *name, ude_sparse_method *method, ude_error *error) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (name && strcmp(name, names[i]) == 0) {
      *method = (ude_sparse_method)i;
      return UDE_OK;
    }
  }
  return ude_fail(error, UDE_INVALID_ARGUMENT,
                  "unknown sparse regression '%s'; known are stlsq, sr3, sr3-l1", name ? name : "");
}

double sparse_bound(const sparse *s, int64_t target, int64_t term, double relative) {
  const regression *r = &s->target[target];
  double by = relative > 0 ? relative : s->options.threshold > 0 ? 0 : s->options.relative;
  return by > 0 ? by * r->target_norm : s->options.threshold * r->norms[term];
}

double sparse_criterion(const sparse *s, int64_t target, int64_t count, double residual) {
  const regression *r     = &s->target[target];
  double            n     = s->effective[target];
  double            size  = r->target_norm / sqrt((double)r->observations);
  double            floor = fmax(s->options.accuracy * size, 1e-150);
  return ude_criterion_value(s->options.criterion, n * log(residual * residual + floor * floor),
                             (int64_t)n, count + 1, ude_log_choose(s->terms, count));
}

/* ------------------------------------------------------------------------------- the problem -- */

static void sparse_close(sparse *s) {
  for (int64_t k = 0; s->target && k < s->targets; k++) {
    regression_free(&s->target[k]);
  }
  free(s->target);
  free(s->effective);
}

/* All targets beside the candidates, compressed together: one QR of the tall matrix. */
static ude_status compress(int64_t rows, int64_t terms, int64_t targets, const double *theta,
                           const double *target, double **r, ude_error *error) {
  int64_t    wide   = terms + targets;
  double    *tall   = ude_calloc((size_t)rows * (size_t)wide, sizeof *tall);
  ude_status status = UDE_OK;
  *r                = ude_calloc((size_t)wide * (size_t)wide, sizeof **r);
  if (!tall || !*r) {
    status = ude_fail_memory(error, "a sparse regression");
  }
  for (int64_t i = 0; i < rows && !status; i++) {
    memcpy(tall + i * wide, theta + i * terms, (size_t)terms * sizeof *tall);
    memcpy(tall + i * wide + terms, target + i * targets, (size_t)targets * sizeof *tall);
  }
  if (!status && rows > wide) {
    status = ude_qr_factor(rows, wide, tall, *r, error);
  } else if (!status) {
    memcpy(*r, tall, (size_t)rows * (size_t)wide * sizeof *tall);
  }
  free(tall);
  return status;
}

static ude_status sparse_open(int64_t rows, int64_t terms, int64_t targets, const double *theta,
                              const double *target, const ude_sparse_options *options,
                              const double *share, sparse *s, ude_error *error) {
  *s                = (sparse){.terms = terms, .targets = targets, .options = *options};
  int64_t wide      = terms + targets;
  int64_t kept      = rows < wide ? rows : wide;
  double *r         = NULL;
  double *work      = ude_calloc((size_t)kept, (size_t)(terms + 1) * sizeof *work);
  s->target         = ude_calloc((size_t)targets, sizeof *s->target);
  s->effective      = ude_calloc((size_t)targets, sizeof *s->effective);
  ude_status status = s->target && s->effective && work
                          ? compress(rows, terms, targets, theta, target, &r, error)
                          : ude_fail_memory(error, "a sparse regression");
  for (int64_t k = 0; k < targets && !status; k++) {
    double *y = work + kept * terms;
    for (int64_t i = 0; i < kept; i++) {
      memcpy(work + i * terms, r + i * wide, (size_t)terms * sizeof *work);
      y[i] = r[i * wide + terms + k];
    }
    status                    = regression_create(kept, terms, work, y, NULL, &s->target[k], error);
    s->target[k].observations = rows;
    s->effective[k]           = fmax(1, (double)rows * (share ? share[k] : 1));
  }
  free(r);
  free(work);
  if (status) {
    sparse_close(s);
    *s = (sparse){0};
  }
  return status;
}

/* ---------------------------------------------------------------------------------- structures -- */

/* Least squares with ridge |coefficients|^2 in their own units, columns of norm one. */
static ude_status ridge_solve(regression *r, double ridge, int64_t count, const int64_t *chosen,
                              ude_error *error) {
  ude_least_squares_info info;
  if (!(ridge > 0) || count == 0) {
    return regression_solve(r, count, chosen, RCOND, &info, error);
  }
  int64_t rows = r->rows + count;
  double *a    = ude_calloc((size_t)rows * (size_t)count, sizeof *a);
  double *b    = ude_calloc((size_t)rows, sizeof *b);
  if (!a || !b) {
    free(a);
    free(b);
    return ude_fail_memory(error, "a ridge regression");
  }
  memcpy(b, r->columns + r->terms * r->rows, (size_t)r->rows * sizeof *b);
  for (int64_t k = 0; k < count; k++) {
    for (int64_t i = 0; i < r->rows; i++) {
      a[i * count + k] = r->columns[chosen[k] * r->rows + i];
    }
    a[(r->rows + k) * count + k] = sqrt(ridge) / r->norms[chosen[k]];
  }
  ude_status status = ude_least_squares(rows, count, a, b, RCOND, r->solution, NULL, &info, error);
  free(a);
  free(b);
  return status;
}

static ude_status stlsq(const sparse *s, int64_t target, double relative, int64_t *chosen,
                        int64_t *count, ude_error *error) {
  regression *r = &s->target[target];
  *count        = 0;
  for (int64_t j = 0; j < s->terms; j++) {
    if (r->norms[j] > 0) {
      chosen[(*count)++] = j;
    }
  }
  int64_t limit = s->options.iterations > 0 ? s->options.iterations : 100;
  for (int64_t pass = 0; pass < limit && *count > 0; pass++) {
    ude_status status = ridge_solve(r, s->options.ridge, *count, chosen, error);
    if (status) {
      return status;
    }
    int64_t kept = 0;
    for (int64_t k = 0; k < *count; k++) {
      double size = fabs(r->solution[k]);
      if (size > 0 && size >= sparse_bound(s, target, chosen[k], relative)) {
        chosen[kept++] = chosen[k];
      }
    }
    if (kept == *count) {
      break;
    }
    *count = kept;
  }
  return UDE_OK;
}

static ude_status structure_at(const sparse *s, int64_t target, double relative, int64_t *chosen,
                               int64_t *count, ude_error *error) {
  return s->options.method == UDE_SPARSE_STLSQ
             ? stlsq(s, target, relative, chosen, count, error)
             : sparse_sr3(s, target, relative, chosen, count, error);
}

/* The supports of a sweep, and what elimination finds from the largest and the small ones of them. */
static ude_status sweep(const sparse *s, int64_t target, int64_t *chosen, ude_support_list *list,
                        ude_error *error) {
  regression *r       = &s->target[target];
  ude_status  status  = UDE_OK;
  int64_t     largest = -1;
  for (int i = 0; i < SWEEP && !status; i++) {
    double  relative = 1e-5 * pow(1e5, (double)i / (SWEEP - 1));
    int64_t count    = 0;
    status           = structure_at(s, target, relative, chosen, &count, error);
    status = status ? status : regression_collect(r, count, chosen, RCOND, relative, list, error);
  }
  int64_t swept = list->count;
  for (int64_t i = 0; i < swept; i++) {
    int64_t size = list->supports[i].count;
    if (size <= PRUNE_FROM && (largest < 0 || size > list->supports[largest].count)) {
      largest = i;
    }
  }
  for (int64_t i = 0; i < swept && !status; i++) {
    int64_t size = list->supports[i].count;
    if (size > 0 && (i == largest || size <= PRUNE_ALL)) {
      memcpy(chosen, list->supports[i].terms, (size_t)size * sizeof *chosen);
      status = regression_prune(r, size, chosen, RCOND, list, error);
    }
  }
  return status;
}

static ude_status choose(const sparse *s, int64_t target, int64_t *chosen, double *coefficients,
                         ude_error *error) {
  ude_support_list  *list   = ude_calloc(1, sizeof *list);
  ude_status         status = list ? sweep(s, target, chosen, list, error)
                                   : ude_fail_memory(error, "a sweep over thresholds");
  const ude_support *best   = NULL;
  double             least  = (double)INFINITY;
  for (int64_t i = 0; !status && i < list->count; i++) {
    const ude_support *x = &list->supports[i];
    if (s->options.max_terms > 0 && x->count > s->options.max_terms) {
      continue;
    }
    double value = sparse_criterion(s, target, x->count, x->residual);
    if (!best || value < least) {
      best  = x;
      least = value;
    }
  }
  for (int64_t k = 0; best && k < best->count; k++) {
    coefficients[best->terms[k]] = best->coefficients[k];
  }
  ude_support_list_free(list);
  return status;
}

ude_status sparse_fit(int64_t rows, int64_t terms, int64_t targets, const double *theta,
                      const double *target, const ude_sparse_options *options, const double *share,
                      double *coefficients, ude_error *error) {
  sparse     s;
  ude_status status = sparse_open(rows, terms, targets, theta, target, options, share, &s, error);
  int64_t   *chosen = ude_calloc((size_t)terms, sizeof *chosen);
  if (!status && !chosen) {
    status = ude_fail_memory(error, "a sparse regression");
  }
  memset(coefficients, 0, (size_t)(terms * targets) * sizeof *coefficients);
  if (!status && options->constraint_count > 0) {
    status = sparse_constrained(&s, coefficients, error);
  } else {
    for (int64_t k = 0; k < targets && !status; k++) {
      double *to = coefficients + k * terms;
      if (options->threshold > 0 || options->relative > 0) {
        int64_t count = 0;
        status        = structure_at(&s, k, 0, chosen, &count, error);
        ude_least_squares_info info;
        status =
            status ? status : regression_solve(&s.target[k], count, chosen, RCOND, &info, error);
        for (int64_t i = 0; !status && i < count; i++) {
          to[chosen[i]] = s.target[k].solution[i] / s.target[k].norms[chosen[i]];
        }
      } else {
        status = choose(&s, k, chosen, to, error);
      }
    }
  }
  free(chosen);
  sparse_close(&s);
  return status;
}

/* --------------------------------------------------------------------------------- the answer -- */

static double residual_of(const regression *r, const double *coefficients) {
  double sum = 0;
  for (int64_t i = 0; i < r->rows; i++) {
    double y = r->columns[r->terms * r->rows + i];
    for (int64_t j = 0; j < r->terms; j++) {
      y -= r->columns[j * r->rows + i] * coefficients[j] * r->norms[j];
    }
    sum += y * y;
  }
  return sqrt(sum / (double)r->observations);
}

ude_status sparse_refit(int64_t rows, int64_t terms, int64_t targets, const double *theta,
                        const double *target, const ude_sparse_options *options,
                        const double *share, double *coefficients, double *residual,
                        double *criterion, ude_error *error) {
  sparse     s;
  ude_status status = sparse_open(rows, terms, targets, theta, target, options, share, &s, error);
  if (status) {
    return status;
  }
  bool    *mask   = ude_calloc((size_t)(terms * targets), sizeof *mask);
  int64_t *chosen = ude_calloc((size_t)terms, sizeof *chosen);
  status          = mask && chosen ? UDE_OK : ude_fail_memory(error, "a sparse regression");
  for (int64_t i = 0; !status && i < terms * targets; i++) {
    mask[i] = coefficients[i] != 0;
  }
  if (!status && options->constraint_count > 0) {
    status = sparse_constrained_solve(&s, mask, coefficients, error);
  }
  for (int64_t k = 0; k < targets && !status; k++) {
    regression *r     = &s.target[k];
    double     *to    = coefficients + k * terms;
    int64_t     count = 0;
    for (int64_t j = 0; j < terms; j++) {
      if (mask[k * terms + j]) {
        chosen[count++] = j;
      }
    }
    if (options->constraint_count == 0) {
      ude_least_squares_info info;
      status = regression_solve(r, count, chosen, RCOND, &info, error);
      for (int64_t i = 0; i < count && !status; i++) {
        to[chosen[i]] = r->norms[chosen[i]] > 0 ? r->solution[i] / r->norms[chosen[i]] : 0;
      }
    }
    if (!status) {
      double rest  = residual_of(r, to);
      residual[k]  = rest;
      criterion[k] = sparse_criterion(&s, k, count, rest);
    }
  }
  free(mask);
  free(chosen);
  sparse_close(&s);
  return status;
}
