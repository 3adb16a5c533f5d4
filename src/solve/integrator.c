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
    if (integrator->initial) {
      integrator->initial->close(integrator->work);
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
  made->initial = ude_method_find(resolved.method, resolved.rtol);
  made->method  = made->initial;
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
  status             = made->initial->open(made->initial, &made->setting, &made->work, error);
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
  *result = (ude_solve_result){.t = t0, .component = -1, .method = integrator->initial->name};
  ude_status status = ude_times_check(times, count, t0, t1, error);
  if (status) {
    return status;
  }
  if (count > 0 && !u_at) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "%lld save times, but u_at is NULL",
                    (long long)count);
  }
  target     to     = {u_at, integrator->n};
  ude_output output = {.times = times, .count = count, .save = save_at, .context = &to};
  status            = ude_integrate(integrator, u0, p, t0, t1, &output, result, error);
  bool integrated   = status == UDE_OK || status == UDE_NUMERICAL || status == UDE_INTERRUPTED;
  if (u_end && integrated) {
    memcpy(u_end, integrator->u, (size_t)integrator->n * sizeof *u_end);
  }
  return status;
}
