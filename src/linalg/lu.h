/* LU with partial pivoting of an n x n matrix, row by row, for a constant n or small n.
 * Included twice by linear_tiny.c: SCALAR is double or double complex, NAME(x) names, SIZE its magnitude.
 * Golub and Van Loan, Matrix Computations, 3.4.1; the reciprocals of the pivots are kept on the diagonal. */

static inline __attribute__((always_inline)) int NAME(lu)(const int n, SCALAR *restrict a,
                                                          int *restrict pivot) {
#pragma GCC                                      unroll 8
  for (int c = 0; c < n; c++) {
    int    best = c;
    double size = SIZE(a[c * n + c]);
#pragma GCC unroll 8
    for (int r = c + 1; r < n; r++) {
      double other = SIZE(a[r * n + c]);
      best         = other > size ? r : best;
      size         = other > size ? other : size;
    }
    if (!(size > 0) || size > DBL_MAX) {
      return 1;
    }
    pivot[c] = best;
    if (best != c) {
#pragma GCC unroll 8
      for (int k = 0; k < n; k++) {
        SCALAR other    = a[c * n + k];
        a[c * n + k]    = a[best * n + k];
        a[best * n + k] = other;
      }
    }
    SCALAR reciprocal = 1 / a[c * n + c];
    a[c * n + c]      = reciprocal;
#pragma GCC unroll 8
    for (int r = c + 1; r < n; r++) {
      SCALAR factor = a[r * n + c] * reciprocal;
      a[r * n + c]  = factor;
#pragma GCC unroll 8
      for (int k = c + 1; k < n; k++) {
        a[r * n + k] -= factor * a[c * n + k];
      }
    }
  }
  return 0;
}

/* W x = b in place. */
static inline __attribute__((always_inline)) void NAME(solve)(const int n, const SCALAR *restrict a,
                                                              const int *restrict pivot,
                                                              SCALAR *restrict b) {
#pragma GCC                                       unroll 8
  for (int c = 0; c < n; c++) {
    SCALAR x    = b[pivot[c]];
    b[pivot[c]] = b[c];
    b[c]        = x;
  }
#pragma GCC unroll 8
  for (int c = 0; c < n; c++) {
#pragma GCC unroll 8
    for (int r = c + 1; r < n; r++) {
      b[r] -= a[r * n + c] * b[c];
    }
  }
#pragma GCC unroll 8
  for (int c = n - 1; c >= 0; c--) {
    b[c] *= a[c * n + c];
#pragma GCC unroll 8
    for (int r = 0; r < c; r++) {
      b[r] -= a[r * n + c] * b[c];
    }
  }
}

/* W^T x = b in place: U^T, L^T, then the exchanges from the last to the first. */
static inline __attribute__((always_inline)) void NAME(solve_transposed)(const int n,
                                                                         const SCALAR *restrict a,
                                                                         const int *restrict pivot,
                                                                         SCALAR *restrict b) {
#pragma GCC                                       unroll 8
  for (int c = 0; c < n; c++) {
    b[c] *= a[c * n + c];
#pragma GCC unroll 8
    for (int r = c + 1; r < n; r++) {
      b[r] -= a[c * n + r] * b[c];
    }
  }
#pragma GCC unroll 8
  for (int c = n - 1; c >= 0; c--) {
#pragma GCC unroll 8
    for (int r = 0; r < c; r++) {
      b[r] -= a[c * n + r] * b[c];
    }
  }
#pragma GCC unroll 8
  for (int c = n - 1; c >= 0; c--) {
    SCALAR x    = b[pivot[c]];
    b[pivot[c]] = b[c];
    b[c]        = x;
  }
}

/* The same code for each n, with n a constant in it. */
static int NAME(factor_n)(int n, SCALAR *a, int *pivot) {
  switch (n) {
  case 0: return 0;
  case 1: return NAME(lu)(1, a, pivot);
  case 2: return NAME(lu)(2, a, pivot);
  case 3: return NAME(lu)(3, a, pivot);
  case 4: return NAME(lu)(4, a, pivot);
  case 5: return NAME(lu)(5, a, pivot);
  case 6: return NAME(lu)(6, a, pivot);
  case 7: return NAME(lu)(7, a, pivot);
  default: return NAME(lu)(UDE_TINY, a, pivot);
  }
}

static void NAME(solve_n)(int n, const SCALAR *a, const int *pivot, SCALAR *b) {
  switch (n) {
  case 0: return;
  case 1: NAME(solve)(1, a, pivot, b); return;
  case 2: NAME(solve)(2, a, pivot, b); return;
  case 3: NAME(solve)(3, a, pivot, b); return;
  case 4: NAME(solve)(4, a, pivot, b); return;
  case 5: NAME(solve)(5, a, pivot, b); return;
  case 6: NAME(solve)(6, a, pivot, b); return;
  case 7: NAME(solve)(7, a, pivot, b); return;
  default: NAME(solve)(UDE_TINY, a, pivot, b); return;
  }
}
