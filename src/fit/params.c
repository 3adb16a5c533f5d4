/* Parameter files. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/files.h"

/* "key": value, with the names of a layout as keys */
static void put_members(ude_text *text, const ude_layout *layout, const char *fallback,
                        const double *values, const char *indent) {
  char number[32];
  char name[512];
  for (int64_t i = 0; i < layout->count; i++) {
    ude_text_append(text, "%s%s\"%s\": %s", i ? "," : "", indent,
                    ude_layout_name(layout, i, fallback, name, sizeof name),
                    ude_format_real(values[i], number));
  }
}

/* How the fit ended. */
static void put_result(ude_text *text, const ude_fit_result *result) {
  char number[32];
  ude_text_append(text,
                  "  \"stopped_because\": \"%s\",\n  \"optimizer\": \"%s\",\n"
                  "  \"iterations\": %lld,\n  \"evaluations\": %lld,\n",
                  ude_fit_reason_text(result->reason), result->optimizer,
                  (long long)result->iterations, (long long)result->evaluations);
  ude_text_append(text, "  \"regularise\": %s,\n", ude_format_real(result->regularise, number));
}

/* Standard errors of the trained parameters; null where the data do not determine one. */
static void put_errors(ude_text *text, const ude_loss *loss, const ude_params_note *note) {
  const ude_layout *layout = &loss->field->param;
  char              number[32];
  char              name[512];
  ude_text_append(text, "\n  },\n  \"determined\": %lld,\n  \"freedom\": %lld,\n",
                  (long long)note->precision->determined, (long long)note->precision->freedom);
  ude_text_append(text, "  \"deviation\": %s,\n  \"standard_errors\": {",
                  isnan(note->precision->deviation)
                      ? "null"
                      : ude_format_real(note->precision->deviation, number));
  const char *comma = "";
  for (int64_t i = 0; i < layout->count; i++) {
    const ude_member *member = ude_layout_member(layout, i);
    if (member && member->fixed) {
      continue;
    }
    ude_text_append(text, "%s\n    \"%s\": %s", comma,
                    ude_layout_name(layout, i, "p", name, sizeof name),
                    isnan(note->errors[i]) ? "null" : ude_format_real(note->errors[i], number));
    comma = ",";
  }
}

static void put_loss(ude_text *text, double loss, uint64_t seed) {
  char number[32];
  ude_text_append(text, "  \"loss\": %s,\n  \"seed\": %llu,\n  \"params\": {",
                  isfinite(loss) ? ude_format_real(loss, number) : "null",
                  (unsigned long long)seed);
}

static ude_status write_params(const char *folder, ude_text *text, ude_error *error) {
  ude_text path = {0};
  ude_run_path(&path, folder, "params.json");
  ude_status status = text->failed || path.failed
                          ? ude_fail_memory(error, "params.json")
                          : ude_file_write(path.data, text->data, text->length, error);
  ude_text_free(text);
  ude_text_free(&path);
  return status;
}

ude_status ude_params_write_values(const char *folder, const ude_vector_field *field, uint64_t seed,
                                   const double *p, const char *status_text, double loss,
                                   ude_error *error) {
  ude_text text = {0};
  ude_text_append(&text, "{\n  \"status\": \"%s\",\n", status_text);
  put_loss(&text, loss, seed);
  put_members(&text, &field->param, "p", p, "\n    ");
  ude_text_append(&text, "\n  }\n}\n");
  return write_params(folder, &text, error);
}

ude_status ude_params_write(const char *folder, const ude_loss *loss, const double *p,
                            const double *u0, const ude_params_note *note, ude_error *error) {
  const ude_vector_field *field = loss->field;
  ude_text                text  = {0};
  char                    number[32];
  ude_text_append(&text, "{\n  \"status\": \"%s\",\n", note->status);
  if (note->result) {
    put_result(&text, note->result);
  }
  put_loss(&text, note->loss, loss->options.seed);
  put_members(&text, &field->param, "p", p, "\n    ");
  if (note->errors) {
    put_errors(&text, loss, note);
  }
  ude_text_append(&text, "\n  },\n  \"starts\": [");
  for (int64_t k = 0; k < loss->data->trajectories; k++) {
    ude_text_append(&text, "%s\n    {\"trajectory\": %s", k ? "," : "",
                    ude_format_real(loss->data->trajectory[k].name, number));
    ude_text_append(&text, ", \"t\": %s, \"u0\": {",
                    ude_format_real(ude_loss_head(loss, k)->t0, number));
    put_members(&text, &field->state, "u", u0 + k * field->state.count, " ");
    ude_text_append(&text, " }}");
  }
  ude_text_append(&text, "\n  ]\n}\n");
  return write_params(folder, &text, error);
}

/* ------------------------------------------------------------------------------------ read -- */

/* The members of a JSON object into values by the names of a layout. `what` names them in messages; *seen: how many. */
static ude_status get_members(const char *path, const cJSON *list, const ude_layout *layout,
                              const char *fallback, const char *what, double *values, int64_t *seen,
                              ude_error *error) {
  const cJSON *item = NULL;
  *seen             = 0;
  cJSON_ArrayForEach(item, list) {
    const char *name = item->string ? item->string : "";
    int64_t     i    = ude_layout_find(layout, name, fallback);
    if (i < 0) {
      return ude_fail(error, UDE_BAD_DATA, "%s: the model has no %s '%.200s'", path, what, name);
    }
    if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)) {
      return ude_fail(error, UDE_BAD_DATA, "%s: the value of '%.200s' is not a finite number", path,
                      name);
    }
    values[i] = item->valuedouble;
    (*seen)++;
  }
  return UDE_OK;
}

static ude_status from_json(const char *path, const char *data, size_t length,
                            const ude_vector_field *field, double *p, ude_error *error) {
  cJSON       *root   = cJSON_ParseWithLength(data, length);
  const cJSON *params = root ? cJSON_GetObjectItemCaseSensitive(root, "params") : NULL;
  const cJSON *list   = cJSON_IsObject(params) ? params : root;
  int64_t      seen   = 0;
  ude_status   status =
      cJSON_IsObject(list)
            ? get_members(path, list, &field->param, "p", "parameter", p, &seen, error)
            : ude_fail(error, UDE_BAD_DATA, "%s: is not valid JSON with an object of parameters",
                       path);
  if (status == UDE_OK && seen == 0 && field->param.count > 0) {
    status = ude_fail(error, UDE_BAD_DATA, "%s: holds no parameters", path);
  }
  cJSON_Delete(root);
  return status;
}

static ude_status starts_from_json(const char *path, const cJSON *list,
                                   const ude_vector_field *field, const ude_dataset *data,
                                   double *starts, ude_error *error) {
  const cJSON *item = NULL;
  int64_t      k    = 0;
  cJSON_ArrayForEach(item, list) {
    const cJSON *u0   = cJSON_GetObjectItemCaseSensitive(item, "u0");
    int64_t      seen = 0;
    if (k == data->trajectories || !cJSON_IsObject(u0)) {
      break;
    }
    ude_status status = get_members(path, u0, &field->state, "u", "state",
                                    starts + k * field->state.count, &seen, error);
    if (status) {
      return status;
    }
    k += seen == field->state.count;
  }
  return k == data->trajectories && item == NULL
             ? UDE_OK
             : ude_fail(error, UDE_BAD_DATA,
                        "%s: 'starts' does not give every state of each of the %lld trajectories",
                        path, (long long)data->trajectories);
}

ude_status ude_starts_read(const char *path, const ude_vector_field *field, const ude_dataset *data,
                           double *starts, bool *found, ude_error *error) {
  char  *text       = NULL;
  size_t length     = 0;
  *found            = false;
  ude_status status = ude_file_read(path, &text, &length, error);
  if (status) {
    return status;
  }
  cJSON       *root = cJSON_ParseWithLength(text, length);
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "starts");
  if (!cJSON_IsObject(root) || (list && !cJSON_IsArray(list))) {
    status = ude_fail(error, UDE_BAD_DATA, "%s: is not the params.json of a run", path);
  } else if (list) {
    status = starts_from_json(path, list, field, data, starts, error);
    *found = status == UDE_OK;
  }
  cJSON_Delete(root);
  free(text);
  return status;
}

/** Position while plain numbers are read: the next trained parameter. */
typedef struct plain {
  int64_t next, count;
} plain;

static ude_status read_line(const char *path, int64_t line, const char *text, size_t length,
                            const ude_vector_field *field, double *p, plain *numbers,
                            ude_error *error) {
  const char *split = memchr(text, '=', length);
  if (!split) {
    split = memchr(text, ',', length);
  }
  double value = 0;
  if (!split) {
    if (!ude_parse_real(text, length, &value) || !isfinite(value)) {
      return ude_fail(error, UDE_BAD_DATA, "%s:%lld: '%.*s' is neither name=value nor a number",
                      path, (long long)line, (int)(length < 60 ? length : 60), text);
    }
    while (numbers->next < field->param.count) {
      const ude_member *member = ude_layout_member(&field->param, numbers->next);
      if (!member || !member->fixed) {
        break;
      }
      numbers->next++;
    }
    numbers->count++;
    if (numbers->next < field->param.count) {
      p[numbers->next++] = value;
    }
    return UDE_OK;
  }
  char   name[512];
  size_t name_length = (size_t)(split - text);
  while (name_length > 0 && (text[name_length - 1] == ' ' || text[name_length - 1] == '\t')) {
    name_length--;
  }
  if (name_length >= sizeof name) {
    return ude_fail(error, UDE_BAD_DATA, "%s:%lld: the name is too long", path, (long long)line);
  }
  memcpy(name, text, name_length);
  name[name_length] = '\0';
  int64_t i         = ude_layout_find(&field->param, name, "p");
  if (i < 0) {
    return ude_fail(error, UDE_BAD_DATA, "%s:%lld: the model has no parameter '%s'", path,
                    (long long)line, name);
  }
  if (!ude_parse_real(split + 1, length - (size_t)(split + 1 - text), &value) || !isfinite(value)) {
    return ude_fail(error, UDE_BAD_DATA, "%s:%lld: the value of '%s' is not a finite number", path,
                    (long long)line, name);
  }
  p[i] = value;
  return UDE_OK;
}

static int64_t trained_count(const ude_vector_field *field) {
  int64_t count = 0;
  for (int64_t i = 0; i < field->param.count; i++) {
    const ude_member *member = ude_layout_member(&field->param, i);
    count += !member || !member->fixed;
  }
  return count;
}

/* Lines `name=value`, `name,value`, or plain numbers. */
static ude_status from_lines(const char *path, const char *data, const ude_vector_field *field,
                             double *p, ude_error *error) {
  plain   numbers = {0};
  int64_t line    = 0;
  int64_t named   = 0;
  for (const char *at = data; *at;) {
    size_t span = strcspn(at, "\n");
    size_t text = span > 0 && at[span - 1] == '\r' ? span - 1 : span;
    size_t skip = strspn(at, " \t");
    line++;
    bool header = line == 1 && text == strlen("name,value") && strncmp(at, "name,value", text) == 0;
    if (skip < text && at[skip] != '#' && !header) {
      int64_t    before = numbers.count;
      ude_status status = read_line(path, line, at + skip, text - skip, field, p, &numbers, error);
      named += numbers.count == before;
      if (status) {
        return status;
      }
    }
    at += span + (at[span] == '\n');
  }
  if (numbers.count > 0 && named > 0) {
    return ude_fail(error, UDE_BAD_DATA, "%s: mixes plain numbers and named values", path);
  }
  if (numbers.count > 0 && numbers.count != trained_count(field)) {
    return ude_fail(error, UDE_BAD_DATA,
                    "%s: holds %lld plain numbers, but the model trains %lld parameters", path,
                    (long long)numbers.count, (long long)trained_count(field));
  }
  return numbers.count + named > 0 ? UDE_OK
                                   : ude_fail(error, UDE_BAD_DATA, "%s: holds no parameters", path);
}

ude_status ude_params_read(const char *path, const ude_vector_field *field, double *p,
                           ude_error *error) {
  size_t     bytes  = (size_t)field->param.count * sizeof *p;
  char      *data   = NULL;
  size_t     length = 0;
  ude_status status = ude_file_read(path, &data, &length, error);
  if (status) {
    return status;
  }
  double *read = ude_calloc(1, bytes);
  if (!read) {
    free(data);
    return ude_fail_memory(error, "parameters");
  }
  memcpy(read, p, bytes);
  bool        text  = strlen(data) == length;
  const char *start = data + (strncmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0); /* byte order mark */
  length -= (size_t)(start - data);
  status = start[strspn(start, " \t\r\n")] == '{'
               ? from_json(path, start, length, field, read, error)
           : text ? from_lines(path, start, field, read, error)
                  : ude_fail(error, UDE_BAD_DATA, "%s: is not a text file", path);
  if (status == UDE_OK) {
    memcpy(p, read, bytes);
  }
  free(read);
  free(data);
  return status;
}
