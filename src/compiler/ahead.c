/* A model as object code and a header. */
#include "compiler/ahead.h"

#include <ctype.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/build.h"
#include "compiler/loaded.h"
#include "compiler/pipeline.h"

bool ude_ahead_map_of(const ude_ahead *ahead, int k, ude_ahead_map *map) {
  const ude_map *of       = ude_model_map(ahead->model, k);
  bool           no_state = k == UDE_MAP_INITIAL || k == UDE_MAP_PENALTY || k == UDE_MAP_SCHEDULE ||
                  k == UDE_MAP_DISCONTINUITIES;
  *map = (ude_ahead_map){ude_map_names[k], of->rows, of->columns, !no_state};
  /* Constant times are no function; a loss over samples is trained here, not there. */
  return ude_model_reflection(ahead->model)->map[k] && k != UDE_MAP_LOSS;
}

/* ---------------------------------------------------------------------------------- prefix -- */

static bool is_identifier(const char *text) {
  if (!isalpha((unsigned char)text[0]) && text[0] != '_') {
    return false;
  }
  for (const char *at = text; *at; at++) {
    if (!isalnum((unsigned char)*at) && *at != '_') {
      return false;
    }
  }
  return true;
}

static ude_status make_prefix(ude_ahead *ahead, const char *file, ude_error *error) {
  const char *given = ahead->options->prefix;
  if (given) {
    if (!is_identifier(given) || strlen(given) >= sizeof ahead->prefix) {
      return ude_fail(error, UDE_INVALID_ARGUMENT,
                      "the prefix '%s' does not begin a C identifier of moderate length", given);
    }
    memcpy(ahead->prefix, given, strlen(given) + 1);
    return UDE_OK;
  }
  const char *slash = strrchr(file, '/');
  const char *from  = slash ? slash + 1 : file;
  size_t      n     = 0;
  if (!isalpha((unsigned char)from[0])) {
    ahead->prefix[n++] = 'm';
  }
  while (*from && *from != '.' && n + 2 < sizeof ahead->prefix) {
    ahead->prefix[n++] = (char)(isalnum((unsigned char)*from) ? *from : '_');
    from++;
  }
  ahead->prefix[n++] = '_';
  ahead->prefix[n]   = '\0';
  return UDE_OK;
}

/* ---------------------------------------------------------------------------------- object -- */

typedef struct finish_context {
  const ude_ahead *ahead;
  ude_text        *object;
} finish_context;

static ude_status to_object(LLVMModuleRef module, const char *processor, ude_text *object,
                            ude_error *error) {
  LLVMTargetMachineRef machine = NULL;
  LLVMMemoryBufferRef  buffer  = NULL;
  ude_status           status  = ude_pipeline_processor(processor, &machine, error);
  if (status == UDE_OK) {
    status = ude_pipeline_object(module, machine, &buffer, error);
  }
  if (buffer) {
    ude_text_append_bytes(object, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
    LLVMDisposeMemoryBuffer(buffer);
    status = object->failed ? ude_fail_memory(error, "an object") : status;
  }
  if (machine) {
    LLVMDisposeTargetMachine(machine);
  }
  return status;
}

static ude_status finish(LLVMModuleRef module, void *context, ude_error *error) {
  const finish_context *to     = context;
  ude_status            status = ude_ahead_link(module, NULL, error);
  if (status) {
    return status;
  }
  LLVMStripModuleDebugInfo(module);
  ude_pipeline_internalize(module, false);
  ude_pipeline_hide(module);
  status        = ude_ahead_wrap(to->ahead, module, error);
  char *message = NULL;
  if (status == UDE_OK && LLVMVerifyModule(module, LLVMReturnStatusAction, &message)) {
    status = ude_fail(error, UDE_INTERNAL, "the object's code is invalid: %.900s", message);
  }
  LLVMDisposeMessage(message);
  return status ? status : to_object(module, to->ahead->options->processor, to->object, error);
}

/* The options of the derived module: code that may go into a shared library. */
static ude_status compile_object(const char *const *files, size_t file_count,
                                 const ude_compile_options *options, const ude_ahead *ahead,
                                 ude_text *object, ude_error *error) {
  unsigned     wanted = ahead->options->functions;
  const char **flags  = ude_calloc(options->flag_count + 1, sizeof *flags);
  if (!flags) {
    return ude_fail_memory(error, "the options of an object");
  }
  for (size_t i = 0; i < options->flag_count; i++) {
    flags[i] = options->flags[i];
  }
  flags[options->flag_count] = "-fPIC";
  ude_compile_options own    = *options;
  own.flags                  = flags;
  own.flag_count             = options->flag_count + 1;
  own.diagnostic             = NULL; /* clang's warnings came with the first compilation */
  own.derivatives =
      (wanted & (UDE_AHEAD_JVP | UDE_AHEAD_JACOBIAN | UDE_AHEAD_SPARSITY) ? UDE_DERIVATIVE_JVP
                                                                          : 0U) |
      (wanted & UDE_AHEAD_VJP ? UDE_DERIVATIVE_VJP : 0U) |
      (wanted & UDE_AHEAD_HVP ? UDE_DERIVATIVE_HVP : 0U) |
      (wanted & UDE_AHEAD_TAYLOR ? UDE_DERIVATIVE_JET : 0U);
  finish_context to     = {ahead, object};
  ude_status     status = ude_build_module(files, file_count, &own, finish, &to, error);
  free(flags);
  return status;
}

static ude_status find_patterns(ude_ahead *ahead, ude_error *error) {
  ude_status status = UDE_OK;
  for (int k = 0; k < UDE_MAPS && status == UDE_OK; k++) {
    ude_ahead_map map;
    if (!ude_ahead_map_of(ahead, k, &map) || !map.state) {
      continue;
    }
    ude_sparsity_request request = {.map = ude_model_map(ahead->model, k), .p = ahead->p0};
    status = ude_model_sparsity(ahead->model, &request, &ahead->pattern[k], error);
    if (status == UDE_OK) {
      status = ude_colour(&ahead->pattern[k], UDE_COLOUR_COLUMNS, UDE_ORDER_BEST,
                          &ahead->colouring[k], error);
    }
  }
  return status;
}

ude_status ude_model_object(const char *const *files, size_t file_count,
                            const ude_compile_options *options,
                            const ude_object_options *object_options, ude_text *object,
                            ude_text *header, ude_error *error) {
  static const ude_compile_options none     = {0};
  static const ude_object_options  defaults = {0};
  ude_error                        own      = {0};
  error                                     = error ? error : &own;
  ude_ahead           ahead  = {.options = object_options ? object_options : &defaults};
  ude_compile_options values = options ? *options : none;
  ude_model          *model  = NULL;
  if (file_count == 0) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "a model needs at least one C file");
  }
  bool sparse        = (ahead.options->functions & UDE_AHEAD_SPARSITY) != 0;
  values.derivatives = sparse ? UDE_SPARSITY : UDE_DERIVATIVE_NONE;
  ude_status status  = make_prefix(&ahead, files[0], error);
  if (status == UDE_OK) {
    status = ude_model_compile(files, file_count, &values, &model, error);
  }
  if (status) {
    return status;
  }
  ahead.model = model;
  ahead.field = ude_model_vector_field(model);
  ahead.u0    = ahead.options->u0 ? ahead.options->u0 : ahead.field->u0;
  ahead.p0    = ahead.options->p0 ? ahead.options->p0 : ahead.field->p0;
  ahead.tspan = ahead.options->tspan     ? ahead.options->tspan
                : ahead.field->has_tspan ? ahead.field->tspan
                                         : NULL;
  status      = sparse ? find_patterns(&ahead, error) : UDE_OK;
  if (status == UDE_OK) {
    status = compile_object(files, file_count, &values, &ahead, object, error);
  }
  if (status == UDE_OK) {
    ude_ahead_header(&ahead, files[0], header);
    status = header->failed ? ude_fail_memory(error, "a header") : UDE_OK;
  }
  for (int k = 0; k < UDE_MAPS; k++) {
    ude_pattern_free(&ahead.pattern[k]);
    ude_colouring_free(&ahead.colouring[k]);
  }
  ude_model_free(model);
  return status;
}
