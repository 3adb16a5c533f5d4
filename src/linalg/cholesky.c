/* Symmetric systems: Cholesky and LDL^T. */
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/dense.h"

double ude_max_abs(int64_t n, const double *x) {
  double largest = 0;
  for (int64_t i = 0; i < n; i++) {
    largest = fmax(largest, fabs(x[i]));
  }
  return largest;
}

ude_status ude_require_finite(const char *where, const char *name, int64_t rows, int64_t columns,
                              const double *a, ude_error *error) {
  for (int64_t i = 0; i < rows * columns; i++) {
    if (!isfinite(a[i])) {
      return ude_fail(error, UDE_NUMERICAL, "%s: %s[%lld][%lld] is %g", where, name,
                      (long long)(i / columns), (long long)(i % columns), a[i]);
    }
  }
  return UDE_OK;
}

/* Copies for LAPACK, which overwrites: the lower triangle of `a` mirrored, so that its row-major
 * and column-major forms are the same, and b in column-major order. */
typedef struct system_copy {
  double     *a, *b;
  double     *work;  /* [32 n], for dsysv */
  lapack_int *pivot; /* [n], for dsysv */
} system_copy;

static void system_free(system_copy *copy) {
  free(copy->a);
  free(copy->b);
  free(copy->work);
  free(copy->pivot);
}

static ude_status system_make(const char *where, int64_t n, int64_t right, const double *a,
                              const double *b, system_copy *copy, ude_error *error) {
  const int64_t limit = 1 << 15;
  *copy               = (system_copy){0};
  if (n < 1 || n > limit || right < 1 || !a || !b) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "%s: n = %lld must be in 1 to %lld, with at least one right-hand side", where,
                    (long long)n, (long long)limit);
  }
  for (int64_t i = 0; i < n; i++) {
    ude_status status = ude_require_finite(where, "a", 1, i + 1, a + i * n, error);
    if (status) {
      ude_error_prefix(error, status, "row %lld: ", (long long)i);
      return status;
    }
  }
  ude_status status = ude_require_finite(where, "b", n, right, b, error);
  if (status) {
    return status;
  }
  copy->a     = ude_calloc((size_t)n * (size_t)n, sizeof *copy->a);
  copy->b     = ude_calloc((size_t)n * (size_t)right, sizeof *copy->b);
  copy->work  = ude_calloc((size_t)n * 32, sizeof *copy->work);
  copy->pivot = ude_calloc((size_t)n, sizeof *copy->pivot);
  if (!copy->a || !copy->b || !copy->work || !copy->pivot) {
    system_free(copy);
    return ude_fail_memory(error, "a symmetric system");
  }
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j <= i; j++) {
      copy->a[i * n + j] = copy->a[j * n + i] = a[i * n + j];
    }
    for (int64_t k = 0; k < right; k++) {
      copy->b[k * n + i] = b[i * right + k];
    }
  }
  return UDE_OK;
}

static void system_finish(int64_t n, int64_t right, system_copy *copy, bool solved, double *b) {
  for (int64_t i = 0; i < n && solved; i++) {
    for (int64_t k = 0; k < right; k++) {
      b[i * right + k] = copy->b[k * n + i];
    }
  }
  system_free(copy);
}

/* Four sums, so that one addition need not wait for another. */
static double dot(int64_t n, const double *a, const double *b) {
  double  sum[4] = {0};
  int64_t i      = 0;
  for (; i + 4 <= n; i += 4) {
    for (int k = 0; k < 4; k++) {
      sum[k] += a[i + k] * b[i + k];
    }
  }
  for (; i < n; i++) {
    sum[0] += a[i] * b[i];
  }
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Lower triangle to L with a = L L^T, row by row; the order of the first leading minor that is not positive, 0: none.
 * Ours rather than LAPACK's, whose blocks are shared among threads: an optimiser that takes thousands of such steps
 * would end elsewhere on a machine with more processors. */
static int64_t factor(int64_t n, double *a) {
  for (int64_t i = 0; i < n; i++) {
    double *row = a + i * n;
    for (int64_t j = 0; j < i; j++) {
      row[j] = (row[j] - dot(j, row, a + j * n)) / a[j * n + j];
    }
    double pivot = row[i] - dot(i, row, row);
    if (!(pivot > 0) || !isfinite(pivot)) {
      return i + 1;
    }
    row[i] = sqrt(pivot);
  }
  return 0;
}

/* x <- (L L^T)^-1 x */
static void substitute(int64_t n, const double *l, double *x) {
  for (int64_t i = 0; i < n; i++) {
    x[i] = (x[i] - dot(i, l + i * n, x)) / l[i * n + i];
  }
  for (int64_t i = n - 1; i >= 0; i--) {
    const double *row = l + i * n;
    x[i] /= row[i];
    for (int64_t j = 0; j < i; j++) {
      x[j] -= row[j] * x[i];
    }
  }
}

ude_status ude_cholesky_solve(int64_t n, int64_t right, const double *a, double *b,
                              ude_error *error) {
  system_copy copy;
  ude_status  status = system_make("Cholesky", n, right, a, b, &copy, error);
  if (status) {
    return status;
  }
  int64_t info = factor(n, copy.a);
  for (int64_t k = 0; k < right && info == 0; k++) {
    substitute(n, copy.a, copy.b + k * n);
  }
  if (info != 0) {
    status = ude_fail(error, UDE_NUMERICAL,
                      "Cholesky: the matrix is not positive definite (leading minor %lld of %lld)",
                      (long long)info, (long long)n);
  }
  system_finish(n, right, &copy, info == 0, b);
  return status;
}

ude_status ude_symmetric_solve(int64_t n, int64_t right, const double *a, double *b,
                               ude_error *error) {
  system_copy copy;
  ude_status  status = system_make("symmetric solve", n, right, a, b, &copy, error);
  if (status) {
    return status;
  }
  lapack_int info = LAPACKE_dsysv_work(LAPACK_COL_MAJOR, 'L', (lapack_int)n, (lapack_int)right,
                                       copy.a, (lapack_int)n, copy.pivot, copy.b, (lapack_int)n,
                                       copy.work, (lapack_int)(32 * n));
  if (info != 0) {
    status = ude_fail(error, UDE_NUMERICAL,
                      "symmetric solve: the matrix is singular (pivot %lld of %lld is zero)",
                      (long long)info, (long long)n);
  }
  system_finish(n, right, &copy, info == 0, b);
  return status;
}
