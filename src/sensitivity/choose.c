/* Names of the sensitivity methods, and which one `auto` takes. */
#include <stdio.h>
#include <string.h>

#include "sensitivity/continuous.h"

static const char *const method_names[UDE_SENSITIVITY_METHODS] = {
    "auto",          "adjoint",    "forward", "backsolve",
    "interpolating", "quadrature", "gauss",   "forward-continuous"};

const char *ude_sensitivity_method_name(ude_sensitivity_method method) {
  return (int)method >= 0 && (int)method < UDE_SENSITIVITY_METHODS ? method_names[method]
                                                                   : "unknown";
}

ude_status ude_sensitivity_method_parse(const char *name, ude_sensitivity_method *method,
                                        ude_error *error) {
  for (int i = 0; i < UDE_SENSITIVITY_METHODS; i++) {
    if (strcmp(name, method_names[i]) == 0) {
      *method = (ude_sensitivity_method)i;
      return UDE_OK;
    }
  }
  return ude_fail(error, UDE_INVALID_ARGUMENT,
                  "unknown sensitivity method '%s'; the methods are: auto, adjoint, forward, "
                  "backsolve, interpolating, quadrature, gauss, forward-continuous",
                  name);
}

/* Few directions fit in one block of tangents, which costs less than a sweep forth and back. A solver that records no steps leaves the
 * continuous methods: gauss keeps neither states for the parameters nor the adjoint. */
void ude_sensitivity_choose(ude_sensitivity *s, ude_engine *engine, bool wants_u0, bool wants_p) {
  const ude_map    *rhs    = &engine->field->rhs;
  const ude_method *solver = ude_integrator_method(engine->integrator);
  int64_t directions       = (wants_u0 ? s->field->state.count : 0) + (wants_p ? engine->np : 0);
  bool    forward          = rhs->jvp || rhs->jvp_wide;
  engine->method           = s->options.method;
  s->picked[0]             = '\0';
  if (s->options.method == UDE_SENSITIVITY_AUTO && !solver->replay) {
    engine->method = rhs->vjp ? UDE_SENSITIVITY_GAUSS : UDE_SENSITIVITY_FORWARD_CONTINUOUS;
    snprintf(s->picked, sizeof s->picked, "%s: %s has no discrete derivatives",
             ude_sensitivity_method_name(engine->method), solver->name);
  } else if (s->options.method == UDE_SENSITIVITY_AUTO &&
             (forward && (!rhs->vjp || directions <= engine->width))) {
    engine->method = UDE_SENSITIVITY_FORWARD;
    snprintf(s->picked, sizeof s->picked,
             rhs->vjp ? "forward: %lld directions fit in one block of %lld tangents, exact for the "
                        "steps"
                      : "forward: %lld directions in blocks of %lld; the model has no vjp",
             (long long)directions, (long long)engine->width);
  } else if (s->options.method == UDE_SENSITIVITY_AUTO) {
    engine->method = UDE_SENSITIVITY_ADJOINT;
    snprintf(s->picked, sizeof s->picked,
             forward ? "adjoint: one sweep back for %lld directions, exact for the steps"
                     : "adjoint: the model has no jvp (%lld directions)",
             (long long)directions);
  }
  s->used = engine->method;
}

const char *ude_sensitivity_picked(const ude_sensitivity *sensitivity) {
  return sensitivity->picked;
}

static size_t engine_bytes(const ude_engine *engine) {
  const ude_trace *trace = &engine->trace;
  size_t           n     = (size_t)engine->n;
  size_t           bytes = (size_t)trace->capacity * (2 * sizeof(double) + 5) +
                 (size_t)(trace->state_capacity + engine->segment_capacity) * n * sizeof(double);
  const ude_continuous *c = engine->continuous;
  if (c) {
    bytes += (size_t)c->path.capacity * ude_path_step_bytes(&c->path) +
             (size_t)c->mu_path.capacity * ude_path_step_bytes(&c->mu_path) +
             (size_t)c->checkpoint_capacity * (n + 1) * sizeof(double) +
             (size_t)c->problem.total * 3 * sizeof(double);
  }
  return bytes + (size_t)engine->at_capacity * (n + 1) * sizeof(double) +
         (engine->u_dot ? 3 * n * (size_t)engine->width * sizeof(double) : 0);
}

size_t ude_sensitivity_bytes(const ude_sensitivity *sensitivity) {
  return engine_bytes(&sensitivity->plain) +
         (sensitivity->with_cost ? engine_bytes(sensitivity->with_cost) : 0);
}

ude_sensitivity_method ude_sensitivity_used(const ude_sensitivity *sensitivity) {
  return sensitivity->used;
}
