/* Consistent initial states. With J_a the Jacobian's rows of zero mass, the matrix W = M - J_a (its other rows are M's) is regular for
 * index 1: W delta = (0, f_a) is a Newton step that moves the algebraic states only. */
#include "solve/consistent.h"

#include <math.h>
#include <string.h>

#include "solve/control.h"

static bool algebraic(const ude_stiff *stiff, int64_t i) {
  return ude_stiff_mass(stiff, i) == 0;
}

/* J with the differential rows zeroed. */
static void keep_algebraic_rows(ude_stiff *s) {
  const int64_t *start = s->plan.start;
  for (int64_t i = 0; i < s->n; i++) {
    if (start) {
      for (int64_t e = start[i]; e < start[i + 1]; e++) {
        s->jacobian[e] = algebraic(s, s->plan.row[e]) ? s->jacobian[e] : 0;
      }
    } else if (!algebraic(s, i)) {
      memset(s->jacobian + i * s->n, 0, (size_t)s->n * sizeof *s->jacobian);
    }
  }
}

int ude_consistent_factor(ude_stiff *stiff, double t, const double *u, const double *p) {
  if (!stiff->jacobian) {
    return UDE_STEP_NOT_SOLVED; /* products alone do not give the rows apart */
  }
  int code = ude_stiff_linearise(stiff, t, u, p, false);
  if (code) {
    return code;
  }
  keep_algebraic_rows(stiff);
  code             = ude_stiff_factor(stiff, 1);
  stiff->evaluated = false; /* not the Jacobian that a step wants */
  return code ? UDE_STEP_NOT_SOLVED : 0;
}

static void only_algebraic(const ude_stiff *s, const double *f, double *out) {
  for (int64_t i = 0; i < s->n; i++) {
    out[i] = algebraic(s, i) ? f[i] : 0;
  }
}

/* Size of the Newton step that the residual at (t, u) asks for, with the factors at hand; it goes to delta. */
static int residual_step(ude_stiff *s, double t, const double *u, const double *p, double rtol,
                         const double *atol, double *f, double *delta, double *size) {
  int code = s->map->value(f, u, p, t, s->map->context);
  s->counts.rhs++;
  if (code) {
    return code;
  }
  only_algebraic(s, f, delta);
  if (ude_stiff_solve(s, 1, false, delta)) {
    return UDE_STEP_NOT_SOLVED;
  }
  *size = ude_error_norm(s->n, delta, u, u, rtol, atol);
  return isfinite(*size) ? 0 : UDE_STEP_NOT_SOLVED;
}

int ude_consistent(ude_stiff *stiff, double t, double *u, const double *p, double rtol,
                   const double *atol, double *work) {
  enum { MOST = 50, HALVINGS = 12 };
  const double share = 1e-6; /* of the tolerance: the rest is noise that the first step would see */
  double      *f     = work;
  double      *delta = work + stiff->n;
  for (int it = 0; it < MOST; it++) {
    double size = 0;
    int    code = ude_consistent_factor(stiff, t, u, p);
    code        = code ? code : residual_step(stiff, t, u, p, rtol, atol, f, delta, &size);
    if (code) {
      return code;
    }
    double limit = fmax(share, 1e-14 / rtol);
    double step  = 1;
    for (int64_t i = 0; i < stiff->n; i++) {
      u[i] += delta[i];
    }
    if (size <= limit) {
      return 0;
    }
    /* Monotone in the size of the next simplified step (Deuflhard's natural test). */
    for (int k = 0; k < HALVINGS; k++) {
      double next = (double)INFINITY;
      memcpy(stiff->f, delta, (size_t)stiff->n * sizeof *delta);
      code = residual_step(stiff, t, u, p, rtol, atol, f, delta, &next);
      memcpy(delta, stiff->f, (size_t)stiff->n * sizeof *delta);
      if (code < 0) {
        return code;
      }
      if (code == 0 && next <= size * (1 - 0.25 * step)) {
        break;
      }
      step /= 2;
      for (int64_t i = 0; i < stiff->n; i++) {
        u[i] -= step * delta[i];
      }
    }
  }
  return UDE_STEP_NOT_SOLVED;
}

/* From f_a(u, p) = 0: -J_aa u_a' = J_ad u_d' + f_p p', the rows of W with 0 for the differential ones. */
int ude_consistent_tangent(ude_stiff *stiff, double t, const double *u, double *u_dot,
                           const double *p, const double *p_dot, int64_t width, double *work) {
  const ude_map *map   = stiff->map;
  ude_jvp_fn     jvp   = width == 1 && map->jvp ? map->jvp : map->jvp_wide;
  int64_t        n     = stiff->n;
  double        *value = work;
  double        *part  = work + n;
  for (int64_t i = 0; i < n; i++) {
    for (int64_t e = i * width; e < (i + 1) * width; e++) {
      u_dot[e] = algebraic(stiff, i) ? 0 : u_dot[e];
    }
  }
  int code = jvp(value, part, u, u_dot, p, p_dot, t, NULL, map->context);
  for (int64_t i = 0; i < n && code == 0; i++) {
    for (int64_t e = i * width; e < (i + 1) * width && !algebraic(stiff, i); e++) {
      part[e] = 0;
    }
  }
  if (code || ude_stiff_solve(stiff, width, false, part)) {
    return code ? code : UDE_STEP_NOT_SOLVED;
  }
  for (int64_t e = 0; e < n * width; e++) {
    u_dot[e] += part[e];
  }
  return 0;
}

/* The transpose: mu = W^-T (0, u_bar_a), then u_bar_d += J_ad^T mu_a, p_bar += f_p^T mu_a. */
int ude_consistent_transpose(ude_stiff *stiff, double t, const double *u, const double *p,
                             double *u_bar, double *p_bar, double *work) {
  const ude_map *map = stiff->map;
  only_algebraic(stiff, u_bar, work);
  if (ude_stiff_solve(stiff, 1, true, work)) {
    return UDE_STEP_NOT_SOLVED;
  }
  only_algebraic(stiff, work, work);
  for (int64_t i = 0; i < stiff->n; i++) {
    u_bar[i] = algebraic(stiff, i) ? 0 : u_bar[i];
  }
  int code = map->vjp(u, p, t, work, u_bar, p_bar, NULL, map->context);
  for (int64_t i = 0; i < stiff->n; i++) {
    u_bar[i] = algebraic(stiff, i) ? 0 : u_bar[i];
  }
  return code;
}
