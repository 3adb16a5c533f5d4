/* Predator and prey. */
#include <ude/model.h>

struct state {
  double prey, predator;
};
struct param {
  double alpha, beta, gamma, delta;
};

const struct state u0       = {1, 1};
const struct param p0       = {1.5, 1, 3, 1};
const double       tspan[2] = {0, 50};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  du->prey     = p->alpha * u->prey - p->beta * u->prey * u->predator;
  du->predator = p->delta * u->prey * u->predator - p->gamma * u->predator;
}
