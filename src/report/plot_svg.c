/* Plots as SVG pictures. */
#include <math.h>
#include <string.h>

#include "report/axis.h"
#include "report/escape.h"
#include "report/number.h"

/* Widths are estimated, since the font is that of the viewer: about 0.6 em a character. */
enum { FONT = 13, CHARACTER = 8, LINE = 20, PAD = 12 };

typedef struct svg_frame {
  int             width, height;           /* of the picture */
  int             left, top, across, down; /* the drawing area */
  const ude_plot *plot;
  ude_axis        x, y;
  ude_text       *text;
} svg_frame;

static void number(svg_frame *frame, double value) {
  char buffer[UDE_NUMBER_SIZE];
  ude_text_append(frame->text, "%s", ude_number_fixed(value, 2, buffer));
}

static void line(svg_frame *frame, const char *style, double x1, double y1, double x2, double y2) {
  const char  *names[]  = {"x1", "y1", "x2", "y2"};
  const double values[] = {x1, y1, x2, y2};
  ude_text_append(frame->text, "<line class=\"%s\"", style);
  for (int i = 0; i < 4; i++) {
    ude_text_append(frame->text, " %s=\"", names[i]);
    number(frame, values[i]);
    ude_text_append(frame->text, "\"");
  }
  ude_text_append(frame->text, "/>\n");
}

static void label(svg_frame *frame, const char *style, const char *anchor, double x, double y,
                  const char *words) {
  ude_text_append(frame->text, "<text class=\"%s\" text-anchor=\"%s\" x=\"", style, anchor);
  number(frame, x);
  ude_text_append(frame->text, "\" y=\"");
  number(frame, y);
  ude_text_append(frame->text, "\">");
  ude_escape_html(frame->text, words);
  ude_text_append(frame->text, "</text>\n");
}

/* Text, lines of the axes, grid and background, for light pages and (if the picture is to blend in)
 * dark ones. */
static void style(svg_frame *frame, bool transparent) {
  ude_text_append(
      frame->text,
      "<style>text{font:%dpx system-ui,sans-serif;fill:#57606a}.title{font-weight:600;"
      "font-size:15px;fill:#1f2328}.axis{stroke:#8b949e}.grid{stroke:#8b949e;stroke-opacity:.22}"
      "path{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}",
      FONT);
  if (transparent) {
    ude_text_append(frame->text,
                    "@media(prefers-color-scheme:dark){text{fill:#9aa4ae}.title{fill:#e6e9ec}}");
  }
  ude_text_append(frame->text, "</style>\n");
  if (!transparent) {
    ude_text_append(frame->text, "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n",
                    frame->width, frame->height);
  }
}

static const char *dash_style(const ude_plot_series *series) {
  return series->mark == UDE_MARK_DASHED ? " stroke-dasharray=\"6 5\"" : "";
}

/* The legend flows from left to right above the drawing area. Returns the number of its lines;
 * draws only where `draw`. */
static int legend(svg_frame *frame, int top, bool draw) {
  const int sample = 24;
  int       x      = frame->left;
  int       lines  = 0;
  for (int64_t i = 0; i < frame->plot->count; i++) {
    const ude_plot_series *series = &frame->plot->series[i];
    if (!series->name) {
      continue;
    }
    int width = sample + 8 + CHARACTER * ude_utf8_length(series->name) + 16;
    if (lines == 0 || x + width > frame->width - PAD) {
      lines++;
      x = frame->left;
    }
    if (draw) {
      const char *hex    = ude_palette[ude_series_colour(frame->plot, i)].hex;
      int         middle = top + lines * LINE - LINE / 2;
      if (series->mark == UDE_MARK_POINTS) {
        ude_text_append(frame->text, "<circle cx=\"%d\" cy=\"%d\" r=\"3.5\" fill=\"%s\"/>\n",
                        x + sample / 2, middle, hex);
      } else {
        ude_text_append(frame->text, "<path stroke=\"%s\"%s d=\"M%d %dh%d\"/>\n", hex,
                        dash_style(series), x, middle, sample);
      }
      label(frame, "name", "start", x + sample + 8, middle + 4.5, series->name);
    }
    x += width;
  }
  return lines;
}

static void draw_axes(svg_frame *frame) {
  double bottom = frame->top + frame->down;
  double right  = frame->left + frame->across;
  double used   = -1e9;
  for (int i = 0; i < frame->y.count; i++) {
    double y = bottom - frame->down * ude_axis_position(&frame->y, frame->y.ticks[i]);
    line(frame, "grid", frame->left, y, right, y);
    label(frame, "tick", "end", frame->left - 8, y + 4.5, frame->y.labels[i]);
  }
  for (int i = 0; i < frame->x.count; i++) {
    double x    = frame->left + frame->across * ude_axis_position(&frame->x, frame->x.ticks[i]);
    double half = (double)(CHARACTER * (int)strlen(frame->x.labels[i])) / 2;
    line(frame, "axis", x, bottom, x, bottom + 5);
    if (x - half > used) {
      label(frame, "tick", "middle", x, bottom + 20, frame->x.labels[i]);
      used = x + half + (double)CHARACTER;
    }
  }
  line(frame, "axis", frame->left, bottom, right, bottom);
  line(frame, "axis", frame->left, frame->top, frame->left, bottom);
  if (frame->plot->x.label) {
    label(frame, "name", "middle", frame->left + frame->across / 2.0, bottom + 40,
          frame->plot->x.label);
  }
  if (frame->plot->y.label) {
    double middle = frame->top + frame->down / 2.0;
    ude_text_append(frame->text, "<g transform=\"translate(%d ", PAD + 8);
    number(frame, middle);
    ude_text_append(frame->text, ") rotate(-90)\">");
    label(frame, "name", "middle", 0, 0, frame->plot->y.label);
    ude_text_append(frame->text, "</g>\n");
  }
}

/* Within the nested element that clips to the drawing area. */
static void draw_series(svg_frame *frame, const ude_plot_series *series, const char *hex) {
  bool   points = series->mark == UDE_MARK_POINTS;
  bool   down   = false;
  double last_x = (double)NAN;
  double last_y = (double)NAN;
  bool   many   = series->count > 200;
  if (points) {
    ude_text_append(frame->text, "<g fill=\"%s\" fill-opacity=\"%s\">\n", hex,
                    many ? ".55" : ".85");
  } else {
    ude_text_append(frame->text, "<path stroke=\"%s\"%s d=\"", hex, dash_style(series));
  }
  for (int64_t i = 0; i < series->count; i++) {
    double x = ude_axis_position(&frame->x, series->x ? series->x[i] : (double)i);
    double y = ude_axis_position(&frame->y, series->y[i]);
    if (isnan(x) || isnan(y)) {
      down = false;
      continue;
    }
    /* Far outside is far enough: viewers calculate in single precision. */
    x = fmin(fmax(x, -100), 100) * frame->across;
    y = (1 - fmin(fmax(y, -100), 100)) * frame->down;
    if (points) {
      ude_text_append(frame->text, "<circle cx=\"");
      number(frame, x);
      ude_text_append(frame->text, "\" cy=\"");
      number(frame, y);
      ude_text_append(frame->text, "\" r=\"%s\"/>\n", many ? "2.2" : "3.5");
    } else if (!down || fabs(x - last_x) > 0.05 || fabs(y - last_y) > 0.05) {
      ude_text_append(frame->text, "%s", down ? "L" : "M");
      number(frame, x);
      ude_text_append(frame->text, " ");
      number(frame, y);
      last_x = x;
      last_y = y;
      down   = true;
    }
  }
  ude_text_append(frame->text, points ? "</g>\n" : "\"/>\n");
}

ude_status ude_plot_svg(const ude_plot *plot, const ude_plot_svg_options *options, ude_text *text,
                        ude_error *error) {
  static const ude_plot_svg_options defaults = {0};
  options                                    = options ? options : &defaults;
  svg_frame frame                            = {.width  = options->width ? options->width : 720,
                                                .height = options->height ? options->height : 400,
                                                .plot   = plot,
                                                .text   = text};
  if (frame.width < 160 || frame.width > 10000 || frame.height < 160 || frame.height > 10000) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "a picture of %d x %d: give a width and a height of 160 to 10000", frame.width,
                    frame.height);
  }
  bool       empty = false;
  ude_status status =
      ude_axis_of_plot(plot, true, 0.04, frame.height / 60, &frame.y, &empty, error);
  if (status == UDE_OK) {
    status = ude_axis_of_plot(plot, false, 0.01, frame.width / 90, &frame.x, &empty, error);
  }
  if (status) {
    return status;
  }
  int widest = 1;
  for (int i = 0; i < frame.y.count; i++) {
    int length = (int)strlen(frame.y.labels[i]);
    widest     = length > widest ? length : widest;
  }
  frame.left   = PAD + 8 + CHARACTER * widest + (plot->y.label ? LINE : 0);
  frame.across = frame.width - frame.left - 2 * PAD;
  frame.across = frame.across < 40 ? 40 : frame.across;
  int head     = PAD + (plot->title ? LINE + 4 : 0);
  frame.top    = head + LINE * legend(&frame, 0, false) + 6;
  frame.down   = frame.height - frame.top - 28 - (plot->x.label ? LINE : 0);
  frame.down   = frame.down < 40 ? 40 : frame.down;

  ude_text_append(text,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"0 0 %d %d\" role=\"img\">\n",
                  frame.width, frame.height, frame.width, frame.height);
  if (plot->title) {
    ude_text_append(text, "<title>");
    ude_escape_html(text, plot->title);
    ude_text_append(text, "</title>\n");
  }
  style(&frame, options->transparent);
  if (plot->title) {
    label(&frame, "title", "start", frame.left, PAD + 14, plot->title);
  }
  legend(&frame, head, true);
  draw_axes(&frame);
  ude_text_append(text, "<svg x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" overflow=\"hidden\">\n",
                  frame.left, frame.top, frame.across, frame.down);
  for (int64_t i = 0; i < plot->count; i++) {
    draw_series(&frame, &plot->series[i], ude_palette[ude_series_colour(plot, i)].hex);
  }
  ude_text_append(text, "</svg>\n");
  if (empty) {
    label(&frame, "name", "middle", frame.left + frame.across / 2.0, frame.top + frame.down / 2.0,
          "no finite points");
  }
  ude_text_append(text, "</svg>\n");
  return text->failed ? ude_fail_memory(error, "a picture") : UDE_OK;
}
