/**
 * @file abstract_library.c
 * @brief Functions of integers, and from reals to integers, on the abstract machine.
 */
#include <math.h>
#include <string.h>

#include "compiler/abstract.h"

typedef enum library_function {
  MAX_SIGNED,
  MIN_SIGNED,
  MAX_UNSIGNED,
  MIN_UNSIGNED,
  ABSOLUTE,
  COUNT_ONES,
  COUNT_LEADING,
  COUNT_TRAILING,
  TO_NEAREST_EVEN,
  TO_NEAREST,
  UNKNOWN
} library_function;

static const struct {
  const char      *name;
  library_function function;
} functions[] = {{"llvm.smax.", MAX_SIGNED},
                 {"llvm.smin.", MIN_SIGNED},
                 {"llvm.umax.", MAX_UNSIGNED},
                 {"llvm.umin.", MIN_UNSIGNED},
                 {"llvm.abs.", ABSOLUTE},
                 {"abs", ABSOLUTE},
                 {"labs", ABSOLUTE},
                 {"llabs", ABSOLUTE},
                 {"llvm.ctpop.", COUNT_ONES},
                 {"llvm.ctlz.", COUNT_LEADING},
                 {"llvm.cttz.", COUNT_TRAILING},
                 {"llvm.lrint.", TO_NEAREST_EVEN},
                 {"llvm.llrint.", TO_NEAREST_EVEN},
                 {"lrint", TO_NEAREST_EVEN},
                 {"lrintf", TO_NEAREST_EVEN},
                 {"llrint", TO_NEAREST_EVEN},
                 {"llrintf", TO_NEAREST_EVEN},
                 {"llvm.lround.", TO_NEAREST},
                 {"llvm.llround.", TO_NEAREST},
                 {"lround", TO_NEAREST},
                 {"lroundf", TO_NEAREST},
                 {"llround", TO_NEAREST},
                 {"llroundf", TO_NEAREST}};

static library_function find(const char *name) {
  for (size_t k = 0; k < sizeof functions / sizeof *functions; k++) {
    size_t length = strlen(functions[k].name);
    bool   stem   = functions[k].name[length - 1] == '.';
    if (stem ? !strncmp(name, functions[k].name, length) : !strcmp(name, functions[k].name)) {
      return functions[k].function;
    }
  }
  return UNKNOWN;
}

static uint64_t pointwise(const ude_op *op, uint64_t a, uint64_t b, bool *defined) {
  int     w = op->type;
  int64_t x = ude_sign_extend(a, w), y = ude_sign_extend(b, w);
  switch (op->kind) {
  case MAX_SIGNED: return x > y ? a : b;
  case MIN_SIGNED: return x < y ? a : b;
  case MAX_UNSIGNED: return a > b ? a : b;
  case MIN_UNSIGNED: return a < b ? a : b;
  case ABSOLUTE: return x < 0 ? ude_low_bits(0 - (uint64_t)x, w) : a;
  case COUNT_ONES: return (uint64_t)__builtin_popcountll(a);
  case COUNT_LEADING: return a ? (uint64_t)(__builtin_clzll(a) - (64 - w)) : (uint64_t)w;
  case COUNT_TRAILING: return a ? (uint64_t)__builtin_ctzll(a) : (uint64_t)w;
  case TO_NEAREST_EVEN:
  case TO_NEAREST: {
    double real  = ude_cell_real(&(ude_cell){.bits = a}, op->from);
    double whole = op->kind == TO_NEAREST ? round(real) : nearbyint(real);
    double limit = ldexp(1, w - 1);
    *defined     = whole >= -limit && whole < limit;
    return *defined ? ude_low_bits((uint64_t)(int64_t)whole, w) : 0;
  }
  default: *defined = false; return 0;
  }
}

static int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

static bool on_ranges(int function, const ude_choice *a, const ude_choice *b, ude_choice *to) {
  bool positive = a->lo >= 0 && b->lo >= 0;
  to->step      = 1;
  switch (function) {
  case MAX_UNSIGNED:
    if (!positive) {
      return false;
    } /* fall through */
  case MAX_SIGNED:
    to->lo = larger(a->lo, b->lo);
    to->hi = larger(a->hi, b->hi);
    return true;
  case MIN_UNSIGNED:
    if (!positive) { /* no more than the one that is not negative */
      to->lo = 0;
      to->hi = a->lo >= 0 ? a->hi : b->hi;
      return a->lo >= 0 || b->lo >= 0;
    } /* fall through */
  case MIN_SIGNED:
    to->lo = smaller(a->lo, b->lo);
    to->hi = smaller(a->hi, b->hi);
    return true;
  case ABSOLUTE:
    if (a->lo == INT64_MIN) {
      return false;
    }
    to->lo = a->lo > 0 ? a->lo : a->hi < 0 ? -a->hi : 0;
    to->hi = larger(-a->lo, a->hi);
    return true;
  default: return false;
  }
}

/* llvm.{s,u}{add,sub,mul}.with.overflow: the result and whether it is wrong. */
static bool with_overflow(ude_machine *m, ude_frame *frame, const ude_op *op, const char *name) {
  static const struct {
    const char *name;
    LLVMOpcode  opcode;
    bool        is_signed;
  } kinds[] = {{"llvm.sadd.with", LLVMAdd, true},  {"llvm.ssub.with", LLVMSub, true},
               {"llvm.smul.with", LLVMMul, true},  {"llvm.uadd.with", LLVMAdd, false},
               {"llvm.usub.with", LLVMSub, false}, {"llvm.umul.with", LLVMMul, false}};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    if (strncmp(name, kinds[k].name, strlen(kinds[k].name)) != 0 || op->cells != 2) {
      continue;
    }
    ude_cell a     = *ude_read_cell(frame, ude_argument(frame, op, 0));
    ude_cell b     = *ude_read_cell(frame, ude_argument(frame, op, 1));
    ude_op   plain = {.kind = (int)kinds[k].opcode, .type = op->type};
    ude_cell value = {0}, wrong = {.what = UDE_ANY};
    ude_integer_binary(m, &plain, &a, &b, &value);
    if (!(a.what | b.what)) {
      int      w     = op->type;
      __int128 x     = kinds[k].is_signed ? (__int128)ude_sign_extend(a.bits, w) : (__int128)a.bits;
      __int128 y     = kinds[k].is_signed ? (__int128)ude_sign_extend(b.bits, w) : (__int128)b.bits;
      __int128 exact = plain.kind == LLVMAdd ? x + y : plain.kind == LLVMSub ? x - y : x * y;
      __int128 got =
          kinds[k].is_signed ? (__int128)ude_sign_extend(value.bits, w) : (__int128)value.bits;
      wrong = (ude_cell){.bits = exact != got};
    }
    const ude_cell results[2] = {value, wrong};
    for (int n = 0; n < 2; n++) {
      ude_cell *to = ude_write_cell(m, frame, op->to + n);
      to->bits     = results[n].bits;
      to->set      = results[n].set;
      to->what     = results[n].what;
    }
    return true;
  }
  return false;
}

void ude_machine_library(ude_machine *m, ude_frame *frame, const ude_op *op) {
  const char *name = ude_call_name(op->source);
  if (with_overflow(m, frame, op, name)) {
    return;
  }
  library_function f    = find(name);
  bool             two  = f <= MIN_UNSIGNED;
  LLVMTypeRef      type = LLVMTypeOf(LLVMGetArgOperand(op->source, 0));
  bool             real = ude_type_has_real(type);
  if (LLVMGetTypeKind(type) == LLVMVectorTypeKind) {
    type = LLVMGetElementType(type);
  }
  for (int n = 0; n < op->cells; n++) {
    ude_op   plain  = {.kind = (int)f, .type = op->type, .from = (uint8_t)ude_scalar_type(m, type)};
    ude_cell result = {.what = UDE_ANY};
    for (int k = 0; k < op->count && !real;
         k++) { /* integers that hold bits of reals keep their sets */
      result.set =
          ude_set_merge(m, result.set, ude_read_cell(frame, ude_argument(frame, op, k))->set);
    }
    if (f != UNKNOWN) {
      ude_cell a = *ude_read_part(frame, ude_argument(frame, op, 0), n);
      ude_cell b = two ? *ude_read_part(frame, ude_argument(frame, op, 1), n) : (ude_cell){0};
      if (!ude_cell_pointwise(m, &plain, pointwise, &a, &b, &result) && !real) {
        ude_choice x, y, r;
        ude_cell_range(m, &a, op->type, &x);
        ude_cell_range(m, &b, op->type, &y);
        if (on_ranges((int)f, &x, &y, &r)) {
          ude_cell_set_range(m, &result, op->type, &r);
        }
      }
    }
    ude_cell *to = ude_write_cell(m, frame, op->to + n);
    to->bits     = result.bits;
    to->set      = result.set;
    to->what     = result.what;
  }
}
