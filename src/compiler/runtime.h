/** @file runtime.h
 *  @brief Functions that compiled models call back. */
#ifndef UDE_COMPILER_RUNTIME_H
#define UDE_COMPILER_RUNTIME_H

#include <ude/vector_field.h>

#define UDE_RUNTIME_RECORD "ude_runtime_record"
/** What <ude/model.h> declares for `draw`: ude_rng_uniform and ude_rng_normal. */
#define UDE_RUNTIME_UNIFORM "ude_uniform"
#define UDE_RUNTIME_NORMAL "ude_normal"

/** Reports a call of a learned function to the recorder of this thread. */
void ude_runtime_record(int64_t learned, const double *in, const double *out);
/** The recorder of this thread; NULL: none. */
void ude_runtime_set_recorder(ude_record_fn record, void *sink);

#endif
