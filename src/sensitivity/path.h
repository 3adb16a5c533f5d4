/**
 * @file path.h
 * @brief A solution kept step by step, to be evaluated anywhere: the values of its dense output in Chebyshev points of each step.
 */
#ifndef UDE_SENSITIVITY_PATH_H
#define UDE_SENSITIVITY_PATH_H

#include "solve/integrator.h"

enum { UDE_PATH_MOST_NODES = 12 };

typedef struct ude_path {
  int64_t n;
  int     nodes;                       /**< values a step; 2 to UDE_PATH_MOST_NODES */
  double  node[UDE_PATH_MOST_NODES];   /**< position in the step, 0 first, 1 last */
  double  weight[UDE_PATH_MOST_NODES]; /**< barycentric */
  int64_t steps, capacity;
  double *t;     /**< [steps + 1] */
  double *value; /**< [steps][nodes][n] */
  int64_t hint;  /**< step of the last evaluation */
} ude_path;

/** Steps with a dense output of this order. */
void ude_path_open(ude_path *path, int64_t n, int order);
void ude_path_clear(ude_path *path); /**< forget the steps, keep the storage */
void ude_path_free(ude_path *path);
/** ude_step_fn: append a step; context: ude_path. */
int ude_path_append(const ude_output_step *step, void *context);
/** Bytes of a step. */
size_t ude_path_step_bytes(const ude_path *path);
/** The state at `time` within the steps (beyond them: at the nearest end); double[n]. */
void ude_path_at(ude_path *path, double time, double *out);
/** Its derivative in time, by a central difference of the interpolant within the step; work: double[n]. */
void ude_path_slope(ude_path *path, double time, double *out, double *work);

#endif
