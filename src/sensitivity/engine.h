/**
 * @file engine.h
 * @brief Workspace of the discrete adjoint and the forward sensitivities of one vector field.
 */
#ifndef UDE_SENSITIVITY_ENGINE_H
#define UDE_SENSITIVITY_ENGINE_H

#include <ude/sensitivity.h>

#include "sensitivity/moving.h"
#include "solve/consistent.h"
#include "solve/method.h"

typedef struct ude_estimates  ude_estimates;
typedef struct ude_continuous ude_continuous;

/** A field with its integrator, trace and work arrays; one for the field, one for the field with the running cost. */
typedef struct ude_engine {
  const ude_vector_field *field;
  ude_integrator         *integrator;
  ude_trace               trace;
  void                   *work
      [UDE_TRACE_METHODS]; /**< of the trace's methods, for single steps; opened when first needed */
  const ude_method *opened[UDE_TRACE_METHODS];
  ude_solve_result  stats; /**< of the replays */
  int64_t           n, np, width;
  double           *u, *u_end, *u_new; /**< [n] */
  double           *lambda, *w;        /**< [n] cotangent of the state; of one data time */
  double           *u_dot;             /**< [n][width]; made when first needed */
  double           *at_dot, *end_dot;  /**< [n][width] */
  double           *seed_u, *seed_p;   /**< [n][width], [np][width] */
  double           *segment; /**< [segment_capacity][n] states recomputed between stored ones */
  int64_t           segment_capacity;
  bool      no_memory; /**< why ude_engine_state gave NULL: no memory, else a failing callback */
  int64_t   segment_first, segment_count; /**< steps that it holds now; first < 0: none */
  ude_stiff algebra;                      /**< of the start, made when first needed */
  bool      has_algebra;
  ude_sensitivity_method method;     /**< of the gradient under way, not auto */
  struct ude_continuous *continuous; /**< of the last continuous adjoint */
  struct ude_estimates  *estimates;  /**< made when first needed */
  bool                   estimating; /**< the cost has terms of the solver's estimates */
  double     *estimate_gradient;     /**< [directions] where tangents put those terms' part */
  double     *u_at, *values;         /**< [count][n], [count] */
  int64_t     at_capacity;
  ude_moving *moving; /**< made when a recorded solve first has events, or times are asked for */
  bool        moves;  /**< this recorded solve needs it */
  ude_method_setting timed; /**< of workspaces for methods that do not know times */
  bool               opened_timed[UDE_TRACE_METHODS];
} ude_engine;

struct ude_sensitivity {
  const ude_vector_field *field;
  ude_sensitivity_options options;
  ude_engine              plain;
  ude_engine *with_cost; /**< field and running cost as one more state; made when first asked for */
  struct ude_augmented  *augmented;
  ude_sensitivity_method used;
  char                   picked[192];
};

/** engine->method for a gradient, by the options or by what `auto` finds; says why in s->picked. */
void ude_sensitivity_choose(ude_sensitivity *s, ude_engine *engine, bool wants_u0, bool wants_p);

ude_status ude_engine_open(ude_engine *engine, const ude_vector_field *field,
                           const ude_sensitivity_options *options, ude_error *error);
void       ude_engine_close(ude_engine *engine);
/** Room for `count` data times. */
ude_status ude_engine_reserve(ude_engine *engine, int64_t count, ude_error *error);

/** Solve with recording; states at `times` go to engine->u_at, the end to engine->u_end. */
ude_status ude_engine_solve(ude_engine *engine, const double *u0, const double *p, double t0,
                            double t1, const double *times, int64_t count, ude_solve_result *result,
                            ude_error *error);

/** State at the start of step i of the recorded solve (recomputed where it was not stored); NULL if the
 *  right-hand side fails or there is no memory. */
const double *ude_engine_state(ude_engine *engine, const double *p, int64_t i);

/** After a solve: derivatives (forward: tangents) go through events, or (`times`) by the start and the end of the span.
 *  Nothing to do without either. */
ude_status ude_engine_move(ude_engine *engine, const double *p, bool times, bool forward,
                           ude_error *error);
/** The error of ude_moving_cross_tangent and ude_moving_cross_transpose. */
ude_status ude_engine_cross_failed(const ude_engine *engine, int code, int64_t event, double t,
                                   ude_error *error);

/** Workspaces for the methods of the recorded solve, with room for tangents of `width` (> 0), for transposes (0), or for replays alone
 *  (-1). */
ude_status ude_engine_prepare(ude_engine *engine, int64_t width, ude_error *error);
/** Step i for the kernels of its method, whose workspace is *work. u_new is engine->u_new. */
const ude_method *ude_engine_step(ude_engine *engine, int64_t i, const double *u, const double *p,
                                  ude_step *step, void **work);

/** The recorded start follows from the given one by the algebraic equations, where the mass has zeros: overwrites the tangents u_dot:
 *  double[n][width] of the given start with those of the recorded one; and the transpose, lambda: double[n], which adds to p_bar (may be
 *  NULL). Nothing to do for differential equations. */
ude_status ude_engine_initial_tangent(ude_engine *engine, const double *p, const double *p_dot,
                                      double *u_dot, ude_error *error);
ude_status ude_engine_initial_transpose(ude_engine *engine, const double *p, double *lambda,
                                        double *p_bar, ude_error *error);

/** From the cotangent w of a state at (t, u) to that of its differential part, adding to p_bar what goes through the algebraic equations
 *  (NULL: not wanted); nothing to do without algebra. */
ude_status ude_engine_algebra_transpose(ude_engine *engine, double t, const double *u,
                                        const double *p, double *w, double *p_bar,
                                        ude_error *error);

/** Sensitivity equations beside the states: solves, puts the states into engine->u_at and engine->u_end and their derivatives with respect
 *  to the first `states` initial values and the first `params` parameters into u_dot: double[count + 1][states + params][n], the end
 *  last. */
ude_status ude_engine_continuous_forward(ude_engine *engine, const ude_solve_options *solve,
                                         const double *u0, const double *p, int64_t states,
                                         int64_t params, double t0, double t1, const double *times,
                                         int64_t count, double *u_dot, ude_solve_result *result,
                                         ude_error *error);

/** Receives the tangents u_dot: double[n][width] at data time `index` (or at the end, index = count) of
 *  directions first..first+width-1. */
typedef void (*ude_tangent_fn)(int64_t index, int64_t first, int64_t lanes, const double *u_dot,
                               void *context);
/** Replay the recorded steps with tangents, in blocks. u0_dot: double[n][directions], p_dot: double[np][directions], NULL: zero. */
ude_status ude_engine_tangents(ude_engine *engine, const double *u0_dot, const double *p,
                               const double *p_dot, int64_t directions, const double *times,
                               int64_t count, ude_tangent_fn visit, void *context,
                               ude_error *error);
/** The same with directions of the start and the end of the span: double[directions] or NULL, after ude_engine_move; engine->moving->t_dot is
 *  that of the time reached when the end is visited. */
ude_status ude_engine_moving_tangents(ude_engine *engine, const double *u0_dot, const double *p,
                                      const double *p_dot, const double *start_dot,
                                      const double *end_dot, int64_t directions,
                                      const double *times, int64_t count, ude_tangent_fn visit,
                                      void *context, ude_error *error);

/** field with du[n] = running_cost. */
typedef struct ude_augmented {
  ude_vector_field        field;
  const ude_vector_field *inner;
  ude_member             *members;
  double                 *atol, *mass;
  double                 *before, *after; /**< [n + 1] of affect */
} ude_augmented;

ude_status ude_augmented_create(const ude_vector_field *inner, const ude_solve_options *solve,
                                ude_augmented **augmented, ude_error *error);
/** Part of ude_augmented_create. */
ude_status ude_augmented_events(ude_augmented *augmented, ude_error *error);
void       ude_augmented_free(ude_augmented *augmented);

#endif
