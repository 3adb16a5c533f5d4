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
static const double promising =
    1e-6; /* decrease, of the value, that a step must promise to be missed */
static const double least_alike = 1e-2; /* likewise among those that are alike */

static ude_status reserve(ude_optimizer_state *state, const ude_objective *objective,
                          ude_error *error) {
  size_t n = (size_t)state->n;
  size_t m = (size_t)objective->m;
  const struct {
    double **block;
    size_t   rows, columns;
  } blocks[] = {{&state->residual, m, 1},
                {&state->jacobian, m, n},
                {&state->scale, n, 1},
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

/* The lower triangle of normal = J^T J, and the gradient 2 J^T r. */
static void normal_equations(ude_optimizer_state *state, int64_t m) {
  int64_t n = state->n;
  memset(state->normal, 0, (size_t)(n * n) * sizeof(double));
  memset(state->g, 0, (size_t)n * sizeof(double));
  for (int64_t row = 0; row < m; row++) {
    const double *j = state->jacobian + row * n;
    for (int64_t a = 0; a < n; a++) {
      if (j[a] != 0) {
        state->g[a] += 2 * j[a] * state->residual[row];
        for (int64_t b = 0; b <= a; b++) {
          state->normal[a * n + b] += j[a] * j[b];
        }
      }
    }
  }
}

/* Diagonal of the damping matrix D into state->scale. */
static void scales(ude_optimizer_state *state) {
  int64_t n             = state->n;
  double  largest       = 0;
  double  largest_alike = 0;
  for (int64_t a = 0; a < n; a++) {
    largest       = fmax(largest, state->normal[a * n + a]);
    largest_alike = fmax(largest_alike, state->alike[a] ? state->normal[a * n + a] : 0);
  }
  for (int64_t a = 0; a < n; a++) {
    double least    = state->alike[a] ? least_alike * largest_alike : 0;
    state->scale[a] = fmax(fmax(state->normal[a * n + a], least), least_scale * largest);
  }
}

/* (J^T J + damping D) direction = -J^T r. Returns the decrease that the linear model predicts; NaN if the system cannot
 * be solved (*status tells what is more than singular). */
static double solve(ude_optimizer_state *state, double damping, ude_status *status,
                    ude_error *error) {
  int64_t n         = state->n;
  double  predicted = 0;
  memcpy(state->system, state->normal, (size_t)(n * n) * sizeof(double));
  for (int64_t a = 0; a < n; a++) {
    state->system[a * n + a] += damping * state->scale[a];
    state->direction[a] = -0.5 * state->g[a];
  }
  ude_status solved = ude_cholesky_solve(n, 1, state->system, state->direction, error);
  if (solved) {
    *status = solved == UDE_NUMERICAL ? UDE_OK : solved;
    return (double)NAN;
  }
  for (int64_t a = 0; a < n; a++) {
    predicted +=
        state->direction[a] * (damping * state->scale[a] * state->direction[a] - 0.5 * state->g[a]);
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
  normal_equations(state, objective->m);
  scales(state);
  double damping = state->damping > 0 ? state->damping : first_damping;
  double growth  = state->damping > 0 ? state->growth : first_growth;
  if (ude_largest(state->g, n) < tolerance) {
    return UDE_STEP_GRADIENT;
  }
  double promised = (double)NAN;
  while (damping < most_damping) {
    double predicted = solve(state, damping, status, error);
    promised         = isnan(promised) ? predicted : promised;
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
    damping *= growth;
    growth *= 2;
  }
  /* at a minimum nothing is lower, and nothing was promised */
  return promised <= promising * here ? UDE_STEP_GRADIENT : UDE_STEP_STALLED;
}
