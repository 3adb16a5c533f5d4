/* Components of the state by name. */
#include "cli/select.h"

#include <stdlib.h>
#include <string.h>

#include "cli/values.h"

static const double default_atol = 1e-9;

void cli_selection_free(cli_selection *selection) {
  free(selection->index);
  *selection = (cli_selection){0};
}

static int add(cli_selection *to, int64_t first, int64_t count) {
  int64_t *grown = ude_realloc(to->index, (size_t)(to->count + count), sizeof *grown);
  if (!grown) {
    return cli_usage_error("out of memory");
  }
  to->index = grown;
  for (int64_t i = 0; i < count; i++) {
    to->index[to->count++] = first + i;
  }
  return CLI_OK;
}

static int add_name(const ude_layout *layout, const char *name, cli_selection *to) {
  int64_t at = ude_layout_find(layout, name, "u");
  if (at >= 0) {
    return add(to, at, 1);
  }
  for (int64_t m = 0; m < layout->members; m++) {
    if (strcmp(layout->member[m].name, name) == 0) {
      return add(to, layout->member[m].first, layout->member[m].count);
    }
  }
  ude_text text = {0};
  ude_text_append(&text, "--select: there is no state '%.200s'", name);
  cli_suggest(layout, "u", name, &text);
  int code = cli_usage_error("%s", text.failed ? "out of memory" : text.data);
  ude_text_free(&text);
  return code;
}

int cli_select(const cli_list *list, const ude_layout *layout, cli_selection *selection) {
  *selection = (cli_selection){0};
  int code   = list->count == 0 ? add(selection, 0, layout->count) : CLI_OK;
  for (int i = 0; i < list->count && code == CLI_OK; i++) {
    for (const char *at = list->item[i]; *at && code == CLI_OK;) {
      char   name[512];
      size_t length = strcspn(at, ",");
      if (length == 0 || length >= sizeof name) {
        code = cli_usage_error("--select: '%s' is not of the form name,name,...", list->item[i]);
        break;
      }
      memcpy(name, at, length);
      name[length] = '\0';
      code         = add_name(layout, name, selection);
      at += length + (at[length] == ',');
    }
  }
  return code;
}

int cli_tolerances(const cli_options *options, const ude_layout *state, ude_solve_options *solve,
                   double **vector) {
  *vector = NULL;
  if (options->atols.count == 0) {
    return CLI_OK;
  }
  double *values = ude_calloc((size_t)state->count, sizeof *values);
  bool   *seen   = ude_calloc((size_t)state->count, sizeof *seen);
  int     code   = values && seen ? CLI_OK : cli_usage_error("out of memory");
  for (int64_t l = 0; l < state->count && code == CLI_OK; l++) {
    values[l] = options->atol > 0 ? options->atol : default_atol;
  }
  if (code == CLI_OK) {
    const cli_target to = {
        .layout = state, .fallback = "u", .what = "atol", .values = values, .seen = seen};
    code = cli_assign(&to, &options->atols);
  }
  free(seen);
  if (code) {
    free(values);
    return code;
  }
  *vector            = values; /* the solver checks that they are positive */
  solve->atol_vector = values;
  return CLI_OK;
}
