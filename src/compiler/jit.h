/** @file jit.h
 *  @brief Object code into memory. */
#ifndef UDE_COMPILER_JIT_H
#define UDE_COMPILER_JIT_H

#include <ude/base.h>

typedef struct ude_jit ude_jit;

ude_status ude_jit_create(ude_jit **jit, ude_error *error);
/** Add object code (copied). `name` for messages. */
ude_status ude_jit_add(ude_jit *jit, const char *code, size_t length, const char *name,
                       ude_error *error);
/** Address of a symbol, or NULL with an error. */
void *ude_jit_find(ude_jit *jit, const char *symbol, ude_error *error);
void  ude_jit_free(ude_jit *jit);

#endif
