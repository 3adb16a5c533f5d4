/**
 * @file lanes_math.c
 * @brief exp, log and tanh without branches and tables: they go into lanes as any function of the model does.
 *
 * Argument reduction by multiples of log 2 (Cody & Waite 1980) in two parts, near-minimax polynomials (fitted by Chebyshev
 * expansion in 40 digits: relative errors 1.4e-17 and 1e-17), fused multiply-adds. Errors are below 1 unit in the last place
 * for exp and log, below 2.5 for tanh; special values as C11 F.10 has them. This file is compiled to bitcode (room.cmake).
 */
#include "compiler/lanes_math.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const double log2_e     = 1.4426950408889634074;
static const double log_2_high = 0x1.62e42f8000000p-1; /* 26 bits: multiples are exact */
static const double log_2_low  = 0x1.be8e7bcd5e4f2p-27;

static inline double fused(double a, double b, double c) {
  return __builtin_fma(a, b, c);
}

static inline uint64_t bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double of_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* (e^r - 1 - r) / r^2 for |r| <= log(2) / 2. */
static inline double exp_tail(double r) {
  double q = 2.5101346928350340198e-8;
  q        = fused(q, r, 2.76213386691429238e-7);
  q        = fused(q, r, 2.7557266418612303703e-6);
  q        = fused(q, r, 0.000024801518641395993583);
  q        = fused(q, r, 0.00019841269864380513295);
  q        = fused(q, r, 0.0013888888918939167785);
  q        = fused(q, r, 0.0083333333333297934996);
  q        = fused(q, r, 0.041666666666620638584);
  q        = fused(q, r, 0.16666666666666667534);
  return fused(q, r, 0.5000000000000001128);
}

/* e^x = 2^k (1 + p): the result; k, shifted by 1.5 2^52, is in the low bits of `whole`. */
static inline double reduced_expm1(double x, uint64_t *whole) {
  const double shift = 0x1.8p52;
  double       n     = fused(x, log2_e, shift);
  double       k     = n - shift;
  double       high  = fused(k, -log_2_high, x); /* exact */
  double       r     = fused(k, -log_2_low, high);
  double       rest  = fused(k, -log_2_low, high - r);
  *whole             = bits_of(n);
  return r + fused(r * r, exp_tail(r), rest);
}

/* 2^k for k in [-1076, 1025] as a product of two powers in range. */
static inline double scaled(double y, uint64_t whole) {
  uint64_t k    = whole - 0x4338000000000000U + 2200;
  uint64_t half = k >> 1;
  double   a    = of_bits((half - 1100 + 1023) << 52);
  double   b    = of_bits((k - half - 1100 + 1023) << 52);
  return y * a * b;
}

double ude_lane_exp(double x) {
  uint64_t whole;
  double   y = x > 710 ? 710 : x; /* beyond there is only infinity, or zero */
  y          = y < -746 ? -746 : y;
  double p   = reduced_expm1(y, &whole);
  return scaled(1 + p, whole);
}

double ude_lane_log(double x) {
  int      tiny = x < 0x1p-1022;
  double   y    = tiny ? x * 0x1p54 : x;
  uint64_t bits = bits_of(y);
  /* y = 2^k m with m in [sqrt(1/2), sqrt(2)) */
  uint64_t high = bits + (0x3ff0000000000000U - 0x3fe6a09e667f3bcdU);
  double   m    = of_bits((high & 0x000fffffffffffffU) + 0x3fe6a09e667f3bcdU);
  /* the exponent as a double: 2^52 + exponent has it in its low bits */
  double k = of_bits((high >> 52) | 0x4330000000000000U) - (0x1p52 + 1023) - (tiny ? 54 : 0);
  double f = m - 1;
  double s = f / (2 + f);
  double z = s * s;
  double q = 0.14630031364122860468;
  q        = fused(q, z, 0.15330617306743304885);
  q        = fused(q, z, 0.18182922513515941633);
  q        = fused(q, z, 0.22222210674238515246);
  q        = fused(q, z, 0.28571428628810995598);
  q        = fused(q, z, 0.39999999999893221763);
  q        = fused(q, z, 0.6666666666666669907);
  /* log(1 + f) = 2 s + s z q, and 2 s = f - s f: f is exact */
  double half = 0.5 * f * f;
  double tail = s * (half + z * q);
  double r    = fused(k, log_2_high, f - (half - fused(k, log_2_low, tail)));
  r           = x > 0 ? r : x == 0 ? -(double)INFINITY : (double)NAN;
  return x < (double)INFINITY ? r : x; /* and NaN */
}

double ude_lane_tanh(double x) {
  double   size = fabs(x) < 22 ? fabs(x) : 22; /* 1 in double from 19.1 on */
  uint64_t whole;
  double   p   = reduced_expm1(2 * size, &whole);
  double   two = scaled(1, whole);
  double   e   = fused(two, p, two - 1); /* e^(2 size) - 1 */
  double   y   = e / (e + 2);
  return x == x ? copysign(y, x) : x;
}
