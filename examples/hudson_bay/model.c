/* Hare and lynx around Hudson Bay, 1900 to 1920: pelts in thousands, t in years since 1900.
 * Known: both species multiply, and without the other one hares grow and lynxes decline at constant (unknown)
 * rates. Unknown: what each species does to the other one's rate. */
#include <ude/model.h>
#include <ude/nn.h>

struct state { UDE_RELATIVE double hare, lynx; }; /* the pelts of a year are off by a factor, not by a number */

struct param {
  UDE_RANGE(0, 3) double growth;  /* of the hares, per year */
  UDE_RANGE(0, 3) double decline; /* of the lynxes, per year */
  UDE_RANGE(1, 100) double hare0; /* in 1900: the first count is as noisy as the others */
  UDE_RANGE(1, 100) double lynx0;
  UDE_MLP(2, 5, 2) net;
};

const struct param p0 = {.growth = 0.5, .decline = 0.8, .hare0 = 30, .lynx0 = 4};
const double tspan[2] = {0, 20};

void initial(struct state *u0, const struct param *p)
{
  u0->hare = p->hare0;
  u0->lynx = p->lynx0;
}

/* Change of the rates per year; the network sees numbers of order one. */
UDE_LEARNED void interaction(double out[2], const double in[2], const struct param *p)
{
  double scaled[2] = {in[0] / 50, in[1] / 50};
  ude_mlp(&p->net, scaled, out);
}

/* Rates multiply the populations, which therefore stay positive. */
void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
  double rate[2];
  interaction(rate, (double[]){u->hare, u->lynx}, p);
  du->hare = ( p->growth  + rate[0]) * u->hare;
  du->lynx = (-p->decline + rate[1]) * u->lynx;
}
