/* The functions that an ude_map calls. */
#include "compiler/entries.h"

#include <stdlib.h>
#include <string.h>

static int value(double *y, const double *u, const double *p, double t, void *context) {
  const ude_entry *entry = context;
  entry->value(y, u, p, t);
  return 0;
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_entry *entry = context;
  entry->jvp(y, y_dot, u, u_dot ? u_dot : entry->zeros, p, p_dot ? p_dot : entry->zeros, t,
             t_dot ? t_dot : entry->zeros);
  return 0;
}

static int jvp_wide(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_entry *entry = context;
  entry->jvp_wide(y, y_dot, u, u_dot ? u_dot : entry->zeros, p, p_dot ? p_dot : entry->zeros, t,
                  t_dot ? t_dot : entry->zeros);
  return 0;
}

/* Scratch on the stack for small models, so that a hot transposed product does not allocate. */
enum { ON_STACK = 512 };

static int vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  const ude_entry *entry = context;
  double           small[ON_STACK];
  double           ignored = 0;
  size_t           rows    = (size_t)entry->rows;
  size_t  unused  = (u_bar ? 0 : (size_t)entry->columns) + (p_bar ? 0 : (size_t)entry->params);
  size_t  need    = 2 * rows + unused;
  double *scratch = need <= ON_STACK ? small : malloc(need * sizeof *scratch);
  if (!scratch) {
    return -1;
  }
  double *y   = scratch;
  double *bar = scratch + rows;
  double *at  = bar + rows;
  memcpy(bar, y_bar, rows * sizeof *bar);
  memset(at, 0, unused * sizeof *at);
  if (!u_bar) {
    u_bar = at;
    at += entry->columns;
  }
  if (!p_bar) {
    p_bar = at;
  }
  int failed = entry->vjp(y, bar, u, u_bar, p, p_bar, t, t_bar ? t_bar : &ignored);
  if (scratch != small) {
    free(scratch);
  }
  return failed ? -1 : 0;
}

static ude_jet_shape jet_shape(const ude_entry *entry) {
  return (ude_jet_shape){entry->value, entry->jet, entry->rows, entry->columns, entry->params};
}

static int jet(double *y, int64_t order, const double *u, const double *p, double t,
               void *context) {
  ude_jet_shape shape = jet_shape(context);
  return order < 0 || order > UDE_JET_ORDER || ude_jet_map(&shape, order, y, u, p, t) ? -1 : 0;
}

int ude_entry_taylor(double *series, int64_t order, const double *u, const double *p, double t,
                     void *context) {
  ude_jet_shape shape = jet_shape(context);
  return order < 0 || order > UDE_JET_ORDER || ude_jet_solution(&shape, order, series, u, p, t) ? -1
                                                                                                : 0;
}

void ude_entry_fill(ude_entry *entry, int64_t width, ude_map *map) {
  *map = (ude_map){.rows     = entry->rows,
                   .columns  = entry->columns,
                   .value    = value,
                   .jvp      = entry->jvp ? jvp : NULL,
                   .jvp_wide = entry->jvp_wide ? jvp_wide : NULL,
                   .width    = entry->jvp_wide ? width : 0,
                   .vjp      = entry->vjp ? vjp : NULL,
                   .context  = entry,
                   .jet      = entry->jet ? jet : NULL};
}
