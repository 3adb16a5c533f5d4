/* Sparsity patterns: life, transposition, consistency. */
#include <stdlib.h>

#include "linalg/sparse.h"

void ude_pattern_free(ude_pattern *pattern) {
  if (pattern) {
    free(pattern->start);
    free(pattern->index);
    *pattern = (ude_pattern){0};
  }
}

ude_status ude_pattern_transpose(const ude_pattern *pattern, ude_pattern *transposed,
                                 int64_t *place, ude_error *error) {
  int64_t entries = pattern->start[pattern->rows];
  *transposed     = (ude_pattern){.rows    = pattern->columns,
                                  .columns = pattern->rows,
                                  .start   = ude_calloc((size_t)pattern->columns + 2, sizeof(int64_t)),
                                  .index   = ude_calloc((size_t)entries, sizeof(int64_t))};
  if (!transposed->start || !transposed->index) {
    ude_pattern_free(transposed);
    return ude_fail_memory(error, "a transposed pattern");
  }
  /* next[j], one place on, becomes the start of row j + 1 while row j is filled */
  int64_t *next = transposed->start + 1;
  for (int64_t k = 0; k < entries; k++) {
    next[pattern->index[k] + 1]++;
  }
  for (int64_t j = 0; j < pattern->columns; j++) {
    next[j + 1] += next[j];
  }
  for (int64_t i = 0; i < pattern->rows; i++) {
    for (int64_t k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      int64_t to            = next[pattern->index[k]]++;
      transposed->index[to] = i;
      if (place) {
        place[to] = k;
      }
    }
  }
  return UDE_OK;
}

ude_status ude_pattern_check(const ude_pattern *pattern, ude_error *error) {
  if (!pattern || pattern->rows < 0 || pattern->columns < 0 || !pattern->start ||
      (!pattern->index && pattern->start[pattern->rows] > 0) || pattern->start[0] != 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "pattern: it has no rows or no start");
  }
  for (int64_t i = 0; i < pattern->rows; i++) {
    if (pattern->start[i + 1] < pattern->start[i]) {
      return ude_fail(error, UDE_INVALID_ARGUMENT, "pattern: row %lld ends before it starts",
                      (long long)i);
    }
    int64_t before = -1;
    for (int64_t k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      if (!pattern->index || pattern->index[k] <= before || pattern->index[k] >= pattern->columns) {
        return ude_fail(error, UDE_INVALID_ARGUMENT,
                        "pattern: row %lld has column %lld out of order or out of range",
                        (long long)i, (long long)(pattern->index ? pattern->index[k] : -1));
      }
      before = pattern->index[k];
    }
  }
  return UDE_OK;
}

bool ude_pattern_symmetric(const ude_pattern *pattern, const ude_pattern *transposed) {
  bool same = pattern->rows == pattern->columns;
  for (int64_t i = 0; same && i <= pattern->rows; i++) {
    same = pattern->start[i] == transposed->start[i];
  }
  for (int64_t k = 0; same && k < pattern->start[pattern->rows]; k++) {
    same = pattern->index[k] == transposed->index[k];
  }
  return same;
}
