/* The choice of methods. */
#include "solve/auto.h"

#include <math.h>

#include "solve/step_size.h"

/* Below this relative tolerance the seventh-order pair needs fewer evaluations than the fifth-order. */
static const double high_order_rtol = 1e-7;

const char *ude_auto_explicit(double rtol) {
  return rtol > high_order_rtol ? "tsit5" : "vern7";
}

/* Rosenbrock methods factorise each step and need no iteration: best for few states. With many, the factorisations that kencarp4 keeps
 * are what counts, unless the tolerance is so tight that its order costs more. */
const char *ude_auto_implicit(const ude_vector_field *field, double rtol, bool differentiable) {
  const int64_t few            = 64;
  const int64_t most_coupled   = 400;
  const double  loose          = 5e-3;
  const double  tight          = 1e-7;
  int64_t       n              = field->state.count;
  bool          can_rosenbrock = !differentiable || field->rhs.hvp;
  bool          full           = n <= most_coupled;
  if (!can_rosenbrock) {
    return rtol > tight || !full ? "kencarp4" : "radau";
  }
  if (n <= few) {
    return rtol >= loose ? "rosenbrock23" : "rodas5p";
  }
  return rtol > tight || !full ? "kencarp4" : "rodas5p";
}

bool ude_auto_needs_implicit(const ude_vector_field *field) {
  for (int64_t i = 0; field->mass && i < field->state.count; i++) {
    if (field->mass[i] != 1) {
      return true;
    }
  }
  return false;
}

/* Stiff: accuracy would allow larger steps, the controller finds the border of stability: |h lambda| stays near it. Not stiff: the step of
 * the implicit method would be stable for the explicit one, too. Two thresholds and more patience on the way to where the solve has
 * been before keep the methods from alternating. */
bool ude_auto_should_switch(ude_auto *watch, const ude_method *method, double explicit_stability,
                            double h, double radius) {
  double reach = fabs(h) * radius / explicit_stability;
  if (!watch->on || !isfinite(reach)) {
    return false;
  }
  if (!method->implicit) {
    watch->stiff_steps = ude_auto_count(watch->stiff_steps, reach);
    return watch->stiff_steps >= UDE_AUTO_PATIENCE;
  }
  watch->calm_steps = ude_auto_count_calm(watch->calm_steps, reach);
  return watch->calm_steps >= ude_auto_calm_patience(watch->returns);
}
