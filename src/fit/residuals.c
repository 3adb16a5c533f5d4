/* Least-squares residuals and their Jacobian by forward sensitivities. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/loss.h"

/** Work for one segment. */
typedef struct work {
  int64_t directions; /**< trained parameters, then the segment's own start */
  double *u_at, *u_at_dot, *u0_dot, *p_dot, *seed;
} work;

static void work_free(work *w) {
  free(w->u_at);
  free(w->u_at_dot);
  free(w->u0_dot);
  free(w->p_dot);
  free(w->seed);
}

static ude_status work_make(work *w, const ude_loss *loss, const ude_segment *segment,
                            bool derivatives, ude_error *error) {
  size_t n = (size_t)loss->field->state.count;
  size_t np = (size_t)loss->field->param.count;
  w->directions = !derivatives ? 0
                               : loss->variables.count +
                                     (segment->start >= 0 ? loss->field->state.count : 0);
  size_t m      = (size_t)w->directions;
  w->u_at       = ude_calloc((size_t)segment->count, n * sizeof(double));
  w->u_at_dot   = ude_calloc((size_t)segment->count * n, m * sizeof(double));
  w->u0_dot     = ude_calloc(n, m * sizeof(double));
  w->p_dot      = ude_calloc(np, m * sizeof(double));
  w->seed       = ude_calloc(n > np ? n : np, sizeof(double));
  return w->u_at && w->u_at_dot && w->u0_dot && w->p_dot && w->seed
             ? UDE_OK
             : ude_fail_memory(error, "the Jacobian of the residuals");
}

/* Seeds: one direction for each trained parameter (with the slope of its mapping), then the start. */
static ude_status seed(work *w, ude_loss *loss, const ude_segment *segment, const double *theta,
                       ude_error *error) {
  int64_t n = loss->field->state.count;
  int64_t m = w->directions;
  for (int64_t i = 0; i < loss->variables.count; i++) {
    const ude_variable *v        = &loss->variables.variable[i];
    w->p_dot[v->index * m + i]   = ude_variable_slope(v, theta[i]);
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
static ude_status observe_dot(ude_loss *loss, const work *w, int64_t row, double t, int64_t d,
                              ude_error *error) {
  int64_t       n  = loss->field->state.count;
  int64_t       m  = w->directions;
  const double *at = w->u_at_dot + row * n * m;
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
  return observe->jvp(loss->y, loss->y_dot, w->u_at + row * n, loss->u0_bar, loss->p, w->seed, t, NULL,
                      observe->context)
             ? ude_fail(error, UDE_NUMERICAL, "observe.jvp failed at t = %.8g", t)
             : UDE_OK;
}

static ude_status data_rows(ude_loss *loss, const ude_segment *segment, const work *w,
                            double *residuals, double *jacobian, ude_error *error) {
  const ude_dataset    *data       = loss->data;
  const ude_trajectory *trajectory = &data->trajectory[segment->trajectory];
  int64_t               n          = loss->field->state.count;
  for (int64_t row = 0; row < segment->count; row++) {
    const double *values = trajectory->values + (segment->first + row) * data->columns;
    double        t      = trajectory->t[segment->first + row];
    int64_t       first  = segment->residual + row * data->columns;
    if (ude_loss_observe(loss, w->u_at + row * n, t)) {
      return ude_fail(error, UDE_NUMERICAL, "observe failed at t = %.8g", t);
    }
    for (int64_t j = 0; j < data->columns; j++) {
      residuals[first + j] = isnan(values[j]) ? 0
                                              : ude_loss_scale(loss, j) *
                                                    (loss->y[data->target[j]] - values[j]);
    }
    for (int64_t d = 0; jacobian && d < w->directions; d++) {
      ude_status status = observe_dot(loss, w, row, t, d, error);
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
static void jump_rows(const ude_loss *loss, const ude_segment *segment, const work *w,
                      const double *theta, double *residuals, double *jacobian) {
  int64_t       n      = loss->field->state.count;
  int64_t       m      = w->directions;
  int64_t       first  = segment->residual + segment->count * loss->data->columns;
  const double *end    = w->u_at + (segment->count - 1) * n;
  const double *dot    = w->u_at_dot + (segment->count - 1) * n * m;
  double        weight = sqrt(ude_loss_continuity(loss));
  for (int64_t l = 0; l < n; l++) {
    residuals[first + l] = weight * (end[l] - theta[segment->next + l]);
    for (int64_t d = 0; jacobian && d < m; d++) {
      jacobian[(first + l) * loss->dimension + column_of(loss, segment, d)] = weight * dot[l * m + d];
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
    if (loss->variables.variable[i].network) {
      residuals[row] = weight * theta[i];
      if (jacobian) {
        jacobian[row * loss->dimension + i] = weight;
      }
      row++;
    }
  }
}

ude_status ude_loss_residuals(ude_loss *loss, const double *theta, double *residuals,
                              double *jacobian, ude_error *error) {
  ude_status status = UDE_OK;
  ude_loss_set_params(loss, theta);
  memset(residuals, 0, (size_t)loss->residuals * sizeof *residuals);
  if (jacobian) {
    memset(jacobian, 0, (size_t)(loss->residuals * loss->dimension) * sizeof *jacobian);
  }
  for (int64_t s = 0; s < loss->segments && status == UDE_OK; s++) {
    const ude_segment *segment = &loss->segment[s];
    work               w       = {0};
    const double      *times = loss->data->trajectory[segment->trajectory].t + segment->first;
    status                   = work_make(&w, loss, segment, jacobian != NULL, error);
    if (status == UDE_OK && jacobian) {
      status = seed(&w, loss, segment, theta, error);
    }
    status = status ? status : ude_loss_segment_start(loss, segment, theta, error);
    if (status == UDE_OK) {
      status = ude_forward_sensitivities(loss->sensitivity, loss->u0, w.u0_dot, loss->p, w.p_dot,
                                         w.directions, segment->t0, segment->t1, times,
                                         segment->count, w.u_at, w.u_at_dot, NULL, error);
    }
    status = status ? status : data_rows(loss, segment, &w, residuals, jacobian, error);
    if (status == UDE_OK && segment->next >= 0) {
      jump_rows(loss, segment, &w, theta, residuals, jacobian);
    }
    work_free(&w);
  }
  if (status == UDE_OK && loss->options.regularise > 0 && loss->networks > 0) {
    regularisation_rows(loss, theta, residuals, jacobian);
  }
  for (int64_t i = 0; i < loss->residuals && status == UDE_OK; i++) {
    if (!isfinite(residuals[i])) {
      status = ude_fail(error, UDE_NUMERICAL, "a residual is not finite");
    }
  }
  return status;
}
