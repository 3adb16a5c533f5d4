/* Plots on the terminal. */
#include "cli/plot.h"

#include <stdlib.h>
#include <string.h>
#include <ude/report.h>

enum { MAX_SERIES = 8 };

static void draw(const ude_plot *plot) {
  ude_text              text    = {0};
  ude_error             error   = {0};
  ude_plot_text_options options = {.width = cli_terminal_width(), .colour = cli_colour(stderr)};
  if (options.width > 120) {
    options.width = 120;
  }
  if (ude_plot_lines(plot, &options, &text, &error) == UDE_OK && !text.failed) {
    fputs(text.data, stderr);
  } else {
    fprintf(stderr, "ude: cannot draw: %s\n", error.message);
  }
  ude_text_free(&text);
}

void cli_plot_solution(const ude_vector_field *field, const ude_solution *solution) {
  int64_t         count  = ude_solution_count(solution);
  int64_t         states = field->state.count < MAX_SERIES ? field->state.count : MAX_SERIES;
  double         *x      = ude_calloc((size_t)count, sizeof *x);
  double         *y      = ude_calloc((size_t)count, MAX_SERIES * sizeof *y);
  char            names[MAX_SERIES][128];
  ude_plot_series series[MAX_SERIES] = {0};
  if (x && y) {
    for (int64_t i = 0; i < count; i++) {
      x[i] = ude_solution_time(solution, i);
      for (int64_t j = 0; j < states; j++) {
        y[j * count + i] = ude_solution_state(solution, i)[j];
      }
    }
    for (int64_t j = 0; j < states; j++) {
      series[j] = (ude_plot_series){
          .name  = ude_layout_name(&field->state, j, "u", names[j], sizeof names[j]),
          .count = count,
          .x     = x,
          .y     = y + j * count};
    }
    ude_plot plot = {.x = {.label = "t"}, .series = series, .count = states};
    draw(&plot);
  }
  free(x);
  free(y);
}

/** Column `j` of the rows of a table that belong to its first trajectory. */
static int64_t first_trajectory(const ude_table *table, int64_t j, double *out) {
  int64_t count = 0;
  for (int64_t i = 0; i < table->rows; i++) {
    if (table->values[i * table->columns] == table->values[0]) {
      out[count++] = table->values[i * table->columns + j];
    }
  }
  return count;
}

static ude_table *read_run(const char *folder, const char *name) {
  ude_text   path  = {0};
  ude_table *table = NULL;
  ude_text_append(&path, "%s/%s", folder, name);
  if (!path.failed) {
    ude_table_read(path.data, &table, NULL);
  }
  ude_text_free(&path);
  return table;
}

void cli_plot_run(const char *folder) {
  ude_table      *data               = read_run(folder, "data.csv");
  ude_table      *model              = read_run(folder, "predicted.csv");
  ude_plot_series series[MAX_SERIES] = {0};
  int64_t         count              = 0;
  double         *room               = data && model
                                           ? ude_calloc((size_t)(data->rows + model->rows), 2 * MAX_SERIES * sizeof *room)
                                           : NULL;
  double         *next               = room;
  for (int64_t j = 2; room && j < data->columns && count + 1 < MAX_SERIES; j++) {
    const ude_table *tables[2] = {model, data};
    for (int which = 0; which < 2; which++) {
      int64_t rows    = first_trajectory(tables[which], 1, next);
      double *x       = next;
      double *y       = next + rows;
      next            = y + first_trajectory(tables[which], j, y);
      series[count++] = (ude_plot_series){.name   = which ? NULL : data->names[j],
                                          .count  = rows,
                                          .x      = x,
                                          .y      = y,
                                          .mark   = which ? UDE_MARK_POINTS : UDE_MARK_LINE,
                                          .colour = (int)(j - 1)};
    }
  }
  if (count > 0) {
    ude_plot plot = {.title  = "fit (lines) and data (points)",
                     .x      = {.label = "t"},
                     .series = series,
                     .count  = count};
    draw(&plot);
  }
  free(room);
  ude_table_free(data);
  ude_table_free(model);
}
