/* Second derivatives in the tangents of implicit steps. */
#include "solve/second.h"

#include <string.h>

size_t ude_second_work(int64_t n, int64_t np, int64_t width) {
  return (size_t)(n * (3 + width) + width + np);
}

/* Row r of J' and of f_t': row_dot: [n][width], t_dot: [width], zeroed. Lane by lane where there is no product as wide. */
static int second_row(const ude_map *map, int64_t n, int64_t np, double t, const double *u,
                      const double *u_dot, const double *p, const double *p_dot, int64_t width,
                      const double *row_bar, double *row_dot, double *t_dot, double *lanes) {
  if (width == 1 || map->hvp_wide) {
    ude_hvp_fn hvp = width == 1 ? map->hvp : map->hvp_wide;
    return hvp(u, u_dot, p, p_dot, t, NULL, row_bar, row_dot, NULL, t_dot, map->context);
  }
  double *u_lane   = lanes;
  double *out_lane = lanes + n;
  double *p_lane   = lanes + 2 * n;
  int     code     = 0;
  for (int64_t lane = 0; lane < width && code == 0; lane++) {
    for (int64_t c = 0; c < n; c++) {
      u_lane[c]   = u_dot[c * width + lane];
      out_lane[c] = 0;
    }
    for (int64_t c = 0; c < np && p_dot; c++) {
      p_lane[c] = p_dot[c * width + lane];
    }
    code = map->hvp(u, u_lane, p, p_dot ? p_lane : NULL, t, NULL, row_bar, out_lane, NULL,
                    t_dot + lane, map->context);
    for (int64_t c = 0; c < n; c++) {
      row_dot[c * width + lane] = out_lane[c];
    }
  }
  return code;
}

int ude_second_add(const ude_map *map, int64_t n, int64_t np, double t, const double *u,
                   const double *u_dot, const double *p, const double *p_dot, int64_t width,
                   int count, const double *x, const double *times, double *out, double *work) {
  double *row_bar = work;
  double *row_dot = work + n;            /* [n][width] */
  double *t_dot   = row_dot + n * width; /* [width] */
  double *lanes   = t_dot + width;       /* [2 n + np] */
  memset(row_bar, 0, (size_t)n * sizeof *row_bar);
  for (int64_t r = 0; r < n; r++) {
    memset(row_dot, 0, (size_t)(n * width + width) * sizeof *row_dot);
    row_bar[r] = 1;
    int code = second_row(map, n, np, t, u, u_dot, p, p_dot, width, row_bar, row_dot, t_dot, lanes);
    row_bar[r] = 0;
    if (code) {
      return code;
    }
    for (int i = 0; i < count; i++) {
      double *row = out + (i * n + r) * width;
      for (int64_t lane = 0; lane < width; lane++) {
        double sum = times ? times[i] * t_dot[lane] : 0;
        for (int64_t c = 0; c < n; c++) {
          sum += row_dot[c * width + lane] * x[i * n + c];
        }
        row[lane] += sum;
      }
    }
  }
  return 0;
}

/* ---------------------------------------------------------------------------- damped estimates -- */

ude_status ude_damped_can_differentiate(const ude_map *map, const char *name, ude_error *error) {
  return map->hvp
             ? UDE_OK
             : ude_fail(error, UDE_UNSUPPORTED,
                        "the error estimate of '%s' passes through its factorised Jacobian: the "
                        "derivative needs second derivatives (rhs.hvp), which the model lacks; "
                        "choose an explicit method",
                        name);
}

/* (alpha M - J) x' = b' + J' x. */
int ude_damped_tangent(ude_stiff *stiff, double t, const double *u, const double *u_dot,
                       const double *p, const double *p_dot, int64_t width, const double *x,
                       double *b_dot, double *work) {
  int code = ude_second_add(stiff->map, stiff->n, stiff->field->param.count, t, u, u_dot, p, p_dot,
                            width, 1, x, NULL, b_dot, work);
  return code ? code : ude_stiff_solve(stiff, width, false, b_dot) ? UDE_STEP_NOT_SOLVED : 0;
}

int ude_damped_transpose(ude_stiff *stiff, double t, const double *u, const double *p,
                         const double *x, double *bar, double *u_bar, double *p_bar) {
  if (ude_stiff_solve(stiff, 1, true, bar)) {
    return UDE_STEP_NOT_SOLVED;
  }
  const ude_map *map = stiff->map;
  return map->hvp(u, x, p, NULL, t, NULL, bar, u_bar, p_bar, NULL, map->context);
}
