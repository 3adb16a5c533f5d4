/* Sampling: solves with inputs drawn from their normal distribution; the same numbers for any number of threads. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "uncertain/plan.h"

/** Sample i draws from stream i. Solves run in any order, their results are added in the order of i. */
typedef struct ensemble {
  const ude_plan       *plan;
  ude_uncertain_result *result;
  pthread_mutex_t       lock;
  pthread_cond_t        turn;
  int64_t               next; /**< sample whose result is to be added now */
  struct worker        *idle; /**< solvers that nobody uses now */
  ude_status            status;
  ude_error             error; /**< of the first failure that is not numerical, else of the last */
} ensemble;

typedef struct worker {
  ude_probe      probe;
  double        *normal, *shift, *output; /**< [inputs], [inputs], [count][outputs] */
  struct worker *next;
} worker;

static void worker_free(worker *of) {
  if (of) {
    ude_probe_close(&of->probe);
    free(of->normal);
    free(of->shift);
    free(of->output);
    free(of);
  }
}

static worker *worker_make(const ude_plan *plan, ude_status *status, ude_error *error) {
  worker *made = ude_calloc(1, sizeof *made);
  if (!made) {
    *status = ude_fail_memory(error, "samples");
    return NULL;
  }
  made->normal = ude_calloc((size_t)plan->inputs, sizeof *made->normal);
  made->shift  = ude_calloc((size_t)plan->inputs, sizeof *made->shift);
  made->output = ude_calloc((size_t)plan->count, (size_t)plan->outputs * sizeof *made->output);
  *status = made->normal && made->shift && made->output ? ude_probe_open(&made->probe, plan, error)
                                                        : ude_fail_memory(error, "samples");
  if (*status) {
    worker_free(made);
    return NULL;
  }
  return made;
}

/* Welford's update of mean and sum of squared deviations. */
static void add(ensemble *of, const double *output) {
  ude_uncertain_result *result = of->result;
  double                count  = (double)++result->sample_count;
  for (int64_t i = 0; i < result->count * result->outputs; i++) {
    double delta = output[i] - result->sample_mean[i];
    result->sample_mean[i] += delta / count;
    result->sample_sigma[i] += delta * (output[i] - result->sample_mean[i]);
  }
}

static ude_status draw(ensemble *of, worker *with, int64_t i, ude_error *error) {
  const ude_plan *plan = of->plan;
  int64_t         k    = plan->inputs;
  ude_rng         rng  = ude_rng_make(plan->options->seed, (uint64_t)i);
  for (int64_t j = 0; j < k; j++) {
    with->normal[j] = ude_rng_normal(&rng);
    with->shift[j]  = 0;
    for (int64_t c = 0; c <= j; c++) {
      with->shift[j] += plan->factor[j * k + c] * with->normal[c];
    }
  }
  ude_status status = ude_probe_solve(&with->probe, plan, with->shift, error);
  for (int64_t t = 0; t < plan->count && status == UDE_OK; t++) {
    status = ude_plan_outputs(plan, t, with->probe.u_at + t * plan->n, with->probe.p,
                              with->output + t * plan->outputs, error);
  }
  return status;
}

/* Piece i of the work: pieces begin in ascending order, so that whoever waits for its turn waits for a piece
 * that runs. */
static void sample(size_t i, void *context) {
  ensemble  *of     = context;
  ude_error  error  = {0};
  ude_status status = UDE_OK;
  pthread_mutex_lock(&of->lock);
  bool    stopped = of->status != UDE_OK;
  worker *with    = of->idle;
  if (with) {
    of->idle = with->next;
  }
  pthread_mutex_unlock(&of->lock);
  if (!stopped && !with) {
    with = worker_make(of->plan, &status, &error);
  }
  if (!stopped && with) {
    status = draw(of, with, (int64_t)i, &error);
  }
  pthread_mutex_lock(&of->lock);
  while (of->next != (int64_t)i) {
    pthread_cond_wait(&of->turn, &of->lock);
  }
  if (of->status == UDE_OK && !stopped) {
    if (status == UDE_OK) {
      add(of, with->output);
    } else if (status == UDE_NUMERICAL) {
      of->result->sample_failed++;
      of->error = error;
    } else {
      of->status = status;
      of->error  = error;
    }
  }
  if (with) {
    with->next = of->idle;
    of->idle   = with;
  }
  of->next++;
  pthread_cond_broadcast(&of->turn);
  pthread_mutex_unlock(&of->lock);
}

ude_status ude_sample(const ude_plan *plan, ude_uncertain_result *result, ude_error *error) {
  ensemble of = {.plan = plan, .result = result};
  if (pthread_mutex_init(&of.lock, NULL)) {
    return ude_fail_memory(error, "samples");
  }
  if (pthread_cond_init(&of.turn, NULL)) {
    pthread_mutex_destroy(&of.lock);
    return ude_fail_memory(error, "samples");
  }
  ude_parallel((size_t)plan->options->samples, plan->options->threads, sample, &of);
  pthread_cond_destroy(&of.turn);
  pthread_mutex_destroy(&of.lock);
  while (of.idle) {
    worker *next = of.idle->next;
    worker_free(of.idle);
    of.idle = next;
  }
  if (of.status == UDE_OK && result->sample_count < 2) {
    of.status = UDE_NUMERICAL;
    ude_error_prefix(&of.error, UDE_NUMERICAL, "%lld of %lld samples failed",
                     (long long)result->sample_failed, (long long)plan->options->samples);
  }
  if (of.status) {
    if (error) {
      *error = of.error;
    }
    return of.status;
  }
  for (int64_t i = 0; i < result->count * result->outputs; i++) {
    result->sample_sigma[i] = sqrt(result->sample_sigma[i] / (double)(result->sample_count - 1));
  }
  return UDE_OK;
}
