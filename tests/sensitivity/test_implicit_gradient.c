/* Gradients through implicit methods: adjoint against tangents on the same steps, against published sensitivities, index 1. */
#include <ude/sensitivity.h>

#include "support/brusselator.h"
#include "support/polynomial.h"
#include "support/ude_check.h"

static const char *const methods[] = {"trbdf2", "kencarp4", "radau", "rosenbrock23",
                                      "rodas4", "rodas5p",  "auto"};

enum { METHODS = 7 };

/* sum over data times of w_i . u with weights that make the components of equal size, and a square. */
static int cost_at(int64_t i, double t, const double *u, const double *p, double *value,
                   double *u_bar, double *p_bar, void *context) {
  const stiff_problem *problem = context;
  (void)t;
  (void)p;
  (void)p_bar;
  *value = 0;
  for (int64_t l = 0; l < problem->system.n; l++) {
    double scale = cos((double)(3 * l + i + 1)) / (problem->atol[l] + fabs(problem->expected[l]));
    *value += scale * u[l] + 0.5 * scale * scale * u[l] * u[l];
    if (u_bar) {
      u_bar[l] = scale + scale * scale * u[l];
    }
  }
  return 0;
}

static void gradient(const stiff_problem *problem, const ude_vector_field *field,
                     const char *method, double rtol, ude_sensitivity_method mode, size_t memory,
                     double t1, double *value, double *u_bar, double *p_bar) {
  double atol[20];
  double at[7];
  for (int64_t l = 0; l < problem->system.n; l++) {
    atol[l] = rtol * problem->atol[l];
  }
  for (int i = 0; i < 7; i++) {
    at[i] = t1 * i * i / 36;
  }
  ude_sensitivity_options options = {.solve = {.method = method, .rtol = rtol, .atol_vector = atol},
                                     .method       = mode,
                                     .memory_bytes = memory};
  ude_cost         cost = {.count = 7, .times = at, .at = cost_at, .context = (void *)problem};
  ude_sensitivity *s    = NULL;
  ude_error        error;
  ck_ok(ude_sensitivity_create(field, &options, &s, &error), &error);
  ck_ok(ude_cost_gradient(s, problem->u0, problem->p, 0, t1, &cost, value, u_bar, p_bar, NULL,
                          &error),
        &error);
  ude_sensitivity_free(s);
}

/* In units of the parameters and states themselves, since they span many powers of ten. */
static void check_same(const stiff_problem *problem, const char *method, int64_t n, const double *a,
                       const double *b, const double *unit, const double *least, double bound) {
  double scale = 0;
  for (int64_t i = 0; i < n; i++) {
    scale = fmax(scale, fabs(b[i]) * (fabs(unit[i]) + (least ? least[i] : 0)));
  }
  for (int64_t i = 0; i < n; i++) {
    double size = fabs(unit[i]) + (least ? least[i] : 0);
    ck_assert_msg(fabs(a[i] - b[i]) * size <= bound * scale,
                  "%s, %s, entry %lld: adjoint %.17g, forward %.17g (scale %g)", problem->name,
                  method, (long long)i, a[i], b[i], scale / size);
  }
}

START_TEST(adjoint_equals_forward) {
  const struct {
    int    problem;
    double t1;
  } cases[] = {{ROBER, 400}, {ROBER_DAE, 400}, {HIRES, 50}, {POLLU, 10}, {OREGO, 50}, {VDPOL, 500}};
  for (int c = 0; c < 6; c++) {
    const stiff_problem *problem = &stiff_problems[cases[c].problem];
    ude_vector_field     field   = stiff_field(problem);
    for (int m = 0; m < METHODS; m++) {
      double least = cases[c].problem == POLLU ? 1e-4 : 1e-6;
      for (double rtol = 1e-3; rtol > least; rtol /= 100) {
        double value[3], u_bar[3][20], p_bar[3][25];
        gradient(problem, &field, methods[m], rtol, UDE_SENSITIVITY_ADJOINT, 0, cases[c].t1,
                 &value[0], u_bar[0], p_bar[0]);
        gradient(problem, &field, methods[m], rtol, UDE_SENSITIVITY_FORWARD, 0, cases[c].t1,
                 &value[1], u_bar[1], p_bar[1]);
        ck_assert_double_eq(value[0], value[1]);
        check_same(problem, methods[m], problem->system.n, u_bar[0], u_bar[1], problem->u0,
                   problem->atol, 1e-11);
        check_same(problem, methods[m], problem->system.np, p_bar[0], p_bar[1], problem->p, NULL,
                   1e-11);
        if (problem->mass) { /* the algebraic state that is given does not matter */
          ck_assert_double_eq(u_bar[0][2], 0);
        }
      }
    }
  }
}
END_TEST

/* Robertson: dy/dp as published (re-run with Radau at rtol 1e-12), to the digits that the tolerance promises. */
START_TEST(robertson) {
  const double      at[4]          = {0.4, 40, 4000, 4e7};
  const double      expected[4][9] = {{-3.559525659829e-01, 3.902544053818e-04, 3.555623115775e-01,
                                       9.542381427850e-08, -2.130961030194e-10, -9.521071817548e-08,
                                       -1.583176635558e-11, -5.290041093215e-13, 1.636077046490e-11},
                                      {-4.247558771706e+00, 4.591196249254e-05, 4.247512859743e+00,
                                       1.373080797345e-05, -2.357192113846e-10, -1.373057225423e-05,
                                       -2.288355088906e-09, -1.138059509350e-13, 2.288468894857e-09},
                                      {-4.750071181048e+00, -5.993651713876e-06, 4.750077174700e+00,
                                       1.880886158558e-05, 2.312687343934e-11, -1.880888471245e-05,
                                       -3.134813390982e-09, -1.875846610756e-14, 3.134832149449e-09},
                                      {-2.599143607312e-03, -5.194307333235e-09, 2.599148801884e-03,
                                       1.039651101173e-08, 2.077698863325e-14, -1.039653178806e-08,
                                       -1.732755300541e-12, -6.931738188530e-18, 1.732762232107e-12}};
  const double      p_dot[9]       = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  const double      atol[3]        = {1e-12, 1e-16, 1e-12};
  const char *const by[]           = {"rodas5p", "radau", "kencarp4", "auto"};
  const double      bounds[]       = {1e-7, 1e-7, 1e-5, 1e-7};
  for (int m = 0; m < 4; m++) {
    for (int dae = 0; dae < (m < 2 ? 2 : 1); dae++) {
      ude_vector_field        field   = stiff_field(&stiff_problems[dae ? ROBER_DAE : ROBER]);
      ude_sensitivity_options options = {
          .solve = {.method = by[m], .rtol = 1e-10, .atol_vector = atol}};
      ude_sensitivity *s = NULL;
      ude_error        error;
      double           u[4][3], u_dot[4][9];
      ck_ok(ude_sensitivity_create(&field, &options, &s, &error), &error);
      ck_ok(ude_forward_sensitivities(s, rober_u0, NULL, rober_p, p_dot, 3, 0, 4e7, at, 4, &u[0][0],
                                      &u_dot[0][0], NULL, &error),
            &error);
      for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 3; k++) {
          for (int l = 0; l < 3; l++) {
            double got  = u_dot[i][l * 3 + k];
            double want = expected[i][k * 3 + l];
            /* y1 and y3 nearly cancel in y2 */
            ck_assert_msg(fabs(got - want) <= bounds[m] * fabs(want),
                          "%s, dae %d, t = %g, dy%d/dp%d: %.12g, not %.12g", by[m], dae, at[i],
                          l + 1, k + 1, got, want);
          }
        }
      }
      ude_sensitivity_free(s);
    }
  }
}
END_TEST

/* States recomputed between stored ones: adjoint and tangents still agree, and with the rest to the tolerance of the stages. */
START_TEST(little_memory) {
  const stiff_problem *problem = &stiff_problems[ROBER];
  ude_vector_field     field   = stiff_field(problem);
  for (int m = 0; m < METHODS; m++) {
    double value[3], u_bar[3][20], p_bar[3][25];
    gradient(problem, &field, methods[m], 1e-5, UDE_SENSITIVITY_ADJOINT, 0, 400, &value[0],
             u_bar[0], p_bar[0]);
    gradient(problem, &field, methods[m], 1e-5, UDE_SENSITIVITY_ADJOINT, 300, 400, &value[1],
             u_bar[1], p_bar[1]);
    gradient(problem, &field, methods[m], 1e-5, UDE_SENSITIVITY_FORWARD, 300, 400, &value[2],
             u_bar[2], p_bar[2]);
    check_same(problem, methods[m], 3, p_bar[1], p_bar[2], problem->p, NULL, 1e-11);
    check_same(problem, methods[m], 3, u_bar[1], u_bar[2], problem->u0, problem->atol, 1e-11);
    check_same(problem, methods[m], 3, p_bar[1], p_bar[0], problem->p, NULL, 1e-5);
  }
}
END_TEST

/* u' = -p u + a, 0 = a - q u^2 with its start made consistent: the start of a moves with q and u. Against differences of solves. */
static const polynomial_term index1_terms[] = {
    {0, -1, 0, U1(0)}, {0, 1, NONE, U1(1)}, {1, 1, NONE, U1(1)}, {1, -1, 1, U2(0, 0)}};

START_TEST(consistent_start) {
  const double mass[2] = {1, 0}, u0[2] = {0.8, 7}, p[2] = {1.3, 0.4}, expected[2] = {1, 1},
               atol[2]        = {1, 1};
  const stiff_problem problem = {"index 1", {2, 2, TERMS(index1_terms)}, mass, u0, p, 1, expected,
                                 atol};
  ude_vector_field    field   = stiff_field(&problem);
  for (int m = 0; m < METHODS; m++) {
    double rtol = m == 0 || m == 3 ? 1e-7 : 1e-10;
    double value, u_bar[2], p_bar[2];
    gradient(&problem, &field, methods[m], rtol, UDE_SENSITIVITY_ADJOINT, 0, 1, &value, u_bar,
             p_bar);
    double difference[3];
    for (int k = 0; k < 3; k++) {
      double sides[2];
      for (int side = 0; side < 2; side++) {
        double        u_moved[2] = {u0[0], u0[1]}, p_moved[2] = {p[0], p[1]}, unused[4];
        stiff_problem moved = problem;
        *(k < 2 ? &p_moved[k] : &u_moved[0]) += side ? 1e-4 : -1e-4;
        moved.p  = p_moved;
        moved.u0 = u_moved;
        gradient(&moved, &field, methods[m], rtol, UDE_SENSITIVITY_ADJOINT, 0, 1, &sides[side],
                 unused, unused + 2);
      }
      difference[k] = (sides[1] - sides[0]) / 2e-4;
    }
    ck_assert_double_eq_tol(p_bar[0], difference[0], 2e-5);
    ck_assert_double_eq_tol(p_bar[1], difference[1], 2e-5);
    ck_assert_double_eq_tol(u_bar[0], difference[2], 2e-5);
    ck_assert_double_eq(u_bar[1], 0);
  }
}
END_TEST

/* Without second derivatives: Rosenbrock methods refuse, auto takes a method that does not need them. */
START_TEST(without_second_derivatives) {
  ude_vector_field field = stiff_field(&stiff_problems[ROBER]);
  field.rhs.hvp          = NULL;
  double   value, u_bar[20], p_bar[25];
  ude_cost cost = {
      .count = 1, .times = &(double){40}, .at = cost_at, .context = (void *)&stiff_problems[ROBER]};
  ude_sensitivity_options options = {.solve = {.method = "rodas5p", .rtol = 1e-4}};
  ude_sensitivity        *s       = NULL;
  ude_error               error;
  for (int mode = UDE_SENSITIVITY_ADJOINT; mode <= UDE_SENSITIVITY_FORWARD; mode++) {
    options.method = (ude_sensitivity_method)mode;
    ck_ok(ude_sensitivity_create(&field, &options, &s, &error), &error);
    ck_fails(
        ude_cost_gradient(s, rober_u0, rober_p, 0, 40, &cost, &value, u_bar, p_bar, NULL, &error),
        UDE_UNSUPPORTED, &error, "second derivatives", "kencarp4");
    ude_sensitivity_free(s);
  }
  gradient(&stiff_problems[ROBER], &field, "auto", 1e-4, UDE_SENSITIVITY_ADJOINT, 0, 40, &value,
           u_bar, p_bar);
  if (ude_method_order("cvode_bdf") > 0) {
    options.solve.method = "cvode_bdf";
    ck_ok(ude_sensitivity_create(&field, &options, &s, &error), &error);
    ck_ok(ude_cost_value(s, rober_u0, rober_p, 0, 40, &cost, &value, NULL, &error), &error);
    ck_fails(
        ude_cost_gradient(s, rober_u0, rober_p, 0, 40, &cost, &value, u_bar, p_bar, NULL, &error),
        UDE_UNSUPPORTED, &error, "cvode_bdf", "choose another method");
    ude_sensitivity_free(s);
  }
}
END_TEST

/* int y3 dt as running cost: dG/dp of research/reference_solutions.md, one more state with a mass of one. */
static int cost_value(double *y, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  (void)context;
  y[0] = u[2];
  return 0;
}
static int cost_vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
                    double *p_bar, double *t_bar, void *context) {
  (void)u;
  (void)p;
  (void)t;
  (void)p_bar;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[2] += y_bar[0];
  }
  return 0;
}
static int cost_jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  (void)p_dot;
  (void)t_dot;
  y_dot[0] = u_dot ? u_dot[2] : 0;
  return cost_value(y, u, p, t, context);
}
static int cost_hvp(const double *u, const double *u_dot, const double *p, const double *p_dot,
                    double t, const double *t_dot, const double *y_bar, double *u_bar_dot,
                    double *p_bar_dot, double *t_bar_dot, void *context) {
  (void)u, (void)u_dot, (void)p, (void)p_dot, (void)t, (void)t_dot, (void)y_bar, (void)u_bar_dot,
      (void)p_bar_dot, (void)t_bar_dot, (void)context;
  return 0;
}

START_TEST(running_cost) {
  const double expected[3] = {2.124843386539e+03, -7.731519463075e-03, 1.288602784486e-06};
  for (int dae = 0; dae < 2; dae++) {
    for (int m = 1; m < METHODS; m++) {
      if (m == 3 || m == 4) {
        continue; /* order 2; as rodas5p */
      }
      ude_vector_field field          = stiff_field(&stiff_problems[dae ? ROBER_DAE : ROBER]);
      field.rhs.jvp_wide              = NULL;
      field.rhs.width                 = 0;
      field.running_cost              = (ude_map){.rows    = 1,
                                                  .columns = 3,
                                                  .value   = cost_value,
                                                  .jvp     = cost_jvp,
                                                  .vjp     = cost_vjp,
                                                  .hvp     = cost_hvp};
      const double            atol[3] = {1e-11, 1e-15, 1e-11};
      ude_sensitivity_options options = {
          .solve  = {.method = methods[m], .rtol = 1e-9, .atol_vector = atol},
          .method = UDE_SENSITIVITY_ADJOINT};
      ude_cost         cost = {.running = true};
      ude_sensitivity *s    = NULL;
      ude_error        error;
      double           value, p_bar[3];
      ck_ok(ude_sensitivity_create(&field, &options, &s, &error), &error);
      ck_ok(
          ude_cost_gradient(s, rober_u0, rober_p, 0, 400, &cost, &value, NULL, p_bar, NULL, &error),
          &error);
      ck_assert_double_eq_tol(value, 1.734546190856e+02, 1e-5);
      ck_arrays_close(p_bar, expected, 3, 1e-6, 0);
      ude_sensitivity_free(s);
    }
  }
}
END_TEST

static int square_cost(int64_t i, double t, const double *u, const double *p, double *value,
                       double *u_bar, double *p_bar, void *context) {
  (void)i, (void)t, (void)p, (void)p_bar;
  *value = 0;
  for (int64_t l = 0; l < *(const int64_t *)context; l++) {
    *value += cos((double)l) * u[l] * u[l];
    if (u_bar) {
      u_bar[l] = 2 * cos((double)l) * u[l];
    }
  }
  return 0;
}

/* Sparse factors (KLU) and the coupled stages of Radau by GMRES. */
START_TEST(sparse) {
  enum { SIDE = 6, COUNT = 2 * SIDE * SIDE };
  const char *const which[] = {"kencarp4", "radau", "trbdf2", "auto"};
  brusselator       b;
  ude_vector_field  field = brusselator_make(&b, SIDE);
  int64_t           n     = COUNT;
  const double      p[1] = {0.1}, times[2] = {0.37, 1};
  double            u0[COUNT], value, u_bar[2][COUNT], p_bar[2];
  brusselator_start(SIDE, u0);
  for (int m = 0; m < 4; m++) {
    for (int mode = 0; mode < 2; mode++) {
      ude_sensitivity_options options = {
          .solve  = {.method = which[m], .rtol = 1e-5, .atol = 1e-7},
          .method = mode ? UDE_SENSITIVITY_FORWARD : UDE_SENSITIVITY_ADJOINT};
      ude_cost         cost = {.count = 2, .times = times, .at = square_cost, .context = &n};
      ude_sensitivity *s    = NULL;
      ude_error        error;
      ck_ok(ude_sensitivity_create(&field, &options, &s, &error), &error);
      ck_ok(
          ude_cost_gradient(s, u0, p, 0, 1, &cost, &value, u_bar[mode], &p_bar[mode], NULL, &error),
          &error);
      ude_sensitivity_free(s);
    }
    double largest = 0;
    for (int l = 0; l < COUNT; l++) {
      largest = fmax(largest, fabs(u_bar[1][l]));
    }
    ck_arrays_close(u_bar[0], u_bar[1], COUNT, 0, 1e-11 * largest);
    ck_assert_double_eq_tol(p_bar[0], p_bar[1], 1e-11 * fabs(p_bar[1]));
  }
  brusselator_free(&b);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("implicit_gradient");
  TCase *tests = tcase_create("implicit_gradient");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, adjoint_equals_forward);
  tcase_add_test(tests, robertson);
  tcase_add_test(tests, little_memory);
  tcase_add_test(tests, consistent_start);
  tcase_add_test(tests, without_second_derivatives);
  tcase_add_test(tests, running_cost);
  tcase_add_test(tests, sparse);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
