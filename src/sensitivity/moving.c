/* Moving times: workspace, and what steps have to do with them. */
#include "sensitivity/moving.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ude_moving_close(ude_moving *m) {
  if (!m) {
    return;
  }
  double *const blocks[] = {m->p,          m->states, m->f,         m->g,        m->g_bar,
                            m->affect,     m->t_dot,  m->h_dot,     m->span_dot, m->theta_dot,
                            m->stop_dot,   m->p_dot,  m->slope,     m->lane,     m->stop_bar,
                            m->with_slope, m->p_bar,  m->affect_bar};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    free(blocks[i]);
  }
  ude_timed_close(m->timed);
  free(m);
}

ude_status ude_moving_open(const ude_vector_field *field, int64_t width, ude_moving **moving,
                           ude_error *error) {
  ude_moving *m = ude_calloc(1, sizeof *m);
  *moving       = NULL;
  if (!m) {
    return ude_fail_memory(error, "derivatives through events");
  }
  m->field     = field;
  m->of        = &field->events;
  m->n         = field->state.count;
  m->np        = field->param.count;
  m->width     = width;
  m->stops     = m->of->schedule_count + m->of->discontinuity_count;
  size_t n     = (size_t)m->n;
  size_t wide  = (size_t)width;
  size_t stops = (size_t)m->stops;
  size_t count = (size_t)m->of->count;
  size_t ext   = (size_t)m->np + UDE_TIMED_EXTRA;
  size_t rows  = 2 * (n + count + stops) + 2;
  const struct {
    double **to;
    size_t   count;
  } blocks[] = {{&m->p, ext},
                {&m->f, n},
                {&m->g, count},
                {&m->g_bar, count},
                {&m->affect, n + 1},
                {&m->affect_bar, n + 1},
                {&m->t_dot, wide},
                {&m->h_dot, wide},
                {&m->theta_dot, wide},
                {&m->span_dot, 2 * wide},
                {&m->stop_dot, stops * wide},
                {&m->p_dot, ext * wide},
                {&m->slope, n * wide},
                {&m->with_slope, n * wide},
                {&m->lane, n + 1 + ext + rows},
                {&m->stop_bar, stops},
                {&m->p_bar, ext}};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    *blocks[i].to = ude_calloc(blocks[i].count, sizeof(double));
    if (!*blocks[i].to) {
      ude_moving_close(m);
      return ude_fail_memory(error, "derivatives through events");
    }
  }
  *moving = m;
  return UDE_OK;
}

int64_t ude_moving_events(const ude_trace *trace, int64_t i, int64_t *first) {
  int64_t low  = 0;
  int64_t high = trace->events;
  while (low < high) { /* the first whose step is i or later */
    int64_t middle = low + (high - low) / 2;
    if (trace->event[middle].step < i) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  *first = low;
  while (high < trace->events && trace->event[high].step == i) {
    high++;
  }
  return high - low;
}

double ude_moving_reach(const ude_trace *trace, int64_t i) {
  int64_t first = 0;
  if (trace->events > 0 && ude_moving_events(trace, i, &first) > 0) {
    return trace->event[first].t;
  }
  return i < 0 ? trace->t0 : ude_trace_step_end(trace, i);
}

bool ude_moving_aim(const ude_trace *trace, int64_t i, int64_t *event) {
  int64_t low  = 0;
  int64_t high = trace->aims;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (trace->aim[middle].step < i) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  bool aimed = low < trace->aims && trace->aim[low].step == i;
  *event     = aimed ? trace->aim[low].event : -1;
  return aimed;
}

/* Does the time of an event move otherwise than that of the discontinuity with the derivatives `by_p`? Roots do. */
static bool moves_otherwise(const ude_moving *m, int64_t event, const double *scheduled,
                            const double *by_p) {
  int64_t k = event - m->of->count;
  return k < 0 || memcmp(scheduled + k * m->np, by_p, (size_t)m->np * sizeof *by_p) != 0;
}

/* A discontinuity at the time of an event is passed with it, at one time: where the two would part, there is no
 * derivative. */
static ude_status check_coincidence(const ude_moving *m, const ude_trace *trace, const double *p,
                                    ude_error *error) {
  const ude_events *of    = m->of;
  int64_t           jumps = of->discontinuity_count;
  if (jumps == 0 || trace->events == 0 || m->np == 0) {
    return UDE_OK;
  }
  double    *times     = ude_calloc((size_t)jumps, sizeof *times);
  double    *by_p      = ude_calloc((size_t)(jumps * m->np), sizeof *by_p);
  double    *scheduled = ude_calloc((size_t)(of->schedule_count * m->np), sizeof *scheduled);
  ude_status status    = times && by_p && scheduled ? UDE_OK : ude_fail_memory(error, "events");
  if (status == UDE_OK &&
      of->discontinuities.value(times, NULL, p, 0, of->discontinuities.context)) {
    status = ude_fail(error, UDE_NUMERICAL, "the discontinuities cannot be evaluated");
  }
  if (status == UDE_OK) {
    status = ude_jacobian(&of->discontinuities, m->np, NULL, p, 0, true,
                          of->discontinuities.vjp != NULL, by_p, error);
  }
  if (status == UDE_OK && of->schedule_count > 0) {
    status = ude_jacobian(&of->schedule, m->np, NULL, p, 0, true, of->schedule.vjp != NULL,
                          scheduled, error);
  }
  for (int64_t k = 0; k < trace->events && status == UDE_OK; k++) {
    const ude_trace_event *event = &trace->event[k];
    for (int64_t j = 0; j < jumps && status == UDE_OK; j++) {
      if (event->event < of->count + of->schedule_count &&
          fabs(event->t - times[j]) <= 4 * ude_events_gap(event->t, times[j]) &&
          moves_otherwise(m, event->event, scheduled, by_p + j * m->np)) {
        status = ude_fail(error, UDE_UNSUPPORTED,
                          "at t = %.8g an event and a discontinuity of the right-hand side "
                          "coincide, whose times depend on the parameters in different ways: there "
                          "is no derivative",
                          event->t);
      }
    }
  }
  free(times);
  free(by_p);
  free(scheduled);
  return status;
}

ude_status ude_moving_prepare(ude_moving *m, const ude_trace *trace, const double *p,
                              ude_error *error) {
  bool    knows = true;
  int64_t most  = 0;
  int64_t run   = 0;
  for (int k = 0; k < trace->method_count; k++) {
    knows = knows && trace->methods[k]->time_tangents;
  }
  if (!knows && !m->timed) {
    ude_status status = ude_timed_open(m->field, &m->timed, error);
    if (status) {
      return status;
    }
  }
  if (m->np > 0) {
    memcpy(m->p, p, (size_t)m->np * sizeof *p);
  }
  m->p[m->np]     = 0;
  m->p[m->np + 1] = 1;
  for (int64_t k = 0; k < trace->events; k++) {
    run  = k > 0 && trace->event[k].step == trace->event[k - 1].step ? run + 1 : 1;
    most = run > most ? run : most;
  }
  if (most + 1 > m->state_capacity) {
    double *grown = ude_realloc(m->states, (size_t)most + 1, (size_t)m->n * sizeof *grown);
    if (!grown) {
      return ude_fail_memory(error, "the states at events");
    }
    m->states         = grown;
    m->state_capacity = most + 1;
  }
  return check_coincidence(m, trace, p, error);
}

int ude_moving_values(ude_moving *m, const ude_trace *trace, int64_t i, const ude_method *method,
                      void *work, ude_step *step, const double *p, double *u) {
  int64_t first = 0;
  int64_t count = ude_moving_events(trace, i, &first);
  size_t  bytes = (size_t)m->n * sizeof *u;
  if (count == 0) {
    return 0;
  }
  const ude_trace_event *event = trace->event + first;
  if (i >= 0 && event->theta < 1) {
    int code = method->dense(work, step, event->theta, m->states);
    if (code) {
      return code;
    }
  } else {
    memcpy(m->states, u, bytes);
  }
  for (int64_t k = 0; k < count; k++) {
    double *after = m->states + (k + 1) * m->n;
    memcpy(after, m->states + k * m->n, bytes);
    int code = ude_events_affect(m->field, event[k].event, event[k].t, p, after, m->affect);
    if (code) {
      return code;
    }
  }
  memcpy(u, m->states + count * m->n, bytes);
  return 0;
}

/* ----------------------------------------------------------------------------------- tangents -- */

/* Rows of a map of p alone along p_dot, into out: [rows][width]. */
static int times_tangent(ude_moving *m, const ude_map *map, const double *p, const double *p_dot,
                         double *out) {
  double *p_lane = m->lane;
  double *y      = m->lane + m->np;
  double *y_dot  = y + map->rows;
  memset(out, 0, (size_t)(map->rows * m->width) * sizeof *out);
  for (int64_t w = 0; p_dot && w < m->width && map->rows > 0; w++) {
    for (int64_t l = 0; l < m->np; l++) {
      p_lane[l] = p_dot[l * m->width + w];
    }
    int code = map->jvp(y, y_dot, NULL, NULL, p, p_lane, 0, NULL, map->context);
    if (code) {
      return code;
    }
    for (int64_t l = 0; l < map->rows; l++) {
      out[l * m->width + w] = y_dot[l];
    }
  }
  return 0;
}

static void take(double *to, const double *from, int64_t count) {
  for (int64_t w = 0; w < count; w++) {
    to[w] = from ? from[w] : 0;
  }
}

int ude_moving_start_tangent(ude_moving *m, const double *p, const double *p_dot,
                             const double *start_dot, const double *end_dot) {
  take(m->span_dot, start_dot, m->width);
  take(m->span_dot + m->width, end_dot, m->width);
  take(m->t_dot, start_dot, m->width);
  int code = times_tangent(m, &m->of->schedule, p, p_dot, m->stop_dot);
  return code ? code
              : times_tangent(m, &m->of->discontinuities, p, p_dot,
                              m->stop_dot + m->of->schedule_count * m->width);
}

void ude_moving_step_tangent(ude_moving *m, const ude_trace *trace, int64_t i,
                             const ude_method *method, const ude_step *step, const double *p_dot,
                             ude_tangent *tangent) {
  int64_t event = -1;
  bool    aimed = ude_moving_aim(trace, i, &event);
  for (int64_t w = 0; w < m->width; w++) {
    double end =
        event < 0 ? m->span_dot[m->width + w] : m->stop_dot[(event - m->of->count) * m->width + w];
    m->h_dot[w] = aimed ? end - m->t_dot[w] : 0;
  }
  if (method->time_tangents) {
    tangent->t_dot = m->t_dot;
    tangent->h_dot = m->h_dot;
    return;
  }
  take(m->p_dot, p_dot, m->np * m->width);
  m->timed->t_n = step->t;
  for (int64_t w = 0; w < m->width; w++) {
    m->p_dot[m->np * m->width + w]       = m->t_dot[w];
    m->p_dot[(m->np + 1) * m->width + w] = m->h_dot[w] / step->h;
  }
  tangent->p_dot = m->p_dot;
}

const double *ude_moving_theta_tangent(ude_moving *m, const ude_step *step, double theta) {
  for (int64_t w = 0; w < m->width; w++) {
    m->theta_dot[w] = -(m->t_dot[w] + theta * m->h_dot[w]) / step->h;
  }
  return m->theta_dot;
}

/* --------------------------------------------------------------------------------- cotangents -- */

void ude_moving_begin_transpose(ude_moving *m, double t_bar) {
  m->t_bar       = t_bar;
  m->span_bar[0] = m->span_bar[1] = 0;
  memset(m->stop_bar, 0, (size_t)m->stops * sizeof *m->stop_bar);
}

void ude_moving_step_transpose(ude_moving *m, const ude_trace *trace, int64_t i,
                               const ude_moving_step *bar) {
  int64_t event = -1;
  m->t_bar      = bar->t_bar;
  if (ude_moving_aim(trace, i, &event)) { /* h = stop - t */
    m->t_bar -= bar->h_bar;
    if (event < 0) {
      m->span_bar[1] += bar->h_bar;
    } else {
      m->stop_bar[event - m->of->count] += bar->h_bar;
    }
  }
}

int ude_moving_end_transpose(ude_moving *m, const double *p, double *p_bar) {
  const ude_map *schedule = &m->of->schedule;
  const ude_map *jumps    = &m->of->discontinuities;
  m->span_bar[0]          = m->t_bar;
  int code                = 0;
  if (p_bar && m->of->schedule_count > 0) {
    code = schedule->vjp(NULL, p, 0, m->stop_bar, NULL, p_bar, NULL, schedule->context);
  }
  if (p_bar && code == 0 && m->of->discontinuity_count > 0) {
    code = jumps->vjp(NULL, p, 0, m->stop_bar + m->of->schedule_count, NULL, p_bar, NULL,
                      jumps->context);
  }
  return code;
}
