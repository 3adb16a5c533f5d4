/* The accepted steps of a solve, for adjoints. */
#include <stdlib.h>
#include <string.h>

#include "solve/integrator.h"

void ude_trace_start(ude_trace *trace, int64_t n, double t0) {
  if (trace->n != n) {
    trace->state_capacity = 0; /* storage of another dimension is of no use */
    free(trace->u);
    trace->u = NULL;
  }
  trace->method_count = 0;
  trace->n            = n;
  trace->steps        = 0;
  trace->events       = 0;
  trace->aims         = 0;
  trace->t0           = t0;
  trace->stride       = 1;
  trace->states       = 0;
  trace->t_end        = t0;
}

/* Every array that can be had is kept: a failure leaves a trace that is freed as usual. */
static int grow_steps(ude_trace *trace) {
  int64_t capacity = trace->capacity ? 2 * trace->capacity : 64;
  double *t        = ude_realloc(trace->t, (size_t)capacity, sizeof *t);
  trace->t         = t ? t : trace->t;
  double *h        = t ? ude_realloc(trace->h, (size_t)capacity, sizeof *h) : NULL;
  trace->h         = h ? h : trace->h;
  double *end      = h ? ude_realloc(trace->end, (size_t)capacity, sizeof *end) : NULL;
  trace->end       = end ? end : trace->end;
  int32_t *tag     = end ? ude_realloc(trace->tag, (size_t)capacity, sizeof *tag) : NULL;
  trace->tag       = tag ? tag : trace->tag;
  uint8_t *which   = tag ? ude_realloc(trace->which, (size_t)capacity, sizeof *which) : NULL;
  trace->which     = which ? which : trace->which;
  trace->capacity  = which ? capacity : trace->capacity;
  return which ? 0 : -1;
}

static int grow_states(ude_trace *trace) {
  int64_t capacity = trace->state_capacity ? 2 * trace->state_capacity : 16;
  if (trace->max_states > 0 && capacity > trace->max_states) {
    capacity = trace->max_states;
  }
  double *u = ude_realloc(trace->u, (size_t)capacity, (size_t)trace->n * sizeof *u);
  if (!u) {
    return -1;
  }
  trace->u              = u;
  trace->state_capacity = capacity;
  return 0;
}

/* Keep every second state: those of steps that are multiples of twice the stride. */
static void thin(ude_trace *trace) {
  size_t bytes = (size_t)trace->n * sizeof *trace->u;
  for (int64_t i = 2; i < trace->states; i += 2) {
    memcpy(trace->u + i / 2 * trace->n, trace->u + i * trace->n, bytes);
  }
  trace->states = (trace->states + 1) / 2;
  trace->stride *= 2;
}

/* Its index in the list of those that took steps; a solve uses UDE_TRACE_METHODS of them at most. */
static uint8_t index_of(ude_trace *trace, const ude_method *method) {
  int i = 0;
  while (i < trace->method_count && trace->methods[i] != method) {
    i++;
  }
  if (i == trace->method_count && i < UDE_TRACE_METHODS) {
    trace->methods[trace->method_count++] = method;
  }
  return (uint8_t)i;
}

int ude_trace_push(ude_trace *trace, const ude_method *method, const ude_step *step) {
  if (trace->steps == trace->capacity && grow_steps(trace)) {
    return -1;
  }
  if (trace->steps % trace->stride == 0 && trace->max_states > 0 &&
      trace->states == trace->max_states) {
    thin(trace);
  }
  if (trace->steps % trace->stride == 0) {
    if (trace->states == trace->state_capacity && grow_states(trace)) {
      return -1;
    }
    memcpy(trace->u + trace->states * trace->n, step->u, (size_t)trace->n * sizeof *step->u);
    trace->states++;
  }
  trace->t[trace->steps]     = step->t;
  trace->h[trace->steps]     = step->h;
  trace->end[trace->steps]   = step->t_next;
  trace->tag[trace->steps]   = step->tag;
  trace->which[trace->steps] = index_of(trace, method);
  trace->steps++;
  trace->t_end = step->t_next;
  return 0;
}

int ude_trace_push_event(ude_trace *trace, ude_trace_event event) {
  if (trace->events == trace->event_capacity) {
    int64_t          capacity = trace->event_capacity ? 2 * trace->event_capacity : 16;
    ude_trace_event *grown    = ude_realloc(trace->event, (size_t)capacity, sizeof *grown);
    if (!grown) {
      return -1;
    }
    trace->event          = grown;
    trace->event_capacity = capacity;
  }
  event.step                    = trace->steps - 1;
  trace->event[trace->events++] = event;
  return 0;
}

int ude_trace_push_aim(ude_trace *trace, int64_t event) {
  if (trace->aims == trace->aim_capacity) {
    int64_t        capacity = trace->aim_capacity ? 2 * trace->aim_capacity : 16;
    ude_trace_aim *grown    = ude_realloc(trace->aim, (size_t)capacity, sizeof *grown);
    if (!grown) {
      return -1;
    }
    trace->aim          = grown;
    trace->aim_capacity = capacity;
  }
  trace->aim[trace->aims++] = (ude_trace_aim){trace->steps - 1, event};
  return 0;
}

ude_step ude_trace_step(const ude_trace *trace, int64_t i) {
  return (ude_step){.t         = trace->t[i],
                    .h         = trace->h[i],
                    .t_next    = trace->end[i],
                    .tag       = trace->tag[i],
                    .norm      = -1,
                    .component = -1};
}

void ude_trace_free(ude_trace *trace) {
  free(trace->t);
  free(trace->h);
  free(trace->end);
  free(trace->event);
  free(trace->aim);
  free(trace->tag);
  free(trace->which);
  free(trace->u);
  *trace = (ude_trace){0};
}
