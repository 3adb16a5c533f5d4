/* ude taylor: derivatives in time of the solution through a point. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { DEFAULT_ORDER = 12 };

static void print_series(const ude_vector_field *field, const double *series, int64_t order,
                         bool derivatives) {
  fputs(derivatives ? "\"derivatives\":{" : "\"coefficients\":{", stdout);
  for (int64_t i = 0; i < field->state.count; i++) {
    char name[256];
    fputs(i ? "," : "", stdout);
    cli_json_string(stdout, ude_layout_name(&field->state, i, "u", name, sizeof name));
    fputs(":[", stdout);
    double factorial = 1;
    for (int64_t k = 0; k <= order; k++) {
      factorial *= k > 0 && derivatives ? (double)k : 1;
      fputs(k ? "," : "", stdout);
      cli_json_number(stdout, series[i * (order + 1) + k] * factorial);
    }
    putchar(']');
  }
  putchar('}');
}

static void print_json(const ude_vector_field *field, const double *series, int64_t order,
                       double t) {
  fputs("{\"t\":", stdout);
  cli_json_number(stdout, t);
  printf(",\"order\":%lld,", (long long)order);
  print_series(field, series, order, true);
  putchar(',');
  print_series(field, series, order, false);
  fputs("}\n", stdout);
}

/* One line for each order. */
static void print_csv(const ude_vector_field *field, const double *series, int64_t order) {
  char name[256];
  fputs("order", stdout);
  for (int64_t i = 0; i < field->state.count; i++) {
    printf(",%s", ude_layout_name(&field->state, i, "u", name, sizeof name));
  }
  putchar('\n');
  double factorial = 1;
  for (int64_t k = 0; k <= order; k++) {
    factorial *= k > 0 ? (double)k : 1;
    printf("%lld", (long long)k);
    for (int64_t i = 0; i < field->state.count; i++) {
      printf(",%.17g", series[i * (order + 1) + k] * factorial);
    }
    putchar('\n');
  }
}

static int print(const cli_options *options, const cli_model *model, int64_t order, bool json) {
  double  t = options->has_at ? options->at : model->has_span ? model->tspan[0] : 0;
  double *series =
      ude_calloc((size_t)model->field->state.count, (size_t)(order + 1) * sizeof *series);
  ude_error  error  = {0};
  ude_status status = series
                          ? ude_taylor(model->field, order, model->u0, model->p, t, series, &error)
                          : ude_fail_memory(&error, "Taylor coefficients");
  if (status == UDE_OK && json) {
    print_json(model->field, series, order, t);
  } else if (status == UDE_OK) {
    print_csv(model->field, series, order);
  }
  free(series);
  return status ? cli_fail(&error, status) : CLI_OK;
}

static int run(const cli_options *options) {
  int64_t order = options->has_order ? options->order : DEFAULT_ORDER;
  bool    json  = options->format && strcmp(options->format, "json") == 0;
  if (options->format && !json && strcmp(options->format, "csv") != 0) {
    return cli_usage_error("--format: '%s' is neither csv nor json", options->format);
  }
  if (order < 0 || order > UDE_MAX_ORDER) {
    return cli_usage_error("--order: %lld is not 0 to %d", (long long)order, (int)UDE_MAX_ORDER);
  }
  cli_model model;
  int       code = cli_model_open(options, UDE_DERIVATIVE_JET, &model);
  if (code) {
    return code;
  }
  code = cli_model_need(&model, true, false);
  if (code == CLI_OK) {
    code = print(options, &model, order, json);
  }
  cli_model_close(&model);
  return code;
}

const cli_verb cli_taylor = {
    .name    = "taylor",
    .usage   = "MODEL.c [MORE.c ...] [options]",
    .summary = "derivatives in time of the solution through a point, to any order up to 32",
    .options = "order t at u0 p params tspan format define clang cache no-cache",
    .details =
        "Prints d^k u/dt^k for k = 0 to the order (default 12), a line each; JSON has the Taylor\n"
        "coefficients (those over k!) as well.",
    .run = run};
