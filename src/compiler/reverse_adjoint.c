/**
 * @file reverse_adjoint.c
 * @brief Adjoints of values: a zeroed variable each, or, for a value used only in its own block, the value under
 *        construction while that block is reversed.
 */
#include "compiler/reverse.h"

static bool has_mixed_reals(unsigned holds) {
  unsigned both = UDE_HOLDS_DOUBLE | UDE_HOLDS_FLOAT;
  return (holds & both) == both;
}

LLVMTypeRef ude_reverse_bar_type(ude_reverse *r, LLVMValueRef value) {
  ude_walk   *walk   = r->emit.walk;
  LLVMTypeRef type   = LLVMTypeOf(value);
  int         id     = ude_walk_value(walk, value);
  bool        vector = LLVMGetTypeKind(type) == LLVMVectorTypeKind &&
                LLVMGetTypeKind(LLVMGetElementType(type)) == LLVMIntegerTypeKind;
  if (LLVMGetTypeKind(type) != LLVMIntegerTypeKind && !vector) {
    return ude_type_has_real(type) ? type : NULL;
  }
  if (id < 0) {
    return NULL;
  }
  unsigned holds = walk->value[id].holds;
  unsigned lanes = vector ? LLVMGetVectorSize(type) : 1;
  unsigned bits  = LLVMGetIntTypeWidth(vector ? LLVMGetElementType(type) : type);
  if (has_mixed_reals(holds)) {
    ude_refuse(walk, value, "a copy of memory", "it holds both float and double",
               "copy the members one by one");
  }
  unsigned    size    = holds & UDE_HOLDS_DOUBLE ? 64 : holds & UDE_HOLDS_FLOAT ? 32 : 0;
  LLVMTypeRef element = size == 64 ? walk->type_double : walk->type_float;
  if (!size || bits % size) {
    if (!ude_walk_active(walk, value)) {
      return NULL;
    }
    ude_refuse(walk, value, "a copy of bytes",
               "it moves a part of a number that depends on the inputs", "copy whole numbers");
  }
  return bits == size && !vector ? element : LLVMVectorType(element, lanes * (bits / size));
}

static unsigned parts_of(LLVMTypeRef type) {
  switch (LLVMGetTypeKind(type)) {
  case LLVMStructTypeKind: return LLVMCountStructElementTypes(type);
  case LLVMArrayTypeKind: return (unsigned)LLVMGetArrayLength2(type);
  default: return 0;
  }
}

LLVMValueRef ude_reverse_relax(LLVMValueRef arithmetic) {
  if (!LLVMIsAInstruction(arithmetic)) {
    return arithmetic;
  }
  switch (LLVMGetInstructionOpcode(arithmetic)) {
  case LLVMFAdd:
    LLVMSetFastMathFlags(arithmetic, LLVMFastMathAllowContract | LLVMFastMathAllowReassoc |
                                         LLVMFastMathNoSignedZeros);
    break;
  case LLVMFMul: /* in another order they could overflow on the way */
    LLVMSetFastMathFlags(arithmetic, LLVMFastMathAllowContract);
    break;
  default: LLVMSetFastMathFlags(arithmetic, LLVMFastMathAllowReciprocal); break;
  }
  return arithmetic;
}

LLVMValueRef ude_reverse_sum(ude_reverse *r, LLVMValueRef x, LLVMValueRef y) {
  if (!x) {
    return y;
  }
  if (!y) {
    return x;
  }
  LLVMBuilderRef b     = r->emit.walk->builder;
  LLVMTypeRef    type  = LLVMTypeOf(x);
  unsigned       parts = parts_of(type);
  if (!parts) {
    return ude_type_has_real(type) ? ude_reverse_relax(LLVMBuildFAdd(b, x, y, "")) : x;
  }
  LLVMValueRef whole = x;
  for (unsigned k = 0; k < parts; k++) {
    LLVMTypeRef part = LLVMGetTypeKind(type) == LLVMStructTypeKind
                           ? LLVMStructGetTypeAtIndex(type, k)
                           : LLVMGetElementType(type);
    if (!ude_type_has_real(part)) {
      continue;
    }
    LLVMValueRef sum =
        ude_reverse_sum(r, LLVMBuildExtractValue(b, x, k, ""), LLVMBuildExtractValue(b, y, k, ""));
    whole = LLVMBuildInsertValue(b, whole, sum, k, "");
  }
  return whole;
}

/* Is the value used only by non-phi instructions of its own block? */
static bool stays_in_block(LLVMValueRef value) {
  if (LLVMIsAArgument(value)) {
    return false;
  }
  LLVMBasicBlockRef block = LLVMGetInstructionParent(value);
  for (LLVMUseRef use = LLVMGetFirstUse(value); use; use = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    if (!LLVMIsAInstruction(user) || LLVMGetInstructionParent(user) != block ||
        LLVMIsAPHINode(user)) {
      return false;
    }
  }
  return true;
}

static bool is_local(ude_reverse *r, LLVMValueRef value, int id) {
  if (!r->bar_place[id]) {
    r->bar_place[id] = stays_in_block(value) ? 2 : 1;
  }
  return r->bar_place[id] == 2;
}

static LLVMValueRef variable_of(ude_reverse *r, int id, LLVMTypeRef type) {
  if (!r->bar[id]) {
    r->bar[id] = ude_reverse_variable(r, true, type, LLVMConstNull(type));
  }
  return r->bar[id];
}

void ude_reverse_add(ude_reverse *r, LLVMValueRef value, LLVMValueRef amount) {
  ude_walk *walk = r->emit.walk;
  int       id   = ude_walk_value(walk, value);
  if (!amount || id < 0 || !ude_walk_active(walk, value)) {
    return;
  }
  if (is_local(r, value, id)) {
    r->bar_local[id] = ude_reverse_sum(r, r->bar_local[id], amount);
    return;
  }
  LLVMTypeRef  type     = LLVMTypeOf(amount);
  LLVMValueRef variable = variable_of(r, id, type);
  LLVMValueRef old      = LLVMBuildLoad2(walk->builder, type, variable, "");
  LLVMBuildStore(walk->builder, ude_reverse_sum(r, old, amount), variable);
}

LLVMValueRef ude_reverse_take(ude_reverse *r, LLVMValueRef value) {
  ude_walk *walk = r->emit.walk;
  int       id   = ude_walk_value(walk, value);
  if (id < 0 || !ude_walk_active(walk, value)) {
    return NULL;
  }
  LLVMTypeRef type = ude_reverse_bar_type(r, value);
  if (!type) {
    return NULL;
  }
  if (is_local(r, value, id)) {
    LLVMValueRef bar = r->bar_local[id];
    r->bar_local[id] = NULL;
    return bar;
  }
  LLVMValueRef variable = variable_of(r, id, type);
  LLVMValueRef bar      = LLVMBuildLoad2(walk->builder, type, variable, "");
  LLVMBuildStore(walk->builder, LLVMConstNull(type), variable);
  return bar;
}
