/**
 * @file polynomial.h
 * @brief Polynomial right-hand sides as tables of terms, with exact products; stiff test problems made of them.
 *
 *     du[row] += coefficient * p[param] * u[a] * u[b] * u[c]
 *
 * with param or factors NONE left out.
 */
#ifndef UDE_TESTS_POLYNOMIAL_H
#define UDE_TESTS_POLYNOMIAL_H

#include <string.h>

#include <ude/vector_field.h>

#if defined(__GNUC__)
#define POLYNOMIAL_UNUSED __attribute__((unused))
#else
#define POLYNOMIAL_UNUSED
#endif

enum { NONE = -1, POLYNOMIAL_WIDTH = 4 };

typedef struct polynomial_term {
  int    row;
  double coefficient;
  int    param;
  int    factor[3];
} polynomial_term;

typedef struct polynomial {
  int64_t                n, np, count;
  const polynomial_term *term;
} polynomial;

static double polynomial_factor(const double *x, int index) {
  return index == NONE ? 1 : x[index];
}

static double polynomial_rest(const polynomial_term *term, const double *u, const double *p,
                              int without) {
  double product = term->coefficient * polynomial_factor(p, term->param);
  for (int f = 0; f < 3; f++) {
    product *= f == without ? 1 : polynomial_factor(u, term->factor[f]);
  }
  return product;
}

POLYNOMIAL_UNUSED static int polynomial_value(double *du, const double *u, const double *p,
                                              double t, void *context) {
  const polynomial *system = context;
  (void)t;
  memset(du, 0, (size_t)system->n * sizeof *du);
  for (int64_t k = 0; k < system->count; k++) {
    du[system->term[k].row] += polynomial_rest(&system->term[k], u, p, NONE);
  }
  return 0;
}

static int polynomial_products(int64_t width, double *y, double *y_dot, const double *u,
                               const double *u_dot, const double *p, const double *p_dot,
                               const polynomial *system) {
  memset(y_dot, 0, (size_t)(system->n * width) * sizeof *y_dot);
  for (int64_t k = 0; k < system->count; k++) {
    const polynomial_term *term = &system->term[k];
    double                *out  = y_dot + term->row * width;
    for (int f = 0; u_dot && f < 3; f++) {
      if (term->factor[f] != NONE) {
        double rest = polynomial_rest(term, u, p, f);
        for (int64_t lane = 0; lane < width; lane++) {
          out[lane] += rest * u_dot[term->factor[f] * width + lane];
        }
      }
    }
    if (p_dot && term->param != NONE) {
      double one[1]  = {1};
      double product = term->coefficient;
      for (int f = 0; f < 3; f++) {
        product *= polynomial_factor(u, term->factor[f]);
      }
      for (int64_t lane = 0; lane < width; lane++) {
        out[lane] += product * one[0] * p_dot[term->param * width + lane];
      }
    }
  }
  return polynomial_value(y, u, p, 0, (void *)system);
}

POLYNOMIAL_UNUSED static int polynomial_jvp(double *y, double *y_dot, const double *u,
                                            const double *u_dot, const double *p,
                                            const double *p_dot, double t, const double *t_dot,
                                            void *context) {
  (void)t;
  (void)t_dot;
  return polynomial_products(1, y, y_dot, u, u_dot, p, p_dot, context);
}

POLYNOMIAL_UNUSED static int polynomial_jvp_wide(double *y, double *y_dot, const double *u,
                                                 const double *u_dot, const double *p,
                                                 const double *p_dot, double t, const double *t_dot,
                                                 void *context) {
  (void)t;
  (void)t_dot;
  return polynomial_products(POLYNOMIAL_WIDTH, y, y_dot, u, u_dot, p, p_dot, context);
}

POLYNOMIAL_UNUSED static int polynomial_vjp(const double *u, const double *p, double t,
                                            const double *y_bar, double *u_bar, double *p_bar,
                                            double *t_bar, void *context) {
  const polynomial *system = context;
  (void)t;
  (void)t_bar;
  for (int64_t k = 0; k < system->count; k++) {
    const polynomial_term *term = &system->term[k];
    for (int f = 0; u_bar && f < 3; f++) {
      if (term->factor[f] != NONE) {
        u_bar[term->factor[f]] += polynomial_rest(term, u, p, f) * y_bar[term->row];
      }
    }
    if (p_bar && term->param != NONE) {
      double product = term->coefficient;
      for (int f = 0; f < 3; f++) {
        product *= polynomial_factor(u, term->factor[f]);
      }
      p_bar[term->param] += product * y_bar[term->row];
    }
  }
  return 0;
}

/* Second derivatives: d/d(u, p) of sum_r y_bar_r f_r along (u', p'), one direction. */
POLYNOMIAL_UNUSED static int polynomial_hvp(const double *u, const double *u_dot, const double *p,
                                            const double *p_dot, double t, const double *t_dot,
                                            const double *y_bar, double *u_bar_dot,
                                            double *p_bar_dot, double *t_bar_dot, void *context) {
  const polynomial *system = context;
  (void)t;
  (void)t_dot;
  (void)t_bar_dot;
  for (int64_t k = 0; k < system->count; k++) {
    const polynomial_term *term = &system->term[k];
    /* the factors of the term: the parameter and three states */
    const double values[4] = {
        polynomial_factor(p, term->param), polynomial_factor(u, term->factor[0]),
        polynomial_factor(u, term->factor[1]), polynomial_factor(u, term->factor[2])};
    double dots[4] = {p_dot && term->param != NONE ? p_dot[term->param] : 0, 0, 0, 0};
    for (int f = 0; u_dot && f < 3; f++) {
      dots[f + 1] = term->factor[f] != NONE ? u_dot[term->factor[f]] : 0;
    }
    for (int out = 0; out < 4; out++) {
      int     index  = out == 0 ? term->param : term->factor[out - 1];
      double *target = out == 0 ? p_bar_dot : u_bar_dot;
      for (int moved = 0; moved < 4 && index != NONE && target; moved++) {
        double product =
            moved == out ? 0 : term->coefficient * (y_bar ? y_bar[term->row] : 1) * dots[moved];
        for (int f = 0; f < 4; f++) {
          product *= f == out || f == moved ? 1 : values[f];
        }
        target[index] += product;
      }
    }
  }
  return 0;
}

POLYNOMIAL_UNUSED static ude_map polynomial_map(const polynomial *system) {
  return (ude_map){.rows     = system->n,
                   .columns  = system->n,
                   .value    = polynomial_value,
                   .jvp      = polynomial_jvp,
                   .jvp_wide = polynomial_jvp_wide,
                   .width    = POLYNOMIAL_WIDTH,
                   .vjp      = polynomial_vjp,
                   .hvp      = polynomial_hvp,
                   .context  = (void *)system};
}

POLYNOMIAL_UNUSED static ude_vector_field polynomial_field(const polynomial *system) {
  return (ude_vector_field){
      .state = {.count = system->n}, .param = {.count = system->np}, .rhs = polynomial_map(system)};
}

/** A problem with the reference solution at its end. */
typedef struct stiff_problem {
  const char   *name;
  polynomial    system;
  const double *mass;
  const double *u0, *p;
  double        t1;
  const double *expected;
  const double *atol; /**< [n] in units of rtol, what counts as zero in each component */
} stiff_problem;

#define U1(a) {a, NONE, NONE}
#define U2(a, b) {a, b, NONE}
#define U3(a, b, c) {a, b, c}
#define U0 {NONE, NONE, NONE}
#define TERMS(table) (sizeof(table) / sizeof(table)[0]), table

/* Robertson 1966; parameters in the order of SUNDIALS. Value at 1e11: Bari/CWI test set. */
static const polynomial_term rober_terms[] = {{0, -1, 0, U1(0)},    {0, 1, 1, U2(1, 2)},
                                              {1, 1, 0, U1(0)},     {1, -1, 1, U2(1, 2)},
                                              {1, -1, 2, U2(1, 1)}, {2, 1, 2, U2(1, 1)}};
static const double          rober_u0[3]   = {1, 0, 0};
static const double          rober_p[3]    = {0.04, 1e4, 3e7};
static const double          rober_end[3]  = {0.2083340149701255e-7, 0.8333360770334713e-13,
                                              0.9999999791665050};
static const double          rober_atol[3] = {1e-7, 1e-13, 1};

/* The same with the conservation law for the third equation. */
static const polynomial_term rober_dae_terms[] = {
    {0, -1, 0, U1(0)},    {0, 1, 1, U2(1, 2)},  {1, 1, 0, U1(0)},
    {1, -1, 1, U2(1, 2)}, {1, -1, 2, U2(1, 1)}, {2, 1, NONE, U1(0)},
    {2, 1, NONE, U1(1)},  {2, 1, NONE, U1(2)},  {2, -1, NONE, U0}};
static const double rober_dae_mass[3] = {1, 1, 0};

/* Oregonator. */
static const polynomial_term orego_terms[] = {{0, 77.27, NONE, U1(1)},
                                              {0, 77.27, NONE, U1(0)},
                                              {0, -77.27 * 8.375e-6, NONE, U2(0, 0)},
                                              {0, -77.27, NONE, U2(0, 1)},
                                              {1, 1 / 77.27, NONE, U1(2)},
                                              {1, -1 / 77.27, NONE, U1(1)},
                                              {1, -1 / 77.27, NONE, U2(0, 1)},
                                              {2, 0.161, NONE, U1(0)},
                                              {2, -0.161, NONE, U1(2)}};
static const double          orego_u0[3]   = {1, 2, 3};
static const double          orego_end[3]  = {0.1000814870318523e1, 0.1228178521549917e4,
                                              0.1320554942846706e3};
static const double          orego_atol[3] = {1, 1, 1};

/* Van der Pol with mu = 1000, and in the scaling of Hairer and Wanner. */
static const polynomial_term vdpol_terms[]  = {{0, 1, NONE, U1(1)},
                                               {1, 1000, NONE, U1(1)},
                                               {1, -1000, NONE, U3(0, 0, 1)},
                                               {1, -1, NONE, U1(0)}};
static const polynomial_term vdpol6_terms[] = {{0, 1, NONE, U1(1)},
                                               {1, 1e6, NONE, U1(1)},
                                               {1, -1e6, NONE, U3(0, 0, 1)},
                                               {1, -1e6, NONE, U1(0)}};
static const double          vdpol_u0[2]    = {2, 0};
static const double          vdpol_end[2]   = {0.1706167732170469e1, -0.8928097010248125e-3};
static const double          vdpol6_end[2]  = {0.1706167732170483e1, -0.8928097010247975e0};
static const double          vdpol_atol[2]  = {1, 1e-3};
static const double          vdpol6_atol[2] = {1, 1};

/* HIRES (Schaefer 1975; Bari/CWI test set). */
static const polynomial_term hires_terms[] = {
    {0, -1.71, NONE, U1(0)},   {0, 0.43, NONE, U1(1)},    {0, 8.32, NONE, U1(2)},
    {0, 0.0007, NONE, U0},     {1, 1.71, NONE, U1(0)},    {1, -8.75, NONE, U1(1)},
    {2, -10.03, NONE, U1(2)},  {2, 0.43, NONE, U1(3)},    {2, 0.035, NONE, U1(4)},
    {3, 8.32, NONE, U1(1)},    {3, 1.71, NONE, U1(2)},    {3, -1.12, NONE, U1(3)},
    {4, -1.745, NONE, U1(4)},  {4, 0.43, NONE, U1(5)},    {4, 0.43, NONE, U1(6)},
    {5, -280, NONE, U2(5, 7)}, {5, 0.69, NONE, U1(3)},    {5, 1.71, NONE, U1(4)},
    {5, -0.43, NONE, U1(5)},   {5, 0.69, NONE, U1(6)},    {6, 280, NONE, U2(5, 7)},
    {6, -1.81, NONE, U1(6)},   {7, -280, NONE, U2(5, 7)}, {7, 1.81, NONE, U1(6)}};
static const double hires_u0[8]  = {1, 0, 0, 0, 0, 0, 0, 0.0057};
static const double hires_end[8] = {
    0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
    0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2};
static const double hires_atol[8] = {1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4};

/* E5 (Enright, Hull, Lindberg 1975; Bari/CWI test set): components down to 1e-291. */
static const polynomial_term e5_terms[] = {
    {0, -7.89e-10, NONE, U1(0)},  {0, -1.1e7, NONE, U2(0, 2)}, {1, 7.89e-10, NONE, U1(0)},
    {1, -1.13e9, NONE, U2(1, 2)}, {2, 7.89e-10, NONE, U1(0)},  {2, -1.1e7, NONE, U2(0, 2)},
    {2, -1.13e9, NONE, U2(1, 2)}, {2, 1.13e3, NONE, U1(3)},    {3, 1.1e7, NONE, U2(0, 2)},
    {3, -1.13e3, NONE, U1(3)}};
static const double e5_u0[4]   = {1.76e-3, 0, 0, 0};
static const double e5_end[4]  = {0.1152903278711829e-290, 0.8867655517642120e-22,
                                  0.8854814626268838e-22, 0};
static const double e5_atol[4] = {1e-23, 1e-23, 1e-23, 1e-23};

/* POLLU (Verwer 1994): k1 to k25 as parameters. */
#define R(k, sign, row, ...) {(row) - 1, sign, (k) - 1, __VA_ARGS__}
#define P1 U1(0)
#define P2 U2(1, 3)
#define P3 U2(4, 1)
#define P4 U1(6)
#define P6 U2(6, 5)
#define P7 U1(8)
#define P8 U2(8, 5)
#define P9 U2(10, 1)
#define P10 U2(10, 0)
#define P11 U1(12)
#define P12 U2(9, 1)
#define P13 U1(13)
#define P14 U2(0, 5)
#define P15 U1(2)
#define P16 U1(3)
#define P18 U1(15)
#define P20 U2(16, 5)
#define P21 U1(18)
#define P23 U2(0, 3)
#define P24 U2(18, 0)
#define P25 U1(19)
static const polynomial_term pollu_terms[] = {
    R(1, -1, 1, P1),    R(10, -1, 1, P10),  R(14, -1, 1, P14),  R(23, -1, 1, P23),
    R(24, -1, 1, P24),  R(2, 1, 1, P2),     R(3, 1, 1, P3),     R(9, 1, 1, P9),
    R(11, 1, 1, P11),   R(12, 1, 1, P12),   R(22, 1, 1, P21),   R(25, 1, 1, P25),
    R(2, -1, 2, P2),    R(3, -1, 2, P3),    R(9, -1, 2, P9),    R(12, -1, 2, P12),
    R(1, 1, 2, P1),     R(21, 1, 2, P21),   R(15, -1, 3, P15),  R(1, 1, 3, P1),
    R(17, 1, 3, P16),   R(19, 1, 3, P18),   R(22, 1, 3, P21),   R(2, -1, 4, P2),
    R(16, -1, 4, P16),  R(17, -1, 4, P16),  R(23, -1, 4, P23),  R(15, 1, 4, P15),
    R(3, -1, 5, P3),    R(4, 2, 5, P4),     R(6, 1, 5, P6),     R(7, 1, 5, P7),
    R(13, 1, 5, P13),   R(20, 1, 5, P20),   R(6, -1, 6, P6),    R(8, -1, 6, P8),
    R(14, -1, 6, P14),  R(20, -1, 6, P20),  R(3, 1, 6, P3),     R(18, 2, 6, P18),
    R(4, -1, 7, P4),    R(5, -1, 7, P4),    R(6, -1, 7, P6),    R(13, 1, 7, P13),
    R(4, 1, 8, P4),     R(5, 1, 8, P4),     R(6, 1, 8, P6),     R(7, 1, 8, P7),
    R(7, -1, 9, P7),    R(8, -1, 9, P8),    R(12, -1, 10, P12), R(7, 1, 10, P7),
    R(9, 1, 10, P9),    R(9, -1, 11, P9),   R(10, -1, 11, P10), R(8, 1, 11, P8),
    R(11, 1, 11, P11),  R(9, 1, 12, P9),    R(11, -1, 13, P11), R(10, 1, 13, P10),
    R(13, -1, 14, P13), R(12, 1, 14, P12),  R(14, 1, 15, P14),  R(18, -1, 16, P18),
    R(19, -1, 16, P18), R(16, 1, 16, P16),  R(20, -1, 17, P20), R(20, 1, 18, P20),
    R(21, -1, 19, P21), R(22, -1, 19, P21), R(24, -1, 19, P24), R(23, 1, 19, P23),
    R(25, 1, 19, P25),  R(25, -1, 20, P25), R(24, 1, 20, P24)};
static const double pollu_p[25] = {
    .35,   26.6,  12300,  8.6e-4, 8.2e-4, 15000,   1.3e-4, 24000, 16500, 9000,  .022, 12000, 1.88,
    16300, 4.8e6, 3.5e-4, .0175,  1e8,    4.44e11, 1240,   2.1,   5.78,  .0474, 1780, 3.12};
static const double pollu_u0[20] = {
    [1] = 0.2, [3] = 0.04, [6] = 0.1, [7] = 0.3, [8] = 0.01, [16] = 0.007};
static const double pollu_end[20] = {
    0.5646255480022769e-1, 0.1342484130422339,    0.4139734331099427e-8, 0.5523140207484359e-2,
    0.2018977262302196e-6, 0.1464541863493966e-6, 0.7784249118997964e-1, 0.3245075353396018,
    0.7494013383880406e-2, 0.1622293157301561e-7, 0.1135863833257075e-7, 0.2230505975721359e-2,
    0.2087162882798630e-3, 0.1396921016840158e-4, 0.8964884856898295e-2, 0.4352846369330103e-17,
    0.6899219696263405e-2, 0.1007803037365946e-3, 0.1772146513969984e-5, 0.5682943292316392e-4};
static const double pollu_atol[20] = {1e-2, 1e-2, 1e-9, 1e-3, 1e-7, 1e-7,  1e-2, 1e-2, 1e-3, 1e-8,
                                      1e-8, 1e-3, 1e-4, 1e-5, 1e-3, 1e-18, 1e-3, 1e-4, 1e-6, 1e-5};

/* du_2 = du_1 - du_3 as the test set computes it: sums of its terms would lose the invariant to rounding, and with it all
 * digits of the end state. */
POLYNOMIAL_UNUSED static int e5_value(double *du, const double *u, const double *p, double t,
                                      void *context) {
  int code = polynomial_value(du, u, p, t, context);
  du[2]    = du[1] - du[3];
  return code;
}
POLYNOMIAL_UNUSED static int e5_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                                    const double *p, const double *p_dot, double t,
                                    const double *t_dot, void *context) {
  int code = polynomial_jvp(y, y_dot, u, u_dot, p, p_dot, t, t_dot, context);
  y[2]     = y[1] - y[3];
  y_dot[2] = y_dot[1] - y_dot[3];
  return code;
}

enum { ROBER, ROBER_DAE, OREGO, VDPOL, VDPOL6, HIRES, E5, POLLU, STIFF_PROBLEMS };

POLYNOMIAL_UNUSED static const stiff_problem stiff_problems[STIFF_PROBLEMS] = {
    [ROBER] =
        {"ROBER", {3, 3, TERMS(rober_terms)}, NULL, rober_u0, rober_p, 1e11, rober_end, rober_atol},
    [ROBER_DAE] = {"ROBER as DAE",
                   {3, 3, TERMS(rober_dae_terms)},
                   rober_dae_mass,
                   rober_u0,
                   rober_p,
                   1e11,
                   rober_end,
                   rober_atol},
    [OREGO] =
        {"OREGO", {3, 0, TERMS(orego_terms)}, NULL, orego_u0, NULL, 360, orego_end, orego_atol},
    [VDPOL]  = {"VDPOL 1e3",
                {2, 0, TERMS(vdpol_terms)},
                NULL,
                vdpol_u0,
                NULL,
                2000,
                vdpol_end,
                vdpol_atol},
    [VDPOL6] = {"VDPOL 1e6",
                {2, 0, TERMS(vdpol6_terms)},
                NULL,
                vdpol_u0,
                NULL,
                2,
                vdpol6_end,
                vdpol6_atol},
    [HIRES]  = {"HIRES",
                {8, 0, TERMS(hires_terms)},
                NULL,
                hires_u0,
                NULL,
                321.8122,
                hires_end,
                hires_atol},
    [E5]     = {"E5", {4, 0, TERMS(e5_terms)}, NULL, e5_u0, NULL, 1e13, e5_end, e5_atol},
    [POLLU]  = {
        "POLLU", {20, 25, TERMS(pollu_terms)}, NULL, pollu_u0, pollu_p, 60, pollu_end, pollu_atol}};

POLYNOMIAL_UNUSED static ude_vector_field stiff_field(const stiff_problem *problem) {
  ude_vector_field field = polynomial_field(&problem->system);
  field.mass             = problem->mass;
  if (problem == &stiff_problems[E5]) {
    field.rhs.value    = e5_value;
    field.rhs.jvp      = e5_jvp;
    field.rhs.jvp_wide = NULL;
    field.rhs.width    = 0;
  }
  return field;
}

#endif
