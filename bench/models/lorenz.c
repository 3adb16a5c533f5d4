/* E. N. Lorenz, "Deterministic nonperiodic flow", J. Atmos. Sci. 20 (1963) 130. */
#include <ude/model.h>

struct state {
  double x, y, z;
};
struct param {
  double sigma, rho, beta;
};

const struct state u0       = {.x = 1};
const struct param p0       = {.sigma = 10, .rho = 28, .beta = 8.0 / 3};
const double       tspan[2] = {0, 100};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  du->x = p->sigma * (u->y - u->x);
  du->y = u->x * (p->rho - u->z) - u->y;
  du->z = u->x * u->y - p->beta * u->z;
}
