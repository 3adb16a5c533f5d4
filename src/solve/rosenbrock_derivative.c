/* Tangent and transpose of a Rosenbrock step. With q_i the argument of stage i,
 *      W U'_i = f_u(q_i) q'_i + f_p(q_i) p' + M sum c_ij / h U'_j + d/d(u, p) [J U_i + h gamma_i f_t] (u', p'),
 * the last term by Hessian-vector products at (t, u). */
#include <string.h>

#include "solve/erk.h"
#include "solve/rosenbrock.h"
#include "solve/second.h"

ude_status ude_rosenbrock_can_differentiate(const ude_map *map, ude_error *error) {
  return map->hvp ? UDE_OK
                  : ude_fail(error, UDE_UNSUPPORTED,
                             "derivatives through a Rosenbrock step need second derivatives "
                             "(rhs.hvp), which the "
                             "model lacks; choose kencarp4, trbdf2 or radau, whose steps need "
                             "first derivatives");
}

/* ---------------------------------------------------------------------------------- tangent -- */

size_t ude_rosenbrock_tangent_work(int64_t n, int64_t np, int64_t width) {
  return (size_t)(n * (3 + 2 * width) + width + np);
}

/* Adds (J' U_i + h gamma_i f_t') to every stage. */
static int add_second(const ude_rosenbrock_tableau *tableau, const ude_stiff *stiff, double t,
                      double h, const double *u, const double *u_dot, const double *p,
                      const double *p_dot, int64_t width, const double *stage, double *stage_dot,
                      double *work) {
  double times[UDE_ROSENBROCK_MOST_STAGES];
  for (int i = 0; i < tableau->stages; i++) {
    times[i] = h * tableau->gamma_sum[i];
  }
  return ude_second_add(stiff->map, stiff->n, stiff->field->param.count, t, u, u_dot, p, p_dot,
                        width, tableau->stages, stage, times, stage_dot, work);
}

int ude_rosenbrock_tangent(const ude_rosenbrock_tableau *tableau, ude_stiff *stiff, double t,
                           double h, const double *u, const double *u_dot, const double *p,
                           const double *p_dot, int64_t width, const double *stage,
                           double *stage_dot, double *work) {
  const ude_map *map       = stiff->map;
  int64_t        n         = stiff->n;
  int64_t        block     = n * width;
  double        *point     = work;
  double        *value     = work + n;
  double        *point_dot = work + 2 * n;
  double        *part      = point_dot + block;
  ude_jvp_fn     jvp       = width == 1 && map->jvp ? map->jvp : map->jvp_wide;
  memset(stage_dot, 0, (size_t)(tableau->stages * block) * sizeof *stage_dot);
  int code = add_second(tableau, stiff, t, h, u, u_dot, p, p_dot, width, stage, stage_dot, work);
  for (int i = 0; i < tableau->stages && code == 0; i++) {
    const double *a   = tableau->a + i * tableau->stages;
    const double *c   = tableau->c + i * tableau->stages;
    double       *out = stage_dot + i * block;
    ude_erk_combine(n, u, 1, a, i, stage, point);
    ude_erk_combine(block, u_dot, 1, a, i, stage_dot, point_dot);
    code =
        jvp(value, part, point, point_dot, p, p_dot, t + tableau->alpha[i] * h, NULL, map->context);
    for (int64_t l = 0; l < n; l++) {
      double mass = ude_stiff_mass(stiff, l) / h;
      for (int64_t e = l * width; e < (l + 1) * width; e++) {
        double sum = 0;
        for (int j = 0; j < i; j++) {
          sum += c[j] * stage_dot[j * block + e];
        }
        out[e] += part[e] + mass * sum;
      }
    }
    if (code == 0 && ude_stiff_solve(stiff, width, false, out)) {
      code = UDE_STEP_NOT_SOLVED;
    }
  }
  return code;
}

/* -------------------------------------------------------------------------------- transpose -- */

/* u_bar, p_bar += d/d(u, p) [lambda . (J U_i + h gamma_i f_t)]: a Hessian-vector product along (U_i, h gamma_i). */
static int transpose_second(const ude_rosenbrock_tableau *tableau, const ude_stiff *stiff, int i,
                            double t, double h, const double *u, const double *p,
                            const double *stage, const double *lambda, double *u_bar,
                            double *p_bar) {
  const ude_map *map   = stiff->map;
  double         t_dot = h * tableau->gamma_sum[i];
  return map->hvp(u, stage + i * stiff->n, p, NULL, t, &t_dot, lambda, u_bar, p_bar, NULL,
                  map->context);
}

int ude_rosenbrock_transpose(const ude_rosenbrock_tableau *tableau, ude_stiff *stiff, double t,
                             double h, const double *u, const double *p, const double *stage,
                             double *stage_bar, double *u_bar, double *p_bar, double *work) {
  const ude_map *map   = stiff->map;
  int64_t        n     = stiff->n;
  double        *point = work;
  double        *bar   = work + n;
  for (int i = tableau->stages - 1; i >= 0; i--) {
    const double *a      = tableau->a + i * tableau->stages;
    const double *c      = tableau->c + i * tableau->stages;
    double       *lambda = stage_bar + i * n;
    if (ude_stiff_solve(stiff, 1, true, lambda)) {
      return UDE_STEP_NOT_SOLVED;
    }
    ude_erk_combine(n, u, 1, a, i, stage, point);
    memset(bar, 0, (size_t)n * sizeof *bar);
    int code =
        map->vjp(point, p, t + tableau->alpha[i] * h, lambda, bar, p_bar, NULL, map->context);
    code =
        code ? code : transpose_second(tableau, stiff, i, t, h, u, p, stage, lambda, u_bar, p_bar);
    if (code) {
      return code;
    }
    for (int64_t l = 0; l < n; l++) {
      double mass = ude_stiff_mass(stiff, l) / h;
      u_bar[l] += bar[l];
      for (int j = 0; j < i; j++) {
        stage_bar[j * n + l] += a[j] * bar[l] + c[j] * mass * lambda[l];
      }
    }
  }
  return 0;
}
