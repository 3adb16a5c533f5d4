/* Expression trees: construction, value, gradient, size. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "discover/expression.h"

static ude_expression *expression_make(int count) {
  if (count > EXPRESSION_MAX_NODES) {
    return NULL;
  }
  ude_expression *made = ude_calloc(1, sizeof *made + (size_t)count * sizeof(expression_node));
  if (made) {
    made->count = count;
  }
  return made;
}

ude_expression *expression_number(double value) {
  ude_expression *made = expression_make(1);
  if (made) {
    made->nodes[0] = (expression_node){.op = OP_NUMBER, .number = value};
  }
  return made;
}

ude_expression *expression_input(int64_t input) {
  ude_expression *made = expression_make(1);
  if (made) {
    made->nodes[0] = (expression_node){.op = OP_INPUT, .input = (int)input};
  }
  return made;
}

ude_expression *expression_copy(const ude_expression *expression) {
  ude_expression *made = expression_make(expression->count);
  if (made) {
    memcpy(made->nodes, expression->nodes, (size_t)made->count * sizeof made->nodes[0]);
  }
  return made;
}

/* Nodes of `from` behind those in `to`; returns the new index of its root. */
static int append_nodes(ude_expression *to, int at, const ude_expression *from) {
  for (int i = 0; i < from->count; i++) {
    expression_node node = from->nodes[i];
    node.left += at;
    node.right += at;
    to->nodes[at + i] = node;
  }
  return at + from->count - 1;
}

static ude_expression *expression_join(expression_node root, ude_expression *a, ude_expression *b,
                                       bool binary) {
  ude_expression *made = NULL;
  if (a && (b || !binary)) {
    int count = a->count + (b ? b->count : 0) + 1;
    made      = expression_make(count);
    if (made) {
      root.left              = append_nodes(made, 0, a);
      root.right             = b ? append_nodes(made, a->count, b) : root.left;
      made->nodes[count - 1] = root;
    }
  }
  free(a);
  free(b);
  return made;
}

ude_expression *expression_unary(expression_op op, ude_expression *a) {
  return expression_join((expression_node){.op = op}, a, NULL, false);
}

ude_expression *expression_binary(expression_op op, ude_expression *a, ude_expression *b) {
  return expression_join((expression_node){.op = op}, a, b, true);
}

ude_expression *expression_power(ude_expression *a, int exponent) {
  return exponent == 1 ? a
                       : expression_join((expression_node){.op = OP_POWER, .input = exponent}, a,
                                         NULL, false);
}

void ude_expression_free(ude_expression *expression) {
  free(expression);
}

/* By repeated multiplication, as the C text does it. */
static double whole_power(double x, int exponent) {
  double product = 1;
  for (int i = 0; i < exponent; i++) {
    product *= x;
  }
  return product;
}

static void evaluate(const ude_expression *expression, const double *in, double *v) {
  for (int i = 0; i < expression->count; i++) {
    const expression_node *node = &expression->nodes[i];
    double                 a    = i ? v[node->left] : 0;
    double                 b    = i ? v[node->right] : 0;
    switch (node->op) {
    case OP_NUMBER: v[i] = node->number; break;
    case OP_INPUT: v[i] = in[node->input]; break;
    case OP_ADD: v[i] = a + b; break;
    case OP_SUBTRACT: v[i] = a - b; break;
    case OP_MULTIPLY: v[i] = a * b; break;
    case OP_DIVIDE: v[i] = a / b; break;
    case OP_NEGATE: v[i] = -a; break;
    case OP_POWER: v[i] = whole_power(a, node->input); break;
    case OP_SIN: v[i] = sin(a); break;
    case OP_COS: v[i] = cos(a); break;
    case OP_EXP: v[i] = exp(a); break;
    case OP_LOG: v[i] = log(a); break;
    case OP_SQRT: v[i] = sqrt(a); break;
    case OP_TANH: v[i] = tanh(a); break;
    case OP_ABS: v[i] = fabs(a); break;
    }
  }
}

double ude_expression_value(const ude_expression *expression, const double *in) {
  double v[EXPRESSION_MAX_NODES];
  evaluate(expression, in, v);
  return v[expression->count - 1];
}

double ude_expression_gradient(const ude_expression *expression, const double *in, int64_t count,
                               double *gradient) {
  double v[EXPRESSION_MAX_NODES]   = {0};
  double bar[EXPRESSION_MAX_NODES] = {0};
  evaluate(expression, in, v);
  memset(gradient, 0, (size_t)count * sizeof *gradient);
  int root  = expression->count - 1;
  bar[root] = 1;
  /* Operands stand before what uses them, so evaluate has set every v that is read here.
   * NOLINTBEGIN(clang-analyzer-core.UndefinedBinaryOperatorResult) */
  for (int i = root; i >= 0; i--) {
    const expression_node *node = &expression->nodes[i];
    double                 a    = i ? v[node->left] : 0;
    double                 b    = i ? v[node->right] : 0;
    double                 w    = bar[i];
    double                *la   = &bar[node->left];
    double                *lb   = &bar[node->right];
    switch (node->op) {
    case OP_NUMBER: break;
    case OP_INPUT: gradient[node->input] += w; break;
    case OP_ADD: *la += w, *lb += w; break;
    case OP_SUBTRACT: *la += w, *lb -= w; break;
    case OP_MULTIPLY: *la += w * b, *lb += w * a; break;
    case OP_DIVIDE: *la += w / b, *lb -= w * a / (b * b); break;
    case OP_NEGATE: *la -= w; break;
    case OP_POWER:
      *la += node->input ? w * node->input * whole_power(a, node->input - 1) : 0;
      break;
    case OP_SIN: *la += w * cos(a); break;
    case OP_COS: *la -= w * sin(a); break;
    case OP_EXP: *la += w * v[i]; break;
    case OP_LOG: *la += w / a; break;
    case OP_SQRT: *la += w / (2 * v[i]); break;
    case OP_TANH: *la += w * (1 - v[i] * v[i]); break;
    case OP_ABS: *la += w * (double)((a > 0) - (a < 0)); break;
    }
  }
  /* NOLINTEND(clang-analyzer-core.UndefinedBinaryOperatorResult) */
  return v[root];
}

int ude_expression_complexity(const ude_expression *expression) {
  int size[EXPRESSION_MAX_NODES];
  for (int i = 0; i < expression->count; i++) {
    const expression_node *node = &expression->nodes[i];
    switch (node->op) {
    case OP_NUMBER:
    case OP_INPUT: size[i] = 1; break;
    case OP_ADD:
    case OP_SUBTRACT:
    case OP_MULTIPLY:
    case OP_DIVIDE: size[i] = size[node->left] + size[node->right] + 1; break;
    case OP_POWER: size[i] = node->input * (size[node->left] + 1) - 1; break;
    default: size[i] = size[node->left] + 1; break;
    }
  }
  return size[expression->count - 1];
}

bool ude_expression_is_constant(const ude_expression *expression) {
  for (int i = 0; i < expression->count; i++) {
    if (expression->nodes[i].op == OP_INPUT) {
      return false;
    }
  }
  return true;
}
