/* ude discover: equations for the learned terms of a run. */
#include <ude/discover.h>

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/discovered.h"
#include "cli/settings.h"

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
  if (library->products && !polynomials && !library->trigonometric && !library->exponential &&
      !library->rational) {
    return cli_usage_error(
        "--library: products needs families to multiply, as in poly,exp,products");
  }
  if (options->degree < 0 || options->degree > 20) {
    return cli_usage_error("--degree: must be from 1 to 20");
  }
  library->polynomial = polynomials ? (int)options->degree : -1;
  return CLI_OK;
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

/* The starts that the fit ended with, which are not those of the model where --u0 was given or they were trained. */
static ude_status take_starts(const char *path, const cli_model *model, const ude_dataset *data,
                              ude_fit_options *fit, double **starts, ude_error *error) {
  const ude_vector_field *field = model->field;
  bool                    found = false;
  *starts = ude_calloc((size_t)data->trajectories, (size_t)field->state.count * sizeof **starts);
  ude_status status = *starts ? ude_starts_read(path, field, data, *starts, &found, error)
                              : ude_fail_memory(error, "the initial states");
  if (found && fit->initial == UDE_INITIAL_TRAINED) {
    fit->starts = *starts;
  } else if (found && !field->initial.value &&
             (fit->initial == UDE_INITIAL_MODEL ||
              (fit->initial == UDE_INITIAL_AUTO && data->trajectories == 1))) {
    fit->u0 = *starts;
  }
  return status;
}

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
  double              *starts   = NULL;
  bool                 stopped  = false;
  cli_workshop         shop     = {.options = &options, .folder = folder};
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
    status = status ? status
                    : ude_dataset_read(options.data.item, options.data.count, model.field, NULL,
                                       &data, &error);
    status = status ? status : take_starts(params.data, &model, data, &fit, &starts, &error);
    ude_discover_problem problem = {.field           = model.field,
                                    .p               = model.p,
                                    .data            = data,
                                    .fit             = &fit,
                                    .rebuild         = cli_rebuild,
                                    .rebuild_context = &shop};
    cli_catch_interrupt();
    status = status ? status : ude_discover(&problem, &discover, &found, &error);
    cli_progress_end(&progress);
    stopped = status == UDE_INTERRUPTED && found;
    code    = status && !found ? cli_fail(&error, status) : CLI_OK;
    if (stopped) {
      fprintf(stderr, "ude: %s\n", error.message);
    }
  }
  if (code == CLI_OK && found && data) {
    const ude_trajectory *first   = &data->trajectory[0];
    const double          span[2] = {first->t[0], first->t[first->count - 1]};
    code                          = cli_discovered(&options, &shop, found, span);
    code                          = code == CLI_OK && stopped ? CLI_INTERRUPTED : code;
  }
  ude_discovery_free(found);
  cli_workshop_close(&shop);
  ude_dataset_free(data);
  cli_model_close(&model);
  free(times);
  free(starts);
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

static bool wants_one_regression(const cli_options *options) {
  return options->regression || options->threshold > 0 || options->ensemble != 0 ||
         options->weak != 0;
}

static int sparse_options(const cli_options *options, ude_sparse_options *sparse,
                          ude_sindy_options *sindy) {
  ude_error error = {0};
  if (!wants_one_regression(options)) {
    return CLI_OK;
  }
  if (options->regression &&
      ude_sparse_method_parse(options->regression, &sparse->method, &error)) {
    return cli_usage_error("--regression: %s", error.message);
  }
  if (options->ensemble < 0 || options->ensemble == 1 ||
      (options->weak != 0 && options->weak < 2)) {
    return cli_usage_error("--ensemble and --weak must be at least 2");
  }
  sparse->threshold = options->threshold;
  sparse->models    = options->ensemble;
  sparse->seed      = (uint64_t)options->seed;
  sindy->sparse     = sparse;
  sindy->weak       = options->weak;
  return CLI_OK;
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
  cli_workshop       shop     = {.options = options, .folder = folder};
  cli_progress_state progress = cli_progress_begin(options->quiet);
  ude_sindy_options  sindy    = {0};
  ude_sparse_options sparse   = {0};
  ude_table         *table    = NULL;
  ude_discovery     *found    = NULL;
  const char       **names    = NULL;
  ude_text           text     = {0};
  ude_error          error    = {0};
  int                code     = discover_options(options, &progress, &sindy.discover);
  code                        = code ? code : sindy_options(options, &sindy);
  code                        = code ? code : sparse_options(options, &sparse, &sindy);
  if (code) {
    return code;
  }
  cli_catch_interrupt();
  ude_status status = ude_table_read(options->data.item[0], &table, &error);
  status = status ? status : state_names(options, &text, &names, &sindy.state_count, &error);
  status = status ? status : ude_folder_make(folder, &error);
  if (status == UDE_OK) {
    sindy.states = sindy.state_count > 0 ? names : NULL;
    status       = ude_sindy(table, cli_rebuild, &shop, &sindy, &found, &error);
    cli_progress_end(&progress);
    if (status == UDE_BAD_DATA) {
      ude_error_prefix(&error, status, "%s: ", options->data.item[0]);
    }
  }
  code = status && !found ? cli_fail(&error, status) : CLI_OK;
  if (status && found) {
    fprintf(stderr, "ude: %s\n", error.message);
  }
  if (code == CLI_OK && found) {
    code = cli_discovered(options, &shop, found, NULL);
    code = code == CLI_OK && status == UDE_INTERRUPTED ? CLI_INTERRUPTED : code;
  }
  ude_discovery_free(found);
  cli_workshop_close(&shop);
  ude_table_free(table);
  free(names);
  ude_text_free(&text);
  return code;
}

static int run(const cli_options *options) {
  if (options->folders.count == 1 && options->data.count == 0 && options->models.count == 0) {
    return wants_one_regression(options)
               ? cli_usage_error(
                     "--regression, --threshold, --ensemble and --weak are for discover "
                     "DATA.csv, not for a run")
               : from_run(options, options->folders.item[0]);
  }
  if (options->folders.count == 0 && options->data.count == 1 && options->models.count == 0) {
    return from_data(options);
  }
  return cli_usage_error("discover needs one run folder of ude fit, or one data file");
}

const cli_verb cli_discover = {
    .name  = "discover",
    .takes = CLI_TAKES_DATA | CLI_TAKES_FOLDER,
    .usage = "RUN | DATA.csv [options]",
    .summary =
        "equations of the learned terms of a run, or of data alone, refitted through the solver",
    .options =
        "library degree criterion output states derivatives window segment regression threshold "
        "ensemble "
        "weak seed method rtol atol "
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
        "at a time, which chaotic solutions need. --regression, --threshold, --ensemble or --weak: "
        "a "
        "single\n"
        "regression as in publications, without refit.",
    .run = run};
