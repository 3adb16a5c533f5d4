/* The classic model of the same data, for comparison: Lotka and Volterra's interaction, four rates, two starts.
 * -DERROR= compares counts instead of their logarithms. */
#include <ude/model.h>

#ifndef ERROR
#define ERROR UDE_RELATIVE
#endif

struct state { ERROR double hare, lynx; };

struct param {
  UDE_RANGE(0, 3) double growth, decline; /* per year */
  UDE_RANGE(0, 1) double eaten, eating;   /* per year and thousand of the other species */
  UDE_RANGE(1, 100) double hare0, lynx0;
};

const struct param p0 = {.growth = 0.5, .decline = 0.8, .eaten = 0.02, .eating = 0.02, .hare0 = 30, .lynx0 = 4};
const double tspan[2] = {0, 20};

void initial(struct state *u0, const struct param *p)
{
  u0->hare = p->hare0;
  u0->lynx = p->lynx0;
}

void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
  du->hare = ( p->growth  - p->eaten  * u->lynx) * u->hare;
  du->lynx = (-p->decline + p->eating * u->hare) * u->lynx;
}
