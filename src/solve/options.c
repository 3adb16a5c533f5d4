/* Options of a solve: defaults and checks. */
#include <math.h>
#include <string.h>

#include "solve/integrator.h"

static const double  default_rtol      = 1e-6;
static const double  default_atol      = 1e-9;
static const int64_t default_max_steps = 1000000;

static ude_status unknown_method(const char *name, ude_error *error) {
  char   names[256] = "auto";
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

/* Positive or zero (the default), and finite unless it may be unbounded. */
static ude_status check_positive(const char *name, double value, ude_error *error) {
  if (!(value >= 0) || isinf(value)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "%s must be positive and finite, but is %g", name,
                    value);
  }
  return UDE_OK;
}

ude_status ude_solve_options_resolve(const ude_solve_options *options, const ude_vector_field *field,
                                     ude_solve_options *resolved, ude_error *error) {
  *resolved         = options ? *options : (ude_solve_options){0};
  ude_status status = check_positive("rtol", resolved->rtol, error);
  status            = status ? status : check_positive("atol", resolved->atol, error);
  status = status ? status : check_positive("initial_step", resolved->initial_step, error);
  status = status ? status : check_positive("min_step", resolved->min_step, error);
  status = status ? status : check_positive("max_step", resolved->max_step, error);
  status = status ? status : check_positive("time_limit", resolved->time_limit, error);
  if (status) {
    return status;
  }
  for (int64_t i = 0; resolved->atol_vector && i < field->state.count; i++) {
    if (!(resolved->atol_vector[i] > 0) || isinf(resolved->atol_vector[i])) {
      char name[256];
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "atol of '%s' must be positive and finite, but is %g",
                      ude_layout_name(&field->state, i, "u", name, sizeof name),
                      resolved->atol_vector[i]);
    }
  }
  if (resolved->max_steps < 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "max_steps must be positive, but is %lld",
                    (long long)resolved->max_steps);
  }
  resolved->rtol      = resolved->rtol > 0 ? resolved->rtol : default_rtol;
  resolved->atol      = resolved->atol > 0 ? resolved->atol : default_atol;
  resolved->max_steps = resolved->max_steps > 0 ? resolved->max_steps : default_max_steps;
  if (!ude_erk_find(resolved->method, resolved->rtol)) {
    return unknown_method(resolved->method, error);
  }
  if (resolved->save == UDE_SAVE_AT && resolved->saveat_count > 0 && !resolved->saveat) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "saveat_count is %lld, but saveat is NULL",
                    (long long)resolved->saveat_count);
  }
  return UDE_OK;
}

ude_status ude_times_check(const double *times, int64_t count, double t0, double t1,
                           ude_error *error) {
  double direction = t1 >= t0 ? 1 : -1;
  for (int64_t i = 0; i < count; i++) {
    if (!(direction * (times[i] - t0) >= 0 && direction * (t1 - times[i]) >= 0)) {
      return ude_fail(error, UDE_INVALID_ARGUMENT, "save time %g lies outside the time span [%g, %g]",
                      times[i], t0, t1);
    }
    if (i > 0 && direction * (times[i] - times[i - 1]) < 0) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "save times must be ordered from %g to %g, but %g follows %g", t0, t1, times[i],
                      times[i - 1]);
    }
  }
  return UDE_OK;
}
