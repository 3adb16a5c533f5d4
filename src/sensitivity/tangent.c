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

static int replay_step(replay *r, int64_t i) {
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
  int code = method->replay(work, &step);
  code     = code ? code : method->tangent(work, &step, &tangent);
  while (code == 0 && r->next < r->count && r->direction * (r->times[r->next] - step.t_next) <= 0) {
    double        theta = ude_step_theta(step.t, step.t_next, step.h, r->times[r->next]);
    const double *dot   = theta >= 1 ? engine->end_dot : engine->at_dot;
    if (theta < 1) {
      code = method->tangent_dense(work, &step, &tangent, theta, NULL, engine->at_dot);
    }
    if (code == 0) {
      r->visit(r->next++, r->first, r->lanes, dot, r->context);
    }
  }
  if (code == 0 && engine->estimating) {
    ude_estimates_contract(engine, i, method, &step, &tangent, r->first, r->lanes,
                           engine->estimate_gradient);
  }
  memcpy(engine->u_dot, engine->end_dot, block * sizeof *engine->u_dot);
  return code;
}

ude_status ude_engine_tangents(ude_engine *engine, const double *u0_dot, const double *p,
                               const double *p_dot, int64_t directions, const double *times,
                               int64_t count, ude_tangent_fn visit, void *context,
                               ude_error *error) {
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
    double t0 = engine->trace.steps > 0 ? engine->trace.t[0] : engine->trace.t_end;
    while (block.next < count && times[block.next] == t0) {
      visit(block.next++, first, block.lanes, engine->u_dot, context);
    }
    for (int64_t step = 0; step < engine->trace.steps && status == UDE_OK; step++) {
      if (replay_step(&block, step)) {
        status =
            engine->no_memory
                ? ude_fail_memory(error, "the states between those that are stored")
                : ude_fail(error, UDE_NUMERICAL,
                           "forward sensitivities: a derivative of the model failed at t = %.8g",
                           engine->trace.t[step]);
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
