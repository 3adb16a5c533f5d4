/**
 * @file user_rule.h
 * @brief Rules that models give for functions: UDE_JVP, UDE_VJP, UDE_EXTENTS, UDE_BODY, UDE_INACTIVE of ude/model.h.
 *
 * A rule is a constant "ude.rule.KIND.NUMBER" = {function, rule function} in the module, from before any optimisation
 * until the last derivative is there; it keeps both functions and their types. Functions with rules stay apart.
 */
#ifndef UDE_COMPILER_USER_RULE_H
#define UDE_COMPILER_USER_RULE_H

#include "compiler/walker_clone.h"

typedef struct ude_reverse ude_reverse;

/** What a model says of one function; NULL: nothing. */
typedef struct ude_user_rule {
  LLVMValueRef f, jvp, vjp, extents, body;
  bool         inactive;
} ude_user_rule;

/** Check the rules of a module as clang writes it, and keep their functions apart. UDE_COMPILE (rule, what is wrong). */
ude_status ude_user_rules_gather(LLVMModuleRef module, ude_error *error);
/** Nothing is derived any more: forget the rules, functions need not stay apart. */
void ude_user_rules_finish(LLVMModuleRef module);

/** Is the constant the content of a rule, {f, rule}? */
bool ude_is_rule_initial(LLVMValueRef constant);
/** Rules of `from` are those of `to` again. */
void ude_user_rules_restore(LLVMModuleRef module, LLVMValueRef from, LLVMValueRef to);

/** Find the rules of the module. */
void ude_user_rules_load(ude_walk *walk);
/** The rule of a function, or NULL. */
const ude_user_rule *ude_user_rule_of(ude_walk *walk, LLVMValueRef function);
/** The rule function that serves the transform at work, or NULL. */
LLVMValueRef ude_user_rule_serving(ude_walk *walk, LLVMValueRef function);
/** May the call write through its k-th argument, a pointer? */
bool ude_user_rule_writes(ude_walk *walk, LLVMValueRef call, unsigned k);
/** Does its k-th argument, a pointer, point to numbers that may have derivatives? */
bool ude_user_rule_numbers(ude_walk *walk, LLVMValueRef call, unsigned k);
/** UDE_HOLDS_* of what the k-th argument points to, 0 where not known. */
unsigned ude_user_rule_holds(ude_walk *walk, LLVMValueRef call, unsigned k);
/** Refuse a call of an inactive function that may write to memory that depends on the inputs. */
void ude_user_rule_check_inactive(ude_walk *walk, LLVMValueRef call);
/** Bytes of what the pointer arguments of `call` point to: i64[arguments], NULL for the others. `argument`: the values
 *  of its arguments where the builder stands. Refuses the call if one is not known. */
LLVMValueRef *ude_user_rule_bytes(ude_emit *emit, LLVMValueRef call, const LLVMValueRef *argument);

/** Refuse a call of a function without a body here and without a rule for this mode. */
_Noreturn void ude_user_rule_refuse(ude_walk *walk, LLVMValueRef call);

/** Forward mode of a call that has a rule. */
void ude_forward_user_call(ude_emit *emit, LLVMValueRef call);
/** Reverse mode of it, in the two sweeps. */
void ude_reverse_user_sweep(ude_reverse *r, LLVMValueRef call);
void ude_reverse_user_back(ude_reverse *r, LLVMValueRef call);

#endif
