/* Training from start to run folder. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/train.h"

/* Variables up to which AUTO takes Levenberg-Marquardt, BFGS. */
static const int64_t lm_limit    = 250;
static const int64_t dense_limit = 500;
/* Doubles of the Jacobian of the residuals, and of that of the states at data times. */
static const double jacobian_limit = 4e6;
/* A share of a column's variance that is more than noise, where there is a model. */
static const double unexplained_limit = 0.2;

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
  if (o->optimizer == UDE_OPTIMIZER_LM && (field->penalty.value || o->estimates > 0)) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "Levenberg-Marquardt needs a sum of squares, but %s: use bfgs",
                    field->penalty.value ? "the model defines a penalty"
                                         : "the loss has terms of the solver's estimates");
  }
  return UDE_OK;
}

static void fill_defaults(ude_fit_options *o) {
  o->adam               = o->adam == 0 ? 200 : o->adam < 0 ? 0 : o->adam;
  o->rate               = o->rate > 0 ? o->rate : 0.05;
  o->first_step         = o->first_step > 0 ? o->first_step : 0.01;
  o->gradient_tolerance = o->gradient_tolerance > 0 ? o->gradient_tolerance : 1e-8;
}

/* Segments of growing length, then whole solutions. Where nothing is said of segments, whole solutions are tried
 * first, and segments of a tenth of the longest trajectory only if these fail. */
static void plan_stages(ude_training *t) {
  int64_t intervals = 0;
  int64_t segment   = t->options.segment;
  for (int64_t k = 0; k < t->data->trajectories; k++) {
    int64_t own = t->data->trajectory[k].count - 1;
    intervals   = own > intervals ? own : intervals;
  }
  if (segment == 0 && t->options.optimizer != UDE_OPTIMIZER_NONE && intervals >= 4) {
    t->fallback             = true;
    t->lengths[t->stages++] = 0;
    segment                 = intervals / 10 > 2 ? intervals / 10 : 2;
  }
  for (int64_t length = segment; length > 0 && length < intervals; length *= 2) {
    t->lengths[t->stages++] = length;
  }
  t->lengths[t->stages++] = segment < 0 ? segment : 0; /* below -1: the loss refuses it */
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

/* Whether Levenberg-Marquardt is the optimiser for the loss that is open: asked for, or possible and worth while. */
static bool use_lm(const ude_training *t) {
  const ude_loss         *loss  = t->loss;
  const ude_vector_field *field = t->field;
  double                  n     = (double)loss->dimension;
  if (t->options.optimizer != UDE_OPTIMIZER_AUTO) {
    return t->options.optimizer == UDE_OPTIMIZER_LM;
  }
  return (field->rhs.jvp || field->rhs.jvp_wide) && !field->penalty.value &&
         t->options.estimates == 0 && (!t->data->observed || field->observe.jvp) &&
         (!loss->from_initial || field->initial.jvp) && loss->dimension <= lm_limit &&
         n * (double)loss->residuals <= jacobian_limit &&
         n * (double)(loss->longest * field->state.count) <= jacobian_limit;
}

/* The loss of a stage and an optimiser of its size; those of the stage before are the caller's. */
static ude_status open_stage(ude_training *t, int64_t stage) {
  ude_fit_options options = t->options;
  options.segment         = t->lengths[stage];
  options.regularise      = t->options.regularise == 0 ? 1 : t->options.regularise;
  t->loss                 = NULL;
  t->state                = NULL;
  ude_status status = ude_loss_create(t->field, t->data, &options, t->start_p, &t->loss, t->error);
  if (status) {
    return status;
  }
  if (t->options.regularise == 0) {
    ude_loss_set_decay(t->loss, 0); /* there is room in the residuals for a decay chosen later */
  }
  int64_t n = ude_loss_dimension(t->loss);
  if (n == 0) {
    return ude_fail(
        t->error, UDE_INVALID_ARGUMENT,
        "there is nothing to train: every member of struct param is const or held fixed");
  }
  t->lm        = use_lm(t);
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
  status            = ude_optimizer_create(n, limited, &t->state, t->error);
  for (int64_t i = 0; i < t->loss->variables.count && status == UDE_OK; i++) {
    t->state->alike[i] = t->loss->variables.variable[i].network;
  }
  return status;
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

/* Halve the weights that were drawn; false if there are none. */
static bool halve_networks(ude_training *t) {
  bool any = false;
  for (int64_t i = 0; i < t->loss->variables.count; i++) {
    int64_t k = t->loss->variables.variable[i].index;
    if (t->start_p[k] != t->given_p[k]) {
      t->state->x[i] *= 0.5;
      any = true;
    }
  }
  return any;
}

/* Begin the open stage at the start of the fit. Networks with which the model cannot be solved are drawn smaller. */
static ude_status begin_fresh(ude_training *t) {
  static const int attempts = 10;
  ude_loss_start(t->loss, t->state->x);
  ude_status status = begin_stage(t);
  for (int i = 0; i < attempts && status == UDE_NUMERICAL && halve_networks(t); i++) {
    status = begin_stage(t);
  }
  return status;
}

/* From the best point of the stage that is open to the start of the next one. If that fails, the old stage stays. */
static ude_status next_stage(ude_training *t) {
  ude_loss            *loss      = t->loss;
  ude_optimizer_state *state     = t->state;
  ude_objective        objective = t->objective;
  ude_position         position  = t->position;
  ude_status           status    = open_stage(t, position.stage + 1);
  if (status == UDE_OK && t->fallback && position.stage == 0) {
    status = begin_fresh(t); /* where whole solutions led says nothing */
  } else if (status == UDE_OK) {
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

/* Variables of the open stage that whole solutions do not have. */
static int64_t segment_variables(const ude_training *t) {
  int64_t count = 0;
  for (int64_t s = 0; s < t->loss->segments; s++) {
    count += t->loss->segment[s].first > 0 ? t->field->state.count : 0;
  }
  return count;
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
  if (status == UDE_OK && t->state->phase == UDE_PHASE_EVIDENCE) {
    ude_loss_set_decay(t->loss, t->state->decay);
  }
  if (status == UDE_OK && position->kept_count > 0 &&
      position->kept_count != t->state->n - segment_variables(t)) {
    status = ude_fail(t->error, UDE_BAD_DATA, "%s: the checkpoint is damaged", folder);
  }
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
    status = begin_fresh(t);
  }
  return status;
}

/* -------------------------------------------------------------------------------- results -- */

/* Whether the result is the point that was kept, as segments have led to nothing better yet. */
static bool is_kept(const ude_training *t) {
  bool whole = t->lengths[t->position.stage] <= 0;
  return t->position.kept_count > 0 && (!whole || t->position.kept <= t->state->best);
}

/* Parameters and starts of the result into t->p, t->u0, and its loss, without a decay that the fit chose itself. That
 * of segments that do not join yet is the stage's own. */
static ude_status answer(ude_training *t, double *value) {
  bool kept         = is_kept(t);
  *value            = kept ? t->position.kept : t->state->best;
  ude_status status = UDE_OK;
  ude_loss  *loss   = NULL;
  if (!kept && t->lengths[t->position.stage] > 0) {
    return ude_loss_unpack(t->loss, t->state->best_x, t->p, t->u0, t->error);
  }
  ude_fit_options whole = t->options;
  whole.segment         = 0;
  whole.solve.stop      = NULL; /* also a stopped fit has a result */
  status                = ude_loss_create(t->field, t->data, &whole, t->start_p, &loss, t->error);
  if (status == UDE_OK) {
    const double *x = kept ? t->position.kept_x : t->state->best_x;
    status          = ude_loss_evaluate(loss, x, value, NULL, t->error);
    status          = status ? status : ude_loss_unpack(loss, x, t->p, t->u0, t->error);
  }
  ude_loss_free(loss);
  return status;
}

static ude_status finish(ude_training *t, ude_fit_reason reason, ude_fit_result *result) {
  bool            stopped = reason == UDE_FIT_STOPPED;
  bool            chosen  = t->state->phase == UDE_PHASE_EVIDENCE;
  ude_fit_options last    = t->options;
  double          given   = fmax(t->options.regularise, 0);
  double          value   = 0;
  ude_status      status  = ude_training_save(t);
  status                  = status ? status : answer(t, &value);
  *result                 = (ude_fit_result){.loss               = value,
                                             .first_loss         = t->position.first_loss,
                                             .iterations         = t->position.iterations,
                                             .evaluations        = t->position.evaluations,
                                             .failed_evaluations = t->position.failures,
                                             .variables          = t->state->n,
                                             .seconds            = ude_training_seconds(t),
                                             .reason             = reason,
                                             .optimizer          = ude_training_phase_name(t),
                                             .regularise         = chosen ? t->loss->options.regularise : given};
  if (status || !t->options.folder) {
    return status;
  }
  last.starts                = t->u0;
  const ude_params_note note = {
      .status = stopped ? "interrupted" : "finished", .result = result, .loss = result->loss};
  status = ude_run_write_result(t->options.folder, t->field, t->data, &last, t->p, &note, t->error);
  /* Segments that do not join yet need not give a whole solution. */
  bool joined = t->lengths[t->position.stage] <= 0 || is_kept(t);
  return status == UDE_NUMERICAL && !joined ? UDE_OK : status;
}

/* Whether whole solutions at the best point leave too much unexplained. */
static ude_status poor(ude_training *t, bool *is_poor) {
  double     share  = 0;
  ude_status status = ude_loss_unexplained(t->loss, t->state->best_x, &share, t->error);
  *is_poor          = status == UDE_NUMERICAL || !(share <= unexplained_limit);
  return status == UDE_NUMERICAL ? UDE_OK : status;
}

/* Note where whole solutions led before segments are tried. */
static ude_status keep(ude_training *t) {
  ude_position *position = &t->position;
  size_t        bytes    = (size_t)t->state->n * sizeof(double);
  free(position->kept_x);
  position->kept_count = 0;
  position->kept_x     = ude_calloc(1, bytes);
  if (!position->kept_x) {
    return ude_fail_memory(t->error, "the fit");
  }
  memcpy(position->kept_x, t->state->best_x, bytes);
  position->kept       = t->state->best;
  position->kept_count = t->state->n;
  return UDE_OK;
}

static ude_status all_stages(ude_training *t, ude_fit_reason *reason) {
  bool       more   = t->position.stage > 0 || !t->fallback;
  ude_status status = ude_training_stage(t, reason);
  if (status == UDE_OK && !more && *reason != UDE_FIT_TIME &&
      t->state->phase != UDE_PHASE_EVIDENCE) {
    status = poor(t, &more);
    status = status || !more ? status : keep(t);
  }
  while (status == UDE_OK && more && *reason != UDE_FIT_TIME && t->position.stage + 1 < t->stages) {
    status = next_stage(t);
    if (status == UDE_NUMERICAL && t->position.kept_count > 0) {
      return UDE_OK; /* segments lead nowhere: the result is what was kept */
    }
    status = status ? status : ude_training_stage(t, reason);
  }
  return status;
}

/* The decay of networks is chosen where nothing was said about it and the fit has come to something. */
static ude_status evidence(ude_training *t, ude_fit_reason *reason) {
  ude_optimizer_state *state  = t->state;
  ude_status           status = UDE_OK;
  bool                 bad    = false;
  if (!t->lm || t->options.regularise != 0 || t->loss->networks == 0 ||
      t->lengths[t->position.stage] > 0 || *reason == UDE_FIT_TIME) {
    return UDE_OK;
  }
  if (state->phase != UDE_PHASE_EVIDENCE) {
    if (is_kept(t)) {
      state->best = t->position.kept;
      memcpy(state->best_x, t->position.kept_x, (size_t)state->n * sizeof *state->best_x);
    }
    t->position.kept_count = 0;
    status                 = poor(t, &bad);
    if (status || bad) {
      return status;
    }
  }
  return ude_training_evidence(t, reason);
}

static ude_status run(ude_training *t, ude_fit_result *result) {
  ude_fit_reason reason = UDE_FIT_ITERATIONS;
  ude_status     status = begin(t);
  if (status) {
    return status;
  }
  status = all_stages(t, &reason);
  status = status ? status : evidence(t, &reason);
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
  t.given_p         = p;
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
  free(t.position.kept_x);
  ude_optimizer_free(t.state);
  ude_loss_free(t.loss);
  return status;
}
