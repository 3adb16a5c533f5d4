/**
 * @file forward_instruction.c
 * @brief Tangents of instructions.
 */
#include <string.h>

#include "compiler/forward.h"
#include "compiler/rules.h"
#include "compiler/user_rule.h"

static LLVMValueRef product(ude_emit *emit, LLVMValueRef partial, LLVMValueRef tangent,
                            bool guard) {
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMValueRef   term = LLVMBuildFMul(b, ude_emit_dilate(emit, partial), tangent, "");
  if (!guard) {
    return term;
  }
  LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(tangent));
  LLVMValueRef none = LLVMBuildFCmp(b, LLVMRealOEQ, tangent, zero, "");
  return LLVMBuildSelect(b, none, zero, term, "");
}

/* A dropped argument contributes nothing, not even 0 * inf. */
static LLVMValueRef chosen(ude_emit *emit, LLVMValueRef partial, LLVMValueRef tangent) {
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMValueRef   zero = LLVMConstNull(LLVMTypeOf(tangent));
  LLVMValueRef   wide = ude_emit_dilate(emit, partial);
  LLVMValueRef   none = LLVMBuildFCmp(b, LLVMRealOEQ, wide, zero, "");
  return LLVMBuildSelect(b, none, zero, LLVMBuildFMul(b, wide, tangent, ""), "");
}

/* x dy of a product x y, where dy may be infinite and x zero, as in x sqrt(x) at 0. If dx is finite x vanishes faster than
 * dy grows (like h against h^(a-1), a > 0), so the term is zero; if it is not (sqrt(x) sqrt(x)), nothing is known: NaN. */
static LLVMValueRef factor(ude_emit *emit, LLVMValueRef x, LLVMValueRef dx, LLVMValueRef y,
                           LLVMValueRef dy) {
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMValueRef   wide = ude_emit_dilate(emit, ude_emit_primal(emit, x));
  LLVMValueRef   term = LLVMBuildFMul(b, wide, dy, "");
  if (!ude_walk_steep(emit->walk, y)) {
    return term;
  }
  LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(dy));
  LLVMValueRef none = LLVMBuildFCmp(b, LLVMRealOEQ, wide, zero, "");
  if (dx && ude_walk_steep(emit->walk, x)) { /* dx - dx is zero if dx is finite */
    LLVMValueRef rest = LLVMBuildFSub(b, dx, dx, "");
    none              = LLVMBuildAnd(b, none, LLVMBuildFCmp(b, LLVMRealOEQ, rest, zero, ""), "");
  }
  return LLVMBuildSelect(b, none, zero, term, "");
}

static LLVMValueRef sum(ude_emit *emit, LLVMValueRef a, LLVMValueRef b) {
  if (!a) {
    return b;
  }
  return b ? LLVMBuildFAdd(emit->walk->builder, a, b, "") : a;
}

/* Tangent of x y. */
static LLVMValueRef of_product(ude_emit *emit, LLVMValueRef x, LLVMValueRef y) {
  LLVMValueRef dx = ude_walk_varied(emit->walk, x) ? ude_emit_shadow(emit, x) : NULL;
  LLVMValueRef dy = ude_walk_varied(emit->walk, y) ? ude_emit_shadow(emit, y) : NULL;
  return sum(emit, dx ? factor(emit, y, dy, x, dx) : NULL, dy ? factor(emit, x, dx, y, dy) : NULL);
}

/* The tangent, but for even functions of a root that is zero. */
static LLVMValueRef even_at_zero(ude_emit *emit, LLVMValueRef i, LLVMValueRef tangent) {
  LLVMBuilderRef b = emit->walk->builder;
  LLVMValueRef   root;
  double         derivative;
  LLVMValueRef   x = ude_walk_even(emit->walk, i, &root, &derivative);
  if (!x || !tangent || !ude_walk_varied(emit->walk, x)) {
    return tangent;
  }
  LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(tangent));
  LLVMValueRef wide = ude_emit_dilate(emit, ude_emit_primal(emit, root));
  LLVMValueRef rate = ude_emit_dilate(emit, LLVMConstReal(LLVMTypeOf(i), derivative));
  LLVMValueRef even = LLVMBuildFMul(b, rate, ude_emit_shadow(emit, x), "");
  return LLVMBuildSelect(b, LLVMBuildFCmp(b, LLVMRealOEQ, wide, zero, ""), even, tangent, "");
}

static bool is_fused(const ude_rule *rule) {
  return rule->arity == 3 && rule->intrinsic && !strncmp(rule->intrinsic, "llvm.fm", 7);
}

/* Tangent of a function with a rule: sum of partial times tangent. */
static LLVMValueRef rule_tangent(ude_emit *emit, LLVMValueRef i, const ude_rule *rule,
                                 LLVMValueRef result, const LLVMValueRef *operand, int count) {
  LLVMValueRef argument[UDE_RULE_ARGUMENTS] = {0};
  LLVMValueRef total                        = NULL;
  if (is_fused(rule) && count == 3) {
    LLVMValueRef added =
        ude_walk_varied(emit->walk, operand[2]) ? ude_emit_shadow(emit, operand[2]) : NULL;
    LLVMValueRef main = of_product(emit, operand[0], operand[1]);
    return sum(emit, even_at_zero(emit, i, main), added);
  }
  for (int k = 0; k < count; k++) {
    argument[k] = ude_emit_primal(emit, operand[k]);
  }
  for (int k = 0; k < count; k++) {
    if (!ude_walk_varied(emit->walk, operand[k]) || !rule->partial[k]) {
      continue;
    }
    LLVMValueRef tangent = ude_emit_shadow(emit, operand[k]);
    if (ude_rule_is_one(rule, k)) {
      total = sum(emit, total, tangent);
      continue;
    }
    LLVMValueRef partial =
        ude_rule_partial(emit->walk, rule, k, argument, result, LLVMTypeOf(result));
    if (partial) {
      LLVMValueRef term = rule->masks ? chosen(emit, partial, tangent)
                                      : product(emit, partial, tangent, rule->singular);
      total             = sum(emit, total, term);
    }
  }
  return even_at_zero(emit, i, total);
}

static LLVMValueRef arithmetic(ude_emit *emit, LLVMValueRef i, LLVMValueRef copy) {
  LLVMBuilderRef b       = emit->walk->builder;
  LLVMValueRef   x       = LLVMGetOperand(i, 0);
  bool           binary  = LLVMGetNumOperands(i) > 1;
  LLVMValueRef   y       = binary ? LLVMGetOperand(i, 1) : NULL;
  bool           x_moves = ude_walk_varied(emit->walk, x);
  bool           y_moves = binary && ude_walk_varied(emit->walk, y);
  LLVMValueRef   dx      = x_moves ? ude_emit_shadow(emit, x) : NULL;
  LLVMValueRef   dy      = y_moves ? ude_emit_shadow(emit, y) : NULL;
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMFNeg: return LLVMBuildFNeg(b, dx, "");
  case LLVMFAdd: return sum(emit, dx, dy);
  case LLVMFSub:
    if (!dy) {
      return dx;
    }
    return dx ? LLVMBuildFSub(b, dx, dy, "") : LLVMBuildFNeg(b, dy, "");
  case LLVMFMul: return even_at_zero(emit, i, of_product(emit, x, y));
  case LLVMFDiv: { /* (dx - (x/y) dy) / y */
    if (dy) {
      bool wild = ude_walk_steep(emit->walk, y) || ude_walk_soars(emit->walk, y);
      dy        = wild ? chosen(emit, copy, dy) : product(emit, copy, dy, false);
      dx        = dx ? LLVMBuildFSub(b, dx, dy, "") : LLVMBuildFNeg(b, dy, "");
    }
    return LLVMBuildFDiv(b, dx, ude_emit_dilate(emit, ude_emit_primal(emit, y)), "");
  }
  default: {
    LLVMValueRef operand[2] = {x, y};
    return rule_tangent(emit, i, ude_rule_by_name("fmod"), copy, operand, 2);
  }
  }
}

static void memory_access(ude_emit *emit, LLVMValueRef i) {
  ude_walk    *walk    = emit->walk;
  bool         store   = LLVMGetInstructionOpcode(i) == LLVMStore;
  LLVMValueRef pointer = LLVMGetOperand(i, store);
  LLVMTypeRef  type    = ude_access_type(i);
  unsigned     align   = LLVMGetAlignment(i);
  ude_emit_copy(emit, i);
  if (!store) {
    if (!ude_emit_wants_shadow(emit, i)) {
      return;
    }
    LLVMValueRef from = ude_emit_shadow(emit, pointer);
    ude_emit_set(emit, i, NULL, ude_emit_load_shadow(emit, type, from, align));
    return;
  }
  /* Every store writes the shadow, integers zeros: the memory may have held a number before. */
  if (!ude_walk_shadowed(walk, pointer) || !ude_emit_shadow_type(emit, type)) {
    return;
  }
  LLVMValueRef value = ude_emit_shadow(emit, LLVMGetOperand(i, 0));
  ude_emit_store_shadow(emit, type, value, ude_emit_shadow(emit, pointer), align);
}

/* The shadow of a local object lies beside it. Its bytes start as zeros: what is never written has
 * no tangent. */
static void local_object(ude_emit *emit, LLVMValueRef i) {
  ude_walk      *walk = emit->walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMValueRef   copy = ude_emit_copy(emit, i);
  if (!ude_emit_wants_shadow(emit, i)) {
    return;
  }
  LLVMTypeRef  type   = LLVMGetAllocatedType(i);
  LLVMValueRef count  = LLVMGetOperand(copy, 0);
  LLVMTypeRef  wide   = LLVMArrayType2(type, (uint64_t)emit->scale);
  LLVMValueRef shadow = LLVMBuildArrayAlloca(b, wide, count, "");
  unsigned     align  = LLVMGetAlignment(i);
  LLVMSetAlignment(shadow, align < 16 ? 16 : align);
  LLVMValueRef one = LLVMConstInt(walk->type_i64, LLVMABISizeOfType(walk->layout, wide), false);
  LLVMValueRef size =
      LLVMBuildMul(b, LLVMBuildIntCast2(b, count, walk->type_i64, false, ""), one, "");
  LLVMBuildMemSet(b, shadow, LLVMConstNull(walk->type_i8), size, 16);
  ude_emit_set(emit, i, NULL, shadow);
}

void ude_forward_instruction(ude_forward *forward, LLVMValueRef i) {
  ude_emit *emit = &forward->emit;
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad:
  case LLVMStore: memory_access(emit, i); return;
  case LLVMAlloca: local_object(emit, i); return;
  case LLVMGetElementPtr: ude_emit_address(emit, i); return;
  case LLVMCall: ude_forward_call(forward, i); return;
  default: break;
  }
  LLVMValueRef copy = ude_emit_copy(emit, i);
  if (!ude_emit_wants_shadow(emit, i)) {
    return;
  }
  LLVMValueRef shadow = ude_emit_move(emit, i);
  if (shadow) {
    ude_emit_set(emit, i, NULL, shadow);
    return;
  }
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMFNeg:
  case LLVMFAdd:
  case LLVMFSub:
  case LLVMFMul:
  case LLVMFDiv:
  case LLVMFRem: ude_emit_set(emit, i, NULL, arithmetic(emit, i, copy)); return;
  case LLVMFPExt:
  case LLVMFPTrunc:
    ude_emit_set(emit, i, NULL,
                 LLVMBuildCast(emit->walk->builder, LLVMGetInstructionOpcode(i),
                               ude_emit_shadow(emit, LLVMGetOperand(i, 0)),
                               ude_emit_shadow_type(emit, LLVMTypeOf(i)), ""));
    return;
  default:
    ude_refuse(emit->walk, i, "an instruction", "forward mode has no rule for it",
               "report it with the source line");
  }
}

/* ------------------------------------------------------------------------------------ calls -- */

static void call_function(ude_forward *forward, LLVMValueRef call, LLVMValueRef callee) {
  ude_emit      *emit  = &forward->emit;
  LLVMBuilderRef b     = emit->walk->builder;
  unsigned       count = LLVMGetNumArgOperands(call);
  LLVMValueRef  *args  = ude_walk_alloc(emit->walk, 2 * (size_t)count + 1, sizeof(LLVMValueRef));
  unsigned       n     = 0;
  for (unsigned k = 0; k < count; k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k);
    args[n++]             = ude_emit_primal(emit, argument);
    if (ude_forward_pairs(LLVMTypeOf(argument))) {
      args[n++] = ude_emit_shadow(emit, argument);
    }
  }
  if (forward->kind) {
    args[n++] = forward->context;
  }
  LLVMTypeRef  type   = ude_forward_type(forward, LLVMGetCalledFunctionType(call));
  LLVMValueRef result = LLVMBuildCall2(b, type, callee, args, n, "");
  if (!ude_forward_pairs(LLVMTypeOf(call))) {
    ude_emit_set(emit, call, result, NULL);
    return;
  }
  LLVMValueRef primal = LLVMBuildExtractValue(b, result, 0, "");
  bool         wants  = ude_emit_wants_shadow(emit, call);
  ude_emit_set(emit, call, primal, wants ? LLVMBuildExtractValue(b, result, 1, "") : NULL);
}

static LLVMValueRef dilated_size(ude_emit *emit, LLVMValueRef size) {
  LLVMValueRef scale = LLVMConstInt(LLVMTypeOf(size), (unsigned)emit->scale, false);
  return LLVMBuildMul(emit->walk->builder, size, scale, "");
}

/* What a copy says of the alignment of its k-th argument; its shadow is aligned as well. */
static unsigned alignment(LLVMValueRef call, unsigned k) {
  unsigned         kind  = LLVMGetEnumAttributeKindForName("align", 5);
  LLVMAttributeRef align = LLVMGetCallSiteEnumAttribute(call, k + 1, kind);
  uint64_t         bytes = align ? LLVMGetEnumAttributeValue(align) : 1;
  return bytes > 8 ? 8 : (unsigned)bytes;
}

static void call_memory(ude_emit *emit, LLVMValueRef call, bool copies) {
  ude_walk      *walk = emit->walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMValueRef   to   = LLVMGetArgOperand(call, 0);
  ude_emit_copy(emit, call);
  if (!ude_walk_shadowed(walk, to)) {
    return;
  }
  LLVMValueRef size   = dilated_size(emit, ude_emit_primal(emit, LLVMGetArgOperand(call, 2)));
  LLVMValueRef shadow = ude_emit_shadow(emit, to);
  LLVMValueRef from   = LLVMGetArgOperand(call, 1);
  if (copies && ude_walk_shadowed(walk, from)) {
    LLVMBuildMemMove(b, shadow, alignment(call, 0), ude_emit_shadow(emit, from), alignment(call, 1),
                     size);
  } else {
    LLVMBuildMemSet(b, shadow, LLVMConstNull(walk->type_i8), size, alignment(call, 0));
  }
}

void ude_forward_call(ude_forward *forward, LLVMValueRef call) {
  ude_emit  *emit = &forward->emit;
  ude_walk  *walk = emit->walk;
  ude_callee kind = ude_call_kind(walk, call);
  switch (kind) {
  case UDE_CALLEE_BODY: {
    int f = ude_walk_function(walk, ude_walk_callee(walk, call));
    call_function(forward, call, ude_forward_function(forward, f));
    return;
  }
  case UDE_CALLEE_INDIRECT: {
    int node = ude_walk_target(walk, LLVMGetCalledValue(call));
    if (node < 0 || walk->node[node].functions < 0) {
      ude_refuse_call(walk, call, "no function is known that the pointer may point to",
                      "call a function of the model, or choose among them with a switch");
    }
    call_function(forward, call, ude_emit_shadow(emit, LLVMGetCalledValue(call)));
    return;
  }
  case UDE_CALLEE_RULE: {
    LLVMValueRef copy = ude_emit_copy(emit, call);
    if (!ude_emit_wants_shadow(emit, call)) {
      return;
    }
    LLVMValueRef    operand[UDE_RULE_ARGUMENTS];
    const ude_rule *rule = ude_rule_for_call(walk, call);
    for (int k = 0; k < rule->arity; k++) {
      operand[k] = LLVMGetArgOperand(call, (unsigned)k);
    }
    ude_emit_set(emit, call, NULL, rule_tangent(emit, call, rule, copy, operand, rule->arity));
    return;
  }
  case UDE_CALLEE_COPY:
  case UDE_CALLEE_SET: call_memory(emit, call, kind == UDE_CALLEE_COPY); return;
  case UDE_CALLEE_MALLOC:
  case UDE_CALLEE_CALLOC:
  case UDE_CALLEE_REALLOC:
  case UDE_CALLEE_FREE: ude_emit_heap(emit, call, kind); return;
  case UDE_CALLEE_USER: ude_forward_user_call(emit, call); return;
  case UDE_CALLEE_INACTIVE:
    ude_user_rule_check_inactive(walk, call);
    ude_emit_copy(emit, call);
    return;
  case UDE_CALLEE_TAKE:
  case UDE_CALLEE_SHADOW_ALLOC:
  case UDE_CALLEE_SHADOW_GROW: ude_emit_derivative_memory(emit, call, kind, NULL); return;
  case UDE_CALLEE_TAPE:
  case UDE_CALLEE_IGNORED:
  case UDE_CALLEE_INTEGER:
  case UDE_CALLEE_INERT:
  case UDE_CALLEE_TEXT:
  case UDE_CALLEE_STACK: ude_emit_copy(emit, call); return;
  case UDE_CALLEE_UNKNOWN:
    if (!ude_call_is_harmless(walk, call)) {
      ude_user_rule_refuse(walk, call);
    }
    ude_emit_copy(emit, call);
    return;
  }
}
