/* Cost of a gradient over the cost of the function, and memory of the reverse pass: ude beside derivatives written by hand
 * (bench/models/NAME_hand.c) and beside the tools that this machine has. Sources are plain C without restrict.
 *
 *     gradient [--only NAME] [--keep FOLDER] [--enzyme PLUGIN.so] [--adept FOLDER] [--codipack FOLDER]
 *
 * The function's cost is that of the same source compiled by clang -O3 for this machine. Peers are shared objects made on the
 * spot in a temporary folder (--keep: that folder): ADOL-C from its package, Adept and CoDiPack from folders of headers,
 * Enzyme as a plugin of opt. What is not there is "not found". Every gradient is compared with the one written by hand. */
#include <dlfcn.h>
#include <ftw.h>
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ude/compiler.h>

#include "gradient_problems.h"

enum { ROUNDS = 12 };

#define MODELS UDE_SOURCE_DIR "/bench/models"
#define PEERS UDE_SOURCE_DIR "/bench/peers"

typedef enum tool { UDE, HAND, ENZYME, ENZYME_RESTRICT, ADOLC, ADEPT, CODIPACK, TOOLS } tool;

static const char *const tool_names[TOOLS] = {"ude",    "by hand", "Enzyme",  "Enz.restr.",
                                              "ADOL-C", "Adept",   "CoDiPack"};

typedef int (*value_fn)(double *y, const double *u, const double *p, double t);
typedef int (*gradient_fn)(const double *u, const double *p, double t, const double *y_bar,
                           double *u_bar, double *p_bar);

typedef struct settings {
  const char *only, *keep, *enzyme, *adept, *codipack;
  char        folder[256];
} settings;

/** One problem at its point, and what measures it. */
typedef struct bench {
  const problem *of;
  ude_model     *model;
  const ude_map *map;
  int64_t        rows, columns, params;
  double        *u, *p, *y, *y_bar, *u_bar, *p_bar, *expected;
  value_fn       plain;
  gradient_fn    gradient[TOOLS];
  double         seconds[TOOLS], worst[TOOLS], primal, primal_ude;
  long           memory[TOOLS];
  bool           failed[TOOLS];
} bench;

static bool command(const char *format, ...) {
  char    text[8192];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  return system(text) == 0;
}

static double *zeros(int64_t count) {
  double *x = calloc((size_t)count + 1, sizeof *x);
  if (!x) {
    fputs("gradient: no memory\n", stderr);
    exit(1);
  }
  return x;
}

/* ------------------------------------------------------------------------------------- tools -- */

static bench *ude_of;

static int ude_gradient(const double *u, const double *p, double t, const double *y_bar,
                        double *u_bar, double *p_bar) {
  return ude_of->map->vjp(u, p, t, y_bar, u_bar, p_bar, NULL, ude_of->map->context);
}

static void *library(const char *path, const char *symbol) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    fprintf(stderr, "gradient: %s\n", dlerror());
  }
  return handle ? dlsym(handle, symbol) : NULL;
}

static gradient_fn find_gradient(const char *path, const char *symbol) {
  union {
    void       *object;
    gradient_fn function;
  } of;
  of.object = library(path, symbol);
  return of.function;
}

static void make_peers(bench *b, const settings *of) {
  static const char *const separate[2] = {"", "restrict"};
  char                     common[2048], path[512];
  const problem           *problem = b->of;
  const char              *folder  = of->folder;
  snprintf(common, sizeof common,
           "-I%s -I%s -I%s/include -DMAP=%d -DDATA='\"%s\"' -march=native -fPIC -w -fno-math-errno",
           folder, MODELS, UDE_SOURCE_DIR, problem->map, problem->data ? problem->data : "sizes.h");
  snprintf(path, sizeof path, "%s/plain.so", folder);
  union {
    void    *object;
    value_fn function;
  } plain;
  plain.object = NULL;
  if (command("%s -O3 -std=gnu11 %s -DMODEL='\"%s_hand.c\"' -shared %s/plain.c -o %s -lm",
              UDE_CLANG, common, problem->model, PEERS, path)) {
    plain.object      = library(path, "plain");
    b->gradient[HAND] = find_gradient(path, "hand");
  }
  b->plain = plain.function;
  for (int k = 0; k < 2 && of->enzyme; k++) {
    snprintf(path, sizeof path, "%s/enzyme%d.so", folder, k);
    if (command(
            "%s -O2 -fno-vectorize -fno-slp-vectorize -fno-unroll-loops -std=gnu11 %s "
            "-DMODEL='\"%s.c\"' -DSEPARATE=%s "
            "-S -emit-llvm %s/enzyme.c -o %s/enzyme.ll && %s -load-pass-plugin=%s -passes=enzyme "
            "-S %s/enzyme.ll -o %s/enzyme-out.ll 2>%s/enzyme.log && %s -O3 -march=native -fPIC -w "
            "-shared "
            "%s/enzyme-out.ll -o %s -lm",
            UDE_CLANG, common, problem->model, separate[k], PEERS, folder, UDE_OPT, of->enzyme,
            folder, folder, folder, UDE_CLANG, folder, path)) {
      b->gradient[ENZYME + k] = find_gradient(path, "peer_gradient");
    }
  }
  const struct {
    tool        tool;
    const char *source, *folder, *libraries;
  } overloading[] = {{ADOLC, "adolc", "/usr/include", "-ladolc"},
                     {ADEPT, "adept", of->adept, ""},
                     {CODIPACK, "codipack", of->codipack, ""}};
  for (size_t k = 0; k < sizeof overloading / sizeof overloading[0]; k++) {
    if (!overloading[k].folder) {
      continue;
    }
    snprintf(path, sizeof path, "%s/%s.so", folder, overloading[k].source);
    if (command("c++ -O3 -std=c++17 -fpermissive %s -I%s -DMODEL='\"%s.c\"' -shared %s/%s.cpp -o "
                "%s %s >%s/%s.log 2>&1",
                common, overloading[k].folder, problem->model, PEERS, overloading[k].source, path,
                overloading[k].libraries, folder, overloading[k].source)) {
      b->gradient[overloading[k].tool] = find_gradient(path, "peer_gradient");
    }
  }
}

static void show(const char *text, void *context) {
  fputs(text, context);
}

static bool make_ude(bench *b, const settings *of) {
  char        include[512], file[512];
  const char *flags[FLAGS + 1];
  size_t      count = 0;
  ude_error   error;
  snprintf(include, sizeof include, "-I%s", of->folder);
  snprintf(file, sizeof file, MODELS "/%s.c", b->of->model);
  for (; count < FLAGS && b->of->flags[count]; count++) {
    flags[count] = b->of->flags[count];
  }
  char        rhs[512];
  const char *files[2]   = {file, rhs};
  size_t      file_count = 1;
  flags[count++]         = include;
  if (b->of->map == MAP_COST) { /* a model needs a right-hand side */
    snprintf(rhs, sizeof rhs, "%s/rhs.c", of->folder);
    FILE *out = fopen(rhs, "w");
    if (!out) {
      return false;
    }
    fputs(
        "struct state; struct param;\n"
        "void rhs(struct state *du, const struct state *u, const struct param *p, double t) {\n"
        "  (void)du, (void)u, (void)p, (void)t;\n}\n",
        out);
    fclose(out);
    file_count = 2;
  }
  ude_compile_options options = {.derivatives        = UDE_DERIVATIVE_VJP,
                                 .flags              = flags,
                                 .flag_count         = count,
                                 .diagnostic         = show,
                                 .diagnostic_context = stderr};
  if (ude_model_compile(files, file_count, &options, &b->model, &error)) {
    fprintf(stderr, "gradient: %s: %s\n", b->of->name, error.message);
    return false;
  }
  const ude_vector_field *field = ude_model_vector_field(b->model);
  b->map                        = b->of->map == MAP_RHS    ? &field->rhs
                                  : b->of->map == MAP_COST ? &field->terminal_cost
                                                           : &field->observe;
  b->rows                       = b->map->rows;
  b->columns                    = b->map->columns;
  b->params                     = field->param.count;
  b->gradient[UDE]              = ude_gradient;
  b->u                          = zeros(b->columns);
  b->p                          = zeros(b->params);
  b->y                          = zeros(b->rows);
  b->y_bar                      = zeros(b->rows);
  b->u_bar                      = zeros(b->columns);
  b->p_bar                      = zeros(b->params);
  b->expected                   = zeros(b->columns + b->params);
  ude_rng random                = ude_rng_make(11, 0);
  for (int64_t i = 0; i < b->columns; i++) {
    b->u[i] = 0.5 + 0.3 * ude_rng_normal(&random);
  }
  for (int64_t i = 0; i < b->params; i++) {
    b->p[i] = field->p0 ? field->p0[i] : 0.2 * ude_rng_normal(&random);
  }
  for (int64_t i = 0; i < b->rows; i++) {
    b->y_bar[i] = 1 + 0.5 * ude_rng_normal(&random);
  }
  return true;
}

/* --------------------------------------------------------------------------------- measuring -- */

static double now(void) {
  struct timespec time; /* of this thread: other programs may run beside */
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void once(bench *b, tool tool) {
  for (int k = 0; k < b->of->products; k++) {
    if (b->of->products > 1) {
      for (int64_t i = 0; i < b->rows; i++) {
        b->y_bar[i] = i == k;
      }
    }
    b->gradient[tool](b->u, b->p, 1.5, b->y_bar, b->u_bar, b->p_bar);
  }
}

/* Seconds a call: tool TOOLS is the plain function, TOOLS + 1 the one that ude compiled. */
static double measure(bench *b, int tool) {
  double start = now(), seconds = 0;
  long   calls = 0, batch = 1;
  do {
    for (long i = 0; i < batch; i++) {
      if (tool < TOOLS) {
        once(b, (enum tool)tool);
      } else if (tool == TOOLS) {
        b->plain(b->y, b->u, b->p, 1.5);
      } else {
        b->map->value(b->y, b->u, b->p, 1.5, b->map->context);
      }
    }
    calls += batch;
    batch   = batch < 1024 ? 2 * batch : batch;
    seconds = now() - start;
  } while (seconds < 0.04);
  return seconds / (double)calls;
}

static void clear_bars(bench *b) {
  memset(b->u_bar, 0, (size_t)b->columns * sizeof *b->u_bar);
  memset(b->p_bar, 0, (size_t)b->params * sizeof *b->p_bar);
}

static void compare(bench *b, tool tool) {
  double most = 0, scale = 0;
  clear_bars(b);
  once(b, tool);
  for (int64_t i = 0; i < b->columns + b->params; i++) {
    double got = i < b->columns ? b->u_bar[i] : b->p_bar[i - b->columns];
    if (tool == HAND) {
      b->expected[i] = got;
    }
    most  = fmax(most, isnan(got) ? INFINITY : fabs(got - b->expected[i]));
    scale = fmax(scale, fabs(b->expected[i]));
  }
  b->worst[tool] = most / scale;
}

static long resident(const char *what) {
  char  line[256];
  long  kilobytes = 0;
  FILE *file      = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, what, strlen(what)) == 0) {
      kilobytes = atol(line + strlen(what));
    }
  }
  if (file) {
    fclose(file);
  }
  return kilobytes;
}

/* Kilobytes that the first gradient of a process takes beyond inputs and outputs. */
static long memory_of(bench *b, tool tool) {
  int pipes[2];
  fflush(stdout);
  if (pipe(pipes)) {
    return -1;
  }
  pid_t child = fork();
  if (child == 0) {
    malloc_trim(0); /* what others freed is not counted as there */
    FILE *reset = fopen("/proc/self/clear_refs", "w");
    if (reset) {
      fputs("5", reset);
      fclose(reset);
    }
    long before = resident("VmRSS:");
    once(b, tool);
    long taken = resident("VmHWM:") - before;
    _exit(write(pipes[1], &taken, sizeof taken) != sizeof taken);
  }
  long taken = -1;
  close(pipes[1]);
  if (child < 0 || read(pipes[0], &taken, sizeof taken) != sizeof taken) {
    taken = -1;
  }
  close(pipes[0]);
  waitpid(child, NULL, 0);
  return taken;
}

static void run(const problem *problem, const settings *all) {
  settings own = *all, *of = &own;
  snprintf(own.folder, sizeof own.folder, "%.200s/%d", all->folder, (int)(problem - problems));
  mkdir(own.folder, 0777);
  bench b = {.of = problem, .primal = INFINITY, .primal_ude = INFINITY};
  write_data(problem, of->folder);
  if (!make_ude(&b, of)) {
    return;
  }
  ude_of = &b;
  make_peers(&b, of);
  if (!b.plain || !b.gradient[HAND]) {
    fprintf(stderr, "gradient: %s: the derivative by hand does not compile\n", problem->name);
    return;
  }
  for (int k = 0; k < TOOLS; k++) {
    b.seconds[k] = INFINITY;
    b.memory[k]  = b.gradient[k] ? memory_of(&b, (tool)k) : -1;
    if (b.gradient[k] && b.memory[k] < 0) { /* it crashed */
      b.gradient[k] = NULL;
      b.failed[k]   = true;
    }
  }
  compare(&b, HAND);
  for (int k = 0; k < TOOLS; k++) {
    if (b.gradient[k]) {
      compare(&b, (tool)k);
    }
  }
  for (int round = 0; round < ROUNDS; round++) {
    b.primal     = fmin(b.primal, measure(&b, TOOLS));
    b.primal_ude = fmin(b.primal_ude, measure(&b, TOOLS + 1));
    for (int k = 0; k < TOOLS; k++) {
      if (b.gradient[k] && (k < ADOLC || round < 2)) {
        b.seconds[k] = fmin(b.seconds[k], measure(&b, k));
      }
    }
  }
  printf("%-30s %10.2f %6.2f", problem->name, 1e6 * b.primal, b.primal_ude / b.primal);
  for (int k = 0; k < TOOLS; k++) {
    if (b.gradient[k]) {
      printf(" %10.2f", b.seconds[k] / b.primal);
    } else {
      printf(" %10s", b.failed[k] ? "fails" : "not found");
    }
  }
  printf(problem->target > 0 ? "   <= %.1f\n" : "\n", problem->target);
  printf("%-30s %10s %6s", "    memory (KiB)", "", "");
  for (int k = 0; k < TOOLS; k++) {
    if (b.gradient[k]) {
      printf(" %10ld", b.memory[k]);
    } else {
      printf(" %10s", "");
    }
  }
  putchar('\n');
  for (int k = 0; k < TOOLS; k++) {
    if (b.gradient[k] && !(b.worst[k] < 1e-9)) {
      printf("    %s deviates from the gradient by hand by %.1e of its largest entry\n",
             tool_names[k], b.worst[k]);
    }
  }
  fflush(stdout);
  ude_model_free(b.model);
  double *arrays[] = {b.u, b.p, b.y, b.y_bar, b.u_bar, b.p_bar, b.expected};
  for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
    free(arrays[i]);
  }
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where) {
  (void)status, (void)type, (void)where;
  return remove(path);
}

int main(int argc, char **argv) {
  settings of = {.folder = "/tmp/ude-gradient-XXXXXX"};
  for (int i = 1; i + 1 < argc; i += 2) {
    const char **slot = !strcmp(argv[i], "--only")       ? &of.only
                        : !strcmp(argv[i], "--keep")     ? &of.keep
                        : !strcmp(argv[i], "--enzyme")   ? &of.enzyme
                        : !strcmp(argv[i], "--adept")    ? &of.adept
                        : !strcmp(argv[i], "--codipack") ? &of.codipack
                                                         : NULL;
    if (!slot) {
      fprintf(stderr, "gradient: unknown option %s\n", argv[i]);
      return 2;
    }
    *slot = argv[i + 1];
  }
  if (of.keep) {
    snprintf(of.folder, sizeof of.folder, "%s", of.keep);
  } else if (!mkdtemp(of.folder)) {
    perror("gradient: temporary folder");
    return 1;
  }
  if (chdir(of.folder)) { /* ADOL-C leaves files in the working directory */
    perror(of.folder);
    return 1;
  }
  printf(
      "Cost of a gradient over the cost of the function (clang -O3); memory of the first call.\n");
  printf("%-30s %10s %6s", "problem", "f (us)", "ude f");
  for (int k = 0; k < TOOLS; k++) {
    printf(" %10s", tool_names[k]);
  }
  puts("   target");
  for (int i = 0; i < PROBLEMS; i++) {
    if (!of.only || strstr(problems[i].name, of.only)) {
      run(&problems[i], &of);
    }
  }
  if (!of.keep) {
    nftw(of.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  }
  return 0;
}
