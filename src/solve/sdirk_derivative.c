/* Tangent and transpose of a replayed ESDIRK step: the stages are solved to rounding, so the implicit function theorem with the
 * Jacobian of each stage gives the derivative of the step as a map of u and p. */
#include <string.h>

#include "solve/sdirk.h"

static ude_jvp_fn product(const ude_map *map, int64_t width) {
  return width == 1 && map->jvp ? map->jvp : map->jvp_wide;
}

/* W of stage i with its own Jacobian. */
static int factor_stage(ude_sdirk *s, int i, double t, double h, const double *p) {
  int code =
      ude_stiff_linearise(&s->stiff, t + s->tableau->c[i] * h, s->state + i * s->stiff.n, p, false);
  if (code) {
    return code;
  }
  return ude_stiff_factor(&s->stiff, 1 / (s->tableau->gamma * h)) ? UDE_STEP_NOT_SOLVED : 0;
}

/* out += f_p p' at stage i; work takes the value. */
static int add_parameters(ude_sdirk *s, int i, double t, double h, const double *p,
                          const double *p_dot, int64_t width, double *part, double *out) {
  const ude_map *map = s->stiff.map;
  int64_t        n   = s->stiff.n;
  if (!p_dot) {
    return 0;
  }
  int code = product(map, width)(s->f, part, s->state + i * n, NULL, p, p_dot,
                                 t + s->tableau->c[i] * h, NULL, map->context);
  for (int64_t e = 0; e < n * width && code == 0; e++) {
    out[e] += part[e];
  }
  return code;
}

static int first_tangent(ude_sdirk *s, double t, double h, const double *u_dot, const double *p,
                         const double *p_dot, int64_t width, double *state_dot, double *z_dot) {
  const ude_map *map = s->stiff.map;
  int64_t        n   = s->stiff.n;
  int code = product(map, width)(s->f, z_dot, s->state, u_dot, p, p_dot, t, NULL, map->context);
  memcpy(state_dot, u_dot, (size_t)(n * width) * sizeof *u_dot);
  for (int64_t l = 0; l < n; l++) {
    for (int64_t lane = 0; lane < width; lane++) {
      double value            = z_dot[l * width + lane];
      z_dot[l * width + lane] = ude_stiff_mass(&s->stiff, l) != 0 ? h * value : 0;
    }
  }
  return code;
}

int ude_sdirk_tangent(ude_sdirk *s, double t, double h, const double *u_dot, const double *p,
                      const double *p_dot, int64_t width, double *state_dot, double *z_dot) {
  const ude_sdirk_tableau *tableau = s->tableau;
  int64_t                  n       = s->stiff.n;
  int64_t                  block   = n * width;
  double                   alpha   = 1 / (tableau->gamma * h);
  int                      code = first_tangent(s, t, h, u_dot, p, p_dot, width, state_dot, z_dot);
  for (int i = 1; i < tableau->stages && code == 0; i++) {
    const double *row   = tableau->a + (ptrdiff_t)i * tableau->stages;
    double       *out   = state_dot + i * block;
    double       *z_out = z_dot + i * block; /* holds r' until the stage is solved */
    code                = add_parameters(s, i, t, h, p, p_dot, width, z_out,
                                         memset(out, 0, (size_t)block * sizeof *out));
    for (int64_t l = 0; l < n; l++) {
      double mass = ude_stiff_mass(&s->stiff, l);
      for (int64_t e = l * width; e < (l + 1) * width; e++) {
        double sum = mass * u_dot[e];
        for (int j = 0; j < i; j++) {
          sum += row[j] * z_dot[j * block + e];
        }
        z_out[e] = sum;
        out[e] += alpha * sum;
      }
    }
    code = code ? code : factor_stage(s, i, t, h, p);
    if (code == 0 && ude_stiff_solve(&s->stiff, width, false, out)) {
      code = UDE_STEP_NOT_SOLVED;
    }
    for (int64_t l = 0; l < n; l++) {
      for (int64_t e = l * width; e < (l + 1) * width; e++) {
        z_out[e] = (ude_stiff_mass(&s->stiff, l) * out[e] - z_out[e]) / tableau->gamma;
      }
    }
  }
  ude_sdirk_restart(s);
  return code;
}

/* Stage i backwards: its cotangents give way to r_bar in z_bar's row. */
static int stage_back(ude_sdirk *s, int i, double t, double h, const double *p, double *state_bar,
                      double *z_bar, double *u_bar, double *p_bar) {
  const ude_sdirk_tableau *tableau = s->tableau;
  const ude_map           *map     = s->stiff.map;
  int64_t                  n       = s->stiff.n;
  double                   alpha   = 1 / (tableau->gamma * h);
  const double            *row     = tableau->a + (ptrdiff_t)i * tableau->stages;
  double                  *mu      = state_bar + i * n;
  double                  *r_bar   = z_bar + i * n;
  for (int64_t l = 0; l < n; l++) { /* z_i = (M u_i - r_i) / gamma */
    mu[l] += ude_stiff_mass(&s->stiff, l) * r_bar[l] / tableau->gamma;
    r_bar[l] = -r_bar[l] / tableau->gamma;
  }
  int code = factor_stage(s, i, t, h, p);
  if (code == 0 && ude_stiff_solve(&s->stiff, 1, true, mu)) {
    code = UDE_STEP_NOT_SOLVED;
  }
  if (code == 0 && p_bar) {
    code =
        map->vjp(s->state + i * n, p, t + tableau->c[i] * h, mu, NULL, p_bar, NULL, map->context);
  }
  for (int64_t l = 0; l < n && code == 0; l++) {
    r_bar[l] += alpha * mu[l];
    u_bar[l] += ude_stiff_mass(&s->stiff, l) * r_bar[l];
    for (int j = 0; j < i; j++) {
      z_bar[j * n + l] += row[j] * r_bar[l];
    }
  }
  return code;
}

int ude_sdirk_transpose(ude_sdirk *s, double t, double h, const double *p, double *state_bar,
                        double *z_bar, double *u_bar, double *p_bar) {
  const ude_map *map  = s->stiff.map;
  int64_t        n    = s->stiff.n;
  int            code = 0;
  for (int i = s->tableau->stages - 1; i > 0 && code == 0; i--) {
    code = stage_back(s, i, t, h, p, state_bar, z_bar, u_bar, p_bar);
  }
  for (int64_t l = 0; l < n; l++) { /* z_1 = h f(t, u) */
    z_bar[l] = ude_stiff_mass(&s->stiff, l) != 0 ? h * z_bar[l] : 0;
    u_bar[l] += state_bar[l];
  }
  code = code ? code : map->vjp(s->state, p, t, z_bar, u_bar, p_bar, NULL, map->context);
  ude_sdirk_restart(s);
  return code;
}
