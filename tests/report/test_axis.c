/* Ticks, ranges and rounded numbers. */
#include <float.h>

#include "report/axis.h"
#include "report/number.h"
#include "support/ude_check.h"

static void check_labels(double low, double high, bool log, int wanted, const char *expected) {
  ude_axis axis   = {.low = low, .high = high, .log = log};
  ude_text joined = {0};
  ude_axis_ticks(&axis, wanted);
  for (int i = 0; i < axis.count; i++) {
    ude_text_append(&joined, "%s%s", i ? " " : "", axis.labels[i]);
  }
  ck_assert_msg(strcmp(joined.data ? joined.data : "", expected) == 0,
                "ticks of %g to %g: '%s', expected '%s'", low, high, joined.data, expected);
  ude_text_free(&joined);
}

START_TEST(linear_ticks) {
  check_labels(0, 10, false, 5, "0 2 4 6 8 10");
  check_labels(0, 1, false, 5, "0.0 0.2 0.4 0.6 0.8 1.0");
  check_labels(-1, 1, false, 4, "-1.0 -0.5 0.0 0.5 1.0");
  check_labels(0.3, 0.7, false, 4, "0.3 0.4 0.5 0.6 0.7");
  check_labels(12, 97, false, 5, "20 40 60 80");
  check_labels(0, 3e6, false, 3, "0 1e6 2e6 3e6");
  check_labels(0, 2.5e-7, false, 5, "0 5e-8 1e-7 1.5e-7 2e-7 2.5e-7");
  check_labels(1900, 1920, false, 4, "1900 1905 1910 1915 1920");
}
END_TEST

START_TEST(log_ticks) {
  check_labels(1e-4, 1e2, true, 10, "0.0001 0.001 0.01 0.1 1 10 100");
  check_labels(1, 100, true, 6, "1 2 5 10 20 50 100");
  check_labels(1, 100, true, 4, "1 3 10 30 100");
  check_labels(1e-12, 1e12, true, 6, "1e-10 1e-5 1 100000 1e10");
  check_labels(2, 5, true, 3, "2 3 4 5");
}
END_TEST

/* Over many ranges: few ticks, ascending, within the range, evenly spaced, told apart by their labels. */
START_TEST(ticks_of_any_range) {
  ude_rng rng = ude_rng_make(1, 2);
  for (int trial = 0; trial < 20000; trial++) {
    double   size   = pow(10, 600 * ude_rng_uniform(&rng) - 300);
    double   middle = ude_rng_normal(&rng) * size * pow(10, 8 * ude_rng_uniform(&rng) - 4);
    int      wanted = 2 + (int)(18 * ude_rng_uniform(&rng));
    ude_axis axis   = {.low = middle - size, .high = middle + size};
    ude_axis_ticks(&axis, wanted);
    ck_assert_msg(axis.count >= 1 && axis.count <= wanted + 1, "%d of %d ticks for %g +- %g",
                  axis.count, wanted, middle, size);
    for (int i = 0; i < axis.count; i++) {
      double position = ude_axis_position(&axis, axis.ticks[i]);
      ck_assert(position >= -1e-6 && position <= 1 + 1e-6);
      ck_assert(i == 0 || axis.ticks[i] > axis.ticks[i - 1]);
      ck_assert_msg(i == 0 || strcmp(axis.labels[i], axis.labels[i - 1]) != 0, "'%s' twice",
                    axis.labels[i]);
      if (i > 1) {
        double step = axis.ticks[1] - axis.ticks[0];
        ck_assert_double_eq_tol(axis.ticks[i] - axis.ticks[i - 1], step, 1e-6 * step);
      }
    }
  }
}
END_TEST

static ude_axis range_of(double a, double b, bool log, bool *empty) {
  const double    y[] = {a, (double)NAN, b, (double)INFINITY};
  ude_plot_series s   = {.count = 4, .y = y};
  ude_plot        p   = {.y = {.log = log}, .series = &s, .count = 1};
  ude_axis        axis;
  ude_error       error = {0};
  ck_ok(ude_axis_of_plot(&p, true, 0, 5, &axis, empty, &error), &error);
  ck_assert(axis.low < axis.high);
  return axis;
}

START_TEST(ranges_of_data) {
  bool     empty = true;
  ude_axis axis  = range_of(2, 5, false, &empty);
  ck_assert(axis.low == 2 && axis.high == 5 && !empty);
  axis = range_of(3, 3, false, &empty); /* a single value gets room */
  ck_assert_double_eq_tol(axis.low, 2.85, 1e-12);
  axis = range_of(0, 0, false, &empty);
  ck_assert(axis.low == -1 && axis.high == 1);
  axis = range_of(-DBL_MAX, DBL_MAX, false, &empty);
  ck_assert(isfinite(axis.low) && isfinite(axis.high));
  ck_assert_double_eq_tol(ude_axis_position(&axis, 0), 0.5, 1e-12);
  axis = range_of(-4, 100, true, &empty); /* what is not positive does not count */
  ck_assert(axis.low < 100 && axis.low > 1 && !empty);
  ck_assert(isnan(ude_axis_position(&axis, -4)));
  axis = range_of((double)NAN, (double)NAN, true, &empty);
  ck_assert(empty && axis.low == 1 && axis.high == 10);
}
END_TEST

START_TEST(bad_ranges_are_refused) {
  const double y[] = {1, 2};
  const struct {
    ude_plot_axis axis;
    const char   *word;
  } cases[] = {{{.low = 2, .high = 1}, "2 to 1"},
               {{.low = (double)NAN, .high = 1}, "nan"},
               {{.low = 0, .high = (double)INFINITY}, "inf"},
               {{.low = 0, .high = 5, .log = true}, "logarithmic"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ude_plot_series s = {.count = 2, .y = y};
    ude_plot        p = {.y = cases[i].axis, .series = &s, .count = 1};
    ude_axis        axis;
    bool            empty;
    ude_error       error = {0};
    ck_fails(ude_axis_of_plot(&p, true, 0, 5, &axis, &empty, &error), UDE_INVALID_ARGUMENT, &error,
             cases[i].word, "y axis");
  }
}
END_TEST

static void check_numbers(void) {
  static const struct {
    double      value;
    int         digits;
    const char *expected;
  } cases[] = {{0, 5, "0"},
               {-0.0, 5, "0"},
               {1, 5, "1"},
               {1.5, 5, "1.5"},
               {-2.25, 5, "-2.25"},
               {0.1 + 0.2, 15, "0.3"},
               {123456, 3, "123000"},
               {1234567, 3, "1.23e6"},
               {1e-4, 5, "0.0001"},
               {1e-5, 5, "1e-5"},
               {1.25e-7, 5, "1.25e-7"},
               {-3e300, 5, "-3e300"},
               {9.9999, 3, "10"},
               {0.00099996, 3, "0.001"},
               {2747, 17, "2747"},
               {1234567, 17, "1234567"},
               {2e6, 17, "2e6"},
               {100, 1, "100"},
               {5e-324, 3, "4.94e-324"}};
  char buffer[UDE_NUMBER_SIZE];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ck_assert_str_eq(ude_number_short(cases[i].value, cases[i].digits, buffer), cases[i].expected);
  }
  ck_assert_str_eq(ude_number_short((double)NAN, 3, buffer), "nan");
  ck_assert_str_eq(ude_number_short(-(double)INFINITY, 3, buffer), "-inf");
  ck_assert_str_eq(ude_number_fixed(1.005, 1, buffer), "1.0");
  ck_assert_str_eq(ude_number_fixed(-0.004, 2, buffer), "0.00");
  ck_assert_str_eq(ude_number_fixed(-12.34, 2, buffer), "-12.34");
  ck_assert_str_eq(ude_number_fixed(-0.5, 1, buffer), "-0.5");
  ck_assert_str_eq(ude_number_fixed(7, 0, buffer), "7");
  ck_assert_str_eq(ude_number_fixed(1e200, 2, buffer), "1e200");
}

START_TEST(rounded_numbers) {
  check_numbers();
}
END_TEST

/* 17 digits give back the number. */
START_TEST(numbers_read_back) {
  ude_rng rng = ude_rng_make(3, 4);
  for (int i = 0; i < 20000; i++) {
    double value = ude_rng_normal(&rng) * pow(10, 40 * ude_rng_uniform(&rng) - 20);
    double back  = 0;
    char   buffer[UDE_NUMBER_SIZE];
    ude_number_short(value, 17, buffer);
    ck_assert(ude_parse_real(buffer, strlen(buffer), &back));
    ck_assert_msg(memcmp(&back, &value, sizeof back) == 0, "%s for %.17g", buffer, value);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("axis");
  TCase *tcase = tcase_create("axis");
  suite_add_tcase(suite, tcase);
  tcase_add_test(tcase, linear_ticks);
  tcase_add_test(tcase, log_ticks);
  tcase_add_test(tcase, ticks_of_any_range);
  tcase_add_test(tcase, ranges_of_data);
  tcase_add_test(tcase, bad_ranges_are_refused);
  tcase_add_test(tcase, rounded_numbers);
  tcase_add_test(tcase, numbers_read_back);
  return ude_check_run(suite);
}
