/* Expressions: reading, value, gradient, text, LaTeX, and C text as a C compiler understands it. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ude/discover.h>

static const char *const NAMES[] = {"prey", "in[1]", "x"};

static ude_expression *parsed(const char *text) {
  ude_expression *expression = NULL;
  ude_error       error;
  ude_status      status = ude_expression_parse(text, NAMES, 3, &expression, &error);
  ck_assert_msg(status == UDE_OK, "%s", error.message);
  return expression;
}

static const struct {
  const char *source, *text, *latex, *c;
  double      value; /* at prey = 2, in[1] = 3, x = 0.5 */
  int         complexity;
} cases[] = {
    {"1", "1", "1", "1.0", 1, 1},
    {"prey*in[1]", "prey*in[1]", "\\mathrm{prey}\\,\\mathrm{in[1]}", "prey * in[1]", 6, 3},
    {"prey^3 * x", "prey^3*x", "\\mathrm{prey}^{3}\\,x", "prey * prey * prey * x", 4, 7},
    {"x/(1+x)", "x/(1 + x)", "\\frac{x}{1 + x}", "x / (1.0 + x)", 1.0 / 3, 5},
    {"1/2/x", "1/2/x", "\\frac{\\frac{1}{2}}{x}", "1.0 / 2.0 / x", 1, 5},
    {"1/(2/x)", "1/(2/x)", "\\frac{1}{\\frac{2}{x}}", "1.0 / (2.0 / x)", 0.25, 5},
    {"x - (prey - 1)", "x - (prey - 1)", "x - \\left(\\mathrm{prey} - 1\\right)",
     "x - (prey - 1.0)", -0.5, 5},
    {"-x^2", "-x^2", "-x^{2}", "-(x * x)", -0.25, 4},
    {"(1+x)^2/x^2", "(1 + x)^2/x^2", "\\frac{\\left(1 + x\\right)^{2}}{x^{2}}",
     "(1.0 + x) * (1.0 + x) / (x * x)", 9, 11},
    {"x*(prey*in[1])", "x*(prey*in[1])", "x\\,\\left(\\mathrm{prey}\\,\\mathrm{in[1]}\\right)",
     "x * (prey * in[1])", 3, 5},
    {"exp(-x)*sin(2*prey)", "exp(-x)*sin(2*prey)",
     "e^{-x}\\,\\sin\\left(2\\,\\mathrm{prey}\\right)", "exp(-x) * sin(2.0 * prey)", 0 /* below */,
     8},
    {"abs(x-1)", "abs(x - 1)", "\\left|x - 1\\right|", "fabs(x - 1.0)", 0.5, 4},
    {"sqrt(in[1]+1)", "sqrt(in[1] + 1)", "\\sqrt{\\mathrm{in[1]} + 1}", "sqrt(in[1] + 1.0)", 2, 4},
    {"x^-2", "1/x^2", "\\frac{1}{x^{2}}", "1.0 / (x * x)", 4, 5},
    {"0.1 + 2.5e-3", "0.1 + 0.0025", "0.1 + 0.0025", "0.1 + 0.0025", 0.1025, 3},
    {"tanh(log(prey))", "tanh(log(prey))", "\\tanh\\left(\\ln\\left(\\mathrm{prey}\\right)\\right)",
     "tanh(log(prey))", 0.6, 3},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static const double AT[3] = {2, 3, 0.5};

static double expected(int i) {
  return i == 10 ? exp(-0.5) * sin(4.0) : cases[i].value;
}

START_TEST(test_texts_and_values) {
  ude_expression *e      = parsed(cases[_i].source);
  const char     *want[] = {cases[_i].text, cases[_i].latex, cases[_i].c};
  for (int style = 0; style < 3; style++) {
    ude_text text = {0};
    ude_expression_print(e, (ude_style)style, NAMES, &text);
    ck_assert_str_eq(text.data, want[style]);
    ude_text_free(&text);
  }
  ck_assert_double_eq_tol(ude_expression_value(e, AT), expected(_i), 1e-15 * fabs(expected(_i)));
  ck_assert_int_eq(ude_expression_complexity(e), cases[_i].complexity);
  /* what is printed reads back as the same function */
  ude_expression *again = parsed(cases[_i].text);
  ck_assert_double_eq(ude_expression_value(again, AT), ude_expression_value(e, AT));
  ude_expression_free(again);
  ude_expression_free(e);
}
END_TEST

/* Numbers above 2^53, where value + 1 is value, and signs that cancel. */
START_TEST(test_large_numbers_and_signs) {
  static const struct {
    const char *text, *printed;
  } pairs[] = {{"99e19", "9.9e+20"}, {"9007199254740993", "9007199254740992"},
               {"--x", "x"},         {"-+-(-x)", "-x"},
               {"1 - -x", "1 - -x"}, {"-x^2", "-x^2"},
               {"2*-x", "2*-x"},     {"------1-x----1", "1 - x - -1"}};
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    ude_text        text = {0};
    ude_expression *e    = parsed(pairs[i].text);
    ude_expression_print(e, UDE_STYLE_TEXT, NAMES, &text);
    ck_assert_str_eq(text.data, pairs[i].printed);
    ude_expression_free(e);
    ude_text_free(&text);
  }
}
END_TEST

START_TEST(test_gradient) {
  ude_expression *e = parsed(cases[_i].source);
  double          gradient[3];
  ck_assert_double_eq(ude_expression_gradient(e, AT, 3, gradient), ude_expression_value(e, AT));
  for (int j = 0; j < 3; j++) {
    double plus[3], minus[3], h = 1e-5;
    memcpy(plus, AT, sizeof plus);
    memcpy(minus, AT, sizeof minus);
    plus[j] += h, minus[j] -= h;
    double slope = (ude_expression_value(e, plus) - ude_expression_value(e, minus)) / (2 * h);
    ck_assert_double_eq_tol(gradient[j], slope, 1e-7 * (1 + fabs(slope)));
  }
  ude_expression_free(e);
}
END_TEST

/* All cases through the C compiler at once. */
START_TEST(test_c_text_compiles) {
  char directory[] = "/tmp/ude_expression_XXXXXX";
  ck_assert_ptr_nonnull(mkdtemp(directory));
  ude_text source = {0};
  ude_text_append(&source,
                  "#include <math.h>\n#include <stdio.h>\nint main(void) {\n"
                  "const double prey = 2, in[] = {0, 3}, x = 0.5;\n");
  for (int i = 0; i < CASES; i++) {
    ude_expression *e = parsed(cases[i].source);
    ude_text_append(&source, "printf(\"%%.17g\\n\", (prey + in[1] + x) * 0 + ");
    ude_expression_print(e, UDE_STYLE_C, NAMES, &source);
    ude_text_append(&source, ");\n");
    ude_expression_free(e);
  }
  ude_text_append(&source, "return 0;\n}\n");
  char path[128], command[600];
  snprintf(path, sizeof path, "%s/e.c", directory);
  ck_assert_int_eq(ude_file_write(path, source.data, source.length, NULL), UDE_OK);
  ude_text_free(&source);
  snprintf(command, sizeof command,
           "cc -std=c11 -Wall -Werror -ffp-contract=off -o %s/e %s -lm && %s/e", directory, path,
           directory);
  FILE *pipe = popen(command, "r");
  ck_assert_ptr_nonnull(pipe);
  for (int i = 0; i < CASES; i++) {
    double value;
    ck_assert_int_eq(fscanf(pipe, "%lf", &value), 1);
    ck_assert_msg(fabs(value - expected(i)) <= 1e-15 * fabs(expected(i)), "%s: %.17g",
                  cases[i].source, value);
  }
  ck_assert_int_eq(pclose(pipe), 0);
  snprintf(command, sizeof command, "rm -r %s", directory);
  ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(test_refuses) {
  static const struct {
    const char *text, *message;
  } bad[] = {
      {"", "column 1: expected a number, a name or '('"},
      {"prey*+*x", "column 7: expected a number, a name or '('"},
      {"prey*hare", "column 6: expected a known name"},
      {"preyx", "column 1: expected a known name"},
      {"in[2]", "column 1: expected a known name"},
      {"sin x", "column 5: expected '(' after the function"},
      {"(x", "column 3: expected ')'"},
      {"x)", "column 2: expected an operator or the end"},
      {"x^2.5", "column 4: expected an operator or the end"},
      {"x^0", "column 3: expected a whole exponent"},
      {"x^99", "column 3: expected a whole exponent"},
      {"1.2.3", "column 1: expected a number"},
      {"x + 1e999", "column 5: expected a finite number"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ude_expression *e = NULL;
    ude_error       error;
    ck_assert_int_eq(ude_expression_parse(bad[i].text, NAMES, 3, &e, &error), UDE_INVALID_ARGUMENT);
    ck_assert_msg(strstr(error.message, bad[i].message), "%s", error.message);
    ck_assert_ptr_null(e);
  }
  char deep[2001];
  memset(deep, '(', 2000);
  deep[2000]        = '\0';
  ude_expression *e = NULL;
  ude_error       error;
  ck_assert_int_eq(ude_expression_parse(deep, NAMES, 3, &e, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "fewer nested brackets"));
  ude_text wide = {0};
  for (int i = 0; i < 200; i++) {
    ude_text_append(&wide, "x+");
  }
  ude_text_append(&wide, "x");
  ck_assert_int_ne(ude_expression_parse(wide.data, NAMES, 3, &e, &error), UDE_OK);
  ck_assert_ptr_nonnull(strstr(error.message, "fewer operations"));
  ude_text_free(&wide);
}
END_TEST

static bool library_has(const ude_library *library, const char *text) {
  bool found = false;
  for (int64_t i = 0; i < library->count; i++) {
    ude_text printed = {0};
    ude_expression_print(library->terms[i], UDE_STYLE_TEXT, NAMES, &printed);
    found = found || strcmp(printed.data, text) == 0;
    ude_text_free(&printed);
  }
  return found;
}

START_TEST(test_library_counts) {
  /* C(inputs + degree, degree) monomials */
  static const struct {
    int64_t inputs;
    int     degree, count;
  } sizes[] = {{1, 3, 4}, {2, 5, 21}, {3, 5, 56}, {2, 0, 21}, {3, 0, 20}, {1, 16, 17}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    ude_library_options options = {.polynomial = sizes[i].degree};
    ude_library        *library;
    ck_assert_int_eq(ude_library_create(sizes[i].inputs, NAMES, &options, &library, NULL), UDE_OK);
    ck_assert_int_eq(library->count, sizes[i].count);
    for (int64_t j = 1; j < library->count; j++) {
      ck_assert_int_le(ude_expression_complexity(library->terms[j - 1]),
                       ude_expression_complexity(library->terms[j]));
    }
    ude_library_free(library);
  }
}
END_TEST

START_TEST(test_library_families) {
  const char         *extra[] = {"prey/(0.5 + prey)"};
  ude_library_options options = {.polynomial    = 2,
                                 .trigonometric = 2,
                                 .exponential   = true,
                                 .rational      = true,
                                 .products      = 2,
                                 .extra         = extra,
                                 .extra_count   = 1};
  ude_library        *library;
  ck_assert_int_eq(ude_library_create(2, NAMES, &options, &library, NULL), UDE_OK);
  const char *wanted[] = {"1",
                          "prey*in[1]",
                          "sin(prey)",
                          "cos(2*in[1])",
                          "exp(-prey)",
                          "1/prey",
                          "in[1]^2/(1 + in[1]^2)",
                          "prey*(in[1]/(1 + in[1]))",
                          "prey*sin(in[1])",
                          "exp(prey)*cos(in[1])",
                          "prey/(0.5 + prey)"};
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
    bool swapped = i == 9 && library_has(library, "cos(in[1])*exp(prey)");
    ck_assert_msg(swapped || library_has(library, wanted[i]), "%s", wanted[i]);
  }
  ude_library_free(library);
  ude_error error;
  options.polynomial = 16, options.products = 4;
  ck_assert_int_eq(ude_library_create(3, NAMES, &options, &library, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "more than 512 terms"));
  options.polynomial = 17;
  ck_assert_int_eq(ude_library_create(3, NAMES, &options, &library, &error), UDE_INVALID_ARGUMENT);
  options  = (ude_library_options){.extra = extra, .extra_count = 1};
  extra[0] = "hare^2";
  ck_assert_int_eq(ude_library_create(3, NAMES, &options, &library, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "hare^2"));
}
END_TEST

/* 1/x at x = 0, an input that is constant, and x^2 on +-1. */
START_TEST(test_unusable_candidates) {
  const double        in[4][2] = {{-1, 3}, {0, 3}, {1, 3}, {1, 3}};
  ude_library_options options  = {.polynomial = 2, .rational = true};
  ude_library        *library;
  double             *theta;
  ude_text            notes = {0};
  ck_assert_int_eq(ude_library_create(2, NAMES, &options, &library, NULL), UDE_OK);
  ck_assert_int_eq(ude_library_evaluate(library, NAMES, 4, &in[0][0], &theta, &notes, NULL), 0);
  const char *lines[] = {
      "candidate in[1] dropped: on the samples a multiple of 1\n",
      "candidate prey*in[1] dropped: on the samples a multiple of prey\n",
      "candidate 1/prey dropped: not finite on the samples\n",
      "candidate prey^2/(1 + prey^2) dropped: on the samples a multiple of prey^2\n",
  };
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    ck_assert_msg(strstr(notes.data, lines[i]), "%s", notes.data);
  }
  ck_assert(library_has(library, "1") && library_has(library, "prey") &&
            library_has(library, "prey^2"));
  ck_assert_int_eq(library->count, 3);
  ck_assert_double_eq(theta[0 * 3 + 1], -1);
  ck_assert_double_eq(theta[3 * 3 + 2], 1);
  free(theta);
  ude_text_free(&notes);
  ude_library_free(library);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("expression");
  TCase *tests = tcase_create("expression");
  tcase_add_loop_test(tests, test_texts_and_values, 0, CASES);
  tcase_add_loop_test(tests, test_gradient, 0, CASES);
  tcase_add_test(tests, test_large_numbers_and_signs);
  tcase_add_test(tests, test_c_text_compiles);
  tcase_add_test(tests, test_refuses);
  tcase_add_test(tests, test_library_counts);
  tcase_add_test(tests, test_library_families);
  tcase_add_test(tests, test_unusable_candidates);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
