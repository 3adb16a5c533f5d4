/**
 * @file walker_steep.c
 * @brief Which calls have infinite derivatives where they are finite: sqrt(0), cbrt(0), acos(1), pow(0, 0.5); and
 *        which functions of these have finite ones nevertheless: sqrt(x) sqrt(x), cos(sqrt(x)).
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

bool ude_call_soars(ude_walk *walk, LLVMValueRef call) {
  static const char *const names[] = {"exp", "exp2", "exp10", "expm1", "cosh", "sinh", NULL};
  const ude_rule          *rule    = ude_rule_for_call(walk, call);
  return rule && rule->name && ude_name_is(rule->name, names);
}

/* The call of sqrt that `value` is, through a change of sign, or NULL. */
static LLVMValueRef root_of(ude_walk *walk, LLVMValueRef value, double *sign) {
  if (LLVMIsAInstruction(value) && LLVMGetInstructionOpcode(value) == LLVMFNeg) {
    *sign = -*sign;
    value = LLVMGetOperand(value, 0);
  }
  if (!LLVMIsACallInst(value) || ude_call_kind(walk, value) != UDE_CALLEE_RULE ||
      !ude_type_is_real(LLVMTypeOf(value))) {
    return NULL;
  }
  const char *name = ude_rule_for_call(walk, value)->name;
  return name && !strcmp(name, "sqrt") && ude_call_is_steep(walk, value) ? value : NULL;
}

/* x y + z in one. */
static bool is_fused(ude_walk *walk, LLVMValueRef i) {
  static const char *const names[] = {"llvm.fma", "llvm.fmuladd", NULL};
  const ude_rule          *rule    = LLVMIsACallInst(i) && ude_call_kind(walk, i) == UDE_CALLEE_RULE
                                         ? ude_rule_for_call(walk, i)
                                         : NULL;
  return rule && rule->intrinsic && ude_name_is(rule->intrinsic, names);
}

LLVMValueRef ude_walk_even(ude_walk *walk, LLVMValueRef i, LLVMValueRef *root, double *derivative) {
  double sign = 1;
  if (!ude_type_is_real(LLVMTypeOf(i))) {
    return NULL;
  }
  if (LLVMGetInstructionOpcode(i) == LLVMFMul || is_fused(walk, i)) {
    LLVMValueRef x = root_of(walk, LLVMGetOperand(i, 0), &sign);
    LLVMValueRef y = x ? root_of(walk, LLVMGetOperand(i, 1), &sign) : NULL;
    *root          = x;
    *derivative    = sign;
    return y && LLVMGetArgOperand(x, 0) == LLVMGetArgOperand(y, 0) ? LLVMGetArgOperand(x, 0) : NULL;
  }
  if (!LLVMIsACallInst(i) || ude_call_kind(walk, i) != UDE_CALLEE_RULE) {
    return NULL;
  }
  const char *name = ude_rule_for_call(walk, i)->name;
  bool        cos = name && !strcmp(name, "cos"), cosh = name && !strcmp(name, "cosh");
  *root       = cos || cosh ? root_of(walk, LLVMGetArgOperand(i, 0), &sign) : NULL;
  *derivative = cos ? -0.5 : 0.5;
  return *root ? LLVMGetArgOperand(*root, 0) : NULL;
}
