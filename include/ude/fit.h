/**
 * @file fit.h
 * @brief Training: data sets, the loss and its derivatives, optimisers, the run folder.
 *
 *     ude_dataset *data = NULL;
 *     ude_fit_result result;
 *     ude_dataset_read(&path, 1, field, NULL, &data, &error);
 *     ude_fit_options options = {.seed = 1, .folder = "run"};
 *     ude_fit(field, data, &options, p, &result, &error);      // p: start and result
 *     ude_dataset_free(data);
 *
 * The loss is the sum over all observed cells of (scale_c (model - datum))^2 (a sum, not a mean), plus
 * regularise * mean(theta^2) over the weights and biases of networks, plus the model's `penalty`. Columns whose member
 * is marked UDE_RELATIVE are compared by their logarithms: (scale_c log(model/datum))^2.
 */
#ifndef UDE_FIT_H
#define UDE_FIT_H

#include <ude/sensitivity.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------ data -- */

/** Measurements along one solution. */
typedef struct ude_trajectory {
  double
      name; /**< value of the column `trajectory`; without one, or where files share names: counted from 0 */
  int64_t count;
  double *t;      /**< [count] strictly ascending */
  double *values; /**< [count][columns]; NaN where missing */
} ude_trajectory;

/** Measurements of named columns. Owned; read only. */
typedef struct ude_dataset {
  int64_t columns;
  char  **names; /**< [columns] as in the file */
  int64_t *
      target; /**< [columns] scalar of the observation (if the field has `observe`), else of the state */
  bool            observed; /**< targets are observations */
  int64_t         trajectories;
  ude_trajectory *trajectory;
  int64_t         cells; /**< cells that are not missing */
} ude_dataset;

/** Zero value: `t` or `time`, and `trajectory` where there is one. */
typedef struct ude_dataset_options {
  const char *time_column;
  const char *trajectory_column;
} ude_dataset_options;

/**
 * Read CSV files: a time column, optionally a column `trajectory`, the others named as scalars of the observation (if the
 * field has `observe`) or of the state. Each file adds its trajectories.
 *
 * @return UDE_BAD_DATA with file, line, column and the known names; UDE_IO; UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_dataset_read(const char *const *paths, int64_t count,
                                    const ude_vector_field    *field,
                                    const ude_dataset_options *options, ude_dataset **dataset,
                                    ude_error *error);
/** The same from tables in memory; names[i] stands for the path in messages. */
UDE_API ude_status ude_dataset_from_tables(const ude_table *const *tables, const char *const *names,
                                           int64_t count, const ude_vector_field *field,
                                           const ude_dataset_options *options,
                                           ude_dataset **dataset, ude_error *error);
UDE_API void       ude_dataset_free(ude_dataset *dataset);

/**
 * Standard deviation of each column about its mean, over all trajectories: of the logarithms where the column's member is
 * marked UDE_RELATIVE. 1 for a column that is constant or has but one cell. Their inverses as `scales` make columns of
 * different size or unit count alike.
 *
 * @param[out] deviations  double[columns]
 */
UDE_API void ude_dataset_deviations(const ude_dataset *dataset, const ude_vector_field *field,
                                    double *deviations);

/* ----------------------------------------------------------------------------------- loss -- */

/** Where a trajectory starts. */
typedef enum ude_initial_policy {
  UDE_INITIAL_AUTO =
      0, /**< MODEL for one trajectory or where the model defines `initial`; DATA for several */
  UDE_INITIAL_MODEL, /**< `initial` of the model, else u0 (of the options, of the model) */
  UDE_INITIAL_DATA,  /**< the first row of each trajectory, all states observed there */
  UDE_INITIAL_TRAINED /**< free variables; they begin at `starts`, else at the data where observed, else at the model's */
} ude_initial_policy;

UDE_API ude_status ude_initial_policy_parse(const char *name, ude_initial_policy *policy,
                                            ude_error *error);

typedef enum ude_optimizer {
  /** LM where it fits: a sum of squares, forward derivatives, at most 250 variables, a Jacobian of moderate size; else
   *  BFGS up to 500 variables, L-BFGS above */
  UDE_OPTIMIZER_AUTO = 0,
  UDE_OPTIMIZER_BFGS,
  UDE_OPTIMIZER_LBFGS,
  UDE_OPTIMIZER_LM,  /**< Levenberg-Marquardt on the residuals; needs rhs.jvp */
  UDE_OPTIMIZER_NONE /**< Adam alone */
} ude_optimizer;

UDE_API ude_status ude_optimizer_parse(const char *name, ude_optimizer *optimizer,
                                       ude_error *error);

/**
 * Zero value: the defaults. All pointers are borrowed.
 *
 * Why these defaults: Adam only has to leave the neighbourhood of a random start, where curvature
 * means nothing. At a rate of 0.05 all of 36 random networks on the archived Lotka-Volterra data
 * came to the noise floor; at 0.1, two of 12 were left with dead units on a plateau from which
 * nothing led away. What remains is a smooth problem, a sum of squares: Levenberg-Marquardt reaches the
 * noise floor there in some 70 iterations, BFGS in some 700. Whether BFGS still gets on is judged over
 * 100 iterations: over ten, it gave up on plateaus that it was about to leave.
 *
 * Networks can follow the noise of the data as far as one lets them. With `regularise` 0,
 * Levenberg-Marquardt ends with a phase that chooses the weight decay by the evidence (MacKay 1992, in
 * the Gauss-Newton approximation of Foresee and Hagan 1997): the decay and the noise are estimated
 * together from how many variables the data determine. The loss that is reported does not contain this
 * decay. Where a fit explains less than 80 % of some column's variance, there is no such phase.
 *
 * Multiple shooting begins with segments of `segment` data intervals whose starting states are free
 * variables; each stage doubles the length, and the last one has whole solutions, so that the result
 * is always that of a single solution. So the weight of a jump squared, `continuity`, may be small:
 * at 1, fits of the Hudson Bay counts came to their end from every seed and every length of segments
 * tried; at 100 they were often as stuck as single solutions.
 */
typedef struct ude_fit_options {
  /** Save options are ignored; max_steps 0: 20000, beyond which a point counts as not solvable. */
  ude_solve_options      solve;
  ude_sensitivity_method sensitivity;
  ude_initial_policy     initial;
  const double          *u0;     /**< [state.count] instead of the model's u0; NULL: the model's */
  const double          *starts; /**< [trajectories][state.count] where TRAINED begins, or NULL */
  const double          *scales; /**< [columns] weights of residuals; NULL: 1 */
  /** Times mean(theta^2) over weights and biases of networks; 0: chosen by the evidence where Levenberg-Marquardt
   *  trains networks, else none; < 0: none */
  double regularise;
  /** Regularised solver heuristics: terms of the solver's own estimates (<ude/sensitivity.h>) of every solve, added to the loss; of each
   *  trajectory, or segment, its own. They are no squares: Levenberg-Marquardt does not take them. At most UDE_ESTIMATE_MOST. */
  int64_t                  estimates;
  const ude_estimate_term *estimate; /**< [estimates] */
  /** Intervals per segment of the first stage. 0: whole solutions; a fit to these that leaves more than a fifth of some
   *  column's variance unexplained is tried again from segments, and the better result kept. -1: whole solutions only */
  int64_t     segment;
  double      continuity; /**< 0: 1 */
  const bool *free;       /**< [param.count] what to train; NULL: all that are not fixed */
  uint64_t    seed;       /**< of the initialisation */
  bool        keep_start; /**< do not draw networks whose parameters are all zero */

  int64_t       adam; /**< iterations, 0: 200, < 0: none */
  double        rate; /**< of Adam, 0: 0.05 */
  ude_optimizer optimizer;
  /** Of each phase of the optimizer, 0: 2000 (LM: 200); stages with segments take at most 300 (LM: 30). */
  int64_t iterations;
  double  first_step;         /**< largest change of a variable in BFGS's first step, 0: 0.01 */
  double  gradient_tolerance; /**< stop when the largest entry is below, 0: 1e-8 */
  /** Stop when 100 iterations (LM: 10) lower the loss relatively by less, 0: 1e-4 (LM: 1e-9, with networks 1e-3). */
  double change_tolerance;
  double max_seconds; /**< 0: none; looked at after each iteration */

  const char     *folder;        /**< run folder to write; NULL: none */
  const char     *settings_json; /**< a JSON object that becomes settings.json; NULL: none */
  bool            resume;        /**< continue from the folder's checkpoint if there is one */
  ude_progress_fn progress;
  void           *progress_context;
} ude_fit_options;

/** Evaluates a loss in terms of free variables theta: trained parameters (mapped into their ranges), then trained
 *  initial states, then states at segment starts. One per thread. */
typedef struct ude_loss ude_loss;

UDE_API ude_status ude_loss_create(const ude_vector_field *field, const ude_dataset *data,
                                   const ude_fit_options *options, const double *p, ude_loss **loss,
                                   ude_error *error);
UDE_API void       ude_loss_free(ude_loss *loss);
/** Number of free variables; of least-squares residuals. */
UDE_API int64_t ude_loss_dimension(const ude_loss *loss);
UDE_API int64_t ude_loss_residual_count(const ude_loss *loss);
/** The variables that belong to p (double[param.count]) and the starting states. theta: double[dimension]. */
UDE_API void ude_loss_start(const ude_loss *loss, double *theta);
/** Parameters at theta: p, double[param.count]; u0: double[trajectories][state.count] or NULL. */
UDE_API ude_status ude_loss_unpack(ude_loss *loss, const double *theta, double *p, double *u0,
                                   ude_error *error);
/** What solves and differentiates for the loss; borrowed. */
UDE_API const struct ude_sensitivity *ude_loss_sensitivity(const ude_loss *loss);
/** Value and gradient (NULL: value alone). UDE_NUMERICAL if a solve fails or something is not finite. */
UDE_API ude_status ude_loss_evaluate(ude_loss *loss, const double *theta, double *value,
                                     double *gradient, ude_error *error);
/** Residuals r with loss = sum r^2 (+ penalty, which is not a square), and their Jacobian double[residuals][dimension]
 *  (NULL: residuals alone). */
UDE_API ude_status ude_loss_residuals(ude_loss *loss, const double *theta, double *residuals,
                                      double *jacobian, ude_error *error);
/** Gradient with respect to p (all entries, double[param.count]) and u0 (double[trajectories][state.count]) at the
 *  start, single shooting; either may be NULL. */
UDE_API ude_status ude_loss_gradient(ude_loss *loss, const double *p, double *value, double *p_bar,
                                     double *u0_bar, ude_solve_result *result, ude_error *error);
/** Solve trajectory k from its start at theta and evaluate the states: u_at double[count][state.count]. */
UDE_API ude_status ude_loss_solve(ude_loss *loss, const double *theta, int64_t k,
                                  const double *times, int64_t count, double *u_at,
                                  ude_error *error);

/* ------------------------------------------------------------------------------------ fit -- */

typedef enum ude_fit_reason {
  UDE_FIT_GRADIENT = 0, /**< the gradient is small */
  UDE_FIT_CHANGE,       /**< the loss does not change any more */
  UDE_FIT_ITERATIONS,
  UDE_FIT_TIME,
  UDE_FIT_STOPPED, /**< progress asked to stop */
  UDE_FIT_STALLED  /**< no step lowers the loss */
} ude_fit_reason;

UDE_API const char *ude_fit_reason_text(ude_fit_reason reason);

typedef struct ude_fit_result {
  double         loss, first_loss;
  int64_t        iterations, evaluations, failed_evaluations;
  int64_t        variables;
  double         seconds;
  ude_fit_reason reason;
  const char    *optimizer;  /**< that ended the fit: "lm", "bfgs", "lbfgs", "adam"; static */
  double         regularise; /**< that was given, or chosen by the evidence */
} ude_fit_result; /**< first_loss is that of the first stage (with segments, if there are) */

/**
 * Train: Adam, then the optimizer. The best parameters seen are kept, also when stopped (by `progress`, or by `solve.stop`
 * in the middle of an iteration). A fit that was stopped or killed and is resumed computes the same bits as one that was
 * not; resuming a fit that has ended gives its result again.
 *
 * @param[in,out] p      double[param.count], start (networks of zeros are drawn) and result; untouched on failure
 * @param[out]    u0     double[trajectories][state.count] initial states, or NULL
 * @return UDE_OK, UDE_INTERRUPTED (p is the best so far, the folder is complete and can be resumed; stopped before the
 *         first evaluation was done, result->loss is NaN and there is nothing to keep), UDE_NUMERICAL (the loss cannot be
 *         evaluated at the start), UDE_INVALID_ARGUMENT, UDE_UNSUPPORTED, UDE_BAD_DATA, UDE_IO, UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_fit(const ude_vector_field *field, const ude_dataset *data,
                           const ude_fit_options *options, double *p, double *u0,
                           ude_fit_result *result, ude_error *error);

/** What standard errors rest on. */
typedef struct ude_fit_precision {
  int64_t determined; /**< how many numbers the data determine, rounded */
  int64_t freedom;    /**< measurements beyond those */
  double  deviation;  /**< root of the residual sum of squares / freedom; NaN if there is none */
} ude_fit_precision;

/**
 * Standard errors of the trained parameters at a fit: sigma^2 (J^T J)^-1 with J the Jacobian of the residuals of whole
 * solutions at p, by forward sensitivities; without the decay of networks. A parameter has an error only where the data
 * determine it: NaN for those that others can stand in for (within a relative 1e-5 of J with columns of norm one), as the
 * weights of a network mostly do, and for all if there are no more measurements than numbers that they determine.
 *
 * @param      options    as for the fit; `starts` those of the fit where they were trained
 * @param      p          double[param.count]
 * @param[out] errors     double[param.count]; NaN also for those that were not trained
 * @param[out] u0_errors  double[trajectories][state.count] of trained initial states, else NaN; or NULL
 * @return UDE_UNSUPPORTED without forward derivatives, for more than 1000 variables, or for Jacobians of
 *         more than 2e7 numbers; UDE_NUMERICAL, UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_fit_errors(const ude_vector_field *field, const ude_dataset *data,
                                  const ude_fit_options *options, const double *p, double *errors,
                                  double *u0_errors, ude_fit_precision *precision,
                                  ude_error *error);

/** Draw members with a seeded initialisation whose values are all zero. */
UDE_API void ude_initialise(const ude_vector_field *field, uint64_t seed, double *p);

/* ----------------------------------------------------------------------------------- files -- */

/** Read parameters into p: params.json, lines `name=value` or `name,value`, or plain numbers (the trained ones in memory
 *  order, one a line). Entries not named keep their value. UDE_BAD_DATA with file, line, cause. */
UDE_API ude_status ude_params_read(const char *path, const ude_vector_field *field, double *p,
                                   ude_error *error);
/** Read the starting states of a run's trajectories ("starts" in its params.json) into starts, double[trajectories][state.count].
 *  *found is false, and nothing is changed, if the file has none. UDE_BAD_DATA if they are not those of the data set. */
UDE_API ude_status ude_starts_read(const char *path, const ude_vector_field *field,
                                   const ude_dataset *data, double *starts, bool *found,
                                   ude_error *error);
/** Write the run folder: params.json, data.csv, predicted.csv, trajectory.csv, learned_<f>.csv (if the field has
 *  `probe`), settings.json (if there are settings). `status`: "finished" or "interrupted". options->starts are the starts
 *  that go with p where they were trained. */
UDE_API ude_status ude_run_write(const char *folder, const ude_vector_field *field,
                                 const ude_dataset *data, const ude_fit_options *options,
                                 const double *p, double loss, const char *status,
                                 ude_error *error);

#ifdef __cplusplus
}
#endif
#endif
