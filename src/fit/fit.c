/* Training: phases, limits, progress, checkpoints. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fit/files.h"

static const double save_interval = 5; /* seconds between checkpoints */

static const char *const phase_names[] = {"adam", "bfgs", "lm"};

const char *ude_fit_reason_text(ude_fit_reason reason) {
  switch (reason) {
  case UDE_FIT_GRADIENT: return "the gradient is small";
  case UDE_FIT_CHANGE: return "the loss does not change any more";
  case UDE_FIT_ITERATIONS: return "the limit of iterations was reached";
  case UDE_FIT_TIME: return "the time limit was reached";
  case UDE_FIT_STOPPED: return "stopped on request";
  case UDE_FIT_STALLED: return "no step lowers the loss";
  }
  return "unknown";
}

ude_status ude_optimizer_parse(const char *name, ude_optimizer *optimizer, ude_error *error) {
  static const char *const names[] = {"auto", "bfgs", "lbfgs", "lm", "none"};
  for (int i = 0; i < 5; i++) {
    if (strcmp(name, names[i]) == 0) {
      *optimizer = (ude_optimizer)i;
      return UDE_OK;
    }
  }
  return ude_fail(error, UDE_INVALID_ARGUMENT,
                  "unknown optimizer '%s'; there are: auto, bfgs, lbfgs, lm, none", name);
}

/** A fit under way. */
typedef struct fit {
  const ude_vector_field *field;
  const ude_dataset      *data;
  ude_fit_options         options;
  ude_loss               *loss;
  ude_optimizer_state    *state;
  ude_objective           objective;
  ude_history             history;
  ude_fit_result         *result;
  double                  started, earlier, saved; /**< clock; seconds of earlier runs; last checkpoint */
  double                 *p, *u0;
  char                    key[80];
  ude_error              *error;
} fit;

static ude_status evaluate(void *context, const double *x, double *value, double *gradient,
                           ude_error *error) {
  return ude_loss_evaluate(context, x, value, gradient, error);
}

static ude_status residuals(void *context, const double *x, double *r, double *jacobian,
                            ude_error *error) {
  return ude_loss_residuals(context, x, r, jacobian, error);
}

/* ----------------------------------------------------------------------------- checkpoints -- */

/* Ties a checkpoint to what it continues: sizes, options and data, folded (FNV-1a). */
static void make_key(fit *f, const double *p) {
  uint64_t hash = 14695981039346656037U;
  double   numbers[] = {(double)ude_loss_dimension(f->loss), (double)f->data->cells,
                        f->options.rate, (double)f->options.adam, (double)f->options.optimizer,
                        f->options.regularise, (double)f->options.segment, f->options.continuity,
                        (double)f->options.seed, f->options.solve.rtol, f->options.solve.atol,
                        (double)f->options.initial, f->options.first_step};
  const struct {
    const void *bytes;
    size_t      length;
  } parts[] = {{numbers, sizeof numbers},
               {p, (size_t)f->field->param.count * sizeof *p},
               {f->data->trajectory[0].values,
                (size_t)(f->data->trajectory[0].count * f->data->columns) * sizeof(double)}};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    const unsigned char *byte = parts[i].bytes;
    for (size_t j = 0; j < parts[i].length; j++) {
      /* The bytes of doubles. NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
      hash = (hash ^ byte[j]) * 1099511628211U;
    }
  }
  snprintf(f->key, sizeof f->key, "%016llx", (unsigned long long)hash);
}

static double elapsed(const fit *f) {
  return f->earlier + ude_clock() - f->started;
}

static ude_status save(fit *f) {
  f->saved = ude_clock();
  if (!f->options.folder) {
    return UDE_OK;
  }
  ude_status status = ude_checkpoint_write(f->options.folder, f->state, &f->objective, elapsed(f),
                                           f->key, f->error);
  status = status ? status : ude_history_write(&f->history, f->options.folder, f->error);
  if (status == UDE_OK) {
    status = ude_loss_unpack(f->loss, f->state->best_x, f->p, NULL, f->error);
    status = status ? status
                    : ude_params_write(f->options.folder, f->field, f->p, f->state->best,
                                       f->options.seed, "interrupted", f->error);
  }
  return status;
}

/* ---------------------------------------------------------------------------------- phases -- */

static double norm(const double *x, int64_t n) {
  double largest = 0;
  for (int64_t i = 0; i < n; i++) {
    largest = fmax(largest, fabs(x[i]));
  }
  return largest;
}

/* After each iteration: history, progress, checkpoint; false ends the fit. */
static bool tick(fit *f, int64_t total, ude_fit_reason *reason, ude_status *status) {
  ude_optimizer_state *state = f->state;
  ude_history_row      row   = {(double)f->objective.evaluations, (double)state->phase, state->value,
                                state->best, norm(state->g, state->n), elapsed(f)};
  *status                    = ude_history_add(&f->history, row, f->error);
  ude_progress progress      = {.phase = phase_names[state->phase],
                                .done  = state->iteration,
                                .total = total,
                                .value = state->value,
                                .best  = state->best};
  if (*status == UDE_OK && ude_clock() - f->saved > save_interval) {
    *status = save(f);
  }
  if (*status) {
    return false;
  }
  if (f->options.progress && f->options.progress(&progress, f->options.progress_context)) {
    *reason = UDE_FIT_STOPPED;
    return false;
  }
  if (f->options.max_seconds > 0 && elapsed(f) > f->options.max_seconds) {
    *reason = UDE_FIT_TIME;
    return false;
  }
  return true;
}

/* Relative change over the last iterations. */
static bool settled(ude_optimizer_state *state, double tolerance) {
  int64_t at     = state->iteration % UDE_CHANGE_WINDOW;
  double  before = state->window[at];
  state->window[at] = state->value;
  return state->iteration >= UDE_CHANGE_WINDOW &&
         before - state->value <= tolerance * fabs(state->value);
}

static ude_status adam(fit *f, ude_fit_reason *reason, bool *on) {
  int64_t total = f->options.adam > 0 ? f->options.adam : f->options.adam == 0 ? 200 : 0;
  double  rate  = f->options.rate > 0 ? f->options.rate : 0.05;
  ude_status status = UDE_OK;
  while (*on && f->state->phase == UDE_PHASE_ADAM && f->state->iteration < total) {
    ude_step_outcome outcome = ude_adam_step(f->state, &f->objective, rate, &status, f->error);
    if (outcome == UDE_STEP_FAILED) {
      return status;
    }
    f->state->iteration++;
    f->state->total++;
    *on = tick(f, total, reason, &status);
    if (status) {
      return status;
    }
    if (outcome == UDE_STEP_STALLED) {
      break;
    }
  }
  return UDE_OK;
}

static ude_step_outcome step(fit *f, double tolerance, ude_status *status) {
  double first = f->options.first_step > 0 ? f->options.first_step : 0.01;
  return f->state->phase == UDE_PHASE_LM
             ? ude_lm_step(f->state, &f->objective, tolerance, status, f->error)
             : ude_bfgs_step(f->state, &f->objective, first, tolerance, status, f->error);
}

static ude_status descend(fit *f, ude_fit_reason *reason, bool *on) {
  bool    lm        = f->state->phase == UDE_PHASE_LM;
  int64_t total     = f->options.iterations > 0 ? f->options.iterations : lm ? 200 : 2000;
  double  tolerance = f->options.gradient_tolerance > 0 ? f->options.gradient_tolerance : 1e-8;
  double  change    = f->options.change_tolerance > 0 ? f->options.change_tolerance : 1e-9;
  ude_status status = UDE_OK;
  *reason           = UDE_FIT_ITERATIONS;
  while (*on && f->state->iteration < total) {
    ude_step_outcome outcome = step(f, tolerance, &status);
    if (outcome == UDE_STEP_FAILED) {
      return status;
    }
    bool done = outcome != UDE_STEP_ON || settled(f->state, change);
    if (done) {
      *reason = outcome == UDE_STEP_GRADIENT  ? UDE_FIT_GRADIENT
                : outcome == UDE_STEP_STALLED ? UDE_FIT_STALLED
                                              : UDE_FIT_CHANGE;
    }
    f->state->iteration++;
    f->state->total++;
    *on = tick(f, total, reason, &status);
    if (status || done) {
      return status;
    }
  }
  return UDE_OK;
}

/* The optimizer starts from the best point of the phase before. */
static ude_status next_phase(fit *f, int64_t phase) {
  ude_optimizer_state *state  = f->state;
  ude_status           status = UDE_OK;
  state->phase                = phase;
  state->iteration            = 0;
  memcpy(state->x, state->best_x, (size_t)state->n * sizeof(double));
  if (phase == UDE_PHASE_BFGS &&
      !ude_objective_at(&f->objective, state->x, &state->value, state->g, &status, f->error)) {
    return status ? status : UDE_NUMERICAL;
  }
  return UDE_OK;
}

static ude_status train(fit *f, ude_fit_reason *reason) {
  ude_optimizer optimizer = f->options.optimizer;
  int64_t phase  = optimizer == UDE_OPTIMIZER_NONE ? UDE_PHASE_DONE
                   : optimizer == UDE_OPTIMIZER_LM ? UDE_PHASE_LM
                                                   : UDE_PHASE_BFGS;
  bool    on     = true;
  *reason        = UDE_FIT_ITERATIONS;
  ude_status status = adam(f, reason, &on);
  if (status == UDE_OK && on && f->state->phase == UDE_PHASE_ADAM && phase != UDE_PHASE_DONE) {
    status = next_phase(f, phase);
  }
  if (status == UDE_OK && on && f->state->phase == phase && phase != UDE_PHASE_DONE) {
    status = descend(f, reason, &on);
  }
  return status;
}

/* ------------------------------------------------------------------------------------ start -- */

static ude_status start(fit *f) {
  bool       found  = false;
  ude_status status = UDE_OK;
  if (f->options.folder) {
    status = ude_folder_make(f->options.folder, f->error);
    if (status) {
      return status;
    }
  }
  if (f->options.folder && f->options.resume) {
    status = ude_checkpoint_read(f->options.folder, f->state, &f->objective, &f->earlier, f->key,
                                 &found, f->error);
    if (status == UDE_OK && found) {
      f->result->first_loss = f->state->value;
      return ude_history_read(&f->history, f->options.folder, f->error);
    }
    if (status) {
      return status;
    }
  }
  ude_loss_start(f->loss, f->state->x);
  if (!ude_objective_at(&f->objective, f->state->x, &f->state->value, f->state->g, &status,
                        f->error)) {
    return status ? status
                  : ude_error_prefix(f->error, UDE_NUMERICAL,
                                     "the loss cannot be evaluated at the start: ");
  }
  f->state->best = (double)INFINITY;
  ude_optimizer_note(f->state);
  f->result->first_loss = f->state->value;
  return ude_history_add(&f->history,
                         (ude_history_row){1, 0, f->state->value, f->state->value,
                                           norm(f->state->g, f->state->n), elapsed(f)},
                         f->error);
}

static ude_status finish(fit *f, ude_fit_reason reason) {
  ude_fit_result *result     = f->result;
  result->loss               = f->state->best;
  result->iterations         = f->state->total;
  result->evaluations        = f->objective.evaluations;
  result->failed_evaluations = f->objective.failures;
  result->variables          = f->state->n;
  result->seconds            = elapsed(f);
  result->reason             = reason;
  ude_status status          = save(f);
  status = status ? status : ude_loss_unpack(f->loss, f->state->best_x, f->p, f->u0, f->error);
  if (status == UDE_OK && f->options.folder) {
    status = ude_run_write(f->options.folder, f->field, f->data, &f->options, f->p, result->loss,
                           reason == UDE_FIT_STOPPED ? "interrupted" : "finished", f->error);
  }
  if (status == UDE_OK && reason == UDE_FIT_STOPPED) {
    return ude_fail(f->error, UDE_INTERRUPTED, "the fit was stopped; the best so far is kept");
  }
  return status;
}

ude_status ude_fit(const ude_vector_field *field, const ude_dataset *data,
                   const ude_fit_options *options, double *p, double *u0, ude_fit_result *result,
                   ude_error *error) {
  ude_error own = {0};
  fit       f   = {.field = field, .data = data, .result = result, .p = p, .u0 = u0};
  if (options) {
    f.options = *options;
  }
  f.error   = error ? error : &own;
  f.started = ude_clock();
  f.saved   = f.started;
  *result   = (ude_fit_result){0};
  if (!f.options.keep_start) {
    ude_initialise(field, f.options.seed, p);
  }
  ude_status status = ude_loss_create(field, data, &f.options, p, &f.loss, f.error);
  if (status) {
    return status;
  }
  int64_t n       = ude_loss_dimension(f.loss);
  bool    limited = f.options.optimizer == UDE_OPTIMIZER_LBFGS ||
                 (f.options.optimizer == UDE_OPTIMIZER_AUTO && n > 500);
  f.objective = (ude_objective){.n         = n,
                                .m         = ude_loss_residual_count(f.loss),
                                .evaluate  = evaluate,
                                .residuals = residuals,
                                .context   = f.loss};
  if (n == 0) {
    status = ude_fail(f.error, UDE_INVALID_ARGUMENT,
                      "the model has nothing to train: every member of struct param is const");
  } else if (f.options.optimizer == UDE_OPTIMIZER_LM && field->penalty.value) {
    status = ude_fail(f.error, UDE_UNSUPPORTED,
                      "Levenberg-Marquardt needs a sum of squares, but the model defines a penalty: use "
                      "bfgs");
  }
  status = status ? status : ude_optimizer_create(n, limited, &f.state, f.error);
  ude_fit_reason reason = UDE_FIT_ITERATIONS;
  if (status == UDE_OK) {
    make_key(&f, p);
    status = start(&f);
  }
  status = status ? status : train(&f, &reason);
  status = status ? status : finish(&f, reason);
  free(f.history.row);
  ude_optimizer_free(f.state);
  ude_loss_free(f.loss);
  return status;
}
