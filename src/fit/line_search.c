/* Step lengths for descent directions. */
#include <math.h>

#include "fit/optimizer.h"

static const double decrease   = 1e-4; /* Armijo */
static const double curvature  = 0.9;  /* strong Wolfe */
static const double flat       = 0.1;  /* Hager and Zhang's delta, in place of Armijo's constant */
static const double noise      = 1e-9; /* of the objective, below which differences mean nothing */
static const double expansion  = 2.5;
static const int    expansions = 30;
static const int    bisections = 40;
static const double from_beyond =
    0.2; /* how far to go where the end of the interval cannot be evaluated */
static const double margin = 0.1; /* of the interval, kept from its ends */

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

static double slope_along(const ude_optimizer_state *state, const double *g) {
  double sum = 0;
  for (int64_t i = 0; i < state->n; i++) {
    sum += g[i] * state->direction[i];
  }
  return sum;
}

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
    p.slope = slope_along(state, state->trial_g);
  }
  return p;
}

static bool sufficient(const search *s, point p) {
  return p.value <= s->origin.value + decrease * p.a * s->origin.slope;
}

static bool acceptable(const search *s, point p) {
  double down = s->origin.slope;
  if (!isfinite(p.value)) {
    return false;
  }
  bool wolfe       = sufficient(s, p) && fabs(p.slope) <= -curvature * down;
  bool approximate = p.value <= s->origin.value + noise * fabs(s->origin.value) &&
                     p.slope <= (2 * flat - 1) * down && p.slope >= curvature * down;
  return wolfe || approximate;
}

/* Minimiser of the cubic through two points with slopes, kept inside the interval. */
static double interpolate(point lo, point hi) {
  double width = hi.a - lo.a;
  if (!isfinite(hi.value)) {
    return lo.a + from_beyond * width;
  }
  double d1   = lo.slope + hi.slope - 3 * (lo.value - hi.value) / (lo.a - hi.a);
  double root = d1 * d1 - lo.slope * hi.slope;
  double d2   = copysign(sqrt(fmax(root, 0)), width);
  double best = hi.a - width * (hi.slope + d2 - d1) / (hi.slope - lo.slope + 2 * d2);
  if (root < 0 || !isfinite(best)) {
    return lo.a + 0.5 * width;
  }
  double low  = fmin(lo.a, hi.a) + margin * fabs(width);
  double high = fmax(lo.a, hi.a) - margin * fabs(width);
  return fmin(fmax(best, low), high);
}

/* lo has the lowest value found with sufficient decrease, and the slope there points to hi. */
static bool zoom(search *s, point lo, point hi, double *value) {
  point last = lo;
  for (int i = 0; i < bisections; i++) {
    double a = interpolate(lo, hi);
    if (fabs(hi.a - lo.a) < 1e-14 * fabs(hi.a) || a == lo.a || a == hi.a) {
      break;
    }
    last = at(s, a);
    if (*s->status) {
      return false;
    }
    if (acceptable(s, last)) {
      *value = last.value;
      return true;
    }
    if (!sufficient(s, last) || last.value >= lo.value) {
      hi = last;
    } else {
      if (last.slope * (hi.a - lo.a) >= 0) {
        hi = lo;
      }
      lo = last;
    }
  }
  if (lo.a > 0) { /* sufficient decrease without the curvature condition */
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
  search s = {state, objective, {0, state->value, slope_along(state, state->g)}, status, error};
  point  before = s.origin;
  double a      = start;
  if (!(s.origin.slope < 0)) {
    return false;
  }
  for (int i = 0; i < expansions; i++) {
    point now = at(&s, a);
    if (*status) {
      return false;
    }
    if (acceptable(&s, now)) {
      *value = now.value;
      return true;
    }
    if (!sufficient(&s, now) || (i > 0 && now.value >= before.value)) {
      return zoom(&s, before, now, value);
    }
    if (now.slope >= 0) {
      return zoom(&s, now, before, value);
    }
    before = now;
    a *= expansion;
  }
  *value = before.value; /* still going down after a very long way */
  return true;
}
