/* Lorenz's equations (1963). */
struct param; /* all numbers are known here */
struct state {
  double x, y, z;
};
const struct state u0       = {-8, 8, 27};
const double       tspan[2] = {0, 100};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  du->x = 10 * (u->y - u->x);
  du->y = u->x * (28 - u->z) - u->y;
  du->z = u->x * u->y - 8.0 / 3 * u->z;
}
