/**
 * @file gradient.h
 * @brief The parts of a cost and of its gradient: values and cotangents of the cost, the sweep back, the tangents.
 */
#ifndef UDE_SENSITIVITY_GRADIENT_H
#define UDE_SENSITIVITY_GRADIENT_H

#include "sensitivity/engine.h"

/** What the parts of one gradient pass around. */
typedef struct ude_gradient_task {
  ude_sensitivity *s;
  ude_engine      *engine;
  const double    *p;
  double           t0, t1;
  const ude_cost  *cost;
  double          *p_bar; /**< may be NULL */
  ude_error       *error;
} ude_gradient_task;

bool ude_is_continuous_adjoint(ude_sensitivity_method method);

/** The engine for a cost; makes the one with the running cost when it is first needed. */
ude_status ude_gradient_engine(ude_sensitivity *s, const ude_cost *cost, ude_engine **engine,
                               ude_error *error);
/** The given start into engine->w, a zero behind it where the running cost is a state. */
void       ude_gradient_start(const ude_sensitivity *s, ude_engine *engine, const ude_cost *cost,
                              const double *u0);
ude_status ude_gradient_solve(ude_sensitivity *s, ude_engine *engine, const double *u0,
                              const double *p, double t0, double t1, const ude_cost *cost,
                              ude_solve_result *result, ude_error *error);
/** Adds the terminal and the running part at the end state. */
ude_status ude_gradient_end_value(const ude_sensitivity *s, const ude_engine *engine,
                                  const double *p, double t1, const ude_cost *cost, double *value,
                                  ude_error *error);
/** The estimates are those of whole steps, which events cut and moving times stretch. */
ude_status ude_gradient_refuse_estimates(const ude_engine *engine, const ude_cost *cost,
                                         ude_error *error);

/** Cotangent of the end state from terminal and running cost into lambda: double[n]; adds to p_bar. */
ude_status ude_gradient_end_cotangent(const ude_gradient_task *in, double *lambda, double *t_bar);
/** Value of the cost at data time j into engine->values, its cotangent into w: double[n]; adds to p_bar. */
ude_status ude_gradient_cotangent(const ude_gradient_task *in, int64_t j, double *w);

/** Discrete adjoint of the recorded solve: engine->lambda becomes that of the given start. */
ude_status ude_gradient_adjoint(const ude_gradient_task *in);
/** Forward tangents of the recorded solve; u0_bar: double[n] of the model or NULL. */
ude_status ude_gradient_forward(const ude_gradient_task *in, double *u0_bar);
/** Sensitivity equations; solves, too. */
ude_status ude_gradient_continuous_forward(const ude_gradient_task *in, const double *u0,
                                           double *u0_bar, ude_solve_result *result);

#endif
