/* CVODE (Cohen, Hindmarsh 1996; Hindmarsh et al., ACM TOMS 31 (2005) 363). Its matrix type and linear solver are ours: a matrix is
 * a J + b I with the values of J by products, so that every structure of linalg serves it. */
#include "solve/cvode.h"

#include <stdlib.h>
#include <string.h>

#ifdef UDE_WITH_CVODE

#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>
#include <sunnonlinsol/sunnonlinsol_newton.h>

struct ude_cvode {
  ude_stiff          stiff;
  bool               adams, has_stiff;
  double             rtol, t1;
  const double      *atol;
  const double      *p;
  const ude_map     *map;
  const double      *mass;
  int64_t            n, rhs_calls;
  void              *memory;
  SUNContext         context;
  N_Vector           state, tolerance, dense;
  SUNMatrix          matrix;
  SUNLinearSolver    linear;
  SUNNonlinearSolver nonlinear;
};

/* ----------------------------------------------------------------------------------- matrix -- */

typedef struct content {
  double     a, b;
  int64_t    entries;
  double    *values; /* [entries] of J, NULL where only products are known */
  ude_cvode *owner;
} content;

static content *of(SUNMatrix matrix) {
  return matrix->content;
}

static SUNMatrix_ID matrix_id(SUNMatrix matrix) {
  (void)matrix;
  return SUNMATRIX_CUSTOM;
}

static void matrix_destroy(SUNMatrix matrix) {
  if (matrix && matrix->content) {
    free(of(matrix)->values);
    free(matrix->content);
    matrix->content = NULL;
  }
  SUNMatFreeEmpty(matrix);
}

static SUNMatrix matrix_make(ude_cvode *owner);

static SUNMatrix matrix_clone(SUNMatrix matrix) {
  return matrix_make(of(matrix)->owner);
}

static int matrix_zero(SUNMatrix matrix) {
  of(matrix)->a = 0;
  of(matrix)->b = 0;
  return 0;
}

static int matrix_copy(SUNMatrix from, SUNMatrix to) {
  of(to)->a = of(from)->a;
  of(to)->b = of(from)->b;
  if (of(from)->values) {
    memcpy(of(to)->values, of(from)->values, (size_t)of(from)->entries * sizeof(double));
  }
  return 0;
}

static int matrix_scale_add_identity(realtype c, SUNMatrix matrix) {
  of(matrix)->a *= c;
  of(matrix)->b = c * of(matrix)->b + 1;
  return 0;
}

static SUNMatrix matrix_make(ude_cvode *owner) {
  SUNMatrix made  = SUNMatNewEmpty(owner->context);
  content  *inner = made ? ude_calloc(1, sizeof *inner) : NULL;
  if (!inner) {
    SUNMatFreeEmpty(made);
    return NULL;
  }
  made->content        = inner;
  made->ops->getid     = matrix_id;
  made->ops->clone     = matrix_clone;
  made->ops->destroy   = matrix_destroy;
  made->ops->zero      = matrix_zero;
  made->ops->copy      = matrix_copy;
  made->ops->scaleaddi = matrix_scale_add_identity;
  inner->owner         = owner;
  inner->entries       = ude_linear_entries(owner->stiff.linear);
  if (owner->stiff.jacobian) {
    inner->values = ude_calloc((size_t)inner->entries + 1, sizeof(double));
    if (!inner->values) {
      matrix_destroy(made);
      return NULL;
    }
  }
  return made;
}

/* ---------------------------------------------------------------------------- linear solver -- */

static SUNLinearSolver_Type solver_type(SUNLinearSolver solver) {
  (void)solver;
  return SUNLINEARSOLVER_DIRECT;
}

static SUNLinearSolver_ID solver_id(SUNLinearSolver solver) {
  (void)solver;
  return SUNLINEARSOLVER_CUSTOM;
}

/* A = a J + b I = -a ((b / -a) M' - J) with a < 0; rows of J are over the mass, so that M times A is what is factorised. */
static int solver_setup(SUNLinearSolver solver, SUNMatrix matrix) {
  ude_cvode *s     = solver->content;
  ude_stiff *stiff = &s->stiff;
  content   *inner = of(matrix);
  stiff->counts.factorisations++;
  if (inner->a == 0) {
    return 1;
  }
  return ude_linear_factor(stiff->linear, -inner->b / inner->a, stiff->mass, inner->values);
}

static int solver_solve(SUNLinearSolver solver, SUNMatrix matrix, N_Vector x, N_Vector b,
                        realtype tolerance) {
  ude_cvode *s     = solver->content;
  double    *out   = N_VGetArrayPointer(x);
  double    *right = N_VGetArrayPointer(b);
  double     scale = -1 / of(matrix)->a;
  (void)tolerance;
  for (int64_t l = 0; l < s->n; l++) {
    out[l] = scale * ude_stiff_mass(&s->stiff, l) * right[l];
  }
  return ude_stiff_solve(&s->stiff, 1, false, out);
}

static int solver_free(SUNLinearSolver solver) {
  SUNLinSolFreeEmpty(solver);
  return 0;
}

static SUNLinearSolver solver_make(ude_cvode *owner) {
  SUNLinearSolver made = SUNLinSolNewEmpty(owner->context);
  if (made) {
    made->content      = owner;
    made->ops->gettype = solver_type;
    made->ops->getid   = solver_id;
    made->ops->setup   = solver_setup;
    made->ops->solve   = solver_solve;
    made->ops->free    = solver_free;
  }
  return made;
}

/* -------------------------------------------------------------------------------- callbacks -- */

static int rhs(realtype t, N_Vector u, N_Vector du, void *context) {
  ude_cvode *s    = context;
  double    *out  = N_VGetArrayPointer(du);
  int        code = s->map->value(out, N_VGetArrayPointer(u), s->p, t, s->map->context);
  s->rhs_calls++;
  double sum = 0; /* x - x is 0, or NaN where x is not finite */
  for (int64_t l = 0; l < s->n && code == 0; l++) {
    out[l] = s->mass ? out[l] / s->mass[l] : out[l];
    sum += out[l] - out[l];
  }
  return code ? code : sum == 0 ? 0 : 1;
}

static int jacobian(realtype t, N_Vector u, N_Vector fu, SUNMatrix matrix, void *context,
                    N_Vector work1, N_Vector work2, N_Vector work3) {
  ude_cvode *s = context;
  (void)fu;
  (void)work1;
  (void)work2;
  (void)work3;
  int code      = ude_stiff_linearise(&s->stiff, t, N_VGetArrayPointer(u), s->p, false);
  of(matrix)->a = 1;
  of(matrix)->b = 0;
  if (code == 0 && of(matrix)->values) {
    memcpy(of(matrix)->values, s->stiff.jacobian, (size_t)of(matrix)->entries * sizeof(double));
  }
  return code;
}

static void silent(int code, const char *module, const char *function, char *message,
                   void *context) {
  (void)code;
  (void)module;
  (void)function;
  (void)message;
  (void)context;
}

/* ------------------------------------------------------------------------------------- life -- */

bool ude_cvode_available(void) {
  return true;
}

void ude_cvode_close(ude_cvode *s) {
  if (!s) {
    return;
  }
  if (s->memory) {
    CVodeFree(&s->memory);
  }
  if (s->nonlinear) {
    SUNNonlinSolFree(s->nonlinear);
  }
  if (s->linear) {
    SUNLinSolFree(s->linear);
  }
  if (s->matrix) {
    matrix_destroy(s->matrix);
  }
  N_Vector const vectors[] = {s->state, s->tolerance, s->dense};
  for (int i = 0; i < 3; i++) {
    if (vectors[i]) {
      N_VDestroy(vectors[i]);
    }
  }
  if (s->context) {
    SUNContext_Free(&s->context);
  }
  if (s->has_stiff) {
    ude_stiff_close(&s->stiff);
  }
  free(s);
}

static bool make_solvers(ude_cvode *s) {
  if (s->adams) {
    s->nonlinear = SUNNonlinSol_FixedPoint(s->state, 0, s->context);
    return s->nonlinear && !CVodeSetNonlinearSolver(s->memory, s->nonlinear);
  }
  s->matrix    = matrix_make(s);
  s->linear    = s->matrix ? solver_make(s) : NULL;
  s->nonlinear = s->linear ? SUNNonlinSol_Newton(s->state, s->context) : NULL;
  return s->nonlinear && !CVodeSetNonlinearSolver(s->memory, s->nonlinear) &&
         !CVodeSetLinearSolver(s->memory, s->linear, s->matrix) &&
         !CVodeSetJacFn(s->memory, jacobian);
}

static bool make(ude_cvode *s) {
  if (SUNContext_Create(NULL, &s->context)) {
    return false;
  }
  s->state     = N_VNew_Serial(s->n, s->context);
  s->tolerance = N_VNew_Serial(s->n, s->context);
  s->dense     = N_VNewEmpty_Serial(s->n, s->context);
  s->memory    = CVodeCreate(s->adams ? CV_ADAMS : CV_BDF, s->context);
  if (!s->state || !s->tolerance || !s->dense || !s->memory) {
    return false;
  }
  memcpy(N_VGetArrayPointer(s->tolerance), s->atol, (size_t)s->n * sizeof(double));
  N_VConst(0, s->state);
  return !CVodeSetErrHandlerFn(s->memory, silent, NULL) &&
         !CVodeInit(s->memory, rhs, 0, s->state) &&
         !CVodeSVtolerances(s->memory, s->rtol, s->tolerance) && !CVodeSetUserData(s->memory, s) &&
         !CVodeSetMaxNumSteps(s->memory, -1) && !CVodeSetMaxHnilWarns(s->memory, -1) &&
         make_solvers(s);
}

ude_status ude_cvode_open(const ude_vector_field *field, bool adams, double rtol,
                          const double *atol, ude_cvode **cvode, ude_error *error) {
  *cvode = NULL;
  for (int64_t l = 0; field->mass && l < field->state.count; l++) {
    if (field->mass[l] == 0) {
      return ude_fail(
          error, UDE_UNSUPPORTED,
          "CVODE takes no mass of zero; choose rodas5p, rodas4 or radau for this model");
    }
  }
  ude_cvode *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "CVODE");
  }
  made->n           = field->state.count;
  made->adams       = adams;
  made->rtol        = rtol;
  made->atol        = atol;
  made->map         = &field->rhs;
  made->mass        = field->mass;
  ude_status status = adams ? UDE_OK : ude_stiff_open(&made->stiff, field, NULL, false, error);
  made->has_stiff   = !adams && status == UDE_OK;
  if (status == UDE_OK && !make(made)) {
    status = ude_fail_memory(error, "CVODE");
  }
  if (status) {
    ude_cvode_close(made);
    return status;
  }
  *cvode = made;
  return UDE_OK;
}

/* ------------------------------------------------------------------------------------- steps -- */

static ude_cvode_code translate(int flag) {
  switch (flag) {
  case CV_SUCCESS:
  case CV_TSTOP_RETURN: return UDE_CVODE_OK;
  case CV_RHSFUNC_FAIL:
  case CV_FIRST_RHSFUNC_ERR:
  case CV_REPTD_RHSFUNC_ERR:
  case CV_UNREC_RHSFUNC_ERR: return UDE_CVODE_RHS_FAILED;
  case CV_ERR_FAILURE:
  case CV_TOO_MUCH_ACC: return UDE_CVODE_STEP_TOO_SMALL;
  case CV_CONV_FAILURE:
  case CV_LSETUP_FAIL:
  case CV_LSOLVE_FAIL: return UDE_CVODE_NOT_CONVERGED;
  default: return UDE_CVODE_FAILED;
  }
}

ude_cvode_code ude_cvode_start(ude_cvode *s, double t0, double t1, const double *u0,
                               const double *p, double first_step, double min_step,
                               double max_step) {
  s->p            = p;
  s->t1           = t1;
  s->rhs_calls    = 0;
  s->stiff.counts = (ude_stiff_counts){0};
  memcpy(N_VGetArrayPointer(s->state), u0, (size_t)s->n * sizeof *u0);
  if (CVodeReInit(s->memory, t0, s->state) || CVodeSetStopTime(s->memory, t1) ||
      CVodeSetInitStep(s->memory, t1 >= t0 ? first_step : -first_step) ||
      CVodeSetMinStep(s->memory, min_step) || CVodeSetMaxStep(s->memory, max_step)) {
    return UDE_CVODE_FAILED;
  }
  return UDE_CVODE_OK;
}

ude_cvode_code ude_cvode_step(ude_cvode *s, double *t, double *h, const double **u) {
  int flag = CVode(s->memory, s->t1, s->state, t, CV_ONE_STEP);
  CVodeGetLastStep(s->memory, h);
  *u = N_VGetArrayPointer(s->state);
  return translate(flag);
}

ude_cvode_code ude_cvode_dense(ude_cvode *s, double time, double *out) {
  N_VSetArrayPointer(out, s->dense);
  int flag = CVodeGetDky(s->memory, time, 0, s->dense);
  N_VSetArrayPointer(NULL, s->dense);
  return translate(flag);
}

ude_stiff_counts ude_cvode_counts(const ude_cvode *s, int64_t *rejected) {
  ude_stiff_counts counts     = s->stiff.counts;
  long             fails      = 0;
  long             iterations = 0;
  CVodeGetNumErrTestFails(s->memory, &fails);
  CVodeGetNumNonlinSolvIters(s->memory, &iterations);
  counts.rhs += s->rhs_calls;
  counts.iterations = iterations;
  *rejected         = fails;
  return counts;
}

#endif
