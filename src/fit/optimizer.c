/* Life of an optimiser's state, counted evaluations, Adam. */
#include "fit/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t ude_optimizer_matrix_size(const ude_optimizer_state *state) {
  return state->limited ? (int64_t)2 * UDE_LBFGS_MEMORY * state->n : state->n * state->n;
}

void ude_optimizer_free(ude_optimizer_state *state) {
  if (state) {
    double *const blocks[] = {state->x,         state->g,        state->best_x,   state->first,
                              state->second,    state->inverse,  state->trial,    state->trial_g,
                              state->direction, state->residual, state->jacobian, state->normal,
                              state->system};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
      free(blocks[i]);
    }
    free(state);
  }
}

ude_status ude_optimizer_create(int64_t n, bool limited, ude_optimizer_state **state,
                                ude_error *error) {
  ude_optimizer_state *made = ude_calloc(1, sizeof *made);
  *state                    = NULL;
  if (!made) {
    return ude_fail_memory(error, "the optimizer");
  }
  made->n                 = n;
  made->limited           = limited;
  double **const blocks[] = {&made->x,      &made->g,     &made->best_x,  &made->first,
                             &made->second, &made->trial, &made->trial_g, &made->direction};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    *blocks[i] = ude_calloc((size_t)n, sizeof(double));
    if (!*blocks[i]) {
      ude_optimizer_free(made);
      return ude_fail_memory(error, "the optimizer");
    }
  }
  *state = made;
  return UDE_OK;
}

ude_status ude_optimizer_reserve_inverse(ude_optimizer_state *state, ude_error *error) {
  if (!state->inverse) {
    size_t rows    = state->limited ? (size_t)2 * UDE_LBFGS_MEMORY : (size_t)state->n;
    state->inverse = ude_calloc(rows, (size_t)state->n * sizeof(double));
  }
  return state->inverse ? UDE_OK : ude_fail_memory(error, "BFGS");
}

void ude_optimizer_note(ude_optimizer_state *state) {
  if (state->value < state->best) {
    state->best = state->value;
    memcpy(state->best_x, state->x, (size_t)state->n * sizeof *state->x);
  }
}

double ude_largest(const double *x, int64_t n) {
  double largest = 0;
  for (int64_t i = 0; i < n; i++) {
    largest = fmax(largest, fabs(x[i]));
  }
  return largest;
}

/* ---------------------------------------------------------------------------- evaluations -- */

static bool counted(ude_objective *objective, ude_status result, ude_status *status) {
  objective->evaluations++;
  objective->failures += result != UDE_OK;
  if (result != UDE_OK && result != UDE_NUMERICAL) {
    *status = result;
  }
  return result == UDE_OK;
}

bool ude_objective_at(ude_objective *objective, const double *x, double *value, double *gradient,
                      ude_status *status, ude_error *error) {
  ude_status result = objective->evaluate(objective->context, x, value, gradient, error);
  return counted(objective, result, status);
}

bool ude_objective_residuals(ude_objective *objective, const double *x, double *r, double *jacobian,
                             double *value, ude_status *status, ude_error *error) {
  ude_status result = objective->residuals(objective->context, x, r, jacobian, error);
  *value            = 0;
  for (int64_t i = 0; result == UDE_OK && i < objective->m; i++) {
    *value += r[i] * r[i];
  }
  return counted(objective, result, status);
}

/* ----------------------------------------------------------------------------------- Adam -- */

static const double beta1   = 0.9;
static const double beta2   = 0.999;
static const double epsilon = 1e-8;

static double next_first(const ude_optimizer_state *state, int64_t i) {
  return beta1 * state->first[i] + (1 - beta1) * state->g[i];
}

static double next_second(const ude_optimizer_state *state, int64_t i) {
  return beta2 * state->second[i] + (1 - beta2) * state->g[i] * state->g[i];
}

ude_step_outcome ude_adam_step(ude_optimizer_state *state, ude_objective *objective, double rate,
                               ude_status *status, ude_error *error) {
  static const int halvings = 30;
  double           t        = (double)(state->iteration + 1);
  double           correct1 = 1 - pow(beta1, t);
  double           correct2 = 1 - pow(beta2, t);
  for (int64_t i = 0; i < state->n; i++) {
    state->trial[i] = state->x[i] - rate * (next_first(state, i) / correct1) /
                                        (sqrt(next_second(state, i) / correct2) + epsilon);
  }
  for (int attempt = 0; attempt < halvings; attempt++) {
    double value = 0;
    if (ude_objective_at(objective, state->trial, &value, state->trial_g, status, error)) {
      for (int64_t i = 0; i < state->n; i++) {
        double first     = attempt > 0 ? 0 : next_first(state, i);
        state->second[i] = next_second(state, i);
        state->first[i]  = first;
        state->x[i]      = state->trial[i];
        state->g[i]      = state->trial_g[i];
      }
      state->value = value;
      ude_optimizer_note(state);
      return UDE_STEP_ON;
    }
    if (*status) {
      return UDE_STEP_FAILED;
    }
    for (int64_t i = 0; i < state->n; i++) {
      state->trial[i] = 0.5 * (state->trial[i] + state->x[i]);
    }
  }
  return UDE_STEP_STALLED;
}
