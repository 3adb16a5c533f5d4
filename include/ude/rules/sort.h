/**
 * @file sort.h
 * @brief qsort as C (UDE_BODY of ude/model.h): ude adds this file to models that call it.
 *
 * Sorting moves numbers, so the derivatives move with them; where two are equal there is a kink. A merge sort, stable as
 * that of most C libraries. Comparison functions are to be ones of the model.
 */
#ifndef UDE_RULES_SORT_H
#define UDE_RULES_SORT_H

#include <stdlib.h>
#include <string.h>
#include <ude/model.h>

/* For want of memory: neighbours change places. */
static inline void ude_sort_in_place(char *base, size_t count, size_t size,
                                     int (*compare)(const void *, const void *)) {
  char hold[size];
  for (size_t i = 1; i < count; i++) {
    for (char *at = base + i * size; at > base && compare(at - size, at) > 0; at -= size) {
      memcpy(hold, at, size);
      memcpy(at, at - size, size);
      memcpy(at - size, hold, size);
    }
  }
}

static inline void ude_qsort(void *base, size_t count, size_t size,
                             int (*compare)(const void *, const void *)) {
  char *from = (char *)base, *to = NULL;
  if (count < 2 || size == 0) {
    return;
  }
  char *spare = (char *)malloc(count * size);
  if (!spare) {
    ude_sort_in_place((char *)base, count, size, compare);
    return;
  }
  to = spare;
  for (size_t width = 1; width < count; width *= 2) {
    for (size_t start = 0; start < count; start += 2 * width) {
      size_t middle = start + width < count ? start + width : count;
      size_t end    = start + 2 * width < count ? start + 2 * width : count;
      size_t i = start, j = middle;
      for (size_t k = start; k < end; k++) {
        int left = j >= end || (i < middle && compare(from + i * size, from + j * size) <= 0);
        memcpy(to + k * size, from + (left ? i : j) * size, size);
        i += (size_t)left;
        j += (size_t)!left;
      }
    }
    char *other = from;
    from        = to;
    to          = other;
  }
  if (from == spare) {
    memcpy(base, spare, count * size);
  }
  free(spare);
}
UDE_BODY(qsort, ude_qsort);

#endif
