/** @file source.h
 *  @brief What only the source text tells, by libclang (loaded when it is first needed). */
#ifndef UDE_COMPILER_SOURCE_H
#define UDE_COMPILER_SOURCE_H

#include "compiler/reflection.h"

/** Fill in the extents of the array arguments of learned functions, and their rows and columns. */
ude_status ude_source_extents(const char *const *files, size_t file_count,
                              const ude_compile_options *options, ude_reflection *reflection,
                              ude_error *error);

#endif
