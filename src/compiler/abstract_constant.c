/**
 * @file abstract_constant.c
 * @brief Constants of the IR as cells and as memory: globals, tables, addresses of functions.
 */
#include <string.h>

#include "compiler/abstract.h"

int ude_scalar_type(ude_machine *m, LLVMTypeRef type) {
  switch (LLVMGetTypeKind(type)) {
  case LLVMIntegerTypeKind: {
    unsigned width = LLVMGetIntTypeWidth(type);
    if (width > 64) {
      ude_machine_refuse(m, "a computation", "it uses integers of more than 64 bits",
                         "use 64 bits or less");
    }
    return (int)width;
  }
  case LLVMPointerTypeKind: return UDE_CELL_POINTER;
  case LLVMDoubleTypeKind: return UDE_CELL_DOUBLE;
  case LLVMFloatTypeKind: return UDE_CELL_FLOAT;
  default: return UDE_CELL_OTHER;
  }
}

// NOLINTNEXTLINE(misc-no-recursion)
void ude_type_leaves(ude_machine *m, LLVMTypeRef type, int64_t offset,
                     void (*f)(void *context, LLVMTypeRef leaf, int64_t offset), void *context) {
  LLVMTargetDataRef layout = m->walk->layout;
  switch (LLVMGetTypeKind(type)) {
  case LLVMStructTypeKind:
    for (unsigned k = 0; k < LLVMCountStructElementTypes(type); k++) {
      ude_type_leaves(m, LLVMStructGetTypeAtIndex(type, k),
                      offset + (int64_t)LLVMOffsetOfElement(layout, type, k), f, context);
    }
    return;
  case LLVMArrayTypeKind:
  case LLVMVectorTypeKind: {
    LLVMTypeRef element = LLVMGetElementType(type);
    bool        vector  = LLVMGetTypeKind(type) == LLVMVectorTypeKind;
    uint64_t    count   = vector ? LLVMGetVectorSize(type) : LLVMGetArrayLength2(type);
    uint64_t    size =
        vector ? LLVMStoreSizeOfType(layout, element) : LLVMABISizeOfType(layout, element);
    for (uint64_t k = 0; k < count; k++) {
      ude_type_leaves(m, element, offset + (int64_t)(k * size), f, context);
    }
    return;
  }
  case LLVMVoidTypeKind:
  case LLVMMetadataTypeKind:
  case LLVMTokenTypeKind:
  case LLVMLabelTypeKind: return;
  default: f(context, type, offset);
  }
}

typedef struct leaf_list {
  ude_machine *machine;
  uint8_t     *types;
  int          count;
} leaf_list;

static void count_leaf(void *context, LLVMTypeRef leaf, int64_t offset) {
  leaf_list *list = context;
  (void)offset;
  int type = ude_scalar_type(list->machine, leaf);
  if (list->types) {
    list->types[list->count] = (uint8_t)type;
  }
  list->count++;
}

int ude_type_cells(ude_machine *m, LLVMTypeRef type, uint8_t *types) {
  leaf_list list = {.machine = m, .types = types};
  ude_type_leaves(m, type, 0, count_leaf, &list);
  return list.count;
}

/* -------------------------------------------------------------------------------- addresses -- */

uint64_t ude_function_address(ude_machine *m, LLVMValueRef function) {
  int known = ude_map_get(&m->callee_index, function);
  if (known < 0) {
    m->callee = ude_machine_grow(m, m->callee, m->callees, &m->callee_capacity, sizeof *m->callee);
    known     = m->callees++;
    m->callee[known] = function;
    ude_map_put(m->walk, &m->callee_index, function, known);
  }
  return UDE_FUNCTION_BASE + 16 * (uint64_t)known;
}

uint64_t ude_global_address(ude_machine *m, LLVMValueRef global) {
  int known = ude_map_get(&m->globals, global);
  if (known >= 0) {
    return m->global_address[known];
  }
  LLVMValueRef initial = LLVMGetInitializer(global);
  LLVMTypeRef  type    = LLVMGlobalGetValueType(global);
  uint64_t     bytes   = initial ? LLVMABISizeOfType(m->walk->layout, type) : 0;
  m->global =
      ude_machine_grow(m, m->global, m->global_count, &m->global_capacity, sizeof *m->global);
  m->global_address = ude_machine_grow(m, m->global_address, m->global_count,
                                       &m->global_address_capacity, sizeof *m->global_address);
  uint64_t address  = ude_memory_allocate(m, &m->heap, bytes);
  int      object   = m->heap.objects - 1;
  /* Entered before its initial value is read: tables may refer to each other. */
  m->global[m->global_count]         = global;
  m->global_address[m->global_count] = address;
  ude_map_put(m->walk, &m->globals, global, m->global_count++);
  if (initial) {
    ude_constant_write(m, initial, address);
  }
  m->heap.object[object].constant = initial && LLVMIsGlobalConstant(global);
  return address;
}

/* ------------------------------------------------------------------------------- constants -- */

static int64_t gep_offset(ude_machine *m, LLVMValueRef gep) {
  LLVMTypeRef       type   = LLVMGetGEPSourceElementType(gep);
  LLVMTargetDataRef layout = m->walk->layout;
  int64_t           offset = 0;
  for (int k = 1; k < LLVMGetNumOperands(gep); k++) {
    int64_t index = LLVMConstIntGetSExtValue(LLVMGetOperand(gep, (unsigned)k));
    if (k > 1 && LLVMGetTypeKind(type) == LLVMStructTypeKind) {
      offset += (int64_t)LLVMOffsetOfElement(layout, type, (unsigned)index);
      type = LLVMStructGetTypeAtIndex(type, (unsigned)index);
      continue;
    }
    type = k > 1 ? LLVMGetElementType(type) : type;
    offset += index * (int64_t)LLVMABISizeOfType(layout, type);
  }
  return offset;
}

/* The value of a scalar constant; what cannot be told is any number. */
// NOLINTNEXTLINE(misc-no-recursion)
static ude_cell scalar(ude_machine *m, LLVMValueRef constant) {
  LLVMTypeRef type   = LLVMTypeOf(constant);
  int         kind   = ude_scalar_type(m, type);
  ude_cell    cell   = {0};
  LLVMBool    losses = 0;
  switch (LLVMGetValueKind(constant)) {
  case LLVMConstantIntValueKind: cell.bits = LLVMConstIntGetZExtValue(constant); return cell;
  case LLVMConstantFPValueKind:
    cell.what = kind == UDE_CELL_OTHER ? UDE_ANY : UDE_KNOWN;
    if (kind != UDE_CELL_OTHER) {
      cell.bits = ude_real_bits(LLVMConstRealGetDouble(constant, &losses), kind);
    }
    return cell;
  case LLVMFunctionValueKind: cell.bits = ude_function_address(m, constant); return cell;
  case LLVMGlobalVariableValueKind: cell.bits = ude_global_address(m, constant); return cell;
  case LLVMGlobalAliasValueKind: return scalar(m, LLVMAliasGetAliasee(constant));
  case LLVMConstantExprValueKind:
    switch (LLVMGetConstOpcode(constant)) {
    case LLVMGetElementPtr:
      cell = scalar(m, LLVMGetOperand(constant, 0));
      cell.bits += (uint64_t)gep_offset(m, constant);
      return cell;
    case LLVMPtrToInt:
    case LLVMIntToPtr:
    case LLVMBitCast:
    case LLVMTrunc:
      cell = scalar(m, LLVMGetOperand(constant, 0));
      if (kind <= UDE_CELL_POINTER) {
        cell.bits = ude_low_bits(cell.bits, kind);
      }
      return cell;
    case LLVMAdd:
    case LLVMSub: {
      ude_cell other = scalar(m, LLVMGetOperand(constant, 1));
      bool     add   = LLVMGetConstOpcode(constant) == LLVMAdd;
      cell           = scalar(m, LLVMGetOperand(constant, 0));
      cell.what      = cell.what || other.what ? UDE_ANY : UDE_KNOWN;
      cell.bits      = ude_low_bits(add ? cell.bits + other.bits : cell.bits - other.bits, kind);
      return cell;
    }
    default: cell.what = UDE_ANY; return cell;
    }
  default: /* null, undef, poison: zeros will do */
    cell.what = LLVMIsNull(constant) || LLVMIsUndef(constant) ? UDE_KNOWN : UDE_ANY;
    return cell;
  }
}

static bool is_aggregate(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  return kind == LLVMStructTypeKind || kind == LLVMArrayTypeKind || kind == LLVMVectorTypeKind;
}

static unsigned element_count(LLVMTypeRef type) {
  switch (LLVMGetTypeKind(type)) {
  case LLVMStructTypeKind: return LLVMCountStructElementTypes(type);
  case LLVMVectorTypeKind: return LLVMGetVectorSize(type);
  default: return (unsigned)LLVMGetArrayLength2(type);
  }
}

// NOLINTNEXTLINE(misc-no-recursion)
static ude_cell *write_cells(ude_machine *m, LLVMValueRef constant, ude_cell *to) {
  LLVMTypeRef type = LLVMTypeOf(constant);
  if (!is_aggregate(type)) {
    *to = scalar(m, constant);
    return to + 1;
  }
  if (LLVMIsNull(constant) || LLVMIsUndef(constant)) {
    int count = ude_type_cells(m, type, NULL);
    memset(to, 0, (size_t)count * sizeof *to);
    return to + count;
  }
  for (unsigned k = 0; k < element_count(type); k++) {
    to = write_cells(m, LLVMGetAggregateElement(constant, k), to);
  }
  return to;
}

void ude_constant_cells(ude_machine *m, LLVMValueRef constant, ude_cell *to) {
  write_cells(m, constant, to);
}

// NOLINTNEXTLINE(misc-no-recursion)
void ude_constant_write(ude_machine *m, LLVMValueRef constant, uint64_t address) {
  LLVMTypeRef       type   = LLVMTypeOf(constant);
  LLVMTargetDataRef layout = m->walk->layout;
  if (LLVMIsNull(constant) || LLVMIsUndef(constant)) {
    return; /* memory starts as zeros */
  }
  if (!is_aggregate(type)) {
    int      kind  = ude_scalar_type(m, type);
    ude_cell value = scalar(m, constant), place = {.bits = address};
    int      bytes = ude_cell_bytes(kind, (int64_t)LLVMStoreSizeOfType(layout, type));
    ude_memory_store(m, &place, 0, kind, bytes, &value);
    return;
  }
  for (unsigned k = 0; k < element_count(type); k++) {
    bool     record = LLVMGetTypeKind(type) == LLVMStructTypeKind;
    uint64_t offset = record ? LLVMOffsetOfElement(layout, type, k)
                             : k * LLVMABISizeOfType(layout, LLVMGetElementType(type));
    ude_constant_write(m, LLVMGetAggregateElement(constant, k), address + offset);
  }
}
