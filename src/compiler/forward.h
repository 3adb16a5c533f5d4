/**
 * @file forward.h
 * @brief Forward mode inside: derivative functions take a shadow after each real and pointer argument.
 */
#ifndef UDE_COMPILER_FORWARD_H
#define UDE_COMPILER_FORWARD_H

#include "compiler/walker_clone.h"

typedef struct ude_forward {
  ude_emit      emit;       /**< first: the hooks of emit get back here by a cast */
  LLVMValueRef *derivative; /**< [functions] NULL: not yet wanted */
  int          *wanted, wanted_count;
} ude_forward;

/** The derivative function of primal function `index`, declared now and emitted in its turn. */
LLVMValueRef ude_forward_function(ude_forward *forward, int index);
/** Does a value of that type travel with a shadow through calls? */
bool ude_forward_pairs(LLVMTypeRef type);
/** Type of the derivative of a function of that type. */
LLVMTypeRef ude_forward_type(ude_forward *forward, LLVMTypeRef type);
/** Emit the copy and the tangent of one instruction (neither phi nor terminator). */
void ude_forward_instruction(ude_forward *forward, LLVMValueRef instruction);
void ude_forward_call(ude_forward *forward, LLVMValueRef call);
/** Forward mode of any function: emit an internal function `name` that takes a tangent after each argument that holds
 *  reals or pointers, and returns {result, tangent} where the result holds them (ude_forward_type). Tangents of pointers
 *  are pointers to dilated shadows (walker_clone.h); arguments that are no inputs have zero tangents. Errors as in
 *  ude_emit_jvp. */
LLVMValueRef ude_emit_tangent(LLVMModuleRef module, LLVMValueRef function, int width,
                              const ude_roles *roles, const char *name, ude_error *error);

#endif
