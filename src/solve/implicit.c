/* The table entries of implicit one-step methods. */
#include "solve/implicit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/erk.h"
#include "solve/kernel.h"
#include "solve/radau.h"
#include "solve/rosenbrock.h"
#include "solve/sdirk.h"

/* --------------------------------------------------------------------------------------- life -- */

static void close_work(void *pointer) {
  ude_implicit *work = pointer;
  if (!work) {
    return;
  }
  if (work->inner) {
    work->family->close(work);
  }
  double *const blocks[] = {work->mode,      work->image, work->stage_dot, work->u_dot,
                            work->stage_bar, work->u_bar, work->extra};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    free(blocks[i]);
  }
  free(work);
}

static ude_status open_work(const ude_method *method, const ude_method_setting *setting,
                            void **result, ude_error *error) {
  *result            = NULL;
  ude_implicit *work = ude_calloc(1, sizeof *work);
  if (!work) {
    return ude_fail_memory(error, "an implicit method");
  }
  work->family      = ((const ude_implicit_data *)method->data)->family;
  work->n           = setting->field->state.count;
  work->np          = setting->field->param.count;
  work->mode        = ude_calloc((size_t)work->n, sizeof(double));
  work->image       = ude_calloc((size_t)work->n, sizeof(double));
  ude_status status = work->mode && work->image ? work->family->open(work, method, setting, error)
                                                : ude_fail_memory(error, "an implicit method");
  if (status) {
    close_work(work);
    return status;
  }
  *result = work;
  return UDE_OK;
}

bool ude_implicit_extra(ude_implicit *work, size_t count) {
  if (count <= work->extra_size) {
    return true;
  }
  double *grown = ude_realloc(work->extra, count, sizeof *grown);
  if (grown) {
    work->extra      = grown;
    work->extra_size = count;
  }
  return grown != NULL;
}

/* ---------------------------------------------------------------------------------------- steps -- */

static void count(ude_implicit *work, ude_solve_result *stats) {
  const ude_stiff_counts *now  = &work->family->stiff(work)->counts;
  ude_stiff_counts       *seen = &work->counted;
  stats->rhs_calls += now->rhs - seen->rhs;
  stats->jacobians += now->jacobians - seen->jacobians;
  stats->factorisations += now->factorisations - seen->factorisations;
  stats->linear_solves += now->solves - seen->solves;
  stats->iterations += now->iterations - seen->iterations;
  *seen = *now;
}

static int start(void *pointer, const ude_step *step, const double *f) {
  ude_implicit *work = pointer;
  (void)step;
  (void)f;
  work->family->restart(work);
  for (int64_t l = 0; l < work->n; l++) { /* no direction of symmetry */
    work->mode[l] = 1 + 0.1 * sin((double)l);
  }
  return 0;
}

static int attempt(void *pointer, ude_step *step) {
  ude_implicit *work = pointer;
  work->marched      = false;
  int code           = work->family->attempt(work, step);
  count(work, step->stats);
  return code;
}

static void accept(void *pointer, const ude_step *step) {
  ude_implicit *work = pointer;
  work->family->accept(work, step);
}

static void reject(void *pointer, const ude_step *step) {
  ude_implicit *work = pointer;
  (void)step;
  work->family->reject(work);
}

static int dense(void *pointer, ude_step *step, double theta, double *out) {
  ude_implicit *work = pointer;
  double        weights[UDE_IMPLICIT_MOST_STAGES];
  work->family->weights(work, theta, weights);
  ude_erk_combine(work->n, work->family->from_u ? step->u : NULL, 1, weights, work->stages,
                  work->family->stages(work), out);
  return 0;
}

/* The Jacobian of the step's start, one power iteration a step: the direction is kept from step to step. */
static double stiffness(void *pointer, const ude_step *step) {
  ude_implicit *work = pointer;
  (void)step;
  return work->marched ? work->radius
                       : ude_stiff_radius(work->family->stiff(work), work->mode, work->image);
}

static void lend(void *pointer, ude_march *march) {
  ude_implicit *work = pointer;
  march->stages      = (double *)work->family->stages(work); /* its own, written as attempt does */
  march->mode        = march->watched ? work->mode : NULL;
}

static void take_back(void *pointer, const ude_march *march, int ended) {
  ude_implicit *work = pointer;
  work->family->restart(work);
  work->marched = ended == UDE_MARCH_ACCEPTED;
  work->radius  = march->radius;
}

/* ----------------------------------------------------------------------------------- derivatives -- */

static ude_status reserve(void *pointer, int64_t width, ude_error *error) {
  ude_implicit *work   = pointer;
  ude_status    status = work->family->reserve(work, width, error);
  size_t        n      = (size_t)work->n;
  size_t        stages = (size_t)work->stages;
  if (status) {
    return status;
  }
  if (width == 0 && !work->stage_bar) {
    work->u_bar     = work->u_bar ? work->u_bar : ude_calloc(n, sizeof(double));
    work->stage_bar = work->u_bar ? ude_calloc(stages, n * sizeof(double)) : NULL;
  } else if (width > work->width) {
    size_t  block = n * (size_t)width;
    double *u_dot = ude_realloc(work->u_dot, block, sizeof *u_dot);
    work->u_dot   = u_dot ? u_dot : work->u_dot;
    double *stage_dot =
        u_dot ? ude_realloc(work->stage_dot, stages, block * sizeof *stage_dot) : NULL;
    work->stage_dot = stage_dot ? stage_dot : work->stage_dot;
    work->width     = stage_dot ? width : work->width;
  }
  bool ready = width == 0 ? work->stage_bar != NULL : width <= work->width;
  return ready ? UDE_OK : ude_fail_memory(error, "derivatives of an implicit method");
}

static int replay(void *pointer, ude_step *step) {
  ude_implicit *work = pointer;
  int           code = work->family->replay(work, step);
  count(work, step->stats);
  return code;
}

static int tangent(void *pointer, ude_step *step, const ude_tangent *directions) {
  ude_implicit *work  = pointer;
  int64_t       block = work->n * directions->width;
  if (directions->u_dot) {
    memcpy(work->u_dot, directions->u_dot, (size_t)block * sizeof(double));
  } else {
    memset(work->u_dot, 0, (size_t)block * sizeof(double));
  }
  int code = work->family->tangent(work, step, work->u_dot, directions->p_dot, directions->width,
                                   work->stage_dot);
  count(work, step->stats);
  double weights[UDE_IMPLICIT_MOST_STAGES];
  work->family->weights(work, 1, weights);
  ude_erk_combine(block, work->family->from_u ? work->u_dot : NULL, 1, weights, work->stages,
                  work->stage_dot, directions->u_new_dot);
  const double *error = work->family->error_weights(work);
  if (directions->error_dot && error) {
    ude_erk_combine(block, NULL, 1, error, work->stages, work->stage_dot, directions->error_dot);
  }
  return code;
}

static int tangent_dense(void *pointer, ude_step *step, const ude_tangent *directions, double theta,
                         const double *theta_dot, double *out_dot) {
  ude_implicit *work = pointer;
  double        weights[UDE_IMPLICIT_MOST_STAGES];
  (void)step;
  (void)theta_dot;
  work->family->weights(work, theta, weights);
  ude_erk_combine(work->n * directions->width, work->family->from_u ? work->u_dot : NULL, 1,
                  weights, work->stages, work->stage_dot, out_dot);
  return 0;
}

static void transpose_begin(void *pointer, bool times) {
  ude_implicit *work = pointer;
  (void)times;
  memset(work->stage_bar, 0, (size_t)(work->stages * work->n) * sizeof(double));
  memset(work->u_bar, 0, (size_t)work->n * sizeof(double));
}

static void add_bar(ude_implicit *work, const double *weights, bool from_u, const double *out_bar) {
  for (int i = 0; i < work->stages; i++) {
    for (int64_t l = 0; l < work->n && weights[i] != 0; l++) {
      work->stage_bar[i * work->n + l] += weights[i] * out_bar[l];
    }
  }
  for (int64_t l = 0; l < work->n && from_u; l++) {
    work->u_bar[l] += out_bar[l];
  }
}

static int transpose_dense(void *pointer, ude_step *step, double theta, const double *out_bar,
                           double *theta_bar) {
  ude_implicit *work = pointer;
  double        weights[UDE_IMPLICIT_MOST_STAGES];
  (void)step;
  (void)theta_bar;
  work->family->weights(work, theta, weights);
  add_bar(work, weights, work->family->from_u, out_bar);
  return 0;
}

static int transpose(void *pointer, ude_step *step, const ude_cotangent *cotangent) {
  ude_implicit *work = pointer;
  double        weights[UDE_IMPLICIT_MOST_STAGES];
  work->family->weights(work, 1, weights);
  add_bar(work, weights, work->family->from_u, cotangent->u_new_bar);
  const double *error = work->family->error_weights(work);
  if (cotangent->error_bar && error) {
    add_bar(work, error, false, cotangent->error_bar);
  }
  int code = work->family->transpose(work, step, work->stage_bar, work->u_bar, cotangent->p_bar);
  count(work, step->stats);
  memcpy(cotangent->u_bar, work->u_bar, (size_t)work->n * sizeof(double));
  return code;
}

bool ude_implicit_needs_hessian(const ude_method *method) {
  return method->open == open_work &&
         ((const ude_implicit_data *)method->data)->family == &ude_family_rosenbrock;
}

/* ------------------------------------------------------------------------------------- the table -- */

#define IMPLICIT(title, p, exponent, pdense, kept, family_name, tableau)    \
  {.name            = (title),                                              \
   .order           = (p),                                                  \
   .error_order     = (exponent),                                           \
   .dense_order     = (pdense),                                             \
   .stability       = (double)INFINITY,                                     \
   .hold            = (kept),                                               \
   .implicit        = true,                                                 \
   .takes_mass      = true,                                                 \
   .data            = &(const ude_implicit_data){(family_name), (tableau)}, \
   .open            = open_work,                                            \
   .close           = close_work,                                           \
   .start           = start,                                                \
   .attempt         = attempt,                                              \
   .accept          = accept,                                               \
   .reject          = reject,                                               \
   .dense           = dense,                                                \
   .stiffness       = stiffness,                                            \
   .lend            = lend,                                                 \
   .take_back       = take_back,                                            \
   .reserve         = reserve,                                              \
   .replay          = replay,                                               \
   .tangent         = tangent,                                              \
   .tangent_dense   = tangent_dense,                                        \
   .transpose_begin = transpose_begin,                                      \
   .transpose_dense = transpose_dense,                                      \
   .transpose       = transpose}

const ude_method ude_method_rosenbrock23 =
    IMPLICIT("rosenbrock23", 2, 3, 2, 0, &ude_family_rosenbrock, &ude_rosenbrock23);
const ude_method ude_method_rodas4 =
    IMPLICIT("rodas4", 4, 4, 3, 0, &ude_family_rosenbrock, &ude_rodas4);
const ude_method ude_method_rodas5p =
    IMPLICIT("rodas5p", 5, 5, 4, 0, &ude_family_rosenbrock, &ude_rodas5p);
const ude_method ude_method_trbdf2 =
    IMPLICIT("trbdf2", 2, 3, 2, 1.2, &ude_family_sdirk, &ude_trbdf2);
const ude_method ude_method_kencarp4 =
    IMPLICIT("kencarp4", 4, 4, 3, 1.2, &ude_family_sdirk, &ude_kencarp4);
const ude_method ude_method_radau = IMPLICIT("radau", 5, 4, 3, 1.2, &ude_family_radau, NULL);
