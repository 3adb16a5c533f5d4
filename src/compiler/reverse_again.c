/**
 * @file reverse_again.c
 * @brief Which values the reverse sweep computes again instead of reading them from slots: what is as cheap as a slot's
 *        store and load, from values that are at hand.
 *
 * Loads are repeated where the memory still holds what it held: nothing writes there, or nothing that writes there can
 * run after the load. Where all that a loop's reverse needs is computed again, the forward sweep of the loop has no
 * effect and the optimiser deletes it.
 */
#include <string.h>

#include "compiler/reverse.h"

enum { MOST_INTEGER = 12, MOST_REAL = 6, MOST_DEPTH = 40, MOST_BLOCKS = 2048, NEVER = 1000 };

/* ------------------------------------------------------------------------- settled memory -- */

static const ude_flow *flow_of(ude_reverse *r) {
  return &r->emit.walk->function[r->emit.source].flow;
}

/* -1: null, or an object that no access was known of when the memory was studied. */
static int node_of(ude_reverse *r, LLVMValueRef pointer) {
  int node = ude_walk_target(r->emit.walk, pointer);
  return node < r->studied ? node : -1;
}

/* May executing the instruction write where the pointer points? Calls of functions with bodies are not asked. */
static void add_writes(ude_reverse *r, int id) {
  ude_walk    *walk = r->emit.walk;
  LLVMValueRef i    = walk->value[id].value;
  LLVMValueRef to[2];
  unsigned     count  = 0;
  LLVMOpcode   opcode = LLVMGetInstructionOpcode(i);
  bool         here   = walk->value[id].function == r->emit.source;
  if (opcode == LLVMStore) {
    to[count++] = LLVMGetOperand(i, 1);
  } else if (opcode == LLVMAtomicRMW || opcode == LLVMAtomicCmpXchg) {
    to[count++] = LLVMGetOperand(i, 0);
  } else if (opcode == LLVMAlloca) {
    int node = node_of(r, i);
    if (node >= 0 &&
        (!here || walk->value[id].block || !LLVMIsAConstantInt(LLVMGetOperand(i, 0)))) {
      r->passing[node] =
          true; /* its memory may be gone, or be another object's, in the reverse sweep */
    }
    return;
  } else if (opcode == LLVMCall) {
    switch (ude_call_kind(walk, i)) {
    case UDE_CALLEE_BODY:
    case UDE_CALLEE_INDIRECT:
    case UDE_CALLEE_IGNORED:
    case UDE_CALLEE_INERT: return;
    default: break;
    }
    for (unsigned k = 0; k < LLVMGetNumArgOperands(i); k++) {
      int node = node_of(r, LLVMGetArgOperand(i, k));
      if (node >= 0 && count < 2) {
        to[count++] = LLVMGetArgOperand(i, k);
      } else if (node >= 0) {
        r->passing[node] = true;
      }
    }
  }
  for (unsigned k = 0; k < count; k++) {
    int node = node_of(r, to[k]);
    if (node < 0) {
      continue;
    }
    if (!here) {
      r->passing[node] = true; /* when it is written is not known */
    } else if (k == 0) {
      r->next_write[0][id] = r->first_write[node];
      r->first_write[node] = id + 1;
    } else {
      r->next_write[1][id] = r->first_write[node];
      r->first_write[node] = -(id + 1);
    }
  }
}

/* Blocks that control may come to from each block by at least one edge, as bits. */
static void find_reachable(ude_reverse *r) {
  const ude_flow *flow  = flow_of(r);
  size_t          words = ((size_t)flow->blocks + 63) / 64;
  r->reach_words        = words;
  r->reach = ude_walk_alloc(r->emit.walk, words * (size_t)flow->blocks, sizeof(uint64_t));
  for (bool changed = true; changed;) {
    changed = false;
    for (int b = flow->blocks - 1; b >= 0; b--) {
      uint64_t *row = r->reach + (size_t)b * words;
      for (int k = 0; k < flow->block[b].succs; k++) {
        size_t          to    = (size_t)flow->block[b].succ[k];
        const uint64_t *other = r->reach + to * words;
        for (size_t w = 0; w < words; w++) {
          uint64_t more = row[w] | other[w] | (w == to / 64 ? UINT64_C(1) << (to % 64) : 0);
          changed       = changed || more != row[w];
          row[w]        = more;
        }
      }
    }
  }
}

void ude_reverse_study_memory(ude_reverse *r) {
  ude_walk *walk = r->emit.walk;
  r->reach       = NULL;
  if (r->split || flow_of(r)->blocks > MOST_BLOCKS) {
    return;
  }
  r->studied     = walk->nodes;
  r->first_write = ude_walk_alloc(walk, (size_t)walk->nodes, sizeof(int));
  r->passing     = ude_walk_alloc(walk, (size_t)walk->nodes, sizeof(bool));
  for (int k = 0; k < 2; k++) {
    r->next_write[k] = ude_walk_alloc(walk, (size_t)walk->values, sizeof(int));
  }
  find_reachable(r);
  for (int v = 0; v < walk->values; v++) {
    if (walk->value[v].block >= 0) {
      add_writes(r, v);
    }
  }
}

/* A local object of the map itself: it is made in the prologue and there in both sweeps. */
bool ude_reverse_is_local_object(ude_reverse *r, LLVMValueRef value) {
  ude_walk *walk = r->emit.walk;
  return !r->split && LLVMIsAAllocaInst(value) && LLVMIsAConstantInt(LLVMGetOperand(value, 0)) &&
         walk->value[ude_walk_value(walk, value)].block == 0;
}

/* Can nothing that writes to the node run after the load? */
static bool is_settled(ude_reverse *r, int load, int node) {
  ude_walk *walk = r->emit.walk;
  if (!r->reach || node >= r->studied || r->passing[node]) {
    return false;
  }
  int             block = walk->value[load].block;
  const uint64_t *row   = r->reach + (size_t)block * r->reach_words;
  for (int at = r->first_write[node]; at;) {
    int writer = (at > 0 ? at : -at) - 1, where = walk->value[writer].block;
    if ((row[where / 64] >> (where % 64) & 1) || (where == block && writer > load)) {
      return false;
    }
    at = r->next_write[at > 0 ? 0 : 1][writer];
  }
  return true;
}

/* A load that gives the same value in the reverse sweep. */
static bool is_constant_load(ude_reverse *r, LLVMValueRef i) {
  ude_walk *walk = r->emit.walk;
  if (LLVMGetInstructionOpcode(i) != LLVMLoad || LLVMGetVolatile(i) ||
      LLVMGetOrdering(i) != LLVMAtomicOrderingNotAtomic) {
    return false;
  }
  int node = ude_walk_target(walk, LLVMGetOperand(i, 0));
  if (node < 0 || walk->node[node].heap) {
    return false;
  }
  return !walk->node[node].written || is_settled(r, ude_walk_value(walk, i), node);
}

/* ---------------------------------------------------------------------------------- costs -- */

static bool is_address_arithmetic(LLVMValueRef i) {
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMGetElementPtr: return true;
  case LLVMTrunc:
  case LLVMZExt:
  case LLVMSExt:
  case LLVMAdd:
  case LLVMSub:
  case LLVMMul:
  case LLVMShl:
  case LLVMLShr:
  case LLVMAShr:
  case LLVMAnd:
  case LLVMOr:
  case LLVMXor:
  case LLVMSelect:
  case LLVMFreeze: return LLVMGetTypeKind(LLVMTypeOf(i)) == LLVMIntegerTypeKind;
  case LLVMUDiv:
  case LLVMSDiv:
  case LLVMURem:
  case LLVMSRem: {
    LLVMValueRef by = LLVMGetOperand(i, 1);
    return LLVMIsAConstantInt(by) && !LLVMIsNull(by);
  }
  case LLVMICmp: return LLVMGetTypeKind(LLVMTypeOf(LLVMGetOperand(i, 0))) == LLVMIntegerTypeKind;
  default: return false;
  }
}

/* Operations that cost about as much as a load. */
static bool is_light_arithmetic(LLVMValueRef i) {
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMFAdd:
  case LLVMFSub:
  case LLVMFMul:
  case LLVMFNeg:
  case LLVMFPExt:
  case LLVMSIToFP:
  case LLVMUIToFP: return true;
  case LLVMCall: {
    const char *name = ude_call_is_intrinsic(i) ? ude_call_name(i) : "";
    return !strncmp(name, "llvm.fma.", 9) || !strncmp(name, "llvm.fmuladd.", 13) ||
           !strncmp(name, "llvm.fabs.", 10);
  }
  default: return false;
  }
}

static bool is_seen(ude_reverse *r, int id) {
  return r->seen_in[UDE_KEEP_PRIMAL][id] == LLVMGetInsertBlock(r->emit.walk->builder);
}

static unsigned operands_of(LLVMValueRef i) {
  return LLVMIsACallInst(i) ? LLVMGetNumArgOperands(i) : (unsigned)LLVMGetNumOperands(i);
}

/* Operations to compute the value again, each counted once (r->count marks those that were); NEVER and more: not at
 * all. Integers that cannot be computed are kept: most are needed for addresses of shadows anyway. */
static int cost_again(ude_reverse *r, LLVMValueRef value, bool real, int depth) {
  ude_walk *walk = r->emit.walk;
  int       id   = ude_walk_value(walk, value);
  if (id < 0 || LLVMIsAArgument(value) || ude_reverse_is_local_object(r, value)) {
    return 0;
  }
  if (r->counted[id] == r->count || is_seen(r, id)) {
    return 0;
  }
  if (depth > MOST_DEPTH) {
    return NEVER;
  }
  r->counted[id]   = r->count;
  LLVMTypeRef type = LLVMTypeOf(value);
  real             = real || ude_type_has_real(type);
  if (real && r->slot_of[UDE_KEEP_PRIMAL][id]) {
    return 1;
  }
  if (is_constant_load(r, value)) {
    return 1 + cost_again(r, LLVMGetOperand(value, 0), false, depth + 1);
  }
  ude_induction of;
  if (LLVMGetTypeKind(type) == LLVMPointerTypeKind && ude_loop_induction(r, value, &of)) {
    return 2 + cost_again(r, of.start, false, depth + 1);
  }
  bool compute = real ? is_light_arithmetic(value) : is_address_arithmetic(value);
  if (!compute) {
    /* Objects of the program do not live in the reverse sweep; other integers are kept. */
    bool integer = LLVMGetTypeKind(type) == LLVMIntegerTypeKind;
    return integer && !real ? 0 : NEVER;
  }
  int cost = real ? 1 : 0;
  for (unsigned k = 0; k < operands_of(value) && cost < NEVER; k++) {
    LLVMValueRef operand = LLVMGetOperand(value, k);
    cost += cost_again(r, operand, ude_type_has_real(LLVMTypeOf(operand)), depth + 1);
  }
  return cost;
}

int ude_reverse_cost(ude_reverse *r, LLVMValueRef value) {
  r->count++;
  return cost_again(r, value, false, 0);
}

bool ude_reverse_computes_again(ude_reverse *r, LLVMValueRef value, int id) {
  if (r->again[id]) {
    return r->again[id] == 1;
  }
  ude_walk *walk  = r->emit.walk;
  bool      again = false;
  int       loop  = flow_of(r)->block[walk->value[id].block].loop;
  bool      real  = ude_type_has_real(LLVMTypeOf(value));
  bool      load  = is_constant_load(r, value);
  if (load || (is_address_arithmetic(value) && !real) || (real && is_light_arithmetic(value))) {
    bool registers =
        !loop && !r->split; /* its slot is a register: only loads are worth repeating */
    bool pointer = LLVMGetInstructionOpcode(value) == LLVMGetElementPtr;
    if (!registers || load || pointer) {
      again = ude_reverse_cost(r, value) <= (real ? MOST_REAL : MOST_INTEGER);
    }
  }
  r->again[id] = again ? 1 : 2;
  return again;
}
