/**
 * @file step_size.h
 * @brief Norms of errors and sizes of steps as inline code: the loop, the methods and the specialised kernels share it.
 */
#ifndef UDE_SOLVE_STEP_SIZE_H
#define UDE_SOLVE_STEP_SIZE_H

#include <float.h>
#include <math.h>

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
/** log(1e-4): one lucky step is no promise. */
#define UDE_STEP_LEAST_PREVIOUS (-9.210340371976182)

/** The size to try after an accepted step of size h > 0; none larger right after a rejection. */
static inline double ude_step_accept(ude_controller *controller, double error, double h) {
  double growth = controller->rejected ? 1 : UDE_STEP_GROWTH;
  double log_e  = log(error); /* -inf for 0, so that q is 0 */
  double q      = exp(controller->beta1 * log_e - controller->beta2 * controller->previous);
  q             = q / UDE_STEP_SAFETY;
  q             = q > UDE_STEP_SHRINK ? UDE_STEP_SHRINK : q;
  q             = q < 1 / growth ? 1 / growth : q;
  controller->previous = log_e > UDE_STEP_LEAST_PREVIOUS ? log_e : UDE_STEP_LEAST_PREVIOUS;
  controller->rejected = false;
  return h / q;
}

static inline double ude_step_reject(ude_controller *controller, double error, double h) {
  controller->rejected = true;
  if (!isfinite(error)) {
    return h / UDE_STEP_SHRINK;
  }
  double q = pow(error, controller->beta1) / UDE_STEP_SAFETY;
  return h / (q > UDE_STEP_SHRINK ? UDE_STEP_SHRINK : q);
}

/** Steps of an explicit method near the border of stability, in a row or nearly: the count after one that reaches `reach` of the way to
 *  it. At UDE_AUTO_PATIENCE the implicit method takes over. */
#define UDE_AUTO_PATIENCE 10
/** Steps between products with the Jacobian while an explicit method runs. */
#define UDE_AUTO_PROBE_EVERY 8
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
