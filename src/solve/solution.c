/* One-shot solves: an integrator whose output is kept. */
#include <stdlib.h>
#include <string.h>

#include "solve/integrator.h"

struct ude_solution {
  int64_t          n, count, capacity;
  double          *t; /* [count] */
  double          *u; /* [count][n] */
  ude_solve_result result;
};

static int push(int64_t index, double t, const double *u, void *context) {
  ude_solution *solution = context;
  (void)index;
  if (solution->count == solution->capacity) {
    int64_t capacity = solution->capacity ? 2 * solution->capacity : 64;
    double *grown_t  = ude_realloc(solution->t, (size_t)capacity, sizeof *grown_t);
    if (!grown_t) {
      return -1;
    }
    solution->t = grown_t;
    double *grown_u =
        ude_realloc(solution->u, (size_t)capacity, (size_t)solution->n * sizeof *grown_u);
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

static ude_status solve(ude_integrator *integrator, const double *u0, const double *p, double t0,
                        double t1, ude_solution *solution, ude_error *error) {
  const ude_solve_options *options = &integrator->options;
  ude_output               output  = {.every_step = options->save == UDE_SAVE_STEPS,
                                      .end_only   = options->save == UDE_SAVE_END,
                                      .save       = push,
                                      .context    = solution};
  if (options->save == UDE_SAVE_AT) {
    output.times = options->saveat;
    output.count = options->saveat_count;
  }
  ude_status status = ude_times_check(output.times, output.count, t0, t1, error);
  return status ? status
                : ude_integrate(integrator, u0, p, t0, t1, &output, &solution->result, error);
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
    made->n = field->state.count;
    status  = solve(integrator, u0, p, t0, t1, made, error);
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
