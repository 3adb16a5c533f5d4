/**
 * @file walker_move.c
 * @brief Shadows of instructions that move values without computing, and of memory accesses.
 */
#include "compiler/walker_clone.h"

static LLVMValueRef mask_of(ude_emit *emit, const int *lanes, unsigned count) {
  LLVMTypeRef   i32  = emit->walk->type_i32;
  LLVMValueRef *mask = ude_walk_alloc(emit->walk, count, sizeof(LLVMValueRef));
  for (unsigned k = 0; k < count; k++) {
    mask[k] = lanes[k] < 0 ? LLVMGetPoison(i32) : LLVMConstInt(i32, (unsigned)lanes[k], false);
  }
  return LLVMConstVector(mask, count);
}

static LLVMValueRef shuffle(ude_emit *emit, LLVMValueRef a, LLVMValueRef b, const int *lanes,
                            unsigned count) {
  if (!b) {
    b = LLVMGetPoison(LLVMTypeOf(a));
  }
  return LLVMBuildShuffleVector(emit->walk->builder, a, b, mask_of(emit, lanes, count), "");
}

LLVMValueRef ude_emit_dilate(ude_emit *emit, LLVMValueRef value) {
  unsigned    scale  = (unsigned)emit->scale;
  LLVMTypeRef type   = LLVMTypeOf(value);
  bool        vector = LLVMGetTypeKind(type) == LLVMVectorTypeKind;
  unsigned    count  = vector ? LLVMGetVectorSize(type) : 1;
  if (scale == 1) {
    return value;
  }
  if (!vector) {
    LLVMValueRef one = LLVMGetPoison(LLVMVectorType(type, scale));
    value            = LLVMBuildInsertElement(emit->walk->builder, one, value,
                                              LLVMConstInt(emit->walk->type_i32, 0, false), "");
  }
  int *lanes = ude_walk_alloc(emit->walk, count * scale, sizeof *lanes);
  for (unsigned k = 0; k < count * scale; k++) {
    lanes[k] = (int)(k / scale);
  }
  return shuffle(emit, value, NULL, lanes, count * scale);
}

static LLVMValueRef insert_element(ude_emit *emit, LLVMValueRef i) {
  LLVMBuilderRef b       = emit->walk->builder;
  unsigned       scale   = (unsigned)emit->scale;
  LLVMValueRef   vector  = ude_emit_shadow(emit, LLVMGetOperand(i, 0));
  LLVMValueRef   element = ude_emit_shadow(emit, LLVMGetOperand(i, 1));
  LLVMValueRef   index   = LLVMGetOperand(i, 2);
  if (LLVMIsPoison(LLVMGetOperand(i, 0))) {
    vector = LLVMConstNull(LLVMTypeOf(vector));
  }
  if (scale == 1 || !ude_type_is_real(LLVMTypeOf(LLVMGetOperand(i, 1)))) {
    return LLVMBuildInsertElement(b, vector, element, ude_emit_primal(emit, index), "");
  }
  unsigned total = LLVMGetVectorSize(LLVMTypeOf(vector));
  int     *lanes = ude_walk_alloc(emit->walk, total, sizeof *lanes);
  if (LLVMIsAConstantInt(index)) {
    unsigned first = (unsigned)LLVMConstIntGetZExtValue(index) * scale;
    for (unsigned k = 0; k < total; k++) {
      lanes[k] = k >= first && k < first + scale ? (int)(k - first) : -1;
    }
    LLVMValueRef wide = shuffle(emit, element, NULL, lanes, total);
    for (unsigned k = 0; k < total; k++) {
      lanes[k] = (int)(k >= first && k < first + scale ? total + k : k);
    }
    return shuffle(emit, vector, wide, lanes, total);
  }
  LLVMTypeRef  type = LLVMTypeOf(index);
  LLVMValueRef base =
      LLVMBuildMul(b, ude_emit_primal(emit, index), LLVMConstInt(type, scale, false), "");
  for (unsigned k = 0; k < scale; k++) {
    LLVMValueRef lane = LLVMConstInt(type, k, false);
    LLVMValueRef one  = LLVMBuildExtractElement(b, element, lane, "");
    vector            = LLVMBuildInsertElement(b, vector, one, LLVMBuildAdd(b, base, lane, ""), "");
  }
  return vector;
}

static LLVMValueRef extract_element(ude_emit *emit, LLVMValueRef i) {
  LLVMBuilderRef b      = emit->walk->builder;
  unsigned       scale  = (unsigned)emit->scale;
  LLVMValueRef   vector = ude_emit_shadow(emit, LLVMGetOperand(i, 0));
  LLVMValueRef   index  = LLVMGetOperand(i, 1);
  if (scale == 1 || !ude_type_is_real(LLVMTypeOf(i))) {
    return LLVMBuildExtractElement(b, vector, ude_emit_primal(emit, index), "");
  }
  if (LLVMIsAConstantInt(index)) {
    int *lanes = ude_walk_alloc(emit->walk, scale, sizeof *lanes);
    for (unsigned k = 0; k < scale; k++) {
      lanes[k] = (int)((unsigned)LLVMConstIntGetZExtValue(index) * scale + k);
    }
    return shuffle(emit, vector, NULL, lanes, scale);
  }
  LLVMTypeRef  type = LLVMTypeOf(index);
  LLVMValueRef base =
      LLVMBuildMul(b, ude_emit_primal(emit, index), LLVMConstInt(type, scale, false), "");
  LLVMValueRef result = LLVMGetPoison(LLVMVectorType(LLVMTypeOf(i), scale));
  for (unsigned k = 0; k < scale; k++) {
    LLVMValueRef lane = LLVMConstInt(type, k, false);
    LLVMValueRef one  = LLVMBuildExtractElement(b, vector, LLVMBuildAdd(b, base, lane, ""), "");
    result            = LLVMBuildInsertElement(b, result, one, lane, "");
  }
  return result;
}

static LLVMValueRef shuffle_vector(ude_emit *emit, LLVMValueRef i) {
  bool     real  = ude_type_is_real_vector(LLVMTypeOf(i));
  unsigned scale = real ? (unsigned)emit->scale : 1;
  unsigned count = LLVMGetNumMaskElements(i);
  int     *lanes = ude_walk_alloc(emit->walk, count * scale, sizeof *lanes);
  for (unsigned k = 0; k < count * scale; k++) {
    int from = LLVMGetMaskValue(i, k / scale);
    lanes[k] = from < 0 ? -1 : from * (int)scale + (int)(k % scale);
  }
  return shuffle(emit, ude_emit_shadow(emit, LLVMGetOperand(i, 0)),
                 ude_emit_shadow(emit, LLVMGetOperand(i, 1)), lanes, count * scale);
}

/* One path of indices through an aggregate. */
static LLVMValueRef value_index(ude_emit *emit, LLVMValueRef i) {
  LLVMBuilderRef  b       = emit->walk->builder;
  const unsigned *path    = LLVMGetIndices(i);
  unsigned        depth   = LLVMGetNumIndices(i);
  LLVMValueRef    whole   = ude_emit_shadow(emit, LLVMGetOperand(i, 0));
  bool            extract = LLVMGetInstructionOpcode(i) == LLVMExtractValue;
  LLVMValueRef   *level   = ude_walk_alloc(emit->walk, depth + 1, sizeof(LLVMValueRef));
  level[0]                = whole;
  for (unsigned k = 0; k < depth; k++) {
    if (k + 1 < depth || extract) {
      level[k + 1] = LLVMBuildExtractValue(b, level[k], path[k], "");
    }
  }
  if (extract) {
    return level[depth];
  }
  LLVMValueRef operand = LLVMGetOperand(i, 1);
  LLVMValueRef part    = ude_emit_shadow(emit, operand);
  if (!ude_emit_shadow_type(emit, LLVMTypeOf(operand))) {
    part = LLVMConstNull(emit->walk->type_i8);
  }
  for (unsigned k = depth; k-- > 0;) {
    part = LLVMBuildInsertValue(b, level[k], part, path[k], "");
  }
  return part;
}

/* Carriers keep their bytes in order, so shifts by bytes dilate. */
static LLVMValueRef move_bytes(ude_emit *emit, LLVMValueRef i, LLVMTypeRef type) {
  LLVMBuilderRef b      = emit->walk->builder;
  LLVMOpcode     opcode = LLVMGetInstructionOpcode(i);
  LLVMValueRef   x      = ude_emit_shadow(emit, LLVMGetOperand(i, 0));
  if (opcode == LLVMZExt || opcode == LLVMTrunc) {
    return LLVMBuildCast(b, opcode, x, type, "");
  }
  if (opcode == LLVMOr) {
    return LLVMBuildOr(b, x, ude_emit_shadow(emit, LLVMGetOperand(i, 1)), "");
  }
  uint64_t by = LLVMConstIntGetZExtValue(LLVMGetOperand(i, 1)) * (unsigned)emit->scale;
  return LLVMBuildBinOp(b, opcode, x, LLVMConstInt(type, by, false), "");
}

LLVMValueRef ude_emit_move(ude_emit *emit, LLVMValueRef i) {
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMTypeRef    type = ude_emit_shadow_type(emit, LLVMTypeOf(i));
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMInsertElement: return insert_element(emit, i);
  case LLVMExtractElement: return extract_element(emit, i);
  case LLVMShuffleVector: return shuffle_vector(emit, i);
  case LLVMInsertValue:
  case LLVMExtractValue: return value_index(emit, i);
  case LLVMFreeze: return LLVMBuildFreeze(b, ude_emit_shadow(emit, LLVMGetOperand(i, 0)), "");
  case LLVMBitCast: {
    LLVMValueRef from = ude_emit_shadow(emit, LLVMGetOperand(i, 0));
    return LLVMTypeOf(from) == type ? from : LLVMBuildBitCast(b, from, type, "");
  }
  case LLVMAddrSpaceCast: return ude_emit_shadow(emit, LLVMGetOperand(i, 0));
  case LLVMSelect: {
    LLVMValueRef condition = ude_emit_primal(emit, LLVMGetOperand(i, 0));
    if (LLVMGetTypeKind(LLVMTypeOf(condition)) == LLVMVectorTypeKind &&
        ude_type_is_real_vector(LLVMTypeOf(i))) {
      condition = ude_emit_dilate(emit, condition);
    }
    return LLVMBuildSelect(b, condition, ude_emit_shadow(emit, LLVMGetOperand(i, 1)),
                           ude_emit_shadow(emit, LLVMGetOperand(i, 2)), "");
  }
  case LLVMZExt:
  case LLVMTrunc:
  case LLVMShl:
  case LLVMLShr:
  case LLVMOr: return move_bytes(emit, i, type);
  default: return NULL;
  }
}

/* ------------------------------------------------------------------------------------ memory -- */

static unsigned shadow_align(ude_emit *emit, LLVMTypeRef type, unsigned align) {
  unsigned natural = LLVMABIAlignmentOfType(emit->walk->layout, type);
  if (LLVMGetTypeKind(type) == LLVMVectorTypeKind) {
    natural = LLVMABIAlignmentOfType(emit->walk->layout, LLVMGetElementType(type));
  }
  unsigned least = natural < 8 ? natural : 8;
  return align && align < least ? align : least;
}

static LLVMValueRef leaf_pointer(ude_emit *emit, LLVMValueRef pointer, uint64_t offset) {
  LLVMValueRef index = LLVMConstInt(emit->walk->type_i64, offset * (unsigned)emit->scale, false);
  return offset ? LLVMBuildInBoundsGEP2(emit->walk->builder, emit->walk->type_i8, pointer, &index,
                                        1, "")
                : pointer;
}

static unsigned parts_of(LLVMTypeRef type) {
  switch (LLVMGetTypeKind(type)) {
  case LLVMStructTypeKind: return LLVMCountStructElementTypes(type);
  case LLVMArrayTypeKind: return (unsigned)LLVMGetArrayLength2(type);
  default: return 0;
  }
}

static LLVMTypeRef part_type(ude_emit *emit, LLVMTypeRef type, unsigned k, uint64_t *offset) {
  LLVMTargetDataRef layout = emit->walk->layout;
  if (LLVMGetTypeKind(type) == LLVMStructTypeKind) {
    *offset = LLVMOffsetOfElement(layout, type, k);
    return LLVMStructGetTypeAtIndex(type, k);
  }
  LLVMTypeRef element = LLVMGetElementType(type);
  *offset             = k * LLVMABISizeOfType(layout, element);
  return element;
}

LLVMValueRef ude_emit_load_shadow(ude_emit *emit, LLVMTypeRef type, LLVMValueRef pointer,
                                  unsigned align) {
  LLVMBuilderRef b      = emit->walk->builder;
  LLVMTypeRef    shadow = ude_emit_shadow_type(emit, type);
  if (!parts_of(type)) {
    LLVMValueRef load = LLVMBuildLoad2(b, shadow, pointer, "");
    LLVMSetAlignment(load, shadow_align(emit, type, align));
    ude_emit_apart(emit, load, false);
    return load;
  }
  LLVMValueRef whole = LLVMConstNull(shadow);
  for (unsigned k = 0; k < parts_of(type); k++) {
    uint64_t    offset;
    LLVMTypeRef part = part_type(emit, type, k, &offset);
    if (!ude_emit_shadow_type(emit, part)) {
      continue;
    }
    LLVMValueRef at = leaf_pointer(emit, pointer, offset);
    whole = LLVMBuildInsertValue(b, whole, ude_emit_load_shadow(emit, part, at, align), k, "");
  }
  return whole;
}

void ude_emit_store_shadow(ude_emit *emit, LLVMTypeRef type, LLVMValueRef shadow,
                           LLVMValueRef pointer, unsigned align) {
  LLVMBuilderRef b = emit->walk->builder;
  if (!parts_of(type)) {
    LLVMValueRef store = LLVMBuildStore(b, shadow, pointer);
    LLVMSetAlignment(store, shadow_align(emit, type, align));
    ude_emit_apart(emit, store, false);
    return;
  }
  for (unsigned k = 0; k < parts_of(type); k++) {
    uint64_t    offset;
    LLVMTypeRef part = part_type(emit, type, k, &offset);
    if (!ude_emit_shadow_type(emit, part)) {
      continue;
    }
    ude_emit_store_shadow(emit, part, LLVMBuildExtractValue(b, shadow, k, ""),
                          leaf_pointer(emit, pointer, offset), align);
  }
}

bool ude_emit_wants_shadow(ude_emit *emit, LLVMValueRef value) {
  ude_walk *walk = emit->walk;
  int       id   = ude_walk_value(walk, value);
  if (id < 0 || !ude_emit_shadow_type(emit, LLVMTypeOf(value))) {
    return false;
  }
  LLVMTypeRef type = LLVMTypeOf(value);
  if (!emit->adjoint && ude_type_has_real(type) && walk->value[id].flags & UDE_VARIED) {
    return true;
  }
  if (ude_type_has_pointer(type)) {
    return ude_walk_shadowed(walk, value);
  }
  if (!(walk->value[id].flags & UDE_CARRIER) || walk->value[id].flags & UDE_TAINTED) {
    return false;
  }
  return (!emit->adjoint && walk->value[id].flags & UDE_VARIED) || ude_walk_shadowed(walk, value);
}

void ude_emit_address(ude_emit *emit, LLVMValueRef i) {
  ude_emit_copy(emit, i);
  if (!ude_emit_wants_shadow(emit, i)) {
    return;
  }
  unsigned      count   = (unsigned)LLVMGetNumOperands(i) - 1;
  LLVMValueRef *indices = ude_walk_alloc(emit->walk, count, sizeof(LLVMValueRef));
  for (unsigned k = 0; k < count; k++) {
    indices[k] = ude_emit_primal(emit, LLVMGetOperand(i, k + 1));
  }
  LLVMValueRef base = ude_emit_shadow(emit, LLVMGetOperand(i, 0));
  ude_emit_set(emit, i, NULL, ude_emit_gep(emit, i, base, indices));
}

void ude_emit_phi(ude_emit *emit, LLVMValueRef phi) {
  LLVMBuilderRef b      = emit->walk->builder;
  LLVMValueRef   copy   = LLVMBuildPhi(b, LLVMTypeOf(phi), "");
  LLVMValueRef   shadow = NULL;
  if (ude_emit_wants_shadow(emit, phi)) {
    shadow = LLVMBuildPhi(b, ude_emit_shadow_type(emit, LLVMTypeOf(phi)), "");
  }
  ude_emit_set(emit, phi, copy, shadow);
}

void ude_emit_complete_phi(ude_emit *emit, LLVMValueRef phi) {
  ude_walk    *walk   = emit->walk;
  int          id     = ude_walk_value(walk, phi);
  LLVMValueRef shadow = emit->shadow[id];
  int          to     = walk->value[id].block;
  bool         done   = false; /* a detour makes one edge of several */
  for (unsigned k = 0; k < LLVMCountIncoming(phi); k++) {
    int from = ude_map_get(&walk->ids, LLVMGetIncomingBlock(phi, k));
    if (from < 0) {
      continue; /* unreachable */
    }
    LLVMBasicBlockRef in     = ude_emit_incoming(emit, from, to);
    bool              detour = in != emit->last[from];
    if (detour && done) {
      continue;
    }
    done               = done || detour;
    LLVMValueRef value = ude_emit_primal(emit, LLVMGetIncomingValue(phi, k));
    LLVMAddIncoming(emit->primal[id], &value, &in, 1);
    if (shadow) {
      LLVMValueRef tangent = ude_emit_shadow(emit, LLVMGetIncomingValue(phi, k));
      LLVMAddIncoming(shadow, &tangent, &in, 1);
    }
  }
}
