/**
 * @file lanes_check.c
 * @brief What has no form for lanes, said before anything is emitted.
 */
#include <string.h>

#include "compiler/lanes.h"

static _Noreturn void refuse(ude_lane_facts *facts, LLVMValueRef i, const char *what,
                             const char *why) {
  ude_refuse(facts->walk, i, what, why, "its lanes are computed one by one");
}

static bool scalar_type(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  return ude_type_is_real(type) || kind == LLVMPointerTypeKind ||
         (kind == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) <= 64);
}

static bool lane_type(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  if (kind == LLVMStructTypeKind) {
    bool good = true;
    for (unsigned k = 0; k < LLVMCountStructElementTypes(type); k++) {
      good = good && lane_type(LLVMStructGetTypeAtIndex(type, k));
    }
    return good;
  }
  return kind == LLVMVoidTypeKind || scalar_type(type);
}

/* `known`: the size of its scalars is needed. */
static void check_memory(ude_lane_facts *facts, LLVMValueRef i, LLVMValueRef pointer, bool known) {
  int  node  = ude_walk_target(facts->walk, pointer);
  bool mixed = node >= 0 && facts->dilated[node] && !ude_lanes_scalar(facts, pointer);
  if (mixed && (known || (facts->sizes[node] && facts->untyped[node]))) {
    refuse(facts, i, "a memory access", "numbers of different sizes share an object");
  }
}

/* Bytes of whole scalars: a constant, or a number of them. */
static bool is_multiple(LLVMValueRef size, unsigned of) {
  if (LLVMIsAConstantInt(size)) {
    return LLVMConstIntGetZExtValue(size) % of == 0;
  }
  if (!LLVMIsAInstruction(size)) {
    return of == 1;
  }
  LLVMValueRef by = LLVMGetNumOperands(size) > 1 ? LLVMGetOperand(size, 1) : NULL;
  switch (LLVMGetInstructionOpcode(size)) {
  case LLVMMul: return LLVMIsAConstantInt(by) && LLVMConstIntGetZExtValue(by) % of == 0;
  case LLVMShl:
    return LLVMIsAConstantInt(by) && LLVMConstIntGetZExtValue(by) < 32 &&
           (1U << LLVMConstIntGetZExtValue(by)) % of == 0;
  case LLVMAdd: return is_multiple(LLVMGetOperand(size, 0), of) && is_multiple(by, of);
  case LLVMAnd: return LLVMIsAConstantInt(by) && LLVMConstIntGetZExtValue(by) % of == 0;
  case LLVMZExt:
  case LLVMSExt: return is_multiple(LLVMGetOperand(size, 0), of);
  default: return of == 1;
  }
}

/* Half a scalar of one trajectory is half the lanes of several. */
static void check_size(ude_lane_facts *facts, LLVMValueRef call) {
  int      node  = ude_walk_target(facts->walk, LLVMGetArgOperand(call, 0));
  unsigned sizes = node < 0 ? 0 : facts->sizes[node];
  unsigned least = sizes & (~sizes + 1);
  if (ude_lanes_dilated(facts, LLVMGetArgOperand(call, 0)) &&
      !is_multiple(LLVMGetArgOperand(call, 2), least ? least : 8)) {
    refuse(facts, call, "a copy of bytes", "it may be of parts of numbers");
  }
}

static void check_call(ude_lane_facts *facts, const ude_value *of) {
  ude_walk    *walk = facts->walk;
  LLVMValueRef call = of->value;
  bool         some = ude_lanes_for_some(facts, of), any = false, pointers = false;
  unsigned     count = LLVMGetNumArgOperands(call);
  for (unsigned k = 0; k < count; k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k);
    any                   = any || ude_lanes_varies(facts, argument);
    pointers              = pointers || ude_type_has_pointer(LLVMTypeOf(argument));
  }
  switch (ude_call_kind(walk, call)) {
  case UDE_CALLEE_BODY:
  case UDE_CALLEE_IGNORED: return;
  case UDE_CALLEE_STACK:
    if (some) {
      break;
    }
    return;
  case UDE_CALLEE_RULE:
    if ((pointers && some) || (!any && !pointers)) {
      if (pointers) {
        break;
      }
    }
    return;
  case UDE_CALLEE_INTEGER:
    if (pointers || !ude_lanes_scalarises(walk, call)) {
      break;
    }
    return;
  case UDE_CALLEE_COPY: {
    bool split = some || (ude_lanes_dilated(facts, LLVMGetArgOperand(call, 0)) &&
                          !ude_lanes_dilated(facts, LLVMGetArgOperand(call, 1)));
    check_memory(facts, call, LLVMGetArgOperand(call, 0), split);
    check_memory(facts, call, LLVMGetArgOperand(call, 1), split);
    if (any || (some && ude_call_is_intrinsic(call) &&
                strncmp(ude_call_name(call), "llvm.memmove", strlen("llvm.memmove")) == 0)) {
      break;
    }
    check_size(facts, call);
    return;
  }
  case UDE_CALLEE_SET:
    if (any || (ude_lanes_dilated(facts, LLVMGetArgOperand(call, 0)) &&
                !LLVMIsAConstantInt(LLVMGetArgOperand(call, 1)))) {
      break;
    }
    if (some) {
      check_memory(facts, call, LLVMGetArgOperand(call, 0), true);
      if (!LLVMIsNull(LLVMGetArgOperand(call, 1))) {
        break;
      }
    }
    check_size(facts, call);
    return;
  case UDE_CALLEE_MALLOC:
  case UDE_CALLEE_CALLOC:
  case UDE_CALLEE_FREE:
  case UDE_CALLEE_TAKE:
  case UDE_CALLEE_TAPE:
    if (any || (some && ude_call_kind(walk, call) != UDE_CALLEE_TAKE)) {
      break;
    }
    return;
  case UDE_CALLEE_INERT: {
    static const char *const ends[] = {"abort",      "exit",          "_exit",
                                       "quick_exit", "__assert_fail", NULL};
    const char              *name   = ude_call_name(call);
    if (any || !name || !(ude_name_is(name, ends) || ude_call_is_intrinsic(call))) {
      break;
    }
    return;
  }
  default: break;
  }
  refuse(facts, call, "a call", "it cannot be made for several lanes at once");
}

void ude_lanes_check(ude_lane_facts *facts, const ude_value *of) {
  LLVMValueRef i = of->value;
  for (int k = 0; k < LLVMGetNumOperands(i); k++) {
    LLVMValueRef operand = LLVMGetOperand(i, (unsigned)k);
    if (!LLVMIsABasicBlock(operand) && LLVMIsAFunction(operand) &&
        !(LLVMIsACallInst(i) && k == LLVMGetNumOperands(i) - 1)) {
      refuse(facts, i, "a pointer to a function", "different lanes may call different functions");
    }
  }
  LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
  switch (opcode) {
  case LLVMLoad:
  case LLVMStore: {
    LLVMTypeRef type = ude_access_type(i);
    if (!scalar_type(type) || LLVMGetVolatile(i)) {
      refuse(facts, i, "a memory access", "it is not of one number");
    }
    if (ude_lanes_dilated(facts, LLVMGetOperand(i, opcode == LLVMStore)) &&
        LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) % 8) {
      refuse(facts, i, "a memory access", "it is of single bits");
    }
    if (ude_lanes_dilated(facts, LLVMGetOperand(i, opcode == LLVMStore)) &&
        LLVMGetAlignment(i) < LLVMABIAlignmentOfType(facts->walk->layout, type)) {
      refuse(facts, i, "a memory access", "it may be of parts of numbers");
    }
    check_memory(facts, i, LLVMGetOperand(i, opcode == LLVMStore), false);
    return;
  }
  case LLVMCall: check_call(facts, of); return;
  case LLVMAlloca:
    if (of->block != 0 && ude_lanes_for_some(facts, of)) {
      refuse(facts, i, "a local array", "it is made for some lanes only");
    }
    if (ude_lanes_varies(facts, LLVMGetOperand(i, 0))) {
      refuse(facts, i, "a local array", "its size differs between lanes");
    }
    return;
  case LLVMPtrToInt:
  case LLVMIntToPtr:
  case LLVMAtomicRMW:
  case LLVMAtomicCmpXchg:
  case LLVMFence:
  case LLVMIndirectBr:
  case LLVMCallBr:
  case LLVMVAArg:
  case LLVMExtractElement:
  case LLVMInsertElement:
  case LLVMShuffleVector:
  case LLVMInsertValue:
    if (opcode == LLVMInsertValue && LLVMGetNumIndices(i) == 1) {
      return;
    }
    refuse(facts, i, "an instruction", "it has no form for lanes");
  default:
    if (!lane_type(LLVMTypeOf(i)) ||
        (LLVMGetNumOperands(i) && !LLVMIsABasicBlock(LLVMGetOperand(i, 0)) &&
         !lane_type(LLVMTypeOf(LLVMGetOperand(i, 0))))) {
      refuse(facts, i, "an instruction", "its type has no form for lanes");
    }
    return;
  }
}
