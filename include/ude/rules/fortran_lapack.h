/* The Fortran forms of LAPACK, for one type of numbers: part of blas.h; see fortran.h. */

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
