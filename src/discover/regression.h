/* One regression problem made small: weighted, columns of norm one, tall matrices compressed by QR.
 */
#ifndef UDE_DISCOVER_REGRESSION_H
#define UDE_DISCOVER_REGRESSION_H

#include <ude/discover.h>
#include <ude/linalg.h>

typedef struct regression {
  int64_t observations; /* before compression */
  int64_t rows, terms;
  double *columns;     /* [terms + 1][rows]: the candidates of norm one, then the target */
  double *norms;       /* [terms] of the weighted columns; 0 for a zero column */
  double  target_norm; /* weighted */
  double *gathered;    /* [rows][terms] work: chosen columns side by side */
  double *solution;    /* [terms] work */
  double *covariance;  /* [terms][terms] work of the elimination, NULL before */
} regression;

ude_status regression_create(int64_t rows, int64_t terms, const double *theta, const double *target,
                             const double *weights, regression *problem, ude_error *error);
void       regression_free(regression *problem);

/* Least squares on `count` chosen terms: solution[0..count-1] in the scale of normalised columns.
 */
ude_status regression_solve(regression *problem, int64_t count, const int64_t *chosen, double rcond,
                            ude_least_squares_info *info, ude_error *error);

/* Solve on the chosen terms and add the support to the list, unless it is there. */
ude_status regression_collect(regression *problem, int64_t count, const int64_t *chosen,
                              double rcond, double threshold, ude_support_list *list,
                              ude_error *error);

/* Backward elimination: from the chosen terms (ascending; overwritten) drop the one that the target
 * misses least, again and again, and collect every support on the way down to none. */
ude_status regression_prune(regression *problem, int64_t count, int64_t *chosen, double rcond,
                            ude_support_list *list, ude_error *error);

/* Ascending number of terms, then ascending residual. */
void support_list_sort(ude_support_list *list);

#endif
