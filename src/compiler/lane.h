/**
 * @file lane.h
 * @brief Called by emitted forward derivatives where a rule knows only one tangent.
 */
#ifndef UDE_COMPILER_LANE_H
#define UDE_COMPILER_LANE_H

#include <stddef.h>

/** Zeroed memory, to be released with free; NULL without memory, which ude_tape_failed then tells. */
void *ude_lane_buffer(size_t bytes);
/** Lane `lane` of an object of `bytes` whose numbers of `grain` bytes have `width` tangents each side by side; nothing
 *  if narrow is NULL. */
void ude_lane_get(void *narrow, const void *wide, size_t bytes, int grain, int width, int lane);
void ude_lane_put(const void *narrow, void *wide, size_t bytes, int grain, int width, int lane);
/** memcpy, or nothing if there is no memory. */
void ude_lane_copy(void *to, const void *from, size_t bytes);

#endif
