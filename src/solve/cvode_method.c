/* CVODE in the table of methods: it chooses its steps itself, so that it stands in place of the loop. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/cvode.h"
#include "solve/integrator.h"

typedef struct work {
  ude_cvode               *cvode;
  const ude_vector_field  *field;
  const ude_solve_options *options;
  const double            *atol;
  const char              *name;
  int64_t                  n;
  double                  *u; /* [n] dense output */
} work;

static void close_work(void *pointer) {
  work *w = pointer;
  if (w) {
    ude_cvode_close(w->cvode);
    free(w->u);
    free(w);
  }
}

static ude_status open_work(const ude_method *method, const ude_method_setting *setting, void **out,
                            ude_error *error) {
  *out    = NULL;
  work *w = ude_calloc(1, sizeof *w);
  if (!w) {
    return ude_fail_memory(error, "CVODE");
  }
  w->field          = setting->field;
  w->options        = setting->options;
  w->atol           = setting->atol;
  w->name           = method->name;
  w->n              = setting->field->state.count;
  w->u              = ude_calloc((size_t)w->n, sizeof *w->u);
  ude_status status = w->u ? ude_cvode_open(setting->field, method == &ude_method_cvode_adams,
                                            setting->options->rtol, setting->atol, &w->cvode, error)
                           : ude_fail_memory(error, "CVODE");
  if (status) {
    close_work(w);
    return status;
  }
  *out = w;
  return UDE_OK;
}

/** A run: what the loop of the other methods keeps in its own frame. */
typedef struct run {
  work             *w;
  double            t, t1, direction, started;
  double            t_next; /* end of the step that is handed over */
  const double     *u;
  ude_output       *output;
  ude_solve_result *result;
  bool              out_of_memory;
} run;

static bool end(run *r, ude_retcode retcode) {
  r->result->retcode = retcode;
  return false;
}

static bool emit(run *r, double t, const double *u) {
  r->out_of_memory = r->output->save(r->output->next, t, u, r->output->context) != 0;
  r->output->next++;
  return !r->out_of_memory;
}

static int state_at(void *source, double time, double *out) {
  run *r = source;
  if (time == r->t_next) {
    memcpy(out, r->u, (size_t)r->w->n * sizeof *out);
    return 0;
  }
  return ude_cvode_dense(r->w->cvode, time, out) ? 1 : 0;
}

static bool hand_over(run *r, double t_next) {
  if (!r->output->step) {
    return true;
  }
  int             code = ude_cvode_dense(r->w->cvode, r->t, r->w->u) ? 1 : 0;
  ude_output_step now  = {r->t, t_next, r->w->u, r->u, state_at, r};
  r->t_next            = t_next;
  code                 = code ? code : r->output->step(&now, r->output->step_context);
  r->out_of_memory     = r->out_of_memory || code < 0;
  return code == 0 || (code > 0 && end(r, UDE_RETCODE_RHS_FAILED));
}

static bool emit_step(run *r, double t_next) {
  ude_output *out = r->output;
  if (r->w->n > 0 && !hand_over(r, t_next)) {
    return false;
  }
  if (out->every_step) {
    return emit(r, t_next, r->u);
  }
  while (out->next < out->count && r->direction * (out->times[out->next] - t_next) <= 0) {
    double time = out->times[out->next];
    if (time != t_next && ude_cvode_dense(r->w->cvode, time, r->w->u)) {
      return end(r, UDE_RETCODE_STEP_UNDERFLOW);
    }
    if (!emit(r, time, time == t_next ? r->u : r->w->u)) {
      return false;
    }
  }
  return true;
}

static bool may_go_on(run *r) {
  const ude_solve_options *options = r->w->options;
  if (r->result->steps + r->result->rejected >= options->max_steps) {
    return end(r, UDE_RETCODE_MAX_STEPS);
  }
  if (options->stop && options->stop(options->stop_context)) {
    return end(r, UDE_RETCODE_STOPPED);
  }
  if (options->time_limit > 0 && ude_clock() - r->started > options->time_limit) {
    return end(r, UDE_RETCODE_TIME_LIMIT);
  }
  return true;
}

static ude_retcode why(ude_cvode_code code) {
  switch (code) {
  case UDE_CVODE_RHS_FAILED: return UDE_RETCODE_RHS_FAILED;
  case UDE_CVODE_NOT_CONVERGED: return UDE_RETCODE_NO_CONVERGENCE;
  default: return UDE_RETCODE_STEP_UNDERFLOW;
  }
}

static bool advance(run *r) {
  if (!may_go_on(r)) {
    return false;
  }
  double           t_next   = r->t;
  const double    *u        = NULL;
  ude_cvode_code   code     = ude_cvode_step(r->w->cvode, &t_next, &r->result->h, &u);
  ude_stiff_counts counts   = ude_cvode_counts(r->w->cvode, &r->result->rejected);
  r->result->rhs_calls      = counts.rhs;
  r->result->jacobians      = counts.jacobians;
  r->result->factorisations = counts.factorisations;
  r->result->linear_solves  = counts.solves;
  r->result->iterations     = counts.iterations;
  if (code) {
    return end(r, why(code));
  }
  r->result->steps++;
  r->u                 = u;
  r->result->component = ude_first_not_finite(r->w->n, u);
  if (r->result->component >= 0) {
    return end(r, UDE_RETCODE_UNSTABLE);
  }
  bool saved = emit_step(r, t_next);
  r->t       = t_next;
  return saved && r->t != r->t1;
}

static bool start(run *r, const double *u0, const double *p, double t0) {
  const ude_solve_options *options = r->w->options;
  r->result->component             = ude_first_not_finite(r->w->n, u0);
  if (r->result->component >= 0) {
    return end(r, UDE_RETCODE_INITIAL_FAILURE);
  }
  if (r->output->every_step && !emit(r, t0, u0)) {
    return false;
  }
  while (!r->output->every_step && r->output->next < r->output->count &&
         r->output->times[r->output->next] == t0) {
    if (!emit(r, t0, u0)) {
      return false;
    }
  }
  if (t0 == r->t1 || r->w->n == 0) {
    r->t = r->t1;
    return r->w->n == 0 ? emit_step(r, r->t1) && false : false;
  }
  ude_cvode_code code = ude_cvode_start(r->w->cvode, t0, r->t1, u0, p, options->initial_step,
                                        options->min_step, options->max_step);
  return code ? end(r, why(code)) : true;
}

static ude_status integrate(void *pointer, const double *u0, const double *p, double t0, double t1,
                            double *u_end, ude_output *output, ude_solve_result *result,
                            ude_error *error) {
  run r = {.w         = pointer,
           .t         = t0,
           .t1        = t1,
           .direction = t1 >= t0 ? 1 : -1,
           .started   = ude_clock(),
           .u         = u0,
           .output    = output,
           .result    = result};
  if (start(&r, u0, p, t0)) {
    while (advance(&r)) {
    }
  }
  result->t = r.t;
  if (r.u && r.w->n > 0) {
    memcpy(u_end, r.u, (size_t)r.w->n * sizeof *u_end);
  }
  if (!r.out_of_memory && output->end_only) {
    emit(&r, r.t, r.u);
  }
  if (r.out_of_memory) {
    return ude_fail_memory(error, "the solution");
  }
  if (result->retcode == UDE_RETCODE_SUCCESS) {
    result->component = -1;
    return UDE_OK;
  }
  ude_status status = result->retcode == UDE_RETCODE_STOPPED ? UDE_INTERRUPTED : UDE_NUMERICAL;
  if (error) {
    error->status = status;
    ude_solve_result_describe(result, r.w->field, error->message, sizeof error->message);
  }
  return status;
}

const ude_method ude_method_cvode_bdf = {.name        = "cvode_bdf",
                                         .order       = 5,
                                         .error_order = 2,
                                         .dense_order = 5,
                                         .stability   = (double)INFINITY,
                                         .implicit    = true,
                                         .takes_mass  = true,
                                         .open        = open_work,
                                         .close       = close_work,
                                         .integrate   = integrate};

const ude_method ude_method_cvode_adams = {.name        = "cvode_adams",
                                           .order       = 12,
                                           .error_order = 2,
                                           .dense_order = 12,
                                           .stability   = 0,
                                           .implicit    = false,
                                           .takes_mass  = true,
                                           .open        = open_work,
                                           .close       = close_work,
                                           .integrate   = integrate};
