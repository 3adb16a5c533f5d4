/* Data sets from tables of measurements. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ude/fit.h>

void ude_dataset_free(ude_dataset *dataset) {
  if (!dataset) {
    return;
  }
  for (int64_t j = 0; dataset->names && j < dataset->columns; j++) {
    free(dataset->names[j]);
  }
  for (int64_t k = 0; k < dataset->trajectories; k++) {
    free(dataset->trajectory[k].t);
    free(dataset->trajectory[k].values);
  }
  free(dataset->names);
  free(dataset->target);
  free(dataset->trajectory);
  free(dataset);
}

/** One table and which of its columns are what. */
typedef struct source {
  const ude_table *table;
  const char      *name;
  int64_t          time, trajectory;
  int64_t         *column; /**< [dataset columns] column of the table */
} source;

static const ude_layout *layout_of(const ude_vector_field *field, const char **what) {
  bool observed = field->observe.value != NULL;
  *what         = observed ? "observation" : "state";
  return observed ? &field->observation : &field->state;
}

static int64_t line_of(const ude_table *table, int64_t row) {
  return table->lines ? table->lines[row] : row + 2;
}

static void list_names(const ude_layout *layout, const char *fallback, char *buffer, size_t size) {
  size_t used = 0;
  buffer[0]   = '\0';
  for (int64_t i = 0; i < layout->count && used + 64 < size; i++) {
    char name[200];
    ude_layout_name(layout, i, fallback, name, sizeof name);
    int length = snprintf(buffer + used, size - used, "%s%s", i ? ", " : "", name);
    used += length > 0 ? (size_t)length : 0;
  }
}

static ude_status find_columns(source *from, const ude_dataset_options *options, ude_error *error) {
  const ude_table *table = from->table;
  from->time = ude_table_column(table, options->time_column ? options->time_column : "t");
  if (from->time < 0 && !options->time_column) {
    from->time = ude_table_column(table, "time");
  }
  if (from->time < 0) {
    return ude_fail(error, UDE_BAD_DATA, "%s: there is no time column '%s'", from->name,
                    options->time_column ? options->time_column : "t");
  }
  from->trajectory = ude_table_column(
      table, options->trajectory_column ? options->trajectory_column : "trajectory");
  if (from->trajectory < 0 && options->trajectory_column) {
    return ude_fail(error, UDE_BAD_DATA, "%s: there is no column '%s'", from->name,
                    options->trajectory_column);
  }
  return UDE_OK;
}

/* The first table says which columns there are; later ones must have the same. */
static ude_status name_columns(ude_dataset *data, const source *from, const ude_vector_field *field,
                               ude_error *error) {
  const char       *what   = NULL;
  const ude_layout *layout = layout_of(field, &what);
  const char       *letter = field->observe.value ? "y" : "u";
  int64_t           limit  = from->table->columns;
  data->observed           = field->observe.value != NULL;
  data->names              = ude_calloc((size_t)limit, sizeof *data->names);
  data->target             = ude_calloc((size_t)limit, sizeof *data->target);
  if (!data->names || !data->target) {
    return ude_fail_memory(error, "the data set");
  }
  for (int64_t j = 0; j < limit; j++) {
    if (j == from->time || j == from->trajectory) {
      continue;
    }
    int64_t target = ude_layout_find(layout, from->table->names[j], letter);
    if (target < 0) {
      char names[400];
      list_names(layout, letter, names, sizeof names);
      return ude_fail(error, UDE_BAD_DATA,
                      "%s: column '%s' is no member of struct %s of the model; its members are: %s",
                      from->name, from->table->names[j], what, names);
    }
    data->target[data->columns] = target;
    data->names[data->columns]  = strdup(from->table->names[j]);
    if (!data->names[data->columns++]) {
      return ude_fail_memory(error, "the data set");
    }
  }
  return data->columns > 0
             ? UDE_OK
             : ude_fail(error, UDE_BAD_DATA, "%s: there is no column beside the time", from->name);
}

static ude_status match_columns(const ude_dataset *data, source *from, ude_error *error) {
  from->column = ude_calloc((size_t)data->columns, sizeof *from->column);
  if (!from->column) {
    return ude_fail_memory(error, "the data set");
  }
  int64_t others = from->table->columns - 1 - (from->trajectory >= 0);
  for (int64_t j = 0; j < data->columns; j++) {
    from->column[j] = ude_table_column(from->table, data->names[j]);
    if (from->column[j] < 0 || others != data->columns) {
      return ude_fail(error, UDE_BAD_DATA, "%s: all data files must have the same columns%s%s",
                      from->name, from->column[j] < 0 ? ", but this one lacks " : "",
                      from->column[j] < 0 ? data->names[j] : "");
    }
  }
  return UDE_OK;
}

static ude_status add_rows(ude_dataset *data, const source *from, int64_t first, int64_t last,
                           ude_error *error) {
  const ude_table *table = from->table;
  ude_trajectory  *grown =
      ude_realloc(data->trajectory, (size_t)data->trajectories + 1, sizeof *grown);
  if (!grown) {
    return ude_fail_memory(error, "the data set");
  }
  data->trajectory   = grown;
  ude_trajectory *to = &grown[data->trajectories];
  int64_t         n  = last - first;
  *to                = (ude_trajectory){.count  = n,
                                        .t      = ude_calloc((size_t)n, sizeof *to->t),
                                        .values = ude_calloc((size_t)n, (size_t)data->columns * sizeof(double))};
  data->trajectories++;
  if (!to->t || !to->values) {
    return ude_fail_memory(error, "the data set");
  }
  to->name = from->trajectory >= 0 ? table->values[first * table->columns + from->trajectory]
                                   : (double)(data->trajectories - 1);
  for (int64_t i = 0; i < n; i++) {
    const double *row = table->values + (first + i) * table->columns;
    to->t[i]          = row[from->time];
    if (!isfinite(to->t[i])) {
      return ude_fail(error, UDE_BAD_DATA, "%s:%lld: the time is %s", from->name,
                      (long long)line_of(table, first + i),
                      isnan(to->t[i]) ? "missing" : "not finite");
    }
    if (i > 0 && to->t[i] <= to->t[i - 1]) {
      return ude_fail(error, UDE_BAD_DATA,
                      "%s:%lld: times must increase within a trajectory, but %.17g follows %.17g",
                      from->name, (long long)line_of(table, first + i), to->t[i], to->t[i - 1]);
    }
    for (int64_t j = 0; j < data->columns; j++) {
      double value                      = row[from->column[j]];
      to->values[i * data->columns + j] = value;
      data->cells += !isnan(value);
      if (isinf(value)) {
        return ude_fail(error, UDE_BAD_DATA, "%s:%lld: column '%s' is not finite", from->name,
                        (long long)line_of(table, first + i), data->names[j]);
      }
    }
  }
  return UDE_OK;
}

/* Runs of equal values in the trajectory column; a value that comes back later is an error. */
static ude_status add_table(ude_dataset *data, const source *from, ude_error *error) {
  const ude_table *table  = from->table;
  int64_t          before = data->trajectories;
  for (int64_t first = 0, last = 0; first < table->rows; first = last) {
    last = first + 1;
    if (from->trajectory < 0) {
      last = table->rows;
    } else {
      double key = table->values[first * table->columns + from->trajectory];
      if (isnan(key)) {
        return ude_fail(error, UDE_BAD_DATA, "%s:%lld: the trajectory is missing", from->name,
                        (long long)line_of(table, first));
      }
      for (int64_t k = before; k < data->trajectories; k++) {
        if (data->trajectory[k].name == key) {
          return ude_fail(error, UDE_BAD_DATA,
                          "%s:%lld: trajectory %g comes back: its rows must stand together",
                          from->name, (long long)line_of(table, first), key);
        }
      }
      while (last < table->rows && table->values[last * table->columns + from->trajectory] == key) {
        last++;
      }
    }
    ude_status status = add_rows(data, from, first, last, error);
    if (status) {
      return status;
    }
  }
  return UDE_OK;
}

/* Names of trajectories tell them apart: where two files use the same, all are counted through. */
static void name_trajectories(ude_dataset *data) {
  bool clash = false;
  for (int64_t k = 0; k < data->trajectories; k++) {
    for (int64_t l = 0; l < k; l++) {
      clash = clash || data->trajectory[l].name == data->trajectory[k].name;
    }
  }
  for (int64_t k = 0; clash && k < data->trajectories; k++) {
    data->trajectory[k].name = (double)k;
  }
}

ude_status ude_dataset_from_tables(const ude_table *const *tables, const char *const *names,
                                   int64_t count, const ude_vector_field *field,
                                   const ude_dataset_options *options, ude_dataset **dataset,
                                   ude_error *error) {
  static const ude_dataset_options none = {0};
  options                               = options ? options : &none;
  *dataset                              = NULL;
  if (count < 1) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "a data set needs at least one table");
  }
  ude_dataset *made   = ude_calloc(1, sizeof *made);
  ude_status   status = made ? UDE_OK : ude_fail_memory(error, "the data set");
  for (int64_t i = 0; i < count && status == UDE_OK; i++) {
    source from = {.table = tables[i], .name = names[i]};
    status      = find_columns(&from, options, error);
    if (status == UDE_OK && i == 0) {
      status = name_columns(made, &from, field, error);
    }
    status = status ? status : match_columns(made, &from, error);
    status = status ? status : add_table(made, &from, error);
    free(from.column);
  }
  if (status == UDE_OK && made->cells == 0) {
    status = ude_fail(error, UDE_BAD_DATA, "%s: every cell is missing", names[0]);
  }
  if (status) {
    ude_dataset_free(made);
    return status;
  }
  name_trajectories(made);
  *dataset = made;
  return UDE_OK;
}

ude_status ude_dataset_read(const char *const *paths, int64_t count, const ude_vector_field *field,
                            const ude_dataset_options *options, ude_dataset **dataset,
                            ude_error *error) {
  *dataset           = NULL;
  ude_table **tables = ude_calloc((size_t)count, sizeof(ude_table *));
  ude_status  status = tables ? UDE_OK : ude_fail_memory(error, "the data set");
  for (int64_t i = 0; i < count && status == UDE_OK; i++) {
    status = ude_table_read(paths[i], &tables[i], error);
  }
  if (status == UDE_OK) {
    status = ude_dataset_from_tables((const ude_table *const *)tables, paths, count, field, options,
                                     dataset, error);
  }
  for (int64_t i = 0; tables && i < count; i++) {
    ude_table_free(tables[i]);
  }
  free(tables);
  return status;
}

void ude_dataset_deviations(const ude_dataset *dataset, const ude_vector_field *field,
                            double *deviations) {
  const ude_layout *layout = dataset->observed ? &field->observation : &field->state;
  for (int64_t j = 0; j < dataset->columns; j++) {
    const ude_member *member = ude_layout_member(layout, dataset->target[j]);
    double            sum    = 0;
    double            mean   = 0;
    int64_t           count  = 0;
    for (int64_t k = 0; k < dataset->trajectories; k++) {
      const ude_trajectory *trajectory = &dataset->trajectory[k];
      for (int64_t i = 0; i < trajectory->count; i++) {
        double value = trajectory->values[i * dataset->columns + j];
        value        = member && member->relative ? log(value) : value;
        if (isfinite(value)) { /* Welford's running mean */
          double off = value - mean;
          mean += off / (double)++count;
          sum += off * (value - mean);
        }
      }
    }
    deviations[j] = count > 1 && sum > 0 ? sqrt(sum / (double)(count - 1)) : 1;
  }
}
