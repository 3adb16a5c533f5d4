/* Numbers as text, whatever the locale of the program. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ude/base.h>

/* strtod takes the locale's decimal point; files have a '.'. */
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
  if (length == 0 || length >= sizeof copy || memchr(text + first, ',', length)) {
    return false;
  }
  memcpy(copy, text + first, length);
  copy[length]      = '\0';
  const char *point = localeconv()->decimal_point;
  char       *dot   = strchr(copy, '.');
  if (dot && point[0] && point[0] != '.' && point[1] == '\0') {
    *dot = point[0];
  }
  char *end = copy;
  *value    = strtod(copy, &end);
  return end == copy + length;
}

char *ude_format_real(double value, char buffer[32]) {
  snprintf(buffer, 32, "%.17g", value);
  const char *point = localeconv()->decimal_point;
  char       *found = point[0] && point[0] != '.' ? strchr(buffer, point[0]) : NULL;
  if (found) {
    *found = '.';
  }
  return buffer;
}
