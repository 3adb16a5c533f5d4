/**
 * @file source_text.h
 * @brief C source as text: where statements end, past comments and strings; edits; pasted includes.
 */
#ifndef UDE_COMPILER_SOURCE_TEXT_H
#define UDE_COMPILER_SOURCE_TEXT_H

#include <ude/base.h>

/** Replace text[start, end) of a file. `text` owned. */
typedef struct ude_edit {
  char  *file;
  size_t start, end;
  char  *text;
} ude_edit;

typedef struct ude_edits {
  ude_edit *edit;
  size_t    count;
  bool      failed; /**< out of memory */
} ude_edits;

void ude_edits_add(ude_edits *edits, const char *file, size_t start, size_t end, const char *text);
void ude_edits_free(ude_edits *edits);

/** Index after the lexeme at i: a comment, string or character literal counts as one. */
size_t ude_source_next(const char *text, size_t length, size_t i);
/** Index of the bracket that closes the one at `open` ('(', '[' or '{'), or `length`. */
size_t ude_source_match(const char *text, size_t length, size_t open);
/** Index of the next `wanted` character at bracket depth 0 from `i` on, or `length`. */
size_t ude_source_find(const char *text, size_t length, size_t i, char wanted);
/** Start of the statement that holds index `at`, scanning from `from`: after the last ';', '{' or '}' before it, blanks and comments
 *  passed over. */
size_t ude_source_statement(const char *text, size_t length, size_t from, size_t at);

/** Append the file with its edits made and its quoted includes pasted. */
ude_status ude_source_paste(const char *path, const ude_edits *edits, const char *const *flags,
                            size_t flag_count, int depth, ude_text *out, ude_error *error);

#endif
