/* Value, gradient, residuals and Jacobian of a loss. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/loss.h"

/* Squared distance to data row `row` of the segment's trajectory; y_bar gets its gradient. */
static double row_cost(const ude_loss *loss, int64_t row) {
  const ude_dataset *data   = loss->data;
  const double      *values = data->trajectory[loss->now->trajectory].values + row * data->columns;
  double             sum    = 0;
  for (int64_t j = 0; j < data->columns; j++) {
    if (!isnan(values[j])) {
      double slope = 0;
      double r     = ude_loss_residual(loss, j, loss->y[data->target[j]], values[j], &slope);
      sum += r * r;
      loss->y_bar[data->target[j]] += 2 * slope * r;
    }
  }
  return sum;
}

/* ude_cost_fn over one segment: its data rows, and at its end the jump to the next one. */
static int segment_cost(int64_t i, double t, const double *u, const double *p, double *value,
                        double *u_bar, double *p_bar, void *context) {
  ude_loss          *loss    = context;
  const ude_segment *segment = loss->now;
  int64_t            n       = loss->field->state.count;
  int64_t            rows    = loss->data->observed ? loss->field->observation.count : n;
  if (ude_loss_observe(loss, u, t)) {
    return -1;
  }
  memset(loss->y_bar, 0, (size_t)rows * sizeof *loss->y_bar);
  *value = row_cost(loss, segment->first + i);
  if (u_bar && loss->data->observed) {
    const ude_map *observe = &loss->field->observe;
    if (!observe->vjp || observe->vjp(u, p, t, loss->y_bar, u_bar, p_bar, NULL, observe->context)) {
      return -1;
    }
  } else if (u_bar) {
    memcpy(u_bar, loss->y_bar, (size_t)n * sizeof *u_bar);
  }
  if (segment->next >= 0 && i == segment->count - 1) {
    double weight = ude_loss_continuity(loss);
    for (int64_t l = 0; l < n; l++) {
      double jump = u[l] - loss->theta[segment->next + l];
      *value += weight * jump * jump;
      if (u_bar) {
        u_bar[l] += 2 * weight * jump;
      }
      if (u_bar && loss->gradient) {
        loss->gradient[segment->next + l] -= 2 * weight * jump;
      }
    }
  }
  return 0;
}

/* Regularisation and the model's penalty: into value, and into p_sum where derivatives are wanted. */
static ude_status extra_terms(ude_loss *loss, double *value, bool derivatives, ude_error *error) {
  const ude_map *penalty = &loss->field->penalty;
  if (loss->options.regularise > 0 && loss->networks > 0) {
    double weight = loss->options.regularise / (double)loss->networks;
    for (int64_t i = 0; i < loss->variables.count; i++) {
      const ude_variable *v = &loss->variables.variable[i];
      if (v->network) {
        double x = loss->p[v->index];
        *value += weight * x * x;
        loss->p_sum[v->index] += 2 * weight * x;
      }
    }
  }
  if (penalty->value) {
    double       extra = 0;
    const double one   = 1;
    if (penalty->value(&extra, NULL, loss->p, 0, penalty->context)) {
      return ude_fail(error, UDE_NUMERICAL, "the model's penalty cannot be evaluated");
    }
    *value += extra;
    if (derivatives && !penalty->vjp) {
      return ude_fail(error, UDE_UNSUPPORTED, "the gradient needs penalty.vjp");
    }
    if (derivatives &&
        penalty->vjp(NULL, loss->p, 0, &one, NULL, loss->p_sum, NULL, penalty->context)) {
      return ude_fail(error, UDE_NUMERICAL, "the gradient of the model's penalty failed");
    }
  }
  return UDE_OK;
}

static ude_status check_derivatives(const ude_loss *loss, ude_error *error) {
  return loss->data->observed && !loss->field->observe.vjp
             ? ude_fail(error, UDE_UNSUPPORTED, "the gradient needs observe.vjp")
             : UDE_OK;
}

static const double *segment_times(const ude_loss *loss, const ude_segment *segment) {
  return loss->data->trajectory[segment->trajectory].t + segment->first;
}

/* One segment's part of value and gradient. */
static ude_status add_segment(ude_loss *loss, const ude_segment *segment, const double *theta,
                              double *value, double *gradient, ude_solve_result *result,
                              ude_error *error) {
  double     part   = 0;
  ude_cost   cost   = {.count     = segment->count,
                       .times     = segment_times(loss, segment),
                       .at        = segment_cost,
                       .context   = loss,
                       .estimates = loss->options.estimates,
                       .estimate  = loss->options.estimate};
  ude_status status = ude_loss_segment_start(loss, segment, theta, error);
  loss->now         = segment;
  loss->theta       = theta;
  loss->gradient    = gradient;
  if (status) {
    return status;
  }
  if (!gradient) {
    status = ude_cost_value(loss->sensitivity, loss->u0, loss->p, segment->t0, segment->t1, &cost,
                            &part, result, error);
    *value += part;
    return status;
  }
  status = ude_cost_gradient(loss->sensitivity, loss->u0, loss->p, segment->t0, segment->t1, &cost,
                             &part, loss->u0_bar, loss->p_bar, result, error);
  if (status) {
    return status;
  }
  *value += part;
  if (segment->start >= 0) {
    for (int64_t l = 0; l < loss->field->state.count; l++) {
      gradient[segment->start + l] += loss->u0_bar[l];
    }
  } else if (loss->from_initial) {
    status =
        ude_initial_pullback(loss->field, loss->p, segment->t0, loss->u0_bar, loss->p_bar, error);
  }
  for (int64_t i = 0; i < loss->field->param.count; i++) {
    loss->p_sum[i] += loss->p_bar[i];
  }
  return status;
}

ude_status ude_loss_evaluate(ude_loss *loss, const double *theta, double *value, double *gradient,
                             ude_error *error) {
  *value = 0;
  if (gradient) {
    memset(gradient, 0, (size_t)loss->dimension * sizeof *gradient);
  }
  memset(loss->p_sum, 0, (size_t)loss->field->param.count * sizeof *loss->p_sum);
  ude_loss_set_params(loss, theta);
  ude_status status = gradient ? check_derivatives(loss, error) : UDE_OK;
  for (int64_t s = 0; s < loss->segments && status == UDE_OK; s++) {
    status = add_segment(loss, &loss->segment[s], theta, value, gradient, NULL, error);
  }
  status = status ? status : extra_terms(loss, value, gradient != NULL, error);
  if (status == UDE_OK && !isfinite(*value)) {
    return ude_fail(error, UDE_NUMERICAL, "the loss is not finite");
  }
  for (int64_t i = 0; gradient && i < loss->variables.count && status == UDE_OK; i++) {
    const ude_variable *v = &loss->variables.variable[i];
    gradient[i] += loss->p_sum[v->index] * ude_variable_slope(v, theta[i]);
    if (!isfinite(gradient[i])) {
      return ude_fail(error, UDE_NUMERICAL, "the gradient of the loss is not finite");
    }
  }
  return status;
}

ude_status ude_loss_gradient(ude_loss *loss, const double *p, double *value, double *p_bar,
                             double *u0_bar, ude_solve_result *result, ude_error *error) {
  int64_t    n     = loss->field->state.count;
  double    *theta = ude_calloc((size_t)loss->dimension, sizeof *theta);
  double    *scrap = ude_calloc((size_t)loss->dimension, sizeof *scrap);
  ude_status status =
      theta && scrap ? check_derivatives(loss, error) : ude_fail_memory(error, "the gradient");
  *value = 0;
  if (status == UDE_OK) {
    ude_loss_start(loss, theta);
    memcpy(loss->p, p, (size_t)loss->field->param.count * sizeof *p);
    memset(loss->p_sum, 0, (size_t)loss->field->param.count * sizeof *loss->p_sum);
  }
  for (int64_t s = 0; s < loss->segments && status == UDE_OK; s++) {
    const ude_segment *segment = &loss->segment[s];
    status                     = add_segment(loss, segment, theta, value, scrap, result, error);
    if (u0_bar && segment->first == 0 && status == UDE_OK) {
      memcpy(u0_bar + segment->trajectory * n, loss->u0_bar, (size_t)n * sizeof *u0_bar);
    }
  }
  status = status ? status : extra_terms(loss, value, true, error);
  if (p_bar && status == UDE_OK) {
    memcpy(p_bar, loss->p_sum, (size_t)loss->field->param.count * sizeof *p_bar);
  }
  free(theta);
  free(scrap);
  return status;
}

ude_status ude_loss_solve(ude_loss *loss, const double *theta, int64_t k, const double *times,
                          int64_t count, double *u_at, ude_error *error) {
  const ude_segment *segment = ude_loss_head(loss, k);
  if (!segment) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "there is no trajectory %lld", (long long)k);
  }
  ude_loss_set_params(loss, theta);
  ude_status status = ude_loss_segment_start(loss, segment, theta, error);
  double     t1     = count > 0 ? times[count - 1] : segment->t1;
  return status ? status
                : ude_forward_sensitivities(loss->sensitivity, loss->u0, NULL, loss->p, NULL, 0,
                                            segment->t0, t1, times, count, u_at, NULL, NULL, error);
}
