/* The maps of a model and their derivatives in lanes: a module of its own. */
#include <string.h>

#include "compiler/ahead.h"
#include "compiler/build.h"
#include "compiler/pipeline.h"
#include "compiler/transform.h"

typedef struct lanes_build {
  const ude_reflection *reflection;
  ude_error            *error;
} lanes_build;

int ude_build_lanes(const ude_reflection *reflection) {
  enum { SMALL = 8 };
  return reflection->structs[UDE_STRUCT_STATE].reals <= SMALL ? UDE_BUILD_MOST_LANES
                                                              : UDE_BUILD_LANES;
}

/* What has no form for lanes is left out: its lanes are computed one by one. */
static ude_status widen(lanes_build *b, LLVMModuleRef module, const char *features,
                        const char *from, const char *kind, const char *map) {
  char         name[UDE_FLAT_NAME];
  LLVMValueRef f = LLVMGetNamedFunction(module, ude_flat_name(name, from, map));
  if (!f || ude_emit_lanes(module, f, ude_build_lanes(b->reflection), features,
                           ude_flat_name(name, kind, map), b->error)) {
    return UDE_OK;
  }
  return b->error->status == UDE_NOT_DIFFERENTIABLE ? UDE_OK : b->error->status;
}

/* Own mathematical functions instead of the C library's, where the processor has what they need. */
static ude_status replace_mathematics(const lanes_build *b, LLVMModuleRef module,
                                      const char *features) {
  static const struct {
    const char *name, *intrinsic, *own;
  } rows[] = {{"exp", "llvm.exp.f64", "ude_lane_exp"},
              {"log", "llvm.log.f64", "ude_lane_log"},
              {"tanh", "llvm.tanh.f64", "ude_lane_tanh"}};
#if defined(__x86_64__)
  if (!strstr(features, "+fma")) {
    return UDE_OK;
  }
#else
  (void)features;
#endif
  ude_status status = ude_ahead_link(module, "lanes_math", b->error);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0] && status == UDE_OK; i++) {
    LLVMValueRef own      = LLVMGetNamedFunction(module, rows[i].own);
    LLVMValueRef theirs[] = {LLVMGetNamedFunction(module, rows[i].name),
                             LLVMGetNamedFunction(module, rows[i].intrinsic)};
    for (size_t k = 0; k < 2; k++) {
      if (theirs[k] && LLVMIsDeclaration(theirs[k]) &&
          LLVMGlobalGetValueType(theirs[k]) == LLVMGlobalGetValueType(own)) {
        LLVMReplaceAllUsesWith(theirs[k], own);
      }
    }
  }
  ude_pipeline_internalize(module, true);
  return status;
}

/* Forward and reverse mode of all maps, in the form that is optimised and then widened. */
static ude_status derive(const lanes_build *b, LLVMModuleRef module, unsigned derivatives) {
  char       name[UDE_FLAT_NAME];
  ude_status status = UDE_OK;
  for (int i = 0; i < UDE_MAPS && status == UDE_OK; i++) {
    const char  *map    = ude_map_names[i];
    LLVMValueRef flat   = LLVMGetNamedFunction(module, ude_flat_name(name, "value", map));
    bool         failed = false;
    if (b->reflection->map[i] && (derivatives & UDE_DERIVATIVE_JVP)) {
      failed = !ude_emit_jvp(module, flat, 1, ude_flat_name(name, "jvp", map), b->error);
    }
    if (b->reflection->map[i] && !failed && (derivatives & UDE_DERIVATIVE_VJP)) {
      failed = !ude_emit_vjp_inner(module, flat, ude_flat_name(name, "vjp", map), b->error);
    }
    status = failed ? b->error->status : UDE_OK;
  }
  return status;
}

ude_status ude_build_make_lanes(LLVMModuleRef module, LLVMTargetMachineRef machine,
                                const ude_reflection *reflection, unsigned derivatives,
                                ude_error *error) {
  lanes_build b        = {reflection, error};
  char       *features = LLVMGetHostCPUFeatures();
  ude_status  status   = derive(&b, module, derivatives);
  if (status == UDE_OK) {
    status = replace_mathematics(&b, module, features);
  }
  if (status == UDE_OK) {
    status = ude_pipeline_canonical(module, machine, error);
  }
  for (int i = 0; i < UDE_MAPS && status == UDE_OK; i++) {
    const char *map = ude_map_names[i];
    status          = widen(&b, module, features, "value", "lanes.value", map);
    status          = status ? status : widen(&b, module, features, "jvp", "lanes.jvp", map);
    status          = status ? status : widen(&b, module, features, "vjp", "lanes.vjp", map);
  }
  LLVMDisposeMessage(features);
  return status;
}
