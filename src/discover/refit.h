/* The least-squares problem of one structure, for the files that fit and linearise it. */
#ifndef UDE_DISCOVER_REFIT_H
#define UDE_DISCOVER_REFIT_H

#include "discover/select.h"

/* A problem over the free variables, and the work of a Levenberg-Marquardt iteration. */
typedef struct problem {
  ude_loss *loss;
  int64_t   d, m;           /* variables, residuals */
  double   *theta, *trial;  /* [d] */
  double   *r, *trial_r;    /* [m] raw residuals */
  double   *jacobian;       /* [m][d] */
  double   *a, *b;          /* [m + d][d], [m + d] weighted and damped */
  double   *step;           /* [d] */
  double   *variance;       /* [columns] at theta */
  double   *trial_variance; /* [columns] */
} problem;

/* Open at x->p, x->u0; free are the parameters that the model trains and the candidates that are
 * `chosen` (NULL: all of them). */
ude_status problem_open(selection *s, const structure *x, const bool *chosen, problem *q,
                        ude_error *error);
void       problem_close(problem *q);

/* Mean squared residual of each column, and -2 ln L (up to a constant) of independent normal errors
 * whose variance in each column is the one that the residuals show. */
double problem_deviance(const selection *s, const problem *q, const double *r, double *variance);

/* A failure that is not worth giving up the whole search for. */
static inline bool is_local_failure(ude_status status) {
  return status == UDE_NUMERICAL || status == UDE_INVALID_ARGUMENT;
}

#endif
