/**
 * @file reverse_loop.c
 * @brief Counted loops. A loop with one edge in and one edge back is undone by counting its iterations down, which
 *        also gives its induction variables again. If the number of iterations is known before it starts,
 *        what it keeps lies in rows, one for each slot, so that both sweeps read and write consecutive memory.
 */
#include "compiler/reverse.h"

static const ude_flow *flow_of(ude_reverse *r) {
  return &r->emit.walk->function[r->emit.source].flow;
}

bool ude_loop_holds(const ude_flow *flow, int loop, int block) {
  for (int at = flow->block[block].loop; at >= 0; at = flow->loop[at].parent) {
    if (at == loop) {
      return true;
    }
  }
  return false;
}

/* Does the value not change while the loop runs? */
static bool is_invariant(ude_reverse *r, LLVMValueRef value, int loop) {
  int id = ude_walk_value(r->emit.walk, value);
  if (id < 0 || r->emit.walk->value[id].block < 0) {
    return true;
  }
  return !ude_loop_holds(flow_of(r), loop, r->emit.walk->value[id].block);
}

static LLVMValueRef incoming_from(LLVMValueRef phi, LLVMBasicBlockRef block) {
  for (unsigned k = 0; k < LLVMCountIncoming(phi); k++) {
    if (LLVMGetIncomingBlock(phi, k) == block) {
      return LLVMGetIncomingValue(phi, k);
    }
  }
  return NULL;
}

/* value = phi + constant? */
static bool is_step(LLVMValueRef value, LLVMValueRef phi, int64_t *step) {
  if (!LLVMIsAInstruction(value) || LLVMGetInstructionOpcode(value) != LLVMAdd ||
      LLVMGetOperand(value, 0) != phi || !LLVMIsAConstantInt(LLVMGetOperand(value, 1))) {
    return false;
  }
  *step = LLVMConstIntGetSExtValue(LLVMGetOperand(value, 1));
  return *step != 0;
}

bool ude_loop_induction(ude_reverse *r, LLVMValueRef phi, ude_induction *out) {
  ude_walk       *walk = r->emit.walk;
  const ude_flow *flow = flow_of(r);
  int             id   = ude_walk_value(walk, phi);
  if (id < 0 || !LLVMIsAPHINode(phi)) {
    return false;
  }
  int block = walk->value[id].block, loop = flow->block[block].loop;
  if (!loop || flow->loop[loop].header != block || !r->loop[loop].counts) {
    return false;
  }
  LLVMValueRef next = incoming_from(phi, flow->block[r->loop[loop].latch].block);
  *out              = (ude_induction){.loop  = loop,
                                      .start = incoming_from(phi, flow->block[r->loop[loop].entry].block)};
  LLVMTypeKind kind = LLVMGetTypeKind(LLVMTypeOf(phi));
  if (kind == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(LLVMTypeOf(phi)) <= 64) {
    return is_step(next, phi, &out->step);
  }
  if (kind != LLVMPointerTypeKind || !LLVMIsAInstruction(next) ||
      LLVMGetInstructionOpcode(next) != LLVMGetElementPtr || LLVMGetNumOperands(next) != 2 ||
      LLVMGetOperand(next, 0) != phi || !LLVMIsAConstantInt(LLVMGetOperand(next, 1))) {
    return false;
  }
  uint64_t size = LLVMABISizeOfType(walk->layout, LLVMGetGEPSourceElementType(next));
  out->step     = LLVMConstIntGetSExtValue(LLVMGetOperand(next, 1)) * (int64_t)size;
  return true;
}

/* Leaves only from the latch, when an induction variable or its next value meets an invariant bound. */
static bool find_trip(ude_reverse *r, int loop) {
  const ude_flow *flow  = flow_of(r);
  ude_loop_frame *frame = &r->loop[loop];
  for (int b = 0; b < flow->blocks; b++) {
    for (int k = 0; k < flow->block[b].succs; k++) {
      int to = flow->block[b].succ[k];
      if (b != frame->latch && ude_loop_holds(flow, loop, b) && flow->block[to].returns &&
          !ude_loop_holds(flow, loop, to)) {
        return false;
      }
    }
  }
  LLVMValueRef end = LLVMGetBasicBlockTerminator(flow->block[frame->latch].block);
  if (LLVMGetInstructionOpcode(end) != LLVMBr || !LLVMIsConditional(end)) {
    return false;
  }
  LLVMValueRef test = LLVMGetCondition(end);
  if (!LLVMIsAICmpInst(test)) {
    return false;
  }
  bool back_first = LLVMGetSuccessor(end, 0) == flow->block[flow->loop[loop].header].block;
  LLVMIntPredicate predicate = LLVMGetICmpPredicate(test);
  if (predicate != (back_first ? LLVMIntNE : LLVMIntEQ)) {
    return false;
  }
  LLVMValueRef x = LLVMGetOperand(test, 0), bound = LLVMGetOperand(test, 1);
  if (LLVMGetTypeKind(LLVMTypeOf(x)) != LLVMIntegerTypeKind || !is_invariant(r, bound, loop)) {
    return false;
  }
  ude_induction of;
  bool          next = !LLVMIsAPHINode(x);
  LLVMValueRef  phi =
      next && LLVMIsAInstruction(x) && LLVMGetNumOperands(x) ? LLVMGetOperand(x, 0) : x;
  if (!ude_loop_induction(r, phi, &of) || of.loop != loop) {
    return false;
  }
  if (next && incoming_from(phi, flow->block[frame->latch].block) != x) {
    return false;
  }
  bool constants = LLVMIsAConstantInt(bound) && LLVMIsAConstantInt(of.start);
  if (of.step != 1 && of.step != -1) {
    if (!constants) {
      return false;
    }
    int64_t way = LLVMConstIntGetSExtValue(bound) - LLVMConstIntGetSExtValue(of.start);
    if (way % of.step || way / of.step < 0) {
      return false;
    }
  }
  frame->bound = bound;
  frame->start = of.start;
  frame->step  = of.step;
  frame->next  = next;
  return true;
}

void ude_loop_study(ude_reverse *r) {
  ude_walk       *walk = r->emit.walk;
  const ude_flow *flow = flow_of(r);
  r->emit.detour_in    = ude_walk_alloc(walk, (size_t)flow->blocks, sizeof(LLVMBasicBlockRef));
  r->emit.detour_out   = ude_walk_alloc(walk, (size_t)flow->blocks, sizeof(LLVMBasicBlockRef));
  for (int loop = 1; loop < flow->loops; loop++) {
    int                   header = flow->loop[loop].header;
    const ude_flow_block *at     = &flow->block[header];
    ude_loop_frame       *frame  = &r->loop[loop];
    if (at->preds != 2 || !at->returns) {
      continue;
    }
    bool first = ude_loop_holds(flow, loop, at->pred[0]);
    bool other = ude_loop_holds(flow, loop, at->pred[1]);
    if (first == other) {
      continue;
    }
    frame->counts = true;
    frame->latch  = first ? at->pred[0] : at->pred[1];
    frame->entry  = first ? at->pred[1] : at->pred[0];
    frame->count  = ude_reverse_variable(r, true, walk->type_i64, NULL);
    frame->rows   = find_trip(r, loop);
    if (frame->rows) {
      frame->trip_back = ude_reverse_variable(r, true, walk->type_i64, NULL);
      r->emit.detour_in[header] =
          LLVMAppendBasicBlockInContext(walk->context, r->emit.function, "");
      r->emit.detour_out[header] =
          LLVMAppendBasicBlockInContext(walk->context, r->emit.function, "");
    }
  }
}

/* Number of iterations from the values of the bound and the start. */
static LLVMValueRef trip_from(ude_reverse *r, int loop, LLVMValueRef bound, LLVMValueRef start) {
  const ude_loop_frame *frame = &r->loop[loop];
  ude_walk             *walk  = r->emit.walk;
  LLVMBuilderRef        b     = walk->builder;
  LLVMTypeRef           type  = LLVMTypeOf(bound);
  bool                  up    = frame->step > 0;
  uint64_t              size  = (uint64_t)(up ? frame->step : -frame->step);
  LLVMValueRef way = up ? LLVMBuildSub(b, bound, start, "") : LLVMBuildSub(b, start, bound, "");
  if (size > 1) {
    way = LLVMBuildUDiv(b, way, LLVMConstInt(type, size, false), "");
  }
  way = LLVMBuildIntCast2(b, way, walk->type_i64, false, "");
  return frame->next ? way : LLVMBuildAdd(b, way, LLVMConstInt(walk->type_i64, 1, false), "");
}

LLVMValueRef ude_loop_sweep_trip(ude_reverse *r, int loop) {
  const ude_loop_frame *frame = &r->loop[loop];
  return trip_from(r, loop, ude_emit_primal(&r->emit, frame->bound),
                   ude_emit_primal(&r->emit, frame->start));
}

static bool is_inside(ude_reverse *r, int loop) {
  return ude_loop_holds(flow_of(r), loop, r->current);
}

static LLVMValueRef last_index(ude_reverse *r, int loop) {
  const ude_loop_frame *frame = &r->loop[loop];
  LLVMBuilderRef        b     = r->emit.walk->builder;
  LLVMTypeRef           i64   = r->emit.walk->type_i64;
  if (frame->rows) {
    LLVMValueRef bound = ude_reverse_need(r, frame->bound),
                 start = ude_reverse_need(r, frame->start);
    return LLVMBuildSub(b, trip_from(r, loop, bound, start), LLVMConstInt(i64, 1, false), "");
  }
  int slot = ude_reverse_slot(r, UDE_KEEP_LAST, loop, flow_of(r)->loop[loop].header, i64);
  return ude_reverse_load_slot(r, slot);
}

LLVMValueRef ude_loop_back_index(ude_reverse *r, int loop) {
  LLVMBuilderRef b = r->emit.walk->builder;
  if (!is_inside(r, loop)) {
    return last_index(r, loop);
  }
  return LLVMBuildLoad2(b, r->emit.walk->type_i64, r->loop[loop].count, "");
}

LLVMValueRef ude_loop_back_trip(ude_reverse *r, int loop) {
  LLVMBuilderRef b   = r->emit.walk->builder;
  LLVMTypeRef    i64 = r->emit.walk->type_i64;
  if (!is_inside(r, loop)) {
    return LLVMBuildAdd(b, last_index(r, loop), LLVMConstInt(i64, 1, false), "");
  }
  return LLVMBuildLoad2(b, i64, r->loop[loop].trip_back, "");
}

LLVMValueRef ude_loop_back_base(ude_reverse *r, int loop) {
  LLVMTypeRef ptr = r->emit.walk->type_ptr;
  if (is_inside(r, loop)) {
    return LLVMBuildLoad2(r->emit.walk->builder, ptr, r->loop[loop].back, "");
  }
  int slot = ude_reverse_slot(r, UDE_KEEP_BASE, loop, flow_of(r)->loop[loop].header, ptr);
  return ude_reverse_load_slot(r, slot);
}

void ude_loop_enter_back(ude_reverse *r, int block, int pred) {
  ude_walk       *walk = r->emit.walk;
  LLVMBuilderRef  b    = walk->builder;
  const ude_flow *flow = flow_of(r);
  LLVMValueRef    mark = NULL;
  for (int loop = 1; loop < flow->loops; loop++) { /* outer loops have smaller indices */
    ude_loop_frame *frame = &r->loop[loop];
    if (!frame->counts || !ude_loop_holds(flow, loop, pred) || ude_loop_holds(flow, loop, block)) {
      continue;
    }
    LLVMValueRef last = last_index(r, loop);
    mark              = LLVMBuildStore(b, last, frame->count);
    if (frame->rows) {
      LLVMValueRef trip = LLVMBuildAdd(b, last, LLVMConstInt(walk->type_i64, 1, false), "");
      mark              = LLVMBuildStore(b, trip, frame->trip_back);
    }
  }
  for (int loop = 1; loop < flow->loops && mark; loop++) {
    ude_loop_frame *frame = &r->loop[loop];
    if (!frame->rows || !ude_loop_holds(flow, loop, pred) || ude_loop_holds(flow, loop, block)) {
      continue;
    }
    frame->mark =
        ude_walk_grow(walk, frame->mark, frame->marks, &frame->mark_capacity, sizeof *frame->mark);
    frame->mark[frame->marks++] = (ude_loop_mark){.after = mark, .block = block};
  }
}

LLVMValueRef ude_loop_induction_value(ude_reverse *r, LLVMValueRef phi, const ude_induction *of,
                                      LLVMValueRef start) {
  ude_walk      *walk  = r->emit.walk;
  LLVMBuilderRef b     = walk->builder;
  LLVMTypeRef    type  = LLVMTypeOf(phi);
  LLVMValueRef   index = ude_loop_back_index(r, of->loop);
  if (LLVMGetTypeKind(type) == LLVMPointerTypeKind) {
    LLVMValueRef step  = LLVMConstInt(walk->type_i64, (uint64_t)of->step, true);
    LLVMValueRef bytes = LLVMBuildMul(b, index, step, "");
    return LLVMBuildGEP2(b, walk->type_i8, start, &bytes, 1, "");
  }
  index = LLVMBuildIntCast2(b, index, type, false, "");
  if (of->step != 1) {
    index = LLVMBuildMul(b, index, LLVMConstInt(type, (uint64_t)of->step, true), "");
  }
  return LLVMIsConstant(start) && LLVMIsNull(start) ? index : LLVMBuildAdd(b, start, index, "");
}

/* ------------------------------------------------------------------- in the forward sweep -- */

void ude_loop_number(ude_reverse *r, int loop) {
  if (r->loop[loop].counts) {
    r->loop[loop].number = LLVMBuildPhi(r->emit.walk->builder, r->emit.walk->type_i64, "");
  }
}

void ude_loop_finish_numbers(ude_reverse *r) {
  ude_walk       *walk = r->emit.walk;
  LLVMBuilderRef  b    = walk->builder;
  const ude_flow *flow = flow_of(r);
  for (int loop = 1; loop < flow->loops; loop++) {
    ude_loop_frame *frame = &r->loop[loop];
    if (!frame->number) {
      continue;
    }
    LLVMBasicBlockRef latch = r->emit.last[frame->latch];
    LLVMPositionBuilderBefore(b, LLVMGetBasicBlockTerminator(latch));
    LLVMValueRef one  = LLVMConstInt(walk->type_i64, 1, false);
    LLVMValueRef next = LLVMBuildNUWAdd(b, frame->number, one, "");
    LLVMValueRef from = LLVMConstInt(walk->type_i64, 0, false);
    /* Edges that share both ends (cases of a switch) each have their entry. */
    const ude_flow_block *ends[2]   = {&flow->block[frame->entry], &flow->block[frame->latch]};
    LLVMValueRef          values[2] = {from, next};
    for (int k = 0; k < 2; k++) {
      LLVMBasicBlockRef in =
          ude_emit_incoming(&r->emit, k ? frame->latch : frame->entry, flow->loop[loop].header);
      LLVMValueRef end = LLVMGetBasicBlockTerminator(ends[k]->block);
      for (unsigned j = 0; j < LLVMGetNumSuccessors(end); j++) {
        if (LLVMGetSuccessor(end, j) != flow->block[flow->loop[loop].header].block) {
          continue;
        }
        LLVMAddIncoming(frame->number, &values[k], &in, 1);
        if (!k && frame->rows) {
          break; /* the detour has one edge */
        }
      }
    }
  }
}
