/**
 * @file ahead_wrap.c
 * @brief The exported functions of an object: each calls a runtime function with the flat functions and
 *        sizes as constants, which fold away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/ahead.h"
#include "compiler/build.h"

typedef struct wrapper {
  const ude_ahead *ahead;
  LLVMModuleRef    module;
  LLVMContextRef   context;
  LLVMBuilderRef   builder;
  LLVMTypeRef      real, pointer, word, i32, i1;
  LLVMValueRef     zeros;
  ude_error       *error;
  ude_status       status;
} wrapper;

/* What the arguments of an exported function are; T and R are the reals t and t_dot. */
enum { MOST_ARGUMENTS = 12 };

static LLVMValueRef named(const wrapper *w, const char *kind, const char *map) {
  char name[UDE_FLAT_NAME];
  return LLVMGetNamedFunction(w->module, ude_flat_name(name, kind, map));
}

/* The model's own symbols are internal: one that has the name of an export gives way. */
static void free_name(const wrapper *w, const char *name) {
  LLVMValueRef taken = LLVMGetNamedFunction(w->module, name);
  taken              = taken ? taken : LLVMGetNamedGlobal(w->module, name);
  if (taken) {
    LLVMSetValueName2(taken, "ude.own", strlen("ude.own"));
  }
}

static void export_name(const wrapper *w, char *buffer, size_t size, const char *map,
                        const char *suffix) {
  snprintf(buffer, size, "%s%s%s", w->ahead->prefix, map, suffix);
  free_name(w, buffer);
}

/* Begin "int PREFIXmapSUFFIX(...)"; one letter an argument: p pointer, t real, i int. */
static LLVMValueRef begin(wrapper *w, const char *map, const char *suffix, const char *shape) {
  char        name[UDE_FLAT_NAME + 64];
  LLVMTypeRef types[MOST_ARGUMENTS];
  unsigned    count = 0;
  for (const char *at = shape; *at; at++) {
    types[count++] = *at == 't' ? w->real : *at == 'i' ? w->i32 : w->pointer;
  }
  export_name(w, name, sizeof name, map, suffix);
  LLVMValueRef f = LLVMAddFunction(w->module, name, LLVMFunctionType(w->i32, types, count, 0));
  LLVMPositionBuilderAtEnd(w->builder, LLVMAppendBasicBlockInContext(w->context, f, ""));
  return f;
}

static LLVMValueRef word(const wrapper *w, int64_t value) {
  return LLVMConstInt(w->word, (unsigned long long)value, 1);
}

/* Return what the runtime function says; letters as above, and in them constants of the call. */
static void end(wrapper *w, const char *runtime, LLVMValueRef *arguments, unsigned count) {
  LLVMValueRef callee = LLVMGetNamedFunction(w->module, runtime);
  if (!callee) {
    w->status = ude_fail(w->error, UDE_INTERNAL, "the object lacks '%s'", runtime);
    LLVMBuildUnreachable(w->builder);
    return;
  }
  LLVMValueRef result =
      LLVMBuildCall2(w->builder, LLVMGlobalGetValueType(callee), callee, arguments, count, "");
  LLVMBuildRet(w->builder, result);
}

static LLVMValueRef null(const wrapper *w) {
  return LLVMConstNull(w->pointer);
}

static LLVMValueRef zero(const wrapper *w) {
  return LLVMConstNull(w->real);
}

/* (y, u, p, t), or (y, p) where there is no state. */
static void wrap_value(wrapper *w, const ude_ahead_map *map) {
  LLVMValueRef f            = begin(w, map->name, "", map->state ? "pppt" : "pp");
  LLVMValueRef callee       = named(w, "value", map->name);
  LLVMValueRef arguments[4] = {LLVMGetParam(f, 0), map->state ? LLVMGetParam(f, 1) : null(w),
                               LLVMGetParam(f, map->state ? 2 : 1),
                               map->state ? LLVMGetParam(f, 3) : zero(w)};
  LLVMBuildCall2(w->builder, LLVMGlobalGetValueType(callee), callee, arguments, 4, "");
  LLVMBuildRet(w->builder, LLVMConstNull(w->i32));
}

/* (y, y_dot, u, u_dot, p, p_dot, t, t_dot), or (y, y_dot, p, p_dot). */
static void wrap_jvp(wrapper *w, const ude_ahead_map *map) {
  LLVMValueRef f     = begin(w, map->name, "_jvp", map->state ? "pppppptt" : "pppp");
  unsigned     at    = map->state ? 4 : 2;
  LLVMValueRef a[10] = {named(w, "jvp", map->name),
                        w->zeros,
                        LLVMGetParam(f, 0),
                        LLVMGetParam(f, 1),
                        map->state ? LLVMGetParam(f, 2) : null(w),
                        map->state ? LLVMGetParam(f, 3) : null(w),
                        LLVMGetParam(f, at),
                        LLVMGetParam(f, at + 1),
                        map->state ? LLVMGetParam(f, 6) : zero(w),
                        map->state ? LLVMGetParam(f, 7) : zero(w)};
  end(w, "ude_ahead_jvp", a, 10);
}

/* (u, p, t, y_bar, u_bar, p_bar, t_bar), or (p, y_bar, p_bar). */
static void wrap_vjp(wrapper *w, const ude_ahead_map *map) {
  LLVMValueRef f     = begin(w, map->name, "_vjp", map->state ? "pptpppp" : "ppp");
  LLVMValueRef a[11] = {named(w, "vjp", map->name),
                        word(w, map->rows),
                        word(w, map->columns),
                        word(w, w->ahead->field->param.count),
                        map->state ? LLVMGetParam(f, 0) : null(w),
                        LLVMGetParam(f, map->state ? 1 : 0),
                        map->state ? LLVMGetParam(f, 2) : zero(w),
                        LLVMGetParam(f, map->state ? 3 : 1),
                        map->state ? LLVMGetParam(f, 4) : null(w),
                        LLVMGetParam(f, map->state ? 5 : 2),
                        map->state ? LLVMGetParam(f, 6) : null(w)};
  end(w, "ude_ahead_vjp", a, 11);
}

/* (jacobian, u, p, t), or (jacobian, p). */
static void wrap_jacobian(wrapper *w, const ude_ahead_map *map, bool wrt_param) {
  LLVMValueRef f =
      begin(w, map->name, wrt_param ? "_jacobian_param" : "_jacobian", map->state ? "pppt" : "pp");
  LLVMValueRef a[11] = {named(w, "wide", map->name),
                        word(w, UDE_BUILD_WIDTH),
                        w->zeros,
                        word(w, map->rows),
                        word(w, map->columns),
                        word(w, w->ahead->field->param.count),
                        LLVMConstInt(w->i1, wrt_param, 0),
                        LLVMGetParam(f, 0),
                        map->state ? LLVMGetParam(f, 1) : null(w),
                        LLVMGetParam(f, map->state ? 2 : 1),
                        map->state ? LLVMGetParam(f, 3) : zero(w)};
  end(w, "ude_ahead_jacobian", a, 11);
}

/* (y, order, u, p, t), or (y, order, p): the coefficients of the map; of the solution for the suffix "taylor". */
static void wrap_jet(wrapper *w, const ude_ahead_map *map, bool solution) {
  LLVMValueRef f     = begin(w, solution ? "" : map->name, solution ? "taylor" : "_jet",
                         map->state ? "pippt" : "pip");
  LLVMValueRef a[10] = {named(w, "value", map->name),
                        named(w, "jet", map->name),
                        word(w, map->rows),
                        word(w, map->columns),
                        word(w, w->ahead->field->param.count),
                        LLVMGetParam(f, 1),
                        LLVMGetParam(f, 0),
                        map->state ? LLVMGetParam(f, 2) : null(w),
                        LLVMGetParam(f, map->state ? 3 : 2),
                        map->state ? LLVMGetParam(f, 4) : zero(w)};
  end(w, solution ? "ude_ahead_taylor" : "ude_ahead_jet", a, 10);
}

static void wrap_map(wrapper *w, const ude_ahead_map *map) {
  unsigned wanted = w->ahead->options->functions;
  wrap_value(w, map);
  if (wanted & UDE_AHEAD_JVP) {
    wrap_jvp(w, map);
  }
  if (wanted & UDE_AHEAD_VJP) {
    wrap_vjp(w, map);
  }
  if ((wanted & UDE_AHEAD_TAYLOR) && map->state) {
    wrap_jet(w, map, false);
    if (strcmp(map->name, "rhs") == 0) {
      wrap_jet(w, map, true);
    }
  }
  if (wanted & UDE_AHEAD_JACOBIAN) {
    if (map->columns > 0) {
      wrap_jacobian(w, map, false);
    }
    wrap_jacobian(w, map, true);
  }
}

/* ------------------------------------------------------------------------------------ data -- */

static LLVMValueRef add_data(wrapper *w, const char *name, LLVMValueRef value, bool exported) {
  char full[UDE_FLAT_NAME + 64];
  export_name(w, full, sizeof full, "", name);
  LLVMValueRef global = LLVMAddGlobal(w->module, LLVMTypeOf(value), full);
  LLVMSetInitializer(global, value);
  LLVMSetGlobalConstant(global, 1);
  LLVMSetLinkage(global, exported ? LLVMExternalLinkage : LLVMInternalLinkage);
  LLVMSetAlignment(global, 64);
  return global;
}

static LLVMValueRef *room(wrapper *w, int64_t count) {
  LLVMValueRef *list = ude_calloc((size_t)count, sizeof(LLVMValueRef));
  if (!list && w->status == UDE_OK) {
    w->status = ude_fail_memory(w->error, "the data of an object");
  }
  return list;
}

static void add_reals(wrapper *w, const char *name, const double *values, int64_t count) {
  LLVMValueRef *list = values ? room(w, count) : NULL;
  if (list) {
    for (int64_t i = 0; i < count; i++) {
      list[i] = LLVMConstReal(w->real, values[i]);
    }
    add_data(w, name, LLVMConstArray2(w->real, list, (uint64_t)count), true);
    free(list);
  }
}

static void add_names(wrapper *w, const char *name, const ude_layout *layout, const char *letter) {
  LLVMValueRef *list = layout->count > 0 ? room(w, layout->count) : NULL;
  if (list) {
    for (int64_t i = 0; i < layout->count; i++) {
      char text[512];
      ude_layout_name(layout, i, letter, text, sizeof text);
      LLVMValueRef string = LLVMConstStringInContext2(w->context, text, strlen(text), 0);
      list[i]             = add_data(w, "name.", string, false);
      LLVMSetAlignment(list[i], 1);
    }
    add_data(w, name, LLVMConstArray2(w->pointer, list, (uint64_t)layout->count), true);
    free(list);
  }
}

static void wrap_data(wrapper *w) {
  const ude_vector_field *field = w->ahead->field;
  add_reals(w, "u0", w->ahead->u0, field->state.count);
  add_reals(w, "p0", field->param.count > 0 ? w->ahead->p0 : NULL, field->param.count);
  add_reals(w, "tspan", w->ahead->tspan, 2);
  add_names(w, "state_names", &field->state, "u");
  add_names(w, "param_names", &field->param, "p");
  add_names(w, "observation_names", &field->observation, "y");
}

ude_status ude_ahead_wrap(const ude_ahead *ahead, LLVMModuleRef module, ude_error *error) {
  LLVMContextRef context = LLVMGetModuleContext(module);
  wrapper        w       = {.ahead   = ahead,
                            .module  = module,
                            .context = context,
                            .builder = LLVMCreateBuilderInContext(context),
                            .real    = LLVMDoubleTypeInContext(context),
                            .pointer = LLVMPointerTypeInContext(context, 0),
                            .word    = LLVMInt64TypeInContext(context),
                            .i32     = LLVMInt32TypeInContext(context),
                            .i1      = LLVMInt1TypeInContext(context),
                            .error   = error};
  int64_t        largest = ahead->field->param.count > ahead->field->state.count
                               ? ahead->field->param.count
                               : ahead->field->state.count;
  LLVMTypeRef    block   = LLVMArrayType2(w.real, (uint64_t)(largest + 1) * UDE_BUILD_WIDTH);
  w.zeros                = add_data(&w, "zeros.", LLVMConstNull(block), false);
  for (int k = 0; k < UDE_MAPS; k++) {
    ude_ahead_map map;
    if (ude_ahead_map_of(ahead, k, &map)) {
      wrap_map(&w, &map);
    }
  }
  wrap_data(&w);
  LLVMDisposeBuilder(w.builder);
  return w.status;
}
