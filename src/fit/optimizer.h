/**
 * @file optimizer.h
 * @brief Optimisers as step objects whose whole state can be written out.
 *
 * One call is one iteration, and everything that an iteration depends on is in ude_optimizer_state: a fit that is
 * continued from a saved state computes the same bits as one that was never stopped.
 */
#ifndef UDE_FIT_OPTIMIZER_H
#define UDE_FIT_OPTIMIZER_H

#include <ude/fit.h>

/** The objective as the optimisers see it. A failure of evaluate or residuals other than out of memory only means: not there. */
typedef struct ude_objective {
  int64_t n, m; /**< variables, residuals */
  ude_status (*evaluate)(void *context, const double *x, double *value, double *gradient,
                         ude_error *error);
  ude_status (*residuals)(void *context, const double *x, double *r, double *jacobian,
                          ude_error *error); /**< NULL: no least-squares form */
  void   *context;
  int64_t evaluations, failures; /**< counted by ude_objective_at */
} ude_objective;

enum { UDE_PHASE_ADAM, UDE_PHASE_BFGS, UDE_PHASE_LM, UDE_PHASE_DONE };
enum { UDE_LBFGS_MEMORY = 20, UDE_CHANGE_WINDOW = 10 };

typedef struct ude_optimizer_state {
  int64_t n, phase, iteration; /**< iteration within the phase */
  int64_t total;               /**< iterations of all phases */
  bool    limited;             /**< L-BFGS instead of BFGS */
  double  value, best, damping, growth;
  double *x, *g, *best_x;      /**< [n] */
  double *first, *second;      /**< [n] Adam's moments */
  double *inverse;             /**< BFGS: [n][n]; L-BFGS: [memory][2][n] pairs s, y; NULL in other phases */
  int64_t pairs;               /**< L-BFGS: pairs seen */
  double  window[UDE_CHANGE_WINDOW];
  /* work, not part of the state */
  double *trial, *trial_g, *direction, *residual, *jacobian, *normal;
} ude_optimizer_state;

ude_status ude_optimizer_create(int64_t n, bool limited, ude_optimizer_state **state,
                                ude_error *error);
void       ude_optimizer_free(ude_optimizer_state *state);
/** Doubles of the matrix that BFGS or L-BFGS keeps. */
int64_t ude_optimizer_matrix_size(const ude_optimizer_state *state);

/** Evaluate with counting; false if it failed (*status tells out of memory apart). */
bool ude_objective_at(ude_objective *objective, const double *x, double *value, double *gradient,
                      ude_status *status, ude_error *error);
/** Take over x, value as the state if it is the best, and as the best. */
void ude_optimizer_note(ude_optimizer_state *state);

/** What an iteration came to. */
typedef enum ude_step_outcome { UDE_STEP_ON, UDE_STEP_GRADIENT, UDE_STEP_STALLED, UDE_STEP_FAILED } ude_step_outcome;

/** Adam (Kingma, Ba 2015), beta = 0.9, 0.999, epsilon = 1e-8. */
ude_step_outcome ude_adam_step(ude_optimizer_state *state, ude_objective *objective, double rate,
                               ude_status *status, ude_error *error);
/** BFGS or L-BFGS with a strong Wolfe line search (Nocedal, Wright 2006, algorithms 6.1, 7.4, 3.5). The first step
 *  changes no variable by more than first_step. */
ude_step_outcome ude_bfgs_step(ude_optimizer_state *state, ude_objective *objective,
                               double first_step, double tolerance, ude_status *status,
                               ude_error *error);
/** Levenberg-Marquardt with Nielsen's damping (1999). */
ude_step_outcome ude_lm_step(ude_optimizer_state *state, ude_objective *objective,
                             double tolerance, ude_status *status, ude_error *error);
/** Step length along state->direction by a strong Wolfe search; the new point is in trial, trial_g. */
bool ude_line_search(ude_optimizer_state *state, ude_objective *objective, double start,
                     double *value, ude_status *status, ude_error *error);

#endif
