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
  int64_t start;    /**< index in theta of its starting state; -1: not a free variable */
  int64_t next;     /**< index in theta of the next segment's start, -1: none */
  int64_t residual; /**< index of its first residual */
} ude_segment;

/** Arrays of the residuals' Jacobian, made when first needed. */
typedef struct ude_loss_work {
  double *u_at;     /**< [rows][n] */
  double *u_at_dot; /**< [rows][n][directions] */
  double *u0_dot;   /**< [n][directions] */
  double *p_dot;    /**< [np][directions] */
  double *seed;     /**< [np] */
} ude_loss_work;

struct ude_loss {
  const ude_vector_field *field;
  const ude_dataset      *data;
  ude_fit_options         options;
  ude_variables           variables;
  ude_sensitivity        *sensitivity;
  int64_t                 dimension, residuals, segments, networks;
  int64_t                 longest; /**< data rows of the longest segment */
  ude_segment            *segment;
  double                 *theta0; /**< [dimension] */
  double       *fixed_u0; /**< [trajectories][n] starts that are not variables and not `initial` */
  double       *p, *p_bar, *p_sum; /**< [np] */
  double       *u0, *u0_bar;       /**< [n] */
  double       *y, *y_bar, *y_dot; /**< [observation or state] */
  bool          from_initial;      /**< starts come from the model's `initial` */
  ude_loss_work work;
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
/** The segment that trajectory k starts with. */
const ude_segment *ude_loss_head(const ude_loss *loss, int64_t k);
/** Starting states of all trajectories at theta (and at loss->p): u0 double[trajectories][n]. */
ude_status ude_loss_starts(ude_loss *loss, const double *theta, double *u0, ude_error *error);
/** theta_to of `to` from theta_from of `from`, the same fit with other segments: states at segment starts that both have
 *  are taken over, others stay as in ude_loss_start. */
void ude_loss_carry(const ude_loss *from, const double *theta_from, const ude_loss *to,
                    double *theta_to);
void ude_loss_work_free(ude_loss_work *work);

#endif
