/* Gradient by Enzyme: arguments of the map may alias (SEPARATE empty) or not (SEPARATE=restrict). */
#include DATA
#include "map.h"

#include <string.h>

extern int enzyme_dup, enzyme_dupnoneed, enzyme_const;
void       __enzyme_autodiff(void *, ...);

static void flat(double *SEPARATE y, const double *SEPARATE u, const double *SEPARATE p, double t) {
  map((map_output *)y, (const struct state *)u, (const struct param *)p, t);
}

int peer_gradient(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
                  double *p_bar) {
  static map_output y, bar;
  memcpy(&bar, y_bar, sizeof bar);
  __enzyme_autodiff((void *)flat, enzyme_dupnoneed, (double *)&y, (double *)&bar, enzyme_dup, u,
                    u_bar, enzyme_dup, p, p_bar, enzyme_const, t);
  return 0;
}
