/**
 * @file loop.h
 * @brief What the parts of the integration loop share: integrate.c steps, loop_method.c starts and changes methods, loop_output.c
 *        saves, loop_events.c ends steps at events.
 */
#ifndef UDE_SOLVE_LOOP_H
#define UDE_SOLVE_LOOP_H

#include "solve/integrator.h"

/** What the loop carries from step to step. */
typedef struct ude_loop {
  ude_integrator   *in;
  ude_step          step;
  double            t1, direction;
  double            h;       /**< size to try next, > 0 */
  double            started; /**< clock */
  int               code;    /**< of the last attempt: why it failed, where it did */
  ude_controller    controller;
  ude_output       *output;
  ude_solve_result *result;
  bool              out_of_memory;
  bool              aimed; /**< the step under way ends at the next stop */
} ude_loop;

/** The solve ends with this code; returns false. */
bool ude_loop_end(ude_loop *s, ude_retcode retcode);

/** Save (t, u); false if the solve ends. */
bool ude_loop_emit(ude_loop *s, double t, const double *u);
/** The save times in the accepted step before `time`, by dense output; those at `time`, where the state is u (or the point of the step, where
 *  every step is saved). False if the solve ends. */
bool ude_loop_emit_before(ude_loop *s, double time);
bool ude_loop_emit_at(ude_loop *s, double time, const double *u);

/** The accepted step, to the one who looks at every step, if there is one. False if the solve ends. */
bool ude_loop_hand_over(ude_loop *s);

/** First derivative, size of the first step and the method's start at (step.t, in->u). */
bool ude_loop_restart(ude_loop *s);
/** The initial state, made consistent. False if there is nothing to integrate. */
bool ude_loop_start(ude_loop *s, const double *u0, double t0);
/** Change to the other method; false if that is not to be (out_of_memory then says whether for want of memory). */
bool ude_loop_change_method(ude_loop *s, const char *why, double reach);
/** After an accepted step: does the other method take over? radius: what it showed of the dominant eigenvalue. False if the solve ends. */
bool ude_loop_watch_stiffness(ude_loop *s, double radius);

/** Events at the start of the span. */
bool ude_loop_first_events(ude_loop *s);
/** The first events inside the accepted step; false if the solve ends. */
bool ude_loop_look_for_events(ude_loop *s);
/** Save, record and act on the events that end the step; false if the solve ends. */
bool ude_loop_act_on_events(ude_loop *s);
/** Where the next step may end at most: the next stop or the end of the span. */
double ude_loop_stop(const ude_loop *s, double *gap);
/** Number of the event at that stop, -1 for the end of the span. */
int64_t ude_loop_aim(const ude_loop *s);

#endif
