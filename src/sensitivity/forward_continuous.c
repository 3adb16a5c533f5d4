/* Continuous forward sensitivities: M s_j' = f_u s_j + f_p e_j beside M u' = f. Newton iterations take the block diagonal of the Jacobian
 * (the simultaneous corrector of CVODES, Maly, Petzold 1996), which leaves out second derivatives. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensitivity/engine.h"

typedef struct augmented {
  const ude_vector_field *inner;
  ude_vector_field        field;
  ude_pattern             pattern;
  int64_t                 n, np, states, params; /**< columns of initial values, of parameters */
  double                 *p_dot, *value;         /**< [np], [n] */
  double                 *mass, *atol, *start, *at, *end;
} augmented;

static int64_t columns(const augmented *a) {
  return a->states + a->params;
}

/* Column j of the sensitivities: y_dot = f_u s_j + f_p e_j. */
static int column(augmented *a, int64_t j, const double *u, const double *s, const double *p,
                  double t, double *out) {
  const ude_map *rhs = &a->inner->rhs;
  int64_t        k   = j - a->states;
  if (k >= 0) {
    a->p_dot[k] = 1;
  }
  int code = rhs->jvp(a->value, out, u, s, p, k >= 0 ? a->p_dot : NULL, t, NULL, rhs->context);
  if (k >= 0) {
    a->p_dot[k] = 0;
  }
  return code;
}

static int value(double *y_out, const double *y, const double *p, double t, void *context) {
  augmented *a    = context;
  int        code = a->inner->rhs.value(y_out, y, p, t, a->inner->rhs.context);
  for (int64_t j = 0; j < columns(a) && code == 0; j++) {
    code = column(a, j, y, y + (j + 1) * a->n, p, t, y_out + (j + 1) * a->n);
  }
  return code;
}

/* The block diagonal. */
static int jvp(double *y_out, double *y_dot, const double *y, const double *v, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  augmented     *a   = context;
  const ude_map *rhs = &a->inner->rhs;
  (void)p_dot;
  (void)t_dot;
  int code = value(y_out, y, p, t, context);
  for (int64_t j = 0; j <= columns(a) && code == 0; j++) {
    code = rhs->jvp(a->value, y_dot + j * a->n, y, v ? v + j * a->n : NULL, p, NULL, t, NULL,
                    rhs->context);
  }
  return code;
}

static void close_augmented(augmented *a) {
  ude_pattern_free(&a->pattern);
  free(a->p_dot);
  free(a->value);
  free(a->mass);
  free(a->atol);
  free(a->start);
  free(a->at);
  free(a->end);
}

/* Blocks along the diagonal, of the field's pattern or full. */
static bool block_pattern(augmented *a) {
  const ude_pattern *inner   = a->inner->rhs.pattern;
  int64_t            n       = a->n;
  int64_t            blocks  = columns(a) + 1;
  int64_t            entries = inner ? inner->start[n] : n * n;
  a->pattern                 = (ude_pattern){.rows = blocks * n, .columns = blocks * n};
  a->pattern.start           = ude_calloc((size_t)(blocks * n) + 1, sizeof(int64_t));
  a->pattern.index           = ude_calloc((size_t)(blocks * entries), sizeof(int64_t));
  if (!a->pattern.start || !a->pattern.index) {
    return false;
  }
  int64_t e = 0;
  for (int64_t r = 0; r < blocks * n; r++) {
    int64_t row = r % n;
    int64_t at  = r - row;
    for (int64_t c = inner ? inner->start[row] : 0; c < (inner ? inner->start[row + 1] : n); c++) {
      a->pattern.index[e++] = at + (inner ? inner->index[c] : c);
    }
    a->pattern.start[r + 1] = e;
  }
  return true;
}

static ude_status open_augmented(augmented *a, const ude_engine *engine, const double *u0,
                                 const double *p, int64_t count, ude_error *error) {
  const ude_method_setting *setting = ude_integrator_setting(engine->integrator);
  int64_t                   n       = a->n;
  size_t                    total   = (size_t)(n * (columns(a) + 1));
  a->p_dot                          = ude_calloc((size_t)a->np, sizeof(double));
  a->value                          = ude_calloc((size_t)n, sizeof(double));
  a->mass                           = a->inner->mass ? ude_calloc(total, sizeof(double)) : NULL;
  a->atol                           = ude_calloc(total, sizeof(double));
  a->start                          = ude_calloc(total, sizeof(double));
  a->end                            = ude_calloc(total, sizeof(double));
  a->at                             = ude_calloc((size_t)count, total * sizeof(double));
  if (!a->p_dot || !a->value || (a->inner->mass && !a->mass) || !a->atol || !a->start || !a->at ||
      !a->end || (n > 0 && !block_pattern(a))) {
    return ude_fail_memory(error, "sensitivity equations");
  }
  memcpy(a->start, u0, (size_t)n * sizeof *u0);
  for (int64_t j = 0; j <= columns(a); j++) {
    int64_t k = j - 1 - a->states;
    double  unit =
        k >= 0 && p[k] != 0 ? fabs(p[k]) : 1; /* as CVODES: a change of p by its own size */
    for (int64_t l = 0; l < n; l++) {
      a->atol[j * n + l] = setting->atol[l] / (j > 0 ? unit : 1);
      if (a->mass) {
        a->mass[j * n + l] = a->inner->mass[l];
      }
    }
    if (j > 0 && k < 0) {
      a->start[j * n + j - 1] = 1;
    }
  }
  a->field = (ude_vector_field){.name  = a->inner->name,
                                .state = {.count = (int64_t)total},
                                .param = {.count = a->np},
                                .mass  = a->mass,
                                .rhs   = {.rows    = (int64_t)total,
                                          .columns = (int64_t)total,
                                          .value   = value,
                                          .jvp     = jvp,
                                          .pattern = n > 0 ? &a->pattern : NULL,
                                          .context = a}};
  return UDE_OK;
}

static ude_status run(augmented *a, const ude_solve_options *solve, const double *p, double t0,
                      double t1, const double *times, int64_t count, ude_solve_result *result,
                      ude_error *error) {
  ude_solve_options options = *solve;
  ude_integrator   *in      = NULL;
  ude_solve_result  own;
  options.atol_vector = a->atol;
  options.saveat      = NULL;
  options.differentiable =
      true; /* auto: no Rosenbrock method, whose order needs the whole Jacobian */
  ude_status status = ude_integrator_create(&a->field, &options, &in, error);
  status            = status ? status
                             : ude_integrator_run(in, a->start, p, t0, t1, times, count, a->at, a->end,
                                       result ? result : &own, error);
  ude_integrator_free(in);
  return status;
}

ude_status ude_engine_continuous_forward(ude_engine *engine, const ude_solve_options *solve,
                                         const double *u0, const double *p, int64_t states,
                                         int64_t params, double t0, double t1, const double *times,
                                         int64_t count, double *u_dot, ude_solve_result *result,
                                         ude_error *error) {
  augmented a = {
      .inner = engine->field, .n = engine->n, .np = engine->np, .states = states, .params = params};
  if (!engine->field->rhs.jvp) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "forward sensitivities need rhs.jvp, which the model lacks");
  }
  if (solve->method && strcmp(solve->method, "auto") != 0 &&
      ude_method_needs_hessian(solve->method)) {
    return ude_fail(
        error, UDE_UNSUPPORTED,
        "sensitivity equations are not solved by Rosenbrock methods, whose order needs "
        "their whole Jacobian: choose kencarp4, radau, cvode_bdf or an explicit method");
  }
  ude_status status = ude_engine_reserve(engine, count, error);
  status            = status ? status : open_augmented(&a, engine, u0, p, count, error);
  status            = status ? status : run(&a, solve, p, t0, t1, times, count, result, error);
  int64_t block     = a.n * columns(&a);
  for (int64_t i = 0; i <= count && status == UDE_OK; i++) {
    const double *at = i < count ? a.at + i * (a.n + block) : a.end;
    memcpy(i < count ? engine->u_at + i * a.n : engine->u_end, at, (size_t)a.n * sizeof *at);
    memcpy(u_dot + i * block, at + a.n, (size_t)block * sizeof *at);
  }
  close_augmented(&a);
  return status;
}
