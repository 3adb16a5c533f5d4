/* Coefficients of a ROCK scheme from the zeros of w: the polynomials that are orthogonal with the weight w^2 / sqrt(y (2 - y)) by the
 * discretised Stieltjes procedure, which Gauss-Chebyshev nodes make exact (Gautschi, Orthogonal Polynomials, 2.2.3). */
#include <math.h>

#include "solve/rock.h"

enum { MOST_NODES = UDE_ROCK_MOST_STAGES + 8 };

typedef struct nodes {
  int    count;
  double y[MOST_NODES], weight[MOST_NODES], before[MOST_NODES], now[MOST_NODES];
} nodes;

/* (y - A)^2 + B^2 */
static double square(const double root[2], double y) {
  return (y - root[0]) * (y - root[0]) + root[1] * root[1];
}

static void begin(nodes *d, int degree, int squares, double root[2][2]) {
  const double pi  = 3.14159265358979323846;
  double       sum = 0;
  d->count         = degree + 2 * squares + 2;
  for (int i = 0; i < d->count; i++) {
    double half  = sin((i + 0.5) * pi / d->count / 2);
    d->y[i]      = 2 * half * half;
    d->weight[i] = 1;
    for (int k = 0; k < squares; k++) {
      double w = square(root[k], d->y[i]);
      d->weight[i] *= w * w;
    }
    sum += d->weight[i];
  }
  for (int i = 0; i < d->count; i++) {
    d->before[i] = 0;
    d->now[i]    = 1 / sqrt(sum);
  }
}

/* The next polynomial: beta' P' = (y - alpha) P - beta P_before. */
static double advance(nodes *d, double *beta) {
  double alpha = 0;
  double norm  = 0;
  for (int i = 0; i < d->count; i++) {
    alpha += d->weight[i] * d->y[i] * d->now[i] * d->now[i];
  }
  for (int i = 0; i < d->count; i++) {
    double next  = (d->y[i] - alpha) * d->now[i] - *beta * d->before[i];
    d->before[i] = d->now[i];
    d->now[i]    = next;
    norm += d->weight[i] * next * next;
  }
  *beta = sqrt(norm);
  for (int i = 0; i < d->count; i++) {
    d->now[i] /= *beta;
  }
  return alpha;
}

/* w = 1 + 2 sigma z + tau z^2: k_1 = f(g), k_2 = f(g + sigma h k_1), and b, e as in the paper's two-stage end. */
static void end_of_two(ude_rock_scheme *scheme, const double root[2], double y0, double c) {
  double w        = square(root, y0);
  double sigma    = -(y0 - root[0]) / c / w;
  double tau      = 1 / (c * c * w);
  double rest     = sigma * (1 - tau / (sigma * sigma));
  scheme->a[1][0] = sigma;
  scheme->b[0]    = sigma + rest;
  scheme->b[1]    = sigma - rest;
  scheme->e[0]    = rest;
  scheme->e[1]    = -rest;
}

static void end_of_four(ude_rock_scheme *scheme, const double *numbers) {
  for (int i = 1; i < 4; i++) {
    for (int j = 0; j < i; j++) {
      scheme->a[i][j] = *numbers++;
    }
  }
  for (int i = 0; i < 4; i++) {
    scheme->b[i] = *numbers++;
  }
  for (int i = 0; i < 5; i++) {
    scheme->e[i] = *numbers++;
  }
}

void ude_rock_scheme_make(const ude_rock_table *table, int row, ude_rock_scheme *scheme) {
  const ude_rock_row *from    = &table->row[row];
  int                 squares = table->order / 2;
  int                 m       = from->stages - table->order;
  double              scale   = 1 / ((double)from->stages * from->stages);
  double              y0      = -from->numbers[1 + 2 * squares] * scale;
  double              root[2][2];
  nodes               d;
  *scheme = (ude_rock_scheme){.chain = m, .length = from->numbers[0]};
  for (int k = 0; k < squares; k++) {
    root[k][0] = from->numbers[1 + 2 * k] * scale;
    root[k][1] = from->numbers[2 + 2 * k] * scale;
  }
  begin(&d, m, squares, root);
  double beta  = 0;
  double up    = 0; /* P_j / P_{j-1} at y0 */
  double slope = 0; /* P_j' / P_j there, and that of P_{j-1} */
  double last  = 0;
  for (int j = 1; j <= m; j++) {
    double before = beta;
    double alpha  = advance(&d, &beta);
    double back   = j > 1 ? before / beta / up : 0;
    double first  = (y0 - alpha) / beta;
    up            = first - back;
    double next   = (first * slope - back * last + 1 / beta) / up;
    last          = slope;
    slope         = next;
    scheme->nu[j] = first / up;
    scheme->mu[j] = -1 / (beta * up);
  }
  for (int k = 0; k < squares; k++) {
    slope += 2 * (y0 - root[k][0]) / square(root[k], y0);
  }
  double c = -slope; /* R'(0) = 1 */
  for (int j = 1; j <= m; j++) {
    scheme->mu[j] /= c;
    scheme->c[j] = scheme->mu[j] + scheme->nu[j] * scheme->c[j - 1] +
                   (j > 1 ? (1 - scheme->nu[j]) * scheme->c[j - 2] : 0);
  }
  if (table->order == 2) {
    end_of_two(scheme, root[0], y0, c);
  } else {
    end_of_four(scheme, from->numbers + 2 + 2 * squares);
  }
  for (int i = 0; i < table->order; i++) {
    scheme->c_end[i] = scheme->c[m];
    for (int j = 0; j < i; j++) {
      scheme->c_end[i] += scheme->a[i][j];
    }
  }
}
