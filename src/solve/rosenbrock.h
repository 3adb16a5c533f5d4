/**
 * @file rosenbrock.h
 * @brief Rosenbrock methods: one factorisation and a few solves a step, no iteration.
 */
#ifndef UDE_SOLVE_ROSENBROCK_H
#define UDE_SOLVE_ROSENBROCK_H

#include "solve/stiff.h"

/** In the variables that need no products with J (Hairer, Wanner, Solving Ordinary Differential Equations II, IV.7, (7.25)):
 *
 *  (M / (gamma h) - J) U_i = f(t + alpha_i h, u + sum_{j<i} a_ij U_j) + M sum_{j<i} c_ij / h U_j + h gamma_i f_t
 *  u1 = u + sum m_i U_i;  e = sum e_i U_i;
 *  u(t + theta h) = u + theta (u1 - u + (1 - theta) (D_1 + theta (D_2 + theta D_3))), D_l = sum_i d_li U_i. */
typedef struct ude_rosenbrock_tableau {
  const char   *name;
  int           order, embedded_order, dense_order, stages;
  int           dense_rows; /**< 1 to 3 */
  double        gamma;
  const double *a, *c;     /**< [stages][stages], strictly lower */
  const double *alpha;     /**< [stages], the first 0 */
  const double *gamma_sum; /**< [stages] */
  const double *m, *e;     /**< [stages] */
  const double *d;         /**< [dense_rows][stages] */
} ude_rosenbrock_tableau;

enum { UDE_ROSENBROCK_MOST_STAGES = 8 };

extern const ude_rosenbrock_tableau ude_rosenbrock23, ude_rodas4, ude_rodas5p;

/** Weights of the U_i in u(t + theta h) - u: double[stages]. */
void ude_rosenbrock_weights(const ude_rosenbrock_tableau *tableau, double theta, double *weights);

/** The stages of a step from (t, u), where `stiff` is linearised with f_t. stage: double[stages][n]; work: double[n].
 *  Returns a callback's code, or UDE_STEP_NOT_SOLVED. */
int ude_rosenbrock_stages(const ude_rosenbrock_tableau *tableau, ude_stiff *stiff, double t,
                          double h, const double *u, const double *p, double *stage, double *work);

/** Derivatives of the step as a map of u and p. W = M / (gamma h) - J moves with them, so that second derivatives of the right-hand side
 *  enter, by its hvp: UDE_UNSUPPORTED without it. Both follow ude_rosenbrock_stages at the same (t, h, u, p), whose stages and
 *  factors they use. */
ude_status ude_rosenbrock_can_differentiate(const ude_map *map, ude_error *error);
/** stage_dot: double[stages][n][width]; u_dot: double[n][width]; p_dot: double[np][width] or NULL; width 1 or that of the field's
 *  products. work: as many doubles as ude_rosenbrock_tangent_work says. */
int    ude_rosenbrock_tangent(const ude_rosenbrock_tableau *tableau, ude_stiff *stiff, double t,
                              double h, const double *u, const double *u_dot, const double *p,
                              const double *p_dot, int64_t width, const double *stage,
                              double *stage_dot, double *work);
size_t ude_rosenbrock_tangent_work(int64_t n, int64_t np, int64_t width);
/** stage_bar: double[stages][n] cotangents of the stages, destroyed; adds to u_bar and p_bar (may be NULL). work: double[2 n]. */
int ude_rosenbrock_transpose(const ude_rosenbrock_tableau *tableau, ude_stiff *stiff, double t,
                             double h, const double *u, const double *p, const double *stage,
                             double *stage_bar, double *u_bar, double *p_bar, double *work);

#endif
