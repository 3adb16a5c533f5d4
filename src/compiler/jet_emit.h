/**
 * @file jet_emit.h
 * @brief Taylor mode inside: series of values, and the operations on their records that are emitted.
 *
 * A rule r = f(x) becomes r' = g x' with g = f'(x) from the rule table, itself a program whose series are kept. In the run of
 * order k slot k of r needs g only below k, and slot k of g may need that of r. So operations are listed
 * first (with all primal values emitted), r before g, and written to the code when the list is complete.
 */
#ifndef UDE_COMPILER_JET_EMIT_H
#define UDE_COMPILER_JET_EMIT_H

#include "compiler/forward.h"
#include "compiler/jet.h"
#include "compiler/rules.h"

/** A real: its value as a double and the place of its record; NULL: it does not depend on the inputs. */
typedef struct ude_series {
  LLVMValueRef value, place;
} ude_series;

typedef enum ude_jet_kind {
  UDE_JET_ADD,
  UDE_JET_SUB,
  UDE_JET_SCALE, /**< r_k += value of b times a_k, nothing where that value is 0 */
  UDE_JET_NEGATE,
  UDE_JET_TIMES,
  UDE_JET_OVER, /**< of a by b; result holds the quotient */
  UDE_JET_RULE, /**< chain: a is the argument, b the partial derivative */
  UDE_JET_LOGARITHM,
  UDE_JET_ROOT, /**< power: b.value is the exponent */
  UDE_JET_RAISE,
  UDE_JET_FAMILY
} ude_jet_kind;

typedef struct ude_jet_op {
  ude_jet_kind kind;
  LLVMValueRef place, result; /**< record to fill; its primal value */
  ude_series   a, b;
  LLVMValueRef extra; /**< places of further records; order of a family */
  int          family;
} ude_jet_op;

/** A value of a rule's program, or a call of a rule that is being expanded. */
typedef struct ude_jet_known {
  LLVMValueRef    value, place;
  const ude_rule *rule; /**< NULL: a value */
  LLVMValueRef    argument[UDE_RULE_ARGUMENTS];
} ude_jet_known;

typedef struct ude_jet_emit {
  ude_forward    forward; /**< first */
  LLVMValueRef   k, stride;
  LLVMValueRef   reserve, last; /**< of this block: the call that takes records, the last of them */
  int64_t        count, most;   /**< records of this block; of any */
  ude_jet_op    *op;
  int            ops, op_capacity;
  ude_jet_known *known;
  int            knowns, known_capacity, depth;
} ude_jet_emit;

/** Place of a new record. */
LLVMValueRef ude_jet_record(ude_jet_emit *jet);
/** Add an operation to the list; its index. */
int ude_jet_push(ude_jet_emit *jet, ude_jet_op op);
/** Emit the list, and empty it. */
void ude_jet_flush(ude_jet_emit *jet);
/** Series of a +, -, *, / or negation whose value is `result`; place NULL: no dependence. */
LLVMValueRef ude_jet_arithmetic(ude_jet_emit *jet, LLVMOpcode opcode, ude_series a, ude_series b,
                                LLVMValueRef result);
/** Place of a rule applied to arguments, with value `result`. `call`: for refusals. */
LLVMValueRef ude_jet_rule(ude_jet_emit *jet, LLVMValueRef call, const ude_rule *rule,
                          const ude_series *argument, LLVMValueRef result);

#endif
