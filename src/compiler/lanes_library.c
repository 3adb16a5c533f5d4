/**
 * @file lanes_library.c
 * @brief Mathematical functions on vectors from the C library (glibc's libmvec: errors up to 4 units in the last place, the
 *        ordinary range of arguments as well as the extremes).
 *
 * Names by the vector function ABI of x86-64 and AArch64: _ZGV, the instruction set, N for no mask, the lanes, v for
 * each argument.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "compiler/lanes_library.h"

typedef struct vector_set {
  const char *feature; /**< of the processor, as LLVM names it */
  char        letter;
  int         bits;
} vector_set;

#if defined(__x86_64__)
static const vector_set sets[] = {{"+avx512f", 'e', 512}, {"+avx2", 'd', 256}, {"+sse2", 'b', 128}};
#elif defined(__aarch64__)
static const vector_set sets[] = {{"+neon", 'n', 128}};
#else
static const vector_set sets[] = {{NULL, 0, 0}};
#endif

/* Is the feature, with its sign, one of the comma-separated list? */
static bool has(const char *features, const char *feature) {
  size_t length = strlen(feature);
  for (const char *at = strstr(features, feature); at; at = strstr(at + 1, feature)) {
    if ((at == features || at[-1] == ',') && (at[length] == ',' || at[length] == '\0')) {
      return true;
    }
  }
  return false;
}

void ude_lanes_library_open(void) {
  (void)dlopen("libmvec.so.1", RTLD_NOW | RTLD_GLOBAL);
}

int ude_lanes_library(const char *features, const char *name, int arguments, bool single, int most,
                      char symbol[64]) {
  for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
    int width = sets[k].bits / (single ? 32 : 64);
    if (!sets[k].feature || width > most || !has(features, sets[k].feature)) {
      continue;
    }
    snprintf(symbol, 64, "_ZGV%cN%dv%s_%s", sets[k].letter, width, arguments > 1 ? "v" : "", name);
    if (dlsym(RTLD_DEFAULT, symbol)) {
      return width;
    }
  }
  return 0;
}
