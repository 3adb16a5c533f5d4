/**
 * @file walker_clone.c
 * @brief Copies of primal instructions; shadows of pointers, globals and constants.
 */
#include "compiler/walker_clone.h"

#include <llvm-c/DebugInfo.h>
#include <string.h>

LLVMValueRef ude_emit_int(ude_emit *emit, LLVMTypeRef type, uint64_t value) {
  (void)emit;
  return LLVMConstInt(type, value, false);
}

void ude_emit_forget_location(LLVMValueRef instruction) {
  LLVMInstructionSetDebugLoc(instruction, NULL);
}

void ude_emit_apart(ude_emit *emit, LLVMValueRef access, bool tape) {
  LLVMContextRef context = emit->walk->context;
  const char    *name    = tape ? "alias.scope" : "noalias";
  unsigned       kind    = LLVMGetMDKindIDInContext(context, name, (unsigned)strlen(name));
  if (!emit->adjoint || LLVMGetMetadata(access, kind)) {
    return;
  }
  if (!tape && ude_access_is_tape(emit->walk, access)) {
    return; /* of a derivative inside the primal */
  }
  if (!emit->tape_scope) {
    LLVMMetadataRef label     = LLVMMDStringInContext2(context, "ude", 3);
    LLVMMetadataRef domain    = LLVMMDNodeInContext2(context, &label, 1);
    LLVMMetadataRef fields[2] = {
        LLVMMDStringInContext2(context, UDE_TAPE_SCOPE, strlen(UDE_TAPE_SCOPE)), domain};
    LLVMMetadataRef scope = LLVMMDNodeInContext2(context, fields, 2);
    emit->tape_scope      = LLVMMetadataAsValue(context, LLVMMDNodeInContext2(context, &scope, 1));
  }
  LLVMSetMetadata(access, kind, emit->tape_scope);
}

LLVMTypeRef ude_emit_shadow_type(ude_emit *emit, LLVMTypeRef type) {
  unsigned scale = (unsigned)emit->scale;
  switch (LLVMGetTypeKind(type)) {
  case LLVMDoubleTypeKind:
  case LLVMFloatTypeKind: return scale == 1 ? type : LLVMVectorType(type, scale);
  case LLVMPointerTypeKind: return type;
  case LLVMIntegerTypeKind: {
    unsigned bits = LLVMGetIntTypeWidth(type);
    return bits % 8 ? NULL : LLVMIntTypeInContext(emit->walk->context, bits * scale);
  }
  case LLVMVectorTypeKind: {
    LLVMTypeRef element = LLVMGetElementType(type);
    unsigned    count   = LLVMGetVectorSize(type);
    if (ude_type_is_real(element)) {
      return LLVMVectorType(element, count * scale);
    }
    if (LLVMGetTypeKind(element) != LLVMIntegerTypeKind) {
      return NULL;
    }
    LLVMTypeRef wide = ude_emit_shadow_type(emit, element);
    return wide ? LLVMVectorType(wide, count) : NULL;
  }
  case LLVMArrayTypeKind: {
    LLVMTypeRef element = ude_emit_shadow_type(emit, LLVMGetElementType(type));
    return element ? LLVMArrayType2(element, LLVMGetArrayLength2(type)) : NULL;
  }
  case LLVMStructTypeKind: {
    unsigned     count  = LLVMCountStructElementTypes(type);
    LLVMTypeRef *fields = ude_walk_alloc(emit->walk, count, sizeof(LLVMTypeRef));
    for (unsigned k = 0; k < count; k++) {
      LLVMTypeRef field = ude_emit_shadow_type(emit, LLVMStructGetTypeAtIndex(type, k));
      fields[k]         = field ? field : emit->walk->type_i8;
    }
    return LLVMStructTypeInContext(emit->walk->context, fields, count, false);
  }
  default: return NULL;
  }
}

LLVMValueRef ude_emit_primal(ude_emit *emit, LLVMValueRef value) {
  int id = ude_walk_value(emit->walk, value);
  return id < 0 ? value : emit->primal[id];
}

bool ude_emit_has_shadow(ude_emit *emit, LLVMValueRef value) {
  int id = ude_walk_value(emit->walk, value);
  return id >= 0 && emit->shadow[id];
}

void ude_emit_set(ude_emit *emit, LLVMValueRef value, LLVMValueRef primal, LLVMValueRef shadow) {
  int id = ude_walk_value(emit->walk, value);
  if (primal) {
    emit->primal[id] = primal;
  }
  emit->shadow[id] = shadow;
}

/* ------------------------------------------------------------------------------- constants -- */

/* Byte offset of a GEP with constant indices. */
static int64_t constant_offset(ude_emit *emit, LLVMValueRef gep) {
  LLVMTypeRef type   = LLVMGetGEPSourceElementType(gep);
  int64_t     offset = 0;
  for (int k = 1; k < LLVMGetNumOperands(gep); k++) {
    int64_t index = LLVMConstIntGetSExtValue(LLVMGetOperand(gep, (unsigned)k));
    if (k > 1 && LLVMGetTypeKind(type) == LLVMStructTypeKind) {
      offset += (int64_t)LLVMOffsetOfElement(emit->walk->layout, type, (unsigned)index);
      type = LLVMStructGetTypeAtIndex(type, (unsigned)index);
      continue;
    }
    if (k > 1) {
      type = LLVMGetElementType(type);
    }
    offset += index * (int64_t)LLVMABISizeOfType(emit->walk->layout, type);
  }
  return offset;
}

/* Shadow pointers of the pointers in a constant, with their places in the dilated layout. */
typedef struct pointer_list {
  uint64_t     *offset;
  LLVMValueRef *value;
  int           count, capacity, value_capacity;
} pointer_list;

static void list_pointers(ude_emit *emit, LLVMValueRef constant, uint64_t offset,
                          pointer_list *list) {
  LLVMTypeRef type = LLVMTypeOf(constant);
  if (!ude_type_has_pointer(type) || LLVMIsNull(constant) || LLVMIsUndef(constant)) {
    return;
  }
  LLVMTargetDataRef layout = emit->walk->layout;
  switch (LLVMGetTypeKind(type)) {
  case LLVMPointerTypeKind: {
    LLVMValueRef shadow = ude_emit_constant_shadow(emit, constant);
    if (LLVMIsNull(shadow)) {
      return;
    }
    list->offset =
        ude_walk_grow(emit->walk, list->offset, list->count, &list->capacity, sizeof *list->offset);
    list->value = ude_walk_grow(emit->walk, list->value, list->count, &list->value_capacity,
                                sizeof(LLVMValueRef));
    list->offset[list->count]  = offset * (unsigned)emit->scale;
    list->value[list->count++] = shadow;
    return;
  }
  case LLVMStructTypeKind:
    for (unsigned k = 0; k < LLVMCountStructElementTypes(type); k++) {
      list_pointers(emit, LLVMGetAggregateElement(constant, k),
                    offset + LLVMOffsetOfElement(layout, type, k), list);
    }
    return;
  case LLVMArrayTypeKind:
    for (unsigned k = 0; k < LLVMGetArrayLength2(type); k++) {
      uint64_t size = LLVMABISizeOfType(layout, LLVMGetElementType(type));
      list_pointers(emit, LLVMGetAggregateElement(constant, k), offset + k * size, list);
    }
    return;
  default: return;
  }
}

/* A packed struct of zeros with pointers at their places. */
static LLVMValueRef shadow_initial(ude_emit *emit, uint64_t size, const pointer_list *list) {
  LLVMValueRef *fields =
      ude_walk_alloc(emit->walk, 2 * (size_t)list->count + 1, sizeof(LLVMValueRef));
  unsigned count = 0;
  uint64_t at    = 0;
  uint64_t width = LLVMPointerSize(emit->walk->layout);
  for (int k = 0; k <= list->count; k++) {
    uint64_t next = k < list->count ? list->offset[k] : size;
    if (next > at) {
      fields[count++] = LLVMConstNull(LLVMArrayType2(emit->walk->type_i8, next - at));
    }
    if (k < list->count) {
      fields[count++] = list->value[k];
    }
    at = next + width;
  }
  return LLVMConstStructInContext(emit->walk->context, fields, count, true);
}

static LLVMValueRef new_global(ude_emit *emit, LLVMValueRef initial, const char *name,
                               unsigned align) {
  LLVMValueRef global = LLVMAddGlobal(emit->walk->module, LLVMTypeOf(initial), name);
  LLVMSetInitializer(global, initial);
  LLVMSetLinkage(global, LLVMInternalLinkage);
  LLVMSetAlignment(global, align < 16 ? 16 : align);
  return global;
}

static LLVMValueRef global_shadow(ude_emit *emit, LLVMValueRef global) {
  int known = ude_map_get(&emit->globals, global);
  if (known >= 0) {
    return emit->global[known].shadow;
  }
  ude_walk *walk = emit->walk;
  if (!ude_walk_shadowed(walk, global)) {
    return LLVMConstNull(walk->type_ptr);
  }
  LLVMTypeRef  type     = LLVMGlobalGetValueType(global);
  LLVMValueRef initial  = LLVMGetInitializer(global);
  uint64_t     size     = LLVMABISizeOfType(walk->layout, type) * (unsigned)emit->scale;
  unsigned     align    = LLVMGetAlignment(global);
  LLVMTypeRef  bytes    = LLVMArrayType2(walk->type_i8, size ? size : 1);
  bool         pointers = ude_type_has_pointer(type) && initial && !LLVMIsNull(initial);
  /* Entered before its initial value is read: tables may refer to each other. */
  emit->global    = ude_walk_grow(walk, emit->global, emit->global_count, &emit->global_capacity,
                                  sizeof *emit->global);
  int          at = emit->global_count++;
  LLVMValueRef shadow = new_global(emit, LLVMConstNull(bytes), "ude.shadow", align);
  ude_map_put(walk, &emit->globals, global, at);
  emit->global[at].primal  = global;
  emit->global[at].shadow  = shadow;
  emit->global[at].initial = NULL;
  if (!pointers) {
    return shadow;
  }
  pointer_list list = {0};
  list_pointers(emit, initial, 0, &list);
  if (!list.count) {
    return shadow;
  }
  LLVMValueRef value = shadow_initial(emit, size, &list);
  LLVMValueRef typed = new_global(emit, value, "ude.shadow", align);
  LLVMReplaceAllUsesWith(shadow, typed);
  LLVMDeleteGlobal(shadow);
  emit->global[at].shadow = typed;
  if (!LLVMIsGlobalConstant(global)) {
    emit->global[at].initial =
        new_global(emit, LLVMGetInitializer(typed), "ude.shadow.initial", align);
    LLVMSetGlobalConstant(emit->global[at].initial, true);
  }
  return typed;
}

LLVMValueRef ude_emit_constant_shadow(ude_emit *emit, LLVMValueRef constant) {
  LLVMValueRef null = LLVMConstNull(emit->walk->type_ptr);
  if (LLVMIsAFunction(constant)) {
    return emit->function_shadow(emit, constant);
  }
  if (LLVMIsAGlobalVariable(constant)) {
    return global_shadow(emit, constant);
  }
  if (LLVMGetValueKind(constant) == LLVMGlobalAliasValueKind) {
    return ude_emit_constant_shadow(emit, LLVMAliasGetAliasee(constant));
  }
  if (LLVMGetValueKind(constant) != LLVMConstantExprValueKind) {
    return null;
  }
  switch (LLVMGetConstOpcode(constant)) {
  case LLVMGetElementPtr: {
    LLVMValueRef base = ude_emit_constant_shadow(emit, LLVMGetOperand(constant, 0));
    if (LLVMIsNull(base)) {
      return null;
    }
    int64_t      offset = constant_offset(emit, constant) * emit->scale;
    LLVMValueRef index  = LLVMConstInt(emit->walk->type_i64, (uint64_t)offset, true);
    return LLVMConstInBoundsGEP2(emit->walk->type_i8, base, &index, 1);
  }
  case LLVMBitCast:
  case LLVMAddrSpaceCast: return ude_emit_constant_shadow(emit, LLVMGetOperand(constant, 0));
  default: return null;
  }
}

void ude_emit_reset_globals(ude_emit *emit) {
  ude_walk *walk = emit->walk;
  for (int k = 0; k < emit->global_count; k++) {
    LLVMValueRef global = emit->global[k].primal;
    if (LLVMIsGlobalConstant(global) || !ude_walk_node_varied(walk, global)) {
      continue;
    }
    uint64_t     size = LLVMABISizeOfType(walk->layout, LLVMGlobalGetValueType(global));
    LLVMValueRef n    = LLVMConstInt(walk->type_i64, size * (unsigned)emit->scale, false);
    if (emit->global[k].initial) {
      LLVMBuildMemCpy(walk->builder, emit->global[k].shadow, 16, emit->global[k].initial, 16, n);
    } else {
      LLVMBuildMemSet(walk->builder, emit->global[k].shadow, LLVMConstNull(walk->type_i8), n, 16);
    }
  }
}

LLVMValueRef ude_emit_shadow(ude_emit *emit, LLVMValueRef value) {
  int id = ude_walk_value(emit->walk, value);
  if (id >= 0 && emit->shadow[id]) {
    return emit->shadow[id];
  }
  LLVMTypeRef type = LLVMTypeOf(value);
  if (id < 0 && LLVMGetTypeKind(type) == LLVMPointerTypeKind) {
    return ude_emit_constant_shadow(emit, value);
  }
  LLVMTypeRef shadow = ude_emit_shadow_type(emit, type);
  return LLVMConstNull(shadow ? shadow : emit->walk->type_i8);
}

/* ----------------------------------------------------------------------------------- copies -- */

LLVMValueRef ude_emit_copy(ude_emit *emit, LLVMValueRef instruction) {
  LLVMValueRef copy = LLVMInstructionClone(instruction);
  LLVMInsertIntoBuilder(emit->walk->builder, copy);
  ude_emit_forget_location(copy);
  for (int k = 0; k < LLVMGetNumOperands(copy); k++) {
    LLVMValueRef operand = LLVMGetOperand(copy, (unsigned)k);
    if (operand && !ude_walk_constant(operand)) {
      LLVMSetOperand(copy, (unsigned)k, ude_emit_primal(emit, operand));
    }
  }
  if (LLVMIsALoadInst(copy) || LLVMIsAStoreInst(copy)) {
    ude_emit_apart(emit, copy, false);
  }
  if (LLVMIsACallInst(copy)) {
    LLVMSetTailCall(copy, false);
  }
  int id = ude_walk_value(emit->walk, instruction);
  if (id >= 0) {
    emit->primal[id] = copy;
  }
  return copy;
}

/* Is the edge to `to` one into its loop, not one back? */
static bool has_detour(ude_emit *emit, int from, int to) {
  if (!emit->detour_in || !emit->detour_in[to]) {
    return false;
  }
  const ude_flow *flow = &emit->walk->function[emit->source].flow;
  int             loop = flow->block[to].loop;
  for (int at = flow->block[from].loop; at >= 0; at = flow->loop[at].parent) {
    if (at == loop) {
      return false;
    }
  }
  return true;
}

LLVMBasicBlockRef ude_emit_incoming(ude_emit *emit, int from, int to) {
  return has_detour(emit, from, to) ? emit->detour_out[to] : emit->last[from];
}

void ude_emit_branch(ude_emit *emit, LLVMValueRef terminator) {
  LLVMValueRef copy = LLVMInstructionClone(terminator);
  LLVMInsertIntoBuilder(emit->walk->builder, copy);
  ude_emit_forget_location(copy);
  int      from       = ude_map_get(&emit->walk->ids, LLVMGetInstructionParent(terminator));
  unsigned successors = LLVMGetNumSuccessors(terminator);
  for (unsigned k = 0; k < successors; k++) {
    LLVMBasicBlockRef to    = LLVMGetSuccessor(terminator, k);
    int               index = ude_map_get(&emit->walk->ids, to);
    LLVMSetSuccessor(copy, k,
                     has_detour(emit, from, index) ? emit->detour_in[index] : emit->block[index]);
  }
  if (LLVMGetInstructionOpcode(terminator) == LLVMBr) {
    if (LLVMIsConditional(terminator)) {
      LLVMSetCondition(copy, ude_emit_primal(emit, LLVMGetCondition(terminator)));
    }
  } else if (LLVMGetNumOperands(copy)) {
    LLVMSetOperand(copy, 0, ude_emit_primal(emit, LLVMGetOperand(terminator, 0)));
  }
}

static LLVMValueRef build_gep(LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef base,
                              LLVMValueRef *indices, unsigned count, bool inbounds) {
  return inbounds ? LLVMBuildInBoundsGEP2(b, type, base, indices, count, "")
                  : LLVMBuildGEP2(b, type, base, indices, count, "");
}

LLVMValueRef ude_emit_gep(ude_emit *emit, LLVMValueRef gep, LLVMValueRef base,
                          const LLVMValueRef *indices) {
  ude_walk      *walk     = emit->walk;
  LLVMBuilderRef b        = walk->builder;
  LLVMTypeRef    type     = LLVMGetGEPSourceElementType(gep);
  unsigned       count    = (unsigned)LLVMGetNumOperands(gep) - 1;
  unsigned       scale    = (unsigned)emit->scale;
  bool           inbounds = LLVMIsInBounds(gep);
  if (scale == 1) {
    LLVMValueRef *copy = ude_walk_alloc(walk, count, sizeof(LLVMValueRef));
    for (unsigned k = 0; k < count; k++) {
      copy[k] = indices[k];
    }
    return build_gep(b, type, base, copy, count, inbounds);
  }
  LLVMValueRef pointer = base;
  for (unsigned k = 0; k < count; k++) {
    LLVMValueRef index = indices[k];
    if (k && LLVMGetTypeKind(type) == LLVMStructTypeKind) {
      unsigned field  = (unsigned)LLVMConstIntGetZExtValue(index);
      uint64_t offset = LLVMOffsetOfElement(walk->layout, type, field) * scale;
      index           = LLVMConstInt(walk->type_i64, offset, false);
      type            = LLVMStructGetTypeAtIndex(type, field);
      if (offset) {
        pointer = build_gep(b, walk->type_i8, pointer, &index, 1, inbounds);
      }
      continue;
    }
    if (k) {
      type = LLVMGetElementType(type);
    }
    if (LLVMIsConstant(index) && LLVMIsNull(index)) {
      continue;
    }
    LLVMTypeRef dilated = LLVMArrayType2(type, scale);
    pointer             = build_gep(b, dilated, pointer, &index, 1, inbounds);
  }
  return pointer;
}

LLVMValueRef ude_emit_call(ude_emit *emit, const char *name, LLVMTypeRef result,
                           LLVMValueRef *arguments, LLVMTypeRef *types, unsigned count) {
  LLVMTypeRef  type   = LLVMFunctionType(result, types, count, false);
  LLVMValueRef callee = LLVMGetNamedFunction(emit->walk->module, name);
  if (!callee) {
    callee = LLVMAddFunction(emit->walk->module, name, type);
  }
  return LLVMBuildCall2(emit->walk->builder, type, callee, arguments, count, "");
}

void ude_emit_attribute(ude_emit *emit, LLVMValueRef function, unsigned index, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(function, index, LLVMCreateEnumAttribute(emit->walk->context, kind, 0));
}
