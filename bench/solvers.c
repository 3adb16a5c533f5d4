/* Work and precision of specialised and general steps beside Boost odeint, SciPy and CVODE, on model files, in one run. Each solver goes through
 * its tolerances (atol = rtol / 1000); the table gives the time that it needs for an error, between the points of its own curve. End value only,
 * workspaces kept between solves; processor time, best of several rounds. CVODE runs behind the interface of libude on the compiled right-hand
 * side and Jacobian; odeint is compiled with the model in its view (g++ -O3 -march=native). A peer that is absent is left out. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ude/compiler.h>
#include <ude/solve.h>

enum { TOLERANCES = 9, MOST_N = 8, LEVELS = 7 };

static const double tolerances[TOLERANCES] = {1e-3, 1e-4, 1e-5,  1e-6, 1e-7,
                                              1e-8, 1e-9, 1e-10, 1e-11};
static const double levels[LEVELS]         = {1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8};

typedef void (*jacobian_fn)(double *j, const double *u, const double *p, double t);
typedef int (*peer_fn)(int kind, double *u, const double *p, double t0, double t1, double h,
                       double rtol, double atol, jacobian_fn jacobian, long *calls);

typedef struct problem {
  const char             *name;
  double                  t1;
  bool                    stiff;
  const ude_vector_field *field; /* with specialised steps */
  ude_vector_field        plain; /* without */
  peer_fn                 peer;
  double                  expected[MOST_N], unit[MOST_N];
} problem;

typedef struct curve {
  char   name[40];
  bool   ours;
  double seconds[TOLERANCES], error[TOLERANCES];
} curve;

static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "solvers: %s\n", what);
  exit(1);
}

static double error_of(const problem *of, const double *u) {
  double worst = 0;
  for (int64_t i = 0; i < of->field->state.count; i++) {
    double e = fabs(u[i] - of->expected[i]) / of->unit[i];
    worst    = e > worst || isnan(e) ? e : worst;
  }
  return worst;
}

/* ------------------------------------------------------------------------------------ solvers -- */

static const ude_vector_field *jacobian_of;

static void jacobian(double *j, const double *u, const double *p, double t) {
  if (ude_jacobian(&jacobian_of->rhs, jacobian_of->param.count, u, p, t, false, false, j, NULL)) {
    fail("a Jacobian");
  }
}

typedef struct runner {
  const problem  *of;
  ude_integrator *integrator; /* NULL: the peer */
  int             kind;
  double          rtol, u[MOST_N];
  bool            failed;
} runner;

static void run(runner *r) {
  const ude_vector_field *field = r->of->field;
  if (r->integrator) {
    ude_solve_result result;
    r->failed = ude_integrator_run(r->integrator, field->u0, field->p0, 0, r->of->t1, NULL, 0, NULL,
                                   r->u, &result, NULL) != UDE_OK;
    return;
  }
  long calls = 0;
  memcpy(r->u, field->u0, (size_t)field->state.count * sizeof(double));
  r->failed = r->of->peer(r->kind, r->u, field->p0, 0, r->of->t1, 1e-4, r->rtol, r->rtol / 1000,
                          jacobian, &calls) != 0;
}

static double measure(runner *r) {
  double best = INFINITY;
  double once = cpu_seconds();
  run(r);
  once       = cpu_seconds() - once;
  int repeat = 1 + (int)(0.001 / fmax(once, 1e-7));
  for (int round = 0; round < 9 && once < 2; round++) {
    double start = cpu_seconds();
    for (int i = 0; i < repeat; i++) {
      run(r);
    }
    best = fmin(best, (cpu_seconds() - start) / repeat);
  }
  return fmin(best, once);
}

static void trace(const problem *of, const char *method, bool special, curve *to) {
  snprintf(to->name, sizeof to->name, "%s%s", method, special ? ", specialised" : "");
  to->ours = strncmp(method, "cvode", 5) != 0;
  for (int i = 0; i < TOLERANCES; i++) {
    ude_solve_options options = {
        .method = method, .rtol = tolerances[i], .atol = tolerances[i] / 1000};
    runner r       = {.of = of};
    to->seconds[i] = to->error[i] = NAN;
    if (ude_integrator_create(special ? of->field : &of->plain, &options, &r.integrator, NULL) ==
        UDE_OK) {
      to->seconds[i] = measure(&r);
      to->error[i]   = r.failed ? NAN : error_of(of, r.u);
      ude_integrator_free(r.integrator);
    }
  }
}

static void trace_odeint(const problem *of, int kind, const char *name, curve *to) {
  snprintf(to->name, sizeof to->name, "odeint %s", name);
  for (int i = 0; i < TOLERANCES; i++) {
    runner r       = {.of = of, .kind = kind, .rtol = tolerances[i]};
    to->seconds[i] = measure(&r);
    to->error[i]   = r.failed ? NAN : error_of(of, r.u);
  }
}

static bool trace_scipy(const problem *of, const char *method, curve *to) {
  char command[1024];
  snprintf(to->name, sizeof to->name, "SciPy %s", method);
  snprintf(command, sizeof command,
           "python3 %s/bench/peers/scipy_solve.py %s %s 1e-3 1e-4 1e-5 1e-6 1e-7 1e-8 1e-9 1e-10 "
           "1e-11 2>/dev/null",
           UDE_SOURCE_DIR, method, of->name);
  FILE *from = popen(command, "r");
  bool  ok   = from != NULL;
  for (int i = 0; i < TOLERANCES && ok; i++) {
    double u[MOST_N];
    ok = fscanf(from, "%lf", &to->seconds[i]) == 1;
    for (int64_t k = 0; k < of->field->state.count && ok; k++) {
      ok = fscanf(from, "%lf", &u[k]) == 1;
    }
    to->error[i] = ok ? error_of(of, u) : NAN;
  }
  return from && pclose(from) == 0 && ok;
}

static peer_fn open_odeint(const char *model) {
  char    command[2048];
  char    library[256];
  peer_fn found = NULL;
  snprintf(library, sizeof library, "/tmp/ude-odeint-%s-%ld.so", model, (long)time(NULL));
  snprintf(command, sizeof command,
           "g++ -std=gnu++17 -O3 -march=native -w -shared -fPIC -I%s/include "
           "'-DMODEL=\"%s/bench/models/%s.c\"' "
           "%s/bench/peers/odeint.cpp -o %s 2>/dev/null",
           UDE_SOURCE_DIR, UDE_SOURCE_DIR, model, UDE_SOURCE_DIR, library);
  void *handle  = system(command) == 0 ? dlopen(library, RTLD_NOW | RTLD_LOCAL) : NULL;
  void *address = handle ? dlsym(handle, "peer_solve") : NULL;
  memcpy(&found, &address, sizeof address);
  remove(library);
  return found;
}

/* -------------------------------------------------------------------------------------- table -- */

/* The time for this error or less; NAN beyond the curve. */
static double time_at(const curve *of, double error) {
  double best = NAN;
  for (int i = 0; i < TOLERANCES; i++) {
    if (of->error[i] <= error) {
      best = fmin(isnan(best) ? INFINITY : best, of->seconds[i]);
    }
    if (i > 0 && of->error[i - 1] > error && of->error[i] <= error) {
      double share = log(of->error[i - 1] / error) / log(of->error[i - 1] / of->error[i]);
      best = fmin(best, of->seconds[i - 1] * pow(of->seconds[i] / of->seconds[i - 1], share));
    }
  }
  return best;
}

static void print_row(const char *name, const double *times) {
  printf("| %s |", name);
  for (int k = 0; k < LEVELS; k++) {
    isfinite(times[k]) ? printf(" %.3g |", times[k]) : printf(" - |");
  }
  putchar('\n');
}

static void print_table(const problem *of, const curve *curves, int count) {
  double best[2][LEVELS], ratio[LEVELS], cvode[LEVELS];
  printf("\n## %s to t = %g\n\nMicroseconds for a relative error at the end of\n\n| |", of->name,
         of->t1);
  for (int k = 0; k < LEVELS; k++) {
    printf(" %.0e |", levels[k]);
    best[0][k] = best[1][k] = cvode[k] = INFINITY;
  }
  printf("\n|---|---|---|---|---|---|---|---|\n");
  for (int i = 0; i < count; i++) {
    double times[LEVELS];
    for (int k = 0; k < LEVELS; k++) {
      times[k] = 1e6 * time_at(&curves[i], levels[k]);
      if (curves[i].ours) {
        best[0][k] = fmin(best[0][k], times[k]);
      } else if (strncmp(curves[i].name, "cvode", 5) == 0) {
        cvode[k] = fmin(cvode[k], times[k]);
      } else if (strncmp(curves[i].name, "odeint", 6) == 0) {
        best[1][k] = fmin(best[1][k], times[k]);
      }
    }
    print_row(curves[i].name, times);
  }
  for (int k = 0; k < LEVELS; k++) {
    ratio[k] = best[1][k] / best[0][k];
    cvode[k] = cvode[k] / best[0][k];
  }
  print_row("**odeint's best / our best**", ratio);
  print_row("**CVODE's best / our best**", cvode);
}

static void compare(const char *name, double t1, bool stiff) {
  static const char *const explicit_methods[] = {"tsit5", "vern7", "dop853", "vern9"};
  static const char *const implicit_methods[] = {"rosenbrock23", "rodas4", "rodas5p"};
  const char *const       *methods            = stiff ? implicit_methods : explicit_methods;
  int                      count              = stiff ? 3 : 4;
  char                     path[512];
  const char              *file  = path;
  ude_model               *model = NULL;
  ude_error                error = {0};
  curve                    curves[24];
  int                      n       = 0;
  ude_compile_options      options = {
           .derivatives = UDE_DERIVATIVE_JVP, .specialise = methods, .specialise_count = (size_t)count};
  memset(curves, 0, sizeof curves);
  snprintf(path, sizeof path, "%s/bench/models/%s.c", UDE_SOURCE_DIR, name);
  if (ude_model_compile(&file, 1, &options, &model, &error)) {
    fail(error.message);
  }
  problem of = {.name = name, .t1 = t1, .stiff = stiff, .field = ude_model_vector_field(model)};
  of.plain   = *of.field;
  of.plain.kernel_count   = 0;
  jacobian_of             = of.field;
  ude_solve_options exact = {.method = stiff ? "radau" : "vern9", .rtol = 1e-13, .atol = 1e-18};
  ude_integrator   *integrator = NULL;
  ude_solve_result  result;
  if (ude_integrator_create(&of.plain, &exact, &integrator, &error) ||
      ude_integrator_run(integrator, of.field->u0, of.field->p0, 0, t1, NULL, 0, NULL, of.expected,
                         &result, &error)) {
    fail(error.message);
  }
  ude_integrator_free(integrator);
  double largest = 0;
  for (int i = 0; i < MOST_N; i++) {
    largest = fmax(largest, fabs(of.expected[i]));
  }
  for (int i = 0; i < MOST_N; i++) { /* components of stiff problems differ by many orders */
    of.unit[i] = fmax(fabs(of.expected[i]), stiff ? 1e-12 : 1e-2 * largest);
  }
  for (int m = 0; m < count; m++) {
    trace(&of, methods[m], true, &curves[n++]);
    trace(&of, methods[m], false, &curves[n++]);
  }
  trace(&of, stiff ? "cvode_bdf" : "cvode_adams", false, &curves[n++]);
  of.peer = open_odeint(name);
  if (of.peer && stiff) {
    trace_odeint(&of, 4, "rosenbrock4", &curves[n++]);
  } else if (of.peer) {
    trace_odeint(&of, 5, "dopri5", &curves[n++]);
    trace_odeint(&of, 78, "fehlberg78", &curves[n++]);
  } else {
    fprintf(stderr, "solvers: without odeint (libboost-dev, g++)\n");
  }
  static const char *const scipy[2][2] = {{"DOP853", "LSODA"}, {"Radau", "LSODA"}};
  for (int k = 0; k < 2; k++) {
    n += trace_scipy(&of, scipy[stiff][k], &curves[n]) ? 1 : 0;
  }
  print_table(&of, curves, n);
  fflush(stdout);
  ude_model_free(model);
}

int main(void) {
  compare("lotka_volterra", 50, false);
  compare("lorenz", 10, false);
  compare("arenstorf", 10, false);
  compare("rober", 1e5, true);
  compare("orego", 360, true);
  compare("vdpol", 2000, true);
  return 0;
}
