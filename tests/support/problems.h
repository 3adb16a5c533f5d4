/**
 * @file problems.h
 * @brief Vector fields with known solutions, for tests and benchmarks.
 */
#ifndef UDE_TESTS_PROBLEMS_H
#define UDE_TESTS_PROBLEMS_H

#include <math.h>

#include <ude/solve.h>

#if defined(__GNUC__)
#define PROBLEM_UNUSED __attribute__((unused))
#else
#define PROBLEM_UNUSED
#endif

#define PROBLEM_RHS(name)                                                                \
  PROBLEM_UNUSED static int name(double *du, const double *u, const double *p, double t, \
                                 void *context)

/** A field of n states and np parameters with this right-hand side. */
#define PROBLEM_FIELD(n, np, function)                          \
  {                                                             \
    .state = {.count = (n)}, .param = {.count = (np)}, .rhs = { \
      .rows    = (n),                                           \
      .columns = (n),                                           \
      .value   = (function)                                     \
    }                                                           \
  }

/* u' = -p u: u(0) exp(-p t). */
PROBLEM_RHS(decay_rhs) {
  (void)t;
  (void)context;
  du[0] = -p[0] * u[0];
  return 0;
}

enum { CLOSED_N = 4 };

/* A coupled nonlinear system with a closed form (Hairer, Norsett, Wanner I, II.5). */
PROBLEM_RHS(closed_rhs) {
  (void)p;
  (void)context;
  du[0] = 2 * t * pow(u[1], 0.2) * u[3];
  du[1] = 10 * t * exp(5 * (u[2] - 1)) * u[3];
  du[2] = 2 * t * u[3];
  du[3] = -2 * t * log(u[0]);
  return 0;
}

PROBLEM_UNUSED static void closed_exact(double t, double *u) {
  u[0] = exp(sin(t * t));
  u[1] = exp(5 * sin(t * t));
  u[2] = sin(t * t) + 1;
  u[3] = cos(t * t);
}

enum { KEPLER_N = 4 };

/* Two bodies, eccentricity 0.3, semi-major axis 1, at the pericentre at t = 0. */
PROBLEM_RHS(kepler_rhs) {
  (void)p;
  (void)t;
  (void)context;
  double r3 = pow(u[0] * u[0] + u[1] * u[1], 1.5);
  du[0]     = u[2];
  du[1]     = u[3];
  du[2]     = -u[0] / r3;
  du[3]     = -u[1] / r3;
  return 0;
}

PROBLEM_UNUSED static void kepler_exact(double t, double *u) {
  const long double e       = 0.3L;
  long double       anomaly = t;
  for (int i = 0; i < 100; i++) { /* a contraction by e */
    anomaly = t + e * sinl(anomaly);
  }
  long double root = sqrtl(1 - e * e);
  long double rate = 1 / (1 - e * cosl(anomaly));
  u[0]             = (double)(cosl(anomaly) - e);
  u[1]             = (double)(root * sinl(anomaly));
  u[2]             = (double)(-sinl(anomaly) * rate);
  u[3]             = (double)(root * cosl(anomaly) * rate);
}

/* Lotka-Volterra, p = (alpha, beta, gamma, delta): x' = alpha x - beta x y, y' = gamma x y - delta y. */
PROBLEM_RHS(lotka_rhs) {
  (void)t;
  (void)context;
  du[0] = p[0] * u[0] - p[1] * u[0] * u[1];
  du[1] = p[2] * u[0] * u[1] - p[3] * u[1];
  return 0;
}

/* Lorenz 1963, p = (sigma, rho, beta). */
PROBLEM_RHS(lorenz_rhs) {
  (void)t;
  (void)context;
  du[0] = p[0] * (u[1] - u[0]);
  du[1] = u[0] * (p[1] - u[2]) - u[1];
  du[2] = u[0] * u[1] - p[2] * u[2];
  return 0;
}

/* Restricted three-body problem (Arenstorf 1963; Hairer, Norsett, Wanner I, II.0). */
PROBLEM_RHS(arenstorf_rhs) {
  (void)p;
  (void)t;
  (void)context;
  const double mu = 0.012277471;
  double       d1 = pow((u[0] + mu) * (u[0] + mu) + u[1] * u[1], 1.5);
  double       d2 = pow((u[0] - (1 - mu)) * (u[0] - (1 - mu)) + u[1] * u[1], 1.5);
  du[0]           = u[2];
  du[1]           = u[3];
  du[2]           = u[0] + 2 * u[3] - (1 - mu) * (u[0] + mu) / d1 - mu * (u[0] - (1 - mu)) / d2;
  du[3]           = u[1] - 2 * u[2] - (1 - mu) * u[1] / d1 - mu * u[1] / d2;
  return 0;
}

/* Seven bodies of mass 1 to 7 in the plane (x, y, x', y'), from the Bari/CWI test set. */
PROBLEM_RHS(pleiades_rhs) {
  (void)p;
  (void)t;
  (void)context;
  for (int i = 0; i < 7; i++) {
    double ax = 0;
    double ay = 0;
    for (int j = 0; j < 7; j++) {
      double dx = u[j] - u[i];
      double dy = u[7 + j] - u[7 + i];
      double d2 = dx * dx + dy * dy;
      if (j != i) {
        ax += (j + 1) * dx / (d2 * sqrt(d2));
        ay += (j + 1) * dy / (d2 * sqrt(d2));
      }
    }
    du[i]      = u[14 + i];
    du[7 + i]  = u[21 + i];
    du[14 + i] = ax;
    du[21 + i] = ay;
  }
  return 0;
}

PROBLEM_UNUSED static const double pleiades_u0[28] = {3,    3, -1, -3, 2,     -2, 2, 3, -3, 2,
                                                      0,    0, -4, 4,  0,     0,  0, 0, 0,  1.75,
                                                      -1.5, 0, 0,  0,  -1.25, 1,  0, 0};

/** Pleiades at t = 3 (the test set's reference solution, all digits given there). */
PROBLEM_UNUSED static const double pleiades_u3[28] = {
    0.3706139143970502,  3.237284092057233,   -3.222559032418324,  0.6597091455775310,
    0.3425581707156584,  1.562172101400631,   -0.7003092922212495, -3.943437585517392,
    -3.271380973972550,  5.225081843456543,   -2.590612434977470,  1.198213693392275,
    -0.2429682344935824, 1.091449240428980,   3.417003806314313,   1.354584501625501,
    -2.590065597810775,  2.025053734714242,   -1.155815100160448,  -0.8072988170223021,
    0.5952396354208710,  -3.741244961234010,  0.3773459685750630,  0.9386858869551073,
    0.3667922227200571,  -0.3474046353808490, 2.344915448180937,   -1.947020434263292};

PROBLEM_UNUSED static const double arenstorf_u0[4]  = {0.994, 0, 0,
                                                       -2.00158510637908252240537862224};
PROBLEM_UNUSED static const double arenstorf_period = 17.0652165601579625588917206249;
PROBLEM_UNUSED static const double lotka_p[4]       = {1.3, 0.9, 0.8, 1.8};
PROBLEM_UNUSED static const double lotka_u0[2]      = {0.44249296, 4.6280594};
PROBLEM_UNUSED static const double lorenz_p[3]      = {10, 28, 8.0 / 3};
PROBLEM_UNUSED static const double lorenz_u0[3]     = {1, 0, 0};

#endif
