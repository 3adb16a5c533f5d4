/**
 * @file variables.h
 * @brief Free variables of a fit: which parameters are trained, mapped into their ranges.
 *
 * A parameter in (a, b) is a + (b - a)/(1 + exp(-theta)); in (a, inf) a + exp(theta); in (-inf, b) b - exp(theta); without a
 * range it is theta itself.
 */
#ifndef UDE_FIT_VARIABLES_H
#define UDE_FIT_VARIABLES_H

#include <ude/fit.h>

typedef struct ude_variable {
  int64_t index; /**< into p */
  double  lower, upper;
  bool    network; /**< weight or bias of a network: regularised */
} ude_variable;

typedef struct ude_variables {
  int64_t       count;
  ude_variable *variable;
} ude_variables;

/** Those that `free` names, or all that are not fixed. */
ude_status ude_variables_create(const ude_vector_field *field, const bool *free_mask,
                                ude_variables *variables, ude_error *error);
double     ude_variable_value(const ude_variable *variable, double theta);
double     ude_variable_slope(const ude_variable *variable, double theta);
/** The theta of a value; values at or beyond a bound are moved inside. */
double ude_variable_theta(const ude_variable *variable, double value);

#endif
