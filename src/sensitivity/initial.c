/* Initial states from parameters. */
#include <string.h>

#include <ude/sensitivity.h>

ude_status ude_initial_state(const ude_vector_field *field, const double *p, double t0, double *u0,
                             ude_error *error) {
  if (field->initial.value) {
    int code = field->initial.value(u0, NULL, p, t0, field->initial.context);
    return code ? ude_fail(error, UDE_NUMERICAL, "'initial' reported failure %d", code) : UDE_OK;
  }
  if (!field->u0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "the model has no initial state: define u0 or the function initial");
  }
  memcpy(u0, field->u0, (size_t)field->state.count * sizeof *u0);
  return UDE_OK;
}

ude_status ude_initial_pullback(const ude_vector_field *field, const double *p, double t0,
                                const double *u0_bar, double *p_bar, ude_error *error) {
  if (!field->initial.value) {
    return UDE_OK;
  }
  if (!field->initial.vjp) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "the gradient needs initial.vjp, which the model lacks");
  }
  int code = field->initial.vjp(NULL, p, t0, u0_bar, NULL, p_bar, NULL, field->initial.context);
  return code ? ude_fail(error, UDE_NUMERICAL, "initial.vjp reported failure %d", code) : UDE_OK;
}
