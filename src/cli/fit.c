/* ude fit */
#include <stdlib.h>
#include <string.h>
#include <ude/report.h>

#include "cli/cli.h"
#include "cli/plot.h"
#include "cli/settings.h"

static int fit_options(const cli_options *options, const cli_model *model, ude_fit_options *fit) {
  ude_error  error  = {0};
  ude_status status = UDE_OK;
  double    *times  = NULL;
  int code = cli_solve_options(options, model->tspan[0], model->tspan[1], &fit->solve, &times);
  free(times);
  if (code) {
    return code;
  }
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

static int train(const cli_options *options, const cli_model *model, const ude_dataset *data,
                 ude_fit_options *fit) {
  cli_progress_state progress = cli_progress_begin(options->quiet);
  ude_fit_result     result;
  ude_error          error    = {0};
  char              *settings = cli_settings_write(options);
  fit->settings_json          = settings;
  fit->progress               = cli_progress;
  fit->progress_context       = &progress;
  cli_catch_interrupt();
  ude_status status = ude_fit(model->field, data, fit, model->p, NULL, &result, &error);
  cli_progress_end(&progress);
  free(settings);
  if (status == UDE_OK || status == UDE_INTERRUPTED) {
    fprintf(
        stderr,
        "loss %.6g -> %.6g; %lld variables, %lld measurements, %lld iterations, %lld evaluations, "
        "%.2f s; %s\n",
        result.first_loss, result.loss, (long long)result.variables, (long long)data->cells,
        (long long)result.iterations, (long long)result.evaluations, result.seconds,
        ude_fit_reason_text(result.reason));
    fprintf(stderr, "run folder: %s\n", options->output);
  }
  return status ? cli_fail(&error, status) : CLI_OK;
}

static int run(const cli_options *options) {
  cli_options with = *options;
  cli_model   model;
  if (options->data.count == 0) {
    return cli_usage_error("fit needs data: name at least one CSV file");
  }
  if (options->folders.count) {
    return cli_usage_error("'%s' is neither a C file nor a CSV file", options->folders.item[0]);
  }
  if (!with.output) {
    with.output = "run";
  }
  unsigned derivatives = UDE_DERIVATIVE_VJP | cli_solver_derivatives(&with, true);
  if (with.optimizer && strcmp(with.optimizer, "lm") == 0) {
    derivatives |= UDE_DERIVATIVE_JVP;
  }
  int code = cli_model_open(&with, derivatives, &model);
  if (code) {
    return code;
  }
  ude_dataset    *data  = NULL;
  ude_error       error = {0};
  ude_fit_options fit   = {0};
  ude_status      status =
      ude_dataset_read(with.data.item, with.data.count, model.field, NULL, &data, &error);
  code = status ? cli_fail(&error, status) : fit_options(&with, &model, &fit);
  if (code == CLI_OK) {
    code = train(&with, &model, data, &fit);
  }
  if (code == CLI_OK || code == CLI_INTERRUPTED) {
    if (options->plot) {
      cli_plot_run(with.output);
    }
    status = ude_report_write(with.output, NULL, NULL, &error);
    if (status) {
      fprintf(stderr, "ude: the report could not be written: %s\n", error.message);
    }
  }
  ude_dataset_free(data);
  cli_model_close(&model);
  return code;
}

const cli_verb cli_fit = {
    .name    = "fit",
    .usage   = "MODEL.c [MORE.c ...] DATA.csv [MORE.csv ...] [-o RUN] [options]",
    .summary = "train the model's parameters and networks on data, into a run folder",
    .options =
        "output initial adam rate optimizer iterations regularise segment continuity max-seconds "
        "seed resume method rtol atol step max-step tspan u0 p params max-steps plot quiet define "
        "clang cache "
        "no-cache",
    .details =
        "The data's columns are named as the states (or as members of struct observation); empty "
        "cells\n"
        "are missing; a column 'trajectory' tells several solutions apart. Adam is followed by "
        "BFGS.\n"
        "Ctrl-C saves what was reached; --resume goes on from there to the same result. The run "
        "folder\n"
        "(default: run) holds params.json, history.csv, predicted.csv, trajectory.csv, "
        "report.html, ...",
    .run = run};
