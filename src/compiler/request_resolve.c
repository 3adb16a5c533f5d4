/* Bodies for requests, innermost first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/debug_type.h"
#include "compiler/forward.h"
#include "compiler/pipeline.h"
#include "compiler/request.h"
#include "compiler/reverse.h"
#include "compiler/rules.h"

enum { MAX_ARGUMENTS = 32 };

static bool is_open(LLVMValueRef f) {
  size_t length = 0;
  return LLVMIsDeclaration(f) && LLVMGetFirstUse(f) &&
         !strncmp(LLVMGetValueName2(f, &length), UDE_REQUEST_PREFIX, strlen(UDE_REQUEST_PREFIX));
}

bool ude_request_any(LLVMModuleRef module) {
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    if (is_open(f)) {
      return true;
    }
  }
  return false;
}

static LLVMValueRef first_call(LLVMValueRef request) {
  LLVMUseRef of = LLVMGetFirstUse(request);
  while (of &&
         !(LLVMIsACallInst(LLVMGetUser(of)) && LLVMGetCalledValue(LLVMGetUser(of)) == request)) {
    of = LLVMGetNextUse(of);
  }
  return of ? LLVMGetUser(of) : NULL;
}

static const char *text_attribute(LLVMValueRef f, const char *name) {
  unsigned         length    = 0;
  LLVMAttributeRef attribute = LLVMGetStringAttributeAtIndex(
      f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, name, (unsigned)strlen(name));
  return attribute ? LLVMGetStringAttributeValue(attribute, &length) : "";
}

/* Does `f`, or anything that it may call, hold an open request? */
static ude_status holds_open(LLVMModuleRef module, LLVMValueRef f, bool *open, ude_error *error) {
  ude_walk *volatile walk = ude_walk_create(module, error);
  if (!walk) {
    return error->status;
  }
  *open             = false;
  ude_status status = UDE_OK;
  if (!setjmp(walk->leave)) {
    ude_walk *w = walk;
    ude_walk_program(w, f);
    for (int v = 0; v < w->values && !*open; v++) {
      LLVMValueRef i = w->value[v].value;
      *open          = w->value[v].block >= 0 && LLVMIsACallInst(i) &&
              LLVMIsAFunction(LLVMGetCalledValue(i)) && is_open(LLVMGetCalledValue(i));
    }
  } else {
    status = error->status;
  }
  ude_walk_free(walk);
  return status;
}

/* A function that only calls `f`, which has no body here: rules are for calls. */
static LLVMValueRef around(LLVMModuleRef module, LLVMValueRef f) {
  LLVMContextRef context = LLVMGetModuleContext(module);
  LLVMTypeRef    type    = LLVMGlobalGetValueType(f);
  LLVMValueRef   wrapper = LLVMAddFunction(module, "ude.pointee", type);
  LLVMBuilderRef b       = LLVMCreateBuilderInContext(context);
  LLVMValueRef   arguments[MAX_ARGUMENTS];
  LLVMSetLinkage(wrapper, LLVMInternalLinkage);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(context, wrapper, ""));
  LLVMGetParams(wrapper, arguments);
  LLVMValueRef result = LLVMBuildCall2(b, type, f, arguments, LLVMCountParams(wrapper), "");
  if (LLVMGetTypeKind(LLVMGetReturnType(type)) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(b);
  } else {
    LLVMBuildRet(b, result);
  }
  LLVMDisposeBuilder(b);
  return wrapper;
}

static bool pairs(LLVMTypeRef type) {
  return ude_type_has_real(type) || ude_type_has_pointer(type);
}

/* As `type`, which has the same fields, perhaps under a name. */
static LLVMValueRef as_type(LLVMBuilderRef b, LLVMValueRef value, LLVMTypeRef type) {
  if (LLVMTypeOf(value) == type) {
    return value;
  }
  LLVMValueRef whole = LLVMConstNull(type);
  if (LLVMGetTypeKind(type) != LLVMStructTypeKind) {
    return whole;
  }
  for (unsigned k = 0; k < LLVMCountStructElementTypes(type); k++) {
    LLVMValueRef part = LLVMBuildExtractValue(b, value, k, "");
    whole =
        LLVMBuildInsertValue(b, whole, as_type(b, part, LLVMStructGetTypeAtIndex(type, k)), k, "");
  }
  return whole;
}

/* request(f, arguments, tangents) */
static void define_jvp(LLVMBuilderRef b, LLVMValueRef request, LLVMValueRef f,
                       LLVMValueRef tangent) {
  unsigned     n = LLVMCountParams(f), count = 0;
  LLVMValueRef arguments[2 * MAX_ARGUMENTS];
  for (unsigned k = 0; k < n; k++) {
    arguments[count++] = LLVMGetParam(request, 1 + k);
    if (pairs(LLVMTypeOf(LLVMGetParam(f, k)))) {
      arguments[count++] = LLVMGetParam(request, 1 + n + k);
    }
  }
  LLVMTypeRef type = LLVMGlobalGetValueType(tangent);
  LLVMTypeRef want = LLVMGetReturnType(LLVMGlobalGetValueType(request));
  LLVMTypeRef params[2 * MAX_ARGUMENTS];
  LLVMGetParamTypes(type, params);
  for (unsigned k = 0; k < count; k++) {
    arguments[k] = as_type(b, arguments[k], params[k]);
  }
  LLVMValueRef result = LLVMBuildCall2(b, type, tangent, arguments, count, "");
  if (LLVMGetTypeKind(want) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(b);
  } else if (pairs(want)) {
    LLVMBuildRet(b, as_type(b, LLVMBuildExtractValue(b, result, 1, ""), want));
  } else {
    LLVMBuildRet(b, LLVMConstNull(want)); /* integers have no tangent */
  }
}

/* request(f, arguments, adjoints, seed) */
static void define_vjp(LLVMBuilderRef b, LLVMValueRef request, LLVMValueRef f,
                       LLVMValueRef adjoint) {
  unsigned     n = LLVMCountParams(f), count = 0;
  LLVMValueRef arguments[2 * MAX_ARGUMENTS + 1];
  for (unsigned k = 0; k < n; k++) {
    arguments[count++] = LLVMGetParam(request, 1 + k);
    if (pairs(LLVMTypeOf(LLVMGetParam(f, k)))) {
      arguments[count++] = LLVMGetParam(request, 1 + n + k);
    }
  }
  LLVMTypeRef type = LLVMGlobalGetValueType(adjoint), result = LLVMGetReturnType(type);
  if (ude_type_is_real(result)) {
    LLVMValueRef seed  = LLVMGetParam(request, 1 + 2 * n);
    arguments[count++] = LLVMTypeOf(seed) == result ? seed : LLVMBuildFPTrunc(b, seed, result, "");
  }
  LLVMValueRef value = LLVMBuildCall2(b, type, adjoint, arguments, count, "");
  if (LLVMGetTypeKind(result) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(b);
  } else {
    LLVMBuildRet(b, value);
  }
}

static ude_status resolve_one(LLVMModuleRef module, LLVMValueRef request, LLVMValueRef f,
                              ude_error *error) {
  const char   *mask    = text_attribute(request, "ude-mask");
  bool          forward = !strcmp(text_attribute(request, "ude-request"), "jvp");
  unsigned char param[MAX_ARGUMENTS];
  ude_roles     roles = {.param = param, .result = true};
  bool ruled = LLVMGetStringAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                             "ude-apart", 9) != NULL; /* user_rule.h */
  if (LLVMIsDeclaration(f) || ruled) {
    f = around(module, f);
  }
  for (unsigned k = 0; k < LLVMCountParams(f); k++) {
    bool pointer = ude_type_has_pointer(LLVMTypeOf(LLVMGetParam(f, k)));
    param[k] = mask[k] == '1' ? UDE_ROLE_INPUT | (pointer ? UDE_ROLE_OUTPUT : 0) : UDE_ROLE_ABSENT;
  }
  LLVMValueRef derived = forward ? ude_emit_tangent(module, f, 1, &roles, "ude.tangent", error)
                                 : ude_emit_adjoint(module, f, &roles, "ude.adjoint", error);
  if (!derived) {
    return error->status;
  }
  LLVMContextRef context = LLVMGetModuleContext(module);
  LLVMBuilderRef b       = LLVMCreateBuilderInContext(context);
  LLVMSetLinkage(request, LLVMInternalLinkage);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(context, request, ""));
  if (forward) {
    define_jvp(b, request, f, derived);
  } else {
    define_vjp(b, request, f, derived);
  }
  LLVMDisposeBuilder(b);
  return UDE_OK;
}

/* One level: all requests whose functions hold none. `progress` tells whether there was one. */
static ude_status resolve_level(LLVMModuleRef module, bool *progress, ude_error *error) {
  /* A request that gets its body in this round does not count as closed before the next. */
  enum { MOST = 256 };
  static _Thread_local LLVMValueRef ready[MOST];
  int                               count = 0;
  for (LLVMValueRef q = LLVMGetFirstFunction(module); q && count < MOST;
       q              = LLVMGetNextFunction(q)) {
    LLVMValueRef call = is_open(q) ? first_call(q) : NULL;
    bool         open = false;
    if (!call) {
      continue;
    }
    LLVMValueRef f      = LLVMGetArgOperand(call, 0);
    ude_status   status = LLVMIsDeclaration(f) ? UDE_OK : holds_open(module, f, &open, error);
    if (status) {
      return status;
    }
    if (!open) {
      ready[count++] = q;
    }
  }
  *progress = count > 0;
  for (int k = 0; k < count; k++) {
    LLVMValueRef call   = first_call(ready[k]);
    ude_status   status = resolve_one(module, ready[k], LLVMGetArgOperand(call, 0), error);
    if (status) {
      return status;
    }
  }
  return UDE_OK;
}

ude_status ude_request_resolve(LLVMModuleRef module, LLVMTargetMachineRef machine,
                               ude_error *error) {
  ude_status status =
      ude_request_any(module) ? ude_pipeline_canonical(module, machine, error) : UDE_OK;
  while (status == UDE_OK && ude_request_any(module)) {
    bool progress = false;
    status        = resolve_level(module, &progress, error);
    if (status == UDE_OK && !progress) {
      return ude_fail(
          error, UDE_NOT_DIFFERENTIABLE,
          "a function of the model takes a derivative of itself, directly or through others "
          "(ude_jvp, ude_vjp, ude_gradient): there is no end to it");
    }
    if (status == UDE_OK && ude_request_any(module)) {
      status = ude_pipeline_canonical(module, machine, error);
    }
  }
  return status;
}
