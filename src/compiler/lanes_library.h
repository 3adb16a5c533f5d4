/** @file lanes_library.h
 *  @brief Mathematical functions on vectors that the C library has. */
#ifndef UDE_COMPILER_LANES_LIBRARY_H
#define UDE_COMPILER_LANES_LIBRARY_H

#include <stdbool.h>

/** Load the library into the process, if there is one. */
void ude_lanes_library_open(void);
/** Symbol of a function on vectors of at most `most` lanes for a processor with these features; returns the lanes of
 *  one call, 0: there is none. */
int ude_lanes_library(const char *features, const char *name, int arguments, bool single, int most,
                      char symbol[64]);

#endif
