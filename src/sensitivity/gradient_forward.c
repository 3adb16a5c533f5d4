/* Gradients from tangents: of the recorded steps, or as sensitivity equations. */
#include <stdlib.h>
#include <string.h>

#include "sensitivity/gradient.h"
#include "solve/control.h"

/** Gradient by directions: the cotangents of all data times, then the tangents against them. */
typedef struct contraction {
  const double     *w; /**< [count + 1][n], the last row for the end state */
  int64_t           n, width, count;
  double           *gradient; /**< [directions] */
  const ude_moving *moving;   /**< NULL: the end does not move */
  double            t_bar;    /**< of the end */
} contraction;

static void contract(int64_t index, int64_t first, int64_t lanes, const double *u_dot,
                     void *context) {
  const contraction *to = context;
  const double      *w  = to->w + index * to->n;
  for (int64_t lane = 0; to->moving && index == to->count && lane < lanes; lane++) {
    to->gradient[first + lane] += to->t_bar * to->moving->t_dot[lane];
  }
  for (int64_t i = 0; i < to->n; i++) {
    for (int64_t lane = 0; lane < lanes; lane++) {
      to->gradient[first + lane] += w[i] * u_dot[i * to->width + lane];
    }
  }
}

/* Identity seeds: the first `n` directions are u0, then the parameters. */
ude_status ude_gradient_forward(const ude_gradient_task *in, double *u0_bar) {
  ude_engine *engine     = in->engine;
  int64_t     states     = u0_bar ? in->s->field->state.count : 0;
  int64_t     params     = in->p_bar ? engine->np : 0;
  int64_t     spans      = in->cost->t0_bar || in->cost->t1_bar ? 2 : 0;
  int64_t     directions = states + params + spans;
  double      t_bar      = 0;
  int64_t     count      = in->cost->count;
  double     *w          = ude_calloc((size_t)count + 1, (size_t)engine->n * sizeof *w);
  double     *gradient   = ude_calloc((size_t)directions, sizeof *gradient);
  double     *u0_dot     = ude_calloc((size_t)(engine->n * directions), sizeof *u0_dot);
  double     *p_dot      = ude_calloc((size_t)(engine->np * directions), sizeof *p_dot);
  double     *span_dot   = ude_calloc((size_t)directions, 2 * sizeof *span_dot);
  ude_status  status     = w && gradient && u0_dot && p_dot && span_dot
                               ? UDE_OK
                               : ude_fail_memory(in->error, "forward sensitivities");
  for (int64_t j = 0; j < count && status == UDE_OK; j++) {
    status = ude_gradient_cotangent(in, j, w + j * engine->n);
  }
  if (status == UDE_OK) {
    status = ude_gradient_end_cotangent(in, w + count * engine->n, &t_bar);
  }
  if (status == UDE_OK) {
    for (int64_t i = 0; i < states; i++) {
      u0_dot[i * directions + i] = 1;
    }
    for (int64_t i = 0; i < params; i++) {
      p_dot[i * directions + states + i] = 1;
    }
    for (int64_t i = 0; i < spans; i++) {
      span_dot[i * directions + states + params + i] = 1;
    }
    contraction to = {
        w, engine->n, engine->width, count, gradient, engine->moves ? engine->moving : NULL, t_bar};
    engine->estimate_gradient = gradient;
    status =
        ude_engine_moving_tangents(engine, u0_dot, in->p, params ? p_dot : NULL,
                                   spans ? span_dot : NULL, spans ? span_dot + directions : NULL,
                                   directions, in->cost->times, count, contract, &to, in->error);
  }
  if (status == UDE_OK) {
    for (int64_t i = 0; i < states; i++) {
      u0_bar[i] = gradient[i];
    }
    for (int64_t i = 0; i < params; i++) {
      in->p_bar[i] += gradient[states + i];
    }
    if (in->cost->t0_bar) {
      *in->cost->t0_bar = gradient[states + params];
    }
    if (in->cost->t1_bar) {
      *in->cost->t1_bar = gradient[states + params + 1];
    }
  }
  free(w);
  free(gradient);
  free(u0_dot);
  free(p_dot);
  free(span_dot);
  return status;
}

ude_status ude_gradient_continuous_forward(const ude_gradient_task *in, const double *u0,
                                           double *u0_bar, ude_solve_result *result) {
  ude_engine *engine  = in->engine;
  int64_t     n       = engine->n;
  int64_t     states  = u0_bar ? in->s->field->state.count : 0;
  int64_t     params  = in->p_bar ? engine->np : 0;
  int64_t     columns = states + params;
  int64_t     count   = in->cost->count;
  double     *u_dot   = ude_calloc((size_t)count + 1, (size_t)(n * columns) * sizeof *u_dot);
  if (!u_dot) {
    return ude_fail_memory(in->error, "forward sensitivities");
  }
  ude_gradient_start(in->s, engine, in->cost, u0);
  ude_solve_options solve = in->s->options.solve;
  if (solve.atol_vector) {
    solve.atol_vector = ude_integrator_setting(engine->integrator)->atol;
  }
  ude_status status =
      ude_engine_continuous_forward(engine, &solve, engine->w, in->p, states, params, in->t0,
                                    in->t1, in->cost->times, count, u_dot, result, in->error);
  double t_bar = 0; /* the end stays where it is */
  memset(u0_bar ? u0_bar : engine->w, 0, (size_t)(u0_bar ? states : n) * sizeof *u0_bar);
  for (int64_t i = 0; i <= count && status == UDE_OK; i++) {
    status = i < count ? ude_gradient_cotangent(in, i, engine->w)
                       : ude_gradient_end_cotangent(in, engine->w, &t_bar);
    for (int64_t c = 0; c < columns && status == UDE_OK; c++) {
      const double *column = u_dot + (i * columns + c) * n;
      double       *to     = c < states ? &u0_bar[c] : &in->p_bar[c - states];
      for (int64_t l = 0; l < n; l++) {
        *to += engine->w[l] * column[l];
      }
    }
  }
  free(u_dot);
  return status;
}
