/* Expressions from text, by recursive descent. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/expression.h"

enum { MAX_DEPTH = 40 };

typedef struct parser {
  const char        *text;
  size_t             at;
  int                depth;
  int                nodes; /* made so far */
  const char *const *names;
  int64_t            count;
  ude_error         *error;
  ude_status         status;
} parser;

static ude_expression *parse_sum(parser *p);

static ude_expression *refuse(parser *p, const char *expected) {
  if (p->status) {
    return NULL;
  }
  ude_text known = {0};
  for (int64_t i = 0; i < p->count; i++) {
    ude_text_append(&known, "%s%s", i ? ", " : "", p->names[i]);
  }
  p->status = known.failed
                  ? ude_fail_memory(p->error, "an expression")
                  : ude_fail(p->error, UDE_INVALID_ARGUMENT,
                             "expression '%.200s', column %d: expected %s (names: %.400s)", p->text,
                             (int)p->at + 1, expected, known.data ? known.data : "none");
  ude_text_free(&known);
  return NULL;
}

/* What a constructor gave: one more node. */
static ude_expression *made(parser *p, ude_expression *expression) {
  if (!expression) {
    p->status = p->status ? p->status : ude_fail_memory(p->error, "an expression");
    return NULL;
  }
  if (++p->nodes >= EXPRESSION_MAX_NODES) {
    ude_expression_free(expression);
    return refuse(p, "fewer operations");
  }
  return expression;
}

static char peek(parser *p) {
  while (p->text[p->at] == ' ' || p->text[p->at] == '\t') {
    p->at++;
  }
  return p->text[p->at];
}

static bool accept(parser *p, char c) {
  if (peek(p) != c) {
    return false;
  }
  p->at++;
  return true;
}

static bool is_word(char c) {
  return isalnum((unsigned char)c) || c == '_';
}

/* Length of `name` if the text goes on with it as a whole word, else 0. */
static size_t match_word(const char *text, const char *name) {
  size_t length = strlen(name);
  bool   here   = length && strncmp(text, name, length) == 0;
  return here && !(is_word(name[length - 1]) && is_word(text[length])) ? length : 0;
}

static ude_expression *parse_name(parser *p) {
  const char *here    = p->text + p->at;
  size_t      longest = 0;
  int64_t     found   = -1;
  for (int64_t i = 0; i < p->count; i++) {
    size_t length = match_word(here, p->names[i]);
    if (length > longest && here[length] != '[') {
      longest = length;
      found   = i;
    }
  }
  if (found >= 0) {
    p->at += longest;
    return made(p, expression_input(found));
  }
  static const struct {
    const char   *text;
    expression_op op;
  } calls[] = {
#define EXPRESSION_CALL(name, text) {text, OP_##name},
      EXPRESSION_CALLS(EXPRESSION_CALL)
#undef EXPRESSION_CALL
  };
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    size_t length = match_word(here, calls[i].text);
    if (length) {
      p->at += length;
      if (!accept(p, '(')) {
        return refuse(p, "'(' after the function");
      }
      ude_expression *argument = parse_sum(p);
      if (argument && !accept(p, ')')) {
        ude_expression_free(argument);
        return refuse(p, "')'");
      }
      return argument ? made(p, expression_unary(calls[i].op, argument)) : NULL;
    }
  }
  return refuse(p, "a known name, sin, cos, exp, log, sqrt, tanh or abs");
}

static ude_expression *parse_number(parser *p) {
  const char *here   = p->text + p->at;
  size_t      length = strspn(here, "0123456789.");
  if (here[length] == 'e' || here[length] == 'E') {
    size_t sign   = here[length + 1] == '+' || here[length + 1] == '-';
    size_t digits = strspn(here + length + 1 + sign, "0123456789");
    length += digits ? 1 + sign + digits : 0;
  }
  double value;
  if (!ude_parse_real(here, length, &value)) {
    return refuse(p, "a number");
  }
  if (!isfinite(value)) {
    return refuse(p, "a finite number");
  }
  p->at += length;
  return made(p, expression_number(value));
}

static ude_expression *parse_atom(parser *p) {
  char c = peek(p);
  if (c == '(') {
    p->at++;
    ude_expression *inner = parse_sum(p);
    if (inner && !accept(p, ')')) {
      ude_expression_free(inner);
      return refuse(p, "')'");
    }
    return inner;
  }
  if (isdigit((unsigned char)c) || c == '.') {
    return parse_number(p);
  }
  if (is_word(c)) {
    return parse_name(p);
  }
  return refuse(p, "a number, a name or '('");
}

static ude_expression *parse_power(parser *p) {
  ude_expression *base = parse_atom(p);
  if (!base || !accept(p, '^')) {
    return base;
  }
  bool bracket  = accept(p, '(');
  bool negative = accept(p, '-');
  peek(p);
  char *end      = NULL;
  long  exponent = isdigit((unsigned char)p->text[p->at]) ? strtol(p->text + p->at, &end, 10) : 0;
  if (exponent < 1 || exponent > EXPRESSION_MAX_POWER) {
    ude_expression_free(base);
    return refuse(p, "a whole exponent of magnitude 1 to 16");
  }
  p->at = (size_t)(end - p->text);
  if (bracket && !accept(p, ')')) {
    ude_expression_free(base);
    return refuse(p, "')'");
  }
  ude_expression *power = made(p, expression_power(base, (int)exponent));
  return power && negative
             ? made(p, expression_binary(OP_DIVIDE, made(p, expression_number(1)), power))
             : power;
}

static ude_expression *parse_factor(parser *p) {
  if (++p->depth > MAX_DEPTH) {
    return refuse(p, "fewer nested brackets");
  }
  bool negative = false; /* two signs cancel */
  for (char c = peek(p); c == '-' || c == '+'; c = peek(p)) {
    negative = negative != (c == '-');
    p->at++;
  }
  ude_expression *factor = parse_power(p);
  p->depth--;
  return factor && negative ? made(p, expression_unary(OP_NEGATE, factor)) : factor;
}

/* Operands of one level of precedence, from left to right. */
static ude_expression *parse_chain(parser *p, ude_expression *(*operand)(parser *), char first,
                                   expression_op first_op, char second, expression_op second_op) {
  ude_expression *left = operand(p);
  while (left) {
    char c = peek(p);
    if (c != first && c != second) {
      return left;
    }
    p->at++;
    ude_expression *right = operand(p);
    if (!right) {
      ude_expression_free(left);
      return NULL;
    }
    left = made(p, expression_binary(c == first ? first_op : second_op, left, right));
  }
  return NULL;
}

static ude_expression *parse_product(parser *p) {
  return parse_chain(p, parse_factor, '*', OP_MULTIPLY, '/', OP_DIVIDE);
}

static ude_expression *parse_sum(parser *p) {
  return parse_chain(p, parse_product, '+', OP_ADD, '-', OP_SUBTRACT);
}

ude_status ude_expression_parse(const char *text, const char *const *names, int64_t count,
                                ude_expression **expression, ude_error *error) {
  if (!text || !expression || (count > 0 && !names)) {
    return ude_fail(error, UDE_INVALID_ARGUMENT, "expression: text and names must not be NULL");
  }
  parser p    = {.text = text, .names = names, .count = count, .error = error};
  *expression = parse_sum(&p);
  if (*expression && peek(&p) != '\0') {
    ude_expression_free(*expression);
    *expression = refuse(&p, "an operator or the end");
  }
  return p.status;
}
