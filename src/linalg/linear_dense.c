/* Dense systems, real and complex: our own LU up to the size where LAPACK overtakes it, then LAPACK. W is kept row by row, which to
 * LAPACK is W^T. */
#include <float.h>
#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/linear.h"
#include "linalg/lu_dense.h"

typedef struct dense {
  lapack_int         n;
  const ude_shifted *shifted;
  double            *a;       /* [n][n] */
  double            *lanes;   /* [LANES][n] several right-hand sides, transposed */
  lapack_int        *pivot;   /* [n] */
  double complex    *z;       /* [n][n] or NULL */
  double complex    *z_right; /* [n] */
  lapack_int        *z_pivot; /* [n] */
} dense;

enum { LANES = 16, OWN = 80 };

static void negate(const dense *w, const double *jacobian, double *a) {
  int64_t n = w->n;
  if (!w->shifted) {
    for (int64_t e = 0; e < n * n; e++) {
      a[e] = -jacobian[e];
    }
    return;
  }
  const ude_shifted *s = w->shifted;
  memset(a, 0, (size_t)(n * n) * sizeof *a);
  for (int64_t c = 0, e = 0; c < n; c++) {
    /* entries of J in column c keep their order in W */
    for (; e < s->entries && s->place[e] < s->start[c + 1]; e++) {
      a[s->row[s->place[e]] * n + c] = -jacobian[e];
    }
  }
}

static int finite(int64_t n, const double *a) {
  double sum = 0; /* x - x is 0, or NaN where x is not finite */
  for (int64_t e = 0; e < n; e++) {
    sum += a[e] - a[e];
  }
  return sum == 0;
}

static int factor(void *work, double alpha, const double *mass, const double *jacobian) {
  dense  *w = work;
  int64_t n = w->n;
  negate(w, jacobian, w->a);
  for (int64_t i = 0; i < n; i++) {
    w->a[i * n + i] += mass ? alpha * mass[i] : alpha;
  }
  if (!finite(n * n, w->a)) {
    return 1;
  }
  return n <= OWN ? ude_lu_factor((int)n, w->a, w->pivot)
                  : LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, w->n, w->n, w->a, w->n, w->pivot) != 0;
}

static int factor_complex(void *work, double complex shift, const double *mass,
                          const double *jacobian) {
  dense  *w = work;
  int64_t n = w->n;
  double *a = (double *)w->z; /* the first half takes -J, spread from its end */
  negate(w, jacobian, a);
  if (!finite(n * n, a)) {
    return 1;
  }
  for (int64_t e = n * n - 1; e >= 0; e--) {
    double value = a[e];
    w->z[e]      = value;
  }
  for (int64_t i = 0; i < n; i++) {
    w->z[i * n + i] += mass ? shift * mass[i] : shift;
  }
  return n <= OWN ? ude_lu_factor_complex((int)n, w->z, w->z_pivot)
                  : LAPACKE_zgetrf_work(LAPACK_COL_MAJOR, w->n, w->n, w->z, w->n, w->z_pivot) != 0;
}

/* Columns of length n, one after the other. */
static int solve_columns(const dense *w, int64_t count, bool transposed, double *columns) {
  if (w->n > OWN) {
    return LAPACKE_dgetrs_work(LAPACK_COL_MAJOR, transposed ? 'N' : 'T', w->n, (lapack_int)count,
                               w->a, w->n, w->pivot, columns, w->n) != 0;
  }
  for (int64_t k = 0; k < count; k++) {
    ude_lu_solve((int)w->n, w->a, w->pivot, transposed, columns + k * w->n);
  }
  return 0;
}

static int solve(void *work, int64_t right, bool transposed, double *b) {
  dense *w = work;
  if (right == 1) {
    return solve_columns(w, 1, transposed, b);
  }
  int code = 0;
  for (int64_t first = 0; first < right && code == 0; first += LANES) {
    int64_t lanes = right - first < LANES ? right - first : LANES;
    for (int64_t i = 0; i < w->n; i++) {
      for (int64_t lane = 0; lane < lanes; lane++) {
        w->lanes[lane * w->n + i] = b[i * right + first + lane];
      }
    }
    code = solve_columns(w, lanes, transposed, w->lanes);
    for (int64_t i = 0; i < w->n; i++) {
      for (int64_t lane = 0; lane < lanes; lane++) {
        b[i * right + first + lane] = w->lanes[lane * w->n + i];
      }
    }
  }
  return code;
}

static int solve_complex(void *work, bool transposed, double *real, double *imaginary) {
  dense *w = work;
  for (int64_t i = 0; i < w->n; i++) {
    w->z_right[i] = CMPLX(real[i], imaginary[i]);
  }
  int code = 0;
  if (w->n <= OWN) {
    ude_lu_solve_complex((int)w->n, w->z, w->z_pivot, transposed, w->z_right);
  } else {
    code = LAPACKE_zgetrs_work(LAPACK_COL_MAJOR, transposed ? 'N' : 'T', w->n, 1, w->z, w->n,
                               w->z_pivot, w->z_right, w->n);
  }
  for (int64_t i = 0; i < w->n; i++) {
    real[i]      = creal(w->z_right[i]);
    imaginary[i] = cimag(w->z_right[i]);
  }
  return code != 0;
}

static void release(void *work) {
  dense *w = work;
  free(w->a);
  free(w->lanes);
  free(w->pivot);
  free(w->z);
  free(w->z_right);
  free(w->z_pivot);
  free(w);
}

ude_status ude_linear_make_dense(int64_t n, const ude_shifted *shifted,
                                 const ude_linear_options *options, void **work,
                                 const ude_linear_structure **structure, ude_error *error) {
  static const ude_linear_structure functions = {"dense LU", factor,        factor_complex,
                                                 solve,      solve_complex, release};
  dense                            *made      = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "a dense system");
  }
  size_t size   = (size_t)n;
  bool   two    = options->complex_shift;
  made->n       = (lapack_int)n;
  made->shifted = shifted;
  made->a       = ude_calloc(size, size * sizeof *made->a);
  made->lanes   = ude_calloc(size, LANES * sizeof *made->lanes);
  made->pivot   = ude_calloc(size, sizeof *made->pivot);
  made->z       = two ? ude_calloc(size, size * sizeof *made->z) : NULL;
  made->z_right = two ? ude_calloc(size, sizeof *made->z_right) : NULL;
  made->z_pivot = two ? ude_calloc(size, sizeof *made->z_pivot) : NULL;
  if (!made->a || !made->lanes || !made->pivot ||
      (two && (!made->z || !made->z_right || !made->z_pivot))) {
    release(made);
    return ude_fail_memory(error, "a dense system");
  }
  *work      = made;
  *structure = &functions;
  return UDE_OK;
}
