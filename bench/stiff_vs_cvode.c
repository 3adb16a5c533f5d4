// needs: sundials_cvode sundials_nvecserial sundials_sunmatrixdense sundials_sunlinsoldense
/* Time per solve of stiff problems, the implicit methods beside SUNDIALS CVODE (BDF, dense LU, analytic Jacobian) on the same
 * right-hand sides and Jacobians, in the same run, end value only, workspaces kept between solves. "at error" compares with CVODE's time at the
 * error reached here, interpolated in its own work-precision curve. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#include <ude/solve.h>

#include "stiff_problems.h"

enum { TOLERANCES = 9 };

static const double tolerances[TOLERANCES] = {1e-2, 1e-3, 1e-4, 1e-5, 1e-6,
                                              1e-7, 1e-8, 1e-9, 1e-10};

typedef struct score {
  double seconds, error;
  long   steps;
} score;

static void fail(const char *what) {
  fprintf(stderr, "stiff_vs_cvode: %s failed\n", what);
  exit(1);
}

static double error_of(const problem *problem, const double *u) {
  double worst = 0;
  for (int i = 0; i < problem->n; i++) {
    worst = fmax(
        worst, fabs(u[i] - problem->expected[i]) / (problem->unit[i] + fabs(problem->expected[i])));
  }
  return worst;
}

/* ------------------------------------------------------------------------------------- libude -- */

enum { WIDTH = 8 };

static int value(double *y, const double *u, const double *p, double t, void *context) {
  (void)p;
  (void)t;
  ((const problem *)context)->rhs(y, u);
  return 0;
}

/* Products from the hand-written Jacobian; unit seeds, as the solver gives them, pick columns. */
static int jvp_wide(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
                    const double *p_dot, double t, const double *t_dot, void *context) {
  const problem *problem = context;
  double         j[MOST_N * MOST_N];
  int            n = problem->n;
  (void)p;
  (void)p_dot;
  (void)t;
  (void)t_dot;
  problem->rhs(y, u);
  memset(y_dot, 0, (size_t)(n * WIDTH) * sizeof *y_dot);
  if (!u_dot) {
    return 0;
  }
  problem->jacobian(j, u);
  for (int c = 0; c < n; c++) {
    for (int lane = 0; lane < WIDTH; lane++) {
      double seed = u_dot[c * WIDTH + lane];
      for (int r = 0; r < n && seed != 0; r++) {
        y_dot[r * WIDTH + lane] += j[r * n + c] * seed;
      }
    }
  }
  return 0;
}

static int jvp(double *y, double *y_dot, const double *u, const double *u_dot, const double *p,
               const double *p_dot, double t, const double *t_dot, void *context) {
  const problem *problem = context;
  double         j[MOST_N * MOST_N];
  int            n = problem->n;
  (void)p;
  (void)p_dot;
  (void)t;
  (void)t_dot;
  problem->rhs(y, u);
  memset(y_dot, 0, (size_t)n * sizeof *y_dot);
  if (u_dot) {
    problem->jacobian(j, u);
    for (int r = 0; r < n; r++) {
      for (int c = 0; c < n; c++) {
        y_dot[r] += j[r * n + c] * u_dot[c];
      }
    }
  }
  return 0;
}

typedef struct runner {
  const problem  *problem;
  ude_integrator *ude;
  void           *cvode;
  N_Vector        state;
  long            steps;
  double          u[MOST_N];
} runner;

static void run_ude(runner *r) {
  ude_solve_result result;
  if (ude_integrator_run(r->ude, r->problem->u0, NULL, 0, r->problem->t1, NULL, 0, NULL, r->u,
                         &result, NULL)) {
    r->u[0] = NAN;
  }
  r->steps = (long)result.steps;
}

/* -------------------------------------------------------------------------------------- CVODE -- */

static int cvode_rhs(realtype t, N_Vector u, N_Vector du, void *context) {
  (void)t;
  ((const problem *)context)->rhs(N_VGetArrayPointer(du), N_VGetArrayPointer(u));
  return 0;
}

static int cvode_jacobian(realtype t, N_Vector u, N_Vector fu, SUNMatrix matrix, void *context,
                          N_Vector a, N_Vector b, N_Vector c) {
  const problem *problem = context;
  double         j[MOST_N * MOST_N];
  (void)t, (void)fu, (void)a, (void)b, (void)c;
  problem->jacobian(j, N_VGetArrayPointer(u));
  for (int col = 0; col < problem->n; col++) {
    double *column = SUNDenseMatrix_Column(matrix, col);
    for (int row = 0; row < problem->n; row++) {
      column[row] = j[row * problem->n + col];
    }
  }
  return 0;
}

static void run_cvode(runner *r) {
  const problem *problem = r->problem;
  realtype       t       = 0;
  memcpy(N_VGetArrayPointer(r->state), problem->u0, (size_t)problem->n * sizeof(double));
  if (CVodeReInit(r->cvode, 0, r->state) || CVodeSetStopTime(r->cvode, problem->t1)) {
    fail("CVodeReInit");
  }
  int flag = CVode(r->cvode, problem->t1, r->state, &t, CV_NORMAL);
  memcpy(r->u, N_VGetArrayPointer(r->state), (size_t)problem->n * sizeof(double));
  if (flag < 0) {
    r->u[0] = NAN;
  }
  CVodeGetNumSteps(r->cvode, &r->steps);
}

/* Seconds of this process: other programs on the machine do not count. */
static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Best of several rounds. */
static score measure(runner *r, void (*run)(struct runner *)) {
  score  best = {.seconds = INFINITY};
  double once = cpu_seconds();
  run(r);
  once       = cpu_seconds() - once;
  int repeat = (int)fmin(1e6, 1 + 0.004 / fmax(once, 1e-9));
  for (int round = 0; round < 9; round++) {
    double start = cpu_seconds();
    for (int i = 0; i < repeat; i++) {
      run(r);
    }
    best.seconds = fmin(best.seconds, (cpu_seconds() - start) / repeat);
  }
  best.error = error_of(r->problem, r->u);
  best.steps = r->steps;
  return best;
}

static score score_ude(const problem *problem, const char *method, double rtol) {
  double atol[MOST_N];
  for (int i = 0; i < problem->n; i++) {
    atol[i] = problem->atol_factor * rtol * problem->unit[i];
  }
  ude_vector_field  field   = {.state = {.count = problem->n},
                               .rhs   = {.rows     = problem->n,
                                         .columns  = problem->n,
                                         .value    = value,
                                         .jvp      = jvp,
                                         .jvp_wide = jvp_wide,
                                         .width    = WIDTH,
                                         .context  = (void *)problem}};
  ude_solve_options options = {.method = method, .rtol = rtol, .atol_vector = atol};
  runner            r       = {.problem = problem};
  ude_error         error;
  if (ude_integrator_create(&field, &options, &r.ude, &error)) {
    fail(error.message);
  }
  score got = measure(&r, run_ude);
  ude_integrator_free(r.ude);
  return got;
}

static void quiet(int code, const char *module, const char *function, char *message,
                  void *context) {
  (void)code, (void)module, (void)function, (void)message, (void)context;
}

static score score_cvode(const problem *problem, double rtol, SUNContext context) {
  runner    r            = {.problem = problem};
  N_Vector  atol         = N_VNew_Serial(problem->n, context);
  SUNMatrix matrix       = SUNDenseMatrix(problem->n, problem->n, context);
  r.state                = N_VNew_Serial(problem->n, context);
  r.cvode                = CVodeCreate(CV_BDF, context);
  SUNLinearSolver linear = SUNLinSol_Dense(r.state, matrix, context);
  for (int i = 0; i < problem->n; i++) {
    N_VGetArrayPointer(atol)[i] = problem->atol_factor * rtol * problem->unit[i];
  }
  N_VConst(0, r.state);
  if (CVodeInit(r.cvode, cvode_rhs, 0, r.state) || CVodeSVtolerances(r.cvode, rtol, atol) ||
      CVodeSetUserData(r.cvode, (void *)problem) || CVodeSetLinearSolver(r.cvode, linear, matrix) ||
      CVodeSetJacFn(r.cvode, cvode_jacobian) || CVodeSetMaxNumSteps(r.cvode, 10000000) ||
      CVodeSetErrHandlerFn(r.cvode, quiet, NULL)) {
    fail("setting up CVODE");
  }
  score got = measure(&r, run_cvode);
  CVodeFree(&r.cvode);
  SUNLinSolFree(linear);
  SUNMatDestroy(matrix);
  N_VDestroy(r.state);
  N_VDestroy(atol);
  return got;
}

/* -------------------------------------------------------------------------------------- table -- */

/* CVODE's time for this error or less, log-log between neighbouring points of its curve; NAN outside. */
static double time_at(const score *curve, double error) {
  for (int i = 1; i < TOLERANCES; i++) {
    double high = curve[i - 1].error;
    double low  = curve[i].error;
    if (error <= high && error >= low && low < high) {
      double share = log(high / error) / log(high / low);
      return curve[i - 1].seconds * pow(curve[i].seconds / curve[i - 1].seconds, share);
    }
  }
  return NAN;
}

static void print_ratio(double ratio) {
  if (isfinite(ratio)) {
    printf(" %8.1fx", ratio);
  } else {
    printf(" %9s", "-");
  }
}

int main(int argc, char **argv) {
  static const char *const methods[] = {"auto",    "rosenbrock23", "rodas4",
                                        "rodas5p", "kencarp4",     "radau"};
  static const double      shown[]   = {1e-3, 1e-5, 1e-7, 1e-9};
  SUNContext               context   = NULL;
  if (SUNContext_Create(NULL, &context)) {
    fail("SUNContext_Create");
  }
  puts("ratio: CVODE's time / this time, at equal tolerance and at equal error");
  for (int p = 0; p < PROBLEMS; p++) {
    score cvode[TOLERANCES];
    if (argc > 1 && !strstr(problems[p].name, argv[1])) {
      continue;
    }
    printf("\n%s\n%8s %-13s %10s %8s %9s %9s %9s\n", problems[p].name, "rtol", "method", "us/solve",
           "steps", "error", "ratio", "at error");
    for (int i = 0; i < TOLERANCES; i++) {
      cvode[i] = score_cvode(&problems[p], tolerances[i], context);
    }
    for (int s = 0; s < 4; s++) {
      for (int i = 0; i < TOLERANCES; i++) {
        if (tolerances[i] != shown[s]) {
          continue;
        }
        printf("%8.0e %-13s %10.2f %8ld %9.1e\n", shown[s], "CVODE BDF", 1e6 * cvode[i].seconds,
               cvode[i].steps, cvode[i].error);
        for (int m = 0; m < 6; m++) {
          if (m == 1 && shown[s] < 1e-4) {
            continue; /* order 2 */
          }
          score got = score_ude(&problems[p], methods[m], shown[s]);
          printf("%8s %-13s %10.2f %8ld %9.1e", "", methods[m], 1e6 * got.seconds, got.steps,
                 got.error);
          print_ratio(cvode[i].seconds / got.seconds);
          print_ratio(time_at(cvode, got.error) / got.seconds);
          putchar('\n');
        }
      }
    }
  }
  SUNContext_Free(&context);
  return 0;
}
