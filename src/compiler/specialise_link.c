/* Kernels as bitcode in the library. */
#include <llvm-c/BitReader.h>
#include <llvm-c/Linker.h>
#include <string.h>

#include "compiler/specialise.h"

/* The files that room.cmake compiles, as bytes of the library, by the assembler. */
#define SYMBOL(method, size) "ude_kernel_" #method "_" #size
#define UDE_KERNEL_FILE(method, size, path)                                                 \
  __asm__(".section .rodata\n.balign 16\n.hidden " SYMBOL(method, size) "\n.globl " SYMBOL( \
      method,                                                                               \
      size) "\n" SYMBOL(method,                                                             \
                        size) ":\n.incbin \"" path                                          \
                              "\"\n.hidden " SYMBOL(method, size) "_end\n.globl " SYMBOL(   \
                                  method,                                                   \
                                  size) "_end\n" SYMBOL(method,                             \
                                                        size) "_end:\n.byte 0\n.previous\n");
#include "kernel_list.h"
#undef UDE_KERNEL_FILE

#define UDE_KERNEL_FILE(method, size, path) \
  extern const char ude_kernel_##method##_##size[], ude_kernel_##method##_##size##_end[];
#include "kernel_list.h"
#undef UDE_KERNEL_FILE

static const struct {
  const char *method, *size, *start, *end;
} files[] = {
#define UDE_KERNEL_FILE(method, size, path) \
  {#method, #size, ude_kernel_##method##_##size, ude_kernel_##method##_##size##_end},
#include "kernel_list.h"
#undef UDE_KERNEL_FILE
};

const char *ude_specialise_name(const char *method) {
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    if (strcmp(files[i].method, method) == 0) {
      return files[i].method;
    }
  }
  return NULL;
}

ude_status ude_specialise_link(LLVMModuleRef module, const char *method, int64_t states,
                               ude_error *error) {
  const char *size = states <= UDE_KERNEL_TINY ? "tiny" : "any";
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    if (strcmp(files[i].method, method) != 0 || strcmp(files[i].size, size) != 0) {
      continue;
    }
    LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRange(
        files[i].start, (size_t)(files[i].end - files[i].start), "kernel", 0);
    LLVMModuleRef added = NULL;
    bool failed = LLVMParseBitcodeInContext2(LLVMGetModuleContext(module), buffer, &added) ||
                  LLVMLinkModules2(module, added);
    LLVMDisposeMemoryBuffer(buffer);
    return failed ? ude_fail(error, UDE_INTERNAL, "the steps of '%s' cannot be linked", method)
                  : UDE_OK;
  }
  return ude_fail(error, UDE_INTERNAL, "there are no steps of '%s' to be linked", method);
}
