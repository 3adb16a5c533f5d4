/**
 * @file walker_types.c
 * @brief Questions about types, memory accesses and calls that every transform asks.
 */
#include <string.h>

#include "compiler/rules.h"
#include "compiler/runtime.h"
#include "compiler/user_rule.h"

bool ude_type_is_real(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  return kind == LLVMDoubleTypeKind || kind == LLVMFloatTypeKind;
}

bool ude_type_is_real_vector(LLVMTypeRef type) {
  return LLVMGetTypeKind(type) == LLVMVectorTypeKind && ude_type_is_real(LLVMGetElementType(type));
}

unsigned ude_type_holds(LLVMTypeRef type) {
  switch (LLVMGetTypeKind(type)) {
  case LLVMDoubleTypeKind: return UDE_HOLDS_DOUBLE;
  case LLVMFloatTypeKind: return UDE_HOLDS_FLOAT;
  case LLVMPointerTypeKind: return UDE_HOLDS_POINTER;
  case LLVMIntegerTypeKind: return UDE_HOLDS_INTEGER;
  case LLVMArrayTypeKind:
    return LLVMGetArrayLength2(type) ? ude_type_holds(LLVMGetElementType(type)) : 0;
  case LLVMVectorTypeKind: return ude_type_holds(LLVMGetElementType(type));
  case LLVMStructTypeKind: {
    unsigned holds = 0;
    for (unsigned i = 0; i < LLVMCountStructElementTypes(type); i++) {
      holds |= ude_type_holds(LLVMStructGetTypeAtIndex(type, i));
    }
    return holds;
  }
  case LLVMVoidTypeKind:
  case LLVMLabelTypeKind:
  case LLVMMetadataTypeKind:
  case LLVMTokenTypeKind:
  case LLVMFunctionTypeKind: return 0;
  default: return UDE_HOLDS_OTHER;
  }
}

bool ude_type_has_real(LLVMTypeRef type) {
  return (ude_type_holds(type) & (UDE_HOLDS_DOUBLE | UDE_HOLDS_FLOAT | UDE_HOLDS_OTHER)) != 0;
}

bool ude_type_has_pointer(LLVMTypeRef type) {
  return (ude_type_holds(type) & UDE_HOLDS_POINTER) != 0;
}

LLVMTypeRef ude_access_type(LLVMValueRef access) {
  return LLVMGetInstructionOpcode(access) == LLVMStore ? LLVMTypeOf(LLVMGetOperand(access, 0))
                                                       : LLVMTypeOf(access);
}

/* The access type's name in a struct-path TBAA tag !{base, access, offset}. */
static const char *tbaa_name(ude_walk *walk, LLVMValueRef access, unsigned *length) {
  LLVMValueRef tag = LLVMGetMetadata(access, LLVMGetMDKindIDInContext(walk->context, "tbaa", 4));
  if (!tag || LLVMGetMDNodeNumOperands(tag) < 3) {
    return NULL;
  }
  LLVMValueRef operands[8];
  if (LLVMGetMDNodeNumOperands(tag) > 8) {
    return NULL;
  }
  LLVMGetMDNodeOperands(tag, operands);
  LLVMValueRef type = operands[1];
  if (!type || !LLVMIsAMDNode(type)) {
    return NULL;
  }
  unsigned count = LLVMGetMDNodeNumOperands(type);
  if (!count) {
    return NULL;
  }
  LLVMValueRef *parts = ude_walk_alloc(walk, count, sizeof *parts);
  LLVMGetMDNodeOperands(type, parts);
  return parts[0] && LLVMIsAMDString(parts[0]) ? LLVMGetMDString(parts[0], length) : NULL;
}

/* The first string of a metadata node is `text`. */
static bool is_labelled(LLVMValueRef node, const char *text) {
  LLVMValueRef fields[8];
  int          parts = node && LLVMIsAMDNode(node) ? (int)LLVMGetMDNodeNumOperands(node) : 0;
  if (parts < 1 || parts > 8) {
    return false;
  }
  LLVMGetMDNodeOperands(node, fields);
  unsigned    length = 0;
  const char *name =
      fields[0] && LLVMIsAMDString(fields[0]) ? LLVMGetMDString(fields[0], &length) : NULL;
  return name && length == strlen(text) && !memcmp(name, text, length);
}

/* The alias scope of an access with that label, or in a domain with that label. */
static LLVMValueRef find_scope(ude_walk *walk, LLVMValueRef access, const char *label,
                               bool domain) {
  unsigned     kind  = LLVMGetMDKindIDInContext(walk->context, "alias.scope", 11);
  LLVMValueRef list  = LLVMGetMetadata(access, kind);
  int          count = list ? (int)LLVMGetMDNodeNumOperands(list) : 0;
  if (!count) {
    return NULL;
  }
  LLVMValueRef *scope = ude_walk_alloc(walk, (size_t)count, sizeof *scope);
  LLVMGetMDNodeOperands(list, scope);
  for (int k = 0; k < count; k++) {
    LLVMValueRef of = scope[k];
    if (domain) {
      LLVMValueRef fields[8];
      int          parts = of && LLVMIsAMDNode(of) ? (int)LLVMGetMDNodeNumOperands(of) : 0;
      if (parts < 2 || parts > 8) {
        continue;
      }
      LLVMGetMDNodeOperands(of, fields);
      of = fields[1];
    }
    if (is_labelled(of, label)) {
      return scope[k];
    }
  }
  return NULL;
}

bool ude_access_is_tape(ude_walk *walk, LLVMValueRef access) {
  return find_scope(walk, access, UDE_TAPE_SCOPE, false) != NULL;
}

const void *ude_access_slot(ude_walk *walk, LLVMValueRef access) {
  return find_scope(walk, access, UDE_SLOT_DOMAIN, true);
}

int ude_access_is_integer(ude_walk *walk, LLVMValueRef access) {
  static const char *const integers[] = {"int",  "long",     "long long",      "short", "_Bool",
                                         "bool", "__int128", "vtable pointer", NULL};
  static const char *const others[]   = {"double", "float", "long double", "any pointer", NULL};
  unsigned                 length     = 0;
  const char              *name       = tbaa_name(walk, access, &length);
  char                     text[32];
  if (!name && ude_access_is_tape(walk, access)) {
    return !(ude_type_holds(ude_access_type(access)) & ~(unsigned)UDE_HOLDS_INTEGER);
  }
  if (!name || length >= sizeof text) {
    return -1;
  }
  memcpy(text, name, length);
  text[length] = '\0';
  return ude_name_is(text, integers) ? 1 : ude_name_is(text, others) ? 0 : -1;
}

bool ude_name_is(const char *name, const char *const *list) {
  for (; *list; list++) {
    if (!strcmp(name, *list)) {
      return true;
    }
  }
  return false;
}

const char *ude_call_name(LLVMValueRef call) {
  LLVMValueRef callee = LLVMGetCalledValue(call);
  size_t       length = 0;
  return callee && LLVMIsAFunction(callee) ? LLVMGetValueName2(callee, &length) : NULL;
}

bool ude_call_is_intrinsic(LLVMValueRef call) {
  LLVMValueRef callee = LLVMGetCalledValue(call);
  return callee && LLVMIsAFunction(callee) && LLVMGetIntrinsicID(callee);
}

/* The part of an intrinsic's name before its type suffixes is one of `list`. */
static bool stem_is(const char *name, const char *const *list) {
  for (; *list; list++) {
    size_t length = strlen(*list);
    if (!strncmp(name, *list, length) && (name[length] == '\0' || name[length] == '.')) {
      return true;
    }
  }
  return false;
}

static ude_callee intrinsic_kind(LLVMValueRef call, const char *name) {
  static const char *const ignored[] = {"llvm.lifetime.start",
                                        "llvm.lifetime.end",
                                        "llvm.assume",
                                        "llvm.dbg.value",
                                        "llvm.dbg.declare",
                                        "llvm.dbg.label",
                                        "llvm.dbg.assign",
                                        "llvm.donothing",
                                        "llvm.sideeffect",
                                        "llvm.invariant.start",
                                        "llvm.invariant.end",
                                        "llvm.experimental.noalias.scope.decl",
                                        "llvm.prefetch",
                                        "llvm.var.annotation",
                                        "llvm.codeview.annotation",
                                        NULL};
  static const char *const copies[]  = {"llvm.memcpy", "llvm.memmove", NULL};
  static const char *const sets[]    = {"llvm.memset", NULL};
  static const char *const stack[]   = {"llvm.stacksave", "llvm.stackrestore", NULL};
  static const char *const inert[]   = {"llvm.trap", "llvm.debugtrap", "llvm.ubsantrap", NULL};
  if (stem_is(name, ignored)) {
    return UDE_CALLEE_IGNORED;
  }
  if (stem_is(name, copies)) {
    return UDE_CALLEE_COPY;
  }
  if (stem_is(name, sets)) {
    return UDE_CALLEE_SET;
  }
  if (stem_is(name, stack)) {
    return UDE_CALLEE_STACK;
  }
  if (stem_is(name, inert)) {
    return UDE_CALLEE_INERT;
  }
  unsigned holds    = ude_type_holds(LLVMTypeOf(call));
  unsigned operands = LLVMGetNumArgOperands(call);
  bool     integers = !(holds & ~(unsigned)UDE_HOLDS_INTEGER) && holds;
  for (unsigned k = 0; k < operands; k++) {
    LLVMTypeRef type = LLVMTypeOf(LLVMGetArgOperand(call, k));
    integers         = integers && !(ude_type_holds(type) & ~(unsigned)UDE_HOLDS_INTEGER);
  }
  if (integers) {
    return UDE_CALLEE_INTEGER;
  }
  /* Questions about floats and pointers that yield integers. */
  static const char *const questions[] = {"llvm.is.fpclass", "llvm.objectsize", "llvm.lrint",
                                          "llvm.llrint",     "llvm.lround",     "llvm.llround",
                                          "llvm.fptosi.sat", "llvm.fptoui.sat", NULL};
  if (stem_is(name, questions)) {
    return UDE_CALLEE_INTEGER;
  }
  return UDE_CALLEE_UNKNOWN;
}

ude_callee ude_call_kind(ude_walk *walk, LLVMValueRef call) {
  static const char *const inert[]    = {"printf",     "fprintf",       "puts",
                                         "putchar",    "fputs",         "fputc",
                                         "putc",       "fwrite",        "fflush",
                                         "perror",     "vprintf",       "vfprintf",
                                         "abort",      "exit",          "_exit",
                                         "quick_exit", "__assert_fail", "__assert_rtn",
                                         "__assert",   "strlen",        "strcmp",
                                         "strncmp",    "memcmp",        "bcmp",
                                         "strerror",   "isatty",        UDE_RUNTIME_RECORD,
                                         NULL};
  static const char *const integers[] = {
      "lrint",     "lrintf",     "llrint",   "llrintf",   "lround",       "lroundf",
      "llround",   "llroundf",   "ilogb",    "ilogbf",    "__isnan",      "__isnanf",
      "__isinf",   "__isinff",   "__finite", "__finitef", "__fpclassify", "__fpclassifyf",
      "__signbit", "__signbitf", "abs",      "labs",      "llabs",        NULL};
  static const char *const texts[] = {"sprintf", "snprintf", "vsprintf", "vsnprintf", "strcpy",
                                      "strncpy", "strcat",   "strncat",  NULL};
  LLVMValueRef             callee  = LLVMGetCalledValue(call);
  if (LLVMIsAInlineAsm(callee)) {
    return UDE_CALLEE_UNKNOWN;
  }
  if (!LLVMIsAFunction(callee)) {
    return UDE_CALLEE_INDIRECT;
  }
  const char          *name = ude_call_name(call);
  const ude_user_rule *user = ude_user_rule_of(walk, callee);
  if (user && user->inactive) {
    return UDE_CALLEE_INACTIVE;
  }
  if (user && ude_user_rule_serving(walk, callee)) {
    bool declared = LLVMGetCalledFunctionType(call) == LLVMGlobalGetValueType(callee);
    return declared ? UDE_CALLEE_USER : UDE_CALLEE_UNKNOWN;
  }
  if (user && ude_walk_callee(walk, call) != callee) {
    return UDE_CALLEE_BODY;
  }
  if (ude_rule_for_call(walk, call)) {
    return UDE_CALLEE_RULE;
  }
  if (LLVMGetIntrinsicID(callee)) {
    return intrinsic_kind(call, name);
  }
  if (!LLVMIsDeclaration(callee)) {
    return UDE_CALLEE_BODY;
  }
  static const struct {
    const char *name;
    ude_callee  kind;
  } memory[] = {{"malloc", UDE_CALLEE_MALLOC},
                {"calloc", UDE_CALLEE_CALLOC},
                {"realloc", UDE_CALLEE_REALLOC},
                {"free", UDE_CALLEE_FREE},
                {"ude_tape_begin", UDE_CALLEE_TAPE},
                {"ude_tape_mark", UDE_CALLEE_TAPE},
                {"ude_tape_end", UDE_CALLEE_TAPE},
                {"ude_tape_fail", UDE_CALLEE_TAPE},
                {"ude_tape_take", UDE_CALLEE_TAKE},
                {"ude_tape_zeroed", UDE_CALLEE_TAKE},
                {"ude_shadow_alloc", UDE_CALLEE_SHADOW_ALLOC},
                {"ude_shadow_grow", UDE_CALLEE_SHADOW_GROW},
                {"ude_shadow_free", UDE_CALLEE_FREE},
                {"ude_shadow_size", UDE_CALLEE_INERT}};
  for (size_t k = 0; k < sizeof memory / sizeof *memory; k++) {
    if (!strcmp(name, memory[k].name)) {
      return memory[k].kind;
    }
  }
  if (ude_name_is(name, inert)) {
    return UDE_CALLEE_INERT;
  }
  if (ude_name_is(name, texts)) {
    return UDE_CALLEE_TEXT;
  }
  if (ude_name_is(name, integers)) {
    return UDE_CALLEE_INTEGER;
  }
  return UDE_CALLEE_UNKNOWN;
}
