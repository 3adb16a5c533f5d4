/**
 * @file ude_check.h
 * @brief Comparisons for numerical tests, on top of Check.
 *
 *     ck_arrays_close(got, expected, n, 1e-12, 1e-14);       // |got - expected| <= atol + rtol
 * |expected| ck_order(errors, steps, count, 5, 0.2);                // errors ~ C h^5, fitted,
 * within 0.2 ck_ok(ude_table_read(path, &table, &error), &error);   // shows the message of a
 * failure ck_fails(ude_table_read(...), UDE_BAD_DATA, &error, "data.csv:3", "column 2");
 */
#ifndef UDE_TESTS_UDE_CHECK_H
#define UDE_TESTS_UDE_CHECK_H

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/base.h>

#if defined(__GNUC__)
#define UDE_TEST_UNUSED __attribute__((unused))
#else
#define UDE_TEST_UNUSED
#endif

/** Index of the entry that misses its bound atol + rtol |expected| most (a NaN misses any), -1:
 * none does. */
UDE_TEST_UNUSED static int64_t ude_check_worst(const double *got, const double *expected, int64_t n,
                                               double rtol, double atol) {
  int64_t worst  = -1;
  double  excess = 1;
  for (int64_t i = 0; i < n; i++) {
    double difference = fabs(got[i] - expected[i]);
    double bound      = atol + rtol * fabs(expected[i]);
    bool   same       = got[i] == expected[i] || (isnan(got[i]) && isnan(expected[i]));
    double ratio      = same ? 0 : isnan(difference) || bound == 0 ? INFINITY : difference / bound;
    if (ratio > excess) {
      excess = ratio;
      worst  = i;
    }
  }
  return worst;
}

#define ck_arrays_close(got, expected, n, rtol, atol)                                          \
  do {                                                                                         \
    const double *got_      = (got);                                                           \
    const double *expected_ = (expected);                                                      \
    int64_t       worst_    = ude_check_worst(got_, expected_, (n), (rtol), (atol));           \
    ck_assert_msg(worst_ < 0,                                                                  \
                  "%s against %s: worst at [%lld] of %lld: %.17g, expected %.17g (difference " \
                  "%.3g, rtol %.3g, atol %.3g)",                                               \
                  #got, #expected, (long long)worst_, (long long)(n),                          \
                  got_[worst_ < 0 ? 0 : worst_], expected_[worst_ < 0 ? 0 : worst_],           \
                  got_[worst_ < 0 ? 0 : worst_] - expected_[worst_ < 0 ? 0 : worst_],          \
                  (double)(rtol), (double)(atol));                                             \
  } while (0)

/** Slope of log(error) over log(h) by least squares: the observed order of convergence. */
UDE_TEST_UNUSED static double ude_check_slope(const double *errors, const double *h, int count) {
  double mean_x = 0;
  double mean_y = 0;
  for (int i = 0; i < count; i++) {
    mean_x += log(h[i]) / count;
    mean_y += log(errors[i]) / count;
  }
  double xy = 0;
  double xx = 0;
  for (int i = 0; i < count; i++) {
    xy += (log(h[i]) - mean_x) * (log(errors[i]) - mean_y);
    xx += (log(h[i]) - mean_x) * (log(h[i]) - mean_x);
  }
  return xy / xx;
}

#define ck_order(errors, h, count, expected, tolerance)                                           \
  do {                                                                                            \
    double slope_ = ude_check_slope((errors), (h), (count));                                      \
    ck_assert_msg(fabs(slope_ - (expected)) <= (tolerance),                                       \
                  "order of convergence %.3f, expected %.3f +- %.3f (errors %.3g at h = %.3g to " \
                  "%.3g at h = %.3g)",                                                            \
                  slope_, (double)(expected), (double)(tolerance), (errors)[0], (h)[0],           \
                  (errors)[(count) - 1], (h)[(count) - 1]);                                       \
  } while (0)

/** The message of `error`, "" for NULL. */
UDE_TEST_UNUSED static const char *ude_check_message(const ude_error *error) {
  return error ? error->message : "";
}

#define ck_ok(call, error)                                                          \
  do {                                                                              \
    ude_status status_ = (call);                                                    \
    ck_assert_msg(status_ == UDE_OK, "%s: %s: %s", #call, ude_status_text(status_), \
                  ude_check_message(error));                                        \
  } while (0)

/** The call fails with this status, and the message holds both texts ("" for any). */
#define ck_fails(call, expected, error, text1, text2)                                       \
  do {                                                                                      \
    ude_status status_ = (call);                                                            \
    ck_assert_msg(status_ == (expected), "%s: got '%s', expected '%s'", #call,              \
                  ude_status_text(status_), ude_status_text(expected));                     \
    ck_assert_msg(strstr((error)->message, (text1)) && strstr((error)->message, (text2)),   \
                  "%s: the message is '%s', without '%s' or '%s'", #call, (error)->message, \
                  (text1), (text2));                                                        \
  } while (0)

/** Run one suite; the exit status for main. */
UDE_TEST_UNUSED static int ude_check_run(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
