/**
 * @file select.h
 * @brief Choosing a structure through the differential equation (for the files of this room).
 *
 * All candidate terms of all outputs stand in one list; the library model has a coefficient for each. A structure is a
 * set of them; its coefficients are fitted on the data by Levenberg-Marquardt with the others at zero.
 */
#ifndef UDE_DISCOVER_SELECT_H
#define UDE_DISCOVER_SELECT_H

#include <ude/discover.h>

/** A candidate term of one output. */
typedef struct candidate {
  int64_t               function, output;
  const ude_expression *term; /**< borrowed from the library */
  char                 *text, *latex, *param;
  int64_t               index; /**< of its coefficient in the library model's parameters */
  double                start; /**< coefficient by regression, where a proposal has it */
} candidate;

/** A fitted structure. */
typedef struct structure {
  bool   *chosen; /**< [candidates] */
  double *p;      /**< [np] of the library model */
  double *u0;     /**< [trajectories][n] */
  double  criterion, deviance;
  int64_t terms, parameters;
} structure;

typedef struct selection {
  const ude_vector_field *field; /**< library model */
  const ude_dataset      *data;
  ude_fit_options         fit;
  ude_criterion           criterion;
  int64_t                 count; /**< candidates */
  candidate              *candidate;
  int64_t                 outputs;
  int64_t                 others; /**< further trained parameters and initial states */
  double                 *base;   /**< [np] parameters with all coefficients zero */
  bool                   *free;   /**< [np] work */
  double                 *scales; /**< [columns] */
  structure              *tried;  /**< every structure fitted so far */
  int64_t                 tried_count;
  double                  deadline; /**< clock, 0: none */
  ude_progress_fn         progress;
  void                   *progress_context;
  bool                    stopped;
} selection;

/** Fit the structure with these terms (start: coefficients, may be NULL) unless it was tried; *index tells which it is, -1 if its
 *  solve failed. */
ude_status selection_try(selection *s, const bool *chosen, const double *start, int64_t *index,
                         ude_error *error);
/** Local search from the best of what was tried: drop, add, exchange. */
ude_status selection_search(selection *s, int64_t max_terms, ude_error *error);
/** Set s->scales to the noise that a fitted structure leaves. */
ude_status selection_measure(selection *s, const structure *x, ude_error *error);
/** Index of the best structure, or -1. */
int64_t selection_best(const selection *s);
void    selection_free(selection *s);

#endif
