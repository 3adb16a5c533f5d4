/* Sparse systems by KLU (Davis and Palamadai Natarajan, ACM TOMS 37 (2010) 36), real and complex. The ordering is found once;
 * the pivots of the first factorisation are kept while they stay good. */
#include <klu.h>
#include <math.h>
#include <stdlib.h>

#include "linalg/linear.h"

typedef struct sparse {
  const ude_shifted *shifted;
  int               *start, *row; /* the pattern of W in KLU's type */
  double            *values;      /* [start[n]] */
  double            *column;      /* [n * LANES] right-hand sides, column by column */
  double            *z_values;    /* [start[n]][2] or NULL */
  double            *z_right;     /* [n][2] */
  klu_common         common;
  klu_symbolic      *symbolic;
  klu_numeric       *numeric, *z_numeric;
} sparse;

enum { LANES = 16 };

/* Pivots are looked for anew when those of the last factorisation lose this much accuracy. */
static const double least_growth = 1e-8;

static bool copy_pattern(const ude_shifted *s, int **start, int **row) {
  int64_t n = s->n;
  *start    = ude_calloc((size_t)n + 1, sizeof **start);
  *row      = ude_calloc((size_t)s->start[n] + 1, sizeof **row);
  if (!*start || !*row) {
    return false;
  }
  for (int64_t c = 0; c <= n; c++) {
    (*start)[c] = (int)s->start[c];
  }
  for (int64_t e = 0; e < s->start[n]; e++) {
    (*row)[e] = (int)s->row[e];
  }
  return true;
}

double ude_linear_sparse_cost(const ude_shifted *shifted) {
  int   *start = NULL;
  int   *row   = NULL;
  double cost  = (double)INFINITY;
  if (shifted->start[shifted->n] < INT32_MAX && copy_pattern(shifted, &start, &row)) {
    klu_common common;
    klu_defaults(&common);
    klu_symbolic *symbolic = klu_analyze((int)shifted->n, start, row, &common);
    if (symbolic) {
      cost = symbolic->est_flops;
      klu_free_symbolic(&symbolic, &common);
    }
  }
  free(start);
  free(row);
  return cost;
}

static int factor(void *work, double alpha, const double *mass, const double *jacobian) {
  sparse *w = work;
  if (ude_shifted_fill(w->shifted, alpha, mass, jacobian, w->values)) {
    return 1;
  }
  if (w->numeric) {
    if (klu_refactor(w->start, w->row, w->values, w->symbolic, w->numeric, &w->common) &&
        klu_rgrowth(w->start, w->row, w->values, w->symbolic, w->numeric, &w->common) &&
        w->common.rgrowth > least_growth && klu_rcond(w->symbolic, w->numeric, &w->common) &&
        w->common.rcond > 0) {
      return 0; /* rcond: a zero pivot of a block of one row shows nowhere else */
    }
    klu_free_numeric(&w->numeric, &w->common);
  }
  w->numeric = klu_factor(w->start, w->row, w->values, w->symbolic, &w->common);
  return w->numeric && w->common.status == KLU_OK &&
                 klu_rcond(w->symbolic, w->numeric, &w->common) && w->common.rcond > 0
             ? 0
             : 1;
}

static int factor_complex(void *work, double complex shift, const double *mass,
                          const double *jacobian) {
  sparse            *w = work;
  const ude_shifted *s = w->shifted;
  if (ude_shifted_fill(s, 0, NULL, jacobian, w->values)) {
    return 1;
  }
  for (int64_t e = 0; e < s->start[s->n]; e++) {
    w->z_values[2 * e]     = w->values[e];
    w->z_values[2 * e + 1] = 0;
  }
  for (int64_t i = 0; i < s->n; i++) {
    double scale = mass ? mass[i] : 1;
    w->z_values[2 * s->diagonal[i]] += creal(shift) * scale;
    w->z_values[2 * s->diagonal[i] + 1] += cimag(shift) * scale;
  }
  if (w->z_numeric) {
    if (klu_z_refactor(w->start, w->row, w->z_values, w->symbolic, w->z_numeric, &w->common) &&
        klu_z_rgrowth(w->start, w->row, w->z_values, w->symbolic, w->z_numeric, &w->common) &&
        w->common.rgrowth > least_growth && klu_z_rcond(w->symbolic, w->z_numeric, &w->common) &&
        w->common.rcond > 0) {
      return 0;
    }
    klu_z_free_numeric(&w->z_numeric, &w->common);
  }
  w->z_numeric = klu_z_factor(w->start, w->row, w->z_values, w->symbolic, &w->common);
  return w->z_numeric && w->common.status == KLU_OK &&
                 klu_z_rcond(w->symbolic, w->z_numeric, &w->common) && w->common.rcond > 0
             ? 0
             : 1;
}

static int solve(void *work, int64_t right, bool transposed, double *b) {
  sparse *w  = work;
  int64_t n  = w->shifted->n;
  int     ok = w->numeric != NULL;
  for (int64_t first = 0; first < right && ok; first += LANES) {
    int     lanes  = (int)(right - first < LANES ? right - first : LANES);
    double *column = right == 1 ? b : w->column;
    for (int64_t i = 0; i < n && right > 1; i++) {
      for (int lane = 0; lane < lanes; lane++) {
        column[lane * n + i] = b[i * right + first + lane];
      }
    }
    ok = transposed ? klu_tsolve(w->symbolic, w->numeric, (int)n, lanes, column, &w->common)
                    : klu_solve(w->symbolic, w->numeric, (int)n, lanes, column, &w->common);
    for (int64_t i = 0; i < n && right > 1; i++) {
      for (int lane = 0; lane < lanes; lane++) {
        b[i * right + first + lane] = column[lane * n + i];
      }
    }
  }
  return !ok;
}

static int solve_complex(void *work, bool transposed, double *real, double *imaginary) {
  sparse *w = work;
  int64_t n = w->shifted->n;
  for (int64_t i = 0; i < n; i++) {
    w->z_right[2 * i]     = real[i];
    w->z_right[2 * i + 1] = imaginary[i];
  }
  int ok =
      w->z_numeric &&
      (transposed ? klu_z_tsolve(w->symbolic, w->z_numeric, (int)n, 1, w->z_right, 0, &w->common)
                  : klu_z_solve(w->symbolic, w->z_numeric, (int)n, 1, w->z_right, &w->common));
  for (int64_t i = 0; i < n; i++) {
    real[i]      = w->z_right[2 * i];
    imaginary[i] = w->z_right[2 * i + 1];
  }
  return !ok;
}

static void release(void *work) {
  sparse *w = work;
  if (w->symbolic) {
    klu_free_numeric(&w->numeric, &w->common);
    klu_z_free_numeric(&w->z_numeric, &w->common);
    klu_free_symbolic(&w->symbolic, &w->common);
  }
  free(w->start);
  free(w->row);
  free(w->values);
  free(w->column);
  free(w->z_values);
  free(w->z_right);
  free(w);
}

ude_status ude_linear_make_sparse(int64_t n, const ude_shifted *shifted,
                                  const ude_linear_options *options, void **work,
                                  const ude_linear_structure **structure, ude_error *error) {
  static const ude_linear_structure functions = {"sparse LU (KLU)", factor, factor_complex, solve,
                                                 solve_complex,     release};
  if (shifted->start[n] >= INT32_MAX) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "linear solver: KLU takes fewer than 2^31 entries, the pattern has %lld",
                    (long long)shifted->start[n]);
  }
  sparse *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "a sparse system");
  }
  size_t entries = (size_t)shifted->start[n] + 1;
  bool   two     = options->complex_shift;
  made->shifted  = shifted;
  made->values   = ude_calloc(entries, sizeof *made->values);
  made->column   = ude_calloc((size_t)n, LANES * sizeof *made->column);
  made->z_values = two ? ude_calloc(entries, 2 * sizeof *made->z_values) : NULL;
  made->z_right  = two ? ude_calloc((size_t)n, 2 * sizeof *made->z_right) : NULL;
  if (!copy_pattern(shifted, &made->start, &made->row) || !made->values || !made->column ||
      (two && (!made->z_values || !made->z_right))) {
    release(made);
    return ude_fail_memory(error, "a sparse system");
  }
  klu_defaults(&made->common);
  made->common.halt_if_singular = 1;
  made->symbolic                = klu_analyze((int)n, made->start, made->row, &made->common);
  if (!made->symbolic) {
    bool singular = made->common.status == KLU_SINGULAR;
    release(made);
    return singular ? ude_fail(error, UDE_NUMERICAL,
                               "linear solver: the sparsity pattern is structurally singular")
                    : ude_fail_memory(error, "the ordering of a sparse system");
  }
  *work      = made;
  *structure = &functions;
  return UDE_OK;
}
