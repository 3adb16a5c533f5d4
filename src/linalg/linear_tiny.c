/* Dense systems of at most UDE_TINY unknowns: LU with the dimension a constant of the code. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "linalg/linear.h"
#include "linalg/lu_dense.h"

#define SCALAR double
#define NAME(x) real_##x
#define SIZE(x) fabs(x)
#include "linalg/lu.h"
#undef SCALAR
#undef NAME
#undef SIZE

#define SCALAR double complex
#define NAME(x) complex_##x
#define SIZE(x) (fabs(creal(x)) + fabs(cimag(x)))
#include "linalg/lu.h"
#undef SCALAR
#undef NAME
#undef SIZE

int ude_lu_factor(int n, double *a, int *pivot) {
  return n <= UDE_TINY ? real_factor_n(n, a, pivot) : real_lu(n, a, pivot);
}

void ude_lu_solve(int n, const double *a, const int *pivot, bool transposed, double *b) {
  if (transposed) {
    real_solve_transposed(n, a, pivot, b);
  } else {
    real_solve(n, a, pivot, b);
  }
}

int ude_lu_factor_complex(int n, double complex *a, int *pivot) {
  return n <= UDE_TINY ? complex_factor_n(n, a, pivot) : complex_lu(n, a, pivot);
}

void ude_lu_solve_complex(int n, const double complex *a, const int *pivot, bool transposed,
                          double complex *b) {
  if (transposed) {
    complex_solve_transposed(n, a, pivot, b);
  } else {
    complex_solve(n, a, pivot, b);
  }
}

typedef struct tiny {
  int                n;
  const ude_shifted *shifted;
  double             a[UDE_TINY * UDE_TINY];
  int                pivot[UDE_TINY];
  double complex     z[UDE_TINY * UDE_TINY];
  int                z_pivot[UDE_TINY];
} tiny;

/* -J row by row. */
static void negate(const tiny *w, const double *jacobian, double *a) {
  int n = w->n;
  if (!w->shifted) {
    for (int e = 0; e < n * n; e++) {
      a[e] = -jacobian[e];
    }
    return;
  }
  for (int e = 0; e < n * n; e++) {
    a[e] = 0;
  }
  double values[UDE_TINY * UDE_TINY];
  ude_shifted_fill(w->shifted, 0, NULL, jacobian, values);
  for (int64_t c = 0; c < n; c++) {
    for (int64_t e = w->shifted->start[c]; e < w->shifted->start[c + 1]; e++) {
      a[w->shifted->row[e] * n + c] = values[e];
    }
  }
}

static int factor(void *work, double alpha, const double *mass, const double *jacobian) {
  tiny *w = work;
  negate(w, jacobian, w->a);
  for (int i = 0; i < w->n; i++) {
    w->a[i * w->n + i] += mass ? alpha * mass[i] : alpha;
  }
  return real_factor_n(w->n, w->a, w->pivot);
}

static int factor_complex(void *work, double complex shift, const double *mass,
                          const double *jacobian) {
  tiny  *w = work;
  double a[UDE_TINY * UDE_TINY];
  negate(w, jacobian, a);
  for (int e = 0; e < w->n * w->n; e++) {
    w->z[e] = a[e];
  }
  for (int i = 0; i < w->n; i++) {
    w->z[i * w->n + i] += mass ? shift * mass[i] : shift;
  }
  return complex_factor_n(w->n, w->z, w->z_pivot);
}

static int solve(void *work, int64_t right, bool transposed, double *b) {
  const tiny *w = work;
  for (int64_t lane = 0; lane < right; lane++) {
    double  column[UDE_TINY] = {0};
    double *x                = right == 1 ? b : column;
    for (int i = 0; i < w->n && right > 1; i++) {
      column[i] = b[i * right + lane];
    }
    if (transposed) {
      real_solve_transposed(w->n, w->a, w->pivot, x);
    } else {
      real_solve_n(w->n, w->a, w->pivot, x);
    }
    for (int i = 0; i < w->n && right > 1; i++) {
      b[i * right + lane] = column[i];
    }
  }
  return 0;
}

static int solve_complex(void *work, bool transposed, double *real, double *imaginary) {
  const tiny    *w           = work;
  double complex b[UDE_TINY] = {0};
  for (int i = 0; i < w->n; i++) {
    b[i] = CMPLX(real[i], imaginary[i]);
  }
  if (transposed) {
    complex_solve_transposed(w->n, w->z, w->z_pivot, b);
  } else {
    complex_solve_n(w->n, w->z, w->z_pivot, b);
  }
  for (int i = 0; i < w->n; i++) {
    real[i]      = creal(b[i]);
    imaginary[i] = cimag(b[i]);
  }
  return 0;
}

ude_status ude_linear_make_tiny(int64_t n, const ude_shifted *shifted,
                                const ude_linear_options *options, void **work,
                                const ude_linear_structure **structure, ude_error *error) {
  static const ude_linear_structure functions = {
      "dense LU, unrolled", factor, factor_complex, solve, solve_complex, free};
  (void)options;
  tiny *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "a dense system");
  }
  made->n       = (int)n;
  made->shifted = shifted;
  *work         = made;
  *structure    = &functions;
  return UDE_OK;
}
