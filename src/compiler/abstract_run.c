/**
 * @file abstract_run.c
 * @brief Control flow of the abstract machine: which block in which version comes next, rounds of loops.
 *
 * With one version the machine just follows the program. After a branch on something unknown several
 * versions wait at positions of the function; the first position in order goes first, so that versions meet
 * wherever they can, and a loop is finished, round by round, before anything behind it. A way back to a
 * header waits until the round is over everywhere.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/abstract.h"

enum {
  ROUNDS      = 4096, /**< of a loop whose exits are all unknown, before it is widened */
  ROUNDS_MORE = 8,    /**< the same when many have been taken already */
  ROUNDS_MOST = 1 << 20
};

/* ------------------------------------------------------------------------------------ edges -- */

static void take_moves(ude_machine *m, ude_frame *frame, const ude_edge *edge) {
  const ude_move *move = &frame->code->move[edge->first];
  if (edge->count == 1 && move->cells == 1) {
    ude_cell  from = *ude_read_cell(frame, move->from);
    ude_cell *to   = ude_write_cell(m, frame, move->to);
    to->bits       = from.bits;
    to->set        = from.set;
    to->what       = from.what;
    return;
  }
  /* All are read before any is written. */
  ude_cell small[64], *copy = small;
  int      cells = 0, at = 0;
  for (int k = 0; k < edge->count; k++) {
    cells += move[k].cells;
  }
  if (cells > 64) {
    copy = ude_walk_alloc(m->walk, (size_t)cells, sizeof *copy);
  }
  for (int k = 0; k < edge->count; k++) {
    for (int n = 0; n < move[k].cells; n++) {
      copy[at++] = *ude_read_part(frame, move[k].from, n);
    }
  }
  for (int from = 0, n = 0; from < at; from++, n++) {
    while (n == move->cells) {
      move++;
      n = 0;
    }
    ude_cell *to = ude_write_cell(m, frame, move->to + n);
    to->bits     = copy[from].bits;
    to->set      = copy[from].set;
    to->what     = copy[from].what;
  }
}

static bool inside(const ude_code *code, int loop, int position) {
  return position >= code->header[loop] && position < code->end[loop];
}

/* The loop that goes into its next round on this edge; 0: none. */
static int round_of(const ude_code *code, const ude_edge *edge) {
  if (edge->to > edge->from) {
    return 0;
  }
  int loop = code->loop[edge->to];
  return loop > 0 && code->header[loop] == edge->to && inside(code, loop, edge->from) ? loop : 0;
}

static void wait_at(ude_machine *m, ude_pending **list, int *count, int *capacity, int position) {
  for (int k = 0; k < *count; k++) {
    if ((*list)[k].position == position) {
      int merged         = ude_version_merge(m, (*list)[k].version);
      (*list)[k].version = merged;
      return;
    }
  }
  *list                         = ude_machine_grow(m, *list, *count, capacity, sizeof **list);
  (*list)[*count]               = (ude_pending){position, m->current};
  *count                        = *count + 1;
  m->version[m->current].parked = true;
}

/* The current version (a fork) waits at the end of the edge. */
static void park(ude_machine *m, ude_frame *frame, const ude_edge *edge) {
  const ude_code *code = frame->code;
  take_moves(m, frame, edge);
  for (int loop = code->loop[edge->from]; loop > 0; loop = code->outer[loop]) {
    if (!inside(code, loop, edge->to)) {
      frame->rounds[loop].left = true;
    }
  }
  int loop = round_of(code, edge);
  if (loop) {
    wait_at(m, &frame->next, &frame->next_count, &frame->next_capacity, loop);
  } else {
    wait_at(m, &frame->pending, &frame->pending_count, &frame->pending_capacity, edge->to);
  }
}

static void forget_last(ude_machine *m, ude_rounds *rounds) {
  int last = rounds->last;
  if (last < 0) {
    return;
  }
  rounds->last            = -1;
  m->version[last].parked = false;
  ude_version_drop(m, last); /* only if nothing grew out of it */
}

/* A loop that is entered anew forgets its rounds. */
static void enter_loops(ude_machine *m, ude_frame *frame, int from, int to) {
  const ude_code *code = frame->code;
  for (int loop = code->loop[to]; loop > 0 && (from < 0 || !inside(code, loop, from));
       loop     = code->outer[loop]) {
    forget_last(m, &frame->rounds[loop]);
    frame->rounds[loop] = (ude_rounds){.last = -1};
  }
}

/* ------------------------------------------------------------------------------------ rounds -- */

/* Begin the next round of a loop in the current version; false: it brings nothing new. */
static bool next_round(ude_machine *m, ude_frame *frame, int loop) {
  ude_rounds *rounds = &frame->rounds[loop];
  if (!rounds->left) {
    return true;
  }
  rounds->count++;
  if (rounds->last >= 0) {
    if (ude_version_settled(m, rounds->last)) {
      int now                = m->current;
      m->version[now].parked = false;
      ude_version_drop(m, now);
      forget_last(m, rounds);
      return false;
    }
    int most = rounds->bounded ? ROUNDS_MOST : m->rounds_left > 0 ? ROUNDS : ROUNDS_MORE;
    m->rounds_left -= !rounds->bounded;
    if (rounds->count > most) {
      ude_version_widen(m, rounds->last);
    }
    m->version[rounds->last].parked = false;
    rounds->last                    = -1;
  }
  rounds->bounded = false;
  ude_version_collapse(m, frame->base);
  if (m->current == frame->base) {
    m->current = ude_version_fork(m, frame->base);
  }
  rounds->last                  = m->current;
  m->version[m->current].parked = true;
  m->current                    = ude_version_fork(m, m->current);
  return true;
}

/* Does anything wait in the loop, or for a round of it or of a loop inside? */
static bool is_busy(const ude_frame *frame, int loop) {
  const ude_code *code = frame->code;
  for (int k = 0; k < frame->pending_count; k++) {
    if (inside(code, loop, frame->pending[k].position)) {
      return true;
    }
  }
  for (int k = 0; k < frame->next_count; k++) {
    if (inside(code, loop, code->header[frame->next[k].position])) {
      return true;
    }
  }
  return false;
}

/* The next version to go on with becomes current; its position, -1: none is left. */
static int pick(ude_machine *m, ude_frame *frame) {
  const ude_code *code = frame->code;
  for (;;) {
    int first = -1, round = -1;
    for (int loop = 1; loop < code->loops; loop++) {
      if (frame->rounds[loop].last >= 0 && !is_busy(frame, loop)) {
        forget_last(m, &frame->rounds[loop]);
      }
    }
    for (int k = 0; k < frame->pending_count; k++) {
      if (first < 0 || frame->pending[k].position < frame->pending[first].position) {
        first = k;
      }
    }
    for (int k = 0; k < frame->next_count; k++) {
      int  loop = frame->next[k].position;
      bool busy = false;
      for (int i = 0; i < frame->pending_count; i++) {
        busy = busy || inside(code, loop, frame->pending[i].position);
      }
      if (!busy && (round < 0 || code->depth[loop] > code->depth[frame->next[round].position])) {
        round = k;
      }
    }
    if (round >= 0) {
      ude_pending entry  = frame->next[round];
      frame->next[round] = frame->next[--frame->next_count];
      ude_version_switch(m, entry.version);
      m->version[entry.version].parked = false;
      if (next_round(m, frame, entry.position)) {
        return code->header[entry.position];
      }
      continue;
    }
    if (first < 0) {
      return -1;
    }
    ude_pending entry     = frame->pending[first];
    frame->pending[first] = frame->pending[--frame->pending_count];
    ude_version_switch(m, entry.version);
    m->version[entry.version].parked = false;
    ude_version_collapse(m, frame->base);
    return entry.position;
  }
}

/* ---------------------------------------------------------------------------------- branches -- */

/* What is known of a register's value holds for what it was computed from: x + c and extensions of x tell x. */
static bool refine_source(ude_machine *m, ude_frame *frame, int known) {
  const ude_code *code = frame->code;
  for (int depth = 0; depth < 4 && known >= 0 && code->defined[known] >= 0; depth++) {
    const ude_op *op   = &code->op[code->defined[known]];
    bool          sum  = op->code == UDE_OP_INTEGER && op->kind == LLVMAdd && op->b < 0;
    bool          wide = op->code == UDE_OP_RESIZE && op->kind != LLVMTrunc;
    ude_cell      from = {0};
    if (op->cells != 1 || op->a < 0 || (!sum && !wide) || !frame->cell[op->a].what) {
      return true;
    }
    if (sum) {
      ude_op minus = {.kind = LLVMSub, .type = op->type};
      ude_integer_binary(m, &minus, &frame->cell[known], ude_read_cell(frame, op->b), &from);
    } else {
      ude_op narrow = {.kind = LLVMTrunc, .type = op->from, .from = op->type};
      ude_integer_resize(m, &narrow, &frame->cell[known], &from);
    }
    if (from.what == UDE_ANY) {
      return true;
    }
    ude_cell *x    = ude_write_cell(m, frame, op->a);
    int       type = sum ? op->type : op->from;
    if (!ude_integer_keep(m, x, &from, type)) {
      return false;
    }
    known = op->a;
  }
  return true;
}

/* What the condition of a branch says of the registers that it compares. False: it cannot be. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool refine(ude_machine *m, ude_frame *frame, int condition, bool truth, int depth) {
  const ude_code *code = frame->code;
  if (condition < 0 || code->defined[condition] < 0 || depth > 4) {
    return true;
  }
  const ude_op *op = &code->op[code->defined[condition]];
  ude_cell     *c  = ude_write_cell(m, frame, condition);
  c->bits          = truth;
  c->what          = UDE_KNOWN;
  if (op->cells != 1) {
    return true;
  }
  if (op->code == UDE_OP_COMPARE) {
    static const int swapped[][2] = {{LLVMIntUGT, LLVMIntULT}, {LLVMIntUGE, LLVMIntULE},
                                     {LLVMIntULT, LLVMIntUGT}, {LLVMIntULE, LLVMIntUGE},
                                     {LLVMIntSGT, LLVMIntSLT}, {LLVMIntSGE, LLVMIntSLE},
                                     {LLVMIntSLT, LLVMIntSGT}, {LLVMIntSLE, LLVMIntSGE}};
    int              other        = op->kind;
    for (size_t k = 0; k < sizeof swapped / sizeof *swapped; k++) {
      other = swapped[k][0] == op->kind ? swapped[k][1] : other;
    }
    if (op->a >= 0 && frame->cell[op->a].what) {
      ude_cell *a = ude_write_cell(m, frame, op->a);
      if (!ude_integer_refine(m, op->kind, truth, op->from, a, ude_read_cell(frame, op->b)) ||
          !refine_source(m, frame, op->a)) {
        return false;
      }
    }
    if (op->b >= 0 && frame->cell[op->b].what) {
      ude_cell *b = ude_write_cell(m, frame, op->b);
      return ude_integer_refine(m, other, truth, op->from, b, ude_read_cell(frame, op->a)) &&
             refine_source(m, frame, op->b);
    }
    return true;
  }
  bool both = op->code == UDE_OP_INTEGER &&
              ((op->kind == LLVMAnd && truth) || (op->kind == LLVMOr && !truth));
  bool logical = op->code == UDE_OP_SELECT && op->type == 1;
  if (logical && truth && op->c < 0 && ude_cell_constant(ude_read_cell(frame, op->c)) &&
      !ude_read_cell(frame, op->c)->bits) { /* a && b */
    both = true;
  }
  if (both) {
    return refine(m, frame, op->a, truth, depth + 1) && refine(m, frame, op->b, truth, depth + 1);
  }
  if (logical && !truth && op->b < 0 && ude_cell_constant(ude_read_cell(frame, op->b)) &&
      ude_read_cell(frame, op->b)->bits) { /* a || b */
    return refine(m, frame, op->a, truth, depth + 1) && refine(m, frame, op->c, truth, depth + 1);
  }
  if (op->code == UDE_OP_INTEGER && op->kind == LLVMXor && op->b < 0 &&
      ude_read_cell(frame, op->b)->bits == 1) { /* not */
    return refine(m, frame, op->a, !truth, depth + 1);
  }
  return true;
}

/* Go one of the unknown ways; `from` becomes a frozen version. */
static void try_edge(ude_machine *m, ude_frame *frame, int from, const ude_edge *edge,
                     const ude_op *op, bool truth, const uint64_t *match) {
  int way = ude_version_fork(m, from);
  ude_version_switch(m, way);
  bool possible = true;
  if (op->code == UDE_OP_BRANCH) {
    possible = refine(m, frame, op->a, truth, 0);
  } else if (match && op->a >= 0) {
    ude_cell *value = ude_write_cell(m, frame, op->a);
    value->bits     = *match;
    value->what     = UDE_KNOWN;
  }
  if (possible) {
    park(m, frame, edge);
  } else {
    ude_version_drop(m, way);
  }
}

/* Where no way was possible, nothing is left of the version. */
static void end_tries(ude_machine *m, ude_frame *frame, int from) {
  m->version[from].children--;
  if (!m->version[from].children && from != frame->base) {
    ude_version_drop(m, from);
  }
}

static bool may_be(ude_machine *m, const ude_cell *cell, uint64_t value, int width) {
  ude_cell known = {.bits = value, .set = 0};
  ude_cell plain = {.bits = cell->bits, .what = cell->what};
  return ude_cell_within(m, &known, &plain, width);
}

/* An exit of the loops that hold `from` is known not to be taken. */
static void note_bounds(ude_frame *frame, const ude_edge *taken, const ude_edge *all, int count) {
  const ude_code *code = frame->code;
  for (int loop = code->loop[taken->from]; loop > 0; loop = code->outer[loop]) {
    for (int k = 0; k < count; k++) {
      if (!inside(code, loop, all[k].to)) {
        frame->rounds[loop].bounded = true;
      }
    }
  }
}

/* Control goes along a known edge; the position to go on at, -1: pick. */
static int follow(ude_machine *m, ude_frame *frame, const ude_edge *edge) {
  if (m->current == frame->base) { /* one version only */
    take_moves(m, frame, edge);
    enter_loops(m, frame, edge->from, edge->to);
    return edge->to;
  }
  if (!round_of(frame->code, edge) && edge->to == edge->from + 1) {
    bool meets = false;
    for (int k = 0; k < frame->pending_count; k++) {
      meets = meets || frame->pending[k].position <= edge->to;
    }
    bool leaves = false;
    for (int loop = frame->code->loop[edge->from]; loop > 0; loop = frame->code->outer[loop]) {
      leaves = leaves || !inside(frame->code, loop, edge->to);
    }
    if (!meets && !leaves) {
      take_moves(m, frame, edge);
      enter_loops(m, frame, edge->from, edge->to);
      return edge->to;
    }
  }
  enter_loops(m, frame, edge->from, edge->to);
  park(m, frame, edge);
  return -1;
}

static int branch(ude_machine *m, ude_frame *frame, const ude_op *op) {
  const ude_edge *edges = &frame->code->edge[op->first];
  const ude_cell  c     = *ude_read_cell(frame, op->a);
  if (!c.what) {
    const ude_edge *taken = &edges[c.bits ? 0 : 1];
    if (m->current != frame->base) {
      note_bounds(frame, taken, edges, 2);
    }
    return follow(m, frame, taken);
  }
  int from = m->current;
  m->version[from].children++; /* keep it until every way has been tried */
  for (int k = 0; k < 2; k++) {
    enter_loops(m, frame, edges[k].from, edges[k].to);
    try_edge(m, frame, from, &edges[k], op, k == 0, NULL);
  }
  end_tries(m, frame, from);
  return -1;
}

static int switch_to(ude_machine *m, ude_frame *frame, const ude_op *op) {
  const ude_edge *edges = &frame->code->edge[op->first];
  const ude_cell  c     = *ude_read_cell(frame, op->a);
  int             from  = m->current;
  if (!c.what) {
    int taken = 0;
    for (int k = 1; k <= op->count; k++) {
      taken = edges[k].match == c.bits ? k : taken;
    }
    if (m->current != frame->base) {
      note_bounds(frame, &edges[taken], edges, op->count + 1);
    }
    return follow(m, frame, &edges[taken]);
  }
  const uint64_t *values;
  int             count = ude_cell_values(m, &c, &values), cases = 0;
  m->version[from].children++;
  for (int k = 1; k <= op->count; k++) {
    if (may_be(m, &c, edges[k].match, op->from)) {
      cases++;
      enter_loops(m, frame, edges[k].from, edges[k].to);
      try_edge(m, frame, from, &edges[k], op, true, &edges[k].match);
    }
  }
  if (!count || cases < count) {
    enter_loops(m, frame, edges->from, edges->to);
    try_edge(m, frame, from, edges, op, true, NULL);
  }
  end_tries(m, frame, from);
  return -1;
}

/* -------------------------------------------------------------------------------------- runs -- */

static int leave(ude_machine *m, ude_frame *frame, const ude_op *op, int position) {
  const ude_code *code = frame->code;
  ude_move        move = {op->a, op->to, op->cells};
  for (int n = 0; n < move.cells; n++) {
    ude_cell  from = *ude_read_part(frame, move.from, n);
    ude_cell *to   = ude_write_cell(m, frame, move.to + n);
    to->bits       = from.bits;
    to->set        = from.set;
    to->what       = from.what;
  }
  if (m->current == frame->base) {
    return code->positions;
  }
  for (int loop = code->loop[position]; loop > 0; loop = code->outer[loop]) {
    frame->rounds[loop].left = true;
  }
  wait_at(m, &frame->pending, &frame->pending_count, &frame->pending_capacity, code->positions);
  return -1;
}

/* Run the instructions of a block; where to go on, -1: pick. */
static int run_block(ude_machine *m, ude_frame *frame, int position) {
  const ude_code *code = frame->code;
  for (const ude_op *op = &code->op[code->start[position]];; op++) {
    m->at = op;
    switch (op->code) {
    case UDE_OP_JUMP: return follow(m, frame, &code->edge[op->first]);
    case UDE_OP_BRANCH: return branch(m, frame, op);
    case UDE_OP_SWITCH: return switch_to(m, frame, op);
    case UDE_OP_RETURN: return leave(m, frame, op, position);
    default: break;
    }
    if (!ude_machine_step(m, frame, op)) {
      if (m->current == frame->base) {
        return code->positions + 1; /* nothing else waits: the call does not return */
      }
      int dead = m->current;
      ude_version_drop(m, dead);
      return -1;
    }
  }
}

bool ude_machine_run(ude_machine *m, ude_frame *frame) {
  const ude_code *code     = frame->code;
  int             position = 0;
  enter_loops(m, frame, -1, 0);
  while (position < code->positions) {
    if (m->sets.used > m->collect_at) {
      ude_machine_collect(m);
    }
    position = run_block(m, frame, position);
    if (position < 0) {
      position = pick(m, frame);
      if (position < 0) {
        return false;
      }
    }
  }
  return position == code->positions;
}

ude_frame *ude_frame_open(ude_machine *m, int function) {
  const ude_code *code  = ude_machine_code(m, function);
  size_t          cells = (size_t)code->cells, loops = (size_t)code->loops;
  size_t          head = (sizeof(ude_frame) + 15) / 16 * 16;
  ude_frame *frame = ude_calloc(1, head + cells * sizeof(ude_cell) + loops * sizeof(ude_rounds));
  if (!frame) {
    ude_machine_memory(m);
  }
  frame->code   = code;
  frame->cell   = (ude_cell *)(void *)((char *)frame + head);
  frame->rounds = (ude_rounds *)(void *)(frame->cell + cells);
  for (size_t k = 0; k < loops; k++) {
    frame->rounds[k].last = -1;
  }
  frame->stack_words   = m->stack.words;
  frame->stack_objects = m->stack.objects;
  return frame;
}

void ude_frame_close(ude_machine *m, ude_frame *frame) {
  m->stack.words   = frame->stack_words;
  m->stack.objects = frame->stack_objects;
  free(frame->pending);
  free(frame->next);
  free(frame);
}
