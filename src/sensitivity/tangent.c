/* Forward sensitivities: the recorded steps again, with tangents. */
#include <stdlib.h>
#include <string.h>

#include "sensitivity/estimates.h"

static ude_status reserve(ude_engine *engine, ude_error *error) {
  if (!engine->u_dot) {
    size_t block    = (size_t)engine->n * (size_t)engine->width;
    engine->end_dot = engine->end_dot ? engine->end_dot : ude_calloc(block, sizeof(double));
    engine->at_dot  = engine->at_dot ? engine->at_dot : ude_calloc(block, sizeof(double));
    engine->seed_p  = engine->seed_p
                          ? engine->seed_p
                          : ude_calloc((size_t)engine->np * (size_t)engine->width, sizeof(double));
    engine->u_dot   = engine->at_dot && engine->end_dot && engine->seed_p
                          ? ude_calloc(block, sizeof(double))
                          : NULL;
    if (!engine->u_dot) {
      return ude_fail_memory(error, "tangents");
    }
  }
  return ude_engine_prepare(engine, engine->width, error);
}

/* Columns first..first+lanes-1 of [rows][directions] into [rows][width], the rest zero. */
static void take_block(int64_t rows, int64_t directions, const double *all, int64_t first,
                       int64_t lanes, int64_t width, double *block) {
  memset(block, 0, (size_t)(rows * width) * sizeof *block);
  for (int64_t i = 0; all && i < rows; i++) {
    for (int64_t lane = 0; lane < lanes; lane++) {
      block[i * width + lane] = all[i * directions + first + lane];
    }
  }
}

/** One block of directions through all steps. */
typedef struct replay {
  ude_engine    *engine;
  const double  *p, *p_dot, *times;
  int64_t        count, next, first, lanes;
  double         direction;
  ude_tangent_fn visit;
  void          *context;
} replay;

/* Data times of step i; theta_dot: the times do not move where the step does. */
static int visit_data(replay *r, int64_t i, const ude_method *method, void *work, ude_step *step,
                      const ude_tangent *tangent) {
  ude_engine *engine = r->engine;
  double      reach  = engine->moves ? ude_moving_reach(&engine->trace, i) : step->t_next;
  int         code   = 0;
  while (code == 0 && r->next < r->count && r->direction * (r->times[r->next] - reach) <= 0) {
    double theta      = ude_step_theta(step->t, step->t_next, step->h, r->times[r->next]);
    bool   inside     = theta < 1 || engine->moves;
    theta             = engine->moves ? ude_moving_inside(theta) : theta;
    const double *dot = inside ? engine->at_dot : engine->end_dot;
    if (inside) {
      const double *theta_dot =
          engine->moves ? ude_moving_theta_tangent(engine->moving, step, theta) : NULL;
      code = method->tangent_dense(work, step, tangent, theta, theta_dot, engine->at_dot);
    }
    if (code == 0) {
      r->visit(r->next++, r->first, r->lanes, dot, r->context);
    }
  }
  return code;
}

static int replay_step(replay *r, int64_t i, int64_t *event) {
  ude_engine   *engine = r->engine;
  ude_step      step;
  void         *work = NULL;
  const double *u    = ude_engine_state(engine, r->p, i); /* the adjoint's, too */
  if (!u) {
    return -1;
  }
  const ude_method *method  = ude_engine_step(engine, i, u, r->p, &step, &work);
  size_t            block   = (size_t)(engine->n * engine->width);
  ude_tangent       tangent = {.width     = engine->width,
                               .u_dot     = engine->u_dot,
                               .p_dot     = r->p_dot,
                               .u_new_dot = engine->end_dot};
  step.tangents             = true;
  if (engine->estimating) {
    ude_estimates_tangent(engine, i, &step, &tangent);
  }
  if (engine->moves) {
    ude_moving_step_tangent(engine->moving, &engine->trace, i, method, &step, r->p_dot, &tangent);
  }
  int code = method->replay(work, &step);
  code     = code ? code : method->tangent(work, &step, &tangent);
  code     = code ? code : visit_data(r, i, method, work, &step, &tangent);
  if (engine->moves && code == 0) {
    ude_moving *m = engine->moving;
    code = ude_moving_values(m, &engine->trace, i, method, work, &step, r->p, engine->u_new);
    if (code == 0) {
      code = ude_moving_cross_tangent(m, &engine->trace, i, method, work, &step, &tangent, r->p,
                                      r->p_dot, engine->end_dot, event);
    }
  }
  if (code == 0 && engine->estimating) {
    ude_estimates_contract(engine, i, method, &step, &tangent, r->first, r->lanes,
                           engine->estimate_gradient);
  }
  memcpy(engine->u_dot, engine->end_dot, block * sizeof *engine->u_dot);
  return code;
}

/* The tangents of the start, past the events that happen there. */
static ude_status replay_start(replay *r, const double *start_dot, const double *end_dot,
                               ude_error *error) {
  ude_engine *engine = r->engine;
  ude_moving *m      = engine->moving;
  int64_t     event  = -1;
  if (!engine->moves) {
    return UDE_OK;
  }
  int code = ude_moving_start_tangent(m, r->p, r->p_dot, start_dot, end_dot);
  if (engine->n > 0) {
    memcpy(engine->u_new, engine->u, (size_t)engine->n * sizeof *engine->u);
  }
  code =
      code ? code : ude_moving_values(m, &engine->trace, -1, NULL, NULL, NULL, r->p, engine->u_new);
  code = code ? code
              : ude_moving_cross_tangent(m, &engine->trace, -1, NULL, NULL, NULL, NULL, r->p,
                                         r->p_dot, engine->u_dot, &event);
  return code ? ude_engine_cross_failed(engine, code, event, engine->trace.t0, error) : UDE_OK;
}

static ude_status step_failed(const ude_engine *engine, int64_t step, int code, int64_t event,
                              ude_error *error) {
  if (engine->no_memory) {
    return ude_fail_memory(error, "the states between those that are stored");
  }
  if (event >= 0) {
    return ude_engine_cross_failed(engine, code, event, ude_moving_reach(&engine->trace, step),
                                   error);
  }
  return ude_fail(error, UDE_NUMERICAL,
                  "forward sensitivities: a derivative of the model failed at t = %.8g",
                  engine->trace.t[step]);
}

ude_status ude_engine_tangents(ude_engine *engine, const double *u0_dot, const double *p,
                               const double *p_dot, int64_t directions, const double *times,
                               int64_t count, ude_tangent_fn visit, void *context,
                               ude_error *error) {
  ude_status status = ude_engine_move(engine, p, false, true, error);
  return status ? status
                : ude_engine_moving_tangents(engine, u0_dot, p, p_dot, NULL, NULL, directions,
                                             times, count, visit, context, error);
}

ude_status ude_engine_moving_tangents(ude_engine *engine, const double *u0_dot, const double *p,
                                      const double *p_dot, const double *start_dot,
                                      const double *end_dot, int64_t directions,
                                      const double *times, int64_t count, ude_tangent_fn visit,
                                      void *context, ude_error *error) {
  if (directions > 0 && !engine->field->rhs.jvp && !engine->field->rhs.jvp_wide) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "forward sensitivities need rhs.jvp, which the model lacks");
  }
  ude_status status = directions > 0 ? reserve(engine, error) : UDE_OK;
  for (int64_t first = 0; first < directions && status == UDE_OK; first += engine->width) {
    int64_t left  = directions - first;
    replay  block = {.engine    = engine,
                     .p         = p,
                     .p_dot     = p_dot ? engine->seed_p : NULL,
                     .times     = times,
                     .count     = count,
                     .first     = first,
                     .lanes     = left < engine->width ? left : engine->width,
                     .direction = engine->trace.steps > 0 && engine->trace.h[0] < 0 ? -1 : 1,
                     .visit     = visit,
                     .context   = context};
    take_block(engine->n, directions, u0_dot, first, block.lanes, engine->width, engine->u_dot);
    take_block(engine->np, directions, p_dot, first, block.lanes, engine->width, engine->seed_p);
    status = ude_engine_initial_tangent(engine, p, block.p_dot, engine->u_dot, error);
    if (status) {
      return status;
    }
    double t0 = engine->trace.t0;
    while (block.next < count && times[block.next] == t0) {
      visit(block.next++, first, block.lanes, engine->u_dot, context);
    }
    if (start_dot || end_dot) {
      take_block(1, directions, start_dot, first, block.lanes, engine->width,
                 engine->moving->theta_dot);
      take_block(1, directions, end_dot, first, block.lanes, engine->width, engine->moving->h_dot);
      status = replay_start(&block, engine->moving->theta_dot, engine->moving->h_dot, error);
    } else {
      status = replay_start(&block, NULL, NULL, error);
    }
    for (int64_t step = 0; step < engine->trace.steps && status == UDE_OK; step++) {
      int64_t event = -1;
      int     code  = replay_step(&block, step, &event);
      if (code) {
        status = step_failed(engine, step, code, event, error);
      }
    }
    if (status == UDE_OK) {
      visit(count, first, block.lanes, engine->u_dot, context);
    }
  }
  return status;
}

/** Where the tangents of a public call go. */
typedef struct visitor {
  const ude_engine    *engine;
  int64_t              count;
  ude_forward_visit_fn visit;
  void                *context;
} visitor;

static void hand_over(int64_t index, int64_t first, int64_t lanes, const double *u_dot,
                      void *context) {
  const visitor *to = context;
  if (index < to->count) { /* the end state was not asked for */
    to->visit(index, first, lanes, to->engine->width, to->engine->u_at + index * to->engine->n,
              u_dot, to->context);
  }
}

ude_status ude_forward_visit(ude_sensitivity *sensitivity, const double *u0, const double *u0_dot,
                             const double *p, const double *p_dot, int64_t directions, double t0,
                             double t1, const double *times, int64_t count, double *u_at,
                             ude_forward_visit_fn visit, void *context, ude_solve_result *result,
                             ude_error *error) {
  ude_engine *engine = &sensitivity->plain;
  ude_status  status = ude_engine_solve(engine, u0, p, t0, t1, times, count, result, error);
  engine->estimating = false;
  if (status) {
    return status;
  }
  if (count > 0) {
    memcpy(u_at, engine->u_at, (size_t)(count * engine->n) * sizeof *u_at);
  }
  visitor to = {engine, count, visit, context};
  return ude_engine_tangents(engine, u0_dot, p, p_dot, directions, times, count, hand_over, &to,
                             error);
}

/** Where ude_forward_sensitivities puts the tangents. */
typedef struct target {
  double *u_at_dot;
  int64_t n, directions;
} target;

static void put(int64_t index, int64_t first, int64_t lanes, int64_t width, const double *u,
                const double *u_dot, void *context) {
  (void)u;
  const target *to = context;
  for (int64_t i = 0; i < to->n; i++) {
    memcpy(to->u_at_dot + (index * to->n + i) * to->directions + first, u_dot + i * width,
           (size_t)lanes * sizeof *u_dot);
  }
}

ude_status ude_forward_sensitivities(ude_sensitivity *sensitivity, const double *u0,
                                     const double *u0_dot, const double *p, const double *p_dot,
                                     int64_t directions, double t0, double t1, const double *times,
                                     int64_t count, double *u_at, double *u_at_dot,
                                     ude_solve_result *result, ude_error *error) {
  target to = {u_at_dot, sensitivity->plain.n, directions};
  return ude_forward_visit(sensitivity, u0, u0_dot, p, p_dot, directions, t0, t1, times, count,
                           u_at, put, &to, result, error);
}
