/**
 * @file walker_steep.c
 * @brief Which calls have infinite derivatives where they are finite: sqrt(0), cbrt(0), acos(1), pow(0, 0.5).
 *
 * Products with such derivatives need care (0 * inf), which costs time; a square root of what is
 * certainly positive, as in sqrt(1 + x * x), does not.
 */
#include <string.h>

#include "compiler/rules.h"

enum { DEEPEST = 6 };

/* Known sign: 0 nothing, 1 not negative, 2 positive (unless it is NaN). Squares may underflow: they are not positive. */
static int sign_of(ude_walk *walk, LLVMValueRef value, int depth) {
  LLVMBool loses;
  if (LLVMIsAConstantFP(value)) {
    double number = LLVMConstRealGetDouble(value, &loses);
    return number > 0 ? 2 : number == 0;
  }
  if (depth == 0 || !LLVMIsAInstruction(value)) {
    return 0;
  }
  if (LLVMIsACallInst(value)) {
    if (ude_call_kind(walk, value) != UDE_CALLEE_RULE) {
      return 0;
    }
    const ude_rule          *rule = ude_rule_for_call(walk, value);
    const char              *name = rule->name ? rule->name : rule->intrinsic + strlen("llvm.");
    static const char *const not_negative[] = {"fabs", "sqrt",  "hypot", "exp",
                                               "exp2", "exp10", NULL};
    if (!strcmp(name, "cosh")) {
      return 2;
    }
    if (ude_name_is(name, not_negative)) {
      return 1;
    }
    if (!strcmp(name, "fmuladd") || !strcmp(name, "fma")) {
      LLVMValueRef a = LLVMGetArgOperand(value, 0), b = LLVMGetArgOperand(value, 1);
      bool         square = a == b || (sign_of(walk, a, depth - 1) && sign_of(walk, b, depth - 1));
      return square ? sign_of(walk, LLVMGetArgOperand(value, 2), depth - 1) : 0;
    }
    return 0;
  }
  LLVMValueRef a = LLVMGetNumOperands(value) > 0 ? LLVMGetOperand(value, 0) : NULL;
  LLVMValueRef b = LLVMGetNumOperands(value) > 1 ? LLVMGetOperand(value, 1) : NULL;
  switch (LLVMGetInstructionOpcode(value)) {
  case LLVMFPExt: return sign_of(walk, a, depth - 1);
  case LLVMFMul: return a == b || (sign_of(walk, a, depth - 1) && sign_of(walk, b, depth - 1));
  case LLVMFAdd: {
    int x = sign_of(walk, a, depth - 1), y = sign_of(walk, b, depth - 1);
    return x && y ? (x > y ? x : y) : 0;
  }
  default: return 0;
  }
}

bool ude_call_is_steep(ude_walk *walk, LLVMValueRef call) {
  const ude_rule *rule = ude_rule_for_call(walk, call);
  if (!rule || !rule->singular) {
    return false;
  }
  const char *name = rule->name ? rule->name : rule->intrinsic + strlen("llvm.");
  if (!strcmp(name, "powi") || !strcmp(name, "atanh")) {
    return false; /* infinite themselves where their derivatives are */
  }
  if (sign_of(walk, LLVMGetArgOperand(call, 0), DEEPEST) == 2) {
    return !strcmp(name, "asin") || !strcmp(name, "acos") || !strcmp(name, "acosh");
  }
  LLVMBool loses;
  if (!strcmp(name, "pow") && LLVMIsAConstantFP(LLVMGetArgOperand(call, 1))) {
    double exponent = LLVMConstRealGetDouble(LLVMGetArgOperand(call, 1), &loses);
    return exponent > 0 && exponent < 1;
  }
  return true;
}
