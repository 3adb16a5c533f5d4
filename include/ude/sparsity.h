/**
 * @file sparsity.h
 * @brief Sparsity patterns, colourings of their columns and rows, and derivatives from compressed products.
 *
 * A Jacobian whose columns are coloured so that columns of one colour share no row is found from as many
 * products as there are colours (Curtis, Powell, Reid 1974); Hessians need fewer by symmetry (Coleman, Moré
 * 1984; Coleman, Cai 1986). Survey and names: Gebremedhin, Manne, Pothen, "What color is your Jacobian?",
 * SIAM Review 47, 2005.
 *
 *     ude_colouring colouring = {0};
 *     if (!ude_colour(&pattern, UDE_COLOUR_COLUMNS, UDE_ORDER_BEST, &colouring, &error))
 *       ude_jacobian_sparse(&field->rhs, params, u, p, t, false, &pattern, &colouring, values, &error);
 *
 * The functions keep no state and may run in several threads at once.
 */
#ifndef UDE_SPARSITY_H
#define UDE_SPARSITY_H

#include <ude/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Places that may hold other than zero, row by row (CSR). Zero-initialise; release with ude_pattern_free.
 *  Values of such a matrix are double[start[rows]], in the same order. */
typedef struct ude_pattern {
  int64_t  rows, columns;
  int64_t *start; /**< [rows + 1] */
  int64_t *index; /**< [start[rows]] columns, ascending within a row */
} ude_pattern;

UDE_API void ude_pattern_free(ude_pattern *pattern);
/** The same of the transposed matrix. `place` may be NULL: [entries] for each entry of the transposed pattern its
 *  number in the original. */
UDE_API ude_status ude_pattern_transpose(const ude_pattern *pattern, ude_pattern *transposed,
                                         int64_t *place, ude_error *error);
/** Are start and index what they should be? UDE_INVALID_ARGUMENT names the first place that is not. */
UDE_API ude_status ude_pattern_check(const ude_pattern *pattern, ude_error *error);

/* -------------------------------------------------------------------------------- colourings -- */

typedef enum ude_colour_kind {
  UDE_COLOUR_COLUMNS = 0, /**< columns of one colour share no row (partial distance 2) */
  UDE_COLOUR_ROWS,        /**< rows of one colour share no column */
  UDE_COLOUR_BIDIRECTIONAL, /**< some rows and the columns that the others need: each entry is alone in
                                 its row's or its column's colour (Coleman, Verma 1998) */
  UDE_COLOUR_STAR, /**< symmetric: every path of four vertices has three colours; direct recovery */
  UDE_COLOUR_ACYCLIC /**< symmetric: every cycle has three colours; recovery by substitution */
} ude_colour_kind;

/** The order in which vertices get the first colour that fits. */
typedef enum ude_colour_order {
  UDE_ORDER_BEST = 0, /**< the best result of those below */
  UDE_ORDER_NATURAL,
  UDE_ORDER_LARGEST_FIRST, /**< by degree, descending (Welsh, Powell 1967) */
  UDE_ORDER_SMALLEST_LAST, /**< of least degree among the rest, from the end (Matula, Beck 1983) */
  UDE_ORDER_INCIDENCE      /**< with most neighbours among those before (Coleman, Moré 1983) */
} ude_colour_order;

/** Colours from 0. Zero-initialise; release with ude_colouring_free. */
typedef struct ude_colouring {
  ude_colour_kind kind;
  int64_t         rows, columns; /**< of the pattern */
  int64_t         column_colours, row_colours;
  int64_t *column; /**< [columns]; -1: not needed (bidirectional). NULL: only rows have colours */
  int64_t *row;    /**< [rows]; -1: not needed. NULL: only columns have colours */
} ude_colouring;

/** @return UDE_INVALID_ARGUMENT (a symmetric kind for a pattern that is not symmetric), UDE_OUT_OF_MEMORY */
UDE_API ude_status ude_colour(const ude_pattern *pattern, ude_colour_kind kind,
                              ude_colour_order order, ude_colouring *colouring, ude_error *error);
UDE_API void       ude_colouring_free(ude_colouring *colouring);
/** Does the colouring let every entry be recovered? By the definition of its kind, not by how it was made.
 *  UDE_INVALID_ARGUMENT names an entry that it does not. */
UDE_API ude_status ude_colouring_check(const ude_pattern *pattern, const ude_colouring *colouring,
                                       ude_error *error);

/* --------------------------------------------------------------------------------- recovery -- */

/**
 * Values of a matrix A from its products with the sums of columns (and rows) of each colour.
 *
 * @param by_column  double[rows][column_colours]: A S, S[j][c] = 1 if column j has colour c; NULL without
 *                   column colours
 * @param by_row     double[columns][row_colours]: A^T R, R[i][c] = 1 if row i has colour c; NULL without
 * @param[out] values  double[entries] of the pattern
 * @return UDE_INVALID_ARGUMENT if the colouring does not determine an entry, UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_recover(const ude_pattern *pattern, const ude_colouring *colouring,
                               const double *by_column, const double *by_row, double *values,
                               ude_error *error);

/** out = M seed, seed: double[n][width], out: double[m][width], row-major; M is A (or, for rows, its transpose).
 *  Returns 0 for success. */
typedef int (*ude_product_fn)(const double *seed, int64_t width, double *out, void *context);

/**
 * Values of a matrix from products: seeds by colour, at most `width` at a time, and recovery.
 *
 * @param product     A seed; NULL if the colouring has no column colours
 * @param transposed  A^T seed; NULL if it has no row colours
 * @param width  greatest number of seeds that the products take at once; calls may have fewer
 * @param[out] values  double[entries]
 * @return UDE_NUMERICAL if a product fails, else as ude_recover
 */
UDE_API ude_status ude_compressed(const ude_pattern *pattern, const ude_colouring *colouring,
                                  ude_product_fn product, ude_product_fn transposed, void *context,
                                  int64_t width, double *values, ude_error *error);

#ifdef __cplusplus
}
#endif
#endif
