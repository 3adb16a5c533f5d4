/* The dominant eigenvalue of M^-1 J at a point, and its derivative. With D = M^-1 (0 in the rows of zero mass):
 *      w_k = D J v_{k-1},  s_k = |w_k|,  v_k = w_k / s_k,  S = s_K.
 * Backwards each product contributes the gradient of y . J v, which is a Hessian-vector product along v. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/second.h"

void ude_radius_close(ude_radius *radius) {
  free(radius->v);
  free(radius->y);
  free(radius->bar);
  free(radius->by_u);
  free(radius->by_p);
  *radius = (ude_radius){0};
}

ude_status ude_radius_open(ude_radius *radius, const ude_vector_field *field, ude_error *error) {
  const ude_map *map = &field->rhs;
  *radius            = (ude_radius){
                 .map = map, .mass = field->mass, .n = field->state.count, .np = field->param.count};
  if (!map->jvp || !map->vjp || !map->hvp) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "the derivative of an implicit method's estimate of stiffness needs rhs.%s, "
                    "which the model lacks; choose an explicit method",
                    !map->jvp   ? "jvp"
                    : !map->vjp ? "vjp"
                                : "hvp");
  }
  size_t n     = (size_t)radius->n;
  radius->v    = ude_calloc(n, (UDE_RADIUS_STEPS + 1) * sizeof(double));
  radius->y    = ude_calloc(n, sizeof(double));
  radius->bar  = ude_calloc(n, sizeof(double));
  radius->by_u = ude_calloc(n, sizeof(double));
  radius->by_p = ude_calloc((size_t)radius->np, sizeof(double));
  if (!radius->v || !radius->y || !radius->bar || !radius->by_u || !radius->by_p) {
    ude_radius_close(radius);
    return ude_fail_memory(error, "the estimate of stiffness");
  }
  return UDE_OK;
}

static double inverse_mass(const ude_radius *r, int64_t l) {
  return !r->mass ? 1 : r->mass[l] != 0 ? 1 / r->mass[l] : 0;
}

/* Scale x to norm one; returns the norm it had. */
static double normalise(int64_t n, double *x) {
  double sum = 0;
  for (int64_t l = 0; l < n; l++) {
    sum += x[l] * x[l];
  }
  double size = sqrt(sum);
  for (int64_t l = 0; l < n && size > 0; l++) {
    x[l] /= size;
  }
  return size;
}

double ude_radius_value(ude_radius *r, double t, const double *u, const double *p) {
  int64_t n = r->n;
  for (int64_t l = 0; l < n; l++) { /* no direction of symmetry */
    r->v[l] = 1 + 0.1 * sin((double)l);
  }
  r->size[0] = normalise(n, r->v);
  for (int k = 1; k <= UDE_RADIUS_STEPS; k++) {
    double *w  = r->v + k * n;
    r->size[k] = 0;
    if (!(r->size[k - 1] > 0)) {
      continue;
    }
    if (r->map->jvp(r->y, w, u, w - n, p, NULL, t, NULL, r->map->context)) {
      return (double)NAN;
    }
    for (int64_t l = 0; l < n; l++) {
      w[l] *= inverse_mass(r, l);
    }
    r->size[k] = normalise(n, w);
  }
  return r->size[UDE_RADIUS_STEPS];
}

int ude_radius_gradient(ude_radius *r, double t, const double *u, const double *p) {
  const ude_map *map = r->map;
  int64_t        n   = r->n;
  memset(r->by_u, 0, (size_t)n * sizeof *r->by_u);
  memset(r->by_p, 0, (size_t)r->np * sizeof *r->by_p);
  if (!(r->size[UDE_RADIUS_STEPS] > 0)) {
    return 0;
  }
  double *w_bar = r->bar;
  memcpy(w_bar, r->v + UDE_RADIUS_STEPS * n, (size_t)n * sizeof *w_bar);
  for (int k = UDE_RADIUS_STEPS; k >= 1; k--) {
    const double *before = r->v + (k - 1) * n;
    for (int64_t l = 0; l < n; l++) {
      r->y[l] = inverse_mass(r, l) * w_bar[l];
    }
    int code = map->hvp(u, before, p, NULL, t, NULL, r->y, r->by_u, r->by_p, NULL, map->context);
    if (code || k == 1) {
      return code;
    }
    memset(w_bar, 0, (size_t)n * sizeof *w_bar);
    code = map->vjp(u, p, t, r->y, w_bar, NULL, NULL, map->context);
    if (code) {
      return code;
    }
    double along = 0;
    for (int64_t l = 0; l < n; l++) {
      along += w_bar[l] * before[l];
    }
    for (int64_t l = 0; l < n; l++) {
      w_bar[l] = (w_bar[l] - along * before[l]) / r->size[k - 1];
    }
  }
  return 0;
}
