/** @file ahead.h
 *  @brief Ahead of time: what the parts of an object and its header share. */
#ifndef UDE_COMPILER_AHEAD_H
#define UDE_COMPILER_AHEAD_H

#include <llvm-c/Core.h>
#include <ude/compiler.h>

/** Everything that is known of the object to be made. */
typedef struct ude_ahead {
  const ude_model          *model;
  const ude_vector_field   *field;
  const ude_object_options *options;
  char                      prefix[64];
  const double             *u0, *p0, *tspan; /**< NULL: none */
} ude_ahead;

/** What a map of the contract looks like from outside. */
typedef struct ude_ahead_map {
  const char *name;
  int64_t     rows, columns;
  bool        state; /**< takes u and t */
} ude_ahead_map;

/** The k-th map of the contract; false if the model does not define it. */
bool ude_ahead_map_of(const ude_ahead *ahead, int k, ude_ahead_map *map);

/** Add the exported functions and data, whose bodies are calls of flat maps, to the module. */
ude_status ude_ahead_wrap(const ude_ahead *ahead, LLVMModuleRef module, ude_error *error);
/** Link the runtime functions of emitted code into the module. */
ude_status ude_ahead_link_runtime(LLVMModuleRef module, ude_error *error);
/** The text of the header. */
void ude_ahead_header(const ude_ahead *ahead, const char *source, ude_text *text);

#endif
