/* Damped linear oscillator (Brunton, Proctor, Kutz 2016). */
struct param; /* all numbers are known here */
struct state {
  double x, y;
};
const struct state u0       = {2, 0};
const double       tspan[2] = {0, 25};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  du->x = -0.1 * u->x + 2 * u->y;
  du->y = -2 * u->x - 0.1 * u->y;
}
