/* Derivatives of what an explicit pair estimates: which of them there are, and the norm of two error estimates. */
#include <math.h>
#include <string.h>

#include "solve/control.h"
#include "solve/erk.h"

ude_status ude_erk_estimates(void *work, bool error_estimate, bool stiffness_estimate,
                             ude_error *error) {
  ude_erk               *s       = work;
  const ude_erk_tableau *tableau = s->tableau;
  if (error_estimate && !tableau->btilde) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "'%s' takes steps of a fixed size and estimates no errors: choose another "
                    "method, as tsit5",
                    tableau->name);
  }
  if (stiffness_estimate && tableau->pair[0] == tableau->pair[1]) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "'%s' has no estimate of stiffness (no two stages at the same time): choose "
                    "another method, as tsit5",
                    tableau->name);
  }
  s->watched = stiffness_estimate;
  return UDE_OK;
}

/* E = H^2 / R with R = sqrt(H^2 + L^2 / 100), H and L the norms of the estimates of order 5 and 3 (ude_erk_two_estimates):
 * dE/dH = (2 - H^2/R^2) H/R, dE/dL = - H^2/R^2 L/(100 R). */
static void slopes(double high, double low, double *by_high, double *by_low) {
  double root = sqrt(high * high + 0.01 * low * low);
  if (!(root > 0)) {
    *by_high = *by_low = 0;
    return;
  }
  double ratio = high / root;
  *by_high     = ratio * (2 - ratio * ratio);
  *by_low      = -ratio * ratio * 0.01 * low / root;
}

void ude_erk_norm_tangent(ude_erk *s, const ude_step *step, const ude_tangent *tangent) {
  double *low_norm_dot = s->work_dot; /* [width], free after the stages */
  double  by_high      = 0;
  double  by_low       = 0;
  double  low =
      ude_error_norm_tangent(s->n, s->low, s->low_dot, step->u, tangent->u_dot, step->u_new,
                             tangent->u_new_dot, s->rtol, s->atol, s->width, low_norm_dot);
  double high = ude_error_norm_tangent(s->n, step->error, tangent->error_dot, step->u,
                                       tangent->u_dot, step->u_new, tangent->u_new_dot, s->rtol,
                                       s->atol, s->width, tangent->norm_dot);
  slopes(high, low, &by_high, &by_low);
  for (int64_t w = 0; w < s->width; w++) {
    tangent->norm_dot[w] = by_high * tangent->norm_dot[w] + by_low * low_norm_dot[w];
  }
}

void ude_erk_norm_transpose(ude_erk *s, const ude_step *step, double norm_bar) {
  const ude_erk_tableau *tableau = s->tableau;
  int64_t                n       = s->n;
  double                *e_bar   = s->low_bar;
  double                *u_bar   = e_bar + n;
  double                *end_bar = u_bar + n;
  double                 by_high = 0;
  double                 by_low  = 0;
  int                    own     = tableau->fsal ? tableau->stages - 1 : tableau->stages;
  for (int pass = 0; pass < 2; pass++) {
    const double *weights = pass ? tableau->btilde_low : tableau->btilde;
    ude_erk_combine(n, NULL, step->h, weights, tableau->stages, s->k, s->low);
    double norm = ude_error_norm(n, s->low, step->u, step->u_new, s->rtol, s->atol);
    *(pass ? &by_low : &by_high) = norm;
  }
  slopes(by_high, by_low, &by_high, &by_low);
  for (int pass = 0; pass < 2; pass++) {
    const double *weights = pass ? tableau->btilde_low : tableau->btilde;
    memset(s->low_bar, 0, (size_t)(3 * n) * sizeof *s->low_bar);
    ude_erk_combine(n, NULL, step->h, weights, tableau->stages, s->k, s->low);
    ude_error_norm_transpose(n, s->low, step->u, step->u_new, s->rtol, s->atol,
                             norm_bar * (pass ? by_low : by_high), e_bar, u_bar, end_bar);
    ude_erk_spread(s, step->h, weights, tableau->stages, e_bar);
    ude_erk_spread(s, step->h, tableau->b, own, end_bar);
    for (int64_t l = 0; l < n; l++) {
      s->u_bar[l] += u_bar[l] + end_bar[l];
    }
  }
}
