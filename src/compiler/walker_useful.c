/* Activity backwards: what the outputs depend on, and whose adjoints may be dropped or infinite. */
#include "compiler/rules.h"
#include "compiler/user_rule.h"
#include "compiler/walker_activity.h"

static void bind_backward(ude_activity *p, LLVMValueRef call, int f) {
  ude_function *function = &p->walk->function[f];
  unsigned      keep     = UDE_UP;
  unsigned      count    = LLVMGetNumArgOperands(call);
  for (unsigned k = 0; k < count && k < LLVMCountParams(function->value); k++) {
    ude_activity_add(p, LLVMGetArgOperand(call, k),
                     ude_activity_flags(p->walk, LLVMGetParam(function->value, k)) & keep);
  }
  unsigned flags = ude_activity_flags(p->walk, call) & keep;
  if ((function->result_flags | flags) != function->result_flags) {
    p->changed = true;
  }
  function->result_flags |= flags;
}

/* Is there a way on from where incoming value k is computed that does not come to the phi, as with a select? Loops come
 * to it in the end. */
static bool may_drop(ude_walk *walk, const ude_value *phi, unsigned k) {
  LLVMBasicBlockRef from = LLVMGetIncomingBlock(phi->value, k);
  int               id   = ude_walk_value(walk, LLVMGetIncomingValue(phi->value, k));
  int               at   = ude_map_get(&walk->ids, from);
  LLVMValueRef      end  = LLVMGetBasicBlockTerminator(from);
  if (id < 0 || walk->value[id].block != at || phi->block <= at) {
    return false;
  }
  for (unsigned s = 0; s < LLVMGetNumSuccessors(end); s++) {
    int to = ude_map_get(&walk->ids, LLVMGetSuccessor(end, s));
    if (to != phi->block && to > at) {
      return true;
    }
  }
  return false;
}

void ude_activity_backward(ude_activity *p, const ude_value *value) {
  ude_walk    *walk  = p->walk;
  LLVMValueRef i     = value->value;
  unsigned     keep  = UDE_UP;
  unsigned     flags = value->flags & keep;
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad: ude_activity_add_node(p, LLVMGetOperand(i, 0), flags); break;
  case LLVMStore:
    ude_activity_add(p, LLVMGetOperand(i, 0), ude_activity_node(walk, LLVMGetOperand(i, 1)) & keep);
    break;
  case LLVMAtomicRMW:
    ude_activity_add(p, LLVMGetOperand(i, 1), ude_activity_node(walk, LLVMGetOperand(i, 0)) & keep);
    break;
  case LLVMRet:
    if (LLVMGetNumOperands(i)) {
      ude_activity_add(p, LLVMGetOperand(i, 0),
                       walk->function[value->function].result_flags & keep);
    }
    break;
  case LLVMCall:
    switch (ude_call_kind(walk, i)) {
    case UDE_CALLEE_BODY:
      bind_backward(p, i, ude_walk_function(walk, ude_walk_callee(walk, i)));
      break;
    case UDE_CALLEE_INDIRECT: ude_activity_targets(p, i, bind_backward); break;
    case UDE_CALLEE_INACTIVE: break;
    case UDE_CALLEE_USER: {
      unsigned any = flags;
      for (unsigned k = 0; k < LLVMGetNumArgOperands(i); k++) {
        LLVMValueRef argument = LLVMGetArgOperand(i, k);
        if (ude_type_has_pointer(LLVMTypeOf(argument)) && ude_user_rule_writes(walk, i, k)) {
          any |= ude_activity_node(walk, argument) & keep;
        }
      }
      for (unsigned k = 0; k < LLVMGetNumArgOperands(i); k++) {
        LLVMValueRef argument = LLVMGetArgOperand(i, k);
        if (ude_type_has_pointer(LLVMTypeOf(argument))) {
          ude_activity_add_node(p, argument, ude_user_rule_numbers(walk, i, k) ? any : 0);
        } else {
          ude_activity_add(p, argument, any);
        }
      }
      break;
    }
    case UDE_CALLEE_COPY:
      ude_activity_add_node(p, LLVMGetArgOperand(i, 1),
                            ude_activity_node(walk, LLVMGetArgOperand(i, 0)) & keep);
      break;
    case UDE_CALLEE_RULE: {
      const ude_rule *rule = ude_rule_for_call(walk, i);
      if (rule->masks) {
        flags &= ~(unsigned)UDE_BARE;
      }
      if (ude_call_is_steep(walk, i)) {
        flags |= UDE_STEEP_BAR;
      }
    } /* fall through */
    default:
      for (unsigned k = 0; k < LLVMGetNumArgOperands(i); k++) {
        ude_activity_add(p, LLVMGetArgOperand(i, k), flags);
      }
      break;
    }
    break;
  case LLVMSelect:
    for (unsigned k = 1; k < 3; k++) {
      bool real = ude_type_has_real(LLVMTypeOf(i));
      ude_activity_add(p, LLVMGetOperand(i, k), real ? flags & ~(unsigned)UDE_BARE : flags);
    }
    break;
  case LLVMPHI:
    for (unsigned k = 0; k < LLVMCountIncoming(i); k++) {
      bool real = ude_type_has_real(LLVMTypeOf(i));
      ude_activity_add(p, LLVMGetIncomingValue(i, k),
                       real && may_drop(walk, value, k) ? flags & ~(unsigned)UDE_BARE : flags);
    }
    break;
  case LLVMFCmp:
  case LLVMICmp:
  case LLVMFPToSI:
  case LLVMFPToUI:
  case LLVMGetElementPtr:
  case LLVMPtrToInt:
  case LLVMBr:
  case LLVMSwitch: break;
  default:
    for (int k = 0; k < LLVMGetNumOperands(i); k++) {
      ude_activity_add(p, LLVMGetOperand(i, (unsigned)k), flags);
    }
    break;
  }
}
