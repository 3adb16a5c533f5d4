/* Structures chosen through the equation, on models by callbacks whose truth is known. */
#include <check.h>

#include "discover/hand_model.h"
#include "support/ude_check.h"

static const double LV_START[2] = {0.44249296, 4.6280594};
static const double LV_MEAN[2]  = {0.5072283, 1.0132637};

static void lotka_volterra(double *du, const double *u) {
  du[0] = 1.3 * u[0] - 0.9 * u[0] * u[1];
  du[1] = -1.8 * u[1] + 0.8 * u[0] * u[1];
}

/* A network that is wrong by some per cent, more so where there are few data. */
static void biased_interaction(double *out, const double *u) {
  double product = u[0] * u[1];
  out[0]         = -0.9 * product + 0.03 * sin(3 * u[0]) - 0.01 * u[1] * u[1] * exp(-u[0]);
  out[1]         = 0.8 * product * (1 + 0.05 * cos(2 * u[1])) + 0.02 * u[0];
}

typedef struct outcome {
  hand_model     model;
  ude_table     *table;
  ude_dataset   *data;
  ude_discovery *found;
  ude_status     status;
  ude_error      error;
  bool           from_model; /* the fit started from the model's u0 */
} outcome;

/* As the fit of the network would have had it. */
static const ude_fit_options FROM_DATA = {.initial = UDE_INITIAL_DATA};

static void discover(outcome *o, const ude_discover_options *options) {
  hand_open(&o->model);
  o->data = hand_dataset(o->table, &o->model.field, &o->error);
  ck_assert_msg(o->data != NULL, "%s", o->error.message);
  ude_discover_problem problem = {.field           = &o->model.field,
                                  .p               = o->model.p,
                                  .data            = o->data,
                                  .fit             = o->from_model ? NULL : &FROM_DATA,
                                  .rebuild         = hand_rebuild,
                                  .rebuild_context = &o->model};
  o->status                    = ude_discover(&problem, options, &o->found, &o->error);
}

static void finish(outcome *o) {
  ude_discovery_free(o->found);
  ude_dataset_free(o->data);
  ude_table_free(o->table);
  *o = (outcome){0};
}

static void measure_lv(outcome *o, double eta, uint64_t seed) {
  double noise[2] = {eta * LV_MEAN[0], eta * LV_MEAN[1]};
  *o       = (outcome){.model = {.states = 2, .rates = {1.3, -1.8}, .unknown = biased_interaction}};
  o->table = hand_measure(2, lotka_volterra, LV_START, 0.1, 31, noise, seed);
}

static bool has_terms(const ude_equation *e, const char *terms) {
  ude_text text = {0};
  for (int64_t i = 0; i < e->term_count; i++) {
    ude_text_append(&text, "%s%s", i ? " + " : "", e->terms[i].text);
  }
  bool same = strcmp(text.data ? text.data : "", terms) == 0;
  ude_text_free(&text);
  return same;
}

/* Noise of 0.5, 1 and 2.5 %: the structure each time, coefficients within four standard errors. */
START_TEST(test_lotka_volterra) {
  static const double levels[] = {0.005, 0.01, 0.025};
  outcome             o;
  measure_lv(&o, levels[_i % 3], (uint64_t)_i);
  discover(&o, NULL);
  ck_assert_msg(o.status == UDE_OK, "%s", o.error.message);
  ck_assert_int_eq(o.found->equation_count, 2);
  ck_assert(has_terms(&o.found->equations[0], "x*y"));
  ck_assert(has_terms(&o.found->equations[1], "x*y"));
  const double truth[2] = {-0.9, 0.8};
  for (int k = 0; k < 2; k++) {
    const ude_term *term = &o.found->equations[k].terms[0];
    ck_assert_double_gt(term->standard_error, 0);
    ck_assert_double_lt(term->standard_error, 2 * levels[_i % 3]);
    ck_assert_double_le(fabs(term->coefficient - truth[k]), 4 * term->standard_error);
    /* the noise that was put in */
    ck_assert_double_eq_tol(o.found->column_deviations[k], levels[_i % 3] * LV_MEAN[k],
                            0.4 * levels[_i % 3] * LV_MEAN[k]);
    ck_assert_double_eq_tol(o.found->u0[k], LV_START[k], 4 * levels[_i % 3] * LV_MEAN[k]);
  }
  ck_assert_int_eq(o.found->observations, 62);
  ck_assert_int_eq(o.found->parameters, 6); /* coefficients, initial states, variances */
  ck_assert_double_eq(o.found->alternatives[0].criterion, o.found->criterion_value);
  for (int64_t i = 1; i < o.found->alternative_count; i++) {
    ck_assert_double_ge(o.found->alternatives[i].criterion, o.found->alternatives[i - 1].criterion);
  }
  finish(&o);
}
END_TEST

/* Data without noise: exact coefficients in spite of the network's bias. */
START_TEST(test_exact_data) {
  outcome              o;
  ude_discover_options options = {.library = {.trigonometric = 1}};
  measure_lv(&o, 0, 0);
  discover(&o, &options);
  ck_assert_msg(o.status == UDE_OK, "%s", o.error.message);
  ck_assert(has_terms(&o.found->equations[0], "x*y"));
  ck_assert(has_terms(&o.found->equations[1], "x*y"));
  ck_assert_double_eq_tol(o.found->equations[0].terms[0].coefficient, -0.9, 1e-4);
  ck_assert_double_eq_tol(o.found->equations[1].terms[0].coefficient, 0.8, 1e-4);
  finish(&o);
}
END_TEST

/* The final request, and the result as text, LaTeX and JSON. */
START_TEST(test_outputs) {
  outcome o;
  measure_lv(&o, 0.01, 1);
  discover(&o, NULL);
  ck_assert_int_eq(o.status, UDE_OK);
  const ude_rebuild_request *final = &o.found->final;
  ck_assert_int_eq(final->body_count, 1);
  ck_assert_str_eq(final->bodies[0].function, "missing");
  ck_assert_str_eq(final->bodies[0].body,
                   "  const double x = in[0];\n"
                   "  const double y = in[1];\n"
                   "  out[0] = p->missing_0_x_y * x * y;\n"
                   "  out[1] = p->missing_1_x_y * x * y;");
  ck_assert_int_eq(final->param_count, 2);
  ck_assert_str_eq(final->params[0].name, "missing_0_x_y");
  ck_assert_str_eq(final->params[1].comment, "x*y");
  ck_assert_double_eq(final->params[0].value, o.found->equations[0].terms[0].coefficient);
  ck_assert_double_eq(ude_expression_value(final->params[1].term, (double[]){3, 5}), 15);
  ck_assert_ptr_nonnull(final->u0);
  ck_assert_double_eq(final->u0[1], o.found->u0[1]);
  /* the equations on the samples of the network */
  const ude_samples *s = &o.found->samples[0];
  ck_assert_str_eq(s->shown_names[1], "y");
  for (int64_t row = 0; row < s->rows; row += 17) {
    double product = s->in[2 * row] * s->in[2 * row + 1];
    ck_assert_double_eq_tol(o.found->recovered[0][2 * row],
                            o.found->equations[0].terms[0].coefficient * product, 1e-14);
  }
  static const struct {
    ude_style   style;
    const char *part;
  } parts[] = {{UDE_STYLE_TEXT, "missing[0] = -0."},
               {UDE_STYLE_TEXT, "x*y\n"},
               {UDE_STYLE_LATEX, "\\mathrm{missing}_{0} &= -0."},
               {UDE_STYLE_LATEX, "\\,x\\,y"},
               {UDE_STYLE_JSON, "\"param\": \"missing_1_x_y\""},
               {UDE_STYLE_JSON, "\"criterion\": \"ebic\""}};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    ude_text text = {0};
    ck_assert_int_eq(ude_discovery_print(o.found, parts[i].style, &text, &o.error), UDE_OK);
    ck_assert_msg(strstr(text.data, parts[i].part), "%s", text.data);
    ude_text_free(&text);
  }
  ude_text text = {0};
  ck_assert_int_eq(ude_discovery_print(o.found, UDE_STYLE_C, &text, &o.error),
                   UDE_INVALID_ARGUMENT);
  ude_text_free(&text);
  finish(&o);
}
END_TEST

static void decay(double *du, const double *u) {
  du[0] = -0.5 * u[0];
}

static void decay_and_more(double *out, const double *u) {
  out[0] = -0.5 * u[0] + 0.02 * sin(5 * u[0]);
}

static void nothing_much(double *out, const double *u) {
  out[0] = 0.01 * sin(5 * u[0]);
}

/* Where the known part explains everything, no term is the answer, and the result says so. */
START_TEST(test_nothing_needed) {
  const double start[1] = {2}, noise[1] = {0.02};
  outcome      o = {.model = {.states = 1, .rates = {-0.5}, .unknown = nothing_much}};
  o.table        = hand_measure(1, decay, start, 0.1, 50, noise, 3);
  discover(&o, NULL);
  ck_assert_msg(o.status == UDE_OK, "%s", o.error.message);
  ck_assert_int_eq(o.found->equations[0].term_count, 0);
  ck_assert_ptr_nonnull(strstr(o.found->notes, "no candidate term is supported by the data"));
  ude_text text = {0};
  ude_discovery_print(o.found, UDE_STYLE_TEXT, &text, NULL);
  ck_assert_ptr_nonnull(strstr(text.data, "missing = 0\n"));
  ude_text_free(&text);
  ck_assert_str_eq(o.found->final.bodies[0].body, "  out[0] = 0.0;");
  finish(&o);
}
END_TEST

/* Standard errors are what they claim: over many noise seeds the coefficient scatters by that much. */
START_TEST(test_standard_errors) {
  enum { SEEDS = 80 };
  const double start[1] = {2}, noise[1] = {0.03};
  double       claimed = 0, square = 0;
  int          right = 0, within = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    outcome              o       = {.model = {.states = 1, .unknown = decay_and_more}};
    ude_discover_options options = {.library = {.polynomial = 3}, .starts = 4, .samples = 50};
    o.table                      = hand_measure(1, decay, start, 0.1, 40, noise, seed);
    discover(&o, &options);
    ck_assert_msg(o.status == UDE_OK, "%s", o.error.message);
    if (has_terms(&o.found->equations[0], "x")) {
      const ude_term *term  = &o.found->equations[0].terms[0];
      double          wrong = term->coefficient + 0.5;
      right++;
      square += wrong * wrong;
      claimed += term->standard_error * term->standard_error;
      within += fabs(wrong) < 2 * term->standard_error;
    }
    finish(&o);
  }
  ck_assert_int_ge(right, SEEDS - 6);
  /* the variance of a variance of 80 normal numbers is 2/80 */
  ck_assert_double_eq_tol(square / claimed, 1, 4 * sqrt(2.0 / SEEDS));
  ck_assert_int_ge(within, (int)(0.88 * right));
}
END_TEST

/* A trained parameter of the known part is refitted along, and goes into the final request. */
START_TEST(test_other_parameters) {
  outcome o;
  measure_lv(&o, 0.005, 11);
  o.model.trained_rate = 1;
  o.model.rates[0]     = 1.25; /* as a fit beside a biased network would leave it */
  discover(&o, NULL);
  ck_assert_msg(o.status == UDE_OK, "%s", o.error.message);
  ck_assert(has_terms(&o.found->equations[0], "x*y"));
  ck_assert(has_terms(&o.found->equations[1], "x*y"));
  ck_assert_int_eq(o.found->refitted_count, 1);
  ck_assert_str_eq(o.found->refitted[0].name, "rate_x");
  ck_assert_double_le(fabs(o.found->refitted[0].value - 1.3),
                      4 * o.found->refitted[0].standard_error);
  ck_assert_double_lt(o.found->refitted[0].standard_error, 0.05);
  ck_assert_double_eq(o.found->final.p[0], o.found->refitted[0].value);
  ck_assert_int_eq(o.found->parameters, 7);
  finish(&o);
}
END_TEST

/* Missing cells, and a single function that returns its value. */
START_TEST(test_missing_cells_and_return) {
  const double start[1] = {2}, noise[1] = {0.01};
  outcome      o = {.model = {.states = 1, .unknown = decay_and_more, .returns = true}};
  o.table        = hand_measure(1, decay, start, 0.1, 60, noise, 8);
  for (int64_t row = 1; row < 60; row += 3) {
    o.table->values[2 * row + 1] = NAN;
  }
  discover(&o, NULL);
  ck_assert_msg(o.status == UDE_OK, "%s", o.error.message);
  ck_assert(has_terms(&o.found->equations[0], "x"));
  ck_assert_int_eq(o.found->observations, 40);
  ck_assert_str_eq(o.found->final.bodies[0].body,
                   "  const double x = in[0];\n  return p->missing_x * x;");
  finish(&o);
}
END_TEST

static void saturated(double *du, const double *u) {
  du[0] = 1 - 2 * u[0] / (1 + u[0]);
}

static void saturated_and_more(double *out, const double *u) {
  saturated(out, u);
  out[0] += 0.01 * sin(4 * u[0]);
}

/* A saturating rate among polynomials and rational candidates. */
START_TEST(test_rational) {
  const double         start[1] = {6}, noise[1] = {0.01};
  outcome              o       = {.model = {.states = 1, .unknown = saturated_and_more}};
  ude_discover_options options = {.library = {.polynomial = 3, .rational = true}};
  o.table                      = hand_measure(1, saturated, start, 0.15, 60, noise, 4);
  discover(&o, &options);
  ck_assert_msg(o.status == UDE_OK, "%s", o.error.message);
  /* 1 - 2x/(1+x) is also -1 + 2/(1+x): two forms of one function */
  bool one = has_terms(&o.found->equations[0], "1 + x/(1 + x)");
  bool two = has_terms(&o.found->equations[0], "1 + 1/(1 + x)");
  ck_assert(one || two);
  double at_three = 0;
  for (int i = 0; i < 2; i++) {
    const ude_term *term = &o.found->equations[0].terms[i];
    at_three += term->coefficient * ude_expression_value(term->expression, (double[]){3});
  }
  ck_assert_double_eq_tol(at_three, -0.5, 0.01);
  finish(&o);
}
END_TEST

/* With keep_initial the model's own start stands, and is not counted as fitted. */
START_TEST(test_known_start) {
  outcome              o;
  ude_discover_options options = {.keep_initial = true};
  measure_lv(&o, 0.01, 21);
  memcpy(o.model.u0, LV_START, sizeof LV_START);
  o.model.field.u0 = o.model.u0;
  o.from_model     = true;
  discover(&o, &options);
  ck_assert_msg(o.status == UDE_OK, "%s", o.error.message);
  ck_assert(has_terms(&o.found->equations[0], "x*y"));
  ck_assert(has_terms(&o.found->equations[1], "x*y"));
  ck_assert_int_eq(o.found->parameters, 4);
  ck_assert_double_eq(o.found->u0[0], LV_START[0]);
  ck_assert_ptr_null(o.found->final.u0);
  finish(&o);
}
END_TEST

static bool stop_at_once(const ude_progress *progress, void *context) {
  (void)context;
  return progress->done >= 3;
}

START_TEST(test_stopped) {
  outcome              o;
  ude_discover_options options = {.progress = stop_at_once};
  measure_lv(&o, 0.01, 4);
  discover(&o, &options);
  ck_assert_int_eq(o.status, UDE_INTERRUPTED);
  ck_assert_ptr_nonnull(o.found); /* the best so far */
  ck_assert_int_le(o.found->alternative_count, 3);
  finish(&o);
}
END_TEST

static void explosive(double *out, const double *u) {
  out[0] = exp(3 * u[0]);
}

START_TEST(test_refuses) {
  outcome o;
  measure_lv(&o, 0.01, 4);
  o.model.fail = UDE_COMPILE;
  discover(&o, NULL);
  ck_assert_int_eq(o.status, UDE_COMPILE);
  ck_assert_str_eq(o.error.message, "the callback says no");
  ck_assert_ptr_null(o.found);
  ude_discover_problem problem = {.field           = &o.model.field,
                                  .p               = o.model.p,
                                  .data            = o.data,
                                  .fit             = &FROM_DATA,
                                  .rebuild         = hand_rebuild,
                                  .rebuild_context = &o.model};
  ude_discovery       *found   = NULL;
  ude_error            error;
  o.model.field.probe = NULL;
  ck_assert_int_eq(ude_discover(&problem, NULL, &found, &error), UDE_UNSUPPORTED);
  ck_assert_ptr_nonnull(strstr(error.message, "mark the unknown term UDE_LEARNED"));
  problem.rebuild = NULL;
  ck_assert_int_eq(ude_discover(&problem, NULL, &found, &error), UDE_INVALID_ARGUMENT);
  problem.rebuild              = hand_rebuild;
  o.model.field.probe          = hand_probe;
  ude_discover_options options = {.samples = -1};
  ck_assert_int_eq(ude_discover(&problem, &options, &found, &error), UDE_INVALID_ARGUMENT);
  const char *extra[] = {"x*wolf"};
  options             = (ude_discover_options){.library = {.extra = extra, .extra_count = 1}};
  ck_assert_int_eq(ude_discover(&problem, &options, &found, &error), UDE_INVALID_ARGUMENT);
  ck_assert_msg(strstr(error.message, "x*wolf"), "%s", error.message);
  ck_assert_ptr_null(found);
  finish(&o);
  /* a trained model that cannot be solved */
  const double start[1] = {2};
  o                     = (outcome){.model = {.states = 1, .unknown = explosive}};
  o.table               = hand_measure(1, decay, start, 0.1, 20, NULL, 0);
  discover(&o, NULL);
  ck_assert_int_eq(o.status, UDE_NUMERICAL);
  ck_assert_ptr_nonnull(strstr(o.error.message, "the trained model cannot be solved"));
  finish(&o);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("discover");
  TCase *tests = tcase_create("discover");
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, test_lotka_volterra, 0, 12);
  tcase_add_test(tests, test_exact_data);
  tcase_add_test(tests, test_outputs);
  tcase_add_test(tests, test_nothing_needed);
  tcase_add_test(tests, test_standard_errors);
  tcase_add_test(tests, test_other_parameters);
  tcase_add_test(tests, test_missing_cells_and_return);
  tcase_add_test(tests, test_rational);
  tcase_add_test(tests, test_known_start);
  tcase_add_test(tests, test_stopped);
  tcase_add_test(tests, test_refuses);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
