/* A physics-informed network for Laplace(u) + u = q on [-1, 1]^2 with u = 0 on the edges, q such that
 * u = sin(pi x) sin(4 pi y) (Wang, Teng, Perdikaris, SIAM J. Sci. Comput. 43 (2021) A3055, section 3.1). The second
 * derivatives in the residual are those of the plain C network, by composed transforms.
 *
 *     ude fit examples/gradient_pathologies/helmholtz.c --balance -o run
 *
 * -DGATED takes their architecture, -DWIDTH=N and -DDEPTH=N another size. */
#include "network.h"

struct sample { double x, y, edge[4]; };

const struct param p0 = {0};

/* Means of squares: what is lowered, then what tells the relative error. */
struct loss { double residual, boundary; UDE_METRIC double error, solution; };

void draw(struct sample *s, ude_random *random)
{
  s->x = 2 * ude_uniform(random) - 1;
  s->y = 2 * ude_uniform(random) - 1;
  for (int i = 0; i < 4; i++) s->edge[i] = 2 * ude_uniform(random) - 1;
}

/* The inputs are divided by their standard deviation. */
static double u(double x, double y, const struct param *p)
{
  const double scale = 1.7320508075688772;
  return network(scale * x, scale * y, p);
}

static double u_x(double x, double y, const struct param *p) { return ude_jvp(u, (x, y, p), (1, 0, 0)); }
static double u_y(double x, double y, const struct param *p) { return ude_jvp(u, (x, y, p), (0, 1, 0)); }

void loss(struct loss *l, const struct sample *s, const struct param *p)
{
  const double pi = 3.14159265358979323846;
  double x = s->x, y = s->y;
  double exact = sin(pi * x) * sin(4 * pi * y);
  double here = u(x, y, p);
  double laplace = ude_jvp(u_x, (x, y, p), (1, 0, 0)) + ude_jvp(u_y, (x, y, p), (0, 1, 0));
  double residual = laplace + here - (1 - 17 * pi * pi) * exact;
  double edges[4] = {u(s->edge[0], -1, p), u(s->edge[1], 1, p), u(-1, s->edge[2], p), u(1, s->edge[3], p)};
  l->residual = residual * residual;
  l->boundary = 0;
  for (int i = 0; i < 4; i++) l->boundary += edges[i] * edges[i];
  l->error = (here - exact) * (here - exact);
  l->solution = exact * exact;
}
