/* Equations from tables alone. */
#include <check.h>

#include "discover/hand_model.h"
#include "support/ude_check.h"

static void lorenz(double *du, const double *u) {
  du[0] = 10 * (u[1] - u[0]);
  du[1] = u[0] * (28 - u[2]) - u[1];
  du[2] = u[0] * u[1] - 8.0 / 3 * u[2];
}

static void lotka_volterra(double *du, const double *u) {
  du[0] = 1.3 * u[0] - 0.9 * u[0] * u[1];
  du[1] = -1.8 * u[1] + 0.8 * u[0] * u[1];
}

static void cubic(double *du, const double *u) {
  double x = u[0] * u[0] * u[0], y = u[1] * u[1] * u[1];
  du[0] = -0.1 * x + 2 * y;
  du[1] = -2 * x - 0.1 * y;
}

/* The table with a column d(name) for each state: exact right-hand sides plus noise. */
static ude_table *with_derivatives(const ude_table *table, int64_t states, hand_fn rhs,
                                   const char *const *names, double noise) {
  ude_table  *wide = NULL;
  const char *all[1 + 2 * HAND_STATES];
  ude_rng     rng = ude_rng_make(77, 0);
  for (int64_t j = 0; j <= states; j++) {
    all[j] = table->names[j];
  }
  memcpy(all + 1 + states, names, (size_t)states * sizeof *all);
  ck_assert_int_eq(ude_table_create(table->rows, 1 + 2 * states, all, &wide, NULL), UDE_OK);
  for (int64_t row = 0; row < table->rows; row++) {
    double *to = wide->values + row * wide->columns;
    memcpy(to, table->values + row * table->columns, (size_t)(states + 1) * sizeof *to);
    rhs(to + 1 + states, to + 1);
    for (int64_t i = 0; i < states; i++) {
      to[1 + states + i] += noise * ude_rng_normal(&rng);
    }
  }
  return wide;
}

static void has_equation(const ude_discovery *found, int64_t k, const char *terms,
                         const double *coefficients, double tolerance) {
  const ude_equation *e    = &found->equations[k];
  ude_text            text = {0};
  for (int64_t i = 0; i < e->term_count; i++) {
    ude_text_append(&text, "%s%s", i ? " " : "", e->terms[i].text);
  }
  ck_assert_msg(strcmp(text.data ? text.data : "", terms) == 0, "%s: %s", e->name,
                text.data ? text.data : "");
  ude_text_free(&text);
  for (int64_t i = 0; i < e->term_count; i++) {
    ck_assert_msg(fabs(e->terms[i].coefficient - coefficients[i]) <= tolerance, "%s: %.17g %s",
                  e->name, e->terms[i].coefficient, e->terms[i].text);
  }
}

static const char *const CALLS[]  = {"d(x)", "d(y)", "d(z)"};
static const char *const RATIOS[] = {"dx/dt", "dy/dt", "dz/dt"};

/* Given derivatives, regression alone: Lorenz with noisy derivatives, the cubic oscillator exactly. */
START_TEST(test_given_derivatives) {
  const double      start[3] = {-8, 8, 27}, from[2] = {2, 0};
  ude_table        *plain   = hand_measure(3, lorenz, start, 0.01, 2000, NULL, 0);
  ude_table        *table   = with_derivatives(plain, 3, lorenz, CALLS, 0.1);
  ude_sindy_options options = {.discover = {.library = {.polynomial = 3}}};
  ude_discovery    *found   = NULL;
  ude_error         error;
  ck_ok(ude_sindy(table, NULL, NULL, &options, &found, &error), &error);
  ck_assert_str_eq(found->equations[1].name, "d(y)/dt");
  has_equation(found, 0, "x y", (double[]){-10, 10}, 0.01);
  has_equation(found, 1, "x y x*z", (double[]){28, -1, -1}, 0.02);
  has_equation(found, 2, "z x*y", (double[]){-8.0 / 3, 1}, 0.01);
  ude_discovery_free(found);
  ude_table_free(plain);
  ude_table_free(table);
  plain = hand_measure(2, cubic, from, 0.05, 400, NULL, 0);
  table = with_derivatives(plain, 2, cubic, RATIOS, 0);
  ck_ok(ude_sindy(table, NULL, NULL, NULL, &found, &error), &error);
  has_equation(found, 0, "x^3 y^3", (double[]){-0.1, 2}, 1e-9);
  has_equation(found, 1, "x^3 y^3", (double[]){-2, -0.1}, 1e-9);
  ude_discovery_free(found);
  ude_table_free(plain);
  ude_table_free(table);
}
END_TEST

/* Noisy measurements of Lotka and Volterra's equations, nothing known: all four terms, refitted. */
START_TEST(test_refit) {
  const double      start[2] = {0.44249296, 4.6280594};
  double            noise[2] = {0.01, 0.02};
  hand_model        model    = {.states = 2};
  ude_table        *table    = hand_measure(2, lotka_volterra, start, 0.1, 81, noise, (uint64_t)_i);
  ude_sindy_options options  = {.discover = {.library = {.polynomial = 3}}};
  ude_discovery    *found    = NULL;
  ude_error         error;
  ck_ok(ude_sindy(table, hand_rebuild, &model, &options, &found, &error), &error);
  has_equation(found, 0, "x x*y", (double[]){1.3, -0.9}, 0.03);
  has_equation(found, 1, "y x*y", (double[]){-1.8, 0.8}, 0.03);
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < 2; i++) {
      ck_assert_double_lt(found->equations[k].terms[i].standard_error, 0.02);
    }
    ck_assert_double_eq_tol(found->column_deviations[k], noise[k], 0.3 * noise[k]);
  }
  ude_discovery_free(found);
  ude_table_free(table);
}
END_TEST

/* Two trajectories, and a row with a missing cell. */
START_TEST(test_trajectories) {
  const double a[2] = {0.44249296, 4.6280594}, b[2] = {2, 1};
  double       noise[2] = {0.01, 0.01};
  ude_table   *one      = hand_measure(2, lotka_volterra, a, 0.1, 41, noise, 5);
  ude_table   *two      = hand_measure(2, lotka_volterra, b, 0.1, 41, noise, 6);
  ude_table   *both     = NULL;
  const char  *names[]  = {"trajectory", "t", "x", "y"};
  ck_assert_int_eq(ude_table_create(82, 4, names, &both, NULL), UDE_OK);
  for (int64_t row = 0; row < 82; row++) {
    const ude_table *from = row < 41 ? one : two;
    both->values[4 * row] = row < 41 ? 1 : 2;
    const double *values  = from->values + 3 * (row % 41);
    memcpy(both->values + 4 * row + 1, values, 3 * sizeof *values);
  }
  both->values[4 * 10 + 2]  = NAN;
  hand_model        model   = {.states = 2};
  ude_sindy_options options = {.discover   = {.library = {.polynomial = 2}},
                               .derivative = UDE_DERIVATIVES_SAVITZKY_GOLAY,
                               .window     = 7};
  ude_discovery    *found   = NULL;
  ude_error         error;
  ck_ok(ude_sindy(both, hand_rebuild, &model, &options, &found, &error), &error);
  has_equation(found, 0, "x x*y", (double[]){1.3, -0.9}, 0.03);
  has_equation(found, 1, "y x*y", (double[]){-1.8, 0.8}, 0.03);
  ck_assert_int_eq(found->trajectory_count, 2);
  ck_assert_int_eq(found->observations, 163);
  ck_assert_int_eq(found->samples[0].rows, 81);
  ude_discovery_free(found);
  ude_table_free(one);
  ude_table_free(two);
  ude_table_free(both);
}
END_TEST

/* A chaotic solution is refitted in stretches. */
START_TEST(test_chaos_in_segments) {
  const double      start[3] = {-8, 8, 27}, noise[3] = {0.05, 0.05, 0.05};
  hand_model        model   = {.states = 3};
  ude_table        *table   = hand_measure(3, lorenz, start, 0.02, 300, noise, 2);
  ude_sindy_options options = {.discover = {.library = {.polynomial = 2}, .starts = 6},
                               .segment  = 50};
  ude_discovery    *found   = NULL;
  ude_error         error;
  ck_ok(ude_sindy(table, hand_rebuild, &model, &options, &found, &error), &error);
  has_equation(found, 0, "x y", (double[]){-10, 10}, 0.1);
  has_equation(found, 1, "x y x*z", (double[]){28, -1, -1}, 0.2);
  has_equation(found, 2, "z x*y", (double[]){-8.0 / 3, 1}, 0.05);
  ck_assert_int_eq(found->trajectory_count, 6);
  ude_discovery_free(found);
  ude_table_free(table);
}
END_TEST

/* Measurements of Lorenz's states themselves with noise 0.2: integrals show the equations, with the ensemble's spread as their
 * standard errors; the derivatives of a single regression carry false terms. */
START_TEST(test_weak_form) {
  const double       start[3] = {-8, 8, 27}, noise[3] = {0.2, 0.2, 0.2};
  ude_table         *table   = hand_measure(3, lorenz, start, 0.005, 3000, noise, 3);
  ude_sparse_options sparse  = {.models = 20};
  ude_sindy_options  options = {
       .discover = {.library = {.polynomial = 2}}, .sparse = &sparse, .weak = 20};
  ude_discovery *found = NULL;
  ude_error      error;
  ck_ok(ude_sindy(table, NULL, NULL, &options, &found, &error), &error);
  has_equation(found, 0, "x y", (double[]){-10, 10}, 0.1);
  has_equation(found, 1, "x y x*z", (double[]){28, -1, -1}, 0.2);
  has_equation(found, 2, "z x*y", (double[]){-8.0 / 3, 1}, 0.05);
  ck_assert_double_gt(found->equations[0].terms[0].standard_error, 1e-4);
  ck_assert_double_lt(found->equations[0].terms[0].standard_error, 0.1);
  ck_assert_ptr_nonnull(strstr(found->notes, "weak form"));
  ck_assert_ptr_nonnull(strstr(found->notes, "d(z)/dt: kept by the ensemble: z 100 %, x*y 100 %"));
  ude_discovery_free(found);
  options.weak = 0;
  ck_ok(ude_sindy(table, NULL, NULL, &options, &found, &error), &error);
  ck_assert_ptr_nonnull(strstr(found->notes, "on derivatives"));
  ude_discovery_free(found);
  options.weak = 2000;
  ck_assert_int_eq(ude_sindy(table, NULL, NULL, &options, &found, &error), UDE_BAD_DATA);
  ck_assert_ptr_nonnull(strstr(error.message, "4001 rows"));
  options.weak = 1;
  ck_assert_int_eq(ude_sindy(table, NULL, NULL, &options, &found, &error), UDE_INVALID_ARGUMENT);
  options.weak   = 20;
  options.sparse = NULL;
  ck_assert_int_eq(ude_sindy(table, NULL, NULL, &options, &found, &error), UDE_INVALID_ARGUMENT);
  ude_table_free(table);
}
END_TEST

/* Without noise the trapezoidal rule errs less than any power of the spacing that the test function's zeros allow: halving it
 * gains at least 2^5. Two trajectories; no test function reaches from one into the other. */
START_TEST(test_weak_order) {
  double errors[2];
  for (int fine = 0; fine < 2; fine++) {
    int                rows   = fine ? 161 : 81;
    const double       one[2] = {2, 0}, two[2] = {0, 1.5};
    ude_table         *a       = hand_measure(2, cubic, one, fine ? 0.05 : 0.1, rows, NULL, 0);
    ude_table         *b       = hand_measure(2, cubic, two, fine ? 0.05 : 0.1, rows, NULL, 0);
    const char        *names[] = {"trajectory", "t", "x", "y"};
    ude_table         *both    = NULL;
    ude_sparse_options sparse  = {.threshold = 0.03};
    ude_sindy_options  options = {
         .discover = {.library = {.polynomial = 3}}, .sparse = &sparse, .weak = fine ? 16 : 8};
    ude_discovery *found = NULL;
    ude_error      error;
    ck_ok(ude_table_create(2 * (int64_t)rows, 4, names, &both, &error), &error);
    for (int row = 0; row < 2 * rows; row++) {
      const ude_table *from = row < rows ? a : b;
      both->values[4 * row] = row < rows ? 1 : 2;
      memcpy(both->values + 4 * row + 1, from->values + 3 * (row % rows), 3 * sizeof(double));
    }
    ck_ok(ude_sindy(both, NULL, NULL, &options, &found, &error), &error);
    has_equation(found, 0, "x^3 y^3", (double[]){-0.1, 2}, 0.01);
    has_equation(found, 1, "x^3 y^3", (double[]){-2, -0.1}, 0.01);
    errors[fine] = fabs(found->equations[0].terms[0].coefficient + 0.1) +
                   fabs(found->equations[0].terms[1].coefficient - 2);
    ude_discovery_free(found);
    ude_table_free(a);
    ude_table_free(b);
    ude_table_free(both);
  }
  ck_assert_msg(errors[0] > 32 * errors[1] || errors[1] < 1e-9, "%g, %g", errors[0], errors[1]);
}
END_TEST

/* The model file is C that a compiler accepts without a warning. */
START_TEST(test_source) {
  const double      from[2] = {2, 0};
  ude_table        *table   = hand_measure(2, cubic, from, 0.05, 200, NULL, 0);
  ude_sindy_options options = {.discover  = {.library = {.polynomial = 3, .rational = true}},
                               .with_time = true};
  ude_discovery    *found   = NULL;
  ude_error         error;
  ck_ok(ude_sindy(table, NULL, NULL, &options, &found, &error), &error);
  ck_assert_ptr_nonnull(strstr(found->final.source, "struct state {\n  double x, y;\n};"));
  ck_assert_ptr_nonnull(strstr(found->final.source, "p->x_y3 * u->y * u->y * u->y"));
  ck_assert_ptr_nonnull(strstr(found->final.source, "const struct state u0 = {.x = 2, .y = 0};"));
  ck_assert_ptr_nonnull(strstr(found->notes, "not refitted"));
  char directory[] = "/tmp/ude_sindy_XXXXXX", path[64], command[300];
  ck_assert_ptr_nonnull(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/m.c", directory);
  ck_ok(ude_file_write(path, found->final.source, strlen(found->final.source), &error), &error);
  snprintf(command, sizeof command,
           "cc -std=c11 -Wall -Wextra -Wno-unused-parameter -Werror -c -o %s/m.o %s", directory,
           path);
  ck_assert_int_eq(system(command), 0);
  snprintf(command, sizeof command, "rm -r %s", directory);
  ck_assert_int_eq(system(command), 0);
  ude_discovery_free(found);
  ude_table_free(table);
}
END_TEST

START_TEST(test_bad_tables) {
  static const struct {
    const char *csv, *message;
    int         derivative;
    const char *state;
  } bad[] = {
      {"x,y\n1,2\n", "no column 't' or 'time'", 0, NULL},
      {"t,x (m)\n0,1\n1,2\n2,3\n3,4\n4,5\n", "column 'x (m)' cannot be the name", 0, NULL},
      {"t,double\n0,1\n1,2\n2,3\n3,4\n4,5\n", "column 'double' cannot be the name", 0, NULL},
      {"t,x\n0,1\n1,2\n2,3\n3,4\n4,5\n", "there is no column 'd(x)'", UDE_DERIVATIVES_GIVEN, NULL},
      {"t,x\n0,1\n1,2\n2,3\n3,4\n4,5\n", "no column 'wolf'", 0, "wolf"},
      {"t,x\n0,1\n1,2\n2,3\n", "column 'x', rows 1 to 3: derivatives need at least 5", 0, NULL},
      {"t,x\n0,1\n1,2\n1,3\n3,4\n4,5\n", "point 2 (t = 1", 0, NULL},
      {"t,trajectory\n0,1\n1,2\n", "no column of a state", 0, NULL},
      {"t,x,y\n0,1,\n1,2,\n2,3,\n3,4,\n4,5,\n", "column 'y'", 0, NULL},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ude_table        *table = NULL;
    ude_discovery    *found = NULL;
    ude_error         error;
    ude_sindy_options options = {.derivative  = (ude_derivative)bad[i].derivative,
                                 .states      = bad[i].state ? &bad[i].state : NULL,
                                 .state_count = 1};
    ck_ok(ude_table_parse("t.csv", bad[i].csv, strlen(bad[i].csv), &table, &error), &error);
    ck_assert_int_eq(ude_sindy(table, NULL, NULL, &options, &found, &error), UDE_BAD_DATA);
    ck_assert_msg(strstr(error.message, bad[i].message), "%s", error.message);
    ck_assert_ptr_null(found);
    ude_table_free(table);
  }
  ude_discovery *found = NULL;
  ck_assert_int_eq(ude_sindy(NULL, NULL, NULL, NULL, &found, NULL), UDE_INVALID_ARGUMENT);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sindy");
  TCase *tests = tcase_create("sindy");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, test_given_derivatives);
  tcase_add_loop_test(tests, test_refit, 0, 5);
  tcase_add_test(tests, test_trajectories);
  tcase_add_test(tests, test_chaos_in_segments);
  tcase_add_test(tests, test_weak_form);
  tcase_add_test(tests, test_weak_order);
  tcase_add_test(tests, test_source);
  tcase_add_test(tests, test_bad_tables);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
