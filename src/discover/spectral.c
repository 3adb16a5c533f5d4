/* Slopes from a sine series. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/linalg.h>

#include "discover/derivative.h"

enum { MOST_POINTS = 16384 };

static const double PI = 3.14159265358979323846;

/* The cubic q with q = y and q'' = y'' at both ends of [0, 1]; without it the odd extension is continuous up to its
 * third derivative. */
typedef struct carrier {
  double value[2], second[2];
} carrier;

static double carrier_value(const carrier *q, double x) {
  double z = 1 - x;
  return q->value[0] * z + q->value[1] * x + q->second[0] * (z * z * z - z) / 6 +
         q->second[1] * (x * x * x - x) / 6;
}

static double carrier_slope(const carrier *q, double x) {
  double z = 1 - x;
  return q->value[1] - q->value[0] - q->second[0] * (3 * z * z - 1) / 6 +
         q->second[1] * (3 * x * x - 1) / 6;
}

/* Value and second derivative at either end by least squares of a polynomial over some points, so that noise there does not
 * become a slope everywhere. */
static ude_status fit_end(int64_t count, int64_t points, const double *y, bool last, carrier *q,
                          ude_error *error) {
  enum { DEGREES = 6 };
  int64_t degrees    = points < 2 * DEGREES ? (points + 1) / 2 : DEGREES;
  double  width      = (double)(points - 1) / (double)(count - 1);
  double *a          = ude_calloc((size_t)points, (DEGREES + 1) * sizeof *a);
  double *b          = a + points * DEGREES;
  double  x[DEGREES] = {0};
  if (!a) {
    return ude_fail_memory(error, "a sine series");
  }
  for (int64_t i = 0; i < points; i++) {
    double power = 1;
    for (int64_t d = 0; d < degrees; d++) {
      a[i * degrees + d] = power;
      power *= (double)i / (double)(points - 1);
    }
    b[i] = y[last ? count - 1 - i : i];
  }
  ude_status status = ude_least_squares(points, degrees, a, b, 0, x, NULL, NULL, error);
  q->value[last]    = x[0];
  q->second[last]   = degrees > 2 ? 2 * x[2] / (width * width) : 0;
  free(a);
  return status;
}

/* b_k of sum b_k sin(pi k i / (count - 1)) = r_i, k = 1 .. count - 2; sines from one table of a whole turn. */
static void sine_coefficients(int64_t count, const double *r, const double *table, double *b) {
  int64_t intervals = count - 1;
  for (int64_t k = 1; k < intervals; k++) {
    double sum = 0;
    for (int64_t i = 1; i < intervals; i++) {
      sum += r[i] * table[(k * i) % (2 * intervals)];
    }
    b[k] = 2 * sum / (double)intervals;
  }
}

/* Modes to keep: generalised cross-validation, n rest / (n - kept)^2. */
static int64_t cut_off(int64_t intervals, const double *b, double *least) {
  double  rest = 0;
  int64_t best = 0;
  *least       = (double)INFINITY;
  for (int64_t kept = intervals - 2; kept >= 0; kept--) {
    double left = (double)(intervals - 1 - kept);
    rest += b[kept + 1] * b[kept + 1];
    double score = rest / (left * left);
    if (score < *least) {
      *least = score;
      best   = kept;
    }
  }
  return best;
}

/* Room for the series: r and the best coefficients stand side by side with a trial. */
typedef struct series {
  double *table, *r, *trial, *b; /* [2 intervals], [intervals] each */
  carrier q;
  int64_t kept;
} series;

/* Ends fitted over few points are true without noise, over many where there is noise: cross-validation says which. */
static ude_status fit_series(int64_t count, const double *y, series *s, ude_error *error) {
  const int64_t windows[]  = {17, count / 8, count / 3, count};
  int64_t       intervals  = count - 1;
  double        best_score = (double)INFINITY;
  for (size_t w = 0; w < sizeof windows / sizeof windows[0]; w++) {
    int64_t points = windows[w] < 17 ? 17 : windows[w];
    carrier q      = {{0}, {0}};
    points         = points < count ? points : count;
    if (w > 0 && points == 17) {
      continue;
    }
    ude_status status = fit_end(count, points, y, false, &q, error);
    status            = status ? status : fit_end(count, points, y, true, &q, error);
    if (status) {
      return status;
    }
    for (int64_t i = 1; i < intervals; i++) {
      s->r[i] = y[i] - carrier_value(&q, (double)i / (double)intervals);
    }
    sine_coefficients(count, s->r, s->table, s->trial);
    double  score = 0;
    int64_t kept  = cut_off(intervals, s->trial, &score);
    if (w == 0 || score < best_score) {
      best_score = score;
      s->q       = q;
      s->kept    = kept;
      memcpy(s->b, s->trial, (size_t)intervals * sizeof *s->b);
    }
  }
  return UDE_OK;
}

ude_status spectral_slope(int64_t count, const double *t, const double *y, double *value,
                          double *slope, ude_error *error) {
  int64_t intervals = count > 1 ? count - 1 : 1;
  double  span      = t[intervals] - t[0];
  double  step      = span / (double)intervals;
  for (int64_t i = 0; i < intervals; i++) {
    if (fabs(t[i + 1] - t[i] - step) > 1e-6 * step) {
      return ude_fail(
          error, UDE_INVALID_ARGUMENT,
          "spectral derivatives need evenly spaced times: t = %g and %g are %g apart, the mean is "
          "%g",
          t[i], t[i + 1], t[i + 1] - t[i], step);
    }
  }
  if (count > MOST_POINTS) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "spectral derivatives of %lld points: at most %d; use splines",
                    (long long)count, MOST_POINTS);
  }
  double *table = ude_calloc((size_t)intervals, 5 * sizeof *table);
  if (!table) {
    return ude_fail_memory(error, "a sine series");
  }
  series s = {.table = table,
              .r     = table + 2 * intervals,
              .trial = table + 3 * intervals,
              .b     = table + 4 * intervals};
  for (int64_t i = 0; i < 2 * intervals; i++) {
    table[i] = sin(PI / (double)intervals * (double)i);
  }
  ude_status status = fit_series(count, y, &s, error);
  for (int64_t i = 0; i < count && !status; i++) {
    double x  = (double)i / (double)intervals;
    double dy = carrier_slope(&s.q, x);
    value[i]  = carrier_value(&s.q, x);
    for (int64_t k = 1; k <= s.kept; k++) {
      int64_t at = (k * i) % (2 * intervals);
      value[i] += s.b[k] * table[at];
      dy += s.b[k] * PI * (double)k * cos(PI * (double)at / (double)intervals);
    }
    slope[i] = dy / span;
  }
  free(table);
  return status;
}
