// Gradient by CoDiPack: record, then reverse.
#include <codi.hpp>
#include <math.h>

#include DATA
typedef codi::RealReverse codi_real;
#define REAL codi_real
#include "map.h"

extern "C" int peer_gradient(const double *u, const double *p, double t, const double *y_bar, double *u_bar, double *p_bar)
{
  const size_t nu = sizeof(state) / sizeof(codi_real), np = sizeof(param) / sizeof(codi_real);
  const size_t ny = sizeof(map_output) / sizeof(codi_real);
  static state      *su = new state;
  static param      *sp = new param;
  static map_output *sy = new map_output;
  codi_real *au = reinterpret_cast<codi_real *>(su), *ap = reinterpret_cast<codi_real *>(sp),
            *ay = reinterpret_cast<codi_real *>(sy);
  auto &tape = codi_real::getTape();
  tape.setActive();
  for (size_t i = 0; i < nu; i++) {
    au[i] = u[i];
    tape.registerInput(au[i]);
  }
  for (size_t i = 0; i < np; i++) {
    ap[i] = p[i];
    tape.registerInput(ap[i]);
  }
  map(sy, su, sp, t);
  tape.setPassive();
  for (size_t i = 0; i < ny; i++) {
    ay[i].gradient() = y_bar[i];
  }
  tape.evaluate();
  for (size_t i = 0; i < nu; i++) {
    u_bar[i] += au[i].getGradient();
  }
  for (size_t i = 0; i < np; i++) {
    p_bar[i] += ap[i].getGradient();
  }
  for (size_t i = 0; i < ny; i++) {
    ay[i].gradient() = 0;
  }
  tape.reset();
  return 0;
}
