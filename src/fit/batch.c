/* Training on random samples by Adam. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/batch.h"
#include "fit/files.h"

enum { EVERY = 10, MOST_FAILURES = 100 };
static const double save_seconds = 10;

typedef struct training {
  const ude_vector_field *field;
  ude_batch_options       options; /**< defaults filled in */
  ude_variables           variables;
  ude_batch_sums          sums, report;
  ude_batch_state         state;
  ude_history             history;
  double                 *p, *gradient, *weight;   /**< [np], [np], [terms] as given */
  double                  started, saved, earlier; /**< clock; clock; seconds before resuming */
  double                  best;
} training;

/* ------------------------------------------------------------------------------ begin, end -- */

static ude_status check(const ude_vector_field *field, const ude_batch_options *o, const double *p,
                        ude_error *error) {
  ude_status status = ude_vector_field_check_loss(field, error);
  if (status) {
    return status;
  }
  if (!field->loss.vjp || (field->penalty.value && !field->penalty.vjp)) {
    return ude_fail(error, UDE_UNSUPPORTED, "training needs the transposed products of loss");
  }
  bool ok = o->batch >= 0 && o->iterations >= 0 && o->samples >= 0 && o->threads >= 0 &&
            isfinite(o->rate) && o->rate >= 0 && isfinite(o->decay) && o->decay >= 0 &&
            !(o->max_seconds < 0) && (p || field->param.count == 0);
  for (int64_t k = 0; o->weights && k < field->terms.count; k++) {
    ok = ok && isfinite(o->weights[k]) && o->weights[k] >= 0;
  }
  return ok ? UDE_OK
            : ude_fail(error, UDE_INVALID_ARGUMENT,
                       "training on samples: batch, iterations, samples, threads, rate, decay and "
                       "weights must not be negative");
}

static bool is_metric(const ude_vector_field *field, int64_t k) {
  const ude_member *member = ude_layout_member(&field->terms, k);
  return member && member->metric;
}

static void fill_defaults(ude_batch_options *o) {
  o->batch      = o->batch ? o->batch : 128;
  o->iterations = o->iterations ? o->iterations : 10000;
  o->rate       = o->rate > 0 ? o->rate : 1e-3;
  o->decay      = o->decay > 0 ? o->decay : 0.9;
  o->samples    = o->samples ? o->samples : 10000;
}

static void end(training *of) {
  ude_batch_sums_free(&of->sums);
  ude_batch_sums_free(&of->report);
  free(of->variables.variable);
  free(of->state.theta);
  free(of->state.mean);
  free(of->state.square);
  free(of->state.weight);
  free(of->history.row);
  free(of->p);
  free(of->gradient);
  free(of->weight);
}

static ude_status begin(training *of, const double *p, ude_error *error) {
  const ude_vector_field *field  = of->field;
  size_t                  np     = (size_t)field->param.count;
  int64_t                 terms  = field->terms.count;
  ude_batch_state        *state  = &of->state;
  ude_status              status = ude_variables_create(field, NULL, &of->variables, error);
  if (status) {
    return status;
  }
  int64_t n     = of->variables.count;
  state->n      = n;
  state->terms  = terms;
  state->seed   = of->options.seed;
  state->batch  = of->options.batch;
  state->theta  = ude_calloc((size_t)n, sizeof(double));
  state->mean   = ude_calloc((size_t)n, sizeof(double));
  state->square = ude_calloc((size_t)n, sizeof(double));
  state->weight = ude_calloc((size_t)terms, sizeof(double));
  of->weight    = ude_calloc((size_t)terms, sizeof(double));
  of->p         = ude_calloc(np, sizeof(double));
  of->gradient  = ude_calloc(np, sizeof(double));
  if (!state->theta || !state->mean || !state->square || !state->weight || !of->weight || !of->p ||
      !of->gradient) {
    return ude_fail_memory(error, "a training");
  }
  if (np > 0) {
    memcpy(of->p, p, np * sizeof *p);
  }
  if (!of->options.keep_start) {
    ude_initialise(field, of->options.seed, of->p);
  }
  for (int64_t i = 0; i < n; i++) {
    const ude_variable *variable = &of->variables.variable[i];
    state->theta[i]              = ude_variable_theta(variable, of->p[variable->index]);
  }
  for (int64_t k = 0; k < terms; k++) {
    double given  = of->options.weights ? of->options.weights[k] : 1;
    of->weight[k] = state->weight[k] = is_metric(field, k) ? 0 : given;
  }
  int64_t most = of->options.balance ? terms : 1;
  status       = ude_batch_sums_create(field, most, of->options.threads, &of->sums, error);
  return status ? status : ude_batch_sums_create(field, 0, of->options.threads, &of->report, error);
}

/* -------------------------------------------------------------------------------- gradients -- */

static void set_params(training *of) {
  for (int64_t i = 0; i < of->state.n; i++) {
    const ude_variable *variable = &of->variables.variable[i];
    of->p[variable->index]       = ude_variable_value(variable, of->state.theta[i]);
  }
}

/* Terms and gradients of the samples of this iteration. */
static bool sum_batch(training *of, int64_t gradients, bool values) {
  ude_batch_sums *sums = &of->sums;
  sums->p              = of->p;
  sums->weight         = of->state.weight;
  sums->seed           = of->options.seed;
  sums->series         = UDE_SERIES_TRAINING;
  sums->first          = of->state.iteration * of->options.batch;
  sums->count          = of->options.batch;
  sums->gradients      = gradients;
  sums->values         = values;
  return ude_batch_sum(sums);
}

static bool is_matrix(const ude_member *member) {
  return member && !member->fixed && member->rank == 2 && member->init != UDE_INIT_DEFAULT;
}

/* Largest entry of a gradient, and the mean over matrices of their mean size. */
static void sizes(const ude_layout *params, const double *gradient, double *largest, double *mean) {
  double  sum   = 0;
  int64_t count = 0;
  *largest      = 0;
  for (int64_t m = 0; m < params->members; m++) {
    const ude_member *member = &params->member[m];
    double            own    = 0;
    if (!is_matrix(member) || member->count == 0) {
      continue;
    }
    for (int64_t i = member->first; i < member->first + member->count; i++) {
      own += fabs(gradient[i]);
      *largest = fmax(*largest, fabs(gradient[i]));
    }
    sum += own / (double)member->count;
    count++;
  }
  for (int64_t i = 0; i < params->count && count == 0; i++) {
    sum += fabs(gradient[i]) / (double)params->count;
    *largest = fmax(*largest, fabs(gradient[i]));
  }
  *mean = sum / (double)(count ? count : 1);
}

/* Weights from the gradients of the terms (algorithm 2.1 of Wang, Teng, Perdikaris 2021). */
static void balance(training *of) {
  const ude_layout *params  = &of->field->param;
  int64_t           first   = 0;
  double            largest = 0, mean;
  while (first < of->state.terms && of->state.weight[first] == 0) {
    first++;
  }
  for (int64_t k = first; k < of->state.terms; k++) {
    double size;
    sizes(params, of->sums.gradient + k * params->count, &size, &mean);
    if (k == first) {
      largest = size * of->state.weight[k];
    } else if (of->state.weight[k] > 0 && mean > 0) {
      double wanted       = largest / (of->state.weight[k] * mean);
      of->state.weight[k] = 0.9 * of->state.weight[k] + 0.1 * wanted;
    }
  }
}

/* Gradient with respect to p of the weighted mean and the penalty, into of->gradient; false if it is not finite. */
static bool find_gradient(training *of, bool values, bool balanced) {
  int64_t np      = of->field->param.count;
  int64_t terms   = of->state.terms;
  int64_t each    = balanced ? terms : 1;
  double  inverse = 1 / (double)of->options.batch;
  bool    finite  = sum_batch(of, each, values);
  if (!finite) {
    return false;
  }
  if (balanced) {
    balance(of);
  }
  for (int64_t j = 0; j < np; j++) {
    double sum = 0;
    for (int64_t g = 0; g < each; g++) {
      sum += (balanced ? of->state.weight[g] : 1) * of->sums.gradient[g * np + j];
    }
    of->gradient[j] = sum * inverse;
  }
  const ude_map *penalty = &of->field->penalty;
  const double   one     = 1;
  if (penalty->value &&
      penalty->vjp(NULL, of->p, 0, &one, NULL, of->gradient, NULL, penalty->context)) {
    return false;
  }
  for (int64_t j = 0; j < np && finite; j++) {
    finite = isfinite(of->gradient[j]);
  }
  return finite;
}

/* The weighted sum of means of terms, with the penalty. */
static double weighted(const training *of, const double *weight, const double *sums,
                       double samples) {
  double         loss    = 0;
  const ude_map *penalty = &of->field->penalty;
  for (int64_t k = 0; k < of->state.terms; k++) {
    loss += weight[k] > 0 ? weight[k] * sums[k] / samples : 0;
  }
  double more = 0;
  if (penalty->value && penalty->value(&more, NULL, of->p, 0, penalty->context)) {
    return (double)NAN;
  }
  return loss + more;
}

static double report(training *of, double *terms) {
  ude_batch_sums *sums = &of->report;
  sums->p              = of->p;
  sums->seed           = of->options.seed;
  sums->series         = UDE_SERIES_REPORT;
  sums->count          = of->options.samples;
  sums->values         = true;
  bool whole           = ude_batch_sum(sums);
  for (int64_t k = 0; terms && k < of->state.terms; k++) {
    terms[k] = whole ? sums->term[k] / (double)sums->count : (double)NAN;
  }
  return whole ? weighted(of, of->weight, sums->term, (double)sums->count) : (double)NAN;
}

/* ----------------------------------------------------------------------------------- steps -- */

static void adam(training *of) {
  static const double b1 = 0.9, b2 = 0.999, epsilon = 1e-8;
  ude_batch_state    *s    = &of->state;
  double              k    = (double)(s->iteration - s->failed + 1);
  double              rate = of->options.rate * pow(of->options.decay, (double)s->iteration / 1000);
  double              c1 = 1 / (1 - pow(b1, k)), c2 = 1 / (1 - pow(b2, k));
  for (int64_t i = 0; i < s->n; i++) {
    const ude_variable *variable = &of->variables.variable[i];
    double g     = of->gradient[variable->index] * ude_variable_slope(variable, s->theta[i]);
    s->mean[i]   = b1 * s->mean[i] + (1 - b1) * g;
    s->square[i] = b2 * s->square[i] + (1 - b2) * g * g;
    s->theta[i] -= rate * (s->mean[i] * c1) / (sqrt(s->square[i] * c2) + epsilon);
  }
}

static double seconds(const training *of) {
  return of->earlier + ude_clock() - of->started;
}

/* The state, for resuming; the parameters, for people. */
static ude_status save(training *of, const char *status_text, double loss, ude_error *error) {
  const char *folder = of->options.folder;
  if (!folder) {
    return UDE_OK;
  }
  ude_status status = ude_batch_state_write(&of->state, folder, error);
  status            = status ? status : ude_history_write(&of->history, folder, error);
  status            = status ? status
                             : ude_params_write_values(folder, of->field, of->options.seed, of->p, status_text,
                                                       loss, error);
  of->saved         = ude_clock();
  return status;
}

static double batch_loss(const training *of) {
  return weighted(of, of->state.weight, of->sums.term, (double)of->options.batch);
}

/* Note where the training stands; UDE_INTERRUPTED if it is to stop. */
static ude_status note(training *of, double loss, ude_error *error) {
  double largest              = ude_largest(of->gradient, of->field->param.count);
  of->best                    = loss < of->best ? loss : of->best;
  ude_status         status   = ude_history_add(&of->history,
                                                (ude_history_row){.evaluation = (double)of->state.iteration,
                                                                  .loss          = loss,
                                                                  .best          = of->best,
                                                                  .gradient_norm = largest,
                                                                  .seconds       = seconds(of)},
                                                error);
  const ude_progress progress = {.phase = "adam",
                                 .done  = of->state.iteration,
                                 .total = of->options.iterations,
                                 .value = loss,
                                 .best  = of->best};
  if (status == UDE_OK && of->options.progress &&
      of->options.progress(&progress, of->options.progress_context)) {
    return ude_fail(error, UDE_INTERRUPTED, "stopped at iteration %lld of %lld",
                    (long long)of->state.iteration, (long long)of->options.iterations);
  }
  if (status == UDE_OK && of->options.folder && ude_clock() - of->saved > save_seconds) {
    status = save(of, "interrupted", loss, error);
  }
  return status;
}

static ude_status train(training *of, ude_error *error) {
  int64_t    in_a_row = 0;
  ude_status status   = UDE_OK;
  while (of->state.iteration < of->options.iterations && status == UDE_OK &&
         !(of->options.max_seconds > 0 && seconds(of) > of->options.max_seconds)) {
    bool due = of->state.iteration % EVERY == 0;
    set_params(of);
    if (find_gradient(of, due, due && of->options.balance)) {
      in_a_row = 0;
      status   = due ? note(of, batch_loss(of), error) : UDE_OK;
      if (status) {
        break;
      }
      adam(of);
    } else {
      of->state.failed++;
      in_a_row++;
    }
    of->state.iteration++;
    if (in_a_row >= (of->state.iteration == 1 ? 1 : MOST_FAILURES)) {
      status = ude_fail(error, UDE_NUMERICAL,
                        "the gradient of the loss is not finite in %lld iterations one after the "
                        "other (now %lld); try a smaller rate, or look for what is undefined in "
                        "the loss",
                        (long long)in_a_row, (long long)of->state.iteration);
    }
  }
  set_params(of);
  return status;
}

static ude_status resume(training *of, ude_error *error) {
  bool        found  = false;
  const char *folder = of->options.folder;
  if (!folder || !of->options.resume) {
    return UDE_OK;
  }
  ude_status status = ude_batch_state_read(&of->state, folder, &found, error);
  if (status == UDE_OK && found) {
    status = ude_history_read(&of->history, folder, (double)of->state.iteration - 1, error);
  }
  if (of->history.count > 0) {
    of->best    = of->history.row[of->history.count - 1].best;
    of->earlier = of->history.row[of->history.count - 1].seconds;
  }
  return status;
}

/* ------------------------------------------------------------------------------------- fit -- */

static ude_status write_terms(const training *of, const double *terms, ude_error *error) {
  const ude_layout *layout = &of->field->terms;
  ude_table        *table  = NULL;
  const char      **names  = ude_calloc((size_t)layout->count, sizeof *names);
  char             *text   = ude_calloc((size_t)layout->count, 256);
  for (int64_t k = 0; names && text && k < layout->count; k++) {
    names[k] = ude_layout_name(layout, k, "loss", text + k * 256, 256);
  }
  ude_status status = names && text ? ude_table_create(1, layout->count, names, &table, error)
                                    : ude_fail_memory(error, "terms.csv");
  if (status == UDE_OK) {
    memcpy(table->values, terms, (size_t)layout->count * sizeof *terms);
    status = ude_run_table(table, of->options.folder, "terms.csv", error);
  }
  ude_table_free(table);
  free(names);
  free(text);
  return status;
}

static ude_status write_settings(const training *of, ude_error *error) {
  const char *folder = of->options.folder;
  const char *json   = of->options.settings_json;
  ude_status  status = folder ? ude_folder_make(folder, error) : UDE_OK;
  if (status || !folder || !json) {
    return status;
  }
  ude_text path = {0};
  ude_run_path(&path, folder, "settings.json");
  status = path.failed ? ude_fail_memory(error, "settings.json")
                       : ude_file_write(path.data, json, strlen(json), error);
  ude_text_free(&path);
  return status;
}

static ude_status run(training *of, double *p, double *terms, ude_batch_result *result,
                      ude_error *error) {
  double    *own    = ude_calloc((size_t)of->state.terms, sizeof *own);
  ude_status status = own ? write_settings(of, error) : ude_fail_memory(error, "a training");
  set_params(of);
  result->first_loss = own ? report(of, own) : (double)NAN;
  if (status == UDE_OK && !isfinite(result->first_loss)) {
    status = ude_fail(error, UDE_NUMERICAL, "the loss is not finite at the start");
  }
  status           = status ? status : resume(of, error);
  of->started      = ude_clock();
  of->saved        = of->started;
  bool       ready = status == UDE_OK;
  ude_status ended = ready ? train(of, error) : status;
  if (ready && (ended == UDE_OK || ended == UDE_INTERRUPTED)) {
    bool done          = ended == UDE_OK;
    result->loss       = report(of, own);
    result->iterations = of->state.iteration;
    result->failed     = of->state.failed;
    result->variables  = of->state.n;
    result->seconds    = seconds(of);
    status = save(of, done ? "finished" : "interrupted", result->loss, done ? error : NULL);
    status = status || !of->options.folder ? status : write_terms(of, own, done ? error : NULL);
    if (of->field->param.count > 0) {
      memcpy(p, of->p, (size_t)of->field->param.count * sizeof *p);
    }
    if (terms) {
      memcpy(terms, own, (size_t)of->state.terms * sizeof *terms);
    }
  }
  free(own);
  return ended ? ended : status;
}

ude_status ude_batch_fit(const ude_vector_field *field, const ude_batch_options *options, double *p,
                         double *terms, ude_batch_result *result, ude_error *error) {
  static const ude_batch_options none = {0};
  training                       of   = {.field = field, .options = options ? *options : none};
  *result                             = (ude_batch_result){.loss = (double)NAN};
  ude_status status                   = check(field, &of.options, p, error);
  if (status) {
    return status;
  }
  fill_defaults(&of.options);
  of.best = (double)INFINITY;
  status  = begin(&of, p, error);
  status  = status ? status : run(&of, p, terms, result, error);
  end(&of);
  return status;
}
