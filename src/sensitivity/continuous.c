/* Continuous adjoints: the forward solve that is kept, and the way back through data times and checkpoints. */
#include "sensitivity/continuous.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const size_t default_memory = (size_t)256 << 20;

void ude_continuous_free(ude_continuous *c) {
  if (c) {
    double *const blocks[] = {c->atol, c->y,       c->y_end,        c->mu,          c->q,
                              c->part, c->kronrod, c->checkpoint_t, c->checkpoint_u};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
      free(blocks[i]);
    }
    ude_integrator_free(c->integrator);
    ude_adjoint_problem_close(&c->problem);
    ude_path_free(&c->path);
    ude_path_free(&c->mu_path);
    free(c);
  }
}

/* ---------------------------------------------------------------------------------- forwards -- */

/* Every stride-th step's start; when there is no more room, every second of them goes. */
static int add_checkpoint(ude_continuous *c, const ude_output_step *step) {
  size_t bytes = (size_t)c->path.n * sizeof(double);
  if (c->seen++ % c->stride != 0) {
    return 0;
  }
  if (c->stored == c->checkpoint_capacity) {
    for (int64_t i = 2; i < c->stored; i += 2) {
      c->checkpoint_t[i / 2] = c->checkpoint_t[i];
      memcpy(c->checkpoint_u + i / 2 * c->path.n, c->checkpoint_u + i * c->path.n, bytes);
    }
    c->stored = (c->stored + 1) / 2;
    c->stride *= 2;
    if ((c->seen - 1) % c->stride != 0) {
      return 0;
    }
  }
  c->checkpoint_t[c->stored] = step->t;
  memcpy(c->checkpoint_u + c->stored * c->path.n, step->u, bytes);
  c->stored++;
  return 0;
}

static int keep(const ude_output_step *step, void *context) {
  ude_continuous *c = context;
  if (c->method == UDE_SENSITIVITY_BACKSOLVE) {
    return 0;
  }
  add_checkpoint(c, step);
  if (c->whole && (size_t)(c->path.steps + 1) * ude_path_step_bytes(&c->path) > c->budget) {
    c->whole = false;
    ude_path_clear(&c->path);
  }
  return c->whole ? ude_path_append(step, &c->path) : 0;
}

static ude_status open_forward(ude_sensitivity *s, ude_engine *engine, ude_error *error) {
  ude_continuous_free(engine->continuous);
  engine->continuous = NULL;
  ude_continuous *c  = ude_calloc(1, sizeof *c);
  if (!c) {
    return ude_fail_memory(error, "a continuous adjoint");
  }
  engine->continuous     = c;
  c->method              = engine->method;
  size_t memory          = s->options.memory_bytes ? s->options.memory_bytes : default_memory;
  size_t state           = ((size_t)engine->n + 1) * sizeof(double);
  size_t most            = memory / 4 / state;
  c->checkpoint_capacity = most < 4 ? 4 : most > 256 ? 256 : (int64_t)most;
  c->budget              = memory - memory / 4;
  c->stride              = 1;
  c->whole               = true;
  ude_path_open(&c->path, engine->n, ude_integrator_method(engine->integrator)->dense_order);
  c->checkpoint_t = ude_calloc((size_t)c->checkpoint_capacity, sizeof(double));
  c->checkpoint_u = ude_calloc((size_t)c->checkpoint_capacity, (size_t)engine->n * sizeof(double));
  return c->checkpoint_t && c->checkpoint_u ? UDE_OK
                                            : ude_fail_memory(error, "a continuous adjoint");
}

ude_status ude_continuous_solve(ude_sensitivity *s, ude_engine *engine, const double *u0,
                                const double *p, double t0, double t1, const double *times,
                                int64_t count, ude_solve_result *result, ude_error *error) {
  ude_solve_result own;
  ude_status       status = ude_engine_reserve(engine, count, error);
  status                  = status ? status : open_forward(s, engine, error);
  if (status) {
    return status;
  }
  ude_continuous *c = engine->continuous;
  ude_integrator_set_trace(engine->integrator, NULL);
  status = ude_integrator_run_steps(engine->integrator, u0, p, t0, t1, times, count, engine->u_at,
                                    engine->u_end, keep, c, result ? result : &own, error);
  ude_integrator_set_trace(engine->integrator, &engine->trace);
  if (status == UDE_OK && !c->whole && c->method == UDE_SENSITIVITY_QUADRATURE) {
    status = ude_fail(error, UDE_UNSUPPORTED,
                      "quadrature keeps the whole solution, %.3g bytes, which is more than the "
                      "bound on memory: use gauss, or raise the bound",
                      (double)ude_path_step_bytes(&c->path) * (double)c->seen);
  }
  return status;
}

/* -------------------------------------------------------------------------------- backwards -- */

/** The way back. */
typedef struct march {
  ude_sensitivity *s;
  ude_engine      *engine;
  ude_continuous  *c;
  const double    *p;
  double           t, t0, t1, direction; /**< where it is; direction of the forward solve */
  double          *p_bar;
  int64_t segment; /**< checkpoint that the path begins with; -1: the path is whole, -2: none yet */
  ude_error *error;
} march;

static double mass_of(const march *m, int64_t l) {
  const double *mass = m->engine->field->mass;
  return mass ? mass[l] : 1;
}

static double *mu_of(const march *m) {
  return m->c->y + (m->c->problem.with_u ? m->engine->n : 0);
}

/* The backward integrator: tolerances relative to the size of mu; the blocks u as forwards; q follows mu without a say in the steps,
 * which the mean over all entries makes up for. */
static ude_status open_backward(march *m) {
  ude_continuous           *c       = m->c;
  const ude_method_setting *setting = ude_integrator_setting(m->engine->integrator);
  ude_solve_options         options = m->s->options.solve;
  int64_t                   n       = m->engine->n;
  int64_t                   total   = c->problem.total;
  const double             *mu      = mu_of(m);
  double                    scale   = 0;
  for (int64_t l = 0; l < n; l++) {
    scale = fmax(scale, fabs(mu[l]));
  }
  const char *method = m->s->options.adjoint_method;
  double      rtol =
      m->s->options.adjoint_rtol > 0 ? m->s->options.adjoint_rtol : setting->options->rtol;
  int64_t blocks          = c->problem.with_u ? 2 * n : n;
  double  share           = sqrt((double)blocks / (double)total);
  options.method          = method ? method : options.method;
  options.rtol            = rtol * share;
  options.atol_vector     = c->atol;
  options.saveat          = NULL;
  options.differentiable  = true; /* auto: the adjoint equation has no second derivatives */
  const ude_method *found = options.method ? ude_method_find(options.method, rtol) : NULL;
  if (!found || found->error_order > 0) {
    options.initial_step = 0;
  }
  for (int64_t l = 0; l < total; l++) {
    bool own   = c->problem.with_u && l < n;
    c->atol[l] = own ? setting->atol[l] * share : l < blocks ? 1e-3 * options.rtol * scale : 1e300;
  }
  ude_integrator_free(c->integrator);
  c->integrator = NULL;
  return ude_integrator_create(&c->problem.field, &options, &c->integrator, m->error);
}

static ude_status allocate(march *m) {
  ude_continuous *c     = m->c;
  size_t          total = (size_t)c->problem.total;
  size_t          n     = (size_t)c->problem.n;
  size_t          np    = (size_t)c->problem.np;
  c->atol               = ude_calloc(total, sizeof(double));
  c->y                  = ude_calloc(total, sizeof(double));
  c->y_end              = ude_calloc(total, sizeof(double));
  c->mu                 = ude_calloc(n, sizeof(double));
  c->q                  = ude_calloc(np, sizeof(double));
  c->part               = ude_calloc(np, sizeof(double));
  c->kronrod            = ude_calloc(2 * np, sizeof(double));
  return c->atol && c->y && c->y_end && c->mu && c->q && c->part && c->kronrod
             ? UDE_OK
             : ude_fail_memory(m->error, "a continuous adjoint");
}

static ude_status open_problem(march *m) {
  ude_continuous *c = m->c;
  const char     *method =
      m->s->options.adjoint_method ? m->s->options.adjoint_method : m->s->options.solve.method;
  bool           exact = method && strcmp(method, "auto") != 0 && ude_method_needs_hessian(method);
  const ude_map *rhs   = &m->engine->field->rhs;
  if (!rhs->vjp) {
    return ude_fail(m->error, UDE_UNSUPPORTED, "the adjoint needs rhs.vjp, which the model lacks");
  }
  if (exact && !rhs->hvp) {
    return ude_fail(m->error, UDE_UNSUPPORTED,
                    "a Rosenbrock method for the continuous adjoint needs second derivatives "
                    "(rhs.hvp), which the model lacks; choose kencarp4, radau or an explicit one");
  }
  bool       backsolve = c->method == UDE_SENSITIVITY_BACKSOLVE;
  bool       with_q    = m->p_bar && (backsolve || c->method == UDE_SENSITIVITY_INTERPOLATING);
  ude_status status =
      ude_adjoint_problem_open(&c->problem, m->engine->field, backsolve ? NULL : &c->path,
                               backsolve, with_q, exact, m->error);
  const ude_method *found = ude_method_find(method && strcmp(method, "auto") != 0 ? method : NULL,
                                            m->s->options.solve.rtol);
  int order = found ? found->order : 5;
  c->points = order <= 2 ? 2 : order <= 4 ? 3 : order <= 6 ? 4 : 5;
  ude_path_open(&c->mu_path, m->engine->n, found ? found->dense_order : 4);
  return status ? status : allocate(m);
}

/* The cotangent w of the state at the present time: an impulse on the differential states, and, where there is algebra, on them and the
 * parameters through it. */
static ude_status jump_by(march *m, const double *u, double *w) {
  double    *mu     = mu_of(m);
  ude_status status = ude_engine_algebra_transpose(m->engine, m->t, u, m->p, w, m->p_bar, m->error);
  for (int64_t l = 0; l < m->engine->n && status == UDE_OK; l++) {
    mu[l] += mass_of(m, l) != 0 ? w[l] / mass_of(m, l) : 0;
  }
  return status;
}

/* Solve the segment that ends at the present time again. */
static ude_status load_segment(march *m) {
  ude_continuous  *c = m->c;
  ude_solve_result result;
  int64_t          k   = m->segment == -2 ? c->stored - 1 : m->segment - 1;
  double           end = k + 1 < c->stored ? c->checkpoint_t[k + 1] : m->t1;
  ude_path_clear(&c->path);
  ude_integrator_set_trace(m->engine->integrator, NULL);
  ude_status status = ude_integrator_run_steps(
      m->engine->integrator, c->checkpoint_u + k * m->engine->n, m->p, c->checkpoint_t[k], end,
      NULL, 0, NULL, NULL, ude_path_append, &c->path, &result, m->error);
  ude_integrator_set_trace(m->engine->integrator, &m->engine->trace);
  m->segment = k;
  return status;
}

static int keep_mu(const ude_output_step *step, void *context) {
  return ude_path_append(step, &((ude_continuous *)context)->mu_path);
}

static bool all_zero(int64_t n, const double *x) {
  for (int64_t l = 0; l < n; l++) {
    if (x[l] != 0) {
      return false;
    }
  }
  return true;
}

/* mu from the present time to `stop`. */
static ude_status integrate(march *m, double stop) {
  ude_continuous *c = m->c;
  if (all_zero(m->engine->n, mu_of(m))) { /* nothing depends on anything yet */
    return UDE_OK;
  }
  ude_status status = c->integrator ? UDE_OK : open_backward(m);
  if (status) {
    return status;
  }
  ude_solve_result result;
  bool             gauss = m->p_bar && c->method == UDE_SENSITIVITY_GAUSS;
  bool             whole = m->p_bar && c->method == UDE_SENSITIVITY_QUADRATURE;
  ude_path_clear(&c->mu_path);
  status = ude_integrator_run_steps(c->integrator, c->y, m->p, m->t, stop, NULL, 0, NULL, c->y_end,
                                    gauss   ? ude_continuous_gauss
                                    : whole ? keep_mu
                                            : NULL,
                                    c, &result, m->error);
  if (status) {
    return ude_error_prefix(m->error, status,
                            "the adjoint equation (%s): ", ude_sensitivity_method_name(c->method));
  }
  memcpy(c->y, c->y_end, (size_t)c->problem.total * sizeof *c->y);
  if (whole && ude_continuous_quadrature(c, ude_integrator_setting(c->integrator)->options->rtol)) {
    return ude_fail(m->error, UDE_NUMERICAL, "quadrature: a derivative of the model failed");
  }
  return UDE_OK;
}

/* Where the next integration ends: `until`, or the start of the segment that the path holds. */
static ude_status next_stop(march *m, double until, double *stop) {
  *stop = until;
  if (m->c->whole) {
    return UDE_OK;
  }
  if (m->segment == -2 || m->direction * (m->t - m->c->checkpoint_t[m->segment]) <= 0) {
    ude_status status = load_segment(m);
    if (status) {
      return status;
    }
  }
  double start = m->c->checkpoint_t[m->segment];
  *stop        = m->direction * (start - until) > 0 ? start : until;
  return UDE_OK;
}

ude_status ude_continuous_adjoint(ude_sensitivity *s, ude_engine *engine, const double *p,
                                  double t0, double t1, const double *times, int64_t count,
                                  ude_jump_fn jump, void *context, double *lambda, double *p_bar,
                                  ude_error *error) {
  ude_continuous *c      = engine->continuous;
  int64_t         n      = engine->n;
  march           m      = {.s         = s,
                            .engine    = engine,
                            .c         = c,
                            .p         = p,
                            .t         = t1,
                            .t0        = t0,
                            .t1        = t1,
                            .direction = t1 >= t0 ? 1 : -1,
                            .p_bar     = p_bar,
                            .segment   = c->whole ? -1 : -2,
                            .error     = error};
  ude_status      status = open_problem(&m);
  c->p                   = p;
  if (status == UDE_OK && c->problem.with_u) {
    memcpy(c->y, engine->u_end, (size_t)n * sizeof *c->y);
  }
  status = status ? status : jump_by(&m, engine->u_end, lambda);
  for (int64_t j = count - 1; status == UDE_OK;) {
    while (j >= 0 && times[j] == m.t && status == UDE_OK) {
      const double *u = engine->u_at + j * n;
      status          = jump(j, lambda, context);
      status          = status ? status : jump_by(&m, u, lambda);
      if (status == UDE_OK && c->problem.with_u) {
        memcpy(c->y, u, (size_t)n * sizeof *c->y);
      }
      j--;
    }
    if (m.t == t0 || status) {
      break;
    }
    double stop = t0;
    status      = next_stop(&m, j >= 0 ? times[j] : t0, &stop);
    status      = status ? status : integrate(&m, stop);
    m.t         = stop;
  }
  if (status) {
    return status;
  }
  const double *mu = mu_of(&m);
  const double *q  = c->problem.with_q ? mu + n : c->q;
  for (int64_t l = 0; l < n; l++) {
    lambda[l] = mass_of(&m, l) * mu[l];
  }
  for (int64_t l = 0; l < engine->np && p_bar; l++) {
    p_bar[l] += q[l];
  }
  return UDE_OK;
}
