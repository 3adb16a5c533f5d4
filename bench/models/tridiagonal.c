/* A tridiagonal system solved by Thomas' algorithm: (lower, diagonal, upper) x = u with constant coefficients. */
#include <ude/model.h>

struct state {
  double x[N];
};

struct param {
  double lower, diagonal, upper;
};

const struct param p0 = {-1, 4, -1.5};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  double c[N], d[N];
  (void)t;
  c[0] = p->upper / p->diagonal;
  d[0] = u->x[0] / p->diagonal;
  for (int i = 1; i < N; i++) {
    double pivot = p->diagonal - p->lower * c[i - 1];
    c[i]         = p->upper / pivot;
    d[i]         = (u->x[i] - p->lower * d[i - 1]) / pivot;
  }
  du->x[N - 1] = d[N - 1];
  for (int i = N - 2; i >= 0; i--) {
    du->x[i] = d[i] - c[i] * du->x[i + 1];
  }
}
