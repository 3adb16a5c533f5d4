/* Single steps of every method through the interface of method.h: a replay is the step; the tangent is the derivative of
 * the replay (central differences of order 6) with respect to state, parameters, start, size and position in the step, for
 * the new state, the dense output, the error estimate and the stiffness estimate; the transpose is its transpose. */
#include "every_method.h"
#include "support/ude_check.h"

enum { N = 3, NP = 2, WIDTH = 3 };

/* u' = nonlinear in u, p and t. */
static void field_value(double *du, const double *u, const double *p, double t) {
  du[0] = p[0] * u[1] * cos(t) - u[0] * u[0];
  du[1] = sin(u[0] * t) - p[1] * u[1] + u[2] * p[0] * p[0];
  du[2] = u[0] * u[1] - exp(-t) * p[1] * u[2] * u[2];
}

/* Entry [i][j] of the derivative; columns: u, p, t. */
static void field_jacobian(double j[N][N + NP + 1], const double *u, const double *p, double t) {
  double c = cos(u[0] * t);
  double e = exp(-t);
  memset(j, 0, sizeof(double) * N * (N + NP + 1));
  j[0][0] = -2 * u[0];
  j[0][1] = p[0] * cos(t);
  j[0][3] = u[1] * cos(t);
  j[0][5] = -p[0] * u[1] * sin(t);
  j[1][0] = c * t;
  j[1][1] = -p[1];
  j[1][2] = p[0] * p[0];
  j[1][3] = 2 * p[0] * u[2];
  j[1][4] = -u[1];
  j[1][5] = c * u[0];
  j[2][0] = u[1];
  j[2][1] = u[0];
  j[2][2] = -2 * e * p[1] * u[2];
  j[2][4] = -e * u[2] * u[2];
  j[2][5] = e * p[1] * u[2] * u[2];
}

static int fail_at = -1; /* call whose code is not 0 */

static int value(double *du, const double *u, const double *p, double t, void *context) {
  (void)context;
  field_value(du, u, p, t);
  return fail_at >= 0 && fail_at-- == 0 ? 7 : 0;
}

static int product(int64_t width, double *y, double *y_dot, const double *u, const double *u_dot,
                   const double *p, const double *p_dot, double t, const double *t_dot) {
  double j[N][N + NP + 1];
  field_value(y, u, p, t);
  field_jacobian(j, u, p, t);
  for (int64_t i = 0; i < N; i++) {
    for (int64_t w = 0; w < width; w++) {
      double sum = t_dot ? j[i][N + NP] * t_dot[w] : 0;
      for (int64_t k = 0; u_dot && k < N; k++) {
        sum += j[i][k] * u_dot[k * width + w];
      }
      for (int64_t k = 0; p_dot && k < NP; k++) {
        sum += j[i][N + k] * p_dot[k * width + w];
      }
      y_dot[i * width + w] = sum;
    }
  }
  return fail_at >= 0 && fail_at-- == 0 ? 7 : 0;
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  (void)context;
  return product(1, y, y_dot, u, u_dot, p, p_dot, t, t_dot);
}

static int jvp_wide(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  (void)context;
  return product(WIDTH, y, y_dot, u, u_dot, p, p_dot, t, t_dot);
}

static int vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  double j[N][N + NP + 1];
  (void)context;
  field_jacobian(j, u, p, t);
  for (int i = 0; i < N; i++) {
    for (int k = 0; u_bar && k < N; k++) {
      u_bar[k] += j[i][k] * y_bar[i];
    }
    for (int k = 0; p_bar && k < NP; k++) {
      p_bar[k] += j[i][N + k] * y_bar[i];
    }
    if (t_bar) {
      *t_bar += j[i][N + NP] * y_bar[i];
    }
  }
  return fail_at >= 0 && fail_at-- == 0 ? 7 : 0;
}

static const ude_vector_field field = {.state = {.count = N},
                                       .param = {.count = NP},
                                       .rhs   = {.rows     = N,
                                                 .columns  = N,
                                                 .value    = value,
                                                 .jvp      = jvp,
                                                 .jvp_wide = jvp_wide,
                                                 .width    = WIDTH,
                                                 .vjp      = vjp}};

/* ------------------------------------------------------------------------------ one step -- */

/** Arguments and results of a step, in one vector each. */
enum {
  ARGUMENTS = N + NP + 3,
  RESULTS   = 3 * N + 1
}; /* u, p, t, h, theta -> u_new, dense, error, stiffness */

static const double arguments[ARGUMENTS] = {0.8, -0.4, 0.6, 1.3, 0.7, 0.35, 0.33, 0.62};

typedef struct bench {
  const ude_method        *method;
  const ude_solve_options *options;
  ude_method_setting       setting;
  void                    *work;
  ude_solve_result         stats;
  int32_t                  tag;
} bench;

static const ude_solve_options options       = {.rtol = 1e-6, .atol = 1e-9};
static const double            tolerances[N] = {1e-9, 1e-9, 1e-9};

typedef struct method_row {
  const char *name;
  int32_t     tag;       /**< of replays */
  bool        stiffness; /**< there is an estimate */
} method_row;

/* The stabilised methods with few stages, and with so many that a transpose computes them in several parts. */
static const method_row names[] = {{"euler", 0, false},  {"rk4", 0, true},    {"ssprk43", 0, true},
                                   {"bs3", 0, true},     {"tsit5", 0, true},  {"dp5", 0, true},
                                   {"vern6", 0, true},   {"vern7", 0, true},  {"dop853", 0, true},
                                   {"vern9", 0, true},   {"rock2", 0, false}, {"rock2", 30, false},
                                   {"rock2", 13, false}, {"rock4", 0, false}, {"rock4", 30, false}};
enum { METHODS = sizeof names / sizeof names[0] };

static void open_bench(bench *b, const method_row *of) {
  *b = (bench){.method  = ude_method_find(of->name, 1),
               .setting = {&field, &options, tolerances},
               .tag     = of->tag};
  ck_ok(b->method->open(b->method, &b->setting, &b->work, NULL), NULL);
}

static ude_step step_of(bench *b, const double *x, double *u_new, double *error) {
  return (ude_step){.t      = x[N + NP],
                    .h      = x[N + NP + 1],
                    .t_next = x[N + NP] + x[N + NP + 1],
                    .u      = x,
                    .p      = x + N,
                    .u_new  = u_new,
                    .error  = error,
                    .norm   = -1,
                    .tag    = b->tag,
                    .stats  = &b->stats};
}

static void replay(bench *b, const double *x, double *y) {
  ude_step step = step_of(b, x, y, y + 2 * N);
  memset(y, 0, RESULTS * sizeof *y);
  ck_assert_int_eq(b->method->replay(b->work, &step), 0);
  ck_assert_int_eq(b->method->dense(b->work, &step, x[N + NP + 2], y + N), 0);
  double rho     = b->method->stiffness ? b->method->stiffness(b->work, &step) : (double)NAN;
  y[RESULTS - 1] = isnan(rho) ? 0 : rho;
}

/* y_dot: [RESULTS][width]. */
static int tangent(bench *b, const double *x, int64_t width, const double *x_dot, double *y,
                   double *y_dot) {
  ude_step    step = step_of(b, x, y, y + 2 * N);
  ude_tangent in   = {.width         = width,
                      .u_dot         = x_dot,
                      .p_dot         = x_dot + N * width,
                      .t_dot         = x_dot + (N + NP) * width,
                      .h_dot         = x_dot + (N + NP + 1) * width,
                      .u_new_dot     = y_dot,
                      .error_dot     = y_dot + 2 * N * width,
                      .stiffness_dot = y_dot + 3 * N * width};
  step.tangents    = true;
  memset(y_dot, 0, (size_t)(RESULTS * width) * sizeof *y_dot);
  int code = b->method->replay(b->work, &step);
  code     = code ? code : b->method->tangent(b->work, &step, &in);
  return code ? code
              : b->method->tangent_dense(b->work, &step, &in, x[N + NP + 2],
                                         x_dot + (N + NP + 2) * width, y_dot + N * width);
}

static int transpose(bench *b, const double *x, const double *y_bar, double *x_bar) {
  double        u_new[N], error[N];
  ude_step      step = step_of(b, x, u_new, error);
  ude_cotangent in   = {.u_new_bar     = y_bar,
                        .error_bar     = y_bar + 2 * N,
                        .stiffness_bar = y_bar[RESULTS - 1],
                        .u_bar         = x_bar,
                        .p_bar         = x_bar + N,
                        .t_bar         = x_bar + N + NP,
                        .h_bar         = x_bar + N + NP + 1};
  memset(x_bar, 0, ARGUMENTS * sizeof *x_bar);
  int code = b->method->replay(b->work, &step);
  b->method->transpose_begin(b->work, true);
  code = code ? code
              : b->method->transpose_dense(b->work, &step, x[N + NP + 2], y_bar + N,
                                           &x_bar[N + NP + 2]);
  return code ? code : b->method->transpose(b->work, &step, &in);
}

static ude_rng random_numbers;

static void fill(double *x, int n) {
  for (int i = 0; i < n; i++) {
    x[i] = 2 * ude_rng_uniform(&random_numbers) - 1;
  }
}

START_TEST(replay_is_the_step) {
  bench b;
  open_bench(&b, &names[_i]);
  double   f[N], tried[N], error[N] = {0}, again[N], again_error[N] = {0}, dense[N], dense_again[N];
  ude_step step = step_of(&b, arguments, tried, error);
  field_value(f, arguments, arguments + N, step.t);
  ck_assert_int_eq(b.method->start(b.work, &step, f), 0);
  ck_assert_int_eq(b.method->attempt(b.work, &step), 0);
  ck_assert_int_eq(b.method->finish(b.work, &step), 0);
  ck_assert_int_eq(b.method->dense(b.work, &step, 0.3, dense), 0);
  double rho = b.method->stiffness ? b.method->stiffness(b.work, &step) : (double)NAN;
  /* The same, from a workspace that has seen other steps. */
  double other[ARGUMENTS], y[RESULTS];
  fill(other, ARGUMENTS);
  other[ARGUMENTS - 1] = 0.5;
  replay(&b, other, y);
  ude_step second = step_of(&b, arguments, again, again_error);
  second.tag      = step.tag;
  ck_assert_int_eq(b.method->replay(b.work, &second), 0);
  ck_assert_int_eq(b.method->dense(b.work, &second, 0.3, dense_again), 0);
  ck_arrays_close(again, tried, N, 1e-15, 1e-15);
  ck_arrays_close(again_error, error, N, 1e-14, 1e-16);
  ck_arrays_close(dense_again, dense, N, 1e-14, 1e-15);
  ck_assert(names[_i].stiffness || isnan(rho));
  if (names[_i].stiffness) {
    ck_assert_double_le(fabs(b.method->stiffness(b.work, &second) - rho), 1e-8 * rho);
  }
  b.method->close(b.work);
}
END_TEST

START_TEST(tangent_is_the_derivative) {
  bench b;
  open_bench(&b, &names[_i]);
  ck_ok(b.method->reserve(b.work, 1, NULL), NULL);
  for (int direction = 0; direction < ARGUMENTS; direction++) {
    double       x_dot[ARGUMENTS] = {0}, y[RESULTS], y_dot[RESULTS], difference[RESULTS] = {0};
    const double weight[3] = {3.0 / 4, -3.0 / 20, 1.0 / 60}; /* central, order 6 */
    const double apart     = 4e-3;
    x_dot[direction]       = 1;
    ck_assert_int_eq(tangent(&b, arguments, 1, x_dot, y, y_dot), 0);
    for (int m = -3; m <= 3; m++) {
      double x[ARGUMENTS], y_m[RESULTS];
      memcpy(x, arguments, sizeof x);
      x[direction] += m * apart;
      replay(&b, x, y_m);
      for (int i = 0; m != 0 && i < RESULTS; i++) {
        difference[i] += (m > 0 ? 1 : -1) * weight[abs(m) - 1] * y_m[i] / apart;
      }
    }
    if (!names[_i].stiffness) {
      y_dot[RESULTS - 1] = 0; /* no estimate: NaN */
    }
    ck_arrays_close(y_dot, difference, RESULTS - 1, 1e-9, 1e-9);
    /* A quotient of differences of stages loses as many digits as the stages agree in. */
    ck_assert_double_eq_tol(y_dot[RESULTS - 1], difference[RESULTS - 1], 1e-5);
  }
  b.method->close(b.work);
}
END_TEST

START_TEST(wide_is_several_narrow) {
  bench  b;
  double x_dot[ARGUMENTS * WIDTH], y[RESULTS], wide[RESULTS * WIDTH], narrow[RESULTS];
  open_bench(&b, &names[_i]);
  fill(x_dot, ARGUMENTS * WIDTH);
  ck_ok(b.method->reserve(b.work, WIDTH, NULL), NULL);
  ck_assert_int_eq(tangent(&b, arguments, WIDTH, x_dot, y, wide), 0);
  ck_ok(b.method->reserve(b.work, 1, NULL), NULL);
  for (int w = 0; w < WIDTH; w++) {
    double one[ARGUMENTS], of_wide[RESULTS];
    for (int i = 0; i < ARGUMENTS; i++) {
      one[i] = x_dot[i * WIDTH + w];
    }
    for (int i = 0; i < RESULTS; i++) {
      of_wide[i] = wide[i * WIDTH + w];
    }
    ck_assert_int_eq(tangent(&b, arguments, 1, one, y, narrow), 0);
    ck_arrays_close(of_wide, narrow, RESULTS, 1e-14, 1e-14);
  }
  b.method->close(b.work);
}
END_TEST

/* Largest coefficient: what rounding is amplified by. */
static double largest(const char *name) {
  const ude_erk_tableau *tableau = ude_erk_find(name, 1);
  double most = tableau ? 10 : 400; /* the chain: by the square of its stages at most */
  for (int i = 0; tableau && i < tableau->dense_stages * tableau->dense_stages; i++) {
    most = fmax(most, fabs(tableau->a[i]));
  }
  for (int i = 0; tableau && i < tableau->dense_stages * tableau->dense_degree; i++) {
    most = fmax(most, fabs(tableau->r[i]));
  }
  return most;
}

START_TEST(transpose_is_the_transpose) {
  bench b;
  open_bench(&b, &names[_i]);
  ck_ok(b.method->reserve(b.work, 1, NULL), NULL);
  ck_ok(b.method->reserve(b.work, 0, NULL), NULL);
  for (int trial = 0; trial < 50; trial++) {
    double x[ARGUMENTS], x_dot[ARGUMENTS], x_bar[ARGUMENTS], y[RESULTS], y_dot[RESULTS],
        y_bar[RESULTS];
    fill(x_dot, ARGUMENTS);
    fill(y_bar, RESULTS);
    for (int i = 0; i < ARGUMENTS; i++) {
      x[i] = arguments[i] + 0.1 * x_dot[(i + trial) % ARGUMENTS];
    }
    x[N + NP + 1] *= trial % 2 ? -1 : 1; /* backwards, too */
    if (!names[_i].stiffness || trial % 3 == 0) {
      y_bar[RESULTS - 1] = 0;
    }
    ck_assert_int_eq(tangent(&b, x, 1, x_dot, y, y_dot), 0);
    ck_assert_int_eq(transpose(&b, x, y_bar, x_bar), 0);
    double forward = 0, reverse = 0, size = 1;
    for (int i = 0; i < RESULTS; i++) {
      double term = y_bar[i] != 0 ? y_dot[i] * y_bar[i] : 0;
      forward += term;
      size += fabs(term);
    }
    for (int i = 0; i < ARGUMENTS; i++) {
      reverse += x_dot[i] * x_bar[i];
      size += fabs(x_dot[i] * x_bar[i]);
    }
    /* The derivative of the stiffness estimate divides by a difference of stages. */
    double rounding = y_bar[RESULTS - 1] != 0 ? 1e-9 : 2e-16 * largest(names[_i].name);
    ck_assert_double_lt(fabs(forward - reverse), rounding * size);
  }
  b.method->close(b.work);
}
END_TEST

START_TEST(failing_calls_are_passed_on) {
  bench  b;
  double x_dot[ARGUMENTS], y[RESULTS], y_dot[RESULTS], y_bar[RESULTS], x_bar[ARGUMENTS];
  open_bench(&b, &names[_i]);
  ck_ok(b.method->reserve(b.work, 1, NULL), NULL);
  ck_ok(b.method->reserve(b.work, 0, NULL), NULL);
  fill(x_dot, ARGUMENTS);
  fill(y_bar, RESULTS);
  int failed[2] = {0, 0};
  for (int k = 0;; k++) {
    fail_at      = k;
    int forward  = tangent(&b, arguments, 1, x_dot, y, y_dot);
    fail_at      = k;
    int backward = transpose(&b, arguments, y_bar, x_bar);
    fail_at      = -1;
    ck_assert(forward == 0 || forward == 7);
    ck_assert(backward == 0 || backward == 7);
    failed[0] += forward == 7;
    failed[1] += backward == 7;
    if (forward == 0 && backward == 0) {
      break;
    }
  }
  ck_assert_int_ge(failed[0], 1);
  ck_assert_int_ge(failed[1], 2 * failed[0] - 1);
  b.method->close(b.work);
}
END_TEST

int main(void) {
  random_numbers = ude_rng_make(41, 1);
  Suite *suite   = suite_create("solve: derivatives of steps");
  TCase *tests   = tcase_create("steps");
  tcase_add_loop_test(tests, replay_is_the_step, 0, METHODS);
  tcase_add_loop_test(tests, tangent_is_the_derivative, 0, METHODS);
  tcase_add_loop_test(tests, wide_is_several_narrow, 0, METHODS);
  tcase_add_loop_test(tests, transpose_is_the_transpose, 0, METHODS);
  tcase_add_loop_test(tests, failing_calls_are_passed_on, 0, METHODS);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
