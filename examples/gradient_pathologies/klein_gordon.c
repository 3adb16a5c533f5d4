/* A physics-informed network for u_tt - u_xx + u^3 = f on [0, 1]^2 with u and u_t given at t = 0, u given at x = 0 and
 * x = 1, f such that u = x cos(5 pi t) + (x t)^3 (Wang, Teng, Perdikaris, SIAM J. Sci. Comput. 43 (2021) A3055,
 * section 3.2, where the initial value u(x, 0) is x).
 *
 *     ude fit examples/gradient_pathologies/klein_gordon.c -DDEPTH=5 --balance -o run */
#include "network.h"

struct sample { double t, x, at_start, at_edge[2]; };

const struct param p0 = {0};

/* Means of squares: what is lowered, then what tells the relative error. */
struct loss { double residual, boundary, initial; UDE_METRIC double error, solution; };

void draw(struct sample *s, ude_random *random)
{
  s->t = ude_uniform(random);
  s->x = ude_uniform(random);
  s->at_start = ude_uniform(random);
  for (int i = 0; i < 2; i++) s->at_edge[i] = ude_uniform(random);
}

/* The inputs are standardised: mean 1/2, standard deviation 1/sqrt(12). */
static double u(double t, double x, const struct param *p)
{
  const double scale = 3.4641016151377544;
  return network(scale * (t - 0.5), scale * (x - 0.5), p);
}

static double u_t(double t, double x, const struct param *p) { return ude_jvp(u, (t, x, p), (1, 0, 0)); }
static double u_x(double t, double x, const struct param *p) { return ude_jvp(u, (t, x, p), (0, 1, 0)); }

static double solution(double t, double x)
{
  double xt = x * t;
  return x * cos(5 * 3.14159265358979323846 * t) + xt * xt * xt;
}

/* f = u_tt - u_xx + u^3 at the solution */
static double forcing(double t, double x)
{
  const double w = 5 * 3.14159265358979323846;
  double       u = solution(t, x);
  return -w * w * x * cos(w * t) + 6 * t * x * x * x - 6 * x * t * t * t + u * u * u;
}

void loss(struct loss *l, const struct sample *s, const struct param *p)
{
  double t = s->t, x = s->x;
  double here = u(t, x, p);
  double u_tt = ude_jvp(u_t, (t, x, p), (1, 0, 0));
  double u_xx = ude_jvp(u_x, (t, x, p), (0, 1, 0));
  double residual = u_tt - u_xx + here * here * here - forcing(t, x);
  double start = u(0, s->at_start, p) - s->at_start;
  double slope = u_t(0, s->at_start, p);
  l->residual = residual * residual;
  l->initial = start * start + slope * slope;
  l->boundary = 0;
  for (int i = 0; i < 2; i++) {
    double edge = u(s->at_edge[i], i, p) - solution(s->at_edge[i], i);
    l->boundary += edge * edge;
  }
  l->error = here - solution(t, x);
  l->error *= l->error;
  l->solution = solution(t, x) * solution(t, x);
}
