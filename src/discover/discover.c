/* From a trained model and its data to equations. */
#include <stdlib.h>
#include <string.h>

#include "discover/task.h"

enum { DEFAULT_SAMPLES = 200, DEFAULT_MAX_TERMS = 6, DEFAULT_STARTS = 24 };

void task_defaults(task *t, const ude_discover_options *options) {
  t->options           = options ? *options : (ude_discover_options){0};
  t->options.samples   = t->options.samples ? t->options.samples : DEFAULT_SAMPLES;
  t->options.max_terms = t->options.max_terms ? t->options.max_terms : DEFAULT_MAX_TERMS;
  t->options.starts    = t->options.starts ? t->options.starts : DEFAULT_STARTS;
}

/* The starting states of the trained model, as its fit has them. */
static ude_status trained_starts(const ude_discover_problem *problem, double *u0,
                                 ude_error *error) {
  ude_fit_options fit  = problem->fit ? *problem->fit : (ude_fit_options){0};
  ude_loss       *loss = NULL;
  fit.segment          = 0;
  ude_status status =
      ude_loss_create(problem->field, problem->data, &fit, problem->p, &loss, error);
  if (status) {
    return status;
  }
  double *theta = ude_calloc((size_t)ude_loss_dimension(loss), sizeof *theta);
  double *p     = ude_calloc((size_t)problem->field->param.count, sizeof *p);
  if (!theta || !p) {
    status = ude_fail_memory(error, "the initial states");
  } else {
    ude_loss_start(loss, theta);
    status = ude_loss_unpack(loss, theta, p, u0, error);
  }
  free(theta);
  free(p);
  ude_loss_free(loss);
  return status;
}

static ude_status sample(task *t, const ude_discover_problem *problem) {
  const ude_dataset *data   = problem->data;
  size_t             states = (size_t)problem->field->state.count;
  double            *spans  = ude_calloc((size_t)data->trajectories, 2 * sizeof *spans);
  double            *u0     = ude_calloc((size_t)data->trajectories, states * sizeof *u0);
  ude_status         status = spans && u0 ? trained_starts(problem, u0, t->error)
                                          : ude_fail_memory(t->error, "the samples");
  for (int64_t k = 0; k < data->trajectories && !status; k++) {
    const ude_trajectory *trajectory = &data->trajectory[k];
    spans[2 * k]                     = trajectory->t[0];
    spans[2 * k + 1]                 = trajectory->t[trajectory->count - 1];
  }
  if (!status) {
    status = ude_sample_learned(problem->field, problem->p, data->trajectories, u0, spans,
                                t->options.samples, problem->fit ? &problem->fit->solve : NULL,
                                &t->found->samples, t->error);
    if (status == UDE_NUMERICAL) {
      ude_error_prefix(t->error, status, "the trained model cannot be solved: ");
    }
  }
  t->found->sample_count = status ? 0 : problem->field->learned_count;
  free(spans);
  free(u0);
  return status;
}

static ude_status check(const ude_discover_problem *problem, const ude_discover_options *options,
                        ude_error *error) {
  if (!problem || !problem->field || !problem->p || !problem->data || !problem->rebuild) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "discover needs a field, its parameters, data and a rebuild callback");
  }
  if (!problem->field->probe || problem->field->learned_count == 0) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "the model has no learned function: mark the unknown term UDE_LEARNED");
  }
  if (options && (options->samples < 0 || options->samples == 1 || options->max_terms < 0 ||
                  options->starts < 0 || options->time_limit < 0)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "discover: samples (2 or more), max_terms, starts and time_limit must not be "
                    "negative");
  }
  return UDE_OK;
}

/* The first measurement is as noisy as the others, so that the initial state is fitted too, unless the model computes it.
 * Where not all of it was measured, data seldom determine it, and what the model says of it is knowledge. */
static bool start_is_fitted(const task *t, const ude_discover_problem *problem) {
  return !t->options.keep_initial && !problem->field->initial.value && !problem->data->observed &&
         problem->data->columns == problem->field->state.count;
}

ude_status ude_discover(const ude_discover_problem *problem, const ude_discover_options *options,
                        ude_discovery **discovery, ude_error *error) {
  ude_error  own;
  ude_error *to     = error ? error : &own;
  *discovery        = NULL;
  ude_status status = check(problem, options, to);
  if (status) {
    return status;
  }
  task t = {.field           = problem->field,
            .p               = problem->p,
            .rebuild         = problem->rebuild,
            .rebuild_context = problem->rebuild_context,
            .found           = discovery_create(),
            .error           = to};
  if (!t.found) {
    return ude_fail_memory(to, "a discovery");
  }
  task_defaults(&t, options);
  t.select.data = problem->data;
  t.select.fit  = problem->fit ? *problem->fit : (ude_fit_options){0};
  if (start_is_fitted(&t, problem)) {
    t.select.fit.initial = UDE_INITIAL_TRAINED;
  }
  status       = sample(&t, problem);
  status       = status ? status : task_propose(&t);
  status       = status ? status : task_library_model(&t);
  status       = status ? status : task_choose(&t);
  status       = status ? status : task_result(&t);
  bool stopped = t.select.stopped;
  task_close(&t);
  if (status) {
    ude_discovery_free(t.found);
    return status;
  }
  *discovery = t.found;
  return stopped ? ude_fail(error, UDE_INTERRUPTED,
                            "the search was stopped: the best structure so far is kept")
                 : UDE_OK;
}
