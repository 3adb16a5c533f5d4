/**
 * @file reverse_instruction.c
 * @brief Adjoints of instructions: what the adjoint of a result adds to those of its operands.
 */
#include "compiler/reverse.h"
#include "compiler/user_rule.h"

static LLVMValueRef product(ude_reverse *r, LLVMValueRef partial, LLVMValueRef bar, bool guard) {
  LLVMBuilderRef b    = r->emit.walk->builder;
  LLVMValueRef   term = ude_reverse_relax(LLVMBuildFMul(b, partial, bar, ""));
  if (!guard) {
    return term;
  }
  LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(bar));
  return LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealOEQ, bar, zero, ""), zero, term, "");
}

/* The same, where the adjoint may be infinite: a partial that is zero contributes nothing, as in sqrt(x * x) at 0. Forward mode
 * sees a zero tangent go into sqrt there. */
static LLVMValueRef strong(ude_reverse *r, LLVMValueRef i, LLVMValueRef partial, LLVMValueRef bar,
                           bool guard) {
  LLVMBuilderRef b    = r->emit.walk->builder;
  LLVMValueRef   term = product(r, partial, bar, guard);
  if (LLVMIsConstant(partial) || !ude_walk_steep_bar(r->emit.walk, i)) {
    return term;
  }
  LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(bar));
  return LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealOEQ, partial, zero, ""), zero, term, "");
}

/* May the adjoint be zero while operands are not finite? Then 0 * inf must not become NaN. */
static bool is_masked(ude_reverse *r, LLVMValueRef i) {
  return (r->emit.walk->value[ude_walk_value(r->emit.walk, i)].flags & UDE_BARE) == 0;
}

/* What an even function of a root that is zero passes on beyond the root, whose own share is then zero. */
static void even_at_zero(ude_reverse *r, LLVMValueRef i, LLVMValueRef bar) {
  LLVMBuilderRef b = r->emit.walk->builder;
  LLVMValueRef   root;
  double         derivative;
  LLVMValueRef   x = ude_walk_even(r->emit.walk, i, &root, &derivative);
  if (!x || !ude_walk_active(r->emit.walk, x)) {
    return;
  }
  LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(bar)), at = ude_reverse_need(r, root);
  LLVMValueRef even = LLVMBuildFMul(b, LLVMConstReal(LLVMTypeOf(bar), derivative), bar, "");
  ude_reverse_add(r, x,
                  LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealOEQ, at, zero, ""), even, zero, ""));
}

static void rule_bars(ude_reverse *r, const ude_rule *rule, LLVMValueRef i,
                      const LLVMValueRef *operand, int count, LLVMValueRef bar) {
  ude_walk    *walk                         = r->emit.walk;
  LLVMValueRef argument[UDE_RULE_ARGUMENTS] = {0}, result = NULL;
  bool         soars = LLVMIsACallInst(i) && ude_call_soars(walk, i);
  bool         guard = rule->singular || soars || is_masked(r, i);
  for (int k = 0; k < count; k++) {
    if (!rule->partial[k] || !ude_walk_active(walk, operand[k])) {
      continue;
    }
    if (ude_rule_is_one(rule, k)) {
      ude_reverse_add(r, operand[k], bar);
      continue;
    }
    unsigned needs = ude_rule_needs(rule, k);
    for (int j = 0; j < count; j++) {
      if (needs & 1U << j) {
        argument[j] = ude_reverse_need(r, operand[j]);
      }
    }
    if (needs & UDE_RULE_NEEDS_RESULT) {
      result = ude_reverse_need(r, i);
    }
    LLVMValueRef partial = ude_rule_partial(walk, rule, k, argument, result, LLVMTypeOf(bar));
    if (partial) {
      ude_reverse_add(r, operand[k], strong(r, i, partial, bar, guard));
    }
  }
}

static bool is_one(LLVMValueRef value) {
  LLVMBool loses;
  return LLVMIsAConstantFP(value) && LLVMConstRealGetDouble(value, &loses) == 1;
}

static void arithmetic(ude_reverse *r, LLVMValueRef i, LLVMValueRef bar) {
  LLVMBuilderRef b      = r->emit.walk->builder;
  LLVMValueRef   x      = LLVMGetOperand(i, 0);
  LLVMValueRef   y      = LLVMGetNumOperands(i) > 1 ? LLVMGetOperand(i, 1) : NULL;
  bool           dx     = ude_walk_active(r->emit.walk, x);
  bool           dy     = y && ude_walk_active(r->emit.walk, y);
  bool           masked = is_masked(r, i);
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMFNeg: ude_reverse_add(r, x, LLVMBuildFNeg(b, bar, "")); return;
  case LLVMFAdd:
    ude_reverse_add(r, x, bar);
    ude_reverse_add(r, y, bar);
    return;
  case LLVMFSub:
    ude_reverse_add(r, x, bar);
    if (dy) {
      ude_reverse_add(r, y, LLVMBuildFNeg(b, bar, ""));
    }
    return;
  case LLVMFMul:
    even_at_zero(r, i, bar);
    if (dx) {
      ude_reverse_add(r, x, strong(r, i, ude_reverse_need(r, y), bar, masked));
    }
    if (dy) {
      ude_reverse_add(r, y, strong(r, i, ude_reverse_need(r, x), bar, masked));
    }
    return;
  case LLVMFDiv: {   /* x_bar += bar / y, y_bar -= (x/y) bar / y */
    if (is_one(x)) { /* a second division is slower than two products */
      LLVMValueRef result = ude_reverse_need(r, i);
      LLVMValueRef by     = product(r, result, bar, masked);
      ude_reverse_add(r, y, LLVMBuildFNeg(b, product(r, result, by, masked), ""));
      return;
    }
    LLVMValueRef by = ude_reverse_relax(LLVMBuildFDiv(b, bar, ude_reverse_need(r, y), ""));
    if (masked) {
      LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(bar));
      by = LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealOEQ, bar, zero, ""), zero, by, "");
    }
    ude_reverse_add(r, x, by);
    if (dy) {
      LLVMValueRef term = strong(r, i, ude_reverse_need(r, i), by, masked);
      ude_reverse_add(r, y, LLVMBuildFNeg(b, term, ""));
    }
    return;
  }
  default: {
    LLVMValueRef operand[2] = {x, y};
    rule_bars(r, ude_rule_by_name("fmod"), i, operand, 2, bar);
    return;
  }
  }
}

/* ------------------------------------------------------------------ carriers, lane by lane -- */

static unsigned lanes_of(LLVMTypeRef type) {
  return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetVectorSize(type) : 1;
}

/* Lane k of the result is lane k + shift of `bar`, or zero. */
static LLVMValueRef move_lanes(ude_reverse *r, LLVMValueRef bar, LLVMTypeRef type, int shift) {
  ude_walk      *walk   = r->emit.walk;
  LLVMBuilderRef b      = walk->builder;
  int            from   = (int)lanes_of(LLVMTypeOf(bar));
  bool           vector = LLVMGetTypeKind(LLVMTypeOf(bar)) == LLVMVectorTypeKind;
  LLVMValueRef   result = LLVMConstNull(type);
  for (int k = 0; k < (int)lanes_of(type); k++) {
    if (k + shift < 0 || k + shift >= from) {
      continue;
    }
    LLVMValueRef lane = bar;
    if (vector) {
      LLVMValueRef at = LLVMConstInt(walk->type_i32, (unsigned)(k + shift), false);
      lane            = LLVMBuildExtractElement(b, bar, at, "");
    }
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) {
      return lane;
    }
    result = LLVMBuildInsertElement(b, result, lane,
                                    LLVMConstInt(walk->type_i32, (unsigned)k, false), "");
  }
  return result;
}

static void carrier(ude_reverse *r, LLVMValueRef i, LLVMValueRef bar) {
  ude_walk    *walk   = r->emit.walk;
  LLVMOpcode   opcode = LLVMGetInstructionOpcode(i);
  LLVMValueRef x      = LLVMGetOperand(i, 0);
  if (opcode == LLVMOr) {
    ude_reverse_add(r, x, bar);
    ude_reverse_add(r, LLVMGetOperand(i, 1), bar);
    return;
  }
  LLVMTypeRef type = ude_reverse_bar_type(r, x);
  if (!type || !ude_walk_active(walk, x)) {
    return;
  }
  int shift = 0;
  if (opcode == LLVMShl || opcode == LLVMLShr) {
    LLVMTypeRef element = lanes_of(type) > 1 ? LLVMGetElementType(type) : type;
    int         bits    = LLVMGetTypeKind(element) == LLVMDoubleTypeKind ? 64 : 32;
    int         by      = (int)LLVMConstIntGetZExtValue(LLVMGetOperand(i, 1));
    if (by % bits) {
      ude_refuse(walk, i, "a shift", "it splits a number that depends on the inputs",
                 "copy whole numbers");
    }
    shift = opcode == LLVMShl ? by / bits : -by / bits;
  }
  ude_reverse_add(r, x, move_lanes(r, bar, type, shift));
}

/* -------------------------------------------------------------------- vectors and structs -- */

/* A lane of integers that carry floats has to be a number; refused where it holds two. */
static bool whole_lanes(ude_reverse *r, LLVMValueRef i, LLVMValueRef vector, LLVMTypeRef bar) {
  if (LLVMGetVectorSize(bar) != LLVMGetVectorSize(LLVMTypeOf(vector))) {
    ude_refuse(r->emit.walk, i, "a copy of bytes", "it moves two numbers in one integer",
               "copy the members one by one");
  }
  return true;
}

static void shuffle_bars(ude_reverse *r, LLVMValueRef i, LLVMValueRef bar) {
  ude_walk      *walk = r->emit.walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMTypeRef    type = LLVMTypeOf(LLVMGetOperand(i, 0));
  int            half = (int)LLVMGetVectorSize(type);
  whole_lanes(r, i, i, LLVMTypeOf(bar));
  type                 = LLVMVectorType(LLVMGetElementType(LLVMTypeOf(bar)), (unsigned)half);
  LLVMValueRef part[2] = {LLVMConstNull(type), LLVMConstNull(type)};
  for (unsigned k = 0; k < LLVMGetNumMaskElements(i); k++) {
    int from = LLVMGetMaskValue(i, k);
    if (from < 0) {
      continue;
    }
    LLVMValueRef at   = LLVMConstInt(walk->type_i32, (unsigned)(from % half), false);
    LLVMValueRef lane = LLVMBuildExtractElement(b, bar, LLVMConstInt(walk->type_i32, k, false), "");
    LLVMValueRef old  = LLVMBuildExtractElement(b, part[from / half], at, "");
    part[from / half] =
        LLVMBuildInsertElement(b, part[from / half], LLVMBuildFAdd(b, old, lane, ""), at, "");
  }
  ude_reverse_add(r, LLVMGetOperand(i, 0), part[0]);
  ude_reverse_add(r, LLVMGetOperand(i, 1), part[1]);
}

static LLVMValueRef part_at(ude_reverse *r, LLVMValueRef whole, const unsigned *path,
                            unsigned depth) {
  for (unsigned k = 0; k < depth; k++) {
    whole = LLVMBuildExtractValue(r->emit.walk->builder, whole, path[k], "");
  }
  return whole;
}

static LLVMValueRef with_part(ude_reverse *r, LLVMValueRef whole, LLVMValueRef part,
                              const unsigned *path, unsigned depth) {
  LLVMBuilderRef b = r->emit.walk->builder;
  if (!depth) {
    return part;
  }
  LLVMValueRef inner = LLVMBuildExtractValue(b, whole, path[0], "");
  return LLVMBuildInsertValue(b, whole, with_part(r, inner, part, path + 1, depth - 1), path[0],
                              "");
}

static void value_bars(ude_reverse *r, LLVMValueRef i, LLVMValueRef bar) {
  const unsigned *path  = LLVMGetIndices(i);
  unsigned        depth = LLVMGetNumIndices(i);
  LLVMValueRef    whole = LLVMGetOperand(i, 0);
  if (LLVMGetInstructionOpcode(i) == LLVMExtractValue) {
    LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(whole));
    if (ude_walk_active(r->emit.walk, whole)) {
      ude_reverse_add(r, whole, with_part(r, zero, bar, path, depth));
    }
    return;
  }
  LLVMValueRef part = part_at(r, bar, path, depth);
  if (ude_type_has_real(LLVMTypeOf(part))) {
    ude_reverse_add(r, LLVMGetOperand(i, 1), part);
  }
  ude_reverse_add(r, whole, with_part(r, bar, LLVMConstNull(LLVMTypeOf(part)), path, depth));
}

static void select_bars(ude_reverse *r, LLVMValueRef i, LLVMValueRef bar) {
  LLVMBuilderRef b    = r->emit.walk->builder;
  LLVMValueRef   zero = LLVMConstNull(LLVMTypeOf(bar));
  LLVMValueRef   x = LLVMGetOperand(i, 1), y = LLVMGetOperand(i, 2);
  bool           dx        = ude_walk_active(r->emit.walk, x);
  bool           dy        = ude_walk_active(r->emit.walk, y);
  LLVMValueRef   condition = ude_reverse_need(r, LLVMGetOperand(i, 0));
  if (dx) {
    ude_reverse_add(r, x, LLVMBuildSelect(b, condition, bar, zero, ""));
  }
  if (dy) {
    ude_reverse_add(r, y, LLVMBuildSelect(b, condition, zero, bar, ""));
  }
}

static void call(ude_reverse *r, LLVMValueRef i) {
  ude_callee kind = ude_call_kind(r->emit.walk, i);
  switch (kind) {
  case UDE_CALLEE_BODY:
  case UDE_CALLEE_INDIRECT: ude_reverse_back_call(r, i); return;
  case UDE_CALLEE_USER: ude_reverse_user_back(r, i); return;
  case UDE_CALLEE_COPY:
  case UDE_CALLEE_SET: ude_reverse_copy(r, i, kind == UDE_CALLEE_COPY); return;
  case UDE_CALLEE_MALLOC:
  case UDE_CALLEE_CALLOC:
  case UDE_CALLEE_SHADOW_ALLOC:
  case UDE_CALLEE_SHADOW_GROW:
  case UDE_CALLEE_REALLOC: ude_reverse_heap(r, i, kind); return;
  case UDE_CALLEE_RULE: {
    LLVMValueRef    operand[UDE_RULE_ARGUMENTS];
    const ude_rule *rule = ude_rule_for_call(r->emit.walk, i);
    LLVMValueRef    bar  = ude_reverse_take(r, i);
    for (int k = 0; k < rule->arity; k++) {
      operand[k] = LLVMGetArgOperand(i, (unsigned)k);
    }
    if (bar) {
      even_at_zero(r, i, bar);
      rule_bars(r, rule, i, operand, rule->arity, bar);
    }
    return;
  }
  default: return;
  }
}

void ude_reverse_instruction(ude_reverse *r, LLVMValueRef i) {
  LLVMBuilderRef b      = r->emit.walk->builder;
  LLVMOpcode     opcode = LLVMGetInstructionOpcode(i);
  switch (opcode) {
  case LLVMLoad:
  case LLVMStore: ude_reverse_access(r, i); return;
  case LLVMCall: call(r, i); return;
  case LLVMRet:
    if (r->split && LLVMGetNumOperands(i) && ude_walk_active(r->emit.walk, LLVMGetOperand(i, 0))) {
      ude_reverse_add(r, LLVMGetOperand(i, 0), LLVMGetParam(r->back_function, 1));
    }
    return;
  default: break;
  }
  LLVMValueRef bar = ude_reverse_take(r, i);
  if (!bar) {
    return;
  }
  switch (opcode) {
  case LLVMFNeg:
  case LLVMFAdd:
  case LLVMFSub:
  case LLVMFMul:
  case LLVMFDiv:
  case LLVMFRem: arithmetic(r, i, bar); return;
  case LLVMFPExt:
    ude_reverse_add(r, LLVMGetOperand(i, 0),
                    LLVMBuildFPTrunc(b, bar, LLVMTypeOf(LLVMGetOperand(i, 0)), ""));
    return;
  case LLVMFPTrunc:
    ude_reverse_add(r, LLVMGetOperand(i, 0),
                    LLVMBuildFPExt(b, bar, LLVMTypeOf(LLVMGetOperand(i, 0)), ""));
    return;
  case LLVMSelect: select_bars(r, i, bar); return;
  case LLVMFreeze: ude_reverse_add(r, LLVMGetOperand(i, 0), bar); return;
  case LLVMBitCast: {
    LLVMValueRef x    = LLVMGetOperand(i, 0);
    LLVMTypeRef  type = ude_walk_active(r->emit.walk, x) ? ude_reverse_bar_type(r, x) : NULL;
    if (type) {
      ude_reverse_add(r, x, LLVMBuildBitCast(b, bar, type, ""));
    }
    return;
  }
  case LLVMZExt:
  case LLVMTrunc:
  case LLVMShl:
  case LLVMLShr:
  case LLVMOr: carrier(r, i, bar); return;
  case LLVMInsertElement: {
    LLVMValueRef at = ude_reverse_need(r, LLVMGetOperand(i, 2));
    LLVMValueRef x  = LLVMGetOperand(i, 1);
    whole_lanes(r, i, i, LLVMTypeOf(bar));
    ude_reverse_add(r, x, LLVMBuildExtractElement(b, bar, at, ""));
    LLVMValueRef zero = LLVMConstNull(LLVMGetElementType(LLVMTypeOf(bar)));
    ude_reverse_add(r, LLVMGetOperand(i, 0), LLVMBuildInsertElement(b, bar, zero, at, ""));
    return;
  }
  case LLVMExtractElement: {
    LLVMValueRef x    = LLVMGetOperand(i, 0);
    LLVMValueRef at   = ude_reverse_need(r, LLVMGetOperand(i, 1));
    LLVMTypeRef  type = ude_walk_active(r->emit.walk, x) ? ude_reverse_bar_type(r, x) : NULL;
    if (type && whole_lanes(r, i, x, type)) {
      ude_reverse_add(r, x, LLVMBuildInsertElement(b, LLVMConstNull(type), bar, at, ""));
    }
    return;
  }
  case LLVMShuffleVector: shuffle_bars(r, i, bar); return;
  case LLVMInsertValue:
  case LLVMExtractValue: value_bars(r, i, bar); return;
  case LLVMPHI: return; /* at the end of the block: ude_reverse_leave_block */
  default:
    ude_refuse(r->emit.walk, i, "an instruction", "reverse mode has no rule for it",
               "report it with the source line");
  }
}
