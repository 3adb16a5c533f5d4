/* The step of diagonally implicit methods: stages by simplified Newton iterations. */
#include "solve/sdirk.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/method.h"

/* Up to this many states a new Jacobian each step costs less than the iterations that an old one adds. */
enum { SMALL = 32 };

/* Part of the error tolerance that a stage's iteration may leave (Hairer, Wanner II, IV.8). */
static const double newton_share = 0.02;

/* GMRES: what each correction may leave of the residual, for the next one; and in a replay, as little as rounding allows. */
static const double newton_residual = 1e-3;
static const double replay_residual = 1e-14;

void ude_sdirk_close(ude_sdirk *s) {
  ude_stiff_close(&s->stiff);
  double *const blocks[] = {s->state, s->z, s->w, s->r, s->delta, s->f, s->first};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    free(blocks[i]);
  }
  *s = (ude_sdirk){0};
}

ude_status ude_sdirk_open(ude_sdirk *s, const ude_sdirk_tableau *tableau,
                          const ude_vector_field *field, double rtol, const double *atol,
                          ude_error *error) {
  *s               = (ude_sdirk){.tableau = tableau, .rtol = rtol, .atol = atol};
  bool       split = tableau->x && field->rhs_explicit.value;
  size_t     n     = (size_t)field->state.count;
  size_t     all   = (size_t)tableau->stages;
  ude_status status =
      ude_stiff_open(&s->stiff, field, split ? &field->rhs_implicit : NULL, false, error);
  if (status) {
    return status;
  }
  s->explicit_part = split ? &field->rhs_explicit : NULL;
  s->state         = ude_calloc(all, n * sizeof(double));
  s->z             = ude_calloc(all, n * sizeof(double));
  s->w             = split ? ude_calloc(all, n * sizeof(double)) : NULL;
  s->r             = ude_calloc(n, sizeof(double));
  s->delta         = ude_calloc(n, sizeof(double));
  s->f             = ude_calloc(n, sizeof(double));
  s->first         = ude_calloc(n, sizeof(double));
  if (!s->state || !s->z || (split && !s->w) || !s->r || !s->delta || !s->f || !s->first) {
    ude_sdirk_close(s);
    return ude_fail_memory(error, "an implicit method");
  }
  ude_sdirk_restart(s);
  return UDE_OK;
}

void ude_sdirk_restart(ude_sdirk *s) {
  s->has_first       = false;
  s->fresh           = false;
  s->rate            = 1;
  s->stiff.evaluated = false;
}

void ude_sdirk_weights(const ude_sdirk_tableau *tableau, double theta, double *weights) {
  int degree = tableau->dense_degree;
  weights[0] = 1;
  for (int i = tableau->stages - 1; i > 0; i--) {
    const double *v   = tableau->v + (ptrdiff_t)i * degree;
    double        sum = 0;
    for (int m = degree - 1; m >= 0; m--) {
      sum = (sum + v[m]) * theta;
    }
    weights[i] = sum;
    weights[0] -= sum;
  }
}

/* ---------------------------------------------------------------------------------- stages -- */

/* r = M u + sum_{j<i} a_ij z_j + M sum_{j<i} x_ij w_j, and a first guess of the state: z_i extrapolated from the two stages before. */
static void begin_stage(ude_sdirk *s, int i, const double *u) {
  const ude_sdirk_tableau *tableau = s->tableau;
  int64_t                  n       = s->stiff.n;
  const double            *row     = tableau->a + (ptrdiff_t)i * tableau->stages;
  const double            *x       = s->w ? tableau->x + (ptrdiff_t)i * tableau->stages : NULL;
  const double            *c       = tableau->c;
  int                      one     = i - 1;
  int                      two     = i > 1 ? i - 2 : 0;
  double                   share   = i > 1 ? (c[i] - c[one]) / (c[one] - c[two]) : 0;
  for (int64_t l = 0; l < n; l++) {
    double mass = ude_stiff_mass(&s->stiff, l);
    double sum  = mass * u[l];
    for (int j = 0; j < i; j++) {
      sum += row[j] * s->z[j * n + l];
    }
    for (int j = 0; x && j < i; j++) {
      sum += mass * x[j] * s->w[j * n + l];
    }
    double guess        = (1 + share) * s->z[one * n + l] - share * s->z[two * n + l];
    s->r[l]             = sum;
    s->state[i * n + l] = mass != 0 ? (sum + tableau->gamma * guess) / mass : s->state[one * n + l];
  }
}

/* delta = Newton correction of stage i at time t_i. */
static int correction(ude_sdirk *s, int i, double t, double alpha, const double *p) {
  ude_stiff *stiff = &s->stiff;
  double    *u     = s->state + i * stiff->n;
  int        code  = stiff->map->value(s->f, u, p, t, stiff->map->context);
  stiff->counts.rhs++;
  stiff->counts.iterations++;
  if (code) {
    return code;
  }
  for (int64_t l = 0; l < stiff->n; l++) {
    s->delta[l] = s->f[l] - alpha * (ude_stiff_mass(stiff, l) * u[l] - s->r[l]);
  }
  if (ude_stiff_solve(stiff, 1, false, s->delta)) {
    return UDE_STEP_NOT_SOLVED;
  }
  /* With factors of another step size: between their errors for fast and for slow components. */
  double scale = alpha == stiff->alpha ? 1 : 2 / (1 + alpha / stiff->alpha);
  for (int64_t l = 0; l < stiff->n; l++) {
    s->delta[l] *= scale;
    u[l] += s->delta[l];
  }
  return 0;
}

static void end_stage(ude_sdirk *s, int i) {
  int64_t n = s->stiff.n;
  for (int64_t l = 0; l < n; l++) {
    double mass     = ude_stiff_mass(&s->stiff, l);
    s->z[i * n + l] = (mass * s->state[i * n + l] - s->r[l]) / s->tableau->gamma;
  }
}

static int explicit_stage(ude_sdirk *s, int i, double t, double h, const double *p) {
  if (!s->w) {
    return 0;
  }
  int64_t n    = s->stiff.n;
  double *w    = s->w + i * n;
  int     code = s->explicit_part->value(w, s->state + i * n, p, t, s->explicit_part->context);
  s->stiff.counts.rhs++;
  for (int64_t l = 0; l < n; l++) {
    w[l] = ude_stiff_mass(&s->stiff, l) != 0 ? w[l] * h / ude_stiff_mass(&s->stiff, l) : 0;
  }
  return code;
}

/* Iterate until the rest is a small part of the tolerance (Hairer, Wanner II, IV.8, (8.10)); s->rate goes from stage to stage of a step. */
static int newton(ude_sdirk *s, int i, double t, double alpha, const double *u, const double *p) {
  enum { MOST = 10 };
  double share    = fmax(newton_share, 10 * DBL_EPSILON / s->rtol);
  double rate     = s->rate; /* 1 until two corrections of this step have been compared */
  double previous = 0;
  for (int it = 0; it < MOST; it++) {
    int code = correction(s, i, t, alpha, p);
    if (code) {
      return code;
    }
    double size = ude_error_norm(s->stiff.n, s->delta, u, u, s->rtol, s->atol);
    if (!isfinite(size)) {
      return UDE_STEP_NOT_SOLVED;
    }
    if (it > 0) {
      double theta = size / previous;
      double left  = pow(theta, MOST - 1 - it);
      if (theta >= 1 || left / (1 - theta) * size > share) {
        return size <= 0.1 * share ? 0 : UDE_STEP_NOT_SOLVED;
      }
      rate    = theta / (1 - theta);
      s->rate = rate;
    }
    if (rate * size <= share) {
      return 0;
    }
    previous = size;
  }
  return UDE_STEP_NOT_SOLVED;
}

/* Iterate to rounding, with a new Jacobian where that of the start is too far away. */
static int newton_to_rounding(ude_sdirk *s, int i, double t, double alpha, const double *p) {
  enum { MOST = 60, PATIENCE = 8 };
  /* Corrections that no longer shrink are rounding where they are this small: part of each state, of the tolerance, of the largest. */
  const double  relative = 1e-9;
  const double  share    = 1e-3;
  const double  rounding = 256 * DBL_EPSILON;
  bool          close    = false;
  int64_t       n        = s->stiff.n;
  const double *u        = s->state + i * n;
  double        previous = (double)INFINITY;
  for (int it = 0; it < MOST; it++) {
    int code = correction(s, i, t, alpha, p);
    if (code) {
      return code;
    }
    double size    = 0;
    double largest = 0;
    double top     = 0;
    for (int64_t l = 0; l < n; l++) {
      double ratio = fabs(s->delta[l]) / (fabs(u[l]) + s->atol[l] * 1e-3);
      size         = ratio > size || isnan(ratio) ? ratio : size;
      largest      = fmax(largest, fabs(s->delta[l]));
      top          = fmax(top, fabs(u[l]));
    }
    if (!isfinite(size)) {
      return UDE_STEP_NOT_SOLVED;
    }
    double weighted = ude_error_norm(n, s->delta, u, u, s->rtol, s->atol);
    close           = size < relative || weighted < share || largest <= rounding * top;
    if (size <= 4 * DBL_EPSILON || (close && weighted > 0.3 * previous)) {
      return 0;
    }
    if (it % PATIENCE == PATIENCE - 1) {
      code = ude_stiff_linearise(&s->stiff, t, u, p, false);
      if (code || ude_stiff_factor(&s->stiff, alpha)) {
        return code ? code : UDE_STEP_NOT_SOLVED;
      }
    }
    previous = weighted;
  }
  return close ? 0 : UDE_STEP_NOT_SOLVED;
}

/* -------------------------------------------------------------------------------------- step -- */

/* z_1 = h f(t, u), the rows of zero mass 0. */
static void first_stage(ude_sdirk *s, double h, const double *u, const double *f) {
  int64_t n = s->stiff.n;
  memcpy(s->state, u, (size_t)n * sizeof *u);
  for (int64_t l = 0; l < n; l++) {
    s->z[l] = ude_stiff_mass(&s->stiff, l) != 0 ? h * f[l] : 0;
  }
}

static void finish(ude_sdirk *s, double *u_new) {
  const ude_sdirk_tableau *tableau = s->tableau;
  int                      last    = tableau->stages - 1;
  int64_t                  n       = s->stiff.n;
  memcpy(u_new, s->state + last * n, (size_t)n * sizeof *u_new);
  for (int j = 0; s->w && j <= last; j++) {
    double weight = tableau->b[j] - tableau->x[last * tableau->stages + j];
    for (int64_t l = 0; l < n; l++) {
      u_new[l] += weight * s->w[j * n + l];
    }
  }
}

static int all_stages(ude_sdirk *s, double t, double h, double alpha, const double *u,
                      const double *p, bool to_rounding) {
  int code = explicit_stage(s, 0, t, h, p);
  for (int i = 1; i < s->tableau->stages && code == 0; i++) {
    double t_i = t + s->tableau->c[i] * h;
    begin_stage(s, i, u);
    code = to_rounding ? newton_to_rounding(s, i, t_i, alpha, p) : newton(s, i, t_i, alpha, u, p);
    if (code == 0) {
      end_stage(s, i);
      code = explicit_stage(s, i, t_i, h, p);
    }
  }
  return code;
}

/* The embedded error, damped in fast components by one more solve (Hosea, Shampine 1996, section 4); in the rows of zero mass it
 * follows from the equations. */
static int estimate(ude_sdirk *s, double *error) {
  int64_t n = s->stiff.n;
  for (int64_t l = 0; l < n; l++) {
    double sum = 0;
    for (int j = 0; j < s->tableau->stages; j++) {
      sum += s->tableau->btilde[j] * s->z[j * n + l];
      sum += s->w ? s->tableau->btilde[j] * ude_stiff_mass(&s->stiff, l) * s->w[j * n + l] : 0;
    }
    error[l] = s->stiff.alpha * sum;
  }
  return ude_stiff_solve(&s->stiff, 1, false, error);
}

/* Jacobian and factors as far as they are too old for a step with this alpha. */
static int prepare(ude_sdirk *s, double t, double alpha, const double *u, const double *p) {
  ude_stiff *stiff = &s->stiff;
  if (!stiff->evaluated) {
    int code = ude_stiff_linearise(stiff, t, u, p, false);
    if (code) {
      return code;
    }
    s->fresh = true;
  }
  bool   small   = stiff->n <= SMALL;
  double change  = stiff->alpha != 0 ? fabs(alpha / stiff->alpha - 1) : (double)INFINITY;
  bool   too_far = change > 0.2 || (small && change > 0);
  return too_far && ude_stiff_factor(stiff, alpha) ? UDE_STEP_NOT_SOLVED : 0;
}

int ude_sdirk_try(ude_sdirk *s, double t, double h, const double *u, const double *p, double *u_new,
                  double *error) {
  ude_stiff *stiff = &s->stiff;
  ude_linear_set_tolerance(stiff->linear, newton_residual);
  double alpha = 1 / (s->tableau->gamma * h);
  for (int attempt = 0;; attempt++) {
    s->rate  = 1;
    int code = prepare(s, t, alpha, u, p);
    if (code && code != UDE_STEP_NOT_SOLVED) {
      return code;
    }
    if (code == 0) {
      const double *f = s->first;
      if (!s->has_first && s->fresh) {
        f = stiff->f;
      } else if (!s->has_first) {
        code = stiff->map->value(s->f, u, p, t, stiff->map->context);
        stiff->counts.rhs++;
        f = s->f;
      }
      first_stage(s, h, u, f);
      code = code ? code : all_stages(s, t, h, alpha, u, p, false);
    }
    if (code == 0) {
      finish(s, u_new);
      return estimate(s, error) ? UDE_STEP_NOT_SOLVED : 0;
    }
    if (code != UDE_STEP_NOT_SOLVED || s->fresh || attempt > 0) {
      return code;
    }
    stiff->evaluated = false; /* once more with the Jacobian of here and now */
  }
}

void ude_sdirk_accept(ude_sdirk *s, double h) {
  int64_t       n    = s->stiff.n;
  const double *last = s->z + (s->tableau->stages - 1) * n;
  for (int64_t l = 0; l < n; l++) {
    s->first[l] = last[l] / h;
  }
  s->has_first = !s->w;
  s->fresh     = false;
  /* Slow iterations call for a new Jacobian before they fail. */
  s->stiff.evaluated = s->stiff.n > SMALL && s->rate < 0.5;
}

int ude_sdirk_replay(ude_sdirk *s, double t, double h, const double *u, const double *p,
                     double *u_new) {
  double alpha = 1 / (s->tableau->gamma * h);
  ude_linear_set_tolerance(s->stiff.linear, replay_residual);
  int code = ude_stiff_linearise(&s->stiff, t, u, p, false);
  if (code || ude_stiff_factor(&s->stiff, alpha)) {
    return code ? code : UDE_STEP_NOT_SOLVED;
  }
  first_stage(s, h, u, s->stiff.f);
  code = all_stages(s, t, h, alpha, u, p, true);
  if (code == 0) {
    finish(s, u_new);
  }
  ude_sdirk_restart(s);
  return code;
}
