/* The Oregonator (Hairer, Wanner, Solving Ordinary Differential Equations II, IV.10). */
#include <ude/model.h>

struct state {
  double x, y, z;
};
struct param {
  double s, w, q;
};

const struct state u0       = {.x = 1, .y = 2, .z = 3};
const struct param p0       = {.s = 77.27, .w = 0.161, .q = 8.375e-6};
const double       tspan[2] = {0, 360};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  du->x = p->s * (u->y + u->x * (1 - p->q * u->x - u->y));
  du->y = (u->z - (1 + u->x) * u->y) / p->s;
  du->z = p->w * (u->x - u->z);
}
