/**
 * @file abstract_select.c
 * @brief Selects of the abstract machine. Where the condition compares a number that is one of a few, each is followed
 *        by itself, so that what is selected fits the condition: k < n ? k : k - n stays below n.
 */
#include "compiler/abstract.h"

enum { DEEPEST = 6 };

/* The number that an operand has if register `root` has `value`; false: it cannot be told. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool value_if(ude_machine *m, const ude_frame *frame, int k, int root, uint64_t value,
                     ude_cell *to, int depth) {
  const ude_cell *now = ude_read_cell(frame, k);
  *to                 = (ude_cell){.bits = k == root ? value : now->bits};
  if (k == root || !now->what) {
    return true;
  }
  if (k < 0 || depth > DEEPEST || frame->code->defined[k] < 0) {
    return false;
  }
  const ude_op *op = &frame->code->op[frame->code->defined[k]];
  ude_cell      a, b = {0};
  if (op->cells != 1 ||
      (op->code != UDE_OP_MOVE && op->code != UDE_OP_INTEGER && op->code != UDE_OP_RESIZE &&
       op->code != UDE_OP_COMPARE && op->code != UDE_OP_SELECT)) {
    return false;
  }
  if (!value_if(m, frame, op->a, root, value, &a, depth + 1)) {
    return false;
  }
  if (op->code == UDE_OP_SELECT) {
    return value_if(m, frame, a.bits ? op->b : op->c, root, value, to, depth + 1);
  }
  if ((op->code == UDE_OP_INTEGER || op->code == UDE_OP_COMPARE) &&
      !value_if(m, frame, op->b, root, value, &b, depth + 1)) {
    return false;
  }
  switch (op->code) {
  case UDE_OP_INTEGER: ude_integer_binary(m, op, &a, &b, to); break;
  case UDE_OP_RESIZE: ude_integer_resize(m, op, &a, to); break;
  case UDE_OP_COMPARE: ude_integer_compare(m, op, &a, &b, to); break;
  default: to->bits = a.bits; break;
  }
  return !to->what;
}

/* The register of a few values that the condition compares; -1: none. */
static int compared(const ude_machine *m, const ude_frame *frame, int condition) {
  const ude_code *code = frame->code;
  if (condition < 0 || code->defined[condition] < 0) {
    return -1;
  }
  const ude_op *op = &code->op[code->defined[condition]];
  if (op->code != UDE_OP_COMPARE || op->cells != 1) {
    return -1;
  }
  const uint64_t *values;
  const int       sides[2] = {op->a, op->b};
  for (int k = 0; k < 2; k++) {
    if (sides[k] >= 0 && ude_cell_values(m, &frame->cell[sides[k]], &values) > 1) {
      return sides[k];
    }
  }
  return -1;
}

/* Value by value of the number that decides. */
static bool select_each(ude_machine *m, const ude_frame *frame, const ude_op *op, ude_cell *to) {
  int root = compared(m, frame, op->a);
  if (root < 0 || op->type > UDE_CELL_POINTER) {
    return false;
  }
  uint64_t        copy[UDE_CHOICES], chosen[UDE_CHOICES];
  const uint64_t *values;
  int             count = ude_cell_values(m, &frame->cell[root], &values);
  for (int k = 0; k < count; k++) {
    copy[k] = values[k];
  }
  for (int k = 0; k < count; k++) {
    ude_cell condition, value;
    if (!value_if(m, frame, op->a, root, copy[k], &condition, 0) ||
        !value_if(m, frame, condition.bits ? op->b : op->c, root, copy[k], &value, 0)) {
      return false;
    }
    chosen[k] = value.bits;
  }
  ude_cell_set_values(m, to, op->type, chosen, count);
  to->set = ude_set_merge(m, ude_read_cell(frame, op->b)->set, ude_read_cell(frame, op->c)->set);
  return true;
}

void ude_machine_select(ude_machine *m, ude_frame *frame, const ude_op *op) {
  for (int n = 0; n < op->cells; n++) {
    ude_cell condition = *ude_read_part(frame, op->a, op->count > 1 ? n : 0);
    ude_cell value     = *ude_read_part(frame, op->b, n);
    ude_cell other     = *ude_read_part(frame, op->c, n);
    if (!condition.what) {
      value = condition.bits ? value : other;
    } else if (op->cells > 1 || !select_each(m, frame, op, &value)) {
      ude_cell_join(m, &value, &other, frame->code->type[op->to + n]);
    }
    ude_cell *to = ude_write_cell(m, frame, op->to + n);
    to->bits     = value.bits;
    to->set      = value.set;
    to->what     = value.what;
  }
}
