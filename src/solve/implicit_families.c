/* The families of implicit one-step methods as the adapter sees them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/erk.h"
#include "solve/implicit.h"
#include "solve/radau.h"
#include "solve/rosenbrock.h"
#include "solve/sdirk.h"

static void nothing(ude_implicit *work) {
  (void)work;
}

static const double *no_weights(const ude_implicit *work) {
  (void)work;
  return NULL;
}

/* ------------------------------------------------------------------------------------ Rosenbrock -- */

typedef struct rosenbrock {
  const ude_rosenbrock_tableau *tableau;
  ude_stiff                     stiff;
  bool                          linearised; /**< at the start of the step */
  double                       *stage, *work;
  double                        residual; /**< GMRES: part of the tolerance of a step */
} rosenbrock;

static void rosenbrock_close(ude_implicit *work) {
  rosenbrock *r = work->inner;
  ude_stiff_close(&r->stiff);
  free(r->stage);
  free(r->work);
  free(r);
}

static ude_status rosenbrock_open(ude_implicit *work, const ude_method *method,
                                  const ude_method_setting *setting, ude_error *error) {
  rosenbrock *r = ude_calloc(1, sizeof *r);
  if (!r) {
    return ude_fail_memory(error, "a Rosenbrock method");
  }
  work->inner  = r;
  r->residual  = fmax(1e-2 * setting->options->rtol, 1e-14);
  r->tableau   = ((const ude_implicit_data *)method->data)->tableau;
  work->stages = r->tableau->stages;
  r->stage     = ude_calloc((size_t)work->stages, (size_t)work->n * sizeof(double));
  r->work      = ude_calloc((size_t)work->n, 2 * sizeof(double));
  return r->stage && r->work ? ude_stiff_open(&r->stiff, setting->field, NULL, false, error)
                             : ude_fail_memory(error, "a Rosenbrock method");
}

static void rosenbrock_restart(ude_implicit *work) {
  ((rosenbrock *)work->inner)->linearised = false;
}

static int rosenbrock_step(ude_implicit *work, ude_step *step) {
  rosenbrock                   *r = work->inner;
  const ude_rosenbrock_tableau *m = r->tableau;
  int code = r->linearised ? 0 : ude_stiff_linearise(&r->stiff, step->t, step->u, step->p, true);
  r->linearised = code == 0;
  code          = code ? code
                       : ude_rosenbrock_stages(m, &r->stiff, step->t, step->h, step->u, step->p, r->stage,
                                               r->work);
  if (code == 0) {
    ude_erk_combine(work->n, step->u, 1, m->m, m->stages, r->stage, step->u_new);
  }
  if (code == 0 && step->error) {
    ude_erk_combine(work->n, NULL, 1, m->e, m->stages, r->stage, step->error);
  }
  return code;
}

static int rosenbrock_attempt(ude_implicit *work, ude_step *step) {
  rosenbrock *at = work->inner;
  ude_linear_set_tolerance(at->stiff.linear, at->residual);
  return rosenbrock_step(work, step);
}

static void rosenbrock_accept(ude_implicit *work, const ude_step *step) {
  (void)step;
  rosenbrock_restart(work);
}

static int rosenbrock_replay(ude_implicit *work, ude_step *step) {
  rosenbrock *r = work->inner;
  rosenbrock_restart(work);
  ude_linear_set_tolerance(r->stiff.linear, 1e-14); /* GMRES: as good as it gets */
  return rosenbrock_step(work, step);
}

static void rosenbrock_weights(const ude_implicit *work, double theta, double *weights) {
  const rosenbrock *r = work->inner;
  ude_rosenbrock_weights(r->tableau, theta, weights);
}

static const double *rosenbrock_stages(const ude_implicit *work) {
  return ((const rosenbrock *)work->inner)->stage;
}

static ude_stiff *rosenbrock_stiff(ude_implicit *work) {
  return &((rosenbrock *)work->inner)->stiff;
}

static ude_status rosenbrock_reserve(ude_implicit *work, int64_t width, ude_error *error) {
  rosenbrock *r      = work->inner;
  ude_status  status = ude_rosenbrock_can_differentiate(r->stiff.map, error);
  size_t      needed =
      width > 0 ? ude_rosenbrock_tangent_work(work->n, work->np, width) : (size_t)(2 * work->n);
  if (status == UDE_OK && !ude_implicit_extra(work, needed)) {
    status = ude_fail_memory(error, "derivatives of a Rosenbrock method");
  }
  return status;
}

static int rosenbrock_tangent(ude_implicit *work, ude_step *step, const double *u_dot,
                              const double *p_dot, int64_t width, double *stage_dot,
                              double *error_dot) {
  rosenbrock *r = work->inner;
  (void)error_dot;
  return ude_rosenbrock_tangent(r->tableau, &r->stiff, step->t, step->h, step->u, u_dot, step->p,
                                p_dot, width, r->stage, stage_dot, work->extra);
}

static int rosenbrock_transpose(ude_implicit *work, ude_step *step, double *stage_bar,
                                const double *error_bar, double *u_bar, double *p_bar) {
  rosenbrock *r = work->inner;
  (void)error_bar;
  return ude_rosenbrock_transpose(r->tableau, &r->stiff, step->t, step->h, step->u, step->p,
                                  r->stage, stage_bar, u_bar, p_bar, work->extra);
}

static const double *rosenbrock_error(const ude_implicit *work) {
  return ((const rosenbrock *)work->inner)->tableau->e;
}

const ude_implicit_family ude_family_rosenbrock = {.from_u        = true,
                                                   .open          = rosenbrock_open,
                                                   .close         = rosenbrock_close,
                                                   .restart       = rosenbrock_restart,
                                                   .attempt       = rosenbrock_attempt,
                                                   .accept        = rosenbrock_accept,
                                                   .reject        = nothing,
                                                   .replay        = rosenbrock_replay,
                                                   .weights       = rosenbrock_weights,
                                                   .stages        = rosenbrock_stages,
                                                   .stiff         = rosenbrock_stiff,
                                                   .reserve       = rosenbrock_reserve,
                                                   .tangent       = rosenbrock_tangent,
                                                   .transpose     = rosenbrock_transpose,
                                                   .error_weights = rosenbrock_error};

/* ----------------------------------------------------------------------------------------- SDIRK -- */

static void sdirk_close(ude_implicit *work) {
  ude_sdirk_close(work->inner);
  free(work->inner);
}

static ude_status sdirk_open(ude_implicit *work, const ude_method *method,
                             const ude_method_setting *setting, ude_error *error) {
  ude_sdirk *s = ude_calloc(1, sizeof *s);
  if (!s) {
    return ude_fail_memory(error, "an implicit method");
  }
  const ude_sdirk_tableau *tableau = ((const ude_implicit_data *)method->data)->tableau;
  work->stages                     = tableau->stages;
  ude_status status =
      ude_sdirk_open(s, tableau, setting->field, setting->options->rtol, setting->atol, error);
  if (status) {
    free(s);
    return status;
  }
  work->inner = s;
  return UDE_OK;
}

static void sdirk_restart(ude_implicit *work) {
  ude_sdirk_restart(work->inner);
}

static int sdirk_attempt(ude_implicit *work, ude_step *step) {
  return ude_sdirk_try(work->inner, step->t, step->h, step->u, step->p, step->u_new, step->error);
}

static void sdirk_accept(ude_implicit *work, const ude_step *step) {
  ude_sdirk_accept(work->inner, step->h);
}

static int sdirk_replay(ude_implicit *work, ude_step *step) {
  ude_sdirk *s    = work->inner;
  int        code = ude_sdirk_replay(s, step->t, step->h, step->u, step->p, step->u_new);
  return code || !step->error ? code
                              : ude_sdirk_error(s, step->t, step->h, step->u, step->p, step->error);
}

static void sdirk_weights(const ude_implicit *work, double theta, double *weights) {
  const ude_sdirk *s = work->inner;
  ude_sdirk_weights(s->tableau, theta, weights);
}

static const double *sdirk_stages(const ude_implicit *work) {
  return ((const ude_sdirk *)work->inner)->state;
}

static ude_stiff *sdirk_stiff(ude_implicit *work) {
  return &((ude_sdirk *)work->inner)->stiff;
}

static ude_status sdirk_reserve(ude_implicit *work, int64_t width, ude_error *error) {
  const ude_sdirk *s     = work->inner;
  size_t           lanes = width > 0 ? (size_t)width : 1;
  if (s->w) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "derivatives of implicit-explicit steps are not there; leave rhs_explicit and "
                    "rhs_implicit out, or choose another method");
  }
  return ude_implicit_extra(work, (size_t)work->stages * (size_t)work->n * lanes)
             ? UDE_OK
             : ude_fail_memory(error, "derivatives of an implicit method");
}

static int sdirk_tangent(ude_implicit *work, ude_step *step, const double *u_dot,
                         const double *p_dot, int64_t width, double *stage_dot, double *error_dot) {
  int code = ude_sdirk_tangent(work->inner, step->t, step->h, u_dot, step->p, p_dot, width,
                               stage_dot, work->extra);
  return code || !error_dot
             ? code
             : ude_sdirk_error_tangent(work->inner, step->t, step->h, step->u, u_dot, step->p,
                                       p_dot, width, work->extra, error_dot, work->damped);
}

static int sdirk_transpose(ude_implicit *work, ude_step *step, double *stage_bar,
                           const double *error_bar, double *u_bar, double *p_bar) {
  int code = 0;
  memset(work->extra, 0, (size_t)(work->stages * work->n) * sizeof *work->extra);
  if (error_bar) {
    code = ude_sdirk_error_transpose(work->inner, step->t, step->h, step->u, step->p, error_bar,
                                     work->extra, u_bar, p_bar, work->damped);
  }
  return code ? code
              : ude_sdirk_transpose(work->inner, step->t, step->h, step->p, stage_bar, work->extra,
                                    u_bar, p_bar);
}

static ude_status sdirk_reserve_error(ude_implicit *work, ude_error *error) {
  const ude_sdirk *s = work->inner;
  return ude_implicit_damped(work, s->stiff.map, s->tableau->name, error);
}

const ude_implicit_family ude_family_sdirk = {.from_u        = false,
                                              .open          = sdirk_open,
                                              .close         = sdirk_close,
                                              .restart       = sdirk_restart,
                                              .attempt       = sdirk_attempt,
                                              .accept        = sdirk_accept,
                                              .reject        = nothing,
                                              .replay        = sdirk_replay,
                                              .weights       = sdirk_weights,
                                              .stages        = sdirk_stages,
                                              .stiff         = sdirk_stiff,
                                              .reserve       = sdirk_reserve,
                                              .tangent       = sdirk_tangent,
                                              .transpose     = sdirk_transpose,
                                              .reserve_error = sdirk_reserve_error,
                                              .error_weights = no_weights};

/* ----------------------------------------------------------------------------------------- Radau -- */

static void radau_close(ude_implicit *work) {
  ude_radau_close(work->inner);
  free(work->inner);
}

static ude_status radau_open(ude_implicit *work, const ude_method *method,
                             const ude_method_setting *setting, ude_error *error) {
  ude_radau *s = ude_calloc(1, sizeof *s);
  (void)method;
  if (!s) {
    return ude_fail_memory(error, "an implicit method");
  }
  work->stages = UDE_RADAU_STAGES;
  ude_status status =
      ude_radau_open(s, setting->field, setting->options->rtol, setting->atol, error);
  if (status) {
    free(s);
    return status;
  }
  work->inner = s;
  return UDE_OK;
}

static void radau_restart(ude_implicit *work) {
  ude_radau_restart(work->inner);
}

static int radau_attempt(ude_implicit *work, ude_step *step) {
  ude_radau *s    = work->inner;
  int        code = ude_radau_try(s, step->t, step->h, step->u, step->p, step->u_new, step->error);
  step->tag       = s->twice;
  return code;
}

static void radau_accept(ude_implicit *work, const ude_step *step) {
  ude_radau_accept(work->inner, step->h);
}

static void radau_reject(ude_implicit *work) {
  ude_radau_reject(work->inner);
}

/* The linearised stages are factorised when a derivative is asked for. */
static int radau_replay(ude_implicit *work, ude_step *step) {
  ude_radau *s = work->inner;
  s->prepared  = false;
  int code     = ude_radau_replay(s, step->t, step->h, step->u, step->p, step->u_new);
  s->twice     = step->tag != 0;
  return code || !step->error ? code : ude_radau_error(s, step->error);
}

static void radau_weights(const ude_implicit *work, double theta, double *weights) {
  (void)work;
  ude_radau_weights(theta, weights);
}

static const double *radau_stages(const ude_implicit *work) {
  return ((const ude_radau *)work->inner)->z;
}

static ude_stiff *radau_stiff(ude_implicit *work) {
  return &((ude_radau *)work->inner)->stiff;
}

static ude_status radau_reserve(ude_implicit *work, int64_t width, ude_error *error) {
  (void)width;
  return ude_radau_reserve(work->inner, error);
}

static int radau_ready(ude_radau *s) {
  int code    = s->prepared ? 0 : ude_radau_prepare(s);
  s->prepared = code == 0;
  return code;
}

static int radau_tangent(ude_implicit *work, ude_step *step, const double *u_dot,
                         const double *p_dot, int64_t width, double *stage_dot, double *error_dot) {
  (void)step;
  int code = radau_ready(work->inner);
  code     = code ? code : ude_radau_tangent(work->inner, u_dot, p_dot, width, stage_dot);
  return code || !error_dot ? code
                            : ude_radau_error_tangent(work->inner, u_dot, p_dot, width, stage_dot,
                                                      error_dot, work->damped);
}

static int radau_transpose(ude_implicit *work, ude_step *step, double *stage_bar,
                           const double *error_bar, double *u_bar, double *p_bar) {
  (void)step;
  int code = error_bar ? ude_radau_error_transpose(work->inner, error_bar, stage_bar, u_bar, p_bar,
                                                   work->damped)
                       : 0;
  code     = code ? code : radau_ready(work->inner);
  return code ? code : ude_radau_transpose(work->inner, stage_bar, u_bar, p_bar);
}

static ude_status radau_reserve_error(ude_implicit *work, ude_error *error) {
  return ude_implicit_damped(work, ((const ude_radau *)work->inner)->stiff.map, "radau", error);
}

const ude_implicit_family ude_family_radau = {.from_u        = true,
                                              .open          = radau_open,
                                              .close         = radau_close,
                                              .restart       = radau_restart,
                                              .attempt       = radau_attempt,
                                              .accept        = radau_accept,
                                              .reject        = radau_reject,
                                              .replay        = radau_replay,
                                              .weights       = radau_weights,
                                              .stages        = radau_stages,
                                              .stiff         = radau_stiff,
                                              .reserve       = radau_reserve,
                                              .tangent       = radau_tangent,
                                              .transpose     = radau_transpose,
                                              .reserve_error = radau_reserve_error,
                                              .error_weights = no_weights};
