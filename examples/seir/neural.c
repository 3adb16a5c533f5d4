/* The neural ODE: nothing known but how N and C change. */
#include "seir.h"
#include <ude/nn.h>

#ifndef WIDTH
#define WIDTH 64
#endif

struct param {
  const struct known known;
  UDE_MLP(7, WIDTH, WIDTH, WIDTH, 7) net;
};

const struct param p0 = {KNOWN_RATES};

struct observation { double E, I, R; };

void observe(struct observation *y, const struct state *u, const struct param *p, double t)
{
  y->E = u->E;
  y->I = u->I;
  y->R = u->R;
}

UDE_LEARNED void change(double out[7], const double in[7], const struct param *p)
{
  ude_mlp(&p->net, in, out);
}

void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
  double out[7];
  change(out, (double[]){u->S / u->N, u->E, u->I, u->R, u->N / 14e6, u->D / u->N, u->C}, p);
  du->S = out[0];
  du->E = out[1];
  du->I = out[2];
  du->R = out[3];
  du->N = -p->known.mu * u->N;
  du->D = out[4];
  du->C = p->known.sigma * u->E;
}
