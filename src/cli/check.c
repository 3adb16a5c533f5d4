/* ude check: every derived quantity against every other. */
#include <stdlib.h>

#include "cli/cli.h"

static int run(const cli_options *options) {
  cli_model model;
  int       code = cli_model_open(options, UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP, &model);
  if (code) {
    return code;
  }
  code = cli_model_need(&model, true, true);
  if (code == CLI_OK) {
    ude_sensitivity_options sensitivity = {0};
    double                 *times       = NULL;
    ude_check_row           rows[UDE_CHECK_MAX_ROWS];
    int64_t                 count = 0;
    ude_error               error = {0};
    code = cli_solve_options(options, model.tspan[0], model.tspan[1], &sensitivity.solve, &times);
    if (code == CLI_OK) {
      ude_status status = ude_check(model.field, model.u0, model.p, model.tspan[0], model.tspan[1],
                                    &sensitivity, rows, &count, &error);
      code              = status ? cli_fail(&error, status) : CLI_OK;
    }
    int failed = 0;
    if (code == CLI_OK) {
      printf("%-34s %-26s %10s %10s\n", "quantity", "against", "deviation", "allowed");
    }
    for (int64_t i = 0; code == CLI_OK && i < count; i++) {
      printf("%-34s %-26s %10.2e %10.2e  %s\n", rows[i].quantity, rows[i].against,
             rows[i].deviation, rows[i].tolerance, rows[i].passed ? "ok" : "DISAGREES");
      if (!rows[i].passed && rows[i].row >= 0) {
        printf("%34s worst at row %lld, column %lld\n", "", (long long)rows[i].row,
               (long long)rows[i].column);
      }
      failed += !rows[i].passed;
    }
    if (failed) {
      fprintf(stderr, "ude: %d of %lld comparisons disagree\n", failed, (long long)count);
      code = CLI_FAILURE;
    }
    free(times);
  }
  cli_model_close(&model);
  return code;
}

const cli_verb cli_check = {
    .name    = "check",
    .usage   = "MODEL.c [MORE.c ...] [options]",
    .summary = "compare all derivatives of the model with each other and with differences",
    .options = "method rtol atol step max-step tspan u0 p params max-steps define clang cache no-cache",
    .details = "Exit status 1 when something disagrees.",
    .run     = run};
