/* ude jacobian: values of d rhs/du or d rhs/dp. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static void print_names(const char *key, const ude_layout *layout, const char *fallback) {
  printf("\"%s\":[", key);
  for (int64_t i = 0; i < layout->count; i++) {
    char name[256];
    fputs(i ? "," : "", stdout);
    cli_json_string(stdout, ude_layout_name(layout, i, fallback, name, sizeof name));
  }
  fputs("]", stdout);
}

static void print_json(const ude_vector_field *field, const ude_layout *columns, bool wrt_param,
                       const double *jacobian) {
  putchar('{');
  print_names("rows", &field->state, "u");
  putchar(',');
  print_names("columns", columns, wrt_param ? "p" : "u");
  fputs(",\"values\":[", stdout);
  for (int64_t i = 0; i < field->state.count; i++) {
    fputs(i ? ",[" : "[", stdout);
    for (int64_t j = 0; j < columns->count; j++) {
      fputs(j ? "," : "", stdout);
      cli_json_number(stdout, jacobian[i * columns->count + j]);
    }
    putchar(']');
  }
  fputs("]}\n", stdout);
}

static void print_csv(const ude_vector_field *field, const ude_layout *columns, bool wrt_param,
                      const double *jacobian) {
  char name[256];
  fputs("row", stdout);
  for (int64_t j = 0; j < columns->count; j++) {
    printf(",%s", ude_layout_name(columns, j, wrt_param ? "p" : "u", name, sizeof name));
  }
  putchar('\n');
  for (int64_t i = 0; i < field->state.count; i++) {
    printf("%s", ude_layout_name(&field->state, i, "u", name, sizeof name));
    for (int64_t j = 0; j < columns->count; j++) {
      printf(",%.17g", jacobian[i * columns->count + j]);
    }
    putchar('\n');
  }
}

static int run(const cli_options *options) {
  bool param   = options->wrt && strcmp(options->wrt, "param") == 0;
  bool reverse = options->mode && strcmp(options->mode, "reverse") == 0;
  bool json    = options->format && strcmp(options->format, "json") == 0;
  if (options->wrt && !param && strcmp(options->wrt, "state") != 0) {
    return cli_usage_error("--wrt: '%s' is neither state nor param", options->wrt);
  }
  if (options->mode && !reverse && strcmp(options->mode, "forward") != 0) {
    return cli_usage_error("--mode: '%s' is neither forward nor reverse", options->mode);
  }
  if (options->format && !json && strcmp(options->format, "csv") != 0) {
    return cli_usage_error("--format: '%s' is neither csv nor json", options->format);
  }
  cli_model model;
  int code = cli_model_open(options, reverse ? UDE_DERIVATIVE_VJP : UDE_DERIVATIVE_JVP, &model);
  if (code) {
    return code;
  }
  code = cli_model_need(&model, true, false);
  if (code == CLI_OK) {
    const ude_layout *columns = param ? &model.field->param : &model.field->state;
    double            t       = options->has_at ? options->at : model.has_span ? model.tspan[0] : 0;
    double    *jacobian = ude_calloc((size_t)model.field->state.count, (size_t)columns->count * 8);
    ude_error  error    = {0};
    ude_status status   = jacobian
                              ? ude_jacobian(&model.field->rhs, model.field->param.count, model.u0,
                                             model.p, t, param, reverse, jacobian, &error)
                              : ude_fail_memory(&error, "the Jacobian");
    if (status) {
      code = cli_fail(&error, status);
    } else {
      (json ? print_json : print_csv)(model.field, columns, param, jacobian);
    }
    free(jacobian);
  }
  cli_model_close(&model);
  return code;
}

const cli_verb cli_jacobian = {
    .name    = "jacobian",
    .usage   = "MODEL.c [MORE.c ...] [options]",
    .summary = "the Jacobian of the right-hand side at a point",
    .options = "wrt mode at u0 p params tspan format define clang cache no-cache",
    .details =
        "Rows and columns are in memory order and named as C names them; integer members are\n"
        "constants of the model and do not appear.",
    .run = run};
