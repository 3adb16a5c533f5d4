/**
 * @file sdirk.h
 * @brief Stiffly accurate diagonally implicit Runge-Kutta methods with an explicit first stage, also implicit-explicit.
 */
#ifndef UDE_SOLVE_SDIRK_H
#define UDE_SOLVE_SDIRK_H

#include "solve/control.h"
#include "solve/stiff.h"

/** With z_i = h f(t + c_i h, u_i) (0 in the rows of a zero mass), u_1 = u and w_i the same of the explicit part:
 *
 *  M u_i = M u + sum_{j<=i} a_ij z_j + M sum_{j<i} x_ij w_j;   u1 = u_s + sum (b_j - x_sj) w_j
 *  M e = sum btilde_i (z_i + M w_i);   u(t + theta h) = u + sum_i v_i(theta) (u_i - u), v_i(theta) = sum_m v[i][m] theta^(m+1).
 *
 *  The continuous extension combines the states of the stages and not their derivatives, which an error of u in a fast component would
 *  blow up; its weights satisfy the conditions of its order for stages of order 2. */
typedef struct ude_sdirk_tableau {
  const char   *name;
  int           order, embedded_order, dense_order, stages, dense_degree;
  double        gamma;
  const double *a;      /**< [stages][stages], a_11 = 0, then gamma on the diagonal */
  const double *x;      /**< [stages][stages] of the explicit part, NULL: none */
  const double *b;      /**< [stages], the last row of a */
  const double *btilde; /**< [stages] */
  const double *c;      /**< [stages] */
  const double *v;      /**< [stages][dense_degree] */
} ude_sdirk_tableau;

enum { UDE_SDIRK_MOST_STAGES = 8 };

extern const ude_sdirk_tableau ude_trbdf2, ude_kencarp4;

/** A step: stages, and what the Newton iterations remember between steps. */
typedef struct ude_sdirk {
  const ude_sdirk_tableau *tableau;
  ude_stiff                stiff;
  const ude_map           *explicit_part; /**< NULL: none */
  double                  *state;         /**< [stages][n] u_i */
  double                  *z;             /**< [stages][n] */
  double                  *w;             /**< [stages][n] or NULL */
  double                  *r, *delta, *f; /**< [n] */
  double *first; /**< [n] derivative (times M) at the start of the step, from the step before it */
  bool    has_first;
  bool    fresh; /**< the Jacobian is that of the step's start */
  double  rate;  /**< last ratio of Newton corrections */
  double  rtol;
  const double *atol;
} ude_sdirk;

ude_status ude_sdirk_open(ude_sdirk *s, const ude_sdirk_tableau *tableau,
                          const ude_vector_field *field, double rtol, const double *atol,
                          ude_error *error);
void       ude_sdirk_close(ude_sdirk *s);

/** Weights of the u_i: double[stages]; their sum is 1. */
void ude_sdirk_weights(const ude_sdirk_tableau *tableau, double theta, double *weights);

/** A step to the accuracy that the tolerances ask for: u_new and the error estimate. A callback's code or UDE_STEP_NOT_SOLVED. */
int ude_sdirk_try(ude_sdirk *s, double t, double h, const double *u, const double *p, double *u_new,
                  double *error);
/** The step was accepted, with size h: its last stage starts the next one. */
void ude_sdirk_accept(ude_sdirk *s, double h);
/** Forget the past: a new start. */
void ude_sdirk_restart(ude_sdirk *s);
/** The same stages solved to rounding from (t, h, u) alone. */
int ude_sdirk_replay(ude_sdirk *s, double t, double h, const double *u, const double *p,
                     double *u_new);

/** Tangents of the stages of the last replay, by the implicit function theorem: with r_i as above,
 *      (M / (gamma h) - J_i) u'_i = r'_i / (gamma h) + f_p p',  z'_i = (M u'_i - r'_i) / gamma.
 *  u_dot: double[n][width]; p_dot: double[np][width] or NULL; width 1 or that of the field's products. state_dot, z_dot:
 *  double[stages][n][width]. Without an explicit part. */
int ude_sdirk_tangent(ude_sdirk *s, double t, double h, const double *u_dot, const double *p,
                      const double *p_dot, int64_t width, double *state_dot, double *z_dot);
/** Its transpose: from the cotangents of the stage states (double[stages][n], destroyed) and of the z_i (z_bar, as large,
 *  destroyed) adds to u_bar and p_bar (may be NULL). */
int ude_sdirk_transpose(ude_sdirk *s, double t, double h, const double *p, double *state_bar,
                        double *z_bar, double *u_bar, double *p_bar);

/** The error estimate of the last replay, damped with the Jacobian of the step's start, and its derivatives from those of the z_i:
 *  z_dot: double[stages][n][width]; z_bar: double[stages][n], added to as u_bar and p_bar are. work: as ude_implicit_damped gives. */
int ude_sdirk_error(ude_sdirk *s, double t, double h, const double *u, const double *p,
                    double *error);
int ude_sdirk_error_tangent(ude_sdirk *s, double t, double h, const double *u, const double *u_dot,
                            const double *p, const double *p_dot, int64_t width,
                            const double *z_dot, double *error_dot, double *work);
int ude_sdirk_error_transpose(ude_sdirk *s, double t, double h, const double *u, const double *p,
                              const double *error_bar, double *z_bar, double *u_bar, double *p_bar,
                              double *work);

#endif
