/**
 * @file entries.h
 * @brief The functions that an ude_map calls, over the machine code's flat functions.
 *
 * Machine code takes no NULL and consumes its cotangent; an ude_map may pass NULL and keeps its own. The
 * entries stand between the two.
 */
#ifndef UDE_COMPILER_ENTRIES_H
#define UDE_COMPILER_ENTRIES_H

#include <stdatomic.h>

#include <ude/vector_field.h>

#include "compiler/jet.h"

typedef void (*ude_flat_value)(double *y, const double *u, const double *p, double t);
typedef void (*ude_flat_jvp)(double *y, double *y_dot, const double *u, const double *u_dot,
                             const double *p, const double *p_dot, double t, const double *t_dot);
typedef int (*ude_flat_vjp)(double *y, double *y_bar, const double *u, double *u_bar,
                            const double *p, double *p_bar, double t, double *t_bar);

typedef int (*ude_flat_hvp)(double *y, double *y_dot, double *y_bar, double *y_bar_dot,
                            const double *u, const double *u_dot, double *u_bar, double *u_bar_dot,
                            const double *p, const double *p_dot, double *p_bar, double *p_bar_dot,
                            double t, const double *t_dot, double *t_bar, double *t_bar_dot);
typedef void (*ude_flat_value_lanes)(double *y, const double *u, const double *p, const double *t);
typedef void (*ude_flat_jvp_lanes)(double *y, double *y_dot, const double *u, const double *u_dot,
                                   const double *p, const double *p_dot, const double *t,
                                   const double *t_dot);
typedef int (*ude_flat_vjp_lanes)(double *y, double *y_bar, const double *u, double *u_bar,
                                  const double *p, double *p_bar, const double *t, double *t_bar);

/** Context of the entries of one map. */
typedef struct ude_entry {
  ude_flat_value        value;
  _Atomic(ude_flat_jvp) jvp, jvp_wide; /**< NULL with `later`: not made yet */
  struct ude_later
      *later; /**< makes them at the first call (later.h); NULL: they are there, or not wanted */
  ude_flat_vjp vjp;
  ude_jet_pass jet;
  ude_flat_hvp hvp, hvp_wide;
  int64_t      width; /**< of the wide functions */
  int64_t      lanes; /**< 0: none are wanted; functions that are NULL are made of those for one */
  ude_flat_value_lanes value_lanes;
  ude_flat_jvp_lanes   jvp_lanes;
  ude_flat_vjp_lanes   vjp_lanes;
  int64_t              rows, columns, params;
  const double        *zeros; /**< as many as the largest tangent block, shared, read only */
} ude_entry;

/** Fill the map's functions from the entry (which must outlive the map). */
void ude_entry_fill(ude_entry *entry, int64_t width, ude_map *map);

/** Fill the map's functions for several lanes from the entry, whose `lanes` is set. */
void ude_entry_fill_lanes(ude_entry *entry, ude_map *map);
/** Taylor coefficients of the solution; context: the entry of rhs. */
int ude_entry_taylor(double *series, int64_t order, const double *u, const double *p, double t,
                     void *context);

#endif
