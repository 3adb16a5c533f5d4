/* Error norm, first step, step-size controller. */
#include "solve/control.h"

#include "solve/step_size.h"

double ude_error_norm(int64_t n, const double *e, const double *u, const double *u_new, double rtol,
                      const double *atol) {
  /* Four sums side by side: the same order of addition whatever the vector unit. */
  double  sum[4] = {0, 0, 0, 0};
  int64_t l      = 0;
  for (; l + 4 <= n; l += 4) {
    for (int lane = 0; lane < 4; lane++) {
      int64_t i = l + lane;
      sum[lane] += ude_error_term(e[i], u[i], u_new[i], rtol, atol[i]);
    }
  }
  for (; l < n; l++) {
    sum[0] += ude_error_term(e[l], u[l], u_new[l], rtol, atol[l]);
  }
  return n > 0 ? sqrt(((sum[0] + sum[1]) + (sum[2] + sum[3])) / (double)n) : 0;
}

int64_t ude_error_worst(int64_t n, const double *e, const double *u, const double *u_new,
                        double rtol, const double *atol) {
  double  worst = -1;
  int64_t where = -1;
  for (int64_t l = 0; l < n; l++) {
    double value = ude_error_term(e[l], u[l], u_new[l], rtol, atol[l]);
    if (!isfinite(value)) {
      return l;
    }
    if (value > worst) {
      worst = value;
      where = l;
    }
  }
  return where;
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
  return ude_smallest(t);
}

/* Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, section II.4. */
int ude_initial_step(const ude_vector_field *field, int order, double t0, double direction,
                     double limit, const double *u0, const double *f0, const double *p, double rtol,
                     const double *atol, double *point, double *f1, double *h) {
  int64_t n  = field->state.count;
  double  d0 = ude_error_norm(n, u0, u0, u0, rtol, atol);
  double  d1 = ude_error_norm(n, f0, u0, u0, rtol, atol);
  double  h0 = fmin(d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1, limit);
  for (int64_t l = 0; l < n; l++) {
    point[l] = u0[l] + direction * h0 * f0[l];
  }
  int code = field->rhs.value(f1, point, p, t0 + direction * h0, field->rhs.context);
  if (code < 0) {
    return code;
  }
  double d2 = (double)INFINITY; /* no derivative there: start far below h0 */
  if (code == 0) {
    for (int64_t l = 0; l < n; l++) {
      point[l] = f1[l] - f0[l];
    }
    d2 = ude_error_norm(n, point, u0, u0, rtol, atol) / h0;
  }
  double largest = fmax(d1, d2);
  double h1      = h0 * 1e-3;
  if (isfinite(d2) && isfinite(largest)) {
    h1 = largest <= 1e-15 ? fmax(1e-6, h0 * 1e-3) : pow(0.01 / largest, 1.0 / (order + 1));
  }
  *h = fmin(fmax(fmin(100 * h0, h1), ude_smallest_step(t0)), limit);
  return 0;
}

void ude_controller_start(ude_controller *controller, int order) {
  controller->beta1    = 7.0 / (10 * order);
  controller->beta2    = 2.0 / (5 * order);
  controller->previous = UDE_STEP_LEAST_PREVIOUS;
  controller->rejected = false;
}

double ude_controller_accept(ude_controller *controller, double error, double h) {
  return ude_step_accept(controller, ude_step_log2(error), h);
}

double ude_controller_reject(ude_controller *controller, double error, double h) {
  if (!isfinite(error)) {
    controller->rejected = true;
    return h / UDE_STEP_SHRINK;
  }
  return ude_step_reject(controller, ude_step_log2(error), h);
}
