/* Normal form of Hopf's bifurcation, its parameter a state that does not move. */
struct param; /* all numbers are known here */
struct state {
  double mu, x, y;
};
const struct state u0       = {0.25, 2, 0};
const double       tspan[2] = {0, 75};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  double r2 = u->x * u->x + u->y * u->y;
  du->mu    = 0;
  du->x     = u->mu * u->x - u->y - u->x * r2;
  du->y     = u->x + u->mu * u->y - u->y * r2;
}
