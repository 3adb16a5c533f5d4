/* The Fortran forms by the bodies of the C ones: part of blas.h, for one type of numbers; see blas_body.h. */

static inline UDE_REAL UDE_R(dot_f_body)(const int *n, const UDE_REAL *x, const int *incx,
                                         const UDE_REAL *y, const int *incy) {
  return UDE_R(dot_body)(*n, x, *incx, y, *incy);
}
UDE_PAIR(body, UDE_F(dot), UDE_R(dot_f_body));

static inline UDE_REAL UDE_R(nrm2_f_body)(const int *n, const UDE_REAL *x, const int *incx) {
  return UDE_R(nrm2_body)(*n, x, *incx);
}
UDE_PAIR(body, UDE_F(nrm2), UDE_R(nrm2_f_body));

static inline UDE_REAL UDE_R(asum_f_body)(const int *n, const UDE_REAL *x, const int *incx) {
  return UDE_R(asum_body)(*n, x, *incx);
}
UDE_PAIR(body, UDE_F(asum), UDE_R(asum_f_body));

static inline void UDE_R(axpy_f_body)(const int *n, const UDE_REAL *a, const UDE_REAL *x,
                                      const int *incx, UDE_REAL *y, const int *incy) {
  UDE_R(axpy_body)(*n, *a, x, *incx, y, *incy);
}
UDE_PAIR(body, UDE_F(axpy), UDE_R(axpy_f_body));

static inline void UDE_R(scal_f_body)(const int *n, const UDE_REAL *a, UDE_REAL *x,
                                      const int *incx) {
  UDE_R(scal_body)(*n, *a, x, *incx);
}
UDE_PAIR(body, UDE_F(scal), UDE_R(scal_f_body));

static inline void UDE_R(copy_f_body)(const int *n, const UDE_REAL *x, const int *incx, UDE_REAL *y,
                                      const int *incy) {
  UDE_R(copy_body)(*n, x, *incx, y, *incy);
}
UDE_PAIR(body, UDE_F(copy), UDE_R(copy_f_body));

static inline void UDE_R(swap_f_body)(const int *n, UDE_REAL *x, const int *incx, UDE_REAL *y,
                                      const int *incy) {
  UDE_R(swap_body)(*n, x, *incx, y, *incy);
}
UDE_PAIR(body, UDE_F(swap), UDE_R(swap_f_body));

static inline void UDE_R(gemv_f_body)(const char *trans, const int *m, const int *n,
                                      const UDE_REAL *alpha, const UDE_REAL *a, const int *lda,
                                      const UDE_REAL *x, const int *incx, const UDE_REAL *beta,
                                      UDE_REAL *y, const int *incy) {
  UDE_R(gemv_body)(UDE_COLUMN, ude_trans(trans), *m, *n, *alpha, a, *lda, x, *incx, *beta, y,
                   *incy);
}
UDE_PAIR(body, UDE_F(gemv), UDE_R(gemv_f_body));

static inline void UDE_R(ger_f_body)(const int *m, const int *n, const UDE_REAL *alpha,
                                     const UDE_REAL *x, const int *incx, const UDE_REAL *y,
                                     const int *incy, UDE_REAL *a, const int *lda) {
  UDE_R(ger_body)(UDE_COLUMN, *m, *n, *alpha, x, *incx, y, *incy, a, *lda);
}
UDE_PAIR(body, UDE_F(ger), UDE_R(ger_f_body));

static inline void UDE_R(gemm_f_body)(const char *ta, const char *tb, const int *m, const int *n,
                                      const int *k, const UDE_REAL *alpha, const UDE_REAL *a,
                                      const int *lda, const UDE_REAL *b, const int *ldb,
                                      const UDE_REAL *beta, UDE_REAL *c, const int *ldc) {
  UDE_R(gemm_body)(UDE_COLUMN, ude_trans(ta), ude_trans(tb), *m, *n, *k, *alpha, a, *lda, b, *ldb,
                   *beta, c, *ldc);
}
UDE_PAIR(body, UDE_F(gemm), UDE_R(gemm_f_body));

static inline void UDE_R(trmv_f_body)(const char *uplo, const char *trans, const char *diag,
                                      const int *n, const UDE_REAL *a, const int *lda, UDE_REAL *x,
                                      const int *incx) {
  UDE_R(trmv_body)(UDE_COLUMN, ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *n, a, *lda, x,
                   *incx);
}
UDE_PAIR(body, UDE_F(trmv), UDE_R(trmv_f_body));

static inline void UDE_R(trsv_f_body)(const char *uplo, const char *trans, const char *diag,
                                      const int *n, const UDE_REAL *a, const int *lda, UDE_REAL *x,
                                      const int *incx) {
  UDE_R(trsv_body)(UDE_COLUMN, ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *n, a, *lda, x,
                   *incx);
}
UDE_PAIR(body, UDE_F(trsv), UDE_R(trsv_f_body));

static inline void UDE_R(trmm_f_body)(const char *side, const char *uplo, const char *trans,
                                      const char *diag, const int *m, const int *n,
                                      const UDE_REAL *alpha, const UDE_REAL *a, const int *lda,
                                      UDE_REAL *b, const int *ldb) {
  UDE_R(trmm_body)(UDE_COLUMN, ude_side(side), ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *m,
                   *n, *alpha, a, *lda, b, *ldb);
}
UDE_PAIR(body, UDE_F(trmm), UDE_R(trmm_f_body));

static inline void UDE_R(trsm_f_body)(const char *side, const char *uplo, const char *trans,
                                      const char *diag, const int *m, const int *n,
                                      const UDE_REAL *alpha, const UDE_REAL *a, const int *lda,
                                      UDE_REAL *b, const int *ldb) {
  UDE_R(trsm_body)(UDE_COLUMN, ude_side(side), ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *m,
                   *n, *alpha, a, *lda, b, *ldb);
}
UDE_PAIR(body, UDE_F(trsm), UDE_R(trsm_f_body));

static inline void UDE_R(getrf_f_body)(const int *m, const int *n, UDE_REAL *a, const int *lda,
                                       int *ipiv, int *info) {
  *info = UDE_R(getrf_body)(UDE_COLUMN, *m, *n, a, *lda, ipiv);
}
UDE_PAIR(body, UDE_F(getrf), UDE_R(getrf_f_body));

static inline void UDE_R(getrs_f_body)(const char *trans, const int *n, const int *nrhs,
                                       const UDE_REAL *a, const int *lda, const int *ipiv,
                                       UDE_REAL *b, const int *ldb, int *info) {
  *info = UDE_R(getrs_body)(UDE_COLUMN, *trans, *n, *nrhs, a, *lda, ipiv, b, *ldb);
}
UDE_PAIR(body, UDE_F(getrs), UDE_R(getrs_f_body));

static inline void UDE_R(gesv_f_body)(const int *n, const int *nrhs, UDE_REAL *a, const int *lda,
                                      int *ipiv, UDE_REAL *b, const int *ldb, int *info) {
  *info = UDE_R(gesv_body)(UDE_COLUMN, *n, *nrhs, a, *lda, ipiv, b, *ldb);
}
UDE_PAIR(body, UDE_F(gesv), UDE_R(gesv_f_body));

static inline void UDE_R(potrf_f_body)(const char *uplo, const int *n, UDE_REAL *a, const int *lda,
                                       int *info) {
  *info = UDE_R(potrf_body)(UDE_COLUMN, *uplo, *n, a, *lda);
}
UDE_PAIR(body, UDE_F(potrf), UDE_R(potrf_f_body));

static inline void UDE_R(potrs_f_body)(const char *uplo, const int *n, const int *nrhs,
                                       const UDE_REAL *a, const int *lda, UDE_REAL *b,
                                       const int *ldb, int *info) {
  *info = UDE_R(potrs_body)(UDE_COLUMN, *uplo, *n, *nrhs, a, *lda, b, *ldb);
}
UDE_PAIR(body, UDE_F(potrs), UDE_R(potrs_f_body));
