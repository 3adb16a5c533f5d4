/**
 * @file base.h
 * @brief The ground floor: errors as values, random numbers, number tables, whole-or-absent files.
 *
 * Every fallible function of ude returns a ude_status and takes a `ude_error *` as its last argument
 * (NULL is allowed: then only the status is reported). The libraries never print, abort, exit,
 * install signal handlers or read the environment.
 */
#ifndef UDE_BASE_H
#define UDE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ude/version.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define UDE_API __attribute__((visibility("default")))
#define UDE_PRINTF(format_index, first_argument) \
  __attribute__((format(printf, format_index, first_argument)))
#else
#define UDE_API
#define UDE_PRINTF(format_index, first_argument)
#endif

/** Version of the library in use ("0.1.0"), which a program may compare with UDE_VERSION_TEXT, the version it was
 *  compiled against. */
UDE_API const char *ude_version(void);

/* ---------------------------------------------------------------------------------- errors -- */

/** Every status, once: X(NAME, text). 0 is success; all others mean that outputs are not set,
 *  unless the function's documentation says what is kept. */
#define UDE_STATUS_MAP(X)                                     \
  X(OK, "success")                                            \
  X(INTERRUPTED, "stopped on request")                        \
  X(INVALID_ARGUMENT, "invalid argument")                     \
  X(OUT_OF_MEMORY, "out of memory")                           \
  X(IO, "input or output failed")                             \
  X(BAD_DATA, "bad data file")                                \
  X(COMPILE, "the model does not compile")                    \
  X(NOT_DIFFERENTIABLE, "the model cannot be differentiated") \
  X(NUMERICAL, "numerical failure")                           \
  X(UNSUPPORTED, "not supported for this model")              \
  X(INTERNAL, "internal error, please report it")

typedef enum ude_status {
#define UDE_STATUS_ENUM(name, text) UDE_##name,
  UDE_STATUS_MAP(UDE_STATUS_ENUM)
#undef UDE_STATUS_ENUM
      UDE_STATUS_COUNT
} ude_status;

/** What went wrong, where, and what to do about it; `message` is empty when status is UDE_OK. */
typedef struct ude_error {
  ude_status status;
  char       message[1024]; /**< NUL-terminated UTF-8, one or a few lines, no trailing newline */
} ude_error;

/** Static text for a status, e.g. "out of memory"; never NULL. */
UDE_API const char *ude_status_text(ude_status status);

/** Fill `error` (may be NULL) and return `status`, so that a failure is one expression:
 *  `return ude_fail(error, UDE_BAD_DATA, "%s:%d: ...", path, line);` */
UDE_API ude_status ude_fail(ude_error *error, ude_status status, const char *format, ...)
    UDE_PRINTF(3, 4);

/** ude_fail for a failed allocation of `what`. */
UDE_API ude_status ude_fail_memory(ude_error *error, const char *what);

/** Put a context in front of an error's message ("data.csv: ..."), keeping its status. */
UDE_API ude_status ude_error_prefix(ude_error *error, ude_status status, const char *format, ...)
    UDE_PRINTF(3, 4);

#ifdef __clang_analyzer__
/* The analyzer sees one file at a time: tell it that a failure returns the status it was given. */
#define ude_fail(error, status, ...) ((void)(ude_fail)(error, status, __VA_ARGS__), (status))
#define ude_fail_memory(error, what) ((void)(ude_fail_memory)(error, what), UDE_OUT_OF_MEMORY)
#define ude_error_prefix(error, status, ...) \
  ((void)(ude_error_prefix)(error, status, __VA_ARGS__), (status))
#endif

/* ----------------------------------------------------------------------------------- memory -- */

/** count*size bytes of zeroed memory, NULL on overflow or failure; release with free(). Returns a
 *  non-NULL pointer for zero bytes. */
UDE_API void *ude_calloc(size_t count, size_t size);

/** realloc to count*size bytes with an overflow check; NULL leaves the old block valid. */
UDE_API void *ude_realloc(void *block, size_t count, size_t size);

/** A growing, always NUL-terminated text. Zero-initialise; release with ude_text_free. A failed
 *  append sets `failed` and later appends do nothing, so one check at the end is enough. */
typedef struct ude_text {
  char  *data; /**< NULL until the first append */
  size_t length, capacity;
  bool   failed;
} ude_text;

UDE_API void ude_text_append(ude_text *text, const char *format, ...) UDE_PRINTF(2, 3);
UDE_API void ude_text_append_bytes(ude_text *text, const char *bytes, size_t length);
UDE_API void ude_text_free(ude_text *text);

/* ----------------------------------------------------------------------------------- random -- */

/** A counter-based generator (Philox4x32-10, Salmon, Moraes, Dror, Shaw 2011): the i-th number of
 *  stream (seed, stream) is a pure function of (seed, stream, i), whatever the thread. */
typedef struct ude_rng {
  uint64_t seed, stream, counter;
} ude_rng;

UDE_API ude_rng  ude_rng_make(uint64_t seed, uint64_t stream);
UDE_API uint64_t ude_rng_bits(ude_rng *rng);
UDE_API double   ude_rng_uniform(ude_rng *rng); /**< in [0, 1), 53 bits */
UDE_API double   ude_rng_normal(ude_rng *rng);  /**< mean 0, variance 1 */

/* -------------------------------------------------------------------------- files and tables -- */

/** Read a whole file; `*data` is NUL-terminated and owned by the caller (free). */
UDE_API ude_status ude_file_read(const char *path, char **data, size_t *length, ude_error *error);

/** Write a file that is complete or absent (temporary file beside it, fsync, rename). */
UDE_API ude_status ude_file_write(const char *path, const char *data, size_t length,
                                  ude_error *error);

/** Make a folder and those above it, as far as they are missing. */
UDE_API ude_status ude_folder_make(const char *path, ude_error *error);

/** Parse exactly `length` characters as a number, blanks around it allowed, '.' as the decimal point in
 *  every locale. False if anything else is there. */
UDE_API bool ude_parse_real(const char *text, size_t length, double *value);
/** 17 significant digits, '.' as the decimal point in every locale; returns `buffer`. */
UDE_API char *ude_format_real(double value, char buffer[32]);

/** A table of numbers with named columns, as read from CSV. */
typedef struct ude_table {
  int64_t  rows, columns;
  char   **names;  /**< [columns] */
  double  *values; /**< [rows][columns]; NaN where the cell was empty */
  int64_t *lines;  /**< [rows] line number in the file, for messages; NULL if not from a file */
} ude_table;

/** Read CSV strictly: a header line of unique names (RFC 4180 quotes allowed), then numbers; lines that
 *  start with '#' and blank lines at the end are passed over; an empty cell, `NA` or `nan` is missing. A
 *  ragged row, text in a number cell, a duplicate or empty name, an empty file give UDE_BAD_DATA
 *  with `path:line: column N ('name'): ...`. */
UDE_API ude_status ude_table_read(const char *path, ude_table **table, ude_error *error);
/** ude_table_read of text in memory; `name` stands for the path in messages. */
UDE_API ude_status ude_table_parse(const char *name, const char *text, size_t length,
                                   ude_table **table, ude_error *error);
/** Column of that name or -1. */
UDE_API int64_t ude_table_column(const ude_table *table, const char *name);
/** CSV with 17 significant digits, NaN as an empty cell (as `nan` where there is but one column); complete or absent. */
UDE_API ude_status ude_table_write(const ude_table *table, const char *path, ude_error *error);
/** A table of `rows` x `columns` zeros with copies of `names`. */
UDE_API ude_status ude_table_create(int64_t rows, int64_t columns, const char *const *names,
                                    ude_table **table, ude_error *error);
UDE_API void       ude_table_free(ude_table *table);

/* --------------------------------------------------------------------------------- long work -- */

/** One report of long work. `total` is 0 where the end is not known. */
typedef struct ude_progress {
  const char *phase; /**< "adam", "bfgs", ...; borrowed until the callback returns */
  int64_t     done, total;
  double      value; /**< current objective */
  double      best;  /**< best objective so far */
} ude_progress;

/** Called now and then by long work; return true to stop cleanly (status UDE_INTERRUPTED, what was
 *  reached is kept and saved). */
typedef bool (*ude_progress_fn)(const ude_progress *progress, void *context);

/** work(i, context) for i = 0 ... count-1, each once, on `threads` threads (0: as many as there are processors; at
 *  most 64, the caller's among them); returns when all are done. Where threads cannot be had, one does it all. Which
 *  thread does which piece is not determined: a result that shall not depend on it is put together by index. */
UDE_API void ude_parallel(size_t count, int threads, void (*work)(size_t i, void *context),
                          void *context);

/** Seconds of a monotonic clock. */
UDE_API double ude_clock(void);

#ifdef __cplusplus
}
#endif
#endif
