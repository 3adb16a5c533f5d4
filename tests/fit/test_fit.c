/* Training: optima, data sets, ranges, files; the resuming of fits is in test_resume.c. */
#include <unistd.h>

#include "fit_fields.h"

static ude_dataset *parse(const char *text, const ude_vector_field *field, ude_status expected,
                          const char *message) {
  ude_table   *table = NULL;
  ude_dataset *data  = NULL;
  ude_error    error = {0};
  const char  *name  = "data.csv";
  ck_ok(ude_table_parse(name, text, strlen(text), &table, &error), &error);
  const ude_table *tables[] = {table};
  ude_status       status   = ude_dataset_from_tables(tables, &name, 1, field, NULL, &data, &error);
  ck_assert_msg(status == expected, "%s", error.message);
  if (message) {
    ck_assert_str_eq(error.message, message);
  }
  ude_table_free(table);
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
  ude_error error         = {0};
  logistic_param[0].lower = 0;
  logistic_param[0].upper = 5; /* the chain rule of the range */
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
  logistic_param[0].lower = logistic_param[0].upper = 0;
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
  logistic_param[0].lower  = 0;
  logistic_param[0].upper  = 1; /* the truth lies outside */
  ck_assert(ude_fit(&field, data, &options, p, NULL, &result, NULL) == UDE_OK);
  ck_assert_double_gt(p[0], 0.99);
  ck_assert_double_le(p[0], 1);
  logistic_param[0].lower = logistic_param[0].upper = 0;
  ude_dataset_free(data);
}
END_TEST

/* A right-hand side that is not finite for k < 1: line searches must come back. */
static int fragile(double *y, const double *u, const double *p, double t, void *context) {
  logistic_rhs(y, u, p, t, context);
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
                    logistic_exact(1.2, 3, x0, 0.4 * (i % 10)));
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
  tcase_add_test(core, failed_evaluations_are_survived);
  tcase_add_test(core, several_trajectories_start_from_their_first_rows);
  tcase_add_test(core, bad_data_is_named);
  tcase_add_test(core, parameter_files);
  tcase_add_test(core, initialisation_is_seeded);
  suite_add_tcase(suite, core);
  return ude_check_run(suite);
}
