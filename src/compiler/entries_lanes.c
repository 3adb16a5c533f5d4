/* The functions of an ude_map for several trajectories: machine code in lanes, or that for one, lane after lane. */
#include <stdlib.h>
#include <string.h>

#include "compiler/entries.h"
#include "compiler/tape.h"

/* Lane `l` of x[count][lanes] to x[count], and back; NULL: nothing. */
static void take(double *one, const double *all, int64_t count, int64_t lanes, int64_t l) {
  for (int64_t k = 0; all && k < count; k++) {
    one[k] = all[k * lanes + l];
  }
}

static void give(double *all, const double *one, int64_t count, int64_t lanes, int64_t l) {
  for (int64_t k = 0; all && k < count; k++) {
    all[k * lanes + l] = one[k];
  }
}

/* Room for `sets` triples of outputs, inputs and parameters of one lane. */
static double *room(const ude_entry *entry, int64_t sets) {
  return ude_calloc((size_t)(sets * (entry->rows + entry->columns + entry->params)),
                    sizeof(double));
}

static int value_lanes(double *y, const double *u, const double *p, const double *t,
                       void *context) {
  const ude_entry *entry = context;
  if (entry->value_lanes) {
    entry->value_lanes(y, u, p, t ? t : entry->zeros);
    return ude_tape_failed() ? -1 : 0;
  }
  double *one = room(entry, 1);
  if (!one) {
    return -1;
  }
  double *at_u = one + entry->rows;
  double *at_p = at_u + entry->columns;
  for (int64_t l = 0; l < entry->lanes; l++) {
    take(at_u, u, entry->columns, entry->lanes, l);
    take(at_p, p, entry->params, entry->lanes, l);
    entry->value(one, at_u, at_p, t ? t[l] : 0);
    give(y, one, entry->rows, entry->lanes, l);
  }
  free(one);
  return ude_tape_failed() ? -1 : 0;
}

static int jvp_lanes(double *y, double *y_dot, const double *u, const double *u_dot,
                     const double *p, const double *p_dot, const double *t, const double *t_dot,
                     void *context) {
  const ude_entry *entry = context;
  if (entry->jvp_lanes) {
    entry->jvp_lanes(y, y_dot, u, u_dot ? u_dot : entry->zeros, p, p_dot ? p_dot : entry->zeros,
                     t ? t : entry->zeros, t_dot ? t_dot : entry->zeros);
    return ude_tape_failed() ? -1 : 0;
  }
  double *one = room(entry, 2);
  if (!one) {
    return -1;
  }
  double *one_dot  = one + entry->rows;
  double *at_u     = one_dot + entry->rows;
  double *at_u_dot = at_u + entry->columns;
  double *at_p     = at_u_dot + entry->columns;
  double *at_p_dot = at_p + entry->params;
  for (int64_t l = 0; l < entry->lanes; l++) {
    double t_one = t_dot ? t_dot[l] : 0;
    take(at_u, u, entry->columns, entry->lanes, l);
    take(at_u_dot, u_dot, entry->columns, entry->lanes, l);
    take(at_p, p, entry->params, entry->lanes, l);
    take(at_p_dot, p_dot, entry->params, entry->lanes, l);
    entry->jvp(one, one_dot, at_u, at_u_dot, at_p, at_p_dot, t ? t[l] : 0, &t_one);
    give(y, one, entry->rows, entry->lanes, l);
    give(y_dot, one_dot, entry->rows, entry->lanes, l);
  }
  free(one);
  return ude_tape_failed() ? -1 : 0;
}

/* Scratch on the stack for small models, as in entries.c. */
enum { ON_STACK = 1024 };

static int vjp_in_vectors(const ude_entry *entry, const double *u, const double *p, const double *t,
                          const double *y_bar, double *u_bar, double *p_bar, double *t_bar) {
  double  small[ON_STACK];
  size_t  lanes  = (size_t)entry->lanes;
  size_t  rows   = (size_t)entry->rows * lanes;
  size_t  unused = (u_bar ? 0 : (size_t)entry->columns) + (p_bar ? 0 : (size_t)entry->params) + 1;
  size_t  need   = 2 * rows + unused * lanes;
  double *y      = need <= ON_STACK ? small : malloc(need * sizeof *y);
  if (!y) {
    return 1;
  }
  double *bar  = y + rows;
  double *at_t = bar + rows;
  double *at   = at_t + lanes;
  memcpy(bar, y_bar, rows * sizeof *bar);
  memset(at_t, 0, unused * lanes * sizeof *at);
  double *at_u = u_bar ? u_bar : at;
  at += u_bar ? 0 : (size_t)entry->columns * lanes;
  int failed = entry->vjp_lanes(y, bar, u, at_u, p, p_bar ? p_bar : at, t ? t : entry->zeros,
                                t_bar ? t_bar : at_t);
  if (y != small) {
    free(y);
  }
  return ude_tape_failed() || failed;
}

static int vjp_lanes(const double *u, const double *p, const double *t, const double *y_bar,
                     double *u_bar, double *p_bar, double *t_bar, void *context) {
  const ude_entry *entry = context;
  if (entry->vjp_lanes) {
    return vjp_in_vectors(entry, u, p, t, y_bar, u_bar, p_bar, t_bar) ? -1 : 0;
  }
  double *one = room(entry, 2);
  if (!one) {
    return -1;
  }
  double *bar      = one + entry->rows;
  double *at_u     = bar + entry->rows;
  double *at_u_bar = at_u + entry->columns;
  double *at_p     = at_u_bar + entry->columns;
  double *at_p_bar = at_p + entry->params;
  int     failed   = 0;
  for (int64_t l = 0; l < entry->lanes && !failed; l++) {
    double t_one = t_bar ? t_bar[l] : 0;
    take(bar, y_bar, entry->rows, entry->lanes, l);
    take(at_u, u, entry->columns, entry->lanes, l);
    take(at_u_bar, u_bar, entry->columns, entry->lanes, l);
    take(at_p, p, entry->params, entry->lanes, l);
    take(at_p_bar, p_bar, entry->params, entry->lanes, l);
    failed = entry->vjp(one, bar, at_u, at_u_bar, at_p, at_p_bar, t ? t[l] : 0, &t_one);
    give(u_bar, at_u_bar, entry->columns, entry->lanes, l);
    give(p_bar, at_p_bar, entry->params, entry->lanes, l);
    give(t_bar, &t_one, 1, entry->lanes, l);
  }
  free(one);
  return ude_tape_failed() || failed ? -1 : 0;
}

void ude_entry_fill_lanes(ude_entry *entry, ude_map *map) {
  map->lanes            = entry->lanes;
  map->value_lanes      = value_lanes;
  map->jvp_lanes        = entry->jvp ? jvp_lanes : NULL;
  map->vjp_lanes        = entry->vjp ? vjp_lanes : NULL;
  map->lanes_in_vectors = entry->value_lanes != NULL;
}
