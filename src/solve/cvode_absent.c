/* Without SUNDIALS: the same functions, which refuse. */
#include "solve/cvode.h"

#ifndef UDE_WITH_CVODE

bool ude_cvode_available(void) {
  return false;
}

ude_status ude_cvode_open(const ude_vector_field *field, bool adams, double rtol,
                          const double *atol, ude_cvode **cvode, ude_error *error) {
  (void)field;
  (void)adams;
  (void)rtol;
  (void)atol;
  *cvode = NULL;
  return ude_fail(error, UDE_UNSUPPORTED,
                  "this build has no CVODE (apt install libsundials-dev, then build again); choose "
                  "another method");
}

void ude_cvode_close(ude_cvode *s) {
  (void)s;
}

ude_cvode_code ude_cvode_start(ude_cvode *s, double t0, double t1, const double *u0,
                               const double *p, double first_step, double min_step,
                               double max_step) {
  (void)s;
  (void)t0;
  (void)t1;
  (void)u0;
  (void)p;
  (void)first_step;
  (void)min_step;
  (void)max_step;
  return UDE_CVODE_FAILED;
}

ude_cvode_code ude_cvode_step(ude_cvode *s, double *t, double *h, const double **u) {
  (void)s;
  (void)t;
  (void)h;
  (void)u;
  return UDE_CVODE_FAILED;
}

ude_cvode_code ude_cvode_dense(ude_cvode *s, double time, double *out) {
  (void)s;
  (void)time;
  (void)out;
  return UDE_CVODE_FAILED;
}

ude_stiff_counts ude_cvode_counts(const ude_cvode *s, int64_t *rejected) {
  (void)s;
  *rejected = 0;
  return (ude_stiff_counts){0};
}

#endif
