/* Sparse regression of several targets under linear equalities between their coefficients. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/sparse.h"

/* The equalities on the chosen coefficients in reduced row echelon form, in the scale of columns of norm one:
 * pivot[i] + sum over free j of row[i][j] x_j = row[i][all]. */
typedef struct echelon {
  int64_t  all, rank;
  double  *row;   /* [constraint_count][all + 1] */
  int64_t *pivot; /* [constraint_count] */
  bool    *fixed; /* [all] is a pivot */
} echelon;

static void echelon_free(echelon *e) {
  free(e->row);
  free(e->pivot);
  free(e->fixed);
}

static void eliminate(echelon *e, int64_t rows, int64_t with, int64_t column) {
  int64_t wide  = e->all + 1;
  double *pivot = e->row + with * wide;
  double  scale = pivot[column];
  for (int64_t j = 0; j < wide; j++) {
    pivot[j] /= scale;
  }
  for (int64_t i = 0; i < rows; i++) {
    double  factor = e->row[i * wide + column];
    double *row    = e->row + i * wide;
    for (int64_t j = 0; j < wide && i != with && factor != 0; j++) {
      row[j] -= factor * pivot[j];
    }
    if (i != with) {
      row[column] = 0;
    }
  }
}

static ude_status echelon_make(const sparse *s, const bool *chosen, echelon *e, ude_error *error) {
  const ude_sparse_options *o    = &s->options;
  int64_t                   rows = o->constraint_count;
  int64_t                   wide = s->terms * s->targets + 1;
  *e                             = (echelon){.all   = wide - 1,
                                             .row   = ude_calloc((size_t)rows, (size_t)wide * sizeof(double)),
                                             .pivot = ude_calloc((size_t)rows, sizeof(int64_t)),
                                             .fixed = ude_calloc((size_t)wide, sizeof(bool))};
  if (!e->row || !e->pivot || !e->fixed) {
    return ude_fail_memory(error, "the equalities");
  }
  for (int64_t i = 0; i < rows; i++) {
    double *row     = e->row + i * wide;
    double  largest = 0;
    for (int64_t j = 0; j < wide - 1; j++) {
      double norm = s->target[0].norms[j % s->terms];
      row[j]      = chosen[j] && norm > 0 ? o->constraints[i * (wide - 1) + j] / norm : 0;
      largest     = fmax(largest, fabs(row[j]));
    }
    row[wide - 1] = o->values ? o->values[i] : 0;
    for (int64_t j = 0; j < wide && largest > 0;
         j++) { /* rows of one size, so that ranks can be judged */
      row[j] /= largest;
    }
    if (largest == 0 && row[wide - 1] != 0) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "equality %lld cannot hold: its candidates are zero, its value is %g",
                      (long long)i + 1, row[wide - 1]);
    }
  }
  while (e->rank < rows) {
    int64_t best_row = -1;
    int64_t best     = 0;
    double  largest  = 1e-10;
    for (int64_t i = e->rank; i < rows; i++) {
      for (int64_t j = 0; j < wide - 1; j++) {
        if (fabs(e->row[i * wide + j]) > largest) {
          largest  = fabs(e->row[i * wide + j]);
          best_row = i;
          best     = j;
        }
      }
    }
    if (best_row < 0) {
      break;
    }
    for (int64_t j = 0; j < wide; j++) {
      double swap                 = e->row[e->rank * wide + j];
      e->row[e->rank * wide + j]  = e->row[best_row * wide + j];
      e->row[best_row * wide + j] = swap;
    }
    eliminate(e, rows, e->rank, best);
    e->fixed[best]    = true;
    e->pivot[e->rank] = best;
    e->rank++;
  }
  for (int64_t i = e->rank; i < rows; i++) {
    if (fabs(e->row[i * wide + wide - 1]) > 1e-9) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "the equalities between coefficients contradict one another, or a term they "
                      "need was dropped");
    }
  }
  return UDE_OK;
}

/* Scaled coefficients x double[all] of least squares over the free ones: the pivots are put in. */
static ude_status solve_free(const sparse *s, const bool *chosen, const echelon *e, double *x,
                             ude_error *error) {
  int64_t  all        = e->all;
  int64_t  wide       = all + 1;
  int64_t  each       = s->target[0].rows;
  int64_t  rows       = each * s->targets;
  int64_t  free_count = 0;
  int64_t *unknown    = ude_calloc((size_t)all, sizeof *unknown);
  for (int64_t j = 0; unknown && j < all; j++) {
    if (chosen[j] && !e->fixed[j] && s->target[0].norms[j % s->terms] > 0) {
      unknown[free_count++] = j;
    }
  }
  double    *a = ude_calloc((size_t)rows * (size_t)(free_count > 0 ? free_count : 1), sizeof *a);
  double    *b = ude_calloc((size_t)rows, sizeof *b);
  double    *z = ude_calloc((size_t)(free_count > 0 ? free_count : 1), sizeof *z);
  ude_status status = unknown && a && b && z ? UDE_OK : ude_fail_memory(error, "the equalities");
  for (int64_t k = 0; k < s->targets && !status; k++) {
    memcpy(b + k * each, s->target[k].columns + s->terms * each, (size_t)each * sizeof *b);
  }
  for (int64_t c = 0; c < free_count && !status; c++) {
    int64_t       k      = unknown[c] / s->terms;
    const double *column = s->target[k].columns + (unknown[c] % s->terms) * each;
    for (int64_t i = 0; i < each; i++) {
      a[(k * each + i) * free_count + c] = column[i];
    }
  }
  for (int64_t p = 0; p < e->rank && !status; p++) {
    int64_t       k      = e->pivot[p] / s->terms;
    const double *column = s->target[k].columns + (e->pivot[p] % s->terms) * each;
    const double *row    = e->row + p * wide;
    for (int64_t i = 0; i < each; i++) {
      b[k * each + i] -= column[i] * row[all];
      for (int64_t c = 0; c < free_count; c++) {
        a[(k * each + i) * free_count + c] -= column[i] * row[unknown[c]];
      }
    }
  }
  if (!status && free_count > 0) {
    status = ude_least_squares(rows, free_count, a, b, 1e-11, z, NULL, NULL, error);
  }
  memset(x, 0, (size_t)all * sizeof *x);
  for (int64_t c = 0; c < free_count && !status; c++) {
    x[unknown[c]] = z[c];
  }
  for (int64_t p = 0; p < e->rank && !status; p++) {
    const double *row = e->row + p * wide;
    double        sum = row[all];
    for (int64_t c = 0; c < free_count; c++) {
      sum -= row[unknown[c]] * z[c];
    }
    x[e->pivot[p]] = sum;
  }
  free(unknown);
  free(a);
  free(b);
  free(z);
  return status;
}

ude_status sparse_constrained_solve(const sparse *s, bool *chosen, double *coefficients,
                                    ude_error *error) {
  echelon    e;
  ude_status status = echelon_make(s, chosen, &e, error);
  status            = status ? status : solve_free(s, chosen, &e, coefficients, error);
  for (int64_t j = 0; j < s->terms * s->targets && !status; j++) {
    double norm     = s->target[j / s->terms].norms[j % s->terms];
    coefficients[j] = norm > 0 ? coefficients[j] / norm : 0;
  }
  echelon_free(&e);
  return status;
}

/* Thresholds under the equalities; a coefficient that an equality with a value other than zero needs stays. */
static ude_status constrained_at(const sparse *s, double relative, bool *chosen,
                                 double *coefficients, ude_error *error) {
  int64_t all   = s->terms * s->targets;
  int64_t limit = s->options.iterations > 0 ? s->options.iterations : 100;
  memset(chosen, true, (size_t)all * sizeof *chosen);
  for (int64_t pass = 0; pass < limit; pass++) {
    bool       changed = false;
    ude_status status  = sparse_constrained_solve(s, chosen, coefficients, error);
    if (status) {
      return status;
    }
    for (int64_t j = 0; j < all; j++) {
      int64_t target = j / s->terms;
      int64_t term   = j % s->terms;
      double  size   = fabs(coefficients[j]) * s->target[target].norms[term];
      bool    needed = false;
      for (int64_t c = 0; s->options.values && c < s->options.constraint_count; c++) {
        needed = needed || (s->options.values[c] != 0 && s->options.constraints[c * all + j] != 0);
      }
      if (chosen[j] && !needed && (size == 0 || size < sparse_bound(s, target, term, relative))) {
        chosen[j]       = false;
        coefficients[j] = 0;
        changed         = true;
      }
    }
    if (!changed) {
      return UDE_OK;
    }
  }
  return sparse_constrained_solve(s, chosen, coefficients, error);
}

static double total_criterion(const sparse *s, const double *coefficients) {
  double total = 0;
  for (int64_t k = 0; k < s->targets; k++) {
    const regression *r     = &s->target[k];
    const double     *x     = coefficients + k * s->terms;
    double            sum   = 0;
    int64_t           count = 0;
    for (int64_t j = 0; j < s->terms; j++) {
      count += x[j] != 0;
    }
    for (int64_t i = 0; i < r->rows; i++) {
      double y = r->columns[s->terms * r->rows + i];
      for (int64_t j = 0; j < s->terms; j++) {
        y -= r->columns[j * r->rows + i] * x[j] * r->norms[j];
      }
      sum += y * y;
    }
    if (s->options.max_terms > 0 && count > s->options.max_terms) {
      return (double)INFINITY;
    }
    total += sparse_criterion(s, k, count, sqrt(sum / (double)r->observations));
  }
  return total;
}

ude_status sparse_constrained(const sparse *s, double *coefficients, ude_error *error) {
  enum { SWEEP = 41 };
  size_t     all    = (size_t)(s->terms * s->targets);
  bool      *chosen = ude_calloc(all, sizeof *chosen);
  double    *trial  = ude_calloc(all, sizeof *trial);
  double     least  = (double)INFINITY;
  bool       fixed  = s->options.threshold > 0 || s->options.relative > 0;
  ude_status status = chosen && trial ? UDE_OK : ude_fail_memory(error, "the equalities");
  for (int i = 0; i < (fixed ? 1 : SWEEP) && !status; i++) {
    double relative = fixed ? 0 : 1e-5 * pow(1e5, (double)i / (SWEEP - 1));
    status          = constrained_at(s, relative, chosen, trial, error);
    double value    = status ? 0 : total_criterion(s, trial);
    if (!status && (i == 0 || value < least)) {
      least = value;
      memcpy(coefficients, trial, all * sizeof *trial);
    }
  }
  free(chosen);
  free(trial);
  return status;
}
