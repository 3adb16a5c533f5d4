/* What the C forms compute, in loops: part of blas.h, for one type of numbers. Transforms without a rule for a call
 * (Taylor mode, patterns, lanes) follow these instead. Rounding may differ from the library's in the last places. */

static inline UDE_REAL UDE_R(dot_body)(int n, const UDE_REAL *x, int incx, const UDE_REAL *y,
                                       int incy) {
  UDE_REAL sum = 0;
  x += ude_first(n, incx);
  y += ude_first(n, incy);
  for (int i = 0; i < n; i++) {
    sum += x[(ptrdiff_t)i * incx] * y[(ptrdiff_t)i * incy];
  }
  return sum;
}
UDE_PAIR(body, UDE_B(dot), UDE_R(dot_body));

/* Scaled where squares would overflow or vanish. */
static inline UDE_REAL UDE_R(nrm2_body)(int n, const UDE_REAL *x, int incx) {
  const UDE_REAL most =
      sizeof(UDE_REAL) == sizeof(double) ? (UDE_REAL)0x1p+1000 : (UDE_REAL)0x1p+120;
  const UDE_REAL least =
      sizeof(UDE_REAL) == sizeof(double) ? (UDE_REAL)0x1p-900 : (UDE_REAL)0x1p-90;
  UDE_REAL sum = 0, big = 0;
  x += ude_first(n, incx);
  for (int i = 0; i < n; i++) {
    UDE_REAL it = x[(ptrdiff_t)i * incx];
    sum += it * it;
    big = it > big ? it : -it > big ? -it : big;
  }
  if (big == 0) {
    return 0;
  }
  if (sum > least && sum < most) {
    return (UDE_REAL)sqrt((double)sum);
  }
  sum = 0;
  for (int i = 0; i < n; i++) {
    UDE_REAL it = x[(ptrdiff_t)i * incx] / big;
    sum += it * it;
  }
  return big * (UDE_REAL)sqrt((double)sum);
}
UDE_PAIR(body, UDE_B(nrm2), UDE_R(nrm2_body));

static inline UDE_REAL UDE_R(asum_body)(int n, const UDE_REAL *x, int incx) {
  UDE_REAL sum = 0;
  for (int i = 0; incx > 0 && i < n; i++) {
    UDE_REAL it = x[(ptrdiff_t)i * incx];
    sum += it < 0 ? -it : it;
  }
  return sum;
}
UDE_PAIR(body, UDE_B(asum), UDE_R(asum_body));

static inline void UDE_R(axpy_body)(int n, UDE_REAL a, const UDE_REAL *x, int incx, UDE_REAL *y,
                                    int incy) {
  x += ude_first(n, incx);
  y += ude_first(n, incy);
  for (int i = 0; i < n; i++) {
    y[(ptrdiff_t)i * incy] += a * x[(ptrdiff_t)i * incx];
  }
}
UDE_PAIR(body, UDE_B(axpy), UDE_R(axpy_body));

static inline void UDE_R(scal_body)(int n, UDE_REAL a, UDE_REAL *x, int incx) {
  for (int i = 0; incx > 0 && i < n; i++) {
    x[(ptrdiff_t)i * incx] *= a;
  }
}
UDE_PAIR(body, UDE_B(scal), UDE_R(scal_body));

static inline void UDE_R(copy_body)(int n, const UDE_REAL *x, int incx, UDE_REAL *y, int incy) {
  x += ude_first(n, incx);
  y += ude_first(n, incy);
  for (int i = 0; i < n; i++) {
    y[(ptrdiff_t)i * incy] = x[(ptrdiff_t)i * incx];
  }
}
UDE_PAIR(body, UDE_B(copy), UDE_R(copy_body));

static inline void UDE_R(swap_body)(int n, UDE_REAL *x, int incx, UDE_REAL *y, int incy) {
  x += ude_first(n, incx);
  y += ude_first(n, incy);
  for (int i = 0; i < n; i++) {
    UDE_REAL it            = x[(ptrdiff_t)i * incx];
    x[(ptrdiff_t)i * incx] = y[(ptrdiff_t)i * incy];
    y[(ptrdiff_t)i * incy] = it;
  }
}
UDE_PAIR(body, UDE_B(swap), UDE_R(swap_body));

/* Element (i, j) of op(a). */
static inline UDE_REAL UDE_R(element)(int order, int trans, const UDE_REAL *a, int lda, int i,
                                      int j) {
  return a[trans == UDE_PLAIN ? ude_place(order, lda, i, j) : ude_place(order, lda, j, i)];
}

/* b y, where b = 0 forgets y whatever it holds. */
static inline UDE_REAL UDE_R(kept)(UDE_REAL b, UDE_REAL y) {
  return b == 0 ? 0 : b * y;
}

static inline void UDE_R(gemv_body)(int order, int trans, int m, int n, UDE_REAL alpha,
                                    const UDE_REAL *a, int lda, const UDE_REAL *x, int incx,
                                    UDE_REAL beta, UDE_REAL *y, int incy) {
  int rows = trans == UDE_PLAIN ? m : n, columns = trans == UDE_PLAIN ? n : m;
  x += ude_first(columns, incx);
  y += ude_first(rows, incy);
  for (int i = 0; i < rows; i++) {
    UDE_REAL sum = 0;
    for (int j = 0; j < columns; j++) {
      sum += UDE_R(element)(order, trans, a, lda, i, j) * x[(ptrdiff_t)j * incx];
    }
    UDE_REAL *to = &y[(ptrdiff_t)i * incy];
    *to          = alpha * sum + UDE_R(kept)(beta, *to);
  }
}
UDE_PAIR(body, UDE_B(gemv), UDE_R(gemv_body));

static inline void UDE_R(ger_body)(int order, int m, int n, UDE_REAL alpha, const UDE_REAL *x,
                                   int incx, const UDE_REAL *y, int incy, UDE_REAL *a, int lda) {
  x += ude_first(m, incx);
  y += ude_first(n, incy);
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      a[ude_place(order, lda, i, j)] += alpha * x[(ptrdiff_t)i * incx] * y[(ptrdiff_t)j * incy];
    }
  }
}
UDE_PAIR(body, UDE_B(ger), UDE_R(ger_body));

static inline void UDE_R(gemm_body)(int order, int ta, int tb, int m, int n, int k, UDE_REAL alpha,
                                    const UDE_REAL *a, int lda, const UDE_REAL *b, int ldb,
                                    UDE_REAL beta, UDE_REAL *c, int ldc) {
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) {
      UDE_REAL sum = 0;
      for (int q = 0; q < k; q++) {
        sum += UDE_R(element)(order, ta, a, lda, i, q) * UDE_R(element)(order, tb, b, ldb, q, j);
      }
      UDE_REAL *to = &c[ude_place(order, ldc, i, j)];
      *to          = alpha * sum + UDE_R(kept)(beta, *to);
    }
  }
}
UDE_PAIR(body, UDE_B(gemm), UDE_R(gemm_body));

/* x = op(triangle) x, and x = op(triangle)^-1 x, in place; x_i lies at i * step. */
static inline void UDE_R(line_times)(int order, int uplo, int trans, int diag, int n,
                                     const UDE_REAL *a, int lda, UDE_REAL *x, ptrdiff_t step) {
  int upper = (uplo == UDE_UPPER) == (trans == UDE_PLAIN);
  for (int q = 0; q < n; q++) {
    int      i   = upper ? q : n - 1 - q;
    UDE_REAL sum = x[i * step];
    if (diag == UDE_NONUNIT) {
      sum *= UDE_R(element)(order, trans, a, lda, i, i);
    }
    for (int j = upper ? i + 1 : 0; j < (upper ? n : i); j++) {
      sum += UDE_R(element)(order, trans, a, lda, i, j) * x[j * step];
    }
    x[i * step] = sum;
  }
}
static inline void UDE_R(line_solve)(int order, int uplo, int trans, int diag, int n,
                                     const UDE_REAL *a, int lda, UDE_REAL *x, ptrdiff_t step) {
  int upper = (uplo == UDE_UPPER) == (trans == UDE_PLAIN);
  for (int q = 0; q < n; q++) {
    int      i   = upper ? n - 1 - q : q;
    UDE_REAL sum = x[i * step];
    for (int j = upper ? i + 1 : 0; j < (upper ? n : i); j++) {
      sum -= UDE_R(element)(order, trans, a, lda, i, j) * x[j * step];
    }
    x[i * step] = diag == UDE_NONUNIT ? sum / UDE_R(element)(order, trans, a, lda, i, i) : sum;
  }
}

static inline void UDE_R(trmv_body)(int order, int uplo, int trans, int diag, int n,
                                    const UDE_REAL *a, int lda, UDE_REAL *x, int incx) {
  UDE_R(line_times)(order, uplo, trans, diag, n, a, lda, x + ude_first(n, incx), incx);
}
UDE_PAIR(body, UDE_B(trmv), UDE_R(trmv_body));

static inline void UDE_R(trsv_body)(int order, int uplo, int trans, int diag, int n,
                                    const UDE_REAL *a, int lda, UDE_REAL *x, int incx) {
  UDE_R(line_solve)(order, uplo, trans, diag, n, a, lda, x + ude_first(n, incx), incx);
}
UDE_PAIR(body, UDE_B(trsv), UDE_R(trsv_body));

/* All columns, or with the triangle on the right all rows with its transpose. */
static inline void UDE_R(lines)(int solve, int order, int side, int uplo, int trans, int diag,
                                int m, int n, UDE_REAL alpha, const UDE_REAL *a, int lda,
                                UDE_REAL *b, int ldb) {
  int       left = side == UDE_LEFT, lines = left ? n : m, length = left ? m : n;
  int       op   = left ? trans : ude_flip(trans);
  ptrdiff_t step = left == (order == UDE_ROW) ? ldb : 1;
  for (int k = 0; k < lines; k++) {
    UDE_REAL *x = &b[left ? ude_place(order, ldb, 0, k) : ude_place(order, ldb, k, 0)];
    for (int i = 0; i < length; i++) {
      x[i * step] = UDE_R(kept)(alpha, x[i * step]);
    }
    if (solve) {
      UDE_R(line_solve)(order, uplo, op, diag, length, a, lda, x, step);
    } else {
      UDE_R(line_times)(order, uplo, op, diag, length, a, lda, x, step);
    }
  }
}
static inline void UDE_R(trmm_body)(int order, int side, int uplo, int trans, int diag, int m,
                                    int n, UDE_REAL alpha, const UDE_REAL *a, int lda, UDE_REAL *b,
                                    int ldb) {
  UDE_R(lines)(0, order, side, uplo, trans, diag, m, n, alpha, a, lda, b, ldb);
}
UDE_PAIR(body, UDE_B(trmm), UDE_R(trmm_body));

static inline void UDE_R(trsm_body)(int order, int side, int uplo, int trans, int diag, int m,
                                    int n, UDE_REAL alpha, const UDE_REAL *a, int lda, UDE_REAL *b,
                                    int ldb) {
  UDE_R(lines)(1, order, side, uplo, trans, diag, m, n, alpha, a, lda, b, ldb);
}
UDE_PAIR(body, UDE_B(trsm), UDE_R(trsm_body));
