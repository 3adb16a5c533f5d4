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
