/**
 * @file rules_partial.c
 * @brief Compiles the text of a partial derivative into IR (recursive descent, one function a level).
 *
 * Numbers take the type of what they meet; integers meet reals as reals. The texts are part of the
 * program, so a syntax error is an internal error.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/rules.h"

/* A number not yet typed (value NULL), or a value. */
typedef struct operand {
  LLVMValueRef value;
  double       number;
} operand;

typedef struct parser {
  ude_walk           *walk;
  const char         *at;
  const LLVMValueRef *argument;
  LLVMValueRef        result;
  LLVMTypeRef         type;
  LLVMValueRef        local[26];
} parser;

static operand parse_choice(parser *p);

static LLVMValueRef constant_real(LLVMTypeRef type, double number) {
  if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) {
    return LLVMConstReal(type, number);
  }
  LLVMValueRef element = LLVMConstReal(LLVMGetElementType(type), number);
  LLVMValueRef all[64];
  unsigned     count = LLVMGetVectorSize(type);
  for (unsigned k = 0; k < count && k < 64; k++) {
    all[k] = element;
  }
  return LLVMConstVector(all, count);
}

static LLVMValueRef as_real(parser *p, operand a) {
  if (!a.value) {
    return constant_real(p->type, a.number);
  }
  if (LLVMGetTypeKind(LLVMTypeOf(a.value)) == LLVMIntegerTypeKind) {
    return LLVMBuildSIToFP(p->walk->builder, a.value, p->type, "");
  }
  return a.value;
}

static bool is_integer(operand a) {
  return a.value && LLVMGetTypeKind(LLVMTypeOf(a.value)) == LLVMIntegerTypeKind;
}

/* Both operands as integers if one is and the other is an integer or a number; else false. */
static bool as_integers(operand *a, operand *b) {
  if (!(is_integer(*a) && (is_integer(*b) || !b->value)) && !(is_integer(*b) && !a->value)) {
    return false;
  }
  LLVMTypeRef type = LLVMTypeOf(a->value ? a->value : b->value);
  if (!a->value) {
    a->value = LLVMConstInt(type, (unsigned long long)(long long)a->number, true);
  }
  if (!b->value) {
    b->value = LLVMConstInt(type, (unsigned long long)(long long)b->number, true);
  }
  return true;
}

static bool accept(parser *p, const char *token) {
  size_t length = strlen(token);
  if (strncmp(p->at, token, length) != 0) {
    return false;
  }
  p->at += length;
  return true;
}

static void expect(parser *p, const char *token) {
  if (!accept(p, token)) {
    ude_walk_leave(p->walk, UDE_INTERNAL, "malformed rule");
  }
}

/* Call of a row of the table on values of the parser's scalar type. */
static operand parse_call(parser *p, const char *name, size_t length) {
  char text[32];
  if (length >= sizeof text) {
    ude_walk_leave(p->walk, UDE_INTERNAL, "malformed rule");
  }
  memcpy(text, name, length);
  text[length]         = '\0';
  const ude_rule *rule = ude_rule_by_name(text);
  if (!rule) {
    ude_walk_leave(p->walk, UDE_INTERNAL, "rule of an unknown function");
  }
  LLVMValueRef values[UDE_RULE_ARGUMENTS];
  LLVMTypeRef  types[UDE_RULE_ARGUMENTS];
  unsigned     count = 0;
  do {
    operand a     = parse_choice(p);
    values[count] = is_integer(a) ? a.value : as_real(p, a);
    types[count]  = LLVMTypeOf(values[count]);
    count++;
  } while (accept(p, ",") && count < UDE_RULE_ARGUMENTS);
  expect(p, ")");
  LLVMValueRef callee;
  LLVMTypeRef  signature;
  if (rule->intrinsic) {
    unsigned    id       = LLVMLookupIntrinsicID(rule->intrinsic, strlen(rule->intrinsic));
    LLVMTypeRef shape[2] = {types[0], count > 1 ? types[1] : NULL};
    bool        mixed    = count > 1 && types[1] != types[0]; /* powi, ldexp */
    callee               = LLVMGetIntrinsicDeclaration(p->walk->module, id, shape, mixed ? 2 : 1);
    signature            = LLVMGlobalGetValueType(callee);
  } else {
    if (LLVMGetTypeKind(p->type) == LLVMVectorTypeKind) {
      ude_walk_leave(p->walk, UDE_INTERNAL, "rule of a vector of a libm function");
    }
    bool        single = LLVMGetTypeKind(p->type) == LLVMFloatTypeKind;
    const char *symbol = single ? rule->name_float : rule->name;
    signature          = LLVMFunctionType(p->type, types, count, false);
    callee             = LLVMGetNamedFunction(p->walk->module, symbol);
    if (callee && !LLVMIsDeclaration(callee)) { /* the model's own function of that name */
      LLVMSetValueName2(callee, "ude.own", 7);
      callee = NULL;
    }
    if (!callee) {
      static const char *const attributes[] = {"nounwind", "willreturn", "nofree"};
      callee                                = LLVMAddFunction(p->walk->module, symbol, signature);
      for (size_t k = 0; k < sizeof attributes / sizeof *attributes; k++) {
        unsigned kind = LLVMGetEnumAttributeKindForName(attributes[k], strlen(attributes[k]));
        LLVMAddAttributeAtIndex(callee, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                LLVMCreateEnumAttribute(p->walk->context, kind, 0));
      }
      unsigned memory = LLVMGetEnumAttributeKindForName("memory", 6);
      LLVMAddAttributeAtIndex(callee, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                              LLVMCreateEnumAttribute(p->walk->context, memory, 0));
    }
  }
  return (operand){.value = LLVMBuildCall2(p->walk->builder, signature, callee, values, count, "")};
}

static operand parse_primary(parser *p) {
  if (accept(p, "(")) {
    operand a = parse_choice(p);
    expect(p, ")");
    return a;
  }
  if (isdigit((unsigned char)*p->at)) {
    char   *end;
    operand a = {.number = strtod(p->at, &end)};
    p->at     = end;
    return a;
  }
  const char *name = p->at;
  while (isalnum((unsigned char)*p->at) || *p->at == '_') {
    p->at++;
  }
  size_t length = (size_t)(p->at - name);
  if (length && accept(p, "(")) {
    return parse_call(p, name, length);
  }
  if (length != 1) {
    ude_walk_leave(p->walk, UDE_INTERNAL, "malformed rule");
  }
  if (*name >= 'x' && *name <= 'z') {
    return (operand){.value = p->argument[*name - 'x']};
  }
  if (*name == 'r') {
    return (operand){.value = p->result};
  }
  return (operand){.value = p->local[*name - 'a']};
}

static operand parse_unary(parser *p) {
  if (!accept(p, "-")) {
    return parse_primary(p);
  }
  operand a = parse_unary(p);
  if (!a.value) {
    return (operand){.number = -a.number};
  }
  return (operand){.value = LLVMBuildFNeg(p->walk->builder, as_real(p, a), "")};
}

static operand binary(parser *p, LLVMOpcode real, LLVMOpcode integer, operand a, operand b) {
  if (!a.value && !b.value) { /* -1/... and the like: fold the sign only */
    a.value = constant_real(p->type, a.number);
  }
  if (integer && as_integers(&a, &b)) {
    return (operand){.value = LLVMBuildBinOp(p->walk->builder, integer, a.value, b.value, "")};
  }
  LLVMValueRef x = as_real(p, a), y = as_real(p, b);
  return (operand){.value = LLVMBuildBinOp(p->walk->builder, real, x, y, "")};
}

static operand parse_product(parser *p) {
  operand a = parse_unary(p);
  for (;;) {
    if (accept(p, "*")) {
      a = binary(p, LLVMFMul, (LLVMOpcode)0, a, parse_unary(p));
    } else if (accept(p, "/")) {
      a = binary(p, LLVMFDiv, (LLVMOpcode)0, a, parse_unary(p));
    } else {
      return a;
    }
  }
}

static operand parse_sum(parser *p) {
  operand a = parse_product(p);
  for (;;) {
    if (accept(p, "+")) {
      a = binary(p, LLVMFAdd, LLVMAdd, a, parse_product(p));
    } else if (accept(p, "-")) {
      a = binary(p, LLVMFSub, LLVMSub, a, parse_product(p));
    } else {
      return a;
    }
  }
}

static operand parse_comparison(parser *p) {
  static const struct {
    const char       *token;
    LLVMRealPredicate real;
    LLVMIntPredicate  integer;
  } comparisons[] = {{"==", LLVMRealOEQ, LLVMIntEQ},
                     {"!=", LLVMRealUNE, LLVMIntNE},
                     {"<", LLVMRealOLT, LLVMIntSLT},
                     {">", LLVMRealOGT, LLVMIntSGT}};
  operand a       = parse_sum(p);
  for (size_t k = 0; k < sizeof comparisons / sizeof *comparisons; k++) {
    if (!accept(p, comparisons[k].token)) {
      continue;
    }
    operand b = parse_sum(p);
    if (as_integers(&a, &b)) {
      return (operand){
          .value = LLVMBuildICmp(p->walk->builder, comparisons[k].integer, a.value, b.value, "")};
    }
    LLVMValueRef x = as_real(p, a), y = as_real(p, b);
    return (operand){.value = LLVMBuildFCmp(p->walk->builder, comparisons[k].real, x, y, "")};
  }
  return a;
}

static operand parse_choice(parser *p) {
  operand a = parse_comparison(p);
  while (accept(p, "||")) {
    operand b = parse_comparison(p);
    a.value   = LLVMBuildOr(p->walk->builder, a.value, b.value, "");
  }
  if (!accept(p, "?")) {
    return a;
  }
  operand then = parse_choice(p);
  expect(p, ":");
  operand      other = parse_choice(p);
  LLVMValueRef x = as_real(p, then), y = as_real(p, other);
  return (operand){.value = LLVMBuildSelect(p->walk->builder, a.value, x, y, "")};
}

LLVMValueRef ude_rule_partial(ude_walk *walk, const ude_rule *rule, int k,
                              const LLVMValueRef *argument, LLVMValueRef result, LLVMTypeRef type) {
  const char *text = rule->partial[k];
  if (!text || !strcmp(text, "0")) {
    return NULL;
  }
  parser p = {.walk = walk, .at = text, .argument = argument, .result = result, .type = type};
  while (isalpha((unsigned char)p.at[0]) && p.at[1] == '=' && p.at[2] != '=') {
    char name = p.at[0];
    p.at += 2;
    p.local[name - 'a'] = as_real(&p, parse_choice(&p));
    expect(&p, ";");
  }
  operand value = parse_choice(&p);
  if (*p.at) {
    ude_walk_leave(walk, UDE_INTERNAL, "malformed rule");
  }
  return as_real(&p, value);
}
