/**
 * @file optimizer.h
 * @brief Optimisers as step objects whose whole state can be written out.
 *
 * One call is one iteration, and everything that an iteration depends on is in ude_optimizer_state: a fit that is
 * continued from a saved state computes the same bits as one that was never stopped. A step that fails leaves the
 * state as it was, so that an iteration may also be stopped in its middle.
 */
#ifndef UDE_FIT_OPTIMIZER_H
#define UDE_FIT_OPTIMIZER_H

#include <ude/fit.h>

/** The objective as the optimisers see it. A failure of evaluate or residuals with UDE_NUMERICAL only means: not there. */
typedef struct ude_objective {
  int64_t n, m; /**< variables, residuals */
  ude_status (*evaluate)(void *context, const double *x, double *value, double *gradient,
                         ude_error *error);
  ude_status (*residuals)(void *context, const double *x, double *r, double *jacobian,
                          ude_error *error); /**< NULL: no least-squares form */
  void   *context;
  int64_t evaluations, failures; /**< counted by ude_objective_at and ude_objective_residuals */
} ude_objective;

enum {
  UDE_PHASE_ADAM,
  UDE_PHASE_BFGS,
  UDE_PHASE_LM,
  UDE_PHASE_EVIDENCE, /**< Levenberg-Marquardt, the weight decay chosen on the way */
  UDE_PHASES
};
enum { UDE_LBFGS_MEMORY = 20, UDE_CHANGE_WINDOW = 100 };

typedef struct ude_optimizer_state {
  int64_t n, phase, iteration; /**< iteration within the phase */
  bool    limited;             /**< L-BFGS instead of BFGS */
  double  value, best;
  double *x, *g, *best_x; /**< [n] */
  bool
      *alike; /**< [n] variables of one kind and unit: weights of networks; not part of the state */
  double *first, *second; /**< [n] Adam's moments */
  double
      *inverse;  /**< BFGS: [n][n]; L-BFGS: [memory][2][n] pairs s, y; NULL before the first use */
  int64_t pairs; /**< updates that `inverse` holds; 0: it says nothing yet */
  double  damping, growth; /**< Levenberg-Marquardt; damping 0: not begun */
  double  decay,
      decayed; /**< UDE_PHASE_EVIDENCE: weight of each squared network weight; its part of `value` */
  double window[UDE_CHANGE_WINDOW]; /**< values of the last iterations */
  /* work, not part of the state */
  double *trial, *trial_g, *direction, *residual, *jacobian, *scale, *normal, *system;
} ude_optimizer_state;

ude_status ude_optimizer_create(int64_t n, bool limited, ude_optimizer_state **state,
                                ude_error *error);
void       ude_optimizer_free(ude_optimizer_state *state);
/** Make `inverse`, if it is not there. */
ude_status ude_optimizer_reserve_inverse(ude_optimizer_state *state, ude_error *error);
/** Doubles of the matrix that BFGS or L-BFGS keeps. */
int64_t ude_optimizer_matrix_size(const ude_optimizer_state *state);
/** Take over x, value as the best if they are. */
void ude_optimizer_note(ude_optimizer_state *state);
/** Largest absolute entry. */
double ude_largest(const double *x, int64_t n);

/** Evaluate with counting; false if it failed (*status tells what is more than "not there"). */
bool ude_objective_at(ude_objective *objective, const double *x, double *value, double *gradient,
                      ude_status *status, ude_error *error);
/** The same for the residuals; value: their sum of squares. */
bool ude_objective_residuals(ude_objective *objective, const double *x, double *r, double *jacobian,
                             double *value, ude_status *status, ude_error *error);

/** What an iteration came to. */
typedef enum ude_step_outcome {
  UDE_STEP_ON,
  UDE_STEP_GRADIENT, /**< nothing to do: the gradient is small (LM: in its own metric) */
  UDE_STEP_STALLED,  /**< no step lowers the objective */
  UDE_STEP_FAILED    /**< see *status */
} ude_step_outcome;

/** Adam (Kingma, Ba 2015), beta = 0.9, 0.999, epsilon = 1e-8. A step that cannot be evaluated is halved, and the
 *  momentum that led there is forgotten. */
ude_step_outcome ude_adam_step(ude_optimizer_state *state, ude_objective *objective, double rate,
                               ude_status *status, ude_error *error);
/** BFGS or L-BFGS (Nocedal, Wright 2006, algorithms 6.1 and 7.4). A first step, and one after a direction that led
 *  nowhere, goes along the gradient and first tries to change no variable by more than first_step. */
ude_step_outcome ude_bfgs_step(ude_optimizer_state *state, ude_objective *objective,
                               double first_step, double tolerance, ude_status *status,
                               ude_error *error);
/** Levenberg-Marquardt with Nielsen's damping (1999). Variables in units of their own are scaled by their sensitivity
 *  (Marquardt); those that are alike nearly alike (Levenberg): by their sensitivity, insensitive weights would run away
 *  and leave dead units (Transtrum, Sethna 2012 call it evaporation). Of 24 fits of the archived Lotka-Volterra data,
 *  all came to the noise floor in 200 iterations so, 7 with Marquardt's scaling. */
ude_step_outcome ude_lm_step(ude_optimizer_state *state, ude_objective *objective, double tolerance,
                             ude_status *status, ude_error *error);
/** Find a step length along state->direction, beginning with `start`: strong Wolfe conditions (Nocedal, Wright 2006,
 *  algorithm 3.5), or Hager and Zhang's approximate ones (2005) where rounding hides the decrease. A point that cannot
 *  be evaluated counts as infinitely high. The new point is in trial, trial_g. */
bool ude_line_search(ude_optimizer_state *state, ude_objective *objective, double start,
                     double *value, ude_status *status, ude_error *error);

#endif
