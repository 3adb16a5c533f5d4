/* Models as discover asks for them. */
#include "cli/rebuild.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ude_status cli_put_file(const char *folder, const char *name, const char *data, size_t length,
                        ude_text *path, ude_error *error) {
  path->length = 0;
  ude_text_append(path, "%s/%s", folder, name);
  return path->failed ? ude_fail_memory(error, name)
                      : ude_file_write(path->data, data, length, error);
}

/* The source of a request: given whole, or the model with other bodies. */
static ude_status source_of(const cli_workshop *shop, const ude_rebuild_request *request,
                            char **text, ude_error *error) {
  if (request->source) {
    *text = strdup(request->source);
    return *text ? UDE_OK : ude_fail_memory(error, "the model");
  }
  char                cache[4096];
  ude_compile_options compile =
      cli_compile_options(shop->options, UDE_DERIVATIVE_NONE, cache, sizeof cache);
  ude_replacement *bodies = ude_calloc((size_t)request->body_count, sizeof *bodies);
  ude_new_param   *params = ude_calloc((size_t)request->param_count, sizeof *params);
  ude_status       status = bodies && params ? UDE_OK : ude_fail_memory(error, "the model");
  for (int64_t i = 0; i < request->body_count && status == UDE_OK; i++) {
    bodies[i] = (ude_replacement){request->bodies[i].function, request->bodies[i].body};
  }
  for (int64_t i = 0; i < request->param_count && status == UDE_OK; i++) {
    params[i] = (ude_new_param){request->params[i].name, request->params[i].value,
                                request->params[i].comment};
  }
  if (status == UDE_OK) {
    status = ude_model_rewrite(shop->options->models.item, (size_t)shop->options->models.count,
                               &compile, bodies, (size_t)request->body_count, params,
                               (size_t)request->param_count, request->p, request->u0,
                               "Written by ude: the learned terms as equations.", text, error);
  }
  free(bodies);
  free(params);
  return status;
}

ude_status cli_rebuild(const ude_rebuild_request *request, const ude_vector_field **field,
                       void *context, ude_error *error) {
  cli_workshop *shop  = context;
  char         *text  = NULL;
  ude_text      path  = {0};
  ude_model   **grown = ude_realloc(shop->model, (size_t)shop->models + 1, sizeof(ude_model *));
  ude_status    status =
      grown ? source_of(shop, request, &text, error) : ude_fail_memory(error, "the model");
  shop->model = grown ? grown : shop->model;
  if (status == UDE_OK) {
    status = cli_put_file(shop->folder, "library_model.c", text, strlen(text), &path, error);
  }
  if (status == UDE_OK) {
    ude_compile_options compile = cli_compile_options(
        shop->options, UDE_DERIVATIVE_JVP | UDE_DERIVATIVE_VJP, (char[4096]){0}, 4096);
    const char *files[1] = {path.data};
    compile.cache_dir    = NULL; /* made once, used once */
    status               = ude_model_compile(files, 1, &compile, &shop->model[shop->models], error);
    unlink(path.data);
  }
  if (status == UDE_OK) {
    *field = ude_model_vector_field(shop->model[shop->models++]);
  }
  free(text);
  ude_text_free(&path);
  return status;
}

void cli_workshop_close(cli_workshop *shop) {
  for (int i = 0; i < shop->models; i++) {
    ude_model_free(shop->model[i]);
  }
  free(shop->model);
}

ude_status cli_rebuild_write(const cli_workshop *shop, const ude_rebuild_request *request,
                             ude_text *path, ude_error *error) {
  char      *text   = NULL;
  ude_status status = source_of(shop, request, &text, error);
  if (status == UDE_OK) {
    status = cli_put_file(shop->folder, "discovered.c", text, strlen(text), path, error);
  }
  free(text);
  return status;
}
