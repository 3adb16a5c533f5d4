/* What ordinary numerical C contains, one construct a map: rows, columns and params of each are in
 * language_cases.h. */
#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAP(name) \
  void map_##name(double *restrict y, const double *restrict u, const double *restrict p, double t)
#define NOINLINE __attribute__((noinline))

MAP(straight) {
  y[0] = u[0] * u[1] + p[0] * sin(u[2] * t);
  y[1] = exp(-u[0]) / (1 + u[1] * u[1]) - p[1];
  y[2] = u[0] - 3;
}

MAP(nested) {
  for (int i = 0; i < 4; i++) {
    double sum = 0;
    for (int j = 0; j < 4; j++) {
      sum += p[i * 4 + j] * tanh(u[j]);
    }
    y[i] = sum * t;
  }
}

MAP(triangular) {
  double s = 1;
  for (int i = 0; i < 5; i++) {
    for (int j = 0; j <= i; j++) {
      s = s * 0.9 + u[i] * u[j] * p[0];
    }
    y[i] = s;
  }
}

MAP(while_exit) {
  double x = u[0];
  int    n = 0;
  while (x * x > 0.1 && n < 100) {
    x = x * 0.7 + 0.01 * p[0];
    n++;
  }
  y[0] = x + n;
  do {
    x = x * x + u[1];
  } while (x < 3);
  y[1] = x;
}

MAP(jumps) {
  double s = 0;
  for (int i = 0; i < 6; i++) {
    if (u[i % 3] * i > 4) {
      break;
    }
    if (i == 2) {
      continue;
    }
    s += u[i % 3] * u[i % 3] * i;
  }
  int k = 0;
again:
  s = s * 0.5 + p[0];
  if (++k < 4) {
    goto again;
  }
  switch ((int)u[0] + k) {
  case 4: y[0] = s * u[1]; break;
  case 5: y[0] = s + u[1]; /* fall through */
  case 6: y[0] += u[2] * u[2]; break;
  default: y[0] = s;
  }
  y[1] = s;
}

static NOINLINE double early(double x, double a, int n) {
  for (int i = 0; i < n; i++) {
    if (x > 2) {
      return x * a;
    }
    x = x * 1.3 + a * 0.1;
    if (x < 0) {
      return -x;
    }
  }
  return x * x;
}

MAP(early_return) {
  y[0] = early(u[0], p[0], 3);
  y[1] = early(u[1], p[0], 10);
  y[2] = early(-u[0] - 2, p[0], 2) + early(u[0] * u[1], u[1], 1);
  if (u[0] > 100) {
    return;
  }
  y[0] *= u[1];
}

static double power(double x, int n) {
  if (n == 0) {
    return 1;
  }
  if (n % 2) {
    return x * power(x, n - 1);
  }
  double half = power(x, n / 2);
  return half * half;
}

static NOINLINE double tree(const double *u, int low, int high) {
  if (high - low == 1) {
    return sin(u[low]);
  }
  int middle = (low + high) / 2;
  return tree(u, low, middle) * tree(u, middle, high) + u[low];
}

MAP(recursion) {
  y[0] = power(u[0], 13);
  y[1] = tree(u, 0, 5);
}

MAP(lu) {
  double a[4][4], b[4];
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 4; j++) {
      a[i][j] = p[4 * i + j] + (i == j ? 4 + u[i] : 0);
    }
    b[i] = u[i];
  }
  for (int k = 0; k < 4; k++) {
    for (int i = k + 1; i < 4; i++) {
      double m = a[i][k] /= a[k][k];
      for (int j = k + 1; j < 4; j++) {
        a[i][j] -= m * a[k][j];
      }
      b[i] -= m * b[k];
    }
  }
  for (int i = 3; i >= 0; i--) {
    for (int j = i + 1; j < 4; j++) {
      b[i] -= a[i][j] * b[j];
    }
    b[i] /= a[i][i];
  }
  memcpy(y, b, sizeof b);
}

MAP(pivot) {
  double a[3][4];
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      a[i][j] = p[3 * i + j];
    }
    a[i][3] = u[i];
  }
  for (int k = 0; k < 3; k++) {
    int best = k;
    for (int i = k + 1; i < 3; i++) {
      best = fabs(a[i][k]) > fabs(a[best][k]) ? i : best;
    }
    if (best != k) {
      for (int j = 0; j < 4; j++) {
        double swap = a[k][j];
        a[k][j]     = a[best][j];
        a[best][j]  = swap;
      }
    }
    for (int i = 0; i < 3; i++) {
      if (i == k) {
        continue;
      }
      double m = a[i][k] / a[k][k];
      for (int j = k; j < 4; j++) {
        a[i][j] -= m * a[k][j];
      }
    }
  }
  for (int i = 0; i < 3; i++) {
    y[i] = a[i][3] / a[i][i];
  }
}

MAP(cumulative) {
  double x[6];
  memcpy(x, u, sizeof x);
  for (int i = 1; i < 6; i++) {
    x[i] += x[i - 1] * x[i];
  }
  for (int i = 4; i >= 0; i--) {
    x[i] *= x[i + 1];
  }
  memmove(x + 1, x, 5 * sizeof *x);
  for (int i = 0; i < 6; i++) {
    y[i] = x[i] * p[0];
  }
}

MAP(ping_pong) {
  double a[8], b[8], *from = a, *to = b;
  for (int i = 0; i < 8; i++) {
    from[i] = u[i];
  }
  for (int step = 0; step < 5; step++) {
    for (int i = 0; i < 8; i++) {
      double left = from[(i + 7) % 8], right = from[(i + 1) % 8];
      to[i] = from[i] + p[0] * (left - 2 * from[i] + right) - from[i] * from[i] * 0.01;
    }
    double *swap = from;
    from         = to;
    to           = swap;
  }
  for (int i = 0; i < 8; i++) {
    y[i] = from[i];
  }
}

MAP(fft) {
  enum { N = 8 };
  double re[N], im[N];
  for (int i = 0; i < N; i++) {
    int r = (i & 1) << 2 | (i & 2) | (i & 4) >> 2;
    re[r] = u[i];
    im[r] = u[N + i];
  }
  for (int len = 2; len <= N; len <<= 1) {
    double angle = -6.283185307179586 / len * p[0];
    for (int i = 0; i < N; i += len) {
      for (int j = 0; j < len / 2; j++) {
        double c = cos(angle * j), s = sin(angle * j);
        int    a = i + j, b = i + j + len / 2;
        double x = re[b] * c - im[b] * s, z = re[b] * s + im[b] * c;
        re[b] = re[a] - x;
        im[b] = im[a] - z;
        re[a] += x;
        im[a] += z;
      }
    }
  }
  for (int i = 0; i < N; i++) {
    y[i] = re[i] * re[i] + im[i] * im[i];
  }
}

struct body {
  double q[2], v[2], m;
  int    id;
};

static NOINLINE void pull(struct body *a, const struct body *b, double g) {
  double dx = b->q[0] - a->q[0], dy = b->q[1] - a->q[1];
  double d2 = dx * dx + dy * dy + 0.01, w = g * b->m / (d2 * sqrt(d2));
  a->v[0] += w * dx;
  a->v[1] += w * dy;
}

MAP(array_of_structs) {
  struct body bodies[3];
  for (int i = 0; i < 3; i++) {
    bodies[i] = (struct body){{u[4 * i], u[4 * i + 1]}, {u[4 * i + 2], u[4 * i + 3]}, p[i], i};
  }
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      if (bodies[i].id != bodies[j].id) {
        pull(&bodies[i], &bodies[j], 0.5);
      }
    }
  }
  for (int i = 0; i < 3; i++) {
    struct body copy = bodies[i];
    bodies[i]        = bodies[(i + 1) % 3];
    y[4 * i]         = copy.v[0] * copy.m;
    y[4 * i + 1]     = copy.v[1];
    y[4 * i + 2]     = copy.q[0] + bodies[i].q[0];
    y[4 * i + 3]     = copy.q[1] * bodies[i].v[0];
  }
}

struct small {
  float x, y;
};
struct pair {
  double a, b;
};
struct large {
  double v[6];
  int    n;
};

static NOINLINE struct pair rotate(struct pair x, double angle) {
  return (struct pair){x.a * cos(angle) - x.b * sin(angle), x.a * sin(angle) + x.b * cos(angle)};
}

static NOINLINE struct small shrink(struct small s, float by) {
  return (struct small){s.x * by, s.y + by * s.x};
}

static NOINLINE double total(struct large l) {
  l.v[0] *= 2;
  double s = 0;
  for (int i = 0; i < l.n; i++) {
    s += l.v[i] * l.v[i];
  }
  return s;
}

static NOINLINE struct large make(const double *u, int n) {
  struct large l = {.n = n};
  for (int i = 0; i < n; i++) {
    l.v[i] = u[i % 3] * (i + 1);
  }
  return l;
}

MAP(struct_values) {
  struct pair  x = rotate((struct pair){u[0], u[1]}, p[0]);
  struct small s = shrink((struct small){(float)u[0], (float)u[2]}, (float)u[1]);
  struct large l = make(u, 5);
  y[0]           = x.a * x.b;
  y[1]           = s.x + s.y;
  y[2]           = total(l) + l.v[0];
  l              = make(y, 2);
  y[0] += l.v[1];
}

MAP(heap) {
  int     n = 3;
  double *x = malloc((size_t)n * sizeof *x), *z = calloc(4, sizeof *z);
  if (!x || !z) {
    abort();
  }
  for (int i = 0; i < n; i++) {
    x[i] = u[i] * u[(i + 1) % 3];
  }
  for (int grow = 0; grow < 3; grow++) {
    x = realloc(x, (size_t)(n + 2) * sizeof *x);
    if (!x) {
      abort();
    }
    x[n]     = x[n - 1] * p[0];
    x[n + 1] = x[0] + z[1];
    z[grow] += x[n] * 0.5;
    n += 2;
  }
  double s = z[0];
  for (int i = 0; i < n; i++) {
    s += x[i] * x[i];
  }
  y[0] = s;
  y[1] = x[n - 2] * z[2];
  free(x);
  free(z);
}

struct link {
  double       value;
  struct link *next;
};

MAP(list) {
  struct link *head = NULL;
  for (int i = 0; i < 4; i++) {
    struct link *node = malloc(sizeof *node);
    if (!node) {
      abort();
    }
    *node = (struct link){u[i % 3] * p[0], head};
    head  = node;
  }
  double s = 1;
  for (struct link *at = head; at; at = at->next) {
    s         = s * at->value + 0.3;
    at->value = s;
  }
  y[0] = s;
  y[1] = head->next->value;
  while (head) {
    struct link *next = head->next;
    free(head);
    head = next;
  }
}

MAP(vla) {
  int n = (int)p[1];
  for (int round = 0; round < 2; round++) {
    double x[n], z[2 * n];
    for (int i = 0; i < n; i++) {
      x[i] = u[i % 3] + i;
    }
    for (int i = 0; i < 2 * n; i++) {
      z[i] = x[i % n] * x[(i + 1) % n] * p[0];
    }
    double s = 0;
    for (int i = 0; i < 2 * n; i++) {
      s += z[i] * z[(i + round) % n];
    }
    y[round] = s;
  }
}

static const double quadrature[4] = {0.1, 0.35, 0.35, 0.2};
static const int    order[4]      = {2, 0, 1, 2};

MAP(tables) {
  double s = 0;
  for (int i = 0; i < 4; i++) {
    s += quadrature[i] * u[order[i]] * u[order[3 - i]];
  }
  y[0]              = s;
  const double *row = u[0] > 0 ? quadrature : u;
  y[1]              = row[1] * u[1] + row[2];
}

static double scratch[8];
static double factor = 2;

MAP(static_buffer) {
  factor = 2;
  for (int i = 0; i < 3; i++) {
    scratch[i] = u[i] * factor;
  }
  factor = u[0];
  for (int i = 0; i < 3; i++) {
    scratch[i + 3] = scratch[i] * scratch[(i + 1) % 3] * factor;
  }
  for (int i = 0; i < 3; i++) {
    y[i] = scratch[i + 3] + scratch[i] * p[0];
  }
}

typedef double (*unary)(double);
static NOINLINE double square(double x) {
  return x * x;
}
static NOINLINE double soften(double x) {
  return x / (1 + fabs(x));
}
static unary const activations[] = {square, soften, tanh};

static NOINLINE double apply(double (*f)(double, double), double a, double b) {
  return f(a, b) + a;
}
static NOINLINE double add(double a, double b) {
  return a + b * b;
}
static NOINLINE double times(double a, double b) {
  return a * b;
}

MAP(function_pointers) {
  double s = 0;
  for (int i = 0; i < 6; i++) {
    s = activations[(i + (int)p[1]) % 3](s + u[i % 3]) + p[0] * s;
  }
  y[0] = s;
  y[1] = apply(u[0] > 1 ? add : times, u[1], u[2]);
}

MAP(floats) {
  float x[3], s = 0;
  for (int i = 0; i < 3; i++) {
    x[i] = (float)u[i];
  }
  for (int i = 0; i < 3; i++) {
    s += sinf(x[i]) * x[(i + 1) % 3] * (float)p[0];
  }
  double wide = (double)s * u[0];
  y[0]        = wide;
  y[1]        = (double)expf(x[0] / x[1]) + (double)(float)(u[2] * u[2]);
  y[2]        = (double)powf(x[0], x[2]);
}

MAP(integers) {
  int    n = (int)p[0];
  double s = 0;
  for (int i = 0; i < n; i++) {
    s += u[0] * i / (double)n;
  }
  y[0] = s + floor(u[1]) * u[2];
  y[1] = u[(int)(u[1] * 2) % 3] * (double)lround(u[2]);
}

MAP(irreducible) {
  double x = u[0];
  int    n = 0;
  if (u[1] > 0) {
    goto middle;
  }
top:
  x = x * u[1] + p[0];
middle:
  x = sin(x) + 0.1 * u[2];
  if (++n < 5) {
    goto top;
  }
  y[0] = x;
}

MAP(printing) {
  if (u[0] > 1e300) {
    fprintf(stderr, "huge %g\n", u[0]);
  }
  if (!(u[1] < 1e300)) {
    abort();
  }
  y[0] = u[0] * u[1] * p[0];
}

union shape {
  struct {
    double radius;
  } circle;
  struct {
    double width, height;
  } box;
};

struct item {
  int         kind;
  union shape shape;
};

static NOINLINE double area(const struct item *item) {
  return item->kind ? item->shape.box.width * item->shape.box.height
                    : 3 * item->shape.circle.radius * item->shape.circle.radius;
}

MAP(unions) {
  struct item items[2] = {{0, {.circle = {u[0]}}}, {1, {.box = {u[1], u[2]}}}};
  y[0]                 = area(&items[0]) * p[0];
  y[1]                 = area(&items[(int)p[1]]);
  items[0]             = items[1];
  y[2]                 = area(&items[0]) * u[0];
}

static NOINLINE void swap_doubles(double *a, double *b) {
  double c = *a;
  *a       = *b;
  *b       = c;
}

static NOINLINE double dot(const double *a, const double *b, int n) {
  double s = 0;
  for (int i = 0; i < n; i++) {
    s += a[i] * b[i];
  }
  return s;
}

MAP(helpers) {
  double x[3] = {u[0], u[1] * u[2], u[2]};
  swap_doubles(&x[0], &x[2]);
  y[0] = dot(x, u, 3) * dot(p, u, 2);
  y[1] = dot(x, x, 3);
  x[1] = y[1];
  y[2] = dot(x, p, 2);
  for (int i = 0; i < 3; i++) {
    y[i] += dot(x + 1, u + i % 2, 2) * i;
  }
}

MAP(reads_output) {
  for (int i = 0; i < 3; i++) {
    y[i] = u[i];
  }
  for (int k = 0; k < 3; k++) {
    for (int i = 0; i < 3; i++) {
      y[i] = y[i] * y[(i + 1) % 3] + p[0];
    }
  }
  y[1] = y[1] * t;
}

MAP(selects) {
  double a = u[0] > u[1] ? u[0] : u[1];
  double b = fmax(u[2], p[0]);
  double c = u[0] < 0 ? 0 : sqrt(u[0]);
  y[0]     = a * b;
  y[1]     = fmin(a, b) * c;
  y[2]     = copysign(u[1], -1.0) + fabs(u[2]) + fdim(u[0], u[1]);
}

MAP(bytes_of_structs) {
  struct body all[2], other[2];
  memset(all, 0, sizeof all);
  for (int i = 0; i < 2; i++) {
    all[i].q[0] = u[i];
    all[i].v[1] = u[i] * u[2];
    all[i].m    = p[0];
    all[i].id   = i;
  }
  memcpy(other, all, sizeof all);
  memset(&all[0], 0, sizeof all[0]);
  other[0].m *= other[1].q[0];
  all[1] = other[0];
  y[0]   = all[0].q[0] + all[1].m * all[1].v[1];
  y[1]   = other[1].v[1] * other[0].m;
}

MAP(pointer_walk) {
  const double *at = u, *end = u + 6;
  double        x[6], *to    = x + 6;
  while (at < end) {
    *--to = *at++ * p[0];
  }
  double s = 1;
  for (double *z = x; z != x + 6; z += 2) {
    s    = s * z[0] + z[1] * z[1];
    z[1] = s;
  }
  y[0] = s;
  y[1] = x[1] * x[5];
}

static NOINLINE double strided(const double *u, int first, int last, int step) {
  double s = 1;
  for (int i = first; i < last; i += step) {
    s = s * 0.8 + u[i] * u[i] * s;
  }
  for (int i = last - 1; i >= first; i -= 3) {
    s = s * 0.9 + u[i] * i;
  }
  unsigned k = (unsigned)last;
  while (k-- > 0) {
    s += u[k] * s * 0.1;
  }
  return s;
}

MAP(strides) {
  y[0]     = strided(u, 0, 12, 5) + strided(u, 3, 9, 2);
  double s = 0;
  for (size_t i = 11; i != (size_t)-1; i--) {
    s = s * 0.7 + u[i] * s + p[0];
  }
  y[1] = s;
  s    = 1;
  for (long i = 2; i < (long)p[1] * 4 + 3; i += 3) {
    for (int j = (int)i; j > 0; j -= 2) {
      s = s * 0.95 + u[j] * u[i % 12] * 0.1;
    }
  }
  y[2] = s;
  int i, j = 0;
  for (i = 0; i < 10; i++) {
    if (u[i] > 1.45) {
      break;
    }
    j += i;
  }
  y[3] = u[i] * u[j % 12] * i;
}

MAP(long_loop) {
  double x = u[0], z = u[1];
  for (int i = 0; i < 20000; i++) {
    double w = sin(x) * z;
    if (w > 0.4) {
      z -= 1e-3 * (w - 0.4) * z;
    } else {
      x += 1e-3 * (w - 0.4) * p[0];
    }
    x += 1e-5 * w * w;
  }
  y[0] = x;
  y[1] = z;
}

MAP(live_out) {
  double last = 0, best = -1e9;
  int    where = 0, i = 0;
  for (; i < 8; i++) {
    double v = sin(u[i % 4] * (i + 1)) * p[0];
    if (v > best) {
      best  = v;
      where = i;
    }
    last = v * u[0];
  }
  y[0]         = last * best * i;
  y[1]         = best * u[where % 4] * where;
  double inner = 0;
  for (int k = 0; k < 3; k++) {
    for (int j = 0; j <= k + 1; j++) {
      inner = u[j] * inner + u[k];
      if (inner > 30) {
        goto done;
      }
    }
    last = inner * last;
  }
done:
  y[2] = inner * last;
}

static NOINLINE double sum_of(const double *x, int n, double *scale) {
  double work[n], s = 0;
  for (int i = 0; i < n; i++) {
    work[i] = x[i] * *scale;
  }
  for (int i = 1; i < n; i++) {
    work[i] *= work[i - 1];
    s += work[i];
    if (s > 50) {
      return s * *scale;
    }
  }
  *scale *= 1.1;
  return s;
}

static NOINLINE void halves(double *x, int n, double w) {
  double copy[16];
  if (n < 2) {
    x[0] *= w;
    return;
  }
  memcpy(copy, x, (size_t)n * sizeof *x);
  halves(copy, n / 2, w * 1.1);
  halves(copy + n / 2, n - n / 2, w * x[0]);
  for (int i = 0; i < n; i++) {
    x[i] += 0.1 * copy[n - 1 - i] * copy[i];
  }
}

MAP(helper_arrays) {
  double x[8], scale = p[0];
  for (int i = 0; i < 8; i++) {
    x[i] = u[i];
  }
  y[0] = 0;
  for (int round = 2; round < 7; round++) {
    y[0] += sum_of(x, round, &scale) * scale;
  }
  halves(x, 7, p[0]);
  y[1] = x[0] * x[6];
  y[2] = x[3] + scale;
}

MAP(overlaps) {
  double x[12];
  int    n = (int)p[1] + 4;
  for (int i = 0; i < 12; i++) {
    x[i] = u[i % 4] * (i + 1);
  }
  memmove(x + 2, x, (size_t)n * sizeof *x);
  x[1] = x[3] * x[2];
  memmove(x, x + 1, (size_t)n * sizeof *x);
  memmove(x + 4, x + (n & 1), (size_t)(n - 1) * sizeof *x);
  y[0] = x[0] * x[5];
  y[1] = x[4] * x[7] + x[2];
  y[2] = x[6] * p[0] + x[9];
}

struct node {
  double       weight;
  struct node *left, *right;
};

static NOINLINE double fold(const struct node *n, double x) {
  if (!n) {
    return x;
  }
  return fold(n->left, x * n->weight) + sin(fold(n->right, x + n->weight));
}

MAP(tree_of_nodes) {
  struct node nodes[5];
  for (int i = 0; i < 5; i++) {
    nodes[i].weight = u[i % 3] * (i + 1) * 0.3;
    nodes[i].left   = 2 * i + 1 < 5 ? &nodes[2 * i + 1] : NULL;
    nodes[i].right  = 2 * i + 2 < 5 ? &nodes[2 * i + 2] : NULL;
  }
  y[0]              = fold(nodes, p[0]);
  struct node saved = nodes[1];
  nodes[1].weight *= saved.weight;
  nodes[2] = nodes[1];
  y[1]     = fold(nodes, p[0] * saved.left->weight);
}

struct mixed {
  float  a;
  int    n;
  double b;
};

MAP(mixed_structs) {
  struct mixed m[3];
  for (int i = 0; i < 3; i++) {
    m[i] = (struct mixed){(float)u[i], i, u[i] * p[0]};
  }
  double s = 0;
  for (int i = 0; i < 3; i++) {
    s += (double)m[i].a * m[(i + 1) % 3].b * m[i].n;
  }
  y[0] = s;
  y[1] = (double)(m[2].a * m[1].a) + m[0].b;
}

MAP(rows) {
  double **a = malloc(3 * sizeof *a);
  for (int i = 0; i < 3; i++) {
    a[i] = calloc(3, sizeof **a);
    for (int j = 0; j < 3; j++) {
      a[i][j] = u[i] * p[j];
    }
  }
  double *r = a[0];
  a[0]      = a[2];
  a[2]      = r;
  double s  = 0;
  for (int i = 0; i < 3; i++) {
    for (int j = 0; j < 3; j++) {
      s += a[i][j] * a[j][i] * (i + 1);
    }
  }
  y[0] = s;
  y[1] = a[0][1] * a[2][2];
  for (int i = 0; i < 3; i++) {
    free(a[i]);
  }
  free(a);
}
MAP(complex_numbers) {
  double complex z = u[0] + I * u[1], w = p[0] - I * u[2];
  double complex q = z * w + z / w;
  y[0]             = creal(q) * carg(w);
  y[1]             = cimag(q) * cabs(z);
}
static double        first_part[3], second_part[3];
static double *const both[] = {first_part, second_part};
MAP(ptrtable) {
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < 3; i++) {
      both[k][i] = u[i] * (k + 1) + p[0];
    }
  }
  int w = (int)p[1];
  y[0]  = both[w][0] * both[1 - w][1];
  y[1]  = first_part[2] * second_part[0];
}
struct part {
  double k[3];
  int    n;
  double (*f)(double, double);
};
static NOINLINE double fa(double x, double k) {
  return k * x * x;
}
static NOINLINE double fb(double x, double k) {
  return sin(k * x);
}
static NOINLINE double run(const struct part *m, double x) {
  double s = 0;
  for (int i = 0; i < m->n; i++) {
    s += m->f(x, m->k[i]);
  }
  return s;
}
MAP(vtable) {
  struct part m[2] = {{{p[0], p[1], u[0]}, 3, fa}, {{u[1], p[0], p[1]}, 2, fb}};
  y[0]             = run(&m[0], u[0]) * run(&m[1], u[2]);
  y[1]             = run(&m[(int)p[1] & 1], u[1]);
}
MAP(boolmask) {
  bool on[6];
  int  idx[6];
  for (int i = 0; i < 6; i++) {
    on[i]  = u[i % 3] > 1.1;
    idx[i] = (i * 7) % 3;
  }
  double s = 1;
  for (int i = 0; i < 6; i++) {
    if (on[i]) {
      s = s * u[idx[i]] + p[0];
    } else {
      s -= u[idx[5 - i]];
    }
  }
  y[0] = s;
  y[1] = s * s;
}
static NOINLINE double *pick(double *a, double *b, int w) {
  return w ? a : b;
}
MAP(pickptr) {
  double a[3], b[3];
  for (int i = 0; i < 3; i++) {
    a[i] = u[i];
    b[i] = u[i] * u[i];
  }
  for (int i = 0; i < 4; i++) {
    double *q = pick(a, b, i % 2);
    *q        = q[1] * q[2] + p[0];
    q         = pick(a + 1, b + 1, (i + 1) % 2);
    q[0] *= 0.9;
  }
  y[0] = a[0] * b[0];
  y[1] = a[1] + b[1];
}
MAP(stencil3) {
  double g[4][5];
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j < 5; j++) {
      g[i][j] = u[i % 3] * (j + 1);
    }
  }
  for (int s = 0; s < 3; s++) {
    for (int i = 1; i < 3; i++) {
      for (int j = 1; j < 4; j++) {
        g[i][j] = 0.25 * (g[i - 1][j] + g[i + 1][j] + g[i][j - 1] * p[0] + g[i][j + 1] * g[i][j]);
      }
    }
  }
  y[0] = g[1][1];
  y[1] = g[2][3] * g[1][2];
}
static double newton(double a) {
  double x = a > 1 ? a : 1;
  for (int i = 0; i < 50; i++) {
    double f = x * x * x - a, d = f / (3 * x * x);
    x -= d;
    if (fabs(d) < 1e-14 * fabs(x)) {
      break;
    }
  }
  return x;
}
MAP(newton) {
  y[0] = newton(u[0] * p[0]);
  y[1] = newton(y[0] + u[1]) * u[2];
}
static double bisect(const double *c, double lo, double hi) {
  while (hi - lo > 1e-3) {
    double m = 0.5 * (lo + hi);
    if (c[0] + m * (c[1] + m * c[2]) > 3) {
      hi = m;
    } else {
      lo = m;
    }
  }
  double x = lo;
  for (int k = 0; k < 4; k++) {
    x -= (c[0] + x * (c[1] + x * c[2]) - 3) / (c[1] + 2 * x * c[2]);
  }
  return x;
}
MAP(bisect) {
  y[0] = bisect(u, 0, 5);
  y[1] = y[0] * p[0];
}
static double interp(const double *x, const double *v, int n, double at) {
  int lo = 0, hi = n - 1;
  while (hi - lo > 1) {
    int m = (lo + hi) / 2;
    if (x[m] > at) {
      hi = m;
    } else {
      lo = m;
    }
  }
  double w = (at - x[lo]) / (x[hi] - x[lo]);
  return v[lo] * (1 - w) + v[hi] * w;
}
MAP(interp) {
  static const double x[5] = {0, 1, 1.5, 2, 4};
  double              v[5];
  for (int i = 0; i < 5; i++) {
    v[i] = u[i % 3] * i;
  }
  y[0] = interp(x, v, 5, u[0]);
  y[1] = interp(x, v, 5, t * u[1]);
}
static NOINLINE int gcd(int a, int b) {
  return b ? gcd(b, a % b) : a;
}
MAP(intrec) {
  y[0] = u[0] * gcd(12, (int)(p[0] * 10));
  y[1] = u[1] * u[2];
}
static NOINLINE void visit(double *out, const double *u, int n, void (*f)(double *, double)) {
  for (int i = 0; i < n; i++) {
    f(out, u[i]);
  }
}
static void accsum(double *o, double x) {
  *o += x * x;
}
static void accprod(double *o, double x) {
  *o = *o * x + 0.1;
}
MAP(callbacks) {
  double a = 0, b = 1;
  visit(&a, u, 3, accsum);
  visit(&b, u, 3, (int)p[1] ? accprod : accsum);
  y[0] = a * p[0];
  y[1] = a * b;
}
MAP(qsorted) {
  double x[6];
  for (int i = 0; i < 6; i++) {
    x[i] = sin(u[i % 3] * (i + 1));
  }
  for (int i = 1; i < 6; i++) {
    double v = x[i];
    int    j = i - 1;
    while (j >= 0 && x[j] > v) {
      x[j + 1] = x[j];
      j--;
    }
    x[j + 1] = v;
  }
  y[0] = x[0] * x[5];
  y[1] = x[2] - p[0] * x[3];
}

static NOINLINE double hypot_(double a, double b) {
  return a * b + a;
}
/* The model's own functions may have names that the rules use. */
static NOINLINE double own_log(double x) __asm__("j1");
static NOINLINE double own_log(double x) {
  return x * x * x;
}

MAP(own_names) {
  y[0] = own_log(u[0]) * j0(u[1]) * p[0];
  y[1] = hypot_(u[0], u[2]) * own_log(u[2]);
}

/* Structs that travel in one register, or in several of different kinds. */
struct tagged {
  float value;
  int   tag;
};
struct wide_tagged {
  float a, b, c;
  int   tag;
};
static NOINLINE float weigh(struct tagged x) {
  return x.value * x.value * (float)x.tag;
}
static NOINLINE struct tagged tag(float a, int n) {
  return (struct tagged){a * a, n};
}
static NOINLINE struct wide_tagged widen(const double *u, struct tagged t) {
  return (struct wide_tagged){(float)u[0], t.value, (float)(u[0] * u[1]), t.tag + 1};
}
static NOINLINE double narrow(struct wide_tagged x) {
  return (double)(x.c * (float)x.tag * x.a + x.b);
}
MAP(packed_structs) {
  struct tagged      x = {(float)u[0], 3}, z = tag((float)u[1], 2);
  struct wide_tagged w = widen(u, z), v = widen(p, x);
  y[0] = (double)(weigh(x) * z.value) + narrow(w);
  y[1] = (double)weigh(z) + narrow(v) * (double)w.c;
}

/* Copies of memory with both types of numbers, whole structs and not. */
struct both_kinds {
  float  a, b;
  double c;
};
struct record {
  double x[4];
  float  f[3];
  int    n;
};
static struct both_kinds ring[6];
static NOINLINE void     copy_all(struct both_kinds *to, const struct both_kinds *from, int n) {
  for (int i = 0; i < n; i++) {
    to[i] = from[i];
  }
}
static NOINLINE struct record scaled(struct record r) {
  r.x[0] *= (double)r.f[1];
  return r;
}
MAP(mixed_copies) {
  struct both_kinds m[4], q[4];
  struct record     r = {{u[0], u[1]}, {1, (float)u[1]}, 2}, s[3], from[2];
  for (int i = 0; i < 4; i++) {
    m[i] = (struct both_kinds){(float)u[0] * (float)i, (float)u[1], u[0] * u[1] * i};
  }
  copy_all(q, m, 3 + (t > 100));
  m[1].c = 3;
  s[0] = s[1] = s[2] = scaled(r);
  from[0] = from[1] = scaled(s[0]);
  memcpy(s + 1, from, (size_t)((int)(t + 0.5) + 1) * 32 + 16);
  from[1].x[0] = 0;
  s[0].x[1] *= s[1].x[0];
  y[0] = (double)q[1].a * q[2].c + s[0].x[1] * s[2].x[0];
  y[1] = (double)q[2].b * m[1].c + m[2].c + s[1].x[1] * (double)s[2].f[1];
}
MAP(mixed_moves) {
  for (int i = 0; i < 6; i++) {
    ring[i] = (struct both_kinds){(float)u[0] * (float)i, 1, u[1] * i};
  }
  int one = (int)(t + 0.5);
  memmove(ring + 1, ring, (size_t)(3 + one) * sizeof *ring);
  memmove(ring + one, ring + 2, 3 * sizeof *ring);
  memmove(ring + 3, ring + one + 1, 2 * sizeof *ring);
  y[0] = (double)ring[1].a * ring[2].c;
  y[1] = ring[3].c + (double)ring[4].a * ring[0].c;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}
MAP(sorted_by_library) {
  double s[5] = {u[0], u[1] * p[0] + 5, u[2] - 4, u[0] * u[1] - 12, p[1] + 9};
  qsort(s, 5, sizeof *s, by_value);
  y[0] = s[0] + 2 * s[1] * s[4];
  y[1] = s[2] - s[3] * t;
}

struct keyed {
  double key;
  int    index;
};
static int by_key(const void *a, const void *b) {
  const struct keyed *x = a, *y = b;
  return x->key < y->key ? -1 : x->key > y->key;
}
MAP(sorted_structs) {
  struct keyed s[4];
  for (int i = 0; i < 4; i++) {
    s[i] = (struct keyed){u[i % 3] * p[i % 2] + 5 * (i * 3 % 4), i};
  }
  qsort(s, 4, sizeof *s, by_key);
  y[0] = s[0].key * s[3].key * s[1].index;
  y[1] = u[s[2].index % 3] * s[2].key;
}

MAP(complex_functions) {
  double complex z = u[0] + I * u[1], w = u[2] - I * p[0];
  double complex q = csqrt(z * w + 1) * cexp(-p[1] * z) + cpow(z, w) / (z + 2) + ctanh(z / w);
  q += csin(w) * clog(z) + ccos(z * t) - ctan(w / 3) + csinh(z / 2) * ccosh(w);
  y[0] = creal(q) + cabs(w) * carg(z);
  y[1] = cimag(q * conj(z));
}

MAP(complex_floats) {
  float complex z = (float)u[0] + I * (float)u[1];
  y[0]            = (double)cabsf(z) + (double)crealf(cexpf(z * (float)p[0]));
  y[1]            = (double)cargf(z) * u[2];
}

MAP(constant_outputs) {
  for (int i = 0; i < 3; i++) {
    y[i] = u[i] > 1e6 ? 2 : 3;
  }
}

MAP(tagged_values) {
  struct tagged {
    int tag;
    union {
      double value;
      struct {
        double re, im;
      } both;
      int count;
    };
  } v[3];
  v[0].tag     = 0;
  v[0].value   = u[0] * u[1];
  v[1].tag     = 1;
  v[1].both.re = u[2];
  v[1].both.im = p[0] * u[0];
  v[2].tag     = 2;
  v[2].count   = 3;
  for (int i = 0; i < 2; i++) {
    double s = 0;
    for (int k = 0; k < 3; k++) {
      s += v[k].tag == 0 ? v[k].value : v[k].tag == 1 ? v[k].both.re * v[k].both.im : v[k].count;
    }
    y[i] = s * u[i];
  }
}

static double determinant(double **m, int n) {
  double d = 0;
  if (n == 1) {
    return m[0][0];
  }
  for (int c = 0; c < n; c++) {
    double **s = malloc((size_t)(n - 1) * sizeof *s);
    for (int i = 1; i < n; i++) {
      s[i - 1] = malloc((size_t)(n - 1) * sizeof **s);
      for (int j = 0, k = 0; j < n; j++) {
        if (j != c) {
          s[i - 1][k++] = m[i][j];
        }
      }
    }
    d += (c % 2 ? -1 : 1) * m[0][c] * determinant(s, n - 1);
    for (int i = 0; i < n - 1; i++) {
      free(s[i]);
    }
    free(s);
  }
  return d;
}
MAP(minors_on_heap) {
  double b[9], *m[3] = {b, b + 3, b + 6};
  for (int i = 0; i < 9; i++) {
    b[i] = u[i % 3] * (0.3 * i + 1) + p[i % 2] * cos(i);
  }
  y[0] = determinant(m, 3) * 0.1;
  y[1] = u[1] * y[0];
}

static long double norm_of(const long double *x, int n) {
  long double s = 0;
  for (int i = 0; i < n; i++) {
    s += x[i] * x[i];
  }
  return sqrtl(s);
}
MAP(long_doubles) {
  long double x[3] = {u[0], u[1] * p[0], sinl((long double)u[2] * t)}, whole;
  struct {
    long double value;
    float       single;
  } pair = {tgammal(x[1]), (float)u[0]};
  y[0]   = (double)(norm_of(x, 3) + pair.value * fmodl(x[0], 0.7L));
  y[1]   = (double)(powl(fabsl(x[2]) + 1, p[1]) * modfl(x[1], &whole) + whole + lroundl(x[0]));
}
