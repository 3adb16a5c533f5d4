/* Interleaved tangents, one at a time: for rules that know one tangent. */
#include "compiler/lane.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/tape.h"

/* The emitted code goes on whatever happens: who called the model asks ude_tape_failed. */
void *ude_lane_buffer(size_t bytes) {
  void *buffer = calloc(1, bytes ? bytes : 1);
  if (!buffer) {
    ude_tape_fail();
  }
  return buffer;
}

void ude_lane_get(void *narrow, const void *wide, size_t bytes, int grain, int width, int lane) {
  size_t size = (size_t)grain;
  for (size_t k = 0; narrow && k < bytes / size; k++) {
    memcpy((char *)narrow + k * size,
           (const char *)wide + (k * (size_t)width + (size_t)lane) * size, size);
  }
}

void ude_lane_put(const void *narrow, void *wide, size_t bytes, int grain, int width, int lane) {
  size_t size = (size_t)grain;
  for (size_t k = 0; narrow && k < bytes / size; k++) {
    memcpy((char *)wide + (k * (size_t)width + (size_t)lane) * size,
           (const char *)narrow + k * size, size);
  }
}

void ude_lane_copy(void *to, const void *from, size_t bytes) {
  if (to && from) {
    memcpy(to, from, bytes);
  }
}
