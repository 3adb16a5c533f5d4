/* A compiled model with the initial state, parameters and time span that the options ask for. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

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
  return status == UDE_OK ? CLI_OK : cli_fail(&error, status);
}

/* --------------------------------------------------------------------------- assignments -- */

/* Where "+-", "+/-" or the sign of plus or minus (U+00B1) begins; NULL: nowhere. */
static char *find_plus_minus(char *number, size_t *length) {
  static const char *const marks[] = {"+-", "+/-", "\xc2\xb1"};
  for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
    char *found = strstr(number, marks[i]);
    if (found) {
      *length = strlen(marks[i]);
      return found;
    }
  }
  return NULL;
}

static bool finite_number(const char *text, double *value) {
  return ude_parse_real(text, strlen(text), value) && isfinite(*value);
}

/* One name=value on a vector; *known is false (and nothing is said) for a name it does not have. */
static int assign(const ude_layout *layout, const char *fallback, const char *what,
                  const char *item, size_t length, double *values, double *sigmas, bool *seen,
                  bool *known) {
  char        name[512];
  const char *equals = memchr(item, '=', length);
  if (!equals || equals == item || (size_t)(equals - item) >= sizeof name) {
    return cli_usage_error("--%s: '%.*s' is not of the form name=value", what, (int)length, item);
  }
  memcpy(name, item, (size_t)(equals - item));
  name[equals - item] = '\0';
  char   number[96];
  size_t digits = length - (size_t)(equals + 1 - item);
  double value  = 0;
  double sigma  = 0;
  number[0]     = '\0';
  if (digits < sizeof number) {
    memcpy(number, equals + 1, digits);
    number[digits] = '\0';
  }
  size_t mark  = 0;
  char  *split = sigmas ? find_plus_minus(number, &mark) : NULL;
  if (split) {
    *split = '\0';
    if (!finite_number(split + mark, &sigma) || sigma < 0) {
      return cli_usage_error(
          "--%s: the standard deviation of '%s' is not a finite number, zero or "
          "more: '%s'",
          what, name, split + mark);
    }
  }
  if (!finite_number(number, &value)) {
    return cli_usage_error("--%s: the value of '%s' is not a finite number: '%.*s'", what, name,
                           (int)digits, equals + 1);
  }
  int64_t i = ude_layout_find(layout, name, fallback);
  *known    = i >= 0;
  if (*known) {
    values[i] = value;
    if (sigmas) {
      sigmas[i] = sigma;
    }
    if (seen) {
      seen[i] = true;
    }
  }
  return CLI_OK;
}

static void list_names(const ude_layout *layout, const char *fallback, char *buffer, size_t size) {
  size_t used = 0;
  buffer[0]   = '\0';
  for (int64_t i = 0; i < layout->count && used + 40 < size; i++) {
    char name[256];
    ude_layout_name(layout, i, fallback, name, sizeof name);
    int length = snprintf(buffer + used, size - used, "%s%s", i ? ", " : "", name);
    used += length > 0 ? (size_t)length : 0;
  }
  if (used + 40 >= size) {
    snprintf(buffer + size - 8, 8, ", ...");
  }
}

typedef struct target {
  const ude_layout *layout;
  const char       *fallback, *what;
  double           *values, *sigmas; /**< sigmas NULL: no uncertainties */
  bool             *seen;
  cli_list         *unknown; /**< collects names that may be integer members; NULL: an error */
} target;

static int assign_text(const target *to, const char *text, size_t length, const char *separators) {
  size_t at = 0;
  while (at < length) {
    size_t item = strcspn(text + at, separators);
    if (item > length - at) {
      item = length - at;
    }
    size_t first = at;
    at += item + 1;
    while (item > 0 && (text[first] == ' ' || text[first] == '\t')) {
      first++;
      item--;
    }
    while (item > 0 && strchr(" \t\r", text[first + item - 1])) {
      item--;
    }
    if (item == 0 || text[first] == '#') {
      continue;
    }
    bool known = false;
    int  code  = assign(to->layout, to->fallback, to->what, text + first, item, to->values,
                        to->sigmas, to->seen, &known);
    if (code) {
      return code;
    }
    if (!known) {
      char *copy = strndup(text + first, item);
      if (to->unknown && copy) {
        const char **grown =
            ude_realloc(to->unknown->item, (size_t)to->unknown->count + 1, sizeof *grown);
        if (grown) {
          to->unknown->item                       = grown;
          to->unknown->item[to->unknown->count++] = copy;
          continue;
        }
      }
      char names[400];
      list_names(to->layout, to->fallback, names, sizeof names);
      code = cli_usage_error("--%s: unknown name in '%s'; the names are: %s", to->what,
                             copy ? copy : "", names);
      free(copy);
      return code;
    }
  }
  return CLI_OK;
}

static int assign_all(const target *to, const cli_list *list) {
  for (int i = 0; i < list->count; i++) {
    const char *text = list->item[i];
    int         code = CLI_OK;
    if (text[0] == '@') {
      char      *data   = NULL;
      size_t     length = 0;
      ude_error  error  = {0};
      ude_status status = ude_file_read(text + 1, &data, &length, &error);
      code              = status ? cli_fail(&error, status) : assign_text(to, data, length, "\n");
      free(data);
    } else {
      code = assign_text(to, text, strlen(text), ",");
    }
    if (code) {
      return code;
    }
  }
  return CLI_OK;
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
    target to = {&field->param, "p", "p", model->p, model->p_sigma, seen, unknown};
    code      = assign_all(&to, &options->p);
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
    target to = {&field->state, "u", "u0", model->u0, model->u0_sigma, seen, NULL};
    code      = assign_all(&to, &options->u0);
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
  unsigned derivatives =
      ude_method_needs_jacobian(options->method) ? UDE_DERIVATIVE_JVP | UDE_SPARSITY : 0;
  return derivatives |
         (gradient && ude_method_needs_hessian(options->method) ? (unsigned)UDE_DERIVATIVE_HVP : 0);
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

/* --------------------------------------------------------------------------------- saveat -- */

static int parse_times(const char *text, double t0, double t1, double **times, int64_t *count) {
  int64_t commas = 0;
  for (const char *c = text; *c; c++) {
    commas += *c == ',';
  }
  char  *end   = NULL;
  double first = strtod(text, &end);
  if (end == text || (*end != '\0' && *end != ',') || !isfinite(first)) {
    return cli_usage_error("--saveat: '%s' is neither a step, nor times t1,t2,..., nor 'end'",
                           text);
  }
  if (commas == 0) { /* a step */
    double steps = floor(fabs(t1 - t0) / first * (1 + 4e-16) + 1e-9);
    if (!(first > 0) || !(steps < 1e9)) {
      return cli_usage_error("--saveat: the step must be positive and give fewer than 1e9 points");
    }
    *count = (int64_t)steps + 1;
    *times = ude_calloc((size_t)*count, sizeof **times);
    if (!*times) {
      return cli_usage_error("--saveat: out of memory for %lld points", (long long)*count);
    }
    double direction = t1 >= t0 ? 1 : -1;
    for (int64_t i = 0; i < *count; i++) {
      double t    = t0 + direction * (double)i * first;
      (*times)[i] = fabs(t1 - t) < 1e-9 * first ? t1 : t;
    }
    return CLI_OK;
  }
  *times = ude_calloc((size_t)commas + 1, sizeof **times);
  if (!*times) {
    return cli_usage_error("--saveat: out of memory");
  }
  *count         = 0;
  const char *at = text;
  while (*at) {
    double t = strtod(at, &end);
    if (end == at || (*end != '\0' && *end != ',') || !isfinite(t)) {
      return cli_usage_error("--saveat: '%s' is not a list of finite times", text);
    }
    (*times)[(*count)++] = t;
    at                   = *end == ',' ? end + 1 : end;
  }
  return CLI_OK;
}

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
    int     code  = parse_times(options->saveat, t0, t1, times, &count);
    if (code) {
      return code;
    }
    solve->save         = UDE_SAVE_AT;
    solve->saveat       = *times;
    solve->saveat_count = count;
  }
  return CLI_OK;
}
