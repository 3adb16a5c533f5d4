/* A run as one picture. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ude/report.h>

#include "report/run.h"

/** One curve; owned. */
typedef struct curve {
  char         *name;
  double       *x, *y;
  int64_t       count;
  ude_plot_mark mark;
  int           colour;
} curve;

typedef struct picture {
  curve  *curves;
  int64_t count;
} picture;

static void picture_free(picture *p) {
  for (int64_t i = 0; i < p->count; i++) {
    free(p->curves[i].name);
    free(p->curves[i].x);
    free(p->curves[i].y);
  }
  free(p->curves);
  *p = (picture){0};
}

/* Column j of the first trajectory of a table against its time. */
static ude_status add(picture *p, const ude_table *table, int64_t j, int64_t time, const char *note,
                      ude_plot_mark mark, int colour, ude_error *error) {
  curve *grown = ude_realloc(p->curves, (size_t)p->count + 1, sizeof *grown);
  if (!grown) {
    return ude_fail_memory(error, "the picture");
  }
  ude_text name = {0};
  ude_text_append(&name, "%s%s", table->names[j], note);
  curve *c  = &grown[p->count++];
  p->curves = grown;
  *c        = (curve){.name   = name.data,
                      .x      = ude_calloc((size_t)table->rows, sizeof(double)),
                      .y      = ude_calloc((size_t)table->rows, sizeof(double)),
                      .mark   = mark,
                      .colour = colour};
  if (!c->x || !c->y || name.failed) {
    return ude_fail_memory(error, "the picture");
  }
  for (int64_t i = 0;
       i < table->rows && ude_run_trajectory(table, i) == ude_run_trajectory(table, 0); i++) {
    c->x[c->count]   = table->values[i * table->columns + time];
    c->y[c->count++] = table->values[i * table->columns + j];
  }
  return UDE_OK;
}

/* All quantities of a table that `of` has too (NULL: all); colours are the places in `of`. */
static ude_status add_all(picture *p, const ude_table *table, const ude_table *of, const char *note,
                          ude_plot_mark mark, int shift, ude_error *error) {
  int64_t time = ude_table_column(table, "t");
  time         = time >= 0 ? time : ude_table_column(table, "time");
  if (time < 0) {
    return ude_fail(error, UDE_BAD_DATA, "a table of the picture has no time column 't'");
  }
  int        colour = 0;
  ude_status status = UDE_OK;
  of                = of ? of : table;
  for (int64_t k = 0; k < of->columns && status == UDE_OK; k++) {
    bool quantity = ude_run_is_quantity(of->names[k]);
    colour += quantity;
    int64_t j = quantity ? ude_table_column(table, of->names[k]) : -1;
    if (j >= 0) {
      status = add(p, table, j, time, note, mark, colour + shift, error);
    }
  }
  return status;
}

/* How many quantities of a table `of` has too. */
static int quantities(const ude_table *table, const ude_table *of) {
  int count = 0;
  for (int64_t k = 0; k < table->columns; k++) {
    count += ude_run_is_quantity(table->names[k]) && ude_table_column(of, table->names[k]) >= 0;
  }
  return count;
}

static ude_status fill(picture *p, const ude_run *run, const ude_table *more, const char *folder,
                       ude_error *error) {
  const ude_table *future = run->tables[RUN_EXTRAPOLATION];
  const ude_table *fitted = run->tables[RUN_TRAJECTORY];
  const ude_table *data   = run->tables[RUN_DATA];
  /* What was measured; states that were not may be of quite another size. */
  const ude_table *of = fitted && (!data || quantities(data, fitted) == 0) ? fitted : data;
  if (!of) {
    return ude_fail(error, UDE_BAD_DATA,
                    "%s: has neither trajectory.csv nor data.csv: there is nothing to draw",
                    folder);
  }
  ude_status status = UDE_OK;
  if (fitted) {
    status = add_all(p, fitted, of, ", fitted", future ? UDE_MARK_DASHED : UDE_MARK_LINE, 0, error);
  }
  if (future && status == UDE_OK) {
    status = add_all(p, future, of, ", recovered equation", UDE_MARK_LINE, 0, error);
  }
  if (more && status == UDE_OK) {
    status = add_all(p, more, of, ", measured", UDE_MARK_POINTS, quantities(of, of), error);
  }
  if (data && status == UDE_OK) {
    status =
        add_all(p, data, of, more ? ", used for the fit" : ", measured", UDE_MARK_POINTS, 0, error);
  }
  return status;
}

static ude_status draw(const picture *p, const ude_plot_svg_options *options, ude_text *svg,
                       ude_error *error) {
  ude_plot_series *series = ude_calloc((size_t)p->count, sizeof *series);
  if (!series) {
    return ude_fail_memory(error, "the picture");
  }
  for (int64_t i = 0; i < p->count; i++) {
    const curve *c = &p->curves[i];
    series[i]      = (ude_plot_series){.name   = c->name,
                                       .count  = c->count,
                                       .x      = c->x,
                                       .y      = c->y,
                                       .mark   = c->mark,
                                       .colour = c->colour};
  }
  ude_plot   plot   = {.x = {.label = "t"}, .series = series, .count = p->count};
  ude_status status = ude_plot_svg(&plot, options, svg, error);
  free(series);
  return status;
}

ude_status ude_report_picture(const char *run_folder, const char *measured, const char *output_path,
                              const ude_plot_svg_options *options, ude_error *error) {
  ude_run    run    = {0};
  picture    p      = {0};
  ude_text   svg    = {0};
  ude_table *more   = NULL;
  ude_status status = ude_run_load(run_folder, &run, error);
  if (status) {
    return status;
  }
  status = measured ? ude_table_read(measured, &more, error) : UDE_OK;
  status = status ? status : fill(&p, &run, more, run_folder, error);
  status = status ? status : draw(&p, options, &svg, error);
  status = status ? status : ude_file_write(output_path, svg.data, svg.length, error);
  ude_text_free(&svg);
  picture_free(&p);
  ude_table_free(more);
  ude_run_release(&run);
  return status;
}
