/* The gradient of a cost: which parts compute it, and checks of what comes out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensitivity/continuous.h"
#include "sensitivity/estimates.h"
#include "sensitivity/gradient.h"

ude_status ude_sensitivity_create(const ude_vector_field        *field,
                                  const ude_sensitivity_options *options,
                                  ude_sensitivity **sensitivity, ude_error *error) {
  *sensitivity          = NULL;
  ude_sensitivity *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "sensitivities");
  }
  made->field       = field;
  made->options     = options ? *options : (ude_sensitivity_options){0};
  ude_status status = ude_engine_open(&made->plain, field, &made->options, error);
  if (status) {
    free(made);
    return status;
  }
  *sensitivity = made;
  return UDE_OK;
}

void ude_sensitivity_free(ude_sensitivity *sensitivity) {
  if (sensitivity) {
    ude_engine_close(&sensitivity->plain);
    if (sensitivity->with_cost) {
      ude_engine_close(sensitivity->with_cost);
      free(sensitivity->with_cost);
    }
    ude_augmented_free(sensitivity->augmented);
    free(sensitivity);
  }
}

static ude_status jump(int64_t j, double *w, void *context) {
  return ude_gradient_cotangent(context, j, w);
}

/* lambda of the end to that of the start. */
static ude_status continuous_adjoint(ude_gradient_task *in) {
  double     t_bar  = 0; /* the end stays where it is */
  ude_status status = ude_gradient_end_cotangent(in, in->engine->lambda, &t_bar);
  return status ? status
                : ude_continuous_adjoint(in->s, in->engine, in->p, in->t0, in->t1, in->cost->times,
                                         in->cost->count, jump, in, in->engine->lambda, in->p_bar,
                                         in->error);
}

/* An event at the very end of a span whose end moves: before, it has happened, behind, it has not. */
static ude_status check_end(const ude_gradient_task *in) {
  const ude_trace  *trace  = &in->engine->trace;
  const ude_events *events = &in->engine->field->events;
  if (!in->cost->t1_bar || trace->events == 0 || in->t1 != trace->t_end) {
    return UDE_OK;
  }
  const ude_trace_event *last = &trace->event[trace->events - 1];
  bool terminal = events->terminal && last->event < events->count + events->schedule_count &&
                  events->terminal[last->event];
  return last->t == trace->t_end && !terminal
             ? ude_fail(in->error, UDE_UNSUPPORTED,
                        "an event at the very end of the span: there is no derivative by the end")
             : UDE_OK;
}

/* The derivatives by the engine's method, after the solve (forward-continuous solves by itself); *estimates: the value of the solver's
 * estimates. */
static ude_status derivatives(ude_gradient_task *in, double *u0_bar, double *estimates) {
  ude_engine *engine   = in->engine;
  bool        tangents = engine->method == UDE_SENSITIVITY_FORWARD;
  bool        times    = in->cost->t0_bar || in->cost->t1_bar;
  ude_status  status   = UDE_OK;
  engine->estimating   = false;
  if (!ude_is_continuous_adjoint(engine->method)) {
    status = ude_engine_move(engine, in->p, times, tangents, in->error);
    status = status ? status : check_end(in);
    in->t1 = engine->trace.t_end; /* a terminal event may have been first */
  }
  if (status == UDE_OK && in->cost->estimates != 0) {
    status = ude_gradient_refuse_estimates(engine, in->cost, in->error);
    status = status ? status : ude_engine_prepare(engine, tangents ? engine->width : 0, in->error);
    status = status ? status : ude_estimates_begin(engine, in->cost, in->p, estimates, in->error);
  }
  if (status) {
    return status;
  }
  if (tangents) {
    return ude_gradient_forward(in, u0_bar);
  }
  status =
      ude_is_continuous_adjoint(engine->method) ? continuous_adjoint(in) : ude_gradient_adjoint(in);
  if (status == UDE_OK && u0_bar) {
    memcpy(u0_bar, engine->lambda, (size_t)in->s->field->state.count * sizeof *u0_bar);
  }
  if (status == UDE_OK && in->cost->t0_bar) {
    *in->cost->t0_bar = engine->moving->span_bar[0];
  }
  if (status == UDE_OK && in->cost->t1_bar) {
    *in->cost->t1_bar = engine->moving->span_bar[1];
  }
  return status;
}

static ude_status check_method(const ude_engine *engine, const ude_cost *cost, ude_error *error) {
  bool discrete =
      engine->method == UDE_SENSITIVITY_ADJOINT || engine->method == UDE_SENSITIVITY_FORWARD;
  const ude_events *events = &engine->field->events;
  bool jumps = events->count + events->schedule_count + events->discontinuity_count > 0;
  if (!discrete && (jumps || cost->t0_bar || cost->t1_bar)) {
    return ude_fail(error, UDE_UNSUPPORTED, "'%s' does not go through %s: adjoint and forward do",
                    ude_sensitivity_method_name(engine->method),
                    jumps ? "events and discontinuities" : "derivatives by the time span");
  }
  return cost->estimates != 0 && !discrete
             ? ude_fail(error, UDE_UNSUPPORTED,
                        "the solver's estimates belong to its steps: '%s' does not differentiate "
                        "steps, adjoint and forward do",
                        ude_sensitivity_method_name(engine->method))
             : UDE_OK;
}

ude_status ude_cost_gradient(ude_sensitivity *sensitivity, const double *u0, const double *p,
                             double t0, double t1, const ude_cost *cost, double *value,
                             double *u0_bar, double *p_bar, ude_solve_result *result,
                             ude_error *error) {
  ude_engine *engine = NULL;
  ude_status  status = ude_gradient_engine(sensitivity, cost, &engine, error);
  if (status) {
    return status;
  }
  ude_sensitivity_choose(sensitivity, engine, u0_bar != NULL, p_bar != NULL);
  int64_t           n         = sensitivity->field->state.count;
  ude_gradient_task in        = {sensitivity, engine, p, t0, t1, cost, p_bar, error};
  double            estimates = 0;
  status                      = check_method(engine, cost, error);
  if (p_bar) {
    memset(p_bar, 0, (size_t)engine->np * sizeof *p_bar);
  }
  if (status == UDE_OK && engine->method == UDE_SENSITIVITY_FORWARD_CONTINUOUS) {
    status = ude_gradient_continuous_forward(&in, u0, u0_bar, result);
  } else if (status == UDE_OK) {
    status = ude_gradient_solve(sensitivity, engine, u0, p, t0, t1, cost, result, error);
    status = status ? status : derivatives(&in, u0_bar, &estimates);
  }
  if (status) {
    return status;
  }
  *value = estimates;
  for (int64_t i = 0; i < cost->count && status == UDE_OK; i++) {
    *value += engine->values[i];
  }
  if (status == UDE_OK) {
    status = ude_gradient_end_value(sensitivity, engine, p, in.t1, cost, value, error);
  }
  char name[256];
  if (status == UDE_OK && !isfinite(*value)) {
    return ude_fail(error, UDE_NUMERICAL, "the cost is not finite (%g)", *value);
  }
  int64_t bad = status == UDE_OK && p_bar ? ude_first_not_finite(engine->np, p_bar) : -1;
  if (bad >= 0) {
    return ude_fail(error, UDE_NUMERICAL, "the gradient with respect to '%s' is not finite",
                    ude_layout_name(&sensitivity->field->param, bad, "p", name, sizeof name));
  }
  bad = status == UDE_OK && u0_bar ? ude_first_not_finite(n, u0_bar) : -1;
  if (bad >= 0) {
    return ude_fail(error, UDE_NUMERICAL,
                    "the gradient with respect to the initial '%s' is not finite",
                    ude_layout_name(&sensitivity->field->state, bad, "u", name, sizeof name));
  }
  return status;
}
