/**
 * @file sparsity.h
 * @brief Sparsity patterns, colourings of their columns and rows, and derivatives from compressed products.
 *
 * A Jacobian whose columns are coloured so that columns of one colour share no row is found from as many
 * products as there are colours (Curtis, Powell, Reid 1974); Hessians need fewer by symmetry (Coleman, Moré
 * 1984; Coleman, Cai 1986; survey: Gebremedhin, Manne, Pothen, SIAM Review 47, 2005).
 */
#ifndef UDE_SPARSITY_H
#define UDE_SPARSITY_H

#include <ude/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Places that may hold other than zero, row by row (CSR). Zero-initialise; release with ude_pattern_free. */
typedef struct ude_pattern {
  int64_t  rows, columns;
  int64_t *start; /**< [rows + 1] */
  int64_t *index; /**< [start[rows]] columns, ascending within a row */
} ude_pattern;

UDE_API void ude_pattern_free(ude_pattern *pattern);

#ifdef __cplusplus
}
#endif
#endif
