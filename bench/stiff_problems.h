/* Stiff problems in plain C with hand-written Jacobians, as both solvers of bench/stiff_vs_cvode.c see them: J by rows into jacobian[n][n]
 * (POLLU and the small ones), from which the wide products for libude are made, too. */
#ifndef UDE_BENCH_STIFF_PROBLEMS_H
#define UDE_BENCH_STIFF_PROBLEMS_H

#include <math.h>
#include <string.h>

enum { MOST_N = 20 };

typedef void (*rhs_fn)(double *du, const double *u);
typedef void (*jacobian_fn)(double *j, const double *u); /* all of [n][n] is written */

typedef struct problem {
  const char  *name;
  int          n;
  rhs_fn       rhs;
  jacobian_fn  jacobian;
  const double u0[MOST_N], expected[MOST_N], unit[MOST_N]; /* unit: what counts as zero */
  double       t1, atol_factor;                            /* atol = atol_factor rtol unit */
} problem;

static void rober(double *du, const double *u) {
  double a = 0.04 * u[0], b = 1e4 * u[1] * u[2], c = 3e7 * u[1] * u[1];
  du[0] = b - a;
  du[1] = a - b - c;
  du[2] = c;
}
static void rober_j(double *j, const double *u) {
  double b1 = 1e4 * u[2], b2 = 1e4 * u[1], c = 6e7 * u[1];
  j[0] = -0.04, j[1] = b1, j[2] = b2;
  j[3] = 0.04, j[4] = -b1 - c, j[5] = -b2;
  j[6] = 0, j[7] = c, j[8] = 0;
}

static void orego(double *du, const double *u) {
  du[0] = 77.27 * (u[1] + u[0] * (1 - 8.375e-6 * u[0] - u[1]));
  du[1] = (u[2] - (1 + u[0]) * u[1]) / 77.27;
  du[2] = 0.161 * (u[0] - u[2]);
}
static void orego_j(double *j, const double *u) {
  j[0] = 77.27 * (1 - 2 * 8.375e-6 * u[0] - u[1]), j[1] = 77.27 * (1 - u[0]), j[2] = 0;
  j[3] = -u[1] / 77.27, j[4] = -(1 + u[0]) / 77.27, j[5] = 1 / 77.27;
  j[6] = 0.161, j[7] = 0, j[8] = -0.161;
}

static void vdpol(double *du, const double *u) {
  du[0] = u[1];
  du[1] = 1000 * (1 - u[0] * u[0]) * u[1] - u[0];
}
static void vdpol_j(double *j, const double *u) {
  j[0] = 0, j[1] = 1;
  j[2] = -2000 * u[0] * u[1] - 1, j[3] = 1000 * (1 - u[0] * u[0]);
}

static void hires(double *du, const double *u) {
  double r = 280 * u[5] * u[7];
  du[0]    = -1.71 * u[0] + 0.43 * u[1] + 8.32 * u[2] + 0.0007;
  du[1]    = 1.71 * u[0] - 8.75 * u[1];
  du[2]    = -10.03 * u[2] + 0.43 * u[3] + 0.035 * u[4];
  du[3]    = 8.32 * u[1] + 1.71 * u[2] - 1.12 * u[3];
  du[4]    = -1.745 * u[4] + 0.43 * u[5] + 0.43 * u[6];
  du[5]    = -r + 0.69 * u[3] + 1.71 * u[4] - 0.43 * u[5] + 0.69 * u[6];
  du[6]    = r - 1.81 * u[6];
  du[7]    = -du[6];
}
static void hires_j(double *j, const double *u) {
  memset(j, 0, 64 * sizeof *j);
  double a = 280 * u[7], b = 280 * u[5];
  j[0] = -1.71, j[1] = 0.43, j[2] = 8.32;
  j[8] = 1.71, j[9] = -8.75;
  j[18] = -10.03, j[19] = 0.43, j[20] = 0.035;
  j[25] = 8.32, j[26] = 1.71, j[27] = -1.12;
  j[36] = -1.745, j[37] = 0.43, j[38] = 0.43;
  j[43] = 0.69, j[44] = 1.71, j[45] = -a - 0.43, j[46] = 0.69, j[47] = -b;
  j[53] = a, j[54] = -1.81, j[55] = b;
  j[61] = -a, j[62] = 1.81, j[63] = -b;
}

static const double k[26] = {0,     .35,     26.6, 12300, 8.6e-4, 8.2e-4, 15000, 1.3e-4, 24000,
                             16500, 9000,    .022, 12000, 1.88,   16300,  4.8e6, 3.5e-4, .0175,
                             1e8,   4.44e11, 1240, 2.1,   5.78,   .0474,  1780,  3.12};

static void pollu(double *du, const double *u) {
  double r[26];
  r[1] = k[1] * u[0], r[2] = k[2] * u[1] * u[3], r[3] = k[3] * u[4] * u[1], r[4] = k[4] * u[6];
  r[5] = k[5] * u[6], r[6] = k[6] * u[6] * u[5], r[7] = k[7] * u[8], r[8] = k[8] * u[8] * u[5];
  r[9] = k[9] * u[10] * u[1], r[10] = k[10] * u[10] * u[0], r[11] = k[11] * u[12];
  r[12] = k[12] * u[9] * u[1], r[13] = k[13] * u[13], r[14] = k[14] * u[0] * u[5];
  r[15] = k[15] * u[2], r[16] = k[16] * u[3], r[17] = k[17] * u[3], r[18] = k[18] * u[15];
  r[19] = k[19] * u[15], r[20] = k[20] * u[16] * u[5], r[21] = k[21] * u[18];
  r[22] = k[22] * u[18], r[23] = k[23] * u[0] * u[3], r[24] = k[24] * u[18] * u[0];
  r[25] = k[25] * u[19];
  du[0] =
      -r[1] - r[10] - r[14] - r[23] - r[24] + r[2] + r[3] + r[9] + r[11] + r[12] + r[22] + r[25];
  du[1]  = -r[2] - r[3] - r[9] - r[12] + r[1] + r[21];
  du[2]  = -r[15] + r[1] + r[17] + r[19] + r[22];
  du[3]  = -r[2] - r[16] - r[17] - r[23] + r[15];
  du[4]  = -r[3] + 2 * r[4] + r[6] + r[7] + r[13] + r[20];
  du[5]  = -r[6] - r[8] - r[14] - r[20] + r[3] + 2 * r[18];
  du[6]  = -r[4] - r[5] - r[6] + r[13];
  du[7]  = r[4] + r[5] + r[6] + r[7];
  du[8]  = -r[7] - r[8];
  du[9]  = -r[12] + r[7] + r[9];
  du[10] = -r[9] - r[10] + r[8] + r[11];
  du[11] = r[9];
  du[12] = -r[11] + r[10];
  du[13] = -r[13] + r[12];
  du[14] = r[14];
  du[15] = -r[18] - r[19] + r[16];
  du[16] = -r[20];
  du[17] = r[20];
  du[18] = -r[21] - r[22] - r[24] + r[23] + r[25];
  du[19] = -r[25] + r[24];
}

/* Each reaction: its factors, and the rows it enters with their signs. */
static void pollu_add(double *j, const double *u, int r, int a, int b, const int *row,
                      const int *sign) {
  double da = b < 0 ? k[r] : k[r] * u[b], db = b < 0 ? 0 : k[r] * u[a];
  for (int i = 0; row[i] >= 0; i++) {
    j[row[i] * 20 + a] += sign[i] * da;
    if (b >= 0) {
      j[row[i] * 20 + b] += sign[i] * db;
    }
  }
}
static void pollu_j(double *j, const double *u) {
#define ADD(r, a, b, rows, signs) \
  pollu_add(j, u, r, a, b, (const int[]){rows, -1}, (const int[]){signs})
#define L(...) __VA_ARGS__
  memset(j, 0, 400 * sizeof *j);
  ADD(1, 0, -1, L(0, 1, 2), L(-1, 1, 1));
  ADD(2, 1, 3, L(0, 1, 3), L(1, -1, -1));
  ADD(3, 4, 1, L(0, 1, 4, 5), L(1, -1, -1, 1));
  ADD(4, 6, -1, L(4, 6, 7), L(2, -1, 1));
  ADD(5, 6, -1, L(6, 7), L(-1, 1));
  ADD(6, 6, 5, L(4, 5, 6, 7), L(1, -1, -1, 1));
  ADD(7, 8, -1, L(4, 7, 8, 9), L(1, 1, -1, 1));
  ADD(8, 8, 5, L(5, 8, 10), L(-1, -1, 1));
  ADD(9, 10, 1, L(0, 1, 9, 10, 11), L(1, -1, 1, -1, 1));
  ADD(10, 10, 0, L(0, 10, 12), L(-1, -1, 1));
  ADD(11, 12, -1, L(0, 10, 12), L(1, 1, -1));
  ADD(12, 9, 1, L(0, 1, 9, 13), L(1, -1, -1, 1));
  ADD(13, 13, -1, L(4, 6, 13), L(1, 1, -1));
  ADD(14, 0, 5, L(0, 5, 14), L(-1, -1, 1));
  ADD(15, 2, -1, L(2, 3), L(-1, 1));
  ADD(16, 3, -1, L(3, 15), L(-1, 1));
  ADD(17, 3, -1, L(2, 3), L(1, -1));
  ADD(18, 15, -1, L(5, 15), L(2, -1));
  ADD(19, 15, -1, L(2, 15), L(1, -1));
  ADD(20, 16, 5, L(4, 5, 16, 17), L(1, -1, -1, 1));
  ADD(21, 18, -1, L(1, 18), L(1, -1));
  ADD(22, 18, -1, L(0, 2, 18), L(1, 1, -1));
  ADD(23, 0, 3, L(0, 3, 18), L(-1, -1, 1));
  ADD(24, 18, 0, L(0, 18, 19), L(-1, -1, 1));
  ADD(25, 19, -1, L(0, 18, 19), L(1, 1, -1));
#undef ADD
#undef L
}

/* References: Bari/CWI test set; ROBER at 1e5 by Radau at rtol 1e-13. */
static const problem problems[] = {
    {"ROBER to 1e11",
     3,
     rober,
     rober_j,
     {1, 0, 0},
     {0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050},
     {1e-7, 1e-13, 1},
     1e11,
     1},
    {"OREGO to 360",
     3,
     orego,
     orego_j,
     {1, 2, 3},
     {0.1000814870318523e1, 0.1228178521549917e4, 0.1320554942846706e3},
     {1, 1, 1},
     360,
     1},
    {"VDPOL mu = 1e3 to 2000",
     2,
     vdpol,
     vdpol_j,
     {2, 0},
     {0.1706167732170469e1, -0.8928097010248125e-3},
     {1, 1e-3},
     2000,
     1},
    {"HIRES to 321.8122",
     8,
     hires,
     hires_j,
     {1, 0, 0, 0, 0, 0, 0, 0.0057},
     {0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
      0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2},
     {1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4},
     321.8122,
     1},
    {"POLLU to 60",
     20,
     pollu,
     pollu_j,
     {[1] = 0.2, [3] = 0.04, [6] = 0.1, [7] = 0.3, [8] = 0.01, [16] = 0.007},
     {0.5646255480022769e-1, 0.1342484130422339,    0.4139734331099427e-8, 0.5523140207484359e-2,
      0.2018977262302196e-6, 0.1464541863493966e-6, 0.7784249118997964e-1, 0.3245075353396018,
      0.7494013383880406e-2, 0.1622293157301561e-7, 0.1135863833257075e-7, 0.2230505975721359e-2,
      0.2087162882798630e-3, 0.1396921016840158e-4, 0.8964884856898295e-2, 0.4352846369330103e-17,
      0.6899219696263405e-2, 0.1007803037365946e-3, 0.1772146513969984e-5, 0.5682943292316392e-4},
     {1e-2, 1e-2, 1e-9, 1e-3, 1e-7, 1e-7,  1e-2, 1e-2, 1e-3, 1e-8,
      1e-8, 1e-3, 1e-4, 1e-5, 1e-3, 1e-18, 1e-3, 1e-4, 1e-6, 1e-5},
     60,
     1}};

enum { PROBLEMS = sizeof problems / sizeof problems[0] };

#endif
