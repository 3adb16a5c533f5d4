/* What debug information says about the parameters of a function, through LLVM's C interface: operands of metadata
 * nodes by position (a DISubprogram's type is operand 4, a DISubroutineType's list operand 3, a derived type's
 * base operand 3). */
#include "compiler/debug_type.h"

#include <llvm-c/DebugInfo.h>
#include <stdio.h>
#include <string.h>

#include "compiler/walker.h"

enum { MOST = 64, DEPTH = 32 };

static LLVMMetadataRef operand(LLVMContextRef context, LLVMMetadataRef node, unsigned index) {
  LLVMValueRef value = node ? LLVMMetadataAsValue(context, node) : NULL;
  unsigned     count = value ? LLVMGetMDNodeNumOperands(value) : 0;
  LLVMValueRef operands[MOST];
  if (index >= count || count > MOST) {
    return NULL;
  }
  LLVMGetMDNodeOperands(value, operands);
  return operands[index] ? LLVMValueAsMetadata(operands[index]) : NULL;
}

static LLVMMetadataRef types_of(LLVMValueRef function, unsigned *count) {
  LLVMContextRef  context = LLVMGetTypeContext(LLVMTypeOf(function));
  LLVMMetadataRef program = LLVMGetSubprogram(function);
  LLVMMetadataRef list    = operand(context, operand(context, program, 4), 3);
  *count                  = list ? LLVMGetMDNodeNumOperands(LLVMMetadataAsValue(context, list)) : 0;
  return list;
}

static bool is_derived(LLVMMetadataRef type) {
  return type && LLVMGetMetadataKind(type) == LLVMDIDerivedTypeMetadataKind;
}

/* Typedefs and qualifiers are derived types without a size; qualifiers have no name. */
static LLVMMetadataRef bare(LLVMContextRef context, LLVMMetadataRef type, bool *constant) {
  for (int depth = 0; is_derived(type) && !LLVMDITypeGetSizeInBits(type) && depth < DEPTH;
       depth++) {
    size_t      length = 0;
    const char *name   = LLVMDITypeGetName(type, &length);
    if (constant && (!name || !length)) {
      *constant = true;
    }
    type = operand(context, type, 3);
  }
  return type;
}

int ude_debug_params(LLVMValueRef function) {
  unsigned count = 0;
  return types_of(function, &count) && count ? (int)count - 1 : -1;
}

/* All that lies in an object of that type. */
static unsigned holds_of(LLVMContextRef context, LLVMMetadataRef type, int depth) {
  bool ignored;
  type = bare(context, type, &ignored);
  if (!type || depth > DEPTH) {
    return 0;
  }
  size_t      length = 0;
  const char *name   = LLVMDITypeGetName(type, &length);
  switch (LLVMGetMetadataKind(type)) {
  case LLVMDIBasicTypeMetadataKind:
    return length == 6 && !memcmp(name, "double", 6)  ? UDE_HOLDS_DOUBLE
           : length == 5 && !memcmp(name, "float", 5) ? UDE_HOLDS_FLOAT
           : length > 10 && !memcmp(name, "long double", 11)
               ? LLVMDITypeGetSizeInBits(type) == 64 ? UDE_HOLDS_DOUBLE : UDE_HOLDS_OTHER
               : UDE_HOLDS_INTEGER;
  case LLVMDIDerivedTypeMetadataKind: return UDE_HOLDS_POINTER;
  case LLVMDICompositeTypeMetadataKind: {
    LLVMMetadataRef base = operand(context, type, 3); /* of an array */
    LLVMMetadataRef list = operand(context, type, 4);
    if (base) {
      return holds_of(context, base, depth + 1);
    }
    LLVMValueRef members = list ? LLVMMetadataAsValue(context, list) : NULL;
    unsigned     count = members ? LLVMGetMDNodeNumOperands(members) : 0, holds = 0;
    for (unsigned k = 0; k < count && k < MOST; k++) {
      LLVMMetadataRef member = operand(context, list, k);
      holds |= is_derived(member) ? holds_of(context, operand(context, member, 3), depth + 1) : 0;
    }
    return holds;
  }
  default: return 0;
  }
}

ude_pointee ude_debug_pointee(LLVMValueRef function, unsigned index) {
  LLVMContextRef  context = LLVMGetTypeContext(LLVMTypeOf(function));
  unsigned        count   = 0;
  LLVMMetadataRef list    = types_of(function, &count);
  ude_pointee     found   = {0};
  if (!list || index + 1 >= count) {
    return found;
  }
  LLVMMetadataRef pointer = bare(context, operand(context, list, index + 1), NULL);
  if (!is_derived(pointer)) {
    return found;
  }
  found.known          = true;
  LLVMMetadataRef type = bare(context, operand(context, pointer, 3), &found.constant);
  size_t          length;
  const char     *name = type ? LLVMDITypeGetName(type, &length) : NULL;
  found.size           = type ? LLVMDITypeGetSizeInBits(type) / 8 : 0;
  if (type && LLVMGetMetadataKind(type) == LLVMDIBasicTypeMetadataKind && name) {
    found.real = length == 6 && !memcmp(name, "double", 6)  ? 8
                 : length == 5 && !memcmp(name, "float", 5) ? 4
                                                            : 0;
  }
  found.holds  = holds_of(context, type, 0);
  found.record = type && LLVMGetMetadataKind(type) == LLVMDICompositeTypeMetadataKind;
  return found;
}

char *ude_debug_where(LLVMValueRef instruction, char *buffer, size_t size) {
  unsigned    length = 0;
  unsigned    line   = LLVMGetDebugLocLine(instruction);
  const char *name   = line ? LLVMGetDebugLocFilename(instruction, &length) : NULL;
  buffer[0]          = '\0';
  if (name) {
    snprintf(buffer, size, "%.*s:%u: ", (int)length, name, line);
  }
  return buffer;
}
