/* Integrators (workspaces) and one-shot solutions. */
#include <stdlib.h>
#include <string.h>

#include "solve/integrator.h"

void ude_integrator_free(ude_integrator *integrator) {
  if (integrator) {
    free(integrator->u);
    free(integrator->u_new);
    free(integrator->error);
    free(integrator->work);
    free(integrator->k);
    free(integrator->weights);
    free(integrator->output);
    free(integrator);
  }
}

ude_status ude_integrator_create(const ude_vector_field *field, const ude_solve_options *options,
                                 ude_integrator **integrator, ude_error *error) {
  *integrator       = NULL;
  ude_status status = ude_vector_field_check(field, error);
  if (status) {
    return status;
  }
  ude_integrator *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "an integrator");
  }
  status = ude_solve_options_resolve(options, field, &made->options, error);
  if (status == UDE_OK) {
    made->field   = field;
    made->tableau = ude_erk_find(made->options.method, made->options.rtol);
    made->n       = field->state.count;
    size_t n      = (size_t)made->n;
    size_t stages = (size_t)made->tableau->dense_stages;
    made->u       = ude_calloc(n, sizeof(double));
    made->u_new   = ude_calloc(n, sizeof(double));
    made->error   = ude_calloc(n, sizeof(double));
    made->work    = ude_calloc(n, sizeof(double));
    made->output  = ude_calloc(n, sizeof(double));
    made->weights = ude_calloc(stages, sizeof(double));
    made->k       = ude_calloc(stages, n * sizeof(double));
    if (!made->u || !made->u_new || !made->error || !made->work || !made->output || !made->weights ||
        !made->k) {
      status = ude_fail_memory(error, "an integrator");
    }
  }
  if (status) {
    ude_integrator_free(made);
    return status;
  }
  *integrator = made;
  return UDE_OK;
}

void ude_integrator_set_trace(ude_integrator *integrator, ude_trace *trace) {
  integrator->trace = trace;
}

const ude_erk_tableau *ude_integrator_tableau(const ude_integrator *integrator) {
  return integrator->tableau;
}

typedef struct target {
  double *u_at;
  int64_t n;
} target;

static int save_at(int64_t index, double t, const double *u, void *context) {
  const target *to = context;
  (void)t;
  memcpy(to->u_at + index * to->n, u, (size_t)to->n * sizeof *u);
  return 0;
}

ude_status ude_integrator_run(ude_integrator *integrator, const double *u0, const double *p,
                              double t0, double t1, const double *times, int64_t count, double *u_at,
                              double *u_end, ude_solve_result *result, ude_error *error) {
  ude_status status = ude_times_check(times, count, t0, t1, error);
  if (status) {
    *result = (ude_solve_result){.t = t0, .component = -1, .method = integrator->tableau->name};
    return status;
  }
  target     to     = {u_at, integrator->n};
  ude_output output = {.times = times, .count = count, .save = save_at, .context = &to};
  status            = ude_integrate(integrator, u0, p, t0, t1, &output, result, error);
  if (u_end && (status == UDE_OK || status == UDE_NUMERICAL || status == UDE_INTERRUPTED)) {
    memcpy(u_end, integrator->u, (size_t)integrator->n * sizeof *u_end);
  }
  return status;
}

/* -------------------------------------------------------------------------------- one shot -- */

struct ude_solution {
  int64_t          n, count, capacity;
  double          *t, *u;
  ude_solve_result result;
};

static int push(int64_t index, double t, const double *u, void *context) {
  ude_solution *solution = context;
  (void)index;
  if (solution->count == solution->capacity) {
    int64_t capacity = solution->capacity ? 2 * solution->capacity : 64;
    double *grown_t  = ude_realloc(solution->t, (size_t)capacity, sizeof *grown_t);
    solution->t      = grown_t ? grown_t : solution->t;
    double *grown_u  = grown_t ? ude_realloc(solution->u, (size_t)capacity,
                                             (size_t)solution->n * sizeof *grown_u)
                               : NULL;
    if (!grown_u) {
      return -1;
    }
    solution->u        = grown_u;
    solution->capacity = capacity;
  }
  solution->t[solution->count] = t;
  memcpy(solution->u + solution->count * solution->n, u, (size_t)solution->n * sizeof *u);
  solution->count++;
  return 0;
}

ude_status ude_solve(const ude_vector_field *field, const double *u0, const double *p, double t0,
                     double t1, const ude_solve_options *options, ude_solution **solution,
                     ude_error *error) {
  ude_integrator *integrator = NULL;
  *solution                  = NULL;
  ude_status status          = ude_integrator_create(field, options, &integrator, error);
  if (status) {
    return status;
  }
  const ude_solve_options *resolved = &integrator->options;
  ude_solution            *made     = ude_calloc(1, sizeof *made);
  if (!made) {
    ude_integrator_free(integrator);
    return ude_fail_memory(error, "a solution");
  }
  made->n           = field->state.count;
  ude_output output = {.every_step = resolved->save == UDE_SAVE_STEPS,
                       .end_only   = resolved->save == UDE_SAVE_END,
                       .save       = push,
                       .context    = made};
  if (resolved->save == UDE_SAVE_AT) {
    output.times = resolved->saveat;
    output.count = resolved->saveat_count;
    status       = ude_times_check(output.times, output.count, t0, t1, error);
  }
  if (status == UDE_OK) {
    status = ude_integrate(integrator, u0, p, t0, t1, &output, &made->result, error);
  }
  ude_integrator_free(integrator);
  if (status != UDE_OK && status != UDE_NUMERICAL && status != UDE_INTERRUPTED) {
    ude_solution_free(made);
    return status;
  }
  *solution = made;
  return status;
}

int64_t ude_solution_count(const ude_solution *solution) {
  return solution->count;
}

double ude_solution_time(const ude_solution *solution, int64_t i) {
  return solution->t[i];
}

const double *ude_solution_state(const ude_solution *solution, int64_t i) {
  return solution->u + i * solution->n;
}

const ude_solve_result *ude_solution_result(const ude_solution *solution) {
  return &solution->result;
}

void ude_solution_free(ude_solution *solution) {
  if (solution) {
    free(solution->t);
    free(solution->u);
    free(solution);
  }
}
