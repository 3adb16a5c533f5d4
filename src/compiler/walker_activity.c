/**
 * @file walker_activity.c
 * @brief Which values and memory carry derivatives: forwards from the inputs (varied), backwards from the
 *        outputs (useful); conservative, to a fixed point over the whole program.
 *
 * Integers have no derivative: conversions and comparisons end a dependence, which is the true
 * derivative of a piecewise constant function. Integers that only move the bits of floats (struct copies)
 * are carriers and keep it; arithmetic on such bits taints its result, and a tainted value that gets
 * back into floats or memory is refused by the transforms.
 */
#include <string.h>

#include "compiler/rules.h"
#include "compiler/user_rule.h"

/* What travels with a value from the inputs, and what travels with its adjoint from the outputs. */
enum { DOWN = UDE_VARIED | UDE_STEEP | UDE_SOARING, UP = UDE_USEFUL | UDE_BARE | UDE_STEEP_BAR };

typedef struct pass {
  ude_walk *walk;
  bool      changed;
} pass;

static unsigned flags_of(ude_walk *walk, LLVMValueRef value) {
  int id = ude_walk_value(walk, value);
  return id < 0 ? 0 : walk->value[id].flags;
}

static void add_flags(pass *p, LLVMValueRef value, unsigned flags) {
  int id = ude_walk_value(p->walk, value);
  if (id < 0 || (p->walk->value[id].flags | flags) == p->walk->value[id].flags) {
    return;
  }
  p->walk->value[id].flags |= flags;
  p->changed = true;
}

static unsigned node_flags(ude_walk *walk, LLVMValueRef pointer) {
  int node = ude_walk_target(walk, pointer);
  return node < 0 ? 0 : walk->node[node].flags;
}

static void add_node_flags(pass *p, LLVMValueRef pointer, unsigned flags) {
  int node = ude_walk_target(p->walk, pointer);
  if (node < 0 || (p->walk->node[node].flags | flags) == p->walk->node[node].flags) {
    return;
  }
  p->walk->node[node].flags |= flags;
  p->changed = true;
}

/* Knowledge of what is held flows both ways between a carrier and the memory that it moves through. */
static void share_holds(pass *p, LLVMValueRef value, LLVMValueRef pointer) {
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

static void same_holds(pass *p, LLVMValueRef a, LLVMValueRef b) {
  int x = ude_walk_value(p->walk, a), y = ude_walk_value(p->walk, b);
  if (x < 0 || y < 0) {
    return;
  }
  unsigned all = p->walk->value[x].holds | p->walk->value[y].holds;
  p->changed   = p->changed || p->walk->value[x].holds != all || p->walk->value[y].holds != all;
  p->walk->value[x].holds = p->walk->value[y].holds = all;
}

static bool is_integer(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  return kind == LLVMIntegerTypeKind ||
         (kind == LLVMVectorTypeKind &&
          LLVMGetTypeKind(LLVMGetElementType(type)) == LLVMIntegerTypeKind);
}

bool ude_walk_carries(ude_walk *walk, LLVMValueRef access) {
  if (!is_integer(ude_access_type(access))) {
    return false;
  }
  if (ude_access_is_tape(walk, access)) {
    return false;
  }
  if (ude_access_is_integer(walk, access) != 1) {
    return true;
  }
  /* The access claims an integer: believe it unless the memory is known to have only floats. */
  bool store = LLVMGetInstructionOpcode(access) == LLVMStore;
  int  node  = ude_walk_target(walk, LLVMGetOperand(access, store));
  if (node < 0 || !walk->node[node].declared) {
    return false;
  }
  return !(walk->node[node].declared & UDE_HOLDS_INTEGER) ||
         (walk->node[node].heap && !walk->node[node].integers);
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

/* ------------------------------------------------------------------------ forwards: varied -- */

static void forward_call(pass *p, LLVMValueRef call);

static void bind_forward(pass *p, LLVMValueRef call, int f) {
  ude_function *function = &p->walk->function[f];
  unsigned      count    = LLVMGetNumArgOperands(call);
  for (unsigned k = 0; k < count && k < LLVMCountParams(function->value); k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k), param = LLVMGetParam(function->value, k);
    add_flags(p, param, flags_of(p->walk, argument) & (DOWN | UDE_CARRIER | UDE_TAINTED));
    same_holds(p, argument, param);
  }
  add_flags(p, call, function->result_flags & (DOWN | UDE_CARRIER | UDE_TAINTED));
}

static void each_target(pass *p, LLVMValueRef call, void (*bind)(pass *, LLVMValueRef, int)) {
  ude_walk *walk = p->walk;
  int       node = ude_walk_target(walk, LLVMGetCalledValue(call));
  if (node < 0) {
    return;
  }
  for (int f = walk->node[node].functions; f >= 0; f = walk->function[f].next_in_node) {
    if (LLVMGlobalGetValueType(walk->function[f].value) == LLVMGetCalledFunctionType(call)) {
      bind(p, call, f);
    }
  }
}

static void forward_call(pass *p, LLVMValueRef call) {
  ude_walk *walk = p->walk;
  switch (ude_call_kind(walk, call)) {
  case UDE_CALLEE_BODY:
    bind_forward(p, call, ude_walk_function(walk, ude_walk_callee(walk, call)));
    break;
  case UDE_CALLEE_INDIRECT: each_target(p, call, bind_forward); break;
  case UDE_CALLEE_RULE:
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      if (ude_type_has_real(LLVMTypeOf(argument))) {
        add_flags(p, call, flags_of(walk, argument) & DOWN);
      }
    }
    if (flags_of(walk, call) & UDE_VARIED && ude_call_is_steep(walk, call)) {
      add_flags(p, call, UDE_STEEP);
    }
    if (flags_of(walk, call) & UDE_VARIED && ude_call_soars(walk, call)) {
      add_flags(p, call, UDE_SOARING);
    }
    break;
  case UDE_CALLEE_COPY: {
    LLVMValueRef to = LLVMGetArgOperand(call, 0), from = LLVMGetArgOperand(call, 1);
    add_node_flags(p, to, node_flags(walk, from) & DOWN);
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
      any |= ude_type_has_pointer(LLVMTypeOf(argument)) ? node_flags(walk, argument)
                                                        : flags_of(walk, argument);
    }
    any &= DOWN;
    if (ude_type_has_real(LLVMTypeOf(call))) {
      add_flags(p, call, any);
    }
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      if (ude_type_has_pointer(LLVMTypeOf(argument)) && ude_user_rule_writes(walk, call, k) &&
          ude_user_rule_numbers(walk, call, k)) {
        add_node_flags(p, argument, any);
      }
    }
    break;
  }
  case UDE_CALLEE_INTEGER:
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      unsigned     flags    = flags_of(walk, argument);
      if (is_integer(LLVMTypeOf(argument)) && flags & (UDE_VARIED | UDE_TAINTED)) {
        add_flags(p, call, UDE_TAINTED);
      }
    }
    break;
  case UDE_CALLEE_UNKNOWN: /* refused by the transforms if anything varied reaches it */
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      unsigned flags = flags_of(walk, LLVMGetArgOperand(call, k));
      if (ude_type_has_real(LLVMTypeOf(call))) {
        add_flags(p, call, flags & UDE_VARIED);
      }
    }
    break;
  default: break;
  }
}

static void forward(pass *p, const ude_value *value) {
  ude_walk    *walk = p->walk;
  LLVMValueRef i    = value->value;
  LLVMTypeRef  type = LLVMTypeOf(i);
  unsigned     keep = DOWN | UDE_CARRIER | UDE_TAINTED;
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad: {
    unsigned varied = node_flags(walk, LLVMGetOperand(i, 0)) & DOWN;
    if (ude_type_has_real(type)) {
      add_flags(p, i, varied);
    } else if (is_integer(type) && ude_walk_carries(walk, i)) {
      add_flags(p, i, varied | UDE_CARRIER);
      share_holds(p, i, LLVMGetOperand(i, 0));
    }
    break;
  }
  case LLVMStore: {
    LLVMValueRef stored = LLVMGetOperand(i, 0);
    add_node_flags(p, LLVMGetOperand(i, 1), flags_of(walk, stored) & DOWN);
    if (is_integer(LLVMTypeOf(stored)) && flags_of(walk, stored) & UDE_CARRIER) {
      share_holds(p, stored, LLVMGetOperand(i, 1));
    }
    break;
  }
  case LLVMAtomicRMW:
    add_node_flags(p, LLVMGetOperand(i, 0), flags_of(walk, LLVMGetOperand(i, 1)) & DOWN);
    break;
  case LLVMPHI:
    for (unsigned k = 0; k < LLVMCountIncoming(i); k++) {
      add_flags(p, i, flags_of(walk, LLVMGetIncomingValue(i, k)) & keep);
      if (is_integer(type)) {
        same_holds(p, i, LLVMGetIncomingValue(i, k));
      }
    }
    break;
  case LLVMSelect:
    for (unsigned k = 1; k < 3; k++) {
      add_flags(p, i, flags_of(walk, LLVMGetOperand(i, k)) & keep);
      if (is_integer(type)) {
        same_holds(p, i, LLVMGetOperand(i, k));
      }
    }
    break;
  case LLVMBitCast: {
    LLVMValueRef from = LLVMGetOperand(i, 0);
    add_flags(p, i, flags_of(walk, from) & keep);
    int a = ude_walk_value(walk, i), b = ude_walk_value(walk, from);
    if (b < 0) {
      break;
    }
    if (is_integer(type)) {
      add_flags(p, i, UDE_CARRIER);
      unsigned holds = ude_type_holds(LLVMTypeOf(from)) & ~(unsigned)UDE_HOLDS_INTEGER;
      if ((walk->value[a].holds | holds) != walk->value[a].holds) {
        p->changed = true;
      }
      walk->value[a].holds |= holds;
      if (is_integer(LLVMTypeOf(from))) {
        same_holds(p, i, from);
      }
    } else if (is_integer(LLVMTypeOf(from))) {
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
      unsigned      flags    = flags_of(walk, LLVMGetOperand(i, 0)) & keep;
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
      all |= flags_of(walk, LLVMGetOperand(i, (unsigned)k));
    }
    LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
    bool moves = moves_bytes(i) || opcode == LLVMInsertElement || opcode == LLVMExtractElement ||
                 opcode == LLVMShuffleVector || opcode == LLVMInsertValue ||
                 opcode == LLVMExtractValue || opcode == LLVMFreeze;
    if (is_integer(type) && !moves) {
      if (!takes_sign(i) && all & (UDE_VARIED | UDE_TAINTED)) {
        add_flags(p, i, UDE_TAINTED);
      }
    } else if (ude_type_has_real(type) || is_integer(type)) {
      add_flags(p, i, all & keep);
      for (int k = 0; k < LLVMGetNumOperands(i) && is_integer(type); k++) {
        if (is_integer(LLVMTypeOf(LLVMGetOperand(i, (unsigned)k)))) {
          same_holds(p, i, LLVMGetOperand(i, (unsigned)k));
        }
      }
    }
    break;
  }
  }
}

/* -------------------------------------------------------------- backwards: useful, bare -- */

static void bind_backward(pass *p, LLVMValueRef call, int f) {
  ude_function *function = &p->walk->function[f];
  unsigned      keep     = UP;
  unsigned      count    = LLVMGetNumArgOperands(call);
  for (unsigned k = 0; k < count && k < LLVMCountParams(function->value); k++) {
    add_flags(p, LLVMGetArgOperand(call, k),
              flags_of(p->walk, LLVMGetParam(function->value, k)) & keep);
  }
  unsigned flags = flags_of(p->walk, call) & keep;
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

static void backward(pass *p, const ude_value *value) {
  ude_walk    *walk  = p->walk;
  LLVMValueRef i     = value->value;
  unsigned     keep  = UP;
  unsigned     flags = value->flags & keep;
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad: add_node_flags(p, LLVMGetOperand(i, 0), flags); break;
  case LLVMStore:
    add_flags(p, LLVMGetOperand(i, 0), node_flags(walk, LLVMGetOperand(i, 1)) & keep);
    break;
  case LLVMAtomicRMW:
    add_flags(p, LLVMGetOperand(i, 1), node_flags(walk, LLVMGetOperand(i, 0)) & keep);
    break;
  case LLVMRet:
    if (LLVMGetNumOperands(i)) {
      add_flags(p, LLVMGetOperand(i, 0), walk->function[value->function].result_flags & keep);
    }
    break;
  case LLVMCall:
    switch (ude_call_kind(walk, i)) {
    case UDE_CALLEE_BODY:
      bind_backward(p, i, ude_walk_function(walk, ude_walk_callee(walk, i)));
      break;
    case UDE_CALLEE_INDIRECT: each_target(p, i, bind_backward); break;
    case UDE_CALLEE_INACTIVE: break;
    case UDE_CALLEE_USER: {
      unsigned any = flags;
      for (unsigned k = 0; k < LLVMGetNumArgOperands(i); k++) {
        LLVMValueRef argument = LLVMGetArgOperand(i, k);
        if (ude_type_has_pointer(LLVMTypeOf(argument)) && ude_user_rule_writes(walk, i, k)) {
          any |= node_flags(walk, argument) & keep;
        }
      }
      for (unsigned k = 0; k < LLVMGetNumArgOperands(i); k++) {
        LLVMValueRef argument = LLVMGetArgOperand(i, k);
        if (ude_type_has_pointer(LLVMTypeOf(argument))) {
          add_node_flags(p, argument, ude_user_rule_numbers(walk, i, k) ? any : 0);
        } else {
          add_flags(p, argument, any);
        }
      }
      break;
    }
    case UDE_CALLEE_COPY:
      add_node_flags(p, LLVMGetArgOperand(i, 1), node_flags(walk, LLVMGetArgOperand(i, 0)) & keep);
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
        add_flags(p, LLVMGetArgOperand(i, k), flags);
      }
      break;
    }
    break;
  case LLVMSelect:
    for (unsigned k = 1; k < 3; k++) {
      bool real = ude_type_has_real(LLVMTypeOf(i));
      add_flags(p, LLVMGetOperand(i, k), real ? flags & ~(unsigned)UDE_BARE : flags);
    }
    break;
  case LLVMPHI:
    for (unsigned k = 0; k < LLVMCountIncoming(i); k++) {
      bool real = ude_type_has_real(LLVMTypeOf(i));
      add_flags(p, LLVMGetIncomingValue(i, k),
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
      add_flags(p, LLVMGetOperand(i, (unsigned)k), flags);
    }
    break;
  }
}

static void mark_shadowed(ude_walk *walk) {
  for (int n = 0; n < walk->nodes; n++) {
    const ude_node *node = &walk->node[n];
    if (node->parent == n && node->global && node->pointee >= 0) {
      walk->node[ude_walk_find(walk, node->pointee)].kept = true;
    }
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (int n = 0; n < walk->nodes; n++) {
      ude_node *node = &walk->node[n];
      if (node->parent != n || node->shadowed) {
        continue;
      }
      int next = node->pointee < 0 ? -1 : ude_walk_find(walk, node->pointee);
      if (node->flags & UDE_VARIED || node->functions >= 0 ||
          (next >= 0 && walk->node[next].shadowed)) {
        node->shadowed = changed = true;
      }
    }
    for (int k = 0; k < walk->slot_uses; k++) {
      ude_node *frame = &walk->node[ude_walk_find(walk, walk->slot_use[k].frame)];
      if (!frame->shadowed && walk->node[ude_walk_find(walk, walk->slot_use[k].kept)].shadowed) {
        frame->shadowed = changed = true;
      }
    }
  }
}

/* Parameters with that role have that flag: reals themselves, pointers what they point to. */
static void mark_params(pass *p, LLVMValueRef primal, const unsigned char *role, unsigned wanted,
                        unsigned flag) {
  for (unsigned k = 0; k < LLVMCountParams(primal); k++) {
    LLVMValueRef param = LLVMGetParam(primal, k);
    if (!(role[k] & wanted)) {
      continue;
    }
    if (ude_type_has_pointer(LLVMTypeOf(param))) {
      add_node_flags(p, param, flag);
    }
    if (ude_type_has_real(LLVMTypeOf(param)) && wanted == UDE_ROLE_INPUT) {
      add_flags(p, param, flag);
    }
  }
}

void ude_walk_activity(ude_walk *walk, LLVMValueRef primal) {
  static const unsigned char flat[4] = {UDE_ROLE_OUTPUT, UDE_ROLE_INPUT, UDE_ROLE_INPUT,
                                        UDE_ROLE_INPUT};
  const unsigned char       *role    = walk->roles ? walk->roles->param : flat;
  pass                       p       = {.walk = walk};
  ude_function              *whole   = &walk->function[ude_walk_function(walk, primal)];
  mark_params(&p, primal, role, UDE_ROLE_INPUT, UDE_VARIED);
  /* Constant outputs too have tangents to write and adjoints to consume. */
  mark_params(&p, primal, role, UDE_ROLE_OUTPUT, UDE_VARIED);
  do {
    p.changed = false;
    for (int v = 0; v < walk->values; v++) {
      if (walk->value[v].block >= 0) {
        forward(&p, &walk->value[v]);
      }
    }
  } while (p.changed);
  mark_params(&p, primal, role, UDE_ROLE_OUTPUT, UDE_USEFUL | UDE_BARE);
  if (walk->roles && walk->roles->result) {
    whole->result_flags |= UDE_USEFUL | UDE_BARE;
  }
  do {
    p.changed = false;
    for (int v = walk->values - 1; v >= 0; v--) {
      if (walk->value[v].block >= 0) {
        backward(&p, &walk->value[v]);
      }
    }
  } while (p.changed);
  mark_shadowed(walk);
}

bool ude_walk_varied(ude_walk *walk, LLVMValueRef value) {
  return (flags_of(walk, value) & UDE_VARIED) != 0;
}

bool ude_walk_active(ude_walk *walk, LLVMValueRef value) {
  unsigned both = UDE_VARIED | UDE_USEFUL;
  return (flags_of(walk, value) & both) == both;
}

bool ude_walk_steep(ude_walk *walk, LLVMValueRef value) {
  return (flags_of(walk, value) & UDE_STEEP) != 0;
}

bool ude_walk_steep_bar(ude_walk *walk, LLVMValueRef value) {
  return (flags_of(walk, value) & UDE_STEEP_BAR) != 0;
}

bool ude_walk_soars(ude_walk *walk, LLVMValueRef value) {
  return (flags_of(walk, value) & UDE_SOARING) != 0;
}

bool ude_walk_node_varied(ude_walk *walk, LLVMValueRef pointer) {
  return (node_flags(walk, pointer) & UDE_VARIED) != 0;
}

bool ude_walk_node_active(ude_walk *walk, LLVMValueRef pointer) {
  unsigned both = UDE_VARIED | UDE_USEFUL;
  return (node_flags(walk, pointer) & both) == both;
}

bool ude_walk_shadowed(ude_walk *walk, LLVMValueRef pointer) {
  int node = ude_walk_target(walk, pointer);
  return node >= 0 && walk->node[node].shadowed;
}
