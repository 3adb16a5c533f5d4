/* Training with the solver's estimates in the loss: the data leave a direction open, and the fit takes the one that is easy to solve. */
#include <ude/fit.h>

#include "support/polynomial.h"
#include "support/ude_check.h"

/* x' = y - p0 x with the constant y = p1: x(1) = p1 (1 - exp(-p0)) / p0 is all that is measured. */
static const polynomial_term terms[] = {{0, 1, NONE, U1(1)}, {0, -1, 0, U1(0)}, {1, 0, 1, U1(0)}};
static const polynomial      relax   = {2, 2, TERMS(terms)};

/* The second state is the inflow: constant, from its own parameter. */
static int initial(double *y, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)t;
  (void)context;
  y[0] = 0;
  y[1] = p[1];
  return 0;
}

static int initial_vjp(const double *u, const double *p, double t, const double *w, double *u_bar,
                       double *p_bar, double *t_bar, void *context) {
  (void)u;
  (void)p;
  (void)t;
  (void)u_bar;
  (void)t_bar;
  (void)context;
  if (p_bar) {
    p_bar[1] += w[1];
  }
  return 0;
}

static ude_vector_field field_(void) {
  static const ude_member state[] = {{.name = "x", .first = 0, .count = 1},
                                     {.name = "inflow", .first = 1, .count = 1}};
  ude_vector_field        field   = polynomial_field(&relax);
  field.state                     = (ude_layout){.count = 2, .members = 2, .member = state};
  field.initial                   = (ude_map){.rows = 2, .value = initial, .vjp = initial_vjp};
  field.has_tspan                 = true;
  field.tspan[1]                  = 1;
  return field;
}

static ude_dataset *endpoint(const ude_vector_field *field) {
  static const char text[] = "t,x\n1,1\n";
  const char       *name   = "end.csv";
  ude_table        *table  = NULL;
  ude_dataset      *data   = NULL;
  ude_error         error  = {0};
  ck_ok(ude_table_parse(name, text, strlen(text), &table, &error), &error);
  const ude_table *tables[] = {table};
  ck_ok(ude_dataset_from_tables(tables, &name, 1, field, NULL, &data, &error), &error);
  ude_table_free(table);
  return data;
}

/* The controller keeps E near 1, whatever the model: on steps that adapt it is their number that counts, and E^2 summed counts them. The
 * gradient holds steps fixed, which Adam takes and a line search does not.
 *
 * Steps of the trained model, and what it gives at the end. */
static int64_t train(const ude_estimate_term *term, int64_t count, bool by_adam, double *p,
                     double *end) {
  ude_vector_field field = field_();
  ude_dataset     *data  = endpoint(&field);
  ude_error        error = {0};
  ude_fit_result   result;
  ude_fit_options  options = {.solve     = {.method = "tsit5", .rtol = 1e-6, .atol = 1e-6},
                              .adam      = by_adam ? 1500 : 0,
                              .optimizer = by_adam ? UDE_OPTIMIZER_NONE : UDE_OPTIMIZER_BFGS,
                              .initial   = UDE_INITIAL_MODEL,
                              .estimates = count,
                              .estimate  = term};
  ck_ok(ude_fit(&field, data, &options, p, NULL, &result, &error), &error);
  ude_integrator  *in = NULL;
  ude_solve_result solve;
  double           u0[2] = {0, p[1]}, u_end[2];
  ck_ok(ude_integrator_create(&field, &options.solve, &in, &error), &error);
  ck_ok(ude_integrator_run(in, u0, p, 0, 1, NULL, 0, NULL, u_end, &solve, &error), &error);
  *end = u_end[0];
  ude_integrator_free(in);
  ude_dataset_free(data);
  return solve.steps;
}

START_TEST(fewer_steps) {
  const ude_estimate_term with[][1] = {{{UDE_ESTIMATE_STIFFNESS, UDE_ESTIMATE_MAX, 1e-3}},
                                       {{UDE_ESTIMATE_STIFFNESS_STEP, UDE_ESTIMATE_SUM, 1e-3}},
                                       {{UDE_ESTIMATE_ERROR_SQUARED, UDE_ESTIMATE_SUM, 0.05}}};
  double                  p[2] = {40, 30}, end = 0;
  int64_t                 plain = train(NULL, 0, _i == 2, p, &end);
  ck_assert_double_eq_tol(end, 1, 1e-5);
  ck_assert_double_gt(p[0], 20); /* the data say nothing against it */
  double  q[2]  = {40, 30};
  int64_t fewer = train(with[_i], 1, _i == 2, q, &end);
  ck_assert_double_eq_tol(end, 1, 2e-2);
  ck_assert_msg(3 * fewer <= 2 * plain, "%lld steps, without the term %lld", (long long)fewer,
                (long long)plain);
}
END_TEST

START_TEST(levenberg_marquardt_is_refused) {
  const ude_estimate_term term  = {UDE_ESTIMATE_ERROR, UDE_ESTIMATE_SUM, 1};
  ude_vector_field        field = field_();
  ude_dataset            *data  = endpoint(&field);
  double                  p[2]  = {4, 3};
  ude_error               error = {0};
  ude_fit_result          result;
  ude_fit_options         options = {.optimizer = UDE_OPTIMIZER_LM,
                                     .estimates = 1,
                                     .estimate  = &term,
                                     .initial   = UDE_INITIAL_MODEL};
  ck_fails(ude_fit(&field, data, &options, p, NULL, &result, &error), UDE_UNSUPPORTED, &error,
           "solver's estimates", "bfgs");
  ude_dataset_free(data);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("fit: the solver's estimates");
  TCase *tests = tcase_create("heuristics");
  tcase_add_loop_test(tests, fewer_steps, 0, 3);
  tcase_add_test(tests, levenberg_marquardt_is_refused);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
