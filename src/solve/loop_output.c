/* What a solve saves. */
#include <string.h>

#include "solve/loop.h"

bool ude_loop_end(ude_loop *s, ude_retcode retcode) {
  s->result->retcode = retcode;
  return false;
}

bool ude_loop_emit(ude_loop *s, double t, const double *u) {
  int code = s->output->save(s->output->next, t, u, s->output->context);
  if (code) {
    s->out_of_memory = code < 0;
    return code < 0 ? false : ude_loop_end(s, UDE_RETCODE_STOPPED);
  }
  s->output->next++;
  return true;
}

static int state_at(void *source, double time, double *out) {
  ude_loop *s     = source;
  double    theta = ude_step_theta(s->step.t, s->step.t_next, s->step.h, time);
  if (theta <= 0 || theta >= 1) {
    memcpy(out, theta <= 0 ? s->in->u : s->in->u_new, (size_t)s->in->n * sizeof *out);
    return 0;
  }
  return s->in->method->dense(s->in->work, &s->step, theta, out);
}

bool ude_loop_hand_over(ude_loop *s) {
  ude_output_step now  = {s->step.t, s->step.t_next, s->in->u, s->in->u_new, state_at, s};
  int             code = s->output->step ? s->output->step(&now, s->output->step_context) : 0;
  s->out_of_memory     = s->out_of_memory || code < 0;
  return code == 0 || (code > 0 && ude_loop_end(s, UDE_RETCODE_RHS_FAILED));
}

bool ude_loop_emit_before(ude_loop *s, double time) {
  ude_integrator *in  = s->in;
  ude_output     *out = s->output;
  while (out->next < out->count && s->direction * (out->times[out->next] - time) < 0) {
    double        at    = out->times[out->next];
    double        theta = ude_step_theta(s->step.t, s->step.t_next, s->step.h, at);
    const double *u     = theta >= 1 ? in->u_new : in->output;
    if (theta < 1 && in->method->dense(in->work, &s->step, theta, in->output)) {
      return ude_loop_end(s, UDE_RETCODE_RHS_FAILED);
    }
    s->result->component = u == in->u_new ? -1 : ude_first_not_finite(in->n, u);
    if (s->result->component >= 0) {
      return ude_loop_end(s, UDE_RETCODE_UNSTABLE);
    }
    if (!ude_loop_emit(s, at, u)) {
      return false;
    }
  }
  return true;
}

bool ude_loop_emit_at(ude_loop *s, double time, const double *u) {
  ude_output *out = s->output;
  if (out->every_step) {
    return ude_loop_emit(s, time, u);
  }
  while (out->next < out->count && out->times[out->next] == time) {
    if (!ude_loop_emit(s, time, u)) {
      return false;
    }
  }
  return true;
}
