/* Learned functions along the fitted solutions. */
#include <stdlib.h>
#include <string.h>

#include "fit/files.h"

enum { PER_INTERVAL = 4 };

/** Collects the calls of one learned function. */
typedef struct collector {
  int64_t learned, columns, count, capacity;
  double  t, *rows;
  int64_t inputs, outputs;
  bool    failed;
} collector;

static void collect(int64_t learned, const double *in, const double *out, void *context) {
  collector *to = context;
  if (learned != to->learned || to->failed) {
    return;
  }
  if (to->count == to->capacity) {
    int64_t capacity = to->capacity ? 2 * to->capacity : 256;
    double *grown    = ude_realloc(to->rows, (size_t)capacity, (size_t)to->columns * sizeof *grown);
    if (!grown) {
      to->failed = true;
      return;
    }
    to->rows     = grown;
    to->capacity = capacity;
  }
  double *row = to->rows + to->count++ * to->columns;
  row[0]      = to->t;
  memcpy(row + 1, in, (size_t)to->inputs * sizeof *row);
  memcpy(row + 1 + to->inputs, out, (size_t)to->outputs * sizeof *row);
}

static ude_status write_learned_table(const ude_learned *learned, const collector *from,
                                      const char *folder, ude_error *error) {
  const char **names = ude_calloc((size_t)from->columns, sizeof *names);
  ude_text     text  = {0};
  ude_text     file  = {0};
  ude_table   *table = NULL;
  ude_text_append_bytes(&text, "t", 2);
  for (int64_t i = 0; i < from->inputs; i++) {
    ude_text_append(&text, "in:%s", learned->input_names[i]);
    ude_text_append_bytes(&text, "", 1);
  }
  for (int64_t i = 0; i < from->outputs; i++) {
    ude_text_append(&text, "out:%lld", (long long)i);
    ude_text_append_bytes(&text, "", 1);
  }
  ude_text_append(&file, "learned_%s.csv", learned->name);
  if (!names || text.failed || file.failed) {
    free(names);
    ude_text_free(&text);
    ude_text_free(&file);
    return ude_fail_memory(error, "samples of learned functions");
  }
  const char *at = text.data;
  for (int64_t i = 0; i < from->columns; i++) {
    names[i] = at;
    at += strlen(at) + 1;
  }
  ude_status status = ude_table_create(from->count, from->columns, names, &table, error);
  if (status == UDE_OK && from->count > 0) {
    memcpy(table->values, from->rows, (size_t)(from->count * from->columns) * sizeof(double));
  }
  status = status ? status : ude_run_table(table, folder, file.data, error);
  ude_table_free(table);
  free(names);
  ude_text_free(&text);
  ude_text_free(&file);
  return status;
}

static ude_status sample_learned(ude_loss *loss, const double *theta, collector *to,
                                 ude_error *error) {
  const ude_vector_field *field  = loss->field;
  int64_t                 n      = field->state.count;
  ude_status              status = UDE_OK;
  for (int64_t k = 0; k < loss->data->trajectories && status == UDE_OK; k++) {
    const ude_trajectory *trajectory = &loss->data->trajectory[k];
    int64_t               count      = (trajectory->count - 1) * PER_INTERVAL + 1;
    double               *times      = ude_calloc((size_t)count, sizeof *times);
    double               *u_at       = ude_calloc((size_t)count, (size_t)n * sizeof *u_at);
    status = times && u_at ? UDE_OK : ude_fail_memory(error, "samples of learned functions");
    for (int64_t i = 0; i < count && status == UDE_OK; i++) {
      int64_t j = i / PER_INTERVAL;
      double  f = (double)(i % PER_INTERVAL) / (double)PER_INTERVAL;
      times[i]  = f > 0 ? trajectory->t[j] + f * (trajectory->t[j + 1] - trajectory->t[j])
                        : trajectory->t[j];
    }
    status = status ? status : ude_loss_solve(loss, theta, k, times, count, u_at, error);
    for (int64_t i = 0; i < count && status == UDE_OK; i++) {
      to->t = times[i];
      if (field->probe(u_at + i * n, loss->p, times[i], collect, to, field->probe_context)) {
        status = ude_fail(error, UDE_NUMERICAL, "the model failed at t = %.8g", times[i]);
      } else if (to->failed) {
        status = ude_fail_memory(error, "samples of learned functions");
      }
    }
    free(times);
    free(u_at);
  }
  return status;
}

ude_status ude_learned_write(ude_loss *loss, const double *theta, const char *folder,
                             ude_error *error) {
  ude_status status = UDE_OK;
  for (int64_t i = 0; loss->field->probe && i < loss->field->learned_count && status == UDE_OK;
       i++) {
    const ude_learned *learned = &loss->field->learned[i];
    collector          to      = {.learned = i,
                                  .columns = 1 + learned->map.columns + learned->map.rows,
                                  .inputs  = learned->map.columns,
                                  .outputs = learned->map.rows};
    status                     = sample_learned(loss, theta, &to, error);
    status                     = status ? status : write_learned_table(learned, &to, folder, error);
    free(to.rows);
  }
  return status;
}
