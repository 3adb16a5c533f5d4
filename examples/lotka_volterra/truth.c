/* The equation that made data.csv. */
struct state { double prey, predator; };
struct param { double alpha, beta, gamma, delta; };

const struct state u0 = {0.44249296, 4.6280594};
const struct param p0 = {.alpha = 1.3, .beta = 0.9, .gamma = 0.8, .delta = 1.8};
const double tspan[2] = {0, 50};

void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
  du->prey     =  p->alpha * u->prey     - p->beta  * u->prey * u->predator;
  du->predator = -p->delta * u->predator + p->gamma * u->prey * u->predator;
}
