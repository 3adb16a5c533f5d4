/* Rules that models give: what is said, whether it is right, what the transforms want to know of it. */
#include "compiler/user_rule.h"

#include <llvm-c/DebugInfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/debug_type.h"

#define PREFIX "ude.rule."

enum { KINDS = 5, JVP = 0, VJP, EXTENTS, BODY, INACTIVE };

static const char *const written_as[KINDS] = {"ude_rule_jvp_", "ude_rule_vjp_", "ude_rule_extents_",
                                              "ude_rule_body_", "ude_rule_inactive_"};
static const char *const kept_as[KINDS]    = {PREFIX "jvp.", PREFIX "vjp.", PREFIX "extents.",
                                              PREFIX "body.", PREFIX "inactive."};
static const char *const macro_of[KINDS]   = {"UDE_JVP", "UDE_VJP", "UDE_EXTENTS", "UDE_BODY",
                                              "UDE_INACTIVE"};

static const LLVMAttributeIndex whole = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;

static int kind_of(LLVMValueRef global, const char *const *prefixes) {
  size_t      length = 0;
  const char *name   = LLVMGetValueName2(global, &length);
  for (int k = 0; k < KINDS; k++) {
    if (!strncmp(name, prefixes[k], strlen(prefixes[k]))) {
      return k;
    }
  }
  return -1;
}

static const char *name_of(LLVMValueRef function) {
  size_t length = 0;
  return function && LLVMIsAFunction(function) ? LLVMGetValueName2(function, &length) : "?";
}

/* -------------------------------------------------------------------------------- signatures -- */

static bool travels(LLVMTypeRef type) {
  return ude_type_is_real(type) || LLVMGetTypeKind(type) == LLVMPointerTypeKind;
}

/* What the rule function takes and returns. False: f has arguments that rules cannot have. */
static bool signature_of(LLVMValueRef f, int kind, LLVMTypeRef *types, unsigned *count,
                         LLVMTypeRef *result) {
  LLVMTypeRef    type = LLVMGlobalGetValueType(f), returned = LLVMGetReturnType(type);
  LLVMContextRef context = LLVMGetTypeContext(type);
  LLVMTypeRef    pointer = LLVMPointerTypeInContext(context, 0);
  LLVMTypeRef    none    = LLVMVoidTypeInContext(context);
  unsigned       n       = LLVMCountParamTypes(type);
  bool           real    = ude_type_is_real(returned);
  if (LLVMIsFunctionVarArg(type) || (!real && LLVMGetTypeKind(returned) != LLVMVoidTypeKind &&
                                     LLVMGetTypeKind(returned) != LLVMIntegerTypeKind)) {
    return false;
  }
  LLVMGetParamTypes(type, types);
  *count = n;
  for (unsigned k = 0; k < n; k++) {
    unsigned byval = LLVMGetEnumAttributeKindForName("byval", 5);
    unsigned sret  = LLVMGetEnumAttributeKindForName("sret", 4);
    if ((!travels(types[k]) && LLVMGetTypeKind(types[k]) != LLVMIntegerTypeKind) ||
        LLVMGetEnumAttributeAtIndex(f, k + 1, byval) ||
        LLVMGetEnumAttributeAtIndex(f, k + 1, sret)) {
      return false;
    }
    if (kind < EXTENTS && travels(types[k])) {
      types[(*count)++] = kind == JVP ? types[k] : pointer;
    }
  }
  if (kind == EXTENTS || (kind == JVP && real)) {
    types[(*count)++] = pointer;
  } else if (kind == VJP && real) {
    types[(*count)++] = returned;
  }
  *result = kind == JVP || kind == BODY ? returned : none;
  return true;
}

static void describe(LLVMTypeRef type, ude_text *text) {
  switch (LLVMGetTypeKind(type)) {
  case LLVMDoubleTypeKind: ude_text_append(text, "double"); return;
  case LLVMFloatTypeKind: ude_text_append(text, "float"); return;
  case LLVMPointerTypeKind: ude_text_append(text, "pointer"); return;
  case LLVMVoidTypeKind: ude_text_append(text, "void"); return;
  case LLVMIntegerTypeKind:
    ude_text_append(text, "integer of %u bits", LLVMGetIntTypeWidth(type));
    return;
  default: ude_text_append(text, "struct"); return;
  }
}

static ude_status wrong(LLVMValueRef f, LLVMValueRef g, int kind, const char *why,
                        ude_error *error) {
  char            place[512] = "";
  LLVMMetadataRef program    = g && LLVMIsAFunction(g) ? LLVMGetSubprogram(g) : NULL;
  unsigned        length     = 0;
  const char *file = program ? LLVMDIFileGetFilename(LLVMDIScopeGetFile(program), &length) : NULL;
  if (file) {
    snprintf(place, sizeof place, "%.*s:%u: ", (int)length, file, LLVMDISubprogramGetLine(program));
  }
  return ude_fail(error, UDE_COMPILE, "%s%s(%s%s%s): %s", place, macro_of[kind], name_of(f),
                  g ? ", " : "", g ? name_of(g) : "", why);
}

static ude_status check(LLVMValueRef f, LLVMValueRef g, int kind, ude_error *error) {
  enum { MOST = 70 };
  LLVMTypeRef types[MOST], have[MOST], result = NULL;
  unsigned    count = 0;
  if (!f || !LLVMIsAFunction(f) || (kind != INACTIVE && (!g || !LLVMIsAFunction(g)))) {
    return wrong(f, g, kind, "both must be names of functions", error);
  }
  if (LLVMCountParamTypes(LLVMGlobalGetValueType(f)) > MOST / 3) {
    return wrong(f, g, kind, "the function has too many arguments for a rule", error);
  }
  if (kind == INACTIVE) {
    return UDE_OK;
  }
  if (kind == BODY && LLVMGlobalGetValueType(f) == LLVMGlobalGetValueType(g)) {
    return UDE_OK;
  }
  if (!signature_of(f, kind, types, &count, &result)) {
    return wrong(
        f, g, kind,
        "a rule is for a function of numbers and pointers that returns a number or nothing; pass "
        "structs by pointer",
        error);
  }
  LLVMTypeRef type  = LLVMGlobalGetValueType(g);
  bool        right = LLVMGetReturnType(type) == result && LLVMCountParamTypes(type) == count &&
               !LLVMIsFunctionVarArg(type);
  if (right) {
    LLVMGetParamTypes(type, have);
    for (unsigned k = 0; k < count; k++) {
      right = right && have[k] == types[k];
    }
  }
  if (right) {
    return UDE_OK;
  }
  ude_text text = {0};
  ude_text_append(&text, "'%s' must return ", name_of(g));
  describe(result, &text);
  ude_text_append(&text, " and take (");
  for (unsigned k = 0; k < count; k++) {
    ude_text_append(&text, k ? ", " : "");
    describe(types[k], &text);
  }
  ude_text_append(&text, "): the arguments of '%s'%s", name_of(f),
                  kind == JVP    ? ", then their tangents and a pointer to the result's"
                  : kind == VJP  ? ", then where their adjoints are added and the result's"
                  : kind == BODY ? ""
                                 : ", then a pointer to the sizes");
  ude_status status =
      text.failed ? ude_fail_memory(error, "a message") : wrong(f, g, kind, text.data, error);
  ude_text_free(&text);
  return status;
}

/* ------------------------------------------------------------------------------ whole module -- */

static LLVMValueRef part(LLVMValueRef global, unsigned k) {
  LLVMValueRef initial = LLVMGetInitializer(global);
  LLVMValueRef field   = initial ? LLVMGetAggregateElement(initial, k) : NULL;
  if (field && LLVMGetValueKind(field) == LLVMGlobalAliasValueKind) {
    field = LLVMAliasGetAliasee(field);
  }
  return field && !LLVMIsNull(field) ? field : NULL;
}

static void keep_apart(LLVMValueRef f) {
  LLVMContextRef context = LLVMGetTypeContext(LLVMTypeOf(f));
  LLVMAddAttributeAtIndex(f, whole, LLVMCreateStringAttribute(context, "ude-apart", 9, "", 0));
  unsigned never  = LLVMGetEnumAttributeKindForName("noinline", 8);
  unsigned always = LLVMGetEnumAttributeKindForName("alwaysinline", 12);
  LLVMRemoveEnumAttributeAtIndex(f, whole, always);
  LLVMAddAttributeAtIndex(f, whole, LLVMCreateEnumAttribute(context, never, 0));
}

ude_status ude_user_rules_gather(LLVMModuleRef module, ude_error *error) {
  int number = 0;
  for (LLVMValueRef g = LLVMGetFirstGlobal(module), next; g; g = next) {
    next     = LLVMGetNextGlobal(g);
    int kind = kind_of(g, written_as);
    if (kind < 0) {
      continue;
    }
    LLVMValueRef f = part(g, 0), rule = part(g, 1);
    ude_status   status = check(f, rule, kind, error);
    if (status) {
      return status;
    }
    for (LLVMValueRef other = LLVMGetFirstGlobal(module); other; other = LLVMGetNextGlobal(other)) {
      if (kind_of(other, kept_as) == kind && part(other, 0) == f && part(other, 1) != rule) {
        return wrong(f, rule, kind, "the function has another such rule already", error);
      }
    }
    char name[64];
    snprintf(name, sizeof name, "%s%d", kept_as[kind], number++);
    LLVMSetValueName2(g, name, strlen(name));
    LLVMSetLinkage(g, LLVMExternalLinkage);
    keep_apart(f);
  }
  return UDE_OK;
}

void ude_user_rules_finish(LLVMModuleRef module) {
  for (LLVMValueRef g = LLVMGetFirstGlobal(module), next; g; g = next) {
    next = LLVMGetNextGlobal(g);
    if (kind_of(g, kept_as) < 0) {
      continue;
    }
    LLVMValueRef f = part(g, 0);
    LLVMRemoveStringAttributeAtIndex(f, whole, "ude-apart", 9);
    LLVMRemoveEnumAttributeAtIndex(f, whole, LLVMGetEnumAttributeKindForName("noinline", 8));
    LLVMSetLinkage(g, LLVMInternalLinkage);
    if (!LLVMGetFirstUse(g)) {
      LLVMDeleteGlobal(g);
    }
  }
}

bool ude_is_rule_initial(LLVMValueRef constant) {
  for (LLVMUseRef use = LLVMGetFirstUse(constant); use; use = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    if (!LLVMIsAGlobalVariable(user) || kind_of(user, kept_as) < 0) {
      return false;
    }
  }
  return true; /* or of nothing: what a global held before */
}

void ude_user_rules_restore(LLVMModuleRef module, LLVMValueRef from, LLVMValueRef to) {
  for (LLVMValueRef g = LLVMGetFirstGlobal(module); g; g = LLVMGetNextGlobal(g)) {
    if (kind_of(g, kept_as) < 0) {
      continue;
    }
    LLVMTypeRef  type    = LLVMGlobalGetValueType(g);
    LLVMValueRef null    = LLVMConstNull(LLVMTypeOf(to));
    LLVMValueRef both[2] = {part(g, 0), part(g, 1)};
    bool         changed = false;
    for (int k = 0; k < 2; k++) {
      changed = changed || both[k] == from;
      both[k] = both[k] == from ? to : both[k] ? both[k] : null;
    }
    if (changed) {
      LLVMSetInitializer(g,
                         LLVMGetStructName(type)
                             ? LLVMConstNamedStruct(type, both, 2)
                             : LLVMConstStructInContext(LLVMGetTypeContext(type), both, 2, false));
    }
  }
}

/* ------------------------------------------------------------------------------ in a transform -- */

void ude_user_rules_load(ude_walk *walk) {
  walk->user_rules = 0;
  for (LLVMValueRef g = LLVMGetFirstGlobal(walk->module); g; g = LLVMGetNextGlobal(g)) {
    int          kind = kind_of(g, kept_as);
    LLVMValueRef f    = kind < 0 ? NULL : part(g, 0);
    if (!f) {
      continue;
    }
    int at = 0;
    while (at < walk->user_rules && walk->user_rule[at].f != f) {
      at++;
    }
    if (at == walk->user_rules) {
      walk->user_rule                     = ude_walk_grow(walk, walk->user_rule, walk->user_rules,
                                                          &walk->user_rule_capacity, sizeof *walk->user_rule);
      walk->user_rule[walk->user_rules++] = (ude_user_rule){.f = f};
    }
    ude_user_rule *rule = &walk->user_rule[at];
    switch (kind) {
    case JVP: rule->jvp = part(g, 1); break;
    case VJP: rule->vjp = part(g, 1); break;
    case EXTENTS: rule->extents = part(g, 1); break;
    case BODY: rule->body = part(g, 1); break;
    default: rule->inactive = true; break;
    }
  }
}

const ude_user_rule *ude_user_rule_of(ude_walk *walk, LLVMValueRef function) {
  for (int k = 0; k < walk->user_rules; k++) {
    if (walk->user_rule[k].f == function) {
      return &walk->user_rule[k];
    }
  }
  return NULL;
}

LLVMValueRef ude_user_rule_serving(ude_walk *walk, LLVMValueRef function) {
  const ude_user_rule *rule = ude_user_rule_of(walk, function);
  return !rule                            ? NULL
         : walk->mode == UDE_MODE_FORWARD ? rule->jvp
         : walk->mode == UDE_MODE_REVERSE ? rule->vjp
                                          : NULL;
}

LLVMValueRef ude_walk_callee(ude_walk *walk, LLVMValueRef call) {
  LLVMValueRef         callee = LLVMGetCalledValue(call);
  const ude_user_rule *rule   = ude_user_rule_of(walk, callee);
  bool                 other  = rule && rule->body && !ude_user_rule_serving(walk, callee) &&
               LLVMGetCalledFunctionType(call) == LLVMGlobalGetValueType(rule->body);
  return other && (LLVMIsDeclaration(callee) || walk->mode != UDE_MODE_LANES) ? rule->body : callee;
}

/* The best that is known: rule functions are defined in the model, f may be only declared, perhaps without const. */
static ude_pointee pointee_of(ude_walk *walk, LLVMValueRef call, unsigned k) {
  LLVMValueRef         f         = LLVMGetCalledValue(call);
  const ude_user_rule *rule      = ude_user_rule_of(walk, f);
  LLVMValueRef         source[4] = {rule->jvp, rule->vjp, rule->extents, f};
  ude_pointee          found     = {0};
  for (int s = 0; s < 4; s++) {
    ude_pointee said = source[s] ? ude_debug_pointee(source[s], k) : (ude_pointee){0};
    if (!found.known) {
      found = said;
    }
    found.constant = found.constant || said.constant;
  }
  return found;
}

/* Integers have no derivative. */
static bool has_numbers(const ude_pointee *to) {
  return !to->known || to->holds != UDE_HOLDS_INTEGER;
}

bool ude_user_rule_numbers(ude_walk *walk, LLVMValueRef call, unsigned k) {
  ude_pointee to = pointee_of(walk, call, k);
  return has_numbers(&to);
}

bool ude_user_rule_writes(ude_walk *walk, LLVMValueRef call, unsigned k) {
  return !pointee_of(walk, call, k).constant;
}

unsigned ude_user_rule_holds(ude_walk *walk, LLVMValueRef call, unsigned k) {
  return pointee_of(walk, call, k).holds;
}

void ude_user_rule_check_inactive(ude_walk *walk, LLVMValueRef call) {
  for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k);
    if (ude_type_has_pointer(LLVMTypeOf(argument)) && ude_walk_node_varied(walk, argument) &&
        ude_user_rule_writes(walk, call, k)) {
      ude_refuse_call(
          walk, call,
          "it is marked UDE_INACTIVE but may write to memory that depends on the inputs",
          "declare what it only reads as const, or give it memory of its own");
    }
  }
}

/* Known without asking: `x[static n]`, or the size of a struct. */
static uint64_t fixed_bytes(ude_walk *walk, LLVMValueRef call, unsigned k) {
  LLVMValueRef         f         = LLVMGetCalledValue(call);
  const ude_user_rule *rule      = ude_user_rule_of(walk, f);
  LLVMValueRef         source[3] = {f, rule->jvp, rule->vjp};
  unsigned             kind      = LLVMGetEnumAttributeKindForName("dereferenceable", 15);
  for (int s = 0; s < 3; s++) {
    LLVMAttributeRef attribute =
        source[s] ? LLVMGetEnumAttributeAtIndex(source[s], k + 1, kind) : NULL;
    if (attribute) {
      return LLVMGetEnumAttributeValue(attribute);
    }
  }
  ude_pointee to = pointee_of(walk, call, k);
  return to.record ? to.size : 0;
}

LLVMValueRef *ude_user_rule_bytes(ude_emit *emit, LLVMValueRef call, const LLVMValueRef *argument) {
  ude_walk            *walk  = emit->walk;
  LLVMBuilderRef       b     = walk->builder;
  unsigned             n     = LLVMGetNumArgOperands(call);
  LLVMValueRef        *bytes = ude_walk_alloc(walk, n + 1, sizeof(LLVMValueRef));
  const ude_user_rule *rule  = ude_user_rule_of(walk, LLVMGetCalledValue(call));
  LLVMValueRef         sizes = NULL;
  if (rule->extents) {
    LLVMValueRef     *pass = ude_walk_alloc(walk, n + 1, sizeof(LLVMValueRef));
    LLVMTypeRef       type = LLVMArrayType2(walk->type_i64, n);
    LLVMBasicBlockRef entry =
        LLVMGetEntryBasicBlock(LLVMGetBasicBlockParent(LLVMGetInsertBlock(b)));
    LLVMValueRef first = LLVMGetFirstInstruction(entry);
    if (first) {
      LLVMPositionBuilderBefore(walk->aside, first);
    } else {
      LLVMPositionBuilderAtEnd(walk->aside, entry);
    }
    sizes = LLVMBuildAlloca(walk->aside, type, "");
    LLVMSetAlignment(sizes, 16);
    for (unsigned k = 0; k < n; k++) {
      pass[k] = argument[k];
    }
    pass[n] = sizes;
    LLVMBuildStore(b, LLVMConstNull(type), sizes);
    LLVMBuildCall2(b, LLVMGlobalGetValueType(rule->extents), rule->extents, pass, n + 1, "");
  }
  for (unsigned k = 0; k < n; k++) {
    if (LLVMGetTypeKind(LLVMTypeOf(LLVMGetArgOperand(call, k))) != LLVMPointerTypeKind) {
      continue;
    }
    if (sizes) {
      LLVMValueRef at = LLVMConstInt(walk->type_i64, k, false);
      bytes[k]        = LLVMBuildLoad2(b, walk->type_i64,
                                       LLVMBuildInBoundsGEP2(b, walk->type_i64, sizes, &at, 1, ""), "");
      continue;
    }
    uint64_t fixed = fixed_bytes(walk, call, k);
    if (!fixed) {
      char why[160];
      snprintf(why, sizeof why, "its rule does not say how long the array of argument %u is",
               k + 1);
      ude_refuse_call(walk, call, why,
                      "declare it as x[static N] in the function or the rule, or add UDE_EXTENTS");
    }
    bytes[k] = LLVMConstInt(walk->type_i64, fixed, false);
  }
  return bytes;
}

_Noreturn void ude_user_rule_refuse(ude_walk *walk, LLVMValueRef call) {
  const ude_user_rule *rule = ude_user_rule_of(walk, LLVMGetCalledValue(call));
  if (rule && (rule->jvp || rule->vjp) && walk->mode == UDE_MODE_OTHER) {
    ude_refuse_call(walk, call,
                    "its body is not visible, and Taylor mode and patterns have no use of UDE_JVP "
                    "and UDE_VJP",
                    "add its C source to the model, or the same in C with UDE_BODY");
  }
  if (rule && (rule->jvp || rule->vjp)) {
    ude_refuse_call(
        walk, call,
        rule->jvp ? "it has a rule for forward mode only" : "it has a rule for reverse mode only",
        rule->jvp ? "add UDE_VJP" : "add UDE_JVP");
  }
  static const char *const jumps[] = {"setjmp",     "_setjmp",       "__sigsetjmp",
                                      "sigsetjmp",  "longjmp",       "_longjmp",
                                      "siglongjmp", "__longjmp_chk", NULL};
  const char              *name    = ude_call_name(call);
  if (LLVMIsAInlineAsm(LLVMGetCalledValue(call))) {
    ude_refuse(walk, call, "inline assembly", "its effect is not visible", "write it in C");
  }
  if (name && !strncmp(name, "llvm.va_", 8)) {
    ude_refuse(walk, call, "a variadic function", "its arguments are not followed",
               "pass an array");
  }
  if (name && ude_name_is(name, jumps)) {
    ude_refuse_call(walk, call, "it jumps between functions, which no transform follows",
                    "return a status and test it instead");
  }
  ude_refuse_call(walk, call, "its body is not visible and it has no rule",
                  "add its C source to the model, or compute without it");
}
