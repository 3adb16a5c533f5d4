/**
 * @file solve.h
 * @brief Initial-value problems u' = rhs(u, p, t): adaptive one-step methods with dense output.
 *
 *     ude_solution *solution = NULL;
 *     ude_solve_options options = {.rtol = 1e-8, .atol = 1e-8};
 *     ude_status status = ude_solve(&field, u0, p, 0, 10, &options, &solution, &error);
 *     // also after UDE_NUMERICAL: solution holds what was reached and ude_solution_result says why
 *     ude_solution_free(solution);
 */
#ifndef UDE_SOLVE_H
#define UDE_SOLVE_H

#include <ude/vector_field.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Why a solve ended: X(NAME, text). */
#define UDE_RETCODE_MAP(X)                                                     \
  X(SUCCESS, "success")                                                        \
  X(MAX_STEPS, "the limit of steps was reached")                               \
  X(STEP_UNDERFLOW, "the step became too small")                               \
  X(UNSTABLE, "the state or its derivative is not finite")                     \
  X(TIME_LIMIT, "the time limit was reached")                                  \
  X(RHS_FAILED, "the right-hand side reported a failure")                      \
  X(INITIAL_FAILURE, "the initial state or its derivative is not finite")      \
  X(STOPPED, "stopped on request")                                             \
  X(NO_CONVERGENCE, "the iteration for the stages of a step did not converge") \
  X(INCONSISTENT, "the algebraic equations cannot be solved at the start")     \
  X(TERMINATED, "a terminal event ended the solve")                            \
  X(EVENT_FAILED, "an event function failed or is not finite")                 \
  X(ACCUMULATION, "events follow each other without end")

typedef enum ude_retcode {
#define UDE_RETCODE_ENUM(name, text) UDE_RETCODE_##name,
  UDE_RETCODE_MAP(UDE_RETCODE_ENUM)
#undef UDE_RETCODE_ENUM
      UDE_RETCODE_COUNT
} ude_retcode;

UDE_API const char *ude_retcode_name(ude_retcode retcode); /**< "Success", "MaxSteps", ... */
UDE_API const char *ude_retcode_text(ude_retcode retcode);

typedef enum ude_save {
  UDE_SAVE_STEPS = 0, /**< every accepted step (and t0) */
  UDE_SAVE_AT,        /**< at `saveat` only, by dense output of the method's order */
  UDE_SAVE_END        /**< the end state only (of a failed solve: the state reached) */
} ude_save;

/** Zero value: the defaults. Arrays are borrowed while the object made from them lives. */
typedef struct ude_solve_options {
  const char *
      method; /**< name from ude_method_name; NULL or "auto": an explicit pair by the tolerance, and an implicit
                                   method by tolerance and size where the solution turns stiff, and back */
  double        rtol;        /**< relative tolerance, 0: 1e-6 */
  double        atol;        /**< absolute tolerance, units of the state, 0: 1e-9 */
  const double *atol_vector; /**< [state.count] or NULL; overrides atol */
  double
      initial_step; /**< 0: Hairer, Norsett, Wanner I, II.4. The size of every step for methods without an
                                   error estimate (euler, rk4), which need it */
  double        min_step;   /**< 0: 16 ulp of t */
  double        max_step;   /**< 0: the whole span; the last step may be 1 % longer */
  int64_t       max_steps;  /**< attempted steps, 0: 1000000 */
  double        time_limit; /**< seconds of wall clock, 0: none */
  ude_save      save;
  const double *saveat; /**< [saveat_count], in the direction of integration, within the span */
  int64_t       saveat_count;
  bool
      differentiable; /**< auto: only methods whose steps the field's derivatives can differentiate; set by the sensitivities */
  /** Points inside each step at which event functions are evaluated beside its ends, so that a function that crosses zero
   *  twice in a step is seen. 0: 8; negative: none. */
  int event_samples;
  bool (*stop)(void *context); /**< polled every step; true ends the solve (STOPPED); may be NULL */
  void *stop_context;
} ude_solve_options;

/** What a solve did and, if it failed, where. */
typedef struct ude_solve_result {
  ude_retcode retcode;
  double      t;         /**< time reached */
  double      h;         /**< last step tried */
  int64_t     component; /**< offending component (largest error or first non-finite), -1: none */
  double      error_estimate; /**< weighted norm of the last embedded error */
  int64_t     steps, rejected,
      rhs_calls; /**< rhs_calls: a Jacobian by wide products counts as two for each pass */
  int64_t jacobians, factorisations, linear_solves, iterations; /**< of implicit methods */
  int64_t switches;                                             /**< changes of the method (auto) */
  int64_t events; /**< that happened, terminal one included */
  int64_t event;  /**< the terminal or failing one; -1: none */
  int64_t saved;  /**< save times (or points) that were reached */
  const char
      *method;      /**< static: the method that ran; of several the one that took the last step */
  char picked[192]; /**< auto: what was picked and why, one line; else empty */
} ude_solve_result;

/** Write one or a few lines for people: what happened, where (t, step, name of the component), what to try. */
UDE_API void ude_solve_result_describe(const ude_solve_result *result,
                                       const ude_vector_field *field, char *buffer, size_t size);

/** Names of the methods, NULL past the end: "tsit5", "vern7", ... */
UDE_API const char *ude_method_name(int index);
/** The explicit method that "auto" begins with at this relative tolerance (0: the default). */
UDE_API const char *ude_method_explicit(double rtol);
/** Does the method need derivatives of the right-hand side (rhs.jvp, jvp_wide or vjp)? True for "auto", which stays explicit
 *  without; false for an unknown name. */
UDE_API bool ude_method_needs_jacobian(const char *name);
/** Do discrete gradients through the method need second derivatives (rhs.hvp)? */
UDE_API bool ude_method_needs_hessian(const char *name);
/** Classical order of a method and of its dense output; 0 for an unknown name. */
UDE_API int ude_method_order(const char *name);
UDE_API int ude_method_dense_order(const char *name);

/* ------------------------------------------------------------------------------- one shot -- */

typedef struct ude_solution ude_solution;

/**
 * Solve from t0 to t1 (t1 < t0: backwards; t1 == t0: the initial state). Events: with UDE_SAVE_STEPS the state before and the state after
 * are saved, two rows of the same time; a save time on an event gets the state before it, the end of the span the state after. u0: double[state.count], p: double[param.count] or NULL
 * if there are none.
 *
 * @return UDE_OK (also where a terminal event ended the solve: retcode TERMINATED); UDE_NUMERICAL (*solution is set and holds what was reached; message from
 *         ude_solve_result_describe); UDE_INTERRUPTED (likewise); UDE_INVALID_ARGUMENT,
 *         UDE_OUT_OF_MEMORY (*solution is NULL).
 */
UDE_API ude_status    ude_solve(const ude_vector_field *field, const double *u0, const double *p,
                                double t0, double t1, const ude_solve_options *options,
                                ude_solution **solution, ude_error *error);
UDE_API int64_t       ude_solution_count(const ude_solution *solution); /**< saved points */
UDE_API double        ude_solution_time(const ude_solution *solution, int64_t i);
UDE_API const double *ude_solution_state(const ude_solution *solution,
                                         int64_t             i); /**< [n], borrowed */
UDE_API const ude_solve_result *ude_solution_result(const ude_solution *solution);
/** Events in order of time: how many, when, which (numbered as in ude_events), and the state before: [n], borrowed. */
UDE_API int64_t       ude_solution_event_count(const ude_solution *solution);
UDE_API double        ude_solution_event_time(const ude_solution *solution, int64_t i);
UDE_API int64_t       ude_solution_event(const ude_solution *solution, int64_t i);
UDE_API const double *ude_solution_event_state(const ude_solution *solution, int64_t i);
UDE_API void          ude_solution_free(ude_solution *solution);

/** Receives what a solve saves, as it is computed. `u`: double[state.count], valid during the call. Nonzero stops the solve (STOPPED). */
typedef struct ude_stream {
  int (*row)(double t, const double *u, void *context);
  int (*event)(double t, int64_t event, const double *u_before, void *context); /**< may be NULL */
  void *context;
} ude_stream;

/** ude_solve that keeps nothing: every row and event goes to `stream` when it is known, so that memory does not grow with the
 *  solution. `result` (not NULL) says what happened. Returns as ude_solve. */
UDE_API ude_status ude_solve_stream(const ude_vector_field *field, const double *u0,
                                    const double *p, double t0, double t1,
                                    const ude_solve_options *options, const ude_stream *stream,
                                    ude_solve_result *result, ude_error *error);

/* ----------------------------------------------------------------------- many of one kind -- */

/** Workspace for repeated solves of one vector field: nothing is allocated after creation, except
 *  that a recorded trace may grow, that `auto` opens its implicit method when it is first needed, and what KLU and CVODE do
 *  for themselves. One integrator per thread. */
typedef struct ude_integrator ude_integrator;

UDE_API ude_status ude_integrator_create(const ude_vector_field  *field,
                                         const ude_solve_options *options,
                                         ude_integrator **integrator, ude_error *error);

/**
 * Solve and evaluate at `times` (double[count], in the direction of integration, within [t0, t1]) into
 * `u_at`: double[count][n]; the save options are not used. u_end: double[n] or NULL. On failure, or where a terminal event ends the
 * solve, the entries of times not reached (from result->saved on) are untouched and `result` (not NULL) says why.
 *
 * @return UDE_OK, UDE_NUMERICAL, UDE_INTERRUPTED, UDE_INVALID_ARGUMENT, UDE_OUT_OF_MEMORY (trace growth)
 */
UDE_API ude_status ude_integrator_run(ude_integrator *integrator, const double *u0, const double *p,
                                      double t0, double t1, const double *times, int64_t count,
                                      double *u_at, double *u_end, ude_solve_result *result,
                                      ude_error *error);
UDE_API void       ude_integrator_free(ude_integrator *integrator);

#ifdef __cplusplus
}
#endif
#endif
