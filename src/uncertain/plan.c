/* Uncertain inputs: checked, factorised, and turned into solves. */
#include "uncertain/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/sensitivity.h>

/* ------------------------------------------------------------------------------- solves -- */

void ude_probe_close(ude_probe *probe) {
  ude_integrator_free(probe->integrator);
  free(probe->u0);
  free(probe->p);
  free(probe->u_at);
  *probe = (ude_probe){0};
}

ude_status ude_probe_open(ude_probe *probe, const ude_plan *plan, ude_error *error) {
  *probe            = (ude_probe){0};
  ude_status status = ude_integrator_create(plan->field, &plan->solve, &probe->integrator, error);
  if (status) {
    return status;
  }
  probe->u0   = ude_calloc((size_t)plan->n, sizeof(double));
  probe->p    = ude_calloc((size_t)plan->np, sizeof(double));
  probe->u_at = ude_calloc((size_t)plan->count, (size_t)plan->n * sizeof(double));
  if (!probe->u0 || !probe->p || !probe->u_at) {
    ude_probe_close(probe);
    return ude_fail_memory(error, "a solve with moved inputs");
  }
  return UDE_OK;
}

ude_status ude_probe_solve(ude_probe *probe, const ude_plan *plan, const double *shift,
                           ude_error *error) {
  ude_solve_result result;
  memcpy(probe->u0, plan->u0, (size_t)plan->n * sizeof(double));
  if (plan->np > 0) {
    memcpy(probe->p, plan->p, (size_t)plan->np * sizeof(double));
  }
  for (int64_t j = 0; j < plan->inputs; j++) {
    (plan->input[j].param ? probe->p : probe->u0)[plan->input[j].index] += shift[j];
  }
  if (plan->options->from_initial) {
    ude_status status = ude_initial_state(plan->field, probe->p, plan->t0, probe->u0, error);
    if (status) {
      return status;
    }
  }
  return ude_integrator_run(probe->integrator, probe->u0, probe->p, plan->t0, plan->t1, plan->times,
                            plan->count, probe->u_at, NULL, &result, error);
}

ude_status ude_plan_outputs(const ude_plan *plan, int64_t i, const double *u, const double *p,
                            double *output, ude_error *error) {
  const ude_map *observe = &plan->field->observe;
  memcpy(output, u, (size_t)plan->n * sizeof *u);
  if (observe->value && observe->value(output + plan->n, u, p, plan->times[i], observe->context)) {
    return ude_fail(error, UDE_NUMERICAL, "observe failed at t = %.8g", plan->times[i]);
  }
  return UDE_OK;
}

/* --------------------------------------------------------------------------- covariances -- */

/* Cholesky without pivoting: in a semidefinite matrix a zero pivot has a zero column below it, which is what
 * tells a semidefinite matrix from an indefinite one. */
bool ude_semidefinite_factor(int64_t n, const double *matrix, double *factor) {
  memset(factor, 0, (size_t)(n * n) * sizeof *factor);
  for (int64_t j = 0; j < n; j++) {
    double scale = matrix[j * n + j];
    double pivot = scale;
    for (int64_t k = 0; k < j; k++) {
      pivot -= factor[j * n + k] * factor[j * n + k];
    }
    double noise = 1e-12 * (double)n * scale;
    if (!(pivot >= -noise) || !isfinite(pivot)) {
      return false;
    }
    double root       = pivot > noise ? sqrt(pivot) : 0;
    factor[j * n + j] = root;
    for (int64_t i = j + 1; i < n; i++) {
      double rest = matrix[i * n + j];
      for (int64_t k = 0; k < j; k++) {
        rest -= factor[i * n + k] * factor[j * n + k];
      }
      if (root > 0) {
        factor[i * n + j] = rest / root;
      } else if (!(rest * rest <= 1e-10 * matrix[i * n + i] * scale)) {
        return false;
      }
    }
  }
  return true;
}

ude_status ude_uncertain_from_covariance(int64_t inputs, const double *covariance, double *sigma,
                                         double *correlation, ude_error *error) {
  for (int64_t i = 0; i < inputs; i++) {
    double variance = covariance[i * inputs + i];
    if (!(variance >= 0) || !isfinite(variance)) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "covariance: the variance %lld must be finite and not negative, but is %g",
                      (long long)i + 1, variance);
    }
    sigma[i] = sqrt(variance);
  }
  for (int64_t i = 0; i < inputs; i++) {
    for (int64_t j = 0; j < inputs; j++) {
      double entry = covariance[i * inputs + j];
      double bound = sigma[i] * sigma[j];
      if (!(fabs(entry - covariance[j * inputs + i]) <= 1e-9 * bound)) {
        return ude_fail(
            error, UDE_INVALID_ARGUMENT,
            "covariance: entries (%lld, %lld) and (%lld, %lld) differ: it is not symmetric",
            (long long)i + 1, (long long)j + 1, (long long)j + 1, (long long)i + 1);
      }
      if (!(fabs(entry) <= bound * (1 + 1e-9))) {
        return ude_fail(
            error, UDE_INVALID_ARGUMENT,
            "covariance: entry (%lld, %lld) is %g, more than the standard deviations %g "
            "and %g allow",
            (long long)i + 1, (long long)j + 1, entry, sigma[i], sigma[j]);
      }
      correlation[i * inputs + j] = i == j ? 1 : bound > 0 ? fmax(-1, fmin(1, entry / bound)) : 0;
    }
  }
  return UDE_OK;
}

/* ---------------------------------------------------------------------------------- inputs -- */

static void input_name(const ude_plan *plan, int64_t j, char *buffer, size_t size) {
  const ude_uncertain_input *input = &plan->input[j];
  ude_layout_name(input->param ? &plan->field->param : &plan->field->state, input->index,
                  input->param ? "p" : "u", buffer, size);
}

static ude_status check_inputs(const ude_plan *plan, ude_error *error) {
  for (int64_t j = 0; j < plan->inputs; j++) {
    const ude_uncertain_input *input = &plan->input[j];
    int64_t                    limit = input->param ? plan->np : plan->n;
    char                       name[256];
    if (input->index < 0 || input->index >= limit) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "uncertain input %lld: there is no %s %lld, the model has %lld", (long long)j,
                      input->param ? "parameter" : "state", (long long)input->index,
                      (long long)limit);
    }
    input_name(plan, j, name, sizeof name);
    if (!(input->sigma >= 0) || !isfinite(input->sigma)) {
      return ude_fail(
          error, UDE_INVALID_ARGUMENT,
          "uncertain input '%s': the standard deviation must be finite and not negative, "
          "but is %g",
          name, input->sigma);
    }
    if (!input->param && plan->options->from_initial) {
      return ude_fail(
          error, UDE_INVALID_ARGUMENT,
          "uncertain input '%s': the initial state is computed by the model's 'initial'", name);
    }
    for (int64_t i = 0; i < j; i++) {
      if (plan->input[i].param == input->param && plan->input[i].index == input->index) {
        return ude_fail(error, UDE_INVALID_ARGUMENT, "uncertain input '%s' is named twice", name);
      }
    }
  }
  return UDE_OK;
}

static ude_status factorise(ude_plan *plan, ude_error *error) {
  int64_t k          = plan->inputs;
  double *covariance = ude_calloc((size_t)k, (size_t)k * sizeof *covariance);
  plan->factor       = ude_calloc((size_t)k, (size_t)k * sizeof *plan->factor);
  if (!covariance || !plan->factor) {
    free(covariance);
    return ude_fail_memory(error, "the covariance of the inputs");
  }
  ude_status status = UDE_OK;
  for (int64_t i = 0; i < k && status == UDE_OK; i++) {
    for (int64_t j = 0; j < k && status == UDE_OK; j++) {
      double r = plan->correlation ? plan->correlation[i * k + j] : (double)(i == j);
      if ((i == j && r != 1) || !(fabs(r) <= 1) ||
          (plan->correlation && r != plan->correlation[j * k + i])) {
        status = ude_fail(error, UDE_INVALID_ARGUMENT,
                          "correlation (%lld, %lld) is %g: the matrix must be symmetric, 1 on the "
                          "diagonal and within [-1, 1]",
                          (long long)i + 1, (long long)j + 1, r);
      }
      covariance[i * k + j] = r * plan->input[i].sigma * plan->input[j].sigma;
    }
  }
  if (status == UDE_OK && !ude_semidefinite_factor(k, covariance, plan->factor)) {
    status = ude_fail(error, UDE_INVALID_ARGUMENT,
                      "the correlations contradict one another: their matrix is not positive "
                      "semidefinite");
  }
  free(covariance);
  return status;
}

/* ------------------------------------------------------------------------------------ run -- */

static double *matrix(bool wanted, int64_t rows, int64_t columns, bool *failed) {
  double *block = wanted ? ude_calloc((size_t)rows, (size_t)columns * sizeof *block) : NULL;
  *failed       = *failed || (wanted && !block);
  return block;
}

static ude_status prepare_result(const ude_plan *plan, ude_uncertain_result **made,
                                 ude_error *error) {
  const ude_uncertain_options *options = plan->options;
  ude_uncertain_result        *result  = ude_calloc(1, sizeof *result);
  if (!result) {
    return ude_fail_memory(error, "uncertainties");
  }
  int64_t k            = plan->inputs;
  int64_t m            = plan->outputs;
  bool    failed       = false;
  result->count        = plan->count;
  result->outputs      = m;
  result->inputs       = k;
  result->curvature    = (ude_uncertain_curvature){.output = -1, .time = -1, .input = -1};
  result->value        = matrix(true, plan->count, m, &failed);
  result->sigma        = matrix(true, plan->count, m, &failed);
  result->component    = matrix(options->components || options->covariance || plan->correlation,
                                plan->count, m * k, &failed);
  result->covariance   = matrix(options->covariance, plan->count, m * m, &failed);
  result->sample_mean  = matrix(options->samples > 0, plan->count, m, &failed);
  result->sample_sigma = matrix(options->samples > 0, plan->count, m, &failed);
  if (failed) {
    ude_uncertain_result_free(result);
    return ude_fail_memory(error, "uncertainties");
  }
  *made = result;
  return UDE_OK;
}

/* The times to report at: those given, else the accepted steps at the means. */
static ude_status choose_times(ude_plan *plan, double **times, ude_error *error) {
  ude_solution *steps  = NULL;
  ude_status    status = UDE_OK;
  if (!plan->times) {
    status =
        ude_solve(plan->field, plan->u0, plan->p, plan->t0, plan->t1, &plan->solve, &steps, error);
    plan->count = status == UDE_OK ? ude_solution_count(steps) : 0;
  }
  *times = status == UDE_OK ? ude_calloc((size_t)plan->count, sizeof **times) : NULL;
  if (status == UDE_OK && !*times) {
    status = ude_fail_memory(error, "the times of uncertainties");
  }
  for (int64_t i = 0; i < plan->count && status == UDE_OK; i++) {
    (*times)[i] = steps ? ude_solution_time(steps, i) : plan->times[i];
  }
  plan->times = *times;
  ude_solution_free(steps);
  return status;
}

static ude_status run(ude_plan *plan, ude_uncertain_result **made, ude_error *error) {
  ude_uncertain_result *result = NULL;
  double               *times  = NULL;
  ude_status            status = check_inputs(plan, error);
  if (status == UDE_OK) {
    status = factorise(plan, error);
  }
  if (status == UDE_OK) {
    status = choose_times(plan, &times, error);
  }
  if (status == UDE_OK) {
    status = prepare_result(plan, &result, error);
  }
  if (status) {
    free(times);
    return status;
  }
  result->times = times;
  if (status == UDE_OK) {
    status = ude_propagate(plan, result, error);
  }
  if (status == UDE_OK && !plan->options->no_curvature) {
    status = ude_measure_curvature(plan, result, error);
  }
  if (status == UDE_OK && plan->options->samples > 0) {
    status = ude_sample(plan, result, error);
  }
  if (status == UDE_OK && !plan->options->components) {
    free(result->component);
    result->component = NULL;
  }
  if (status) {
    ude_uncertain_result_free(result);
    return status;
  }
  *made = result;
  return UDE_OK;
}

ude_status ude_uncertain(const ude_vector_field *field, const double *u0, const double *p,
                         double t0, double t1, const double *times, int64_t count,
                         const ude_uncertain_input *input, int64_t inputs,
                         const double *correlation, const ude_uncertain_options *options,
                         ude_uncertain_result **result, ude_error *error) {
  static const ude_uncertain_options defaults = {0};
  *result                                     = NULL;
  ude_status status                           = ude_vector_field_check(field, error);
  if (status) {
    return status;
  }
  if (!u0 || (field->param.count > 0 && !p) || inputs < 0 || count < 0 || (inputs > 0 && !input) ||
      (options && options->samples < 0)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "ude_uncertain: u0, p and the inputs must be given, counts not negative");
  }
  if (options && options->samples == 1) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "one sample has no spread: ask for 2 or more");
  }
  ude_plan plan   = {.field   = field,
                     .options = options ? options : &defaults,
                     .u0      = u0,
                     .p       = p,
                     .times   = times,
                     .t0      = t0,
                     .t1      = t1,
                     .count   = count,
                     .input   = input,
                     .inputs  = inputs,
                     .outputs = field->state.count + (field->observe.value ? field->observe.rows : 0),
                     .n       = field->state.count,
                     .np      = field->param.count,
                     .correlation = correlation};
  plan.solve      = plan.options->solve;
  plan.solve.rtol = plan.solve.rtol > 0 ? plan.solve.rtol : 1e-9;
  plan.solve.atol = plan.solve.atol > 0 ? plan.solve.atol : 1e-12;
  plan.solve.save = UDE_SAVE_STEPS;
  status          = run(&plan, result, error);
  free(plan.factor);
  return status;
}

void ude_uncertain_result_free(ude_uncertain_result *result) {
  if (!result) {
    return;
  }
  free(result->times);
  free(result->value);
  free(result->sigma);
  free(result->component);
  free(result->covariance);
  free(result->sample_mean);
  free(result->sample_sigma);
  free(result);
}

char *ude_uncertain_output_name(const ude_vector_field *field, int64_t j, char *buffer,
                                size_t size) {
  return j < field->state.count
             ? ude_layout_name(&field->state, j, "u", buffer, size)
             : ude_layout_name(&field->observation, j - field->state.count, "y", buffer, size);
}
