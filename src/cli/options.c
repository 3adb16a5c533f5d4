/* Command-line options: one table for all verbs. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

typedef enum cli_kind { FLAG, TEXT, REAL, POSITIVE, INTEGER, LIST, SPAN, TOLERANCE } cli_kind;

typedef struct cli_option {
  const char *name;
  cli_kind    kind;
  size_t      offset;
  size_t      present; /**< offset of a bool set when given; 0: none */
  const char *argument, *help;
} cli_option;

#define AT(member) offsetof(cli_options, member)

static const cli_option table[] = {
    {"method", TEXT, AT(method), 0, "NAME",
     "solver: auto, or one of euler rk4 ssprk43 bs3 tsit5 dp5 vern6 vern7 dop853 vern9 "
     "rosenbrock23 rodas4 rodas5p trbdf2 kencarp4 radau rock2 rock4 cvode_bdf cvode_adams"},
    {"rtol", POSITIVE, AT(rtol), 0, "R", "relative tolerance (default 1e-6)"},
    {"atol", TOLERANCE, AT(atol), 0, "A|name=A,...",
     "absolute tolerance (default 1e-9); solve and grad: also of single states"},
    {"tspan", SPAN, AT(tspan), AT(has_tspan), "a,b", "time span instead of the model's"},
    {"u0", LIST, AT(u0), 0, "name=v,...", "initial values; also @FILE with one name=value a line"},
    {"p", LIST, AT(p), 0, "name=v,...", "parameter values; also @FILE"},
    {"params", TEXT, AT(params), 0, "FILE",
     "parameters from params.json, name=value lines, or plain numbers (the trained ones in order)"},
    {"saveat", TEXT, AT(saveat), 0, "dt|t1,t2,..|end", "when to save (default: every step)"},
    {"select", LIST, AT(select), 0, "a,b[3],...", "states to print (default: all)"},
    {"events-out", TEXT, AT(events_out), 0, "FILE", "write the events: time, number, state before"},
    {"step", POSITIVE, AT(step), 0, "H", "size of the first step; of every step for euler and rk4"},
    {"max-step", POSITIVE, AT(max_step), 0, "H", "largest step"},
    {"max-steps", INTEGER, AT(max_steps), 0, "N", "limit of attempted steps"},
    {"format", TEXT, AT(format), 0, "csv|json", "output format"},
    {"stats", FLAG, AT(stats), 0, NULL, "one JSON line of statistics on standard error"},
    {"plot", FLAG, AT(plot), 0, NULL, "draw on the terminal (standard error)"},
    {"plot", TEXT, AT(picture), 0, "FILE.svg", "write a picture"},
    {"hessian", FLAG, AT(hessian), 0, NULL, "second derivatives of cost"},
    {"path", FLAG, AT(path), 0, NULL, "only the path that is executed at the point"},
    {"sensitivity", TEXT, AT(sensitivity), 0, "M",
     "auto, adjoint, forward, backsolve, interpolating, quadrature, gauss, forward-continuous; "
     "grad "
     "also: all"},
    {"wrt", TEXT, AT(wrt), 0, "WHAT", "with respect to: param, state (grad also: all, time)"},
    {"mode", TEXT, AT(mode), 0, "M", "forward or reverse"},
    {"at", REAL, AT(at), AT(has_at), "T", "time (default: start of the span)"},
    {"t", REAL, AT(at), AT(has_at), "T", "the same as --at"},
    {"order", INTEGER, AT(order), AT(has_order), "K", "highest order"},
    {"output", TEXT, AT(output), 0, "PATH", "run folder or file to write (also -o)"},
    {"header", TEXT, AT(header), 0, "PATH", "header to write (default: beside the object)"},
    {"prefix", TEXT, AT(prefix), 0, "P_", "of exported names (default: the model's name and _)"},
    {"processor", TEXT, AT(processor), 0, "NAME",
     "native, x86-64-v2, x86-64-v3, x86-64-v4 (default: any of this architecture)"},
    {"initial", TEXT, AT(initial), 0, "WHAT",
     "initial state of each trajectory: auto, model, data (its first row) or trained"},
    {"optimizer", TEXT, AT(optimizer), 0, "NAME",
     "after adam: auto (lm where it fits), bfgs, lbfgs, lm or none"},
    {"adam", INTEGER, AT(adam), 0, "N", "iterations of adam (-1: none)"},
    {"rate", POSITIVE, AT(rate), 0, "R", "learning rate of adam"},
    {"iterations", INTEGER, AT(iterations), 0, "N", "limit of the optimizer's iterations"},
    {"batch", INTEGER, AT(batch), 0, "N", "samples of an iteration (default 128)"},
    {"decay", POSITIVE, AT(decay), 0, "F",
     "factor of the rate every 1000 iterations (default 0.9)"},
    {"weights", LIST, AT(weights), 0, "name=w,...", "of the terms of a loss over samples"},
    {"balance", FLAG, AT(balance), 0, NULL, "adapt the weights so that the terms pull equally"},
    {"regularise", REAL, AT(regularise), 0, "L",
     "add L * mean(theta^2) over network weights (default: L chosen by the data; -1: none)"},
    {"heuristics", LIST, AT(heuristics), 0, "E=W,...",
     "add the solver's estimates to the loss: error, error2, stiffness, stiffness-h, each with "
     ":mean, :sum or :max over the steps, times W"},
    {"scale", TEXT, AT(scale), 0, "HOW",
     "of the data columns: none (default) or deviation (each divided by its standard deviation)"},
    {"segment", INTEGER, AT(segment), 0, "N",
     "multiple shooting: N data intervals a segment (default: where single solutions fail; -1: "
     "never)"},
    {"continuity", POSITIVE, AT(continuity), 0, "W", "weight of the jumps between segments"},
    {"max-seconds", POSITIVE, AT(max_seconds), 0, "S", "stop training after S seconds"},
    {"seed", INTEGER, AT(seed), 0, "S", "seed of all random numbers"},
    {"repeat", INTEGER, AT(repeat), 0, "N",
     "fit N times with seeds S, S+1, ..., in RUN/seed-S, ...; print loss and structure of each"},
    {"reach", POSITIVE, AT(reach), 0, "L",
     "with --repeat: the share of fits with a loss of at most L"},
    {"expect", TEXT, AT(expect), 0, "TEXT",
     "with --repeat: the share of fits whose structure is TEXT, as this prints it"},
    {"resume", FLAG, AT(resume), 0, NULL, "continue from the run folder's checkpoint"},
    {"library", LIST, AT(library), 0, "a,b,...",
     "candidates: poly, trig, exp, rational, products (default poly,trig)"},
    {"degree", INTEGER, AT(degree), 0, "D", "highest degree of the polynomials"},
    {"criterion", TEXT, AT(criterion), 0, "NAME", "of the choice: ebic (default), bic, aicc"},
    {"states", LIST, AT(states), 0, "a,b,...",
     "columns that are states (default: all but t, trajectory, derivatives)"},
    {"derivatives", TEXT, AT(derivatives), 0, "HOW",
     "discover: auto, given (columns d(x) or dx/dt), spline, savitzky-golay, finite, spectral, "
     "total-variation; compile: which functions"},
    {"regression", TEXT, AT(regression), 0, "NAME",
     "from data alone, one regression is final: stlsq, sr3 or sr3-l1"},
    {"threshold", POSITIVE, AT(threshold), 0, "X",
     "of that regression, on coefficients in their own units (default: chosen by the criterion)"},
    {"ensemble", INTEGER, AT(ensemble), 0, "N",
     "that regression on N resampled data sets: medians, and how often a term is kept"},
    {"weak", INTEGER, AT(weak), 0, "N",
     "that regression on integrals over 2 N + 1 rows instead of derivatives"},
    {"window", INTEGER, AT(window), 0, "N", "points of a Savitzky-Golay window"},
    {"correlation", LIST, AT(correlations), 0, "a:b=r,...", "correlation of two uncertain inputs"},
    {"covariance", TEXT, AT(covariance), 0, "FILE",
     "CSV: names of uncertain inputs, then their covariance matrix"},
    {"components", FLAG, AT(components), 0, NULL, "also the part of each uncertain input"},
    {"sample", INTEGER, AT(samples), 0, "N",
     "uncertain: cross-check with N solves of drawn inputs; fit of a loss: samples for its report"},
    {"threads", INTEGER, AT(threads), 0, "N", "threads to use (default: all processors)"},
    {"future", REAL, AT(future), AT(has_future), "T", "extrapolate the recovered model to time T"},
    {"truth", TEXT, AT(truth), 0, "MODEL.c", "true model, plotted beside the extrapolation"},
    {"define", LIST, AT(flags), 0, "NAME[=V]", "macro for clang (also -DNAME=V)"},
    {"clang", TEXT, AT(clang), 0, "PATH", "the clang to use"},
    {"cache", TEXT, AT(cache), 0, "DIR", "cache folder of compiled models"},
    {"specialise", FLAG, AT(specialise), 0, NULL,
     "compile the method's steps with the model in them (few states; for many solves)"},
    {"no-cache", FLAG, AT(no_cache), 0, NULL, "do not use the cache of compiled models"},
    {"quiet", FLAG, AT(quiet), 0, NULL, "no progress"},
    {"help", FLAG, AT(help), 0, NULL, "this help"},
};

enum { OPTION_COUNT = sizeof table / sizeof table[0] };

/** Is `name` one of the words in `words`? */
static bool listed(const char *words, const char *name, size_t length) {
  for (const char *at = words; (at = strstr(at, name)) != NULL; at++) {
    bool starts = at == words || at[-1] == ' ';
    bool ends   = at[length] == ' ' || at[length] == '\0';
    if (starts && ends) {
      return true;
    }
  }
  return false;
}

/* A verb lists "name", or "name=" where only the option of that name with an argument is meant. */
static bool accepted(const cli_verb *verb, const cli_option *option) {
  char word[64];
  int  length = snprintf(word, sizeof word, "%s=", option->name);
  return listed(verb->options, option->name, (size_t)length - 1) ||
         (option->argument && listed(verb->options, word, (size_t)length));
}

static const cli_option *find(const cli_verb *verb, const char *name, size_t length) {
  for (int i = 0; i < OPTION_COUNT; i++) {
    if (strlen(table[i].name) == length && strncmp(table[i].name, name, length) == 0 &&
        (strcmp(table[i].name, "help") == 0 || accepted(verb, &table[i]))) {
      return &table[i];
    }
  }
  return NULL;
}

static int append(cli_list *list, const char *item) {
  const char **grown = ude_realloc(list->item, (size_t)list->count + 1, sizeof *grown);
  if (!grown) {
    return cli_usage_error("out of memory");
  }
  list->item                = grown;
  list->item[list->count++] = item;
  return CLI_OK;
}

static bool parse_real(const char *text, size_t length, double *value) {
  return ude_parse_real(text, length, value) && isfinite(*value);
}

static int store(const cli_option *option, const char *text, cli_options *options) {
  char *base = (char *)options;
  void *slot = base + option->offset;
  if (option->present) {
    *(bool *)(void *)(base + option->present) = true;
  }
  switch (option->kind) {
  case FLAG: *(bool *)slot = true; return CLI_OK;
  case TEXT: *(const char **)slot = text; return CLI_OK;
  case LIST: return append(slot, text);
  case TOLERANCE:
    if (strchr(text, '=') || text[0] == '@') {
      return append(&options->atols, text);
    } /* fall through */
  case REAL:
  case POSITIVE:
    if (!parse_real(text, strlen(text), slot)) {
      return cli_usage_error("--%s: '%s' is not a finite number", option->name, text);
    }
    if (option->kind != REAL && *(double *)slot <= 0) {
      return cli_usage_error("--%s: must be positive, but is %s", option->name, text);
    }
    return CLI_OK;
  case INTEGER: {
    char *after      = NULL;
    errno            = 0;
    *(int64_t *)slot = strtoll(text, &after, 10);
    if (after == text || *after != '\0' || errno == ERANGE) {
      return cli_usage_error("--%s: '%s' is not an integer", option->name, text);
    }
    return CLI_OK;
  }
  case SPAN: {
    double *span  = slot;
    size_t  first = strcspn(text, ",");
    if (text[first] != ',' || !parse_real(text, first, &span[0]) ||
        !parse_real(text + first + 1, strlen(text + first + 1), &span[1])) {
      return cli_usage_error("--%s: '%s' is not of the form a,b with finite numbers", option->name,
                             text);
    }
    return CLI_OK;
  }
  }
  return CLI_OK;
}

static bool ends_with(const char *text, const char *suffix) {
  size_t length = strlen(text);
  size_t tail   = strlen(suffix);
  return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

static int unknown_option(const cli_verb *verb, const char *name, size_t length) {
  char              wanted[64];
  const cli_option *nearest = NULL;
  int               best    = INT_MAX;
  snprintf(wanted, sizeof wanted, "%.*s", (int)length, name);
  for (int i = 0; i < OPTION_COUNT; i++) {
    int distance = ude_name_distance(wanted, table[i].name);
    if (distance < best && find(verb, table[i].name, strlen(table[i].name))) {
      nearest = &table[i];
      best    = distance;
    }
  }
  return cli_usage_error("%s: unknown option '--%.*s'%s%s%s; see 'ude %s --help'", verb->name,
                         (int)length, name, nearest ? " (did you mean '--" : "",
                         nearest ? nearest->name : "", nearest ? "'?)" : "", verb->name);
}

static int parse_long(const cli_verb *verb, int argc, char **argv, int *i, cli_options *options) {
  const char       *name   = argv[*i] + 2;
  const char       *equals = strchr(name, '=');
  size_t            length = equals ? (size_t)(equals - name) : strlen(name);
  const cli_option *option = find(verb, name, length);
  if (!option) {
    return unknown_option(verb, name, length);
  }
  if (option->kind == FLAG) {
    return equals ? cli_usage_error("--%s takes no value", option->name)
                  : store(option, NULL, options);
  }
  const char *value = equals ? equals + 1 : NULL;
  if (!value) {
    if (*i + 1 >= argc) {
      return cli_usage_error("--%s needs a value: %s", option->name, option->argument);
    }
    if (strncmp(argv[*i + 1], "--", 2) == 0) {
      return cli_usage_error("--%s needs a value: %s, not '%s'", option->name, option->argument,
                             argv[*i + 1]);
    }
    value = argv[++*i];
  }
  if (strcmp(option->name, "define") == 0) {
    static const char *macro = "-D"; /* clang accepts the macro as a separate argument */
    int                code  = append(&options->flags, macro);
    return code ? code : append(&options->flags, value);
  }
  return store(option, value, options);
}

static int check_arguments(const cli_verb *verb, const cli_options *options) {
  if (options->atols.count > 0 && !verb->tolerances) {
    return cli_usage_error(
        "--atol: '%s' is not a finite number (tolerances of single states are "
        "there for solve and grad)",
        options->atols.item[0]);
  }
  bool data = verb->takes & CLI_TAKES_DATA;
  if (options->folders.count > 0 && !(verb->takes & CLI_TAKES_FOLDER)) {
    return cli_usage_error("%s: '%s' is no C file%s", verb->name, options->folders.item[0],
                           data ? " and no CSV file (*.csv)" : " (*.c)");
  }
  if (options->data.count > 0 && !data) {
    return cli_usage_error("%s takes no data, but '%s' was given", verb->name,
                           options->data.item[0]);
  }
  return CLI_OK;
}

int cli_options_parse(const cli_verb *verb, int argc, char **argv, cli_options *options) {
  int code = CLI_OK;
  for (int i = 0; i < argc && code == CLI_OK; i++) {
    const char *argument = argv[i];
    if (strncmp(argument, "--", 2) == 0) {
      code = parse_long(verb, argc, argv, &i, options);
    } else if (strcmp(argument, "-h") == 0) {
      options->help = true;
    } else if (strcmp(argument, "-o") == 0 && listed(verb->options, "output", strlen("output"))) {
      if (i + 1 >= argc || strncmp(argv[i + 1], "--", 2) == 0) {
        return cli_usage_error("-o needs a value: PATH");
      }
      options->output = argv[++i];
    } else if (strncmp(argument, "-D", 2) == 0 || strncmp(argument, "-I", 2) == 0) {
      code = append(&options->flags, argument);
      if (code == CLI_OK && argument[2] == '\0' && i + 1 < argc) {
        code = append(&options->flags, argv[++i]);
      }
    } else if (argument[0] == '-' && argument[1] != '\0') {
      return cli_usage_error("%s: unknown option '%s'; see 'ude %s --help'", verb->name, argument,
                             verb->name);
    } else if (ends_with(argument, ".c")) {
      code = append(&options->models, argument);
    } else if (ends_with(argument, ".csv")) {
      code = append(&options->data, argument);
    } else {
      code = append(&options->folders, argument);
    }
  }
  return code || options->help ? code : check_arguments(verb, options);
}

void cli_options_free(cli_options *options) {
  cli_list *lists[] = {&options->models,       &options->data,       &options->folders,
                       &options->flags,        &options->u0,         &options->p,
                       &options->constants,    &options->library,    &options->states,
                       &options->correlations, &options->heuristics, &options->weights,
                       &options->select,       &options->atols};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    free(lists[i]->item);
    *lists[i] = (cli_list){0};
  }
}

void cli_verb_help(FILE *stream, const cli_verb *verb) {
  fprintf(stream, "%s\n\nusage: ude %s %s\n\n", verb->summary, verb->name, verb->usage);
  for (int i = 0; i < OPTION_COUNT; i++) {
    const cli_option *option = &table[i];
    if (find(verb, option->name, strlen(option->name)) == option) {
      char left[64];
      snprintf(left, sizeof left, "--%s %s", option->name,
               option->argument ? option->argument : "");
      fprintf(stream, "  %-28s %s\n", left, option->help);
    }
  }
  if (verb->details) {
    fprintf(stream, "\n%s\n", verb->details);
  }
}
