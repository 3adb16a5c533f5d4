/** @file select.h
 *  @brief Components of the state that are printed, and tolerances by name. */
#ifndef UDE_CLI_SELECT_H
#define UDE_CLI_SELECT_H

#include "cli/cli.h"

/** Which scalars of a layout, in the order in which they were asked for. */
typedef struct cli_selection {
  int64_t  count;
  int64_t *index; /**< [count] */
} cli_selection;

/** "a,grid[3][4],body" : names of scalars, or of members, which stand for all of their scalars; an empty list: everything. Prints errors. */
int  cli_select(const cli_list *list, const ude_layout *layout, cli_selection *selection);
void cli_selection_free(cli_selection *selection);

/** --atol name=v,...: tolerances of the named states, --atol or the default for the others. *vector: double[count], owned by the caller, NULL where none is
 *  named. Prints errors. */
int cli_tolerances(const cli_options *options, const ude_layout *state, ude_solve_options *solve,
                   double **vector);

#endif
