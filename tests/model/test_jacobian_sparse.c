/* Sparse Jacobians from coloured products against the dense one; what is missing is said. */
#include <string.h>
#include <ude/vector_field.h>

#include "support/ude_check.h"

enum { N = 7 };

/* y_i = p_0 u_i u_(i+1) + t p_i, and a dense last row. */
static int value(double *y, const double *u, const double *p, double t, void *context) {
  (void)context;
  y[N - 1] = 0;
  for (int i = 0; i < N; i++) {
    if (i + 1 < N) {
      y[i] = p[0] * u[i] * u[i + 1] + t * p[i];
    }
    y[N - 1] += u[i] * u[i];
  }
  return 0;
}

static int product(int width, double *y, double *y_dot, const double *u, const double *u_dot,
                   const double *p, const double *p_dot, double t) {
  for (int l = 0; l < width; l++) {
    y_dot[(N - 1) * width + l] = 0;
    for (int i = 0; i < N; i++) {
      double here = u_dot ? u_dot[i * width + l] : 0;
      if (i + 1 < N) {
        double next  = u_dot ? u_dot[(i + 1) * width + l] : 0;
        double first = p_dot ? p_dot[l] : 0, own = p_dot ? p_dot[i * width + l] : 0;
        y_dot[i * width + l] =
            p[0] * (here * u[i + 1] + u[i] * next) + first * u[i] * u[i + 1] + t * own;
      }
      y_dot[(N - 1) * width + l] += 2 * u[i] * here;
    }
  }
  return value(y, u, p, t, NULL);
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  (void)t_dot;
  (void)context;
  return product(1, y, y_dot, u, u_dot, p, p_dot, t);
}

static int jvp4(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                const double *p_dot, double t, const double *t_dot, void *context) {
  (void)t_dot;
  (void)context;
  return product(4, y, y_dot, u, u_dot, p, p_dot, t);
}

static int vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  (void)t_bar;
  (void)context;
  for (int i = 0; i < N; i++) {
    if (u_bar) {
      u_bar[i] += 2 * u[i] * y_bar[N - 1];
    }
    if (i + 1 < N && u_bar) {
      u_bar[i] += p[0] * u[i + 1] * y_bar[i];
      u_bar[i + 1] += p[0] * u[i] * y_bar[i];
    }
    if (i + 1 < N && p_bar) {
      p_bar[0] += u[i] * u[i + 1] * y_bar[i];
      p_bar[i] += t * y_bar[i];
    }
  }
  return 0;
}

static const ude_map map = {
    .rows = N, .columns = N, .value = value, .jvp = jvp, .jvp_wide = jvp4, .width = 4, .vjp = vjp};

static const double u[N] = {1, -2, 0.5, 3, 1.5, -1, 2}, p[N] = {2, 1, 3, 4, 5, 6, 7};

static ude_pattern pattern_of(const double *dense) {
  ude_pattern made = {.rows    = N,
                      .columns = N,
                      .start   = calloc(N + 1, sizeof(int64_t)),
                      .index   = calloc(N * N, sizeof(int64_t))};
  ck_assert(made.start && made.index);
  for (int i = 0; i < N; i++) {
    made.start[i + 1] = made.start[i];
    for (int j = 0; j < N; j++) {
      if (dense[i * N + j] != 0) {
        made.index[made.start[i + 1]++] = j;
      }
    }
  }
  return made;
}

START_TEST(agrees_with_dense) {
  static const ude_colour_kind kinds[] = {UDE_COLOUR_COLUMNS, UDE_COLOUR_ROWS,
                                          UDE_COLOUR_BIDIRECTIONAL};
  double                       dense[N * N], values[N * N];
  ude_error                    error;
  for (int wrt_param = 0; wrt_param < 2; wrt_param++) {
    ck_assert(!ude_jacobian(&map, N, u, p, 0.5, wrt_param, false, dense, &error));
    ude_pattern pattern = pattern_of(dense);
    for (int k = 0; k < 3; k++) {
      for (int narrow = 0; narrow < 2; narrow++) {
        ude_map       one       = map;
        ude_colouring colouring = {0};
        one.jvp_wide            = narrow ? NULL : map.jvp_wide;
        one.width               = narrow ? 0 : map.width;
        ck_assert(!ude_colour(&pattern, kinds[k], UDE_ORDER_BEST, &colouring, &error));
        ck_assert_msg(!ude_jacobian_sparse(&one, N, u, p, 0.5, wrt_param, &pattern, &colouring,
                                           values, &error),
                      "%s", error.message);
        for (int i = 0; i < N; i++) {
          for (int64_t e = pattern.start[i]; e < pattern.start[i + 1]; e++) {
            ck_assert_double_eq(values[e], dense[i * N + pattern.index[e]]);
          }
        }
        ude_colouring_free(&colouring);
      }
    }
    ude_pattern_free(&pattern);
  }
}
END_TEST

START_TEST(says_what_is_missing) {
  double        dense[N * N], values[N * N];
  ude_error     error;
  ude_colouring columns = {0}, rows = {0};
  ck_assert(!ude_jacobian(&map, N, u, p, 0.5, false, false, dense, &error));
  ude_pattern pattern = pattern_of(dense);
  ck_assert(!ude_colour(&pattern, UDE_COLOUR_COLUMNS, UDE_ORDER_NATURAL, &columns, &error));
  ck_assert(!ude_colour(&pattern, UDE_COLOUR_ROWS, UDE_ORDER_NATURAL, &rows, &error));
  ude_map poor = map;
  poor.jvp     = NULL;
  ck_assert_int_eq(
      ude_jacobian_sparse(&poor, N, u, p, 0, false, &pattern, &columns, values, &error),
      UDE_UNSUPPORTED);
  poor     = map;
  poor.vjp = NULL;
  ck_assert_int_eq(ude_jacobian_sparse(&poor, N, u, p, 0, false, &pattern, &rows, values, &error),
                   UDE_UNSUPPORTED);
  ck_assert_int_eq(
      ude_jacobian_sparse(&map, N + 1, u, p, 0, true, &pattern, &columns, values, &error),
      UDE_INVALID_ARGUMENT);
  ude_colouring_free(&columns);
  ude_colouring_free(&rows);
  ude_pattern_free(&pattern);
}
END_TEST

int main(void) {
  Suite   *suite  = suite_create("jacobian_sparse");
  TCase   *tcase  = tcase_create("jacobian_sparse");
  SRunner *runner = srunner_create(suite);
  tcase_add_test(tcase, agrees_with_dense);
  tcase_add_test(tcase, says_what_is_missing);
  suite_add_tcase(suite, tcase);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
