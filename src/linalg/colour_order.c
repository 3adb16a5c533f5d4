/* Orders of vertices for greedy colouring. */
#include <stdlib.h>
#include <string.h>

#include "linalg/sparse.h"

ude_status ude_conflicts_open(ude_conflicts *c, const ude_pattern *by_vertex,
                              const ude_pattern *by_row, ude_error *error) {
  size_t n = (size_t)by_vertex->rows;
  *c       = (ude_conflicts){.by_vertex = by_vertex,
                             .by_row    = by_row,
                             .mark      = ude_calloc(n, sizeof(int64_t)),
                             .list      = ude_calloc(n, sizeof(int64_t))};
  if (!c->mark || !c->list) {
    ude_conflicts_close(c);
    return ude_fail_memory(error, "a colouring");
  }
  return UDE_OK;
}

void ude_conflicts_close(ude_conflicts *c) {
  free(c->mark);
  free(c->list);
  *c = (ude_conflicts){0};
}

int64_t ude_conflicts_of(ude_conflicts *c, int64_t v) {
  const ude_pattern *rows  = c->by_vertex;
  int64_t            count = 0;
  c->mark[v]               = ++c->stamp;
  for (int64_t k = rows->start[v]; k < rows->start[v + 1]; k++) {
    int64_t row = rows->index[k];
    if (!c->by_row) {
      if (row != v) {
        c->list[count++] = row;
      }
      continue;
    }
    if (c->no_row && c->no_row[row]) {
      continue;
    }
    for (int64_t i = c->by_row->start[row]; i < c->by_row->start[row + 1]; i++) {
      int64_t w = c->by_row->index[i];
      if (c->mark[w] != c->stamp) {
        c->mark[w]       = c->stamp;
        c->list[count++] = w;
      }
    }
  }
  return count;
}

/** Vertices by a changing number: doubly linked lists, one for each number. */
typedef struct buckets {
  int64_t *head, *next, *previous, *number;
  int64_t  most;
} buckets;

static void take_out(buckets *b, int64_t v) {
  int64_t before = b->previous[v], after = b->next[v];
  if (before >= 0) {
    b->next[before] = after;
  } else {
    b->head[b->number[v]] = after;
  }
  if (after >= 0) {
    b->previous[after] = before;
  }
}

static void put_in(buckets *b, int64_t v, int64_t number) {
  int64_t first   = b->head[number];
  b->number[v]    = number;
  b->next[v]      = first;
  b->previous[v]  = -1;
  b->head[number] = v;
  if (first >= 0) {
    b->previous[first] = v;
  }
}

static void buckets_close(buckets *b) {
  free(b->head);
  free(b->next);
  free(b->previous);
  free(b->number);
}

/* All vertices under their degree, or under 0. */
static bool buckets_open(buckets *b, ude_conflicts *c, bool degree) {
  int64_t n    = c->by_vertex->rows;
  *b           = (buckets){.next     = ude_calloc((size_t)n, sizeof(int64_t)),
                           .previous = ude_calloc((size_t)n, sizeof(int64_t)),
                           .number   = ude_calloc((size_t)n, sizeof(int64_t))};
  int64_t most = 0;
  bool    ok   = b->next && b->previous && b->number;
  for (int64_t v = 0; v < n && ok; v++) {
    b->number[v] = ude_conflicts_of(c, v);
    most         = b->number[v] > most ? b->number[v] : most;
  }
  b->most = most;
  b->head = ude_calloc((size_t)most + 2, sizeof(int64_t));
  if (!ok || !b->head) {
    buckets_close(b);
    return false;
  }
  for (int64_t k = 0; k <= most + 1; k++) {
    b->head[k] = -1;
  }
  for (int64_t v = n; v-- > 0;) {
    put_in(b, v, degree ? b->number[v] : 0);
  }
  return true;
}

static void largest_first(buckets *b, int64_t n, int64_t *sequence) {
  int64_t at = 0;
  for (int64_t number = b->most; number >= 0 && at < n; number--) {
    for (int64_t v = b->head[number]; v >= 0; v = b->next[v]) {
      sequence[at++] = v;
    }
  }
}

static void smallest_last(buckets *b, ude_conflicts *c, int64_t *sequence) {
  int64_t number = 0;
  for (int64_t at = c->by_vertex->rows; at-- > 0;) {
    while (b->head[number] < 0) {
      number++;
    }
    int64_t v = b->head[number];
    take_out(b, v);
    b->number[v]  = -1;
    sequence[at]  = v;
    int64_t count = ude_conflicts_of(c, v);
    for (int64_t k = 0; k < count; k++) {
      int64_t w = c->list[k];
      if (b->number[w] > 0) {
        take_out(b, w);
        put_in(b, w, b->number[w] - 1);
      }
    }
    number -= number > 0;
  }
}

static void incidence(buckets *b, ude_conflicts *c, int64_t *sequence) {
  int64_t number = 0;
  for (int64_t at = 0; at < c->by_vertex->rows; at++) {
    while (number > 0 && b->head[number] < 0) {
      number--;
    }
    int64_t v = b->head[number];
    take_out(b, v);
    b->number[v]  = -1;
    sequence[at]  = v;
    int64_t count = ude_conflicts_of(c, v);
    for (int64_t k = 0; k < count; k++) {
      int64_t w = c->list[k];
      if (b->number[w] >= 0) {
        int64_t more = b->number[w] + 1;
        take_out(b, w);
        put_in(b, w, more);
        number = more > number ? more : number;
      }
    }
  }
}

ude_status ude_vertex_order(ude_conflicts *c, ude_colour_order order, int64_t *sequence,
                            ude_error *error) {
  int64_t n = c->by_vertex->rows;
  buckets b;
  if (order == UDE_ORDER_NATURAL || order == UDE_ORDER_BEST) {
    for (int64_t v = 0; v < n; v++) {
      sequence[v] = v;
    }
    return UDE_OK;
  }
  if (!buckets_open(&b, c, order != UDE_ORDER_INCIDENCE)) {
    return ude_fail_memory(error, "a colouring");
  }
  if (order == UDE_ORDER_LARGEST_FIRST) {
    largest_first(&b, n, sequence);
  } else if (order == UDE_ORDER_SMALLEST_LAST) {
    smallest_last(&b, c, sequence);
  } else {
    incidence(&b, c, sequence);
  }
  buckets_close(&b);
  return UDE_OK;
}
