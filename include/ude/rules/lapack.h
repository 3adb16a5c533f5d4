/* Factorisations and solutions by LAPACKE, for one type of numbers: part of blas.h. Small copies in columns keep the
 * formulas free of orders; what costs n^3 is done by BLAS. */

int UDE_L(getrf)(int order, int m, int n, UDE_REAL *a, int lda, int *ipiv);
int UDE_L(getrs)(int order, char trans, int n, int nrhs, const UDE_REAL *a, int lda,
                 const int *ipiv, UDE_REAL *b, int ldb);
int UDE_L(gesv)(int order, int n, int nrhs, UDE_REAL *a, int lda, int *ipiv, UDE_REAL *b, int ldb);

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

/* Rows in the order of the factors (P^T x), or back: `count` exchanges, columns of length m. */
static inline void UDE_R(permute)(int m, int count, int columns, const int *ipiv, int back,
                                  UDE_REAL *x) {
  for (int k = 0; k < count; k++) {
    int i = back ? count - 1 - k : k, other = ipiv[i] - 1;
    for (int j = 0; j < columns && other != i; j++) {
      UDE_REAL *column = x + (size_t)j * (size_t)m, t = column[i];
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

/* LU' = L tril(M) + triu(M) U with M = L^-1 A' U^-1, all n x n in columns: d from A' to LU'. */
static inline void UDE_R(square_dot)(int n, const UDE_REAL *lu, UDE_REAL *d) {
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
static inline void UDE_R(square_bar)(int n, const UDE_REAL *lu, UDE_REAL *d) {
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
}

/* The same for m x n matrices: square factors as above; of further rows A2 the factor is L2 = A2 U^-1, so that
 * L2' = (A2' - L2 U') U^-1; of further columns U2 = L^-1 A2, so that U2' = L^-1 (A2' - L' U2). */
static inline void UDE_R(lu_dot)(int m, int n, const UDE_REAL *lu, const int *ipiv, UDE_REAL *d) {
  int       k = m < n ? m : n;
  UDE_REAL *f = UDE_R(columns)(UDE_COLUMN, k, k, lu, m);
  UDE_R(permute)(m, k, n, ipiv, 0, d);
  UDE_REAL *e = UDE_R(columns)(UDE_COLUMN, k, k, d, m);
  UDE_R(square_dot)(k, f, e);
  UDE_R(put)(UDE_COLUMN, k, k, 1, e, 0, d, m);
  UDE_R(mask)(k, m < n, e);
  if (k > 0 && m > n) {
    UDE_B(gemm)(UDE_COLUMN, UDE_PLAIN, UDE_PLAIN, m - n, n, n, -1, lu + n, m, e, n, 1, d + n, m);
    UDE_B(trsm)(UDE_COLUMN, UDE_RIGHT, UDE_UPPER, UDE_PLAIN, UDE_NONUNIT, m - n, n, 1, f, n, d + n,
                m);
  } else if (k > 0 && m < n) {
    size_t after = (size_t)m * (size_t)m;
    UDE_B(gemm)(UDE_COLUMN, UDE_PLAIN, UDE_PLAIN, m, n - m, m, -1, e, m, lu + after, m, 1,
                d + after, m);
    UDE_B(trsm)(UDE_COLUMN, UDE_LEFT, UDE_LOWER, UDE_PLAIN, UDE_UNIT, m, n - m, 1, f, m, d + after,
                m);
  }
  free(f);
  free(e);
}
static inline void UDE_R(lu_bar)(int m, int n, const UDE_REAL *lu, const int *ipiv, UDE_REAL *d) {
  int       k = m < n ? m : n;
  UDE_REAL *f = UDE_R(columns)(UDE_COLUMN, k, k, lu, m);
  UDE_REAL *e = UDE_R(columns)(UDE_COLUMN, k, k, d, m);
  UDE_REAL *s = UDE_R(take)((size_t)k * (size_t)k);
  if (k > 0 && m > n) {
    UDE_B(trsm)(UDE_COLUMN, UDE_RIGHT, UDE_UPPER, UDE_TRANSPOSED, UDE_NONUNIT, m - n, n, 1, f, n,
                d + n, m);
    UDE_B(gemm)(UDE_COLUMN, UDE_TRANSPOSED, UDE_PLAIN, n, n, m - n, -1, lu + n, m, d + n, m, 0, s,
                n);
    UDE_R(mask)(k, 0, s);
  } else if (k > 0 && m < n) {
    size_t after = (size_t)m * (size_t)m;
    UDE_B(trsm)(UDE_COLUMN, UDE_LEFT, UDE_LOWER, UDE_TRANSPOSED, UDE_UNIT, m, n - m, 1, f, m,
                d + after, m);
    UDE_B(gemm)(UDE_COLUMN, UDE_PLAIN, UDE_TRANSPOSED, m, m, n - m, -1, d + after, m, lu + after, m,
                0, s, m);
    UDE_R(mask)(k, 1, s);
  }
  UDE_R(join)(k, e, s);
  UDE_R(square_bar)(k, f, e);
  UDE_R(put)(UDE_COLUMN, k, k, 1, e, 0, d, m);
  UDE_R(permute)(m, k, n, ipiv, 1, d);
  free(f);
  free(e);
}

static int UDE_R(getrf_jvp)(int order, int m, int n, UDE_REAL *a, int lda, int *ipiv,
                            UDE_REAL *a_dot, int *ipiv_dot) {
  int info = UDE_L(getrf)(order, m, n, a, lda, ipiv);
  (void)ipiv_dot;
  if (a_dot && info >= 0) {
    UDE_REAL *lu = UDE_R(columns)(order, m, n, a, lda),
             *d  = UDE_R(columns)(order, m, n, a_dot, lda);
    UDE_R(lu_dot)(m, n, lu, ipiv, d);
    UDE_R(put)(order, m, n, 1, d, 0, a_dot, lda);
    free(lu);
    free(d);
  }
  return info;
}
static void UDE_R(getrf_vjp)(int order, int m, int n, UDE_REAL *a, int lda, int *ipiv,
                             UDE_REAL *a_bar, int *ipiv_bar) {
  (void)ipiv;
  (void)ipiv_bar;
  if (a_bar) {
    UDE_REAL *lu = UDE_R(columns)(order, m, n, a, lda),
             *d  = UDE_R(columns)(order, m, n, a_bar, lda);
    int *rows    = (int *)calloc(m > 0 ? (size_t)m : 1, sizeof(int));
    UDE_L(getrf)(UDE_COLUMN, m, n, lu, m > 0 ? m : 1, rows);
    UDE_R(lu_bar)(m, n, lu, rows, d);
    UDE_R(put)(order, m, n, 1, d, 0, a_bar, lda);
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
    UDE_R(permute)(n, n, nrhs, ipiv, 0, x);
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
    UDE_R(permute)(n, n, nrhs, ipiv, 1, x);
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
  UDE_R(permute)(n, n, n, ipiv, 0, s);
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
    UDE_R(lu_bar)(n, n, lu, rows, d);
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
