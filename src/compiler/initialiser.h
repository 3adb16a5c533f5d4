/** @file initialiser.h
 *  @brief Values of a struct as a C initialiser. */
#ifndef UDE_COMPILER_INITIALISER_H
#define UDE_COMPILER_INITIALISER_H

#include "compiler/reflection.h"

/** The shortest decimal that reads back as the same number; `single`: as the same float. */
const char *ude_initialiser_number(double value, bool single, char buffer[32]);

/**
 * Append "\n    .name = value," for every member, in memory order; arrays of zeros are left out.
 * @param reals   the flat vector
 * @param image   the struct's bytes, for its integers; NULL: zeros
 * @param skip    is the member of that name to be left out? May be NULL.
 */
void ude_initialiser_append(const ude_struct_shape *shape, const double *reals, const char *image,
                            bool (*skip)(const char *name, const void *context),
                            const void *context, ude_text *text);

#endif
