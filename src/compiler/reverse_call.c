/**
 * @file reverse_call.c
 * @brief Functions that are called: a pair, one for each sweep, that share the tape through the callee's
 *        frame. Pointers to functions have a constant {sweep, back} as their shadow.
 */
#include "compiler/reverse.h"

LLVMTypeRef ude_reverse_sweep_result(ude_reverse *r, LLVMTypeRef type) {
  ude_walk   *walk      = r->emit.walk;
  LLVMTypeRef result    = LLVMGetReturnType(type);
  bool        none      = LLVMGetTypeKind(result) == LLVMVoidTypeKind;
  LLVMTypeRef fields[3] = {none ? walk->type_i8 : result,
                           ude_type_has_pointer(result) ? result : walk->type_i8, walk->type_ptr};
  return LLVMStructTypeInContext(walk->context, fields, 3, false);
}

LLVMTypeRef ude_reverse_back_result(ude_reverse *r, LLVMTypeRef type) {
  ude_walk    *walk  = r->emit.walk;
  unsigned     count = LLVMCountParamTypes(type), n = 0;
  LLVMTypeRef *fields = ude_walk_alloc(walk, count + 1, sizeof(LLVMTypeRef));
  LLVMTypeRef *params = ude_walk_alloc(walk, count, sizeof(LLVMTypeRef));
  LLVMGetParamTypes(type, params);
  for (unsigned k = 0; k < count; k++) {
    if (ude_type_has_real(params[k])) {
      fields[n++] = params[k];
    }
  }
  if (!n) {
    fields[n++] = walk->type_i8;
  }
  return LLVMStructTypeInContext(walk->context, fields, n, false);
}

LLVMTypeRef ude_reverse_sweep_type(ude_reverse *r, LLVMTypeRef type) {
  ude_walk    *walk  = r->emit.walk;
  unsigned     count = LLVMCountParamTypes(type), n = 0;
  LLVMTypeRef *params = ude_walk_alloc(walk, count, sizeof(LLVMTypeRef));
  LLVMTypeRef *to     = ude_walk_alloc(walk, 2 * (size_t)count + 1, sizeof(LLVMTypeRef));
  LLVMGetParamTypes(type, params);
  to[n++] = walk->type_ptr;
  for (unsigned k = 0; k < count; k++) {
    to[n++] = params[k];
    if (ude_type_has_pointer(params[k])) {
      to[n++] = params[k];
    }
  }
  return LLVMFunctionType(ude_reverse_sweep_result(r, type), to, n, false);
}

LLVMTypeRef ude_reverse_back_type(ude_reverse *r, LLVMTypeRef type) {
  ude_walk   *walk   = r->emit.walk;
  LLVMTypeRef result = LLVMGetReturnType(type);
  LLVMTypeRef to[2]  = {walk->type_ptr, ude_type_has_real(result) ? result : walk->type_i8};
  return LLVMFunctionType(ude_reverse_back_result(r, type), to, 2, false);
}

ude_derived *ude_reverse_function(ude_reverse *r, int index) {
  ude_walk    *walk    = r->emit.walk;
  ude_derived *derived = &r->derived[index];
  if (derived->sweep) {
    return derived;
  }
  LLVMValueRef primal = walk->function[index].value;
  LLVMTypeRef  type   = LLVMGlobalGetValueType(primal);
  if (LLVMIsFunctionVarArg(type)) {
    ude_refuse(walk, LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(primal)), "a variadic function",
               "its arguments are not followed", "pass an array");
  }
  derived->sweep = LLVMAddFunction(walk->module, "ude.sweep", ude_reverse_sweep_type(r, type));
  derived->back  = LLVMAddFunction(walk->module, "ude.back", ude_reverse_back_type(r, type));
  LLVMValueRef both[2] = {derived->sweep, derived->back};
  for (int k = 0; k < 2; k++) {
    LLVMSetLinkage(both[k], LLVMInternalLinkage);
    ude_emit_attribute(&r->emit, both[k], (unsigned)LLVMAttributeFunctionIndex, "nounwind");
  }
  LLVMValueRef initial = LLVMConstStructInContext(walk->context, both, 2, false);
  derived->pair        = LLVMAddGlobal(walk->module, LLVMTypeOf(initial), "ude.pair");
  LLVMSetInitializer(derived->pair, initial);
  LLVMSetGlobalConstant(derived->pair, true);
  LLVMSetLinkage(derived->pair, LLVMInternalLinkage);
  r->wanted[r->wanted_count++] = index;
  return derived;
}

static bool is_quiet_call(ude_reverse *r, LLVMValueRef call) {
  if (ude_call_kind(r->emit.walk, call) != UDE_CALLEE_BODY) {
    return false;
  }
  return r->quiet[ude_walk_function(r->emit.walk, ude_walk_callee(r->emit.walk, call))];
}

void ude_reverse_sweep_call(ude_reverse *r, LLVMValueRef call) {
  ude_emit      *emit = &r->emit;
  ude_walk      *walk = emit->walk;
  LLVMBuilderRef b    = walk->builder;
  if (is_quiet_call(r, call)) {
    ude_emit_copy(emit, call);
    return;
  }
  LLVMValueRef callee;
  if (ude_call_kind(walk, call) == UDE_CALLEE_BODY) {
    int index = ude_walk_function(walk, ude_walk_callee(walk, call));
    callee    = ude_reverse_function(r, index)->sweep;
  } else {
    int node = ude_walk_target(walk, LLVMGetCalledValue(call));
    if (node < 0 || walk->node[node].functions < 0) {
      ude_refuse_call(walk, call, "no function is known that the pointer may point to",
                      "call a function of the model, or choose among them with a switch");
    }
    callee = LLVMBuildLoad2(b, walk->type_ptr, ude_emit_shadow(emit, LLVMGetCalledValue(call)), "");
  }
  unsigned      count = LLVMGetNumArgOperands(call), n = 0;
  LLVMValueRef *args = ude_walk_alloc(walk, 2 * (size_t)count + 1, sizeof(LLVMValueRef));
  args[n++]          = r->tape;
  for (unsigned k = 0; k < count; k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k);
    args[n++]             = ude_emit_primal(emit, argument);
    if (ude_type_has_pointer(LLVMTypeOf(argument))) {
      args[n++] = ude_emit_shadow(emit, argument);
    }
  }
  ude_reverse_tape_out(r);
  LLVMTypeRef  type   = ude_reverse_sweep_type(r, LLVMGetCalledFunctionType(call));
  LLVMValueRef result = LLVMBuildCall2(b, type, callee, args, n, "");
  LLVMValueRef frame  = LLVMBuildExtractValue(b, result, 2, "");
  ude_reverse_tape_in(r);
  ude_reverse_frame_failure(r, frame);
  bool         none   = LLVMGetTypeKind(LLVMTypeOf(call)) == LLVMVoidTypeKind;
  bool         wants  = ude_emit_wants_shadow(emit, call);
  LLVMValueRef primal = none ? result : LLVMBuildExtractValue(b, result, 0, "");
  ude_emit_set(emit, call, primal, wants ? LLVMBuildExtractValue(b, result, 1, "") : NULL);
  r->call_frame[ude_walk_value(walk, call)] = frame;
}

void ude_reverse_back_call(ude_reverse *r, LLVMValueRef call) {
  ude_emit      *emit = &r->emit;
  ude_walk      *walk = emit->walk;
  LLVMBuilderRef b    = walk->builder;
  if (is_quiet_call(r, call)) {
    return;
  }
  LLVMTypeRef  type = LLVMGetCalledFunctionType(call);
  LLVMValueRef callee;
  if (ude_call_kind(walk, call) == UDE_CALLEE_BODY) {
    callee = ude_reverse_function(r, ude_walk_function(walk, ude_walk_callee(walk, call)))->back;
  } else {
    LLVMValueRef pair = ude_reverse_need_shadow(r, LLVMGetCalledValue(call));
    LLVMValueRef one  = LLVMConstInt(walk->type_i64, 1, false);
    pair              = LLVMBuildInBoundsGEP2(b, walk->type_ptr, pair, &one, 1, "");
    callee            = LLVMBuildLoad2(b, walk->type_ptr, pair, "");
  }
  int         id   = ude_walk_value(walk, call);
  int         slot = ude_reverse_slot(r, UDE_KEEP_FRAME, id, walk->value[id].block, walk->type_ptr);
  LLVMTypeRef result = LLVMGetReturnType(type);
  LLVMValueRef bar   = ude_type_has_real(result) ? ude_reverse_take(r, call) : NULL;
  if (!bar) {
    bar = LLVMConstNull(ude_type_has_real(result) ? result : walk->type_i8);
  }
  LLVMValueRef args[2] = {ude_reverse_load_slot(r, slot), bar};
  LLVMValueRef bars    = LLVMBuildCall2(b, ude_reverse_back_type(r, type), callee, args, 2, "");
  unsigned     n       = 0;
  for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k);
    if (!ude_type_has_real(LLVMTypeOf(argument))) {
      continue;
    }
    if (ude_walk_active(walk, argument)) {
      ude_reverse_add(r, argument, LLVMBuildExtractValue(b, bars, n, ""));
    }
    n++;
  }
}

/* Nothing that reverse mode has to undo, and no shadow to hand on. */
static bool is_quiet(ude_reverse *r, const ude_value *value) {
  ude_walk    *walk = r->emit.walk;
  LLVMValueRef i    = value->value;
  if (ude_walk_active(walk, i)) {
    return false;
  }
  if (value->block < 0) {
    return true;
  }
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMStore: return !ude_walk_shadowed(walk, LLVMGetOperand(i, 1));
  case LLVMRet:
    return !LLVMGetNumOperands(i) || !ude_emit_wants_shadow(&r->emit, LLVMGetOperand(i, 0));
  case LLVMCall:
    switch (ude_call_kind(walk, i)) {
    case UDE_CALLEE_BODY: return r->quiet[ude_walk_function(walk, ude_walk_callee(walk, i))];
    case UDE_CALLEE_COPY:
    case UDE_CALLEE_SET: return !ude_walk_shadowed(walk, LLVMGetArgOperand(i, 0));
    case UDE_CALLEE_RULE:
    case UDE_CALLEE_IGNORED:
    case UDE_CALLEE_INTEGER:
    case UDE_CALLEE_INERT:
    case UDE_CALLEE_TEXT:
    case UDE_CALLEE_STACK:
    case UDE_CALLEE_INACTIVE:
    case UDE_CALLEE_FREE: return true;
    case UDE_CALLEE_USER:
      for (unsigned k = 0; k < LLVMGetNumArgOperands(i); k++) {
        LLVMValueRef argument = LLVMGetArgOperand(i, k);
        if (ude_walk_active(walk, argument) || ude_walk_node_active(walk, argument)) {
          return false;
        }
      }
      return true;
    case UDE_CALLEE_MALLOC:
    case UDE_CALLEE_CALLOC:
    case UDE_CALLEE_REALLOC:
    case UDE_CALLEE_SHADOW_ALLOC:
    case UDE_CALLEE_SHADOW_GROW: return !ude_walk_shadowed(walk, i);
    default: return false;
    }
  default: return true;
  }
}

void ude_reverse_mark_quiet(ude_reverse *r) {
  ude_walk *walk = r->emit.walk;
  for (int f = 0; f < walk->functions; f++) {
    r->quiet[f] = true;
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (int v = 0; v < walk->values; v++) {
      int f = walk->value[v].function;
      if (r->quiet[f] && !is_quiet(r, &walk->value[v])) {
        r->quiet[f] = false;
        changed     = true;
      }
    }
  }
}
