/* Numbers as text, whatever the locale of the program. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ude/base.h>

/* strtod and printf use the decimal point of the program's locale (a comma, or a character of
 * several bytes); files have a '.'. Replaces `from` where it first stands in `text`. */
static void replace_point(char *text, size_t size, const char *from, const char *to) {
  char  *found  = strstr(text, from);
  size_t before = strlen(from);
  size_t after  = strlen(to);
  if (found && strlen(text) - before + after < size) {
    memmove(found + after, found + before, strlen(found + before) + 1);
    memcpy(found, to, after);
  }
}

static const char *local_point(void) {
  const char *point = localeconv()->decimal_point;
  return point[0] ? point : ".";
}

/* Hexadecimal and nan(...) are C's, not those of data files. */
static bool is_decimal(const char *text) {
  const char *digits = text + (*text == '+' || *text == '-');
  return digits[strspn(digits, "0123456789.eE+-")] == '\0' || strcmp(digits, "inf") == 0 ||
         strcmp(digits, "nan") == 0;
}

bool ude_parse_real(const char *text, size_t length, double *value) {
  char   copy[128];
  size_t first = 0;
  while (first < length && (text[first] == ' ' || text[first] == '\t')) {
    first++;
  }
  while (length > first && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
    length--;
  }
  length -= first;
  enum { LONGEST_POINT = 8 };
  if (length == 0 || length >= sizeof copy - LONGEST_POINT) {
    return false;
  }
  memcpy(copy, text + first, length);
  copy[length] = '\0';
  if (!is_decimal(copy)) {
    return false;
  }
  const char *point = local_point();
  if (strcmp(point, ".") != 0) {
    replace_point(copy, sizeof copy, ".", point);
  }
  char  *end    = copy;
  double parsed = strtod(copy, &end);
  if (end == copy || *end != '\0') {
    return false;
  }
  *value = parsed;
  return true;
}

char *ude_format_real(double value, char buffer[32]) {
  snprintf(buffer, 32, "%.17g", value);
  const char *point = local_point();
  if (strcmp(point, ".") != 0) {
    replace_point(buffer, 32, point, ".");
  }
  return buffer;
}
