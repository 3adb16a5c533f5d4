/* One structure through the differential equation: fit, gains of further terms, standard errors. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/linalg.h>

#include "discover/refit.h"

enum { MAX_ITERATIONS = 100, MAX_REJECTED = 12 };

void problem_close(problem *q) {
  ude_loss_free(q->loss);
  free(q->theta);
  free(q->trial);
  free(q->r);
  free(q->trial_r);
  free(q->jacobian);
  free(q->a);
  free(q->b);
  free(q->step);
  free(q->variance);
  free(q->trial_variance);
  *q = (problem){0};
}

/* Parameters that stay free: those that the model trains, and the candidates that are `chosen` (NULL:
 * all of them). */
static void set_free(selection *s, const bool *chosen) {
  for (int64_t i = 0; i < s->field->param.count; i++) {
    const ude_member *member = ude_layout_member(&s->field->param, i);
    s->free[i]               = !(member && member->fixed);
  }
  for (int64_t i = 0; i < s->count; i++) {
    s->free[s->candidate[i].index] = !chosen || chosen[i];
  }
}

ude_status problem_open(selection *s, const structure *x, const bool *chosen, problem *q,
                        ude_error *error) {
  *q = (problem){0};
  set_free(s, chosen);
  ude_fit_options options = s->fit;
  options.free            = s->free;
  ude_status status       = ude_loss_create(s->field, s->data, &options, x->p, &q->loss, error);
  if (status) {
    return status;
  }
  q->d              = ude_loss_dimension(q->loss);
  q->m              = ude_loss_residual_count(q->loss);
  size_t d          = (size_t)q->d;
  size_t m          = (size_t)q->m;
  size_t columns    = (size_t)s->data->columns;
  q->theta          = ude_calloc(d, sizeof(double));
  q->trial          = ude_calloc(d, sizeof(double));
  q->r              = ude_calloc(m, sizeof(double));
  q->trial_r        = ude_calloc(m, sizeof(double));
  q->jacobian       = ude_calloc(m, d * sizeof(double));
  q->a              = ude_calloc(m + d, d * sizeof(double));
  q->b              = ude_calloc(m + d, sizeof(double));
  q->step           = ude_calloc(d, sizeof(double));
  q->variance       = ude_calloc(columns, sizeof(double));
  q->trial_variance = ude_calloc(columns, sizeof(double));
  if (!q->theta || !q->trial || !q->r || !q->trial_r || !q->jacobian || !q->a || !q->b ||
      !q->step || !q->variance || !q->trial_variance) {
    problem_close(q);
    return ude_fail_memory(error, "the fit of a structure");
  }
  ude_loss_start(q->loss, q->theta);
  if (s->fit.initial == UDE_INITIAL_TRAINED) { /* initial states are the last variables */
    int64_t states = s->data->trajectories * s->field->state.count;
    memcpy(q->theta + q->d - states, x->u0, (size_t)states * sizeof *x->u0);
  }
  return UDE_OK;
}

double problem_deviance(const selection *s, const problem *q, const double *r, double *variance) {
  int64_t columns = s->data->columns;
  double  sum     = 0;
  memset(variance, 0, (size_t)columns * sizeof *variance);
  for (int64_t i = 0; i < q->m; i++) {
    variance[i % columns] += r[i] * r[i];
  }
  for (int64_t j = 0; j < columns; j++) {
    double cells = (double)s->cells[j];
    variance[j]  = s->cells[j] > 0 ? fmax(variance[j] / cells, s->floor[j]) : 1;
    sum += cells * log(variance[j]);
  }
  return sum;
}

/* Rows of the Jacobian and residuals in units of their column's deviation, below them the damping. */
static void weigh(const selection *s, problem *q, double damping) {
  int64_t d       = q->d;
  int64_t columns = s->data->columns;
  memset(q->a + q->m * d, 0, (size_t)(d * d) * sizeof *q->a);
  for (int64_t i = 0; i < q->m; i++) {
    double weight = 1 / sqrt(q->variance[i % columns]);
    q->b[i]       = -weight * q->r[i];
    for (int64_t j = 0; j < d; j++) {
      double entry    = weight * q->jacobian[i * d + j];
      q->a[i * d + j] = entry;
      q->a[(q->m + j) * d + j] += entry * entry;
    }
  }
  for (int64_t j = 0; j < d; j++) {
    double *diagonal = &q->a[(q->m + j) * d + j];
    *diagonal        = sqrt(damping * *diagonal);
    q->b[q->m + j]   = 0;
  }
}

/* One step that lowers the deviance, with more and more damping (Marquardt 1963). *gain is by how much;
 * 0: no step does. */
static ude_status descend(const selection *s, problem *q, double *damping, double *deviance,
                          double *gain, ude_error *error) {
  *gain = 0;
  for (int rejected = 0; rejected < MAX_REJECTED; rejected++) {
    weigh(s, q, *damping);
    ude_status status =
        ude_least_squares(q->m + q->d, q->d, q->a, q->b, 0, q->step, NULL, NULL, error);
    if (status) {
      return status;
    }
    for (int64_t j = 0; j < q->d; j++) {
      q->trial[j] = q->theta[j] + q->step[j];
    }
    ude_error inner;
    status = ude_loss_residuals(q->loss, q->trial, q->trial_r, NULL, &inner);
    if (status && !is_local_failure(status)) {
      return ude_fail(error, status, "%s", inner.message);
    }
    double reached =
        status ? (double)INFINITY : problem_deviance(s, q, q->trial_r, q->trial_variance);
    if (reached < *deviance) {
      *gain     = *deviance - reached;
      *deviance = reached;
      memcpy(q->theta, q->trial, (size_t)q->d * sizeof *q->theta);
      *damping = fmax(*damping * 0.1, 1e-12);
      return UDE_OK;
    }
    *damping *= 8;
  }
  return UDE_OK;
}

/* Minimise the deviance from q->theta. The weights follow the residuals, so that each column counts by
 * its own noise (iteratively reweighted least squares). */
static ude_status minimise(const selection *s, problem *q, double tolerance, double *deviance,
                           ude_error *error) {
  double damping = 1e-3;
  for (int iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    ude_status status = ude_loss_residuals(q->loss, q->theta, q->r, q->jacobian, error);
    if (status) {
      return status;
    }
    *deviance     = problem_deviance(s, q, q->r, q->variance);
    double gain   = 0;
    double damped = damping;
    status        = q->d > 0 ? descend(s, q, &damping, deviance, &gain, error) : UDE_OK;
    if (status || gain == 0 || (gain < tolerance && damped < 1e-2)) {
      return status;
    }
  }
  return UDE_OK;
}

/* Outputs of its function that have candidate i's term; 0 if an earlier output has it too. */
static int64_t sharers(const selection *s, const structure *x, int64_t i) {
  int64_t count = 0;
  for (int64_t k = 0; k < s->count; k++) {
    if (x->chosen[k] && s->candidate[k].term == s->candidate[i].term) {
      if (k < i) {
        return 0;
      }
      count++;
    }
  }
  return count;
}

/* How long it takes to name the structure: which terms of a function's library, and for each of them in
 * how many of its outputs and in which. The outputs of one function are expected to share terms (what one
 * species loses another gains), so that a shared term is named once; structures without shared terms pay
 * little more than under a plain count of supports. */
static double choice_among(const selection *s, const structure *x) {
  double nats = 0;
  for (int64_t first = 0; first < s->count;) {
    const candidate *lead = &s->candidate[first];
    int64_t          last = first; /* candidates of one function are neighbours, output by output */
    int64_t          terms = 0;
    while (last < s->count && s->candidate[last].function == lead->function) {
      terms += s->candidate[last++].output == lead->output;
    }
    int64_t outputs  = (last - first) / terms;
    int64_t distinct = 0;
    for (int64_t i = first; i < last; i++) {
      int64_t sharing = x->chosen[i] ? sharers(s, x, i) : 0;
      if (sharing > 0) {
        nats += log((double)outputs) + ude_log_choose(outputs, sharing);
        distinct++;
      }
    }
    nats += ude_log_choose(terms, distinct);
    first = last;
  }
  return nats;
}

ude_status structure_refit(selection *s, structure *x, double tolerance, ude_error *error) {
  problem    q;
  ude_error  inner  = {0};
  ude_status status = problem_open(s, x, x->chosen, &q, &inner);
  x->criterion      = (double)INFINITY;
  if (status == UDE_OK) {
    status = minimise(s, &q, tolerance, &x->deviance, &inner);
  }
  if (status == UDE_OK) { /* the last step has moved theta beyond q.r */
    status = ude_loss_residuals(q.loss, q.theta, q.r, NULL, &inner);
  }
  if (status == UDE_OK) {
    x->deviance   = problem_deviance(s, &q, q.r, x->variance);
    x->parameters = x->terms + s->others + s->data->columns;
    x->criterion  = ude_criterion_value(s->criterion, x->deviance, s->data->cells, x->parameters,
                                        choice_among(s, x));
    status        = ude_loss_unpack(q.loss, q.theta, x->p, x->u0, &inner);
  }
  problem_close(&q);
  if (status && !is_local_failure(status)) {
    return ude_fail(error, status, "%s", inner.message);
  }
  if (status) {
    x->criterion = (double)INFINITY;
  }
  return UDE_OK;
}

/* ----------------------------------------------------------------------------- standard errors -- */

/* sigma^2 (J'WJ)^-1 with the variance corrected for the fitted parameters; to theta's own scale by the slope of
 * the parameter's range. */
static ude_status fill_errors(selection *s, const structure *x, problem *q, double *errors,
                              ude_error *error) {
  double    *covariance = ude_calloc((size_t)q->d, (size_t)q->d * sizeof *covariance);
  double    *moved      = ude_calloc((size_t)s->field->param.count, sizeof *moved);
  ude_status status     = covariance && moved ? UDE_OK : ude_fail_memory(error, "standard errors");
  if (!status) {
    weigh(s, q, 0);
    status = ude_least_squares(q->m, q->d, q->a, q->b, 1e-10, q->step, covariance, NULL, error);
  }
  int64_t freedom = s->data->cells - q->d;
  int64_t j       = 0;
  for (int64_t i = 0; i < s->field->param.count && !status && freedom > 0; i++) {
    if (!s->free[i]) {
      continue;
    }
    double variance = covariance[j * q->d + j] * (double)s->data->cells / (double)freedom;
    double h        = sqrt(variance) * 1e-3;
    memcpy(q->trial, q->theta, (size_t)q->d * sizeof *q->trial);
    q->trial[j] += h;
    if (h > 0) {
      status    = ude_loss_unpack(q->loss, q->trial, moved, NULL, error);
      errors[i] = sqrt(variance) * fabs(moved[i] - x->p[i]) / h;
    }
    j++;
  }
  free(covariance);
  free(moved);
  return status;
}

ude_status structure_errors(selection *s, const structure *x, double *errors, ude_error *error) {
  for (int64_t i = 0; i < s->field->param.count; i++) {
    errors[i] = (double)NAN;
  }
  problem    q;
  ude_status status = problem_open(s, x, x->chosen, &q, error);
  if (status) {
    return status;
  }
  status = ude_loss_residuals(q.loss, q.theta, q.r, q.jacobian, error);
  if (!status && q.d > 0) {
    problem_deviance(s, &q, q.r, q.variance);
    status = fill_errors(s, x, &q, errors, error);
  }
  problem_close(&q);
  return status;
}
