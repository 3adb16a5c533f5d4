/* {float, int} in one 64-bit register and its like: clang stores such a parameter into a struct at once, and loads a
 * result out of one, without saying what type it has (no tbaa): that tells it from a number. */
#include "compiler/coerce.h"

#include <llvm-c/DebugInfo.h>
#include <string.h>

#include "compiler/walker.h"

enum { MAX_PARAMS = 64 };

/** What of a function travels in memory. */
typedef struct change {
  bool     result;
  bool     param[MAX_PARAMS];
  unsigned count;
  bool     any;
} change;

static bool is_untyped(LLVMContextRef context, LLVMValueRef access) {
  return !LLVMGetMetadata(access, LLVMGetMDKindIDInContext(context, "tbaa", 4));
}

/* Does the pointer lead into a local struct that holds numbers? */
static bool is_struct(LLVMValueRef pointer) {
  while (LLVMIsAGetElementPtrInst(pointer)) {
    pointer = LLVMGetOperand(pointer, 0);
  }
  if (!LLVMIsAAllocaInst(pointer)) {
    return false;
  }
  LLVMTypeRef type = LLVMGetAllocatedType(pointer);
  return LLVMGetTypeKind(type) == LLVMStructTypeKind && ude_type_has_real(type);
}

static bool is_packed(LLVMTypeRef type) {
  return LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) >= 64;
}

/* The store that unpacks a parameter, or NULL. */
static LLVMValueRef unpacking(LLVMContextRef context, LLVMValueRef param) {
  LLVMUseRef   use   = LLVMGetFirstUse(param);
  LLVMValueRef store = use && !LLVMGetNextUse(use) ? LLVMGetUser(use) : NULL;
  bool         plain = store && LLVMIsAStoreInst(store) && LLVMGetOperand(store, 0) == param &&
               is_untyped(context, store) && is_struct(LLVMGetOperand(store, 1));
  return plain ? store : NULL;
}

static bool result_is_packed(LLVMContextRef context, LLVMValueRef f) {
  LLVMTypeRef type  = LLVMGetReturnType(LLVMGlobalGetValueType(f));
  bool        mixed = LLVMGetTypeKind(type) == LLVMStructTypeKind;
  for (unsigned k = 0; mixed && k < LLVMCountStructElementTypes(type); k++) {
    if (is_packed(LLVMStructGetTypeAtIndex(type, k))) {
      mixed = false;
    }
  }
  if (!is_packed(type) && (mixed || LLVMGetTypeKind(type) != LLVMStructTypeKind)) {
    return false;
  }
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b)) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(b);
    if (!end || LLVMGetInstructionOpcode(end) != LLVMRet) {
      continue;
    }
    LLVMValueRef value = LLVMGetOperand(end, 0);
    if (!LLVMIsALoadInst(value) || !is_untyped(context, value) ||
        !is_struct(LLVMGetOperand(value, 0))) {
      return false;
    }
  }
  return true;
}

static change study(LLVMContextRef context, LLVMValueRef f) {
  change c = {.count = LLVMCountParams(f)};
  if (c.count > MAX_PARAMS || LLVMIsFunctionVarArg(LLVMGlobalGetValueType(f))) {
    return c;
  }
  c.any = c.result = result_is_packed(context, f);
  for (unsigned k = 0; k < c.count; k++) {
    LLVMValueRef param = LLVMGetParam(f, k);
    c.param[k]         = is_packed(LLVMTypeOf(param)) && unpacking(context, param);
    c.any              = c.any || c.param[k];
  }
  return c;
}

/* ---------------------------------------------------------------------------------- rewriting -- */

static LLVMTypeRef new_type(LLVMValueRef f, const change *c) {
  LLVMContextRef context = LLVMGetTypeContext(LLVMTypeOf(f));
  LLVMTypeRef    pointer = LLVMPointerTypeInContext(context, 0);
  LLVMTypeRef    result  = LLVMGetReturnType(LLVMGlobalGetValueType(f));
  LLVMTypeRef    types[MAX_PARAMS + 1];
  unsigned       n = 0;
  if (c->result) {
    types[n++] = pointer;
    result     = LLVMVoidTypeInContext(context);
  }
  for (unsigned k = 0; k < c->count; k++) {
    types[n++] = c->param[k] ? pointer : LLVMTypeOf(LLVMGetParam(f, k));
  }
  return LLVMFunctionType(result, types, n, false);
}

static void copy_attributes(LLVMValueRef from, LLVMValueRef to, const change *c) {
  LLVMAttributeRef list[64];
  for (unsigned k = 0; k <= c->count; k++) {
    LLVMAttributeIndex at =
        k ? (LLVMAttributeIndex)k : (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
    unsigned count = LLVMGetAttributeCountAtIndex(from, at);
    if (count > 64 || (k && c->param[k - 1])) {
      continue;
    }
    LLVMGetAttributesAtIndex(from, at, list);
    for (unsigned j = 0; j < count; j++) {
      LLVMAddAttributeAtIndex(to, k ? at + (c->result ? 1U : 0U) : at, list[j]);
    }
  }
}

static LLVMValueRef local(LLVMBuilderRef b, LLVMValueRef function, LLVMTypeRef type) {
  LLVMPositionBuilderBefore(b, LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function)));
  LLVMValueRef memory = LLVMBuildAlloca(b, type, "");
  LLVMSetAlignment(memory, 16);
  return memory;
}

/* Say of an access that its type is int in C, under a root of our own: it is no piece of a number. */
static void say_integer(LLVMContextRef context, LLVMValueRef access) {
  LLVMMetadataRef zero =
      LLVMValueAsMetadata(LLVMConstInt(LLVMInt64TypeInContext(context), 0, false));
  LLVMMetadataRef label     = LLVMMDStringInContext2(context, "ude", 3);
  LLVMMetadataRef root      = LLVMMDNodeInContext2(context, &label, 1);
  LLVMMetadataRef fields[3] = {LLVMMDStringInContext2(context, "int", 3), root, zero};
  LLVMMetadataRef type      = LLVMMDNodeInContext2(context, fields, 3);
  LLVMMetadataRef tag[3]    = {type, type, zero};
  LLVMSetMetadata(access, LLVMGetMDKindIDInContext(context, "tbaa", 4),
                  LLVMMetadataAsValue(context, LLVMMDNodeInContext2(context, tag, 3)));
}

/* Copy the members of `type` (at `at` bytes of the struct) that lie in [from, from + size): the pointers point to byte
 * `from`. Member by member, so that nothing makes one integer of them again. False if one is cut. */
static bool copy_members(LLVMBuilderRef b, LLVMTargetDataRef layout, LLVMTypeRef type, uint64_t at,
                         uint64_t from, uint64_t size, LLVMValueRef to, LLVMValueRef source) {
  LLVMContextRef context = LLVMGetTypeContext(type);
  uint64_t       bytes   = LLVMABISizeOfType(layout, type);
  if (at + bytes <= from || at >= from + size) {
    return true;
  }
  switch (LLVMGetTypeKind(type)) {
  case LLVMStructTypeKind:
    for (unsigned k = 0; k < LLVMCountStructElementTypes(type); k++) {
      if (!copy_members(b, layout, LLVMStructGetTypeAtIndex(type, k),
                        at + LLVMOffsetOfElement(layout, type, k), from, size, to, source)) {
        return false;
      }
    }
    return true;
  case LLVMArrayTypeKind: {
    LLVMTypeRef element = LLVMGetElementType(type);
    for (uint64_t k = 0; k < LLVMGetArrayLength2(type); k++) {
      if (!copy_members(b, layout, element, at + k * LLVMABISizeOfType(layout, element), from, size,
                        to, source)) {
        return false;
      }
    }
    return true;
  }
  default: break;
  }
  if (at < from || at + bytes > from + size) {
    return false;
  }
  LLVMTypeRef  byte  = LLVMInt8TypeInContext(context);
  LLVMValueRef index = LLVMConstInt(LLVMInt64TypeInContext(context), at - from, false);
  LLVMValueRef load =
      LLVMBuildLoad2(b, type, LLVMBuildInBoundsGEP2(b, byte, source, &index, 1, ""), "");
  LLVMValueRef store = LLVMBuildStore(b, load, LLVMBuildInBoundsGEP2(b, byte, to, &index, 1, ""));
  LLVMSetAlignment(load, 1);
  LLVMSetAlignment(store, 1);
  if (LLVMGetTypeKind(type) == LLVMIntegerTypeKind) {
    say_integer(context, load);
    say_integer(context, store);
  }
  return true;
}

/* Copy `size` bytes; `known`, one of the two, leads into a local struct. */
static void copy_struct(LLVMBuilderRef b, LLVMModuleRef module, LLVMValueRef to,
                        LLVMValueRef source, LLVMValueRef known, LLVMTypeRef as) {
  LLVMTargetDataRef layout = LLVMGetModuleDataLayout(module);
  uint64_t          from = 0, size = LLVMABISizeOfType(layout, as);
  LLVMValueRef      at    = known;
  bool              fixed = true;
  while (LLVMIsAGetElementPtrInst(at)) {
    LLVMTypeRef type = LLVMGetGEPSourceElementType(at);
    for (int k = 1; k < LLVMGetNumOperands(at); k++) {
      LLVMValueRef index = LLVMGetOperand(at, (unsigned)k);
      if (!LLVMIsAConstantInt(index)) {
        fixed = false;
        break;
      }
      if (k > 1 && LLVMGetTypeKind(type) == LLVMStructTypeKind) {
        unsigned field = (unsigned)LLVMConstIntGetZExtValue(index);
        from += LLVMOffsetOfElement(layout, type, field);
        type = LLVMStructGetTypeAtIndex(type, field);
        continue;
      }
      type = k > 1 ? LLVMGetElementType(type) : type;
      from += LLVMConstIntGetZExtValue(index) * LLVMABISizeOfType(layout, type);
    }
    at = LLVMGetOperand(at, 0);
  }
  LLVMTypeRef type = LLVMIsAAllocaInst(at) ? LLVMGetAllocatedType(at) : NULL;
  if (!type || !fixed || !copy_members(b, layout, type, 0, from, size, to, source)) {
    LLVMBuildMemCpy(b, to, 1, source, 1, LLVMSizeOf(as));
  }
}

static LLVMValueRef move_body(LLVMModuleRef module, LLVMBuilderRef b, LLVMValueRef f,
                              const change *c) {
  LLVMContextRef context = LLVMGetModuleContext(module);
  size_t         length  = 0;
  char           name[256];
  const char    *old  = LLVMGetValueName2(f, &length);
  LLVMTypeRef    type = new_type(f, c);
  length              = length < 200 ? length : 200;
  memcpy(name, old, length);
  memcpy(name + length, ".memory", 8);
  LLVMValueRef      g     = LLVMAddFunction(module, name, type);
  LLVMBasicBlockRef dummy = LLVMAppendBasicBlockInContext(context, g, ""), last = dummy;
  LLVMSetLinkage(g, LLVMInternalLinkage);
  copy_attributes(f, g, c);
  LLVMSetSubprogram(g, LLVMGetSubprogram(f));
  LLVMSetSubprogram(f, NULL);
  for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(f), next; block; block = next) {
    next = LLVMGetNextBasicBlock(block);
    LLVMMoveBasicBlockAfter(block, last);
    last = block;
  }
  LLVMDeleteBasicBlock(dummy);
  unsigned shift = c->result ? 1 : 0;
  for (unsigned k = 0; k < c->count; k++) {
    LLVMValueRef param = LLVMGetParam(f, k), fresh = LLVMGetParam(g, k + shift);
    if (!c->param[k]) {
      LLVMReplaceAllUsesWith(param, fresh);
      continue;
    }
    LLVMValueRef store = LLVMGetUser(LLVMGetFirstUse(param));
    LLVMPositionBuilderBefore(b, store);
    copy_struct(b, module, LLVMGetOperand(store, 1), fresh, LLVMGetOperand(store, 1),
                LLVMTypeOf(param));
    LLVMInstructionEraseFromParent(store);
  }
  for (LLVMBasicBlockRef block = LLVMGetFirstBasicBlock(g); block && c->result;
       block                   = LLVMGetNextBasicBlock(block)) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(block);
    if (LLVMGetInstructionOpcode(end) != LLVMRet) {
      continue;
    }
    LLVMValueRef value = LLVMGetOperand(end, 0);
    LLVMPositionBuilderBefore(b, end);
    copy_struct(b, module, LLVMGetParam(g, 0), LLVMGetOperand(value, 0), LLVMGetOperand(value, 0),
                LLVMTypeOf(value));
    LLVMBuildRetVoid(b);
    LLVMInstructionEraseFromParent(end);
    if (!LLVMGetFirstUse(value)) {
      LLVMInstructionEraseFromParent(value);
    }
  }
  return g;
}

/* A call of f with these arguments as a call of g, where the builder comes to stand. */
static LLVMValueRef call_instead(LLVMBuilderRef b, LLVMValueRef function, LLVMValueRef before,
                                 LLVMValueRef g, LLVMTypeRef result, const LLVMValueRef *argument,
                                 const change *c, LLVMValueRef *made) {
  LLVMValueRef pass[MAX_PARAMS + 1];
  unsigned     n = 0;
  if (c->result) {
    pass[n++] = local(b, function, result);
  }
  for (unsigned k = 0; k < c->count; k++) {
    pass[n++] = c->param[k] ? local(b, function, LLVMTypeOf(argument[k])) : argument[k];
  }
  if (before) {
    LLVMPositionBuilderBefore(b, before);
  } else {
    LLVMPositionBuilderAtEnd(b, LLVMGetEntryBasicBlock(function));
  }
  for (unsigned k = 0; k < c->count; k++) {
    LLVMValueRef to = pass[k + (c->result ? 1U : 0U)];
    if (c->param[k] && LLVMIsALoadInst(argument[k]) && is_struct(LLVMGetOperand(argument[k], 0)) &&
        LLVMGetNextInstruction(argument[k])) {
      LLVMValueRef from = LLVMGetOperand(argument[k], 0);
      copy_struct(b, LLVMGetGlobalParent(g), to, from, from, LLVMTypeOf(argument[k]));
    } else if (c->param[k]) {
      LLVMSetAlignment(LLVMBuildStore(b, argument[k], to), 8);
    }
  }
  *made              = LLVMBuildCall2(b, LLVMGlobalGetValueType(g), g, pass, n, "");
  LLVMValueRef value = *made;
  if (c->result) {
    value = LLVMBuildLoad2(b, result, pass[0], "");
    LLVMSetAlignment(value, 8);
  }
  return value;
}

/* The one user of a value that stores it into a local struct, or NULL. */
static LLVMValueRef only_store(LLVMValueRef value) {
  LLVMUseRef   only  = LLVMGetFirstUse(value);
  LLVMValueRef store = only && !LLVMGetNextUse(only) ? LLVMGetUser(only) : NULL;
  bool         fits  = store && LLVMIsAStoreInst(store) && LLVMGetOperand(store, 0) == value &&
              is_struct(LLVMGetOperand(store, 1));
  return fits ? store : NULL;
}

/* What the caller stores of the result, whole or in parts, member by member from `memory`. */
static void unpack_result(LLVMBuilderRef b, LLVMValueRef call, LLVMValueRef memory) {
  LLVMModuleRef module =
      LLVMGetGlobalParent(LLVMGetBasicBlockParent(LLVMGetInstructionParent(call)));
  LLVMTypeRef  byte  = LLVMInt8TypeInContext(LLVMGetModuleContext(module));
  LLVMValueRef store = only_store(call);
  if (store) {
    LLVMValueRef to = LLVMGetOperand(store, 1);
    LLVMPositionBuilderBefore(b, store);
    copy_struct(b, module, to, memory, to, LLVMTypeOf(call));
    LLVMInstructionEraseFromParent(store);
    return;
  }
  for (LLVMUseRef use = LLVMGetFirstUse(call), next; use; use = next) {
    next              = LLVMGetNextUse(use);
    LLVMValueRef part = LLVMGetUser(use);
    store = LLVMIsAExtractValueInst(part) && LLVMGetNumIndices(part) == 1 ? only_store(part) : NULL;
    if (!store) {
      continue;
    }
    uint64_t     offset = LLVMOffsetOfElement(LLVMGetModuleDataLayout(module), LLVMTypeOf(call),
                                              LLVMGetIndices(part)[0]);
    LLVMValueRef index =
        LLVMConstInt(LLVMInt64TypeInContext(LLVMGetModuleContext(module)), offset, false);
    LLVMValueRef to = LLVMGetOperand(store, 1);
    LLVMPositionBuilderBefore(b, store);
    copy_struct(b, module, to, LLVMBuildInBoundsGEP2(b, byte, memory, &index, 1, ""), to,
                LLVMTypeOf(part));
    LLVMInstructionEraseFromParent(store);
    LLVMInstructionEraseFromParent(part);
    next = LLVMGetFirstUse(call); /* the list has changed */
  }
}

static void rewrite_calls(LLVMBuilderRef b, LLVMValueRef f, LLVMValueRef g, const change *c) {
  for (LLVMUseRef use = LLVMGetFirstUse(f), next; use; use = next) {
    next              = LLVMGetNextUse(use);
    LLVMValueRef call = LLVMGetUser(use);
    if (!LLVMIsACallInst(call) || LLVMGetCalledValue(call) != f ||
        LLVMGetCalledFunctionType(call) != LLVMGlobalGetValueType(f)) {
      continue;
    }
    LLVMValueRef argument[MAX_PARAMS], made;
    bool         itself = false;
    for (unsigned k = 0; k < c->count; k++) {
      argument[k] = LLVMGetArgOperand(call, k);
      itself      = itself || argument[k] == f;
    }
    if (itself) {
      continue;
    }
    LLVMValueRef function = LLVMGetBasicBlockParent(LLVMGetInstructionParent(call));
    LLVMValueRef value = call_instead(b, function, call, g, LLVMTypeOf(call), argument, c, &made);
    LLVMInstructionSetDebugLoc(made, LLVMInstructionGetDebugLoc(call));
    for (unsigned k = 0; k < c->count; k++) {
      LLVMAttributeRef list[16];
      unsigned         count = LLVMGetCallSiteAttributeCount(call, k + 1);
      if (count > 16 || c->param[k]) {
        continue;
      }
      LLVMGetCallSiteAttributes(call, k + 1, list);
      for (unsigned j = 0; j < count; j++) {
        LLVMAddCallSiteAttribute(made, k + 1 + (c->result ? 1U : 0U), list[j]);
      }
    }
    if (c->result) {
      unpack_result(b, call, LLVMGetOperand(value, 0));
    }
    if (LLVMGetFirstUse(call)) {
      LLVMReplaceAllUsesWith(call, value);
    }
    LLVMInstructionEraseFromParent(call);
    next = LLVMGetFirstUse(f); /* the list has changed */
  }
}

/* What pointers to the function call: the old signature. */
static void keep_old_form(LLVMBuilderRef b, LLVMValueRef f, LLVMValueRef g, const change *c) {
  LLVMContextRef context = LLVMGetTypeContext(LLVMTypeOf(f));
  LLVMTypeRef    result  = LLVMGetReturnType(LLVMGlobalGetValueType(f));
  LLVMValueRef   argument[MAX_PARAMS], made;
  LLVMGetParams(f, argument);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(context, f, ""));
  LLVMValueRef end   = LLVMBuildUnreachable(b);
  LLVMValueRef value = call_instead(b, f, end, g, result, argument, c, &made);
  if (LLVMGetTypeKind(result) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(b);
  } else {
    LLVMBuildRet(b, value);
  }
  LLVMInstructionEraseFromParent(end);
}

void ude_coerce_structs(LLVMModuleRef module) {
  LLVMContextRef context = LLVMGetModuleContext(module);
  LLVMBuilderRef b       = LLVMCreateBuilderInContext(context);
  for (LLVMValueRef f = LLVMGetFirstFunction(module), next; f; f = next) {
    next = LLVMGetNextFunction(f);
    if (LLVMIsDeclaration(f)) {
      continue;
    }
    change c = study(context, f);
    if (!c.any) {
      continue;
    }
    LLVMSetCurrentDebugLocation2(b, NULL);
    LLVMValueRef g = move_body(module, b, f, &c);
    rewrite_calls(b, f, g, &c);
    if (LLVMGetFirstUse(f)) {
      keep_old_form(b, f, g, &c);
    } else {
      LLVMDeleteFunction(f);
    }
  }
  LLVMDisposeBuilder(b);
}
