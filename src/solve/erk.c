/* Explicit Runge-Kutta: step kernel, its tangent and its transpose. */
#include <string.h>

#include "solve/method.h"

int ude_erk_dense_weights(const ude_erk_tableau *tableau, double theta, double *weights) {
  int degree = tableau->dense_degree;
  if (theta >= 1) {
    memcpy(weights, tableau->b, (size_t)tableau->stages * sizeof *weights);
    return tableau->stages;
  }
  for (int i = 0; i < tableau->dense_stages; i++) {
    const double *r   = tableau->r + (size_t)i * (size_t)degree;
    double        sum = r[degree - 1];
    for (int m = degree - 2; m >= 0; m--) {
      sum = sum * theta + r[m];
    }
    weights[i] = sum * theta;
  }
  return tableau->dense_stages;
}

/* Blocks keep the running sum in registers and first-level cache while the stages stream by once. */
enum { BLOCK = 256 };

void ude_erk_combine(int64_t n, const double *u, double h, const double *weights, int count,
                     const double *k, double *out) {
  for (int64_t first = 0; first < n; first += BLOCK) {
    int64_t length = n - first < BLOCK ? n - first : BLOCK;
    double  sum[BLOCK];
    for (int64_t l = 0; l < length; l++) {
      sum[l] = 0;
    }
    for (int i = 0; i < count; i++) {
      double        w = weights[i];
      const double *restrict stage = k + (int64_t)i * n + first;
      if (w != 0) {
        for (int64_t l = 0; l < length; l++) {
          sum[l] += w * stage[l];
        }
      }
    }
    for (int64_t l = 0; l < length; l++) {
      out[first + l] = u[first + l] + h * sum[l];
    }
  }
}

int ude_erk_stages(const ude_erk_tableau *tableau, const ude_vector_field *field, double t, double h,
                   const double *u, const double *p, int first, int last, double *k, double *work) {
  int64_t n    = field->state.count;
  int     code = 0;
  for (int i = first; i < last && code == 0; i++) {
    const double *row   = tableau->a + (size_t)i * (size_t)tableau->dense_stages;
    const double *point = u;
    if (i > 0) {
      ude_erk_combine(n, u, h, row, i, k, work);
      point = work;
    }
    code = field->rhs.value(k + (int64_t)i * n, point, p, t + tableau->c[i] * h, field->rhs.context);
  }
  return code;
}

int ude_erk_stages_tangent(const ude_erk_tableau *tableau, const ude_vector_field *field, double t,
                           double h, const double *u, const double *u_dot, const double *p,
                           const double *p_dot, int64_t width, int first, int last, double *k,
                           double *k_dot, double *work) {
  int64_t    n         = field->state.count;
  double    *point     = work;
  double    *point_dot = work + n;
  ude_jvp_fn jvp       = width == 1 && field->rhs.jvp ? field->rhs.jvp : field->rhs.jvp_wide;
  int        code      = 0;
  for (int i = first; i < last && code == 0; i++) {
    const double *row = tableau->a + (size_t)i * (size_t)tableau->dense_stages;
    ude_erk_combine(n, u, h, row, i, k, point);
    ude_erk_combine(n * width, u_dot, h, row, i, k_dot, point_dot);
    code = jvp(k + (int64_t)i * n, k_dot + (int64_t)i * n * width, point, point_dot, p, p_dot,
               t + tableau->c[i] * h, NULL, field->rhs.context);
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

int ude_erk_stages_transpose(const ude_erk_tableau *tableau, const ude_vector_field *field, double t,
                             double h, const double *u, const double *p, int last, const double *k,
                             double *k_bar, double *u_bar, double *p_bar, double *work) {
  int64_t n         = field->state.count;
  double *point     = work;
  double *point_bar = work + n;
  for (int i = last - 1; i >= 0; i--) {
    const double *row = tableau->a + (size_t)i * (size_t)tableau->dense_stages;
    if (all_zero(n, k_bar + (int64_t)i * n)) {
      continue;
    }
    ude_erk_combine(n, u, h, row, i, k, point);
    memset(point_bar, 0, (size_t)n * sizeof *point_bar);
    int code = field->rhs.vjp(point, p, t + tableau->c[i] * h, k_bar + (int64_t)i * n, point_bar,
                              p_bar, NULL, field->rhs.context);
    if (code) {
      return code;
    }
    for (int64_t l = 0; l < n; l++) {
      u_bar[l] += point_bar[l];
    }
    for (int j = 0; j < i; j++) {
      double w = h * row[j];
      double *restrict earlier = k_bar + (int64_t)j * n;
      if (w != 0) {
        for (int64_t l = 0; l < n; l++) {
          earlier[l] += w * point_bar[l];
        }
      }
    }
  }
  return 0;
}
