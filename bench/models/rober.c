/* Robertson's chemical kinetics (Hairer, Wanner, Solving Ordinary Differential Equations II, (1.4)). */
#include <ude/model.h>

struct state {
  double a, b, c;
};
struct param {
  double k1, k2, k3;
};

const struct state u0       = {.a = 1};
const struct param p0       = {.k1 = 0.04, .k2 = 3e7, .k3 = 1e4};
const double       tspan[2] = {0, 1e5};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  double slow = p->k1 * u->a;
  double fast = p->k2 * u->b * u->b;
  double back = p->k3 * u->b * u->c;
  du->a       = back - slow;
  du->b       = slow - back - fast;
  du->c       = fast;
}
