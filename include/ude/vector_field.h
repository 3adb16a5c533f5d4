/**
 * @file vector_field.h
 * @brief A model as everything above the compiler sees it: a small table of functions plus names.
 *
 * The compiler room fills this table from C source; a C program may fill it with its own callbacks
 * and use the solvers without LLVM:
 *
 *     static int rhs(double *du, const double *u, const double *p, double t, void *context) {
 *       du[0] = -p[0] * u[0];
 *       return 0;
 *     }
 *     ude_vector_field field = {.rhs = {.rows = 1, .columns = 1, .value = rhs}};
 *     field.state = (ude_layout){.count = 1};      // members optional: names u[0], u[1], ...
 *     field.param = (ude_layout){.count = 1};
 *
 * All arrays are contiguous doubles. A callback returns 0 for success, > 0 for a recoverable
 * failure (the stepper retries with a smaller step), < 0 for a fatal one (the solve stops).
 * Callbacks must be safe to call from several threads at once with the same `context` if the caller
 * solves in threads.
 */
#ifndef UDE_VECTOR_FIELD_H
#define UDE_VECTOR_FIELD_H

#include <ude/sparsity.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------ names and shapes -- */

enum { UDE_MAX_RANK = 6 };

/** Seeded initialisation of a member whose default values are all zero. */
typedef enum ude_init {
  UDE_INIT_DEFAULT = 0,   /**< keep the value of p0 */
  UDE_INIT_GLOROT_UNIFORM /**< U(-a, a), a = sqrt(6/(fan_in + fan_out)), fans = the two extents
                             (Glorot 2010) */
} ude_init;

/** One leaf of a struct, in memory order: a scalar (rank 0) or an array of scalars. Outer
 *  array-of-struct indices are part of the name: "body[3].q" with extents {2}. */
typedef struct ude_member {
  const char *name;
  int64_t     first;                 /**< index of its first scalar in the flat vector */
  int64_t     count;                 /**< product of extents, 1 for a scalar */
  int         rank;                  /**< 0 to UDE_MAX_RANK */
  int64_t     extents[UDE_MAX_RANK]; /**< row-major */
  bool        fixed;                 /**< const in the source: known, not trained */
  double      lower, upper;          /**< UDE_RANGE; both 0: no range. -INFINITY/INFINITY: open */
  ude_init    init;                  /**< how a fit draws a value where p0 gives only zeros */
  bool        metric;                /**< UDE_METRIC, of a loss: reported, not lowered */
  bool        relative; /**< UDE_RELATIVE: a fit compares logarithms of model and measurement */
  bool        single;   /**< float in the source: holds 24 bits, comparisons allow for it */
} ude_member;

/** The real (double or float) scalars of a struct as one flat vector. Integer members are constants
 *  of the model and do not appear. */
typedef struct ude_layout {
  int64_t           count;   /**< number of scalars */
  int64_t           members; /**< 0: unnamed, "<letter>[i]" is used */
  const ude_member *member;  /**< [members], ascending `first`, covering 0..count-1 */
} ude_layout;

/** Name of scalar `i` as C writes it ("grid[3][4]"), NUL-terminated, cut at `size`; returns
 * `buffer`. `fallback` names scalars of an unnamed layout ("u" gives "u[3]"). */
UDE_API char *ude_layout_name(const ude_layout *layout, int64_t i, const char *fallback,
                              char *buffer, size_t size);
/** Index of the scalar with that name, or -1. */
UDE_API int64_t ude_layout_find(const ude_layout *layout, const char *name, const char *fallback);
/** The member that holds scalar `i`; NULL for an unnamed layout. */
UDE_API const ude_member *ude_layout_member(const ude_layout *layout, int64_t i);
/** Any member is a float. */
UDE_API bool ude_layout_has_single(const ude_layout *layout);

/* ------------------------------------------------------------------------------------ maps -- */

/** y = f(u, p, t). y: double[rows]; u: double[columns]; p: double[param.count]. y, u, p do not
 *  alias; u and p are read only; all of y is written. */
typedef int (*ude_value_fn)(double *y, const double *u, const double *p, double t, void *context);

/** Value and `width` directional derivatives at once.
 *  y: double[rows]; y_dot: double[rows][width]; u_dot: double[columns][width];
 *  p_dot: double[param.count][width]; t_dot: double[width]. u_dot, p_dot, t_dot may be NULL: zero.
 */
typedef int (*ude_jvp_fn)(double *y, double *y_dot, const double *u, const double *u_dot,
                          const double *p, const double *p_dot, double t, const double *t_dot,
                          void *context);

/** Transposed product, **added** to the outputs: u_bar += (dy/du)^T y_bar, p_bar += (dy/dp)^T
 * y_bar, *t_bar += (dy/dt)^T y_bar. u_bar, p_bar, t_bar may be NULL: not wanted. y_bar is read
 * only. */
typedef int (*ude_vjp_fn)(const double *u, const double *p, double t, const double *y_bar,
                          double *u_bar, double *p_bar, double *t_bar, void *context);

/** Taylor coefficients of y(s) = f(u(s), p, t + s) in s, from those of u(s): y: double[rows][order + 1], u:
 *  double[columns][order + 1]; coefficient k is the k-th derivative over k!. 0 <= order <= UDE_MAX_ORDER. */
typedef int (*ude_jet_fn)(double *y, int64_t order, const double *u, const double *p, double t,
                          void *context);
enum { UDE_MAX_ORDER = 32 };
/** Hessian-vector products: with s = y_bar . f(u, p, t), the derivatives of ds/du, ds/dp, ds/dt along `width`
 * directions, **added** to the outputs. u_dot: double[columns][width], p_dot: double[param.count][width], t_dot:
 * double[width]; NULL: zero. u_bar_dot, p_bar_dot, t_bar_dot have the same shapes; NULL: not wanted. y_bar:
 * double[rows], read only; NULL: all ones (the Hessian of a scalar map). */
typedef int (*ude_hvp_fn)(const double *u, const double *u_dot, const double *p,
                          const double *p_dot, double t, const double *t_dot, const double *y_bar,
                          double *u_bar_dot, double *p_bar_dot, double *t_bar_dot, void *context);

/** The functions of a map for `lanes` trajectories at once: every array x[i] is x[i][lanes] here, parameters as well, and t
 *  is double[lanes]; alignment to 64 bytes is faster, not needed. NULL as in the functions for one. A failure of any lane is
 *  a failure of the call. */
typedef int (*ude_value_lanes_fn)(double *y, const double *u, const double *p, const double *t,
                                  void *context);
typedef int (*ude_jvp_lanes_fn)(double *y, double *y_dot, const double *u, const double *u_dot,
                                const double *p, const double *p_dot, const double *t,
                                const double *t_dot, void *context);
typedef int (*ude_vjp_lanes_fn)(const double *u, const double *p, const double *t,
                                const double *y_bar, double *u_bar, double *p_bar, double *t_bar,
                                void *context);

/** A differentiable map. `value` NULL: the model does not define it. Derivatives are optional for
 *  callback models; what needs one that is absent says so (UDE_UNSUPPORTED). */
typedef struct ude_map {
  int64_t      rows, columns;
  ude_value_fn value;
  ude_jvp_fn   jvp;      /**< width 1 */
  ude_jvp_fn   jvp_wide; /**< width `width`, or NULL */
  int64_t      width;    /**< of jvp_wide and hvp_wide; 0 when both are NULL */
  ude_vjp_fn   vjp;
  void        *context;
  /** Where dy/du may be other than zero, whatever u, p and t are (<ude/sparsity.h>); borrowed. NULL: not known,
   *  anywhere. A compiled model leaves it NULL: see ude_model_sparsity. */
  const ude_pattern *pattern;
  ude_jet_fn         jet;      /**< may be NULL */
  ude_hvp_fn         hvp;      /**< width 1 */
  ude_hvp_fn         hvp_wide; /**< width `width`, or NULL */
  int64_t
      lanes; /**< trajectories of the functions below, 0 where there are none. Differences to the functions for
                         one come from vector mathematics (4 units in the last place) only. */
  ude_value_lanes_fn value_lanes;
  ude_jvp_lanes_fn   jvp_lanes;        /**< NULL where jvp is */
  ude_vjp_lanes_fn   vjp_lanes;        /**< NULL where vjp is */
  bool               lanes_in_vectors; /**< value_lanes does not work one lane after the other */
} ude_map;

/** A UDE_LEARNED function: rows outputs from columns inputs and the parameters (t is ignored). */
typedef struct ude_learned {
  const char *name;
  ude_map     map;
  const char *const
      *input_names; /**< [columns] names of the arguments as the source has them: "in[0]", "x" */
  const char *const
             *output_names; /**< [rows] "out[0]"; "return" for a returned value; NULL: "out[i]" */
  const char *param_name;   /**< name of the `const struct param *` argument; NULL: "p" */
} ude_learned;

/** Receives each call of a learned function while rhs runs once: which function, its inputs
 *  double[columns] and outputs double[rows]. */
typedef void (*ude_record_fn)(int64_t learned, const double *in, const double *out, void *sink);

/** Draw a sample, double[sample.count], from random numbers (which it uses up). */
typedef int (*ude_draw_fn)(double *sample, ude_rng *random, void *context);
/* ---------------------------------------------------------------------------------- events -- */

/** Where the solution jumps, is recorded or ends, and where the right-hand side jumps. Events are numbered: roots first, then
 *  the scheduled ones. All of it is optional.
 *
 *  A root event fires where its function changes sign (in the given direction) or reaches zero between the start of the solve
 *  (or the last event) and the end of the span, at the time that the dense output gives, to rounding. A function that is zero at
 *  the start does not fire by leaving zero; neither does one that a jump of the state takes across zero. Events
 *  of the same time to rounding happen in the order of their numbers. Where there is no `affect`, root events are recorded only and the steps go
 *  on as they would without; otherwise the step ends there and the method starts anew. */
typedef struct ude_events {
  int64_t count; /**< root functions */
  ude_map roots; /**< count x state.count */
  const int *
      direction; /**< [count] +1: from negative to positive in the direction of integration, -1: the other way,
                             0: both; NULL: all 0 */
  int64_t schedule_count;
  ude_map
      schedule; /**< schedule_count x 0 (u is NULL, t is 0): times from p, in any order; those outside of the span do not happen */
  /** state.count x (state.count + 1): the state after an event from the state before and, as last entry of u, the number of the event. */
  ude_map affect;
  const int *
      terminal; /**< [count + schedule_count] nonzero: the solve ends there (after affect). NULL: none */
  int64_t discontinuity_count;
  /** discontinuity_count x 0: times at which rhs jumps. Steps end just before (a few units in the last place) and begin
   *  just after, so that none sees both sides; scheduled events are such times, too. */
  ude_map discontinuities;
} ude_events;

/** States of a model up to which its specialised steps are straight code; at most; at most of an implicit method. */
enum { UDE_KERNEL_TINY = 8, UDE_KERNEL_MOST = 64, UDE_KERNEL_MOST_IMPLICIT = 32 };

/** Steps of a method specialised for the model that it comes with (ude_compile_options.specialise). Solvers use it where
 *  the field's rhs and mass are still those that it was made for. */
typedef struct ude_kernel {
  const char *method;
  int (*march)(void *march); /**< takes what src/solve/kernel.h describes */
  int64_t       states;
  const void   *context; /**< of the rhs that is in it */
  const double *mass;
} ude_kernel;

/* ---------------------------------------------------------------------------- vector field -- */

/** The model. Zero-initialise; only `state.count` and `rhs.value` are required, or `loss` and `draw` in their place. Borrowed by
 *  everything that takes it, and not modified. */
typedef struct ude_vector_field {
  const char *name; /**< for messages; may be NULL */
  ude_layout  state, param, observation;

  ude_map rhs; /**< state.count x state.count */
  /** A splitting rhs = rhs_explicit + rhs_implicit for implicit-explicit methods (kencarp4): the slow and the stiff part, each with its own
   *  derivatives; both or neither. All other methods use rhs. */
  ude_map rhs_explicit, rhs_implicit;
  ude_map initial;       /**< u(t0) from p: state.count x 0 (u is NULL) */
  ude_map observe;       /**< observation.count x state.count */
  ude_map terminal_cost; /**< 1 x state.count */
  ude_map running_cost;  /**< 1 x state.count */
  ude_map penalty;       /**< 1 x 0 (u is NULL, t is 0): added to a fit's loss */
  ude_map cost;          /**< 1 x state.count: what second derivatives are asked of */

  /** A loss over random samples, for ude_batch_fit: its terms of one sample, and how a sample is drawn. */
  ude_layout  sample, terms;
  ude_map     loss; /**< terms.count x sample.count; t is 0 */
  ude_draw_fn draw;
  void       *draw_context;

  int64_t            learned_count;
  const ude_learned *learned; /**< [learned_count] */
  /** Run rhs once at (u, p, t) and report every call of a learned function; NULL if none. */
  int (*probe)(const double *u, const double *p, double t, ude_record_fn record, void *sink,
               void *context);
  void *probe_context;
  /** Taylor coefficients of the solution through u: double[state.count] at t; y: double[state.count][order + 1]. May be
   *  NULL: ude_taylor then calls rhs.jet once for each order. */
  ude_jet_fn taylor;
  void      *taylor_context;

  /** [state.count] diagonal of the mass matrix M in M u' = rhs(u, p, t), NULL: ones. A zero makes its row the algebraic
   *  equation rhs_i = 0 (index 1: these rows must determine the states of the zeros). Needs an implicit method. */
  const double *mass;

  ude_events        events;
  int64_t           kernel_count;
  const ude_kernel *kernels; /**< [kernel_count] */

  const double *u0; /**< [state.count] default initial state or NULL */
  const double *p0; /**< [param.count] default parameters or NULL (zeros) */
  bool          has_tspan;
  double        tspan[2];
} ude_vector_field;

/** Check the table for consistency (required functions, row and column counts, layouts). */
UDE_API ude_status ude_vector_field_check(const ude_vector_field *field, ude_error *error);
/** The same for one that only has a loss to be trained: rhs may be missing, loss and draw may not. */
UDE_API ude_status ude_vector_field_check_loss(const ude_vector_field *field, ude_error *error);

/**
 * Dense Jacobian of a map at (u, p, t): with respect to u, or to p if `wrt_param` (param_count
 * columns). `reverse`: row by row from vjp, otherwise column by column from jvp (in blocks of
 * map->width where there is a jvp_wide).
 *
 * @param[out] jacobian  double[rows][columns], row-major
 * @return UDE_UNSUPPORTED if the map lacks the derivative, UDE_NUMERICAL if the callback fails,
 *         UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_jacobian(const ude_map *map, int64_t param_count, const double *u,
                                const double *p, double t, bool wrt_param, bool reverse,
                                double *jacobian, ude_error *error);

/**
 * The same Jacobian as a sparse matrix, from as many products as the colouring has colours (columns: jvp, in
 * blocks of map->width where there is a jvp_wide; rows: vjp).
 *
 * @param pattern    map->rows x columns; entries outside of it are not seen
 * @param colouring  of the pattern, of the kinds for columns, rows or both (<ude/sparsity.h>)
 * @param[out] values  double[entries of the pattern]
 * @return UDE_INVALID_ARGUMENT (another shape; a colouring that does not determine an entry), else as
 *         ude_jacobian
 */
UDE_API ude_status ude_jacobian_sparse(const ude_map *map, int64_t param_count, const double *u,
                                       const double *p, double t, bool wrt_param,
                                       const ude_pattern *pattern, const ude_colouring *colouring,
                                       double *values, ude_error *error);

/**
 * Taylor coefficients of the solution of u' = rhs(u, p, t) through (t, u): u(t + s) = sum over k of series[i][k] s^k.
 * The k-th derivative is k! times coefficient k. Source: the recurrences of Jorba & Zou, Exp. Math. 14 (2005).
 *
 * @param order       0 to UDE_MAX_ORDER
 * @param[out] series double[state.count][order + 1]
 * @return UDE_INVALID_ARGUMENT (order), UDE_UNSUPPORTED (the field has neither `taylor` nor rhs.jet), UDE_NUMERICAL if
 *         the callback fails, UDE_OUT_OF_MEMORY
 */
UDE_API ude_status ude_taylor(const ude_vector_field *field, int64_t order, const double *u,
                              const double *p, double t, double *series, ude_error *error);

#ifdef __cplusplus
}
#endif
#endif
