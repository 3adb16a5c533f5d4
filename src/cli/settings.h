/** @file settings.h
 *  @brief settings.json of a run folder. */
#ifndef UDE_CLI_SETTINGS_H
#define UDE_CLI_SETTINGS_H

#include "cli/cli.h"

/** Holds the strings that options point to after reading. */
typedef struct cli_settings {
  struct cJSON *root;
} cli_settings;

/** The options of a fit as JSON (free), or NULL. */
char *cli_settings_write(const cli_options *options);
/** Model, data, flags and solver options of a run into `options`, where they are not given. Prints errors. */
int  cli_settings_read(const char *folder, cli_settings *settings, cli_options *options);
void cli_settings_close(cli_settings *settings);

#endif
