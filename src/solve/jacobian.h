/**
 * @file jacobian.h
 * @brief Jacobians of the right-hand side for implicit methods: dense, or compressed by a colouring.
 */
#ifndef UDE_SOLVE_JACOBIAN_H
#define UDE_SOLVE_JACOBIAN_H

#include <ude/vector_field.h>

/** Columns of one colour share no row, so that one product serves them all (Curtis, Powell, Reid 1974). */
typedef struct ude_jacobian_plan {
  const ude_map *map;
  int64_t        n, width, colours;
  int64_t       *start, *row; /**< compressed columns, or NULL: full, row by row */
  int64_t       *colour;      /**< [n] colour of a column; NULL: its index */
  double        *seed;    /**< [n][width], zero between calls unless one block holds all colours */
  double        *y_dot;   /**< [n][width] */
  double        *y;       /**< [n] */
  double        *t_dot;   /**< [width] */
  double        *row_bar; /**< [n] without products: rows by the transposed product */
} ude_jacobian_plan;

/** With the map's pattern where it has one. UDE_UNSUPPORTED if the map has neither jvp nor vjp. */
ude_status ude_jacobian_plan_make(const ude_map *map, ude_jacobian_plan *plan, ude_error *error);
void       ude_jacobian_plan_free(ude_jacobian_plan *plan);
/** f (double[n] or NULL), J (entries of the pattern, or double[n][n] by rows), df/dt (double[n] or NULL) at (u, p, t). Adds to *calls what it
 *  evaluated, in right-hand sides. Returns the callback's code. */
int ude_jacobian_evaluate(ude_jacobian_plan *plan, const double *u, const double *p, double t,
                          double *f, double *jacobian, double *f_t, int64_t *calls);

#endif
