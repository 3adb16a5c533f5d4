/* Events: located to rounding by every method, several in a step or at once, at both ends of the span, changes of state, terminal ones,
 * scheduled times, declared discontinuities; what fails says why. */
#include <float.h>

#include "every_method.h"
#include "support/problems.h"
#include "support/ude_check.h"

/* Methods that stop at events: pairs, implicit ones and those of fixed steps. */
static const char *const methods[] = {
    "ssprk43", "bs3",    "tsit5", "dp5",          "vern6", "vern7", "dop853", "vern9",    "rodas4",
    "rodas5p", "trbdf2", "radau", "rosenbrock23", "rk4",   "euler", "auto",   "kencarp4", "rock4"};
enum { METHODS = sizeof methods / sizeof methods[0] };

/* Of the dense outputs: the weights of those of order 7 to 9 are some thousands. */
static const double rounding = 3e-12;

static bool is_fixed(const char *method) {
  return strcmp(method, "rk4") == 0 || strcmp(method, "euler") == 0;
}

/* ------------------------------------------------------------------------------------- ball -- */

enum { GRAVITY, BOUNCE };

PROBLEM_RHS(ball_rhs) {
  (void)t;
  (void)context;
  du[0] = u[1];
  du[1] = -p[GRAVITY];
  return 0;
}

static int ball_jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  (void)t_dot;
  y_dot[0] = u_dot ? u_dot[1] : 0;
  y_dot[1] = p_dot ? -p_dot[GRAVITY] : 0;
  return ball_rhs(y, u, p, t, context);
}

static int height(double *g, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  (void)context;
  g[0] = u[0];
  return 0;
}

static int bounce(double *y, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  y[0] = u[0];
  y[1] = -p[BOUNCE] * u[1];
  return 0;
}

static const double ball_p[2] = {9.81, 0.8};
static const double ball_u[2] = {1, 0};

static ude_vector_field ball(void) {
  ude_vector_field field = PROBLEM_FIELD(2, 2, ball_rhs);
  field.rhs.jvp          = ball_jvp;
  field.events           = (ude_events){.count  = 1,
                                        .roots  = {.rows = 1, .columns = 2, .value = height},
                                        .affect = {.rows = 2, .columns = 3, .value = bounce}};
  return field;
}

static ude_solve_options options_of(const char *method, double step) {
  return (ude_solve_options){
      .method = method, .rtol = 1e-8, .atol = 1e-10, .initial_step = is_fixed(method) ? step : 0};
}

/* A parabola is what methods of order two and their dense outputs have exactly. */
START_TEST(bouncing_ball) {
  const bool        exact    = strcmp(methods[_i], "euler") != 0;
  ude_vector_field  field    = ball();
  ude_solve_options options  = options_of(methods[_i], exact ? 0.1 : 1e-5);
  ude_solution     *solution = NULL;
  ude_error         error    = {0};
  ck_ok(ude_solve(&field, ball_u, ball_p, 0, 2.5, &options, &solution, &error), &error);
  ck_assert_int_eq(ude_solution_event_count(solution), 4);
  ck_assert_int_eq(ude_solution_result(solution)->events, 4);
  double t = sqrt(2 / ball_p[GRAVITY]);
  double v = ball_p[GRAVITY] * t;
  for (int64_t i = 0; i < 4; i++) {
    const double *before = ude_solution_event_state(solution, i);
    ck_assert_int_eq(ude_solution_event(solution, i), 0);
    ck_assert_double_eq_tol(ude_solution_event_time(solution, i), t, exact ? 1e-10 : 1e-4);
    ck_assert_double_eq_tol(before[0], 0, rounding);
    ck_assert_double_eq_tol(before[1], -v, exact ? 1e-10 : 1e-3);
    v *= ball_p[BOUNCE];
    t += 2 * v / ball_p[GRAVITY];
  }
  /* Both sides of the jump are among the points, at the same time. */
  int64_t pairs = 0;
  for (int64_t i = 1; i < ude_solution_count(solution); i++) {
    if (ude_solution_time(solution, i) == ude_solution_time(solution, i - 1)) {
      pairs++;
      ck_assert_double_lt(ude_solution_state(solution, i - 1)[1], 0);
      ck_assert_double_eq_tol(ude_solution_state(solution, i)[1],
                              -0.8 * ude_solution_state(solution, i - 1)[1], 1e-15);
    }
  }
  ck_assert_int_eq(pairs, 4);
  ude_solution_free(solution);
}
END_TEST

/* The times between bounces sum to a finite limit: an end with a message, not a hang, nor a fall through the floor. */
START_TEST(bounces_that_accumulate) {
  ude_vector_field        field    = ball();
  ude_solve_options       options  = options_of(methods[_i], 0.1);
  ude_solution           *solution = NULL;
  ude_error               error    = {0};
  const ude_solve_result *result;
  if (is_fixed(methods[_i])) {
    return;
  }
  ck_fails(ude_solve(&field, ball_u, ball_p, 0, 10, &options, &solution, &error), UDE_NUMERICAL,
           &error, "without end", "terminal");
  result = ude_solution_result(solution);
  ck_assert_int_eq(result->retcode, UDE_RETCODE_ACCUMULATION);
  ck_assert_int_eq(result->event, 0);
  ck_assert_int_lt(result->steps + result->rejected, 3000);
  double first = sqrt(2 / 9.81);
  ck_assert_double_eq_tol(result->t, first * (1 + 2 * 0.8 / 0.2), 1e-7);
  for (int64_t i = 0; i < ude_solution_count(solution); i++) {
    ck_assert_double_gt(ude_solution_state(solution, i)[0], -rounding);
  }
  ude_solution_free(solution);
}
END_TEST

START_TEST(terminal_event) {
  const int         terminal[1] = {1};
  const double      times[3]    = {0.1, 0.4, 0.5};
  ude_vector_field  field       = ball();
  ude_solve_options options     = options_of(methods[_i], 1e-4);
  ude_integrator   *integrator  = NULL;
  ude_solve_result  result;
  ude_error         error  = {0};
  double            at[6]  = {9, 9, 9, 9, 9, 9};
  double            end[2] = {0, 0};
  field.events.terminal    = terminal;
  ck_ok(ude_integrator_create(&field, &options, &integrator, &error), &error);
  ck_ok(ude_integrator_run(integrator, ball_u, ball_p, 0, 2, times, 3, at, end, &result, &error),
        &error);
  double tolerance = strcmp(methods[_i], "euler") == 0 ? 1e-2 : 1e-9;
  ck_assert_int_eq(result.retcode, UDE_RETCODE_TERMINATED);
  ck_assert_int_eq(result.event, 0);
  ck_assert_int_eq(result.saved, 2);
  ck_assert_double_eq_tol(result.t, sqrt(2 / 9.81), tolerance);
  ck_assert_double_eq_tol(at[2], 1 - 9.81 / 2 * 0.16, tolerance);
  ck_assert_double_eq(at[4], 9);
  ck_assert_double_eq_tol(end[1], 0.8 * sqrt(2 * 9.81), tolerance);
  ude_integrator_free(integrator);
}
END_TEST

/* -------------------------------------------------------------------------------- oscillator -- */

PROBLEM_RHS(oscillator_rhs) {
  (void)t;
  (void)p;
  (void)context;
  du[0] = u[1];
  du[1] = -u[0];
  return 0;
}

static int oscillator_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                          const double *p, const double *p_dot, double t, const double *t_dot,
                          void *context) {
  (void)p_dot;
  (void)t_dot;
  y_dot[0] = u_dot ? u_dot[1] : 0;
  y_dot[1] = u_dot ? -u_dot[0] : 0;
  return oscillator_rhs(y, u, p, t, context);
}

static int two_heights(double *g, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  (void)context;
  g[0] = u[0];
  g[1] = 0.5 - u[1];
  return 0;
}

/* From (0, 1): u = sin t is zero at the start, which does not fire; cos t = 1/2. */
static void oscillate(const char *method, double t0, double t1, const int *direction,
                      const double *expected, const int *which, int count) {
  const double      start[2] = {sin(t0), cos(t0)};
  ude_vector_field  field    = PROBLEM_FIELD(2, 0, oscillator_rhs);
  ude_solve_options options  = options_of(method, strcmp(method, "euler") == 0 ? 1e-4 : 0.01);
  ude_solution     *solution = NULL;
  ude_error         error    = {0};
  bool              low      = strcmp(method, "euler") == 0;
  field.rhs.jvp              = oscillator_jvp;
  field.events               = (ude_events){
                    .count = 2, .roots = {.rows = 2, .columns = 2, .value = two_heights}, .direction = direction};
  ck_ok(ude_solve(&field, start, NULL, t0, t1, &options, &solution, &error), &error);
  ck_assert_int_eq(ude_solution_event_count(solution), count);
  for (int i = 0; i < count; i++) {
    ck_assert_int_eq(ude_solution_event(solution, i), which[i]);
    ck_assert_double_eq_tol(ude_solution_event_time(solution, i), expected[i], low ? 1e-2 : 5e-6);
    double g[2];
    two_heights(g, ude_solution_event_state(solution, i), NULL, 0, NULL);
    ck_assert_double_eq_tol(g[which[i]], 0, rounding);
  }
  ude_solution_free(solution);
}

START_TEST(crossings_and_directions) {
  const double pi           = acos(-1);
  const double all[]        = {pi / 3, pi, 5 * pi / 3, 2 * pi, 7 * pi / 3, 3 * pi};
  const int    which[]      = {1, 0, 1, 0, 1, 0};
  const int    up[2]        = {1, 1};
  const double up_at[]      = {pi / 3, 2 * pi, 7 * pi / 3};
  const int    up_which[]   = {1, 0, 1};
  const int    down[2]      = {-1, 0};
  const double down_at[]    = {pi / 3, pi, 5 * pi / 3, 7 * pi / 3, 3 * pi};
  const int    down_which[] = {1, 0, 1, 1, 0};
  const double back_at[]    = {2 * pi, 5 * pi / 3, pi, pi / 3};
  const int    back_which[] = {0, 1, 0, 1};
  oscillate(methods[_i], 0, 10, NULL, all, which, 6);
  oscillate(methods[_i], 0, 8, up, up_at, up_which, 3);
  oscillate(methods[_i], 0, 10, down, down_at, down_which, 5);
  oscillate(methods[_i], 7, 0.5, NULL, back_at, back_which, 4);
}
END_TEST

/* ------------------------------------------------------------------------- several, and ends -- */

/* u' = 1 in one or few long steps. */
PROBLEM_RHS(line_rhs) {
  (void)u;
  (void)t;
  (void)p;
  (void)context;
  du[0] = 1;
  return 0;
}

static int parabola(double *g, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  (void)context;
  g[0] = (u[0] - 3.3) * (u[0] - 5.1);
  g[1] = u[0] - 4;
  g[2] = 2 * u[0] - 8; /* the same time as the one before */
  return 0;
}

/* A record of what happened: u := 10 u + number, as digits in the second state. */
static int digits(double *y, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  (void)context;
  y[0] = u[0];
  y[1] = 10 * u[1] + u[2] + 1;
  return 0;
}

PROBLEM_RHS(clock_rhs) {
  (void)u;
  (void)t;
  (void)p;
  (void)context;
  du[0] = 1;
  du[1] = 0;
  return 0;
}

START_TEST(several_in_one_step) {
  const double      start[2] = {0, 0};
  ude_vector_field  field    = PROBLEM_FIELD(2, 0, clock_rhs);
  ude_solve_options options  = {.method = "tsit5", .initial_step = 8};
  ude_solution     *solution = NULL;
  const double      times[]  = {3.3, 4, 4, 5.1};
  const int         which[]  = {0, 1, 2, 0};
  for (int changes = 0; changes < 2; changes++) {
    field.events = (ude_events){.count = 3, .roots = {.rows = 3, .columns = 2, .value = parabola}};
    if (changes) {
      field.events.affect = (ude_map){.rows = 2, .columns = 3, .value = digits};
    }
    ck_ok(ude_solve(&field, start, NULL, 0, 8, &options, &solution, NULL), NULL);
    ck_assert_int_eq(ude_solution_event_count(solution), 4);
    for (int i = 0; i < 4; i++) {
      ck_assert_double_eq_tol(ude_solution_event_time(solution, i), times[i], 2e-14);
      ck_assert_int_eq(ude_solution_event(solution, i), which[i]);
    }
    int64_t last = ude_solution_count(solution) - 1;
    ck_assert_double_eq_tol(ude_solution_state(solution, last)[0], 8, 1e-13);
    ck_assert_double_eq(ude_solution_state(solution, last)[1], changes ? 1231 : 0);
    /* Without changes nothing but the record is different: one step. */
    ck_assert_int_eq(ude_solution_result(solution)->steps,
                     changes ? ude_solution_result(solution)->steps : 1);
    ude_solution_free(solution);
  }
}
END_TEST

static int at_ends(double *g, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)p;
  (void)context;
  g[0] = t;       /* zero at the start: leaving it does not fire */
  g[1] = t - 1;   /* at the end of the span */
  g[2] = t * t;   /* touches zero at the start */
  g[3] = t - 0.5; /* fires */
  return 0;
}

START_TEST(both_ends_of_the_span) {
  const double      start    = 0;
  ude_vector_field  field    = PROBLEM_FIELD(1, 0, line_rhs);
  ude_solve_options options  = options_of(methods[_i], 0.25);
  ude_solution     *solution = NULL;
  field.events     = (ude_events){.count = 4, .roots = {.rows = 4, .columns = 1, .value = at_ends}};
  ude_error  error = {0};
  ude_status status = ude_solve(&field, &start, NULL, 0, 1, &options, &solution, &error);
  if (status == UDE_UNSUPPORTED) { /* implicit methods need derivatives */
    return;
  }
  ck_ok(status, &error);
  ck_assert_int_eq(ude_solution_event_count(solution), 2);
  ck_assert_int_eq(ude_solution_event(solution, 0), 3);
  ck_assert_double_eq_tol(ude_solution_event_time(solution, 0), 0.5, 1e-15);
  ck_assert_int_eq(ude_solution_event(solution, 1), 1);
  ck_assert_double_eq(ude_solution_event_time(solution, 1), 1);
  ude_solution_free(solution);
  /* An empty span has no events. */
  ck_ok(ude_solve(&field, &start, NULL, 1, 1, &options, &solution, &error), &error);
  ck_assert_int_eq(ude_solution_event_count(solution), 0);
  ude_solution_free(solution);
}
END_TEST

/* -------------------------------------------------------------------------------- schedules -- */

static int doses(double *times, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)t;
  (void)context;
  times[0] = p[1] + 8;
  times[1] = p[1]; /* any order */
  times[2] = p[1] + 16;
  times[3] = 1e3; /* beyond the span */
  return 0;
}

static int dose(double *y, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  (void)p;
  y[0] = u[0] + 10;
  return 0;
}

static int decay_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                     const double *p, const double *p_dot, double t, const double *t_dot,
                     void *context) {
  (void)t_dot;
  y_dot[0] = -(u_dot ? p[0] * u_dot[0] : 0) - (p_dot ? p_dot[0] * u[0] : 0);
  return decay_rhs(y, u, p, t, context);
}

/* First dose inside of the span, then at its start. */
START_TEST(scheduled_doses) {
  const double at[4] = {1, 9, 17, 24};
  for (int from = 0; from < 2; from++) {
    const double      p[2]    = {0.3, 1 - from};
    const double      start   = 0;
    ude_vector_field  field   = PROBLEM_FIELD(1, 2, decay_rhs);
    ude_solve_options options = options_of(methods[_i], strcmp(methods[_i], "euler") ? 0.01 : 1e-4);
    ude_solution     *solution = NULL;
    ude_error         error    = {0};
    field.rhs.jvp              = decay_jvp;
    field.events               = (ude_events){.schedule_count = 4,
                                              .schedule       = {.rows = 4, .value = doses},
                                              .affect         = {.rows = 1, .columns = 2, .value = dose}};
    options.save               = UDE_SAVE_AT;
    options.saveat             = at;
    options.saveat_count       = 4;
    options.rtol               = 1e-7;
    ck_ok(ude_solve(&field, &start, p, 0, 24, &options, &solution, &error), &error);
    ck_assert_int_eq(ude_solution_event_count(solution), 3);
    for (int64_t i = 0; i < 4; i++) {
      double expected = 0; /* a save time on a dose has the state before it */
      for (int k = 0; k < 3; k++) {
        double since = at[i] - (p[1] + 8 * k);
        expected += since > 0 ? 10 * exp(-p[0] * since) : 0;
      }
      ck_assert_double_eq_tol(ude_solution_state(solution, i)[0], expected,
                              is_fixed(methods[_i]) ? 1e-3 : 2e-5);
    }
    ck_assert_double_eq(ude_solution_event_time(solution, 1), p[1] + 8);
    ck_assert_int_eq(ude_solution_event(solution, 0), 1);
    ude_solution_free(solution);
  }
}
END_TEST

/* u' = 1 before 1/3, 100 t after: every method of order two has it exactly if no stage sees the wrong side. */
PROBLEM_RHS(jump_rhs) {
  (void)u;
  (void)context;
  du[0] = t < p[0] ? 1 : 100 * t;
  return 0;
}

static int jump_time(double *times, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)t;
  (void)context;
  times[0] = p[0];
  return 0;
}

static int jump_jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  (void)u_dot;
  (void)p_dot;
  y_dot[0] = t_dot && t >= p[0] ? 100 * t_dot[0] : 0;
  return jump_rhs(y, u, p, t, context);
}

START_TEST(declared_discontinuity) {
  const double start = 0;
  const double p     = 1.0 / 3;
  if (strcmp(methods[_i], "euler") == 0) {
    return;
  }
  for (int backwards = 0; backwards < 2; backwards++) {
    ude_vector_field  field    = PROBLEM_FIELD(1, 1, jump_rhs);
    ude_solve_options options  = options_of(methods[_i], 0.3);
    ude_solution     *solution = NULL;
    ude_error         error    = {0};
    field.rhs.jvp              = jump_jvp;
    field.events =
        (ude_events){.discontinuity_count = 1, .discontinuities = {.rows = 1, .value = jump_time}};
    ck_ok(ude_solve(&field, &start, &p, backwards, 1 - backwards, &options, &solution, &error),
          &error);
    double change = p + 50 * (1 - p * p);
    ck_assert_double_eq_tol(ude_solution_state(solution, ude_solution_count(solution) - 1)[0],
                            backwards ? -change : change, 2e-7);
    ck_assert_int_eq(ude_solution_event_count(solution), 0);
    ck_assert_int_lt(ude_solution_result(solution)->rejected, 4);
    ude_solution_free(solution);
  }
}
END_TEST

/* --------------------------------------------------------------------------------- failures -- */

static int bad_root(double *g, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)p;
  g[0] = 1;
  g[1] = t > 0.4 ? *(const double *)context : 1;
  return t > 0.4 && *(const double *)context == 7 ? 1 : 0;
}

START_TEST(event_functions_that_fail) {
  double            values[] = {NAN, INFINITY, 7};
  const double      start    = 0;
  ude_vector_field  field    = PROBLEM_FIELD(1, 0, line_rhs);
  ude_solve_options options  = {.method = adaptive_pairs[_i]};
  for (int i = 0; i < 3; i++) {
    ude_solution *solution = NULL;
    ude_error     error    = {0};
    field.events           = (ude_events){
                  .count = 2, .roots = {.rows = 2, .columns = 1, .value = bad_root, .context = &values[i]}};
    ck_fails(ude_solve(&field, &start, NULL, 0, 1, &options, &solution, &error), UDE_NUMERICAL,
             &error, "event function", "division by zero");
    ck_assert_int_eq(ude_solution_result(solution)->retcode, UDE_RETCODE_EVENT_FAILED);
    ck_assert_int_eq(ude_solution_result(solution)->event, i < 2 ? 1 : -1);
    ck_assert_double_le(ude_solution_result(solution)->t, 0.4);
    ck_assert_int_ge(ude_solution_count(solution), 1); /* what it had */
    ude_solution_free(solution);
  }
}
END_TEST

static int bad_affect(double *y, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  y[0] = u[0];
  y[1] = *(const double *)context;
  return isnan(y[1]) ? 0 : 3;
}

static int bad_times(double *times, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)p;
  (void)t;
  times[0] = *(const double *)context;
  return isnan(times[0]) ? 0 : 3;
}

START_TEST(changes_and_times_that_fail) {
  double values[] = {NAN, 1};
  for (int i = 0; i < 2; i++) {
    ude_vector_field  field    = ball();
    ude_solve_options options  = {.method = "tsit5"};
    ude_solution     *solution = NULL;
    ude_error         error    = {0};
    field.events.affect =
        (ude_map){.rows = 2, .columns = 3, .value = bad_affect, .context = &values[i]};
    ck_fails(ude_solve(&field, ball_u, ball_p, 0, 1, &options, &solution, &error), UDE_NUMERICAL,
             &error, "event 0", "affect");
    ck_assert_int_eq(ude_solution_result(solution)->component, i == 0 ? 1 : -1);
    ck_assert_double_eq_tol(ude_solution_result(solution)->t, sqrt(2 / 9.81), 1e-8);
    ude_solution_free(solution);
    field        = ball();
    field.events = (ude_events){.schedule_count = 1,
                                .schedule = {.rows = 1, .value = bad_times, .context = &values[i]}};
    ck_fails(ude_solve(&field, ball_u, ball_p, 0, 1, &options, &solution, &error), UDE_NUMERICAL,
             &error, "event", "scheduled times");
    ude_solution_free(solution);
  }
}
END_TEST

START_TEST(tables_that_do_not_fit) {
  ude_vector_field field = ball();
  ude_error        error = {0};
  field.events.count     = 0;
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error, "0 root events",
           "given");
  field                       = ball();
  field.events.affect.columns = 2;
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error, "affect",
           "must be 2 x 3");
  field                       = ball();
  field.events.schedule_count = 2;
  ck_fails(ude_vector_field_check(&field, &error), UDE_INVALID_ARGUMENT, &error,
           "2 scheduled events", "missing");
  ude_solve_options options  = {.method = "cvode_bdf"};
  ude_solution     *solution = NULL;
  field                      = ball();
  ck_fails(ude_solve(&field, ball_u, ball_p, 0, 1, &options, &solution, &error), UDE_UNSUPPORTED,
           &error, "does not stop at events", "rodas5p");
}
END_TEST

/* ---------------------------------------------------------------------------------- streams -- */

typedef struct log {
  int64_t rows, events, most;
  double  last;
} log_of;

static int log_row(double t, const double *u, void *context) {
  log_of *to = context;
  (void)u;
  to->rows++;
  to->last = t;
  return to->rows >= to->most;
}

static int log_event(double t, int64_t event, const double *u_before, void *context) {
  log_of *to = context;
  (void)t;
  (void)event;
  (void)u_before;
  to->events++;
  return 0;
}

START_TEST(streamed) {
  ude_vector_field  field   = ball();
  ude_solve_options options = {.method = "tsit5"};
  ude_solution     *kept    = NULL;
  ude_solve_result  result;
  ude_error         error = {0};
  log_of            all   = {.most = INT64_MAX};
  ude_stream        to    = {log_row, log_event, &all};
  ck_ok(ude_solve(&field, ball_u, ball_p, 0, 2, &options, &kept, &error), &error);
  ck_ok(ude_solve_stream(&field, ball_u, ball_p, 0, 2, &options, &to, &result, &error), &error);
  ck_assert_int_eq(all.rows, ude_solution_count(kept));
  ck_assert_int_eq(all.events, 3);
  ck_assert_double_eq(all.last, 2);
  ck_assert_int_eq(result.saved, all.rows);
  ude_solution_free(kept);
  log_of some = {.most = 5};
  to.context  = &some;
  ck_assert_int_eq(ude_solve_stream(&field, ball_u, ball_p, 0, 2, &options, &to, &result, &error),
                   UDE_INTERRUPTED);
  ck_assert_int_eq(some.rows, 5);
  ck_assert_int_eq(result.retcode, UDE_RETCODE_STOPPED);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("solve: events");
  TCase *tests = tcase_create("events");
  tcase_add_loop_test(tests, bouncing_ball, 0, METHODS);
  tcase_add_loop_test(tests, bounces_that_accumulate, 0, METHODS);
  tcase_add_loop_test(tests, terminal_event, 0, METHODS);
  tcase_add_loop_test(tests, crossings_and_directions, 0, METHODS);
  tcase_add_loop_test(tests, both_ends_of_the_span, 0, METHODS);
  tcase_add_loop_test(tests, scheduled_doses, 0, METHODS);
  tcase_add_loop_test(tests, declared_discontinuity, 0, METHODS);
  tcase_add_loop_test(tests, event_functions_that_fail, 0, ADAPTIVE_PAIRS);
  tcase_add_test(tests, several_in_one_step);
  tcase_add_test(tests, changes_and_times_that_fail);
  tcase_add_test(tests, tables_that_do_not_fit);
  tcase_add_test(tests, streamed);
  suite_add_tcase(suite, tests);
  return ude_check_run(suite);
}
