/* ude check: every derived quantity against every other. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/** Comparisons so far. */
typedef struct tally {
  long long count, failed;
} tally;

static void show(const ude_check_row *rows, int64_t count, tally *all) {
  if (!all->count && count) {
    printf("%-34s %-28s %10s %10s\n", "quantity", "against", "deviation", "allowed");
  }
  for (int64_t i = 0; i < count; i++) {
    printf("%-34s %-28s %10.2e %10.2e  %s\n", rows[i].quantity, rows[i].against, rows[i].deviation,
           rows[i].tolerance, rows[i].passed ? "ok" : "DISAGREES");
    if (!rows[i].passed && rows[i].row >= 0 && rows[i].column >= 0) {
      printf("%34s worst at row %lld, column %lld\n", "", (long long)rows[i].row,
             (long long)rows[i].column);
    } else if (!rows[i].passed && rows[i].row >= 0) {
      printf("%34s worst at row %lld\n", "", (long long)rows[i].row);
    }
    all->count++;
    all->failed += !rows[i].passed;
  }
}

/* One more kind of derivative: each compiles alone, so that a model that one of them refuses is checked for the others. */
static int check_kind(const cli_options *options, const cli_model *model, const char *kind,
                      unsigned derivatives, tally *all) {
  char        cache[4096];
  cli_options with  = *options;
  ude_model  *more  = NULL;
  ude_error   error = {0};
  if (model->constants.count) {
    with.constants = model->constants;
  }
  ude_compile_options compile = cli_compile_options(&with, derivatives, cache, sizeof cache);
  compile.diagnostic          = NULL; /* said already */
  ude_status status = ude_model_compile(options->models.item, (size_t)options->models.count,
                                        &compile, &more, &error);
  if (status == UDE_NOT_DIFFERENTIABLE) {
    printf("%-34s not derived: %s\n", kind, error.message);
    return CLI_OK;
  }
  ude_check_row rows[UDE_CHECK_MAX_ROWS];
  int64_t       count = 0;
  if (status == UDE_OK) {
    status = ude_check_derived(ude_model_vector_field(more), model->u0, model->p, model->tspan[0],
                               rows, &count, &error);
  }
  if (status == UDE_OK) {
    show(rows, count, all);
  }
  ude_model_free(more);
  return status ? cli_fail(&error, status) : CLI_OK;
}

static int run(const cli_options *options) {
  static const struct {
    const char *name;
    unsigned    derivatives;
  } kinds[] = {{"hvp", UDE_DERIVATIVE_VJP | UDE_DERIVATIVE_HVP},
               {"jets", UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_JET},
               {"lanes", UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP | UDE_LANES}};
  cli_model model;
  int       code = cli_model_open(options, UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP, &model);
  if (code) {
    return code;
  }
  tally all      = {0};
  bool  solvable = model.field->rhs.value != NULL; /* else it has a loss over samples alone */
  code           = solvable ? cli_model_need(&model, true, true) : CLI_OK;
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
    if (code == CLI_OK) {
      show(rows, count, &all);
    }
    free(times);
  }
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds && code == CLI_OK && solvable; k++) {
    code = check_kind(options, &model, kinds[k].name, kinds[k].derivatives, &all);
  }
  if (code == CLI_OK && all.failed) {
    fprintf(stderr, "ude: %lld of %lld comparisons disagree\n", all.failed, all.count);
    code = CLI_FAILURE;
  }
  cli_model_close(&model);
  return code;
}

const cli_verb cli_check = {
    .name    = "check",
    .usage   = "MODEL.c [MORE.c ...] [options]",
    .summary = "compare all derivatives of the model with each other and with differences",
    .options =
        "method rtol atol step max-step tspan u0 p params max-steps define clang cache no-cache",
    .details =
        "Compares jvp and vjp with differences and each other, gradients through the solver, "
        "Hessian-vector\n"
        "products, Taylor series and the functions in lanes; says why where one of the latter "
        "cannot be derived.\n"
        "Exit status 1 when something disagrees.",
    .run = run};
