/**
 * @file reverse_sweep.c
 * @brief The forward sweep: copies of instructions, shadows of pointers, the tape.
 */
#include <string.h>

#include "compiler/reverse.h"
#include "compiler/tape.h"
#include "compiler/user_rule.h"

#include <string.h>

static LLVMValueRef tape_field(ude_reverse *r, unsigned field) {
  ude_walk    *walk  = r->emit.walk;
  LLVMValueRef index = LLVMConstInt(walk->type_i64, field, false);
  return LLVMBuildInBoundsGEP2(walk->builder, walk->type_ptr, r->tape, &index, 1, "");
}

void ude_reverse_tape_out(ude_reverse *r) {
  LLVMBuilderRef b = r->emit.walk->builder;
  r->uses_tape     = true;
  if (r->nested) {
    return;
  }
  LLVMBuildStore(b, LLVMBuildLoad2(b, r->emit.walk->type_ptr, r->top, ""), tape_field(r, 0));
}

void ude_reverse_tape_in(ude_reverse *r) {
  LLVMBuilderRef b    = r->emit.walk->builder;
  LLVMTypeRef    type = r->emit.walk->type_ptr;
  if (r->nested) {
    return;
  }
  LLVMBuildStore(b, LLVMBuildLoad2(b, type, tape_field(r, 0), ""), r->top);
  LLVMBuildStore(b, LLVMBuildLoad2(b, type, tape_field(r, 1), ""), r->end);
}

void ude_reverse_frame_failure(ude_reverse *r, LLVMValueRef pointer) {
  ude_walk         *walk = r->emit.walk;
  LLVMBuilderRef    b    = walk->builder;
  LLVMBasicBlockRef on   = LLVMAppendBasicBlockInContext(walk->context, r->emit.function, "");
  LLVMValueRef      none = LLVMBuildICmp(b, LLVMIntEQ, pointer, LLVMConstNull(walk->type_ptr), "");
  LLVMBuildCondBr(b, none, r->fail, on);
  LLVMPositionBuilderAtEnd(b, on);
}

/* Memory whose shadows hold shadow pointers: those are copied in the forward sweep. */
static bool holds_shadow_pointers(ude_reverse *r, LLVMValueRef pointer) {
  ude_walk *walk = r->emit.walk;
  int       node = ude_walk_target(walk, pointer);
  if (node < 0 || !walk->node[node].shadowed || walk->node[node].pointee < 0) {
    return false;
  }
  return walk->node[ude_walk_find(walk, walk->node[node].pointee)].shadowed;
}

/* Adjoints that come from outside are not zero in the forward sweep: they must not be copied as if they were
 * shadow pointers. */
static bool is_outside(ude_reverse *r, LLVMValueRef pointer) {
  ude_walk *walk = r->emit.walk;
  int       node = ude_walk_target(walk, pointer);
  return node >= 0 && walk->node[node].outside;
}

bool ude_reverse_is_sink(ude_reverse *r, LLVMValueRef pointer) {
  ude_walk *walk = r->emit.walk;
  int       node = ude_walk_target(walk, pointer);
  return r->alone && node >= 0 && walk->node[node].outside && !walk->node[node].read;
}

static void store_pointers(ude_reverse *r, LLVMTypeRef type, LLVMValueRef shadow, LLVMValueRef to,
                           unsigned align) {
  ude_emit      *emit = &r->emit;
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMTypeKind   kind = LLVMGetTypeKind(type);
  if (kind == LLVMPointerTypeKind || kind == LLVMIntegerTypeKind) {
    ude_emit_store_shadow(emit, type, shadow, to, align);
    return;
  }
  unsigned parts = kind == LLVMStructTypeKind  ? LLVMCountStructElementTypes(type)
                   : kind == LLVMArrayTypeKind ? (unsigned)LLVMGetArrayLength2(type)
                                               : 0;
  for (unsigned k = 0; k < parts; k++) {
    bool        record = kind == LLVMStructTypeKind;
    LLVMTypeRef part   = record ? LLVMStructGetTypeAtIndex(type, k) : LLVMGetElementType(type);
    if (!ude_type_has_pointer(part)) {
      continue;
    }
    uint64_t     offset = record ? LLVMOffsetOfElement(emit->walk->layout, type, k)
                                 : k * LLVMABISizeOfType(emit->walk->layout, part);
    LLVMValueRef at     = LLVMConstInt(emit->walk->type_i64, offset, false);
    store_pointers(r, part, LLVMBuildExtractValue(b, shadow, k, ""),
                   LLVMBuildInBoundsGEP2(b, emit->walk->type_i8, to, &at, 1, ""), align);
  }
}

static void access(ude_reverse *r, LLVMValueRef i) {
  ude_emit    *emit    = &r->emit;
  bool         store   = LLVMGetInstructionOpcode(i) == LLVMStore;
  LLVMValueRef pointer = LLVMGetOperand(i, store);
  unsigned     align   = LLVMGetAlignment(i);
  if (store && ude_reverse_is_sink(r, pointer) && !LLVMGetVolatile(i)) {
    return;
  }
  ude_emit_copy(emit, i);
  if (!store) {
    if (!ude_emit_wants_shadow(emit, i)) {
      return;
    }
    LLVMTypeRef type = LLVMTypeOf(i);
    if (is_outside(r, pointer) && LLVMGetTypeKind(type) != LLVMPointerTypeKind) {
      ude_refuse(emit->walk, i, "a read of a pointer",
                 "it shares memory with the inputs or outputs",
                 "keep pointers and numbers in separate objects");
    }
    ude_emit_set(emit, i, NULL,
                 ude_emit_load_shadow(emit, type, ude_emit_shadow(emit, pointer), align));
    return;
  }
  LLVMValueRef value  = LLVMGetOperand(i, 0);
  LLVMTypeRef  type   = LLVMTypeOf(value);
  bool         points = ude_type_has_pointer(type) || ude_emit_wants_shadow(emit, value);
  if (!points || !ude_access_holds_pointers(emit->walk, i)) {
    return;
  }
  if (is_outside(r, pointer) && LLVMGetTypeKind(type) != LLVMPointerTypeKind) {
    ude_refuse(emit->walk, i, "a write of a pointer", "it shares memory with the inputs or outputs",
               "keep pointers and numbers in separate objects");
  }
  store_pointers(r, type, ude_emit_shadow(emit, value), ude_emit_shadow(emit, pointer), align);
}

/* ---------------------------------------------------------------------------- local objects -- */

static LLVMValueRef zeroed_frame_part(ude_reverse *r, uint64_t size) {
  ude_walk       *walk  = r->emit.walk;
  LLVMBuilderRef  b     = walk->builder;
  ude_loop_frame *frame = &r->loop[0];
  if (!frame->size) {
    frame->size = LLVMPointerSize(walk->layout);
  }
  uint64_t     at     = (frame->size + 15) / 16 * 16;
  LLVMValueRef offset = LLVMConstInt(walk->type_i64, at, false);
  LLVMValueRef base   = LLVMBuildLoad2(b, walk->type_ptr, frame->sweep, "");
  frame->size         = at + size;
  return LLVMBuildInBoundsGEP2(b, walk->type_i8, base, &offset, 1, "");
}

/* The shadow must live until the reverse sweep has passed: in the prologue of a map, in the frame of a
 * split function, on the tape for objects of variable size. */
static void local_object(ude_reverse *r, LLVMValueRef i, int block) {
  ude_emit      *emit  = &r->emit;
  ude_walk      *walk  = emit->walk;
  LLVMBuilderRef b     = walk->builder;
  LLVMTypeRef    type  = LLVMGetAllocatedType(i);
  LLVMValueRef   count = LLVMGetOperand(i, 0);
  bool           fixed = block == 0 && LLVMIsAConstantInt(count);
  LLVMValueRef   one   = LLVMConstInt(walk->type_i64, LLVMABISizeOfType(walk->layout, type), false);
  unsigned       align = LLVMGetAlignment(i) < 16 ? 16 : LLVMGetAlignment(i);
  bool           wants = ude_emit_wants_shadow(emit, i);
  LLVMValueRef   shadow  = NULL;
  LLVMBasicBlockRef here = LLVMGetInsertBlock(b);
  if (fixed) {
    LLVMPositionBuilderAtEnd(b, emit->prologue);
  }
  LLVMValueRef copy = ude_emit_copy(emit, i);
  LLVMValueRef n    = LLVMBuildIntCast2(b, LLVMGetOperand(copy, 0), walk->type_i64, false, "");
  LLVMValueRef size = LLVMBuildMul(b, n, one, "");
  if (wants && fixed && !r->split) {
    shadow = LLVMBuildArrayAlloca(b, type, count, "");
    LLVMSetAlignment(shadow, align);
    LLVMBuildMemSet(b, shadow, LLVMConstNull(walk->type_i8), size, align);
  }
  LLVMPositionBuilderAtEnd(b, here);
  if (wants && fixed && r->split) {
    shadow = zeroed_frame_part(r, LLVMConstIntGetZExtValue(one) * LLVMConstIntGetZExtValue(count));
    LLVMBuildMemSet(b, shadow, LLVMConstNull(walk->type_i8), size, 16);
  } else if (wants && !shadow) {
    LLVMValueRef arguments[2] = {r->tape, size};
    LLVMTypeRef  types[2]     = {walk->type_ptr, walk->type_i64};
    ude_reverse_tape_out(r);
    shadow = ude_emit_call(emit, "ude_tape_zeroed", walk->type_ptr, arguments, types, 2);
    ude_reverse_tape_in(r);
    ude_reverse_frame_failure(r, shadow);
  }
  ude_emit_set(emit, i, NULL, shadow);
}

static void call(ude_reverse *r, LLVMValueRef i) {
  ude_emit  *emit = &r->emit;
  ude_walk  *walk = emit->walk;
  ude_callee kind = ude_call_kind(walk, i);
  switch (kind) {
  case UDE_CALLEE_BODY:
  case UDE_CALLEE_INDIRECT: ude_reverse_sweep_call(r, i); return;
  case UDE_CALLEE_MALLOC:
  case UDE_CALLEE_CALLOC:
  case UDE_CALLEE_REALLOC:
  case UDE_CALLEE_FREE: ude_emit_heap(emit, i, kind); return;
  case UDE_CALLEE_SHADOW_ALLOC:
  case UDE_CALLEE_SHADOW_GROW: ude_emit_derivative_memory(emit, i, kind, NULL); return;
  case UDE_CALLEE_USER: ude_reverse_user_sweep(r, i); return;
  case UDE_CALLEE_INACTIVE:
    ude_user_rule_check_inactive(walk, i);
    ude_emit_copy(emit, i);
    return;
  case UDE_CALLEE_TAKE:
    ude_reverse_tape_out(r);
    ude_emit_derivative_memory(emit, i, kind, r->tape);
    ude_reverse_tape_in(r);
    return;
  case UDE_CALLEE_TAPE:
    /* What an inner derivative took is released with the tape of this one: its shadow is still needed. */
    if (LLVMGetTypeKind(LLVMTypeOf(i)) == LLVMVoidTypeKind &&
        strcmp(ude_call_name(i), "ude_tape_fail") != 0) {
      return;
    }
    ude_emit_copy(emit, i);
    return;
  case UDE_CALLEE_COPY: {
    LLVMValueRef to = LLVMGetArgOperand(i, 0), from = LLVMGetArgOperand(i, 1);
    if (ude_reverse_is_sink(r, to)) {
      return;
    }
    LLVMValueRef copy = ude_emit_copy(emit, i);
    if (!holds_shadow_pointers(r, to) || !holds_shadow_pointers(r, from)) {
      return;
    }
    if (is_outside(r, to) || is_outside(r, from)) {
      ude_refuse_call(walk, i, "it copies pointers from or to memory of the inputs or outputs",
                      "copy the members one by one");
    }
    LLVMBuildMemMove(walk->builder, ude_emit_shadow(emit, to), 1, ude_emit_shadow(emit, from), 1,
                     LLVMGetArgOperand(copy, 2));
    return;
  }
  case UDE_CALLEE_IGNORED:
    if (strncmp(ude_call_name(i), "llvm.lifetime.", 14) !=
        0) { /* the reverse sweep may read what it ends */
      ude_emit_copy(emit, i);
    }
    return;
  case UDE_CALLEE_SET:
    if (!ude_reverse_is_sink(r, LLVMGetArgOperand(i, 0))) {
      ude_emit_copy(emit, i);
    }
    return;
  case UDE_CALLEE_UNKNOWN:
    if (!ude_call_is_harmless(walk, i)) {
      ude_user_rule_refuse(walk, i);
    }
    ude_emit_copy(emit, i);
    return;
  default: ude_emit_copy(emit, i); return;
  }
}

static void instruction(ude_reverse *r, LLVMValueRef i, int block) {
  ude_emit *emit = &r->emit;
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad:
  case LLVMStore: access(r, i); return;
  case LLVMAlloca: local_object(r, i, block); return;
  case LLVMGetElementPtr: ude_emit_address(emit, i); return;
  case LLVMCall: call(r, i); return;
  default: break;
  }
  ude_emit_copy(emit, i);
  if (!ude_emit_wants_shadow(emit, i)) {
    return;
  }
  LLVMValueRef shadow = ude_emit_move(emit, i);
  if (!shadow) {
    ude_refuse(emit->walk, i, "a pointer", "how it is computed cannot be followed",
               "compute it by indexing");
  }
  ude_emit_set(emit, i, NULL, shadow);
}

void ude_reverse_sweep_block(ude_reverse *r, int block) {
  ude_emit             *emit   = &r->emit;
  ude_walk             *walk   = emit->walk;
  const ude_flow       *flow   = &walk->function[emit->source].flow;
  const ude_flow_block *at     = &flow->block[block];
  bool                  header = at->loop && flow->loop[at->loop].header == block;
  bool                  parted = !header;
  LLVMPositionBuilderAtEnd(walk->builder, emit->block[block]);
  for (LLVMValueRef i = LLVMGetFirstInstruction(at->block); i; i = LLVMGetNextInstruction(i)) {
    ude_walk_check(walk, i);
    if (LLVMIsAPHINode(i)) {
      ude_emit_phi(emit, i);
      continue;
    }
    if (!parted) {
      ude_loop_number(
          r, at->loop); /* room between the phis and the rest, for the frame of this iteration */
      LLVMBasicBlockRef rest = LLVMAppendBasicBlockInContext(walk->context, emit->function, "");
      LLVMPositionBuilderAtEnd(walk->builder, rest);
      r->body[block] = rest;
      parted         = true;
    }
    if (LLVMGetInstructionOpcode(i) == LLVMRet) {
      if (!r->split) {
        LLVMBuildBr(walk->builder, r->inverse[block]);
      }
    } else if (LLVMIsATerminatorInst(i)) {
      ude_emit_branch(emit, i);
    } else {
      int id = ude_walk_value(walk, i);
      instruction(r, i, block);
      r->after_block[id] = LLVMGetInsertBlock(walk->builder);
      r->after[id]       = LLVMGetLastInstruction(r->after_block[id]);
    }
  }
  emit->last[block] = LLVMGetInsertBlock(walk->builder);
}
