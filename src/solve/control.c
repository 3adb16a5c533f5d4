/* Error norm, first step, step-size controller. */
#include <float.h>
#include <math.h>

#include "solve/control.h"

double ude_error_norm(int64_t n, const double *e, const double *u, const double *u_new, double rtol,
                      double atol, const double *atol_vector, int64_t *component) {
  double  sum   = 0;
  double  worst = -1;
  int64_t where = -1;
  for (int64_t l = 0; l < n; l++) {
    double scale = (atol_vector ? atol_vector[l] : atol) + fmax(fabs(u[l]), fabs(u_new[l])) * rtol;
    double ratio = e[l] / scale;
    double square = ratio * ratio;
    sum += square;
    if (!(square <= worst)) { /* also a NaN, which stays */
      worst = isnan(square) ? (double)INFINITY : square;
      where = l;
    }
  }
  *component = where;
  return n > 0 ? sqrt(sum / (double)n) : 0;
}

int64_t ude_first_not_finite(int64_t n, const double *x) {
  for (int64_t l = 0; l < n; l++) {
    if (!isfinite(x[l])) {
      return l;
    }
  }
  return -1;
}

double ude_smallest_step(double t) {
  return fmax(16 * DBL_EPSILON * fabs(t), 16 * DBL_MIN);
}

/* Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, section II.4. */
int ude_initial_step(const ude_vector_field *field, int order, double t0, double direction,
                     double limit, const double *u0, const double *f0, const double *p, double rtol,
                     double atol, const double *atol_vector, double *point, double *f1, double *h) {
  int64_t n = field->state.count;
  int64_t ignored;
  double  d0 = ude_error_norm(n, u0, u0, u0, rtol, atol, atol_vector, &ignored);
  double  d1 = ude_error_norm(n, f0, u0, u0, rtol, atol, atol_vector, &ignored);
  double  h0 = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
  h0         = fmin(h0, limit);
  for (int64_t l = 0; l < n; l++) {
    point[l] = u0[l] + direction * h0 * f0[l];
  }
  int code = field->rhs.value(f1, point, p, t0 + direction * h0, field->rhs.context);
  if (code < 0) {
    return code;
  }
  double d2 = (double)INFINITY;
  if (code == 0) {
    for (int64_t l = 0; l < n; l++) {
      point[l] = f1[l] - f0[l];
    }
    d2 = ude_error_norm(n, point, u0, u0, rtol, atol, atol_vector, &ignored) / h0;
  }
  double largest = fmax(d1, d2);
  double h1 = !isfinite(largest)   ? h0 * 1e-3
              : largest <= 1e-15 ? fmax(1e-6, h0 * 1e-3)
                                   : pow(0.01 / largest, 1.0 / (order + 1));
  *h        = fmax(fmin(fmin(100 * h0, h1), limit), ude_smallest_step(t0));
  return 0;
}

enum { SHRINK_LIMIT = 5, GROWTH_LIMIT = 10 };
static const double safety        = 0.9;
static const double previous_least = 1e-4; /* keeps one lucky step from a huge growth */

void ude_controller_start(ude_controller *controller, int order) {
  controller->beta1    = 7.0 / (10 * order);
  controller->beta2    = 2.0 / (5 * order);
  controller->previous = previous_least;
  controller->rejected = false;
}

double ude_controller_accept(ude_controller *controller, double error, double h) {
  double growth = controller->rejected ? 1 : GROWTH_LIMIT; /* no growth right after a rejection */
  double q = error > 0 ? pow(error, controller->beta1) / pow(controller->previous, controller->beta2)
                       : 0;
  q        = fmax(1 / growth, fmin(SHRINK_LIMIT, q / safety));
  controller->previous = fmax(error, previous_least);
  controller->rejected = false;
  return h / q;
}

double ude_controller_reject(ude_controller *controller, double error, double h) {
  controller->rejected = true;
  if (!isfinite(error)) {
    return h / SHRINK_LIMIT;
  }
  return h / fmin(SHRINK_LIMIT, pow(error, controller->beta1) / safety);
}
