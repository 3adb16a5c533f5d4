/* C source as text. */
#include "compiler/source_text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_DEPTH = 32 };

ude_edit *ude_edits_add(ude_edits *edits, const char *file, size_t start, size_t end,
                        const char *text) {
  ude_edit *grown = ude_realloc(edits->edit, edits->count + 1, sizeof *grown);
  char      real[PATH_MAX];
  char     *name = strdup(realpath(file, real) ? real : file);
  char     *copy = strdup(text);
  edits->edit    = grown ? grown : edits->edit;
  if (!grown || !name || !copy) {
    free(name);
    free(copy);
    edits->failed = true;
    return NULL;
  }
  size_t at = edits->count++;
  while (at > 0 && edits->edit[at - 1].start > start) { /* by position */
    edits->edit[at] = edits->edit[at - 1];
    at--;
  }
  edits->edit[at] = (ude_edit){.file = name, .start = start, .end = end, .text = copy};
  return &edits->edit[at];
}

void ude_edits_free(ude_edits *edits) {
  for (size_t i = 0; i < edits->count; i++) {
    free(edits->edit[i].file);
    free(edits->edit[i].text);
  }
  free(edits->edit);
  *edits = (ude_edits){0};
}

/* --------------------------------------------------------------------------------- lexemes -- */

size_t ude_source_next(const char *text, size_t length, size_t i) {
  if (i >= length) {
    return length;
  }
  if (text[i] == '/' && i + 1 < length && text[i + 1] == '/') {
    while (i < length && text[i] != '\n') {
      i++;
    }
    return i;
  }
  if (text[i] == '/' && i + 1 < length && text[i + 1] == '*') {
    for (i += 2; i + 1 < length; i++) {
      if (text[i] == '*' && text[i + 1] == '/') {
        return i + 2;
      }
    }
    return length;
  }
  if (text[i] == '"' || text[i] == '\'') {
    char quote = text[i];
    for (i++; i < length && text[i] != quote; i++) {
      i += text[i] == '\\';
    }
    return i < length ? i + 1 : length;
  }
  return i + 1;
}

static bool opens(char c) {
  return c == '(' || c == '[' || c == '{';
}

static bool closes(char c) {
  return c == ')' || c == ']' || c == '}';
}

size_t ude_source_match(const char *text, size_t length, size_t open) {
  int depth = 0;
  for (size_t i = open; i < length; i = ude_source_next(text, length, i)) {
    depth += opens(text[i]);
    if (closes(text[i]) && --depth == 0) {
      return i;
    }
  }
  return length;
}

size_t ude_source_find(const char *text, size_t length, size_t i, char wanted) {
  int depth = 0;
  for (; i < length; i = ude_source_next(text, length, i)) {
    if (depth == 0 && text[i] == wanted) {
      return i;
    }
    depth += opens(text[i]);
    depth -= closes(text[i]);
  }
  return length;
}

static bool is_comment(const char *text, size_t length, size_t i) {
  return text[i] == '/' && i + 1 < length && (text[i + 1] == '/' || text[i + 1] == '*');
}

size_t ude_source_statement(const char *text, size_t length, size_t from, size_t at) {
  size_t start     = from;
  bool   line_head = true;
  for (size_t i = from; i < at;) {
    size_t next = ude_source_next(text, length, i);
    if (line_head && text[i] == '#') { /* a directive ends with its line */
      while (i < at && (text[i] != '\n' || text[i - 1] == '\\')) {
        i++;
      }
      next  = i;
      start = i;
    } else if (text[i] == ';' || text[i] == '{' || text[i] == '}') {
      start = next;
    }
    line_head =
        i < length && (text[i] == '\n' || (line_head && (text[i] == ' ' || text[i] == '\t')));
    i = next > i ? next : i + 1;
  }
  while (start < at && (strchr(" \t\r\n", text[start]) || is_comment(text, length, start))) {
    start = ude_source_next(text, length, start);
  }
  return start;
}

size_t ude_source_comment(const char *text, size_t length, size_t from, size_t start) {
  size_t begin = start;
  for (size_t i = from; i < start;) {
    size_t next = ude_source_next(text, length, i);
    if (is_comment(text, length, i) && begin == start) {
      begin = i;
    } else if (text[i] == '\n' && text[next] == '\n') {
      begin = start; /* a blank line separates */
    }
    i = next;
  }
  return begin;
}

/* ----------------------------------------------------------------------------------- paste -- */

/* "folder of `path`/name", or name in an -I folder. */
static bool find_include(const char *path, const char *name, size_t length,
                         const char *const *flags, size_t flag_count, ude_text *found) {
  const char *slash = strrchr(path, '/');
  found->length     = 0;
  if (slash && name[0] != '/') {
    ude_text_append(found, "%.*s/", (int)(slash - path), path);
  }
  ude_text_append(found, "%.*s", (int)length, name);
  if (found->data && !found->failed && access(found->data, R_OK) == 0) {
    return true;
  }
  for (size_t i = 0; i < flag_count; i++) {
    const char *folder = strncmp(flags[i], "-I", 2) == 0 ? flags[i] + 2 : NULL;
    if (folder && !folder[0] && i + 1 < flag_count) {
      folder = flags[++i];
    }
    if (folder) {
      found->length = 0;
      ude_text_append(found, "%s/%.*s", folder, (int)length, name);
      if (!found->failed && access(found->data, R_OK) == 0) {
        return true;
      }
    }
  }
  return false;
}

/* If a line is `#include "name"`, the name. */
static const char *quoted_include(const char *line, size_t length, size_t *name_length) {
  size_t i = 0;
  while (i < length && (line[i] == ' ' || line[i] == '\t')) {
    i++;
  }
  if (i == length || line[i] != '#') {
    return NULL;
  }
  i++;
  while (i < length && (line[i] == ' ' || line[i] == '\t')) {
    i++;
  }
  if (length - i < 7 || strncmp(line + i, "include", 7) != 0) {
    return NULL;
  }
  i += 7;
  while (i < length && (line[i] == ' ' || line[i] == '\t')) {
    i++;
  }
  const char *end = i < length && line[i] == '"' ? memchr(line + i + 1, '"', length - i - 1) : NULL;
  *name_length    = end ? (size_t)(end - (line + i + 1)) : 0;
  return end ? line + i + 1 : NULL;
}

static void apply(const char *real, const char *data, size_t length, const ude_edits *edits,
                  ude_text *out) {
  size_t at = 0;
  for (size_t i = 0; i < edits->count; i++) {
    ude_edit *edit = &edits->edit[i];
    if (strcmp(edit->file, real) == 0 && edit->start >= at && edit->end <= length) {
      ude_text_append_bytes(out, data + at, edit->start - at);
      ude_text_append(out, "%s", edit->text);
      at         = edit->end;
      edit->made = true;
    }
  }
  ude_text_append_bytes(out, data + at, length - at);
}

static bool is_pragma_once(const char *line, size_t length) {
  return length >= 12 && strncmp(line, "#pragma once", 12) == 0;
}

/* Was a file with #pragma once pasted before? If not, it counts as pasted from now on. */
static bool pasted_before(ude_paste *paste, const char *real, const ude_text *text) {
  const char *pragma = strstr(text->data, "#pragma once");
  if (!pragma || (pragma != text->data && pragma[-1] != '\n')) {
    return false;
  }
  for (size_t i = 0; i < paste->once_count; i++) {
    if (strcmp(paste->once[i], real) == 0) {
      return true;
    }
  }
  char **grown = ude_realloc(paste->once, paste->once_count + 1, sizeof *grown);
  char  *copy  = strdup(real);
  paste->once  = grown ? grown : paste->once;
  if (!grown || !copy) {
    free(copy);
    paste->out->failed = true;
  } else {
    paste->once[paste->once_count++] = copy;
  }
  return false;
}

static ude_status paste_text(ude_paste *paste, const char *path, const ude_text *text, int depth,
                             ude_error *error) {
  ude_text   found  = {0};
  ude_status status = UDE_OK;
  bool       head   = true; /* only blanks before it on its line */
  for (size_t at = 0; status == UDE_OK && at < text->length;) {
    const char *line        = text->data + at;
    const char *newline     = head ? memchr(line, '\n', text->length - at) : NULL;
    size_t      line_length = newline ? (size_t)(newline - line) + 1 : text->length - at;
    size_t      name_length = 0;
    const char *name        = head ? quoted_include(line, line_length, &name_length) : NULL;
    if (name && find_include(path, name, name_length, paste->flags, paste->flag_count, &found)) {
      ude_text_append(paste->out, "/* %.*s */\n", (int)name_length, name);
      status = ude_source_paste(paste, found.data, depth + 1, error);
      ude_text_append(paste->out, "\n");
      at += line_length;
    } else if (head && depth > 0 && is_pragma_once(line, line_length)) {
      at += line_length;
    } else {
      size_t next = ude_source_next(text->data, text->length, at);
      ude_text_append_bytes(paste->out, line, next - at);
      head = *line == '\n' || (head && (*line == ' ' || *line == '\t'));
      at   = next;
    }
  }
  ude_text_free(&found);
  return status;
}

ude_status ude_source_paste(ude_paste *paste, const char *path, int depth, ude_error *error) {
  char      *data   = NULL;
  size_t     length = 0;
  ude_text   edited = {0};
  char       real[PATH_MAX];
  ude_status status = depth > MAX_DEPTH
                          ? ude_fail(error, UDE_COMPILE, "%s: includes are nested too deeply", path)
                          : ude_file_read(path, &data, &length, error);
  if (status == UDE_OK && !realpath(path, real)) {
    status = ude_fail(error, UDE_IO, "%s: its folder cannot be read", path);
  }
  if (status == UDE_OK) {
    apply(real, data, length, paste->edits, &edited);
    status = edited.failed ? ude_fail_memory(error, "the rewritten model") : UDE_OK;
  }
  if (status == UDE_OK && edited.length > 0 && !pasted_before(paste, real, &edited)) {
    status = paste_text(paste, path, &edited, depth, error);
  }
  free(data);
  ude_text_free(&edited);
  return status;
}

void ude_paste_free(ude_paste *paste) {
  for (size_t i = 0; i < paste->once_count; i++) {
    free(paste->once[i]);
  }
  free(paste->once);
  paste->once       = NULL;
  paste->once_count = 0;
}

void ude_source_macros(const char *const *flags, size_t flag_count, ude_text *out) {
  for (size_t i = 0; i < flag_count; i++) {
    if (strncmp(flags[i], "-D", 2) == 0) {
      const char *text   = flags[i][2] ? flags[i] + 2 : i + 1 < flag_count ? flags[++i] : "";
      size_t      name   = strcspn(text, "(=");
      size_t      length = strcspn(text, "=");
      if (length > 0) {
        ude_text_append(out, "#ifndef %.*s\n#define %.*s %s\n#endif\n", (int)name, text,
                        (int)length, text, text[length] ? text + length + 1 : "1");
      }
    }
  }
}
