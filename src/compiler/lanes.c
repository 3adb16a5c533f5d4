/**
 * @file lanes.c
 * @brief Widening: a flat function for several trajectories in SIMD lanes.
 */
#include "compiler/lanes.h"

#include <string.h>

#include "compiler/lanes_library.h"
#include "compiler/transform.h"
#include "compiler/walker_clone.h"

LLVMValueRef ude_lane_function_of(ude_lane_emit *emit, int index) {
  ude_walk *walk = emit->walk;
  if (emit->emitted[index]) {
    return emit->emitted[index];
  }
  const ude_lane_function *facts  = &emit->facts->function[index];
  LLVMValueRef             source = walk->function[index].value;
  LLVMTypeRef              type   = LLVMGlobalGetValueType(source);
  unsigned                 count  = LLVMCountParams(source);
  LLVMTypeRef             *types  = ude_walk_alloc(walk, (size_t)count + 1, sizeof(LLVMTypeRef));
  for (unsigned k = 0; k < count; k++) {
    LLVMValueRef param = LLVMGetParam(source, k);
    types[k] = ude_lanes_varies(emit->facts, param) ? ude_lane_type(emit, LLVMTypeOf(param))
                                                    : LLVMTypeOf(param);
  }
  if (facts->partial) {
    types[count++] = ude_lane_mask_type(emit);
  }
  LLVMTypeRef result = LLVMGetReturnType(type);
  if (facts->varies) {
    result = ude_lane_type(emit, result);
  }
  LLVMValueRef f =
      LLVMAddFunction(walk->module, "ude.lane", LLVMFunctionType(result, types, count, false));
  LLVMSetLinkage(f, LLVMInternalLinkage);
  ude_emit like = {.walk = walk};
  ude_emit_attribute(&like, f, (unsigned)LLVMAttributeFunctionIndex, "nounwind");
  /* vectors as wide as they are, even where the processor would rather have halves */
  LLVMAddTargetDependentFunctionAttr(f, "min-legal-vector-width", "512");
  LLVMAddTargetDependentFunctionAttr(f, "prefer-vector-width", "512");
  emit->emitted[index]               = f;
  emit->wanted[emit->wanted_count++] = index;
  return f;
}

/* The exported function: reals come as pointers to their lanes; a whole number is returned if any lane returns one. */
static LLVMValueRef emit_entry(ude_lane_emit *emit, LLVMValueRef root, const char *name) {
  ude_walk      *walk  = emit->walk;
  LLVMBuilderRef b     = walk->builder;
  int            index = ude_walk_function(walk, root);
  LLVMValueRef   inner = ude_lane_function_of(emit, index);
  unsigned       count = LLVMCountParams(root);
  while (emit->wanted_count) {
    ude_lane_function_emit(emit, emit->wanted[--emit->wanted_count]);
  }
  LLVMTypeRef  *types     = ude_walk_alloc(walk, count, sizeof(LLVMTypeRef));
  LLVMValueRef *arguments = ude_walk_alloc(walk, count, sizeof(LLVMValueRef));
  for (unsigned k = 0; k < count; k++) {
    types[k] = walk->type_ptr;
  }
  LLVMTypeRef  result = LLVMGetReturnType(LLVMGlobalGetValueType(root));
  LLVMValueRef f =
      LLVMAddFunction(walk->module, name, LLVMFunctionType(result, types, count, false));
  ude_emit like = {.walk = walk};
  ude_emit_attribute(&like, f, (unsigned)LLVMAttributeFunctionIndex, "nounwind");
  LLVMAddTargetDependentFunctionAttr(f, "min-legal-vector-width", "512");
  LLVMAddTargetDependentFunctionAttr(f, "prefer-vector-width", "512");
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(walk->context, f, ""));
  for (unsigned k = 0; k < count; k++) {
    LLVMTypeRef type = LLVMTypeOf(LLVMGetParam(root, k));
    arguments[k]     = LLVMGetParam(f, k);
    ude_emit_attribute(&like, f, k + 1, "noalias");
    if (type == walk->type_ptr) {
      ude_emit_attribute(&like, inner, k + 1, "noalias");
    } else {
      arguments[k] = LLVMBuildLoad2(b, ude_lane_type(emit, type), arguments[k], "");
      LLVMSetAlignment(arguments[k], 8);
    }
  }
  LLVMValueRef made = LLVMBuildCall2(b, LLVMGlobalGetValueType(inner), inner, arguments, count, "");
  if (LLVMGetTypeKind(result) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(b);
    return f;
  }
  if (emit->facts->function[index].varies) {
    LLVMValueRef bad = LLVMBuildICmp(b, LLVMIntNE, made, LLVMConstNull(LLVMTypeOf(made)), "");
    made             = LLVMBuildZExt(b, ude_lane_any(emit, bad), result, "");
  }
  LLVMBuildRet(b, made);
  return f;
}

LLVMValueRef ude_emit_lanes(LLVMModuleRef module, LLVMValueRef function, int lanes,
                            const char *features, const char *name, ude_error *error) {
  enum { MOST_PARAMS = 16 };
  static const unsigned char param[MOST_PARAMS] = {
      UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT,
      UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT,
      UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT,
      UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT, UDE_ROLE_OUTPUT};
  static const ude_roles roles = {.param = param};
  if (!module || !function || !name || lanes < 2 || lanes > UDE_MAX_LANES ||
      (lanes & (lanes - 1)) || LLVMIsDeclaration(function) ||
      LLVMCountParams(function) > MOST_PARAMS) {
    ude_fail(error, UDE_INVALID_ARGUMENT, "lanes need a defined function and 2, 4, ... %d lanes",
             UDE_MAX_LANES);
    return NULL;
  }
  ude_walk *volatile walk = ude_walk_create(module, error);
  if (!walk) {
    return NULL;
  }
  LLVMValueRef volatile result = NULL;
  if (!setjmp(walk->leave)) {
    ude_walk *w = walk;
    w->roles    = &roles;
    w->verb     = "put into lanes";
    w->mode     = UDE_MODE_LANES;
    ude_walk_program(w, function);
    ude_walk_points(w, function);
    ude_lane_emit *emit = ude_walk_alloc(w, 1, sizeof *emit);
    emit->walk          = w;
    emit->facts         = ude_lanes_analyse(w, function);
    emit->lanes         = lanes;
    emit->features      = features;
    emit->emitted       = ude_walk_alloc(w, (size_t)w->functions, sizeof(LLVMValueRef));
    emit->wanted        = ude_walk_alloc(w, (size_t)w->functions, sizeof(int));
    emit->value         = ude_walk_alloc(w, (size_t)w->values, sizeof(LLVMValueRef));
    emit->at            = ude_walk_alloc(w, (size_t)w->values, sizeof(LLVMBasicBlockRef));
    emit->slot          = ude_walk_alloc(w, (size_t)w->values, sizeof(LLVMValueRef));
    emit->phi_slot      = ude_walk_alloc(w, (size_t)w->values, sizeof(LLVMValueRef));
    result              = emit_entry(emit, function, name);
  }
  ude_walk_free(walk);
  return result;
}
