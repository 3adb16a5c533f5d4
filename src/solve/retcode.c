/* Why a solve ended, in words. */
#include <stdio.h>

#include <ude/solve.h>

const char *ude_retcode_text(ude_retcode retcode) {
  switch (retcode) {
#define UDE_RETCODE_CASE(name, text) \
  case UDE_RETCODE_##name: return text;
    UDE_RETCODE_MAP(UDE_RETCODE_CASE)
#undef UDE_RETCODE_CASE
  case UDE_RETCODE_COUNT: break;
  }
  return "unknown return code";
}

const char *ude_retcode_name(ude_retcode retcode) {
  switch (retcode) {
  case UDE_RETCODE_SUCCESS: return "Success";
  case UDE_RETCODE_MAX_STEPS: return "MaxSteps";
  case UDE_RETCODE_STEP_UNDERFLOW: return "StepUnderflow";
  case UDE_RETCODE_UNSTABLE: return "Unstable";
  case UDE_RETCODE_TIME_LIMIT: return "TimeLimit";
  case UDE_RETCODE_RHS_FAILED: return "RhsFailed";
  case UDE_RETCODE_INITIAL_FAILURE: return "InitialFailure";
  case UDE_RETCODE_STOPPED: return "Stopped";
  case UDE_RETCODE_COUNT: break;
  }
  return "Unknown";
}

static const char *advice(ude_retcode retcode) {
  switch (retcode) {
  case UDE_RETCODE_MAX_STEPS:
    return "loosen the tolerances, raise the limit of steps, or the problem is stiff";
  case UDE_RETCODE_STEP_UNDERFLOW:
    return "the solution may have a singularity there, or the tolerances are too tight";
  case UDE_RETCODE_UNSTABLE:
    return "look at the model's value there: an overflow, a division by zero, a root or logarithm of a "
           "negative number";
  case UDE_RETCODE_INITIAL_FAILURE: return "check the initial state and the parameters";
  case UDE_RETCODE_TIME_LIMIT: return "loosen the tolerances or raise the time limit";
  default: return NULL;
  }
}

void ude_solve_result_describe(const ude_solve_result *result, const ude_vector_field *field,
                               char *buffer, size_t size) {
  char name[256] = "";
  char where[300] = "";
  if (result->component >= 0 && result->component < field->state.count) {
    ude_layout_name(&field->state, result->component, "u", name, sizeof name);
    snprintf(where, sizeof where, ", component '%s'", name);
  }
  const char *hint = advice(result->retcode);
  snprintf(buffer, size, "%s: %s at t = %.8g (step %.3g, after %lld steps and %lld rejections%s)%s%s",
           result->method ? result->method : "solve", ude_retcode_text(result->retcode), result->t,
           result->h, (long long)result->steps, (long long)result->rejected, where,
           hint ? "; " : "", hint ? hint : "");
}
