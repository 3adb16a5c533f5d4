/* The whole state of a fit as JSON: numbers with 17 digits are exact. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fit/files.h"

enum { VERSION = 2 };

struct ude_checkpoint {
  cJSON   *root;
  ude_text path;
};

void ude_run_path(ude_text *text, const char *folder, const char *name) {
  text->length = 0;
  ude_text_append(text, "%s/%s", folder, name);
}

/* ----------------------------------------------------------------------------------- write -- */

static void put_real(ude_text *text, const char *key, double value) {
  char number[32];
  ude_text_append(text, "  \"%s\": %s,\n", key, ude_format_real(value, number));
}

static void put_array(ude_text *text, const char *key, const double *x, int64_t n) {
  char number[32];
  ude_text_append(text, "  \"%s\": [", key);
  for (int64_t i = 0; i < n; i++) {
    ude_text_append(text, "%s%s", i ? "," : "", ude_format_real(x[i], number));
  }
  ude_text_append(text, "],\n");
}

/* Doubles of `inverse` that say something. */
static int64_t known_inverse(const ude_optimizer_state *state) {
  return state->pairs > 0 && state->inverse ? ude_optimizer_matrix_size(state) : 0;
}

ude_status ude_checkpoint_write(const char *folder, const ude_optimizer_state *state,
                                const ude_position *position, const char *key, ude_error *error) {
  ude_text text = {0};
  ude_text path = {0};
  ude_text_append(&text, "{\n  \"key\": \"%s\",\n", key);
  put_real(&text, "stage", (double)position->stage);
  put_real(&text, "iterations", (double)position->iterations);
  put_real(&text, "evaluations", (double)position->evaluations);
  put_real(&text, "failures", (double)position->failures);
  put_real(&text, "seconds", position->seconds);
  put_real(&text, "first_loss", position->first_loss);
  put_real(&text, "ended", position->ended);
  put_real(&text, "reason", (double)position->reason);
  put_real(&text, "gradient_tolerance", position->gradient_tolerance);
  put_real(&text, "change_tolerance", position->change_tolerance);
  put_real(&text, "n", (double)state->n);
  put_real(&text, "phase", (double)state->phase);
  put_real(&text, "iteration", (double)state->iteration);
  put_real(&text, "pairs", (double)state->pairs);
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
  put_array(&text, "inverse", state->inverse, known_inverse(state));
  ude_text_append(&text, "  \"version\": %d\n}\n", VERSION);
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
  if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)) {
    return false;
  }
  *value = item->valuedouble;
  return true;
}

static bool get_count(const cJSON *root, const char *key, int64_t *value) {
  double number = 0;
  if (!get_real(root, key, &number) || !(number >= 0 && number < 9e15)) {
    return false;
  }
  *value = (int64_t)number;
  return true;
}

static bool get_array(const cJSON *root, const char *key, double *x, int64_t n) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, key);
  const cJSON *item = NULL;
  int64_t      i    = 0;
  if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != n) {
    return false;
  }
  cJSON_ArrayForEach(item, list) {
    if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)) {
      return false;
    }
    x[i++] = item->valuedouble;
  }
  return true;
}

static bool get_position(const cJSON *root, ude_position *position) {
  int64_t ended = 0;
  bool    whole = get_count(root, "stage", &position->stage) &&
               get_count(root, "iterations", &position->iterations) &&
               get_count(root, "evaluations", &position->evaluations) &&
               get_count(root, "failures", &position->failures) &&
               get_real(root, "seconds", &position->seconds) &&
               get_real(root, "first_loss", &position->first_loss) &&
               get_count(root, "ended", &ended) && get_count(root, "reason", &position->reason) &&
               get_real(root, "gradient_tolerance", &position->gradient_tolerance) &&
               get_real(root, "change_tolerance", &position->change_tolerance);
  position->ended = ended != 0;
  return whole;
}

static ude_status damaged(const ude_checkpoint *checkpoint, ude_error *error) {
  return ude_fail(error, UDE_BAD_DATA, "%s: the checkpoint is damaged; start without --resume",
                  checkpoint->path.data);
}

static ude_status parse(ude_checkpoint *made, const char *key, ude_position *position,
                        ude_error *error) {
  char      *data    = NULL;
  size_t     length  = 0;
  int64_t    version = 0;
  ude_status status  = ude_file_read(made->path.data, &data, &length, error);
  if (status) {
    return status;
  }
  made->root = cJSON_ParseWithLength(data, length);
  free(data);
  const cJSON *own = cJSON_GetObjectItemCaseSensitive(made->root, "key");
  if (!cJSON_IsString(own) || !get_count(made->root, "version", &version)) {
    return damaged(made, error);
  }
  if (strcmp(own->valuestring, key) != 0 || version != VERSION) {
    return ude_fail(error, UDE_BAD_DATA,
                    "%s: the checkpoint is of another model, data set or options; start without "
                    "--resume",
                    made->path.data);
  }
  return get_position(made->root, position) ? UDE_OK : damaged(made, error);
}

ude_status ude_checkpoint_open(const char *folder, const char *key, ude_checkpoint **checkpoint,
                               ude_position *position, ude_error *error) {
  *checkpoint          = NULL;
  ude_checkpoint *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "the checkpoint");
  }
  ude_run_path(&made->path, folder, "checkpoint.json");
  ude_status status = made->path.failed ? ude_fail_memory(error, "the checkpoint") : UDE_OK;
  if (status == UDE_OK && access(made->path.data, F_OK) != 0 && errno == ENOENT) {
    ude_checkpoint_free(made);
    return UDE_OK;
  }
  status = status ? status : parse(made, key, position, error);
  if (status) {
    ude_checkpoint_free(made);
    return status;
  }
  *checkpoint = made;
  return UDE_OK;
}

ude_status ude_checkpoint_restore(const ude_checkpoint *checkpoint, ude_optimizer_state *state,
                                  ude_error *error) {
  const cJSON *root = checkpoint->root;
  int64_t      n    = 0;
  if (!get_count(root, "n", &n) || n != state->n || !get_count(root, "phase", &state->phase) ||
      state->phase >= UDE_PHASES || !get_count(root, "iteration", &state->iteration) ||
      !get_count(root, "pairs", &state->pairs) || !get_real(root, "value", &state->value) ||
      !get_real(root, "best", &state->best) || !get_real(root, "damping", &state->damping) ||
      !get_real(root, "growth", &state->growth) || !get_array(root, "x", state->x, n) ||
      !get_array(root, "g", state->g, n) || !get_array(root, "best_x", state->best_x, n) ||
      !get_array(root, "first", state->first, n) || !get_array(root, "second", state->second, n) ||
      !get_array(root, "window", state->window, UDE_CHANGE_WINDOW)) {
    return damaged(checkpoint, error);
  }
  if (state->pairs > 0) {
    ude_status status = ude_optimizer_reserve_inverse(state, error);
    if (status) {
      return status;
    }
    if (!get_array(root, "inverse", state->inverse, ude_optimizer_matrix_size(state))) {
      return damaged(checkpoint, error);
    }
  }
  return UDE_OK;
}

void ude_checkpoint_free(ude_checkpoint *checkpoint) {
  if (checkpoint) {
    cJSON_Delete(checkpoint->root);
    ude_text_free(&checkpoint->path);
    free(checkpoint);
  }
}
