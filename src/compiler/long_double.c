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

ude_status ude_long_double_calls(LLVMModuleRef module, ude_error *error) {
  static const char *const without[] = {"strtold",     "wcstold",     "strtold_l", "nexttoward",
                                        "nexttowardf", "nexttowardl", NULL};
  for (LLVMValueRef f = LLVMGetFirstFunction(module), next; f; f = next) {
    next               = LLVMGetNextFunction(f);
    size_t      length = 0;
    const char *name   = LLVMGetValueName2(f, &length);
    if (!LLVMIsDeclaration(f) || !LLVMGetFirstUse(f) || LLVMGetIntrinsicID(f) || length < 2) {
      continue;
    }
    if (listed(name, without)) {
      return ude_fail(error, UDE_COMPILE,
                      "the model calls '%s', which takes or gives long double; in models that is "
                      "the same as double: use strtod or nextafter",
                      name);
    }
    bool        reentrant = !strcmp(name, "lgammal_r");
    char        plain[64];
    LLVMTypeRef type = LLVMGlobalGetValueType(f);
    if ((name[length - 1] != 'l' && !reentrant) || length >= sizeof plain) {
      continue;
    }
    snprintf(plain, sizeof plain, "%.*s", (int)length - 1, name);
    if (reentrant) {
      snprintf(plain, sizeof plain, "lgamma_r");
    }
    if (!has_double_form(plain, type)) {
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
