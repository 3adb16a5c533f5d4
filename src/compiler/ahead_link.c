/* The runtime functions of emitted code as bitcode, and linking them into a module. */
#include <llvm-c/BitReader.h>
#include <llvm-c/Linker.h>

#include "compiler/ahead.h"

/* The files that room.cmake compiles, as bytes of the library, by the assembler. */
#define UDE_RUNTIME_FILE(symbol, path)                                                         \
  __asm__(".section .rodata\n.balign 16\n.hidden " #symbol "\n.globl " #symbol "\n" #symbol    \
          ":\n.incbin \"" path "\"\n.hidden " #symbol "_end\n.globl " #symbol "_end\n" #symbol \
          "_end:\n.byte 0\n.previous\n");
#include "runtime_list.h"
#undef UDE_RUNTIME_FILE

#define UDE_RUNTIME_FILE(symbol, path) \
  extern const char symbol[], symbol##_end[];  // NOLINT(bugprone-macro-parentheses)
#include "runtime_list.h"
#undef UDE_RUNTIME_FILE

ude_status ude_ahead_link_runtime(LLVMModuleRef module, ude_error *error) {
  static const struct {
    const char *start, *end;
  } files[] = {
#define UDE_RUNTIME_FILE(symbol, path) {symbol, symbol##_end},
#include "runtime_list.h"
#undef UDE_RUNTIME_FILE
  };
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    size_t              length = (size_t)(files[i].end - files[i].start);
    LLVMMemoryBufferRef buffer =
        LLVMCreateMemoryBufferWithMemoryRange(files[i].start, length, "runtime", 0);
    LLVMModuleRef added = NULL;
    bool failed = LLVMParseBitcodeInContext2(LLVMGetModuleContext(module), buffer, &added) ||
                  LLVMLinkModules2(module, added);
    LLVMDisposeMemoryBuffer(buffer);
    if (failed) {
      return ude_fail(error, UDE_INTERNAL,
                      "the runtime functions cannot be linked into the object");
    }
  }
  return UDE_OK;
}
