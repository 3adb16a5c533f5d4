/* DP5: J.R. Dormand, P.J. Prince, "A family of embedded Runge-Kutta formulae", J. Comput. Appl. Math. 6 (1980) 19-26,
 * with the interpolant of order 4 that needs no further stage (Hairer, Norsett, Wanner I, II.6, dopri5):
 *   u + theta (d + (1 - theta) (h k_1 - d + theta (2 d - h k_1 - h k_7 + (1 - theta) h sum d_i k_i))), d = u1 - u. */
#include "solve/tableaus.h"

enum { STAGES = 7, DEGREE = 4 };

#define B1 (35.0 / 384)
#define B3 (500.0 / 1113)
#define B4 (125.0 / 192)
#define B5 (-2187.0 / 6784)
#define B6 (11.0 / 84)

/* Powers of theta of the formula above for a stage with weight b and coefficient d. */
#define ROW(b, d) {0, 3 * (b) + (d), -2 * (b) - 2 * (d), (d)}

/* clang-format off */
static const double a[STAGES][STAGES] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {B1, 0, B3, B4, B5, B6},
};

static const double b[STAGES] = {B1, 0, B3, B4, B5, B6, 0};

static const double btilde[STAGES] = {71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920,
    -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

static const double c[STAGES] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};

#define D1 (-12715105075.0 / 11282082432.0)
#define D7 (69997945.0 / 29380423.0)

static const double r[STAGES][DEGREE] = {
    {1, 3 * B1 - 2 + D1, 1 - 2 * B1 - 2 * D1, D1},
    {0},
    ROW(B3, 87487479700.0 / 32700410799.0),
    ROW(B4, -10690763975.0 / 1880347072.0),
    ROW(B5, 701980252875.0 / 199316789632.0),
    ROW(B6, -1453857185.0 / 822651844.0),
    {0, -1 + D7, 1 - 2 * D7, D7},
};
/* clang-format on */

const ude_erk_tableau ude_dp5 = {.name           = "dp5",
                                 .order          = 5,
                                 .embedded_order = 4,
                                 .dense_order    = 4,
                                 .stages         = STAGES,
                                 .dense_stages   = STAGES,
                                 .dense_degree   = DEGREE,
                                 .fsal           = true,
                                 .pair           = {5, 6},
                                 .stability      = 3.30657,
                                 .a              = &a[0][0],
                                 .b              = b,
                                 .btilde         = btilde,
                                 .c              = c,
                                 .r              = &r[0][0]};
