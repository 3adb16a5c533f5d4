/* One-shot solves: an integrator whose output is kept. */
#include <stdlib.h>
#include <string.h>

#include "solve/integrator.h"

/** Points of a solution, one after the other. */
typedef struct points {
  int64_t  count, capacity;
  double  *t;     /* [count] */
  double  *u;     /* [count][n] */
  int64_t *event; /* [count]; of events only */
} points;

struct ude_solution {
  int64_t          n;
  points           row, event;
  ude_solve_result result;
};

static int push(points *to, int64_t n, double t, int64_t event, bool has_event, const double *u) {
  if (to->count == to->capacity) {
    int64_t capacity = to->capacity ? 2 * to->capacity : 64;
    double *grown_t  = ude_realloc(to->t, (size_t)capacity, sizeof *grown_t);
    to->t            = grown_t ? grown_t : to->t;
    double *grown_u  = ude_realloc(to->u, (size_t)capacity, (size_t)n * sizeof *grown_u);
    to->u            = grown_u ? grown_u : to->u;
    int64_t *grown_event =
        has_event ? ude_realloc(to->event, (size_t)capacity, sizeof *grown_event) : NULL;
    to->event = grown_event ? grown_event : to->event;
    if (!grown_t || !grown_u || (has_event && !grown_event)) {
      return -1;
    }
    to->capacity = capacity;
  }
  to->t[to->count] = t;
  if (has_event) {
    to->event[to->count] = event;
  }
  if (n > 0) {
    memcpy(to->u + to->count * n, u, (size_t)n * sizeof *u);
  }
  to->count++;
  return 0;
}

static int push_row(int64_t index, double t, const double *u, void *context) {
  ude_solution *solution = context;
  (void)index;
  return push(&solution->row, solution->n, t, -1, false, u);
}

static int push_event(double t, int64_t event, const double *u, void *context) {
  ude_solution *solution = context;
  return push(&solution->event, solution->n, t, event, true, u);
}

static ude_status solve(ude_integrator *integrator, const double *u0, const double *p, double t0,
                        double t1, ude_output output, ude_solve_result *result, ude_error *error) {
  const ude_solve_options *options = &integrator->options;
  output.every_step                = options->save == UDE_SAVE_STEPS;
  output.end_only                  = options->save == UDE_SAVE_END;
  if (options->save == UDE_SAVE_AT) {
    output.times = options->saveat;
    output.count = options->saveat_count;
  }
  ude_status status = ude_times_check(output.times, output.count, t0, t1, error);
  return status ? status : ude_integrate(integrator, u0, p, t0, t1, &output, result, error);
}

ude_status ude_solve(const ude_vector_field *field, const double *u0, const double *p, double t0,
                     double t1, const ude_solve_options *options, ude_solution **solution,
                     ude_error *error) {
  *solution                  = NULL;
  ude_integrator *integrator = NULL;
  ude_status      status     = ude_integrator_create(field, options, &integrator, error);
  if (status) {
    return status;
  }
  ude_solution *made = ude_calloc(1, sizeof *made);
  if (made) {
    ude_output output = {.save = push_row, .save_event = push_event, .context = made};
    made->n           = field->state.count;
    status            = solve(integrator, u0, p, t0, t1, output, &made->result, error);
  } else {
    status = ude_fail_memory(error, "a solution");
  }
  ude_integrator_free(integrator);
  if (status != UDE_OK && status != UDE_NUMERICAL && status != UDE_INTERRUPTED) {
    ude_solution_free(made);
    return status;
  }
  *solution = made;
  return status;
}

/* A nonzero answer of the user's function ends the solve; negative numbers are kept for memory. */
static int stream_row(int64_t index, double t, const double *u, void *context) {
  const ude_stream *to = context;
  (void)index;
  return to->row(t, u, to->context) ? 1 : 0;
}

static int stream_event(double t, int64_t event, const double *u, void *context) {
  const ude_stream *to = context;
  return to->event(t, event, u, to->context) ? 1 : 0;
}

ude_status ude_solve_stream(const ude_vector_field *field, const double *u0, const double *p,
                            double t0, double t1, const ude_solve_options *options,
                            const ude_stream *stream, ude_solve_result *result, ude_error *error) {
  ude_integrator *integrator = NULL;
  *result                    = (ude_solve_result){.t = t0, .component = -1, .event = -1};
  ude_status status          = ude_integrator_create(field, options, &integrator, error);
  if (status == UDE_OK) {
    ude_stream own    = *stream;
    ude_output output = {
        .save = stream_row, .save_event = stream->event ? stream_event : NULL, .context = &own};
    status = solve(integrator, u0, p, t0, t1, output, result, error);
  }
  ude_integrator_free(integrator);
  return status;
}

int64_t ude_solution_count(const ude_solution *solution) {
  return solution->row.count;
}

double ude_solution_time(const ude_solution *solution, int64_t i) {
  return solution->row.t[i];
}

const double *ude_solution_state(const ude_solution *solution, int64_t i) {
  return solution->row.u + i * solution->n;
}

const ude_solve_result *ude_solution_result(const ude_solution *solution) {
  return &solution->result;
}

int64_t ude_solution_event_count(const ude_solution *solution) {
  return solution->event.count;
}

double ude_solution_event_time(const ude_solution *solution, int64_t i) {
  return solution->event.t[i];
}

int64_t ude_solution_event(const ude_solution *solution, int64_t i) {
  return solution->event.event[i];
}

const double *ude_solution_event_state(const ude_solution *solution, int64_t i) {
  return solution->event.u + i * solution->n;
}

void ude_solution_free(ude_solution *solution) {
  if (solution) {
    free(solution->row.t);
    free(solution->row.u);
    free(solution->event.t);
    free(solution->event.u);
    free(solution->event.event);
    free(solution);
  }
}
