/* BFGS, L-BFGS and their line search. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/optimizer.h"

static double dot(int64_t n, const double *a, const double *b) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

/* ---------------------------------------------------------------------------- line search -- */

static const double decrease  = 1e-4; /* Armijo */
static const double curvature = 0.9;  /* strong Wolfe */

typedef struct point {
  double a, value, slope;
} point;

typedef struct search {
  ude_optimizer_state *state;
  ude_objective       *objective;
  point                origin;
  ude_status          *status;
  ude_error           *error;
} search;

/* phi(a); a failed evaluation counts as infinite. */
static point at(search *s, double a) {
  ude_optimizer_state *state = s->state;
  point                p     = {a, (double)INFINITY, 0};
  for (int64_t i = 0; i < state->n; i++) {
    state->trial[i] = state->x[i] + a * state->direction[i];
  }
  double value = 0;
  if (ude_objective_at(s->objective, state->trial, &value, state->trial_g, s->status, s->error)) {
    p.value = value;
    p.slope = dot(state->n, state->trial_g, state->direction);
  }
  return p;
}

static bool sufficient(const search *s, point p) {
  return p.value <= s->origin.value + decrease * p.a * s->origin.slope;
}

/* Minimiser of the cubic through two points with slopes, kept inside the interval. */
static double interpolate(point lo, point hi) {
  double width = hi.a - lo.a;
  double guess = lo.a + 0.5 * width;
  if (isfinite(hi.value)) {
    double d1   = lo.slope + hi.slope - 3 * (lo.value - hi.value) / (lo.a - hi.a);
    double root = d1 * d1 - lo.slope * hi.slope;
    if (root >= 0) {
      double d2    = copysign(sqrt(root), width);
      double cubic = hi.a - width * (hi.slope + d2 - d1) / (hi.slope - lo.slope + 2 * d2);
      double low   = fmin(lo.a, hi.a) + 0.1 * fabs(width);
      double high  = fmax(lo.a, hi.a) - 0.1 * fabs(width);
      if (isfinite(cubic)) {
        guess = fmin(fmax(cubic, low), high);
      }
    }
  } else {
    guess = lo.a + 0.2 * width; /* beyond lies failure: come back well inside */
  }
  return guess;
}

static bool zoom(search *s, point lo, point hi, double *value) {
  point last = lo;
  for (int i = 0; i < 40 && !*s->status; i++) {
    double a = interpolate(lo, hi);
    if (fabs(hi.a - lo.a) < 1e-14 * fabs(hi.a) || a == lo.a || a == hi.a) {
      break;
    }
    last = at(s, a);
    if (!sufficient(s, last) || last.value >= lo.value) {
      hi = last;
    } else {
      if (fabs(last.slope) <= -curvature * s->origin.slope) {
        *value = last.value;
        return true;
      }
      if (last.slope * (hi.a - lo.a) >= 0) {
        hi = lo;
      }
      lo = last;
    }
  }
  if (lo.a > 0 && !*s->status) { /* sufficient decrease without the curvature condition */
    if (last.a != lo.a) {
      last = at(s, lo.a);
    }
    *value = last.value;
    return isfinite(last.value);
  }
  return false;
}

bool ude_line_search(ude_optimizer_state *state, ude_objective *objective, double start,
                     double *value, ude_status *status, ude_error *error) {
  search s = {state, objective, {0, state->value, dot(state->n, state->g, state->direction)}, status,
              error};
  if (!(s.origin.slope < 0)) {
    return false;
  }
  point before = s.origin;
  double a     = start;
  for (int i = 0; i < 30 && !*status; i++) {
    point now = at(&s, a);
    if (!sufficient(&s, now) || (i > 0 && now.value >= before.value)) {
      return zoom(&s, before, now, value);
    }
    if (fabs(now.slope) <= -curvature * s.origin.slope) {
      *value = now.value;
      return true;
    }
    if (now.slope >= 0) {
      return zoom(&s, now, before, value);
    }
    before = now;
    a *= 2.5;
  }
  return false;
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
  if (sy <= 1e-12 * sqrt(dot(n, s, s) * dot(n, y, y))) {
    return; /* no positive curvature: keep H positive definite */
  }
  if (state->iteration == 0) { /* scale the first guess (Nocedal, Wright, eq. 6.20) */
    double scale = sy / dot(n, y, y);
    for (int64_t i = 0; i < n; i++) {
      state->inverse[i * n + i] = scale;
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
    const double *s = pair(state, k, 0);
    const double *y = pair(state, k, 1);
    double        a = dot(n, s, state->direction) / dot(n, s, y);
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
  if (dot(n, s, y) > 1e-12 * sqrt(dot(n, s, s) * dot(n, y, y))) {
    memcpy(pair(state, state->pairs, 0), s, (size_t)n * sizeof(double));
    memcpy(pair(state, state->pairs, 1), y, (size_t)n * sizeof(double));
    state->pairs++;
  }
}

/* -------------------------------------------------------------------------------- iteration -- */

static void forget_curvature(ude_optimizer_state *state) {
  state->pairs = 0;
  memset(state->inverse, 0, (size_t)ude_optimizer_matrix_size(state) * sizeof(double));
  for (int64_t i = 0; !state->limited && i < state->n; i++) {
    state->inverse[i * state->n + i] = 1;
  }
}

static double largest_entry(const double *x, int64_t n) {
  double largest = 0;
  for (int64_t i = 0; i < n; i++) {
    largest = fmax(largest, fabs(x[i]));
  }
  return largest;
}

ude_step_outcome ude_bfgs_step(ude_optimizer_state *state, ude_objective *objective,
                               double first_step, double tolerance, ude_status *status,
                               ude_error *error) {
  int64_t n       = state->n;
  double  largest = largest_entry(state->g, n);
  if (largest < tolerance) {
    return UDE_STEP_GRADIENT;
  }
  if (!state->inverse) {
    state->inverse = ude_calloc((size_t)ude_optimizer_matrix_size(state), sizeof(double));
    if (!state->inverse) {
      *status = ude_fail_memory(error, "BFGS");
      return UDE_STEP_FAILED;
    }
    forget_curvature(state);
  }
  double value = 0;
  bool   found = false;
  for (int attempt = 0; attempt < 2 && !found && !*status; attempt++) {
    if (attempt == 1) {
      forget_curvature(state); /* a bad direction: start again from steepest descent */
    }
    bool fresh = attempt == 1 || state->iteration == 0;
    (state->limited ? limited_direction : dense_direction)(state);
    found = ude_line_search(state, objective, fresh ? first_step / largest : 1, &value, status, error);
  }
  if (!found) {
    return *status ? UDE_STEP_FAILED : UDE_STEP_STALLED;
  }
  for (int64_t i = 0; i < n; i++) {
    double s         = state->trial[i] - state->x[i];
    double y         = state->trial_g[i] - state->g[i];
    state->x[i]      = state->trial[i];
    state->g[i]      = state->trial_g[i];
    state->trial[i]   = s;
    state->trial_g[i] = y;
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
