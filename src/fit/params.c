/* Parameter files. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/files.h"

ude_status ude_params_write(const char *folder, const ude_vector_field *field, const double *p,
                            double loss, uint64_t seed, const char *status_text, ude_error *error) {
  ude_text text = {0};
  ude_text path = {0};
  char     number[32];
  char     name[512];
  ude_text_append(&text, "{\n  \"status\": \"%s\",\n  \"loss\": %s,\n  \"seed\": %llu,\n  \"params\": {",
                  status_text, isfinite(loss) ? ude_format_real(loss, number) : "null",
                  (unsigned long long)seed);
  for (int64_t i = 0; i < field->param.count; i++) {
    ude_text_append(&text, "%s\n    \"%s\": %s", i ? "," : "",
                    ude_layout_name(&field->param, i, "p", name, sizeof name),
                    ude_format_real(p[i], number));
  }
  ude_text_append(&text, "\n  }\n}\n");
  ude_run_path(&path, folder, "params.json");
  ude_status status = text.failed || path.failed
                          ? ude_fail_memory(error, "params.json")
                          : ude_file_write(path.data, text.data, text.length, error);
  ude_text_free(&text);
  ude_text_free(&path);
  return status;
}

/* ------------------------------------------------------------------------------------ read -- */

static ude_status from_json(const char *path, const char *data, size_t length,
                            const ude_vector_field *field, double *p, ude_error *error) {
  cJSON       *root   = cJSON_ParseWithLength(data, length);
  const cJSON *params = root ? cJSON_GetObjectItemCaseSensitive(root, "params") : NULL;
  const cJSON *list   = cJSON_IsObject(params) ? params : root;
  ude_status   status = UDE_OK;
  if (!cJSON_IsObject(list)) {
    status = ude_fail(error, UDE_BAD_DATA, "%s: is not valid JSON with an object of parameters", path);
  }
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, list) {
    if (status) {
      break;
    }
    int64_t i = ude_layout_find(&field->param, item->string ? item->string : "", "p");
    if (i < 0) {
      status = ude_fail(error, UDE_BAD_DATA, "%s: the model has no parameter '%s'", path,
                        item->string ? item->string : "");
    } else if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)) {
      status = ude_fail(error, UDE_BAD_DATA, "%s: the value of '%s' is not a finite number", path,
                        item->string);
    } else {
      p[i] = item->valuedouble;
    }
  }
  cJSON_Delete(root);
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
      return ude_fail(error, UDE_BAD_DATA, "%s:%lld: '%.*s' is neither name=value nor a number", path,
                      (long long)line, (int)(length < 60 ? length : 60), text);
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

ude_status ude_params_read(const char *path, const ude_vector_field *field, double *p,
                           ude_error *error) {
  char      *data   = NULL;
  size_t     length = 0;
  ude_status status = ude_file_read(path, &data, &length, error);
  if (status) {
    return status;
  }
  size_t blank = strspn(data, " \t\r\n");
  if (data[blank] == '{') {
    status = from_json(path, data, length, field, p, error);
    free(data);
    return status;
  }
  plain   numbers = {0};
  int64_t line    = 0;
  int64_t named   = 0;
  for (const char *at = data; *at && status == UDE_OK;) {
    size_t span = strcspn(at, "\n");
    size_t text = span > 0 && at[span - 1] == '\r' ? span - 1 : span;
    size_t skip = strspn(at, " \t");
    line++;
    bool header = line == 1 && text == strlen("name,value") && strncmp(at, "name,value", text) == 0;
    if (skip < text && at[skip] != '#' && !header) {
      int64_t before = numbers.count;
      status         = read_line(path, line, at + skip, text - skip, field, p, &numbers, error);
      named += numbers.count == before;
    }
    at += span + (at[span] == '\n');
  }
  if (status == UDE_OK && numbers.count > 0 && (named > 0 || numbers.count != trained_count(field))) {
    status = ude_fail(error, UDE_BAD_DATA, "%s: holds %lld plain numbers, but the model trains %lld parameters",
                      path, (long long)numbers.count, (long long)trained_count(field));
  } else if (status == UDE_OK && numbers.count + named == 0) {
    status = ude_fail(error, UDE_BAD_DATA, "%s: holds no parameters", path);
  }
  free(data);
  return status;
}
