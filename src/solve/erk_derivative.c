/* Tangent and transpose of the stages of an explicit Runge-Kutta step.
 *
 * With y_i = u + h sum_{j<i} a_ij k_j, t_i = t + c_i h and k_i = f(y_i, p, t_i):
 *   tangent     y'_i = u' + h sum_{j<i} a_ij k'_j + h' (y_i - u)/h
 *               k'_i = f_u y'_i + f_p p' + f_t (t' + c_i h')
 *   transpose   ybar_i = f_u(y_i)^T kbar_i,  kbar_j += h a_ij ybar_i for j < i,  ubar += ybar_i,
 *               pbar += f_p(y_i)^T kbar_i,  tbar += tbar_i := f_t^T kbar_i,
 *               hbar += ybar_i . (y_i - u)/h + c_i tbar_i, from the last stage to the first. */
#include <string.h>

#include "solve/erk.h"

/* point_dot += h' (point - u)/h, and the time of the stage. */
static void move_time(int64_t n, int64_t width, const double *u, const double *point, double h,
                      double c, const double *t_dot, const double *h_dot, double *point_dot,
                      double *stage_t_dot) {
  for (int64_t w = 0; w < width; w++) {
    stage_t_dot[w] = (t_dot ? t_dot[w] : 0) + (h_dot ? c * h_dot[w] : 0);
  }
  for (int64_t l = 0; h_dot && l < n; l++) {
    double slope = (point[l] - u[l]) / h;
    for (int64_t w = 0; w < width; w++) {
      point_dot[l * width + w] += slope * h_dot[w];
    }
  }
}

int ude_erk_stages_tangent(const ude_erk_tableau *tableau, const ude_vector_field *field, double t,
                           double h, const double *u, const double *u_dot, const double *p,
                           const double *p_dot, const double *t_dot, const double *h_dot,
                           int64_t width, int first, int last, double *k, double *k_dot,
                           double *work) {
  int64_t    n           = field->state.count;
  double    *point       = work;
  double    *point_dot   = work + n;
  double    *stage_t_dot = t_dot || h_dot ? point_dot + n * width : NULL;
  ude_jvp_fn jvp         = width == 1 && field->rhs.jvp ? field->rhs.jvp : field->rhs.jvp_wide;
  int        code        = 0;
  for (int i = first; i < last && code == 0; i++) {
    const double *row = ude_erk_row(tableau, i);
    ude_erk_combine(n, u, h, row, i, k, point);
    ude_erk_combine(n * width, u_dot, h, row, i, k_dot, point_dot);
    if (stage_t_dot) {
      move_time(n, width, u, point, h, tableau->c[i], t_dot, h_dot, point_dot, stage_t_dot);
    }
    code = jvp(k + i * n, k_dot + i * n * width, point, point_dot, p, p_dot, t + tableau->c[i] * h,
               stage_t_dot, field->rhs.context);
  }
  return code;
}

static bool all_zero(int64_t n, const double *x) {
  for (int64_t l = 0; l < n; l++) {
    if (x[l] != 0) {
      return false;
    }
  }
  return true;
}

enum { MOST_STAGES = 64 };

/* A stage's cotangent gives way to ybar of the stage once that is known, so that each later sum over stages
 * reads them in one pass. */
int ude_erk_stages_transpose(const ude_erk_tableau *tableau, const ude_vector_field *field,
                             double t, double h, const double *u, const double *p, int last,
                             const double *k, double *k_bar, double *u_bar, double *p_bar,
                             double *t_bar, double *h_bar, double *work) {
  int64_t n         = field->state.count;
  double *point     = work;
  double *point_bar = work + n;
  double  weights[MOST_STAGES];
  for (int i = last - 1; i >= 0; i--) {
    double *bar   = k_bar + i * n;
    int     later = last - 1 - i;
    for (int j = 0; j < later; j++) {
      weights[j] = ude_erk_row(tableau, i + 1 + j)[i];
    }
    ude_erk_combine(n, bar, h, weights, later, bar + n, bar);
    if (all_zero(n, bar)) {
      continue;
    }
    ude_erk_combine(n, u, h, ude_erk_row(tableau, i), i, k, point);
    memset(point_bar, 0, (size_t)n * sizeof *point_bar);
    double stage_t_bar = 0;
    int    code        = field->rhs.vjp(point, p, t + tableau->c[i] * h, bar, point_bar, p_bar,
                              t_bar || h_bar ? &stage_t_bar : NULL, field->rhs.context);
    if (code) {
      return code;
    }
    if (t_bar) {
      *t_bar += stage_t_bar;
    }
    if (h_bar) {
      *h_bar += tableau->c[i] * stage_t_bar;
      for (int64_t l = 0; l < n; l++) {
        *h_bar += point_bar[l] * (point[l] - u[l]) / h;
      }
    }
    memcpy(bar, point_bar, (size_t)n * sizeof *bar);
  }
  for (int i = 0; i < last; i++) {
    weights[i] = 1;
  }
  ude_erk_combine(n, u_bar, 1, weights, last, k_bar, u_bar);
  return 0;
}
