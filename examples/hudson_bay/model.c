/* Hare and lynx around Hudson Bay, 1900 to 1920: pelts in thousands, t in years since 1900.
 * Known: without the other species hares grow and lynxes decline at constant (unknown) rates. */
#include <ude/model.h>
#include <ude/nn.h>

struct state { double hare, lynx; };

struct param {
  UDE_RANGE(0, 3) double growth;     /* of the hares, per year */
  UDE_RANGE(0, 3) double decline;    /* of the lynxes, per year */
  UDE_RANGE(1, 100) double hare0;    /* in 1900: the first count is as noisy as the others */
  UDE_RANGE(1, 100) double lynx0;
  UDE_MLP(2, 5, 5, 2) net;
};

const struct param p0 = {.growth = 0.5, .decline = 0.8, .hare0 = 30, .lynx0 = 4};
const double tspan[2] = {0, 20};

void initial(struct state *u0, const struct param *p)
{
  u0->hare = p->hare0;
  u0->lynx = p->lynx0;
}

/* The unknown interaction; the network sees states of order one. */
UDE_LEARNED void interaction(double out[2], const double in[2], const struct param *p)
{
  const double scale[2] = {77.4, 59.4};
  double scaled[2] = {in[0] / scale[0], in[1] / scale[1]};
  ude_mlp(&p->net, scaled, out);
  out[0] *= scale[0];
  out[1] *= scale[1];
}

void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
  double missing[2];
  interaction(missing, (double[]){u->hare, u->lynx}, p);
  du->hare =  p->growth  * u->hare + missing[0];
  du->lynx = -p->decline * u->lynx + missing[1];
}
