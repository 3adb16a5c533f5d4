/* The learned functions: names and kinds of their arguments. Array extents follow from libclang
 * (source.c), where they are needed. */
#include "compiler/reflect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char mark[] = "ude:learned";

/* Name of argument `number` (from 1) of a subprogram: a DILocalVariable with that scope. */
static void argument_name(const ude_debug_info *info, const char *subprogram, int64_t number,
                          char *buffer, size_t size) {
  snprintf(buffer, size, "arg%lld", (long long)number);
  for (int64_t i = 0; i < info->count; i++) {
    const char *node = info->node[i];
    if (ude_debug_is(node, "DILocalVariable", NULL) &&
        ude_debug_integer(node, "arg", 0) == number &&
        ude_debug_reference(info, node, "scope") == subprogram) {
      ude_debug_string(node, "name", buffer, size);
      return;
    }
  }
}

static ude_status refuse(const ude_debug_info *info, const char *node, const char *function,
                         const char *argument, ude_error *error) {
  char place[300];
  return ude_fail(
      error, UDE_COMPILE,
      "%s: argument '%s' of the learned function '%s' is none of double x, const double x[N], "
      "double y[M], const struct param *",
      ude_debug_place(info, node, place, sizeof place), argument, function);
}

static ude_status add_argument(const ude_debug_info *info, const char *node,
                               ude_learned_shape *learned, const char *type, ude_error *error) {
  char                 text[256];
  char                 name[256];
  ude_learned_argument argument = {.count = 1};
  argument_name(info, node, learned->arguments + 1, name, sizeof name);
  ude_reflect_type_text(info, type, text, sizeof text);
  const char *plain = strncmp(text, "const ", 6) == 0 ? text + 6 : text;
  if (strcmp(plain, "double") == 0 || strcmp(plain, "float") == 0) {
    argument.kind = UDE_ARGUMENT_SCALAR;
  } else if (strcmp(plain, "double *") == 0 || strcmp(plain, "float *") == 0) {
    argument.kind  = plain != text ? UDE_ARGUMENT_INPUT : UDE_ARGUMENT_OUTPUT;
    argument.count = 0; /* known from libclang */
  } else if (strcmp(plain, "struct param *") == 0) {
    argument.kind = UDE_ARGUMENT_PARAM;
  } else {
    return refuse(info, node, learned->name, name, error);
  }
  argument.single = plain[0] == 'f';
  argument.name   = strdup(name);
  ude_learned_argument *grown =
      ude_realloc(learned->argument, (size_t)learned->arguments + 1, sizeof *grown);
  learned->argument = grown ? grown : learned->argument;
  if (!argument.name || !grown) {
    free(argument.name);
    return ude_fail_memory(error, "learned functions");
  }
  learned->argument[learned->arguments++] = argument;
  return UDE_OK;
}

static ude_status add_learned(const ude_debug_info *info, const char *name,
                              ude_reflection *reflection, ude_error *error) {
  ude_learned_shape *grown =
      ude_realloc(reflection->learned, (size_t)reflection->learned_count + 1, sizeof *grown);
  if (!grown) {
    return ude_fail_memory(error, "learned functions");
  }
  reflection->learned        = grown;
  ude_learned_shape *learned = &grown[reflection->learned_count];
  *learned                   = (ude_learned_shape){.name = strdup(name)};
  if (!learned->name) {
    return ude_fail_memory(error, "learned functions");
  }
  reflection->learned_count++;
  const char *node = ude_reflect_subprogram(info, name);
  if (!node) {
    return ude_fail(
        error, UDE_COMPILE,
        "there is no debug information of the learned function '%s': two static functions of "
        "that name, or a file compiled without -g?",
        name);
  }
  const char *type    = ude_debug_reference(info, node, "type");
  const char *list    = type ? ude_debug_reference(info, type, "types") : NULL;
  const char *at      = NULL;
  const char *element = NULL;
  if (ude_debug_next(info, list, &at, &element)) {
    char text[256];
    ude_reflect_type_text(info, element, text, sizeof text);
    learned->returns        = strcmp(text, "void") != 0;
    learned->returns_single = strcmp(text, "float") == 0;
    if (learned->returns && !learned->returns_single && strcmp(text, "double") != 0) {
      return refuse(info, node, name, "return value", error);
    }
  }
  while (ude_debug_next(info, list, &at, &element)) {
    ude_status status = add_argument(info, node, learned, element, error);
    if (status) {
      return status;
    }
  }
  return UDE_OK;
}

/* "ude:learned" in an entry {function, annotation, file, line, arguments}. */
static bool is_learned(LLVMValueRef entry) {
  LLVMValueRef text        = LLVMGetOperand(entry, 1);
  LLVMValueRef initializer = LLVMIsAGlobalVariable(text) ? LLVMGetInitializer(text) : NULL;
  size_t       length      = 0;
  const char  *string =
      initializer && LLVMIsConstantString(initializer) ? LLVMGetAsString(initializer, &length) : "";
  return length >= sizeof mark - 1 && strncmp(string, mark, sizeof mark - 1) == 0;
}

ude_status ude_reflect_learned(const ude_debug_info *info, LLVMModuleRef module,
                               ude_reflection *reflection, ude_error *error) {
  LLVMValueRef table = LLVMGetNamedGlobal(module, "llvm.global.annotations");
  LLVMValueRef list  = table ? LLVMGetInitializer(table) : NULL;
  int          count = list ? LLVMGetNumOperands(list) : 0;
  for (int i = 0; i < count; i++) {
    LLVMValueRef entry    = LLVMGetOperand(list, (unsigned)i);
    LLVMValueRef function = LLVMGetOperand(entry, 0);
    if (LLVMIsAFunction(function) && !LLVMIsDeclaration(function) && is_learned(entry)) {
      size_t     length = 0;
      ude_status status =
          add_learned(info, LLVMGetValueName2(function, &length), reflection, error);
      if (status) {
        return status;
      }
    }
  }
  return UDE_OK;
}
