/* The functions that an ude_map calls. */
#include "compiler/entries.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/tape.h"

static int value(double *y, const double *u, const double *p, double t, void *context) {
  const ude_entry *entry = context;
  entry->value(y, u, p, t);
  return ude_tape_failed() ? -1 : 0;
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_entry *entry = context;
  entry->jvp(y, y_dot, u, u_dot ? u_dot : entry->zeros, p, p_dot ? p_dot : entry->zeros, t,
             t_dot ? t_dot : entry->zeros);
  return ude_tape_failed() ? -1 : 0;
}

static int jvp_wide(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_entry *entry = context;
  entry->jvp_wide(y, y_dot, u, u_dot ? u_dot : entry->zeros, p, p_dot ? p_dot : entry->zeros, t,
                  t_dot ? t_dot : entry->zeros);
  return ude_tape_failed() ? -1 : 0;
}

/* Scratch on the stack for small models, on the thread's tape for large ones: a hot transposed product does not
 * allocate. */
enum { ON_STACK = 512 };

static int vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  const ude_entry *entry = context;
  double           small[ON_STACK];
  double           ignored = 0;
  size_t           rows    = (size_t)entry->rows;
  size_t    unused  = (u_bar ? 0 : (size_t)entry->columns) + (p_bar ? 0 : (size_t)entry->params);
  size_t    need    = 2 * rows + unused;
  double   *scratch = small;
  ude_tape *tape    = NULL;
  char     *mark    = NULL;
  if (need > ON_STACK) {
    tape    = ude_tape_begin();
    mark    = tape ? tape->top : NULL;
    scratch = tape ? ude_tape_take(tape, need * sizeof *scratch) : NULL;
  }
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
  if (tape) {
    ude_tape_end(tape, mark);
  }
  return ude_tape_failed() || failed ? -1 : 0;
}

/* Parts of one block of scratch. */
static double *part(double **at, size_t count) {
  double *start = *at;
  *at += count;
  return start;
}

static int second(const ude_entry *entry, ude_flat_hvp hvp, int64_t width, const double *u,
                  const double *u_dot, const double *p, const double *p_dot, double t,
                  const double *t_dot, const double *y_bar, double *u_bar_dot, double *p_bar_dot,
                  double *t_bar_dot) {
  double  small[ON_STACK];
  size_t  w = (size_t)width, rows = (size_t)entry->rows, columns = (size_t)entry->columns;
  size_t  params  = (size_t)entry->params;
  size_t  need    = (2 * rows + columns + params + 1) * (w + 1);
  double *scratch = need <= ON_STACK ? small : malloc(need * sizeof *scratch);
  if (!scratch) {
    return -1;
  }
  memset(scratch, 0, need * sizeof *scratch);
  double *at = scratch;
  double *y = part(&at, rows), *y_dot = part(&at, rows * w);
  double *bar = part(&at, rows), *bar_dot = part(&at, rows * w);
  double *u_bar = part(&at, columns), *p_bar = part(&at, params), *t_bar = part(&at, 1);
  double *u_unused = part(&at, columns * w), *p_unused = part(&at, params * w);
  double *t_unused = part(&at, w);
  for (size_t i = 0; i < rows; i++) {
    bar[i] = y_bar ? y_bar[i] : 1;
  }
  int failed = hvp(y, y_dot, bar, bar_dot, u, u_dot ? u_dot : entry->zeros, u_bar,
                   u_bar_dot ? u_bar_dot : u_unused, p, p_dot ? p_dot : entry->zeros, p_bar,
                   p_bar_dot ? p_bar_dot : p_unused, t, t_dot ? t_dot : entry->zeros, t_bar,
                   t_bar_dot ? t_bar_dot : t_unused);
  if (scratch != small) {
    free(scratch);
  }
  return ude_tape_failed() || failed ? -1 : 0;
}

static int hvp(const double *u, const double *u_dot, const double *p, const double *p_dot, double t,
               const double *t_dot, const double *y_bar, double *u_bar_dot, double *p_bar_dot,
               double *t_bar_dot, void *context) {
  const ude_entry *entry = context;
  return second(entry, entry->hvp, 1, u, u_dot, p, p_dot, t, t_dot, y_bar, u_bar_dot, p_bar_dot,
                t_bar_dot);
}

static int hvp_wide(const double *u, const double *u_dot, const double *p, const double *p_dot,
                    double t, const double *t_dot, const double *y_bar, double *u_bar_dot,
                    double *p_bar_dot, double *t_bar_dot, void *context) {
  const ude_entry *entry = context;
  return second(entry, entry->hvp_wide, entry->width, u, u_dot, p, p_dot, t, t_dot, y_bar,
                u_bar_dot, p_bar_dot, t_bar_dot);
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
  entry->width = width;
  *map         = (ude_map){.rows     = entry->rows,
                           .columns  = entry->columns,
                           .value    = value,
                           .jvp      = entry->jvp ? jvp : NULL,
                           .jvp_wide = entry->jvp_wide ? jvp_wide : NULL,
                           .width    = entry->jvp_wide || entry->hvp_wide ? width : 0,
                           .vjp      = entry->vjp ? vjp : NULL,
                           .context  = entry,
                           .hvp      = entry->hvp ? hvp : NULL,
                           .hvp_wide = entry->hvp_wide ? hvp_wide : NULL,
                           .jet      = entry->jet ? jet : NULL};
}
