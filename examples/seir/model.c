/* The universal ODE: everything known but the exposure, which is a network of S/N, I and D/N. */
#include "seir.h"
#include <ude/nn.h>

#ifndef WIDTH
#define WIDTH 64
#endif

struct param {
  const struct known known;
  UDE_MLP(3, WIDTH, WIDTH, 1) net;
};

const struct param p0 = {KNOWN_RATES};

struct observation { double E, I, R; };

void observe(struct observation *y, const struct state *u, const struct param *p, double t)
{
  y->E = u->E;
  y->I = u->I;
  y->R = u->R;
}

UDE_LEARNED void exposure(double out[1], const double in[3], const struct param *p)
{
  ude_mlp(&p->net, in, out);
}

void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
  double z[1];
  exposure(z, (double[]){u->S / u->N, u->I, u->D / u->N}, p);
  epidemic(du, u, &p->known, z[0]);
}
