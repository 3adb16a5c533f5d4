/* What a fit leaves for people and other programs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fit/files.h"

enum { FINE = 400 };

ude_status ude_run_table(const ude_table *table, const char *folder, const char *name,
                         ude_error *error) {
  ude_text path = {0};
  ude_run_path(&path, folder, name);
  ude_status status =
      path.failed ? ude_fail_memory(error, name) : ude_table_write(table, path.data, error);
  ude_text_free(&path);
  return status;
}

/* A table with the columns trajectory, t and then those of a data set or of the states. */
static ude_status make_table(int64_t rows, int64_t columns, char *const *names, ude_table **table,
                             ude_error *error) {
  const char **all = ude_calloc((size_t)columns + 2, sizeof *all);
  if (!all) {
    return ude_fail_memory(error, "a table");
  }
  all[0] = "trajectory";
  all[1] = "t";
  for (int64_t j = 0; j < columns; j++) {
    all[j + 2] = names[j];
  }
  ude_status status = ude_table_create(rows, columns + 2, all, table, error);
  free(all);
  return status;
}

static int64_t total_rows(const ude_dataset *data) {
  int64_t rows = 0;
  for (int64_t k = 0; k < data->trajectories; k++) {
    rows += data->trajectory[k].count;
  }
  return rows;
}

/* data.csv and predicted.csv: the same shape. */
static ude_status write_data(ude_loss *loss, const double *theta, const char *folder,
                             ude_error *error) {
  const ude_dataset *data      = loss->data;
  ude_table         *measured  = NULL;
  ude_table         *predicted = NULL;
  int64_t            n         = loss->field->state.count;
  ude_status status = make_table(total_rows(data), data->columns, data->names, &measured, error);
  status =
      status ? status : make_table(total_rows(data), data->columns, data->names, &predicted, error);
  int64_t row = 0;
  for (int64_t k = 0; k < data->trajectories && status == UDE_OK; k++) {
    const ude_trajectory *trajectory = &data->trajectory[k];
    double               *u_at = ude_calloc((size_t)trajectory->count, (size_t)n * sizeof *u_at);
    status = u_at ? ude_loss_solve(loss, theta, k, trajectory->t, trajectory->count, u_at, error)
                  : ude_fail_memory(error, "predictions");
    for (int64_t i = 0; i < trajectory->count && status == UDE_OK; i++, row++) {
      double *to   = measured->values + row * measured->columns;
      double *also = predicted->values + row * predicted->columns;
      to[0] = also[0] = trajectory->name;
      to[1] = also[1] = trajectory->t[i];
      memcpy(to + 2, trajectory->values + i * data->columns,
             (size_t)data->columns * sizeof(double));
      if (ude_loss_observe(loss, u_at + i * n, trajectory->t[i])) {
        status = ude_fail(error, UDE_NUMERICAL, "observe failed at t = %.8g", trajectory->t[i]);
      }
      for (int64_t j = 0; j < data->columns; j++) {
        also[2 + j] = loss->y[data->target[j]];
      }
    }
    free(u_at);
  }
  status = status ? status : ude_run_table(measured, folder, "data.csv", error);
  status = status ? status : ude_run_table(predicted, folder, "predicted.csv", error);
  ude_table_free(measured);
  ude_table_free(predicted);
  return status;
}

/* Names of all scalars of the state. */
static char **state_names(const ude_vector_field *field) {
  char **names = ude_calloc((size_t)field->state.count, sizeof *names);
  for (int64_t i = 0; names && i < field->state.count; i++) {
    char name[512];
    names[i] = strdup(ude_layout_name(&field->state, i, "u", name, sizeof name));
  }
  return names;
}

static ude_status write_trajectory(ude_loss *loss, const double *theta, const char *folder,
                                   ude_error *error) {
  const ude_dataset *data  = loss->data;
  int64_t            n     = loss->field->state.count;
  ude_table         *table = NULL;
  char             **names = state_names(loss->field);
  double            *times = ude_calloc(FINE + 1, sizeof *times);
  double            *u_at  = ude_calloc(FINE + 1, (size_t)n * sizeof *u_at);
  bool               named = names != NULL;
  for (int64_t i = 0; named && i < n; i++) {
    named = names[i] != NULL;
  }
  ude_status status = named && times && u_at ? UDE_OK : ude_fail_memory(error, "trajectory.csv");
  status = status ? status : make_table(data->trajectories * (FINE + 1), n, names, &table, error);
  for (int64_t k = 0; k < data->trajectories && status == UDE_OK; k++) {
    const ude_trajectory *trajectory = &data->trajectory[k];
    double                t0         = trajectory->t[0];
    double                t1         = trajectory->t[trajectory->count - 1];
    for (int64_t i = 0; i <= FINE; i++) {
      times[i] = i == FINE ? t1 : t0 + (t1 - t0) * (double)i / (double)FINE;
    }
    status = ude_loss_solve(loss, theta, k, times, FINE + 1, u_at, error);
    for (int64_t i = 0; i <= FINE && status == UDE_OK; i++) {
      double *row = table->values + (k * (FINE + 1) + i) * table->columns;
      row[0]      = trajectory->name;
      row[1]      = times[i];
      memcpy(row + 2, u_at + i * n, (size_t)n * sizeof *row);
    }
  }
  status = status ? status : ude_run_table(table, folder, "trajectory.csv", error);
  for (int64_t i = 0; names && i < n; i++) {
    free(names[i]);
  }
  free(names);
  free(times);
  free(u_at);
  ude_table_free(table);
  return status;
}

/* ------------------------------------------------------------------------------------- run -- */

static ude_status write_settings(const char *folder, const char *json, ude_error *error) {
  ude_text path = {0};
  ude_run_path(&path, folder, "settings.json");
  ude_status status = path.failed ? ude_fail_memory(error, "settings.json")
                                  : ude_file_write(path.data, json, strlen(json), error);
  ude_text_free(&path);
  return status;
}

/* Everything that the loss knows at its own start. */
static ude_status write_all(ude_loss *loss, const char *folder, const double *p, double value,
                            const char *status_text, ude_error *error) {
  double *u0 =
      ude_calloc((size_t)loss->data->trajectories, (size_t)loss->field->state.count * sizeof *u0);
  if (!u0) {
    return ude_fail_memory(error, "params.json");
  }
  ude_status status = ude_loss_starts(loss, loss->theta0, u0, error);
  status = status ? status : ude_params_write(folder, loss, p, u0, value, status_text, error);
  free(u0);
  if (status == UDE_OK && loss->options.settings_json) {
    status = write_settings(folder, loss->options.settings_json, error);
  }
  status = status ? status : write_data(loss, loss->theta0, folder, error);
  status = status ? status : write_trajectory(loss, loss->theta0, folder, error);
  return status ? status : ude_learned_write(loss, loss->theta0, folder, error);
}

ude_status ude_run_write(const char *folder, const ude_vector_field *field, const ude_dataset *data,
                         const ude_fit_options *options, const double *p, double loss_value,
                         const char *status_text, ude_error *error) {
  ude_fit_options single = options ? *options : (ude_fit_options){0};
  ude_loss       *loss   = NULL;
  ude_status      status = ude_folder_make(folder, error);
  bool           *none   = status ? NULL : ude_calloc((size_t)field->param.count, sizeof *none);
  if (!none) {
    return status ? status : ude_fail_memory(error, "the run folder");
  }
  single.segment    = 0;    /* the fitted model is one solution */
  single.free       = none; /* p as it is, not mapped into ranges and back */
  single.solve.stop = NULL; /* a stopped fit leaves a complete folder */
  status            = ude_loss_create(field, data, &single, p, &loss, error);
  status            = status ? status : write_all(loss, folder, p, loss_value, status_text, error);
  ude_loss_free(loss);
  free(none);
  return status;
}
