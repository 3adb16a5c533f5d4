/**
 * @file blas_cases.h
 * @brief Every function of BLAS and LAPACK that has rules, with every flag, twice: as a call and as loops.
 */
#ifndef UDE_TESTS_BLAS_CASES_H
#define UDE_TESTS_BLAS_CASES_H

#include <dlfcn.h>

#include "support/ir_lab.h"

/* The operations as loops over elements, and the prototypes. R is the type, B, L and F name the functions. */
static const char templates[] =
    "R B(dot)(int, const R *, int, const R *, int);\n"
    "R B(nrm2)(int, const R *, int);\nR B(asum)(int, const R *, int);\n"
    "void B(axpy)(int, R, const R *, int, R *, int);\nvoid B(scal)(int, R, R *, int);\n"
    "void B(copy)(int, const R *, int, R *, int);\nvoid B(swap)(int, R *, int, R *, int);\n"
    "void B(gemv)(int, int, int, int, R, const R *, int, const R *, int, R, R *, int);\n"
    "void B(ger)(int, int, int, R, const R *, int, const R *, int, R *, int);\n"
    "void B(gemm)(int, int, int, int, int, int, R, const R *, int, const R *, int, R, R *, int);\n"
    "void B(trmv)(int, int, int, int, int, const R *, int, R *, int);\n"
    "void B(trsv)(int, int, int, int, int, const R *, int, R *, int);\n"
    "void B(trmm)(int, int, int, int, int, int, int, R, const R *, int, R *, int);\n"
    "void B(trsm)(int, int, int, int, int, int, int, R, const R *, int, R *, int);\n"
    "int L(getrf)(int, int, int, R *, int, int *);\n"
    "int L(getrs)(int, char, int, int, const R *, int, const int *, R *, int);\n"
    "int L(gesv)(int, int, int, R *, int, int *, R *, int);\n"
    "int L(potrf)(int, char, int, R *, int);\n"
    "int L(potrs)(int, char, int, int, const R *, int, R *, int);\n"
    "R F(dot)(const int *, const R *, const int *, const R *, const int *);\n"
    "void F(gemm)(const char *, const char *, const int *, const int *, const int *, const R *, "
    "const R *,\n"
    "             const int *, const R *, const int *, const R *, R *, const int *);\n"
    "void F(gesv)(const int *, const int *, R *, const int *, int *, R *, const int *, int *);\n"
    "void F(potrf)(const char *, const int *, R *, const int *, int *);\n"
    "static inline R *at(int order, R *a, int ld, int i, int j) {\n"
    "  return order == 101 ? &a[i * ld + j] : &a[j * ld + i];\n}\n"
    "static inline R op(int order, int trans, const R *a, int ld, int i, int j) {\n"
    "  return trans == 111 ? *at(order, (R *)a, ld, i, j) : *at(order, (R *)a, ld, j, i);\n}\n"
    /* element of op(triangle) */
    "static inline R tri(int order, int uplo, int trans, int diag, const R *a, int ld, int i, int "
    "j) {\n"
    "  int r = trans == 111 ? i : j, c = trans == 111 ? j : i;\n"
    "  if (r == c && diag == 132) return 1;\n"
    "  if (uplo == 121 ? c < r : c > r) return 0;\n"
    "  return *at(order, (R *)a, ld, r, c);\n}\n"
    /* x = A^-1 x by elimination with pivots */
    "static void solve(int n, R *a, R *x) {\n"
    "  for (int k = 0; k < n; k++) {\n"
    "    int q = k;\n"
    "    for (int i = k + 1; i < n; i++) if (fabs((double)a[i * n + k]) > fabs((double)a[q * n + "
    "k])) q = i;\n"
    "    for (int j = 0; j < n; j++) { R s = a[k * n + j]; a[k * n + j] = a[q * n + j]; a[q * n + "
    "j] = s; }\n"
    "    R s = x[k]; x[k] = x[q]; x[q] = s;\n"
    "    for (int i = k + 1; i < n; i++) {\n"
    "      R f = a[i * n + k] / a[k * n + k];\n"
    "      for (int j = k; j < n; j++) a[i * n + j] -= f * a[k * n + j];\n"
    "      x[i] -= f * x[k];\n    }\n  }\n"
    "  for (int i = n - 1; i >= 0; i--) {\n"
    "    for (int j = i + 1; j < n; j++) x[i] -= a[i * n + j] * x[j];\n    x[i] /= a[i * n + i];\n "
    " }\n}\n";

/* Each body stands twice: with CALL the library is called, otherwise the loops run. D is the map's data: an array of
 * numbers made from u and p. Everything that changes goes into the outputs. */
typedef struct blas_case {
  const char *name, *flags, *body;
} blas_case;

#define ENDS "for (int i = 0; i < 40; i++) { y[i % 3] += d[i] * d[(i + 7) % 40] * (i + 1) * 0.01; }"

/* LU with partial pivoting of an m x n matrix, as loops. */
#define ELIMINATION(m, n, ld)                                                           \
  "for (int k = 0; !CALL && k < " #m " && k < " #n                                      \
  "; k++) { int q = k;\n"                                                               \
  "  for (int i = k + 1; i < " #m                                                       \
  "; i++)\n"                                                                            \
  "    if (fabs((double)*at(o, d, " #ld ", i, k)) > fabs((double)*at(o, d, " #ld        \
  ", q, k))) q = "                                                                      \
  "i;\n"                                                                                \
  "  for (int j = 0; j < " #n "; j++) { R z = *at(o, d, " #ld                           \
  ", k, j);\n"                                                                          \
  "    *at(o, d, " #ld ", k, j) = *at(o, d, " #ld ", q, j); *at(o, d, " #ld             \
  ", q, j) = z; }\n"                                                                    \
  "  for (int i = k + 1; i < " #m "; i++) { *at(o, d, " #ld ", i, k) /= *at(o, d, " #ld \
  ", k, k);\n"                                                                          \
  "    for (int j = k + 1; j < " #n "; j++) *at(o, d, " #ld ", i, j) -= *at(o, d, " #ld \
  ", i, k) * *at(o, d, " #ld ", k, j); } }\n"

static const blas_case cases[] = {
    {"dot", "2",
     "s = CALL ? B(dot)(3, d, F0 ? 2 : -2, d + 20, 1) : 0;\n"
     "for (int i = 0; !CALL && i < 3; i++) s += d[F0 ? 2 * i : 4 - 2 * i] * d[20 + i];\n"},
    {"dotself", "1",
     "s = CALL ? B(dot)(4, d, 1, d, 1) : 0;\n"
     "for (int i = 0; !CALL && i < 4; i++) s += d[i] * d[i];\n"},
    {"nrm2", "1",
     "s = CALL ? B(nrm2)(4, d, 3) : 0;\n"
     "for (int i = 0; !CALL && i < 4; i++) s += d[3 * i] * d[3 * i];\nif (!CALL) s = SQRT(s);\n"},
    {"asum", "1",
     "s = CALL ? B(asum)(4, d, 2) : 0;\n"
     "for (int i = 0; !CALL && i < 4; i++) s += d[2 * i] < 0 ? -d[2 * i] : d[2 * i];\n"},
    {"axpy", "2",
     "if (CALL) B(axpy)(4, d[39], d, 2, d + 20, F0 ? 1 : -1);\n"
     "for (int i = 0; !CALL && i < 4; i++) d[20 + (F0 ? i : 3 - i)] += d[39] * d[2 * i];\n"},
    {"scal", "1",
     "if (CALL) B(scal)(4, d[39], d + 3, 3);\n"
     "for (int i = 0; !CALL && i < 4; i++) d[3 + 3 * i] *= d[39];\n"},
    {"copyswap", "1",
     "if (CALL) { B(copy)(3, d, 2, d + 20, 1); B(swap)(3, d + 8, 1, d + 30, 2); }\n"
     "for (int i = 0; !CALL && i < 3; i++) { d[20 + i] = d[2 * i]; R z = d[8 + i];\n"
     "  d[8 + i] = d[30 + 2 * i]; d[30 + 2 * i] = z; }\n"},
    {"gemv", "8",
     "int o = F0 ? 101 : 102, tr = F1 ? 111 : 112, m = 2, n = 3, ld = o == 101 ? 4 : 3;\n"
     "R b = F2 ? d[38] : 0;\n"
     "if (CALL) B(gemv)(o, tr, m, n, d[39], d, ld, d + 16, 2, b, d + 26, 3);\n"
     "for (int i = 0; !CALL && i < (tr == 111 ? m : n); i++) { R z = b * d[26 + 3 * i];\n"
     "  for (int j = 0; j < (tr == 111 ? n : m); j++) z += d[39] * op(o, tr, d, ld, i, j) * d[16 + "
     "2 * j];\n"
     "  d[26 + 3 * i] = z; }\n"},
    {"ger", "2",
     "int o = F0 ? 101 : 102, ld = 4;\n"
     "if (CALL) B(ger)(o, 2, 3, d[39], d + 20, 2, d + 30, 1, d, ld);\n"
     "for (int i = 0; !CALL && i < 2; i++) for (int j = 0; j < 3; j++)\n"
     "  *at(o, d, ld, i, j) += d[39] * d[20 + 2 * i] * d[30 + j];\n"},
    {"gemm", "16",
     "int o = F0 ? 101 : 102, ta = F1 ? 111 : 112, tb = F2 ? 111 : 112, ld = 4;\n"
     "R b = F3 ? d[38] : 0;\n"
     "if (CALL) B(gemm)(o, ta, tb, 2, 3, 2, d[39], d, ld, d + 12, ld, b, d + 24, ld);\n"
     "for (int i = 0; !CALL && i < 2; i++) for (int j = 0; j < 3; j++) {\n"
     "  R z = b * *at(o, d + 24, ld, i, j);\n"
     "  for (int k = 0; k < 2; k++) z += d[39] * op(o, ta, d, ld, i, k) * op(o, tb, d + 12, ld, k, "
     "j);\n"
     "  *at(o, d + 24, ld, i, j) = z; }\n"},
    {"square", "2",
     "int o = F0 ? 101 : 102;\n"
     "if (CALL) B(gemm)(o, 112, 111, 2, 2, 3, 1, d, 4, d, 4, 0, d + 24, 2);\n"
     "for (int i = 0; !CALL && i < 2; i++) for (int j = 0; j < 2; j++) { R z = 0;\n"
     "  for (int k = 0; k < 3; k++) z += op(o, 112, d, 4, i, k) * op(o, 111, d, 4, k, j);\n"
     "  *at(o, d + 24, 2, i, j) = z; }\n"},
    {"trmv", "16",
     "int o = F0 ? 101 : 102, up = F1 ? 121 : 122, tr = F2 ? 111 : 112, di = F3 ? 131 : 132; R "
     "z[3];\n"
     "if (CALL) B(trmv)(o, up, tr, di, 3, d, 4, d + 20, 2);\n"
     "for (int i = 0; !CALL && i < 3; i++) { z[i] = 0;\n"
     "  for (int j = 0; j < 3; j++) z[i] += tri(o, up, tr, di, d, 4, i, j) * d[20 + 2 * j]; }\n"
     "for (int i = 0; !CALL && i < 3; i++) d[20 + 2 * i] = z[i];\n"},
    {"trsv", "16",
     "int o = F0 ? 101 : 102, up = F1 ? 121 : 122, tr = F2 ? 111 : 112, di = F3 ? 131 : 132;\n"
     "R z[3], a[9];\n"
     "if (CALL) B(trsv)(o, up, tr, di, 3, d, 4, d + 20, 2);\n"
     "for (int i = 0; !CALL && i < 9; i++) a[i] = tri(o, up, tr, di, d, 4, i / 3, i % 3);\n"
     "for (int i = 0; !CALL && i < 3; i++) z[i] = d[20 + 2 * i];\n"
     "if (!CALL) solve(3, a, z);\n"
     "for (int i = 0; !CALL && i < 3; i++) d[20 + 2 * i] = z[i];\n"},
    {"trmm", "32",
     "int o = F0 ? 101 : 102, sd = F4 ? 141 : 142, up = F1 ? 121 : 122, tr = F2 ? 111 : 112, di = "
     "F3 ? 131 : 132;\n"
     "int k = sd == 141 ? 2 : 3; R z[6];\n"
     "if (CALL) B(trmm)(o, sd, up, tr, di, 2, 3, d[39], d, 4, d + 20, 4);\n"
     "for (int i = 0; !CALL && i < 2; i++) for (int j = 0; j < 3; j++) { z[3 * i + j] = 0;\n"
     "  for (int q = 0; q < k; q++) z[3 * i + j] += d[39] * (sd == 141\n"
     "    ? tri(o, up, tr, di, d, 4, i, q) * *at(o, d + 20, 4, q, j)\n"
     "    : *at(o, d + 20, 4, i, q) * tri(o, up, tr, di, d, 4, q, j)); }\n"
     "for (int i = 0; !CALL && i < 6; i++) *at(o, d + 20, 4, i / 3, i % 3) = z[i];\n"},
    {"trsm", "32",
     "int o = F0 ? 101 : 102, sd = F4 ? 141 : 142, up = F1 ? 121 : 122, tr = F2 ? 111 : 112, di = "
     "F3 ? 131 : 132;\n"
     "int k = sd == 141 ? 2 : 3;\n"
     "if (CALL) B(trsm)(o, sd, up, tr, di, 2, 3, d[39], d, 4, d + 20, 4);\n"
     "for (int c = 0; !CALL && c < (sd == 141 ? 3 : 2); c++) { R a[9], z[3];\n"
     "  for (int i = 0; i < k * k; i++) a[i] = sd == 141 ? tri(o, up, tr, di, d, 4, i / k, i % k)\n"
     "                                                 : tri(o, up, tr, di, d, 4, i % k, i / k);\n"
     "  for (int i = 0; i < k; i++) z[i] = d[39] * (sd == 141 ? *at(o, d + 20, 4, i, c) : *at(o, d "
     "+ 20, 4, c, i));\n"
     "  solve(k, a, z);\n"
     "  for (int i = 0; i < k; i++) *(sd == 141 ? at(o, d + 20, 4, i, c) : at(o, d + 20, 4, c, i)) "
     "= z[i]; }\n"},
    /* Factors themselves: L and U by elimination, rows in the order that partial pivoting chooses. */
    {"getrf", "2",
     "int o = F0 ? 101 : 102, piv[3], info = 0;\n"
     "if (CALL) info = L(getrf)(o, 3, 3, d, 4, piv);\n"
     "for (int k = 0; !CALL && k < 3; k++) { int q = k;\n"
     "  for (int i = k + 1; i < 3; i++) if (fabs((double)*at(o, d, 4, i, k)) > fabs((double)*at(o, "
     "d, 4, q, k))) q = i;\n"
     "  for (int j = 0; j < 3; j++) { R z = *at(o, d, 4, k, j); *at(o, d, 4, k, j) = *at(o, d, 4, "
     "q, j); *at(o, d, 4, q, j) = z; }\n"
     "  for (int i = k + 1; i < 3; i++) { *at(o, d, 4, i, k) /= *at(o, d, 4, k, k);\n"
     "    for (int j = k + 1; j < 3; j++) *at(o, d, 4, i, j) -= *at(o, d, 4, i, k) * *at(o, d, 4, "
     "k, j); } }\n"
     "s = info;\n"},
    /* More rows or more columns than the other: what is beyond the square part has rules of its own. */
    {"getrf_tall", "2",
     "int o = F0 ? 101 : 102, piv[2], info = 0;\n"
     "if (CALL) info = L(getrf)(o, 4, 2, d, 5, piv);\n" ELIMINATION(4, 2, 5) "s = info;\n"},
    {"getrf_wide", "2",
     "int o = F0 ? 101 : 102, piv[2], info = 0;\n"
     "if (CALL) info = L(getrf)(o, 2, 5, d, 5, piv);\n" ELIMINATION(2, 5, 5) "s = info;\n"},
    {"getrs", "4",
     "int o = F0 ? 101 : 102, piv[3]; char tr = F1 ? 'N' : 'T';\n"
     "if (CALL) { L(getrf)(o, 3, 3, d, 4, piv); L(getrs)(o, tr, 3, 2, d, 4, piv, d + 20, 4); }\n"
     "for (int c = 0; !CALL && c < 2; c++) { R a[9], z[3];\n"
     "  for (int i = 0; i < 9; i++) a[i] = op(o, F1 ? 111 : 112, d, 4, i / 3, i % 3);\n"
     "  for (int i = 0; i < 3; i++) z[i] = *at(o, d + 20, 4, i, c);\n"
     "  solve(3, a, z);\n  for (int i = 0; i < 3; i++) *at(o, d + 20, 4, i, c) = z[i]; }\n"
     "for (int i = 0; i < 12; i++) d[i] = 0;\n"},
    {"gesv", "2",
     "int o = F0 ? 101 : 102, piv[3];\n"
     "if (CALL) L(gesv)(o, 3, 2, d, 4, piv, d + 20, 4);\n"
     "for (int c = 0; !CALL && c < 2; c++) { R a[9], z[3];\n"
     "  for (int i = 0; i < 9; i++) a[i] = op(o, 111, d, 4, i / 3, i % 3);\n"
     "  for (int i = 0; i < 3; i++) z[i] = *at(o, d + 20, 4, i, c);\n"
     "  solve(3, a, z);\n  for (int i = 0; i < 3; i++) *at(o, d + 20, 4, i, c) = z[i]; }\n"
     "for (int i = 0; i < 12; i++) d[i] = 0;\n"},
    {"potrf", "4",
     "int o = F0 ? 101 : 102, lo = F1 ? 111 : 112;\n"
     "for (int i = 0; i < 3; i++) *at(o, d, 4, i, i) += 4;\n"
     "if (CALL) L(potrf)(o, F1 ? 'L' : 'U', 3, d, 4);\n"
     "#define A(i, j) *(lo == 111 ? at(o, d, 4, i, j) : at(o, d, 4, j, i))\n"
     "for (int j = 0; !CALL && j < 3; j++) {\n"
     "  for (int k = 0; k < j; k++) A(j, j) -= A(j, k) * A(j, k);\n  A(j, j) = SQRT(A(j, j));\n"
     "  for (int i = j + 1; i < 3; i++) { for (int k = 0; k < j; k++) A(i, j) -= A(i, k) * A(j, "
     "k);\n"
     "    A(i, j) /= A(j, j); } }\n#undef A\n"},
    {"potrs", "4",
     "int o = F0 ? 101 : 102, lo = F1 ? 111 : 112;\n"
     "for (int i = 0; i < 3; i++) *at(o, d, 4, i, i) += 2;\n"
     "if (CALL) L(potrs)(o, F1 ? 'L' : 'U', 3, 2, d, 4, d + 20, 4);\n"
     "for (int c = 0; !CALL && c < 2; c++) { R a[9], z[3];\n"
     "  for (int i = 0; i < 3; i++) for (int j = 0; j < 3; j++) { a[3 * i + j] = 0;\n"
     "    for (int k = 0; k <= (i < j ? i : j); k++) a[3 * i + j] += op(o, lo, d, 4, i, k) * op(o, "
     "lo, d, 4, j, k); }\n"
     "  for (int i = 0; i < 3; i++) z[i] = *at(o, d + 20, 4, i, c);\n"
     "  solve(3, a, z);\n  for (int i = 0; i < 3; i++) *at(o, d + 20, 4, i, c) = z[i]; }\n"},
    {"fortran", "1",
     "int n = 3, r = 2, ld = 3, piv[3], info = 7, one = 1, two = 2; R a = d[39], b = d[38];\n"
     "if (CALL) { s = F(dot)(&n, d, &two, d + 9, &one);\n"
     "  F(gemm)(\"N\", \"T\", &n, &n, &r, &a, d, &ld, d + 9, &ld, &b, d + 20, &ld);\n"
     "  F(gesv)(&n, &r, d + 20, &ld, piv, d + 30, &ld, &info); s += info; n = 1; }\n"
     "for (int i = 0; !CALL && i < 3; i++) s += d[2 * i] * d[9 + i];\n"
     "for (int i = 0; !CALL && i < 9; i++) { R z = b * d[20 + i];\n"
     "  for (int k = 0; k < 2; k++) z += a * d[3 * k + i % 3] * d[9 + 3 * k + i / 3];\n  d[20 + i] "
     "= z; }\n"
     "for (int c = 0; !CALL && c < 2; c++) { R q[9];\n"
     "  for (int i = 0; i < 9; i++) q[i] = d[20 + 3 * (i % 3) + i / 3];\n  solve(3, q, d + 30 + 3 "
     "* c); }\n"
     "for (int i = 20; i < 29; i++) d[i] = 0;\n"},
};

enum { CASES = sizeof cases / sizeof *cases };

/* Of many combinations of flags every third, which meets each pair of them. */
UDE_TEST_UNUSED static int step(int many) {
  return many > 8 && !getenv("UDE_ALL_FLAGS") ? 3 : 1;
}

UDE_TEST_UNUSED static void write_case(ude_text *text, const blas_case *c, int call, int flags,
                                       const char *type) {
  ude_text_append(text, "#define CALL %d\n", call);
  for (int k = 0; k < 5; k++) {
    ude_text_append(text, "#undef F%d\n#define F%d %d\n", k, k, flags >> k & 1);
  }
  ude_text_append(
      text,
      "void map_%s%s_%s_%d(double *restrict y, const double *restrict u, const double *restrict "
      "p, double t) {\n"
      "  R d[40], s = 0;\n"
      "  for (int i = 0; i < 40; i++) d[i] = (R)(sin(1.3 * i + u[i %% 3]) + 0.3 * p[i %% 2] * (i "
      "%% 5)"
      " + (i %% 5 == 0 && i < 20 ? 2 : 0));\n"
      "  y[0] = y[1] = y[2] = 0;\n  %s  %s\n  y[0] += s;\n}\n#undef CALL\n",
      call ? "call_" : "loop_", type, c->name, flags, c->body, ENDS);
}

UDE_TEST_UNUSED static void write_templates(ude_text *text, bool single) {
  ude_text_append(
      text,
      "#undef R\n#undef B\n#undef L\n#undef F\n#undef SQRT\n#define R %s\n#define B(f) "
      "cblas_%c##f\n"
      "#define L(f) LAPACKE_%c##f\n#define F(f) %c##f##_\n#define SQRT %s\n"
      "#define at at_%d\n#define op op_%d\n#define tri tri_%d\n#define solve solve_%d\n%s",
      single ? "float" : "double", single ? 's' : 'd', single ? 's' : 'd', single ? 's' : 'd',
      single ? "sqrtf" : "sqrt", single, single, single, single, templates);
}

UDE_TEST_UNUSED static void open_libraries(void) {
  static const char *const libraries[] = {"libopenblas.so.0", "libopenblas.so", "liblapacke.so.3",
                                          "liblapacke.so"};
  int                      opened      = 0;
  for (size_t k = 0; k < sizeof libraries / sizeof *libraries; k++) {
    opened += dlopen(libraries[k], RTLD_NOW | RTLD_GLOBAL) != NULL;
  }
  ck_assert_int_ge(opened, 2);
}

#endif
