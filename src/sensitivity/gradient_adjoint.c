/* The discrete adjoint: one sweep back over the recorded steps. */
#include <string.h>

#include "sensitivity/estimates.h"
#include "sensitivity/gradient.h"

static void add(int64_t n, double scale, const double *x, double *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] += scale * x[i];
  }
}

/* Data of step i. Times at the step's end come first, then lambda of the end is complete; those inside add to the stages. *j: last data
 * time not yet seen. */
static ude_status data_back(const ude_gradient_task *in, int64_t i, const ude_method *method,
                            void *work, ude_step *step, int64_t *j, double *lambda,
                            ude_moving_step *bar) {
  ude_engine *engine    = in->engine;
  double      direction = step->h < 0 ? -1 : 1;
  double      from      = engine->moves ? ude_moving_reach(&engine->trace, i - 1) : step->t;
  int         code      = 0;
  for (; *j >= 0 && direction * (in->cost->times[*j] - from) > 0 && code == 0; (*j)--) {
    ude_status status = ude_gradient_cotangent(in, *j, engine->w);
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
static ude_status events_back(const ude_gradient_task *in, int64_t i, const ude_method *method,
                              void *work, ude_step *step, double *lambda, ude_moving_step *bar) {
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
static int transpose_moving(const ude_gradient_task *in, int64_t i, const ude_method *method,
                            void *work, ude_step *step, double *lambda, ude_moving_step *bar) {
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
static ude_status step_back(const ude_gradient_task *in, int64_t i, int64_t *j, double *lambda) {
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
static ude_status start_back(const ude_gradient_task *in, double *lambda) {
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

ude_status ude_gradient_adjoint(const ude_gradient_task *in) {
  ude_engine *engine = in->engine;
  int64_t     j      = in->cost->count - 1;
  double      t_bar  = 0;
  if (!engine->field->rhs.vjp) {
    return ude_fail(in->error, UDE_UNSUPPORTED, "the adjoint needs rhs.vjp, which the model lacks");
  }
  ude_status status = ude_engine_prepare(engine, 0, in->error);
  status            = status ? status : ude_gradient_end_cotangent(in, engine->lambda, &t_bar);
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
    status = ude_gradient_cotangent(in, j, engine->w);
    add(engine->n, 1, engine->w, engine->lambda);
  }
  return status ? status
                : ude_engine_initial_transpose(engine, in->p, engine->lambda, in->p_bar, in->error);
}
