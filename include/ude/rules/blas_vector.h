/* Level 1, for one type of numbers: part of blas.h, which includes it once for each. */

#define UDE_PAIR(kind, f, g) UDE_PAIR_(kind, f, g)
#define UDE_PAIR_(kind, f, g) UDE_RULE(kind, f, g)
#define UDE_RULES(f, name)             \
  UDE_PAIR(jvp, f, UDE_R(name##_jvp)); \
  UDE_PAIR(vjp, f, UDE_R(name##_vjp)); \
  UDE_PAIR(extents, f, UDE_R(name##_extents))

UDE_REAL UDE_B(dot)(int n, const UDE_REAL *x, int incx, const UDE_REAL *y, int incy);
UDE_REAL UDE_B(nrm2)(int n, const UDE_REAL *x, int incx);
UDE_REAL UDE_B(asum)(int n, const UDE_REAL *x, int incx);
void     UDE_B(axpy)(int n, UDE_REAL a, const UDE_REAL *x, int incx, UDE_REAL *y, int incy);
void     UDE_B(scal)(int n, UDE_REAL a, UDE_REAL *x, int incx);
void     UDE_B(copy)(int n, const UDE_REAL *x, int incx, UDE_REAL *y, int incy);
void     UDE_B(swap)(int n, UDE_REAL *x, int incx, UDE_REAL *y, int incy);

/* x = a x, where a = 0 forgets x whatever it holds. */
static inline void UDE_R(scale)(int n, UDE_REAL a, UDE_REAL *x, int incx) {
  size_t step = (size_t)abs(incx);
  for (int i = 0; i < n; i++) {
    x[(size_t)i * step] = a == 0 ? 0 : a * x[(size_t)i * step];
  }
}

/* A vector of its own, stride 1; never NULL where n > 0 unless there is no memory. */
static inline UDE_REAL *UDE_R(take)(size_t n) {
  return (UDE_REAL *)calloc(n ? n : 1, sizeof(UDE_REAL));
}

static UDE_REAL UDE_R(dot_jvp)(int n, const UDE_REAL *x, int incx, const UDE_REAL *y, int incy,
                               const UDE_REAL *x_dot, const UDE_REAL *y_dot, UDE_REAL *result_dot) {
  UDE_REAL dot = 0;
  if (x_dot) {
    dot += UDE_B(dot)(n, x_dot, incx, y, incy);
  }
  if (y_dot) {
    dot += UDE_B(dot)(n, x, incx, y_dot, incy);
  }
  *result_dot = dot;
  return UDE_B(dot)(n, x, incx, y, incy);
}
static void UDE_R(dot_vjp)(int n, const UDE_REAL *x, int incx, const UDE_REAL *y, int incy,
                           UDE_REAL *x_bar, UDE_REAL *y_bar, UDE_REAL bar) {
  if (x_bar) {
    UDE_B(axpy)(n, bar, y, incy, x_bar, incx);
  }
  if (y_bar) {
    UDE_B(axpy)(n, bar, x, incx, y_bar, incy);
  }
}
static void UDE_R(dot_extents)(int n, const UDE_REAL *x, int incx, const UDE_REAL *y, int incy,
                               size_t *bytes) {
  bytes[1] = ude_span(n, incx) * sizeof *x;
  bytes[3] = ude_span(n, incy) * sizeof *y;
}
UDE_RULES(UDE_B(dot), dot);

static UDE_REAL UDE_R(nrm2_jvp)(int n, const UDE_REAL *x, int incx, const UDE_REAL *x_dot,
                                UDE_REAL *result_dot) {
  UDE_REAL norm = UDE_B(nrm2)(n, x, incx);
  *result_dot   = x_dot && norm != 0 ? UDE_B(dot)(n, x, incx, x_dot, incx) / norm : 0;
  return norm;
}
static void UDE_R(nrm2_vjp)(int n, const UDE_REAL *x, int incx, UDE_REAL *x_bar, UDE_REAL bar) {
  UDE_REAL norm = UDE_B(nrm2)(n, x, incx);
  if (x_bar && norm != 0) {
    UDE_B(axpy)(n, bar / norm, x, incx, x_bar, incx);
  }
}
static void UDE_R(nrm2_extents)(int n, const UDE_REAL *x, int incx, size_t *bytes) {
  bytes[1] = ude_span(n, incx) * sizeof *x;
}
UDE_RULES(UDE_B(nrm2), nrm2);

static UDE_REAL UDE_R(asum_jvp)(int n, const UDE_REAL *x, int incx, const UDE_REAL *x_dot,
                                UDE_REAL *result_dot) {
  UDE_REAL dot = 0;
  for (int i = 0; x_dot && incx > 0 && i < n; i++) {
    size_t at = (size_t)i * (size_t)abs(incx);
    dot += x[at] > 0 ? x_dot[at] : x[at] < 0 ? -x_dot[at] : 0;
  }
  *result_dot = dot;
  return UDE_B(asum)(n, x, incx);
}
static void UDE_R(asum_vjp)(int n, const UDE_REAL *x, int incx, UDE_REAL *x_bar, UDE_REAL bar) {
  for (int i = 0; x_bar && incx > 0 && i < n; i++) {
    size_t at = (size_t)i * (size_t)abs(incx);
    x_bar[at] += x[at] > 0 ? bar : x[at] < 0 ? -bar : 0;
  }
}
static void UDE_R(asum_extents)(int n, const UDE_REAL *x, int incx, size_t *bytes) {
  bytes[1] = ude_span(n, incx) * sizeof *x;
}
UDE_RULES(UDE_B(asum), asum);

static void UDE_R(axpy_jvp)(int n, UDE_REAL a, const UDE_REAL *x, int incx, UDE_REAL *y, int incy,
                            UDE_REAL a_dot, const UDE_REAL *x_dot, UDE_REAL *y_dot) {
  if (y_dot) {
    UDE_B(axpy)(n, a_dot, x, incx, y_dot, incy);
  }
  if (y_dot && x_dot) {
    UDE_B(axpy)(n, a, x_dot, incx, y_dot, incy);
  }
  UDE_B(axpy)(n, a, x, incx, y, incy);
}
static void UDE_R(axpy_vjp)(int n, UDE_REAL a, const UDE_REAL *x, int incx, UDE_REAL *y, int incy,
                            UDE_REAL *a_bar, UDE_REAL *x_bar, UDE_REAL *y_bar) {
  (void)y;
  if (y_bar && a_bar) {
    *a_bar += UDE_B(dot)(n, x, incx, y_bar, incy);
  }
  if (y_bar && x_bar) {
    UDE_B(axpy)(n, a, y_bar, incy, x_bar, incx);
  }
}
static void UDE_R(axpy_extents)(int n, UDE_REAL a, const UDE_REAL *x, int incx, UDE_REAL *y,
                                int incy, size_t *bytes) {
  (void)a;
  bytes[2] = ude_span(n, incx) * sizeof *x;
  bytes[4] = ude_span(n, incy) * sizeof *y;
}
UDE_RULES(UDE_B(axpy), axpy);

static void UDE_R(scal_jvp)(int n, UDE_REAL a, UDE_REAL *x, int incx, UDE_REAL a_dot,
                            UDE_REAL *x_dot) {
  if (x_dot && incx > 0) {
    UDE_B(scal)(n, a, x_dot, incx);
    UDE_B(axpy)(n, a_dot, x, incx, x_dot, incx);
  }
  UDE_B(scal)(n, a, x, incx);
}
static void UDE_R(scal_vjp)(int n, UDE_REAL a, UDE_REAL *x, int incx, UDE_REAL *a_bar,
                            UDE_REAL *x_bar) {
  if (x_bar && a_bar && incx > 0) {
    *a_bar += UDE_B(dot)(n, x, incx, x_bar, incx);
  }
  if (x_bar && incx > 0) { /* else scal does nothing */
    UDE_R(scale)(n, a, x_bar, incx);
  }
}
static void UDE_R(scal_extents)(int n, UDE_REAL a, UDE_REAL *x, int incx, size_t *bytes) {
  (void)a;
  bytes[2] = ude_span(n, incx) * sizeof *x;
}
UDE_RULES(UDE_B(scal), scal);

static void UDE_R(copy_jvp)(int n, const UDE_REAL *x, int incx, UDE_REAL *y, int incy,
                            const UDE_REAL *x_dot, UDE_REAL *y_dot) {
  if (y_dot && x_dot) {
    UDE_B(copy)(n, x_dot, incx, y_dot, incy);
  } else if (y_dot) {
    UDE_R(scale)(n, 0, y_dot, incy);
  }
  UDE_B(copy)(n, x, incx, y, incy);
}
static void UDE_R(copy_vjp)(int n, const UDE_REAL *x, int incx, UDE_REAL *y, int incy,
                            UDE_REAL *x_bar, UDE_REAL *y_bar) {
  (void)x;
  (void)y;
  if (y_bar && x_bar) {
    UDE_B(axpy)(n, 1, y_bar, incy, x_bar, incx);
  }
  if (y_bar) {
    UDE_R(scale)(n, 0, y_bar, incy);
  }
}
static void UDE_R(copy_extents)(int n, const UDE_REAL *x, int incx, UDE_REAL *y, int incy,
                                size_t *bytes) {
  bytes[1] = ude_span(n, incx) * sizeof *x;
  bytes[3] = ude_span(n, incy) * sizeof *y;
}
UDE_RULES(UDE_B(copy), copy);

static void UDE_R(swap_jvp)(int n, UDE_REAL *x, int incx, UDE_REAL *y, int incy, UDE_REAL *x_dot,
                            UDE_REAL *y_dot) {
  if (x_dot && y_dot) {
    UDE_B(swap)(n, x_dot, incx, y_dot, incy);
  }
  UDE_B(swap)(n, x, incx, y, incy);
}
static void UDE_R(swap_vjp)(int n, UDE_REAL *x, int incx, UDE_REAL *y, int incy, UDE_REAL *x_bar,
                            UDE_REAL *y_bar) {
  (void)x;
  (void)y;
  if (x_bar && y_bar) {
    UDE_B(swap)(n, x_bar, incx, y_bar, incy);
  }
}
static void UDE_R(swap_extents)(int n, UDE_REAL *x, int incx, UDE_REAL *y, int incy,
                                size_t *bytes) {
  bytes[1] = ude_span(n, incx) * sizeof *x;
  bytes[3] = ude_span(n, incy) * sizeof *y;
}
UDE_RULES(UDE_B(swap), swap);
