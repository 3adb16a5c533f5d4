/* The integration loop. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "solve/integrator.h"

/** What the loop carries from step to step. */
typedef struct loop {
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

static int state_at(void *source, double time, double *out) {
  loop  *s     = source;
  double theta = ude_step_theta(s->step.t, s->step.t_next, s->step.h, time);
  if (theta <= 0 || theta >= 1) {
    memcpy(out, theta <= 0 ? s->in->u : s->in->u_new, (size_t)s->in->n * sizeof *out);
    return 0;
  }
  return s->in->method->dense(s->in->work, &s->step, theta, out);
}

/* To the one who looks at every step, if there is one. */
static bool hand_over(loop *s) {
  ude_output_step now  = {s->step.t, s->step.t_next, s->in->u, s->in->u_new, state_at, s};
  int             code = s->output->step ? s->output->step(&now, s->output->step_context) : 0;
  s->out_of_memory     = s->out_of_memory || code < 0;
  return code == 0 || (code > 0 && end(s, UDE_RETCODE_RHS_FAILED));
}

/* What is to be saved of the accepted step, by dense output between its ends. */
static bool emit_step(loop *s) {
  ude_integrator *in  = s->in;
  ude_output     *out = s->output;
  if (!hand_over(s)) {
    return false;
  }
  if (out->every_step) {
    return emit(s, s->step.t_next, in->u_new);
  }
  while (out->next < out->count && s->direction * (out->times[out->next] - s->step.t_next) <= 0) {
    double        time  = out->times[out->next];
    double        theta = ude_step_theta(s->step.t, s->step.t_next, s->step.h, time);
    const double *u     = theta >= 1 ? in->u_new : in->output;
    if (theta < 1 && in->method->dense(in->work, &s->step, theta, in->output)) {
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

/* The algebraic states that belong to the others, where there are any. */
static bool make_consistent(loop *s, double t0) {
  ude_integrator *in = s->in;
  if (!in->has_algebra) {
    return true;
  }
  ude_stiff *algebra = &in->algebra;
  algebra->counts    = (ude_stiff_counts){0};
  int code = ude_consistent(algebra, t0, in->u, s->step.p, in->options.rtol, in->atol, in->newton);
  s->result->rhs_calls += algebra->counts.rhs;
  s->result->jacobians += algebra->counts.jacobians;
  s->result->factorisations += algebra->counts.factorisations;
  if (code == 0) {
    return true;
  }
  for (int64_t i = 0; i < in->n && s->result->component < 0; i++) {
    s->result->component = in->field->mass[i] == 0 ? i : -1;
  }
  return end(s, code == UDE_STEP_NOT_SOLVED ? UDE_RETCODE_INCONSISTENT : UDE_RETCODE_RHS_FAILED);
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
  if (!make_consistent(s, t0) || !emit_start(s, t0) || s->t1 == t0) {
    return false;
  }
  int code = in->field->rhs.value(in->f, in->u, s->step.p, t0, in->field->rhs.context);
  result->rhs_calls++;
  if (code) {
    return end(s, UDE_RETCODE_RHS_FAILED);
  }
  result->component = ude_first_not_finite(in->n, in->f);
  if (result->component >= 0) {
    return end(s, UDE_RETCODE_INITIAL_FAILURE);
  }
  double limit = fabs(s->t1 - t0);
  if (options->max_step > 0) {
    limit = fmin(limit, options->max_step);
  }
  if (options->initial_step > 0) {
    s->h = fmin(options->initial_step, limit);
  } else {
    code = ude_initial_step(in->field, in->method->order, t0, s->direction, limit, in->u, in->f,
                            s->step.p, options->rtol, in->atol, in->u_new, in->error, &s->h);
    result->rhs_calls++;
  }
  s->step.u = in->u;
  code      = code ? code : in->method->start(in->work, &s->step, in->f);
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

/* Why the smallest step cannot be taken. */
static ude_retcode why_rejected(const loop *s) {
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

static bool in_explicit(const loop *s) {
  return !s->in->method->implicit;
}

/* Change to the other method; false if that is not to be (s->out_of_memory then says whether for want of memory). */
static bool change_method(loop *s, const char *why, double reach) {
  ude_integrator *in = s->in;
  ude_error       error;
  if (!in->watch.on) {
    return false;
  }
  if (!in->other_work) {
    ude_status status = in->other->open(in->other, &in->setting, &in->other_work, &error);
    if (status) { /* a model that the implicit method does not suit stays with the explicit one */
      in->watch.on     = false;
      s->out_of_memory = status == UDE_OUT_OF_MEMORY;
      return false;
    }
  }
  ude_integrator_exchange(in);
  in->watch.stiff_steps = in->watch.calm_steps = 0;
  in->watch.returns += in->method->implicit ? 0 : 1;
  s->result->switches++;
  s->result->method = in->method->name;
  if (s->result->switches == 1) {
    size_t used = strlen(s->result->picked);
    snprintf(s->result->picked + used, sizeof s->result->picked - used,
             "; %s at t = %.3g (%s, |h lambda| = %.2g)", in->method->name, s->step.t, why, reach);
  }
  ude_controller_start(&s->controller, in->method->error_order);
  s->step.u = in->u;
  s->code   = 0;
  if (!in->method->implicit) {
    s->code = in->field->rhs.value(in->f, in->u, s->step.p, s->step.t, in->field->rhs.context);
    s->result->rhs_calls++;
  }
  s->code = s->code ? s->code : in->method->start(in->work, &s->step, in->f);
  if (s->code) {
    return end(s, UDE_RETCODE_RHS_FAILED);
  }
  return true;
}

/* The estimate of an explicit pair compares two stages; where the fast components are small beside the others it sees only rounding. One
 * product with the Jacobian every few steps, a power iteration over the whole solve, sees them. */
static double probe(loop *s, double radius) {
  enum { EVERY = 8, FIRST = 32 }; /* a short solve does without, and without the derivative */
  ude_integrator *in = s->in;
  if (in->method->implicit || !in->mode) {
    return radius;
  }
  if (s->result->steps % EVERY == 0 && s->result->steps >= FIRST) {
    const ude_map *rhs = &in->field->rhs;
    s->result->rhs_calls++;
    if (rhs->jvp(in->output, in->image, in->u, in->mode, s->step.p, NULL, s->step.t, NULL,
                 rhs->context)) {
      return radius;
    }
    double size = 0;
    for (int64_t l = 0; l < in->n; l++) {
      size += in->image[l] * in->image[l];
    }
    size = sqrt(size);
    for (int64_t l = 0; l < in->n && size > 0 && isfinite(size); l++) {
      in->mode[l] = in->image[l] / size;
    }
    in->watch.radius = isfinite(size) ? size : 0;
  }
  return in->watch.radius > radius || isnan(radius) ? in->watch.radius : radius;
}

/* After an accepted step; radius: what it showed of the dominant eigenvalue. False if the solve ends. */
static bool watch_stiffness(loop *s, double radius) {
  ude_integrator *in = s->in;
  if (!in->watch.on) {
    return true;
  }
  double stability = in->method->implicit ? in->other->stability : in->method->stability;
  if (!ude_auto_should_switch(&in->watch, in->method, stability, s->step.h, radius)) {
    return true;
  }
  bool changed = change_method(s, in->method->implicit ? "no longer stiff" : "stiff",
                               fabs(s->step.h) * radius);
  return changed || (!s->out_of_memory && s->result->retcode == UDE_RETCODE_SUCCESS);
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
    ude_retcode why = why_rejected(s);
    if (why == UDE_RETCODE_STEP_UNDERFLOW && in_explicit(s) &&
        change_method(s, "the explicit steps became too small", (double)NAN)) {
      s->h = 16 * smallest;
    } else {
      return s->result->retcode == UDE_RETCODE_SUCCESS && !s->out_of_memory ? end(s, why) : false;
    }
  }
  s->h         = fmin(fmax(s->h, smallest), most);
  bool final   = s->h * 1.01 >= rest;
  step->h      = s->direction * (final ? rest : s->h);
  step->t_next = final ? s->t1 : step->t + step->h;
  s->result->h = step->h;
  return step->t_next != step->t || end(s, UDE_RETCODE_STEP_UNDERFLOW);
}

/* First component that is not finite: in the new state, the error. */
static int64_t culprit(const ude_integrator *in) {
  int64_t where = ude_first_not_finite(in->n, in->u_new);
  return where >= 0 ? where : ude_first_not_finite(in->n, in->error);
}

/* Error of the tried step, infinite if it cannot be used (a callback that declines, a value that is not finite, stages
 * that are not solved); s->code says why. */
static double attempt(loop *s) {
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
static bool accept(loop *s) {
  ude_integrator *in   = s->in;
  ude_step       *step = &s->step;
  s->result->steps++;
  if (in->trace && ude_trace_push(in->trace, in->method, step)) {
    s->out_of_memory = true;
    return false;
  }
  bool    saved  = emit_step(s);
  bool    watch  = in->watch.on && in->method->stiffness;
  double  radius = watch ? in->method->stiffness(in->work, step) : (double)NAN;
  double *old    = in->u;
  in->u          = in->u_new;
  in->u_new      = old;
  in->method->accept(in->work, step);
  step->t = step->t_next;
  return saved && step->t != s->t1 && watch_stiffness(s, watch ? probe(s, radius) : radius);
}

/* The size to try after an accepted one: the user's where errors are not estimated, the method's own wish, or the
 * controller's. */
static double next_size(loop *s, double error, double size) {
  if (s->in->method->error_order == 0) {
    return s->in->options.initial_step;
  }
  double wanted = ude_controller_accept(&s->controller, error, size);
  if (s->step.next > 0) {
    return s->step.next;
  }
  return wanted >= size && wanted <= s->in->method->hold * size ? size : wanted;
}

/* One trial; returns false if the solve ends. */
static bool advance(loop *s) {
  if (!may_go_on(s) || !choose(s)) {
    return false;
  }
  double error              = attempt(s);
  double size               = fabs(s->step.h);
  s->result->error_estimate = error;
  if (s->code < 0) {
    return end(s, UDE_RETCODE_RHS_FAILED);
  }
  if (error <= 1) {
    s->h = next_size(s, error, size);
    return accept(s);
  }
  s->result->rejected++;
  if (s->in->method->error_order == 0) { /* steps of a fixed size: there is no other to try */
    return end(s, why_rejected(s));
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
      .retcode = UDE_RETCODE_SUCCESS, .t = t0, .component = -1, .method = in->initial->name};
  if (!isfinite(t0) || !isfinite(t1)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the time span [%g, %g] is not finite", t0, t1);
  }
  if ((!u0 && in->n > 0) || (!p && in->field->param.count > 0)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "a solve needs %s, which are NULL",
                    u0 || in->n == 0 ? "parameters" : "initial values");
  }
  if (in->method->integrate) {
    return in->method->integrate(in->work, u0, p, t0, t1, in->u, output, result, error);
  }
  loop s = {.in        = in,
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
