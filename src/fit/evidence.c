/* How strongly networks are regularised, chosen by the data; how much of the data a fit explains. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/linalg.h>

#include "fit/train.h"

/* ------------------------------------------------------------------------------- the loss -- */

void ude_loss_set_decay(ude_loss *loss, double decay) {
  loss->options.regularise = decay * (double)loss->networks;
}

double ude_loss_weight_squares(ude_loss *loss, const double *theta) {
  double sum = 0;
  ude_loss_set_params(loss, theta);
  for (int64_t i = 0; i < loss->variables.count; i++) {
    const ude_variable *v = &loss->variables.variable[i];
    sum += v->network ? loss->p[v->index] * loss->p[v->index] : 0;
  }
  return sum;
}

/* Sums of squares of a column about its mean, as the residuals compare it. */
static double column_squares(const ude_loss *loss, int64_t j) {
  const ude_dataset *data  = loss->data;
  double             sum   = 0;
  double             mean  = 0;
  int64_t            count = 0;
  for (int64_t k = 0; k < data->trajectories; k++) {
    for (int64_t i = 0; i < data->trajectory[k].count; i++) {
      double value = data->trajectory[k].values[i * data->columns + j];
      if (!isnan(value)) { /* Welford's running mean */
        double slope = 0;
        double x     = ude_loss_residual(loss, j, value, 1, &slope);
        double off   = x - mean;
        mean += off / (double)++count;
        sum += off * (x - mean);
      }
    }
  }
  return sum;
}

ude_status ude_loss_unexplained(ude_loss *loss, const double *theta, double *share,
                                ude_error *error) {
  int64_t    columns = loss->data->columns;
  double    *r       = ude_calloc((size_t)loss->residuals, sizeof *r);
  double    *left    = ude_calloc((size_t)columns, sizeof *left);
  ude_status status  = r && left ? ude_loss_residuals(loss, theta, r, NULL, error)
                                 : ude_fail_memory(error, "the residuals");
  *share             = 0;
  for (int64_t s = 0; s < loss->segments && status == UDE_OK; s++) {
    const ude_segment *segment = &loss->segment[s];
    for (int64_t i = 0; i < segment->count * columns; i++) {
      left[i % columns] += r[segment->residual + i] * r[segment->residual + i];
    }
  }
  for (int64_t j = 0; j < columns && status == UDE_OK; j++) {
    double whole = column_squares(loss, j);
    if (whole > 0) {
      *share = fmax(*share, left[j] / whole);
    }
  }
  free(r);
  free(left);
  return status;
}

/* ------------------------------------------------------------------------------- evidence -- */

/* The traces that say how many variables the data determine: of A^-1 P over all variables, where A = J^T J + P is the
 * Gauss-Newton matrix and P the decay's part of it. */
static ude_status prior_share(const ude_training *t, double *share) {
  const ude_optimizer_state *state  = t->state;
  size_t                     n      = (size_t)state->n;
  double                    *system = ude_calloc(n, n * sizeof *system);
  double                    *unit   = ude_calloc(n, n * sizeof *unit);
  ude_status status = system && unit ? UDE_OK : ude_fail_memory(t->error, "the evidence");
  double     most   = 0;
  *share            = 0;
  for (size_t i = 0; i < n && status == UDE_OK; i++) {
    most            = fmax(most, state->normal[i * n + i]);
    unit[i * n + i] = 1;
  }
  if (status == UDE_OK) {
    memcpy(system, state->normal, n * n * sizeof *system);
    for (size_t i = 0; i < n; i++) {
      system[i * n + i] += 1e-13 * most; /* what neither data nor decay determine */
    }
    status = ude_cholesky_solve(state->n, state->n, system, unit, t->error);
  }
  for (int64_t i = 0; i < t->loss->variables.count && status == UDE_OK; i++) {
    const ude_variable *v = &t->loss->variables.variable[i];
    if (v->network) {
      double slope = ude_variable_slope(v, state->x[i]);
      *share += fmin(state->decay * slope * slope * unit[(size_t)i * n + (size_t)i], 1);
    }
  }
  free(system);
  free(unit);
  return status;
}

/* The objective with another decay, at the same point. */
static void change_decay(ude_training *t, double decay, double squares) {
  ude_optimizer_state *state = t->state;
  double               data  = state->value - state->decayed;
  state->decay               = decay;
  state->decayed             = decay * squares;
  state->value               = data + state->decayed;
  state->best                = state->value;
  memcpy(state->best_x, state->x, (size_t)state->n * sizeof *state->x);
  ude_loss_set_decay(t->loss, decay);
}

void ude_evidence_begin(ude_training *t) {
  ude_optimizer_state *state   = t->state;
  double               squares = ude_loss_weight_squares(t->loss, state->x);
  double               noise   = state->value / (double)t->data->cells;
  state->decayed               = 0;
  state->damping               = 0;
  change_decay(t, squares > 0 ? 0.01 * noise * (double)t->loss->networks / squares : 0, squares);
}

ude_status ude_evidence_update(ude_training *t) {
  ude_optimizer_state *state   = t->state;
  double               share   = 0;
  double               squares = ude_loss_weight_squares(t->loss, state->x);
  state->decayed               = state->decay * squares;
  ude_status status            = prior_share(t, &share);
  if (status) {
    return status == UDE_NUMERICAL ? UDE_OK : status; /* this time the decay stays */
  }
  double data       = state->value - state->decayed;
  double weights    = fmax((double)t->loss->networks - share, 1e-3); /* that the data determine */
  double determined = (double)state->n - share;
  double freedom    = fmax((double)t->data->cells - determined, 1);
  double decay      = squares > 0 ? weights / squares * data / freedom : state->decay;
  change_decay(t, fmin(fmax(decay, 0.5 * state->decay), 1.5 * state->decay), squares);
  return UDE_OK;
}
