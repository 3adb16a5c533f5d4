/* Events of a field with the running cost as one more state, which they leave alone. */
#include <stdlib.h>
#include <string.h>

#include "sensitivity/engine.h"

static int roots_value(double *g, const double *u, const double *p, double t, void *context) {
  const ude_map *roots = &((ude_augmented *)context)->inner->events.roots;
  return roots->value(g, u, p, t, roots->context);
}

static int roots_jvp(double *g, double *g_dot, const double *u, const double *u_dot,
                     const double *p, const double *p_dot, double t, const double *t_dot,
                     void *context) {
  const ude_map *roots = &((ude_augmented *)context)->inner->events.roots;
  return roots->jvp(g, g_dot, u, u_dot, p, p_dot, t, t_dot, roots->context);
}

static int roots_vjp(const double *u, const double *p, double t, const double *g_bar, double *u_bar,
                     double *p_bar, double *t_bar, void *context) {
  const ude_map *roots = &((ude_augmented *)context)->inner->events.roots;
  return roots->vjp(u, p, t, g_bar, u_bar, p_bar, t_bar, roots->context);
}

/* (u, cost, event) to (u, event), in `to`. */
static const double *without_cost(int64_t n, const double *u, double *to) {
  if (n > 0) {
    memcpy(to, u, (size_t)n * sizeof *u);
  }
  to[n] = u[n + 1];
  return to;
}

static int affect_value(double *y, const double *u, const double *p, double t, void *context) {
  ude_augmented *of     = context;
  const ude_map *affect = &of->inner->events.affect;
  int64_t        n      = of->inner->state.count;
  y[n]                  = u[n];
  return affect->value(y, without_cost(n, u, of->before), p, t, affect->context);
}

static int affect_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                      const double *p, const double *p_dot, double t, const double *t_dot,
                      void *context) {
  ude_augmented *of     = context;
  const ude_map *affect = &of->inner->events.affect;
  int64_t        n      = of->inner->state.count;
  y[n]                  = u[n];
  y_dot[n]              = u_dot ? u_dot[n] : 0;
  return affect->jvp(y, y_dot, without_cost(n, u, of->before),
                     u_dot ? without_cost(n, u_dot, of->after) : NULL, p, p_dot, t, t_dot,
                     affect->context);
}

static int affect_vjp(const double *u, const double *p, double t, const double *y_bar,
                      double *u_bar, double *p_bar, double *t_bar, void *context) {
  ude_augmented *of     = context;
  const ude_map *affect = &of->inner->events.affect;
  int64_t        n      = of->inner->state.count;
  memset(of->after, 0, (size_t)(n + 1) * sizeof *of->after);
  int code = affect->vjp(without_cost(n, u, of->before), p, t, y_bar, of->after, p_bar, t_bar,
                         affect->context);
  for (int64_t l = 0; u_bar && l < n; l++) {
    u_bar[l] += of->after[l];
  }
  if (u_bar) {
    u_bar[n] += y_bar[n];
  }
  return code;
}

ude_status ude_augmented_events(ude_augmented *augmented, ude_error *error) {
  const ude_events *inner = &augmented->inner->events;
  ude_events       *to    = &augmented->field.events;
  int64_t           n     = augmented->inner->state.count;
  *to                     = *inner;
  if (inner->roots.value) {
    to->roots = (ude_map){.rows    = inner->count,
                          .columns = n + 1,
                          .value   = roots_value,
                          .jvp     = inner->roots.jvp ? roots_jvp : NULL,
                          .vjp     = inner->roots.vjp ? roots_vjp : NULL,
                          .context = augmented};
  }
  if (inner->affect.value) {
    to->affect        = (ude_map){.rows    = n + 1,
                                  .columns = n + 2,
                                  .value   = affect_value,
                                  .jvp     = inner->affect.jvp ? affect_jvp : NULL,
                                  .vjp     = inner->affect.vjp ? affect_vjp : NULL,
                                  .context = augmented};
    augmented->before = ude_calloc((size_t)n + 1, sizeof *augmented->before);
    augmented->after  = ude_calloc((size_t)n + 1, sizeof *augmented->after);
    if (!augmented->before || !augmented->after) {
      return ude_fail_memory(error, "events beside the running cost");
    }
  }
  return UDE_OK;
}
