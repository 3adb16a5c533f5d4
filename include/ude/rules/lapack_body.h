/* What the functions of LAPACK compute, in loops, and all Fortran forms by the C ones: part of blas.h, for one type of
 * numbers; see blas_body.h. */

static inline void UDE_R(exchange)(int order, int columns, UDE_REAL *a, int lda, int i, int k) {
  for (int j = 0; j < columns; j++) {
    UDE_REAL it                    = a[ude_place(order, lda, i, j)];
    a[ude_place(order, lda, i, j)] = a[ude_place(order, lda, k, j)];
    a[ude_place(order, lda, k, j)] = it;
  }
}

/* Partial pivoting: the first of the largest. A column of zeros is left as it is. */
static inline int UDE_R(getrf_body)(int order, int m, int n, UDE_REAL *a, int lda, int *ipiv) {
  int info = 0;
  for (int k = 0; k < m && k < n; k++) {
    int      pivot = k;
    UDE_REAL most  = -1;
    for (int i = k; i < m; i++) {
      UDE_REAL it = a[ude_place(order, lda, i, k)], size = it < 0 ? -it : it;
      if (size > most) {
        most  = size;
        pivot = i;
      }
    }
    ipiv[k] = pivot + 1;
    if (pivot != k) {
      UDE_R(exchange)(order, n, a, lda, k, pivot);
    }
    if (a[ude_place(order, lda, k, k)] == 0) {
      info = info ? info : k + 1;
      continue;
    }
    for (int i = k + 1; i < m; i++) {
      UDE_REAL factor = a[ude_place(order, lda, i, k)] / a[ude_place(order, lda, k, k)];
      a[ude_place(order, lda, i, k)] = factor;
      for (int j = k + 1; j < n; j++) {
        a[ude_place(order, lda, i, j)] -= factor * a[ude_place(order, lda, k, j)];
      }
    }
  }
  return info;
}
UDE_PAIR(body, UDE_L(getrf), UDE_R(getrf_body));

static inline int UDE_R(getrs_body)(int order, char trans, int n, int nrhs, const UDE_REAL *a,
                                    int lda, const int *ipiv, UDE_REAL *b, int ldb) {
  int plain = UDE_R(is_plain)(trans);
  for (int k = 0; plain && k < n; k++) {
    if (ipiv[k] != k + 1) {
      UDE_R(exchange)(order, nrhs, b, ldb, k, ipiv[k] - 1);
    }
  }
  UDE_R(trsm_body)(order, UDE_LEFT, plain ? UDE_LOWER : UDE_UPPER,
                   plain ? UDE_PLAIN : UDE_TRANSPOSED, plain ? UDE_UNIT : UDE_NONUNIT, n, nrhs, 1,
                   a, lda, b, ldb);
  UDE_R(trsm_body)(order, UDE_LEFT, plain ? UDE_UPPER : UDE_LOWER,
                   plain ? UDE_PLAIN : UDE_TRANSPOSED, plain ? UDE_NONUNIT : UDE_UNIT, n, nrhs, 1,
                   a, lda, b, ldb);
  for (int k = n - 1; !plain && k >= 0; k--) {
    if (ipiv[k] != k + 1) {
      UDE_R(exchange)(order, nrhs, b, ldb, k, ipiv[k] - 1);
    }
  }
  return 0;
}
UDE_PAIR(body, UDE_L(getrs), UDE_R(getrs_body));

static inline int UDE_R(gesv_body)(int order, int n, int nrhs, UDE_REAL *a, int lda, int *ipiv,
                                   UDE_REAL *b, int ldb) {
  int info = UDE_R(getrf_body)(order, n, n, a, lda, ipiv);
  if (info == 0) {
    UDE_R(getrs_body)(order, 'N', n, nrhs, a, lda, ipiv, b, ldb);
  }
  return info;
}
UDE_PAIR(body, UDE_L(gesv), UDE_R(gesv_body));

static inline int UDE_R(potrf_body)(int order, char uplo, int n, UDE_REAL *a, int lda) {
  for (int j = 0; j < n; j++) {
    UDE_REAL *diagonal = &a[UDE_R(low)(order, uplo, lda, j, j)];
    for (int k = 0; k < j; k++) {
      UDE_REAL it = a[UDE_R(low)(order, uplo, lda, j, k)];
      *diagonal -= it * it;
    }
    if (!(*diagonal > 0)) {
      return j + 1;
    }
    *diagonal = (UDE_REAL)sqrt((double)*diagonal);
    for (int i = j + 1; i < n; i++) {
      UDE_REAL *to = &a[UDE_R(low)(order, uplo, lda, i, j)];
      for (int k = 0; k < j; k++) {
        *to -= a[UDE_R(low)(order, uplo, lda, i, k)] * a[UDE_R(low)(order, uplo, lda, j, k)];
      }
      *to /= *diagonal;
    }
  }
  return 0;
}
UDE_PAIR(body, UDE_L(potrf), UDE_R(potrf_body));

static inline int UDE_R(potrs_body)(int order, char uplo, int n, int nrhs, const UDE_REAL *a,
                                    int lda, UDE_REAL *b, int ldb) {
  int lower = uplo == 'L' || uplo == 'l', triangle = lower ? UDE_LOWER : UDE_UPPER;
  UDE_R(trsm_body)(order, UDE_LEFT, triangle, lower ? UDE_PLAIN : UDE_TRANSPOSED, UDE_NONUNIT, n,
                   nrhs, 1, a, lda, b, ldb);
  UDE_R(trsm_body)(order, UDE_LEFT, triangle, lower ? UDE_TRANSPOSED : UDE_PLAIN, UDE_NONUNIT, n,
                   nrhs, 1, a, lda, b, ldb);
  return 0;
}
UDE_PAIR(body, UDE_L(potrs), UDE_R(potrs_body));
