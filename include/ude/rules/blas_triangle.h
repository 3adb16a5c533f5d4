/* Triangular matrices, for one type of numbers: part of blas.h. The other triangle, and a unit diagonal, are not read, so
 * they have no derivative. */

void UDE_B(trmv)(int order, int uplo, int trans, int diag, int n, const UDE_REAL *a, int lda,
                 UDE_REAL *x, int incx);
void UDE_B(trsv)(int order, int uplo, int trans, int diag, int n, const UDE_REAL *a, int lda,
                 UDE_REAL *x, int incx);
void UDE_B(trmm)(int order, int side, int uplo, int trans, int diag, int m, int n, UDE_REAL alpha,
                 const UDE_REAL *a, int lda, UDE_REAL *b, int ldb);
void UDE_B(trsm)(int order, int side, int uplo, int trans, int diag, int m, int n, UDE_REAL alpha,
                 const UDE_REAL *a, int lda, UDE_REAL *b, int ldb);

/* a += alpha * triangle of full (leading dimension n). */
static inline void UDE_R(triangle_add)(int order, int uplo, int diag, int n, UDE_REAL alpha,
                                       const UDE_REAL *full, UDE_REAL *a, int lda) {
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      if (uplo == UDE_UPPER ? j < i : j > i) {
        continue;
      }
      if (i != j || diag == UDE_NONUNIT) {
        a[ude_place(order, lda, i, j)] += alpha * full[ude_place(order, n, i, j)];
      }
    }
  }
}

/* x = op(triangle of a_dot) x: the derivative of the matrix has no diagonal where that is one. */
static inline void UDE_R(trmv_dot)(int order, int uplo, int trans, int diag, int n,
                                   const UDE_REAL *a_dot, int lda, UDE_REAL *x) {
  UDE_REAL *old = UDE_R(take)((size_t)n);
  if (diag == UDE_UNIT) {
    UDE_B(copy)(n, x, 1, old, 1);
  }
  UDE_B(trmv)(order, uplo, trans, diag, n, a_dot, lda, x, 1);
  if (diag == UDE_UNIT) {
    UDE_B(axpy)(n, -1, old, 1, x, 1);
  }
  free(old);
}

static void UDE_R(trmv_jvp)(int order, int uplo, int trans, int diag, int n, const UDE_REAL *a,
                            int lda, UDE_REAL *x, int incx, const UDE_REAL *a_dot,
                            UDE_REAL *x_dot) {
  if (x_dot) {
    UDE_B(trmv)(order, uplo, trans, diag, n, a, lda, x_dot, incx);
  }
  if (x_dot && a_dot) {
    UDE_REAL *t = UDE_R(take)((size_t)n);
    UDE_B(copy)(n, x, incx, t, 1);
    UDE_R(trmv_dot)(order, uplo, trans, diag, n, a_dot, lda, t);
    UDE_B(axpy)(n, 1, t, 1, x_dot, incx);
    free(t);
  }
  UDE_B(trmv)(order, uplo, trans, diag, n, a, lda, x, incx);
}
static void UDE_R(trmv_vjp)(int order, int uplo, int trans, int diag, int n, const UDE_REAL *a,
                            int lda, UDE_REAL *x, int incx, UDE_REAL *a_bar, UDE_REAL *x_bar) {
  if (x_bar && a_bar) {
    UDE_REAL *full = UDE_R(take)((size_t)n * (size_t)n);
    if (trans == UDE_PLAIN) {
      UDE_B(ger)(order, n, n, 1, x_bar, incx, x, incx, full, n > 0 ? n : 1);
    } else {
      UDE_B(ger)(order, n, n, 1, x, incx, x_bar, incx, full, n > 0 ? n : 1);
    }
    UDE_R(triangle_add)(order, uplo, diag, n, 1, full, a_bar, lda);
    free(full);
  }
  if (x_bar) {
    UDE_B(trmv)(order, uplo, ude_flip(trans), diag, n, a, lda, x_bar, incx);
  }
}
static void UDE_R(trmv_extents)(int order, int uplo, int trans, int diag, int n, const UDE_REAL *a,
                                int lda, UDE_REAL *x, int incx, size_t *bytes) {
  (void)uplo;
  (void)trans;
  (void)diag;
  bytes[5] = ude_area(order, n, n, lda) * sizeof *a;
  bytes[7] = ude_span(n, incx) * sizeof *x;
}
UDE_RULES(UDE_B(trmv), trmv);

static void UDE_R(trsv_jvp)(int order, int uplo, int trans, int diag, int n, const UDE_REAL *a,
                            int lda, UDE_REAL *x, int incx, const UDE_REAL *a_dot,
                            UDE_REAL *x_dot) {
  UDE_B(trsv)(order, uplo, trans, diag, n, a, lda, x, incx);
  if (x_dot && a_dot) {
    UDE_REAL *t = UDE_R(take)((size_t)n);
    UDE_B(copy)(n, x, incx, t, 1);
    UDE_R(trmv_dot)(order, uplo, trans, diag, n, a_dot, lda, t);
    UDE_B(axpy)(n, -1, t, 1, x_dot, incx);
    free(t);
  }
  if (x_dot) {
    UDE_B(trsv)(order, uplo, trans, diag, n, a, lda, x_dot, incx);
  }
}
static void UDE_R(trsv_vjp)(int order, int uplo, int trans, int diag, int n, const UDE_REAL *a,
                            int lda, UDE_REAL *x, int incx, UDE_REAL *a_bar, UDE_REAL *x_bar) {
  if (x_bar) {
    UDE_B(trsv)(order, uplo, ude_flip(trans), diag, n, a, lda, x_bar, incx);
  }
  if (x_bar && a_bar) {
    UDE_REAL *y = UDE_R(take)((size_t)n), *full = UDE_R(take)((size_t)n * (size_t)n);
    UDE_B(copy)(n, x, incx, y, 1);
    UDE_B(trsv)(order, uplo, trans, diag, n, a, lda, y, 1);
    if (trans == UDE_PLAIN) {
      UDE_B(ger)(order, n, n, 1, x_bar, incx, y, 1, full, n > 0 ? n : 1);
    } else {
      UDE_B(ger)(order, n, n, 1, y, 1, x_bar, incx, full, n > 0 ? n : 1);
    }
    UDE_R(triangle_add)(order, uplo, diag, n, -1, full, a_bar, lda);
    free(y);
    free(full);
  }
}
static void UDE_R(trsv_extents)(int order, int uplo, int trans, int diag, int n, const UDE_REAL *a,
                                int lda, UDE_REAL *x, int incx, size_t *bytes) {
  UDE_R(trmv_extents)(order, uplo, trans, diag, n, a, lda, x, incx, bytes);
}
UDE_RULES(UDE_B(trsv), trsv);

/* A copy with lines one after the other. */
static inline UDE_REAL *UDE_R(packed)(int order, int m, int n, const UDE_REAL *b, int ldb) {
  UDE_REAL *copy  = UDE_R(take)((size_t)m * (size_t)n);
  int       lines = order == UDE_ROW ? m : n, length = order == UDE_ROW ? n : m;
  for (int k = 0; k < lines; k++) {
    UDE_B(copy)(length, b + (size_t)k * (size_t)ldb, 1, copy + (size_t)k * (size_t)length, 1);
  }
  return copy;
}
static inline int UDE_R(line)(int order, int m, int n) {
  int length = order == UDE_ROW ? n : m;
  return length > 0 ? length : 1;
}

/* x (packed) = op(triangle of a_dot) x or x op(triangle of a_dot). */
static inline void UDE_R(trmm_dot)(int order, int side, int uplo, int trans, int diag, int m, int n,
                                   const UDE_REAL *a_dot, int lda, UDE_REAL *x) {
  int       line = UDE_R(line)(order, m, n);
  UDE_REAL *old  = UDE_R(packed)(order, m, n, x, line);
  UDE_B(trmm)(order, side, uplo, trans, diag, m, n, 1, a_dot, lda, x, line);
  if (diag == UDE_UNIT) {
    UDE_R(matrix_add)(order, m, n, -1, old, line, x, line);
  }
  free(old);
}

/* a_bar += alpha * triangle of g z^T (left, plain) and its like on the other side or transposed; g and z are m x n. */
static inline void UDE_R(trmm_matrix_bar)(int order, int side, int uplo, int trans, int diag, int m,
                                          int n, UDE_REAL alpha, const UDE_REAL *g, int ldg,
                                          const UDE_REAL *z, int ldz, UDE_REAL *a_bar, int lda) {
  int             size = side == UDE_LEFT ? m : n, inner = side == UDE_LEFT ? n : m;
  int             first = (side == UDE_LEFT) == (trans == UDE_PLAIN); /* g comes first */
  const UDE_REAL *x = first ? g : z, *y = first ? z : g;
  int             ldx = first ? ldg : ldz, ldy = first ? ldz : ldg;
  UDE_REAL       *full = UDE_R(take)((size_t)size * (size_t)size);
  int             ta   = side == UDE_LEFT ? UDE_PLAIN : UDE_TRANSPOSED;
  UDE_B(gemm)(order, ta, ude_flip(ta), size, size, inner, 1, x, ldx, y, ldy, 0, full,
              size > 0 ? size : 1);
  UDE_R(triangle_add)(order, uplo, diag, size, alpha, full, a_bar, lda);
  free(full);
}

static void UDE_R(trmm_jvp)(int order, int side, int uplo, int trans, int diag, int m, int n,
                            UDE_REAL alpha, const UDE_REAL *a, int lda, UDE_REAL *b, int ldb,
                            UDE_REAL alpha_dot, const UDE_REAL *a_dot, UDE_REAL *b_dot) {
  int line = UDE_R(line)(order, m, n);
  if (b_dot) {
    UDE_REAL *t = UDE_R(packed)(order, m, n, b, ldb);
    UDE_B(trmm)(order, side, uplo, trans, diag, m, n, 1, a, lda, t, line);
    UDE_B(trmm)(order, side, uplo, trans, diag, m, n, alpha, a, lda, b_dot, ldb);
    UDE_R(matrix_add)(order, m, n, alpha_dot, t, line, b_dot, ldb);
    free(t);
  }
  if (b_dot && a_dot) {
    UDE_REAL *t = UDE_R(packed)(order, m, n, b, ldb);
    UDE_R(trmm_dot)(order, side, uplo, trans, diag, m, n, a_dot, lda, t);
    UDE_R(matrix_add)(order, m, n, alpha, t, line, b_dot, ldb);
    free(t);
  }
  UDE_B(trmm)(order, side, uplo, trans, diag, m, n, alpha, a, lda, b, ldb);
}
static void UDE_R(trmm_vjp)(int order, int side, int uplo, int trans, int diag, int m, int n,
                            UDE_REAL alpha, const UDE_REAL *a, int lda, UDE_REAL *b, int ldb,
                            UDE_REAL *alpha_bar, UDE_REAL *a_bar, UDE_REAL *b_bar) {
  int line = UDE_R(line)(order, m, n);
  if (!b_bar) {
    return;
  }
  if (alpha_bar) {
    UDE_REAL *t = UDE_R(packed)(order, m, n, b, ldb);
    UDE_B(trmm)(order, side, uplo, trans, diag, m, n, 1, a, lda, t, line);
    *alpha_bar += UDE_R(matrix_dot)(order, m, n, t, line, b_bar, ldb);
    free(t);
  }
  if (a_bar) {
    UDE_R(trmm_matrix_bar)(order, side, uplo, trans, diag, m, n, alpha, b_bar, ldb, b, ldb, a_bar,
                           lda);
  }
  UDE_B(trmm)(order, side, uplo, ude_flip(trans), diag, m, n, alpha, a, lda, b_bar, ldb);
}
static void UDE_R(trmm_extents)(int order, int side, int uplo, int trans, int diag, int m, int n,
                                UDE_REAL alpha, const UDE_REAL *a, int lda, UDE_REAL *b, int ldb,
                                size_t *bytes) {
  int size = side == UDE_LEFT ? m : n;
  (void)uplo;
  (void)trans;
  (void)diag;
  (void)alpha;
  bytes[8]  = ude_area(order, size, size, lda) * sizeof *a;
  bytes[10] = ude_area(order, m, n, ldb) * sizeof *b;
}
UDE_RULES(UDE_B(trmm), trmm);

/* op(A) X = alpha B: op(A) X' = alpha' B + alpha B' - op(A') X. */
static void UDE_R(trsm_jvp)(int order, int side, int uplo, int trans, int diag, int m, int n,
                            UDE_REAL alpha, const UDE_REAL *a, int lda, UDE_REAL *b, int ldb,
                            UDE_REAL alpha_dot, const UDE_REAL *a_dot, UDE_REAL *b_dot) {
  int line = UDE_R(line)(order, m, n);
  if (b_dot) {
    UDE_R(matrix_scale)(order, m, n, alpha, b_dot, ldb);
    UDE_R(matrix_add)(order, m, n, alpha_dot, b, ldb, b_dot, ldb);
  }
  UDE_B(trsm)(order, side, uplo, trans, diag, m, n, alpha, a, lda, b, ldb);
  if (b_dot && a_dot) {
    UDE_REAL *t = UDE_R(packed)(order, m, n, b, ldb);
    UDE_R(trmm_dot)(order, side, uplo, trans, diag, m, n, a_dot, lda, t);
    UDE_R(matrix_add)(order, m, n, -1, t, line, b_dot, ldb);
    free(t);
  }
  if (b_dot) {
    UDE_B(trsm)(order, side, uplo, trans, diag, m, n, 1, a, lda, b_dot, ldb);
  }
}
static void UDE_R(trsm_vjp)(int order, int side, int uplo, int trans, int diag, int m, int n,
                            UDE_REAL alpha, const UDE_REAL *a, int lda, UDE_REAL *b, int ldb,
                            UDE_REAL *alpha_bar, UDE_REAL *a_bar, UDE_REAL *b_bar) {
  int line = UDE_R(line)(order, m, n);
  if (!b_bar) {
    return;
  }
  UDE_B(trsm)(order, side, uplo, ude_flip(trans), diag, m, n, 1, a, lda, b_bar, ldb);
  if (alpha_bar) {
    *alpha_bar += UDE_R(matrix_dot)(order, m, n, b, ldb, b_bar, ldb);
  }
  if (a_bar) {
    UDE_REAL *x = UDE_R(packed)(order, m, n, b, ldb);
    UDE_B(trsm)(order, side, uplo, trans, diag, m, n, alpha, a, lda, x, line);
    UDE_R(trmm_matrix_bar)(order, side, uplo, trans, diag, m, n, -1, b_bar, ldb, x, line, a_bar,
                           lda);
    free(x);
  }
  UDE_R(matrix_scale)(order, m, n, alpha, b_bar, ldb);
}
static void UDE_R(trsm_extents)(int order, int side, int uplo, int trans, int diag, int m, int n,
                                UDE_REAL alpha, const UDE_REAL *a, int lda, UDE_REAL *b, int ldb,
                                size_t *bytes) {
  UDE_R(trmm_extents)(order, side, uplo, trans, diag, m, n, alpha, a, lda, b, ldb, bytes);
}
UDE_RULES(UDE_B(trsm), trsm);
