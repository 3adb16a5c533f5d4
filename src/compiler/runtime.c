/* Functions that compiled models call back. */
#include "compiler/runtime.h"

#include <stddef.h>

/* The model's functions have no room for a context argument, so the recorder is kept by thread, for the duration of one
 * call of rhs. */
static _Thread_local ude_record_fn recorder;
static _Thread_local void         *recorder_sink;

void ude_runtime_record(int64_t learned, const double *in, const double *out) {
  if (recorder) {
    recorder(learned, in, out, recorder_sink);
  }
}

void ude_runtime_set_recorder(ude_record_fn record, void *sink) {
  recorder      = record;
  recorder_sink = sink;
}
