/* Backpropagation through network.c. */
#include "network.c"

static void back(int rows, int columns, const double *restrict w, double *restrict w_bar,
                 double *restrict b_bar, const double *restrict in, double *restrict in_bar,
                 const double *restrict out, const double *restrict out_bar) {
  for (int i = 0; i < rows; i++) {
    double g = out_bar[i] * (1 - out[i] * out[i]);
    b_bar[i] += g;
    for (int j = 0; j < columns; j++) {
      w_bar[i * columns + j] += g * in[j];
      in_bar[j] += g * w[i * columns + j];
    }
  }
}

int hand(const double *state, const double *param, double t, const double *y_bar, double *u_bar,
         double *p_bar) {
  const struct param *p   = (const struct param *)param;
  struct param       *out = (struct param *)p_bar;
  double              h1[H], h2[H], y[N], h1_bar[H] = {0}, h2_bar[H] = {0};
  (void)t;
  for (int i = 0; i < H; i++) {
    double sum = p->b1[i];
    for (int j = 0; j < N; j++) {
      sum += p->w1[i][j] * state[j];
    }
    h1[i] = tanh(sum);
  }
  for (int i = 0; i < H; i++) {
    double sum = p->b2[i];
    for (int j = 0; j < H; j++) {
      sum += p->w2[i][j] * h1[j];
    }
    h2[i] = tanh(sum);
  }
  for (int i = 0; i < N; i++) {
    double sum = p->b3[i];
    for (int j = 0; j < H; j++) {
      sum += p->w3[i][j] * h2[j];
    }
    y[i] = tanh(sum);
  }
  back(N, H, p->w3[0], out->w3[0], out->b3, h2, h2_bar, y, y_bar);
  back(H, H, p->w2[0], out->w2[0], out->b2, h1, h1_bar, h2, h2_bar);
  back(H, N, p->w1[0], out->w1[0], out->b1, state, u_bar, h1, h1_bar);
  return 0;
}
