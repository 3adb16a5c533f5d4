/**
 * @file linalg.h
 * @brief Dense linear algebra: least squares that reveal the rank, Cholesky, symmetric systems.
 *
 * Matrices are row-major `double[rows][columns]`. A thin layer over LAPACK (OpenBLAS): errors
 * become values, entries that are not finite are refused before LAPACK sees them, work arrays are
 * allocated within each call. Safe to call from several threads.
 */
#ifndef UDE_LINALG_H
#define UDE_LINALG_H

#include <ude/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a least-squares solve found out; NaN-free. */
typedef struct ude_least_squares_info {
  int64_t rank;      /**< columns kept by the pivoted QR */
  double  residual;  /**< |a x - b|_2 */
  double  condition; /**< |r_11| / |r_rank,rank|, a lower estimate of the condition of the kept
                        columns */
} ude_least_squares_info;

/**
 * Minimise |a x - b|_2 by QR with column pivoting (Golub and Van Loan, Matrix Computations, 5.5.6).
 * Columns beyond the numerical rank (|r_kk| <= rcond |r_11|) get the coefficient 0: the basic
 * solution, which keeps as few columns as the data can tell apart. rows < columns is allowed.
 *
 * @param      a           double[rows][columns], read only
 * @param      b           double[rows], read only
 * @param      rcond       relative bound on the diagonal of R; 0: 1e-12
 * @param[out] x           double[columns]
 * @param[out] covariance  double[columns][columns] (a^T a)^-1, to be multiplied by the variance of
 * b; rows and columns of dropped columns are 0. NULL: not wanted
 * @param[out] info        may be NULL
 * @return UDE_INVALID_ARGUMENT, UDE_NUMERICAL (an entry is not finite), UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_least_squares(int64_t rows, int64_t columns, const double *a,
                                     const double *b, double rcond, double *x, double *covariance,
                                     ude_least_squares_info *info, ude_error *error);

/**
 * The triangular factor R of a = QR without pivoting: for every set of columns of `a`, least
 * squares on those columns of R have the same solution and the same residual up to the part outside
 * the range of `a`. Turns many regressions over the same tall matrix into small ones.
 *
 * @param      a  double[rows][columns], read only
 * @param[out] r  double[min(rows, columns)][columns], upper triangular
 */
UDE_API ude_status ude_qr_factor(int64_t rows, int64_t columns, const double *a, double *r,
                                 ude_error *error);

/**
 * Solve a x = b with a symmetric positive definite, by Cholesky. The same bits whatever the number of threads.
 *
 * @param         a  double[n][n], read only; only the lower triangle is read
 * @param[in,out] b  double[n][right]: right-hand sides in, solutions out; untouched on failure
 * @return UDE_NUMERICAL if `a` is not positive definite (the message names the leading minor) or an
 *         entry is not finite
 */
UDE_API ude_status ude_cholesky_solve(int64_t n, int64_t right, const double *a, double *b,
                                      ude_error *error);

/** Likewise for a symmetric indefinite matrix, by LDL^T with Bunch-Kaufman pivoting; UDE_NUMERICAL
 * if it is singular. */
UDE_API ude_status ude_symmetric_solve(int64_t n, int64_t right, const double *a, double *b,
                                       ude_error *error);

#ifdef __cplusplus
}
#endif
#endif
