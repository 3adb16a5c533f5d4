/* Expressions as plain text, LaTeX and C. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "discover/expression.h"

/* How tightly a node binds: what is looser than its place asks for goes into brackets. */
enum { BIND_SUM = 1, BIND_PRODUCT = 2, BIND_FACTOR = 3, BIND_POWER = 4, BIND_ATOM = 5 };

typedef struct printer {
  const expression_node *nodes;
  ude_style              style;
  const char *const     *names;
  ude_text              *text;
} printer;

static void print_node(const printer *p, int index, int place);

void text_append_number(ude_text *text, double value, int digits) {
  char        buffer[40];
  const char *point = localeconv()->decimal_point;
  double      back  = (double)NAN;
  for (int d = 1; d <= digits && back != value; d++) { /* NaN is no value's equal */
    snprintf(buffer, sizeof buffer, "%.*g", d, value);
    char *found = point[0] && point[0] != '.' ? strchr(buffer, point[0]) : NULL;
    if (found) {
      *found = '.';
    }
    if (!ude_parse_real(buffer, strlen(buffer), &back)) {
      break; /* nan or inf, as printf writes them */
    }
  }
  ude_text_append(text, "%s", buffer);
}

void text_append_latex_name(ude_text *text, const char *name) {
  bool single = name[0] && !name[1];
  ude_text_append(text, "%s", single ? "" : "\\mathrm{");
  for (const char *c = name; *c; c++) {
    ude_text_append(text, *c == '_' ? "\\%c" : "%c", *c);
  }
  ude_text_append(text, "%s", single ? "" : "}");
}

static int binding(const expression_node *node) {
  switch (node->op) {
  case OP_ADD:
  case OP_SUBTRACT: return BIND_SUM;
  case OP_MULTIPLY:
  case OP_DIVIDE: return BIND_PRODUCT;
  case OP_NEGATE: return BIND_FACTOR;
  case OP_POWER: return BIND_POWER;
  case OP_NUMBER: return node->number < 0 ? BIND_FACTOR : BIND_ATOM;
  default: return BIND_ATOM;
  }
}

/* A number in C must not become an integer: 1/2 would be 0. */
static void print_number(const printer *p, double value) {
  size_t start = p->text->length;
  text_append_number(p->text, value, 17);
  if (p->style == UDE_STYLE_C && !p->text->failed && isfinite(value) &&
      !strpbrk(p->text->data + start, ".e")) {
    ude_text_append(p->text, ".0");
  }
}

static const char *call_name(expression_op op, ude_style style) {
  static const char *const names[] = {
#define EXPRESSION_NAME(name, text) [OP_##name] = (text),
      EXPRESSION_CALLS(EXPRESSION_NAME)
#undef EXPRESSION_NAME
  };
  return op == OP_ABS && style == UDE_STYLE_C ? "fabs" : names[op];
}

static void print_call_latex(const printer *p, const expression_node *node) {
  static const char *const open[] = {
      [OP_SIN] = "\\sin\\left(", [OP_COS] = "\\cos\\left(", [OP_EXP] = "e^{",
      [OP_LOG] = "\\ln\\left(",  [OP_SQRT] = "\\sqrt{",     [OP_TANH] = "\\tanh\\left(",
      [OP_ABS] = "\\left|",
  };
  bool brace = node->op == OP_EXP || node->op == OP_SQRT;
  ude_text_append(p->text, "%s", open[node->op]);
  print_node(p, node->left, 0);
  ude_text_append(p->text, "%s", brace ? "}" : node->op == OP_ABS ? "\\right|" : "\\right)");
}

static void print_power(const printer *p, const expression_node *node) {
  if (p->style == UDE_STYLE_C) {
    for (int i = 0; i < node->input; i++) {
      ude_text_append(p->text, "%s", i ? " * " : "");
      print_node(p, node->left, i ? BIND_FACTOR : BIND_PRODUCT);
    }
    return;
  }
  print_node(p, node->left, BIND_ATOM);
  ude_text_append(p->text, p->style == UDE_STYLE_LATEX ? "^{%d}" : "^%d", node->input);
}

static void print_bare(const printer *p, const expression_node *node) {
  bool latex = p->style == UDE_STYLE_LATEX;
  switch (node->op) {
  case OP_NUMBER: print_number(p, node->number); break;
  case OP_INPUT:
    if (latex) {
      text_append_latex_name(p->text, p->names[node->input]);
    } else {
      ude_text_append(p->text, "%s", p->names[node->input]);
    }
    break;
  case OP_ADD:
  case OP_SUBTRACT:
    print_node(p, node->left, BIND_SUM);
    ude_text_append(p->text, node->op == OP_ADD ? " + " : " - ");
    print_node(p, node->right, BIND_PRODUCT);
    break;
  case OP_MULTIPLY:
    print_node(p, node->left, BIND_PRODUCT);
    ude_text_append(p->text, "%s", latex ? "\\," : p->style == UDE_STYLE_C ? " * " : "*");
    print_node(p, node->right, BIND_FACTOR);
    break;
  case OP_DIVIDE:
    if (latex) {
      ude_text_append(p->text, "\\frac{");
      print_node(p, node->left, 0);
      ude_text_append(p->text, "}{");
      print_node(p, node->right, 0);
      ude_text_append(p->text, "}");
      break;
    }
    print_node(p, node->left, BIND_PRODUCT);
    ude_text_append(p->text, p->style == UDE_STYLE_C ? " / " : "/");
    print_node(p, node->right, BIND_FACTOR);
    break;
  case OP_NEGATE:
    ude_text_append(p->text, "-");
    print_node(p, node->left, BIND_POWER);
    break;
  case OP_POWER: print_power(p, node); break;
  default:
    if (latex) {
      print_call_latex(p, node);
      break;
    }
    ude_text_append(p->text, "%s(", call_name(node->op, p->style));
    print_node(p, node->left, 0);
    ude_text_append(p->text, ")");
    break;
  }
}

static void print_node(const printer *p, int index, int place) {
  const expression_node *node  = &p->nodes[index];
  int                    binds = binding(node);
  if (p->style == UDE_STYLE_C && node->op == OP_POWER) {
    binds = BIND_PRODUCT; /* written as a product */
  }
  if (p->style == UDE_STYLE_LATEX && node->op == OP_DIVIDE && place < BIND_ATOM) {
    binds = BIND_POWER; /* a fraction needs no brackets as a factor */
  }
  if (binds >= place) {
    print_bare(p, node);
    return;
  }
  bool latex = p->style == UDE_STYLE_LATEX;
  ude_text_append(p->text, latex ? "\\left(" : "(");
  print_bare(p, node);
  ude_text_append(p->text, latex ? "\\right)" : ")");
}

void ude_expression_print(const ude_expression *expression, ude_style style,
                          const char *const *names, ude_text *text) {
  printer p = {.nodes = expression->nodes, .style = style, .names = names, .text = text};
  print_node(&p, expression->count - 1, 0);
}

void expression_print_factor(const ude_expression *expression, const char *const *names,
                             ude_text *text) {
  printer p = {.nodes = expression->nodes, .style = UDE_STYLE_C, .names = names, .text = text};
  print_node(&p, expression->count - 1, BIND_PRODUCT);
}
