/* A field whose parameters hold the start and the size of a step. */
#include "sensitivity/timed.h"

#include <stdlib.h>
#include <string.h>

static double stretched(const ude_timed *w, const double *p, double t) {
  return t + p[w->np] + (p[w->np + 1] - 1) * (t - w->t_n);
}

static void scale(const ude_timed *w, double s, double *y) {
  for (int64_t l = 0; l < w->n; l++) {
    y[l] *= s;
  }
}

static int value(double *y, const double *u, const double *p, double t, void *context) {
  const ude_timed_map *map  = context;
  const ude_timed     *w    = map->of;
  int                  code = map->inner->value(y, u, p, stretched(w, p, t), map->inner->context);
  scale(w, p[w->np + 1], y);
  return code;
}

/* Directions of the stretched time. */
static const double *time_dot(ude_timed *w, int64_t width, const double *p, const double *p_dot,
                              double t, const double *t_dot) {
  for (int64_t k = 0; k < width; k++) {
    w->t_dot[k] = t_dot ? p[w->np + 1] * t_dot[k] : 0;
    if (p_dot) {
      w->t_dot[k] += p_dot[w->np * width + k] + p_dot[(w->np + 1) * width + k] * (t - w->t_n);
    }
  }
  return w->t_dot;
}

static int tangent(ude_jvp_fn jvp, int64_t width, double *y, double *y_dot, const double *u,
                   const double *u_dot, const double *p, const double *p_dot, double t,
                   const double *t_dot, const ude_timed_map *map) {
  ude_timed    *w   = map->of;
  double        s   = p[w->np + 1];
  const double *dot = time_dot(w, width, p, p_dot, t, t_dot);
  int code = jvp(y, y_dot, u, u_dot, p, p_dot, stretched(w, p, t), dot, map->inner->context);
  for (int64_t l = 0; l < w->n; l++) {
    for (int64_t k = 0; k < width; k++) {
      double s_dot         = p_dot ? p_dot[(w->np + 1) * width + k] : 0;
      y_dot[l * width + k] = s * y_dot[l * width + k] + s_dot * y[l];
    }
  }
  scale(w, s, y);
  return code;
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_timed_map *map = context;
  return tangent(map->inner->jvp, 1, y, y_dot, u, u_dot, p, p_dot, t, t_dot, map);
}

static int jvp_wide(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  const ude_timed_map *map = context;
  return tangent(map->inner->jvp_wide, map->inner->width, y, y_dot, u, u_dot, p, p_dot, t, t_dot,
                 map);
}

/* a = 0 and s = 1 from here on: they are where derivatives are taken. */
static int vjp(const double *u, const double *p, double t, const double *y_bar, double *u_bar,
               double *p_bar, double *t_bar, void *context) {
  const ude_timed_map *map   = context;
  ude_timed           *w     = map->of;
  const ude_map       *inner = map->inner;
  double               bar   = 0;
  int                  code  = inner->vjp(u, p, t, y_bar, u_bar, p_bar, &bar, inner->context);
  if (t_bar) {
    *t_bar += bar;
  }
  if (p_bar && code == 0) {
    code = inner->value(w->y, u, p, t, inner->context);
    p_bar[w->np] += bar;
    p_bar[w->np + 1] += bar * (t - w->t_n);
    for (int64_t l = 0; l < w->n; l++) {
      p_bar[w->np + 1] += y_bar[l] * w->y[l];
    }
  }
  return code;
}

static double along(int64_t n, int64_t width, int64_t k, const double *bar, const double *dot) {
  double sum = 0;
  for (int64_t l = 0; dot && l < n; l++) {
    sum += bar[l] * dot[l * width + k];
  }
  return sum;
}

/* With g = y_bar . f and T the stretched time: the derivatives of s g(u, p, T) along the directions. */
static int second(ude_hvp_fn hvp, int64_t width, const double *u, const double *u_dot,
                  const double *p, const double *p_dot, double t, const double *t_dot,
                  const double *y_bar, double *u_bar_dot, double *p_bar_dot, double *t_bar_dot,
                  const ude_timed_map *map) {
  ude_timed     *w       = map->of;
  const ude_map *inner   = map->inner;
  const double  *dot     = time_dot(w, width, p, p_dot, t, t_dot);
  const double  *s_dot   = p_dot ? p_dot + (w->np + 1) * width : NULL;
  double        *g_t_dot = w->t_dot + width;
  double         g_t     = 0;
  memset(g_t_dot, 0, (size_t)width * sizeof *g_t_dot);
  int code = hvp(u, u_dot, p, p_dot, t, dot, y_bar, u_bar_dot, p_bar_dot, g_t_dot, inner->context);
  if (code || (!s_dot && !p_bar_dot)) {
    for (int64_t k = 0; code == 0 && t_bar_dot && k < width; k++) {
      t_bar_dot[k] += g_t_dot[k];
    }
    return code;
  }
  for (int64_t l = 0; l < w->n; l++) {
    w->u_bar[l] = 0;
    w->y[l]     = y_bar ? y_bar[l] : 1;
  }
  memset(w->p_bar, 0, (size_t)w->np * sizeof *w->p_bar);
  code = inner->vjp(u, p, t, w->y, w->u_bar, w->p_bar, &g_t, inner->context);
  for (int64_t k = 0; k < width; k++) {
    double s = s_dot ? s_dot[k] : 0;
    for (int64_t l = 0; u_bar_dot && l < w->n; l++) {
      u_bar_dot[l * width + k] += s * w->u_bar[l];
    }
    for (int64_t l = 0; p_bar_dot && l < w->np; l++) {
      p_bar_dot[l * width + k] += s * w->p_bar[l];
    }
    if (t_bar_dot) {
      t_bar_dot[k] += g_t_dot[k] + 2 * s * g_t;
    }
    if (p_bar_dot) {
      double since = t - w->t_n;
      double g_dot = along(w->n, width, k, w->u_bar, u_dot) +
                     along(w->np, width, k, w->p_bar, p_dot) + g_t * dot[k];
      p_bar_dot[w->np * width + k] += g_t_dot[k] + s * g_t;
      p_bar_dot[(w->np + 1) * width + k] +=
          g_dot + since * (s * g_t + g_t_dot[k]) + (t_dot ? g_t * t_dot[k] : 0);
    }
  }
  return code;
}

static int hvp(const double *u, const double *u_dot, const double *p, const double *p_dot, double t,
               const double *t_dot, const double *y_bar, double *u_bar_dot, double *p_bar_dot,
               double *t_bar_dot, void *context) {
  const ude_timed_map *map = context;
  return second(map->inner->hvp, 1, u, u_dot, p, p_dot, t, t_dot, y_bar, u_bar_dot, p_bar_dot,
                t_bar_dot, map);
}

static int hvp_wide(const double *u, const double *u_dot, const double *p, const double *p_dot,
                    double t, const double *t_dot, const double *y_bar, double *u_bar_dot,
                    double *p_bar_dot, double *t_bar_dot, void *context) {
  const ude_timed_map *map = context;
  return second(map->inner->hvp_wide, map->inner->width, u, u_dot, p, p_dot, t, t_dot, y_bar,
                u_bar_dot, p_bar_dot, t_bar_dot, map);
}

/* ------------------------------------------------------------------------------------- life -- */

void ude_timed_close(ude_timed *timed) {
  if (timed) {
    free(timed->t_dot);
    free(timed->y);
    free(timed->u_bar);
    free(timed->p_bar);
    free(timed);
  }
}

ude_status ude_timed_open(const ude_vector_field *inner, ude_timed **timed, ude_error *error) {
  ude_timed *made = ude_calloc(1, sizeof *made);
  *timed          = NULL;
  if (!made) {
    return ude_fail_memory(error, "derivatives by time");
  }
  const ude_map *const from[UDE_TIMED_MAPS] = {&inner->rhs, &inner->rhs_explicit,
                                               &inner->rhs_implicit};
  ude_map *const       to[UDE_TIMED_MAPS]   = {&made->field.rhs, &made->field.rhs_explicit,
                                               &made->field.rhs_implicit};
  int64_t              width                = 1;
  made->n                                   = inner->state.count;
  made->np                                  = inner->param.count;
  made->field = (ude_vector_field){.name = inner->name, .state = inner->state, .mass = inner->mass};
  made->field.param.count = made->np + UDE_TIMED_EXTRA;
  for (int i = 0; i < UDE_TIMED_MAPS; i++) {
    if (from[i]->value) {
      made->map[i] = (ude_timed_map){from[i], made};
      *to[i]       = (ude_map){.rows     = from[i]->rows,
                               .columns  = from[i]->columns,
                               .value    = value,
                               .jvp      = from[i]->jvp ? jvp : NULL,
                               .jvp_wide = from[i]->jvp_wide ? jvp_wide : NULL,
                               .width    = from[i]->width,
                               .vjp      = from[i]->vjp ? vjp : NULL,
                               .hvp      = from[i]->hvp && from[i]->vjp ? hvp : NULL,
                               .hvp_wide = from[i]->hvp_wide && from[i]->vjp ? hvp_wide : NULL,
                               .pattern  = from[i]->pattern,
                               .context  = &made->map[i]};
      width        = from[i]->width > width ? from[i]->width : width;
    }
  }
  made->t_dot = ude_calloc((size_t)width, 2 * sizeof(double));
  made->y     = ude_calloc((size_t)made->n, sizeof(double));
  made->u_bar = ude_calloc((size_t)made->n, sizeof(double));
  made->p_bar = ude_calloc((size_t)made->np, sizeof(double));
  if (!made->t_dot || !made->y || !made->u_bar || !made->p_bar) {
    ude_timed_close(made);
    return ude_fail_memory(error, "derivatives by time");
  }
  *timed = made;
  return UDE_OK;
}
