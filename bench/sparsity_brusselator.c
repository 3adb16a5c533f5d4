/* Time of the sparsity pattern of the Brusselator on an N x N grid (Gowda et al. 2019), its exactness, colours, and time of a
 * coloured Jacobian: N = 32 ... 1024 or the sizes given as arguments. Processor time; results in docs/results/sparsity.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ude/compiler.h>

static const char source[] =
    "struct state { double u[2][N][N]; };\n"
    "struct param { double A, B, alpha; };\n"
    "const struct param p0 = {3.4, 1.0, 10.0};\n"
    "static double forcing(double x, double y, double t) {\n"
    "  double dx = x - 0.3, dy = y - 0.6;\n"
    "  return dx * dx + dy * dy <= 0.01 && t >= 1.1 ? 5.0 : 0.0;\n"
    "}\n"
    "void rhs(struct state *du, const struct state *u, const struct param *p, double t) {\n"
    "  double h = 1.0 / (N - 1), a = p->alpha / (h * h);\n"
    "  for (int j = 0; j < N; j++) {\n"
    "    int up = j + 1 == N ? 0 : j + 1, down = j == 0 ? N - 1 : j - 1;\n"
    "    for (int i = 0; i < N; i++) {\n"
    "      int right = i + 1 == N ? 0 : i + 1, left = i == 0 ? N - 1 : i - 1;\n"
    "      double x = u->u[0][j][i], y = u->u[1][j][i];\n"
    "      du->u[0][j][i] = a * (u->u[0][j][left] + u->u[0][j][right] + u->u[0][up][i] + "
    "u->u[0][down][i] - 4 * x)\n"
    "                       + p->B + x * x * y - (p->A + 1) * x + forcing(i * h, j * h, t);\n"
    "      du->u[1][j][i] = a * (u->u[1][j][left] + u->u[1][j][right] + u->u[1][up][i] + "
    "u->u[1][down][i] - 4 * y)\n"
    "                       + p->A * x - x * x * y;\n"
    "    }\n"
    "  }\n"
    "}\n";

static double seconds(void) {
  return (double)clock() / CLOCKS_PER_SEC;
}

static int by_value(const void *a, const void *b) {
  int64_t x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return x < y ? -1 : x > y;
}

/* The published pattern: itself, four periodic neighbours, the other species. */
static int exact(const ude_pattern *p, int64_t n) {
  int64_t cells = n * n;
  for (int64_t r = 0; r < p->rows; r++) {
    int64_t s = r / cells, j = r % cells / n, i = r % n;
    int64_t want[6] = {r,
                       s * cells + j * n + (i + 1) % n,
                       s * cells + j * n + (i + n - 1) % n,
                       s * cells + (j + 1) % n * n + i,
                       s * cells + (j + n - 1) % n * n + i,
                       (1 - s) * cells + j * n + i};
    qsort(want, 6, sizeof *want, by_value);
    if (p->start[r + 1] - p->start[r] != 6 ||
        memcmp(want, p->index + p->start[r], sizeof want) != 0) {
      return 0;
    }
  }
  return 1;
}

static int run(int64_t n, const char *path) {
  char        flag[32];
  const char *files[] = {path}, *flags[] = {flag};
  snprintf(flag, sizeof flag, "-DN=%lld", (long long)n);
  ude_compile_options options = {
      .derivatives = UDE_SPARSITY | UDE_DERIVATIVE_JVP, .flags = flags, .flag_count = 1};
  ude_model    *model     = NULL;
  ude_error     error     = {0};
  ude_pattern   pattern   = {0};
  ude_colouring colouring = {0};
  double        start     = seconds();
  if (ude_model_compile(files, 1, &options, &model, &error)) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  const ude_vector_field *field    = ude_model_vector_field(model);
  double                  compiled = seconds();
  if (ude_model_sparsity(model, NULL, &pattern, &error)) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  double found = seconds();
  if (ude_colour(&pattern, UDE_COLOUR_COLUMNS, UDE_ORDER_NATURAL, &colouring, &error)) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  double  coloured = seconds();
  double *u        = calloc((size_t)pattern.columns, sizeof *u);
  double *values   = calloc((size_t)pattern.start[pattern.rows], sizeof *values);
  for (int64_t k = 0; u && k < pattern.columns; k++) {
    u[k] = 1 + 0.5 * (double)(k % 7);
  }
  int failed = !u || !values ||
               ude_jacobian_sparse(&field->rhs, 3, u, field->p0, 0, false, &pattern, &colouring,
                                   values, &error);
  double end = seconds();
  printf("%5lld %8lld %9lld %6s %9.3f %9.3f %9.1f %7lld %9.3f %9.3f\n", (long long)n,
         (long long)pattern.rows, (long long)pattern.start[pattern.rows],
         exact(&pattern, n) ? "yes" : "NO", compiled - start, found - compiled,
         1e9 * (found - compiled) / (double)pattern.rows, (long long)colouring.column_colours,
         coloured - found, failed ? -1 : end - coloured);
  free(u);
  free(values);
  ude_colouring_free(&colouring);
  ude_pattern_free(&pattern);
  ude_model_free(model);
  return failed;
}

int main(int argc, char **argv) {
  static const int64_t sizes[] = {6, 32, 64, 128, 256, 512, 1024};
  char                 path[]  = "/tmp/ude_bench_XXXXXX";
  char                 file[sizeof path + 16];
  if (!mkdtemp(path)) {
    return 1;
  }
  snprintf(file, sizeof file, "%s/brusselator.c", path);
  ude_error error;
  if (ude_file_write(file, source, sizeof source - 1, &error)) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  puts("    N   states   entries  exact compile s pattern s ns/state colours  colour s Jacobian s");
  int failed = 0;
  for (int k = 1; k < argc; k++) {
    failed += run(strtoll(argv[k], NULL, 10), file);
  }
  for (int k = 0; argc < 2 && k < (int)(sizeof sizes / sizeof *sizes); k++) {
    failed += run(sizes[k], file);
  }
  remove(file);
  remove(path);
  return failed != 0;
}
