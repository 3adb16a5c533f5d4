/* The program `ude`: picks the verb. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define CLI_VERB_ADDRESS(name) &cli_##name,
static const cli_verb *const verbs[] = {CLI_VERB_MAP(CLI_VERB_ADDRESS)};
#undef CLI_VERB_ADDRESS

enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

static void help(FILE *stream) {
  fputs(
      "ude: universal differential equations from plain C\n\n"
      "usage: ude VERB MODEL.c [DATA.csv] [options]\n\n",
      stream);
  for (int i = 0; i < VERB_COUNT; i++) {
    fprintf(stream, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
  }
  fputs(
      "\n'ude VERB --help' lists the options of a verb. Results go to standard output, messages "
      "to\n"
      "standard error. Exit status: 0 success, 1 numerical failure, 2 usage, 3 the model does not\n"
      "compile or cannot be differentiated, 4 bad data file, 130 interrupted.\n",
      stream);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    help(stderr);
    return CLI_USAGE;
  }
  if (strcmp(argv[1], "--version") == 0) {
    puts("ude " UDE_VERSION_TEXT);
    return CLI_OK;
  }
  if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
      strcmp(argv[1], "-h") == 0) {
    help(stdout);
    return CLI_OK;
  }
  for (int i = 0; i < VERB_COUNT; i++) {
    if (strcmp(argv[1], verbs[i]->name) == 0) {
      cli_options options = {0};
      int         code    = cli_options_parse(verbs[i], argc - 2, argv + 2, &options);
      if (code == CLI_OK && options.help) {
        cli_verb_help(stdout, verbs[i]);
      } else if (code == CLI_OK) {
        code = verbs[i]->run(&options);
      }
      cli_options_free(&options);
      if (fflush(stdout) || ferror(stdout)) {
        fputs("ude: writing to standard output failed\n", stderr);
        code = code == CLI_OK ? CLI_FAILURE : code;
      }
      return code;
    }
  }
  return cli_usage_error("unknown verb '%s'; 'ude help' lists them", argv[1]);
}
