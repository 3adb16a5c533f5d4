/**
 * @file user_rule_forward.c
 * @brief Forward mode of calls with rules. A rule has one tangent: for several it is called once for each, on tangents
 *        gathered from the interleaved shadows, with what the function overwrites put back in between.
 */
#include <string.h>

#include "compiler/user_rule.h"

typedef struct user_call {
  ude_emit     *emit;
  LLVMValueRef  call, rule;
  unsigned      n;
  LLVMValueRef *argument; /**< copies of primal arguments */
  LLVMValueRef *bytes;    /**< sizes of what pointers point to; NULL with one tangent */
  LLVMValueRef *narrow;   /**< tangents of one lane */
  LLVMValueRef *saved;    /**< content before the call */
} user_call;

static bool is_pointer(LLVMValueRef value) {
  return LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMPointerTypeKind;
}

static LLVMValueRef local(ude_emit *emit, LLVMTypeRef type) {
  LLVMBuilderRef    aside = emit->walk->aside;
  LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(emit->function);
  LLVMValueRef      first = LLVMGetFirstInstruction(entry);
  if (first) {
    LLVMPositionBuilderBefore(aside, first);
  } else {
    LLVMPositionBuilderAtEnd(aside, entry);
  }
  return LLVMBuildAlloca(aside, type, "");
}

static bool has_shadow(const user_call *u, unsigned k) {
  LLVMValueRef argument = LLVMGetArgOperand(u->call, k);
  return is_pointer(argument) && ude_walk_shadowed(u->emit->walk, argument) &&
         ude_user_rule_numbers(u->emit->walk, u->call, k);
}

/* The rule with one tangent: argument k has tangent[k], NULL for integers. Sets the tangent of the result. */
static LLVMValueRef call_rule(const user_call *u, const LLVMValueRef *tangent,
                              LLVMValueRef *result_dot) {
  ude_walk      *walk = u->emit->walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMTypeRef    type = LLVMGlobalGetValueType(u->rule), result = LLVMTypeOf(u->call);
  LLVMValueRef  *pass = ude_walk_alloc(walk, 2 * (size_t)u->n + 1, sizeof(LLVMValueRef));
  unsigned       at   = 0;
  LLVMValueRef   dot  = ude_type_is_real(result) ? local(u->emit, result) : NULL;
  for (unsigned k = 0; k < u->n; k++) {
    pass[at++] = u->argument[k];
  }
  for (unsigned k = 0; k < u->n; k++) {
    if (tangent[k]) {
      pass[at++] = tangent[k];
    }
  }
  if (dot) {
    LLVMBuildStore(b, LLVMConstNull(result), dot);
    pass[at++] = dot;
  }
  LLVMValueRef value = LLVMBuildCall2(b, type, u->rule, pass, at, "");
  *result_dot        = dot ? LLVMBuildLoad2(b, result, dot, "") : NULL;
  return value;
}

static LLVMValueRef runtime(const user_call *u, const char *name, LLVMTypeRef result,
                            LLVMValueRef *arguments, unsigned count) {
  LLVMTypeRef types[6];
  for (unsigned k = 0; k < count; k++) {
    types[k] = LLVMTypeOf(arguments[k]);
  }
  return ude_emit_call(u->emit, name, result, arguments, types, count);
}

/* Size of the numbers in what argument k points to. */
static LLVMValueRef grain(const user_call *u, unsigned k) {
  ude_walk *walk  = u->emit->walk;
  unsigned  holds = ude_user_rule_holds(walk, u->call, k);
  if ((holds & UDE_HOLDS_DOUBLE && holds & UDE_HOLDS_FLOAT) || holds & UDE_HOLDS_POINTER) {
    ude_refuse_call(walk, u->call,
                    holds & UDE_HOLDS_POINTER ? "its rule takes a struct that holds pointers"
                                              : "its rule takes a struct of both double and float",
                    "pass arrays, or structs of one type of numbers");
  }
  return LLVMConstInt(walk->type_i32, holds & UDE_HOLDS_FLOAT ? 4 : 8, false);
}

/* void ude_lane_get/put(narrow, wide, bytes, grain, width, lane) */
static void move_lane(const user_call *u, const char *name, unsigned k, unsigned lane) {
  ude_walk    *walk         = u->emit->walk;
  LLVMValueRef shadow       = ude_emit_shadow(u->emit, LLVMGetArgOperand(u->call, k));
  LLVMValueRef arguments[6] = {u->narrow[k],
                               shadow,
                               u->bytes[k],
                               grain(u, k),
                               LLVMConstInt(walk->type_i32, (unsigned)u->emit->scale, false),
                               LLVMConstInt(walk->type_i32, lane, false)};
  runtime(u, name, walk->type_void, arguments, 6);
}

static void copy_saved(const user_call *u, unsigned k, bool back) {
  LLVMValueRef arguments[3] = {back ? u->argument[k] : u->saved[k],
                               back ? u->saved[k] : u->argument[k], u->bytes[k]};
  runtime(u, "ude_lane_copy", u->emit->walk->type_void, arguments, 3);
}

static void several_tangents(user_call *u) {
  ude_emit      *emit = u->emit;
  ude_walk      *walk = emit->walk;
  LLVMBuilderRef b    = walk->builder;
  unsigned       n = u->n, width = (unsigned)emit->scale;
  LLVMTypeRef    result = LLVMTypeOf(u->call);
  bool           real   = ude_type_is_real(result);
  LLVMValueRef   wide = real ? LLVMGetPoison(LLVMVectorType(result, width)) : NULL, value = NULL;
  LLVMValueRef  *tangent = ude_walk_alloc(walk, n + 1, sizeof(LLVMValueRef));
  u->bytes               = ude_user_rule_bytes(emit, u->call, u->argument);
  u->narrow              = ude_walk_alloc(walk, n + 1, sizeof(LLVMValueRef));
  u->saved               = ude_walk_alloc(walk, n + 1, sizeof(LLVMValueRef));
  for (unsigned k = 0; k < n; k++) {
    if (has_shadow(u, k)) {
      u->narrow[k] = runtime(u, "ude_lane_buffer", walk->type_ptr, &u->bytes[k], 1);
    }
    if (is_pointer(u->argument[k]) && ude_user_rule_writes(walk, u->call, k)) {
      u->saved[k] = runtime(u, "ude_lane_buffer", walk->type_ptr, &u->bytes[k], 1);
      copy_saved(u, k, false);
    }
  }
  for (unsigned lane = 0; lane < width; lane++) {
    LLVMValueRef at = LLVMConstInt(walk->type_i32, lane, false), dot;
    for (unsigned k = 0; k < n; k++) {
      LLVMValueRef operand = LLVMGetArgOperand(u->call, k);
      tangent[k]           = NULL;
      if (is_pointer(operand)) {
        tangent[k] = u->narrow[k] ? u->narrow[k] : LLVMConstNull(walk->type_ptr);
        if (u->narrow[k]) {
          move_lane(u, "ude_lane_get", k, lane);
        }
        if (lane && u->saved[k]) {
          copy_saved(u, k, true);
        }
      } else if (ude_type_is_real(LLVMTypeOf(operand))) {
        tangent[k] = LLVMBuildExtractElement(b, ude_emit_shadow(emit, operand), at, "");
      }
    }
    value = call_rule(u, tangent, &dot);
    if (real) {
      wide = LLVMBuildInsertElement(b, wide, dot, at, "");
    }
    for (unsigned k = 0; k < n; k++) {
      if (u->narrow[k] && ude_user_rule_writes(walk, u->call, k)) {
        move_lane(u, "ude_lane_put", k, lane);
      }
    }
  }
  for (unsigned k = 0; k < n; k++) {
    LLVMValueRef buffer[2] = {u->narrow[k], u->saved[k]};
    for (int j = 0; j < 2; j++) {
      if (buffer[j]) {
        runtime(u, "free", walk->type_void, &buffer[j], 1);
      }
    }
  }
  ude_emit_set(emit, u->call, value, real && ude_emit_wants_shadow(emit, u->call) ? wide : NULL);
}

void ude_forward_user_call(ude_emit *emit, LLVMValueRef call) {
  ude_walk *walk = emit->walk;
  user_call u    = {.emit = emit,
                    .call = call,
                    .rule = ude_user_rule_serving(walk, LLVMGetCalledValue(call)),
                    .n    = LLVMGetNumArgOperands(call)};
  bool      any  = ude_emit_wants_shadow(emit, call);
  for (unsigned k = 0; k < u.n; k++) {
    any = any || has_shadow(&u, k) || ude_walk_varied(walk, LLVMGetArgOperand(call, k));
  }
  if (!any) {
    ude_emit_copy(emit, call);
    return;
  }
  u.argument = ude_walk_alloc(walk, u.n + 1, sizeof(LLVMValueRef));
  for (unsigned k = 0; k < u.n; k++) {
    u.argument[k] = ude_emit_primal(emit, LLVMGetArgOperand(call, k));
  }
  if (emit->scale > 1) {
    several_tangents(&u);
    return;
  }
  LLVMValueRef *tangent = ude_walk_alloc(walk, u.n + 1, sizeof(LLVMValueRef)), dot;
  for (unsigned k = 0; k < u.n; k++) {
    LLVMValueRef operand = LLVMGetArgOperand(call, k);
    if (is_pointer(operand)) {
      tangent[k] =
          has_shadow(&u, k) ? ude_emit_shadow(emit, operand) : LLVMConstNull(walk->type_ptr);
    } else if (ude_type_is_real(LLVMTypeOf(operand))) {
      tangent[k] = ude_emit_shadow(emit, operand);
    }
  }
  LLVMValueRef value = call_rule(&u, tangent, &dot);
  ude_emit_set(emit, call, value, ude_emit_wants_shadow(emit, call) ? dot : NULL);
}
