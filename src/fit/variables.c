/* Free variables of a fit, and their seeded start. */
#include "fit/variables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Length of the name up to the last member access: "net." of "net.b1". */
static size_t prefix_length(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot ? (size_t)(dot - name) + 1 : 0;
}

/* A network is a struct some member of which is drawn by Glorot's rule. */
static bool in_network(const ude_layout *layout, const ude_member *member) {
  if (!member) {
    return false;
  }
  size_t length = prefix_length(member->name);
  for (int64_t m = 0; m < layout->members; m++) {
    const ude_member *other = &layout->member[m];
    if (other->init == UDE_INIT_GLOROT_UNIFORM && prefix_length(other->name) == length &&
        strncmp(other->name, member->name, length) == 0 && (length > 0 || other == member)) {
      return true;
    }
  }
  return false;
}

ude_status ude_variables_create(const ude_vector_field *field, const bool *free_mask,
                                ude_variables *variables, ude_error *error) {
  *variables = (ude_variables){
      .variable = ude_calloc((size_t)field->param.count, sizeof *variables->variable)};
  if (!variables->variable) {
    return ude_fail_memory(error, "the trained parameters");
  }
  const ude_member *last    = NULL;
  bool              network = false;
  for (int64_t i = 0; i < field->param.count; i++) {
    const ude_member *member = ude_layout_member(&field->param, i);
    if (free_mask ? !free_mask[i] : member && member->fixed) {
      continue;
    }
    if (member != last) {
      network = in_network(&field->param, member);
      last    = member;
    }
    bool range = member && (member->lower != 0 || member->upper != 0);
    variables->variable[variables->count++] =
        (ude_variable){.index   = i,
                       .lower   = range ? member->lower : -(double)INFINITY,
                       .upper   = range ? member->upper : (double)INFINITY,
                       .network = network};
  }
  return UDE_OK;
}

double ude_variable_value(const ude_variable *v, double theta) {
  if (isfinite(v->lower) && isfinite(v->upper)) {
    return v->lower + (v->upper - v->lower) * 0.5 * (1 + tanh(0.5 * theta));
  }
  return isfinite(v->lower)   ? v->lower + exp(theta)
         : isfinite(v->upper) ? v->upper - exp(theta)
                              : theta;
}

double ude_variable_slope(const ude_variable *v, double theta) {
  if (isfinite(v->lower) && isfinite(v->upper)) {
    double x = tanh(0.5 * theta);
    return (v->upper - v->lower) * 0.25 * (1 - x) * (1 + x);
  }
  return isfinite(v->lower) ? exp(theta) : isfinite(v->upper) ? -exp(theta) : 1;
}

double ude_variable_theta(const ude_variable *v, double value) {
  static const double inside = 1e-6; /* of the range, or of the bound's size */
  if (isfinite(v->lower) && isfinite(v->upper)) {
    double x = (value - v->lower) / (v->upper - v->lower);
    x        = x <= 0 ? inside : x >= 1 ? 1 - inside : x;
    return log(x / (1 - x));
  }
  if (isfinite(v->lower)) {
    return log(value > v->lower ? value - v->lower : inside * fmax(1, fabs(v->lower)));
  }
  if (isfinite(v->upper)) {
    return log(value < v->upper ? v->upper - value : inside * fmax(1, fabs(v->upper)));
  }
  return value;
}

void ude_initialise(const ude_vector_field *field, uint64_t seed, double *p) {
  for (int64_t m = 0; m < field->param.members; m++) {
    const ude_member *member = &field->param.member[m];
    bool              zero   = true;
    for (int64_t i = 0; i < member->count; i++) {
      zero = zero && p[member->first + i] == 0;
    }
    if (member->init != UDE_INIT_GLOROT_UNIFORM || !zero) {
      continue;
    }
    double  fan_in  = member->rank > 0 ? (double)member->extents[0] : 1;
    double  fan_out = member->rank > 1 ? (double)member->extents[1] : 1;
    double  bound   = sqrt(6 / (fan_in + fan_out));
    ude_rng rng     = ude_rng_make(seed, (uint64_t)m);
    for (int64_t i = 0; i < member->count; i++) {
      p[member->first + i] = bound * (2 * ude_rng_uniform(&rng) - 1);
    }
  }
}
