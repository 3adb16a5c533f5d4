/* Dense Jacobians of a map from its products. */
#include <stdlib.h>
#include <string.h>

#include <ude/vector_field.h>

static ude_status failed(const char *product, int code, ude_error *error) {
  return ude_fail(error, UDE_NUMERICAL, "Jacobian: the %s reported failure %d", product, code);
}

/* Row i of J is J^T e_i transposed. */
static ude_status by_rows(const ude_map *map, int64_t columns, const double *u, const double *p,
                          double t, bool wrt_param, double *jacobian, ude_error *error) {
  double *y_bar = ude_calloc((size_t)map->rows, sizeof *y_bar);
  if (!y_bar) {
    return ude_fail_memory(error, "the seed of a Jacobian row");
  }
  memset(jacobian, 0, (size_t)(map->rows * columns) * sizeof *jacobian);
  int code = 0;
  for (int64_t i = 0; i < map->rows && code == 0; i++) {
    double *row = jacobian + i * columns;
    y_bar[i]    = 1;
    code        = map->vjp(u, p, t, y_bar, wrt_param ? NULL : row, wrt_param ? row : NULL, NULL,
                           map->context);
    y_bar[i]    = 0;
  }
  free(y_bar);
  return code ? failed("vjp", code, error) : UDE_OK;
}

/* `width` columns at a time: J [e_j ... e_(j+width-1)]. */
static ude_status by_columns(const ude_map *map, int64_t columns, const double *u, const double *p,
                             double t, bool wrt_param, double *jacobian, ude_error *error) {
  bool       wide  = map->jvp_wide != NULL && (columns > 1 || !map->jvp);
  int64_t    width = wide ? map->width : 1;
  ude_jvp_fn jvp   = wide ? map->jvp_wide : map->jvp;
  double    *seed  = ude_calloc((size_t)(columns * width), sizeof *seed);
  double    *y     = ude_calloc((size_t)map->rows, sizeof *y);
  double    *y_dot = ude_calloc((size_t)(map->rows * width), sizeof *y_dot);
  ude_status status =
      seed && y && y_dot ? UDE_OK : ude_fail_memory(error, "the tangents of a Jacobian");
  for (int64_t first = 0; first < columns && status == UDE_OK; first += width) {
    int64_t lanes = columns - first < width ? columns - first : width;
    for (int64_t lane = 0; lane < lanes; lane++) {
      seed[(first + lane) * width + lane] = 1;
    }
    int code = jvp(y, y_dot, u, wrt_param ? NULL : seed, p, wrt_param ? seed : NULL, t, NULL,
                   map->context);
    for (int64_t lane = 0; lane < lanes; lane++) {
      seed[(first + lane) * width + lane] = 0;
      for (int64_t i = 0; i < map->rows; i++) {
        jacobian[i * columns + first + lane] = y_dot[i * width + lane];
      }
    }
    status = code ? failed("jvp", code, error) : UDE_OK;
  }
  free(seed);
  free(y);
  free(y_dot);
  return status;
}

ude_status ude_jacobian(const ude_map *map, int64_t param_count, const double *u, const double *p,
                        double t, bool wrt_param, bool reverse, double *jacobian,
                        ude_error *error) {
  int64_t columns = wrt_param ? param_count : map->columns;
  if (reverse ? !map->vjp : !(map->jvp || map->jvp_wide)) {
    return ude_fail(error, UDE_UNSUPPORTED, "Jacobian: the map has no %s", reverse ? "vjp" : "jvp");
  }
  return reverse ? by_rows(map, columns, u, p, t, wrt_param, jacobian, error)
                 : by_columns(map, columns, u, p, t, wrt_param, jacobian, error);
}
