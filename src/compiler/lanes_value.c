/**
 * @file lanes_value.c
 * @brief Vectors of lanes: types, splats, masks, and values from where they were set.
 */
#include <string.h>

#include "compiler/lanes.h"

LLVMTypeRef ude_lane_type(ude_lane_emit *emit, LLVMTypeRef type) {
  if (LLVMGetTypeKind(type) != LLVMStructTypeKind) {
    return LLVMVectorType(type, (unsigned)emit->lanes);
  }
  unsigned     count  = LLVMCountStructElementTypes(type);
  LLVMTypeRef *fields = ude_walk_alloc(emit->walk, count, sizeof(LLVMTypeRef));
  for (unsigned k = 0; k < count; k++) {
    fields[k] = ude_lane_type(emit, LLVMStructGetTypeAtIndex(type, k));
  }
  return LLVMStructTypeInContext(emit->walk->context, fields, count, false);
}

LLVMTypeRef ude_lane_mask_type(ude_lane_emit *emit) {
  return LLVMVectorType(emit->walk->type_i1, (unsigned)emit->lanes);
}

LLVMValueRef ude_lane_splat(ude_lane_emit *emit, LLVMValueRef scalar) {
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMTypeRef    type = LLVMTypeOf(scalar);
  if (LLVMGetTypeKind(type) == LLVMStructTypeKind) {
    LLVMValueRef whole = LLVMGetPoison(ude_lane_type(emit, type));
    for (unsigned k = 0; k < LLVMCountStructElementTypes(type); k++) {
      LLVMValueRef part = ude_lane_splat(emit, LLVMBuildExtractValue(b, scalar, k, ""));
      whole             = LLVMBuildInsertValue(b, whole, part, k, "");
    }
    return whole;
  }
  LLVMTypeRef wide = ude_lane_type(emit, type);
  if (LLVMIsNull(scalar)) {
    return LLVMConstNull(wide);
  }
  if (LLVMIsConstant(scalar)) {
    LLVMValueRef all[64];
    for (int l = 0; l < emit->lanes; l++) {
      all[l] = scalar;
    }
    return LLVMConstVector(all, (unsigned)emit->lanes);
  }
  LLVMValueRef one  = LLVMBuildInsertElement(b, LLVMGetPoison(wide), scalar,
                                             LLVMConstInt(emit->walk->type_i32, 0, 0), "");
  LLVMTypeRef  mask = LLVMVectorType(emit->walk->type_i32, (unsigned)emit->lanes);
  return LLVMBuildShuffleVector(b, one, LLVMGetPoison(wide), LLVMConstNull(mask), "");
}

/* What the value is here: in a line a value of another block is read back from its slot, once a block. */
static LLVMValueRef current(ude_lane_emit *emit, int id) {
  if (emit->at[id] && emit->at[id] != emit->current) {
    LLVMTypeRef type = LLVMTypeOf(emit->walk->value[id].value);
    type             = emit->facts->varies[id] ? ude_lane_type(emit, type) : type;
    emit->value[id]  = LLVMBuildLoad2(emit->walk->builder, type, emit->slot[id], "");
    emit->at[id]     = emit->current;
  }
  return emit->value[id];
}

LLVMValueRef ude_lane_scalar(ude_lane_emit *emit, LLVMValueRef value) {
  int id = ude_walk_value(emit->walk, value);
  return id < 0 ? ude_lane_constant(emit, value) : current(emit, id);
}

LLVMValueRef ude_lane_vector(ude_lane_emit *emit, LLVMValueRef value) {
  LLVMValueRef now = ude_lane_scalar(emit, value);
  return ude_lanes_varies(emit->facts, value) ? now : ude_lane_splat(emit, now);
}

void ude_lane_set(ude_lane_emit *emit, LLVMValueRef value, LLVMValueRef became) {
  LLVMBuilderRef b  = emit->walk->builder;
  int            id = ude_walk_value(emit->walk, value);
  emit->value[id]   = became;
  emit->at[id]      = emit->current;
  if (!emit->slot[id]) {
    return;
  }
  LLVMValueRef kept = became;
  if (emit->mask && emit->facts->varies[id] && ude_lanes_leaves_loop(emit->facts, value)) {
    LLVMValueRef old = LLVMBuildLoad2(b, LLVMTypeOf(became), emit->slot[id], "");
    kept             = ude_lane_blend(emit, emit->mask, became, old);
  }
  LLVMBuildStore(b, kept, emit->slot[id]);
}

LLVMValueRef ude_lane_blend(ude_lane_emit *emit, LLVMValueRef condition, LLVMValueRef x,
                            LLVMValueRef y) {
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMTypeRef    type = LLVMTypeOf(x);
  if (LLVMGetTypeKind(type) != LLVMStructTypeKind) {
    return LLVMBuildSelect(b, condition, x, y, "");
  }
  LLVMValueRef whole = x;
  for (unsigned k = 0; k < LLVMCountStructElementTypes(type); k++) {
    LLVMValueRef part = ude_lane_blend(emit, condition, LLVMBuildExtractValue(b, x, k, ""),
                                       LLVMBuildExtractValue(b, y, k, ""));
    whole             = LLVMBuildInsertValue(b, whole, part, k, "");
  }
  return whole;
}

LLVMValueRef ude_lane_any(ude_lane_emit *emit, LLVMValueRef mask) {
  LLVMTypeRef bits = LLVMIntTypeInContext(emit->walk->context, (unsigned)emit->lanes);
  return LLVMBuildICmp(emit->walk->builder, LLVMIntNE,
                       LLVMBuildBitCast(emit->walk->builder, mask, bits, ""), LLVMConstNull(bits),
                       "");
}

LLVMValueRef ude_lane_full_mask(ude_lane_emit *emit) {
  return ude_lane_splat(emit, LLVMConstInt(emit->walk->type_i1, 1, false));
}

LLVMValueRef ude_lane_mask(ude_lane_emit *emit) {
  return emit->mask ? emit->mask : ude_lane_full_mask(emit);
}

LLVMValueRef ude_lane_intrinsic(ude_lane_emit *emit, const char *name, LLVMTypeRef *types,
                                unsigned type_count, LLVMValueRef *arguments, unsigned count) {
  unsigned     id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef f  = LLVMGetIntrinsicDeclaration(emit->walk->module, id, types, type_count);
  return LLVMBuildCall2(emit->walk->builder, LLVMGlobalGetValueType(f), f, arguments, count, "");
}

LLVMValueRef ude_lane_numbers(ude_lane_emit *emit, uint64_t step) {
  LLVMValueRef all[64];
  for (int l = 0; l < emit->lanes; l++) {
    all[l] = LLVMConstInt(emit->walk->type_i64, (uint64_t)l * step, false);
  }
  return LLVMConstVector(all, (unsigned)emit->lanes);
}
