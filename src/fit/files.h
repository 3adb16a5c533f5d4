/** @file files.h
 *  @brief Files of the run folder (for the files of this room). */
#ifndef UDE_FIT_FILES_H
#define UDE_FIT_FILES_H

#include "fit/loss.h"
#include "fit/optimizer.h"

/** One row of history.csv. */
typedef struct ude_history_row {
  double evaluation, phase, loss, best, gradient_norm, seconds;
} ude_history_row;

typedef struct ude_history {
  int64_t          count, capacity;
  ude_history_row *row;
} ude_history;

ude_status ude_history_add(ude_history *history, ude_history_row row, ude_error *error);
ude_status ude_history_write(const ude_history *history, const char *folder, ude_error *error);
ude_status ude_history_read(ude_history *history, const char *folder, ude_error *error);

/** The optimiser's state as checkpoint.json. `key` ties it to the loss it belongs to. */
ude_status ude_checkpoint_write(const char *folder, const ude_optimizer_state *state,
                                const ude_objective *objective, double seconds, const char *key,
                                ude_error *error);
/** UDE_OK with *found false if there is no checkpoint; UDE_BAD_DATA if it is damaged or of another fit. */
ude_status ude_checkpoint_read(const char *folder, ude_optimizer_state *state,
                               ude_objective *objective, double *seconds, const char *key,
                               bool *found, ude_error *error);
/** "folder/name" into a text; check `failed`. */
void ude_run_path(ude_text *text, const char *folder, const char *name);
/** params.json alone. */
ude_status ude_params_write(const char *folder, const ude_vector_field *field, const double *p,
                            double loss, uint64_t seed, const char *status, ude_error *error);

#endif
