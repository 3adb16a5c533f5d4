/* Sums of stages, tangent and transpose of a step: against plain loops, complex steps, and each other. */
#include <complex.h>

#include "every_method.h"
#include "support/problems.h"
#include "support/ude_check.h"

enum { N = 2, NP = 4, WIDTH = 3 };

static ude_rng random_numbers;

static void fill(double *x, int n) {
  for (int i = 0; i < n; i++) {
    x[i] = 2 * ude_rng_uniform(&random_numbers) - 1;
  }
}

/* ----------------------------------------------------------------------------------- sums -- */

enum { MOST_N = 70, MOST_COUNT = 40 };

static void check_sum(int n, int count, int every_second_zero, bool from_zero, bool in_place) {
  static double k[MOST_COUNT * MOST_N];
  double        u[MOST_N];
  double        out[MOST_N + 1];
  double        w[MOST_COUNT];
  double        expected[MOST_N];
  fill(k, count * n);
  fill(u, n);
  fill(w, count);
  for (int i = 0; i < count; i++) {
    if (every_second_zero && i % 2 == 1) {
      w[i] = 0;
      for (int l = 0; l < n; l++) {
        k[i * n + l] = NAN; /* not read */
      }
    }
  }
  for (int l = 0; l < n; l++) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += w[i] != 0 ? w[i] * k[i * n + l] : 0;
    }
    expected[l] = (from_zero ? 0 : u[l]) + 0.7 * sum;
  }
  double *to = in_place ? u : out;
  out[n]     = 123;
  ude_erk_combine(n, from_zero ? NULL : u, 0.7, w, count, k, to);
  ck_arrays_close(to, expected, n, 1e-14, 1e-14);
  ck_assert_double_eq(out[n], 123);
}

START_TEST(sums) {
  for (int n = 0; n <= MOST_N; n += n < 10 ? 1 : 12) {
    for (int count = 0; count <= MOST_COUNT; count++) {
      for (int zeros = 0; zeros < 2; zeros++) {
        check_sum(n, count, zeros, false, false);
        check_sum(n, count, zeros, false, true);
        check_sum(n, count, zeros, true, false);
      }
    }
  }
}
END_TEST

/* -------------------------------------------------------------------------------- products -- */

static int lotka_product(int width, double *y, double *y_dot, const double *u, const double *u_dot,
                         const double *p, const double *p_dot) {
  for (int w = 0; w < width; w++) {
    double dx     = u_dot ? u_dot[w] : 0;
    double dy     = u_dot ? u_dot[width + w] : 0;
    double dp[NP] = {0, 0, 0, 0};
    for (int i = 0; p_dot && i < NP; i++) {
      dp[i] = p_dot[i * width + w];
    }
    double xy        = dx * u[1] + u[0] * dy;
    y_dot[w]         = p[0] * dx - p[1] * xy + dp[0] * u[0] - dp[1] * u[0] * u[1];
    y_dot[width + w] = p[2] * xy - p[3] * dy + dp[2] * u[0] * u[1] - dp[3] * u[1];
  }
  return lotka_rhs(y, u, p, 0, NULL);
}

static int lotka_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                     const double *p, const double *p_dot, double t, const double *t_dot,
                     void *context) {
  (void)t;
  (void)context;
  ck_assert_ptr_null(t_dot);
  return lotka_product(1, y, y_dot, u, u_dot, p, p_dot);
}

static int lotka_jvp_wide(double *y, double *y_dot, const double *u, const double *u_dot,
                          const double *p, const double *p_dot, double t, const double *t_dot,
                          void *context) {
  (void)t;
  (void)t_dot;
  (void)context;
  return lotka_product(WIDTH, y, y_dot, u, u_dot, p, p_dot);
}

static int vjp_calls;
static int vjp_code;

static int lotka_vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
                     double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  vjp_calls++;
  double xy_bar = -p[1] * y_bar[0] + p[2] * y_bar[1];
  u_bar[0] += p[0] * y_bar[0] + xy_bar * u[1];
  u_bar[1] += -p[3] * y_bar[1] + xy_bar * u[0];
  if (p_bar) {
    p_bar[0] += u[0] * y_bar[0];
    p_bar[1] -= u[0] * u[1] * y_bar[0];
    p_bar[2] += u[0] * u[1] * y_bar[1];
    p_bar[3] -= u[1] * y_bar[1];
  }
  return vjp_code;
}

static const ude_vector_field lotka = {.state = {.count = N},
                                       .param = {.count = NP},
                                       .rhs   = {.rows     = N,
                                                 .columns  = N,
                                                 .value    = lotka_rhs,
                                                 .jvp      = lotka_jvp,
                                                 .jvp_wide = lotka_jvp_wide,
                                                 .width    = WIDTH,
                                                 .vjp      = lotka_vjp}};

static const double u[N] = {0.9, 1.7};
static const double h    = 0.21;

/* The stages in complex arithmetic, written a second time straight from their definition. */
static void complex_stages(const ude_erk_tableau *tableau, const double complex *u_c,
                           const double complex *p_c, double complex *k) {
  for (int i = 0; i < tableau->dense_stages; i++) {
    double complex y[N] = {u_c[0], u_c[1]};
    for (int j = 0; j < i; j++) {
      for (int l = 0; l < N; l++) {
        y[l] += h * tableau->a[i * tableau->dense_stages + j] * k[j * N + l];
      }
    }
    k[i * N]     = p_c[0] * y[0] - p_c[1] * y[0] * y[1];
    k[i * N + 1] = p_c[2] * y[0] * y[1] - p_c[3] * y[1];
  }
}

/* What rounding in sums of stages is amplified by. */
static double largest(const ude_erk_tableau *tableau) {
  double most = 1;
  for (int i = 0; i < tableau->dense_stages * tableau->dense_stages; i++) {
    most = fmax(most, fabs(tableau->a[i]));
  }
  return most;
}

START_TEST(tangent_is_the_derivative) {
  const ude_erk_tableau *tableau = ude_erk_find(adaptive_pairs[_i], 1);
  int                    s       = tableau->dense_stages;
  double k[MOST_STAGES * N], k_dot[MOST_STAGES * N], work[2 * N], u_dot[N], p_dot[NP];
  fill(u_dot, N);
  fill(p_dot, NP);
  ck_assert_int_eq(ude_erk_stages_tangent(tableau, &lotka, 0, h, u, u_dot, lotka_p, p_dot, NULL,
                                          NULL, 1, 0, s, k, k_dot, work),
                   0);
  const double   tiny = 1e-100;
  double complex u_c[N], p_c[NP], k_c[MOST_STAGES * N];
  for (int l = 0; l < N; l++) {
    u_c[l] = u[l] + tiny * u_dot[l] * I;
  }
  for (int l = 0; l < NP; l++) {
    p_c[l] = lotka_p[l] + tiny * p_dot[l] * I;
  }
  complex_stages(tableau, u_c, p_c, k_c);
  for (int i = 0; i < s * N; i++) {
    ck_assert_double_eq_tol(k[i], creal(k_c[i]), 1e-14 * largest(tableau));
    ck_assert_double_eq_tol(k_dot[i], cimag(k_c[i]) / tiny, 1e-13 * largest(tableau));
  }
  double plain[MOST_STAGES * N];
  ude_erk_stages(tableau, &lotka, 0, h, u, lotka_p, 0, s, plain, work);
  ck_assert_mem_eq(plain, k, sizeof(double) * (size_t)(s * N));
}
END_TEST

START_TEST(tangent_agrees_with_differences) {
  const ude_erk_tableau *tableau = ude_erk_find(adaptive_pairs[_i], 1);
  int                    s       = tableau->dense_stages;
  double k[MOST_STAGES * N], k_dot[MOST_STAGES * N], work[2 * N], u_dot[N], p_dot[NP];
  double difference[MOST_STAGES * N] = {0};
  fill(u_dot, N);
  fill(p_dot, NP);
  ude_erk_stages_tangent(tableau, &lotka, 0, h, u, u_dot, lotka_p, p_dot, NULL, NULL, 1, 0, s, k,
                         k_dot, work);
  const double weight[3] = {3.0 / 4, -3.0 / 20, 1.0 / 60}; /* central, order 6 */
  const double step      = 1e-2;
  for (int m = -3; m <= 3; m++) {
    double u_m[N], p_m[NP], k_m[MOST_STAGES * N];
    for (int l = 0; l < N; l++) {
      u_m[l] = u[l] + m * step * u_dot[l];
    }
    for (int l = 0; l < NP; l++) {
      p_m[l] = lotka_p[l] + m * step * p_dot[l];
    }
    ude_erk_stages(tableau, &lotka, 0, h, u_m, p_m, 0, s, k_m, work);
    for (int i = 0; m != 0 && i < s * N; i++) {
      difference[i] += (m > 0 ? 1 : -1) * weight[abs(m) - 1] * k_m[i] / step;
    }
  }
  ck_arrays_close(k_dot, difference, s * N, 1e-9, 1e-9);
}
END_TEST

START_TEST(wide_is_several_narrow) {
  const ude_erk_tableau *tableau = ude_erk_find(adaptive_pairs[_i], 1);
  int                    s       = tableau->dense_stages;
  double                 k[MOST_STAGES * N], k_dot[MOST_STAGES * N * WIDTH], work[N * (1 + WIDTH)];
  double                 u_dot[N * WIDTH], p_dot[NP * WIDTH];
  fill(u_dot, N * WIDTH);
  fill(p_dot, NP * WIDTH);
  /* In two pieces, as when the dense output comes later. */
  ude_erk_stages_tangent(tableau, &lotka, 0, h, u, u_dot, lotka_p, p_dot, NULL, NULL, WIDTH, 0, 3,
                         k, k_dot, work);
  ude_erk_stages_tangent(tableau, &lotka, 0, h, u, u_dot, lotka_p, p_dot, NULL, NULL, WIDTH, 3, s,
                         k, k_dot, work);
  for (int w = 0; w < WIDTH; w++) {
    double u_one[N], p_one[NP], k_one[MOST_STAGES * N], k_dot_one[MOST_STAGES * N];
    for (int l = 0; l < N; l++) {
      u_one[l] = u_dot[l * WIDTH + w];
    }
    for (int l = 0; l < NP; l++) {
      p_one[l] = p_dot[l * WIDTH + w];
    }
    ude_erk_stages_tangent(tableau, &lotka, 0, h, u, u_one, lotka_p, p_one, NULL, NULL, 1, 0, s,
                           k_one, k_dot_one, work);
    for (int i = 0; i < s * N; i++) {
      ck_assert_double_eq(k_dot[i * WIDTH + w], k_dot_one[i]);
    }
  }
}
END_TEST

static double dot(const double *x, const double *y, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) {
    sum += x[i] * y[i];
  }
  return sum;
}

START_TEST(transpose_is_the_transpose) {
  const ude_erk_tableau *tableau = ude_erk_find(adaptive_pairs[_i], 1);
  for (int trial = 0; trial < 50; trial++) {
    int    last = trial % 2 ? tableau->stages : tableau->dense_stages;
    double k[MOST_STAGES * N], k_dot[MOST_STAGES * N], k_bar[MOST_STAGES * N],
        kept[MOST_STAGES * N];
    double work[2 * N], u_dot[N], p_dot[NP], u_bar[N], p_bar[NP], u_start[N], p_start[NP];
    fill(u_dot, N);
    fill(p_dot, NP);
    fill(k_bar, last * N);
    fill(u_start, N);
    fill(p_start, NP);
    int zeros = 0;
    for (int i = last - 1 - trial % 3; i < last; i++, zeros++) { /* the last stages unused */
      k_bar[i * N] = k_bar[i * N + 1] = 0;
    }
    memcpy(kept, k_bar, sizeof kept);
    memcpy(u_bar, u_start, sizeof u_bar);
    memcpy(p_bar, p_start, sizeof p_bar);
    ude_erk_stages_tangent(tableau, &lotka, 0, h, u, u_dot, lotka_p, p_dot, NULL, NULL, 1, 0, last,
                           k, k_dot, work);
    vjp_calls = 0;
    ck_assert_int_eq(ude_erk_stages_transpose(tableau, &lotka, 0, h, u, lotka_p, last, k, k_bar,
                                              u_bar, p_bar, NULL, NULL, work),
                     0);
    ck_assert_int_le(vjp_calls, last - zeros); /* nothing is done for stages without a cotangent */
    for (int l = 0; l < N; l++) {
      u_bar[l] -= u_start[l];
    }
    for (int l = 0; l < NP; l++) {
      p_bar[l] -= p_start[l];
    }
    double forward = dot(kept, k_dot, last * N);
    double reverse = dot(u_bar, u_dot, N) + dot(p_bar, p_dot, NP);
    double scale   = sqrt(dot(kept, kept, last * N) * dot(k_dot, k_dot, last * N));
    ck_assert_double_lt(fabs(forward - reverse), 1e-14 * largest(tableau) * fmax(scale, 1));
  }
}
END_TEST

START_TEST(transpose_without_parameters_and_failing) {
  const ude_erk_tableau *tableau = ude_erk_find(adaptive_pairs[_i], 1);
  double k[MOST_STAGES * N], k_bar[MOST_STAGES * N], again[MOST_STAGES * N], work[2 * N];
  double u_bar[N] = {0, 0}, u_bar_2[N] = {0, 0}, p_bar[NP] = {0};
  int    s = tableau->stages;
  ude_erk_stages(tableau, &lotka, 0, h, u, lotka_p, 0, s, k, work);
  fill(k_bar, s * N);
  memcpy(again, k_bar, sizeof again);
  ude_erk_stages_transpose(tableau, &lotka, 0, h, u, lotka_p, s, k, k_bar, u_bar, NULL, NULL, NULL,
                           work);
  memcpy(k_bar, again, sizeof again);
  ude_erk_stages_transpose(tableau, &lotka, 0, h, u, lotka_p, s, k, k_bar, u_bar_2, p_bar, NULL,
                           NULL, work);
  ck_assert_mem_eq(u_bar, u_bar_2, sizeof u_bar);
  vjp_code = -3;
  ck_assert_int_eq(ude_erk_stages_transpose(tableau, &lotka, 0, h, u, lotka_p, s, k, again, u_bar,
                                            p_bar, NULL, NULL, work),
                   -3);
  vjp_code = 0;
}
END_TEST

static int rhs_code;

PROBLEM_RHS(failing_rhs) {
  (void)p;
  (void)context;
  du[0] = u[0];
  return t > 0.1 ? rhs_code : 0;
}

START_TEST(stages_pass_on_the_code) {
  const ude_vector_field failing = PROBLEM_FIELD(1, 0, failing_rhs);
  const ude_erk_tableau *tableau = ude_erk_find(adaptive_pairs[_i], 1);
  double                 k[MOST_STAGES], work[1], one = 1;
  rhs_code = 7;
  ck_assert_int_eq(ude_erk_stages(tableau, &failing, 0, 1, &one, NULL, 0, tableau->stages, k, work),
                   7);
  ck_assert_int_eq(
      ude_erk_stages(tableau, &failing, 0, 1e-3, &one, NULL, 0, tableau->stages, k, work), 0);
}
END_TEST

int main(void) {
  random_numbers = ude_rng_make(20, 1);
  Suite *suite   = suite_create("solve: kernels");
  TCase *tests   = tcase_create("kernels");
  tcase_add_test(tests, sums);
  tcase_add_loop_test(tests, tangent_is_the_derivative, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, tangent_agrees_with_differences, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, wide_is_several_narrow, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, transpose_is_the_transpose, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, transpose_without_parameters_and_failing, 0, ADAPTIVE_PAIRS);
  tcase_add_loop_test(tests, stages_pass_on_the_code, 0, ADAPTIVE_PAIRS);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
