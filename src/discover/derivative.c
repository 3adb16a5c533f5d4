/* Derivatives of measured curves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/linalg.h>

#include "discover/derivative.h"

static const char *const names[] = {
    [UDE_DERIVATIVES_AUTO]            = "auto",
    [UDE_DERIVATIVES_GIVEN]           = "given",
    [UDE_DERIVATIVES_SPLINE]          = "spline",
    [UDE_DERIVATIVES_SAVITZKY_GOLAY]  = "savitzky-golay",
    [UDE_DERIVATIVES_FINITE]          = "finite",
    [UDE_DERIVATIVES_SPECTRAL]        = "spectral",
    [UDE_DERIVATIVES_TOTAL_VARIATION] = "total-variation",
};

const char *ude_derivative_name(ude_derivative derivative) {
  size_t count = sizeof names / sizeof names[0];
  return (size_t)derivative < count ? names[derivative] : "unknown";
}

ude_status ude_derivative_parse(const char *name, ude_derivative *derivative, ude_error *error) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (name && strcmp(name, names[i]) == 0) {
      *derivative = (ude_derivative)i;
      return UDE_OK;
    }
  }
  return ude_fail(error, UDE_INVALID_ARGUMENT,
                  "unknown derivative method '%s'; known are auto, given, spline, savitzky-golay, "
                  "finite, spectral, total-variation",
                  name ? name : "");
}

/* Derivative at t[at] of the parabola through points first, first+1, first+2. */
static double parabola_slope(const double *t, const double *y, int64_t first, int64_t at) {
  double sum = 0;
  for (int64_t j = first; j < first + 3; j++) {
    for (int64_t m = first; m < first + 3; m++) {
      if (m == j) {
        continue;
      }
      double product = 1 / (t[j] - t[m]);
      for (int64_t l = first; l < first + 3; l++) {
        if (l != j && l != m) {
          product *= (t[at] - t[l]) / (t[j] - t[l]);
        }
      }
      sum += y[j] * product;
    }
  }
  return sum;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

static void finite_differences(int64_t count, const double *t, const double *y, double *value,
                               double *slope) {
  for (int64_t i = 0; i < count; i++) {
    value[i] = y[i];
    slope[i] = parabola_slope(t, y, clamp(i - 1, 0, count - 3), i);
  }
}

/* Savitzky and Golay 1964 by direct least squares, so that times may be uneven; windows are shifted at the ends. */
static ude_status local_cubics(int64_t window, int64_t count, const double *t, const double *y,
                               double *value, double *slope, ude_error *error) {
  enum { CUBIC = 4 };
  int64_t    points  = window < count ? window : count;
  int64_t    degrees = points > CUBIC ? CUBIC : points - 1;
  double    *a       = ude_calloc((size_t)points, CUBIC * sizeof *a);
  ude_status status  = a ? UDE_OK : ude_fail_memory(error, "derivatives");
  for (int64_t i = 0; i < count && !status; i++) {
    int64_t first = clamp(i - points / 2, 0, count - points);
    double  width = t[first + points - 1] - t[first];
    double  x[CUBIC];
    for (int64_t k = 0; k < points; k++) {
      double power = 1;
      for (int64_t d = 0; d < degrees; d++) {
        a[k * degrees + d] = power;
        power *= (t[first + k] - t[i]) / width;
      }
    }
    status = ude_least_squares(points, degrees, a, y + first, 0, x, NULL, NULL, error);
    if (!status) {
      value[i] = x[0];
      slope[i] = x[1] / width;
    }
  }
  free(a);
  return status;
}

static ude_status check(ude_derivative method, int64_t window, int64_t count, const double *t,
                        const double *y, ude_error *error) {
  if (!t || !y || count < 5) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "derivatives need at least 5 points of a trajectory, there are %lld",
                    (long long)count);
  }
  if (window < 0 || (window > 0 && window < 5) || (window > 0 && window % 2 == 0)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "the Savitzky-Golay window must be odd and at least 5, it is %lld",
                    (long long)window);
  }
  if (method == UDE_DERIVATIVES_GIVEN) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "given derivatives are not estimated");
  }
  for (int64_t i = 0; i < count; i++) {
    if (!isfinite(t[i]) || !isfinite(y[i]) || (i > 0 && t[i] <= t[i - 1])) {
      return ude_fail(
          error, UDE_INVALID_ARGUMENT,
          "derivatives: point %lld (t = %g, value %g) must be finite and later than the "
          "one before",
          (long long)i, t[i], y[i]);
    }
  }
  return UDE_OK;
}

ude_status ude_differentiate(ude_derivative method, int64_t window, int64_t count, const double *t,
                             const double *y, double *value, double *slope, ude_error *error) {
  ude_status status = check(method, window, count, t, y, error);
  if (status) {
    return status;
  }
  switch (method) {
  case UDE_DERIVATIVES_FINITE: finite_differences(count, t, y, value, slope); return UDE_OK;
  case UDE_DERIVATIVES_SAVITZKY_GOLAY:
    return local_cubics(window ? window : 9, count, t, y, value, slope, error);
  case UDE_DERIVATIVES_SPECTRAL: return spectral_slope(count, t, y, value, slope, error);
  case UDE_DERIVATIVES_TOTAL_VARIATION:
    return total_variation_slope(count, t, y, value, slope, error);
  default: return smoothing_spline(count, t, y, value, slope, error);
  }
}
