/**
 * @file lu_dense.h
 * @brief LU with partial pivoting of small dense matrices whose size is known only at run time.
 */
#ifndef UDE_LINALG_LU_DENSE_H
#define UDE_LINALG_LU_DENSE_H

#include <complex.h>
#include <stdbool.h>

/** a: double[n][n] row by row, overwritten; pivot: int[n]. 1: singular or not finite. */
int ude_lu_factor(int n, double *a, int *pivot);
/** A x = b or A^T x = b in place. */
void ude_lu_solve(int n, const double *a, const int *pivot, bool transposed, double *b);
/** The same for complex matrices; transposed without conjugation. */
int  ude_lu_factor_complex(int n, double complex *a, int *pivot);
void ude_lu_solve_complex(int n, const double complex *a, const int *pivot, bool transposed,
                          double complex *b);

#endif
