/* The error norm, the controller and the first step against their formulas. */
#include "solve/control.h"
#include "solve/step_size.h"
#include "support/problems.h"
#include "support/ude_check.h"

START_TEST(norm_is_the_formula) {
  enum { N = 11 };
  double e[N], u[N], v[N], atol[N];
  for (int n = 0; n <= N; n++) {
    double sum = 0, most = -1;
    int    worst = -1;
    for (int l = 0; l < n; l++) {
      e[l]         = 1e-7 * (l - 3.5);
      u[l]         = l % 3 - 1.25;
      v[l]         = 2.0 - l % 4;
      atol[l]      = 1e-9 * (l + 1);
      double ratio = e[l] / (atol[l] + fmax(fabs(u[l]), fabs(v[l])) * 1e-6);
      sum += ratio * ratio / n;
      if (fabs(ratio) > most) {
        most  = fabs(ratio);
        worst = l;
      }
    }
    ck_assert_double_eq_tol(ude_error_norm(n, e, u, v, 1e-6, atol), sqrt(sum), 1e-15);
    ck_assert_int_eq(ude_error_worst(n, e, u, v, 1e-6, atol), worst);
  }
}
END_TEST

/* Whatever is not finite in the error or in the new state is seen, at every place. */
START_TEST(norm_sees_what_is_not_finite) {
  const double bad[] = {NAN, INFINITY, -INFINITY};
  for (int n = 1; n <= 9; n++) {
    for (int l = 0; l < n; l++) {
      for (int b = 0; b < 3; b++) {
        double e[9] = {0}, u[9] = {0}, v[9] = {0}, atol[9];
        for (int i = 0; i < n; i++) {
          atol[i] = 1;
        }
        ck_assert_double_eq(ude_error_norm(n, e, u, v, 1e-3, atol), 0);
        v[l] = bad[b];
        ck_assert(!isfinite(ude_error_norm(n, e, u, v, 1e-3, atol)));
        ck_assert_int_eq(ude_error_worst(n, e, u, v, 1e-3, atol), l);
        ck_assert_int_eq(ude_first_not_finite(n, v), l);
        v[l] = 0;
        e[l] = bad[b];
        ck_assert(!isfinite(ude_error_norm(n, e, u, v, 1e-3, atol)));
        ck_assert_int_eq(ude_error_worst(n, e, u, v, 1e-3, atol), l);
      }
    }
  }
}
END_TEST

/* Logarithm and power to the 1e-8 that they are said to have, over all sizes of errors. */
START_TEST(powers_are_what_sizes_need) {
  for (int k = -2000; k <= 2000; k++) {
    double x = pow(10, k * 0.0731);
    ck_assert_double_eq_tol(ude_step_log2(x), log2(x), 2e-8);
    ck_assert_double_eq_tol(ude_step_exp2(k * 0.0517) / exp2(k * 0.0517), 1, 1e-10);
  }
  ck_assert_double_le(ude_step_log2(0), -900);
  ck_assert_double_gt(ude_step_exp2(-1e30), 0);
  ck_assert_double_lt(ude_step_exp2(1e30), (double)INFINITY);
}
END_TEST

/* h 0.9 e_n^(-7/(10p)) e_(n-1)^(2/(5p)) to 1e-8, between h/5 and 10 h, and no growth right after a rejection. */
START_TEST(controller_is_the_formula) {
  ude_controller c;
  ude_controller_start(&c, 5);
  double first = ude_controller_accept(&c, 0.3, 2);
  ck_assert_double_eq_tol(first, 2 * 0.9 * pow(0.3, -0.14) * pow(1e-4, 0.08), 2e-8);
  double second = ude_controller_accept(&c, 0.5, 2);
  ck_assert_double_eq_tol(second, 2 * 0.9 * pow(0.5, -0.14) * pow(0.3, 0.08), 2e-8);
  ck_assert_double_eq_tol(ude_controller_accept(&c, 1e-30, 2), 20, 2e-8);
  /* That error counts as 1e-4 from now on. */
  ck_assert_double_eq_tol(ude_controller_accept(&c, 0.9, 2),
                          2 * 0.9 * pow(0.9, -0.14) * pow(1e-4, 0.08), 2e-8);
  ck_assert_double_eq(ude_controller_accept(&c, 0, 2), 20);
  ck_assert_double_eq_tol(ude_controller_reject(&c, 4, 2), 2 * 0.9 * pow(4, -0.14), 2e-8);
  ck_assert_double_eq(ude_controller_reject(&c, 1e9, 2), 0.4);
  ck_assert_double_eq(ude_controller_reject(&c, INFINITY, 2), 0.4);
  ck_assert_double_eq(ude_controller_reject(&c, NAN, 2), 0.4);
  ck_assert_double_eq(ude_controller_accept(&c, 1e-3, 2), 2);
  ck_assert_double_gt(ude_controller_accept(&c, 1e-3, 2), 2);
}
END_TEST

/* For u' = -p u from 1 all norms of the recipe are known. */
START_TEST(first_step_is_the_recipe) {
  const ude_vector_field decay = PROBLEM_FIELD(1, 1, decay_rhs);
  const double           p = 3, u0 = 1, f0 = -3, atol = 1e-9, rtol = 1e-6;
  double                 point, f1, h;
  double                 sk = atol + rtol;
  double                 h0 = 0.01 * (1 / sk) / (3 / sk);
  double                 h1 = pow(0.01 / fmax(3 / sk, 9 / sk), 1.0 / 6); /* f1 - f0 = 9 h0 */
  ck_assert_int_eq(
      ude_initial_step(&decay, 5, 0, 1, 100, &u0, &f0, &p, rtol, &atol, &point, &f1, &h), 0);
  ck_assert_double_eq_tol(point, 9 * h0, 1e-14); /* its last use: f1 - f0 */
  ck_assert_double_eq_tol(h, fmin(100 * h0, h1), 1e-12);
  ck_assert_int_eq(
      ude_initial_step(&decay, 5, 0, 1, 1e-4, &u0, &f0, &p, rtol, &atol, &point, &f1, &h), 0);
  ck_assert_double_eq(h, 1e-4);
  const double none = 0; /* nothing happens at the start */
  ude_initial_step(&decay, 5, 0, -1, 100, &none, &none, &p, rtol, &atol, &point, &f1, &h);
  ck_assert_double_eq(h, 1e-6);
}
END_TEST

START_TEST(smallest_step_moves_time) {
  const double times[] = {0, 1e-300, 1e-10, 1, 3.7, 1e15};
  for (int i = 0; i < 6; i++) {
    double h = ude_smallest_step(times[i]);
    ck_assert_double_gt(times[i] + h, times[i]);
    ck_assert_double_lt(times[i] - h, times[i]);
    ck_assert_double_le(h, fmax(1e-14 * times[i], 1e-306));
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: step sizes");
  TCase *tests = tcase_create("control");
  tcase_add_test(tests, norm_is_the_formula);
  tcase_add_test(tests, norm_sees_what_is_not_finite);
  tcase_add_test(tests, powers_are_what_sizes_need);
  tcase_add_test(tests, controller_is_the_formula);
  tcase_add_test(tests, first_step_is_the_recipe);
  tcase_add_test(tests, smallest_step_moves_time);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
