/** @file files.h
 *  @brief Files of the run folder (for the files of this room). */
#ifndef UDE_FIT_FILES_H
#define UDE_FIT_FILES_H

#include "fit/loss.h"
#include "fit/optimizer.h"

/** "folder/name" into a text; check `failed`. */
void ude_run_path(ude_text *text, const char *folder, const char *name);

/* -------------------------------------------------------------------------------- history -- */

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
/** Rows up to that evaluation: what was written after the checkpoint is computed again. */
ude_status ude_history_read(ude_history *history, const char *folder, double last_evaluation,
                            ude_error *error);

/* ----------------------------------------------------------------------------- checkpoint -- */

/** Where a fit stands beside the optimiser's own state. */
typedef struct ude_position {
  int64_t stage;      /**< of shooting */
  int64_t iterations; /**< of the earlier stages and phases */
  int64_t evaluations, failures;
  double  seconds, first_loss;
  bool    ended; /**< the stage needs no more iterations under these tolerances: */
  int64_t reason;
  double  gradient_tolerance, change_tolerance;
  double  kept;       /**< loss of the point that an earlier stage with whole solutions left: */
  int64_t kept_count; /**< 0: none */
  double *kept_x;     /**< [kept_count] owned by the fit */
} ude_position;

/** Whole state as checkpoint.json; numbers with 17 digits are exact. `key` ties it to the fit it belongs to. */
ude_status ude_checkpoint_write(const char *folder, const ude_optimizer_state *state,
                                const ude_position *position, const char *key, ude_error *error);

/** A checkpoint read from a folder. */
typedef struct ude_checkpoint ude_checkpoint;
/** NULL if there is none; UDE_BAD_DATA if it is damaged or of another fit. */
ude_status ude_checkpoint_open(const char *folder, const char *key, ude_checkpoint **checkpoint,
                               ude_position *position, ude_error *error);
/** Restore a state of the right size; UDE_BAD_DATA if the checkpoint does not fit it. */
ude_status ude_checkpoint_restore(const ude_checkpoint *checkpoint, ude_optimizer_state *state,
                                  ude_error *error);
void       ude_checkpoint_free(ude_checkpoint *checkpoint);

/* ----------------------------------------------------------------------------- parameters -- */

/** What params.json says of a fit. */
typedef struct ude_params_note {
  const char              *status; /**< "finished" or "interrupted" */
  const ude_fit_result    *result; /**< NULL: `loss` alone */
  double                   loss;
  const double            *errors;    /**< [np] standard errors, or NULL */
  const ude_fit_precision *precision; /**< with errors */
} ude_params_note;

/** params.json alone. p: double[np]; u0: double[trajectories][n] starts. */
ude_status ude_params_write(const char *folder, const ude_loss *loss, const double *p,
                            const double *u0, const ude_params_note *note, ude_error *error);
/** params.json of a training that has no data: values, status, loss, seed. */
ude_status ude_params_write_values(const char *folder, const ude_vector_field *field, uint64_t seed,
                                   const double *p, const char *status_text, double loss,
                                   ude_error *error);
/** ude_run_write with all that is known of the fit. */
ude_status ude_run_write_result(const char *folder, const ude_vector_field *field,
                                const ude_dataset *data, const ude_fit_options *options,
                                const double *p, const ude_params_note *note, ude_error *error);
/** learned_<function>.csv for each learned function, sampled along the solutions at theta. */
ude_status ude_learned_write(ude_loss *loss, const double *theta, const char *folder,
                             ude_error *error);
/** A table as folder/name. */
ude_status ude_run_table(const ude_table *table, const char *folder, const char *name,
                         ude_error *error);

#endif
