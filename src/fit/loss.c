/* Making a loss: segments, starting states, sizes. */
#include "fit/loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ude_loss_free(ude_loss *loss) {
  if (loss) {
    double *const blocks[] = {loss->theta0, loss->fixed_u0, loss->p, loss->p_bar, loss->p_sum,
                              loss->u0,     loss->u0_bar,   loss->y, loss->y_bar, loss->y_dot};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
      free(blocks[i]);
    }
    ude_sensitivity_free(loss->sensitivity);
    free(loss->variables.variable);
    free(loss->segment);
    free(loss);
  }
}

int64_t ude_loss_dimension(const ude_loss *loss) {
  return loss->dimension;
}

int64_t ude_loss_residual_count(const ude_loss *loss) {
  return loss->residuals;
}

void ude_loss_start(const ude_loss *loss, double *theta) {
  memcpy(theta, loss->theta0, (size_t)loss->dimension * sizeof *theta);
}

double ude_loss_scale(const ude_loss *loss, int64_t column) {
  return loss->options.scales ? loss->options.scales[column] : 1;
}

double ude_loss_continuity(const ude_loss *loss) {
  return loss->options.continuity > 0 ? loss->options.continuity : 100;
}

void ude_loss_set_params(ude_loss *loss, const double *theta) {
  for (int64_t i = 0; i < loss->variables.count; i++) {
    const ude_variable *v = &loss->variables.variable[i];
    loss->p[v->index]     = ude_variable_value(v, theta[i]);
  }
}

ude_status ude_loss_segment_start(ude_loss *loss, const ude_segment *segment, const double *theta,
                                  ude_error *error) {
  size_t n = (size_t)loss->field->state.count;
  if (segment->start >= 0) {
    memcpy(loss->u0, theta + segment->start, n * sizeof *theta);
    return UDE_OK;
  }
  if (loss->from_initial) {
    return ude_initial_state(loss->field, loss->p, segment->t0, loss->u0, error);
  }
  memcpy(loss->u0, loss->fixed_u0 + (size_t)segment->trajectory * n, n * sizeof *theta);
  return UDE_OK;
}

int ude_loss_observe(ude_loss *loss, const double *u, double t) {
  const ude_map *observe = &loss->field->observe;
  if (loss->data->observed) {
    return observe->value(loss->y, u, loss->p, t, observe->context);
  }
  memcpy(loss->y, u, (size_t)loss->field->state.count * sizeof *u);
  return 0;
}

/* --------------------------------------------------------------------------------- starts -- */

static ude_initial_policy resolve(const ude_loss *loss) {
  if (loss->options.initial != UDE_INITIAL_AUTO) {
    return loss->options.initial;
  }
  return loss->data->trajectories == 1 || loss->field->initial.value ? UDE_INITIAL_MODEL
                                                                      : UDE_INITIAL_DATA;
}

/* Overwrite u by the states that are observed in a data row; returns how many. */
static int64_t from_row(const ude_loss *loss, int64_t trajectory, int64_t row, double *u) {
  const ude_dataset *data = loss->data;
  int64_t            seen = 0;
  for (int64_t j = 0; !data->observed && j < data->columns; j++) {
    double value = data->trajectory[trajectory].values[row * data->columns + j];
    if (!isnan(value)) {
      u[data->target[j]] = value;
      seen++;
    }
  }
  return seen;
}

/* The model's own start, where there is one. */
static bool from_model(const ude_loss *loss, double t0, double *u) {
  const double *own = loss->options.u0 ? loss->options.u0 : loss->field->u0;
  if (loss->field->initial.value && !loss->options.u0) {
    return ude_initial_state(loss->field, loss->p, t0, u, NULL) == UDE_OK;
  }
  if (own) {
    memcpy(u, own, (size_t)loss->field->state.count * sizeof *u);
  }
  return own != NULL;
}

static ude_status missing_start(const ude_loss *loss, int64_t k, ude_error *error) {
  const ude_dataset *data = loss->data;
  char               name[256];
  for (int64_t i = 0; i < loss->field->state.count; i++) {
    bool seen = false;
    for (int64_t j = 0; !data->observed && j < data->columns; j++) {
      seen = seen || (data->target[j] == i && !isnan(data->trajectory[k].values[j]));
    }
    if (!seen) {
      return ude_fail(error, UDE_BAD_DATA,
                      "trajectory %g cannot start from its first row: '%s' is not measured there; give "
                      "the model u0 or the function initial, or train the start",
                      data->trajectory[k].name,
                      ude_layout_name(&loss->field->state, i, "u", name, sizeof name));
    }
  }
  return UDE_OK;
}

static ude_status start_trajectory(ude_loss *loss, ude_initial_policy policy, int64_t k, double t0,
                                   ude_error *error) {
  int64_t n = loss->field->state.count;
  double *u = loss->fixed_u0 + k * n;
  if (policy == UDE_INITIAL_MODEL) {
    return from_model(loss, t0, u)
               ? UDE_OK
               : ude_fail(error, UDE_INVALID_ARGUMENT,
                          "the model has no initial state: define u0 or the function initial, or start "
                          "from the data");
  }
  bool known = policy == UDE_INITIAL_TRAINED && from_model(loss, t0, u);
  if (from_row(loss, k, 0, u) < n && !known) {
    ude_status status = missing_start(loss, k, error);
    if (status) {
      return status;
    }
  }
  return UDE_OK;
}

/* ------------------------------------------------------------------------------- segments -- */

/* A model that starts at its own time span's start may start before the first measurement. */
static double start_time(const ude_loss *loss, ude_initial_policy policy, int64_t k) {
  double first = loss->data->trajectory[k].t[0];
  return policy == UDE_INITIAL_MODEL && loss->field->has_tspan && loss->field->tspan[0] < first
             ? loss->field->tspan[0]
             : first;
}

static ude_status plan_segments(ude_loss *loss, ude_initial_policy policy, ude_error *error) {
  const ude_dataset *data  = loss->data;
  int64_t            n     = loss->field->state.count;
  int64_t            total = 0;
  for (int64_t k = 0; k < data->trajectories; k++) {
    total += data->trajectory[k].count;
  }
  loss->segment = ude_calloc((size_t)total, sizeof *loss->segment);
  if (!loss->segment) {
    return ude_fail_memory(error, "the loss");
  }
  int64_t variable = loss->variables.count;
  for (int64_t k = 0; k < data->trajectories; k++) {
    const ude_trajectory *trajectory = &data->trajectory[k];
    int64_t length = loss->options.segment > 0 ? loss->options.segment : trajectory->count;
    double  t0     = start_time(loss, policy, k);
    for (int64_t first = 0; first == 0 || first < trajectory->count - 1; first += length) {
      int64_t last = first + length < trajectory->count - 1 ? first + length : trajectory->count - 1;
      bool    head = first == 0;
      ude_segment *segment = &loss->segment[loss->segments++];
      *segment = (ude_segment){.trajectory = k,
                               .first      = head ? 0 : first + 1,
                               .count      = last - first + (head ? 1 : 0),
                               .t0         = head ? t0 : trajectory->t[first],
                               .t1         = trajectory->t[last],
                               .start      = -1,
                               .next       = -1,
                               .residual   = loss->residuals};
      if (!head || policy == UDE_INITIAL_TRAINED) {
        segment->start = variable;
        variable += n;
      }
      if (!head) {
        segment[-1].next = segment->start;
        loss->residuals += n; /* continuity, behind the data of the segment before */
        segment->residual = loss->residuals;
      }
      loss->residuals += segment->count * data->columns;
    }
  }
  loss->dimension = variable;
  for (int64_t i = 0; i < loss->variables.count; i++) {
    loss->networks += loss->variables.variable[i].network;
  }
  if (loss->options.regularise > 0) {
    loss->residuals += loss->networks;
  }
  return UDE_OK;
}

static void start_theta(ude_loss *loss, const double *p) {
  int64_t n = loss->field->state.count;
  for (int64_t i = 0; i < loss->variables.count; i++) {
    const ude_variable *v = &loss->variables.variable[i];
    loss->theta0[i]       = ude_variable_theta(v, p[v->index]);
  }
  for (int64_t s = 0; s < loss->segments; s++) {
    const ude_segment *segment = &loss->segment[s];
    if (segment->start >= 0) {
      double *u = loss->theta0 + segment->start;
      memcpy(u, loss->fixed_u0 + segment->trajectory * n, (size_t)n * sizeof *u);
      if (segment->first > 0) {
        from_row(loss, segment->trajectory, segment->first - 1, u);
      }
    }
  }
}

ude_status ude_loss_create(const ude_vector_field *field, const ude_dataset *data,
                           const ude_fit_options *options, const double *p, ude_loss **loss,
                           ude_error *error) {
  *loss             = NULL;
  ude_status status = ude_vector_field_check(field, error);
  ude_loss  *made   = status == UDE_OK ? ude_calloc(1, sizeof *made) : NULL;
  if (!made) {
    return status ? status : ude_fail_memory(error, "the loss");
  }
  made->field   = field;
  made->data    = data;
  made->options = options ? *options : (ude_fit_options){0};
  size_t n      = (size_t)field->state.count;
  size_t np     = (size_t)field->param.count;
  size_t rows   = n > (size_t)field->observation.count ? n : (size_t)field->observation.count;
  made->p       = ude_calloc(np, sizeof(double));
  made->p_bar   = ude_calloc(np, sizeof(double));
  made->p_sum   = ude_calloc(np, sizeof(double));
  made->u0      = ude_calloc(n, sizeof(double));
  made->u0_bar  = ude_calloc(n, sizeof(double));
  made->y       = ude_calloc(rows, sizeof(double));
  made->y_bar   = ude_calloc(rows, sizeof(double));
  made->y_dot   = ude_calloc(rows, sizeof(double));
  made->fixed_u0 = ude_calloc((size_t)data->trajectories, n * sizeof(double));
  if (!made->p || !made->p_bar || !made->p_sum || !made->u0 || !made->u0_bar || !made->y ||
      !made->y_bar || !made->y_dot || !made->fixed_u0) {
    status = ude_fail_memory(error, "the loss");
  }
  ude_sensitivity_options sensitivity = {.solve  = made->options.solve,
                                         .method = made->options.sensitivity};
  if (status == UDE_OK) {
    memcpy(made->p, p, np * sizeof *p);
    status = ude_sensitivity_create(field, &sensitivity, &made->sensitivity, error);
  }
  status = status ? status
                  : ude_variables_create(field, made->options.free, &made->variables, error);
  ude_initial_policy policy = resolve(made);
  made->from_initial =
      policy == UDE_INITIAL_MODEL && field->initial.value && !made->options.u0;
  for (int64_t k = 0; k < data->trajectories && status == UDE_OK; k++) {
    status = start_trajectory(made, policy, k, start_time(made, policy, k), error);
  }
  status = status ? status : plan_segments(made, policy, error);
  if (status == UDE_OK) {
    made->theta0 = ude_calloc((size_t)made->dimension, sizeof(double));
    status       = made->theta0 ? UDE_OK : ude_fail_memory(error, "the loss");
  }
  if (status) {
    ude_loss_free(made);
    return status;
  }
  start_theta(made, p);
  *loss = made;
  return UDE_OK;
}

ude_status ude_loss_unpack(ude_loss *loss, const double *theta, double *p, double *u0,
                           ude_error *error) {
  ude_loss_set_params(loss, theta);
  memcpy(p, loss->p, (size_t)loss->field->param.count * sizeof *p);
  int64_t n = loss->field->state.count;
  for (int64_t s = 0; u0 && s < loss->segments; s++) {
    const ude_segment *segment = &loss->segment[s];
    if (segment->first == 0) {
      ude_status status = ude_loss_segment_start(loss, segment, theta, error);
      if (status) {
        return status;
      }
      memcpy(u0 + segment->trajectory * n, loss->u0, (size_t)n * sizeof *u0);
    }
  }
  return UDE_OK;
}

ude_status ude_initial_policy_parse(const char *name, ude_initial_policy *policy,
                                    ude_error *error) {
  static const char *const names[] = {"auto", "model", "data", "trained"};
  for (int i = 0; i < 4; i++) {
    if (strcmp(name, names[i]) == 0) {
      *policy = (ude_initial_policy)i;
      return UDE_OK;
    }
  }
  return ude_fail(error, UDE_INVALID_ARGUMENT,
                  "unknown initial state policy '%s'; there are: auto, model, data, trained", name);
}
