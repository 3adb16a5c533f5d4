/* Choosing a structure through the differential equation.
 *
 * All candidate terms of all outputs stand in one list; the library model has a coefficient for each
 * of them. A structure is a set of candidates: its coefficients are fitted to the data, those of the
 * others are zero. */
#ifndef UDE_DISCOVER_SELECT_H
#define UDE_DISCOVER_SELECT_H

#include <ude/discover.h>

/* A candidate term of one output. */
typedef struct candidate {
  int64_t               function, output;
  const ude_expression *term; /* borrowed from the library */
  char                 *text, *latex, *param;
  int64_t               index; /* of its coefficient in the library model's parameters */
} candidate;

/* A structure and its fit; a criterion of INFINITY: it cannot be solved. */
typedef struct structure {
  bool   *chosen;   /* [candidates] */
  double *p;        /* [param.count] of the library model */
  double *u0;       /* [trajectories][n] */
  double *variance; /* [columns] mean squared residual */
  double  criterion, deviance;
  int64_t terms, parameters;
  bool    expanded; /* its neighbours were tried */
} structure;

typedef struct selection {
  const ude_vector_field *field; /* the library model */
  const ude_dataset      *data;
  ude_fit_options         fit; /* one shot, residuals in the units of the data */
  ude_criterion           criterion;
  int64_t                 max_terms; /* of each output */
  int64_t                 count;     /* candidates */
  candidate              *candidate;
  int64_t                 others;  /* further trained parameters and initial states */
  double                 *base;    /* [param.count] all coefficients zero */
  double                 *base_u0; /* [trajectories][n] */
  double         *declared; /* [param.count] values in the model's own p0, NaN: none; or NULL */
  bool           *free;     /* [param.count] work */
  int64_t        *cells;    /* [columns] observed cells */
  double         *floor;    /* [columns] variance that the solver's tolerance leaves anyway */
  int64_t         tried_count;
  structure      *tried;    /* every structure fitted so far */
  double          deadline; /* of ude_clock, 0: none */
  ude_progress_fn progress;
  void           *progress_context;
  bool            stopped;
} selection;

/* After field, data, fit, candidate, base and base_u0 are set: work arrays, counts of cells, floors. */
ude_status selection_prepare(selection *s, ude_error *error);
void       selection_free(selection *s);

/* Fit the structure with these terms. `start`: coefficients double[count], `from`: the structure whose other
 * parameters and initial states are taken over, or -1. One that was tried is fitted again only if `again`,
 * and the better fit is kept: minima differ by where one starts. */
ude_status selection_try(selection *s, const bool *chosen, const double *start, int64_t from,
                         bool again, ude_error *error);
/* Best-first search among neighbours: add a term, drop one, exchange. */
ude_status selection_search(selection *s, ude_error *error);
/* Index of the best structure, -1 if none could be solved. */
int64_t selection_best(const selection *s);

/* ---------------------------------------------------------------------- refit.c: one structure -- */

/* Fit in place, from x->p and x->u0, until a step lowers the deviance by less than `tolerance`; x->criterion is
 * INFINITY where nothing can be solved. */
ude_status structure_refit(selection *s, structure *x, double tolerance, ude_error *error);
/* Standard errors of all parameters: double[param.count], NaN where held or not determined. */
ude_status structure_errors(selection *s, const structure *x, double *errors, ude_error *error);

/* ------------------------------------------------- linear.c: neighbours in linear approximation -- */

/* The residuals around a fitted structure as linear functions of all coefficients: what other
 * structures would come to, without solving them. */
typedef struct linear_model linear_model;

/* *model is NULL where the structure cannot be linearised. x is borrowed. */
ude_status linear_open(selection *s, const structure *x, linear_model **model, ude_error *error);
void       linear_close(linear_model *model);
/* For every candidate, how much it lowers the weighted sum of squares once the terms `removed`
 * (bool[count]) are gone: gain double[count], 0 for those that stay or cannot be told from those.
 * Returns the sum that is left without any of them. */
double linear_gains(linear_model *model, const bool *removed, double *gain);
/* Coefficients double[count] of the structure without `removed` and with `added` (or -1). */
ude_status linear_solve(linear_model *model, const bool *removed, int64_t added, double *start,
                        ude_error *error);

#endif
