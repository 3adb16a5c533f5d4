/**
 * @file train.h
 * @brief A fit under way (for the files of this room).
 *
 * A fit is a list of stages: segments of growing length where it shoots several times, then whole solutions. A stage is
 * a loss and an optimiser; its phases are Adam (in the first stage) and the optimiser that was asked for.
 */
#ifndef UDE_FIT_TRAIN_H
#define UDE_FIT_TRAIN_H

#include "fit/files.h"

enum { UDE_MAX_STAGES = 64 };

typedef struct ude_training {
  const ude_vector_field *field;
  const ude_dataset      *data;
  ude_fit_options         options;           /**< with defaults filled in */
  int64_t   stages, lengths[UDE_MAX_STAGES]; /**< data intervals a segment, 0: whole solutions */
  ude_loss *loss;
  ude_optimizer_state *state;
  ude_objective        objective;
  ude_position         position; /**< as of the last whole iteration */
  ude_history          history;
  double     started, saved, saving; /**< clock; clock of the last save; seconds that it took */
  double    *start_p;                /**< [np] parameters that the fit began with */
  double    *p, *u0;                 /**< [np], [trajectories][n] best so far */
  char       key[20];
  ude_error *error;
} ude_training;

/** Seconds since the fit began, with those of earlier runs. */
double ude_training_seconds(const ude_training *t);
/** Checkpoint, history and best parameters into the folder, if there is one. */
ude_status ude_training_save(ude_training *t);
/** The phase that the open stage begins with: Adam in the first stage, or where there is nothing else. */
int64_t ude_training_first_phase(const ude_training *t);
/** Run the phases of the stage that is open. UDE_INTERRUPTED: stopped, state and position are those of the last whole
 *  iteration. */
ude_status ude_training_stage(ude_training *t, ude_fit_reason *reason);
/** Digest of all that the numbers of a fit depend on. */
void ude_training_key(ude_training *t);

#endif
