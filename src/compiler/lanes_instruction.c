/**
 * @file lanes_instruction.c
 * @brief Instructions on vectors of lanes.
 */
#include "compiler/lanes.h"
#include "compiler/walker_clone.h"

static LLVMValueRef copy(ude_lane_emit *emit, LLVMValueRef i) {
  LLVMValueRef made = LLVMInstructionClone(i);
  int          n    = LLVMGetNumOperands(made);
  for (int k = 0; k < n; k++) {
    LLVMSetOperand(made, (unsigned)k, ude_lane_scalar(emit, LLVMGetOperand(i, (unsigned)k)));
  }
  LLVMInsertIntoBuilder(emit->walk->builder, made);
  ude_emit_forget_location(made);
  return made;
}

/* Lanes that are not there must not divide by zero. */
static LLVMValueRef guarded(ude_lane_emit *emit, LLVMValueRef value, uint64_t instead) {
  LLVMTypeRef type = LLVMGetElementType(LLVMTypeOf(value));
  return emit->mask ? LLVMBuildSelect(emit->walk->builder, emit->mask, value,
                                      ude_lane_splat(emit, LLVMConstInt(type, instead, false)), "")
                    : value;
}

static LLVMValueRef build(ude_lane_emit *emit, LLVMValueRef i) {
  LLVMBuilderRef b      = emit->walk->builder;
  LLVMOpcode     opcode = LLVMGetInstructionOpcode(i);
  LLVMValueRef   x      = ude_lane_vector(emit, LLVMGetOperand(i, 0));
  LLVMTypeRef    wide   = ude_lane_type(emit, LLVMTypeOf(i));
  switch (opcode) {
  case LLVMFNeg: return LLVMBuildFNeg(b, x, "");
  case LLVMICmp:
    return LLVMBuildICmp(b, LLVMGetICmpPredicate(i), x, ude_lane_vector(emit, LLVMGetOperand(i, 1)),
                         "");
  case LLVMFCmp:
    return LLVMBuildFCmp(b, LLVMGetFCmpPredicate(i), x, ude_lane_vector(emit, LLVMGetOperand(i, 1)),
                         "");
  case LLVMUDiv:
  case LLVMSDiv:
  case LLVMURem:
  case LLVMSRem: {
    LLVMValueRef y = guarded(emit, ude_lane_vector(emit, LLVMGetOperand(i, 1)), 1);
    return LLVMBuildBinOp(b, opcode, guarded(emit, x, 0), y, "");
  }
  case LLVMTrunc:
  case LLVMZExt:
  case LLVMSExt:
  case LLVMFPToUI:
  case LLVMFPToSI:
  case LLVMUIToFP:
  case LLVMSIToFP:
  case LLVMFPTrunc:
  case LLVMFPExt:
  case LLVMBitCast:
  case LLVMAddrSpaceCast: return LLVMBuildCast(b, opcode, x, wide, "");
  case LLVMFreeze: return LLVMBuildFreeze(b, x, "");
  case LLVMExtractValue: {
    LLVMValueRef part = x;
    for (unsigned k = 0; k < LLVMGetNumIndices(i); k++) {
      part = LLVMBuildExtractValue(b, part, LLVMGetIndices(i)[k], "");
    }
    return part;
  }
  case LLVMInsertValue:
    return LLVMBuildInsertValue(b, x, ude_lane_vector(emit, LLVMGetOperand(i, 1)),
                                LLVMGetIndices(i)[0], "");
  default: return LLVMBuildBinOp(b, opcode, x, ude_lane_vector(emit, LLVMGetOperand(i, 1)), "");
  }
}

static LLVMValueRef choose(ude_lane_emit *emit, LLVMValueRef i) {
  LLVMValueRef x = ude_lane_vector(emit, LLVMGetOperand(i, 1));
  LLVMValueRef y = ude_lane_vector(emit, LLVMGetOperand(i, 2));
  return ude_lane_blend(emit, ude_lane_scalar(emit, LLVMGetOperand(i, 0)), x, y);
}

void ude_lane_instruction(ude_lane_emit *emit, LLVMValueRef i) {
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad: ude_lane_load(emit, i); return;
  case LLVMStore: ude_lane_store(emit, i); return;
  case LLVMAlloca: ude_lane_local(emit, i); return;
  case LLVMGetElementPtr: ude_lane_address(emit, i); return;
  case LLVMCall: ude_lane_call(emit, i); return;
  default: break;
  }
  if (!ude_lanes_varies(emit->facts, i)) {
    ude_lane_set(emit, i, copy(emit, i));
    return;
  }
  bool         selects = LLVMGetInstructionOpcode(i) == LLVMSelect;
  LLVMValueRef made    = selects ? choose(emit, i) : build(emit, i);
  if (LLVMIsAInstruction(made) && LLVMCanValueUseFastMathFlags(made) &&
      LLVMCanValueUseFastMathFlags(i)) {
    LLVMSetFastMathFlags(made, LLVMGetFastMathFlags(i));
  }
  ude_lane_set(emit, i, made);
}
