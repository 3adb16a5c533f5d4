/** @file values.h
 *  @brief Values on the command line: name=value lists, in arguments and files, and lists of times. */
#ifndef UDE_CLI_VALUES_H
#define UDE_CLI_VALUES_H

#include "cli/cli.h"

/** Where assignments go. */
typedef struct cli_target {
  const ude_layout *layout;
  const char       *fallback; /**< letter of an unnamed layout */
  const char       *what;     /**< the option, for messages: "u0" */
  double           *values;   /**< [layout->count] */
  double           *sigmas;   /**< [layout->count] standard deviations; NULL: none are taken */
  bool             *seen;     /**< [layout->count] set where a value was given */
  cli_list *
      unknown; /**< gains copies of name=value of names that may be integer members; NULL: an error */
} cli_target;

/** Carry out "name=v,name=v" (with sigmas also name=v+-s, v+/-s or with the sign U+00B1) and "@FILE" (one name=v a line, '#' starts a comment); a later value of a name counts.
 *  Prints errors with the file and line; returns CLI_OK or the exit status. */
int cli_assign(const cli_target *to, const cli_list *list);

/** Append " (did you mean 'x'?); the names are: x, y" for a name that the layout does not have. */
void cli_suggest(const ude_layout *layout, const char *fallback, const char *name, ude_text *text);

/** The times of --saveat: a step, or t1,t2,... *times is owned by the caller (free), also after an error. */
int cli_times(const char *text, double t0, double t1, double **times, int64_t *count);

#endif
