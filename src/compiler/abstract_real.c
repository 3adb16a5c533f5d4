/**
 * @file abstract_real.c
 * @brief Floating-point arithmetic of the abstract machine: values where they are known, sets everywhere.
 */
#include <math.h>
#include <string.h>

#include "compiler/abstract.h"

double ude_cell_real(const ude_cell *cell, int type) {
  if (type == UDE_CELL_FLOAT) {
    float    single;
    uint32_t low = (uint32_t)cell->bits;
    memcpy(&single, &low, sizeof single);
    return (double)single;
  }
  double value;
  memcpy(&value, &cell->bits, sizeof value);
  return value;
}

uint64_t ude_real_bits(double value, int type) {
  uint64_t bits;
  if (type == UDE_CELL_FLOAT) {
    float    single = (float)value;
    uint32_t low;
    memcpy(&low, &single, sizeof low);
    return low;
  }
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static double real_of(uint64_t bits, int type) {
  return ude_cell_real(&(ude_cell){.bits = bits}, type);
}

/* In float, double arithmetic on two floats rounded once more is float arithmetic (Figueroa 1995). */
static uint64_t binary(const ude_op *op, uint64_t a, uint64_t b, bool *defined) {
  double x = real_of(a, op->type), y = real_of(b, op->type);
  (void)defined;
  switch (op->kind) {
  case LLVMFAdd: return ude_real_bits(x + y, op->type);
  case LLVMFSub: return ude_real_bits(x - y, op->type);
  case LLVMFMul: return ude_real_bits(x * y, op->type);
  case LLVMFDiv: return ude_real_bits(x / y, op->type);
  default: return ude_real_bits(fmod(x, y), op->type);
  }
}

/* A factor that is zero whatever the inputs are leaves nothing of the other. */
static bool is_zero(const ude_cell *cell, int type) {
  return ude_cell_constant(cell) && ude_cell_real(cell, type) == 0;
}

static uint32_t binary_set(ude_machine *m, const ude_op *op, const ude_cell *a, const ude_cell *b) {
  static const unsigned product[2] = {0, 1}, quotient[2] = {0, 3}, linear[2] = {0, 0};
  uint32_t              set[2] = {a->set, b->set};
  const unsigned       *curved = linear;
  if (op->kind == LLVMFMul) {
    if (is_zero(a, op->type) || is_zero(b, op->type)) {
      return 0;
    }
    curved = product;
  } else if (op->kind == LLVMFDiv) {
    if (is_zero(a, op->type)) {
      return 0;
    }
    curved = quotient;
  }
  return m->second ? ude_set_combine(m, 2, set, curved) : ude_set_merge(m, a->set, b->set);
}

void ude_real_binary(ude_machine *m, const ude_op *op, const ude_cell *a, const ude_cell *b,
                     ude_cell *to) {
  uint32_t set  = (a->set | b->set) ? binary_set(m, op, a, b) : 0;
  bool     real = op->type != UDE_CELL_OTHER;
  if (real && !(a->what | b->what)) {
    bool defined = true;
    to->bits     = binary(op, a->bits, b->bits, &defined);
    to->what     = UDE_KNOWN;
  } else if (!real || a->what == UDE_ANY || b->what == UDE_ANY ||
             !ude_cell_pointwise(m, op, binary, a, b, to)) {
    to->what = UDE_ANY;
  }
  to->set = set;
}

static uint64_t negate(const ude_op *op, uint64_t a, uint64_t b, bool *defined) {
  (void)b;
  (void)defined;
  return ude_real_bits(-real_of(a, op->type), op->type);
}

void ude_real_negate(ude_machine *m, const ude_op *op, const ude_cell *a, ude_cell *to) {
  uint32_t set = a->set;
  if (op->type == UDE_CELL_OTHER || !ude_cell_pointwise(m, op, negate, a, a, to)) {
    to->what = UDE_ANY;
  }
  to->set = set;
}

static uint64_t compare(const ude_op *op, uint64_t a, uint64_t b, bool *defined) {
  double x = real_of(a, op->from), y = real_of(b, op->from);
  bool   unordered = isnan(x) || isnan(y);
  (void)defined;
  switch (op->kind) {
  case LLVMRealPredicateFalse: return 0;
  case LLVMRealOEQ: return !unordered && x == y;
  case LLVMRealOGT: return !unordered && x > y;
  case LLVMRealOGE: return !unordered && x >= y;
  case LLVMRealOLT: return !unordered && x < y;
  case LLVMRealOLE: return !unordered && x <= y;
  case LLVMRealONE: return !unordered && x != y;
  case LLVMRealORD: return !unordered;
  case LLVMRealUNO: return unordered;
  case LLVMRealUEQ: return unordered || x == y;
  case LLVMRealUGT: return unordered || x > y;
  case LLVMRealUGE: return unordered || x >= y;
  case LLVMRealULT: return unordered || x < y;
  case LLVMRealULE: return unordered || x <= y;
  case LLVMRealUNE: return unordered || x != y;
  default: return 1;
  }
}

void ude_real_compare(ude_machine *m, const ude_op *op, const ude_cell *a, const ude_cell *b,
                      ude_cell *to) {
  to->set = 0; /* steps have no derivative */
  if (op->from == UDE_CELL_OTHER || !ude_cell_pointwise(m, op, compare, a, b, to)) {
    uint64_t both[2] = {0, 1};
    ude_cell_set_values(m, to, 1, both, 2);
  }
}

static uint64_t convert(const ude_op *op, uint64_t a, uint64_t b, bool *defined) {
  (void)b;
  switch (op->kind) {
  case LLVMFPExt:
  case LLVMFPTrunc: return ude_real_bits(real_of(a, op->from), op->type);
  case LLVMSIToFP:
    return op->type == UDE_CELL_FLOAT
               ? ude_real_bits((double)(float)ude_sign_extend(a, op->from), op->type)
               : ude_real_bits((double)ude_sign_extend(a, op->from), op->type);
  case LLVMUIToFP:
    return op->type == UDE_CELL_FLOAT ? ude_real_bits((double)(float)a, op->type)
                                      : ude_real_bits((double)a, op->type);
  case LLVMFPToSI: {
    double x = trunc(real_of(a, op->from)), limit = ldexp(1, op->type - 1);
    *defined = x >= -limit && x < limit;
    return *defined ? ude_low_bits((uint64_t)(int64_t)x, op->type) : 0;
  }
  default: {
    double x = trunc(real_of(a, op->from));
    *defined = x >= 0 && x < ldexp(1, op->type);
    return *defined ? (uint64_t)x : 0;
  }
  }
}

void ude_real_convert(ude_machine *m, const ude_op *op, const ude_cell *a, ude_cell *to) {
  bool     other   = op->from == UDE_CELL_OTHER || op->type == UDE_CELL_OTHER;
  bool     integer = op->type <= UDE_CELL_POINTER;
  uint32_t set     = integer ? 0 : a->set;
  if (other || !ude_cell_pointwise(m, op, convert, a, a, to)) {
    to->what = UDE_ANY;
  }
  to->set = set;
}

/* -------------------------------------------------------------------------------------- rules -- */

static bool known_value(const ude_op *op, const ude_rule *rule, const ude_cell *const *argument,
                        const double *value, double *result) {
  unsigned integers = 0;
  for (int k = 0; k < rule->arity; k++) {
    if (argument[k]->what || op->bytes & UDE_ARGUMENT_IS_POINTER << k) {
      return false;
    }
    integers |= op->bytes & UDE_ARGUMENT_IS_INTEGER << k ? 1U << k : 0;
  }
  return ude_rule_value(rule, op->type == UDE_CELL_FLOAT, integers, value, result);
}

/* What fmax and its like take follows from the values of the executed path. */
static void drop_masked(const ude_rule *rule, const double *value, ude_rule_shape *shape) {
  ude_rule_shape_of(rule, 0, value, shape);
  for (int k = 0; k < rule->arity; k++) {
    if (!ude_rule_takes(rule, k, value)) {
      shape->uses &= ~(1U << k);
    }
  }
}

static const ude_rule_shape *find_shape(ude_machine *m, const ude_rule *rule, unsigned known,
                                        const double *value) {
  uint64_t bits[UDE_RULE_ARGUMENTS] = {0}, hash = known;
  for (int k = 0; k < rule->arity; k++) {
    bits[k] = known >> k & 1 ? ude_real_bits(value[k], UDE_CELL_DOUBLE) : 0;
    hash    = (hash ^ bits[k]) * UINT64_C(0x9E3779B97F4A7C15);
  }
  if (!known) {
    ude_rule_shape *shape = &m->shape[rule - ude_rules];
    if (!shape->ready) {
      ude_rule_shape_of(rule, 0, value, shape);
    }
    return shape;
  }
  ude_shape_memo *memo = &m->shape_memo[(hash >> 40) % UDE_SHAPE_MEMO];
  if (memo->rule != rule || memo->known != known || memcmp(memo->value, bits, sizeof bits) != 0) {
    *memo = (ude_shape_memo){.rule = rule, .known = known};
    memcpy(memo->value, bits, sizeof bits);
    ude_rule_shape_of(rule, known, value, &memo->shape);
  }
  return &memo->shape;
}

void ude_real_rule(ude_machine *m, const ude_op *op, const ude_rule *rule,
                   const ude_cell *const *argument, ude_cell *to) {
  double   value[UDE_RULE_ARGUMENTS], result;
  uint32_t set[UDE_RULE_ARGUMENTS], any = 0;
  unsigned constant = 0, known = 0, all = (1U << rule->arity) - 1;
  bool     plain = op->type != UDE_CELL_OTHER;
  for (int k = 0; k < rule->arity; k++) {
    bool whole = (op->bytes & UDE_ARGUMENT_IS_INTEGER << k) != 0;
    value[k]   = whole ? (double)ude_sign_extend(argument[k]->bits, op->c)
                       : ude_cell_real(argument[k], op->type);
    any |= argument[k]->set;
    constant |= ude_cell_constant(argument[k]) ? 1U << k : 0;
    known |= !argument[k]->what ? 1U << k : 0;
  }
  to->set = 0;
  if (any) {
    ude_rule_shape        own;
    const ude_rule_shape *shape = &own;
    if (rule->masks && known == all && plain) {
      drop_masked(rule, value, &own);
    } else {
      shape = find_shape(m, rule, plain ? constant : 0, value);
    }
    for (int k = 0; k < rule->arity; k++) {
      set[k] = shape->uses >> k & 1 ? argument[k]->set : 0;
    }
    to->set = ude_set_combine(m, rule->arity, set, shape->curved);
  }
  to->what = UDE_ANY;
  if (plain && known == all && known_value(op, rule, argument, value, &result)) {
    to->bits = ude_real_bits(result, op->type);
    to->what = UDE_KNOWN;
  }
}
