/** @file check.h
 *  @brief What the comparisons of ude_check and ude_check_derived share. */
#ifndef UDE_SENSITIVITY_CHECK_H
#define UDE_SENSITIVITY_CHECK_H

#include <ude/vector_field.h>

/** Do members of the model hold float? Then comparisons allow for its rounding. */
bool ude_check_single(const ude_vector_field *field);

#endif
