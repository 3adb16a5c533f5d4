/* The natural cubic smoothing spline (Reinsch 1967; Green and Silverman 1994, section 2.3). */
#include <math.h>
#include <stdlib.h>

#include "discover/derivative.h"

/* The spline minimises sum (y - g)^2 + lambda int g''^2. With the tridiagonal matrices Q, R of the knots, its
 * second derivatives gamma at the inner knots solve (R + lambda Q'Q) gamma = Q'y, and g = y - lambda Q gamma. */
typedef struct spline {
  int64_t n, inner; /* knots, n - 2 */
  double *h;        /* [n - 1] */
  double *q;        /* [inner][3] column j of Q: rows j, j+1, j+2 */
  double *target;   /* [inner] Q'y */
  double *band;     /* [inner][3] symmetric: diagonal, first, second off-diagonal to the right */
  double *penalty;  /* [inner][3] Q'Q likewise */
  double *diagonal; /* [inner] D of L D L' */
  double *lower;    /* [inner][2] L: l[j+1][j], l[j+2][j] */
  double *inverse;  /* [inner][3] central bands of the inverse */
  double *gamma;    /* [inner] */
} spline;

static void spline_free(spline *s) {
  free(s->h);
  free(s->q);
  free(s->target);
  free(s->band);
  free(s->penalty);
  free(s->diagonal);
  free(s->lower);
  free(s->inverse);
  free(s->gamma);
}

static ude_status spline_make(int64_t n, const double *t, const double *y, spline *s,
                              ude_error *error) {
  size_t m = (size_t)(n - 2);
  *s       = (spline){.n        = n,
                      .inner    = n - 2,
                      .h        = ude_calloc((size_t)n - 1, sizeof(double)),
                      .q        = ude_calloc(m, 3 * sizeof(double)),
                      .target   = ude_calloc(m, sizeof(double)),
                      .band     = ude_calloc(m, 3 * sizeof(double)),
                      .penalty  = ude_calloc(m, 3 * sizeof(double)),
                      .diagonal = ude_calloc(m, sizeof(double)),
                      .lower    = ude_calloc(m, 2 * sizeof(double)),
                      .inverse  = ude_calloc(m, 3 * sizeof(double)),
                      .gamma    = ude_calloc(m, sizeof(double))};
  if (!s->h || !s->q || !s->target || !s->band || !s->penalty || !s->diagonal || !s->lower ||
      !s->inverse || !s->gamma) {
    spline_free(s);
    return ude_fail_memory(error, "a smoothing spline");
  }
  for (int64_t i = 0; i + 1 < n; i++) {
    s->h[i] = t[i + 1] - t[i];
  }
  for (int64_t j = 0; j < s->inner; j++) {
    double *q    = s->q + 3 * j;
    q[0]         = 1 / s->h[j];
    q[2]         = 1 / s->h[j + 1];
    q[1]         = -q[0] - q[2];
    s->target[j] = (y[j + 2] - y[j + 1]) / s->h[j + 1] - (y[j + 1] - y[j]) / s->h[j];
  }
  for (int64_t j = 0; j < s->inner; j++) {
    const double *q = s->q + 3 * j;
    double       *c = s->penalty + 3 * j;
    c[0]            = q[0] * q[0] + q[1] * q[1] + q[2] * q[2];
    c[1]            = j + 1 < s->inner ? q[1] * q[3] + q[2] * q[4] : 0;
    c[2]            = j + 2 < s->inner ? q[2] * q[6] : 0;
  }
  return UDE_OK;
}

/* R + lambda Q'Q = L D L'. */
static void factorise(spline *s, double lambda) {
  for (int64_t j = 0; j < s->inner; j++) {
    double       *b = s->band + 3 * j;
    const double *c = s->penalty + 3 * j;
    b[0]            = (s->h[j] + s->h[j + 1]) / 3 + lambda * c[0];
    b[1]            = j + 1 < s->inner ? s->h[j + 1] / 6 + lambda * c[1] : 0;
    b[2]            = lambda * c[2];
  }
  for (int64_t j = 0; j < s->inner; j++) {
    double d     = s->band[3 * j];
    double first = s->band[3 * j + 1];
    if (j >= 1) {
      double l = s->lower[2 * (j - 1)];
      d -= l * l * s->diagonal[j - 1];
      first -= l * s->lower[2 * (j - 1) + 1] * s->diagonal[j - 1];
    }
    if (j >= 2) {
      double l = s->lower[2 * (j - 2) + 1];
      d -= l * l * s->diagonal[j - 2];
    }
    s->diagonal[j]      = d;
    s->lower[2 * j]     = first / d;
    s->lower[2 * j + 1] = s->band[3 * j + 2] / d;
  }
}

static void solve(spline *s) {
  for (int64_t j = 0; j < s->inner; j++) {
    double x = s->target[j];
    x -= j >= 1 ? s->lower[2 * (j - 1)] * s->gamma[j - 1] : 0;
    x -= j >= 2 ? s->lower[2 * (j - 2) + 1] * s->gamma[j - 2] : 0;
    s->gamma[j] = x;
  }
  for (int64_t j = s->inner - 1; j >= 0; j--) {
    double x = s->gamma[j] / s->diagonal[j];
    x -= j + 1 < s->inner ? s->lower[2 * j] * s->gamma[j + 1] : 0;
    x -= j + 2 < s->inner ? s->lower[2 * j + 1] * s->gamma[j + 2] : 0;
    s->gamma[j] = x;
  }
}

/* tr((R + lambda Q'Q)^-1 Q'Q) from the central bands of the inverse (Hutchinson, de Hoog 1985). */
static double penalty_trace(spline *s) {
  double trace = 0;
  for (int64_t j = s->inner - 1; j >= 0; j--) {
    double *b     = s->inverse + 3 * j;
    double  l1    = s->lower[2 * j];
    double  l2    = s->lower[2 * j + 1];
    bool    one   = j + 1 < s->inner;
    bool    two   = j + 2 < s->inner;
    double  next  = one ? b[3] : 0; /* inverse[j+1][j+1] */
    double  cross = two ? b[4] : 0; /* inverse[j+1][j+2] */
    double  after = two ? b[6] : 0; /* inverse[j+2][j+2] */
    b[1]          = one ? -l1 * next - l2 * cross : 0;
    b[2]          = two ? -l1 * cross - l2 * after : 0;
    b[0]          = 1 / s->diagonal[j] - l1 * b[1] - l2 * b[2];
  }
  for (int64_t j = 0; j < s->inner; j++) {
    const double *b = s->inverse + 3 * j;
    const double *c = s->penalty + 3 * j;
    trace += b[0] * c[0] + 2 * (b[1] * c[1] + b[2] * c[2]);
  }
  return trace;
}

/* Residual y - g at knot i is lambda (Q gamma)_i. */
static double q_gamma(const spline *s, int64_t i) {
  double sum = 0;
  for (int64_t k = 0; k < 3; k++) {
    int64_t j = i - k;
    sum += j >= 0 && j < s->inner ? s->q[3 * j + k] * s->gamma[j] : 0;
  }
  return sum;
}

/* Generalised cross-validation (Craven, Wahba 1979): n |y - g|^2 / (n - tr A)^2, n - tr A = lambda trace. */
static double cross_validation(spline *s, double lambda) {
  factorise(s, lambda);
  solve(s);
  double sum = 0;
  for (int64_t i = 0; i < s->n; i++) {
    double r = q_gamma(s, i);
    sum += r * r;
  }
  double trace = penalty_trace(s);
  return (double)s->n * sum / (trace * trace);
}

ude_status smoothing_spline(int64_t count, const double *t, const double *y, double *value,
                            double *slope, ude_error *error) {
  enum { GRID = 81 };
  spline     s;
  ude_status status = spline_make(count, t, y, &s, error);
  if (status) {
    return status;
  }
  /* lambda has the unit of t^3: from hardly any smoothing at the spacing to a straight line */
  double mean  = (t[count - 1] - t[0]) / (double)(count - 1);
  double span  = t[count - 1] - t[0];
  double low   = log(mean * mean * mean * 1e-8);
  double high  = log(span * span * span * (double)count);
  double best  = low;
  double least = (double)INFINITY;
  for (int k = 0; k < GRID; k++) {
    double at    = low + (high - low) * k / (GRID - 1);
    double score = cross_validation(&s, exp(at));
    if (score < least) {
      least = score;
      best  = at;
    }
  }
  double step = (high - low) / (GRID - 1);
  for (int pass = 0; pass < 6; pass++) { /* finer around the best */
    step /= 2;
    for (int side = -1; side <= 1; side += 2) {
      double score = cross_validation(&s, exp(best + side * step));
      if (score < least) {
        least = score;
        best += side * step;
      }
    }
  }
  double lambda = exp(best);
  factorise(&s, lambda);
  solve(&s);
  for (int64_t i = 0; i < count; i++) {
    value[i] = y[i] - lambda * q_gamma(&s, i);
  }
  for (int64_t i = 0; i < count; i++) {
    int64_t k     = i < count - 1 ? i : i - 1; /* the piece that ends here at the last knot */
    double  left  = k >= 1 ? s.gamma[k - 1] : 0;
    double  right = k + 1 <= s.inner ? s.gamma[k] : 0;
    double  chord = (value[k + 1] - value[k]) / s.h[k];
    slope[i] =
        i == k ? chord - s.h[k] / 6 * (2 * left + right) : chord + s.h[k] / 6 * (left + 2 * right);
  }
  spline_free(&s);
  return UDE_OK;
}
