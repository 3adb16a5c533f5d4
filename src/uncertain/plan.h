/**
 * @file plan.h
 * @brief What the parts of one propagation share: the problem, its inputs, and how inputs become solves.
 */
#ifndef UDE_UNCERTAIN_PLAN_H
#define UDE_UNCERTAIN_PLAN_H

#include <ude/uncertain.h>

/** A problem with uncertain inputs; arrays borrowed but `factor`. */
typedef struct ude_plan {
  const ude_vector_field      *field;
  const ude_uncertain_options *options;
  ude_solve_options            solve; /**< with the defaults of this room filled in */
  const double                *u0, *p, *times;
  double                       t0, t1;
  int64_t                      count;
  const ude_uncertain_input   *input;
  int64_t                      inputs, outputs, n, np;
  const double                *correlation; /**< NULL: independent */
  double *factor; /**< [inputs][inputs] lower triangular, times its transpose the covariance */
} ude_plan;

/** One solver with the arrays for a solve away from the means. */
typedef struct ude_probe {
  ude_integrator *integrator;
  double         *u0, *p; /**< [n], [np] */
  double         *u_at;   /**< [count][n] */
} ude_probe;

ude_status ude_probe_open(ude_probe *probe, const ude_plan *plan, ude_error *error);
void       ude_probe_close(ude_probe *probe);
/** Solve with the inputs moved by `shift`: double[inputs]. States go to probe->u_at. */
ude_status ude_probe_solve(ude_probe *probe, const ude_plan *plan, const double *shift,
                           ude_error *error);
/** Outputs at times[i] for the state u and parameters p. output: double[outputs]. */
ude_status ude_plan_outputs(const ude_plan *plan, int64_t i, const double *u, const double *p,
                            double *output, ude_error *error);

/** Lower triangular factor of a positive semidefinite matrix double[n][n]; false if it is not one. */
bool ude_semidefinite_factor(int64_t n, const double *matrix, double *factor);

/** The linear part, into value, sigma, component, covariance. */
ude_status ude_propagate(const ude_plan *plan, ude_uncertain_result *result, ude_error *error);
/** Into result->curvature; needs value and sigma. */
ude_status ude_measure_curvature(const ude_plan *plan, ude_uncertain_result *result,
                                 ude_error *error);
/** Into sample_mean, sample_sigma. */
ude_status ude_sample(const ude_plan *plan, ude_uncertain_result *result, ude_error *error);

#endif
