/**
 * @file consistent.h
 * @brief Consistent initial states of index-1 problems: the states of zero mass follow from the algebraic equations.
 */
#ifndef UDE_SOLVE_CONSISTENT_H
#define UDE_SOLVE_CONSISTENT_H

#include "solve/stiff.h"

/** Solve rhs_i(u, p, t) = 0 in the rows of zero mass for the states of these rows by damped Newton steps, the others held fixed (Brown,
 *  Hindmarsh, Petzold, SIAM J. Sci. Comput. 19 (1998) 1495, problem 1). u: double[n], changed; work: double[2 n]. Leaves the Jacobian of
 *  the last iterate behind, its differential rows zeroed. Returns a callback's code or UDE_STEP_NOT_SOLVED. */
int ude_consistent(ude_stiff *stiff, double t, double *u, const double *p, double rtol,
                   const double *atol, double *work);

/** Factors of the algebraic equations at a consistent (t, u), for the two functions below. */
int ude_consistent_factor(ude_stiff *stiff, double t, const double *u, const double *p);
/** u_dot: double[n][width]: the entries of zero mass are overwritten with the derivative of the consistent state along the others
 *  and p_dot. work: double[n (width + 1)]. */
int ude_consistent_tangent(ude_stiff *stiff, double t, const double *u, double *u_dot,
                           const double *p, const double *p_dot, int64_t width, double *work);
/** u_bar: double[n]: from the cotangent of the consistent state to that of the state given (zero where the mass is); adds to p_bar
 *  (may be NULL). work: double[n]. */
int ude_consistent_transpose(ude_stiff *stiff, double t, const double *u, const double *p,
                             double *u_bar, double *p_bar, double *work);

#endif
