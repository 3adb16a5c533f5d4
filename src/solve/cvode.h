/**
 * @file cvode.h
 * @brief BDF and Adams methods of SUNDIALS CVODE, over our Jacobians and factorisations.
 *
 * Present where the library was built beside SUNDIALS (UDE_WITH_CVODE); ude_cvode_available tells.
 */
#ifndef UDE_SOLVE_CVODE_H
#define UDE_SOLVE_CVODE_H

#include "solve/control.h"
#include "solve/stiff.h"

typedef struct ude_cvode ude_cvode;

/** Why a step of CVODE did not come about. */
typedef enum ude_cvode_code {
  UDE_CVODE_OK = 0,
  UDE_CVODE_RHS_FAILED,
  UDE_CVODE_STEP_TOO_SMALL, /**< error test, or too much accuracy asked for */
  UDE_CVODE_NOT_CONVERGED,
  UDE_CVODE_FAILED /**< anything else */
} ude_cvode_code;

bool ude_cvode_available(void);
/** adams: Adams-Moulton with fixed-point iteration, else BDF with Newton iteration. atol: double[n], borrowed. UDE_UNSUPPORTED without
 *  SUNDIALS or with a mass of zero. */
ude_status ude_cvode_open(const ude_vector_field *field, bool adams, double rtol,
                          const double *atol, ude_cvode **cvode, ude_error *error);
void       ude_cvode_close(ude_cvode *s);
/** Begin at (t0, u0) towards t1, which no step passes. Step sizes: 0 for none. */
ude_cvode_code ude_cvode_start(ude_cvode *s, double t0, double t1, const double *u0,
                               const double *p, double first_step, double min_step,
                               double max_step);
/** One step: the time reached and its size; *u: double[n], valid until the next call. */
ude_cvode_code ude_cvode_step(ude_cvode *s, double *t, double *h, const double **u);
/** The interpolant of the last step at `time`, to out: double[n]. */
ude_cvode_code ude_cvode_dense(ude_cvode *s, double time, double *out);
/** Counts since the start; steps that failed the error test into *rejected. */
ude_stiff_counts ude_cvode_counts(const ude_cvode *s, int64_t *rejected);

extern const ude_method ude_method_cvode_bdf, ude_method_cvode_adams;

#endif
