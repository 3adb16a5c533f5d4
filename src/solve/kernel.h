/**
 * @file kernel.h
 * @brief Steps specialised for one model: what the integration loop and a kernel tell each other.
 *
 * A kernel takes many steps of one method in one call. Its source (kernels/) is C over the model's flat functions; the compiler room
 * keeps it as LLVM bitcode and links it with a model's IR, with the dimension a constant, so that right-hand side, products and small
 * factorisations are inlined and nothing is called through a pointer. A kernel knows the plain course only: what it does not (a value
 * that is not finite, a singular matrix, the smallest step), it leaves to the method's own functions by returning before that
 * attempt. It uses the same formulas in the same order, so that who takes a step changes at most the rounding.
 */
#ifndef UDE_SOLVE_KERNEL_H
#define UDE_SOLVE_KERNEL_H

#include "solve/control.h"

/** Flat functions of a model as the compiler emits them: no context, no code. */
typedef void (*ude_kernel_value)(double *y, const double *u, const double *p, double t);
/** Tangents along n + 1 directions: arrays [..][n + 1]. */
typedef void (*ude_kernel_jvp)(double *y, double *y_dot, const double *u, const double *u_dot,
                               const double *p, const double *p_dot, double t, const double *t_dot);

/** How a march ended. */
enum {
  UDE_MARCH_BEFORE =
      0, /**< before an attempt: (t, h, u) and the first stage are as the next attempt needs them */
  UDE_MARCH_ACCEPTED =
      1 /**< the last step passed, and is not taken over yet: output, trace and `accept` are the loop's */
};

/** A march from (t, u): `steps` attempts passed and `rejected` did not. */
struct ude_march {
  /* Where the next attempt starts, its size > 0, and the controller: read and written. */
  double         t, h;
  ude_controller controller;
  double         tried; /**< |size| of the attempt before where that was rejected */
  /* Read. */
  double t1, direction, min_step, max_step; /**< max_step 0: none */
  double until; /**< the step that reaches this time is left to the loop to accept */
  int64_t
      attempts; /**< at most; the last that is allowed is left to the method, whose failures are explained */
  int64_t       accepts; /**< the step after so many is left to the loop to accept, > 0 */
  double        rtol;
  const double *atol, *p;
  /* `auto`: counts as ude_auto_should_switch does; the step that would change the method is left to the loop to accept. */
  bool watched; /**< explicit: count steps near the border of stability */
  double
      *mode; /**< implicit: [n] direction of the power iteration, count calm steps; NULL: do not */
  double
      radius; /**< explicit: a lower bound of the radius, read. implicit: of the last step, written */
  double stability;   /**< of the explicit method */
  int    stiff_steps; /**< or calm ones: read and written */
  int    patience;    /**< implicit: calm steps to change the method at */
  /* Arrays of the loop and of the method's workspace. */
  double *u, *u_new, *error; /**< [n] */
  double *stages;            /**< [..][n] as the method keeps them */
  /* Written. */
  double  step, t_next, norm; /**< of the last attempt */
  int64_t steps, rejected, rhs_calls, jacobians, factorisations, solves;
  int     ready; /**< explicit: stages of the last step that are known */
};

/** The kernel of a field for a method, or NULL. */
const ude_kernel *ude_kernel_find(const ude_vector_field *field, const ude_method *method);

#endif
