/* The integration loop. */
#include <math.h>
#include <string.h>

#include "solve/integrator.h"

/** What the loop carries from step to step. */
typedef struct loop {
  ude_integrator   *in;
  ude_step          step;
  double            t1, direction;
  double            h;        /**< size to try next, > 0 */
  double            started;  /**< clock */
  bool              declined; /**< the last failure was the callback's own code, not a value */
  ude_controller    controller;
  ude_output       *output;
  ude_solve_result *result;
  bool              out_of_memory;
} loop;

static bool end(loop *s, ude_retcode retcode) {
  s->result->retcode = retcode;
  return false;
}

/* ---------------------------------------------------------------------------------- output -- */

static bool emit(loop *s, double t, const double *u) {
  if (s->output->save(s->output->next, t, u, s->output->context)) {
    s->out_of_memory = true;
    return false;
  }
  s->output->next++;
  return true;
}

/* What is to be saved of the accepted step, by dense output between its ends. */
static bool emit_step(loop *s) {
  ude_integrator *in  = s->in;
  ude_output     *out = s->output;
  if (out->every_step) {
    return emit(s, s->step.t_next, in->u_new);
  }
  while (out->next < out->count && s->direction * (out->times[out->next] - s->step.t_next) <= 0) {
    double        time = out->times[out->next];
    const double *u    = ude_step_dense(in, &s->step, time, &s->result->rhs_calls);
    if (!u) {
      return end(s, UDE_RETCODE_RHS_FAILED);
    }
    s->result->component = u == in->u_new ? -1 : ude_first_not_finite(in->n, u);
    if (s->result->component >= 0) {
      return end(s, UDE_RETCODE_UNSTABLE);
    }
    if (!emit(s, time, u)) {
      return false;
    }
  }
  return true;
}

/* ----------------------------------------------------------------------------------- start -- */

static bool emit_start(loop *s, double t0) {
  ude_output *out = s->output;
  if (out->every_step) {
    return emit(s, t0, s->in->u);
  }
  while (out->next < out->count && out->times[out->next] == t0) {
    if (!emit(s, t0, s->in->u)) {
      return false;
    }
  }
  return true;
}

/* First derivative and size of the first step; returns false if there is nothing to integrate. */
static bool start(loop *s, const double *u0, double t0) {
  ude_integrator          *in      = s->in;
  const ude_solve_options *options = &in->options;
  ude_solve_result        *result  = s->result;
  if (u0) { /* NULL only where there is no state */
    memcpy(in->u, u0, (size_t)in->n * sizeof *u0);
  }
  result->component = ude_first_not_finite(in->n, u0);
  if (result->component >= 0) {
    return end(s, UDE_RETCODE_INITIAL_FAILURE);
  }
  if (!emit_start(s, t0) || s->t1 == t0) {
    return false;
  }
  int code = in->field->rhs.value(in->k, in->u, s->step.p, t0, in->field->rhs.context);
  result->rhs_calls++;
  if (code) {
    return end(s, UDE_RETCODE_RHS_FAILED);
  }
  result->component = ude_first_not_finite(in->n, in->k);
  if (result->component >= 0) {
    return end(s, UDE_RETCODE_INITIAL_FAILURE);
  }
  double limit = fabs(s->t1 - t0);
  if (options->max_step > 0) {
    limit = fmin(limit, options->max_step);
  }
  if (options->initial_step > 0) {
    s->h = fmin(options->initial_step, limit);
    return true;
  }
  code = ude_initial_step(in->field, in->tableau->order, t0, s->direction, limit, in->u, in->k,
                          s->step.p, options->rtol, in->atol, in->work, in->error, &s->h);
  result->rhs_calls++;
  return code ? end(s, UDE_RETCODE_RHS_FAILED) : true;
}

/* ------------------------------------------------------------------------------------ step -- */

/* Limits that end the solve before a step is tried. */
static bool may_go_on(loop *s) {
  const ude_solve_options *options = &s->in->options;
  const ude_solve_result  *result  = s->result;
  if (result->steps + result->rejected >= options->max_steps) {
    return end(s, UDE_RETCODE_MAX_STEPS);
  }
  if (options->stop && options->stop(options->stop_context)) {
    return end(s, UDE_RETCODE_STOPPED);
  }
  if (options->time_limit > 0 && ude_clock() - s->started > options->time_limit) {
    return end(s, UDE_RETCODE_TIME_LIMIT);
  }
  return true;
}

/* The step to try: lands exactly on the end of the span, and takes a remainder of less than a hundredth of a step
 * along rather than leaving it over. False if the smallest step was rejected. */
static bool choose(loop *s) {
  const ude_solve_options *options  = &s->in->options;
  ude_step                *step     = &s->step;
  double                   rest     = fabs(s->t1 - step->t);
  double                   smallest = fmax(options->min_step, ude_smallest_step(step->t));
  double                   most     = options->max_step > 0 ? options->max_step : rest;
  if (s->controller.rejected && fabs(step->h) <= smallest) {
    return end(s, s->declined                           ? UDE_RETCODE_RHS_FAILED
                  : isfinite(s->result->error_estimate) ? UDE_RETCODE_STEP_UNDERFLOW
                                                        : UDE_RETCODE_UNSTABLE);
  }
  s->h         = fmin(fmax(s->h, smallest), most);
  bool final   = s->h * 1.01 >= rest;
  step->h      = s->direction * (final ? rest : s->h);
  step->t_next = final ? s->t1 : step->t + step->h;
  s->result->h = step->h;
  return step->t_next != step->t || end(s, UDE_RETCODE_STEP_UNDERFLOW);
}

/* First component that is not finite: in the new state, the error, the derivative, the stages. */
static int64_t culprit(const ude_integrator *in) {
  const double *suspects[] = {in->u_new, in->error, ude_step_end_derivative(in)};
  int64_t       where      = -1;
  for (int i = 0; i < 3 && where < 0; i++) {
    where = ude_first_not_finite(in->n, suspects[i]);
  }
  return where;
}

/* Error of the tried step, infinite if it cannot be used (a callback that declines, a value that is not finite).
 * Sets *code < 0 where the callback failed for good. */
static double attempt(loop *s, int *code) {
  ude_integrator *in    = s->in;
  int64_t        *calls = &s->result->rhs_calls;
  s->declined           = false;
  *code                 = ude_step_try(in, &s->step, calls);
  double error          = (double)INFINITY;
  if (*code == 0) {
    error = ude_error_norm(in->n, in->error, in->u, in->u_new, in->options.rtol, in->atol);
    if (error <= 1 && !in->tableau->fsal && s->step.t_next != s->t1) {
      *code = ude_step_derivative(in, &s->step, calls);
      if (*code || ude_first_not_finite(in->n, ude_step_end_derivative(in)) >= 0) {
        error = (double)INFINITY;
      }
    }
  }
  s->declined = *code > 0;
  if (!isfinite(error)) {
    s->result->component = *code ? -1 : culprit(in);
    return (double)INFINITY;
  }
  return error;
}

/* Save and take over the accepted step; returns false if the solve ends. */
static bool accept(loop *s) {
  ude_integrator *in   = s->in;
  ude_step       *step = &s->step;
  s->result->steps++;
  if (in->trace && ude_trace_push(in->trace, step->t, step->h, step->t_next, in->u)) {
    s->out_of_memory = true;
    return false;
  }
  bool saved = emit_step(s);
  ude_step_advance(in);
  step->t = step->t_next;
  return saved && step->t != s->t1;
}

/* One trial; returns false if the solve ends. */
static bool advance(loop *s) {
  if (!may_go_on(s) || !choose(s)) {
    return false;
  }
  int    code               = 0;
  double error              = attempt(s, &code);
  double size               = fabs(s->step.h);
  s->result->error_estimate = error;
  if (code < 0) {
    return end(s, UDE_RETCODE_RHS_FAILED);
  }
  if (error <= 1) {
    s->h = ude_controller_accept(&s->controller, error, size);
    return accept(s);
  }
  s->result->rejected++;
  s->h = ude_controller_reject(&s->controller, error, size);
  return true;
}

/* ------------------------------------------------------------------------------------- end -- */

/* Name the component whose error holds the step down, where nothing worse is known. */
static void blame(loop *s) {
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
  *result = (ude_solve_result){
      .retcode = UDE_RETCODE_SUCCESS, .t = t0, .component = -1, .method = in->tableau->name};
  if (!isfinite(t0) || !isfinite(t1)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the time span [%g, %g] is not finite", t0, t1);
  }
  if ((!u0 && in->n > 0) || (!p && in->field->param.count > 0)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "a solve needs %s, which are NULL",
                    u0 || in->n == 0 ? "parameters" : "initial values");
  }
  loop s = {.in        = in,
            .step      = {.t = t0, .p = p},
            .t1        = t1,
            .direction = t1 >= t0 ? 1 : -1,
            .started   = ude_clock(),
            .output    = output,
            .result    = result};
  ude_controller_start(&s.controller, in->tableau->order);
  if (in->trace) {
    ude_trace_start(in->trace, in->tableau, in->n, t0);
  }
  if (start(&s, u0, t0)) {
    while (advance(&s)) {
    }
  }
  result->t = s.step.t;
  if (!s.out_of_memory && output->end_only) {
    emit(&s, s.step.t, in->u);
  }
  if (s.out_of_memory) {
    return ude_fail_memory(error, "the solution");
  }
  if (result->retcode == UDE_RETCODE_SUCCESS) {
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
