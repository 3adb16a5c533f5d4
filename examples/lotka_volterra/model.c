/* Predator and prey whose interaction is unknown (Rackauckas et al. 2020, scenario 1). */
#include <ude/model.h>
#include <ude/nn.h>

struct state { double prey, predator; };

struct param {
  const double alpha, delta;   /* known: growth of the prey, decline of the predator */
  UDE_MLP(2, 5, 5, 5, 2) net;  /* trained */
};

const struct state u0 = {0.44495468189157616, 4.6230983677864854}; /* the first measurement */
const struct param p0 = {.alpha = 1.3, .delta = 1.8};
const double tspan[2] = {0, 3};

/* The unknown part, a named function, so that it can be read back as an equation. */
UDE_LEARNED void interaction(double out[2], const double in[2], const struct param *p)
{
  ude_mlp_with(&p->net, in, out, ude_rbf);
}

void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
  double missing[2];
  interaction(missing, (double[]){u->prey, u->predator}, p);
  du->prey     =  p->alpha * u->prey     + missing[0];
  du->predator = -p->delta * u->predator + missing[1];
}
