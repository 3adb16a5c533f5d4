/**
 * @file reverse_mixed.c
 * @brief Adjoints of copies of memory that holds both float and double: adjoints are added, so it must be known which of
 *        them lies where. It is told by the copy itself (tbaa.struct), by the declared type of one of the two objects, or
 *        by an address computation that goes through a struct: what is copied has the same types on both sides.
 */
#include <stdio.h>
#include <string.h>

#include "compiler/reverse.h"

enum { MAX_PERIOD = 1 << 14, MAX_STRAIGHT = 64, DEPTH = 6 };
enum { CELL = 4, CELL_NONE = 0, CELL_FLOAT, CELL_DOUBLE, CELL_REST };

/** What lies where in memory of repeated structs, and where in one of them a pointer points to. */
typedef struct layout {
  LLVMTypeRef    type;   /**< what it was read from; NULL: a copy's own description */
  uint64_t       period; /**< bytes; 0: not known */
  uint64_t       phase;
  unsigned char *cell; /**< [period / CELL] */
} layout;

/* ------------------------------------------------------------------------------- from types -- */

static bool fill(ude_walk *walk, LLVMTypeRef type, uint64_t at, layout *l) {
  switch (LLVMGetTypeKind(type)) {
  case LLVMFloatTypeKind:
  case LLVMDoubleTypeKind: {
    bool wide = LLVMGetTypeKind(type) == LLVMDoubleTypeKind;
    if (at % CELL) {
      return false;
    }
    l->cell[at / CELL] = wide ? CELL_DOUBLE : CELL_FLOAT;
    if (wide) {
      l->cell[at / CELL + 1] = CELL_REST;
    }
    return true;
  }
  case LLVMStructTypeKind:
    for (unsigned k = 0; k < LLVMCountStructElementTypes(type); k++) {
      if (!fill(walk, LLVMStructGetTypeAtIndex(type, k),
                at + LLVMOffsetOfElement(walk->layout, type, k), l)) {
        return false;
      }
    }
    return true;
  case LLVMArrayTypeKind: {
    LLVMTypeRef element = LLVMGetElementType(type);
    uint64_t    size    = LLVMABISizeOfType(walk->layout, element);
    for (uint64_t k = 0; k < LLVMGetArrayLength2(type); k++) {
      if (!fill(walk, element, at + k * size, l)) {
        return false;
      }
    }
    return true;
  }
  default: return !(ude_type_holds(type) & (UDE_HOLDS_OTHER | UDE_HOLDS_DOUBLE | UDE_HOLDS_FLOAT));
  }
}

static LLVMTypeRef without_arrays(LLVMTypeRef type) {
  while (LLVMGetTypeKind(type) == LLVMArrayTypeKind) {
    type = LLVMGetElementType(type);
  }
  return type;
}

static bool is_mixed(LLVMTypeRef type) {
  unsigned both = UDE_HOLDS_DOUBLE | UDE_HOLDS_FLOAT;
  return LLVMGetTypeKind(type) == LLVMStructTypeKind && (ude_type_holds(type) & both) == both;
}

/* Repeated `type`, from `offset` bytes after a start of one. */
static layout layout_of(ude_walk *walk, LLVMTypeRef type, uint64_t offset) {
  layout l = {.type = without_arrays(type)};
  if (!is_mixed(l.type)) {
    return (layout){0};
  }
  uint64_t size = LLVMABISizeOfType(walk->layout, l.type);
  if (!size || size % CELL || size > MAX_PERIOD) {
    return (layout){0};
  }
  l.cell   = ude_walk_alloc(walk, size / CELL, 1);
  l.period = size;
  l.phase  = offset % size;
  return fill(walk, l.type, 0, &l) ? l : (layout){0};
}

/* ------------------------------------------------------------------------------ from pointers -- */

static uint64_t common(uint64_t a, uint64_t b) {
  while (b) {
    uint64_t rest = a % b;
    a             = b;
    b             = rest;
  }
  return a;
}

/* Constant bytes that an address computation adds, beside multiples of *stride. */
static uint64_t gep_offset(ude_walk *walk, LLVMValueRef gep, uint64_t *stride, bool skip_first) {
  LLVMTypeRef type   = LLVMGetGEPSourceElementType(gep);
  uint64_t    offset = 0;
  for (int k = 1; k < LLVMGetNumOperands(gep); k++) {
    LLVMValueRef index = LLVMGetOperand(gep, (unsigned)k);
    if (k > 1 && LLVMGetTypeKind(type) == LLVMStructTypeKind) {
      unsigned field = (unsigned)LLVMConstIntGetZExtValue(index);
      offset += LLVMOffsetOfElement(walk->layout, type, field);
      type = LLVMStructGetTypeAtIndex(type, field);
      continue;
    }
    if (k > 1) {
      type = LLVMGetElementType(type);
    }
    uint64_t size = LLVMABISizeOfType(walk->layout, type);
    if (k == 1 && skip_first) {
      continue;
    }
    if (LLVMIsAConstantInt(index)) {
      offset += (uint64_t)LLVMConstIntGetSExtValue(index) * size;
    } else {
      *stride = common(*stride, size);
    }
  }
  return offset;
}

static layout find(ude_walk *walk, LLVMValueRef pointer, uint64_t offset, uint64_t stride,
                   int depth);

static layout agreed(const layout *a, const layout *b) {
  bool same = a->period && a->type == b->type && a->period == b->period && a->phase == b->phase;
  return same ? *a : (layout){0};
}

/* What all callers pass. */
static layout from_callers(ude_walk *walk, LLVMValueRef param, uint64_t offset, uint64_t stride,
                           int depth) {
  LLVMValueRef f     = LLVMGetParamParent(param);
  int          index = ude_walk_function(walk, f);
  unsigned     k     = 0;
  layout       all   = {0};
  bool         first = true;
  if (index < 0 || walk->function[index].address_taken) {
    return all;
  }
  while (LLVMGetParam(f, k) != param) {
    k++;
  }
  for (int v = 0; v < walk->values; v++) {
    LLVMValueRef i = walk->value[v].value;
    if (walk->value[v].block < 0 || !LLVMIsACallInst(i) || LLVMGetCalledValue(i) != f) {
      continue;
    }
    layout one = find(walk, LLVMGetArgOperand(i, k), offset, stride, depth - 1);
    all        = first ? one : agreed(&all, &one);
    first      = false;
    if (!all.period) {
      return all;
    }
  }
  return all;
}

/* `pointer` + offset + a multiple of stride. */
static layout find(ude_walk *walk, LLVMValueRef pointer, uint64_t offset, uint64_t stride,
                   int depth) {
  layout l = {0};
  if (depth <= 0) {
    return l;
  }
  bool gep = (LLVMIsAInstruction(pointer) || LLVMIsAConstantExpr(pointer)) &&
             LLVMIsAGetElementPtrInst(pointer);
  gep = gep || (LLVMIsAConstantExpr(pointer) && LLVMGetConstOpcode(pointer) == LLVMGetElementPtr);
  if (gep) {
    LLVMTypeRef source = without_arrays(LLVMGetGEPSourceElementType(pointer));
    uint64_t    inner  = stride;
    uint64_t    moved  = offset + gep_offset(walk, pointer, &inner, is_mixed(source));
    if (is_mixed(source)) {
      l = layout_of(walk, source, moved);
      return l.period && inner % l.period ? (layout){0} : l;
    }
    return find(walk, LLVMGetOperand(pointer, 0), moved, inner, depth);
  }
  if (LLVMIsAAllocaInst(pointer)) {
    l = layout_of(walk, LLVMGetAllocatedType(pointer), offset);
  } else if (LLVMIsAGlobalVariable(pointer)) {
    l = layout_of(walk, LLVMGlobalGetValueType(pointer), offset);
  }
  for (LLVMUseRef use = l.period ? NULL : LLVMGetFirstUse(pointer); use && !l.period;
       use            = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    if (LLVMIsAGetElementPtrInst(user) && LLVMGetOperand(user, 0) == pointer) {
      l = layout_of(walk, LLVMGetGEPSourceElementType(user), offset);
    }
  }
  if (!l.period && LLVMIsAArgument(pointer)) {
    l = from_callers(walk, pointer, offset, stride, depth);
  }
  return l.period && stride % l.period ? (layout){0} : l;
}

/* !tbaa.struct of a copy of constant size: offset, size, tag of each member. */
static layout from_metadata(ude_walk *walk, LLVMValueRef call, uint64_t size) {
  unsigned     kind  = LLVMGetMDKindIDInContext(walk->context, "tbaa.struct", 11);
  LLVMValueRef list  = LLVMGetMetadata(call, kind);
  unsigned     count = list ? LLVMGetMDNodeNumOperands(list) : 0;
  layout       l     = {.period = size};
  if (count < 3 || count % 3 || !size || size % CELL || size > MAX_PERIOD) {
    return (layout){0};
  }
  LLVMValueRef *member = ude_walk_alloc(walk, count, sizeof *member);
  l.cell               = ude_walk_alloc(walk, size / CELL, 1);
  LLVMGetMDNodeOperands(list, member);
  for (unsigned k = 0; k < count; k += 3) {
    LLVMValueRef tag[8], type[8];
    if (!LLVMIsAConstantInt(member[k]) || !LLVMIsAConstantInt(member[k + 1]) ||
        !LLVMIsAMDNode(member[k + 2]) || LLVMGetMDNodeNumOperands(member[k + 2]) < 3 ||
        LLVMGetMDNodeNumOperands(member[k + 2]) > 8) {
      return (layout){0};
    }
    LLVMGetMDNodeOperands(member[k + 2], tag);
    if (!tag[1] || !LLVMIsAMDNode(tag[1]) || LLVMGetMDNodeNumOperands(tag[1]) > 8 ||
        LLVMGetMDNodeNumOperands(tag[1]) < 1) {
      return (layout){0};
    }
    LLVMGetMDNodeOperands(tag[1], type);
    unsigned    length = 0;
    const char *name = type[0] && LLVMIsAMDString(type[0]) ? LLVMGetMDString(type[0], &length) : "";
    uint64_t    at   = LLVMConstIntGetZExtValue(member[k]);
    uint64_t    bytes = LLVMConstIntGetZExtValue(member[k + 1]);
    bool        wide  = length == 6 && !memcmp(name, "double", 6);
    bool        thin  = length == 5 && !memcmp(name, "float", 5);
    if (length == 15 && !memcmp(name, "omnipotent char", 15)) {
      return (layout){0}; /* a union or bytes */
    }
    for (uint64_t c = at; (wide || thin) && c + CELL <= at + bytes && c < size; c += CELL) {
      l.cell[c / CELL] = thin ? CELL_FLOAT : (c - at) % 8 ? CELL_REST : CELL_DOUBLE;
    }
  }
  return l;
}

/* ------------------------------------------------------------------------------- adjoint code -- */

/* to[at], from[at]: from += to, to = 0. */
static void add_one(ude_reverse *r, LLVMTypeRef type, LLVMValueRef to, LLVMValueRef from,
                    LLVMValueRef at) {
  ude_walk      *walk  = r->emit.walk;
  LLVMBuilderRef b     = walk->builder;
  LLVMValueRef   x     = LLVMBuildInBoundsGEP2(b, walk->type_i8, to, &at, 1, "");
  LLVMValueRef   z     = LLVMBuildInBoundsGEP2(b, walk->type_i8, from, &at, 1, "");
  LLVMValueRef   value = LLVMBuildLoad2(b, type, x, "");
  LLVMSetAlignment(value, CELL);
  LLVMSetAlignment(LLVMBuildStore(b, LLVMConstNull(type), x), CELL);
  LLVMValueRef old = LLVMBuildLoad2(b, type, z, "");
  LLVMSetAlignment(old, CELL);
  LLVMSetAlignment(LLVMBuildStore(b, LLVMBuildFAdd(b, old, value, ""), z), CELL);
}

static LLVMTypeRef cell_type(ude_reverse *r, unsigned char cell) {
  return cell == CELL_DOUBLE  ? r->emit.walk->type_double
         : cell == CELL_FLOAT ? r->emit.walk->type_float
                              : NULL;
}

/* A few numbers at constant places; false if one is cut or there are too many. */
static bool straight(ude_reverse *r, const layout *l, LLVMValueRef to, LLVMValueRef from,
                     uint64_t size) {
  ude_walk *walk = r->emit.walk;
  if (l->phase % CELL || size % CELL || size / CELL > 2 * MAX_STRAIGHT) {
    return false;
  }
  uint64_t cells = l->period / CELL, first = l->phase / CELL;
  if (size && (l->cell[first % cells] == CELL_REST ||
               l->cell[(first + size / CELL) % cells] == CELL_REST)) {
    return false;
  }
  /* The blocks may overlap: everything is taken out before anything is added. */
  LLVMBuilderRef b     = walk->builder;
  LLVMValueRef  *taken = ude_walk_alloc(walk, size / CELL + 1, sizeof(LLVMValueRef));
  for (uint64_t c = 0; c < size / CELL; c++) {
    LLVMTypeRef  type = cell_type(r, l->cell[(first + c) % cells]);
    LLVMValueRef at   = LLVMConstInt(walk->type_i64, c * CELL, false);
    if (type) {
      taken[c] =
          LLVMBuildLoad2(b, type, LLVMBuildInBoundsGEP2(b, walk->type_i8, to, &at, 1, ""), "");
      LLVMSetAlignment(taken[c], CELL);
    }
  }
  for (int pass = 0; pass < 2; pass++) {
    for (uint64_t c = 0; c < size / CELL; c++) {
      LLVMValueRef at = LLVMConstInt(walk->type_i64, c * CELL, false);
      if (!taken[c]) {
        continue;
      }
      LLVMTypeRef  type  = LLVMTypeOf(taken[c]);
      LLVMValueRef place = LLVMBuildInBoundsGEP2(b, walk->type_i8, pass ? from : to, &at, 1, "");
      LLVMValueRef value = LLVMConstNull(type);
      if (pass) {
        value = LLVMBuildLoad2(b, type, place, "");
        LLVMSetAlignment(value, CELL);
        value = LLVMBuildFAdd(b, value, taken[c], "");
      }
      LLVMSetAlignment(LLVMBuildStore(b, value, place), CELL);
    }
  }
  return true;
}

/* Is the value a multiple of `size`, as far as can be seen? */
static bool is_multiple(LLVMValueRef value, uint64_t size) {
  if (LLVMIsAConstantInt(value)) {
    return LLVMConstIntGetZExtValue(value) % size == 0;
  }
  if (!LLVMIsAInstruction(value)) {
    return false;
  }
  LLVMValueRef by = LLVMGetNumOperands(value) > 1 ? LLVMGetOperand(value, 1) : NULL;
  switch (LLVMGetInstructionOpcode(value)) {
  case LLVMMul: return is_multiple(by, size) || is_multiple(LLVMGetOperand(value, 0), size);
  case LLVMAdd:
  case LLVMSub: return is_multiple(by, size) && is_multiple(LLVMGetOperand(value, 0), size);
  case LLVMSelect: return is_multiple(by, size) && is_multiple(LLVMGetOperand(value, 2), size);
  case LLVMShl:
    return LLVMIsAConstantInt(by) && LLVMConstIntGetZExtValue(by) < 32 &&
           (UINT64_C(1) << LLVMConstIntGetZExtValue(by)) % size == 0;
  default: return false;
  }
}

/* What is left of the last struct, number by number. */
static void remainder_of(ude_reverse *r, const layout *l, LLVMValueRef to, LLVMValueRef from,
                         LLVMValueRef bytes) {
  ude_walk      *walk  = r->emit.walk;
  LLVMBuilderRef b     = walk->builder;
  LLVMTypeRef    i64   = walk->type_i64;
  LLVMValueRef   size  = LLVMConstInt(i64, l->period, false);
  LLVMValueRef   all   = LLVMBuildIntCast2(b, bytes, i64, false, "");
  LLVMValueRef   rest  = LLVMBuildURem(b, all, size, "");
  LLVMValueRef   whole = LLVMBuildSub(b, all, rest, "");
  for (uint64_t c = 0; c < l->period / CELL; c++) {
    LLVMTypeRef type = cell_type(r, l->cell[c]);
    if (!type) {
      continue;
    }
    uint64_t          end   = c * CELL + (l->cell[c] == CELL_DOUBLE ? 8 : 4);
    LLVMBasicBlockRef do_it = LLVMAppendBasicBlockInContext(walk->context, r->back_function, "");
    LLVMBasicBlockRef on    = LLVMAppendBasicBlockInContext(walk->context, r->back_function, "");
    LLVMValueRef      holds = LLVMBuildICmp(b, LLVMIntUGE, rest, LLVMConstInt(i64, end, false), "");
    LLVMBuildCondBr(b, holds, do_it, on);
    LLVMPositionBuilderAtEnd(b, do_it);
    add_one(r, type, to, from, LLVMBuildAdd(b, whole, LLVMConstInt(i64, c * CELL, false), ""));
    LLVMBuildBr(b, on);
    LLVMPositionBuilderAtEnd(b, on);
  }
}

/* Whole structs, in the order that is right where the blocks overlap. */
static void loop(ude_reverse *r, const layout *l, LLVMValueRef to, LLVMValueRef from,
                 LLVMValueRef bytes) {
  ude_walk         *walk  = r->emit.walk;
  LLVMBuilderRef    b     = walk->builder;
  LLVMValueRef      f     = r->back_function;
  LLVMBasicBlockRef entry = LLVMGetInsertBlock(b);
  LLVMBasicBlockRef body  = LLVMAppendBasicBlockInContext(walk->context, f, "");
  LLVMBasicBlockRef done  = LLVMAppendBasicBlockInContext(walk->context, f, "");
  LLVMTypeRef       i64   = walk->type_i64;
  LLVMValueRef      zero = LLVMConstInt(i64, 0, false), one = LLVMConstInt(i64, 1, false);
  LLVMValueRef      size = LLVMConstInt(i64, l->period, false);
  LLVMValueRef      n    = LLVMBuildUDiv(b, LLVMBuildIntCast2(b, bytes, i64, false, ""), size, "");
  LLVMValueRef      up   = LLVMBuildICmp(b, LLVMIntUGT, to, from, "");
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntEQ, n, zero, ""), done, body);
  LLVMPositionBuilderAtEnd(b, body);
  LLVMValueRef k    = LLVMBuildPhi(b, i64, "");
  LLVMValueRef down = LLVMBuildSub(b, LLVMBuildSub(b, n, one, ""), k, "");
  LLVMValueRef base = LLVMBuildMul(b, LLVMBuildSelect(b, up, k, down, ""), size, "");
  for (uint64_t c = 0; c < l->period / CELL; c++) {
    LLVMTypeRef type = cell_type(r, l->cell[c]);
    if (type) {
      add_one(r, type, to, from, LLVMBuildAdd(b, base, LLVMConstInt(i64, c * CELL, false), ""));
    }
  }
  LLVMValueRef      next        = LLVMBuildAdd(b, k, one, "");
  LLVMValueRef      value_in[2] = {zero, next};
  LLVMBasicBlockRef block_in[2] = {entry, body};
  LLVMAddIncoming(k, value_in, block_in, 2);
  LLVMBuildCondBr(b, LLVMBuildICmp(b, LLVMIntEQ, next, n, ""), done, body);
  LLVMPositionBuilderAtEnd(b, done);
}

bool ude_reverse_mixed_copy(ude_reverse *r, LLVMValueRef call, LLVMValueRef to, LLVMValueRef from,
                            LLVMValueRef size) {
  ude_walk    *walk     = r->emit.walk;
  LLVMValueRef bytes    = LLVMGetArgOperand(call, 2);
  bool         constant = LLVMIsAConstantInt(bytes) != NULL;
  uint64_t     known    = constant ? LLVMConstIntGetZExtValue(bytes) : 0;
  layout       l        = constant ? from_metadata(walk, call, known) : (layout){0};
  for (unsigned k = 0; k < 2 && !l.period; k++) {
    l = find(walk, LLVMGetArgOperand(call, k), 0, 0, DEPTH);
  }
  if (!l.period) {
    return false;
  }
  if (constant && straight(r, &l, to, from, known)) {
    return true;
  }
  bool whole = is_multiple(bytes, l.period);
  if (l.phase || (!whole && l.period > (uint64_t)CELL * 2 * MAX_STRAIGHT)) {
    return false;
  }
  loop(r, &l, to, from, size);
  if (!whole) {
    remainder_of(r, &l, to, from, size);
  }
  return true;
}
