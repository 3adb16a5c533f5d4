/* ude report */
#include <ude/report.h>

#include "cli/cli.h"

static int run(const cli_options *options) {
  if (options->folders.count != 1) {
    return cli_usage_error("report needs one run folder");
  }
  ude_error  error  = {0};
  ude_status status = ude_report_write(options->folders.item[0], options->output, NULL, &error);
  if (status) {
    return cli_fail(&error, status);
  }
  fprintf(stderr, "wrote %s%s\n", options->output ? options->output : options->folders.item[0],
          options->output ? "" : "/report.html");
  return CLI_OK;
}

const cli_verb cli_report = {.name    = "report",
                             .usage   = "RUN [-o FILE.html]",
                             .summary = "one self-contained HTML page with the plots of a run",
                             .options = "output",
                             .takes   = CLI_TAKES_FOLDER,
                             .run     = run};
