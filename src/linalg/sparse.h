/** @file sparse.h
 *  @brief Inside of colouring: graphs of patterns and orders of their vertices. */
#ifndef UDE_LINALG_SPARSE_H
#define UDE_LINALG_SPARSE_H

#include <ude/sparsity.h>

/** Vertices that must be told apart: columns of `by_row` that share a row, or (by_row NULL) the neighbours that
 *  `by_vertex` lists. */
typedef struct ude_conflicts {
  const ude_pattern *by_vertex; /**< rows of each vertex; or its neighbours */
  const ude_pattern *by_row;    /**< vertices of each row; NULL: by_vertex is the graph itself */
  const bool        *no_row;    /**< [rows] rows that do not matter; NULL: all do */
  int64_t           *mark;      /**< [vertices] scratch */
  int64_t            stamp;
  int64_t           *list; /**< [vertices] neighbours of the vertex asked for last */
} ude_conflicts;

bool ude_pattern_symmetric(const ude_pattern *pattern, const ude_pattern *transposed);

ude_status ude_conflicts_open(ude_conflicts *conflicts, const ude_pattern *by_vertex,
                              const ude_pattern *by_row, ude_error *error);
void       ude_conflicts_close(ude_conflicts *conflicts);
/** Neighbours of v other than v, each once, into conflicts->list; returns their number. */
int64_t ude_conflicts_of(ude_conflicts *conflicts, int64_t v);
/** Fill order [vertices]; UDE_ORDER_BEST is not an order. */
ude_status ude_vertex_order(ude_conflicts *conflicts, ude_colour_order order, int64_t *sequence,
                            ude_error *error);
/** Star or acyclic colouring of the graph `by_vertex` in the given order; returns the number of colours, -1
 *  without memory. */
int64_t ude_colour_symmetric(const ude_pattern *graph, bool star, const int64_t *sequence,
                             int64_t *colour);

#endif
