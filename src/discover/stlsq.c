/* Sequentially thresholded least squares over a grid of thresholds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/regression.h"

static const double DEFAULT_RCOND = 1e-10;

/* Sizes from which elimination starts: the largest support up to PRUNE_LARGE, all up to
 * PRUNE_SMALL. */
enum { PRUNE_LARGE = 64, PRUNE_SMALL = 12 };

/* S. Brunton, J. Proctor, N. Kutz, PNAS 113 (2016) 3932: drop what is below the threshold, solve
 * again on the rest, until nothing changes. Columns have norm one, so that the threshold compares
 * contributions and not units. `chosen` (int64_t[terms]) takes the support. */
static ude_status threshold(regression *problem, double bound, const ude_stlsq_options *options,
                            int64_t *chosen, int64_t *count, ude_error *error) {
  *count = 0;
  for (int64_t j = 0; j < problem->terms; j++) {
    if (problem->norms[j] > 0) {
      chosen[(*count)++] = j;
    }
  }
  int64_t limit = options->iterations > 0 ? options->iterations : 100;
  for (int64_t iteration = 0; iteration < limit && *count > 0; iteration++) {
    ude_least_squares_info info;
    double                 rcond  = options->rcond > 0 ? options->rcond : DEFAULT_RCOND;
    ude_status             status = regression_solve(problem, *count, chosen, rcond, &info, error);
    if (status) {
      return status;
    }
    int64_t kept = 0;
    for (int64_t k = 0; k < *count; k++) {
      if (fabs(problem->solution[k]) >= bound && problem->solution[k] != 0) {
        chosen[kept++] = chosen[k];
      }
    }
    if (kept == *count) {
      break;
    }
    *count = kept;
  }
  return UDE_OK;
}

/* Thresholds on collinear columns drop the wrong one of a pair now and then; what elimination finds
 * from the supports of the sweep is added to them. */
static ude_status prune(regression *problem, double rcond, int64_t *chosen, ude_support_list *list,
                        ude_error *error) {
  ude_status status  = UDE_OK;
  int64_t    count   = list->count;
  int64_t    largest = -1;
  for (int64_t i = 0; i < count; i++) {
    int64_t size = list->supports[i].count;
    if (size <= PRUNE_LARGE && (largest < 0 || size > list->supports[largest].count)) {
      largest = i;
    }
  }
  for (int64_t i = 0; i < count && !status; i++) {
    int64_t size = list->supports[i].count;
    if (size > 0 && (i == largest || size <= PRUNE_SMALL)) {
      memcpy(chosen, list->supports[i].terms, (size_t)size * sizeof *chosen);
      status = regression_prune(problem, size, chosen, rcond, list, error);
    }
  }
  return status;
}

ude_status ude_stlsq_sweep(int64_t rows, int64_t terms, const double *theta, const double *target,
                           const double *weights, const ude_stlsq_options *options,
                           ude_support_list **list, ude_error *error) {
  *list                  = NULL;
  ude_stlsq_options used = options ? *options : (ude_stlsq_options){0};
  used.smallest          = used.smallest > 0 ? used.smallest : 1e-4;
  used.largest           = used.largest > 0 ? used.largest : 1;
  used.count             = used.count > 0 ? used.count : 121;
  if (!(used.largest >= used.smallest) || !isfinite(used.largest)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "thresholds from %g to %g: the largest must not be below the smallest",
                    used.smallest, used.largest);
  }
  regression problem;
  ude_status status = regression_create(rows, terms, theta, target, weights, &problem, error);
  if (status) {
    return status;
  }
  ude_support_list *found  = ude_calloc(1, sizeof *found);
  int64_t          *chosen = ude_calloc((size_t)terms, sizeof *chosen);
  if (!found || !chosen) {
    status = ude_fail_memory(error, "a sweep over thresholds");
  }
  double step = used.count > 1 ? log(used.largest / used.smallest) / (double)(used.count - 1) : 0;
  for (int64_t i = 0; i < used.count && !status; i++) {
    double  relative = used.smallest * exp(step * (double)i);
    int64_t count;
    status = threshold(&problem, relative * problem.target_norm, &used, chosen, &count, error);
    if (!status) {
      double rcond = used.rcond > 0 ? used.rcond : DEFAULT_RCOND;
      status       = regression_collect(&problem, count, chosen, rcond, relative, found, error);
    }
  }
  if (!status) {
    status = prune(&problem, used.rcond > 0 ? used.rcond : DEFAULT_RCOND, chosen, found, error);
  }
  free(chosen);
  regression_free(&problem);
  if (status) {
    ude_support_list_free(found);
    return status;
  }
  support_list_sort(found);
  *list = found;
  return UDE_OK;
}
