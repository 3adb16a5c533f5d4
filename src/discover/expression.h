/* Expression trees inside the discover room: nodes in an array, children before parents. */
#ifndef UDE_DISCOVER_EXPRESSION_H
#define UDE_DISCOVER_EXPRESSION_H

#include <ude/discover.h>

enum { EXPRESSION_MAX_NODES = 128, EXPRESSION_MAX_POWER = 16 };

/* X(NAME, text): operations with one argument that are written as calls. */
#define EXPRESSION_CALLS(X) \
  X(SIN, "sin")             \
  X(COS, "cos")             \
  X(EXP, "exp")             \
  X(LOG, "log")             \
  X(SQRT, "sqrt")           \
  X(TANH, "tanh")           \
  X(ABS, "abs")

typedef enum expression_op {
  OP_NUMBER,
  OP_INPUT,
  OP_ADD,
  OP_SUBTRACT,
  OP_MULTIPLY,
  OP_DIVIDE,
  OP_NEGATE,
  OP_POWER, /* whole exponent */
#define EXPRESSION_OP(name, text) OP_##name,
  EXPRESSION_CALLS(EXPRESSION_OP)
#undef EXPRESSION_OP
} expression_op;

typedef struct expression_node {
  expression_op op;
  int           left, right; /* indices of arguments */
  int           input;       /* OP_INPUT: which; OP_POWER: the exponent */
  double        number;      /* OP_NUMBER */
} expression_node;

struct ude_expression {
  int             count; /* the root is the last node */
  expression_node nodes[];
};

/* Constructors. They take over their arguments, also on failure; a NULL argument gives NULL, so
 * that a whole tree is one expression with one check. NULL: out of memory or too many nodes. */
ude_expression *expression_number(double value);
ude_expression *expression_input(int64_t input);
ude_expression *expression_unary(expression_op op, ude_expression *a);
ude_expression *expression_binary(expression_op op, ude_expression *a, ude_expression *b);
ude_expression *expression_power(ude_expression *a, int exponent);
ude_expression *expression_copy(const ude_expression *expression);

/* As C behind a '*': a sum gets brackets; products and quotients do not need them. */
void expression_print_factor(const ude_expression *expression, const char *const *names,
                             ude_text *text);

/* Shortest of `digits` significant digits, '.' as the decimal point in every locale. */
void text_append_number(ude_text *text, double value, int digits);
/* A name for LaTeX's mathematics: single letters italic, longer ones upright, '_' escaped. */
void text_append_latex_name(ude_text *text, const char *name);

#endif
