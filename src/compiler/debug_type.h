/**
 * @file debug_type.h
 * @brief What debug information says about the parameters of a function.
 */
#ifndef UDE_COMPILER_DEBUG_TYPE_H
#define UDE_COMPILER_DEBUG_TYPE_H

#include <llvm-c/Core.h>

#include <ude/base.h>

/** What a pointer parameter points to. */
typedef struct ude_pointee {
  bool     known;    /**< false: no debug information, or no pointer */
  bool     constant; /**< to const */
  int      real;     /**< 8: double, 4: float, 0: neither */
  unsigned holds;    /**< UDE_HOLDS_* of all it holds, as far as known */
  bool     record;   /**< a struct or union */
  uint64_t size;     /**< bytes; 0 of an incomplete type */
} ude_pointee;

/** Of C parameter `index` (structs that are passed by value count once). */
ude_pointee ude_debug_pointee(LLVMValueRef function, unsigned index);
/** Number of C parameters, or -1 if it is not known. */
int ude_debug_params(LLVMValueRef function);
/** "file.c:12: " of an instruction or, failing that, of its function; "" if not known. */
char *ude_debug_where(LLVMValueRef instruction, char *buffer, size_t size);

#endif
