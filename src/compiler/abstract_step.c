/**
 * @file abstract_step.c
 * @brief Instructions of the abstract machine.
 */
#include <string.h>

#include "compiler/abstract.h"

static void assign(ude_cell *to, const ude_cell *from) {
  to->bits = from->bits;
  to->set  = from->set;
  to->what = from->what;
}

static void move_cells(ude_machine *m, ude_frame *frame, int to, int from, int cells) {
  for (int n = 0; n < cells; n++) {
    ude_cell copy = *ude_read_part(frame, from, n);
    assign(ude_write_cell(m, frame, to + n), &copy);
  }
}

/* ---------------------------------------------------------------------------------- addresses -- */

/* An address stays inside its object, one beyond the end included: that bounds what is not known. */
static void clamp(ude_machine *m, const ude_cell *base, ude_cell *to) {
  const uint64_t *values;
  int             count = ude_cell_values(m, base, &values);
  ude_choice      all   = {.lo = INT64_MAX, .hi = INT64_MIN, .step = 1}, own, range;
  if (count) {
    for (int k = 0; k < count; k++) {
      const ude_object *object = ude_memory_object(m, values[k]);
      if (object) {
        all.lo = (int64_t)object->start < all.lo ? (int64_t)object->start : all.lo;
        all.hi = (int64_t)object->end > all.hi ? (int64_t)object->end : all.hi;
      }
    }
  } else if (base->what != UDE_ANY) {
    ude_cell_range(m, base, UDE_CELL_POINTER, &own);
    const ude_object *first = ude_memory_object(m, (uint64_t)own.lo);
    const ude_object *last  = ude_memory_object(m, (uint64_t)own.hi);
    if (first && last) {
      all.lo = (int64_t)first->start;
      all.hi = (int64_t)last->end;
    }
  }
  if (all.lo > all.hi) {
    return;
  }
  ude_cell_range(m, to, UDE_CELL_POINTER, &range);
  if (to->what == UDE_ANY || range.hi < all.lo || range.lo > all.hi) {
    if (to->what == UDE_ANY) {
      ude_cell_set_range(m, to, UDE_CELL_POINTER, &all);
    }
    return;
  }
  if (range.lo < all.lo) {
    uint64_t gap = (uint64_t)all.lo - (uint64_t)range.lo, step = (uint64_t)range.step;
    range.lo = (int64_t)((uint64_t)all.lo + (gap % step ? step - gap % step : 0));
  }
  range.hi = range.hi > all.hi ? all.hi : range.hi;
  if (range.lo <= range.hi) {
    ude_cell_set_range(m, to, UDE_CELL_POINTER, &range);
  }
}

/* The offset of an index that is not known: what GEPs wrap to does not point into the object. */
static void step_address(ude_machine *m, ude_frame *frame, const ude_op *op) {
  const ude_term *term    = &frame->code->term[op->first];
  ude_cell        base    = *ude_read_cell(frame, op->a);
  ude_cell        sum     = base;
  bool            unknown = false;
  if (!base.what) {
    sum.bits += (uint64_t)op->bytes;
  } else {
    ude_op   add   = {.kind = LLVMAdd, .type = UDE_CELL_POINTER};
    ude_cell bytes = {.bits = (uint64_t)op->bytes};
    ude_integer_binary(m, &add, &base, &bytes, &sum);
    unknown = sum.what == UDE_ANY;
  }
  for (int k = 0; k < op->count; k++) {
    const ude_cell *index = ude_read_cell(frame, term[k].index);
    if (!(sum.what | index->what)) {
      sum.bits += (uint64_t)(ude_sign_extend(index->bits, term[k].width) * term[k].scale);
      sum.set = ude_set_merge(m, sum.set, index->set);
      continue;
    }
    ude_op   wide = {.kind = LLVMSExt, .type = 64, .from = (uint8_t)term[k].width};
    ude_op   mul = {.kind = LLVMMul, .type = 64}, add = {.kind = LLVMAdd, .type = 64};
    ude_cell i = *index, scale = {.bits = (uint64_t)term[k].scale}, offset = {0}, next = {0};
    if (wide.from < 64) {
      ude_cell whole = {0};
      ude_integer_resize(m, &wide, &i, &whole);
      i = whole;
    }
    ude_integer_binary(m, &mul, &i, &scale, &offset);
    ude_integer_binary(m, &add, &sum, &offset, &next);
    sum     = next;
    unknown = unknown || sum.what;
  }
  if (unknown && sum.what) {
    clamp(m, &base, &sum);
  }
  assign(ude_write_cell(m, frame, op->to), &sum);
}

static bool step_local(ude_machine *m, ude_frame *frame, const ude_op *op) {
  const ude_cell *count = ude_read_cell(frame, op->a);
  ude_choice      range = {.hi = (int64_t)count->bits};
  LLVMTypeRef     type  = LLVMTypeOf(LLVMGetOperand(op->source, 0));
  int             width = (int)LLVMGetIntTypeWidth(type);
  if (count->what) {
    ude_cell_range(m, count, width, &range);
  }
  if (range.hi < 0) {
    return false;
  }
  if (range.hi > (INT64_C(1) << 33) / (op->bytes ? op->bytes : 1)) {
    ude_machine_refuse(m, "a local array", "its size depends on the inputs", "give it a bound");
  }
  uint64_t  bytes   = (uint64_t)op->bytes * (uint64_t)range.hi;
  uint64_t  address = ude_memory_allocate(m, &m->stack, bytes);
  ude_cell *to      = ude_write_cell(m, frame, op->to);
  to->bits          = address;
  to->set           = 0;
  to->what          = UDE_KNOWN;
  return true;
}

/* ------------------------------------------------------------------------------------ memory -- */

typedef struct transfer {
  ude_machine *machine;
  ude_frame   *frame;
  ude_cell     address;
  int          cell; /**< operand or register of the next leaf */
  bool         exists;
} transfer;

static void load_leaf(void *context, LLVMTypeRef leaf, int64_t offset) {
  transfer *t    = context;
  int       type = ude_scalar_type(t->machine, leaf);
  int bytes = ude_cell_bytes(type, (int64_t)LLVMStoreSizeOfType(t->machine->walk->layout, leaf));
  ude_cell value = {0};
  t->exists = t->exists && ude_memory_load(t->machine, &t->address, offset, type, bytes, &value);
  assign(ude_write_cell(t->machine, t->frame, t->cell++), &value);
}

static void store_leaf(void *context, LLVMTypeRef leaf, int64_t offset) {
  transfer       *t     = context;
  const ude_cell *value = ude_read_cell(t->frame, t->cell);
  int             type  = ude_scalar_type(t->machine, leaf);
  int bytes = ude_cell_bytes(type, (int64_t)LLVMStoreSizeOfType(t->machine->walk->layout, leaf));
  t->exists = t->exists && ude_memory_store(t->machine, &t->address, offset, type, bytes, value);
  t->cell += t->cell >= 0 ? 1 : -1;
}

static bool step_load(ude_machine *m, ude_frame *frame, const ude_op *op) {
  const ude_cell *address = ude_read_cell(frame, op->a);
  if (op->cells == 1 && op->type == UDE_CELL_DOUBLE && !(address->what | address->set)) {
    const ude_word *word = ude_memory_word(m, address->bits);
    if (word && !(address->bits & 7) && word->what[0] == word->what[1] &&
        word->set[0] == word->set[1] &&
        (!word->what[0] || word->what[0] == UDE_HALF(15, UDE_PART_WHOLE, UDE_ANY))) {
      ude_cell *to = ude_write_cell(m, frame, op->to);
      to->bits     = word->bits;
      to->set      = word->set[0];
      to->what     = word->what[0] ? UDE_ANY : UDE_KNOWN;
      return true;
    }
  }
  transfer t = {.machine = m, .frame = frame, .address = *address, .cell = op->to, .exists = true};
  ude_type_leaves(m, LLVMTypeOf(op->source), 0, load_leaf, &t);
  return t.exists;
}

static bool step_store(ude_machine *m, ude_frame *frame, const ude_op *op) {
  const ude_cell *address = ude_read_cell(frame, op->b);
  transfer t = {.machine = m, .frame = frame, .address = *address, .cell = op->a, .exists = true};
  ude_type_leaves(m, LLVMTypeOf(LLVMGetOperand(op->source, 0)), 0, store_leaf, &t);
  return t.exists;
}

/* ----------------------------------------------------------------------------------- vectors -- */

static void step_select(ude_machine *m, ude_frame *frame, const ude_op *op) {
  for (int n = 0; n < op->cells; n++) {
    ude_cell condition = *ude_read_part(frame, op->a, op->count > 1 ? n : 0);
    ude_cell value     = *ude_read_part(frame, op->b, n);
    ude_cell other     = *ude_read_part(frame, op->c, n);
    if (!condition.what) {
      value = condition.bits ? value : other;
    } else {
      ude_cell_join(m, &value, &other, frame->code->type[op->to + n]);
    }
    assign(ude_write_cell(m, frame, op->to + n), &value);
  }
}

static void step_element(ude_machine *m, ude_frame *frame, const ude_op *op) {
  ude_cell index = *ude_read_cell(frame, op->b), value;
  if (!index.what) {
    value = *ude_read_part(frame, op->a, (int)(index.bits % (unsigned)op->count));
  } else {
    value = *ude_read_part(frame, op->a, 0);
    for (int n = 1; n < op->count; n++) {
      ude_cell_join(m, &value, ude_read_part(frame, op->a, n), op->type);
    }
  }
  assign(ude_write_cell(m, frame, op->to), &value);
}

static void step_replace(ude_machine *m, ude_frame *frame, const ude_op *op) {
  ude_cell index = *ude_read_cell(frame, op->c), value = *ude_read_cell(frame, op->b);
  for (int n = 0; n < op->cells; n++) {
    ude_cell old = *ude_read_part(frame, op->a, n);
    if (index.what) {
      ude_cell_join(m, &old, &value, op->type);
    } else if (index.bits == (unsigned)n) {
      old = value;
    }
    assign(ude_write_cell(m, frame, op->to + n), &old);
  }
}

static void step_shuffle(ude_machine *m, ude_frame *frame, const ude_op *op) {
  for (int n = 0; n < op->cells; n++) {
    int      lane  = frame->code->lane[op->first + n];
    ude_cell value = {0};
    if (lane >= 0) {
      value = lane < op->count ? *ude_read_part(frame, op->a, lane)
                               : *ude_read_part(frame, op->b, lane - op->count);
    }
    assign(ude_write_cell(m, frame, op->to + n), &value);
  }
}

/* Through memory, which knows how bytes go together. */
static bool step_bitcast(ude_machine *m, ude_frame *frame, const ude_op *op) {
  size_t      words   = m->stack.words;
  int         objects = m->stack.objects;
  LLVMTypeRef from    = LLVMTypeOf(LLVMGetOperand(op->source, 0));
  uint64_t    size    = LLVMStoreSizeOfType(m->walk->layout, from);
  ude_cell    place   = {.bits = ude_memory_allocate(m, &m->stack, size)};
  transfer    out = {.machine = m, .frame = frame, .address = place, .cell = op->a, .exists = true};
  transfer    in = {.machine = m, .frame = frame, .address = place, .cell = op->to, .exists = true};
  ude_type_leaves(m, from, 0, store_leaf, &out);
  ude_type_leaves(m, LLVMTypeOf(op->source), 0, load_leaf, &in);
  m->stack.words   = words;
  m->stack.objects = objects;
  return out.exists && in.exists;
}

/* ------------------------------------------------------------------------------------- steps -- */

typedef void (*binary_step)(ude_machine *, const ude_op *, const ude_cell *, const ude_cell *,
                            ude_cell *);

static void each_pair(ude_machine *m, ude_frame *frame, const ude_op *op, binary_step step) {
  for (int n = 0; n < op->cells; n++) {
    ude_cell *to = ude_write_cell(m, frame, op->to + n);
    step(m, op, ude_read_part(frame, op->a, n), ude_read_part(frame, op->b, n), to);
  }
}

typedef void (*unary_step)(ude_machine *, const ude_op *, const ude_cell *, ude_cell *);

static void each_cell(ude_machine *m, ude_frame *frame, const ude_op *op, unary_step step) {
  for (int n = 0; n < op->cells; n++) {
    ude_cell *to = ude_write_cell(m, frame, op->to + n);
    step(m, op, ude_read_part(frame, op->a, n), to);
  }
}

bool ude_machine_step(ude_machine *m, ude_frame *frame, const ude_op *op) {
  switch (op->code) {
  case UDE_OP_MOVE: move_cells(m, frame, op->to, op->a, op->cells); return true;
  case UDE_OP_INTEGER: each_pair(m, frame, op, ude_integer_binary); return true;
  case UDE_OP_RESIZE: each_cell(m, frame, op, ude_integer_resize); return true;
  case UDE_OP_COMPARE: each_pair(m, frame, op, ude_integer_compare); return true;
  case UDE_OP_REAL: each_pair(m, frame, op, ude_real_binary); return true;
  case UDE_OP_NEGATE: each_cell(m, frame, op, ude_real_negate); return true;
  case UDE_OP_REAL_COMPARE: each_pair(m, frame, op, ude_real_compare); return true;
  case UDE_OP_CONVERT: each_cell(m, frame, op, ude_real_convert); return true;
  case UDE_OP_SELECT: step_select(m, frame, op); return true;
  case UDE_OP_LOAD: return step_load(m, frame, op);
  case UDE_OP_STORE: return step_store(m, frame, op);
  case UDE_OP_ADDRESS: step_address(m, frame, op); return true;
  case UDE_OP_LOCAL: return step_local(m, frame, op);
  case UDE_OP_ELEMENT: step_element(m, frame, op); return true;
  case UDE_OP_REPLACE: step_replace(m, frame, op); return true;
  case UDE_OP_REPLACE_PART:
    move_cells(m, frame, op->to, op->a, op->cells);
    move_cells(m, frame, op->to + op->first, op->b, op->count);
    return true;
  case UDE_OP_SHUFFLE: step_shuffle(m, frame, op); return true;
  case UDE_OP_BITCAST: return step_bitcast(m, frame, op);
  case UDE_OP_CALL: return ude_machine_call(m, frame, op);
  case UDE_OP_STOP: return false;
  default:
    ude_machine_refuse(m, "an instruction", "no transform follows it",
                       "write it in plain C arithmetic");
  }
}
