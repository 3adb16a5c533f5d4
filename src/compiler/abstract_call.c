/**
 * @file abstract_call.c
 * @brief Calls of the abstract machine: functions with bodies, the rule table, memory, everything else.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/abstract.h"
#include "compiler/user_rule.h"

enum { DEEPEST = 2000 };

static void assign(ude_cell *to, const ude_cell *from) {
  to->bits = from->bits;
  to->set  = from->set;
  to->what = from->what;
}

static void set_result(ude_machine *m, ude_frame *frame, const ude_op *op, const ude_cell *value) {
  for (int n = 0; n < op->cells; n++) {
    assign(ude_write_cell(m, frame, op->to + n), value);
  }
}

/* ------------------------------------------------------------------------ functions with bodies -- */

static bool call_body(ude_machine *m, ude_frame *frame, const ude_op *op, int function) {
  if (m->depth >= DEEPEST) {
    ude_machine_refuse(m, "a recursive call", "it has no bound that does not depend on the inputs",
                       "give the recursion a greatest depth, or use a loop");
  }
  ude_frame *callee = ude_frame_open(m, function);
  callee->caller    = frame;
  callee->base      = m->current;
  unsigned params   = LLVMCountParams(m->walk->function[function].value);
  for (unsigned k = 0; k < params && (int)k < op->count; k++) {
    int cells = (k + 1 < params ? callee->code->param[k + 1] : callee->code->first_local) -
                callee->code->param[k];
    for (int n = 0; n < cells; n++) {
      assign(&callee->cell[callee->code->param[k] + n],
             ude_read_part(frame, ude_argument(frame, op, (int)k), n));
    }
  }
  m->frame = callee;
  m->depth++;
  bool returns = ude_machine_run(m, callee);
  m->depth--;
  m->frame = frame;
  for (int n = 0; n < op->cells && returns; n++) {
    assign(ude_write_cell(m, frame, op->to + n), &callee->cell[callee->code->result + n]);
  }
  ude_frame_close(m, callee);
  m->at = op;
  return returns;
}

/* The function at an address that this call may have; -1: none. */
static int function_at(ude_machine *m, const ude_op *op, uint64_t address) {
  uint64_t k = (address - UDE_FUNCTION_BASE) / 16;
  if (address < UDE_FUNCTION_BASE || k >= (unsigned)m->callees) {
    return -1;
  }
  LLVMValueRef callee = m->callee[k];
  if (LLVMGlobalGetValueType(callee) != LLVMGetCalledFunctionType(op->source)) {
    return -1;
  }
  int function = ude_walk_function(m->walk, callee);
  if (function < 0) {
    ude_refuse_call(m->walk, op->source, "it may go to a function whose body is not visible",
                    "add its C source to the model, or compute without it");
  }
  return function;
}

static bool call_pointer(ude_machine *m, ude_frame *frame, const ude_op *op) {
  const ude_cell  target = *ude_read_cell(frame, op->a);
  const uint64_t *values;
  uint64_t        copy[UDE_CHOICES];
  int             count = ude_cell_values(m, &target, &values), from = m->current, done = -1;
  if (!count) {
    ude_refuse_call(m->walk, op->source, "the function that it goes to depends on the inputs",
                    "choose among functions with a switch");
  }
  if (count == 1) {
    int function = function_at(m, op, values[0]);
    return function >= 0 && call_body(m, frame, op, function);
  }
  memcpy(copy, values, (size_t)count * sizeof *copy);
  m->version[from].children++; /* keep it until every callee has been called */
  for (int k = 0; k < count; k++) {
    int function = function_at(m, op, copy[k]);
    if (function < 0) {
      continue;
    }
    int way = ude_version_fork(m, from);
    ude_version_switch(m, way);
    if (!call_body(m, frame, op, function)) {
      int dead = m->current;
      ude_version_drop(m, dead);
    } else if (done < 0) {
      done                    = m->current;
      m->version[done].parked = true;
    } else {
      done = ude_version_merge(m, done);
    }
  }
  m->version[from].children--;
  ude_version_switch(m, done < 0 ? from : done);
  if (done < 0) {
    return false;
  }
  m->version[done].parked = false;
  ude_version_collapse(m, frame->base);
  return true;
}

/* -------------------------------------------------------------------------------- rule table -- */

static void call_rule(ude_machine *m, ude_frame *frame, const ude_op *op) {
  const ude_rule *rule = &ude_rules[op->b];
  for (int n = 0; n < op->cells; n++) {
    const ude_cell *argument[UDE_RULE_ARGUMENTS];
    for (int k = 0; k < rule->arity; k++) {
      bool vector = (op->bytes & UDE_ARGUMENT_IS_VECTOR << k) != 0;
      argument[k] = ude_read_part(frame, ude_argument(frame, op, k), vector ? n : 0);
    }
    ude_cell result = {0};
    ude_real_rule(m, op, rule, argument, &result);
    assign(ude_write_cell(m, frame, op->to + n), &result);
  }
  for (int k = 0; k < rule->arity; k++) { /* the exponent of frexp, the sign of lgamma_r */
    if (op->bytes & UDE_ARGUMENT_IS_POINTER << k) {
      ude_cell unknown = {.what = UDE_ANY};
      ude_memory_store(m, ude_read_cell(frame, ude_argument(frame, op, k)), 0, 32, 4, &unknown);
    }
  }
}

/* ------------------------------------------------------------------------------------ the heap -- */

static uint64_t size_of(ude_machine *m, const ude_cell *cell) {
  ude_choice range = {.hi = (int64_t)cell->bits};
  if (cell->what) {
    ude_cell_range(m, cell, UDE_CELL_POINTER, &range);
  }
  if (range.hi < 0 || (cell->what && range.hi > INT64_C(1) << 33)) {
    ude_machine_refuse(m, "an allocation", "its size depends on the inputs", "give it a bound");
  }
  return (uint64_t)range.hi;
}

static uint64_t allocate(ude_machine *m, uint64_t bytes) {
  int first = m->freed_count > 16 ? m->freed_count - 16 : 0;
  for (int k = m->freed_count; k-- > first;) {
    uint64_t address = m->freed[k].address;
    if (m->freed[k].bytes != bytes) {
      continue;
    }
    m->freed[k] = m->freed[--m->freed_count];
    for (uint64_t at = 0; at < bytes; at += 4) {
      ude_word *word  = ude_memory_word(m, address + at);
      unsigned  half  = at % 8 / 4;
      word->bits      = half ? word->bits : 0;
      word->set[half] = word->what[half] = 0;
    }
    return address;
  }
  return ude_memory_allocate(m, &m->heap, bytes);
}

static void call_heap(ude_machine *m, ude_frame *frame, const ude_op *op) {
  const ude_cell first = *ude_read_cell(frame, ude_argument(frame, op, 0));
  if (op->kind == UDE_CALLEE_FREE) {
    if (!first.what && first.bits) {
      ude_memory_release(m, first.bits);
    }
    return;
  }
  ude_cell block = {0};
  if (op->kind == UDE_CALLEE_MALLOC) {
    block.bits = allocate(m, size_of(m, &first));
  } else if (op->kind == UDE_CALLEE_CALLOC) {
    uint64_t each = size_of(m, ude_read_cell(frame, ude_argument(frame, op, 1))), bytes = 0;
    if (__builtin_mul_overflow(size_of(m, &first), each, &bytes)) {
      ude_machine_refuse(m, "an allocation", "its size overflows", "use smaller arrays");
    }
    block.bits = allocate(m, bytes);
  } else {
    ude_cell bytes = {.bits = size_of(m, ude_read_cell(frame, ude_argument(frame, op, 1)))};
    block.bits     = allocate(m, bytes.bits);
    if (!first.what && first.bits) {
      uint64_t room = ude_memory_room(m, first.bits);
      bytes.bits    = room < bytes.bits ? room : bytes.bits;
      ude_memory_copy(m, &block, &first, &bytes);
      ude_memory_release(m, first.bits);
    } else if (first.what) { /* from any of them, no more than there is */
      ude_choice upto = {.hi = (int64_t)bytes.bits, .step = 1};
      ude_cell_set_range(m, &bytes, UDE_CELL_POINTER, &upto);
      ude_memory_copy(m, &block, &first, &bytes);
    }
  }
  set_result(m, frame, op, &block);
}

static void call_stack(ude_machine *m, ude_frame *frame, const ude_op *op) {
  if (op->cells) {
    set_result(m, frame, op, &(ude_cell){.bits = m->stack.words});
    return;
  }
  const ude_cell *saved = ude_read_cell(frame, ude_argument(frame, op, 0));
  if (m->current != frame->base || saved->what || saved->bits > m->stack.words) {
    return; /* other versions may have objects there: they go when the function returns */
  }
  m->stack.words = (size_t)saved->bits;
  while (m->stack.objects && m->stack.object[m->stack.objects - 1].start >=
                                 UDE_STACK_BASE + 8 * (uint64_t)m->stack.words) {
    m->stack.objects--;
  }
}

/* Any result and any content where it may write, without derivatives. */
static void call_inactive(ude_machine *m, ude_frame *frame, const ude_op *op) {
  ude_cell nothing = {.what = UDE_ANY};
  for (int k = 0; k < op->count; k++) {
    if (ude_type_has_pointer(LLVMTypeOf(LLVMGetArgOperand(op->source, (unsigned)k))) &&
        ude_user_rule_writes(m->walk, op->source, (unsigned)k)) {
      ude_memory_set(m, ude_read_cell(frame, ude_argument(frame, op, k)), &nothing, &nothing);
    }
  }
  set_result(m, frame, op, &nothing);
}

/* --------------------------------------------------------------------------------------- calls -- */

bool ude_machine_call(ude_machine *m, ude_frame *frame, const ude_op *op) {
  ude_cell nothing = {.what = UDE_ANY};
  switch ((ude_callee)op->kind) {
  case UDE_CALLEE_BODY: return call_body(m, frame, op, op->b);
  case UDE_CALLEE_INDIRECT: return call_pointer(m, frame, op);
  case UDE_CALLEE_RULE: call_rule(m, frame, op); return true;
  case UDE_CALLEE_COPY:
    set_result(m, frame, op, ude_read_cell(frame, ude_argument(frame, op, 0)));
    return ude_memory_copy(m, ude_read_cell(frame, ude_argument(frame, op, 0)),
                           ude_read_cell(frame, ude_argument(frame, op, 1)),
                           ude_read_cell(frame, ude_argument(frame, op, 2)));
  case UDE_CALLEE_SET:
    set_result(m, frame, op, ude_read_cell(frame, ude_argument(frame, op, 0)));
    return ude_memory_set(m, ude_read_cell(frame, ude_argument(frame, op, 0)),
                          ude_read_cell(frame, ude_argument(frame, op, 1)),
                          ude_read_cell(frame, ude_argument(frame, op, 2)));
  case UDE_CALLEE_MALLOC:
  case UDE_CALLEE_CALLOC:
  case UDE_CALLEE_REALLOC:
  case UDE_CALLEE_FREE: call_heap(m, frame, op); return true;
  case UDE_CALLEE_STACK: call_stack(m, frame, op); return true;
  case UDE_CALLEE_INTEGER: ude_machine_library(m, frame, op); return true;
  case UDE_CALLEE_TEXT: /* any text, anywhere in the object; strcpy and its like return where */
    set_result(m, frame, op,
               ude_type_has_pointer(LLVMTypeOf(op->source))
                   ? ude_read_cell(frame, ude_argument(frame, op, 0))
                   : &nothing);
    return ude_memory_set(m, ude_read_cell(frame, ude_argument(frame, op, 0)), &nothing, &nothing);
  case UDE_CALLEE_INACTIVE: call_inactive(m, frame, op); return true;
  case UDE_CALLEE_IGNORED:
  case UDE_CALLEE_INERT: set_result(m, frame, op, &nothing); return true;
  default: break;
  }
  bool harmless = ude_call_is_harmless(m->walk, op->source);
  for (int k = 0; k < op->count && harmless; k++) {
    LLVMTypeRef type  = LLVMTypeOf(LLVMGetArgOperand(op->source, (unsigned)k));
    int         cells = ude_type_cells(m, type, NULL);
    for (int n = 0; n < cells; n++) {
      harmless = harmless && !ude_read_part(frame, ude_argument(frame, op, k), n)->set;
    }
  }
  if (!harmless) {
    ude_user_rule_refuse(m->walk, op->source);
  }
  set_result(m, frame, op, &nothing);
  return true;
}
