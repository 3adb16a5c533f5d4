/* Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
 */
#include <math.h>

#include <ude/base.h>

#include "base/philox.h"

enum { ROUNDS = 10 };

void ude_philox(uint32_t counter[4], uint32_t key0, uint32_t key1) {
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t product0 = (uint64_t)0xD2511F53U * counter[0];
    uint64_t product1 = (uint64_t)0xCD9E8D57U * counter[2];
    uint32_t next0    = (uint32_t)(product1 >> 32) ^ counter[1] ^ key0;
    uint32_t next2    = (uint32_t)(product0 >> 32) ^ counter[3] ^ key1;
    counter[1]        = (uint32_t)product1;
    counter[3]        = (uint32_t)product0;
    counter[0]        = next0;
    counter[2]        = next2;
    key0 += 0x9E3779B9U; /* Weyl sequences of the golden ratio and of sqrt(3) - 1 */
    key1 += 0xBB67AE85U;
  }
}

ude_rng ude_rng_make(uint64_t seed, uint64_t stream) {
  return (ude_rng){.seed = seed, .stream = stream, .counter = 0};
}

/* Each block of four words gives two numbers: the counter's lowest bit picks the half. */
uint64_t ude_rng_bits(ude_rng *rng) {
  uint64_t block      = rng->counter >> 1;
  uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)rng->stream,
                         (uint32_t)(rng->stream >> 32)};
  ude_philox(counter, (uint32_t)rng->seed, (uint32_t)(rng->seed >> 32));
  int half = (int)(rng->counter & 1) * 2;
  rng->counter++;
  return (uint64_t)counter[half] | (uint64_t)counter[half + 1] << 32;
}

double ude_rng_uniform(ude_rng *rng) {
  return (double)(ude_rng_bits(rng) >> 11) * 0x1p-53;
}

/* Box and Muller 1958: two uniforms for each normal, so that the i-th number stays a function of i.
 */
double ude_rng_normal(ude_rng *rng) {
  static const double two_pi = 6.283185307179586476925286766559;
  double              radius = sqrt(-2 * log((double)((ude_rng_bits(rng) >> 11) + 1) * 0x1p-53));
  return radius * cos(two_pi * ude_rng_uniform(rng));
}
