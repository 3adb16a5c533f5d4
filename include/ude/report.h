/**
 * @file report.h
 * @brief Pictures of results: on the terminal, as SVG, and a run as one self-contained HTML page.
 *
 *     ude_plot_series series[] = {{.name = "prey", .count = n, .x = t, .y = prey},
 *                                 {.name = "prey, data", .count = m, .x = ti, .y = yi,
 *                                  .mark = UDE_MARK_POINTS, .colour = 1}};
 *     ude_plot plot = {.title = "fit", .x = {.label = "t"}, .series = series, .count = 2};
 *     ude_text text = {0};
 *     if (ude_plot_lines(&plot, NULL, &text, &error)) puts(error.message); else fputs(text.data,
 * stdout); ude_text_free(&text);
 *
 *     ude_report_write("run", NULL, NULL, &error);              // writes run/report.html
 *
 * The functions keep no state and may run in several threads at once.
 */
#ifndef UDE_REPORT_H
#define UDE_REPORT_H

#include <ude/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------------------------------------- plots -- */

typedef enum ude_plot_mark {
  UDE_MARK_LINE = 0, /**< a line through the points, in the order given */
  UDE_MARK_POINTS,   /**< the points */
  UDE_MARK_DASHED    /**< a broken line */
} ude_plot_mark;

/** One curve. A point with a NaN or infinite coordinate is left out and breaks the line; so does
 * one that is not positive where the axis is logarithmic. */
typedef struct ude_plot_series {
  const char   *name; /**< for the legend, UTF-8; NULL: not in the legend */
  int64_t       count;
  const double *x, *y; /**< [count] each, borrowed; x NULL: 0, 1, 2, ... */
  ude_plot_mark mark;
  int colour; /**< 1, 2, ...: series of one number share colour and symbol; 0: by position */
} ude_plot_series;

/** Zero value: a linear axis without a name over the range of the data. */
typedef struct ude_plot_axis {
  const char *label;     /**< name and unit, "t / years"; NULL: none */
  bool        log;       /**< logarithmic */
  double      low, high; /**< the range; both 0: that of the data */
} ude_plot_axis;

typedef struct ude_plot {
  const char            *title; /**< NULL: none */
  ude_plot_axis          x, y;
  const ude_plot_series *series; /**< [count], borrowed; later ones are drawn over earlier ones */
  int64_t                count;
} ude_plot;

/** Zero value: 80 columns of Unicode braille without colour. */
typedef struct ude_plot_text_options {
  int  width;  /**< columns of the whole picture, 0: 80; 20 to 1000 */
  int  height; /**< lines of the drawing area, 0: 16; 2 to 500. Title, axis and legend come in
                  addition */
  bool ascii;  /**< only ASCII in the drawing (names of series are printed as they are) */
  bool colour; /**< ANSI colours; without them lines are told apart by their dashes */
} ude_plot_text_options;

/**
 * Append a picture made of characters (each line ends with a newline). Braille patterns (U+2800)
 * give 2 x 4 dots to a character. Plots without any finite point show empty axes and say so.
 *
 * @param options  NULL: the defaults
 * @return UDE_INVALID_ARGUMENT (a size out of range, a range that is empty or not finite, or not
 * positive on a logarithmic axis), UDE_OUT_OF_MEMORY; `text` may then hold a part of the picture
 */
UDE_API ude_status ude_plot_lines(const ude_plot *plot, const ude_plot_text_options *options,
                                  ude_text *text, ude_error *error);

/** Zero value: 720 x 400 on white. */
typedef struct ude_plot_svg_options {
  int  width, height; /**< pixels (user units), 0: 720, 400; 160 to 10000 */
  bool transparent;   /**< no background, and colours that hold on dark and light pages */
} ude_plot_svg_options;

/** Append the plot as one SVG 1.1 element, complete as a file of its own (`ude_file_write`). Errors
 * as ude_plot_lines. */
UDE_API ude_status ude_plot_svg(const ude_plot *plot, const ude_plot_svg_options *options,
                                ude_text *text, ude_error *error);

/* ------------------------------------------------------------------------------------ page -- */

/** Zero value: the defaults. */
typedef struct ude_report_options {
  const char *title;    /**< NULL: the name of the model file, or of the run folder */
  const char *subtitle; /**< a sentence under the title; NULL: none */
} ude_report_options;

/**
 * Write one self-contained HTML page about a run: summary, recovered equations, fit, extrapolation,
 * learned against recovered terms, loss history, parameters, settings. Scripts, styles and data are
 * within the page; it loads nothing and opens from a file. The same run gives the same bytes.
 *
 * What is read, all of it optional; a part whose file is absent is left out with a note:
 *   - settings.json       model, flags, data, options, seed, ude
 *   - params.json         status, loss, seed, params
 *   - history.csv         evaluation, phase, loss, best, gradient_norm, seconds (the first three
 * needed)
 *   - data.csv, predicted.csv, trajectory.csv    [trajectory,] t, one column per quantity
 *   - extrapolation.csv   [trajectory,] t, quantities, `truth:<quantity>`
 *   - learned_<f>.csv     t, `in:<name>`, `out:<i>`, `rec:<i>`
 *   - discovered.json     see below; discovered.c is shown as it is
 *
 * discovered.json, every member optional:
 *
 *     {"equations": [{"name": "interaction[0]",                   left side; "dx/dt" is set as a derivative
 *                     "terms": [{"text": "prey*predator",         + - * / ^, functions, names
 *                                "coefficient": -0.9, "standard_error": 0.002}]}],
 *      "refitted": [{"name": "alpha", "value": 1.3, "standard_error": 0.01}],
 *      "criterion": "ebic", "criterion_value": -812.5, "notes": "...",
 *      "alternatives": [{"text": "...", "terms": 1, "parameters": 5, "criterion": -812.5, "deviance": -840}]}
 *
 * The first alternative is the one chosen. Names and texts may hold any characters.
 *
 * @param run_folder   an existing folder
 * @param output_path  complete or absent (ude_file_write); NULL: run_folder/report.html
 * @param options      NULL: the defaults
 * @return UDE_IO (no such folder, a file that cannot be read or written), UDE_BAD_DATA (the message
 * names the file and what is wrong in it), UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_report_write(const char *run_folder, const char *output_path,
                                    const ude_report_options *options, ude_error *error);

/**
 * Write the first trajectory of a run as one SVG picture: measurements, the fitted solution, and beyond it the solution
 * of the recovered equation where there is one (extrapolation.csv).
 *
 * @param measured     CSV with further measurements, drawn in other colours (held back from the fit), or NULL
 * @param output_path  complete or absent (ude_file_write)
 * @param options      NULL: the defaults
 * @return as ude_report_write; UDE_BAD_DATA where there is nothing to draw
 */
UDE_API ude_status ude_report_picture(const char *run_folder, const char *measured,
                                      const char *output_path, const ude_plot_svg_options *options,
                                      ude_error *error);

/** The page of ude_report_write, appended to `html`. On failure `html` may hold a part of it. */
UDE_API ude_status ude_report_html(const char *run_folder, const ude_report_options *options,
                                   ude_text *html, ude_error *error);

#ifdef __cplusplus
}
#endif
#endif
