/* Gradient of bundle.c, observation by observation. */
#include "bundle.c"
#include "projection_hand.h"

int hand(const double *state, const double *param, double t, const double *y_bar, double *u_bar,
         double *p_bar) {
  const struct state *restrict u = (const struct state *)state;
  struct state *restrict out     = (struct state *)u_bar;
  double scale = param[0] * y_bar[0], total = 0;
  (void)t;
  for (int k = 0; k < OBSERVATIONS; k++) {
    double    image[2], bar[2], w = u->weight[k];
    projected kept;
    int       c = seen[k][0], x = seen[k][1];
    project_forward(u->camera[c], u->point[x], image, &kept);
    double dx = image[0] - feature[k][0], dy = image[1] - feature[k][1], ew = 1 - w * w;
    total += w * w * (dx * dx + dy * dy) + ew * ew;
    bar[0] = scale * w * w * dx;
    bar[1] = scale * w * w * dy;
    out->weight[k] += scale * (w * (dx * dx + dy * dy) - 2 * w * ew);
    project_back(u->camera[c], &kept, bar, out->camera[c], out->point[x]);
  }
  p_bar[0] += 0.5 * total * y_bar[0];
  return 0;
}
