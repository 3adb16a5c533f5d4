/* The step of Rosenbrock methods. */
#include "solve/rosenbrock.h"

#include "solve/erk.h"

void ude_rosenbrock_weights(const ude_rosenbrock_tableau *tableau, double theta, double *weights) {
  for (int i = 0; i < tableau->stages; i++) {
    double inner = 0;
    for (int row = tableau->dense_rows - 1; row >= 0; row--) {
      inner = inner * theta + tableau->d[row * tableau->stages + i];
    }
    weights[i] = theta * (tableau->m[i] + (1 - theta) * inner);
  }
}

/* U_i = right-hand side of stage i, from f in it. */
static void add_previous(const ude_rosenbrock_tableau *tableau, const ude_stiff *stiff, int i,
                         double h, double *stage) {
  int64_t n         = stiff->n;
  double *out       = stage + i * n;
  double  time_part = h * tableau->gamma_sum[i];
  double  c[UDE_ROSENBROCK_MOST_STAGES];
  for (int j = 0; j < i; j++) {
    c[j] = tableau->c[i * tableau->stages + j] / h;
  }
  for (int64_t l = 0; l < n; l++) {
    double sum = 0;
    for (int j = 0; j < i; j++) {
      sum += c[j] * stage[j * n + l];
    }
    out[l] += ude_stiff_mass(stiff, l) * sum + time_part * stiff->f_t[l];
  }
}

int ude_rosenbrock_stages(const ude_rosenbrock_tableau *tableau, ude_stiff *stiff, double t,
                          double h, const double *u, const double *p, double *stage, double *work) {
  const ude_map *map = stiff->map;
  int64_t        n   = stiff->n;
  if (ude_stiff_factor(stiff, 1 / (tableau->gamma * h))) {
    return UDE_STEP_NOT_SOLVED;
  }
  for (int i = 0; i < tableau->stages; i++) {
    double *out = stage + i * n;
    if (i == 0) {
      for (int64_t l = 0; l < n; l++) {
        out[l] = stiff->f[l];
      }
    } else {
      ude_erk_combine(n, u, 1, tableau->a + i * tableau->stages, i, stage, work);
      int code = map->value(out, work, p, t + tableau->alpha[i] * h, map->context);
      stiff->counts.rhs++;
      if (code) {
        return code;
      }
    }
    add_previous(tableau, stiff, i, h, stage);
    if (ude_stiff_solve(stiff, 1, false, out)) {
      return UDE_STEP_NOT_SOLVED;
    }
  }
  return 0;
}
