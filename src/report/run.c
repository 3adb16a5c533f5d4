#include "report/run.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const ude_run_table_files[RUN_TABLES] = {[RUN_HISTORY]       = "history.csv",
                                                     [RUN_DATA]          = "data.csv",
                                                     [RUN_PREDICTED]     = "predicted.csv",
                                                     [RUN_TRAJECTORY]    = "trajectory.csv",
                                                     [RUN_EXTRAPOLATION] = "extrapolation.csv"};

const char *const ude_run_object_files[RUN_OBJECTS] = {[RUN_SETTINGS]   = "settings.json",
                                                       [RUN_PARAMS]     = "params.json",
                                                       [RUN_DISCOVERED] = "discovered.json"};

const char *ude_json_text(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsString(item) ? item->valuestring : NULL;
}

double ude_json_number(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

bool ude_run_is_quantity(const char *name) {
  return strcmp(name, "t") != 0 && strcmp(name, "trajectory") != 0 &&
         strncmp(name, "truth:", 6) != 0;
}

double ude_run_trajectory(const ude_table *table, int64_t row) {
  int64_t column = ude_table_column(table, "trajectory");
  return column < 0 ? 0 : table->values[row * table->columns + column];
}

/* *path is NULL where the file does not exist. */
static ude_status find_file(const char *folder, const char *name, char **path, ude_error *error) {
  ude_text text = {0};
  *path         = NULL;
  ude_text_append(&text, "%s/%s", folder, name);
  if (text.failed) {
    ude_text_free(&text);
    return ude_fail_memory(error, name);
  }
  if (access(text.data, F_OK) != 0 && errno == ENOENT) {
    ude_text_free(&text);
    return UDE_OK;
  }
  *path = text.data;
  return UDE_OK;
}

static ude_status need_column(const ude_table *table, const char *path, const char *name,
                              ude_error *error) {
  return ude_table_column(table, name) >= 0
             ? UDE_OK
             : ude_fail(error, UDE_BAD_DATA, "%s: there is no column '%s', which a run has here",
                        path, name);
}

static ude_status load_table(const char *folder, const char *name, const char *first,
                             const char *second, ude_table **table, ude_error *error) {
  char      *path   = NULL;
  ude_status status = find_file(folder, name, &path, error);
  if (status || !path) {
    return status;
  }
  status = ude_table_read(path, table, error);
  status = status ? status : need_column(*table, path, first, error);
  status = status || !second ? status : need_column(*table, path, second, error);
  free(path);
  return status;
}

static ude_status load_text(const char *folder, const char *name, char **text, ude_error *error) {
  char      *path   = NULL;
  size_t     length = 0;
  ude_status status = find_file(folder, name, &path, error);
  if (status == UDE_OK && path) {
    status = ude_file_read(path, text, &length, error);
  }
  free(path);
  return status;
}

static ude_status load_object(const char *folder, const char *name, cJSON **object,
                              ude_error *error) {
  char      *text   = NULL;
  ude_status status = load_text(folder, name, &text, error);
  if (status || !text) {
    return status;
  }
  const char *end = text;
  *object         = cJSON_ParseWithOpts(text, &end, true);
  if (!*object) {
    int line = 1;
    for (const char *at = text; at < end && *at; at++) {
      line += *at == '\n';
    }
    status =
        ude_fail(error, UDE_BAD_DATA, "%s/%s:%d: is not JSON from here on", folder, name, line);
  } else if (!cJSON_IsObject(*object)) {
    status = ude_fail(error, UDE_BAD_DATA, "%s/%s: is JSON, but no object {...}", folder, name);
  }
  free(text);
  return status;
}

/* The <f> of learned_<f>.csv; false for other names. */
static bool learned_name(const char *file, const char **start, size_t *length) {
  static const char before[] = "learned_";
  static const char after[]  = ".csv";
  const size_t      head     = sizeof before - 1;
  const size_t      tail     = sizeof after - 1;
  size_t            total    = strlen(file);
  *start                     = file + head;
  *length                    = total > head + tail ? total - head - tail : 0;
  return *length > 0 && strncmp(file, before, head) == 0 && strcmp(file + total - tail, after) == 0;
}

static ude_status add_learned(ude_run *run, const char *folder, const char *file,
                              ude_error *error) {
  const char *start  = NULL;
  size_t      length = 0;
  if (!learned_name(file, &start, &length)) {
    return UDE_OK;
  }
  run_learned *grown =
      ude_realloc(run->learned, (size_t)run->learned_count + 1, sizeof *run->learned);
  if (!grown) {
    return ude_fail_memory(error, "the learned functions");
  }
  run->learned         = grown;
  run_learned *learned = &grown[run->learned_count];
  *learned             = (run_learned){.name = strndup(start, length)};
  if (!learned->name) {
    return ude_fail_memory(error, "the learned functions");
  }
  run->learned_count++;
  return load_table(folder, file, "t", "out:0", &learned->table, error);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const run_learned *)a)->name, ((const run_learned *)b)->name);
}

static ude_status load_learned(const char *folder, ude_run *run, ude_error *error) {
  DIR *directory = opendir(folder);
  if (!directory) {
    return errno == ENOMEM ? ude_fail_memory(error, folder)
                           : ude_fail(error, UDE_IO, "%s: cannot open the run folder: %s", folder,
                                      strerror(errno));
  }
  ude_status     status = UDE_OK;
  struct dirent *entry  = NULL;
  while (status == UDE_OK && (entry = readdir(directory)) != NULL) {
    status = add_learned(run, folder, entry->d_name, error);
  }
  closedir(directory);
  if (run->learned_count > 1) {
    qsort(run->learned, (size_t)run->learned_count, sizeof *run->learned, by_name);
  }
  return status;
}

static bool is_empty(const ude_run *run) {
  bool found = run->learned_count > 0 || run->source;
  for (int i = 0; i < RUN_TABLES; i++) {
    found = found || run->tables[i];
  }
  for (int i = 0; i < RUN_OBJECTS; i++) {
    found = found || run->objects[i];
  }
  return !found;
}

ude_status ude_run_load(const char *folder, ude_run *run, ude_error *error) {
  memset(run, 0, sizeof *run);
  ude_status status = load_learned(folder, run, error);
  for (int i = 0; i < RUN_TABLES && status == UDE_OK; i++) {
    bool history = i == RUN_HISTORY;
    status       = load_table(folder, ude_run_table_files[i], history ? "evaluation" : "t",
                        history ? "loss" : NULL, &run->tables[i], error);
  }
  for (int i = 0; i < RUN_OBJECTS && status == UDE_OK; i++) {
    status = load_object(folder, ude_run_object_files[i], &run->objects[i], error);
  }
  status = status ? status : load_text(folder, "discovered.c", &run->source, error);
  if (status == UDE_OK && is_empty(run)) {
    status = ude_fail(error, UDE_BAD_DATA,
                      "%s: is no run folder: none of settings.json, params.json, data.csv, ... is "
                      "there; name the folder that 'ude fit -o' wrote",
                      folder);
  }
  if (status) {
    ude_run_release(run);
  }
  return status;
}

void ude_run_release(ude_run *run) {
  for (int i = 0; i < RUN_TABLES; i++) {
    ude_table_free(run->tables[i]);
  }
  for (int i = 0; i < RUN_OBJECTS; i++) {
    cJSON_Delete(run->objects[i]);
  }
  for (int64_t i = 0; i < run->learned_count; i++) {
    free(run->learned[i].name);
    ude_table_free(run->learned[i].table);
  }
  free(run->learned);
  free(run->source);
  memset(run, 0, sizeof *run);
}
