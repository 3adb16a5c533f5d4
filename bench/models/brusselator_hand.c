/* Adjoint of brusselator.c: the stencil is symmetric, so each cell gathers from its neighbours' adjoints. */
#include "brusselator.c"

int hand(const double *state, const double *param, double t, const double *y_bar, double *u_bar,
         double *p_bar) {
  const struct state *restrict s = (const struct state *)state, *restrict b =
                                                                    (const struct state *)y_bar;
  const struct param *p      = (const struct param *)param;
  struct state *restrict out = (struct state *)u_bar;
  double dx = 1.0 / (N - 1), alpha = p->alpha / (dx * dx);
  double A_bar = 0, B_bar = 0, alpha_bar = 0;
  (void)t;
  for (int i = 0; i < N; i++) {
    int im = limit(i - 1), ip = limit(i + 1);
    for (int j = 0; j < N; j++) {
      int    jm = j == 0 ? N - 1 : j - 1, jp = j == N - 1 ? 0 : j + 1;
      double u = s->u[i][j], v = s->v[i][j], a = b->u[i][j], c = b->v[i][j];
      double lu = s->u[im][j] + s->u[ip][j] + s->u[i][jp] + s->u[i][jm] - 4 * u;
      double lv = s->v[im][j] + s->v[ip][j] + s->v[i][jp] + s->v[i][jm] - 4 * v;
      double la = b->u[im][j] + b->u[ip][j] + b->u[i][jp] + b->u[i][jm] - 4 * a;
      double lc = b->v[im][j] + b->v[ip][j] + b->v[i][jp] + b->v[i][jm] - 4 * c;
      double d  = a - c;
      out->u[i][j] += alpha * la + 2 * u * v * d - (p->A + 1) * a + p->A * c;
      out->v[i][j] += alpha * lc + u * u * d;
      A_bar -= u * d;
      B_bar += a;
      alpha_bar += a * lu + c * lv;
    }
  }
  p_bar[0] += A_bar;
  p_bar[1] += B_bar;
  p_bar[2] += alpha_bar / (dx * dx);
  return 0;
}
