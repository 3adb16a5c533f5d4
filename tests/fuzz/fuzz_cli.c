/* uses: src/cli/options.c src/cli/values.c src/cli/settings.c src/cli/messages.c
 * What the program reads beside its data, on arbitrary text. The first letter says what the rest is: 'o'
 * arguments, one a line; 'u' a file for --u0 @FILE; 'l' the list of --u0; 't' --saveat; 's' a settings.json. */
#include "cli/cli.h"

#include <math.h>

#include "cli/settings.h"
#include "cli/values.h"
#include "fuzz/fuzz.h"

static int run(const cli_options *options) {
  (void)options;
  return CLI_OK;
}

static const cli_verb verb = {
    .name    = "fuzz",
    .usage   = "",
    .summary = "",
    .options =
        "method rtol atol tspan u0 p params saveat max-steps format stats plot wrt mode at "
        "output initial optimizer adam rate iterations seed resume library degree states "
        "future define clang cache no-cache quiet",
    .takes = CLI_TAKES_DATA | CLI_TAKES_FOLDER,
    .run   = run};

static const ude_member members[] = {
    {.name = "prey", .first = 0, .count = 1},
    {.name = "g", .first = 1, .count = 4, .rank = 2, .extents = {2, 2}},
};
static const ude_layout layout = {.count = 5, .members = 2, .member = members};

static void arguments(char *text) {
  enum { MOST = 64 };
  char *argv[MOST];
  int   argc = 0;
  for (char *at = text; at && argc < MOST; argc++) {
    argv[argc] = at;
    at         = strchr(at, '\n');
    if (at) {
      *at++ = '\0';
    }
  }
  cli_options options = {0};
  if (cli_options_parse(&verb, argc, argv, &options) == CLI_OK) {
    require(options.rtol >= 0 && options.atol >= 0 && isfinite(options.rtol));
    require(isfinite(options.tspan[0]) && isfinite(options.tspan[1]));
  }
  cli_options_free(&options);
}

static void assignments(const char *text, bool file) {
  double     values[6] = {0, 0, 0, 0, 0, 7};
  bool       seen[6]   = {0};
  cli_list   unknown   = {0};
  double     sigmas[5] = {0};
  bool       uncertain = strchr(text, '~') != NULL;
  cli_target to        = {&layout,
                          "u",
                          "u0",
                          values,
                   uncertain ? sigmas : NULL,
                          seen,
                   text[0] == '+' ? &unknown : NULL};
  char       path[96], item[128];
  write_file(scratch("list", path), (const uint8_t *)text, strlen(text));
  snprintf(item, sizeof item, "@%s", path);
  const char *items[] = {file ? item : text};
  cli_list    list    = {items, 1};
  if (file || text[0] != '@') {
    cli_assign(&to, &list);
  }
  unlink(path);
  for (int i = 0; i < 5; i++) {
    require(sigmas[i] >= 0 && isfinite(sigmas[i]) && isfinite(values[i]) &&
            (seen[i] || values[i] == 0));
  }
  require(values[5] == 7 && !seen[5]);
  for (int i = 0; i < unknown.count; i++) {
    free((char *)(uintptr_t)unknown.item[i]);
  }
  free(unknown.item);
}

static void saveat(const char *text) {
  double *times = NULL;
  int64_t count = 0;
  if (cli_times(text, 0, 1e-3, &times, &count) == CLI_OK) {
    require(count > 0 && isfinite(times[0]) && isfinite(times[count - 1]));
  }
  free(times);
}

static void settings(const char *text) {
  char folder[96], path[160];
  require(mkdir(scratch("settings", folder), 0700) == 0);
  snprintf(path, sizeof path, "%s/settings.json", folder);
  write_file(path, (const uint8_t *)text, strlen(text));
  cli_settings from;
  cli_options  options = {0};
  int          code    = cli_settings_read(folder, &from, &options);
  unlink(path);
  rmdir(folder);
  require(code == CLI_DATA || (code == CLI_OK && options.models.count > 0));
  for (int i = 0; i < options.models.count; i++) {
    require(options.models.item[i] != NULL);
  }
  cli_options_free(&options);
  cli_settings_close(&from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static FILE *silent;
  if (!silent) {
    silent = fopen("/dev/null", "w");
    require(silent != NULL);
    stderr = silent;
  }
  char       *text = as_text(data, size);
  const char *rest = text[0] ? text + 1 : text;
  switch (text[0]) {
  case 'o': arguments(text + 1); break;
  case 'u': assignments(rest, true); break;
  case 'l': assignments(rest, false); break;
  case 't': saveat(rest); break;
  case 's': settings(rest); break;
  default: break;
  }
  free(text);
  return 0;
}
