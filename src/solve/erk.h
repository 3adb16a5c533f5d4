/**
 * @file erk.h
 * @brief Explicit Runge-Kutta pairs: coefficients as data, one set of kernels for all of them.
 */
#ifndef UDE_SOLVE_ERK_H
#define UDE_SOLVE_ERK_H

#include "solve/method.h"

/** Explicit Runge-Kutta pair with continuous extension, coefficients as data.
 *
 *  k_i = f(t + c_i h, u + h sum_{j<i} a_ij k_j);  u1 = u + h sum b_i k_i;
 *  e = h sum btilde_i k_i;  u(t + theta h) = u + h sum_i b_i(theta) k_i with
 *  b_i(theta) = sum_m r[i][m] theta^(m+1).
 *  Dense output may need further stages (Vern7: 6 more), computed only when asked for. */
typedef struct ude_erk_tableau {
  const char *name;
  int         order;          /**< of the propagated solution */
  int         embedded_order; /**< of the error estimate's companion; 0: none, fixed steps */
  int         dense_order;
  int         stages;       /**< stages of the step */
  int         dense_stages; /**< stages incl. those of the dense output, >= stages */
  int         dense_degree; /**< columns of r */
  bool        fsal;         /**< k_stages(t) = k_1(t+h): the last stage is the derivative at u1 */
  bool        dense_end;    /**< the first stage of the dense output is the derivative at u1 */
  int pair[2]; /**< two stages at the same time (c equal) for the stiffness estimate; equal: none */
  double        stability; /**< extent of the stability region on the negative real axis */
  const double *a;         /**< [dense_stages][dense_stages], strictly lower, row-major */
  const double *b;         /**< [stages] */
  const double *btilde;    /**< [stages], b - bhat */
  const double *
      btilde_low; /**< [stages] of a second, lower estimate (dop853: of order 3, beside 5), or NULL */
  const double *c; /**< [dense_stages] */
  const double *r; /**< [dense_stages][dense_degree] */
} ude_erk_tableau;

/** Row i of a. */
static inline const double *ude_erk_row(const ude_erk_tableau *tableau, int i) {
  return tableau->a + (ptrdiff_t)i * tableau->dense_stages;
}

/** The tableau of an explicit Runge-Kutta method of that name (as ude_method_find), NULL for all others. */
const ude_erk_tableau *ude_erk_find(const char *name, double rtol);

/** The functions of the family, for the table of methods. */
ude_status ude_erk_open(const ude_method *method, const ude_method_setting *setting, void **work,
                        ude_error *error);
void       ude_erk_close(void *work);
int        ude_erk_start(void *work, const ude_step *step, const double *f);
int        ude_erk_attempt(void *work, ude_step *step);
int        ude_erk_finish(void *work, ude_step *step);
void       ude_erk_accept(void *work, const ude_step *step);
int        ude_erk_dense(void *work, ude_step *step, double theta, double *out);
double     ude_erk_stiffness(void *work, const ude_step *step);
ude_status ude_erk_reserve(void *work, int64_t width, ude_error *error);
int        ude_erk_replay(void *work, ude_step *step);
ude_status ude_erk_estimates(void *work, bool error_estimate, bool stiffness_estimate,
                             ude_error *error);
int        ude_erk_tangent(void *work, ude_step *step, const ude_tangent *tangent);
int  ude_erk_tangent_dense(void *work, ude_step *step, const ude_tangent *tangent, double theta,
                           const double *theta_dot, double *out_dot);
void ude_erk_transpose_begin(void *work, bool times);
int  ude_erk_transpose_dense(void *work, ude_step *step, double theta, const double *out_bar,
                             double *theta_bar);
int  ude_erk_transpose(void *work, ude_step *step, const ude_cotangent *cotangent);

/** The workspace of the family. */
typedef struct ude_erk {
  const ude_erk_tableau  *tableau;
  const ude_vector_field *field;
  double                  rtol;
  const double           *atol;
  int64_t                 n;
  int                     ready;   /**< stages of the step that are known */
  double                 *k;       /**< [dense_stages + 1][n] */
  double                 *point;   /**< [n] */
  double                 *weights; /**< [dense_stages] */
  /* Derivatives, made by reserve. */
  int64_t width;
  int     ready_dot;
  double *k_dot;    /**< [dense_stages][n][width] */
  double *work_dot; /**< [n (1 + width) + width] */
  double *k_bar;    /**< [dense_stages][n] */
  double *u_bar;    /**< [n] cotangent of u collected so far */
  double *work_bar; /**< [2n] */
  bool    times;    /**< h_bar is wanted */
  bool    watched;  /**< replays are asked for the stiffness estimate */
  double  h_bar;    /**< collected so far */
  double *low;      /**< [n] second error estimate, where there is one */
  double *low_dot;  /**< [n][width] */
  double *low_bar;  /**< [3n] */
} ude_erk;

/** step->norm from the two estimates of dop853. */
void ude_erk_two_estimates(ude_erk *s, ude_step *step);
/** The tangent of that norm, from the tangents of both estimates and both states (error_dot, u_new_dot are there already); its
 *  transpose, which adds to the cotangents of the stages and of u. */
void ude_erk_norm_tangent(ude_erk *s, const ude_step *step, const ude_tangent *tangent);
void ude_erk_norm_transpose(ude_erk *s, const ude_step *step, double norm_bar);
/** dst_i += h weights_i bar over the stages; with `times` h_bar, too. */
void ude_erk_spread(ude_erk *s, double h, const double *weights, int count, const double *bar);

/* ------------------------------------------------------------------------------- kernels -- */

/** b_i(theta): weights double[dense_stages]; returns the number of stages that are needed (stages
 *  or dense_stages). At theta = 1 the weights are b exactly, at 0 zero. */
int ude_erk_dense_weights(const ude_erk_tableau *tableau, double theta, double *weights);
/** b_i'(theta): weights double[dense_stages]. */
void ude_erk_dense_slopes(const ude_erk_tableau *tableau, double theta, double *weights);

/** Stages first..last-1 of a step from (t, u) of size h. k: double[dense_stages][n]; stages below `first`
 *  are already there. work: double[n]. Returns the callback's code. */
int ude_erk_stages(const ude_erk_tableau *tableau, const ude_vector_field *field, double t,
                   double h, const double *u, const double *p, int first, int last, double *k,
                   double *work);

/** out = u + h sum_i weights_i k_i over `count` stages; stages of weight 0 are not read. u NULL: zero. out may be u,
 *  and apart from that overlaps nothing. */
void ude_erk_combine(int64_t n, const double *u, double h, const double *weights, int count,
                     const double *k, double *out);

/** Tangent of ude_erk_stages with `width` directions:
 *  u_dot: double[n][width]; p_dot: double[np][width] or NULL; t_dot, h_dot: double[width] or NULL (zero);
 *  k_dot: double[dense_stages][n][width];
 *  width is 1 (uses rhs.jvp) or rhs.width (uses rhs.jvp_wide). work: double[n (1 + width) + width].
 *  Also (re)computes k. */
int ude_erk_stages_tangent(const ude_erk_tableau *tableau, const ude_vector_field *field, double t,
                           double h, const double *u, const double *u_dot, const double *p,
                           const double *p_dot, const double *t_dot, const double *h_dot,
                           int64_t width, int first, int last, double *k, double *k_dot,
                           double *work);

/** Transpose of ude_erk_stages: given the cotangents k_bar: double[last][n] of the
 *  stages (destroyed), adds to u_bar: double[n], p_bar: double[np] (may be NULL), *t_bar and *h_bar (may be NULL).
 *  k: double[>=last][n] the stages of the forward step. work: double[2n]. */
int ude_erk_stages_transpose(const ude_erk_tableau *tableau, const ude_vector_field *field,
                             double t, double h, const double *u, const double *p, int last,
                             const double *k, double *k_bar, double *u_bar, double *p_bar,
                             double *t_bar, double *h_bar, double *work);

#endif
