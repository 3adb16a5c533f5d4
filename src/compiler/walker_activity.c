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
#include "compiler/walker_activity.h"

unsigned ude_activity_flags(ude_walk *walk, LLVMValueRef value) {
  int id = ude_walk_value(walk, value);
  return id < 0 ? 0 : walk->value[id].flags;
}

void ude_activity_add(ude_activity *p, LLVMValueRef value, unsigned flags) {
  int id = ude_walk_value(p->walk, value);
  if (id < 0 || (p->walk->value[id].flags | flags) == p->walk->value[id].flags) {
    return;
  }
  p->walk->value[id].flags |= flags;
  p->changed = true;
}

unsigned ude_activity_node(ude_walk *walk, LLVMValueRef pointer) {
  int node = ude_walk_target(walk, pointer);
  return node < 0 ? 0 : walk->node[node].flags;
}

void ude_activity_add_node(ude_activity *p, LLVMValueRef pointer, unsigned flags) {
  int node = ude_walk_target(p->walk, pointer);
  if (node < 0 || (p->walk->node[node].flags | flags) == p->walk->node[node].flags) {
    return;
  }
  p->walk->node[node].flags |= flags;
  p->changed = true;
}

bool ude_activity_integer(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  return kind == LLVMIntegerTypeKind ||
         (kind == LLVMVectorTypeKind &&
          LLVMGetTypeKind(LLVMGetElementType(type)) == LLVMIntegerTypeKind);
}

bool ude_walk_carries(ude_walk *walk, LLVMValueRef access) {
  if (!ude_activity_integer(ude_access_type(access))) {
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

void ude_activity_targets(ude_activity *p, LLVMValueRef call,
                          void (*bind)(ude_activity *, LLVMValueRef, int)) {
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
static void mark_params(ude_activity *p, LLVMValueRef primal, const unsigned char *role,
                        unsigned wanted, unsigned flag) {
  for (unsigned k = 0; k < LLVMCountParams(primal); k++) {
    LLVMValueRef param = LLVMGetParam(primal, k);
    if (!(role[k] & wanted)) {
      continue;
    }
    if (ude_type_has_pointer(LLVMTypeOf(param))) {
      ude_activity_add_node(p, param, flag);
    }
    if (ude_type_has_real(LLVMTypeOf(param)) && wanted == UDE_ROLE_INPUT) {
      ude_activity_add(p, param, flag);
    }
  }
}

void ude_walk_activity(ude_walk *walk, LLVMValueRef primal) {
  static const unsigned char flat[4] = {UDE_ROLE_OUTPUT, UDE_ROLE_INPUT, UDE_ROLE_INPUT,
                                        UDE_ROLE_INPUT};
  const unsigned char       *role    = walk->roles ? walk->roles->param : flat;
  ude_activity               p       = {.walk = walk};
  ude_function              *whole   = &walk->function[ude_walk_function(walk, primal)];
  mark_params(&p, primal, role, UDE_ROLE_INPUT, UDE_VARIED);
  /* Constant outputs too have tangents to write and adjoints to consume. */
  mark_params(&p, primal, role, UDE_ROLE_OUTPUT, UDE_VARIED);
  do {
    p.changed = false;
    for (int v = 0; v < walk->values; v++) {
      if (walk->value[v].block >= 0) {
        ude_activity_forward(&p, &walk->value[v]);
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
        ude_activity_backward(&p, &walk->value[v]);
      }
    }
  } while (p.changed);
  mark_shadowed(walk);
}

bool ude_walk_varied(ude_walk *walk, LLVMValueRef value) {
  return (ude_activity_flags(walk, value) & UDE_VARIED) != 0;
}

bool ude_walk_active(ude_walk *walk, LLVMValueRef value) {
  unsigned both = UDE_VARIED | UDE_USEFUL;
  return (ude_activity_flags(walk, value) & both) == both;
}

bool ude_walk_steep(ude_walk *walk, LLVMValueRef value) {
  return (ude_activity_flags(walk, value) & UDE_STEEP) != 0;
}

bool ude_walk_steep_bar(ude_walk *walk, LLVMValueRef value) {
  return (ude_activity_flags(walk, value) & UDE_STEEP_BAR) != 0;
}

bool ude_walk_soars(ude_walk *walk, LLVMValueRef value) {
  return (ude_activity_flags(walk, value) & UDE_SOARING) != 0;
}

bool ude_walk_node_varied(ude_walk *walk, LLVMValueRef pointer) {
  return (ude_activity_node(walk, pointer) & UDE_VARIED) != 0;
}

bool ude_walk_node_active(ude_walk *walk, LLVMValueRef pointer) {
  unsigned both = UDE_VARIED | UDE_USEFUL;
  return (ude_activity_node(walk, pointer) & both) == both;
}

bool ude_walk_shadowed(ude_walk *walk, LLVMValueRef pointer) {
  int node = ude_walk_target(walk, pointer);
  return node >= 0 && walk->node[node].shadowed;
}
