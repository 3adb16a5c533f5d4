/* Bitcode of several files into one module. */
#include "compiler/link.h"

#include <dlfcn.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/Linker.h>
#include <stdio.h>
#include <string.h>

#include "compiler/runtime.h"

/* LLVM's handler of last resort would print and exit. */
static void keep_first(LLVMDiagnosticInfoRef info, void *context) {
  char *first = context;
  if (first && first[0] == '\0' && LLVMGetDiagInfoSeverity(info) == LLVMDSError) {
    char *text = LLVMGetDiagInfoDescription(info);
    snprintf(first, 256, "%s", text);
    LLVMDisposeMessage(text);
  }
}

ude_status ude_link_add(LLVMContextRef context, LLVMModuleRef *module, const ude_text *bitcode,
                        const char *file, ude_error *error) {
  char message[256] = "";
  LLVMContextSetDiagnosticHandler(context, keep_first, message);
  LLVMMemoryBufferRef buffer =
      LLVMCreateMemoryBufferWithMemoryRange(bitcode->data, bitcode->length, file, 0);
  LLVMModuleRef added  = NULL;
  ude_status    status = UDE_OK;
  if (LLVMParseBitcodeInContext2(context, buffer, &added)) {
    status =
        ude_fail(error, UDE_COMPILE,
                 "%s: clang's bitcode cannot be read, clang and LLVM must be of one version: %s",
                 file, message);
  } else if (!*module) {
    *module = added;
  } else if (LLVMLinkModules2(*module, added)) {
    status = ude_fail(error, UDE_COMPILE, "%s: cannot be linked with the files before it: %s", file,
                      message[0] ? message : "a symbol is defined twice");
  }
  LLVMDisposeMemoryBuffer(buffer);
  LLVMContextSetDiagnosticHandler(context, keep_first, NULL);
  return status;
}

/* "file.c:12: " of an instruction that uses the value, however deep in constants. */
static void place_of_use(LLVMValueRef value, int depth, char *place, size_t size) {
  for (LLVMUseRef use = LLVMGetFirstUse(value); use && !place[0] && depth < 8;
       use            = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    if (!LLVMIsAInstruction(user)) {
      place_of_use(user, depth + 1, place, size);
    } else if (LLVMGetDebugLocLine(user) > 0) {
      unsigned    length = 0;
      const char *name   = LLVMGetDebugLocFilename(user, &length);
      snprintf(place, size, "%.*s:%u: ", (int)length, name ? name : "", LLVMGetDebugLocLine(user));
    }
  }
}

static ude_status check(LLVMValueRef symbol, ude_error *error) {
  size_t      length = 0;
  const char *name   = LLVMGetValueName2(symbol, &length);
  bool random = strcmp(name, UDE_RUNTIME_UNIFORM) == 0 || strcmp(name, UDE_RUNTIME_NORMAL) == 0;
  if (random || !LLVMGetFirstUse(symbol) || strncmp(name, "llvm.", 5) == 0 ||
      strncmp(name, "ude.", 4) == 0 || dlsym(RTLD_DEFAULT, name)) {
    return UDE_OK;
  }
  char place[512] = "";
  place_of_use(symbol, 0, place, sizeof place);
  return ude_fail(error, UDE_COMPILE,
                  "%s'%s' is used, but none of the model's files defines it, nor do the C and "
                  "mathematical libraries",
                  place, name);
}

ude_status ude_link_check(LLVMModuleRef module, ude_error *error) {
  ude_status status = UDE_OK;
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f && !status; f = LLVMGetNextFunction(f)) {
    status = LLVMIsDeclaration(f) ? check(f, error) : UDE_OK;
  }
  for (LLVMValueRef g = LLVMGetFirstGlobal(module); g && !status; g = LLVMGetNextGlobal(g)) {
    status = LLVMGetInitializer(g) ? UDE_OK : check(g, error);
  }
  return status;
}
