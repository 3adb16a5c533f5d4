/* Tables of numbers, read strictly from CSV. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ude/base.h>

typedef struct reader {
  const char *name, *at, *end;
  int64_t     line;
  ude_error  *error;
} reader;

void ude_table_free(ude_table *table) {
  if (table) {
    for (int64_t j = 0; table->names && j < table->columns; j++) {
      free(table->names[j]);
    }
    free(table->names);
    free(table->values);
    free(table->lines);
    free(table);
  }
}

int64_t ude_table_column(const ude_table *table, const char *name) {
  for (int64_t j = 0; j < table->columns; j++) {
    if (strcmp(table->names[j], name) == 0) {
      return j;
    }
  }
  return -1;
}

ude_status ude_table_create(int64_t rows, int64_t columns, const char *const *names,
                            ude_table **table, ude_error *error) {
  *table = NULL;
  if (rows < 0 || columns < 1) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "table: needs at least one column");
  }
  ude_table *made = ude_calloc(1, sizeof *made);
  if (!made) {
    return ude_fail_memory(error, "a table");
  }
  made->rows    = rows;
  made->columns = columns;
  made->names   = ude_calloc((size_t)columns, sizeof *made->names);
  made->values  = ude_calloc((size_t)rows, (size_t)columns * sizeof *made->values);
  bool complete = made->names && made->values;
  for (int64_t j = 0; complete && j < columns; j++) {
    made->names[j] = strdup(names[j]);
    complete       = made->names[j] != NULL;
  }
  if (!complete) {
    ude_table_free(made);
    return ude_fail_memory(error, "a table");
  }
  *table = made;
  return UDE_OK;
}

/* ------------------------------------------------------------------------------------ read -- */

static bool at_line_end(const reader *in) {
  return in->at == in->end || *in->at == '\n' ||
         (*in->at == '\r' && (in->at + 1 == in->end || in->at[1] == '\n'));
}

static void next_line(reader *in) {
  while (in->at < in->end && *in->at != '\n') {
    in->at++;
  }
  if (in->at < in->end) {
    in->at++;
    in->line++;
  }
}

/* Pass over comment lines. */
static void skip_comments(reader *in) {
  while (in->at < in->end && *in->at == '#') {
    next_line(in);
  }
}

/* One cell into `cell`; leaves `at` on the comma or the end of the line. */
static ude_status read_cell(reader *in, int64_t column, ude_text *cell) {
  cell->length = 0;
  ude_text_append_bytes(cell, "", 0);
  if (in->at < in->end && *in->at == '"') {
    int64_t first = in->line;
    for (in->at++;; in->at++) {
      if (in->at == in->end) {
        return ude_fail(in->error, UDE_BAD_DATA, "%s:%lld: column %lld: the quote is not closed",
                        in->name, (long long)first, (long long)column + 1);
      }
      if (*in->at == '"') {
        if (in->at + 1 < in->end && in->at[1] == '"') {
          in->at++;
        } else {
          in->at++;
          break;
        }
      }
      in->line += *in->at == '\n';
      ude_text_append_bytes(cell, in->at, 1);
    }
    if (!at_line_end(in) && *in->at != ',') {
      return ude_fail(in->error, UDE_BAD_DATA, "%s:%lld: column %lld: text after the closing quote",
                      in->name, (long long)in->line, (long long)column + 1);
    }
  } else {
    const char *start = in->at;
    while (!at_line_end(in) && *in->at != ',') {
      in->at++;
    }
    ude_text_append_bytes(cell, start, (size_t)(in->at - start));
  }
  return cell->failed ? ude_fail_memory(in->error, "a cell") : UDE_OK;
}

static void trim(ude_text *cell) {
  size_t first = 0;
  while (first < cell->length && strchr(" \t", cell->data[first])) {
    first++;
  }
  while (cell->length > first && strchr(" \t", cell->data[cell->length - 1])) {
    cell->length--;
  }
  cell->length -= first;
  memmove(cell->data, cell->data + first, cell->length);
  cell->data[cell->length] = '\0';
}

/* Other separators and line ends than ours, which would give one column with a strange name. */
static ude_status check_separators(const reader *in) {
  size_t length = 0;
  while (in->at + length < in->end && in->at[length] != '\n') {
    length++;
  }
  if (memchr(in->at, ',', length) || memchr(in->at, '"', length)) {
    return UDE_OK;
  }
  for (const char *c = ";\t|"; *c; c++) {
    if (memchr(in->at, *c, length)) {
      return ude_fail(in->error, UDE_BAD_DATA,
                      "%s:%lld: cells must be separated by commas, but here is a %s", in->name,
                      (long long)in->line,
                      *c == ';'   ? "semicolon"
                      : *c == '|' ? "bar"
                                  : "tab");
    }
  }
  return UDE_OK;
}

/* A carriage return alone ends no line. */
static ude_status check_line_ends(const reader *in) {
  const char *found = memchr(in->at, '\r', (size_t)(in->end - in->at));
  bool        alone = found && found + 1 < in->end && found[1] != '\n';
  return alone && !memchr(in->at, '\n', (size_t)(in->end - in->at))
             ? ude_fail(in->error, UDE_BAD_DATA,
                        "%s: lines end in a carriage return alone; write the file with line feeds",
                        in->name)
             : UDE_OK;
}

static ude_status read_header(reader *in, ude_table *table, ude_text *cell) {
  int64_t capacity = 0;
  for (;;) {
    ude_status status = read_cell(in, table->columns, cell);
    if (status) {
      return status;
    }
    trim(cell);
    if (cell->length == 0) {
      return ude_fail(in->error, UDE_BAD_DATA, "%s:%lld: column %lld has no name", in->name,
                      (long long)in->line, (long long)table->columns + 1);
    }
    if (table->columns == capacity) {
      capacity     = capacity ? 2 * capacity : 8;
      char **grown = ude_realloc(table->names, (size_t)capacity, sizeof *grown);
      if (!grown) {
        return ude_fail_memory(in->error, "column names");
      }
      table->names = grown;
    }
    int64_t earlier = ude_table_column(table, cell->data);
    if (earlier >= 0) {
      return ude_fail(in->error, UDE_BAD_DATA, "%s:%lld: columns %lld and %lld are both named '%s'",
                      in->name, (long long)in->line, (long long)earlier + 1,
                      (long long)table->columns + 1, cell->data);
    }
    char *name = strdup(cell->data);
    if (!name) {
      return ude_fail_memory(in->error, "column names");
    }
    table->names[table->columns++] = name;
    if (at_line_end(in)) {
      break;
    }
    in->at++;
  }
  double ignored = 0;
  bool   numbers = true;
  for (int64_t j = 0; j < table->columns; j++) {
    numbers = numbers && ude_parse_real(table->names[j], strlen(table->names[j]), &ignored);
  }
  if (numbers) {
    return ude_fail(in->error, UDE_BAD_DATA,
                    "%s:%lld: the first line must name the columns, but holds only numbers",
                    in->name, (long long)in->line);
  }
  next_line(in);
  return UDE_OK;
}

static bool is_missing(const ude_text *cell) {
  return cell->length == 0 || strcasecmp(cell->data, "na") == 0 ||
         strcasecmp(cell->data, "nan") == 0;
}

static ude_status read_row(reader *in, const ude_table *table, double *row, ude_text *cell) {
  int64_t line = in->line;
  int64_t j    = 0;
  for (;; j++) {
    ude_status status = read_cell(in, j, cell);
    if (status) {
      return status;
    }
    trim(cell);
    if (j < table->columns) {
      if (is_missing(cell)) {
        row[j] = (double)NAN;
      } else if (!ude_parse_real(cell->data, cell->length, &row[j])) {
        return ude_fail(in->error, UDE_BAD_DATA,
                        "%s:%lld: column %lld ('%s'): '%.60s' is not a number", in->name,
                        (long long)line, (long long)j + 1, table->names[j], cell->data);
      } else if (!isfinite(row[j])) {
        return ude_fail(in->error, UDE_BAD_DATA,
                        "%s:%lld: column %lld ('%s'): '%.60s' is not finite", in->name,
                        (long long)line, (long long)j + 1, table->names[j], cell->data);
      }
    }
    if (at_line_end(in)) {
      break;
    }
    in->at++;
  }
  if (j + 1 != table->columns) {
    return ude_fail(in->error, UDE_BAD_DATA,
                    "%s:%lld: %lld cells, but the header names %lld columns", in->name,
                    (long long)line, (long long)j + 1, (long long)table->columns);
  }
  next_line(in);
  return UDE_OK;
}

static bool only_blank_lines(const reader *in) {
  for (const char *c = in->at; c < in->end; c++) {
    if (!strchr(" \t\r\n", *c)) {
      return false;
    }
  }
  return true;
}

static ude_status read_rows(reader *in, ude_table *table, ude_text *cell) {
  int64_t capacity = 0;
  for (skip_comments(in); in->at < in->end && !only_blank_lines(in); skip_comments(in)) {
    if (table->rows == capacity) {
      capacity = capacity ? 2 * capacity : 64;
      double *values =
          ude_realloc(table->values, (size_t)capacity, (size_t)table->columns * sizeof *values);
      table->values  = values ? values : table->values;
      int64_t *lines = values ? ude_realloc(table->lines, (size_t)capacity, sizeof *lines) : NULL;
      if (!lines) {
        return ude_fail_memory(in->error, "table rows");
      }
      table->lines = lines;
    }
    table->lines[table->rows] = in->line;
    ude_status status = read_row(in, table, table->values + table->rows * table->columns, cell);
    if (status) {
      return status;
    }
    table->rows++;
  }
  return UDE_OK;
}

ude_status ude_table_parse(const char *name, const char *text, size_t length, ude_table **table,
                           ude_error *error) {
  reader in = {.name = name, .at = text, .end = text + length, .line = 1, .error = error};
  *table    = NULL;
  if (memchr(text, '\0', length)) {
    return ude_fail(error, UDE_BAD_DATA, "%s: is not a text file (it holds a zero byte)", name);
  }
  if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* byte order mark */
    in.at += 3;
  }
  skip_comments(&in);
  if (only_blank_lines(&in)) {
    return ude_fail(error, UDE_BAD_DATA, "%s: is empty: a header line with column names is needed",
                    name);
  }
  ude_text   cell   = {0};
  ude_table *made   = ude_calloc(1, sizeof *made);
  ude_status status = made ? check_line_ends(&in) : ude_fail_memory(error, "a table");
  status            = status ? status : check_separators(&in);
  status            = status ? status : read_header(&in, made, &cell);
  if (status == UDE_OK) {
    status = read_rows(&in, made, &cell);
  }
  if (status == UDE_OK && made->rows == 0) {
    status = ude_fail(error, UDE_BAD_DATA, "%s: has a header but no rows", name);
  }
  ude_text_free(&cell);
  if (status) {
    ude_table_free(made);
    return status;
  }
  *table = made;
  return UDE_OK;
}

ude_status ude_table_read(const char *path, ude_table **table, ude_error *error) {
  char  *data       = NULL;
  size_t length     = 0;
  *table            = NULL;
  ude_status status = ude_file_read(path, &data, &length, error);
  if (status == UDE_OK) {
    status = ude_table_parse(path, data, length, table, error);
  }
  free(data);
  return status;
}

/* ----------------------------------------------------------------------------------- write -- */

static void append_name(ude_text *text, const char *name) {
  bool mark = strncmp(name, "\xEF\xBB\xBF", 3) == 0; /* would be read as a byte order mark */
  if (!strpbrk(name, ",;|\t\"\r\n") && name[0] != '#' && !mark) {
    ude_text_append(text, "%s", name);
    return;
  }
  ude_text_append_bytes(text, "\"", 1);
  for (const char *c = name; *c; c++) {
    ude_text_append_bytes(text, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
  }
  ude_text_append_bytes(text, "\"", 1);
}

ude_status ude_table_write(const ude_table *table, const char *path, ude_error *error) {
  ude_text text = {0};
  for (int64_t j = 0; j < table->columns; j++) {
    ude_text_append_bytes(&text, ",", j ? 1 : 0);
    append_name(&text, table->names[j]);
  }
  ude_text_append_bytes(&text, "\n", 1);
  for (int64_t i = 0; i < table->rows; i++) {
    for (int64_t j = 0; j < table->columns; j++) {
      double value = table->values[i * table->columns + j];
      char   number[32];
      /* A line with nothing on it would be no row. */
      const char *missing = table->columns == 1 ? "nan" : "";
      ude_text_append(&text, "%s%s", j ? "," : "",
                      isnan(value) ? missing : ude_format_real(value, number));
    }
    ude_text_append_bytes(&text, "\n", 1);
  }
  ude_status status = text.failed ? ude_fail_memory(error, path)
                                  : ude_file_write(path, text.data, text.length, error);
  ude_text_free(&text);
  return status;
}
