/** @file uncertain.h
 *  @brief The parts of `ude uncertain`: what is uncertain, and how the result is written. */
#ifndef UDE_CLI_UNCERTAIN_H
#define UDE_CLI_UNCERTAIN_H

#include <ude/uncertain.h>

#include "cli/cli.h"

/** The uncertain inputs that the options name. Release with cli_uncertain_free. */
typedef struct cli_uncertain_inputs {
  ude_uncertain_input *input;
  int64_t              count;
  double              *correlation; /**< NULL: independent */
} cli_uncertain_inputs;

/** From the options and the marks "+-sigma" of the model's values; CLI_OK, or a message was printed. */
int   cli_uncertain_collect(const cli_options *options, const cli_model *model,
                            cli_uncertain_inputs *to);
void  cli_uncertain_free(cli_uncertain_inputs *inputs);
char *cli_uncertain_input_name(const ude_vector_field *field, const ude_uncertain_input *input,
                               char *buffer, size_t size);

void cli_uncertain_print_csv(const ude_vector_field *field, const ude_uncertain_result *result,
                             const cli_uncertain_inputs *in);
void cli_uncertain_print_json(const ude_vector_field *field, const ude_uncertain_result *result,
                              const cli_uncertain_inputs *in);
/** The covariance at the last time, in the form that --covariance reads. */
int cli_uncertain_write_covariance(const ude_vector_field     *field,
                                   const ude_uncertain_result *result, const char *path);
/** On standard error, where linear propagation is doubtful or samples failed. */
void cli_uncertain_warn(const ude_vector_field *field, const ude_uncertain_result *result,
                        const cli_uncertain_inputs *in);

#endif
