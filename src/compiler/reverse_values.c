/**
 * @file reverse_values.c
 * @brief Primal values and shadow pointers in the reverse sweep: recomputed where that is cheap and needs
 *        only what is at hand, otherwise kept in slots that the forward sweep fills.
 */
#include "compiler/reverse.h"

#include <stdio.h>

enum { MOST_POINTER = 12 };

LLVMValueRef ude_reverse_variable(ude_reverse *r, bool back, LLVMTypeRef type,
                                  LLVMValueRef initial) {
  LLVMBuilderRef b = r->emit.walk->aside;
  LLVMPositionBuilderAtEnd(b, back ? r->back_prologue : r->emit.prologue);
  LLVMValueRef variable = LLVMBuildAlloca(b, type, "");
  if (initial) {
    LLVMBuildStore(b, initial, variable);
  }
  return variable;
}

static int *slot_index(ude_reverse *r, int keep, int id, int block) {
  switch (keep) {
  case UDE_KEEP_LAST: return &r->loop[id].last_slot;
  case UDE_KEEP_BASE: return &r->loop[id].base_slot;
  default: return id >= 0 ? &r->slot_of[keep][id] : &r->pred_slot[block];
  }
}

static uint64_t round_up(uint64_t value, uint64_t to) {
  return (value + to - 1) / to * to;
}

int ude_reverse_slot(ude_reverse *r, int keep, int id, int block, LLVMTypeRef type) {
  ude_walk *walk  = r->emit.walk;
  int      *known = slot_index(r, keep, id, block);
  if (*known) {
    return *known - 1;
  }
  r->slot              = ude_walk_grow(walk, r->slot, r->slots, &r->slot_capacity, sizeof *r->slot);
  const ude_flow *flow = &walk->function[r->emit.source].flow;
  ude_slot       *slot = &r->slot[r->slots];
  int             loop = block < 0 || block == flow->blocks ? 0 : flow->block[block].loop;
  if (keep >= UDE_KEEPS) {
    loop = flow->loop[id].parent;
  }
  bool bit = LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) == 1;
  *slot    = (ude_slot){
         .keep = keep, .id = id, .block = block, .loop = loop, .type = bit ? walk->type_i8 : type};
  uint64_t size = LLVMABISizeOfType(walk->layout, slot->type);
  if (!loop && !r->split) {
    slot->variable = ude_reverse_variable(r, false, slot->type, NULL);
  } else if (r->loop[loop].rows) {
    slot->offset = r->loop[loop].size;
    r->loop[loop].size += round_up(size, 8);
  } else {
    ude_loop_frame *frame = &r->loop[loop];
    uint64_t        align = LLVMABIAlignmentOfType(walk->layout, slot->type);
    if (!frame->size) {
      frame->size = LLVMPointerSize(walk->layout); /* the link */
    }
    slot->offset = round_up(frame->size, align > 16 ? 16 : align);
    frame->size  = slot->offset + size;
  }
  *known = ++r->slots;
  return r->slots - 1;
}

static LLVMValueRef slot_address(ude_reverse *r, const ude_slot *slot, bool back) {
  ude_walk       *walk  = r->emit.walk;
  LLVMBuilderRef  b     = walk->builder;
  ude_loop_frame *frame = &r->loop[slot->loop];
  if (slot->variable) {
    return slot->variable;
  }
  LLVMValueRef offset = LLVMConstInt(walk->type_i64, slot->offset, false);
  if (frame->rows) {
    LLVMValueRef rows  = back ? ude_loop_back_base(r, slot->loop)
                              : LLVMBuildLoad2(b, walk->type_ptr, frame->sweep, "");
    LLVMValueRef trip  = back ? ude_loop_back_trip(r, slot->loop) : frame->trip_sweep;
    LLVMValueRef index = back ? ude_loop_back_index(r, slot->loop) : frame->number;
    LLVMValueRef bytes = LLVMBuildMul(b, trip, offset, "");
    LLVMValueRef row   = LLVMBuildInBoundsGEP2(b, walk->type_i8, rows, &bytes, 1, "");
    return LLVMBuildInBoundsGEP2(b, slot->type, row, &index, 1, "");
  }
  LLVMValueRef base = LLVMBuildLoad2(b, walk->type_ptr, back ? frame->back : frame->sweep, "");
  return LLVMBuildInBoundsGEP2(b, walk->type_i8, base, &offset, 1, "");
}

void ude_reverse_name_slot(ude_reverse *r, LLVMValueRef access, const char *kind, int index) {
  char   name[256];
  size_t length = 0;
  if (r->nested) {
    snprintf(name, sizeof name, "%s.%d.%.200s", kind, index,
             LLVMGetValueName2(r->emit.function, &length));
    ude_emit_slot(&r->emit, access, name);
  }
}

static void align_access(ude_reverse *r, LLVMValueRef access, LLVMTypeRef type,
                         const ude_slot *slot) {
  if (!slot->variable) {
    ude_emit_apart(&r->emit, access, true);
    ude_reverse_name_slot(r, access, "slot", (int)(slot - r->slot));
  }
  unsigned align = LLVMABIAlignmentOfType(r->emit.walk->layout, type);
  unsigned most  = r->loop[slot->loop].rows ? 8 : 16;
  if (!slot->variable && align > most) {
    LLVMSetAlignment(access, most);
  }
}

LLVMValueRef ude_reverse_load_slot(ude_reverse *r, int index) {
  const ude_slot *slot = &r->slot[index];
  LLVMBuilderRef  b    = r->emit.walk->builder;
  LLVMValueRef    load = LLVMBuildLoad2(b, slot->type, slot_address(r, slot, true), "");
  align_access(r, load, slot->type, slot);
  return load;
}

void ude_reverse_store_slot(ude_reverse *r, int index, LLVMValueRef value) {
  const ude_slot *slot = &r->slot[index];
  LLVMBuilderRef  b    = r->emit.walk->builder;
  if (LLVMTypeOf(value) != slot->type) {
    value = LLVMBuildZExt(b, value, slot->type, "");
  }
  LLVMValueRef store = LLVMBuildStore(b, value, slot_address(r, slot, false));
  align_access(r, store, slot->type, slot);
}

/* ------------------------------------------------------------------------------- values -- */

static LLVMValueRef seen(ude_reverse *r, int what, int id) {
  bool here = r->seen_in[what][id] == LLVMGetInsertBlock(r->emit.walk->builder);
  return here ? r->seen[what][id] : NULL;
}

static LLVMValueRef see(ude_reverse *r, int what, int id, LLVMValueRef value) {
  r->seen[what][id]    = value;
  r->seen_in[what][id] = LLVMGetInsertBlock(r->emit.walk->builder);
  return value;
}

static LLVMValueRef keep(ude_reverse *r, LLVMValueRef value, int id) {
  ude_walk    *walk = r->emit.walk;
  LLVMTypeRef  type = LLVMTypeOf(value);
  int          slot = ude_reverse_slot(r, UDE_KEEP_PRIMAL, id, walk->value[id].block, type);
  LLVMValueRef kept = ude_reverse_load_slot(r, slot);
  return LLVMTypeOf(kept) == type ? kept : LLVMBuildTrunc(walk->builder, kept, type, "");
}

LLVMValueRef ude_reverse_need(ude_reverse *r, LLVMValueRef value) {
  ude_walk *walk = r->emit.walk;
  int       id   = ude_walk_value(walk, value);
  if (id < 0) {
    return value;
  }
  if ((LLVMIsAArgument(value) && !r->split) || ude_reverse_is_local_object(r, value)) {
    return r->emit.primal[id];
  }
  LLVMValueRef known = seen(r, UDE_KEEP_PRIMAL, id);
  if (known) {
    return known;
  }
  ude_induction of;
  if (ude_loop_induction(r, value, &of)) {
    bool pointer = LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMPointerTypeKind;
    if (!pointer || ude_reverse_cost(r, value) <= MOST_POINTER) {
      LLVMValueRef start = ude_reverse_need(r, of.start);
      return see(r, UDE_KEEP_PRIMAL, id, ude_loop_induction_value(r, value, &of, start));
    }
  }
  if (LLVMIsAArgument(value) || !ude_reverse_computes_again(r, value, id)) {
    return see(r, UDE_KEEP_PRIMAL, id, keep(r, value, id));
  }
  LLVMValueRef *operand =
      ude_walk_alloc(walk, (size_t)LLVMGetNumOperands(value), sizeof(LLVMValueRef));
  for (int k = 0; k < LLVMGetNumOperands(value); k++) {
    operand[k] = ude_reverse_need(r, LLVMGetOperand(value, (unsigned)k));
  }
  LLVMValueRef copy = LLVMInstructionClone(value);
  LLVMInsertIntoBuilder(walk->builder, copy);
  ude_emit_forget_location(copy);
  if (LLVMIsALoadInst(copy)) {
    ude_emit_apart(&r->emit, copy, false);
  }
  for (int k = 0; k < LLVMGetNumOperands(value); k++) {
    LLVMSetOperand(copy, (unsigned)k, operand[k]);
  }
  return see(r, UDE_KEEP_PRIMAL, id, copy);
}

LLVMValueRef ude_reverse_need_shadow(ude_reverse *r, LLVMValueRef pointer) {
  ude_emit *emit = &r->emit;
  ude_walk *walk = emit->walk;
  int       id   = ude_walk_value(walk, pointer);
  if (id < 0) {
    return ude_emit_constant_shadow(emit, pointer);
  }
  if (!emit->shadow[id]) {
    return LLVMConstNull(walk->type_ptr);
  }
  if (LLVMIsAArgument(pointer) && !r->split) {
    return emit->shadow[id];
  }
  LLVMValueRef known = seen(r, UDE_KEEP_SHADOW, id);
  if (known) {
    return known;
  }
  bool instruction = !LLVMIsAArgument(pointer);
  if (instruction && LLVMGetInstructionOpcode(pointer) == LLVMGetElementPtr) {
    unsigned      count   = (unsigned)LLVMGetNumOperands(pointer) - 1;
    LLVMValueRef *indices = ude_walk_alloc(walk, count, sizeof(LLVMValueRef));
    for (unsigned k = 0; k < count; k++) {
      indices[k] = ude_reverse_need(r, LLVMGetOperand(pointer, k + 1));
    }
    LLVMValueRef base = ude_reverse_need_shadow(r, LLVMGetOperand(pointer, 0));
    return see(r, UDE_KEEP_SHADOW, id, ude_emit_gep(emit, pointer, base, indices));
  }
  ude_induction of;
  if (ude_loop_induction(r, pointer, &of)) {
    LLVMValueRef start = ude_reverse_need_shadow(r, of.start);
    return see(r, UDE_KEEP_SHADOW, id, ude_loop_induction_value(r, pointer, &of, start));
  }
  if (instruction && LLVMIsAAllocaInst(pointer) && !r->split &&
      LLVMIsAAllocaInst(emit->shadow[id])) {
    return emit->shadow[id]; /* in the prologue, which dominates both sweeps */
  }
  int slot = ude_reverse_slot(r, UDE_KEEP_SHADOW, id, walk->value[id].block, walk->type_ptr);
  return see(r, UDE_KEEP_SHADOW, id, ude_reverse_load_slot(r, slot));
}
