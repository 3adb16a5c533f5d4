/* Calls of learned functions that report themselves. */
#include <stdio.h>
#include <string.h>

#include "compiler/flat.h"
#include "compiler/runtime.h"

/* Store a real (converted from float) into slot `at` of an array of doubles. */
static void keep(LLVMBuilderRef builder, LLVMTypeRef real, LLVMValueRef value, LLVMValueRef array,
                 int64_t at) {
  LLVMContextRef context = LLVMGetTypeContext(real);
  LLVMValueRef   index   = LLVMConstInt(LLVMInt64TypeInContext(context), (unsigned long long)at, 0);
  if (LLVMTypeOf(value) != real) {
    value = LLVMBuildFPExt(builder, value, real, "");
  }
  LLVMBuildStore(builder, value, LLVMBuildGEP2(builder, real, array, &index, 1, ""));
}

static void keep_array(LLVMBuilderRef builder, LLVMTypeRef real, LLVMTypeRef single,
                       const ude_learned_argument *argument, LLVMValueRef from, LLVMValueRef array,
                       int64_t at) {
  LLVMTypeRef type = argument->single ? single : real;
  LLVMTypeRef word = LLVMInt64TypeInContext(LLVMGetTypeContext(real));
  for (int64_t i = 0; i < argument->count; i++) {
    LLVMValueRef index = LLVMConstInt(word, (unsigned long long)i, 0);
    LLVMValueRef place = LLVMBuildGEP2(builder, type, from, &index, 1, "");
    keep(builder, real, LLVMBuildLoad2(builder, type, place, ""), array, at + i);
  }
}

ude_status ude_flat_probe(LLVMModuleRef module, const ude_learned_shape *learned, int64_t index,
                          ude_error *error) {
  LLVMContextRef context  = LLVMGetModuleContext(module);
  LLVMTypeRef    real     = LLVMDoubleTypeInContext(context);
  LLVMTypeRef    single   = LLVMFloatTypeInContext(context);
  LLVMTypeRef    word     = LLVMInt64TypeInContext(context);
  LLVMTypeRef    pointer  = LLVMPointerTypeInContext(context, 0);
  LLVMValueRef   function = LLVMGetNamedFunction(module, learned->name);
  LLVMTypeRef    type     = LLVMGlobalGetValueType(function);
  char           name[UDE_FLAT_NAME];
  LLVMValueRef   probe = LLVMAddFunction(module, ude_flat_name(name, "call", learned->name), type);
  LLVMReplaceAllUsesWith(function, probe);

  LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
  LLVMPositionBuilderAtEnd(builder, LLVMAppendBasicBlockInContext(context, probe, "entry"));
  LLVMValueRef in =
      LLVMBuildArrayAlloca(builder, real, LLVMConstInt(word, (uint64_t)learned->columns, 0), "in");
  LLVMValueRef out =
      LLVMBuildArrayAlloca(builder, real, LLVMConstInt(word, (uint64_t)learned->rows, 0), "out");
  int64_t      at = 0;
  LLVMValueRef arguments[64];
  if (learned->arguments > 64) {
    LLVMDisposeBuilder(builder);
    return ude_fail(error, UDE_UNSUPPORTED, "learned function '%s' has more than 64 arguments",
                    learned->name);
  }
  LLVMGetParams(probe, arguments);
  for (int i = 0; i < learned->arguments; i++) {
    const ude_learned_argument *argument = &learned->argument[i];
    if (argument->kind == UDE_ARGUMENT_SCALAR) {
      keep(builder, real, arguments[i], in, at);
    } else if (argument->kind == UDE_ARGUMENT_INPUT) {
      keep_array(builder, real, single, argument, arguments[i], in, at);
    }
    at += argument->kind == UDE_ARGUMENT_SCALAR || argument->kind == UDE_ARGUMENT_INPUT
              ? argument->count
              : 0;
  }
  LLVMValueRef result =
      LLVMBuildCall2(builder, type, function, arguments, (unsigned)learned->arguments, "");
  at = 0;
  for (int i = 0; i < learned->arguments; i++) {
    const ude_learned_argument *argument = &learned->argument[i];
    if (argument->kind == UDE_ARGUMENT_OUTPUT) {
      keep_array(builder, real, single, argument, arguments[i], out, at);
      at += argument->count;
    }
  }
  if (learned->returns) {
    keep(builder, real, result, out, at);
  }
  LLVMTypeRef  types[3]  = {word, pointer, pointer};
  LLVMTypeRef  signature = LLVMFunctionType(LLVMVoidTypeInContext(context), types, 3, 0);
  LLVMValueRef record    = LLVMGetNamedFunction(module, UDE_RUNTIME_RECORD);
  record                 = record ? record : LLVMAddFunction(module, UDE_RUNTIME_RECORD, signature);
  LLVMValueRef values[3] = {LLVMConstInt(word, (uint64_t)index, 0), in, out};
  LLVMBuildCall2(builder, signature, record, values, 3, "");
  if (learned->returns) {
    LLVMBuildRet(builder, result);
  } else {
    LLVMBuildRetVoid(builder);
  }
  LLVMDisposeBuilder(builder);
  return UDE_OK;
}
