#include "report/mathml.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "report/escape.h"
#include "report/number.h"

enum { DEEPEST = 100 };

typedef struct formula_reader {
  const char *at;
  ude_text   *out;
  int         depth;
} formula_reader;

static bool read_sum(formula_reader *reader);

static char peek(formula_reader *reader) {
  while (*reader->at == ' ' || *reader->at == '\t') {
    reader->at++;
  }
  return *reader->at;
}

static void put(formula_reader *reader, const char *piece) {
  ude_text_append_bytes(reader->out, piece, strlen(piece));
}

/* Insert `piece` where something that is already written began. */
static void put_before(formula_reader *reader, size_t start, const char *piece) {
  size_t length = strlen(piece);
  size_t moved  = reader->out->length - start;
  put(reader, piece);
  if (!reader->out->failed) {
    memmove(reader->out->data + start + length, reader->out->data + start, moved);
    memcpy(reader->out->data + start, piece, length);
  }
}

static bool is_name_start(char c) {
  return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_name_part(char c) {
  return is_name_start(c) || isdigit((unsigned char)c) || c == '.';
}

static void put_identifier(ude_text *out, const char *name, size_t length) {
  static const struct {
    const char *name, *letter;
  } greek[] = {{"alpha", "α"}, {"beta", "β"},  {"gamma", "γ"}, {"delta", "δ"}, {"epsilon", "ε"},
               {"zeta", "ζ"},  {"eta", "η"},   {"theta", "θ"}, {"kappa", "κ"}, {"lambda", "λ"},
               {"mu", "μ"},    {"nu", "ν"},    {"xi", "ξ"},    {"pi", "π"},    {"rho", "ρ"},
               {"sigma", "σ"}, {"tau", "τ"},   {"phi", "φ"},   {"chi", "χ"},   {"psi", "ψ"},
               {"omega", "ω"}, {"Gamma", "Γ"}, {"Delta", "Δ"}, {"Theta", "Θ"}, {"Lambda", "Λ"},
               {"Sigma", "Σ"}, {"Phi", "Φ"},   {"Psi", "Ψ"},   {"Omega", "Ω"}};
  ude_text piece = {0};
  ude_text_append_bytes(&piece, name, length);
  out->failed = out->failed || piece.failed;
  for (size_t i = 0; !piece.failed && i < sizeof greek / sizeof greek[0]; i++) {
    if (strcmp(piece.data, greek[i].name) == 0) {
      ude_text_append(out, "<mi>%s</mi>", greek[i].letter);
      ude_text_free(&piece);
      return;
    }
  }
  ude_text_append(out, "<mi>");
  if (!piece.failed) {
    ude_escape_html(out, piece.data);
  }
  ude_text_append(out, "</mi>");
  ude_text_free(&piece);
}

/* x1, k_on, u[3][4]: what follows the stem is a subscript. Returns the end of the name. */
static const char *put_name(ude_text *out, const char *name) {
  const char *end = name;
  while (is_name_part(*end)) {
    end++;
  }
  const char *stem       = end;
  const char *underscore = memchr(name + 1, '_', (size_t)(end - name) - 1);
  if (underscore && underscore + 1 < end) {
    stem = underscore;
  } else {
    while (stem - 1 > name && isdigit((unsigned char)stem[-1])) {
      stem--;
    }
    /* Only x1, not prey2014 or a digit within. */
    stem = stem - name == 1 || *end == '[' ? stem : end;
    stem = *end == '[' ? end : stem;
  }
  bool index = *end == '[';
  bool lower = stem < end || index;
  if (lower) {
    ude_text_append(out, "<msub>");
  }
  put_identifier(out, name, (size_t)(stem - name));
  if (lower) {
    ude_text_append(out, "<mrow>");
    if (stem < end) {
      const char *first = stem + (*stem == '_');
      bool        digit = isdigit((unsigned char)*first);
      if (digit) {
        ude_text_append(out, "<mn>%.*s</mn>", (int)(end - first), first);
      } else {
        put_identifier(out, first, (size_t)(end - first));
      }
    }
    for (bool more = stem < end; *end == '['; more = true) {
      const char *close = strchr(end, ']');
      if (!close) {
        break;
      }
      ude_text_append(out, more ? "<mo>,</mo><mn>" : "<mn>");
      ude_text inner = {0};
      ude_text_append_bytes(&inner, end + 1, (size_t)(close - end) - 1);
      out->failed = out->failed || inner.failed;
      if (!inner.failed) {
        ude_escape_html(out, inner.data);
      }
      ude_text_free(&inner);
      ude_text_append(out, "</mn>");
      end = close + 1;
    }
    ude_text_append(out, "</mrow></msub>");
  }
  return end;
}

/* digits [. digits] [e [sign] digits] */
static bool read_number(formula_reader *reader) {
  const char *start = reader->at;
  const char *end   = start + strspn(start, "0123456789.");
  ude_text_append(reader->out, "<mn>%.*s</mn>", (int)(end - start), start);
  if ((*end == 'e' || *end == 'E') &&
      isdigit((unsigned char)end[1 + (end[1] == '+' || end[1] == '-')])) {
    const char *power = end + 1 + (end[1] == '+');
    bool        minus = *power == '-';
    power += minus;
    end = power + strspn(power, "0123456789");
    ude_text_append(reader->out, "<mo>×</mo><msup><mn>10</mn><mrow>%s<mn>%.*s</mn></mrow></msup>",
                    minus ? "<mo>−</mo>" : "", (int)(end - power), power);
  }
  reader->at = end;
  return true;
}

static bool read_group(formula_reader *reader, const char *open, const char *close) {
  reader->at++;
  put(reader, open);
  if (!read_sum(reader) || peek(reader) != ')') {
    return false;
  }
  reader->at++;
  put(reader, close);
  return true;
}

static bool read_call(formula_reader *reader, const char *name, size_t length) {
  if (length == 4 && memcmp(name, "sqrt", 4) == 0) {
    return read_group(reader, "<msqrt>", "</msqrt>");
  }
  if (length == 3 && memcmp(name, "abs", 3) == 0) {
    return read_group(reader, "<mrow><mo>|</mo>", "<mo>|</mo></mrow>");
  }
  put_identifier(reader->out, name, length);
  return read_group(reader, "<mo>&#x2061;</mo><mrow><mo>(</mo>", "<mo>)</mo></mrow>");
}

/* What follows the parenthesis that opens at reader->at: before '/' the fraction bar groups, and so it
 * does below the bar and in an exponent unless a power follows. */
static char after_group(const formula_reader *reader) {
  int depth = 0;
  for (const char *at = reader->at; *at; at++) {
    depth += (*at == '(') - (*at == ')');
    if (depth == 0) {
      return at[1 + strspn(at + 1, " \t")];
    }
  }
  return '\0';
}

static bool read_primary(formula_reader *reader, bool bare) {
  char next = peek(reader);
  if (next == '(') {
    return read_group(reader, bare ? "<mrow>" : "<mrow><mo>(</mo>",
                      bare ? "</mrow>" : "<mo>)</mo></mrow>");
  }
  if (isdigit((unsigned char)next) || next == '.') {
    return read_number(reader);
  }
  if (!is_name_start(next)) {
    return false;
  }
  const char *name = reader->at;
  while (is_name_part(*reader->at)) {
    reader->at++;
  }
  size_t length = (size_t)(reader->at - name);
  if (peek(reader) == '(') {
    return read_call(reader, name, length);
  }
  reader->at = put_name(reader->out, name);
  return true;
}

static bool read_power(formula_reader *reader, bool bare) {
  if (++reader->depth > DEEPEST) {
    return false;
  }
  size_t start = reader->out->length;
  put(reader, "<mrow>");
  if (!read_primary(reader, bare)) {
    return false;
  }
  put(reader, "</mrow>");
  if (peek(reader) == '^') {
    reader->at++;
    put_before(reader, start, "<msup>");
    put(reader, "<mrow>");
    if (peek(reader) == '-') {
      reader->at++;
      put(reader, "<mo>−</mo>");
      peek(reader);
    }
    if (!read_power(reader, after_group(reader) != '^')) {
      return false;
    }
    put(reader, "</mrow></msup>");
  }
  reader->depth--;
  return true;
}

/* The sign between two factors: numbers are told apart by a cross, a coefficient needs none. */
static const char *times_sign(char before, char after) {
  if (isdigit((unsigned char)after)) {
    return "<mo>×</mo>";
  }
  return isdigit((unsigned char)before) ? "<mo>&#x2062;</mo><mspace width=\"0.17em\"/>"
                                        : "<mo lspace=\"0.15em\" rspace=\"0.15em\">⋅</mo>";
}

static bool read_product(formula_reader *reader) {
  if (++reader->depth > DEEPEST) {
    return false;
  }
  size_t start = reader->out->length;
  char   first = peek(reader);
  bool   fine  = read_power(reader, first == '(' && after_group(reader) == '/');
  for (char sign = peek(reader); fine && (sign == '*' || sign == '/'); sign = peek(reader)) {
    reader->at++;
    if (sign == '/') {
      put_before(reader, start, "<mfrac><mrow>");
      put(reader, "</mrow><mrow>");
      bool group = peek(reader) == '(' && after_group(reader) != '^';
      fine       = read_power(reader, group);
      put(reader, "</mrow></mfrac>");
      first = '/';
    } else {
      char next = peek(reader);
      put(reader, times_sign(first, next));
      first = next;
      fine  = read_power(reader, false);
    }
  }
  reader->depth--;
  return fine;
}

static bool read_sum(formula_reader *reader) {
  char sign = peek(reader);
  if (sign == '-' || sign == '+') {
    reader->at++;
    put(reader, sign == '-' ? "<mo form=\"prefix\">−</mo>" : "");
  }
  bool fine = read_product(reader);
  for (sign = peek(reader); fine && (sign == '+' || sign == '-'); sign = peek(reader)) {
    reader->at++;
    put(reader, sign == '+' ? "<mo>+</mo>" : "<mo>−</mo>");
    fine = read_product(reader);
  }
  return fine;
}

/* The end of the name or number at `text`, or of one other character. */
static const char *skip_token(const char *text) {
  if (is_name_start(*text)) {
    while (is_name_part(*text)) {
      text++;
    }
    return text;
  }
  size_t digits = strspn(text, "0123456789.");
  if (digits > 0 && (text[digits] == 'e' || text[digits] == 'E')) {
    bool sign = text[digits + 1] == '+' || text[digits + 1] == '-';
    digits += 1 + (size_t)sign;
    digits += strspn(text + digits, "0123456789");
  }
  return text + (digits > 0 ? digits : 1);
}

/* A + or - outside of parentheses that joins two terms. */
static bool is_sum(const char *text) {
  int  depth = 0;
  char last  = '(';
  while (*text) {
    depth += (*text == '(') - (*text == ')');
    if (depth == 0 && (*text == '+' || *text == '-') && !strchr("(*/^", last)) {
      return true;
    }
    if (*text != ' ') {
      last = *text;
    }
    text = skip_token(text);
  }
  return false;
}

bool ude_mathml_formula(ude_text *out, const char *text, bool factor) {
  size_t         start  = out->length;
  formula_reader reader = {text, out, 0};
  bool           group  = factor && is_sum(text);
  put(&reader, group ? "<mrow><mo>(</mo>" : "<mrow>");
  bool fine = read_sum(&reader) && peek(&reader) == '\0' && !out->failed;
  put(&reader, group ? "<mo>)</mo></mrow>" : "</mrow>");
  if (!fine && out->data) {
    out->length      = start;
    out->data[start] = '\0';
  }
  return fine;
}

void ude_mathml_left_side(ude_text *out, const char *name) {
  size_t      length = strlen(name);
  const char *end    = name + length - (length > 4 ? 3 : 0);
  const char *part   = name + 1;
  while (name[0] == 'd' && (is_name_part(*part) || *part == '[' || *part == ']')) {
    part++;
  }
  if (name[0] == 'd' && is_name_start(name[1]) && part == end && strcmp(end, "/dt") == 0) {
    ude_text_append(out, "<mfrac><mrow><mo rspace=\"0\">d</mo>");
    put_name(out, name + 1);
    ude_text_append(out, "</mrow><mrow><mo rspace=\"0\">d</mo><mi>t</mi></mrow></mfrac>");
  } else if (!ude_mathml_formula(out, name, false)) {
    ude_text_append(out, "<mtext>");
    ude_escape_html(out, name);
    ude_text_append(out, "</mtext>");
  }
}

void ude_mathml_magnitude(ude_text *out, double value, int digits) {
  char           buffer[UDE_NUMBER_SIZE];
  formula_reader reader = {ude_number_short(fabs(value), digits, buffer), out, 0};
  if (isfinite(value)) {
    read_number(&reader);
  } else {
    ude_text_append(out, "<mtext>%s</mtext>", buffer);
  }
}
