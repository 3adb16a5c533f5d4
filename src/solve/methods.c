/* The table of methods. */
#include <string.h>

#include "solve/auto.h"
#include "solve/cvode.h"
#include "solve/implicit.h"
#include "solve/rock.h"
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
   .lend            = ude_erk_lend,            \
   .take_back       = ude_erk_take_back,       \
   .dense           = ude_erk_dense,           \
   .stiffness       = ude_erk_stiffness,       \
   .reserve         = ude_erk_reserve,         \
   .replay          = ude_erk_replay,          \
   .estimates       = ude_erk_estimates,       \
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

/* Families with entries of their own. */
static const ude_method *const others[] = {
    &ude_method_rock2,     &ude_method_rock4,       &ude_method_rosenbrock23, &ude_method_rodas4,
    &ude_method_rodas5p,   &ude_method_trbdf2,      &ude_method_kencarp4,     &ude_method_radau,
#ifdef UDE_WITH_CVODE
    &ude_method_cvode_bdf, &ude_method_cvode_adams,
#endif
};

enum {
  METHOD_COUNT = sizeof methods / sizeof methods[0],
  OTHER_COUNT  = sizeof others / sizeof others[0]
};

const ude_method *ude_method_at(int index) {
  if (index < 0 || index >= METHOD_COUNT + OTHER_COUNT) {
    return NULL;
  }
  return index < METHOD_COUNT ? &methods[index] : others[index - METHOD_COUNT];
}

const ude_method *ude_method_find(const char *name, double rtol) {
  if (!name || strcmp(name, "auto") == 0) {
    name = ude_auto_explicit(rtol);
  }
  const ude_method *method = NULL;
  for (int i = 0; (method = ude_method_at(i)) && strcmp(method->name, name) != 0; i++) {
  }
  return method;
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

const char *ude_method_explicit(double rtol) {
  return ude_auto_explicit(rtol > 0 ? rtol : UDE_DEFAULT_RTOL);
}

bool ude_method_needs_jacobian(const char *name) {
  const ude_method *method = name && strcmp(name, "auto") != 0 ? ude_method_find(name, 1) : NULL;
  return !name || strcmp(name, "auto") == 0 || (method && method->implicit);
}

bool ude_method_needs_hessian(const char *name) {
  const ude_method *method = name && strcmp(name, "auto") != 0 ? ude_method_find(name, 1) : NULL;
  return method && ude_implicit_needs_hessian(method);
}
