/* Jacobians by products with seeds: unit vectors, or sums of them over the columns of a colour. */
#include "solve/jacobian.h"

#include <stdlib.h>
#include <string.h>

void ude_jacobian_plan_free(ude_jacobian_plan *plan) {
  free(plan->start);
  free(plan->row);
  free(plan->colour);
  free(plan->seed);
  free(plan->y_dot);
  free(plan->y);
  free(plan->t_dot);
  free(plan->row_bar);
  *plan = (ude_jacobian_plan){0};
}

static int64_t colour_of(const ude_jacobian_plan *plan, int64_t column) {
  return plan->colour ? plan->colour[column] : column;
}

/* Ones (or zeros again) at the columns whose colour is in first..first+width-1. */
static void set_seeds(ude_jacobian_plan *plan, int64_t first, double value) {
  int64_t end = plan->colour || first + plan->width > plan->n ? plan->n : first + plan->width;
  for (int64_t c = plan->colour ? 0 : first; c < end; c++) {
    int64_t lane = colour_of(plan, c) - first;
    if (lane >= 0 && lane < plan->width) {
      plan->seed[c * plan->width + lane] = value;
    }
  }
}

/* The pattern by columns, and colours for them. */
static ude_status take_pattern(ude_jacobian_plan *plan, const ude_pattern *pattern,
                               ude_error *error) {
  ude_pattern   columns   = {0};
  ude_colouring colouring = {0};
  ude_status    status    = ude_pattern_transpose(pattern, &columns, NULL, error);
  status =
      status ? status : ude_colour(pattern, UDE_COLOUR_COLUMNS, UDE_ORDER_BEST, &colouring, error);
  plan->start      = columns.start;
  plan->row        = columns.index;
  plan->colour     = colouring.column;
  plan->colours    = colouring.column_colours;
  colouring.column = NULL;
  ude_colouring_free(&colouring);
  return status;
}

ude_status ude_jacobian_plan_make(const ude_map *map, ude_jacobian_plan *plan, ude_error *error) {
  int64_t n = map->columns;
  *plan     = (ude_jacobian_plan){.map = map, .n = n, .colours = n};
  if (!map->jvp && !map->jvp_wide && !map->vjp) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "implicit methods need the Jacobian: give rhs.jvp (or jvp_wide, or vjp), or "
                    "choose an explicit method such as tsit5");
  }
  ude_status status = map->pattern ? take_pattern(plan, map->pattern, error) : UDE_OK;
  plan->width       = map->jvp_wide && (plan->colours > 1 || !map->jvp) ? map->width : 1;
  size_t block      = (size_t)(n * plan->width);
  bool   by_rows    = !map->jvp && !map->jvp_wide;
  plan->seed        = ude_calloc(block, sizeof(double));
  plan->y_dot       = ude_calloc(block, sizeof(double));
  plan->y           = ude_calloc((size_t)n, sizeof(double));
  plan->t_dot       = ude_calloc((size_t)plan->width, sizeof(double));
  plan->row_bar     = by_rows ? ude_calloc((size_t)n, sizeof(double)) : NULL;
  if (status == UDE_OK &&
      (!plan->seed || !plan->y_dot || !plan->y || !plan->t_dot || (by_rows && !plan->row_bar))) {
    status = ude_fail_memory(error, "a Jacobian");
  }
  if (status) {
    ude_jacobian_plan_free(plan);
    return status;
  }
  if (plan->colours <= plan->width) {
    set_seeds(plan, 0, 1); /* one block: they stay */
  }
  return UDE_OK;
}

/* Lanes of one block into their places. */
static void take(const ude_jacobian_plan *plan, int64_t first, double *jacobian) {
  int64_t n     = plan->n;
  int64_t width = plan->width;
  if (!plan->colour) {
    int64_t lanes = n - first < width ? n - first : width;
    for (int64_t r = 0; r < n; r++) {
      for (int64_t lane = 0; lane < lanes; lane++) {
        jacobian[r * n + first + lane] = plan->y_dot[r * width + lane];
      }
    }
    return;
  }
  for (int64_t c = 0; c < n; c++) {
    int64_t lane = plan->colour[c] - first;
    for (int64_t e = plan->start[c]; e < plan->start[c + 1] && lane >= 0 && lane < width; e++) {
      jacobian[e] = plan->y_dot[plan->row[e] * width + lane];
    }
  }
}

/* Without forward products: row i of J is J^T e_i. */
static int by_rows(ude_jacobian_plan *plan, const double *u, const double *p, double t, double *f,
                   double *jacobian, double *f_t, int64_t *calls) {
  const ude_map *map  = plan->map;
  int64_t        n    = plan->n;
  int            code = f ? map->value(f, u, p, t, map->context) : 0;
  *calls += n + (f ? 1 : 0);
  for (int64_t i = 0; i < n && code == 0; i++) {
    double t_bar = 0;
    memset(plan->y, 0, (size_t)n * sizeof *plan->y);
    plan->row_bar[i] = 1;
    code = map->vjp(u, p, t, plan->row_bar, plan->y, NULL, f_t ? &t_bar : NULL, map->context);
    plan->row_bar[i] = 0;
    if (f_t) {
      f_t[i] = t_bar;
    }
    for (int64_t c = 0; c < n; c++) {
      if (!plan->start) {
        jacobian[i * n + c] = plan->y[c];
        continue;
      }
      for (int64_t e = plan->start[c]; e < plan->start[c + 1]; e++) {
        if (plan->row[e] == i) {
          jacobian[e] = plan->y[c];
        }
      }
    }
  }
  return code;
}

int ude_jacobian_evaluate(ude_jacobian_plan *plan, const double *u, const double *p, double t,
                          double *f, double *jacobian, double *f_t, int64_t *calls) {
  const ude_map *map = plan->map;
  if (!map->jvp && !map->jvp_wide) {
    return by_rows(plan, u, p, t, f, jacobian, f_t, calls);
  }
  ude_jvp_fn jvp  = plan->width == 1 && map->jvp ? map->jvp : map->jvp_wide;
  bool       one  = plan->colours <= plan->width;
  bool    time_in = f_t && plan->colours % plan->width != 0; /* a lane of the last block is free */
  int     code    = 0;
  double *y       = f ? f : plan->y;
  for (int64_t first = 0; first < plan->colours && code == 0; first += plan->width) {
    bool    last = first + plan->width >= plan->colours;
    int64_t lane = plan->colours - first;
    if (!one) {
      set_seeds(plan, first, 1);
    }
    if (last && time_in) {
      plan->t_dot[lane] = 1;
    }
    code = jvp(y, plan->y_dot, u, plan->seed, p, NULL, t, last && time_in ? plan->t_dot : NULL,
               map->context);
    *calls += plan->width == 1 ? 1 : 2;
    if (!one) {
      set_seeds(plan, first, 0);
    }
    take(plan, first, jacobian);
    for (int64_t r = 0; r < plan->n && last && time_in; r++) {
      f_t[r] = plan->y_dot[r * plan->width + lane];
    }
    if (last && time_in) {
      plan->t_dot[lane] = 0;
    }
  }
  if (code == 0 && f_t && !time_in) {
    double one_dot = 1;
    if (map->jvp) {
      code = map->jvp(y, f_t, u, NULL, p, NULL, t, &one_dot, map->context);
    } else {
      plan->t_dot[0] = 1;
      code = map->jvp_wide(y, plan->y_dot, u, NULL, p, NULL, t, plan->t_dot, map->context);
      plan->t_dot[0] = 0;
      for (int64_t r = 0; r < plan->n; r++) {
        f_t[r] = plan->y_dot[r * plan->width];
      }
    }
    *calls += 1;
  }
  return code;
}
