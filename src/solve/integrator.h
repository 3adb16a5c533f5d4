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
  ude_trace              *trace; /**< borrowed, may be NULL */
  double *u, *u_new, *error, *work, *k, *weights, *output;
};

/** Receives what is saved. Returns nonzero to fail (out of memory). */
typedef int (*ude_save_fn)(int64_t index, double t, const double *u, void *context);

typedef struct ude_output {
  const double *times; /**< NULL: every accepted step (and the start) */
  int64_t       count, next;
  bool          every_step, end_only;
  ude_save_fn   save;
  void         *context;
} ude_output;

/** Check the options and fill in defaults. */
ude_status ude_solve_options_resolve(const ude_solve_options *options, const ude_vector_field *field,
                                     ude_solve_options *resolved, ude_error *error);
/** times: ordered in the direction of integration and within the span. */
ude_status ude_times_check(const double *times, int64_t count, double t0, double t1,
                           ude_error *error);
/** The loop. Leaves the state reached in integrator->u. */
ude_status ude_integrate(ude_integrator *integrator, const double *u0, const double *p, double t0,
                         double t1, ude_output *output, ude_solve_result *result, ude_error *error);

/** Start recording; one accepted step; release nothing (storage is reused). */
void ude_trace_start(ude_trace *trace, const ude_erk_tableau *tableau, int64_t n, double t0);
int  ude_trace_push(ude_trace *trace, double t, double h, double t_next, const double *u);

#endif
