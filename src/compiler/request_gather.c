/* From the marked calls of ude/model.h to requests. */
#include <llvm-c/DebugInfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/debug_type.h"
#include "compiler/request.h"
#include "compiler/walker.h"

enum { MAX_ARGUMENTS = 32 };

typedef struct gather {
  LLVMModuleRef  module;
  LLVMContextRef context;
  LLVMBuilderRef builder;
  ude_error     *error;
  int            number; /**< of requests */
} gather;

/** A use of one of the macros. */
typedef struct use {
  const char *macro;
  LLVMValueRef
      mark; /**< the marked call that holds the rest: of the directions, or of the adjoints */
  LLVMValueRef point; /**< marked call of the point */
  LLVMValueRef at;    /**< the call of the function at the point */
  LLVMValueRef f;
} use;

static ude_status wrong(const gather *g, LLVMValueRef at, const char *macro, const char *why) {
  char place[512];
  return ude_fail(g->error, UDE_COMPILE, "%s%s: %s", ude_debug_where(at, place, sizeof place),
                  macro, why);
}

static LLVMValueRef function_of(LLVMValueRef instruction) {
  return LLVMGetBasicBlockParent(LLVMGetInstructionParent(instruction));
}

static uint64_t id_of(LLVMValueRef mark) {
  LLVMValueRef id = LLVMGetArgOperand(mark, 0);
  return LLVMIsAConstantInt(id) ? LLVMConstIntGetZExtValue(id) : UINT64_MAX;
}

/* The call whose callee is the result of a marked call. */
static LLVMValueRef called_through(LLVMValueRef mark) {
  for (LLVMUseRef of = LLVMGetFirstUse(mark); of; of = LLVMGetNextUse(of)) {
    LLVMValueRef user = LLVMGetUser(of);
    if (LLVMIsACallInst(user) && LLVMGetCalledValue(user) == mark) {
      return user;
    }
  }
  return NULL;
}

static LLVMValueRef point_with(const gather *g, LLVMValueRef function, uint64_t id) {
  LLVMValueRef points = LLVMGetNamedFunction(g->module, "ude_derivative_point");
  for (LLVMUseRef of = points ? LLVMGetFirstUse(points) : NULL; of; of = LLVMGetNextUse(of)) {
    LLVMValueRef user = LLVMGetUser(of);
    if (LLVMIsACallInst(user) && function_of(user) == function && id_of(user) == id) {
      return user;
    }
  }
  return NULL;
}

static ude_status find_function(const gather *g, use *u) {
  LLVMValueRef f = LLVMGetArgOperand(u->point, 1);
  if (LLVMGetValueKind(f) == LLVMGlobalAliasValueKind) {
    f = LLVMAliasGetAliasee(f);
  }
  if (!LLVMIsAFunction(f)) {
    return wrong(g, u->mark, u->macro,
                 "its first argument must be the name of a function of the model, not a pointer");
  }
  u->f             = f;
  LLVMTypeRef type = LLVMGlobalGetValueType(f);
  if (LLVMIsFunctionVarArg(type) || type != LLVMGetCalledFunctionType(u->at)) {
    return wrong(g, u->mark, u->macro,
                 "the function must be declared with its parameters, and not be variadic");
  }
  if (LLVMCountParamTypes(type) > MAX_ARGUMENTS) {
    return wrong(g, u->mark, u->macro, "the function has more than 32 arguments");
  }
  return UDE_OK;
}

static unsigned attribute_kind(const char *name) {
  return LLVMGetEnumAttributeKindForName(name, strlen(name));
}

/* The memory of structs that are passed or returned in memory ends with the full expression that names it, in LLVM
 * with the call: the request, which comes later, gets memory of its own. */
static LLVMValueRef own_memory(const gather *g, LLVMValueRef call, unsigned k) {
  LLVMValueRef argument = LLVMGetArgOperand(call, k);
  for (int way = 0; way < 2; way++) {
    LLVMAttributeRef attribute =
        LLVMGetCallSiteEnumAttribute(call, k + 1, attribute_kind(way ? "sret" : "byval"));
    if (!attribute) {
      continue;
    }
    LLVMTypeRef  type  = LLVMGetTypeAttributeValue(attribute);
    LLVMValueRef first = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function_of(call)));
    LLVMPositionBuilderBefore(g->builder, first);
    LLVMValueRef copy = LLVMBuildAlloca(g->builder, type, "");
    LLVMSetAlignment(copy, 16);
    if (!way) {
      LLVMPositionBuilderBefore(g->builder, call);
      LLVMBuildMemCpy(g->builder, copy, 16, argument, 1, LLVMSizeOf(type));
    }
    return copy;
  }
  return argument;
}

/* The request of that kind and mask for f; arguments: f, then those of `params`. */
static LLVMValueRef request_for(gather *g, const char *kind, LLVMValueRef f, const char *mask,
                                LLVMTypeRef *params, unsigned count) {
  LLVMTypeRef type =
      LLVMFunctionType(LLVMGetReturnType(LLVMGlobalGetValueType(f)), params, count, 0);
  for (LLVMValueRef q = LLVMGetFirstFunction(g->module); q; q = LLVMGetNextFunction(q)) {
    size_t length = 0;
    if (strncmp(LLVMGetValueName2(q, &length), UDE_REQUEST_PREFIX, strlen(UDE_REQUEST_PREFIX)) !=
            0 ||
        LLVMGlobalGetValueType(q) != type) {
      continue;
    }
    LLVMUseRef       of       = LLVMGetFirstUse(q);
    LLVMValueRef     user     = of ? LLVMGetUser(of) : NULL;
    unsigned         n        = 0;
    LLVMAttributeRef has_kind = LLVMGetStringAttributeAtIndex(
        q, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "ude-request", 11);
    LLVMAttributeRef has_mask = LLVMGetStringAttributeAtIndex(
        q, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "ude-mask", 8);
    if (user && LLVMGetArgOperand(user, 0) == f && has_kind && has_mask &&
        !strcmp(LLVMGetStringAttributeValue(has_kind, &n), kind) &&
        !strcmp(LLVMGetStringAttributeValue(has_mask, &n), mask)) {
      return q;
    }
  }
  char name[64];
  snprintf(name, sizeof name, UDE_REQUEST_PREFIX "%d", g->number++);
  LLVMValueRef q = LLVMAddFunction(g->module, name, type);
  LLVMAddAttributeAtIndex(
      q, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
      LLVMCreateStringAttribute(g->context, "ude-request", 11, kind, (unsigned)strlen(kind)));
  LLVMAddAttributeAtIndex(
      q, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
      LLVMCreateStringAttribute(g->context, "ude-mask", 8, mask, (unsigned)strlen(mask)));
  return q;
}

/* The request instead of `call`, which returns the same. */
static void replace(const gather *g, LLVMValueRef call, LLVMValueRef request,
                    LLVMValueRef *arguments, unsigned count) {
  LLVMPositionBuilderBefore(g->builder, call);
  LLVMValueRef made =
      LLVMBuildCall2(g->builder, LLVMGlobalGetValueType(request), request, arguments, count, "");
  LLVMInstructionSetDebugLoc(made, LLVMInstructionGetDebugLoc(call));
  if (LLVMGetTypeKind(LLVMTypeOf(call)) != LLVMVoidTypeKind) {
    LLVMReplaceAllUsesWith(call, made);
  }
}

static bool pairs(LLVMTypeRef type) {
  return ude_type_has_real(type) || ude_type_has_pointer(type);
}

static ude_status gather_jvp(gather *g, use *u) {
  LLVMValueRef direction = called_through(u->mark);
  unsigned     n         = LLVMGetNumArgOperands(u->at);
  LLVMValueRef arguments[2 * MAX_ARGUMENTS + 1];
  LLVMTypeRef  types[2 * MAX_ARGUMENTS + 1];
  char         mask[MAX_ARGUMENTS + 1] = "";
  if (!direction || LLVMGetNumArgOperands(direction) != n) {
    return wrong(g, u->mark, u->macro, "it must be used as ude_jvp(f, (arguments), (tangents))");
  }
  arguments[0] = u->f;
  for (unsigned k = 0; k < n; k++) {
    LLVMValueRef tangent = LLVMGetArgOperand(direction, k);
    arguments[1 + k]     = own_memory(g, u->at, k);
    arguments[1 + n + k] = tangent;
    bool none            = LLVMIsConstant(tangent) && LLVMIsNull(tangent);
    mask[k]              = none || !pairs(LLVMTypeOf(tangent)) ? '0' : '1';
  }
  for (unsigned k = 0; k < 2 * n + 1; k++) {
    types[k] = LLVMTypeOf(arguments[k]);
  }
  LLVMValueRef request = request_for(g, "jvp", u->f, mask, types, 2 * n + 1);
  replace(g, direction, request, arguments, 2 * n + 1);
  LLVMInstructionEraseFromParent(direction);
  LLVMInstructionEraseFromParent(u->mark);
  return UDE_OK;
}

/* Is the adjoint that the model gives of the type of the argument? */
static const char *check_bar(LLVMValueRef f, unsigned k, LLVMTypeRef type, int kind,
                             uint64_t size) {
  switch (LLVMGetTypeKind(type)) {
  case LLVMDoubleTypeKind: return kind == 8 ? NULL : "must be a double *";
  case LLVMFloatTypeKind: return kind == 4 ? NULL : "must be a float *";
  case LLVMPointerTypeKind: {
    ude_pointee to = ude_debug_pointee(f, k);
    if (!to.known) {
      return NULL;
    }
    if (to.real) {
      return kind == to.real ? NULL : to.real == 8 ? "must be a double *" : "must be a float *";
    }
    return kind || (to.size && to.size != size) ? "must point to what the argument points to"
                                                : NULL;
  }
  default: return pairs(type) ? NULL : "must be 0: the argument is an integer";
  }
}

static ude_status gather_vjp(gather *g, use *u) {
  /* id, seed, number of adjoints, then pointer, kind, size of each */
  LLVMValueRef count = LLVMGetArgOperand(u->mark, 2);
  unsigned     n     = LLVMGetNumArgOperands(u->at);
  LLVMValueRef arguments[2 * MAX_ARGUMENTS + 2];
  LLVMTypeRef  types[2 * MAX_ARGUMENTS + 2];
  char         mask[MAX_ARGUMENTS + 1] = "", text[160];
  unsigned     given = LLVMIsAConstantInt(count) ? (unsigned)LLVMConstIntGetZExtValue(count) : 0;
  if (given != n || LLVMGetNumArgOperands(u->mark) != 3 + 3 * n) {
    return wrong(
        g, u->mark, u->macro,
        "the two lists differ in length, or the function takes or returns a struct by value: "
        "give it pointers");
  }
  LLVMTypeRef result = LLVMGetReturnType(LLVMGlobalGetValueType(u->f));
  bool        scalar = ude_type_is_real(result);
  if (!scalar &&
      (!strcmp(u->macro, "ude_gradient") || LLVMGetTypeKind(result) != LLVMVoidTypeKind)) {
    return wrong(g, u->mark, u->macro,
                 "the function must return double or float, or for ude_vjp nothing");
  }
  arguments[0] = u->f;
  for (unsigned k = 0; k < n; k++) {
    LLVMValueRef bar  = LLVMGetArgOperand(u->mark, 3 + 3 * k);
    LLVMValueRef kind = LLVMGetArgOperand(u->mark, 4 + 3 * k);
    LLVMValueRef size = LLVMGetArgOperand(u->mark, 5 + 3 * k);
    arguments[1 + k]  = LLVMGetArgOperand(u->at, k);
    LLVMTypeRef type  = LLVMTypeOf(arguments[1 + k]);
    bool        none  = LLVMIsConstant(bar) && LLVMIsNull(bar);
    const char *bad   = none || !LLVMIsAConstantInt(kind) || !LLVMIsAConstantInt(size)
                            ? NULL
                            : check_bar(u->f, k, type, (int)LLVMConstIntGetZExtValue(kind),
                                        LLVMConstIntGetZExtValue(size));
    if (bad) {
      snprintf(text, sizeof text, "adjoint %u %s", k + 1, bad);
      return wrong(g, u->mark, u->macro, text);
    }
    mask[k]              = none || !pairs(type) ? '0' : '1';
    arguments[1 + n + k] = bar;
  }
  arguments[2 * n + 1] = LLVMGetArgOperand(u->mark, 1);
  for (unsigned k = 0; k < 2 * n + 2; k++) {
    types[k] = LLVMTypeOf(arguments[k]);
  }
  LLVMValueRef request = request_for(g, "vjp", u->f, mask, types, 2 * n + 2);
  replace(g, u->at, request, arguments, 2 * n + 2);
  LLVMInstructionEraseFromParent(u->mark);
  return UDE_OK;
}

static ude_status gather_one(gather *g, LLVMValueRef mark, bool forward) {
  bool gradient =
      !forward && LLVMGetNumArgOperands(mark) > 2 && LLVMIsAConstantFP(LLVMGetArgOperand(mark, 1));
  use u   = {.macro = forward ? "ude_jvp" : gradient ? "ude_gradient" : "ude_vjp", .mark = mark};
  u.point = point_with(g, function_of(mark), id_of(mark));
  u.at    = u.point ? called_through(u.point) : NULL;
  if (!u.at) {
    return wrong(g, mark, u.macro, "it must be used through the macro of <ude/model.h>");
  }
  ude_status status = find_function(g, &u);
  if (status == UDE_OK) {
    status = forward ? gather_jvp(g, &u) : gather_vjp(g, &u);
  }
  if (status == UDE_OK) {
    LLVMInstructionEraseFromParent(u.at);
    LLVMInstructionEraseFromParent(u.point);
  }
  return status;
}

static ude_status gather_all(gather *g, const char *name, bool forward) {
  LLVMValueRef marks = LLVMGetNamedFunction(g->module, name);
  while (marks && LLVMGetFirstUse(marks)) {
    LLVMValueRef user = LLVMGetUser(LLVMGetFirstUse(marks));
    if (!LLVMIsACallInst(user) || LLVMGetCalledValue(user) != marks) {
      return ude_fail(g->error, UDE_COMPILE,
                      "'%s' must be used through the macros of <ude/model.h>", name);
    }
    ude_status status = gather_one(g, user, forward);
    if (status) {
      return status;
    }
  }
  if (marks) {
    LLVMDeleteFunction(marks);
  }
  return UDE_OK;
}

ude_status ude_request_gather(LLVMModuleRef module, ude_error *error) {
  gather     g      = {.module  = module,
                       .context = LLVMGetModuleContext(module),
                       .builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(module)),
                       .error   = error};
  ude_status status = gather_all(&g, "ude_jvp_direction", true);
  if (status == UDE_OK) {
    status = gather_all(&g, "ude_vjp_bars", false);
  }
  LLVMValueRef points = LLVMGetNamedFunction(module, "ude_derivative_point");
  if (status == UDE_OK && points && !LLVMGetFirstUse(points)) {
    LLVMDeleteFunction(points);
  }
  LLVMDisposeBuilder(g.builder);
  return status;
}
