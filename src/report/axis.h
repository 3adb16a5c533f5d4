/* Ranges, ticks and labels of an axis, and the colours of series: the same on the terminal and in
 * SVG. */
#ifndef UDE_REPORT_AXIS_H
#define UDE_REPORT_AXIS_H

#include <ude/report.h>

enum { UDE_MAX_TICKS = 32, UDE_LABEL_SIZE = 32 };

typedef struct ude_axis {
  bool   log;
  double low, high; /* low < high */
  int    count;
  double ticks[UDE_MAX_TICKS]; /* ascending, within the range */
  char   labels[UDE_MAX_TICKS][UDE_LABEL_SIZE];
} ude_axis;

/* One axis of a plot: the asked range, or that of the data (`margin`: widened by this share on both
 * sides), with ticks at 1, 2 or 5 times a power of ten, about `wanted` (2 to 20) and not more than
 * wanted + 1. Without a finite point the range is [0, 1] (log: [1, 10]) and *empty is true. */
ude_status ude_axis_of_plot(const ude_plot *plot, bool vertical, double margin, int wanted,
                            ude_axis *axis, bool *empty, ude_error *error);
/* Fill ticks and labels for low, high, log. */
void ude_axis_ticks(ude_axis *axis, int wanted);
/* 0 at low, 1 at high, beyond outside; NaN where the value cannot be drawn. */
double ude_axis_position(const ude_axis *axis, double value);

/* Number (from 0) of the colour of series i. */
int ude_series_colour(const ude_plot *plot, int64_t i);

/* Colours that can be told apart on white and on black, as hex and as ANSI code. */
enum { UDE_COLOURS = 8 };
typedef struct ude_colour {
  const char *hex;
  int         ansi;
} ude_colour;
extern const ude_colour ude_palette[UDE_COLOURS];

#endif
