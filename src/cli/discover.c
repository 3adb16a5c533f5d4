/* ude discover: equations for the learned terms of a run. */
#include <ude/discover.h>
#include <ude/report.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/plot.h"
#include "cli/settings.h"

/** What the rebuild callback needs, and the models that it made. */
typedef struct workshop {
  const cli_options *options;
  const char        *folder;
  ude_model        **model;
  int                models;
} workshop;

static ude_status put_file(const char *folder, const char *name, const char *data, size_t length,
                           ude_text *path, ude_error *error) {
  path->length = 0;
  ude_text_append(path, "%s/%s", folder, name);
  return path->failed ? ude_fail_memory(error, name)
                      : ude_file_write(path->data, data, length, error);
}

/* The source of a request: given whole, or the model with other bodies. */
static ude_status source_of(const workshop *shop, const ude_rebuild_request *request, char **text,
                            ude_error *error) {
  if (request->source) {
    *text = strdup(request->source);
    return *text ? UDE_OK : ude_fail_memory(error, "the model");
  }
  char                cache[4096];
  ude_compile_options compile =
      cli_compile_options(shop->options, UDE_DERIVATIVE_NONE, cache, sizeof cache);
  ude_replacement *bodies = ude_calloc((size_t)request->body_count, sizeof *bodies);
  ude_new_param   *params = ude_calloc((size_t)request->param_count, sizeof *params);
  ude_status       status = bodies && params ? UDE_OK : ude_fail_memory(error, "the model");
  for (int64_t i = 0; i < request->body_count && status == UDE_OK; i++) {
    bodies[i] = (ude_replacement){request->bodies[i].function, request->bodies[i].body};
  }
  for (int64_t i = 0; i < request->param_count && status == UDE_OK; i++) {
    params[i] = (ude_new_param){request->params[i].name, request->params[i].value,
                                request->params[i].comment};
  }
  if (status == UDE_OK) {
    status = ude_model_rewrite(shop->options->models.item, (size_t)shop->options->models.count,
                               &compile, bodies, (size_t)request->body_count, params,
                               (size_t)request->param_count, request->p, request->u0,
                               "Written by ude: the learned terms as equations.", text, error);
  }
  free(bodies);
  free(params);
  return status;
}

static ude_status rebuild(const ude_rebuild_request *request, const ude_vector_field **field,
                          void *context, ude_error *error) {
  workshop   *shop  = context;
  char       *text  = NULL;
  ude_text    path  = {0};
  ude_model **grown = ude_realloc(shop->model, (size_t)shop->models + 1, sizeof(ude_model *));
  ude_status  status =
      grown ? source_of(shop, request, &text, error) : ude_fail_memory(error, "the model");
  shop->model = grown ? grown : shop->model;
  if (status == UDE_OK) {
    status = put_file(shop->folder, "library_model.c", text, strlen(text), &path, error);
  }
  if (status == UDE_OK) {
    ude_compile_options compile = cli_compile_options(
        shop->options, UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP, (char[4096]){0}, 4096);
    const char *files[1] = {path.data};
    compile.cache_dir    = NULL; /* made once, used once */
    status               = ude_model_compile(files, 1, &compile, &shop->model[shop->models], error);
    unlink(path.data);
  }
  if (status == UDE_OK) {
    *field = ude_model_vector_field(shop->model[shop->models++]);
  }
  free(text);
  ude_text_free(&path);
  return status;
}

static void workshop_close(workshop *shop) {
  for (int i = 0; i < shop->models; i++) {
    ude_model_free(shop->model[i]);
  }
  free(shop->model);
}

/* --------------------------------------------------------------------------------- results -- */

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
      status = text.failed ? ude_fail_memory(error, forms[i].name)
                           : put_file(folder, forms[i].name, text.data, text.length, &path, error);
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

/* The final model, beside the run's other files. */
static ude_status write_model(const workshop *shop, const ude_discovery *found, ude_text *path,
                              ude_error *error) {
  char      *text   = NULL;
  ude_status status = source_of(shop, &found->final, &text, error);
  if (status == UDE_OK) {
    status = put_file(shop->folder, "discovered.c", text, strlen(text), path, error);
  }
  free(text);
  return status;
}

/* ----------------------------------------------------------------------------- extrapolation -- */

enum { POINTS = 1000 };

static int solve_model(const cli_options *options, const char *file, const double span[2],
                       cli_model *model, ude_solution **solution) {
  const char *files[1] = {file};
  cli_options only     = *options;
  only.models          = (cli_list){files, 1};
  only.params          = NULL;
  only.p = only.u0 = (cli_list){0};
  double times[POINTS + 1];
  for (int i = 0; i <= POINTS; i++) {
    times[i] = i == POINTS ? span[1] : span[0] + (span[1] - span[0]) * i / (double)POINTS;
  }
  int code = cli_model_open(&only, UDE_DERIVATIVE_NONE, model);
  if (code) {
    return code;
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

/* extrapolation.csv: the recovered model, and the true one where it is given. */
static int extrapolate(const cli_options *options, const char *folder, const char *discovered,
                       double t0, double t1) {
  const double  span[2]  = {t0, t1};
  cli_model     model    = {0};
  cli_model     truth    = {0};
  ude_solution *solution = NULL;
  ude_solution *actual   = NULL;
  ude_table    *table    = NULL;
  ude_error     error    = {0};
  ude_text      names    = {0};
  ude_text      path     = {0};
  int           code     = solve_model(options, discovered, span, &model, &solution);
  if (code == CLI_OK && options->truth) {
    code = solve_model(options, options->truth, span, &truth, &actual);
  }
  int64_t n    = code == CLI_OK ? model.field->state.count : 0;
  bool    both = actual && truth.field->state.count == n;
  if (code == CLI_OK && actual && !both) {
    code = cli_usage_error("--truth: the true model has another number of states");
  }
  const char **list = ude_calloc((size_t)(2 + 2 * n), sizeof *list);
  ude_text_append_bytes(&names, "trajectory\0t", sizeof "trajectory\0t");
  for (int64_t i = 0; i < (both ? 2 : 1) * n; i++) {
    char name[256];
    ude_text_append(&names, "%s%s", i < n ? "" : "truth:",
                    ude_layout_name(&model.field->state, i % n, "u", name, sizeof name));
    ude_text_append_bytes(&names, "", 1);
  }
  if (code == CLI_OK && list && !names.failed) {
    int64_t     columns = 2 + (both ? 2 : 1) * n;
    const char *at      = names.data;
    for (int64_t i = 0; i < columns; i++) {
      list[i] = at;
      at += strlen(at) + 1;
    }
    int64_t    rows   = ude_solution_count(solution);
    ude_status status = ude_table_create(rows, columns, list, &table, &error);
    for (int64_t i = 0; i < rows && status == UDE_OK; i++) {
      double *row = table->values + i * columns;
      row[1]      = ude_solution_time(solution, i);
      memcpy(row + 2, ude_solution_state(solution, i), (size_t)n * sizeof *row);
      for (int64_t j = 0; both && j < n; j++) {
        row[2 + n + j] =
            i < ude_solution_count(actual) ? ude_solution_state(actual, i)[j] : (double)NAN;
      }
    }
    ude_text_append(&path, "%s/extrapolation.csv", folder);
    if (status == UDE_OK && !path.failed) {
      status = ude_table_write(table, path.data, &error);
    }
    code = status ? cli_fail(&error, status) : CLI_OK;
  }
  if (code == CLI_OK && options->plot) {
    cli_plot_solution(model.field, solution);
  }
  free(list);
  ude_table_free(table);
  ude_text_free(&names);
  ude_text_free(&path);
  ude_solution_free(solution);
  ude_solution_free(actual);
  cli_model_close(&model);
  cli_model_close(&truth);
  return code;
}

/* ----------------------------------------------------------------------------------- options -- */

static int library_options(const cli_options *options, ude_library_options *library) {
  bool polynomials       = options->library.count == 0;
  library->trigonometric = polynomials ? 1 : 0;
  for (int i = 0; i < options->library.count; i++) {
    for (const char *at = options->library.item[i]; *at;) {
      size_t length = strcspn(at, ",");
      if (length == 4 && strncmp(at, "poly", 4) == 0) {
        polynomials = true;
      } else if (length == 4 && strncmp(at, "trig", 4) == 0) {
        library->trigonometric = 1;
      } else if (length == 3 && strncmp(at, "exp", 3) == 0) {
        library->exponential = true;
      } else if (length == 8 && strncmp(at, "rational", 8) == 0) {
        library->rational = true;
      } else if (length == 8 && strncmp(at, "products", 8) == 0) {
        library->products = 2;
      } else {
        return cli_usage_error("--library: '%.*s' is none of poly, trig, exp, rational, products",
                               (int)length, at);
      }
      at += length + (at[length] == ',');
    }
  }
  if (options->degree < 0 || options->degree > 20) {
    return cli_usage_error("--degree: must be from 1 to 20");
  }
  library->polynomial = polynomials ? (int)options->degree : -1;
  return CLI_OK;
}

/* Everything that follows from a discovery. */
static int report_discovery(const cli_options *options, const workshop *shop,
                            const ude_discovery *found, double t0, double t1) {
  ude_error  error  = {0};
  ude_text   path   = {0};
  ude_status status = write_model(shop, found, &path, &error);
  status            = status ? status : write_forms(found, shop->folder, &error);
  for (int64_t i = 0; i < found->sample_count && status == UDE_OK; i++) {
    status = write_samples(&found->samples[i], found->recovered[i], shop->folder, &error);
  }
  int code = status ? cli_fail(&error, status) : CLI_OK;
  if (code == CLI_OK) {
    double future = options->has_future ? options->future : t1 + 2 * (t1 - t0);
    fprintf(stderr, "wrote %s\n", path.data);
    code = extrapolate(options, shop->folder, path.data, t0, future);
  }
  ude_text_free(&path);
  return code;
}

static int discover_options(const cli_options *options, cli_progress_state *progress,
                            ude_discover_options *discover) {
  ude_error error            = {0};
  discover->progress         = cli_progress;
  discover->progress_context = progress;
  if (options->criterion && ude_criterion_parse(options->criterion, &discover->criterion, &error)) {
    return cli_usage_error("--criterion: %s", error.message);
  }
  return library_options(options, &discover->library);
}

/* -------------------------------------------------------------------------------- from a run -- */

static int from_run(const cli_options *given, const char *folder) {
  cli_options          options  = *given;
  cli_settings         settings = {0};
  cli_model            model    = {0};
  ude_dataset         *data     = NULL;
  ude_discovery       *found    = NULL;
  ude_discover_options discover = {0};
  ude_fit_options      fit      = {0};
  ude_text             params   = {0};
  ude_error            error    = {0};
  double              *times    = NULL;
  workshop             shop     = {.options = &options, .folder = folder};
  cli_progress_state   progress = cli_progress_begin(given->quiet);
  int                  code     = cli_settings_read(folder, &settings, &options);
  ude_text_append(&params, "%s/params.json", folder);
  options.params = params.data;
  code           = code ? code : discover_options(&options, &progress, &discover);
  code           = code ? code : cli_model_open(&options, UDE_DERIVATIVE_JVP | UDE_PROBE, &model);
  code =
      code ? code : cli_solve_options(&options, model.tspan[0], model.tspan[1], &fit.solve, &times);
  if (code == CLI_OK) {
    ude_status status = UDE_OK;
    if (options.initial) {
      status = ude_initial_policy_parse(options.initial, &fit.initial, &error);
    }
    status                       = status ? status
                                          : ude_dataset_read(options.data.item, options.data.count, model.field, NULL,
                                                             &data, &error);
    ude_discover_problem problem = {.field           = model.field,
                                    .p               = model.p,
                                    .data            = data,
                                    .fit             = &fit,
                                    .rebuild         = rebuild,
                                    .rebuild_context = &shop};
    cli_catch_interrupt();
    status = status ? status : ude_discover(&problem, &discover, &found, &error);
    cli_progress_end(&progress);
    code = status && !found ? cli_fail(&error, status) : CLI_OK;
    if (status && found) {
      fprintf(stderr, "ude: %s\n", error.message);
    }
  }
  if (code == CLI_OK && found && data) {
    const ude_trajectory *first = &data->trajectory[0];
    code = report_discovery(&options, &shop, found, first->t[0], first->t[first->count - 1]);
    if (code == CLI_OK && ude_report_write(folder, NULL, NULL, &error)) {
      fprintf(stderr, "ude: the report could not be written: %s\n", error.message);
    }
  }
  ude_discovery_free(found);
  workshop_close(&shop);
  ude_dataset_free(data);
  cli_model_close(&model);
  free(times);
  ude_text_free(&params);
  if (settings.root) {
    free(options.models.item);
    free(options.data.item);
    free(options.flags.item);
  }
  cli_settings_close(&settings);
  return code;
}

/* --------------------------------------------------------------------------- from data alone -- */

/* The names in --states a,b --states c; borrowed from *text. */
static ude_status state_names(const cli_options *options, ude_text *text, const char ***names,
                              int64_t *count, ude_error *error) {
  for (int i = 0; i < options->states.count; i++) {
    ude_text_append(text, "%s%s", i ? "," : "", options->states.item[i]);
  }
  *count = 0;
  *names = ude_calloc(text->length + 1, sizeof **names);
  if (text->failed || !*names) {
    return ude_fail_memory(error, "the names of states");
  }
  for (char *at = text->data; at && *at;) {
    size_t length        = strcspn(at, ",");
    char  *next          = at + length + (at[length] == ',');
    (*names)[(*count)++] = at;
    at[length]           = '\0';
    at                   = next;
  }
  return UDE_OK;
}

static int sindy_options(const cli_options *options, ude_sindy_options *sindy) {
  ude_error error = {0};
  if (options->derivatives &&
      ude_derivative_parse(options->derivatives, &sindy->derivative, &error)) {
    return cli_usage_error("--derivatives: %s", error.message);
  }
  if (options->segment < 0 || options->window < 0) {
    return cli_usage_error("--segment and --window must not be negative");
  }
  sindy->window          = options->window;
  sindy->segment         = options->segment;
  sindy->solve.method    = options->method;
  sindy->solve.rtol      = options->rtol;
  sindy->solve.atol      = options->atol;
  sindy->solve.max_steps = options->max_steps;
  return CLI_OK;
}

static int from_data(const cli_options *options) {
  const char        *folder   = options->output ? options->output : "run";
  workshop           shop     = {.options = options, .folder = folder};
  cli_progress_state progress = cli_progress_begin(options->quiet);
  ude_sindy_options  sindy    = {0};
  ude_table         *table    = NULL;
  ude_discovery     *found    = NULL;
  const char       **names    = NULL;
  ude_text           text     = {0};
  ude_error          error    = {0};
  int                code     = discover_options(options, &progress, &sindy.discover);
  code                        = code ? code : sindy_options(options, &sindy);
  if (code) {
    return code;
  }
  cli_catch_interrupt();
  ude_status status = ude_table_read(options->data.item[0], &table, &error);
  status = status ? status : state_names(options, &text, &names, &sindy.state_count, &error);
  status = status ? status : ude_folder_make(folder, &error);
  if (status == UDE_OK) {
    sindy.states = sindy.state_count > 0 ? names : NULL;
    status       = ude_sindy(table, rebuild, &shop, &sindy, &found, &error);
    cli_progress_end(&progress);
    if (status == UDE_BAD_DATA) {
      ude_error_prefix(&error, status, "%s: ", options->data.item[0]);
    }
  }
  code = status && !found ? cli_fail(&error, status) : CLI_OK;
  if (status && found) {
    fprintf(stderr, "ude: %s\n", error.message);
  }
  if (code == CLI_OK && found && table) {
    int64_t t = ude_table_column(table, "t");
    t         = t >= 0 ? t : ude_table_column(table, "time");
    double t0 = table->values[t];
    double t1 = table->values[(table->rows - 1) * table->columns + t];
    code      = report_discovery(options, &shop, found, t0, t1);
  }
  ude_discovery_free(found);
  workshop_close(&shop);
  ude_table_free(table);
  free(names);
  ude_text_free(&text);
  return code;
}

static int run(const cli_options *options) {
  if (options->folders.count == 1 && options->data.count == 0 && options->models.count == 0) {
    return from_run(options, options->folders.item[0]);
  }
  if (options->folders.count == 0 && options->data.count == 1 && options->models.count == 0) {
    return from_data(options);
  }
  return cli_usage_error("discover needs one run folder of ude fit, or one data file");
}

const cli_verb cli_discover = {
    .name  = "discover",
    .usage = "RUN | DATA.csv [options]",
    .summary =
        "equations of the learned terms of a run, or of data alone, refitted through the solver",
    .options =
        "library degree criterion output states derivatives window segment method rtol atol "
        "future truth plot quiet max-steps clang cache no-cache",
    .details =
        "Prints the equations and writes discovered.c (again a model), .txt, .tex, .json and a "
        "new\n"
        "report.html into the run folder. Candidates proposed by sparse regression are fitted to "
        "the data\n"
        "through the differential equation, and compared there by an information criterion.\n"
        "With a data file alone the whole right-hand side is sought: derivatives are read (columns "
        "d(x) or\n"
        "dx/dt) or estimated, and the results go to the folder of --output (run). --segment N "
        "refits N rows\n"
        "at a time, which chaotic solutions need.",
    .run = run};
