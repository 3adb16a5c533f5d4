/* Sparse regression with one answer: what its methods share. */
#ifndef UDE_DISCOVER_SPARSE_H
#define UDE_DISCOVER_SPARSE_H

#include "discover/regression.h"

/* Compressed problems, one for each target, over the same terms. */
typedef struct sparse {
  int64_t            terms, targets;
  regression        *target;    /* [targets]; observations: rows of the data */
  double            *effective; /* [targets] observations that count as independent */
  ude_sparse_options options;   /* defaults filled in */
} sparse;

/* The bound below which |coefficient of a column of norm one| is dropped; relative > 0 overrides the options. */
double sparse_bound(const sparse *s, int64_t target, int64_t term, double relative);
/* Criterion of a structure of `count` terms that leaves the root mean square `residual`. */
double sparse_criterion(const sparse *s, int64_t target, int64_t count, double residual);

/* sr3.c: the support that relaxed regression keeps; chosen int64_t[terms]. */
ude_status sparse_sr3(const sparse *s, int64_t target, double relative, int64_t *chosen,
                      int64_t *count, ude_error *error);
/* constrained.c: all targets together, on the structure that thresholds leave under the equalities.
 * coefficients double[targets][terms]. */
ude_status sparse_constrained(const sparse *s, double *coefficients, ude_error *error);
/* sparse.c: one model. share: [targets] effective observations by rows, NULL: 1. */
ude_status sparse_fit(int64_t rows, int64_t terms, int64_t targets, const double *theta,
                      const double *target, const ude_sparse_options *options, const double *share,
                      double *coefficients, ude_error *error);
/* sparse.c: least squares on the nonzero coefficients in place, under the equalities; residual, criterion [targets] may be NULL. */
ude_status sparse_refit(int64_t rows, int64_t terms, int64_t targets, const double *theta,
                        const double *target, const ude_sparse_options *options,
                        const double *share, double *coefficients, double *residual,
                        double *criterion, ude_error *error);
/* constrained.c: least squares on the nonzero entries of coefficients, in place. */
ude_status sparse_constrained_solve(const sparse *s, bool *chosen, double *coefficients,
                                    ude_error *error);
/* ensemble.c: inclusion and spread of result, and the coefficients that are kept (before the refit). */
ude_status sparse_ensemble(int64_t rows, const double *theta, const double *target,
                           const ude_sparse_options *options, const double *share,
                           ude_sparse_result *result, ude_error *error);

#endif
