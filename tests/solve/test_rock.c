/* ROCK2 and ROCK4: conditions of order and stability of every stored number of stages, observed orders, parabolic problems. */
#include "solve/rock.h"
#include "support/problems.h"
#include "support/ude_check.h"

static const ude_rock_table *const tables[] = {&ude_rock2, &ude_rock4};

/* ---------------------------------------------------------------------------- coefficients -- */

enum { TREES = 8 };

/* Elementary weights of h f(g) from those of g, for the trees . [.] [..] [[.]] [...] [.[.]] [[..]] [[[.]]] (Hairer, Norsett, Wanner
 * I, II.2). */
static void slope(const double *g, double *f) {
  const double of[TREES] = {1,           g[0], g[0] * g[0], g[1], g[0] * g[0] * g[0],
                            g[0] * g[1], g[2], g[3]};
  memcpy(f, of, sizeof of);
}

/* Weights of the new state and of the error estimate. */
static void weigh(const ude_rock_scheme *scheme, int q, double *end, double *error) {
  double g[TREES] = {0}, before[TREES] = {0}, f[5][TREES], point[TREES], chain[TREES];
  for (int j = 1; j <= scheme->chain; j++) {
    slope(g, chain);
    for (int k = 0; k < TREES; k++) {
      double next =
          scheme->mu[j] * chain[k] + scheme->nu[j] * g[k] + (1 - scheme->nu[j]) * before[k];
      before[k] = g[k];
      g[k]      = next;
    }
  }
  memcpy(end, g, sizeof g);
  for (int i = 0; i < q; i++) {
    memcpy(point, g, sizeof g);
    for (int j = 0; j < i; j++) {
      for (int k = 0; k < TREES; k++) {
        point[k] += scheme->a[i][j] * f[j][k];
      }
    }
    ck_assert_double_eq_tol(point[0], scheme->c_end[i], 1e-14);
    slope(point, f[i]);
    for (int k = 0; k < TREES; k++) {
      end[k] += scheme->b[i] * f[i][k];
    }
  }
  slope(end, f[4]);
  for (int k = 0; k < TREES; k++) {
    error[k] = 0;
    for (int i = 0; i < 5; i++) {
      error[k] += i < q || (q == 4) ? scheme->e[i] * f[i][k] : 0;
    }
  }
}

START_TEST(conditions_of_order) {
  const double exact[TREES] = {1, 1.0 / 2, 1.0 / 3, 1.0 / 6, 1.0 / 4, 1.0 / 8, 1.0 / 12, 1.0 / 24};
  const ude_rock_table *table  = tables[_i];
  int                   trees  = table->order == 2 ? 2 : 8;
  int                   vanish = table->order == 2 ? 1 : 4;
  for (int row = 0; row < table->rows; row++) {
    ude_rock_scheme scheme;
    double          end[TREES], error[TREES];
    ude_rock_scheme_make(table, row, &scheme);
    ck_assert_int_eq(scheme.chain + table->order, table->row[row].stages);
    weigh(&scheme, table->order, end, error);
    ck_arrays_close(end, exact, trees, 1e-11, 1e-11);
    const double none[TREES] = {0};
    ck_arrays_close(error, none, vanish, 1e-11, 1e-11);
    ck_assert_double_gt(fabs(error[vanish]), 1e-4); /* and not more */
  }
}
END_TEST

/* R(z) of the scheme as it is computed. */
static double stability(const ude_rock_scheme *scheme, int q, double z) {
  double g = 1, before = 1, k[4];
  for (int j = 1; j <= scheme->chain; j++) {
    double next = scheme->mu[j] * z * g + scheme->nu[j] * g + (1 - scheme->nu[j]) * before;
    before      = g;
    g           = next;
  }
  double end = g;
  for (int i = 0; i < q; i++) {
    double point = g;
    for (int j = 0; j < i; j++) {
      point += scheme->a[i][j] * k[j];
    }
    k[i] = z * point;
    end += scheme->b[i] * k[i];
  }
  return end;
}

START_TEST(stability_intervals) {
  const ude_rock_table *table = tables[_i];
  const double          least = table->order == 2 ? 0.80 : 0.345; /* of the square of the stages */
  ck_assert_double_eq_tol(ude_method_find(table->name, 1)->stability,
                          table->row[table->rows - 1].numbers[0], 0.01);
  for (int row = 0; row < table->rows; row++) {
    ude_rock_scheme scheme;
    int             s = table->row[row].stages;
    ude_rock_scheme_make(table, row, &scheme);
    if (s >= 26) {
      ck_assert_double_gt(scheme.length, least * s * s);
    }
    int    points = 60 * s;
    double damped = 3;                  /* beyond this the damping has set in */
    for (int i = 1; i <= points; i++) { /* dense near both ends, as the extrema are */
      double half = sin(1.5707963267948966 * i / points);
      double z    = -scheme.length * half * half;
      ck_assert_double_le(fabs(stability(&scheme, table->order, z)), z < -damped ? 0.951 : 1);
    }
    ck_assert_double_gt(fabs(stability(&scheme, table->order, -1.03 * scheme.length)), 1);
  }
}
END_TEST

/* ---------------------------------------------------------------------------------- orders -- */

enum { N = CLOSED_N };
static const ude_vector_field closed = PROBLEM_FIELD(N, 0, closed_rhs);

/* One step with this many stages from the exact state: errors of the end and of the dense output. */
static void local_errors(const ude_method *method, int row, double h, double *end, double *dense) {
  static const ude_solve_options options = {.rtol = 1e-6, .atol = 1e-9};
  static const double            atol[N] = {1e-9, 1e-9, 1e-9, 1e-9};
  ude_method_setting             setting = {&closed, &options, atol};
  ude_solve_result               stats   = {0};
  void                          *work    = NULL;
  double                         u[N], u_new[N], truth[N], out[N];
  ck_ok(method->open(method, &setting, &work, NULL), NULL);
  *end   = 0;
  *dense = 0;
  for (double t = 0.1; t < 1.3; t += 0.3) {
    closed_exact(t, u);
    ude_step step = {
        .t = t, .h = h, .t_next = t + h, .u = u, .u_new = u_new, .tag = row, .stats = &stats};
    ck_assert_int_eq(method->replay(work, &step), 0);
    closed_exact(t + h, truth);
    for (int l = 0; l < N; l++) {
      *end = fmax(*end, fabs(u_new[l] - truth[l]));
    }
    ck_assert_int_eq(method->dense(work, &step, 0.4, out), 0);
    closed_exact(t + 0.4 * h, truth);
    for (int l = 0; l < N; l++) {
      *dense = fmax(*dense, fabs(out[l] - truth[l]));
    }
  }
  method->close(work);
}

START_TEST(orders_with_any_number_of_stages) {
  const ude_method *method = ude_method_find(tables[_i]->name, 1);
  for (int row = 0; row < tables[_i]->rows; row += 6) {
    double end[2], dense[2];
    double h = 0.01;
    local_errors(method, row, h, &end[0], &dense[0]);
    local_errors(method, row, h / 2, &end[1], &dense[1]);
    ck_assert_double_gt(log2(end[0] / end[1]), method->order + 0.7);
    ck_assert_double_lt(log2(end[0] / end[1]), method->order + 1.7);
    ck_assert_double_gt(log2(dense[0] / dense[1]), method->dense_order + 0.7);
  }
}
END_TEST

START_TEST(errors_follow_the_tolerance) {
  const char *name   = tables[_i]->name;
  double      before = 1;
  for (double rtol = 1e-3; rtol > 0.9e-7; rtol /= 10) {
    ude_solve_options options  = {.method = name, .rtol = rtol, .atol = rtol, .save = UDE_SAVE_END};
    ude_solution     *solution = NULL;
    ude_error         error;
    double            u0[N], truth[N], worst = 0;
    closed_exact(0, u0);
    closed_exact(1.5, truth);
    ck_ok(ude_solve(&closed, u0, NULL, 0, 1.5, &options, &solution, &error), &error);
    for (int l = 0; l < N; l++) {
      worst = fmax(worst, fabs(ude_solution_state(solution, 0)[l] - truth[l]));
    }
    ck_assert_double_lt(worst, 50 * rtol);
    ck_assert_double_lt(worst, before);
    before = worst;
    ude_solution_free(solution);
  }
}
END_TEST

/* ------------------------------------------------------------------------- parabolic problems -- */

enum { G = 20, STATES = 2 * G * G };

/* The 2-D Brusselator with diffusion on a periodic grid (Hairer, Wanner II, IV.10). */
static int brusselator(double *du, const double *u, const double *p, double t, void *context) {
  double scale = p[0] * G * G;
  (void)t;
  (void)context;
  for (int i = 0; i < G; i++) {
    for (int j = 0; j < G; j++) {
      int    at      = 2 * (i * G + j);
      int    near[4] = {2 * ((i + 1) % G * G + j), 2 * ((i + G - 1) % G * G + j),
                        2 * (i * G + (j + 1) % G), 2 * (i * G + (j + G - 1) % G)};
      double a = u[at], b = u[at + 1], la = -4 * a, lb = -4 * b;
      for (int k = 0; k < 4; k++) {
        la += u[near[k]];
        lb += u[near[k] + 1];
      }
      du[at]     = 1 + a * a * b - 4.4 * a + scale * la;
      du[at + 1] = 3.4 * a - a * a * b + scale * lb;
    }
  }
  return 0;
}

static int brusselator_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                           const double *p, const double *p_dot, double t, const double *t_dot,
                           void *context) {
  double scale = p[0] * G * G;
  (void)p_dot;
  (void)t_dot;
  brusselator(y, u, p, t, context);
  for (int i = 0; i < G; i++) {
    for (int j = 0; j < G; j++) {
      int    at      = 2 * (i * G + j);
      int    near[4] = {2 * ((i + 1) % G * G + j), 2 * ((i + G - 1) % G * G + j),
                        2 * (i * G + (j + 1) % G), 2 * (i * G + (j + G - 1) % G)};
      double a = u[at], b = u[at + 1], c = u_dot[at], d = u_dot[at + 1], lc = -4 * c, ld = -4 * d;
      for (int k = 0; k < 4; k++) {
        lc += u_dot[near[k]];
        ld += u_dot[near[k] + 1];
      }
      y_dot[at]     = 2 * a * b * c + a * a * d - 4.4 * c + scale * lc;
      y_dot[at + 1] = 3.4 * c - 2 * a * b * c - a * a * d + scale * ld;
    }
  }
  return 0;
}

/* With products and without, against a pair of order 8, which takes many more evaluations. */
START_TEST(brusselator_in_few_evaluations) {
  ude_vector_field  field = PROBLEM_FIELD(STATES, 1, brusselator);
  const double      p[1]  = {2};
  double            u0[STATES];
  ude_solution     *solution = NULL, *reference = NULL;
  ude_error         error;
  ude_solve_options options = {
      .method = "dop853", .rtol = 1e-9, .atol = 1e-9, .save = UDE_SAVE_END};
  for (int i = 0; i < G; i++) {
    for (int j = 0; j < G; j++) {
      double x = (double)i / G, y = (double)j / G;
      u0[2 * (i * G + j)]     = 22 * y * pow(1 - y, 1.5);
      u0[2 * (i * G + j) + 1] = 27 * x * pow(1 - x, 1.5);
    }
  }
  ck_ok(ude_solve(&field, u0, p, 0, 0.5, &options, &reference, &error), &error);
  const double rtol = _i < 2 ? 1e-4 : 1e-5;
  field.rhs.jvp     = _i % 2 ? brusselator_jvp : NULL;
  options           = (ude_solve_options){
                .method = tables[_i / 2]->name, .rtol = rtol, .atol = rtol, .save = UDE_SAVE_END};
  ck_ok(ude_solve(&field, u0, p, 0, 0.5, &options, &solution, &error), &error);
  double worst = 0;
  for (int l = 0; l < STATES; l++) {
    worst =
        fmax(worst, fabs(ude_solution_state(solution, 0)[l] - ude_solution_state(reference, 0)[l]));
  }
  ck_assert_double_lt(worst, 20 * rtol);
  /* Stability bounds dp5 to 3.3 / 6 of the spectral radius 8 p G^2 per evaluation. */
  int64_t bound = (int64_t)(0.5 * 8 * p[0] * G * G * 6 / 3.3);
  ck_assert_int_lt(ude_solution_result(solution)->rhs_calls, bound / 4);
  ude_solution_free(solution);
  ude_solution_free(reference);
}
END_TEST

/* A spectral radius beyond what the most stages stand at the size the tolerance allows: sizes are bounded by it, the solve goes on. */
static int very_stiff(double *du, const double *u, const double *p, double t, void *context) {
  (void)context;
  du[0] = -p[0] * (u[0] - cos(t)) - sin(t);
  return 0;
}

START_TEST(radius_beyond_the_most_stages) {
  const ude_vector_field field    = PROBLEM_FIELD(1, 1, very_stiff);
  const double           p[1]     = {1e6};
  const double           u0[1]    = {1};
  ude_solve_options      options  = {.method = tables[_i]->name, .rtol = 1e-2, .atol = 1e-2};
  ude_solution          *solution = NULL;
  ude_error              error;
  ck_ok(ude_solve(&field, u0, p, 0, 1, &options, &solution, &error), &error);
  int64_t last = ude_solution_count(solution) - 1;
  ck_assert_double_eq_tol(ude_solution_state(solution, last)[0], cos(1), 2e-2);
  for (int64_t i = 0; i < last; i++) {
    double h = ude_solution_time(solution, i + 1) - ude_solution_time(solution, i);
    ck_assert_double_le(h * p[0], 1.02 * ude_method_find(tables[_i]->name, 1)->stability);
  }
  ude_solution_free(solution);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: stabilised methods");
  TCase *tests = tcase_create("rock");
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, conditions_of_order, 0, 2);
  tcase_add_loop_test(tests, stability_intervals, 0, 2);
  tcase_add_loop_test(tests, orders_with_any_number_of_stages, 0, 2);
  tcase_add_loop_test(tests, errors_follow_the_tolerance, 0, 2);
  tcase_add_loop_test(tests, brusselator_in_few_evaluations, 0, 4);
  tcase_add_loop_test(tests, radius_beyond_the_most_stages, 0, 2);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
