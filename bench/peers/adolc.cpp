// Gradient by ADOL-C: record, then reverse.
#include <adolc/adolc.h>
#include <math.h>
#include <string.h>

#include <vector>

#include DATA
#define REAL adouble
#include "map.h"

extern "C" int peer_gradient(const double *u, const double *p, double t, const double *y_bar, double *u_bar, double *p_bar)
{
  const size_t nu = sizeof(state) / sizeof(adouble), np = sizeof(param) / sizeof(adouble);
  const size_t ny = sizeof(map_output) / sizeof(adouble);
  static state      *su = new state;
  static param      *sp = new param;
  static map_output *sy = new map_output;
  adouble *au = reinterpret_cast<adouble *>(su), *ap = reinterpret_cast<adouble *>(sp), *ay = reinterpret_cast<adouble *>(sy);
  std::vector<double> value(ny), bar(y_bar, y_bar + ny), z(nu + np);
  trace_on(1);
  for (size_t i = 0; i < nu; i++) {
    au[i] <<= u[i];
  }
  for (size_t i = 0; i < np; i++) {
    ap[i] <<= p[i];
  }
  map(sy, su, sp, t);
  for (size_t i = 0; i < ny; i++) {
    ay[i] >>= value[i];
  }
  trace_off();
  std::vector<double> x(nu + np);
  memcpy(x.data(), u, nu * sizeof(double));
  memcpy(x.data() + nu, p, np * sizeof(double));
  zos_forward(1, (int)ny, (int)(nu + np), 1, x.data(), value.data());
  fos_reverse(1, (int)ny, (int)(nu + np), bar.data(), z.data());
  for (size_t i = 0; i < nu; i++) {
    u_bar[i] += z[i];
  }
  for (size_t i = 0; i < np; i++) {
    p_bar[i] += z[nu + i];
  }
  return 0;
}
