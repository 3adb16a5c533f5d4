/**
 * @file user_rule_reverse.c
 * @brief Reverse mode of calls with rules. The forward sweep keeps on the tape what pointer arguments point to, as it was
 *        before the call, unless nothing ever writes there: the block holds the sizes (i64 each), then the contents,
 *        each from a multiple of 16.
 */
#include "compiler/reverse.h"
#include "compiler/user_rule.h"

static bool is_pointer(LLVMValueRef value) {
  return LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMPointerTypeKind;
}

static bool is_quiet(ude_reverse *r, LLVMValueRef call) {
  ude_walk *walk = r->emit.walk;
  bool      out  = ude_walk_active(walk, call);
  for (unsigned k = 0; k < LLVMGetNumArgOperands(call) && !out; k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k);
    out                   = ude_walk_active(walk, argument) ||
          (is_pointer(argument) && ude_walk_node_active(walk, argument));
  }
  return !out;
}

/* Its content may change before the reverse sweep comes. */
static bool is_kept(ude_reverse *r, LLVMValueRef argument) {
  ude_walk *walk = r->emit.walk;
  int       node = is_pointer(argument) ? ude_walk_target(walk, argument) : -1;
  return node >= 0 && (walk->node[node].written || walk->node[node].heap);
}

static bool any_kept(ude_reverse *r, LLVMValueRef call) {
  bool any = false;
  for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
    any = any || is_kept(r, LLVMGetArgOperand(call, k));
  }
  return any;
}

static LLVMValueRef word(ude_reverse *r, uint64_t value) {
  return LLVMConstInt(r->emit.walk->type_i64, value, false);
}

static LLVMValueRef rounded(ude_reverse *r, LLVMValueRef bytes) {
  LLVMBuilderRef b = r->emit.walk->builder;
  return LLVMBuildAnd(b, LLVMBuildAdd(b, bytes, word(r, 15), ""), word(r, (uint64_t)-16), "");
}

static LLVMValueRef at_byte(ude_reverse *r, LLVMValueRef base, LLVMValueRef offset) {
  return LLVMBuildInBoundsGEP2(r->emit.walk->builder, r->emit.walk->type_i8, base, &offset, 1, "");
}

static uint64_t head_bytes(LLVMValueRef call) {
  return (8 * (uint64_t)LLVMGetNumArgOperands(call) + 15) / 16 * 16;
}

static LLVMValueRef size_place(ude_reverse *r, LLVMValueRef block, unsigned k) {
  return at_byte(r, block, word(r, 8 * (uint64_t)k));
}

void ude_reverse_user_sweep(ude_reverse *r, LLVMValueRef call) {
  ude_emit      *emit = &r->emit;
  ude_walk      *walk = emit->walk;
  LLVMBuilderRef b    = walk->builder;
  unsigned       n    = LLVMGetNumArgOperands(call);
  int            id   = ude_walk_value(walk, call);
  if (is_quiet(r, call) || !any_kept(r, call)) {
    ude_emit_copy(emit, call);
    return;
  }
  LLVMValueRef *argument = ude_walk_alloc(walk, n + 1, sizeof(LLVMValueRef));
  for (unsigned k = 0; k < n; k++) {
    argument[k] = ude_emit_primal(emit, LLVMGetArgOperand(call, k));
  }
  LLVMValueRef *bytes = ude_user_rule_bytes(emit, call, argument);
  LLVMValueRef  total = word(r, head_bytes(call));
  for (unsigned k = 0; k < n; k++) {
    if (is_kept(r, LLVMGetArgOperand(call, k))) {
      total = LLVMBuildAdd(b, total, rounded(r, bytes[k]), "");
    }
  }
  ude_reverse_tape_out(r);
  LLVMValueRef arguments[2] = {r->tape, total};
  LLVMTypeRef  types[2]     = {walk->type_ptr, walk->type_i64};
  LLVMValueRef block = ude_emit_call(emit, "ude_tape_take", walk->type_ptr, arguments, types, 2);
  ude_reverse_tape_in(r);
  ude_reverse_frame_failure(r, block);
  LLVMValueRef at = word(r, head_bytes(call));
  for (unsigned k = 0; k < n; k++) {
    if (!is_kept(r, LLVMGetArgOperand(call, k))) {
      continue;
    }
    LLVMValueRef store = LLVMBuildStore(b, bytes[k], size_place(r, block, k));
    ude_emit_apart(emit, store, true);
    ude_reverse_name_slot(r, store, "user.bytes", id);
    LLVMBuildMemCpy(b, at_byte(r, block, at), 16, argument[k], 1, bytes[k]);
    at = LLVMBuildAdd(b, at, rounded(r, bytes[k]), "");
  }
  ude_emit_copy(emit, call);
  r->call_frame[id] = block;
}

void ude_reverse_user_back(ude_reverse *r, LLVMValueRef call) {
  ude_emit      *emit = &r->emit;
  ude_walk      *walk = emit->walk;
  LLVMBuilderRef b    = walk->builder;
  unsigned       n = LLVMGetNumArgOperands(call), given = 0;
  int            id = ude_walk_value(walk, call);
  if (is_quiet(r, call)) {
    return;
  }
  LLVMTypeRef   result = LLVMTypeOf(call);
  LLVMValueRef  rule   = ude_user_rule_serving(walk, LLVMGetCalledValue(call));
  LLVMValueRef  seed   = ude_type_is_real(result) ? ude_reverse_take(r, call) : NULL;
  LLVMValueRef *pass   = ude_walk_alloc(walk, 2 * (size_t)n + 1, sizeof(LLVMValueRef));
  LLVMValueRef *bar    = ude_walk_alloc(walk, n + 1, sizeof(LLVMValueRef));
  LLVMValueRef  block = NULL, at = word(r, head_bytes(call));
  if (any_kept(r, call)) {
    int slot = ude_reverse_slot(r, UDE_KEEP_FRAME, id, walk->value[id].block, walk->type_ptr);
    block    = ude_reverse_load_slot(r, slot);
  }
  for (unsigned k = 0; k < n; k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k);
    if (!is_kept(r, argument)) {
      pass[given++] = ude_reverse_need(r, argument);
      continue;
    }
    LLVMValueRef load = LLVMBuildLoad2(b, walk->type_i64, size_place(r, block, k), "");
    ude_emit_apart(emit, load, true);
    ude_reverse_name_slot(r, load, "user.bytes", id);
    pass[given++] = at_byte(r, block, at);
    at            = LLVMBuildAdd(b, at, rounded(r, load), "");
  }
  for (unsigned k = 0; k < n; k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k);
    LLVMTypeRef  type     = LLVMTypeOf(argument);
    if (is_pointer(argument)) {
      bool active   = ude_walk_node_active(walk, argument) && ude_user_rule_numbers(walk, call, k);
      pass[given++] = active ? ude_reverse_need_shadow(r, argument) : LLVMConstNull(walk->type_ptr);
    } else if (ude_type_is_real(type)) {
      bool active = ude_walk_active(walk, argument);
      bar[k]      = active ? ude_reverse_variable(r, true, type, NULL) : NULL;
      if (active) {
        LLVMBuildStore(b, LLVMConstNull(type), bar[k]);
      }
      pass[given++] = active ? bar[k] : LLVMConstNull(walk->type_ptr);
    }
  }
  if (ude_type_is_real(result)) {
    pass[given++] = seed ? seed : LLVMConstNull(result);
  }
  LLVMBuildCall2(b, LLVMGlobalGetValueType(rule), rule, pass, given, "");
  for (unsigned k = 0; k < n; k++) {
    if (bar[k]) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      ude_reverse_add(r, argument, LLVMBuildLoad2(b, LLVMTypeOf(argument), bar[k], ""));
    }
  }
}
