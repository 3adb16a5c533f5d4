/* The integration loop. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/integrator.h"

/** What the loop carries from step to step. */
typedef struct loop {
  ude_integrator   *in;
  const double     *p;
  double            t, t1, direction, h; /**< h > 0 */
  double            start;               /**< clock */
  ude_controller    controller;
  ude_output       *output;
  ude_solve_result *result;
  bool              out_of_memory;
} loop;

/* ---------------------------------------------------------------------------------- output -- */

static bool emit(loop *s, double t, const double *u) {
  if (s->output->save(s->output->next, t, u, s->output->context)) {
    s->out_of_memory = true;
    return false;
  }
  s->output->next++;
  return true;
}

/* Saved times within the accepted step from s->t to t_next of signed size h, by dense output. */
static bool emit_step(loop *s, double h, double t_next, int *ready) {
  ude_integrator *in  = s->in;
  ude_output     *out = s->output;
  if (out->every_step) {
    return emit(s, t_next, in->u_new);
  }
  while (out->next < out->count && s->direction * (out->times[out->next] - t_next) <= 0) {
    double time  = out->times[out->next];
    double theta = ude_step_theta(s->t, t_next, h, time);
    if (theta >= 1) {
      if (!emit(s, time, in->u_new)) {
        return false;
      }
      continue;
    }
    int needed = ude_erk_dense_weights(in->tableau, theta, in->weights);
    if (needed > *ready) {
      if (ude_erk_stages(in->tableau, in->field, s->t, h, in->u, s->p, *ready, needed, in->k,
                         in->work)) {
        s->result->retcode = UDE_RETCODE_RHS_FAILED;
        return false;
      }
      s->result->rhs_calls += needed - *ready;
      *ready = needed;
    }
    ude_erk_combine(in->n, in->u, h, in->weights, needed, in->k, in->output);
    if (!emit(s, time, in->output)) {
      return false;
    }
  }
  return true;
}

/* ----------------------------------------------------------------------------------- start -- */

static bool start(loop *s, const double *u0, double t0) {
  ude_integrator   *in     = s->in;
  ude_solve_result *result = s->result;
  memcpy(in->u, u0, (size_t)in->n * sizeof *u0);
  result->component = ude_first_not_finite(in->n, u0);
  if (result->component >= 0) {
    result->retcode = UDE_RETCODE_INITIAL_FAILURE;
    return false;
  }
  while (s->output->next < s->output->count && s->output->times[s->output->next] == t0) {
    if (!emit(s, t0, in->u)) {
      return false;
    }
  }
  if (s->output->every_step && !emit(s, t0, in->u)) {
    return false;
  }
  if (s->t1 == t0) {
    return false;
  }
  int code = in->field->rhs.value(in->k, in->u, s->p, t0, in->field->rhs.context);
  result->rhs_calls++;
  result->component = ude_first_not_finite(in->n, in->k);
  if (code || result->component >= 0) {
    result->retcode = code ? UDE_RETCODE_RHS_FAILED : UDE_RETCODE_INITIAL_FAILURE;
    return false;
  }
  double limit = fabs(s->t1 - t0);
  if (in->options.max_step > 0) {
    limit = fmin(limit, in->options.max_step);
  }
  s->h = in->options.initial_step > 0 ? fmin(in->options.initial_step, limit) : limit;
  if (in->options.initial_step == 0) {
    code = ude_initial_step(in->field, in->tableau->order, t0, s->direction, limit, in->u, in->k, s->p,
                            in->options.rtol, in->options.atol, in->options.atol_vector, in->work,
                            in->error, &s->h);
    result->rhs_calls++;
    if (code) {
      result->retcode = UDE_RETCODE_RHS_FAILED;
      return false;
    }
  }
  return true;
}

/* ------------------------------------------------------------------------------------ step -- */

/* Limits that end the solve before a step is tried. */
static bool may_go_on(loop *s) {
  const ude_solve_options *options = &s->in->options;
  ude_solve_result        *result  = s->result;
  if (result->steps + result->rejected >= options->max_steps) {
    result->retcode = UDE_RETCODE_MAX_STEPS;
  } else if (options->stop && options->stop(options->stop_context)) {
    result->retcode = UDE_RETCODE_STOPPED;
  } else if (options->time_limit > 0 && ude_clock() - s->start > options->time_limit) {
    result->retcode = UDE_RETCODE_TIME_LIMIT;
  } else {
    return true;
  }
  return false;
}

/* Stages, new state and error estimate of one trial step. Returns the callback's code. */
static int trial(loop *s, double h) {
  ude_integrator        *in      = s->in;
  const ude_erk_tableau *tableau = in->tableau;
  int last = tableau->fsal ? tableau->stages - 1 : tableau->stages;
  int code = ude_erk_stages(tableau, in->field, s->t, h, in->u, s->p, 1, last, in->k, in->work);
  s->result->rhs_calls += last - 1;
  if (code) {
    return code;
  }
  ude_erk_combine(in->n, in->u, h, tableau->b, last, in->k, in->u_new);
  if (tableau->fsal) {
    code = in->field->rhs.value(in->k + (int64_t)last * in->n, in->u_new, s->p,
                                s->t + tableau->c[last] * h, in->field->rhs.context);
    s->result->rhs_calls++;
  }
  memset(in->work, 0, (size_t)in->n * sizeof *in->work);
  ude_erk_combine(in->n, in->work, h, tableau->btilde, tableau->stages, in->k, in->error);
  return code;
}

/* Error of the trial step; infinite if the step cannot be used. */
static double judge(loop *s, int code) {
  ude_integrator *in = s->in;
  if (code > 0) {
    s->result->component = -1;
    return (double)INFINITY;
  }
  double error = ude_error_norm(in->n, in->error, in->u, in->u_new, in->options.rtol,
                                in->options.atol, in->options.atol_vector, &s->result->component);
  int64_t bad  = ude_first_not_finite(in->n, in->u_new);
  if (bad < 0 && in->tableau->fsal) {
    bad = ude_first_not_finite(in->n, in->k + (int64_t)(in->tableau->stages - 1) * in->n);
  }
  if (bad >= 0) {
    s->result->component = bad;
  }
  return bad >= 0 || !isfinite(error) ? (double)INFINITY : error;
}

/* Take over the accepted step; returns false if the solve ends. */
static bool accept(loop *s, double h, double t_next) {
  ude_integrator        *in      = s->in;
  const ude_erk_tableau *tableau = in->tableau;
  int                    ready   = tableau->stages;
  s->result->steps++;
  if (in->trace && ude_trace_push(in->trace, s->t, h, t_next, in->u)) {
    s->out_of_memory = true;
    return false;
  }
  if (!emit_step(s, h, t_next, &ready)) {
    return false;
  }
  double *swap = in->u;
  in->u        = in->u_new;
  in->u_new    = swap;
  s->t         = t_next;
  if (s->t == s->t1) {
    return false;
  }
  if (tableau->fsal) {
    memcpy(in->k, in->k + (int64_t)(tableau->stages - 1) * in->n, (size_t)in->n * sizeof *in->k);
    return true;
  }
  int code = in->field->rhs.value(in->k, in->u, s->p, s->t, in->field->rhs.context);
  s->result->rhs_calls++;
  s->result->component = ude_first_not_finite(in->n, in->k);
  if (code || s->result->component >= 0) {
    s->result->retcode = code ? UDE_RETCODE_RHS_FAILED : UDE_RETCODE_UNSTABLE;
    return false;
  }
  return true;
}

/* One trial; returns false if the solve ends. */
static bool step(loop *s) {
  double rest     = fabs(s->t1 - s->t);
  double smallest = fmax(s->in->options.min_step, ude_smallest_step(s->t));
  if (s->in->options.max_step > 0) {
    s->h = fmin(s->h, s->in->options.max_step);
  }
  /* A remainder shorter than a hundredth of a step is taken along rather than left over. */
  bool   final = s->h * 1.01 >= rest;
  double size  = final ? rest : s->h;
  double h     = s->direction * size;
  s->result->h = h;
  if (!final && (size < smallest || s->t + h == s->t)) {
    s->result->retcode = isfinite(s->result->error_estimate) ? UDE_RETCODE_STEP_UNDERFLOW
                                                             : UDE_RETCODE_UNSTABLE;
    return false;
  }
  int code = trial(s, h);
  if (code < 0) {
    s->result->retcode = UDE_RETCODE_RHS_FAILED;
    return false;
  }
  double error              = judge(s, code);
  s->result->error_estimate = error;
  if (error <= 1) {
    s->h = ude_controller_accept(&s->controller, error, size);
    return accept(s, h, final ? s->t1 : s->t + h);
  }
  s->result->rejected++;
  s->h = ude_controller_reject(&s->controller, error, size);
  if (final && s->h < smallest) {
    s->result->retcode =
        isfinite(error) ? UDE_RETCODE_STEP_UNDERFLOW : UDE_RETCODE_UNSTABLE;
    return false;
  }
  return true;
}

ude_status ude_integrate(ude_integrator *integrator, const double *u0, const double *p, double t0,
                         double t1, ude_output *output, ude_solve_result *result, ude_error *error) {
  *result = (ude_solve_result){.retcode = UDE_RETCODE_SUCCESS, .t = t0, .component = -1,
                               .method  = integrator->tableau->name};
  if (!isfinite(t0) || !isfinite(t1)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the time span [%g, %g] is not finite", t0, t1);
  }
  loop s = {.in        = integrator,
            .p         = p,
            .t         = t0,
            .t1        = t1,
            .direction = t1 >= t0 ? 1 : -1,
            .start     = ude_clock(),
            .output    = output,
            .result    = result};
  ude_controller_start(&s.controller, integrator->tableau->order);
  if (integrator->trace) {
    ude_trace_start(integrator->trace, integrator->tableau, integrator->n, t0);
  }
  bool go_on = start(&s, u0, t0);
  while (go_on) {
    go_on = may_go_on(&s) && step(&s);
  }
  result->t = s.t;
  if (s.out_of_memory) {
    return ude_fail_memory(error, "the solution");
  }
  if (result->retcode == UDE_RETCODE_SUCCESS) {
    result->component = -1;
    return output->end_only && !emit(&s, s.t, integrator->u) ? ude_fail_memory(error, "the solution")
                                                             : UDE_OK;
  }
  if (error) {
    error->status =
        result->retcode == UDE_RETCODE_STOPPED ? UDE_INTERRUPTED : UDE_NUMERICAL;
    ude_solve_result_describe(result, integrator->field, error->message, sizeof error->message);
  }
  return result->retcode == UDE_RETCODE_STOPPED ? UDE_INTERRUPTED : UDE_NUMERICAL;
}
