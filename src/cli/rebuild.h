/** @file rebuild.h
 *  @brief "The model with these functions" for ude_discover, by rewriting and compiling. */
#ifndef UDE_CLI_REBUILD_H
#define UDE_CLI_REBUILD_H

#include <ude/discover.h>

#include "cli/cli.h"

/** What the rebuild callback needs, and the models that it made. */
typedef struct cli_workshop {
  const cli_options *options;
  const char        *folder;
  ude_model        **model;
  int                models;
} cli_workshop;

/** A ude_rebuild_fn; context: cli_workshop. */
ude_status cli_rebuild(const ude_rebuild_request *request, const ude_vector_field **field,
                       void *context, ude_error *error);
/** Write the final model as `folder`/discovered.c; *path is set to it. */
ude_status cli_rebuild_write(const cli_workshop *shop, const ude_rebuild_request *request,
                             ude_text *path, ude_error *error);
void       cli_workshop_close(cli_workshop *shop);
/** Write `folder`/name; *path is set to it. */
ude_status cli_put_file(const char *folder, const char *name, const char *data, size_t length,
                        ude_text *path, ude_error *error);

#endif
