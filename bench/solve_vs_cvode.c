// needs: sundials_cvode sundials_nvecserial
/* Time per solve of the explicit methods beside SUNDIALS CVODE (Adams, functional iteration by its fixed-point
 * solver) on the same right-hand sides, in the same run, end value only. Both keep their workspace between solves.
 * "equal error" compares with CVODE's time at the error reached here, interpolated in its own work-precision curve. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

#include "support/problems.h"

enum { MOST_N = 28, TOLERANCES = 5 };

static const double tolerances[TOLERANCES] = {1e-4, 1e-6, 1e-8, 1e-10, 1e-12};

typedef struct problem {
  const char      *name;
  ude_vector_field field;
  const double    *u0, *p;
  double           t1;
  const double    *expected; /**< NULL: chaotic, no error is given */
} problem;

typedef struct score {
  double seconds, error;
  long   calls;
} score;

static void fail(const char *what) {
  fprintf(stderr, "solve_vs_cvode: %s failed\n", what);
  exit(1);
}

static double error_of(const problem *problem, const double *u) {
  double worst = 0;
  for (int64_t i = 0; problem->expected && i < problem->field.state.count; i++) {
    worst = fmax(worst, fabs(u[i] - problem->expected[i]) / (1 + fabs(problem->expected[i])));
  }
  return problem->expected ? worst : NAN;
}

/* ----------------------------------------------------------------------------------- runs -- */

typedef struct runner {
  const problem  *problem;
  ude_integrator *ude;
  void           *cvode;
  N_Vector        state;
  long            calls;
  double          u[MOST_N];
} runner;

static void run_ude(runner *runner) {
  const problem   *problem = runner->problem;
  ude_solve_result result;
  if (ude_integrator_run(runner->ude, problem->u0, problem->p, 0, problem->t1, NULL, 0, NULL,
                         runner->u, &result, NULL)) {
    fail(problem->name);
  }
  runner->calls = (long)result.rhs_calls;
}

static int cvode_rhs(realtype t, N_Vector u, N_Vector du, void *context) {
  const problem *problem = context;
  return problem->field.rhs.value(N_VGetArrayPointer(du), N_VGetArrayPointer(u), problem->p, t,
                                  problem->field.rhs.context);
}

static void run_cvode(runner *runner) {
  const problem *problem = runner->problem;
  realtype       t       = 0;
  memcpy(N_VGetArrayPointer(runner->state), problem->u0,
         (size_t)problem->field.state.count * sizeof(double));
  if (CVodeReInit(runner->cvode, 0, runner->state) ||
      CVodeSetStopTime(runner->cvode, problem->t1) ||
      CVode(runner->cvode, problem->t1, runner->state, &t, CV_NORMAL) < 0) {
    fail("CVODE");
  }
  memcpy(runner->u, N_VGetArrayPointer(runner->state),
         (size_t)problem->field.state.count * sizeof(double));
  CVodeGetNumRhsEvals(runner->cvode, &runner->calls);
}

/* Best of several rounds of at least 20 ms each. */
static score measure(runner *runner, void (*run)(struct runner *)) {
  score  best = {.seconds = INFINITY};
  double once = ude_clock();
  run(runner);
  once       = ude_clock() - once;
  int repeat = (int)fmin(1e6, 1 + 0.02 / fmax(once, 1e-9));
  for (int round = 0; round < 5; round++) {
    double start = ude_clock();
    for (int i = 0; i < repeat; i++) {
      run(runner);
    }
    best.seconds = fmin(best.seconds, (ude_clock() - start) / repeat);
  }
  best.error = error_of(runner->problem, runner->u);
  best.calls = runner->calls;
  return best;
}

static score score_ude(const problem *problem, const char *method, double tolerance) {
  ude_solve_options options = {.method = method, .rtol = tolerance, .atol = tolerance};
  runner            runner  = {.problem = problem};
  ude_error         error;
  if (ude_integrator_create(&problem->field, &options, &runner.ude, &error)) {
    fail(error.message);
  }
  score got = measure(&runner, run_ude);
  ude_integrator_free(runner.ude);
  return got;
}

static score score_cvode(const problem *problem, double tolerance, SUNContext context) {
  runner   runner = {.problem = problem};
  N_Vector start  = N_VNew_Serial(problem->field.state.count, context);
  runner.state    = N_VNew_Serial(problem->field.state.count, context);
  runner.cvode    = CVodeCreate(CV_ADAMS, context);
  if (!start || !runner.state || !runner.cvode) {
    fail("creating CVODE");
  }
  memcpy(N_VGetArrayPointer(start), problem->u0,
         (size_t)problem->field.state.count * sizeof(double));
  SUNNonlinearSolver solver = SUNNonlinSol_FixedPoint(start, 0, context);
  if (CVodeInit(runner.cvode, cvode_rhs, 0, start) ||
      CVodeSStolerances(runner.cvode, tolerance, tolerance) ||
      CVodeSetUserData(runner.cvode, (void *)problem) ||
      CVodeSetNonlinearSolver(runner.cvode, solver) ||
      CVodeSetMaxNumSteps(runner.cvode, 10000000)) {
    fail("setting up CVODE");
  }
  score got = measure(&runner, run_cvode);
  CVodeFree(&runner.cvode);
  SUNNonlinSolFree(solver);
  N_VDestroy(runner.state);
  N_VDestroy(start);
  return got;
}

/* ------------------------------------------------------------------------------------ table -- */

/* CVODE's time for this error, log-log between its points; NAN outside its curve. */
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

static void compare(const problem *problem, SUNContext context) {
  score             cvode[TOLERANCES];
  const char *const methods[] = {"tsit5", "dp5", "vern6", "vern7", "dop853", "vern9", "auto"};
  printf("\n%s\n%8s %-12s %10s %9s %9s %9s %9s\n", problem->name, "tol", "method", "us/solve",
         "rhs", "error", "ratio", "at error");
  for (int i = 0; i < TOLERANCES; i++) {
    cvode[i] = score_cvode(problem, tolerances[i], context);
  }
  for (int i = 0; i < TOLERANCES; i++) {
    printf("%8.0e %-12s %10.2f %9ld %9.1e\n", tolerances[i], "CVODE Adams", 1e6 * cvode[i].seconds,
           cvode[i].calls, cvode[i].error);
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++) {
      score got = score_ude(problem, methods[m], tolerances[i]);
      printf("%8s %-12s %10.2f %9ld %9.1e", "", methods[m], 1e6 * got.seconds, got.calls,
             got.error);
      print_ratio(cvode[i].seconds / got.seconds);
      print_ratio(time_at(cvode, got.error) / got.seconds);
      putchar('\n');
    }
  }
}

int main(void) {
  /* Lotka-Volterra and Lorenz: converged to all digits given; Pleiades: Bari/CWI test set. */
  static const double lotka_50[2]  = {0.18702058338, 1.31310184727};
  static const double lorenz_10[3] = {-5.8576853824240900, -5.8310824864261004, 23.932132987027563};
  const problem       problems[]   = {
      {"Lotka-Volterra to t = 50", PROBLEM_FIELD(2, 4, lotka_rhs), lotka_u0, lotka_p, 50, lotka_50},
      {"Lorenz to t = 10", PROBLEM_FIELD(3, 3, lorenz_rhs), lorenz_u0, lorenz_p, 10, lorenz_10},
      {"Lorenz to t = 100", PROBLEM_FIELD(3, 3, lorenz_rhs), lorenz_u0, lorenz_p, 100, NULL},
      {"Pleiades to t = 3", PROBLEM_FIELD(28, 0, pleiades_rhs), pleiades_u0, NULL, 3, pleiades_u3}};
  SUNContext context = NULL;
  if (SUNContext_Create(NULL, &context)) {
    fail("SUNContext_Create");
  }
  puts("ratio: CVODE's time / this time, at equal tolerance and at equal error");
  for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
    compare(&problems[i], context);
  }
  SUNContext_Free(&context);
  return 0;
}
