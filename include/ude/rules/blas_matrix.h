/* General matrices, for one type of numbers: part of blas.h. */

void UDE_B(gemv)(int order, int trans, int m, int n, UDE_REAL alpha, const UDE_REAL *a, int lda,
                 const UDE_REAL *x, int incx, UDE_REAL beta, UDE_REAL *y, int incy);
void UDE_B(ger)(int order, int m, int n, UDE_REAL alpha, const UDE_REAL *x, int incx,
                const UDE_REAL *y, int incy, UDE_REAL *a, int lda);
void UDE_B(gemm)(int order, int ta, int tb, int m, int n, int k, UDE_REAL alpha, const UDE_REAL *a,
                 int lda, const UDE_REAL *b, int ldb, UDE_REAL beta, UDE_REAL *c, int ldc);

/* y += alpha x, y = alpha y, x . y for m x n matrices, line by line. */
static inline void UDE_R(matrix_add)(int order, int m, int n, UDE_REAL alpha, const UDE_REAL *x,
                                     int ldx, UDE_REAL *y, int ldy) {
  int lines = order == UDE_ROW ? m : n, length = order == UDE_ROW ? n : m;
  for (int k = 0; k < lines; k++) {
    UDE_B(axpy)(length, alpha, x + (size_t)k * (size_t)ldx, 1, y + (size_t)k * (size_t)ldy, 1);
  }
}
static inline void UDE_R(matrix_scale)(int order, int m, int n, UDE_REAL alpha, UDE_REAL *x,
                                       int ldx) {
  int lines = order == UDE_ROW ? m : n, length = order == UDE_ROW ? n : m;
  for (int k = 0; k < lines; k++) {
    UDE_R(scale)(length, alpha, x + (size_t)k * (size_t)ldx, 1);
  }
}
static inline UDE_REAL UDE_R(matrix_dot)(int order, int m, int n, const UDE_REAL *x, int ldx,
                                         const UDE_REAL *y, int ldy) {
  int      lines = order == UDE_ROW ? m : n, length = order == UDE_ROW ? n : m;
  UDE_REAL sum = 0;
  for (int k = 0; k < lines; k++) {
    sum += UDE_B(dot)(length, x + (size_t)k * (size_t)ldx, 1, y + (size_t)k * (size_t)ldy, 1);
  }
  return sum;
}

static void UDE_R(gemv_jvp)(int order, int trans, int m, int n, UDE_REAL alpha, const UDE_REAL *a,
                            int lda, const UDE_REAL *x, int incx, UDE_REAL beta, UDE_REAL *y,
                            int incy, UDE_REAL alpha_dot, const UDE_REAL *a_dot,
                            const UDE_REAL *x_dot, UDE_REAL beta_dot, UDE_REAL *y_dot) {
  if (y_dot) {
    int rows = trans == UDE_PLAIN ? m : n;
    UDE_B(gemv)(order, trans, m, n, alpha_dot, a, lda, x, incx, beta, y_dot, incy);
    UDE_B(axpy)(rows, beta_dot, y, incy, y_dot, incy);
  }
  if (y_dot && a_dot) {
    UDE_B(gemv)(order, trans, m, n, alpha, a_dot, lda, x, incx, 1, y_dot, incy);
  }
  if (y_dot && x_dot) {
    UDE_B(gemv)(order, trans, m, n, alpha, a, lda, x_dot, incx, 1, y_dot, incy);
  }
  UDE_B(gemv)(order, trans, m, n, alpha, a, lda, x, incx, beta, y, incy);
}
static void UDE_R(gemv_vjp)(int order, int trans, int m, int n, UDE_REAL alpha, const UDE_REAL *a,
                            int lda, const UDE_REAL *x, int incx, UDE_REAL beta, UDE_REAL *y,
                            int incy, UDE_REAL *alpha_bar, UDE_REAL *a_bar, UDE_REAL *x_bar,
                            UDE_REAL *beta_bar, UDE_REAL *y_bar) {
  int rows = trans == UDE_PLAIN ? m : n, columns = trans == UDE_PLAIN ? n : m;
  if (!y_bar) {
    return;
  }
  if (alpha_bar) {
    UDE_REAL *g = UDE_R(take)((size_t)columns);
    UDE_B(gemv)(order, ude_flip(trans), m, n, 1, a, lda, y_bar, incy, 0, g, 1);
    *alpha_bar += UDE_B(dot)(columns, g, 1, x, incx);
    free(g);
  }
  if (x_bar) {
    UDE_B(gemv)(order, ude_flip(trans), m, n, alpha, a, lda, y_bar, incy, 1, x_bar, incx);
  }
  if (a_bar && trans == UDE_PLAIN) {
    UDE_B(ger)(order, m, n, alpha, y_bar, incy, x, incx, a_bar, lda);
  } else if (a_bar) {
    UDE_B(ger)(order, m, n, alpha, x, incx, y_bar, incy, a_bar, lda);
  }
  if (beta_bar) {
    *beta_bar += UDE_B(dot)(rows, y, incy, y_bar, incy);
  }
  UDE_R(scale)(rows, beta, y_bar, incy);
}
static void UDE_R(gemv_extents)(int order, int trans, int m, int n, UDE_REAL alpha,
                                const UDE_REAL *a, int lda, const UDE_REAL *x, int incx,
                                UDE_REAL beta, UDE_REAL *y, int incy, size_t *bytes) {
  (void)alpha;
  (void)beta;
  bytes[5]  = ude_area(order, m, n, lda) * sizeof *a;
  bytes[7]  = ude_span(trans == UDE_PLAIN ? n : m, incx) * sizeof *x;
  bytes[10] = ude_span(trans == UDE_PLAIN ? m : n, incy) * sizeof *y;
}
UDE_RULES(UDE_B(gemv), gemv);

static void UDE_R(ger_jvp)(int order, int m, int n, UDE_REAL alpha, const UDE_REAL *x, int incx,
                           const UDE_REAL *y, int incy, UDE_REAL *a, int lda, UDE_REAL alpha_dot,
                           const UDE_REAL *x_dot, const UDE_REAL *y_dot, UDE_REAL *a_dot) {
  if (a_dot) {
    UDE_B(ger)(order, m, n, alpha_dot, x, incx, y, incy, a_dot, lda);
  }
  if (a_dot && x_dot) {
    UDE_B(ger)(order, m, n, alpha, x_dot, incx, y, incy, a_dot, lda);
  }
  if (a_dot && y_dot) {
    UDE_B(ger)(order, m, n, alpha, x, incx, y_dot, incy, a_dot, lda);
  }
  UDE_B(ger)(order, m, n, alpha, x, incx, y, incy, a, lda);
}
static void UDE_R(ger_vjp)(int order, int m, int n, UDE_REAL alpha, const UDE_REAL *x, int incx,
                           const UDE_REAL *y, int incy, UDE_REAL *a, int lda, UDE_REAL *alpha_bar,
                           UDE_REAL *x_bar, UDE_REAL *y_bar, UDE_REAL *a_bar) {
  (void)a;
  if (a_bar && alpha_bar) {
    UDE_REAL *g = UDE_R(take)((size_t)m);
    UDE_B(gemv)(order, UDE_PLAIN, m, n, 1, a_bar, lda, y, incy, 0, g, 1);
    *alpha_bar += UDE_B(dot)(m, g, 1, x, incx);
    free(g);
  }
  if (a_bar && x_bar) {
    UDE_B(gemv)(order, UDE_PLAIN, m, n, alpha, a_bar, lda, y, incy, 1, x_bar, incx);
  }
  if (a_bar && y_bar) {
    UDE_B(gemv)(order, UDE_TRANSPOSED, m, n, alpha, a_bar, lda, x, incx, 1, y_bar, incy);
  }
}
static void UDE_R(ger_extents)(int order, int m, int n, UDE_REAL alpha, const UDE_REAL *x, int incx,
                               const UDE_REAL *y, int incy, UDE_REAL *a, int lda, size_t *bytes) {
  (void)alpha;
  bytes[4] = ude_span(m, incx) * sizeof *x;
  bytes[6] = ude_span(n, incy) * sizeof *y;
  bytes[8] = ude_area(order, m, n, lda) * sizeof *a;
}
UDE_RULES(UDE_B(ger), ger);

static void UDE_R(gemm_jvp)(int order, int ta, int tb, int m, int n, int k, UDE_REAL alpha,
                            const UDE_REAL *a, int lda, const UDE_REAL *b, int ldb, UDE_REAL beta,
                            UDE_REAL *c, int ldc, UDE_REAL alpha_dot, const UDE_REAL *a_dot,
                            const UDE_REAL *b_dot, UDE_REAL beta_dot, UDE_REAL *c_dot) {
  if (c_dot) {
    UDE_B(gemm)(order, ta, tb, m, n, k, alpha_dot, a, lda, b, ldb, beta, c_dot, ldc);
    UDE_R(matrix_add)(order, m, n, beta_dot, c, ldc, c_dot, ldc);
  }
  if (c_dot && a_dot) {
    UDE_B(gemm)(order, ta, tb, m, n, k, alpha, a_dot, lda, b, ldb, 1, c_dot, ldc);
  }
  if (c_dot && b_dot) {
    UDE_B(gemm)(order, ta, tb, m, n, k, alpha, a, lda, b_dot, ldb, 1, c_dot, ldc);
  }
  UDE_B(gemm)(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
static void UDE_R(gemm_vjp)(int order, int ta, int tb, int m, int n, int k, UDE_REAL alpha,
                            const UDE_REAL *a, int lda, const UDE_REAL *b, int ldb, UDE_REAL beta,
                            UDE_REAL *c, int ldc, UDE_REAL *alpha_bar, UDE_REAL *a_bar,
                            UDE_REAL *b_bar, UDE_REAL *beta_bar, UDE_REAL *c_bar) {
  if (!c_bar) {
    return;
  }
  if (alpha_bar) {
    int       line    = order == UDE_ROW ? n : m;
    UDE_REAL *product = UDE_R(take)((size_t)m * (size_t)n);
    UDE_B(gemm)(order, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, product, line > 0 ? line : 1);
    *alpha_bar += UDE_R(matrix_dot)(order, m, n, product, line, c_bar, ldc);
    free(product);
  }
  if (a_bar && ta == UDE_PLAIN) {
    UDE_B(gemm)(order, UDE_PLAIN, ude_flip(tb), m, k, n, alpha, c_bar, ldc, b, ldb, 1, a_bar, lda);
  } else if (a_bar) {
    UDE_B(gemm)(order, tb, UDE_TRANSPOSED, k, m, n, alpha, b, ldb, c_bar, ldc, 1, a_bar, lda);
  }
  if (b_bar && tb == UDE_PLAIN) {
    UDE_B(gemm)(order, ude_flip(ta), UDE_PLAIN, k, n, m, alpha, a, lda, c_bar, ldc, 1, b_bar, ldb);
  } else if (b_bar) {
    UDE_B(gemm)(order, UDE_TRANSPOSED, ta, n, k, m, alpha, c_bar, ldc, a, lda, 1, b_bar, ldb);
  }
  if (beta_bar) {
    *beta_bar += UDE_R(matrix_dot)(order, m, n, c, ldc, c_bar, ldc);
  }
  UDE_R(matrix_scale)(order, m, n, beta, c_bar, ldc);
}
static void UDE_R(gemm_extents)(int order, int ta, int tb, int m, int n, int k, UDE_REAL alpha,
                                const UDE_REAL *a, int lda, const UDE_REAL *b, int ldb,
                                UDE_REAL beta, UDE_REAL *c, int ldc, size_t *bytes) {
  (void)alpha;
  (void)beta;
  bytes[7] =
      (ta == UDE_PLAIN ? ude_area(order, m, k, lda) : ude_area(order, k, m, lda)) * sizeof *a;
  bytes[9] =
      (tb == UDE_PLAIN ? ude_area(order, k, n, ldb) : ude_area(order, n, k, ldb)) * sizeof *b;
  bytes[12] = ude_area(order, m, n, ldc) * sizeof *c;
}
UDE_RULES(UDE_B(gemm), gemm);
