/**
 * @file continuous.h
 * @brief Continuous adjoints: M mu' = - f_u^T mu solved backwards along the solution, with cotangents of data times as jumps.
 *
 * With the cotangent a = M mu of the state, dl/dp = int f_p^T mu dt, dl/du0 = M mu(t0). They differ in where u(t) comes from and how
 * the integral is taken:
 *
 *     backsolve       u is solved backwards beside mu, set right at data times; the integral is one more block of states
 *     interpolating   u from the forward solve's dense output, between checkpoints solved again where memory is short; likewise
 *     gauss           the same u; the integral by Gauss-Legendre points in each step of mu
 *     quadrature      mu is kept, too, and the integral taken afterwards by adaptive Gauss-Kronrod quadrature
 */
#ifndef UDE_SENSITIVITY_CONTINUOUS_H
#define UDE_SENSITIVITY_CONTINUOUS_H

#include "sensitivity/engine.h"
#include "sensitivity/path.h"

/** The state of the backward problem: [u] mu [q]; u where it is solved along, q where the integral is. */
typedef struct ude_adjoint_problem {
  const ude_vector_field *inner;
  ude_vector_field        field;
  ude_path               *path; /**< u(t); NULL: in the state */
  bool                    with_u, with_q;
  bool        exact; /**< products include the change of J along u and t (Rosenbrock methods) */
  int64_t     n, np, total;
  double     *u, *slope, *work, *bar; /**< [n] */
  double     *mass;                   /**< [total] or NULL */
  ude_pattern pattern;
} ude_adjoint_problem;

ude_status ude_adjoint_problem_open(ude_adjoint_problem *s, const ude_vector_field *inner,
                                    ude_path *path, bool with_u, bool with_q, bool exact,
                                    ude_error *error);
void       ude_adjoint_problem_close(ude_adjoint_problem *s);
/** f_p^T mu at time t into out (added); u from the path. Returns the callback's code. */
int ude_adjoint_integrand(ude_adjoint_problem *s, double t, const double *mu, const double *p,
                          double *out);

/** What the backward solve of a method needs and gives. */
typedef struct ude_continuous {
  ude_sensitivity_method method;
  ude_path               path;    /**< u between two checkpoints */
  ude_path               mu_path; /**< of quadrature */
  ude_adjoint_problem    problem;
  ude_integrator        *integrator;       /**< of the backward problem */
  double                *atol, *y, *y_end; /**< [total] */
  double                *mu, *q, *part;    /**< [n], [np], [np] */
  double                *kronrod;          /**< [2 np] */
  int64_t                stored, stride, seen, checkpoint_capacity;
  double                *checkpoint_t, *checkpoint_u; /**< [stored], [stored][n] */
  bool                   whole;                       /**< the path holds all steps */
  size_t                 budget;                      /**< bytes of the path */
  bool                   integrator_is_explicit;
  ude_error             *error;
  const double          *p;
  int                    points; /**< Gauss-Legendre points a step */
  bool                   gauss_failed;
} ude_continuous;

void ude_continuous_free(ude_continuous *continuous);

/** Solve forwards keeping what the backward solve will need; results as ude_engine_solve. */
ude_status ude_continuous_solve(ude_sensitivity *s, ude_engine *engine, const double *u0,
                                const double *p, double t0, double t1, const double *times,
                                int64_t count, ude_solve_result *result, ude_error *error);

/** Cotangent of the cost at data time j, into w: double[n], overwritten; its direct part to p_bar. */
typedef ude_status (*ude_jump_fn)(int64_t j, double *w, void *context);

/** Backwards: lambda is the cotangent of the end state and becomes that of the start (of the recorded one); adds to p_bar (may be NULL). */
ude_status ude_continuous_adjoint(ude_sensitivity *s, ude_engine *engine, const double *p,
                                  double t0, double t1, const double *times, int64_t count,
                                  ude_jump_fn jump, void *context, double *lambda, double *p_bar,
                                  ude_error *error);

/** The integral over the kept mu (quadrature); the part of one step (gauss; an ude_step_fn whose context is ude_continuous). */
int ude_continuous_quadrature(ude_continuous *c, double rtol);
int ude_continuous_gauss(const ude_output_step *step, void *context);

#endif
