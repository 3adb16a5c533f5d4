/**
 * @file refuse.c
 * @brief Messages of refusals: place, construct, function, reason, chain of inlined calls, advice.
 */
#include <llvm-c/DebugInfo.h>
#include <stdio.h>
#include <string.h>

#include "compiler/walker.h"

_Noreturn void ude_walk_leave(ude_walk *walk, ude_status status, const char *message) {
  ude_fail(walk->error, status, "%s", message);
  longjmp(walk->leave, (int)status);
}

/* Operand `index` of a metadata node; NULL if it is absent. */
static LLVMMetadataRef node_operand(ude_walk *walk, LLVMMetadataRef node, unsigned index) {
  LLVMValueRef value = LLVMMetadataAsValue(walk->context, node);
  unsigned     count = LLVMGetMDNodeNumOperands(value);
  if (index >= count) {
    return NULL;
  }
  LLVMValueRef *operands = ude_walk_alloc(walk, count, sizeof *operands);
  LLVMGetMDNodeOperands(value, operands);
  return operands[index] ? LLVMValueAsMetadata(operands[index]) : NULL;
}

/* Source name of the function that a scope lies in. Operands of a DISubprogram are file, scope, name,
 * ...; those of lexical blocks are file, scope. */
static void scope_function(ude_walk *walk, LLVMMetadataRef scope, ude_text *text) {
  for (int depth = 0; scope && depth < 64; depth++) {
    LLVMMetadataKind kind = LLVMGetMetadataKind(scope);
    if (kind == LLVMDISubprogramMetadataKind) {
      LLVMMetadataRef name = node_operand(walk, scope, 2);
      if (!name) {
        return;
      }
      unsigned    length = 0;
      const char *bytes  = LLVMGetMDString(LLVMMetadataAsValue(walk->context, name), &length);
      ude_text_append_bytes(text, bytes, length);
      return;
    }
    if (kind != LLVMDILexicalBlockMetadataKind && kind != LLVMDILexicalBlockFileMetadataKind) {
      return;
    }
    scope = node_operand(walk, scope, 1);
  }
}

static void location_file(LLVMMetadataRef location, ude_text *text) {
  LLVMMetadataRef file   = LLVMDIScopeGetFile(LLVMDILocationGetScope(location));
  unsigned        length = 0;
  const char     *name   = file ? LLVMDIFileGetFilename(file, &length) : NULL;
  if (name && length) {
    ude_text_append_bytes(text, name, length);
  } else {
    ude_text_append(text, "?");
  }
}

/* The nearest instruction with a line: the optimiser drops lines of code that it moves. */
static LLVMMetadataRef nearest_location(LLVMValueRef instruction) {
  for (LLVMValueRef at = instruction; at; at = LLVMGetNextInstruction(at)) {
    LLVMMetadataRef location = LLVMInstructionGetDebugLoc(at);
    if (location && LLVMDILocationGetLine(location)) {
      return location;
    }
  }
  for (LLVMValueRef at = instruction; at; at = LLVMGetPreviousInstruction(at)) {
    LLVMMetadataRef location = LLVMInstructionGetDebugLoc(at);
    if (location && LLVMDILocationGetLine(location)) {
      return location;
    }
  }
  return NULL;
}

_Noreturn void ude_refuse(ude_walk *walk, LLVMValueRef instruction, const char *what,
                          const char *why, const char *advice) {
  ude_text        text     = {0};
  LLVMMetadataRef location = nearest_location(instruction);
  LLVMValueRef    function = LLVMGetBasicBlockParent(LLVMGetInstructionParent(instruction));
  if (location) {
    location_file(location, &text);
    ude_text_append(&text, ":%u", LLVMDILocationGetLine(location));
    if (LLVMDILocationGetColumn(location)) {
      ude_text_append(&text, ":%u", LLVMDILocationGetColumn(location));
    }
    ude_text_append(&text, ": ");
  }
  ude_text_append(&text, "cannot %s %s in '", walk->verb ? walk->verb : "differentiate", what);
  if (location) {
    scope_function(walk, LLVMDILocationGetScope(location), &text);
  } else {
    size_t      length = 0;
    const char *name   = LLVMGetValueName2(function, &length);
    ude_text_append_bytes(&text, name, length);
  }
  ude_text_append(&text, "': %s", why);
  LLVMMetadataRef at = location ? LLVMDILocationGetInlinedAt(location) : NULL;
  for (int depth = 0; at && depth < 8; depth++, at = LLVMDILocationGetInlinedAt(at)) {
    ude_text_append(&text, depth ? ", at " : " (inlined at ");
    location_file(at, &text);
    ude_text_append(&text, ":%u in '", LLVMDILocationGetLine(at));
    scope_function(walk, LLVMDILocationGetScope(at), &text);
    ude_text_append(&text, "'");
    if (depth == 7 || !LLVMDILocationGetInlinedAt(at)) {
      ude_text_append(&text, ")");
    }
  }
  ude_text_append(&text, "; %s", advice);
  ude_status status = text.failed ? ude_fail_memory(walk->error, "a message")
                                  : ude_fail(walk->error, UDE_NOT_DIFFERENTIABLE, "%s", text.data);
  ude_text_free(&text);
  longjmp(walk->leave, (int)status);
}

_Noreturn void ude_refuse_call(ude_walk *walk, LLVMValueRef call, const char *why,
                               const char *advice) {
  char        what[256];
  const char *name = ude_call_name(call);
  if (name) {
    snprintf(what, sizeof what, "the call to '%s'", name);
  } else {
    snprintf(what, sizeof what, "a call");
  }
  ude_refuse(walk, call, what, why, advice);
}
