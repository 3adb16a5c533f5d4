/* An epidemic of seven states (Lin et al., Int. J. Infect. Dis. 93 (2020) 211; the exposure study of Rackauckas et al.,
 * arXiv 2001.04385): what is known of it. Exposure to other persons is left to the models of this folder. */
#ifndef SEIR_H
#define SEIR_H

#include <ude/model.h>

struct state { double S, E, I, R, N, D, C; };

const struct state u0 = {.S = 0.9 * 14e6, .N = 14e6};
const double tspan[2] = {0, 21};

/* Rates a day. */
struct known { double F, b0, alpha, kappa, mu, sigma, gamma, d, lambda; };

#define KNOWN_RATES {10, 0.5944, 0.4239, 1117.3, 0.02, 1 / 3.0, 1 / 5.0, 0.2, 1 / 11.2}

/* The rates of change with an exposure of z persons a day. */
static inline void epidemic(struct state *du, const struct state *u, const struct known *k, double z)
{
  double from_outside = k->b0 * u->S * k->F / u->N;
  du->S = -from_outside - z - k->mu * u->S;
  du->E = from_outside + z - (k->sigma + k->mu) * u->E;
  du->I = k->sigma * u->E - (k->gamma + k->mu) * u->I;
  du->R = k->gamma * u->I - k->mu * u->R;
  du->N = -k->mu * u->N;
  du->D = k->d * k->gamma * u->I - k->lambda * u->D;
  du->C = k->sigma * u->E;
}

#endif
