/* Source files to machine code. */
#include "compiler/build.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/DebugInfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/coerce.h"
#include "compiler/driver.h"
#include "compiler/library_rules.h"
#include "compiler/link.h"
#include "compiler/pipeline.h"
#include "compiler/request.h"
#include "compiler/source.h"
#include "compiler/specialise.h"
#include "compiler/transform.h"
#include "compiler/user_rule.h"

/** What one compilation carries. */
typedef struct build {
  const char *const         *files;
  size_t                     file_count;
  const ude_compile_options *options;
  LLVMContextRef             context;
  LLVMModuleRef              module;
  LLVMModuleRef              lanes;   /**< a copy of the module for them, or NULL */
  LLVMModuleRef              kernels; /**< likewise: specialised steps */
  LLVMTargetMachineRef       machine;
  ude_reflection            *reflection;
  ude_cache_entry           *entry;
  ude_error                 *error;
  bool                       cacheable; /**< all dependencies are known */
  ude_build_finish           finish;    /**< takes the derived module; NULL: it becomes the entry */
  void                      *finish_context;
} build;

/** A source file on its way through clang. */
typedef struct clang_run {
  const build     *of;
  ude_clang_output output;
  ude_status       status;
  ude_error        error;
} clang_run;

static void run_clang(size_t i, void *context) {
  clang_run *run = (clang_run *)context + i;
  run->status    = ude_clang_run(run->of->files[i], run->of->options, &run->output, &run->error);
}

static ude_status take_output(build *b, const char *file, const clang_run *run) {
  if (run->output.messages.length > 0 && b->options->diagnostic) {
    b->options->diagnostic(run->output.messages.data, b->options->diagnostic_context);
  }
  if (run->status) {
    return ude_fail(b->error, run->status, "%s", run->error.message);
  }
  ude_status status = ude_link_add(b->context, &b->module, &run->output.bitcode, file, b->error);
  if (status == UDE_OK && b->options->cache_dir && run->output.dependencies.data &&
      !ude_cache_dependencies(run->output.dependencies.data, &b->entry->dependencies)) {
    b->cacheable = false;
  }
  return status;
}

/* The rules of libraries that the model calls are files that it depends on. */
static ude_status link_library_rules(build *b) {
  ude_clang_output outputs[UDE_RULE_FILES];
  ude_status       status = ude_library_rules_link(b->module, b->options, outputs, b->error);
  for (int k = 0; k < UDE_RULE_FILES; k++) {
    const char *from = outputs[k].dependencies.data;
    if (status == UDE_OK && b->cacheable && b->options->cache_dir && from &&
        !ude_cache_dependencies(from, &b->entry->dependencies)) {
      b->cacheable = false;
      ude_text_free(&b->entry->dependencies);
    }
    ude_clang_output_free(&outputs[k]);
  }
  return status;
}

static ude_status front(build *b) {
  clang_run *runs = ude_calloc(b->file_count, sizeof *runs);
  if (!runs) {
    return ude_fail_memory(b->error, "the model's files");
  }
  for (size_t i = 0; i < b->file_count; i++) {
    runs[i].of = b;
  }
  ude_parallel(b->file_count, 0, run_clang, runs);
  ude_status status = UDE_OK;
  b->cacheable      = true;
  for (size_t i = 0; i < b->file_count; i++) {
    status = status ? status : take_output(b, b->files[i], &runs[i]);
    ude_clang_output_free(&runs[i].output);
  }
  if (!b->cacheable) {
    ude_text_free(&b->entry->dependencies);
  }
  free(runs);
  return status;
}

static bool derives_any(const build *b) {
  return (b->options->derivatives & (UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP | UDE_DERIVATIVE_HVP |
                                     UDE_DERIVATIVE_JET | UDE_LANES)) != 0;
}

static ude_status derive(build *b, LLVMValueRef flat, const char *map) {
  char name[UDE_FLAT_NAME];
  bool learned = strncmp(map, "learned.", strlen("learned.")) == 0;
  if ((b->options->derivatives & UDE_DERIVATIVE_JET) && !learned &&
      !ude_emit_jet(b->module, flat, ude_flat_name(name, "jet", map), b->error)) {
    return b->error->status;
  }
  if (b->options->derivatives & UDE_DERIVATIVE_JVP) {
    if (!ude_emit_jvp(b->module, flat, 1, ude_flat_name(name, "jvp", map), b->error) ||
        !ude_emit_jvp(b->module, flat, UDE_BUILD_WIDTH, ude_flat_name(name, "wide", map),
                      b->error)) {
      return b->error->status;
    }
  }
  if ((b->options->derivatives & UDE_DERIVATIVE_VJP) &&
      !ude_emit_vjp_alone(b->module, flat, ude_flat_name(name, "vjp", map), b->error)) {
    return b->error->status;
  }
  return UDE_OK;
}

/* Reverse mode of all maps in the form that is differentiated again, optimised together, then forward mode over it. */
static ude_status derive_twice(build *b) {
  static const struct {
    const char *kind;
    int         width;
  } widths[] = {{"hvp", 1}, {"hvp.wide", UDE_BUILD_WIDTH}};
  char       name[UDE_FLAT_NAME];
  ude_status status = UDE_OK;
  for (int i = 0; i < UDE_MAPS && status == UDE_OK; i++) {
    LLVMValueRef flat =
        LLVMGetNamedFunction(b->module, ude_flat_name(name, "value", ude_map_names[i]));
    if (b->reflection->map[i] &&
        !ude_emit_vjp_inner(b->module, flat, ude_flat_name(name, "inner", ude_map_names[i]),
                            b->error)) {
      status = b->error->status;
    }
  }
  if (status == UDE_OK) {
    status = ude_pipeline_canonical(b->module, b->machine, b->error);
  }
  for (int i = 0; i < UDE_MAPS && status == UDE_OK; i++) {
    LLVMValueRef inner =
        LLVMGetNamedFunction(b->module, ude_flat_name(name, "inner", ude_map_names[i]));
    for (int k = 0; k < 2 && b->reflection->map[i] && status == UDE_OK; k++) {
      ude_flat_name(name, widths[k].kind, ude_map_names[i]);
      status = ude_emit_hvp(b->module, inner, widths[k].width, name, b->error) ? UDE_OK
                                                                               : b->error->status;
    }
  }
  return status;
}

void ude_build_learned_name(char buffer[UDE_FLAT_NAME], const ude_learned_shape *learned) {
  snprintf(buffer, UDE_FLAT_NAME, "learned.%.250s", learned->name);
}

/* The module as it is now, with its lines: patterns are found when they are asked for. */
static ude_status write_ir(build *b) {
  LLVMMemoryBufferRef buffer = LLVMWriteBitcodeToMemoryBuffer(b->module);
  ude_text           *to     = &b->entry->object[UDE_OBJECT_IR];
  ude_text_append_bytes(to, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
  LLVMDisposeMemoryBuffer(buffer);
  return to->failed ? ude_fail_memory(b->error, "the compiled model") : UDE_OK;
}

/* Flat maps of everything the model defines, their derivatives, machine code. */
static ude_status middle(build *b) {
  bool       probe      = (b->options->derivatives & UDE_PROBE) != 0;
  bool       derive_any = derives_any(b);
  bool       keep_ir    = (b->options->derivatives & UDE_SPARSITY) != 0;
  char       name[UDE_FLAT_NAME];
  char       map[UDE_FLAT_NAME];
  bool       second = (b->options->derivatives & UDE_DERIVATIVE_HVP) != 0;
  ude_status status = UDE_OK;
  for (int i = 0; i < UDE_MAPS && status == UDE_OK; i++) {
    if (b->reflection->map[i] &&
        !ude_flat_emit(b->module, b->reflection, i, b->options, b->error)) {
      status = b->error->status;
    }
  }
  if (b->reflection->has_draw && status == UDE_OK) {
    ude_flat_emit_draw(b->module, b->reflection, b->options);
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
  status          = ude_request_resolve(b->module, b->machine, b->error);
  bool specialise = b->options->specialise_count > 0;
  if ((derive_any || keep_ir || specialise) && status == UDE_OK) {
    status = ude_pipeline_canonical(b->module, b->machine, b->error);
  }
  if (keep_ir && status == UDE_OK) {
    status = write_ir(b);
  }
  if (status == UDE_OK && (b->options->derivatives & UDE_LANES)) {
    b->lanes = LLVMCloneModule(b->module);
    status   = ude_build_make_lanes(b->lanes, b->machine, b->reflection, b->options->derivatives,
                                    b->error);
  }
  if (specialise && status == UDE_OK) {
    status =
        ude_specialise(b->module, b->machine, b->reflection, b->options, &b->kernels, b->error);
  }
  if (second && status == UDE_OK) {
    status = derive_twice(b);
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
  return status;
}

/* The right-hand side again, with learned functions that report their calls: a module of its own, so that
 * the other does not pay for it. */
static ude_status make_probe(build *b, LLVMModuleRef module) {
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
  return ude_request_resolve(module, b->machine, b->error);
}

static LLVMMemoryBufferRef to_bitcode(LLVMModuleRef module) {
  ude_user_rules_finish(module);
  LLVMStripModuleDebugInfo(module); /* nothing reads it any more, and it costs time */
  return LLVMWriteBitcodeToMemoryBuffer(module);
}

bool ude_build_postpones(unsigned derivatives) {
  return (derivatives & UDE_DERIVATIVE_LATER) && (derivatives & UDE_DERIVATIVE_JVP) &&
         !(derivatives & UDE_LANES);
}

static ude_status back(build *b, LLVMModuleRef probe) {
  static const char *const prefixes[UDE_OBJECTS] = {
      [UDE_OBJECT_VJP] = "ude.vjp.",      [UDE_OBJECT_WIDE] = "ude.wide.",
      [UDE_OBJECT_JVP] = "ude.jvp.",      [UDE_OBJECT_VALUE] = "ude.value.",
      [UDE_OBJECT_JET] = "ude.jet.",      [UDE_OBJECT_HVP] = "ude.hvp.",
      [UDE_OBJECT_LANES] = "ude.lanes.",  [UDE_OBJECT_PROBE] = "ude.probe.",
      [UDE_OBJECT_KERNEL] = "ude.kernel."};
  const bool later               = ude_build_postpones(b->options->derivatives);
  const bool jvp                 = (b->options->derivatives & UDE_DERIVATIVE_JVP) && !later;
  const bool wanted[UDE_OBJECTS] = {
      [UDE_OBJECT_VJP]    = (b->options->derivatives & UDE_DERIVATIVE_VJP) != 0,
      [UDE_OBJECT_WIDE]   = jvp,
      [UDE_OBJECT_JVP]    = jvp,
      [UDE_OBJECT_VALUE]  = true,
      [UDE_OBJECT_LANES]  = b->lanes != NULL,
      [UDE_OBJECT_KERNEL] = b->kernels != NULL,
      [UDE_OBJECT_JET]    = (b->options->derivatives & UDE_DERIVATIVE_JET) != 0,
      [UDE_OBJECT_HVP]    = (b->options->derivatives & UDE_DERIVATIVE_HVP) != 0,
      [UDE_OBJECT_PROBE]  = probe != NULL};
  LLVMMemoryBufferRef bitcode[4] = {to_bitcode(b->module), probe ? to_bitcode(probe) : NULL,
                                    b->lanes ? to_bitcode(b->lanes) : NULL,
                                    b->kernels ? to_bitcode(b->kernels) : NULL};
  ude_part            parts[UDE_OBJECTS];
  size_t              count = 0;
  for (int i = 0; i < UDE_OBJECTS; i++) {
    if (wanted[i]) {
      parts[count++] = (ude_part){.bitcode = bitcode[i == UDE_OBJECT_PROBE    ? 1
                                                     : i == UDE_OBJECT_LANES  ? 2
                                                     : i == UDE_OBJECT_KERNEL ? 3
                                                                              : 0],
                                  .prefix  = prefixes[i],
                                  .data    = i == UDE_OBJECT_VALUE,
                                  .object  = &b->entry->object[i]};
    }
  }
  ude_status status = ude_pipeline_parts(parts, count, b->error);
  if (later && status == UDE_OK) {
    ude_text *to = &b->entry->object[UDE_OBJECT_LATER];
    ude_text_append_bytes(to, LLVMGetBufferStart(bitcode[0]), LLVMGetBufferSize(bitcode[0]));
    status = to->failed ? ude_fail_memory(b->error, "the compiled model") : UDE_OK;
  }
  for (size_t i = 0; i < sizeof bitcode / sizeof bitcode[0]; i++) {
    if (bitcode[i]) {
      LLVMDisposeMemoryBuffer(bitcode[i]);
    }
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
    status = link_library_rules(b);
  }
  if (status == UDE_OK) {
    ude_coerce_structs(b->module);
    status = ude_request_gather(b->module, b->error);
  }
  if (status == UDE_OK) {
    status = ude_user_rules_gather(b->module, b->error);
  }
  if (status == UDE_OK) {
    status = ude_link_check(b->module, b->error);
  }
  if (status == UDE_OK) {
    status = ude_flat_check_constants(b->reflection, b->options, b->error);
  }
  if (status == UDE_OK && (b->options->derivatives & UDE_PROBE)) {
    status = ude_source_extents(b->files, b->file_count, b->options, b->reflection, b->error);
    probe  = status == UDE_OK && b->reflection->learned_count > 0 && b->reflection->map[UDE_MAP_RHS]
                 ? LLVMCloneModule(b->module)
                 : NULL;
  }
  if (status == UDE_OK) {
    status = ude_pipeline_target(&b->machine, b->error);
  }
  if (status == UDE_OK) {
    status = middle(b);
  }
  if (status == UDE_OK && b->finish) {
    ude_user_rules_finish(b->module);
    return b->finish(b->module, b->finish_context, b->error);
  }
  if (status == UDE_OK && probe) {
    status = make_probe(b, probe);
  }
  if (status == UDE_OK) {
    status = back(b, probe);
  }
  if (status == UDE_OK) {
    ude_reflection_write(b->reflection, &b->entry->reflection);
    if (b->entry->reflection.failed) {
      status = ude_fail_memory(b->error, "the compiled model");
    }
  }
  if (probe) {
    LLVMDisposeModule(probe);
  }
  return status;
}

static ude_status run_build(build *b) {
  b->context        = LLVMContextCreate();
  ude_status status = compile(b);
  if (b->module) {
    LLVMDisposeModule(b->module);
  }
  if (b->lanes) {
    LLVMDisposeModule(b->lanes);
  }
  if (b->kernels) {
    LLVMDisposeModule(b->kernels);
  }
  if (b->machine) {
    LLVMDisposeTargetMachine(b->machine);
  }
  LLVMContextDispose(b->context);
  return status;
}

ude_status ude_build(const char *const *files, size_t file_count,
                     const ude_compile_options *options, ude_reflection *reflection,
                     ude_cache_entry *entry, ude_error *error) {
  build b = {.files      = files,
             .file_count = file_count,
             .options    = options,
             .reflection = reflection,
             .entry      = entry,
             .error      = error};
  return run_build(&b);
}

ude_status ude_build_module(const char *const *files, size_t file_count,
                            const ude_compile_options *options, ude_build_finish finish,
                            void *context, ude_error *error) {
  ude_reflection      reflection = {0};
  ude_cache_entry     entry      = {0};
  ude_compile_options own        = *options;
  own.derivatives &= ~(unsigned)UDE_PROBE;
  own.cache_dir     = NULL;
  build      b      = {.files          = files,
                       .file_count     = file_count,
                       .options        = &own,
                       .reflection     = &reflection,
                       .entry          = &entry,
                       .error          = error,
                       .finish         = finish,
                       .finish_context = context};
  ude_status status = run_build(&b);
  ude_reflection_free(&reflection);
  ude_cache_entry_free(&entry);
  return status;
}
