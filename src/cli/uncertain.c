/* ude uncertain */
#include <stdlib.h>
#include <string.h>

#include "cli/uncertain.h"

static int propagate(const cli_options *options, const cli_model *model,
                     const cli_uncertain_inputs *in, ude_solve_options *solve, bool json) {
  ude_uncertain_options uncertain = {.solve        = *solve,
                                     .from_initial = model->u0_from_initial,
                                     .components   = options->components,
                                     .covariance = options->output || (json && options->components),
                                     .samples    = options->samples,
                                     .seed       = (uint64_t)options->seed,
                                     .threads    = (int)options->threads};
  bool                  end       = solve->save == UDE_SAVE_END;
  bool                  given     = end || solve->save == UDE_SAVE_AT;
  ude_uncertain_result *result    = NULL;
  ude_error             error     = {0};
  ude_status            status =
      ude_uncertain(model->field, model->u0, model->p, model->tspan[0], model->tspan[1],
                    end     ? &model->tspan[1]
                    : given ? solve->saveat
                            : NULL,
                    end     ? 1
                    : given ? solve->saveat_count
                            : 0,
                    in->input, in->count, in->correlation, &uncertain, &result, &error);
  if (status) {
    return cli_fail(&error, status);
  }
  int code = CLI_OK;
  if (options->output) {
    code = result->count > 0 ? cli_uncertain_write_covariance(model->field, result, options->output)
                             : cli_usage_error("--output: no time is saved");
  }
  if (code == CLI_OK) {
    (json ? cli_uncertain_print_json : cli_uncertain_print_csv)(model->field, result, in);
    cli_uncertain_warn(model->field, result, in);
  }
  ude_uncertain_result_free(result);
  return code;
}

static int run(const cli_options *given) {
  cli_options options = *given;
  bool        json    = options.format && strcmp(options.format, "json") == 0;
  if (options.format && !json && strcmp(options.format, "csv") != 0) {
    return cli_usage_error("--format: '%s' is neither csv nor json", options.format);
  }
  if (options.samples < 0 || options.samples == 1 || options.threads < 0) {
    return cli_usage_error("--sample needs 2 or more, --threads 1 or more");
  }
  options.uncertain          = true;
  cli_model            model = {0};
  cli_uncertain_inputs in    = {0};
  double              *times = NULL;
  ude_solve_options    solve = {0};
  int                  code  = cli_model_open(&options, UDE_DERIVATIVE_JVP, &model);
  if (code == CLI_OK) {
    code = cli_model_need(&model, true, true);
  }
  if (code == CLI_OK) {
    code = cli_solve_options(&options, model.tspan[0], model.tspan[1], &solve, &times);
  }
  if (code == CLI_OK) {
    code = cli_uncertain_collect(&options, &model, &in);
  }
  if (code == CLI_OK) {
    cli_catch_interrupt();
    code = propagate(&options, &model, &in, &solve, json);
  }
  cli_uncertain_free(&in);
  free(times);
  cli_model_close(&model);
  return code;
}

const cli_verb cli_uncertain = {
    .name    = "uncertain",
    .usage   = "MODEL.c [MORE.c ...] --u0 'name=value+-sigma' --p 'name=value+-sigma' [options]",
    .summary = "carry uncertain initial values and parameters through the solve",
    .options =
        "method rtol atol tspan u0 p params saveat max-steps format correlation covariance "
        "components sample seed threads output define clang cache no-cache specialise",
    .details =
        "Prints CSV with a column NAME_sigma behind each state and each observation. Linear "
        "propagation, correlations\nkept; warns where curvature makes it doubtful. --output "
        "writes the covariance at the last saved time as CSV.",
    .run = run};
