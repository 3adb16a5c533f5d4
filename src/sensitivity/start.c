/* Derivatives of consistent initial states. */
#include <stdlib.h>
#include <string.h>

#include "sensitivity/engine.h"

/* Factors of the algebraic equations at the recorded start; *u is that start, NULL where there is no algebra. */
static ude_status open_start(ude_engine *engine, const double *p, const double **u, double *t,
                             ude_error *error) {
  const ude_vector_field *field    = engine->field;
  bool                    singular = false;
  *u                               = NULL;
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
  *u = engine->trace.steps > 0 ? engine->trace.u : engine->u_end;
  *t = engine->trace.steps > 0 ? engine->trace.t[0] : engine->trace.t_end;
  return ude_consistent_factor(&engine->algebra, *t, *u, p)
             ? ude_fail(error, UDE_NUMERICAL,
                        "the algebraic equations at the start cannot be differentiated: their "
                        "Jacobian is singular there")
             : UDE_OK;
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
