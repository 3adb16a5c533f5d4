/* Tangent and transpose of a replayed Radau step: the stages solve G(z, u, p) = A^-1 / h x M z - f(u + z_i, p) = 0 to rounding, so
 *      (A^-1 / h x M - diag(J_i)) z' = (J_i u' + f_p p')_i,
 * with the Jacobian of each stage: factorised as one system where it is small, else by GMRES with the simplified Newton matrix as
 * preconditioner. */
#include <stdlib.h>
#include <string.h>

#include "solve/radau.h"

enum { MOST_COUPLED = 120 };

static double stage_time(const ude_radau *s, int i) {
  return s->t + ude_radau_c[i] * s->h;
}

static const double *stage_state(ude_radau *s, int i) {
  int64_t n = s->stiff.n;
  for (int64_t l = 0; l < n; l++) {
    s->work[l] = s->u[l] + s->z[i * n + l];
  }
  return s->work;
}

/* y = (A^-1 / h x M - diag(J_i)) x or its transpose. */
static int multiply(ude_radau *s, bool transposed, const double *x, double *y) {
  const ude_map *map  = s->stiff.map;
  int64_t        n    = s->stiff.n;
  int            code = 0;
  for (int i = 0; i < 3 && code == 0; i++) {
    const double *point = stage_state(s, i);
    double       *out   = y + i * n;
    if (transposed) {
      memset(out, 0, (size_t)n * sizeof *out);
      code = map->vjp(point, s->p, stage_time(s, i), x + i * n, out, NULL, NULL, map->context);
    } else {
      code =
          map->jvp(s->f, out, point, x + i * n, s->p, NULL, stage_time(s, i), NULL, map->context);
    }
  }
  for (int64_t l = 0; l < n; l++) {
    double scale = ude_stiff_mass(&s->stiff, l) / s->h;
    for (int i = 0; i < 3; i++) {
      double sum = 0;
      for (int j = 0; j < 3; j++) {
        sum += (transposed ? ude_radau_inverse[j][i] : ude_radau_inverse[i][j]) * x[j * n + l];
      }
      y[i * n + l] = scale * sum - y[i * n + l];
    }
  }
  return code;
}

/* For GMRES on W = 0 - (-A P^-1): y = -A P^-1 x, or -P^-T A^T x. */
static int apply(double *y, const double *x, bool transposed, void *context) {
  ude_radau *s     = context;
  int64_t    count = 3 * s->stiff.n;
  int        code;
  if (transposed) {
    code = multiply(s, true, x, y) || ude_radau_precondition(s, true, y);
  } else {
    memcpy(s->products, x, (size_t)count * sizeof *x);
    code = ude_radau_precondition(s, false, s->products) || multiply(s, false, s->products, y);
  }
  for (int64_t e = 0; e < count; e++) {
    y[e] = -y[e];
  }
  return code;
}

ude_status ude_radau_reserve(ude_radau *s, ude_error *error) {
  if (s->coupled) {
    return UDE_OK;
  }
  int64_t            count   = 3 * s->stiff.n;
  bool               direct  = count <= MOST_COUPLED && s->stiff.jacobian;
  ude_linear_options options = {.kind    = direct ? UDE_LINEAR_DENSE : UDE_LINEAR_KRYLOV,
                                .restart = 60};
  free(s->products);
  free(s->coupled_matrix);
  s->products = ude_calloc((size_t)count, sizeof *s->products);
  s->coupled_matrix =
      direct ? ude_calloc((size_t)(count * count) + 1, sizeof *s->coupled_matrix) : NULL;
  if (!s->products || (direct && !s->coupled_matrix)) {
    return ude_fail_memory(error, "derivatives of an implicit method");
  }
  ude_status status = ude_linear_create(count, &options, &s->coupled, error);
  if (status == UDE_OK) {
    ude_linear_set_operator(s->coupled, apply, s);
    ude_linear_set_tolerance(s->coupled, 1e-14);
  }
  return status;
}

/* -(A^-1 / h x M - diag(J_i)), row by row. */
static int fill(ude_radau *s) {
  int64_t n     = s->stiff.n;
  int64_t count = 3 * n;
  memset(s->coupled_matrix, 0, (size_t)(count * count) * sizeof *s->coupled_matrix);
  for (int i = 0; i < 3; i++) {
    int code = ude_stiff_linearise(&s->stiff, stage_time(s, i), stage_state(s, i), s->p, false);
    if (code) {
      return code;
    }
    for (int64_t r = 0; r < n; r++) {
      double *row = s->coupled_matrix + (i * n + r) * count;
      for (int64_t c = 0; c < n && !s->stiff.plan.start; c++) {
        row[i * n + c] = s->stiff.jacobian[r * n + c];
      }
      for (int j = 0; j < 3; j++) {
        row[j * n + r] -= ude_radau_inverse[i][j] * ude_stiff_mass(&s->stiff, r) / s->h;
      }
    }
    for (int64_t c = 0; c < n && s->stiff.plan.start; c++) {
      for (int64_t e = s->stiff.plan.start[c]; e < s->stiff.plan.start[c + 1]; e++) {
        s->coupled_matrix[(i * n + s->stiff.plan.row[e]) * count + i * n + c] +=
            s->stiff.jacobian[e];
      }
    }
  }
  return 0;
}

int ude_radau_prepare(ude_radau *s) {
  int code;
  if (s->coupled_matrix) {
    code = fill(s);
  } else {
    code = ude_stiff_linearise(&s->stiff, stage_time(s, 1), stage_state(s, 1), s->p, false);
    code = code ? code : ude_radau_factor(s, s->h);
  }
  if (code == 0 && ude_linear_factor(s->coupled, 0, NULL, s->coupled_matrix)) {
    code = UDE_STEP_NOT_SOLVED;
  }
  s->stiff.evaluated = false; /* a step that follows starts from its own Jacobian */
  s->h_factored      = 0;
  return code;
}

int ude_radau_solve(ude_radau *s, bool transposed, double *x) {
  int code;
  if (s->coupled_matrix) {
    return ude_linear_solve(s->coupled, 1, transposed, x) ? UDE_STEP_NOT_SOLVED : 0;
  }
  if (transposed) {
    code = ude_radau_precondition(s, true, x) || ude_linear_solve(s->coupled, 1, true, x);
  } else {
    code = ude_linear_solve(s->coupled, 1, false, x) || ude_radau_precondition(s, false, x);
  }
  return code ? UDE_STEP_NOT_SOLVED : 0;
}

int ude_radau_tangent(ude_radau *s, const double *u_dot, const double *p_dot, int64_t width,
                      double *z_dot) {
  const ude_map *map   = s->stiff.map;
  ude_jvp_fn     jvp   = width == 1 && map->jvp ? map->jvp : map->jvp_wide;
  int64_t        n     = s->stiff.n;
  int64_t        block = n * width;
  for (int i = 0; i < 3; i++) {
    int code = jvp(s->f, z_dot + i * block, stage_state(s, i), u_dot, s->p, p_dot, stage_time(s, i),
                   NULL, map->context);
    if (code) {
      return code;
    }
  }
  for (int64_t lane = 0; lane < width; lane++) {
    double *x = s->old_z; /* not needed before the next step, which starts anew */
    for (int64_t e = 0; e < 3 * n; e++) {
      x[e] = z_dot[e * width + lane];
    }
    int code = ude_radau_solve(s, false, x);
    if (code) {
      return code;
    }
    for (int64_t e = 0; e < 3 * n; e++) {
      z_dot[e * width + lane] = x[e];
    }
  }
  return 0;
}

int ude_radau_transpose(ude_radau *s, double *z_bar, double *u_bar, double *p_bar) {
  const ude_map *map  = s->stiff.map;
  int64_t        n    = s->stiff.n;
  int            code = ude_radau_solve(s, true, z_bar);
  for (int i = 0; i < 3 && code == 0; i++) {
    code = map->vjp(stage_state(s, i), s->p, stage_time(s, i), z_bar + i * n, u_bar, p_bar, NULL,
                    map->context);
  }
  return code;
}
