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
    ude_loss_work_free(&loss->work);
    ude_sensitivity_free(loss->sensitivity);
    free(loss->variables.variable);
    free(loss->logarithmic);
    free(loss->segment);
    free(loss);
  }
}

int64_t ude_loss_dimension(const ude_loss *loss) {
  return loss->dimension;
}

const struct ude_sensitivity *ude_loss_sensitivity(const ude_loss *loss) {
  return loss->sensitivity;
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

double ude_loss_residual(const ude_loss *loss, int64_t column, double y, double measured,
                         double *slope) {
  double scale = ude_loss_scale(loss, column);
  if (loss->logarithmic[column]) {
    *slope = scale / y;
    return scale * log(y / measured);
  }
  *slope = scale;
  return scale * (y - measured);
}

double ude_loss_continuity(const ude_loss *loss) {
  return loss->options.continuity > 0 ? loss->options.continuity : 1;
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

const ude_segment *ude_loss_head(const ude_loss *loss, int64_t k) {
  for (int64_t s = 0; s < loss->segments; s++) {
    if (loss->segment[s].trajectory == k && loss->segment[s].first == 0) {
      return &loss->segment[s];
    }
  }
  return NULL;
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
      return ude_fail(
          error, UDE_BAD_DATA,
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
               : ude_fail(
                     error, UDE_INVALID_ARGUMENT,
                     "the model has no initial state: define u0 or the function initial, or start "
                     "from the data");
  }
  if (policy == UDE_INITIAL_TRAINED && loss->options.starts) {
    memcpy(u, loss->options.starts + k * n, (size_t)n * sizeof *u);
    return UDE_OK;
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
      int64_t last =
          first + length < trajectory->count - 1 ? first + length : trajectory->count - 1;
      bool         head    = first == 0;
      ude_segment *segment = &loss->segment[loss->segments++];
      *segment             = (ude_segment){.trajectory = k,
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
      loss->longest = segment->count > loss->longest ? segment->count : loss->longest;
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

void ude_loss_carry(const ude_loss *from, const double *theta_from, const ude_loss *to,
                    double *theta_to) {
  size_t n = (size_t)to->field->state.count;
  ude_loss_start(to, theta_to);
  memcpy(theta_to, theta_from, (size_t)to->variables.count * sizeof *theta_to);
  for (int64_t s = 0, r = 0; s < to->segments; s++) {
    const ude_segment *segment = &to->segment[s];
    while (r < from->segments && (from->segment[r].trajectory != segment->trajectory ||
                                  from->segment[r].first != segment->first)) {
      r++; /* both lists are in the order of the data, and `to` has no node that `from` lacks */
    }
    if (r < from->segments && segment->start >= 0 && from->segment[r].start >= 0) {
      memcpy(theta_to + segment->start, theta_from + from->segment[r].start, n * sizeof *theta_to);
    }
  }
}

/* ----------------------------------------------------------------------------------- life -- */

/* A solve that needs more steps than this has run into a region where no data lie: the point is given up, and the
 * optimiser comes back. */
static const int64_t default_steps = 20000;

static ude_status check_options(const ude_loss *loss, const double *p, ude_error *error) {
  const ude_fit_options *options = &loss->options;
  char                   name[256];
  if (options->segment < -1) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the length of segments (%lld) is negative",
                    (long long)options->segment);
  }
  if (!(options->continuity >= 0) || !isfinite(options->continuity)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the weight of continuity must not be negative");
  }
  if (!isfinite(options->regularise)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the regularisation is not finite");
  }
  for (int64_t j = 0; j < loss->data->columns; j++) {
    if (!isfinite(ude_loss_scale(loss, j))) {
      return ude_fail(error, UDE_INVALID_ARGUMENT, "the scale of column '%s' is not finite",
                      loss->data->names[j]);
    }
  }
  for (int64_t i = 0; i < loss->field->param.count; i++) {
    if (!isfinite(p[i])) {
      return ude_fail(error, UDE_INVALID_ARGUMENT, "the parameter '%s' is not finite at the start",
                      ude_layout_name(&loss->field->param, i, "p", name, sizeof name));
    }
  }
  return UDE_OK;
}

static ude_status make_arrays(ude_loss *loss, ude_error *error) {
  size_t n    = (size_t)loss->field->state.count;
  size_t np   = (size_t)loss->field->param.count;
  size_t most = (size_t)loss->field->observation.count;
  size_t rows = n > most ? n : most;
  const struct {
    double **block;
    size_t   length;
  } blocks[] = {{&loss->p, np},     {&loss->p_bar, np}, {&loss->p_sum, np},   {&loss->u0, n},
                {&loss->u0_bar, n}, {&loss->y, rows},   {&loss->y_bar, rows}, {&loss->y_dot, rows}};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    *blocks[i].block = ude_calloc(blocks[i].length, sizeof(double));
    if (!*blocks[i].block) {
      return ude_fail_memory(error, "the loss");
    }
  }
  loss->fixed_u0    = ude_calloc((size_t)loss->data->trajectories, n * sizeof(double));
  loss->logarithmic = ude_calloc((size_t)loss->data->columns, sizeof *loss->logarithmic);
  return loss->fixed_u0 && loss->logarithmic ? UDE_OK : ude_fail_memory(error, "the loss");
}

/* Which columns are compared by their logarithms: those whose member says so. Their cells must have one. */
static ude_status set_logarithmic(ude_loss *loss, ude_error *error) {
  const ude_dataset *data   = loss->data;
  const ude_layout  *layout = data->observed ? &loss->field->observation : &loss->field->state;
  for (int64_t j = 0; j < data->columns; j++) {
    const ude_member *member = ude_layout_member(layout, data->target[j]);
    loss->logarithmic[j]     = member && member->relative;
    for (int64_t k = 0; loss->logarithmic[j] && k < data->trajectories; k++) {
      const ude_trajectory *trajectory = &data->trajectory[k];
      for (int64_t i = 0; i < trajectory->count; i++) {
        double value = trajectory->values[i * data->columns + j];
        if (value <= 0) {
          return ude_fail(error, UDE_BAD_DATA,
                          "the measurement of '%s' at t = %.8g is %.8g, but the model marks it "
                          "UDE_RELATIVE, which compares logarithms: leave the cell empty",
                          data->names[j], trajectory->t[i], value);
        }
      }
    }
  }
  return UDE_OK;
}

static ude_status fill(ude_loss *loss, const double *p, ude_error *error) {
  const ude_dataset      *data        = loss->data;
  ude_sensitivity_options sensitivity = {.solve  = loss->options.solve,
                                         .method = loss->options.sensitivity};
  if (sensitivity.solve.max_steps == 0) {
    sensitivity.solve.max_steps = default_steps;
  }
  ude_status status = check_options(loss, p, error);
  status            = status ? status : make_arrays(loss, error);
  status            = status ? status : set_logarithmic(loss, error);
  if (status) {
    return status;
  }
  memcpy(loss->p, p, (size_t)loss->field->param.count * sizeof *p);
  status = ude_sensitivity_create(loss->field, &sensitivity, &loss->sensitivity, error);
  status = status ? status
                  : ude_variables_create(loss->field, loss->options.free, &loss->variables, error);
  ude_initial_policy policy = resolve(loss);
  loss->from_initial =
      policy == UDE_INITIAL_MODEL && loss->field->initial.value && !loss->options.u0;
  for (int64_t k = 0; k < data->trajectories && status == UDE_OK; k++) {
    status = start_trajectory(loss, policy, k, start_time(loss, policy, k), error);
  }
  status = status ? status : plan_segments(loss, policy, error);
  if (status == UDE_OK) {
    loss->theta0 = ude_calloc((size_t)loss->dimension, sizeof(double));
    status       = loss->theta0 ? UDE_OK : ude_fail_memory(error, "the loss");
  }
  if (status == UDE_OK) {
    start_theta(loss, p);
  }
  return status;
}

ude_status ude_loss_create(const ude_vector_field *field, const ude_dataset *data,
                           const ude_fit_options *options, const double *p, ude_loss **loss,
                           ude_error *error) {
  *loss             = NULL;
  ude_status status = ude_vector_field_check(field, error);
  if (status) {
    return status;
  }
  ude_loss *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "the loss");
  }
  made->field   = field;
  made->data    = data;
  made->options = options ? *options : (ude_fit_options){0};
  status        = fill(made, p, error);
  if (status) {
    ude_loss_free(made);
    return status;
  }
  *loss = made;
  return UDE_OK;
}

ude_status ude_loss_starts(ude_loss *loss, const double *theta, double *u0, ude_error *error) {
  int64_t n = loss->field->state.count;
  for (int64_t k = 0; k < loss->data->trajectories; k++) {
    ude_status status = ude_loss_segment_start(loss, ude_loss_head(loss, k), theta, error);
    if (status) {
      return status;
    }
    memcpy(u0 + k * n, loss->u0, (size_t)n * sizeof *u0);
  }
  return UDE_OK;
}

ude_status ude_loss_unpack(ude_loss *loss, const double *theta, double *p, double *u0,
                           ude_error *error) {
  ude_loss_set_params(loss, theta);
  memcpy(p, loss->p, (size_t)loss->field->param.count * sizeof *p);
  return u0 ? ude_loss_starts(loss, theta, u0, error) : UDE_OK;
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
