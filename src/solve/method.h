/**
 * @file method.h
 * @brief What a one-step method is: coefficients, a step kernel, its tangent and its transpose.
 *
 * For the rooms solve and sensitivity. The integration loop, controller, dense output, events and the
 * recording for adjoints stand once for all methods; a method is an entry in the table of methods.c.
 */
#ifndef UDE_SOLVE_METHOD_H
#define UDE_SOLVE_METHOD_H

#include <ude/solve.h>

/** Explicit Runge-Kutta pair with continuous extension, coefficients as data.
 *
 *  k_i = f(t + c_i h, u + h sum_{j<i} a_ij k_j);  u1 = u + h sum b_i k_i;
 *  e = h sum btilde_i k_i;  u(t + theta h) = u + h sum_i b_i(theta) k_i with
 *  b_i(theta) = sum_m r[i][m] theta^(m+1).
 *  Dense output may need further stages (Vern7: 6 more), computed only when asked for. */
typedef struct ude_erk_tableau {
  const char   *name;
  int           order;          /**< of the propagated solution */
  int           embedded_order; /**< of the error estimate's companion */
  int           dense_order;
  int           stages;       /**< stages of the step */
  int           dense_stages; /**< stages incl. those of the dense output, >= stages */
  int           dense_degree; /**< columns of r */
  bool          fsal;         /**< k_stages(t) = k_1(t+h): the last stage is the derivative at u1 */
  bool          dense_end;    /**< the first stage of the dense output is the derivative at u1 */
  const double *a;            /**< [dense_stages][dense_stages], strictly lower, row-major */
  const double *b;            /**< [stages] */
  const double *btilde;       /**< [stages], b - bhat */
  const double *c;            /**< [dense_stages] */
  const double *r;            /**< [dense_stages][dense_degree] */
} ude_erk_tableau;

/** Row i of a. */
static inline const double *ude_erk_row(const ude_erk_tableau *tableau, int i) {
  return tableau->a + (ptrdiff_t)i * tableau->dense_stages;
}

/** NULL for an unknown name. "auto" resolves by tolerance. */
const ude_erk_tableau *ude_erk_find(const char *name, double rtol);

/** b_i(theta): weights double[dense_stages]; returns the number of stages that are needed (stages
 *  or dense_stages). At theta = 1 the weights are b exactly, at 0 zero. */
int ude_erk_dense_weights(const ude_erk_tableau *tableau, double theta, double *weights);

/* ------------------------------------------------------------------------------- kernels -- */

/** Stages first..last-1 of a step from (t, u) of size h. k: double[dense_stages][n]; stages below `first`
 *  are already there. work: double[n]. Returns the callback's code. */
int ude_erk_stages(const ude_erk_tableau *tableau, const ude_vector_field *field, double t,
                   double h, const double *u, const double *p, int first, int last, double *k,
                   double *work);

/** out = u + h sum_i weights_i k_i over `count` stages; stages of weight 0 are not read. u NULL: zero. out may be u,
 *  and apart from that overlaps nothing. */
void ude_erk_combine(int64_t n, const double *u, double h, const double *weights, int count,
                     const double *k, double *out);

/** Tangent of ude_erk_stages with `width` directions at fixed t, h:
 *  u_dot: double[n][width]; p_dot: double[np][width] or NULL; k_dot: double[dense_stages][n][width];
 *  width is 1 (uses rhs.jvp) or rhs.width (uses rhs.jvp_wide). work: double[n*(1 + width)].
 *  Also (re)computes k. */
int ude_erk_stages_tangent(const ude_erk_tableau *tableau, const ude_vector_field *field, double t,
                           double h, const double *u, const double *u_dot, const double *p,
                           const double *p_dot, int64_t width, int first, int last, double *k,
                           double *k_dot, double *work);

/** Transpose of ude_erk_stages at fixed t, h: given the cotangents k_bar: double[last][n] of the
 *  stages (destroyed), adds to u_bar: double[n] and p_bar: double[np] (may be NULL).
 *  k: double[>=last][n] the stages of the forward step. work: double[2n]. */
int ude_erk_stages_transpose(const ude_erk_tableau *tableau, const ude_vector_field *field,
                             double t, double h, const double *u, const double *p, int last,
                             const double *k, double *k_bar, double *u_bar, double *p_bar,
                             double *work);

/* --------------------------------------------------------------------------------- trace -- */

/** The accepted steps of a solve, for adjoints and tangents that hold the steps fixed:
 *  step i goes from t[i] to t[i] + h[i] = t[i+1]; u[i] is the state at its start where stored. */
typedef struct ude_trace {
  const ude_erk_tableau *tableau;
  int64_t                n;        /**< state dimension */
  int64_t                steps;    /**< accepted steps */
  int64_t                capacity; /**< of t, h */
  double                *t, *h;    /**< [steps] */
  int64_t
      stride; /**< every stride-th state is stored: u of step i at u[(i/stride)*n] if i%stride==0 */
  int64_t
      max_states; /**< bound on stored states; when full, stride doubles and every second is dropped. 0: none */
  int64_t states; /**< stored */
  int64_t state_capacity;
  double *u;     /**< [states][n] */
  double  t_end; /**< end of the last step, exactly the end of the span if it was reached */
} ude_trace;

/** End of step i: the start of the next one, or t_end. */
static inline double ude_trace_step_end(const ude_trace *trace, int64_t i) {
  return i + 1 < trace->steps ? trace->t[i + 1] : trace->t_end;
}

/** Position of `time` in the step from t to t_next of size h: exactly 1 at the step's end, so that the end
 *  state is used as it is and no stages of the dense output are needed. */
static inline double ude_step_theta(double t, double t_next, double h, double time) {
  if (time == t_next) {
    return 1;
  }
  double theta = (time - t) / h;
  return theta < 0 ? 0 : theta > 1 ? 1 : theta;
}

/** Record into `trace` (zero-initialised or reused; grows) while the integrator runs; NULL stops recording. Borrowed. */
void ude_integrator_set_trace(ude_integrator *integrator, ude_trace *trace);
/** The tableau that the integrator uses. */
const ude_erk_tableau *ude_integrator_tableau(const ude_integrator *integrator);
void                   ude_trace_free(ude_trace *trace);

#endif
