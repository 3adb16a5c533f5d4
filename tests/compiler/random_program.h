/**
 * @file random_program.h
 * @brief Random C programs as trees: made from a seed, written as C.
 *
 * A program has three helper functions and one map of 4 states, 3 parameters and time to 3 outputs:
 *     T f(T x0, T x1)                                value helper with loops and branches
 *     void g(T *a0, const T *a1, int n, T x0)        works in place; a0 and a1 may be the same array
 *     T r(T x0, T x1, int n)                         recursive
 * Values stay bounded (assignments go through sin, tanh, mixes), so that derivatives stay moderate.
 */
#ifndef UDE_TESTS_RANDOM_PROGRAM_H
#define UDE_TESTS_RANDOM_PROGRAM_H

#include "support/ir_lab.h"

enum { RP_LENGTH = 8, RP_STATES = 4, RP_PARAMS = 3, RP_OUTPUTS = 3, RP_SCALARS = 5, RP_LOOPS = 4 };

typedef enum rp_op {
  /* expressions */
  RP_CONST,
  RP_SCALAR,
  RP_ELEMENT,
  RP_STATE,
  RP_PARAM,
  RP_TIME,
  RP_LOOP_REAL,
  RP_ADD,
  RP_SUB,
  RP_MUL,
  RP_DIV,
  RP_SIN,
  RP_COS,
  RP_TANH,
  RP_EXP,
  RP_SQRT,
  RP_LOG,
  RP_ABS,
  RP_MAX,
  RP_MIN,
  RP_CHOOSE,
  RP_POW,
  RP_ATAN2,
  RP_HYPOT,
  RP_NEG,
  RP_CALL_F,
  RP_CALL_R,
  /* indices */
  RP_INDEX_CONST,
  RP_INDEX_LOOP,
  RP_INDEX_DATA,
  /* conditions */
  RP_LESS,
  RP_ODD,
  /* statements */
  RP_SEQUENCE,
  RP_SET,
  RP_SET_ELEMENT,
  RP_ADD_ELEMENT,
  RP_FOR,
  RP_FOR_TO_LOOP,
  RP_WHILE,
  RP_IF,
  RP_BREAK,
  RP_CONTINUE,
  RP_SWITCH,
  RP_CALL_G,
  RP_COPY,
  RP_SWAP,
  RP_RETURN,
  RP_OUTPUT,
  RP_STRUCT
} rp_op;

typedef struct rp_node {
  rp_op           op;
  double          value;
  int             a, b, c;
  struct rp_node *kid[4];
} rp_node;

typedef struct rp_program {
  ude_rng  rng;
  bool     single, apart_f, apart_g; /**< float; noinline helpers */
  rp_node *f, *g, *r, *map;          /**< bodies; f and r end in a result */
  rp_node *f_result, *r_base, *r_result;
  rp_node *pool;
  int      used, capacity;
  /* while generating */
  int  depth, loops, in_helper; /**< 0 map, 1 f, 2 g, 3 r */
  bool in_breakable;
} rp_program;

UDE_TEST_UNUSED static int rp_pick(rp_program *p, int n) {
  return (int)(ude_rng_bits(&p->rng) % (uint64_t)n);
}

UDE_TEST_UNUSED static rp_node *rp_new(rp_program *p, rp_op op) {
  ck_assert_int_lt(p->used, p->capacity);
  rp_node *node = &p->pool[p->used++];
  *node         = (rp_node){.op = op};
  return node;
}

UDE_TEST_UNUSED static rp_node *rp_expression(rp_program *p, int depth);

UDE_TEST_UNUSED static rp_node *rp_index(rp_program *p, int size) {
  rp_node *node = rp_new(p, RP_INDEX_CONST);
  node->a       = rp_pick(p, size);
  node->c       = size;
  if (p->loops && rp_pick(p, 4)) {
    node->op    = RP_INDEX_LOOP;
    node->b     = rp_pick(p, p->loops);
    node->value = 1 + rp_pick(p, 2);
  } else if (!rp_pick(p, 10)) {
    node->op     = RP_INDEX_DATA;
    node->kid[0] = rp_expression(p, 1);
  }
  return node;
}

UDE_TEST_UNUSED static rp_node *rp_leaf(rp_program *p) {
  rp_node *node;
  switch (rp_pick(p, p->in_helper ? 5 : 9)) {
  case 0:
    node        = rp_new(p, RP_CONST);
    node->value = 0.25 * (rp_pick(p, 13) - 6);
    return node;
  case 1:
  case 2:
    node    = rp_new(p, RP_SCALAR);
    node->a = rp_pick(p, RP_SCALARS);
    return node;
  case 3:
  case 4:
    if (p->in_helper == 1 || p->in_helper == 3 || !rp_pick(p, 5)) {
      node    = rp_new(p, p->loops ? RP_LOOP_REAL : RP_SCALAR);
      node->a = p->loops ? rp_pick(p, p->loops) : rp_pick(p, 2);
      return node;
    }
    node         = rp_new(p, RP_ELEMENT);
    node->a      = rp_pick(p, 2);
    node->kid[0] = rp_index(p, RP_LENGTH);
    return node;
  case 5:
  case 6:
    node         = rp_new(p, RP_STATE);
    node->kid[0] = rp_index(p, RP_STATES);
    return node;
  case 7:
    node         = rp_new(p, RP_PARAM);
    node->kid[0] = rp_index(p, RP_PARAMS);
    return node;
  default: return rp_new(p, RP_TIME);
  }
}

UDE_TEST_UNUSED static rp_node *rp_condition(rp_program *p, int depth) {
  rp_node *node = rp_new(p, RP_LESS);
  if (p->loops && !rp_pick(p, 4)) {
    node->op = RP_ODD;
    node->a  = rp_pick(p, p->loops);
    node->b  = rp_pick(p, 3);
    return node;
  }
  node->kid[0] = rp_expression(p, depth);
  node->kid[1] = rp_expression(p, depth);
  return node;
}

UDE_TEST_UNUSED static rp_node *rp_expression(rp_program *p, int depth) {
  static const rp_op choices[] = {RP_ADD,   RP_ADD,   RP_SUB, RP_MUL,    RP_MUL,    RP_MUL,
                                  RP_DIV,   RP_SIN,   RP_COS, RP_TANH,   RP_EXP,    RP_SQRT,
                                  RP_LOG,   RP_ABS,   RP_MAX, RP_MIN,    RP_CHOOSE, RP_POW,
                                  RP_ATAN2, RP_HYPOT, RP_NEG, RP_CALL_F, RP_CALL_R};
  if (depth <= 0 || !rp_pick(p, 5)) {
    return rp_leaf(p);
  }
  rp_op op = choices[rp_pick(p, (int)(sizeof choices / sizeof *choices))];
  if (p->in_helper && (op == RP_CALL_F || op == RP_CALL_R)) {
    op = p->in_helper == 2 && op == RP_CALL_F ? RP_CALL_F : RP_SIN;
  }
  rp_node *node = rp_new(p, op);
  int      kids = op == RP_SIN || op == RP_COS || op == RP_TANH || op == RP_EXP || op == RP_SQRT ||
                     op == RP_LOG || op == RP_ABS || op == RP_NEG || op == RP_POW
                      ? 1
                      : 2;
  for (int k = 0; k < kids; k++) {
    node->kid[k] = rp_expression(p, depth - 1);
  }
  if (op == RP_CHOOSE) {
    node->kid[2] = rp_condition(p, depth - 1);
  }
  if (op == RP_POW) {
    node->value = 0.5 * (1 + rp_pick(p, 6));
  }
  if (op == RP_CALL_R) {
    node->a = rp_pick(p, 4);
  }
  return node;
}

UDE_TEST_UNUSED static rp_node *rp_sequence(rp_program *p, int statements);

UDE_TEST_UNUSED static rp_node *rp_statement(rp_program *p) {
  int      inner  = p->depth >= 3 ? 0 : p->depth >= 2 ? 1 : 3;
  bool     arrays = p->in_helper == 0 || p->in_helper == 2;
  rp_node *node;
  int      loops     = p->loops;
  bool     breakable = p->in_breakable;
  int      choice    = rp_pick(p, 20);
  p->depth++;
  if (choice < 8 && inner && loops < RP_LOOPS) {
    switch (choice) {
    case 0:
    case 1:
    case 2:
      node            = rp_new(p, choice == 2 && loops ? RP_FOR_TO_LOOP : RP_FOR);
      node->a         = p->loops++;
      node->b         = node->op == RP_FOR ? rp_pick(p, 6) : rp_pick(p, loops);
      p->in_breakable = true;
      node->kid[0]    = rp_sequence(p, 1 + rp_pick(p, inner));
      break;
    case 3:
      node            = rp_new(p, RP_WHILE);
      node->a         = p->loops++;
      node->kid[0]    = rp_condition(p, 1);
      p->in_breakable = true;
      node->kid[1]    = rp_sequence(p, 1 + rp_pick(p, inner));
      break;
    case 4:
    case 5:
      node         = rp_new(p, RP_IF);
      node->kid[0] = rp_condition(p, 1);
      node->kid[1] = rp_sequence(p, 1 + rp_pick(p, inner));
      if (rp_pick(p, 2)) {
        node->kid[2] = rp_sequence(p, 1 + rp_pick(p, inner));
      }
      break;
    case 6:
      node            = rp_new(p, RP_SWITCH);
      node->kid[3]    = rp_index(p, 4);
      p->in_breakable = false;
      for (int k = 0; k < 3; k++) {
        node->kid[k] = rp_sequence(p, 1);
      }
      node->a = rp_pick(p, 8); /* which cases fall through */
      break;
    default:
      if (p->in_breakable) {
        node         = rp_new(p, RP_IF);
        node->kid[0] = rp_condition(p, 1);
        node->kid[1] = rp_new(p, rp_pick(p, 2) ? RP_BREAK : RP_CONTINUE);
      } else {
        node         = rp_new(p, RP_SET);
        node->a      = rp_pick(p, RP_SCALARS);
        node->kid[0] = rp_expression(p, 3);
      }
    }
  } else if (choice < 14 && arrays) {
    node         = rp_new(p, rp_pick(p, 3) ? RP_SET_ELEMENT : RP_ADD_ELEMENT);
    node->a      = p->in_helper == 2 ? 0 : rp_pick(p, 2);
    node->kid[1] = rp_index(p, RP_LENGTH);
    node->kid[0] = rp_expression(p, 3);
  } else if (choice < 16 && p->in_helper == 0) {
    static const rp_op extras[] = {RP_CALL_G, RP_CALL_G, RP_COPY, RP_SWAP, RP_OUTPUT, RP_STRUCT};
    node                        = rp_new(p, extras[rp_pick(p, 6)]);
    node->a                     = rp_pick(p, 2);
    node->b                     = rp_pick(p, 2);
    node->c                     = rp_pick(p, node->op == RP_OUTPUT ? RP_OUTPUTS : RP_LENGTH);
    node->kid[0]                = rp_expression(p, 2);
    if (node->op == RP_STRUCT) {
      node->kid[1] = rp_index(p, RP_LENGTH);
    }
  } else if (choice == 16 && p->in_helper == 0 && !rp_pick(p, 3)) {
    node         = rp_new(p, RP_IF);
    node->kid[0] = rp_condition(p, 1);
    node->kid[1] = rp_new(p, RP_RETURN);
  } else {
    node         = rp_new(p, RP_SET);
    node->a      = rp_pick(p, RP_SCALARS);
    node->kid[0] = rp_expression(p, 3);
  }
  p->depth--;
  p->loops        = loops;
  p->in_breakable = breakable;
  return node;
}

UDE_TEST_UNUSED static rp_node *rp_sequence(rp_program *p, int statements) {
  rp_node *first = NULL;
  for (int k = 0; k < statements; k++) {
    rp_node *node = rp_new(p, RP_SEQUENCE);
    node->kid[0]  = rp_statement(p);
    node->kid[1]  = first;
    first         = node;
  }
  return first;
}

/** Release with free(p->pool). */
UDE_TEST_UNUSED static void rp_generate(rp_program *p, uint64_t seed) {
  *p      = (rp_program){.rng = ude_rng_make(seed, 77), .capacity = 20000};
  p->pool = malloc((size_t)p->capacity * sizeof *p->pool);
  ck_assert_ptr_nonnull(p->pool);
  p->single    = rp_pick(p, 5) == 0;
  p->apart_f   = rp_pick(p, 2);
  p->apart_g   = rp_pick(p, 2);
  p->in_helper = 1;
  p->depth     = 1;
  p->f         = rp_sequence(p, 1 + rp_pick(p, 3));
  p->f_result  = rp_expression(p, 2);
  p->in_helper = 2;
  p->g         = rp_sequence(p, 1 + rp_pick(p, 3));
  p->in_helper = 3;
  p->depth     = 2;
  p->r         = rp_sequence(p, 1);
  p->r_base    = rp_expression(p, 2);
  p->r_result  = rp_expression(p, 2);
  p->in_helper = p->depth = 0;
  p->map                  = rp_sequence(p, 4 + rp_pick(p, 7));
}

/* ----------------------------------------------------------------------------- writing C -- */

typedef struct rp_writer {
  ude_text   *out;
  const char *type, *suffix; /**< "double", "" or "float", "f" */
  int         id, indent;
} rp_writer;

UDE_TEST_UNUSED static void rp_write(rp_writer *w, const rp_node *n);

UDE_TEST_UNUSED static void rp_write_call(rp_writer *w, const char *name, const rp_node *n,
                                          const char *before, const char *between,
                                          const char *after) {
  ude_text_append(w->out, "%s%s(%s", name, w->suffix, before);
  rp_write(w, n->kid[0]);
  if (between) {
    ude_text_append(w->out, "%s", between);
    rp_write(w, n->kid[1]);
  }
  ude_text_append(w->out, "%s)", after);
}

UDE_TEST_UNUSED static void rp_write_line(rp_writer *w, const char *format, int a, int b) {
  ude_text_append(w->out, "%*s", 2 * w->indent, "");
  ude_text_append(w->out, format, a, b);
}

UDE_TEST_UNUSED static void rp_write_block(rp_writer *w, const rp_node *n) {
  w->indent++;
  if (n) {
    rp_write(w, n);
  }
  w->indent--;
}

UDE_TEST_UNUSED static void rp_write_binary(rp_writer *w, const rp_node *n, const char *operation,
                                            const char *end) {
  ude_text_append(w->out, "(");
  rp_write(w, n->kid[0]);
  ude_text_append(w->out, "%s", operation);
  rp_write(w, n->kid[1]);
  ude_text_append(w->out, "%s", end);
}

UDE_TEST_UNUSED static void rp_write(rp_writer *w, const rp_node *n) {
  ude_text *o = w->out;
  switch (n->op) {
  case RP_CONST: ude_text_append(o, "(%s)%.17g", w->type, n->value); return;
  case RP_SCALAR: ude_text_append(o, "x%d", n->a); return;
  case RP_ELEMENT:
    ude_text_append(o, "a%d[", n->a);
    rp_write(w, n->kid[0]);
    ude_text_append(o, "]");
    return;
  case RP_STATE:
    ude_text_append(o, "(%s)u[", w->type);
    rp_write(w, n->kid[0]);
    ude_text_append(o, "]");
    return;
  case RP_PARAM:
    ude_text_append(o, "(%s)p[", w->type);
    rp_write(w, n->kid[0]);
    ude_text_append(o, "]");
    return;
  case RP_TIME: ude_text_append(o, "(%s)t", w->type); return;
  case RP_LOOP_REAL: ude_text_append(o, "(%s)i%d", w->type, n->a); return;
  case RP_ADD: rp_write_binary(w, n, " + ", ")"); return;
  case RP_SUB: rp_write_binary(w, n, " - ", ")"); return;
  case RP_MUL: rp_write_binary(w, n, " * ", ")"); return;
  case RP_DIV:
    ude_text_append(o, "(");
    rp_write(w, n->kid[0]);
    ude_text_append(o, " / ((%s)1.5 + SQUARE(", w->type);
    rp_write(w, n->kid[1]);
    ude_text_append(o, ")))");
    return;
  case RP_SIN: rp_write_call(w, "sin", n, "", NULL, ""); return;
  case RP_COS: rp_write_call(w, "cos", n, "", NULL, ""); return;
  case RP_TANH: rp_write_call(w, "tanh", n, "", NULL, ""); return;
  case RP_EXP:
    ude_text_append(o, "exp%s((%s)0.25 * sin%s(", w->suffix, w->type, w->suffix);
    rp_write(w, n->kid[0]);
    ude_text_append(o, "))");
    return;
  case RP_SQRT:
    ude_text_append(o, "sqrt%s((%s)0.5 + SQUARE(", w->suffix, w->type);
    rp_write(w, n->kid[0]);
    ude_text_append(o, "))");
    return;
  case RP_LOG:
    ude_text_append(o, "log%s((%s)1.25 + SQUARE(", w->suffix, w->type);
    rp_write(w, n->kid[0]);
    ude_text_append(o, "))");
    return;
  case RP_ABS: rp_write_call(w, "fabs", n, "", NULL, ""); return;
  case RP_MAX: rp_write_call(w, "fmax", n, "", ", ", ""); return;
  case RP_MIN: rp_write_call(w, "fmin", n, "", ", ", ""); return;
  case RP_CHOOSE:
    ude_text_append(o, "(");
    rp_write(w, n->kid[2]);
    ude_text_append(o, " ? ");
    rp_write(w, n->kid[0]);
    ude_text_append(o, " : ");
    rp_write(w, n->kid[1]);
    ude_text_append(o, ")");
    return;
  case RP_POW:
    ude_text_append(o, "pow%s((%s)0.75 + SQUARE(sin%s(", w->suffix, w->type, w->suffix);
    rp_write(w, n->kid[0]);
    ude_text_append(o, ")), (%s)%.17g)", w->type, n->value);
    return;
  case RP_ATAN2:
    ude_text_append(o, "atan2%s(", w->suffix);
    rp_write(w, n->kid[0]);
    ude_text_append(o, ", (%s)1 + SQUARE(", w->type);
    rp_write(w, n->kid[1]);
    ude_text_append(o, "))");
    return;
  case RP_HYPOT: rp_write_call(w, "hypot", n, "", ", ", ""); return;
  case RP_NEG:
    ude_text_append(o, "(-(");
    rp_write(w, n->kid[0]);
    ude_text_append(o, "))");
    return;
  case RP_CALL_F:
    ude_text_append(o, "f_%d(", w->id);
    rp_write(w, n->kid[0]);
    ude_text_append(o, ", ");
    rp_write(w, n->kid[1]);
    ude_text_append(o, ")");
    return;
  case RP_CALL_R:
    ude_text_append(o, "r_%d(", w->id);
    rp_write(w, n->kid[0]);
    ude_text_append(o, ", ");
    rp_write(w, n->kid[1]);
    ude_text_append(o, ", %d)", n->a);
    return;
  case RP_INDEX_CONST: ude_text_append(o, "%d", n->a); return;
  case RP_INDEX_LOOP:
    ude_text_append(o, "(%d * i%d + %d) %% %d", (int)n->value, n->b, n->a, n->c);
    return;
  case RP_INDEX_DATA:
    ude_text_append(o, "INDEX(");
    rp_write(w, n->kid[0]);
    ude_text_append(o, ", %d)", n->c);
    return;
  case RP_LESS: rp_write_binary(w, n, " < ", ")"); return;
  case RP_ODD: ude_text_append(o, "((i%d + %d) %% 2)", n->a, n->b); return;
  case RP_SEQUENCE:
    rp_write(w, n->kid[0]);
    if (n->kid[1]) {
      rp_write(w, n->kid[1]);
    }
    return;
  case RP_SET:
    rp_write_line(w, "x%d = BOUND(", n->a, 0);
    rp_write(w, n->kid[0]);
    ude_text_append(o, ");\n");
    return;
  case RP_SET_ELEMENT:
  case RP_ADD_ELEMENT:
    rp_write_line(w, "a%d[", n->a, 0);
    rp_write(w, n->kid[1]);
    ude_text_append(o, n->op == RP_SET_ELEMENT ? "] = BOUND(" : "] += (%s)0.5 * BOUND(", w->type);
    rp_write(w, n->kid[0]);
    ude_text_append(o, ");\n");
    return;
  case RP_FOR: {
    rp_write_line(w, "for (int i%d = 0; ", n->a, 0);
    ude_text_append(o, "i%d < %d; i%d++) {\n", n->a, n->b, n->a);
    rp_write_block(w, n->kid[0]);
    rp_write_line(w, "}\n", 0, 0);
    return;
  }
  case RP_FOR_TO_LOOP:
    rp_write_line(w, "for (int i%d = 0; ", n->a, 0);
    ude_text_append(o, "i%d <= i%d; i%d++) {\n", n->a, n->b, n->a);
    rp_write_block(w, n->kid[0]);
    rp_write_line(w, "}\n", 0, 0);
    return;
  case RP_WHILE:
    rp_write_line(w, "for (int i%d = 0; ", n->a, 0);
    rp_write(w, n->kid[0]);
    ude_text_append(o, " && i%d < 6; i%d++) {\n", n->a, n->a);
    rp_write_block(w, n->kid[1]);
    rp_write_line(w, "}\n", 0, 0);
    return;
  case RP_IF:
    rp_write_line(w, "if (", 0, 0);
    rp_write(w, n->kid[0]);
    ude_text_append(o, ") {\n");
    rp_write_block(w, n->kid[1]);
    if (n->kid[2]) {
      rp_write_line(w, "} else {\n", 0, 0);
      rp_write_block(w, n->kid[2]);
    }
    rp_write_line(w, "}\n", 0, 0);
    return;
  case RP_BREAK: rp_write_line(w, "break;\n", 0, 0); return;
  case RP_CONTINUE: rp_write_line(w, "continue;\n", 0, 0); return;
  case RP_SWITCH:
    rp_write_line(w, "switch (", 0, 0);
    rp_write(w, n->kid[3]);
    ude_text_append(o, ") {\n");
    for (int k = 0; k < 3; k++) {
      rp_write_line(w, k < 2 ? "case %d:\n" : "default:\n", k, 0);
      rp_write_block(w, n->kid[k]);
      if (!(n->a & 1 << k)) {
        rp_write_line(w, "break;\n", 0, 0);
      }
    }
    rp_write_line(w, "}\n", 0, 0);
    return;
  case RP_CALL_G:
    rp_write_line(w, "g_%d(", w->id, 0);
    ude_text_append(o, "a%d, a%d, %d, ", n->a, n->b, n->c);
    rp_write(w, n->kid[0]);
    ude_text_append(o, ");\n");
    return;
  case RP_COPY:
    rp_write_line(w, "memmove(a%d, ", n->a, 0);
    ude_text_append(o, "a%d + %d, %d * sizeof *a0);\n", n->b, n->c / 2, RP_LENGTH / 2);
    return;
  case RP_SWAP: rp_write_line(w, "{ TYPE *s = a0; a0 = a1; a1 = s; }\n", 0, 0); return;
  case RP_RETURN: rp_write_line(w, "return;\n", 0, 0); return;
  case RP_OUTPUT:
    rp_write_line(w, "y[%d] = (double)(", n->c, 0);
    rp_write(w, n->kid[0]);
    ude_text_append(o, ");\n");
    return;
  case RP_STRUCT: /* through an array of structs and a struct assignment */
    rp_write_line(w, "{ struct cell c[2] = {{1, x%d, x0}, {2, ", n->a, 0);
    rp_write(w, n->kid[0]);
    ude_text_append(o, ", x1}}, d = c[1]; c[1] = c[0]; x%d = d.v * c[1].w; a%d[", n->b, n->a);
    rp_write(w, n->kid[1]);
    ude_text_append(o, "] = BOUND(c[1].v + d.w); }\n");
    return;
  }
}

UDE_TEST_UNUSED static void rp_write_program(const rp_program *p, int id, ude_text *out) {
  rp_writer   w       = {.out    = out,
                         .type   = p->single ? "float" : "double",
                         .suffix = p->single ? "f" : "",
                         .id     = id,
                         .indent = 1};
  const char *apart_f = p->apart_f ? "__attribute__((noinline)) " : "";
  const char *apart_g = p->apart_g ? "__attribute__((noinline)) " : "";
  ude_text_append(out,
                  "#undef TYPE\n#define TYPE %s\n#undef cell\n#define cell cell_%d\nstruct cell { "
                  "int n; TYPE v, w; };\n",
                  w.type, id);
  ude_text_append(out,
                  "static %sTYPE f_%d(TYPE x0, TYPE x1) {\n  TYPE x2 = x0 * x1, x3 = x0, x4 = 1;\n",
                  apart_f, id);
  rp_write(&w, p->f);
  ude_text_append(out, "  return BOUND(");
  rp_write(&w, p->f_result);
  ude_text_append(out,
                  ");\n}\nstatic %svoid g_%d(TYPE *a0, const TYPE *a1, int n, TYPE x0) {\n"
                  "  TYPE x1 = n, x2 = a1[n], x3 = x0, x4 = 1;\n",
                  apart_g, id);
  rp_write(&w, p->g);
  ude_text_append(out,
                  "  a0[n] = BOUND(x1 + x2 + x3 * x4);\n}\n"
                  "static TYPE r_%d(TYPE x0, TYPE x1, int n) {\n"
                  "  TYPE x2 = x0 + x1, x3 = x0, x4 = n;\n  if (n <= 0) return BOUND(",
                  id);
  rp_write(&w, p->r_base);
  ude_text_append(out, ");\n");
  rp_write(&w, p->r);
  ude_text_append(
      out,
      "  TYPE below = r_%d(x3, x0 * x4, n - 1);\n  x2 = below * x1;\n"
      "  if (x2 < x3) below += (TYPE)0.5 * r_%d(x1, x2, n - 2);\n  return BOUND(below + ",
      id, id);
  rp_write(&w, p->r_result);
  ude_text_append(
      out,
      ");\n}\nvoid map_%d(double *restrict y, const double *restrict u, "
      "const double *restrict p, double t) {\n"
      "  TYPE x0 = (TYPE)u[0], x1 = (TYPE)p[0], x2 = (TYPE)t, x3 = 1, x4 = (TYPE)u[1];\n"
      "  TYPE b0[8], b1[8], *a0 = b0, *a1 = b1;\n"
      "  for (int k = 0; k < 8; k++) { b0[k] = (TYPE)u[k %% 4]; b1[k] = (TYPE)(p[k %% 3] * k); }\n"
      "  for (int k = 0; k < 3; k++) y[k] = u[k];\n",
      id);
  rp_write(&w, p->map);
  ude_text_append(
      out,
      "  for (int k = 0; k < 8; k++) y[k %% 3] += (double)(a0[k] * (TYPE)(k + 1) + a1[k]);\n"
      "  y[0] += (double)(x0 * x1);\n  y[1] += (double)(x2 + x3);\n  y[2] += (double)x4;\n}\n");
}

static const char rp_preamble[] =
    "#include <math.h>\n#include <string.h>\n"
    "#define SQUARE(x) SQUARE_((TYPE)(x))\n#define SQUARE_(x) ((x) * (x))\n"
    "#define BOUND(x) ((TYPE)tanh((double)(TYPE)(x)))\n"
    "#define INDEX(x, n) ((int)(fabs((double)(x)) * 3) % (n))\n";

#endif
