/* Greedy colourings of columns, rows, or some of both. */
#include <stdlib.h>
#include <string.h>

#include "linalg/sparse.h"

enum { ORDERS = 4 };

void ude_colouring_free(ude_colouring *colouring) {
  if (colouring) {
    free(colouring->column);
    free(colouring->row);
    *colouring = (ude_colouring){0};
  }
}

/* The first colour that no neighbour has, vertex by vertex; vertices with `skip` get -1. */
static int64_t greedy(ude_conflicts *c, const int64_t *sequence, const bool *skip, int64_t *taken,
                      int64_t *colour) {
  int64_t n = c->by_vertex->rows, colours = 0;
  for (int64_t v = 0; v < n; v++) {
    colour[v] = -1;
    taken[v]  = -1;
  }
  for (int64_t at = 0; at < n; at++) {
    int64_t v = sequence[at];
    if (skip && skip[v]) {
      continue;
    }
    int64_t count = ude_conflicts_of(c, v);
    for (int64_t k = 0; k < count; k++) {
      if (colour[c->list[k]] >= 0) {
        taken[colour[c->list[k]]] = v;
      }
    }
    int64_t first = 0;
    while (first < n && taken[first] == v) {
      first++;
    }
    colour[v] = first;
    colours   = first + 1 > colours ? first + 1 : colours;
  }
  return colours;
}

/* Colours in the best of the orders asked for; -1 without memory. */
static int64_t best_greedy(ude_conflicts *c, ude_colour_order order, const bool *skip,
                           int64_t *colour) {
  size_t   n        = (size_t)c->by_vertex->rows;
  int64_t *sequence = ude_calloc(n, sizeof *sequence);
  int64_t *taken    = ude_calloc(n + 1, sizeof *taken);
  int64_t *tried    = ude_calloc(n, sizeof *tried);
  int64_t  best     = sequence && taken && tried ? INT64_MAX : -1;
  for (int k = 1; k <= ORDERS && best >= 0; k++) {
    if (order != UDE_ORDER_BEST && (int)order != k) {
      continue;
    }
    if (ude_vertex_order(c, (ude_colour_order)k, sequence, NULL)) {
      best = -1;
      break;
    }
    int64_t colours = greedy(c, sequence, skip, taken, tried);
    if (colours < best) {
      best = colours;
      memcpy(colour, tried, n * sizeof *colour);
    }
  }
  free(sequence);
  free(taken);
  free(tried);
  return best;
}

static ude_status one_side(const ude_pattern *by_row, const ude_pattern *by_vertex,
                           ude_colour_order order, int64_t **colour, int64_t *colours,
                           ude_error *error) {
  ude_conflicts c;
  ude_status    status = ude_conflicts_open(&c, by_vertex, by_row, error);
  if (status) {
    return status;
  }
  *colour  = ude_calloc((size_t)by_vertex->rows, sizeof **colour);
  *colours = *colour ? best_greedy(&c, order, NULL, *colour) : -1;
  ude_conflicts_close(&c);
  return *colours < 0 ? ude_fail_memory(error, "a colouring") : UDE_OK;
}

/* --------------------------------------------------------------------------- both directions -- */

/* Rows with at least `least` entries are found from their rows' colours, the other entries from columns: columns
 * are told apart only by the other rows, and not needed without such entries. */
static int64_t try_cover(const ude_pattern *pattern, const ude_pattern *transposed, int64_t least,
                         ude_colour_order order, bool *heavy, bool *skip, ude_colouring *to) {
  ude_conflicts rows, columns;
  if (ude_conflicts_open(&columns, transposed, pattern, NULL)) {
    return -1;
  }
  if (ude_conflicts_open(&rows, pattern, transposed, NULL)) {
    ude_conflicts_close(&columns);
    return -1;
  }
  for (int64_t i = 0; i < pattern->rows; i++) {
    heavy[i] = pattern->start[i + 1] - pattern->start[i] >= least;
    skip[i]  = !heavy[i];
  }
  columns.no_row  = heavy;
  to->row_colours = best_greedy(&rows, order, skip, to->row);
  for (int64_t j = 0; j < pattern->columns; j++) {
    skip[j] = true;
    for (int64_t k = transposed->start[j]; k < transposed->start[j + 1]; k++) {
      skip[j] = skip[j] && heavy[transposed->index[k]];
    }
  }
  to->column_colours = best_greedy(&columns, order, skip, to->column);
  ude_conflicts_close(&rows);
  ude_conflicts_close(&columns);
  return to->row_colours < 0 || to->column_colours < 0 ? -1 : to->row_colours + to->column_colours;
}

static int by_size(const void *a, const void *b) {
  int64_t x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return x < y ? 1 : x > y ? -1 : 0;
}

/* Thresholds: none, and the 1, 2, 4, ... heaviest rows, all. */
static ude_status both_sides(const ude_pattern *pattern, const ude_pattern *transposed,
                             ude_colour_order order, ude_colouring *colouring, ude_error *error) {
  size_t        m = (size_t)pattern->rows, n = (size_t)pattern->columns, most = m > n ? m : n;
  int64_t      *sizes = ude_calloc(m + 1, sizeof *sizes);
  bool         *heavy = ude_calloc(most, sizeof *heavy), *skip = ude_calloc(most, sizeof *skip);
  ude_colouring tried = {.row    = ude_calloc(m, sizeof(int64_t)),
                         .column = ude_calloc(n, sizeof(int64_t))};
  colouring->row      = ude_calloc(m, sizeof(int64_t));
  colouring->column   = ude_calloc(n, sizeof(int64_t));
  int64_t best =
      sizes && heavy && skip && tried.row && tried.column && colouring->row && colouring->column
          ? INT64_MAX
          : -1;
  for (size_t i = 0; i < m && best >= 0; i++) {
    sizes[i] = pattern->start[i + 1] - pattern->start[i];
  }
  if (best >= 0) {
    qsort(sizes, m, sizeof *sizes, by_size);
  }
  int64_t least = INT64_MAX;
  for (size_t heaviest = 0; best >= 0 && heaviest <= m; heaviest = heaviest ? 2 * heaviest : 1) {
    int64_t next = heaviest ? sizes[heaviest - 1] : INT64_MAX;
    if (heaviest && (next == least || next == 0)) {
      continue;
    }
    least         = next;
    int64_t total = try_cover(pattern, transposed, least, order, heavy, skip, &tried);
    if (total < 0) {
      best = -1;
    } else if (total < best) {
      best                      = total;
      colouring->row_colours    = tried.row_colours;
      colouring->column_colours = tried.column_colours;
      memcpy(colouring->row, tried.row, m * sizeof(int64_t));
      memcpy(colouring->column, tried.column, n * sizeof(int64_t));
    }
  }
  int64_t whole =
      best >= 0 && m ? try_cover(pattern, transposed, 1, order, heavy, skip, &tried) : best;
  if (whole >= 0 && whole < best) {
    colouring->row_colours    = tried.row_colours;
    colouring->column_colours = tried.column_colours;
    memcpy(colouring->row, tried.row, m * sizeof(int64_t));
    memcpy(colouring->column, tried.column, n * sizeof(int64_t));
  }
  free(sizes);
  free(heavy);
  free(skip);
  ude_colouring_free(&tried);
  return best < 0 || whole < 0 ? ude_fail_memory(error, "a colouring") : UDE_OK;
}

/* ---------------------------------------------------------------------------------- symmetric -- */

static ude_status symmetric(const ude_pattern *pattern, bool star, ude_colour_order order,
                            ude_colouring *colouring, ude_error *error) {
  size_t        n = (size_t)pattern->rows;
  ude_conflicts c;
  ude_status    status = ude_conflicts_open(&c, pattern, NULL, error);
  if (status) {
    return status;
  }
  int64_t *sequence = ude_calloc(n, sizeof *sequence), *tried = ude_calloc(n, sizeof *tried);
  int64_t  best     = INT64_MAX;
  colouring->column = ude_calloc(n, sizeof(int64_t));
  bool ok           = sequence && tried && colouring->column;
  for (int k = 1; k <= ORDERS && ok; k++) {
    if (order != UDE_ORDER_BEST && (int)order != k) {
      continue;
    }
    ok              = !ude_vertex_order(&c, (ude_colour_order)k, sequence, NULL);
    int64_t colours = ok ? ude_colour_symmetric(pattern, star, sequence, tried) : -1;
    ok              = colours >= 0;
    if (ok && colours < best) {
      best                      = colours;
      colouring->column_colours = colours;
      memcpy(colouring->column, tried, n * sizeof *tried);
    }
  }
  free(sequence);
  free(tried);
  ude_conflicts_close(&c);
  return ok ? UDE_OK : ude_fail_memory(error, "a colouring");
}

ude_status ude_colour(const ude_pattern *pattern, ude_colour_kind kind, ude_colour_order order,
                      ude_colouring *colouring, ude_error *error) {
  ude_pattern transposed = {0};
  *colouring             = (ude_colouring){0};
  ude_status status      = ude_pattern_check(pattern, error);
  status = status ? status : ude_pattern_transpose(pattern, &transposed, NULL, error);
  if (status) {
    return status;
  }
  *colouring = (ude_colouring){.kind = kind, .rows = pattern->rows, .columns = pattern->columns};
  switch (kind) {
  case UDE_COLOUR_COLUMNS:
    status = one_side(pattern, &transposed, order, &colouring->column, &colouring->column_colours,
                      error);
    break;
  case UDE_COLOUR_ROWS:
    status = one_side(&transposed, pattern, order, &colouring->row, &colouring->row_colours, error);
    break;
  case UDE_COLOUR_BIDIRECTIONAL:
    status = both_sides(pattern, &transposed, order, colouring, error);
    break;
  default:
    status = ude_pattern_symmetric(pattern, &transposed)
                 ? symmetric(pattern, kind == UDE_COLOUR_STAR, order, colouring, error)
                 : ude_fail(error, UDE_INVALID_ARGUMENT,
                            "star and acyclic colourings need a symmetric pattern");
    break;
  }
  ude_pattern_free(&transposed);
  if (status) {
    ude_colouring_free(colouring);
  }
  return status;
}
