/**
 * @file entries.h
 * @brief The functions that an ude_map calls, over the machine code's flat functions.
 *
 * Machine code takes no NULL and consumes its cotangent; an ude_map may pass NULL and keeps its own. The
 * entries stand between the two.
 */
#ifndef UDE_COMPILER_ENTRIES_H
#define UDE_COMPILER_ENTRIES_H

#include <ude/vector_field.h>

#include "compiler/jet.h"

typedef void (*ude_flat_value)(double *y, const double *u, const double *p, double t);
typedef void (*ude_flat_jvp)(double *y, double *y_dot, const double *u, const double *u_dot,
                             const double *p, const double *p_dot, double t, const double *t_dot);
typedef int (*ude_flat_vjp)(double *y, double *y_bar, const double *u, double *u_bar,
                            const double *p, double *p_bar, double t, double *t_bar);

/** Context of the entries of one map. */
typedef struct ude_entry {
  ude_flat_value value;
  ude_flat_jvp   jvp, jvp_wide;
  ude_flat_vjp   vjp;
  ude_jet_pass   jet;
  int64_t        rows, columns, params;
  const double  *zeros; /**< as many as the largest tangent block, shared, read only */
} ude_entry;

/** Fill the map's functions from the entry (which must outlive the map). */
void ude_entry_fill(ude_entry *entry, int64_t width, ude_map *map);

/** Taylor coefficients of the solution; context: the entry of rhs. */
int ude_entry_taylor(double *series, int64_t order, const double *u, const double *p, double t,
                     void *context);

#endif
