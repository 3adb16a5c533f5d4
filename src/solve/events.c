/* Events of a solve: the workspace, stops, changes of state. Roots inside steps: events_scan.c. */
#include "solve/events.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/control.h"

enum { DEFAULT_SAMPLES = 8, MOST_REPEATS = 100 };

/* ------------------------------------------------------------------------------------- life -- */

void ude_events_close(ude_event_watch *w) {
  if (w) {
    free(w->g);
    free(w->g_at);
    free(w->f);
    free(w->state);
    free(w->flow);
    free(w->side);
    free(w->root);
    free(w->stop);
    free(w->times);
    free(w->fired);
    free(w);
  }
}

ude_status ude_events_open(const ude_vector_field *field, const ude_solve_options *options,
                           ude_event_watch **watch, ude_error *error) {
  const ude_events *of    = &field->events;
  int64_t           times = of->schedule_count + of->discontinuity_count;
  *watch                  = NULL;
  if (of->count + times == 0) {
    return UDE_OK;
  }
  ude_event_watch *w = ude_calloc(1, sizeof *w);
  if (!w) {
    return ude_fail_memory(error, "events");
  }
  size_t n           = (size_t)field->state.count;
  size_t count       = (size_t)of->count;
  w->field           = field;
  w->of              = of;
  w->n               = field->state.count;
  w->count           = of->count;
  w->scheduled       = of->schedule_count;
  w->discontinuities = of->discontinuity_count;
  w->samples         = options->event_samples < 0    ? 0
                       : options->event_samples == 0 ? DEFAULT_SAMPLES
                                                     : options->event_samples;
  w->g               = ude_calloc(count, sizeof *w->g);
  w->g_at            = ude_calloc(count, sizeof *w->g_at);
  w->f               = ude_calloc(count, sizeof *w->f);
  w->state           = ude_calloc(n + 1, sizeof *w->state);
  w->flow            = ude_calloc(2 * n, sizeof *w->flow);
  w->side            = ude_calloc(count, sizeof *w->side);
  w->root            = ude_calloc(count, sizeof *w->root);
  w->stop            = ude_calloc((size_t)times, sizeof *w->stop);
  w->times           = ude_calloc((size_t)times, sizeof *w->times);
  w->fired           = ude_calloc(count + (size_t)times, sizeof *w->fired);
  if (!w->g || !w->g_at || !w->f || !w->state || !w->flow || !w->side || !w->root || !w->stop ||
      !w->times || !w->fired) {
    ude_events_close(w);
    return ude_fail_memory(error, "events");
  }
  *watch = w;
  return UDE_OK;
}

/* ------------------------------------------------------------------------------------ stops -- */

double ude_events_gap(double t, double stop) {
  return 4 * DBL_EPSILON * fmax(fabs(t), fabs(stop));
}

static int by_time(const void *a, const void *b) {
  const ude_stop *x = a;
  const ude_stop *y = b;
  return x->t != y->t ? (x->t > y->t) - (x->t < y->t)
                      : (x->event > y->event) - (x->event < y->event);
}

static int by_time_backwards(const void *a, const void *b) {
  const ude_stop *x = a;
  const ude_stop *y = b;
  return x->t != y->t ? (x->t < y->t) - (x->t > y->t)
                      : (x->event > y->event) - (x->event < y->event);
}

ude_events_code ude_events_begin(ude_event_watch *w, const double *p, double t0, double t1) {
  const ude_map *schedule = &w->of->schedule;
  const ude_map *jumps    = &w->of->discontinuities;
  int64_t        times    = w->scheduled + w->discontinuities;
  double         before   = t0 < t1 ? t0 : t1;
  double         after    = t0 < t1 ? t1 : t0;
  w->stops = w->next = 0;
  w->fired_count     = 0;
  w->repeats         = 0;
  w->previous        = (double)NAN;
  w->culprit         = -1;
  for (int64_t i = 0; i < w->count; i++) {
    w->side[i] = 0;
  }
  if ((w->scheduled > 0 && schedule->value(w->times, NULL, p, 0, schedule->context)) ||
      (w->discontinuities > 0 &&
       jumps->value(w->times + w->scheduled, NULL, p, 0, jumps->context))) {
    return UDE_EVENTS_SCHEDULE;
  }
  for (int64_t k = 0; k < times; k++) {
    double t = w->times[k];
    if (isnan(t)) {
      w->culprit = w->count + k;
      return UDE_EVENTS_SCHEDULE;
    }
    /* A discontinuity at an end of the span is not inside of it. */
    bool inside = k < w->scheduled ? t >= before && t <= after : t > before && t < after;
    if (inside) {
      w->stop[w->stops++] = (ude_stop){t, w->count + k};
    }
  }
  if (w->stops > 1) {
    qsort(w->stop, (size_t)w->stops, sizeof *w->stop, t0 <= t1 ? by_time : by_time_backwards);
  }
  return UDE_EVENTS_OK;
}

/* Events happen in the order of their numbers. */
static void insert(ude_event_watch *w, int64_t event) {
  int64_t at = w->fired_count++;
  for (; at > 0 && w->fired[at - 1] > event; at--) {
    w->fired[at] = w->fired[at - 1];
  }
  w->fired[at] = event;
}

void ude_events_take_stops(ude_event_watch *w, double direction) {
  double t   = w->stop[w->next].t;
  double gap = 2 * ude_events_gap(t, t);
  w->t       = t;
  w->theta   = 1;
  while (w->next < w->stops && direction * (w->stop[w->next].t - t) <= gap) {
    insert(w, w->stop[w->next++].event);
  }
}

/* ------------------------------------------------------------------------------------ state -- */

bool ude_events_act(const ude_event_watch *w) {
  for (int64_t k = 0; k < w->fired_count; k++) {
    if (w->fired[k] >= w->count || w->of->affect.value ||
        (w->of->terminal && w->of->terminal[w->fired[k]])) {
      return true;
    }
  }
  return false;
}

bool ude_events_terminal(const ude_event_watch *w) {
  for (int64_t k = 0; k < w->fired_count; k++) {
    if (w->fired[k] < w->count + w->scheduled && w->of->terminal && w->of->terminal[w->fired[k]]) {
      return true;
    }
  }
  return false;
}

int ude_events_affect(const ude_vector_field *field, int64_t event, double t, const double *p,
                      double *u, double *scratch) {
  const ude_events *of = &field->events;
  int64_t           n  = field->state.count;
  if (!of->affect.value || event >= of->count + of->schedule_count) {
    return 0;
  }
  if (n > 0) {
    memcpy(scratch, u, (size_t)n * sizeof *u);
  }
  scratch[n] = (double)event;
  return of->affect.value(u, scratch, p, t, of->affect.context);
}

ude_events_code ude_events_apply(ude_event_watch *w, const double *p, double *u) {
  for (int64_t k = 0; k < w->fired_count; k++) {
    if (ude_events_affect(w->field, w->fired[k], w->t, p, u, w->state)) {
      w->culprit = -1;
      return UDE_EVENTS_AFFECT;
    }
    w->culprit = ude_first_not_finite(w->n, u);
    if (w->culprit >= 0) {
      return UDE_EVENTS_AFFECT;
    }
  }
  return UDE_EVENTS_OK;
}

ude_events_code ude_events_count(ude_event_watch *w) {
  bool near   = fabs(w->t - w->previous) <= ude_smallest_step(w->t);
  w->repeats  = near ? w->repeats + 1 : 0;
  w->previous = w->t;
  return w->repeats > MOST_REPEATS ? UDE_EVENTS_ACCUMULATE : UDE_EVENTS_OK;
}
