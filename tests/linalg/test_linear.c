/* Shifted systems W = alpha M - J of every structure, against products with W itself. */
#include <complex.h>

#include <ude/linalg.h>

#include "support/ude_check.h"

#ifndef CMPLX
#define CMPLX(x, y) __builtin_complex((double)(x), (double)(y))
#endif

enum { MOST = 400 };

/* A pattern and values that need pivoting: `band` diagonals and, if sparse, a few far entries. */
typedef struct matrix {
  int64_t n, start[MOST + 1], row[MOST * MOST];
  double  values[MOST * MOST];
} matrix;

static double next(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 11) / 9007199254740992.0 - 0.5;
}

/* Entry (r, c) belongs to the pattern? kind 0: full; 1: band 2 below, 1 above, without some of the diagonal; 2: 2-D mesh and far entries. */
static bool present(int kind, int64_t n, int64_t r, int64_t c) {
  if (kind == 0) {
    return true;
  }
  if (kind == 1) {
    return r - c <= 2 && c - r <= 1 && !(r == c && r % 3 == 0);
  }
  int64_t side = (int64_t)sqrt((double)n);
  return r == c || llabs(r - c) == 1 || llabs(r - c) == side || (r * 7 + 3 == c) ||
         (c == 0 && r % 11 == 0);
}

static void fill(matrix *m, int kind, int64_t n) {
  uint64_t state = (uint64_t)(n * 3 + kind + 1);
  m->n           = n;
  m->start[0]    = 0;
  for (int64_t c = 0, e = 0; c < n; c++) {
    for (int64_t r = 0; r < n; r++) {
      if (present(kind, n, r, c)) {
        m->row[e]      = r;
        m->values[e++] = (r == c ? -2 : 1) * next(&state) * (c % 5 == 1 ? 100 : 1);
      }
    }
    m->start[c + 1] = e;
  }
}

/* y = J x or J^T x. */
static int apply(double *y, const double *x, bool transposed, void *context) {
  const matrix *m = context;
  memset(y, 0, (size_t)m->n * sizeof *y);
  for (int64_t c = 0; c < m->n; c++) {
    for (int64_t e = m->start[c]; e < m->start[c + 1]; e++) {
      if (transposed) {
        y[c] += m->values[e] * x[m->row[e]];
      } else {
        y[m->row[e]] += m->values[e] * x[c];
      }
    }
  }
  return 0;
}

static double mass_of(const double *mass, int64_t i) {
  return mass ? mass[i] : 1;
}

/* Largest |W x - b| relative to |W| |x| + |b|. */
static double residual(const matrix *m, double complex shift, const double *mass, bool transposed,
                       const double complex *x, const double complex *b) {
  double worst    = 0;
  double size     = 0;
  double re[MOST] = {0}, im[MOST] = {0}, jr[MOST], ji[MOST];
  for (int64_t i = 0; i < m->n; i++) {
    re[i] = creal(x[i]);
    im[i] = cimag(x[i]);
    size  = fmax(size, cabs(x[i]) * (cabs(shift) + 300));
    size  = fmax(size, cabs(b[i]));
  }
  apply(jr, re, transposed, (void *)m);
  apply(ji, im, transposed, (void *)m);
  for (int64_t i = 0; i < m->n; i++) {
    double complex rest = shift * mass_of(mass, i) * x[i] - CMPLX(jr[i], ji[i]) - b[i];
    worst               = fmax(worst, cabs(rest));
  }
  return worst / size;
}

enum { RIGHT = 19 };

static void check_solves(const matrix *m, ude_linear *linear, double alpha, const double *mass,
                         double bound) {
  uint64_t       state = 5;
  double         b[MOST * RIGHT], x[MOST * RIGHT];
  double complex xs[MOST], bs[MOST];
  const int64_t  rights[] = {1, 3, RIGHT};
  for (int which = 0; which < 6; which++) {
    int64_t right      = rights[which / 2];
    bool    transposed = which % 2;
    for (int64_t e = 0; e < m->n * right; e++) {
      b[e] = x[e] = next(&state);
    }
    ck_assert_int_eq(ude_linear_solve(linear, right, transposed, x), 0);
    for (int64_t lane = 0; lane < right; lane++) {
      for (int64_t i = 0; i < m->n; i++) {
        xs[i] = x[i * right + lane];
        bs[i] = b[i * right + lane];
      }
      double got = residual(m, alpha, mass, transposed, xs, bs);
      ck_assert_msg(got < bound, "%s: residual %g, n = %lld, right %lld, transposed %d",
                    ude_linear_description(linear), got, (long long)m->n, (long long)right,
                    transposed);
    }
  }
}

static void check_complex(const matrix *m, ude_linear *linear, const double *mass) {
  uint64_t       state = 7;
  double         re[MOST], im[MOST];
  double complex xs[MOST], bs[MOST];
  ck_assert_int_eq(ude_linear_factor_complex(linear, 3.1, 4.7, mass, m->values), 0);
  for (int transposed = 0; transposed < 2; transposed++) {
    for (int64_t i = 0; i < m->n; i++) {
      re[i] = next(&state);
      im[i] = next(&state);
      bs[i] = CMPLX(re[i], im[i]);
    }
    ck_assert_int_eq(ude_linear_solve_complex(linear, transposed, re, im), 0);
    for (int64_t i = 0; i < m->n; i++) {
      xs[i] = CMPLX(re[i], im[i]);
    }
    ck_assert_double_lt(residual(m, CMPLX(3.1, 4.7), mass, transposed, xs, bs), 1e-13);
  }
}

/* Two factorisations of one solver (KLU takes its pivots along), with and without a singular mass. */
static void check_structure(const matrix *m, const ude_linear_options *options,
                            ude_linear_kind expected) {
  ude_linear *linear = NULL;
  ude_error   error;
  double      mass[MOST];
  for (int64_t i = 0; i < m->n; i++) {
    mass[i] = i % 4 == 3 ? 0 : 1 + (double)(i % 3);
  }
  bool krylov = options->kind == UDE_LINEAR_KRYLOV;
  ck_ok(ude_linear_create(m->n, options, &linear, &error), &error);
  ck_assert_int_eq(ude_linear_kind_used(linear), expected);
  ude_linear_set_operator(linear, apply, (void *)m);
  ude_linear_set_tolerance(linear, 1e-12);
  /* GMRES: shifts that the preconditioner copes with; the direct ones take any. */
  ck_assert_int_eq(ude_linear_factor(linear, krylov ? 400 : 0.3, NULL, m->values), 0);
  check_solves(m, linear, krylov ? 400 : 0.3, NULL, krylov ? 1e-10 : 1e-13);
  if (!krylov) {
    ck_assert_int_eq(ude_linear_factor(linear, 7, mass, m->values), 0);
    check_solves(m, linear, 7, mass, 1e-12);
    ck_assert_int_eq(ude_linear_factor(linear, -1e-3, mass, m->values), 0);
    check_solves(m, linear, -1e-3, mass, 1e-12);
  }
  if (options->complex_shift) {
    check_complex(m, linear, mass);
  }
  double bad               = m->values[0];
  ((matrix *)m)->values[0] = NAN;
  if (!krylov || options->precondition != UDE_PRECONDITION_NONE) {
    ck_assert_int_eq(ude_linear_factor(linear, 1, NULL, m->values), 1);
  } else { /* nothing is factorised: the product shows it */
    double b[MOST] = {1};
    ck_assert_int_eq(ude_linear_factor(linear, 1, NULL, m->values), 0);
    ck_assert_int_eq(ude_linear_solve(linear, 1, false, b), 1);
  }
  ((matrix *)m)->values[0] = bad;
  ude_linear_free(linear);
}

START_TEST(test_dense) {
  static matrix m;
  for (int64_t n = 1; n <= 24; n += n < 10 ? 1 : 7) {
    fill(&m, 0, n);
    /* full, row by row: the pattern's columns transposed */
    static double rows[MOST * MOST];
    for (int64_t r = 0; r < n; r++) {
      for (int64_t c = 0; c < n; c++) {
        rows[r * n + c] = m.values[c * n + r];
      }
    }
    ude_linear *linear = NULL;
    ude_error   error;
    ck_ok(ude_linear_create(n, &(ude_linear_options){.complex_shift = true}, &linear, &error),
          &error);
    ck_assert_int_eq(ude_linear_kind_used(linear), UDE_LINEAR_DENSE);
    ck_assert_int_eq(ude_linear_entries(linear), n * n);
    ck_assert_int_eq(ude_linear_factor(linear, 0.4, NULL, rows), 0);
    check_solves(&m, linear, 0.4, NULL, 1e-13);
    ude_linear_free(linear);
    ude_linear_options with_pattern = {
        .kind = UDE_LINEAR_DENSE, .start = m.start, .row = m.row, .complex_shift = true};
    check_structure(&m, &with_pattern, UDE_LINEAR_DENSE);
  }
}
END_TEST

START_TEST(test_sparse_and_band) {
  static matrix m;
  for (int kind = 1; kind <= 2; kind++) {
    const int64_t sizes[] = {3, 16, 90, 400};
    for (int s = 0; s < 4; s++) {
      fill(&m, kind, sizes[s]);
      for (int k = UDE_LINEAR_DENSE; k <= UDE_LINEAR_SPARSE; k++) {
        ude_linear_options options = {
            .kind = (ude_linear_kind)k, .start = m.start, .row = m.row, .complex_shift = true};
        check_structure(&m, &options, (ude_linear_kind)k);
      }
    }
  }
}
END_TEST

START_TEST(test_krylov) {
  static matrix m;
  for (int kind = 0; kind <= 2; kind++) {
    fill(&m, kind, 90);
    for (int how = UDE_PRECONDITION_AUTO; how <= UDE_PRECONDITION_BLOCK_JACOBI; how++) {
      ude_linear_options options = {.kind         = UDE_LINEAR_KRYLOV,
                                    .start        = m.start,
                                    .row          = m.row,
                                    .precondition = (ude_preconditioner)how,
                                    .block        = 7,
                                    .restart      = 25};
      check_structure(&m, &options, UDE_LINEAR_KRYLOV);
    }
  }
}
END_TEST

/* ILU(0) of a tridiagonal matrix is its LU: one iteration. */
START_TEST(test_ilu_is_exact_without_fill) {
  static matrix m;
  ude_linear   *linear = NULL;
  m.n                  = 50;
  m.start[0]           = 0;
  for (int64_t c = 0, e = 0; c < m.n; c++) {
    for (int64_t r = c > 0 ? c - 1 : 0; r <= c + 1 && r < m.n; r++) {
      m.row[e]      = r;
      m.values[e++] = r == c ? -3 - (double)c / 10 : 1 + 0.1 * (double)r;
    }
    m.start[c + 1] = e;
  }
  ude_linear_options options = {.kind = UDE_LINEAR_KRYLOV, .start = m.start, .row = m.row};
  ck_assert_int_eq(ude_linear_create(m.n, &options, &linear, NULL), UDE_OK);
  ck_assert_str_eq(ude_linear_description(linear), "GMRES with ILU(0)");
  ude_linear_set_operator(linear, apply, &m);
  ck_assert_int_eq(ude_linear_factor(linear, 10, NULL, m.values), 0);
  double b[50];
  for (int transposed = 0; transposed < 2; transposed++) {
    for (int i = 0; i < 50; i++) {
      b[i] = cos(i);
    }
    ck_assert_int_eq(ude_linear_solve(linear, 1, transposed, b), 0);
    ck_assert_int_le(ude_linear_iterations(linear), 2 * (transposed + 1));
  }
  ude_linear_free(linear);
}
END_TEST

START_TEST(test_choice) {
  static matrix m;
  ude_linear   *linear = NULL;
  const struct {
    int             kind;
    int64_t         n;
    bool            pattern;
    ude_linear_kind expected;
  } cases[] = {{0, 8, true, UDE_LINEAR_DENSE},    {0, 100, true, UDE_LINEAR_DENSE},
               {1, 400, true, UDE_LINEAR_BAND},   {2, 400, true, UDE_LINEAR_SPARSE},
               {1, 400, false, UDE_LINEAR_DENSE}, {1, 2001, false, UDE_LINEAR_KRYLOV},
               {2, 0, false, UDE_LINEAR_DENSE}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (cases[i].pattern) {
      fill(&m, cases[i].kind, cases[i].n);
    }
    ude_linear_options options = {.start = cases[i].pattern ? m.start : NULL,
                                  .row   = cases[i].pattern ? m.row : NULL};
    ck_assert_int_eq(ude_linear_create(cases[i].n, &options, &linear, NULL), UDE_OK);
    ck_assert_int_eq(ude_linear_kind_used(linear), cases[i].expected);
    ude_linear_free(linear);
  }
}
END_TEST

START_TEST(test_refuses) {
  ude_linear        *linear = NULL;
  ude_error          error;
  const int64_t      start[] = {0, 2, 3}, unordered[] = {1, 0, 1}, outside[] = {0, 2, 1};
  ude_linear_options band = {.kind = UDE_LINEAR_BAND};
  ck_fails(ude_linear_create(2, &band, &linear, &error), UDE_INVALID_ARGUMENT, &error, "pattern",
           "band");
  ude_linear_options order = {.start = start, .row = unordered};
  ck_fails(ude_linear_create(2, &order, &linear, &error), UDE_INVALID_ARGUMENT, &error, "row 0",
           "column 0");
  ude_linear_options range = {.start = start, .row = outside};
  ck_fails(ude_linear_create(2, &range, &linear, &error), UDE_INVALID_ARGUMENT, &error, "row 2",
           "column 0");
  ude_linear_options twice = {.kind = UDE_LINEAR_KRYLOV, .complex_shift = true};
  ck_fails(ude_linear_create(2, &twice, &linear, &error), UDE_UNSUPPORTED, &error, "complex",
           "direct");
  ck_fails(ude_linear_create(-1, NULL, &linear, &error), UDE_INVALID_ARGUMENT, &error, "-1", "");
}
END_TEST

/* Singular matrices of every direct structure are reported, and the solver is usable after. */
START_TEST(test_singular) {
  static matrix m;
  for (int64_t n = 2; n <= 32; n *= 4) {
    for (int k = UDE_LINEAR_DENSE; k <= UDE_LINEAR_SPARSE; k++) {
      m.n        = n;
      m.start[0] = 0;
      for (int64_t c = 0; c < n; c++) {
        m.row[c]       = c;
        m.values[c]    = 1;
        m.start[c + 1] = c + 1;
      }
      ude_linear_options options = {.kind = (ude_linear_kind)k, .start = m.start, .row = m.row};
      ude_linear        *linear  = NULL;
      ck_assert_int_eq(ude_linear_create(n, &options, &linear, NULL), UDE_OK);
      ck_assert_int_eq(ude_linear_factor(linear, 1, NULL, m.values), 1);
      ck_assert_int_eq(ude_linear_factor(linear, 3, NULL, m.values), 0);
      double b[32] = {4};
      ck_assert_int_eq(ude_linear_solve(linear, 1, false, b), 0);
      ck_assert_double_eq(b[0], 2);
      ck_assert_int_eq(ude_linear_factor(linear, 1, NULL, m.values), 1);
      ude_linear_free(linear);
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("linear");
  TCase *tests = tcase_create("linear");
  tcase_add_test(tests, test_dense);
  tcase_add_test(tests, test_sparse_and_band);
  tcase_add_test(tests, test_krylov);
  tcase_add_test(tests, test_ilu_is_exact_without_fill);
  tcase_add_test(tests, test_choice);
  tcase_add_test(tests, test_refuses);
  tcase_add_test(tests, test_singular);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
