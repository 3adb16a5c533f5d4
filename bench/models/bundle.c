/* Bundle adjustment, the whole problem: half the sum of squared reprojection errors of all observations. */
#include <ude/model.h>

#include "bundle_data.h" /* static const int seen[OBSERVATIONS][2]; static const double feature[OBSERVATIONS][2] */
#include "projection.h"

struct state {
  double camera[CAMERAS][11], point[POINTS][3], weight[OBSERVATIONS];
};

struct param {
  double scale;
};

const struct param p0 = {1};

double terminal_cost(const struct state *u, const struct param *p, double t) {
  double total = 0;
  (void)t;
  for (int k = 0; k < OBSERVATIONS; k++) {
    double image[2], w = u->weight[k];
    project(u->camera[seen[k][0]], u->point[seen[k][1]], image);
    double ex = w * (image[0] - feature[k][0]), ey = w * (image[1] - feature[k][1]), ew = 1 - w * w;
    total += ex * ex + ey * ey + ew * ew;
  }
  return 0.5 * p->scale * total;
}
