/* Levenberg-Marquardt. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/linalg.h>

#include "fit/optimizer.h"

static const double first_damping = 1e-3;
static const double first_growth  = 2;
static const double most_damping  = 1e20;
static const double least_damping = 1e-15;
static const double least_scale   = 1e-8; /* of a variable, against the most sensitive one */

static ude_status reserve(ude_optimizer_state *state, const ude_objective *objective,
                          ude_error *error) {
  size_t n = (size_t)state->n;
  size_t m = (size_t)objective->m;
  const struct {
    double **block;
    size_t   rows, columns;
  } blocks[] = {{&state->residual, m, 1},
                {&state->jacobian, m, n},
                {&state->normal, n, n},
                {&state->system, n, n}};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    if (!*blocks[i].block) {
      *blocks[i].block = ude_calloc(blocks[i].rows, blocks[i].columns * sizeof(double));
    }
    if (!*blocks[i].block) {
      return ude_fail_memory(error, "Levenberg-Marquardt");
    }
  }
  return UDE_OK;
}

/* normal = J^T J and the gradient 2 J^T r; returns the largest diagonal entry of J^T J. */
static double normal_equations(ude_optimizer_state *state, int64_t m) {
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

/* (J^T J + damping D) direction = -J^T r with D = diag(J^T J), bounded from below. Returns the decrease that the linear
 * model predicts; NaN if the system cannot be solved (*status tells what is more than singular). */
static double solve(ude_optimizer_state *state, double largest, double damping, ude_status *status,
                    ude_error *error) {
  int64_t n         = state->n;
  double  predicted = 0;
  memcpy(state->system, state->normal, (size_t)(n * n) * sizeof(double));
  for (int64_t a = 0; a < n; a++) {
    state->system[a * n + a] += damping * fmax(state->normal[a * n + a], least_scale * largest);
    state->direction[a] = -0.5 * state->g[a];
  }
  ude_status solved = ude_cholesky_solve(n, 1, state->system, state->direction, error);
  if (solved) {
    *status = solved == UDE_NUMERICAL ? UDE_OK : solved;
    return (double)NAN;
  }
  for (int64_t a = 0; a < n; a++) {
    double scale = fmax(state->normal[a * n + a], least_scale * largest);
    predicted += state->direction[a] * (damping * scale * state->direction[a] - 0.5 * state->g[a]);
  }
  return predicted;
}

ude_step_outcome ude_lm_step(ude_optimizer_state *state, ude_objective *objective, double tolerance,
                             ude_status *status, ude_error *error) {
  int64_t n    = state->n;
  double  here = 0;
  *status      = reserve(state, objective, error);
  if (*status || !ude_objective_residuals(objective, state->x, state->residual, state->jacobian,
                                          &here, status, error)) {
    return *status ? UDE_STEP_FAILED : UDE_STEP_STALLED;
  }
  double largest = normal_equations(state, objective->m);
  double damping = state->damping > 0 ? state->damping : first_damping;
  double growth  = state->damping > 0 ? state->growth : first_growth;
  if (ude_largest(state->g, n) < tolerance) {
    return UDE_STEP_GRADIENT;
  }
  for (; damping < most_damping; damping *= growth, growth *= 2) {
    double predicted = solve(state, largest, damping, status, error);
    double value     = (double)INFINITY;
    if (!isnan(predicted)) {
      for (int64_t a = 0; a < n; a++) {
        state->trial[a] = state->x[a] + state->direction[a];
      }
      if (!ude_objective_residuals(objective, state->trial, state->residual, NULL, &value, status,
                                   error)) {
        value = (double)INFINITY;
      }
    }
    if (*status) {
      return UDE_STEP_FAILED;
    }
    if (value < here) {
      double cubic   = 2 * (here - value) / fmax(predicted, 1e-300) - 1;
      state->damping = fmax(damping * fmax(1.0 / 3, 1 - cubic * cubic * cubic), least_damping);
      state->growth  = first_growth;
      state->value   = value;
      memcpy(state->x, state->trial, (size_t)n * sizeof(double));
      ude_optimizer_note(state);
      return UDE_STEP_ON;
    }
  }
  return UDE_STEP_STALLED;
}
