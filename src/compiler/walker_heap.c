/**
 * @file walker_heap.c
 * @brief Shadows of malloc, calloc, realloc and free. Where there is no memory for a shadow, the model sees its
 *        own allocation fail.
 */
#include "compiler/walker_clone.h"

static LLVMValueRef runtime(ude_emit *emit, const char *name, LLVMValueRef *arguments,
                            unsigned count) {
  LLVMTypeRef types[2];
  for (unsigned k = 0; k < count; k++) {
    types[k] = LLVMTypeOf(arguments[k]);
  }
  return ude_emit_call(emit, name, emit->walk->type_ptr, arguments, types, count);
}

static void runtime_void(ude_emit *emit, const char *name, LLVMValueRef argument) {
  LLVMTypeRef type = emit->walk->type_ptr;
  ude_emit_call(emit, name, emit->walk->type_void, &argument, &type, 1);
}

static LLVMValueRef dilated(ude_emit *emit, LLVMValueRef size) {
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMTypeRef    type = emit->walk->type_i64;
  LLVMValueRef   wide = LLVMBuildIntCast2(b, size, type, false, "");
  return LLVMBuildMul(b, wide, LLVMConstInt(type, (unsigned)emit->scale, false), "");
}

static LLVMValueRef is_null(ude_emit *emit, LLVMValueRef pointer) {
  return LLVMBuildICmp(emit->walk->builder, LLVMIntEQ, pointer, LLVMConstNull(emit->walk->type_ptr),
                       "");
}

/* Either both the block and its shadow exist, or neither. `release`: what frees the block, NULL: nothing has to. */
static void settle(ude_emit *emit, LLVMValueRef call, LLVMValueRef block, LLVMValueRef shadow,
                   const char *release) {
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMValueRef   null = LLVMConstNull(emit->walk->type_ptr);
  LLVMValueRef   bad  = LLVMBuildOr(b, is_null(emit, block), is_null(emit, shadow), "");
  if (release) {
    runtime_void(emit, release, LLVMBuildSelect(b, bad, block, null, ""));
    runtime_void(emit, "ude_shadow_free", LLVMBuildSelect(b, bad, shadow, null, ""));
  }
  ude_emit_set(emit, call, LLVMBuildSelect(b, bad, null, block, ""),
               LLVMBuildSelect(b, bad, null, shadow, ""));
}

static void emit_realloc(ude_emit *emit, LLVMValueRef call) {
  ude_walk      *walk    = emit->walk;
  LLVMBuilderRef b       = walk->builder;
  LLVMValueRef   null    = LLVMConstNull(walk->type_ptr);
  LLVMValueRef   size    = ude_emit_primal(emit, LLVMGetArgOperand(call, 1));
  LLVMValueRef   old     = ude_emit_shadow(emit, LLVMGetArgOperand(call, 0));
  LLVMValueRef   grow[2] = {old, dilated(emit, size)};
  LLVMValueRef   shadow  = runtime(emit, "ude_shadow_grow", grow, 2);
  /* Without a shadow the reallocation is asked for the impossible, so that it fails and keeps the block. */
  LLVMValueRef wanted =
      LLVMBuildSelect(b, is_null(emit, shadow), LLVMConstAllOnes(LLVMTypeOf(size)), size, "");
  LLVMValueRef resize[2] = {ude_emit_primal(emit, LLVMGetArgOperand(call, 0)), wanted};
  LLVMTypeRef  types[2]  = {walk->type_ptr, LLVMTypeOf(size)};
  LLVMValueRef block     = ude_emit_call(emit, "realloc", walk->type_ptr, resize, types, 2);
  LLVMValueRef bad       = is_null(emit, block);
  runtime_void(emit, "ude_shadow_free",
               LLVMBuildSelect(b, bad, shadow, emit->adjoint ? null : old, ""));
  ude_emit_set(emit, call, block, LLVMBuildSelect(b, bad, null, shadow, ""));
}

void ude_emit_heap(ude_emit *emit, LLVMValueRef call, ude_callee kind) {
  ude_walk *walk = emit->walk;
  if (kind == UDE_CALLEE_FREE) {
    LLVMValueRef pointer = LLVMGetArgOperand(call, 0);
    ude_emit_copy(emit, call);
    if (ude_walk_shadowed(walk, pointer) && !emit->adjoint) {
      runtime_void(emit, "ude_shadow_free", ude_emit_shadow(emit, pointer));
    }
    return;
  }
  if (!ude_emit_wants_shadow(emit, call)) {
    ude_emit_copy(emit, call);
    return;
  }
  int node = ude_walk_target(walk, call);
  if (walk->node[node].kept) {
    ude_refuse_call(walk, call, "the block is kept in a static variable and outlives the call",
                    "use a local array, or allocate and free within the call");
  }
  if (kind == UDE_CALLEE_REALLOC) {
    emit_realloc(emit, call);
    return;
  }
  LLVMValueRef block = ude_emit_copy(emit, call);
  LLVMValueRef size  = dilated(emit, LLVMGetArgOperand(block, 0));
  if (kind == UDE_CALLEE_CALLOC) {
    LLVMValueRef each = LLVMGetArgOperand(block, 1);
    size              = LLVMBuildMul(walk->builder, size,
                                     LLVMBuildIntCast2(walk->builder, each, walk->type_i64, false, ""), "");
  }
  settle(emit, call, block, runtime(emit, "ude_shadow_alloc", &size, 1), "free");
}

void ude_emit_derivative_memory(ude_emit *emit, LLVMValueRef call, ude_callee kind,
                                LLVMValueRef tape) {
  LLVMValueRef block = ude_emit_copy(emit, call);
  if (!ude_emit_wants_shadow(emit, call)) {
    return;
  }
  const char  *name         = ude_call_name(call);
  LLVMValueRef arguments[2] = {NULL, NULL};
  switch (kind) {
  case UDE_CALLEE_TAKE:
    arguments[0] = tape ? tape : LLVMGetArgOperand(block, 0);
    arguments[1] = dilated(emit, LLVMGetArgOperand(block, 1));
    /* Tangents are written before they are read, adjoints are added to. */
    settle(emit, call, block, runtime(emit, emit->adjoint ? "ude_tape_zeroed" : name, arguments, 2),
           NULL);
    return;
  case UDE_CALLEE_SHADOW_GROW:
    arguments[0] = ude_emit_shadow(emit, LLVMGetArgOperand(call, 0));
    arguments[1] = dilated(emit, LLVMGetArgOperand(block, 1));
    settle(emit, call, block, runtime(emit, name, arguments, 2), "ude_shadow_free");
    return;
  default:
    arguments[0] = dilated(emit, LLVMGetArgOperand(block, 0));
    settle(emit, call, block, runtime(emit, name, arguments, 1), "ude_shadow_free");
    return;
  }
}
