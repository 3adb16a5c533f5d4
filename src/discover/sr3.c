/* Sparse relaxed regularised regression. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/sparse.h"

/* P. Zheng et al., IEEE Access 7 (2019) 1404; K. Champion et al., IEEE Access 8 (2020) 169259:
 *   min |y - A x|^2 / 2 + lambda R(w) + |x - w|^2 / (2 nu),
 * by turns x = (A^T A + I/nu)^-1 (A^T y + w/nu) and w = prox(x), on columns of norm one. */

static double proximal(ude_sparse_method method, double x, double bound) {
  if (fabs(x) < bound || x == 0) {
    return 0;
  }
  return method == UDE_SPARSE_SR3 ? x : x > 0 ? x - bound : x + bound;
}

/* inverse = (A^T A + I/nu)^-1 over the columns that are not zero, moment = A^T y. */
static ude_status prepare(const regression *r, double nu, double *gram, double *inverse,
                          double *moment, ude_error *error) {
  int64_t       n = r->terms;
  const double *y = r->columns + n * r->rows;
  for (int64_t i = 0; i < n; i++) {
    const double *a = r->columns + i * r->rows;
    moment[i]       = 0;
    for (int64_t k = 0; k < r->rows; k++) {
      moment[i] += a[k] * y[k];
    }
    for (int64_t j = 0; j <= i; j++) {
      const double *b   = r->columns + j * r->rows;
      double        sum = 0;
      for (int64_t k = 0; k < r->rows; k++) {
        sum += a[k] * b[k];
      }
      gram[i * n + j] = sum;
      gram[j * n + i] = sum;
    }
    gram[i * n + i] += 1 / nu;
    inverse[i * n + i] = 1;
  }
  return ude_cholesky_solve(n, n, gram, inverse, error);
}

ude_status sparse_sr3(const sparse *s, int64_t target, double relative, int64_t *chosen,
                      int64_t *count, ude_error *error) {
  const regression *r       = &s->target[target];
  int64_t           n       = s->terms;
  size_t            square  = (size_t)n * (size_t)n;
  double           *work    = ude_calloc(2 * square + 3 * (size_t)n, sizeof *work);
  double           *inverse = work + square;
  double           *moment  = work + 2 * square;
  double           *w       = moment + n;
  double           *right   = w + n;
  double            nu      = s->options.nu;
  int64_t           limit   = s->options.iterations > 0 ? s->options.iterations : 1000;
  ude_status        status  = work ? prepare(r, nu, work, inverse, moment, error)
                                   : ude_fail_memory(error, "a relaxed regression");
  for (int64_t pass = 0; pass <= limit && !status; pass++) {
    double change = 0;
    for (int64_t i = 0; i < n; i++) {
      right[i] = moment[i] + w[i] / nu;
    }
    for (int64_t i = 0; i < n; i++) {
      double x = 0;
      for (int64_t j = 0; j < n; j++) {
        x += inverse[i * n + j] * right[j];
      }
      /* w is not used any more in this pass: `right` holds it */
      double next = r->norms[i] > 0
                        ? proximal(s->options.method, x, sparse_bound(s, target, i, relative))
                        : 0;
      change      = fmax(change, fabs(next - w[i]));
      w[i]        = next;
    }
    if (change <= 1e-9 * nu * r->target_norm) {
      break;
    }
  }
  *count = 0;
  for (int64_t i = 0; i < n && !status; i++) {
    if (w[i] != 0) {
      chosen[(*count)++] = i;
    }
  }
  free(work);
  return status;
}
