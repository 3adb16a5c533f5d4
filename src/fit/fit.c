/* Training from start to run folder. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/train.h"

static const int64_t dense_limit =
    500; /* variables up to which AUTO takes BFGS rather than L-BFGS */

/* ---------------------------------------------------------------------------------- names -- */

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

/* -------------------------------------------------------------------------------- options -- */

static ude_status check_options(const ude_fit_options *o, const ude_vector_field *field,
                                ude_error *error) {
  const struct {
    const char *name;
    double      value;
  } numbers[] = {{"rate of Adam", o->rate},
                 {"first step", o->first_step},
                 {"tolerance of the gradient", o->gradient_tolerance},
                 {"tolerance of the change", o->change_tolerance},
                 {"time limit", o->max_seconds}};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    if (!(numbers[i].value >= 0) || !isfinite(numbers[i].value)) {
      return ude_fail(error, UDE_INVALID_ARGUMENT, "the %s (%g) must not be negative",
                      numbers[i].name, numbers[i].value);
    }
  }
  if (o->iterations < 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the limit of iterations (%lld) is negative",
                    (long long)o->iterations);
  }
  if (o->optimizer == UDE_OPTIMIZER_LM && field->penalty.value) {
    return ude_fail(
        error, UDE_UNSUPPORTED,
        "Levenberg-Marquardt needs a sum of squares, but the model defines a penalty: use "
        "bfgs");
  }
  return UDE_OK;
}

static void fill_defaults(ude_fit_options *o) {
  bool lm               = o->optimizer == UDE_OPTIMIZER_LM;
  o->adam               = o->adam == 0 ? 200 : o->adam < 0 ? 0 : o->adam;
  o->rate               = o->rate > 0 ? o->rate : 0.05;
  o->first_step         = o->first_step > 0 ? o->first_step : 0.01;
  o->iterations         = o->iterations > 0 ? o->iterations : lm ? 200 : 2000;
  o->gradient_tolerance = o->gradient_tolerance > 0 ? o->gradient_tolerance : 1e-8;
  o->change_tolerance   = o->change_tolerance > 0 ? o->change_tolerance : lm ? 1e-9 : 1e-4;
}

/* Segments of growing length, then whole solutions. */
static void plan_stages(ude_training *t) {
  int64_t intervals = 0;
  for (int64_t k = 0; k < t->data->trajectories; k++) {
    int64_t own = t->data->trajectory[k].count - 1;
    intervals   = own > intervals ? own : intervals;
  }
  if (t->options.segment > 0) {
    for (int64_t length = t->options.segment; length < intervals; length *= 2) {
      t->lengths[t->stages++] = length;
    }
  }
  t->lengths[t->stages++] =
      t->options.segment < 0 ? t->options.segment : 0; /* < 0: the loss refuses it */
}

/* --------------------------------------------------------------------------------- stages -- */

static ude_status evaluate(void *context, const double *x, double *value, double *gradient,
                           ude_error *error) {
  return ude_loss_evaluate(context, x, value, gradient, error);
}

static ude_status residuals(void *context, const double *x, double *r, double *jacobian,
                            ude_error *error) {
  return ude_loss_residuals(context, x, r, jacobian, error);
}

/* The loss of a stage and an optimiser of its size; those of the stage before are the caller's. */
static ude_status open_stage(ude_training *t, int64_t stage) {
  ude_fit_options options = t->options;
  options.segment         = t->lengths[stage];
  t->loss                 = NULL;
  t->state                = NULL;
  ude_status status = ude_loss_create(t->field, t->data, &options, t->start_p, &t->loss, t->error);
  if (status) {
    return status;
  }
  int64_t n = ude_loss_dimension(t->loss);
  if (n == 0) {
    return ude_fail(
        t->error, UDE_INVALID_ARGUMENT,
        "there is nothing to train: every member of struct param is const or held fixed");
  }
  bool limited = t->options.optimizer == UDE_OPTIMIZER_LBFGS ||
                 (t->options.optimizer == UDE_OPTIMIZER_AUTO && n > dense_limit);
  t->objective      = (ude_objective){.n           = n,
                                      .m           = ude_loss_residual_count(t->loss),
                                      .evaluate    = evaluate,
                                      .residuals   = residuals,
                                      .context     = t->loss,
                                      .evaluations = t->position.evaluations,
                                      .failures    = t->position.failures};
  t->position.stage = stage;
  return ude_optimizer_create(n, limited, &t->state, t->error);
}

/* The first point of a stage is evaluated and noted. */
static ude_status begin_stage(ude_training *t) {
  ude_optimizer_state *state  = t->state;
  ude_status           status = UDE_OK;
  if (!ude_objective_at(&t->objective, state->x, &state->value, state->g, &status, t->error)) {
    return status ? status
                  : ude_error_prefix(t->error, UDE_NUMERICAL,
                                     "the loss cannot be evaluated at the start%s: ",
                                     t->lengths[t->position.stage] ? " (with segments)" : "");
  }
  state->best = (double)INFINITY;
  ude_optimizer_note(state);
  state->phase            = ude_training_first_phase(t);
  t->position.ended       = false;
  t->position.evaluations = t->objective.evaluations;
  t->position.failures    = t->objective.failures;
  if (t->position.stage == 0) {
    t->position.first_loss = state->value;
  }
  ude_history_row row = {
      (double)t->objective.evaluations, (double)state->phase,   state->value, state->best,
      ude_largest(state->g, state->n),  ude_training_seconds(t)};
  return ude_history_add(&t->history, row, t->error);
}

/* From the best point of the stage that is open to the start of the next one. If that fails, the old stage stays. */
static ude_status next_stage(ude_training *t) {
  ude_loss            *loss      = t->loss;
  ude_optimizer_state *state     = t->state;
  ude_objective        objective = t->objective;
  ude_position         position  = t->position;
  ude_status           status    = open_stage(t, position.stage + 1);
  if (status == UDE_OK) {
    ude_loss_carry(loss, state->best_x, t->loss, t->state->x);
    status = begin_stage(t);
  }
  ude_loss_free(status ? t->loss : loss);
  ude_optimizer_free(status ? t->state : state);
  if (status) {
    t->loss      = loss;
    t->state     = state;
    t->objective = objective;
    t->position  = position;
  }
  return status;
}

/* Go on from the checkpoint of the folder; *found false if there is none. */
static ude_status resume(ude_training *t, bool *found) {
  ude_checkpoint *checkpoint = NULL;
  const char     *folder     = t->options.folder;
  ude_position   *position   = &t->position;
  ude_status      status     = ude_checkpoint_open(folder, t->key, &checkpoint, position, t->error);
  *found                     = checkpoint != NULL;
  if (!*found) {
    return status;
  }
  status = position->stage < t->stages
               ? open_stage(t, position->stage)
               : ude_fail(t->error, UDE_BAD_DATA, "%s: the checkpoint is damaged", folder);
  status = status ? status : ude_checkpoint_restore(checkpoint, t->state, t->error);
  status = status ? status
                  : ude_history_read(&t->history, folder, (double)position->evaluations, t->error);
  if (position->gradient_tolerance != t->options.gradient_tolerance ||
      position->change_tolerance != t->options.change_tolerance) {
    position->ended = false; /* what was enough then is judged again */
  }
  ude_checkpoint_free(checkpoint);
  return status;
}

static ude_status begin(ude_training *t) {
  ude_status status = UDE_OK;
  bool       found  = false;
  ude_training_key(t);
  if (t->options.folder) {
    status = ude_folder_make(t->options.folder, t->error);
  }
  if (status == UDE_OK && t->options.folder && t->options.resume) {
    status = resume(t, &found);
  }
  if (status || found) {
    return status;
  }
  status = open_stage(t, 0);
  if (status == UDE_OK) {
    ude_loss_start(t->loss, t->state->x);
    status = begin_stage(t);
  }
  return status;
}

/* -------------------------------------------------------------------------------- results -- */

static ude_status finish(ude_training *t, ude_fit_reason reason, ude_fit_result *result) {
  bool            stopped = reason == UDE_FIT_STOPPED;
  ude_fit_options last    = t->options;
  *result                 = (ude_fit_result){.loss               = t->state->best,
                                             .first_loss         = t->position.first_loss,
                                             .iterations         = t->position.iterations,
                                             .evaluations        = t->position.evaluations,
                                             .failed_evaluations = t->position.failures,
                                             .variables          = t->state->n,
                                             .seconds            = ude_training_seconds(t),
                                             .reason             = reason};
  ude_status status       = ude_training_save(t);
  status = status ? status : ude_loss_unpack(t->loss, t->state->best_x, t->p, t->u0, t->error);
  if (status || !t->options.folder) {
    return status;
  }
  last.starts = t->u0;
  status      = ude_run_write(t->options.folder, t->field, t->data, &last, t->p, result->loss,
                         stopped ? "interrupted" : "finished", t->error);
  /* Segments that do not join yet need not give a whole solution. */
  bool joined = t->lengths[t->position.stage] == 0;
  return status == UDE_NUMERICAL && !joined ? UDE_OK : status;
}

static ude_status run(ude_training *t, ude_fit_result *result) {
  ude_fit_reason reason = UDE_FIT_ITERATIONS;
  ude_status     status = begin(t);
  if (status) {
    return status;
  }
  status = ude_training_stage(t, &reason);
  while (status == UDE_OK && reason != UDE_FIT_TIME && t->position.stage + 1 < t->stages) {
    status = next_stage(t);
    status = status ? status : ude_training_stage(t, &reason);
  }
  if (status && status != UDE_INTERRUPTED) {
    return status;
  }
  ude_status finished = finish(t, status ? UDE_FIT_STOPPED : reason, result);
  if (finished || status == UDE_OK) {
    return finished;
  }
  return ude_fail(t->error, UDE_INTERRUPTED, "the fit was stopped; the best so far is kept");
}

ude_status ude_fit(const ude_vector_field *field, const ude_dataset *data,
                   const ude_fit_options *options, double *p, double *u0, ude_fit_result *result,
                   ude_error *error) {
  ude_error    own  = {0};
  ude_training t    = {.field = field, .data = data, .error = error ? error : &own};
  size_t       np   = (size_t)field->param.count;
  size_t       nu   = (size_t)(data->trajectories * field->state.count);
  t.options         = options ? *options : (ude_fit_options){0};
  t.started         = ude_clock();
  t.saved           = t.started;
  *result           = (ude_fit_result){.loss = (double)NAN, .first_loss = (double)NAN};
  ude_status status = check_options(&t.options, field, t.error);
  if (status) {
    return status;
  }
  fill_defaults(&t.options);
  plan_stages(&t);
  t.start_p = ude_calloc(np, sizeof(double));
  t.p       = ude_calloc(np, sizeof(double));
  t.u0      = ude_calloc(nu, sizeof(double));
  status    = t.start_p && t.p && t.u0 ? UDE_OK : ude_fail_memory(t.error, "the fit");
  if (status == UDE_OK) {
    memcpy(t.start_p, p, np * sizeof *p);
    if (!t.options.keep_start) {
      ude_initialise(field, t.options.seed, t.start_p);
    }
    status = run(&t, result);
  }
  if (status == UDE_OK || (status == UDE_INTERRUPTED && !isnan(result->loss))) {
    memcpy(p, t.p, np * sizeof *p);
    if (u0) {
      memcpy(u0, t.u0, nu * sizeof *u0);
    }
  }
  free(t.start_p);
  free(t.p);
  free(t.u0);
  free(t.history.row);
  ude_optimizer_free(t.state);
  ude_loss_free(t.loss);
  return status;
}
