/** @file repeat.h
 *  @brief Many fits from different seeds. */
#ifndef UDE_CLI_REPEAT_H
#define UDE_CLI_REPEAT_H

#include "cli/cli.h"

/** Run `one` for each seed, in processes side by side, each in a folder of its own under options->output, and print a
 *  table of the results. `one` is called with the options of that seed and returns an exit status. */
int cli_repeat(const cli_options *options, int (*one)(const cli_options *options));

#endif
