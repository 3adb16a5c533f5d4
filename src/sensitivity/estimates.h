/**
 * @file estimates.h
 * @brief The solver's own estimates as terms of a cost (ude_cost.estimate).
 */
#ifndef UDE_SENSITIVITY_ESTIMATES_H
#define UDE_SENSITIVITY_ESTIMATES_H

#include "sensitivity/engine.h"

struct ude_estimates {
  bool    has_error, has_stiffness;
  int64_t capacity;
  int64_t worst[UDE_ESTIMATE_MOST];             /**< step of the largest value of each term */
  double *by_error, *by_stiffness;              /**< [steps] derivative of the cost by E and by S */
  double *error, *error_bar, *u_bar;            /**< [n] */
  double *error_dot, *norm_dot, *stiffness_dot; /**< [n][width], [width], [width] */
};

void ude_estimates_free(ude_estimates *estimates);

/** Of the recorded solve, after ude_engine_prepare: the weighted sum of the terms into *value, and what the functions below need;
 *  engine->estimating says whether there are terms. */
ude_status ude_estimates_begin(ude_engine *engine, const ude_cost *cost, const double *p,
                               double *value, ude_error *error);

/** Around the transpose of step i, which was replayed with step->error = estimates->error: adds to lambda, the cotangent of its end,
 *  and fills in the cotangents of the estimates; afterwards adds what they give directly to the cotangent of its start. */
void ude_estimates_cotangent(ude_engine *engine, int64_t i, const ude_method *method,
                             const ude_step *step, double *lambda, ude_cotangent *cotangent);
void ude_estimates_cotangent_end(ude_engine *engine, double *lambda);
/** Before the replay and tangent of step i, and after: gradient[first + lane] of this block of directions gains the terms' part. */
void ude_estimates_tangent(ude_engine *engine, int64_t i, ude_step *step, ude_tangent *tangent);
void ude_estimates_contract(ude_engine *engine, int64_t i, const ude_method *method,
                            const ude_step *step, const ude_tangent *tangent, int64_t first,
                            int64_t lanes, double *gradient);

#endif
