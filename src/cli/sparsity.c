/* ude sparsity: which derivatives of a model may be other than zero. */
#include <stdlib.h>
#include <string.h>

#include <ude/report.h>

#include "cli/cli.h"

static void print_json(const ude_pattern *pattern, int64_t colours) {
  printf("{\"rows\":%lld,\"columns\":%lld,\"entries\":[", (long long)pattern->rows,
         (long long)pattern->columns);
  for (int64_t i = 0; i < pattern->rows; i++) {
    for (int64_t k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      printf("%s[%lld,%lld]", k ? "," : "", (long long)i, (long long)pattern->index[k]);
    }
  }
  printf("],\"colors\":%lld}\n", (long long)colours);
}

static void print_csv(const ude_pattern *pattern) {
  puts("row,column");
  for (int64_t i = 0; i < pattern->rows; i++) {
    for (int64_t k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      printf("%lld,%lld\n", (long long)i, (long long)pattern->index[k]);
    }
  }
}

/* A point for each entry, rows downwards; of a pattern with more entries than a picture can show, as many as
 * there are places in a raster. */
static ude_status picture(const ude_pattern *pattern, const char *path, ude_error *error) {
  enum { RASTER = 256, MOST = 20000 };
  int64_t entries = pattern->start[pattern->rows], count = 0;
  bool    coarse = entries > MOST;
  int64_t most   = coarse ? RASTER * RASTER : entries;
  double *x = ude_calloc((size_t)most, sizeof *x), *y = ude_calloc((size_t)most, sizeof *y);
  bool   *seen = ude_calloc(RASTER, RASTER);
  if (!x || !y || !seen) {
    free(x);
    free(y);
    free(seen);
    return ude_fail_memory(error, "a picture");
  }
  for (int64_t i = 0; i < pattern->rows; i++) {
    for (int64_t k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      int64_t j = pattern->index[k];
      if (coarse) {
        bool *place = &seen[i * RASTER / pattern->rows * RASTER + j * RASTER / pattern->columns];
        if (*place) {
          continue;
        }
        *place = true;
      }
      x[count]   = (double)j;
      y[count++] = -(double)i;
    }
  }
  char title[128];
  snprintf(title, sizeof title, "%lld x %lld, %lld entries", (long long)pattern->rows,
           (long long)pattern->columns, (long long)entries);
  ude_plot_series      series = {.count = count, .x = x, .y = y, .mark = UDE_MARK_POINTS};
  double               right = (double)pattern->columns - 0.5, bottom = 0.5 - (double)pattern->rows;
  ude_plot             plot   = {.title  = title,
                                 .x      = {.label = "column", .low = -0.5, .high = right},
                                 .y      = {.label = "- row", .low = bottom, .high = 0.5},
                                 .series = &series,
                                 .count  = 1};
  ude_plot_svg_options size   = {.width = 640, .height = 640};
  ude_text             text   = {0};
  ude_status           status = ude_plot_svg(&plot, &size, &text, error);
  if (status == UDE_OK) {
    status = text.failed ? ude_fail_memory(error, "a picture")
                         : ude_file_write(path, text.data, text.length, error);
  }
  ude_text_free(&text);
  free(x);
  free(y);
  free(seen);
  return status;
}

/* Products that the derivatives take: colours of columns; for a Hessian of a star colouring. */
static ude_status count_colours(const ude_pattern *pattern, bool hessian, int64_t *colours,
                                ude_error *error) {
  ude_colouring colouring = {0};
  ude_status    status    = ude_colour(pattern, hessian ? UDE_COLOUR_STAR : UDE_COLOUR_COLUMNS,
                                       UDE_ORDER_BEST, &colouring, error);
  *colours                = colouring.column_colours;
  ude_colouring_free(&colouring);
  return status;
}

static int find_pattern(const cli_options *options, const cli_model *model, ude_pattern *pattern,
                        ude_error *error) {
  const ude_vector_field *field = model->field;
  if (options->hessian && !field->cost.value) {
    return cli_usage_error(
        "--hessian needs a model that defines double cost(const struct state *u, const struct "
        "param "
        "*p, double t)");
  }
  if (options->path) {
    int code = cli_model_need(model, true, false);
    if (code == CLI_OK && !model->has_p) {
      code = cli_usage_error("--path needs the values of all parameters: define p0 or give --p");
    }
    if (code) {
      return code;
    }
  }
  ude_sparsity_request request = {.map       = options->hessian ? &field->cost : &field->rhs,
                                  .wrt_param = options->wrt && strcmp(options->wrt, "param") == 0,
                                  .hessian   = options->hessian,
                                  .path      = options->path,
                                  .u         = model->u0,
                                  .p         = model->has_p ? model->p : NULL,
                                  .t         = options->has_at   ? options->at
                                               : model->has_span ? model->tspan[0]
                                                                 : 0};
  ude_status           status  = ude_model_sparsity(model->model, &request, pattern, error);
  return status ? cli_fail(error, status) : CLI_OK;
}

static int run(const cli_options *options) {
  bool json = options->format && strcmp(options->format, "json") == 0;
  if (options->wrt && strcmp(options->wrt, "param") != 0 && strcmp(options->wrt, "state") != 0) {
    return cli_usage_error("--wrt: '%s' is neither state nor param", options->wrt);
  }
  if (options->format && !json && strcmp(options->format, "csv") != 0) {
    return cli_usage_error("--format: '%s' is neither csv nor json", options->format);
  }
  cli_model   model;
  ude_error   error   = {0};
  ude_pattern pattern = {0};
  int64_t     colours = 0;
  cli_options own     = *options;
  own.partial         = true;
  int code            = cli_model_open(&own, UDE_SPARSITY, &model);
  if (code) {
    return code;
  }
  code = find_pattern(options, &model, &pattern, &error);
  if (code == CLI_OK) {
    ude_status status = count_colours(&pattern, options->hessian, &colours, &error);
    if (status == UDE_OK && options->picture) {
      status = picture(&pattern, options->picture, &error);
    }
    code = status ? cli_fail(&error, status) : CLI_OK;
  }
  if (code == CLI_OK && json) {
    print_json(&pattern, colours);
  } else if (code == CLI_OK) {
    print_csv(&pattern);
  }
  ude_pattern_free(&pattern);
  cli_model_close(&model);
  return code;
}

const cli_verb cli_sparsity = {
    .name    = "sparsity",
    .usage   = "MODEL.c [MORE.c ...] [options]",
    .summary = "the pattern of the Jacobian of rhs, or of the Hessian of cost",
    .options = "hessian path wrt at u0 p params tspan format plot= define clang cache no-cache",
    .details =
        "The pattern holds for all branches, states, times and trained parameters; members of "
        "struct\n"
        "param that are const have the values of p0 or --p. With --path it is that of the code "
        "that\n"
        "is executed at --u0, --p and --at. Rows and columns count from 0 in memory order; "
        "'colors' is\n"
        "the number of products that the derivatives take (columns; for a Hessian a star "
        "colouring).",
    .run = run};
