/**
 * @file control.h
 * @brief Error norm, first step, PI step-size controller (shared by all one-step methods).
 */
#ifndef UDE_SOLVE_CONTROL_H
#define UDE_SOLVE_CONTROL_H

#include "solve/method.h"

/** sqrt(mean((e_i / (atol_i + max(|u_i|, |u_new_i|) rtol))^2)), 0 for an empty system. Not finite if an entry of
 *  e or u_new is not. atol: double[n]. */
double ude_error_norm(int64_t n, const double *e, const double *u, const double *u_new, double rtol,
                      const double *atol);
/** Tangents of that norm into norm_dot: double[width], from those of e, u and u_new: double[n][width] (NULL: zero); 0 where it is 0.
 *  Returns the norm. */
double ude_error_norm_tangent(int64_t n, const double *e, const double *e_dot, const double *u,
                              const double *u_dot, const double *u_new, const double *u_new_dot,
                              double rtol, const double *atol, int64_t width, double *norm_dot);
/** The transpose: adds to e_bar, u_bar, u_new_bar: double[n]. Returns the norm. */
double ude_error_norm_transpose(int64_t n, const double *e, const double *u, const double *u_new,
                                double rtol, const double *atol, double norm_bar, double *e_bar,
                                double *u_bar, double *u_new_bar);
/** The component with the largest term of that norm, or the first whose term is not finite; -1 if n is 0. */
int64_t ude_error_worst(int64_t n, const double *e, const double *u, const double *u_new,
                        double rtol, const double *atol);
/** Index of the first entry that is not finite, or -1. */
int64_t ude_first_not_finite(int64_t n, const double *x);
/** The smallest step that still moves t by a few units in the last place. */
double ude_smallest_step(double t);
/** Size of the first step (> 0), at most `limit`; one evaluation. point, f1: double[n] work. Returns
 *  the callback's fatal code. */
int ude_initial_step(const ude_vector_field *field, int order, double t0, double direction,
                     double limit, const double *u0, const double *f0, const double *p, double rtol,
                     const double *atol, double *point, double *f1, double *h);

/** PI controller (Gustafsson 1991) with exponents 7/(10 p) and 2/(5 p) for a method of order p. */
typedef struct ude_controller {
  double beta1, beta2;
  double previous; /**< logarithm of the last accepted error */
  bool   rejected;
} ude_controller;

void ude_controller_start(ude_controller *controller, int order);
/** The size to try after a step of size h > 0 with this error, accepted (error <= 1) or not. */
double ude_controller_accept(ude_controller *controller, double error, double h);
double ude_controller_reject(ude_controller *controller, double error, double h);

#endif
