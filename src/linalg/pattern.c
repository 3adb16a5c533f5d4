/* Sparsity patterns: life, transposition. */
#include <ude/sparsity.h>

#include <stdlib.h>

void ude_pattern_free(ude_pattern *pattern) {
  if (pattern) {
    free(pattern->start);
    free(pattern->index);
    *pattern = (ude_pattern){0};
  }
}
