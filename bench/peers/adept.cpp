// Gradient by Adept: record, then reverse.
#include <adept_source.h>
#include <math.h>

#include DATA
static adept::Stack stack; // before the numbers of the model that are global
#define REAL adept::adouble
#include "map.h"

extern "C" int peer_gradient(const double *u, const double *p, double t, const double *y_bar, double *u_bar, double *p_bar)
{
  const size_t nu = sizeof(state) / sizeof(adept::adouble), np = sizeof(param) / sizeof(adept::adouble);
  const size_t ny = sizeof(map_output) / sizeof(adept::adouble);
  static state      *su = new state;
  static param      *sp = new param;
  static map_output *sy = new map_output;
  adept::adouble *au = reinterpret_cast<adept::adouble *>(su), *ap = reinterpret_cast<adept::adouble *>(sp),
                 *ay = reinterpret_cast<adept::adouble *>(sy);
  for (size_t i = 0; i < nu; i++) {
    au[i].set_value(u[i]);
  }
  for (size_t i = 0; i < np; i++) {
    ap[i].set_value(p[i]);
  }
  stack.new_recording();
  map(sy, su, sp, t);
  for (size_t i = 0; i < ny; i++) {
    ay[i].set_gradient(y_bar[i]);
  }
  stack.compute_adjoint();
  for (size_t i = 0; i < nu; i++) {
    u_bar[i] += au[i].get_gradient();
  }
  for (size_t i = 0; i < np; i++) {
    p_bar[i] += ap[i].get_gradient();
  }
  return 0;
}
