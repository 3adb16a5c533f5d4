/* Sparse regression with one answer: SR3, ensembles, equalities, on systems whose equations are known. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/discover.h>

enum { ROWS = 2000, STATES = 3 };

/* Lorenz by classical Runge-Kutta with exact right-hand sides as derivatives, normal noise on them: the data of
 * Brunton, Proctor, Kutz 2016. */
typedef struct problem {
  ude_library *library;
  double      *theta;
  double       u[ROWS * STATES], du[ROWS * STATES];
  int64_t      terms;
} problem;

static void lorenz(double *du, const double *u) {
  du[0] = 10 * (u[1] - u[0]);
  du[1] = u[0] * (28 - u[2]) - u[1];
  du[2] = u[0] * u[1] - 8.0 / 3 * u[2];
}

static const char *const NAMES[STATES] = {"x", "y", "z"};

static void open_problem(problem *p, double noise, int degree) {
  double  k[4][STATES], at[STATES], h = 0.001;
  ude_rng rng = ude_rng_make(11, 0);
  memcpy(at, (double[]){-8, 8, 27}, sizeof at);
  for (int i = 0; i < ROWS; i++) {
    double *u = p->u + i * STATES;
    memcpy(u, at, sizeof at);
    lorenz(p->du + i * STATES, u);
    for (int j = 0; j < STATES; j++) {
      p->du[i * STATES + j] += noise * ude_rng_normal(&rng);
    }
    for (int step = 0; step < 10; step++) {
      double next[STATES], mid[STATES];
      lorenz(k[0], at);
      for (int s = 1; s < 4; s++) {
        for (int j = 0; j < STATES; j++) {
          mid[j] = at[j] + (s == 3 ? h : h / 2) * k[s - 1][j];
        }
        lorenz(k[s], mid);
      }
      for (int j = 0; j < STATES; j++) {
        next[j] = at[j] + h / 6 * (k[0][j] + 2 * k[1][j] + 2 * k[2][j] + k[3][j]);
      }
      memcpy(at, next, sizeof at);
    }
  }
  ude_library_options options = {.polynomial = degree};
  ck_assert_int_eq(ude_library_create(STATES, NAMES, &options, &p->library, NULL), UDE_OK);
  ck_assert_int_eq(ude_library_evaluate(p->library, NAMES, ROWS, p->u, &p->theta, NULL, NULL),
                   UDE_OK);
  p->terms = p->library->count;
}

static void close_problem(problem *p) {
  ude_library_free(p->library);
  free(p->theta);
}

static int64_t term(const problem *p, const char *text) {
  for (int64_t j = 0; j < p->terms; j++) {
    ude_text printed = {0};
    ude_expression_print(p->library->terms[j], UDE_STYLE_TEXT, NAMES, &printed);
    bool same = strcmp(printed.data, text) == 0;
    ude_text_free(&printed);
    if (same) {
      return j;
    }
  }
  ck_abort_msg("no candidate %s", text);
}

static ude_sparse_result *regress(const problem *p, const ude_sparse_options *options) {
  ude_sparse_result *r = NULL;
  ude_error          error;
  ude_status         status =
      ude_sparse_regression(ROWS, p->terms, STATES, p->theta, p->du, options, &r, &error);
  ck_assert_msg(status == UDE_OK, "%s", error.message);
  return r;
}

/* Exactly the seven terms of Lorenz, each within `tolerance`. */
static void expect_lorenz(const problem *p, const ude_sparse_result *r, double tolerance,
                          const char *what) {
  static const struct {
    int         state;
    const char *text;
    double      value;
  } truth[]     = {{0, "x", -10},  {0, "y", 10},  {1, "x", 28},      {1, "y", -1},
                   {1, "x*z", -1}, {2, "x*y", 1}, {2, "z", -8.0 / 3}};
  int64_t found = 0;
  for (int64_t i = 0; i < STATES * p->terms; i++) {
    found += r->coefficients[i] != 0;
  }
  ck_assert_msg(found == 7, "%s: %lld terms", what, (long long)found);
  for (size_t i = 0; i < sizeof truth / sizeof truth[0]; i++) {
    double c = r->coefficients[truth[i].state * p->terms + term(p, truth[i].text)];
    ck_assert_msg(fabs(c - truth[i].value) < tolerance, "%s: d%s/dt: %s has %.9g, not %g", what,
                  NAMES[truth[i].state], truth[i].text, c, truth[i].value);
  }
}

/* The published thresholds on coefficients in their own units, and none at all. */
START_TEST(test_methods) {
  static problem p;
  static const struct {
    const char        *what;
    double             noise, tolerance;
    ude_sparse_options options;
  } cases[] = {
      {"stlsq", 0, 1e-8, {.threshold = 0.05}},
      {"stlsq with ridge", 0, 1e-8, {.threshold = 0.05, .ridge = 0.05}},
      {"stlsq, noise 0.01", 0.01, 1e-3, {.threshold = 0.05}},
      {"stlsq sweep, noise 0.1", 0.1, 1e-2, {.criterion = UDE_CRITERION_EBIC}},
      {"sweep by BIC", 0.1, 1e-2, {.criterion = UDE_CRITERION_BIC}},
      {"sr3", 0, 1e-8, {.method = UDE_SPARSE_SR3, .threshold = 0.5}},
      {"sr3 sweep, noise 0.1", 0.1, 1e-2, {.method = UDE_SPARSE_SR3}},
      {"sr3-l1 sweep, noise 0.1", 0.1, 1e-2, {.method = UDE_SPARSE_SR3_L1}},
      {"ensemble, noise 1", 1, 0.06, {.models = 20}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    open_problem(&p, cases[i].noise, 3);
    ude_sparse_result *r = regress(&p, &cases[i].options);
    expect_lorenz(&p, r, cases[i].tolerance, cases[i].what);
    ck_assert_double_eq_tol(r->residual[1], cases[i].noise, 0.1 * cases[i].noise + 1e-9);
    ude_sparse_result_free(r);
    close_problem(&p);
  }
}
END_TEST

/* SR3 against its definition: on one column of norm one the fixed point is known. With x = (y + w/nu)/(1 + 1/nu), w = x where
 * |x| >= bound, the limit is w = y: the term stays exactly if y nu/(1 + nu) reaches the bound. */
START_TEST(test_sr3_bound) {
  double theta[2] = {0.6, 0.8}, target[2] = {0.6, 0.8};
  for (int kept = 0; kept < 2; kept++) {
    ude_sparse_options options = {
        .method = UDE_SPARSE_SR3, .nu = 3, .threshold = kept ? 0.7499 : 0.7501};
    ude_sparse_result *r = NULL;
    ck_assert_int_eq(ude_sparse_regression(2, 1, 1, theta, target, &options, &r, NULL), UDE_OK);
    ck_assert_double_eq_tol(r->coefficients[0], kept, 1e-12);
    ude_sparse_result_free(r);
  }
}
END_TEST

/* Shares are those of models; the spread is that of the estimate: noise 1 over the norm of the column. The answer depends on the
 * seed, not on threads. */
START_TEST(test_ensemble) {
  static problem p;
  open_problem(&p, 1, 2);
  ude_sparse_options options = {.models = 60, .seed = 3, .threads = 1};
  ude_sparse_result *one     = regress(&p, &options);
  options.threads            = 2;
  options.inclusion          = 0.9;
  ude_sparse_result *two     = regress(&p, &options);
  options.drop               = 2;
  options.all_rows           = true;
  ude_sparse_result *dropped = regress(&p, &options);
  expect_lorenz(&p, one, 0.06, "one thread");
  expect_lorenz(&p, two, 0.06, "two threads");
  size_t all = (size_t)(p.terms * STATES);
  ck_assert_mem_eq(one->inclusion, two->inclusion, all * sizeof(double));
  ck_assert_mem_eq(one->spread, two->spread, all * sizeof(double));
  int64_t at = 2 * p.terms + term(&p, "x*y"), other = 2 * p.terms + term(&p, "y^2");
  ck_assert_double_gt(one->inclusion[at], 0.99);
  ck_assert_double_lt(one->inclusion[other], 0.5);
  /* of all models that had the term, not of all models */
  ck_assert_double_gt(dropped->inclusion[0 * p.terms + term(&p, "y")], 0.9);
  /* least squares on x*y and z: standard error from the inverse normal matrix */
  double a = 0, b = 0, c = 0;
  for (int64_t i = 0; i < ROWS; i++) {
    double f = p.theta[i * p.terms + term(&p, "x*y")], g = p.theta[i * p.terms + term(&p, "z")];
    a += f * f;
    b += f * g;
    c += g * g;
  }
  double expected = sqrt(c / (a * c - b * b));
  ck_assert_double_gt(one->spread[at], 0.6 * expected);
  ck_assert_double_lt(one->spread[at], 1.6 * expected);
  ude_sparse_result_free(one);
  ude_sparse_result_free(two);
  ude_sparse_result_free(dropped);
  close_problem(&p);
}
END_TEST

/* Energy: the quadratic terms of Lorenz do no work, x:..., so y:x*z + z:x*y = 0; the equality holds to rounding, and fixed
 * values are met. */
START_TEST(test_equalities) {
  static problem p;
  open_problem(&p, 1, 2);
  int64_t            all    = p.terms * STATES;
  double            *matrix = calloc((size_t)(2 * all), sizeof *matrix);
  double             zero[] = {0, 10};
  int64_t            work1 = p.terms + term(&p, "x*z"), work2 = 2 * p.terms + term(&p, "x*y");
  ude_sparse_options plain    = {.threshold = 0.3};
  ude_sparse_result *free_one = regress(&p, &plain);
  ck_assert_double_gt(fabs(free_one->coefficients[work1] + free_one->coefficients[work2]), 1e-6);
  matrix[work1] = matrix[work2]  = 1;
  matrix[all + term(&p, "y")]    = 1;
  ude_sparse_options constrained = {
      .threshold = 0.3, .constraint_count = 2, .constraints = matrix, .values = zero};
  for (int swept = 0; swept < 2; swept++) {
    constrained.threshold = swept ? 0 : 0.3;
    ude_sparse_result *r  = regress(&p, &constrained);
    expect_lorenz(&p, r, 0.06, swept ? "equalities, swept" : "equalities");
    ck_assert_double_eq_tol(r->coefficients[work1] + r->coefficients[work2], 0, 1e-12);
    ck_assert_double_eq_tol(r->coefficients[term(&p, "y")], 10, 1e-12);
    ude_sparse_result_free(r);
  }
  ude_error          error;
  ude_sparse_result *r       = NULL;
  double             clash[] = {1, 2};
  memcpy(matrix + all, matrix, (size_t)all * sizeof *matrix);
  constrained.values = clash;
  ck_assert_int_eq(
      ude_sparse_regression(ROWS, p.terms, STATES, p.theta, p.du, &constrained, &r, &error),
      UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "contradict"));
  ck_assert_ptr_null(r);
  ude_sparse_result_free(free_one);
  free(matrix);
  close_problem(&p);
}
END_TEST

/* Nothing but noise: no term. Fewer rows than candidates, zero columns and equal columns: an answer that fits. */
START_TEST(test_poor_data) {
  double  theta[40 * 6], target[40];
  ude_rng rng = ude_rng_make(2, 0);
  for (int i = 0; i < 40; i++) {
    for (int j = 0; j < 6; j++) {
      theta[i * 6 + j] = ude_rng_normal(&rng);
    }
    theta[i * 6 + 4] = 0;
    theta[i * 6 + 5] = theta[i * 6 + 1];
    target[i]        = ude_rng_normal(&rng);
  }
  ude_sparse_result *r = NULL;
  ck_assert_int_eq(ude_sparse_regression(40, 6, 1, theta, target, NULL, &r, NULL), UDE_OK);
  for (int j = 0; j < 6; j++) {
    ck_assert_double_eq(r->coefficients[j], 0);
  }
  ude_sparse_result_free(r);
  for (int i = 0; i < 3; i++) {
    target[i] = 2 * theta[i * 6 + 1];
  }
  for (int method = 0; method < 2; method++) {
    ude_sparse_options options = {.method = (ude_sparse_method)method, .threshold = 0.1};
    ck_assert_int_eq(ude_sparse_regression(3, 6, 1, theta, target, &options, &r, NULL), UDE_OK);
    ck_assert_double_eq_tol(r->residual[0], 0, 1e-10);
    ck_assert_double_eq(r->coefficients[4], 0);
    ude_sparse_result_free(r);
  }
}
END_TEST

START_TEST(test_refuses) {
  double             theta[4] = {1, 2, 3, 4}, target[2] = {1, 2}, one[2] = {1, 1};
  ude_sparse_result *r = NULL;
  ude_error          error;
  static const struct {
    ude_sparse_options options;
    const char        *says;
  } cases[] = {{{.threshold = -1}, "negative"},
               {{.inclusion = 1.5}, "inclusion"},
               {{.drop = 2, .models = 3}, "2 of 2"},
               {{.constraint_count = 1}, "matrix"},
               {{.threshold = NAN}, "negative"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ck_assert_int_eq(ude_sparse_regression(2, 2, 1, theta, target, &cases[i].options, &r, &error),
                     UDE_INVALID_ARGUMENT);
    ck_assert_msg(strstr(error.message, cases[i].says) != NULL, "%s", error.message);
    ck_assert_ptr_null(r);
  }
  ude_sparse_options relaxed = {
      .method = UDE_SPARSE_SR3, .constraint_count = 1, .constraints = one};
  ck_assert_int_eq(ude_sparse_regression(2, 2, 1, theta, target, &relaxed, &r, &error),
                   UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "stlsq"));
  ck_assert_int_eq(ude_sparse_regression(0, 2, 1, theta, target, NULL, &r, &error),
                   UDE_INVALID_ARGUMENT);
  theta[3] = INFINITY;
  ck_assert_int_eq(ude_sparse_regression(2, 2, 1, theta, target, NULL, &r, &error), UDE_NUMERICAL);
  ck_assert_ptr_nonnull(strstr(error.message, "row 1"));
  for (int m = 0; m < 3; m++) {
    ude_sparse_method method;
    ck_assert_int_eq(
        ude_sparse_method_parse(ude_sparse_method_name((ude_sparse_method)m), &method, NULL), 0);
    ck_assert_int_eq((int)method, m);
  }
  ude_sparse_method method;
  ck_assert_int_eq(ude_sparse_method_parse("lasso", &method, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "'lasso'; known are stlsq"));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sparse");
  TCase *tests = tcase_create("sparse");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, test_methods);
  tcase_add_test(tests, test_sr3_bound);
  tcase_add_test(tests, test_ensemble);
  tcase_add_test(tests, test_equalities);
  tcase_add_test(tests, test_poor_data);
  tcase_add_test(tests, test_refuses);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
