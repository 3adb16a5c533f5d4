/** @file ahead_runtime.h
 *  @brief What exported functions of an object call. All return 0, or 1 where memory is short (or the order too high). */
#ifndef UDE_COMPILER_AHEAD_RUNTIME_H
#define UDE_COMPILER_AHEAD_RUNTIME_H

#include "compiler/entries.h"

int ude_ahead_jvp(ude_flat_jvp jvp, const double *zeros, double *y, double *y_dot, const double *u,
                  const double *u_dot, const double *p, const double *p_dot, double t,
                  double t_dot);
int ude_ahead_vjp(ude_flat_vjp vjp, int64_t rows, int64_t columns, int64_t params, const double *u,
                  const double *p, double t, const double *y_bar, double *u_bar, double *p_bar,
                  double *t_bar);
int ude_ahead_jacobian(ude_flat_jvp wide, int64_t width, const double *zeros, int64_t rows,
                       int64_t columns, int64_t params, bool wrt_param, double *jacobian,
                       const double *u, const double *p, double t);
int ude_ahead_jet(ude_flat_value value, ude_jet_pass pass, int64_t rows, int64_t columns,
                  int64_t params, int order, double *y, const double *u, const double *p, double t);
int ude_ahead_taylor(ude_flat_value value, ude_jet_pass pass, int64_t rows, int64_t columns,
                     int64_t params, int order, double *series, const double *u, const double *p,
                     double t);

#endif
