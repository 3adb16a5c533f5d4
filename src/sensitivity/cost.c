/* The cost of a solve: its value, and its cotangents where they enter the gradient. */
#include <stdlib.h>
#include <string.h>

#include "sensitivity/continuous.h"
#include "sensitivity/estimates.h"
#include "sensitivity/gradient.h"

ude_status ude_gradient_engine(ude_sensitivity *s, const ude_cost *cost, ude_engine **engine,
                               ude_error *error) {
  *engine = &s->plain;
  if (cost->terminal && !s->field->terminal_cost.value) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the model defines no terminal_cost");
  }
  if (!cost->running) {
    return UDE_OK;
  }
  if (!s->field->running_cost.value) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the model defines no running_cost");
  }
  if (!s->with_cost) {
    ude_status  status = ude_augmented_create(s->field, &s->options.solve, &s->augmented, error);
    ude_engine *made   = status == UDE_OK ? ude_calloc(1, sizeof *made) : NULL;
    if (status == UDE_OK && !made) {
      status = ude_fail_memory(error, "the running cost");
    }
    if (status == UDE_OK) {
      ude_sensitivity_options options = s->options;
      if (options.solve.atol_vector) {
        options.solve.atol_vector = s->augmented->atol;
      }
      status = ude_engine_open(made, &s->augmented->field, &options, error);
    }
    if (status) {
      free(made);
      ude_augmented_free(s->augmented);
      s->augmented = NULL;
      return status;
    }
    s->with_cost = made;
  }
  *engine = s->with_cost;
  return UDE_OK;
}

static ude_status cost_failed(double t, ude_error *error) {
  return ude_fail(error, UDE_NUMERICAL, "the cost at t = %.8g cannot be evaluated", t);
}

ude_status ude_gradient_end_value(const ude_sensitivity *s, const ude_engine *engine,
                                  const double *p, double t1, const ude_cost *cost, double *value,
                                  ude_error *error) {
  if (cost->terminal) {
    double         terminal = 0;
    const ude_map *map      = &s->field->terminal_cost;
    if (map->value(&terminal, engine->u_end, p, t1, map->context)) {
      return cost_failed(t1, error);
    }
    *value += terminal;
  }
  if (cost->running) {
    *value += engine->u_end[s->field->state.count];
  }
  return UDE_OK;
}

bool ude_is_continuous_adjoint(ude_sensitivity_method method) {
  return method >= UDE_SENSITIVITY_BACKSOLVE && method <= UDE_SENSITIVITY_GAUSS;
}

void ude_gradient_start(const ude_sensitivity *s, ude_engine *engine, const ude_cost *cost,
                        const double *u0) {
  memcpy(engine->w, u0, (size_t)s->field->state.count * sizeof *u0);
  if (cost->running) {
    engine->w[s->field->state.count] = 0;
  }
}

ude_status ude_gradient_solve(ude_sensitivity *s, ude_engine *engine, const double *u0,
                              const double *p, double t0, double t1, const ude_cost *cost,
                              ude_solve_result *result, ude_error *error) {
  ude_gradient_start(s, engine, cost, u0);
  return ude_is_continuous_adjoint(engine->method)
             ? ude_continuous_solve(s, engine, engine->w, p, t0, t1, cost->times, cost->count,
                                    result, error)
             : ude_engine_solve(engine, engine->w, p, t0, t1, cost->times, cost->count, result,
                                error);
}

ude_status ude_gradient_refuse_estimates(const ude_engine *engine, const ude_cost *cost,
                                         ude_error *error) {
  bool moves = engine->trace.events > 0 || cost->t0_bar || cost->t1_bar;
  return moves && cost->estimates != 0
             ? ude_fail(error, UDE_UNSUPPORTED,
                        "terms of the solver's estimates (heuristics) together with events or "
                        "derivatives by the time span are not there")
             : UDE_OK;
}

ude_status ude_cost_value(ude_sensitivity *sensitivity, const double *u0, const double *p,
                          double t0, double t1, const ude_cost *cost, double *value,
                          ude_solve_result *result, ude_error *error) {
  ude_engine *engine = NULL;
  ude_status  status = ude_gradient_engine(sensitivity, cost, &engine, error);
  if (status == UDE_OK) {
    engine->method = UDE_SENSITIVITY_ADJOINT; /* nothing is kept for a way back */
    status         = ude_gradient_solve(sensitivity, engine, u0, p, t0, t1, cost, result, error);
  }
  *value = 0;
  for (int64_t i = 0; i < cost->count && status == UDE_OK; i++) {
    double part = 0;
    if (cost->at(i, cost->times[i], engine->u_at + i * engine->n, p, &part, NULL, NULL,
                 cost->context)) {
      status = cost_failed(cost->times[i], error);
    }
    *value += part;
  }
  if (status == UDE_OK && cost->estimates != 0) {
    double part = 0;
    status      = ude_gradient_refuse_estimates(engine, cost, error);
    status      = status ? status : ude_engine_prepare(engine, -1, error);
    status      = status ? status : ude_estimates_begin(engine, cost, p, &part, error);
    *value += part;
  }
  return status ? status
                : ude_gradient_end_value(sensitivity, engine, p, engine->trace.t_end, cost, value,
                                         error);
}

ude_status ude_gradient_end_cotangent(const ude_gradient_task *in, double *lambda, double *t_bar) {
  *t_bar = 0;
  memset(lambda, 0, (size_t)in->engine->n * sizeof *lambda);
  if (in->cost->terminal) {
    const ude_map *map = &in->s->field->terminal_cost;
    const double   one = 1;
    if (!map->vjp) {
      return ude_fail(in->error, UDE_UNSUPPORTED,
                      "the gradient needs terminal_cost.vjp, which the model lacks");
    }
    if (map->vjp(in->engine->u_end, in->p, in->t1, &one, lambda, in->p_bar, t_bar, map->context)) {
      return cost_failed(in->t1, in->error);
    }
  }
  if (in->cost->running) {
    lambda[in->s->field->state.count] = 1;
  }
  return UDE_OK;
}

ude_status ude_gradient_cotangent(const ude_gradient_task *in, int64_t j, double *w) {
  ude_engine *engine = in->engine;
  memset(w, 0, (size_t)engine->n * sizeof *w);
  engine->values[j] = 0;
  return in->cost->at(j, in->cost->times[j], engine->u_at + j * engine->n, in->p,
                      &engine->values[j], w, in->p_bar, in->cost->context)
             ? cost_failed(in->cost->times[j], in->error)
             : UDE_OK;
}
