/* Cholesky factorisation and solutions by LAPACKE, for one type of numbers: part of blas.h. */

int UDE_L(potrf)(int order, char uplo, int n, UDE_REAL *a, int lda);
int UDE_L(potrs)(int order, char uplo, int n, int nrhs, const UDE_REAL *a, int lda, UDE_REAL *b,
                 int ldb);

/* Place of element (i, j), i >= j, of the lower factor: A = L L^T; with uplo U the factor is stored transposed. */
static inline size_t UDE_R(low)(int order, char uplo, int lda, int i, int j) {
  return uplo == 'L' || uplo == 'l' ? ude_place(order, lda, i, j) : ude_place(order, lda, j, i);
}
/* The stored triangle as the lower one in columns; `both`: mirrored. */
static inline UDE_REAL *UDE_R(lower)(int order, char uplo, int n, const UDE_REAL *a, int lda,
                                     int both) {
  UDE_REAL *l = UDE_R(take)((size_t)n * (size_t)n);
  for (int j = 0; j < n; j++) {
    for (int i = j; i < n; i++) {
      UDE_REAL x                           = a[UDE_R(low)(order, uplo, lda, i, j)];
      l[(size_t)j * (size_t)n + (size_t)i] = x;
      if (both) {
        l[(size_t)i * (size_t)n + (size_t)j] = x;
      }
    }
  }
  return l;
}
/* The lower triangle with half the diagonal (Murray's Phi). */
static inline void UDE_R(phi)(int n, UDE_REAL *x) {
  for (int j = 0; j < n; j++) {
    for (int i = 0; i <= j; i++) {
      x[(size_t)j * (size_t)n + (size_t)i] *= i == j ? (UDE_REAL)0.5 : 0;
    }
  }
}
static inline void UDE_R(factor)(int solve, int side, int trans, int n, int columns,
                                 const UDE_REAL *l, UDE_REAL *x) {
  int ld = n > 0 ? n : 1;
  if (solve) {
    UDE_B(trsm)(UDE_COLUMN, side, UDE_LOWER, trans, UDE_NONUNIT, n, columns, 1, l, ld, x, ld);
  } else {
    UDE_B(trmm)(UDE_COLUMN, side, UDE_LOWER, trans, UDE_NONUNIT, n, columns, 1, l, ld, x, ld);
  }
}

static int UDE_R(potrf_jvp)(int order, char uplo, int n, UDE_REAL *a, int lda, UDE_REAL *a_dot) {
  int info = UDE_L(potrf)(order, uplo, n, a, lda);
  if (a_dot) {
    UDE_REAL *l = UDE_R(lower)(order, uplo, n, a, lda, 0);
    UDE_REAL *d = UDE_R(lower)(order, uplo, n, a_dot, lda, 1);
    UDE_R(factor)(1, UDE_LEFT, UDE_PLAIN, n, n, l, d);
    UDE_R(factor)(1, UDE_RIGHT, UDE_TRANSPOSED, n, n, l, d);
    UDE_R(phi)(n, d);
    UDE_R(factor)(0, UDE_LEFT, UDE_PLAIN, n, n, l, d);
    for (int j = 0; j < n; j++) {
      for (int i = j; i < n; i++) {
        a_dot[UDE_R(low)(order, uplo, lda, i, j)] = d[(size_t)j * (size_t)n + (size_t)i];
      }
    }
    free(l);
    free(d);
  }
  return info;
}
static void UDE_R(potrf_vjp)(int order, char uplo, int n, UDE_REAL *a, int lda, UDE_REAL *a_bar) {
  if (a_bar) {
    UDE_REAL *l = UDE_R(lower)(order, uplo, n, a, lda, 0);
    UDE_REAL *d = UDE_R(lower)(order, uplo, n, a_bar, lda, 0);
    UDE_L(potrf)(UDE_COLUMN, 'L', n, l, n > 0 ? n : 1);
    UDE_R(factor)(0, UDE_LEFT, UDE_TRANSPOSED, n, n, l, d);
    UDE_R(phi)(n, d);
    UDE_R(factor)(1, UDE_LEFT, UDE_TRANSPOSED, n, n, l, d);
    UDE_R(factor)(1, UDE_RIGHT, UDE_PLAIN, n, n, l, d);
    for (int j = 0; j < n; j++) {
      for (int i = j; i < n; i++) {
        UDE_REAL x = d[(size_t)j * (size_t)n + (size_t)i], y = d[(size_t)i * (size_t)n + (size_t)j];
        a_bar[UDE_R(low)(order, uplo, lda, i, j)] = i == j ? x : x + y;
      }
    }
    free(l);
    free(d);
  }
}
static void UDE_R(potrf_extents)(int order, char uplo, int n, UDE_REAL *a, int lda, size_t *bytes) {
  (void)uplo;
  bytes[3] = ude_area(order, n, n, lda) * sizeof *a;
}
UDE_RULES(UDE_L(potrf), potrf);

static int UDE_R(potrs_jvp)(int order, char uplo, int n, int nrhs, const UDE_REAL *a, int lda,
                            UDE_REAL *b, int ldb, const UDE_REAL *a_dot, UDE_REAL *b_dot) {
  int info = UDE_L(potrs)(order, uplo, n, nrhs, a, lda, b, ldb);
  if (b_dot && a_dot) { /* L' L^T x + L L'^T x */
    UDE_REAL *l = UDE_R(lower)(order, uplo, n, a, lda, 0);
    UDE_REAL *d = UDE_R(lower)(order, uplo, n, a_dot, lda, 0);
    UDE_REAL *x = UDE_R(columns)(order, n, nrhs, b, ldb),
             *y = UDE_R(columns)(order, n, nrhs, b, ldb);
    UDE_R(factor)(0, UDE_LEFT, UDE_TRANSPOSED, n, nrhs, l, x);
    UDE_R(factor)(0, UDE_LEFT, UDE_PLAIN, n, nrhs, d, x);
    UDE_R(factor)(0, UDE_LEFT, UDE_TRANSPOSED, n, nrhs, d, y);
    UDE_R(factor)(0, UDE_LEFT, UDE_PLAIN, n, nrhs, l, y);
    UDE_R(put)(order, n, nrhs, -1, x, 1, b_dot, ldb);
    UDE_R(put)(order, n, nrhs, -1, y, 1, b_dot, ldb);
    free(l);
    free(d);
    free(x);
    free(y);
  }
  if (b_dot) {
    UDE_L(potrs)(order, uplo, n, nrhs, a, lda, b_dot, ldb);
  }
  return info;
}
static void UDE_R(potrs_vjp)(int order, char uplo, int n, int nrhs, const UDE_REAL *a, int lda,
                             UDE_REAL *b, int ldb, UDE_REAL *a_bar, UDE_REAL *b_bar) {
  int ld = n > 0 ? n : 1;
  if (!b_bar) {
    return;
  }
  UDE_L(potrs)(order, uplo, n, nrhs, a, lda, b_bar, ldb);
  if (!a_bar) {
    return;
  }
  /* L_bar = -tril(G (L^T X)^T + X (L^T G)^T) */
  UDE_REAL *l = UDE_R(lower)(order, uplo, n, a, lda, 0), *s = UDE_R(take)((size_t)n * (size_t)n);
  UDE_REAL *x = UDE_R(columns)(order, n, nrhs, b, ldb),
           *g = UDE_R(columns)(order, n, nrhs, b_bar, ldb);
  UDE_L(potrs)(UDE_COLUMN, 'L', n, nrhs, l, ld, x, ld);
  UDE_REAL *lx = UDE_R(columns)(UDE_COLUMN, n, nrhs, x, n),
           *lg = UDE_R(columns)(UDE_COLUMN, n, nrhs, g, n);
  UDE_R(factor)(0, UDE_LEFT, UDE_TRANSPOSED, n, nrhs, l, lx);
  UDE_R(factor)(0, UDE_LEFT, UDE_TRANSPOSED, n, nrhs, l, lg);
  UDE_B(gemm)(UDE_COLUMN, UDE_PLAIN, UDE_TRANSPOSED, n, n, nrhs, -1, g, ld, lx, ld, 0, s, ld);
  UDE_B(gemm)(UDE_COLUMN, UDE_PLAIN, UDE_TRANSPOSED, n, n, nrhs, -1, x, ld, lg, ld, 1, s, ld);
  for (int j = 0; j < n; j++) {
    for (int i = j; i < n; i++) {
      a_bar[UDE_R(low)(order, uplo, lda, i, j)] += s[(size_t)j * (size_t)n + (size_t)i];
    }
  }
  free(l);
  free(s);
  free(x);
  free(g);
  free(lx);
  free(lg);
}
static void UDE_R(potrs_extents)(int order, char uplo, int n, int nrhs, const UDE_REAL *a, int lda,
                                 UDE_REAL *b, int ldb, size_t *bytes) {
  (void)uplo;
  bytes[4] = ude_area(order, n, n, lda) * sizeof *a;
  bytes[6] = ude_area(order, n, nrhs, ldb) * sizeof *b;
}
UDE_RULES(UDE_L(potrs), potrs);
