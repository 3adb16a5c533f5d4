/* ude compile: an object and a header that need neither libude nor LLVM. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
  const char *name;
  unsigned    flag;
} words[] = {{"jvp", UDE_AHEAD_JVP},
             {"vjp", UDE_AHEAD_VJP},
             {"jacobian", UDE_AHEAD_JACOBIAN},
             {"taylor", UDE_AHEAD_TAYLOR}};

static int parse_words(const char *text, unsigned *functions) {
  static const char *const later[] = {"hvp", "sparsity"};
  for (const char *at = text; *at;) {
    size_t length = strcspn(at, ",");
    bool   known  = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
      if (strlen(words[i].name) == length && strncmp(words[i].name, at, length) == 0) {
        *functions |= words[i].flag;
        known = true;
      }
    }
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
      if (strlen(later[i]) == length && strncmp(later[i], at, length) == 0) {
        return cli_usage_error("--derivatives: '%s' is not available in objects", later[i]);
      }
    }
    if (!known) {
      return cli_usage_error("--derivatives: '%.*s' is none of jvp, vjp, jacobian, taylor",
                             (int)length, at);
    }
    at += length + (at[length] == ',');
  }
  return CLI_OK;
}

/* Beside the object, or the first model, with another ending. */
static char *with_ending(const char *path, const char *ending, bool here) {
  const char *slash = strrchr(path, '/');
  const char *from  = here && slash ? slash + 1 : path;
  const char *dot   = strrchr(from, '.');
  size_t      stem  = dot && (!slash || dot > slash) ? (size_t)(dot - from) : strlen(from);
  char       *made  = ude_calloc(stem + strlen(ending) + 1, 1);
  if (made) {
    memcpy(made, from, stem);
    memcpy(made + stem, ending, strlen(ending));
  }
  return made;
}

static int write_both(const cli_options *options, const cli_model *model, unsigned functions,
                      const char *object_path, const char *header_path) {
  char                cache[4096];
  ude_compile_options compile = cli_compile_options(options, 0, cache, sizeof cache);
  compile.constants           = model->constants.item;
  compile.constant_count      = (size_t)model->constants.count;
  compile.diagnostic          = NULL; /* said when the model was opened */
  ude_object_options how      = {.functions = functions,
                                 .prefix    = options->prefix,
                                 .header    = header_path,
                                 .processor = options->processor,
                                 .u0    = model->has_u0 && !model->u0_from_initial ? model->u0 : NULL,
                                 .p0    = model->has_p ? model->p : NULL,
                                 .tspan = model->has_span ? model->tspan : NULL};
  ude_error          error    = {0};
  ude_text           object   = {0};
  ude_text           header   = {0};
  ude_status         status = ude_model_object(options->models.item, (size_t)options->models.count,
                                               &compile, &how, &object, &header, &error);
  if (status == UDE_OK) {
    status = ude_file_write(object_path, object.data, object.length, &error);
  }
  if (status == UDE_OK) {
    status = ude_file_write(header_path, header.data, header.length, &error);
  }
  ude_text_free(&object);
  ude_text_free(&header);
  return status ? cli_fail(&error, status) : CLI_OK;
}

static int run(const cli_options *options) {
  unsigned  functions = 0;
  int       code = parse_words(options->derivatives ? options->derivatives : "jvp,vjp", &functions);
  cli_model model;
  cli_options with = *options;
  with.partial     = true;
  if (code == CLI_OK) {
    code = cli_model_open(&with, 0, &model);
  }
  if (code) {
    return code;
  }
  char *object =
      options->output ? strdup(options->output) : with_ending(options->models.item[0], ".o", true);
  char *header = options->header ? strdup(options->header)
                 : object        ? with_ending(object, ".h", false)
                                 : NULL;
  if (!object || !header) {
    code = cli_usage_error("out of memory");
  } else if (strcmp(object, header) == 0) {
    code = cli_usage_error("the object and the header are the same file: '%s'", object);
  } else {
    code = write_both(options, &model, functions, object, header);
  }
  free(object);
  free(header);
  cli_model_close(&model);
  return code;
}

const cli_verb cli_compile = {
    .name    = "compile",
    .usage   = "MODEL.c [MORE.c ...] [-o MODEL.o] [--header MODEL.h] [options]",
    .summary = "an object and a header for C and C++ programs, without LLVM or libude",
    .options =
        "output header derivatives prefix processor u0 p params tspan define clang cache no-cache",
    .details =
        "--derivatives takes any of jvp,vjp,jacobian,taylor (default jvp,vjp). --u0, --p, --params "
        "and "
        "--tspan\n"
        "become the defaults in the object; integer members are fixed there. The object needs the "
        "C and\n"
        "mathematical libraries (-lm) only and exports nothing but names with the prefix.",
    .run = run};
