/* Bundle adjustment, one observation: the weighted reprojection error whose Jacobian ADBench measures. */
#include <ude/model.h>

#include "projection.h"

struct state {
  double camera[11], point[3], weight;
};

struct observation {
  double error[2];
};

struct param {
  double feature[2];
};

const struct state u0 = {{0}, {0}, 1};
const struct param p0 = {{0.1, -0.2}};

void rhs(struct state *du, const struct state *u, const struct param *p, double t) {
  (void)u, (void)p, (void)t;
  du->weight = 0;
}

void observe(struct observation *y, const struct state *u, const struct param *p, double t) {
  double image[2];
  (void)t;
  project(u->camera, u->point, image);
  y->error[0] = u->weight * (image[0] - p->feature[0]);
  y->error[1] = u->weight * (image[1] - p->feature[1]);
}
