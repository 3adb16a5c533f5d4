/**
 * @file forward.c
 * @brief Forward mode: every function that carries tangents gets a derivative function with the same control
 *        flow, which computes the primal and W tangents side by side.
 */
#include "compiler/forward.h"

#include <string.h>

#include "compiler/transform.h"

bool ude_forward_pairs(LLVMTypeRef type) {
  return (ude_type_holds(type) & (UDE_HOLDS_DOUBLE | UDE_HOLDS_FLOAT | UDE_HOLDS_POINTER)) != 0;
}

LLVMTypeRef ude_forward_type(ude_forward *forward, LLVMTypeRef type) {
  ude_emit    *emit  = &forward->emit;
  unsigned     count = LLVMCountParamTypes(type);
  LLVMTypeRef *from  = ude_walk_alloc(emit->walk, count, sizeof(LLVMTypeRef));
  LLVMTypeRef *to    = ude_walk_alloc(emit->walk, 2 * (size_t)count + 1, sizeof(LLVMTypeRef));
  unsigned     n     = 0;
  LLVMGetParamTypes(type, from);
  for (unsigned k = 0; k < count; k++) {
    to[n++] = from[k];
    if (ude_forward_pairs(from[k])) {
      to[n++] = ude_emit_shadow_type(emit, from[k]);
    }
  }
  if (forward->kind) {
    to[n++] = emit->walk->type_ptr;
  }
  LLVMTypeRef result = LLVMGetReturnType(type);
  if (ude_forward_pairs(result)) {
    LLVMTypeRef pair[2] = {result, ude_emit_shadow_type(emit, result)};
    result              = LLVMStructTypeInContext(emit->walk->context, pair, 2, false);
  }
  return LLVMFunctionType(result, to, n, false);
}

LLVMValueRef ude_forward_function(ude_forward *forward, int index) {
  ude_walk *walk = forward->emit.walk;
  if (forward->derivative[index]) {
    return forward->derivative[index];
  }
  LLVMValueRef primal = walk->function[index].value;
  LLVMTypeRef  type   = LLVMGlobalGetValueType(primal);
  if (LLVMIsFunctionVarArg(type)) {
    ude_refuse(walk, LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(primal)), "a variadic function",
               "its arguments are not followed", "pass an array");
  }
  LLVMValueRef f = LLVMAddFunction(walk->module, "ude.jvp", ude_forward_type(forward, type));
  LLVMSetLinkage(f, LLVMInternalLinkage);
  ude_emit_attribute(&forward->emit, f, (unsigned)LLVMAttributeFunctionIndex, "nounwind");
  forward->derivative[index]               = f;
  forward->wanted[forward->wanted_count++] = index;
  return f;
}

static LLVMValueRef function_shadow(ude_emit *emit, LLVMValueRef function) {
  int index = ude_walk_function(emit->walk, function);
  if (index < 0) {
    return LLVMConstNull(emit->walk->type_ptr);
  }
  return ude_forward_function((ude_forward *)emit, index);
}

static void emit_return(ude_emit *emit, LLVMValueRef ret) {
  LLVMBuilderRef b = emit->walk->builder;
  if (!LLVMGetNumOperands(ret)) {
    LLVMBuildRetVoid(b);
    return;
  }
  LLVMValueRef value = LLVMGetOperand(ret, 0);
  LLVMValueRef copy  = ude_emit_primal(emit, value);
  if (!ude_forward_pairs(LLVMTypeOf(value))) {
    LLVMBuildRet(b, copy);
    return;
  }
  LLVMValueRef pair[2] = {copy, ude_emit_shadow(emit, value)};
  LLVMBuildAggregateRet(b, pair, 2);
}

static void emit_function(ude_forward *forward, int index) {
  ude_emit       *emit   = &forward->emit;
  ude_walk       *walk   = emit->walk;
  ude_function   *source = &walk->function[index];
  const ude_flow *flow   = &source->flow;
  LLVMValueRef    f      = forward->derivative[index];
  emit->function         = f;
  emit->source           = index;
  ude_walk_check_params(walk, index);
  unsigned at = 0;
  for (unsigned k = 0; k < LLVMCountParams(source->value); k++) {
    LLVMValueRef param  = LLVMGetParam(source->value, k);
    LLVMValueRef copy   = LLVMGetParam(f, at++);
    LLVMValueRef shadow = ude_forward_pairs(LLVMTypeOf(param)) ? LLVMGetParam(f, at++) : NULL;
    ude_emit_set(emit, param, copy, ude_emit_wants_shadow(emit, param) ? shadow : NULL);
  }
  forward->context = forward->kind ? LLVMGetParam(f, at) : NULL;
  emit->block      = ude_walk_alloc(walk, (size_t)flow->blocks, sizeof(LLVMBasicBlockRef));
  emit->last       = emit->block;
  for (int b = 0; b < flow->blocks; b++) {
    emit->block[b] = LLVMAppendBasicBlockInContext(walk->context, f, "");
  }
  if (forward->kind) {
    LLVMPositionBuilderAtEnd(walk->builder, emit->block[0]);
    forward->kind->begin(forward);
  }
  for (int b = 0; b < flow->blocks; b++) {
    LLVMPositionBuilderAtEnd(walk->builder, emit->block[b]);
    bool entered = false;
    for (LLVMValueRef i = LLVMGetFirstInstruction(flow->block[b].block); i;
         i              = LLVMGetNextInstruction(i)) {
      ude_walk_check(walk, i);
      bool phi = LLVMGetInstructionOpcode(i) == LLVMPHI;
      if (forward->kind && !phi && !entered) {
        forward->kind->block(forward, true);
        entered = true;
      }
      if (forward->kind && LLVMIsATerminatorInst(i)) {
        forward->kind->block(forward, false);
      }
      if (phi) {
        ude_emit_phi(emit, i);
      } else if (LLVMGetInstructionOpcode(i) == LLVMRet) {
        emit_return(emit, i);
      } else if (LLVMIsATerminatorInst(i)) {
        ude_emit_branch(emit, i);
      } else {
        (forward->kind ? forward->kind->instruction : ude_forward_instruction)(forward, i);
      }
    }
  }
  for (int v = 0; v < source->values; v++) {
    LLVMValueRef i = walk->value[source->first_value + v].value;
    if (LLVMIsAPHINode(i)) {
      ude_emit_complete_phi(emit, i);
    }
  }
}

void ude_forward_finish(ude_forward *forward) {
  while (forward->wanted_count) {
    emit_function(forward, forward->wanted[--forward->wanted_count]);
  }
}

void ude_forward_begin(ude_forward *forward, ude_walk *walk, int width) {
  forward->emit.walk            = walk;
  forward->emit.scale           = width;
  forward->emit.function_shadow = function_shadow;
  forward->emit.primal          = ude_walk_alloc(walk, (size_t)walk->values, sizeof(LLVMValueRef));
  forward->emit.shadow          = ude_walk_alloc(walk, (size_t)walk->values, sizeof(LLVMValueRef));
  forward->derivative = ude_walk_alloc(walk, (size_t)walk->functions, sizeof(LLVMValueRef));
  forward->wanted     = ude_walk_alloc(walk, (size_t)walk->functions, sizeof(int));
}

static LLVMValueRef emit_entry(ude_forward *forward, LLVMValueRef primal, const char *name) {
  ude_emit      *emit = &forward->emit;
  ude_walk      *walk = emit->walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMTypeRef    types[8];
  for (int k = 0; k < 8; k++) {
    types[k] = k == 6 ? walk->type_double : walk->type_ptr;
  }
  LLVMValueRef f =
      LLVMAddFunction(walk->module, name, LLVMFunctionType(walk->type_void, types, 8, false));
  for (unsigned k = 0; k < 8; k++) {
    if (k != 6) {
      ude_emit_attribute(emit, f, k + 1, "noalias");
    }
    if (k != 6) {
      ude_emit_attribute(emit, f, k + 1, "nocapture");
    }
    if (k == 2 || k == 3 || k == 4 || k == 5 || k == 7) {
      ude_emit_attribute(emit, f, k + 1, "readonly");
    }
  }
  ude_emit_attribute(emit, f, (unsigned)LLVMAttributeFunctionIndex, "nounwind");
  LLVMValueRef inner = ude_forward_function(forward, ude_walk_function(walk, primal));
  ude_forward_finish(forward);
  for (unsigned k = 1; k <= 6; k++) {
    ude_emit_attribute(emit, inner, k, "noalias");
  }
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(walk->context, f, ""));
  ude_emit_reset_globals(emit);
  LLVMValueRef arguments[8];
  for (unsigned k = 0; k < 8; k++) {
    arguments[k] = LLVMGetParam(f, k);
  }
  LLVMTypeRef lanes = ude_emit_shadow_type(emit, walk->type_double);
  arguments[7]      = LLVMBuildLoad2(b, lanes, arguments[7], "");
  LLVMSetAlignment(arguments[7], 8);
  LLVMBuildCall2(b, LLVMGlobalGetValueType(inner), inner, arguments, 8, "");
  LLVMBuildRetVoid(b);
  return f;
}

/* The same around any function: its arguments as they are. */
static LLVMValueRef emit_wrapper(ude_forward *forward, LLVMValueRef function, const char *name) {
  ude_emit      *emit  = &forward->emit;
  ude_walk      *walk  = emit->walk;
  LLVMBuilderRef b     = walk->builder;
  LLVMValueRef   inner = ude_forward_function(forward, ude_walk_function(walk, function));
  ude_forward_finish(forward);
  LLVMTypeRef  type = LLVMGlobalGetValueType(inner);
  LLVMValueRef f    = LLVMAddFunction(walk->module, name, type);
  LLVMSetLinkage(f, LLVMInternalLinkage);
  ude_emit_attribute(emit, f, (unsigned)LLVMAttributeFunctionIndex, "nounwind");
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(walk->context, f, ""));
  ude_emit_reset_globals(emit);
  unsigned      count     = LLVMCountParams(f);
  LLVMValueRef *arguments = ude_walk_alloc(walk, count, sizeof(LLVMValueRef));
  LLVMGetParams(f, arguments);
  LLVMValueRef result = LLVMBuildCall2(b, type, inner, arguments, count, "");
  if (LLVMGetTypeKind(LLVMGetReturnType(type)) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(b);
  } else {
    LLVMBuildRet(b, result);
  }
  return f;
}

/* roles NULL: a flat map. */
static LLVMValueRef derive(LLVMModuleRef module, LLVMValueRef primal, int width,
                           const ude_roles *roles, const char *name, ude_error *error) {
  ude_walk *volatile walk = ude_walk_create(module, error);
  if (!walk) {
    return NULL;
  }
  LLVMValueRef volatile result = NULL;
  if (!setjmp(walk->leave)) {
    ude_walk *w = walk;
    w->roles    = roles;
    ude_walk_program(w, primal);
    ude_walk_points(w, primal);
    ude_walk_activity(w, primal);
    ude_forward *forward = ude_walk_alloc(w, 1, sizeof *forward);
    ude_forward_begin(forward, w, width);
    result = roles ? emit_wrapper(forward, primal, name) : emit_entry(forward, primal, name);
  }
  ude_walk_free(walk);
  return result;
}

LLVMValueRef ude_emit_jvp(LLVMModuleRef module, LLVMValueRef primal, int width, const char *name,
                          ude_error *error) {
  if (!module || !primal || !name || width < 1 || width > UDE_MAX_WIDTH ||
      LLVMIsDeclaration(primal) || LLVMCountParams(primal) != 4) {
    ude_fail(error, UDE_INVALID_ARGUMENT, "forward mode needs a defined map and 1 to %d tangents",
             UDE_MAX_WIDTH);
    return NULL;
  }
  return derive(module, primal, width, NULL, name, error);
}

LLVMValueRef ude_emit_tangent(LLVMModuleRef module, LLVMValueRef function, int width,
                              const ude_roles *roles, const char *name, ude_error *error) {
  if (!module || !function || !roles || !name || width < 1 || width > UDE_MAX_WIDTH ||
      LLVMIsDeclaration(function)) {
    ude_fail(error, UDE_INVALID_ARGUMENT,
             "forward mode needs a defined function and 1 to %d tangents", UDE_MAX_WIDTH);
    return NULL;
  }
  return derive(module, function, width, roles, name, error);
}
