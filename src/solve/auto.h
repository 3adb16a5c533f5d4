/**
 * @file auto.h
 * @brief The choice of methods: an explicit pair while it is stable at the steps that accuracy wants, else an implicit method.
 */
#ifndef UDE_SOLVE_AUTO_H
#define UDE_SOLVE_AUTO_H

#include "solve/method.h"

/** Relative tolerance where none is given. */
#define UDE_DEFAULT_RTOL 1e-6

/** Name of the explicit pair for this tolerance. */
const char *ude_auto_explicit(double rtol);
/** Name of the implicit method for this field and these tolerances. differentiable: only methods whose steps the field's products can
 *  differentiate. */
const char *ude_auto_implicit(const ude_vector_field *field, double rtol, bool differentiable);
/** A mass matrix other than ones: explicit methods are out. */
bool ude_auto_needs_implicit(const ude_vector_field *field);

/** Watches the steps of a solve. */
typedef struct ude_auto {
  bool   on;
  int    stiff_steps, calm_steps; /**< in a row, or nearly */
  int    returns;                 /**< to the explicit method */
  double radius;                  /**< by products with the Jacobian, 0: none yet */
} ude_auto;

/** After an accepted step of size |h|: should the other method take over? radius: method->stiffness, NAN: not known. */
bool ude_auto_should_switch(ude_auto *watch, const ude_method *method, double explicit_stability,
                            double h, double radius);

#endif
