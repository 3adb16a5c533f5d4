/* Vector-Jacobian product of projection.c. */
#include "projection_hand.h"
#include "projection.c"

int hand(const double *state, const double *param, double t, const double *y_bar, double *u_bar,
         double *p_bar) {
  const struct state *u   = (const struct state *)state;
  struct state       *out = (struct state *)u_bar;
  double              image[2], bar[2];
  projected           kept;
  (void)t;
  project_forward(u->camera, u->point, image, &kept);
  for (int i = 0; i < 2; i++) {
    bar[i] = u->weight * y_bar[i];
    p_bar[i] -= bar[i];
    out->weight += y_bar[i] * (image[i] - param[i]);
  }
  project_back(u->camera, &kept, bar, out->camera, out->point);
  return 0;
}
