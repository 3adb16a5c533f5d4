/* Derivatives of solves when memory runs out at the k-th allocation. */
#include <math.h>
#include <ude/sensitivity.h>

#include "support/fault.h"
#include "support/ude_check.h"

static int rhs(double *y, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  y[0] = p[0] * u[0] - u[0] * u[1];
  y[1] = u[0] * u[1] - p[1] * u[1];
  return 0;
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  static const double zero[2] = {0};
  const double       *v       = u_dot ? u_dot : zero;
  const double       *q       = p_dot ? p_dot : zero;
  (void)t_dot;
  rhs(y, u, p, t, context);
  double product = v[0] * u[1] + u[0] * v[1];
  y_dot[0]       = q[0] * u[0] + p[0] * v[0] - product;
  y_dot[1]       = product - q[1] * u[1] - p[1] * v[1];
  return 0;
}

static int vjp(const double *u, const double *p, double t, const double *w, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += (p[0] - u[1]) * w[0] + u[1] * w[1];
    u_bar[1] += -u[0] * w[0] + (u[0] - p[1]) * w[1];
  }
  if (p_bar) {
    p_bar[0] += u[0] * w[0];
    p_bar[1] -= u[1] * w[1];
  }
  return 0;
}

/* u_0 p_0: as a terminal and as a running cost */
static int cost(double *y, const double *u, const double *p, double t, void *context) {
  (void)t;
  (void)context;
  y[0] = u[0] * p[0];
  return 0;
}

static int cost_jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  (void)t_dot;
  cost(y, u, p, t, context);
  y_dot[0] = (u_dot ? u_dot[0] * p[0] : 0) + (p_dot ? u[0] * p_dot[0] : 0);
  return 0;
}

static int cost_vjp(const double *u, const double *p, double t, const double *w, double *u_bar,
                    double *p_bar, double *t_bar, void *context) {
  (void)t;
  (void)t_bar;
  (void)context;
  if (u_bar) {
    u_bar[0] += p[0] * w[0];
  }
  if (p_bar) {
    p_bar[0] += u[0] * w[0];
  }
  return 0;
}

/* u(t0) = (p_0, 2) */
static int initial(double *y, const double *u, const double *p, double t, void *context) {
  (void)u;
  (void)t;
  (void)context;
  y[0] = p[0];
  y[1] = 2;
  return 0;
}

static int initial_vjp(const double *u, const double *p, double t, const double *w, double *u_bar,
                       double *p_bar, double *t_bar, void *context) {
  (void)u;
  (void)p;
  (void)t;
  (void)u_bar;
  (void)t_bar;
  (void)context;
  if (p_bar) {
    p_bar[0] += w[0];
  }
  return 0;
}

static const ude_map costs = {
    .rows = 1, .columns = 2, .value = cost, .jvp = cost_jvp, .vjp = cost_vjp};
static const ude_vector_field field = {
    .state         = {.count = 2},
    .param         = {.count = 2},
    .rhs           = {.rows = 2, .columns = 2, .value = rhs, .jvp = jvp, .vjp = vjp},
    .initial       = {.rows = 2, .columns = 0, .value = initial, .vjp = initial_vjp},
    .terminal_cost = costs,
    .running_cost  = costs};

static const double u0[2] = {1, 2}, p[2] = {1.3, 1.8}, times[3] = {0, 0.7, 2};

static int at_times(int64_t i, double t, const double *u, const double *q, double *value,
                    double *u_bar, double *p_bar, void *context) {
  (void)i;
  (void)t;
  (void)context;
  *value = u[0] * q[1];
  if (u_bar) {
    u_bar[0] = q[1];
  }
  if (p_bar) {
    p_bar[1] += u[0];
  }
  return 0;
}

static const ude_estimate_term estimates[] = {{UDE_ESTIMATE_ERROR, UDE_ESTIMATE_SUM, 1},
                                              {UDE_ESTIMATE_STIFFNESS, UDE_ESTIMATE_MAX, 1}};

static const ude_cost all_costs = {.count     = 3,
                                   .times     = times,
                                   .at        = at_times,
                                   .terminal  = true,
                                   .running   = true,
                                   .estimates = 2,
                                   .estimate  = estimates};

static ude_status all_finite(const double *x, int n, ude_status status, ude_error *error) {
  for (int i = 0; i < n && status == UDE_OK; i++) {
    status = isfinite(x[i]) ? UDE_OK : ude_fail(error, UDE_INTERNAL, "entry %d is not finite", i);
  }
  return status;
}

static ude_status gradient(void *context, ude_error *error) {
  ude_sensitivity *s = NULL;
  ude_solve_result result;
  double           value = NAN, u_bar[2] = {NAN, NAN}, p_bar[2] = {NAN, NAN};
  ude_status       status = ude_sensitivity_create(&field, context, &s, error);
  for (int again = 0; again < 2 && status == UDE_OK; again++) {
    status = ude_cost_gradient(s, u0, p, 0, 2, &all_costs, &value, u_bar, p_bar, &result, error);
  }
  status = all_finite(u_bar, 2, all_finite(p_bar, 2, status, error), error);
  ude_sensitivity_free(s);
  return status;
}

static ude_status value(void *context, ude_error *error) {
  ude_sensitivity *s = NULL;
  ude_solve_result result;
  double           reached = NAN;
  ude_status       status  = ude_sensitivity_create(&field, context, &s, error);
  if (status == UDE_OK) {
    status = ude_cost_value(s, u0, p, 0, 2, &all_costs, &reached, &result, error);
  }
  ude_sensitivity_free(s);
  return all_finite(&reached, 1, status, error);
}

static void visit(int64_t index, int64_t first, int64_t lanes, int64_t width, const double *u,
                  const double *u_dot, void *context) {
  (void)first;
  (void)lanes;
  (void)width;
  (void)u;
  ((double *)context)[index] += u_dot[0];
}

static ude_status forward(void *context, ude_error *error) {
  static const double u_dot[2][3] = {{1, 0, 0}, {0, 1, 0}}, p_dot[2][3] = {{0, 0, 1}, {0, 0, 2}};
  double              u_at[6], u_at_dot[18], seen[3] = {0};
  ude_solve_result    result;
  ude_sensitivity    *s      = NULL;
  ude_status          status = ude_sensitivity_create(&field, context, &s, error);
  if (status == UDE_OK) {
    status = ude_forward_sensitivities(s, u0, u_dot[0], p, p_dot[0], 3, 0, 2, times, 3, u_at,
                                       u_at_dot, &result, error);
  }
  if (status == UDE_OK) {
    status = ude_forward_visit(s, u0, u_dot[0], p, p_dot[0], 3, 0, 2, times, 3, u_at, visit, seen,
                               &result, error);
  }
  ude_sensitivity_free(s);
  return status == UDE_OK ? all_finite(seen, 3, all_finite(u_at_dot, 18, status, error), error)
                          : status;
}

static ude_status check(void *context, ude_error *error) {
  ude_check_row rows[UDE_CHECK_MAX_ROWS];
  int64_t       count  = 0;
  ude_status    status = ude_check(&field, u0, p, 0, 2, context, rows, &count, error);
  for (int64_t i = 0; i < count && status == UDE_OK; i++) {
    status = rows[i].passed ? UDE_OK
                            : ude_fail(error, UDE_INTERNAL, "%s against %s", rows[i].quantity,
                                       rows[i].against);
  }
  return status;
}

static ude_status start(void *context, ude_error *error) {
  double u[2] = {0}, p_bar[2] = {0};
  (void)context;
  ude_status status = ude_initial_state(&field, p, 0, u, error);
  status            = status ? status : ude_initial_pullback(&field, p, 0, u, p_bar, error);
  return all_finite(u, 2, all_finite(p_bar, 2, status, error), error);
}

static const char *const methods[] = {"tsit5", "vern7"};

START_TEST(adjoint_survives) {
  /* the bound on stored states makes it recompute from checkpoints */
  const size_t bounds[] = {0, 256};
  for (int i = 0; i < 2; i++) {
    ude_sensitivity_options options = {
        .solve.method = methods[_i], .method = UDE_SENSITIVITY_ADJOINT, .memory_bytes = bounds[i]};
    fault_every_allocation(gradient, &options, 5);
    fault_every_allocation(value, &options, 5);
  }
}
END_TEST

START_TEST(forward_survives) {
  ude_sensitivity_options options = {.solve.method = methods[_i],
                                     .method       = UDE_SENSITIVITY_FORWARD};
  fault_every_allocation(gradient, &options, 5);
  fault_every_allocation(value, &options, 5);
  fault_every_allocation(forward, &options, 5);
}
END_TEST

START_TEST(check_survives) {
  fault_every_allocation(check, NULL, 10);
}
END_TEST

START_TEST(initial_states_survive) {
  fault_every_allocation(start, NULL, 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("sensitivity_fault");
  TCase *tcase = tcase_create("sensitivity_fault");
  tcase_set_timeout(tcase, 30);
  suite_add_tcase(suite, tcase);
  tcase_add_loop_test(tcase, adjoint_survives, 0, 2);
  tcase_add_loop_test(tcase, forward_survives, 0, 2);
  tcase_add_test(tcase, check_survives);
  tcase_add_test(tcase, initial_states_survive);
  return ude_check_run(suite);
}
