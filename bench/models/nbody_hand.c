/* Adjoint of nbody.c. */
#include "nbody.c"

int hand(const double *state, const double *param, double t, const double *y_bar, double *u_bar,
         double *p_bar) {
  const struct state *restrict u = (const struct state *)state, *restrict b =
                                                                    (const struct state *)y_bar;
  struct state *restrict out = (struct state *)u_bar;
  (void)t;
  for (int i = 0; i < N; i++) {
    double own[3] = {0, 0, 0};
    for (int j = 0; j < N; j++) {
      if (j == i) {
        continue;
      }
      double d[3], square = 1e-3, dot = 0;
      for (int k = 0; k < 3; k++) {
        d[k] = u->x[j][k] - u->x[i][k];
        square += d[k] * d[k];
        dot += d[k] * b->v[i][k];
      }
      double cube = 1 / (square * sqrt(square)), w = param[j] * cube;
      p_bar[j] += dot * cube;
      double along = -3 * dot * w / square;
      for (int k = 0; k < 3; k++) {
        double g = w * b->v[i][k] + along * d[k];
        out->x[j][k] += g;
        own[k] += g;
      }
    }
    for (int k = 0; k < 3; k++) {
      out->x[i][k] -= own[k];
      out->v[i][k] += b->x[i][k];
    }
  }
  return 0;
}
