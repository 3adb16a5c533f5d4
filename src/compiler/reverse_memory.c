/**
 * @file reverse_memory.c
 * @brief Adjoints of memory: a load adds to the shadow, a store moves out of it, a copy moves back.
 */
#include <stdio.h>

#include "compiler/reverse.h"

static bool is_bytes(LLVMTypeRef type) {
  if (LLVMGetTypeKind(type) == LLVMVectorTypeKind) {
    type = LLVMGetElementType(type);
  }
  return LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) % 8 == 0;
}

/* Is the adjoint of what `i` writes never looked at again? True for the first writes to outputs that nobody wants back. */
static bool ends_adjoint(ude_reverse *r, LLVMValueRef i, LLVMValueRef pointer) {
  ude_walk         *walk  = r->emit.walk;
  LLVMBasicBlockRef entry = walk->function[r->emit.source].flow.block[0].block;
  if (r->split || !ude_reverse_is_sink(r, pointer) || LLVMGetInstructionParent(i) != entry) {
    return false;
  }
  for (LLVMValueRef before = LLVMGetPreviousInstruction(i); before;
       before              = LLVMGetPreviousInstruction(before)) {
    LLVMOpcode opcode = LLVMGetInstructionOpcode(before);
    if (opcode == LLVMStore ? ude_reverse_is_sink(r, LLVMGetOperand(before, 1))
                            : opcode == LLVMCall) {
      return false;
    }
  }
  return true;
}

void ude_reverse_access(ude_reverse *r, LLVMValueRef i) {
  ude_emit    *emit    = &r->emit;
  ude_walk    *walk    = emit->walk;
  bool         store   = LLVMGetInstructionOpcode(i) == LLVMStore;
  LLVMValueRef pointer = LLVMGetOperand(i, store);
  unsigned     align   = LLVMGetAlignment(i);
  if (!store) {
    LLVMValueRef bar = ude_reverse_take(r, i);
    if (!bar) {
      return;
    }
    LLVMValueRef shadow = ude_reverse_need_shadow(r, pointer);
    LLVMTypeRef  type   = LLVMTypeOf(bar);
    LLVMValueRef old    = ude_emit_load_shadow(emit, type, shadow, align);
    ude_emit_store_shadow(emit, type, ude_reverse_sum(r, old, bar), shadow, align);
    return;
  }
  LLVMValueRef value = LLVMGetOperand(i, 0);
  LLVMTypeRef  type  = LLVMTypeOf(value);
  if (!ude_walk_node_active(walk, pointer) || (!ude_type_has_real(type) && !is_bytes(type))) {
    return;
  }
  bool        active = ude_walk_active(walk, value);
  LLVMTypeRef bar    = active ? ude_reverse_bar_type(r, value) : NULL;
  if (!bar) {
    bar = type;
  }
  LLVMValueRef shadow = ude_reverse_need_shadow(r, pointer);
  if (active) {
    ude_reverse_add(r, value, ude_emit_load_shadow(emit, bar, shadow, align));
  }
  if (!ends_adjoint(r, i, pointer)) {
    ude_emit_store_shadow(emit, bar, LLVMConstNull(bar), shadow, align);
  }
}

/* void f(double *to, double *from, i64 n): from += to, to = 0, element by element. With `overlaps` in the order
 * that is right when the blocks overlap: upwards when `to` is above `from`. */
static LLVMValueRef back_function(ude_reverse *r, LLVMTypeRef element, bool overlaps) {
  ude_walk      *walk = r->emit.walk;
  LLVMBuilderRef b    = walk->builder;
  char           name[32];
  bool           wide = element == walk->type_double;
  snprintf(name, sizeof name, "ude.%s_back.f%d", overlaps ? "move" : "copy", wide ? 64 : 32);
  LLVMValueRef f = LLVMGetNamedFunction(walk->module, name);
  if (f) {
    return f;
  }
  LLVMBasicBlockRef saved    = LLVMGetInsertBlock(b);
  LLVMTypeRef       types[3] = {walk->type_ptr, walk->type_ptr, walk->type_i64};
  f = LLVMAddFunction(walk->module, name, LLVMFunctionType(walk->type_void, types, 3, false));
  LLVMSetLinkage(f, LLVMInternalLinkage);
  if (!overlaps) {
    ude_emit_attribute(&r->emit, f, 1, "noalias");
    ude_emit_attribute(&r->emit, f, 2, "noalias");
  }
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(walk->context, f, "");
  LLVMBasicBlockRef loop  = LLVMAppendBasicBlockInContext(walk->context, f, "");
  LLVMBasicBlockRef done  = LLVMAppendBasicBlockInContext(walk->context, f, "");
  LLVMValueRef      to = LLVMGetParam(f, 0), from = LLVMGetParam(f, 1), n = LLVMGetParam(f, 2);
  LLVMValueRef      zero = LLVMConstInt(walk->type_i64, 0, false);
  LLVMValueRef      one  = LLVMConstInt(walk->type_i64, 1, false);
  LLVMPositionBuilderAtEnd(b, entry);
  LLVMValueRef up = LLVMBuildICmp(b, LLVMIntUGT, to, from, "");
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntEQ, n, zero, ""), done, loop);
  LLVMPositionBuilderAtEnd(b, loop);
  LLVMValueRef k  = LLVMBuildPhi(b, walk->type_i64, "");
  LLVMValueRef at = k;
  if (overlaps) {
    LLVMValueRef down = LLVMBuildSub(b, LLVMBuildSub(b, n, one, ""), k, "");
    at                = LLVMBuildSelect(b, up, k, down, "");
  }
  LLVMValueRef x     = LLVMBuildInBoundsGEP2(b, element, to, &at, 1, "");
  LLVMValueRef z     = LLVMBuildInBoundsGEP2(b, element, from, &at, 1, "");
  LLVMValueRef value = LLVMBuildLoad2(b, element, x, "");
  LLVMBuildStore(b, LLVMConstNull(element), x);
  LLVMBuildStore(b, LLVMBuildFAdd(b, LLVMBuildLoad2(b, element, z, ""), value, ""), z);
  LLVMValueRef      next        = LLVMBuildAdd(b, k, one, "");
  LLVMValueRef      value_in[2] = {zero, next};
  LLVMBasicBlockRef block_in[2] = {entry, loop};
  LLVMAddIncoming(k, value_in, block_in, 2);
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntEQ, next, n, ""), done, loop);
  LLVMPositionBuilderAtEnd(b, done);
  LLVMBuildRetVoid(b);
  LLVMPositionBuilderAtEnd(b, saved);
  return f;
}

/* The one type of real in both blocks. */
static LLVMTypeRef element_type(ude_reverse *r, LLVMValueRef call, LLVMValueRef a, LLVMValueRef b) {
  ude_walk *walk  = r->emit.walk;
  unsigned  holds = 0, reals = UDE_HOLDS_DOUBLE | UDE_HOLDS_FLOAT;
  int       node[2] = {ude_walk_target(walk, a), ude_walk_target(walk, b)};
  for (int k = 0; k < 2; k++) {
    if (node[k] >= 0) {
      holds |= walk->node[node[k]].holds & reals;
    }
  }
  if (holds == UDE_HOLDS_DOUBLE) {
    return walk->type_double;
  }
  if (holds == UDE_HOLDS_FLOAT) {
    return walk->type_float;
  }
  ude_refuse_call(walk, call,
                  holds ? "it copies both float and double, and reverse mode has to know which"
                        : "the type of what it copies is not known",
                  "copy the members one by one");
}

static void move_back(ude_reverse *r, LLVMTypeRef element, LLVMValueRef to, LLVMValueRef from,
                      LLVMValueRef bytes, bool overlaps) {
  ude_walk      *walk         = r->emit.walk;
  LLVMBuilderRef b            = walk->builder;
  LLVMTypeRef    i64          = walk->type_i64;
  uint64_t       size         = element == walk->type_double ? 8 : 4;
  LLVMValueRef   n            = LLVMBuildUDiv(b, LLVMBuildIntCast2(b, bytes, i64, false, ""),
                                              LLVMConstInt(i64, size, false), "");
  LLVMValueRef   f            = back_function(r, element, overlaps);
  LLVMValueRef   arguments[3] = {to, from, n};
  LLVMBuildCall2(b, LLVMGlobalGetValueType(f), f, arguments, 3, "");
}

static bool holds_both(ude_reverse *r, LLVMValueRef a, LLVMValueRef b) {
  ude_walk *walk  = r->emit.walk;
  unsigned  holds = 0, both = UDE_HOLDS_DOUBLE | UDE_HOLDS_FLOAT;
  int       node[2] = {ude_walk_target(walk, a), ude_walk_target(walk, b)};
  for (int k = 0; k < 2; k++) {
    holds |= node[k] < 0 ? 0 : walk->node[node[k]].holds;
  }
  return (holds & both) == both;
}

void ude_reverse_copy(ude_reverse *r, LLVMValueRef call, bool copies) {
  ude_walk    *walk = r->emit.walk;
  LLVMValueRef to = LLVMGetArgOperand(call, 0), from = LLVMGetArgOperand(call, 1);
  if (!ude_walk_node_active(walk, to)) {
    return;
  }
  if (!copies && ends_adjoint(r, call, to)) {
    return;
  }
  LLVMValueRef size   = ude_reverse_need(r, LLVMGetArgOperand(call, 2));
  LLVMValueRef shadow = ude_reverse_need_shadow(r, to);
  if (!copies || !ude_walk_node_active(walk, from)) {
    LLVMBuildMemSet(walk->builder, shadow, LLVMConstNull(walk->type_i8), size, 1);
    return;
  }
  if (holds_both(r, to, from) &&
      ude_reverse_mixed_copy(r, call, shadow, ude_reverse_need_shadow(r, from), size)) {
    return;
  }
  LLVMTypeRef element  = element_type(r, call, to, from);
  size_t      length   = 0;
  const char *name     = LLVMGetValueName2(LLVMGetCalledValue(call), &length);
  bool        overlaps = name[5 + 3] == 'm'; /* llvm.memmove, not llvm.memcpy */
  move_back(r, element, shadow, ude_reverse_need_shadow(r, from), size, overlaps);
}

void ude_reverse_heap(ude_reverse *r, LLVMValueRef call, ude_callee kind) {
  ude_emit      *emit = &r->emit;
  ude_walk      *walk = emit->walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMTypeRef    type = walk->type_ptr;
  if (!ude_emit_has_shadow(emit, call)) {
    return;
  }
  LLVMValueRef shadow = ude_reverse_need_shadow(r, call);
  if ((kind == UDE_CALLEE_REALLOC || kind == UDE_CALLEE_SHADOW_GROW) &&
      ude_walk_node_active(walk, call)) {
    LLVMValueRef before = ude_reverse_need_shadow(r, LLVMGetArgOperand(call, 0));
    LLVMValueRef now    = ude_emit_call(emit, "ude_shadow_size", walk->type_i64, &shadow, &type, 1);
    LLVMValueRef then   = ude_emit_call(emit, "ude_shadow_size", walk->type_i64, &before, &type, 1);
    LLVMValueRef less   = LLVMBuildICmp(b, LLVMIntULT, now, then, "");
    LLVMTypeRef  element = element_type(r, call, call, call);
    move_back(r, element, shadow, before, LLVMBuildSelect(b, less, now, then, ""), false);
  }
  ude_emit_call(emit, "ude_shadow_free", walk->type_void, &shadow, &type, 1);
}
