/**
 * @file lanes_flow.c
 * @brief A function for several lanes: its control flow as it was, or in a line under masks.
 */
#include "compiler/lanes.h"
#include "compiler/walker_clone.h"

/* An edge is taken by `lanes` (NULL: all that are in the block), if `condition` holds (NULL: it does). */
typedef struct edge {
  LLVMValueRef lanes, condition;
} edge;

static const ude_flow *flow_of(const ude_lane_emit *emit) {
  return &emit->walk->function[emit->source].flow;
}

static bool for_some(const ude_lane_emit *emit, int block) {
  const ude_lane_function *function = &emit->facts->function[emit->source];
  return function->partial || function->some[block];
}

static LLVMValueRef new_slot(ude_lane_emit *emit, LLVMTypeRef type) {
  LLVMPositionBuilderBefore(emit->walk->aside,
                            LLVMGetBasicBlockTerminator(LLVMGetEntryBasicBlock(emit->function)));
  return LLVMBuildAlloca(emit->walk->aside, type, "");
}

static LLVMTypeRef type_of(ude_lane_emit *emit, LLVMValueRef value) {
  return ude_lanes_varies(emit->facts, value) ? ude_lane_type(emit, LLVMTypeOf(value))
                                              : LLVMTypeOf(value);
}

static LLVMTypeRef mask_type(ude_lane_emit *emit, int block) {
  return for_some(emit, block) ? ude_lane_mask_type(emit) : emit->walk->type_i1;
}

static LLVMBasicBlockRef new_block(ude_lane_emit *emit) {
  return LLVMAppendBasicBlockInContext(emit->walk->context, emit->function, "");
}

/* ------------------------------------------------------------------------------------- edges -- */

static LLVMValueRef both(ude_lane_emit *emit, LLVMValueRef a, LLVMValueRef b) {
  return !a ? b : !b ? a : LLVMBuildAnd(emit->walk->builder, a, b, "");
}

/* The edge as lanes, and as one bit. */
static LLVMValueRef edge_lanes(ude_lane_emit *emit, edge e) {
  LLVMValueRef all = e.condition ? ude_lane_splat(emit, e.condition) : NULL;
  LLVMValueRef set = both(emit, e.lanes, all);
  return set ? set : ude_lane_full_mask(emit);
}

static LLVMValueRef edge_bit(ude_lane_emit *emit, edge e) {
  LLVMValueRef any = e.lanes ? ude_lane_any(emit, e.lanes) : NULL;
  LLVMValueRef bit = both(emit, any, e.condition);
  return bit ? bit : LLVMConstInt(emit->walk->type_i1, 1, false);
}

/* Values of the phis of `to` on the way from `from`. */
static void fill_phis(ude_lane_emit *emit, int from, int to, const edge *e) {
  ude_walk       *walk = emit->walk;
  const ude_flow *flow = flow_of(emit);
  for (LLVMValueRef phi                = LLVMGetFirstInstruction(flow->block[to].block);
       phi && LLVMIsAPHINode(phi); phi = LLVMGetNextInstruction(phi)) {
    LLVMValueRef incoming = NULL;
    for (unsigned k = 0; k < LLVMCountIncoming(phi) && !incoming; k++) {
      if (LLVMGetIncomingBlock(phi, k) == flow->block[from].block) {
        incoming = LLVMGetIncomingValue(phi, k);
      }
    }
    bool         varies = ude_lanes_varies(emit->facts, phi);
    LLVMValueRef value = varies ? ude_lane_vector(emit, incoming) : ude_lane_scalar(emit, incoming);
    LLVMValueRef slot  = emit->phi_slot[ude_walk_value(walk, phi)];
    if (e && (e->lanes || e->condition)) {
      LLVMValueRef old    = LLVMBuildLoad2(walk->builder, LLVMTypeOf(value), slot, "");
      LLVMValueRef choice = varies && e->lanes ? edge_lanes(emit, *e) : edge_bit(emit, *e);
      value               = ude_lane_blend(emit, choice, value, old);
    }
    LLVMBuildStore(walk->builder, value, slot);
  }
}

static void follow(ude_lane_emit *emit, int from, int to, edge e) {
  LLVMBuilderRef  b    = emit->walk->builder;
  const ude_flow *flow = flow_of(emit);
  int             loop = flow->block[to].loop;
  bool back = loop > 0 && flow->loop[loop].header == to && ude_lanes_in_loop(flow, from, loop);
  LLVMValueRef slot   = back ? emit->back_slot[to] : emit->mask_slot[to];
  LLVMValueRef taken  = for_some(emit, to) ? edge_lanes(emit, e) : edge_bit(emit, e);
  LLVMValueRef before = LLVMBuildLoad2(b, mask_type(emit, to), slot, "");
  fill_phis(emit, from, to, &e);
  LLVMBuildStore(b, LLVMBuildOr(b, before, taken, ""), slot);
}

static LLVMValueRef negated(ude_lane_emit *emit, LLVMValueRef value) {
  return LLVMBuildNot(emit->walk->builder, value, "");
}

static edge make_edge(ude_lane_emit *emit, LLVMValueRef condition, bool varies) {
  return varies ? (edge){.lanes = both(emit, emit->mask, condition)}
                : (edge){.lanes = emit->mask, .condition = condition};
}

static int target(ude_lane_emit *emit, LLVMValueRef terminator, unsigned k) {
  return ude_map_get(&emit->walk->ids, LLVMGetSuccessor(terminator, k));
}

static void branch(ude_lane_emit *emit, int from, LLVMValueRef end) {
  if (!LLVMIsConditional(end)) {
    follow(emit, from, target(emit, end, 0), (edge){.lanes = emit->mask});
    return;
  }
  LLVMValueRef condition = LLVMGetCondition(end);
  bool         varies    = ude_lanes_varies(emit->facts, condition);
  LLVMValueRef yes       = ude_lane_scalar(emit, condition);
  follow(emit, from, target(emit, end, 0), make_edge(emit, yes, varies));
  follow(emit, from, target(emit, end, 1), make_edge(emit, negated(emit, yes), varies));
}

static void branch_switch(ude_lane_emit *emit, int from, LLVMValueRef end) {
  LLVMBuilderRef b      = emit->walk->builder;
  LLVMValueRef   number = LLVMGetOperand(end, 0);
  bool           varies = ude_lanes_varies(emit->facts, number);
  LLVMValueRef   value = ude_lane_scalar(emit, number), none = NULL;
  for (unsigned k = 1; k < LLVMGetNumSuccessors(end); k++) {
    LLVMValueRef one = LLVMGetOperand(end, 2 * k);
    LLVMValueRef is =
        LLVMBuildICmp(b, LLVMIntEQ, value, varies ? ude_lane_splat(emit, one) : one, "");
    LLVMValueRef isnt = negated(emit, is);
    none              = none ? LLVMBuildAnd(b, none, isnt, "") : isnt;
    follow(emit, from, target(emit, end, k), make_edge(emit, is, varies));
  }
  follow(emit, from, target(emit, end, 0),
         none ? make_edge(emit, none, varies) : (edge){.lanes = emit->mask});
}

static void give_back(ude_lane_emit *emit, LLVMValueRef end) {
  LLVMBuilderRef b = emit->walk->builder;
  if (!emit->result_slot) {
    return;
  }
  LLVMValueRef value = ude_lane_vector(emit, LLVMGetOperand(end, 0));
  if (emit->mask) {
    LLVMValueRef old = LLVMBuildLoad2(b, LLVMTypeOf(value), emit->result_slot, "");
    value            = ude_lane_blend(emit, emit->mask, value, old);
  }
  LLVMBuildStore(b, value, emit->result_slot);
}

/* ------------------------------------------------------------------------------ in a line -- */

static void emit_body(ude_lane_emit *emit, int block) {
  ude_walk *walk = emit->walk;
  for (LLVMValueRef i = LLVMGetFirstInstruction(flow_of(emit)->block[block].block); i;
       i              = LLVMGetNextInstruction(i)) {
    switch (LLVMGetInstructionOpcode(i)) {
    case LLVMPHI:
      ude_lane_set(emit, i,
                   LLVMBuildLoad2(walk->builder, type_of(emit, i),
                                  emit->phi_slot[ude_walk_value(walk, i)], ""));
      break;
    case LLVMBr: branch(emit, block, i); break;
    case LLVMSwitch: branch_switch(emit, block, i); break;
    case LLVMRet: give_back(emit, i); break;
    case LLVMUnreachable: break;
    default: ude_lane_instruction(emit, i); break;
    }
  }
}

/* The block, if any lane comes to it. */
static void emit_block(ude_lane_emit *emit, int block) {
  LLVMBuilderRef    b    = emit->walk->builder;
  LLVMBasicBlockRef body = new_block(emit), next = new_block(emit);
  LLVMValueRef      mask = NULL;
  if (block == 0) {
    mask = emit->facts->function[emit->source].partial
               ? LLVMGetParam(emit->function, LLVMCountParams(emit->function) - 1)
               : NULL;
    LLVMBuildBr(b, body);
  } else {
    mask = LLVMBuildLoad2(b, mask_type(emit, block), emit->mask_slot[block], "");
    LLVMBuildCondBr(b, for_some(emit, block) ? ude_lane_any(emit, mask) : mask, body, next);
    mask = for_some(emit, block) ? mask : NULL;
  }
  LLVMPositionBuilderAtEnd(b, body);
  emit->mask    = mask;
  emit->current = body;
  emit_body(emit, block);
  LLVMBuildBr(b, next);
  LLVMPositionBuilderAtEnd(b, next);
  emit->mask = NULL;
}

static void emit_items(ude_lane_emit *emit, int loop);

static LLVMValueRef anybody(ude_lane_emit *emit, int block) {
  LLVMValueRef mask =
      LLVMBuildLoad2(emit->walk->builder, mask_type(emit, block), emit->mask_slot[block], "");
  return for_some(emit, block) ? ude_lane_any(emit, mask) : mask;
}

/* Once more while a lane comes back. Masks of blocks within begin anew each time, those of exits gather. */
static void emit_loop(ude_lane_emit *emit, int loop) {
  LLVMBuilderRef    b      = emit->walk->builder;
  const ude_flow   *flow   = flow_of(emit);
  int               header = flow->loop[loop].header;
  LLVMBasicBlockRef head = new_block(emit), after = new_block(emit);
  LLVMBuildCondBr(b, anybody(emit, header), head, after);
  LLVMPositionBuilderAtEnd(b, head);
  for (int k = 0; k < flow->blocks; k++) {
    if (k != header && ude_lanes_in_loop(flow, k, loop)) {
      LLVMBuildStore(b, LLVMConstNull(mask_type(emit, k)), emit->mask_slot[k]);
    }
  }
  LLVMBuildStore(b, LLVMConstNull(mask_type(emit, header)), emit->back_slot[header]);
  emit_items(emit, loop);
  LLVMValueRef again = LLVMBuildLoad2(b, mask_type(emit, header), emit->back_slot[header], "");
  LLVMBuildStore(b, again, emit->mask_slot[header]);
  LLVMBuildCondBr(b, anybody(emit, header), head, after);
  LLVMPositionBuilderAtEnd(b, after);
}

/* Blocks of a loop and loops within it, in the order of first appearance in reverse postorder: after what leads there. */
static void emit_items(ude_lane_emit *emit, int loop) {
  const ude_flow *flow = flow_of(emit);
  for (int k = 0; k < flow->blocks; k++) {
    int own = flow->block[k].loop;
    if (own == loop) {
      emit_block(emit, k);
    } else if (own > 0 && flow->loop[own].header == k && flow->loop[own].parent == loop) {
      emit_loop(emit, own);
    }
  }
}

static void emit_line(ude_lane_emit *emit) {
  ude_walk       *walk = emit->walk;
  LLVMBuilderRef  b    = walk->builder;
  const ude_flow *flow = flow_of(emit);
  for (int k = 1; k < flow->blocks; k++) {
    emit->mask_slot[k] = new_slot(emit, mask_type(emit, k));
    LLVMBuildStore(b, LLVMConstNull(mask_type(emit, k)), emit->mask_slot[k]);
    int loop = flow->block[k].loop;
    if (loop > 0 && flow->loop[loop].header == k) {
      emit->back_slot[k] = new_slot(emit, mask_type(emit, k));
    }
  }
  emit_items(emit, 0);
  if (emit->result_slot) {
    LLVMTypeRef type = LLVMGetReturnType(LLVMGlobalGetValueType(emit->function));
    LLVMBuildRet(b, LLVMBuildLoad2(b, type, emit->result_slot, ""));
  } else {
    LLVMBuildRetVoid(b);
  }
}

/* ------------------------------------------------------------------------------- as it was -- */

static void emit_direct_block(ude_lane_emit *emit, int block) {
  ude_walk       *walk = emit->walk;
  LLVMBuilderRef  b    = walk->builder;
  const ude_flow *flow = flow_of(emit);
  LLVMPositionBuilderAtEnd(b, emit->block[block]);
  for (LLVMValueRef i = LLVMGetFirstInstruction(flow->block[block].block); i;
       i              = LLVMGetNextInstruction(i)) {
    switch (LLVMGetInstructionOpcode(i)) {
    case LLVMPHI:
      ude_lane_set(
          emit, i,
          LLVMBuildLoad2(b, type_of(emit, i), emit->phi_slot[ude_walk_value(walk, i)], ""));
      break;
    case LLVMBr:
    case LLVMSwitch: {
      for (int s = 0; s < flow->block[block].succs; s++) {
        fill_phis(emit, block, flow->block[block].succ[s], NULL);
      }
      LLVMValueRef end         = LLVMInstructionClone(i);
      bool         conditional = LLVMGetInstructionOpcode(i) == LLVMSwitch || LLVMIsConditional(i);
      LLVMValueRef condition   = conditional ? ude_lane_scalar(emit, LLVMGetOperand(i, 0)) : NULL;
      LLVMInsertIntoBuilder(b, end);
      ude_emit_forget_location(end);
      for (unsigned k = 0; k < LLVMGetNumSuccessors(i); k++) {
        LLVMSetSuccessor(end, k, emit->block[target(emit, i, k)]);
      }
      if (conditional) {
        LLVMSetOperand(end, 0, condition);
      }
      break;
    }
    case LLVMRet:
      if (!LLVMGetNumOperands(i)) {
        LLVMBuildRetVoid(b);
      } else {
        LLVMValueRef value = LLVMGetOperand(i, 0);
        LLVMBuildRet(b, emit->facts->function[emit->source].varies ? ude_lane_vector(emit, value)
                                                                   : ude_lane_scalar(emit, value));
      }
      break;
    case LLVMUnreachable: LLVMBuildUnreachable(b); break;
    default: ude_lane_instruction(emit, i); break;
    }
  }
}

static void emit_direct(ude_lane_emit *emit) {
  const ude_flow *flow = flow_of(emit);
  emit->block = ude_walk_alloc(emit->walk, (size_t)flow->blocks, sizeof(LLVMBasicBlockRef));
  for (int k = 0; k < flow->blocks; k++) {
    emit->block[k] = new_block(emit);
  }
  LLVMBuildBr(emit->walk->builder, emit->block[0]);
  for (int k = 0; k < flow->blocks; k++) {
    emit_direct_block(emit, k);
  }
}

/* ---------------------------------------------------------------------------------- function -- */

void ude_lane_function_emit(ude_lane_emit *emit, int index) {
  ude_walk                *walk   = emit->walk;
  const ude_lane_function *facts  = &emit->facts->function[index];
  const ude_function      *source = &walk->function[index];
  size_t                   blocks = (size_t)source->flow.blocks;
  LLVMBasicBlockRef        prologue;
  emit->function    = emit->emitted[index];
  emit->source      = index;
  emit->mask        = NULL;
  emit->current     = NULL;
  emit->result_slot = NULL;
  emit->mask_slot   = ude_walk_alloc(walk, blocks, sizeof(LLVMValueRef));
  emit->back_slot   = ude_walk_alloc(walk, blocks, sizeof(LLVMValueRef));
  /* slots stand in a block of their own, in front of a jump */
  prologue = new_block(emit);
  LLVMPositionBuilderAtEnd(walk->builder, prologue);
  LLVMBasicBlockRef first = new_block(emit);
  LLVMBuildBr(walk->builder, first);
  LLVMPositionBuilderAtEnd(walk->builder, first);
  for (unsigned k = 0; k < LLVMCountParams(source->value); k++) {
    int id          = ude_walk_value(walk, LLVMGetParam(source->value, k));
    emit->value[id] = LLVMGetParam(emit->function, k);
  }
  for (int v = source->first_value; v < source->first_value + source->values; v++) {
    LLVMValueRef i = walk->value[v].value;
    if (walk->value[v].block < 0 || LLVMGetTypeKind(LLVMTypeOf(i)) == LLVMVoidTypeKind) {
      continue;
    }
    if (LLVMIsAPHINode(i)) {
      emit->phi_slot[v] = new_slot(emit, type_of(emit, i));
    }
    if (facts->linear && ude_lanes_crosses(walk, i)) {
      emit->slot[v] = new_slot(emit, type_of(emit, i));
    }
  }
  LLVMTypeRef result = LLVMGetReturnType(LLVMGlobalGetValueType(emit->function));
  if (!facts->linear) {
    emit_direct(emit);
    return;
  }
  if (LLVMGetTypeKind(result) != LLVMVoidTypeKind) {
    emit->result_slot = new_slot(emit, result);
  }
  emit_line(emit);
}
