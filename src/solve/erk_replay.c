/* A recorded step of an explicit Runge-Kutta pair again, its tangents and its transpose (method.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/erk.h"

ude_status ude_erk_reserve(void *work, int64_t width, ude_error *error) {
  ude_erk *s      = work;
  size_t   n      = (size_t)s->n;
  size_t   stages = (size_t)s->tableau->dense_stages;
  if (width == 0 && !s->u_bar) {
    s->k_bar    = s->k_bar ? s->k_bar : ude_calloc(stages, n * sizeof *s->k_bar);
    s->work_bar = s->work_bar ? s->work_bar : ude_calloc(2 * n, sizeof *s->work_bar);
    bool low    = s->tableau->btilde_low != NULL;
    s->low_bar  = !low || s->low_bar ? s->low_bar : ude_calloc(3 * n, sizeof *s->low_bar);
    s->low      = !low || s->low ? s->low : ude_calloc(n, sizeof *s->low);
    bool all    = s->k_bar && s->work_bar && (!low || (s->low && s->low_bar));
    s->u_bar    = all ? ude_calloc(n, sizeof *s->u_bar) : NULL;
    return s->u_bar ? UDE_OK : ude_fail_memory(error, "the transpose of a step");
  }
  if (width != 0 && width != s->width) {
    size_t w     = (size_t)width;
    s->width     = 0;
    double *more = ude_realloc(s->k_dot, stages, n * w * sizeof *more);
    s->k_dot     = more ? more : s->k_dot;
    double *rest = more ? ude_realloc(s->work_dot, n * (1 + w) + w, sizeof *rest) : NULL;
    s->work_dot  = rest ? rest : s->work_dot;
    if (rest && s->tableau->btilde_low) {
      s->low      = s->low ? s->low : ude_calloc(n, sizeof *s->low);
      double *low = s->low ? ude_realloc(s->low_dot, n * w, sizeof *low) : NULL;
      s->low_dot  = low ? low : s->low_dot;
      rest        = low ? rest : NULL;
    }
    if (!rest) {
      return ude_fail_memory(error, "the tangents of a step");
    }
    s->width = width;
  }
  return UDE_OK;
}

/* Stages up to `needed` and, beside tangents, theirs. */
static int need(ude_erk *s, ude_step *step, int needed) {
  int first = s->ready;
  if (needed <= first) {
    return 0;
  }
  step->stats->rhs_calls += needed - first;
  int code = ude_erk_stages(s->tableau, s->field, step->t, step->h, step->u, step->p, first, needed,
                            s->k, s->point);
  s->ready = code ? first : needed;
  return code;
}

static int need_dot(ude_erk *s, ude_step *step, const ude_tangent *tangent, int needed) {
  int first = s->ready_dot;
  if (needed <= first) {
    return 0;
  }
  step->stats->rhs_calls += needed - first;
  int code = ude_erk_stages_tangent(s->tableau, s->field, step->t, step->h, step->u, tangent->u_dot,
                                    step->p, tangent->p_dot, tangent->t_dot, tangent->h_dot,
                                    s->width, first, needed, s->k, s->k_dot, s->work_dot);
  s->ready_dot = code ? first : needed;
  s->ready     = s->ready > s->ready_dot ? s->ready : s->ready_dot;
  return code;
}

/* Stages that the new state is made of: not the derivative at it. */
static int own_stages(const ude_erk *s) {
  return s->tableau->fsal ? s->tableau->stages - 1 : s->tableau->stages;
}

/* Stages that error and stiffness estimate are made of. */
static int estimate_stages(const ude_erk *s, bool stiffness) {
  const int *pair = s->tableau->pair;
  int        most = (pair[0] > pair[1] ? pair[0] : pair[1]) + 1;
  return stiffness && most > s->tableau->stages ? most : s->tableau->stages;
}

/* From the stages that are there. */
static void results(ude_erk *s, ude_step *step) {
  const ude_erk_tableau *tableau = s->tableau;
  ude_erk_combine(s->n, step->u, step->h, tableau->b, own_stages(s), s->k, step->u_new);
  if (step->error && tableau->btilde) {
    ude_erk_combine(s->n, NULL, step->h, tableau->btilde, tableau->stages, s->k, step->error);
    if (tableau->btilde_low) {
      ude_erk_two_estimates(s, step);
    }
  }
}

int ude_erk_replay(void *work, ude_step *step) {
  ude_erk *s   = work;
  s->ready     = 0;
  s->ready_dot = 0;
  if (step->tangents) {
    return 0;
  }
  int code = need(s, step,
                  s->watched    ? estimate_stages(s, true)
                  : step->error ? s->tableau->stages
                                : own_stages(s));
  if (code == 0) {
    results(s, step);
  }
  return code;
}

/* -------------------------------------------------------------------------------- tangents -- */

/* out += h' (value - u)/h, or h' value/h without u. */
static void scale_time(const ude_erk *s, const ude_tangent *tangent, double h, const double *value,
                       const double *u, double *out) {
  for (int64_t l = 0; tangent->h_dot && l < s->n; l++) {
    double slope = (value[l] - (u ? u[l] : 0)) / h;
    for (int64_t w = 0; w < s->width; w++) {
      out[l * s->width + w] += slope * tangent->h_dot[w];
    }
  }
}

/* With x = k_a - k_b and y = sum_j (a_aj - a_bj) k_j, rho = |x| / (|h| |y|):
 * rho' = rho (x.x'/|x|^2 - y.y'/|y|^2 - h'/h). */
static void stiffness_tangent(ude_erk *s, ude_step *step, const ude_tangent *tangent) {
  int           a     = s->tableau->pair[0];
  int           b     = s->tableau->pair[1];
  int           most  = a > b ? a : b;
  const double *row_a = ude_erk_row(s->tableau, a);
  const double *row_b = ude_erk_row(s->tableau, b);
  double        rho   = ude_erk_stiffness(s, step);
  double        above = 0;
  double        below = 0;
  double       *along =
      s->work_dot; /* [2][width] fits: it holds n (1 + width) + width, and n = 0 has no rho */
  for (int64_t w = 0; w < s->width; w++) {
    tangent->stiffness_dot[w] = isnan(rho) ? (double)NAN : 0;
  }
  if (!(rho > 0)) {
    return;
  }
  for (int64_t w = 0; w < 2 * s->width; w++) {
    along[w] = 0;
  }
  for (int64_t l = 0; l < s->n; l++) {
    double x = s->k[a * s->n + l] - s->k[b * s->n + l];
    double y = 0;
    for (int j = 0; j < most; j++) {
      y += (row_a[j] - row_b[j]) * s->k[j * s->n + l];
    }
    above += x * x;
    below += y * y;
    for (int64_t w = 0; w < s->width; w++) {
      const double *k_dot = s->k_dot + l * s->width + w;
      double        y_dot = 0;
      for (int j = 0; j < most; j++) {
        y_dot += (row_a[j] - row_b[j]) * k_dot[j * s->n * s->width];
      }
      along[w] += x * (k_dot[a * s->n * s->width] - k_dot[b * s->n * s->width]);
      along[s->width + w] += y * y_dot;
    }
  }
  for (int64_t w = 0; w < s->width; w++) {
    double h_dot              = tangent->h_dot ? tangent->h_dot[w] / step->h : 0;
    tangent->stiffness_dot[w] = rho * (along[w] / above - along[s->width + w] / below - h_dot);
  }
}

int ude_erk_tangent(void *work, ude_step *step, const ude_tangent *tangent) {
  ude_erk *s     = work;
  int64_t  block = s->n * s->width;
  int      own   = own_stages(s);
  bool     all   = step->error || tangent->error_dot || tangent->stiffness_dot;
  int      code =
      need_dot(s, step, tangent, all ? estimate_stages(s, tangent->stiffness_dot != NULL) : own);
  if (code) {
    return code;
  }
  results(s, step);
  if (tangent->error_dot && s->tableau->btilde) {
    ude_erk_combine(block, NULL, step->h, s->tableau->btilde, s->tableau->stages, s->k_dot,
                    tangent->error_dot);
    ude_erk_combine(s->n, NULL, step->h, s->tableau->btilde, s->tableau->stages, s->k, s->point);
    scale_time(s, tangent, step->h, s->point, NULL, tangent->error_dot);
  }
  if (tangent->stiffness_dot) {
    stiffness_tangent(s, step, tangent);
  }
  ude_erk_combine(block, tangent->u_dot, step->h, s->tableau->b, own, s->k_dot, tangent->u_new_dot);
  scale_time(s, tangent, step->h, step->u_new, step->u, tangent->u_new_dot);
  if (tangent->norm_dot && tangent->error_dot && s->tableau->btilde_low) {
    const double *low = s->tableau->btilde_low;
    ude_erk_combine(block, NULL, step->h, low, s->tableau->stages, s->k_dot, s->low_dot);
    ude_erk_combine(s->n, NULL, step->h, low, s->tableau->stages, s->k, s->low);
    scale_time(s, tangent, step->h, s->low, NULL, s->low_dot);
    ude_erk_norm_tangent(s, step, tangent);
  }
  return 0;
}

int ude_erk_tangent_dense(void *work, ude_step *step, const ude_tangent *tangent, double theta,
                          const double *theta_dot, double *out_dot) {
  ude_erk *s      = work;
  int      needed = ude_erk_dense_weights(s->tableau, theta, s->weights);
  int      code   = need_dot(s, step, tangent, needed);
  if (code) {
    return code;
  }
  ude_erk_combine(s->n * s->width, tangent->u_dot, step->h, s->weights, needed, s->k_dot, out_dot);
  if (tangent->h_dot) {
    ude_erk_combine(s->n, NULL, step->h, s->weights, needed, s->k, s->point);
    scale_time(s, tangent, step->h, s->point, NULL, out_dot);
  }
  if (theta_dot) {
    ude_erk_dense_slopes(s->tableau, theta, s->weights);
    ude_erk_combine(s->n, NULL, step->h, s->weights, needed, s->k, s->point);
    for (int64_t l = 0; l < s->n; l++) {
      for (int64_t w = 0; w < s->width; w++) {
        out_dot[l * s->width + w] += s->point[l] * theta_dot[w];
      }
    }
  }
  return 0;
}

/* ------------------------------------------------------------------------------ transposes -- */

void ude_erk_transpose_begin(void *work, bool times) {
  ude_erk *s = work;
  s->times   = times;
  memset(s->k_bar, 0, (size_t)(s->tableau->dense_stages * s->n) * sizeof *s->k_bar);
  memset(s->u_bar, 0, (size_t)s->n * sizeof *s->u_bar);
  s->h_bar = 0;
}

static double dot(int64_t n, const double *x, const double *y) {
  double sum = 0;
  for (int64_t l = 0; l < n; l++) {
    sum += x[l] * y[l];
  }
  return sum;
}

/* Cotangents of h sum_i weights_i k_i. */
void ude_erk_spread(ude_erk *s, double h, const double *weights, int count, const double *bar) {
  for (int i = 0; i < count; i++) {
    double w = h * weights[i];
    for (int64_t l = 0; w != 0 && l < s->n; l++) {
      s->k_bar[i * s->n + l] += w * bar[l];
    }
  }
  if (s->times) {
    ude_erk_combine(s->n, NULL, 1, weights, count, s->k, s->point);
    s->h_bar += dot(s->n, s->point, bar);
  }
}

int ude_erk_transpose_dense(void *work, ude_step *step, double theta, const double *out_bar,
                            double *theta_bar) {
  ude_erk *s      = work;
  int      needed = ude_erk_dense_weights(s->tableau, theta, s->weights);
  int      code   = need(s, step, needed);
  if (code) {
    return code;
  }
  ude_erk_spread(s, step->h, s->weights, needed, out_bar);
  for (int64_t l = 0; l < s->n; l++) {
    s->u_bar[l] += out_bar[l];
  }
  if (theta_bar) {
    ude_erk_dense_slopes(s->tableau, theta, s->weights);
    ude_erk_combine(s->n, NULL, step->h, s->weights, needed, s->k, s->point);
    *theta_bar += dot(s->n, s->point, out_bar);
  }
  return 0;
}

/* Transpose of stiffness_tangent, one component of the stages at a time. */
static void stiffness_transpose(ude_erk *s, const ude_step *step, double bar) {
  int           a     = s->tableau->pair[0];
  int           b     = s->tableau->pair[1];
  int           most  = a > b ? a : b;
  const double *row_a = ude_erk_row(s->tableau, a);
  const double *row_b = ude_erk_row(s->tableau, b);
  double        rho   = ude_erk_stiffness(s, step);
  double        above = 0;
  double        below = 0;
  if (!(rho > 0)) {
    return;
  }
  double *x = s->work_bar;
  double *y = s->work_bar + s->n;
  for (int64_t l = 0; l < s->n; l++) {
    x[l] = s->k[a * s->n + l] - s->k[b * s->n + l];
    y[l] = 0;
    for (int j = 0; j < most; j++) {
      y[l] += (row_a[j] - row_b[j]) * s->k[j * s->n + l];
    }
    above += x[l] * x[l];
    below += y[l] * y[l];
  }
  for (int64_t l = 0; l < s->n; l++) {
    double x_bar = bar * rho * x[l] / above;
    double y_bar = -bar * rho * y[l] / below;
    s->k_bar[a * s->n + l] += x_bar;
    s->k_bar[b * s->n + l] -= x_bar;
    for (int j = 0; j < most; j++) {
      s->k_bar[j * s->n + l] += (row_a[j] - row_b[j]) * y_bar;
    }
  }
  s->h_bar -= bar * rho / step->h;
}

int ude_erk_transpose(void *work, ude_step *step, const ude_cotangent *cotangent) {
  ude_erk *s   = work;
  bool     all = (cotangent->error_bar && s->tableau->btilde) || cotangent->stiffness_bar != 0 ||
             cotangent->norm_bar != 0;
  if (all) {
    int code = need(s, step, estimate_stages(s, cotangent->stiffness_bar != 0));
    if (code) {
      return code;
    }
  }
  ude_erk_spread(s, step->h, s->tableau->b, own_stages(s), cotangent->u_new_bar);
  if (cotangent->error_bar && s->tableau->btilde) {
    ude_erk_spread(s, step->h, s->tableau->btilde, s->tableau->stages, cotangent->error_bar);
  }
  if (cotangent->norm_bar != 0 && s->tableau->btilde_low) {
    ude_erk_norm_transpose(s, step, cotangent->norm_bar);
  }
  if (cotangent->stiffness_bar != 0) {
    stiffness_transpose(s, step, cotangent->stiffness_bar);
  }
  for (int64_t l = 0; l < s->n; l++) {
    cotangent->u_bar[l] = cotangent->u_new_bar[l] + s->u_bar[l];
  }
  if (cotangent->h_bar) {
    *cotangent->h_bar += s->h_bar;
  }
  return ude_erk_stages_transpose(s->tableau, s->field, step->t, step->h, step->u, step->p,
                                  s->ready, s->k, s->k_bar, cotangent->u_bar, cotangent->p_bar,
                                  cotangent->t_bar, cotangent->h_bar, s->work_bar);
}
