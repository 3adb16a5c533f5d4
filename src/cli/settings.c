/* settings.json of a run: what was fitted, so that other verbs find model and data again. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "cli/settings.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* An object on its way; `whole` is false once memory ran out. */
typedef struct writer {
  cJSON *root, *options;
  bool   whole;
} writer;

static void add(writer *to, cJSON *object, const char *key, cJSON *item) {
  if (!cJSON_AddItemToObject(object, key, item)) {
    cJSON_Delete(item);
    to->whole = false;
  }
}

static void add_list(writer *to, const char *key, const cli_list *list, bool paths) {
  cJSON *array = cJSON_CreateArray();
  for (int i = 0; i < list->count; i++) {
    char        full[PATH_MAX];
    const char *text = list->item[i];
    cJSON      *item = cJSON_CreateString(paths && realpath(text, full) ? full : text);
    if (!cJSON_AddItemToArray(array, item)) {
      cJSON_Delete(item);
      to->whole = false;
    }
  }
  add(to, to->root, key, array);
}

static void add_text(writer *to, const char *key, const char *value) {
  if (value) {
    add(to, to->options, key, cJSON_CreateString(value));
  }
}

static void add_number(writer *to, const char *key, double value) {
  if (value != 0) {
    add(to, to->options, key, cJSON_CreateNumber(value));
  }
}

char *cli_settings_write(const cli_options *options) {
  writer to = {.root = cJSON_CreateObject(), .options = cJSON_CreateObject(), .whole = true};
  add_list(&to, "model", &options->models, true);
  add_list(&to, "flags", &options->flags, false);
  add_list(&to, "data", &options->data, true);
  if (options->heuristics.count > 0) {
    add_list(&to, "heuristics", &options->heuristics, false);
  }
  add_text(&to, "method", options->method);
  add_text(&to, "initial", options->initial);
  add_text(&to, "optimizer", options->optimizer);
  add_text(&to, "scale", options->scale);
  add_number(&to, "rtol", options->rtol);
  add_number(&to, "atol", options->atol);
  add_number(&to, "step", options->step);
  add_number(&to, "max_step", options->max_step);
  add_number(&to, "regularise", options->regularise);
  add_number(&to, "segment", (double)options->segment);
  add_number(&to, "continuity", options->continuity);
  add(&to, to.root, "options", to.options);
  add(&to, to.root, "ude", cJSON_CreateString(UDE_VERSION_TEXT));
  add(&to, to.root, "seed", cJSON_CreateNumber((double)options->seed));
  char *text = to.whole ? cJSON_Print(to.root) : NULL;
  cJSON_Delete(to.root);
  return text;
}

/* ------------------------------------------------------------------------------------ read -- */

static bool take_list(const cJSON *root, const char *key, cli_list *list) {
  const cJSON *items = cJSON_GetObjectItemCaseSensitive(root, key);
  const cJSON *item  = NULL;
  int          count = cJSON_GetArraySize(items);
  list->item         = ude_calloc((size_t)count, sizeof *list->item);
  list->count        = 0;
  cJSON_ArrayForEach(item, items) {
    if (list->item && cJSON_IsString(item)) {
      list->item[list->count++] = item->valuestring;
    }
  }
  return list->item != NULL && list->count == count;
}

static const char *take_text(const cJSON *object, const char *key, const char *given) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return !given && cJSON_IsString(item) ? item->valuestring : given;
}

static double take_number(const cJSON *object, const char *key, double given) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return given == 0 && cJSON_IsNumber(item) ? item->valuedouble : given;
}

int cli_settings_read(const char *folder, cli_settings *settings, cli_options *options) {
  ude_text  path   = {0};
  ude_error error  = {0};
  char     *data   = NULL;
  size_t    length = 0;
  *settings        = (cli_settings){0};
  ude_text_append(&path, "%s/settings.json", folder);
  if (path.failed) {
    ude_text_free(&path);
    return cli_usage_error("out of memory");
  }
  ude_status status = ude_file_read(path.data, &data, &length, &error);
  if (status) {
    ude_text_free(&path);
    fprintf(stderr, "ude: '%s' is no run folder\n", folder);
    return cli_fail(&error, UDE_BAD_DATA);
  }
  settings->root = cJSON_ParseWithLength(data, length);
  free(data);
  if (!settings->root || !take_list(settings->root, "model", &options->models) ||
      !take_list(settings->root, "data", &options->data) ||
      !take_list(settings->root, "flags", &options->flags) || options->models.count == 0) {
    fprintf(stderr, "ude: %s: is damaged: a list of model files is missing\n", path.data);
    ude_text_free(&path);
    return CLI_DATA;
  }
  const cJSON *more   = cJSON_GetObjectItemCaseSensitive(settings->root, "options");
  options->method     = take_text(more, "method", options->method);
  options->initial    = take_text(more, "initial", options->initial);
  options->rtol       = take_number(more, "rtol", options->rtol);
  options->atol       = take_number(more, "atol", options->atol);
  options->step       = take_number(more, "step", options->step);
  options->max_step   = take_number(more, "max_step", options->max_step);
  options->regularise = take_number(more, "regularise", options->regularise);
  ude_text_free(&path);
  return CLI_OK;
}

void cli_settings_close(cli_settings *settings) {
  cJSON_Delete(settings->root);
  *settings = (cli_settings){0};
}
