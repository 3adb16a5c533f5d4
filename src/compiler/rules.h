/**
 * @file rules.h
 * @brief The one table of differentiation rules, and the small language its partial derivatives are written in.
 *
 * A row names a function of reals (libm names for double and float, LLVM intrinsic) and gives the partial
 * derivative for each argument as text: x, y, z are the arguments, r the result; numbers, + - * /,
 * comparisons, ||, ?:, calls of rows of the table, and local names "a = ...;" in front. An absent partial
 * is an integer or pointer argument; "0" is a true zero derivative.
 *
 * Choices at kinks: fabs has 0 at 0; fmax and fmin take the second argument at a tie, as
 * `a > b ? a : b` does; steps (floor, round, ...) have 0. A zero tangent or adjoint contributes zero even
 * where the partial derivative is infinite; so does a factor that is zero where the tangent or adjoint beside it is
 * infinite, unless (in forward mode) that factor has an infinite tangent itself: sqrt(x) sqrt(x) at 0 is NaN.
 */
#ifndef UDE_COMPILER_RULES_H
#define UDE_COMPILER_RULES_H

#include "compiler/walker.h"

enum { UDE_RULE_ARGUMENTS = 3, UDE_RULE_NEEDS_RESULT = 8 };

typedef struct ude_rule {
  const char *name; /**< on double; NULL: intrinsic only */
  const char *name_float;
  const char *intrinsic; /**< stem, "llvm.sin"; NULL: none */
  int         arity;
  bool        singular; /**< partials may be infinite where the function is finite */
  bool        masks;    /**< may drop an argument, as fmax does */
  const char *partial[UDE_RULE_ARGUMENTS];
} ude_rule;

/** All rows; the end has arity 0. */
extern const ude_rule ude_rules[];

/** Row for a direct call of a declared function or an intrinsic; NULL if there is none. */
const ude_rule *ude_rule_for_call(ude_walk *walk, LLVMValueRef call);
/** Row of a libm function of that name and type, or NULL. */
const ude_rule *ude_rule_for_symbol(const char *name, LLVMTypeRef type);
const ude_rule *ude_rule_by_name(const char *name);

/** What the k-th partial reads: bit i for argument i, UDE_RULE_NEEDS_RESULT for the result. */
unsigned ude_rule_needs(const ude_rule *rule, int k);

/** Emit the k-th partial at the builder of `walk`, as a value of `type` (float, double or a vector of them).
 *  `argument` and `result` need only be set where ude_rule_needs says so. NULL: zero. */
LLVMValueRef ude_rule_partial(ude_walk *walk, const ude_rule *rule, int k,
                              const LLVMValueRef *argument, LLVMValueRef result, LLVMTypeRef type);

/** The partial is the constant 1. */
bool ude_rule_is_one(const ude_rule *rule, int k);

/** polygamma(n, x): n-th derivative of digamma; n = 0, 1, 2, ... */
double ude_polygamma(double order, double x);
float  ude_polygammaf(float n, float x);

#endif
