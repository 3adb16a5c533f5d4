/**
 * @file abstract.c
 * @brief Life of the abstract machine: memory, messages, collection of index sets.
 */
#include "compiler/abstract.h"

#include <stdlib.h>
#include <string.h>

enum { COLLECT_AT = 1 << 26, ROUNDS_IN_ALL = 1 << 18 };

_Noreturn void ude_machine_memory(ude_machine *m) {
  longjmp(m->walk->leave, (int)ude_fail_memory(m->walk->error, "a sparsity pattern"));
}

_Noreturn void ude_machine_refuse(ude_machine *m, const char *what, const char *why,
                                  const char *advice) {
  if (!m->at) {
    ude_walk_leave(m->walk, UDE_INTERNAL, why);
  }
  ude_refuse(m->walk, m->at->source, what, why, advice);
}

void *ude_machine_grow(ude_machine *m, void *block, int count, int *capacity, size_t size) {
  if (count < *capacity) {
    return block;
  }
  int wanted = *capacity ? 2 * *capacity : 16;
  if (*capacity > INT32_MAX / 2) {
    ude_machine_memory(m);
  }
  void *wider = ude_realloc(block, (size_t)wanted, size);
  if (!wider) {
    ude_machine_memory(m);
  }
  *capacity = wanted;
  return wider;
}

static void no_memory(void *context) {
  ude_machine_memory(context);
}

bool ude_machine_open(ude_machine *m, ude_walk *walk, bool second, bool path) {
  size_t rules = 0;
  while (ude_rules[rules].arity) {
    rules++;
  }
  *m                  = (ude_machine){.walk = walk, .second = second, .path = path};
  m->stack            = (ude_region){.base = UDE_STACK_BASE};
  m->heap             = (ude_region){.base = UDE_HEAP_BASE};
  m->code             = ude_calloc((size_t)walk->functions + 1, sizeof(ude_code *));
  m->shape            = ude_calloc(rules + 1, sizeof *m->shape);
  m->jet_memo         = second ? ude_calloc(UDE_SET_MEMO, sizeof *m->jet_memo) : NULL;
  m->version          = ude_calloc(16, sizeof *m->version);
  bool sets           = ude_sets_open(&m->sets, no_memory, m);
  m->versions         = 1;
  m->version_capacity = 16;
  m->collect_at       = COLLECT_AT;
  m->rounds_left      = ROUNDS_IN_ALL;
  if (second) {
    m->jet          = ude_calloc(16, sizeof *m->jet);
    m->jets         = 1; /* the empty one */
    m->jet_capacity = 16;
  }
  return m->code && m->shape && m->version && sets && (!second || (m->jet_memo && m->jet));
}

static void close_code(ude_code *code) {
  if (code) {
    free(code->op);
    free(code->constant);
    free(code->term);
    free(code->move);
    free(code->edge);
    free(code->lane);
  }
}

void ude_machine_close(ude_machine *m) {
  for (ude_frame *frame = m->frame, *caller; frame; frame = caller) {
    caller = frame->caller;
    free(frame->pending);
    free(frame->next);
    free(frame);
  }
  for (int f = 0; m->code && f < m->walk->functions; f++) {
    close_code(m->code[f]);
  }
  for (int k = 0; k < m->versions && m->version; k++) {
    free(m->version[k].log);
  }
  void *const blocks[] = {m->code,
                          m->shape,
                          m->jet_memo,
                          m->version,
                          m->jet,
                          m->choice,
                          m->value,
                          m->product,
                          m->choice_table.slot,
                          m->jet_table.slot,
                          m->product_table.slot,
                          m->stack.word,
                          m->stack.object,
                          m->heap.word,
                          m->heap.object,
                          m->freed,
                          m->global,
                          m->global_address,
                          m->callee,
                          m->unused,
                          m->scratch};
  for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) {
    free(blocks[k]);
  }
  ude_sets_close(&m->sets);
  *m = (ude_machine){0};
}

static void move_words(ude_machine *m, ude_region *region) {
  for (size_t k = 0; k < region->highest; k++) {
    ude_word *word = &region->word[k];
    word->set[0]   = ude_sets_move(&m->sets, word->set[0]);
    word->set[1]   = ude_sets_move(&m->sets, word->set[1]);
  }
}

/* Keeps what registers, memory and versions still hold; pairs for second derivatives are kept for good. */
void ude_machine_collect(ude_machine *m) {
  if (m->second || !ude_sets_move_begin(&m->sets)) {
    m->collect_at *= 2;
    return;
  }
  for (ude_frame *frame = m->frame; frame; frame = frame->caller) {
    for (int k = 0; k < frame->code->cells; k++) {
      frame->cell[k].set = ude_sets_move(&m->sets, frame->cell[k].set);
    }
  }
  move_words(m, &m->stack);
  move_words(m, &m->heap);
  for (int k = 0; k < m->versions; k++) {
    const ude_world *v = &m->version[k];
    for (int i = 0; i < v->entries; i++) {
      v->log[i].value.set[0] = ude_sets_move(&m->sets, v->log[i].value.set[0]);
      v->log[i].value.set[1] = ude_sets_move(&m->sets, v->log[i].value.set[1]);
    }
  }
  ude_sets_move_end(&m->sets);
  m->collect_at = 2 * m->sets.used > COLLECT_AT ? 2 * m->sets.used : COLLECT_AT;
}
