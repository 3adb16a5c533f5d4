/**
 * @file second.c
 * @brief Second derivatives: forward mode over the code of reverse mode, all directions in one sweep.
 */
#include "compiler/forward.h"
#include "compiler/transform.h"

enum { ARGUMENTS = 16 };

LLVMValueRef ude_emit_hvp(LLVMModuleRef module, LLVMValueRef inner, int width, const char *name,
                          ude_error *error) {
  static const unsigned char param[8] = {0,
                                         0,
                                         UDE_ROLE_INPUT,
                                         UDE_ROLE_OUTPUT,
                                         UDE_ROLE_INPUT,
                                         UDE_ROLE_OUTPUT,
                                         UDE_ROLE_INPUT,
                                         UDE_ROLE_OUTPUT};
  static const ude_roles     roles    = {.param = param};
  if (!module || !inner || !name || LLVMIsDeclaration(inner) || LLVMCountParams(inner) != 8) {
    ude_fail(error, UDE_INVALID_ARGUMENT, "second derivatives need what reverse mode made");
    return NULL;
  }
  LLVMValueRef tangent = ude_emit_tangent(module, inner, width, &roles, "ude.second", error);
  if (!tangent) {
    return NULL;
  }
  LLVMContextRef context = LLVMGetModuleContext(module);
  LLVMTypeRef    type    = LLVMGlobalGetValueType(tangent);
  LLVMTypeRef    params[ARGUMENTS];
  LLVMGetParamTypes(type, params);
  LLVMTypeRef lanes        = params[13]; /* of t */
  params[13]               = LLVMPointerTypeInContext(context, 0);
  LLVMTypeRef    signature = LLVMFunctionType(LLVMGetReturnType(type), params, ARGUMENTS, false);
  LLVMValueRef   f         = LLVMAddFunction(module, name, signature);
  LLVMBuilderRef b         = LLVMCreateBuilderInContext(context);
  LLVMValueRef   arguments[ARGUMENTS];
  LLVMGetParams(f, arguments);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(context, f, ""));
  arguments[13] = LLVMBuildLoad2(b, lanes, arguments[13], "");
  LLVMSetAlignment(arguments[13], 8);
  LLVMBuildRet(b, LLVMBuildCall2(b, type, tangent, arguments, ARGUMENTS, ""));
  LLVMDisposeBuilder(b);
  unsigned kind = LLVMGetEnumAttributeKindForName("noalias", 7);
  for (unsigned k = 0; k < ARGUMENTS; k++) {
    if (k != 12) {
      LLVMAddAttributeAtIndex(f, k + 1, LLVMCreateEnumAttribute(context, kind, 0));
    }
  }
  return f;
}
