/**
 * @file moving.h
 * @brief Derivatives of a recorded solve whose times move: events, times scheduled by parameters, start and end of the span.
 *
 * The sizes of the steps are held fixed but for those that end at a stop; a step that an event cuts does so at theta with
 * g(dense(theta), p, t + theta h) = 0, and what follows moves with that time. Events of one time happen one after the other, with a step of size zero
 * between them whose size has a derivative, so that events that happen to coincide have each their own.
 *
 * A boundary is what stands between the end of step i and the start of the next one (i = -1: before the first).
 */
#ifndef UDE_SENSITIVITY_MOVING_H
#define UDE_SENSITIVITY_MOVING_H

#include "sensitivity/timed.h"
#include "solve/events.h"
#include "solve/method.h"

struct ude_engine;

typedef struct ude_moving {
  const ude_vector_field *field;
  const ude_events       *of;
  int64_t                 n, np, width, stops; /**< stops: scheduled times and discontinuities */
  ude_timed              *timed;               /**< NULL: every method knows times */
  double                 *p;                   /**< [np + 2] for `timed` */
  double                 *states; /**< [state_capacity][n] at the events of one boundary */
  int64_t                 state_capacity;
  double                 *f, *g, *g_bar;       /**< [n], [count], [count] */
  double                 *affect, *affect_bar; /**< [n + 1] */
  /* tangents */
  double *t_dot, *h_dot, *theta_dot,
      *span_dot;              /**< [width], span_dot: of start and end, [2][width] */
  double *stop_dot;           /**< [stops][width] */
  double *p_dot;              /**< [np + 2][width] for `timed` */
  double *slope, *with_slope; /**< [n][width] */
  double *lane;               /**< [n + 1 + np + rows] one direction */
  /* cotangents */
  double *stop_bar, *p_bar; /**< [stops], [np + 2] for `timed` */
  double  t_bar;            /**< of the time at which what follows begins */
  double  span_bar[2];      /**< of start and end */
} ude_moving;

/** Dense outputs have slopes inside of a step: its end is approached from there. */
static inline double ude_moving_inside(double theta) {
  return theta < 1 ? theta : 1 - 0x1p-53;
}

/** What a step adds to the kernels' arguments. */
typedef struct ude_moving_step {
  double t_bar, h_bar, theta_bar;
} ude_moving_step;

ude_status ude_moving_open(const ude_vector_field *field, int64_t width, ude_moving **moving,
                           ude_error *error);
void       ude_moving_close(ude_moving *m);
/** Room for the boundaries of this trace, and workspaces by `timed` if one of its methods does not know times. */
ude_status ude_moving_prepare(ude_moving *m, const ude_trace *trace, const double *p,
                              ude_error *error);

/** Events of the boundary after step i: trace->event[*first .. *first + count - 1]; returns count. */
int64_t ude_moving_events(const ude_trace *trace, int64_t i, int64_t *first);
/** Up to which time data belong to step i: its events, or its end; i = -1: the start. */
double ude_moving_reach(const ude_trace *trace, int64_t i);
/** Was step i aimed at a stop: *event its number, -1 for the end of the span. */
bool ude_moving_aim(const ude_trace *trace, int64_t i, int64_t *event);

/** State after the boundary's events from that at its step's end (theta = 1) or inside of it, in u: double[n]; `states` then holds those between.
 *  step, method, work: of step i, replayed (not read for i = -1). Nonzero: a callback failed. */
int ude_moving_values(ude_moving *m, const ude_trace *trace, int64_t i, const ude_method *method,
                      void *work, ude_step *step, const double *p, double *u);

/* ----------------------------------------------------------------------------------- tangents -- */

/** Directions of the stops, from those of p: double[np][width] or NULL. start_dot, end_dot: [width] or NULL. */
int ude_moving_start_tangent(ude_moving *m, const double *p, const double *p_dot,
                             const double *start_dot, const double *end_dot);
/** Fill t_dot, h_dot (and p_dot, for methods that do not know times) of step i. */
void ude_moving_step_tangent(ude_moving *m, const ude_trace *trace, int64_t i,
                             const ude_method *method, const ude_step *step, const double *p_dot,
                             ude_tangent *tangent);
/** Directions of theta of a time that does not move; returns [width]. */
const double *ude_moving_theta_tangent(ude_moving *m, const ude_step *step, double theta);
/** Past the boundary after step i: u_dot: double[n][width], on entry those of the step's end, becomes those of the next start, and t_dot that of its time.
 *  *event: the event at fault where it returns UDE_STEP_NOT_SOLVED (it touches zero without crossing). */
int ude_moving_cross_tangent(ude_moving *m, const ude_trace *trace, int64_t i,
                             const ude_method *method, void *work, ude_step *step,
                             const ude_tangent *tangent, const double *p, const double *p_dot,
                             double *u_dot, int64_t *event);

/* --------------------------------------------------------------------------------- cotangents -- */

/** t_bar: cotangent of the time reached. */
void ude_moving_begin_transpose(ude_moving *m, double t_bar);
/** Back over the boundary after step i: lambda: double[n] of the next start becomes that of the state at the events' place; adds to p_bar (NULL: not wanted).
 *  *theta >= 0: the place inside of the step, where `lambda` belongs to its dense output and not to its end. */
int ude_moving_cross_transpose(ude_moving *m, const ude_trace *trace, int64_t i,
                               const ude_method *method, void *work, ude_step *step,
                               const double *p, double *lambda, double *p_bar, ude_moving_step *bar,
                               double *theta, int64_t *event);
/** After the step's transpose: its cotangents of time to those of stops and of what precedes. */
void ude_moving_step_transpose(ude_moving *m, const ude_trace *trace, int64_t i,
                               const ude_moving_step *bar);
/** At the start: cotangents of stops to p_bar, that of the start to span_bar[0]. */
int ude_moving_end_transpose(ude_moving *m, const double *p, double *p_bar);

#endif
