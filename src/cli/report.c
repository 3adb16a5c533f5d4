/* ude report */
#include <string.h>

#include <ude/report.h>

#include "cli/cli.h"

static int run(const cli_options *options) {
  if (options->folders.count != 1) {
    return cli_usage_error("report needs one run folder");
  }
  ude_error   error   = {0};
  const char *to      = options->output ? options->output : "";
  bool        picture = strlen(to) > 4 && strcmp(to + strlen(to) - 4, ".svg") == 0;
  if (options->data.count > 1 || (options->data.count == 1 && !picture)) {
    return cli_usage_error(
        "report draws one file of further measurements, into a picture: -o FILE.svg");
  }
  const char *more = options->data.count ? options->data.item[0] : NULL;
  ude_status  status =
      picture ? ude_report_picture(options->folders.item[0], more, to, NULL, &error)
               : ude_report_write(options->folders.item[0], options->output, NULL, &error);
  if (status) {
    return cli_fail(&error, status);
  }
  fprintf(stderr, "wrote %s%s\n", options->output ? options->output : options->folders.item[0],
          options->output ? "" : "/report.html");
  return CLI_OK;
}

const cli_verb cli_report = {
    .name    = "report",
    .usage   = "RUN [-o FILE.html] | RUN [DATA.csv] -o FILE.svg",
    .summary = "one self-contained HTML page with the plots of a run, or its main picture",
    .options = "output",
    .takes   = CLI_TAKES_DATA | CLI_TAKES_FOLDER,
    .run     = run};
