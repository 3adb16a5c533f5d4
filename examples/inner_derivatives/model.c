/* Derivatives inside a model: a force that is the gradient of an energy, and a penalty on the residual of Burgers'
 * equation u_t + u u_x = nu u_xx for a network u(x, t) (a physics-informed network; Raissi, Perdikaris, Karniadakis 2019).
 * All of it is differentiated again: ude check compares every derivative. */
#include <ude/model.h>
#include <ude/nn.h>

struct state { double q[2], v[2]; };

struct param {
  double k, nu;
  UDE_MLP(2, 6, 1) net;
};

const struct state u0 = {.q = {1, 0.3}, .v = {0, -0.5}};
const struct param p0 = {.k = 2, .nu = 0.01,
                         .net = {.w1 = {{0.3, 0.5, -0.7, 0.2, -0.4, 0.8}, {-0.2, 0.4, 0.1, 0.6, 0.9, -0.3}},
                                 .w2 = {{0.4}, {-0.6}, {0.9}, {0.2}, {-0.5}, {0.7}}}};
const double tspan[2] = {0, 4};

static double energy(const double *q, const struct param *p)
{
  return 0.5 * p->k * (q[0] * q[0] + q[1] * q[1]) + q[0] * q[0] * q[1] * q[1];
}

void rhs(struct state *du, const struct state *s, const struct param *p, double t)
{
  const double *q = s->q;
  double force[2] = {0, 0};
  ude_gradient(energy, (q, p), (force, 0));
  for (int i = 0; i < 2; i++) {
    du->q[i] = s->v[i];
    du->v[i] = -force[i];
  }
}

static double u(double x, double t, const struct param *p)
{
  double in[2] = {x, t}, out;
  ude_mlp(&p->net, in, &out);
  return out;
}

static double u_x(double x, double t, const struct param *p) { return ude_jvp(u, (x, t, p), (1, 0, 0)); }

double penalty(const struct param *p)
{
  double sum = 0;
  for (int i = 0; i < 4; i++) {
    double x = -0.75 + 0.5 * i, t = 0.1 + 0.2 * i;
    double residual = ude_jvp(u, (x, t, p), (0, 1, 0)) + u(x, t, p) * u_x(x, t, p)
                      - p->nu * ude_jvp(u_x, (x, t, p), (1, 0, 0));
    sum += residual * residual;
  }
  return sum / 4;
}
