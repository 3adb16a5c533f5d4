/* Least squares by QR, with column pivoting where the rank matters. */
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/dense.h"

static const double DEFAULT_RCOND = 1e-12;

/* Work arrays of one pivoted factorisation, in LAPACK's column-major order. */
typedef struct factor {
  int64_t     rows, columns, diagonal;
  double     *a;   /* [columns][rows]: R above the diagonal, reflectors below */
  double     *b;   /* [max(rows, 1)]: becomes Q^T b */
  double     *tau; /* [diagonal] */
  double     *work;
  lapack_int  work_size;
  lapack_int *pivot; /* [columns], from 1 */
} factor;

static void factor_free(factor *f) {
  free(f->a);
  free(f->b);
  free(f->tau);
  free(f->work);
  free(f->pivot);
  *f = (factor){0};
}

static ude_status factor_allocate(int64_t rows, int64_t columns, bool right, factor *f,
                                  ude_error *error) {
  *f           = (factor){.rows = rows, .columns = columns};
  f->diagonal  = rows < columns ? rows : columns;
  f->work_size = (lapack_int)(2 * columns + (columns + 1) * 32); /* dgeqp3 with blocks of 32 */
  f->a         = ude_calloc((size_t)rows * (size_t)columns, sizeof *f->a);
  f->tau       = ude_calloc((size_t)f->diagonal, sizeof *f->tau);
  f->work      = ude_calloc((size_t)f->work_size, sizeof *f->work);
  f->pivot     = ude_calloc((size_t)columns, sizeof *f->pivot);
  f->b         = right ? ude_calloc((size_t)rows, sizeof *f->b) : NULL;
  if (!f->a || !f->tau || !f->work || !f->pivot || (right && !f->b)) {
    factor_free(f);
    return ude_fail_memory(error, "a least-squares problem");
  }
  return UDE_OK;
}

static ude_status check_shape(int64_t rows, int64_t columns, ude_error *error) {
  const int64_t limit = 1 << 26;
  if (rows < 1 || columns < 1 || rows > limit || columns > limit) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "least squares: %lld rows and %lld columns; both must be in 1 to %lld",
                    (long long)rows, (long long)columns, (long long)limit);
  }
  return UDE_OK;
}

static void transpose(int64_t rows, int64_t columns, const double *a, double *out) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) {
      out[j * rows + i] = a[i * columns + j];
    }
  }
}

static double r_entry(const factor *f, int64_t i, int64_t j) {
  return f->a[j * f->rows + i];
}

/* x = R^-1 x on the leading rank x rank triangle. */
static void back_substitute(const factor *f, int64_t rank, double *x) {
  for (int64_t i = rank - 1; i >= 0; i--) {
    double sum = x[i];
    for (int64_t j = i + 1; j < rank; j++) {
      sum -= r_entry(f, i, j) * x[j];
    }
    x[i] = sum / r_entry(f, i, i);
  }
}

/* (a^T a)^-1 = P R^-1 R^-T P^T; `inverse` (double[rank][rank], column-major) takes R^-1. */
static void fill_covariance(const factor *f, int64_t rank, double *inverse, double *covariance) {
  int64_t n = f->columns;
  memset(covariance, 0, (size_t)n * (size_t)n * sizeof *covariance);
  for (int64_t j = 0; j < rank; j++) {
    inverse[j * rank + j] = 1;
    back_substitute(f, rank, inverse + j * rank);
  }
  for (int64_t i = 0; i < rank; i++) {
    for (int64_t j = 0; j <= i; j++) {
      double sum = 0;
      for (int64_t k = i; k < rank; k++) {
        sum += inverse[k * rank + i] * inverse[k * rank + j];
      }
      int64_t pi              = f->pivot[i] - 1;
      int64_t pj              = f->pivot[j] - 1;
      covariance[pi * n + pj] = covariance[pj * n + pi] = sum;
    }
  }
}

static ude_status factorise(factor *f, ude_error *error) {
  lapack_int m = (lapack_int)f->rows;
  lapack_int n = (lapack_int)f->columns;
  if (LAPACKE_dgeqp3_work(LAPACK_COL_MAJOR, m, n, f->a, m, f->pivot, f->tau, f->work,
                          f->work_size) != 0 ||
      LAPACKE_dormqr_work(LAPACK_COL_MAJOR, 'L', 'T', m, 1, (lapack_int)f->diagonal, f->a, m,
                          f->tau, f->b, m, f->work, f->work_size) != 0) {
    return ude_fail(error, UDE_INTERNAL, "least squares: LAPACK refused its arguments");
  }
  return UDE_OK;
}

/* Columns worth keeping: dgeqp3 orders |r_kk| downwards. */
static int64_t numerical_rank(const factor *f, double rcond) {
  double  bound = fabs(r_entry(f, 0, 0)) * rcond;
  int64_t rank  = 0;
  while (rank < f->diagonal && fabs(r_entry(f, rank, rank)) > bound) {
    rank++;
  }
  return rank;
}

static double norm2(int64_t n, const double *x) {
  double scale = ude_max_abs(n, x);
  double sum   = 0;
  for (int64_t i = 0; i < n && scale > 0; i++) {
    sum += (x[i] / scale) * (x[i] / scale);
  }
  return scale * sqrt(sum);
}

ude_status ude_least_squares(int64_t rows, int64_t columns, const double *a, const double *b,
                             double rcond, double *x, double *covariance,
                             ude_least_squares_info *info, ude_error *error) {
  ude_status status = check_shape(rows, columns, error);
  if (status) {
    return status;
  }
  if (!a || !b || !x || !(rcond >= 0 && rcond < 1)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "least squares: a, b and x must not be NULL and rcond must be in [0, 1)");
  }
  if ((status = ude_require_finite("least squares", "a", rows, columns, a, error)) ||
      (status = ude_require_finite("least squares", "b", rows, 1, b, error))) {
    return status;
  }
  factor  f;
  double *inverse =
      covariance ? ude_calloc((size_t)columns * (size_t)columns, sizeof *inverse) : NULL;
  if (covariance && !inverse) {
    return ude_fail_memory(error, "the covariance of a least-squares problem");
  }
  if ((status = factor_allocate(rows, columns, true, &f, error))) {
    free(inverse);
    return status;
  }
  transpose(rows, columns, a, f.a);
  memcpy(f.b, b, (size_t)rows * sizeof *b);
  if (!(status = factorise(&f, error))) {
    int64_t rank = numerical_rank(&f, rcond > 0 ? rcond : DEFAULT_RCOND);
    double  rest = norm2(rows - rank, f.b + rank);
    back_substitute(&f, rank, f.b);
    memset(x, 0, (size_t)columns * sizeof *x);
    for (int64_t k = 0; k < rank; k++) {
      x[f.pivot[k] - 1] = f.b[k];
    }
    if (covariance) {
      fill_covariance(&f, rank, inverse, covariance);
    }
    if (info) {
      double last = rank ? fabs(r_entry(&f, rank - 1, rank - 1)) : 1;
      *info       = (ude_least_squares_info){
                .rank = rank, .residual = rest, .condition = rank ? fabs(r_entry(&f, 0, 0)) / last : 1};
    }
  }
  free(inverse);
  factor_free(&f);
  return status;
}

ude_status ude_qr_factor(int64_t rows, int64_t columns, const double *a, double *r,
                         ude_error *error) {
  ude_status status = check_shape(rows, columns, error);
  if (status) {
    return status;
  }
  if (!a || !r) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "QR: a and r must not be NULL");
  }
  factor f;
  if ((status = ude_require_finite("QR", "a", rows, columns, a, error)) ||
      (status = factor_allocate(rows, columns, false, &f, error))) {
    return status;
  }
  transpose(rows, columns, a, f.a);
  if (LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, (lapack_int)rows, (lapack_int)columns, f.a,
                          (lapack_int)rows, f.tau, f.work, f.work_size) != 0) {
    status = ude_fail(error, UDE_INTERNAL, "QR: LAPACK refused its arguments");
  }
  for (int64_t i = 0; i < f.diagonal && !status; i++) {
    for (int64_t j = 0; j < columns; j++) {
      r[i * columns + j] = j < i ? 0 : r_entry(&f, i, j);
    }
  }
  factor_free(&f);
  return status;
}
