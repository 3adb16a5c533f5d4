/**
 * @file walker_lower.c
 * @brief Rewrites primal code into equivalent code that needs no rule of its own: structs passed by
 *        value become explicit copies, sincos and modf become calls that have rules, reductions of
 *        vectors become scalar chains.
 */
#include <string.h>

#include "compiler/request.h"
#include "compiler/rules.h"
#include "compiler/user_rule.h"

static unsigned attribute_kind(const char *name) {
  return LLVMGetEnumAttributeKindForName(name, strlen(name));
}

/* A byval parameter becomes a plain pointer that the callee copies, as the ABI does. */
static void lower_byval(ude_walk *walk, LLVMValueRef function) {
  unsigned byval = attribute_kind("byval");
  for (unsigned k = 0; k < LLVMCountParams(function); k++) {
    LLVMAttributeRef attribute = LLVMGetEnumAttributeAtIndex(function, k + 1, byval);
    if (!attribute) {
      continue;
    }
    LLVMTypeRef  type  = LLVMGetTypeAttributeValue(attribute);
    LLVMValueRef param = LLVMGetParam(function, k);
    unsigned     align = LLVMABIAlignmentOfType(walk->layout, type);
    LLVMPositionBuilderBefore(walk->builder,
                              LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function)));
    LLVMValueRef copy = LLVMBuildAlloca(walk->builder, type, "");
    LLVMSetAlignment(copy, align < 16 ? 16 : align);
    LLVMReplaceAllUsesWith(param, copy);
    LLVMValueRef size = LLVMConstInt(walk->type_i64, LLVMABISizeOfType(walk->layout, type), false);
    LLVMBuildMemCpy(walk->builder, copy, align, param, align, size);
    LLVMRemoveEnumAttributeAtIndex(function, k + 1, byval);
    for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use)) {
      LLVMValueRef user = LLVMGetUser(use);
      if (LLVMIsACallInst(user) && LLVMGetCalledValue(user) == function) {
        LLVMRemoveCallSiteEnumAttribute(user, k + 1, byval);
      }
    }
  }
}

static LLVMValueRef real_call(ude_walk *walk, const char *stem, LLVMTypeRef type,
                              LLVMValueRef *arguments, unsigned count) {
  unsigned     id = LLVMLookupIntrinsicID(stem, strlen(stem));
  LLVMValueRef f  = LLVMGetIntrinsicDeclaration(walk->module, id, &type, 1);
  return LLVMBuildCall2(walk->builder, LLVMGlobalGetValueType(f), f, arguments, count, "");
}

static void lower_sincos(ude_walk *walk, LLVMValueRef call) {
  LLVMValueRef x    = LLVMGetArgOperand(call, 0);
  LLVMTypeRef  type = LLVMTypeOf(x);
  LLVMBuildStore(walk->builder, real_call(walk, "llvm.sin", type, &x, 1),
                 LLVMGetArgOperand(call, 1));
  LLVMBuildStore(walk->builder, real_call(walk, "llvm.cos", type, &x, 1),
                 LLVMGetArgOperand(call, 2));
}

/* modf: the integer part keeps the sign, and so does the fraction; that of an infinity is 0. */
static void lower_modf(ude_walk *walk, LLVMValueRef call) {
  LLVMBuilderRef b        = walk->builder;
  LLVMValueRef   x        = LLVMGetArgOperand(call, 0);
  LLVMTypeRef    type     = LLVMTypeOf(x);
  LLVMValueRef   whole    = real_call(walk, "llvm.trunc", type, &x, 1);
  LLVMValueRef   size     = real_call(walk, "llvm.fabs", type, &x, 1);
  LLVMValueRef   infinite = LLVMConstRealOfString(type, "inf");
  LLVMValueRef   is_inf   = LLVMBuildFCmp(b, LLVMRealOEQ, size, infinite, "");
  LLVMBuildStore(b, whole, LLVMGetArgOperand(call, 1));
  LLVMValueRef rest =
      LLVMBuildSelect(b, is_inf, LLVMConstNull(type), LLVMBuildFSub(b, x, whole, ""), "");
  LLVMValueRef arguments[2] = {rest, x};
  LLVMReplaceAllUsesWith(call, real_call(walk, "llvm.copysign", type, arguments, 2));
}

/* llvm.vector.reduce.{fadd,fmul} (start, vector), .{fmax,fmin} (vector) in order. */
static bool lower_reduce(ude_walk *walk, LLVMValueRef call, const char *name) {
  static const struct {
    const char *stem, *pair;
    LLVMOpcode  opcode;
  } reductions[] = {{"llvm.vector.reduce.fadd.", NULL, LLVMFAdd},
                    {"llvm.vector.reduce.fmul.", NULL, LLVMFMul},
                    {"llvm.vector.reduce.fmax.", "llvm.maxnum", LLVMFAdd},
                    {"llvm.vector.reduce.fmin.", "llvm.minnum", LLVMFAdd}};
  for (size_t r = 0; r < sizeof reductions / sizeof *reductions; r++) {
    if (strncmp(name, reductions[r].stem, strlen(reductions[r].stem)) != 0) {
      continue;
    }
    bool         binary = reductions[r].pair == NULL;
    LLVMValueRef vector = LLVMGetArgOperand(call, binary ? 1 : 0);
    LLVMTypeRef  type   = LLVMTypeOf(vector);
    LLVMValueRef total  = binary ? LLVMGetArgOperand(call, 0) : NULL;
    for (unsigned k = 0; k < LLVMGetVectorSize(type); k++) {
      LLVMValueRef element = LLVMBuildExtractElement(walk->builder, vector,
                                                     LLVMConstInt(walk->type_i32, k, false), "");
      LLVMValueRef pair[2] = {total, element};
      if (!total) {
        total = element;
      } else if (binary) {
        total = LLVMBuildBinOp(walk->builder, reductions[r].opcode, total, element, "");
      } else {
        total = real_call(walk, reductions[r].pair, LLVMGetElementType(type), pair, 2);
      }
    }
    LLVMReplaceAllUsesWith(call, total);
    return true;
  }
  return false;
}

/* Is it `f` as the callee, or what a request or a rule is about? */
static bool is_mention(LLVMValueRef user, LLVMValueRef f) {
  size_t length = 0;
  if (!LLVMIsACallInst(user)) {
    return LLVMIsAConstant(user) && !LLVMIsAGlobalValue(user) && ude_is_rule_initial(user);
  }
  unsigned     count  = LLVMGetNumArgOperands(user);
  LLVMValueRef callee = LLVMGetCalledValue(user);
  for (unsigned k = 0; k < count; k++) {
    if (LLVMGetArgOperand(user, k) == f &&
        (k || !LLVMIsAFunction(callee) ||
         strncmp(LLVMGetValueName2(callee, &length), UDE_REQUEST_PREFIX,
                 strlen(UDE_REQUEST_PREFIX)))) {
      return false;
    }
  }
  return true;
}

/* Is the function mentioned otherwise than as a callee? */
static bool address_taken(LLVMValueRef function) {
  for (LLVMUseRef use = LLVMGetFirstUse(function); use; use = LLVMGetNextUse(use)) {
    if (!is_mention(LLVMGetUser(use), function)) {
      return true;
    }
  }
  return false;
}

/* In `user`, whatever it is, `to` instead of `from`: instructions here, constants are made anew by LLVM. */
static void put_back(LLVMValueRef user, LLVMValueRef from, LLVMValueRef to) {
  for (int k = 0; k < LLVMGetNumOperands(user); k++) {
    if (LLVMGetOperand(user, (unsigned)k) == from) {
      LLVMSetOperand(user, (unsigned)k, to);
    }
  }
}

/* A pointer to sin becomes a pointer to a function that calls sin: it can have a derivative. */
static void wrap_pointer(ude_walk *walk, LLVMValueRef function) {
  LLVMTypeRef  type    = LLVMGlobalGetValueType(function);
  LLVMValueRef wrapper = LLVMAddFunction(walk->module, "ude.pointee", type);
  LLVMSetLinkage(wrapper, LLVMInternalLinkage);
  LLVMReplaceAllUsesWith(function, wrapper);
  for (LLVMUseRef use = LLVMGetFirstUse(wrapper), next; use; use = next) {
    next              = LLVMGetNextUse(use);
    LLVMValueRef user = LLVMGetUser(use);
    if (LLVMIsACallInst(user) && is_mention(user, wrapper)) {
      put_back(user, wrapper, function);
      next = LLVMGetFirstUse(wrapper); /* the list has changed */
    }
  }
  ude_user_rules_restore(walk->module, wrapper, function);
  LLVMPositionBuilderAtEnd(walk->builder,
                           LLVMAppendBasicBlockInContext(walk->context, wrapper, ""));
  unsigned      count     = LLVMCountParams(wrapper);
  LLVMValueRef *arguments = ude_walk_alloc(walk, count, sizeof(LLVMValueRef));
  LLVMGetParams(wrapper, arguments);
  LLVMValueRef result = LLVMBuildCall2(walk->builder, type, function, arguments, count, "");
  if (LLVMGetTypeKind(LLVMTypeOf(result)) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(walk->builder);
  } else {
    LLVMBuildRet(walk->builder, result);
  }
}

void ude_walk_lower_pointers(ude_walk *walk) {
  for (LLVMValueRef f = LLVMGetFirstFunction(walk->module); f; f = LLVMGetNextFunction(f)) {
    size_t length = 0;
    bool   rule   = ude_user_rule_of(walk, f) != NULL;
    if (!rule && (!LLVMIsDeclaration(f) || LLVMGetIntrinsicID(f) ||
                  !ude_rule_for_symbol(LLVMGetValueName2(f, &length), LLVMGlobalGetValueType(f)))) {
      continue;
    }
    if (address_taken(f)) {
      wrap_pointer(walk, f);
    }
  }
}

void ude_walk_lower(ude_walk *walk, LLVMValueRef function) {
  static const char *const sincos[] = {"sincos", "sincosf", NULL};
  static const char *const modf[]   = {"modf", "modff", NULL};
  unsigned                 byval    = attribute_kind("byval");
  lower_byval(walk, function);
  for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(function); block;
       block                   = LLVMGetNextBasicBlock(block)) {
    for (LLVMValueRef i = LLVMGetFirstInstruction(block), next; i; i = next) {
      next = LLVMGetNextInstruction(i);
      if (!LLVMIsACallInst(i)) {
        continue;
      }
      LLVMValueRef callee = LLVMGetCalledValue(i);
      const char  *name   = ude_call_name(i);
      if (!name && !LLVMIsAInlineAsm(callee)) {
        for (unsigned k = 0; k < LLVMGetNumArgOperands(i); k++) {
          LLVMRemoveCallSiteEnumAttribute(i, k + 1, byval);
        }
      }
      if (!name || !LLVMIsDeclaration(callee)) {
        continue;
      }
      LLVMPositionBuilderBefore(walk->builder, i);
      bool done = false;
      if (ude_name_is(name, sincos)) {
        lower_sincos(walk, i);
        done = true;
      } else if (ude_name_is(name, modf)) {
        lower_modf(walk, i);
        done = true;
      } else {
        done = lower_reduce(walk, i, name);
      }
      if (done) {
        LLVMInstructionEraseFromParent(i);
      }
    }
  }
}
