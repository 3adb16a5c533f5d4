/* Explicit Runge-Kutta: stages and dense output. */
#include <string.h>

#include "solve/erk.h"

int ude_erk_dense_weights(const ude_erk_tableau *tableau, double theta, double *weights) {
  int degree = tableau->dense_degree;
  if (theta >= 1) {
    memcpy(weights, tableau->b, (size_t)tableau->stages * sizeof *weights);
    return tableau->stages;
  }
  for (int i = 0; i < tableau->dense_stages; i++) {
    const double *r   = tableau->r + (ptrdiff_t)i * degree;
    double        sum = r[degree - 1];
    for (int m = degree - 2; m >= 0; m--) {
      sum = sum * theta + r[m];
    }
    weights[i] = sum * theta;
  }
  return tableau->dense_stages;
}

void ude_erk_dense_slopes(const ude_erk_tableau *tableau, double theta, double *weights) {
  int degree = tableau->dense_degree;
  for (int i = 0; i < tableau->dense_stages; i++) {
    const double *r   = tableau->r + (ptrdiff_t)i * degree;
    double        sum = 0;
    for (int m = degree - 1; m >= 0; m--) {
      sum = sum * theta + (m + 1) * r[m];
    }
    weights[i] = sum;
  }
}

int ude_erk_stages(const ude_erk_tableau *tableau, const ude_vector_field *field, double t,
                   double h, const double *u, const double *p, int first, int last, double *k,
                   double *work) {
  int64_t n    = field->state.count;
  int     code = 0;
  for (int i = first; i < last && code == 0; i++) {
    const double *point = u;
    if (i > 0) {
      ude_erk_combine(n, u, h, ude_erk_row(tableau, i), i, k, work);
      point = work;
    }
    code = field->rhs.value(k + i * n, point, p, t + tableau->c[i] * h, field->rhs.context);
  }
  return code;
}
