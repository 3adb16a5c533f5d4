/* Band systems by LAPACK, real and complex. */
#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/linear.h"

typedef struct band {
  lapack_int         n, below, above, leading; /* leading = 2 below + above + 1 */
  const ude_shifted *shifted;
  double            *values; /* W in the order of its pattern */
  double            *a;      /* [n][leading], W_ij at [j][below + above + i - j] */
  double            *column; /* [n] */
  lapack_int        *pivot;
  double complex    *z, *z_right;
  lapack_int        *z_pivot;
} band;

static int factor(void *work, double alpha, const double *mass, const double *jacobian) {
  band              *w = work;
  const ude_shifted *s = w->shifted;
  if (ude_shifted_fill(s, alpha, mass, jacobian, w->values)) {
    return 1;
  }
  memset(w->a, 0, (size_t)w->n * (size_t)w->leading * sizeof *w->a);
  for (int64_t c = 0; c < w->n; c++) {
    double *column = w->a + c * w->leading + w->below + w->above - c;
    for (int64_t e = s->start[c]; e < s->start[c + 1]; e++) {
      column[s->row[e]] = w->values[e];
    }
  }
  return LAPACKE_dgbtrf_work(LAPACK_COL_MAJOR, w->n, w->n, w->below, w->above, w->a, w->leading,
                             w->pivot) != 0;
}

static int factor_complex(void *work, double complex shift, const double *mass,
                          const double *jacobian) {
  band              *w = work;
  const ude_shifted *s = w->shifted;
  if (ude_shifted_fill(s, 0, NULL, jacobian, w->values)) {
    return 1;
  }
  memset(w->z, 0, (size_t)w->n * (size_t)w->leading * sizeof *w->z);
  for (int64_t c = 0; c < w->n; c++) {
    double complex *column = w->z + c * w->leading + w->below + w->above - c;
    for (int64_t e = s->start[c]; e < s->start[c + 1]; e++) {
      column[s->row[e]] = w->values[e];
    }
    column[c] += mass ? shift * mass[c] : shift;
  }
  return LAPACKE_zgbtrf_work(LAPACK_COL_MAJOR, w->n, w->n, w->below, w->above, w->z, w->leading,
                             w->z_pivot) != 0;
}

static int solve(void *work, int64_t right, bool transposed, double *b) {
  band *w    = work;
  int   code = 0;
  for (int64_t lane = 0; lane < right && code == 0; lane++) {
    for (int64_t i = 0; i < w->n; i++) {
      w->column[i] = b[i * right + lane];
    }
    code = LAPACKE_dgbtrs_work(LAPACK_COL_MAJOR, transposed ? 'T' : 'N', w->n, w->below, w->above,
                               1, w->a, w->leading, w->pivot, w->column, w->n);
    for (int64_t i = 0; i < w->n; i++) {
      b[i * right + lane] = w->column[i];
    }
  }
  return code != 0;
}

static int solve_complex(void *work, bool transposed, double *real, double *imaginary) {
  band *w = work;
  for (int64_t i = 0; i < w->n; i++) {
    w->z_right[i] = CMPLX(real[i], imaginary[i]);
  }
  int code = LAPACKE_zgbtrs_work(LAPACK_COL_MAJOR, transposed ? 'T' : 'N', w->n, w->below, w->above,
                                 1, w->z, w->leading, w->z_pivot, w->z_right, w->n);
  for (int64_t i = 0; i < w->n; i++) {
    real[i]      = creal(w->z_right[i]);
    imaginary[i] = cimag(w->z_right[i]);
  }
  return code != 0;
}

static void release(void *work) {
  band *w = work;
  free(w->values);
  free(w->a);
  free(w->column);
  free(w->pivot);
  free(w->z);
  free(w->z_right);
  free(w->z_pivot);
  free(w);
}

ude_status ude_linear_make_band(int64_t n, const ude_shifted *shifted,
                                const ude_linear_options *options, void **work,
                                const ude_linear_structure **structure, ude_error *error) {
  static const ude_linear_structure functions = {"band LU (LAPACK)", factor, factor_complex, solve,
                                                 solve_complex,      release};
  band                             *made      = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "a band system");
  }
  size_t size    = (size_t)n;
  bool   two     = options->complex_shift;
  made->n        = (lapack_int)n;
  made->below    = (lapack_int)shifted->below;
  made->above    = (lapack_int)shifted->above;
  made->leading  = 2 * made->below + made->above + 1;
  made->shifted  = shifted;
  size_t leading = (size_t)made->leading;
  made->values   = ude_calloc((size_t)shifted->start[n] + 1, sizeof *made->values);
  made->a        = ude_calloc(size, leading * sizeof *made->a);
  made->column   = ude_calloc(size, sizeof *made->column);
  made->pivot    = ude_calloc(size, sizeof *made->pivot);
  made->z        = two ? ude_calloc(size, leading * sizeof *made->z) : NULL;
  made->z_right  = two ? ude_calloc(size, sizeof *made->z_right) : NULL;
  made->z_pivot  = two ? ude_calloc(size, sizeof *made->z_pivot) : NULL;
  if (!made->values || !made->a || !made->column || !made->pivot ||
      (two && (!made->z || !made->z_right || !made->z_pivot))) {
    release(made);
    return ude_fail_memory(error, "a band system");
  }
  *work      = made;
  *structure = &functions;
  return UDE_OK;
}
