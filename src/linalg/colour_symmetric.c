/* Star and acyclic colourings of symmetric patterns (Gebremedhin, Tarafdar, Manne, Pothen, SIAM J. Sci. Comput. 29,
 * 2007). The diagonal does not matter: neighbours have different colours. */
#include <stdlib.h>

#include "linalg/sparse.h"

/** What one run of either colouring carries. */
typedef struct run {
  const ude_pattern *g;
  int64_t           *colour;
  int64_t           *taken; /**< [colours] the vertex that must not have it */
  int64_t           *once;  /**< [colours] the vertex that has a neighbour of it... */
  int64_t           *twice; /**< [colours] ...or two */
  int64_t           *uses;  /**< [colours] vertices */
} run;

/* Neighbours' colours are not for v. */
static void take_neighbours(const run *r, int64_t v) {
  for (int64_t k = r->g->start[v]; k < r->g->start[v + 1]; k++) {
    int64_t w = r->g->index[k], c = r->colour[w];
    if (w == v || c < 0) {
      continue;
    }
    r->taken[c] = v;
    if (r->once[c] == v) {
      r->twice[c] = v;
    }
    r->once[c] = v;
  }
}

static int64_t first_free(const run *r, int64_t v) {
  int64_t first = 0;
  while (r->taken[first] == v) {
    first++;
  }
  r->colour[v] = first;
  r->uses[first]++;
  return first;
}

/* --------------------------------------------------------------------------------------- star -- */

/* No path of four vertices may have two colours. The last vertex of a path to be coloured sees to it: as an end,
 * v-w-x-y with c(w) = c(y) leaves not c(x) for v; as an inner vertex, w'-v-w-x with c(w') = c(w) neither. Where
 * only w has its colour there is no such path: dense rows cost little. */
static int64_t star(const run *r, const int64_t *sequence) {
  const ude_pattern *g       = r->g;
  int64_t            colours = 0;
  for (int64_t at = 0; at < g->rows; at++) {
    int64_t v = sequence[at];
    take_neighbours(r, v);
    for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
      int64_t w = g->index[k], c = r->colour[w];
      if (w == v || c < 0 || r->uses[c] < 2) {
        continue;
      }
      for (int64_t i = g->start[w]; i < g->start[w + 1]; i++) {
        int64_t x = g->index[i];
        if (x == v || x == w || r->colour[x] < 0 || r->taken[r->colour[x]] == v) {
          continue;
        }
        bool closes = r->twice[c] == v;
        for (int64_t m = g->start[x]; m < g->start[x + 1] && !closes; m++) {
          int64_t y = g->index[m];
          closes    = y != w && y != x && y != v && r->colour[y] == c;
        }
        if (closes) {
          r->taken[r->colour[x]] = v;
        }
      }
    }
    int64_t first = first_free(r, v);
    colours       = first + 1 > colours ? first + 1 : colours;
  }
  return colours;
}

/* ------------------------------------------------------------------------------------ acyclic -- */

/** Trees of two colours: disjoint sets of edges, one edge of each vertex and colour as their name. */
typedef struct forest {
  int64_t *parent; /**< [entries] both directions of an edge share a number */
  int64_t *edge;   /**< [entries] that number */
  int64_t *first_of,
      *first_for; /**< [entries] by tree: the neighbour through which a vertex met it, that vertex */
  int64_t *key, *value; /**< from vertex and colour to an edge: open addressing */
  int64_t  mask;
} forest;

static int64_t root(int64_t *parent, int64_t e) {
  while (parent[e] != e) {
    parent[e] = parent[parent[e]];
    e         = parent[e];
  }
  return e;
}

/* The edge from a vertex to vertices of a colour joins what is there already: a star is one tree. */
static void join_star(forest *f, int64_t n, int64_t vertex, int64_t colour, int64_t edge) {
  int64_t  wanted = vertex * n + colour + 1;
  uint64_t hash   = (uint64_t)wanted * UINT64_C(0x9E3779B97F4A7C15);
  int64_t  at     = (int64_t)(hash >> 20) & f->mask;
  while (f->key[at] && f->key[at] != wanted) {
    at = (at + 1) & f->mask;
  }
  if (f->key[at]) {
    f->parent[root(f->parent, edge)] = root(f->parent, f->value[at]);
  }
  f->key[at]   = wanted;
  f->value[at] = edge;
}

/* A colour c is not for v if two neighbours of one colour d lie in one tree of c and d. */
static int64_t acyclic(const run *r, const int64_t *sequence, forest *f) {
  const ude_pattern *g       = r->g;
  int64_t            colours = 0;
  for (int64_t at = 0; at < g->rows; at++) {
    int64_t v = sequence[at];
    take_neighbours(r, v);
    for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
      int64_t w = g->index[k];
      if (w == v || r->colour[w] < 0 || r->twice[r->colour[w]] != v) {
        continue;
      }
      for (int64_t i = g->start[w]; i < g->start[w + 1]; i++) {
        int64_t x = g->index[i];
        if (x == v || x == w || r->colour[x] < 0 || r->taken[r->colour[x]] == v) {
          continue;
        }
        int64_t tree = root(f->parent, f->edge[i]);
        if (f->first_for[tree] != v) {
          f->first_for[tree] = v;
          f->first_of[tree]  = w;
        } else if (f->first_of[tree] != w) {
          r->taken[r->colour[x]] = v;
        }
      }
    }
    int64_t first = first_free(r, v);
    colours       = first + 1 > colours ? first + 1 : colours;
    for (int64_t k = g->start[v]; k < g->start[v + 1]; k++) {
      int64_t w = g->index[k];
      if (w != v && r->colour[w] >= 0) {
        join_star(f, g->rows, v, r->colour[w], f->edge[k]);
        join_star(f, g->rows, w, first, f->edge[k]);
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

static bool forest_open(forest *f, const ude_pattern *g, int64_t *cursor) {
  size_t entries = (size_t)g->start[g->rows], slots = 16;
  while (slots < 3 * entries) {
    slots *= 2;
  }
  *f           = (forest){.mask = (int64_t)slots - 1};
  f->parent    = ude_calloc(entries, sizeof(int64_t));
  f->edge      = ude_calloc(entries, sizeof(int64_t));
  f->first_of  = ude_calloc(entries, sizeof(int64_t));
  f->first_for = ude_calloc(entries, sizeof(int64_t));
  f->key       = ude_calloc(slots, sizeof(int64_t));
  f->value     = ude_calloc(slots, sizeof(int64_t));
  if (!f->parent || !f->edge || !f->first_of || !f->first_for || !f->key || !f->value) {
    return false;
  }
  for (size_t k = 0; k < entries; k++) {
    f->first_for[k] = -1;
  }
  number_edges(g, f, cursor);
  return true;
}

static void forest_close(forest *f) {
  free(f->parent);
  free(f->edge);
  free(f->first_of);
  free(f->first_for);
  free(f->key);
  free(f->value);
}

int64_t ude_colour_symmetric(const ude_pattern *g, bool is_star, const int64_t *sequence,
                             int64_t *colour) {
  size_t  n       = (size_t)g->rows;
  int64_t colours = -1;
  forest  f       = {0};
  run     r       = {.g      = g,
                     .colour = colour,
                     .taken  = ude_calloc(n + 1, sizeof(int64_t)),
                     .once   = ude_calloc(n + 1, sizeof(int64_t)),
                     .twice  = ude_calloc(n + 1, sizeof(int64_t)),
                     .uses   = ude_calloc(n + 1, sizeof(int64_t))};
  if (r.taken && r.once && r.twice && r.uses && (is_star || forest_open(&f, g, r.once))) {
    for (size_t v = 0; v <= n; v++) {
      r.taken[v] = r.once[v] = r.twice[v] = -1;
      if (v < n) {
        colour[v] = -1;
      }
    }
    colours = is_star ? star(&r, sequence) : acyclic(&r, sequence, &f);
  }
  forest_close(&f);
  free(r.taken);
  free(r.once);
  free(r.twice);
  free(r.uses);
  return colours;
}
