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

static bool runs_for_some(const ude_lane_facts *facts, const ude_value *value) {
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
  bool         some  = runs_for_some(facts, of);
  bool         any   = false;
  unsigned     count = LLVMGetNumArgOperands(call);
  for (unsigned k = 0; k < count; k++) {
    any = any || is_varying(facts, LLVMGetArgOperand(call, k));
  }
  switch (ude_call_kind(walk, call)) {
  case UDE_CALLEE_BODY:
    bind(facts, call, ude_walk_function(walk, LLVMGetCalledValue(call)), some);
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
  bool         some = runs_for_some(facts, of);
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

/* ---------------------------------------------------------------------------------- refusals -- */

static _Noreturn void refuse(ude_lane_facts *facts, LLVMValueRef i, const char *what,
                             const char *why) {
  ude_refuse(facts->walk, i, what, why, "its lanes are computed one by one");
}

static bool scalar_type(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  return ude_type_is_real(type) || kind == LLVMPointerTypeKind ||
         (kind == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) <= 64);
}

static bool lane_type(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  if (kind == LLVMStructTypeKind) {
    bool good = true;
    for (unsigned k = 0; k < LLVMCountStructElementTypes(type); k++) {
      good = good && lane_type(LLVMStructGetTypeAtIndex(type, k));
    }
    return good;
  }
  return kind == LLVMVoidTypeKind || scalar_type(type);
}

/* `known`: the size of its scalars is needed. */
static void check_memory(ude_lane_facts *facts, LLVMValueRef i, LLVMValueRef pointer, bool known) {
  int  node  = ude_walk_target(facts->walk, pointer);
  bool mixed = node >= 0 && facts->dilated[node] && !ude_lanes_scalar(facts, pointer);
  if (mixed && (known || (facts->sizes[node] && facts->untyped[node]))) {
    refuse(facts, i, "a memory access", "numbers of different sizes share an object");
  }
}

/* Bytes of whole scalars: a constant, or a number of them. */
static bool is_multiple(LLVMValueRef size, unsigned of) {
  if (LLVMIsAConstantInt(size)) {
    return LLVMConstIntGetZExtValue(size) % of == 0;
  }
  if (!LLVMIsAInstruction(size)) {
    return of == 1;
  }
  LLVMValueRef by = LLVMGetNumOperands(size) > 1 ? LLVMGetOperand(size, 1) : NULL;
  switch (LLVMGetInstructionOpcode(size)) {
  case LLVMMul: return LLVMIsAConstantInt(by) && LLVMConstIntGetZExtValue(by) % of == 0;
  case LLVMShl:
    return LLVMIsAConstantInt(by) && LLVMConstIntGetZExtValue(by) < 32 &&
           (1U << LLVMConstIntGetZExtValue(by)) % of == 0;
  case LLVMAdd: return is_multiple(LLVMGetOperand(size, 0), of) && is_multiple(by, of);
  case LLVMAnd: return LLVMIsAConstantInt(by) && LLVMConstIntGetZExtValue(by) % of == 0;
  case LLVMZExt:
  case LLVMSExt: return is_multiple(LLVMGetOperand(size, 0), of);
  default: return of == 1;
  }
}

/* Half a scalar of one trajectory is half the lanes of several. */
static void check_size(ude_lane_facts *facts, LLVMValueRef call) {
  int      node  = ude_walk_target(facts->walk, LLVMGetArgOperand(call, 0));
  unsigned sizes = node < 0 ? 0 : facts->sizes[node];
  unsigned least = sizes & (~sizes + 1);
  if (ude_lanes_dilated(facts, LLVMGetArgOperand(call, 0)) &&
      !is_multiple(LLVMGetArgOperand(call, 2), least ? least : 8)) {
    refuse(facts, call, "a copy of bytes", "it may be of parts of numbers");
  }
}

static void check_call(ude_lane_facts *facts, const ude_value *of) {
  ude_walk    *walk = facts->walk;
  LLVMValueRef call = of->value;
  bool         some = runs_for_some(facts, of), any = false, pointers = false;
  unsigned     count = LLVMGetNumArgOperands(call);
  for (unsigned k = 0; k < count; k++) {
    LLVMValueRef argument = LLVMGetArgOperand(call, k);
    any                   = any || is_varying(facts, argument);
    pointers              = pointers || ude_type_has_pointer(LLVMTypeOf(argument));
  }
  switch (ude_call_kind(walk, call)) {
  case UDE_CALLEE_BODY:
  case UDE_CALLEE_IGNORED: return;
  case UDE_CALLEE_STACK:
    if (some) {
      break;
    }
    return;
  case UDE_CALLEE_RULE:
    if ((pointers && some) || (!any && !pointers)) {
      if (pointers) {
        break;
      }
    }
    return;
  case UDE_CALLEE_INTEGER:
    if (pointers || !ude_lanes_scalarises(walk, call)) {
      break;
    }
    return;
  case UDE_CALLEE_COPY: {
    bool split = some || (ude_lanes_dilated(facts, LLVMGetArgOperand(call, 0)) &&
                          !ude_lanes_dilated(facts, LLVMGetArgOperand(call, 1)));
    check_memory(facts, call, LLVMGetArgOperand(call, 0), split);
    check_memory(facts, call, LLVMGetArgOperand(call, 1), split);
    if (any || (some && ude_call_is_intrinsic(call) &&
                strncmp(ude_call_name(call), "llvm.memmove", strlen("llvm.memmove")) == 0)) {
      break;
    }
    check_size(facts, call);
    return;
  }
  case UDE_CALLEE_SET:
    if (any || (ude_lanes_dilated(facts, LLVMGetArgOperand(call, 0)) &&
                !LLVMIsAConstantInt(LLVMGetArgOperand(call, 1)))) {
      break;
    }
    if (some) {
      check_memory(facts, call, LLVMGetArgOperand(call, 0), true);
      if (!LLVMIsNull(LLVMGetArgOperand(call, 1))) {
        break;
      }
    }
    check_size(facts, call);
    return;
  case UDE_CALLEE_MALLOC:
  case UDE_CALLEE_CALLOC:
  case UDE_CALLEE_FREE:
  case UDE_CALLEE_TAKE:
  case UDE_CALLEE_TAPE:
    if (any || (some && ude_call_kind(walk, call) != UDE_CALLEE_TAKE)) {
      break;
    }
    return;
  case UDE_CALLEE_INERT: {
    static const char *const ends[] = {"abort",      "exit",          "_exit",
                                       "quick_exit", "__assert_fail", NULL};
    const char              *name   = ude_call_name(call);
    if (any || !name || !(ude_name_is(name, ends) || ude_call_is_intrinsic(call))) {
      break;
    }
    return;
  }
  default: break;
  }
  refuse(facts, call, "a call", "it cannot be made for several lanes at once");
}

static void check(ude_lane_facts *facts, const ude_value *of) {
  LLVMValueRef i = of->value;
  for (int k = 0; k < LLVMGetNumOperands(i); k++) {
    LLVMValueRef operand = LLVMGetOperand(i, (unsigned)k);
    if (!LLVMIsABasicBlock(operand) && LLVMIsAFunction(operand) &&
        !(LLVMIsACallInst(i) && k == LLVMGetNumOperands(i) - 1)) {
      refuse(facts, i, "a pointer to a function", "different lanes may call different functions");
    }
  }
  LLVMOpcode opcode = LLVMGetInstructionOpcode(i);
  switch (opcode) {
  case LLVMLoad:
  case LLVMStore: {
    LLVMTypeRef type = ude_access_type(i);
    if (!scalar_type(type) || LLVMGetVolatile(i)) {
      refuse(facts, i, "a memory access", "it is not of one number");
    }
    if (ude_lanes_dilated(facts, LLVMGetOperand(i, opcode == LLVMStore)) &&
        LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) % 8) {
      refuse(facts, i, "a memory access", "it is of single bits");
    }
    if (ude_lanes_dilated(facts, LLVMGetOperand(i, opcode == LLVMStore)) &&
        LLVMGetAlignment(i) < LLVMABIAlignmentOfType(facts->walk->layout, type)) {
      refuse(facts, i, "a memory access", "it may be of parts of numbers");
    }
    check_memory(facts, i, LLVMGetOperand(i, opcode == LLVMStore), false);
    return;
  }
  case LLVMCall: check_call(facts, of); return;
  case LLVMAlloca:
    if (of->block != 0 && runs_for_some(facts, of)) {
      refuse(facts, i, "a local array", "it is made for some lanes only");
    }
    if (is_varying(facts, LLVMGetOperand(i, 0))) {
      refuse(facts, i, "a local array", "its size differs between lanes");
    }
    return;
  case LLVMPtrToInt:
  case LLVMIntToPtr:
  case LLVMAtomicRMW:
  case LLVMAtomicCmpXchg:
  case LLVMFence:
  case LLVMIndirectBr:
  case LLVMCallBr:
  case LLVMVAArg:
  case LLVMExtractElement:
  case LLVMInsertElement:
  case LLVMShuffleVector:
  case LLVMInsertValue:
    if (opcode == LLVMInsertValue && LLVMGetNumIndices(i) == 1) {
      return;
    }
    refuse(facts, i, "an instruction", "it has no form for lanes");
  default:
    if (!lane_type(LLVMTypeOf(i)) ||
        (LLVMGetNumOperands(i) && !LLVMIsABasicBlock(LLVMGetOperand(i, 0)) &&
         !lane_type(LLVMTypeOf(LLVMGetOperand(i, 0))))) {
      refuse(facts, i, "an instruction", "its type has no form for lanes");
    }
    return;
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
      check(facts, &walk->value[v]);
    }
  }
  return facts;
}
