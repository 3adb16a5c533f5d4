/**
 * @file source_text.h
 * @brief C source as text: where statements end, past comments and strings; edits; pasted includes.
 */
#ifndef UDE_COMPILER_SOURCE_TEXT_H
#define UDE_COMPILER_SOURCE_TEXT_H

#include <ude/base.h>

/** Replace text[start, end) of a file. */
typedef struct ude_edit {
  char  *file; /**< its real path, owned */
  size_t start, end;
  char  *text;     /**< owned */
  bool   optional; /**< the file need not be among those pasted */
  bool   made;     /**< by ude_source_paste */
} ude_edit;

typedef struct ude_edits {
  ude_edit *edit; /**< by position */
  size_t    count;
  bool      failed; /**< out of memory */
} ude_edits;

/** The edit, or NULL without memory. */
ude_edit *ude_edits_add(ude_edits *edits, const char *file, size_t start, size_t end,
                        const char *text);
void      ude_edits_free(ude_edits *edits);

/** Index after the lexeme at i: a comment, string or character literal counts as one. */
size_t ude_source_next(const char *text, size_t length, size_t i);
/** Index of the bracket that closes the one at `open` ('(', '[' or '{'), or `length`. */
size_t ude_source_match(const char *text, size_t length, size_t open);
/** Index of the next `wanted` character at bracket depth 0 from `i` on, or `length`. */
size_t ude_source_find(const char *text, size_t length, size_t i, char wanted);
/** Start of the statement that holds index `at`, scanning from `from`: after the last ';', '{' or '}' before it, blanks and comments
 *  passed over. */
size_t ude_source_statement(const char *text, size_t length, size_t from, size_t at);

/** Start of the comment that ends right before the statement at `start` (which begins after `from`), or `start`. */
size_t ude_source_comment(const char *text, size_t length, size_t from, size_t start);

/** Files on their way into one. Zero-initialise, free with ude_paste_free. */
typedef struct ude_paste {
  ude_edits         *edits;
  const char *const *flags; /**< clang's, for -I */
  size_t             flag_count;
  ude_text          *out;
  char             **once; /**< real paths of files with #pragma once that were pasted */
  size_t             once_count;
} ude_paste;

/** Append the macros that flags define, for where they are not given. */
void ude_source_macros(const char *const *flags, size_t flag_count, ude_text *out);
/** Append the file with its edits made and its quoted includes pasted. */
ude_status ude_source_paste(ude_paste *paste, const char *path, int depth, ude_error *error);
void       ude_paste_free(ude_paste *paste);

#endif
