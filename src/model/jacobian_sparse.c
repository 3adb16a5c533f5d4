/* Sparse Jacobians of a map from coloured products. */
#include <stdlib.h>
#include <string.h>

#include <ude/vector_field.h>

typedef struct point {
  const ude_map *map;
  const double  *u, *p;
  double         t;
  bool           wrt_param;
  double        *y;
  double        *column; /**< [largest count] one seed or result at a time */
  int64_t        columns, rows;
} point;

/* J seed: in one call where the map takes that many, else one by one. */
static int product(const double *seed, int64_t width, double *out, void *context) {
  const point   *at  = context;
  const ude_map *map = at->map;
  if (width == 1 || (width == map->width && map->jvp_wide)) {
    ude_jvp_fn jvp = width == 1 ? map->jvp : map->jvp_wide;
    return jvp(at->y, out, at->u, at->wrt_param ? NULL : seed, at->p, at->wrt_param ? seed : NULL,
               at->t, NULL, map->context);
  }
  double *dot = at->column + at->columns;
  for (int64_t k = 0; k < width; k++) {
    for (int64_t j = 0; j < at->columns; j++) {
      at->column[j] = seed[j * width + k];
    }
    int failed = map->jvp(at->y, dot, at->u, at->wrt_param ? NULL : at->column, at->p,
                          at->wrt_param ? at->column : NULL, at->t, NULL, map->context);
    if (failed) {
      return failed;
    }
    for (int64_t i = 0; i < at->rows; i++) {
      out[i * width + k] = dot[i];
    }
  }
  return 0;
}

static int transposed(const double *seed, int64_t width, double *out, void *context) {
  const point   *at  = context;
  const ude_map *map = at->map;
  double        *bar = at->column + at->columns;
  for (int64_t k = 0; k < width; k++) {
    for (int64_t i = 0; i < at->rows; i++) {
      bar[i] = seed[i * width + k];
    }
    memset(at->column, 0, (size_t)at->columns * sizeof *at->column);
    int failed = map->vjp(at->u, at->p, at->t, bar, at->wrt_param ? NULL : at->column,
                          at->wrt_param ? at->column : NULL, NULL, map->context);
    if (failed) {
      return failed;
    }
    for (int64_t j = 0; j < at->columns; j++) {
      out[j * width + k] = at->column[j];
    }
  }
  return 0;
}

ude_status ude_jacobian_sparse(const ude_map *map, int64_t param_count, const double *u,
                               const double *p, double t, bool wrt_param,
                               const ude_pattern *pattern, const ude_colouring *colouring,
                               double *values, ude_error *error) {
  int64_t columns = wrt_param ? param_count : map->columns;
  if (pattern->rows != map->rows || pattern->columns != columns) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "the pattern is %lld x %lld, but the Jacobian %lld x %lld",
                    (long long)pattern->rows, (long long)pattern->columns, (long long)map->rows,
                    (long long)columns);
  }
  if ((colouring->column_colours > 0 && !map->jvp) || (colouring->row_colours > 0 && !map->vjp)) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "a Jacobian from coloured %s needs %s, which the model does not have",
                    map->jvp ? "rows" : "columns", map->jvp ? "vjp" : "jvp");
  }
  point at  = {.map       = map,
               .u         = u,
               .p         = p,
               .t         = t,
               .wrt_param = wrt_param,
               .columns   = columns,
               .rows      = map->rows};
  at.y      = ude_calloc((size_t)map->rows, sizeof *at.y);
  at.column = ude_calloc((size_t)(columns + map->rows), sizeof *at.column);
  ude_status status =
      at.y && at.column
          ? ude_compressed(pattern, colouring, product, transposed, &at,
                           map->jvp_wide && map->width > 1 ? map->width : 1, values, error)
          : ude_fail_memory(error, "a sparse Jacobian");
  free(at.y);
  free(at.column);
  return status;
}
