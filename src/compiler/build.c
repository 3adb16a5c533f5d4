/* Source files to machine code. */
#include "compiler/build.h"

#include <llvm-c/Analysis.h>
#include <stdio.h>
#include <string.h>

#include "compiler/driver.h"
#include "compiler/link.h"
#include "compiler/pipeline.h"
#include "compiler/source.h"
#include "compiler/transform.h"

/** What one compilation carries. */
typedef struct build {
  const char *const         *files;
  size_t                     file_count;
  const ude_compile_options *options;
  LLVMContextRef             context;
  LLVMModuleRef              module;
  LLVMTargetMachineRef       machine;
  ude_reflection            *reflection;
  ude_cache_entry           *entry;
  ude_error                 *error;
} build;

static ude_status front(build *b) {
  for (size_t i = 0; i < b->file_count; i++) {
    ude_clang_output output = {0};
    ude_status       status = ude_clang_run(b->files[i], b->options, &output, b->error);
    if (status == UDE_OK) {
      status = ude_link_add(b->context, &b->module, &output.bitcode, b->files[i], b->error);
    }
    if (status == UDE_OK && output.dependencies.data &&
        !ude_cache_dependencies(output.dependencies.data, &b->entry->dependencies)) {
      ude_text_free(&b->entry->dependencies); /* then the model is not cached */
    }
    ude_clang_output_free(&output);
    if (status) {
      return status;
    }
  }
  return UDE_OK;
}

static ude_status derive(build *b, LLVMValueRef flat, const char *map) {
  char name[UDE_FLAT_NAME];
  if (b->options->derivatives & UDE_DERIVATIVE_JVP) {
    if (!ude_emit_jvp(b->module, flat, 1, ude_flat_name(name, "jvp", map), b->error) ||
        !ude_emit_jvp(b->module, flat, UDE_BUILD_WIDTH, ude_flat_name(name, "wide", map), b->error)) {
      return b->error->status;
    }
  }
  if ((b->options->derivatives & UDE_DERIVATIVE_VJP) &&
      !ude_emit_vjp(b->module, flat, ude_flat_name(name, "vjp", map), b->error)) {
    return b->error->status;
  }
  return UDE_OK;
}

void ude_build_learned_name(char buffer[UDE_FLAT_NAME], const ude_learned_shape *learned) {
  snprintf(buffer, UDE_FLAT_NAME, "learned.%.250s", learned->name);
}

/* Flat maps of everything the model defines, their derivatives, machine code. */
static ude_status middle(build *b) {
  bool       probe  = (b->options->derivatives & UDE_PROBE) != 0;
  bool       derive_any = (b->options->derivatives & (UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP)) != 0;
  char       name[UDE_FLAT_NAME];
  char       map[UDE_FLAT_NAME];
  ude_status status = UDE_OK;
  for (int i = 0; i < UDE_MAPS && status == UDE_OK; i++) {
    if (b->reflection->map[i] && !ude_flat_emit(b->module, b->reflection, i, b->options, b->error)) {
      status = b->error->status;
    }
  }
  for (int64_t i = 0; probe && i < b->reflection->learned_count && status == UDE_OK; i++) {
    if (!ude_flat_emit_learned(b->module, b->reflection, &b->reflection->learned[i], b->options,
                               b->error)) {
      status = b->error->status;
    }
  }
  if (status) {
    return status;
  }
  ude_pipeline_internalize(b->module, true);
  if (derive_any) {
    status = ude_pipeline_canonical(b->module, b->machine, b->error);
  }
  for (int i = 0; i < UDE_MAPS && derive_any && status == UDE_OK; i++) {
    if (b->reflection->map[i]) {
      ude_flat_name(name, "value", ude_map_names[i]);
      status = derive(b, LLVMGetNamedFunction(b->module, name), ude_map_names[i]);
    }
  }
  for (int64_t i = 0; probe && derive_any && i < b->reflection->learned_count && status == UDE_OK;
       i++) {
    ude_build_learned_name(map, &b->reflection->learned[i]);
    ude_flat_name(name, "value", map);
    status = derive(b, LLVMGetNamedFunction(b->module, name), map);
  }
  char *message = NULL;
  if (status == UDE_OK && LLVMVerifyModule(b->module, LLVMReturnStatusAction, &message)) {
    status = ude_fail(b->error, UDE_INTERNAL, "transformed code is invalid: %.900s", message);
  }
  LLVMDisposeMessage(message);
  LLVMMemoryBufferRef object = NULL;
  if (status == UDE_OK) {
    status = ude_pipeline_object(b->module, b->machine, &object, b->error);
  }
  if (object) {
    ude_text_append_bytes(&b->entry->object, LLVMGetBufferStart(object), LLVMGetBufferSize(object));
    LLVMDisposeMemoryBuffer(object);
  }
  return status;
}

/* The right-hand side again, with learned functions that report their calls: an object of its own, so that
 * the other does not pay for it. */
static ude_status probe_object(build *b, LLVMModuleRef module) {
  ude_status status = UDE_OK;
  char       name[UDE_FLAT_NAME];
  for (int64_t i = 0; i < b->reflection->learned_count && status == UDE_OK; i++) {
    status = ude_flat_probe(module, &b->reflection->learned[i], i, b->error);
  }
  LLVMValueRef flat =
      status ? NULL : ude_flat_emit(module, b->reflection, UDE_MAP_RHS, b->options, b->error);
  if (!flat) {
    return b->error->status;
  }
  ude_flat_name(name, "probe", "rhs");
  LLVMSetValueName2(flat, name, strlen(name));
  ude_pipeline_internalize(module, false);
  LLVMMemoryBufferRef object = NULL;
  status                     = ude_pipeline_object(module, b->machine, &object, b->error);
  if (object) {
    ude_text_append_bytes(&b->entry->probe, LLVMGetBufferStart(object), LLVMGetBufferSize(object));
    LLVMDisposeMemoryBuffer(object);
  }
  return status;
}

static ude_status compile(build *b) {
  LLVMModuleRef probe  = NULL;
  ude_status    status = front(b);
  if (status == UDE_OK) {
    status = ude_reflect(b->module, b->reflection, b->error);
  }
  if (status == UDE_OK) {
    status = ude_link_check(b->module, b->error);
  }
  if (status == UDE_OK) {
    status = ude_flat_check_constants(b->reflection, b->options, b->error);
  }
  if (status == UDE_OK && (b->options->derivatives & UDE_PROBE)) {
    status = ude_source_extents(b->files, b->file_count, b->options, b->reflection, b->error);
    probe  = status == UDE_OK && b->reflection->learned_count > 0 ? LLVMCloneModule(b->module) : NULL;
  }
  if (status == UDE_OK) {
    status = ude_pipeline_target(&b->machine, b->error);
  }
  if (status == UDE_OK) {
    status = middle(b);
  }
  if (status == UDE_OK && probe) {
    status = probe_object(b, probe);
  }
  if (status == UDE_OK) {
    ude_reflection_write(b->reflection, &b->entry->reflection);
    if (b->entry->reflection.failed || b->entry->object.failed || b->entry->probe.failed) {
      status = ude_fail_memory(b->error, "the compiled model");
    }
  }
  if (probe) {
    LLVMDisposeModule(probe);
  }
  return status;
}

ude_status ude_build(const char *const *files, size_t file_count,
                     const ude_compile_options *options, ude_reflection *reflection,
                     ude_cache_entry *entry, ude_error *error) {
  build b   = {.files      = files,
               .file_count = file_count,
               .options    = options,
               .context    = LLVMContextCreate(),
               .reflection = reflection,
               .entry      = entry,
               .error      = error};
  ude_status status = compile(&b);
  if (b.module) {
    LLVMDisposeModule(b.module);
  }
  if (b.machine) {
    LLVMDisposeTargetMachine(b.machine);
  }
  LLVMContextDispose(b.context);
  return status;
}
