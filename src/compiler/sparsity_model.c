/* Sparsity patterns of a compiled model. */
#include <llvm-c/BitReader.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/build.h"
#include "compiler/loaded.h"
#include "compiler/sparsity.h"

/* The name in the module of the flat map that the request means; false: it is not one of this model. */
static bool find_map(const ude_model *model, const ude_map *map, char name[UDE_FLAT_NAME]) {
  const ude_vector_field *field      = ude_model_vector_field(model);
  const ude_reflection   *reflection = ude_model_reflection(model);
  for (int k = 0; k < UDE_MAPS; k++) {
    if (map == ude_model_map(model, k)) {
      ude_flat_name(name, "value", ude_map_names[k]);
      return reflection->map[k];
    }
  }
  for (int64_t k = 0; k < field->learned_count; k++) {
    if (map == &field->learned[k].map) {
      char full[UDE_FLAT_NAME];
      ude_build_learned_name(full, &reflection->learned[k]);
      ude_flat_name(name, "value", full);
      return true;
    }
  }
  return false;
}

static ude_status check_request(const ude_model *model, const ude_sparsity_request *request,
                                const ude_map *map, ude_error *error) {
  const ude_vector_field *field = ude_model_vector_field(model);
  if (request->path &&
      ((map->columns > 0 && !request->u) || (field->param.count > 0 && !request->p))) {
    return ude_fail(error, UDE_INVALID_ARGUMENT,
                    "the pattern of the executed path needs a state and parameters");
  }
  if (request->hessian && map->rows < 1) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "a Hessian needs a map with outputs");
  }
  if (!ude_model_ir(model)->length) {
    return ude_fail(error, UDE_UNSUPPORTED,
                    "the model was compiled without UDE_SPARSITY: no patterns can be found");
  }
  return UDE_OK;
}

static ude_status run_in(LLVMContextRef context, const ude_model *model, const char *name,
                         const ude_sparsity_task *task, ude_pattern *pattern, ude_error *error) {
  const ude_text     *ir     = ude_model_ir(model);
  LLVMModuleRef       module = NULL;
  LLVMMemoryBufferRef buffer =
      LLVMCreateMemoryBufferWithMemoryRange(ir->data, ir->length, "model", 0);
  ude_status status = UDE_OK;
  if (LLVMParseBitcodeInContext2(context, buffer, &module)) {
    status = ude_fail(error, UDE_INTERNAL, "the model's code cannot be read back");
  }
  LLVMDisposeMemoryBuffer(buffer);
  LLVMValueRef primal = module ? LLVMGetNamedFunction(module, name) : NULL;
  if (module && !primal) {
    status = ude_fail(error, UDE_INTERNAL, "the model's code lacks '%s'", name);
  }
  if (primal) {
    status = ude_sparsity_run(module, primal, task, pattern, error);
  }
  if (module) {
    LLVMDisposeModule(module);
  }
  return status;
}

ude_status ude_model_sparsity(const ude_model *model, const ude_sparsity_request *request,
                              ude_pattern *pattern, ude_error *error) {
  static const ude_sparsity_request none = {0};
  char                              name[UDE_FLAT_NAME];
  request                       = request ? request : &none;
  const ude_vector_field *field = ude_model_vector_field(model);
  const ude_map          *map   = request->map ? request->map : &field->rhs;
  *pattern                      = (ude_pattern){0};
  if (!find_map(model, map, name)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "the model does not define that map");
  }
  ude_status status = check_request(model, request, map, error);
  if (status) {
    return status;
  }
  int64_t params = field->param.count;
  bool   *fixed  = ude_calloc((size_t)params, sizeof *fixed);
  if (!fixed) {
    return ude_fail_memory(error, "a sparsity pattern");
  }
  for (int64_t k = 0; k < params && request->p; k++) {
    const ude_member *member = ude_layout_member(&field->param, k);
    fixed[k]                 = member && member->fixed;
  }
  ude_sparsity_task task    = {.rows        = map->rows,
                               .states      = map->columns,
                               .params      = params,
                               .wrt_param   = request->wrt_param,
                               .second      = request->hessian,
                               .path        = request->path,
                               .u           = request->u,
                               .p           = request->p,
                               .t           = request->t,
                               .known_param = request->p ? fixed : NULL};
  LLVMContextRef    context = LLVMContextCreate();
  status                    = run_in(context, model, name, &task, pattern, error);
  LLVMContextDispose(context);
  free(fixed);
  return status;
}
