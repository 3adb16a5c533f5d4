/* Terms of a loss and their gradients, summed over samples. */
#include "fit/batch.h"

#include <stdlib.h>
#include <string.h>

ude_status ude_batch_sums_create(const ude_vector_field *field, int64_t most, int threads,
                                 ude_batch_sums *sums, ude_error *error) {
  size_t terms = (size_t)field->terms.count;
  *sums        = (ude_batch_sums){.field = field, .threads = threads};
  sums->term   = ude_calloc(UDE_BATCH_PIECES * terms, sizeof *sums->term);
  sums->gradient =
      ude_calloc((size_t)(UDE_BATCH_PIECES * most * field->param.count), sizeof *sums->gradient);
  sums->sample = ude_calloc(UDE_BATCH_PIECES * (size_t)field->sample.count, sizeof *sums->sample);
  sums->y      = ude_calloc(UDE_BATCH_PIECES * terms, sizeof *sums->y);
  sums->bar    = ude_calloc(UDE_BATCH_PIECES * terms, sizeof *sums->bar);
  if (sums->term && sums->gradient && sums->sample && sums->y && sums->bar) {
    return UDE_OK;
  }
  ude_batch_sums_free(sums);
  return ude_fail_memory(error, "sums over samples");
}

void ude_batch_sums_free(ude_batch_sums *sums) {
  free(sums->term);
  free(sums->gradient);
  free(sums->sample);
  free(sums->y);
  free(sums->bar);
  *sums = (ude_batch_sums){0};
}

/* Gradients of one sample: of the weighted sum of its terms, or of each term alone. */
static int add_gradients(const ude_batch_sums *sums, const double *sample, double *bar,
                         double *gradient) {
  const ude_map *loss   = &sums->field->loss;
  int64_t        terms  = sums->field->terms.count;
  int64_t        params = sums->field->param.count;
  int            code   = 0;
  for (int64_t g = 0; g < sums->gradients && code == 0; g++) {
    for (int64_t k = 0; k < terms; k++) {
      bar[k] = sums->gradients == 1 ? sums->weight[k] : k == g;
    }
    code = loss->vjp(sample, sums->p, 0, bar, NULL, gradient + g * params, NULL, loss->context);
  }
  return code;
}

static void sum_piece(size_t i, void *context) {
  ude_batch_sums         *sums     = context;
  const ude_vector_field *field    = sums->field;
  int64_t                 terms    = field->terms.count;
  int64_t                 entries  = sums->gradients * field->param.count;
  int64_t                 piece    = (int64_t)i;
  double                 *term     = sums->term + piece * terms;
  double                 *gradient = sums->gradient + piece * entries;
  double                 *sample   = sums->sample + piece * field->sample.count;
  double                 *y        = sums->y + piece * terms;
  int64_t                 from     = sums->count * piece / UDE_BATCH_PIECES;
  int64_t                 to       = sums->count * (piece + 1) / UDE_BATCH_PIECES;
  int                     code     = 0;
  memset(term, 0, (size_t)terms * sizeof *term);
  if (entries > 0) {
    memset(gradient, 0, (size_t)entries * sizeof *gradient);
  }
  for (int64_t b = from; b < to && code == 0; b++) {
    uint64_t stream = 2 * (uint64_t)(sums->first + b) + (uint64_t)sums->series;
    ude_rng  random = ude_rng_make(sums->seed, stream);
    code            = field->draw(sample, &random, field->draw_context);
    if (sums->values && code == 0) {
      code = field->loss.value(y, sample, sums->p, 0, field->loss.context);
      for (int64_t k = 0; k < terms; k++) {
        term[k] += y[k];
      }
    }
    code = code ? code : add_gradients(sums, sample, sums->bar + piece * terms, gradient);
  }
  sums->failed[i] = code;
}

bool ude_batch_sum(ude_batch_sums *sums) {
  int64_t terms   = sums->field->terms.count;
  int64_t entries = sums->gradients * sums->field->param.count;
  bool    whole   = true;
  ude_parallel(UDE_BATCH_PIECES, sums->threads, sum_piece, sums);
  for (int64_t i = 0; i < UDE_BATCH_PIECES; i++) {
    whole = whole && sums->failed[i] == 0;
    for (int64_t k = 0; k < terms && i > 0; k++) {
      sums->term[k] += sums->term[i * terms + k];
    }
    for (int64_t j = 0; j < entries && i > 0; j++) {
      sums->gradient[j] += sums->gradient[i * entries + j];
    }
  }
  return whole;
}

ude_status ude_batch_terms(const ude_vector_field *field, const double *p, int64_t samples,
                           uint64_t seed, int threads, double *terms, ude_error *error) {
  ude_batch_sums sums;
  ude_status     status = ude_vector_field_check_loss(field, error);
  if (status == UDE_OK && (samples < 1 || threads < 0 || (!p && field->param.count > 0))) {
    status = ude_fail(error, UDE_INVALID_ARGUMENT,
                      "terms over samples need parameters, at least one sample and no negative "
                      "number of threads");
  }
  status = status ? status : ude_batch_sums_create(field, 0, threads, &sums, error);
  if (status) {
    return status;
  }
  sums.p      = p;
  sums.seed   = seed;
  sums.series = UDE_SERIES_REPORT;
  sums.count  = samples;
  sums.values = true;
  if (ude_batch_sum(&sums)) {
    for (int64_t k = 0; k < field->terms.count; k++) {
      terms[k] = sums.term[k] / (double)samples;
    }
  } else {
    status = ude_fail(error, UDE_NUMERICAL, "the loss of a sample cannot be evaluated");
  }
  ude_batch_sums_free(&sums);
  return status;
}
