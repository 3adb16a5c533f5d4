/* How far a name is from another: Damerau's distance with adjacent swaps (optimal string alignment). */
#include <limits.h>
#include <string.h>

#include <ude/base.h>

enum { LONGEST = 63 };

static char lower(char c) {
  return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static int least(int a, int b) {
  return a < b ? a : b;
}

int ude_name_distance(const char *name, const char *other) {
  size_t length = strnlen(name, LONGEST + 1);
  size_t count  = strnlen(other, LONGEST + 1);
  int    limit  = ((int)length + 1) / 3;
  if (length > LONGEST || count > LONGEST || (int)length - (int)count > limit ||
      (int)count - (int)length > limit) {
    return INT_MAX;
  }
  int rows[3][LONGEST + 1]; /* of the table of distances between heads: i - 2, i - 1, i */
  for (size_t j = 0; j <= count; j++) {
    rows[0][j] = (int)j;
  }
  for (size_t i = 1; i <= length; i++) {
    int       *row    = rows[i % 3];
    const int *above  = rows[(i + 2) % 3];
    const int *higher = rows[(i + 1) % 3];
    row[0]            = (int)i;
    for (size_t j = 1; j <= count; j++) {
      char a = lower(name[i - 1]);
      char b = lower(other[j - 1]);
      row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a != b));
      if (i > 1 && j > 1 && a == lower(other[j - 2]) && b == lower(name[i - 2])) {
        row[j] = least(row[j], higher[j - 2] + 1);
      }
    }
  }
  int distance = rows[length % 3][count];
  return distance <= limit ? distance : INT_MAX;
}
