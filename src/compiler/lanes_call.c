/**
 * @file lanes_call.c
 * @brief Calls for several lanes: functions of the program, vector mathematics, lane by lane.
 */
#include <string.h>

#include "compiler/lanes.h"
#include "compiler/lanes_library.h"
#include "compiler/rules.h"
#include "compiler/walker_clone.h"

static bool number_type(LLVMTypeRef type) {
  return ude_type_is_real(type) || LLVMGetTypeKind(type) == LLVMIntegerTypeKind;
}

bool ude_lanes_scalarises(ude_walk *walk, LLVMValueRef call) {
  (void)walk;
  bool good = number_type(LLVMTypeOf(call));
  for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
    good = good && number_type(LLVMTypeOf(LLVMGetArgOperand(call, k)));
  }
  return good;
}

static LLVMValueRef lane(ude_lane_emit *emit, LLVMValueRef vector, int l) {
  return LLVMBuildExtractElement(emit->walk->builder, vector,
                                 LLVMConstInt(emit->walk->type_i32, (unsigned)l, false), "");
}

/* The call as it is. */
static LLVMValueRef once(ude_lane_emit *emit, LLVMValueRef call) {
  LLVMValueRef made = LLVMInstructionClone(call);
  for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
    LLVMSetOperand(made, k, ude_lane_scalar(emit, LLVMGetArgOperand(call, k)));
  }
  LLVMInsertIntoBuilder(emit->walk->builder, made);
  ude_emit_forget_location(made);
  LLVMSetTailCall(made, false);
  return made;
}

static LLVMValueRef by_lanes(ude_lane_emit *emit, LLVMValueRef call) {
  enum { MOST = 8 };
  LLVMBuilderRef b      = emit->walk->builder;
  LLVMValueRef   callee = LLVMGetCalledValue(call);
  LLVMTypeRef    type   = LLVMGetCalledFunctionType(call);
  LLVMValueRef   result = LLVMGetPoison(ude_lane_type(emit, LLVMTypeOf(call)));
  unsigned       count  = LLVMGetNumArgOperands(call);
  for (int l = 0; l < emit->lanes; l++) {
    LLVMValueRef arguments[MOST];
    for (unsigned k = 0; k < count && k < MOST; k++) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      arguments[k]          = ude_lanes_varies(emit->facts, argument)
                                  ? lane(emit, ude_lane_scalar(emit, argument), l)
                                  : ude_lane_scalar(emit, argument);
      if (ude_type_has_pointer(LLVMTypeOf(argument)) && ude_lanes_dilated(emit->facts, argument)) {
        uint64_t     size   = ude_lanes_scalar(emit->facts, argument);
        LLVMValueRef offset = LLVMConstInt(emit->walk->type_i64, (uint64_t)l * size, false);
        arguments[k]        = LLVMBuildGEP2(b, emit->walk->type_i8, arguments[k], &offset, 1, "");
      }
    }
    LLVMValueRef one   = LLVMBuildCall2(b, type, callee, arguments, count, "");
    LLVMValueRef index = LLVMConstInt(emit->walk->type_i32, (unsigned)l, false);
    result             = LLVMBuildInsertElement(b, result, one, index, "");
  }
  return result;
}

/* Part `part` of `width` lanes of a vector. */
static LLVMValueRef part_of(ude_lane_emit *emit, LLVMValueRef vector, int part, int width) {
  LLVMValueRef index[64];
  if (width == emit->lanes) {
    return vector;
  }
  for (int l = 0; l < width; l++) {
    index[l] = LLVMConstInt(emit->walk->type_i32, (unsigned)(part * width + l), false);
  }
  return LLVMBuildShuffleVector(emit->walk->builder, vector, LLVMGetPoison(LLVMTypeOf(vector)),
                                LLVMConstVector(index, (unsigned)width), "");
}

static LLVMValueRef insert_part(ude_lane_emit *emit, LLVMValueRef whole, LLVMValueRef part, int at,
                                int width) {
  LLVMValueRef index[64];
  if (width == emit->lanes) {
    return part;
  }
  for (int l = 0; l < emit->lanes; l++) { /* widen, then blend */
    int from = l - at * width;
    index[l] = from >= 0 && from < width ? LLVMConstInt(emit->walk->type_i32, (unsigned)from, false)
                                         : LLVMGetPoison(emit->walk->type_i32);
  }
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMValueRef   wide = LLVMBuildShuffleVector(b, part, LLVMGetPoison(LLVMTypeOf(part)),
                                               LLVMConstVector(index, (unsigned)emit->lanes), "");
  for (int l = 0; l < emit->lanes; l++) {
    bool mine = l >= at * width && l < (at + 1) * width;
    index[l]  = LLVMConstInt(emit->walk->type_i32, (unsigned)(mine ? emit->lanes + l : l), false);
  }
  return LLVMBuildShuffleVector(b, whole, wide, LLVMConstVector(index, (unsigned)emit->lanes), "");
}

/* By the vector library; NULL: it has no such function. */
static LLVMValueRef by_library(ude_lane_emit *emit, LLVMValueRef call, const ude_rule *rule) {
  bool        single = LLVMGetTypeKind(LLVMTypeOf(call)) == LLVMFloatTypeKind;
  char        symbol[64];
  const char *name  = single ? rule->name_float : rule->name;
  unsigned    count = LLVMGetNumArgOperands(call);
  int         width = name && emit->features && count <= 2
                          ? ude_lanes_library(emit->features, name, (int)count, single, emit->lanes, symbol)
                          : 0;
  if (!width || emit->lanes % width || !ude_lanes_scalarises(emit->walk, call)) {
    return NULL;
  }
  LLVMTypeRef  type     = LLVMVectorType(LLVMTypeOf(call), (unsigned)width);
  LLVMTypeRef  types[2] = {type, type};
  LLVMValueRef result   = LLVMGetPoison(ude_lane_type(emit, LLVMTypeOf(call)));
  ude_emit     like     = {.walk = emit->walk};
  for (int part = 0; part < emit->lanes / width; part++) {
    LLVMValueRef arguments[2];
    for (unsigned k = 0; k < count; k++) {
      LLVMValueRef whole = ude_lane_vector(emit, LLVMGetArgOperand(call, k));
      arguments[k]       = part_of(emit, whole, part, width);
    }
    LLVMValueRef one = ude_emit_call(&like, symbol, type, arguments, types, count);
    result           = insert_part(emit, result, one, part, width);
  }
  static const char *const pure[] = {"nounwind", "willreturn", "nofree"};
  LLVMValueRef             callee = LLVMGetNamedFunction(emit->walk->module, symbol);
  for (size_t k = 0; k < sizeof pure / sizeof *pure; k++) {
    ude_emit_attribute(&like, callee, (unsigned)LLVMAttributeFunctionIndex, pure[k]);
  }
  ude_emit_attribute(&like, callee, (unsigned)LLVMAttributeFunctionIndex, "memory");
  return result;
}

/* Intrinsics of one type that processors have for vectors. */
static bool vector_intrinsic(LLVMValueRef call, const ude_rule *rule) {
  static const char *const names[] = {"llvm.sqrt",      "llvm.fabs",         "llvm.fma",
                                      "llvm.fmuladd",   "llvm.floor",        "llvm.ceil",
                                      "llvm.trunc",     "llvm.rint",         "llvm.round",
                                      "llvm.nearbyint", "llvm.maxnum",       "llvm.minnum",
                                      "llvm.maximum",   "llvm.minimum",      "llvm.copysign",
                                      "llvm.roundeven", "llvm.canonicalize", NULL};
  return ude_call_is_intrinsic(call) && rule->intrinsic && ude_name_is(rule->intrinsic, names);
}

static LLVMValueRef rule_call(ude_lane_emit *emit, LLVMValueRef call) {
  const ude_rule *rule = ude_rule_for_call(emit->walk, call);
  if (!vector_intrinsic(call, rule)) {
    LLVMValueRef result = by_library(emit, call, rule);
    return result ? result : by_lanes(emit, call);
  }
  LLVMTypeRef  type = ude_lane_type(emit, LLVMTypeOf(call));
  LLVMValueRef arguments[UDE_RULE_ARGUMENTS];
  for (int k = 0; k < rule->arity; k++) {
    arguments[k] = ude_lane_vector(emit, LLVMGetArgOperand(call, (unsigned)k));
  }
  LLVMValueRef made =
      ude_lane_intrinsic(emit, rule->intrinsic, &type, 1, arguments, (unsigned)rule->arity);
  if (LLVMCanValueUseFastMathFlags(made) && LLVMCanValueUseFastMathFlags(call)) {
    LLVMSetFastMathFlags(made, LLVMGetFastMathFlags(call));
  }
  return made;
}

static LLVMValueRef body_call(ude_lane_emit *emit, LLVMValueRef call) {
  ude_walk     *walk   = emit->walk;
  int           f      = ude_walk_function(walk, ude_walk_callee(walk, call));
  LLVMValueRef  callee = ude_lane_function_of(emit, f), source = walk->function[f].value;
  unsigned      count = LLVMGetNumArgOperands(call), n = 0;
  LLVMValueRef *arguments = ude_walk_alloc(walk, (size_t)count + 1, sizeof(LLVMValueRef));
  for (unsigned k = 0; k < LLVMCountParams(source); k++) {
    bool varies    = ude_lanes_varies(emit->facts, LLVMGetParam(source, k));
    arguments[n++] = varies ? ude_lane_vector(emit, LLVMGetArgOperand(call, k))
                            : ude_lane_scalar(emit, LLVMGetArgOperand(call, k));
  }
  if (emit->facts->function[f].partial) {
    arguments[n++] = ude_lane_mask(emit);
  }
  LLVMValueRef made =
      LLVMBuildCall2(walk->builder, LLVMGlobalGetValueType(callee), callee, arguments, n, "");
  return made;
}

/* Memory for all lanes at once. */
static LLVMValueRef memory_call(ude_lane_emit *emit, LLVMValueRef call, unsigned size_argument) {
  LLVMValueRef made = once(emit, call);
  if (ude_lanes_dilated(emit->facts, call)) {
    LLVMValueRef size = LLVMGetArgOperand(made, size_argument);
    LLVMPositionBuilderBefore(emit->walk->builder, made);
    LLVMValueRef wide =
        LLVMBuildMul(emit->walk->builder, size,
                     LLVMConstInt(LLVMTypeOf(size), (unsigned)emit->lanes, false), "");
    LLVMSetOperand(made, size_argument, wide);
    LLVMPositionBuilderAtEnd(emit->walk->builder, LLVMGetInstructionParent(made));
  }
  return made;
}

void ude_lane_call(ude_lane_emit *emit, LLVMValueRef call) {
  bool         varies = ude_lanes_varies(emit->facts, call);
  LLVMValueRef made   = NULL;
  switch (ude_call_kind(emit->walk, call)) {
  case UDE_CALLEE_IGNORED: return;
  case UDE_CALLEE_COPY: ude_lane_move(emit, call); return;
  case UDE_CALLEE_SET: ude_lane_fill(emit, call); return;
  case UDE_CALLEE_BODY: made = body_call(emit, call); break;
  case UDE_CALLEE_MALLOC:
  case UDE_CALLEE_CALLOC: made = memory_call(emit, call, 0); break;
  case UDE_CALLEE_TAKE: made = memory_call(emit, call, 1); break;
  case UDE_CALLEE_RULE: made = varies ? rule_call(emit, call) : once(emit, call); break;
  case UDE_CALLEE_INTEGER: made = varies ? by_lanes(emit, call) : once(emit, call); break;
  default: made = once(emit, call); break;
  }
  if (LLVMGetTypeKind(LLVMTypeOf(call)) != LLVMVoidTypeKind) {
    if (varies && LLVMTypeOf(made) == LLVMTypeOf(call)) {
      made = ude_lane_splat(emit, made);
    }
    ude_lane_set(emit, call, made);
  }
}
