/* Functions of long double by those of double. */
#include "compiler/long_double.h"

#include <stdio.h>
#include <string.h>

#include "compiler/rules.h"

static bool listed(const char *name, const char *const *list) {
  for (; *list; list++) {
    if (!strcmp(name, *list)) {
      return true;
    }
  }
  return false;
}

/* Of the mathematical library, apart from the rule table. */
static bool has_double_form(const char *name, LLVMTypeRef type) {
  static const char *const others[] = {
      "lrint",   "llrint",  "lround",   "llround",      "ilogb",  "modf",  "sincos",
      "nan",     "cexp",    "clog",     "csqrt",        "cpow",   "csin",  "ccos",
      "ctan",    "csinh",   "ccosh",    "ctanh",        "cabs",   "carg",  "casin",
      "cacos",   "catan",   "casinh",   "cacosh",       "catanh", "cproj", "conj",
      "creal",   "cimag",   "gamma",    "significand",  "pow10",  "scalb", "__signbit",
      "__isnan", "__isinf", "__finite", "__fpclassify", NULL};
  return ude_rule_for_symbol(name, type) || listed(name, others);
}

/* The name of the same function of double; false: there is none, or it is no function of long double. */
static bool double_form(const char *name, LLVMTypeRef type, char plain[64]) {
  static const char *const irregular[][2] = {
      {"lgammal_r", "lgamma_r"}, {"nexttoward", "nextafter"}, {"nexttowardl", "nextafter"}};
  size_t length = strlen(name);
  for (size_t k = 0; k < sizeof irregular / sizeof *irregular; k++) {
    if (!strcmp(name, irregular[k][0])) {
      snprintf(plain, 64, "%s", irregular[k][1]);
      return true;
    }
  }
  if (length < 2 || length >= 64 || name[length - 1] != 'l') {
    return false;
  }
  snprintf(plain, 64, "%.*s", (int)length - 1, name);
  return has_double_form(plain, type);
}

ude_status ude_long_double_calls(LLVMModuleRef module, ude_error *error) {
  static const char *const without[] = {"strtold", "wcstold", "strtold_l", "nexttowardf", NULL};
  const bool               same      = strcmp(UDE_LONG_DOUBLE_FLAG, "-mlong-double-64") == 0;
  for (LLVMValueRef f = LLVMGetFirstFunction(module), next; f && same; f = next) {
    next               = LLVMGetNextFunction(f);
    size_t      length = 0;
    const char *name   = LLVMGetValueName2(f, &length);
    char        plain[64];
    if (!LLVMIsDeclaration(f) || !LLVMGetFirstUse(f) || LLVMGetIntrinsicID(f)) {
      continue;
    }
    if (listed(name, without)) {
      return ude_fail(error, UDE_COMPILE,
                      "the model calls '%s', which takes or gives long double; in models that is "
                      "the same as double: use strtod or nextafterf",
                      name);
    }
    if (!double_form(name, LLVMGlobalGetValueType(f), plain)) {
      continue;
    }
    LLVMValueRef other = LLVMGetNamedFunction(module, plain);
    if (other) {
      LLVMReplaceAllUsesWith(f, other);
    } else {
      LLVMSetValueName2(f, plain, strlen(plain));
    }
  }
  return UDE_OK;
}
