/* GMRES (Saad and Schultz, SIAM J. Sci. Stat. Comput. 7 (1986) 856), restarted, preconditioned from the right, so that the
 * residual it minimises is that of the system itself. W v = alpha M v - J v by products from the caller. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/precondition.h"

typedef struct krylov {
  int64_t             n, restart, most;
  ude_incomplete      incomplete;
  ude_linear_apply_fn apply;
  void               *context;
  double              tolerance, alpha;
  double             *mass; /* [n] copy, used if has_mass */
  bool                has_mass, transposed, failed;
  double             *basis;         /* [restart + 1][n] */
  double             *h;             /* [restart][restart + 1], column by column */
  double             *cosine, *sine; /* [restart] */
  double             *g;             /* [restart + 1] */
  double             *x, *work;      /* [n] */
  double             *column;        /* [n] one of several right-hand sides */
  int64_t             iterations;
} krylov;

static const double default_tolerance = 1e-10;

static double dot(int64_t n, const double *x, const double *y) {
  double  sum[4] = {0, 0, 0, 0}; /* side by side, for vector units */
  int64_t i      = 0;
  for (; i + 4 <= n; i += 4) {
    for (int lane = 0; lane < 4; lane++) {
      sum[lane] += x[i + lane] * y[i + lane];
    }
  }
  for (; i < n; i++) {
    sum[0] += x[i] * y[i];
  }
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static void add(int64_t n, double scale, const double *x, double *y) {
  for (int64_t i = 0; i < n; i++) {
    y[i] += scale * x[i];
  }
}

/* y = W x or W^T x. */
static void product(krylov *w, const double *x, double *y) {
  if (w->apply(y, x, w->transposed, w->context)) {
    w->failed = true;
    return;
  }
  for (int64_t i = 0; i < w->n; i++) {
    y[i] = w->alpha * (w->has_mass ? w->mass[i] : 1) * x[i] - y[i];
  }
}

/* The rotation that takes the subdiagonal entry of column k to zero. */
static void rotate(krylov *w, int64_t k) {
  double *h = w->h + k * (w->restart + 1);
  for (int64_t i = 0; i < k; i++) {
    double upper = w->cosine[i] * h[i] + w->sine[i] * h[i + 1];
    h[i + 1]     = w->cosine[i] * h[i + 1] - w->sine[i] * h[i];
    h[i]         = upper;
  }
  double size  = hypot(h[k], h[k + 1]);
  w->cosine[k] = size > 0 ? h[k] / size : 1;
  w->sine[k]   = size > 0 ? h[k + 1] / size : 0;
  h[k]         = size;
  h[k + 1]     = 0;
  w->g[k + 1]  = -w->sine[k] * w->g[k];
  w->g[k]      = w->cosine[k] * w->g[k];
}

/* Orthogonalise basis vector k + 1 against those before it: modified Gram-Schmidt, twice where it cancels. */
static double orthogonalise(krylov *w, int64_t k) {
  double *v    = w->basis + (k + 1) * w->n;
  double *h    = w->h + k * (w->restart + 1);
  double  size = sqrt(dot(w->n, v, v));
  double  rest = size;
  for (int64_t i = 0; i <= k; i++) {
    h[i] = 0;
  }
  for (int pass = 0; pass < 2 && (pass == 0 || rest < 0.1 * size); pass++) {
    for (int64_t i = 0; i <= k; i++) {
      double part = dot(w->n, w->basis + i * w->n, v);
      h[i] += part;
      add(w->n, -part, w->basis + i * w->n, v);
    }
    rest = sqrt(dot(w->n, v, v));
  }
  h[k + 1] = rest;
  for (int64_t i = 0; i < w->n && rest > 0; i++) {
    v[i] /= rest;
  }
  return rest;
}

/* x += M^-1 V y, with the triangular system R y = g. */
static void update(krylov *w, int64_t count) {
  for (int64_t k = count - 1; k >= 0; k--) {
    double sum = w->g[k];
    for (int64_t j = k + 1; j < count; j++) {
      sum -= w->h[j * (w->restart + 1) + k] * w->g[j];
    }
    double pivot = w->h[k * (w->restart + 1) + k];
    w->g[k]      = pivot != 0 ? sum / pivot : 0;
  }
  memset(w->work, 0, (size_t)w->n * sizeof *w->work);
  for (int64_t k = 0; k < count; k++) {
    add(w->n, w->g[k], w->basis + k * w->n, w->work);
  }
  ude_incomplete_solve(&w->incomplete, w->transposed, w->work);
  add(w->n, 1, w->work, w->x);
}

/* One cycle from the residual in basis[0] of size `size`; returns the residual's estimate at its end. */
static double cycle(krylov *w, double size, double goal, int64_t *left) {
  int64_t n = w->n;
  int64_t k = 0;
  for (int64_t i = 0; i < n; i++) {
    w->basis[i] /= size;
  }
  w->g[0] = size;
  while (k < w->restart && *left > 0 && fabs(w->g[k]) > goal && !w->failed) {
    memcpy(w->work, w->basis + k * n, (size_t)n * sizeof *w->work);
    ude_incomplete_solve(&w->incomplete, w->transposed, w->work);
    product(w, w->work, w->basis + (k + 1) * n);
    double rest = w->failed ? 0 : orthogonalise(w, k);
    if (w->failed || !isfinite(rest)) {
      w->failed = true;
      break;
    }
    rotate(w, k);
    k++;
    --*left;
    w->iterations++;
    if (rest == 0) { /* the space is invariant: the solution is in it */
      break;
    }
  }
  double estimate = fabs(w->g[k]);
  update(w, k);
  return estimate;
}

static int solve_one(krylov *w, double *b) {
  int64_t n    = w->n;
  int64_t left = w->most;
  double  goal = w->tolerance * sqrt(dot(n, b, b));
  memset(w->x, 0, (size_t)n * sizeof *w->x);
  memcpy(w->basis, b, (size_t)n * sizeof *b);
  w->failed    = w->apply == NULL;
  double size  = sqrt(dot(n, b, b));
  double start = size;
  if (!isfinite(size)) {
    return 1;
  }
  while (size > goal && size > 0 && left > 0 && !w->failed) {
    double before = size;
    cycle(w, size, goal, &left);
    product(w, w->x, w->work);
    for (int64_t i = 0; i < n; i++) {
      w->basis[i] = b[i] - w->work[i];
    }
    size = sqrt(dot(n, w->basis, w->basis));
    if (!(size < 0.999 * before)) { /* rounding or stagnation: no better with another cycle */
      break;
    }
  }
  memcpy(b, w->x, (size_t)n * sizeof *b);
  /* The last digits may be out of reach where W is ill conditioned: that is as solved as it gets. */
  return w->failed || !(size <= fmax(goal, 1e-13 * start)) ? 1 : 0;
}

static int solve(void *work, int64_t right, bool transposed, double *b) {
  krylov *w     = work;
  int     code  = 0;
  w->transposed = transposed;
  if (right == 1) {
    return solve_one(w, b);
  }
  for (int64_t lane = 0; lane < right; lane++) {
    for (int64_t i = 0; i < w->n; i++) {
      w->column[i] = b[i * right + lane];
    }
    code |= solve_one(w, w->column);
    for (int64_t i = 0; i < w->n; i++) {
      b[i * right + lane] = w->column[i];
    }
  }
  return code;
}

static int factor(void *work, double alpha, const double *mass, const double *jacobian) {
  krylov *w   = work;
  w->alpha    = alpha;
  w->has_mass = mass != NULL;
  if (mass) {
    memcpy(w->mass, mass, (size_t)w->n * sizeof *mass);
  }
  return !isfinite(alpha) || ude_incomplete_factor(&w->incomplete, alpha, mass, jacobian);
}

void ude_krylov_set_operator(void *work, ude_linear_apply_fn apply, void *context) {
  krylov *w  = work;
  w->apply   = apply;
  w->context = context;
}

void ude_krylov_set_tolerance(void *work, double tolerance) {
  ((krylov *)work)->tolerance = tolerance;
}

int64_t ude_krylov_iterations(const void *work) {
  return ((const krylov *)work)->iterations;
}

static void release(void *work) {
  krylov       *w        = work;
  double *const blocks[] = {w->mass, w->basis, w->h,    w->cosine, w->sine,
                            w->g,    w->x,     w->work, w->column};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    free(blocks[i]);
  }
  ude_incomplete_free(&w->incomplete);
  free(w);
}

static const ude_linear_structure *description(ude_preconditioner kind) {
  static const ude_linear_structure functions[] = {
      {"GMRES", factor, NULL, solve, NULL, release},
      {"GMRES with ILU(0)", factor, NULL, solve, NULL, release},
      {"GMRES with block Jacobi", factor, NULL, solve, NULL, release}};
  return &functions[kind == UDE_PRECONDITION_ILU0           ? 1
                    : kind == UDE_PRECONDITION_BLOCK_JACOBI ? 2
                                                            : 0];
}

ude_status ude_linear_make_krylov(int64_t n, const ude_shifted *shifted,
                                  const ude_linear_options *options, void **work,
                                  const ude_linear_structure **structure, ude_error *error) {
  enum { RESTART = 30, MOST_RESTART = 1000, MOST = 300 };
  if (options->restart < 0 || options->restart > MOST_RESTART || options->max_iterations < 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "GMRES: restart must be in 1 to %d and max_iterations positive (0: default)",
                    MOST_RESTART);
  }
  krylov *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "GMRES");
  }
  made->n            = n;
  made->restart      = options->restart ? options->restart : RESTART;
  made->restart      = n < made->restart ? n : made->restart;
  made->most         = options->max_iterations ? options->max_iterations : MOST;
  made->tolerance    = default_tolerance;
  size_t     size    = (size_t)n;
  size_t     restart = (size_t)made->restart;
  ude_status status  = ude_incomplete_make(n, shifted, options, &made->incomplete, error);
  made->mass         = ude_calloc(size, sizeof(double));
  made->basis        = ude_calloc(restart + 1, size * sizeof(double));
  made->h            = ude_calloc(restart + 1, (restart + 1) * sizeof(double));
  made->cosine       = ude_calloc(restart + 1, sizeof(double));
  made->sine         = ude_calloc(restart + 1, sizeof(double));
  made->g            = ude_calloc(restart + 1, sizeof(double));
  made->x            = ude_calloc(size, sizeof(double));
  made->work         = ude_calloc(size, sizeof(double));
  made->column       = ude_calloc(size, sizeof(double));
  if (status == UDE_OK && (!made->mass || !made->basis || !made->h || !made->cosine ||
                           !made->sine || !made->g || !made->x || !made->work || !made->column)) {
    status = ude_fail_memory(error, "GMRES");
  }
  if (status) {
    release(made);
    return status;
  }
  *work      = made;
  *structure = description(made->incomplete.kind);
  return UDE_OK;
}
