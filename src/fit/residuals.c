/* Least-squares residuals and their Jacobian by forward sensitivities. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/loss.h"

void ude_loss_work_free(ude_loss_work *work) {
  free(work->u_at);
  free(work->u_at_dot);
  free(work->u0_dot);
  free(work->p_dot);
  free(work->seed);
  *work = (ude_loss_work){0};
}

/** Directions of a segment: trained parameters, then its own start. */
static int64_t directions_of(const ude_loss *loss, const ude_segment *segment) {
  return loss->variables.count + (segment->start >= 0 ? loss->field->state.count : 0);
}

static ude_status reserve(ude_loss *loss, bool derivatives, ude_error *error) {
  ude_loss_work *w    = &loss->work;
  size_t         n    = (size_t)loss->field->state.count;
  size_t         np   = (size_t)loss->field->param.count;
  size_t         m    = (size_t)loss->variables.count + n;
  size_t         rows = (size_t)loss->longest * n;
  if (!w->u_at) {
    w->u_at = ude_calloc(rows, sizeof(double));
  }
  if (derivatives && !w->seed) {
    free(w->u_at_dot); /* what an earlier, failed attempt left */
    free(w->u0_dot);
    free(w->p_dot);
    w->u_at_dot = ude_calloc(rows, m * sizeof(double));
    w->u0_dot   = ude_calloc(n, m * sizeof(double));
    w->p_dot    = ude_calloc(np, m * sizeof(double));
    if (w->u_at_dot && w->u0_dot && w->p_dot) {
      w->seed = ude_calloc(np, sizeof(double));
    }
  }
  return w->u_at && (!derivatives || w->seed)
             ? UDE_OK
             : ude_fail_memory(error, "the Jacobian of the residuals");
}

/* Seeds: one direction for each trained parameter (with the slope of its mapping), then the start. */
static ude_status seed(ude_loss *loss, const ude_segment *segment, const double *theta,
                       ude_error *error) {
  ude_loss_work *w = &loss->work;
  int64_t        n = loss->field->state.count;
  int64_t        m = directions_of(loss, segment);
  memset(w->u0_dot, 0, (size_t)(n * m) * sizeof(double));
  memset(w->p_dot, 0, (size_t)(loss->field->param.count * m) * sizeof(double));
  for (int64_t i = 0; i < loss->variables.count; i++) {
    const ude_variable *v      = &loss->variables.variable[i];
    w->p_dot[v->index * m + i] = ude_variable_slope(v, theta[i]);
  }
  if (segment->start >= 0) {
    for (int64_t l = 0; l < n; l++) {
      w->u0_dot[l * m + loss->variables.count + l] = 1;
    }
  }
  const ude_map *initial = &loss->field->initial;
  for (int64_t i = 0; segment->start < 0 && loss->from_initial && i < loss->variables.count; i++) {
    const ude_variable *v = &loss->variables.variable[i];
    if (!initial->jvp) {
      return ude_fail(error, UDE_UNSUPPORTED, "the Jacobian of the residuals needs initial.jvp");
    }
    memset(w->seed, 0, (size_t)loss->field->param.count * sizeof *w->seed);
    w->seed[v->index] = ude_variable_slope(v, theta[i]);
    if (initial->jvp(loss->u0, loss->u0_bar, NULL, NULL, loss->p, w->seed, segment->t0, NULL,
                     initial->context)) {
      return ude_fail(error, UDE_NUMERICAL, "initial.jvp failed");
    }
    for (int64_t l = 0; l < n; l++) {
      w->u0_dot[l * m + i] = loss->u0_bar[l];
    }
  }
  return UDE_OK;
}

/* Column of the Jacobian that direction d of a segment belongs to. */
static int64_t column_of(const ude_loss *loss, const ude_segment *segment, int64_t d) {
  return d < loss->variables.count ? d : segment->start + d - loss->variables.count;
}

/* Derivatives of the observed values along direction d into loss->y_dot. */
static ude_status observe_dot(ude_loss *loss, int64_t m, int64_t row, double t, int64_t d,
                              ude_error *error) {
  const ude_loss_work *w  = &loss->work;
  int64_t              n  = loss->field->state.count;
  const double        *at = w->u_at_dot + row * n * m;
  for (int64_t l = 0; l < n; l++) {
    loss->u0_bar[l] = at[l * m + d];
  }
  if (!loss->data->observed) {
    memcpy(loss->y_dot, loss->u0_bar, (size_t)n * sizeof(double));
    return UDE_OK;
  }
  const ude_map *observe = &loss->field->observe;
  if (!observe->jvp) {
    return ude_fail(error, UDE_UNSUPPORTED, "the Jacobian of the residuals needs observe.jvp");
  }
  for (int64_t i = 0; i < loss->field->param.count; i++) {
    w->seed[i] = w->p_dot[i * m + d];
  }
  return observe->jvp(loss->y, loss->y_dot, w->u_at + row * n, loss->u0_bar, loss->p, w->seed, t,
                      NULL, observe->context)
             ? ude_fail(error, UDE_NUMERICAL, "observe.jvp failed at t = %.8g", t)
             : UDE_OK;
}

static ude_status data_rows(ude_loss *loss, const ude_segment *segment, double *residuals,
                            double *jacobian, ude_error *error) {
  int64_t               m          = directions_of(loss, segment);
  const ude_dataset    *data       = loss->data;
  const ude_trajectory *trajectory = &data->trajectory[segment->trajectory];
  int64_t               n          = loss->field->state.count;
  for (int64_t row = 0; row < segment->count; row++) {
    const double *values = trajectory->values + (segment->first + row) * data->columns;
    double        t      = trajectory->t[segment->first + row];
    int64_t       first  = segment->residual + row * data->columns;
    if (ude_loss_observe(loss, loss->work.u_at + row * n, t)) {
      return ude_fail(error, UDE_NUMERICAL, "observe failed at t = %.8g", t);
    }
    for (int64_t j = 0; j < data->columns; j++) {
      residuals[first + j] =
          isnan(values[j]) ? 0 : ude_loss_scale(loss, j) * (loss->y[data->target[j]] - values[j]);
    }
    for (int64_t d = 0; jacobian && d < m; d++) {
      ude_status status = observe_dot(loss, m, row, t, d, error);
      if (status) {
        return status;
      }
      for (int64_t j = 0; j < data->columns; j++) {
        jacobian[(first + j) * loss->dimension + column_of(loss, segment, d)] =
            isnan(values[j]) ? 0 : ude_loss_scale(loss, j) * loss->y_dot[data->target[j]];
      }
    }
  }
  return UDE_OK;
}

/* sqrt(weight) (end of this segment - start of the next) */
static void jump_rows(const ude_loss *loss, const ude_segment *segment, const double *theta,
                      double *residuals, double *jacobian) {
  const ude_loss_work *w      = &loss->work;
  int64_t              n      = loss->field->state.count;
  int64_t              m      = directions_of(loss, segment);
  int64_t              first  = segment->residual + segment->count * loss->data->columns;
  const double        *end    = w->u_at + (segment->count - 1) * n;
  const double        *dot    = jacobian ? w->u_at_dot + (segment->count - 1) * n * m : NULL;
  double               weight = sqrt(ude_loss_continuity(loss));
  for (int64_t l = 0; l < n; l++) {
    residuals[first + l] = weight * (end[l] - theta[segment->next + l]);
    for (int64_t d = 0; jacobian && d < m; d++) {
      jacobian[(first + l) * loss->dimension + column_of(loss, segment, d)] =
          weight * dot[l * m + d];
    }
    if (jacobian) {
      jacobian[(first + l) * loss->dimension + segment->next + l] = -weight;
    }
  }
}

static void regularisation_rows(const ude_loss *loss, const double *theta, double *residuals,
                                double *jacobian) {
  double  weight = sqrt(loss->options.regularise / (double)loss->networks);
  int64_t row    = loss->residuals - loss->networks;
  for (int64_t i = 0; i < loss->variables.count; i++) {
    const ude_variable *v = &loss->variables.variable[i];
    if (v->network) {
      residuals[row] = weight * loss->p[v->index];
      if (jacobian) {
        jacobian[row * loss->dimension + i] = weight * ude_variable_slope(v, theta[i]);
      }
      row++;
    }
  }
}

static ude_status segment_rows(ude_loss *loss, const ude_segment *segment, const double *theta,
                               double *residuals, double *jacobian, ude_error *error) {
  const ude_loss_work *w      = &loss->work;
  const double        *times  = loss->data->trajectory[segment->trajectory].t + segment->first;
  ude_status           status = ude_loss_segment_start(loss, segment, theta, error);
  if (status == UDE_OK && jacobian) {
    status = seed(loss, segment, theta, error);
  }
  status = status ? status
                  : ude_forward_sensitivities(
                        loss->sensitivity, loss->u0, jacobian ? w->u0_dot : NULL, loss->p,
                        jacobian ? w->p_dot : NULL, jacobian ? directions_of(loss, segment) : 0,
                        segment->t0, segment->t1, times, segment->count, w->u_at, w->u_at_dot, NULL,
                        error);
  status = status ? status : data_rows(loss, segment, residuals, jacobian, error);
  if (status == UDE_OK && segment->next >= 0) {
    jump_rows(loss, segment, theta, residuals, jacobian);
  }
  return status;
}

ude_status ude_loss_residuals(ude_loss *loss, const double *theta, double *residuals,
                              double *jacobian, ude_error *error) {
  ude_status status = reserve(loss, jacobian != NULL, error);
  ude_loss_set_params(loss, theta);
  memset(residuals, 0, (size_t)loss->residuals * sizeof *residuals);
  if (jacobian) {
    memset(jacobian, 0, (size_t)(loss->residuals * loss->dimension) * sizeof *jacobian);
  }
  for (int64_t s = 0; s < loss->segments && status == UDE_OK; s++) {
    status = segment_rows(loss, &loss->segment[s], theta, residuals, jacobian, error);
  }
  if (status == UDE_OK && loss->options.regularise > 0 && loss->networks > 0) {
    regularisation_rows(loss, theta, residuals, jacobian);
  }
  for (int64_t i = 0; i < loss->residuals && status == UDE_OK; i++) {
    if (!isfinite(residuals[i])) {
      status = ude_fail(error, UDE_NUMERICAL, "a residual is not finite");
    }
  }
  for (int64_t i = 0; jacobian && i < loss->residuals * loss->dimension && status == UDE_OK; i++) {
    if (!isfinite(jacobian[i])) {
      status = ude_fail(error, UDE_NUMERICAL, "a derivative of the residuals is not finite");
    }
  }
  return status;
}
