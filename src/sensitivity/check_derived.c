/* Second derivatives, Taylor series and lanes against the first derivatives that ude_check compares with differences. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sensitivity/check.h"

#include <ude/sensitivity.h>

enum { MAPS = 7, ORDER = 4 };

static const struct {
  const char *symmetric, *difference, *wide, *jet, *jet_difference, *value_lanes, *jvp_lanes,
      *vjp_lanes;
} names[MAPS] = {
#define NAMES(map)                                                                    \
  {map " hvp", map " hvp",      map " hvp, several at once", map " jet, first order", \
   map " jet", map " in lanes", map " jvp in lanes",         map " vjp in lanes"}
    NAMES("rhs"),          NAMES("initial"), NAMES("observe"), NAMES("terminal_cost"),
    NAMES("running_cost"), NAMES("penalty"), NAMES("cost")
#undef NAMES
};

/* Differences of exact derivatives; sums in another order; functions of vectors, which differ by 4 units. */
typedef struct tolerances {
  double difference, mode, step;
} tolerances;
static const tolerances of_double = {1e-6, 1e-9, 1e-3}, of_single = {2e-2, 1e-4, 3e-2};

typedef struct checker {
  const double  *x; /**< u, p, t */
  int64_t        np;
  ude_check_row *rows;
  int64_t        count;
  double        *block; /**< all vectors; where the next one is taken */
  size_t         used, size;
  ude_rng        rng;
  tolerances     allowed;
} checker;

static double *take(checker *c, int64_t count) {
  double *vector = c->block + c->used;
  c->used += (size_t)count;
  return vector;
}

static void add_row(checker *c, const char *quantity, const char *against, double deviation,
                    double tolerance, int64_t row) {
  if (c->count < UDE_CHECK_MAX_ROWS) {
    c->rows[c->count++] = (ude_check_row){.quantity  = quantity,
                                          .against   = against,
                                          .deviation = deviation,
                                          .tolerance = tolerance,
                                          .row       = row,
                                          .column    = -1,
                                          .passed    = deviation <= tolerance};
  }
}

static double *random_vector(checker *c, int64_t n) {
  double *x = take(c, n);
  for (int64_t i = 0; i < n; i++) {
    x[i] = 2 * ude_rng_uniform(&c->rng) - 1;
  }
  return x;
}

static double largest(const double *x, int64_t n) {
  double most = 0;
  for (int64_t i = 0; i < n; i++) {
    most = fmax(most, fabs(x[i]));
  }
  return most;
}

/* Worst deviation relative to the largest entry or to `floor`; infinite where one is NaN and the other is not. */
static double deviation(const double *a, const double *b, int64_t n, double floor, int64_t *row) {
  double scale = fmax(fmax(largest(a, n), largest(b, n)), fmax(floor, 1e-300)), most = 0;
  for (int64_t i = 0; i < n; i++) {
    double d = isnan(a[i]) && isnan(b[i]) ? 0 : a[i] == b[i] ? 0 : fabs(a[i] - b[i]) / scale;
    if (!(d <= most)) {
      most = isnan(d) ? (double)INFINITY : d;
      *row = i;
    }
  }
  return most;
}

/* Arguments x = (u, p, t) of the map, which has `n` = columns + np + 1 of them. */
static bool gradient(const checker *c, const ude_map *map, const double *x, const double *y_bar,
                     double *bar) {
  const double *p = x + map->columns;
  memset(bar, 0, (size_t)(map->columns + c->np + 1) * sizeof *bar);
  return !map->vjp(x, p, p[c->np], y_bar, bar, bar + map->columns, bar + map->columns + c->np,
                   map->context);
}

static bool product(const checker *c, const ude_map *map, const double *x, const double *along,
                    const double *y_bar, double *bar) {
  int64_t m = map->columns, n = c->np;
  memset(bar, 0, (size_t)(m + n + 1) * sizeof *bar);
  return !map->hvp(x, along, x + m, along + m, x[m + n], along + m + n, y_bar, bar, bar + m,
                   bar + m + n, map->context);
}

static void check_second(checker *c, const ude_map *map, int which, const double *x) {
  static const double at[4] = {1, -1, 2, -2}, weight[4] = {8, -8, -1, 1};
  int64_t             n = map->columns + c->np + 1, w = map->width, row = -1;
  const double        h     = c->allowed.step;
  const double       *y_bar = random_vector(c, map->rows);
  double             *v = random_vector(c, n), *z = random_vector(c, n), *bar = take(c, n);
  double             *other = take(c, n), *moved = take(c, n), *slope = take(c, n);
  for (int64_t i = 0; i < n; i++) { /* directions in units of the arguments */
    v[i] *= fmax(fabs(x[i]), 1e-3);
    z[i] *= fmax(fabs(x[i]), 1e-3);
  }
  bool   good = product(c, map, x, v, y_bar, bar) && product(c, map, x, z, y_bar, other);
  double left = 0, right = 0, size = 1e-300;
  for (int64_t i = 0; i < n; i++) {
    left += bar[i] * z[i];
    right += other[i] * v[i];
    size += fabs(bar[i] * z[i]) + fabs(other[i] * v[i]);
  }
  double asymmetry = left == right ? 0 : fabs(left - right) / size;
  add_row(c, names[which].symmetric, "its own symmetry",
          good && !isnan(asymmetry) ? asymmetry : (double)INFINITY, c->allowed.mode, -1);
  memset(slope, 0, (size_t)n * sizeof *slope);
  for (int k = 0; k < 4 && good; k++) {
    for (int64_t i = 0; i < n; i++) {
      moved[i] = x[i] + at[k] * h * v[i];
    }
    good = gradient(c, map, moved, y_bar, other);
    for (int64_t i = 0; i < n; i++) {
      slope[i] += weight[k] * other[i] / (12 * h);
    }
  }
  double floor = 1e-5 * largest(other, n);
  double d     = good ? deviation(bar, slope, n, floor, &row) : (double)INFINITY;
  add_row(c, names[which].difference, "differences of vjp", d, c->allowed.difference, row);
  if (!map->hvp_wide) {
    return;
  }
  double *wide = random_vector(c, n * w), *wide_bar = take(c, n * w);
  int64_t m = map->columns;
  memset(wide_bar, 0, (size_t)(n * w) * sizeof *wide_bar);
  good = !map->hvp_wide(x, wide, x + m, wide + m * w, x[n - 1], wide + (n - 1) * w, y_bar, wide_bar,
                        wide_bar + m * w, wide_bar + (n - 1) * w, map->context);
  d    = 0;
  for (int64_t lane = 0; lane < w && good; lane++) {
    for (int64_t i = 0; i < n; i++) {
      v[i]     = wide[i * w + lane];
      slope[i] = wide_bar[i * w + lane];
    }
    good = product(c, map, x, v, y_bar, bar);
    d    = fmax(d, deviation(bar, slope, n, 0, &row));
  }
  add_row(c, names[which].wide, "one at a time", good ? d : (double)INFINITY, c->allowed.mode, row);
}

/* Series of the map along x + s v + s^2 z from s = `from` on. */
static bool series(const checker *c, const ude_map *map, const double *x, const double *v,
                   const double *z, double from, double *curve, double *y) {
  for (int64_t i = 0; i < map->columns; i++) {
    double *of = curve + i * (ORDER + 1);
    memset(of, 0, (ORDER + 1) * sizeof *of);
    of[0] = x[i] + from * (v[i] + from * z[i]);
    of[1] = v[i] + 2 * from * z[i];
    of[2] = z[i];
  }
  const double *p = x + map->columns;
  return !map->jet(y, ORDER, curve, p, p[c->np] + from, map->context);
}

static void check_jet(checker *c, const ude_map *map, int which, const double *x) {
  static const double at[4] = {1, -1, 2, -2}, weight[4] = {8, -8, -1, 1};
  int64_t             n = map->columns, rows = map->rows, many = rows * (ORDER + 1), row = -1;
  double             *v = random_vector(c, n + c->np + 1), *z = random_vector(c, n);
  double             *curve = take(c, n * (ORDER + 1)), *y = take(c, many), *side = take(c, many);
  double             *a = take(c, rows), *b = take(c, rows), *slope = take(c, many);
  const double       *p    = x + n;
  bool                good = series(c, map, x, v, z, 0, curve, y);
  if (map->jvp) {
    double one = 1;
    good       = good && !map->jvp(b, a, x, v, p, NULL, p[c->np], &one, map->context);
    for (int64_t i = 0; i < rows; i++) {
      b[i] = y[i * (ORDER + 1) + 1];
    }
    double d = good ? deviation(b, a, rows, 0, &row) : (double)INFINITY;
    add_row(c, names[which].jet, "jvp", d, c->allowed.mode, row);
  }
  const double h = c->allowed.step;
  memset(slope, 0, (size_t)many * sizeof *slope);
  for (int k = 0; k < 4 && good; k++) {
    good = series(c, map, x, v, z, at[k] * h, curve, side);
    for (int64_t i = 0; i < many; i++) {
      slope[i] += weight[k] * side[i] / (12 * h);
    }
  }
  for (int64_t i = 0; i < rows;
       i++) { /* the derivative of coefficient k is (k + 1) times the next */
    for (int k = 0; k < ORDER; k++) {
      side[i * ORDER + k]  = slope[i * (ORDER + 1) + k];
      slope[i * ORDER + k] = (k + 1) * y[i * (ORDER + 1) + k + 1];
    }
  }
  double d =
      good ? deviation(side, slope, rows * ORDER, 1e-5 * largest(y, many), &row) : (double)INFINITY;
  add_row(c, names[which].jet_difference, "differences of lower orders", d, c->allowed.difference,
          row < 0 ? row : row / ORDER);
}

/* The k-th of `count` numbers for each lane: near x where it has one. */
static void spread(checker *c, const double *x, int64_t count, int64_t lanes, double *to) {
  for (int64_t i = 0; i < count; i++) {
    for (int64_t k = 0; k < lanes; k++) {
      double r          = 2 * ude_rng_uniform(&c->rng) - 1;
      to[i * lanes + k] = x ? x[i] * (1 + 0.01 * r) : r;
    }
  }
}

static void lane_of(const double *all, int64_t count, int64_t lanes, int64_t k, double *one) {
  for (int64_t i = 0; i < count; i++) {
    one[i] = all[i * lanes + k];
  }
}

static void check_lanes(checker *c, const ude_map *map, int which, const double *x) {
  int64_t m = map->columns, n = m + c->np + 1, rows = map->rows, lanes = map->lanes, row = -1;
  double *at = take(c, n * lanes), *dot = take(c, n * lanes), *bar = take(c, n * lanes);
  double *y = take(c, rows * lanes), *y_dot = take(c, rows * lanes), *y_bar = take(c, rows * lanes);
  double *one = take(c, n), *one_dot = take(c, n), *one_bar = take(c, n), *got = take(c, n);
  double *z = take(c, rows), *z_dot = take(c, rows), *z_bar = take(c, rows), *z_got = take(c, rows);
  double *also    = take(c, rows * lanes);
  const double *t = at + (n - 1) * lanes;
  spread(c, x, n, lanes, at);
  spread(c, NULL, n, lanes, dot);
  spread(c, NULL, rows, lanes, y_bar);
  memset(bar, 0, (size_t)(n * lanes) * sizeof *bar);
  bool good[3] = {!map->value_lanes(y, at, at + m * lanes, t, map->context), true, true};
  if (map->jvp_lanes) {
    good[1] = !map->jvp_lanes(also, y_dot, at, dot, at + m * lanes, dot + m * lanes, t,
                              dot + (n - 1) * lanes, map->context);
  }
  if (map->vjp_lanes) {
    good[2] = !map->vjp_lanes(at, at + m * lanes, t, y_bar, bar, bar + m * lanes,
                              bar + (n - 1) * lanes, map->context);
  }
  double d[3] = {0, 0, 0};
  for (int64_t k = 0; k < lanes; k++) {
    lane_of(at, n, lanes, k, one);
    lane_of(dot, n, lanes, k, one_dot);
    lane_of(y, rows, lanes, k, z_got);
    good[0] = good[0] && !map->value(z, one, one + m, one[n - 1], map->context);
    d[0]    = fmax(d[0], deviation(z_got, z, rows, 0, &row));
    if (map->jvp_lanes) {
      lane_of(y_dot, rows, lanes, k, z_got);
      good[1] = good[1] && !map->jvp(z, z_dot, one, one_dot, one + m, one_dot + m, one[n - 1],
                                     one_dot + n - 1, map->context);
      d[1]    = fmax(d[1], deviation(z_got, z_dot, rows, 0, &row));
    }
    if (map->vjp_lanes) {
      lane_of(y_bar, rows, lanes, k, z_bar);
      lane_of(bar, n, lanes, k, got);
      good[2] = good[2] && gradient(c, map, one, z_bar, one_bar);
      d[2]    = fmax(d[2], deviation(got, one_bar, n, 0, &row));
    }
  }
  add_row(c, names[which].value_lanes, "one at a time", good[0] ? d[0] : (double)INFINITY,
          c->allowed.mode, -1);
  if (map->jvp_lanes) {
    add_row(c, names[which].jvp_lanes, "one at a time", good[1] ? d[1] : (double)INFINITY,
            c->allowed.mode, -1);
  }
  if (map->vjp_lanes) {
    add_row(c, names[which].vjp_lanes, "one at a time", good[2] ? d[2] : (double)INFINITY,
            c->allowed.mode, -1);
  }
}

/* The series of the solution: coefficient k + 1 is that of rhs along it over k + 1. */
static void check_solution(checker *c, const ude_vector_field *field, const double *x) {
  int64_t n = field->state.count, many = n * (ORDER + 1), row = -1;
  double *u = take(c, many), *y = take(c, many), *a = take(c, many), *b = take(c, many);
  bool    good = !field->taylor(u, ORDER, x, x + n, x[n + c->np], field->taylor_context) &&
              !field->rhs.jet(y, ORDER, u, x + n, x[n + c->np], field->rhs.context);
  for (int64_t i = 0; i < n; i++) {
    for (int k = 0; k < ORDER; k++) {
      a[i * ORDER + k] = (k + 1) * u[i * (ORDER + 1) + k + 1];
      b[i * ORDER + k] = y[i * (ORDER + 1) + k];
    }
  }
  double d = good ? deviation(a, b, n * ORDER, 0, &row) : (double)INFINITY;
  add_row(c, "series of the solution", "rhs jet along it", d, c->allowed.mode,
          row < 0 ? row : row / ORDER);
}

static void check_map(checker *c, const ude_map *map, int which, int64_t states) {
  double *x = take(c, map->columns + c->np + 1);
  memcpy(x, c->x + (states - map->columns),
         (size_t)(map->columns + c->np + 1) * sizeof *x); /* all of u, or none */
  if (map->hvp && map->vjp) {
    check_second(c, map, which, x);
  }
  if (map->jet && map->columns) {
    check_jet(c, map, which, x);
  }
  if (map->value_lanes) {
    check_lanes(c, map, which, x);
  }
}

ude_status ude_check_derived(const ude_vector_field *field, const double *u0, const double *p,
                             double t, ude_check_row *rows, int64_t *row_count, ude_error *error) {
  const ude_map *const maps[MAPS] = {&field->rhs,           &field->initial,      &field->observe,
                                     &field->terminal_cost, &field->running_cost, &field->penalty,
                                     &field->cost};
  *row_count                      = 0;
  ude_status status               = ude_vector_field_check(field, error);
  if (status) {
    return status;
  }
  int64_t n = field->state.count, m = field->param.count;
  int64_t most = field->observation.count > n ? field->observation.count : n;
  int64_t wide = 1;
  for (int i = 0; i < MAPS; i++) {
    wide = maps[i]->width > wide ? maps[i]->width : wide;
    wide = maps[i]->lanes > wide ? maps[i]->lanes : wide;
  }
  size_t  all = (size_t)(n + m + 1 + most);
  checker c   = {.np      = m,
                 .rows    = rows,
                 .size    = all + 40 * all + 9 * all * (size_t)wide + 6 * all * (ORDER + 1),
                 .rng     = ude_rng_make(2, 0),
                 .allowed = ude_check_single(field) ? of_single : of_double};
  c.block     = ude_calloc(c.size, sizeof *c.block);
  if (!c.block) {
    return ude_fail_memory(error, "the checks");
  }
  double *x = take(&c, n + m + 1);
  memcpy(x, u0, (size_t)n * sizeof *x);
  if (m) {
    memcpy(x + n, p, (size_t)m * sizeof *x);
  }
  x[n + m]    = t;
  c.x         = x;
  size_t kept = c.used;
  for (int i = 0; i < MAPS; i++) {
    c.used = kept;
    if (maps[i]->value && maps[i]->rows) {
      check_map(&c, maps[i], i, n);
    }
  }
  c.used = kept;
  if (field->taylor && field->rhs.jet) {
    check_solution(&c, field, x);
  }
  *row_count = c.count;
  free(c.block);
  return UDE_OK;
}
