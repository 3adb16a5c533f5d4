/* One step of an explicit Runge-Kutta pair, as the integration loop sees it. */
#include <math.h>
#include <string.h>

#include "solve/integrator.h"

/* Where the derivative at the end of the step is kept: the last stage (fsal), the first stage of the dense output
 * where that is it, or behind all stages. */
static int64_t end_row(const ude_erk_tableau *tableau) {
  return tableau->fsal        ? tableau->stages - 1
         : tableau->dense_end ? tableau->stages
                              : tableau->dense_stages;
}

const double *ude_step_end_derivative(const ude_integrator *integrator) {
  return integrator->k + end_row(integrator->tableau) * integrator->n;
}

int ude_step_try(ude_integrator *in, ude_step *step, int64_t *calls) {
  const ude_erk_tableau *tableau = in->tableau;
  int                    last    = tableau->fsal ? tableau->stages - 1 : tableau->stages;
  step->ready                    = tableau->stages;
  int code = ude_erk_stages(tableau, in->field, step->t, step->h, in->u, step->p, 1, last, in->k,
                            in->work);
  *calls += last - 1;
  if (code) {
    return code;
  }
  ude_erk_combine(in->n, in->u, step->h, tableau->b, last, in->k, in->u_new);
  if (tableau->fsal) {
    code = in->field->rhs.value(in->k + last * in->n, in->u_new, step->p, step->t_next,
                                in->field->rhs.context);
    ++*calls;
  }
  ude_erk_combine(in->n, NULL, step->h, tableau->btilde, tableau->stages, in->k, in->error);
  return code;
}

int ude_step_derivative(ude_integrator *in, ude_step *step, int64_t *calls) {
  const ude_erk_tableau *tableau = in->tableau;
  if (tableau->fsal) {
    return 0;
  }
  ++*calls;
  step->ready += tableau->dense_end ? 1 : 0;
  return in->field->rhs.value(in->k + end_row(tableau) * in->n, in->u_new, step->p, step->t_next,
                              in->field->rhs.context);
}

const double *ude_step_dense(ude_integrator *in, ude_step *step, double time, int64_t *calls) {
  double theta = ude_step_theta(step->t, step->t_next, step->h, time);
  if (theta >= 1) {
    return in->u_new;
  }
  int needed = ude_erk_dense_weights(in->tableau, theta, in->weights);
  if (needed > step->ready) {
    *calls += needed - step->ready;
    if (ude_erk_stages(in->tableau, in->field, step->t, step->h, in->u, step->p, step->ready,
                       needed, in->k, in->work)) {
      return NULL;
    }
    step->ready = needed;
  }
  ude_erk_combine(in->n, in->u, step->h, in->weights, needed, in->k, in->output);
  return in->output;
}

void ude_step_advance(ude_integrator *in) {
  double *old = in->u;
  in->u       = in->u_new;
  in->u_new   = old;
  memcpy(in->k, ude_step_end_derivative(in), (size_t)in->n * sizeof *in->k);
}
