/* ude uncertain */
#include <ude/uncertain.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/** The uncertain inputs that the options name. */
typedef struct inputs {
  ude_uncertain_input *input;
  int64_t              count;
  double              *correlation; /**< NULL: independent */
} inputs;

static char *input_name(const ude_vector_field *field, const ude_uncertain_input *input,
                        char *buffer, size_t size) {
  return ude_layout_name(input->param ? &field->param : &field->state, input->index,
                         input->param ? "p" : "u", buffer, size);
}

/* ------------------------------------------------------------------------------- inputs -- */

static int add_input(inputs *to, bool param, int64_t index, double sigma) {
  ude_uncertain_input *grown = ude_realloc(to->input, (size_t)to->count + 1, sizeof *grown);
  if (!grown) {
    return cli_usage_error("out of memory");
  }
  to->input          = grown;
  grown[to->count++] = (ude_uncertain_input){param, index, sigma};
  return CLI_OK;
}

static int add_marked(inputs *to, const double *sigma, int64_t count, bool param) {
  int code = CLI_OK;
  for (int64_t i = 0; i < count && code == CLI_OK; i++) {
    code = sigma[i] > 0 ? add_input(to, param, i, sigma[i]) : CLI_OK;
  }
  return code;
}

/* The state or parameter of that name; a name that both have is told apart by "u0:" or "p:". */
static int find_input(const ude_vector_field *field, const char *option, const char *name,
                      bool *param, int64_t *index) {
  bool        only_state = strncmp(name, "u0:", 3) == 0;
  bool        only_param = strncmp(name, "p:", 2) == 0;
  const char *bare       = name + (only_state ? 3 : only_param ? 2 : 0);
  int64_t     state      = only_param ? -1 : ude_layout_find(&field->state, bare, "u");
  int64_t     parameter  = only_state ? -1 : ude_layout_find(&field->param, bare, "p");
  if (state >= 0 && parameter >= 0) {
    return cli_usage_error("--%s: '%s' is a state and a parameter: write u0:%s or p:%s", option,
                           name, name, name);
  }
  if (state < 0 && parameter < 0) {
    return cli_usage_error("--%s: there is no state or parameter '%s'", option, name);
  }
  *param = parameter >= 0;
  *index = *param ? parameter : state;
  return CLI_OK;
}

static int64_t position(const inputs *of, bool param, int64_t index) {
  for (int64_t j = 0; j < of->count; j++) {
    if (of->input[j].param == param && of->input[j].index == index) {
      return j;
    }
  }
  return -1;
}

/* One "a=r" of "a:b=r", or "a:b" as far as `separator`; the names are copied into `first` and `second`. */
static int split_pair(const char *item, size_t length, char first[256], char second[256],
                      double *value) {
  const char *equals = memchr(item, '=', length);
  /* the last colon that is not that of a prefix u0: or p: */
  const char *colon = NULL;
  for (const char *at = item; equals && at < equals; at++) {
    bool prefix = *at == ':' && ((at == item + 2 && strncmp(item, "u0", 2) == 0) ||
                                 (at == item + 1 && item[0] == 'p'));
    if (*at == ':' && !prefix) {
      colon = at;
      break;
    }
  }
  if (!equals || !colon || colon - item >= 256 || equals - colon > 256 ||
      !ude_parse_real(equals + 1, length - (size_t)(equals + 1 - item), value)) {
    return cli_usage_error("--correlation: '%.*s' is not of the form a:b=r", (int)length, item);
  }
  memcpy(first, item, (size_t)(colon - item));
  first[colon - item] = '\0';
  memcpy(second, colon + 1, (size_t)(equals - colon - 1));
  second[equals - colon - 1] = '\0';
  return CLI_OK;
}

static int correlate_pair(const ude_vector_field *field, inputs *to, const char *item,
                          size_t length) {
  char    names[2][256];
  int64_t place[2] = {0, 0};
  double  r        = 0;
  int     code     = split_pair(item, length, names[0], names[1], &r);
  for (int side = 0; side < 2 && code == CLI_OK; side++) {
    bool    param = false;
    int64_t index = 0;
    code          = find_input(field, "correlation", names[side], &param, &index);
    place[side]   = code ? -1 : position(to, param, index);
    if (code == CLI_OK && place[side] < 0) {
      code = cli_usage_error(
          "--correlation: '%s' has no standard deviation: give it as "
          "value+-sigma",
          names[side]);
    }
  }
  if (code == CLI_OK && (place[0] == place[1] || !(fabs(r) <= 1))) {
    code =
        cli_usage_error("--correlation: '%.*s': two different inputs and a number within [-1, 1]",
                        (int)length, item);
  }
  if (code == CLI_OK) {
    to->correlation[place[0] * to->count + place[1]] = r;
    to->correlation[place[1] * to->count + place[0]] = r;
  }
  return code;
}

static int correlate(const ude_vector_field *field, const cli_list *list, inputs *to) {
  if (list->count == 0) {
    return CLI_OK;
  }
  to->correlation = ude_calloc((size_t)to->count, (size_t)to->count * sizeof *to->correlation);
  if (!to->correlation) {
    return cli_usage_error("out of memory");
  }
  for (int64_t i = 0; i < to->count; i++) {
    to->correlation[i * to->count + i] = 1;
  }
  int code = CLI_OK;
  for (int i = 0; i < list->count && code == CLI_OK; i++) {
    for (const char *at = list->item[i]; *at && code == CLI_OK;) {
      size_t length = strcspn(at, ",");
      code          = correlate_pair(field, to, at, length);
      at += length + (at[length] == ',');
    }
  }
  return code;
}

/* The matrix of --covariance: its header names the inputs. */
static int take_covariance(const ude_vector_field *field, const char *path, const ude_table *table,
                           inputs *to) {
  if (table->rows != table->columns) {
    return cli_usage_error("--covariance: %s names %lld inputs and has %lld rows", path,
                           (long long)table->columns, (long long)table->rows);
  }
  int code = CLI_OK;
  for (int64_t j = 0; j < table->columns && code == CLI_OK; j++) {
    bool    param = false;
    int64_t index = 0;
    code          = find_input(field, "covariance", table->names[j], &param, &index);
    if (code == CLI_OK && position(to, param, index) >= 0) {
      code =
          cli_usage_error("--covariance: '%s' has a standard deviation already", table->names[j]);
    }
    code = code ? code : add_input(to, param, index, 0);
  }
  double *sigma   = ude_calloc((size_t)table->rows, sizeof *sigma);
  to->correlation = ude_calloc((size_t)table->rows, (size_t)table->rows * sizeof *to->correlation);
  if (code == CLI_OK && (!sigma || !to->correlation)) {
    code = cli_usage_error("out of memory");
  }
  if (code == CLI_OK) {
    ude_error  error = {0};
    ude_status status =
        ude_uncertain_from_covariance(table->rows, table->values, sigma, to->correlation, &error);
    if (status) {
      ude_error_prefix(&error, status, "%s: ", path);
      code = cli_fail(&error, UDE_BAD_DATA);
    }
  }
  for (int64_t j = 0; sigma && to->input && j < table->rows && code == CLI_OK; j++) {
    to->input[j].sigma = sigma[j];
  }
  free(sigma);
  return code;
}

static int read_covariance(const ude_vector_field *field, const char *path, inputs *to) {
  if (to->count > 0) {
    return cli_usage_error("--covariance gives every uncertainty: leave out +- elsewhere");
  }
  ude_table *table  = NULL;
  ude_error  error  = {0};
  ude_status status = ude_table_read(path, &table, &error);
  if (status) {
    return cli_fail(&error, status);
  }
  int code = take_covariance(field, path, table, to);
  ude_table_free(table);
  return code;
}

static int collect(const cli_options *options, const cli_model *model, inputs *to) {
  const ude_vector_field *field = model->field;
  int                     code  = add_marked(to, model->u0_sigma, field->state.count, false);
  if (code == CLI_OK) {
    code = add_marked(to, model->p_sigma, field->param.count, true);
  }
  if (code == CLI_OK && options->covariance) {
    code = options->correlations.count
               ? cli_usage_error("--covariance and --correlation exclude one another")
               : read_covariance(field, options->covariance, to);
  } else if (code == CLI_OK) {
    code = correlate(field, &options->correlations, to);
  }
  if (code == CLI_OK && !to->input) {
    code = cli_usage_error(
        "nothing is uncertain: give --u0 name=value+-sigma, --p "
        "name=value+-sigma or --covariance FILE");
  }
  return code;
}

/* -------------------------------------------------------------------------------- output -- */

static void print_header(const ude_vector_field *field, const ude_uncertain_result *result,
                         const inputs *in) {
  fputs("t", stdout);
  for (int64_t j = 0; j < result->outputs; j++) {
    char name[256];
    ude_uncertain_output_name(field, j, name, sizeof name);
    printf(",%s,%s_sigma", name, name);
    for (int64_t k = 0; result->component && k < in->count; k++) {
      char source[256];
      printf(",%s_from_%s", name, input_name(field, &in->input[k], source, sizeof source));
    }
    if (result->sample_mean) {
      printf(",%s_sample_mean,%s_sample_sigma", name, name);
    }
  }
  putchar('\n');
}

static void print_csv(const ude_vector_field *field, const ude_uncertain_result *result,
                      const inputs *in) {
  print_header(field, result, in);
  for (int64_t i = 0; i < result->count; i++) {
    printf("%.17g", result->times[i]);
    for (int64_t j = 0; j < result->outputs; j++) {
      int64_t at = i * result->outputs + j;
      printf(",%.17g,%.17g", result->value[at], result->sigma[at]);
      for (int64_t k = 0; result->component && k < in->count; k++) {
        printf(",%.17g", result->component[at * in->count + k]);
      }
      if (result->sample_mean) {
        printf(",%.17g,%.17g", result->sample_mean[at], result->sample_sigma[at]);
      }
    }
    putchar('\n');
  }
}

/* A nested JSON array of shape [a][b][c]; levels of extent -1 are left out. */
static void print_array(const char *key, const double *values, int64_t a, int64_t b, int64_t c) {
  if (!values) {
    return;
  }
  printf(",\"%s\":[", key);
  for (int64_t i = 0; i < a; i++) {
    fputs(i ? ",[" : "[", stdout);
    for (int64_t j = 0; j < b; j++) {
      fputs(j ? "," : "", stdout);
      if (c < 0) {
        cli_json_number(stdout, values[i * b + j]);
        continue;
      }
      putchar('[');
      for (int64_t k = 0; k < c; k++) {
        fputs(k ? "," : "", stdout);
        cli_json_number(stdout, values[(i * b + j) * c + k]);
      }
      putchar(']');
    }
    putchar(']');
  }
  putchar(']');
}

static void print_json(const ude_vector_field *field, const ude_uncertain_result *result,
                       const inputs *in) {
  char name[256];
  fputs("{\"names\":[", stdout);
  for (int64_t j = 0; j < result->outputs; j++) {
    fputs(j ? "," : "", stdout);
    cli_json_string(stdout, ude_uncertain_output_name(field, j, name, sizeof name));
  }
  fputs("],\"inputs\":[", stdout);
  for (int64_t k = 0; k < in->count; k++) {
    fputs(k ? ",{\"name\":" : "{\"name\":", stdout);
    cli_json_string(stdout, input_name(field, &in->input[k], name, sizeof name));
    fputs(",\"sigma\":", stdout);
    cli_json_number(stdout, in->input[k].sigma);
    putchar('}');
  }
  fputs("],\"t\":[", stdout);
  for (int64_t i = 0; i < result->count; i++) {
    fputs(i ? "," : "", stdout);
    cli_json_number(stdout, result->times[i]);
  }
  putchar(']');
  print_array("value", result->value, result->count, result->outputs, -1);
  print_array("sigma", result->sigma, result->count, result->outputs, -1);
  print_array("component", result->component, result->count, result->outputs, in->count);
  print_array("covariance", result->covariance, result->count, result->outputs, result->outputs);
  print_array("sample_mean", result->sample_mean, result->count, result->outputs, -1);
  print_array("sample_sigma", result->sample_sigma, result->count, result->outputs, -1);
  if (result->sample_mean) {
    printf(",\"samples\":%lld,\"samples_failed\":%lld", (long long)result->sample_count,
           (long long)result->sample_failed);
  }
  fputs(",\"curvature\":", stdout);
  cli_json_number(stdout, result->curvature.ratio);
  fputs("}\n", stdout);
}

/* The covariance at the last time, in the form that --covariance reads. */
static int write_covariance(const ude_vector_field *field, const ude_uncertain_result *result,
                            const char *path) {
  int64_t      m     = result->outputs;
  ude_table   *table = NULL;
  ude_error    error = {0};
  const char **names = ude_calloc((size_t)m, sizeof *names);
  char        *text  = ude_calloc((size_t)m, 256);
  for (int64_t j = 0; names && text && j < m; j++) {
    names[j] = ude_uncertain_output_name(field, j, text + j * 256, 256);
  }
  ude_status status = names && text ? ude_table_create(m, m, names, &table, &error)
                                    : ude_fail_memory(&error, "the covariance");
  if (status == UDE_OK) {
    memcpy(table->values, result->covariance + (result->count - 1) * m * m,
           (size_t)(m * m) * sizeof(double));
    status = ude_table_write(table, path, &error);
  }
  ude_table_free(table);
  free(names);
  free(text);
  return status ? cli_fail(&error, status) : CLI_OK;
}

static void warn(const ude_vector_field *field, const ude_uncertain_result *result,
                 const inputs *in) {
  const ude_uncertain_curvature *worst = &result->curvature;
  char                           output[256];
  char                           input[256];
  if (worst->failed) {
    fprintf(stderr,
            "ude: warning: the solve fails one standard deviation from the mean of '%s': linear "
            "propagation does not hold\n",
            input_name(field, &in->input[worst->input], input, sizeof input));
  } else if (worst->output >= 0 && worst->ratio > 0.1) {
    fprintf(stderr,
            "ude: warning: linear propagation is doubtful: at t = %.6g curvature over one standard "
            "deviation moves '%s' by %.3g of its sigma, most by '%s'; compare with --sample N\n",
            result->times[worst->time],
            ude_uncertain_output_name(field, worst->output, output, sizeof output), worst->ratio,
            input_name(field, &in->input[worst->input], input, sizeof input));
  }
  if (result->sample_failed > 0) {
    int64_t all = result->sample_failed + result->sample_count;
    fprintf(stderr, "ude: warning: %lld of %lld samples could not be solved and are left out\n",
            (long long)result->sample_failed, (long long)all);
  }
}

/* ------------------------------------------------------------------------------------ run -- */

static int propagate(const cli_options *options, const cli_model *model, const inputs *in,
                     ude_solve_options *solve, bool json) {
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
    code = result->count > 0 ? write_covariance(model->field, result, options->output)
                             : cli_usage_error("--output: no time is saved");
  }
  if (code == CLI_OK) {
    (json ? print_json : print_csv)(model->field, result, in);
    warn(model->field, result, in);
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
  options.uncertain       = true;
  cli_model         model = {0};
  inputs            in    = {0};
  double           *times = NULL;
  ude_solve_options solve = {0};
  int               code  = cli_model_open(&options, UDE_DERIVATIVE_JVP, &model);
  if (code == CLI_OK) {
    code = cli_model_need(&model, true, true);
  }
  if (code == CLI_OK) {
    code = cli_solve_options(&options, model.tspan[0], model.tspan[1], &solve, &times);
  }
  if (code == CLI_OK) {
    code = collect(&options, &model, &in);
  }
  if (code == CLI_OK) {
    cli_catch_interrupt();
    code = propagate(&options, &model, &in, &solve, json);
  }
  free(in.input);
  free(in.correlation);
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
