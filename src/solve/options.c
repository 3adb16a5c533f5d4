/* Options of a solve: defaults and checks. */
#include <math.h>
#include <string.h>

#include "solve/integrator.h"

static const double  default_atol      = 1e-9;
static const int64_t default_max_steps = 1000000;

static ude_status unknown_method(const char *name, ude_error *error) {
  char   names[640] = "auto";
  size_t used       = strlen(names);
  for (int i = 0; ude_method_name(i) && used + 32 < sizeof names; i++) {
    const char *next   = ude_method_name(i);
    size_t      length = strlen(next);
    memcpy(names + used, ", ", 2);
    memcpy(names + used + 2, next, length + 1);
    used += length + 2;
  }
  return ude_fail(error, UDE_INVALID_ARGUMENT, "unknown method '%s'; the methods are: %s", name,
                  names);
}

static ude_status check_finite_positive(const ude_solve_options *options, ude_error *error) {
  const struct {
    const char *name;
    double      value;
  } each[] = {{"rtol", options->rtol},
              {"atol", options->atol},
              {"initial_step", options->initial_step},
              {"min_step", options->min_step},
              {"max_step", options->max_step},
              {"time_limit", options->time_limit}};
  for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
    if (!(each[i].value >= 0) || isinf(each[i].value)) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "%s must be positive (or 0 for the default) and finite, but is %g",
                      each[i].name, each[i].value);
    }
  }
  if (options->max_step > 0 && options->min_step > options->max_step) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "min_step (%g) is larger than max_step (%g)",
                    options->min_step, options->max_step);
  }
  return UDE_OK;
}

static ude_status check_counts(const ude_solve_options *options, ude_error *error) {
  if (options->max_steps < 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "max_steps must be positive, but is %lld",
                    (long long)options->max_steps);
  }
  if (options->saveat_count < 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "saveat_count must not be negative, but is %lld",
                    (long long)options->saveat_count);
  }
  int save = (int)options->save;
  if (save != UDE_SAVE_STEPS && save != UDE_SAVE_AT && save != UDE_SAVE_END) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "save is %d, not one of ude_save", save);
  }
  return UDE_OK;
}

static ude_status check_atol_vector(const double *atol, const ude_layout *state, ude_error *error) {
  for (int64_t i = 0; atol && i < state->count; i++) {
    if (!(atol[i] > 0) || isinf(atol[i])) {
      char name[256];
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "atol of '%s' must be positive and finite, but is %g",
                      ude_layout_name(state, i, "u", name, sizeof name), atol[i]);
    }
  }
  return UDE_OK;
}

/* Without an error estimate, the step is what the user says. */
static ude_status check_fixed_step(const ude_solve_options *options, const ude_method *method,
                                   ude_error *error) {
  return options->initial_step > 0
             ? UDE_OK
             : ude_fail(error, UDE_INVALID_ARGUMENT,
                        "'%s' estimates no error and takes steps of a fixed size: set "
                        "initial_step, or choose a method that adapts its steps, such as tsit5",
                        method->name);
}

ude_status ude_solve_options_resolve(const ude_solve_options *options,
                                     const ude_vector_field *field, ude_solve_options *resolved,
                                     ude_error *error) {
  *resolved         = options ? *options : (ude_solve_options){0};
  ude_status status = check_finite_positive(resolved, error);
  status            = status ? status : check_counts(resolved, error);
  status = status ? status : check_atol_vector(resolved->atol_vector, &field->state, error);
  if (status) {
    return status;
  }
  resolved->rtol           = resolved->rtol > 0 ? resolved->rtol : UDE_DEFAULT_RTOL;
  resolved->atol           = resolved->atol > 0 ? resolved->atol : default_atol;
  resolved->max_steps      = resolved->max_steps > 0 ? resolved->max_steps : default_max_steps;
  const ude_method *method = ude_method_find(resolved->method, resolved->rtol);
  if (!method) {
    return unknown_method(resolved->method, error);
  }
  return method->error_order > 0 || method->integrate ? UDE_OK
                                                      : check_fixed_step(resolved, method, error);
}

ude_status ude_times_check(const double *times, int64_t count, double t0, double t1,
                           ude_error *error) {
  double direction = t1 >= t0 ? 1 : -1;
  if (count < 0 || (count > 0 && !times)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "%lld save times%s", (long long)count,
                    times ? "" : ", but the pointer to them is NULL");
  }
  for (int64_t i = 0; i < count; i++) {
    if (!(direction * (times[i] - t0) >= 0 && direction * (t1 - times[i]) >= 0)) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "save time %.17g lies outside the time span [%.17g, %.17g]", times[i], t0,
                      t1);
    }
    if (i > 0 && direction * (times[i] - times[i - 1]) < 0) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "save times must be ordered from %.17g to %.17g, but %.17g follows %.17g", t0,
                      t1, times[i], times[i - 1]);
    }
  }
  return UDE_OK;
}
