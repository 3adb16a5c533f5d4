/* Plots made of characters: braille patterns with 2 x 4 dots to a character, or plain ASCII. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/axis.h"
#include "report/escape.h"

/* What tells series apart without colour: dashes (drawn dots, then gap, in dots along the line). */
static const struct {
  int drawn, gap;
} dashes[UDE_COLOURS] = {{1, 0}, {6, 4}, {2, 3}, {9, 3}, {1, 3}, {4, 2}, {12, 5}, {1, 5}};
static const struct {
  int drawn, gap;
} broken_line = {4, 4};

static const char point_signs[UDE_COLOURS + 1] = "ox+*#@%&";
static const char line_signs[UDE_COLOURS + 1]  = ".:-=~'^;";

typedef struct plot_canvas {
  int            columns, rows; /* of characters */
  int            across, down;  /* dots in a character */
  unsigned char *dots;          /* [rows][columns] braille pattern */
  unsigned char *signs;         /* [rows][columns] character drawn over the dots, 0: none */
  unsigned char *colours;       /* [rows][columns] number + 1 */
  bool           ascii, colour;
} plot_canvas;

static void put_sign(plot_canvas *canvas, int x, int y, char sign, int colour) {
  int cell              = y / canvas->down * canvas->columns + x / canvas->across;
  canvas->signs[cell]   = (unsigned char)sign;
  canvas->colours[cell] = (unsigned char)(colour + 1);
}

/* Braille numbers its dots 1 2 3 7 down the left side and 4 5 6 8 down the right (Unicode 15,
 * chapter 21.1). */
static void put_dot(plot_canvas *canvas, int x, int y, int colour) {
  static const unsigned char bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
  if (canvas->ascii) {
    put_sign(canvas, x, y, line_signs[colour], colour);
    return;
  }
  int cell = y / 4 * canvas->columns + x / 2;
  canvas->dots[cell] |= bits[y % 4][x % 2];
  canvas->colours[cell] = (unsigned char)(colour + 1);
}

/* A point of the drawing area in units of dots, y downwards. */
typedef struct spot {
  double x, y;
} spot;

/* The part of the segment within [0, width] x [0, height] (Liang and Barsky 1984); false: none. */
static bool clip(spot *from, spot *to, double width, double height) {
  double       dx    = to->x - from->x;
  double       dy    = to->y - from->y;
  const double p[4]  = {-dx, dx, -dy, dy};
  const double q[4]  = {from->x, width - from->x, from->y, height - from->y};
  double       enter = 0;
  double       leave = 1;
  for (int i = 0; i < 4; i++) {
    if (p[i] < 0) {
      enter = fmax(enter, q[i] / p[i]);
    } else if (p[i] > 0) {
      leave = fmin(leave, q[i] / p[i]);
    } else if (q[i] < 0) {
      return false;
    }
  }
  if (!(enter <= leave)) {
    return false;
  }
  spot start = *from;
  *from      = (spot){start.x + enter * dx, start.y + enter * dy};
  *to        = (spot){start.x + leave * dx, start.y + leave * dy};
  return true;
}

/* Where a line stands in its dashes: the phase moves on only when a new dot is reached. */
typedef struct plot_pen {
  int drawn, gap, phase, x, y;
} plot_pen;

static void draw_segment(plot_canvas *canvas, spot from, spot to, int colour, plot_pen *pen) {
  double width  = canvas->columns * canvas->across - 1;
  double height = canvas->rows * canvas->down - 1;
  if (!clip(&from, &to, width, height)) {
    return;
  }
  int steps = (int)ceil(fmax(fabs(to.x - from.x), fabs(to.y - from.y)));
  for (int i = 0; i <= steps; i++) {
    double share = steps ? (double)i / steps : 0;
    int    x     = (int)lround(from.x + share * (to.x - from.x));
    int    y     = (int)lround(from.y + share * (to.y - from.y));
    if (x == pen->x && y == pen->y) {
      continue;
    }
    if (pen->phase < pen->drawn) {
      put_dot(canvas, x, y, colour);
    }
    pen->phase = (pen->phase + 1) % (pen->drawn + pen->gap);
    pen->x     = x;
    pen->y     = y;
  }
}

static plot_pen pen_for(const plot_canvas *canvas, const ude_plot_series *series, int colour) {
  bool     plain = canvas->colour || canvas->ascii;
  plot_pen pen   = {plain ? 1 : dashes[colour].drawn, plain ? 0 : dashes[colour].gap, 0, -1, -1};
  if (series->mark == UDE_MARK_DASHED) {
    pen.drawn = canvas->ascii ? 2 : broken_line.drawn;
    pen.gap   = canvas->ascii ? 1 : broken_line.gap;
  }
  return pen;
}

static void draw_series(plot_canvas *canvas, const ude_plot_series *series, int colour,
                        const ude_axis *x_axis, const ude_axis *y_axis) {
  double   width  = canvas->columns * canvas->across - 1;
  double   height = canvas->rows * canvas->down - 1;
  plot_pen pen    = pen_for(canvas, series, colour);
  spot     last   = {(double)NAN, (double)NAN};
  for (int64_t i = 0; i < series->count; i++) {
    double x   = ude_axis_position(x_axis, series->x ? series->x[i] : (double)i);
    double y   = ude_axis_position(y_axis, series->y[i]);
    spot   now = {x * width, (1 - y) * height};
    if (isnan(x) || isnan(y)) {
      last = (spot){(double)NAN, (double)NAN};
      continue;
    }
    if (series->mark == UDE_MARK_POINTS) {
      if (x >= 0 && x <= 1 && y >= 0 && y <= 1) {
        put_sign(canvas, (int)lround(now.x), (int)lround(now.y), point_signs[colour], colour);
      }
    } else {
      draw_segment(canvas, isnan(last.x) ? now : last, now, colour, &pen);
    }
    last = now;
  }
}

static void append_repeated(ude_text *text, const char *piece, int count) {
  for (int i = 0; i < count; i++) {
    ude_text_append(text, "%s", piece);
  }
}

static void switch_colour(const plot_canvas *canvas, ude_text *text, int *current, int wanted) {
  if (canvas->colour && *current != wanted) {
    ude_text_append(text, "\x1b[%dm", wanted ? ude_palette[wanted - 1].ansi : 0);
    *current = wanted;
  }
}

static void print_row(const plot_canvas *canvas, int row, ude_text *text) {
  const size_t start   = (size_t)row * (size_t)canvas->columns;
  int          last    = canvas->columns - 1;
  int          current = 0;
  while (last >= 0 && !canvas->dots[start + (size_t)last] && !canvas->signs[start + (size_t)last]) {
    last--;
  }
  for (int column = 0; column <= last; column++) {
    size_t cell = start + (size_t)column;
    if (canvas->signs[cell] || canvas->dots[cell]) {
      switch_colour(canvas, text, &current, canvas->colours[cell]);
    }
    if (canvas->signs[cell]) {
      ude_text_append(text, "%c", canvas->signs[cell]);
    } else if (canvas->dots[cell]) {
      ude_utf8_append(text, 0x2800u + canvas->dots[cell]);
    } else {
      ude_text_append(text, " ");
    }
  }
  switch_colour(canvas, text, &current, 0);
  ude_text_append(text, "\n");
}

/* The row of characters at which a tick of the y axis stands. */
static int tick_row(const plot_canvas *canvas, const ude_axis *axis, int tick) {
  double share = ude_axis_position(axis, axis->ticks[tick]);
  return (int)lround((1 - share) * (canvas->rows * canvas->down - 1)) / canvas->down;
}

static int tick_column(const plot_canvas *canvas, const ude_axis *axis, int tick) {
  double share = ude_axis_position(axis, axis->ticks[tick]);
  return (int)lround(share * (canvas->columns * canvas->across - 1)) / canvas->across;
}

static void print_area(const plot_canvas *canvas, const ude_axis *y_axis, int margin,
                       ude_text *text) {
  for (int row = 0; row < canvas->rows; row++) {
    const char *label = NULL;
    for (int tick = y_axis->count - 1; tick >= 0 && !label; tick--) {
      label = tick_row(canvas, y_axis, tick) == row ? y_axis->labels[tick] : NULL;
    }
    ude_text_append(text, "%*s ", margin, label ? label : "");
    ude_text_append(text, "%s", canvas->ascii ? (label ? "+" : "|") : (label ? "┤" : "│"));
    print_row(canvas, row, text);
  }
}

/* The axis line, and the labels that do not touch their left neighbour. */
static void print_x_axis(const plot_canvas *canvas, const ude_axis *axis, int margin,
                         ude_text *text) {
  append_repeated(text, " ", margin + 1);
  ude_text_append(text, "%s", canvas->ascii ? "+" : "└");
  for (int column = 0, tick = 0; column < canvas->columns; column++) {
    bool marked = false;
    for (; tick < axis->count && tick_column(canvas, axis, tick) <= column; tick++) {
      marked = true;
    }
    ude_text_append(text, "%s", canvas->ascii ? (marked ? "+" : "-") : (marked ? "┬" : "─"));
  }
  ude_text_append(text, "\n");
  int used = 0;
  for (int tick = 0; tick < axis->count; tick++) {
    int length = (int)strlen(axis->labels[tick]);
    int start  = margin + 2 + tick_column(canvas, axis, tick) - (length - 1) / 2;
    int limit  = margin + 2 + canvas->columns - length;
    start      = start > limit ? limit : start;
    if (start > used || (used == 0 && start >= 0)) {
      append_repeated(text, " ", start - used);
      ude_text_append(text, "%s", axis->labels[tick]);
      used = start + length;
    }
  }
  ude_text_append(text, "\n");
}

static void print_centred(const plot_canvas *canvas, int margin, const char *name, ude_text *text) {
  int room = canvas->columns - ude_utf8_length(name);
  append_repeated(text, " ", margin + 2 + (room > 0 ? room / 2 : 0));
  ude_escape_terminal(text, name);
  ude_text_append(text, "\n");
}

/* How a series looks, as a short sample; 4 characters wide for lines, 1 for points. */
static int print_sample(const plot_canvas *canvas, const ude_plot_series *series, int colour,
                        ude_text *text) {
  if (series->mark == UDE_MARK_POINTS) {
    ude_text_append(text, "%c", point_signs[colour]);
    return 1;
  }
  plot_pen pen = pen_for(canvas, series, colour);
  for (int cell = 0; cell < 4; cell++) {
    int on[2];
    for (int i = 0; i < 2; i++) {
      on[i] = (cell * canvas->across + i) % (pen.drawn + pen.gap) < pen.drawn;
    }
    if (canvas->ascii) {
      ude_text_append(text, "%c", on[0] ? line_signs[colour] : ' ');
    } else {
      ude_utf8_append(text, 0x2800u + (on[0] ? 0x04u : 0) + (on[1] ? 0x20u : 0));
    }
  }
  return 4;
}

static void print_legend(const plot_canvas *canvas, const ude_plot *plot, int margin,
                         ude_text *text) {
  int width = margin + 2 + canvas->columns;
  int used  = 0;
  for (int64_t i = 0; i < plot->count; i++) {
    const ude_plot_series *series = &plot->series[i];
    if (!series->name) {
      continue;
    }
    int colour  = ude_series_colour(plot, i);
    int current = 0;
    int needed  = (series->mark == UDE_MARK_POINTS ? 1 : 4) + 1 + ude_utf8_length(series->name);
    if (used && used + 3 + needed > width) {
      ude_text_append(text, "\n");
      used = 0;
    }
    append_repeated(text, " ", used ? 3 : margin + 2);
    used = used ? used + 3 : margin + 2;
    switch_colour(canvas, text, &current, colour + 1);
    print_sample(canvas, series, colour, text);
    switch_colour(canvas, text, &current, 0);
    ude_text_append(text, " ");
    ude_escape_terminal(text, series->name);
    used += needed;
  }
  if (used) {
    ude_text_append(text, "\n");
  }
}

static int label_width(const ude_axis *axis) {
  int width = 0;
  for (int i = 0; i < axis->count; i++) {
    int length = (int)strlen(axis->labels[i]);
    width      = length > width ? length : width;
  }
  return width;
}

ude_status ude_plot_lines(const ude_plot *plot, const ude_plot_text_options *options,
                          ude_text *text, ude_error *error) {
  static const ude_plot_text_options defaults = {0};
  options                                     = options ? options : &defaults;
  int width                                   = options->width ? options->width : 80;
  int height                                  = options->height ? options->height : 16;
  if (width < 20 || width > 1000 || height < 2 || height > 500) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "a plot of %d x %d characters: give a width of 20 to 1000 and a height of 2 to "
                    "500",
                    width, height);
  }
  ude_axis   x_axis;
  ude_axis   y_axis;
  bool       empty  = false;
  ude_status status = ude_axis_of_plot(plot, true, 0.02, 2 * height / 5, &y_axis, &empty, error);
  if (status == UDE_OK) {
    status = ude_axis_of_plot(plot, false, 0, width / 10, &x_axis, &empty, error);
  }
  if (status) {
    return status;
  }
  int         margin = label_width(&y_axis);
  plot_canvas canvas = {.columns = width - margin - 2,
                        .rows    = height,
                        .across  = options->ascii ? 1 : 2,
                        .down    = options->ascii ? 1 : 4,
                        .ascii   = options->ascii,
                        .colour  = options->colour};
  canvas.columns     = canvas.columns < 8 ? 8 : canvas.columns;
  size_t cells       = (size_t)canvas.columns * (size_t)canvas.rows;
  canvas.dots        = ude_calloc(cells, 3);
  if (!canvas.dots) {
    return ude_fail_memory(error, "a plot");
  }
  canvas.signs   = canvas.dots + cells;
  canvas.colours = canvas.signs + cells;
  for (int64_t i = 0; i < plot->count; i++) {
    draw_series(&canvas, &plot->series[i], ude_series_colour(plot, i), &x_axis, &y_axis);
  }
  if (plot->title) {
    print_centred(&canvas, margin, plot->title, text);
  }
  if (plot->y.label) {
    ude_escape_terminal(text, plot->y.label);
    ude_text_append(text, "%s\n", y_axis.log ? " (log scale)" : "");
  }
  print_area(&canvas, &y_axis, margin, text);
  print_x_axis(&canvas, &x_axis, margin, text);
  if (plot->x.label) {
    print_centred(&canvas, margin, plot->x.label, text);
  }
  print_legend(&canvas, plot, margin, text);
  if (empty) {
    print_centred(&canvas, margin, "(no finite points)", text);
  }
  free(canvas.dots);
  return text->failed ? ude_fail_memory(error, "a plot") : UDE_OK;
}
