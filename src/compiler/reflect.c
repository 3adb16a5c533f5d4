/* The functions of a model: prototypes of the contract, and which functions are learned. */
#include "compiler/reflect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ude_struct_names[UDE_STRUCTS] = {"state", "param", "observation", "sample",
                                                   "loss"};
const char *const ude_map_names[UDE_MAPS]       = {
    "rhs",  "initial", "observe", "terminal_cost", "running_cost",    "penalty",
    "cost", "events",  "affect",  "schedule",      "discontinuities", "loss"};

/* Return type, then arguments. */
static const char *const prototype[UDE_MAPS][6] = {
    {"void", "struct state *", "const struct state *", "const struct param *", "double", NULL},
    {"void", "struct state *", "const struct param *", NULL},
    {"void", "struct observation *", "const struct state *", "const struct param *", "double",
     NULL},
    {"double", "const struct state *", "const struct param *", "double", NULL},
    {"double", "const struct state *", "const struct param *", "double", NULL},
    {"double", "const struct param *", NULL},
    {"double", "const struct state *", "const struct param *", "double", NULL},
    {"void", "double *", "const struct state *", "const struct param *", "double", NULL},
    {"void", "struct state *", "const struct param *", "double", "int", NULL},
    {"void", "double *", "const struct param *", NULL},
    {"void", "double *", "const struct param *", NULL},
    {"void", "struct loss *", "const struct sample *", "const struct param *", NULL}};
static const char        draw_declaration[] = "void draw(struct sample *s, ude_random *random)";
static const char *const draw_prototype[]   = {"void", "struct sample *", "struct ude_rng *", NULL};

void ude_reflect_type_text(const ude_debug_info *info, const char *type, char *buffer,
                           size_t size) {
  bool        is_const = false;
  const char *base     = ude_reflect_strip(info, type, &is_const);
  char        name[200];
  if (!base) {
    snprintf(buffer, size, "void");
  } else if (ude_debug_is(base, "DIDerivedType", "DW_TAG_pointer_type")) {
    ude_reflect_type_text(info, ude_debug_reference(info, base, "baseType"), name, sizeof name);
    snprintf(buffer, size, "%s *", name);
  } else if (ude_debug_is(base, "DICompositeType", "DW_TAG_array_type")) {
    const char *at    = NULL;
    const char *range = NULL;
    bool one = ude_debug_next(info, ude_debug_reference(info, base, "elements"), &at, &range);
    ude_reflect_type_text(info, ude_debug_reference(info, base, "baseType"), name, sizeof name);
    snprintf(buffer, size, "%s[%lld]", name,
             one && range ? (long long)ude_debug_integer(range, "count", 0) : 0LL);
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

static ude_status check_prototype(const ude_debug_info *info, const char *name,
                                  const char *const *wanted_types, const char *node,
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
    same = wanted_types[count] && same_type(wanted_types[count], found);
    count++;
  }
  same = same && wanted_types[count] == NULL;
  if (same) {
    return UDE_OK;
  }
  char   wanted[400];
  size_t used = (size_t)snprintf(wanted, sizeof wanted, "%s %s(", wanted_types[0], name);
  for (int i = 1; wanted_types[i] && used < sizeof wanted; i++) {
    used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%s%s", i > 1 ? ", " : "",
                             wanted_types[i]);
  }
  return ude_fail(error, UDE_COMPILE, "%s: '%s' must be declared as %s)",
                  ude_debug_place(info, node, place, sizeof place), name, wanted);
}

static bool defined(LLVMModuleRef module, const char *name) {
  LLVMValueRef function = LLVMGetNamedFunction(module, name);
  return function && !LLVMIsDeclaration(function) &&
         LLVMGetLinkage(function) == LLVMExternalLinkage;
}

/* A constant (u0, p0, mass, tspan) of the model, of the type that the contract wants. */
static ude_status check_default(const ude_debug_info *info, LLVMModuleRef module, const char *name,
                                const char *wanted, const char *declaration, bool *has,
                                ude_error *error) {
  LLVMValueRef global = LLVMGetNamedGlobal(module, name);
  char         own[256];
  *has = global && LLVMGetInitializer(global) && LLVMGetLinkage(global) == LLVMExternalLinkage;
  for (int64_t i = 0; *has && i < info->count; i++) {
    const char *node = info->node[i];
    if (ude_debug_is(node, "DIGlobalVariable", NULL) &&
        strcmp(ude_debug_string(node, "name", own, sizeof own), name) == 0) {
      char        found[256];
      char        place[300];
      const char *plain = found;
      ude_reflect_type_text(info, ude_debug_reference(info, node, "type"), found, sizeof found);
      plain += strncmp(found, "const ", 6) == 0 ? 6 : 0;
      if (strcmp(plain, wanted) != 0) {
        return ude_fail(error, UDE_COMPILE, "%s: '%s' must be declared as const %s",
                        ude_debug_place(info, node, place, sizeof place), name, declaration);
      }
    }
  }
  return UDE_OK;
}

static ude_status check_defaults(const ude_debug_info *info, LLVMModuleRef module,
                                 ude_reflection *reflection, ude_error *error) {
  ude_status status = check_default(info, module, "u0", "struct state", "struct state u0",
                                    &reflection->has_u0, error);
  if (status == UDE_OK) {
    status = check_default(info, module, "p0", "struct param", "struct param p0",
                           &reflection->has_p0, error);
  }
  if (status == UDE_OK) {
    status = check_default(info, module, "mass", "struct state", "struct state mass",
                           &reflection->has_mass, error);
  }
  if (status == UDE_OK) {
    status = check_default(info, module, "tspan", "double[2]", "double tspan[2]",
                           &reflection->has_tspan, error);
  }
  return status;
}

/* What the language of models has, but this version does not: to pass over it would give wrong results. */
static ude_status refuse_unsupported(const ude_debug_info *info, LLVMModuleRef module,
                                     ude_error *error) {
  static const char *const later[] = {"noise",   "residual",  "lags",
                                      "history", "rhs_delay", "fixed_point"};
  for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
    LLVMValueRef global = LLVMGetNamedGlobal(module, later[i]);
    bool         found =
        global && LLVMGetInitializer(global) && LLVMGetLinkage(global) == LLVMExternalLinkage;
    if (found || defined(module, later[i])) {
      char        place[300] = "";
      const char *node       = ude_reflect_subprogram(info, later[i]);
      return ude_fail(
          error, UDE_UNSUPPORTED,
          "%s%s'%s' has a meaning for models that ude %s does not support yet; if it is a "
          "function of your own, make it static",
          node ? ude_debug_place(info, node, place, sizeof place) : "", node ? ": " : "", later[i],
          UDE_VERSION_TEXT);
    }
  }
  return UDE_OK;
}

/* A loss over samples needs its terms, its samples, and how these are drawn. */
static ude_status check_training(const ude_debug_info *info, LLVMModuleRef module,
                                 ude_reflection *reflection, ude_error *error) {
  reflection->has_draw = reflection->map[UDE_MAP_LOSS] && defined(module, "draw");
  if (!reflection->map[UDE_MAP_LOSS]) {
    return UDE_OK;
  }
  static const int needed[] = {UDE_STRUCT_LOSS, UDE_STRUCT_SAMPLE};
  for (size_t i = 0; i < 2; i++) {
    if (reflection->structs[needed[i]].reals == 0) {
      return ude_fail(
          error, UDE_COMPILE, "the model defines loss, but %s struct %s",
          reflection->structs[needed[i]].defined ? "no double or float member of" : "not",
          ude_struct_names[needed[i]]);
    }
  }
  if (!reflection->has_draw) {
    return ude_fail(error, UDE_COMPILE,
                    "the model defines loss, but not where its samples come from: %s",
                    draw_declaration);
  }
  const char *node = ude_reflect_subprogram(info, "draw");
  char        place[300];
  return node && check_prototype(info, "draw", draw_prototype, node, NULL)
             ? ude_fail(error, UDE_COMPILE, "%s: 'draw' must be declared as %s",
                        ude_debug_place(info, node, place, sizeof place), draw_declaration)
             : UDE_OK;
}

ude_status ude_reflect_functions(const ude_debug_info *info, LLVMModuleRef module,
                                 ude_reflection *reflection, ude_error *error) {
  for (int map = 0; map < UDE_MAPS; map++) {
    reflection->map[map] = defined(module, ude_map_names[map]);
    const char *node =
        reflection->map[map] ? ude_reflect_subprogram(info, ude_map_names[map]) : NULL;
    ude_status status =
        node ? check_prototype(info, ude_map_names[map], prototype[map], node, error) : UDE_OK;
    if (status) {
      return status;
    }
  }
  ude_status status = check_training(info, module, reflection, error);
  if (status) {
    return status;
  }
  if (reflection->map[UDE_MAP_LOSS] && !reflection->map[UDE_MAP_RHS]) { /* nothing to solve */
    return check_defaults(info, module, reflection, error);
  }
  if (!reflection->map[UDE_MAP_RHS]) {
    return ude_fail(
        error, UDE_COMPILE,
        "the model does not define the function rhs: void rhs(struct state *du, const struct "
        "state *u, const struct param *p, double t)");
  }
  if (!reflection->structs[UDE_STRUCT_STATE].defined) {
    return ude_fail(error, UDE_COMPILE, "the model does not define struct state");
  }
  if (reflection->structs[UDE_STRUCT_STATE].reals == 0) {
    return ude_fail(error, UDE_COMPILE,
                    "struct state has no double or float member: there is nothing to solve for");
  }
  if (reflection->map[UDE_MAP_OBSERVE] && !reflection->structs[UDE_STRUCT_OBSERVATION].defined) {
    return ude_fail(error, UDE_COMPILE, "the model defines observe, but not struct observation");
  }
  status = check_defaults(info, module, reflection, error);
  status = status ? status : ude_reflect_events(info, module, reflection, error);
  return status ? status : refuse_unsupported(info, module, error);
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
