/* Why a solve ended, in words. */
#include <stdio.h>
#include <string.h>

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
  case UDE_RETCODE_NO_CONVERGENCE: return "NoConvergence";
  case UDE_RETCODE_INCONSISTENT: return "Inconsistent";
  case UDE_RETCODE_TERMINATED: return "Terminated";
  case UDE_RETCODE_EVENT_FAILED: return "EventFailed";
  case UDE_RETCODE_ACCUMULATION: return "Accumulation";
  case UDE_RETCODE_COUNT: break;
  }
  return "Unknown";
}

static const char *advice(ude_retcode retcode) {
  switch (retcode) {
  case UDE_RETCODE_MAX_STEPS:
    return "; loosen the tolerances or raise max_steps; if the steps are tiny where the solution "
           "is smooth, the problem is stiff";
  case UDE_RETCODE_STEP_UNDERFLOW:
    return "; the solution may have a singularity there, or the tolerances are tighter than "
           "rounding allows";
  case UDE_RETCODE_UNSTABLE:
    return "; look for an overflow, a division by zero, a root or logarithm of a negative number "
           "in the model near this time";
  case UDE_RETCODE_INITIAL_FAILURE: return "; check the initial state and the parameters";
  case UDE_RETCODE_NO_CONVERGENCE:
    return "; the model may have a jump or a singularity there, or its derivatives may be wrong "
           "(ude check)";
  case UDE_RETCODE_INCONSISTENT:
    return "; give initial values of the states of zero mass that are nearer to a solution of "
           "their "
           "equations, and check that these equations determine them (index 1)";
  case UDE_RETCODE_TIME_LIMIT: return "; loosen the tolerances or raise time_limit";
  case UDE_RETCODE_RHS_FAILED: return "; see why the model's callback returned nonzero there";
  case UDE_RETCODE_EVENT_FAILED:
    return "; look for a division by zero, a root or logarithm of a negative number in the event "
           "function, in affect or in the scheduled times";
  case UDE_RETCODE_ACCUMULATION:
    return "; the times between events shrink to nothing (as those of a ball that comes to rest): "
           "make the event terminal there, or let affect bring the state to rest";
  default: return "";
  }
}

/* What the named component has to do with it. */
static const char *role(ude_retcode retcode) {
  switch (retcode) {
  case UDE_RETCODE_MAX_STEPS:
  case UDE_RETCODE_STEP_UNDERFLOW:
  case UDE_RETCODE_TIME_LIMIT: return "largest error in";
  default: return "first in";
  }
}

void ude_solve_result_describe(const ude_solve_result *result, const ude_vector_field *field,
                               char *buffer, size_t size) {
  char name[256];
  char where[340] = "";
  if (result->event >= 0) {
    snprintf(where, sizeof where, ", event %lld", (long long)result->event);
  }
  if (result->component >= 0 && result->component < field->state.count) {
    size_t used = strlen(where);
    snprintf(where + used, sizeof where - used, ", %s '%s'", role(result->retcode),
             ude_layout_name(&field->state, result->component, "u", name, sizeof name));
  }
  snprintf(buffer, size, "%s: %s at t = %.8g (step %.3g, after %lld steps and %lld rejections%s)%s",
           result->method ? result->method : "solve", ude_retcode_text(result->retcode), result->t,
           result->h, (long long)result->steps, (long long)result->rejected, where,
           advice(result->retcode));
}
