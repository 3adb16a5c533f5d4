/**
 * @file method.h
 * @brief The contract between methods and the integration loop: what a method is, once for all families.
 *
 * For the rooms solve and sensitivity. A method is a `ude_method`: names and orders, and functions over a workspace of its
 * own. Loop, controller, dense output, events, recording and adjoints stand once (integrate.c, sensitivity/) and know
 * nothing of stages, Jacobians, iterations, histories. The life of a workspace in a solve:
 *
 *     open
 *     start                       at t0, and again wherever the state or the model jumps (events): history is forgotten
 *     attempt                     from (t, u) of size h: writes u_new and error
 *       reject                    error too large, or `attempt` failed: the next attempt starts at the same (t, u)
 *       finish                    error is small enough: what the step still needs before it counts (may fail: reject)
 *         dense ...               any number of times, any theta in (0, 1)
 *         accept                  the next attempt starts at (t_next, u_new); the loop has swapped u and u_new
 *     close
 *
 * For derivatives a second workspace of the same method sees single steps in any order:
 *
 *     open, reserve
 *     replay                      the step again from (t, h, u, p, tag) alone
 *       dense ...
 *       tangent, tangent_dense ...
 *       transpose_begin, transpose_dense ..., transpose
 *     close
 *
 * `replay` must not depend on what the workspace has seen before: start values of iterations, kept Jacobians, a history of
 * steps do not enter (iterations converge to rounding); what the forward step chose and a replay has to know goes into
 * `tag`. tangent and transpose differentiate what `replay` computes; `transpose` is the exact transpose of `tangent`.
 *
 * To add a method: its coefficients in a file, its functions in the file of its family, a line in methods.c, and its name
 * in the lists of the tests (tests/solve/every_method.h), which check orders, dense output, derivatives and failing calls.
 *
 * Families:
 *   explicit Runge-Kutta   erk.h: one set of functions for all, a tableau in `data`.
 *   implicit one-step      J, factors, Newton iterations in the workspace. An iteration that does not converge or a matrix that
 *                          is singular: UDE_STEP_NOT_SOLVED with `shrink`. `mass` of the field is read by the method.
 *   stabilised             number of stages from the spectral radius, which the workspace keeps; the number goes into `tag`.
 *   multistep              history in the workspace, forgotten by `start`; `replay` NULL: no discrete adjoint.
 *   stochastic             increments of the Brownian path in step->noise; the loop (and a replay) draw them for (t, h).
 *   foreign (CVODE)        `integrate` in place of the loop. */
#ifndef UDE_SOLVE_METHOD_H
#define UDE_SOLVE_METHOD_H

#include <limits.h>

#include <ude/solve.h>

/* ------------------------------------------------------------------------------------ step -- */

/** What attempt, finish, dense and replay return: 0, or the code of the callback that failed (< 0 fatal, the solve ends;
 *  > 0 declined: retry with h/5), or one of these (> 0). */
enum {
  UDE_STEP_NOT_SOLVED = INT_MAX, /**< the equations of the stages: retry with h * shrink */
  UDE_STEP_NOT_FINITE =
      INT_MAX - 1 /**< a value is not finite: retry with h/5; step->component may name it */
};

/** The step under way. The loop (or the replay) fills the upper part. Arrays do not overlap. */
typedef struct ude_step {
  double t, h; /**< start, signed size */
  double
      t_next; /**< its end: that of the span or of a stop exactly where it lands on one, else t + h */
  const double *u;     /**< [n] state at t */
  const double *p;     /**< [np] */
  double       *u_new; /**< [n] written: state at t_next */
  double
      *error; /**< [n] written: local error estimate. A replay passes NULL where it is not wanted */
  const double
      *noise; /**< stochastic: increments over the step, as the family defines; else NULL */
  bool last;  /**< nothing follows: what only the next step needs may be left out */
  bool
      tangents; /**< replay: `tangent` follows and writes u_new and error, too; replay may leave them to it */
  ude_solve_result *stats; /**< not NULL; the method adds to rhs_calls and the other counters */

  int32_t
      tag; /**< written by attempt, recorded, read by replay: what the step chose (stages, order); else 0 */

  /* Written by attempt where the method has something to say; preset as stated. */
  double
      norm; /**< preset -1. >= 0: the error in units of the tolerance in place of ude_error_norm(error) */
  double shrink; /**< preset 1/4; with UDE_STEP_NOT_SOLVED: factor of the next size, < 1 */
  double
      next; /**< preset 0. > 0: size to try next in place of the controller's, after acceptance */
  int64_t component; /**< preset -1; with UDE_STEP_NOT_FINITE: the component to blame */
} ude_step;

/** What a workspace is opened for. Borrowed while it is open. */
typedef struct ude_method_setting {
  const ude_vector_field  *field;
  const ude_solve_options *options; /**< resolved: rtol > 0 */
  const double            *atol;    /**< [n], > 0 */
} ude_method_setting;

/* ----------------------------------------------------------------------------- derivatives -- */

/** Directions through a step, `width` at once; NULL is zero. */
typedef struct ude_tangent {
  int64_t       width;         /**< that of `reserve`: 1 (rhs.jvp) or rhs.width (rhs.jvp_wide) */
  const double *u_dot;         /**< [n][width] */
  const double *p_dot;         /**< [np][width] or NULL */
  const double *t_dot, *h_dot; /**< [width] of start and size of the step, or NULL */
  double       *u_new_dot;     /**< [n][width] written; may be u_dot */
  double       *error_dot;     /**< [n][width] written, or NULL: not wanted */
  double *
      norm_dot; /**< [width] written, of step->norm, where a replay writes that; or NULL. With error_dot only,
                                  and u_new_dot is not u_dot then */
  double *stiffness_dot; /**< [width] written: of method->stiffness; or NULL */
} ude_tangent;

/** Cotangents of a step's results and, as functions of them, of its arguments. */
typedef struct ude_cotangent {
  const double *u_new_bar;     /**< [n] */
  const double *error_bar;     /**< [n] or NULL: zero */
  double        norm_bar;      /**< of step->norm, where a replay writes that; 0: none */
  double        stiffness_bar; /**< 0: none */
  double       *u_bar;         /**< [n] written; may be u_new_bar */
  double       *p_bar;         /**< [np] added to, or NULL: not wanted */
  double       *t_bar, *h_bar; /**< added to, or NULL: not wanted */
} ude_cotangent;

/* ---------------------------------------------------------------------------------- method -- */

struct ude_output;

typedef struct ude_method ude_method;

struct ude_method {
  const char *name;
  double
      stability; /**< extent of the stability region on the negative real axis; INFINITY: all of it */
  double
      hold; /**< the step size is kept while the controller asks for a factor in [1, hold]; 0: never.
                                   For methods whose factorisation depends on h */
  int order;       /**< of the propagated solution */
  int error_order; /**< order of the estimate + 1 = exponent of the controller: error ~ h^error_order; 0: fixed steps */
  int  dense_order; /**< of the dense output, uniform in the step */
  bool implicit;    /**< solves equations with the Jacobian; for messages and `auto` */
  bool takes_mass;  /**< understands field->mass */
  bool
      time_tangents; /**< tangent and transpose know t, h and theta (else they are refused where needed) */
  const void *data; /**< of the family: tableau, ... */

  /** Workspace for this field. UDE_UNSUPPORTED with the reason if the method does not suit it. */
  ude_status (*open)(const ude_method *method, const ude_method_setting *setting, void **work,
                     ude_error *error);
  void (*close)(void *work); /**< NULL is allowed as work */

  /** Begin at (step->t, step->u); f: [n] derivative there, copied if it is of use. Returns a callback's code. */
  int (*start)(void *work, const ude_step *step, const double *f);
  int (*attempt)(void *work, ude_step *step);
  int (*finish)(void *work, ude_step *step); /**< NULL: nothing to do */
  void (*accept)(void *work, const ude_step *step);
  void (*reject)(void *work, const ude_step *step); /**< NULL: nothing to do */
  /** State at t + theta h, 0 < theta < 1, of the step just tried or replayed: out: [n]. Not u, u_new. */
  int (*dense)(void *work, ude_step *step, double theta, double *out);
  /** Modulus of the dominant eigenvalue of df/du (1/time) as the step tried, finished or replayed shows it; NAN: not known.
   *  NULL: no estimate. May evaluate no callback, except of a replayed step after `estimates`: then it depends on the step alone. */
  double (*stiffness)(void *work, const ude_step *step);

  /* Derivatives; replay NULL: none. After a nonzero code the workspace may be used for the next replay. */

  /** Storage for tangents of this width (> 0), or for transposes (0). May be called again and for several widths. */
  ude_status (*reserve)(void *work, int64_t width, ude_error *error);
  int (*replay)(void     *work,
                ude_step *step); /**< writes u_new and, where it is not NULL, error (and norm) */
  /** Room for derivatives of the error estimate and of the stiffness estimate; UDE_UNSUPPORTED with the reason where they have none.
   *  Before them, after `reserve`. */
  ude_status (*estimates)(void *work, bool error_estimate, bool stiffness_estimate,
                          ude_error *error);
  int (*tangent)(void *work, ude_step *step, const ude_tangent *tangent);
  /** Tangent of dense at theta, after tangent (same `tangent`): out_dot: [n][width]. theta_dot: [width] or NULL. */
  int (*tangent_dense)(void *work, ude_step *step, const ude_tangent *tangent, double theta,
                       const double *theta_dot, double *out_dot);
  void (*transpose_begin)(void *work, bool times); /**< times: h_bar will be asked for */
  /** out_bar: [n] cotangent of dense at theta. theta_bar: added to, or NULL. */
  int (*transpose_dense)(void *work, ude_step *step, double theta, const double *out_bar,
                         double *theta_bar);
  int (*transpose)(void *work, ude_step *step, const ude_cotangent *cotangent);

  /** Not NULL: the whole integration in place of the loop, with the meaning of ude_integrate (integrator.h). u_end: [n] the state
   *  reached. */
  ude_status (*integrate)(void *work, const double *u0, const double *p, double t0, double t1,
                          double *u_end, struct ude_output *output, ude_solve_result *result,
                          ude_error *error);
};

/** NULL for an unknown name. NULL and "auto" resolve by tolerance. */
const ude_method *ude_method_find(const char *name, double rtol);
/** In the order of ude_method_name; NULL past the end. */
const ude_method *ude_method_at(int index);

/** Position of `time` in the step from t to t_next of size h: exactly 1 at the step's end, so that the end
 *  state is used as it is and no stages of the dense output are needed. */
static inline double ude_step_theta(double t, double t_next, double h, double time) {
  if (time == t_next) {
    return 1;
  }
  double theta = (time - t) / h;
  return theta < 0 ? 0 : theta > 1 ? 1 : theta;
}

/* --------------------------------------------------------------------------------- trace -- */

enum { UDE_TRACE_METHODS = 4 };

/** An event of a solve. Those with the same `step` are of one time, in the order in which they happened. */
typedef struct ude_trace_event {
  int64_t step;  /**< the step that it ends; -1: it stands before the first */
  int64_t event; /**< numbered as in solve/events.h */
  double  theta; /**< place in that step; 1: its end */
  double  t;     /**< time of the event */
} ude_trace_event;

/** A step whose size was chosen so that it ends at a stop. */
typedef struct ude_trace_aim {
  int64_t step;
  int64_t event; /**< scheduled event or discontinuity; -1: the end of the span */
} ude_trace_aim;

/** The accepted steps of a solve, for adjoints and tangents that hold the steps fixed:
 *  step i goes from t[i] to t[i] + h[i] = end[i]; the next one begins there, or at the event that ends it; u[i] is
 *  the state at its start where stored. */
typedef struct ude_trace {
  const ude_method *methods[UDE_TRACE_METHODS]; /**< those that took steps */
  int               method_count;
  int64_t           n;        /**< state dimension */
  int64_t           steps;    /**< accepted steps */
  int64_t           capacity; /**< of t, h, tag, which */
  double           *t, *h;    /**< [steps] */
  double           *end;      /**< [steps] t_next as the step was taken */
  int32_t          *tag;      /**< [steps] */
  uint8_t          *which;    /**< [steps] index into methods */
  int64_t
      stride; /**< every stride-th state is stored: u of step i at u[(i/stride)*n] if i%stride==0 */
  int64_t
      max_states; /**< bound on stored states; when full, stride doubles and every second is dropped. 0: none */
  int64_t states; /**< stored */
  int64_t state_capacity;
  double *u;  /**< [states][n] */
  double  t0; /**< start of the span */
  double
      t_end; /**< where the solution ends: exactly the end of the span if it was reached, or the terminal event */
  ude_trace_event
         *event; /**< [events] those that the state or the steps depend on, ascending `step` */
  int64_t events, event_capacity;
  ude_trace_aim *aim; /**< [aims] ascending `step` */
  int64_t        aims, aim_capacity;
} ude_trace;

/** Where the solution goes on after step i: the start of the next one, or t_end. */
static inline double ude_trace_step_end(const ude_trace *trace, int64_t i) {
  return i + 1 < trace->steps ? trace->t[i + 1] : trace->t_end;
}

/** Step i for a replay: t, h, t_next, tag and presets; u, p, u_new, stats are the caller's to set. */
ude_step ude_trace_step(const ude_trace *trace, int64_t i);

/** Record into `trace` (zero-initialised or reused; grows) while the integrator runs; NULL stops recording. Borrowed. */
void ude_integrator_set_trace(ude_integrator *integrator, ude_trace *trace);
/** The method that the integrator begins with. */
const ude_method *ude_integrator_method(const ude_integrator *integrator);
/** What workspaces of that integrator are opened with; lives as long as the integrator. */
const ude_method_setting *ude_integrator_setting(const ude_integrator *integrator);
void                      ude_trace_free(ude_trace *trace);

#endif
