/* BFGS and L-BFGS. */
#include <math.h>
#include <string.h>

#include "fit/optimizer.h"

/* Curvature along a step that is less than this (of |s| |y|) is not believed. */
static const double least_curvature = 1e-12;

static double dot(int64_t n, const double *a, const double *b) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

/* ------------------------------------------------------------------------------ directions -- */

static void dense_direction(ude_optimizer_state *state) {
  int64_t n = state->n;
  for (int64_t i = 0; i < n; i++) {
    state->direction[i] = -dot(n, state->inverse + i * n, state->g);
  }
}

/* H <- (I - rho s y^T) H (I - rho y s^T) + rho s s^T; s in trial - x, y in trial_g - g. */
static void dense_update(ude_optimizer_state *state, double *s, double *y) {
  int64_t n  = state->n;
  double  sy = dot(n, s, y);
  if (sy <= least_curvature * sqrt(dot(n, s, s) * dot(n, y, y))) {
    return; /* no positive curvature: keep H positive definite */
  }
  if (state->pairs++ == 0) { /* the first guess, scaled (Nocedal, Wright, eq. 6.20) */
    memset(state->inverse, 0, (size_t)(n * n) * sizeof(double));
    for (int64_t i = 0; i < n; i++) {
      state->inverse[i * n + i] = sy / dot(n, y, y);
    }
  }
  double *hy = state->direction;
  for (int64_t i = 0; i < n; i++) {
    hy[i] = dot(n, state->inverse + i * n, y);
  }
  double factor = (1 + dot(n, y, hy) / sy) / sy;
  for (int64_t i = 0; i < n; i++) {
    double *row = state->inverse + i * n;
    for (int64_t j = 0; j < n; j++) {
      row[j] += factor * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / sy;
    }
  }
}

static double *pair(ude_optimizer_state *state, int64_t i, int which) {
  return state->inverse + (2 * (i % UDE_LBFGS_MEMORY) + which) * state->n;
}

/* Two-loop recursion. */
static void limited_direction(ude_optimizer_state *state) {
  int64_t n     = state->n;
  int64_t first = state->pairs > UDE_LBFGS_MEMORY ? state->pairs - UDE_LBFGS_MEMORY : 0;
  double  alpha[UDE_LBFGS_MEMORY];
  for (int64_t i = 0; i < n; i++) {
    state->direction[i] = -state->g[i];
  }
  for (int64_t k = state->pairs - 1; k >= first; k--) {
    const double *s             = pair(state, k, 0);
    const double *y             = pair(state, k, 1);
    double        a             = dot(n, s, state->direction) / dot(n, s, y);
    alpha[k % UDE_LBFGS_MEMORY] = a;
    for (int64_t i = 0; i < n; i++) {
      state->direction[i] -= a * y[i];
    }
  }
  if (state->pairs > 0) {
    const double *s     = pair(state, state->pairs - 1, 0);
    const double *y     = pair(state, state->pairs - 1, 1);
    double        scale = dot(n, s, y) / dot(n, y, y);
    for (int64_t i = 0; i < n; i++) {
      state->direction[i] *= scale;
    }
  }
  for (int64_t k = first; k < state->pairs; k++) {
    const double *s = pair(state, k, 0);
    const double *y = pair(state, k, 1);
    double        b = dot(n, y, state->direction) / dot(n, s, y);
    for (int64_t i = 0; i < n; i++) {
      state->direction[i] += (alpha[k % UDE_LBFGS_MEMORY] - b) * s[i];
    }
  }
}

static void limited_update(ude_optimizer_state *state, const double *s, const double *y) {
  int64_t n = state->n;
  if (dot(n, s, y) > least_curvature * sqrt(dot(n, s, s) * dot(n, y, y))) {
    memcpy(pair(state, state->pairs, 0), s, (size_t)n * sizeof(double));
    memcpy(pair(state, state->pairs, 1), y, (size_t)n * sizeof(double));
    state->pairs++;
  }
}

/* -------------------------------------------------------------------------------- iteration -- */

static void steepest_direction(ude_optimizer_state *state) {
  for (int64_t i = 0; i < state->n; i++) {
    state->direction[i] = -state->g[i];
  }
}

ude_step_outcome ude_bfgs_step(ude_optimizer_state *state, ude_objective *objective,
                               double first_step, double tolerance, ude_status *status,
                               ude_error *error) {
  int64_t n       = state->n;
  double  largest = ude_largest(state->g, n);
  double  value   = 0;
  bool    found   = false;
  bool    fresh   = state->pairs == 0;
  *status         = ude_optimizer_reserve_inverse(state, error);
  if (*status) {
    return UDE_STEP_FAILED;
  }
  if (largest < tolerance) {
    return UDE_STEP_GRADIENT;
  }
  if (!fresh) {
    (state->limited ? limited_direction : dense_direction)(state);
    found = ude_line_search(state, objective, 1, &value, status, error);
  }
  if (!found && !*status) {
    fresh = true;
    steepest_direction(state);
    found = ude_line_search(state, objective, first_step / largest, &value, status, error);
  }
  if (!found) {
    return *status ? UDE_STEP_FAILED : UDE_STEP_STALLED;
  }
  for (int64_t i = 0; i < n; i++) {
    double s          = state->trial[i] - state->x[i];
    double y          = state->trial_g[i] - state->g[i];
    state->x[i]       = state->trial[i];
    state->g[i]       = state->trial_g[i];
    state->trial[i]   = s;
    state->trial_g[i] = y;
  }
  if (fresh) {
    state->pairs = 0; /* what was learned before led to a bad direction */
  }
  if (state->limited) {
    limited_update(state, state->trial, state->trial_g);
  } else {
    dense_update(state, state->trial, state->trial_g);
  }
  state->value = value;
  ude_optimizer_note(state);
  return UDE_STEP_ON;
}
