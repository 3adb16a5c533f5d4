/* The integral of f_p^T mu: Gauss-Legendre points in each step of mu, or adaptive Gauss-Kronrod quadrature of the kept mu. */
#include <math.h>
#include <string.h>

#include "sensitivity/continuous.h"

/* Abscissae >= 0 and weights on [-1, 1] for 2 to 5 points (Abramowitz, Stegun 25.4.30). */
static const struct {
  int    count;
  double x[3], w[3];
} legendre[] = {{2, {0.57735026918962576451}, {1}},
                {3, {0, 0.77459666924148337704}, {0.88888888888888888889, 0.55555555555555555556}},
                {4,
                 {0.33998104358485626480, 0.86113631159405257522},
                 {0.65214515486254614263, 0.34785484513745385737}},
                {5,
                 {0, 0.53846931010568309104, 0.90617984593866399280},
                 {0.56888888888888888889, 0.47862867049936646804, 0.23692688505618908751}}};

/* out += weight f_p^T mu at t; part is work. */
static int add_point(ude_continuous *c, double t, double weight, const double *mu, double *out) {
  int64_t np = c->problem.np;
  memset(c->part, 0, (size_t)np * sizeof *c->part);
  int code = ude_adjoint_integrand(&c->problem, t, mu, c->p, c->part);
  for (int64_t l = 0; l < np; l++) {
    out[l] += weight * c->part[l];
  }
  return code;
}

int ude_continuous_gauss(const ude_output_step *step, void *context) {
  ude_continuous *c      = context;
  int             rule   = c->points - 2;
  double          middle = 0.5 * (step->t + step->t_next);
  double          half   = 0.5 * (step->t_next - step->t);
  int             pairs  = (legendre[rule].count + 1) / 2;
  for (int k = 0; k < pairs; k++) {
    for (int side = -1; side <= 1; side += 2) {
      double x = legendre[rule].x[k];
      if (x == 0 && side > 0) {
        continue;
      }
      double t    = middle + side * half * x;
      int    code = step->at(step->source, t, c->mu);
      /* time runs backwards: the sign of half turns the integral round */
      code = code ? code : add_point(c, t, -half * legendre[rule].w[k], c->mu, c->q);
      if (code) {
        return 1;
      }
    }
  }
  return 0;
}

/* Gauss 7, Kronrod 15 (QUADPACK, Piessens et al. 1983). */
static const double kronrod_x[8] = {0,
                                    0.20778495500789846760,
                                    0.40584515137739716691,
                                    0.58608723546769113029,
                                    0.74153118559939443986,
                                    0.86486442335976907279,
                                    0.94910791234275852453,
                                    0.99145537112081263921};
static const double kronrod_w[8] = {
    0.20948214108472782801, 0.20443294007529889241, 0.19035057806478540991, 0.16900472663926790658,
    0.14065325971552591875, 0.10479001032225018384, 0.06309209262997855329, 0.02293532201052922496};
static const double gauss_w[8] = {0.41795918367346938776, 0, 0.38183005050511894495, 0,
                                  0.27970539148927666790, 0, 0.12948496616886969327, 0};

/* c->q += the integral from a to b, halving until both rules agree to `tolerance` of the largest entry of c->y_end. */
static int panel(ude_continuous *c, double a, double b, double tolerance, int depth) {
  int64_t np     = c->problem.np;
  double  middle = 0.5 * (a + b);
  double  half   = 0.5 * (b - a);
  double *fine   = c->kronrod;
  double *coarse = c->kronrod + np;
  memset(fine, 0, (size_t)(2 * np) * sizeof *fine);
  for (int k = 0; k < 8; k++) {
    for (int side = -1; side <= (k ? 1 : -1); side += 2) {
      double t = middle + side * half * kronrod_x[k];
      ude_path_at(&c->mu_path, t, c->mu);
      memset(c->part, 0, (size_t)np * sizeof *c->part);
      int code = ude_adjoint_integrand(&c->problem, t, c->mu, c->p, c->part);
      if (code) {
        return code;
      }
      for (int64_t l = 0; l < np; l++) {
        fine[l] -= half * kronrod_w[k] * c->part[l];
        coarse[l] -= half * gauss_w[k] * c->part[l];
      }
    }
  }
  bool good = true;
  for (int64_t l = 0; l < np; l++) {
    good = good && fabs(fine[l] - coarse[l]) <= tolerance * (fabs(c->q[l]) + fabs(fine[l]));
  }
  if (good || depth == 0) {
    for (int64_t l = 0; l < np; l++) {
      c->q[l] += fine[l];
    }
    return 0;
  }
  int code = panel(c, a, middle, tolerance, depth - 1);
  return code ? code : panel(c, middle, b, tolerance, depth - 1);
}

int ude_continuous_quadrature(ude_continuous *c, double rtol) {
  int code = 0;
  for (int64_t i = 0; i < c->mu_path.steps && code == 0; i++) {
    code = panel(c, c->mu_path.t[i], c->mu_path.t[i + 1], 0.1 * rtol, 3);
  }
  return code;
}
