/**
 * @file lanes_memory.c
 * @brief Addresses, loads, stores and copies in dilated memory.
 */
#include "compiler/lanes.h"
#include "compiler/walker_clone.h"

/* ------------------------------------------------------------------------------- constants -- */

/* L copies of every scalar of an initial value, in a packed struct. */
typedef struct piece_list {
  LLVMValueRef *piece;
  int           count, capacity;
  uint64_t      end; /**< bytes of the original so far */
} piece_list;

static void add_piece(ude_lane_emit *emit, piece_list *list, LLVMValueRef piece) {
  list->piece =
      ude_walk_grow(emit->walk, list->piece, list->count, &list->capacity, sizeof(LLVMValueRef));
  list->piece[list->count++] = piece;
}

static void pad(ude_lane_emit *emit, piece_list *list, uint64_t to) {
  if (to > list->end) {
    uint64_t bytes = (to - list->end) * (unsigned)emit->lanes;
    add_piece(emit, list, LLVMConstNull(LLVMArrayType2(emit->walk->type_i8, bytes)));
    list->end = to;
  }
}

static void replicate(ude_lane_emit *emit, LLVMValueRef constant, uint64_t offset,
                      piece_list *list) {
  LLVMTargetDataRef layout = emit->walk->layout;
  LLVMTypeRef       type   = LLVMTypeOf(constant);
  switch (LLVMGetTypeKind(type)) {
  case LLVMStructTypeKind:
    for (unsigned k = 0; k < LLVMCountStructElementTypes(type); k++) {
      replicate(emit, LLVMGetAggregateElement(constant, k),
                offset + LLVMOffsetOfElement(layout, type, k), list);
    }
    return;
  case LLVMArrayTypeKind:
    for (unsigned k = 0; k < LLVMGetArrayLength2(type); k++) {
      uint64_t size = LLVMABISizeOfType(layout, LLVMGetElementType(type));
      replicate(emit, LLVMGetAggregateElement(constant, k), offset + k * size, list);
    }
    return;
  default: {
    LLVMValueRef *copies = ude_walk_alloc(emit->walk, (size_t)emit->lanes, sizeof(LLVMValueRef));
    for (int l = 0; l < emit->lanes; l++) {
      copies[l] = ude_lane_constant(emit, constant);
    }
    pad(emit, list, offset);
    add_piece(emit, list, LLVMConstArray2(type, copies, (uint64_t)emit->lanes));
    list->end = offset + LLVMABISizeOfType(layout, type);
    return;
  }
  }
}

static LLVMValueRef dilated_global(ude_lane_emit *emit, LLVMValueRef global) {
  ude_walk *walk  = emit->walk;
  int       known = ude_map_get(&emit->globals, global);
  if (known >= 0) {
    return emit->global[known];
  }
  LLVMValueRef initial = LLVMGetInitializer(global);
  uint64_t     size    = LLVMABISizeOfType(walk->layout, LLVMGlobalGetValueType(global));
  LLVMValueRef value   = LLVMConstNull(LLVMArrayType2(walk->type_i8, size * (unsigned)emit->lanes));
  if (initial && !LLVMIsNull(initial)) {
    piece_list list = {0};
    replicate(emit, initial, 0, &list);
    pad(emit, &list, size);
    value = LLVMConstStructInContext(walk->context, list.piece, (unsigned)list.count, true);
  }
  LLVMValueRef copy = LLVMAddGlobal(walk->module, LLVMTypeOf(value), "ude.lanes");
  LLVMSetInitializer(copy, value);
  LLVMSetLinkage(copy, LLVMInternalLinkage);
  LLVMSetAlignment(copy, 64);
  LLVMSetGlobalConstant(copy, LLVMIsGlobalConstant(global));
  emit->global = ude_walk_grow(walk, emit->global, emit->global_count, &emit->global_capacity,
                               sizeof(LLVMValueRef));
  ude_map_put(walk, &emit->globals, global, emit->global_count);
  emit->global[emit->global_count++] = copy;
  return copy;
}

/* Does it hold a pointer to something dilated, at any depth? */
static bool points_to_dilated(ude_lane_emit *emit, LLVMValueRef constant, int depth) {
  enum { DEEPEST = 8 };
  LLVMTypeRef type = LLVMTypeOf(constant);
  if (!ude_type_has_pointer(type) || LLVMIsNull(constant) || LLVMIsUndef(constant) ||
      depth > DEEPEST) {
    return false;
  }
  if (LLVMGetTypeKind(type) == LLVMPointerTypeKind) {
    LLVMValueRef inner = LLVMIsAGlobalVariable(constant) ? LLVMGetInitializer(constant) : NULL;
    return ude_lanes_dilated(emit->facts, constant) ||
           (inner && points_to_dilated(emit, inner, depth + 1));
  }
  for (int k = 0; k < LLVMGetNumOperands(constant); k++) {
    if (points_to_dilated(emit, LLVMGetOperand(constant, (unsigned)k), depth)) {
      return true;
    }
  }
  return false;
}

/* The same with pointers to dilated copies. */
static LLVMValueRef translated(ude_lane_emit *emit, LLVMValueRef constant) {
  LLVMTypeRef type = LLVMTypeOf(constant);
  if (!points_to_dilated(emit, constant, 0)) {
    return constant;
  }
  bool     array = LLVMGetTypeKind(type) == LLVMArrayTypeKind;
  unsigned count = array ? (unsigned)LLVMGetArrayLength2(type) : LLVMCountStructElementTypes(type);
  LLVMValueRef *part = ude_walk_alloc(emit->walk, count, sizeof(LLVMValueRef));
  for (unsigned k = 0; k < count; k++) {
    LLVMValueRef element = LLVMGetAggregateElement(constant, k);
    bool         pointer = LLVMGetTypeKind(LLVMTypeOf(element)) == LLVMPointerTypeKind;
    part[k]              = pointer ? ude_lane_constant(emit, element) : translated(emit, element);
  }
  return array
             ? LLVMConstArray2(LLVMGetElementType(type), part, count)
             : LLVMConstStructInContext(emit->walk->context, part, count, LLVMIsPackedStruct(type));
}

/* A table that is the same for all lanes, but holds pointers to what is not. */
static LLVMValueRef table(ude_lane_emit *emit, LLVMValueRef global) {
  LLVMValueRef initial = LLVMGetInitializer(global);
  int          known   = ude_map_get(&emit->globals, global);
  if (known >= 0) {
    return emit->global[known];
  }
  if (!initial || !points_to_dilated(emit, initial, 0)) {
    return global;
  }
  LLVMValueRef value = translated(emit, initial);
  LLVMValueRef copy  = LLVMAddGlobal(emit->walk->module, LLVMTypeOf(value), "ude.lanes");
  LLVMSetInitializer(copy, value);
  LLVMSetLinkage(copy, LLVMInternalLinkage);
  LLVMSetAlignment(copy, LLVMGetAlignment(global));
  LLVMSetGlobalConstant(copy, LLVMIsGlobalConstant(global));
  emit->global = ude_walk_grow(emit->walk, emit->global, emit->global_count, &emit->global_capacity,
                               sizeof(LLVMValueRef));
  ude_map_put(emit->walk, &emit->globals, global, emit->global_count);
  emit->global[emit->global_count++] = copy;
  return copy;
}

LLVMValueRef ude_lane_constant(ude_lane_emit *emit, LLVMValueRef constant) {
  if (LLVMGetTypeKind(LLVMTypeOf(constant)) != LLVMPointerTypeKind) {
    return constant;
  }
  if (!ude_lanes_dilated(emit->facts, constant)) {
    bool inner = LLVMGetValueKind(constant) == LLVMConstantExprValueKind &&
                 LLVMGetConstOpcode(constant) == LLVMGetElementPtr;
    if (inner) {
      LLVMValueRef base   = ude_lane_constant(emit, LLVMGetOperand(constant, 0));
      int64_t      offset = ude_constant_offset(emit->walk, constant);
      LLVMValueRef index  = LLVMConstInt(emit->walk->type_i64, (uint64_t)offset, true);
      return base == LLVMGetOperand(constant, 0)
                 ? constant
                 : LLVMConstGEP2(emit->walk->type_i8, base, &index, 1);
    }
    return LLVMIsAGlobalVariable(constant) ? table(emit, constant) : constant;
  }
  if (LLVMIsAGlobalVariable(constant)) {
    return dilated_global(emit, constant);
  }
  if (LLVMGetValueKind(constant) == LLVMConstantExprValueKind &&
      LLVMGetConstOpcode(constant) == LLVMGetElementPtr) {
    LLVMValueRef base   = ude_lane_constant(emit, LLVMGetOperand(constant, 0));
    int64_t      offset = ude_constant_offset(emit->walk, constant) * emit->lanes;
    LLVMValueRef index  = LLVMConstInt(emit->walk->type_i64, (uint64_t)offset, true);
    return LLVMConstGEP2(emit->walk->type_i8, base, &index, 1);
  }
  return constant;
}

/* ------------------------------------------------------------------------------- addresses -- */

static LLVMValueRef varying_address(ude_lane_emit *emit, LLVMValueRef gep, unsigned scale) {
  ude_walk      *walk  = emit->walk;
  LLVMBuilderRef b     = walk->builder;
  LLVMTypeRef    type  = LLVMGetGEPSourceElementType(gep);
  LLVMTypeRef    wide  = ude_lane_type(emit, walk->type_i64);
  LLVMValueRef   total = LLVMConstNull(wide);
  for (int k = 1; k < LLVMGetNumOperands(gep); k++) {
    LLVMValueRef index = LLVMGetOperand(gep, (unsigned)k);
    if (k > 1 && LLVMGetTypeKind(type) == LLVMStructTypeKind) {
      unsigned field  = (unsigned)LLVMConstIntGetZExtValue(index);
      uint64_t offset = LLVMOffsetOfElement(walk->layout, type, field) * scale;
      total           = LLVMBuildAdd(b, total,
                                     ude_lane_splat(emit, LLVMConstInt(walk->type_i64, offset, false)), "");
      type            = LLVMStructGetTypeAtIndex(type, field);
      continue;
    }
    if (k > 1) {
      type = LLVMGetElementType(type);
    }
    LLVMValueRef size =
        LLVMConstInt(walk->type_i64, LLVMABISizeOfType(walk->layout, type) * scale, false);
    LLVMValueRef number = LLVMBuildIntCast2(b, ude_lane_vector(emit, index), wide, true, "");
    total = LLVMBuildAdd(b, total, LLVMBuildMul(b, number, ude_lane_splat(emit, size), ""), "");
  }
  LLVMValueRef base = ude_lane_vector(emit, LLVMGetOperand(gep, 0));
  return LLVMBuildGEP2(b, walk->type_i8, base, &total, 1, "");
}

void ude_lane_address(ude_lane_emit *emit, LLVMValueRef gep) {
  unsigned scale = ude_lanes_dilated(emit->facts, gep) ? (unsigned)emit->lanes : 1;
  if (ude_lanes_varies(emit->facts, gep)) {
    ude_lane_set(emit, gep, varying_address(emit, gep, scale));
    return;
  }
  ude_emit      like    = {.walk = emit->walk, .scale = (int)scale};
  unsigned      count   = (unsigned)LLVMGetNumOperands(gep) - 1;
  LLVMValueRef *indices = ude_walk_alloc(emit->walk, count, sizeof(LLVMValueRef));
  for (unsigned k = 0; k < count; k++) {
    indices[k] = ude_lane_scalar(emit, LLVMGetOperand(gep, k + 1));
  }
  LLVMValueRef base = ude_lane_scalar(emit, LLVMGetOperand(gep, 0));
  ude_lane_set(emit, gep, ude_emit_gep(&like, gep, base, indices));
}

/* Where each lane of a scalar of `size` bytes is. */
static LLVMValueRef lane_pointers(ude_lane_emit *emit, LLVMValueRef pointer, uint64_t size) {
  LLVMValueRef base = ude_lane_vector(emit, pointer);
  if (!ude_lanes_dilated(emit->facts, pointer)) {
    return base;
  }
  LLVMValueRef offset = ude_lane_numbers(emit, size);
  return LLVMBuildGEP2(emit->walk->builder, emit->walk->type_i8, base, &offset, 1, "");
}

static unsigned natural(ude_lane_emit *emit, LLVMTypeRef type, unsigned align) {
  unsigned own = LLVMABIAlignmentOfType(emit->walk->layout, type);
  return align && align < own ? align : own;
}

void ude_lane_load(ude_lane_emit *emit, LLVMValueRef load) {
  ude_walk      *walk    = emit->walk;
  LLVMBuilderRef b       = walk->builder;
  LLVMTypeRef    type    = LLVMTypeOf(load);
  LLVMValueRef   pointer = LLVMGetOperand(load, 0);
  unsigned       align   = natural(emit, type, LLVMGetAlignment(load));
  bool           gathers = ude_lanes_varies(emit->facts, pointer);
  LLVMTypeRef    wide    = ude_lane_type(emit, type);
  LLVMValueRef   value;
  if (gathers) {
    LLVMValueRef where        = lane_pointers(emit, pointer, LLVMABISizeOfType(walk->layout, type));
    LLVMTypeRef  types[2]     = {wide, LLVMTypeOf(where)};
    LLVMValueRef arguments[4] = {where, LLVMConstInt(walk->type_i32, align, false),
                                 ude_lane_mask(emit), LLVMGetPoison(wide)};
    value = ude_lane_intrinsic(emit, "llvm.masked.gather", types, 2, arguments, 4);
  } else {
    bool dilated = ude_lanes_dilated(emit->facts, pointer);
    value        = LLVMBuildLoad2(b, dilated ? wide : type, ude_lane_scalar(emit, pointer), "");
    LLVMSetAlignment(value, align);
  }
  ude_lane_set(emit, load, value);
}

static void store_vector(ude_lane_emit *emit, LLVMValueRef value, LLVMValueRef pointer,
                         unsigned align) {
  ude_walk *walk = emit->walk;
  if (!emit->mask) {
    LLVMSetAlignment(LLVMBuildStore(walk->builder, value, pointer), align);
    return;
  }
  LLVMTypeRef  types[2]     = {LLVMTypeOf(value), walk->type_ptr};
  LLVMValueRef arguments[4] = {value, pointer, LLVMConstInt(walk->type_i32, align, false),
                               emit->mask};
  ude_lane_intrinsic(emit, "llvm.masked.store", types, 2, arguments, 4);
}

void ude_lane_store(ude_lane_emit *emit, LLVMValueRef store) {
  ude_walk    *walk    = emit->walk;
  LLVMValueRef value   = LLVMGetOperand(store, 0);
  LLVMValueRef pointer = LLVMGetOperand(store, 1);
  LLVMTypeRef  type    = LLVMTypeOf(value);
  unsigned     align   = natural(emit, type, LLVMGetAlignment(store));
  if (!ude_lanes_dilated(emit->facts, pointer)) {
    LLVMValueRef copy =
        LLVMBuildStore(walk->builder, ude_lane_scalar(emit, value), ude_lane_scalar(emit, pointer));
    LLVMSetAlignment(copy, align);
    return;
  }
  if (!ude_lanes_varies(emit->facts, pointer)) {
    store_vector(emit, ude_lane_vector(emit, value), ude_lane_scalar(emit, pointer), align);
    return;
  }
  LLVMValueRef where        = lane_pointers(emit, pointer, LLVMABISizeOfType(walk->layout, type));
  LLVMValueRef all          = ude_lane_vector(emit, value);
  LLVMTypeRef  types[2]     = {LLVMTypeOf(all), LLVMTypeOf(where)};
  LLVMValueRef arguments[4] = {all, where, LLVMConstInt(walk->type_i32, align, false),
                               ude_lane_mask(emit)};
  ude_lane_intrinsic(emit, "llvm.masked.scatter", types, 2, arguments, 4);
}

/* Arrays of constant size go to the function's entry, where they can become registers. */
void ude_lane_local(ude_lane_emit *emit, LLVMValueRef i) {
  ude_walk *walk = emit->walk;
  bool      fixed =
      LLVMIsAConstantInt(LLVMGetOperand(i, 0)) && walk->value[ude_walk_value(walk, i)].block == 0;
  LLVMBuilderRef b    = fixed ? walk->aside : walk->builder;
  LLVMTypeRef    type = LLVMGetAllocatedType(i);
  bool           wide = ude_lanes_dilated(emit->facts, i);
  type                = wide ? LLVMArrayType2(type, (uint64_t)emit->lanes) : type;
  if (fixed) {
    LLVMPositionBuilderBefore(b,
                              LLVMGetBasicBlockTerminator(LLVMGetEntryBasicBlock(emit->function)));
  }
  LLVMValueRef copy =
      LLVMBuildArrayAlloca(b, type, ude_lane_scalar(emit, LLVMGetOperand(i, 0)), "");
  LLVMSetAlignment(copy, wide ? 64 : LLVMGetAlignment(i));
  ude_lane_set(emit, i, copy);
}

/* ---------------------------------------------------------------------------------- copies -- */

static LLVMValueRef times_lanes(ude_lane_emit *emit, LLVMValueRef size) {
  LLVMValueRef lanes = LLVMConstInt(LLVMTypeOf(size), (unsigned)emit->lanes, false);
  return LLVMBuildMul(emit->walk->builder, size, lanes, "");
}

static LLVMValueRef element(ude_lane_emit *emit, LLVMValueRef base, LLVMValueRef k, uint64_t size) {
  LLVMTypeRef type = LLVMArrayType2(emit->walk->type_i8, size);
  return LLVMBuildGEP2(emit->walk->builder, type, base, &k, 1, "");
}

/* for (k = 0; k < bytes / size; k++): lanes of scalar k from `from` (NULL: zeros) to `to`, as the mask says. */
static void each_scalar(ude_lane_emit *emit, LLVMValueRef to, LLVMValueRef from, bool from_dilated,
                        LLVMValueRef bytes, unsigned size) {
  ude_walk         *walk   = emit->walk;
  LLVMBuilderRef    b      = walk->builder;
  LLVMTypeRef       type   = LLVMIntTypeInContext(walk->context, 8 * size);
  LLVMTypeRef       wide   = ude_lane_type(emit, type);
  LLVMBasicBlockRef before = LLVMGetInsertBlock(b);
  LLVMBasicBlockRef head   = LLVMAppendBasicBlockInContext(walk->context, emit->function, "");
  LLVMBasicBlockRef body   = LLVMAppendBasicBlockInContext(walk->context, emit->function, "");
  LLVMBasicBlockRef after  = LLVMAppendBasicBlockInContext(walk->context, emit->function, "");
  LLVMValueRef      count = LLVMBuildUDiv(b, LLVMBuildIntCast2(b, bytes, walk->type_i64, false, ""),
                                          LLVMConstInt(walk->type_i64, size, false), "");
  LLVMBuildBr(b, head);
  LLVMPositionBuilderAtEnd(b, head);
  LLVMValueRef k = LLVMBuildPhi(b, walk->type_i64, "");
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntULT, k, count, ""), body, after);
  LLVMPositionBuilderAtEnd(b, body);
  LLVMValueRef value = LLVMConstNull(wide);
  uint64_t     step  = (uint64_t)size * (unsigned)emit->lanes;
  if (from) {
    LLVMValueRef at = element(emit, from, k, from_dilated ? step : size);
    value           = LLVMBuildLoad2(b, from_dilated ? wide : type, at, "");
    LLVMSetAlignment(value, 1);
    value = from_dilated ? value : ude_lane_splat(emit, value);
  }
  store_vector(emit, value, element(emit, to, k, step), 1);
  LLVMValueRef next = LLVMBuildAdd(b, k, LLVMConstInt(walk->type_i64, 1, false), "");
  LLVMBuildBr(b, head);
  LLVMValueRef      values[2] = {LLVMConstNull(walk->type_i64), next};
  LLVMBasicBlockRef blocks[2] = {before, body};
  LLVMAddIncoming(k, values, blocks, 2);
  LLVMPositionBuilderAtEnd(b, after);
}

void ude_lane_move(ude_lane_emit *emit, LLVMValueRef call) {
  LLVMBuilderRef b       = emit->walk->builder;
  LLVMValueRef   to      = ude_lane_scalar(emit, LLVMGetArgOperand(call, 0));
  LLVMValueRef   from    = ude_lane_scalar(emit, LLVMGetArgOperand(call, 1));
  LLVMValueRef   size    = ude_lane_scalar(emit, LLVMGetArgOperand(call, 2));
  bool           dilated = ude_lanes_dilated(emit->facts, LLVMGetArgOperand(call, 1));
  if (!ude_lanes_dilated(emit->facts, LLVMGetArgOperand(call, 0))) {
    LLVMBuildMemMove(b, to, 1, from, 1, size);
  } else if (dilated && !emit->mask) {
    LLVMBuildMemMove(b, to, 1, from, 1, times_lanes(emit, size));
  } else {
    each_scalar(emit, to, from, dilated, size,
                ude_lanes_scalar(emit->facts, LLVMGetArgOperand(call, 0)));
  }
}

void ude_lane_fill(ude_lane_emit *emit, LLVMValueRef call) {
  LLVMBuilderRef b    = emit->walk->builder;
  LLVMValueRef   to   = ude_lane_scalar(emit, LLVMGetArgOperand(call, 0));
  LLVMValueRef   byte = ude_lane_scalar(emit, LLVMGetArgOperand(call, 1));
  LLVMValueRef   size = ude_lane_scalar(emit, LLVMGetArgOperand(call, 2));
  if (!ude_lanes_dilated(emit->facts, LLVMGetArgOperand(call, 0))) {
    LLVMBuildMemSet(b, to, byte, size, 1);
  } else if (!emit->mask) {
    LLVMBuildMemSet(b, to, byte, times_lanes(emit, size), 1);
  } else {
    each_scalar(emit, to, NULL, false, size,
                ude_lanes_scalar(emit->facts, LLVMGetArgOperand(call, 0)));
  }
}
