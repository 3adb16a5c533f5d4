/* Steps of methods with the model in them: the kernel's bitcode is linked with a copy of the model's flat maps and called with the
 * dimension and the maps as constants, so that inlining leaves code for this model only. */
#include "compiler/specialise.h"

#include <llvm-c/Transforms/PassBuilder.h>
#include <stdio.h>
#include <string.h>

#include "compiler/flat.h"
#include "compiler/pipeline.h"
#include "compiler/transform.h"

typedef struct specialiser {
  LLVMModuleRef         module;
  LLVMContextRef        context;
  LLVMBuilderRef        builder;
  const ude_reflection *reflection;
  LLVMValueRef          value; /**< the flat right-hand side */
  LLVMValueRef          jvp;   /**< its products along n + 1 directions, NULL: not made */
  LLVMValueRef          unit, zeros, unit_time;
  int64_t               n;
  ude_error            *error;
} specialiser;

static bool implicit(const char *method) {
  return strncmp(method, "ro", 2) == 0; /* Rosenbrock methods, rodas4, rodas5p */
}

static unsigned length_of(LLVMValueRef function) {
  unsigned count = 0;
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b; b = LLVMGetNextBasicBlock(b)) {
    for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) {
      count++;
    }
  }
  return count;
}

static void add_attribute(const specialiser *s, LLVMValueRef function, const char *name) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(s->context, kind, 0));
}

static LLVMValueRef constant(const specialiser *s, const char *name, const double *values,
                             size_t count) {
  LLVMTypeRef  real = LLVMDoubleTypeInContext(s->context);
  LLVMTypeRef  type = LLVMArrayType2(real, count);
  LLVMValueRef data = LLVMConstNull(type);
  if (values) {
    LLVMValueRef list[(UDE_KERNEL_MOST_IMPLICIT + 1) * (UDE_KERNEL_MOST_IMPLICIT + 1)];
    for (size_t i = 0; i < count; i++) {
      list[i] = LLVMConstReal(real, values[i]);
    }
    data = LLVMConstArray2(real, list, count);
  }
  LLVMValueRef global = LLVMAddGlobal(s->module, type, name);
  LLVMSetInitializer(global, data);
  LLVMSetGlobalConstant(global, 1);
  LLVMSetLinkage(global, LLVMInternalLinkage);
  LLVMSetAlignment(global, 64);
  return global;
}

static void add_flags(LLVMValueRef first, LLVMFastMathFlags flags) {
  for (LLVMValueRef f = first; f; f = LLVMGetNextFunction(f)) {
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b)) {
      for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) {
        if (LLVMCanValueUseFastMathFlags(i)) {
          LLVMSetFastMathFlags(i, LLVMGetFastMathFlags(i) | flags);
        }
      }
    }
  }
}

static ude_status make_products(specialiser *s) {
  enum { MOST_WIDTH = UDE_KERNEL_MOST_IMPLICIT + 1 };
  double       unit[MOST_WIDTH * MOST_WIDTH] = {0};
  double       unit_time[MOST_WIDTH]         = {0};
  int64_t      width                         = s->n + 1;
  LLVMValueRef last                          = LLVMGetLastFunction(s->module);
  s->jvp = ude_emit_jvp(s->module, s->value, (int)width, "ude.kernel.products", s->error);
  if (!s->jvp) {
    return s->error->status;
  }
  /* Most terms of a product with a unit vector are zero times something. They vanish for finite numbers; others are left to the general
   * steps, which see them in the new state. */
  add_flags(LLVMGetNextFunction(last), LLVMFastMathNoNaNs | LLVMFastMathNoSignedZeros);
  LLVMSetValueName2(s->jvp, "kernel.products", strlen("kernel.products"));
  for (int64_t i = 0; i < s->n; i++) {
    unit[i * width + i] = 1;
  }
  unit_time[s->n] = 1;
  int64_t params  = s->reflection->structs[UDE_STRUCT_PARAM].reals;
  s->unit         = constant(s, "kernel.unit", unit, (size_t)(s->n * width));
  s->unit_time    = constant(s, "kernel.time", unit_time, (size_t)width);
  s->zeros        = constant(s, "kernel.zeros", NULL, (size_t)((params + 1) * width));
  return UDE_OK;
}

/* i32 ude.kernel.METHOD(ptr march): the linked kernel with everything else constant. */
static ude_status wrap(specialiser *s, const char *method) {
  char         name[UDE_FLAT_NAME];
  LLVMTypeRef  pointer = LLVMPointerTypeInContext(s->context, 0);
  LLVMValueRef kernel  = LLVMGetNamedFunction(s->module, "ude_kernel_march");
  if (!kernel) {
    return ude_fail(s->error, UDE_INTERNAL, "the steps of '%s' lack their function", method);
  }
  snprintf(name, sizeof name, "kernel.steps.%s", method);
  LLVMSetValueName2(kernel, name, strlen(name));
  ude_pipeline_hide(s->module); /* the next may define the same tables */
  ude_flat_name(name, "kernel", method);
  LLVMTypeRef  type = LLVMFunctionType(LLVMInt32TypeInContext(s->context), &pointer, 1, 0);
  LLVMValueRef f    = LLVMAddFunction(s->module, name, type);
  LLVMPositionBuilderAtEnd(s->builder, LLVMAppendBasicBlockInContext(s->context, f, ""));
  LLVMValueRef arguments[7] = {LLVMGetParam(f, 0),
                               LLVMConstInt(LLVMInt64TypeInContext(s->context), (uint64_t)s->n, 0),
                               s->value,
                               s->jvp,
                               s->unit,
                               s->zeros,
                               s->unit_time};
  LLVMValueRef result       = LLVMBuildCall2(s->builder, LLVMGlobalGetValueType(kernel), kernel,
                                             arguments, implicit(method) ? 7 : 3, "");
  LLVMBuildRet(s->builder, result);
  return UDE_OK;
}

static bool possible(const specialiser *s, const char *method) {
  int64_t most = implicit(method) ? UDE_KERNEL_MOST_IMPLICIT : UDE_KERNEL_MOST;
  return s->n > 0 && s->n <= most && !(implicit(method) && s->reflection->has_mass);
}

static ude_status add_kernels(specialiser *s, const ude_compile_options *options, int *count) {
  ude_status status = UDE_OK;
  for (size_t i = 0; i < options->specialise_count && status == UDE_OK; i++) {
    const char *method = ude_specialise_name(options->specialise[i]);
    char        name[UDE_FLAT_NAME];
    if (!method || !possible(s, method) ||
        LLVMGetNamedFunction(s->module, ude_flat_name(name, "kernel", method))) {
      continue;
    }
    if (implicit(method) && !s->jvp) {
      status = make_products(s);
    }
    status = status ? status : ude_specialise_link(s->module, method, s->n, s->error);
    status = status ? status : wrap(s, method);
    ++*count;
  }
  return status;
}

/* Functions of the runtime can fail, which steps without codes do not see: such models keep their general steps. */
static bool calls_runtime(LLVMModuleRef module) {
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    size_t length = 0;
    if (LLVMIsDeclaration(f) && LLVMGetFirstUse(f) &&
        strncmp(LLVMGetValueName2(f, &length), "ude_", strlen("ude_")) == 0) {
      return true;
    }
  }
  return false;
}

static void hide_all_but_kernels(LLVMModuleRef module) {
  static const char prefix[] = "ude.kernel.";
  ude_pipeline_hide(module);
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    size_t length = 0;
    if (strncmp(LLVMGetValueName2(f, &length), prefix, strlen(prefix)) == 0) {
      LLVMSetLinkage(f, LLVMExternalLinkage);
    }
  }
}

/* Once more or less straight code, products along many directions are best as scalars, whose zeros are known. */
#define COMBINE "instcombine<no-verify-fixpoint>"
static const char passes[] =
    "globaldce,always-inline,function<eager-inv>(sroa<modify-cfg>,early-cse<memssa>," COMBINE
    ",simplifycfg,scalarizer," COMBINE ",sroa<modify-cfg>,early-cse<memssa>," COMBINE
    ",gvn,adce,simplifycfg),globaldce";

static ude_status simplify(const specialiser *s, LLVMTargetMachineRef machine) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMErrorRef              failed  = LLVMRunPasses(s->module, passes, machine, options);
  LLVMDisposePassBuilderOptions(options);
  if (failed) {
    char      *message = LLVMGetErrorMessage(failed);
    ude_status status  = ude_fail(s->error, UDE_INTERNAL, "specialised steps: %s", message);
    LLVMDisposeErrorMessage(message);
    return status;
  }
  return UDE_OK;
}

ude_status ude_specialise(LLVMModuleRef module, LLVMTargetMachineRef machine,
                          const ude_reflection *reflection, const ude_compile_options *options,
                          LLVMModuleRef *made, ude_error *error) {
  const unsigned small =
      400; /* instructions of a right-hand side that is repeated in every stage */
  char name[UDE_FLAT_NAME];
  int  count    = 0;
  *made         = NULL;
  specialiser s = {.module     = LLVMCloneModule(module),
                   .context    = LLVMGetModuleContext(module),
                   .reflection = reflection,
                   .n          = reflection->structs[UDE_STRUCT_STATE].reals,
                   .error      = error};
  s.builder     = LLVMCreateBuilderInContext(s.context);
  s.value       = LLVMGetNamedFunction(s.module, ude_flat_name(name, "value", "rhs"));
  add_flags(LLVMGetFirstFunction(s.module), LLVMFastMathAllowContract);
  ude_status status = s.value ? add_kernels(&s, options, &count) : UDE_OK;
  if (status == UDE_OK && count > 0) {
    ude_pipeline_internalize(s.module, false);
    hide_all_but_kernels(s.module);
    if (length_of(s.value) <= small) {
      add_attribute(&s, s.value, "alwaysinline");
    }
    if (s.jvp) {
      add_attribute(&s, s.jvp, "alwaysinline");
    }
    status = simplify(&s, machine);
  }
  LLVMDisposeBuilder(s.builder);
  if (status || count == 0 || calls_runtime(s.module)) {
    LLVMDisposeModule(s.module);
    return status;
  }
  *made = s.module;
  return UDE_OK;
}
