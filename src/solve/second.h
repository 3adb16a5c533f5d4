/**
 * @file second.h
 * @brief Second derivatives of the right-hand side in the tangents of implicit steps, and solves whose matrix moves with the state.
 */
#ifndef UDE_SOLVE_SECOND_H
#define UDE_SOLVE_SECOND_H

#include "solve/stiff.h"

/** out_i += d/d(u, p) [J(t, u, p) x_i + time_i f_t] (u', p') for i < count, by Hessian-vector products row by row.
 *  u_dot: double[n][width]; p_dot: double[np][width] or NULL; x: double[count][n]; times: double[count] or NULL (zero); out:
 *  double[count][n][width]. work: ude_second_work doubles. Returns the callback's code. */
int    ude_second_add(const ude_map *map, int64_t n, int64_t np, double t, const double *u,
                      const double *u_dot, const double *p, const double *p_dot, int64_t width,
                      int count, const double *x, const double *times, double *out, double *work);
size_t ude_second_work(int64_t n, int64_t np, int64_t width);

/** x with (alpha M - J(t, u, p)) x = b for the factors that `stiff` holds; tangents b_dot: double[n][width] become those of x.
 *  A callback's code or UDE_STEP_NOT_SOLVED. */
int ude_damped_tangent(ude_stiff *stiff, double t, const double *u, const double *u_dot,
                       const double *p, const double *p_dot, int64_t width, const double *x,
                       double *b_dot, double *work);
/** The transpose: the cotangent of x becomes that of b; adds to u_bar and p_bar (may be NULL). */
int ude_damped_transpose(ude_stiff *stiff, double t, const double *u, const double *p,
                         const double *x, double *bar, double *u_bar, double *p_bar);

/** Can error estimates that pass through a factorised Jacobian be differentiated? */
ude_status ude_damped_can_differentiate(const ude_map *map, const char *name, ude_error *error);

enum { UDE_RADIUS_STEPS = 12 };

/** The dominant eigenvalue of M^-1 J at a point by a fixed number of power iterations from a fixed direction, so that it depends on
 *  the point alone, and its derivative. */
typedef struct ude_radius {
  const ude_map *map;
  const double  *mass; /**< [n] or NULL */
  int64_t        n, np;
  double        *v;           /**< [UDE_RADIUS_STEPS + 1][n] directions */
  double        *y, *bar;     /**< [n] work */
  double        *by_u, *by_p; /**< [n], [np] gradient */
  double         size[1 + UDE_RADIUS_STEPS];
} ude_radius;

/** UDE_UNSUPPORTED without rhs.jvp, rhs.vjp and rhs.hvp. */
ude_status ude_radius_open(ude_radius *radius, const ude_vector_field *field, ude_error *error);
void       ude_radius_close(ude_radius *radius);
/** NAN if a callback fails. */
double ude_radius_value(ude_radius *radius, double t, const double *u, const double *p);
/** by_u, by_p: the gradient at the point of the last value. Returns the callback's code. */
int ude_radius_gradient(ude_radius *radius, double t, const double *u, const double *p);

#endif
