/**
 * @file integrator.h
 * @brief The integration loop, once for all methods: what ude_solve and ude_integrator_run stand on.
 */
#ifndef UDE_SOLVE_INTEGRATOR_H
#define UDE_SOLVE_INTEGRATOR_H

#include "solve/control.h"

struct ude_integrator {
  const ude_vector_field *field;
  const ude_erk_tableau  *tableau;
  ude_solve_options       options; /**< defaults filled in */
  int64_t                 n;
  ude_trace              *trace;   /**< borrowed, may be NULL */
  double                 *u;       /**< [n] state at the start of the step */
  double                 *u_new;   /**< [n] at its end */
  double                 *error;   /**< [n] embedded error estimate */
  double                 *atol;    /**< [n] */
  double                 *work;    /**< [n] */
  double                 *output;  /**< [n] dense output */
  double                 *weights; /**< [dense_stages] */
  double                 *k;       /**< [dense_stages + 1][n] */
};

/* --------------------------------------------------------------------- one step of the method -- */

/** A step from (t, integrator->u) of signed size h; k_0 is already there. */
typedef struct ude_step {
  double        t, h, t_next;
  const double *p;
  int           ready; /**< stages that are known */
} ude_step;

/** Compute u_new and error. Adds to *calls; returns the callback's code. */
int ude_step_try(ude_integrator *integrator, ude_step *step, int64_t *calls);
/** Derivative at u_new, where the step does not end with it. Returns the callback's code. */
int ude_step_derivative(ude_integrator *integrator, ude_step *step, int64_t *calls);
/** State at `time` within the accepted step into integrator->output, or u_new itself; NULL if a stage of the dense
 *  output fails. */
const double *ude_step_dense(ude_integrator *integrator, ude_step *step, double time,
                             int64_t *calls);
/** Take over the accepted step: u and k_0 are those of its end. */
void ude_step_advance(ude_integrator *integrator);
/** The derivative at u_new, as far as the step knows it. */
const double *ude_step_end_derivative(const ude_integrator *integrator);

/* --------------------------------------------------------------------------------- the loop -- */

/** Receives what is saved. Returns nonzero to fail (out of memory). */
typedef int (*ude_save_fn)(int64_t index, double t, const double *u, void *context);

typedef struct ude_output {
  const double *times; /**< [count] in the direction of integration, or NULL */
  int64_t       count, next;
  bool          every_step; /**< the start and every accepted step */
  bool          end_only;   /**< the state reached */
  ude_save_fn   save;
  void         *context;
} ude_output;

/** Check the options and fill in defaults. */
ude_status ude_solve_options_resolve(const ude_solve_options *options,
                                     const ude_vector_field *field, ude_solve_options *resolved,
                                     ude_error *error);
/** times: ordered in the direction of integration and within the (finite) span. */
ude_status ude_times_check(const double *times, int64_t count, double t0, double t1,
                           ude_error *error);
/** The loop. Leaves the state reached in integrator->u. */
ude_status ude_integrate(ude_integrator *integrator, const double *u0, const double *p, double t0,
                         double t1, ude_output *output, ude_solve_result *result, ude_error *error);

/** Start recording (storage is reused); one accepted step, nonzero if out of memory. */
void ude_trace_start(ude_trace *trace, const ude_erk_tableau *tableau, int64_t n, double t0);
int  ude_trace_push(ude_trace *trace, double t, double h, double t_next, const double *u);

#endif
