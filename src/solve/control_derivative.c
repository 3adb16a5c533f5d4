/* Derivatives of the error norm. With r_l = e_l / s_l and s_l = atol_l + rtol max(|u_l|, |u_new_l|),
 *      E = sqrt(sum r_l^2 / n),   E' = sum r_l (e_l' - r_l s_l') / (s_l n E),
 * and zero where E is: the norm has no derivative there, and its minimum. */
#include <math.h>
#include <string.h>

#include "solve/control.h"

/** What a component contributes: r_l / s_l and whether u_new (else u) sets the scale, and its sign times rtol r_l. */
typedef struct part {
  double by_error; /**< r_l / s_l */
  double by_state; /**< - r_l^2 / s_l times the slope of the scale */
  bool   end;      /**< that state is u_new */
} part;

static part part_of(double e, double u, double u_new, double rtol, double atol) {
  bool   end   = fabs(u_new) >= fabs(u);
  double state = end ? u_new : u;
  double scale = atol + rtol * fabs(state);
  double ratio = e / scale;
  double slope = state > 0 ? rtol : state < 0 ? -rtol : 0;
  return (part){ratio / scale, -ratio * ratio / scale * slope, end};
}

double ude_error_norm_tangent(int64_t n, const double *e, const double *e_dot, const double *u,
                              const double *u_dot, const double *u_new, const double *u_new_dot,
                              double rtol, const double *atol, int64_t width, double *norm_dot) {
  double norm = ude_error_norm(n, e, u, u_new, rtol, atol);
  memset(norm_dot, 0, (size_t)width * sizeof *norm_dot);
  if (!(norm > 0)) {
    return norm;
  }
  double factor = 1 / ((double)n * norm);
  for (int64_t l = 0; l < n; l++) {
    part          at    = part_of(e[l], u[l], u_new[l], rtol, atol[l]);
    const double *state = at.end ? u_new_dot : u_dot;
    for (int64_t w = 0; w < width; w++) {
      double sum = e_dot ? at.by_error * e_dot[l * width + w] : 0;
      sum += state ? at.by_state * state[l * width + w] : 0;
      norm_dot[w] += factor * sum;
    }
  }
  return norm;
}

double ude_error_norm_transpose(int64_t n, const double *e, const double *u, const double *u_new,
                                double rtol, const double *atol, double norm_bar, double *e_bar,
                                double *u_bar, double *u_new_bar) {
  double norm = ude_error_norm(n, e, u, u_new, rtol, atol);
  if (!(norm > 0)) {
    return norm;
  }
  double factor = norm_bar / ((double)n * norm);
  for (int64_t l = 0; l < n; l++) {
    part at = part_of(e[l], u[l], u_new[l], rtol, atol[l]);
    e_bar[l] += factor * at.by_error;
    *(at.end ? &u_new_bar[l] : &u_bar[l]) += factor * at.by_state;
  }
  return norm;
}
