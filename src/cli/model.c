/* A compiled model with the initial state, parameters and time span that the options ask for. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/values.h"

/* ------------------------------------------------------------------------------- compile -- */

static void show_diagnostic(const char *text, void *context) {
  (void)context;
  fputs(text, stderr);
}

/* The user's cache folder by the XDG base directory rules; empty: no cache. */
static void default_cache(char *buffer, size_t size) {
  const char *base = getenv("XDG_CACHE_HOME");
  const char *home = getenv("HOME");
  buffer[0]        = '\0';
  int length       = -1;
  if (base && base[0] == '/') {
    length = snprintf(buffer, size, "%s/ude", base);
  } else if (home && home[0] == '/') {
    length = snprintf(buffer, size, "%s/.cache/ude", home);
  }
  if (length < 0 || (size_t)length >= size) {
    buffer[0] = '\0';
  }
}

ude_compile_options cli_compile_options(const cli_options *options, unsigned derivatives,
                                        char *cache_buffer, size_t size) {
  cache_buffer[0] = '\0';
  if (!options->no_cache && !options->cache) {
    default_cache(cache_buffer, size);
  }
  const char *cache = options->cache ? options->cache : cache_buffer;
  return (ude_compile_options){.derivatives    = derivatives,
                               .flags          = options->flags.item,
                               .flag_count     = (size_t)options->flags.count,
                               .constants      = options->constants.item,
                               .constant_count = (size_t)options->constants.count,
                               .clang          = options->clang,
                               .cache_dir      = options->no_cache || !cache[0] ? NULL : cache,
                               .diagnostic     = show_diagnostic};
}

int cli_model_compile(const cli_options *options, const char *const *files, size_t count,
                      unsigned derivatives, ude_model **model) {
  char                cache[4096];
  ude_compile_options compile  = cli_compile_options(options, derivatives, cache, sizeof cache);
  ude_error           error    = {0};
  bool                optional = (derivatives & CLI_OPTIONAL) != 0;
  compile.derivatives          = derivatives & ~(unsigned)CLI_OPTIONAL;
  ude_status status            = ude_model_compile(files, count, &compile, model, &error);
  if (optional && status == UDE_NOT_DIFFERENTIABLE) {
    fprintf(stderr, "ude: %s\nude: solving by an explicit method, which needs no derivatives\n",
            error.message);
    compile.derivatives = UDE_DERIVATIVE_NONE;
    status              = ude_model_compile(files, count, &compile, model, &error);
  }
  if (status == UDE_IO) { /* a model that cannot be read does not compile */
    cli_fail(&error, status);
    return CLI_MODEL;
  }
  return status == UDE_OK ? CLI_OK : cli_fail(&error, status);
}

/* ----------------------------------------------------------------------------------- open -- */

static int set_params(const cli_options *options, cli_model *model, cli_list *unknown) {
  const ude_vector_field *field = model->field;
  size_t                  count = (size_t)field->param.count;
  bool                   *seen  = ude_calloc(count, sizeof *seen);
  model->p                      = ude_calloc(count, sizeof *model->p);
  model->p_sigma = options->uncertain ? ude_calloc(count, sizeof *model->p_sigma) : NULL;
  if (!seen || !model->p || (options->uncertain && !model->p_sigma)) {
    free(seen);
    return cli_usage_error("out of memory");
  }
  int code = CLI_OK;
  if (code == CLI_OK && field->p0) {
    memcpy(model->p, field->p0, count * sizeof *model->p);
  }
  if (code == CLI_OK && options->params) {
    ude_error  error  = {0};
    ude_status status = ude_params_read(options->params, field, model->p, &error);
    code              = status ? cli_fail(&error, status) : CLI_OK;
  }
  if (code == CLI_OK) {
    cli_target to = {&field->param, "p", "p", model->p, model->p_sigma, seen, unknown};
    code          = cli_assign(&to, &options->p);
  }
  model->has_p = true;
  if (code == CLI_OK && !field->p0 && !options->params) {
    for (size_t i = 0; i < count && code == CLI_OK; i++) {
      const ude_member *member = ude_layout_member(&field->param, (int64_t)i);
      if (!seen[i] && !(member && member->init != UDE_INIT_DEFAULT)) {
        char name[256];
        if (options->partial) {
          model->has_p = false;
          break;
        }
        ude_layout_name(&field->param, (int64_t)i, "p", name, sizeof name);
        code = cli_usage_error(
            "parameter '%s' has no value: define p0 in the model, or give --p "
            "%s=VALUE or --params FILE",
            name, name);
      }
    }
  }
  free(seen);
  return code;
}

static int set_state(const cli_options *options, cli_model *model) {
  const ude_vector_field *field = model->field;
  size_t                  count = (size_t)field->state.count;
  bool                   *seen  = ude_calloc(count, sizeof *seen);
  model->u0                     = ude_calloc(count, sizeof *model->u0);
  model->u0_sigma        = options->uncertain ? ude_calloc(count, sizeof *model->u0_sigma) : NULL;
  int code               = seen && model->u0 && (model->u0_sigma || !options->uncertain)
                               ? CLI_OK
                               : cli_usage_error("out of memory");
  model->has_u0          = field->u0 != NULL || field->initial.value != NULL;
  model->u0_from_initial = field->initial.value != NULL && options->u0.count == 0;
  if (code == CLI_OK && model->has_u0) {
    ude_error  error  = {0};
    ude_status status = ude_initial_state(field, model->p, model->has_span ? model->tspan[0] : 0,
                                          model->u0, &error);
    code              = status ? cli_fail(&error, status) : CLI_OK;
  }
  if (code == CLI_OK) {
    cli_target to = {&field->state, "u", "u0", model->u0, model->u0_sigma, seen, NULL};
    code          = cli_assign(&to, &options->u0);
  }
  if (code == CLI_OK && !model->has_u0 && options->u0.count > 0) {
    model->has_u0 = true;
    for (size_t i = 0; i < count && code == CLI_OK; i++) {
      if (!seen[i]) {
        char name[256];
        ude_layout_name(&field->state, (int64_t)i, "u", name, sizeof name);
        code = cli_usage_error(
            "--u0 gives no value for '%s', and the model defines neither u0 nor "
            "initial",
            name);
      }
    }
  }
  free(seen);
  return code;
}

static int prepare(const cli_options *options, unsigned derivatives, cli_model *model,
                   cli_list *unknown) {
  int code = cli_model_compile(options, options->models.item, (size_t)options->models.count,
                               derivatives, &model->model);
  if (code) {
    return code;
  }
  model->field = ude_model_vector_field(model->model);
  code         = set_params(options, model, unknown);
  if (code || unknown->count != options->constants.count) {
    return code;
  }
  model->has_span = model->field->has_tspan || options->has_tspan;
  memcpy(model->tspan, options->has_tspan ? options->tspan : model->field->tspan,
         sizeof model->tspan);
  return set_state(options, model);
}

static void free_copies(cli_list *list) {
  for (int i = 0; i < list->count; i++) {
    free((char *)(uintptr_t)list->item[i]);
  }
  free(list->item);
  *list = (cli_list){0};
}

unsigned cli_solver_derivatives(const cli_options *options, bool gradient) {
  /* The estimates of implicit methods pass through their Jacobian. */
  bool     damped    = options->heuristics.count > 0 && ude_method_needs_jacobian(options->method);
  bool     automatic = !options->method || strcmp(options->method, "auto") == 0;
  unsigned derivatives =
      ude_method_needs_jacobian(options->method) ? UDE_DERIVATIVE_JVP | UDE_SPARSITY : 0;
  derivatives |= automatic ? (unsigned)UDE_DERIVATIVE_LATER : 0; /* only if it turns stiff */
  return derivatives | (gradient && (ude_method_needs_hessian(options->method) || damped)
                            ? (unsigned)UDE_DERIVATIVE_HVP
                            : 0);
}

/* With many states the pattern of the right-hand side pays: coloured Jacobians and sparse factors. Where it cannot be found, the
 * solvers do without. */
static void find_pattern(unsigned derivatives, cli_model *model) {
  enum { MANY = 64 };
  ude_sparsity_request request = {0};
  if ((derivatives & UDE_SPARSITY) && (derivatives & UDE_DERIVATIVE_JVP) &&
      model->field->state.count > MANY && model->field->rhs.jvp &&
      ude_model_sparsity(model->model, &request, &model->pattern, NULL) == UDE_OK) {
    model->own             = *model->field;
    model->own.rhs.pattern = &model->pattern;
    model->field           = &model->own;
  }
}

int cli_model_open(const cli_options *options, unsigned derivatives, cli_model *model) {
  *model = (cli_model){0};
  if (options->models.count == 0) {
    return cli_usage_error("no model: name at least one C file");
  }
  cli_options with      = *options;
  cli_list    constants = {0};
  int         code      = prepare(&with, derivatives, model, &constants);
  if (code == CLI_OK && constants.count > 0) {
    /* Names that are no real parameters may be integer members, which are constants of the model:
     * compile again with them; the compiler refuses names that do not exist. */
    cli_list again = {0};
    with.constants = constants;
    cli_model_close(model);
    code = prepare(&with, derivatives, model, &again);
    free_copies(&again);
  }
  model->constants = constants;
  if (code) {
    cli_model_close(model);
  } else {
    find_pattern(derivatives, model);
  }
  return code;
}

int cli_model_need(const cli_model *model, bool u0, bool tspan) {
  if (tspan && !model->has_span) {
    return cli_usage_error(
        "no time span: define 'const double tspan[2]' in the model or give "
        "--tspan a,b");
  }
  if (u0 && !model->has_u0) {
    return cli_usage_error(
        "no initial state: define 'const struct state u0' or 'initial' in the "
        "model, or give --u0 name=value,...");
  }
  return CLI_OK;
}

void cli_model_close(cli_model *model) {
  free(model->u0);
  free(model->p);
  free(model->u0_sigma);
  free(model->p_sigma);
  ude_model_free(model->model);
  ude_pattern_free(&model->pattern);
  free_copies(&model->constants);
  *model = (cli_model){0};
}

/* ------------------------------------------------------------------------------- solver -- */

int cli_solve_options(const cli_options *options, double t0, double t1, ude_solve_options *solve,
                      double **times) {
  *solve = (ude_solve_options){.method       = options->method,
                               .rtol         = options->rtol,
                               .atol         = options->atol,
                               .initial_step = options->step,
                               .max_step     = options->max_step,
                               .max_steps    = options->max_steps,
                               .stop         = cli_interrupted};
  if (options->max_steps < 0) {
    return cli_usage_error("--max-steps: must be positive, but is %lld",
                           (long long)options->max_steps);
  }
  if (options->saveat && strcmp(options->saveat, "end") == 0) {
    solve->save = UDE_SAVE_END;
  } else if (options->saveat) {
    int64_t count = 0;
    int     code  = cli_times(options->saveat, t0, t1, times, &count);
    if (code) {
      return code;
    }
    solve->save         = UDE_SAVE_AT;
    solve->saveat       = *times;
    solve->saveat_count = count;
  }
  return CLI_OK;
}
