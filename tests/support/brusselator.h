/**
 * @file brusselator.h
 * @brief The Brusselator on a periodic square: two fields on N x N points, interleaved; large, sparse and stiff.
 *
 *     u_t = 1 + u^2 v - 4.4 u + alpha lap u + s,   v_t = 3.4 u - u^2 v + alpha lap v,   alpha = p[0],
 *
 * s = 5 in a disc (the source of SciMLBenchmarks' Bruss problem, here from the start).
 */
#ifndef UDE_TESTS_BRUSSELATOR_H
#define UDE_TESTS_BRUSSELATOR_H

#include <stdlib.h>
#include <string.h>

#include <ude/vector_field.h>

enum { BRUSSELATOR_WIDTH = 8 };

typedef struct brusselator {
  int         side;
  ude_pattern pattern; /* five points of one field, one of the other; 6 entries a row */
} brusselator;

static inline int64_t brusselator_at(int side, int x, int y, int field) {
  return 2 * ((int64_t)((y + side) % side) * side + (x + side) % side) + field;
}

static int brusselator_rhs(double *du, const double *u, const double *p, double t, void *context) {
  int    side  = ((const brusselator *)context)->side;
  double scale = p[0] * side * side;
  (void)t;
  for (int y = 0; y < side; y++) {
    for (int x = 0; x < side; x++) {
      int64_t here = brusselator_at(side, x, y, 0), left = brusselator_at(side, x - 1, y, 0);
      int64_t right = brusselator_at(side, x + 1, y, 0), up = brusselator_at(side, x, y - 1, 0);
      int64_t down = brusselator_at(side, x, y + 1, 0);
      double  a = u[here], b = u[here + 1], aab = a * a * b;
      double  dx = (double)x / side - 0.3, dy = (double)y / side - 0.6;
      du[here] = 1 + aab - 4.4 * a + scale * (u[left] + u[right] + u[up] + u[down] - 4 * a) +
                 (dx * dx + dy * dy <= 0.01 ? 5 : 0);
      du[here + 1] =
          3.4 * a - aab + scale * (u[left + 1] + u[right + 1] + u[up + 1] + u[down + 1] - 4 * b);
    }
  }
  return 0;
}

static int brusselator_products(int64_t width, double *y, double *y_dot, const double *u,
                                const double *u_dot, const double *p, const double *p_dot,
                                void *context) {
  int    side = ((const brusselator *)context)->side;
  double area = (double)side * side;
  memset(y_dot, 0, (size_t)(2 * width) * (size_t)side * (size_t)side * sizeof *y_dot);
  for (int row = 0; row < side; row++) {
    for (int x = 0; x < side; x++) {
      int64_t here    = brusselator_at(side, x, row, 0);
      int64_t near[4] = {brusselator_at(side, x - 1, row, 0), brusselator_at(side, x + 1, row, 0),
                         brusselator_at(side, x, row - 1, 0), brusselator_at(side, x, row + 1, 0)};
      double  a = u[here], b = u[here + 1];
      for (int64_t lane = 0; lane < width; lane++) {
        double da = u_dot ? u_dot[here * width + lane] : 0,
               db = u_dot ? u_dot[(here + 1) * width + lane] : 0;
        double la = -4 * da, lb = -4 * db, va = -4 * a, vb = -4 * b;
        for (int k = 0; k < 4; k++) {
          la += u_dot ? u_dot[near[k] * width + lane] : 0;
          lb += u_dot ? u_dot[(near[k] + 1) * width + lane] : 0;
          va += u[near[k]];
          vb += u[near[k] + 1];
        }
        double cross = 2 * a * b * da + a * a * db, alpha_dot = p_dot ? p_dot[lane] : 0;
        y_dot[here * width + lane]       = cross - 4.4 * da + area * (p[0] * la + alpha_dot * va);
        y_dot[(here + 1) * width + lane] = 3.4 * da - cross + area * (p[0] * lb + alpha_dot * vb);
      }
    }
  }
  return brusselator_rhs(y, u, p, 0, context);
}

static int brusselator_jvp(double *y, double *y_dot, const double *u, const double *u_dot,
                           const double *p, const double *p_dot, double t, const double *t_dot,
                           void *context) {
  (void)t;
  (void)t_dot;
  return brusselator_products(1, y, y_dot, u, u_dot, p, p_dot, context);
}

static int brusselator_jvp_wide(double *y, double *y_dot, const double *u, const double *u_dot,
                                const double *p, const double *p_dot, double t, const double *t_dot,
                                void *context) {
  (void)t;
  (void)t_dot;
  return brusselator_products(BRUSSELATOR_WIDTH, y, y_dot, u, u_dot, p, p_dot, context);
}

static int brusselator_vjp(const double *u, const double *p, double t, const double *y_bar,
                           double *u_bar, double *p_bar, double *t_bar, void *context) {
  int    side  = ((const brusselator *)context)->side;
  double scale = p[0] * side * side;
  (void)t;
  (void)t_bar;
  for (int y = 0; y < side; y++) {
    for (int x = 0; x < side; x++) {
      int64_t here    = brusselator_at(side, x, y, 0);
      int64_t near[4] = {brusselator_at(side, x - 1, y, 0), brusselator_at(side, x + 1, y, 0),
                         brusselator_at(side, x, y - 1, 0), brusselator_at(side, x, y + 1, 0)};
      double  a = u[here], b = u[here + 1], wa = y_bar[here], wb = y_bar[here + 1];
      double  va = -4 * a, vb = -4 * b;
      for (int k = 0; k < 4; k++) {
        va += u[near[k]];
        vb += u[near[k] + 1];
        if (u_bar) {
          u_bar[near[k]] += scale * wa;
          u_bar[near[k] + 1] += scale * wb;
        }
      }
      if (u_bar) {
        u_bar[here] += (2 * a * b - 4.4 - 4 * scale) * wa + (3.4 - 2 * a * b) * wb;
        u_bar[here + 1] += a * a * wa - (a * a + 4 * scale) * wb;
      }
      if (p_bar) {
        p_bar[0] += (double)side * side * (va * wa + vb * wb);
      }
    }
  }
  return 0;
}

static int brusselator_order(const void *a, const void *b) {
  return *(const int64_t *)a < *(const int64_t *)b ? -1 : 1;
}

/** The field for a square of `side` >= 3 points; its pattern is to be freed with brusselator_free. */
static ude_vector_field brusselator_make(brusselator *b, int side) {
  int64_t n        = 2 * (int64_t)side * side;
  b->side          = side;
  b->pattern       = (ude_pattern){.rows = n, .columns = n};
  b->pattern.start = malloc((size_t)(n + 1) * sizeof(int64_t));
  b->pattern.index = malloc((size_t)(6 * n) * sizeof(int64_t));
  for (int64_t r = 0; r <= n; r++) {
    b->pattern.start[r] = 6 * r;
  }
  for (int y = 0; y < side; y++) {
    for (int x = 0; x < side; x++) {
      for (int field = 0; field < 2; field++) {
        int64_t *row = b->pattern.index + 6 * brusselator_at(side, x, y, field);
        row[0]       = brusselator_at(side, x, y, 0);
        row[1]       = brusselator_at(side, x, y, 1);
        row[2]       = brusselator_at(side, x - 1, y, field);
        row[3]       = brusselator_at(side, x + 1, y, field);
        row[4]       = brusselator_at(side, x, y - 1, field);
        row[5]       = brusselator_at(side, x, y + 1, field);
        qsort(row, 6, sizeof *row, brusselator_order);
      }
    }
  }
  return (ude_vector_field){.state = {.count = n},
                            .param = {.count = 1},
                            .rhs   = {.rows     = n,
                                      .columns  = n,
                                      .value    = brusselator_rhs,
                                      .jvp      = brusselator_jvp,
                                      .jvp_wide = brusselator_jvp_wide,
                                      .width    = BRUSSELATOR_WIDTH,
                                      .vjp      = brusselator_vjp,
                                      .pattern  = &b->pattern,
                                      .context  = b}};
}

static void brusselator_free(brusselator *b) {
  free(b->pattern.start);
  free(b->pattern.index);
}

static void brusselator_start(int side, double *u) {
  for (int y = 0; y < side; y++) {
    for (int x = 0; x < side; x++) {
      double xs = (double)x / side, ys = (double)y / side;
      u[brusselator_at(side, x, y, 0)] = 22 * ys * (1 - ys) * ys * (1 - ys);
      u[brusselator_at(side, x, y, 1)] = 27 * xs * (1 - xs) * xs * (1 - xs);
    }
  }
}

#endif
