/**
 * @file walker_check.c
 * @brief What every transform refuses: bits of floats used as numbers, volatile and atomic accesses to active
 *        memory, formats other than float and double, control flow outside plain C.
 */
#include <stdio.h>
#include <string.h>

#include "compiler/walker.h"

static const char *const punned =
    "the bits of a number that depends on the inputs are used as an integer";
static const char *const unpun =
    "compute with arithmetic and math.h functions (frexp, ldexp, copysign, fabs) instead";

static unsigned flags_of(ude_walk *walk, LLVMValueRef value) {
  int id = ude_walk_value(walk, value);
  return id < 0 ? 0 : walk->value[id].flags;
}

static bool is_integer(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  return kind == LLVMIntegerTypeKind ||
         (kind == LLVMVectorTypeKind &&
          LLVMGetTypeKind(LLVMGetElementType(type)) == LLVMIntegerTypeKind);
}

static void check_cast(ude_walk *walk, LLVMValueRef i) {
  LLVMValueRef from  = LLVMGetOperand(i, 0);
  unsigned     flags = flags_of(walk, from);
  LLVMTypeRef  type  = LLVMTypeOf(i);
  if (LLVMGetInstructionOpcode(i) != LLVMBitCast) { /* integer to float, integer to pointer */
    if (flags & (UDE_TAINTED | UDE_VARIED)) {
      ude_refuse(walk, i, "a conversion", punned, unpun);
    }
    return;
  }
  if (!(flags & (UDE_TAINTED | UDE_VARIED))) {
    return;
  }
  if (flags & UDE_TAINTED && ude_type_has_real(type)) {
    ude_refuse(walk, i, "a reinterpretation of bits", punned, unpun);
  }
  bool     from_integer = is_integer(LLVMTypeOf(from));
  unsigned held         = from_integer ? walk->value[ude_walk_value(walk, from)].holds
                                       : ude_type_holds(LLVMTypeOf(from));
  if (ude_type_has_real(type) && (held & ~ude_type_holds(type))) {
    ude_refuse(walk, i, "a reinterpretation of bits",
               "a number that depends on the inputs is read as another floating type",
               "convert the value instead of its bits");
  }
}

static void check_access(ude_walk *walk, LLVMValueRef i) {
  bool         store   = LLVMGetInstructionOpcode(i) == LLVMStore;
  LLVMValueRef pointer = LLVMGetOperand(i, store);
  bool         varied  = ude_walk_node_varied(walk, pointer);
  if (varied && LLVMGetVolatile(i) &&
      (ude_type_has_real(ude_access_type(i)) || ude_walk_carries(walk, i))) {
    ude_refuse(walk, i, store ? "a volatile write" : "a volatile read",
               "the value depends on the inputs", "remove volatile");
  }
  if (store && flags_of(walk, LLVMGetOperand(i, 0)) & UDE_TAINTED && ude_walk_carries(walk, i)) {
    ude_refuse(walk, i, "a write", punned, unpun);
  }
}

void ude_walk_check(ude_walk *walk, LLVMValueRef i) {
  LLVMTypeRef type = LLVMTypeOf(i);
  if (ude_walk_varied(walk, i) && ude_type_holds(type) & UDE_HOLDS_OTHER) {
    ude_refuse(walk, i, "a computation", "it uses long double or half precision",
               "use double or float for numbers that depend on the inputs");
  }
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad:
  case LLVMStore: check_access(walk, i); return;
  case LLVMSIToFP:
  case LLVMUIToFP:
  case LLVMBitCast: check_cast(walk, i); return;
  case LLVMIntToPtr:
    if (flags_of(walk, LLVMGetOperand(i, 0)) & (UDE_TAINTED | UDE_VARIED) ||
        ude_walk_shadowed(walk, i)) {
      ude_refuse(walk, i, "a pointer made from an integer",
                 "it may point to numbers that depend on the inputs", "keep it as a pointer");
    }
    return;
  case LLVMAtomicRMW:
  case LLVMAtomicCmpXchg:
    if (ude_walk_node_varied(walk, LLVMGetOperand(i, 0))) {
      ude_refuse(walk, i, "an atomic update", "the memory depends on the inputs",
                 "use a plain variable of the function");
    }
    return;
  case LLVMIndirectBr:
  case LLVMCallBr:
  case LLVMInvoke:
  case LLVMResume:
  case LLVMCleanupRet:
  case LLVMCatchRet:
  case LLVMCatchSwitch:
    ude_refuse(walk, i, "a computed jump", "its targets are not plain C control flow",
               "use a switch");
  case LLVMVAArg:
    if (!is_integer(type)) {
      ude_refuse(walk, i, "va_arg", "arguments of variadic functions are not followed",
                 "pass an array");
    }
    return;
  case LLVMGetElementPtr:
  case LLVMPHI:
  case LLVMSelect:
    if (LLVMGetTypeKind(type) == LLVMVectorTypeKind && ude_type_has_pointer(type)) {
      ude_refuse(walk, i, "a vector of pointers", "no transform follows it",
                 "compile the model without vectorisation");
    }
    return;
  case LLVMCall: {
    LLVMValueRef callee = LLVMGetCalledValue(i);
    if (LLVMIsAInlineAsm(callee)) {
      ude_refuse(walk, i, "inline assembly", "its effect is not visible", "write it in C");
    }
    if (ude_call_kind(walk, i) == UDE_CALLEE_TEXT &&
        ude_walk_shadowed(walk, LLVMGetArgOperand(i, 0))) {
      ude_refuse_call(walk, i, "it writes text into memory with numbers that depend on the inputs",
                      "give the text an array of its own");
    }
    return;
  }
  default: return;
  }
}

bool ude_call_is_harmless(ude_walk *walk, LLVMValueRef call) {
  static const char *const never[] = {"setjmp",  "_setjmp",  "__sigsetjmp", "sigsetjmp",
                                      "longjmp", "_longjmp", "siglongjmp",  NULL};
  const char              *name    = ude_call_name(call);
  if (!name || ude_name_is(name, never) || ude_call_is_intrinsic(call)) {
    return false;
  }
  if (ude_type_has_pointer(LLVMTypeOf(call))) {
    return false;
  }
  for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k);
    if (flags_of(walk, argument) & (UDE_VARIED | UDE_TAINTED)) {
      return false;
    }
    if (ude_type_has_pointer(LLVMTypeOf(argument)) && !LLVMIsNull(argument)) {
      return false;
    }
  }
  return true;
}

void ude_walk_check_params(ude_walk *walk, int f) {
  LLVMValueRef function = walk->function[f].value;
  for (unsigned k = 0; k < LLVMCountParams(function); k++) {
    LLVMValueRef param = LLVMGetParam(function, k);
    if (!is_integer(LLVMTypeOf(param))) {
      continue;
    }
    unsigned flags = flags_of(walk, param);
    if (flags & UDE_VARIED || (flags & UDE_CARRIER && ude_walk_shadowed(walk, param))) {
      ude_refuse(walk, LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function)),
                 "a struct passed by value", "it mixes integers and floats in one register",
                 "pass a pointer to it");
    }
  }
}

void ude_walk_check_roles(ude_walk *walk, LLVMValueRef function) {
  for (unsigned k = 0; walk->roles && k < LLVMCountParams(function); k++) {
    LLVMValueRef param = LLVMGetParam(function, k);
    if (!(walk->roles->param[k] & UDE_ROLE_ABSENT) || !ude_type_has_pointer(LLVMTypeOf(param)) ||
        !ude_walk_shadowed(walk, param)) {
      continue;
    }
    char what[64];
    snprintf(what, sizeof what, "argument %u (given as 0)", k + 1);
    ude_refuse(
        walk, LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function)), what,
        "numbers that depend on the others are stored there, or in memory that is used in its "
        "place",
        "give it an array of zeros instead of 0");
  }
}
