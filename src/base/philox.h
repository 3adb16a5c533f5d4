/* The round function of the generator, apart from its counters, so that it can be tested against
 * the published answers. */
#ifndef UDE_BASE_PHILOX_H
#define UDE_BASE_PHILOX_H

#include <stdint.h>

/** Philox4x32-10 in place on the counter. */
void ude_philox(uint32_t counter[4], uint32_t key0, uint32_t key1);

#endif
