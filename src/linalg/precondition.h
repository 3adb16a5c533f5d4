/**
 * @file precondition.h
 * @brief Incomplete factorisations of W for GMRES.
 */
#ifndef UDE_LINALG_PRECONDITION_H
#define UDE_LINALG_PRECONDITION_H

#include "linalg/linear.h"

typedef struct ude_incomplete {
  const ude_shifted *shifted; /**< NULL: nothing to factorise */
  ude_preconditioner kind;
  int64_t            n, block;
  bool               ready;  /**< factors are there */
  double            *values; /**< ILU: [start[n]]; blocks: the same, for W */
  double            *blocks; /**< [blocks][block][block] LU factors */
  int               *pivot;  /**< [n] */
  int64_t           *where;  /**< [n] ILU: place of a row in the column at hand, -1: none */
} ude_incomplete;

ude_status ude_incomplete_make(int64_t n, const ude_shifted *shifted,
                               const ude_linear_options *options, ude_incomplete *incomplete,
                               ude_error *error);
void       ude_incomplete_free(ude_incomplete *incomplete);
/** Factorise alpha diag(mass) - J; where a pivot vanishes the preconditioner is left out. 1: not finite. */
int ude_incomplete_factor(ude_incomplete *incomplete, double alpha, const double *mass,
                          const double *jacobian);
/** x = M^-1 x or M^-T x. */
void ude_incomplete_solve(const ude_incomplete *incomplete, bool transposed, double *x);

#endif
