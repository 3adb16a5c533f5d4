/* Derivatives past events: the time of an event by the implicit function theorem, changes of the state, events of one time. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "sensitivity/moving.h"

/* Is event k of the boundary the root whose place in the step is known? All others stand a step of size zero after what precedes. */
static bool placed(const ude_moving *m, int64_t i, const ude_trace_event *event, int64_t k) {
  return k == 0 && i >= 0 && event->event < m->of->count;
}

static int64_t aim_of(const ude_trace *trace, int64_t i) {
  int64_t aim = -1;
  ude_moving_aim(trace, i, &aim);
  return aim;
}

/* A stop among the events of a boundary is where its step ends: no root cuts it. */
static bool ends_at_stop(const ude_moving *m, const ude_trace *trace, int64_t i,
                         const ude_trace_event *event, int64_t count) {
  return aim_of(trace, i) >= 0 && event[count - 1].event >= m->of->count;
}

/* Nothing stands between the step's end and the stop that it was aimed at; a discontinuity changes nothing but what follows. */
static bool at_aim(const ude_moving *m, const ude_trace *trace, int64_t i,
                   const ude_trace_event *event, int64_t k) {
  return (k == 0 && event->event == aim_of(trace, i)) ||
         event[k].event >= m->of->count + m->of->schedule_count;
}

/* One direction of a map at (u, p, t): y_dot: [rows]; lanes of u_dot ([n][width]) and p_dot. */
static int lane_tangent(ude_moving *m, const ude_map *map, const double *u, const double *u_dot,
                        const double *p, const double *p_dot, double t, double t_dot, int64_t w,
                        double **y_dot) {
  double *u_lane = m->lane;
  double *p_lane = u_lane + m->n + 1;
  double *y      = p_lane + m->np;
  *y_dot         = y + map->rows;
  u_lane[m->n]   = 0; /* the number of the event */
  for (int64_t l = 0; l < m->n; l++) {
    u_lane[l] = u_dot[l * m->width + w];
  }
  for (int64_t l = 0; l < m->np; l++) {
    p_lane[l] = p_dot ? p_dot[l * m->width + w] : 0;
  }
  return map->jvp(y, *y_dot, u, u_lane, p, p_lane, t, &t_dot, map->context);
}

static const double *state_before(const ude_moving *m, int64_t k) {
  return m->states + k * m->n;
}

/* Did the changes before event k leave its function where it was? Then its own root says when it happens. */
static int still_at_root(ude_moving *m, const ude_trace_event *event, int64_t k, const double *p,
                         bool *still) {
  const ude_map *roots  = &m->of->roots;
  int64_t        r      = event[k].event;
  int            code   = roots->value(m->g, state_before(m, 0), p, event[k].t, roots->context);
  double         before = code ? 0 : m->g[r];
  code   = code ? code : roots->value(m->g, state_before(m, k), p, event[k].t, roots->context);
  *still = code == 0 && m->g[r] == before;
  return code;
}

/* ----------------------------------------------------------------------------------- tangents -- */

/* The event that cuts the step: u_dot and t_dot at its place. */
static int cut_tangent(ude_moving *m, const ude_trace_event *event, const ude_method *method,
                       void *work, ude_step *step, const ude_tangent *tangent, const double *p,
                       const double *p_dot, double *u_dot) {
  const double   scale = 1099511627776.0; /* 2^40: so that the slope is seen beside the tangent */
  const ude_map *roots = &m->of->roots;
  const double  *u     = state_before(m, 0);
  int64_t        r     = event->event;
  const double   place = ude_moving_inside(event->theta);
  int            code  = method->tangent_dense(work, step, tangent, place, NULL, u_dot);
  for (int64_t w = 0; w < m->width; w++) {
    m->theta_dot[w] = scale;
  }
  code =
      code ? code : method->tangent_dense(work, step, tangent, place, m->theta_dot, m->with_slope);
  for (int64_t l = 0; l < m->n * m->width; l++) {
    m->slope[l] = (m->with_slope[l] - u_dot[l]) / scale;
  }
  double *g_dot = NULL;
  code = code ? code : lane_tangent(m, roots, u, m->slope, p, NULL, event->t, step->h, 0, &g_dot);
  double speed = code ? 1 : g_dot[r];
  if (code == 0 && speed == 0) {
    return UDE_STEP_NOT_SOLVED;
  }
  for (int64_t w = 0; w < m->width && code == 0; w++) {
    double t_dot     = m->t_dot[w] + event->theta * m->h_dot[w];
    code             = lane_tangent(m, roots, u, u_dot, p, p_dot, event->t, t_dot, w, &g_dot);
    double theta_dot = code ? 0 : -g_dot[r] / speed;
    for (int64_t l = 0; l < m->n; l++) {
      u_dot[l * m->width + w] += m->slope[l * m->width + w] * theta_dot;
    }
    m->t_dot[w] = t_dot + step->h * theta_dot;
  }
  return code;
}

/* The step of size zero before event k: its size has the derivative that brings it to its own time. */
static int gap_tangent(ude_moving *m, const ude_trace_event *event, int64_t k, const double *p,
                       const double *p_dot, double *u_dot) {
  const double  *u     = state_before(m, k);
  const ude_map *rhs   = &m->field->rhs;
  const ude_map *roots = &m->of->roots;
  int64_t        r     = event[k].event;
  bool           root  = r < m->of->count;
  bool           still = true;
  double        *g_dot = NULL;
  double         speed = 1;
  int            code  = root ? still_at_root(m, event, k, p, &still) : 0;
  if (code || !still) {
    return code;
  }
  code = rhs->value(m->f, u, p, event[k].t, rhs->context);
  if (root && code == 0) {
    for (int64_t l = 0; l < m->n; l++) {
      m->slope[l * m->width] = m->f[l];
    }
    code  = lane_tangent(m, roots, u, m->slope, p, NULL, event[k].t, 1, 0, &g_dot);
    speed = code ? 1 : g_dot[r];
    if (code == 0 && speed == 0) {
      return UDE_STEP_NOT_SOLVED;
    }
  }
  for (int64_t w = 0; w < m->width && code == 0; w++) {
    double h_dot = 0;
    if (root) {
      code  = lane_tangent(m, roots, u, u_dot, p, p_dot, event[k].t, m->t_dot[w], w, &g_dot);
      h_dot = code ? 0 : -g_dot[r] / speed;
    } else {
      h_dot = m->stop_dot[(r - m->of->count) * m->width + w] - m->t_dot[w];
    }
    for (int64_t l = 0; l < m->n; l++) {
      u_dot[l * m->width + w] += m->f[l] * h_dot;
    }
    m->t_dot[w] += h_dot;
  }
  return code;
}

static int affect_tangent(ude_moving *m, const ude_trace_event *event, int64_t k, const double *p,
                          const double *p_dot, double *u_dot) {
  const ude_map *affect = &m->of->affect;
  if (!affect->value || event[k].event >= m->of->count + m->of->schedule_count) {
    return 0;
  }
  int code = 0;
  memcpy(m->affect, state_before(m, k), (size_t)m->n * sizeof *m->affect);
  m->affect[m->n] = (double)event[k].event;
  for (int64_t w = 0; w < m->width && code == 0; w++) {
    double *y_dot = NULL;
    code = lane_tangent(m, affect, m->affect, u_dot, p, p_dot, event[k].t, m->t_dot[w], w, &y_dot);
    for (int64_t l = 0; l < m->n && code == 0; l++) {
      u_dot[l * m->width + w] = y_dot[l];
    }
  }
  return code;
}

int ude_moving_cross_tangent(ude_moving *m, const ude_trace *trace, int64_t i,
                             const ude_method *method, void *work, ude_step *step,
                             const ude_tangent *tangent, const double *p, const double *p_dot,
                             double *u_dot, int64_t *event_at) {
  int64_t                first = 0;
  int64_t                count = ude_moving_events(trace, i, &first);
  const ude_trace_event *event = trace->event + first;
  bool                   stop  = i >= 0 && count > 0 && ends_at_stop(m, trace, i, event, count);
  int                    code  = 0;
  if (i >= 0 && (count == 0 || stop || event->event >= m->of->count)) {
    for (int64_t w = 0; w < m->width; w++) {
      m->t_dot[w] += m->h_dot[w];
    }
  }
  for (int64_t k = 0; k < count && code == 0; k++) {
    *event_at = event[k].event;
    if (placed(m, i, event, k) && !stop) {
      code = cut_tangent(m, event, method, work, step, tangent, p, p_dot, u_dot);
    } else if (!at_aim(m, trace, i, event, k)) {
      code = gap_tangent(m, event, k, p, p_dot, u_dot);
    }
    code = code ? code : affect_tangent(m, event, k, p, p_dot, u_dot);
  }
  return code;
}

/* --------------------------------------------------------------------------------- cotangents -- */

static double dot(int64_t n, const double *x, const double *y) {
  double sum = 0;
  for (int64_t l = 0; l < n; l++) {
    sum += x[l] * y[l];
  }
  return sum;
}

/* Adds g_r's transposed derivative times bar. */
static int root_transpose(ude_moving *m, int64_t r, const double *u, const double *p, double t,
                          double bar, double *u_bar, double *p_bar, double *t_bar) {
  const ude_map *roots = &m->of->roots;
  memset(m->g_bar, 0, (size_t)m->of->count * sizeof *m->g_bar);
  m->g_bar[r] = bar;
  return roots->vjp(u, p, t, m->g_bar, u_bar, p_bar, t_bar, roots->context);
}

static int affect_transpose(ude_moving *m, const ude_trace_event *event, int64_t k, const double *p,
                            double *lambda, double *p_bar) {
  const ude_map *affect = &m->of->affect;
  if (!affect->value || event[k].event >= m->of->count + m->of->schedule_count) {
    return 0;
  }
  memcpy(m->affect, state_before(m, k), (size_t)m->n * sizeof *m->affect);
  m->affect[m->n] = (double)event[k].event;
  memset(m->affect_bar, 0, (size_t)(m->n + 1) * sizeof *m->affect_bar);
  int code = affect->vjp(m->affect, p, event[k].t, lambda, m->affect_bar, p_bar, &m->t_bar,
                         affect->context);
  memcpy(lambda, m->affect_bar, (size_t)m->n * sizeof *lambda);
  return code;
}

static int gap_transpose(ude_moving *m, const ude_trace_event *event, int64_t k, const double *p,
                         double *lambda, double *p_bar) {
  const double  *u     = state_before(m, k);
  const ude_map *rhs   = &m->field->rhs;
  int64_t        r     = event[k].event;
  bool           still = true;
  int            code  = r < m->of->count ? still_at_root(m, event, k, p, &still) : 0;
  if (code || !still) {
    return code;
  }
  code = rhs->value(m->f, u, p, event[k].t, rhs->context);
  if (code) {
    return code;
  }
  double h_bar = dot(m->n, lambda, m->f) + m->t_bar;
  if (r >= m->of->count) {
    m->stop_bar[r - m->of->count] += h_bar;
    m->t_bar -= h_bar;
    return 0;
  }
  double speed = 0;
  memset(m->slope, 0, (size_t)m->n * sizeof *m->slope);
  code = root_transpose(m, r, u, p, event[k].t, 1, m->slope, NULL, &speed);
  speed += dot(m->n, m->slope, m->f);
  if (code == 0 && speed == 0) {
    return UDE_STEP_NOT_SOLVED;
  }
  return code ? code
              : root_transpose(m, r, u, p, event[k].t, -h_bar / speed, lambda, p_bar, &m->t_bar);
}

static int cut_transpose(ude_moving *m, const ude_trace_event *event, const ude_method *method,
                         void *work, ude_step *step, const double *p, double *lambda, double *p_bar,
                         ude_moving_step *bar) {
  const double *u       = state_before(m, 0);
  const double  place   = ude_moving_inside(event->theta);
  double        g_t     = 0;
  double        along_g = 0;
  double        along   = 0;
  memset(m->slope, 0, (size_t)m->n * sizeof *m->slope);
  int code = root_transpose(m, event->event, u, p, event->t, 1, m->slope, NULL, &g_t);
  method->transpose_begin(work, true);
  code = code ? code : method->transpose_dense(work, step, place, m->slope, &along_g);
  code = code ? code : method->transpose_dense(work, step, place, lambda, &along);
  method->transpose_begin(work, true);
  double speed = along_g + g_t * step->h;
  if (code == 0 && speed == 0) {
    return UDE_STEP_NOT_SOLVED;
  }
  double factor = code ? 0 : -(along + m->t_bar * step->h) / speed;
  code          = code ? code
                       : root_transpose(m, event->event, u, p, event->t, factor, lambda, p_bar, &m->t_bar);
  bar->t_bar += m->t_bar;
  bar->h_bar += event->theta * m->t_bar;
  return code;
}

int ude_moving_cross_transpose(ude_moving *m, const ude_trace *trace, int64_t i,
                               const ude_method *method, void *work, ude_step *step,
                               const double *p, double *lambda, double *p_bar, ude_moving_step *bar,
                               double *theta, int64_t *event_at) {
  int64_t                first = 0;
  int64_t                count = ude_moving_events(trace, i, &first);
  const ude_trace_event *event = trace->event + first;
  bool                   stop  = i >= 0 && count > 0 && ends_at_stop(m, trace, i, event, count);
  int                    code  = 0;
  *theta                       = -1;
  for (int64_t k = count - 1; k >= 0 && code == 0; k--) {
    *event_at = event[k].event;
    code      = affect_transpose(m, event, k, p, lambda, p_bar);
    if (code) {
      break;
    }
    if (placed(m, i, event, k) && !stop) {
      *theta = ude_moving_inside(event->theta);
      code   = cut_transpose(m, event, method, work, step, p, lambda, p_bar, bar);
    } else if (!at_aim(m, trace, i, event, k)) {
      code = gap_transpose(m, event, k, p, lambda, p_bar);
    }
  }
  if (*theta < 0 && i >= 0) { /* the next start is the step's end */
    bar->t_bar += m->t_bar;
    bar->h_bar += m->t_bar;
  }
  return code;
}
