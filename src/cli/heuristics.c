/* --heuristics: the solver's estimates as terms of a loss. */
#include <math.h>
#include <string.h>

#include "cli/cli.h"

static int add_term(const char *item, size_t length, ude_estimate_term *terms, int64_t *count) {
  char        name[64];
  ude_error   error  = {0};
  const char *equals = memchr(item, '=', length);
  size_t      named  = equals ? (size_t)(equals - item) : length;
  double      weight = 0;
  if (*count == UDE_ESTIMATE_MOST) {
    return cli_usage_error("--heuristics: more than %d terms", UDE_ESTIMATE_MOST);
  }
  if (!equals || named >= sizeof name || !ude_parse_real(equals + 1, length - named - 1, &weight) ||
      !isfinite(weight)) {
    return cli_usage_error(
        "--heuristics: '%.*s' is not of the form estimate=weight, as error:sum=0.1", (int)length,
        item);
  }
  memcpy(name, item, named);
  name[named]       = '\0';
  ude_status status = ude_estimate_parse(name, &terms[*count], &error);
  if (status) {
    return cli_usage_error("--heuristics: %s", error.message);
  }
  terms[(*count)++].weight = weight;
  return CLI_OK;
}

int cli_heuristics(const cli_options *options, ude_estimate_term *terms, int64_t *count) {
  int code = CLI_OK;
  *count   = 0;
  for (int i = 0; i < options->heuristics.count; i++) {
    const char *at = options->heuristics.item[i];
    while (code == CLI_OK && at) {
      size_t length = strcspn(at, ",");
      code          = add_term(at, length, terms, count);
      at            = at[length] == ',' ? at + length + 1 : NULL;
    }
  }
  return code;
}
