/* One stage of a fit: phases, limits, progress, checkpoints. */
#include "fit/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double save_interval = 5;  /* seconds between checkpoints, */
static const double save_share    = 20; /* and at least so many times as long as one takes */

double ude_training_seconds(const ude_training *t) {
  return t->position.seconds + ude_clock() - t->started;
}

/* position.seconds stands for earlier runs while the fit runs, for all in the file. */
static ude_status write_checkpoint(ude_training *t) {
  ude_position position = t->position;
  position.seconds      = ude_training_seconds(t);
  return ude_checkpoint_write(t->options.folder, t->state, &position, t->key, t->error);
}

ude_status ude_training_save(ude_training *t) {
  double before = ude_clock();
  if (!t->options.folder) {
    return UDE_OK;
  }
  ude_status status = ude_history_write(&t->history, t->options.folder, t->error);
  status            = status ? status : write_checkpoint(t);
  status    = status ? status : ude_loss_unpack(t->loss, t->state->best_x, t->p, t->u0, t->error);
  status    = status ? status
                     : ude_params_write(t->options.folder, t->loss, t->p, t->u0,
                                        &(ude_params_note){.status = "interrupted",
                                                           .loss = t->state->best - t->state->decayed},
                                        t->error);
  t->saved  = ude_clock();
  t->saving = t->saved - before;
  return status;
}

/* ----------------------------------------------------------------------------- iterations -- */

const char *ude_training_phase_name(const ude_training *t) {
  return t->state->phase == UDE_PHASE_ADAM   ? "adam"
         : t->state->phase != UDE_PHASE_BFGS ? "lm"
         : t->state->limited                 ? "lbfgs"
                                             : "bfgs";
}

/* After each iteration: history, progress, checkpoint. UDE_OK with *on false: the time is over. */
static ude_status tick(ude_training *t, int64_t total, bool *on, ude_fit_reason *reason) {
  ude_optimizer_state *state = t->state;
  state->iteration++;
  t->position.iterations++;
  t->position.evaluations = t->objective.evaluations;
  t->position.failures    = t->objective.failures;
  ude_history_row row     = {(double)t->objective.evaluations, (double)state->phase,
                             state->value - state->decayed,    state->best - state->decayed,
                             ude_largest(state->g, state->n),  ude_training_seconds(t)};
  ude_status      status  = ude_history_add(&t->history, row, t->error);
  if (status == UDE_OK && ude_clock() - t->saved > fmax(save_interval, save_share * t->saving)) {
    status = ude_training_save(t);
  }
  if (status) {
    return status;
  }
  ude_progress progress = {.phase = ude_training_phase_name(t),
                           .done  = state->iteration,
                           .total = total,
                           .value = state->value,
                           .best  = state->best};
  if (t->options.progress && t->options.progress(&progress, t->options.progress_context)) {
    return ude_fail(t->error, UDE_INTERRUPTED, "the fit was stopped; the best so far is kept");
  }
  if (t->options.max_seconds > 0 && ude_training_seconds(t) > t->options.max_seconds) {
    *reason = UDE_FIT_TIME;
    *on     = false;
  }
  return UDE_OK;
}

/* Relative change over the last iterations: few for Levenberg-Marquardt; many for BFGS, which crosses plateaus. */
static bool settled(ude_optimizer_state *state, double tolerance) {
  int64_t span      = state->phase == UDE_PHASE_BFGS ? UDE_CHANGE_WINDOW : 10;
  int64_t at        = state->iteration % span;
  double  before    = state->window[at];
  state->window[at] = state->value;
  double change     = before - state->value;
  /* while the decay is chosen, the objective may also rise */
  change = state->phase == UDE_PHASE_EVIDENCE ? fabs(change) : change;
  return state->iteration >= span && change <= tolerance * fabs(state->value);
}

static ude_status adam(ude_training *t, bool *on, ude_fit_reason *reason) {
  int64_t    total  = t->options.adam;
  ude_status status = UDE_OK;
  *reason           = UDE_FIT_ITERATIONS;
  while (*on && t->state->iteration < total && status == UDE_OK) {
    ude_step_outcome outcome =
        ude_adam_step(t->state, &t->objective, t->options.rate, &status, t->error);
    if (outcome == UDE_STEP_STALLED) {
      t->state->iteration = total - 1; /* the optimizer may still find a way */
    }
    status = status ? status : tick(t, total, on, reason);
  }
  return status;
}

/* The optimizer starts from the best point of the phase before. */
static ude_status next_phase(ude_training *t, int64_t phase) {
  ude_optimizer_state *state  = t->state;
  ude_status           status = UDE_OK;
  double               value  = 0;
  if (!ude_objective_at(&t->objective, state->best_x, &value, state->trial_g, &status, t->error)) {
    return status ? status : UDE_NUMERICAL;
  }
  state->phase            = phase;
  state->iteration        = 0;
  state->value            = value;
  t->position.evaluations = t->objective.evaluations;
  t->position.failures    = t->objective.failures;
  memcpy(state->x, state->best_x, (size_t)state->n * sizeof(double));
  memcpy(state->g, state->trial_g, (size_t)state->n * sizeof(double));
  return UDE_OK;
}

static ude_step_outcome step(ude_training *t, ude_status *status) {
  double tolerance = t->options.gradient_tolerance;
  return t->state->phase == UDE_PHASE_BFGS
             ? ude_bfgs_step(t->state, &t->objective, t->options.first_step, tolerance, status,
                             t->error)
             : ude_lm_step(t->state, &t->objective, tolerance, status, t->error);
}

/* Limits where the options name none: Levenberg-Marquardt takes few iterations. Parameters alone are determined to the
 * last digit; networks would follow valleys that the data leave open without end. */
static int64_t limit(const ude_training *t) {
  static const int64_t whole[]   = {2000, 200};
  static const int64_t passing[] = {300, 30}; /* of a stage with segments */
  bool                 lm        = t->state->phase != UDE_PHASE_BFGS;
  int64_t              total     = t->options.iterations > 0 ? t->options.iterations : whole[lm];
  return t->lengths[t->position.stage] > 0 && total > passing[lm] ? passing[lm] : total;
}

static double change_tolerance(const ude_training *t) {
  bool   exact  = t->state->phase == UDE_PHASE_LM && t->loss->networks == 0;
  double chosen = t->state->phase == UDE_PHASE_BFGS ? 1e-4 : exact ? 1e-9 : 1e-3;
  return t->options.change_tolerance > 0 ? t->options.change_tolerance : chosen;
}

static void end(ude_training *t, ude_fit_reason reason) {
  t->position.ended              = true;
  t->position.reason             = reason;
  t->position.gradient_tolerance = t->options.gradient_tolerance;
  t->position.change_tolerance   = t->options.change_tolerance;
}

static ude_status descend(ude_training *t, bool *on, ude_fit_reason *reason) {
  int64_t    total  = limit(t);
  ude_status status = UDE_OK;
  *reason           = UDE_FIT_ITERATIONS;
  while (*on && !t->position.ended && t->state->iteration < total && status == UDE_OK) {
    ude_step_outcome outcome = step(t, &status);
    if (status == UDE_OK && outcome == UDE_STEP_ON && t->state->phase == UDE_PHASE_EVIDENCE) {
      status = ude_evidence_update(t);
    }
    if (status) {
      return status;
    }
    if (outcome != UDE_STEP_ON || settled(t->state, change_tolerance(t))) {
      *reason = outcome == UDE_STEP_GRADIENT  ? UDE_FIT_GRADIENT
                : outcome == UDE_STEP_STALLED ? UDE_FIT_STALLED
                                              : UDE_FIT_CHANGE;
      end(t, *reason);
    }
    status = tick(t, total, on, reason);
  }
  if (t->position.ended && *reason == UDE_FIT_ITERATIONS) {
    *reason = (ude_fit_reason)t->position.reason;
  }
  return status;
}

static int64_t descent_phase(const ude_training *t) {
  return t->lm ? UDE_PHASE_LM : UDE_PHASE_BFGS;
}

int64_t ude_training_first_phase(const ude_training *t) {
  bool first = t->position.stage == 0 || (t->fallback && t->position.stage == 1) ||
               t->options.optimizer == UDE_OPTIMIZER_NONE;
  return first ? UDE_PHASE_ADAM : descent_phase(t);
}

ude_status ude_training_stage(ude_training *t, ude_fit_reason *reason) {
  bool       on     = true;
  ude_status status = UDE_OK;
  *reason           = UDE_FIT_ITERATIONS;
  if (t->state->phase == UDE_PHASE_ADAM) {
    status = adam(t, &on, reason);
    if (status == UDE_OK && on && t->options.optimizer != UDE_OPTIMIZER_NONE) {
      status = next_phase(t, descent_phase(t));
    }
  }
  if (status == UDE_OK && on &&
      (t->state->phase == UDE_PHASE_BFGS || t->state->phase == UDE_PHASE_LM)) {
    status = descend(t, &on, reason);
  }
  return status;
}

ude_status ude_training_evidence(ude_training *t, ude_fit_reason *reason) {
  bool       on     = true;
  ude_status status = UDE_OK;
  if (t->state->phase != UDE_PHASE_EVIDENCE) {
    status = next_phase(t, UDE_PHASE_EVIDENCE);
    if (status) {
      return status;
    }
    t->position.ended = false;
    ude_evidence_begin(t);
  }
  return descend(t, &on, reason);
}

/* ------------------------------------------------------------------------------------ key -- */

/* FNV-1a */
static void fold(uint64_t *hash, const void *bytes, size_t length) {
  const unsigned char *byte = bytes;
  for (size_t i = 0; i < length; i++) {
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): bytes of whole numbers
    *hash = (*hash ^ byte[i]) * 1099511628211U;
  }
}

static void fold_reals(uint64_t *hash, const double *x, int64_t n) {
  uint64_t there = x != NULL;
  fold(hash, &there, sizeof there);
  if (x) {
    fold(hash, x, (size_t)n * sizeof *x);
  }
}

static void fold_data(uint64_t *hash, const ude_dataset *data) {
  fold(hash, data->target, (size_t)data->columns * sizeof *data->target);
  for (int64_t k = 0; k < data->trajectories; k++) {
    const ude_trajectory *trajectory = &data->trajectory[k];
    fold_reals(hash, trajectory->t, trajectory->count);
    for (int64_t i = 0; i < trajectory->count * data->columns; i++) {
      double value = trajectory->values[i];
      value        = isnan(value) ? (double)NAN : value; /* one pattern for missing */
      fold(hash, &value, sizeof value);
    }
  }
}

void ude_training_key(ude_training *t) {
  const ude_fit_options   *o         = &t->options;
  const ude_solve_options *solve     = &o->solve;
  const char              *method    = solve->method ? solve->method : "auto";
  uint64_t                 hash      = 14695981039346656037U;
  const int64_t            counts[]  = {t->field->state.count,
                                        t->field->param.count,
                                        t->data->columns,
                                        t->data->trajectories,
                                        o->sensitivity,
                                        o->initial,
                                        o->segment,
                                        o->adam,
                                        o->optimizer,
                                        solve->max_steps,
                                        o->estimates};
  const double             numbers[] = {o->regularise,       o->continuity,   o->rate,
                                        o->first_step,       solve->rtol,     solve->atol,
                                        solve->initial_step, solve->min_step, solve->max_step};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    int64_t count = counts[i];
    fold(&hash, &count, sizeof count);
  }
  fold(&hash, numbers, sizeof numbers);
  fold(&hash, method, strlen(method));
  fold_reals(&hash, solve->atol_vector, t->field->state.count);
  fold_reals(&hash, o->u0, t->field->state.count);
  fold_reals(&hash, o->starts, t->data->trajectories * t->field->state.count);
  fold_reals(&hash, o->scales, t->data->columns);
  fold_reals(&hash, t->start_p, t->field->param.count);
  for (int64_t i = 0; o->free && i < t->field->param.count; i++) {
    fold(&hash, &o->free[i], sizeof o->free[i]);
  }
  for (int64_t i = 0; i < o->estimates; i++) {
    const int64_t what[] = {(int64_t)o->estimate[i].kind, (int64_t)o->estimate[i].over};
    fold(&hash, what, sizeof what);
    fold_reals(&hash, &o->estimate[i].weight, 1);
  }
  fold_data(&hash, t->data);
  snprintf(t->key, sizeof t->key, "%016llx", (unsigned long long)hash);
}
