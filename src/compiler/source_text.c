/* C source as text. */
#include "compiler/source_text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_DEPTH = 32 };

void ude_edits_add(ude_edits *edits, const char *file, size_t start, size_t end, const char *text) {
  ude_edit *grown = ude_realloc(edits->edit, edits->count + 1, sizeof *grown);
  char     *name  = strdup(file);
  char     *copy  = strdup(text);
  edits->edit     = grown ? grown : edits->edit;
  if (!grown || !name || !copy) {
    free(name);
    free(copy);
    edits->failed = true;
    return;
  }
  size_t at = edits->count++;
  while (at > 0 && edits->edit[at - 1].start > start) { /* by position */
    edits->edit[at] = edits->edit[at - 1];
    at--;
  }
  edits->edit[at] = (ude_edit){name, start, end, copy};
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
    line_head = i < length && (text[i] == '\n' || (line_head && (text[i] == ' ' || text[i] == '\t')));
    i         = next > i ? next : i + 1;
  }
  while (start < at && (strchr(" \t\r\n", text[start]) || is_comment(text, length, start))) {
    start = ude_source_next(text, length, start);
  }
  return start;
}

/* ----------------------------------------------------------------------------------- paste -- */

static bool readable(const ude_text *path) {
  return !path->failed && path->data && access(path->data, R_OK) == 0;
}

/* "folder of `path`/name", or name in an -I folder. */
static bool find_include(const char *path, const char *name, size_t length,
                         const char *const *flags, size_t flag_count, ude_text *found) {
  const char *slash = strrchr(path, '/');
  found->length     = 0;
  if (slash && name[0] != '/') {
    ude_text_append(found, "%.*s/", (int)(slash - path), path);
  }
  ude_text_append(found, "%.*s", (int)length, name);
  if (readable(found)) {
    return true;
  }
  for (size_t i = 0; i < flag_count; i++) {
    const char *folder = strncmp(flags[i], "-I", 2) == 0
                             ? (flags[i][2] ? flags[i] + 2 : i + 1 < flag_count ? flags[i + 1] : "")
                             : NULL;
    if (folder) {
      found->length = 0;
      ude_text_append(found, "%s/%.*s", folder, (int)length, name);
      if (readable(found)) {
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

static void apply(const char *path, const char *data, size_t length, const ude_edits *edits,
                  ude_text *out) {
  size_t at = 0;
  for (size_t i = 0; i < edits->count; i++) {
    const ude_edit *edit = &edits->edit[i];
    if (strcmp(edit->file, path) == 0 && edit->start >= at && edit->end <= length) {
      ude_text_append_bytes(out, data + at, edit->start - at);
      ude_text_append(out, "%s", edit->text);
      at = edit->end;
    }
  }
  ude_text_append_bytes(out, data + at, length - at);
}

ude_status ude_source_paste(const char *path, const ude_edits *edits, const char *const *flags,
                            size_t flag_count, int depth, ude_text *out, ude_error *error) {
  char      *data   = NULL;
  size_t     length = 0;
  ude_text   edited = {0};
  ude_text   found  = {0};
  ude_status status = depth > MAX_DEPTH
                          ? ude_fail(error, UDE_COMPILE, "%s: includes are nested too deeply", path)
                          : ude_file_read(path, &data, &length, error);
  if (status == UDE_OK) {
    apply(path, data, length, edits, &edited);
    status = edited.failed ? ude_fail_memory(error, "the rewritten model") : UDE_OK;
  }
  for (size_t at = 0; status == UDE_OK && at < edited.length;) {
    const char *line        = edited.data + at;
    const char *newline     = memchr(line, '\n', edited.length - at);
    size_t      line_length = newline ? (size_t)(newline - line) + 1 : edited.length - at;
    size_t      name_length = 0;
    const char *name        = quoted_include(line, line_length, &name_length);
    if (name && find_include(path, name, name_length, flags, flag_count, &found)) {
      ude_text_append(out, "/* %.*s */\n", (int)name_length, name);
      status = ude_source_paste(found.data, edits, flags, flag_count, depth + 1, out, error);
      ude_text_append(out, "\n");
    } else if (!(depth > 0 && strncmp(line, "#pragma once", 12) == 0)) {
      ude_text_append_bytes(out, line, line_length);
    }
    at += line_length;
  }
  free(data);
  ude_text_free(&edited);
  ude_text_free(&found);
  return status;
}
