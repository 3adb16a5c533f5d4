/* The optimisers on functions whose minima are known. */
#include "fit/optimizer.h"

#include "fit_fields.h"

/** What the objectives share: how often they ran, and where they fail. */
typedef struct bowl {
  int64_t n, evaluations;
  double  wall; /* x[0] beyond it cannot be evaluated */
} bowl;

/* sum of 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2: minimum 0 at (1, ..., 1) */
static ude_status rosenbrock(void *context, const double *x, double *value, double *g,
                             ude_error *error) {
  bowl *b = context;
  b->evaluations++;
  *value = 0;
  if (b->wall != 0 && x[0] > b->wall) {
    return ude_fail(error, UDE_NUMERICAL, "beyond the wall");
  }
  for (int64_t i = 0; i < b->n; i++) {
    g[i] = 0;
  }
  for (int64_t i = 0; i + 1 < b->n; i++) {
    double a = x[i + 1] - x[i] * x[i];
    double c = 1 - x[i];
    *value += 100 * a * a + c * c;
    g[i] += -400 * a * x[i] - 2 * c;
    g[i + 1] += 200 * a;
  }
  return UDE_OK;
}

/* The same as residuals 10 (x[i+1] - x[i]^2), 1 - x[i]. */
static ude_status rosenbrock_residuals(void *context, const double *x, double *r, double *jacobian,
                                       ude_error *error) {
  bowl   *b = context;
  int64_t n = b->n;
  b->evaluations++;
  if (b->wall != 0 && x[0] > b->wall) {
    return ude_fail(error, UDE_NUMERICAL, "beyond the wall");
  }
  if (jacobian) {
    memset(jacobian, 0, (size_t)(2 * (n - 1) * n) * sizeof *jacobian);
  }
  for (int64_t i = 0; i + 1 < n; i++) {
    r[2 * i]     = 10 * (x[i + 1] - x[i] * x[i]);
    r[2 * i + 1] = 1 - x[i];
    if (jacobian) {
      jacobian[2 * i * n + i]       = -20 * x[i];
      jacobian[2 * i * n + i + 1]   = 10;
      jacobian[(2 * i + 1) * n + i] = -1;
    }
  }
  return UDE_OK;
}

typedef enum method { ADAM, BFGS, LBFGS, LM } method;

/* From (-1.2, 1, -1.2, ...) until the gradient is small; returns the iterations. */
static int64_t minimise(method which, bowl *b, int64_t limit, double *x, ude_step_outcome *last) {
  ude_objective        objective = {.n         = b->n,
                                    .m         = 2 * (b->n - 1),
                                    .evaluate  = rosenbrock,
                                    .residuals = rosenbrock_residuals,
                                    .context   = b};
  ude_optimizer_state *state     = NULL;
  ude_status           status    = UDE_OK;
  ude_error            error     = {0};
  ck_ok(ude_optimizer_create(b->n, which == LBFGS, &state, &error), &error);
  for (int64_t i = 0; i < b->n; i++) {
    state->x[i] = i % 2 ? 1 : -1.2;
  }
  state->best = INFINITY;
  ck_assert(ude_objective_at(&objective, state->x, &state->value, state->g, &status, &error));
  *last = UDE_STEP_ON;
  for (; state->iteration < limit && *last == UDE_STEP_ON; state->iteration++) {
    double before = state->value;
    *last         = which == ADAM ? ude_adam_step(state, &objective, 0.02, &status, &error)
                    : which == LM ? ude_lm_step(state, &objective, 1e-10, &status, &error)
                                  : ude_bfgs_step(state, &objective, 0.01, 1e-10, &status, &error);
    ck_assert_int_eq(status, UDE_OK);
    if (which != ADAM) {
      ck_assert_double_le(state->value, before * (1 + 2e-9));
    }
  }
  ck_assert_int_eq(objective.evaluations, b->evaluations);
  memcpy(x, state->best_x, (size_t)b->n * sizeof *x);
  int64_t iterations = state->iteration;
  ude_optimizer_free(state);
  return iterations;
}

START_TEST(rosenbrock_is_minimised) {
  static const struct {
    method  which;
    int64_t n, limit;
    double  tolerance;
  } cases[] = {{ADAM, 2, 20000, 1e-3}, {BFGS, 2, 100, 1e-8},  {LBFGS, 2, 100, 1e-8},
               {LM, 2, 100, 1e-9},     {BFGS, 40, 600, 1e-8}, {LBFGS, 40, 900, 1e-8},
               {LM, 40, 300, 1e-9}};
  double           x[40];
  ude_step_outcome last;
  bowl             b = {.n = cases[_i].n};
  double           ones[40];
  for (int i = 0; i < 40; i++) {
    ones[i] = 1;
  }
  minimise(cases[_i].which, &b, cases[_i].limit, x, &last);
  if (cases[_i].which != ADAM) {
    ck_assert_int_eq(last, UDE_STEP_GRADIENT);
  }
  if (cases[_i].n == 2) { /* in more dimensions there is a second minimum near (-1, 1, ..., 1) */
    ck_arrays_close(x, ones, 2, 0, cases[_i].tolerance);
  } else {
    ck_arrays_close(x + 1, ones + 1, cases[_i].n - 1, 0, cases[_i].tolerance);
  }
}
END_TEST

/* The way to the minimum runs along a wall behind which nothing can be evaluated. */
START_TEST(failures_are_backed_away_from) {
  static const method methods[] = {ADAM, BFGS, LBFGS, LM};
  double              x[2];
  ude_step_outcome    last;
  bowl                b = {.n = 2, .wall = 1 + 1e-7};
  minimise(methods[_i], &b, methods[_i] == ADAM ? 20000 : 500, x, &last);
  ck_assert_double_le(x[0], b.wall);
  ck_assert_double_eq_tol(x[0], 1, methods[_i] == ADAM ? 5e-3 : 1e-6);
}
END_TEST

/* Along x - direction the function falls without end, then fails: the search stays where it can evaluate. */
static ude_status slope(void *context, const double *x, double *value, double *g,
                        ude_error *error) {
  bowl *b = context;
  b->evaluations++;
  if (x[0] > b->wall) {
    return ude_fail(error, UDE_NUMERICAL, "beyond the wall");
  }
  *value = -x[0];
  g[0]   = -1;
  return UDE_OK;
}

START_TEST(a_line_without_minimum_ends_before_the_wall) {
  bowl                 b         = {.n = 1, .wall = _i ? 7 : 1e300};
  ude_objective        objective = {.n = 1, .evaluate = slope, .context = &b};
  ude_optimizer_state *state     = NULL;
  ude_status           status    = UDE_OK;
  ude_error            error     = {0};
  double               value     = 0;
  ck_ok(ude_optimizer_create(1, false, &state, &error), &error);
  ck_assert(ude_objective_at(&objective, state->x, &state->value, state->g, &status, &error));
  state->direction[0] = 1;
  ck_assert(ude_line_search(state, &objective, 0.5, &value, &status, &error));
  ck_assert_double_gt(state->trial[0], _i ? 5 : 1e8);
  ck_assert_double_le(state->trial[0], b.wall);
  ck_assert_double_eq(value, -state->trial[0]);
  state->direction[0] = -1; /* uphill */
  ck_assert(!ude_line_search(state, &objective, 0.5, &value, &status, &error));
  ude_optimizer_free(state);
}
END_TEST

/* More variables than residuals: any exact solution will do. */
static ude_status underdetermined(void *context, const double *x, double *r, double *jacobian,
                                  ude_error *error) {
  (void)context;
  (void)error;
  r[0] = x[0] + 2 * x[1] - x[2] - 3;
  r[1] = x[0] * x[1] - 1;
  if (jacobian) {
    const double rows[6] = {1, 2, -1, x[1], x[0], 0};
    memcpy(jacobian, rows, sizeof rows);
  }
  return UDE_OK;
}

START_TEST(least_squares_may_be_underdetermined) {
  ude_objective        objective = {.n = 3, .m = 2, .residuals = underdetermined};
  ude_optimizer_state *state     = NULL;
  ude_status           status    = UDE_OK;
  ude_error            error     = {0};
  ck_ok(ude_optimizer_create(3, false, &state, &error), &error);
  state->x[0]              = 5;
  state->x[1]              = -1;
  state->best              = INFINITY;
  ude_step_outcome outcome = UDE_STEP_ON;
  for (; state->iteration < 100 && outcome == UDE_STEP_ON; state->iteration++) {
    outcome = ude_lm_step(state, &objective, 1e-12, &status, &error);
  }
  ck_assert_int_eq(outcome, UDE_STEP_GRADIENT);
  ck_assert_double_lt(state->best, 1e-24);
  ude_optimizer_free(state);
}
END_TEST

/* An objective that is stopped leaves the state as it was: the same step again gives the same bits. */
typedef struct stopping {
  bowl    b;
  int64_t stop_at; /* this evaluation is stopped; 0: none */
} stopping;

static ude_status stopped(void *context, const double *x, double *value, double *g,
                          ude_error *error) {
  stopping *s = context;
  if (s->stop_at > 0 && s->b.evaluations + 1 == s->stop_at) {
    s->stop_at = 0;
    return ude_fail(error, UDE_INTERRUPTED, "stopped");
  }
  return rosenbrock(&s->b, x, value, g, error);
}

static ude_status stopped_residuals(void *context, const double *x, double *r, double *jacobian,
                                    ude_error *error) {
  stopping *s = context;
  if (s->stop_at > 0 && s->b.evaluations + 1 == s->stop_at) {
    s->stop_at = 0;
    return ude_fail(error, UDE_INTERRUPTED, "stopped");
  }
  return rosenbrock_residuals(&s->b, x, r, jacobian, error);
}

static int run_stopped(method which, int64_t stop_at, double wall, double *x) {
  stopping      s         = {.b = {.n = 6, .wall = wall}, .stop_at = stop_at};
  ude_objective objective = {
      .n = 6, .m = 10, .evaluate = stopped, .residuals = stopped_residuals, .context = &s};
  ude_optimizer_state *state  = NULL;
  ude_error            error  = {0};
  ude_status           status = UDE_OK;
  int                  stops  = 0;
  ck_ok(ude_optimizer_create(6, which == LBFGS, &state, &error), &error);
  for (int i = 0; i < 6; i++) {
    state->x[i] = i % 2 ? 1 : -1.2;
  }
  state->best = INFINITY;
  rosenbrock(&s.b, state->x, &state->value, state->g, &error);
  while (state->iteration < 25) {
    ude_step_outcome outcome =
        which == ADAM ? ude_adam_step(state, &objective, 0.3, &status, &error)
        : which == LM ? ude_lm_step(state, &objective, 1e-14, &status, &error)
                      : ude_bfgs_step(state, &objective, 0.01, 1e-14, &status, &error);
    if (outcome == UDE_STEP_FAILED) {
      ck_assert_int_eq(status, UDE_INTERRUPTED);
      status = UDE_OK;
      stops++;
      continue;
    }
    state->iteration++;
  }
  memcpy(x, state->x, 6 * sizeof *x);
  ude_optimizer_free(state);
  return stops;
}

START_TEST(a_step_that_is_stopped_can_be_repeated) {
  double whole[6], parts[6];
  ck_assert_int_eq(run_stopped((method)_i, 0, 0.4, whole), 0);
  for (int64_t at = 2; at < 26; at++) {
    ck_assert_int_eq(run_stopped((method)_i, at, 0.4, parts), 1);
    ck_assert_mem_eq(whole, parts, sizeof whole);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("optimizers");
  TCase *core  = tcase_create("core");
  tcase_set_timeout(core, 60);
  tcase_add_loop_test(core, rosenbrock_is_minimised, 0, 7);
  tcase_add_loop_test(core, failures_are_backed_away_from, 0, 4);
  tcase_add_loop_test(core, a_line_without_minimum_ends_before_the_wall, 0, 2);
  tcase_add_test(core, least_squares_may_be_underdetermined);
  tcase_add_loop_test(core, a_step_that_is_stopped_can_be_repeated, 0, 4);
  suite_add_tcase(suite, core);
  return ude_check_run(suite);
}
