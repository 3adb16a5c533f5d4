/* ude uncertain: which values are uncertain, and how they are correlated. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/uncertain.h"

char *cli_uncertain_input_name(const ude_vector_field *field, const ude_uncertain_input *input,
                               char *buffer, size_t size) {
  return ude_layout_name(input->param ? &field->param : &field->state, input->index,
                         input->param ? "p" : "u", buffer, size);
}

static int add_input(cli_uncertain_inputs *to, bool param, int64_t index, double sigma) {
  ude_uncertain_input *grown = ude_realloc(to->input, (size_t)to->count + 1, sizeof *grown);
  if (!grown) {
    return cli_usage_error("out of memory");
  }
  to->input          = grown;
  grown[to->count++] = (ude_uncertain_input){param, index, sigma};
  return CLI_OK;
}

static int add_marked(cli_uncertain_inputs *to, const double *sigma, int64_t count, bool param) {
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

static int64_t position(const cli_uncertain_inputs *of, bool param, int64_t index) {
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

static int correlate_pair(const ude_vector_field *field, cli_uncertain_inputs *to, const char *item,
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

static int correlate(const ude_vector_field *field, const cli_list *list,
                     cli_uncertain_inputs *to) {
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
                           cli_uncertain_inputs *to) {
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

static int read_covariance(const ude_vector_field *field, const char *path,
                           cli_uncertain_inputs *to) {
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

int cli_uncertain_collect(const cli_options *options, const cli_model *model,
                          cli_uncertain_inputs *to) {
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

void cli_uncertain_free(cli_uncertain_inputs *inputs) {
  free(inputs->input);
  free(inputs->correlation);
}
