/* history.csv: one row an iteration. */
#include <stdlib.h>
#include <string.h>

#include "fit/files.h"

static const char *const columns[] = {"evaluation", "phase",         "loss",
                                      "best",       "gradient_norm", "seconds"};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

_Static_assert(sizeof(ude_history_row) == COLUMNS * sizeof(double), "a row is its columns");

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
  ude_status status = ude_table_create(history->count, COLUMNS, columns, &table, error);
  if (status) {
    return status;
  }
  if (history->count > 0) {
    memcpy(table->values, history->row, (size_t)history->count * sizeof *history->row);
  }
  status = ude_run_table(table, folder, "history.csv", error);
  ude_table_free(table);
  return status;
}

ude_status ude_history_read(ude_history *history, const char *folder, double last_evaluation,
                            ude_error *error) {
  ude_text   path  = {0};
  ude_table *table = NULL;
  ude_run_path(&path, folder, "history.csv");
  ude_status status = path.failed ? ude_fail_memory(error, "the loss history")
                                  : ude_table_read(path.data, &table, error);
  if (status == UDE_OK && table->columns != COLUMNS) {
    status = ude_fail(error, UDE_BAD_DATA, "%s: has not the columns of a loss history", path.data);
  }
  for (int64_t i = 0; status == UDE_OK && i < table->rows; i++) {
    ude_history_row row;
    memcpy(&row, table->values + i * COLUMNS, sizeof row);
    if (row.evaluation <= last_evaluation) {
      status = ude_history_add(history, row, error);
    }
  }
  ude_table_free(table);
  ude_text_free(&path);
  return status;
}
