/* Activity forwards: what depends on the inputs, and which integers carry such numbers. */
#include <string.h>

#include "compiler/rules.h"
#include "compiler/user_rule.h"
#include "compiler/walker_activity.h"

/* Knowledge of what is held flows both ways between a carrier and the memory that it moves through. */
static void share_holds(ude_activity *p, LLVMValueRef value, LLVMValueRef pointer) {
  int id   = ude_walk_value(p->walk, value);
  int node = ude_walk_target(p->walk, pointer);
  if (id < 0 || node < 0) {
    return;
  }
  unsigned mask = ~(unsigned)UDE_HOLDS_INTEGER;
  unsigned all  = (p->walk->value[id].holds | p->walk->node[node].holds) & mask;
  p->changed    = p->changed || (p->walk->value[id].holds | all) != p->walk->value[id].holds ||
               (p->walk->node[node].holds | all) != p->walk->node[node].holds;
  p->walk->value[id].holds |= all;
  p->walk->node[node].holds |= all;
}

static void same_holds(ude_activity *p, LLVMValueRef a, LLVMValueRef b) {
  int x = ude_walk_value(p->walk, a), y = ude_walk_value(p->walk, b);
  if (x < 0 || y < 0) {
    return;
  }
  unsigned all = p->walk->value[x].holds | p->walk->value[y].holds;
  p->changed   = p->changed || p->walk->value[x].holds != all || p->walk->value[y].holds != all;
  p->walk->value[x].holds = p->walk->value[y].holds = all;
}

/* Shifts by whole bytes, extensions and disjoint unions keep the bytes of a carrier whole. */
static bool moves_bytes(LLVMValueRef i) {
  LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
  if (LLVMGetTypeKind(LLVMTypeOf(i)) != LLVMIntegerTypeKind) {
    return false;
  }
  switch (opcode) {
  case LLVMZExt:
  case LLVMTrunc:
    return LLVMGetIntTypeWidth(LLVMTypeOf(i)) % 8 == 0 &&
           LLVMGetIntTypeWidth(LLVMTypeOf(LLVMGetOperand(i, 0))) % 8 == 0;
  case LLVMShl:
  case LLVMLShr: {
    LLVMValueRef by = LLVMGetOperand(i, 1);
    return LLVMIsAConstantInt(by) && LLVMConstIntGetZExtValue(by) % 8 == 0;
  }
  case LLVMOr: return LLVMGetIsDisjoint(i);
  default: return false;
  }
}

/* The sign bit alone, as signbit() takes it: constant wherever the number is not zero. */
static bool takes_sign(LLVMValueRef i) {
  LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
  if ((opcode != LLVMLShr && opcode != LLVMAShr) ||
      LLVMGetTypeKind(LLVMTypeOf(i)) != LLVMIntegerTypeKind) {
    return false;
  }
  LLVMValueRef by = LLVMGetOperand(i, 1);
  return LLVMIsAConstantInt(by) &&
         LLVMConstIntGetZExtValue(by) + 1 == LLVMGetIntTypeWidth(LLVMTypeOf(i));
}

static void forward_call(ude_activity *p, LLVMValueRef call);

static void bind_forward(ude_activity *p, LLVMValueRef call, int f) {
  ude_function *function = &p->walk->function[f];
  unsigned      count    = LLVMGetNumArgOperands(call);
  for (unsigned k = 0; k < count && k < LLVMCountParams(function->value); k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k), param = LLVMGetParam(function->value, k);
    ude_activity_add(
        p, param, ude_activity_flags(p->walk, argument) & (UDE_DOWN | UDE_CARRIER | UDE_TAINTED));
    same_holds(p, argument, param);
  }
  ude_activity_add(p, call, function->result_flags & (UDE_DOWN | UDE_CARRIER | UDE_TAINTED));
}

static void forward_call(ude_activity *p, LLVMValueRef call) {
  ude_walk *walk = p->walk;
  switch (ude_call_kind(walk, call)) {
  case UDE_CALLEE_BODY:
    bind_forward(p, call, ude_walk_function(walk, ude_walk_callee(walk, call)));
    break;
  case UDE_CALLEE_INDIRECT: ude_activity_targets(p, call, bind_forward); break;
  case UDE_CALLEE_RULE:
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      if (ude_type_has_real(LLVMTypeOf(argument))) {
        ude_activity_add(p, call, ude_activity_flags(walk, argument) & UDE_DOWN);
      }
    }
    if (ude_activity_flags(walk, call) & UDE_VARIED && ude_call_is_steep(walk, call)) {
      ude_activity_add(p, call, UDE_STEEP);
    }
    if (ude_activity_flags(walk, call) & UDE_VARIED && ude_call_soars(walk, call)) {
      ude_activity_add(p, call, UDE_SOARING);
    }
    break;
  case UDE_CALLEE_COPY: {
    LLVMValueRef to = LLVMGetArgOperand(call, 0), from = LLVMGetArgOperand(call, 1);
    ude_activity_add_node(p, to, ude_activity_node(walk, from) & UDE_DOWN);
    int a = ude_walk_target(walk, to), b = ude_walk_target(walk, from);
    if (a >= 0 && b >= 0 && walk->node[a].holds != walk->node[b].holds) {
      walk->node[a].holds = walk->node[b].holds = walk->node[a].holds | walk->node[b].holds;
      p->changed                                = true;
    }
    break;
  }
  case UDE_CALLEE_USER: {
    unsigned any = 0;
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      any |= ude_type_has_pointer(LLVMTypeOf(argument)) ? ude_activity_node(walk, argument)
                                                        : ude_activity_flags(walk, argument);
    }
    any &= UDE_DOWN;
    if (ude_type_has_real(LLVMTypeOf(call))) {
      ude_activity_add(p, call, any);
    }
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      if (ude_type_has_pointer(LLVMTypeOf(argument)) && ude_user_rule_writes(walk, call, k) &&
          ude_user_rule_numbers(walk, call, k)) {
        ude_activity_add_node(p, argument, any);
      }
    }
    break;
  }
  case UDE_CALLEE_INTEGER:
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      unsigned     flags    = ude_activity_flags(walk, argument);
      if (ude_activity_integer(LLVMTypeOf(argument)) && flags & (UDE_VARIED | UDE_TAINTED)) {
        ude_activity_add(p, call, UDE_TAINTED);
      }
    }
    break;
  case UDE_CALLEE_UNKNOWN: /* refused by the transforms if anything varied reaches it */
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      unsigned flags = ude_activity_flags(walk, LLVMGetArgOperand(call, k));
      if (ude_type_has_real(LLVMTypeOf(call))) {
        ude_activity_add(p, call, flags & UDE_VARIED);
      }
    }
    break;
  default: break;
  }
}

void ude_activity_forward(ude_activity *p, const ude_value *value) {
  ude_walk    *walk = p->walk;
  LLVMValueRef i    = value->value;
  LLVMTypeRef  type = LLVMTypeOf(i);
  unsigned     keep = UDE_DOWN | UDE_CARRIER | UDE_TAINTED;
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad: {
    unsigned varied = ude_activity_node(walk, LLVMGetOperand(i, 0)) & UDE_DOWN;
    if (ude_type_has_real(type)) {
      ude_activity_add(p, i, varied);
    } else if (ude_activity_integer(type) && ude_walk_carries(walk, i)) {
      ude_activity_add(p, i, varied | UDE_CARRIER);
      share_holds(p, i, LLVMGetOperand(i, 0));
    }
    break;
  }
  case LLVMStore: {
    LLVMValueRef stored = LLVMGetOperand(i, 0);
    ude_activity_add_node(p, LLVMGetOperand(i, 1), ude_activity_flags(walk, stored) & UDE_DOWN);
    if (ude_activity_integer(LLVMTypeOf(stored)) &&
        ude_activity_flags(walk, stored) & UDE_CARRIER) {
      share_holds(p, stored, LLVMGetOperand(i, 1));
    }
    break;
  }
  case LLVMAtomicRMW:
    ude_activity_add_node(p, LLVMGetOperand(i, 0),
                          ude_activity_flags(walk, LLVMGetOperand(i, 1)) & UDE_DOWN);
    break;
  case LLVMPHI:
    for (unsigned k = 0; k < LLVMCountIncoming(i); k++) {
      ude_activity_add(p, i, ude_activity_flags(walk, LLVMGetIncomingValue(i, k)) & keep);
      if (ude_activity_integer(type)) {
        same_holds(p, i, LLVMGetIncomingValue(i, k));
      }
    }
    break;
  case LLVMSelect:
    for (unsigned k = 1; k < 3; k++) {
      ude_activity_add(p, i, ude_activity_flags(walk, LLVMGetOperand(i, k)) & keep);
      if (ude_activity_integer(type)) {
        same_holds(p, i, LLVMGetOperand(i, k));
      }
    }
    break;
  case LLVMBitCast: {
    LLVMValueRef from = LLVMGetOperand(i, 0);
    ude_activity_add(p, i, ude_activity_flags(walk, from) & keep);
    int a = ude_walk_value(walk, i), b = ude_walk_value(walk, from);
    if (b < 0) {
      break;
    }
    if (ude_activity_integer(type)) {
      ude_activity_add(p, i, UDE_CARRIER);
      unsigned holds = ude_type_holds(LLVMTypeOf(from)) & ~(unsigned)UDE_HOLDS_INTEGER;
      if ((walk->value[a].holds | holds) != walk->value[a].holds) {
        p->changed = true;
      }
      walk->value[a].holds |= holds;
      if (ude_activity_integer(LLVMTypeOf(from))) {
        same_holds(p, i, from);
      }
    } else if (ude_activity_integer(LLVMTypeOf(from))) {
      unsigned holds = ude_type_holds(type);
      if ((walk->value[b].holds | holds) != walk->value[b].holds) {
        p->changed = true;
      }
      walk->value[b].holds |= holds;
    }
    break;
  }
  case LLVMFPToSI:
  case LLVMFPToUI:
  case LLVMFCmp:
  case LLVMICmp:
  case LLVMPtrToInt:
  case LLVMGetElementPtr:
  case LLVMAlloca: break;
  case LLVMCall: forward_call(p, i); break;
  case LLVMRet:
    if (LLVMGetNumOperands(i)) {
      ude_function *function = &walk->function[value->function];
      unsigned      flags    = ude_activity_flags(walk, LLVMGetOperand(i, 0)) & keep;
      if ((function->result_flags | flags) != function->result_flags) {
        p->changed = true;
      }
      function->result_flags |= flags;
    }
    break;
  case LLVMBr:
  case LLVMSwitch:
  case LLVMUnreachable: break;
  default: {
    unsigned all = 0;
    for (int k = 0; k < LLVMGetNumOperands(i); k++) {
      all |= ude_activity_flags(walk, LLVMGetOperand(i, (unsigned)k));
    }
    LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
    bool moves = moves_bytes(i) || opcode == LLVMInsertElement || opcode == LLVMExtractElement ||
                 opcode == LLVMShuffleVector || opcode == LLVMInsertValue ||
                 opcode == LLVMExtractValue || opcode == LLVMFreeze;
    if (ude_activity_integer(type) && !moves) {
      if (!takes_sign(i) && all & (UDE_VARIED | UDE_TAINTED)) {
        ude_activity_add(p, i, UDE_TAINTED);
      }
    } else if (ude_type_has_real(type) || ude_activity_integer(type)) {
      ude_activity_add(p, i, all & keep);
      for (int k = 0; k < LLVMGetNumOperands(i) && ude_activity_integer(type); k++) {
        if (ude_activity_integer(LLVMTypeOf(LLVMGetOperand(i, (unsigned)k)))) {
          same_holds(p, i, LLVMGetOperand(i, (unsigned)k));
        }
      }
    }
    break;
  }
  }
}
