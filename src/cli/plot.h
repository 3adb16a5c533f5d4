/** @file plot.h
 *  @brief Plots on the terminal (standard error). */
#ifndef UDE_CLI_PLOT_H
#define UDE_CLI_PLOT_H

#include "cli/cli.h"

/** All states of a solution against time (at most eight). */
void cli_plot_solution(const ude_vector_field *field, const ude_solution *solution);
/** Data and fitted curves of a run folder's first trajectory. */
void cli_plot_run(const char *folder);

#endif
