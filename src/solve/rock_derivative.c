/* A recorded step of a stabilised method again, its tangents and its transpose.
 *
 * The chain is linear in states and derivatives, so the tangents follow the same recurrence. Backwards, with lambda_j the cotangent of g_j:
 *      f_bar = h mu_j lambda_j,  lambda_{j-1} += nu_j lambda_j + f_u(g_{j-1})^T f_bar,  lambda_{j-2} += (1 - nu_j) lambda_j.
 * The stages are computed again segment by segment, so that the memory is that of 2 S + 2 s / S states for s stages. */
#include <stdlib.h>
#include <string.h>

#include "solve/erk.h"
#include "solve/rock.h"

enum { SEGMENT = UDE_ROCK_SEGMENT };

static bool grow(double **block, size_t count, size_t n) {
  double *grown = ude_realloc(*block, count, n * sizeof **block);
  *block        = grown ? grown : *block;
  return grown != NULL;
}

ude_status ude_rock_reserve(void *work, int64_t width, ude_error *error) {
  ude_rock *s   = work;
  size_t    n   = (size_t)s->n;
  size_t    q   = (size_t)s->q;
  int       top = s->table->row[s->table->rows - 1].stages;
  if (width == 0 && !s->lambda) {
    bool all = grow(&s->pairs, 2 * (size_t)(top / SEGMENT + 1), n) &&
               grow(&s->segment, (size_t)2 * SEGMENT, n) && grow(&s->k_bar, q + 1, n) &&
               grow(&s->f_bar, 1, n) && grow(&s->end_bar, 1, n) && grow(&s->u_bar, 1, n) &&
               grow(&s->lambda, 4, n);
    return all ? UDE_OK : ude_fail_memory(error, "the transpose of a step");
  }
  if (width > 0 && width != s->width) {
    size_t w = (size_t)width;
    s->width = 0;
    if (!grow(&s->f_dot, w, n) || !grow(&s->ring_dot, 3 * w, n) ||
        !grow(&s->k_dot, (q + 1) * w, n) || !grow(&s->end_dot, w, n) || !grow(&s->t_dot, 1, w)) {
      return ude_fail_memory(error, "the tangents of a step");
    }
    s->width = width;
  }
  return UDE_OK;
}

int ude_rock_replay(void *work, ude_step *step) {
  ude_rock      *s   = work;
  const ude_map *rhs = &s->field->rhs;
  s->scheme          = ude_rock_use(s, step->tag);
  s->has_end         = false;
  s->has_end_dot     = false;
  if (step->tangents) {
    return 0;
  }
  step->stats->rhs_calls++;
  int code = rhs->value(s->f, step->u, step->p, step->t, rhs->context);
  code     = code ? code : ude_rock_stages(s, step);
  if (code == 0 && step->error) {
    code = s->q == 2 ? 0 : ude_rock_end(s, step);
    ude_rock_error(s, step->h, step->error);
  }
  return code;
}

/* -------------------------------------------------------------------------------- tangents -- */

/* f and its tangent at a stage whose time is t + c h. */
static int product(ude_rock *s, const ude_step *step, const ude_tangent *tangent, double c,
                   const double *u, const double *u_dot, double *f, double *f_dot) {
  const ude_map *rhs   = &s->field->rhs;
  ude_jvp_fn     jvp   = s->width == 1 && rhs->jvp ? rhs->jvp : rhs->jvp_wide;
  bool           moves = tangent->t_dot || tangent->h_dot;
  for (int64_t w = 0; moves && w < s->width; w++) {
    s->t_dot[w] =
        (tangent->t_dot ? tangent->t_dot[w] : 0) + (tangent->h_dot ? c * tangent->h_dot[w] : 0);
  }
  step->stats->rhs_calls++;
  return jvp(f, f_dot, u, u_dot, step->p, tangent->p_dot,
             c == 1 ? step->t_next : step->t + c * step->h, moves ? s->t_dot : NULL, rhs->context);
}

/* out_dot += h' value. */
static void move(const ude_rock *s, const ude_tangent *tangent, double weight, const double *value,
                 double *out_dot) {
  for (int64_t l = 0; tangent->h_dot && l < s->n; l++) {
    for (int64_t w = 0; w < s->width; w++) {
      out_dot[l * s->width + w] += weight * value[l] * tangent->h_dot[w];
    }
  }
}

static int chain_tangent(ude_rock *s, ude_step *step, const ude_tangent *tangent,
                         const double **last_dot) {
  const ude_rock_scheme *scheme = s->scheme;
  int64_t                n      = s->n;
  int64_t                block  = n * s->width;
  const double          *now = step->u, *before = step->u;
  const double          *now_dot = tangent->u_dot, *before_dot = tangent->u_dot;
  for (int j = 1; j <= scheme->chain; j++) {
    double *out     = s->ring + (j % 3) * n;
    double *out_dot = s->ring_dot + (j % 3) * block;
    double *f       = j > 1 ? out : s->f;
    double *f_dot   = j > 1 ? out_dot : s->f_dot;
    int     code    = product(s, step, tangent, scheme->c[j - 1], now, now_dot, f, f_dot);
    if (code) {
      return code;
    }
    if (j > 1 && tangent->h_dot) {
      memcpy(s->point, f, (size_t)n * sizeof *f);
    }
    ude_rock_chain(n, scheme->mu[j] * step->h, scheme->nu[j], f, now, before, out);
    ude_rock_chain(block, scheme->mu[j] * step->h, scheme->nu[j], f_dot, now_dot, before_dot,
                   out_dot);
    move(s, tangent, scheme->mu[j], j > 1 ? s->point : s->f, out_dot);
    before     = now;
    before_dot = now_dot;
    now        = out;
    now_dot    = out_dot;
  }
  memcpy(s->middle, now, (size_t)n * sizeof *now);
  *last_dot = now_dot;
  return 0;
}

/* out = base + h sum w_i k_i and its tangent. */
static void combine(ude_rock *s, const ude_step *step, const ude_tangent *tangent,
                    const double *base, const double *base_dot, const double *weights, int count,
                    double *out, double *out_dot) {
  ude_erk_combine(s->n, NULL, 1, weights, count, s->k, out);
  ude_erk_combine(s->n * s->width, base_dot, step->h, weights, count, s->k_dot, out_dot);
  move(s, tangent, 1, out, out_dot);
  ude_erk_combine(s->n, base, step->h, weights, count, s->k, out);
}

static int end_tangent(ude_rock *s, ude_step *step, const ude_tangent *tangent) {
  int64_t block = s->n * s->width;
  if (s->has_end_dot) {
    return 0;
  }
  int code =
      product(s, step, tangent, 1, s->end, s->end_dot, s->k + s->q * s->n, s->k_dot + s->q * block);
  s->has_end     = code == 0;
  s->has_end_dot = code == 0;
  return code;
}

int ude_rock_tangent(void *work, ude_step *step, const ude_tangent *tangent) {
  ude_rock              *s      = work;
  const ude_rock_scheme *scheme = s->scheme;
  int64_t                n      = s->n;
  int64_t                block  = n * s->width;
  int                    count  = s->q == 2 ? 2 : 5;
  const double          *base   = NULL;
  double                *spare  = s->end_dot; /* free until the end */
  int                    code   = chain_tangent(s, step, tangent, &base);
  for (int i = 0; i < s->q && code == 0; i++) {
    combine(s, step, tangent, s->middle, base, scheme->a[i], i, s->point, spare);
    code = product(s, step, tangent, scheme->c_end[i], s->point, spare, s->k + i * n,
                   s->k_dot + i * block);
  }
  if (code) {
    return code;
  }
  combine(s, step, tangent, s->middle, base, scheme->b, s->q, s->end, s->end_dot);
  memcpy(step->u_new, s->end, (size_t)n * sizeof *s->end);
  if (step->error || tangent->error_dot) {
    code = s->q == 2 ? 0 : end_tangent(s, step, tangent);
  }
  if (code == 0 && tangent->error_dot) {
    combine(s, step, tangent, NULL, NULL, scheme->e, count, s->point, tangent->error_dot);
  }
  if (code == 0 && step->error) {
    ude_rock_error(s, step->h, step->error);
  }
  memcpy(tangent->u_new_dot, s->end_dot, (size_t)block * sizeof *s->end_dot);
  return code;
}

int ude_rock_tangent_dense(void *work, ude_step *step, const ude_tangent *tangent, double theta,
                           const double *theta_dot, double *out_dot) {
  ude_rock     *s      = work;
  int           code   = end_tangent(s, step, tangent);
  const double *f1     = s->k + s->q * s->n;
  const double *f1_dot = s->k_dot + s->q * s->n * s->width;
  double        w[4], v[4];
  ude_rock_hermite(theta, w);
  ude_rock_hermite_slopes(theta, v);
  for (int64_t l = 0; l < s->n && code == 0; l++) {
    double by_h = w[1] * s->f[l] + w[3] * f1[l];
    double by_theta =
        v[0] * step->u[l] + v[2] * s->end[l] + step->h * (v[1] * s->f[l] + v[3] * f1[l]);
    for (int64_t i = l * s->width; i < (l + 1) * s->width; i++) {
      out_dot[i] = w[0] * (tangent->u_dot ? tangent->u_dot[i] : 0) + w[2] * s->end_dot[i] +
                   step->h * (w[1] * s->f_dot[i] + w[3] * f1_dot[i]);
      out_dot[i] += tangent->h_dot ? by_h * tangent->h_dot[i - l * s->width] : 0;
      out_dot[i] += theta_dot ? by_theta * theta_dot[i - l * s->width] : 0;
    }
  }
  return code;
}

/* ------------------------------------------------------------------------------ transposes -- */

void ude_rock_transpose_begin(void *work, bool times) {
  ude_rock *s     = work;
  size_t    bytes = (size_t)s->n * sizeof(double);
  (void)times;
  memset(s->k_bar, 0, (size_t)(s->q + 1) * bytes);
  memset(s->f_bar, 0, bytes);
  memset(s->end_bar, 0, bytes);
  memset(s->u_bar, 0, bytes);
  s->uses_end = false;
  s->h_bar    = 0;
}

int ude_rock_transpose_dense(void *work, ude_step *step, double theta, const double *out_bar,
                             double *theta_bar) {
  ude_rock     *s     = work;
  int           code  = ude_rock_end(s, step);
  const double *f1    = s->k + s->q * s->n;
  double       *k_bar = s->k_bar + s->q * s->n;
  double        w[4], v[4];
  s->uses_end = true;
  ude_rock_hermite(theta, w);
  ude_rock_hermite_slopes(theta, v);
  for (int64_t l = 0; l < s->n && code == 0; l++) {
    double bar = out_bar[l];
    s->u_bar[l] += w[0] * bar;
    s->end_bar[l] += w[2] * bar;
    s->f_bar[l] += step->h * w[1] * bar;
    k_bar[l] += step->h * w[3] * bar;
    s->h_bar += (w[1] * s->f[l] + w[3] * f1[l]) * bar;
    if (theta_bar) {
      *theta_bar +=
          bar * (v[0] * step->u[l] + v[2] * s->end[l] + step->h * (v[1] * s->f[l] + v[3] * f1[l]));
    }
  }
  return code;
}

/* Of f at a stage with the cotangent f_bar, whose time is t + c h: adds to u_bar. */
static int back(ude_rock *s, const ude_step *step, const ude_cotangent *to, double c,
                const double *u, const double *f_bar, double *u_bar) {
  const ude_map *rhs   = &s->field->rhs;
  bool           times = to->t_bar || to->h_bar;
  double         t_bar = 0;
  int code = rhs->vjp(u, step->p, c == 1 ? step->t_next : step->t + c * step->h, f_bar, u_bar,
                      to->p_bar, times ? &t_bar : NULL, rhs->context);
  s->h_bar += c * t_bar;
  if (to->t_bar) {
    *to->t_bar += t_bar;
  }
  return code;
}

/* k_bar_i += h w_i bar, and of h. */
static void spread(ude_rock *s, double h, const double *weights, int count, const double *bar) {
  for (int i = 0; i < count; i++) {
    const double *k     = s->k + i * s->n;
    double       *k_bar = s->k_bar + i * s->n;
    for (int64_t l = 0; weights[i] != 0 && l < s->n; l++) {
      k_bar[l] += h * weights[i] * bar[l];
      s->h_bar += weights[i] * k[l] * bar[l];
    }
  }
}

/* g_j and f(g_j) for j = first..last into the segment; f(g_0) is there. */
static int recompute(ude_rock *s, const ude_step *step, int first, int last) {
  const ude_map         *rhs    = &s->field->rhs;
  const ude_rock_scheme *scheme = s->scheme;
  int64_t                n      = s->n;
  size_t                 bytes  = (size_t)n * sizeof(double);
  double                *g      = s->segment;
  double                *f      = s->segment + (ptrdiff_t)SEGMENT * n;
  const double          *before = step->u;
  memcpy(g, step->u, bytes);
  if (first > 0) {
    before = s->pairs + (ptrdiff_t)(first / SEGMENT - 1) * 2 * n;
    memcpy(g, before + n, bytes);
  }
  for (int j = first; j <= last; j++) {
    double *at    = g + (ptrdiff_t)(j - first) * n;
    double *slope = f + (ptrdiff_t)(j - first) * n;
    if (j == 0) {
      memcpy(slope, s->f, bytes);
    } else {
      step->stats->rhs_calls++;
      int code = rhs->value(slope, at, step->p, step->t + scheme->c[j] * step->h, rhs->context);
      if (code) {
        return code;
      }
    }
    if (j < last) {
      ude_rock_chain(n, scheme->mu[j + 1] * step->h, scheme->nu[j + 1], slope, at,
                     j == first ? before : at - n, at + n);
    }
  }
  return 0;
}

/* From lambda[0], the cotangent of g_m, to that of u, added to u_bar. */
static int chain_back(ude_rock *s, const ude_step *step, const ude_cotangent *to) {
  const ude_rock_scheme *scheme = s->scheme;
  int64_t                n      = s->n;
  double                *now    = s->lambda;
  double                *next   = s->lambda + n;
  double                *after  = s->lambda + 2 * n;
  double                *f_bar  = s->lambda + 3 * n;
  int                    first  = scheme->chain; /* of the segment that is there */
  memset(next, 0, (size_t)n * sizeof *next);
  for (int j = scheme->chain; j > 0; j--) {
    int code = 0;
    if (j - 1 < first) {
      int last = j - 1;
      first    = last - last % SEGMENT;
      code     = recompute(s, step, first, last);
    }
    if (code) {
      return code;
    }
    const double *g  = s->segment + (ptrdiff_t)(j - 1 - first) * n;
    const double *f  = s->segment + (ptrdiff_t)(SEGMENT + j - 1 - first) * n;
    double        mu = scheme->mu[j];
    double        nu = scheme->nu[j];
    for (int64_t l = 0; l < n; l++) {
      f_bar[l] = step->h * mu * now[l] + (j == 1 ? s->f_bar[l] : 0);
      s->h_bar += mu * f[l] * now[l];
      next[l] += nu * now[l];
      after[l] = (1 - nu) * now[l];
    }
    code = back(s, step, to, scheme->c[j - 1], g, f_bar, next);
    if (code) {
      return code;
    }
    double *freed = now;
    now           = next;
    next          = after;
    after         = freed;
  }
  /* g_{-1} stands for u with weight 1 - nu_1 = 0. */
  for (int64_t l = 0; l < n; l++) {
    to->u_bar[l] = s->u_bar[l] + now[l];
  }
  return 0;
}

int ude_rock_transpose(void *work, ude_step *step, const ude_cotangent *cotangent) {
  ude_rock              *s      = work;
  const ude_rock_scheme *scheme = s->scheme;
  int64_t                n      = s->n;
  double                *lambda = s->lambda;
  double                *bar    = s->lambda + n;
  int                    code   = 0;
  if (cotangent->error_bar) {
    code        = s->q == 2 ? 0 : ude_rock_end(s, step);
    s->uses_end = s->uses_end || s->q != 2;
    if (code == 0) {
      spread(s, step->h, scheme->e, s->q == 2 ? 2 : 5, cotangent->error_bar);
    }
  }
  for (int64_t l = 0; l < n; l++) {
    s->end_bar[l] += cotangent->u_new_bar[l];
  }
  if (code == 0 && s->uses_end) {
    code = back(s, step, cotangent, 1, s->end, s->k_bar + s->q * n, s->end_bar);
  }
  if (code) {
    return code;
  }
  memcpy(lambda, s->end_bar, (size_t)n * sizeof *lambda);
  spread(s, step->h, scheme->b, s->q, s->end_bar);
  for (int i = s->q - 1; i >= 0 && code == 0; i--) {
    memset(bar, 0, (size_t)n * sizeof *bar);
    ude_erk_combine(n, s->middle, step->h, scheme->a[i], i, s->k, s->point);
    code = back(s, step, cotangent, scheme->c_end[i], s->point, s->k_bar + i * n, bar);
    spread(s, step->h, scheme->a[i], i, bar);
    for (int64_t l = 0; l < n; l++) {
      lambda[l] += bar[l];
    }
  }
  code = code ? code : chain_back(s, step, cotangent);
  if (cotangent->h_bar) {
    *cotangent->h_bar += s->h_bar;
  }
  return code;
}
