/* Values on the command line. */
#include "cli/values.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------------------- assignments -- */

enum { SHOWN = 24 }; /* names in a message */

void cli_suggest(const ude_layout *layout, const char *fallback, const char *name, ude_text *text) {
  char    shown[256];
  int64_t nearest  = -1;
  int     distance = INT_MAX;
  for (int64_t i = 0; i < layout->count; i++) {
    int d = ude_name_distance(name, ude_layout_name(layout, i, fallback, shown, sizeof shown));
    if (d < distance) {
      distance = d;
      nearest  = i;
    }
  }
  if (nearest >= 0) {
    ude_text_append(text, " (did you mean '%s'?)",
                    ude_layout_name(layout, nearest, fallback, shown, sizeof shown));
  }
  ude_text_append(text, "; the names are: ");
  for (int64_t i = 0; i < layout->count && i < SHOWN; i++) {
    ude_text_append(text, "%s%s", i ? ", " : "",
                    ude_layout_name(layout, i, fallback, shown, sizeof shown));
  }
  ude_text_append(text, "%s", layout->count > SHOWN ? ", ..." : "");
}

/* Where an assignment stands: "--u0" or "file.txt:3", for messages. */
typedef struct place {
  const char *option, *file;
  int64_t     line;
} place;

static int complain(const place *at, const char *message) {
  return at->file ? cli_usage_error("%s:%lld: %s", at->file, (long long)at->line, message)
                  : cli_usage_error("--%s: %s", at->option, message);
}

static int complain_of(const place *at, ude_text *text) {
  int code = complain(at, text->failed ? "out of memory" : text->data);
  ude_text_free(text);
  return code;
}

static int unknown_name(const cli_target *to, const place *at, const char *name, const char *item,
                        size_t length) {
  char *copy = to->unknown ? strndup(item, length) : NULL;
  if (copy) {
    const char **grown =
        ude_realloc(to->unknown->item, (size_t)to->unknown->count + 1, sizeof *grown);
    if (grown) {
      to->unknown->item                       = grown;
      to->unknown->item[to->unknown->count++] = copy;
      return CLI_OK;
    }
    free(copy);
  }
  if (to->unknown) {
    return complain(at, "out of memory");
  }
  ude_text text = {0};
  ude_text_append(&text, "unknown name in '%.*s'", (int)(length < 200 ? length : 200), item);
  cli_suggest(to->layout, to->fallback, name, &text);
  return complain_of(at, &text);
}

/* Where "+-", "+/-" or the sign of plus or minus (U+00B1) begins in `text`; `length`: nowhere. */
static size_t find_plus_minus(const char *text, size_t length, size_t *mark) {
  static const char *const marks[] = {"+-", "+/-", "\xc2\xb1"};
  for (size_t at = 0; at < length; at++) {
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
      *mark = strlen(marks[i]);
      if (*mark <= length - at && strncmp(text + at, marks[i], *mark) == 0) {
        return at;
      }
    }
  }
  *mark = 0;
  return length;
}

static bool finite_number(const char *text, size_t length, double *value) {
  return ude_parse_real(text, length, value) && isfinite(*value);
}

/* One name=value, without blanks around it. */
static int assign(const cli_target *to, const place *at, const char *item, size_t length) {
  char        name[512];
  const char *equals = memchr(item, '=', length);
  size_t      end    = equals ? (size_t)(equals - item) : 0;
  while (end > 0 && strchr(" \t", item[end - 1])) {
    end--;
  }
  if (end == 0 || end >= sizeof name) {
    ude_text text = {0};
    ude_text_append(&text, "'%.*s' is not of the form name=value",
                    (int)(length < 200 ? length : 200), item);
    return complain_of(at, &text);
  }
  memcpy(name, item, end);
  name[end]          = '\0';
  double      value  = 0;
  double      sigma  = 0;
  size_t      mark   = 0;
  const char *number = equals + 1;
  size_t      size   = length - (size_t)(number - item);
  size_t      digits = to->sigmas ? find_plus_minus(number, size, &mark) : size;
  size_t      rest   = size - digits - mark;
  if (mark > 0 && (!finite_number(number + digits + mark, rest, &sigma) || sigma < 0)) {
    ude_text text = {0};
    ude_text_append(&text,
                    "the standard deviation of '%.200s' is not a finite number, zero or more: "
                    "'%.*s'",
                    name, (int)(rest < 60 ? rest : 60), number + digits + mark);
    return complain_of(at, &text);
  }
  if (!finite_number(number, digits, &value)) {
    ude_text text = {0};
    ude_text_append(&text, "the value of '%.200s' is not a finite number: '%.*s'", name,
                    (int)(digits < 60 ? digits : 60), number);
    return complain_of(at, &text);
  }
  int64_t i = ude_layout_find(to->layout, name, to->fallback);
  if (i < 0) {
    return unknown_name(to, at, name, item, length);
  }
  to->values[i] = value;
  if (to->sigmas) {
    to->sigmas[i] = sigma;
  }
  to->seen[i] = true;
  return CLI_OK;
}

static int assign_text(const cli_target *to, place *at, const char *text, size_t length) {
  char separator = at->file ? '\n' : ',';
  for (size_t next = 0; next < length; at->line++) {
    const char *item = text + next;
    const char *stop = memchr(item, separator, length - next);
    size_t      size = stop ? (size_t)(stop - item) : length - next;
    next += size + 1;
    while (size > 0 && strchr(" \t", item[0])) {
      item++;
      size--;
    }
    while (size > 0 && strchr(" \t\r", item[size - 1])) {
      size--;
    }
    bool comment = at->file && size > 0 && item[0] == '#';
    int  code    = size > 0 && !comment ? assign(to, at, item, size) : CLI_OK;
    if (code) {
      return code;
    }
  }
  return CLI_OK;
}

static int assign_file(const cli_target *to, const char *path) {
  char      *data   = NULL;
  size_t     length = 0;
  ude_error  error  = {0};
  ude_status status = ude_file_read(path, &data, &length, &error);
  if (status) {
    return cli_fail(&error, status);
  }
  const char *mark = "\xEF\xBB\xBF"; /* byte order mark */
  size_t      skip = strncmp(data, mark, 3) == 0 ? 3 : 0;
  place       at   = {.option = to->what, .file = path, .line = 1};
  int code = memchr(data, '\0', length) ? complain(&at, "is not a text file (it holds a zero byte)")
                                        : assign_text(to, &at, data + skip, length - skip);
  free(data);
  return code;
}

int cli_assign(const cli_target *to, const cli_list *list) {
  for (int i = 0; i < list->count; i++) {
    const char *text = list->item[i];
    place       at   = {.option = to->what};
    int         code =
        text[0] == '@' ? assign_file(to, text + 1) : assign_text(to, &at, text, strlen(text));
    if (code) {
      return code;
    }
  }
  return CLI_OK;
}

/* --------------------------------------------------------------------------------- times -- */

/* A step, counted from t0; the end is met where the span is a multiple of it up to rounding. */
static int steps_of(double step, double t0, double t1, double **times, int64_t *count) {
  double steps = floor(fabs(t1 - t0) / step * (1 + 4e-16) + 1e-9);
  if (!(step > 0) || !(steps < 1e8)) {
    return cli_usage_error("--saveat: the step must be positive and give fewer than 1e8 points");
  }
  *count = (int64_t)steps + 1;
  *times = ude_calloc((size_t)*count, sizeof **times);
  if (!*times) {
    return cli_usage_error("--saveat: out of memory for %lld points", (long long)*count);
  }
  double direction = t1 >= t0 ? 1 : -1;
  for (int64_t i = 0; i < *count; i++) {
    double t    = t0 + direction * (double)i * step;
    (*times)[i] = fabs(t1 - t) < 1e-9 * step ? t1 : t;
  }
  return CLI_OK;
}

int cli_times(const char *text, double t0, double t1, double **times, int64_t *count) {
  int64_t commas = 0;
  for (const char *c = text; *c; c++) {
    commas += *c == ',';
  }
  *times = ude_calloc((size_t)commas + 1, sizeof **times);
  *count = 0;
  if (!*times) {
    return cli_usage_error("--saveat: out of memory");
  }
  for (const char *at = text; at; at = at[strcspn(at, ",")] ? strchr(at, ',') + 1 : NULL) {
    double *t = &(*times)[(*count)++];
    if (!ude_parse_real(at, strcspn(at, ","), t) || !isfinite(*t)) {
      return cli_usage_error("--saveat: '%s' is neither a step, nor times t1,t2,..., nor 'end'",
                             text);
    }
  }
  if (commas == 0) {
    double step = (*times)[0];
    free(*times);
    *times = NULL;
    return steps_of(step, t0, t1, times, count);
  }
  return CLI_OK;
}
