/* ILU(0) and block Jacobi. */
#include "linalg/precondition.h"

#include <math.h>
#include <stdlib.h>

#include "linalg/lu_dense.h"

/* ------------------------------------------------------------------------------------ ILU(0) -- */

/* The columns of W are the rows of A = W^T; ILU(0) of A by rows (Saad, algorithm 10.4): A ~ L U with L of unit
 * diagonal, so that W ~ U^T L^T. The pattern of W's column c is read as that of A's row c. */
static bool ilu_factor(ude_incomplete *w) {
  const ude_shifted *s = w->shifted;
  double            *a = w->values;
  for (int64_t i = 0; i < w->n; i++) {
    for (int64_t e = s->start[i]; e < s->start[i + 1]; e++) {
      w->where[s->row[e]] = e;
    }
    for (int64_t e = s->start[i]; e < s->diagonal[i]; e++) {
      int64_t k      = s->row[e];
      double  factor = a[e] /= a[s->diagonal[k]];
      for (int64_t other = s->diagonal[k] + 1; other < s->start[k + 1]; other++) {
        int64_t place = w->where[s->row[other]];
        if (place >= 0) {
          a[place] -= factor * a[other];
        }
      }
    }
    for (int64_t e = s->start[i]; e < s->start[i + 1]; e++) {
      w->where[s->row[e]] = -1;
    }
    if (a[s->diagonal[i]] == 0 || !isfinite(a[s->diagonal[i]])) {
      return false;
    }
  }
  return true;
}

/* A y = x: by rows. */
static void ilu_rows(const ude_incomplete *w, double *x) {
  const ude_shifted *s = w->shifted;
  for (int64_t i = 0; i < w->n; i++) {
    double sum = x[i];
    for (int64_t e = s->start[i]; e < s->diagonal[i]; e++) {
      sum -= w->values[e] * x[s->row[e]];
    }
    x[i] = sum;
  }
  for (int64_t i = w->n - 1; i >= 0; i--) {
    double sum = x[i];
    for (int64_t e = s->diagonal[i] + 1; e < s->start[i + 1]; e++) {
      sum -= w->values[e] * x[s->row[e]];
    }
    x[i] = sum / w->values[s->diagonal[i]];
  }
}

/* A^T y = x: the same, column by column. */
static void ilu_columns(const ude_incomplete *w, double *x) {
  const ude_shifted *s = w->shifted;
  for (int64_t i = 0; i < w->n; i++) {
    double value = x[i] /= w->values[s->diagonal[i]];
    for (int64_t e = s->diagonal[i] + 1; e < s->start[i + 1]; e++) {
      x[s->row[e]] -= w->values[e] * value;
    }
  }
  for (int64_t i = w->n - 1; i >= 0; i--) {
    double value = x[i];
    for (int64_t e = s->start[i]; e < s->diagonal[i]; e++) {
      x[s->row[e]] -= w->values[e] * value;
    }
  }
}

/* ------------------------------------------------------------------------------ block Jacobi -- */

static int block_size(const ude_incomplete *w, int64_t first) {
  return (int)(w->n - first < w->block ? w->n - first : w->block);
}

static bool blocks_factor(ude_incomplete *w) {
  const ude_shifted *s = w->shifted;
  for (int64_t first = 0; first < w->n; first += w->block) {
    int     size = block_size(w, first);
    double *a    = w->blocks + first / w->block * w->block * w->block;
    for (int e = 0; e < size * size; e++) {
      a[e] = 0;
    }
    for (int64_t c = first; c < first + size; c++) {
      for (int64_t e = s->start[c]; e < s->start[c + 1]; e++) {
        if (s->row[e] >= first && s->row[e] < first + size) {
          a[(s->row[e] - first) * size + c - first] = w->values[e];
        }
      }
    }
    if (ude_lu_factor(size, a, w->pivot + first)) {
      return false;
    }
  }
  return true;
}

static void blocks_solve(const ude_incomplete *w, bool transposed, double *x) {
  for (int64_t first = 0; first < w->n; first += w->block) {
    const double *a = w->blocks + first / w->block * w->block * w->block;
    ude_lu_solve(block_size(w, first), a, w->pivot + first, transposed, x + first);
  }
}

/* --------------------------------------------------------------------------------- interface -- */

void ude_incomplete_free(ude_incomplete *incomplete) {
  free(incomplete->values);
  free(incomplete->blocks);
  free(incomplete->pivot);
  free(incomplete->where);
  *incomplete = (ude_incomplete){0};
}

ude_status ude_incomplete_make(int64_t n, const ude_shifted *shifted,
                               const ude_linear_options *options, ude_incomplete *incomplete,
                               ude_error *error) {
  enum { BLOCK = 8 };
  const int64_t most_block = 64;
  *incomplete              = (ude_incomplete){
                   .n = n, .shifted = shifted, .kind = options->precondition, .block = options->block};
  if (incomplete->kind == UDE_PRECONDITION_AUTO) {
    incomplete->kind = shifted ? UDE_PRECONDITION_ILU0 : UDE_PRECONDITION_NONE;
  }
  if (incomplete->block == 0) {
    incomplete->block = BLOCK;
  }
  if (incomplete->block < 0 || incomplete->block > most_block ||
      (incomplete->kind != UDE_PRECONDITION_NONE && !shifted)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "preconditioner: needs a sparsity pattern, and blocks of 1 to %lld rows",
                    (long long)most_block);
  }
  if (incomplete->kind == UDE_PRECONDITION_NONE) {
    return UDE_OK;
  }
  size_t count       = (size_t)((n + incomplete->block - 1) / incomplete->block);
  bool   blocks      = incomplete->kind == UDE_PRECONDITION_BLOCK_JACOBI;
  incomplete->values = ude_calloc((size_t)shifted->start[n] + 1, sizeof(double));
  if (blocks) {
    incomplete->blocks =
        ude_calloc(count, (size_t)(incomplete->block * incomplete->block) * sizeof(double));
    incomplete->pivot = ude_calloc((size_t)n, sizeof(int));
  } else {
    incomplete->where = ude_calloc((size_t)n, sizeof(int64_t));
  }
  if (!incomplete->values ||
      (blocks ? !incomplete->blocks || !incomplete->pivot : !incomplete->where)) {
    ude_incomplete_free(incomplete);
    return ude_fail_memory(error, "a preconditioner");
  }
  for (int64_t i = 0; i < n && !blocks; i++) {
    incomplete->where[i] = -1;
  }
  return UDE_OK;
}

int ude_incomplete_factor(ude_incomplete *incomplete, double alpha, const double *mass,
                          const double *jacobian) {
  if (incomplete->kind == UDE_PRECONDITION_NONE || !jacobian) {
    return 0;
  }
  if (ude_shifted_fill(incomplete->shifted, alpha, mass, jacobian, incomplete->values)) {
    incomplete->ready = false;
    return 1;
  }
  incomplete->ready = incomplete->kind == UDE_PRECONDITION_ILU0 ? ilu_factor(incomplete)
                                                                : blocks_factor(incomplete);
  return 0;
}

void ude_incomplete_solve(const ude_incomplete *incomplete, bool transposed, double *x) {
  if (!incomplete->ready) {
    return;
  }
  if (incomplete->kind == UDE_PRECONDITION_BLOCK_JACOBI) {
    blocks_solve(incomplete, transposed, x);
  } else if (transposed) {
    ilu_rows(incomplete, x); /* W^T = A */
  } else {
    ilu_columns(incomplete, x);
  }
}
