/**
 * @file debug_info.h
 * @brief Debug information nodes by number, read from the module's text form.
 *
 * LLVM's C interface gives neither tags nor base types of debug information; its text form does, and is stable
 * over the versions that we accept.
 */
#ifndef UDE_COMPILER_DEBUG_INFO_H
#define UDE_COMPILER_DEBUG_INFO_H

#include <llvm-c/Core.h>

#include <ude/base.h>

typedef struct ude_debug_info {
  char *text; /**< owned by LLVM: LLVMDisposeMessage */
  const char **
      node; /**< [count] start of "!N = ..." after the equals sign, NULL where none; lines end in NUL */
  int64_t count;
} ude_debug_info;

ude_status ude_debug_info_open(ude_debug_info *info, LLVMModuleRef module, ude_error *error);
void       ude_debug_info_close(ude_debug_info *info);

/** Start of the value of `key` in a node ("name" in `!DIFile(name: "x")`), or NULL. */
const char *ude_debug_field(const char *node, const char *key);
/** The node that a field refers to, or NULL. */
const char *ude_debug_reference(const ude_debug_info *info, const char *node, const char *key);
/** A whole-number field, or `missing`. */
int64_t ude_debug_integer(const char *node, const char *key, int64_t missing);
/** A quoted field copied to `buffer` (empty if there is none). */
char *ude_debug_string(const char *node, const char *key, char *buffer, size_t size);
/** Is the node of this kind ("DIDerivedType") and, if given, with this tag ("DW_TAG_member")? */
bool ude_debug_is(const char *node, const char *kind, const char *tag);
/** Iterate the elements of a list node `!{!1, null, !2}`: *at starts NULL; sets *element (NULL for null); false at the end. */
bool ude_debug_next(const ude_debug_info *info, const char *list, const char **at,
                    const char **element);
/** "file.c:12" of a node. */
char *ude_debug_place(const ude_debug_info *info, const char *node, char *buffer, size_t size);

#endif
