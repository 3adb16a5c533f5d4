/* Star and acyclic colourings of symmetric patterns (Gebremedhin, Tarafdar, Manne, Pothen, SIAM J. Sci. Comput. 29,
 * 2007). The diagonal does not matter: neighbours have different colours. */
#include <stdlib.h>

#include "linalg/sparse.h"

/* --------------------------------------------------------------------------------------- star -- */

/* Colours that v must not take: those of its neighbours w; and where w has another neighbour of a colour x's that would
 * close a path of two colours over four vertices, that too. By definition: v, w, x, y with v-w, w-x, x-y
 * edges must not have c(v) = c(x), c(w) = c(y). */
static int64_t star(const ude_pattern *g, const int64_t *sequence, int64_t *colour, int64_t *taken,
                    int64_t *seen) {
  int64_t n = g->rows, colours = 0;
  for (int64_t at = 0; at < n; at++) {
    int64_t v = sequence[at];
    /* seen[c] is v when a neighbour of colour c came before, v + n when two did */
    for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
      int64_t w = g->index[k];
      if (w != v && colour[w] >= 0) {
        taken[colour[w]] = v;
        seen[colour[w]]  = seen[colour[w]] == v || seen[colour[w]] == v + n ? v + n : v;
      }
    }
    for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
      int64_t w = g->index[k];
      if (w == v) {
        continue;
      }
      bool twice = colour[w] >= 0 && seen[colour[w]] == v + n;
      for (int64_t i = g->start[w]; i < g->start[w + 1]; i++) {
        int64_t x = g->index[i];
        if (x == v || x == w || colour[x] < 0) {
          continue;
        }
        if (colour[w] < 0 || twice) {
          /* w may yet take a colour that another vertex has; or: another neighbour of v has w's colour */
          taken[colour[x]] = v;
          continue;
        }
        for (int64_t m = g->start[x]; m < g->start[x + 1]; m++) {
          int64_t y = g->index[m];
          if (y != w && y != x && y != v && colour[y] == colour[w]) {
            taken[colour[x]] = v;
            break;
          }
        }
      }
    }
    int64_t first = 0;
    while (taken[first] == v) {
      first++;
    }
    colour[v] = first;
    colours   = first + 1 > colours ? first + 1 : colours;
  }
  return colours;
}

/* ------------------------------------------------------------------------------------ acyclic -- */

/** Trees of two colours: disjoint sets of edges. */
typedef struct forest {
  int64_t *parent; /**< [entries] of edges, both directions name one */
  int64_t *edge;   /**< [entries] number of the edge */
} forest;

static int64_t root(int64_t *parent, int64_t e) {
  while (parent[e] != e) {
    parent[e] = parent[parent[e]];
    e         = parent[e];
  }
  return e;
}

/* An edge's tree has the colours of its ends. A colour c is not for v if v has two neighbours of colour d in one
 * tree of colours c and d. */
static int64_t acyclic(const ude_pattern *g, const int64_t *sequence, int64_t *colour,
                       int64_t *taken, forest *f, int64_t *first_of, int64_t *first_for,
                       int64_t *first_edge) {
  int64_t n = g->rows, colours = 0;
  for (int64_t at = 0; at < n; at++) {
    int64_t v = sequence[at];
    for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
      if (g->index[k] != v && colour[g->index[k]] >= 0) {
        taken[colour[g->index[k]]] = v;
      }
    }
    /* first_of[tree]: the neighbour through which v met the tree */
    for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
      int64_t w = g->index[k];
      if (w == v || colour[w] < 0) {
        continue;
      }
      for (int64_t i = g->start[w]; i < g->start[w + 1]; i++) {
        int64_t x = g->index[i];
        if (x == v || x == w || colour[x] < 0 || taken[colour[x]] == v) {
          continue;
        }
        int64_t tree = root(f->parent, f->edge[i]);
        if (first_for[tree] != v) {
          first_for[tree] = v;
          first_of[tree]  = w;
        } else if (first_of[tree] != w) {
          taken[colour[x]] = v;
        }
      }
    }
    int64_t first = 0;
    while (taken[first] == v) {
      first++;
    }
    colour[v] = first;
    colours   = first + 1 > colours ? first + 1 : colours;
    /* v joins the trees of its own and a neighbour's colour: one tree for all neighbours of a colour */
    for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
      int64_t w = g->index[k];
      if (w == v || colour[w] < 0) {
        continue;
      }
      int64_t mine = f->edge[k], other = first_edge[colour[w]];
      bool    met = other >= g->start[v] && other < g->start[v + 1];
      if (met && colour[g->index[other]] == colour[w]) {
        f->parent[root(f->parent, mine)] = root(f->parent, f->edge[other]);
      } else {
        first_edge[colour[w]] = k;
      }
      for (int64_t i = g->start[w]; i < g->start[w + 1]; i++) {
        int64_t x = g->index[i];
        if (x != v && x != w && colour[x] == first) {
          f->parent[root(f->parent, mine)] = root(f->parent, f->edge[i]);
        }
      }
    }
  }
  return colours;
}

/* Number both directions of an edge alike: rows are sorted, so that a cursor in each row will do. */
static void number_edges(const ude_pattern *g, forest *f, int64_t *cursor) {
  for (int64_t i = 0; i < g->rows; i++) {
    cursor[i] = g->start[i];
  }
  for (int64_t i = 0; i < g->rows; i++) {
    for (int64_t k = g->start[i]; k < g->start[i + 1]; k++) {
      int64_t j    = g->index[k];
      f->parent[k] = k;
      if (j >= i) {
        f->edge[k] = k;
        continue;
      }
      /* entry (j, i), the next of row j beyond its diagonal that is not yet paired */
      while (g->index[cursor[j]] < i) {
        cursor[j]++;
      }
      f->edge[k] = cursor[j];
    }
  }
}

int64_t ude_colour_symmetric(const ude_pattern *g, bool is_star, const int64_t *sequence,
                             int64_t *colour) {
  size_t   n = (size_t)g->rows, entries = (size_t)g->start[g->rows];
  int64_t *taken = ude_calloc(n + 1, sizeof *taken), *seen = ude_calloc(n + 1, sizeof *seen);
  forest   f          = {.parent = ude_calloc(is_star ? 0 : entries, sizeof(int64_t)),
                         .edge   = ude_calloc(is_star ? 0 : entries, sizeof(int64_t))};
  int64_t *first_of   = ude_calloc(is_star ? 0 : entries, sizeof *first_of);
  int64_t *first_for  = ude_calloc(is_star ? 0 : entries, sizeof *first_for);
  int64_t *first_edge = ude_calloc(n + 1, sizeof *first_edge);
  int64_t  colours    = -1;
  if (taken && seen && f.parent && f.edge && first_of && first_for && first_edge) {
    for (size_t v = 0; v <= n; v++) {
      taken[v] = seen[v] = first_edge[v] = -1;
      if (v < n) {
        colour[v] = -1;
      }
    }
    for (size_t k = 0; k < entries && !is_star; k++) {
      first_for[k] = -1;
    }
    if (is_star) {
      colours = star(g, sequence, colour, taken, seen);
    } else {
      number_edges(g, &f, seen);
      colours = acyclic(g, sequence, colour, taken, &f, first_of, first_for, first_edge);
    }
  }
  free(taken);
  free(seen);
  free(f.parent);
  free(f.edge);
  free(first_of);
  free(first_for);
  free(first_edge);
  return colours;
}
