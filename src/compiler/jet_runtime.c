/**
 * @file jet_runtime.c
 * @brief Kernels of Taylor jets, and the loops over orders.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/jet.h"
#include "compiler/rules.h"

/* ---------------------------------------------------------------------------------- records -- */

enum { FIRST_RECORDS = 64 };

/* Places must fit the bits of a float. */
static const int64_t last_place = UINT32_MAX;

static bool grow(ude_jet *jet, int64_t needed) {
  if (needed <= jet->capacity) {
    return true;
  }
  int64_t capacity = jet->capacity;
  while (capacity < needed) {
    capacity *= 2;
  }
  double *base = needed > last_place ? NULL : realloc(jet->base, (size_t)capacity * sizeof *base);
  if (!base) {
    return false;
  }
  memset(base + jet->capacity, 0, (size_t)(capacity - jet->capacity) * sizeof *base);
  jet->base     = base;
  jet->capacity = capacity;
  return true;
}

void ude_jet_begin(ude_jet *jet, int64_t most) {
  int64_t records = most > jet->stride ? most : jet->stride;
  if (!grow(jet, jet->start + records * jet->stride)) {
    jet->failed = true;
  }
}

/* Where memory is short the run goes on over the same records, and says so at the end. */
int64_t ude_jet_reserve(ude_jet *jet, int64_t count) {
  int64_t size = count * jet->stride;
  if (!grow(jet, jet->top + size)) {
    jet->failed = true;
    jet->top    = jet->start;
  }
  int64_t place = jet->top;
  jet->top += size;
  return place;
}

/* --------------------------------------------------------------------------------- kernels -- */

/* Sum of a_i b_(k-i) for i = from, ..., k - 1, in four chains so that additions overlap. */
static double convolve(const double *a, const double *b, int64_t from, int64_t k) {
  double  s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  int64_t i = from;
  for (; i + 4 <= k; i += 4) {
    s0 += a[i] * b[k - i];
    s1 += a[i + 1] * b[k - i - 1];
    s2 += a[i + 2] * b[k - i - 2];
    s3 += a[i + 3] * b[k - i - 3];
  }
  for (; i < k; i++) {
    s0 += a[i] * b[k - i];
  }
  return (s0 + s1) + (s2 + s3);
}

static bool all_finite(const double *x, double x0, int64_t k) {
  double sum = x0 - x0;
  for (int64_t i = 1; i <= k; i++) {
    sum += x[i] - x[i];
  }
  return sum == 0;
}

/* The product of series where one has infinite coefficients: a zero of the other, if that one is smooth, contributes
 * nothing (x sqrt(x) at 0; forward mode does the same). */
static double steep_product(const double *x, const double *y, double x0, double y0, int64_t k) {
  bool   smooth_x = all_finite(x, x0, k), smooth_y = all_finite(y, y0, k);
  double sum = 0;
  for (int64_t i = 0; i <= k; i++) {
    double a = i ? x[i] : x0, b = i < k ? y[k - i] : y0;
    bool   none = (a == 0 && smooth_x) || (b == 0 && smooth_y);
    sum += none ? 0 : a * b;
  }
  return sum;
}

void ude_jet_mul(double *r, const double *x, const double *y, double x0, double y0, int64_t k) {
  double sum = x0 * y[k] + x[k] * y0 + convolve(x, y, 1, k);
  r[k]       = sum - sum == 0 ? sum : steep_product(x, y, x0, y0, k);
}

void ude_jet_div(double *r, const double *x, const double *y, double r0, double y0, int64_t k) {
  bool beyond = r0 == 0 && isinf(y0); /* 1 / (1 + exp(-x)): the quotient stays zero nearby */
  r[k]        = beyond ? x[k] / y0 : (x[k] - r0 * y[k] - convolve(y, r, 1, k)) / y0;
}

/* A coefficient that is zero contributes nothing, not even 0 * inf. */
static double times(double a, double b) {
  return a == 0 ? 0 : a * b;
}

void ude_jet_chain(double *r, const double *x, const double *g, double g0, int64_t k) {
  double sum = 0;
  for (int64_t i = 1; i < k; i++) {
    sum += times((double)i * x[i], g[k - i]);
  }
  r[k] += sum / (double)k + times(x[k], g0);
}

void ude_jet_log(double *r, const double *x, double x0, double c, int64_t k) {
  double sum = 0;
  for (int64_t i = 1; i < k; i++) {
    sum += (double)i * r[i] * x[k - i];
  }
  r[k] = times(1 / x0, c * x[k] - sum / (double)k);
}

static double power_term(const double *r, const double *x, double x0, double r0, double c,
                         int64_t k) {
  double sum = c * (double)k * x[k] * r0;
  for (int64_t j = 1; j < k; j++) {
    sum += (c * (double)(k - j) - (double)j) * x[k - j] * r[j];
  }
  return sum / ((double)k * x0);
}

/* x = s^m z with z_0 != 0, so x^c = s^(mc) z^c: finite where mc is at least k, or whole and c as well. */
static double power_of_zero(const double *x, double c, int64_t k) {
  double  z_power[UDE_JET_ORDER + 1] = {0};
  int64_t m                          = 1;
  while (m <= k && x[m] == 0) {
    m++;
  }
  double first = c * (double)m;
  if (m > k || c == 0 || first > (double)k) {
    return 0;
  }
  if (c != floor(c) || c < 0) {
    return c < 0 ? (double)NAN : (double)INFINITY;
  }
  int64_t shift = (int64_t)first;
  if (k - shift > UDE_JET_ORDER) {
    return (double)NAN;
  }
  z_power[0] = pow(x[m], c);
  for (int64_t j = 1; j <= k - shift; j++) {
    z_power[j] = power_term(z_power, x + m, x[m], z_power[0], c, j);
  }
  return z_power[k - shift];
}

void ude_jet_power(double *r, const double *x, double x0, double r0, double c, int64_t k) {
  r[k] = x0 == 0 ? power_of_zero(x, c, k) : power_term(r, x, x0, r0, c, k);
}

/* x^y with x = s^m z and y that moves: s^(m y_0) z^y_0 (1 + O(s log s)), so that coefficients beyond the first are not
 * finite. */
static double moving_power_of_zero(const double *x, double y0, int64_t k) {
  int64_t m = 1;
  while (x[m] == 0) { /* some coefficient up to k is not */
    m++;
  }
  double first = y0 * (double)m;
  return first > (double)k ? 0 : first == (double)k ? pow(x[m], y0) : (double)NAN;
}

void ude_jet_pow(double *r, const double *x, const double *y, double x0, double y0, double r0,
                 int64_t k, int64_t stride) {
  double *log_x    = r + stride;
  double *exponent = r + 2 * stride;
  bool    constant = true;
  for (int64_t i = 1; i <= k && constant; i++) {
    constant = y[i] == 0;
  }
  bool zero_x = x0 == 0;
  for (int64_t i = 1; i <= k && zero_x; i++) {
    zero_x = x[i] == 0;
  }
  if (zero_x && y0 > 0) { /* 0^y */
    r[k] = 0;
    return;
  }
  if (x0 == 0 && y0 > 0 && !constant) {
    r[k] = moving_power_of_zero(x, y0, k);
    return;
  }
  ude_jet_log(log_x, x, x0, 1, k);
  ude_jet_mul(exponent, y, log_x, y0, log(x0), k);
  if (constant) {
    ude_jet_power(r, x, x0, r0, y0, k);
  } else {
    r[k] = 0;
    ude_jet_chain(r, exponent, r, r0, k);
  }
}

/* d^m/dx^m of a Bessel function of whole order: 2^-m sum_j (-1)^j C(m, j) C_(n-m+2j) (DLMF 10.6.7). */
static double bessel_derivative(double (*bessel)(int, double), double n, int64_t m, double x) {
  double sum = 0, binomial = 1;
  for (int64_t j = 0; j <= m; j++) {
    sum += (j % 2 ? -binomial : binomial) * bessel((int)(n - (double)m + 2 * (double)j), x);
    binomial *= (double)(m - j) / (double)(j + 1);
  }
  return ldexp(sum, (int)-m);
}

static double derivative(int64_t family, double n, int64_t m, double x) {
  switch (family) {
  case UDE_JET_JN: return bessel_derivative(jn, n, m, x);
  case UDE_JET_YN: return bessel_derivative(yn, n, m, x);
  case UDE_JET_LGAMMA: return ude_polygamma((double)(m - 1), x);
  default: return ude_polygamma(n + (double)m, x);
  }
}

/* r_k = sum_m f^(m)(x_0)/m! [(x - x_0)^m]_k; record m holds (x - x_0)^m, record 0 the derivatives. */
void ude_jet_tower(double *r, double *powers, const double *x, double x0, int64_t family, double n,
                   int64_t k, int64_t stride) {
  double factorial = 1;
  for (int64_t m = 2; m <= k; m++) {
    factorial *= (double)m;
  }
  powers[k]  = derivative(family, n, k, x0) / factorial;
  double sum = 0;
  for (int64_t m = 1; m <= k; m++) {
    double       *power = powers + m * stride;
    const double *below = power - stride;
    if (m == 1) {
      power[k] = x[k];
    } else { /* the lowest order of `below` is m - 1, that of x is 1 */
      power[k] = 0;
      for (int64_t i = 1; i <= k - m + 1; i++) {
        power[k] += x[i] * below[k - i];
      }
    }
    sum += times(power[k], powers[m]);
  }
  r[k] = sum;
}

double ude_jet_once1(double *r, double (*f)(double), double x, int64_t k) {
  if (k == 1) {
    r[0] = f(x);
  }
  return r[0];
}

double ude_jet_once2(double *r, double (*f)(double, double), double x, double y, int64_t k) {
  if (k == 1) {
    r[0] = f(x, y);
  }
  return r[0];
}

/* ---------------------------------------------------------------------------------- drivers -- */

/* The bits of a real that hold a place, and back. */
static double to_shadow(int64_t place) {
  double shadow;
  memcpy(&shadow, &place, sizeof shadow);
  return shadow;
}

static int64_t to_place(double shadow) {
  int64_t place;
  memcpy(&place, &shadow, sizeof place);
  return place;
}

typedef struct evaluation {
  ude_jet              jet;
  const ude_jet_shape *shape;
  double              *u, *y, *u_shadow, *y_shadow, *p_shadow; /**< one block, at u */
  double               t_shadow;
} evaluation;

/* Records: zeros, those of u, that of t. */
static bool begin(evaluation *e, const ude_jet_shape *shape, int64_t order) {
  size_t  n      = (size_t)shape->columns;
  size_t  m      = (size_t)shape->rows;
  int64_t inputs = shape->columns + 1;
  e->shape       = shape;
  e->jet.stride  = order + 1;
  e->jet.start = e->jet.top = (1 + inputs) * e->jet.stride;
  e->jet.capacity           = e->jet.start + FIRST_RECORDS * e->jet.stride;
  e->jet.base               = calloc((size_t)e->jet.capacity, sizeof *e->jet.base);
  e->u                      = calloc(2 * n + 2 * m + (size_t)shape->params + 1, sizeof *e->u);
  e->y                      = e->u + n;
  e->u_shadow               = e->y + m;
  e->y_shadow               = e->u_shadow + n;
  e->p_shadow               = e->y_shadow + m;
  if (!e->jet.base || !e->u || e->jet.start > last_place) {
    free(e->jet.base);
    free(e->u);
    return false;
  }
  for (int64_t i = 0; i < shape->columns; i++) {
    e->u_shadow[i] = to_shadow((1 + i) * e->jet.stride);
  }
  int64_t t_place = inputs * e->jet.stride;
  e->t_shadow     = to_shadow(t_place);
  if (order > 0) {
    e->jet.base[t_place + 1] = 1;
  }
  return true;
}

static void end(evaluation *e) {
  free(e->jet.base);
  free(e->u);
}

/* The record of state i, or of output i. */
static double *input(evaluation *e, int64_t i) {
  return e->jet.base + (1 + i) * e->jet.stride;
}

static const double *output(const evaluation *e, int64_t i) {
  return e->jet.base + to_place(e->y_shadow[i]);
}

static bool run(evaluation *e, int64_t k, const double *p, double t) {
  e->jet.k   = k;
  e->jet.top = e->jet.start;
  memset(e->y_shadow, 0, (size_t)e->shape->rows * sizeof *e->y_shadow);
  int failed =
      e->shape->pass(&e->jet, e->y, e->y_shadow, e->u, e->u_shadow, p, e->p_shadow, t, e->t_shadow);
  return !failed && !e->jet.failed;
}

int ude_jet_map(const ude_jet_shape *shape, int64_t order, double *y, const double *u,
                const double *p, double t) {
  evaluation e      = {0};
  int64_t    stride = order + 1;
  if (!begin(&e, shape, order)) {
    return 1;
  }
  for (int64_t i = 0; i < shape->columns; i++) {
    e.u[i] = u[i * stride];
    memcpy(input(&e, i), u + i * stride, (size_t)stride * sizeof *u);
  }
  shape->value(e.y, e.u, p, t);
  for (int64_t i = 0; i < shape->rows; i++) {
    y[i * stride] = e.y[i];
  }
  bool good = true;
  for (int64_t k = 1; k <= order && good; k++) {
    good = run(&e, k, p, t);
    for (int64_t i = 0; i < shape->rows && good; i++) {
      y[i * stride + k] = output(&e, i)[k];
    }
  }
  end(&e);
  return good ? 0 : 1;
}

int ude_jet_solution(const ude_jet_shape *shape, int64_t order, double *series, const double *u,
                     const double *p, double t) {
  evaluation e      = {0};
  int64_t    stride = order + 1;
  if (!begin(&e, shape, order)) {
    return 1;
  }
  for (int64_t i = 0; i < shape->rows; i++) {
    e.u[i] = series[i * stride] = u[i];
  }
  if (order > 0) {
    shape->value(e.y, e.u, p, t);
    for (int64_t i = 0; i < shape->rows; i++) {
      input(&e, i)[1] = series[i * stride + 1] = e.y[i];
    }
  }
  bool good = true;
  for (int64_t k = 1; k < order && good; k++) {
    good = run(&e, k, p, t);
    for (int64_t i = 0; i < shape->rows && good; i++) {
      double next         = output(&e, i)[k] / (double)(k + 1);
      input(&e, i)[k + 1] = series[i * stride + k + 1] = next;
    }
  }
  end(&e);
  return good ? 0 : 1;
}
