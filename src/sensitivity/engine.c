/* Workspace, recorded solves, recomputed states. */
#include <stdlib.h>
#include <string.h>

#include "sensitivity/continuous.h"
#include "sensitivity/estimates.h"

static const size_t default_memory = (size_t)256 << 20;

void ude_engine_close(ude_engine *engine) {
  double *const blocks[] = {engine->u,      engine->u_end,  engine->u_new,   engine->lambda,
                            engine->w,      engine->u_dot,  engine->at_dot,  engine->end_dot,
                            engine->seed_u, engine->seed_p, engine->segment, engine->u_at,
                            engine->values};
  for (int i = 0; i < UDE_TRACE_METHODS; i++) {
    if (engine->opened[i]) {
      engine->opened[i]->close(engine->work[i]);
    }
  }
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    free(blocks[i]);
  }
  if (engine->has_algebra) {
    ude_stiff_close(&engine->algebra);
  }
  ude_estimates_free(engine->estimates);
  ude_moving_close(engine->moving);
  ude_continuous_free(engine->continuous);
  ude_integrator_free(engine->integrator);
  ude_trace_free(&engine->trace);
  *engine = (ude_engine){0};
}

ude_status ude_engine_open(ude_engine *engine, const ude_vector_field *field,
                           const ude_sensitivity_options *options, ude_error *error) {
  *engine                 = (ude_engine){.field = field, .segment_first = -1};
  ude_solve_options solve = options->solve;
  solve.differentiable    = true;
  ude_status status       = ude_integrator_create(field, &solve, &engine->integrator, error);
  if (status) {
    return status;
  }
  size_t memory            = options->memory_bytes ? options->memory_bytes : default_memory;
  engine->n                = field->state.count;
  engine->np               = field->param.count;
  engine->width            = field->rhs.jvp_wide ? field->rhs.width : 1;
  size_t n                 = (size_t)engine->n;
  engine->u                = ude_calloc(n, sizeof(double));
  engine->u_end            = ude_calloc(n, sizeof(double));
  engine->lambda           = ude_calloc(n, sizeof(double));
  engine->w                = ude_calloc(n, sizeof(double));
  engine->u_new            = ude_calloc(n, sizeof(double));
  engine->trace.max_states = (int64_t)(memory / ((n ? n : 1) * sizeof(double)));
  if (engine->trace.max_states < 2) {
    engine->trace.max_states = 2;
  }
  if (!engine->u || !engine->u_end || !engine->u_new || !engine->lambda || !engine->w) {
    ude_engine_close(engine);
    return ude_fail_memory(error, "sensitivities");
  }
  ude_integrator_set_trace(engine->integrator, &engine->trace);
  return UDE_OK;
}

ude_status ude_engine_reserve(ude_engine *engine, int64_t count, ude_error *error) {
  if (count <= engine->at_capacity) {
    return UDE_OK;
  }
  double *u_at   = ude_realloc(engine->u_at, (size_t)count, (size_t)engine->n * sizeof *u_at);
  engine->u_at   = u_at ? u_at : engine->u_at;
  double *values = u_at ? ude_realloc(engine->values, (size_t)count, sizeof *values) : NULL;
  engine->values = values ? values : engine->values;
  if (!values) {
    return ude_fail_memory(error, "the states at data times");
  }
  engine->at_capacity = count;
  return UDE_OK;
}

ude_status ude_engine_solve(ude_engine *engine, const double *u0, const double *p, double t0,
                            double t1, const double *times, int64_t count, ude_solve_result *result,
                            ude_error *error) {
  ude_solve_result own;
  ude_status       status = ude_engine_reserve(engine, count, error);
  if (status) {
    return status;
  }
  engine->segment_first = -1;
  engine->no_memory     = false;
  engine->moves         = false;
  if (engine->n > 0) {
    memcpy(engine->u, u0, (size_t)engine->n * sizeof *u0);
  }
  result = result ? result : &own;
  status = ude_integrator_run(engine->integrator, u0, p, t0, t1, times, count, engine->u_at,
                              engine->u_end, result, error);
  if (status == UDE_OK && result->saved < count) {
    return ude_fail(error, UDE_NUMERICAL,
                    "event %lld ended the solve at t = %.8g, before the data at t = %.8g",
                    (long long)result->event, result->t, times[result->saved]);
  }
  return status;
}

static ude_status need_derivatives(const ude_map *map, bool forward, const char *what,
                                   ude_error *error) {
  return !map->value || (forward ? map->jvp != NULL : map->vjp != NULL)
             ? UDE_OK
             : ude_fail(error, UDE_UNSUPPORTED,
                        "derivatives through events need %s of '%s', which the model lacks",
                        forward ? "jvp" : "vjp", what);
}

ude_status ude_engine_move(ude_engine *engine, const double *p, bool times, bool forward,
                           ude_error *error) {
  const ude_events *of     = &engine->field->events;
  ude_status        status = UDE_OK;
  engine->moves            = times || engine->trace.events > 0;
  if (!engine->moves) {
    return UDE_OK;
  }
  for (int64_t l = 0; engine->field->mass && engine->trace.events > 0 && l < engine->n; l++) {
    if (engine->field->mass[l] == 0) {
      return ude_fail(error, UDE_UNSUPPORTED,
                      "derivatives through events of a model with algebraic equations (a mass of "
                      "zero) are not there");
    }
  }
  status = need_derivatives(&of->roots, forward, "events", error);
  status = status ? status : need_derivatives(&of->affect, forward, "affect", error);
  status = status ? status : need_derivatives(&of->schedule, forward, "schedule", error);
  status =
      status ? status : need_derivatives(&of->discontinuities, forward, "discontinuities", error);
  if (status == UDE_OK && !engine->moving) {
    status = ude_moving_open(engine->field, engine->width, &engine->moving, error);
  }
  return status ? status : ude_moving_prepare(engine->moving, &engine->trace, p, error);
}

ude_status ude_engine_cross_failed(const ude_engine *engine, int code, int64_t event, double t,
                                   ude_error *error) {
  (void)engine;
  return code == UDE_STEP_NOT_SOLVED
             ? ude_fail(error, UDE_NUMERICAL,
                        "event %lld at t = %.8g touches zero without crossing it: its time has no "
                        "derivative",
                        (long long)event, t)
             : ude_fail(error, UDE_NUMERICAL,
                        "event %lld at t = %.8g: a function of the model failed", (long long)event,
                        t);
}

ude_status ude_engine_prepare(ude_engine *engine, int64_t width, ude_error *error) {
  const ude_method *first = ude_integrator_method(engine->integrator);
  if (!first->replay) { /* it records no steps either */
    return ude_fail(error, UDE_UNSUPPORTED,
                    "'%s' has no discrete derivatives: choose another method", first->name);
  }
  for (int i = 0; i < engine->trace.method_count; i++) {
    const ude_method *method = engine->trace.methods[i];
    if (!method->replay) {
      return ude_fail(error, UDE_UNSUPPORTED,
                      "'%s' has no discrete derivatives: choose another method", method->name);
    }
    bool timed = engine->moves && !method->time_tangents;
    if (engine->opened[i] != method || engine->opened_timed[i] != timed) {
      if (engine->opened[i]) {
        engine->opened[i]->close(engine->work[i]);
        engine->opened[i] = NULL;
      }
      engine->timed = *ude_integrator_setting(engine->integrator);
      if (timed) {
        engine->timed.field = &engine->moving->timed->field;
      }
      ude_status status =
          method->open(method, timed ? &engine->timed : ude_integrator_setting(engine->integrator),
                       &engine->work[i], error);
      if (status) {
        return status;
      }
      engine->opened[i]       = method;
      engine->opened_timed[i] = timed;
    }
    ude_status status = width < 0 ? UDE_OK : method->reserve(engine->work[i], width, error);
    if (status) {
      return status;
    }
  }
  return UDE_OK;
}

const ude_method *ude_engine_step(ude_engine *engine, int64_t i, const double *u, const double *p,
                                  ude_step *step, void **work) {
  int which   = engine->trace.which[i];
  *step       = ude_trace_step(&engine->trace, i);
  step->u     = u;
  step->p     = p;
  step->u_new = engine->u_new;
  step->stats = &engine->stats;
  if (engine->opened_timed[which]) {
    step->p                    = engine->moving->p;
    engine->moving->timed->t_n = step->t;
  }
  *work = engine->work[which];
  return engine->opened[which];
}

/* States of steps first..first+count-1 from the stored state of step `first`. */
static bool recompute(ude_engine *engine, const double *p, int64_t first, int64_t count) {
  const ude_trace *trace = &engine->trace;
  int64_t          n     = engine->n;
  if (count > engine->segment_capacity) {
    double *grown     = ude_realloc(engine->segment, (size_t)count, (size_t)n * sizeof *grown);
    engine->no_memory = !grown;
    if (!grown) {
      return false;
    }
    engine->segment          = grown;
    engine->segment_capacity = count;
  }
  memcpy(engine->segment, trace->u + first / trace->stride * n, (size_t)n * sizeof(double));
  for (int64_t i = 0; i + 1 < count; i++) {
    double           *u = engine->segment + i * n;
    ude_step          step;
    void             *work   = NULL;
    const ude_method *method = ude_engine_step(engine, first + i, u, p, &step, &work);
    step.u_new               = u + n;
    if (method->replay(work, &step) ||
        (engine->moves &&
         ude_moving_values(engine->moving, trace, first + i, method, work, &step, p, step.u_new))) {
      return false;
    }
  }
  engine->segment_first = first;
  engine->segment_count = count;
  return true;
}

const double *ude_engine_state(ude_engine *engine, const double *p, int64_t i) {
  const ude_trace *trace = &engine->trace;
  if (i % trace->stride == 0) {
    return trace->u + i / trace->stride * engine->n;
  }
  if (engine->segment_first < 0 || i < engine->segment_first ||
      i >= engine->segment_first + engine->segment_count) {
    int64_t first = i - i % trace->stride;
    int64_t count = trace->steps - first < trace->stride ? trace->steps - first : trace->stride;
    if (!recompute(engine, p, first, count)) {
      return NULL;
    }
  }
  return engine->segment + (i - engine->segment_first) * engine->n;
}
