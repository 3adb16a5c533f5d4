/* Life of an optimiser's state, and the methods with short iterations. */
#include "fit/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/linalg.h>

int64_t ude_optimizer_matrix_size(const ude_optimizer_state *state) {
  return state->limited ? (int64_t)2 * UDE_LBFGS_MEMORY * state->n : state->n * state->n;
}

void ude_optimizer_free(ude_optimizer_state *state) {
  if (state) {
    double *const blocks[] = {state->x,       state->g,       state->best_x,    state->first,
                              state->second,  state->inverse, state->trial,     state->trial_g,
                              state->direction, state->residual, state->jacobian, state->normal};
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
  made->n       = n;
  made->limited = limited;
  double **const blocks[] = {&made->x,     &made->g,       &made->best_x, &made->first,
                             &made->second, &made->trial,  &made->trial_g, &made->direction};
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

bool ude_objective_at(ude_objective *objective, const double *x, double *value, double *gradient,
                      ude_status *status, ude_error *error) {
  ude_status result = objective->evaluate(objective->context, x, value, gradient, error);
  objective->evaluations++;
  if (result == UDE_OK) {
    return true;
  }
  objective->failures++;
  if (result != UDE_NUMERICAL) {
    *status = result;
  }
  return false;
}

void ude_optimizer_note(ude_optimizer_state *state) {
  if (state->value < state->best) {
    state->best = state->value;
    memcpy(state->best_x, state->x, (size_t)state->n * sizeof *state->x);
  }
}

/* ----------------------------------------------------------------------------------- Adam -- */

/* After a failed evaluation the step is taken back and the moments are forgotten. */
ude_step_outcome ude_adam_step(ude_optimizer_state *state, ude_objective *objective, double rate,
                               ude_status *status, ude_error *error) {
  static const double beta1   = 0.9;
  static const double beta2   = 0.999;
  static const double epsilon = 1e-8;
  double              t       = (double)(state->iteration + 1);
  double              correct1 = 1 - pow(beta1, t);
  double              correct2 = 1 - pow(beta2, t);
  for (int64_t i = 0; i < state->n; i++) {
    double g         = state->g[i];
    state->first[i]  = beta1 * state->first[i] + (1 - beta1) * g;
    state->second[i] = beta2 * state->second[i] + (1 - beta2) * g * g;
    state->trial[i]  = state->x[i] - rate * (state->first[i] / correct1) /
                                        (sqrt(state->second[i] / correct2) + epsilon);
  }
  double value = 0;
  for (int attempt = 0; attempt < 30; attempt++) {
    if (ude_objective_at(objective, state->trial, &value, state->trial_g, status, error)) {
      memcpy(state->x, state->trial, (size_t)state->n * sizeof(double));
      memcpy(state->g, state->trial_g, (size_t)state->n * sizeof(double));
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
    memset(state->first, 0, (size_t)state->n * sizeof(double));
  }
  return UDE_STEP_STALLED;
}

/* --------------------------------------------------------------------- Levenberg-Marquardt -- */

static ude_status lm_reserve(ude_optimizer_state *state, const ude_objective *objective,
                             ude_error *error) {
  if (state->normal) {
    return UDE_OK;
  }
  state->residual = ude_calloc((size_t)objective->m, sizeof(double));
  state->jacobian = ude_calloc((size_t)objective->m, (size_t)state->n * sizeof(double));
  state->normal   = ude_calloc((size_t)state->n, (size_t)state->n * sizeof(double));
  return state->residual && state->jacobian && state->normal
             ? UDE_OK
             : ude_fail_memory(error, "Levenberg-Marquardt");
}

/* Gradient of r^T r is 2 J^T r; normal = J^T J + damping diag(J^T J). */
static double lm_system(ude_optimizer_state *state, int64_t m) {
  int64_t n       = state->n;
  double  largest = 0;
  memset(state->normal, 0, (size_t)(n * n) * sizeof(double));
  memset(state->g, 0, (size_t)n * sizeof(double));
  for (int64_t row = 0; row < m; row++) {
    const double *j = state->jacobian + row * n;
    for (int64_t a = 0; a < n; a++) {
      if (j[a] != 0) {
        state->g[a] += 2 * j[a] * state->residual[row];
        for (int64_t b = 0; b < n; b++) {
          state->normal[a * n + b] += j[a] * j[b];
        }
      }
    }
  }
  for (int64_t a = 0; a < n; a++) {
    largest = fmax(largest, state->normal[a * n + a]);
  }
  return largest;
}

static double sum_of_squares(const double *r, int64_t m) {
  double sum = 0;
  for (int64_t i = 0; i < m; i++) {
    sum += r[i] * r[i];
  }
  return sum;
}

static double largest_entry(const double *x, int64_t n) {
  double largest = 0;
  for (int64_t i = 0; i < n; i++) {
    largest = fmax(largest, fabs(x[i]));
  }
  return largest;
}

ude_step_outcome ude_lm_step(ude_optimizer_state *state, ude_objective *objective,
                             double tolerance, ude_status *status, ude_error *error) {
  int64_t n = state->n;
  int64_t m = objective->m;
  *status   = lm_reserve(state, objective, error);
  if (*status) {
    return UDE_STEP_FAILED;
  }
  ude_status result = objective->residuals(objective->context, state->x, state->residual,
                                           state->jacobian, error);
  objective->evaluations++;
  if (result) {
    *status = result == UDE_NUMERICAL ? UDE_OK : result;
    return result == UDE_NUMERICAL ? UDE_STEP_STALLED : UDE_STEP_FAILED;
  }
  state->value   = sum_of_squares(state->residual, m);
  double largest = lm_system(state, m);
  if (largest_entry(state->g, n) < tolerance) {
    return UDE_STEP_GRADIENT;
  }
  double *system = state->jacobian; /* free until the next iteration: m >= n is not needed below */
  double *owned  = m < n ? ude_calloc((size_t)n, (size_t)n * sizeof(double)) : NULL;
  system         = m < n ? owned : system;
  if (!system) {
    *status = ude_fail_memory(error, "Levenberg-Marquardt");
    return UDE_STEP_FAILED;
  }
  ude_step_outcome outcome = UDE_STEP_STALLED;
  if (state->iteration == 0) {
    state->damping = 1e-3;
    state->growth  = 2;
  }
  for (int attempt = 0; attempt < 40 && outcome == UDE_STEP_STALLED && !*status; attempt++) {
    memcpy(system, state->normal, (size_t)(n * n) * sizeof(double));
    for (int64_t a = 0; a < n; a++) {
      double diagonal = state->normal[a * n + a];
      system[a * n + a] += state->damping * fmax(diagonal, 1e-8 * largest);
      state->direction[a] = -0.5 * state->g[a];
    }
    bool   solved = ude_cholesky_solve(n, 1, system, state->direction, error) == UDE_OK;
    double value  = (double)INFINITY;
    if (solved) {
      for (int64_t a = 0; a < n; a++) {
        state->trial[a] = state->x[a] + state->direction[a];
      }
      result = objective->residuals(objective->context, state->trial, state->residual, NULL, error);
      objective->evaluations++;
      objective->failures += result != UDE_OK;
      *status = result == UDE_OK || result == UDE_NUMERICAL ? UDE_OK : result;
      value   = result == UDE_OK ? sum_of_squares(state->residual, m) : value;
    }
    double predicted = 0;
    for (int64_t a = 0; solved && a < n; a++) {
      double d = fmax(state->normal[a * n + a], 1e-8 * largest);
      predicted += state->direction[a] * (state->damping * d * state->direction[a] - 0.5 * state->g[a]);
    }
    if (value < state->value) {
      double gain  = (state->value - value) / fmax(predicted, 1e-300);
      double cubic = 2 * gain - 1;
      state->damping *= fmax(1.0 / 3, 1 - cubic * cubic * cubic);
      state->damping = fmax(state->damping, 1e-15);
      state->growth  = 2;
      state->value   = value;
      memcpy(state->x, state->trial, (size_t)n * sizeof(double));
      ude_optimizer_note(state);
      outcome = UDE_STEP_ON;
    } else {
      state->damping *= state->growth;
      state->growth *= 2;
      if (!(state->damping < 1e20)) {
        break;
      }
    }
  }
  free(owned);
  return *status ? UDE_STEP_FAILED : outcome;
}
