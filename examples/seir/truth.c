/* The truth: exposure falls with the severity D / N of what people see. */
#include "seir.h"

struct param { const struct known known; };

const struct param p0 = {KNOWN_RATES};

void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
  const struct known *k = &p->known;
  double rate = k->b0 * (1 - k->alpha) * pow(1 - u->D / u->N, k->kappa);
  epidemic(du, u, k, rate * u->S * u->I / u->N);
}
