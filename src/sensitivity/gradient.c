/* Cost of a solve and its gradient: discrete adjoint, or forward tangents. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensitivity/continuous.h"
#include "sensitivity/estimates.h"
#include "solve/control.h"

/* ----------------------------------------------------------------------------------- life -- */

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

/* The engine for a cost; makes the one with the running cost when it is first needed. */
static ude_status pick_engine(ude_sensitivity *s, const ude_cost *cost, ude_engine **engine,
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

/* ----------------------------------------------------------------------------------- cost -- */

static ude_status cost_failed(double t, ude_error *error) {
  return ude_fail(error, UDE_NUMERICAL, "the cost at t = %.8g cannot be evaluated", t);
}

/* Terminal and running parts at the end state. */
static ude_status end_value(const ude_sensitivity *s, const ude_engine *engine, const double *p,
                            double t1, const ude_cost *cost, double *value, ude_error *error) {
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

static bool is_continuous_adjoint(ude_sensitivity_method method) {
  return method >= UDE_SENSITIVITY_BACKSOLVE && method <= UDE_SENSITIVITY_GAUSS;
}

/* Solve; u0 gains a zero where the running cost is a state. */
static ude_status solve(ude_sensitivity *s, ude_engine *engine, const double *u0, const double *p,
                        double t0, double t1, const ude_cost *cost, ude_solve_result *result,
                        ude_error *error) {
  memcpy(engine->w, u0, (size_t)s->field->state.count * sizeof *u0);
  if (cost->running) {
    engine->w[s->field->state.count] = 0;
  }
  return is_continuous_adjoint(engine->method)
             ? ude_continuous_solve(s, engine, engine->w, p, t0, t1, cost->times, cost->count,
                                    result, error)
             : ude_engine_solve(engine, engine->w, p, t0, t1, cost->times, cost->count, result,
                                error);
}

/* The estimates are those of whole steps, which events cut and moving times stretch. */
static ude_status refuse_estimates(const ude_engine *engine, const ude_cost *cost,
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
  ude_status  status = pick_engine(sensitivity, cost, &engine, error);
  if (status == UDE_OK) {
    engine->method = UDE_SENSITIVITY_ADJOINT; /* nothing is kept for a way back */
    status         = solve(sensitivity, engine, u0, p, t0, t1, cost, result, error);
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
    status      = refuse_estimates(engine, cost, error);
    status      = status ? status : ude_engine_prepare(engine, -1, error);
    status      = status ? status : ude_estimates_begin(engine, cost, p, &part, error);
    *value += part;
  }
  return status ? status
                : end_value(sensitivity, engine, p, engine->trace.t_end, cost, value, error);
}

/* -------------------------------------------------------------------------------- adjoint -- */

/** What both modes pass around. */
typedef struct task {
  ude_sensitivity *s;
  ude_engine      *engine;
  const double    *p;
  double           t0, t1;
  const ude_cost  *cost;
  double          *p_bar; /**< may be NULL */
  ude_error       *error;
} task;

/* Cotangent of the end state from terminal and running cost. */
static ude_status end_cotangent(const task *in, double *lambda, double *t_bar) {
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

/* Value and cotangent of the cost at data time j. */
static ude_status cost_cotangent(const task *in, int64_t j, double *w) {
  ude_engine *engine = in->engine;
  memset(w, 0, (size_t)engine->n * sizeof *w);
  engine->values[j] = 0;
  return in->cost->at(j, in->cost->times[j], engine->u_at + j * engine->n, in->p,
                      &engine->values[j], w, in->p_bar, in->cost->context)
             ? cost_failed(in->cost->times[j], in->error)
             : UDE_OK;
}

static void add(int64_t n, double scale, const double *x, double *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] += scale * x[i];
  }
}

/* Data of step i. Times at the step's end come first, then lambda of the end is complete; those inside add to the stages. *j: last data
 * time not yet seen. */
static ude_status data_back(const task *in, int64_t i, const ude_method *method, void *work,
                            ude_step *step, int64_t *j, double *lambda, ude_moving_step *bar) {
  ude_engine *engine    = in->engine;
  double      direction = step->h < 0 ? -1 : 1;
  double      from      = engine->moves ? ude_moving_reach(&engine->trace, i - 1) : step->t;
  int         code      = 0;
  for (; *j >= 0 && direction * (in->cost->times[*j] - from) > 0 && code == 0; (*j)--) {
    ude_status status = cost_cotangent(in, *j, engine->w);
    if (status) {
      return status;
    }
    double theta = ude_step_theta(step->t, step->t_next, step->h, in->cost->times[*j]);
    if (engine->moves) { /* the time does not move with the step */
      double theta_bar = 0;
      theta            = ude_moving_inside(theta);
      code             = method->transpose_dense(work, step, theta, engine->w, &theta_bar);
      bar->t_bar -= theta_bar / step->h;
      bar->h_bar -= theta * theta_bar / step->h;
    } else if (theta >= 1) {
      add(engine->n, 1, engine->w, lambda);
    } else {
      code = method->transpose_dense(work, step, theta, engine->w, NULL);
    }
  }
  return code ? ude_fail(in->error, UDE_NUMERICAL, "adjoint: the model failed at t = %.8g", step->t)
              : UDE_OK;
}

/* lambda: of the next start, becomes that of the step's end; what belongs inside of the step goes to the stages. */
static ude_status events_back(const task *in, int64_t i, const ude_method *method, void *work,
                              ude_step *step, double *lambda, ude_moving_step *bar) {
  ude_engine *engine = in->engine;
  int64_t     event  = -1;
  double      theta  = -1;
  int         code = ude_moving_values(engine->moving, &engine->trace, i, method, work, step, in->p,
                                       engine->u_new);
  code             = code ? code
                          : ude_moving_cross_transpose(engine->moving, &engine->trace, i, method, work, step,
                                                       in->p, lambda, in->p_bar, bar, &theta, &event);
  if (code == 0 && theta >= 0) {
    code = method->transpose_dense(work, step, theta, lambda, NULL);
    memset(lambda, 0, (size_t)engine->n * sizeof *lambda);
  }
  return code ? ude_engine_cross_failed(engine, code, event, ude_moving_reach(&engine->trace, i),
                                        in->error)
              : UDE_OK;
}

/* The step's transpose with cotangents of its start and size, for methods that know them and for those that see them as parameters. */
static int transpose_moving(const task *in, int64_t i, const ude_method *method, void *work,
                            ude_step *step, double *lambda, ude_moving_step *bar) {
  ude_moving   *m         = in->engine->moving;
  ude_cotangent cotangent = {.u_new_bar = lambda, .u_bar = lambda, .p_bar = in->p_bar};
  if (method->time_tangents) {
    cotangent.t_bar = &bar->t_bar;
    cotangent.h_bar = &bar->h_bar;
  } else {
    memset(m->p_bar, 0, (size_t)(m->np + UDE_TIMED_EXTRA) * sizeof *m->p_bar);
    cotangent.p_bar = m->p_bar;
  }
  int code = method->transpose(work, step, &cotangent);
  if (!method->time_tangents) {
    bar->t_bar += m->p_bar[m->np];
    bar->h_bar += m->p_bar[m->np + 1] / step->h;
    if (in->p_bar) {
      add(m->np, 1, m->p_bar, in->p_bar);
    }
  }
  ude_moving_step_transpose(m, &in->engine->trace, i, bar);
  return code;
}

/* One step backwards: lambda of what follows it becomes lambda of its start. */
static ude_status step_back(const task *in, int64_t i, int64_t *j, double *lambda) {
  ude_engine   *engine = in->engine;
  const double *u      = ude_engine_state(engine, in->p, i);
  if (!u) {
    return ude_fail(in->error, engine->no_memory ? UDE_OUT_OF_MEMORY : UDE_NUMERICAL,
                    "adjoint: the state at t = %.8g cannot be recomputed", engine->trace.t[i]);
  }
  ude_step          step;
  void             *work   = NULL;
  const ude_method *method = ude_engine_step(engine, i, u, in->p, &step, &work);
  ude_moving_step   bar    = {0};
  ude_status        status = UDE_OK;
  step.error               = engine->estimating ? engine->estimates->error : NULL;
  int code                 = method->replay(work, &step);
  method->transpose_begin(work, engine->moves);
  if (engine->moves && code == 0) {
    status = events_back(in, i, method, work, &step, lambda, &bar);
  }
  if (code == 0 && status == UDE_OK) {
    status = data_back(in, i, method, work, &step, j, lambda, &bar);
  }
  if (status) {
    return status;
  }
  if (code == 0 && engine->moves) {
    code = transpose_moving(in, i, method, work, &step, lambda, &bar);
  } else if (code == 0) {
    ude_cotangent cotangent = {.u_new_bar = lambda, .u_bar = lambda, .p_bar = in->p_bar};
    if (engine->estimating) {
      ude_estimates_cotangent(engine, i, method, &step, lambda, &cotangent);
    }
    code = method->transpose(work, &step, &cotangent);
    if (engine->estimating) {
      ude_estimates_cotangent_end(engine, lambda);
    }
  }
  return code ? ude_fail(in->error, UDE_NUMERICAL, "adjoint: the model failed at t = %.8g", step.t)
              : UDE_OK;
}

/* Events at the start, then what the times of stops depend on. */
static ude_status start_back(const task *in, double *lambda) {
  ude_engine     *engine = in->engine;
  ude_moving     *m      = engine->moving;
  ude_moving_step bar    = {0};
  int64_t         event  = -1;
  double          theta  = -1;
  if (engine->n > 0) {
    memcpy(engine->u_new, engine->u, (size_t)engine->n * sizeof *engine->u);
  }
  int code = ude_moving_values(m, &engine->trace, -1, NULL, NULL, NULL, in->p, engine->u_new);
  code     = code ? code
                  : ude_moving_cross_transpose(m, &engine->trace, -1, NULL, NULL, NULL, in->p, lambda,
                                               in->p_bar, &bar, &theta, &event);
  code     = code ? code : ude_moving_end_transpose(m, in->p, in->p_bar);
  return code ? ude_engine_cross_failed(engine, code, event, engine->trace.t0, in->error) : UDE_OK;
}

static ude_status adjoint(const task *in) {
  ude_engine *engine = in->engine;
  int64_t     j      = in->cost->count - 1;
  double      t_bar  = 0;
  if (!engine->field->rhs.vjp) {
    return ude_fail(in->error, UDE_UNSUPPORTED, "the adjoint needs rhs.vjp, which the model lacks");
  }
  ude_status status = ude_engine_prepare(engine, 0, in->error);
  status            = status ? status : end_cotangent(in, engine->lambda, &t_bar);
  if (engine->moves) {
    ude_moving_begin_transpose(engine->moving, t_bar);
  }
  for (int64_t step = engine->trace.steps - 1; step >= 0 && status == UDE_OK; step--) {
    status = step_back(in, step, &j, engine->lambda);
  }
  if (engine->moves && status == UDE_OK) {
    status = start_back(in, engine->lambda);
  }
  for (; j >= 0 && status == UDE_OK; j--) { /* at t0 */
    status = cost_cotangent(in, j, engine->w);
    add(engine->n, 1, engine->w, engine->lambda);
  }
  return status ? status
                : ude_engine_initial_transpose(engine, in->p, engine->lambda, in->p_bar, in->error);
}

/* --------------------------------------------------------------------- continuous adjoints -- */

static ude_status jump(int64_t j, double *w, void *context) {
  return cost_cotangent(context, j, w);
}

/* lambda of the end to that of the start. */
static ude_status continuous_adjoint(task *in) {
  double     t_bar  = 0; /* the end stays where it is */
  ude_status status = end_cotangent(in, in->engine->lambda, &t_bar);
  return status ? status
                : ude_continuous_adjoint(in->s, in->engine, in->p, in->t0, in->t1, in->cost->times,
                                         in->cost->count, jump, in, in->engine->lambda, in->p_bar,
                                         in->error);
}

/* Solves, too. */
static ude_status continuous_forward(const task *in, const double *u0, double *u0_bar,
                                     ude_solve_result *result) {
  ude_engine *engine  = in->engine;
  int64_t     n       = engine->n;
  int64_t     states  = u0_bar ? in->s->field->state.count : 0;
  int64_t     params  = in->p_bar ? engine->np : 0;
  int64_t     columns = states + params;
  int64_t     count   = in->cost->count;
  double     *u_dot   = ude_calloc((size_t)count + 1, (size_t)(n * columns) * sizeof *u_dot);
  if (!u_dot) {
    return ude_fail_memory(in->error, "forward sensitivities");
  }
  memcpy(engine->w, u0, (size_t)in->s->field->state.count * sizeof *u0);
  if (in->cost->running) {
    engine->w[in->s->field->state.count] = 0;
  }
  ude_solve_options solve = in->s->options.solve;
  if (solve.atol_vector) {
    solve.atol_vector = ude_integrator_setting(engine->integrator)->atol;
  }
  ude_status status =
      ude_engine_continuous_forward(engine, &solve, engine->w, in->p, states, params, in->t0,
                                    in->t1, in->cost->times, count, u_dot, result, in->error);
  double t_bar = 0; /* the end stays where it is */
  memset(u0_bar ? u0_bar : engine->w, 0, (size_t)(u0_bar ? states : n) * sizeof *u0_bar);
  for (int64_t i = 0; i <= count && status == UDE_OK; i++) {
    status = i < count ? cost_cotangent(in, i, engine->w) : end_cotangent(in, engine->w, &t_bar);
    for (int64_t c = 0; c < columns && status == UDE_OK; c++) {
      const double *column = u_dot + (i * columns + c) * n;
      double       *to     = c < states ? &u0_bar[c] : &in->p_bar[c - states];
      for (int64_t l = 0; l < n; l++) {
        *to += engine->w[l] * column[l];
      }
    }
  }
  free(u_dot);
  return status;
}

/* -------------------------------------------------------------------------------- forward -- */

/** Gradient by directions: the cotangents of all data times, then the tangents against them. */
typedef struct contraction {
  const double     *w; /**< [count + 1][n], the last row for the end state */
  int64_t           n, width, count;
  double           *gradient; /**< [directions] */
  const ude_moving *moving;   /**< NULL: the end does not move */
  double            t_bar;    /**< of the end */
} contraction;

static void contract(int64_t index, int64_t first, int64_t lanes, const double *u_dot,
                     void *context) {
  const contraction *to = context;
  const double      *w  = to->w + index * to->n;
  for (int64_t lane = 0; to->moving && index == to->count && lane < lanes; lane++) {
    to->gradient[first + lane] += to->t_bar * to->moving->t_dot[lane];
  }
  for (int64_t i = 0; i < to->n; i++) {
    for (int64_t lane = 0; lane < lanes; lane++) {
      to->gradient[first + lane] += w[i] * u_dot[i * to->width + lane];
    }
  }
}

/* Identity seeds: the first `n` directions are u0, then the parameters. */
static ude_status forward(const task *in, double *u0_bar) {
  ude_engine *engine     = in->engine;
  int64_t     states     = u0_bar ? in->s->field->state.count : 0;
  int64_t     params     = in->p_bar ? engine->np : 0;
  int64_t     spans      = in->cost->t0_bar || in->cost->t1_bar ? 2 : 0;
  int64_t     directions = states + params + spans;
  double      t_bar      = 0;
  int64_t     count      = in->cost->count;
  double     *w          = ude_calloc((size_t)count + 1, (size_t)engine->n * sizeof *w);
  double     *gradient   = ude_calloc((size_t)directions, sizeof *gradient);
  double     *u0_dot     = ude_calloc((size_t)(engine->n * directions), sizeof *u0_dot);
  double     *p_dot      = ude_calloc((size_t)(engine->np * directions), sizeof *p_dot);
  double     *span_dot   = ude_calloc((size_t)directions, 2 * sizeof *span_dot);
  ude_status  status     = w && gradient && u0_dot && p_dot && span_dot
                               ? UDE_OK
                               : ude_fail_memory(in->error, "forward sensitivities");
  for (int64_t j = 0; j < count && status == UDE_OK; j++) {
    status = cost_cotangent(in, j, w + j * engine->n);
  }
  if (status == UDE_OK) {
    status = end_cotangent(in, w + count * engine->n, &t_bar);
  }
  if (status == UDE_OK) {
    for (int64_t i = 0; i < states; i++) {
      u0_dot[i * directions + i] = 1;
    }
    for (int64_t i = 0; i < params; i++) {
      p_dot[i * directions + states + i] = 1;
    }
    for (int64_t i = 0; i < spans; i++) {
      span_dot[i * directions + states + params + i] = 1;
    }
    contraction to = {
        w, engine->n, engine->width, count, gradient, engine->moves ? engine->moving : NULL, t_bar};
    engine->estimate_gradient = gradient;
    status =
        ude_engine_moving_tangents(engine, u0_dot, in->p, params ? p_dot : NULL,
                                   spans ? span_dot : NULL, spans ? span_dot + directions : NULL,
                                   directions, in->cost->times, count, contract, &to, in->error);
  }
  if (status == UDE_OK) {
    for (int64_t i = 0; i < states; i++) {
      u0_bar[i] = gradient[i];
    }
    for (int64_t i = 0; i < params; i++) {
      in->p_bar[i] += gradient[states + i];
    }
    if (in->cost->t0_bar) {
      *in->cost->t0_bar = gradient[states + params];
    }
    if (in->cost->t1_bar) {
      *in->cost->t1_bar = gradient[states + params + 1];
    }
  }
  free(w);
  free(gradient);
  free(u0_dot);
  free(p_dot);
  free(span_dot);
  return status;
}

/* ------------------------------------------------------------------------------- gradient -- */

/* An event at the very end of a span whose end moves: before, it has happened, behind, it has not. */
static ude_status check_end(const task *in) {
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
static ude_status derivatives(task *in, double *u0_bar, double *estimates) {
  ude_engine *engine   = in->engine;
  bool        tangents = engine->method == UDE_SENSITIVITY_FORWARD;
  bool        times    = in->cost->t0_bar || in->cost->t1_bar;
  ude_status  status   = UDE_OK;
  engine->estimating   = false;
  if (!is_continuous_adjoint(engine->method)) {
    status = ude_engine_move(engine, in->p, times, tangents, in->error);
    status = status ? status : check_end(in);
    in->t1 = engine->trace.t_end; /* a terminal event may have been first */
  }
  if (status == UDE_OK && in->cost->estimates != 0) {
    status = refuse_estimates(engine, in->cost, in->error);
    status = status ? status : ude_engine_prepare(engine, tangents ? engine->width : 0, in->error);
    status = status ? status : ude_estimates_begin(engine, in->cost, in->p, estimates, in->error);
  }
  if (status) {
    return status;
  }
  if (tangents) {
    return forward(in, u0_bar);
  }
  status = is_continuous_adjoint(engine->method) ? continuous_adjoint(in) : adjoint(in);
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
  ude_status  status = pick_engine(sensitivity, cost, &engine, error);
  if (status) {
    return status;
  }
  ude_sensitivity_choose(sensitivity, engine, u0_bar != NULL, p_bar != NULL);
  int64_t n         = sensitivity->field->state.count;
  task    in        = {sensitivity, engine, p, t0, t1, cost, p_bar, error};
  double  estimates = 0;
  status            = check_method(engine, cost, error);
  if (p_bar) {
    memset(p_bar, 0, (size_t)engine->np * sizeof *p_bar);
  }
  if (status == UDE_OK && engine->method == UDE_SENSITIVITY_FORWARD_CONTINUOUS) {
    status = continuous_forward(&in, u0, u0_bar, result);
  } else if (status == UDE_OK) {
    status = solve(sensitivity, engine, u0, p, t0, t1, cost, result, error);
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
    status = end_value(sensitivity, engine, p, in.t1, cost, value, error);
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
