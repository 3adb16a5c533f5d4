/* LLVM passes and machine code. */
#include "compiler/pipeline.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialise(void) {
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
}

ude_status ude_pipeline_target(LLVMTargetMachineRef *machine, ude_error *error) {
  pthread_once(&once, initialise);
  char         *triple   = LLVMGetDefaultTargetTriple();
  char         *cpu      = LLVMGetHostCPUName();
  char         *features = LLVMGetHostCPUFeatures();
  char         *message  = NULL;
  LLVMTargetRef target   = NULL;
  *machine               = NULL;
  if (!LLVMGetTargetFromTriple(triple, &target, &message)) {
    *machine = LLVMCreateTargetMachine(target, triple, cpu, features, LLVMCodeGenLevelAggressive,
                                       LLVMRelocPIC, LLVMCodeModelJITDefault);
  }
  ude_status status = *machine ? UDE_OK
                               : ude_fail(error, UDE_UNSUPPORTED, "LLVM has no target for %s: %s",
                                          triple, message ? message : "");
  LLVMDisposeMessage(message);
  LLVMDisposeMessage(triple);
  LLVMDisposeMessage(cpu);
  LLVMDisposeMessage(features);
  return status;
}

void ude_pipeline_describe(ude_text *text) {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned patch = 0;
  char    *cpu      = LLVMGetHostCPUName();
  char    *features = LLVMGetHostCPUFeatures();
  LLVMGetVersion(&major, &minor, &patch);
  ude_text_append(text, "llvm %u.%u.%u %s %s\n", major, minor, patch, cpu, features);
  LLVMDisposeMessage(cpu);
  LLVMDisposeMessage(features);
}

static bool kept(const char *name, bool data) {
  return strncmp(name, "ude.", 4) == 0 ||
         (data && (strcmp(name, "u0") == 0 || strcmp(name, "p0") == 0 || strcmp(name, "tspan") == 0));
}

static void delete_global(LLVMModuleRef module, const char *name) {
  LLVMValueRef global = LLVMGetNamedGlobal(module, name);
  if (global) {
    LLVMDeleteGlobal(global);
  }
}

void ude_pipeline_internalize(LLVMModuleRef module, bool data) {
  static const char *const apart[]   = {"noinline", "optnone"};
  static const char *const machine[] = {"target-cpu", "target-features", "tune-cpu"};
  delete_global(module, "llvm.global.annotations");
  delete_global(module, "llvm.compiler.used");
  delete_global(module, "llvm.used");
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    size_t length = 0;
    if (LLVMIsDeclaration(f)) {
      continue;
    }
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
      unsigned kind = LLVMGetEnumAttributeKindForName(apart[i], strlen(apart[i]));
      LLVMRemoveEnumAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, kind);
    }
    for (size_t i = 0; i < sizeof machine / sizeof machine[0]; i++) { /* clang's default is a generic one */
      LLVMRemoveStringAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, machine[i],
                                       (unsigned)strlen(machine[i]));
    }
    if (!kept(LLVMGetValueName2(f, &length), data)) {
      LLVMSetLinkage(f, LLVMInternalLinkage);
    }
  }
  for (LLVMValueRef g = LLVMGetFirstGlobal(module); g; g = LLVMGetNextGlobal(g)) {
    size_t length = 0;
    if (LLVMGetInitializer(g) && !kept(LLVMGetValueName2(g, &length), data)) {
      LLVMSetLinkage(g, LLVMInternalLinkage);
    }
  }
}

static ude_status run(LLVMModuleRef module, LLVMTargetMachineRef machine, const char *passes,
                      bool vectorise, ude_error *error) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMPassBuilderOptionsSetLoopVectorization(options, vectorise);
  LLVMPassBuilderOptionsSetSLPVectorization(options, vectorise);
  LLVMPassBuilderOptionsSetLoopUnrolling(options, vectorise);
  LLVMPassBuilderOptionsSetLoopInterleaving(options, vectorise);
  LLVMErrorRef failed = LLVMRunPasses(module, passes, machine, options);
  LLVMDisposePassBuilderOptions(options);
  if (failed) {
    char      *message = LLVMGetErrorMessage(failed);
    ude_status status  = ude_fail(error, UDE_INTERNAL, "LLVM passes '%s': %s", passes, message);
    LLVMDisposeErrorMessage(message);
    return status;
  }
  return UDE_OK;
}

ude_status ude_pipeline_canonical(LLVMModuleRef module, LLVMTargetMachineRef machine,
                                  ude_error *error) {
  return run(module, machine,
             "thinlto-pre-link<O2>,function(loop(loop-unroll-full),sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg)",
             false, error);
}

ude_status ude_pipeline_object(LLVMModuleRef module, LLVMTargetMachineRef machine,
                               LLVMMemoryBufferRef *object, ude_error *error) {
  LLVMStripModuleDebugInfo(module); /* nothing reads it any more, and it costs time */
  ude_status status = run(module, machine, "default<O3>", true, error);
  char      *message = NULL;
  *object            = NULL;
  if (status == UDE_OK &&
      LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMObjectFile, &message, object)) {
    status = ude_fail(error, UDE_INTERNAL, "machine code: %s", message ? message : "");
    LLVMDisposeMessage(message);
  }
  return status;
}
