/** @file discovered.h
 *  @brief What a discovery leaves in the run folder. */
#ifndef UDE_CLI_DISCOVERED_H
#define UDE_CLI_DISCOVERED_H

#include "cli/rebuild.h"

/** Print the equations; write discovered.c, .txt, .tex, .json, samples, the extrapolation of the solution that goes with
 *  the data over `span` (NULL: the model's own time span), and the report; from data alone also data, predictions and
 *  settings. Prints errors. */
int cli_discovered(const cli_options *options, const cli_workshop *shop, const ude_discovery *found,
                   const double span[2]);

#endif
