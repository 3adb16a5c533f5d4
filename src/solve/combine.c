/* Weighted sums of stages in one pass over memory. */
#include <string.h>

#include "solve/erk.h"

/* Iterations are independent even where out is u: element l of it is read before it is written. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

#define SUM_1 (w[0] * k[0][l])
#define SUM_2 (SUM_1 + w[1] * k[1][l])
#define SUM_3 (SUM_2 + w[2] * k[2][l])
#define SUM_4 (SUM_3 + w[3] * k[3][l])
#define SUM_5 (SUM_4 + w[4] * k[4][l])
#define SUM_6 (SUM_5 + w[5] * k[5][l])
#define SUM_7 (SUM_6 + w[6] * k[6][l])
#define SUM_8 (SUM_7 + w[7] * k[7][l])
#define SUM_9 (SUM_8 + w[8] * k[8][l])
#define SUM_10 (SUM_9 + w[9] * k[9][l])
#define SUM_11 (SUM_10 + w[10] * k[10][l])
#define SUM_12 (SUM_11 + w[11] * k[11][l])
#define SUM_13 (SUM_12 + w[12] * k[12][l])
#define SUM_14 (SUM_13 + w[13] * k[13][l])
#define SUM_15 (SUM_14 + w[14] * k[14][l])
#define SUM_16 (SUM_15 + w[15] * k[15][l])

#define EVERY_COUNT(X) \
  X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16)

enum { TERMS = 16 };

static void add(int64_t n, const double *u, double h, const double *w, const double *const *k,
                int terms, double *out) {
#define ADD(count)                     \
  case count:                          \
    INDEPENDENT                        \
    for (int64_t l = 0; l < n; l++) {  \
      out[l] = u[l] + h * SUM_##count; \
    }                                  \
    break;
  switch (terms) {
    EVERY_COUNT(ADD)
  default: break;
  }
#undef ADD
}

static void set(int64_t n, double h, const double *w, const double *const *k, int terms,
                double *out) {
#define SET(count)                    \
  case count:                         \
    INDEPENDENT                       \
    for (int64_t l = 0; l < n; l++) { \
      out[l] = h * SUM_##count;       \
    }                                 \
    break;
  switch (terms) {
    EVERY_COUNT(SET)
  default: break;
  }
#undef SET
}

void ude_erk_combine(int64_t n, const double *u, double h, const double *weights, int count,
                     const double *k, double *out) {
  const double *base    = u;
  bool          written = false;
  for (int i = 0; i < count;) {
    double        w[TERMS];
    const double *stage[TERMS];
    int           terms = 0;
    for (; i < count && terms < TERMS; i++) {
      if (weights[i] != 0) {
        w[terms]       = weights[i];
        stage[terms++] = k + i * n;
      }
    }
    if (terms == 0) {
      break;
    }
    if (base) {
      add(n, base, h, w, stage, terms, out);
    } else {
      set(n, h, w, stage, terms, out);
    }
    base    = out;
    written = true;
  }
  if (!written && !u) {
    memset(out, 0, (size_t)n * sizeof *out);
  } else if (!written && u != out) {
    memcpy(out, u, (size_t)n * sizeof *out);
  }
}
