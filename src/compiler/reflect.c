/* The functions of a model: prototypes of the contract, and which functions are learned. */
#include "compiler/reflect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ude_struct_names[UDE_STRUCTS] = {"state", "param", "observation"};
const char *const ude_map_names[UDE_MAPS]       = {"rhs",           "initial",      "observe",
                                                   "terminal_cost", "running_cost", "penalty"};

/* Return type, then arguments. */
static const char *const prototype[UDE_MAPS][6] = {
    {"void", "struct state *", "const struct state *", "const struct param *", "double", NULL},
    {"void", "struct state *", "const struct param *", NULL},
    {"void", "struct observation *", "const struct state *", "const struct param *", "double", NULL},
    {"double", "const struct state *", "const struct param *", "double", NULL},
    {"double", "const struct state *", "const struct param *", "double", NULL},
    {"double", "const struct param *", NULL}};

void ude_reflect_type_text(const ude_debug_info *info, const char *type, char *buffer, size_t size) {
  bool        is_const = false;
  const char *base     = ude_reflect_strip(info, type, &is_const);
  char        name[200];
  if (!base) {
    snprintf(buffer, size, "void");
  } else if (ude_debug_is(base, "DIDerivedType", "DW_TAG_pointer_type")) {
    ude_reflect_type_text(info, ude_debug_reference(info, base, "baseType"), name, sizeof name);
    snprintf(buffer, size, "%s *", name);
  } else {
    char own[150];
    ude_debug_string(base, "name", own, sizeof own);
    snprintf(buffer, size, "%s%s%s", is_const ? "const " : "",
             ude_debug_is(base, "DICompositeType", "DW_TAG_structure_type") ? "struct " : "", own);
  }
}

const char *ude_reflect_subprogram(const ude_debug_info *info, const char *name) {
  char own[256];
  for (int64_t i = 0; i < info->count; i++) {
    const char *node = info->node[i];
    if (ude_debug_is(node, "DISubprogram", NULL)) {
      const char *flags = ude_debug_field(node, "spFlags");
      if (flags && strstr(flags, "DISPFlagDefinition") &&
          strcmp(ude_debug_string(node, "name", own, sizeof own), name) == 0) {
        return node;
      }
    }
  }
  return NULL;
}

/* A model may leave out const, it only promises more. */
static bool same_type(const char *expected, const char *found) {
  return strcmp(expected, found) == 0 ||
         (strncmp(expected, "const ", 6) == 0 && strcmp(expected + 6, found) == 0);
}

static ude_status check_prototype(const ude_debug_info *info, int map, const char *node,
                                  ude_error *error) {
  char        place[300];
  char        found[256];
  const char *type    = ude_debug_reference(info, node, "type");
  const char *list    = type ? ude_debug_reference(info, type, "types") : NULL;
  const char *at      = NULL;
  const char *element = NULL;
  int         count   = 0;
  bool        same    = true;
  while (same && ude_debug_next(info, list, &at, &element)) {
    ude_reflect_type_text(info, element, found, sizeof found);
    same = count < 6 && prototype[map][count] && same_type(prototype[map][count], found);
    count++;
  }
  same = same && prototype[map][count] == NULL;
  if (same) {
    return UDE_OK;
  }
  char   wanted[400];
  size_t used = (size_t)snprintf(wanted, sizeof wanted, "%s %s(", prototype[map][0],
                                 ude_map_names[map]);
  for (int i = 1; prototype[map][i] && used < sizeof wanted; i++) {
    used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%s%s", i > 1 ? ", " : "",
                             prototype[map][i]);
  }
  return ude_fail(error, UDE_COMPILE, "%s: '%s' must be declared as %s)",
                  ude_debug_place(info, node, place, sizeof place), ude_map_names[map], wanted);
}

static bool defined(LLVMModuleRef module, const char *name) {
  LLVMValueRef function = LLVMGetNamedFunction(module, name);
  return function && !LLVMIsDeclaration(function) && LLVMGetLinkage(function) == LLVMExternalLinkage;
}

static bool has_global(LLVMModuleRef module, const char *name) {
  LLVMValueRef global = LLVMGetNamedGlobal(module, name);
  return global && LLVMGetInitializer(global) != NULL;
}

ude_status ude_reflect_functions(const ude_debug_info *info, LLVMModuleRef module,
                                 ude_reflection *reflection, ude_error *error) {
  for (int map = 0; map < UDE_MAPS; map++) {
    reflection->map[map] = defined(module, ude_map_names[map]);
    const char *node =
        reflection->map[map] ? ude_reflect_subprogram(info, ude_map_names[map]) : NULL;
    ude_status status = node ? check_prototype(info, map, node, error) : UDE_OK;
    if (status) {
      return status;
    }
  }
  if (!reflection->map[UDE_MAP_RHS]) {
    return ude_fail(error, UDE_COMPILE,
                    "the model does not define the function rhs: void rhs(struct state *du, const struct "
                    "state *u, const struct param *p, double t)");
  }
  if (!reflection->structs[UDE_STRUCT_STATE].defined) {
    return ude_fail(error, UDE_COMPILE, "the model does not define struct state");
  }
  if (reflection->map[UDE_MAP_OBSERVE] && !reflection->structs[UDE_STRUCT_OBSERVATION].defined) {
    return ude_fail(error, UDE_COMPILE, "the model defines observe, but not struct observation");
  }
  reflection->has_u0    = has_global(module, "u0");
  reflection->has_p0    = has_global(module, "p0");
  reflection->has_tspan = has_global(module, "tspan");
  if (reflection->has_tspan) {
    LLVMTypeRef type = LLVMGlobalGetValueType(LLVMGetNamedGlobal(module, "tspan"));
    if (LLVMGetTypeKind(type) != LLVMArrayTypeKind || LLVMGetArrayLength2(type) != 2 ||
        LLVMGetTypeKind(LLVMGetElementType(type)) != LLVMDoubleTypeKind) {
      return ude_fail(error, UDE_COMPILE, "'tspan' must be declared as const double tspan[2]");
    }
  }
  return UDE_OK;
}

ude_status ude_reflect(LLVMModuleRef module, ude_reflection *reflection, ude_error *error) {
  ude_debug_info info;
  *reflection       = (ude_reflection){0};
  ude_status status = ude_debug_info_open(&info, module, error);
  if (status) {
    return status;
  }
  for (int i = 0; i < UDE_STRUCTS && status == UDE_OK; i++) {
    status = ude_reflect_struct(&info, ude_struct_names[i], &reflection->structs[i], error);
  }
  if (status == UDE_OK) {
    status = ude_reflect_functions(&info, module, reflection, error);
  }
  if (status == UDE_OK) {
    status = ude_reflect_learned(&info, module, reflection, error);
  }
  ude_debug_info_close(&info);
  if (status) {
    ude_reflection_free(reflection);
  }
  return status;
}
