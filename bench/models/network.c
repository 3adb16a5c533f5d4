/* A network of three layers of tanh as the right-hand side of a neural ODE. */
#include <ude/model.h>

struct state {
  double x[N];
};

struct param {
  double w1[H][N], b1[H], w2[H][H], b2[H], w3[N][H], b3[N];
};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  double h1[H], h2[H];
  (void)t;
  for (int i = 0; i < H; i++) {
    double sum = p->b1[i];
    for (int j = 0; j < N; j++) {
      sum += p->w1[i][j] * u->x[j];
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
    du->x[i] = tanh(sum);
  }
}
