/* The table of methods. */
#include <string.h>

#include "solve/tableaus.h"

/* Explicit Runge-Kutta pair: order, power of h of its error estimate, order of the dense output, stability. */
#define ERK(id, p, q, d, bound)                \
  {.name            = #id,                     \
   .order           = (p),                     \
   .error_order     = (q),                     \
   .dense_order     = (d),                     \
   .stability       = (bound),                 \
   .time_tangents   = true,                    \
   .data            = &ude_##id,               \
   .open            = ude_erk_open,            \
   .close           = ude_erk_close,           \
   .start           = ude_erk_start,           \
   .attempt         = ude_erk_attempt,         \
   .finish          = ude_erk_finish,          \
   .accept          = ude_erk_accept,          \
   .dense           = ude_erk_dense,           \
   .stiffness       = ude_erk_stiffness,       \
   .reserve         = ude_erk_reserve,         \
   .replay          = ude_erk_replay,          \
   .tangent         = ude_erk_tangent,         \
   .tangent_dense   = ude_erk_tangent_dense,   \
   .transpose_begin = ude_erk_transpose_begin, \
   .transpose_dense = ude_erk_transpose_dense, \
   .transpose       = ude_erk_transpose}

/* tests/solve/test_tableaus.c holds these numbers against the tableaus. The estimate of dop853 is combined from two of
 * order 5 and 3, so that it behaves as h^8. */
static const ude_method methods[] = {
    ERK(euler, 1, 0, 1, 2),       ERK(rk4, 4, 0, 3, 2.78529),   ERK(ssprk43, 3, 3, 3, 5.14949),
    ERK(bs3, 3, 3, 3, 2.51275),   ERK(tsit5, 5, 5, 4, 3.50685), ERK(dp5, 5, 5, 4, 3.30657),
    ERK(vern6, 6, 6, 6, 4.85527), ERK(vern7, 7, 7, 7, 4.64002), ERK(dop853, 8, 8, 7, 6.39365),
    ERK(vern9, 9, 9, 9, 4.47617),
};

enum { METHOD_COUNT = sizeof methods / sizeof methods[0] };

/* Below this relative tolerance the seventh-order pair needs fewer evaluations than the fifth-order. */
static const double high_order_rtol = 1e-7;

const ude_method *ude_method_at(int index) {
  return index >= 0 && index < METHOD_COUNT ? &methods[index] : NULL;
}

const ude_method *ude_method_find(const char *name, double rtol) {
  if (!name || strcmp(name, "auto") == 0) {
    name = rtol > high_order_rtol ? "tsit5" : "vern7";
  }
  for (int i = 0; i < METHOD_COUNT; i++) {
    if (strcmp(methods[i].name, name) == 0) {
      return &methods[i];
    }
  }
  return NULL;
}

const ude_erk_tableau *ude_erk_find(const char *name, double rtol) {
  const ude_method *method = ude_method_find(name, rtol);
  return method && method->open == ude_erk_open ? method->data : NULL;
}

const char *ude_method_name(int index) {
  const ude_method *method = ude_method_at(index);
  return method ? method->name : NULL;
}

int ude_method_order(const char *name) {
  const ude_method *method = name ? ude_method_find(name, 1) : NULL;
  return method ? method->order : 0;
}

int ude_method_dense_order(const char *name) {
  const ude_method *method = name ? ude_method_find(name, 1) : NULL;
  return method ? method->dense_order : 0;
}
