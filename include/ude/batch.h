/**
 * @file batch.h
 * @brief Training on random samples: a loss that is the mean over samples, lowered by stochastic gradients.
 *
 * For what is no least-squares fit of a solution to data: residuals of a partial differential equation at collocation
 * points, expectations over paths, losses with derivatives inside. The model says what a sample is, how one is
 * drawn, and what it costs:
 *
 *     struct sample { double x, t; };
 *     struct loss { double residual, boundary; UDE_METRIC double error; };
 *     void draw(struct sample *s, ude_random *random);
 *     void loss(struct loss *l, const struct sample *s, const struct param *p);
 *
 * The objective is the sum over the terms k that are no metrics of weight_k times the mean of term k; plus the model's
 * `penalty`, if it has one.
 *
 *     ude_batch_options options = {.batch = 128, .iterations = 20000, .seed = 1};
 *     ude_batch_fit(field, &options, p, terms, &result, &error);      // p: start and result
 */
#ifndef UDE_BATCH_H
#define UDE_BATCH_H

#include <ude/vector_field.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Zero value: the defaults. All pointers are borrowed. */
typedef struct ude_batch_options {
  int64_t batch;      /**< samples of an iteration, drawn anew for each; 0: 128 */
  int64_t iterations; /**< of Adam (Kingma, Ba 2015), 0: 10000 */
  double  rate;       /**< of Adam, 0: 1e-3 */
  double
      decay; /**< the rate is multiplied by this every 1000 iterations, smoothly; 0: 0.9; 1: constant */
  const double *weights; /**< [terms.count] of the terms, >= 0 (metrics: not read); NULL: ones */
  /** Adapt the weights so that the terms pull equally: every 10 iterations the weight of each term but the first moves by a
   *  tenth towards max|grad first| / mean|grad (weight * term)| (Wang, Teng, Perdikaris, SIAM J. Sci. Comput. 43 (2021)
   *  A3055, algorithm 2.1). The maximum and the mean are over the weights of networks (all parameters where there are
   *  none), the mean over their matrices. */
  bool balance;
  int64_t
      samples; /**< on which loss and metrics are reported, the same before and after; 0: 10000 */
  uint64_t
      seed; /**< of the initialisation and of the samples; the result is the same for any number of threads */
  bool   keep_start;  /**< do not draw networks whose parameters are all zero */
  int    threads;     /**< 0: as many as there are processors */
  double max_seconds; /**< 0: none */
  const char *
      folder; /**< run folder to write (params.json, history.csv, terms.csv, checkpoint.csv); NULL: none */
  const char *settings_json; /**< a JSON object that becomes settings.json; NULL: none */
  bool
      resume; /**< continue from the folder's checkpoint if there is one, to the same bits as without the stop */
  ude_progress_fn progress;
  void           *progress_context;
} ude_batch_options;

typedef struct ude_batch_result {
  double first_loss,
      loss; /**< on the samples for reports, with the given weights and the penalty */
  int64_t variables, iterations;
  int64_t failed; /**< iterations passed over because the gradient was not finite */
  double  seconds;
} ude_batch_result;

/**
 * Train. Free are the parameters that are not const; ranges are kept.
 *
 * @param[in,out] p     double[param.count], start (networks of zeros are drawn) and result; untouched on failure
 * @param[out]    terms double[terms.count] means of terms and metrics over the samples for reports; or NULL
 * @return UDE_OK, UDE_INTERRUPTED (p is what was reached, the folder can be resumed), UDE_NUMERICAL (the loss or its
 *         gradient is not finite at the start, or in 100 iterations one after the other), UDE_UNSUPPORTED (no vjp),
 *         UDE_INVALID_ARGUMENT, UDE_BAD_DATA (a checkpoint of another training), UDE_IO, UDE_OUT_OF_MEMORY
 * Thread safety: several may run at once; the field's callbacks are called from several threads.
 */
UDE_API ude_status ude_batch_fit(const ude_vector_field *field, const ude_batch_options *options,
                                 double *p, double *terms, ude_batch_result *result,
                                 ude_error *error);

/**
 * Means of the terms over `samples` samples (those that a training with this seed reports on).
 * @param[out] terms  double[terms.count]
 * @return UDE_NUMERICAL (loss or draw fails), UDE_INVALID_ARGUMENT, UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_batch_terms(const ude_vector_field *field, const double *p, int64_t samples,
                                   uint64_t seed, int threads, double *terms, ude_error *error);

#ifdef __cplusplus
}
#endif
#endif
