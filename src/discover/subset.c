/* The best supports of each size, by beam search. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/regression.h"

/* A partial support and what it leaves of the target. */
typedef struct beam_item {
  double  rest; /* squared norm of the residual */
  int64_t terms[UDE_MAX_TERMS < 64 ? UDE_MAX_TERMS : 64];
} beam_item;

enum { MAX_SIZE = (int)(sizeof((beam_item *)0)->terms / sizeof(int64_t)) };

typedef struct beam {
  int64_t    width, count, next_count;
  beam_item *items, *next; /* [width], [width]; next is ascending by rest */
  double    *basis;        /* [MAX_SIZE][rows] orthonormal columns of the item at hand */
  double    *residual;     /* [rows] */
  double    *column;       /* [rows] */
} beam;

static void beam_free(beam *b) {
  free(b->items);
  free(b->next);
  free(b->basis);
  free(b->residual);
  free(b->column);
}

static double dot(int64_t n, const double *a, const double *b) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

/* Remove from `column` its part within the first `size` basis vectors, twice for orthogonality to
 * rounding (Giraud, Langou, Rozloznik 2005). */
static void project_out(int64_t rows, int64_t size, const double *basis, double *column) {
  for (int pass = 0; pass < 2; pass++) {
    for (int64_t k = 0; k < size; k++) {
      const double *q = basis + k * rows;
      double        c = dot(rows, q, column);
      for (int64_t i = 0; i < rows; i++) {
        column[i] -= c * q[i];
      }
    }
  }
}

static void orthogonalise(const regression *problem, const beam_item *item, int64_t size, beam *b) {
  int64_t rows = problem->rows;
  for (int64_t k = 0; k < size; k++) {
    double *q = b->basis + k * rows;
    memcpy(q, problem->columns + item->terms[k] * rows, (size_t)rows * sizeof *q);
    project_out(rows, k, b->basis, q);
    double norm = sqrt(dot(rows, q, q));
    for (int64_t i = 0; i < rows; i++) {
      q[i] = norm > 0 ? q[i] / norm : 0;
    }
  }
  memcpy(b->residual, problem->columns + problem->terms * rows, (size_t)rows * sizeof(double));
  project_out(rows, size, b->basis, b->residual);
}

/* Keep the child among the best of the next size; terms ascending, each support once. */
static void offer(beam *b, const beam_item *parent, int64_t size, int64_t term, double rest) {
  if (b->next_count == b->width && rest >= b->next[b->width - 1].rest) {
    return;
  }
  beam_item child = *parent;
  child.rest      = rest;
  int64_t at      = size;
  while (at > 0 && child.terms[at - 1] > term) {
    child.terms[at] = child.terms[at - 1];
    at--;
  }
  child.terms[at] = term;
  for (int64_t i = 0; i < b->next_count; i++) {
    if (memcmp(b->next[i].terms, child.terms, (size_t)(size + 1) * sizeof child.terms[0]) == 0) {
      return;
    }
  }
  int64_t place = b->next_count < b->width ? b->next_count++ : b->width - 1;
  while (place > 0 && b->next[place - 1].rest > rest) {
    b->next[place] = b->next[place - 1];
    place--;
  }
  b->next[place] = child;
}

static void extend(const regression *problem, const beam_item *item, int64_t size, beam *b) {
  const double tiny =
      1e-16; /* squared sine of the angle to the span: nothing new beyond rounding */
  int64_t rows = problem->rows;
  orthogonalise(problem, item, size, b);
  double left = dot(rows, b->residual, b->residual);
  for (int64_t j = 0; j < problem->terms; j++) {
    bool used = problem->norms[j] <= 0;
    for (int64_t k = 0; k < size && !used; k++) {
      used = item->terms[k] == j;
    }
    if (used) {
      continue;
    }
    memcpy(b->column, problem->columns + j * rows, (size_t)rows * sizeof(double));
    project_out(rows, size, b->basis, b->column);
    double length = dot(rows, b->column, b->column);
    if (length > tiny) {
      double along = dot(rows, b->column, b->residual);
      offer(b, item, size, j, left - along * along / length);
    }
  }
}

ude_status ude_subset_search(int64_t rows, int64_t terms, const double *theta, const double *target,
                             const double *weights, int64_t largest, int64_t width,
                             ude_support_list **list, ude_error *error) {
  *list = NULL;
  if (width < 1 || largest < 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "subset search: width %lld must be at least 1, size %lld at least 0",
                    (long long)width, (long long)largest);
  }
  regression problem;
  ude_status status = regression_create(rows, terms, theta, target, weights, &problem, error);
  if (status) {
    return status;
  }
  size_t            wide  = (size_t)width;
  size_t            tall  = (size_t)problem.rows;
  ude_support_list *found = ude_calloc(1, sizeof *found);
  beam              b     = {.width    = width,
                             .count    = 1,
                             .items    = ude_calloc(wide, sizeof *b.items),
                             .next     = ude_calloc(wide, sizeof *b.next),
                             .basis    = ude_calloc(tall * MAX_SIZE, sizeof(double)),
                             .residual = ude_calloc(tall, sizeof(double)),
                             .column   = ude_calloc(tall, sizeof(double))};
  if (!found || !b.items || !b.next || !b.basis || !b.residual || !b.column) {
    status = ude_fail_memory(error, "a subset search");
  } else {
    status = regression_collect(&problem, 0, NULL, 0, (double)NAN, found, error);
  }
  for (int64_t size = 0; size < largest && size < MAX_SIZE && b.count > 0 && !status; size++) {
    b.next_count = 0;
    for (int64_t i = 0; i < b.count; i++) {
      extend(&problem, &b.items[i], size, &b);
    }
    beam_item *swap = b.items;
    b.items         = b.next;
    b.next          = swap;
    b.count         = b.next_count;
    for (int64_t i = 0; i < b.count && !status; i++) {
      status =
          regression_collect(&problem, size + 1, b.items[i].terms, 0, (double)NAN, found, error);
    }
    /* An early choice that later ones made useless goes again. */
    if (b.count > 0 && !status) {
      beam_item best = b.items[0];
      status         = regression_prune(&problem, size + 1, best.terms, 0, found, error);
    }
  }
  beam_free(&b);
  regression_free(&problem);
  if (status) {
    ude_support_list_free(found);
    return status;
  }
  support_list_sort(found);
  *list = found;
  return UDE_OK;
}
