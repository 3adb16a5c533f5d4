/**
 * @file abstract_integer.c
 * @brief Integer arithmetic on known numbers, on each of a few, and on ranges.
 */
#include "compiler/abstract.h"

/* ------------------------------------------------------------------------------- pointwise -- */

static uint64_t binary(const ude_op *op, uint64_t a, uint64_t b, bool *defined) {
  int     w = op->type;
  int64_t x = ude_sign_extend(a, w), y = ude_sign_extend(b, w);
  switch (op->kind) {
  case LLVMAdd: return ude_low_bits(a + b, w);
  case LLVMSub: return ude_low_bits(a - b, w);
  case LLVMMul: return ude_low_bits(a * b, w);
  case LLVMAnd: return a & b;
  case LLVMOr: return a | b;
  case LLVMXor: return a ^ b;
  case LLVMShl: *defined = b < (unsigned)w; return *defined ? ude_low_bits(a << b, w) : 0;
  case LLVMLShr: *defined = b < (unsigned)w; return *defined ? a >> b : 0;
  case LLVMAShr:
    *defined = b < (unsigned)w;
    return *defined ? ude_low_bits((uint64_t)(x >> b), w) : 0;
  case LLVMUDiv: *defined = b != 0; return *defined ? a / b : 0;
  case LLVMURem: *defined = b != 0; return *defined ? a % b : 0;
  case LLVMSDiv:
  case LLVMSRem:
    *defined = y != 0 && !(y == -1 && x == INT64_MIN);
    return !*defined              ? 0
           : op->kind == LLVMSDiv ? ude_low_bits((uint64_t)(x / y), w)
                                  : ude_low_bits((uint64_t)(x % y), w);
  default: *defined = false; return 0;
  }
}

static uint64_t resize(const ude_op *op, uint64_t a, uint64_t b, bool *defined) {
  (void)b;
  (void)defined;
  return op->kind == LLVMSExt ? ude_low_bits((uint64_t)ude_sign_extend(a, op->from), op->type)
                              : ude_low_bits(a, op->type);
}

static bool holds(int predicate, int width, uint64_t a, uint64_t b) {
  int64_t x = ude_sign_extend(a, width), y = ude_sign_extend(b, width);
  switch (predicate) {
  case LLVMIntEQ: return a == b;
  case LLVMIntNE: return a != b;
  case LLVMIntUGT: return a > b;
  case LLVMIntUGE: return a >= b;
  case LLVMIntULT: return a < b;
  case LLVMIntULE: return a <= b;
  case LLVMIntSGT: return x > y;
  case LLVMIntSGE: return x >= y;
  case LLVMIntSLT: return x < y;
  default: return x <= y;
  }
}

static uint64_t compare(const ude_op *op, uint64_t a, uint64_t b, bool *defined) {
  (void)defined;
  return holds(op->kind, op->from, a, b);
}

/* ---------------------------------------------------------------------------------- ranges -- */

static bool scale(const ude_choice *a, int64_t by, ude_choice *to) {
  int64_t lo, hi, step;
  if (__builtin_mul_overflow(a->lo, by, &lo) || __builtin_mul_overflow(a->hi, by, &hi) ||
      __builtin_mul_overflow(a->step, by < 0 ? -by : by, &step)) {
    return false;
  }
  *to = (ude_choice){.lo = by < 0 ? hi : lo, .hi = by < 0 ? lo : hi, .step = step ? step : 1};
  return true;
}

static int64_t common(int64_t a, int64_t b) {
  while (b) {
    int64_t rest = a % b;
    a            = b;
    b            = rest;
  }
  return a;
}

static int64_t step_of(const ude_choice *a) {
  return a->lo == a->hi ? 0 : a->step;
}

static bool add(const ude_choice *a, const ude_choice *b, ude_choice *to) {
  int64_t step = common(step_of(a), step_of(b));
  to->step     = step ? step : 1;
  return !__builtin_add_overflow(a->lo, b->lo, &to->lo) &&
         !__builtin_add_overflow(a->hi, b->hi, &to->hi);
}

/* The range of a result; false: nothing is known. */
static bool range_of(const ude_op *op, const ude_choice *a, const ude_choice *b, ude_choice *to) {
  ude_choice minus;
  bool       one = b->lo == b->hi;
  *to            = (ude_choice){.step = 1};
  switch (op->kind) {
  case LLVMAdd: return add(a, b, to);
  case LLVMSub: return scale(b, -1, &minus) && add(a, &minus, to);
  case LLVMMul:
    if (!one && a->lo != a->hi) {
      return false;
    }
    return one ? scale(a, b->lo, to) : scale(b, a->lo, to);
  case LLVMShl: return one && b->lo >= 0 && b->lo < 62 && scale(a, INT64_C(1) << b->lo, to);
  case LLVMAnd:
    if (b->lo >= 0 || a->lo >= 0) { /* no more than the one that is not negative */
      to->hi = b->lo >= 0 ? b->hi : a->hi;
      to->hi = b->lo >= 0 && a->lo >= 0 && a->hi < to->hi ? a->hi : to->hi;
      return true;
    }
    return false;
  case LLVMURem:
  case LLVMSRem:
    if (!one || b->lo <= 0 || (op->kind == LLVMURem && a->lo < 0)) {
      if (op->kind != LLVMURem || !one || b->lo <= 0) {
        return false;
      }
      to->hi = b->lo - 1;
      return true;
    }
    to->lo = a->lo < 0 ? -(b->lo - 1) : 0;
    to->hi = a->hi < 0 ? 0 : b->lo - 1;
    to->hi = a->lo >= 0 && a->hi < to->hi ? a->hi : to->hi;
    return true;
  case LLVMUDiv:
  case LLVMSDiv:
    if (!one || b->lo <= 0 || (op->kind == LLVMUDiv && a->lo < 0)) {
      return false;
    }
    to->lo = a->lo / b->lo;
    to->hi = a->hi / b->lo;
    return true;
  case LLVMLShr:
  case LLVMAShr:
    if (!one || b->lo < 0 || b->lo > 62 || (op->kind == LLVMLShr && a->lo < 0)) {
      return false;
    }
    to->lo = a->lo >> b->lo;
    to->hi = a->hi >> b->lo;
    return true;
  default: return false;
  }
}

void ude_integer_binary(ude_machine *m, const ude_op *op, const ude_cell *a, const ude_cell *b,
                        ude_cell *to) {
  uint32_t set = ude_set_merge(m, a->set, b->set);
  if (!(a->what | b->what)) {
    bool defined = true;
    to->bits     = binary(op, a->bits, b->bits, &defined);
    to->what     = defined ? UDE_KNOWN : UDE_ANY;
  } else if (!ude_cell_pointwise(m, op, binary, a, b, to)) {
    ude_choice x, y, r;
    ude_cell_range(m, a, op->type, &x);
    ude_cell_range(m, b, op->type, &y);
    if (range_of(op, &x, &y, &r)) {
      ude_cell_set_range(m, to, op->type, &r);
    } else {
      to->what = UDE_ANY;
    }
  }
  to->set = set;
}

void ude_integer_resize(ude_machine *m, const ude_op *op, const ude_cell *a, ude_cell *to) {
  uint32_t set = a->set;
  if (!a->what) {
    to->bits = resize(op, a->bits, 0, NULL);
    to->what = UDE_KNOWN;
  } else if (!ude_cell_pointwise(m, op, resize, a, a, to)) {
    ude_choice r;
    ude_cell_range(m, a, op->from, &r);
    if (op->kind == LLVMZExt && r.lo < 0) {
      r = (ude_choice){.hi = op->from < 63 ? (INT64_C(1) << op->from) - 1 : INT64_MAX, .step = 1};
    }
    ude_cell_set_range(m, to, op->type, &r); /* a truncated range that does not fit is unknown */
  }
  to->set = set;
}

/* 1 or 0 if the predicate holds for all or for none, -1 otherwise. */
static int decide(int predicate, const ude_choice *a, const ude_choice *b) {
  bool positive = a->lo >= 0 && b->lo >= 0;
  switch (predicate) {
  case LLVMIntEQ: return a->hi < b->lo || b->hi < a->lo ? 0 : -1;
  case LLVMIntNE: return a->hi < b->lo || b->hi < a->lo ? 1 : -1;
  case LLVMIntULT:
    if (!positive) {
      return -1;
    } /* fall through */
  case LLVMIntSLT: return a->hi < b->lo ? 1 : a->lo >= b->hi ? 0 : -1;
  case LLVMIntULE:
    if (!positive) {
      return -1;
    } /* fall through */
  case LLVMIntSLE: return a->hi <= b->lo ? 1 : a->lo > b->hi ? 0 : -1;
  case LLVMIntUGT:
  case LLVMIntSGT: return decide(predicate == LLVMIntSGT ? LLVMIntSLT : LLVMIntULT, b, a);
  default: return decide(predicate == LLVMIntSGE ? LLVMIntSLE : LLVMIntULE, b, a);
  }
}

void ude_integer_compare(ude_machine *m, const ude_op *op, const ude_cell *a, const ude_cell *b,
                         ude_cell *to) {
  to->set = 0; /* steps have no derivative */
  if (!(a->what | b->what)) {
    to->bits = holds(op->kind, op->from, a->bits, b->bits);
    to->what = UDE_KNOWN;
    return;
  }
  if (ude_cell_pointwise(m, op, compare, a, b, to)) {
    return;
  }
  ude_choice x, y;
  ude_cell_range(m, a, op->from, &x);
  ude_cell_range(m, b, op->from, &y);
  int      answer  = decide(op->kind, &x, &y);
  uint64_t both[2] = {answer != 0, answer == 1};
  ude_cell_set_values(m, to, 1, both, 2);
}

/* ------------------------------------------------------------------------------ refinement -- */

static const struct {
  int predicate, inverse;
} inverses[] = {{LLVMIntEQ, LLVMIntNE},   {LLVMIntNE, LLVMIntEQ},   {LLVMIntUGT, LLVMIntULE},
                {LLVMIntUGE, LLVMIntULT}, {LLVMIntULT, LLVMIntUGE}, {LLVMIntULE, LLVMIntUGT},
                {LLVMIntSGT, LLVMIntSLE}, {LLVMIntSGE, LLVMIntSLT}, {LLVMIntSLT, LLVMIntSGE},
                {LLVMIntSLE, LLVMIntSGT}};

/* Bounds that a predicate with b sets for a range. */
static void bound(int predicate, const ude_choice *b, ude_choice *a) {
  int64_t lo = INT64_MIN, hi = INT64_MAX;
  bool    unsigned_both = a->lo >= 0 && b->lo >= 0;
  switch (predicate) {
  case LLVMIntEQ:
    lo = b->lo;
    hi = b->hi;
    break;
  case LLVMIntNE:
    if (b->lo == b->hi) {
      lo = a->lo == b->lo ? a->lo + (a->lo < a->hi) : lo;
      hi = a->hi == b->lo ? a->hi - (a->lo < a->hi) : hi;
    }
    break;
  case LLVMIntULT:
  case LLVMIntULE: /* below a bound that is not negative: not negative */
    if (b->lo >= 0) {
      lo = 0;
      hi = predicate == LLVMIntULE ? b->hi : b->hi - (b->hi > INT64_MIN);
    }
    break;
  case LLVMIntSLT: hi = b->hi - (b->hi > INT64_MIN); break;
  case LLVMIntSLE: hi = b->hi; break;
  case LLVMIntUGT: lo = unsigned_both ? b->lo + (b->lo < INT64_MAX) : lo; break;
  case LLVMIntUGE: lo = unsigned_both ? b->lo : lo; break;
  case LLVMIntSGT: lo = b->lo + (b->lo < INT64_MAX); break;
  default: lo = b->lo; break;
  }
  if (lo > a->lo) { /* keep in step */
    uint64_t gap = (uint64_t)lo - (uint64_t)a->lo, step = (uint64_t)a->step;
    uint64_t up = gap % step ? step - gap % step : 0;
    a->lo       = up > (uint64_t)(INT64_MAX - (lo > 0 ? lo : 0)) ? INT64_MAX : lo + (int64_t)up;
  }
  a->hi = hi < a->hi ? hi : a->hi;
}

bool ude_integer_refine(ude_machine *m, int predicate, bool truth, int width, ude_cell *a,
                        const ude_cell *b) {
  for (size_t k = 0; !truth && k < sizeof inverses / sizeof *inverses; k++) {
    if (inverses[k].predicate == predicate) {
      predicate = inverses[k].inverse;
      break;
    }
  }
  const uint64_t *x, *y;
  int             xs = ude_cell_values(m, a, &x), ys = ude_cell_values(m, b, &y);
  if (xs && ys) {
    uint64_t kept[UDE_CHOICES];
    int      count = 0;
    for (int k = 0; k < xs; k++) {
      bool some = false;
      for (int i = 0; i < ys && !some; i++) {
        some = holds(predicate, width, x[k], y[i]);
      }
      kept[count] = x[k];
      count += some;
    }
    if (count) {
      ude_cell_set_values(m, a, width, kept, count);
    }
    return count > 0;
  }
  ude_choice r, s;
  ude_cell_range(m, a, width, &r);
  ude_cell_range(m, b, width, &s);
  bound(predicate, &s, &r);
  if (r.lo > r.hi) {
    return false;
  }
  if (xs) { /* a few numbers against a range: those inside the bounds */
    uint64_t kept[UDE_CHOICES];
    int      count = 0;
    for (int k = 0; k < xs; k++) {
      int64_t v   = ude_sign_extend(x[k], width);
      kept[count] = x[k];
      count += v >= r.lo && v <= r.hi;
    }
    if (count) {
      ude_cell_set_values(m, a, width, kept, count);
    }
    return count > 0;
  }
  ude_cell_set_range(m, a, width, &r);
  return true;
}
