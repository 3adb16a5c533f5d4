/* settings.json of a run: what was fitted, so that other verbs find model and data again. */
#define _XOPEN_SOURCE 700 /* realpath */
#include "cli/settings.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void add_path(cJSON *list, const char *path) {
  char *full = realpath(path, NULL);
  cJSON_AddItemToArray(list, cJSON_CreateString(full ? full : path));
  free(full);
}

static void add_text(cJSON *object, const char *key, const char *value) {
  if (value) {
    cJSON_AddStringToObject(object, key, value);
  }
}

static void add_number(cJSON *object, const char *key, double value) {
  if (value != 0) {
    cJSON_AddNumberToObject(object, key, value);
  }
}

char *cli_settings_write(const cli_options *options) {
  cJSON *root  = cJSON_CreateObject();
  cJSON *model = cJSON_AddArrayToObject(root, "model");
  cJSON *flags = cJSON_AddArrayToObject(root, "flags");
  cJSON *data  = cJSON_AddArrayToObject(root, "data");
  cJSON *more  = cJSON_AddObjectToObject(root, "options");
  for (int i = 0; i < options->models.count; i++) {
    add_path(model, options->models.item[i]);
  }
  for (int i = 0; i < options->flags.count; i++) {
    cJSON_AddItemToArray(flags, cJSON_CreateString(options->flags.item[i]));
  }
  for (int i = 0; i < options->data.count; i++) {
    add_path(data, options->data.item[i]);
  }
  cJSON_AddStringToObject(root, "ude", UDE_VERSION_TEXT);
  cJSON_AddNumberToObject(root, "seed", (double)options->seed);
  add_text(more, "method", options->method);
  add_text(more, "initial", options->initial);
  add_text(more, "optimizer", options->optimizer);
  add_number(more, "rtol", options->rtol);
  add_number(more, "atol", options->atol);
  add_number(more, "step", options->step);
  add_number(more, "max_step", options->max_step);
  add_number(more, "regularise", options->regularise);
  add_number(more, "segment", (double)options->segment);
  add_number(more, "continuity", options->continuity);
  char *text = cJSON_Print(root);
  cJSON_Delete(root);
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
