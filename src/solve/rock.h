/**
 * @file rock.h
 * @brief Stabilised explicit Runge-Kutta methods ROCK2 and ROCK4: as many stages as the spectral radius asks for.
 *
 * With s stages of which the last q = 2 or 4 are others, m = s - q:
 *
 *     g_0 = u,  g_j = mu_j h f(g_{j-1}) + nu_j g_{j-1} + (1 - nu_j) g_{j-2}   j = 1..m,
 *     k_i = f(g_m + h sum_{l<i} a_il k_l)   i = 1..q,   u1 = g_m + h sum b_i k_i,   k_{q+1} = f(u1),
 *     e = h sum e_i k_i   over i = 1..q+1,
 *
 * stable for h times eigenvalues in [-length, 0], length about 0.81 s^2 and 0.35 s^2. Dense output is the cubic through states and
 * derivatives at both ends. Abdulle, Medovikov, Numer. Math. 90 (2001) 1; Abdulle, SIAM J. Sci. Comput. 23 (2002) 2041.
 */
#ifndef UDE_SOLVE_ROCK_H
#define UDE_SOLVE_ROCK_H

#include "solve/method.h"

enum {
  UDE_ROCK_MOST_STAGES = 200,
  UDE_ROCK_MOST_ROWS   = 64,
  UDE_ROCK_NUMBERS     = 21,
  UDE_ROCK_SEGMENT     = 16 /**< stages that a transpose keeps at once */
};

/** What is stored of a number of stages: length, then (A, B) s^2 of each square of w, -y0 s^2; for order 4 also a (6), b (4), e (5). What
 *  these are: tools/rock_coefficients.py. */
typedef struct ude_rock_row {
  int    stages;
  double numbers[UDE_ROCK_NUMBERS];
} ude_rock_row;

typedef struct ude_rock_table {
  const char         *name;
  int                 order, rows;
  const ude_rock_row *row; /**< [rows] ascending */
} ude_rock_table;

extern const ude_rock_table ude_rock2, ude_rock4;

/** The coefficients of a number of stages, from its row. */
typedef struct ude_rock_scheme {
  int    chain;                                          /**< m; 0: not computed yet */
  double length;                                         /**< of the stability interval */
  double mu[UDE_ROCK_MOST_STAGES],                       /**< [1..m] */
      nu[UDE_ROCK_MOST_STAGES], c[UDE_ROCK_MOST_STAGES]; /**< [0..m] times of g_j */
  double a[4][4], b[4], e[5], c_end[4];
} ude_rock_scheme;

void ude_rock_scheme_make(const ude_rock_table *table, int row, ude_rock_scheme *scheme);

/** The workspace. */
typedef struct ude_rock {
  const ude_rock_table   *table;
  const ude_vector_field *field;
  int64_t                 n;
  int                     q;       /**< stages at the end: the order */
  ude_rock_scheme        *schemes; /**< [rows] made when first needed */
  const ude_rock_scheme  *scheme;  /**< of the step tried or replayed */
  double                 *f;       /**< [n] derivative at u */
  double                 *ring;    /**< [3][n] of g_j */
  double                 *middle;  /**< [n] g_m */
  double                 *k;       /**< [q + 1][n]; the last at the end of the step */
  double                 *end;     /**< [n] u_new */
  bool                    has_end; /**< the last k is there */
  /* spectral radius */
  double  radius;
  bool    known;
  int     age;                  /**< accepted steps since it was looked at */
  double *mode, *image, *point; /**< [n] */
  /* tangents */
  int64_t width;
  double *f_dot, *ring_dot, *k_dot, *end_dot; /**< [n], [3][n], [q + 1][n], [n] times [width] */
  double *t_dot;                              /**< [width] */
  bool    has_end_dot;
  /* transposes */
  double *pairs;   /**< [segments][2][n] g_{j-1}, g_j at the start of each segment but the first */
  double *segment; /**< [2][UDE_ROCK_SEGMENT][n] g_j, f(g_j) */
  double *k_bar, *f_bar, *end_bar, *u_bar; /**< [q + 1][n], [n], [n], [n] */
  double *lambda;                          /**< [4][n] */
  bool    uses_end;                        /**< k_bar of the last k may be other than zero */
  double  h_bar;
} ude_rock;

/** Stages of the step, with `step->tag`; keeps what a transpose needs where there is room for it. The derivative at u is in f. */
int ude_rock_stages(ude_rock *s, ude_step *step);
/** The derivative at the end, if it is not there. */
int ude_rock_end(ude_rock *s, ude_step *step);
/** The error estimate from the k. */
void ude_rock_error(const ude_rock *s, double h, double *error);
/** The scheme of that row. */
const ude_rock_scheme *ude_rock_use(ude_rock *s, int row);
/** Next stage of the chain: out = mu h f + nu now + (1 - nu) before; out may be `before`. */
void ude_rock_chain(int64_t n, double mu_h, double nu, const double *f, const double *now,
                    const double *before, double *out);
/** Weights of u, h f, u1, h f1 in the dense output, and their derivatives by theta. */
void ude_rock_hermite(double theta, double weights[4]);
void ude_rock_hermite_slopes(double theta, double weights[4]);

/** Functions of the table of methods that stand in rock_derivative.c. */
ude_status ude_rock_reserve(void *work, int64_t width, ude_error *error);
int        ude_rock_replay(void *work, ude_step *step);
int        ude_rock_tangent(void *work, ude_step *step, const ude_tangent *tangent);
int  ude_rock_tangent_dense(void *work, ude_step *step, const ude_tangent *tangent, double theta,
                            const double *theta_dot, double *out_dot);
void ude_rock_transpose_begin(void *work, bool times);
int  ude_rock_transpose_dense(void *work, ude_step *step, double theta, const double *out_bar,
                              double *theta_bar);
int  ude_rock_transpose(void *work, ude_step *step, const ude_cotangent *cotangent);

extern const ude_method ude_method_rock2, ude_method_rock4;

#endif
