/* Models by callbacks for the tests of discover: a known part, an "unknown" part that plays the trained
 * network, and the rebuild callback that fills a field from a request's expressions. */
#ifndef UDE_TESTS_HAND_MODEL_H
#define UDE_TESTS_HAND_MODEL_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ude/discover.h>

enum { HAND_STATES = 3, HAND_PARAMS = 600 };

typedef void (*hand_fn)(double *out, const double *u);

typedef struct hand_model {
  int64_t states;
  double  rates[HAND_STATES]; /* known part: du[i] = rates[i] u[i] */
  int     trained_rate;       /* rates[i] is a trained parameter for i < this */
  hand_fn unknown;            /* plays the network; NULL from data alone */
  bool    returns;            /* the function has one output, its return value */

  ude_vector_field field, rebuilt;
  ude_learned      learned;
  ude_member       state[HAND_STATES], old_param[HAND_STATES + 1], param[HAND_PARAMS];
  double           p[HAND_STATES + 1], p0[HAND_PARAMS], u0[HAND_STATES];
  /* of the last request */
  int64_t                  terms;
  const ude_rebuild_param *term;
  char                    *body; /* of the last request, for inspection */
  int                      requests;
  ude_status               fail; /* answer of rebuild */
} hand_model;

static const char *const hand_state_names[] = {"x", "y", "z"};
static const char *const hand_inputs[]      = {"in[0]", "in[1]", "in[2]"};
static const char *const hand_return[]      = {"return"};

static inline int hand_old_rhs(double *du, const double *u, const double *p, double t,
                               void *context) {
  hand_model *m = context;
  double      out[HAND_STATES];
  (void)t;
  m->unknown(out, u);
  for (int64_t i = 0; i < m->states; i++) {
    du[i] = (i < m->trained_rate ? p[i] : m->rates[i]) * u[i] + out[i];
  }
  return 0;
}

static inline int hand_learned(double *y, const double *in, const double *p, double t,
                               void *context) {
  hand_model *m = context;
  (void)p, (void)t;
  m->unknown(y, in);
  return 0;
}

static inline int hand_probe(const double *u, const double *p, double t, ude_record_fn record,
                             void *sink, void *context) {
  hand_model *m = context;
  double      out[HAND_STATES];
  (void)p, (void)t;
  m->unknown(out, u);
  record(0, u, out, sink);
  return 0;
}

/* Value and directional derivative of the rebuilt model; the rates that are trained come first in p. */
static inline int hand_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                           const double *p, const double *p_dot, double t, const double *t_dot,
                           void *context) {
  hand_model *m       = context;
  int64_t     trained = m->trained_rate;
  double      in[HAND_STATES + 1];
  memcpy(in, u, (size_t)m->states * sizeof *in);
  in[m->states] = t;
  for (int64_t i = 0; i < m->states; i++) {
    double rate = i < trained ? p[i] : m->rates[i];
    y[i]        = rate * u[i];
    if (y_dot) {
      y_dot[i] = (u_dot ? rate * u_dot[i] : 0) + (p_dot && i < trained ? p_dot[i] * u[i] : 0);
    }
  }
  for (int64_t k = 0; k < m->terms; k++) {
    const ude_rebuild_param *term = &m->term[k];
    double                   gradient[HAND_STATES + 1];
    if (p[trained + k] == 0 && !(p_dot && p_dot[trained + k] != 0)) {
      continue;
    }
    double value = ude_expression_gradient(term->term, in, m->states + 1, gradient);
    y[term->output] += p[trained + k] * value;
    if (y_dot) {
      double along = t_dot ? gradient[m->states] * t_dot[0] : 0;
      for (int64_t i = 0; u_dot && i < m->states; i++) {
        along += gradient[i] * u_dot[i];
      }
      y_dot[term->output] += p[trained + k] * along + (p_dot ? p_dot[trained + k] * value : 0);
    }
  }
  return 0;
}

static inline int hand_rhs(double *du, const double *u, const double *p, double t, void *context) {
  return hand_jvp(du, NULL, u, NULL, p, NULL, t, NULL, context);
}

static inline void hand_describe_states(hand_model *m, ude_vector_field *field) {
  for (int64_t i = 0; i < m->states; i++) {
    m->state[i] = (ude_member){.name = hand_state_names[i], .first = i, .count = 1};
  }
  field->state       = (ude_layout){.count = m->states, .members = m->states, .member = m->state};
  field->rhs.rows    = m->states;
  field->rhs.columns = m->states;
  field->rhs.context = m;
}

/* The model with its "network", to be given to ude_discover. */
static inline void hand_open(hand_model *m) {
  static const char *const rates[] = {"rate_x", "rate_y", "rate_z"};
  hand_describe_states(m, &m->field);
  for (int i = 0; i < m->trained_rate; i++) {
    m->old_param[i] = (ude_member){.name = rates[i], .first = i, .count = 1};
    m->p[i]         = m->rates[i];
  }
  /* something that the network alone uses, and that a rebuilt model has no more */
  m->old_param[m->trained_rate] =
      (ude_member){.name = "weight", .first = m->trained_rate, .count = 1};
  m->field.param = (ude_layout){
      .count = m->trained_rate + 1, .members = m->trained_rate + 1, .member = m->old_param};
  m->field.rhs.value     = hand_old_rhs;
  m->learned             = (ude_learned){.name         = "missing",
                                         .map          = {.rows    = m->returns ? 1 : m->states,
                                                          .columns = m->states,
                                                          .value   = hand_learned,
                                                          .context = m},
                                         .input_names  = hand_inputs,
                                         .output_names = m->returns ? hand_return : NULL};
  m->field.learned       = &m->learned;
  m->field.learned_count = 1;
  m->field.probe         = hand_probe;
  m->field.probe_context = m;
}

static inline ude_status hand_rebuild(const ude_rebuild_request *request,
                                      const ude_vector_field **field, void *context,
                                      ude_error *error) {
  hand_model *m = context;
  m->requests++;
  if (m->fail) {
    return ude_fail(error, m->fail, "the callback says no");
  }
  m->terms   = request->param_count;
  m->term    = request->params;
  m->rebuilt = (ude_vector_field){.name = "rebuilt"};
  hand_describe_states(m, &m->rebuilt);
  for (int64_t i = 0; i < m->trained_rate; i++) {
    m->param[i] = m->old_param[i];
    m->p0[i]    = request->p[i];
  }
  for (int64_t k = 0; k < m->terms; k++) {
    int64_t i   = m->trained_rate + k;
    m->param[i] = (ude_member){.name = request->params[k].name, .first = i, .count = 1};
    m->p0[i]    = request->params[k].value;
  }
  int64_t count        = m->trained_rate + m->terms;
  m->rebuilt.param     = (ude_layout){.count = count, .members = count, .member = m->param};
  m->rebuilt.u0        = m->field.u0;
  m->rebuilt.p0        = m->p0;
  m->rebuilt.rhs.value = hand_rhs;
  m->rebuilt.rhs.jvp   = hand_jvp;
  *field               = &m->rebuilt;
  return UDE_OK;
}

/* Rows t, states of a solution by classical Runge-Kutta with noise of the given deviations (or NULL). */
static inline ude_table *hand_measure(int64_t states, hand_fn rhs, const double *u0, double dt,
                                      int64_t rows, const double *noise, uint64_t seed) {
  const char *names[HAND_STATES + 1] = {"t", "x", "y", "z"};
  ude_table  *table                  = NULL;
  ude_rng     rng                    = ude_rng_make(seed, 1);
  double      u[HAND_STATES], k[4][HAND_STATES], at[HAND_STATES];
  if (ude_table_create(rows, states + 1, names, &table, NULL)) {
    return NULL;
  }
  memcpy(u, u0, (size_t)states * sizeof *u);
  for (int64_t row = 0; row < rows; row++) {
    table->values[row * (states + 1)] = dt * (double)row;
    for (int64_t i = 0; i < states; i++) {
      table->values[row * (states + 1) + 1 + i] =
          u[i] + (noise ? noise[i] * ude_rng_normal(&rng) : 0);
    }
    for (int step = 0; step < 20; step++) {
      double h = dt / 20;
      rhs(k[0], u);
      for (int stage = 1; stage < 4; stage++) {
        for (int64_t i = 0; i < states; i++) {
          at[i] = u[i] + (stage == 3 ? h : h / 2) * k[stage - 1][i];
        }
        rhs(k[stage], at);
      }
      for (int64_t i = 0; i < states; i++) {
        u[i] += h / 6 * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]);
      }
    }
  }
  return table;
}

static inline ude_dataset *hand_dataset(const ude_table *table, const ude_vector_field *field,
                                        ude_error *error) {
  ude_dataset           *data   = NULL;
  const ude_table *const one[]  = {table};
  const char *const      name[] = {"measured"};
  ude_dataset_from_tables(one, name, 1, field, NULL, &data, error);
  return data;
}

#endif
