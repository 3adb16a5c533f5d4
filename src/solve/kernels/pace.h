/**
 * @file pace.h
 * @brief What the kernels share: the size of the next attempt and what follows from its error (as loop_method.c and control.c), and
 *        the march's account. Inline, so that a pace's members are registers.
 */
#ifndef UDE_SOLVE_KERNELS_PACE_H
#define UDE_SOLVE_KERNELS_PACE_H

#include "solve/kernel.h"
#include "solve/step_size.h"

#define UNROLLED _Pragma("clang loop unroll(full)")
#define INLINE static inline __attribute__((always_inline))

typedef struct pace {
  double         t, h, tried;
  ude_controller controller;
  int64_t        steps, rejected;
} pace;

INLINE pace pace_begin(const ude_march *m) {
  return (pace){.t = m->t, .h = m->h, .tried = m->tried, .controller = m->controller};
}

/* The next attempt; false: it is the method's, for it is too small or one too many. */
INLINE bool pace_attempt(const ude_march *m, const pace *at, double *step, double *t_next) {
  double rest     = fabs(m->t1 - at->t);
  double smallest = ude_smallest(at->t);
  double most     = m->max_step > 0 ? m->max_step : rest;
  smallest        = smallest > m->min_step ? smallest : m->min_step;
  if (at->steps + at->rejected >= m->attempts || at->h <= smallest || at->tried <= smallest) {
    return false;
  }
  double size  = at->h < most ? at->h : most;
  bool   final = size * 1.01 >= rest;
  *step        = m->direction * (final ? rest : size);
  *t_next      = final ? m->t1 : at->t + *step;
  return *t_next != at->t;
}

/* After an attempt whose error, finite, is too large; error: the square of its norm. */
INLINE void pace_reject(ude_march *m, pace *at, double error, double step) {
  at->rejected++;
  m->norm   = sqrt(error);
  at->tried = fabs(step);
  at->h     = ude_step_reject(&at->controller, 0.5 * ude_step_log2(error), at->tried);
}

INLINE void pace_accept(pace *at, double error, double step) {
  at->steps++;
  at->tried = fabs(step);
  at->h     = ude_step_accept(&at->controller, 0.5 * ude_step_log2(error), at->tried);
}

/* Is the step to t_next, counted already, the loop's to accept? */
INLINE bool pace_is_done(const ude_march *m, const pace *at, double t_next) {
  return m->direction * (m->until - t_next) <= 0 || t_next == m->t1 || at->steps >= m->accepts;
}

INLINE void pace_end(ude_march *m, const pace *at, int calm_or_stiff) {
  m->t           = at->t;
  m->h           = at->h;
  m->tried       = at->tried;
  m->controller  = at->controller;
  m->steps       = at->steps;
  m->rejected    = at->rejected;
  m->stiff_steps = calm_or_stiff;
}

#endif
