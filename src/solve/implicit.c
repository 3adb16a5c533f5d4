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
                            work->stage_bar, work->u_bar, work->extra,     work->damped};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    free(blocks[i]);
  }
  if (work->has_radius) {
    ude_radius_close(&work->radius);
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

ude_status ude_implicit_damped(ude_implicit *work, const ude_map *map, const char *name,
                               ude_error *error) {
  ude_status status = ude_damped_can_differentiate(map, name, error);
  int64_t    width  = work->width > 0 ? work->width : 1;
  size_t     needed = (size_t)(4 * work->n * width) + ude_second_work(work->n, work->np, width);
  if (status || needed <= work->damped_size) {
    return status;
  }
  double *grown     = ude_realloc(work->damped, needed, sizeof *grown);
  work->damped      = grown ? grown : work->damped;
  work->damped_size = grown ? needed : work->damped_size;
  return grown ? UDE_OK : ude_fail_memory(error, "derivatives of error estimates");
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
  if (work->has_radius) {
    return ude_radius_value(&work->radius, step->t, step->u, step->p);
  }
  return work->marched ? work->marched_radius
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
  work->marched        = ended == UDE_MARCH_ACCEPTED;
  work->marched_radius = march->radius;
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

static ude_status estimates(void *pointer, bool error_estimate, bool stiffness_estimate,
                            ude_error *error) {
  ude_implicit *work   = pointer;
  ude_status    status = UDE_OK;
  if (error_estimate && work->family->reserve_error) {
    status = work->family->reserve_error(work, error);
  }
  if (status == UDE_OK && stiffness_estimate && !work->has_radius) {
    status           = ude_radius_open(&work->radius, work->family->stiff(work)->field, error);
    work->has_radius = status == UDE_OK;
  }
  return status;
}

static int radius_gradient(ude_implicit *work, const ude_step *step) {
  if (!work->has_radius) {
    return -1;
  }
  double value = ude_radius_value(&work->radius, step->t, step->u, step->p);
  return isnan(value) ? -1 : ude_radius_gradient(&work->radius, step->t, step->u, step->p);
}

static int radius_tangent(ude_implicit *work, const ude_step *step, const ude_tangent *to) {
  int code = radius_gradient(work, step);
  memset(to->stiffness_dot, 0, (size_t)to->width * sizeof *to->stiffness_dot);
  if (code) {
    return code;
  }
  for (int64_t e = 0; e < work->n * to->width; e++) { /* u_new_dot may be u_dot: the copy */
    to->stiffness_dot[e % to->width] += work->radius.by_u[e / to->width] * work->u_dot[e];
  }
  for (int64_t e = 0; e < work->np * to->width && to->p_dot; e++) {
    to->stiffness_dot[e % to->width] += work->radius.by_p[e / to->width] * to->p_dot[e];
  }
  return code;
}

static int radius_transpose(ude_implicit *work, const ude_step *step, const ude_cotangent *to) {
  int code = to->stiffness_bar != 0 ? radius_gradient(work, step) : 0;
  if (code || to->stiffness_bar == 0) {
    return code;
  }
  for (int64_t l = 0; l < work->n; l++) {
    work->u_bar[l] += to->stiffness_bar * work->radius.by_u[l];
  }
  for (int64_t l = 0; l < work->np && to->p_bar; l++) {
    to->p_bar[l] += to->stiffness_bar * work->radius.by_p[l];
  }
  return 0;
}

static int tangent(void *pointer, ude_step *step, const ude_tangent *directions) {
  ude_implicit *work  = pointer;
  int64_t       block = work->n * directions->width;
  if (directions->u_dot) {
    memcpy(work->u_dot, directions->u_dot, (size_t)block * sizeof(double));
  } else {
    memset(work->u_dot, 0, (size_t)block * sizeof(double));
  }
  const double *error = work->family->error_weights(work);
  int code = work->family->tangent(work, step, work->u_dot, directions->p_dot, directions->width,
                                   work->stage_dot, error ? NULL : directions->error_dot);
  count(work, step->stats);
  double weights[UDE_IMPLICIT_MOST_STAGES];
  work->family->weights(work, 1, weights);
  ude_erk_combine(block, work->family->from_u ? work->u_dot : NULL, 1, weights, work->stages,
                  work->stage_dot, directions->u_new_dot);
  if (directions->error_dot && error) {
    ude_erk_combine(block, NULL, 1, error, work->stages, work->stage_dot, directions->error_dot);
  }
  if (code == 0 && directions->stiffness_dot) {
    code = radius_tangent(work, step, directions);
  }
  return code;
}

/* Derivatives of the weights, which are polynomials of theta of a degree below NODES: that of their interpolant at theta and
 * Chebyshev points around it, where the derivative of the Lagrange polynomials is known to rounding (Berrut and Trefethen, SIAM Review 46, 2004). */
static void slopes(const ude_implicit *work, double theta, double *slope) {
  enum { NODES = 8 };
  static const double pi = 3.14159265358979323846;
  double              node[NODES];
  double              weights[UDE_IMPLICIT_MOST_STAGES];
  double              at[UDE_IMPLICIT_MOST_STAGES];
  work->family->weights(work, theta, at);
  for (int i = 0; i < work->stages; i++) {
    slope[i] = 0;
  }
  for (int j = 0; j < NODES; j++) {
    node[j] = cos((j + 0.5) * pi / (double)NODES); /* theta - 1 .. theta + 1 */
  }
  for (int j = 0; j < NODES; j++) {
    /* d/dx at 0 of the Lagrange polynomial of node j, with 0 as a node, too. */
    double factor = 1 / node[j];
    for (int k = 0; k < NODES; k++) {
      factor *= k == j ? 1 : -node[k] / (node[j] - node[k]);
    }
    work->family->weights(work, theta + node[j], weights);
    for (int i = 0; i < work->stages; i++) {
      slope[i] += factor * (weights[i] - at[i]);
    }
  }
}

static int tangent_dense(void *pointer, ude_step *step, const ude_tangent *directions, double theta,
                         const double *theta_dot, double *out_dot) {
  ude_implicit *work = pointer;
  double        weights[UDE_IMPLICIT_MOST_STAGES];
  (void)step;
  work->family->weights(work, theta, weights);
  ude_erk_combine(work->n * directions->width, work->family->from_u ? work->u_dot : NULL, 1,
                  weights, work->stages, work->stage_dot, out_dot);
  const double *stages = work->family->stages(work);
  if (theta_dot) {
    slopes(work, theta, weights);
  }
  for (int64_t l = 0; theta_dot && l < work->n; l++) {
    double slope = 0;
    for (int i = 0; i < work->stages; i++) {
      slope += weights[i] * stages[i * work->n + l];
    }
    for (int64_t w = 0; w < directions->width; w++) {
      out_dot[l * directions->width + w] += slope * theta_dot[w];
    }
  }
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
  work->family->weights(work, theta, weights);
  add_bar(work, weights, work->family->from_u, out_bar);
  if (theta_bar) {
    const double *stages = work->family->stages(work);
    slopes(work, theta, weights);
    for (int64_t l = 0; l < work->n; l++) {
      for (int i = 0; i < work->stages; i++) {
        *theta_bar += weights[i] * stages[i * work->n + l] * out_bar[l];
      }
    }
  }
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
  int code = radius_transpose(work, step, cotangent);
  code     = code ? code
                  : work->family->transpose(work, step, work->stage_bar,
                                        error ? NULL : cotangent->error_bar, work->u_bar,
                                            cotangent->p_bar);
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
   .estimates       = estimates,                                            \
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
