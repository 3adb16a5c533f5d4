/* The Fortran forms, for one type of numbers: part of blas.h. Everything is passed by reference, matrices are in columns;
 * each rule hands on to the one of the C form. */

#ifndef UDE_RULES_FORTRAN_H
#define UDE_RULES_FORTRAN_H
static inline int ude_trans(const char *c) {
  return *c == 'N' || *c == 'n' ? UDE_PLAIN : UDE_TRANSPOSED;
}
static inline int ude_uplo(const char *c) {
  return *c == 'U' || *c == 'u' ? UDE_UPPER : UDE_LOWER;
}
static inline int ude_diag(const char *c) {
  return *c == 'U' || *c == 'u' ? UDE_UNIT : UDE_NONUNIT;
}
static inline int ude_side(const char *c) {
  return *c == 'L' || *c == 'l' ? UDE_LEFT : UDE_RIGHT;
}
#endif

UDE_REAL        UDE_F(dot)(const int *n, const UDE_REAL *x, const int *incx, const UDE_REAL *y,
                    const int *incy);
static UDE_REAL UDE_R(dot_f_jvp)(const int *n, const UDE_REAL *x, const int *incx,
                                 const UDE_REAL *y, const int *incy, const int *n_dot,
                                 const UDE_REAL *x_dot, const int *incx_dot, const UDE_REAL *y_dot,
                                 const int *incy_dot, UDE_REAL *result_dot) {
  (void)n_dot;
  (void)incx_dot;
  (void)incy_dot;
  return UDE_R(dot_jvp)(*n, x, *incx, y, *incy, x_dot, y_dot, result_dot);
}
static void UDE_R(dot_f_vjp)(const int *n, const UDE_REAL *x, const int *incx, const UDE_REAL *y,
                             const int *incy, int *n_bar, UDE_REAL *x_bar, int *incx_bar,
                             UDE_REAL *y_bar, int *incy_bar, UDE_REAL bar) {
  (void)n_bar;
  (void)incx_bar;
  (void)incy_bar;
  UDE_R(dot_vjp)(*n, x, *incx, y, *incy, x_bar, y_bar, bar);
}
static void UDE_R(dot_f_extents)(const int *n, const UDE_REAL *x, const int *incx,
                                 const UDE_REAL *y, const int *incy, size_t *bytes) {
  size_t of[5] = {0};
  UDE_R(dot_extents)(*n, x, *incx, y, *incy, of);
  bytes[0] = sizeof *n;
  bytes[1] = of[1];
  bytes[2] = sizeof *incx;
  bytes[3] = of[3];
  bytes[4] = sizeof *incy;
}
UDE_RULES(UDE_F(dot), dot_f);

UDE_REAL        UDE_F(nrm2)(const int *n, const UDE_REAL *x, const int *incx);
static UDE_REAL UDE_R(nrm2_f_jvp)(const int *n, const UDE_REAL *x, const int *incx,
                                  const int *n_dot, const UDE_REAL *x_dot, const int *incx_dot,
                                  UDE_REAL *result_dot) {
  (void)n_dot;
  (void)incx_dot;
  return UDE_R(nrm2_jvp)(*n, x, *incx, x_dot, result_dot);
}
static void UDE_R(nrm2_f_vjp)(const int *n, const UDE_REAL *x, const int *incx, int *n_bar,
                              UDE_REAL *x_bar, int *incx_bar, UDE_REAL bar) {
  (void)n_bar;
  (void)incx_bar;
  UDE_R(nrm2_vjp)(*n, x, *incx, x_bar, bar);
}
static void UDE_R(nrm2_f_extents)(const int *n, const UDE_REAL *x, const int *incx, size_t *bytes) {
  size_t of[3] = {0};
  UDE_R(nrm2_extents)(*n, x, *incx, of);
  bytes[0] = sizeof *n;
  bytes[1] = of[1];
  bytes[2] = sizeof *incx;
}
UDE_RULES(UDE_F(nrm2), nrm2_f);

UDE_REAL        UDE_F(asum)(const int *n, const UDE_REAL *x, const int *incx);
static UDE_REAL UDE_R(asum_f_jvp)(const int *n, const UDE_REAL *x, const int *incx,
                                  const int *n_dot, const UDE_REAL *x_dot, const int *incx_dot,
                                  UDE_REAL *result_dot) {
  (void)n_dot;
  (void)incx_dot;
  return UDE_R(asum_jvp)(*n, x, *incx, x_dot, result_dot);
}
static void UDE_R(asum_f_vjp)(const int *n, const UDE_REAL *x, const int *incx, int *n_bar,
                              UDE_REAL *x_bar, int *incx_bar, UDE_REAL bar) {
  (void)n_bar;
  (void)incx_bar;
  UDE_R(asum_vjp)(*n, x, *incx, x_bar, bar);
}
static void UDE_R(asum_f_extents)(const int *n, const UDE_REAL *x, const int *incx, size_t *bytes) {
  size_t of[3] = {0};
  UDE_R(asum_extents)(*n, x, *incx, of);
  bytes[0] = sizeof *n;
  bytes[1] = of[1];
  bytes[2] = sizeof *incx;
}
UDE_RULES(UDE_F(asum), asum_f);

void UDE_F(axpy)(const int *n, const UDE_REAL *a, const UDE_REAL *x, const int *incx, UDE_REAL *y,
                 const int *incy);
static void UDE_R(axpy_f_jvp)(const int *n, const UDE_REAL *a, const UDE_REAL *x, const int *incx,
                              UDE_REAL *y, const int *incy, const int *n_dot, const UDE_REAL *a_dot,
                              const UDE_REAL *x_dot, const int *incx_dot, UDE_REAL *y_dot,
                              const int *incy_dot) {
  (void)n_dot;
  (void)incx_dot;
  (void)incy_dot;
  UDE_R(axpy_jvp)(*n, *a, x, *incx, y, *incy, a_dot ? *a_dot : 0, x_dot, y_dot);
}
static void UDE_R(axpy_f_vjp)(const int *n, const UDE_REAL *a, const UDE_REAL *x, const int *incx,
                              UDE_REAL *y, const int *incy, int *n_bar, UDE_REAL *a_bar,
                              UDE_REAL *x_bar, int *incx_bar, UDE_REAL *y_bar, int *incy_bar) {
  (void)n_bar;
  (void)incx_bar;
  (void)incy_bar;
  UDE_R(axpy_vjp)(*n, *a, x, *incx, y, *incy, a_bar, x_bar, y_bar);
}
static void UDE_R(axpy_f_extents)(const int *n, const UDE_REAL *a, const UDE_REAL *x,
                                  const int *incx, UDE_REAL *y, const int *incy, size_t *bytes) {
  size_t of[6] = {0};
  UDE_R(axpy_extents)(*n, *a, x, *incx, y, *incy, of);
  bytes[0] = sizeof *n;
  bytes[1] = sizeof *a;
  bytes[2] = of[2];
  bytes[3] = sizeof *incx;
  bytes[4] = of[4];
  bytes[5] = sizeof *incy;
}
UDE_RULES(UDE_F(axpy), axpy_f);

void        UDE_F(scal)(const int *n, const UDE_REAL *a, UDE_REAL *x, const int *incx);
static void UDE_R(scal_f_jvp)(const int *n, const UDE_REAL *a, UDE_REAL *x, const int *incx,
                              const int *n_dot, const UDE_REAL *a_dot, UDE_REAL *x_dot,
                              const int *incx_dot) {
  (void)n_dot;
  (void)incx_dot;
  UDE_R(scal_jvp)(*n, *a, x, *incx, a_dot ? *a_dot : 0, x_dot);
}
static void UDE_R(scal_f_vjp)(const int *n, const UDE_REAL *a, UDE_REAL *x, const int *incx,
                              int *n_bar, UDE_REAL *a_bar, UDE_REAL *x_bar, int *incx_bar) {
  (void)n_bar;
  (void)incx_bar;
  UDE_R(scal_vjp)(*n, *a, x, *incx, a_bar, x_bar);
}
static void UDE_R(scal_f_extents)(const int *n, const UDE_REAL *a, UDE_REAL *x, const int *incx,
                                  size_t *bytes) {
  size_t of[4] = {0};
  UDE_R(scal_extents)(*n, *a, x, *incx, of);
  bytes[0] = sizeof *n;
  bytes[1] = sizeof *a;
  bytes[2] = of[2];
  bytes[3] = sizeof *incx;
}
UDE_RULES(UDE_F(scal), scal_f);

void UDE_F(copy)(const int *n, const UDE_REAL *x, const int *incx, UDE_REAL *y, const int *incy);
static void UDE_R(copy_f_jvp)(const int *n, const UDE_REAL *x, const int *incx, UDE_REAL *y,
                              const int *incy, const int *n_dot, const UDE_REAL *x_dot,
                              const int *incx_dot, UDE_REAL *y_dot, const int *incy_dot) {
  (void)n_dot;
  (void)incx_dot;
  (void)incy_dot;
  UDE_R(copy_jvp)(*n, x, *incx, y, *incy, x_dot, y_dot);
}
static void UDE_R(copy_f_vjp)(const int *n, const UDE_REAL *x, const int *incx, UDE_REAL *y,
                              const int *incy, int *n_bar, UDE_REAL *x_bar, int *incx_bar,
                              UDE_REAL *y_bar, int *incy_bar) {
  (void)n_bar;
  (void)incx_bar;
  (void)incy_bar;
  UDE_R(copy_vjp)(*n, x, *incx, y, *incy, x_bar, y_bar);
}
static void UDE_R(copy_f_extents)(const int *n, const UDE_REAL *x, const int *incx, UDE_REAL *y,
                                  const int *incy, size_t *bytes) {
  size_t of[5] = {0};
  UDE_R(copy_extents)(*n, x, *incx, y, *incy, of);
  bytes[0] = sizeof *n;
  bytes[1] = of[1];
  bytes[2] = sizeof *incx;
  bytes[3] = of[3];
  bytes[4] = sizeof *incy;
}
UDE_RULES(UDE_F(copy), copy_f);

void        UDE_F(swap)(const int *n, UDE_REAL *x, const int *incx, UDE_REAL *y, const int *incy);
static void UDE_R(swap_f_jvp)(const int *n, UDE_REAL *x, const int *incx, UDE_REAL *y,
                              const int *incy, const int *n_dot, UDE_REAL *x_dot,
                              const int *incx_dot, UDE_REAL *y_dot, const int *incy_dot) {
  (void)n_dot;
  (void)incx_dot;
  (void)incy_dot;
  UDE_R(swap_jvp)(*n, x, *incx, y, *incy, x_dot, y_dot);
}
static void UDE_R(swap_f_vjp)(const int *n, UDE_REAL *x, const int *incx, UDE_REAL *y,
                              const int *incy, int *n_bar, UDE_REAL *x_bar, int *incx_bar,
                              UDE_REAL *y_bar, int *incy_bar) {
  (void)n_bar;
  (void)incx_bar;
  (void)incy_bar;
  UDE_R(swap_vjp)(*n, x, *incx, y, *incy, x_bar, y_bar);
}
static void UDE_R(swap_f_extents)(const int *n, UDE_REAL *x, const int *incx, UDE_REAL *y,
                                  const int *incy, size_t *bytes) {
  size_t of[5] = {0};
  UDE_R(swap_extents)(*n, x, *incx, y, *incy, of);
  bytes[0] = sizeof *n;
  bytes[1] = of[1];
  bytes[2] = sizeof *incx;
  bytes[3] = of[3];
  bytes[4] = sizeof *incy;
}
UDE_RULES(UDE_F(swap), swap_f);

void        UDE_F(gemv)(const char *trans, const int *m, const int *n, const UDE_REAL *alpha,
                 const UDE_REAL *a, const int *lda, const UDE_REAL *x, const int *incx,
                 const UDE_REAL *beta, UDE_REAL *y, const int *incy);
static void UDE_R(gemv_f_jvp)(const char *trans, const int *m, const int *n, const UDE_REAL *alpha,
                              const UDE_REAL *a, const int *lda, const UDE_REAL *x, const int *incx,
                              const UDE_REAL *beta, UDE_REAL *y, const int *incy,
                              const char *trans_dot, const int *m_dot, const int *n_dot,
                              const UDE_REAL *alpha_dot, const UDE_REAL *a_dot, const int *lda_dot,
                              const UDE_REAL *x_dot, const int *incx_dot, const UDE_REAL *beta_dot,
                              UDE_REAL *y_dot, const int *incy_dot) {
  (void)trans_dot;
  (void)m_dot;
  (void)n_dot;
  (void)lda_dot;
  (void)incx_dot;
  (void)incy_dot;
  UDE_R(gemv_jvp)(UDE_COLUMN, ude_trans(trans), *m, *n, *alpha, a, *lda, x, *incx, *beta, y, *incy,
                  alpha_dot ? *alpha_dot : 0, a_dot, x_dot, beta_dot ? *beta_dot : 0, y_dot);
}
static void UDE_R(gemv_f_vjp)(const char *trans, const int *m, const int *n, const UDE_REAL *alpha,
                              const UDE_REAL *a, const int *lda, const UDE_REAL *x, const int *incx,
                              const UDE_REAL *beta, UDE_REAL *y, const int *incy, char *trans_bar,
                              int *m_bar, int *n_bar, UDE_REAL *alpha_bar, UDE_REAL *a_bar,
                              int *lda_bar, UDE_REAL *x_bar, int *incx_bar, UDE_REAL *beta_bar,
                              UDE_REAL *y_bar, int *incy_bar) {
  (void)trans_bar;
  (void)m_bar;
  (void)n_bar;
  (void)lda_bar;
  (void)incx_bar;
  (void)incy_bar;
  UDE_R(gemv_vjp)(UDE_COLUMN, ude_trans(trans), *m, *n, *alpha, a, *lda, x, *incx, *beta, y, *incy,
                  alpha_bar, a_bar, x_bar, beta_bar, y_bar);
}
static void UDE_R(gemv_f_extents)(const char *trans, const int *m, const int *n,
                                  const UDE_REAL *alpha, const UDE_REAL *a, const int *lda,
                                  const UDE_REAL *x, const int *incx, const UDE_REAL *beta,
                                  UDE_REAL *y, const int *incy, size_t *bytes) {
  size_t of[12] = {0};
  UDE_R(gemv_extents)(UDE_COLUMN, ude_trans(trans), *m, *n, *alpha, a, *lda, x, *incx, *beta, y,
                      *incy, of);
  bytes[0]  = sizeof *trans;
  bytes[1]  = sizeof *m;
  bytes[2]  = sizeof *n;
  bytes[3]  = sizeof *alpha;
  bytes[4]  = of[5];
  bytes[5]  = sizeof *lda;
  bytes[6]  = of[7];
  bytes[7]  = sizeof *incx;
  bytes[8]  = sizeof *beta;
  bytes[9]  = of[10];
  bytes[10] = sizeof *incy;
}
UDE_RULES(UDE_F(gemv), gemv_f);

void        UDE_F(ger)(const int *m, const int *n, const UDE_REAL *alpha, const UDE_REAL *x,
                const int *incx, const UDE_REAL *y, const int *incy, UDE_REAL *a, const int *lda);
static void UDE_R(ger_f_jvp)(const int *m, const int *n, const UDE_REAL *alpha, const UDE_REAL *x,
                             const int *incx, const UDE_REAL *y, const int *incy, UDE_REAL *a,
                             const int *lda, const int *m_dot, const int *n_dot,
                             const UDE_REAL *alpha_dot, const UDE_REAL *x_dot, const int *incx_dot,
                             const UDE_REAL *y_dot, const int *incy_dot, UDE_REAL *a_dot,
                             const int *lda_dot) {
  (void)m_dot;
  (void)n_dot;
  (void)incx_dot;
  (void)incy_dot;
  (void)lda_dot;
  UDE_R(ger_jvp)(UDE_COLUMN, *m, *n, *alpha, x, *incx, y, *incy, a, *lda,
                 alpha_dot ? *alpha_dot : 0, x_dot, y_dot, a_dot);
}
static void UDE_R(ger_f_vjp)(const int *m, const int *n, const UDE_REAL *alpha, const UDE_REAL *x,
                             const int *incx, const UDE_REAL *y, const int *incy, UDE_REAL *a,
                             const int *lda, int *m_bar, int *n_bar, UDE_REAL *alpha_bar,
                             UDE_REAL *x_bar, int *incx_bar, UDE_REAL *y_bar, int *incy_bar,
                             UDE_REAL *a_bar, int *lda_bar) {
  (void)m_bar;
  (void)n_bar;
  (void)incx_bar;
  (void)incy_bar;
  (void)lda_bar;
  UDE_R(ger_vjp)(UDE_COLUMN, *m, *n, *alpha, x, *incx, y, *incy, a, *lda, alpha_bar, x_bar, y_bar,
                 a_bar);
}
static void UDE_R(ger_f_extents)(const int *m, const int *n, const UDE_REAL *alpha,
                                 const UDE_REAL *x, const int *incx, const UDE_REAL *y,
                                 const int *incy, UDE_REAL *a, const int *lda, size_t *bytes) {
  size_t of[10] = {0};
  UDE_R(ger_extents)(UDE_COLUMN, *m, *n, *alpha, x, *incx, y, *incy, a, *lda, of);
  bytes[0] = sizeof *m;
  bytes[1] = sizeof *n;
  bytes[2] = sizeof *alpha;
  bytes[3] = of[4];
  bytes[4] = sizeof *incx;
  bytes[5] = of[6];
  bytes[6] = sizeof *incy;
  bytes[7] = of[8];
  bytes[8] = sizeof *lda;
}
UDE_RULES(UDE_F(ger), ger_f);

void        UDE_F(gemm)(const char *ta, const char *tb, const int *m, const int *n, const int *k,
                 const UDE_REAL *alpha, const UDE_REAL *a, const int *lda, const UDE_REAL *b,
                 const int *ldb, const UDE_REAL *beta, UDE_REAL *c, const int *ldc);
static void UDE_R(gemm_f_jvp)(const char *ta, const char *tb, const int *m, const int *n,
                              const int *k, const UDE_REAL *alpha, const UDE_REAL *a,
                              const int *lda, const UDE_REAL *b, const int *ldb,
                              const UDE_REAL *beta, UDE_REAL *c, const int *ldc, const char *ta_dot,
                              const char *tb_dot, const int *m_dot, const int *n_dot,
                              const int *k_dot, const UDE_REAL *alpha_dot, const UDE_REAL *a_dot,
                              const int *lda_dot, const UDE_REAL *b_dot, const int *ldb_dot,
                              const UDE_REAL *beta_dot, UDE_REAL *c_dot, const int *ldc_dot) {
  (void)ta_dot;
  (void)tb_dot;
  (void)m_dot;
  (void)n_dot;
  (void)k_dot;
  (void)lda_dot;
  (void)ldb_dot;
  (void)ldc_dot;
  UDE_R(gemm_jvp)(UDE_COLUMN, ude_trans(ta), ude_trans(tb), *m, *n, *k, *alpha, a, *lda, b, *ldb,
                  *beta, c, *ldc, alpha_dot ? *alpha_dot : 0, a_dot, b_dot,
                  beta_dot ? *beta_dot : 0, c_dot);
}
static void UDE_R(gemm_f_vjp)(const char *ta, const char *tb, const int *m, const int *n,
                              const int *k, const UDE_REAL *alpha, const UDE_REAL *a,
                              const int *lda, const UDE_REAL *b, const int *ldb,
                              const UDE_REAL *beta, UDE_REAL *c, const int *ldc, char *ta_bar,
                              char *tb_bar, int *m_bar, int *n_bar, int *k_bar, UDE_REAL *alpha_bar,
                              UDE_REAL *a_bar, int *lda_bar, UDE_REAL *b_bar, int *ldb_bar,
                              UDE_REAL *beta_bar, UDE_REAL *c_bar, int *ldc_bar) {
  (void)ta_bar;
  (void)tb_bar;
  (void)m_bar;
  (void)n_bar;
  (void)k_bar;
  (void)lda_bar;
  (void)ldb_bar;
  (void)ldc_bar;
  UDE_R(gemm_vjp)(UDE_COLUMN, ude_trans(ta), ude_trans(tb), *m, *n, *k, *alpha, a, *lda, b, *ldb,
                  *beta, c, *ldc, alpha_bar, a_bar, b_bar, beta_bar, c_bar);
}
static void UDE_R(gemm_f_extents)(const char *ta, const char *tb, const int *m, const int *n,
                                  const int *k, const UDE_REAL *alpha, const UDE_REAL *a,
                                  const int *lda, const UDE_REAL *b, const int *ldb,
                                  const UDE_REAL *beta, UDE_REAL *c, const int *ldc,
                                  size_t *bytes) {
  size_t of[14] = {0};
  UDE_R(gemm_extents)(UDE_COLUMN, ude_trans(ta), ude_trans(tb), *m, *n, *k, *alpha, a, *lda, b,
                      *ldb, *beta, c, *ldc, of);
  bytes[0]  = sizeof *ta;
  bytes[1]  = sizeof *tb;
  bytes[2]  = sizeof *m;
  bytes[3]  = sizeof *n;
  bytes[4]  = sizeof *k;
  bytes[5]  = sizeof *alpha;
  bytes[6]  = of[7];
  bytes[7]  = sizeof *lda;
  bytes[8]  = of[9];
  bytes[9]  = sizeof *ldb;
  bytes[10] = sizeof *beta;
  bytes[11] = of[12];
  bytes[12] = sizeof *ldc;
}
UDE_RULES(UDE_F(gemm), gemm_f);

void        UDE_F(trmv)(const char *uplo, const char *trans, const char *diag, const int *n,
                 const UDE_REAL *a, const int *lda, UDE_REAL *x, const int *incx);
static void UDE_R(trmv_f_jvp)(const char *uplo, const char *trans, const char *diag, const int *n,
                              const UDE_REAL *a, const int *lda, UDE_REAL *x, const int *incx,
                              const char *uplo_dot, const char *trans_dot, const char *diag_dot,
                              const int *n_dot, const UDE_REAL *a_dot, const int *lda_dot,
                              UDE_REAL *x_dot, const int *incx_dot) {
  (void)uplo_dot;
  (void)trans_dot;
  (void)diag_dot;
  (void)n_dot;
  (void)lda_dot;
  (void)incx_dot;
  UDE_R(trmv_jvp)(UDE_COLUMN, ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *n, a, *lda, x,
                  *incx, a_dot, x_dot);
}
static void UDE_R(trmv_f_vjp)(const char *uplo, const char *trans, const char *diag, const int *n,
                              const UDE_REAL *a, const int *lda, UDE_REAL *x, const int *incx,
                              char *uplo_bar, char *trans_bar, char *diag_bar, int *n_bar,
                              UDE_REAL *a_bar, int *lda_bar, UDE_REAL *x_bar, int *incx_bar) {
  (void)uplo_bar;
  (void)trans_bar;
  (void)diag_bar;
  (void)n_bar;
  (void)lda_bar;
  (void)incx_bar;
  UDE_R(trmv_vjp)(UDE_COLUMN, ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *n, a, *lda, x,
                  *incx, a_bar, x_bar);
}
static void UDE_R(trmv_f_extents)(const char *uplo, const char *trans, const char *diag,
                                  const int *n, const UDE_REAL *a, const int *lda, UDE_REAL *x,
                                  const int *incx, size_t *bytes) {
  size_t of[9] = {0};
  UDE_R(trmv_extents)(UDE_COLUMN, ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *n, a, *lda, x,
                      *incx, of);
  bytes[0] = sizeof *uplo;
  bytes[1] = sizeof *trans;
  bytes[2] = sizeof *diag;
  bytes[3] = sizeof *n;
  bytes[4] = of[5];
  bytes[5] = sizeof *lda;
  bytes[6] = of[7];
  bytes[7] = sizeof *incx;
}
UDE_RULES(UDE_F(trmv), trmv_f);

void        UDE_F(trsv)(const char *uplo, const char *trans, const char *diag, const int *n,
                 const UDE_REAL *a, const int *lda, UDE_REAL *x, const int *incx);
static void UDE_R(trsv_f_jvp)(const char *uplo, const char *trans, const char *diag, const int *n,
                              const UDE_REAL *a, const int *lda, UDE_REAL *x, const int *incx,
                              const char *uplo_dot, const char *trans_dot, const char *diag_dot,
                              const int *n_dot, const UDE_REAL *a_dot, const int *lda_dot,
                              UDE_REAL *x_dot, const int *incx_dot) {
  (void)uplo_dot;
  (void)trans_dot;
  (void)diag_dot;
  (void)n_dot;
  (void)lda_dot;
  (void)incx_dot;
  UDE_R(trsv_jvp)(UDE_COLUMN, ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *n, a, *lda, x,
                  *incx, a_dot, x_dot);
}
static void UDE_R(trsv_f_vjp)(const char *uplo, const char *trans, const char *diag, const int *n,
                              const UDE_REAL *a, const int *lda, UDE_REAL *x, const int *incx,
                              char *uplo_bar, char *trans_bar, char *diag_bar, int *n_bar,
                              UDE_REAL *a_bar, int *lda_bar, UDE_REAL *x_bar, int *incx_bar) {
  (void)uplo_bar;
  (void)trans_bar;
  (void)diag_bar;
  (void)n_bar;
  (void)lda_bar;
  (void)incx_bar;
  UDE_R(trsv_vjp)(UDE_COLUMN, ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *n, a, *lda, x,
                  *incx, a_bar, x_bar);
}
static void UDE_R(trsv_f_extents)(const char *uplo, const char *trans, const char *diag,
                                  const int *n, const UDE_REAL *a, const int *lda, UDE_REAL *x,
                                  const int *incx, size_t *bytes) {
  size_t of[9] = {0};
  UDE_R(trsv_extents)(UDE_COLUMN, ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *n, a, *lda, x,
                      *incx, of);
  bytes[0] = sizeof *uplo;
  bytes[1] = sizeof *trans;
  bytes[2] = sizeof *diag;
  bytes[3] = sizeof *n;
  bytes[4] = of[5];
  bytes[5] = sizeof *lda;
  bytes[6] = of[7];
  bytes[7] = sizeof *incx;
}
UDE_RULES(UDE_F(trsv), trsv_f);

void        UDE_F(trmm)(const char *side, const char *uplo, const char *trans, const char *diag,
                 const int *m, const int *n, const UDE_REAL *alpha, const UDE_REAL *a,
                 const int *lda, UDE_REAL *b, const int *ldb);
static void UDE_R(trmm_f_jvp)(const char *side, const char *uplo, const char *trans,
                              const char *diag, const int *m, const int *n, const UDE_REAL *alpha,
                              const UDE_REAL *a, const int *lda, UDE_REAL *b, const int *ldb,
                              const char *side_dot, const char *uplo_dot, const char *trans_dot,
                              const char *diag_dot, const int *m_dot, const int *n_dot,
                              const UDE_REAL *alpha_dot, const UDE_REAL *a_dot, const int *lda_dot,
                              UDE_REAL *b_dot, const int *ldb_dot) {
  (void)side_dot;
  (void)uplo_dot;
  (void)trans_dot;
  (void)diag_dot;
  (void)m_dot;
  (void)n_dot;
  (void)lda_dot;
  (void)ldb_dot;
  UDE_R(trmm_jvp)(UDE_COLUMN, ude_side(side), ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *m,
                  *n, *alpha, a, *lda, b, *ldb, alpha_dot ? *alpha_dot : 0, a_dot, b_dot);
}
static void UDE_R(trmm_f_vjp)(const char *side, const char *uplo, const char *trans,
                              const char *diag, const int *m, const int *n, const UDE_REAL *alpha,
                              const UDE_REAL *a, const int *lda, UDE_REAL *b, const int *ldb,
                              char *side_bar, char *uplo_bar, char *trans_bar, char *diag_bar,
                              int *m_bar, int *n_bar, UDE_REAL *alpha_bar, UDE_REAL *a_bar,
                              int *lda_bar, UDE_REAL *b_bar, int *ldb_bar) {
  (void)side_bar;
  (void)uplo_bar;
  (void)trans_bar;
  (void)diag_bar;
  (void)m_bar;
  (void)n_bar;
  (void)lda_bar;
  (void)ldb_bar;
  UDE_R(trmm_vjp)(UDE_COLUMN, ude_side(side), ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *m,
                  *n, *alpha, a, *lda, b, *ldb, alpha_bar, a_bar, b_bar);
}
static void UDE_R(trmm_f_extents)(const char *side, const char *uplo, const char *trans,
                                  const char *diag, const int *m, const int *n,
                                  const UDE_REAL *alpha, const UDE_REAL *a, const int *lda,
                                  UDE_REAL *b, const int *ldb, size_t *bytes) {
  size_t of[12] = {0};
  UDE_R(trmm_extents)(UDE_COLUMN, ude_side(side), ude_uplo(uplo), ude_trans(trans), ude_diag(diag),
                      *m, *n, *alpha, a, *lda, b, *ldb, of);
  bytes[0]  = sizeof *side;
  bytes[1]  = sizeof *uplo;
  bytes[2]  = sizeof *trans;
  bytes[3]  = sizeof *diag;
  bytes[4]  = sizeof *m;
  bytes[5]  = sizeof *n;
  bytes[6]  = sizeof *alpha;
  bytes[7]  = of[8];
  bytes[8]  = sizeof *lda;
  bytes[9]  = of[10];
  bytes[10] = sizeof *ldb;
}
UDE_RULES(UDE_F(trmm), trmm_f);

void        UDE_F(trsm)(const char *side, const char *uplo, const char *trans, const char *diag,
                 const int *m, const int *n, const UDE_REAL *alpha, const UDE_REAL *a,
                 const int *lda, UDE_REAL *b, const int *ldb);
static void UDE_R(trsm_f_jvp)(const char *side, const char *uplo, const char *trans,
                              const char *diag, const int *m, const int *n, const UDE_REAL *alpha,
                              const UDE_REAL *a, const int *lda, UDE_REAL *b, const int *ldb,
                              const char *side_dot, const char *uplo_dot, const char *trans_dot,
                              const char *diag_dot, const int *m_dot, const int *n_dot,
                              const UDE_REAL *alpha_dot, const UDE_REAL *a_dot, const int *lda_dot,
                              UDE_REAL *b_dot, const int *ldb_dot) {
  (void)side_dot;
  (void)uplo_dot;
  (void)trans_dot;
  (void)diag_dot;
  (void)m_dot;
  (void)n_dot;
  (void)lda_dot;
  (void)ldb_dot;
  UDE_R(trsm_jvp)(UDE_COLUMN, ude_side(side), ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *m,
                  *n, *alpha, a, *lda, b, *ldb, alpha_dot ? *alpha_dot : 0, a_dot, b_dot);
}
static void UDE_R(trsm_f_vjp)(const char *side, const char *uplo, const char *trans,
                              const char *diag, const int *m, const int *n, const UDE_REAL *alpha,
                              const UDE_REAL *a, const int *lda, UDE_REAL *b, const int *ldb,
                              char *side_bar, char *uplo_bar, char *trans_bar, char *diag_bar,
                              int *m_bar, int *n_bar, UDE_REAL *alpha_bar, UDE_REAL *a_bar,
                              int *lda_bar, UDE_REAL *b_bar, int *ldb_bar) {
  (void)side_bar;
  (void)uplo_bar;
  (void)trans_bar;
  (void)diag_bar;
  (void)m_bar;
  (void)n_bar;
  (void)lda_bar;
  (void)ldb_bar;
  UDE_R(trsm_vjp)(UDE_COLUMN, ude_side(side), ude_uplo(uplo), ude_trans(trans), ude_diag(diag), *m,
                  *n, *alpha, a, *lda, b, *ldb, alpha_bar, a_bar, b_bar);
}
static void UDE_R(trsm_f_extents)(const char *side, const char *uplo, const char *trans,
                                  const char *diag, const int *m, const int *n,
                                  const UDE_REAL *alpha, const UDE_REAL *a, const int *lda,
                                  UDE_REAL *b, const int *ldb, size_t *bytes) {
  size_t of[12] = {0};
  UDE_R(trsm_extents)(UDE_COLUMN, ude_side(side), ude_uplo(uplo), ude_trans(trans), ude_diag(diag),
                      *m, *n, *alpha, a, *lda, b, *ldb, of);
  bytes[0]  = sizeof *side;
  bytes[1]  = sizeof *uplo;
  bytes[2]  = sizeof *trans;
  bytes[3]  = sizeof *diag;
  bytes[4]  = sizeof *m;
  bytes[5]  = sizeof *n;
  bytes[6]  = sizeof *alpha;
  bytes[7]  = of[8];
  bytes[8]  = sizeof *lda;
  bytes[9]  = of[10];
  bytes[10] = sizeof *ldb;
}
UDE_RULES(UDE_F(trsm), trsm_f);

void UDE_F(getrf)(const int *m, const int *n, UDE_REAL *a, const int *lda, int *ipiv, int *info);
static void UDE_R(getrf_f_jvp)(const int *m, const int *n, UDE_REAL *a, const int *lda, int *ipiv,
                               int *info, const int *m_dot, const int *n_dot, UDE_REAL *a_dot,
                               const int *lda_dot, int *ipiv_dot, int *info_dot) {
  (void)m_dot;
  (void)n_dot;
  (void)lda_dot;
  (void)info_dot;
  *info = UDE_R(getrf_jvp)(UDE_COLUMN, *m, *n, a, *lda, ipiv, a_dot, ipiv_dot);
}
static void UDE_R(getrf_f_vjp)(const int *m, const int *n, UDE_REAL *a, const int *lda, int *ipiv,
                               int *info, int *m_bar, int *n_bar, UDE_REAL *a_bar, int *lda_bar,
                               int *ipiv_bar, int *info_bar) {
  (void)m_bar;
  (void)n_bar;
  (void)lda_bar;
  (void)info_bar;
  (void)info;
  UDE_R(getrf_vjp)(UDE_COLUMN, *m, *n, a, *lda, ipiv, a_bar, ipiv_bar);
}
static void UDE_R(getrf_f_extents)(const int *m, const int *n, UDE_REAL *a, const int *lda,
                                   int *ipiv, int *info, size_t *bytes) {
  size_t of[6] = {0};
  UDE_R(getrf_extents)(UDE_COLUMN, *m, *n, a, *lda, ipiv, of);
  bytes[0] = sizeof *m;
  bytes[1] = sizeof *n;
  bytes[2] = of[3];
  bytes[3] = sizeof *lda;
  bytes[4] = of[5];
  bytes[5] = sizeof *info;
}
UDE_RULES(UDE_F(getrf), getrf_f);

void        UDE_F(getrs)(const char *trans, const int *n, const int *nrhs, const UDE_REAL *a,
                  const int *lda, const int *ipiv, UDE_REAL *b, const int *ldb, int *info);
static void UDE_R(getrs_f_jvp)(const char *trans, const int *n, const int *nrhs, const UDE_REAL *a,
                               const int *lda, const int *ipiv, UDE_REAL *b, const int *ldb,
                               int *info, const char *trans_dot, const int *n_dot,
                               const int *nrhs_dot, const UDE_REAL *a_dot, const int *lda_dot,
                               const int *ipiv_dot, UDE_REAL *b_dot, const int *ldb_dot,
                               int *info_dot) {
  (void)trans_dot;
  (void)n_dot;
  (void)nrhs_dot;
  (void)lda_dot;
  (void)ldb_dot;
  (void)info_dot;
  *info = UDE_R(getrs_jvp)(UDE_COLUMN, *trans, *n, *nrhs, a, *lda, ipiv, b, *ldb, a_dot, ipiv_dot,
                           b_dot);
}
static void UDE_R(getrs_f_vjp)(const char *trans, const int *n, const int *nrhs, const UDE_REAL *a,
                               const int *lda, const int *ipiv, UDE_REAL *b, const int *ldb,
                               int *info, char *trans_bar, int *n_bar, int *nrhs_bar,
                               UDE_REAL *a_bar, int *lda_bar, int *ipiv_bar, UDE_REAL *b_bar,
                               int *ldb_bar, int *info_bar) {
  (void)trans_bar;
  (void)n_bar;
  (void)nrhs_bar;
  (void)lda_bar;
  (void)ldb_bar;
  (void)info_bar;
  (void)info;
  UDE_R(getrs_vjp)(UDE_COLUMN, *trans, *n, *nrhs, a, *lda, ipiv, b, *ldb, a_bar, ipiv_bar, b_bar);
}
static void UDE_R(getrs_f_extents)(const char *trans, const int *n, const int *nrhs,
                                   const UDE_REAL *a, const int *lda, const int *ipiv, UDE_REAL *b,
                                   const int *ldb, int *info, size_t *bytes) {
  size_t of[9] = {0};
  UDE_R(getrs_extents)(UDE_COLUMN, *trans, *n, *nrhs, a, *lda, ipiv, b, *ldb, of);
  bytes[0] = sizeof *trans;
  bytes[1] = sizeof *n;
  bytes[2] = sizeof *nrhs;
  bytes[3] = of[4];
  bytes[4] = sizeof *lda;
  bytes[5] = of[6];
  bytes[6] = of[7];
  bytes[7] = sizeof *ldb;
  bytes[8] = sizeof *info;
}
UDE_RULES(UDE_F(getrs), getrs_f);

void UDE_F(gesv)(const int *n, const int *nrhs, UDE_REAL *a, const int *lda, int *ipiv, UDE_REAL *b,
                 const int *ldb, int *info);
static void UDE_R(gesv_f_jvp)(const int *n, const int *nrhs, UDE_REAL *a, const int *lda, int *ipiv,
                              UDE_REAL *b, const int *ldb, int *info, const int *n_dot,
                              const int *nrhs_dot, UDE_REAL *a_dot, const int *lda_dot,
                              int *ipiv_dot, UDE_REAL *b_dot, const int *ldb_dot, int *info_dot) {
  (void)n_dot;
  (void)nrhs_dot;
  (void)lda_dot;
  (void)ldb_dot;
  (void)info_dot;
  *info = UDE_R(gesv_jvp)(UDE_COLUMN, *n, *nrhs, a, *lda, ipiv, b, *ldb, a_dot, ipiv_dot, b_dot);
}
static void UDE_R(gesv_f_vjp)(const int *n, const int *nrhs, UDE_REAL *a, const int *lda, int *ipiv,
                              UDE_REAL *b, const int *ldb, int *info, int *n_bar, int *nrhs_bar,
                              UDE_REAL *a_bar, int *lda_bar, int *ipiv_bar, UDE_REAL *b_bar,
                              int *ldb_bar, int *info_bar) {
  (void)n_bar;
  (void)nrhs_bar;
  (void)lda_bar;
  (void)ldb_bar;
  (void)info_bar;
  (void)info;
  UDE_R(gesv_vjp)(UDE_COLUMN, *n, *nrhs, a, *lda, ipiv, b, *ldb, a_bar, ipiv_bar, b_bar);
}
static void UDE_R(gesv_f_extents)(const int *n, const int *nrhs, UDE_REAL *a, const int *lda,
                                  int *ipiv, UDE_REAL *b, const int *ldb, int *info,
                                  size_t *bytes) {
  size_t of[8] = {0};
  UDE_R(gesv_extents)(UDE_COLUMN, *n, *nrhs, a, *lda, ipiv, b, *ldb, of);
  bytes[0] = sizeof *n;
  bytes[1] = sizeof *nrhs;
  bytes[2] = of[3];
  bytes[3] = sizeof *lda;
  bytes[4] = of[5];
  bytes[5] = of[6];
  bytes[6] = sizeof *ldb;
  bytes[7] = sizeof *info;
}
UDE_RULES(UDE_F(gesv), gesv_f);

void        UDE_F(potrf)(const char *uplo, const int *n, UDE_REAL *a, const int *lda, int *info);
static void UDE_R(potrf_f_jvp)(const char *uplo, const int *n, UDE_REAL *a, const int *lda,
                               int *info, const char *uplo_dot, const int *n_dot, UDE_REAL *a_dot,
                               const int *lda_dot, int *info_dot) {
  (void)uplo_dot;
  (void)n_dot;
  (void)lda_dot;
  (void)info_dot;
  *info = UDE_R(potrf_jvp)(UDE_COLUMN, *uplo, *n, a, *lda, a_dot);
}
static void UDE_R(potrf_f_vjp)(const char *uplo, const int *n, UDE_REAL *a, const int *lda,
                               int *info, char *uplo_bar, int *n_bar, UDE_REAL *a_bar, int *lda_bar,
                               int *info_bar) {
  (void)uplo_bar;
  (void)n_bar;
  (void)lda_bar;
  (void)info_bar;
  (void)info;
  UDE_R(potrf_vjp)(UDE_COLUMN, *uplo, *n, a, *lda, a_bar);
}
static void UDE_R(potrf_f_extents)(const char *uplo, const int *n, UDE_REAL *a, const int *lda,
                                   int *info, size_t *bytes) {
  size_t of[5] = {0};
  UDE_R(potrf_extents)(UDE_COLUMN, *uplo, *n, a, *lda, of);
  bytes[0] = sizeof *uplo;
  bytes[1] = sizeof *n;
  bytes[2] = of[3];
  bytes[3] = sizeof *lda;
  bytes[4] = sizeof *info;
}
UDE_RULES(UDE_F(potrf), potrf_f);

void        UDE_F(potrs)(const char *uplo, const int *n, const int *nrhs, const UDE_REAL *a,
                  const int *lda, UDE_REAL *b, const int *ldb, int *info);
static void UDE_R(potrs_f_jvp)(const char *uplo, const int *n, const int *nrhs, const UDE_REAL *a,
                               const int *lda, UDE_REAL *b, const int *ldb, int *info,
                               const char *uplo_dot, const int *n_dot, const int *nrhs_dot,
                               const UDE_REAL *a_dot, const int *lda_dot, UDE_REAL *b_dot,
                               const int *ldb_dot, int *info_dot) {
  (void)uplo_dot;
  (void)n_dot;
  (void)nrhs_dot;
  (void)lda_dot;
  (void)ldb_dot;
  (void)info_dot;
  *info = UDE_R(potrs_jvp)(UDE_COLUMN, *uplo, *n, *nrhs, a, *lda, b, *ldb, a_dot, b_dot);
}
static void UDE_R(potrs_f_vjp)(const char *uplo, const int *n, const int *nrhs, const UDE_REAL *a,
                               const int *lda, UDE_REAL *b, const int *ldb, int *info,
                               char *uplo_bar, int *n_bar, int *nrhs_bar, UDE_REAL *a_bar,
                               int *lda_bar, UDE_REAL *b_bar, int *ldb_bar, int *info_bar) {
  (void)uplo_bar;
  (void)n_bar;
  (void)nrhs_bar;
  (void)lda_bar;
  (void)ldb_bar;
  (void)info_bar;
  (void)info;
  UDE_R(potrs_vjp)(UDE_COLUMN, *uplo, *n, *nrhs, a, *lda, b, *ldb, a_bar, b_bar);
}
static void UDE_R(potrs_f_extents)(const char *uplo, const int *n, const int *nrhs,
                                   const UDE_REAL *a, const int *lda, UDE_REAL *b, const int *ldb,
                                   int *info, size_t *bytes) {
  size_t of[8] = {0};
  UDE_R(potrs_extents)(UDE_COLUMN, *uplo, *n, *nrhs, a, *lda, b, *ldb, of);
  bytes[0] = sizeof *uplo;
  bytes[1] = sizeof *n;
  bytes[2] = sizeof *nrhs;
  bytes[3] = of[4];
  bytes[4] = sizeof *lda;
  bytes[5] = of[6];
  bytes[6] = sizeof *ldb;
  bytes[7] = sizeof *info;
}
UDE_RULES(UDE_F(potrs), potrs_f);
