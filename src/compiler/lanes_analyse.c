/**
 * @file lanes_analyse.c
 * @brief Which values vary between lanes, which memory holds them, which blocks run for some lanes only.
 */
#include <string.h>

#include "compiler/lanes.h"

static bool is_varying(const ude_lane_facts *facts, LLVMValueRef value) {
  int id = ude_walk_value(facts->walk, value);
  return id >= 0 && facts->varies[id];
}

bool ude_lanes_varies(const ude_lane_facts *facts, LLVMValueRef value) {
  return is_varying(facts, value);
}

bool ude_lanes_dilated(const ude_lane_facts *facts, LLVMValueRef pointer) {
  int node = ude_walk_target(facts->walk, pointer);
  return node >= 0 && facts->dilated[node];
}

unsigned ude_lanes_scalar(const ude_lane_facts *facts, LLVMValueRef pointer) {
  int      node  = ude_walk_target(facts->walk, pointer);
  unsigned sizes = node < 0 ? 0 : facts->sizes[node];
  return sizes & (sizes - 1) ? 0 : sizes;
}

static void vary(ude_lane_facts *facts, LLVMValueRef value) {
  int id = ude_walk_value(facts->walk, value);
  if (id >= 0 && !facts->varies[id]) {
    facts->varies[id] = facts->changed = true;
  }
}

static void dilate(ude_lane_facts *facts, LLVMValueRef pointer) {
  int node = ude_walk_target(facts->walk, pointer);
  if (node >= 0 && !facts->dilated[node]) {
    facts->dilated[node] = facts->changed = true;
  }
}

bool ude_lanes_for_some(const ude_lane_facts *facts, const ude_value *value) {
  const ude_lane_function *function = &facts->function[value->function];
  return function->partial || function->some[value->block];
}

/* ------------------------------------------------------------------------------ control flow -- */

bool ude_lanes_in_loop(const ude_flow *flow, int block, int loop) {
  for (int at = flow->block[block].loop; at >= 0; at = flow->loop[at].parent) {
    if (at == loop) {
      return true;
    }
  }
  return false;
}

static bool splits(const ude_lane_facts *facts, LLVMBasicBlockRef block) {
  LLVMValueRef end = LLVMGetBasicBlockTerminator(block);
  if (LLVMGetInstructionOpcode(end) == LLVMBr) {
    return LLVMIsConditional(end) && is_varying(facts, LLVMGetCondition(end));
  }
  return LLVMGetInstructionOpcode(end) == LLVMSwitch && is_varying(facts, LLVMGetOperand(end, 0));
}

enum { WORD = 64 };

/* Sets of the blocks that every path from a block to an end of the function meets. */
static uint64_t *postdominators(ude_walk *walk, const ude_flow *flow, size_t words) {
  size_t    n   = (size_t)flow->blocks;
  uint64_t *set = ude_walk_alloc(walk, n * words, sizeof *set);
  uint64_t *new = ude_walk_alloc(walk, words, sizeof *new);
  memset(set, 0xff, n * words * sizeof *set);
  for (bool changed = true; changed;) {
    changed = false;
    for (int b = flow->blocks; b-- > 0;) {
      memset(new, flow->block[b].succs ? 0xff : 0, words * sizeof *new);
      for (int s = 0; s < flow->block[b].succs; s++) {
        for (size_t w = 0; w < words; w++) {
          new[w] &= set[(size_t)flow->block[b].succ[s] * words + w];
        }
      }
      new[(size_t)b / WORD] |= UINT64_C(1) << (b % WORD);
      if (memcmp(new, set + (size_t)b * words, words * sizeof *new) != 0) {
        memcpy(set + (size_t)b * words, new, words * sizeof *new);
        changed = true;
      }
    }
  }
  return set;
}

/* A block runs for some lanes only if whether it runs depends on a branch that splits lanes, or on any branch in a
 * block that runs for some. */
static void find_some(ude_lane_facts *facts, int f) {
  ude_lane_function *function = &facts->function[f];
  const ude_flow    *flow     = &facts->walk->function[f].flow;
  size_t             words    = ((size_t)flow->blocks + WORD - 1) / WORD;
  uint64_t          *set      = NULL;
  for (bool again = true; again;) {
    again = false;
    for (int d = 0; d < flow->blocks; d++) {
      if (flow->block[d].succs < 2 || !(function->split[d] || function->some[d])) {
        continue;
      }
      set                   = set ? set : postdominators(facts->walk, flow, words);
      const uint64_t *after = set + (size_t)d * words;
      for (int s = 0; s < flow->block[d].succs; s++) {
        const uint64_t *sure = set + (size_t)flow->block[d].succ[s] * words;
        for (int b = 0; b < flow->blocks; b++) {
          uint64_t bit     = UINT64_C(1) << (b % WORD);
          bool     depends = sure[b / WORD] & bit && (b == d || !(after[b / WORD] & bit));
          if (depends && !function->some[b]) {
            function->some[b] = again = facts->changed = true;
          }
        }
      }
    }
  }
}

static void visit_flow(ude_lane_facts *facts, int f) {
  ude_lane_function *function = &facts->function[f];
  const ude_flow    *flow     = &facts->walk->function[f].flow;
  bool               any      = false;
  for (int b = 0; b < flow->blocks; b++) {
    bool split = splits(facts, flow->block[b].block);
    if (split && !function->split[b]) {
      function->split[b] = facts->changed = true;
    }
    any = any || split;
  }
  if ((any || function->partial) && !function->linear) {
    function->linear = facts->changed = true;
  }
  if (any) {
    find_some(facts, f);
  }
}

/* Does a lane leave the loop while others stay? */
static bool loop_splits(const ude_lane_facts *facts, int f, int loop) {
  const ude_flow *flow = &facts->walk->function[f].flow;
  for (int b = 0; b < flow->blocks; b++) {
    if (facts->function[f].split[b] && ude_lanes_in_loop(flow, b, loop)) {
      return true;
    }
  }
  return false;
}

/* The block where a use takes place: of a phi, the incoming block. */
static int use_block(ude_walk *walk, LLVMUseRef use, LLVMValueRef value) {
  LLVMValueRef user = LLVMGetUser(use);
  int          id   = ude_walk_value(walk, user);
  if (id < 0) {
    return -1;
  }
  if (!LLVMIsAPHINode(user)) {
    return walk->value[id].block;
  }
  for (unsigned k = 0; k < LLVMCountIncoming(user); k++) {
    if (LLVMGetOperandUse(user, k) == use && LLVMGetIncomingValue(user, k) == value) {
      return ude_map_get(&walk->ids, LLVMGetIncomingBlock(user, k));
    }
  }
  return -1;
}

bool ude_lanes_crosses(ude_walk *walk, LLVMValueRef value) {
  int home = walk->value[ude_walk_value(walk, value)].block;
  for (LLVMUseRef use = LLVMGetFirstUse(value); use; use = LLVMGetNextUse(use)) {
    int at = use_block(walk, use, value);
    if (at >= 0 && at != home) {
      return true;
    }
  }
  return false;
}

bool ude_lanes_leaves_loop(const ude_lane_facts *facts, LLVMValueRef value) {
  ude_walk        *walk = facts->walk;
  const ude_value *of   = &walk->value[ude_walk_value(walk, value)];
  const ude_flow  *flow = &walk->function[of->function].flow;
  if (!facts->function[of->function].linear) {
    return false;
  }
  for (int loop = flow->block[of->block].loop; loop > 0; loop = flow->loop[loop].parent) {
    if (!loop_splits(facts, of->function, loop)) {
      continue;
    }
    for (LLVMUseRef use = LLVMGetFirstUse(value); use; use = LLVMGetNextUse(use)) {
      int at = use_block(walk, use, value);
      /* a phi after the loop takes the value on the way out */
      int user = ude_walk_value(walk, LLVMGetUser(use));
      if (at >= 0 && (!ude_lanes_in_loop(flow, at, loop) ||
                      !ude_lanes_in_loop(flow, walk->value[user].block, loop))) {
        return true;
      }
    }
  }
  return false;
}

/* May lanes come to the block from several of these predecessors at once? */
static bool joins(const ude_lane_facts *facts, LLVMValueRef phi, bool back) {
  ude_walk                *walk     = facts->walk;
  const ude_value         *of       = &walk->value[ude_walk_value(walk, phi)];
  const ude_flow          *flow     = &walk->function[of->function].flow;
  const ude_lane_function *function = &facts->function[of->function];
  int                      loop     = flow->block[of->block].loop;
  bool                     header   = loop > 0 && flow->loop[loop].header == of->block;
  LLVMValueRef             first    = NULL;
  bool                     differ = false, some = false;
  for (unsigned k = 0; k < LLVMCountIncoming(phi); k++) {
    int from = ude_map_get(&walk->ids, LLVMGetIncomingBlock(phi, k));
    if (from < 0 || (header && ude_lanes_in_loop(flow, from, loop) != back) || (!header && back)) {
      continue;
    }
    LLVMValueRef value = LLVMGetIncomingValue(phi, k);
    differ             = differ || (first && first != value);
    first              = value;
    some               = some || function->some[from] || function->split[from] || function->partial;
  }
  return differ && some;
}

/* ------------------------------------------------------------------------------------ values -- */

static void bind(ude_lane_facts *facts, LLVMValueRef call, int f, bool some) {
  ude_lane_function *function = &facts->function[f];
  LLVMValueRef       callee   = facts->walk->function[f].value;
  for (unsigned k = 0; k < LLVMCountParams(callee); k++) {
    if (is_varying(facts, LLVMGetArgOperand(call, k))) {
      vary(facts, LLVMGetParam(callee, k));
    }
  }
  if (some && !function->partial) {
    function->partial = facts->changed = true;
  }
  if (function->varies) {
    vary(facts, call);
  }
}

static void visit_call(ude_lane_facts *facts, const ude_value *of) {
  ude_walk    *walk  = facts->walk;
  LLVMValueRef call  = of->value;
  bool         some  = ude_lanes_for_some(facts, of);
  bool         any   = false;
  unsigned     count = LLVMGetNumArgOperands(call);
  for (unsigned k = 0; k < count; k++) {
    any = any || is_varying(facts, LLVMGetArgOperand(call, k));
  }
  switch (ude_call_kind(walk, call)) {
  case UDE_CALLEE_BODY:
    bind(facts, call, ude_walk_function(walk, ude_walk_callee(walk, call)), some);
    return;
  case UDE_CALLEE_COPY: {
    LLVMValueRef to = LLVMGetArgOperand(call, 0), from = LLVMGetArgOperand(call, 1);
    if (any || some || ude_lanes_dilated(facts, from)) {
      dilate(facts, to);
    }
    int a = ude_walk_target(walk, to), b = ude_walk_target(walk, from);
    if (a >= 0 && b >= 0 &&
        (facts->sizes[a] != facts->sizes[b] || facts->untyped[a] != facts->untyped[b])) {
      facts->sizes[a] = facts->sizes[b] = facts->sizes[a] | facts->sizes[b];
      facts->untyped[a] = facts->untyped[b] = facts->untyped[a] || facts->untyped[b];
      facts->changed                        = true;
    }
    return;
  }

  case UDE_CALLEE_SET:
    if (any || some) {
      dilate(facts, LLVMGetArgOperand(call, 0));
    }
    return;
  case UDE_CALLEE_RULE:
    for (unsigned k = 0; k < count; k++) { /* frexp, remquo: an integer is written for each lane */
      LLVMValueRef argument = LLVMGetArgOperand(call, k);
      if (ude_type_has_pointer(LLVMTypeOf(argument)) && (any || some)) {
        dilate(facts, argument);
      }
    }
    break;
  default: break;
  }
  if (any) {
    vary(facts, call);
  }
}

static void visit(ude_lane_facts *facts, const ude_value *of) {
  LLVMValueRef i    = of->value;
  bool         some = ude_lanes_for_some(facts, of);
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad:
    if (is_varying(facts, LLVMGetOperand(i, 0)) || ude_lanes_dilated(facts, LLVMGetOperand(i, 0))) {
      vary(facts, i);
    }
    break;
  case LLVMStore:
    if (some || is_varying(facts, LLVMGetOperand(i, 0)) ||
        is_varying(facts, LLVMGetOperand(i, 1))) {
      dilate(facts, LLVMGetOperand(i, 1));
    }
    break;
  case LLVMPHI:
    for (unsigned k = 0; k < LLVMCountIncoming(i); k++) {
      if (is_varying(facts, LLVMGetIncomingValue(i, k))) {
        vary(facts, i);
      }
    }
    if (facts->function[of->function].linear && (joins(facts, i, false) || joins(facts, i, true))) {
      vary(facts, i);
    }
    break;
  case LLVMCall: visit_call(facts, of); break;
  case LLVMRet: {
    ude_lane_function *function = &facts->function[of->function];
    if (LLVMGetNumOperands(i) && !function->varies &&
        (is_varying(facts, LLVMGetOperand(i, 0)) || function->linear)) {
      function->varies = facts->changed = true;
    }
    break;
  }
  case LLVMBr:
  case LLVMSwitch: break;
  default:
    for (int k = 0; k < LLVMGetNumOperands(i); k++) {
      LLVMValueRef operand = LLVMGetOperand(i, (unsigned)k);
      if (is_varying(facts, operand)) {
        vary(facts, i);
      }
    }
    break;
  }
  if (!is_varying(facts, i) && LLVMGetTypeKind(LLVMTypeOf(i)) != LLVMVoidTypeKind &&
      LLVMGetInstructionOpcode(i) != LLVMAlloca && ude_lanes_leaves_loop(facts, i)) {
    vary(facts, i);
  }
}

/* Sizes of the scalars that are loaded and stored. */
static void measure(ude_lane_facts *facts) {
  ude_walk *walk = facts->walk;
  for (int v = 0; v < walk->values; v++) {
    LLVMValueRef i = walk->value[v].value;
    if (walk->value[v].block < 0) {
      continue;
    }
    LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
    if (opcode == LLVMLoad || opcode == LLVMStore) {
      int node = ude_walk_target(walk, LLVMGetOperand(i, opcode == LLVMStore));
      if (node >= 0) {
        facts->sizes[node] |= (unsigned)LLVMABISizeOfType(walk->layout, ude_access_type(i));
        facts->untyped[node] = facts->untyped[node] ||
                               (ude_access_is_integer(walk, i) < 0 && !ude_access_is_tape(walk, i));
      }
    }
  }
}

ude_lane_facts *ude_lanes_analyse(ude_walk *walk, LLVMValueRef root) {
  ude_lane_facts *facts = ude_walk_alloc(walk, 1, sizeof *facts);
  facts->walk           = walk;
  facts->varies         = ude_walk_alloc(walk, (size_t)walk->values, sizeof(bool));
  facts->function       = ude_walk_alloc(walk, (size_t)walk->functions, sizeof *facts->function);
  for (int v = 0; v < walk->values; v++) { /* constants get their nodes now */
    LLVMValueRef i = walk->value[v].value;
    for (int k = 0; walk->value[v].block >= 0 && k < LLVMGetNumOperands(i); k++) {
      LLVMValueRef operand = LLVMGetOperand(i, (unsigned)k);
      if (!LLVMIsABasicBlock(operand) &&
          LLVMGetTypeKind(LLVMTypeOf(operand)) == LLVMPointerTypeKind) {
        ude_walk_target(walk, operand);
      }
    }
  }
  facts->dilated = ude_walk_alloc(walk, (size_t)walk->nodes, sizeof(bool));
  facts->sizes   = ude_walk_alloc(walk, (size_t)walk->nodes, sizeof(unsigned));
  facts->untyped = ude_walk_alloc(walk, (size_t)walk->nodes, sizeof(bool));
  for (int f = 0; f < walk->functions; f++) {
    size_t blocks            = (size_t)walk->function[f].flow.blocks;
    facts->function[f].some  = ude_walk_alloc(walk, blocks, sizeof(bool));
    facts->function[f].split = ude_walk_alloc(walk, blocks, sizeof(bool));
  }
  measure(facts);
  for (unsigned k = 0; k < LLVMCountParams(root); k++) {
    LLVMValueRef param = LLVMGetParam(root, k);
    if (LLVMGetTypeKind(LLVMTypeOf(param)) == LLVMPointerTypeKind) {
      dilate(facts, param);
      int node = ude_walk_target(walk, param);
      facts->sizes[node] |= 8;
    } else {
      vary(facts, param);
    }
  }
  do {
    facts->changed = false;
    for (int v = 0; v < walk->values; v++) {
      if (walk->value[v].block >= 0) {
        visit(facts, &walk->value[v]);
      }
    }
    for (int f = 0; f < walk->functions; f++) {
      visit_flow(facts, f);
    }
  } while (facts->changed);
  for (int v = 0; v < walk->values; v++) {
    if (walk->value[v].block >= 0) {
      ude_lanes_check(facts, &walk->value[v]);
    }
  }
  return facts;
}
