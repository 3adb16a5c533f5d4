/**
 * @file walker_graph.c
 * @brief Control flow of a function: reverse postorder, neighbours, the forest of loops.
 *
 * Loops are found by decomposing strongly connected components: a component's header is its block that
 * comes first in reverse postorder; without the header's incoming edges the rest decomposes again
 * (Bourdoncle 1993, on Tarjan's components). A component that is entered elsewhere too is irreducible.
 */
#include <stdlib.h>

#include "compiler/walker.h"

typedef struct scc_state {
  ude_walk *walk;
  ude_flow *flow;
  int  *number, *low, *stack, *component; /* component: current loop being decomposed, per block */
  int   top, counter;
  int   within; /* decompose the blocks whose innermost loop is this one */
  int   header; /* of `within`, excluded; -1 for the function */
  bool *on_stack;
} scc_state;

static void add_loop(scc_state *s, const int *members, int count) {
  ude_flow *flow   = s->flow;
  int       header = members[0];
  for (int i = 1; i < count; i++) {
    if (members[i] < header) {
      header = members[i];
    }
  }
  int loop         = flow->loops++;
  flow->loop[loop] = (ude_flow_loop){
      .parent = s->within, .header = header, .depth = flow->loop[s->within].depth + 1};
  for (int i = 0; i < count; i++) {
    flow->block[members[i]].loop = loop;
  }
  for (int i = 0; i < count; i++) {
    const ude_flow_block *block = &flow->block[members[i]];
    if (members[i] == header) {
      continue;
    }
    for (int k = 0; k < block->preds; k++) {
      int pred = block->pred[k];
      if (flow->block[pred].loop != loop) {
        flow->irreducible = true;
      }
    }
  }
}

/* Tarjan's algorithm with an explicit stack of (block, next successor). */
static void components_from(scc_state *s, int root) {
  ude_flow *flow  = s->flow;
  int      *work  = ude_walk_alloc(s->walk, (size_t)flow->blocks, sizeof *work);
  int      *edge  = ude_walk_alloc(s->walk, (size_t)flow->blocks, sizeof *edge);
  int       depth = 0;
  work[depth]     = root;
  edge[depth]     = 0;
  s->number[root] = s->low[root] = ++s->counter;
  s->stack[s->top++]             = root;
  s->on_stack[root]              = true;
  while (depth >= 0) {
    int                   at    = work[depth];
    const ude_flow_block *block = &flow->block[at];
    if (edge[depth] < block->succs) {
      int next = block->succ[edge[depth]++];
      if (next == s->header || flow->block[next].loop != s->within) {
        continue;
      }
      if (!s->number[next]) {
        depth++;
        work[depth]     = next;
        edge[depth]     = 0;
        s->number[next] = s->low[next] = ++s->counter;
        s->stack[s->top++]             = next;
        s->on_stack[next]              = true;
      } else if (s->on_stack[next] && s->number[next] < s->low[at]) {
        s->low[at] = s->number[next];
      }
      continue;
    }
    if (s->low[at] == s->number[at]) {
      int first = s->top;
      do {
        s->on_stack[s->stack[--first]] = false;
      } while (s->stack[first] != at);
      bool cyclic = s->top - first > 1;
      for (int k = 0; k < block->succs && !cyclic; k++) {
        cyclic = block->succ[k] == at;
      }
      if (cyclic) {
        /* The members leave `within`; they are decomposed in their turn. */
        int saved = s->top;
        s->top    = first;
        add_loop(s, s->stack + first, saved - first);
      }
      s->top = first;
    }
    depth--;
    if (depth >= 0 && s->low[at] < s->low[work[depth]]) {
      s->low[work[depth]] = s->low[at];
    }
  }
}

static void find_loops(ude_walk *walk, ude_flow *flow) {
  size_t n      = (size_t)flow->blocks;
  flow->loop    = ude_walk_alloc(walk, n + 1, sizeof *flow->loop);
  flow->loop[0] = (ude_flow_loop){.parent = -1, .header = -1};
  flow->loops   = 1;
  scc_state s   = {.walk = walk, .flow = flow};
  s.number      = ude_walk_alloc(walk, n, sizeof *s.number);
  s.low         = ude_walk_alloc(walk, n, sizeof *s.low);
  s.stack       = ude_walk_alloc(walk, n, sizeof *s.stack);
  s.on_stack    = ude_walk_alloc(walk, n, sizeof *s.on_stack);
  for (int loop = 0; loop < flow->loops; loop++) {
    s.within  = loop;
    s.header  = flow->loop[loop].header;
    s.counter = 0;
    for (size_t b = 0; b < n; b++) {
      s.number[b] = 0;
    }
    for (int b = 0; b < flow->blocks; b++) {
      if (flow->block[b].loop == loop && b != s.header && !s.number[b]) {
        components_from(&s, b);
      }
    }
  }
}

static void add_edges(ude_walk *walk, ude_flow *flow, const ude_map_of *index) {
  int *count = ude_walk_alloc(walk, (size_t)flow->blocks, sizeof *count);
  for (int pass = 0; pass < 2; pass++) {
    for (int b = 0; b < flow->blocks; b++) {
      ude_flow_block *block = &flow->block[b];
      LLVMValueRef    end   = LLVMGetBasicBlockTerminator(block->block);
      unsigned        n     = LLVMGetNumSuccessors(end);
      if (!pass) {
        block->succ = ude_walk_alloc(walk, n, sizeof *block->succ);
      }
      if (pass) {
        continue;
      }
      for (unsigned k = 0; k < n; k++) {
        int  to   = ude_map_get(index, LLVMGetSuccessor(end, k));
        bool seen = false;
        for (int j = 0; j < block->succs; j++) {
          seen = seen || block->succ[j] == to;
        }
        if (!seen) {
          block->succ[block->succs++] = to;
          count[to]++;
        }
      }
    }
  }
  for (int b = 0; b < flow->blocks; b++) {
    flow->block[b].pred = ude_walk_alloc(walk, (size_t)count[b], sizeof(int));
  }
  for (int b = 0; b < flow->blocks; b++) {
    for (int k = 0; k < flow->block[b].succs; k++) {
      ude_flow_block *to    = &flow->block[flow->block[b].succ[k]];
      to->pred[to->preds++] = b;
    }
  }
}

static void mark_returning(ude_flow *flow) {
  for (bool changed = true; changed;) {
    changed = false;
    for (int b = flow->blocks - 1; b >= 0; b--) {
      ude_flow_block *block = &flow->block[b];
      if (block->returns) {
        continue;
      }
      bool returns = LLVMGetInstructionOpcode(LLVMGetBasicBlockTerminator(block->block)) == LLVMRet;
      for (int k = 0; k < block->succs; k++) {
        returns = returns || flow->block[block->succ[k]].returns;
      }
      if (returns) {
        block->returns = changed = true;
      }
    }
  }
}

void ude_flow_build(ude_walk *walk, LLVMValueRef function, ude_flow *flow) {
  size_t             n     = LLVMCountBasicBlocks(function);
  LLVMBasicBlockRef *post  = ude_walk_alloc(walk, n, sizeof(LLVMBasicBlockRef));
  LLVMBasicBlockRef *work  = ude_walk_alloc(walk, n, sizeof(LLVMBasicBlockRef));
  unsigned          *edge  = ude_walk_alloc(walk, n, sizeof *edge);
  ude_map_of         index = {0};
  int                depth = 0, count = 0;
  work[0] = LLVMGetEntryBasicBlock(function);
  ude_map_put(walk, &index, work[0], 0);
  while (depth >= 0) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(work[depth]);
    if (edge[depth] < LLVMGetNumSuccessors(end)) {
      /* Last successor first: reverse postorder then follows the order of the source. */
      unsigned          k    = LLVMGetNumSuccessors(end) - 1 - edge[depth]++;
      LLVMBasicBlockRef next = LLVMGetSuccessor(end, k);
      if (ude_map_get(&index, next) < 0) {
        ude_map_put(walk, &index, next, 0);
        work[++depth] = next;
        edge[depth]   = 0;
      }
    } else {
      post[count++] = work[depth--];
    }
  }
  *flow       = (ude_flow){.blocks = count};
  flow->block = ude_walk_alloc(walk, (size_t)count, sizeof *flow->block);
  for (int b = 0; b < count; b++) {
    flow->block[b].block = post[count - 1 - b];
    ude_map_put(walk, &index, flow->block[b].block, b);
  }
  add_edges(walk, flow, &index);
  find_loops(walk, flow);
  mark_returning(flow);
}
