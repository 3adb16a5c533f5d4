/**
 * @file linear.h
 * @brief What the solvers of shifted systems share: a table of functions for each structure.
 */
#ifndef UDE_LINALG_LINEAR_H
#define UDE_LINALG_LINEAR_H

#include <complex.h>

#include <ude/linalg.h>

#ifndef CMPLX /* C11, but left out by the C library for clang */
#define CMPLX(x, y) __builtin_complex((double)(x), (double)(y))
#endif

/** One structure. `work` is the solver's own; complex functions are NULL where there are none. */
typedef struct ude_linear_structure {
  const char *description;
  int (*factor)(void *work, double alpha, const double *mass, const double *jacobian);
  int (*factor_complex)(void *work, double complex shift, const double *mass,
                        const double *jacobian);
  int (*solve)(void *work, int64_t right, bool transposed, double *b);
  int (*solve_complex)(void *work, bool transposed, double *real, double *imaginary);
  void (*free)(void *work);
} ude_linear_structure;

/** The nonzero structure of W: the columns of J with the diagonal added. */
typedef struct ude_shifted {
  int64_t  n, entries;   /**< of J */
  int64_t *start, *row;  /**< of W: [n + 1], [start[n]], rows ascending */
  int64_t *place;        /**< [entries] where an entry of J goes in W */
  int64_t *diagonal;     /**< [n] where the diagonal is in W */
  int64_t  below, above; /**< bandwidths */
} ude_shifted;

ude_status ude_shifted_make(int64_t n, const int64_t *start, const int64_t *row,
                            ude_shifted *shifted, ude_error *error);
void       ude_shifted_free(ude_shifted *shifted);
/** values[start[n]] = alpha diag(mass) - J; 1 if an entry of it is not finite. */
int ude_shifted_fill(const ude_shifted *shifted, double alpha, const double *mass,
                     const double *jacobian, double *values);

/* Makers: *work is made, *structure set. `shifted` is NULL for a full J; borrowed while work lives. */
typedef ude_status ude_linear_maker(int64_t n, const ude_shifted *shifted,
                                    const ude_linear_options *options, void **work,
                                    const ude_linear_structure **structure, ude_error *error);
ude_linear_maker   ude_linear_make_tiny, ude_linear_make_dense, ude_linear_make_band,
    ude_linear_make_sparse, ude_linear_make_krylov;

/** Operations that KLU's ordering predicts for a factorisation; INFINITY if it fails. */
double ude_linear_sparse_cost(const ude_shifted *shifted);

void    ude_krylov_set_operator(void *work, ude_linear_apply_fn apply, void *context);
void    ude_krylov_set_tolerance(void *work, double tolerance);
int64_t ude_krylov_iterations(const void *work);

enum { UDE_TINY = 8 };

#endif
