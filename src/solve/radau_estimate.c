/* The error estimate of a replayed Radau step and its derivatives: with W = real / h M - J(t, u),
 *      W e_1 = M / h sum e_i z_i + f(t, u),    and where the step took the second pass    W e = M / h sum e_i z_i + f(t, u + e_1). */
#include <string.h>

#include "solve/radau.h"
#include "solve/second.h"

/* W at the start; f(t, u) in stiff.f. */
static int damp(ude_radau *s) {
  ude_linear_set_tolerance(s->stiff.linear, 1e-14); /* GMRES: as good as it gets */
  int code = ude_stiff_linearise(&s->stiff, s->t, s->u, s->p, false);
  code = code ? code : ude_stiff_factor(&s->stiff, ude_radau_real / s->h) ? UDE_STEP_NOT_SOLVED : 0;
  s->stiff.evaluated = false; /* a step that follows starts from its own Jacobian */
  s->h_factored      = 0;
  s->prepared        = false;
  return code;
}

/* out = M / h sum e_i z_i over `lanes` columns. */
static void combine(const ude_radau *s, int64_t lanes, const double *z, double *out) {
  int64_t block = s->stiff.n * lanes;
  for (int64_t e = 0; e < block; e++) {
    double sum = 0;
    for (int i = 0; i < 3; i++) {
      sum += ude_radau_error_weights[i] * z[i * block + e];
    }
    out[e] = ude_stiff_mass(&s->stiff, e / lanes) * sum / s->h;
  }
}

/* first: [n] e_1; point: [n] u + e_1, error: [n] the estimate (may be `first`, without the second pass). */
static int value(ude_radau *s, double *first, double *point, double *error) {
  const ude_map *map  = s->stiff.map;
  int64_t        n    = s->stiff.n;
  int            code = damp(s);
  if (code) {
    return code;
  }
  combine(s, 1, s->z, first);
  for (int64_t l = 0; l < n; l++) {
    first[l] += s->stiff.f[l];
  }
  if (ude_stiff_solve(&s->stiff, 1, false, first)) {
    return UDE_STEP_NOT_SOLVED;
  }
  if (!s->twice) {
    memmove(error, first, (size_t)n * sizeof *error);
    return 0;
  }
  for (int64_t l = 0; l < n; l++) {
    point[l] = s->u[l] + first[l];
  }
  code = map->value(s->f, point, s->p, s->t, map->context);
  combine(s, 1, s->z, error);
  for (int64_t l = 0; l < n; l++) {
    error[l] += s->f[l];
  }
  return code ? code : ude_stiff_solve(&s->stiff, 1, false, error) ? UDE_STEP_NOT_SOLVED : 0;
}

int ude_radau_error(ude_radau *s, double *error) {
  int64_t n = s->stiff.n;
  return value(s, s->old_z, s->old_z + n, error); /* not needed before the next step */
}

int ude_radau_error_tangent(ude_radau *s, const double *u_dot, const double *p_dot, int64_t width,
                            const double *z_dot, double *error_dot, double *work) {
  const ude_map *map       = s->stiff.map;
  ude_jvp_fn     jvp       = width == 1 && map->jvp ? map->jvp : map->jvp_wide;
  int64_t        n         = s->stiff.n;
  int64_t        block     = n * width;
  double        *part      = work;
  double        *point_dot = work + block;
  double        *rest      = work + 2 * block;
  double        *first     = s->old_z;
  double        *point     = s->old_z + n;
  double        *error     = s->old_z + 2 * n;
  int            code      = value(s, first, point, error);
  code = code ? code : jvp(s->f, part, s->u, u_dot, s->p, p_dot, s->t, NULL, map->context);
  if (code) {
    return code;
  }
  combine(s, width, z_dot, error_dot);
  for (int64_t e = 0; e < block; e++) {
    error_dot[e] += part[e];
  }
  code =
      ude_damped_tangent(&s->stiff, s->t, s->u, u_dot, s->p, p_dot, width, first, error_dot, rest);
  if (code || !s->twice) {
    return code;
  }
  for (int64_t e = 0; e < block; e++) {
    point_dot[e] = u_dot[e] + error_dot[e];
  }
  code = jvp(s->f, part, point, point_dot, s->p, p_dot, s->t, NULL, map->context);
  combine(s, width, z_dot, error_dot);
  for (int64_t e = 0; e < block; e++) {
    error_dot[e] += part[e];
  }
  return code ? code
              : ude_damped_tangent(&s->stiff, s->t, s->u, u_dot, s->p, p_dot, width, error,
                                   error_dot, rest);
}

/* One pass backwards: bar of its estimate x becomes that of its right-hand side, whose part of the stages goes to z_bar. */
static int pass_back(ude_radau *s, const double *x, double *bar, double *z_bar, double *u_bar,
                     double *p_bar) {
  int64_t n    = s->stiff.n;
  int     code = ude_damped_transpose(&s->stiff, s->t, s->u, s->p, x, bar, u_bar, p_bar);
  for (int i = 0; i < 3 && code == 0; i++) {
    for (int64_t l = 0; l < n; l++) {
      z_bar[i * n + l] += ude_stiff_mass(&s->stiff, l) * ude_radau_error_weights[i] / s->h * bar[l];
    }
  }
  return code;
}

int ude_radau_error_transpose(ude_radau *s, const double *error_bar, double *z_bar, double *u_bar,
                              double *p_bar, double *work) {
  const ude_map *map   = s->stiff.map;
  int64_t        n     = s->stiff.n;
  double        *bar   = work;
  double        *moved = work + n;
  double        *first = s->old_z;
  double        *point = s->old_z + n;
  double        *error = s->old_z + 2 * n;
  int            code  = value(s, first, point, error);
  memcpy(bar, error_bar, (size_t)n * sizeof *bar);
  if (s->twice) {
    code = code ? code : pass_back(s, error, bar, z_bar, u_bar, p_bar);
    memset(moved, 0, (size_t)n * sizeof *moved);
    code = code ? code : map->vjp(point, s->p, s->t, bar, moved, p_bar, NULL, map->context);
    for (int64_t l = 0; l < n; l++) {
      u_bar[l] += moved[l];
      bar[l] = moved[l];
    }
  }
  code = code ? code : pass_back(s, first, bar, z_bar, u_bar, p_bar);
  return code ? code : map->vjp(s->u, s->p, s->t, bar, u_bar, p_bar, NULL, map->context);
}
