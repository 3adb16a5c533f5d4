/**
 * @file radau.h
 * @brief Radau IIA of order 5: three coupled stages, one real and one complex factorisation.
 */
#ifndef UDE_SOLVE_RADAU_H
#define UDE_SOLVE_RADAU_H

#include "solve/control.h"
#include "solve/stiff.h"

enum { UDE_RADAU_STAGES = 3 };

/** Coefficients: c, the inverse of A, its eigenvalues real and alpha +- i beta, and T with T^-1 A^-1 T = (real, [alpha -beta; beta
 *  alpha]) (Hairer, Wanner II, IV.8; the numbers of their code). */
extern const double ude_radau_c[3], ude_radau_inverse[3][3], ude_radau_t[3][3],
    ude_radau_t_inverse[3][3];
extern const double ude_radau_real, ude_radau_alpha, ude_radau_beta;

/** z_i = u_i - u: M sum_j (A^-1)_ij z_j / h = f(t + c_i h, u + z_i); u1 = u + z_3. */
typedef struct ude_radau {
  ude_stiff stiff;
  double   *z;     /**< [3][n] */
  double   *old_z; /**< [3][n] of the last accepted step, to extrapolate */
  double   *f;     /**< [3][n] */
  double   *work;  /**< [3][n] */
  double   *start; /**< [n] f(t, u) */
  double    old_h, rate, h_factored;
  bool      has_old, has_start, fresh, first_or_rejected;
  bool   twice; /**< the error estimate took the second pass (first step, and after a rejection) */
  bool   prepared; /**< the linearised stages of the replay are factorised */
  double rtol;
  const double *atol;
  /* Derivatives: the linearised stages as one system, made when first needed. */
  ude_linear   *coupled;
  double       *coupled_matrix; /**< [3n][3n] row by row where it is factorised, else NULL */
  double       *products;       /**< [3][n] */
  const double *u, *p;          /**< of the replay */
  double        t, h;
} ude_radau;

ude_status ude_radau_open(ude_radau *s, const ude_vector_field *field, double rtol,
                          const double *atol, ude_error *error);
void       ude_radau_close(ude_radau *s);

/** Weights of the z_i in u(t + theta h) - u: double[3]; the collocation polynomial, of order 3. */
void ude_radau_weights(double theta, double *weights);

/** As ude_sdirk_try and the others. */
int ude_radau_try(ude_radau *s, double t, double h, const double *u, const double *p, double *u_new,
                  double *error);
void ude_radau_accept(ude_radau *s, double h);
void ude_radau_reject(ude_radau *s);
void ude_radau_restart(ude_radau *s);
int  ude_radau_replay(ude_radau *s, double t, double h, const double *u, const double *p,
                      double *u_new);

/** Workspace of derivatives. */
ude_status ude_radau_reserve(ude_radau *s, ude_error *error);
/** Solve the linearised stages at the last replay, or their transpose, in place: x: double[3][n]. prepare: factorise once for a step. */
int ude_radau_prepare(ude_radau *s);
int ude_radau_solve(ude_radau *s, bool transposed, double *x);

/** Tangents of z: z_dot: double[3][n][width], u_dot: double[n][width]; after replay and prepare. */
int ude_radau_tangent(ude_radau *s, const double *u_dot, const double *p_dot, int64_t width,
                      double *z_dot);
/** Transpose: z_bar: double[3][n], destroyed; adds to u_bar and p_bar. */
int ude_radau_transpose(ude_radau *s, double *z_bar, double *u_bar, double *p_bar);

/** The error estimate of the last replay, with the second pass if `twice`, and its derivatives: z_dot, z_bar as above (z_bar is
 *  added to); work: as ude_implicit_damped gives. Forgets the linearised stages. */
int ude_radau_error(ude_radau *s, double *error);
int ude_radau_error_tangent(ude_radau *s, const double *u_dot, const double *p_dot, int64_t width,
                            const double *z_dot, double *error_dot, double *work);
int ude_radau_error_transpose(ude_radau *s, const double *error_bar, double *z_bar, double *u_bar,
                              double *p_bar, double *work);
extern const double ude_radau_error_weights[3];

/* P = A^-1 / h x M - I x J of the simplified Newton iteration: factors, and x = P^-1 x or P^-T x for x: double[3][n]. */
int ude_radau_factor(ude_radau *s, double h);
int ude_radau_precondition(ude_radau *s, bool transposed, double *x);

#endif
