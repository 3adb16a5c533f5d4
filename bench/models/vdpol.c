/* Van der Pol's oscillator, stiff. */
#include <ude/model.h>

struct state {
  double x, y;
};
struct param {
  double mu;
};

const struct state u0       = {.x = 2};
const struct param p0       = {.mu = 1e3};
const double       tspan[2] = {0, 2000};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  du->x = u->y;
  du->y = p->mu * (1 - u->x * u->x) * u->y - u->x;
}
