/* ude fit */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ude/report.h>

#include "cli/cli.h"
#include "cli/plot.h"
#include "cli/repeat.h"
#include "cli/settings.h"

enum { MOST_LINES = 40 }; /* of parameters that are printed */

static int fit_options(const cli_options *options, const cli_model *model, ude_estimate_term *terms,
                       ude_fit_options *fit) {
  ude_error  error  = {0};
  ude_status status = UDE_OK;
  double    *times  = NULL;
  int code = cli_solve_options(options, model->tspan[0], model->tspan[1], &fit->solve, &times);
  free(times);
  code = code ? code : cli_heuristics(options, terms, &fit->estimates);
  if (code) {
    return code;
  }
  fit->estimate    = terms;
  fit->regularise  = options->regularise;
  fit->segment     = options->segment;
  fit->continuity  = options->continuity;
  fit->seed        = (uint64_t)options->seed;
  fit->adam        = options->adam;
  fit->rate        = options->rate;
  fit->iterations  = options->iterations;
  fit->max_seconds = options->max_seconds;
  fit->folder      = options->output;
  fit->resume      = options->resume;
  fit->u0          = model->u0_from_initial || !model->has_u0 ? NULL : model->u0;
  if (options->initial) {
    status = ude_initial_policy_parse(options->initial, &fit->initial, &error);
  }
  if (status == UDE_OK && options->optimizer) {
    status = ude_optimizer_parse(options->optimizer, &fit->optimizer, &error);
  }
  return status ? cli_fail(&error, status) : CLI_OK;
}

/* Weights of the data's columns into *scales (free), where they are asked for; where they may be missed, a word. */
static int scale_columns(const cli_options *options, const ude_vector_field *field,
                         const ude_dataset *data, double **scales) {
  static const double unlike = 30;
  const char         *how    = options->scale ? options->scale : "none";
  bool                scaled = strcmp(how, "deviation") == 0;
  int64_t             least  = 0;
  int64_t             most   = 0;
  if (!scaled && strcmp(how, "none") != 0) {
    return cli_usage_error("--scale: '%s' is neither none nor deviation", how);
  }
  double *deviations = ude_calloc((size_t)data->columns, sizeof *deviations);
  if (!deviations) {
    return cli_usage_error("out of memory");
  }
  ude_dataset_deviations(data, field, deviations);
  for (int64_t j = 0; j < data->columns; j++) {
    least = deviations[j] < deviations[least] ? j : least;
    most  = deviations[j] > deviations[most] ? j : most;
  }
  if (!options->scale && deviations[most] > unlike * deviations[least]) {
    fprintf(stderr,
            "note: '%s' varies %.0f times as much as '%s', which will hardly count; "
            "--scale deviation makes them count alike\n",
            data->names[most], deviations[most] / deviations[least], data->names[least]);
  }
  for (int64_t j = 0; j < data->columns; j++) {
    deviations[j] = 1 / deviations[j];
  }
  if (!scaled) {
    free(deviations);
  }
  *scales = scaled ? deviations : NULL;
  return CLI_OK;
}

/* Trained scalars that are no arrays, with their standard errors; of the others only how many have one. */
static void print_parameters(const ude_vector_field *field, const double *p, const double *errors) {
  int64_t lines = 0;
  int64_t rest  = 0;
  int64_t known = 0;
  for (int64_t i = 0; i < field->param.count; i++) {
    const ude_member *member = ude_layout_member(&field->param, i);
    char              name[256];
    if (member && member->fixed) {
      continue;
    }
    if ((member && member->rank > 0) || lines >= MOST_LINES) {
      rest++;
      known += !isnan(errors[i]);
      continue;
    }
    fprintf(stderr, "%s = %.6g", ude_layout_name(&field->param, i, "p", name, sizeof name), p[i]);
    if (isnan(errors[i])) {
      fputs(" (not determined by these data)\n", stderr);
    } else {
      fprintf(stderr, " (\u00b1 %.2g)\n", errors[i]);
    }
    lines++;
  }
  if (rest > 0) {
    fprintf(stderr,
            "of %lld elements of arrays, such as weights of networks, the data determine %lld\n",
            (long long)rest, (long long)known);
  }
}

/* How precise the parameters are; where that cannot be said, why. */
static void print_errors(const cli_model *model, const ude_dataset *data,
                         const ude_fit_options *fit, const double *u0) {
  ude_fit_options   with   = *fit;
  double           *errors = ude_calloc((size_t)model->field->param.count, sizeof *errors);
  ude_fit_precision precision;
  ude_error         error = {0};
  with.starts             = u0;
  ude_status status =
      errors ? ude_fit_errors(model->field, data, &with, model->p, errors, NULL, &precision, &error)
             : ude_fail_memory(&error, "standard errors");
  if (status) {
    fprintf(stderr, "no standard errors: %s\n", error.message);
  } else if (precision.freedom <= 0) {
    fprintf(stderr,
            "no standard errors: there are no more measurements (%lld) than numbers that they "
            "determine\n",
            (long long)data->cells);
  } else {
    print_parameters(model->field, model->p, errors);
  }
  free(errors);
}

static int train(const cli_options *options, const cli_model *model, const ude_dataset *data,
                 ude_fit_options *fit) {
  cli_progress_state progress = cli_progress_begin(options->quiet);
  ude_fit_result     result;
  ude_error          error    = {0};
  char              *settings = cli_settings_write(options);
  double *u0 = ude_calloc((size_t)(data->trajectories * model->field->state.count), sizeof *u0);
  fit->settings_json    = settings;
  fit->progress         = cli_progress;
  fit->progress_context = &progress;
  cli_catch_interrupt();
  ude_status status = settings && u0
                          ? ude_fit(model->field, data, fit, model->p, u0, &result, &error)
                          : ude_fail_memory(&error, "the fit");
  cli_progress_end(&progress);
  fit->settings_json    = NULL; /* these end here */
  fit->progress_context = NULL;
  free(settings);
  if (status == UDE_OK || (status == UDE_INTERRUPTED && !isnan(result.loss))) {
    fprintf(
        stderr,
        "loss %.6g -> %.6g; %lld variables, %lld measurements, %lld iterations, %lld evaluations, "
        "%.2f s; stopped (%s): %s\n",
        result.first_loss, result.loss, (long long)result.variables, (long long)data->cells,
        (long long)result.iterations, (long long)result.evaluations, result.seconds,
        result.optimizer, ude_fit_reason_text(result.reason));
  }
  if (status == UDE_OK) {
    print_errors(model, data, fit, u0);
  }
  if (status == UDE_OK || status == UDE_INTERRUPTED) {
    fprintf(stderr, "run folder: %s\n", options->output);
  }
  free(u0);
  return status ? cli_fail(&error, status) : CLI_OK;
}

/* *learned: the model has unknown terms. */
static int fit_once(const cli_options *options, bool *learned) {
  cli_model model;
  unsigned  needs = UDE_DERIVATIVE_VJP | UDE_DERIVATIVE_JVP | (options->repeat ? UDE_PROBE : 0) |
                   cli_solver_derivatives(options, true);
  int code = cli_model_open(options, needs, &model);
  if (code) {
    return code;
  }
  ude_dataset      *data  = NULL;
  ude_error         error = {0};
  ude_fit_options   fit   = {0};
  ude_estimate_term terms[UDE_ESTIMATE_MOST];
  ude_status        status =
      ude_dataset_read(options->data.item, options->data.count, model.field, NULL, &data, &error);
  double *scales = NULL;
  code           = status ? cli_fail(&error, status) : fit_options(options, &model, terms, &fit);
  code           = code ? code : scale_columns(options, model.field, data, &scales);
  fit.scales     = scales;
  *learned       = model.field->learned_count > 0;
  if (code == CLI_OK) {
    code = train(options, &model, data, &fit);
  }
  if (code == CLI_OK || code == CLI_INTERRUPTED) {
    if (options->plot) {
      cli_plot_run(options->output);
    }
    status = ude_report_write(options->output, NULL, NULL, &error);
    if (status) {
      fprintf(stderr, "ude: the report could not be written: %s\n", error.message);
    }
  }
  free(scales);
  ude_dataset_free(data);
  cli_model_close(&model);
  return code;
}

/* One seed of many: the fit, and the equation where there is something to discover. */
static int fit_and_discover(const cli_options *options) {
  bool learned = false;
  int  code    = fit_once(options, &learned);
  if (code || !learned) {
    return code;
  }
  cli_options with = {.folders  = {.item = (const char *[]){options->output}, .count = 1},
                      .clang    = options->clang,
                      .cache    = options->cache,
                      .no_cache = options->no_cache,
                      .quiet    = true};
  return cli_discover.run(&with);
}

static int run(const cli_options *options) {
  cli_options with    = *options;
  bool        learned = false;
  if (options->data.count == 0) {
    return cli_usage_error("fit needs data: name at least one CSV file");
  }
  if (options->folders.count) {
    return cli_usage_error("'%s' is neither a C file nor a CSV file", options->folders.item[0]);
  }
  if (!with.output) {
    with.output = "run";
  }
  if (with.repeat == 0 && (with.reach > 0 || with.expect)) {
    return cli_usage_error("--reach and --expect belong to --repeat N");
  }
  return with.repeat ? cli_repeat(&with, fit_and_discover) : fit_once(&with, &learned);
}

const cli_verb cli_fit = {
    .name    = "fit",
    .takes   = CLI_TAKES_DATA,
    .usage   = "MODEL.c [MORE.c ...] DATA.csv [MORE.csv ...] [-o RUN] [options]",
    .summary = "train the model's parameters and networks on data, into a run folder",
    .options =
        "output initial adam rate optimizer iterations regularise heuristics scale segment "
        "continuity "
        "max-seconds seed repeat reach expect resume method rtol atol step max-step tspan u0 p "
        "params max-steps plot quiet define clang cache no-cache",
    .details =
        "The data's columns are named as the states (or as members of struct observation); empty "
        "cells\n"
        "are missing; a column 'trajectory' tells several solutions apart. Adam is followed by\n"
        "Levenberg-Marquardt where that fits, else by BFGS; the weight decay of networks is chosen "
        "by the\n"
        "data. Where whole solutions cannot be made to follow the data, the fit starts again from "
        "short\n"
        "segments. Parameters come with standard errors where the data determine them.\n"
        "Ctrl-C saves what was reached; --resume goes on from there to the same result. The run "
        "folder\n"
        "(default: run) holds params.json, history.csv, predicted.csv, trajectory.csv, "
        "report.html, ...\n"
        "--repeat N fits (and discovers) from N seeds and prints a table of losses and structures, "
        "and on\n"
        "standard error the share of each structure.",
    .run = run};
