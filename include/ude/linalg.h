/**
 * @file linalg.h
 * @brief Linear algebra: least squares that reveal the rank, Cholesky, symmetric systems, and the
 * shifted systems of implicit methods by structure (dense, band, sparse, Krylov).
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

/* ---------------------------------------------------- shifted systems of implicit methods -- */

/** How W = alpha M - J is factorised or iterated on. */
typedef enum ude_linear_kind {
  UDE_LINEAR_AUTO = 0, /**< by size and pattern, see ude_linear_create */
  UDE_LINEAR_DENSE,    /**< LU with partial pivoting: unrolled for n <= 8, LAPACK beyond */
  UDE_LINEAR_BAND,     /**< LAPACK's band LU; needs a pattern */
  UDE_LINEAR_SPARSE,   /**< KLU, its ordering kept between factorisations; needs a pattern */
  UDE_LINEAR_KRYLOV    /**< restarted GMRES on products J v; ILU(0) if there is a pattern */
} ude_linear_kind;

/** What the incomplete factorisation of GMRES is; 0: ILU(0) where there is a pattern. */
typedef enum ude_preconditioner {
  UDE_PRECONDITION_AUTO = 0,
  UDE_PRECONDITION_NONE,
  UDE_PRECONDITION_ILU0,        /**< Saad, Iterative Methods for Sparse Linear Systems, 10.3 */
  UDE_PRECONDITION_BLOCK_JACOBI /**< LU of the diagonal blocks of `block` rows */
} ude_preconditioner;

/** y = J x, or y = J^T x if `transposed`; double[n] each, no aliasing. Nonzero: cannot. */
typedef int (*ude_linear_apply_fn)(double *y, const double *x, bool transposed, void *context);

/** Zero value: the defaults. Everything is copied, nothing borrowed. */
typedef struct ude_linear_options {
  ude_linear_kind kind;
  /** Compressed columns of J: rows of column c are row[start[c]] .. row[start[c + 1] - 1], ascending;
   *  start: int64_t[n + 1]. NULL: J is full. The diagonal need not be in it. */
  const int64_t *start, *row;
  bool complex_shift; /**< reserve for ude_linear_factor_complex; not with UDE_LINEAR_KRYLOV */
  /* GMRES */
  ude_preconditioner precondition;
  int64_t            block;          /**< rows of a block, 0: 8 */
  int64_t            restart;        /**< Krylov vectors kept, 0: 30 */
  int64_t            max_iterations; /**< in all, 0: 300 */
} ude_linear_options;

/** Systems with one structure: workspace and factors. One per thread; nothing is allocated after
 *  creation, except that KLU allocates the factors of its first factorisation (and of later ones
 *  that need other pivots). */
typedef struct ude_linear ude_linear;

/**
 * Prepare for systems of n unknowns. UDE_LINEAR_AUTO takes: without a pattern dense up to 2000 unknowns, then GMRES;
 * with a pattern dense up to 8 unknowns or where more than a third is filled (n <= 2000), band where the band is
 * narrower than an eighth of n and at most 64, KLU unless its ordering predicts more than 5e6 operations, else GMRES with ILU(0).
 *
 * @return UDE_INVALID_ARGUMENT (a pattern out of order, band or sparse without one), UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_linear_create(int64_t n, const ude_linear_options *options,
                                     ude_linear **linear, ude_error *error);
UDE_API void       ude_linear_free(ude_linear *linear);

UDE_API ude_linear_kind ude_linear_kind_used(const ude_linear *linear);
/** "dense LU, unrolled", "KLU", "GMRES with ILU(0)", ...; static. */
UDE_API const char *ude_linear_description(const ude_linear *linear);
/** Number of values that `jacobian` of the functions below holds: the entries of the pattern in its order, or
 *  n * n row by row. */
UDE_API int64_t ude_linear_entries(const ude_linear *linear);

/** GMRES: the products, and the reduction |W x - b|_2 <= tolerance |b|_2 that ends it (default 1e-10). */
UDE_API void ude_linear_set_operator(ude_linear *linear, ude_linear_apply_fn apply, void *context);
UDE_API void ude_linear_set_tolerance(ude_linear *linear, double tolerance);

/**
 * Factorise W = alpha diag(mass) - J. mass: double[n] or NULL (ones). jacobian: double[entries]; NULL is allowed for GMRES: the
 * preconditioner stays as it was (or is none).
 *
 * @return 0, or 1: singular to working precision or not finite
 */
UDE_API int ude_linear_factor(ude_linear *linear, double alpha, const double *mass,
                              const double *jacobian);
/** Likewise W = (alpha + i beta) diag(mass) - J, kept beside the real factors. */
UDE_API int ude_linear_factor_complex(ude_linear *linear, double alpha, double beta,
                                      const double *mass, const double *jacobian);

/** b: double[n][right] right-hand sides in, solutions out: W x = b or W^T x = b. Returns 0, or 1: GMRES did not
 *  reach its tolerance (b holds the best approximation). */
UDE_API int ude_linear_solve(ude_linear *linear, int64_t right, bool transposed, double *b);
/** One right-hand side of the complex system, real and imaginary parts: double[n] each. transposed: W^T x = b
 *  (transposed, not conjugated). */
UDE_API int ude_linear_solve_complex(ude_linear *linear, bool transposed, double *real,
                                     double *imaginary);

/** Iterations of GMRES since creation. */
UDE_API int64_t ude_linear_iterations(const ude_linear *linear);

#ifdef __cplusplus
}
#endif
#endif
