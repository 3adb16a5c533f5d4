/* One step of an explicit Runge-Kutta pair, as the integration loop sees it (method.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/control.h"
#include "solve/erk.h"

void ude_erk_close(void *work) {
  ude_erk *s = work;
  if (s) {
    double *const blocks[] = {s->k,     s->point,    s->weights, s->k_dot,   s->work_dot, s->k_bar,
                              s->u_bar, s->work_bar, s->low,     s->low_dot, s->low_bar};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
      free(blocks[i]);
    }
    free(s);
  }
}

ude_status ude_erk_open(const ude_method *method, const ude_method_setting *setting, void **work,
                        ude_error *error) {
  const ude_erk_tableau *tableau = method->data;
  size_t                 n       = (size_t)setting->field->state.count;
  ude_erk               *s       = ude_calloc(1, sizeof *s);
  *work                          = NULL;
  if (!s || n > SIZE_MAX / sizeof(double) / ((size_t)tableau->dense_stages + 1)) {
    free(s);
    return ude_fail_memory(error, "the stages of a step");
  }
  *s         = (ude_erk){.tableau = tableau,
                         .field   = setting->field,
                         .rtol    = setting->options->rtol,
                         .atol    = setting->atol,
                         .n       = (int64_t)n};
  s->k       = ude_calloc((size_t)tableau->dense_stages + 1, n * sizeof *s->k);
  s->point   = ude_calloc(n, sizeof *s->point);
  s->weights = ude_calloc((size_t)tableau->dense_stages, sizeof *s->weights);
  if (!s->k || !s->point || !s->weights) {
    ude_erk_close(s);
    return ude_fail_memory(error, "the stages of a step");
  }
  *work = s;
  return UDE_OK;
}

/* Where the derivative at the end of the step is kept: the last stage (fsal), the first stage of the dense output
 * where that is it, or behind all stages. */
static double *end_derivative(const ude_erk *s) {
  const ude_erk_tableau *tableau = s->tableau;
  int64_t                row     = tableau->fsal        ? tableau->stages - 1
                                   : tableau->dense_end ? tableau->stages
                                                        : tableau->dense_stages;
  return s->k + row * s->n;
}

int ude_erk_start(void *work, const ude_step *step, const double *f) {
  ude_erk *s = work;
  (void)step;
  memcpy(s->k, f, (size_t)s->n * sizeof *s->k);
  return 0;
}

/* The step's own norm where there are two estimates (Hairer, Norsett, Wanner I, II.10: dop853): with the sums e5, e3 of
 * squares in units of the tolerance, e5^2 / sqrt(e5^2 + 0.01 e3^2): |h| times the sum of order 7. */
void ude_erk_two_estimates(ude_erk *s, ude_step *step) {
  ude_erk_combine(s->n, NULL, step->h, s->tableau->btilde_low, s->tableau->stages, s->k, s->point);
  double high = ude_error_norm(s->n, step->error, step->u, step->u_new, s->rtol, s->atol);
  double low  = ude_error_norm(s->n, s->point, step->u, step->u_new, s->rtol, s->atol);
  double root = sqrt(high * high + 0.01 * low * low);
  step->norm  = high > 0 || !isfinite(root) ? high * (high / root) : 0;
}

int ude_erk_attempt(void *work, ude_step *step) {
  ude_erk               *s       = work;
  const ude_erk_tableau *tableau = s->tableau;
  const ude_map         *rhs     = &s->field->rhs;
  int                    last    = tableau->fsal ? tableau->stages - 1 : tableau->stages;
  s->ready                       = tableau->stages;
  int code = ude_erk_stages(tableau, s->field, step->t, step->h, step->u, step->p, 1, last, s->k,
                            s->point);
  step->stats->rhs_calls += last - 1;
  if (code) {
    return code;
  }
  ude_erk_combine(s->n, step->u, step->h, tableau->b, last, s->k, step->u_new);
  if (tableau->fsal) {
    code = rhs->value(s->k + last * s->n, step->u_new, step->p, step->t_next, rhs->context);
    step->stats->rhs_calls++;
  }
  if (code == 0 && tableau->btilde) {
    ude_erk_combine(s->n, NULL, step->h, tableau->btilde, tableau->stages, s->k, step->error);
    if (tableau->btilde_low) {
      ude_erk_two_estimates(s, step);
    }
  }
  return code;
}

/* The derivative at u_new, where the stages do not end with it. */
int ude_erk_finish(void *work, ude_step *step) {
  ude_erk               *s       = work;
  const ude_erk_tableau *tableau = s->tableau;
  const ude_map         *rhs     = &s->field->rhs;
  double                *end     = end_derivative(s);
  if (!tableau->fsal) {
    if (step->last) {
      return 0;
    }
    step->stats->rhs_calls++;
    s->ready += tableau->dense_end ? 1 : 0;
    int code = rhs->value(end, step->u_new, step->p, step->t_next, rhs->context);
    if (code) {
      return code;
    }
  }
  step->component = ude_first_not_finite(s->n, end);
  return step->component >= 0 ? UDE_STEP_NOT_FINITE : 0;
}

void ude_erk_accept(void *work, const ude_step *step) {
  ude_erk *s = work;
  (void)step;
  memcpy(s->k, end_derivative(s), (size_t)s->n * sizeof *s->k);
}

int ude_erk_dense(void *work, ude_step *step, double theta, double *out) {
  ude_erk *s      = work;
  int      needed = ude_erk_dense_weights(s->tableau, theta, s->weights);
  if (needed > s->ready) {
    step->stats->rhs_calls += needed - s->ready;
    int code = ude_erk_stages(s->tableau, s->field, step->t, step->h, step->u, step->p, s->ready,
                              needed, s->k, s->point);
    if (code) {
      return code;
    }
    s->ready = needed;
  }
  ude_erk_combine(s->n, step->u, step->h, s->weights, needed, s->k, out);
  return 0;
}

/* |k_a - k_b| / |y_a - y_b| for two stages at the same time (Hairer, Wanner II, IV.2: dopri5, dop853). */
double ude_erk_stiffness(void *work, const ude_step *step) {
  const ude_erk         *s       = work;
  const ude_erk_tableau *tableau = s->tableau;
  int                    a       = tableau->pair[0];
  int                    b       = tableau->pair[1];
  const double          *row_a   = ude_erk_row(tableau, a);
  const double          *row_b   = ude_erk_row(tableau, b);
  double                 above   = 0;
  double                 below   = 0;
  int                    most    = a > b ? a : b;
  if (a == b || s->ready <= most) {
    return (double)NAN;
  }
  for (int64_t l = 0; l < s->n; l++) {
    double k = s->k[a * s->n + l] - s->k[b * s->n + l];
    double y = 0;
    for (int j = 0; j < most; j++) {
      y += (row_a[j] - row_b[j]) * s->k[j * s->n + l];
    }
    above += k * k;
    below += y * y;
  }
  return below > 0 ? sqrt(above / below) / fabs(step->h) : (double)NAN;
}
