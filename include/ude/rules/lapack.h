/* Factorisations and solutions by LAPACKE, for one type of numbers: part of blas.h. Small copies in columns keep the
 * formulas free of orders; what costs n^3 is done by BLAS. */

int UDE_L(getrf)(int order, int m, int n, UDE_REAL *a, int lda, int *ipiv);
int UDE_L(getrs)(int order, char trans, int n, int nrhs, const UDE_REAL *a, int lda,
                 const int *ipiv, UDE_REAL *b, int ldb);
int UDE_L(gesv)(int order, int n, int nrhs, UDE_REAL *a, int lda, int *ipiv, UDE_REAL *b, int ldb);
int UDE_L(potrf)(int order, char uplo, int n, UDE_REAL *a, int lda);
int UDE_L(potrs)(int order, char uplo, int n, int nrhs, const UDE_REAL *a, int lda, UDE_REAL *b,
                 int ldb);

/* A copy of an m x n matrix in columns of length m; and back, times alpha and added. */
static inline UDE_REAL *UDE_R(columns)(int order, int m, int n, const UDE_REAL *a, int lda) {
  UDE_REAL *copy = UDE_R(take)((size_t)m * (size_t)n);
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < m; i++) {
      copy[(size_t)j * (size_t)m + (size_t)i] = a[ude_place(order, lda, i, j)];
    }
  }
  return copy;
}
static inline void UDE_R(put)(int order, int m, int n, UDE_REAL alpha, const UDE_REAL *columns,
                              UDE_REAL beta, UDE_REAL *a, int lda) {
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < m; i++) {
      UDE_REAL *to   = &a[ude_place(order, lda, i, j)];
      UDE_REAL  from = alpha * columns[(size_t)j * (size_t)m + (size_t)i];
      *to            = beta == 0 ? from : *to + from;
    }
  }
}

/* Only the strict lower triangle, or the upper one with the diagonal. */
static inline void UDE_R(mask)(int n, int lower, UDE_REAL *x) {
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < n; i++) {
      if (lower ? i <= j : i > j) {
        x[(size_t)j * (size_t)n + (size_t)i] = 0;
      }
    }
  }
}

/* Rows in the order of the factors (P^T x), or back. */
static inline void UDE_R(permute)(int n, int columns, const int *ipiv, int back, UDE_REAL *x) {
  for (int k = 0; k < n; k++) {
    int i = back ? n - 1 - k : k, other = ipiv[i] - 1;
    for (int j = 0; j < columns && other != i; j++) {
      UDE_REAL *column = x + (size_t)j * (size_t)n, t = column[i];
      column[i]     = column[other];
      column[other] = t;
    }
  }
}

static inline void UDE_R(triangle_times)(int side, int uplo, int trans, int n, int columns,
                                         const UDE_REAL *lu, UDE_REAL *x) {
  int rows = side == UDE_LEFT ? n : columns, other = side == UDE_LEFT ? columns : n;
  UDE_B(trmm)(UDE_COLUMN, side, uplo, trans, uplo == UDE_LOWER ? UDE_UNIT : UDE_NONUNIT, rows,
              other, 1, lu, n > 0 ? n : 1, x, rows > 0 ? rows : 1);
}
static inline void UDE_R(triangle_solve)(int side, int uplo, int trans, int n, const UDE_REAL *lu,
                                         UDE_REAL *x) {
  UDE_B(trsm)(UDE_COLUMN, side, uplo, trans, uplo == UDE_LOWER ? UDE_UNIT : UDE_NONUNIT, n, n, 1,
              lu, n > 0 ? n : 1, x, n > 0 ? n : 1);
}

/* x + y for the two masked parts; y is released. */
static inline void UDE_R(join)(int n, UDE_REAL *x, UDE_REAL *y) {
  for (size_t k = 0; k < (size_t)n * (size_t)n; k++) {
    x[k] += y[k];
  }
  free(y);
}

/* LU' = L tril(M) + triu(M) U with M = L^-1 P^T A' U^-1: d in columns, from A' to LU'. */
static inline void UDE_R(lu_dot)(int n, const UDE_REAL *lu, const int *ipiv, UDE_REAL *d) {
  UDE_R(permute)(n, n, ipiv, 0, d);
  UDE_R(triangle_solve)(UDE_LEFT, UDE_LOWER, UDE_PLAIN, n, lu, d);
  UDE_R(triangle_solve)(UDE_RIGHT, UDE_UPPER, UDE_PLAIN, n, lu, d);
  UDE_REAL *s = UDE_R(columns)(UDE_COLUMN, n, n, d, n);
  UDE_R(mask)(n, 1, s);
  UDE_R(mask)(n, 0, d);
  UDE_R(triangle_times)(UDE_LEFT, UDE_LOWER, UDE_PLAIN, n, n, lu, s);
  UDE_R(triangle_times)(UDE_RIGHT, UDE_UPPER, UDE_PLAIN, n, n, lu, d);
  UDE_R(join)(n, d, s);
}

/* The transpose of that: from the adjoint of LU to the adjoint of A. */
static inline void UDE_R(lu_bar)(int n, const UDE_REAL *lu, const int *ipiv, UDE_REAL *d) {
  UDE_REAL *s = UDE_R(columns)(UDE_COLUMN, n, n, d, n);
  UDE_R(mask)(n, 1, s);
  UDE_R(mask)(n, 0, d);
  UDE_R(triangle_times)(UDE_LEFT, UDE_LOWER, UDE_TRANSPOSED, n, n, lu, s);
  UDE_R(triangle_times)(UDE_RIGHT, UDE_UPPER, UDE_TRANSPOSED, n, n, lu, d);
  UDE_R(mask)(n, 1, s);
  UDE_R(mask)(n, 0, d);
  UDE_R(join)(n, d, s);
  UDE_R(triangle_solve)(UDE_LEFT, UDE_LOWER, UDE_TRANSPOSED, n, lu, d);
  UDE_R(triangle_solve)(UDE_RIGHT, UDE_UPPER, UDE_TRANSPOSED, n, lu, d);
  UDE_R(permute)(n, n, ipiv, 1, d);
}

/* Only square matrices have rules here: NaN says so. */
static inline void UDE_R(unknown)(int order, int m, int n, UDE_REAL *a, int lda) {
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      a[ude_place(order, lda, i, j)] = (UDE_REAL)NAN;
    }
  }
}

static int UDE_R(getrf_jvp)(int order, int m, int n, UDE_REAL *a, int lda, int *ipiv,
                            UDE_REAL *a_dot, int *ipiv_dot) {
  int info = UDE_L(getrf)(order, m, n, a, lda, ipiv);
  (void)ipiv_dot;
  if (a_dot && m != n) {
    UDE_R(unknown)(order, m, n, a_dot, lda);
  } else if (a_dot && info >= 0) {
    UDE_REAL *lu = UDE_R(columns)(order, n, n, a, lda),
             *d  = UDE_R(columns)(order, n, n, a_dot, lda);
    UDE_R(lu_dot)(n, lu, ipiv, d);
    UDE_R(put)(order, n, n, 1, d, 0, a_dot, lda);
    free(lu);
    free(d);
  }
  return info;
}
static void UDE_R(getrf_vjp)(int order, int m, int n, UDE_REAL *a, int lda, int *ipiv,
                             UDE_REAL *a_bar, int *ipiv_bar) {
  (void)ipiv;
  (void)ipiv_bar;
  if (a_bar && m != n) {
    UDE_R(unknown)(order, m, n, a_bar, lda);
  } else if (a_bar) {
    UDE_REAL *lu = UDE_R(columns)(order, n, n, a, lda),
             *d  = UDE_R(columns)(order, n, n, a_bar, lda);
    int *rows    = (int *)calloc(n > 0 ? (size_t)n : 1, sizeof(int));
    UDE_L(getrf)(UDE_COLUMN, n, n, lu, n > 0 ? n : 1, rows);
    UDE_R(lu_bar)(n, lu, rows, d);
    UDE_R(put)(order, n, n, 1, d, 0, a_bar, lda);
    free(lu);
    free(d);
    free(rows);
  }
}
static void UDE_R(getrf_extents)(int order, int m, int n, UDE_REAL *a, int lda, int *ipiv,
                                 size_t *bytes) {
  bytes[3] = ude_area(order, m, n, lda) * sizeof *a;
  bytes[5] = (size_t)(m < n ? m : n) * sizeof *ipiv;
}
UDE_RULES(UDE_L(getrf), getrf);

static inline int UDE_R(is_plain)(char trans) {
  return trans == 'N' || trans == 'n';
}

/* op(A') x for A' of LU' (d), x in columns; x is replaced. */
static inline void UDE_R(lu_times)(int plain, int n, int nrhs, const UDE_REAL *lu,
                                   const UDE_REAL *d, const int *ipiv, UDE_REAL *x) {
  int       ld = n > 0 ? n : 1;
  UDE_REAL *y;
  if (plain) { /* P (L' (U x) + L (U' x)) */
    y = UDE_R(columns)(UDE_COLUMN, n, nrhs, x, n);
    UDE_R(triangle_times)(UDE_LEFT, UDE_UPPER, UDE_PLAIN, n, nrhs, lu, x);
    UDE_R(trmm_dot)(UDE_COLUMN, UDE_LEFT, UDE_LOWER, UDE_PLAIN, UDE_UNIT, n, nrhs, d, ld, x);
    UDE_R(triangle_times)(UDE_LEFT, UDE_UPPER, UDE_PLAIN, n, nrhs, d, y);
    UDE_R(triangle_times)(UDE_LEFT, UDE_LOWER, UDE_PLAIN, n, nrhs, lu, y);
  } else { /* U'^T (L^T P^T x) + U^T (L'^T P^T x) */
    UDE_R(permute)(n, nrhs, ipiv, 0, x);
    y = UDE_R(columns)(UDE_COLUMN, n, nrhs, x, n);
    UDE_R(triangle_times)(UDE_LEFT, UDE_LOWER, UDE_TRANSPOSED, n, nrhs, lu, x);
    UDE_R(triangle_times)(UDE_LEFT, UDE_UPPER, UDE_TRANSPOSED, n, nrhs, d, x);
    UDE_R(trmm_dot)(UDE_COLUMN, UDE_LEFT, UDE_LOWER, UDE_TRANSPOSED, UDE_UNIT, n, nrhs, d, ld, y);
    UDE_R(triangle_times)(UDE_LEFT, UDE_UPPER, UDE_TRANSPOSED, n, nrhs, lu, y);
  }
  for (size_t k = 0; k < (size_t)n * (size_t)nrhs; k++) {
    x[k] += y[k];
  }
  if (plain) {
    UDE_R(permute)(n, nrhs, ipiv, 1, x);
  }
  free(y);
}

static int UDE_R(getrs_jvp)(int order, char trans, int n, int nrhs, const UDE_REAL *a, int lda,
                            const int *ipiv, UDE_REAL *b, int ldb, const UDE_REAL *a_dot,
                            const int *ipiv_dot, UDE_REAL *b_dot) {
  int info = UDE_L(getrs)(order, trans, n, nrhs, a, lda, ipiv, b, ldb);
  (void)ipiv_dot;
  if (b_dot && a_dot) {
    UDE_REAL *x  = UDE_R(columns)(order, n, nrhs, b, ldb);
    UDE_REAL *lu = UDE_R(columns)(order, n, n, a, lda),
             *d  = UDE_R(columns)(order, n, n, a_dot, lda);
    UDE_R(lu_times)(UDE_R(is_plain)(trans), n, nrhs, lu, d, ipiv, x);
    UDE_R(put)(order, n, nrhs, -1, x, 1, b_dot, ldb);
    free(x);
    free(lu);
    free(d);
  }
  if (b_dot) {
    UDE_L(getrs)(order, trans, n, nrhs, a, lda, ipiv, b_dot, ldb);
  }
  return info;
}
static void UDE_R(getrs_vjp)(int order, char trans, int n, int nrhs, const UDE_REAL *a, int lda,
                             const int *ipiv, UDE_REAL *b, int ldb, UDE_REAL *a_bar, int *ipiv_bar,
                             UDE_REAL *b_bar) {
  int plain = UDE_R(is_plain)(trans), ld = n > 0 ? n : 1;
  (void)ipiv_bar;
  if (!b_bar) {
    return;
  }
  UDE_L(getrs)(order, plain ? 'T' : 'N', n, nrhs, a, lda, ipiv, b_bar, ldb);
  if (!a_bar) {
    return;
  }
  UDE_REAL *lu = UDE_R(columns)(order, n, n, a, lda);
  UDE_REAL *x  = UDE_R(columns)(order, n, nrhs, b, ldb),
           *g  = UDE_R(columns)(order, n, nrhs, b_bar, ldb);
  UDE_REAL *s  = UDE_R(take)((size_t)n * (size_t)n);
  UDE_L(getrs)(UDE_COLUMN, trans, n, nrhs, lu, ld, ipiv, x, ld);
  UDE_B(gemm)(UDE_COLUMN, UDE_PLAIN, UDE_TRANSPOSED, n, n, nrhs, -1, plain ? g : x, ld,
              plain ? x : g, ld, 0, s, ld);
  UDE_R(permute)(n, n, ipiv, 0, s);
  UDE_REAL *t = UDE_R(columns)(UDE_COLUMN, n, n, s, n);
  UDE_R(triangle_times)(UDE_RIGHT, UDE_UPPER, UDE_TRANSPOSED, n, n, lu, s);
  UDE_R(triangle_times)(UDE_LEFT, UDE_LOWER, UDE_TRANSPOSED, n, n, lu, t);
  UDE_R(mask)(n, 1, s);
  UDE_R(mask)(n, 0, t);
  UDE_R(join)(n, s, t);
  UDE_R(put)(order, n, n, 1, s, 1, a_bar, lda);
  free(lu);
  free(x);
  free(g);
  free(s);
}
static void UDE_R(getrs_extents)(int order, char trans, int n, int nrhs, const UDE_REAL *a, int lda,
                                 const int *ipiv, UDE_REAL *b, int ldb, size_t *bytes) {
  (void)trans;
  bytes[4] = ude_area(order, n, n, lda) * sizeof *a;
  bytes[6] = (size_t)n * sizeof *ipiv;
  bytes[7] = ude_area(order, n, nrhs, ldb) * sizeof *b;
}
UDE_RULES(UDE_L(getrs), getrs);

static int UDE_R(gesv_jvp)(int order, int n, int nrhs, UDE_REAL *a, int lda, int *ipiv, UDE_REAL *b,
                           int ldb, UDE_REAL *a_dot, int *ipiv_dot, UDE_REAL *b_dot) {
  int info = UDE_R(getrf_jvp)(order, n, n, a, lda, ipiv, a_dot, ipiv_dot);
  if (info == 0) {
    info = UDE_R(getrs_jvp)(order, 'N', n, nrhs, a, lda, ipiv, b, ldb, a_dot, ipiv_dot, b_dot);
  }
  return info;
}
static void UDE_R(gesv_vjp)(int order, int n, int nrhs, UDE_REAL *a, int lda, int *ipiv,
                            UDE_REAL *b, int ldb, UDE_REAL *a_bar, int *ipiv_bar, UDE_REAL *b_bar) {
  UDE_REAL *lu   = UDE_R(columns)(order, n, n, a, lda);
  UDE_REAL *x    = UDE_R(columns)(order, n, nrhs, b, ldb);
  UDE_REAL *g    = b_bar ? UDE_R(columns)(order, n, nrhs, b_bar, ldb) : NULL;
  UDE_REAL *d    = a_bar ? UDE_R(columns)(order, n, n, a_bar, lda) : NULL;
  int      *rows = (int *)calloc(n > 0 ? (size_t)n : 1, sizeof(int)), ld = n > 0 ? n : 1;
  (void)ipiv;
  int info = UDE_L(getrf)(UDE_COLUMN, n, n, lu, ld, rows);
  if (info == 0) {
    UDE_R(getrs_vjp)(UDE_COLUMN, 'N', n, nrhs, lu, ld, rows, x, ld, d, ipiv_bar, g);
  }
  if (d) {
    UDE_R(lu_bar)(n, lu, rows, d);
    UDE_R(put)(order, n, n, 1, d, 0, a_bar, lda);
  }
  if (g) {
    UDE_R(put)(order, n, nrhs, 1, g, 0, b_bar, ldb);
  }
  free(lu);
  free(x);
  free(g);
  free(d);
  free(rows);
}
static void UDE_R(gesv_extents)(int order, int n, int nrhs, UDE_REAL *a, int lda, int *ipiv,
                                UDE_REAL *b, int ldb, size_t *bytes) {
  bytes[3] = ude_area(order, n, n, lda) * sizeof *a;
  bytes[5] = (size_t)n * sizeof *ipiv;
  bytes[6] = ude_area(order, n, nrhs, ldb) * sizeof *b;
}
UDE_RULES(UDE_L(gesv), gesv);

/* ---------------------------------------------------------------------------------- Cholesky -- */

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
