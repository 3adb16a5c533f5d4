/* Information criteria. */
#include <math.h>
#include <string.h>

#include <ude/discover.h>

static const char *const names[] = {
    [UDE_CRITERION_EBIC] = "ebic",
    [UDE_CRITERION_BIC]  = "bic",
    [UDE_CRITERION_AICC] = "aicc",
};

const char *ude_criterion_name(ude_criterion criterion) {
  size_t count = sizeof names / sizeof names[0];
  return (size_t)criterion < count ? names[criterion] : "unknown";
}

ude_status ude_criterion_parse(const char *name, ude_criterion *criterion, ude_error *error) {
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (name && strcmp(name, names[i]) == 0) {
      *criterion = (ude_criterion)i;
      return UDE_OK;
    }
  }
  return ude_fail(error, UDE_INVALID_ARGUMENT,
                  "unknown information criterion '%s'; known are ebic, bic, aicc",
                  name ? name : "");
}

double ude_log_choose(int64_t n, int64_t k) {
  double sum = 0;
  for (int64_t i = 0; i < k && k <= n; i++) {
    sum += log((double)(n - i)) - log((double)(i + 1));
  }
  return sum;
}

double ude_criterion_value(ude_criterion criterion, double deviance, int64_t observations,
                           int64_t parameters, double choice) {
  double n = (double)observations;
  double k = (double)parameters;
  switch (criterion) {
  case UDE_CRITERION_BIC: return deviance + k * log(n);
  case UDE_CRITERION_AICC:
    /* Hurvich and Tsai 1989; no finite correction where there are hardly more data than parameters.
     */
    return n - k - 1 > 0 ? deviance + 2 * k * n / (n - k - 1) : (double)INFINITY;
  default:
    return n - k - 2 > 0 ? deviance + (k * log(n) + 2 * choice) * n / (n - k - 2)
                         : (double)INFINITY;
  }
}
