/** @file lanes_check.h
 *  @brief The lanes of a map and of its derivatives against the same functions one trajectory at a time. */
#ifndef UDE_TESTS_LANES_CHECK_H
#define UDE_TESTS_LANES_CHECK_H

#include <float.h>
#include <math.h>

#include "support/ir_lab.h"

typedef void (*lanes_value_fn)(double *, const double *, const double *, const double *);
typedef void (*lanes_jvp_fn)(double *, double *, const double *, const double *, const double *,
                             const double *, const double *, const double *);
typedef int (*lanes_vjp_fn)(double *, double *, const double *, double *, const double *, double *,
                            const double *, double *);

enum { LANES = 8, MOST = 32 };

static lab l;

/* [lanes] of arrays, and each one's side by side. */
typedef struct block {
  double one[LANES][MOST];
  double all[MOST * LANES];
} block;

UDE_TEST_UNUSED static void widen(block *b, int count) {
  for (int k = 0; k < count; k++) {
    for (int i = 0; i < LANES; i++) {
      b->all[k * LANES + i] = b->one[i][k];
    }
  }
}

/* Trajectories that take different branches; `spread` 0: all the same. */
UDE_TEST_UNUSED static void fill(block *b, int count, double centre, double amplitude,
                                 double frequency, double spread) {
  for (int i = 0; i < LANES; i++) {
    for (int k = 0; k < count; k++) {
      b->one[i][k] = centre + amplitude * sin(frequency * k + 0.4 + spread * i * (k + 1.3));
    }
  }
  widen(b, count);
}

static bool same_bits(double a, double b) {
  return a == b || (isnan(a) && isnan(b));
}

UDE_TEST_UNUSED static void compare(const block *b, int count, double tolerance, const char *map,
                                    const char *what) {
  for (int k = 0; k < count; k++) {
    for (int i = 0; i < LANES; i++) {
      double got = b->all[k * LANES + i], expected = b->one[i][k];
      bool   good = same_bits(got, expected) ||
                  (tolerance > 0 && fabs(got - expected) <= tolerance * (1 + fabs(expected)));
      ck_assert_msg(good, "%s: %s[%d] of lane %d is %.17g, alone %.17g", map, what, k, i, got,
                    expected);
    }
  }
}

UDE_TEST_UNUSED static void *find(const char *kind, const char *map) {
  char name[128];
  snprintf(name, sizeof name, "lanes_%s%s", kind, map);
  return ude_jit_find(l.jit, name, NULL);
}

static int  in_lanes;     /* of functions that were tried */
static bool lanes_single; /* the maps compute in float, whatever they are called */

UDE_TEST_UNUSED static void check_map(const char *map, int rows, int columns, int params,
                                      double spread, double tolerance) {
  static block   y, u, p, t, y_dot, u_dot, p_dot, t_dot, y_bar, u_bar, p_bar, t_bar;
  lab_value_fn   value       = (lab_value_fn)lab_find(&l, "", map);
  lab_jvp_fn     jvp         = (lab_jvp_fn)lab_find(&l, "jvp1_", map);
  lab_vjp_fn     vjp         = (lab_vjp_fn)lab_find(&l, "inner_", map);
  lanes_value_fn lanes_value = (lanes_value_fn)find("", map);
  lanes_jvp_fn   lanes_jvp   = (lanes_jvp_fn)find("jvp1_", map);
  lanes_vjp_fn   lanes_vjp   = (lanes_vjp_fn)find("inner_", map);
  fill(&u, columns, 1.2, 0.31, 2.3, spread);
  fill(&p, params, 1.35, 0.52, 1.7, spread);
  fill(&t, 1, 0.8, 0.1, 1, spread);
  fill(&u_dot, columns, 0.2, 1, 1.1, spread);
  fill(&p_dot, params, -0.1, 1, 1.9, spread);
  fill(&t_dot, 1, 0.5, 1, 1, spread);
  fill(&y, rows, 0, 0, 1, 0);
  fill(&y_dot, rows, 0, 0, 1, 0);
  if (lanes_value) {
    in_lanes++;
    for (int i = 0; i < LANES; i++) {
      value(y.one[i], u.one[i], p.one[i], t.one[i][0]);
    }
    lanes_value(y.all, u.all, p.all, t.all);
    compare(&y, rows, tolerance, map, "y");
  }
  if (lanes_jvp) {
    in_lanes++;
    fill(&y, rows, 0, 0, 1, 0);
    for (int i = 0; i < LANES; i++) {
      jvp(y.one[i], y_dot.one[i], u.one[i], u_dot.one[i], p.one[i], p_dot.one[i], t.one[i][0],
          t_dot.one[i]);
    }
    lanes_jvp(y.all, y_dot.all, u.all, u_dot.all, p.all, p_dot.all, t.all, t_dot.all);
    compare(&y, rows, tolerance, map, "y of the jvp");
    compare(&y_dot, rows, tolerance, map, "y_dot");
  }
  if (lanes_vjp) {
    in_lanes++;
    fill(&y, rows, 0, 0, 1, 0);
    fill(&y_bar, rows, 0.3, 1, 1.4, spread);
    fill(&u_bar, columns, 0.1, 0.5, 1.3, spread);
    fill(&p_bar, params, 0.2, 0.5, 1.2, spread);
    fill(&t_bar, 1, 0.2, 0.5, 1.2, spread);
    for (int i = 0; i < LANES; i++) {
      ck_assert_int_eq(vjp(y.one[i], y_bar.one[i], u.one[i], u_bar.one[i], p.one[i], p_bar.one[i],
                           t.one[i][0], t_bar.one[i]),
                       0);
    }
    ck_assert_int_eq(
        lanes_vjp(y.all, y_bar.all, u.all, u_bar.all, p.all, p_bar.all, t.all, t_bar.all), 0);
    /* adjoints may be summed in any order (reverse_adjoint.c): in lanes it can be another one */
    bool single = lanes_single || strstr(map, "float") || strstr(map, "single") ||
                  strstr(map, "mixed") || strstr(map, "packed");
    double sums = fmax(tolerance, single ? 16 * (double)FLT_EPSILON : 1e-13);
    compare(&y_bar, rows, tolerance, map, "y_bar");
    compare(&u_bar, columns, sums, map, "u_bar");
    compare(&p_bar, params, sums, map, "p_bar");
    compare(&t_bar, 1, sums, map, "t_bar");
  }
}

#endif
