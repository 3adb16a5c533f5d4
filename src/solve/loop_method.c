/* Starts of the loop, and changes of the method. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "solve/loop.h"
#include "solve/step_size.h"

/* ----------------------------------------------------------------------------------- start -- */

/* The algebraic states that belong to the others, where there are any. */
static bool make_consistent(ude_loop *s) {
  ude_integrator *in = s->in;
  if (!in->has_algebra) {
    return true;
  }
  ude_stiff *algebra = &in->algebra;
  algebra->counts    = (ude_stiff_counts){0};
  int code =
      ude_consistent(algebra, s->step.t, in->u, s->step.p, in->options.rtol, in->atol, in->newton);
  s->result->rhs_calls += algebra->counts.rhs;
  s->result->jacobians += algebra->counts.jacobians;
  s->result->factorisations += algebra->counts.factorisations;
  if (code == 0) {
    return true;
  }
  for (int64_t i = 0; i < in->n && s->result->component < 0; i++) {
    s->result->component = in->field->mass[i] == 0 ? i : -1;
  }
  return ude_loop_end(
      s, code == UDE_STEP_NOT_SOLVED ? UDE_RETCODE_INCONSISTENT : UDE_RETCODE_RHS_FAILED);
}

static ude_retcode not_finite(const ude_loop *s) {
  return s->result->steps == 0 ? UDE_RETCODE_INITIAL_FAILURE : UDE_RETCODE_UNSTABLE;
}

bool ude_loop_restart(ude_loop *s) {
  ude_integrator          *in      = s->in;
  const ude_solve_options *options = &in->options;
  ude_solve_result        *result  = s->result;
  double                   t       = s->step.t;
  if (result->events > 0 &&
      !make_consistent(s)) { /* the start was made consistent before it was saved */
    return false;
  }
  int code = in->field->rhs.value(in->f, in->u, s->step.p, t, in->field->rhs.context);
  result->rhs_calls++;
  if (code) {
    return ude_loop_end(s, UDE_RETCODE_RHS_FAILED);
  }
  result->component = ude_first_not_finite(in->n, in->f);
  if (result->component >= 0) {
    return ude_loop_end(s, not_finite(s));
  }
  double gap   = 0;
  double limit = fabs(ude_loop_stop(s, &gap) - t);
  if (options->max_step > 0) {
    limit = fmin(limit, options->max_step);
  }
  if (options->initial_step > 0) {
    s->h = fmin(options->initial_step, limit);
  } else {
    code = ude_initial_step(in->field, in->method->order, t, s->direction, limit, in->u, in->f,
                            s->step.p, options->rtol, in->atol, in->u_new, in->error, &s->h);
    result->rhs_calls++;
  }
  s->step.u = in->u;
  code      = code ? code : in->method->start(in->work, &s->step, in->f);
  return code ? ude_loop_end(s, UDE_RETCODE_RHS_FAILED) : true;
}

bool ude_loop_start(ude_loop *s, const double *u0, double t0) {
  ude_integrator   *in     = s->in;
  ude_solve_result *result = s->result;
  if (u0) { /* NULL only where there is no state */
    memcpy(in->u, u0, (size_t)in->n * sizeof *u0);
  }
  result->component = ude_first_not_finite(in->n, u0);
  if (result->component >= 0) {
    return ude_loop_end(s, UDE_RETCODE_INITIAL_FAILURE);
  }
  if (!make_consistent(s) || !ude_loop_emit_at(s, t0, in->u) || s->t1 == t0) {
    return false;
  }
  return in->events ? ude_loop_first_events(s) : ude_loop_restart(s);
}

/* --------------------------------------------------------------------------------- methods -- */

bool ude_loop_change_method(ude_loop *s, const char *why, double reach) {
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
    return ude_loop_end(s, UDE_RETCODE_RHS_FAILED);
  }
  return true;
}

/* The estimate of an explicit pair compares two stages; where the fast components are small beside the others it sees only rounding. One
 * product with the Jacobian every few steps, a power iteration over the whole solve, sees them. */
static double probe(ude_loop *s, double radius) {
  ude_integrator *in = s->in;
  if (in->method->implicit || !in->mode) {
    return radius;
  }
  if (s->result->steps % UDE_AUTO_PROBE_EVERY == 0 && s->result->steps >= UDE_AUTO_PROBE_FIRST) {
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

bool ude_loop_watch_stiffness(ude_loop *s, double radius) {
  ude_integrator *in = s->in;
  if (!in->watch.on) {
    return true;
  }
  radius           = in->method->stiffness ? probe(s, radius) : radius;
  double stability = in->method->implicit ? in->other->stability : in->method->stability;
  if (!ude_auto_should_switch(&in->watch, in->method, stability, s->step.h, radius)) {
    return true;
  }
  bool changed = ude_loop_change_method(s, in->method->implicit ? "no longer stiff" : "stiff",
                                        fabs(s->step.h) * radius);
  return changed || (!s->out_of_memory && s->result->retcode == UDE_RETCODE_SUCCESS);
}
