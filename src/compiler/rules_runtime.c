/**
 * @file rules_runtime.c
 * @brief polygamma functions, the derivatives of lgamma and tgamma that libm lacks.
 *
 * Asymptotic series after raising the argument by recurrence (Abramowitz & Stegun 6.4.6, 6.4.11),
 * reflection for negative arguments (6.4.7).
 */
#include <math.h>

#include "compiler/rules.h"

enum { MAX_ORDER = 24 };

static const double pi = 3.14159265358979323846;

/* d^n/dx^n (pi cot(pi x)): a polynomial in c = cot(pi x), for dc/dx = -pi (1 + c^2). */
static double cot_derivative(int n, double x) {
  double poly[MAX_ORDER + 3] = {0}, next[MAX_ORDER + 3];
  double c                   = 1.0 / tan(pi * (x - nearbyint(x)));
  poly[1]                    = pi;
  for (int order = 1; order <= n; order++) {
    for (int k = 0; k <= order + 1; k++) {
      double below = k + 1 <= order ? (k + 1) * poly[k + 1] : 0.0;
      double above = k >= 1 ? (k - 1) * poly[k - 1] : 0.0;
      next[k]      = -pi * (below + above);
    }
    for (int k = 0; k <= order + 1; k++) {
      poly[k] = next[k];
    }
  }
  double sum = 0.0;
  for (int k = n + 1; k >= 0; k--) {
    sum = sum * c + poly[k];
  }
  return sum;
}

double ude_polygamma(double order, double x) {
  /* B_2k, k = 1, 2, ... */
  static const double bernoulli[] = {1.0 / 6,       -1.0 / 30,       1.0 / 42,      -1.0 / 30,
                                     5.0 / 66,      -691.0 / 2730,   7.0 / 6,       -3617.0 / 510,
                                     43867.0 / 798, -174611.0 / 330, 854513.0 / 138};
  if (!(order >= 0) || order > (double)MAX_ORDER || isnan(x)) {
    return (double)NAN;
  }
  int n = (int)order;
  if (x <= 0 && x == floor(x)) {
    return (double)NAN; /* a pole */
  }
  double sign = n % 2 ? 1.0 : -1.0; /* (-1)^(n+1) */
  if (x < 0.5) {
    return -sign * ude_polygamma(order, 1 - x) - cot_derivative(n, x);
  }
  double factorial = tgamma(n + 1.0), shift = 0.0;
  while (x < 16 + n) {
    shift += factorial * pow(x, -(n + 1.0));
    x += 1;
  }
  double power = pow(x, -n), sum, term;
  sum          = (n ? tgamma(n) * power : -log(x)) + factorial * power / (2 * x);
  for (int k = 1; k <= (int)(sizeof bernoulli / sizeof *bernoulli); k++) {
    /* (2k+n-1)!/(2k)! / x^(2k+n) */
    term = exp(lgamma(2.0 * k + n) - lgamma(2.0 * k + 1)) * power / pow(x, 2.0 * k);
    sum += bernoulli[k - 1] * term;
  }
  return sign * (sum + shift);
}

float ude_polygammaf(float n, float x) {
  return (float)ude_polygamma((double)n, (double)x);
}
