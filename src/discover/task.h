/* A discovery under way: what its stages (propose, choose, result) hand on. */
#ifndef UDE_DISCOVER_TASK_H
#define UDE_DISCOVER_TASK_H

#include "discover/select.h"

/* From data alone: what the model file to be written needs beside the equations. */
typedef struct model_source {
  int64_t            states;
  const char *const *names;    /* [states] */
  const double      *u0;       /* [states] the first row */
  double             tspan[2]; /* of the first trajectory */
  bool               with_time;
} model_source;

/* A request and everything that it points to, except expressions. */
typedef struct request_store {
  ude_rebuild_request request;
  ude_rebuild_body   *bodies;
  ude_rebuild_param  *params;
  double             *p, *u0;
  char              **strings; /* owned texts */
  int64_t             string_count;
} request_store;

typedef struct task {
  ude_discover_options      options; /* defaults filled in */
  ude_discovery            *found;
  const ude_vector_field   *field;  /* the trained model; NULL from data alone */
  const double             *p;      /* its parameters */
  const model_source       *source; /* NULL from a model */
  ude_rebuild_fn            rebuild;
  void                     *rebuild_context;
  ude_library             **libraries; /* [functions] */
  double                  **theta;     /* [functions] candidates on the samples */
  ude_support_list        **proposals; /* [outputs] in the order in which they are worth trying */
  int64_t                   outputs;   /* of all functions */
  const ude_sparse_options *sparse;    /* a single regression is final; NULL: proposals */
  int64_t                   weak;      /* its test functions' half width in rows, 0: derivatives */
  ude_sparse_result        *direct;    /* what it gave */
  selection                 select;
  request_store             library_request;
  ude_text                  notes;
  ude_error                *error; /* not NULL */
} task;

void task_defaults(task *t, const ude_discover_options *options);
/* propose.c: libraries, candidates and proposals from found->samples. */
ude_status task_propose(task *t);
/* direct.c: the proposals are what one sparse regression of function f's outputs gives. */
ude_status task_regress_direct(task *t, int64_t f, int64_t *output);
/* direct.c: how often models of an ensemble kept the candidates. */
void task_note_inclusion(task *t);
/* alias.c: leave out sines and cosines of function f's library that the data are too coarse to follow. */
ude_status task_drop_aliases(task *t, int64_t f);
/* choose.c: the library model by the rebuild callback. */
ude_status task_library_model(task *t);
/* choose.c: proposals fitted through the library model to select.data, then the search. */
ude_status task_choose(task *t);
/* result.c: fill `found` from the best structure, or from the proposals alone. */
ude_status task_result(task *t);
ude_status task_result_regression(task *t);
void       task_close(task *t);
/* result.c: an empty discovery, NULL: out of memory. */
ude_discovery *discovery_create(void);

/* request.c: the request for these candidates (chosen NULL: all) with these coefficients double[candidates]
 * (NULL: zeros) and, from data alone, this initial state (NULL: the first row). */
ude_status request_write(task *t, const bool *chosen, const double *coefficients, const double *u0,
                         request_store *store);
void       request_free(request_store *store);
/* source.c: a whole model file likewise. */
ude_status source_write(task *t, const bool *chosen, const double *coefficients, const double *u0,
                        ude_text *text);

#endif
