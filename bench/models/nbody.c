/* N bodies that attract each other, softened. */
#include <ude/model.h>

struct state {
  double x[N][3], v[N][3];
};

struct param {
  double mass[N];
};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  (void)t;
  for (int i = 0; i < N; i++) {
    double a[3] = {0, 0, 0};
    for (int j = 0; j < N; j++) {
      if (j == i) {
        continue;
      }
      double d[3], square = 1e-3;
      for (int k = 0; k < 3; k++) {
        d[k] = u->x[j][k] - u->x[i][k];
        square += d[k] * d[k];
      }
      double w = p->mass[j] / (square * sqrt(square));
      for (int k = 0; k < 3; k++) {
        a[k] += w * d[k];
      }
    }
    for (int k = 0; k < 3; k++) {
      du->x[i][k] = u->v[i][k];
      du->v[i][k] = a[k];
    }
  }
}
