/* What a discovery leaves in the run folder. */
#include "cli/discovered.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ude/report.h>

#include "cli/plot.h"
#include "cli/settings.h"

static ude_status write_forms(const ude_discovery *found, const char *folder, ude_error *error) {
  static const struct {
    ude_style   style;
    const char *name;
  } forms[]         = {{UDE_STYLE_TEXT, "discovered.txt"},
                       {UDE_STYLE_LATEX, "discovered.tex"},
                       {UDE_STYLE_JSON, "discovered.json"}};
  ude_status status = UDE_OK;
  for (size_t i = 0; i < sizeof forms / sizeof forms[0] && status == UDE_OK; i++) {
    ude_text text = {0};
    ude_text path = {0};
    status        = ude_discovery_print(found, forms[i].style, &text, error);
    if (status == UDE_OK && forms[i].style == UDE_STYLE_TEXT) {
      fputs(text.data, stdout);
    }
    if (status == UDE_OK) {
      status = text.failed
                   ? ude_fail_memory(error, forms[i].name)
                   : cli_put_file(folder, forms[i].name, text.data, text.length, &path, error);
    }
    ude_text_free(&text);
    ude_text_free(&path);
  }
  return status;
}

/* learned_<f>.csv: samples of the network and of the equation. */
static ude_status write_samples(const ude_samples *samples, const double *recovered,
                                const char *folder, ude_error *error) {
  int64_t      columns = 1 + samples->inputs + 2 * samples->outputs;
  const char **names   = ude_calloc((size_t)columns, sizeof *names);
  ude_text     text    = {0};
  ude_text     path    = {0};
  ude_table   *table   = NULL;
  ude_text_append_bytes(&text, "t", 2);
  for (int64_t i = 0; i < samples->inputs; i++) {
    ude_text_append(&text, "in:%s", samples->shown_names[i]);
    ude_text_append_bytes(&text, "", 1);
  }
  for (int64_t i = 0; i < 2 * samples->outputs; i++) {
    ude_text_append(&text, "%s:%lld", i < samples->outputs ? "out" : "rec",
                    (long long)(i % samples->outputs));
    ude_text_append_bytes(&text, "", 1);
  }
  ude_text_append(&path, "%s/learned_%s.csv", folder, samples->name);
  ude_status status =
      names && !text.failed && !path.failed ? UDE_OK : ude_fail_memory(error, "samples");
  const char *at = text.data;
  for (int64_t i = 0; i < columns && status == UDE_OK; i++) {
    names[i] = at;
    at += strlen(at) + 1;
  }
  status = status ? status : ude_table_create(samples->rows, columns, names, &table, error);
  for (int64_t i = 0; i < samples->rows && status == UDE_OK; i++) {
    double *row = table->values + i * columns;
    row[0]      = samples->t[i];
    memcpy(row + 1, samples->in + i * samples->inputs, (size_t)samples->inputs * sizeof *row);
    memcpy(row + 1 + samples->inputs, samples->out + i * samples->outputs,
           (size_t)samples->outputs * sizeof *row);
    memcpy(row + 1 + samples->inputs + samples->outputs, recovered + i * samples->outputs,
           (size_t)samples->outputs * sizeof *row);
  }
  status = status ? status : ude_table_write(table, path.data, error);
  ude_table_free(table);
  free(names);
  ude_text_free(&text);
  ude_text_free(&path);
  return status;
}

/* ----------------------------------------------------------------------------------- models -- */

static int open_model(const cli_options *options, const char *file, cli_model *model) {
  const char *files[1] = {file};
  cli_options only     = *options;
  only.models          = (cli_list){files, 1};
  only.params          = NULL;
  only.p = only.u0 = (cli_list){0};
  return cli_model_open(&only, UDE_DERIVATIVE_NONE, model);
}

/* ----------------------------------------------------------------------------- extrapolation -- */

enum { POINTS = 1000 };

static int solve_model(const cli_model *model, const char *file, const double span[2],
                       ude_solution **solution) {
  double times[POINTS + 1];
  for (int i = 0; i <= POINTS; i++) {
    times[i] = i == POINTS ? span[1] : span[0] + (span[1] - span[0]) * i / (double)POINTS;
  }
  ude_solve_options solve = {.rtol         = 1e-8,
                             .atol         = 1e-10,
                             .save         = UDE_SAVE_AT,
                             .saveat       = times,
                             .saveat_count = POINTS + 1,
                             .stop         = cli_interrupted};
  ude_error         error = {0};
  ude_status        status =
      ude_solve(model->field, model->u0, model->p, span[0], span[1], &solve, solution, &error);
  if (status == UDE_NUMERICAL) {
    fprintf(stderr, "ude: %s: extrapolation ends early: %s\n", file, error.message);
    return CLI_OK;
  }
  return status ? cli_fail(&error, status) : CLI_OK;
}

/* Columns trajectory, t, the states, and "truth:" with the states; zeros. */
static ude_status extrapolation_table(const ude_layout *state, bool both, int64_t rows,
                                      ude_table **table, ude_error *error) {
  int64_t      columns = 2 + (both ? 2 : 1) * state->count;
  const char **list    = ude_calloc((size_t)columns, sizeof *list);
  ude_text     names   = {0};
  ude_text_append_bytes(&names, "trajectory\0t", sizeof "trajectory\0t");
  for (int64_t i = 0; i < columns - 2; i++) {
    char name[256];
    ude_text_append(&names, "%s%s", i < state->count ? "" : "truth:",
                    ude_layout_name(state, i % state->count, "u", name, sizeof name));
    ude_text_append_bytes(&names, "", 1);
  }
  ude_status  status = list && !names.failed ? UDE_OK : ude_fail_memory(error, "extrapolation.csv");
  const char *at     = names.data;
  for (int64_t i = 0; i < columns && status == UDE_OK; i++) {
    list[i] = at;
    at += strlen(at) + 1;
  }
  status = status ? status : ude_table_create(rows, columns, list, table, error);
  free(list);
  ude_text_free(&names);
  return status;
}

static ude_status write_extrapolation(const ude_layout *state, const ude_solution *solution,
                                      const ude_solution *truth, const char *folder,
                                      ude_error *error) {
  ude_table *table  = NULL;
  ude_text   path   = {0};
  int64_t    n      = state->count;
  int64_t    rows   = ude_solution_count(solution);
  ude_status status = extrapolation_table(state, truth != NULL, rows, &table, error);
  for (int64_t i = 0; i < rows && status == UDE_OK; i++) {
    double *row = table->values + i * table->columns;
    row[1]      = ude_solution_time(solution, i);
    memcpy(row + 2, ude_solution_state(solution, i), (size_t)n * sizeof *row);
    for (int64_t j = 0; truth && j < n; j++) {
      row[2 + n + j] =
          i < ude_solution_count(truth) ? ude_solution_state(truth, i)[j] : (double)NAN;
    }
  }
  ude_text_append(&path, "%s/extrapolation.csv", folder);
  if (status == UDE_OK) {
    status = path.failed ? ude_fail_memory(error, "extrapolation.csv")
                         : ude_table_write(table, path.data, error);
  }
  ude_table_free(table);
  ude_text_free(&path);
  return status;
}

/* extrapolation.csv: the recovered model, and the true one where it is given. */
static int extrapolate(const cli_options *options, const char *folder, const cli_model *model,
                       const char *file, double t0, double t1) {
  const double  span[2]  = {t0, t1};
  cli_model     truth    = {0};
  ude_solution *solution = NULL;
  ude_solution *actual   = NULL;
  ude_error     error    = {0};
  int           code     = solve_model(model, file, span, &solution);
  if (code == CLI_OK && options->truth) {
    code = open_model(options, options->truth, &truth);
    code = code ? code : cli_model_need(&truth, true, false);
    code = code ? code : solve_model(&truth, options->truth, span, &actual);
  }
  if (code == CLI_OK && actual && truth.field->state.count != model->field->state.count) {
    code = cli_usage_error("--truth: the true model has another number of states");
  }
  if (code == CLI_OK) {
    ude_status status = write_extrapolation(&model->field->state, solution, actual, folder, &error);
    code              = status ? cli_fail(&error, status) : CLI_OK;
  }
  if (code == CLI_OK && options->plot) {
    cli_plot_solution(model->field, solution);
  }
  ude_solution_free(solution);
  ude_solution_free(actual);
  cli_model_close(&truth);
  return code;
}

/* ------------------------------------------------------------------------------- data alone -- */

static ude_status loss_of(const ude_vector_field *field, const ude_dataset *data,
                          const ude_fit_options *fit, const double *p, double *value,
                          ude_error *error) {
  ude_loss  *loss   = NULL;
  ude_status status = ude_loss_create(field, data, fit, p, &loss, error);
  if (status) {
    return status;
  }
  double *theta = ude_calloc((size_t)ude_loss_dimension(loss), sizeof *theta);
  if (theta) {
    ude_loss_start(loss, theta);
  }
  status = theta ? ude_loss_evaluate(loss, theta, value, NULL, error)
                 : ude_fail_memory(error, "the loss");
  free(theta);
  ude_loss_free(loss);
  return status;
}

/* What a fit leaves too: data, predictions, parameters, settings. A model that was found but cannot be solved over all
 * of the data leaves less, and says so. */
static int write_run(const cli_options *options, const char *folder, const cli_model *model,
                     const char *file, const ude_discovery *found) {
  const char *files[1]     = {file};
  cli_options only         = *options;
  only.models              = (cli_list){files, 1};
  char           *settings = cli_settings_write(&only);
  ude_fit_options fit      = {.solve         = {.method    = options->method,
                                                .rtol      = options->rtol,
                                                .atol      = options->atol,
                                                .max_steps = options->max_steps},
                              .initial       = UDE_INITIAL_TRAINED,
                              .starts        = found->u0,
                              .settings_json = settings};
  ude_error       error    = {0};
  double          loss     = 0;
  ude_status      status   = settings ? UDE_OK : ude_fail_memory(&error, "settings.json");
  status = status ? status : loss_of(model->field, found->data, &fit, model->p, &loss, &error);
  status = status ? status
                  : ude_run_write(folder, model->field, found->data, &fit, model->p, loss,
                                  "finished", &error);
  free(settings);
  if (status == UDE_NUMERICAL) {
    fprintf(stderr, "ude: no predictions: %s\n", error.message);
    return CLI_OK;
  }
  return status ? cli_fail(&error, status) : CLI_OK;
}

/* -------------------------------------------------------------------------------------- all -- */

int cli_discovered(const cli_options *options, const cli_workshop *shop, const ude_discovery *found,
                   const double span[2]) {
  ude_error  error  = {0};
  ude_text   path   = {0};
  cli_model  model  = {0};
  ude_status status = cli_rebuild_write(shop, &found->final, &path, &error);
  status            = status ? status : write_forms(found, shop->folder, &error);
  for (int64_t i = 0; i < found->sample_count && status == UDE_OK; i++) {
    status = write_samples(&found->samples[i], found->recovered[i], shop->folder, &error);
  }
  int code = status ? cli_fail(&error, status) : open_model(options, path.data, &model);
  if (code == CLI_OK) {
    fprintf(stderr, "wrote %s\n", path.data);
    code = found->data ? write_run(options, shop->folder, &model, path.data, found) : CLI_OK;
  }
  if (code == CLI_OK) {
    const double *known  = span ? span : model.tspan;
    double        future = known[1] + 2 * (known[1] - known[0]);
    future               = options->has_future ? options->future : future;
    code                 = extrapolate(options, shop->folder, &model, path.data, known[0], future);
  }
  if (code == CLI_OK && (status = ude_report_write(shop->folder, NULL, NULL, &error)) != UDE_OK) {
    ude_error_prefix(&error, status, "the report could not be written: ");
    code = cli_fail(&error, status);
  }
  cli_model_close(&model);
  ude_text_free(&path);
  return code;
}
