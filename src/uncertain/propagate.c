/* Linear propagation: tangents along the solution, one direction for each input, scaled by its sigma. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/sensitivity.h>

#include "uncertain/plan.h"

typedef struct propagation {
  const ude_plan       *plan;
  ude_uncertain_result *result;
  double               *u0_dot, *p_dot;  /**< [n][inputs], [np][inputs] seeds */
  double    *u_dot, *seed_p, *y, *y_dot; /**< of one direction: [n], [np], [outputs] twice */
  ude_status status;
  ude_error *error;
} propagation;

static void close(propagation *of) {
  double *const blocks[] = {of->u0_dot, of->p_dot, of->u_dot, of->seed_p, of->y, of->y_dot};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    free(blocks[i]);
  }
}

static ude_status open(propagation *of) {
  size_t n   = (size_t)of->plan->n;
  size_t p   = (size_t)of->plan->np;
  size_t m   = (size_t)of->plan->outputs;
  size_t k   = (size_t)of->plan->inputs;
  of->u0_dot = ude_calloc(n, k * sizeof(double));
  of->p_dot  = ude_calloc(p, k * sizeof(double));
  of->u_dot  = ude_calloc(n, sizeof(double));
  of->seed_p = ude_calloc(p, sizeof(double));
  of->y      = ude_calloc(m, sizeof(double));
  of->y_dot  = ude_calloc(m, sizeof(double));
  return of->u0_dot && of->p_dot && of->u_dot && of->seed_p && of->y && of->y_dot
             ? UDE_OK
             : ude_fail_memory(of->error, "the tangents of uncertain inputs");
}

static void column(int64_t rows, int64_t stride, const double *block, int64_t j, double *out) {
  for (int64_t i = 0; i < rows; i++) {
    out[i] = block[i * stride + j];
  }
}

/* d u0 = (d initial / d p) d p where the initial state is computed from the parameters. */
static ude_status seed(propagation *of) {
  const ude_plan *plan = of->plan;
  int64_t         k    = plan->inputs;
  for (int64_t j = 0; j < k; j++) {
    const ude_uncertain_input *input                              = &plan->input[j];
    (input->param ? of->p_dot : of->u0_dot)[input->index * k + j] = input->sigma;
  }
  const ude_map *initial = &plan->field->initial;
  if (!plan->options->from_initial || !initial->value) {
    return UDE_OK;
  }
  if (!initial->jvp) {
    return ude_fail(
        of->error, UDE_UNSUPPORTED,
        "the initial state follows the parameters, but 'initial' has no derivative (jvp)");
  }
  double *u0 = of->y; /* outputs begin with the states */
  for (int64_t j = 0; j < k; j++) {
    column(plan->np, k, of->p_dot, j, of->seed_p);
    if (initial->jvp(u0, of->u_dot, NULL, NULL, plan->p, of->seed_p, plan->t0, NULL,
                     initial->context)) {
      return ude_fail(of->error, UDE_NUMERICAL, "initial failed at t = %.8g", plan->t0);
    }
    for (int64_t i = 0; i < plan->n; i++) {
      of->u0_dot[i * k + j] = of->u_dot[i];
    }
  }
  return UDE_OK;
}

/* One direction at one time: the state's tangent is there, the observations' follow from it. */
static void take(propagation *of, int64_t time, int64_t input, const double *u) {
  const ude_plan       *plan    = of->plan;
  const ude_map        *observe = &plan->field->observe;
  ude_uncertain_result *result  = of->result;
  int64_t               m       = plan->outputs;
  memcpy(of->y_dot, of->u_dot, (size_t)plan->n * sizeof(double));
  if (observe->value) {
    column(plan->np, plan->inputs, of->p_dot, input, of->seed_p);
    if (observe->jvp(of->y + plan->n, of->y_dot + plan->n, u, of->u_dot, plan->p, of->seed_p,
                     plan->times[time], NULL, observe->context)) {
      of->status = ude_fail(of->error, UDE_NUMERICAL,
                            "the derivative of observe failed at t = %.8g", plan->times[time]);
      return;
    }
  }
  for (int64_t i = 0; i < m; i++) {
    double *sigma = &result->sigma[time * m + i];
    *sigma        = hypot(*sigma, of->y_dot[i]); /* of independent inputs; no overflow */
    if (result->component) {
      result->component[(time * m + i) * plan->inputs + input] = of->y_dot[i];
    }
  }
}

static void visit(int64_t time, int64_t first, int64_t lanes, int64_t width, const double *u,
                  const double *u_dot, void *context) {
  propagation *of = context;
  for (int64_t lane = 0; lane < lanes && of->status == UDE_OK; lane++) {
    column(of->plan->n, width, u_dot, lane, of->u_dot);
    take(of, time, first + lane, u);
  }
}

/* sum_ij a_i r_ij b_j. */
static double product(const ude_plan *plan, const double *a, const double *b) {
  int64_t k     = plan->inputs;
  double  total = 0;
  for (int64_t i = 0; i < k; i++) {
    double row = b[i];
    if (plan->correlation) {
      row = 0;
      for (int64_t j = 0; j < k; j++) {
        row += plan->correlation[i * k + j] * b[j];
      }
    }
    total += a[i] * row;
  }
  return total;
}

static void correlate(const ude_plan *plan, ude_uncertain_result *result) {
  int64_t m = plan->outputs;
  int64_t k = plan->inputs;
  for (int64_t time = 0; time < plan->count; time++) {
    const double *rows = result->component + time * m * k;
    for (int64_t i = 0; i < m; i++) {
      if (plan->correlation) {
        double variance             = product(plan, rows + i * k, rows + i * k);
        result->sigma[time * m + i] = sqrt(fmax(variance, 0));
      }
      for (int64_t j = 0; result->covariance && j < m; j++) {
        result->covariance[(time * m + i) * m + j] = product(plan, rows + i * k, rows + j * k);
      }
    }
  }
}

static ude_status forward(propagation *of) {
  const ude_plan         *plan        = of->plan;
  ude_sensitivity        *sensitivity = NULL;
  ude_sensitivity_options options     = {
          .solve        = plan->solve,
          .method       = UDE_SENSITIVITY_FORWARD,
          .memory_bytes = (size_t)16 << 20,
  };
  double    *u_at   = ude_calloc((size_t)plan->count, (size_t)plan->n * sizeof *u_at);
  ude_status status = u_at ? ude_sensitivity_create(plan->field, &options, &sensitivity, of->error)
                           : ude_fail_memory(of->error, "the solution at the means");
  if (status == UDE_OK) {
    status = ude_forward_visit(sensitivity, plan->u0, of->u0_dot, plan->p, of->p_dot, plan->inputs,
                               plan->t0, plan->t1, plan->times, plan->count, u_at, visit, of,
                               &of->result->solve, of->error);
  }
  for (int64_t i = 0; i < plan->count && status == UDE_OK; i++) {
    status = ude_plan_outputs(plan, i, u_at + i * plan->n, plan->p,
                              of->result->value + i * plan->outputs, of->error);
  }
  ude_sensitivity_free(sensitivity);
  free(u_at);
  return status ? status : of->status;
}

ude_status ude_propagate(const ude_plan *plan, ude_uncertain_result *result, ude_error *error) {
  if (plan->field->observe.value && !plan->field->observe.jvp) {
    return ude_fail(error, UDE_UNSUPPORTED, "observe has no derivative (jvp)");
  }
  propagation of     = {.plan = plan, .result = result, .error = error};
  ude_status  status = open(&of);
  if (status == UDE_OK) {
    status = seed(&of);
  }
  if (status == UDE_OK) {
    status = forward(&of);
  }
  if (status == UDE_OK && (plan->correlation || result->covariance)) {
    correlate(plan, result);
  }
  close(&of);
  return status;
}
