/* Sections with plots: a place for the script to draw in, numbers beside it, and a still picture for
 * browsers without scripts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ude/report.h>

#include "report/escape.h"
#include "report/page.h"

enum { PICTURE_SERIES = 16 };

/* Series of a still picture; x and y of all in one block. */
typedef struct still_picture {
  ude_plot_series series[PICTURE_SERIES];
  double         *blocks[PICTURE_SERIES];
  int64_t         count;
  bool            failed;
} still_picture;

/* The rows of the first trajectory of a table, as a series of two columns. A trajectory ends where its
 * number changes or time turns back. */
static void add_series(still_picture *picture, const ude_table *table, const char *x, const char *y,
                       const char *name, ude_plot_mark mark, int colour) {
  int64_t column_x = table ? ude_table_column(table, x) : -1;
  int64_t column_y = table ? ude_table_column(table, y) : -1;
  if (column_x < 0 || column_y < 0 || picture->count == PICTURE_SERIES) {
    return;
  }
  double *block = ude_calloc((size_t)table->rows, 2 * sizeof *block);
  if (!block) {
    picture->failed = true;
    return;
  }
  ude_plot_series series   = {.name = name, .x = block, .mark = mark, .colour = colour};
  int64_t         column_t = ude_table_column(table, "t");
  int64_t         rows     = 0;
  for (; rows < table->rows; rows++) {
    const double *row   = table->values + rows * table->columns;
    double        other = ude_run_trajectory(table, rows) - ude_run_trajectory(table, 0);
    if (other < 0 || other > 0 ||
        (rows > 0 && column_t >= 0 && row[column_t] < row[column_t - table->columns])) {
      break;
    }
    block[rows] = row[column_x];
  }
  series.count = rows;
  for (int64_t i = 0; i < rows; i++) {
    block[rows + i] = table->values[i * table->columns + column_y];
  }
  series.y                        = block + series.count;
  picture->blocks[picture->count] = block;
  picture->series[picture->count] = series;
  picture->count++;
}

/* The column "<prefix><name>" or -1. */
static int64_t partner(const ude_table *table, const char *prefix, const char *name) {
  size_t length = strlen(prefix);
  for (int64_t j = 0; j < table->columns; j++) {
    if (strncmp(table->names[j], prefix, length) == 0 &&
        strcmp(table->names[j] + length, name) == 0) {
      return j;
    }
  }
  return -1;
}

static void still(ude_text *html, still_picture *picture, const char *x, const char *y, bool log) {
  ude_plot_svg_options options = {.width = 860, .height = 360, .transparent = true};
  ude_plot             plot    = {.x      = {.label = x},
                                  .y      = {.label = y, .log = log},
                                  .series = picture->series,
                                  .count  = picture->count};
  ude_text_append(html, "<noscript>");
  if (!picture->failed && ude_plot_svg(&plot, &options, html, NULL)) {
    picture->failed = true;
  }
  ude_text_append(html, "</noscript>\n");
  html->failed = html->failed || picture->failed;
  for (int64_t i = 0; i < picture->count; i++) {
    free(picture->blocks[i]);
  }
}

static void place(ude_text *html, const char *id) {
  ude_text_append(html,
                  "<div class=\"controls\" id=\"%s-controls\"></div>\n"
                  "<div class=\"panels\" id=\"%s-panels\"></div>\n",
                  id, id);
}

/* -------------------------------------------------------------------------- comparisons -- */

/* How far two columns are from one another where both have a value. */
typedef struct closeness {
  int64_t count;
  double  rms, spread; /* spread: root mean square of the reference about its mean */
} closeness;

static closeness compare(const ude_table *reference, int64_t j, const ude_table *other, int64_t k) {
  int64_t   rows    = reference->rows < other->rows ? reference->rows : other->rows;
  closeness result  = {0};
  double    squares = 0;
  double    mean    = 0;
  double    about   = 0;
  for (int64_t i = 0; i < rows; i++) {
    double a = reference->values[i * reference->columns + j];
    double b = other->values[i * other->columns + k];
    if (isfinite(a) && isfinite(b)) {
      result.count++;
      squares += (a - b) * (a - b);
      double step = a - mean;
      mean += step / (double)result.count; /* Welford 1962 */
      about += step * (a - mean);
    }
  }
  result.rms    = sqrt(squares / (double)result.count);
  result.spread = sqrt(about / (double)result.count);
  return result;
}

static void distance_table(ude_text *html, const char *what, const char *of) {
  ude_text_append(
      html,
      "<div class=\"scroll\"><table class=\"narrow\">\n<thead><tr><th>%s</th>"
      "<th class=\"number\">%s</th><th class=\"number\">root mean square "
      "deviation</th><th class=\"number\">%% of the spread</th></tr></thead>\n<tbody>\n",
      what, of);
}

static void distance_row(ude_text *html, const char *name, closeness distance) {
  ude_text_append(html, "<tr>");
  ude_page_text_cell(html, name);
  ude_page_number_cell(html, (double)distance.count, 17);
  ude_page_number_cell(html, distance.rms, 4);
  ude_page_number_cell(html, 100 * distance.rms / distance.spread, 3);
  ude_text_append(html, "</tr>\n");
}

static void end_table(ude_text *html) {
  ude_text_append(html, "</tbody>\n</table></div>\n");
}

/* --------------------------------------------------------------------------------- sections -- */

static void fit_section(ude_text *html, const ude_run *run) {
  const ude_table *data       = run->tables[RUN_DATA];
  const ude_table *predicted  = run->tables[RUN_PREDICTED];
  const ude_table *trajectory = run->tables[RUN_TRAJECTORY];
  const ude_table *main       = data ? data : trajectory;
  still_picture    picture    = {0};
  if (!main) {
    return;
  }
  ude_page_section(html, "fit", data ? "Fit against data" : "Fitted solution");
  place(html, "fit");
  for (int64_t j = 0, colour = 1; j < main->columns; j++) {
    const char *name = main->names[j];
    if (ude_run_is_quantity(name)) {
      bool fine = trajectory && ude_table_column(trajectory, name) >= 0;
      add_series(&picture, fine ? trajectory : predicted, "t", name, name, UDE_MARK_LINE,
                 (int)colour);
      add_series(&picture, data, "t", name, fine || predicted ? NULL : name, UDE_MARK_POINTS,
                 (int)colour);
      colour++;
    }
  }
  still(html, &picture, "t", NULL, false);
  if (data && predicted) {
    distance_table(html, "quantity", "measurements");
    for (int64_t j = 0; j < data->columns; j++) {
      int64_t k = ude_table_column(predicted, data->names[j]);
      if (ude_run_is_quantity(data->names[j]) && k >= 0) {
        distance_row(html, data->names[j], compare(data, j, predicted, k));
      }
    }
    end_table(html);
  }
  ude_text_append(html, "</section>\n");
}

static void extrapolation_section(ude_text *html, const ude_run *run) {
  const ude_table *table   = run->tables[RUN_EXTRAPOLATION];
  still_picture    picture = {0};
  bool             truth   = false;
  if (!table) {
    return;
  }
  ude_page_section(html, "extrapolation", "Extrapolation");
  place(html, "extrapolation");
  for (int64_t j = 0, colour = 1; j < table->columns; j++) {
    const char *name = table->names[j];
    if (ude_run_is_quantity(name)) {
      int64_t k = partner(table, "truth:", name);
      add_series(&picture, table, "t", name, name, UDE_MARK_LINE, (int)colour);
      if (k >= 0) {
        add_series(&picture, table, "t", table->names[k], table->names[k], UDE_MARK_DASHED,
                   (int)colour);
      }
      add_series(&picture, run->tables[RUN_DATA], "t", name, NULL, UDE_MARK_POINTS, (int)colour);
      truth = truth || k >= 0;
      colour++;
    }
  }
  still(html, &picture, "t", NULL, false);
  if (truth) {
    distance_table(html, "against the truth", "times");
    for (int64_t j = 0; j < table->columns; j++) {
      int64_t k = strncmp(table->names[j], "truth:", 6) == 0
                      ? ude_table_column(table, table->names[j] + 6)
                      : -1;
      if (k >= 0) {
        distance_row(html, table->names[k], compare(table, j, table, k));
      }
    }
    end_table(html);
  }
  ude_text_append(html, "</section>\n");
}

static void learned_rows(ude_text *html, const run_learned *learned) {
  const ude_table *table = learned->table;
  for (int64_t j = 0; j < table->columns; j++) {
    bool    output = strncmp(table->names[j], "out:", 4) == 0;
    int64_t k      = output ? partner(table, "rec:", table->names[j] + 4) : -1;
    if (k >= 0) {
      ude_text name = {0};
      ude_text_append(&name, "%s[%s]", learned->name, table->names[j] + 4);
      html->failed = html->failed || name.failed;
      distance_row(html, name.failed ? "" : name.data, compare(table, j, table, k));
      ude_text_free(&name);
    }
  }
}

static void learned_section(ude_text *html, const ude_run *run) {
  if (run->learned_count == 0) {
    return;
  }
  ude_page_section(html, "learned", "Learned terms");
  for (int64_t i = 0; i < run->learned_count; i++) {
    const run_learned *learned = &run->learned[i];
    still_picture      picture = {0};
    char               place_id[64];
    bool               recovered = ude_table_column(learned->table, "rec:0") >= 0;
    snprintf(place_id, sizeof place_id, "learned-%lld", (long long)i);
    ude_text_append(html, "<h3><code>");
    ude_escape_html(html, learned->name);
    ude_text_append(html, "</code> along the fitted solution</h3>\n");
    place(html, place_id);
    for (int64_t j = 0, colour = 3; j < learned->table->columns; j++) {
      if (strncmp(learned->table->names[j], "out:", 4) == 0) {
        int64_t k = partner(learned->table, "rec:", learned->table->names[j] + 4);
        add_series(&picture, learned->table, "t", learned->table->names[j],
                   learned->table->names[j], UDE_MARK_LINE, (int)colour);
        if (k >= 0) {
          add_series(&picture, learned->table, "t", learned->table->names[k],
                     learned->table->names[k], UDE_MARK_DASHED, (int)colour);
        }
        colour++;
      }
    }
    still(html, &picture, "t", NULL, false);
    if (recovered) {
      distance_table(html, "recovered against learned", "samples");
      learned_rows(html, learned);
      end_table(html);
    } else {
      ude_text_append(html,
                      "<p class=\"quiet\">No recovered equation yet: <code>ude discover</code> "
                      "adds it.</p>\n");
    }
  }
  ude_text_append(html, "</section>\n");
}

static void history_section(ude_text *html, const ude_run *run) {
  const ude_table *history = run->tables[RUN_HISTORY];
  still_picture    picture = {0};
  if (!history) {
    return;
  }
  ude_page_section(html, "history", "Loss history");
  place(html, "history");
  add_series(&picture, history, "evaluation", "loss", "loss", UDE_MARK_LINE, 1);
  add_series(&picture, history, "evaluation", "best", "best so far", UDE_MARK_LINE, 2);
  still(html, &picture, "evaluation", "loss (log scale)", true);
  ude_text_append(html, "</section>\n");
}

ude_status ude_page_figures(ude_text *html, const ude_run *run, ude_error *error) {
  fit_section(html, run);
  extrapolation_section(html, run);
  learned_section(html, run);
  history_section(html, run);
  return html->failed ? ude_fail_memory(error, "the pictures of the report") : UDE_OK;
}
