/**
 * @file discover.h
 * @brief From a trained term to an equation: candidates, sparse regression, choice through the
 * equation.
 *
 *     ude_discover_problem problem = {.field = field, .p = p, .data = data, .fit = &options};
 *     problem.rebuild = rebuild;                    // the model with other bodies: see
 * ude_rebuild_fn ude_discovery *found = NULL; if (ude_discover(&problem, NULL, &found, &error))
 * puts(error.message); ude_text text = {0}; ude_discovery_print(found, UDE_STYLE_TEXT, &text);
 *     // found->final is the request that writes the model again as C
 *     ude_discovery_free(found);
 *
 * How the structure is chosen. Regression on samples of the learned function proposes supports
 * (sets of candidate terms). The samples carry the bias of the network, so each proposal is then
 * judged on the raw data: its coefficients (and the initial states and the other trainable
 * parameters) are fitted through the differential equation by Levenberg-Marquardt, and supports
 * compete by an information criterion there. A local search (add, drop, exchange; neighbours
 * screened in linear approximation around the fitted solution) ends the choice. Each observed column
 * is weighed by the noise that its residuals show; the criterion charges for the choice among many
 * candidates, and charges a term that several outputs of a function share once.
 */
#ifndef UDE_DISCOVER_H
#define UDE_DISCOVER_H

#include <ude/fit.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------------------------------- expressions -- */

/** A small expression over named inputs; immutable once made. */
typedef struct ude_expression ude_expression;

typedef enum ude_style {
  UDE_STYLE_TEXT = 0, /**< prey^2*predator/(1 + prey) */
  UDE_STYLE_LATEX,    /**< \frac{prey^{2}\,predator}{1 + prey}, names in \mathrm where longer than a
                         letter */
  UDE_STYLE_C,        /**< C11: powers as products, 17 digits, sin/cos/exp of math.h */
  UDE_STYLE_JSON      /**< for ude_discovery_print only */
} ude_style;

/**
 * Read "2*x*y/(1 + x^2)", "sin(x) + exp(-y)", ...: + - * / ^ (small whole exponent), sin, cos, exp,
 * log, sqrt, tanh, abs, numbers, names.
 *
 * @param names  [count] the inputs
 * @return UDE_INVALID_ARGUMENT naming the column of the text and the known names, UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_expression_parse(const char *text, const char *const *names, int64_t count,
                                        ude_expression **expression, ude_error *error);
UDE_API void       ude_expression_free(ude_expression *expression);

/** Value at in[]; NaN or infinite where it is not defined. */
UDE_API double ude_expression_value(const ude_expression *expression, const double *in);
/** Value, and the derivative with respect to every input. gradient: double[count], overwritten. */
UDE_API double ude_expression_gradient(const ude_expression *expression, const double *in,
                                       int64_t count, double *gradient);
/** Number of nodes of the tree: inputs, numbers, operations; x^n counts as n factors. */
UDE_API int ude_expression_complexity(const ude_expression *expression);
/** True if it has no input. */
UDE_API bool ude_expression_is_constant(const ude_expression *expression);
/** Append it; names[i] stands for input i. */
UDE_API void ude_expression_print(const ude_expression *expression, ude_style style,
                                  const char *const *names, ude_text *text);

/* ------------------------------------------------------------------------------- libraries -- */

/** Which candidates; the zero value: polynomials of the default degree. */
typedef struct ude_library_options {
  int  polynomial; /**< total degree; 0: 5 for one or two inputs, 3 for three or four, else 2; < 0:
                     no polynomials */
  int  trigonometric; /**< sin(kx), cos(kx) for k = 1 to this */
  bool exponential;   /**< exp(x), exp(-x) */
  bool rational;      /**< 1/x, 1/(1+x), x/(1+x), x^2/(1+x^2), and y times the last two */
  int  products;      /**< depth of products of different families' members; 0 and 1: none */
  bool no_constant;   /**< leave out the term 1 */
  const char *const
         *extra; /**< [extra_count] further candidates as text, in input names or shown names */
  int64_t extra_count;
} ude_library_options;

/** Candidate terms of one function. */
typedef struct ude_library {
  int64_t          inputs, count;
  ude_expression **terms; /**< [count], by complexity; owned */
} ude_library;

/** names: [inputs], for `extra` and messages. UDE_INVALID_ARGUMENT if there are more than
 * UDE_MAX_TERMS. */
UDE_API ude_status ude_library_create(int64_t inputs, const char *const *names,
                                      const ude_library_options *options, ude_library **library,
                                      ude_error *error);
UDE_API void       ude_library_free(ude_library *library);

enum { UDE_MAX_TERMS = 512 };

/**
 * Evaluate all terms on samples and drop those that cannot be used there: not finite somewhere, or
 * a multiple of an earlier (simpler) term to 1e-9. The library shrinks; a line for each dropped
 * term is appended to `notes` (may be NULL).
 *
 * @param      in     double[rows][inputs]
 * @param[out] theta  double[rows][library->count], owned by the caller (free)
 */
UDE_API ude_status ude_library_evaluate(ude_library *library, const char *const *names,
                                        int64_t rows, const double *in, double **theta,
                                        ude_text *notes, ude_error *error);

/* ------------------------------------------------------------------------ sparse regression -- */

typedef enum ude_criterion {
  /** deviance + (k ln n + 2 choice) n/(n - k - 2): the extended BIC of Chen and Chen (2008), which
   *  accounts for the choice among many structures (BIC alone adds a false term too often), with the
   *  penalty corrected for few data (McQuarrie 1999) */
  UDE_CRITERION_EBIC = 0,
  UDE_CRITERION_BIC,
  UDE_CRITERION_AICC
} ude_criterion;

UDE_API const char *ude_criterion_name(ude_criterion criterion); /**< "ebic", "bic", "aicc" */
UDE_API ude_status  ude_criterion_parse(const char *name, ude_criterion *criterion,
                                        ude_error *error);
/** The criterion from a deviance (-2 ln L up to a constant), observations, fitted parameters, and `choice`: the ln
 *  of the number of structures of that kind that there were to choose from (ude_log_choose where any k of n
 *  candidates may come together). */
UDE_API double ude_criterion_value(ude_criterion criterion, double deviance, int64_t observations,
                                   int64_t parameters, double choice);
/** ln of the number of ways to choose k of n. */
UDE_API double ude_log_choose(int64_t n, int64_t k);

/** A set of terms with least-squares coefficients. */
typedef struct ude_support {
  int64_t  count;
  int64_t *terms;        /**< [count] ascending */
  double  *coefficients; /**< [count] */
  double   residual;     /**< weighted root mean square */
  double   threshold;    /**< first threshold that gave it; NaN: from another generator */
  double   aicc, bic, ebic;
} ude_support;

typedef struct ude_support_list {
  int64_t      count;
  ude_support *supports; /**< [count], distinct, by ascending number of terms */
} ude_support_list;

/** Zero value: the defaults. */
typedef struct ude_stlsq_options {
  double  smallest, largest; /**< thresholds on coefficients of columns of norm 1, relative to the
                               norm of the target; 0: 1e-4, 1 */
  int64_t count;             /**< thresholds on a logarithmic grid between them, 0: 121 */
  int64_t iterations;        /**< 0: 100 */
  double  rcond;             /**< rank decision, 0: 1e-10 */
} ude_stlsq_options;

/**
 * Sequentially thresholded least squares (Brunton, Proctor, Kutz 2016) with columns of norm one,
 * swept over thresholds; the distinct supports with plain least-squares coefficients on the
 * original scale.
 *
 * @param theta    double[rows][terms]
 * @param target   double[rows]
 * @param weights  double[rows], > 0, or NULL: 1
 */
UDE_API ude_status ude_stlsq_sweep(int64_t rows, int64_t terms, const double *theta,
                                   const double *target, const double *weights,
                                   const ude_stlsq_options *options, ude_support_list **list,
                                   ude_error *error);
/** The best supports of 0, 1, ... `largest` terms (at most `width` of each size): beam search by
 * residual. */
UDE_API ude_status ude_subset_search(int64_t rows, int64_t terms, const double *theta,
                                     const double *target, const double *weights, int64_t largest,
                                     int64_t width, ude_support_list **list, ude_error *error);
UDE_API void       ude_support_list_free(ude_support_list *list);

/* ------------------------------------------------------------ sparse regression, one answer -- */

typedef enum ude_sparse_method {
  UDE_SPARSE_STLSQ = 0, /**< sequentially thresholded least squares (Brunton, Proctor, Kutz 2016) */
  UDE_SPARSE_SR3, /**< relaxed regularised regression, l0 (Zheng et al. 2019; Champion et al. 2020) */
  UDE_SPARSE_SR3_L1 /**< likewise with the l1 norm */
} ude_sparse_method;

UDE_API const char *ude_sparse_method_name(
    ude_sparse_method method); /**< "stlsq", "sr3", "sr3-l1" */
UDE_API ude_status ude_sparse_method_parse(const char *name, ude_sparse_method *method,
                                           ude_error *error);

/** Zero value: the defaults. */
typedef struct ude_sparse_options {
  ude_sparse_method method;
  ude_criterion     criterion; /**< chooses among thresholds where none is given */
  double
      threshold; /**< > 0: on the coefficients in their own units, as publications state it. For SR3 the hard (or soft)
                       threshold sqrt(2 lambda nu) (or lambda nu) */
  double
      relative; /**< > 0: on |coefficient| |column| / |target| instead. Both 0: a sweep, each target chosen by the
                       criterion (all together where there are constraints) */
  double ridge; /**< STLSQ: adds ridge |coefficients|^2 while thresholding; the result has none */
  double
      nu; /**< SR3: relaxation in the scale of columns of norm one, 0: 1e5, about what 1 is for unscaled columns of some thousand rows; smaller values shrink coefficients of nearly dependent candidates */
  int64_t iterations; /**< 0: 100, for SR3 1000 */
  int64_t max_terms;  /**< of each target of a sweep, 0: any */
  double
      accuracy; /**< of the targets relative to their size: what is below is not explained further, 0: 1e-8 */
  bool
      serial; /**< rows are in the order of time: their correlated errors count as fewer observations */
  /** Equalities that the coefficients fulfil exactly: sum over (target, term) of constraints[row][target][term] coefficient =
   *  values[row]. With STLSQ only. */
  int64_t       constraint_count;
  const double *constraints; /**< [constraint_count][targets][terms] */
  const double *values;      /**< [constraint_count], NULL: zeros */
  /* Ensemble (Fasel, Kutz, Brunton, Brunton 2022): models on resampled data, coefficients their median. */
  int64_t  models;    /**< 0 and 1: no ensemble */
  int64_t  drop;      /**< candidates that each model has to do without */
  bool     all_rows;  /**< do not resample the rows */
  double   inclusion; /**< terms stay that this share of the models which had them kept, 0: 0.6 */
  uint64_t seed;
  int      threads; /**< 0: all; the result does not depend on it */
} ude_sparse_options;

/** All arrays [targets][terms] row-major, owned. */
typedef struct ude_sparse_result {
  int64_t targets, terms;
  double *coefficients; /**< least squares on the chosen terms */
  double *inclusion;    /**< share of the ensemble's models that kept the term; NULL: no ensemble */
  double *spread;    /**< standard deviation of the coefficient over those models; NULL likewise */
  double *residual;  /**< [targets] root mean square */
  double *criterion; /**< [targets] of the chosen structure */
} ude_sparse_result;

/**
 * Sparse regression theta coefficients^T = targets. Columns are scaled to norm one; tall problems are compressed by QR first.
 *
 * @param theta   double[rows][terms]
 * @param target  double[rows][targets]
 * @return UDE_INVALID_ARGUMENT (sizes, contradicting constraints), UDE_NUMERICAL (entries that are not finite),
 *         UDE_OUT_OF_MEMORY. Thread-safe.
 */
UDE_API ude_status ude_sparse_regression(int64_t rows, int64_t terms, int64_t targets,
                                         const double *theta, const double *target,
                                         const ude_sparse_options *options,
                                         ude_sparse_result **result, ude_error *error);
UDE_API void       ude_sparse_result_free(ude_sparse_result *result);

/* ---------------------------------------------------------------------- samples of a field -- */

/** Calls of one learned function along solutions. */
typedef struct ude_samples {
  const char *name; /**< of the function, borrowed from the field */
  int64_t     rows, inputs, outputs;
  int64_t    *trajectory;  /**< [rows] */
  double     *t;           /**< [rows] */
  double     *in;          /**< [rows][inputs] */
  double     *out;         /**< [rows][outputs] */
  char      **input_names; /**< [inputs] as the source has them */
  char      **shown_names; /**< [inputs] the state or "t" that the input equals everywhere, else
                              input_names */
} ude_samples;

/** Solve the fitted model for each trajectory of the data and record the learned functions.
 *
 * @param      u0       double[trajectories][state.count] initial states
 * @param      per      samples of each trajectory, evenly spaced in time
 * @param[out] samples  ude_samples[field->learned_count], owned by the caller:
 * ude_samples_free(samples, learned_count)
 */
UDE_API ude_status ude_sample_learned(const ude_vector_field *field, const double *p,
                                      int64_t trajectories, const double *u0, const double *spans,
                                      int64_t per, const ude_solve_options *options,
                                      ude_samples **samples, ude_error *error);
UDE_API void       ude_samples_free(ude_samples *samples, int64_t count);

/* ----------------------------------------------------------- the model with other functions -- */

/** One learned function, rewritten. */
typedef struct ude_rebuild_body {
  const char *function; /**< its name in the source */
  const char *body;     /**< C statements that set its outputs, in its own argument names */
} ude_rebuild_body;

/** output `output` of learned function `function` gains coefficient * term. */
typedef struct ude_rebuild_param {
  const char *name;    /**< new trainable member of struct param */
  const char *comment; /**< the term as text */
  double      value;
  int64_t     function, output; /**< index in field->learned; from data alone: 0 and the state */
  const ude_expression *term;   /**< over the inputs of the function */
} ude_rebuild_param;

/** "The model with these functions": everything that is needed to write its source, or to fill a
 * vector field by hand. */
typedef struct ude_rebuild_request {
  int64_t                  body_count;
  const ude_rebuild_body  *bodies;
  int64_t                  param_count;
  const ude_rebuild_param *params;
  const double *p; /**< [param.count] values for the old parameters; NULL from data alone */
  const double
      *u0; /**< [state.count] refitted initial state for the source's u0, or NULL: leave it */
  const char *source; /**< from data alone: the whole model file; bodies is NULL then */
} ude_rebuild_request;

/**
 * Make the model of a request. Parameters that only the old bodies used may be gone from the new
 * field; those of the request are found by name, and p0 of the new field holds all their values.
 * Needs rhs.jvp. The field must stay valid until ude_discover returns; the callback's owner
 * releases it afterwards.
 */
typedef ude_status (*ude_rebuild_fn)(const ude_rebuild_request *request,
                                     const ude_vector_field **field, void *context,
                                     ude_error *error);

/* -------------------------------------------------------------------------------- discover -- */

/** What there is: a trained model and its data. All borrowed. */
typedef struct ude_discover_problem {
  const ude_vector_field *field; /**< with learned functions and `probe` */
  const double           *p;     /**< [param.count] trained */
  const ude_dataset      *data;
  const ude_fit_options  *fit; /**< solver and weights as in the fit; may be NULL: defaults */
  ude_rebuild_fn          rebuild;
  void                   *rebuild_context;
} ude_discover_problem;

/** Zero value: the defaults. */
typedef struct ude_discover_options {
  ude_library_options library;
  ude_stlsq_options   stlsq;
  ude_criterion       criterion;
  int64_t             samples;   /**< of each trajectory, 0: 200 */
  int64_t             max_terms; /**< of each output, 0: 6 */
  int64_t starts; /**< proposals from regression that are fitted through the equation, 0: 32 */
  /** Do not refit initial states that the model takes from the data or from u0. Where not all states are measured they are
   *  kept in any case: data seldom determine what was not seen. */
  bool            keep_initial;
  double          time_limit; /**< seconds for the choice, 0: none */
  ude_progress_fn progress;   /**< may be NULL */
  void           *progress_context;
} ude_discover_options;

/** coefficient * expression */
typedef struct ude_term {
  char           *text, *latex; /**< in shown names */
  char           *param;        /**< member of struct param in the final model */
  double          coefficient;
  double          standard_error; /**< NaN where the data do not determine it */
  ude_expression *expression;
} ude_term;

/** One output of a learned function (or, from data alone, the derivative of one state). No term:
 * zero. */
typedef struct ude_equation {
  int64_t   function, output;
  char     *name;  /**< "interaction[0]", "dx/dt" */
  char     *latex; /**< of the name */
  int64_t   term_count;
  ude_term *terms;
} ude_equation;

/** Another trainable parameter of the model, refitted along. */
typedef struct ude_refitted {
  char  *name;
  double value, standard_error;
} ude_refitted;

/** A structure that was fitted through the equation. */
typedef struct ude_alternative {
  char  *text; /**< "interaction[0]: prey*predator; interaction[1]: 0" */
  double criterion;
  double deviance; /**< sum over observed columns of n ln(mean squared residual) */
  int64_t
      parameters; /**< fitted numbers: coefficients, other parameters, initial states, variances */
  int64_t terms;
} ude_alternative;

/** What was found. Owned; read only. */
typedef struct ude_discovery {
  int64_t       equation_count;
  ude_equation *equations;
  int64_t       refitted_count;
  ude_refitted *refitted;
  ude_criterion criterion;
  double        criterion_value, deviance;
  int64_t       observations, parameters;
  int64_t       column_count;      /**< observed columns */
  char        **column_names;      /**< "log(x)" where logarithms were compared */
  double       *column_deviations; /**< [column_count] root mean square residual: the noise, if the
                                      structure is right */
  int64_t       trajectory_count, state_count;
  double       *u0; /**< [trajectory_count][state_count] initial states of the final refit */
  int64_t       alternative_count; /**< ascending criterion; the first is the one chosen */
  ude_alternative *alternatives;
  int64_t          sample_count; /**< learned functions */
  ude_samples     *samples;      /**< [sample_count] */
  double **recovered; /**< [sample_count]: double[rows][outputs], the equations on the samples */
  char    *notes;     /**< lines: dropped candidates, failures, warnings; "" if none */
  /** From data alone: what the refit compared with, a trajectory for each stretch, columns are states; NULL where there
   *  was no refit, and from a trained model. */
  ude_dataset *data;
  /** Writes the final model; its strings live as long as the discovery. */
  ude_rebuild_request final;
} ude_discovery;

/**
 * Find equations for the learned functions of a trained model.
 *
 * @param[out] discovery  released with ude_discovery_free; also set with UDE_INTERRUPTED (progress
 * asked to stop or the time limit was reached): the best so far
 * @return UDE_UNSUPPORTED (no learned function, no probe, no forward derivative), UDE_NUMERICAL
 * (the trained model itself cannot be solved), what `rebuild` returns, UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_discover(const ude_discover_problem *problem,
                                const ude_discover_options *options, ude_discovery **discovery,
                                ude_error *error);
UDE_API void       ude_discovery_free(ude_discovery *discovery);

/** The whole result in one form: TEXT for people (discovered.txt), LATEX (an align environment),
 * JSON. C is written from `final` by whoever owns the source. */
UDE_API ude_status ude_discovery_print(const ude_discovery *discovery, ude_style style,
                                       ude_text *text, ude_error *error);

/* -------------------------------------------------------------------------- from data alone -- */

/** How derivatives are found. */
typedef enum ude_derivative {
  UDE_DERIVATIVES_AUTO = 0, /**< given if the columns are there, else smoothing splines */
  UDE_DERIVATIVES_GIVEN,    /**< columns "d(x)" or "dx/dt" for every state */
  UDE_DERIVATIVES_SPLINE, /**< cubic smoothing spline, its parameter by generalised cross-validation
                           */
  UDE_DERIVATIVES_SAVITZKY_GOLAY, /**< local cubic fits over `window` points, unevenly spaced times
                                     allowed */
  UDE_DERIVATIVES_FINITE, /**< three-point differences, second order; for data without noise */
  UDE_DERIVATIVES_SPECTRAL, /**< sine series behind a cubic that carries the ends, cut off by generalised cross-validation;
                               evenly spaced times, at most 16384 points */
  UDE_DERIVATIVES_TOTAL_VARIATION /**< the slope of least total variation within the noise (Chartrand 2011): piecewise
                                     constant, keeps its jumps */
} ude_derivative;

UDE_API const char *ude_derivative_name(
    ude_derivative derivative); /**< "auto", "given", "spline", "savitzky-golay", "finite",
 "spectral", "total-variation" */
UDE_API ude_status ude_derivative_parse(const char *name, ude_derivative *derivative,
                                        ude_error *error);

/**
 * Smoothed values and derivatives of samples y(t).
 *
 * @param      t, y         double[count], t strictly ascending
 * @param      window       points of a Savitzky-Golay window, odd, 0: 9 (or fewer, if there are not
 * as many)
 * @param[out] value, slope double[count]
 */
UDE_API ude_status ude_differentiate(ude_derivative method, int64_t window, int64_t count,
                                     const double *t, const double *y, double *value, double *slope,
                                     ude_error *error);

/** Zero value: the defaults. */
typedef struct ude_sindy_options {
  ude_discover_options discover; /**< `samples` is not used: the rows are the samples */
  ude_derivative       derivative;
  int64_t              window; /**< Savitzky-Golay, 0: 9 */
  const char *const *
      states; /**< [state_count] columns that are states; NULL: all but t, trajectory, derivatives */
  int64_t state_count;
  bool    with_time; /**< t is an input too */
  bool    no_refit;  /**< coefficients of the regression on derivatives are final */
  int64_t
      segment; /**< rows of the stretches that the refit solves one by one, each from its own initial
                                       state; 0: whole trajectories. Needed where solutions diverge (chaos) */
  ude_solve_options solve; /**< for the refit */
  /** One sparse regression whose structure and coefficients are final, as publications state it: no proposals, no refit; standard
   *  errors are the spread of an ensemble. Its criterion is that of `discover`. NULL: proposals, fitted through the equation */
  const ude_sparse_options *sparse;
  int64_t
      weak; /**< with `sparse`: integrals against test functions (1 - s^2)^6 of this half width in rows instead of derivatives
                     (Messenger, Bortz 2021): no derivative of the data is taken; 0: derivatives. At least 2 */
} ude_sindy_options;

/**
 * Sparse identification of u' = f(u) from a table alone: a column `t` (or `time`), states, optionally
 * `trajectory` and derivatives. The requests carry the whole model file in `source`; its u0 is the
 * (refitted) first row of the first trajectory.
 *
 * @param table    rows in time order within a trajectory, at least 5 for each; a row with a missing state is not
 *                 regressed on, but its other cells count in the refit
 * @param rebuild  compiles request->source (or fills a field by hand); NULL: as no_refit
 * @return UDE_BAD_DATA naming the column, and as ude_discover
 */
UDE_API ude_status ude_sindy(const ude_table *table, ude_rebuild_fn rebuild, void *rebuild_context,
                             const ude_sindy_options *options, ude_discovery **discovery,
                             ude_error *error);

#ifdef __cplusplus
}
#endif
#endif
