/**
 * @file uncertain.h
 * @brief Uncertain initial values and parameters carried through a solve, correlations kept.
 *
 * Linear propagation: with g_j the derivative of an output with respect to input j along the discrete solution,
 * sigma^2 = sum_ij (g_i sigma_i) r_ij (g_j sigma_j), r the correlation of the inputs (Giordano 2016,
 * arXiv:1610.08716, equation 4; JCGM 100:2008, 5.1 and 5.2). Outputs are the states and what the model's `observe`
 * computes from them: since every output keeps its derivative with respect to every input, x - x has exactly no
 * uncertainty. Two checks say where the linear picture ends: the curvature over one standard deviation, and sampling.
 *
 *     ude_uncertain_input   input[]  = {{.param = true, .index = 0, .sigma = 0.02}};
 *     ude_uncertain_result *result   = NULL;
 *     ude_uncertain_options options  = {.components = true};
 *     ude_status status = ude_uncertain(&field, u0, p, 0, 10, times, count, input, 1, NULL, &options, &result, &error);
 *     // result->sigma[i * result->outputs + j]: of output j at times[i]
 *     ude_uncertain_result_free(result);
 */
#ifndef UDE_UNCERTAIN_H
#define UDE_UNCERTAIN_H

#include <ude/solve.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One uncertain number among the inputs; its mean is the entry of u0 or p. */
typedef struct ude_uncertain_input {
  bool    param; /**< of p; false: of u0 */
  int64_t index; /**< flat index in p or u0 */
  double  sigma; /**< standard deviation, >= 0, in the units of the entry */
} ude_uncertain_input;

/** Zero value: sigma alone, with the check of the curvature. */
typedef struct ude_uncertain_options {
  ude_solve_options solve; /**< rtol 0: 1e-9; atol 0: 1e-12. The save options are not used */
  bool     from_initial;   /**< u0 is the field's initial(p) and follows uncertain parameters */
  bool     components;     /**< keep the contribution of each input */
  bool     covariance;     /**< keep the covariance of the outputs at every time */
  bool     no_curvature;   /**< skip the 2 solves per input that measure the curvature */
  int64_t  samples;        /**< solves with inputs drawn from the normal distribution, 0: none */
  uint64_t seed;           /**< of the samples */
  int      threads; /**< for the samples, 0: all processors; the result does not depend on it */
} ude_uncertain_options;

/** Where linear propagation is worst. */
typedef struct ude_uncertain_curvature {
  double
      ratio; /**< largest (1/2) sum_j |u(+sigma_j) - 2 u + u(-sigma_j)| over the largest sigma of that
                     output so far: the part of sigma that the curvature adds. INFINITY: the solve fails one
                     sigma away, or there is curvature without any linear part */
  int64_t output; /**< -1: none was measured */
  int64_t time;   /**< index */
  int64_t input;  /**< with the largest share; the one that makes the solve fail */
  bool    failed; /**< the solve fails one sigma away from the mean of `input` */
} ude_uncertain_curvature;

/** All arrays are row-major, owned by the result; NULL where they were not asked for. */
typedef struct ude_uncertain_result {
  int64_t                 count;   /**< times */
  int64_t                 outputs; /**< states, then observations */
  int64_t                 inputs;
  double                 *times;         /**< [count] */
  double                 *value;         /**< [count][outputs] at the means of the inputs */
  double                 *sigma;         /**< [count][outputs] */
  double                 *component;     /**< [count][outputs][inputs] g_j sigma_j, signed */
  double                 *covariance;    /**< [count][outputs][outputs] */
  double                 *sample_mean;   /**< [count][outputs] */
  double                 *sample_sigma;  /**< [count][outputs], with the divisor N - 1 */
  int64_t                 sample_count;  /**< samples that were solved to the end */
  int64_t                 sample_failed; /**< those that were not, and are left out */
  ude_uncertain_curvature curvature;
  ude_solve_result        solve; /**< of the solve at the means */
} ude_uncertain_result;

/**
 * Propagate. u0: double[n]; p: double[np]; times: double[count] in the direction of integration within [t0, t1], or NULL: every
 * accepted step of the solve at the means;
 * input: [inputs], each entry named at most once; correlation: double[inputs][inputs], symmetric positive
 * semidefinite with a unit diagonal, or NULL: independent inputs.
 *
 * Memory: a few numbers per output and time, whatever the number of inputs, unless components, covariance or a
 * correlation ask for all of them (outputs * inputs per time).
 *
 * @return UDE_OK; UDE_INVALID_ARGUMENT (names the input); UDE_UNSUPPORTED (no rhs.jvp, or no jvp of `initial` or
 *         `observe` where they are needed); UDE_NUMERICAL, UDE_INTERRUPTED (the solve at the means, or every
 *         sample, failed); UDE_OUT_OF_MEMORY. *result is NULL unless UDE_OK.
 *
 * Safe to call from several threads; with samples and threads != 1 the field's callbacks are called concurrently.
 */
UDE_API ude_status ude_uncertain(const ude_vector_field *field, const double *u0, const double *p,
                                 double t0, double t1, const double *times, int64_t count,
                                 const ude_uncertain_input *input, int64_t inputs,
                                 const double *correlation, const ude_uncertain_options *options,
                                 ude_uncertain_result **result, ude_error *error);
UDE_API void       ude_uncertain_result_free(ude_uncertain_result *result);

/** Name of output j: a state's, or an observation's; returns `buffer`. */
UDE_API char *ude_uncertain_output_name(const ude_vector_field *field, int64_t j, char *buffer,
                                        size_t size);

/** Standard deviations and correlation from a covariance matrix double[inputs][inputs]. sigma: double[inputs];
 *  correlation: double[inputs][inputs] (0 beside the diagonal where a sigma is 0). UDE_INVALID_ARGUMENT: not
 *  symmetric, or not positive semidefinite. */
UDE_API ude_status ude_uncertain_from_covariance(int64_t inputs, const double *covariance,
                                                 double *sigma, double *correlation,
                                                 ude_error *error);

#ifdef __cplusplus
}
#endif
#endif
