// needs: sundials_cvode sundials_nvecserial sundials_sunmatrixsparse sundials_sunlinsolklu
/* The 2-D Brusselator on N x N points, t = 0 to 1: our implicit methods (coloured Jacobians, KLU, and GMRES without a pattern) beside
 * SUNDIALS CVODE BDF with KLU and the same Jacobian, in the same run, end value only. The errors are against a solve at 1e-10. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_klu.h>
#include <sunmatrix/sunmatrix_sparse.h>

#include <ude/solve.h>

#include "support/brusselator.h"

static const double param[1] = {0.1};

static void fail(const char *what) {
  fprintf(stderr, "brusselator_vs_cvode: %s failed\n", what);
  exit(1);
}

/* Seconds of this process: other programs on the machine do not count. */
static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double error_of(int64_t n, const double *u, const double *reference) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) {
    double e = (u[i] - reference[i]) / (1 + fabs(reference[i]));
    sum += e * e;
  }
  return sqrt(sum / (double)n);
}

static double run_ude(const ude_vector_field *field, const char *method, double tolerance,
                      const double *u0, double *u, ude_solve_result *result) {
  ude_solve_options options    = {.method = method, .rtol = tolerance, .atol = tolerance};
  ude_integrator   *integrator = NULL;
  ude_error         error;
  double            start = cpu_seconds();
  if (ude_integrator_create(field, &options, &integrator, &error) ||
      ude_integrator_run(integrator, u0, param, 0, 1, NULL, 0, NULL, u, result, &error)) {
    fail(error.message);
  }
  ude_integrator_free(integrator);
  return cpu_seconds() - start;
}

static int cvode_rhs(realtype t, N_Vector u, N_Vector du, void *context) {
  return brusselator_rhs(N_VGetArrayPointer(du), N_VGetArrayPointer(u), param, t, context);
}

/* Row by row (CSR), in the order of the pattern. */
static int cvode_jacobian(realtype t, N_Vector state, N_Vector fu, SUNMatrix matrix, void *context,
                          N_Vector a, N_Vector b, N_Vector c) {
  const brusselator *field  = context;
  const double      *u      = N_VGetArrayPointer(state);
  sunindextype      *start  = SUNSparseMatrix_IndexPointers(matrix);
  sunindextype      *column = SUNSparseMatrix_IndexValues(matrix);
  double            *value  = SUNSparseMatrix_Data(matrix);
  double             scale  = param[0] * field->side * field->side;
  (void)t, (void)fu, (void)a, (void)b, (void)c;
  for (int64_t r = 0; r <= field->pattern.rows; r++) {
    start[r] = field->pattern.start[r];
  }
  for (int64_t r = 0; r < field->pattern.rows; r++) {
    bool   first = r % 2 == 0;
    double x = u[r - r % 2], y = u[r - r % 2 + 1];
    for (int64_t e = field->pattern.start[r]; e < field->pattern.start[r + 1]; e++) {
      int64_t at = field->pattern.index[e];
      column[e]  = at;
      value[e]   = at == r           ? (first ? 2 * x * y - 4.4 : -x * x) - 4 * scale
                   : at / 2 == r / 2 ? (first ? x * x : 3.4 - 2 * x * y)
                                     : scale;
    }
  }
  return 0;
}

static double run_cvode(brusselator *field, double tolerance, const double *u0, double *u,
                        long *steps) {
  int64_t    n       = field->pattern.rows;
  SUNContext context = NULL;
  realtype   t       = 0;
  double     start   = cpu_seconds();
  if (SUNContext_Create(NULL, &context)) {
    fail("SUNContext_Create");
  }
  N_Vector        state  = N_VNew_Serial(n, context);
  SUNMatrix       matrix = SUNSparseMatrix(n, n, 6 * n, CSR_MAT, context);
  SUNLinearSolver linear = SUNLinSol_KLU(state, matrix, context);
  void           *cvode  = CVodeCreate(CV_BDF, context);
  memcpy(N_VGetArrayPointer(state), u0, (size_t)n * sizeof *u0);
  if (CVodeInit(cvode, cvode_rhs, 0, state) || CVodeSStolerances(cvode, tolerance, tolerance) ||
      CVodeSetUserData(cvode, field) || CVodeSetLinearSolver(cvode, linear, matrix) ||
      CVodeSetJacFn(cvode, cvode_jacobian) || CVodeSetMaxNumSteps(cvode, 1000000) ||
      CVodeSetStopTime(cvode, 1) || CVode(cvode, 1, state, &t, CV_NORMAL) < 0) {
    fail("CVODE");
  }
  memcpy(u, N_VGetArrayPointer(state), (size_t)n * sizeof *u);
  CVodeGetNumSteps(cvode, steps);
  CVodeFree(&cvode);
  SUNLinSolFree(linear);
  SUNMatDestroy(matrix);
  N_VDestroy(state);
  SUNContext_Free(&context);
  return cpu_seconds() - start;
}

int main(int argc, char **argv) {
  static const char *const methods[]    = {"auto", "kencarp4", "rodas5p", "cvode_bdf"};
  static const double      tolerances[] = {1e-4, 1e-6};
  int                      most         = argc > 1 ? atoi(argv[1]) : 64;
  for (int side = 16; side <= most; side *= 2) {
    brusselator      field;
    ude_vector_field sparse = brusselator_make(&field, side);
    int64_t          n      = sparse.state.count;
    double          *u0 = malloc((size_t)n * sizeof *u0), *u = malloc((size_t)n * sizeof *u);
    double          *reference = malloc((size_t)n * sizeof *u);
    ude_solve_result result;
    brusselator_start(side, u0);
    run_ude(&sparse, "rodas5p", 1e-9, u0, reference, &result);
    printf("\n%d x %d points, %lld states\n%6s %-26s %10s %7s %7s %7s %10s %9s\n", side, side,
           (long long)n, "tol", "method", "ms", "steps", "jac", "factor", "us/state", "error");
    for (int i = 0; i < 2; i++) {
      long   steps   = 0;
      double seconds = run_cvode(&field, tolerances[i], u0, u, &steps);
      printf("%6.0e %-26s %10.1f %7ld %7s %7s %10.2f %9.1e\n", tolerances[i],
             "CVODE BDF, KLU, analytic J", 1e3 * seconds, steps, "", "", 1e6 * seconds / (double)n,
             error_of(n, u, reference));
      for (int m = 0; m < 4; m++) {
        if (m == 3 && ude_method_order(methods[m]) == 0) {
          continue;
        }
        seconds = run_ude(&sparse, methods[m], tolerances[i], u0, u, &result);
        printf("%6s %-26s %10.1f %7lld %7lld %7lld %10.2f %9.1e\n", "", methods[m], 1e3 * seconds,
               (long long)result.steps, (long long)result.jacobians,
               (long long)result.factorisations, 1e6 * seconds / (double)n,
               error_of(n, u, reference));
      }
    }
    free(u0);
    free(u);
    free(reference);
    brusselator_free(&field);
  }
  return 0;
}
