/* Steps of the stabilised explicit methods. */
#include "solve/rock.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/control.h"
#include "solve/erk.h"

static void close_work(void *work) {
  ude_rock *s = work;
  if (!s) {
    return;
  }
  double *const blocks[] = {s->f,     s->ring,     s->middle,  s->k,     s->end,
                            s->mode,  s->image,    s->point,   s->f_dot, s->k_dot,
                            s->t_dot, s->ring_dot, s->end_dot, s->pairs, s->segment,
                            s->k_bar, s->f_bar,    s->end_bar, s->u_bar, s->lambda};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    free(blocks[i]);
  }
  free(s->schemes);
  free(s);
}

static ude_status open_work(const ude_method *method, const ude_method_setting *setting,
                            void **work, ude_error *error) {
  const ude_rock_table *table = method->data;
  ude_rock             *s     = ude_calloc(1, sizeof *s);
  *work                       = NULL;
  if (!s) {
    return ude_fail_memory(error, "a stabilised method");
  }
  size_t n   = (size_t)setting->field->state.count;
  s->table   = table;
  s->field   = setting->field;
  s->n       = setting->field->state.count;
  s->q       = table->order;
  s->schemes = ude_calloc((size_t)table->rows, sizeof *s->schemes);
  s->f       = ude_calloc(n, sizeof(double));
  s->ring    = ude_calloc(n, 3 * sizeof(double));
  s->middle  = ude_calloc(n, sizeof(double));
  s->k       = ude_calloc(n, (size_t)(s->q + 1) * sizeof(double));
  s->end     = ude_calloc(n, sizeof(double));
  s->mode    = ude_calloc(n, sizeof(double));
  s->image   = ude_calloc(n, sizeof(double));
  s->point   = ude_calloc(n, sizeof(double));
  if (!s->schemes || !s->f || !s->ring || !s->middle || !s->k || !s->end || !s->mode || !s->image ||
      !s->point) {
    close_work(s);
    return ude_fail_memory(error, "a stabilised method");
  }
  *work = s;
  return UDE_OK;
}

const ude_rock_scheme *ude_rock_use(ude_rock *s, int row) {
  if (s->schemes[row].chain == 0) {
    ude_rock_scheme_make(s->table, row, &s->schemes[row]);
  }
  return &s->schemes[row];
}

/* --------------------------------------------------------------------------- spectral radius -- */

static double norm(int64_t n, const double *x) {
  double sum = 0;
  for (int64_t l = 0; l < n; l++) {
    sum += x[l] * x[l];
  }
  return sqrt(sum);
}

/* image = J mode, by jvp, or by a difference from f where there is none. */
static int product(ude_rock *s, const ude_step *step) {
  const ude_map *rhs = &s->field->rhs;
  step->stats->rhs_calls++;
  if (rhs->jvp) {
    return rhs->jvp(s->point, s->image, step->u, s->mode, step->p, NULL, step->t, NULL,
                    rhs->context);
  }
  double apart = sqrt(DBL_EPSILON) * fmax(norm(s->n, step->u), 1e-6);
  for (int64_t l = 0; l < s->n; l++) {
    s->point[l] = step->u[l] + apart * s->mode[l];
  }
  int code = rhs->value(s->image, s->point, step->p, step->t, rhs->context);
  for (int64_t l = 0; l < s->n; l++) {
    s->image[l] = (s->image[l] - s->f[l]) / apart;
  }
  return code;
}

/* Power iterations from the direction of the last ones, for they are close; the estimate comes from below, and oscillates where the dominant
 * eigenvalues are complex: the larger of two. */
static int look_for_radius(ude_rock *s, const ude_step *step) {
  enum { FIRST = 60, AGAIN = 3 };
  const double settled = 0.005;
  double       size    = 0;
  for (int64_t l = 0; !s->known && l < s->n; l++) { /* all frequencies, no symmetry */
    s->mode[l] = sin(1.7 * (double)l * (double)l + 0.6) + 0.1;
  }
  double length = norm(s->n, s->mode);
  for (int64_t l = 0; l < s->n && length > 0; l++) {
    s->mode[l] /= length;
  }
  for (int i = 0; i < (s->known ? AGAIN : FIRST); i++) {
    int code = product(s, step);
    if (code) {
      return code;
    }
    double now = norm(s->n, s->image);
    if (!isfinite(now)) {
      return UDE_STEP_NOT_FINITE;
    }
    s->radius = fmax(now, size);
    if (!(now > 0) || (i > 8 && fabs(now - size) <= settled * now)) {
      break;
    }
    size = now;
    for (int64_t l = 0; l < s->n; l++) {
      s->mode[l] = s->image[l] / now;
    }
  }
  s->known = true;
  s->age   = 0;
  return 0;
}

/* The fewest stages that are stable for the step; -1: there are none. */
static int choose_row(const ude_rock *s, double h) {
  const double margin = 1.15;
  double       needed = margin * s->radius * fabs(h);
  for (int i = 0; i < s->table->rows; i++) {
    if (s->table->row[i].numbers[0] >= needed) {
      return i;
    }
  }
  return -1;
}

/* ------------------------------------------------------------------------------------- stages -- */

void ude_rock_chain(int64_t n, double mu_h, double nu, const double *f, const double *now,
                    const double *before, double *out) {
  for (int64_t l = 0; l < n; l++) {
    out[l] = mu_h * f[l] + nu * now[l] + (1 - nu) * before[l];
  }
}

/* Keep the two stages that a segment of the chain starts from. */
static void keep(ude_rock *s, int j, const double *before, const double *now) {
  size_t  bytes = (size_t)s->n * sizeof(double);
  double *to    = s->pairs ? s->pairs + (ptrdiff_t)(j / UDE_ROCK_SEGMENT - 1) * 2 * s->n : NULL;
  if (to && j % UDE_ROCK_SEGMENT == 0) {
    memcpy(to, before, bytes);
    memcpy(to + s->n, now, bytes);
  }
}

int ude_rock_stages(ude_rock *s, ude_step *step) {
  const ude_map         *rhs    = &s->field->rhs;
  const ude_rock_scheme *scheme = s->scheme;
  int64_t                n      = s->n;
  const double          *now    = step->u;
  const double          *before = step->u;
  int                    code   = 0;
  s->has_end                    = false;
  for (int j = 1; j <= scheme->chain; j++) {
    double *out = s->ring + (j % 3) * n;
    double *f   = s->f;
    if (j > 1) {
      f = out;
      step->stats->rhs_calls++;
      code = rhs->value(f, now, step->p, step->t + scheme->c[j - 1] * step->h, rhs->context);
    }
    if (code) {
      return code;
    }
    ude_rock_chain(n, scheme->mu[j] * step->h, scheme->nu[j], f, now, before, out);
    before = now;
    now    = out;
    keep(s, j, before, now);
  }
  memcpy(s->middle, now, (size_t)n * sizeof *now);
  for (int i = 0; i < s->q && code == 0; i++) {
    ude_erk_combine(n, s->middle, step->h, scheme->a[i], i, s->k, s->point);
    step->stats->rhs_calls++;
    code = rhs->value(s->k + i * n, s->point, step->p, step->t + scheme->c_end[i] * step->h,
                      rhs->context);
  }
  ude_erk_combine(n, s->middle, step->h, scheme->b, s->q, s->k, s->end);
  memcpy(step->u_new, s->end, (size_t)n * sizeof *s->end);
  return code;
}

int ude_rock_end(ude_rock *s, ude_step *step) {
  const ude_map *rhs = &s->field->rhs;
  if (s->has_end) {
    return 0;
  }
  step->stats->rhs_calls++;
  int code   = rhs->value(s->k + s->q * s->n, s->end, step->p, step->t_next, rhs->context);
  s->has_end = code == 0;
  return code;
}

void ude_rock_error(const ude_rock *s, double h, double *error) {
  ude_erk_combine(s->n, NULL, h, s->scheme->e, s->q == 2 ? 2 : 5, s->k, error);
}

/* --------------------------------------------------------------------------------------- step -- */

static int start(void *work, const ude_step *step, const double *f) {
  ude_rock *s = work;
  (void)step;
  memcpy(s->f, f, (size_t)s->n * sizeof *f);
  s->known = false;
  return 0;
}

static int attempt(void *work, ude_step *step) {
  enum { OLD = 5 };
  ude_rock *s    = work;
  int       code = !s->known || s->age >= OLD ? look_for_radius(s, step) : 0;
  if (code) {
    return code;
  }
  int row = choose_row(s, step->h);
  if (row < 0) { /* not even the most stages */
    const double aim  = 0.85;
    double       most = s->table->row[s->table->rows - 1].numbers[0];
    step->shrink      = aim * most / (s->radius * fabs(step->h));
    return UDE_STEP_NOT_SOLVED;
  }
  step->tag = row;
  s->scheme = ude_rock_use(s, row);
  code      = ude_rock_stages(s, step);
  code      = code || s->q == 2 ? code : ude_rock_end(s, step);
  if (code == 0) {
    ude_rock_error(s, step->h, step->error);
  }
  return code;
}

static int finish(void *work, ude_step *step) {
  ude_rock *s = work;
  if (step->last && !s->has_end) {
    return 0;
  }
  int code = ude_rock_end(s, step);
  if (code) {
    return code;
  }
  step->component = ude_first_not_finite(s->n, s->k + s->q * s->n);
  return step->component >= 0 ? UDE_STEP_NOT_FINITE : 0;
}

static void accept(void *work, const ude_step *step) {
  ude_rock *s = work;
  (void)step;
  memcpy(s->f, s->k + s->q * s->n, (size_t)s->n * sizeof *s->f);
  s->age++;
}

static void reject(void *work, const ude_step *step) {
  enum { AT_ONCE = 1000 };
  ude_rock *s = work;
  (void)step;
  s->age = AT_ONCE; /* the radius may have been why */
}

void ude_rock_hermite(double theta, double weights[4]) {
  double rest = 1 - theta;
  weights[0]  = rest * rest * (1 + 2 * theta);
  weights[1]  = theta * rest * rest;
  weights[2]  = theta * theta * (3 - 2 * theta);
  weights[3]  = -theta * theta * rest;
}

void ude_rock_hermite_slopes(double theta, double weights[4]) {
  double rest = 1 - theta;
  weights[0]  = -6 * theta * rest;
  weights[1]  = rest * (1 - 3 * theta);
  weights[2]  = 6 * theta * rest;
  weights[3]  = theta * (3 * theta - 2);
}

static int dense(void *work, ude_step *step, double theta, double *out) {
  ude_rock     *s    = work;
  int           code = ude_rock_end(s, step);
  const double *f1   = s->k + s->q * s->n;
  double        w[4];
  ude_rock_hermite(theta, w);
  for (int64_t l = 0; l < s->n && code == 0; l++) {
    out[l] = w[0] * step->u[l] + w[2] * s->end[l] + step->h * (w[1] * s->f[l] + w[3] * f1[l]);
  }
  return code;
}

static ude_status estimates(void *work, bool error_estimate, bool stiffness_estimate,
                            ude_error *error) {
  const ude_rock *s = work;
  (void)error_estimate;
  return stiffness_estimate
             ? ude_fail(error, UDE_UNSUPPORTED,
                        "'%s' has no differentiable estimate of stiffness: choose another method, "
                        "as tsit5",
                        s->table->name)
             : UDE_OK;
}

#define ROCK(id, p, d, bound)                   \
  {.name            = #id,                      \
   .order           = (p),                      \
   .error_order     = (p),                      \
   .dense_order     = (d),                      \
   .stability       = (bound),                  \
   .time_tangents   = true,                     \
   .data            = &ude_##id,                \
   .open            = open_work,                \
   .close           = close_work,               \
   .start           = start,                    \
   .attempt         = attempt,                  \
   .finish          = finish,                   \
   .accept          = accept,                   \
   .reject          = reject,                   \
   .dense           = dense,                    \
   .reserve         = ude_rock_reserve,         \
   .replay          = ude_rock_replay,          \
   .estimates       = estimates,                \
   .tangent         = ude_rock_tangent,         \
   .tangent_dense   = ude_rock_tangent_dense,   \
   .transpose_begin = ude_rock_transpose_begin, \
   .transpose_dense = ude_rock_transpose_dense, \
   .transpose       = ude_rock_transpose}

/* Stability: of the most stages; tests/solve/test_rock.c holds the numbers against the tables. */
const ude_method ude_method_rock2 = ROCK(rock2, 2, 2, 32292.6);
const ude_method ude_method_rock4 = ROCK(rock4, 4, 3, 7892.36);
