/* Training: known optima, resuming to the same bits, shooting, starts, ranges; data sets and their errors. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ude/fit.h>
#include <unistd.h>

/* Logistic growth u' = r u (1 - u/k), with hand-written derivatives. */
static int rhs(double *y, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  y[0] = p[0] * u[0] * (1 - u[0] / p[1]);
  return 0;
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  double du = u_dot ? u_dot[0] : 0;
  double dr = p_dot ? p_dot[0] : 0;
  double dk = p_dot ? p_dot[1] : 0;
  (void)t_dot;
  rhs(y, u, p, t, context);
  y_dot[0] = dr * u[0] * (1 - u[0] / p[1]) + p[0] * (1 - 2 * u[0] / p[1]) * du +
             p[0] * u[0] * u[0] / (p[1] * p[1]) * dk;
  return 0;
}

static int vjp(const double *u, const double *p, double t, const double *w, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += p[0] * (1 - 2 * u[0] / p[1]) * w[0];
  }
  if (p_bar) {
    p_bar[0] += u[0] * (1 - u[0] / p[1]) * w[0];
    p_bar[1] += p[0] * u[0] * u[0] / (p[1] * p[1]) * w[0];
  }
  return 0;
}

static const double     start = 0.1;
static const ude_member state = {.name = "x", .count = 1};
static ude_member params[2]   = {{.name = "r", .count = 1}, {.name = "k", .first = 1, .count = 1}};

static ude_vector_field logistic(void) {
  return (ude_vector_field){.state = {.count = 1, .members = 1, .member = &state},
                            .param = {.count = 2, .members = 2, .member = params},
                            .rhs = {.rows = 1, .columns = 1, .value = rhs, .jvp = jvp, .vjp = vjp},
                            .u0  = &start};
}

/* x(t) = k / (1 + (k/x0 - 1) exp(-r t)) */
static double exact(double r, double k, double x0, double t) {
  return k / (1 + (k / x0 - 1) * exp(-r * t));
}

static ude_dataset *parse(const char *text, const ude_vector_field *field, ude_status expected,
                          const char *message) {
  ude_table   *table = NULL;
  ude_dataset *data  = NULL;
  ude_error    error = {0};
  const char  *name  = "data.csv";
  ck_assert_msg(ude_table_parse(name, text, strlen(text), &table, &error) == UDE_OK, "%s",
                error.message);
  const ude_table *tables[] = {table};
  ude_status       status   = ude_dataset_from_tables(tables, &name, 1, field, NULL, &data, &error);
  ck_assert_msg(status == expected, "%s", error.message);
  if (message) {
    ck_assert_str_eq(error.message, message);
  }
  ude_table_free(table);
  return data;
}

static ude_dataset *growth(const ude_vector_field *field, double r, double k, int rows) {
  ude_text text = {0};
  ude_text_append(&text, "t,x\n");
  for (int i = 0; i < rows; i++) {
    double t = 0.5 * i;
    if (i == 3) {
      ude_text_append(&text, "%.17g,\n", t); /* missing */
    } else {
      ude_text_append(&text, "%.17g,%.17g\n", t, exact(r, k, start, t));
    }
  }
  ude_dataset *data = parse(text.data, field, UDE_OK, NULL);
  ude_text_free(&text);
  return data;
}

START_TEST(every_optimizer_finds_the_parameters) {
  static const ude_optimizer optimizers[] = {UDE_OPTIMIZER_BFGS, UDE_OPTIMIZER_LBFGS,
                                             UDE_OPTIMIZER_LM};
  ude_vector_field           field        = logistic();
  ude_dataset               *data         = growth(&field, 1.2, 3, 20);
  double                     p[2]         = {0.5, 1.5};
  ude_error                  error        = {0};
  ude_fit_result             result;
  ude_fit_options            options = {.solve     = {.rtol = 1e-10, .atol = 1e-11},
                                        .adam      = _i == 2 ? -1 : 100,
                                        .optimizer = optimizers[_i]};
  ck_assert_int_eq(data->cells, 19);
  ck_assert_msg(ude_fit(&field, data, &options, p, NULL, &result, &error) == UDE_OK, "%s",
                error.message);
  ck_assert_double_eq_tol(p[0], 1.2, 1e-6);
  ck_assert_double_eq_tol(p[1], 3, 1e-6);
  ck_assert_double_lt(result.loss, 1e-12);
  ude_dataset_free(data);
}
END_TEST

START_TEST(multiple_shooting_agrees_with_single) {
  ude_vector_field field = logistic();
  ude_dataset     *data  = growth(&field, 1.2, 3, 20);
  double           p[2]  = {0.5, 1.5};
  ude_error        error = {0};
  ude_fit_result   result;
  ude_fit_options  options = {
       .solve = {.rtol = 1e-10, .atol = 1e-11}, .segment = 4, .iterations = 5000};
  if (_i == 1) {
    options.optimizer = UDE_OPTIMIZER_LM;
    options.adam      = -1;
  }
  ck_assert_msg(ude_fit(&field, data, &options, p, NULL, &result, &error) == UDE_OK, "%s",
                error.message);
  ck_assert_int_eq(result.variables, 2); /* in the end the solution is one */
  ck_assert_double_eq_tol(p[0], 1.2, 1e-4);
  ck_assert_double_eq_tol(p[1], 3, 1e-4);
  ude_dataset_free(data);
}
END_TEST

START_TEST(gradient_of_the_loss_agrees_with_differences) {
  static const ude_initial_policy policies[] = {UDE_INITIAL_MODEL, UDE_INITIAL_TRAINED,
                                                UDE_INITIAL_TRAINED};
  ude_vector_field                field      = logistic();
  ude_dataset                    *data       = growth(&field, 1.2, 3, 12);
  double                          p[2]       = {0.8, 2};
  ude_loss                       *loss       = NULL;
  ude_fit_options                 options    = {
                         .solve = {.rtol = 1e-12, .atol = 1e-13}, .initial = policies[_i], .segment = _i == 2 ? 3 : 0};
  ude_error error = {0};
  params[0].lower = 0;
  params[0].upper = 5; /* the chain rule of the range */
  ck_assert_msg(ude_loss_create(&field, data, &options, p, &loss, &error) == UDE_OK, "%s",
                error.message);
  int64_t n = ude_loss_dimension(loss), m = ude_loss_residual_count(loss);
  double *theta = calloc((size_t)n, sizeof *theta), *g = calloc((size_t)n, sizeof *g);
  double *r = calloc((size_t)m, sizeof *r), *jacobian = calloc((size_t)(m * n), sizeof *jacobian);
  double  value = 0, sum = 0;
  ude_loss_start(loss, theta);
  ck_assert(ude_loss_evaluate(loss, theta, &value, g, &error) == UDE_OK);
  ck_assert(ude_loss_residuals(loss, theta, r, jacobian, &error) == UDE_OK);
  for (int64_t i = 0; i < m; i++) {
    sum += r[i] * r[i];
  }
  ck_assert_double_eq_tol(sum, value, 1e-10 * (1 + value));
  for (int64_t k = 0; k < n; k++) {
    double side[2], from_residuals = 0;
    for (int s = 0; s < 2; s++) {
      theta[k] += s ? 2e-5 : -1e-5;
      ck_assert(ude_loss_evaluate(loss, theta, &side[s], NULL, &error) == UDE_OK);
    }
    theta[k] -= 1e-5;
    for (int64_t i = 0; i < m; i++) {
      from_residuals += 2 * r[i] * jacobian[i * n + k];
    }
    ck_assert_double_eq_tol(g[k], (side[1] - side[0]) / 2e-5, 1e-5 * (1 + fabs(g[k])));
    ck_assert_double_eq_tol(g[k], from_residuals, 1e-9 * (1 + fabs(g[k])));
  }
  params[0].lower = params[0].upper = 0;
  free(theta);
  free(g);
  free(r);
  free(jacobian);
  ude_loss_free(loss);
  ude_dataset_free(data);
}
END_TEST

START_TEST(ranges_are_kept) {
  ude_vector_field field = logistic();
  ude_dataset     *data  = growth(&field, 1.2, 3, 20);
  double           p[2]  = {0.5, 1.5};
  ude_fit_result   result;
  ude_fit_options  options = {.solve = {.rtol = 1e-8, .atol = 1e-9}};
  params[0].lower          = 0;
  params[0].upper          = 1; /* the truth lies outside */
  ck_assert(ude_fit(&field, data, &options, p, NULL, &result, NULL) == UDE_OK);
  ck_assert_double_gt(p[0], 0.99);
  ck_assert_double_le(p[0], 1);
  params[0].lower = params[0].upper = 0;
  ude_dataset_free(data);
}
END_TEST

typedef struct stopper {
  int64_t after, seen;
} stopper;

static bool stop_after(const ude_progress *progress, void *context) {
  stopper *s = context;
  (void)progress;
  return ++s->seen == s->after;
}

static void remove_folder(const char *folder) {
  char command[300];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  ck_assert_int_eq(system(command), 0);
}

/* A fit that is stopped in any phase and resumed computes the same bits as one that is not. */
START_TEST(resumed_fit_is_the_same) {
  static const int64_t       stops[]      = {7, 35, 36, 44};
  static const ude_optimizer optimizers[] = {UDE_OPTIMIZER_BFGS, UDE_OPTIMIZER_LBFGS};
  ude_vector_field           field        = logistic();
  ude_dataset               *data         = growth(&field, 1.2, 3, 20);
  char                       folder[]     = "/tmp/ude-test-fit-XXXXXX";
  ude_error                  error        = {0};
  ude_fit_result             result, again;
  stopper                    stop    = {.after = stops[_i % 4]};
  ude_fit_options            options = {
                 .solve = {.rtol = 1e-6, .atol = 1e-8}, .adam = 35, .optimizer = optimizers[_i / 4]};
  double whole[2] = {0.5, 1.5}, parts[2] = {0.5, 1.5};
  ck_assert(ude_fit(&field, data, &options, whole, NULL, &result, &error) == UDE_OK);
  ck_assert_ptr_nonnull(mkdtemp(folder));
  options.folder           = folder;
  options.resume           = true;
  options.progress         = stop_after;
  options.progress_context = &stop;
  ck_assert_int_eq(ude_fit(&field, data, &options, parts, NULL, &again, &error), UDE_INTERRUPTED);
  ck_assert_int_lt(again.iterations, result.iterations);
  parts[0] = 0.5;
  parts[1] = 1.5;
  ck_assert_msg(ude_fit(&field, data, &options, parts, NULL, &again, &error) == UDE_OK, "%s",
                error.message);
  ck_assert_mem_eq(whole, parts, sizeof whole);
  ck_assert_double_eq(result.loss, again.loss);
  ck_assert_int_eq(result.evaluations, again.evaluations);
  /* the checkpoint of another problem is refused */
  options.rate = 0.01;
  ck_assert_int_eq(ude_fit(&field, data, &options, parts, NULL, &again, &error), UDE_BAD_DATA);
  remove_folder(folder);
  ude_dataset_free(data);
}
END_TEST

/* A right-hand side that is not finite for k < 1: line searches must come back. */
static int fragile(double *y, const double *u, const double *p, double t, void *context) {
  rhs(y, u, p, t, context);
  if (p[1] < 1.4) {
    y[0] = NAN;
  }
  return 0;
}

START_TEST(failed_evaluations_are_survived) {
  ude_vector_field field = logistic();
  ude_dataset     *data  = growth(&field, 1.2, 1.6, 20);
  double           p[2]  = {0.3, 3};
  ude_fit_result   result;
  ude_fit_options  options = {.solve = {.rtol = 1e-8, .atol = 1e-9}, .adam = 20, .rate = 0.8};
  field.rhs.value          = fragile;
  ck_assert(ude_fit(&field, data, &options, p, NULL, &result, NULL) == UDE_OK);
  ck_assert_int_gt(result.failed_evaluations, 0);
  ck_assert_double_eq_tol(p[1], 1.6, 1e-4);
  ude_dataset_free(data);
}
END_TEST

START_TEST(several_trajectories_start_from_their_first_rows) {
  ude_vector_field field = logistic();
  ude_text         text  = {0};
  double           p[2]  = {0.5, 1.5}, starts[2];
  ude_fit_result   result;
  ude_fit_options  options = {.solve = {.rtol = 1e-10, .atol = 1e-11}};
  ude_text_append(&text, "trajectory,t,x\n");
  for (int i = 0; i < 20; i++) {
    double x0 = i < 10 ? 0.2 : 5;
    ude_text_append(&text, "%d,%.17g,%.17g\n", i / 10, 0.4 * (i % 10),
                    exact(1.2, 3, x0, 0.4 * (i % 10)));
  }
  ude_dataset *data = parse(text.data, &field, UDE_OK, NULL);
  ck_assert_int_eq(data->trajectories, 2);
  ck_assert(ude_fit(&field, data, &options, p, starts, &result, NULL) == UDE_OK);
  ck_assert_double_eq_tol(p[0], 1.2, 1e-6);
  ck_assert_double_eq(starts[0], 0.2);
  ck_assert_double_eq(starts[1], 5);
  ude_text_free(&text);
  ude_dataset_free(data);
}
END_TEST

START_TEST(bad_data_is_named) {
  ude_vector_field field = logistic();
  parse("t,y\n0,1\n", &field, UDE_BAD_DATA,
        "data.csv: column 'y' is no member of struct state of the model; its members are: x");
  parse("u,x\n0,1\n", &field, UDE_BAD_DATA, "data.csv: there is no time column 't'");
  parse("t,x\n0,1\n1,2\n1,3\n", &field, UDE_BAD_DATA,
        "data.csv:4: times must increase within a trajectory, but 1 follows 1");
  parse("t,x\n0,\n1,\n", &field, UDE_BAD_DATA, "data.csv: every cell is missing");
  parse("t,x\n,1\n", &field, UDE_BAD_DATA, "data.csv:2: the time is missing");
  parse("trajectory,t,x\n0,0,1\n1,0,1\n0,1,1\n", &field, UDE_BAD_DATA,
        "data.csv:4: trajectory 0 comes back: its rows must stand together");
}
END_TEST

static ude_status read_params(const char *text, double *p, ude_error *error) {
  char             path[] = "/tmp/ude-test-params-XXXXXX";
  ude_vector_field field  = logistic();
  int              file   = mkstemp(path);
  ck_assert_int_ge(file, 0);
  ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
  close(file);
  ude_status status = ude_params_read(path, &field, p, error);
  unlink(path);
  return status;
}

START_TEST(parameter_files) {
  static const char *const good[]   = {"{\"params\": {\"r\": 2, \"k\": 4}}",
                                       "{\"k\": 4, \"r\": 2}",
                                       "r = 2\nk=4\n",
                                       "name,value\nr,2\nk,4\n",
                                       "2\n4\n",
                                       "# both\n2\r\n4\r\n"};
  static const char *const bad[][2] = {{"2\n", "holds 1 plain numbers, but the model trains 2"},
                                       {"q=1\n", "no parameter 'q'"},
                                       {"r=x\n", "is not a finite number"},
                                       {"{\"r\": \"x\"}", "is not a finite number"},
                                       {"{\"r\": ", "not valid JSON"},
                                       {"hello\n", "neither name=value nor a number"},
                                       {"", "holds no parameters"}};
  ude_error                error    = {0};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    double p[2] = {0, 0};
    ck_assert_msg(read_params(good[i], p, &error) == UDE_OK, "%s", error.message);
    ck_assert_double_eq(p[0], 2);
    ck_assert_double_eq(p[1], 4);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    double p[2] = {0, 0};
    ck_assert_int_eq(read_params(bad[i][0], p, &error), UDE_BAD_DATA);
    ck_assert_msg(strstr(error.message, bad[i][1]) != NULL, "%s", error.message);
  }
}
END_TEST

START_TEST(initialisation_is_seeded) {
  ude_member member = {
      .name = "w", .count = 12, .rank = 2, .extents = {3, 4}, .init = UDE_INIT_GLOROT_UNIFORM};
  ude_vector_field field = {.param = {.count = 12, .members = 1, .member = &member}};
  double           a[12] = {0}, b[12] = {0}, c[12] = {0}, bound = sqrt(6.0 / 7);
  ude_initialise(&field, 1, a);
  ude_initialise(&field, 1, b);
  ude_initialise(&field, 2, c);
  ck_assert_mem_eq(a, b, sizeof a);
  ck_assert_mem_ne(a, c, sizeof a);
  for (int i = 0; i < 12; i++) {
    ck_assert_double_le(fabs(a[i]), bound);
    ck_assert_double_ne(a[i], 0);
  }
  memcpy(b, a, sizeof a);
  ude_initialise(&field, 3, a); /* trained values stay */
  ck_assert_mem_eq(a, b, sizeof a);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("fit");
  TCase *core  = tcase_create("core");
  tcase_set_timeout(core, 60);
  tcase_add_loop_test(core, every_optimizer_finds_the_parameters, 0, 3);
  tcase_add_loop_test(core, multiple_shooting_agrees_with_single, 0, 2);
  tcase_add_loop_test(core, gradient_of_the_loss_agrees_with_differences, 0, 3);
  tcase_add_test(core, ranges_are_kept);
  tcase_add_loop_test(core, resumed_fit_is_the_same, 0, 8);
  tcase_add_test(core, failed_evaluations_are_survived);
  tcase_add_test(core, several_trajectories_start_from_their_first_rows);
  tcase_add_test(core, bad_data_is_named);
  tcase_add_test(core, parameter_files);
  tcase_add_test(core, initialisation_is_seeded);
  suite_add_tcase(suite, core);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
