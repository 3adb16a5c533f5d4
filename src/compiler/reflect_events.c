/* What a model says of its events: how many, which directions, which end the solve, at which times. */
#include <stdio.h>
#include <string.h>

#include "compiler/reflect.h"

static LLVMValueRef find(LLVMModuleRef module, const char *name) {
  LLVMValueRef global = LLVMGetNamedGlobal(module, name);
  return global && LLVMGetInitializer(global) && LLVMGetLinkage(global) == LLVMExternalLinkage
             ? global
             : NULL;
}

static const char *place_of(const ude_debug_info *info, const char *name, char *buffer,
                            size_t size) {
  char own[256];
  for (int64_t i = 0; i < info->count; i++) {
    const char *node = info->node[i];
    if (node && ude_debug_is(node, "DIGlobalVariable", NULL) &&
        strcmp(ude_debug_string(node, "name", own, sizeof own), name) == 0) {
      ude_debug_place(info, node, buffer, size);
      return buffer;
    }
  }
  snprintf(buffer, size, "the model");
  return buffer;
}

/* const int NAME = n; `missing` where there is none. */
static ude_status read_count(const ude_debug_info *info, LLVMModuleRef module, const char *name,
                             int64_t missing, int64_t *count, ude_error *error) {
  enum { MOST = 1000000 };
  char         place[300];
  LLVMValueRef global = find(module, name);
  LLVMValueRef value  = global ? LLVMGetInitializer(global) : NULL;
  *count              = missing;
  if (!global) {
    return UDE_OK;
  }
  bool whole = LLVMIsAConstantInt(value) && LLVMIsGlobalConstant(global);
  *count     = whole ? LLVMConstIntGetSExtValue(value) : 0;
  return whole && *count >= 1 && *count <= MOST
             ? UDE_OK
             : ude_fail(error, UDE_COMPILE,
                        "%s: '%s' must be declared as const int %s with a value of 1 to %d",
                        place_of(info, name, place, sizeof place), name, name, MOST);
}

/* const TYPE NAME[...]: its extent, 0 where there is none. */
static ude_status read_extent(const ude_debug_info *info, LLVMModuleRef module, const char *name,
                              bool real, int64_t *extent, ude_error *error) {
  char         place[300];
  LLVMValueRef global = find(module, name);
  *extent             = 0;
  if (!global) {
    return UDE_OK;
  }
  LLVMTypeRef type    = LLVMGlobalGetValueType(global);
  bool        array   = LLVMGetTypeKind(type) == LLVMArrayTypeKind;
  LLVMTypeRef element = array ? LLVMGetElementType(type) : type;
  bool        fits =
      real ? LLVMGetTypeKind(element) == LLVMDoubleTypeKind
                  : LLVMGetTypeKind(element) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(element) == 32;
  *extent = array ? (int64_t)LLVMGetArrayLength2(type) : 0;
  return array && fits && LLVMIsGlobalConstant(global) && *extent > 0
             ? UDE_OK
             : ude_fail(error, UDE_COMPILE, "%s: '%s' must be declared as const %s %s[...]",
                        place_of(info, name, place, sizeof place), name, real ? "double" : "int",
                        name);
}

/** Times that are a function, or a constant array. */
typedef struct times {
  const char *function, *count, *array;
  int         map;
} times;

static ude_status read_times(const ude_debug_info *info, LLVMModuleRef module,
                             ude_reflection *reflection, const times *of, int64_t *count,
                             bool *constant, ude_error *error) {
  char       place[300];
  bool       function = reflection->map[of->map];
  int64_t    extent   = 0;
  ude_status status   = read_count(info, module, of->count, function ? 1 : 0, count, error);
  if (status == UDE_OK) {
    status = read_extent(info, module, of->array, true, &extent, error);
  }
  if (status) {
    return status;
  }
  *constant = extent > 0;
  if (extent > 0 && function) {
    return ude_fail(error, UDE_COMPILE, "%s: the model has both '%s' and the function '%s'",
                    place_of(info, of->array, place, sizeof place), of->array, of->function);
  }
  if (*count > 0 && !function && extent != *count) {
    return ude_fail(error, UDE_COMPILE, "%s: '%s' is %lld, but the model does not define %s",
                    place_of(info, of->count, place, sizeof place), of->count, (long long)*count,
                    of->function);
  }
  *count = extent > 0 ? extent : *count;
  return UDE_OK;
}

ude_status ude_reflect_events(const ude_debug_info *info, LLVMModuleRef module,
                              ude_reflection *reflection, ude_error *error) {
  static const times schedule = {"schedule", "schedule_count", "schedule_times", UDE_MAP_SCHEDULE};
  static const times jumps    = {"discontinuities", "discontinuity_count", "discontinuity_times",
                                 UDE_MAP_DISCONTINUITIES};
  char               place[300];
  bool               roots = reflection->map[UDE_MAP_EVENTS];
  ude_event_counts  *to    = &reflection->events;
  ude_status status = read_count(info, module, "event_count", roots ? 1 : 0, &to->count, error);
  if (status == UDE_OK && to->count > 0 && !roots) {
    return ude_fail(error, UDE_COMPILE,
                    "%s: 'event_count' is given, but the model does not define events: void "
                    "events(double *g, const struct state *u, const struct param *p, double t)",
                    place_of(info, "event_count", place, sizeof place));
  }
  if (status == UDE_OK) {
    status = read_times(info, module, reflection, &schedule, &to->scheduled, &to->schedule_constant,
                        error);
  }
  if (status == UDE_OK) {
    status = read_times(info, module, reflection, &jumps, &to->discontinuities,
                        &to->discontinuity_constant, error);
  }
  if (status == UDE_OK) {
    status = read_extent(info, module, "event_direction", false, &to->directions, error);
  }
  if (status == UDE_OK) {
    status = read_extent(info, module, "terminal_events", false, &to->terminals, error);
  }
  if (status == UDE_OK && to->directions > 0 && to->directions != to->count) {
    return ude_fail(error, UDE_COMPILE, "%s: 'event_direction' has %lld entries for %lld events",
                    place_of(info, "event_direction", place, sizeof place),
                    (long long)to->directions, (long long)to->count);
  }
  if (status == UDE_OK && to->terminals > 0 && to->terminals != to->count &&
      to->terminals != to->count + to->scheduled) {
    return ude_fail(error, UDE_COMPILE,
                    "%s: 'terminal_events' has %lld entries for %lld events and %lld scheduled "
                    "times",
                    place_of(info, "terminal_events", place, sizeof place),
                    (long long)to->terminals, (long long)to->count, (long long)to->scheduled);
  }
  if (status == UDE_OK && reflection->map[UDE_MAP_AFFECT] && to->count + to->scheduled == 0) {
    return ude_fail(error, UDE_COMPILE,
                    "the model defines affect, but neither events nor scheduled times "
                    "(schedule_times or the function schedule)");
  }
  return status;
}
