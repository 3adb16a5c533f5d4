/* The right-hand side of continuous adjoints, [u]' = f, M mu' = - f_u^T mu, [q]' = - f_p^T mu, and its products. */
#include <stdlib.h>
#include <string.h>

#include "sensitivity/continuous.h"

static const double *state_of(ude_adjoint_problem *s, const double *y, double t) {
  if (s->with_u) {
    return y;
  }
  ude_path_at(s->path, t, s->u);
  return s->u;
}

/* out = - f_u^T mu and, with q, - f_p^T mu behind it. */
static int products(ude_adjoint_problem *s, const double *u, const double *p, double t,
                    const double *mu, double *out) {
  const ude_map *rhs  = &s->inner->rhs;
  int64_t        rows = s->n + (s->with_q ? s->np : 0);
  memset(out, 0, (size_t)rows * sizeof *out);
  int code = rhs->vjp(u, p, t, mu, out, s->with_q ? out + s->n : NULL, NULL, rhs->context);
  for (int64_t l = 0; l < rows; l++) {
    out[l] = -out[l];
  }
  return code;
}

static int value(double *y_out, const double *y, const double *p, double t, void *context) {
  ude_adjoint_problem *s    = context;
  const double        *u    = state_of(s, y, t);
  int64_t              at   = s->with_u ? s->n : 0;
  int                  code = 0;
  if (s->with_u) {
    code = s->inner->rhs.value(y_out, u, p, t, s->inner->rhs.context);
  }
  return code ? code : products(s, u, p, t, y + at, y_out + at);
}

/* - d/d(u, t) [f_(u, p)^T mu] along (u', t'), added. */
static int moving(ude_adjoint_problem *s, const double *u, const double *u_dot, const double *p,
                  double t, double t_dot, const double *mu, double *out) {
  const ude_map *rhs  = &s->inner->rhs;
  int64_t        rows = s->n + (s->with_q ? s->np : 0);
  for (int64_t l = 0; l < rows; l++) {
    out[l] = -out[l];
  }
  int code = rhs->hvp(u, u_dot, p, NULL, t, &t_dot, mu, out, s->with_q ? out + s->n : NULL, NULL,
                      rhs->context);
  for (int64_t l = 0; l < rows; l++) {
    out[l] = -out[l];
  }
  return code;
}

/* Newton iterations do without the change of J along u, which is why only Rosenbrock methods need second derivatives. */
static int jvp(double *y_out, double *y_dot, const double *y, const double *v, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  ude_adjoint_problem *s     = context;
  const ude_map       *rhs   = &s->inner->rhs;
  int64_t              at    = s->with_u ? s->n : 0;
  double               along = t_dot ? *t_dot : 0;
  (void)p_dot;
  int code = value(y_out, y, p, t, context);
  if (code) {
    return code;
  }
  const double *u = s->with_u ? y : s->u;
  if (v) {
    code = products(s, u, p, t, v + at, y_dot + at);
  } else {
    memset(y_dot, 0, (size_t)s->total * sizeof *y_dot);
  }
  if (s->with_u && code == 0) {
    code = rhs->jvp ? rhs->jvp(s->work, y_dot, u, v, p, NULL, t, t_dot, rhs->context) : -1;
  }
  bool moves = s->with_u ? v != NULL || along != 0 : along != 0;
  if (code == 0 && s->exact && moves) {
    memset(s->slope, 0, (size_t)s->n * sizeof *s->slope);
    if (s->with_u && v) {
      memcpy(s->slope, v, (size_t)s->n * sizeof *s->slope);
    } else if (!s->with_u) {
      ude_path_slope(s->path, t, s->slope, s->work);
      for (int64_t l = 0; l < s->n; l++) {
        s->slope[l] *= along;
      }
    }
    code = moving(s, u, s->slope, p, t, along, y + at, y_dot + at);
  }
  return code;
}

void ude_adjoint_problem_close(ude_adjoint_problem *s) {
  free(s->u);
  free(s->slope);
  free(s->work);
  free(s->mass);
  ude_pattern_free(&s->pattern);
  *s = (ude_adjoint_problem){0};
}

ude_status ude_adjoint_problem_open(ude_adjoint_problem *s, const ude_vector_field *inner,
                                    ude_path *path, bool with_u, bool with_q, bool exact,
                                    ude_error *error) {
  int64_t n = inner->state.count;
  *s        = (ude_adjoint_problem){.inner  = inner,
                                    .path   = path,
                                    .with_u = with_u,
                                    .with_q = with_q,
                                    .exact  = exact,
                                    .n      = n,
                                    .np     = inner->param.count};
  s->total  = n + (with_u ? n : 0) + (with_q ? s->np : 0);
  s->u      = ude_calloc((size_t)n, sizeof *s->u);
  s->slope  = ude_calloc((size_t)n, sizeof *s->slope);
  s->work   = ude_calloc((size_t)n, sizeof *s->work);
  s->mass   = inner->mass ? ude_calloc((size_t)s->total, sizeof *s->mass) : NULL;
  if (!s->u || !s->slope || !s->work || (inner->mass && !s->mass)) {
    ude_adjoint_problem_close(s);
    return ude_fail_memory(error, "the adjoint equation");
  }
  for (int64_t l = 0; l < s->total && s->mass; l++) {
    int64_t blocks = with_u ? 2 * n : n;
    s->mass[l]     = l < blocks ? inner->mass[l % (n > 0 ? n : 1)] : 1;
  }
  bool transposed = inner->rhs.pattern && !with_u && !with_q;
  if (transposed && ude_pattern_transpose(inner->rhs.pattern, &s->pattern, NULL, error)) {
    ude_adjoint_problem_close(s);
    return ude_fail_memory(error, "the adjoint equation");
  }
  s->field = (ude_vector_field){.name  = "adjoint",
                                .state = {.count = s->total},
                                .param = {.count = s->np},
                                .mass  = s->mass,
                                .rhs   = {.rows    = s->total,
                                          .columns = s->total,
                                          .value   = value,
                                          .jvp     = !with_u || inner->rhs.jvp ? jvp : NULL,
                                          .pattern = transposed ? &s->pattern : NULL,
                                          .context = s}};
  return UDE_OK;
}

int ude_adjoint_integrand(ude_adjoint_problem *s, double t, const double *mu, const double *p,
                          double *out) {
  const ude_map *rhs = &s->inner->rhs;
  const double  *u   = state_of(s, NULL, t);
  return rhs->vjp(u, p, t, mu, NULL, out, NULL, rhs->context);
}
