/* Every derived quantity against every other. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensitivity/check.h"
#include "sensitivity/engine.h"

enum { MAPS = 7, LOSS = MAPS - 1, SEEDS = 4, ALL_COLUMNS = 128 };

/** Names of the comparisons of one map; static, as ude_check_row wants them. */
static const struct {
  const char *value, *by_state, *by_param, *by_time, *wide, *transposed;
} names[MAPS] = {
    {"rhs", "rhs jvp (state)", "rhs jvp (param)", "rhs jvp (time)", "rhs jvp, several at once",
     "rhs vjp"},
    {"initial", "initial jvp (state)", "initial jvp (param)", "initial jvp (time)",
     "initial jvp, several at once", "initial vjp"},
    {"observe", "observe jvp (state)", "observe jvp (param)", "observe jvp (time)",
     "observe jvp, several at once", "observe vjp"},
    {"terminal_cost", "terminal_cost jvp (state)", "terminal_cost jvp (param)",
     "terminal_cost jvp (time)", "terminal_cost jvp, several at once", "terminal_cost vjp"},
    {"running_cost", "running_cost jvp (state)", "running_cost jvp (param)",
     "running_cost jvp (time)", "running_cost jvp, several at once", "running_cost vjp"},
    {"penalty", "penalty jvp (state)", "penalty jvp (param)", "penalty jvp (time)",
     "penalty jvp, several at once", "penalty vjp"},
    [LOSS] = {"loss", "loss jvp (sample)", "loss jvp (param)", "loss jvp (time)",
              "loss jvp, several at once", "loss vjp"}};

/* Differences of fourth order with the step below leave about 1e-10 of the derivative's size; a factor for
 * functions with strong curvature. Modes must agree to rounding. */
typedef struct tolerances {
  double epsilon, difference, mode, solve, solve_step;
} tolerances;
static const tolerances of_double = {DBL_EPSILON, 1e-6, 1e-10, 1e-4, 1e-4};
/* Where members are float the functions round to 24 bits. */
static const tolerances of_single = {(double)FLT_EPSILON, 5e-3, 1e-5, 5e-2, 1e-2};

typedef struct checker {
  const ude_vector_field *field;
  const double           *u, *p;
  double                  t;
  tolerances              allowed;
  ude_check_row          *rows;
  int64_t                 count, np;
  double                 *work; /**< several vectors, see carve */
  double *y, *y_dot, *stencil, *u_dot, *p_dot, *u_try, *p_try, *y_bar, *u_bar, *p_bar, *wide,
      *wide_dot, *sample;
  ude_rng rng;
} checker;

static void add_row(checker *c, const char *quantity, const char *against, double deviation,
                    double tolerance, int64_t row, int64_t column) {
  if (c->count < UDE_CHECK_MAX_ROWS) {
    c->rows[c->count++] = (ude_check_row){.quantity  = quantity,
                                          .against   = against,
                                          .deviation = deviation,
                                          .tolerance = tolerance,
                                          .row       = row,
                                          .column    = column,
                                          .passed    = deviation <= tolerance};
  }
}

static void random_vector(checker *c, int64_t n, double *x) {
  for (int64_t i = 0; i < n; i++) {
    x[i] = 2 * ude_rng_uniform(&c->rng) - 1;
  }
}

static double largest(const double *x, int64_t n) {
  double most = 0;
  for (int64_t i = 0; i < n; i++) {
    most = fmax(most, fabs(x[i]));
  }
  return most;
}

/* (8 (f(+h) - f(-h)) - (f(+2h) - f(-2h))) / 12h along (u_dot, p_dot, t_dot) into c->stencil. */
static bool difference(checker *c, const ude_map *map, double t_dot) {
  static const double at[4]     = {1, -1, 2, -2};
  static const double weight[4] = {8, -8, -1, 1};
  double h = 0.3 * pow(c->allowed.epsilon, 0.2); /* directions are in units of the arguments */
  memset(c->stencil, 0, (size_t)map->rows * sizeof(double));
  for (int k = 0; k < 4; k++) {
    for (int64_t i = 0; i < map->columns; i++) {
      c->u_try[i] = c->u[i] + at[k] * h * c->u_dot[i];
    }
    for (int64_t i = 0; i < c->np; i++) {
      c->p_try[i] = c->p[i] + at[k] * h * c->p_dot[i];
    }
    if (map->value(c->y, c->u_try, c->p_try, c->t + at[k] * h * t_dot, map->context)) {
      return false;
    }
    for (int64_t i = 0; i < map->rows; i++) {
      c->stencil[i] += weight[k] * c->y[i] / (12 * h);
    }
  }
  return true;
}

/** Worst deviation so far. */
typedef struct worst {
  double  deviation;
  int64_t row, column;
} worst;

/* `floor`: below it both count as zero. */
static void compare(worst *w, const double *a, const double *b, int64_t n, double floor,
                    int64_t column) {
  double scale = fmax(fmax(largest(a, n), largest(b, n)), fmax(floor, 1e-300));
  for (int64_t i = 0; i < n; i++) {
    double deviation = fabs(a[i] - b[i]) / scale;
    if (!(deviation <= w->deviation)) {
      *w = (worst){isnan(deviation) ? (double)INFINITY : deviation, i, column};
    }
  }
}

/* Step sizes are relative, so that arguments of any size are probed on their own scale. */
static double unit(double x) {
  return x != 0 ? fabs(x) : 1;
}

/* The directional derivatives of one argument against differences: each column where there are few, else
 * random directions. */
static void check_argument(checker *c, const ude_map *map, const char *quantity, int64_t columns,
                           double *direction, double t_dot) {
  worst         w      = {0, -1, -1};
  int64_t       trials = columns <= ALL_COLUMNS ? columns : SEEDS;
  const double *at     = direction == c->u_dot ? c->u : c->p;
  memset(c->u_dot, 0, (size_t)map->columns * sizeof(double));
  memset(c->p_dot, 0, (size_t)c->np * sizeof(double));
  for (int64_t k = 0; k < trials; k++) {
    if (direction && columns <= ALL_COLUMNS) {
      direction[k] = unit(at[k]);
    } else if (direction) {
      random_vector(c, columns, direction);
      for (int64_t i = 0; i < columns; i++) {
        direction[i] *= unit(at[i]);
      }
    }
    bool evaluated = difference(c, map, t_dot);
    int code = map->jvp(c->y, c->y_dot, c->u, c->u_dot, c->p, c->p_dot, c->t, &t_dot, map->context);
    if (!evaluated || code) {
      w = (worst){(double)INFINITY, -1, k};
    } else {
      /* differences lose what the value's own rounding hides */
      compare(&w, c->y_dot, c->stencil, map->rows, 1e-5 * largest(c->y, map->rows), k);
    }
    if (direction && columns <= ALL_COLUMNS) {
      direction[k] = 0;
    }
  }
  add_row(c, quantity, "finite differences", w.deviation, c->allowed.difference, w.row, w.column);
}

static void random_direction(checker *c, const ude_map *map) {
  random_vector(c, map->columns, c->u_dot);
  random_vector(c, c->np, c->p_dot);
}

/* Lane k of a wide product against the single one. */
static void check_wide(checker *c, const ude_map *map, const char *quantity) {
  int64_t width = map->width;
  worst   w     = {0, -1, -1};
  double *u_dot = c->wide;
  double *p_dot = u_dot + map->columns * width;
  double *t_dot = p_dot + c->np * width;
  random_vector(c, (map->columns + c->np + 1) * width, c->wide);
  int code = map->jvp_wide(c->y, c->wide_dot, c->u, u_dot, c->p, p_dot, c->t, t_dot, map->context);
  for (int64_t lane = 0; lane < width && !code; lane++) {
    for (int64_t i = 0; i < map->columns; i++) {
      c->u_dot[i] = u_dot[i * width + lane];
    }
    for (int64_t i = 0; i < c->np; i++) {
      c->p_dot[i] = p_dot[i * width + lane];
    }
    code =
        map->jvp(c->y, c->y_dot, c->u, c->u_dot, c->p, c->p_dot, c->t, &t_dot[lane], map->context);
    for (int64_t i = 0; i < map->rows; i++) {
      c->stencil[i] = c->wide_dot[i * width + lane];
    }
    compare(&w, c->y_dot, c->stencil, map->rows, 0, lane);
  }
  add_row(c, quantity, "one at a time", code ? (double)INFINITY : w.deviation, c->allowed.mode,
          w.row, w.column);
}

/* <y_bar, J v> = <J^T y_bar, v> for random y_bar, v. */
static void check_transposed(checker *c, const ude_map *map, const char *quantity) {
  double deviation = 0;
  for (int k = 0; k < SEEDS; k++) {
    double t_dot = 2 * ude_rng_uniform(&c->rng) - 1;
    double t_bar = 0;
    random_direction(c, map);
    random_vector(c, map->rows, c->y_bar);
    memset(c->u_bar, 0, (size_t)map->columns * sizeof(double));
    memset(c->p_bar, 0, (size_t)c->np * sizeof(double));
    int code = map->jvp(c->y, c->y_dot, c->u, c->u_dot, c->p, c->p_dot, c->t, &t_dot, map->context);
    code     = code ? code
                    : map->vjp(c->u, c->p, c->t, c->y_bar, c->u_bar, c->p_bar, &t_bar, map->context);
    double left  = 0;
    double right = t_bar * t_dot;
    double size  = fabs(right);
    for (int64_t i = 0; i < map->rows; i++) {
      left += c->y_bar[i] * c->y_dot[i];
      size += fabs(c->y_bar[i] * c->y_dot[i]);
    }
    for (int64_t i = 0; i < map->columns; i++) {
      right += c->u_bar[i] * c->u_dot[i];
    }
    for (int64_t i = 0; i < c->np; i++) {
      right += c->p_bar[i] * c->p_dot[i];
    }
    double now = code ? (double)INFINITY : fabs(left - right) / fmax(size, 1e-300);
    deviation  = left == right && !code ? deviation
                 : isnan(now)           ? (double)INFINITY
                                        : fmax(deviation, now);
  }
  add_row(c, quantity, "jvp, transposed", deviation, c->allowed.mode, -1, -1);
}

static void check_map(checker *c, const ude_map *map, int which) {
  if (!map->value || map->rows == 0) {
    return;
  }
  int  code   = map->value(c->y, c->u, c->p, c->t, map->context);
  bool finite = code == 0;
  for (int64_t i = 0; i < map->rows; i++) {
    finite = finite && isfinite(c->y[i]);
  }
  add_row(c, names[which].value, "is finite", finite ? 0 : (double)INFINITY, 0, -1, -1);
  if (!finite || !map->jvp) {
    return;
  }
  if (map->columns > 0) {
    check_argument(c, map, names[which].by_state, map->columns, c->u_dot, 0);
  }
  if (c->np > 0) {
    check_argument(c, map, names[which].by_param, c->np, c->p_dot, 0);
  }
  check_argument(c, map, names[which].by_time, 1, NULL, unit(c->t));
  if (map->jvp_wide) {
    check_wide(c, map, names[which].wide);
  }
  if (map->vjp) {
    check_transposed(c, map, names[which].transposed);
  }
}

/* --------------------------------------------------------------------------------- solver -- */

/** l = sum_i weights_i . u(t_i), a smooth cost whose cotangent is known. */
static int linear_cost(int64_t i, double t, const double *u, const double *p, double *value,
                       double *u_bar, double *p_bar, void *context) {
  const checker *c = context;
  const double  *w = c->y_bar;
  (void)i;
  (void)t;
  (void)p;
  (void)p_bar;
  *value = 0;
  for (int64_t l = 0; l < c->field->state.count; l++) {
    *value += w[l] * u[l];
    if (u_bar) {
      u_bar[l] = w[l];
    }
  }
  return 0;
}

static ude_status solve_gradient(checker *c, const ude_sensitivity_options *options,
                                 ude_sensitivity_method method, const double *u0, const double *p,
                                 const ude_cost *cost, double t0, double t1, double *value,
                                 double *u_bar, double *p_bar, ude_error *error) {
  ude_sensitivity_options with = *options;
  ude_sensitivity        *s    = NULL;
  with.method                  = method;
  ude_status status            = ude_sensitivity_create(c->field, &with, &s, error);
  if (status == UDE_OK) {
    status = u_bar ? ude_cost_gradient(s, u0, p, t0, t1, cost, value, u_bar, p_bar, NULL, error)
                   : ude_cost_value(s, u0, p, t0, t1, cost, value, NULL, error);
  }
  ude_sensitivity_free(s);
  return status;
}

/* Directional derivative of the solve at tight tolerances, where its own noise is below the differences. */
static ude_status check_solve_difference(checker *c, const ude_sensitivity_options *options,
                                         const ude_cost *cost, double t0, double t1,
                                         ude_error *error) {
  ude_sensitivity_options tight    = *options;
  int64_t                 n        = c->field->state.count;
  double                  h        = c->allowed.solve_step;
  double                  value[2] = {0, 0};
  double                  ignored  = 0;
  tight.solve.rtol                 = 1e-11;
  tight.solve.atol                 = 1e-12;
  tight.solve.method               = "vern7";
  random_direction(c, &c->field->rhs);
  bool       reverse = c->field->rhs.vjp != NULL;
  ude_status status =
      solve_gradient(c, &tight, reverse ? UDE_SENSITIVITY_ADJOINT : UDE_SENSITIVITY_FORWARD, c->u,
                     c->p, cost, t0, t1, &ignored, c->u_bar, c->p_bar, error);
  for (int k = 0; k < 2 && status == UDE_OK; k++) {
    double sign = k ? -h : h;
    for (int64_t i = 0; i < n; i++) {
      c->u_try[i] = c->u[i] + sign * c->u_dot[i] * fmax(1e-3, fabs(c->u[i]));
    }
    for (int64_t i = 0; i < c->np; i++) {
      c->p_try[i] = c->p[i] + sign * c->p_dot[i] * fmax(1e-3, fabs(c->p[i]));
    }
    status = solve_gradient(c, &tight, UDE_SENSITIVITY_AUTO, c->u_try, c->p_try, cost, t0, t1,
                            &value[k], NULL, NULL, error);
  }
  if (status) {
    return status;
  }
  double slope = 0;
  double size  = 1e-12;
  for (int64_t i = 0; i < n; i++) {
    double part = c->u_bar[i] * c->u_dot[i] * fmax(1e-3, fabs(c->u[i]));
    slope += part;
    size += fabs(part);
  }
  for (int64_t i = 0; i < c->np; i++) {
    double part = c->p_bar[i] * c->p_dot[i] * fmax(1e-3, fabs(c->p[i]));
    slope += part;
    size += fabs(part);
  }
  add_row(c, "gradient through the solver", "finite differences",
          fabs(slope - (value[0] - value[1]) / (2 * h)) / size, c->allowed.solve, -1, -1);
  return UDE_OK;
}

static ude_status check_solver(checker *c, const ude_sensitivity_options *options, double t0,
                               double t1, ude_error *error) {
  const double times[2] = {t0 + 0.37 * (t1 - t0), t1};
  ude_cost     cost     = {.count = 2, .times = times, .at = linear_cost, .context = c};
  int64_t      n        = c->field->state.count;
  bool         forward  = c->field->rhs.jvp != NULL;
  bool         reverse  = c->field->rhs.vjp != NULL;
  double       value    = 0;
  ude_status   status   = UDE_OK;
  random_vector(c, n, c->y_bar);
  if (forward && reverse && n + c->np <= 4096) {
    status = solve_gradient(c, options, UDE_SENSITIVITY_ADJOINT, c->u, c->p, &cost, t0, t1, &value,
                            c->u_bar, c->p_bar, error);
    if (status == UDE_OK) {
      status = solve_gradient(c, options, UDE_SENSITIVITY_FORWARD, c->u, c->p, &cost, t0, t1,
                              &value, c->u_try, c->p_try, error);
    }
    if (status) {
      return status;
    }
    worst w = {0, -1, -1};
    compare(&w, c->u_bar, c->u_try, n, 0, -1);
    add_row(c, "gradient, initial state: adjoint", "forward", w.deviation, c->allowed.mode, w.row,
            -1);
    if (c->np > 0) {
      w = (worst){0, -1, -1};
      compare(&w, c->p_bar, c->p_try, c->np, 0, -1);
      add_row(c, "gradient, parameters: adjoint", "forward", w.deviation, c->allowed.mode, w.row,
              -1);
    }
  }
  return forward || reverse ? check_solve_difference(c, options, &cost, t0, t1, error) : UDE_OK;
}

static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/* One block for all vectors. */
static bool carve(checker *c) {
  const ude_vector_field *field = c->field;
  int64_t rows  = larger(larger(field->state.count, field->observation.count), field->terms.count);
  int64_t n     = larger(field->state.count, field->sample.count);
  int64_t width = larger(larger(field->rhs.width, field->loss.width), 1);
  rows          = rows > 0 ? rows : 1;
  int64_t total = 5 * rows + 3 * n + 3 * c->np + width * (n + c->np + 1) + width * rows +
                  field->sample.count + 16;
  c->work = ude_calloc((size_t)total, sizeof(double));
  if (!c->work) {
    return false;
  }
  double *at  = c->work;
  c->y        = at;
  c->y_dot    = c->y + rows;
  c->stencil  = c->y_dot + rows;
  c->y_bar    = c->stencil + rows;
  c->u_dot    = c->y_bar + rows;
  c->u_try    = c->u_dot + n;
  c->u_bar    = c->u_try + n;
  c->p_dot    = c->u_bar + n;
  c->p_try    = c->p_dot + c->np;
  c->p_bar    = c->p_try + c->np;
  c->wide     = c->p_bar + c->np;
  c->wide_dot = c->wide + width * (n + c->np + 1);
  c->sample   = c->wide_dot + width * rows;
  return true;
}

bool ude_check_single(const ude_vector_field *field) {
  return ude_layout_has_single(&field->state) || ude_layout_has_single(&field->param) ||
         ude_layout_has_single(&field->observation);
}

ude_status ude_check(const ude_vector_field *field, const double *u0, const double *p, double t0,
                     double t1, const ude_sensitivity_options *options, ude_check_row *rows,
                     int64_t *row_count, ude_error *error) {
  static const ude_sensitivity_options none = {0};
  checker                              c    = {.field = field,
                                               .u     = u0,
                                               .p     = p,
                                               .t     = t0,
                                               .allowed = ude_check_single(field) ? of_single : of_double,
                                               .rows = rows,
                                               .np   = field->param.count,
                                               .rng  = ude_rng_make(1, 0)};
  const ude_map *const maps[MAPS] = {&field->rhs,           &field->initial,      &field->observe,
                                     &field->terminal_cost, &field->running_cost, &field->penalty,
                                     &field->loss};
  bool                 solvable   = field->rhs.value != NULL;
  *row_count                      = 0;
  ude_status status = solvable || !field->loss.value ? ude_vector_field_check(field, error)
                                                     : ude_vector_field_check_loss(field, error);
  if (status == UDE_OK && !carve(&c)) {
    status = ude_fail_memory(error, "the checks");
  }
  for (int i = 0; i < MAPS && status == UDE_OK; i++) {
    if (i == LOSS && field->draw) { /* at a sample, in place of a state */
      ude_rng random = ude_rng_make(1, 1);
      c.u            = c.sample;
      c.t            = 0;
      if (field->draw(c.sample, &random, field->draw_context)) {
        status = ude_fail(error, UDE_NUMERICAL, "no sample can be drawn");
        break;
      }
    }
    check_map(&c, maps[i], i);
  }
  c.u = u0;
  c.t = t0;
  if (status == UDE_OK && solvable && t1 != t0) {
    status = check_solver(&c, options ? options : &none, t0, t1, error);
  }
  *row_count = c.count;
  free(c.work);
  return status;
}
