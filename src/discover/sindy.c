/* Equations from measurements alone: derivatives, sparse regression, refit through the equation. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/task.h"

/* Rows at either end of a trajectory where a smoothing spline's slope is not trusted, and the length from which on
 * they can be spared. */
enum { SPLINE_MARGIN = 2, SPLINE_LONG = 16 };

/* A table's columns by what they mean. */
typedef struct reading {
  const ude_table         *table;
  const ude_sindy_options *options;
  int64_t                  t, trajectory; /* columns; trajectory -1: one */
  int64_t                  states;
  int64_t                 *state;      /* [states] columns */
  int64_t                 *derivative; /* [states] columns, -1: none */
  const char             **names;      /* [states] */
  double                  *first;      /* [states] the first row */
  ude_derivative           method;
  ude_error               *error;
} reading;

static void reading_free(reading *r) {
  free(r->state);
  free(r->derivative);
  free(r->names);
  free(r->first);
}

/* ------------------------------------------------------------------------------------ columns -- */

static bool is_keyword(const char *name) {
  static const char words[] =
      " auto break case char const continue default do double else enum extern float for goto if "
      "inline int long register restrict return short signed sizeof static struct switch typedef "
      "union unsigned void volatile while ";
  char   padded[24];
  size_t length = strlen(name);
  if (length + 3 > sizeof padded) {
    return false;
  }
  padded[0] = ' ';
  memcpy(padded + 1, name, length);
  memcpy(padded + 1 + length, " ", 2);
  return strstr(words, padded) != NULL;
}

/* States become members of a C struct. */
static bool is_c_name(const char *name) {
  bool good = isalpha((unsigned char)name[0]) || name[0] == '_';
  for (const char *c = name; *c; c++) {
    good = good && (isalnum((unsigned char)*c) || *c == '_');
  }
  return good && !is_keyword(name);
}

static bool is_derivative(const char *name) {
  size_t length = strlen(name);
  bool   call   = length > 3 && strncmp(name, "d(", 2) == 0 && name[length - 1] == ')';
  bool   ratio  = length > 4 && name[0] == 'd' && strcmp(name + length - 3, "/dt") == 0;
  return call || ratio;
}

static int64_t derivative_column(const ude_table *table, const char *state) {
  size_t length = strlen(state);
  for (int64_t j = 0; j < table->columns; j++) {
    const char *name = table->names[j];
    if (!is_derivative(name)) {
      continue;
    }
    bool call = strncmp(name, "d(", 2) == 0 && strlen(name) == length + 3 &&
                strncmp(name + 2, state, length) == 0;
    bool ratio = strlen(name) == length + 4 && strncmp(name + 1, state, length) == 0;
    if (call || ratio) {
      return j;
    }
  }
  return -1;
}

static ude_status add_state(reading *r, int64_t column) {
  const char *name = r->table->names[column];
  if (!is_c_name(name)) {
    return ude_fail(
        r->error, UDE_BAD_DATA,
        "column '%s' cannot be the name of a state in C: rename it, or list the columns "
        "that are states",
        name);
  }
  r->names[r->states]      = name;
  r->state[r->states]      = column;
  r->derivative[r->states] = derivative_column(r->table, name);
  r->states++;
  return UDE_OK;
}

static ude_status find_states(reading *r) {
  const ude_sindy_options *options = r->options;
  const ude_table         *table   = r->table;
  ude_status               status  = UDE_OK;
  for (int64_t i = 0; options->states && i < options->state_count && !status; i++) {
    int64_t column = ude_table_column(table, options->states[i]);
    bool    state  = column >= 0 && column != r->t && column != r->trajectory;
    status         = state ? add_state(r, column)
                           : ude_fail(r->error, UDE_BAD_DATA, "there is no column '%s' of a state",
                                      options->states[i]);
  }
  for (int64_t j = 0; !options->states && j < table->columns && !status; j++) {
    if (j != r->t && j != r->trajectory && !is_derivative(table->names[j])) {
      status = add_state(r, j);
    }
  }
  if (!status && r->states == 0) {
    return ude_fail(r->error, UDE_BAD_DATA, "the table has no column of a state");
  }
  return status;
}

static ude_status choose_method(reading *r) {
  r->method = r->options->derivative;
  if (r->options->weak > 0) { /* integrals of the values as they were measured */
    r->method = UDE_DERIVATIVES_FINITE;
    return UDE_OK;
  }
  const char *blank = NULL;
  for (int64_t i = 0; i < r->states; i++) {
    blank = r->derivative[i] < 0 && !blank ? r->names[i] : blank;
  }
  if (r->method == UDE_DERIVATIVES_AUTO) {
    r->method = blank ? UDE_DERIVATIVES_SPLINE : UDE_DERIVATIVES_GIVEN;
  }
  if (r->method == UDE_DERIVATIVES_GIVEN && blank) {
    return ude_fail(r->error, UDE_BAD_DATA,
                    "the derivative of '%s' is not given: there is no column 'd(%s)' or 'd%s/dt'",
                    blank, blank, blank);
  }
  return UDE_OK;
}

static ude_status read_columns(reading *r) {
  const ude_table *table = r->table;
  size_t           most  = (size_t)table->columns;
  r->t                   = ude_table_column(table, "t");
  r->t                   = r->t >= 0 ? r->t : ude_table_column(table, "time");
  r->trajectory          = ude_table_column(table, "trajectory");
  r->state               = ude_calloc(most, sizeof *r->state);
  r->derivative          = ude_calloc(most, sizeof *r->derivative);
  r->names               = ude_calloc(most, sizeof *r->names);
  r->first               = ude_calloc(most, sizeof *r->first);
  if (!r->state || !r->derivative || !r->names || !r->first) {
    return ude_fail_memory(r->error, "the columns");
  }
  if (r->t < 0) {
    return ude_fail(r->error, UDE_BAD_DATA, "the table has no column 't' or 'time'");
  }
  if (table->rows == 0) {
    return ude_fail(r->error, UDE_BAD_DATA, "the table has no rows");
  }
  ude_status status = find_states(r);
  return status ? status : choose_method(r);
}

static double cell(const reading *r, int64_t row, int64_t column) {
  return r->table->values[row * r->table->columns + column];
}

/* Row behind the trajectory that starts at `row`. */
static int64_t trajectory_end(const reading *r, int64_t row) {
  int64_t end = row + 1;
  while (end < r->table->rows &&
         (r->trajectory < 0 || cell(r, end, r->trajectory) == cell(r, row, r->trajectory))) {
    end++;
  }
  return end;
}

/* ------------------------------------------------------------------------------------ samples -- */

/* Smoothed values and slopes of state i on rows first..end-1; NaN where the cell is missing. */
static ude_status differentiate(const reading *r, int64_t i, int64_t first, int64_t end,
                                double *value, double *slope) {
  int64_t    count  = 0;
  size_t     rows   = (size_t)(end - first);
  double    *work   = ude_calloc(rows, 4 * sizeof *work);
  double    *t      = work;
  double    *y      = work + rows;
  double    *v      = work + 2 * rows;
  double    *d      = work + 3 * rows;
  ude_status status = work ? UDE_OK : ude_fail_memory(r->error, "derivatives");
  for (int64_t row = first; row < end && !status; row++) {
    if (!isnan(cell(r, row, r->state[i]))) {
      t[count]   = cell(r, row, r->t);
      y[count++] = cell(r, row, r->state[i]);
    }
  }
  if (!status && r->method != UDE_DERIVATIVES_GIVEN) {
    status = ude_differentiate(r->method, r->options->window, count, t, y, v, d, r->error);
    if (status == UDE_INVALID_ARGUMENT) {
      status =
          ude_error_prefix(r->error, UDE_BAD_DATA, "column '%s', rows %lld to %lld: ", r->names[i],
                           (long long)first + 1, (long long)end);
    }
  }
  int64_t k = 0;
  for (int64_t row = first; row < end && !status; row++) {
    bool missing = isnan(cell(r, row, r->state[i]));
    bool given   = r->method == UDE_DERIVATIVES_GIVEN;
    value[row]   = given ? cell(r, row, r->state[i]) : missing ? (double)NAN : v[k];
    slope[row]   = given ? cell(r, row, r->derivative[i]) : missing ? (double)NAN : d[k];
    k += !missing;
  }
  free(work);
  return status;
}

static bool trusted(const reading *r, int64_t row, int64_t first, int64_t end) {
  return r->method != UDE_DERIVATIVES_SPLINE || end - first < SPLINE_LONG ||
         (row >= first + SPLINE_MARGIN && row < end - SPLINE_MARGIN);
}

static ude_status name_samples(const reading *r, ude_samples *s) {
  s->name        = "rhs";
  s->inputs      = r->states + r->options->with_time;
  s->outputs     = r->states;
  size_t rows    = (size_t)r->table->rows;
  s->input_names = ude_calloc((size_t)s->inputs, sizeof *s->input_names);
  s->shown_names = ude_calloc((size_t)s->inputs, sizeof *s->shown_names);
  s->trajectory  = ude_calloc(rows, sizeof *s->trajectory);
  s->t           = ude_calloc(rows, sizeof *s->t);
  s->in          = ude_calloc(rows, (size_t)s->inputs * sizeof *s->in);
  s->out         = ude_calloc(rows, (size_t)s->outputs * sizeof *s->out);
  bool failed = !s->input_names || !s->shown_names || !s->trajectory || !s->t || !s->in || !s->out;
  for (int64_t i = 0; i < s->inputs && !failed; i++) {
    s->input_names[i] = strdup(i < r->states ? r->names[i] : "t");
    s->shown_names[i] = strdup(i < r->states ? r->names[i] : "t");
    failed            = !s->input_names[i] || !s->shown_names[i];
  }
  return failed ? ude_fail_memory(r->error, "the samples") : UDE_OK;
}

/* value, slope: double[states][rows]. */
static void fill_rows(const reading *r, int64_t trajectory, int64_t first, int64_t end,
                      const double *value, const double *slope, ude_samples *s) {
  for (int64_t row = first; row < end; row++) {
    bool complete = trusted(r, row, first, end);
    for (int64_t i = 0; i < r->states; i++) {
      int64_t at = i * r->table->rows + row;
      complete   = complete && isfinite(value[at]) && isfinite(slope[at]);
    }
    for (int64_t i = 0; complete && i < s->inputs; i++) {
      s->in[s->rows * s->inputs + i] =
          i < r->states ? value[i * r->table->rows + row] : cell(r, row, r->t);
    }
    for (int64_t i = 0; complete && i < r->states; i++) {
      s->out[s->rows * s->outputs + i] = slope[i * r->table->rows + row];
    }
    if (complete) {
      s->t[s->rows]          = cell(r, row, r->t);
      s->trajectory[s->rows] = trajectory;
      s->rows++;
    }
  }
}

static ude_status sample_table(const reading *r, ude_samples *s) {
  size_t     cells  = (size_t)(r->table->rows * r->states);
  double    *value  = ude_calloc(cells, sizeof *value);
  double    *slope  = ude_calloc(cells, sizeof *slope);
  ude_status status = value && slope ? name_samples(r, s) : ude_fail_memory(r->error, "samples");
  int64_t    end    = 0;
  for (int64_t first = 0, k = 0; first < r->table->rows && !status; first = end, k++) {
    end = trajectory_end(r, first);
    for (int64_t i = 0; i < r->states && !status; i++) {
      status =
          differentiate(r, i, first, end, value + i * r->table->rows, slope + i * r->table->rows);
    }
    if (!status) {
      fill_rows(r, k, first, end, value, slope, s);
    }
  }
  if (!status && s->rows == 0) {
    status = ude_fail(r->error, UDE_BAD_DATA, "no row has all states and their derivatives");
  }
  for (int64_t i = 0; i < r->states && !status; i++) {
    double start = cell(r, 0, r->state[i]);
    r->first[i]  = isnan(start) ? s->in[i] : start;
  }
  free(value);
  free(slope);
  return status;
}

/* --------------------------------------------------------------------------------------- data -- */

/* The measurements for the refit: a stretch of `segment` rows is a trajectory of its own. */
static ude_status make_data(const reading *r, const ude_vector_field *field, ude_dataset **data) {
  ude_table   *table  = NULL;
  const char **names  = ude_calloc((size_t)r->states + 2, sizeof *names);
  ude_status   status = names ? UDE_OK : ude_fail_memory(r->error, "the data");
  if (!status) {
    names[0] = "trajectory";
    names[1] = "t";
    memcpy(names + 2, r->names, (size_t)r->states * sizeof *names);
    status = ude_table_create(r->table->rows, r->states + 2, names, &table, r->error);
  }
  double  stretch = -1;
  int64_t segment = r->options->segment;
  int64_t first   = 0;
  int64_t end     = 0; /* of the trajectory that began at `first` */
  for (int64_t row = 0; row < r->table->rows && !status; row++) {
    if (row == end) {
      first = row;
      end   = trajectory_end(r, first);
    }
    /* a single row at the end is no stretch of its own */
    stretch += row == first || (segment > 1 && (row - first) % segment == 0 && end - row > 1);
    double *to = table->values + row * table->columns;
    to[0]      = stretch;
    to[1]      = cell(r, row, r->t);
    for (int64_t i = 0; i < r->states; i++) {
      to[2 + i] = cell(r, row, r->state[i]);
    }
  }
  if (!status) {
    const ude_table *const tables[]  = {table};
    const char *const      sources[] = {"the table"};
    status = ude_dataset_from_tables(tables, sources, 1, field, NULL, data, r->error);
  }
  ude_table_free(table);
  free(names);
  return status;
}

static ude_status refit(task *t, const reading *r, ude_dataset **data) {
  ude_status status = task_library_model(t);
  status            = status ? status : make_data(r, t->select.field, data);
  if (status) {
    return status;
  }
  t->select.data        = *data;
  t->select.fit.solve   = r->options->solve;
  t->select.fit.initial = t->options.keep_initial ? UDE_INITIAL_DATA : UDE_INITIAL_TRAINED;
  status                = task_choose(t);
  return status ? status : task_result(t);
}

ude_status ude_sindy(const ude_table *table, ude_rebuild_fn rebuild, void *rebuild_context,
                     const ude_sindy_options *options, ude_discovery **discovery,
                     ude_error *error) {
  const ude_sindy_options none = {0};
  ude_error               own;
  ude_error              *to = error ? error : &own;
  *discovery                 = NULL;
  if (!table || (options && options->segment < 0)) {
    return ude_fail(to, UDE_INVALID_ARGUMENT,
                    "sindy needs a table, and segments of a positive number of rows");
  }
  if (options && options->weak != 0 && (options->weak < 2 || !options->sparse)) {
    return ude_fail(to, UDE_INVALID_ARGUMENT,
                    "the weak form needs options of its sparse regression and a half width of at "
                    "least 2 rows");
  }
  reading    r      = {.table = table, .options = options ? options : &none, .error = to};
  task       t      = {.rebuild         = rebuild,
                       .rebuild_context = rebuild_context,
                       .sparse          = r.options->sparse,
                       .weak            = r.options->weak,
                       .found           = discovery_create(),
                       .error           = to};
  ude_status status = t.found ? read_columns(&r) : ude_fail_memory(to, "a discovery");
  if (!status) {
    t.found->samples      = ude_calloc(1, sizeof *t.found->samples);
    t.found->sample_count = t.found->samples ? 1 : 0;
    status = t.found->samples ? sample_table(&r, t.found->samples) : ude_fail_memory(to, "samples");
  }
  model_source source = {
      .states = r.states, .names = r.names, .u0 = r.first, .with_time = r.options->with_time};
  if (!status) {
    source.tspan[0] = cell(&r, 0, r.t);
    source.tspan[1] = cell(&r, trajectory_end(&r, 0) - 1, r.t);
    t.source        = &source;
    task_defaults(&t, &r.options->discover);
    status = task_propose(&t);
  }
  if (!status) {
    status = rebuild && !r.options->no_refit && !t.sparse ? refit(&t, &r, &t.found->data)
                                                          : task_result_regression(&t);
  }
  bool stopped = t.select.stopped;
  if (t.found) {
    task_close(&t);
  }
  reading_free(&r);
  if (status) {
    ude_discovery_free(t.found);
    return status;
  }
  *discovery = t.found;
  return stopped ? ude_fail(error, UDE_INTERRUPTED,
                            "the search was stopped: the best structure so far is kept")
                 : UDE_OK;
}
