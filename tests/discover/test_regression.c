/* Thresholded regression and subset search on systems whose equations are known. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/discover.h>

enum { MAX_ROWS = 4000 };

typedef void (*system_fn)(double *du, const double *u);

static void lorenz(double *du, const double *u) {
  du[0] = 10 * (u[1] - u[0]);
  du[1] = u[0] * (28 - u[2]) - u[1];
  du[2] = u[0] * u[1] - 8.0 / 3 * u[2];
}

static void lotka_volterra(double *du, const double *u) {
  du[0] = 1.3 * u[0] - 0.9 * u[0] * u[1];
  du[1] = 0.8 * u[0] * u[1] - 1.8 * u[1];
}

static void cubic(double *du, const double *u) {
  double x = u[0] * u[0] * u[0], y = u[1] * u[1] * u[1];
  du[0] = -0.1 * x + 2 * y;
  du[1] = -2 * x - 0.1 * y;
}

/* Classical Runge-Kutta, `skip` steps between rows; exact right-hand sides as derivatives. */
static void trajectory(system_fn f, int n, const double *u0, double dt, int skip, int rows,
                       double *u, double *du) {
  double state[3], k[4][3], at[3];
  memcpy(state, u0, (size_t)n * sizeof *state);
  for (int i = 0; i < rows; i++) {
    memcpy(u + i * n, state, (size_t)n * sizeof *state);
    f(du + i * n, state);
    for (int s = 0; s < skip; s++) {
      f(k[0], state);
      for (int stage = 1; stage < 4; stage++) {
        for (int j = 0; j < n; j++) {
          at[j] = state[j] + (stage == 3 ? dt : dt / 2) * k[stage - 1][j];
        }
        f(k[stage], at);
      }
      for (int j = 0; j < n; j++) {
        state[j] += dt / 6 * (k[0][j] + 2 * k[1][j] + 2 * k[2][j] + k[3][j]);
      }
    }
  }
}

static const char *const NAMES[] = {"x", "y", "z"};

static const ude_support *best(const ude_support_list *list) {
  const ude_support *chosen = &list->supports[0];
  for (int64_t i = 1; i < list->count; i++) {
    chosen = list->supports[i].ebic < chosen->ebic ? &list->supports[i] : chosen;
  }
  return chosen;
}

/* The chosen terms as text, in the library's order. */
static void describe(const ude_library *library, const ude_support *support, char text[256]) {
  ude_text printed = {0};
  for (int64_t k = 0; k < support->count; k++) {
    ude_text_append(&printed, "%s", k ? " " : "");
    ude_expression_print(library->terms[support->terms[k]], UDE_STYLE_TEXT, NAMES, &printed);
  }
  ck_assert_uint_lt(printed.length, 256);
  strcpy(text, printed.data ? printed.data : "");
  ude_text_free(&printed);
}

static const struct {
  const char *name;
  system_fn   f;
  int         n, degree, rows, skip;
  double      dt, u0[3], noise;
  const char *terms[3];
  double      coefficients[3][4], tolerance;
} systems[] = {
    {"lorenz",
     lorenz,
     3,
     5,
     4000,
     5,
     0.001,
     {-8, 8, 27},
     0,
     {"x y", "x y x*z", "z x*y"},
     {{-10, 10}, {28, -1, -1}, {-8.0 / 3, 1}},
     1e-8},
    /* noise 1 on derivatives of order 100, as in the paper's figure */
    {"lorenz noisy",
     lorenz,
     3,
     5,
     4000,
     5,
     0.001,
     {-8, 8, 27},
     1,
     {"x y", "x y x*z", "z x*y"},
     {{-10, 10}, {28, -1, -1}, {-8.0 / 3, 1}},
     0.05},
    {"lorenz noisy, degree 2",
     lorenz,
     3,
     2,
     4000,
     5,
     0.001,
     {-8, 8, 27},
     1,
     {"x y", "x y x*z", "z x*y"},
     {{-10, 10}, {28, -1, -1}, {-8.0 / 3, 1}},
     0.05},
    {"lotka-volterra",
     lotka_volterra,
     2,
     5,
     200,
     15,
     0.001,
     {0.44249296, 4.6280594},
     0,
     {"x x*y", "y x*y"},
     {{1.3, -0.9}, {-1.8, 0.8}},
     1e-9},
    {"lotka-volterra noisy",
     lotka_volterra,
     2,
     5,
     400,
     30,
     0.001,
     {0.44249296, 4.6280594},
     0.05,
     {"x x*y", "y x*y"},
     {{1.3, -0.9}, {-1.8, 0.8}},
     0.02},
    {"cubic",
     cubic,
     2,
     5,
     1000,
     25,
     0.001,
     {2, 0},
     0,
     {"x^3 y^3", "x^3 y^3"},
     {{-0.1, 2}, {-2, -0.1}},
     1e-9},
};

START_TEST(test_known_systems) {
  static double u[MAX_ROWS * 3], du[MAX_ROWS * 3], target[MAX_ROWS];
  int           n = systems[_i].n, rows = systems[_i].rows;
  trajectory(systems[_i].f, n, systems[_i].u0, systems[_i].dt, systems[_i].skip, rows, u, du);
  ude_library_options options = {.polynomial = systems[_i].degree};
  ude_library        *library;
  double             *theta;
  ck_assert_int_eq(ude_library_create(n, NAMES, &options, &library, NULL), UDE_OK);
  ck_assert_int_eq(ude_library_evaluate(library, NAMES, rows, u, &theta, NULL, NULL), UDE_OK);
  ude_rng rng = ude_rng_make(7, 0);
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < rows; i++) {
      target[i] = du[i * n + j] + systems[_i].noise * ude_rng_normal(&rng);
    }
    /* Thresholds alone do not find the structure from noisy derivatives among many collinear
     * powers; the subset search does, and discover uses both. */
    int generator = systems[_i].noise > 0 && systems[_i].degree > 2;
    for (; generator < 2; generator++) {
      ude_support_list *list;
      ude_status        status =
          generator
                     ? ude_subset_search(rows, library->count, theta, target, NULL, 5, 8, &list, NULL)
                     : ude_stlsq_sweep(rows, library->count, theta, target, NULL, NULL, &list, NULL);
      ck_assert_int_eq(status, UDE_OK);
      const ude_support *chosen = best(list);
      char               text[256];
      describe(library, chosen, text);
      ck_assert_msg(strcmp(text, systems[_i].terms[j]) == 0, "%s, equation %d, generator %d: %s",
                    systems[_i].name, j, generator, text);
      for (int64_t k = 0; k < chosen->count; k++) {
        ck_assert_double_eq_tol(chosen->coefficients[k], systems[_i].coefficients[j][k],
                                systems[_i].tolerance);
      }
      ude_support_list_free(list);
    }
  }
  free(theta);
  ude_library_free(library);
}
END_TEST

/* Noise alone: with EBIC the empty support is best; distinct supports ascend in size. */
START_TEST(test_nothing_there) {
  enum { ROWS = 60, TERMS = 20 };
  int empty = 0, empty_bic = 0;
  for (uint64_t seed = 0; seed < 100; seed++) {
    double  theta[ROWS * TERMS], target[ROWS];
    ude_rng rng = ude_rng_make(seed, 3);
    for (int i = 0; i < ROWS * TERMS; i++) {
      theta[i] = ude_rng_normal(&rng);
    }
    for (int i = 0; i < ROWS; i++) {
      target[i] = ude_rng_normal(&rng);
    }
    ude_support_list *list;
    ck_assert_int_eq(ude_subset_search(ROWS, TERMS, theta, target, NULL, 3, 4, &list, NULL), 0);
    ck_assert_int_eq(list->supports[0].count, 0);
    const ude_support *by_bic = &list->supports[0];
    for (int64_t i = 1; i < list->count; i++) {
      ck_assert_int_ge(list->supports[i].count, list->supports[i - 1].count);
      by_bic = list->supports[i].bic < by_bic->bic ? &list->supports[i] : by_bic;
    }
    empty += best(list)->count == 0;
    empty_bic += by_bic->count == 0;
    ude_support_list_free(list);
  }
  ck_assert_int_ge(empty, 90);
  ck_assert_int_lt(empty_bic, 70); /* why EBIC is the default */
}
END_TEST

/* Weights: rows of weight 1e-12 do not count. */
START_TEST(test_weights) {
  enum { ROWS = 40 };
  double theta[ROWS * 2], target[ROWS], weights[ROWS];
  for (int i = 0; i < ROWS; i++) {
    theta[2 * i]     = 1;
    theta[2 * i + 1] = i / 10.0;
    bool bad         = i % 5 == 0;
    target[i]        = 2 + 3 * theta[2 * i + 1] + (bad ? 100.0 * i : 0);
    weights[i]       = bad ? 1e-20 : 1;
  }
  ude_support_list *list;
  ck_assert_int_eq(ude_stlsq_sweep(ROWS, 2, theta, target, weights, NULL, &list, NULL), UDE_OK);
  const ude_support *last = &list->supports[list->count - 1];
  ck_assert_int_eq(last->count, 2);
  ck_assert_double_eq_tol(last->coefficients[0], 2, 1e-6);
  ck_assert_double_eq_tol(last->coefficients[1], 3, 1e-6);
  ude_support_list_free(list);
  ude_error error;
  weights[7] = 0;
  ck_assert_int_eq(ude_stlsq_sweep(ROWS, 2, theta, target, weights, NULL, &list, &error),
                   UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "weight 7 is 0"));
}
END_TEST

/* 1, x, y with x + y = 1: the rank is two, and the sweep still explains the target exactly. */
START_TEST(test_collinear) {
  enum { ROWS = 30 };
  double theta[ROWS * 3], target[ROWS];
  for (int i = 0; i < ROWS; i++) {
    double x     = 0.5 + 0.4 * sin(0.3 * i);
    theta[3 * i] = 1, theta[3 * i + 1] = x, theta[3 * i + 2] = 1 - x;
    target[i] = 2 - 5 * x;
  }
  ude_support_list *list;
  ck_assert_int_eq(ude_stlsq_sweep(ROWS, 3, theta, target, NULL, NULL, &list, NULL), UDE_OK);
  const ude_support *chosen = best(list);
  ck_assert_int_eq(chosen->count, 2);
  ck_assert_double_lt(chosen->residual, 1e-13);
  ude_support_list_free(list);
  ck_assert_int_eq(ude_subset_search(ROWS, 3, theta, target, NULL, 3, 3, &list, NULL), UDE_OK);
  ck_assert_int_eq(list->supports[list->count - 1].count, 2); /* a third column adds nothing */
  ude_support_list_free(list);
}
END_TEST

START_TEST(test_criteria) {
  /* deviance 10, 50 observations, 3 parameters of which 2 terms from 6: C(6,2) = 15 */
  ck_assert_double_eq_tol(ude_criterion_value(UDE_CRITERION_BIC, 10, 50, 3, ude_log_choose(6, 2)),
                          10 + 3 * log(50.0), 1e-12);
  ck_assert_double_eq_tol(ude_criterion_value(UDE_CRITERION_EBIC, 10, 50, 3, ude_log_choose(6, 2)),
                          10 + (3 * log(50.0) + 2 * log(15.0)) * 50 / 45, 1e-12);
  ck_assert_double_eq_tol(ude_criterion_value(UDE_CRITERION_AICC, 10, 50, 3, ude_log_choose(6, 2)),
                          10 + 6 + 2.0 * 3 * 4 / 46, 1e-12);
  ck_assert(isinf(ude_criterion_value(UDE_CRITERION_AICC, 10, 4, 3, ude_log_choose(6, 2))));
  ude_criterion criterion;
  ck_assert_int_eq(ude_criterion_parse("aicc", &criterion, NULL), UDE_OK);
  ck_assert_int_eq(criterion, UDE_CRITERION_AICC);
  ck_assert_str_eq(ude_criterion_name(UDE_CRITERION_EBIC), "ebic");
  ude_error error;
  ck_assert_int_eq(ude_criterion_parse("aic", &criterion, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "'aic'; known are ebic, bic, aicc"));
}
END_TEST

START_TEST(test_refuses) {
  double            one[2] = {1, 2}, bad[2] = {1, NAN};
  ude_support_list *list;
  ude_error         error;
  ck_assert_int_eq(ude_stlsq_sweep(0, 1, one, one, NULL, NULL, &list, &error),
                   UDE_INVALID_ARGUMENT);
  ck_assert_int_eq(ude_stlsq_sweep(2, 1, bad, one, NULL, NULL, &list, &error), UDE_NUMERICAL);
  ck_assert_int_eq(ude_stlsq_sweep(2, 1, one, bad, NULL, NULL, &list, &error), UDE_NUMERICAL);
  ude_stlsq_options backwards = {.smallest = 1, .largest = 0.1};
  ck_assert_int_eq(ude_stlsq_sweep(2, 1, one, one, NULL, &backwards, &list, &error),
                   UDE_INVALID_ARGUMENT);
  ck_assert_int_eq(ude_subset_search(2, 1, one, one, NULL, 2, 0, &list, &error),
                   UDE_INVALID_ARGUMENT);
  ck_assert_ptr_null(list);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("regression");
  TCase *tests = tcase_create("regression");
  tcase_add_loop_test(tests, test_known_systems, 0, sizeof systems / sizeof systems[0]);
  tcase_add_test(tests, test_nothing_there);
  tcase_add_test(tests, test_weights);
  tcase_add_test(tests, test_collinear);
  tcase_add_test(tests, test_criteria);
  tcase_add_test(tests, test_refuses);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
