/** @file parallel.h
 *  @brief Independent pieces of one compilation on several processors. */
#ifndef UDE_COMPILER_PARALLEL_H
#define UDE_COMPILER_PARALLEL_H

#include <stddef.h>

/** work(i, context) for i = 0 ... count-1, on as many threads as there are processors (the caller's among
 *  them); returns when all are done. Where threads cannot be had, one does it all. */
void ude_parallel(size_t count, void (*work)(size_t i, void *context), void *context);

#endif
