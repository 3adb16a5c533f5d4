#include "report/axis.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/number.h"

const ude_colour ude_palette[UDE_COLOURS] = {
    {"#3b76e8", 34}, {"#d9730d", 33}, {"#0f9b72", 32}, {"#c43fb8", 35},
    {"#d93f4c", 31}, {"#0b93b0", 36}, {"#7d5fe0", 94}, {"#7c8a14", 93},
};

int ude_series_colour(const ude_plot *plot, int64_t i) {
  int64_t number = plot->series[i].colour > 0 ? plot->series[i].colour - 1 : i;
  return (int)(number % UDE_COLOURS);
}

double ude_axis_position(const ude_axis *axis, double value) {
  if (!isfinite(value) || (axis->log && value <= 0)) {
    return (double)NAN;
  }
  if (axis->log) {
    return (log10(value) - log10(axis->low)) / (log10(axis->high) - log10(axis->low));
  }
  /* Halved, so that a range of nearly all doubles does not overflow. */
  return (value / 2 - axis->low / 2) / (axis->high / 2 - axis->low / 2);
}

static void add_tick(ude_axis *axis, double value, int decimals) {
  if (axis->count < UDE_MAX_TICKS) {
    char  text[UDE_NUMBER_SIZE];
    char *label =
        decimals >= 0 ? ude_number_fixed(value, decimals, text) : ude_number_short(value, 12, text);
    snprintf(axis->labels[axis->count], UDE_LABEL_SIZE, "%.*s", UDE_LABEL_SIZE - 1, label);
    axis->ticks[axis->count++] = value;
  }
}

/* The nearest double to mantissa x 10^exponent for small exponents, where 10^|exponent| is exact.
 */
static double times_power(double mantissa, int exponent) {
  return exponent < 0 ? mantissa / pow(10, -exponent) : mantissa * pow(10, exponent);
}

/* The smallest step of 1, 2, 5 x 10^k that gives at most wanted + 1 ticks (after the loose labelling of
 * Heckbert, Graphics Gems, 1990, without widening the range). */
static void linear_ticks(ude_axis *axis, int wanted) {
  static const int mantissas[] = {1, 2, 5};
  double           raw         = axis->high / wanted - axis->low / wanted;
  int              place       = 3 * ((int)floor(log10(raw)) - 1); /* 3 k + index of the mantissa */
  double           first       = 0;
  double           last        = (double)INFINITY;
  int              mantissa    = 1;
  int              exponent    = 0;
  for (; last - first > wanted; place++) {
    exponent    = (place - ((place % 3) + 3) % 3) / 3;
    mantissa    = mantissas[((place % 3) + 3) % 3];
    double step = times_power(mantissa, exponent);
    first       = ceil(axis->low / step - 1e-9);
    last        = floor(axis->high / step + 1e-9);
  }
  double largest  = fmax(fabs(axis->low), fabs(axis->high));
  int    decimals = exponent < 0 ? -exponent : 0;
  bool   plain    = largest < 1e6 && exponent >= -5;
  for (double n = first; n <= last && axis->count < UDE_MAX_TICKS; n++) {
    add_tick(axis, times_power(n * mantissa, exponent), plain ? decimals : -1);
  }
}

/* Mantissas of the ticks within a decade, from dense to sparse; 0 ends a row. */
static const int decade_steps[][4] = {{1, 2, 5, 0}, {1, 3, 0, 0}, {1, 0, 0, 0}};

static void decade_ticks(ude_axis *axis, const int *steps, int stride) {
  int first   = (int)floor(log10(axis->low)) - 1;
  int last    = (int)ceil(log10(axis->high)) + 1;
  axis->count = 0;
  for (int decade = first; decade <= last; decade++) {
    for (int i = 0; steps[i] && decade % stride == 0; i++) {
      double value = times_power(steps[i], decade);
      if (value >= axis->low * (1 - 1e-9) && value <= axis->high * (1 + 1e-9)) {
        add_tick(axis, value, -1);
      }
    }
  }
}

/* Less than a decade: as on a linear axis. A few decades: also ticks within them. Many: every
 * second, third, ... power of ten. */
static void log_ticks(ude_axis *axis, int wanted) {
  double decades = log10(axis->high) - log10(axis->low);
  if (decades < 0.9) {
    linear_ticks(axis, wanted);
    return;
  }
  if (decades <= 3) {
    for (size_t i = 0; i < sizeof decade_steps / sizeof decade_steps[0]; i++) {
      decade_ticks(axis, decade_steps[i], 1);
      if (axis->count <= wanted + 1) {
        return;
      }
    }
  }
  decade_ticks(axis, decade_steps[2], 1 + (int)decades / wanted);
}

void ude_axis_ticks(ude_axis *axis, int wanted) {
  wanted      = wanted < 2 ? 2 : wanted > 20 ? 20 : wanted;
  axis->count = 0;
  if (axis->log) {
    log_ticks(axis, wanted);
  } else {
    linear_ticks(axis, wanted);
  }
}

/* Least and largest coordinate of the points that can be drawn. */
static bool data_range(const ude_plot *plot, bool vertical, double *low, double *high) {
  *low  = (double)INFINITY;
  *high = -(double)INFINITY;
  for (int64_t s = 0; s < plot->count; s++) {
    const ude_plot_series *series = &plot->series[s];
    for (int64_t i = 0; i < series->count; i++) {
      double x = series->x ? series->x[i] : (double)i;
      double y = series->y[i];
      if (!isfinite(x) || !isfinite(y) || (plot->x.log && x <= 0) || (plot->y.log && y <= 0)) {
        continue;
      }
      double value = vertical ? y : x;
      *low         = fmin(*low, value);
      *high        = fmax(*high, value);
    }
  }
  return *low <= *high;
}

/* Room around a single value, and around values that differ only in their last digits. */
static void widen(ude_axis *axis, double margin) {
  double size = fmax(fabs(axis->low), fabs(axis->high));
  if (axis->log) {
    double ratio = log10(axis->high) - log10(axis->low);
    double room  = ratio < 1e-9 ? 0.5 : ratio * margin;
    axis->low    = fmax(axis->low / pow(10, room), DBL_MIN);
    axis->high   = fmin(axis->high * pow(10, room), DBL_MAX);
    return;
  }
  double spread = axis->high / 2 - axis->low / 2;
  double room   = spread <= 1e-12 * size ? (size > 0 ? 0.05 * size : 1) : 2 * margin * spread;
  axis->low     = fmax(axis->low - room, -DBL_MAX);
  axis->high    = fmin(axis->high + room, DBL_MAX);
}

ude_status ude_axis_of_plot(const ude_plot *plot, bool vertical, double margin, int wanted,
                            ude_axis *axis, bool *empty, ude_error *error) {
  const ude_plot_axis *asked = vertical ? &plot->y : &plot->x;
  memset(axis, 0, sizeof *axis);
  axis->log   = asked->log;
  bool found  = data_range(plot, vertical, &axis->low, &axis->high);
  *empty      = !found;
  bool ranged = asked->low < 0 || asked->low > 0 || asked->high < 0 || asked->high > 0 ||
                isnan(asked->low) || isnan(asked->high);
  if (ranged) {
    if (!isfinite(asked->low) || !isfinite(asked->high) || !(asked->low < asked->high) ||
        (asked->log && asked->low <= 0)) {
      char low[UDE_NUMBER_SIZE];
      char high[UDE_NUMBER_SIZE];
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "the range %s to %s of the %s axis is not a range%s: give low < high%s",
                      ude_number_short(asked->low, 6, low), ude_number_short(asked->high, 6, high),
                      vertical ? "y" : "x", asked->log ? " of a logarithmic axis" : "",
                      asked->log ? ", both positive" : ", both finite");
    }
    axis->low  = asked->low;
    axis->high = asked->high;
  } else if (found) {
    widen(axis, margin);
  } else {
    axis->low  = axis->log ? 1 : 0;
    axis->high = axis->log ? 10 : 1;
  }
  ude_axis_ticks(axis, wanted);
  return UDE_OK;
}
