/* What the solver estimates of its steps as part of a cost: the norm of the embedded error E and the stiffness S of every accepted step,
 * replayed from (t, h, u) alone, with their sums, means and maxima over the steps. Steps are held fixed: h is a constant. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensitivity/estimates.h"
#include "solve/control.h"

/* ---------------------------------------------------------------------------------- names -- */

static const char *const kind_names[] = {"error", "error2", "stiffness", "stiffness-h"};
static const char *const over_names[] = {"mean", "sum", "max"};

enum { KINDS = 4, OVERS = 3 };

static int find(const char *const *names, int count, const char *text, size_t length) {
  for (int i = 0; i < count; i++) {
    if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0) {
      return i;
    }
  }
  return -1;
}

ude_status ude_estimate_parse(const char *text, ude_estimate_term *term, ude_error *error) {
  const char *colon = strchr(text, ':');
  size_t      first = colon ? (size_t)(colon - text) : strlen(text);
  int         kind  = find(kind_names, KINDS, text, first);
  int         over  = colon ? find(over_names, OVERS, colon + 1, strlen(colon + 1)) : 0;
  if (kind < 0 || over < 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "unknown estimate '%s': they are error, error2, stiffness, stiffness-h, each "
                    "with :mean (the default), :sum or :max",
                    text);
  }
  term->kind = (ude_estimate_kind)kind;
  term->over = (ude_estimate_over)over;
  return UDE_OK;
}

/* ----------------------------------------------------------------------------------- life -- */

void ude_estimates_free(ude_estimates *e) {
  if (e) {
    double *const blocks[] = {e->by_error, e->by_stiffness, e->error,    e->error_bar,
                              e->u_bar,    e->error_dot,    e->norm_dot, e->stiffness_dot};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
      free(blocks[i]);
    }
    free(e);
  }
}

static ude_status allocate(ude_engine *engine, ude_error *error) {
  size_t n     = (size_t)engine->n;
  size_t width = (size_t)engine->width;
  if (!engine->estimates) {
    ude_estimates *made = ude_calloc(1, sizeof *made);
    if (!made) {
      return ude_fail_memory(error, "the estimates of the steps");
    }
    engine->estimates   = made;
    made->error         = ude_calloc(n, sizeof(double));
    made->error_bar     = ude_calloc(n, sizeof(double));
    made->u_bar         = ude_calloc(n, sizeof(double));
    made->error_dot     = ude_calloc(n, width * sizeof(double));
    made->norm_dot      = ude_calloc(width, sizeof(double));
    made->stiffness_dot = ude_calloc(width, sizeof(double));
  }
  ude_estimates *e     = engine->estimates;
  int64_t        steps = engine->trace.steps;
  bool           all =
      e->error && e->error_bar && e->u_bar && e->error_dot && e->norm_dot && e->stiffness_dot;
  if (all && steps > e->capacity) {
    double *by_error = ude_realloc(e->by_error, (size_t)steps, sizeof *by_error);
    e->by_error      = by_error ? by_error : e->by_error;
    double *by_stiffness =
        by_error ? ude_realloc(e->by_stiffness, (size_t)steps, sizeof *by_stiffness) : NULL;
    e->by_stiffness = by_stiffness ? by_stiffness : e->by_stiffness;
    e->capacity     = by_stiffness ? steps : e->capacity;
    all             = by_stiffness != NULL;
  }
  if (!all) {
    ude_estimates_free(e);
    engine->estimates = NULL;
    return ude_fail_memory(error, "the estimates of the steps");
  }
  return UDE_OK;
}

static bool of_error(ude_estimate_kind kind) {
  return kind == UDE_ESTIMATE_ERROR || kind == UDE_ESTIMATE_ERROR_SQUARED;
}

static ude_status check_terms(const ude_cost *cost, ude_error *error) {
  for (int64_t k = 0; k < cost->estimates; k++) {
    const ude_estimate_term *term = &cost->estimate[k];
    if ((int)term->kind < 0 || (int)term->kind >= KINDS || (int)term->over < 0 ||
        (int)term->over >= OVERS || !isfinite(term->weight)) {
      return ude_fail(
          error, UDE_INVALID_ARGUMENT,
          "term %lld of the solver's estimates is not valid: kind %d, over %d, weight %g",
          (long long)k, (int)term->kind, (int)term->over, term->weight);
    }
  }
  return UDE_OK;
}

/* -------------------------------------------------------------------------------- the values -- */

/* S: the dominant eigenvalue in units of the stability region of an explicit method, of an implicit one as it is. Two stages in the
 * same point show nothing of it: 0, with derivative 0. */
static double stiffness_unit(const ude_method *method) {
  return isfinite(method->stability) && method->stability > 0 ? method->stability : 1;
}

/* E and S of step i. */
static int step_values(ude_engine *engine, const double *p, int64_t i, double *norm,
                       double *stiffness) {
  ude_estimates *e = engine->estimates;
  const double  *u = ude_engine_state(engine, p, i);
  ude_step       step;
  void          *work = NULL;
  if (!u) {
    return -1;
  }
  const ude_method *method = ude_engine_step(engine, i, u, p, &step, &work);
  step.error               = e->has_error ? e->error : NULL;
  int code                 = method->replay(work, &step);
  if (code) {
    return code;
  }
  if (e->has_error) {
    const ude_method_setting *setting = ude_integrator_setting(engine->integrator);
    *norm                             = step.norm >= 0 ? step.norm
                                                       : ude_error_norm(engine->n, e->error, u, step.u_new,
                                                                        setting->options->rtol, setting->atol);
  }
  if (e->has_stiffness) {
    double radius = method->stiffness(work, &step);
    *stiffness    = isnan(radius) ? 0 : radius / stiffness_unit(method);
  }
  return 0;
}

/* x of a term for a step, and dx/dE or dx/dS. */
static double amount(ude_estimate_kind kind, double h, double norm, double stiffness,
                     double *slope) {
  switch (kind) {
  case UDE_ESTIMATE_ERROR: *slope = fabs(h); return norm * fabs(h);
  case UDE_ESTIMATE_ERROR_SQUARED: *slope = 2 * norm; return norm * norm;
  case UDE_ESTIMATE_STIFFNESS: *slope = 1; return stiffness;
  default: *slope = fabs(h); return stiffness * fabs(h);
  }
}

/* by_error and by_stiffness hold E and S: they give way to the derivatives of the sum of all terms, which is returned. */
static double reduce(ude_engine *engine, const ude_cost *cost) {
  ude_estimates *e     = engine->estimates;
  int64_t        steps = engine->trace.steps;
  double         total = 0;
  double         ignored;
  for (int64_t k = 0; k < cost->estimates; k++) {
    const ude_estimate_term *term = &cost->estimate[k];
    double                   sum = 0, most = 0;
    e->worst[k] = -1;
    for (int64_t i = 0; i < steps; i++) {
      double x =
          amount(term->kind, engine->trace.h[i], e->by_error[i], e->by_stiffness[i], &ignored);
      sum += x;
      if (e->worst[k] < 0 || x > most) {
        most        = x;
        e->worst[k] = i;
      }
    }
    double value = term->over == UDE_ESTIMATE_MAX                 ? most
                   : term->over == UDE_ESTIMATE_SUM || steps == 0 ? sum
                                                                  : sum / (double)steps;
    total += term->weight * value;
    if (cost->estimate_values) {
      cost->estimate_values[k] = value;
    }
  }
  for (int64_t i = 0; i < steps; i++) {
    double norm        = e->by_error[i];
    double stiffness   = e->by_stiffness[i];
    e->by_error[i]     = 0;
    e->by_stiffness[i] = 0;
    for (int64_t k = 0; k < cost->estimates; k++) {
      const ude_estimate_term *term  = &cost->estimate[k];
      double                   slope = 0;
      amount(term->kind, engine->trace.h[i], norm, stiffness, &slope);
      slope *= term->over == UDE_ESTIMATE_MAX    ? (e->worst[k] == i)
               : term->over == UDE_ESTIMATE_MEAN ? 1 / (double)steps
                                                 : 1;
      *(of_error(term->kind) ? &e->by_error[i] : &e->by_stiffness[i]) += term->weight * slope;
    }
  }
  return total;
}

ude_status ude_estimates_begin(ude_engine *engine, const ude_cost *cost, const double *p,
                               double *value, ude_error *error) {
  engine->estimating = false;
  *value             = 0;
  if (cost->estimates == 0) {
    return UDE_OK;
  }
  if (cost->estimates < 0 || cost->estimates > UDE_ESTIMATE_MOST || !cost->estimate) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "%lld terms of the solver's estimates: at most %d, and not NULL",
                    (long long)cost->estimates, UDE_ESTIMATE_MOST);
  }
  ude_status status = check_terms(cost, error);
  status            = status ? status : allocate(engine, error);
  if (status) {
    return status;
  }
  ude_estimates *e = engine->estimates;
  e->has_error = e->has_stiffness = false;
  for (int64_t k = 0; k < cost->estimates; k++) {
    *(of_error(cost->estimate[k].kind) ? &e->has_error : &e->has_stiffness) = true;
  }
  for (int i = 0; i < engine->trace.method_count && status == UDE_OK; i++) {
    status = engine->opened[i]->estimates(engine->work[i], e->has_error, e->has_stiffness, error);
  }
  for (int64_t i = 0; i < engine->trace.steps && status == UDE_OK; i++) {
    e->by_error[i] = e->by_stiffness[i] = 0;
    if (step_values(engine, p, i, &e->by_error[i], &e->by_stiffness[i])) {
      status = engine->no_memory
                   ? ude_fail_memory(error, "the states between those that are stored")
                   : ude_fail(error, UDE_NUMERICAL,
                              "the solver's estimates: the model failed at t = %.8g",
                              engine->trace.t[i]);
    }
  }
  if (status == UDE_OK) {
    *value             = reduce(engine, cost);
    engine->estimating = true;
  }
  return status;
}

/* ------------------------------------------------------------------------------- derivatives -- */

void ude_estimates_cotangent(ude_engine *engine, int64_t i, const ude_method *method,
                             const ude_step *step, double *lambda, ude_cotangent *cotangent) {
  ude_estimates *e        = engine->estimates;
  double         norm_bar = e->by_error[i];
  memset(e->u_bar, 0, (size_t)engine->n * sizeof *e->u_bar);
  if (norm_bar != 0 && step->norm >= 0) {
    cotangent->norm_bar = norm_bar;
  } else if (norm_bar != 0) {
    const ude_method_setting *setting = ude_integrator_setting(engine->integrator);
    memset(e->error_bar, 0, (size_t)engine->n * sizeof *e->error_bar);
    ude_error_norm_transpose(engine->n, e->error, step->u, step->u_new, setting->options->rtol,
                             setting->atol, norm_bar, e->error_bar, e->u_bar, lambda);
    cotangent->error_bar = e->error_bar;
  }
  cotangent->stiffness_bar = e->by_stiffness[i] / stiffness_unit(method);
}

void ude_estimates_cotangent_end(ude_engine *engine, double *lambda) {
  for (int64_t l = 0; l < engine->n; l++) {
    lambda[l] += engine->estimates->u_bar[l];
  }
}

void ude_estimates_tangent(ude_engine *engine, int64_t i, ude_step *step, ude_tangent *tangent) {
  ude_estimates *e = engine->estimates;
  if (e->by_error[i] != 0) {
    step->error        = e->error;
    tangent->error_dot = e->error_dot;
    tangent->norm_dot  = e->norm_dot;
  }
  if (e->by_stiffness[i] != 0) {
    tangent->stiffness_dot = e->stiffness_dot;
  }
}

void ude_estimates_contract(ude_engine *engine, int64_t i, const ude_method *method,
                            const ude_step *step, const ude_tangent *tangent, int64_t first,
                            int64_t lanes, double *gradient) {
  ude_estimates *e = engine->estimates;
  if (e->by_error[i] != 0 && step->norm < 0) {
    const ude_method_setting *setting = ude_integrator_setting(engine->integrator);
    ude_error_norm_tangent(engine->n, e->error, e->error_dot, step->u, tangent->u_dot, step->u_new,
                           tangent->u_new_dot, setting->options->rtol, setting->atol, engine->width,
                           e->norm_dot);
  }
  for (int64_t lane = 0; lane < lanes; lane++) {
    gradient[first + lane] += e->by_error[i] != 0 ? e->by_error[i] * e->norm_dot[lane] : 0;
    if (e->by_stiffness[i] != 0 && !isnan(e->stiffness_dot[lane])) {
      gradient[first + lane] +=
          e->by_stiffness[i] / stiffness_unit(method) * e->stiffness_dot[lane];
    }
  }
}
