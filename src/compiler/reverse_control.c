/**
 * @file reverse_control.c
 * @brief Control flow of the reverse sweep, and what the forward sweep keeps for it.
 */
#include "compiler/reverse.h"

static const ude_flow *flow_of(ude_reverse *r) {
  return &r->emit.walk->function[r->emit.source].flow;
}

/* -------------------------------------------------------------------------- reverse blocks -- */

static LLVMTypeRef index_type(ude_reverse *r, int count) {
  return count <= 256 ? r->emit.walk->type_i8 : r->emit.walk->type_i32;
}

/* What the phis of `block` hand to the values that came in from `pred`. */
static void hand_back(ude_reverse *r, int block, int pred, const LLVMValueRef *bars) {
  const ude_flow *flow = flow_of(r);
  int             n    = 0;
  for (LLVMValueRef i = LLVMGetFirstInstruction(flow->block[block].block); LLVMIsAPHINode(i);
       i              = LLVMGetNextInstruction(i), n++) {
    for (unsigned k = 0; bars[n] && k < LLVMCountIncoming(i); k++) {
      if (LLVMGetIncomingBlock(i, k) == flow->block[pred].block) {
        ude_reverse_add(r, LLVMGetIncomingValue(i, k), bars[n]);
        break;
      }
    }
  }
}

static void go_back(ude_reverse *r, int block, int pred, const LLVMValueRef *bars) {
  hand_back(r, block, pred, bars);
  ude_loop_enter_back(r, block, pred);
  LLVMBuildBr(r->emit.walk->builder, r->inverse[pred]);
}

void ude_reverse_leave_block(ude_reverse *r, int block) {
  ude_walk             *walk   = r->emit.walk;
  LLVMBuilderRef        b      = walk->builder;
  const ude_flow       *flow   = flow_of(r);
  const ude_flow_block *at     = &flow->block[block];
  bool                  header = at->loop && flow->loop[at->loop].header == block;
  size_t                phis   = 0;
  LLVMValueRef          first  = LLVMGetFirstInstruction(at->block);
  for (LLVMValueRef i = first; LLVMIsAPHINode(i); i = LLVMGetNextInstruction(i)) {
    phis++;
  }
  LLVMValueRef *bars = ude_walk_alloc(walk, phis + 1, sizeof(LLVMValueRef));
  phis               = 0;
  for (LLVMValueRef i = first; LLVMIsAPHINode(i); i = LLVMGetNextInstruction(i)) {
    bars[phis++] = ude_reverse_take(r, i);
  }
  if (!at->preds) {
    LLVMBuildBr(b, r->finish);
    return;
  }
  if (at->preds == 1 && !header) {
    go_back(r, block, at->pred[0], bars);
    return;
  }
  LLVMBasicBlockRef *edge = ude_walk_alloc(walk, (size_t)at->preds, sizeof(LLVMBasicBlockRef));
  for (int k = 0; k < at->preds; k++) {
    edge[k] = LLVMAppendBasicBlockInContext(walk->context, r->back_function, "");
  }
  ude_loop_frame *frame = &r->loop[at->loop];
  if (header && frame->counts) {
    LLVMTypeRef  i64   = walk->type_i64;
    LLVMValueRef count = LLVMBuildLoad2(b, i64, frame->count, "");
    LLVMValueRef zero = LLVMConstInt(i64, 0, false), one = LLVMConstInt(i64, 1, false);
    LLVMValueRef first_time = LLVMBuildICmp(b, LLVMIntEQ, count, zero, "");
    frame->popped           = first_time;
    int latch               = at->pred[0] == frame->latch ? 0 : 1;
    LLVMBuildCondBr(b, first_time, edge[1 - latch], edge[latch]);
    LLVMPositionBuilderAtEnd(b, edge[latch]);
    LLVMBuildStore(b, LLVMBuildSub(b, count, one, ""), frame->count);
  } else {
    LLVMTypeRef  type  = index_type(r, at->preds);
    int          slot  = ude_reverse_slot(r, 0, -1, block, type);
    LLVMValueRef index = ude_reverse_load_slot(r, slot);
    if (header) {
      frame->popped = index;
    }
    LLVMValueRef choice = LLVMBuildSwitch(b, index, edge[0], (unsigned)at->preds - 1);
    for (int k = 1; k < at->preds; k++) {
      LLVMAddCase(choice, LLVMConstInt(type, (unsigned)k, false), edge[k]);
    }
  }
  for (int k = 0; k < at->preds; k++) {
    LLVMPositionBuilderAtEnd(b, edge[k]);
    go_back(r, block, at->pred[k], bars);
  }
}

/* ------------------------------------------------------------ frames of the forward sweep -- */

/* The same by a call, which derivatives of this code understand. */
static LLVMValueRef take(ude_reverse *r, LLVMBasicBlockRef from, LLVMBasicBlockRef to,
                         LLVMValueRef bytes) {
  ude_walk      *walk         = r->emit.walk;
  LLVMBuilderRef b            = walk->builder;
  LLVMTypeRef    ptr          = walk->type_ptr;
  LLVMValueRef   arguments[2] = {r->tape, bytes};
  LLVMTypeRef    types[2]     = {ptr, walk->type_i64};
  r->uses_tape                = true;
  LLVMPositionBuilderAtEnd(b, from);
  LLVMValueRef block = ude_emit_call(&r->emit, "ude_tape_take", ptr, arguments, types, 2);
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntEQ, block, LLVMConstNull(ptr), ""), r->fail, to);
  LLVMValueRef start = LLVMGetFirstInstruction(to);
  if (start) {
    LLVMPositionBuilderBefore(b, start);
  } else {
    LLVMPositionBuilderAtEnd(b, to);
  }
  return block;
}

/* At the end of `from`, which has no terminator: `size` bytes of tape, then to the start of `to`. Returns the phi in
 * `to` that holds the address. */
static LLVMValueRef bump(ude_reverse *r, LLVMBasicBlockRef from, LLVMBasicBlockRef to,
                         LLVMValueRef bytes) {
  ude_walk      *walk = r->emit.walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMTypeRef    ptr = walk->type_ptr, i64 = walk->type_i64;
  if (r->nested) {
    return take(r, from, to, bytes);
  }
  LLVMBasicBlockRef slow = LLVMAppendBasicBlockInContext(walk->context, r->emit.function, "");
  r->uses_tape           = true;
  LLVMPositionBuilderAtEnd(b, from);
  LLVMValueRef top = LLVMBuildLoad2(b, ptr, r->top, "");
  LLVMValueRef end = LLVMBuildLoad2(b, ptr, r->end, "");
  LLVMValueRef left =
      LLVMBuildSub(b, LLVMBuildPtrToInt(b, end, i64, ""), LLVMBuildPtrToInt(b, top, i64, ""), "");
  LLVMValueRef next = LLVMBuildGEP2(b, walk->type_i8, top, &bytes, 1, "");
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntULT, left, bytes, ""), slow, to);
  LLVMPositionBuilderAtEnd(b, slow);
  LLVMValueRef      arguments[2] = {r->tape, bytes};
  LLVMTypeRef       types[2]     = {ptr, i64};
  LLVMValueRef      other = ude_emit_call(&r->emit, "ude_tape_more", ptr, arguments, types, 2);
  LLVMBasicBlockRef grown = LLVMAppendBasicBlockInContext(walk->context, r->emit.function, "");
  LLVMValueRef      none  = LLVMBuildICmp(b, LLVMIntEQ, other, LLVMConstNull(ptr), "");
  LLVMBuildCondBr(b, none, r->fail, grown);
  LLVMPositionBuilderAtEnd(b, grown);
  ude_reverse_tape_in(r);
  LLVMBuildBr(b, to);
  LLVMValueRef start = LLVMGetFirstInstruction(to);
  if (start) {
    LLVMPositionBuilderBefore(b, start);
  } else {
    LLVMPositionBuilderAtEnd(b, to);
  }
  LLVMValueRef      frame = LLVMBuildPhi(b, ptr, ""), above = LLVMBuildPhi(b, ptr, "");
  LLVMBasicBlockRef in[2]       = {from, grown};
  LLVMValueRef      frame_in[2] = {top, other};
  LLVMPositionBuilderAtEnd(b, grown);
  LLVMPositionBuilderBefore(b, LLVMGetBasicBlockTerminator(grown));
  LLVMValueRef above_in[2] = {next, LLVMBuildLoad2(b, ptr, r->top, "")};
  LLVMAddIncoming(frame, frame_in, in, 2);
  LLVMAddIncoming(above, above_in, in, 2);
  LLVMValueRef after = LLVMGetNextInstruction(above);
  if (after) {
    LLVMPositionBuilderBefore(b, after);
  } else {
    LLVMPositionBuilderAtEnd(b, to);
  }
  LLVMBuildStore(b, above, r->top);
  return frame;
}

static void position_after(ude_reverse *r, LLVMBasicBlockRef block, LLVMValueRef instruction) {
  LLVMBuilderRef b = r->emit.walk->builder;
  LLVMValueRef   next =
      instruction ? LLVMGetNextInstruction(instruction) : LLVMGetFirstInstruction(block);
  while (next && LLVMIsAPHINode(next)) {
    next = LLVMGetNextInstruction(next);
  }
  if (next) {
    LLVMPositionBuilderBefore(b, next);
  } else {
    LLVMPositionBuilderAtEnd(b, block);
  }
}

static LLVMValueRef frame_bytes(ude_reverse *r, uint64_t size) {
  return LLVMConstInt(r->emit.walk->type_i64, (size + 15) / 16 * 16, false);
}

/* A frame for each iteration, linked to the one before. */
static void linked_frames(ude_reverse *r, int loop) {
  ude_walk         *walk   = r->emit.walk;
  LLVMBuilderRef    b      = walk->builder;
  ude_loop_frame   *frame  = &r->loop[loop];
  int               header = flow_of(r)->loop[loop].header;
  LLVMBasicBlockRef head = r->emit.block[header], body = r->body[header];
  if (!frame->size) {
    LLVMPositionBuilderAtEnd(b, head);
    LLVMBuildBr(b, body);
    return;
  }
  LLVMValueRef here     = bump(r, head, body, frame_bytes(r, frame->size));
  LLVMValueRef previous = LLVMBuildLoad2(b, walk->type_ptr, frame->sweep, "");
  LLVMBuildStore(b, previous, here);
  r->ready[header] = LLVMBuildStore(b, here, frame->sweep);
  if (frame->popped) {
    position_after(r, LLVMGetInstructionParent(frame->popped), frame->popped);
    LLVMValueRef last = LLVMBuildLoad2(b, walk->type_ptr, frame->back, "");
    LLVMBuildStore(b, LLVMBuildLoad2(b, walk->type_ptr, last, ""), frame->back);
  }
}

/* All rows at once on the edge into the loop. */
static void rows(ude_reverse *r, int loop) {
  ude_walk         *walk   = r->emit.walk;
  LLVMBuilderRef    b      = walk->builder;
  ude_loop_frame   *frame  = &r->loop[loop];
  int               header = flow_of(r)->loop[loop].header;
  LLVMBasicBlockRef in = r->emit.detour_in[header], out = r->emit.detour_out[header];
  LLVMPositionBuilderAtEnd(b, r->emit.block[header]);
  LLVMBuildBr(b, r->body[header]);
  LLVMPositionBuilderAtEnd(b, in);
  frame->trip_sweep = ude_loop_sweep_trip(r, loop);
  if (frame->size) {
    LLVMValueRef size = LLVMConstInt(walk->type_i64, frame->size, false);
    LLVMValueRef all  = LLVMBuildMul(b, frame->trip_sweep, size, "");
    LLVMValueRef mask = LLVMConstInt(walk->type_i64, (uint64_t)-16, true);
    all               = LLVMBuildAdd(b, all, LLVMConstInt(walk->type_i64, 15, false), "");
    LLVMValueRef base = bump(r, in, out, LLVMBuildAnd(b, all, mask, ""));
    LLVMBuildStore(b, base, frame->sweep);
    if (r->loop[loop].base_slot) {
      ude_reverse_store_slot(r, r->loop[loop].base_slot - 1, base);
    }
  } else {
    LLVMBuildBr(b, out);
  }
  LLVMPositionBuilderAtEnd(b, out);
  LLVMBuildBr(b, r->emit.block[header]);
}

/* The reverse sweep reads where the rows are when it starts to undo a loop. Inner loops first: this keeps
 * something in the frames of outer ones. */
static void find_rows(ude_reverse *r) {
  ude_walk      *walk = r->emit.walk;
  LLVMBuilderRef b    = walk->builder;
  for (int loop = flow_of(r)->loops - 1; loop > 0; loop--) {
    ude_loop_frame *frame = &r->loop[loop];
    for (int k = 0; k < frame->marks && frame->rows && frame->size; k++) {
      r->current = frame->mark[k].block;
      position_after(r, LLVMGetInstructionParent(frame->mark[k].after), frame->mark[k].after);
      LLVMBuildStore(b, ude_loop_back_base(r, loop), frame->back);
    }
  }
}

static void loop_frames(ude_reverse *r) {
  const ude_flow *flow = flow_of(r);
  for (int loop = 1; loop < flow->loops; loop++) { /* outer loops first: inner ones keep in them */
    if (r->loop[loop].rows) {
      rows(r, loop);
    } else {
      linked_frames(r, loop);
    }
  }
}

/* Where what a block begins with can be stored: its frame is there. */
static void position_at_start(ude_reverse *r, int block) {
  const ude_flow   *flow   = flow_of(r);
  int               loop   = flow->block[block].loop;
  bool              header = loop && flow->loop[loop].header == block;
  LLVMBasicBlockRef at     = header ? r->body[block] : r->emit.block[block];
  position_after(r, at, header ? r->ready[block] : NULL);
}

/* Which predecessor control came from, as a phi of constants. */
static LLVMValueRef pred_index(ude_reverse *r, int block, LLVMTypeRef type) {
  LLVMBuilderRef        b    = r->emit.walk->builder;
  const ude_flow       *flow = flow_of(r);
  const ude_flow_block *at   = &flow->block[block];
  LLVMBasicBlockRef     copy = r->emit.block[block];
  LLVMValueRef          head = LLVMGetFirstInstruction(copy);
  if (head) {
    LLVMPositionBuilderBefore(b, head);
  } else {
    LLVMPositionBuilderAtEnd(b, copy);
  }
  LLVMValueRef phi = LLVMBuildPhi(b, type, "");
  for (int k = 0; k < at->preds; k++) {
    LLVMValueRef index = LLVMConstInt(type, (unsigned)k, false);
    LLVMValueRef end   = LLVMGetBasicBlockTerminator(flow->block[at->pred[k]].block);
    for (unsigned j = 0; j < LLVMGetNumSuccessors(end); j++) {
      if (LLVMGetSuccessor(end, j) == at->block) {
        LLVMAddIncoming(phi, &index, &r->emit.last[at->pred[k]], 1);
      }
    }
  }
  return phi;
}

static void fill_slot(ude_reverse *r, int index) {
  const ude_slot *slot = &r->slot[index];
  const ude_flow *flow = flow_of(r);
  if (slot->id < 0 && slot->keep < UDE_KEEPS) {
    if (slot->block == flow->blocks) {
      return; /* which return: ude_reverse_finish_sweep */
    }
    LLVMValueRef from = pred_index(r, slot->block, slot->type);
    position_at_start(r, slot->block);
    ude_reverse_store_slot(r, index, from);
    return;
  }
  if (slot->keep == UDE_KEEP_BASE) {
    return; /* with the rows */
  }
  if (slot->keep == UDE_KEEP_LAST) {
    position_at_start(r, slot->block);
    ude_reverse_store_slot(r, index, r->loop[slot->id].number);
    return;
  }
  LLVMValueRef value = slot->keep == UDE_KEEP_FRAME    ? r->call_frame[slot->id]
                       : slot->keep == UDE_KEEP_SHADOW ? r->emit.shadow[slot->id]
                                                       : r->emit.primal[slot->id];
  if (slot->block < 0) {
    position_at_start(r, 0);
  } else if (LLVMIsAPHINode(r->emit.walk->value[slot->id].value)) {
    position_at_start(r, slot->block);
  } else {
    position_after(r, r->after_block[slot->id], r->after[slot->id]);
  }
  ude_reverse_store_slot(r, index, value);
}

/* A split function returns its result, the shadow of it, and its frame, which knows the frames of its loops. */
static void returns(ude_reverse *r) {
  ude_walk       *walk  = r->emit.walk;
  LLVMBuilderRef  b     = walk->builder;
  const ude_flow *flow  = flow_of(r);
  int             which = 0, slot = r->pred_slot[flow->blocks] - 1;
  for (int k = 0; k < flow->blocks; k++) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(flow->block[k].block);
    if (LLVMGetInstructionOpcode(end) != LLVMRet) {
      continue;
    }
    LLVMPositionBuilderAtEnd(b, r->emit.last[k]);
    LLVMValueRef frame = LLVMBuildLoad2(b, walk->type_ptr, r->loop[0].sweep, "");
    for (int loop = 1; loop < flow->loops; loop++) {
      if (!r->loop[loop].size || r->loop[loop].rows) {
        continue;
      }
      LLVMValueRef at   = LLVMConstInt(walk->type_i64, r->loop_offset[loop], false);
      LLVMValueRef last = LLVMBuildLoad2(b, walk->type_ptr, r->loop[loop].sweep, "");
      LLVMBuildStore(b, last, LLVMBuildInBoundsGEP2(b, walk->type_i8, frame, &at, 1, ""));
    }
    if (slot >= 0) {
      ude_reverse_store_slot(r, slot, LLVMConstInt(r->slot[slot].type, (unsigned)which, false));
    }
    which++;
    ude_reverse_tape_out(r);
    LLVMTypeRef  type   = LLVMGetReturnType(LLVMGlobalGetValueType(r->emit.function));
    LLVMValueRef result = LLVMBuildInsertValue(b, LLVMGetPoison(type), frame, 2, "");
    if (LLVMGetNumOperands(end)) {
      LLVMValueRef value = LLVMGetOperand(end, 0);
      result             = LLVMBuildInsertValue(b, result, ude_emit_primal(&r->emit, value), 0, "");
      if (ude_type_has_pointer(LLVMTypeOf(value))) {
        result = LLVMBuildInsertValue(b, result, ude_emit_shadow(&r->emit, value), 1, "");
      }
    }
    LLVMBuildRet(b, result);
  }
}

/* The start of both sweeps of a split function. */
static void split_prologues(ude_reverse *r) {
  ude_walk         *walk  = r->emit.walk;
  LLVMBuilderRef    b     = walk->builder;
  const ude_flow   *flow  = flow_of(r);
  LLVMBasicBlockRef start = LLVMInsertBasicBlockInContext(walk->context, r->emit.block[0], "");
  LLVMPositionBuilderAtEnd(b, r->emit.prologue);
  ude_reverse_tape_in(r);
  LLVMValueRef frame = bump(r, r->emit.prologue, start, frame_bytes(r, r->loop[0].size));
  LLVMBuildStore(b, frame, r->loop[0].sweep);
  LLVMBuildBr(b, r->emit.block[0]);
  LLVMPositionBuilderAtEnd(b, r->back_prologue);
  LLVMBuildStore(b, LLVMGetParam(r->back_function, 0), r->loop[0].back);
  for (int loop = 1; loop < flow->loops; loop++) {
    if (!r->loop[loop].size || r->loop[loop].rows) {
      continue;
    }
    LLVMValueRef at      = LLVMConstInt(walk->type_i64, r->loop_offset[loop], false);
    LLVMValueRef base    = LLVMGetParam(r->back_function, 0);
    LLVMValueRef address = LLVMBuildInBoundsGEP2(b, walk->type_i8, base, &at, 1, "");
    LLVMBuildStore(b, LLVMBuildLoad2(b, walk->type_ptr, address, ""), r->loop[loop].back);
  }
  int count = 0, last = -1;
  for (int k = 0; k < flow->blocks; k++) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(flow->block[k].block);
    if (LLVMGetInstructionOpcode(end) != LLVMRet) {
      continue;
    }
    count++;
    last = k;
  }
  if (!count) { /* never returns: never reversed */
    LLVMBuildUnreachable(b);
    return;
  }
  if (count == 1) {
    LLVMBuildBr(b, r->inverse[last]);
    return;
  }
  int          slot   = r->pred_slot[flow->blocks] - 1;
  LLVMValueRef index  = ude_reverse_load_slot(r, slot);
  LLVMValueRef choice = LLVMBuildSwitch(b, index, r->inverse[last], (unsigned)count - 1);
  int          which  = 0;
  for (int k = 0; k < last; k++) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(flow->block[k].block);
    if (LLVMGetInstructionOpcode(end) != LLVMRet) {
      continue;
    }
    LLVMAddCase(choice, LLVMConstInt(r->slot[slot].type, (unsigned)which++, false), r->inverse[k]);
  }
}

void ude_reverse_finish_sweep(ude_reverse *r) {
  const ude_flow *flow = flow_of(r);
  find_rows(r);
  ude_loop_finish_numbers(r);
  if (r->split) {
    int count = 0;
    for (int k = 0; k < flow->blocks; k++) {
      LLVMValueRef end = LLVMGetBasicBlockTerminator(flow->block[k].block);
      count += LLVMGetInstructionOpcode(end) == LLVMRet;
    }
    if (count > 1) {
      ude_reverse_slot(r, 0, -1, flow->blocks, index_type(r, count));
    }
    ude_loop_frame *frame = &r->loop[0];
    if (!frame->size) {
      frame->size = 8;
    }
    for (int loop = 1; loop < flow->loops; loop++) {
      frame->size          = (frame->size + 7) / 8 * 8;
      r->loop_offset[loop] = frame->size;
      frame->size += 8;
    }
  }
  loop_frames(r);
  for (int k = 0; k < r->slots; k++) {
    fill_slot(r, k);
  }
  if (r->split) {
    returns(r);
    split_prologues(r);
  }
}
