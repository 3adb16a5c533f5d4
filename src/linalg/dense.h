/* What the files of the linalg room share. */
#ifndef UDE_LINALG_DENSE_H
#define UDE_LINALG_DENSE_H

#include <ude/linalg.h>

/* Largest magnitude of x[0..n-1]. */
double ude_max_abs(int64_t n, const double *x);

/* UDE_NUMERICAL naming the first entry that is not finite: LAPACK may loop or return garbage on
 * NaN. */
ude_status ude_require_finite(const char *where, const char *name, int64_t rows, int64_t columns,
                              const double *a, ude_error *error);

#endif
