/**
 * @file step_size.h
 * @brief Norms of errors and sizes of steps as inline code: the loop, the methods and the specialised kernels share it.
 */
#ifndef UDE_SOLVE_STEP_SIZE_H
#define UDE_SOLVE_STEP_SIZE_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "solve/control.h"

/** Written so that a NaN in u_new comes through (fmax would drop it). */
static inline double ude_error_larger(double u, double u_new) {
  return fabs(u_new) < fabs(u) ? fabs(u) : fabs(u_new);
}

/** Square of an error in units of its tolerance; not finite where u_new is not. */
static inline double ude_error_term(double e, double u, double u_new, double rtol, double atol) {
  double ratio = e / (atol + ude_error_larger(u, u_new) * rtol);
  return ratio * ratio + (u_new - u_new);
}

static inline double ude_smallest(double t) {
  const double by_time = 16 * DBL_EPSILON * fabs(t);
  return by_time > 16 * DBL_MIN ? by_time : 16 * DBL_MIN;
}

#define UDE_STEP_SAFETY 0.9
#define UDE_STEP_SHRINK 5.0
#define UDE_STEP_GROWTH 10.0
/** log2(1e-4): one lucky step is no promise. */
#define UDE_STEP_LEAST_PREVIOUS (-13.287712379549449)

/* Logarithm and power of 2 to 1e-8, enough for sizes of steps: a call would save every register of a step, and what follows each
 * waits for these. log2 x = k + log2(1 + m), m in [-0.29, 0.41]; 2^x = 2^k 2^r, r in [-1/2, 1/2]: Chebyshev fits, in pairs of terms. */
static inline double ude_step_log2(double x) { /* x >= 0; the smallest numbers count as 1e-300 */
  const uint64_t middle = 0x3fe6a09e667f3bcdU; /* bits of sqrt(1/2) */
  uint64_t       bits;
  double         m;
  x = x < 1e-300 ? 1e-300 : x;
  memcpy(&bits, &x, sizeof bits);
  int64_t k = (int64_t)(bits - middle) >> 52;
  bits -= (uint64_t)k << 52;
  memcpy(&m, &bits, sizeof m);
  m -= 1;
  double m2  = m * m;
  double m4  = m2 * m2;
  double low = (1.4426950037647244 - 0.7213473333598984 * m) +
               m2 * (0.48091060994571694 - 0.3607048280965712 * m);
  double high = (0.2879183244594039 - 0.2389203398156181 * m) +
                m2 * (0.2156698590962089 - 0.2074210350999997 * m);
  return (double)k + m * (low + m4 * (high + m4 * 0.12614846595494328));
}

static inline double ude_step_exp2(double x) {
  const double to_integer = 6755399441055744.0; /* 1.5 2^52 rounds what is added to it */
  uint64_t     bits;
  double       scale;
  x          = x < -1000 ? -1000 : x > 1000 ? 1000 : x;
  double k   = (x + to_integer) - to_integer;
  double r   = x - k;
  double r2  = r * r;
  double low = (0.9999999999595488 + 0.6931471805459299 * r) +
               r2 * (0.24022651213596133 + 0.05550410941216465 * r);
  double high = (0.009618025602865104 + 0.0013333450559416982 * r) +
                r2 * (0.0001546973200175844 + 1.5310081406904916e-05 * r);
  bits = (uint64_t)((int64_t)k + 1023) << 52;
  memcpy(&scale, &bits, sizeof scale);
  return scale * (low + r2 * r2 * high);
}

/** The size to try after an accepted step of size h > 0 whose error has the logarithm log_e to base 2; none larger right after a rejection. */
static inline double ude_step_accept(ude_controller *controller, double log_e, double h) {
  double growth        = controller->rejected ? 1 : UDE_STEP_GROWTH;
  double factor        = UDE_STEP_SAFETY * ude_step_exp2(controller->beta2 * controller->previous -
                                                         controller->beta1 * log_e);
  factor               = factor < 1 / UDE_STEP_SHRINK ? 1 / UDE_STEP_SHRINK : factor;
  factor               = factor > growth ? growth : factor;
  controller->previous = log_e > UDE_STEP_LEAST_PREVIOUS ? log_e : UDE_STEP_LEAST_PREVIOUS;
  controller->rejected = false;
  return h * factor;
}

/** After a rejected one with a finite error. */
static inline double ude_step_reject(ude_controller *controller, double log_e, double h) {
  controller->rejected = true;
  double factor        = UDE_STEP_SAFETY * ude_step_exp2(-controller->beta1 * log_e);
  return h * (factor < 1 / UDE_STEP_SHRINK ? 1 / UDE_STEP_SHRINK : factor);
}

/** Steps of an explicit method near the border of stability, in a row or nearly: the count after one that reaches `reach` of the way to
 *  it. At UDE_AUTO_PATIENCE the implicit method takes over. */
#define UDE_AUTO_PATIENCE 10
/** Steps between products with the Jacobian while an explicit method runs. */
#define UDE_AUTO_PROBE_EVERY 8
/** A short solve does without, and without the derivative. */
#define UDE_AUTO_PROBE_FIRST 32
static inline int ude_auto_count(int stiff_steps, double reach) {
  const double near_border = 0.7;
  return reach > near_border ? stiff_steps + 1 : stiff_steps > 0 ? stiff_steps - 1 : stiff_steps;
}

/** Steps of an implicit method that would be stable for the explicit one, in a row. */
static inline int ude_auto_count_calm(int calm_steps, double reach) {
  const double inside = 0.4;
  return reach < inside ? calm_steps + 1 : 0;
}

#define UDE_AUTO_CALM 6
/** As many of them hand over to the explicit method, after `returns` to it. */
static inline int ude_auto_calm_patience(int returns) {
  return UDE_AUTO_CALM << (returns < 6 ? returns : 6);
}

#endif
