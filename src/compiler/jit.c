/* Object code into memory by LLVM's ORC. */
#include "compiler/jit.h"

#include <llvm-c/Core.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Target.h>
#include <pthread.h>
#include <stdlib.h>

#include "compiler/lanes_library.h"
#include "compiler/runtime.h"
#include "compiler/transform.h"

struct ude_jit {
  LLVMOrcLLJITRef lljit;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialise(void) {
  ude_lanes_library_open();
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  LLVMInitializeNativeAsmParser(); /* of inline assembly */
}

/* Errors come back from the call that meets them; LLVM would print them as well. */
static void swallow(void *context, LLVMErrorRef error) {
  (void)context;
  LLVMConsumeError(error);
}

static ude_status take(LLVMErrorRef failed, const char *what, ude_error *error) {
  if (!failed) {
    return UDE_OK;
  }
  char      *message = LLVMGetErrorMessage(failed);
  ude_status status  = ude_fail(error, UDE_INTERNAL, "%s: %s", what, message);
  LLVMDisposeErrorMessage(message);
  return status;
}

typedef struct definition {
  ude_jit   *jit;
  ude_error *error;
  ude_status status;
} definition;

static void define(const char *name, void *address, void *context) {
  definition *to = context;
  if (to->status) {
    return;
  }
  LLVMJITSymbolFlags flags = {LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable,
                              0};
  LLVMOrcCSymbolMapPair         pair = {LLVMOrcLLJITMangleAndIntern(to->jit->lljit, name),
                                        {(LLVMOrcExecutorAddress)(uintptr_t)address, flags}};
  LLVMOrcMaterializationUnitRef unit = LLVMOrcAbsoluteSymbols(&pair, 1);
  LLVMErrorRef failed = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(to->jit->lljit), unit);
  if (failed) {
    LLVMOrcDisposeMaterializationUnit(unit);
  }
  to->status = take(failed, name, to->error);
}

ude_status ude_jit_create(ude_jit **jit, ude_error *error) {
  pthread_once(&once, initialise);
  *jit          = NULL;
  ude_jit *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "the loader of machine code");
  }
  ude_status status =
      take(LLVMOrcCreateLLJIT(&made->lljit, NULL), "the loader of machine code", error);
  if (status == UDE_OK) {
    LLVMOrcExecutionSessionSetErrorReporter(LLVMOrcLLJITGetExecutionSession(made->lljit), swallow,
                                            NULL);
    LLVMOrcDefinitionGeneratorRef process = NULL;
    status = take(LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(
                      &process, LLVMOrcLLJITGetGlobalPrefix(made->lljit), NULL, NULL),
                  "symbols of the process", error);
    if (status == UDE_OK) {
      LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(made->lljit), process);
    }
  }
  if (status == UDE_OK) {
    definition to = {made, error, UDE_OK};
    define(UDE_RUNTIME_RECORD, (void *)(uintptr_t)&ude_runtime_record, &to);
    define(UDE_RUNTIME_UNIFORM, (void *)(uintptr_t)&ude_rng_uniform, &to);
    define(UDE_RUNTIME_NORMAL, (void *)(uintptr_t)&ude_rng_normal, &to);
    ude_transform_runtime_symbols(define, &to);
    status = to.status;
  }
  if (status) {
    ude_jit_free(made);
    return status;
  }
  *jit = made;
  return UDE_OK;
}

ude_status ude_jit_add(ude_jit *jit, const char *code, size_t length, const char *name,
                       ude_error *error) {
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(code, length, name);
  return take(
      LLVMOrcLLJITAddObjectFile(jit->lljit, LLVMOrcLLJITGetMainJITDylib(jit->lljit), buffer), name,
      error);
}

void *ude_jit_find(ude_jit *jit, const char *symbol, ude_error *error) {
  LLVMOrcExecutorAddress address = 0;
  if (take(LLVMOrcLLJITLookup(jit->lljit, &address, symbol), symbol, error)) {
    return NULL;
  }
  return (void *)(uintptr_t)address;
}

void ude_jit_free(ude_jit *jit) {
  if (jit) {
    if (jit->lljit) {
      take(LLVMOrcDisposeLLJIT(jit->lljit), "", NULL);
    }
    free(jit);
  }
}
