/* A model file for the installed headers. */
#include <ude/model.h>

struct state {
  double amount;
};
struct param {
  double rate;
};

const struct state u0       = {2};
const struct param p0       = {.rate = 0.5};
const double       tspan[2] = {0, 4};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  du->amount = -p->rate * u->amount;
}
