/* The integration loop. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "solve/loop.h"

/* ------------------------------------------------------------------------------------ step -- */

/* Limits that end the solve before a step is tried. */
static bool may_go_on(ude_loop *s) {
  const ude_solve_options *options = &s->in->options;
  const ude_solve_result  *result  = s->result;
  if (result->steps + result->rejected >= options->max_steps) {
    return ude_loop_end(s, UDE_RETCODE_MAX_STEPS);
  }
  if (options->stop && options->stop(options->stop_context)) {
    return ude_loop_end(s, UDE_RETCODE_STOPPED);
  }
  if (options->time_limit > 0 && ude_clock() - s->started > options->time_limit) {
    return ude_loop_end(s, UDE_RETCODE_TIME_LIMIT);
  }
  return true;
}

/* Why the smallest step cannot be taken. */
static ude_retcode why_rejected(const ude_loop *s) {
  switch (s->code) {
  case 0:
    /* An error too large for a double, in units of a tiny tolerance, is no fault of the state. */
    return isfinite(s->result->error_estimate) || s->result->component < 0
               ? UDE_RETCODE_STEP_UNDERFLOW
               : UDE_RETCODE_UNSTABLE;
  case UDE_STEP_NOT_SOLVED: return UDE_RETCODE_NO_CONVERGENCE;
  case UDE_STEP_NOT_FINITE: return UDE_RETCODE_UNSTABLE;
  default: return UDE_RETCODE_RHS_FAILED;
  }
}

static bool in_explicit(const ude_loop *s) {
  return !s->in->method->implicit;
}

/* The step to try: lands exactly on the end of the span, and takes a remainder of less than a hundredth of a step
 * along rather than leaving it over. False if the smallest step was rejected. */
static bool choose(ude_loop *s) {
  const ude_integrator    *in       = s->in;
  const ude_solve_options *options  = &s->in->options;
  ude_step                *step     = &s->step;
  double                   gap      = 0;
  double                   stop     = in->events ? ude_loop_stop(s, &gap) : s->t1;
  double                   rest     = fabs(stop - step->t);
  double                   smallest = fmax(options->min_step, ude_smallest_step(step->t));
  double                   most     = options->max_step > 0 ? options->max_step : rest;
  if (s->controller.rejected && fabs(step->h) <= smallest) {
    ude_retcode why = why_rejected(s);
    if (why == UDE_RETCODE_STEP_UNDERFLOW && in_explicit(s) &&
        ude_loop_change_method(s, "the explicit steps became too small", (double)NAN)) {
      s->h = 16 * smallest;
    } else {
      return s->result->retcode == UDE_RETCODE_SUCCESS && !s->out_of_memory ? ude_loop_end(s, why)
                                                                            : false;
    }
  }
  s->h         = fmin(fmax(s->h, smallest), most);
  s->aimed     = s->h * 1.01 >= rest;
  step->h      = s->direction * (s->aimed ? rest : s->h);
  step->t_next = s->aimed ? stop : step->t + step->h;
  s->result->h = step->h;
  return step->t_next != step->t || ude_loop_end(s, UDE_RETCODE_STEP_UNDERFLOW);
}

/* First component that is not finite: in the new state, the error. */
static int64_t culprit(const ude_integrator *in) {
  int64_t where = ude_first_not_finite(in->n, in->u_new);
  return where >= 0 ? where : ude_first_not_finite(in->n, in->error);
}

/* Error of the tried step, infinite if it cannot be used (a callback that declines, a value that is not finite, stages
 * that are not solved); s->code says why. */
static double attempt(ude_loop *s) {
  ude_integrator *in   = s->in;
  ude_step       *step = &s->step;
  step->u              = in->u;
  step->u_new          = in->u_new;
  step->error          = in->error;
  step->last           = step->t_next == s->t1;
  step->tag            = 0;
  step->norm           = -1;
  step->shrink         = 0.25;
  step->next           = 0;
  step->component      = -1;
  s->code              = in->method->attempt(in->work, step);
  double error         = (double)INFINITY;
  if (s->code == 0) {
    error = step->norm >= 0
                ? step->norm
                : ude_error_norm(in->n, in->error, in->u, in->u_new, in->options.rtol, in->atol);
    if (error <= 1 && in->method->finish) {
      s->code = in->method->finish(in->work, step);
    }
  }
  if (s->code || !isfinite(error)) {
    s->result->component = s->code ? step->component : culprit(in);
    return (double)INFINITY;
  }
  return error;
}

/* Save and take over the accepted step; returns false if the solve ends. */
static bool accept(ude_loop *s) {
  ude_integrator *in   = s->in;
  ude_step       *step = &s->step;
  s->result->steps++;
  if (in->trace && (ude_trace_push(in->trace, in->method, step) ||
                    (s->aimed && ude_trace_push_aim(in->trace, ude_loop_aim(s))))) {
    s->out_of_memory = true;
    return false;
  }
  if (in->events) {
    if (!ude_loop_look_for_events(s)) {
      return false;
    }
    if (in->events->fired_count > 0) {
      return ude_loop_act_on_events(s);
    }
  }
  bool saved = ude_loop_hand_over(s) && ude_loop_emit_before(s, step->t_next) &&
               ude_loop_emit_at(s, step->t_next, in->u_new);
  bool    watch  = in->watch.on && in->method->stiffness;
  double  radius = watch ? in->method->stiffness(in->work, step) : (double)NAN;
  double *old    = in->u;
  in->u          = in->u_new;
  in->u_new      = old;
  in->method->accept(in->work, step);
  step->t = step->t_next;
  return saved && step->t != s->t1 && ude_loop_watch_stiffness(s, radius);
}

/* The size to try after an accepted one: the user's where errors are not estimated, the method's own wish, or the
 * controller's. */
static double next_size(ude_loop *s, double error, double size) {
  if (s->in->method->error_order == 0) {
    return s->in->options.initial_step;
  }
  double wanted = ude_controller_accept(&s->controller, error, size);
  if (s->step.next > 0) {
    return s->step.next;
  }
  return wanted >= size && wanted <= s->in->method->hold * size ? size : wanted;
}

/* One trial, or many by a kernel; returns false if the solve ends. */
static bool advance(ude_loop *s) {
  if (!may_go_on(s)) {
    return false;
  }
  ude_marched marched = s->in->events ? UDE_MARCHED_NOT
                                      : ude_integrator_march(s->in, &s->step, &s->controller, &s->h,
                                                             s->t1, s->output, s->result);
  if (marched != UDE_MARCHED_NOT) {
    s->code  = 0;
    s->aimed = s->step.t_next == s->t1;
    return marched == UDE_MARCHED_TO_ACCEPT ? accept(s) : true;
  }
  if (!choose(s)) {
    return false;
  }
  double error              = attempt(s);
  double size               = fabs(s->step.h);
  s->result->error_estimate = error;
  if (s->code < 0) {
    return ude_loop_end(s, UDE_RETCODE_RHS_FAILED);
  }
  if (error <= 1) {
    s->h = next_size(s, error, size);
    return accept(s);
  }
  s->result->rejected++;
  if (s->in->method->error_order == 0) { /* steps of a fixed size: there is no other to try */
    return ude_loop_end(s, why_rejected(s));
  }
  s->h = ude_controller_reject(&s->controller, error, size);
  if (s->code == UDE_STEP_NOT_SOLVED) {
    s->h = size * s->step.shrink;
  }
  if (s->in->method->reject) {
    s->in->method->reject(s->in->work, &s->step);
  }
  return true;
}

/* ------------------------------------------------------------------------------------- end -- */

/* Name the component whose error holds the step down, where nothing worse is known. */
static void blame(ude_loop *s) {
  ude_solve_result *result = s->result;
  bool              limit  = result->retcode == UDE_RETCODE_MAX_STEPS ||
               result->retcode == UDE_RETCODE_STEP_UNDERFLOW ||
               result->retcode == UDE_RETCODE_TIME_LIMIT;
  if (limit && isfinite(result->error_estimate)) {
    result->component = result->steps + result->rejected == 0
                            ? -1
                            : ude_error_worst(s->in->n, s->in->error, s->in->u, s->in->u_new,
                                              s->in->options.rtol, s->in->atol);
  }
}

ude_status ude_integrate(ude_integrator *in, const double *u0, const double *p, double t0,
                         double t1, ude_output *output, ude_solve_result *result,
                         ude_error *error) {
  *result = (ude_solve_result){.retcode   = UDE_RETCODE_SUCCESS,
                               .t         = t0,
                               .component = -1,
                               .event     = -1,
                               .method    = in->initial->name};
  if (!isfinite(t0) || !isfinite(t1)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the time span [%g, %g] is not finite", t0, t1);
  }
  if ((!u0 && in->n > 0) || (!p && in->field->param.count > 0)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "a solve needs %s, which are NULL",
                    u0 || in->n == 0 ? "parameters" : "initial values");
  }
  if (in->method->integrate) {
    ude_status status =
        in->method->integrate(in->work, u0, p, t0, t1, in->u, output, result, error);
    result->saved = output->next;
    return status;
  }
  ude_loop s = {.in        = in,
                .step      = {.t = t0, .p = p, .stats = result},
                .t1        = t1,
                .direction = t1 >= t0 ? 1 : -1,
                .started   = ude_clock(),
                .output    = output,
                .result    = result};
  if (in->method != in->initial) {
    ude_integrator_exchange(in);
  }
  in->watch = (ude_auto){.on = in->other != NULL};
  for (int64_t l = 0; l < in->n && in->mode; l++) { /* no direction of symmetry */
    in->mode[l] = (1 + 0.1 * sin((double)l)) / sqrt((double)in->n);
  }
  if (in->automatic) {
    snprintf(result->picked, sizeof result->picked, "%s (rtol = %.3g, %lld states%s)",
             in->initial->name, in->options.rtol, (long long)in->n,
             in->initial->implicit ? ", mass matrix" : "");
  }
  ude_controller_start(&s.controller, in->method->error_order > 0 ? in->method->error_order : 1);
  if (in->trace) {
    ude_trace_start(in->trace, in->n, t0);
  }
  if (ude_loop_start(&s, u0, t0)) {
    while (advance(&s)) {
    }
  }
  result->t = s.step.t;
  if (!s.out_of_memory && output->end_only) {
    ude_retcode why = result->retcode;
    ude_loop_emit(&s, s.step.t, in->u);
    result->retcode = why;
  }
  result->saved = output->next;
  if (in->trace) {
    in->trace->t_end = s.step.t;
  }
  if (s.out_of_memory) {
    return ude_fail_memory(error, "the solution");
  }
  if (result->retcode == UDE_RETCODE_SUCCESS || result->retcode == UDE_RETCODE_TERMINATED) {
    result->component = -1;
    return UDE_OK;
  }
  blame(&s);
  ude_status status = result->retcode == UDE_RETCODE_STOPPED ? UDE_INTERRUPTED : UDE_NUMERICAL;
  if (error) {
    error->status = status;
    ude_solve_result_describe(result, in->field, error->message, sizeof error->message);
  }
  return status;
}
