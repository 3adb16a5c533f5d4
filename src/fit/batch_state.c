/* checkpoint.csv of a training on samples: one row a variable or term, numbers with 17 digits, which are exact. */
#include <stdlib.h>

#include "fit/batch.h"
#include "fit/files.h"

enum {
  ITERATION,
  FAILED,
  SEED_HIGH,
  SEED_LOW,
  BATCH,
  VARIABLES,
  TERMS,
  THETA,
  MEAN,
  SQUARE,
  WEIGHT,
  COLUMNS
};

static const char *const names[COLUMNS] = {"iteration", "failed",    "seed_high", "seed_low",
                                           "batch",     "variables", "terms",     "theta",
                                           "mean",      "square",    "weight"};

/* What must be the same in every row of a checkpoint, and for the key in every checkpoint of this training. */
static void head(const ude_batch_state *state, double row[COLUMNS]) {
  row[ITERATION] = (double)state->iteration;
  row[FAILED]    = (double)state->failed;
  row[SEED_HIGH] = (double)(state->seed >> 32);
  row[SEED_LOW]  = (double)(state->seed & 0xffffffffU);
  row[BATCH]     = (double)state->batch;
  row[VARIABLES] = (double)state->n;
  row[TERMS]     = (double)state->terms;
}

ude_status ude_batch_state_write(const ude_batch_state *state, const char *folder,
                                 ude_error *error) {
  ude_table *table  = NULL;
  int64_t    rows   = state->n > state->terms ? state->n : state->terms;
  ude_status status = ude_table_create(rows, COLUMNS, names, &table, error);
  if (status) {
    return status;
  }
  for (int64_t i = 0; i < rows; i++) {
    double *row = table->values + i * COLUMNS;
    head(state, row);
    row[THETA]  = i < state->n ? state->theta[i] : 0;
    row[MEAN]   = i < state->n ? state->mean[i] : 0;
    row[SQUARE] = i < state->n ? state->square[i] : 0;
    row[WEIGHT] = i < state->terms ? state->weight[i] : 0;
  }
  status = ude_run_table(table, folder, "checkpoint.csv", error);
  ude_table_free(table);
  return status;
}

static ude_status take(ude_batch_state *state, const ude_table *table, const char *path,
                       ude_error *error) {
  int64_t rows = state->n > state->terms ? state->n : state->terms;
  double  wanted[COLUMNS];
  head(state, wanted);
  bool same = table->columns == COLUMNS && table->rows == rows;
  for (int c = SEED_HIGH; c <= TERMS && same; c++) {
    same = table->values[c] == wanted[c];
  }
  if (!same) {
    return ude_fail(error, UDE_BAD_DATA,
                    "%s: is of another training (model, seed or batch differ); choose another run "
                    "folder, or train without resuming",
                    path);
  }
  state->iteration = (int64_t)table->values[ITERATION];
  state->failed    = (int64_t)table->values[FAILED];
  for (int64_t i = 0; i < rows; i++) {
    const double *row = table->values + i * COLUMNS;
    if (i < state->n) {
      state->theta[i]  = row[THETA];
      state->mean[i]   = row[MEAN];
      state->square[i] = row[SQUARE];
    }
    if (i < state->terms) {
      state->weight[i] = row[WEIGHT];
    }
  }
  return UDE_OK;
}

ude_status ude_batch_state_read(ude_batch_state *state, const char *folder, bool *found,
                                ude_error *error) {
  ude_text   path   = {0};
  char      *text   = NULL;
  size_t     length = 0;
  ude_table *table  = NULL;
  ude_status status = UDE_OK;
  ude_run_path(&path, folder, "checkpoint.csv");
  if (path.failed) {
    return ude_fail_memory(error, "the checkpoint");
  }
  *found = ude_file_read(path.data, &text, &length, NULL) == UDE_OK;
  if (*found) {
    status = ude_table_parse(path.data, text, length, &table, error);
    status = status ? status : take(state, table, path.data, error);
  }
  ude_table_free(table);
  free(text);
  ude_text_free(&path);
  return status;
}
