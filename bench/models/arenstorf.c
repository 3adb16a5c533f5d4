/* Arenstorf's orbit (Hairer, Norsett, Wanner, Solving Ordinary Differential Equations I, II.0). */
#include <math.h>
#include <ude/model.h>

struct state {
  double x, y, vx, vy;
};
struct param {
  double mu;
};

const struct state u0       = {.x = 0.994, .vy = -2.00158510637908252240537862224};
const struct param p0       = {.mu = 0.012277471};
const double       tspan[2] = {0, 17.0652165601579625588917206249};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  double nu = 1 - p->mu;
  double a  = (u->x + p->mu) * (u->x + p->mu) + u->y * u->y;
  double b  = (u->x - nu) * (u->x - nu) + u->y * u->y;
  a         = a * sqrt(a);
  b         = b * sqrt(b);
  du->x     = u->vx;
  du->y     = u->vy;
  du->vx    = u->x + 2 * u->vy - nu * (u->x + p->mu) / a - p->mu * (u->x - nu) / b;
  du->vy    = u->y - 2 * u->vx - nu * u->y / a - p->mu * u->y / b;
}
