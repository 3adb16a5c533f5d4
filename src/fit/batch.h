/**
 * @file batch.h
 * @brief Sums over samples, for training on them (for the files of this room).
 *
 * Sample i of a series is drawn from the random stream i of that series' seed, and sums are made of PIECES pieces that are
 * put together in order: nothing depends on the number of threads.
 */
#ifndef UDE_FIT_BATCH_H
#define UDE_FIT_BATCH_H

#include <ude/batch.h>

enum { UDE_BATCH_PIECES = 16 };

/** Two series of samples. */
enum { UDE_SERIES_REPORT, UDE_SERIES_TRAINING };

typedef struct ude_batch_sums {
  const ude_vector_field *field;
  int                     threads;
  int64_t                 gradients; /**< 0, 1 (of the weighted sum), or terms.count (of each) */
  /* what is asked for */
  const double *p;
  const double *weight; /**< [terms.count] with gradients == 1 */
  uint64_t      seed;
  int           series;
  int64_t       first, count;
  bool          values; /**< the terms, too */
  /* results, of piece 0 after ude_batch_sum */
  double *term;     /**< [PIECES][terms.count] sums */
  double *gradient; /**< [PIECES][most gradients][param.count] sums */
  int     failed[UDE_BATCH_PIECES];
  double *sample, *y, *bar; /**< work: [PIECES][sample.count], [PIECES][terms.count] twice */
} ude_batch_sums;

/** most: of `gradients`. */
ude_status ude_batch_sums_create(const ude_vector_field *field, int64_t most, int threads,
                                 ude_batch_sums *sums, ude_error *error);
void       ude_batch_sums_free(ude_batch_sums *sums);
/** Sum over the samples; false if a callback failed. What is not finite stays in the sums. */
bool ude_batch_sum(ude_batch_sums *sums);

/** What a training that goes on has to know. */
typedef struct ude_batch_state {
  int64_t  n, terms;
  int64_t  iteration, failed;
  double  *theta, *mean, *square; /**< [n] Adam's moments */
  double  *weight;                /**< [terms] */
  uint64_t seed;
  int64_t  batch;
} ude_batch_state;

/** checkpoint.csv: exact, whole or absent. */
ude_status ude_batch_state_write(const ude_batch_state *state, const char *folder,
                                 ude_error *error);
/** Into a state whose n, terms, seed, batch are set; *found false if there is no checkpoint. UDE_BAD_DATA if it is of another
 *  training. */
ude_status ude_batch_state_read(ude_batch_state *state, const char *folder, bool *found,
                                ude_error *error);

#endif
