/* Methods of order 1 to 4 whose coefficients fit in a few lines:
 * Euler; the classical method of Kutta (1901); BS3: P. Bogacki, L.F. Shampine, "A 3(2) pair of Runge-Kutta formulas",
 * Applied Mathematics Letters 2 (1989) 321-325; SSPRK43: the optimal strong-stability-preserving method of order 3 with
 * four stages (J.F.B.M. Kraaijevanger, BIT 31 (1991) 482-528) with the companion of order 2 with equal weights
 * (S. Conde, I. Fekete, J.N. Shadid, J. Comput. Appl. Math. 412 (2022) 114325).
 * Dense output: the straight line; cubic Hermite interpolation (order 3) with the derivatives at both ends. */
#include "solve/tableaus.h"

/* With weights b and f_0, f_1 the derivatives at the ends, Hermite's interpolant is
 * u + h (theta (1 - theta)^2 f_0 + theta^2 (3 - 2 theta) sum b_i k_i - theta^2 (1 - theta) f_1). */
#define FIRST(b) {1, -2 + 3 * (b), 1 - 2 * (b)}
#define INNER(b) {0, 3 * (b), -2 * (b)}
#define LAST {0, -1, 1}

/* ----------------------------------------------------------------------------------- Euler -- */

static const double euler_zero[1] = {0};
static const double euler_one[1]  = {1};

const ude_erk_tableau ude_euler = {.name         = "euler",
                                   .order        = 1,
                                   .dense_order  = 1,
                                   .stages       = 1,
                                   .dense_stages = 1,
                                   .dense_degree = 1,
                                   .stability    = 2,
                                   .a            = euler_zero,
                                   .b            = euler_one,
                                   .c            = euler_zero,
                                   .r            = euler_one};

/* ------------------------------------------------------------------------------------- RK4 -- */

static const double rk4_a[5][5] = {
    {0}, {0.5}, {0, 0.5}, {0, 0, 1}, {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6}};
static const double rk4_b[4]    = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};
static const double rk4_c[5]    = {0, 0.5, 0.5, 1, 1};
static const double rk4_r[5][3] = {FIRST(1.0 / 6), INNER(1.0 / 3), INNER(1.0 / 3), INNER(1.0 / 6),
                                   LAST};

const ude_erk_tableau ude_rk4 = {.name         = "rk4",
                                 .order        = 4,
                                 .dense_order  = 3,
                                 .stages       = 4,
                                 .dense_stages = 5,
                                 .dense_degree = 3,
                                 .dense_end    = true,
                                 .pair         = {1, 2},
                                 .stability    = 2.78529,
                                 .a            = &rk4_a[0][0],
                                 .b            = rk4_b,
                                 .c            = rk4_c,
                                 .r            = &rk4_r[0][0]};

/* ------------------------------------------------------------------------------------- BS3 -- */

static const double bs3_a[4][4] = {{0}, {0.5}, {0, 0.75}, {2.0 / 9, 1.0 / 3, 4.0 / 9}};
static const double bs3_b[4]    = {2.0 / 9, 1.0 / 3, 4.0 / 9, 0};
static const double bs3_e[4]    = {-5.0 / 72, 1.0 / 12, 1.0 / 9, -1.0 / 8};
static const double bs3_c[4]    = {0, 0.5, 0.75, 1};
static const double bs3_r[4][3] = {FIRST(2.0 / 9), INNER(1.0 / 3), INNER(4.0 / 9), LAST};

const ude_erk_tableau ude_bs3 = {.name           = "bs3",
                                 .order          = 3,
                                 .embedded_order = 2,
                                 .dense_order    = 3,
                                 .stages         = 4,
                                 .dense_stages   = 4,
                                 .dense_degree   = 3,
                                 .fsal           = true,
                                 .pair           = {2, 3}, /* at 3/4 and 1: no two at one time */
                                 .stability      = 2.51275,
                                 .a              = &bs3_a[0][0],
                                 .b              = bs3_b,
                                 .btilde         = bs3_e,
                                 .c              = bs3_c,
                                 .r              = &bs3_r[0][0]};

/* --------------------------------------------------------------------------------- SSPRK43 -- */

static const double ssp_a[5][5] = {
    {0}, {0.5}, {0.5, 0.5}, {1.0 / 6, 1.0 / 6, 1.0 / 6}, {1.0 / 6, 1.0 / 6, 1.0 / 6, 0.5}};
static const double ssp_b[4]    = {1.0 / 6, 1.0 / 6, 1.0 / 6, 0.5};
static const double ssp_e[4]    = {-1.0 / 12, -1.0 / 12, -1.0 / 12, 0.25};
static const double ssp_c[5]    = {0, 0.5, 1, 0.5, 1};
static const double ssp_r[5][3] = {FIRST(1.0 / 6), INNER(1.0 / 6), INNER(1.0 / 6), INNER(0.5),
                                   LAST};

const ude_erk_tableau ude_ssprk43 = {.name           = "ssprk43",
                                     .order          = 3,
                                     .embedded_order = 2,
                                     .dense_order    = 3,
                                     .stages         = 4,
                                     .dense_stages   = 5,
                                     .dense_degree   = 3,
                                     .dense_end      = true,
                                     .pair           = {1, 3},
                                     .stability      = 5.14949,
                                     .a              = &ssp_a[0][0],
                                     .b              = ssp_b,
                                     .btilde         = ssp_e,
                                     .c              = ssp_c,
                                     .r              = &ssp_r[0][0]};
