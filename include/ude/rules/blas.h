/**
 * @file blas.h
 * @brief Derivatives of BLAS and LAPACK, as rules in C (UDE_JVP, UDE_VJP, UDE_EXTENTS, UDE_BODY of ude/model.h).
 *
 * ude adds this file to models that call such functions; models need not include it. Functions: cblas_ dot, axpy, nrm2,
 * asum, scal, copy, swap, gemv, ger, gemm, trmv, trsv, trmm, trsm; LAPACKE_ getrf, getrs, gesv, potrf,
 * potrs; and those of them that Fortran programs call (ddot_, dgemm_, dgesv_, ...); double and float, both orders, all
 * transposes, strides and leading dimensions, 32-bit integers. Arguments must not overlap but where BLAS allows it.
 *
 * Sources: Giles 2008 (An extended collection of matrix derivative results for forward and reverse mode algorithmic
 * differentiation), Walter and Lehmann 2010 (LU), Murray 2016 (arXiv:1602.07527, Cholesky).
 */
#ifndef UDE_RULES_BLAS_H
#define UDE_RULES_BLAS_H

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <ude/model.h>

enum {
  UDE_ROW        = 101,
  UDE_COLUMN     = 102,
  UDE_PLAIN      = 111,
  UDE_TRANSPOSED = 112,
  UDE_CONJUGATE  = 113
};
enum {
  UDE_UPPER   = 121,
  UDE_LOWER   = 122,
  UDE_NONUNIT = 131,
  UDE_UNIT    = 132,
  UDE_LEFT    = 141,
  UDE_RIGHT   = 142
};

static inline int ude_flip(int t) {
  return t == UDE_PLAIN ? UDE_TRANSPOSED : UDE_PLAIN;
}

/** Scalars from the first to the last of a strided vector. */
static inline size_t ude_span(int n, int stride) {
  return n > 0 ? (size_t)(n - 1) * (size_t)abs(stride) + 1 : 0;
}

/** Place of element 0 of a strided vector: with a negative stride the last in memory. */
static inline ptrdiff_t ude_first(int n, int stride) {
  return stride < 0 && n > 0 ? (ptrdiff_t)(1 - n) * stride : 0;
}

/** Scalars from the first to the last of a rows x columns matrix. */
static inline size_t ude_area(int order, int rows, int columns, int ld) {
  int lines = order == UDE_ROW ? rows : columns, length = order == UDE_ROW ? columns : rows;
  return lines > 0 && length > 0 ? (size_t)(lines - 1) * (size_t)ld + (size_t)length : 0;
}

/** Place of element (i, j). */
static inline size_t ude_place(int order, int ld, int i, int j) {
  return order == UDE_ROW ? (size_t)i * (size_t)ld + (size_t)j : (size_t)j * (size_t)ld + (size_t)i;
}

#define UDE_REAL double
#define UDE_B(name) cblas_d##name
#define UDE_L(name) LAPACKE_d##name
#define UDE_F(name) d##name##_
#define UDE_R(name) ude_d##name
/* Each uses what stands before it. */
/* clang-format off */
#include <ude/rules/blas_vector.h>
#include <ude/rules/blas_matrix.h>
#include <ude/rules/blas_triangle.h>
#include <ude/rules/lapack.h>
#include <ude/rules/cholesky.h>
#include <ude/rules/fortran.h>
#include <ude/rules/fortran_matrix.h>
#include <ude/rules/fortran_lapack.h>
#include <ude/rules/blas_body.h>
#include <ude/rules/lapack_body.h>
#include <ude/rules/fortran_body.h>
/* clang-format on */
#undef UDE_REAL
#undef UDE_B
#undef UDE_L
#undef UDE_F
#undef UDE_R

#define UDE_REAL float
#define UDE_B(name) cblas_s##name
#define UDE_L(name) LAPACKE_s##name
#define UDE_F(name) s##name##_
#define UDE_R(name) ude_s##name
/* Each uses what stands before it. */
/* clang-format off */
#include <ude/rules/blas_vector.h>
#include <ude/rules/blas_matrix.h>
#include <ude/rules/blas_triangle.h>
#include <ude/rules/lapack.h>
#include <ude/rules/cholesky.h>
#include <ude/rules/fortran.h>
#include <ude/rules/fortran_matrix.h>
#include <ude/rules/fortran_lapack.h>
#include <ude/rules/blas_body.h>
#include <ude/rules/lapack_body.h>
#include <ude/rules/fortran_body.h>
/* clang-format on */

#endif
