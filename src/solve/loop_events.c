/* Steps that end at events. */
#include <math.h>
#include <string.h>

#include "solve/loop.h"

/* The end of the solve for what went wrong with events. */
static bool fail(ude_loop *s, ude_events_code code) {
  ude_event_watch *w = s->in->events;
  if (code == UDE_EVENTS_DENSE) {
    return ude_loop_end(s, UDE_RETCODE_RHS_FAILED);
  }
  bool of_state        = code == UDE_EVENTS_AFFECT;
  s->result->component = of_state ? w->culprit : -1;
  s->result->event     = of_state || code == UDE_EVENTS_ACCUMULATE
                             ? (w->fired_count > 0 ? w->fired[0] : -1)
                             : w->culprit;
  return ude_loop_end(
      s, code == UDE_EVENTS_ACCUMULATE ? UDE_RETCODE_ACCUMULATION : UDE_RETCODE_EVENT_FAILED);
}

double ude_loop_stop(const ude_loop *s, double *gap) {
  const ude_event_watch *w = s->in->events;
  *gap                     = 0;
  if (!w || w->next == w->stops) {
    return s->t1;
  }
  double stop = w->stop[w->next].t;
  *gap        = ude_events_gap(s->step.t, stop);
  return stop - s->direction * *gap;
}

int64_t ude_loop_aim(const ude_loop *s) {
  const ude_event_watch *w = s->in->events;
  return !w || w->next == w->stops ? -1 : w->stop[w->next].event;
}

/* Does the step under way end at a stop that is not the end of the span? */
static bool at_stop(const ude_loop *s, double t) {
  const ude_event_watch *w = s->in->events;
  if (w->next == w->stops) {
    return false;
  }
  double stop = w->stop[w->next].t;
  return s->direction * (stop - t) <= 3 * ude_events_gap(s->step.t, stop);
}

static int save_events(ude_loop *s, const double *u) {
  const ude_event_watch *w = s->in->events;
  for (int64_t k = 0; k < w->fired_count; k++) {
    if (w->fired[k] < w->count + w->scheduled) {
      s->result->events++;
      int code = s->output->save_event
                     ? s->output->save_event(w->t, w->fired[k], u, s->output->context)
                     : 0;
      if (code) {
        s->out_of_memory = code < 0;
        return code;
      }
    }
  }
  return 0;
}

/* State at the fired events, which happened inside of the step or at its end. */
static const double *state_at(ude_loop *s) {
  ude_integrator *in = s->in;
  if (in->events->theta >= 1) {
    return in->u_new;
  }
  return in->method->dense(in->work, &s->step, in->events->theta, in->output) ? NULL : in->output;
}

bool ude_loop_look_for_events(ude_loop *s) {
  ude_integrator  *in = s->in;
  ude_event_watch *w  = in->events;
  w->theta            = 0;
  w->fired_count      = 0;
  for (;;) {
    ude_events_code code = ude_events_scan(w, in->method, in->work, &s->step, w->theta);
    if (code) {
      return fail(s, code);
    }
    if (w->fired_count == 0 || ude_events_act(w)) {
      break;
    }
    const double *u = state_at(s);
    if (!u) {
      return ude_loop_end(s, UDE_RETCODE_RHS_FAILED);
    }
    if (save_events(s, u)) {
      return s->out_of_memory ? false : ude_loop_end(s, UDE_RETCODE_STOPPED);
    }
    if (w->theta >= 1) {
      for (int64_t k = 0; k < w->fired_count; k++) {
        w->side[w->fired[k]] *= -1;
      }
      w->fired_count = 0;
      break;
    }
  }
  double t = w->fired_count > 0 ? w->t : s->step.t_next;
  if (at_stop(s, t) && at_stop(s, s->step.t_next)) {
    ude_events_take_stops(w, s->direction);
  }
  return true;
}

/* What happens at w->t to the state in->u, which the step has reached: saved, changed, recorded; then a new start. */
static bool act(ude_loop *s) {
  ude_integrator  *in      = s->in;
  ude_event_watch *w       = in->events;
  bool             changes = false;
  for (int64_t k = 0; in->trace && k < w->fired_count; k++) {
    if (ude_trace_push_event(
            in->trace, (ude_trace_event){.event = w->fired[k], .theta = w->theta, .t = w->t})) {
      s->out_of_memory = true;
      return false;
    }
  }
  for (int64_t k = 0; k < w->fired_count; k++) {
    changes = changes || (w->of->affect.value && w->fired[k] < w->count + w->scheduled);
  }
  if (save_events(s, in->u)) {
    return s->out_of_memory ? false : ude_loop_end(s, UDE_RETCODE_STOPPED);
  }
  ude_events_code code = ude_events_apply(w, s->step.p, in->u);
  s->step.t            = w->t;
  if (code) {
    return fail(s, code);
  }
  if (changes && s->output->every_step && !ude_loop_emit(s, w->t, in->u)) {
    return false;
  }
  if (ude_events_terminal(w)) {
    for (int64_t k = 0; k < w->fired_count; k++) {
      int64_t event = w->fired[k];
      if (event < w->count + w->scheduled && w->of->terminal[event]) {
        s->result->event = event;
        break;
      }
    }
    return ude_loop_end(s, UDE_RETCODE_TERMINATED);
  }
  code = ude_events_count(w);
  if (code) {
    return fail(s, code);
  }
  if (w->fired[w->fired_count - 1] >= w->count) { /* a stop: begin on its other side */
    double t  = w->t + s->direction * ude_events_gap(w->t, w->t);
    s->step.t = s->direction * (s->t1 - t) <= 0 ? s->t1 : t;
  }
  if (s->step.t == s->t1) {
    return false;
  }
  ude_controller_start(&s->controller, in->method->error_order > 0 ? in->method->error_order : 1);
  if (!ude_loop_restart(s)) {
    return false;
  }
  code           = ude_events_start(w, s->step.t, s->direction, in->u, s->step.p, in->f, true);
  w->fired_count = 0;
  return code ? fail(s, code) : true;
}

bool ude_loop_act_on_events(ude_loop *s) {
  ude_integrator  *in = s->in;
  ude_event_watch *w  = in->events;
  if (!ude_loop_emit_before(s, w->t)) {
    return false;
  }
  const double *u = state_at(s);
  if (!u) {
    return ude_loop_end(s, UDE_RETCODE_RHS_FAILED);
  }
  s->result->component = ude_first_not_finite(in->n, u);
  if (s->result->component >= 0) {
    return ude_loop_end(s, UDE_RETCODE_UNSTABLE);
  }
  if (u != in->u_new) {
    memcpy(in->u_new, u, (size_t)in->n * sizeof *u);
  }
  if (!ude_loop_emit_at(s, w->t, in->u_new)) {
    return false;
  }
  double *old = in->u;
  in->u       = in->u_new;
  in->u_new   = old;
  return act(s);
}

bool ude_loop_first_events(ude_loop *s) {
  ude_integrator  *in   = s->in;
  ude_event_watch *w    = in->events;
  ude_events_code  code = ude_events_begin(w, s->step.p, s->step.t, s->t1);
  if (code) {
    return fail(s, code);
  }
  if (w->stops > 0 && w->stop[0].t == s->step.t) {
    ude_events_take_stops(w, s->direction);
    return act(s);
  }
  if (!ude_loop_restart(s)) {
    return false;
  }
  code = ude_events_start(w, s->step.t, s->direction, in->u, s->step.p, in->f, false);
  return code ? fail(s, code) : true;
}
