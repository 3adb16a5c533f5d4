/**
 * @file walker_points.c
 * @brief What pointers may point to: unification of sets of objects (Steensgaard, POPL 1996),
 *        insensitive to fields, flow and calling context, near linear in program size.
 */
#include <string.h>

#include "compiler/user_rule.h"

static int new_node(ude_walk *walk) {
  walk->node =
      ude_walk_grow(walk, walk->node, walk->nodes, &walk->node_capacity, sizeof *walk->node);
  walk->node[walk->nodes] = (ude_node){.parent = walk->nodes, .pointee = -1, .functions = -1};
  return walk->nodes++;
}

int ude_walk_find(ude_walk *walk, int node) {
  while (walk->node[node].parent != node) {
    walk->node[node].parent = walk->node[walk->node[node].parent].parent;
    node                    = walk->node[node].parent;
  }
  return node;
}

/* Union of two sets and of what they point to; either may be -1. */
static int unify(ude_walk *walk, int a, int b) {
  if (a < 0) {
    return b;
  }
  if (b < 0) {
    return a;
  }
  a        = ude_walk_find(walk, a);
  b        = ude_walk_find(walk, b);
  int kept = a;
  while (a != b) {
    ude_node *to = &walk->node[a], *from = &walk->node[b];
    from->parent = a;
    to->written |= from->written;
    to->read |= from->read;
    to->heap |= from->heap;
    to->global |= from->global;
    to->outside |= from->outside;
    to->integers |= from->integers;
    to->holds |= from->holds;
    to->declared |= from->declared;
    to->flags |= from->flags;
    if (from->functions >= 0) {
      int last = from->functions;
      while (walk->function[last].next_in_node >= 0) {
        last = walk->function[last].next_in_node;
      }
      walk->function[last].next_in_node = to->functions;
      to->functions                     = from->functions;
    }
    int p = to->pointee, q = from->pointee;
    if (p < 0 || q < 0) {
      to->pointee = p < 0 ? q : p;
      break;
    }
    a = ude_walk_find(walk, p);
    b = ude_walk_find(walk, q);
  }
  return ude_walk_find(walk, kept);
}

static int pointee(ude_walk *walk, int node) {
  node = ude_walk_find(walk, node);
  if (walk->node[node].pointee < 0) {
    int fresh                = new_node(walk);
    walk->node[node].pointee = fresh;
  }
  return ude_walk_find(walk, walk->node[node].pointee);
}

static int constant_target(ude_walk *walk, LLVMValueRef value);

/* Pointers in the initial value of a global point from `node`. */
static void link_initial(ude_walk *walk, int node, LLVMValueRef constant) {
  LLVMTypeRef type = LLVMTypeOf(constant);
  if (!ude_type_has_pointer(type)) {
    return;
  }
  if (LLVMGetTypeKind(type) == LLVMPointerTypeKind) {
    int target = constant_target(walk, constant);
    if (target >= 0) {
      unify(walk, pointee(walk, node), target);
    }
    return;
  }
  for (int i = 0; i < LLVMGetNumOperands(constant); i++) {
    link_initial(walk, node, LLVMGetOperand(constant, (unsigned)i));
  }
}

static int object_target(ude_walk *walk, LLVMValueRef object) {
  /* Globals and functions have two entries: functions index walk->function, so nodes are kept under the
   * address of the value plus one. */
  const void *key  = (const char *)object + 1;
  int         node = ude_map_get(&walk->ids, key);
  if (node >= 0) {
    return ude_walk_find(walk, node);
  }
  node = new_node(walk);
  ude_map_put(walk, &walk->ids, key, node);
  if (LLVMIsAFunction(object)) {
    int function = ude_walk_function(walk, object);
    if (function >= 0) {
      walk->node[node].functions = function;
    }
  } else if (LLVMIsAGlobalVariable(object)) {
    if (!LLVMIsGlobalConstant(object)) {
      walk->node[node].global = walk->node[node].written = true;
    }
    walk->node[node].declared |= ude_type_holds(LLVMGlobalGetValueType(object));
    if (LLVMGetInitializer(object)) {
      link_initial(walk, node, LLVMGetInitializer(object));
    }
  }
  return ude_walk_find(walk, node);
}

static int constant_target(ude_walk *walk, LLVMValueRef value) {
  if (LLVMIsAFunction(value) || LLVMIsAGlobalVariable(value)) {
    return object_target(walk, value);
  }
  if (LLVMGetValueKind(value) == LLVMGlobalAliasValueKind) {
    return constant_target(walk, LLVMAliasGetAliasee(value));
  }
  int target = -1;
  if (LLVMGetValueKind(value) == LLVMConstantExprValueKind) {
    for (int i = 0; i < LLVMGetNumOperands(value); i++) {
      target = unify(walk, target, constant_target(walk, LLVMGetOperand(value, (unsigned)i)));
    }
  }
  return target;
}

int ude_walk_target(ude_walk *walk, LLVMValueRef value) {
  int id = ude_walk_value(walk, value);
  if (id < 0) {
    return ude_walk_constant(value) ? constant_target(walk, value) : -1;
  }
  return walk->value[id].target < 0 ? -1 : ude_walk_find(walk, walk->value[id].target);
}

/* Can a value of this type hold a pointer, possibly as an integer copy of its bits? */
static bool may_point(ude_walk *walk, LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  if (kind == LLVMIntegerTypeKind) {
    return LLVMGetIntTypeWidth(type) >= 8 * LLVMPointerSize(walk->layout);
  }
  if (kind == LLVMVectorTypeKind) {
    return may_point(walk, LLVMGetElementType(type));
  }
  return ude_type_has_pointer(type);
}

static int value_target(ude_walk *walk, LLVMValueRef value) {
  int id = ude_walk_value(walk, value);
  if (id < 0) {
    return ude_walk_target(walk, value);
  }
  if (walk->value[id].target < 0) {
    int node               = new_node(walk);
    walk->value[id].target = node;
  }
  return ude_walk_find(walk, walk->value[id].target);
}

/* The node array moves when it grows: never index it with a call that may add a node. */
static ude_node *node_of(ude_walk *walk, LLVMValueRef value) {
  int node = value_target(walk, value);
  return &walk->node[node];
}

static void same(ude_walk *walk, LLVMValueRef a, LLVMValueRef b) {
  if (!may_point(walk, LLVMTypeOf(a)) || !may_point(walk, LLVMTypeOf(b))) {
    return;
  }
  unify(walk, value_target(walk, a), value_target(walk, b));
}

static void written(ude_walk *walk, LLVMValueRef pointer, bool integers) {
  int node = value_target(walk, pointer);
  if (node >= 0) {
    node                      = ude_walk_find(walk, node);
    walk->node[node].written  = true;
    walk->node[node].integers = walk->node[node].integers || integers;
  }
}

static void read_through(ude_walk *walk, LLVMValueRef pointer) {
  int node = value_target(walk, pointer);
  if (node >= 0) {
    walk->node[ude_walk_find(walk, node)].read = true;
  }
}

static void bind_call(ude_walk *walk, LLVMValueRef call, int f) {
  LLVMValueRef callee = walk->function[f].value;
  unsigned     count  = LLVMGetNumArgOperands(call);
  for (unsigned k = 0; k < count && k < LLVMCountParams(callee); k++) {
    same(walk, LLVMGetArgOperand(call, k), LLVMGetParam(callee, k));
  }
  if (may_point(walk, LLVMTypeOf(call))) {
    if (walk->function[f].result < 0) {
      int node                 = new_node(walk);
      walk->function[f].result = node;
    }
    unify(walk, value_target(walk, call), walk->function[f].result);
  }
}

static void visit_call(ude_walk *walk, LLVMValueRef call) {
  switch (ude_call_kind(walk, call)) {
  case UDE_CALLEE_BODY:
    bind_call(walk, call, ude_walk_function(walk, ude_walk_callee(walk, call)));
    break;
  case UDE_CALLEE_INDIRECT: {
    int node = value_target(walk, LLVMGetCalledValue(call));
    if (node < 0) {
      break;
    }
    /* Binding may merge lists while they are walked: restart after a change of the list's head. */
    for (int f = walk->node[ude_walk_find(walk, node)].functions; f >= 0;
         f     = walk->function[f].next_in_node) {
      LLVMTypeRef have = LLVMGlobalGetValueType(walk->function[f].value);
      if (have == LLVMGetCalledFunctionType(call)) {
        bind_call(walk, call, f);
      }
    }
    break;
  }
  case UDE_CALLEE_COPY: {
    LLVMValueRef to = LLVMGetArgOperand(call, 0), from = LLVMGetArgOperand(call, 1);
    written(walk, to, true);
    read_through(walk, from);
    int a = value_target(walk, to), b = value_target(walk, from);
    if (a >= 0 && b >= 0) {
      unify(walk, pointee(walk, a), pointee(walk, b));
    }
    break;
  }
  case UDE_CALLEE_SET: written(walk, LLVMGetArgOperand(call, 0), true); break;
  case UDE_CALLEE_MALLOC:
  case UDE_CALLEE_CALLOC:
    if (!strcmp(ude_call_name(call), "calloc")) {
      written(walk, call, true);
    }
    node_of(walk, call)->heap     = true;
    node_of(walk, call)->declared = ~0U;
    break;
  case UDE_CALLEE_REALLOC:
    same(walk, call, LLVMGetArgOperand(call, 0));
    read_through(walk, call);
    node_of(walk, call)->heap     = true;
    node_of(walk, call)->declared = ~0U;
    break;
  case UDE_CALLEE_TAKE:
  case UDE_CALLEE_SHADOW_ALLOC:
  case UDE_CALLEE_SHADOW_GROW:
    if (!strcmp(ude_call_name(call), "ude_shadow_grow")) { /* keeps what the old block held */
      int a = value_target(walk, call), b = value_target(walk, LLVMGetArgOperand(call, 0));
      if (a >= 0 && b >= 0) {
        unify(walk, a, b);
      }
    }
    written(walk, call, true);
    node_of(walk, call)->declared = ~0U;
    break;
  case UDE_CALLEE_USER:
  case UDE_CALLEE_INACTIVE:
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      if (!ude_type_has_pointer(LLVMTypeOf(argument))) {
        continue;
      }
      if (ude_user_rule_writes(walk, call, k)) {
        written(walk, argument, true);
      }
      int node = value_target(walk, argument);
      if (node >= 0) {
        walk->node[node].holds |= ude_user_rule_holds(walk, call, k) & ~(unsigned)UDE_HOLDS_INTEGER;
      }
    }
    break;
  case UDE_CALLEE_TAPE:
  case UDE_CALLEE_IGNORED:
  case UDE_CALLEE_FREE:
  case UDE_CALLEE_STACK: break;
  case UDE_CALLEE_INERT:
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      if (may_point(walk, LLVMTypeOf(LLVMGetArgOperand(call, k)))) {
        read_through(walk, LLVMGetArgOperand(call, k));
      }
    }
    break;
  case UDE_CALLEE_INTEGER:
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      if (may_point(walk, LLVMTypeOf(LLVMGetArgOperand(call, k)))) {
        read_through(walk, LLVMGetArgOperand(call, k));
      }
      same(walk, call, LLVMGetArgOperand(call, k));
    }
    break;
  case UDE_CALLEE_TEXT:
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      if (may_point(walk, LLVMTypeOf(LLVMGetArgOperand(call, k)))) {
        read_through(walk, LLVMGetArgOperand(call, k));
      }
    }
    written(walk, LLVMGetArgOperand(call, 0), true);
    if (may_point(walk, LLVMTypeOf(call))) {
      same(walk, call, LLVMGetArgOperand(call, 0));
    }
    break;
  default: /* rules and unknown functions may write through their pointers */
    for (unsigned k = 0; k < LLVMGetNumArgOperands(call); k++) {
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      if (may_point(walk, LLVMTypeOf(argument))) {
        written(walk, argument, true);
        read_through(walk, argument);
      }
    }
    break;
  }
}

/* Node of what a slot of a tape keeps pointers to, and note who has that slot. */
static int slot_target(ude_walk *walk, const void *slot, LLVMValueRef frame) {
  int kept = ude_map_get(&walk->slots, slot);
  if (kept < 0) {
    kept = new_node(walk);
    ude_map_put(walk, &walk->slots, slot, kept);
  }
  int of = value_target(walk, frame);
  for (int k = 0; k < walk->slot_uses; k++) {
    if (ude_walk_find(walk, walk->slot_use[k].frame) == of && walk->slot_use[k].kept == kept) {
      return ude_walk_find(walk, kept);
    }
  }
  walk->slot_use = ude_walk_grow(walk, walk->slot_use, walk->slot_uses, &walk->slot_use_capacity,
                                 sizeof *walk->slot_use);
  walk->slot_use[walk->slot_uses++] = (ude_slot_use){of, kept};
  return ude_walk_find(walk, kept);
}

bool ude_access_holds_pointers(ude_walk *walk, LLVMValueRef access) {
  bool        store = LLVMGetInstructionOpcode(access) == LLVMStore;
  const void *slot  = ude_access_slot(walk, access);
  int         node  = ude_walk_target(walk, LLVMGetOperand(access, store));
  int pointee = slot ? ude_map_get(&walk->slots, slot) : node < 0 ? -1 : walk->node[node].pointee;
  if (node < 0 || !walk->node[node].shadowed || pointee < 0) {
    return false;
  }
  return walk->node[ude_walk_find(walk, pointee)].shadowed;
}

static void visit(ude_walk *walk, LLVMValueRef i, int f) {
  LLVMTypeRef type = LLVMTypeOf(i);
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad:
    read_through(walk, LLVMGetOperand(i, 0));
    if (may_point(walk, type) && ude_access_is_integer(walk, i) != 1) {
      int         from = value_target(walk, LLVMGetOperand(i, 0));
      const void *slot = ude_access_slot(walk, i);
      if (slot && from >= 0) {
        int kept = slot_target(walk, slot, LLVMGetOperand(i, 0));
        unify(walk, value_target(walk, i), kept);
      } else if (from >= 0) {
        unify(walk, value_target(walk, i), pointee(walk, from));
      }
    }
    break;
  case LLVMStore: {
    LLVMValueRef value = LLVMGetOperand(i, 0), to = LLVMGetOperand(i, 1);
    written(walk, to, false);
    if (may_point(walk, LLVMTypeOf(value)) && ude_access_is_integer(walk, i) != 1) {
      int         target = value_target(walk, value), node = value_target(walk, to);
      const void *slot = ude_access_slot(walk, i);
      if (slot && target >= 0 && node >= 0) {
        unify(walk, target, slot_target(walk, slot, to));
      } else if (target >= 0 && node >= 0) {
        unify(walk, pointee(walk, node), target);
      }
    }
    break;
  }
  case LLVMAtomicRMW:
  case LLVMAtomicCmpXchg:
    written(walk, LLVMGetOperand(i, 0), true);
    read_through(walk, LLVMGetOperand(i, 0));
    break;
  case LLVMGetElementPtr: same(walk, i, LLVMGetOperand(i, 0)); break;
  case LLVMPHI:
    for (unsigned k = 0; k < LLVMCountIncoming(i); k++) {
      same(walk, i, LLVMGetIncomingValue(i, k));
    }
    break;
  case LLVMCall: visit_call(walk, i); break;
  case LLVMRet:
    if (LLVMGetNumOperands(i) && may_point(walk, LLVMTypeOf(LLVMGetOperand(i, 0)))) {
      int target               = value_target(walk, LLVMGetOperand(i, 0));
      walk->function[f].result = unify(walk, walk->function[f].result, target);
    }
    break;
  case LLVMICmp:
  case LLVMFCmp:
  case LLVMBr:
  case LLVMSwitch: break;
  case LLVMAlloca: node_of(walk, i)->declared |= ude_type_holds(LLVMGetAllocatedType(i)); break;
  default: /* arithmetic on pointers as integers, casts, selects, aggregates */
    for (int k = 0; k < LLVMGetNumOperands(i); k++) {
      LLVMValueRef operand = LLVMGetOperand(i, (unsigned)k);
      if (!LLVMIsABasicBlock(operand)) {
        same(walk, i, operand);
      }
    }
    break;
  }
}

static void mark_kinds(ude_walk *walk) {
  for (int v = 0; v < walk->values; v++) {
    LLVMValueRef i = walk->value[v].value;
    if (walk->value[v].block < 0) {
      continue;
    }
    LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
    if (opcode != LLVMLoad && opcode != LLVMStore) {
      continue;
    }
    int      node  = ude_walk_target(walk, LLVMGetOperand(i, opcode == LLVMStore));
    unsigned holds = ude_type_holds(ude_access_type(i));
    if (node < 0) {
      continue;
    }
    if (holds == UDE_HOLDS_INTEGER && opcode == LLVMStore) {
      walk->node[node].integers = true;
    }
    if (holds == UDE_HOLDS_INTEGER && ude_access_is_integer(walk, i) != 1) {
      holds = 0;
    }
    walk->node[node].holds |= holds;
  }
}

void ude_walk_points(ude_walk *walk, LLVMValueRef primal) {
  for (int nodes = -1, merged = -1;;) {
    for (int v = 0; v < walk->values; v++) {
      if (walk->value[v].block >= 0) {
        visit(walk, walk->value[v].value, walk->value[v].function);
      }
    }
    /* Merges can reveal targets of indirect calls: repeat until nothing changes. */
    int roots = 0;
    for (int n = 0; n < walk->nodes; n++) {
      roots += walk->node[n].parent == n;
    }
    if (nodes == walk->nodes && merged == roots) {
      break;
    }
    nodes  = walk->nodes;
    merged = roots;
  }
  for (unsigned k = 0; k < LLVMCountParams(primal); k++) {
    LLVMValueRef param = LLVMGetParam(primal, k);
    if (!may_point(walk, LLVMTypeOf(param))) {
      continue;
    }
    int node = value_target(walk, param);
    walk->node[node].declared |= walk->roles ? ~0U : (unsigned)UDE_HOLDS_DOUBLE;
    walk->node[node].outside = true;
    if (!walk->roles) {
      walk->node[node].holds |= UDE_HOLDS_DOUBLE;
    }
    if (walk->roles ? walk->roles->param[k] & UDE_ROLE_OUTPUT : k == 0) {
      walk->node[node].written = true;
    }
  }
  mark_kinds(walk);
}
