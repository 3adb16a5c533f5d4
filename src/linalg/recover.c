/* Values of a matrix from its products with the sums of columns and rows of each colour. */
#include <stdlib.h>
#include <string.h>

#include "linalg/sparse.h"

static ude_status unknown_entry(ude_error *error, int64_t i, int64_t j) {
  return ude_fail(error, UDE_INVALID_ARGUMENT,
                  "colouring: the entry of row %lld and column %lld cannot be told from others",
                  (long long)i, (long long)j);
}

/* How often each colour occurs in a row; only the colours of the row need to be cleared. */
static void count_colours(const ude_pattern *p, int64_t i, const int64_t *colour, int64_t *count,
                          int64_t by) {
  for (int64_t k = p->start[i]; k < p->start[i + 1]; k++) {
    if (colour[p->index[k]] >= 0) {
      count[colour[p->index[k]]] += by;
    }
  }
}

/* Entries of rows in which no other column has the entry's colour. Sets known[k] for these. */
static bool by_columns(const ude_pattern *p, const int64_t *colour, int64_t colours,
                       const double *product, const int64_t *place, double *values, bool *known) {
  int64_t *count = ude_calloc((size_t)colours + 1, sizeof *count);
  if (!count) {
    return false;
  }
  for (int64_t i = 0; i < p->rows; i++) {
    count_colours(p, i, colour, count, 1);
    for (int64_t k = p->start[i]; k < p->start[i + 1]; k++) {
      int64_t c = colour[p->index[k]], to = place ? place[k] : k;
      if (c >= 0 && count[c] == 1) {
        known[to] = true;
        if (values) {
          values[to] = product[i * colours + c];
        }
      }
    }
    count_colours(p, i, colour, count, -1);
  }
  free(count);
  return true;
}

static ude_status all_known(const ude_pattern *p, const bool *known, ude_error *error) {
  for (int64_t i = 0; i < p->rows; i++) {
    for (int64_t k = p->start[i]; k < p->start[i + 1]; k++) {
      if (!known[k]) {
        return unknown_entry(error, i, p->index[k]);
      }
    }
  }
  return UDE_OK;
}

/* Direct recovery by columns, rows or both. For symmetric matrices the rows are the columns again. */
static ude_status direct(const ude_pattern *p, const ude_colouring *c, const double *by_column,
                         const double *by_row, double *values, ude_error *error) {
  int64_t     entries    = p->start[p->rows];
  bool        symmetric  = c->kind == UDE_COLOUR_STAR;
  bool       *known      = ude_calloc((size_t)entries, sizeof *known);
  int64_t    *place      = ude_calloc((size_t)entries, sizeof *place);
  ude_pattern transposed = {0};
  bool        ok         = known && place;
  if (ok && c->column) {
    ok = by_columns(p, c->column, c->column_colours, by_column, NULL, values, known);
  }
  if (ok && (c->row || symmetric)) {
    const int64_t *colour  = symmetric ? c->column : c->row;
    int64_t        colours = symmetric ? c->column_colours : c->row_colours;
    ok                     = !ude_pattern_transpose(p, &transposed, place, NULL) &&
         by_columns(&transposed, colour, colours, symmetric ? by_column : by_row, place, values,
                    known);
  }
  ude_status status = ok ? all_known(p, known, error) : ude_fail_memory(error, "a sparse matrix");
  free(known);
  free(place);
  ude_pattern_free(&transposed);
  return status;
}

/* ------------------------------------------------------------------------------- substitution -- */

/** Entries of one row whose columns have one colour: their sum is known, and which are not. */
typedef struct group {
  int64_t left;   /**< entries not yet known */
  int64_t number; /**< exclusive or of their numbers: the last one, when one is left */
  double  rest;   /**< the sum of those */
} group;

typedef struct groups {
  int64_t *of; /**< [entries] group of each entry */
  group   *group;
  int64_t  count;
} groups;

static bool make_groups(const ude_pattern *p, const ude_colouring *c, const double *product,
                        groups *g) {
  int64_t  entries = p->start[p->rows];
  int64_t *last    = ude_calloc((size_t)c->column_colours + 1, sizeof *last);
  g->of            = ude_calloc((size_t)entries, sizeof *g->of);
  g->group         = ude_calloc((size_t)entries, sizeof *g->group);
  bool ok          = last && g->of && g->group;
  for (int64_t k = 0; ok && k < c->column_colours; k++) {
    last[k] = -1;
  }
  for (int64_t i = 0; ok && i < p->rows; i++) {
    int64_t first = g->count;
    for (int64_t k = p->start[i]; k < p->start[i + 1]; k++) {
      int64_t colour = c->column[p->index[k]];
      if (last[colour] < first) {
        last[colour] = g->count;
        g->group[g->count++] =
            (group){.rest = product ? product[i * c->column_colours + colour] : 0};
      }
      group *to = &g->group[last[colour]];
      to->left++;
      to->number ^= k;
      g->of[k] = last[colour];
    }
  }
  free(last);
  return ok;
}

/* One entry of a group is known. */
static void resolve(groups *g, int64_t k, double value, int64_t *queue, int64_t *end) {
  group *of = &g->group[g->of[k]];
  of->left--;
  of->number ^= k;
  of->rest -= value;
  if (of->left == 1) {
    queue[(*end)++] = g->of[k];
  }
}

/* Leaves of the trees of two colours first (Coleman, Cai 1986): what is found of (i, j) holds for (j, i). */
static ude_status substitute(const ude_pattern *p, const ude_colouring *c, const double *product,
                             double *values, ude_error *error) {
  int64_t     entries    = p->start[p->rows];
  ude_pattern transposed = {0};
  groups      g          = {0};
  int64_t    *place      = ude_calloc((size_t)entries, sizeof *place);
  int64_t    *queue      = ude_calloc(2 * (size_t)entries + 1, sizeof *queue);
  bool       *known      = ude_calloc((size_t)entries, sizeof *known);
  bool        ok = place && queue && known && !ude_pattern_transpose(p, &transposed, place, NULL) &&
            make_groups(p, c, product, &g);
  int64_t end = 0;
  for (int64_t k = 0; ok && k < g.count; k++) {
    if (g.group[k].left == 1) {
      queue[end++] = k;
    }
  }
  /* place[k] of a symmetric pattern is the entry opposite to k */
  for (int64_t at = 0; ok && at < end; at++) {
    const group *last = &g.group[queue[at]];
    if (last->left != 1) {
      continue; /* became known from the other side */
    }
    int64_t k = last->number, opposite = place[k];
    double  value = last->rest;
    known[k] = known[opposite] = true;
    if (values) {
      values[k] = values[opposite] = value;
    }
    resolve(&g, k, value, queue, &end);
    if (opposite != k) {
      resolve(&g, opposite, value, queue, &end);
    }
  }
  ude_status status = ok ? all_known(p, known, error) : ude_fail_memory(error, "a sparse matrix");
  free(place);
  free(queue);
  free(known);
  free(g.of);
  free(g.group);
  ude_pattern_free(&transposed);
  return status;
}

/* --------------------------------------------------------------------------------------- entry -- */

static ude_status check_shape(const ude_pattern *p, const ude_colouring *c, ude_error *error) {
  bool columns = c->column_colours > 0 || c->column, rows = c->row_colours > 0 || c->row;
  bool symmetric = c->kind == UDE_COLOUR_STAR || c->kind == UDE_COLOUR_ACYCLIC;
  if (c->rows != p->rows || c->columns != p->columns || (!columns && !rows) ||
      (columns && !c->column) || (rows && !c->row) ||
      (symmetric && (!c->column || p->rows != p->columns))) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "colouring: it is of another pattern or has no colours");
  }
  for (int64_t j = 0; c->column && j < p->columns; j++) {
    if (c->column[j] < (c->kind == UDE_COLOUR_BIDIRECTIONAL ? -1 : 0) ||
        c->column[j] >= c->column_colours) {
      return ude_fail(error, UDE_INVALID_ARGUMENT, "colouring: column %lld has colour %lld",
                      (long long)j, (long long)c->column[j]);
    }
  }
  for (int64_t i = 0; c->row && i < p->rows; i++) {
    if (c->row[i] < (c->kind == UDE_COLOUR_BIDIRECTIONAL ? -1 : 0) || c->row[i] >= c->row_colours) {
      return ude_fail(error, UDE_INVALID_ARGUMENT, "colouring: row %lld has colour %lld",
                      (long long)i, (long long)c->row[i]);
    }
  }
  return UDE_OK;
}

static ude_status recover(const ude_pattern *p, const ude_colouring *c, const double *by_column,
                          const double *by_row, double *values, ude_error *error) {
  ude_status status = ude_pattern_check(p, error);
  status            = status ? status : check_shape(p, c, error);
  if (status) {
    return status;
  }
  return c->kind == UDE_COLOUR_ACYCLIC ? substitute(p, c, by_column, values, error)
                                       : direct(p, c, by_column, by_row, values, error);
}

ude_status ude_colouring_check(const ude_pattern *pattern, const ude_colouring *colouring,
                               ude_error *error) {
  return recover(pattern, colouring, NULL, NULL, NULL, error);
}

ude_status ude_recover(const ude_pattern *pattern, const ude_colouring *colouring,
                       const double *by_column, const double *by_row, double *values,
                       ude_error *error) {
  if ((colouring->column_colours > 0 && !by_column) || (colouring->row_colours > 0 && !by_row)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "recovery: the products are missing");
  }
  return recover(pattern, colouring, by_column, by_row, values, error);
}

/* Products with the sums of the vertices of each colour, as many at a time as they take. */
static ude_status all_products(ude_product_fn product, void *context, int64_t width,
                               const int64_t *colour, int64_t colours, int64_t vertices,
                               int64_t results, double *out, ude_error *error) {
  int64_t    wide   = width < colours ? width : colours;
  double    *seed   = ude_calloc((size_t)vertices, (size_t)wide * sizeof *seed);
  double    *part   = ude_calloc((size_t)results, (size_t)wide * sizeof *part);
  ude_status status = seed && part ? UDE_OK : ude_fail_memory(error, "compressed products");
  for (int64_t first = 0; status == UDE_OK && first < colours; first += wide) {
    int64_t now = colours - first < wide ? colours - first : wide;
    memset(seed, 0, (size_t)(vertices * now) * sizeof *seed);
    for (int64_t v = 0; v < vertices; v++) {
      if (colour[v] >= first && colour[v] < first + now) {
        seed[v * now + colour[v] - first] = 1;
      }
    }
    if (product(seed, now, part, context)) {
      status = ude_fail(error, UDE_NUMERICAL, "a product with the matrix failed");
    }
    for (int64_t i = 0; status == UDE_OK && i < results; i++) {
      memcpy(out + i * colours + first, part + i * now, (size_t)now * sizeof *out);
    }
  }
  free(seed);
  free(part);
  return status;
}

ude_status ude_compressed(const ude_pattern *p, const ude_colouring *c, ude_product_fn product,
                          ude_product_fn transposed, void *context, int64_t width, double *values,
                          ude_error *error) {
  ude_status status = ude_pattern_check(p, error);
  status            = status ? status : check_shape(p, c, error);
  if (status) {
    return status;
  }
  if (width < 1 || (c->column_colours > 0 && !product) || (c->row_colours > 0 && !transposed)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "compressed products: the width is %lld, or a product is missing",
                    (long long)width);
  }
  double *by_column = ude_calloc((size_t)p->rows, (size_t)c->column_colours * sizeof *by_column);
  double *by_row    = ude_calloc((size_t)p->columns, (size_t)c->row_colours * sizeof *by_row);
  status            = by_column && by_row ? UDE_OK : ude_fail_memory(error, "compressed products");
  if (status == UDE_OK && c->column_colours > 0) {
    status = all_products(product, context, width, c->column, c->column_colours, p->columns,
                          p->rows, by_column, error);
  }
  if (status == UDE_OK && c->row_colours > 0) {
    status = all_products(transposed, context, width, c->row, c->row_colours, p->rows, p->columns,
                          by_row, error);
  }
  status = status ? status : ude_recover(p, c, by_column, by_row, values, error);
  free(by_column);
  free(by_row);
  return status;
}
