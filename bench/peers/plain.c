/* The model as a C compiler sees it, and the derivative written by hand (MODEL is the hand-written file). */
#include DATA
#include "map.h"

int plain(double *y, const double *u, const double *p, double t);
int plain(double *y, const double *u, const double *p, double t) {
  map((map_output *)y, (const struct state *)u, (const struct param *)p, t);
  return 0;
}
