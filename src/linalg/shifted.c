/* The pattern of W = alpha M - J from that of J. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/linear.h"

void ude_shifted_free(ude_shifted *shifted) {
  free(shifted->start);
  free(shifted->row);
  free(shifted->place);
  free(shifted->diagonal);
  *shifted = (ude_shifted){0};
}

static ude_status check(int64_t n, const int64_t *start, const int64_t *row, ude_error *error) {
  if (start[0] != 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "sparsity pattern: start[0] is %lld, not 0",
                    (long long)start[0]);
  }
  for (int64_t c = 0; c < n; c++) {
    if (start[c + 1] < start[c]) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "sparsity pattern: column %lld ends before it starts", (long long)c);
    }
    for (int64_t e = start[c]; e < start[c + 1]; e++) {
      if (row[e] < 0 || row[e] >= n || (e > start[c] && row[e] <= row[e - 1])) {
        return ude_fail(error, UDE_INVALID_ARGUMENT,
                        "sparsity pattern: row %lld of column %lld is out of range or out of order",
                        (long long)row[e], (long long)c);
      }
    }
  }
  return UDE_OK;
}

/* Column c of J into W, the diagonal at its place. */
static void add_column(ude_shifted *s, const int64_t *start, const int64_t *row, int64_t c) {
  int64_t next         = s->start[c];
  bool    has_diagonal = false;
  for (int64_t e = start[c]; e < start[c + 1]; e++) {
    if (!has_diagonal && row[e] >= c) {
      s->diagonal[c] = next;
      has_diagonal   = true;
      if (row[e] > c) {
        s->row[next++] = c;
      }
    }
    s->below       = row[e] - c > s->below ? row[e] - c : s->below;
    s->above       = c - row[e] > s->above ? c - row[e] : s->above;
    s->place[e]    = next;
    s->row[next++] = row[e];
  }
  if (!has_diagonal) {
    s->diagonal[c] = next;
    s->row[next++] = c;
  }
  s->start[c + 1] = next;
}

ude_status ude_shifted_make(int64_t n, const int64_t *start, const int64_t *row,
                            ude_shifted *shifted, ude_error *error) {
  *shifted          = (ude_shifted){.n = n, .entries = start[n]};
  ude_status status = check(n, start, row, error);
  if (status) {
    return status;
  }
  shifted->start    = ude_calloc((size_t)n + 1, sizeof(int64_t));
  shifted->row      = ude_calloc((size_t)(n + start[n]), sizeof(int64_t));
  shifted->place    = ude_calloc((size_t)start[n] + 1, sizeof(int64_t));
  shifted->diagonal = ude_calloc((size_t)n, sizeof(int64_t));
  if (!shifted->start || !shifted->row || !shifted->place || !shifted->diagonal) {
    ude_shifted_free(shifted);
    return ude_fail_memory(error, "a sparsity pattern");
  }
  for (int64_t c = 0; c < n; c++) {
    add_column(shifted, start, row, c);
  }
  return UDE_OK;
}

int ude_shifted_fill(const ude_shifted *shifted, double alpha, const double *mass,
                     const double *jacobian, double *values) {
  int64_t count = shifted->start[shifted->n];
  memset(values, 0, (size_t)count * sizeof *values);
  for (int64_t e = 0; e < shifted->entries; e++) {
    values[shifted->place[e]] = -jacobian[e];
  }
  for (int64_t i = 0; i < shifted->n; i++) {
    values[shifted->diagonal[i]] += mass ? alpha * mass[i] : alpha;
  }
  double sum = 0; /* x - x is 0, or NaN where x is not finite */
  for (int64_t e = 0; e < count; e++) {
    sum += values[e] - values[e];
  }
  return sum == 0 ? 0 : 1;
}
