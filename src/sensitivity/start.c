/* Derivatives of consistent initial states. */
#include <stdlib.h>
#include <string.h>

#include "sensitivity/engine.h"

/* Factors of the algebraic equations at (t, u); *has: there are such equations. */
static ude_status factor(ude_engine *engine, double t, const double *u, const double *p, bool *has,
                         ude_error *error) {
  const ude_vector_field *field    = engine->field;
  bool                    singular = false;
  *has                             = false;
  for (int64_t i = 0; field->mass && i < engine->n; i++) {
    singular = singular || field->mass[i] == 0;
  }
  if (!singular) {
    return UDE_OK;
  }
  if (!engine->has_algebra) {
    ude_status status = ude_stiff_open(&engine->algebra, field, NULL, false, error);
    if (status) {
      return status;
    }
    engine->has_algebra = true;
  }
  *has = true;
  return ude_consistent_factor(&engine->algebra, t, u, p)
             ? ude_fail(error, UDE_NUMERICAL,
                        "the algebraic equations at t = %.8g cannot be differentiated: their "
                        "Jacobian is singular there",
                        t)
             : UDE_OK;
}

/* At the recorded start; *u is that start, NULL where there is no algebra. */
static ude_status open_start(ude_engine *engine, const double *p, const double **u, double *t,
                             ude_error *error) {
  bool          has   = false;
  const double *start = engine->trace.steps > 0 ? engine->trace.u : engine->u_end;
  *t                  = engine->trace.steps > 0 ? engine->trace.t[0] : engine->trace.t_end;
  ude_status status   = factor(engine, *t, start, p, &has, error);
  *u                  = has ? start : NULL;
  return status;
}

static ude_status finish(int code, double *work, ude_error *error) {
  free(work);
  return code ? ude_fail(error, UDE_NUMERICAL,
                         "the algebraic equations at the start cannot be differentiated")
              : UDE_OK;
}

ude_status ude_engine_initial_tangent(ude_engine *engine, const double *p, const double *p_dot,
                                      double *u_dot, ude_error *error) {
  const double *u      = NULL;
  double        t      = 0;
  ude_status    status = open_start(engine, p, &u, &t, error);
  if (status || !u) {
    return status;
  }
  double *work = ude_calloc((size_t)engine->n, (size_t)(engine->width + 1) * sizeof *work);
  if (!work) {
    return ude_fail_memory(error, "the tangents of the start");
  }
  return finish(
      ude_consistent_tangent(&engine->algebra, t, u, u_dot, p, p_dot, engine->width, work), work,
      error);
}

ude_status ude_engine_algebra_transpose(ude_engine *engine, double t, const double *u,
                                        const double *p, double *w, double *p_bar,
                                        ude_error *error) {
  bool       has    = false;
  ude_status status = factor(engine, t, u, p, &has, error);
  if (status || !has) {
    return status;
  }
  double *work = ude_calloc((size_t)engine->n, sizeof *work);
  if (!work) {
    return ude_fail_memory(error, "the cotangents of the algebraic states");
  }
  return finish(ude_consistent_transpose(&engine->algebra, t, u, p, w, p_bar, work), work, error);
}

ude_status ude_engine_initial_transpose(ude_engine *engine, const double *p, double *lambda,
                                        double *p_bar, ude_error *error) {
  const double *u      = NULL;
  double        t      = 0;
  ude_status    status = open_start(engine, p, &u, &t, error);
  if (status || !u) {
    return status;
  }
  double *work = ude_calloc((size_t)engine->n, sizeof *work);
  if (!work) {
    return ude_fail_memory(error, "the cotangents of the start");
  }
  return finish(ude_consistent_transpose(&engine->algebra, t, u, p, lambda, p_bar, work), work,
                error);
}
