/* Control flow and memory that depend on the inputs: what must be followed on all paths, and how exactly. The expected
 * patterns are in test_sparsity.c. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAP(name) \
  void map_##name(double *restrict y, const double *restrict u, const double *restrict p, double t)
#define NOINLINE __attribute__((noinline))

/* Upwind: the neighbour is chosen by a sign, the others are not read. */
MAP(upwind) {
  for (int i = 0; i < 5; i++) {
    int from = p[0] > 0 ? i - 1 : i + 1;
    from     = from < 0 ? 4 : from > 4 ? 0 : from;
    y[i]     = p[0] * (u[i] - u[from]);
  }
}

/* The same with a remainder, and too many cells to unroll. */
MAP(upwind_periodic) {
  for (int i = 0; i < 40; i++) {
    int from = u[40 + i] > 0 ? (i + 39) % 40 : (i + 1) % 40;
    y[i]     = u[from];
  }
}

/* A temporary of each branch does not reach the other one. */
MAP(temporaries) {
  double a[3];
  if (u[0] > 0) {
    for (int i = 0; i < 3; i++) {
      a[i] = u[i + 1];
    }
    y[0] = a[0] + a[2];
  } else {
    for (int i = 0; i < 3; i++) {
      a[i] = u[i + 4];
    }
    y[1] = a[1];
  }
  y[2] = a[0];
}

/* The first element that fits: all before have been looked at, none depends on them. */
MAP(first_found) {
  int k = 0;
  while (k < 4 && u[k] < p[0]) {
    k++;
  }
  y[0] = k < 4 ? u[k] * 2 : 7;
  y[1] = u[4] * k;
}

/* Newton's iteration with an unknown number of rounds. */
MAP(newton_each) {
  for (int i = 0; i < 3; i++) {
    double x = 1;
    for (double step = 1; fabs(step) > 1e-12;) {
      step = (x * x * x + x - u[i] * p[i]) / (3 * x * x + 1);
      x -= step;
    }
    y[i] = x;
  }
}

/* The rows below the diagonal are computed until something small is met. */
MAP(early_rows) {
  for (int i = 0; i < 4; i++) {
    y[i] = 0;
  }
  for (int i = 0; i < 4; i++) {
    for (int j = 0; j <= i; j++) {
      if (u[j] < -5) {
        break;
      }
      y[i] += u[j];
    }
  }
}

static NOINLINE double pick(const double *const *list, int n, double x) {
  return x > 0 ? list[0][0] : list[n - 1][1];
}

MAP(pointers_by_branch) {
  const double *list[3] = {u, u + 2, u + 4};
  if (t > 0.5) {
    list[2] = u + 1;
  }
  y[0]            = pick(list, 3, u[6]);
  const double *q = u[0] > u[1] ? u + 2 : u + 3;
  y[1]            = *q;
}

static double square(double x) {
  return x * x;
}
static double twice(double x) {
  return 2 * x;
}
static NOINLINE double apply(double (*f)(double), double x) {
  return f(x);
}

MAP(functions_by_branch) {
  double (*f)(double) = u[0] > 0 ? square : twice;
  y[0]                = apply(f, u[1]);
  y[1]                = apply(square, u[2]);
}

/* Buffers that are exchanged or not. */
MAP(swap_by_branch) {
  double a[2] = {u[0], u[1]}, b[2] = {u[2], u[3]}, *x = a, *z = b;
  if (u[4] > 0) {
    double *swap = x;
    x            = z;
    z            = swap;
  }
  y[0] = x[0];
  y[1] = z[1];
  x[0] = u[5];
  y[2] = a[0];
}

MAP(switch_on_input) {
  switch ((int)u[0]) {
  case 0: y[0] = u[1]; break;
  case 1: y[0] = u[2]; /* fall through */
  case 2: y[1] = u[3]; break;
  case 7: return;
  default: y[2] = u[4]; break;
  }
  y[3] = u[5];
}

/* A table and a state are looked up at a place that depends on the state. */
MAP(lookup) {
  static const double table[64] = {1, 2, 3, 4};
  int                 k         = (int)floor(u[0]);
  k                             = k < 0 ? 0 : k > 2 ? 2 : k;
  y[0]                          = table[k & 63] * u[1];
  y[1]                          = u[1 + k];
}

/* Only what is inside the bounds that were asked for. */
MAP(guarded) {
  int k = (int)u[0];
  if (k >= 1 && k < 4) {
    y[0] = u[k];
  }
  unsigned j = (unsigned)(int)u[0];
  if (j < 2) {
    y[j] = u[5];
  }
}

/* Counts and flags decide; they carry no derivative. */
MAP(flags) {
  bool big[3];
  int  n = 0;
  for (int i = 0; i < 3; i++) {
    big[i] = u[i] > 1;
    n += big[i];
  }
  y[0] = big[1] ? u[3] : 0;
  y[1] = n > 1 ? u[4] : u[5];
  y[2] = n;
}

/* Zeros of a constant table leave nothing; floats are as good as doubles. */
MAP(sparse_table) {
  static const float A[3][4] = {{1, 0, 0, 2}, {0, 0, 0, 0}, {0, 3, 0, 0}};
  float              x[4];
  for (int i = 0; i < 4; i++) {
    x[i] = (float)u[i];
  }
  for (int i = 0; i < 3; i++) {
    float s = 0;
    for (int j = 0; j < 4; j++) {
      s += A[i][j] * x[j];
    }
    y[i] = s;
  }
}

/* Content kept from call to call is constant to this one, but it decides. */
MAP(kept) {
  static int    calls;
  static double last = 1;
  if (calls++ > 0) {
    y[0] = u[0] * last;
  } else {
    y[0] = u[1];
  }
  last = u[2];
}

struct item {
  double       value;
  struct item *next;
};

/* A list whose length depends on the input. */
MAP(list_by_branch) {
  struct item *head = NULL;
  for (int i = 0; i < 3; i++) {
    if (u[i] > 0) {
      struct item *one = malloc(sizeof *one);
      if (!one) {
        return;
      }
      one->value = u[i + 3];
      one->next  = head;
      head       = one;
    }
  }
  double s = 0;
  while (head) {
    struct item *next = head->next;
    s += head->value;
    free(head);
    head = next;
  }
  y[0] = s;
}

static NOINLINE double halve(double x, double floor_, int depth) {
  return x < floor_ || depth == 0 ? x : halve(0.5 * x, floor_, depth - 1) + floor_;
}

MAP(bounded_recursion) {
  y[0] = halve(u[0], u[1], 12);
  y[1] = halve(u[2], 1, 3);
}

struct pair {
  double a, b;
  int    n;
};

static NOINLINE struct pair choose(struct pair x, struct pair z, double c) {
  return c > 0 ? x : z;
}

MAP(structs_by_branch) {
  struct pair s       = choose((struct pair){u[0], u[1], 1}, (struct pair){u[2], u[3], 2}, u[4]);
  y[0]                = s.a;
  y[1]                = s.b * s.n;
  struct pair list[2] = {{u[0], u[1], 0}, {u[2], u[3], 1}}, copy;
  memcpy(&copy, &list[t > 0.3], sizeof copy);
  y[2] = copy.b;
}

MAP(partial_copy) {
  double a[4] = {0}, b[4] = {u[0], u[1], u[2], u[3]};
  size_t n = u[4] > 0 ? 2 : 3;
  memcpy(a, b, n * sizeof *a);
  for (int i = 0; i < 4; i++) {
    y[i] = a[i];
  }
}

MAP(grown) {
  double *a = malloc(2 * sizeof *a);
  if (!a) {
    return;
  }
  a[0] = u[0];
  a[1] = u[1];
  if (u[4] > 0) {
    double *more = realloc(a, 4 * sizeof *a);
    if (!more) {
      free(a);
      return;
    }
    a    = more;
    a[2] = u[2];
    a[3] = u[3];
    y[1] = a[3];
  }
  y[0] = a[0];
  free(a);
}

/* A step size that adapts: an unknown number of steps, the pattern settles. */
MAP(adaptive) {
  double x[3] = {u[0], u[1], u[2]}, time = 0, h = 0.1;
  int    steps = 0;
  while (time < 1 && steps < 200) {
    double error = fabs(h * (x[0] - x[1]));
    if (error > p[0]) {
      h *= 0.5;
      steps++;
      continue;
    }
    x[0] += h * x[1];
    x[1] -= h * x[0];
    x[2] += h;
    time += h;
    h *= 1.5;
    steps++;
  }
  for (int i = 0; i < 3; i++) {
    y[i] = x[i];
  }
}

/* As many rounds as a parameter says: the arrays end somewhere. */
MAP(rounds_of_parameter) {
  int n = (int)p[0];
  for (int i = 0; i < n && i < 6; i++) {
    y[i] = u[i] * u[i];
  }
}

MAP(unbounded_rounds) {
  for (int i = 0; i < (int)p[0]; i++) {
    y[i] = u[i] + p[1];
  }
}

/* The same slot holds different types in turn. */
MAP(reused) {
  union {
    double d[2];
    float  f[4];
    char   bytes[16];
  } m;
  m.d[0] = u[0];
  m.d[1] = u[1];
  y[0]   = m.d[1];
  m.f[0] = (float)u[2];
  m.f[1] = 1;
  y[1]   = (double)m.f[0];
  memset(m.bytes + 8, 0, 8);
  y[2] = m.d[1] + (double)m.f[1];
}

/* Nothing depends on what cannot be reached. */
MAP(impossible) {
  const int mode = 2;
  y[0]           = mode == 2 ? u[0] : u[1];
  int k          = u[0] > 0 ? 1 : 2;
  if (k == 3) {
    y[1] = u[2];
  }
  if (!(u[1] >= 0) && !(u[1] < 0) && k > 2) {
    abort();
  }
}
