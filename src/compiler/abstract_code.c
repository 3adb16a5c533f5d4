/**
 * @file abstract_code.c
 * @brief Functions made ready for the abstract machine: numbered registers, an order of blocks, moves into phis.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/abstract.h"

typedef struct maker {
  ude_machine        *m;
  ude_code           *code;
  const ude_function *function;
  int                *first;    /**< [values] first cell */
  int                *position; /**< [blocks] */
} maker;

static int add_op(maker *k, ude_op op) {
  ude_code *c   = k->code;
  c->op         = ude_machine_grow(k->m, c->op, c->ops, &c->op_capacity, sizeof *c->op);
  c->op[c->ops] = op;
  return c->ops++;
}

static int cells_of(maker *k, LLVMTypeRef type) {
  return ude_type_cells(k->m, type, NULL);
}

/* First cell of an operand; constants below zero. */
static int operand(maker *k, LLVMValueRef value) {
  int id = ude_walk_value(k->m->walk, value);
  if (id >= 0) {
    return k->first[id - k->function->first_value];
  }
  ude_code *c     = k->code;
  int       cells = cells_of(k, LLVMTypeOf(value));
  int       at    = c->constants;
  for (int i = 0; i < cells; i++) {
    c->constant = ude_machine_grow(k->m, c->constant, c->constants, &c->constant_capacity,
                                   sizeof *c->constant);
    c->constant[c->constants++] = (ude_cell){0};
  }
  if (cells == 1) {
    ude_cell one = {0};
    ude_constant_cells(k->m, value, &one);
    c->constant[at] = one;
  } else if (cells) {
    ude_cell *all = ude_walk_alloc(k->m->walk, (size_t)cells, sizeof *all);
    ude_constant_cells(k->m, value, all);
    for (int i = 0; i < cells; i++) {
      c->constant[at + i] = all[i];
    }
  }
  return ~at;
}

static int type_of(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  return ude_scalar_type(kind == LLVMVectorTypeKind ? LLVMGetElementType(type) : type);
}

static void add_term(maker *k, int index, int width, int64_t scale) {
  ude_code *c = k->code;
  c->term     = ude_machine_grow(k->m, c->term, c->terms, &c->term_capacity, sizeof *c->term);
  c->term[c->terms++] = (ude_term){index, width, scale};
}

static void make_address(maker *k, LLVMValueRef i, ude_op *op) {
  LLVMTargetDataRef layout = k->m->walk->layout;
  LLVMTypeRef       type   = LLVMGetGEPSourceElementType(i);
  if (LLVMGetTypeKind(LLVMTypeOf(i)) == LLVMVectorTypeKind) {
    op->code = UDE_OP_REFUSE;
    return;
  }
  op->code  = UDE_OP_ADDRESS;
  op->a     = operand(k, LLVMGetOperand(i, 0));
  op->first = k->code->terms;
  for (int n = 1; n < LLVMGetNumOperands(i); n++) {
    LLVMValueRef index = LLVMGetOperand(i, (unsigned)n);
    if (n > 1 && LLVMGetTypeKind(type) == LLVMStructTypeKind) {
      unsigned field = (unsigned)LLVMConstIntGetZExtValue(index);
      op->bytes += (int64_t)LLVMOffsetOfElement(layout, type, field);
      type = LLVMStructGetTypeAtIndex(type, field);
      continue;
    }
    type          = n > 1 ? LLVMGetElementType(type) : type;
    int64_t scale = (int64_t)LLVMABISizeOfType(layout, type);
    if (LLVMIsAConstantInt(index)) {
      op->bytes += LLVMConstIntGetSExtValue(index) * scale;
    } else {
      add_term(k, operand(k, index), type_of(LLVMTypeOf(index)), scale);
    }
  }
  op->count = k->code->terms - op->first;
}

/* Cells before the part of an aggregate that the indices name. */
static int part_place(maker *k, LLVMValueRef i, LLVMTypeRef *type) {
  const unsigned *path  = LLVMGetIndices(i);
  int             place = 0;
  for (unsigned n = 0; n < LLVMGetNumIndices(i); n++) {
    bool record = LLVMGetTypeKind(*type) == LLVMStructTypeKind;
    for (unsigned before = 0; before < path[n]; before++) {
      place +=
          cells_of(k, record ? LLVMStructGetTypeAtIndex(*type, before) : LLVMGetElementType(*type));
    }
    *type = record ? LLVMStructGetTypeAtIndex(*type, path[n]) : LLVMGetElementType(*type);
  }
  return place;
}

/* The operand of a cell of an operand: constants count downwards. */
static int part_of(int a, int place) {
  return a >= 0 ? a + place : a - place;
}

static void make_shuffle(maker *k, LLVMValueRef i, ude_op *op) {
  ude_code *c = k->code;
  op->code    = UDE_OP_SHUFFLE;
  op->a       = operand(k, LLVMGetOperand(i, 0));
  op->b       = operand(k, LLVMGetOperand(i, 1));
  op->count   = (int)LLVMGetVectorSize(LLVMTypeOf(LLVMGetOperand(i, 0)));
  op->first   = c->lanes;
  for (unsigned n = 0; n < LLVMGetNumMaskElements(i); n++) {
    c->lane = ude_machine_grow(k->m, c->lane, c->lanes, &c->lane_capacity, sizeof *c->lane);
    c->lane[c->lanes++] = LLVMGetMaskValue(i, n);
  }
}

static int edge(maker *k, int from, LLVMBasicBlockRef block, LLVMBasicBlockRef to, uint64_t match) {
  ude_code *c = k->code;
  ude_edge  e = {.from = from, .first = c->moves, .match = match};
  e.to        = k->position[ude_map_get(&k->m->walk->ids, to)];
  for (LLVMValueRef i = LLVMGetFirstInstruction(to); i && LLVMIsAPHINode(i);
       i              = LLVMGetNextInstruction(i)) {
    for (unsigned n = 0; n < LLVMCountIncoming(i); n++) {
      if (LLVMGetIncomingBlock(i, n) == block) {
        ude_move move = {operand(k, LLVMGetIncomingValue(i, n)), operand(k, i),
                         cells_of(k, LLVMTypeOf(i))};
        c->move = ude_machine_grow(k->m, c->move, c->moves, &c->move_capacity, sizeof *c->move);
        c->move[c->moves++] = move;
        break;
      }
    }
  }
  e.count           = c->moves - e.first;
  c->edge           = ude_machine_grow(k->m, c->edge, c->edges, &c->edge_capacity, sizeof *c->edge);
  c->edge[c->edges] = e;
  return c->edges++;
}

static void make_end(maker *k, LLVMValueRef i, int from, ude_op *op) {
  LLVMBasicBlockRef block = LLVMGetInstructionParent(i);
  op->first               = k->code->edges;
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMRet:
    op->code  = UDE_OP_RETURN;
    op->cells = 0;
    if (LLVMGetNumOperands(i)) {
      op->cells = cells_of(k, LLVMTypeOf(LLVMGetOperand(i, 0)));
      op->a     = operand(k, LLVMGetOperand(i, 0));
    }
    op->to = k->code->result;
    break;
  case LLVMBr:
    op->code = LLVMIsConditional(i) ? UDE_OP_BRANCH : UDE_OP_JUMP;
    if (LLVMIsConditional(i)) {
      op->a = operand(k, LLVMGetCondition(i));
    }
    for (unsigned n = 0; n < LLVMGetNumSuccessors(i); n++) {
      edge(k, from, block, LLVMGetSuccessor(i, n), 0);
    }
    break;
  case LLVMSwitch:
    op->code  = UDE_OP_SWITCH;
    op->a     = operand(k, LLVMGetOperand(i, 0));
    op->from  = (uint8_t)type_of(LLVMTypeOf(LLVMGetOperand(i, 0)));
    op->count = (int)LLVMGetNumSuccessors(i) - 1;
    edge(k, from, block, LLVMGetSwitchDefaultDest(i), 0);
    for (unsigned n = 1; n < LLVMGetNumSuccessors(i); n++) {
      uint64_t match = LLVMConstIntGetZExtValue(LLVMGetOperand(i, 2 * n));
      edge(k, from, block, LLVMGetSuccessor(i, n), match);
    }
    break;
  case LLVMUnreachable: op->code = UDE_OP_STOP; break;
  default: op->code = UDE_OP_REFUSE; break;
  }
}

/* Operands of the arguments go to `lane`. */
static void make_call(maker *k, LLVMValueRef i, ude_op *op) {
  ude_walk *walk = k->m->walk;
  ude_code *c    = k->code;
  op->code       = UDE_OP_CALL;
  op->kind       = (int)ude_call_kind(walk, i);
  op->first      = c->lanes;
  if (op->kind == UDE_CALLEE_IGNORED || LLVMIsAInlineAsm(LLVMGetCalledValue(i))) {
    return;
  }
  op->count = (int)LLVMGetNumArgOperands(i);
  for (unsigned n = 0; n < LLVMGetNumArgOperands(i); n++) {
    int at  = operand(k, LLVMGetArgOperand(i, n));
    c->lane = ude_machine_grow(k->m, c->lane, c->lanes, &c->lane_capacity, sizeof *c->lane);
    c->lane[c->lanes++] = at;
  }
  if (op->kind == UDE_CALLEE_BODY) {
    op->b = ude_walk_function(walk, ude_walk_callee(walk, i));
  } else if (op->kind == UDE_CALLEE_INDIRECT) {
    op->a = operand(k, LLVMGetCalledValue(i));
  } else if (op->kind == UDE_CALLEE_RULE) {
    op->b = (int)(ude_rule_for_call(walk, i) - ude_rules);
    for (unsigned n = 0; n < LLVMGetNumArgOperands(i); n++) {
      LLVMTypeRef  type = LLVMTypeOf(LLVMGetArgOperand(i, n));
      LLVMTypeKind kind = LLVMGetTypeKind(type);
      op->bytes |= kind == LLVMVectorTypeKind    ? UDE_ARGUMENT_IS_VECTOR << n
                   : kind == LLVMPointerTypeKind ? UDE_ARGUMENT_IS_POINTER << n
                   : kind == LLVMIntegerTypeKind ? UDE_ARGUMENT_IS_INTEGER << n
                                                 : 0;
      op->c = kind == LLVMIntegerTypeKind ? (int)LLVMGetIntTypeWidth(type) : op->c;
    }
  }
}

static void make(maker *k, LLVMValueRef i, ude_op *op) {
  LLVMOpcode  opcode = LLVMGetInstructionOpcode(i);
  LLVMTypeRef type   = LLVMTypeOf(i);
  int         n      = LLVMGetNumOperands(i);
  op->kind           = (int)opcode;
  if (opcode == LLVMCall) {
    make_call(k, i, op);
    return;
  }
  if (opcode == LLVMGetElementPtr) {
    make_address(k, i, op);
    return;
  }
  LLVMTypeRef from = n ? LLVMTypeOf(LLVMGetOperand(i, 0)) : type;
  LLVMTypeRef part = from;
  op->a            = n ? operand(k, LLVMGetOperand(i, 0)) : 0;
  op->b            = n > 1 ? operand(k, LLVMGetOperand(i, 1)) : 0;
  switch (opcode) {
  case LLVMLoad: op->code = UDE_OP_LOAD; return;
  case LLVMStore: op->code = UDE_OP_STORE; return;
  case LLVMAlloca:
    op->code  = UDE_OP_LOCAL;
    op->bytes = (int64_t)LLVMABISizeOfType(k->m->walk->layout, LLVMGetAllocatedType(i));
    return;
  case LLVMExtractValue:
    op->code = UDE_OP_MOVE;
    op->a    = part_of(op->a, part_place(k, i, &part));
    return;
  case LLVMInsertValue:
    op->code  = UDE_OP_REPLACE_PART;
    op->first = part_place(k, i, &part);
    op->count = cells_of(k, part);
    return;
  case LLVMShuffleVector: make_shuffle(k, i, op); return;
  case LLVMFreeze: op->code = UDE_OP_MOVE; return;
  default: break;
  }
  op->from = (uint8_t)type_of(from);
  switch (opcode) {
  case LLVMAdd:
  case LLVMSub:
  case LLVMMul:
  case LLVMUDiv:
  case LLVMSDiv:
  case LLVMURem:
  case LLVMSRem:
  case LLVMShl:
  case LLVMLShr:
  case LLVMAShr:
  case LLVMAnd:
  case LLVMOr:
  case LLVMXor: op->code = UDE_OP_INTEGER; return;
  case LLVMZExt:
  case LLVMSExt:
  case LLVMTrunc: op->code = UDE_OP_RESIZE; return;
  case LLVMPtrToInt:
  case LLVMIntToPtr:
    op->code = UDE_OP_RESIZE;
    op->kind = op->from > op->type ? LLVMTrunc : LLVMZExt;
    return;
  case LLVMICmp:
    op->code = UDE_OP_COMPARE;
    op->kind = (int)LLVMGetICmpPredicate(i);
    return;
  case LLVMFCmp:
    op->code = UDE_OP_REAL_COMPARE;
    op->kind = (int)LLVMGetFCmpPredicate(i);
    return;
  case LLVMFAdd:
  case LLVMFSub:
  case LLVMFMul:
  case LLVMFDiv:
  case LLVMFRem: op->code = UDE_OP_REAL; return;
  case LLVMFNeg: op->code = UDE_OP_NEGATE; return;
  case LLVMFPToSI:
  case LLVMFPToUI:
  case LLVMSIToFP:
  case LLVMUIToFP:
  case LLVMFPExt:
  case LLVMFPTrunc: op->code = UDE_OP_CONVERT; return;
  case LLVMBitCast:
    op->count = cells_of(k, from);
    op->code  = op->count == 1 && op->cells == 1 ? UDE_OP_MOVE : UDE_OP_BITCAST;
    return;
  case LLVMSelect:
    op->code  = UDE_OP_SELECT;
    op->c     = operand(k, LLVMGetOperand(i, 2));
    op->count = cells_of(k, from);
    return;
  case LLVMExtractElement:
    op->code  = UDE_OP_ELEMENT;
    op->count = (int)LLVMGetVectorSize(from);
    return;
  case LLVMInsertElement:
    op->code = UDE_OP_REPLACE;
    op->c    = operand(k, LLVMGetOperand(i, 2));
    return;
  default: op->code = UDE_OP_REFUSE; return;
  }
}

/* ------------------------------------------------------------------------------------ order -- */

/* Blocks of a loop, inner loops in one piece; blocks are in reverse postorder already. */
// NOLINTNEXTLINE(misc-no-recursion)
static int place_loop(maker *k, int loop, int *done, int at, int *order) {
  const ude_flow *flow  = &k->function->flow;
  k->code->header[loop] = at;
  for (int b = 0; b < flow->blocks; b++) {
    int inner = flow->block[b].loop;
    if (done[b]) {
      continue;
    }
    if (inner == loop) {
      done[b]        = 1;
      order[at]      = b;
      k->position[b] = at++;
      continue;
    }
    while (inner > 0 && flow->loop[inner].parent != loop) {
      inner = flow->loop[inner].parent;
    }
    if (inner > 0 && flow->loop[inner].header == b) {
      at = place_loop(k, inner, done, at, order);
    }
  }
  k->code->end[loop] = at;
  return at;
}

static void make_order(maker *k, int *order) {
  ude_walk       *walk = k->m->walk;
  const ude_flow *flow = &k->function->flow;
  ude_code       *c    = k->code;
  size_t          n = (size_t)flow->blocks, loops = (size_t)flow->loops;
  c->positions = flow->blocks;
  c->loops     = flow->loops;
  c->start     = ude_walk_alloc(walk, n, sizeof *c->start);
  c->loop      = ude_walk_alloc(walk, n, sizeof *c->loop);
  c->header    = ude_walk_alloc(walk, loops, sizeof *c->header);
  c->end       = ude_walk_alloc(walk, loops, sizeof *c->end);
  c->outer     = ude_walk_alloc(walk, loops, sizeof *c->outer);
  c->depth     = ude_walk_alloc(walk, loops, sizeof *c->depth);
  k->position  = ude_walk_alloc(walk, n, sizeof *k->position);
  int *done    = ude_walk_alloc(walk, n, sizeof *done);
  place_loop(k, 0, done, 0, order);
  for (int l = 0; l < flow->loops; l++) {
    c->outer[l] = flow->loop[l].parent;
    c->depth[l] = flow->loop[l].depth;
  }
}

static void number_cells(maker *k) {
  ude_walk *walk  = k->m->walk;
  ude_code *c     = k->code;
  int       count = k->function->values, params = (int)LLVMCountParams(k->function->value);
  k->first = ude_walk_alloc(walk, (size_t)count + 1, sizeof *k->first);
  c->param = ude_walk_alloc(walk, (size_t)params + 1, sizeof *c->param);
  for (int v = 0; v < count; v++) {
    LLVMValueRef value = walk->value[k->function->first_value + v].value;
    k->first[v]        = c->cells;
    if (v < params) {
      c->param[v] = c->cells;
    }
    c->cells += cells_of(k, LLVMTypeOf(value));
    c->first_local = v < params ? c->cells : c->first_local;
  }
  LLVMTypeRef result = LLVMGetReturnType(LLVMGlobalGetValueType(k->function->value));
  c->result          = c->cells;
  c->results         = cells_of(k, result);
  c->cells += c->results;
  c->type    = ude_walk_alloc(walk, (size_t)c->cells + 1, 1);
  c->defined = ude_walk_alloc(walk, (size_t)c->cells + 1, sizeof *c->defined);
  for (int v = 0; v < count; v++) {
    LLVMValueRef value = walk->value[k->function->first_value + v].value;
    ude_type_cells(k->m, LLVMTypeOf(value), c->type + k->first[v]);
  }
  ude_type_cells(k->m, result, c->type + c->result);
  for (int n = 0; n < c->cells; n++) {
    c->defined[n] = -1;
  }
}

const ude_code *ude_machine_code(ude_machine *m, int function) {
  if (m->code[function]) {
    return m->code[function];
  }
  ude_walk *walk    = m->walk;
  ude_code *c       = ude_walk_alloc(walk, 1, sizeof *c);
  m->code[function] = c;
  maker k           = {.m = m, .code = c, .function = &walk->function[function]};
  c->function       = function;
  int *order        = ude_walk_alloc(walk, (size_t)k.function->flow.blocks, sizeof *order);
  make_order(&k, order);
  number_cells(&k);
  for (int at = 0; at < c->positions; at++) {
    const ude_flow_block *block = &k.function->flow.block[order[at]];
    c->start[at]                = c->ops;
    c->loop[at]                 = block->loop;
    for (LLVMValueRef i = LLVMGetFirstInstruction(block->block); i; i = LLVMGetNextInstruction(i)) {
      if (LLVMIsAPHINode(i)) {
        continue;
      }
      int    id = ude_walk_value(walk, i);
      ude_op op = {.source = i, .to = k.first[id - k.function->first_value]};
      op.cells  = cells_of(&k, LLVMTypeOf(i));
      op.type   = op.cells ? c->type[op.to] : 0;
      if (LLVMIsATerminatorInst(i)) {
        make_end(&k, i, at, &op);
      } else {
        make(&k, i, &op);
      }
      int made = add_op(&k, op);
      for (int n = 0; n < op.cells && op.code != UDE_OP_RETURN; n++) {
        c->defined[op.to + n] = made;
      }
    }
  }
  return c;
}
