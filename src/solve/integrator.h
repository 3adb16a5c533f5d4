/**
 * @file integrator.h
 * @brief The integration loop, once for all methods: what ude_solve and ude_integrator_run stand on.
 */
#ifndef UDE_SOLVE_INTEGRATOR_H
#define UDE_SOLVE_INTEGRATOR_H

#include "solve/auto.h"
#include "solve/consistent.h"
#include "solve/control.h"
#include "solve/events.h"
#include "solve/kernel.h"

struct ude_integrator {
  const ude_vector_field *field;
  ude_solve_options       options; /**< defaults filled in */
  ude_method_setting      setting;
  const ude_method       *initial; /**< the method that a solve begins with */
  const ude_method
      *method; /**< the one that takes the next step, and its workspace: may change between steps */
  void *work;
  const ude_method *
      other; /**< auto: the method to change to, or NULL; its workspace is opened at the first change */
  void             *other_work;
  const ude_kernel *kernel, *other_kernel; /**< specialised steps of the two methods, or NULL */
  ude_auto          watch;
  bool              automatic;
  double           *mode,
      *image; /**< [n] auto: dominant direction of the Jacobian, by products now and then */
  ude_stiff        algebra; /**< for consistent initial states, where the mass has a zero */
  bool             has_algebra;
  ude_event_watch *events; /**< NULL: the field has none */
  int64_t          n;
  ude_trace       *trace;  /**< borrowed, may be NULL */
  double          *u;      /**< [n] state at the start of the step */
  double          *u_new;  /**< [n] at its end */
  double          *error;  /**< [n] error estimate */
  double          *atol;   /**< [n] */
  double          *f;      /**< [n] derivative at the start */
  double          *output; /**< [n] dense output */
  double          *newton; /**< [2n] work of consistent initial states, where there is algebra */
};

/** Change places with the other method. */
void ude_integrator_exchange(ude_integrator *integrator);

/* --------------------------------------------------------------------------------- the loop -- */

/** Receives what is saved. Returns nonzero to fail (out of memory). */
typedef int (*ude_save_fn)(int64_t index, double t, const double *u, void *context);
/** Receives an event with the state before it. Returns nonzero to fail (out of memory). */
typedef int (*ude_save_event_fn)(double t, int64_t event, const double *u, void *context);

/** An accepted step, and the state anywhere in it. */
typedef struct ude_output_step {
  double        t, t_next;
  const double *u, *u_new; /**< [n] at its ends */
  /** State at `time` within [t, t_next] into out: double[n]; returns a callback's code. */
  int (*at)(void *source, double time, double *out);
  void *source;
} ude_output_step;

/** Returns 0, < 0 (no memory) or > 0 (a callback failed) to end the solve. */
typedef int (*ude_step_fn)(const ude_output_step *step, void *context);

typedef struct ude_output {
  const double     *times; /**< [count] in the direction of integration, or NULL */
  int64_t           count, next;
  bool              every_step; /**< the start and every accepted step */
  bool              end_only;   /**< the state reached */
  ude_save_fn       save;
  ude_save_event_fn save_event; /**< may be NULL */
  void             *context;
  ude_step_fn       step; /**< called with every accepted step, or NULL */
  void             *step_context;
} ude_output;

/** ude_integrator_run that also hands over every accepted step. */
ude_status ude_integrator_run_steps(ude_integrator *integrator, const double *u0, const double *p,
                                    double t0, double t1, const double *times, int64_t count,
                                    double *u_at, double *u_end, ude_step_fn step,
                                    void *step_context, ude_solve_result *result, ude_error *error);

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

/** Steps by the kernel of the method that runs, where there is one: as many as may be taken before something is to be done between steps. On
 *  UDE_MARCHED_TO_ACCEPT step, u_new and the workspace are as after a step that `attempt` and `finish` passed, and *h is the size to
 *  try next. */
typedef enum ude_marched {
  UDE_MARCHED_NOT,      /**< the next attempt is the method's own */
  UDE_MARCHED_ON,       /**< steps were taken or rejected */
  UDE_MARCHED_TO_ACCEPT /**< and one waits to be accepted */
} ude_marched;
ude_marched ude_integrator_march(ude_integrator *integrator, ude_step *step,
                                 ude_controller *controller, double *h, double t1,
                                 const ude_output *output, ude_solve_result *result);

/** Start recording (storage is reused); one accepted step of a method, nonzero if out of memory. */
void ude_trace_start(ude_trace *trace, int64_t n, double t0);
int  ude_trace_push(ude_trace *trace, const ude_method *method, const ude_step *step);
/** An event that ends the last step; its `step` is filled in. The last step was aimed at this stop. */
int ude_trace_push_event(ude_trace *trace, ude_trace_event event);
int ude_trace_push_aim(ude_trace *trace, int64_t event);

#endif
