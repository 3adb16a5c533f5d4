/* Taylor coefficients of a solution. */
#include <stdlib.h>
#include <string.h>

#include <ude/vector_field.h>

/* u_(k+1) = f_k / (k + 1), where f_k needs u_0, ..., u_k. */
static ude_status by_orders(const ude_vector_field *field, int64_t order, const double *u,
                            const double *p, double t, double *series, ude_error *error) {
  int64_t n = field->state.count;
  double *x = ude_calloc((size_t)n, (size_t)(order + 1) * sizeof *x);
  double *y = ude_calloc((size_t)n, (size_t)(order + 1) * sizeof *y);
  if (!x || !y) {
    free(x);
    free(y);
    return ude_fail_memory(error, "Taylor coefficients");
  }
  int code = 0;
  for (int64_t i = 0; i < n; i++) {
    series[i * (order + 1)] = u[i];
  }
  for (int64_t k = 0; k < order && code == 0; k++) {
    for (int64_t i = 0; i < n; i++) {
      memcpy(x + i * (k + 1), series + i * (order + 1), (size_t)(k + 1) * sizeof *x);
    }
    code = field->rhs.jet(y, k, x, p, t, field->rhs.context);
    for (int64_t i = 0; i < n; i++) {
      series[i * (order + 1) + k + 1] = y[i * (k + 1) + k] / (double)(k + 1);
    }
  }
  free(x);
  free(y);
  return code ? ude_fail(error, UDE_NUMERICAL, "Taylor coefficients: the jet reported failure %d",
                         code)
              : UDE_OK;
}

ude_status ude_taylor(const ude_vector_field *field, int64_t order, const double *u,
                      const double *p, double t, double *series, ude_error *error) {
  if (order < 0 || order > UDE_MAX_ORDER) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "Taylor coefficients: order %lld is not 0 to %d",
                    (long long)order, (int)UDE_MAX_ORDER);
  }
  if (!field->taylor && !field->rhs.jet) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "Taylor coefficients: the model has no jets (compile it with them)");
  }
  if (!field->taylor) {
    return by_orders(field, order, u, p, t, series, error);
  }
  int code = field->taylor(series, order, u, p, t, field->taylor_context);
  return code ? ude_fail(error, UDE_NUMERICAL, "Taylor coefficients: the jet reported failure %d",
                         code)
              : UDE_OK;
}
