/* Values of a struct as a C initialiser. */
#include "compiler/initialiser.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PER_LINE = 4 };

const char *ude_initialiser_number(double value, bool single, char buffer[32]) {
  if (isnan(value) || isinf(value)) {
    return isnan(value) ? "NAN" : value > 0 ? "INFINITY" : "-INFINITY";
  }
  for (int digits = single ? 6 : 15; digits < (single ? 9 : 17); digits++) {
    double back = 0;
    if (snprintf(buffer, 32, "%.*g", digits, value) >= 32) {
      break;
    }
    for (char *c = buffer; *c; c++) { /* the decimal point of any locale */
      if (*c == ',') {
        *c = '.';
      }
    }
    if (ude_parse_real(buffer, strlen(buffer), &back) &&
        (back == value || (single && (float)back == (float)value))) {
      return buffer;
    }
  }
  return ude_format_real(value, buffer);
}

/* The extents from `depth` on, as nested braces. */
static void append_array(const ude_member *member, bool single, int depth, const double **at,
                         ude_text *text) {
  char    number[32];
  int64_t count = member->extents[depth];
  ude_text_append(text, "{");
  for (int64_t i = 0; i < count; i++) {
    bool last = depth + 1 == member->rank;
    if (i > 0) {
      ude_text_append(text, last && i % PER_LINE != 0 ? ", " : ",\n        ");
    }
    if (last) {
      ude_text_append(text, "%s", ude_initialiser_number(*(*at)++, single, number));
    } else {
      append_array(member, single, depth + 1, at, text);
    }
  }
  ude_text_append(text, "}");
}

static void append_real(const ude_field_run *run, const double *reals, ude_text *text) {
  const ude_member *member = &run->member;
  const double     *at     = reals + member->first;
  bool              zero   = true;
  char              number[32];
  for (int64_t i = 0; i < member->count; i++) {
    zero = zero && at[i] == 0 && !signbit(at[i]);
  }
  if (member->rank == 0) {
    ude_text_append(text, "\n    .%s = %s,", member->name,
                    ude_initialiser_number(*at, run->single, number));
  } else if (!zero) {
    ude_text_append(text, "\n    .%s = ", member->name);
    append_array(member, run->single, 0, &at, text);
    ude_text_append(text, ",");
  }
}

/* Sign-extended: what an unsigned member makes of it is the same. */
static long long integer_at(const char *image, int64_t size) {
  long long value = 0;
  int8_t    one;
  int16_t   two;
  int32_t   four;
  switch (size) {
  case 1: memcpy(&one, image, 1); return one;
  case 2: memcpy(&two, image, 2); return two;
  case 4: memcpy(&four, image, 4); return four;
  default: memcpy(&value, image, sizeof value); return value;
  }
}

static void append_integer(const ude_integer_run *run, const char *image, ude_text *text) {
  for (int64_t i = 0; i < run->count; i++) {
    long long value = integer_at(image + run->offset + i * run->size, run->size);
    int64_t   rest  = run->count;
    int64_t   at    = i;
    if (run->rank > 0 && value == 0) {
      continue;
    }
    ude_text_append(text, "\n    .%s", run->name);
    for (int d = 0; d < run->rank; d++) {
      rest /= run->extents[d];
      ude_text_append(text, "[%lld]", (long long)(at / rest));
      at %= rest;
    }
    ude_text_append(text, " = %lld,", value);
  }
}

void ude_initialiser_append(const ude_struct_shape *shape, const double *reals, const char *image,
                            bool (*skip)(const char *name, const void *context),
                            const void *context, ude_text *text) {
  int64_t i = 0;
  int64_t j = 0;
  while (i < shape->runs || j < shape->integers) {
    bool real = j == shape->integers ||
                (i < shape->runs && shape->run[i].offset < shape->integer[j].offset);
    const char *name = real ? shape->run[i].member.name : shape->integer[j].name;
    if (!(skip && skip(name, context))) {
      if (real) {
        append_real(&shape->run[i], reals, text);
      } else if (image) {
        append_integer(&shape->integer[j], image, text);
      }
    }
    i += real;
    j += !real;
  }
}
