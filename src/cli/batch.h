/** @file batch.h
 *  @brief `ude fit` of a model with a loss over samples. */
#ifndef UDE_CLI_BATCH_H
#define UDE_CLI_BATCH_H

#include "cli/cli.h"

int cli_batch(const cli_options *options);

#endif
