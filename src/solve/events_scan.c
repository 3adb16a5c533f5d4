/* Roots of event functions inside a step. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/control.h"
#include "solve/events.h"

static int sign_of(double x) {
  return (x > 0) - (x < 0);
}

static ude_events_code evaluate(ude_event_watch *w, double t, const double *u, const double *p,
                                double *g) {
  const ude_map *roots = &w->of->roots;
  int            code  = roots->value(g, u, p, t, roots->context);
  w->culprit           = code ? -1 : ude_first_not_finite(w->count, g);
  return code || w->culprit >= 0 ? UDE_EVENTS_FAILED : UDE_EVENTS_OK;
}

/* ------------------------------------------------------------------------------------ start -- */

/* Derivative of the event functions along the flow, to `slope`; false if there is none. */
static bool along_flow(ude_event_watch *w, double t, const double *u, const double *p,
                       const double *f, double *slope) {
  const ude_map *roots = &w->of->roots;
  const double   one   = 1;
  if (roots->jvp) {
    return roots->jvp(w->g_at, slope, u, f, p, NULL, t, &one, roots->context) == 0;
  }
  /* A step of a third of the digits along the flow: only the sign is wanted. */
  double size = fmax(fabs(t), DBL_MIN);
  double most = 0;
  for (int64_t l = 0; l < w->n; l++) {
    most = fmax(most, fabs(f[l]) / (1 + fabs(u[l])));
  }
  double h = fmin(most > 0 ? 1 / most : size, fmax(size, 1)) * 1e-5;
  for (int64_t l = 0; l < w->n; l++) {
    w->state[l] = u[l] + h * f[l];
  }
  if (evaluate(w, t + h, w->state, p, slope)) {
    return false;
  }
  for (int64_t i = 0; i < w->count; i++) {
    slope[i] -= w->g[i];
  }
  return true;
}

static bool has_fired(const ude_event_watch *w, int64_t i) {
  for (int64_t k = 0; k < w->fired_count; k++) {
    if (w->fired[k] == i) {
      return true;
    }
  }
  return false;
}

ude_events_code ude_events_start(ude_event_watch *w, double t, double direction, const double *u,
                                 const double *p, const double *f, bool after) {
  if (w->count == 0) {
    return UDE_EVENTS_OK;
  }
  ude_events_code code = evaluate(w, t, u, p, w->g);
  bool            flow = false;
  if (code) {
    return code;
  }
  for (int64_t i = 0; i < w->count; i++) {
    bool leaves = w->g[i] == 0 || (after && has_fired(w, i));
    flow        = flow || leaves;
    w->side[i]  = leaves ? 0 : sign_of(w->g[i]);
  }
  /* What starts at zero is on the side to which it leaves; where it touches zero only, the first point that is not zero tells. */
  bool known = flow && along_flow(w, t, u, p, f, w->f);
  for (int64_t i = 0; known && i < w->count; i++) {
    if (w->side[i] == 0) {
      w->side[i] = (direction > 0 ? 1 : -1) * sign_of(w->f[i]);
    }
  }
  w->culprit = -1;
  return UDE_EVENTS_OK;
}

/* ------------------------------------------------------------------------------------- scan -- */

/** The step under way. */
typedef struct scan {
  ude_event_watch  *w;
  const ude_method *method;
  void             *work;
  ude_step         *step;
  double            tolerance; /**< of theta: what time resolves */
} scan;

static double time_at(const scan *s, double theta) {
  return theta >= 1 ? s->step->t_next : s->step->t + theta * s->step->h;
}

/* The event functions at theta, in (0, 1]. */
static ude_events_code at(scan *s, double theta, double *g) {
  const double *u = s->step->u_new;
  if (theta < 1) {
    u = s->w->state;
    if (s->method->dense(s->work, s->step, theta, s->w->state)) {
      return UDE_EVENTS_DENSE;
    }
  }
  ude_events_code code = evaluate(s->w, time_at(s, theta), u, s->step->p, g);
  s->w->t              = code ? time_at(s, theta) : s->w->t; /* for the message */
  return code;
}

/* Does function i that is on its side at one point and has value g at a later one fire between them? */
static bool fires(const ude_event_watch *w, int64_t i, double g) {
  int side = w->side[i];
  int want = w->of->direction ? w->of->direction[i] : 0;
  return side != 0 && sign_of(g) != side && (want == 0 || (want > 0) == (side < 0));
}

/* A point right of `from` at which function i is still on its side, where its value at `from` is rounding: *left = from if there is none. */
static ude_events_code find_left(scan *s, int64_t i, double from, double right, double *left,
                                 double *g_left) {
  ude_event_watch *w = s->w;
  *left              = from;
  double size        = (right - from) / 2;
  while (size > s->tolerance) {
    ude_events_code code = at(s, from + size, w->g_at);
    if (code) {
      return code;
    }
    if (sign_of(w->g_at[i]) == w->side[i]) {
      *left   = from + size;
      *g_left = w->g_at[i];
      return UDE_EVENTS_OK;
    }
    size /= 2;
  }
  return UDE_EVENTS_OK;
}

/* The crossing of function i in (left, right], by ITP (Oliveira and Takahashi, ACM Trans. Math. Softw. 47, 2020): superlinear, never slower
 * than bisection. The point given is the far end of the bracket: there the function has crossed or is zero. */
static ude_events_code locate(scan *s, int64_t i, double left, double g_left, double right,
                              double g_right, double *root) {
  ude_event_watch *w    = s->w;
  const double     half = 0.5 * s->tolerance;
  if (sign_of(g_left) != w->side[i]) {
    double          from = left;
    ude_events_code code = find_left(s, i, from, right, &left, &g_left);
    if (code) {
      return code;
    }
    if (left == from) { /* it leaves zero and comes back within what time resolves */
      *root = fmin(right, from + s->tolerance);
      return UDE_EVENTS_OK;
    }
  }
  const double kappa = 0.2 / (right - left);
  int          most  = (int)ceil(log2((right - left) / s->tolerance)) + 1;
  for (int j = 0; right - left > s->tolerance && g_right != 0; j++) {
    double middle = 0.5 * (left + right);
    double range  = fmax(0, ldexp(half, most - j > 0 ? most - j : 0) - 0.5 * (right - left));
    double delta  = kappa * (right - left) * (right - left);
    double secant = (g_right * left - g_left * right) / (g_right - g_left);
    double toward = middle >= secant ? 1 : -1;
    double point  = delta <= fabs(middle - secant) ? secant + toward * delta : middle;
    point         = fabs(point - middle) <= range ? point : middle - toward * range;
    if (!(point > left && point < right)) {
      point = middle;
    }
    if (!(point > left && point < right)) {
      break;
    }
    ude_events_code code = at(s, point, w->g_at);
    if (code) {
      return code;
    }
    if (sign_of(w->g_at[i]) == w->side[i]) {
      left   = point;
      g_left = w->g_at[i];
    } else {
      right   = point;
      g_right = w->g_at[i];
    }
  }
  *root = right;
  return UDE_EVENTS_OK;
}

/* The crossings in (a, b]; w->g holds the values at a, `g_b` those at b. */
static ude_events_code first_of_interval(scan *s, double a, double b, const double *g_b) {
  const double     same  = 64; /* tolerances apart: one time */
  ude_event_watch *w     = s->w;
  double           first = 2;
  for (int64_t i = 0; i < w->count; i++) {
    w->root[i] = 2;
    if (fires(w, i, g_b[i])) {
      ude_events_code code = locate(s, i, a, w->g[i], b, g_b[i], &w->root[i]);
      if (code) {
        return code;
      }
      first = fmin(first, w->root[i]);
    }
  }
  w->theta = 0;
  for (int64_t i = 0; i < w->count && first <= 1; i++) {
    if (w->root[i] <= first + same * s->tolerance) {
      w->fired[w->fired_count++] = i;
      w->theta                   = fmax(w->theta, w->root[i]);
    }
  }
  w->t = time_at(s, w->theta);
  return UDE_EVENTS_OK;
}

ude_events_code ude_events_scan(ude_event_watch *w, const ude_method *method, void *work,
                                ude_step *step, double from) {
  double resolved = fmax(fabs(step->t), fabs(step->t_next)) / fabs(step->h);
  scan   s        = {w, method, work, step, DBL_EPSILON * fmax(1, resolved)};
  double a        = from;
  for (int64_t k = 0; k < w->fired_count && from > 0; k++) {
    w->side[w->fired[k]] *= -1; /* recorded only: it is past its zero */
  }
  w->fired_count = 0;
  if (from > 0 && w->count > 0) {
    ude_events_code code = at(&s, from, w->g);
    if (code) {
      return code;
    }
  }
  for (int k = 1; k <= w->samples + 1 && w->count > 0; k++) {
    double b = k > w->samples ? 1 : (double)k / (w->samples + 1);
    if (b <= a) {
      continue;
    }
    ude_events_code code = at(&s, b, w->f);
    code                 = code ? code : first_of_interval(&s, a, b, w->f);
    if (code || w->fired_count > 0) {
      return code;
    }
    for (int64_t i = 0; i < w->count; i++) {
      w->side[i] = w->f[i] != 0 ? sign_of(w->f[i]) : w->side[i];
    }
    memcpy(w->g, w->f, (size_t)w->count * sizeof *w->g);
    a = b;
  }
  return UDE_EVENTS_OK;
}
