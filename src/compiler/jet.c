/**
 * @file jet.c
 * @brief Taylor mode: forward mode over records of coefficients (jet.h) instead of tangents.
 */
#include "compiler/jet.h"

#include "compiler/jet_emit.h"
#include "compiler/transform.h"

/* ---------------------------------------------------------------------------------- records -- */

static LLVMValueRef field(ude_jet_emit *jet, LLVMTypeRef type, unsigned index) {
  ude_walk      *walk   = jet->forward.emit.walk;
  LLVMBuilderRef b      = walk->builder;
  LLVMValueRef   offset = LLVMConstInt(walk->type_i64, 8 * (uint64_t)index, false);
  LLVMValueRef   at = LLVMBuildInBoundsGEP2(b, walk->type_i8, jet->forward.context, &offset, 1, "");
  return LLVMBuildLoad2(b, type, at, "");
}

static void begin_function(ude_forward *forward) {
  ude_jet_emit *jet = (ude_jet_emit *)forward;
  jet->k            = field(jet, forward->emit.walk->type_i64, 1);
  jet->stride       = field(jet, forward->emit.walk->type_i64, 2);
}

/* How many records a block takes is known at its end. */
static void visit_block(ude_forward *forward, bool enter) {
  ude_jet_emit *jet = (ude_jet_emit *)forward;
  if (enter) {
    jet->reserve = jet->last = NULL;
    jet->count               = 0;
  } else if (jet->reserve) {
    LLVMSetOperand(jet->reserve, 1,
                   LLVMConstInt(forward->emit.walk->type_i64, (uint64_t)jet->count, false));
    jet->most = jet->count > jet->most ? jet->count : jet->most;
  }
}

LLVMValueRef ude_jet_record(ude_jet_emit *jet) {
  ude_walk *walk = jet->forward.emit.walk;
  if (!jet->reserve) {
    LLVMValueRef arguments[2] = {jet->forward.context, LLVMConstInt(walk->type_i64, 0, false)};
    LLVMTypeRef  types[2]     = {walk->type_ptr, walk->type_i64};
    jet->reserve =
        ude_emit_call(&jet->forward.emit, "ude_jet_reserve", walk->type_i64, arguments, types, 2);
    jet->last = jet->reserve;
  } else {
    jet->last = LLVMBuildAdd(walk->builder, jet->last, jet->stride, "");
  }
  jet->count++;
  return jet->last;
}

/* ------------------------------------------------------------------------------- operations -- */

int ude_jet_push(ude_jet_emit *jet, ude_jet_op op) {
  jet->op =
      ude_walk_grow(jet->forward.emit.walk, jet->op, jet->ops, &jet->op_capacity, sizeof *jet->op);
  jet->op[jet->ops] = op;
  return jet->ops++;
}

static LLVMValueRef record_at(ude_jet_emit *jet, LLVMValueRef base, LLVMValueRef place) {
  ude_walk *walk = jet->forward.emit.walk;
  return place ? LLVMBuildInBoundsGEP2(walk->builder, walk->type_double, base, &place, 1, "")
               : base;
}

/* Slot k of a record. */
static LLVMValueRef slot(ude_jet_emit *jet, LLVMValueRef record) {
  ude_walk *walk = jet->forward.emit.walk;
  return LLVMBuildInBoundsGEP2(walk->builder, walk->type_double, record, &jet->k, 1, "");
}

static LLVMValueRef read_slot(ude_jet_emit *jet, LLVMValueRef record) {
  ude_walk *walk = jet->forward.emit.walk;
  return LLVMBuildLoad2(walk->builder, walk->type_double, slot(jet, record), "");
}

static void kernel(ude_jet_emit *jet, const char *name, LLVMValueRef *arguments, unsigned count) {
  ude_walk   *walk = jet->forward.emit.walk;
  LLVMTypeRef types[8];
  for (unsigned k = 0; k < count; k++) {
    types[k] = LLVMTypeOf(arguments[k]);
  }
  ude_emit_call(&jet->forward.emit, name, walk->type_void, arguments, types, count);
}

/* r_k (or r_k plus) c a_k; where c is 0 the argument is dropped, whatever it is. */
static LLVMValueRef scaled(ude_jet_emit *jet, LLVMValueRef r, LLVMValueRef a, LLVMValueRef c) {
  ude_walk      *walk = jet->forward.emit.walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMValueRef   zero = LLVMConstNull(walk->type_double);
  LLVMValueRef   x    = read_slot(jet, a);
  LLVMValueRef   none = LLVMBuildOr(b, LLVMBuildFCmp(b, LLVMRealOEQ, c, zero, ""),
                                    LLVMBuildFCmp(b, LLVMRealOEQ, x, zero, ""), "");
  LLVMValueRef   term = LLVMBuildSelect(b, none, zero, LLVMBuildFMul(b, c, x, ""), "");
  return LLVMBuildFAdd(b, read_slot(jet, r), term, "");
}

static void emit_op(ude_jet_emit *jet, const ude_jet_op *op, LLVMValueRef base) {
  LLVMBuilderRef b         = jet->forward.emit.walk->builder;
  LLVMValueRef   r         = record_at(jet, base, op->place);
  LLVMValueRef   x         = record_at(jet, base, op->a.place);
  LLVMValueRef   y         = record_at(jet, base, op->b.place);
  LLVMValueRef   type_zero = LLVMConstNull(jet->forward.emit.walk->type_double);
  LLVMValueRef   n         = LLVMConstInt(jet->forward.emit.walk->type_i64,
                                          (unsigned long long)(long long)op->family, true);
  switch (op->kind) {
  case UDE_JET_ADD:
    LLVMBuildStore(b, LLVMBuildFAdd(b, read_slot(jet, x), read_slot(jet, y), ""), slot(jet, r));
    return;
  case UDE_JET_SUB:
    LLVMBuildStore(b, LLVMBuildFSub(b, read_slot(jet, x), read_slot(jet, y), ""), slot(jet, r));
    return;
  case UDE_JET_NEGATE:
    LLVMBuildStore(b, LLVMBuildFNeg(b, read_slot(jet, x), ""), slot(jet, r));
    return;
  case UDE_JET_SCALE: LLVMBuildStore(b, scaled(jet, r, x, op->b.value), slot(jet, r)); return;
  case UDE_JET_TIMES:
    kernel(jet, "ude_jet_mul", (LLVMValueRef[]){r, x, y, op->a.value, op->b.value, jet->k}, 6);
    return;
  case UDE_JET_OVER:
    kernel(jet, "ude_jet_div", (LLVMValueRef[]){r, x, y, op->result, op->b.value, jet->k}, 6);
    return;
  case UDE_JET_RULE:
    kernel(jet, "ude_jet_chain", (LLVMValueRef[]){r, x, y, op->b.value, jet->k}, 5);
    return;
  case UDE_JET_LOGARITHM:
    kernel(jet, "ude_jet_log", (LLVMValueRef[]){r, x, op->a.value, op->b.value, jet->k}, 5);
    return;
  case UDE_JET_ROOT:
    kernel(jet, "ude_jet_power",
           (LLVMValueRef[]){r, x, op->a.value, op->result, op->b.value, jet->k}, 6);
    return;
  case UDE_JET_RAISE:
    kernel(jet, "ude_jet_pow",
           (LLVMValueRef[]){r, x, y, op->a.value, op->b.value, op->result, jet->k, jet->stride}, 8);
    return;
  case UDE_JET_FAMILY:
    kernel(jet, "ude_jet_tower",
           (LLVMValueRef[]){r, record_at(jet, base, op->extra), x, op->a.value, n,
                            op->b.value ? op->b.value : type_zero, jet->k, jet->stride},
           8);
    return;
  }
}

void ude_jet_flush(ude_jet_emit *jet) {
  if (jet->ops) {
    LLVMValueRef base = field(jet, jet->forward.emit.walk->type_ptr, 0);
    for (int k = 0; k < jet->ops; k++) {
      emit_op(jet, &jet->op[k], base);
    }
    jet->ops = 0;
  }
}

LLVMValueRef ude_jet_arithmetic(ude_jet_emit *jet, LLVMOpcode opcode, ude_series a, ude_series b,
                                LLVMValueRef result) {
  LLVMBuilderRef build = jet->forward.emit.walk->builder;
  LLVMTypeRef    type  = jet->forward.emit.walk->type_double;
  if (!a.place && !b.place) {
    return NULL;
  }
  ude_jet_op op = {.result = result, .a = a, .b = b};
  switch (opcode) {
  case LLVMFNeg: op.kind = UDE_JET_NEGATE; break;
  case LLVMFAdd:
    if (!a.place || !b.place) { /* a constant changes coefficient 0 only */
      return a.place ? a.place : b.place;
    }
    op.kind = UDE_JET_ADD;
    break;
  case LLVMFSub:
    if (!b.place) {
      return a.place;
    }
    op.kind = a.place ? UDE_JET_SUB : UDE_JET_NEGATE;
    op.a    = a.place ? a : b;
    break;
  case LLVMFMul:
    op.kind = a.place && b.place ? UDE_JET_TIMES : UDE_JET_SCALE;
    op.a    = a.place ? a : b;
    op.b    = a.place ? b : a;
    break;
  default:
    op.kind = UDE_JET_OVER;
    if (!b.place) {
      op.kind    = UDE_JET_SCALE;
      op.b.value = LLVMBuildFDiv(build, LLVMConstReal(type, 1), b.value, "");
    }
    break;
  }
  op.place = ude_jet_record(jet);
  ude_jet_push(jet, op);
  return op.place;
}

/* ------------------------------------------------------------------------------ instructions -- */

static unsigned lanes_of(LLVMTypeRef type) {
  return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetVectorSize(type) : 1;
}

static LLVMValueRef lane(ude_jet_emit *jet, LLVMValueRef value, unsigned k) {
  ude_walk *walk = jet->forward.emit.walk;
  return LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMVectorTypeKind
             ? LLVMBuildExtractElement(walk->builder, value, LLVMConstInt(walk->type_i32, k, false),
                                       "")
             : value;
}

/* The bits of a shadow as a place, and back. */
static LLVMValueRef place_of(ude_jet_emit *jet, LLVMValueRef shadow) {
  ude_walk    *walk   = jet->forward.emit.walk;
  bool         single = LLVMTypeOf(shadow) == walk->type_float;
  LLVMValueRef bits =
      LLVMBuildBitCast(walk->builder, shadow, single ? walk->type_i32 : walk->type_i64, "");
  return single ? LLVMBuildZExt(walk->builder, bits, walk->type_i64, "") : bits;
}

static LLVMValueRef shadow_of(ude_jet_emit *jet, LLVMValueRef place, LLVMTypeRef type) {
  ude_walk *walk = jet->forward.emit.walk;
  if (!place) {
    return LLVMConstNull(type);
  }
  if (type == walk->type_float) {
    place = LLVMBuildTrunc(walk->builder, place, walk->type_i32, "");
  }
  return LLVMBuildBitCast(walk->builder, place, type, "");
}

static LLVMValueRef as_double(ude_jet_emit *jet, LLVMValueRef value) {
  ude_walk *walk = jet->forward.emit.walk;
  return LLVMTypeOf(value) == walk->type_float
             ? LLVMBuildFPExt(walk->builder, value, walk->type_double, "")
             : value;
}

static ude_series series_of(ude_jet_emit *jet, LLVMValueRef operand, unsigned k) {
  ude_emit  *emit   = &jet->forward.emit;
  ude_series series = {.value = lane(jet, ude_emit_primal(emit, operand), k)};
  if (ude_type_is_real(LLVMTypeOf(series.value))) {
    series.value = as_double(jet, series.value);
    if (ude_emit_has_shadow(emit, operand)) {
      series.place = place_of(jet, lane(jet, ude_emit_shadow(emit, operand), k));
    }
  }
  return series;
}

/* Coefficients of an even function of a root that is zero: those of a square are those of what is under the root; of
 * others the first is known. */
static void even_at_zero(ude_jet_emit *jet, LLVMValueRef i, LLVMValueRef place) {
  ude_walk      *walk = jet->forward.emit.walk;
  LLVMBuilderRef b    = walk->builder;
  LLVMValueRef   root;
  double         derivative;
  LLVMValueRef   under = place ? ude_walk_even(walk, i, &root, &derivative) : NULL;
  ude_series     x     = under ? series_of(jet, under, 0) : (ude_series){0};
  if (!x.place) {
    return;
  }
  LLVMValueRef base = field(jet, walk->type_ptr, 0), r = record_at(jet, base, place);
  LLVMValueRef zero  = LLVMConstNull(walk->type_double);
  LLVMValueRef even  = LLVMBuildFCmp(b, LLVMRealOEQ, series_of(jet, root, 0).value, zero, "");
  bool         fused = LLVMIsACallInst(i) && LLVMGetNumArgOperands(i) == 3;
  if (LLVMIsACallInst(i) && !fused) {
    LLVMValueRef one = LLVMConstInt(walk->type_i64, 1, false);
    even             = LLVMBuildAnd(b, even, LLVMBuildICmp(b, LLVMIntEQ, jet->k, one, ""), "");
  }
  LLVMValueRef known = LLVMBuildFMul(b, LLVMConstReal(walk->type_double, derivative),
                                     read_slot(jet, record_at(jet, base, x.place)), "");
  ude_series   added = fused ? series_of(jet, LLVMGetArgOperand(i, 2), 0) : (ude_series){0};
  if (added.place) {
    known = LLVMBuildFAdd(b, known, read_slot(jet, record_at(jet, base, added.place)), "");
  }
  LLVMBuildStore(b, LLVMBuildSelect(b, even, known, read_slot(jet, r), ""), slot(jet, r));
}

/* Lane by lane: the place of what `one` makes of the operands' series. */
static void each_lane(ude_jet_emit *jet, LLVMValueRef i, const LLVMValueRef *operand, int count,
                      const ude_rule *rule, LLVMValueRef copy) {
  ude_emit    *emit   = &jet->forward.emit;
  LLVMTypeRef  type   = LLVMTypeOf(i);
  bool         vector = LLVMGetTypeKind(type) == LLVMVectorTypeKind;
  LLVMTypeRef  scalar = vector ? LLVMGetElementType(type) : type;
  LLVMValueRef shadow = LLVMConstNull(type);
  for (unsigned k = 0; k < lanes_of(type); k++) {
    ude_series argument[UDE_RULE_ARGUMENTS] = {0};
    for (int n = 0; n < count; n++) {
      argument[n] = series_of(jet, operand[n], k);
    }
    LLVMValueRef result = as_double(jet, lane(jet, copy, k));
    LLVMValueRef place  = rule ? ude_jet_rule(jet, i, rule, argument, result)
                               : ude_jet_arithmetic(jet, LLVMGetInstructionOpcode(i), argument[0],
                                                    argument[1], result);
    ude_jet_flush(jet);
    even_at_zero(jet, i, place);
    LLVMValueRef bits  = shadow_of(jet, place, scalar);
    LLVMValueRef index = LLVMConstInt(emit->walk->type_i32, k, false);
    shadow = vector ? LLVMBuildInsertElement(emit->walk->builder, shadow, bits, index, "") : bits;
  }
  ude_emit_set(emit, i, NULL, shadow);
}

/* float and double share the record: rounding to float is not differentiated. */
static void convert(ude_jet_emit *jet, LLVMValueRef i) {
  ude_emit    *emit   = &jet->forward.emit;
  LLVMTypeRef  type   = LLVMTypeOf(i);
  bool         vector = LLVMGetTypeKind(type) == LLVMVectorTypeKind;
  LLVMValueRef shadow = LLVMConstNull(type);
  for (unsigned k = 0; k < lanes_of(type); k++) {
    LLVMValueRef bits = shadow_of(jet, series_of(jet, LLVMGetOperand(i, 0), k).place,
                                  vector ? LLVMGetElementType(type) : type);
    shadow            = vector ? LLVMBuildInsertElement(emit->walk->builder, shadow, bits,
                                                        LLVMConstInt(emit->walk->type_i32, k, false), "")
                               : bits;
  }
  ude_emit_set(emit, i, NULL, shadow);
}

static void instruction(ude_forward *forward, LLVMValueRef i) {
  ude_jet_emit *jet  = (ude_jet_emit *)forward;
  ude_emit     *emit = &forward->emit;
  LLVMValueRef  operand[UDE_RULE_ARGUMENTS];
  int           count = 0;
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMFNeg:
  case LLVMFAdd:
  case LLVMFSub:
  case LLVMFMul:
  case LLVMFDiv:
  case LLVMFRem: {
    LLVMValueRef copy = ude_emit_copy(emit, i);
    if (ude_emit_wants_shadow(emit, i)) {
      count      = LLVMGetNumOperands(i);
      operand[0] = LLVMGetOperand(i, 0);
      operand[1] = count > 1 ? LLVMGetOperand(i, 1) : NULL;
      bool fmod  = LLVMGetInstructionOpcode(i) == LLVMFRem;
      each_lane(jet, i, operand, count, fmod ? ude_rule_by_name("fmod") : NULL, copy);
    }
    return;
  }
  case LLVMFPExt:
  case LLVMFPTrunc:
    ude_emit_copy(emit, i);
    if (ude_emit_wants_shadow(emit, i)) {
      convert(jet, i);
    }
    return;
  case LLVMCall:
    if (ude_call_kind(emit->walk, i) == UDE_CALLEE_RULE) {
      LLVMValueRef copy = ude_emit_copy(emit, i);
      if (ude_emit_wants_shadow(emit, i)) {
        const ude_rule *rule = ude_rule_for_call(emit->walk, i);
        for (; count < rule->arity; count++) {
          operand[count] = LLVMGetArgOperand(i, (unsigned)count);
        }
        each_lane(jet, i, operand, count, rule, copy);
      }
      return;
    }
    break;
  default: break;
  }
  ude_forward_instruction(forward, i);
}

/* ------------------------------------------------------------------------------------ entry -- */

/* int name(jet, y, y_shadow, u, u_shadow, p, p_shadow, t, t_shadow) */
static LLVMValueRef emit_entry(ude_jet_emit *jet, LLVMValueRef primal, const char *name) {
  enum { ARGUMENTS = 9 };
  ude_emit      *emit  = &jet->forward.emit;
  ude_walk      *walk  = emit->walk;
  LLVMBuilderRef b     = walk->builder;
  LLVMValueRef   inner = ude_forward_function(&jet->forward, ude_walk_function(walk, primal));
  ude_forward_finish(&jet->forward);
  LLVMTypeRef types[ARGUMENTS];
  for (int k = 0; k < ARGUMENTS; k++) {
    types[k] = k < 7 ? walk->type_ptr : walk->type_double;
  }
  LLVMValueRef f = LLVMAddFunction(walk->module, name,
                                   LLVMFunctionType(walk->type_i32, types, ARGUMENTS, false));
  ude_emit_attribute(emit, f, (unsigned)LLVMAttributeFunctionIndex, "nounwind");
  for (unsigned k = 1; k <= 6; k++) {
    ude_emit_attribute(emit, inner, k, "noalias");
  }
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(walk->context, f, ""));
  ude_emit_reset_globals(emit);
  LLVMValueRef arguments[ARGUMENTS];
  for (unsigned k = 0; k + 1 < ARGUMENTS; k++) {
    arguments[k] = LLVMGetParam(f, k + 1);
  }
  arguments[ARGUMENTS - 1] = LLVMGetParam(f, 0);
  kernel(jet, "ude_jet_begin",
         (LLVMValueRef[]){LLVMGetParam(f, 0),
                          LLVMConstInt(walk->type_i64, (uint64_t)jet->most, false)},
         2);
  LLVMBuildCall2(b, LLVMGlobalGetValueType(inner), inner, arguments, ARGUMENTS, "");
  LLVMBuildRet(b, LLVMConstNull(walk->type_i32));
  return f;
}

LLVMValueRef ude_emit_jet(LLVMModuleRef module, LLVMValueRef primal, const char *name,
                          ude_error *error) {
  static const ude_forward_kind kind = {instruction, begin_function, visit_block};
  /* y, u, p, t: parameters do not change along a solution */
  static const unsigned char param[4] = {UDE_ROLE_OUTPUT, UDE_ROLE_INPUT, 0, UDE_ROLE_INPUT};
  static const ude_roles     roles    = {.param = param};
  if (!module || !primal || !name || LLVMIsDeclaration(primal) || LLVMCountParams(primal) != 4) {
    ude_fail(error, UDE_INVALID_ARGUMENT, "Taylor mode needs a defined map");
    return NULL;
  }
  ude_walk *volatile walk = ude_walk_create(module, error);
  if (!walk) {
    return NULL;
  }
  LLVMValueRef volatile result = NULL;
  if (!setjmp(walk->leave)) {
    ude_walk *w = walk;
    ude_walk_program(w, primal);
    ude_walk_points(w, primal);
    w->roles = &roles;
    ude_walk_activity(w, primal);
    ude_jet_emit *jet = ude_walk_alloc(w, 1, sizeof *jet);
    ude_forward_begin(&jet->forward, w, 1);
    jet->forward.kind = &kind;
    result            = emit_entry(jet, primal, name);
  }
  ude_walk_free(walk);
  return result;
}
