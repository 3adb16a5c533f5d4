/* The error estimate of a replayed ESDIRK step, e = (alpha M - J(t, u))^-1 alpha sum btilde_i z_i, and its derivatives. The step that was
 * taken may have used an older Jacobian to damp it, which changes it by little. */
#include <string.h>

#include "solve/erk.h"
#include "solve/sdirk.h"
#include "solve/second.h"

static int damp(ude_sdirk *s, double t, double alpha, const double *u, const double *p) {
  int code           = ude_stiff_linearise(&s->stiff, t, u, p, false);
  code               = code ? code : ude_stiff_factor(&s->stiff, alpha) ? UDE_STEP_NOT_SOLVED : 0;
  s->stiff.evaluated = false; /* a step that follows starts from its own Jacobian */
  return code;
}

static int value(ude_sdirk *s, double alpha, double *error) {
  ude_erk_combine(s->stiff.n, NULL, alpha, s->tableau->btilde, s->tableau->stages, s->z, error);
  return ude_stiff_solve(&s->stiff, 1, false, error) ? UDE_STEP_NOT_SOLVED : 0;
}

int ude_sdirk_error(ude_sdirk *s, double t, double h, const double *u, const double *p,
                    double *error) {
  double  alpha = 1 / (s->tableau->gamma * h);
  int64_t n     = s->stiff.n;
  int     code  = damp(s, t, alpha, u, p);
  ude_erk_combine(n, NULL, alpha, s->tableau->btilde, s->tableau->stages, s->z, error);
  for (int j = 0; s->w && j < s->tableau->stages; j++) {
    for (int64_t l = 0; l < n; l++) {
      error[l] += alpha * s->tableau->btilde[j] * ude_stiff_mass(&s->stiff, l) * s->w[j * n + l];
    }
  }
  return code ? code : ude_stiff_solve(&s->stiff, 1, false, error) ? UDE_STEP_NOT_SOLVED : 0;
}

int ude_sdirk_error_tangent(ude_sdirk *s, double t, double h, const double *u, const double *u_dot,
                            const double *p, const double *p_dot, int64_t width,
                            const double *z_dot, double *error_dot, double *work) {
  double  alpha = 1 / (s->tableau->gamma * h);
  int64_t n     = s->stiff.n;
  int     code  = damp(s, t, alpha, u, p);
  code          = code ? code : value(s, alpha, work);
  ude_erk_combine(n * width, NULL, alpha, s->tableau->btilde, s->tableau->stages, z_dot, error_dot);
  return code ? code
              : ude_damped_tangent(&s->stiff, t, u, u_dot, p, p_dot, width, work, error_dot,
                                   work + n);
}

int ude_sdirk_error_transpose(ude_sdirk *s, double t, double h, const double *u, const double *p,
                              const double *error_bar, double *z_bar, double *u_bar, double *p_bar,
                              double *work) {
  double  alpha = 1 / (s->tableau->gamma * h);
  int64_t n     = s->stiff.n;
  double *error = work;
  double *bar   = work + n;
  int     code  = damp(s, t, alpha, u, p);
  code          = code ? code : value(s, alpha, error);
  memcpy(bar, error_bar, (size_t)n * sizeof *bar);
  code = code ? code : ude_damped_transpose(&s->stiff, t, u, p, error, bar, u_bar, p_bar);
  for (int i = 0; i < s->tableau->stages && code == 0; i++) {
    for (int64_t l = 0; l < n; l++) {
      z_bar[i * n + l] += alpha * s->tableau->btilde[i] * bar[l];
    }
  }
  return code;
}
