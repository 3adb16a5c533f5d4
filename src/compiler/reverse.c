/**
 * @file reverse.c
 * @brief Reverse mode: functions, prologues, and the entry of a map.
 */
#include "compiler/reverse.h"

#include <string.h>

#include "compiler/transform.h"

static LLVMValueRef function_shadow(ude_emit *emit, LLVMValueRef function) {
  int index = ude_walk_function(emit->walk, function);
  if (index < 0) {
    return LLVMConstNull(emit->walk->type_ptr);
  }
  return ude_reverse_function((ude_reverse *)emit, index)->pair;
}

static LLVMBasicBlockRef new_block(ude_reverse *r, LLVMValueRef function) {
  return LLVMAppendBasicBlockInContext(r->emit.walk->context, function, "");
}

/* Forget what was known of the values of this function: a map may also be called as a function. */
static void forget(ude_reverse *r, const ude_function *source) {
  for (int v = source->first_value; v < source->first_value + source->values; v++) {
    for (int k = 0; k < UDE_KEEPS; k++) {
      r->slot_of[k][v] = 0;
    }
    for (int k = 0; k < 2; k++) {
      r->seen_in[k][v] = NULL;
    }
    r->bar[v] = r->bar_local[v] = r->call_frame[v] = r->after[v] = NULL;
    r->emit.primal[v] = r->emit.shadow[v] = NULL;
    r->bar_place[v] = r->again[v] = 0;
  }
  r->slots     = 0;
  r->uses_tape = false;
}

static void begin(ude_reverse *r, int index, LLVMValueRef sweep, LLVMValueRef back) {
  ude_emit       *emit   = &r->emit;
  ude_walk       *walk   = emit->walk;
  ude_function   *source = &walk->function[index];
  const ude_flow *flow   = &source->flow;
  size_t          blocks = (size_t)flow->blocks;
  forget(r, source);
  emit->function   = sweep;
  emit->source     = index;
  r->back_function = back;
  r->split         = sweep != back;
  emit->prologue   = new_block(r, sweep);
  r->back_prologue = r->split ? new_block(r, back) : emit->prologue;
  emit->block      = ude_walk_alloc(walk, blocks, sizeof(LLVMBasicBlockRef));
  emit->last       = ude_walk_alloc(walk, blocks, sizeof(LLVMBasicBlockRef));
  r->body          = ude_walk_alloc(walk, blocks, sizeof(LLVMBasicBlockRef));
  r->inverse       = ude_walk_alloc(walk, blocks, sizeof(LLVMBasicBlockRef));
  r->ready         = ude_walk_alloc(walk, blocks, sizeof(LLVMValueRef));
  r->pred_slot     = ude_walk_alloc(walk, blocks + 1, sizeof(int));
  r->loop          = ude_walk_alloc(walk, (size_t)flow->loops, sizeof *r->loop);
  r->loop_offset   = ude_walk_alloc(walk, (size_t)flow->loops, sizeof *r->loop_offset);
  for (int b = 0; b < flow->blocks; b++) {
    emit->block[b] = new_block(r, sweep);
  }
  for (int b = flow->blocks - 1; b >= 0; b--) {
    if (flow->block[b].returns) {
      r->inverse[b] = new_block(r, back);
    }
  }
  r->fail   = new_block(r, sweep);
  r->finish = new_block(r, back);
  LLVMPositionBuilderAtEnd(walk->builder, emit->prologue);
  LLVMValueRef null = LLVMConstNull(walk->type_ptr);
  r->top            = ude_reverse_variable(r, false, walk->type_ptr, null);
  r->end            = ude_reverse_variable(r, false, walk->type_ptr, null);
  for (int k = 0; k < flow->loops; k++) {
    r->loop[k].sweep = ude_reverse_variable(r, false, walk->type_ptr, null);
    r->loop[k].back =
        r->split ? ude_reverse_variable(r, true, walk->type_ptr, null) : r->loop[k].sweep;
  }
  ude_loop_study(r);
  ude_reverse_study_memory(r);
}

static void both_sweeps(ude_reverse *r) {
  ude_emit       *emit   = &r->emit;
  ude_walk       *walk   = emit->walk;
  ude_function   *source = &walk->function[emit->source];
  const ude_flow *flow   = &source->flow;
  for (int b = 0; b < flow->blocks; b++) {
    ude_reverse_sweep_block(r, b);
  }
  for (int v = 0; v < source->values; v++) {
    LLVMValueRef i = walk->value[source->first_value + v].value;
    if (LLVMIsAPHINode(i)) {
      ude_emit_complete_phi(emit, i);
    }
  }
  for (int b = flow->blocks - 1; b >= 0; b--) {
    if (!flow->block[b].returns) {
      continue;
    }
    r->current = b;
    LLVMPositionBuilderAtEnd(walk->builder, r->inverse[b]);
    for (LLVMValueRef i = LLVMGetLastInstruction(flow->block[b].block); i;
         i              = LLVMGetPreviousInstruction(i)) {
      if (!LLVMIsAPHINode(i)) {
        ude_reverse_instruction(r, i);
      }
    }
    ude_reverse_leave_block(r, b);
  }
  ude_reverse_finish_sweep(r);
}

static void emit_split(ude_reverse *r, int index) {
  ude_emit      *emit    = &r->emit;
  ude_walk      *walk    = emit->walk;
  LLVMBuilderRef b       = walk->builder;
  LLVMValueRef   primal  = walk->function[index].value;
  ude_derived    derived = r->derived[index];
  begin(r, index, derived.sweep, derived.back);
  ude_walk_check_params(walk, index);
  r->tape     = LLVMGetParam(derived.sweep, 0);
  unsigned at = 1;
  for (unsigned k = 0; k < LLVMCountParams(primal); k++) {
    LLVMValueRef param  = LLVMGetParam(primal, k);
    LLVMValueRef copy   = LLVMGetParam(derived.sweep, at++);
    LLVMValueRef shadow = NULL;
    if (ude_type_has_pointer(LLVMTypeOf(param))) {
      shadow = LLVMGetParam(derived.sweep, at++);
    }
    ude_emit_set(emit, param, copy, ude_emit_wants_shadow(emit, param) ? shadow : NULL);
  }
  both_sweeps(r);
  LLVMTypeRef type = LLVMGetReturnType(LLVMGlobalGetValueType(derived.sweep));
  LLVMPositionBuilderAtEnd(b, r->fail);
  LLVMBuildRet(b, LLVMConstNull(type));
  LLVMPositionBuilderAtEnd(b, r->finish);
  LLVMValueRef bars = LLVMConstNull(LLVMGetReturnType(LLVMGlobalGetValueType(derived.back)));
  unsigned     n    = 0;
  for (unsigned k = 0; k < LLVMCountParams(primal); k++) {
    LLVMValueRef param = LLVMGetParam(primal, k);
    if (!ude_type_has_real(LLVMTypeOf(param))) {
      continue;
    }
    LLVMValueRef bar = ude_reverse_take(r, param);
    if (bar) {
      bars = LLVMBuildInsertValue(b, bars, bar, n, "");
    }
    n++;
  }
  LLVMBuildRet(b, bars);
}

/* Starts with the prologue that `begin` opened; the tape is there only if something uses it. */
static void map_prologue(ude_reverse *r, LLVMBasicBlockRef out_of_memory) {
  ude_walk      *walk = r->emit.walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMPositionBuilderAtEnd(b, r->emit.prologue);
  LLVMBasicBlockRef start = r->emit.block[0];
  if (!r->uses_tape) {
    LLVMBuildBr(b, start);
    LLVMPositionBuilderAtEnd(b, r->fail);
    LLVMBuildUnreachable(b);
    LLVMReplaceAllUsesWith(r->tape, LLVMConstNull(walk->type_ptr));
    LLVMInstructionEraseFromParent(r->tape);
    r->mark = NULL;
    return;
  }
  LLVMBasicBlockRef have = LLVMInsertBasicBlockInContext(walk->context, start, "");
  LLVMValueRef      none = LLVMBuildICmp(b, LLVMIntEQ, r->tape, LLVMConstNull(walk->type_ptr), "");
  LLVMBuildCondBr(b, none, out_of_memory, have);
  LLVMPositionBuilderAtEnd(b, have);
  ude_reverse_tape_in(r);
  r->mark = r->nested ? ude_emit_call(&r->emit, "ude_tape_mark", walk->type_ptr, &r->tape,
                                      &walk->type_ptr, 1)
                      : LLVMBuildLoad2(b, walk->type_ptr, r->top, "");
  LLVMBuildBr(b, start);
}

static void end_tape(ude_reverse *r) {
  ude_walk *walk = r->emit.walk;
  if (!r->uses_tape) {
    return;
  }
  LLVMValueRef arguments[2] = {r->tape, r->mark};
  LLVMTypeRef  types[2]     = {walk->type_ptr, walk->type_ptr};
  ude_emit_call(&r->emit, "ude_tape_end", walk->type_void, arguments, types, 2);
}

static LLVMValueRef emit_map(ude_reverse *r, LLVMValueRef primal, const char *name) {
  ude_emit      *emit = &r->emit;
  ude_walk      *walk = emit->walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMTypeRef    types[8];
  for (int k = 0; k < 8; k++) {
    types[k] = k == 6 ? walk->type_double : walk->type_ptr;
  }
  LLVMValueRef f =
      LLVMAddFunction(walk->module, name, LLVMFunctionType(walk->type_i32, types, 8, false));
  for (unsigned k = 0; k < 8; k++) {
    if (k != 6) {
      ude_emit_attribute(emit, f, k + 1, "noalias");
    }
    if (k != 6) {
      ude_emit_attribute(emit, f, k + 1, "nocapture");
    }
    if (k == 2 || k == 4) {
      ude_emit_attribute(emit, f, k + 1, "readonly");
    }
  }
  ude_emit_attribute(emit, f, (unsigned)LLVMAttributeFunctionIndex, "nounwind");
  begin(r, ude_walk_function(walk, primal), f, f);
  LLVMPositionBuilderAtEnd(b, emit->prologue);
  r->tape = ude_emit_call(emit, "ude_tape_begin", walk->type_ptr, NULL, NULL, 0);
  for (unsigned k = 0; k < 4; k++) {
    LLVMValueRef shadow = k < 3 ? LLVMGetParam(f, 2 * k + 1) : NULL;
    ude_emit_set(emit, LLVMGetParam(primal, k), LLVMGetParam(f, 2 * k), shadow);
  }
  both_sweeps(r);
  LLVMBasicBlockRef out_of_memory = new_block(r, f);
  LLVMPositionBuilderAtEnd(b, out_of_memory);
  LLVMBuildRet(b, LLVMConstInt(walk->type_i32, 1, false));
  bool         taped = r->uses_tape;
  LLVMValueRef t_bar = NULL;
  LLVMPositionBuilderAtEnd(b, r->finish);
  t_bar = ude_reverse_take(r, LLVMGetParam(primal, 3));
  map_prologue(r, out_of_memory);
  if (taped) {
    LLVMPositionBuilderAtEnd(b, r->fail);
    end_tape(r);
    LLVMBuildBr(b, out_of_memory);
  }
  LLVMPositionBuilderAtEnd(b, r->finish);
  if (t_bar) {
    LLVMValueRef old = LLVMBuildLoad2(b, walk->type_double, LLVMGetParam(f, 7), "");
    LLVMBuildStore(b, LLVMBuildFAdd(b, old, t_bar, ""), LLVMGetParam(f, 7));
  }
  end_tape(r);
  LLVMBuildRet(b, LLVMConstInt(walk->type_i32, 0, false));
  return f;
}

static ude_reverse *create(ude_walk *walk) {
  size_t       n = (size_t)walk->values, functions = (size_t)walk->functions;
  ude_reverse *r          = ude_walk_alloc(walk, 1, sizeof *r);
  r->emit.walk            = walk;
  r->emit.scale           = 1;
  r->emit.adjoint         = true;
  r->emit.function_shadow = function_shadow;
  r->emit.primal          = ude_walk_alloc(walk, n, sizeof(LLVMValueRef));
  r->emit.shadow          = ude_walk_alloc(walk, n, sizeof(LLVMValueRef));
  r->derived              = ude_walk_alloc(walk, functions, sizeof *r->derived);
  r->wanted               = ude_walk_alloc(walk, functions, sizeof(int));
  r->quiet                = ude_walk_alloc(walk, functions, sizeof(bool));
  r->bar                  = ude_walk_alloc(walk, n, sizeof(LLVMValueRef));
  r->bar_local            = ude_walk_alloc(walk, n, sizeof(LLVMValueRef));
  r->bar_place            = ude_walk_alloc(walk, n, 1);
  r->again                = ude_walk_alloc(walk, n, 1);
  r->counted              = ude_walk_alloc(walk, n, sizeof(int));
  r->call_frame           = ude_walk_alloc(walk, n, sizeof(LLVMValueRef));
  r->after                = ude_walk_alloc(walk, n, sizeof(LLVMValueRef));
  r->after_block          = ude_walk_alloc(walk, n, sizeof(LLVMBasicBlockRef));
  for (int k = 0; k < UDE_KEEPS; k++) {
    r->slot_of[k] = ude_walk_alloc(walk, n, sizeof(int));
  }
  for (int k = 0; k < 2; k++) {
    r->seen[k]    = ude_walk_alloc(walk, n, sizeof(LLVMValueRef));
    r->seen_in[k] = ude_walk_alloc(walk, n, sizeof(LLVMBasicBlockRef));
  }
  return r;
}

/* Both sweeps of any function, one after the other: reverse.h. */
static LLVMValueRef emit_wrapper(ude_reverse *r, LLVMValueRef function, const char *name) {
  ude_emit      *emit   = &r->emit;
  ude_walk      *walk   = emit->walk;
  LLVMBuilderRef b      = walk->builder;
  LLVMTypeRef    type   = LLVMGlobalGetValueType(function);
  LLVMTypeRef    result = LLVMGetReturnType(type);
  bool           seeded = ude_type_has_real(result);
  unsigned       count = LLVMCountParams(function), n = 0, given = 1, at = 0;
  ude_derived    derived = *ude_reverse_function(r, ude_walk_function(walk, function));
  LLVMTypeRef   *types   = ude_walk_alloc(walk, 2 * (size_t)count + 1, sizeof(LLVMTypeRef));
  LLVMValueRef  *sweep   = ude_walk_alloc(walk, 2 * (size_t)count + 1, sizeof(LLVMValueRef));
  while (r->wanted_count) {
    emit_split(r, r->wanted[--r->wanted_count]);
  }
  for (unsigned k = 0; k < count; k++) {
    LLVMTypeRef param = LLVMTypeOf(LLVMGetParam(function, k));
    types[n++]        = param;
    if (ude_type_has_real(param) || ude_type_has_pointer(param)) {
      types[n++] = walk->type_ptr;
    }
  }
  if (seeded) {
    types[n++] = result;
  }
  LLVMValueRef f = LLVMAddFunction(walk->module, name, LLVMFunctionType(result, types, n, false));
  LLVMSetLinkage(f, LLVMInternalLinkage);
  ude_emit_attribute(emit, f, (unsigned)LLVMAttributeFunctionIndex, "nounwind");
  LLVMBasicBlockRef begin = new_block(r, f), have = new_block(r, f), back = new_block(r, f);
  LLVMBasicBlockRef end = new_block(r, f), fail = new_block(r, f);
  LLVMPositionBuilderAtEnd(b, begin);
  ude_emit_reset_globals(emit);
  LLVMValueRef null = LLVMConstNull(walk->type_ptr);
  LLVMValueRef tape = ude_emit_call(emit, "ude_tape_begin", walk->type_ptr, NULL, NULL, 0);
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntEQ, tape, null, ""), fail, have);
  LLVMPositionBuilderAtEnd(b, have);
  LLVMValueRef mark =
      ude_emit_call(emit, "ude_tape_mark", walk->type_ptr, &tape, &walk->type_ptr, 1);
  sweep[0] = tape;
  for (unsigned k = 0; k < count; k++) {
    LLVMTypeRef param = LLVMTypeOf(LLVMGetParam(function, k));
    sweep[given++]    = LLVMGetParam(f, at++);
    if (ude_type_has_pointer(param)) {
      sweep[given++] = LLVMGetParam(f, at);
    }
    at += ude_type_has_real(param) || ude_type_has_pointer(param);
  }
  LLVMValueRef done =
      LLVMBuildCall2(b, LLVMGlobalGetValueType(derived.sweep), derived.sweep, sweep, given, "");
  LLVMValueRef frame = LLVMBuildExtractValue(b, done, 2, "");
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntEQ, frame, null, ""), end, back);
  LLVMPositionBuilderAtEnd(b, back);
  LLVMValueRef undo[2] = {frame, seeded ? LLVMGetParam(f, n - 1) : LLVMConstNull(walk->type_i8)};
  LLVMValueRef bars =
      LLVMBuildCall2(b, LLVMGlobalGetValueType(derived.back), derived.back, undo, 2, "");
  unsigned which = 0;
  at             = 0;
  for (unsigned k = 0; k < count; k++) {
    LLVMTypeRef param = LLVMTypeOf(LLVMGetParam(function, k));
    at++;
    if (!ude_type_has_real(param)) {
      at += ude_type_has_pointer(param);
      continue;
    }
    LLVMValueRef bar = LLVMBuildExtractValue(b, bars, which++, ""), place = LLVMGetParam(f, at++);
    if (walk->roles->param[k] & UDE_ROLE_INPUT) {
      LLVMValueRef old = LLVMBuildLoad2(b, param, place, "");
      LLVMSetAlignment(old, 4);
      LLVMSetAlignment(LLVMBuildStore(b, ude_reverse_sum(r, old, bar), place), 4);
    }
  }
  LLVMValueRef stop[2]    = {tape, mark};
  LLVMTypeRef  pointer[2] = {walk->type_ptr, walk->type_ptr};
  ude_emit_call(emit, "ude_tape_end", walk->type_void, stop, pointer, 2);
  if (LLVMGetTypeKind(result) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(b);
  } else {
    LLVMBuildRet(b, LLVMBuildExtractValue(b, done, 0, ""));
  }
  LLVMPositionBuilderAtEnd(b, end);
  ude_emit_call(emit, "ude_tape_end", walk->type_void, stop, pointer, 2);
  LLVMBuildBr(b, fail);
  LLVMPositionBuilderAtEnd(b, fail);
  ude_emit_call(emit, "ude_tape_fail", walk->type_void, NULL, NULL, 0);
  if (LLVMGetTypeKind(result) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(b);
  } else {
    LLVMBuildRet(
        b, ude_type_is_real(result) ? LLVMConstRealOfString(result, "nan") : LLVMConstNull(result));
  }
  return f;
}

/* roles NULL: a flat map. */
static LLVMValueRef derive(LLVMModuleRef module, LLVMValueRef primal, const ude_roles *roles,
                           const char *name, bool nested, bool alone, ude_error *error) {
  ude_walk *volatile walk = ude_walk_create(module, error);
  if (!walk) {
    return NULL;
  }
  LLVMValueRef volatile result = NULL;
  if (!setjmp(walk->leave)) {
    ude_walk *w = walk;
    w->roles    = roles;
    w->mode     = UDE_MODE_REVERSE;
    ude_walk_program(w, primal);
    ude_walk_points(w, primal);
    ude_walk_activity(w, primal);
    ude_walk_check_roles(w, primal);
    ude_reverse *r = create(w);
    r->nested      = nested;
    r->alone       = alone;
    ude_reverse_mark_quiet(r);
    if (roles) {
      result = emit_wrapper(r, primal, name);
    } else {
      LLVMValueRef f = emit_map(r, primal, name);
      while (r->wanted_count) {
        emit_split(r, r->wanted[--r->wanted_count]);
      }
      LLVMPositionBuilderBefore(w->builder, LLVMGetBasicBlockTerminator(LLVMGetEntryBasicBlock(f)));
      ude_emit_reset_globals(&r->emit);
      result = f;
    }
  }
  ude_walk_free(walk);
  return result;
}

static LLVMValueRef derive_map(LLVMModuleRef module, LLVMValueRef primal, const char *name,
                               bool nested, bool alone, ude_error *error) {
  if (!module || !primal || !name || LLVMIsDeclaration(primal) || LLVMCountParams(primal) != 4) {
    ude_fail(error, UDE_INVALID_ARGUMENT, "reverse mode needs a defined map");
    return NULL;
  }
  return derive(module, primal, NULL, name, nested, alone, error);
}

LLVMValueRef ude_emit_vjp(LLVMModuleRef module, LLVMValueRef primal, const char *name,
                          ude_error *error) {
  return derive_map(module, primal, name, false, false, error);
}

LLVMValueRef ude_emit_vjp_alone(LLVMModuleRef module, LLVMValueRef primal, const char *name,
                                ude_error *error) {
  return derive_map(module, primal, name, false, true, error);
}

LLVMValueRef ude_emit_vjp_inner(LLVMModuleRef module, LLVMValueRef primal, const char *name,
                                ude_error *error) {
  return derive_map(module, primal, name, true, false, error);
}

LLVMValueRef ude_emit_adjoint(LLVMModuleRef module, LLVMValueRef function, const ude_roles *roles,
                              const char *name, ude_error *error) {
  if (!module || !function || !roles || !name || LLVMIsDeclaration(function)) {
    ude_fail(error, UDE_INVALID_ARGUMENT, "reverse mode needs a defined function");
    return NULL;
  }
  return derive(module, function, roles, name, true, false, error);
}
