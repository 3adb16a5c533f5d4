/* Integrators: the workspace of repeated solves. */
#include <stdlib.h>
#include <string.h>

#include "solve/integrator.h"

void ude_integrator_free(ude_integrator *integrator) {
  if (integrator) {
    free(integrator->u);
    free(integrator->u_new);
    free(integrator->error);
    free(integrator->atol);
    free(integrator->f);
    free(integrator->output);
    free(integrator->newton);
    free(integrator->mode);
    free(integrator->image);
    if (integrator->method) {
      integrator->method->close(integrator->work);
    }
    if (integrator->other) {
      integrator->other->close(integrator->other_work);
    }
    ude_events_close(integrator->events);
    if (integrator->has_algebra) {
      ude_stiff_close(&integrator->algebra);
    }
    free(integrator);
  }
}

static bool allocate(ude_integrator *in) {
  size_t n   = (size_t)in->n;
  in->u      = ude_calloc(n, sizeof(double));
  in->u_new  = ude_calloc(n, sizeof(double));
  in->error  = ude_calloc(n, sizeof(double));
  in->atol   = ude_calloc(n, sizeof(double));
  in->f      = ude_calloc(n, sizeof(double));
  in->output = ude_calloc(n, sizeof(double));
  return in->u && in->u_new && in->error && in->atol && in->f && in->output;
}

void ude_integrator_exchange(ude_integrator *in) {
  const ude_method *method = in->method;
  void             *work   = in->work;
  in->method               = in->other;
  in->work                 = in->other_work;
  in->other                = method;
  in->other_work           = work;
  const ude_kernel *kernel = in->kernel;
  in->kernel               = in->other_kernel;
  in->other_kernel         = kernel;
}

/* The methods of a solve: the one that was asked for, or a pair of which the loop takes the right one. */
static ude_status choose_methods(ude_integrator *in, ude_error *error) {
  const ude_vector_field *field         = in->field;
  const char             *name          = in->options.method;
  const ude_map          *rhs           = &field->rhs;
  bool                    implicit_only = ude_auto_needs_implicit(field);
  in->automatic                         = !name || strcmp(name, "auto") == 0;
  if (in->automatic) {
    const ude_method *implicit = ude_method_find(
        ude_auto_implicit(field, in->options.rtol, in->options.differentiable), in->options.rtol);
    in->initial   = implicit_only
                        ? implicit
                        : ude_method_find(ude_auto_explicit(in->options.rtol), in->options.rtol);
    bool possible = !implicit_only && in->n > 0 && (rhs->jvp || rhs->jvp_wide || rhs->vjp);
    in->other     = possible ? implicit : NULL;
    in->watch.on  = possible;
  } else {
    in->initial = ude_method_find(name, in->options.rtol);
  }
  if (implicit_only && !in->initial->takes_mass) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "'%s' does not take a mass matrix; choose rodas5p, rodas4, rosenbrock23, "
                    "radau, kencarp4, trbdf2 or auto",
                    in->initial->name);
  }
  const ude_events *events = &field->events;
  if (in->initial->integrate &&
      events->count + events->schedule_count + events->discontinuity_count > 0) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "'%s' does not stop at events; choose auto, or for stiff models rodas5p, radau "
                    "or kencarp4",
                    in->initial->name);
  }
  in->method       = in->initial;
  in->kernel       = ude_kernel_find(field, in->method);
  in->other_kernel = in->other ? ude_kernel_find(field, in->other) : NULL;
  return UDE_OK;
}

/* For products with the Jacobian while an explicit method runs. */
static ude_status open_probe(ude_integrator *in, ude_error *error) {
  if (in->watch.on && in->field->rhs.jvp) {
    in->mode  = ude_calloc((size_t)in->n, sizeof(double));
    in->image = ude_calloc((size_t)in->n, sizeof(double));
    return in->mode && in->image ? UDE_OK : ude_fail_memory(error, "the estimate of stiffness");
  }
  return UDE_OK;
}

/* What finds consistent initial states. */
static ude_status open_algebra(ude_integrator *in, ude_error *error) {
  const ude_vector_field *field = in->field;
  for (int64_t i = 0; field->mass && i < in->n && !in->has_algebra; i++) {
    if (field->mass[i] == 0) {
      ude_status status = ude_stiff_open(&in->algebra, field, NULL, false, error);
      if (status) {
        return status;
      }
      in->has_algebra = true;
      in->newton      = ude_calloc((size_t)in->n, 2 * sizeof(double));
      if (!in->newton) {
        return ude_fail_memory(error, "consistent initial states");
      }
    }
  }
  return UDE_OK;
}

ude_status ude_integrator_create(const ude_vector_field *field, const ude_solve_options *options,
                                 ude_integrator **integrator, ude_error *error) {
  *integrator       = NULL;
  ude_status status = ude_vector_field_check(field, error);
  if (status) {
    return status;
  }
  ude_solve_options resolved;
  status = ude_solve_options_resolve(options, field, &resolved, error);
  if (status) {
    return status;
  }
  ude_integrator *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "an integrator");
  }
  made->field   = field;
  made->options = resolved;
  made->n       = field->state.count;
  made->setting = (ude_method_setting){field, &made->options, NULL};
  if (!allocate(made)) {
    ude_integrator_free(made);
    return ude_fail_memory(error, "an integrator");
  }
  for (int64_t l = 0; l < made->n; l++) {
    made->atol[l] = resolved.atol_vector ? resolved.atol_vector[l] : resolved.atol;
  }
  made->setting.atol = made->atol;
  status             = choose_methods(made, error);
  status = status ? status : made->method->open(made->method, &made->setting, &made->work, error);
  status = status ? status : open_algebra(made, error);
  status = status ? status : open_probe(made, error);
  status = status ? status : ude_events_open(field, &made->options, &made->events, error);
  if (status) {
    ude_integrator_free(made);
    return status;
  }
  *integrator = made;
  return UDE_OK;
}

void ude_integrator_set_trace(ude_integrator *integrator, ude_trace *trace) {
  integrator->trace = trace;
}

const ude_method *ude_integrator_method(const ude_integrator *integrator) {
  return integrator->initial;
}

const ude_method_setting *ude_integrator_setting(const ude_integrator *integrator) {
  return &integrator->setting;
}

typedef struct target {
  double *u_at;
  int64_t n;
} target;

static int save_at(int64_t index, double t, const double *u, void *context) {
  const target *to = context;
  (void)t;
  memcpy(to->u_at + index * to->n, u, (size_t)to->n * sizeof *u);
  return 0;
}

ude_status ude_integrator_run(ude_integrator *integrator, const double *u0, const double *p,
                              double t0, double t1, const double *times, int64_t count,
                              double *u_at, double *u_end, ude_solve_result *result,
                              ude_error *error) {
  return ude_integrator_run_steps(integrator, u0, p, t0, t1, times, count, u_at, u_end, NULL, NULL,
                                  result, error);
}

ude_status ude_integrator_run_steps(ude_integrator *integrator, const double *u0, const double *p,
                                    double t0, double t1, const double *times, int64_t count,
                                    double *u_at, double *u_end, ude_step_fn step,
                                    void *step_context, ude_solve_result *result,
                                    ude_error *error) {
  *result = (ude_solve_result){
      .t = t0, .component = -1, .event = -1, .method = integrator->initial->name};
  ude_status status = ude_times_check(times, count, t0, t1, error);
  if (status) {
    return status;
  }
  if (count > 0 && !u_at) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "%lld save times, but u_at is NULL",
                    (long long)count);
  }
  target     to     = {u_at, integrator->n};
  ude_output output = {.times        = times,
                       .count        = count,
                       .save         = save_at,
                       .context      = &to,
                       .step         = step,
                       .step_context = step_context};
  status            = ude_integrate(integrator, u0, p, t0, t1, &output, result, error);
  bool integrated   = status == UDE_OK || status == UDE_NUMERICAL || status == UDE_INTERRUPTED;
  if (u_end && integrated) {
    memcpy(u_end, integrator->u, (size_t)integrator->n * sizeof *u_end);
  }
  return status;
}
