/** @file model_events.h
 *  @brief What a loaded model says of its events in constants. */
#ifndef UDE_COMPILER_MODEL_EVENTS_H
#define UDE_COMPILER_MODEL_EVENTS_H

#include "compiler/jit.h"
#include "compiler/reflection.h"

/** Times of a constant array. */
typedef struct ude_constant_times {
  int64_t count;
  double *t; /**< [count] */
} ude_constant_times;

typedef struct ude_model_events {
  int               *direction, *terminal;
  ude_constant_times schedule, discontinuities;
} ude_model_events;

/** Fill field->events but for the maps that are functions of the model. */
ude_status ude_model_events_load(ude_model_events *events, ude_jit *jit,
                                 const ude_event_counts *counts, ude_vector_field *field,
                                 ude_error *error);
void       ude_model_events_free(ude_model_events *events);

#endif
