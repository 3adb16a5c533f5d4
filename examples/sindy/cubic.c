/* Damped cubic oscillator (Brunton, Proctor, Kutz 2016). */
struct param; /* all numbers are known here */
struct state {
  double x, y;
};
const struct state u0       = {2, 0};
const double       tspan[2] = {0, 25};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  double x = u->x * u->x * u->x, y = u->y * u->y * u->y;
  du->x = -0.1 * x + 2 * y;
  du->y = -2 * x - 0.1 * y;
}
