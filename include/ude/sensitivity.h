/**
 * @file sensitivity.h
 * @brief Exact derivatives of solves: discrete adjoint and forward sensitivities, steps held fixed.
 *
 * Events are differentiated with the times at which they happen (ude_events in <ude/vector_field.h>): roots by the implicit
 * function theorem on the dense output, scheduled times as functions of p. An event that touches zero without crossing has no derivative, which is
 * an error; events that coincide are taken in the order of their numbers.
 *
 * The gradient is that of the discrete solution that the adaptive solver computed, with its step
 * sequence held fixed: the adjoint and the forward mode agree to rounding, whatever the tolerance.
 */
#ifndef UDE_SENSITIVITY_H
#define UDE_SENSITIVITY_H

#include <ude/solve.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ude_sensitivity_method {
  UDE_SENSITIVITY_AUTO = 0, /**< by the number of directions and what the field offers */
  UDE_SENSITIVITY_ADJOINT,  /**< discrete adjoint; needs rhs.vjp */
  UDE_SENSITIVITY_FORWARD,  /**< tangents through the steps; needs rhs.jvp */
  /* Continuous: equations of their own, solved to the tolerances, so that the gradient is as exact as they are; for every solver,
   * also those without discrete derivatives (CVODE). Adjoints need rhs.vjp, with Rosenbrock methods rhs.hvp, too. */
  UDE_SENSITIVITY_BACKSOLVE, /**< the state is solved backwards beside its adjoint, set right at data times: least memory; wrong
                                  where the equation is stable forwards and so unstable backwards */
  UDE_SENSITIVITY_INTERPOLATING, /**< the state from dense output, checkpoints beyond the bound on memory; parameters as states */
  UDE_SENSITIVITY_QUADRATURE, /**< state and adjoint kept, parameters by adaptive quadrature: many parameters */
  UDE_SENSITIVITY_GAUSS, /**< as interpolating, parameters by Gauss-Legendre points in each step: large systems */
  UDE_SENSITIVITY_FORWARD_CONTINUOUS /**< sensitivity equations beside the states; needs rhs.jvp, no Rosenbrock method */
} ude_sensitivity_method;
enum { UDE_SENSITIVITY_METHODS = UDE_SENSITIVITY_FORWARD_CONTINUOUS + 1 };

UDE_API const char *ude_sensitivity_method_name(
    ude_sensitivity_method method); /**< "auto", "adjoint", ... */
/** UDE_INVALID_ARGUMENT with the list of names if unknown. */
UDE_API ude_status ude_sensitivity_method_parse(const char *name, ude_sensitivity_method *method,
                                                ude_error *error);

/** Cost as a function of the states at data times: l = sum_i l_i(u(t_i)) . Called in order of time by the forward mode and in
 *  reverse order by the adjoint. Returns 0, or nonzero to fail.
 *  @param      i      index of the time
 *  @param      u      double[n]
 *  @param[out] value  l_i
 *  @param      u_bar  double[n], zeroed: set to the gradient of l_i; NULL: only the value is wanted
 *  @param      p_bar  double[np] or NULL: the direct dependence on p is **added** here */
typedef int (*ude_cost_fn)(int64_t i, double t, const double *u, const double *p, double *value,
                           double *u_bar, double *p_bar, void *context);

/* What the solver estimates of its own steps can be part of a cost (regularised solver heuristics: Pal, Ma, Shah, Rackauckas, ICML
 * 2021): training then prefers models that take fewer and easier steps. For every accepted step i
 *
 *     E_i   the weighted root mean square of the embedded error that the step controller looks at (<= 1)
 *     S_i   the estimate of the dominant eigenvalue of df/du; of explicit pairs |f(a) - f(b)| / |a - b| for two stages at the same time
 *           divided by the extent of the stability region (so that S h = 1 is its border), of implicit methods by twelve power
 *           iterations at the step's start, as it is (1/time)
 *
 * computed again from (t, h, u) alone. The sizes h of the steps are constants of the derivative, as they are everywhere here. trbdf2,
 * kencarp4 and radau damp their error by a factorised Jacobian: E then needs second derivatives (rhs.hvp), and so does S of every
 * implicit method. euler and rk4 estimate no error; a method without an estimate is refused (UDE_UNSUPPORTED).
 *
 * The controller holds E near a constant, so that where steps adapt the sum of E |h| says little of the work and the sum of E^2 counts
 * steps. Since the derivative holds steps fixed, it is not that of the adaptive value: optimisers with line searches may stop early on
 * terms of E; Adam does not mind. */
typedef enum ude_estimate_kind {
  UDE_ESTIMATE_ERROR = 0,     /**< "error": E |h| */
  UDE_ESTIMATE_ERROR_SQUARED, /**< "error2": E^2 */
  UDE_ESTIMATE_STIFFNESS,     /**< "stiffness": S */
  UDE_ESTIMATE_STIFFNESS_STEP /**< "stiffness-h": S |h| */
} ude_estimate_kind;

/** Over the accepted steps; of equal maxima the first counts. */
typedef enum ude_estimate_over {
  UDE_ESTIMATE_MEAN = 0,
  UDE_ESTIMATE_SUM,
  UDE_ESTIMATE_MAX
} ude_estimate_over;

enum { UDE_ESTIMATE_MOST = 8 };

typedef struct ude_estimate_term {
  ude_estimate_kind kind;
  ude_estimate_over over;
  double            weight;
} ude_estimate_term;

/** "error", "error:sum", "stiffness:max", ... into kind and over; the weight is left. UDE_INVALID_ARGUMENT with the list. */
UDE_API ude_status ude_estimate_parse(const char *text, ude_estimate_term *term, ude_error *error);

/** Zero value: no cost at data times, no terminal, no running cost, no estimates. */
typedef struct ude_cost {
  int64_t       count;
  const double *times; /**< [count], ascending in the direction of integration, within [t0, t1] */
  ude_cost_fn   at;
  void         *context;
  bool
      terminal; /**< add field->terminal_cost at t1, or at the terminal event that ends the solve before */
  bool running; /**< add the integral of field->running_cost, solved as one more state */
  /** Not NULL: ude_cost_gradient writes the gradient with respect to the start and the end of the span (0 for an end
   *  that a terminal event is before of). Data times stay where they are; `initial` and u0 do not move. */
  double *t0_bar, *t1_bar;
  int64_t estimates; /**< terms of the solver's estimates, at most UDE_ESTIMATE_MOST */
  const ude_estimate_term *estimate; /**< [estimates] */
  double *estimate_values;           /**< [estimates] written, without the weights; or NULL */
} ude_cost;

typedef struct ude_sensitivity_options {
  ude_solve_options      solve;
  ude_sensitivity_method method;
  size_t
      memory_bytes; /**< bound for stored states of the adjoint, 0: 256 MiB; beyond it they are recomputed from checkpoints */
  const char
      *adjoint_method; /**< solver of the continuous adjoint equation; NULL: that of `solve` */
  double
      adjoint_rtol; /**< its tolerance, relative to the size of the adjoint; 0: that of `solve` */
} ude_sensitivity_options;

/** Reusable workspace; one per thread. */
typedef struct ude_sensitivity ude_sensitivity;

UDE_API ude_status ude_sensitivity_create(const ude_vector_field        *field,
                                          const ude_sensitivity_options *options,
                                          ude_sensitivity **sensitivity, ude_error *error);
UDE_API void       ude_sensitivity_free(ude_sensitivity *sensitivity);

/**
 * Cost and its gradient. u0: double[n], p: double[np].
 *
 * @param[out] value   the cost
 * @param[out] u0_bar  double[n] gradient with respect to the initial state (overwritten), or NULL
 * @param[out] p_bar   double[np] gradient with respect to p at fixed u0 (overwritten), or NULL; all entries,
 *                     also those of fixed members
 * @param[out] result  statistics of the forward solve, may be NULL
 * @return as ude_integrator_run; UDE_UNSUPPORTED if the field lacks a derivative
 */
UDE_API ude_status ude_cost_gradient(ude_sensitivity *sensitivity, const double *u0,
                                     const double *p, double t0, double t1, const ude_cost *cost,
                                     double *value, double *u0_bar, double *p_bar,
                                     ude_solve_result *result, ude_error *error);
/** What the last gradient was computed by, and why `auto` took it: one line, borrowed; "" before the first. */
UDE_API const char            *ude_sensitivity_picked(const ude_sensitivity *sensitivity);
UDE_API ude_sensitivity_method ude_sensitivity_used(const ude_sensitivity *sensitivity);
/** Bytes that the last gradients keep of solutions (states of the trace, paths, checkpoints), at their peak. */
UDE_API size_t ude_sensitivity_bytes(const ude_sensitivity *sensitivity);
/** The cost alone, same steps. */
UDE_API ude_status ude_cost_value(ude_sensitivity *sensitivity, const double *u0, const double *p,
                                  double t0, double t1, const ude_cost *cost, double *value,
                                  ude_solve_result *result, ude_error *error);

/**
 * States at `times` and their derivatives along `directions` tangents (forward mode, in blocks of
 * rhs.width). u0_dot: double[n][directions]; p_dot: double[np][directions] (either may be NULL: zero).
 * u_at: double[count][n]; u_at_dot: double[count][n][directions].
 */
UDE_API ude_status ude_forward_sensitivities(ude_sensitivity *sensitivity, const double *u0,
                                             const double *u0_dot, const double *p,
                                             const double *p_dot, int64_t directions, double t0,
                                             double t1, const double *times, int64_t count,
                                             double *u_at, double *u_at_dot,
                                             ude_solve_result *result, ude_error *error);

/** Receives the tangents of directions first..first+lanes-1 at times[index]: u: double[n]; u_dot: double[n][width], of
 *  which the first `lanes` columns count. Blocks of directions come one after another, each in order of time. */
typedef void (*ude_forward_visit_fn)(int64_t index, int64_t first, int64_t lanes, int64_t width,
                                     const double *u, const double *u_dot, void *context);

/** ude_forward_sensitivities that hands the tangents over instead of storing them. */
UDE_API ude_status ude_forward_visit(ude_sensitivity *sensitivity, const double *u0,
                                     const double *u0_dot, const double *p, const double *p_dot,
                                     int64_t directions, double t0, double t1, const double *times,
                                     int64_t count, double *u_at, ude_forward_visit_fn visit,
                                     void *context, ude_solve_result *result, ude_error *error);

/* ---------------------------------------------------------------- initial states and checks -- */

/** Initial state: `initial` of the field if defined, else u0 of the field; UDE_INVALID_ARGUMENT if neither. u0: double[n]. */
UDE_API ude_status ude_initial_state(const ude_vector_field *field, const double *p, double t0,
                                     double *u0, ude_error *error);
/** p_bar += (d initial/dp)^T u0_bar; nothing if the field has no `initial`. */
UDE_API ude_status ude_initial_pullback(const ude_vector_field *field, const double *p, double t0,
                                        const double *u0_bar, double *p_bar, ude_error *error);

/** One comparison of `ude check`. */
typedef struct ude_check_row {
  const char *quantity;    /**< "rhs", "rhs jvp (state)", "gradient adjoint", ... static */
  const char *against;     /**< "finite differences", "vjp transposed", ... static */
  double      deviation;   /**< largest relative deviation */
  double      tolerance;   /**< what passes */
  int64_t     row, column; /**< worst place; -1 where it does not apply */
  bool        passed;
} ude_check_row;

enum { UDE_CHECK_MAX_ROWS = 96 };

/** Compare everything the field offers with everything else, at (u0, p, t0) and along the solution over [t0, t1].
 *  rows: ude_check_row[UDE_CHECK_MAX_ROWS]. UDE_OK even when a row did not pass. */
UDE_API ude_status ude_check(const ude_vector_field *field, const double *u0, const double *p,
                             double t0, double t1, const ude_sensitivity_options *options,
                             ude_check_row *rows, int64_t *row_count, ude_error *error);

/** The same for what is derived beyond jvp and vjp: Hessian-vector products (symmetry; differences of vjp; several at
 *  once), jets (jvp; differences of lower orders), the series of the solution, lanes (one at a time). What the field does
 *  not have is left out. Rows, result and errors as ude_check. */
UDE_API ude_status ude_check_derived(const ude_vector_field *field, const double *u0,
                                     const double *p, double t, ude_check_row *rows,
                                     int64_t *row_count, ude_error *error);

#ifdef __cplusplus
}
#endif
#endif
