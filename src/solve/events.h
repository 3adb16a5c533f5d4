/**
 * @file events.h
 * @brief Roots of event functions inside steps, scheduled times and declared discontinuities: what the loop asks between steps.
 *
 * All events have one numbering: root functions 0..count-1, then scheduled ones, then discontinuities. Every function that
 * looks at the state is called only for fields that have events.
 */
#ifndef UDE_SOLVE_EVENTS_H
#define UDE_SOLVE_EVENTS_H

#include "solve/method.h"

/** A time that steps end on. */
typedef struct ude_stop {
  double  t;
  int64_t event; /**< scheduled or discontinuity; -1: end of the span */
} ude_stop;

/** Why looking for events failed. */
typedef enum ude_events_code {
  UDE_EVENTS_OK = 0,
  UDE_EVENTS_FAILED, /**< an event function failed or is not finite: `culprit` */
  UDE_EVENTS_DENSE,  /**< the dense output failed */
  UDE_EVENTS_AFFECT, /**< affect failed or made a value that is not finite */
  UDE_EVENTS_SCHEDULE, /**< a time of schedule or discontinuities is not finite, or the function failed */
  UDE_EVENTS_ACCUMULATE, /**< again and again within the smallest step */
} ude_events_code;

/** Workspace; one for an integrator. */
typedef struct ude_event_watch {
  const ude_vector_field *field;
  const ude_events       *of;
  int64_t                 n, count, scheduled, discontinuities;
  int                     samples;      /**< inside each step */
  double                 *g, *g_at, *f; /**< [count] */
  double                 *state;        /**< [n + 1] */
  double                 *flow;         /**< [2n] derivative and direction at a start */
  int                    *side;  /**< [count] sign of the root function now, 0: not known yet */
  double                 *root;  /**< [count] place of a crossing in the step under way */
  ude_stop               *stop;  /**< [stops] in the direction of integration */
  double                 *times; /**< [scheduled + discontinuities] */
  int64_t                 stops, next;
  int64_t                *fired; /**< [fired_count] events of one time, ascending */
  int64_t                 fired_count;
  double                  theta; /**< place of the fired events in the step */
  double                  t;     /**< their time */
  int64_t culprit;  /**< event function that is not finite, state that affect spoiled; -1 */
  double  previous; /**< time of the last events */
  int     repeats;  /**< events within the smallest step */
} ude_event_watch;

/** NULL in *watch where the field has no events. */
ude_status ude_events_open(const ude_vector_field *field, const ude_solve_options *options,
                           ude_event_watch **watch, ude_error *error);
void       ude_events_close(ude_event_watch *watch);

/** The stops of a solve over [t0, t1] (without its ends' neighbours). */
ude_events_code ude_events_begin(ude_event_watch *w, const double *p, double t0, double t1);
/** Sides at the start of a segment. after: the events that just fired leave zero by the flow, not by their value. */
ude_events_code ude_events_start(ude_event_watch *w, double t, double direction, const double *u,
                                 const double *p, const double *f, bool after);
/** Look for the first crossing after `from` (0: the start; else where those that fired were recorded only) in the accepted step, which is
 *  not yet taken over: w->fired_count > 0 with theta and t. */
ude_events_code ude_events_scan(ude_event_watch *w, const ude_method *method, void *work,
                                ude_step *step, double from);
/** Width around a stop that steps keep off, so that no stage sees the other side of it. */
double ude_events_gap(double t, double stop);
/** Take the stops at w->stop[w->next].t over into `fired` (with those that fired there already). */
void ude_events_take_stops(ude_event_watch *w, double direction);
/** Does a fired event change the state (or may it), or end the solve? */
bool ude_events_act(const ude_event_watch *w);
bool ude_events_terminal(const ude_event_watch *w);
/** u := affect of all fired events in their order at w->t. */
ude_events_code ude_events_apply(ude_event_watch *w, const double *p, double *u);
/** Count events that follow each other within the smallest step. */
ude_events_code ude_events_count(ude_event_watch *w);

/** One event on u: double[n]; scratch: double[n + 1]. Returns the callback's code; nothing where there is no affect. */
int ude_events_affect(const ude_vector_field *field, int64_t event, double t, const double *p,
                      double *u, double *scratch);

#endif
