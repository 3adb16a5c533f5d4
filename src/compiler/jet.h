/**
 * @file jet.h
 * @brief Taylor jets at run time: records of coefficients, and the kernels that emitted code calls.
 *
 * A jet is a truncated series x_0 + x_1 s + x_2 s^2 + ... Emitted code runs the program once for each order k = 1, 2,
 * ...: every real that depends on the inputs has a *record* of `stride` doubles, slot k of which the k-th run
 * fills by a recurrence over the slots before (Neidinger, SIAM Rev. 52, 2010; Jorba & Zou, Exp. Math. 14, 2005), so
 * that K orders cost O(K^2) and derivatives of a solution come out order by order. Coefficient 0 is
 * the primal value; slot 0 only keeps values of libm functions from the first run for the later ones.
 *
 * The shadow of a real is the place of its record in the array of records (in doubles, below 2^32), kept in the bits of a
 * real of the same type, so that whatever moves reals moves shadows. Place 0 is a record of zeros: no dependence. All
 * runs take the same branches, hence take the same records.
 */
#ifndef UDE_COMPILER_JET_H
#define UDE_COMPILER_JET_H

#include <stdbool.h>
#include <stdint.h>

/** Highest order. */
enum { UDE_JET_ORDER = 32 };

/** Context of one evaluation. Emitted code knows the first three. */
typedef struct ude_jet {
  double *base;   /**< records */
  int64_t k;      /**< order of this run */
  int64_t stride; /**< highest order plus one */
  int64_t top, start, capacity;
  bool    failed; /**< no memory, or too many records: results are meaningless */
} ude_jet;

/** What emitted code makes of a map: one run; 0, or 1 where there is no memory. Shadows as above. */
typedef int (*ude_jet_pass)(ude_jet *jet, double *y, double *y_shadow, const double *u,
                            const double *u_shadow, const double *p, const double *p_shadow,
                            double t, double t_shadow);
typedef void (*ude_jet_value)(double *y, const double *u, const double *p, double t);

/** Sizes of a map. */
typedef struct ude_jet_shape {
  ude_jet_value value;
  ude_jet_pass  pass;
  int64_t       rows, columns, params;
} ude_jet_shape;

/** y(s) = f(u(s), p, t + s): y: double[rows][order + 1] from u: double[columns][order + 1]. 0, or 1: no memory. */
int ude_jet_map(const ude_jet_shape *shape, int64_t order, double *y, const double *u,
                const double *p, double t);
/** The solution of u' = f(u, p, t) through u at t: series: double[rows][order + 1]. 0, or 1: no memory. */
int ude_jet_solution(const ude_jet_shape *shape, int64_t order, double *series, const double *u,
                     const double *p, double t);

/* Called by emitted code. x, y, ... point to records (place 0 where there is no dependence), x0 is the primal value. */

/** Room for any block of the program: `most` records at once. */
void ude_jet_begin(ude_jet *jet, int64_t most);
/** Place of the first of `count` new records. */
int64_t ude_jet_reserve(ude_jet *jet, int64_t count);
void    ude_jet_mul(double *r, const double *x, const double *y, double x0, double y0, int64_t k);
/** r0 is x0 / y0. */
void ude_jet_div(double *r, const double *x, const double *y, double r0, double y0, int64_t k);
/** r' = g x', added to slot k. */
void ude_jet_chain(double *r, const double *x, const double *g, double g0, int64_t k);
/** x r' = c x': r = c log x. */
void ude_jet_log(double *r, const double *x, double x0, double c, int64_t k);
/** r = x^c. */
void ude_jet_power(double *r, const double *x, double x0, double r0, double c, int64_t k);
/** r = x^y; two records more after r for log x and y log x. */
void ude_jet_pow(double *r, const double *x, const double *y, double x0, double y0, double r0,
                 int64_t k, int64_t stride);
/** Functions whose derivatives of all orders have a formula: Bessel functions of order n, polygamma(n), lgamma. `powers`:
 *  stride records for powers of x - x0. */
enum { UDE_JET_JN, UDE_JET_YN, UDE_JET_POLYGAMMA, UDE_JET_LGAMMA };
void ude_jet_tower(double *r, double *powers, const double *x, double x0, int64_t family, double n,
                   int64_t k, int64_t stride);
/** f(x), f(x, y), computed in the first run and remembered in slot 0. */
double ude_jet_once1(double *r, double (*f)(double), double x, int64_t k);
double ude_jet_once2(double *r, double (*f)(double, double), double x, double y, int64_t k);

#endif
