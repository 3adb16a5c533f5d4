/* Colourings and recovery: valid by definition on random patterns, as few colours as known, values recovered. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <ude/sparsity.h>

#include "support/ude_check.h"

static const ude_colour_kind kinds[] = {UDE_COLOUR_COLUMNS, UDE_COLOUR_ROWS,
                                        UDE_COLOUR_BIDIRECTIONAL, UDE_COLOUR_STAR,
                                        UDE_COLOUR_ACYCLIC};

/* A pattern from a table of flags. */
static ude_pattern from_flags(int64_t m, int64_t n, const bool *flag) {
  ude_pattern p = {.rows    = m,
                   .columns = n,
                   .start   = calloc((size_t)m + 1, sizeof(int64_t)),
                   .index   = calloc((size_t)(m * n) + 1, sizeof(int64_t))};
  ck_assert(p.start && p.index);
  for (int64_t i = 0; i < m; i++) {
    p.start[i + 1] = p.start[i];
    for (int64_t j = 0; j < n; j++) {
      if (flag[i * n + j]) {
        p.index[p.start[i + 1]++] = j;
      }
    }
  }
  return p;
}

static ude_pattern random_pattern(ude_rng *rng, int64_t m, int64_t n, double density,
                                  bool symmetric) {
  bool *flag = calloc((size_t)(m * n) + 1, sizeof *flag);
  ck_assert(flag != NULL);
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++) {
      bool there      = ude_rng_uniform(rng) < density;
      flag[i * n + j] = flag[i * n + j] || there;
      if (symmetric) {
        flag[j * n + i] = flag[i * n + j];
      }
    }
  }
  ude_pattern p = from_flags(m, n, flag);
  free(flag);
  return p;
}

typedef struct matrix {
  const ude_pattern *pattern;
  const double      *value;
} matrix;

static int times(const double *seed, int64_t width, double *out, void *context) {
  const matrix *a = context;
  memset(out, 0, (size_t)(a->pattern->rows * width) * sizeof *out);
  for (int64_t i = 0; i < a->pattern->rows; i++) {
    for (int64_t k = a->pattern->start[i]; k < a->pattern->start[i + 1]; k++) {
      for (int64_t w = 0; w < width; w++) {
        out[i * width + w] += a->value[k] * seed[a->pattern->index[k] * width + w];
      }
    }
  }
  return 0;
}

static int times_transposed(const double *seed, int64_t width, double *out, void *context) {
  const matrix *a = context;
  memset(out, 0, (size_t)(a->pattern->columns * width) * sizeof *out);
  for (int64_t i = 0; i < a->pattern->rows; i++) {
    for (int64_t k = a->pattern->start[i]; k < a->pattern->start[i + 1]; k++) {
      for (int64_t w = 0; w < width; w++) {
        out[a->pattern->index[k] * width + w] += a->value[k] * seed[i * width + w];
      }
    }
  }
  return 0;
}

/* Every kind in every order: accepted by the check of definitions, and values come back. */
static void check_all(const ude_pattern *p, bool symmetric, ude_rng *rng) {
  int64_t entries = p->start[p->rows];
  double *value   = calloc((size_t)entries + 1, sizeof *value),
         *got     = calloc((size_t)entries + 1, sizeof *got);
  ude_pattern transposed;
  int64_t    *place = calloc((size_t)entries + 1, sizeof *place);
  ude_error   error;
  ck_assert_int_eq(ude_pattern_transpose(p, &transposed, place, &error), UDE_OK);
  for (int64_t k = 0; k < entries; k++) {
    value[k] = ude_rng_normal(rng);
  }
  for (int64_t k = 0; k < entries && symmetric; k++) {
    value[place[k]] = value[k];
  }
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    for (int order = UDE_ORDER_BEST; order <= UDE_ORDER_INCIDENCE; order++) {
      ude_colouring c = {0};
      if (!symmetric && kinds[k] >= UDE_COLOUR_STAR) {
        continue;
      }
      ck_assert_msg(!ude_colour(p, kinds[k], (ude_colour_order)order, &c, &error), "%s",
                    error.message);
      ck_assert_msg(!ude_colouring_check(p, &c, &error), "kind %d, order %d: %s", (int)kinds[k],
                    order, error.message);
      matrix a = {p, value};
      memset(got, 0, (size_t)entries * sizeof *got);
      ck_assert_msg(!ude_compressed(p, &c, times, times_transposed, &a, 3, got, &error), "%s",
                    error.message);
      for (int64_t e = 0; e < entries; e++) {
        double tolerance = kinds[k] == UDE_COLOUR_ACYCLIC ? 1e-11 : 0;
        ck_assert_msg(fabs(got[e] - value[e]) <= tolerance, "kind %d: %g instead of %g",
                      (int)kinds[k], got[e], value[e]);
      }
      ude_colouring_free(&c);
    }
  }
  free(value);
  free(got);
  free(place);
  ude_pattern_free(&transposed);
}

START_TEST(random_patterns) {
  ude_rng rng = ude_rng_make((uint64_t)_i, 3);
  int64_t m = 1 + (int64_t)(ude_rng_bits(&rng) % 30), n = 1 + (int64_t)(ude_rng_bits(&rng) % 30);
  double  density[] = {0, 0.05, 0.15, 0.4, 1};
  for (int k = 0; k < 5; k++) {
    ude_pattern p = random_pattern(&rng, m, n, density[k], false);
    check_all(&p, false, &rng);
    ude_pattern_free(&p);
    p = random_pattern(&rng, n, n, density[k], true);
    check_all(&p, true, &rng);
    ude_pattern_free(&p);
  }
}
END_TEST

static int64_t colours_of(const ude_pattern *p, ude_colour_kind kind) {
  ude_colouring c = {0};
  ude_error     error;
  ck_assert_msg(!ude_colour(p, kind, UDE_ORDER_BEST, &c, &error), "%s", error.message);
  ck_assert_int_eq(ude_colouring_check(p, &c, NULL), UDE_OK);
  int64_t count = c.column_colours + c.row_colours;
  ude_colouring_free(&c);
  return count;
}

static ude_pattern banded(int64_t n, int64_t half) {
  bool *flag = calloc((size_t)(n * n), sizeof *flag);
  for (int64_t i = 0; i < n; i++) {
    for (int64_t j = 0; j < n; j++) {
      flag[i * n + j] = (i > j ? i - j : j - i) <= half;
    }
  }
  ude_pattern p = from_flags(n, n, flag);
  free(flag);
  return p;
}

/* Known numbers: a band of width 2h + 1 needs that many columns (Curtis, Powell, Reid); a tridiagonal Hessian 3 by a star,
 * 2 by an acyclic colouring (Coleman, Cai: h + 1 for a band); an arrow 3 in both directions, 2 by a star. */
START_TEST(known_numbers) {
  for (int64_t half = 1; half <= 4; half++) {
    ude_pattern p = banded(40, half);
    ck_assert_int_eq(colours_of(&p, UDE_COLOUR_COLUMNS), 2 * half + 1);
    ck_assert_int_eq(colours_of(&p, UDE_COLOUR_ROWS), 2 * half + 1);
    ck_assert_int_le(colours_of(&p, UDE_COLOUR_STAR), 2 * half + 1);
    ck_assert_int_eq(colours_of(&p, UDE_COLOUR_ACYCLIC), half + 1);
    ude_pattern_free(&p);
  }
  enum { N = 25 };
  bool arrow[N * N] = {false};
  for (int i = 0; i < N; i++) {
    arrow[i * N + i] = arrow[i] = arrow[i * N] = true;
  }
  ude_pattern p = from_flags(N, N, arrow);
  ck_assert_int_eq(colours_of(&p, UDE_COLOUR_COLUMNS), N);
  ck_assert_int_eq(colours_of(&p, UDE_COLOUR_ROWS), N);
  ck_assert_int_eq(colours_of(&p, UDE_COLOUR_BIDIRECTIONAL), 3);
  ck_assert_int_eq(colours_of(&p, UDE_COLOUR_STAR), 2);
  ck_assert_int_eq(colours_of(&p, UDE_COLOUR_ACYCLIC), 2);
  ude_pattern_free(&p);
  bool row[N * N] = {
      false}; /* one dense row: one row colour for it, one column colour for the diagonal */
  for (int i = 0; i < N; i++) {
    row[i] = row[i * N + i] = true;
  }
  p = from_flags(N, N, row);
  ck_assert_int_eq(colours_of(&p, UDE_COLOUR_COLUMNS), N);
  ck_assert_int_eq(colours_of(&p, UDE_COLOUR_ROWS), 2);
  ck_assert_int_eq(colours_of(&p, UDE_COLOUR_BIDIRECTIONAL), 2);
  ude_pattern_free(&p);
}
END_TEST

/* The periodic 5-point stencil of two species (Gowda et al. 2019): greedy in natural order gives 9, 11, 12, 11, 12 for
 * N = 6, 8, 10, 16, 32; the best order must not be worse, and 6 entries a row need at least 6. */
START_TEST(brusselator) {
  static const int64_t sizes[] = {6, 8, 10, 16, 32}, natural[] = {9, 11, 12, 11, 12};
  for (int k = 0; k < 5; k++) {
    int64_t     n = sizes[k], cells = n * n;
    ude_pattern p = {.rows    = 2 * cells,
                     .columns = 2 * cells,
                     .start   = calloc((size_t)(2 * cells) + 1, sizeof(int64_t)),
                     .index   = calloc((size_t)(12 * cells), sizeof(int64_t))};
    for (int64_t r = 0; r < 2 * cells; r++) {
      int64_t s = r / cells, j = r % cells / n, i = r % n, *row = p.index + 6 * r;
      int64_t want[6] = {r,
                         s * cells + j * n + (i + 1) % n,
                         s * cells + j * n + (i + n - 1) % n,
                         s * cells + (j + 1) % n * n + i,
                         s * cells + (j + n - 1) % n * n + i,
                         (1 - s) * cells + j * n + i};
      for (int a = 0; a < 6; a++) { /* insertion sort */
        int at = a;
        for (; at > 0 && row[at - 1] > want[a]; at--) {
          row[at] = row[at - 1];
        }
        row[at] = want[a];
      }
      p.start[r + 1] = 6 * (r + 1);
    }
    ude_colouring c = {0};
    ck_assert_int_eq(ude_colour(&p, UDE_COLOUR_COLUMNS, UDE_ORDER_NATURAL, &c, NULL), UDE_OK);
    ck_assert_int_eq(c.column_colours, natural[k]);
    ude_colouring_free(&c);
    int64_t best = colours_of(&p, UDE_COLOUR_COLUMNS);
    ck_assert_int_le(best, natural[k]);
    ck_assert_int_ge(best, 6);
    ude_pattern_free(&p);
  }
}
END_TEST

START_TEST(wrong_input) {
  ude_error     error;
  ude_pattern   p = banded(5, 1);
  ude_colouring c = {0};
  ck_assert_int_eq(ude_colour(&p, UDE_COLOUR_COLUMNS, UDE_ORDER_BEST, &c, &error), UDE_OK);
  c.column[2] = c.column[1]; /* two neighbours alike */
  ck_assert_int_eq(ude_colouring_check(&p, &c, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "cannot be told"));
  c.column[2] = 99;
  ck_assert_int_eq(ude_colouring_check(&p, &c, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "column 2 has colour 99"));
  ude_colouring_free(&c);
  /* A cycle of two colours cannot be substituted, a path of four vertices not be read directly. */
  ck_assert_int_eq(ude_colour(&p, UDE_COLOUR_ACYCLIC, UDE_ORDER_BEST, &c, &error), UDE_OK);
  c.kind = UDE_COLOUR_STAR;
  ck_assert_int_eq(ude_colouring_check(&p, &c, &error), UDE_INVALID_ARGUMENT);
  ude_colouring_free(&c);
  bool          flags[16] = {true,  true, false, true, true, true,  true, false,
                             false, true, true,  true, true, false, true, true};
  ude_pattern   cycle     = from_flags(4, 4, flags);
  int64_t       two[4]    = {0, 1, 0, 1};
  ude_colouring bad       = {
            .kind = UDE_COLOUR_ACYCLIC, .rows = 4, .columns = 4, .column_colours = 2, .column = two};
  ck_assert_int_eq(ude_colouring_check(&cycle, &bad, &error), UDE_INVALID_ARGUMENT);
  ude_pattern_free(&cycle);
  p.index[0] = 7;
  ck_assert_int_eq(ude_colour(&p, UDE_COLOUR_COLUMNS, UDE_ORDER_BEST, &c, &error),
                   UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "row 0 has column 7"));
  ude_pattern_free(&p);
  bool upper[4] = {true, true, false, true};
  p             = from_flags(2, 2, upper);
  ck_assert_int_eq(ude_colour(&p, UDE_COLOUR_STAR, UDE_ORDER_BEST, &c, &error),
                   UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "symmetric"));
  ude_pattern_free(&p);
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("colour");
  TCase   *tcase  = tcase_create("colour");
  SRunner *runner = srunner_create(suite);
  tcase_set_timeout(tcase, 0);
  tcase_add_loop_test(tcase, random_patterns, 0, 60);
  tcase_add_test(tcase, known_numbers);
  tcase_add_test(tcase, brusselator);
  tcase_add_test(tcase, wrong_input);
  suite_add_tcase(suite, tcase);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
