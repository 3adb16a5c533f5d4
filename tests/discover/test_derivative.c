/* Derivatives of curves: orders of accuracy without noise, gain over differences with noise. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/discover.h>

enum { MAX = 400 };

/* Largest error of the slope of sin over [0, 3] with `count` points, away from the ends. */
static double error_of(ude_derivative method, int count, double noise, int margin, bool uneven) {
  double  t[MAX], y[MAX], value[MAX], slope[MAX], worst = 0;
  ude_rng rng = ude_rng_make(5, 0);
  for (int i = 0; i < count; i++) {
    double x = (double)i / (count - 1);
    t[i]     = 3 * (uneven ? x + 0.1 * sin(6.283185307179586 * x) / 3.141592653589793 : x);
    y[i]     = sin(t[i]) + noise * ude_rng_normal(&rng);
  }
  ude_error error;
  ck_assert_msg(ude_differentiate(method, 0, count, t, y, value, slope, &error) == UDE_OK, "%s",
                error.message);
  for (int i = margin; i < count - margin; i++) {
    worst = fmax(worst, fabs(slope[i] - cos(t[i])));
  }
  return worst;
}

START_TEST(test_orders) {
  static const struct {
    ude_derivative method;
    int            margin;
    double         order;
  } methods[] = {{UDE_DERIVATIVES_FINITE, 0, 2},
                 {UDE_DERIVATIVES_SAVITZKY_GOLAY, 0, 3},
                 {UDE_DERIVATIVES_SPLINE, 20, 3}};
  for (size_t i = 0; i < 3; i++) {
    for (int uneven = 0; uneven < 2; uneven++) {
      double coarse = error_of(methods[i].method, 101, 0, methods[i].margin, uneven);
      double fine   = error_of(methods[i].method, 201, 0, 2 * methods[i].margin, uneven);
      ck_assert_msg(log2(coarse / fine) > methods[i].order - 0.3, "%s: %g, %g",
                    ude_derivative_name(methods[i].method), coarse, fine);
    }
  }
}
END_TEST

/* Differences of noise 0.01 at spacing 0.015 are wrong by about 0.5; a spline knows better. */
START_TEST(test_noise) {
  double finite = error_of(UDE_DERIVATIVES_FINITE, 201, 0.01, 0, false);
  double local  = error_of(UDE_DERIVATIVES_SAVITZKY_GOLAY, 201, 0.01, 5, false);
  double spline = error_of(UDE_DERIVATIVES_SPLINE, 201, 0.01, 10, true);
  double chosen = error_of(UDE_DERIVATIVES_AUTO, 201, 0.01, 10, true);
  ck_assert_double_gt(finite, 0.5);
  ck_assert_double_lt(local, 0.5 * finite);
  ck_assert_double_lt(spline, 0.05);
  ck_assert_double_eq(chosen, spline);
}
END_TEST

/* A smooth curve that is not periodic: the sine series behind its carrier converges at third order in the slope's middle, noise
 * is cut off, and uneven times are refused. */
START_TEST(test_spectral) {
  double coarse = error_of(UDE_DERIVATIVES_SPECTRAL, 101, 0, 5, false);
  double fine   = error_of(UDE_DERIVATIVES_SPECTRAL, 201, 0, 10, false);
  ck_assert_msg(log2(coarse / fine) > 2.5, "%g, %g", coarse, fine);
  ck_assert_double_lt(fine, 1e-6);
  ck_assert_double_lt(error_of(UDE_DERIVATIVES_SPECTRAL, 201, 0.01, 10, false), 0.1);
  double    t[] = {0, 1, 2, 3.5, 4, 5}, y[6] = {0}, value[6], slope[6];
  ude_error error;
  ck_assert_int_eq(ude_differentiate(UDE_DERIVATIVES_SPECTRAL, 0, 6, t, y, value, slope, &error),
                   UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "evenly spaced"));
}
END_TEST

/* |t - 1| with noise: least variation finds the two slopes and the jump between them, where differences are wrong by several
 * units and a spline rounds the corner. */
START_TEST(test_total_variation) {
  enum { POINTS = 201 };
  double  t[POINTS], y[POINTS], value[POINTS], slope[POINTS], worst = 0;
  ude_rng rng = ude_rng_make(4, 0);
  for (int noisy = 0; noisy < 2; noisy++) {
    for (int i = 0; i < POINTS; i++) {
      t[i] = 2.0 * i / (POINTS - 1);
      y[i] = fabs(t[i] - 1) + 0.01 * noisy * ude_rng_normal(&rng);
    }
    ck_assert_int_eq(
        ude_differentiate(UDE_DERIVATIVES_TOTAL_VARIATION, 0, POINTS, t, y, value, slope, NULL),
        UDE_OK);
    worst = 0;
    for (int i = 0; i < POINTS; i++) {
      if (abs(i - POINTS / 2) > (noisy ? 5 : 0)) {
        worst = fmax(worst, fabs(slope[i] - (t[i] > 1 ? 1 : -1)));
      }
    }
    ck_assert_msg(worst < (noisy ? 0.15 : 1e-9), "noise %d: %g", noisy, worst);
  }
  double smooth = error_of(UDE_DERIVATIVES_TOTAL_VARIATION, 201, 0.01, 10, true);
  double finite = error_of(UDE_DERIVATIVES_FINITE, 201, 0.01, 10, true);
  ck_assert_msg(smooth < 0.3 * finite, "%g, %g", smooth, finite);
}
END_TEST

/* Noise around a straight line: cross-validation smooths it all away; an exact line stays. */
START_TEST(test_line) {
  double  t[60], y[60], value[60], slope[60];
  ude_rng rng = ude_rng_make(9, 0);
  for (int noisy = 0; noisy < 2; noisy++) {
    for (int i = 0; i < 60; i++) {
      t[i] = 0.1 * i;
      y[i] = 3 - 2 * t[i] + 0.1 * noisy * ude_rng_normal(&rng);
    }
    ck_assert_int_eq(ude_differentiate(UDE_DERIVATIVES_SPLINE, 0, 60, t, y, value, slope, NULL), 0);
    for (int i = 0; i < 60; i++) {
      ck_assert_double_eq_tol(slope[i], -2, noisy ? 0.1 : 1e-9);
      ck_assert_double_eq_tol(value[i], 3 - 2 * t[i], noisy ? 0.1 : 1e-10);
    }
  }
}
END_TEST

START_TEST(test_refuses) {
  double    t[6] = {0, 1, 2, 2, 3, 4}, y[6] = {0}, value[6], slope[6];
  ude_error error;
  ck_assert_int_eq(ude_differentiate(0, 0, 6, t, y, value, slope, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "point 3"));
  ck_assert_int_eq(ude_differentiate(0, 0, 3, t, y, value, slope, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "at least 5 points"));
  ck_assert_int_eq(ude_differentiate(0, 8, 6, t, y, value, slope, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "odd"));
  ude_derivative method;
  ck_assert_int_eq(ude_derivative_parse("spline", &method, NULL), UDE_OK);
  ck_assert_int_eq(method, UDE_DERIVATIVES_SPLINE);
  ck_assert_int_eq(ude_derivative_parse("exact", &method, &error), UDE_INVALID_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(error.message, "'exact'; known are auto, given"));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("derivative");
  TCase *tests = tcase_create("derivative");
  tcase_add_test(tests, test_orders);
  tcase_add_test(tests, test_noise);
  tcase_add_test(tests, test_spectral);
  tcase_add_test(tests, test_total_variation);
  tcase_add_test(tests, test_line);
  tcase_add_test(tests, test_refuses);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
