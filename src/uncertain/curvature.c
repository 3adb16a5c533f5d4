/* How far linear propagation can be trusted: second differences over one standard deviation. */
#include <math.h>
#include <stdlib.h>

#include "uncertain/plan.h"

typedef struct curvature {
  const ude_plan       *plan;
  ude_uncertain_result *result;
  ude_probe             up, down;
  double               *shift;           /**< [inputs] */
  double               *y_up, *y_down;   /**< [outputs] */
  double               *total, *largest; /**< [count][outputs] sum over the inputs, largest part */
  int64_t              *cause;           /**< [count][outputs] input of the largest part */
} curvature;

static void close(curvature *of) {
  ude_probe_close(&of->up);
  ude_probe_close(&of->down);
  free(of->shift);
  free(of->y_up);
  free(of->y_down);
  free(of->total);
  free(of->largest);
  free(of->cause);
}

static ude_status open(curvature *of, ude_error *error) {
  size_t count = (size_t)of->plan->count;
  size_t m     = (size_t)of->plan->outputs;
  of->shift    = ude_calloc((size_t)of->plan->inputs, sizeof *of->shift);
  of->y_up     = ude_calloc(m, sizeof *of->y_up);
  of->y_down   = ude_calloc(m, sizeof *of->y_down);
  of->total    = ude_calloc(count, m * sizeof *of->total);
  of->largest  = ude_calloc(count, m * sizeof *of->largest);
  of->cause    = ude_calloc(count, m * sizeof *of->cause);
  if (!of->shift || !of->y_up || !of->y_down || !of->total || !of->largest || !of->cause) {
    return ude_fail_memory(error, "the curvature");
  }
  ude_status status = ude_probe_open(&of->up, of->plan, error);
  return status ? status : ude_probe_open(&of->down, of->plan, error);
}

/* Second differences below what the tolerances can resolve say nothing. */
static double noise(const ude_plan *plan, double value) {
  return 100 * (plan->solve.atol + plan->solve.rtol * fabs(value));
}

/* Input (or, with correlations, principal direction) j: UDE_NUMERICAL if the solve fails there. */
static ude_status measure(curvature *of, int64_t j, ude_error *error) {
  const ude_plan *plan = of->plan;
  int64_t         k    = plan->inputs;
  int64_t         m    = plan->outputs;
  for (int64_t i = 0; i < k; i++) {
    of->shift[i] = plan->factor[i * k + j];
  }
  ude_status status = ude_probe_solve(&of->up, plan, of->shift, error);
  for (int64_t i = 0; i < k; i++) {
    of->shift[i] = -of->shift[i];
  }
  if (status == UDE_OK) {
    status = ude_probe_solve(&of->down, plan, of->shift, error);
  }
  for (int64_t time = 0; time < plan->count && status == UDE_OK; time++) {
    status = ude_plan_outputs(plan, time, of->up.u_at + time * plan->n, of->up.p, of->y_up, error);
    if (status == UDE_OK) {
      status = ude_plan_outputs(plan, time, of->down.u_at + time * plan->n, of->down.p, of->y_down,
                                error);
    }
    for (int64_t i = 0; i < m && status == UDE_OK; i++) {
      double value  = of->result->value[time * m + i];
      double second = fabs(of->y_up[i] - 2 * value + of->y_down[i]);
      double part   = fmax(0, second - noise(plan, value)) / 2;
      of->total[time * m + i] += part;
      if (part > of->largest[time * m + i]) {
        of->largest[time * m + i] = part;
        of->cause[time * m + i]   = j;
      }
    }
  }
  return status;
}

static void find_worst(const curvature *of, ude_uncertain_curvature *worst) {
  int64_t m = of->plan->outputs;
  for (int64_t i = 0; i < m; i++) {
    double reference = 0; /* sigma may pass through zero: its largest value so far is the scale */
    for (int64_t time = 0; time < of->plan->count; time++) {
      int64_t at   = time * m + i;
      reference    = fmax(reference, of->result->sigma[at]);
      double ratio = of->total[at] > 0 ? of->total[at] / reference : 0;
      if (ratio > worst->ratio || worst->output < 0) {
        *worst = (ude_uncertain_curvature){
            .ratio = ratio, .output = i, .time = time, .input = of->cause[at]};
      }
    }
  }
}

ude_status ude_measure_curvature(const ude_plan *plan, ude_uncertain_result *result,
                                 ude_error *error) {
  curvature  of     = {.plan = plan, .result = result};
  ude_status status = open(&of, error);
  for (int64_t j = 0; j < plan->inputs && status == UDE_OK; j++) {
    status = measure(&of, j, error);
    if (status == UDE_NUMERICAL) {
      result->curvature = (ude_uncertain_curvature){
          .ratio = HUGE_VAL, .output = -1, .time = -1, .input = j, .failed = true};
      if (error) {
        *error = (ude_error){0}; /* a finding, not a failure */
      }
      close(&of);
      return UDE_OK;
    }
  }
  if (status == UDE_OK && plan->inputs > 0) {
    find_worst(&of, &result->curvature);
  }
  close(&of);
  return status;
}
