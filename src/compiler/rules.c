/**
 * @file rules.c
 * @brief Look-up in the rule table, and what partial derivatives read.
 */
#include "compiler/rules.h"

#include <ctype.h>
#include <string.h>

#include "compiler/rules_table.h"

#define UDE_RULE_ROW(name, name_float, intrinsic, arity, singular, masks, dx, dy, dz) \
  {name, name_float, intrinsic, arity, singular, masks, {dx, dy, dz}},
const ude_rule ude_rules[] = {UDE_RULE_TABLE(UDE_RULE_ROW){.arity = 0}};
#undef UDE_RULE_ROW

const ude_rule *ude_rule_by_name(const char *name) {
  for (const ude_rule *rule = ude_rules; rule->arity; rule++) {
    if (rule->name && !strcmp(rule->name, name)) {
      return rule;
    }
    if (!rule->name && !strcmp(rule->intrinsic + strlen("llvm."), name)) {
      return rule;
    }
  }
  return NULL;
}

const ude_rule *ude_rule_for_symbol(const char *name, LLVMTypeRef type) {
  LLVMTypeRef result = LLVMGetReturnType(type);
  if (!ude_type_is_real(result)) {
    return NULL;
  }
  bool single = LLVMGetTypeKind(result) == LLVMFloatTypeKind;
  for (const ude_rule *rule = ude_rules; rule->arity; rule++) {
    const char *wanted = single ? rule->name_float : rule->name;
    if (wanted && (int)LLVMCountParamTypes(type) == rule->arity && !strcmp(name, wanted)) {
      return rule;
    }
  }
  return NULL;
}

static const ude_rule *find_rule(LLVMValueRef call, const char *name) {
  LLVMTypeRef type = LLVMTypeOf(call);
  if (!LLVMIsDeclaration(LLVMGetCalledValue(call))) {
    return NULL;
  }
  if (!ude_call_is_intrinsic(call)) {
    return ude_rule_for_symbol(name, LLVMGetCalledFunctionType(call));
  }
  if (!ude_type_is_real(type) && !ude_type_is_real_vector(type)) {
    return NULL;
  }
  for (const ude_rule *rule = ude_rules; rule->arity; rule++) {
    size_t length = rule->intrinsic ? strlen(rule->intrinsic) : 0;
    if ((int)LLVMGetNumArgOperands(call) != rule->arity || !length) {
      continue;
    }
    if (!strncmp(name, rule->intrinsic, length) && name[length] == '.') {
      return rule;
    }
  }
  return NULL;
}

const ude_rule *ude_rule_for_call(ude_walk *walk, LLVMValueRef call) {
  LLVMValueRef callee = LLVMGetCalledValue(call);
  if (!LLVMIsAFunction(callee)) {
    return NULL;
  }
  int row = ude_map_get(&walk->rules, callee);
  if (row < 0) {
    const ude_rule *rule = find_rule(call, ude_call_name(call));
    row                  = rule ? (int)(rule - ude_rules) + 1 : 0;
    ude_map_put(walk, &walk->rules, callee, row);
  }
  return row ? &ude_rules[row - 1] : NULL;
}

unsigned ude_rule_needs(const ude_rule *rule, int k) {
  const char *text = rule->partial[k];
  unsigned    need = 0;
  if (!text) {
    return 0;
  }
  for (const char *at = text; *at; at++) {
    bool inside = at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '_');
    bool single = !isalnum((unsigned char)at[1]) && at[1] != '_' && at[1] != '(';
    if (inside || !single) {
      continue;
    }
    if (*at >= 'x' && *at <= 'z') {
      need |= 1U << (*at - 'x');
    }
    if (*at == 'r') {
      need |= UDE_RULE_NEEDS_RESULT;
    }
  }
  return need;
}

bool ude_rule_is_one(const ude_rule *rule, int k) {
  return rule->partial[k] && !strcmp(rule->partial[k], "1");
}
