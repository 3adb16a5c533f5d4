/* The step of Radau IIA 5 (Hairer, Wanner, Solving Ordinary Differential Equations II, IV.8). */
#include "solve/radau.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROOT6 2.4494897427831780982

/* clang-format off */
const double ude_radau_c[3] = {(4 - ROOT6) / 10, (4 + ROOT6) / 10, 1};
const double ude_radau_inverse[3][3] = {
    {3.2247448713915890491, 1.1678400846904054949, -0.25319726474218082619},
    {-3.5678400846904054949, 0.7752551286084109509, 1.0531972647421808262},
    {5.5319726474218082619, -7.5319726474218082619, 5}};
const double ude_radau_t[3][3] = {
    {9.1232394870892942792e-02, -0.14125529502095420843, -3.0029194105147424492e-02},
    {0.24171793270710701896, 0.20412935229379993199, 0.38294211275726193779},
    {0.96604818261509293619, 1, 0}};
const double ude_radau_t_inverse[3][3] = {
    {4.3255798900631553510, 0.33919925181580986954, 0.54177053993587487119},
    {-4.1787185915519047273, -0.32768282076106238708, 0.47662355450055045196},
    {-0.50287263494578687595, 2.5719269498556054292, -0.59603920482822492497}};
const double ude_radau_real  = 3.6378342527444957322;
const double ude_radau_alpha = 2.6810828736277521339;
const double ude_radau_beta  = 3.0504301992474105694;
/* Weights of the z_i in the error estimate: e with (real / h M - J)^-1 (f(t, u) + M / h sum e_i z_i) of order 3. */
const double ude_radau_error_weights[3] = {-(13 + 7 * ROOT6) / 3, (-13 + 7 * ROOT6) / 3, -1.0 / 3};
/* clang-format on */

enum { SMALL = 32 };

static const double newton_share = 0.02;

void ude_radau_close(ude_radau *s) {
  ude_stiff_close(&s->stiff);
  ude_linear_free(s->coupled);
  double *const blocks[] = {s->z,     s->old_z,          s->f,       s->work,
                            s->start, s->coupled_matrix, s->products};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    free(blocks[i]);
  }
  *s = (ude_radau){0};
}

ude_status ude_radau_open(ude_radau *s, const ude_vector_field *field, double rtol,
                          const double *atol, ude_error *error) {
  *s                = (ude_radau){.rtol = rtol, .atol = atol};
  size_t     n      = (size_t)field->state.count;
  ude_status status = ude_stiff_open(&s->stiff, field, NULL, true, error);
  if (status) {
    return status;
  }
  s->z     = ude_calloc(n, 3 * sizeof(double));
  s->old_z = ude_calloc(n, 3 * sizeof(double));
  s->f     = ude_calloc(n, 3 * sizeof(double));
  s->work  = ude_calloc(n, 3 * sizeof(double));
  s->start = ude_calloc(n, sizeof(double));
  if (!s->z || !s->old_z || !s->f || !s->work || !s->start) {
    ude_radau_close(s);
    return ude_fail_memory(error, "an implicit method");
  }
  ude_radau_restart(s);
  return UDE_OK;
}

void ude_radau_restart(ude_radau *s) {
  s->has_old = s->has_start = s->fresh = false;
  s->first_or_rejected                 = true;
  s->rate                              = 1;
  s->h_factored                        = 0;
  s->stiff.evaluated                   = false;
}

void ude_radau_weights(double theta, double *weights) {
  const double *c = ude_radau_c;
  for (int i = 0; i < 3; i++) {
    double w = theta / c[i];
    for (int j = 0; j < 3; j++) {
      w *= j == i ? 1 : (theta - c[j]) / (c[i] - c[j]);
    }
    weights[i] = w;
  }
}

/* ---------------------------------------------------------------------- the linear iteration -- */

int ude_radau_factor(ude_radau *s, double h) {
  ude_stiff *stiff = &s->stiff;
  s->h_factored    = 0;
  if (ude_stiff_factor(stiff, ude_radau_real / h)) {
    return UDE_STEP_NOT_SOLVED;
  }
  stiff->counts.factorisations++;
  if (ude_linear_factor_complex(stiff->linear, ude_radau_alpha / h, ude_radau_beta / h, stiff->mass,
                                stiff->jacobian)) {
    return UDE_STEP_NOT_SOLVED;
  }
  s->h_factored = h;
  return 0;
}

/* x_i = sum_j a_ij x_j, or a_ji. */
static void combine(int64_t n, const double a[3][3], bool transposed, double *x) {
  for (int64_t l = 0; l < n; l++) {
    double in[3] = {x[l], x[n + l], x[2 * n + l]};
    for (int i = 0; i < 3; i++) {
      x[i * n + l] = transposed ? a[0][i] * in[0] + a[1][i] * in[1] + a[2][i] * in[2]
                                : a[i][0] * in[0] + a[i][1] * in[1] + a[i][2] * in[2];
    }
  }
}

static void negate(int64_t n, double *x) {
  for (int64_t l = 0; l < n; l++) {
    x[l] = -x[l];
  }
}

/* The blocks (real) and (alpha + i beta), between T^-1 and T. */
static int solve_blocks(ude_radau *s, bool transposed, double *x) {
  int64_t n    = s->stiff.n;
  int     code = ude_stiff_solve(&s->stiff, 1, transposed, x);
  if (transposed) { /* the transpose of the real form is the conjugate of the complex one */
    negate(n, x + 2 * n);
  }
  code |= ude_linear_solve_complex(s->stiff.linear, transposed, x + n, x + 2 * n);
  s->stiff.counts.solves++;
  if (transposed) {
    negate(n, x + 2 * n);
  }
  return code;
}

int ude_radau_precondition(ude_radau *s, bool transposed, double *x) {
  int64_t n = s->stiff.n;
  combine(n, transposed ? ude_radau_t : ude_radau_t_inverse, transposed, x);
  int code = solve_blocks(s, transposed, x);
  combine(n, transposed ? ude_radau_t_inverse : ude_radau_t, transposed, x);
  return code;
}

/* One correction of z; its norm into *size. */
static int correction(ude_radau *s, double t, double h, const double *u, const double *p) {
  const ude_map *map = s->stiff.map;
  int64_t        n   = s->stiff.n;
  s->stiff.counts.iterations++;
  for (int i = 0; i < 3; i++) {
    double *point = s->work;
    for (int64_t l = 0; l < n; l++) {
      point[l] = u[l] + s->z[i * n + l];
    }
    int code = map->value(s->f + i * n, point, p, t + ude_radau_c[i] * h, map->context);
    s->stiff.counts.rhs++;
    if (code) {
      return code;
    }
  }
  for (int64_t l = 0; l < n; l++) {
    double scale = ude_stiff_mass(&s->stiff, l) / h;
    for (int i = 0; i < 3; i++) {
      double sum = 0;
      for (int j = 0; j < 3; j++) {
        sum += ude_radau_inverse[i][j] * s->z[j * n + l];
      }
      s->f[i * n + l] -= scale * sum;
    }
  }
  if (ude_radau_precondition(s, false, s->f)) {
    return UDE_STEP_NOT_SOLVED;
  }
  for (int64_t e = 0; e < 3 * n; e++) {
    s->z[e] += s->f[e];
  }
  return 0;
}

static double correction_norm(const ude_radau *s, const double *u) {
  int64_t n   = s->stiff.n;
  double  sum = 0;
  for (int i = 0; i < 3; i++) {
    double part = ude_error_norm(n, s->f + i * n, u, u, s->rtol, s->atol);
    sum += part * part;
  }
  return sqrt(sum / 3);
}

static int newton(ude_radau *s, double t, double h, const double *u, const double *p) {
  enum { MOST = 10 };
  double share    = fmax(newton_share, 10 * DBL_EPSILON / s->rtol);
  double rate     = s->rate; /* 1 until two corrections of this step have been compared */
  double previous = 0;
  for (int it = 0; it < MOST; it++) {
    int code = correction(s, t, h, u, p);
    if (code) {
      return code;
    }
    double size = correction_norm(s, u);
    if (!isfinite(size)) {
      return UDE_STEP_NOT_SOLVED;
    }
    if (it > 0) {
      double theta = size / previous;
      if (theta >= 1 || pow(theta, MOST - 1 - it) / (1 - theta) * size > share) {
        return size <= 0.1 * share ? 0 : UDE_STEP_NOT_SOLVED;
      }
      s->rate = rate = theta / (1 - theta);
    }
    if (rate * size <= share) {
      return 0;
    }
    previous = size;
  }
  return UDE_STEP_NOT_SOLVED;
}

static int newton_to_rounding(ude_radau *s, double t, double h, const double *u, const double *p) {
  enum { MOST = 60, PATIENCE = 10 };
  /* Corrections that no longer shrink are rounding where they are this small: part of each state, of the tolerance, of the largest. */
  const double relative = 1e-9;
  const double share    = 1e-3;
  const double rounding = 256 * DBL_EPSILON;
  bool         close    = false;
  int64_t      n        = s->stiff.n;
  double       previous = (double)INFINITY;
  for (int it = 0; it < MOST; it++) {
    int code = correction(s, t, h, u, p);
    if (code) {
      return code;
    }
    double size    = 0;
    double largest = 0;
    double top     = 0;
    for (int64_t e = 0; e < 3 * n; e++) {
      int64_t l     = e % n;
      double  ratio = fabs(s->f[e]) / (fabs(u[l]) + fabs(s->z[e]) + s->atol[l] * 1e-3);
      size          = ratio > size || isnan(ratio) ? ratio : size;
      largest       = fmax(largest, fabs(s->f[e]));
      top           = fmax(top, fabs(u[l]) + fabs(s->z[e]));
    }
    if (!isfinite(size)) {
      return UDE_STEP_NOT_SOLVED;
    }
    double weighted = correction_norm(s, u);
    close           = size < relative || weighted < share || largest <= rounding * top;
    if (size <= 4 * DBL_EPSILON || (close && weighted > 0.3 * previous)) {
      return 0;
    }
    if (it % PATIENCE == PATIENCE - 1) { /* the Jacobian of the step's end */
      for (int64_t l = 0; l < n; l++) {
        s->work[l] = u[l] + s->z[2 * n + l];
      }
      code = ude_stiff_linearise(&s->stiff, t + h, s->work, p, false);
      code = code ? code : ude_radau_factor(s, h);
      if (code) {
        return code;
      }
    }
    previous = weighted;
  }
  return close ? 0 : UDE_STEP_NOT_SOLVED;
}

/* -------------------------------------------------------------------------------------- step -- */

/* First guess: the collocation polynomial of the last step, extrapolated; else no change. */
static void guess(ude_radau *s, double h) {
  int64_t n = s->stiff.n;
  memset(s->z, 0, (size_t)(3 * n) * sizeof *s->z);
  for (int i = 0; i < 3 && s->has_old; i++) {
    double weights[3];
    ude_radau_weights(1 + ude_radau_c[i] * h / s->old_h, weights);
    for (int64_t l = 0; l < n; l++) {
      s->z[i * n + l] = weights[0] * s->old_z[l] + weights[1] * s->old_z[n + l] +
                        (weights[2] - 1) * s->old_z[2 * n + l];
    }
  }
}

static int estimate(ude_radau *s, double t, double h, const double *u, const double *p,
                    double *error) {
  const ude_map *map  = s->stiff.map;
  int64_t        n    = s->stiff.n;
  double        *part = s->work;
  for (int64_t l = 0; l < n; l++) {
    double sum = 0;
    for (int i = 0; i < 3; i++) {
      sum += ude_radau_error_weights[i] * s->z[i * n + l];
    }
    part[l]  = ude_stiff_mass(&s->stiff, l) * sum / h;
    error[l] = part[l] + s->start[l];
  }
  int code = ude_stiff_solve(&s->stiff, 1, false, error);
  s->twice = false;
  if (code || !s->first_or_rejected) {
    return code ? UDE_STEP_NOT_SOLVED : 0;
  }
  double size = ude_error_norm(n, error, u, u, s->rtol, s->atol);
  if (!(size >= 1) || !isfinite(size)) {
    return 0;
  }
  double *point =
      s->work + n; /* once more through the equation: removes the part of fast components */
  for (int64_t l = 0; l < n; l++) {
    point[l] = u[l] + error[l];
  }
  code = map->value(s->work + 2 * n, point, p, t, map->context);
  s->stiff.counts.rhs++;
  if (code) {
    return code < 0 ? code : 0; /* the first estimate stands */
  }
  for (int64_t l = 0; l < n; l++) {
    error[l] = part[l] + s->work[2 * n + l];
  }
  s->twice = true;
  return ude_stiff_solve(&s->stiff, 1, false, error) ? UDE_STEP_NOT_SOLVED : 0;
}

static int prepare(ude_radau *s, double t, double h, const double *u, const double *p) {
  ude_stiff     *stiff = &s->stiff;
  const ude_map *map   = stiff->map;
  int            code  = 0;
  if (!stiff->evaluated) {
    code          = ude_stiff_linearise(stiff, t, u, p, false);
    s->fresh      = true;
    s->h_factored = 0;
    memcpy(s->start, stiff->f, (size_t)stiff->n * sizeof *s->start);
    s->has_start = true;
  }
  if (!s->has_start && code == 0) {
    code = map->value(s->start, u, p, t, map->context);
    stiff->counts.rhs++;
    s->has_start = true;
  }
  return code || s->h_factored == h ? code : ude_radau_factor(s, h);
}

int ude_radau_try(ude_radau *s, double t, double h, const double *u, const double *p, double *u_new,
                  double *error) {
  int64_t n = s->stiff.n;
  for (int attempt = 0;; attempt++) {
    s->rate  = 1;
    int code = prepare(s, t, h, u, p);
    if (code == 0) {
      guess(s, h);
      code = newton(s, t, h, u, p);
    }
    if (code == 0) {
      for (int64_t l = 0; l < n; l++) {
        u_new[l] = u[l] + s->z[2 * n + l];
      }
      return estimate(s, t, h, u, p, error);
    }
    s->has_old = false;
    if (code != UDE_STEP_NOT_SOLVED || s->fresh || attempt > 0) {
      return code;
    }
    s->stiff.evaluated = false;
  }
}

void ude_radau_accept(ude_radau *s, double h) {
  double *z            = s->z;
  s->z                 = s->old_z;
  s->old_z             = z;
  s->old_h             = h;
  s->has_old           = true;
  s->has_start         = false;
  s->fresh             = false;
  s->first_or_rejected = false;
  s->stiff.evaluated   = s->stiff.n > SMALL && s->rate < 0.5;
}

void ude_radau_reject(ude_radau *s) {
  s->first_or_rejected = true;
}

int ude_radau_replay(ude_radau *s, double t, double h, const double *u, const double *p,
                     double *u_new) {
  int64_t n = s->stiff.n;
  ude_radau_restart(s);
  int code = ude_stiff_linearise(&s->stiff, t, u, p, false);
  code     = code ? code : ude_radau_factor(s, h);
  guess(s, h);
  code = code ? code : newton_to_rounding(s, t, h, u, p);
  for (int64_t l = 0; l < n && code == 0; l++) {
    u_new[l] = u[l] + s->z[2 * n + l];
  }
  ude_radau_restart(s);
  s->u = u;
  s->p = p;
  s->t = t;
  s->h = h;
  return code;
}
