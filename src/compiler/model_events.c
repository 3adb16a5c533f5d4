/* Constants of a model's events: arrays in its object, and maps of constant times. */
#include "compiler/model_events.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------- constant times -- */

static int value(double *y, const double *u, const double *p, double t, void *context) {
  const ude_constant_times *times = context;
  (void)u;
  (void)p;
  (void)t;
  memcpy(y, times->t, (size_t)times->count * sizeof *y);
  return 0;
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_constant_times *times = context;
  (void)u_dot;
  (void)p_dot;
  (void)t_dot;
  memset(y_dot, 0, (size_t)times->count * sizeof *y_dot);
  return value(y, u, p, t, context);
}

/* Nothing depends on anything: nothing to add. */
static int vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  (void)u;
  (void)p;
  (void)t;
  (void)y_bar;
  (void)u_bar;
  (void)p_bar;
  (void)t_bar;
  (void)context;
  return 0;
}

static ude_status load_times(ude_constant_times *times, ude_jit *jit, const char *symbol,
                             int64_t count, ude_map *map, ude_error *error) {
  const void *image = ude_jit_find(jit, symbol, error);
  if (!image) {
    return UDE_INTERNAL;
  }
  times->count = count;
  times->t     = ude_calloc((size_t)count, sizeof *times->t);
  if (!times->t) {
    return ude_fail_memory(error, symbol);
  }
  memcpy(times->t, image, (size_t)count * sizeof *times->t);
  *map = (ude_map){
      .rows = count, .columns = 0, .value = value, .jvp = jvp, .vjp = vjp, .context = times};
  return UDE_OK;
}

/* ----------------------------------------------------------------------------------- life -- */

/* `count` entries, the first `given` of which the model says; the rest are zero. */
static ude_status load_flags(int **flags, ude_jit *jit, const char *symbol, int64_t given,
                             int64_t count, ude_error *error) {
  const void *image = given > 0 ? ude_jit_find(jit, symbol, error) : NULL;
  if (given == 0) {
    return UDE_OK;
  }
  if (!image) {
    return UDE_INTERNAL;
  }
  *flags = ude_calloc((size_t)count, sizeof **flags);
  if (!*flags) {
    return ude_fail_memory(error, symbol);
  }
  memcpy(*flags, image, (size_t)given * sizeof **flags);
  return UDE_OK;
}

ude_status ude_model_events_load(ude_model_events *events, ude_jit *jit,
                                 const ude_event_counts *counts, ude_vector_field *field,
                                 ude_error *error) {
  ude_events *to          = &field->events;
  to->count               = counts->count;
  to->schedule_count      = counts->scheduled;
  to->discontinuity_count = counts->discontinuities;
  ude_status status = load_flags(&events->direction, jit, "event_direction", counts->directions,
                                 counts->count, error);
  if (status == UDE_OK) {
    status = load_flags(&events->terminal, jit, "terminal_events", counts->terminals,
                        counts->count + counts->scheduled, error);
  }
  if (status == UDE_OK && counts->schedule_constant) {
    status = load_times(&events->schedule, jit, "schedule_times", counts->scheduled, &to->schedule,
                        error);
  }
  if (status == UDE_OK && counts->discontinuity_constant) {
    status = load_times(&events->discontinuities, jit, "discontinuity_times",
                        counts->discontinuities, &to->discontinuities, error);
  }
  to->direction = events->direction;
  to->terminal  = events->terminal;
  return status;
}

void ude_model_events_free(ude_model_events *events) {
  free(events->direction);
  free(events->terminal);
  free(events->schedule.t);
  free(events->discontinuities.t);
  *events = (ude_model_events){0};
}
