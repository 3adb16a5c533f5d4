/* uses: src/compiler/source_text.c
 * C source read as text, on arbitrary text: the scanners stay within it and move on; what is pasted without
 * edits keeps every byte of a file without includes. */
#include "compiler/source_text.h"
#include "fuzz/fuzz.h"

static void scan(const char *text, size_t length) {
  for (size_t i = 0; i < length;) {
    size_t next = ude_source_next(text, length, i);
    require(next > i && next <= length);
    if (strchr("([{", text[i])) {
      require(ude_source_match(text, length, i) <= length);
    }
    i = next;
  }
  for (size_t i = 0; i < length; i += 1 + length / 16) {
    size_t found = ude_source_find(text, length, i, ';');
    require(found >= i && found <= length);
    size_t start = ude_source_statement(text, length, 0, i);
    require(start <= length);
    require(ude_source_comment(text, length, 0, start) <= start);
  }
}

static void paste(const char *path, const char *text, size_t length) {
  ude_edits         edits   = {0};
  ude_text          out     = {0};
  ude_error         error   = {0};
  const char *const flags[] = {"-DN=3", "-D", "M", "-I."};
  ude_paste         paste   = {.edits = &edits, .flags = flags, .flag_count = 4, .out = &out};
  ude_status        status  = ude_source_paste(&paste, path, 0, &error);
  require(status == UDE_OK || error.message[0] != '\0');
  if (status == UDE_OK && length > 0 && !strchr(text, '#') && !strstr(text, "??")) {
    require(out.length >= length && strstr(out.data, text) != NULL);
  }
  ude_paste_free(&paste);
  ude_edits_free(&edits);
  ude_text_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char  *text   = as_text(data, size);
  size_t length = strlen(text);
  scan(text, length);
  char path[96];
  write_file(scratch("model.c", path), (const uint8_t *)text, length);
  paste(path, text, length);
  unlink(path);
  free(text);
  return 0;
}
