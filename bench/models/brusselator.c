/* The Brusselator with diffusion on an N x N periodic grid (Gowda et al. 2019, listing 1). */
#include <ude/model.h>

struct state {
  double u[N][N], v[N][N];
};

struct param {
  double A, B, alpha;
};

const struct param p0 = {3.4, 1, 10};

static double source(double x, double y, double t) {
  return (x - 0.3) * (x - 0.3) + (y - 0.6) * (y - 0.6) <= 0.01 && t >= 1.1 ? 5.0 : 0.0;
}

static int limit(int i) {
  return i < 0 ? N - 1 : i == N ? 0 : i;
}

void rhs(struct state *du, const struct state *s, const struct param *p, double t) {
  double dx    = 1.0 / (N - 1);
  double alpha = p->alpha / (dx * dx);
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      int    im = limit(i - 1), ip = limit(i + 1), jm = limit(j - 1), jp = limit(j + 1);
      double u = s->u[i][j], v = s->v[i][j];
      du->u[i][j] = alpha * (s->u[im][j] + s->u[ip][j] + s->u[i][jp] + s->u[i][jm] - 4 * u) + p->B +
                    u * u * v - (p->A + 1) * u + source(i * dx, j * dx, t);
      du->v[i][j] = alpha * (s->v[im][j] + s->v[ip][j] + s->v[i][jp] + s->v[i][jm] - 4 * v) +
                    p->A * u - u * u * v;
    }
  }
}
