/**
 * @file loss.h
 * @brief Inside of a loss (for the files of this room).
 */
#ifndef UDE_FIT_LOSS_H
#define UDE_FIT_LOSS_H

#include "fit/variables.h"

/** A stretch of one trajectory that is solved on its own; the first starts at the trajectory's start. */
typedef struct ude_segment {
  int64_t trajectory;
  int64_t first, count; /**< data rows that it explains */
  double  t0, t1;
  int64_t start;        /**< index in theta of its starting state; -1: not a free variable */
  int64_t next;         /**< index in theta of the next segment's start, -1: none */
  int64_t residual;     /**< index of its first residual */
} ude_segment;

struct ude_loss {
  const ude_vector_field *field;
  const ude_dataset      *data;
  ude_fit_options         options;
  ude_variables           variables;
  ude_sensitivity        *sensitivity;
  int64_t                 dimension, residuals, segments, networks;
  ude_segment            *segment;
  double                 *theta0; /**< [dimension] */
  double                 *fixed_u0; /**< [trajectories][n] starts that are not variables and not `initial` */
  double                 *p, *p_bar, *p_sum; /**< [np] */
  double                 *u0, *u0_bar;       /**< [n] */
  double                 *y, *y_bar;         /**< [observation or state] */
  double                 *y_dot;
  bool                    from_initial; /**< starts come from the model's `initial` */
  /* the segment being solved, for the cost callback */
  const ude_segment *now;
  const double      *theta;
  double            *gradient;
};

/** Set loss->p to theta's parameters. */
void ude_loss_set_params(ude_loss *loss, const double *theta);
/** Start of a segment into loss->u0. */
ude_status ude_loss_segment_start(ude_loss *loss, const ude_segment *segment, const double *theta,
                                  ude_error *error);
/** Model values of the data columns at (u, t): loss->y filled; 0 or a callback's failure. */
int    ude_loss_observe(ude_loss *loss, const double *u, double t);
double ude_loss_scale(const ude_loss *loss, int64_t column);
double ude_loss_continuity(const ude_loss *loss);

#endif
