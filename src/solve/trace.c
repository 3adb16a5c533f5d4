/* The accepted steps of a solve, for adjoints. */
#include <stdlib.h>
#include <string.h>

#include "solve/integrator.h"

void ude_trace_start(ude_trace *trace, const ude_erk_tableau *tableau, int64_t n, double t0) {
  if (trace->n != n) {
    trace->state_capacity = 0; /* storage of another dimension is of no use */
    free(trace->u);
    trace->u = NULL;
  }
  trace->tableau = tableau;
  trace->n       = n;
  trace->steps   = 0;
  trace->stride  = 1;
  trace->states  = 0;
  trace->t_end   = t0;
}

static int grow_steps(ude_trace *trace) {
  int64_t capacity = trace->capacity ? 2 * trace->capacity : 64;
  double *t        = ude_realloc(trace->t, (size_t)capacity, sizeof *t);
  trace->t         = t ? t : trace->t;
  double *h        = t ? ude_realloc(trace->h, (size_t)capacity, sizeof *h) : NULL;
  trace->h         = h ? h : trace->h;
  trace->capacity  = h ? capacity : trace->capacity;
  return h ? 0 : -1;
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

int ude_trace_push(ude_trace *trace, double t, double h, double t_next, const double *u) {
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
    memcpy(trace->u + trace->states * trace->n, u, (size_t)trace->n * sizeof *u);
    trace->states++;
  }
  trace->t[trace->steps] = t;
  trace->h[trace->steps] = h;
  trace->steps++;
  trace->t_end = t_next;
  return 0;
}

void ude_trace_free(ude_trace *trace) {
  free(trace->t);
  free(trace->h);
  free(trace->u);
  *trace = (ude_trace){0};
}
