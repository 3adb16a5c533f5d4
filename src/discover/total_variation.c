/* Slopes of least total variation. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/derivative.h"

/* R. Chartrand, ISRN Appl. Math. 2011, 164564: minimise sum (w - y)^2 / 2 + alpha TV(w'). The unknown is the smoothed curve w
 * itself, whose slopes s_i live between the points; TV(w') = sum |s_i - s_(i-1)|. By iteratively reweighted least squares each
 * pass is a banded system I + D^T C D, where D takes slopes' differences: two sub-diagonals. */
typedef struct variation {
  int64_t n;
  double *d;         /* [n - 2][3] rows of D */
  double *weight;    /* [n - 2] C */
  double *diagonal;  /* [n] */
  double *lower;     /* [n][2] */
  double *w, *kinks; /* [n], [n - 2] */
} variation;

static void apply_kinks(const variation *v, const double *w, double *kinks) {
  for (int64_t j = 0; j < v->n - 2; j++) {
    const double *d = v->d + 3 * j;
    kinks[j]        = d[0] * w[j] + d[1] * w[j + 1] + d[2] * w[j + 2];
  }
}

/* (I + D^T C D) w = y by L D L^T. */
static void smooth(variation *v, const double *y) {
  int64_t n = v->n;
  for (int64_t i = 0; i < n; i++) {
    double band[3] = {1, 0, 0};
    for (int64_t j = i - 2; j <= i; j++) { /* kinks that contain point i */
      if (j >= 0 && j < n - 2) {
        const double *d = v->d + 3 * j;
        int64_t       a = i - j;
        for (int64_t k = 0; a + k < 3; k++) {
          band[k] += v->weight[j] * d[a] * d[a + k];
        }
      }
    }
    double diagonal = band[0];
    double first    = band[1];
    if (i >= 1) {
      double l = v->lower[2 * (i - 1)];
      diagonal -= l * l * v->diagonal[i - 1];
      first -= l * v->lower[2 * (i - 1) + 1] * v->diagonal[i - 1];
    }
    if (i >= 2) {
      double l = v->lower[2 * (i - 2) + 1];
      diagonal -= l * l * v->diagonal[i - 2];
    }
    v->diagonal[i]      = diagonal;
    v->lower[2 * i]     = first / diagonal;
    v->lower[2 * i + 1] = band[2] / diagonal;
    v->w[i]             = y[i];
    v->w[i] -= i >= 1 ? v->lower[2 * (i - 1)] * v->w[i - 1] : 0;
    v->w[i] -= i >= 2 ? v->lower[2 * (i - 2) + 1] * v->w[i - 2] : 0;
  }
  for (int64_t i = n - 1; i >= 0; i--) {
    double x = v->w[i] / v->diagonal[i];
    x -= i + 1 < n ? v->lower[2 * i] * v->w[i + 1] : 0;
    x -= i + 2 < n ? v->lower[2 * i + 1] * v->w[i + 2] : 0;
    v->w[i] = x;
  }
}

/* Root mean square of y - w at this alpha. */
static double misfit(variation *v, const double *y, double alpha, double floor) {
  enum { PASSES = 40 };
  for (int64_t j = 0; j < v->n - 2; j++) {
    v->weight[j] = alpha / floor;
  }
  for (int pass = 0; pass < PASSES; pass++) {
    smooth(v, y);
    apply_kinks(v, v->w, v->kinks);
    for (int64_t j = 0; j < v->n - 2; j++) {
      v->weight[j] = alpha / sqrt(v->kinks[j] * v->kinks[j] + floor * floor * 1e-8);
    }
  }
  double sum = 0;
  for (int64_t i = 0; i < v->n; i++) {
    sum += (y[i] - v->w[i]) * (y[i] - v->w[i]);
  }
  return sqrt(sum / (double)v->n);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a;
  double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The noise from what a parabola through three neighbours misses in the fourth: the median of its absolute value, which jumps of
 * the slope hardly move. Normal noise of deviation 1 gives 0.6745 after division by the weights' norm. */
static double noise_level(int64_t n, const double *t, const double *y, double *work) {
  for (int64_t i = 0; i < n - 3; i++) {
    double c[4];
    double norm = 0;
    double sum  = 0;
    for (int k = 0; k < 4; k++) { /* third divided difference */
      double product = 1;
      for (int m = 0; m < 4; m++) {
        product *= m == k ? 1 : t[i + k] - t[i + m];
      }
      c[k] = 1 / product;
      norm += c[k] * c[k];
      sum += c[k] * y[i + k];
    }
    work[i] = fabs(sum) / sqrt(norm);
  }
  qsort(work, (size_t)(n - 3), sizeof *work, ascending);
  return work[(n - 3) / 2] / 0.6745;
}

ude_status total_variation_slope(int64_t count, const double *t, const double *y, double *value,
                                 double *slope, ude_error *error) {
  enum { STEPS = 40 };
  double *work = ude_calloc((size_t)count, 10 * sizeof *work);
  if (!work) {
    return ude_fail_memory(error, "a slope of least total variation");
  }
  size_t    n     = (size_t)count;
  variation v     = {.n        = count,
                     .d        = work,
                     .weight   = work + 3 * n,
                     .diagonal = work + 4 * n,
                     .lower    = work + 5 * n,
                     .w        = work + 7 * n,
                     .kinks    = work + 8 * n};
  double   *kinks = work + 9 * n;
  for (int64_t j = 0; j + 2 < count; j++) {
    double *d = v.d + 3 * j;
    d[0]      = 1 / (t[j + 1] - t[j]);
    d[2]      = 1 / (t[j + 2] - t[j + 1]);
    d[1]      = -d[0] - d[2];
  }
  double noise = noise_level(count, t, y, kinks);
  apply_kinks(&v, y, kinks);
  double largest = 0;
  double size    = 0;
  for (int64_t j = 0; j + 2 < count; j++) {
    largest = fmax(largest, fabs(kinks[j]));
  }
  for (int64_t i = 0; i < count; i++) {
    size = fmax(size, fabs(y[i] - y[0]));
  }
  memcpy(v.w, y, n * sizeof *y);
  if (largest > 1e-12 * size / (t[count - 1] - t[0]) && noise > 0) {
    /* Morozov: as smooth as the noise allows; the misfit grows with alpha */
    double low  = log(1e-10 * noise * noise / largest);
    double high = log(1e3 * (double)count * size * (t[count - 1] - t[0]));
    for (int step = 0; step < STEPS; step++) {
      double middle = (low + high) / 2;
      if (misfit(&v, y, exp(middle), largest) < noise) {
        low = middle;
      } else {
        high = middle;
      }
    }
    misfit(&v, y, exp(low), largest);
  }
  memcpy(value, v.w, n * sizeof *value);
  for (int64_t i = 0; i < count; i++) { /* at a point: the mean of the slopes on either side */
    int64_t left  = i > 0 ? i - 1 : 0;
    int64_t right = i < count - 1 ? i : count - 2;
    slope[i]      = ((value[left + 1] - value[left]) / (t[left + 1] - t[left]) +
                (value[right + 1] - value[right]) / (t[right + 1] - t[right])) /
               2;
  }
  free(work);
  return UDE_OK;
}
