/* Steps by a kernel that is specialised for the model. */
#include <math.h>
#include <string.h>

#include "solve/integrator.h"
#include "solve/step_size.h"

const ude_kernel *ude_kernel_find(const ude_vector_field *field, const ude_method *method) {
  for (int64_t i = 0; i < field->kernel_count && method->lend; i++) {
    const ude_kernel *kernel = &field->kernels[i];
    if (strcmp(kernel->method, method->name) == 0 && kernel->states == field->state.count &&
        kernel->context == field->rhs.context && kernel->mass == field->mass) {
      return kernel;
    }
  }
  return NULL;
}

/* Accepted steps before the loop has something to do between two. */
static int64_t steps_at_once(const ude_integrator *in, const ude_output *output,
                             const ude_solve_result *result) {
  const int64_t between_clocks = 64;
  bool          watched        = in->watch.on && !in->method->implicit;
  if (in->trace || output->every_step || output->step || in->options.stop ||
      (watched && !in->mode)) {
    return 1;
  }
  if (watched) {
    return UDE_AUTO_PROBE_EVERY - result->steps % UDE_AUTO_PROBE_EVERY;
  }
  return in->options.time_limit > 0 ? between_clocks : INT64_MAX;
}

ude_marched ude_integrator_march(ude_integrator *in, ude_step *step, ude_controller *controller,
                                 double *h, double t1, const ude_output *output,
                                 ude_solve_result *result) {
  if (!in->kernel) {
    return UDE_MARCHED_NOT;
  }
  bool      implicit = in->method->implicit;
  ude_march m        = {.t          = step->t,
                        .h          = *h,
                        .controller = *controller,
                        .tried      = controller->rejected ? fabs(step->h) : (double)INFINITY,
                        .t1         = t1,
                        .direction  = t1 >= step->t ? 1 : -1,
                        .min_step   = in->options.min_step,
                        .max_step   = in->options.max_step,
                        .until      = output->next < output->count ? output->times[output->next] : t1,
                        .attempts   = in->options.max_steps - result->steps - result->rejected - 1,
                        .accepts    = steps_at_once(in, output, result),
                        .rtol       = in->options.rtol,
                        .atol       = in->atol,
                        .p          = step->p,
                        .watched    = in->watch.on,
                        .radius     = in->watch.radius,
                        .stability  = implicit && in->other ? in->other->stability : in->method->stability,
                        .stiff_steps = implicit ? in->watch.calm_steps : in->watch.stiff_steps,
                        .patience    = ude_auto_calm_patience(in->watch.returns),
                        .u           = in->u,
                        .u_new       = in->u_new,
                        .error       = in->error};
  in->method->lend(in->work, &m);
  int ended = in->kernel->march(&m);
  in->method->take_back(in->work, &m, ended);
  *(implicit ? &in->watch.calm_steps : &in->watch.stiff_steps) = m.stiff_steps;
  if (m.steps + m.rejected == 0) {
    return UDE_MARCHED_NOT;
  }
  *controller = m.controller;
  *h          = m.h;
  step->t     = m.t;
  step->u     = in->u;
  step->u_new = in->u_new;
  step->error = in->error;
  result->steps += m.steps - (ended == UDE_MARCH_ACCEPTED);
  result->rejected += m.rejected;
  result->rhs_calls += m.rhs_calls;
  result->jacobians += m.jacobians;
  result->factorisations += m.factorisations;
  result->linear_solves += m.solves;
  result->h = step->h    = m.direction * m.tried;
  result->error_estimate = m.norm;
  result->component      = -1;
  if (ended != UDE_MARCH_ACCEPTED) {
    return UDE_MARCHED_ON;
  }
  step->h         = m.step;
  step->t_next    = m.t_next;
  step->last      = m.t_next == t1;
  step->tag       = 0;
  step->component = -1;
  return UDE_MARCHED_TO_ACCEPT;
}
