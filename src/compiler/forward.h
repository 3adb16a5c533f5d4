/**
 * @file forward.h
 * @brief Forward mode inside: derivative functions take a shadow after each real and pointer argument.
 */
#ifndef UDE_COMPILER_FORWARD_H
#define UDE_COMPILER_FORWARD_H

#include "compiler/walker_clone.h"

typedef struct ude_forward ude_forward;

/** What another number than W tangents does differently (jet.c). */
typedef struct ude_forward_kind {
  void (*instruction)(ude_forward *forward, LLVMValueRef instruction);
  void (*begin)(ude_forward *forward); /**< at the entry of each function */
  void (*block)(
      ude_forward *forward,
      bool enter); /**< before the first and after the last instruction but the terminator */
} ude_forward_kind;

struct ude_forward {
  ude_emit      emit;       /**< first: the hooks of emit get back here by a cast */
  LLVMValueRef *derivative; /**< [functions] NULL: not yet wanted */
  int          *wanted, wanted_count;
  const ude_forward_kind
      *kind; /**< NULL: tangents. Otherwise derivative functions take a context pointer last */
  LLVMValueRef context; /**< that of the function being emitted */
};

/** The derivative function of primal function `index`, declared now and emitted in its turn. */
LLVMValueRef ude_forward_function(ude_forward *forward, int index);
/** Does a value of that type travel with a shadow through calls? */
bool ude_forward_pairs(LLVMTypeRef type);
/** Type of the derivative of a function of that type. */
LLVMTypeRef ude_forward_type(ude_forward *forward, LLVMTypeRef type);
/** Emit the copy and the tangent of one instruction (neither phi nor terminator). */
void ude_forward_instruction(ude_forward *forward, LLVMValueRef instruction);
void ude_forward_call(ude_forward *forward, LLVMValueRef call);
/** Make `forward` ready to emit, for a program that was walked; emit what is wanted. */
void ude_forward_begin(ude_forward *forward, ude_walk *walk, int width);
void ude_forward_finish(ude_forward *forward);
/** Forward mode of any function: emit an internal function `name` that takes a tangent after each argument that holds
 *  reals or pointers, and returns {result, tangent} where the result holds them (ude_forward_type). Tangents of pointers
 *  are pointers to dilated shadows (walker_clone.h); arguments that are no inputs have zero tangents. Errors as in
 *  ude_emit_jvp. */
LLVMValueRef ude_emit_tangent(LLVMModuleRef module, LLVMValueRef function, int width,
                              const ude_roles *roles, const char *name, ude_error *error);

#endif
