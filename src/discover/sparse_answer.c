/* Sparse regression: what is asked is checked, one model or an ensemble made, the answer fitted. */
#include <math.h>
#include <stdlib.h>

#include "discover/sparse.h"

/* Errors that carry on from row to row tell less than independent ones: with the correlation c of neighbours as in an
 * autoregressive process of order 1, n rows are worth n (1 - c)/(1 + c). From the residuals of all candidates together. */
static ude_status serial_share(int64_t rows, int64_t terms, int64_t targets, const double *theta,
                               const double *target, double *share, ude_error *error) {
  const ude_sparse_options plain = {0};
  double                  *all   = ude_calloc((size_t)(terms * targets), sizeof *all);
  double                  *rest  = ude_calloc((size_t)targets, 2 * sizeof *rest);
  ude_status status = all && rest ? UDE_OK : ude_fail_memory(error, "a sparse regression");
  for (int64_t i = 0; !status && i < terms * targets; i++) {
    all[i] = 1;
  }
  status = status ? status
                  : sparse_refit(rows, terms, targets, theta, target, &plain, NULL, all, rest,
                                 rest + targets, error);
  for (int64_t k = 0; k < targets && !status; k++) {
    double square = 0;
    double lagged = 0;
    double before = 0;
    for (int64_t i = 0; i < rows; i++) {
      double r = target[i * targets + k];
      for (int64_t j = 0; j < terms; j++) {
        r -= theta[i * terms + j] * all[k * terms + j];
      }
      square += r * r;
      lagged += r * before;
      before = r;
    }
    double c = square > 0 ? lagged / square : 0;
    c        = c < 0 ? 0 : c;
    share[k] = fmax((1 - c) / (1 + c), fmin(1, 4.0 * (double)terms / (double)rows));
  }
  free(all);
  free(rest);
  return status;
}

static ude_status check(int64_t rows, int64_t terms, int64_t targets, const double *theta,
                        const double *target, const ude_sparse_options *o, ude_error *error) {
  if (rows < 1 || terms < 1 || targets < 1 || terms > UDE_MAX_TERMS || !theta || !target) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "sparse regression: %lld rows, %lld candidates, %lld targets; at least one of "
                    "each, at most "
                    "%d candidates",
                    (long long)rows, (long long)terms, (long long)targets, UDE_MAX_TERMS);
  }
  bool good = o->threshold >= 0 && o->relative >= 0 && o->ridge >= 0 && o->nu >= 0 &&
              o->accuracy >= 0 && o->iterations >= 0 && o->models >= 0 && o->drop >= 0 &&
              o->inclusion >= 0 && o->inclusion <= 1 && o->constraint_count >= 0;
  if (!good) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "sparse regression: an option is negative, or the inclusion is above 1");
  }
  if (o->constraint_count > 0 && (!o->constraints || o->method != UDE_SPARSE_STLSQ)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "equalities between coefficients need their matrix, and the method stlsq");
  }
  if (o->drop >= terms) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "an ensemble cannot leave out %lld of %lld candidates", (long long)o->drop,
                    (long long)terms);
  }
  for (int64_t i = 0; i < rows; i++) {
    bool finite = true;
    for (int64_t j = 0; j < terms; j++) {
      finite = finite && isfinite(theta[i * terms + j]);
    }
    for (int64_t k = 0; k < targets; k++) {
      finite = finite && isfinite(target[i * targets + k]);
    }
    if (!finite) {
      return ude_fail(error, UDE_NUMERICAL,
                      "sparse regression: row %lld has a candidate or a target that is not finite; "
                      "leave it out",
                      (long long)i);
    }
  }
  return UDE_OK;
}

ude_status ude_sparse_regression(int64_t rows, int64_t terms, int64_t targets, const double *theta,
                                 const double *target, const ude_sparse_options *options,
                                 ude_sparse_result **result, ude_error *error) {
  ude_sparse_options used = options ? *options : (ude_sparse_options){0};
  *result                 = NULL;
  ude_status status       = check(rows, terms, targets, theta, target, &used, error);
  if (status) {
    return status;
  }
  used.accuracy            = used.accuracy > 0 ? used.accuracy : 1e-8;
  used.inclusion           = used.inclusion > 0 ? used.inclusion : 0.6;
  used.nu                  = used.nu > 0 ? used.nu : 1e5;
  size_t             all   = (size_t)(terms * targets);
  ude_sparse_result *r     = ude_calloc(1, sizeof *r);
  double            *share = ude_calloc((size_t)targets, sizeof *share);
  if (r) {
    bool many       = used.models > 1;
    r->targets      = targets;
    r->terms        = terms;
    r->coefficients = ude_calloc(all, sizeof *r->coefficients);
    r->residual     = ude_calloc((size_t)targets, sizeof *r->residual);
    r->criterion    = ude_calloc((size_t)targets, sizeof *r->criterion);
    r->inclusion    = many ? ude_calloc(all, sizeof *r->inclusion) : NULL;
    r->spread       = many ? ude_calloc(all, sizeof *r->spread) : NULL;
    if (!share || !r->coefficients || !r->residual || !r->criterion ||
        (many && (!r->inclusion || !r->spread))) {
      status = ude_fail_memory(error, "a sparse regression");
    }
  } else {
    status = ude_fail_memory(error, "a sparse regression");
  }
  for (int64_t k = 0; k < targets && !status; k++) {
    share[k] = 1;
  }
  if (!status && used.serial) {
    status = serial_share(rows, terms, targets, theta, target, share, error);
  }
  if (!status && used.models > 1) {
    status = sparse_ensemble(rows, theta, target, &used, share, r, error);
  } else if (!status) {
    status = sparse_fit(rows, terms, targets, theta, target, &used, share, r->coefficients, error);
  }
  status = status ? status
                  : sparse_refit(rows, terms, targets, theta, target, &used, share, r->coefficients,
                                 r->residual, r->criterion, error);
  free(share);
  if (status) {
    ude_sparse_result_free(r);
    return status;
  }
  *result = r;
  return UDE_OK;
}

void ude_sparse_result_free(ude_sparse_result *result) {
  if (!result) {
    return;
  }
  free(result->coefficients);
  free(result->inclusion);
  free(result->spread);
  free(result->residual);
  free(result->criterion);
  free(result);
}
