/* Rules of BLAS and LAPACK, and bodies of complex functions and of qsort, for a model that calls them. */
#include "compiler/library_rules.h"

#include <llvm-c/Linker.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/link.h"
#include "compiler/long_double.h"

static const char *name_of(LLVMValueRef value) {
  size_t length = 0;
  return LLVMGetValueName2(value, &length);
}

/* cblas_dgemm, LAPACKE_sgesv, dgemm_: does the name look like a function of these libraries? */
static bool is_blas(const char *name) {
  static const char *const stems[] = {"dot",   "nrm2",  "asum", "axpy",  "scal", "copy", "swap",
                                      "gemv",  "ger",   "gemm", "trmv",  "trsv", "trmm", "trsm",
                                      "getrf", "getrs", "gesv", "potrf", "potrs"};
  bool                     fortran = true;
  if (!strncmp(name, "cblas_", 6)) {
    name += 6;
    fortran = false;
  } else if (!strncmp(name, "LAPACKE_", 8)) {
    name += 8;
    fortran = false;
  }
  if (*name != 'd' && *name != 's') {
    return false;
  }
  for (size_t k = 0; k < sizeof stems / sizeof *stems; k++) {
    size_t length = strlen(stems[k]);
    if (!strncmp(name + 1, stems[k], length) && !strcmp(name + 1 + length, fortran ? "_" : "")) {
      return true;
    }
  }
  return false;
}

/* cexp, csqrtf: what stands in rules/complex.h. */
static bool is_complex(const char *name) {
  static const char *const stems[] = {"cexp", "clog",  "csqrt", "cpow",  "csin",  "ccos",
                                      "ctan", "csinh", "ccosh", "ctanh", "cabsf", "cargf"};
  for (size_t k = 0; k < sizeof stems / sizeof *stems; k++) {
    size_t length = strlen(stems[k]);
    if (!strncmp(name, stems[k], length) && (!name[length] || !strcmp(name + length, "f"))) {
      return true;
    }
  }
  return false;
}

static bool is_sort(const char *name) {
  return !strcmp(name, "qsort");
}

static bool calls_known(LLVMModuleRef module, bool (*looks_known)(const char *)) {
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    if (LLVMIsDeclaration(f) && LLVMGetFirstUse(f) && looks_known(name_of(f))) {
      return true;
    }
  }
  return false;
}

/* ---------------------------------------------------------------------------------- pruning -- */

/** What is needed of the rules, as marks: section names of functions and rules serve nothing else here. */
static void mark(LLVMValueRef value) {
  LLVMSetSection(value, "needed");
}
static bool is_marked(LLVMValueRef value) {
  const char *section = LLVMGetSection(value);
  return section && !strcmp(section, "needed");
}

static bool is_rule(LLVMValueRef global) {
  return !strncmp(name_of(global), "ude_rule_", 9);
}

static bool is_body(LLVMValueRef global) {
  return !strncmp(name_of(global), "ude_rule_body_", 14);
}

/* Mark what a marked function mentions; true if anything was new. */
static bool spread(LLVMValueRef function) {
  bool more = false;
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b; b = LLVMGetNextBasicBlock(b)) {
    for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) {
      for (int k = 0; k < LLVMGetNumOperands(i); k++) {
        LLVMValueRef operand = LLVMGetOperand(i, (unsigned)k);
        if (operand && LLVMIsAFunction(operand) && !LLVMGetIntrinsicID(operand) &&
            !is_marked(operand)) {
          mark(operand);
          more = true;
        }
      }
    }
  }
  return more;
}

static void forget_list(LLVMModuleRef rules, const char *name) {
  LLVMValueRef list = LLVMGetNamedGlobal(rules, name);
  if (list) {
    LLVMDeleteGlobal(list);
  }
}

/* Keep the rules of functions that the model calls or that kept rules call. */
static void prune(LLVMModuleRef rules, LLVMModuleRef module, bool bodies) {
  forget_list(rules, "llvm.used");
  forget_list(rules, "llvm.compiler.used");
  for (LLVMValueRef f = LLVMGetFirstFunction(rules); f; f = LLVMGetNextFunction(f)) {
    LLVMValueRef called = LLVMIsDeclaration(f) ? LLVMGetNamedFunction(module, name_of(f)) : NULL;
    if (called && LLVMGetFirstUse(called) && !LLVMGetIntrinsicID(f)) {
      mark(f);
    }
  }
  for (bool more = true; more;) {
    more = false;
    for (LLVMValueRef g = LLVMGetFirstGlobal(rules); g; g = LLVMGetNextGlobal(g)) {
      LLVMValueRef initial = is_rule(g) ? LLVMGetInitializer(g) : NULL;
      if (!initial || is_marked(g) || (!bodies && is_body(g)) ||
          LLVMGetNamedGlobal(module, name_of(g)) ||
          !is_marked(LLVMGetAggregateElement(initial, 0))) {
        continue;
      }
      mark(g);
      mark(LLVMGetAggregateElement(initial, 1));
      more = true;
    }
    for (LLVMValueRef f = LLVMGetFirstFunction(rules); f; f = LLVMGetNextFunction(f)) {
      more = (!LLVMIsDeclaration(f) && is_marked(f) && spread(f)) || more;
    }
  }
  for (LLVMValueRef g = LLVMGetFirstGlobal(rules), next; g; g = next) {
    next = LLVMGetNextGlobal(g);
    if (is_rule(g) && is_marked(g)) {
      LLVMSetLinkage(g, LLVMExternalLinkage);
    } else if (is_rule(g)) {
      LLVMDeleteGlobal(g);
      continue;
    }
    LLVMSetSection(g, "");
  }
  for (bool more = true; more;) { /* callers before callees */
    more = false;
    for (LLVMValueRef f = LLVMGetFirstFunction(rules), next; f; f = next) {
      next = LLVMGetNextFunction(f);
      if (!is_marked(f) && !LLVMGetFirstUse(f)) {
        LLVMDeleteFunction(f);
        more = true;
      }
    }
  }
  for (LLVMValueRef f = LLVMGetFirstFunction(rules); f; f = LLVMGetNextFunction(f)) {
    LLVMSetSection(f, "");
  }
}

static ude_status link_file(LLVMModuleRef module, const ude_compile_options *options,
                            const char *file, bool bodies, ude_clang_output *output,
                            ude_error *error) {
  char                      buffer[4096];
  char                      path[4200];
  const ude_compile_options plain = {.clang = options->clang, .include_dir = options->include_dir};
  snprintf(path, sizeof path, "%s/ude/rules/%s", ude_include_dir(options, buffer, sizeof buffer),
           file);
  ude_status    status = ude_clang_run(path, &plain, output, error);
  LLVMModuleRef rules  = NULL;
  if (status == UDE_OK) {
    status = ude_link_add(LLVMGetModuleContext(module), &rules, &output->bitcode, path, error);
  }
  if (status == UDE_OK) {
    prune(rules, module, bodies);
    if (LLVMLinkModules2(module, rules)) {
      status = ude_fail(error, UDE_COMPILE, "%s: cannot be linked with the model", path);
    }
  }
  return status;
}

ude_status ude_library_rules_link(LLVMModuleRef module, const ude_compile_options *options,
                                  ude_clang_output outputs[UDE_RULE_FILES], ude_error *error) {
  const bool bodies = (options->derivatives & (UDE_DERIVATIVE_JET | UDE_SPARSITY | UDE_LANES)) != 0;
  const struct {
    const char *file;
    bool (*looks_known)(const char *);
    bool bodies; /* are they for anything? Forward and reverse mode have rules for BLAS */
  } files[UDE_RULE_FILES] = {
      {"blas.h", is_blas, bodies}, {"complex.h", is_complex, true}, {"sort.h", is_sort, true}};
  ude_status status = ude_long_double_calls(module, error);
  for (int k = 0; k < UDE_RULE_FILES; k++) {
    outputs[k] = (ude_clang_output){0};
    if (status == UDE_OK && calls_known(module, files[k].looks_known)) {
      status = link_file(module, options, files[k].file, files[k].bodies, &outputs[k], error);
    }
  }
  return status;
}
