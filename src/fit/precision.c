/* Standard errors from the Gauss-Newton matrix. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/linalg.h>

#include "fit/loss.h"

/* Variables, and doubles of a Jacobian, beyond which the matrix is not formed. */
static const int64_t largest = 1000;
static const double  most    = 2e7;
/* Added to J^T J with columns of norm one. Directions along which |J v|^2 is less count as not determined at all. */
static const double ridge = 1e-10;
/* A variable with more than this of its square in such directions has no standard error. */
static const double blurred = 1e-4;

/** Work of the standard errors. */
typedef struct work {
  ude_loss *loss;
  int64_t   n, m;    /* variables, residuals */
  double   *theta;   /* [n] */
  double   *r, *j;   /* [m], [m][n] */
  double   *norm;    /* [n] of the columns */
  double   *normal;  /* [n][n] */
  double   *inverse; /* [n][n] of normal + ridge */
} work;

static void work_free(work *w) {
  double *const blocks[] = {w->theta, w->r, w->j, w->norm, w->normal, w->inverse};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
    free(blocks[i]);
  }
  ude_loss_free(w->loss);
}

static ude_status linearise(const ude_vector_field *field, const ude_dataset *data,
                            const ude_fit_options *options, const double *p, work *w,
                            ude_error *error) {
  ude_fit_options whole = options ? *options : (ude_fit_options){0};
  whole.segment         = 0;
  whole.regularise      = 0;
  whole.solve.stop      = NULL;
  if (!field->rhs.jvp && !field->rhs.jvp_wide) {
    return ude_fail(error, UDE_UNSUPPORTED, "standard errors need rhs.jvp");
  }
  ude_status status = ude_loss_create(field, data, &whole, p, &w->loss, error);
  if (status) {
    return status;
  }
  w->n = ude_loss_dimension(w->loss);
  w->m = ude_loss_residual_count(w->loss);
  if (w->n > largest) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "standard errors of %lld variables are not computed (at most %lld)",
                    (long long)w->n, (long long)largest);
  }
  double rows = fmax((double)w->m, (double)(w->loss->longest * field->state.count));
  if (rows * (double)w->n > most) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "standard errors are not computed: the Jacobian would have %.3g numbers",
                    rows * (double)w->n);
  }
  size_t n   = (size_t)w->n;
  size_t m   = (size_t)w->m;
  w->theta   = ude_calloc(n, sizeof(double));
  w->r       = ude_calloc(m, sizeof(double));
  w->j       = ude_calloc(m, n * sizeof(double));
  w->norm    = ude_calloc(n, sizeof(double));
  w->normal  = ude_calloc(n, n * sizeof(double));
  w->inverse = ude_calloc(n, n * sizeof(double));
  if (!w->theta || !w->r || !w->j || !w->norm || !w->normal || !w->inverse) {
    return ude_fail_memory(error, "standard errors");
  }
  ude_loss_start(w->loss, w->theta);
  return ude_loss_residuals(w->loss, w->theta, w->r, w->j, error);
}

/* (J^T J + ridge)^-1 with the columns of J of norm one; columns of zeros stay zeros. */
static ude_status invert(work *w, ude_error *error) {
  int64_t n = w->n;
  for (int64_t i = 0; i < w->m; i++) {
    for (int64_t a = 0; a < n; a++) {
      w->norm[a] += w->j[i * n + a] * w->j[i * n + a];
    }
  }
  for (int64_t a = 0; a < n; a++) {
    w->norm[a] = sqrt(w->norm[a]);
  }
  for (int64_t i = 0; i < w->m; i++) {
    double *row = w->j + i * n;
    for (int64_t a = 0; a < n; a++) {
      row[a] = w->norm[a] > 0 ? row[a] / w->norm[a] : 0;
    }
    for (int64_t a = 0; a < n; a++) {
      for (int64_t b = 0; row[a] != 0 && b < n; b++) {
        w->normal[a * n + b] += row[a] * row[b];
      }
    }
  }
  for (int64_t a = 0; a < n; a++) {
    w->normal[a * n + a] += ridge;
    w->inverse[a * n + a] = 1;
  }
  return ude_cholesky_solve(n, n, w->normal, w->inverse, error);
}

/* Standard error of variable a in theta; NaN where the data do not determine it. */
static double error_of(const work *w, int64_t a, double deviation) {
  double variance = w->inverse[a * w->n + a];
  bool   known    = w->norm[a] > 0 && ridge * variance <= blurred;
  return known ? deviation * sqrt(variance) / w->norm[a] : (double)NAN;
}

static ude_status fill(work *w, double *errors, double *u0_errors, ude_fit_precision *precision,
                       ude_error *error) {
  const ude_loss *loss    = w->loss;
  double          squares = 0;
  double          rank    = 0;
  ude_status      status  = invert(w, error);
  if (status) {
    return status;
  }
  for (int64_t i = 0; i < w->m; i++) {
    squares += w->r[i] * w->r[i];
  }
  for (int64_t a = 0; a < w->n; a++) {
    rank += 1 - fmin(ridge * w->inverse[a * w->n + a], 1);
  }
  precision->determined = llround(rank);
  precision->freedom    = loss->data->cells - precision->determined;
  precision->deviation =
      precision->freedom > 0 ? sqrt(squares / (double)precision->freedom) : (double)NAN;
  for (int64_t i = 0; i < loss->variables.count; i++) {
    const ude_variable *v = &loss->variables.variable[i];
    errors[v->index] =
        error_of(w, i, precision->deviation) * fabs(ude_variable_slope(v, w->theta[i]));
  }
  for (int64_t s = 0; u0_errors && s < loss->segments; s++) {
    const ude_segment *segment = &loss->segment[s];
    int64_t            states  = loss->field->state.count;
    for (int64_t l = 0; segment->start >= 0 && l < states; l++) {
      u0_errors[segment->trajectory * states + l] =
          error_of(w, segment->start + l, precision->deviation);
    }
  }
  return UDE_OK;
}

ude_status ude_fit_errors(const ude_vector_field *field, const ude_dataset *data,
                          const ude_fit_options *options, const double *p, double *errors,
                          double *u0_errors, ude_fit_precision *precision, ude_error *error) {
  ude_fit_precision  own;
  work               w  = {0};
  ude_fit_precision *to = precision ? precision : &own;
  *to                   = (ude_fit_precision){.deviation = (double)NAN};
  for (int64_t i = 0; i < field->param.count; i++) {
    errors[i] = (double)NAN;
  }
  for (int64_t i = 0; u0_errors && i < data->trajectories * field->state.count; i++) {
    u0_errors[i] = (double)NAN;
  }
  ude_status status = linearise(field, data, options, p, &w, error);
  status            = status ? status : fill(&w, errors, u0_errors, to, error);
  work_free(&w);
  return status;
}
