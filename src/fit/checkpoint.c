/* The optimiser's whole state as JSON: numbers with 17 digits are exact. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fit/files.h"

void ude_run_path(ude_text *text, const char *folder, const char *name) {
  text->length = 0;
  ude_text_append(text, "%s/%s", folder, name);
}

static void put_real(ude_text *text, const char *key, double value) {
  char number[32];
  ude_text_append(text, "  \"%s\": %s,\n", key, ude_format_real(value, number));
}

static void put_array(ude_text *text, const char *key, const double *x, int64_t n) {
  char number[32];
  ude_text_append(text, "  \"%s\": [", key);
  for (int64_t i = 0; x && i < n; i++) {
    ude_text_append(text, "%s%s", i ? "," : "", ude_format_real(x[i], number));
  }
  ude_text_append(text, "],\n");
}

ude_status ude_checkpoint_write(const char *folder, const ude_optimizer_state *state,
                                const ude_objective *objective, double seconds, const char *key,
                                ude_error *error) {
  ude_text text = {0};
  ude_text path = {0};
  ude_text_append(&text, "{\n  \"key\": \"%s\",\n", key);
  put_real(&text, "n", (double)state->n);
  put_real(&text, "phase", (double)state->phase);
  put_real(&text, "iteration", (double)state->iteration);
  put_real(&text, "total", (double)state->total);
  put_real(&text, "pairs", (double)state->pairs);
  put_real(&text, "evaluations", (double)objective->evaluations);
  put_real(&text, "failures", (double)objective->failures);
  put_real(&text, "seconds", seconds);
  put_real(&text, "value", state->value);
  put_real(&text, "best", state->best);
  put_real(&text, "damping", state->damping);
  put_real(&text, "growth", state->growth);
  put_array(&text, "x", state->x, state->n);
  put_array(&text, "g", state->g, state->n);
  put_array(&text, "best_x", state->best_x, state->n);
  put_array(&text, "first", state->first, state->n);
  put_array(&text, "second", state->second, state->n);
  put_array(&text, "window", state->window, UDE_CHANGE_WINDOW);
  put_array(&text, "inverse", state->inverse, ude_optimizer_matrix_size(state));
  ude_text_append(&text, "  \"version\": 1\n}\n");
  ude_run_path(&path, folder, "checkpoint.json");
  ude_status status = text.failed || path.failed
                          ? ude_fail_memory(error, "the checkpoint")
                          : ude_file_write(path.data, text.data, text.length, error);
  ude_text_free(&text);
  ude_text_free(&path);
  return status;
}

/* ------------------------------------------------------------------------------------ read -- */

static bool get_real(const cJSON *root, const char *key, double *value) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key);
  *value            = cJSON_IsNumber(item) ? item->valuedouble : 0;
  return cJSON_IsNumber(item);
}

static bool get_integer(const cJSON *root, const char *key, int64_t *value) {
  double number = 0;
  bool   there  = get_real(root, key, &number);
  *value        = (int64_t)number;
  return there;
}

static bool get_array(const cJSON *root, const char *key, double *x, int64_t n) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, key);
  if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != (int)n) {
    return false;
  }
  int64_t      i    = 0;
  const cJSON *item = NULL;
  cJSON_ArrayForEach(item, list) {
    if (!cJSON_IsNumber(item)) {
      return false;
    }
    x[i++] = item->valuedouble;
  }
  return true;
}

static bool restore(const cJSON *root, ude_optimizer_state *state, ude_objective *objective,
                    double *seconds) {
  int64_t n = 0;
  if (!get_integer(root, "n", &n) || n != state->n ||
      !get_integer(root, "phase", &state->phase) ||
      !get_integer(root, "iteration", &state->iteration) ||
      !get_integer(root, "total", &state->total) || !get_integer(root, "pairs", &state->pairs) ||
      !get_integer(root, "evaluations", &objective->evaluations) ||
      !get_integer(root, "failures", &objective->failures) ||
      !get_real(root, "seconds", seconds) || !get_real(root, "value", &state->value) ||
      !get_real(root, "best", &state->best) || !get_real(root, "damping", &state->damping) ||
      !get_real(root, "growth", &state->growth) || !get_array(root, "x", state->x, n) ||
      !get_array(root, "g", state->g, n) || !get_array(root, "best_x", state->best_x, n) ||
      !get_array(root, "first", state->first, n) || !get_array(root, "second", state->second, n) ||
      !get_array(root, "window", state->window, UDE_CHANGE_WINDOW)) {
    return false;
  }
  const cJSON *inverse = cJSON_GetObjectItemCaseSensitive(root, "inverse");
  if (cJSON_GetArraySize(inverse) > 0) {
    state->inverse = ude_calloc((size_t)ude_optimizer_matrix_size(state), sizeof(double));
    return state->inverse &&
           get_array(root, "inverse", state->inverse, ude_optimizer_matrix_size(state));
  }
  return true;
}

ude_status ude_checkpoint_read(const char *folder, ude_optimizer_state *state,
                               ude_objective *objective, double *seconds, const char *key,
                               bool *found, ude_error *error) {
  ude_text path   = {0};
  char    *data   = NULL;
  size_t   length = 0;
  *found          = false;
  ude_run_path(&path, folder, "checkpoint.json");
  if (path.failed) {
    return ude_fail_memory(error, "the checkpoint");
  }
  ude_status status = UDE_OK;
  if (access(path.data, F_OK) == 0) {
    status = ude_file_read(path.data, &data, &length, error);
    cJSON *root = status == UDE_OK ? cJSON_ParseWithLength(data, length) : NULL;
    if (status == UDE_OK) {
      const cJSON *own      = cJSON_GetObjectItemCaseSensitive(root, "key");
      bool         readable = root && cJSON_IsString(own);
      bool         same     = readable && strcmp(own->valuestring, key) == 0;
      if (readable && !same) {
        status = ude_fail(error, UDE_BAD_DATA,
                          "%s: the checkpoint is of another model, data set or options; start without "
                          "--resume",
                          path.data);
      } else if (!same || !restore(root, state, objective, seconds)) {
        status = ude_fail(error, UDE_BAD_DATA, "%s: the checkpoint is damaged; start without --resume",
                          path.data);
      } else {
        *found = true;
      }
    }
    cJSON_Delete(root);
  }
  free(data);
  ude_text_free(&path);
  return status;
}

/* --------------------------------------------------------------------------------- history -- */

static const char *const columns[] = {"evaluation", "phase",         "loss",
                                      "best",       "gradient_norm", "seconds"};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

ude_status ude_history_add(ude_history *history, ude_history_row row, ude_error *error) {
  if (history->count == history->capacity) {
    int64_t          capacity = history->capacity ? 2 * history->capacity : 256;
    ude_history_row *grown    = ude_realloc(history->row, (size_t)capacity, sizeof *grown);
    if (!grown) {
      return ude_fail_memory(error, "the loss history");
    }
    history->row      = grown;
    history->capacity = capacity;
  }
  history->row[history->count++] = row;
  return UDE_OK;
}

ude_status ude_history_write(const ude_history *history, const char *folder, ude_error *error) {
  ude_table *table  = NULL;
  ude_text   path   = {0};
  ude_status status = ude_table_create(history->count, COLUMNS, columns, &table, error);
  ude_run_path(&path, folder, "history.csv");
  if (status == UDE_OK) {
    for (int64_t i = 0; i < history->count; i++) {
      memcpy(table->values + i * COLUMNS, &history->row[i], sizeof history->row[i]);
    }
    status = path.failed ? ude_fail_memory(error, "the loss history")
                         : ude_table_write(table, path.data, error);
  }
  ude_table_free(table);
  ude_text_free(&path);
  return status;
}

ude_status ude_history_read(ude_history *history, const char *folder, ude_error *error) {
  ude_text   path  = {0};
  ude_table *table = NULL;
  ude_run_path(&path, folder, "history.csv");
  ude_status status = path.failed ? ude_fail_memory(error, "the loss history")
                                  : ude_table_read(path.data, &table, error);
  for (int64_t i = 0; status == UDE_OK && table->columns == COLUMNS && i < table->rows; i++) {
    ude_history_row row;
    memcpy(&row, table->values + i * COLUMNS, sizeof row);
    status = ude_history_add(history, row, error);
  }
  ude_table_free(table);
  ude_text_free(&path);
  return status;
}
