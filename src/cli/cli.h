/**
 * @file cli.h
 * @brief What the verbs of the program `ude` share: options, a prepared model, messages, exit statuses.
 *
 * One file per verb; no numerics here. Results go to standard output, everything else to standard error.
 */
#ifndef UDE_CLI_H
#define UDE_CLI_H

#include <stdio.h>

#include <ude/compiler.h>
#include <ude/fit.h>
#include <ude/sensitivity.h>

/** Exit statuses of the program. */
enum {
  CLI_OK          = 0,
  CLI_FAILURE     = 1, /**< numerical failure, or a check that did not pass */
  CLI_USAGE       = 2,
  CLI_MODEL       = 3, /**< does not compile or cannot be differentiated */
  CLI_DATA        = 4,
  CLI_INTERRUPTED = 130
};

/** Strings in order of appearance; borrowed from argv. */
typedef struct cli_list {
  const char **item;
  int          count;
} cli_list;

/** Every option of every verb, once: an option means the same wherever it is accepted. */
typedef struct cli_options {
  cli_list models, data, folders; /**< positional arguments: *.c, *.csv, anything else */
  cli_list flags;                 /**< -D, -I for clang */

  const char *method, *sensitivity, *params, *saveat, *format, *wrt, *mode, *output;
  const char *header, *prefix, *processor;
  const char *clang, *cache, *optimizer, *initial, *truth, *derivatives, *criterion;
  const char *regression;
  const char *expect, *scale;
  cli_list    u0, p, constants, library, states, correlations, heuristics, weights;
  cli_list    select, atols; /**< atols: "name=A,..." of --atol */
  const char *events_out;
  double      rtol, atol, step, max_step, at, regularise, continuity, max_seconds, rate, reach;
  double      decay;
  bool        has_at, has_tspan;
  double      tspan[2];
  int64_t     max_steps, seed, iterations, adam, segment, degree, window, repeat;
  int64_t     ensemble, weak;
  double      threshold;
  int64_t     order;
  bool        has_order;
  bool        partial;       /**< set by a verb, not an option: parameters need no values */
  const char *picture;       /**< --plot with a file */
  bool        hessian, path; /**< of sparsity */
  bool        stats, plot, specialise, no_cache, resume, quiet, help;
  const char *covariance;
  bool        uncertain; /**< values may be uncertain (set by the verb): value+-sigma */
  bool        components;
  bool        balance;
  int64_t     samples, threads, batch;
  double      future; /**< extrapolate the report to this time */
  bool        has_future;
} cli_options;

/** What a verb takes beside C files and options. */
enum { CLI_TAKES_DATA = 1, CLI_TAKES_FOLDER = 2 };

/** One verb. */
typedef struct cli_verb {
  const char *name, *usage, *summary, *options; /**< options: accepted names, separated by spaces */
  const char *details;
  unsigned    takes;      /**< CLI_TAKES_* or'ed */
  bool        tolerances; /**< --atol takes names of states */
  int (*run)(const cli_options *options);
} cli_verb;

/** Every verb in the order of the help, once. */
#define CLI_VERB_MAP(X) \
  X(solve)              \
  X(grad)               \
  X(jacobian)           \
  X(sparsity)           \
  X(check)              \
  X(fit)                \
  X(discover)           \
  X(uncertain)          \
  X(report)             \
  X(compile)            \
  X(taylor)

#define CLI_VERB_DECLARE(name) extern const cli_verb cli_##name;
CLI_VERB_MAP(CLI_VERB_DECLARE)
#undef CLI_VERB_DECLARE

/** The whole program: argv[1] names the verb; returns the exit status. */
int cli_main(int argc, char **argv);

/** Parse argv after the verb; on an error prints it and returns CLI_USAGE. */
int  cli_options_parse(const cli_verb *verb, int argc, char **argv, cli_options *options);
void cli_options_free(cli_options *options);
/** Print the help of one verb. */
void cli_verb_help(FILE *stream, const cli_verb *verb);

/** "ude: ..." on standard error; returns CLI_USAGE. */
int cli_usage_error(const char *format, ...) UDE_PRINTF(1, 2);
#ifdef __clang_analyzer__ /* it sees one file at a time */
#define cli_usage_error(...) ((void)(cli_usage_error)(__VA_ARGS__), CLI_USAGE)
#endif
/** Print the error and return the exit status that belongs to it. */
int cli_fail(const ude_error *error, ude_status status);
#ifdef __clang_analyzer__
#define cli_fail(...) ((void)(cli_fail)(__VA_ARGS__), CLI_FAILURE)
#endif

/** A compiled model with the initial state, parameters and time span that the options ask for. */
typedef struct cli_model {
  ude_model              *model;
  const ude_vector_field *field;
  double                 *u0, *p;
  double  *u0_sigma, *p_sigma; /**< with options->uncertain: 0 where none was given */
  bool     has_p;              /**< false (only with options->partial): some have none */
  bool     has_u0;             /**< false: neither the model nor the options gave one */
  bool     u0_from_initial;    /**< u0 is the model's initial(p), not overridden */
  bool     has_span;
  double   tspan[2];
  cli_list constants; /**< "name=value" of integer members; owned copies */
  ude_vector_field
      own; /**< the field with the pattern of its right-hand side, where that was looked for */
  ude_pattern pattern;
} cli_model;

/** Beside UDE_DERIVATIVE_*: a model that cannot be differentiated is compiled without derivatives, with a note. */
enum { CLI_OPTIONAL = 1 << 30 };

/** What the solver of `options` (auto, an implicit method) wants of the model; `gradient`: also what gradients through it want. */
unsigned cli_solver_derivatives(const cli_options *options, bool gradient);

/** Compile the models named in `options`; prints errors and returns the exit status. */
int cli_model_open(const cli_options *options, unsigned derivatives, cli_model *model);
/** Compile these files only (no initial state or parameters); prints errors. */
int cli_model_compile(const cli_options *options, const char *const *files, size_t count,
                      unsigned derivatives, ude_model **model);
/** The compile options that the command line asks for; `cache_buffer` must outlive them. */
ude_compile_options cli_compile_options(const cli_options *options, unsigned derivatives,
                                        char *cache_buffer, size_t size);
/** Complain (CLI_USAGE) unless an initial state and a time span are known. */
int  cli_model_need(const cli_model *model, bool u0, bool tspan);
void cli_model_close(cli_model *model);

/** --heuristics into terms: ude_estimate_term[UDE_ESTIMATE_MOST]. */
int cli_heuristics(const cli_options *options, ude_estimate_term *terms, int64_t *count);

/** Solver options from the command line; saveat is expanded over [t0, t1] into *times (free). */
int cli_solve_options(const cli_options *options, double t0, double t1, ude_solve_options *solve,
                      double **times);

/** The flag that Ctrl-C sets; polled by long work. A second Ctrl-C ends the program at once. */
void cli_catch_interrupt(void);
bool cli_interrupted(void *context);

/** Progress on a terminal (nothing otherwise). context: cli_progress_state. */
typedef struct cli_progress_state {
  bool   enabled;
  double last;  /**< when the line was drawn last, seconds */
  bool   drawn; /**< a line stands on the terminal */
} cli_progress_state;

cli_progress_state cli_progress_begin(bool quiet);
bool               cli_progress(const ude_progress *progress, void *context);
void               cli_progress_end(cli_progress_state *state);

/** Number as JSON: 17 significant digits, null when not finite. */
void cli_json_number(FILE *stream, double value);
/** Quoted and escaped. */
void cli_json_string(FILE *stream, const char *text);

/** Terminal width and whether standard output is a terminal. */
int  cli_terminal_width(void);
bool cli_colour(FILE *stream);

#endif
