/* A run folder made of arbitrary files: the report is a page or a refusal with a message, and no content
 * gets out of the place where it stands. "== NAME" on a line of its own starts the file NAME. */
#include "fuzz/fuzz.h"

#include <ude/report.h>

#include "report/markup.h"

static const char *const files[] = {"settings.json",     "params.json",
                                    "history.csv",       "data.csv",
                                    "predicted.csv",     "trajectory.csv",
                                    "extrapolation.csv", "discovered.json",
                                    "discovered.c",      "learned_interaction.csv"};
enum { FILES = sizeof files / sizeof files[0] };

static const char *next_file(const char *at) {
  const char *found = strstr(at, "\n== ");
  return found ? found + 1 : at + strlen(at);
}

static void file_path(const char *folder, const char *name, char path[160]) {
  snprintf(path, 160, "%s/%s", folder, name);
}

static void make(const char *folder, const char *text) {
  char path[160];
  for (const char *at = strncmp(text, "== ", 3) == 0 ? text : next_file(text); *at;) {
    const char *end    = next_file(at);
    const char *name   = at + strlen("== ");
    size_t      length = strcspn(name, "\n");
    for (int i = 0; i < FILES; i++) {
      if (strlen(files[i]) == length && strncmp(files[i], name, length) == 0) {
        const char *body = name + length + (name[length] == '\n');
        file_path(folder, files[i], path);
        write_file(path, (const uint8_t *)body, end > body ? (size_t)(end - body) : 0);
      }
    }
    at = end;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char      folder[96], path[160];
  char     *text  = as_text(data, size);
  ude_error error = {0};
  require(mkdir(scratch("run", folder), 0700) == 0);
  make(folder, text);
  free(text);
  ude_text   page   = {0};
  ude_status status = ude_report_html(folder, NULL, &page, &error);
  for (int i = 0; i < FILES; i++) {
    file_path(folder, files[i], path);
    unlink(path);
  }
  require(rmdir(folder) == 0);
  require_message(status, &error);
  require(status == UDE_OK || status == UDE_BAD_DATA);
  if (status == UDE_OK) {
    markup m;
    if (markup_problem(&m, page.data, true)[0]) {
      fprintf(stderr, "%s\n", m.problem);
      abort();
    }
  }
  ude_text_free(&page);
  return 0;
}
