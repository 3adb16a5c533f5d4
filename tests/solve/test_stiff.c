/* Stiff and index-1 problems through the solver: reference solutions, the choice of methods, dense output, refusals. */
#include <ude/solve.h>

#include "support/brusselator.h"
#include "support/polynomial.h"
#include "support/problems.h"
#include "support/ude_check.h"

static bool has_cvode(void) {
  return ude_method_order("cvode_bdf") > 0;
}

/* Mixed error significant correct digits: -log10 of the worst |u - expected| / (atol_i + |expected_i|). */
static double mescd(const stiff_problem *problem, const double *u) {
  double worst = 0;
  for (int64_t i = 0; i < problem->system.n; i++) {
    worst = fmax(
        worst, fabs(u[i] - problem->expected[i]) / (problem->atol[i] + fabs(problem->expected[i])));
  }
  return -log10(fmax(worst, 1e-17));
}

static double solve(const stiff_problem *problem, const char *method, double rtol,
                    ude_solve_result *result) {
  ude_vector_field field = stiff_field(problem);
  double           atol[20], u[20];
  ude_error        error;
  ude_integrator  *integrator = NULL;
  for (int64_t i = 0; i < problem->system.n; i++) {
    atol[i] = rtol * problem->atol[i];
  }
  ude_solve_options options = {.method = method, .rtol = rtol, .atol_vector = atol};
  ck_ok(ude_integrator_create(&field, &options, &integrator, &error), &error);
  ck_ok(ude_integrator_run(integrator, problem->u0, problem->p, 0, problem->t1, NULL, 0, NULL, u,
                           result, &error),
        &error);
  ude_integrator_free(integrator);
  return mescd(problem, u);
}

static void check_digits(int problem, const char *method, double rtol) {
  ude_solve_result result;
  double           digits = solve(&stiff_problems[problem], method, rtol, &result);
  ck_assert_msg(digits >= -log10(rtol) - 1, "%s, %s, rtol %g: %.2f digits (%lld steps)",
                stiff_problems[problem].name, method, rtol, digits, (long long)result.steps);
}

/* Within one digit of the tolerance; E5, whose end state double precision knows to three digits, is below. */
START_TEST(test_reference_solutions) {
  const int         problems[] = {ROBER, ROBER_DAE, OREGO, VDPOL, VDPOL6, HIRES, POLLU};
  const char *const methods[]  = {"auto", "rodas4", "rodas5p", "radau"};
  const double      rtols[]    = {1e-3, 1e-4, 1e-6, 1e-8};
  for (int p = 0; p < 7; p++) {
    for (int m = 0; m < 4; m++) {
      for (int r = 0; r < 4; r++) {
        check_digits(problems[p], methods[m], rtols[r]);
      }
    }
    check_digits(problems[p], "kencarp4", 1e-4);
    check_digits(problems[p], "kencarp4", 1e-8);
  }
  check_digits(HIRES, "auto", 1e-10);
  check_digits(POLLU, "auto", 1e-10);
}
END_TEST

/* Methods of order 2, and the multistep method whose global error is larger than its tolerance on oscillators. */
START_TEST(test_reference_solutions_by_the_others) {
  const int problems[] = {ROBER, ROBER_DAE, VDPOL, VDPOL6, POLLU};
  for (int p = 0; p < 5; p++) {
    check_digits(problems[p], "rosenbrock23", 1e-4);
    check_digits(problems[p], "trbdf2", 1e-3);
    if (has_cvode() && problems[p] != ROBER_DAE) {
      check_digits(problems[p], "cvode_bdf", 1e-3);
    }
  }
}
END_TEST

START_TEST(test_e5) {
  ude_solve_result result;
  ck_assert_double_gt(solve(&stiff_problems[E5], "radau", 1e-4, &result), 2.5);
}
END_TEST

/* ------------------------------------------------------------------------------------- auto -- */

START_TEST(test_auto_goes_both_ways) {
  ude_solve_result result;
  solve(&stiff_problems[ROBER], "auto", 1e-6, &result);
  ck_assert_int_eq(result.switches, 1);
  ck_assert_str_eq(result.method, "rodas5p");
  ck_assert_ptr_nonnull(strstr(result.picked, "tsit5 (rtol = 1e-06, 3 states); rodas5p at t = "));
  ck_assert_int_gt(result.jacobians, 0);
  ck_assert_int_ge(result.factorisations, result.jacobians);
  solve(&stiff_problems[OREGO], NULL, 1e-6, &result);
  ck_assert_int_ge(result.switches, 3); /* relaxation oscillator: fast and slow parts */
  solve(&stiff_problems[VDPOL6], "auto", 1e-8, &result);
  ck_assert_int_ge(result.switches, 3);
  solve(&stiff_problems[ROBER_DAE], "auto", 1e-6, &result);
  ck_assert_str_eq(result.method, "rodas5p");
  ck_assert_int_eq(result.switches, 0);
}
END_TEST

/* Not stiff: the explicit pair to the end, and no more than one product in eight steps to know it. */
START_TEST(test_auto_stays) {
  static const polynomial_term lorenz[] = {
      {0, -1, 0, U1(0)},       {0, 1, 0, U1(1)},       {1, 1, 1, U1(0)}, {1, -1, NONE, U1(1)},
      {1, -1, NONE, U2(0, 2)}, {2, 1, NONE, U2(0, 1)}, {2, -1, 2, U1(2)}};
  static const polynomial_term lotka[] = {
      {0, 1, 0, U1(0)}, {0, -1, 1, U2(0, 1)}, {1, 1, 2, U2(0, 1)}, {1, -1, 3, U1(1)}};
  const polynomial    systems[] = {{3, 3, TERMS(lorenz)}, {2, 4, TERMS(lotka)}};
  const double *const starts[] = {lorenz_u0, lotka_u0}, *const params[] = {lorenz_p, lotka_p};
  for (int i = 0; i < 2; i++) {
    for (double rtol = 1e-3; rtol > 1e-11; rtol /= 100) {
      ude_vector_field  field   = polynomial_field(&systems[i]);
      ude_solve_options options = {.rtol = rtol, .atol = rtol, .save = UDE_SAVE_END};
      ude_solution     *both = NULL, *explicit_only = NULL;
      ude_error         error;
      ck_ok(ude_solve(&field, starts[i], params[i], 0, 30, &options, &both, &error), &error);
      const ude_solve_result *result = ude_solution_result(both);
      ck_assert_int_eq(result->switches, 0);
      options.method = rtol > 1e-7 ? "tsit5" : "vern7";
      ck_ok(ude_solve(&field, starts[i], params[i], 0, 30, &options, &explicit_only, &error),
            &error);
      const ude_solve_result *alone = ude_solution_result(explicit_only);
      ck_assert_int_eq(result->steps, alone->steps);
      ck_assert_int_le(result->rhs_calls, alone->rhs_calls + alone->steps / 8 + 1);
      ck_arrays_close(ude_solution_state(both, 0), ude_solution_state(explicit_only, 0),
                      systems[i].n, 0, 0);
      ude_solution_free(both);
      ude_solution_free(explicit_only);
    }
  }
}
END_TEST

/* The same integrator again, also after a solve that ended implicit: the same numbers. */
START_TEST(test_auto_repeats) {
  ude_vector_field  field      = stiff_field(&stiff_problems[OREGO]);
  ude_solve_options options    = {.rtol = 1e-5, .atol = 1e-5};
  ude_integrator   *integrator = NULL;
  ude_solve_result  first, second;
  double            u[3], again[3];
  ck_assert_int_eq(ude_integrator_create(&field, &options, &integrator, NULL), UDE_OK);
  ck_assert_int_eq(
      ude_integrator_run(integrator, orego_u0, NULL, 0, 200, NULL, 0, NULL, u, &first, NULL),
      UDE_OK);
  ck_assert_int_eq(
      ude_integrator_run(integrator, orego_u0, NULL, 0, 200, NULL, 0, NULL, again, &second, NULL),
      UDE_OK);
  ck_arrays_close(again, u, 3, 0, 0);
  ck_assert_int_eq(first.steps, second.steps);
  ck_assert_int_eq(first.rhs_calls, second.rhs_calls);
  ude_integrator_free(integrator);
}
END_TEST

/* ------------------------------------------------------------------------------ differential-algebraic -- */

/* Chemical Akzo Nobel problem: two square roots, one algebraic equation. */
static const double akzo_k[4] = {18.7, 0.58, 0.09, 0.42};

static int akzo(double *du, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  (void)context;
  if (u[1] < 0) {
    return 1;
  }
  double y14 = u[0] * u[0] * u[0] * u[0], root = sqrt(u[1]);
  double r1 = akzo_k[0] * y14 * root, r2 = akzo_k[1] * u[2] * u[3],
         r3 = akzo_k[1] / 34.4 * u[0] * u[4];
  double r4 = akzo_k[2] * u[0] * u[3] * u[3], r5 = akzo_k[3] * u[5] * u[5] * root;
  double f = 3.3 * (0.9 / 737 - u[1]);
  du[0]    = -2 * r1 + r2 - r3 - r4;
  du[1]    = -0.5 * r1 - r4 - 0.5 * r5 + f;
  du[2]    = r1 - r2 + r3;
  du[3]    = -r2 + r3 - 2 * r4;
  du[4]    = r2 - r3 + r5;
  du[5]    = 115.83 * u[0] * u[3] - u[5];
  return 0;
}

static int akzo_jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  static const double none[6] = {0};
  const double       *d       = u_dot ? u_dot : none;
  (void)p_dot;
  (void)t_dot;
  int code = akzo(y, u, p, t, context);
  if (code) {
    return code;
  }
  double y13 = u[0] * u[0] * u[0], root = sqrt(u[1]), root_d = d[1] / (2 * root);
  double r1 = akzo_k[0] * (4 * y13 * d[0] * root + y13 * u[0] * root_d);
  double r2 = akzo_k[1] * (d[2] * u[3] + u[2] * d[3]);
  double r3 = akzo_k[1] / 34.4 * (d[0] * u[4] + u[0] * d[4]);
  double r4 = akzo_k[2] * (d[0] * u[3] * u[3] + 2 * u[0] * u[3] * d[3]);
  double r5 = akzo_k[3] * (2 * u[5] * d[5] * root + u[5] * u[5] * root_d);
  y_dot[0]  = -2 * r1 + r2 - r3 - r4;
  y_dot[1]  = -0.5 * r1 - r4 - 0.5 * r5 - 3.3 * d[1];
  y_dot[2]  = r1 - r2 + r3;
  y_dot[3]  = -r2 + r3 - 2 * r4;
  y_dot[4]  = r2 - r3 + r5;
  y_dot[5]  = 115.83 * (d[0] * u[3] + u[0] * d[3]) - d[5];
  return 0;
}

static const double akzo_mass[6] = {1, 1, 1, 1, 1, 0};
/* the re-run of research/reference_solutions.md: 16 digits of an independent Radau code */
static const double akzo_end[6] = {1.150794920661518e-01, 1.203831471567723e-03,
                                   1.611562887408070e-01, 3.656156421248858e-04,
                                   1.708010885264611e-02, 4.873531310306108e-03};

static const char *const dae_methods[] = {"rodas5p", "rodas4",       "radau", "kencarp4",
                                          "trbdf2",  "rosenbrock23", "auto"};

START_TEST(test_akzo) {
  ude_vector_field field = PROBLEM_FIELD(6, 0, akzo);
  field.rhs.jvp          = akzo_jvp;
  field.mass             = akzo_mass;
  for (int m = 0; m < 7; m++) {
    double rtol = m == 4 || m == 5 ? 1e-4 : 1e-7;
    for (int start = 0; start < 2;
         start++) { /* the algebraic state given, and far off: it is made consistent */
      const double      u0[6]   = {0.444, 0.00123, 0, 0.007, 0, start ? 5 : 115.83 * 0.444 * 0.007};
      ude_solve_options options = {
          .method = dae_methods[m], .rtol = rtol, .atol = rtol * 1e-4, .save = UDE_SAVE_STEPS};
      ude_solution *solution = NULL;
      ude_error     error;
      ck_ok(ude_solve(&field, u0, NULL, 0, 180, &options, &solution, &error), &error);
      const double *u = ude_solution_state(solution, ude_solution_count(solution) - 1);
      ck_assert_double_eq_tol(ude_solution_state(solution, 0)[5], 115.83 * 0.444 * 0.007, 1e-9);
      for (int i = 0; i < 6; i++) {
        ck_assert_msg(fabs(u[i] - akzo_end[i]) < 10 * rtol * akzo_end[i],
                      "%s: u[%d] = %.12g, not %.12g", dae_methods[m], i, u[i], akzo_end[i]);
      }
      ude_solution_free(solution);
    }
  }
}
END_TEST

/* 0 = u1^2 + 1 has no solution; 0 = u0 - 1 does not determine u1 (index 2). */
static int hopeless(double *du, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  du[0] = u[1];
  du[1] = p[0] != 0 ? u[1] * u[1] + 1 : u[0] - 1;
  return 0;
}
static int hopeless_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                        const double *p, const double *p_dot, double t, const double *t_dot,
                        void *context) {
  (void)p_dot;
  (void)t_dot;
  y_dot[0] = u_dot ? u_dot[1] : 0;
  y_dot[1] = u_dot ? (p[0] != 0 ? 2 * u[1] * u_dot[1] : u_dot[0]) : 0;
  return hopeless(y, u, p, t, context);
}

START_TEST(test_inconsistent) {
  ude_vector_field field   = PROBLEM_FIELD(2, 1, hopeless);
  const double     mass[2] = {1, 0}, u0[2] = {0.5, 0.7};
  field.rhs.jvp = hopeless_jvp;
  field.mass    = mass;
  for (int which = 0; which < 2; which++) {
    ude_solution *solution = NULL;
    ude_error     error;
    const double  p[1] = {which};
    ck_fails(ude_solve(&field, u0, p, 0, 1, NULL, &solution, &error), UDE_NUMERICAL, &error,
             "algebraic equations", "u[1]");
    ck_assert_int_eq(ude_solution_result(solution)->retcode, UDE_RETCODE_INCONSISTENT);
    ude_solution_free(solution);
  }
}
END_TEST

/* A mass other than one scales the equation: 2 u' = -2 u. */
START_TEST(test_mass_scales) {
  static const polynomial_term terms[] = {{0, -2, NONE, U1(0)}, {1, -3, NONE, U1(1)}};
  const polynomial             system  = {2, 0, TERMS(terms)};
  const double                 mass[2] = {2, 0.5}, u0[2] = {1, 1};
  for (int m = 0; m < 8; m++) {
    const char *method = m < 7 ? dae_methods[m] : "cvode_bdf";
    if (m == 7 && !has_cvode()) {
      continue;
    }
    ude_vector_field field    = polynomial_field(&system);
    field.mass                = mass;
    ude_solve_options options = {
        .method = method, .rtol = 1e-6, .atol = 1e-9, .save = UDE_SAVE_END};
    ude_solution *solution = NULL;
    ude_error     error;
    ck_ok(ude_solve(&field, u0, NULL, 0, 1, &options, &solution, &error), &error);
    ck_assert_double_eq_tol(ude_solution_state(solution, 0)[0], exp(-1), 2e-5);
    ck_assert_double_eq_tol(ude_solution_state(solution, 0)[1], exp(-6), 2e-5);
    ude_solution_free(solution);
  }
}
END_TEST

/* -------------------------------------------------------------------------------- outputs and refusals -- */

/* Dense output between long steps of a stiff problem, forwards and backwards in the order of the times. */
START_TEST(test_saveat) {
  const char *const methods[] = {"rodas5p", "rodas4",       "radau", "kencarp4",
                                 "trbdf2",  "rosenbrock23", "auto",  "cvode_bdf"};
  const double      at[7]     = {0, 0.4, 4, 40, 400, 4000, 40000};
  /* research/reference_solutions.md, 3.1 */
  const double y1[7] = {1,
                        9.851721138610e-01,
                        9.055186785843e-01,
                        7.158270687194e-01,
                        4.505186684711e-01,
                        1.832022577767e-01,
                        3.898337708548e-02};
  const double y2[7] = {0,
                        3.386395378975e-05,
                        2.240475687560e-05,
                        9.185534764557e-06,
                        3.222901441675e-06,
                        8.942371252776e-07,
                        1.621768315910e-07};
  for (int m = 0; m < 8; m++) {
    if (m == 7 && !has_cvode()) {
      continue;
    }
    bool              low      = m == 4 || m == 5 || m == 7;
    ude_vector_field  field    = stiff_field(&stiff_problems[ROBER]);
    ude_solve_options options  = {.method       = methods[m],
                                  .rtol         = low ? 1e-5 : 1e-6,
                                  .atol         = 1e-11,
                                  .save         = UDE_SAVE_AT,
                                  .saveat       = at,
                                  .saveat_count = 7};
    ude_solution     *solution = NULL;
    ude_error         error;
    ck_ok(ude_solve(&field, rober_u0, rober_p, 0, 1e5, &options, &solution, &error), &error);
    ck_assert_int_eq(ude_solution_count(solution), 7);
    for (int i = 0; i < 7; i++) {
      const double *u = ude_solution_state(solution, i);
      ck_assert_msg(fabs(u[0] - y1[i]) < 1e-3 * y1[i], "%s: y1(%g) = %.10g", methods[m], at[i],
                    u[0]);
      ck_assert_msg(fabs(u[1] - y2[i]) <= 1e-3 * y2[i], "%s: y2(%g) = %.10g, not %.10g", methods[m],
                    at[i], u[1], y2[i]);
    }
    ude_solution_free(solution);
  }
}
END_TEST

START_TEST(test_backwards) {
  static const polynomial_term lotka[] = {
      {0, 1, 0, U1(0)}, {0, -1, 1, U2(0, 1)}, {1, 1, 2, U2(0, 1)}, {1, -1, 3, U1(1)}};
  const polynomial  system    = {2, 4, TERMS(lotka)};
  const char *const methods[] = {"rodas5p", "rodas4",       "radau",     "kencarp4",
                                 "trbdf2",  "rosenbrock23", "cvode_bdf", "cvode_adams"};
  for (int m = 0; m < (has_cvode() ? 8 : 6); m++) {
    ude_vector_field  field      = polynomial_field(&system);
    ude_solve_options options    = {.method = methods[m], .rtol = 1e-7, .atol = 1e-9};
    ude_integrator   *integrator = NULL;
    ude_solve_result  result;
    ude_error         error;
    double            there[2], back[2], middle[2];
    const double      at = 1.3;
    ck_ok(ude_integrator_create(&field, &options, &integrator, &error), &error);
    ck_ok(ude_integrator_run(integrator, lotka_u0, lotka_p, 0, 3, NULL, 0, NULL, there, &result,
                             &error),
          &error);
    ck_ok(
        ude_integrator_run(integrator, there, lotka_p, 3, 0, &at, 1, middle, back, &result, &error),
        &error);
    ck_arrays_close(back, lotka_u0, 2, 1e-4, 1e-4);
    ck_assert(isfinite(middle[0]) && middle[0] > 0);
    ude_integrator_free(integrator);
  }
}
END_TEST

START_TEST(test_refusals) {
  ude_vector_field  field      = stiff_field(&stiff_problems[ROBER_DAE]);
  ude_solve_options options    = {.method = "tsit5"};
  ude_integrator   *integrator = NULL;
  ude_error         error;
  ck_fails(ude_integrator_create(&field, &options, &integrator, &error), UDE_UNSUPPORTED, &error,
           "tsit5", "mass");
  options.method = "cvode_bdf";
  if (has_cvode()) {
    ck_fails(ude_integrator_create(&field, &options, &integrator, &error), UDE_UNSUPPORTED, &error,
             "mass", "");
  }
  field.rhs.jvp = field.rhs.jvp_wide = NULL;
  field.rhs.width                    = 0;
  field.rhs.vjp                      = NULL;
  options.method                     = "rodas5p";
  ck_fails(ude_integrator_create(&field, &options, &integrator, &error), UDE_UNSUPPORTED, &error,
           "Jacobian", "explicit");
  /* auto without derivatives is the explicit pair */
  field         = stiff_field(&stiff_problems[VDPOL]);
  field.rhs.jvp = field.rhs.jvp_wide = NULL;
  field.rhs.width                    = 0;
  field.rhs.vjp                      = NULL;
  ude_solution *solution             = NULL;
  ck_ok(ude_solve(&field, vdpol_u0, NULL, 0, 1, NULL, &solution, &error), &error);
  ck_assert_str_eq(ude_solution_result(solution)->method, "tsit5");
  ude_solution_free(solution);
  double nan_mass[2] = {1, NAN};
  field              = stiff_field(&stiff_problems[VDPOL]);
  field.mass         = nan_mass;
  ck_fails(ude_integrator_create(&field, NULL, &integrator, &error), UDE_INVALID_ARGUMENT, &error,
           "mass of 'u[1]'", "nan");
}
END_TEST

/* Jacobians by forward products one by one, and by rows from the transposed product: the same solution. */
START_TEST(test_products_of_every_kind) {
  ude_solve_options options = {
      .method = "rodas5p", .rtol = 1e-6, .atol = 1e-9, .save = UDE_SAVE_END};
  double ends[3][8];
  for (int kind = 0; kind < 3; kind++) {
    ude_vector_field field = stiff_field(&stiff_problems[HIRES]);
    if (kind > 0) {
      field.rhs.jvp_wide = NULL;
      field.rhs.width    = 0;
    }
    if (kind > 1) {
      field.rhs.jvp = NULL;
    }
    ude_solution *solution = NULL;
    ude_error     error;
    ck_ok(ude_solve(&field, hires_u0, NULL, 0, 300, &options, &solution, &error), &error);
    memcpy(ends[kind], ude_solution_state(solution, 0), sizeof ends[kind]);
    ude_solution_free(solution);
  }
  ck_arrays_close(ends[1], ends[0], 8, 1e-12, 0);
  ck_arrays_close(ends[2], ends[0], 8, 1e-12, 0);
}
END_TEST

/* ------------------------------------------------------------------------------ split and large -- */

enum { HEAT = 2100 };

/* u_t = u_xx on HEAT points, too many for a dense Jacobian and no pattern: GMRES on products. */
static int heat(double *du, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  for (int i = 0; i < HEAT; i++) {
    double left  = i > 0 ? u[i - 1] : 0;
    double right = i < HEAT - 1 ? u[i + 1] : 0;
    du[i]        = p[0] * (left - 2 * u[i] + right);
  }
  return 0;
}
static int heat_jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  static double zero[HEAT];
  (void)p_dot;
  (void)t_dot;
  heat(y_dot, u_dot ? u_dot : zero, p, t, context);
  return heat(y, u, p, t, context);
}

START_TEST(test_matrix_free) {
  const char *const methods[] = {"kencarp4", "rodas5p", "trbdf2"};
  static double     u0[HEAT];
  const double      p[1] = {20}; /* rate 80 against a solution that decays with 2 p (1 - cos k) */
  for (int i = 0; i < HEAT; i++) {
    u0[i] = sin((i + 1) * M_PI * 300 / (HEAT + 1));
  }
  double rate = 2 * p[0] * (1 - cos(M_PI * 300 / (HEAT + 1)));
  for (int m = 0; m < 3; m++) {
    ude_vector_field field    = PROBLEM_FIELD(HEAT, 1, heat);
    field.rhs.jvp             = heat_jvp;
    ude_solve_options options = {
        .method = methods[m], .rtol = 1e-5, .atol = 1e-8, .save = UDE_SAVE_END};
    ude_solution *solution = NULL;
    ude_error     error;
    ck_ok(ude_solve(&field, u0, p, 0, 0.3, &options, &solution, &error), &error);
    const double *u = ude_solution_state(solution, 0);
    for (int i = 0; i < HEAT; i += 7) {
      ck_assert_double_eq_tol(u[i], u0[i] * exp(-rate * 0.3), 1e-4);
    }
    ude_solution_free(solution);
  }
}
END_TEST

/* u0' = -1000 (u0 - u1) + u1 u0, u1' = -u0 u1: the stiff relaxation implicit, the rest explicit. */
START_TEST(test_implicit_explicit) {
  static const polynomial_term all[] = {{0, -1000, NONE, U1(0)},
                                        {0, 1000, NONE, U1(1)},
                                        {0, 1, NONE, U2(0, 1)},
                                        {1, -1, NONE, U2(0, 1)}};
  const polynomial whole = {2, 0, 4, all}, stiff = {2, 0, 2, all}, slow = {2, 0, 2, all + 2};
  const double     u0[2] = {1, 1};
  double           ends[2][2];
  int64_t          steps[2];
  for (int split = 0; split < 2; split++) {
    ude_vector_field field = polynomial_field(&whole);
    if (split) {
      field.rhs_implicit = polynomial_map(&stiff);
      field.rhs_explicit = polynomial_map(&slow);
    }
    ude_solve_options options = {
        .method = "kencarp4", .rtol = 1e-8, .atol = 1e-10, .save = UDE_SAVE_END};
    ude_solution *solution = NULL;
    ude_error     error;
    ck_ok(ude_solve(&field, u0, NULL, 0, 2, &options, &solution, &error), &error);
    memcpy(ends[split], ude_solution_state(solution, 0), sizeof ends[split]);
    steps[split] = ude_solution_result(solution)->steps;
    ude_solution_free(solution);
  }
  ck_arrays_close(ends[1], ends[0], 2, 1e-7, 0);
  ck_assert_int_ne(steps[0], steps[1]);
}
END_TEST

/* The same solution with the pattern (KLU, colours) and without (dense), and by every method that forms a matrix. */
START_TEST(test_sparse) {
  enum { SIDE = 10, COUNT = 2 * SIDE * SIDE };
  const char *const methods[] = {"rodas5p",      "radau", "kencarp4", "trbdf2",
                                 "rosenbrock23", "auto",  "cvode_bdf"};
  static double     u0[COUNT], reference[COUNT], u[COUNT];
  const double      p[1] = {0.1};
  brusselator       b;
  ude_vector_field  field      = brusselator_make(&b, SIDE);
  ude_integrator   *integrator = NULL;
  ude_solve_result  result;
  ude_error         error;
  brusselator_start(SIDE, u0);
  for (int m = -1; m < (has_cvode() ? 7 : 6); m++) {
    bool              low     = m == 3 || m == 4;
    ude_solve_options options = {.method = m < 0 ? "vern7" : methods[m],
                                 .rtol   = m < 0 ? 1e-11
                                           : low ? 1e-5
                                                 : 1e-7,
                                 .atol   = m < 0 ? 1e-12
                                           : low ? 1e-6
                                                 : 1e-9};
    ck_ok(ude_integrator_create(&field, &options, &integrator, &error), &error);
    ck_ok(ude_integrator_run(integrator, u0, p, 0, 1, NULL, 0, NULL, m < 0 ? reference : u, &result,
                             &error),
          &error);
    ude_integrator_free(integrator);
    if (m >= 0) {
      ck_arrays_close(u, reference, COUNT, low ? 1e-3 : 1e-5, low ? 1e-3 : 1e-5);
    }
    if (m ==
        0) { /* ten colours or so in two blocks, f_t in a free lane; not as many passes as columns */
      ck_assert_int_lt(result.rhs_calls, (7 + 6) * (result.steps + result.rejected) + 10);
      double           dense[COUNT];
      ude_vector_field full = field;
      full.rhs.pattern      = NULL;
      ck_ok(ude_integrator_create(&full, &options, &integrator, &error), &error);
      ck_ok(ude_integrator_run(integrator, u0, p, 0, 1, NULL, 0, NULL, dense, &result, &error),
            &error);
      ude_integrator_free(integrator);
      ck_arrays_close(dense, u, COUNT, 1e-10, 1e-10);
    }
  }
  brusselator_free(&b);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("stiff");
  TCase *tests = tcase_create("stiff");
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, test_reference_solutions);
  tcase_add_test(tests, test_reference_solutions_by_the_others);
  tcase_add_test(tests, test_e5);
  tcase_add_test(tests, test_auto_goes_both_ways);
  tcase_add_test(tests, test_auto_stays);
  tcase_add_test(tests, test_auto_repeats);
  tcase_add_test(tests, test_akzo);
  tcase_add_test(tests, test_inconsistent);
  tcase_add_test(tests, test_mass_scales);
  tcase_add_test(tests, test_saveat);
  tcase_add_test(tests, test_backwards);
  tcase_add_test(tests, test_refusals);
  tcase_add_test(tests, test_products_of_every_kind);
  tcase_add_test(tests, test_matrix_free);
  tcase_add_test(tests, test_sparse);
  tcase_add_test(tests, test_implicit_explicit);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
