/* A law to be fitted: exposure in proportion to contacts. */
#include "seir.h"

struct param {
  const struct known known;
  double rate;
};

const struct param p0 = {.known = KNOWN_RATES, .rate = 0.3};

struct observation { double E, I, R; };

void observe(struct observation *y, const struct state *u, const struct param *p, double t)
{
  y->E = u->E;
  y->I = u->I;
  y->R = u->R;
}

void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
  epidemic(du, u, &p->known, p->rate * u->S * u->I / u->N);
}
