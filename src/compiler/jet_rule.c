/**
 * @file jet_rule.c
 * @brief Series of the functions of the rule table: recurrences for logarithms and powers, derivatives of all orders
 *        where a formula has them, and for everything else the chain rule over the table's partial derivatives.
 */
#include <string.h>

#include "compiler/jet_emit.h"

/* Rows that the chain rule does not serve: their partial derivatives are never-ending (pow), or hold at a
 * single point only the first derivative (j1), or cost more. */
typedef struct special {
  const char  *name;
  ude_jet_kind kind;
  double       number; /**< factor of the logarithm, exponent, order */
  int          family;
  bool         shift; /**< of 1 + x */
} special;

static const special specials[] = {
    {"log", UDE_JET_LOGARITHM, 1, 0, false},
    {"log2", UDE_JET_LOGARITHM, 1.4426950408889634074, 0, false},
    {"log10", UDE_JET_LOGARITHM, 0.43429448190325182765, 0, false},
    {"log1p", UDE_JET_LOGARITHM, 1, 0, true},
    {"sqrt", UDE_JET_ROOT, 0.5, 0, false},
    {"cbrt", UDE_JET_ROOT, 1.0 / 3, 0, false},
    {"pow", UDE_JET_RAISE, 0, 0, false},
    {"powi", UDE_JET_RAISE, 0, 0, false},
    {"fma", UDE_JET_TIMES, 0, 0, false},
    {"fmuladd", UDE_JET_TIMES, 0, 0, false},
    {"j0", UDE_JET_FAMILY, 0, UDE_JET_JN, false},
    {"j1", UDE_JET_FAMILY, 1, UDE_JET_JN, false},
    {"y0", UDE_JET_FAMILY, 0, UDE_JET_YN, false},
    {"y1", UDE_JET_FAMILY, 1, UDE_JET_YN, false},
    {"jn", UDE_JET_FAMILY, -1, UDE_JET_JN, false},
    {"yn", UDE_JET_FAMILY, -1, UDE_JET_YN, false},
    {"ude_polygamma", UDE_JET_FAMILY, -1, UDE_JET_POLYGAMMA, false},
    {"lgamma", UDE_JET_FAMILY, 0, UDE_JET_LGAMMA, false},
    {"lgamma_r", UDE_JET_FAMILY, 0, UDE_JET_LGAMMA, false},
};

static const special *find_special(const ude_rule *rule) {
  const char *name = rule->name ? rule->name : rule->intrinsic + strlen("llvm.");
  for (size_t k = 0; k < sizeof specials / sizeof *specials; k++) {
    if (!strcmp(specials[k].name, name)) {
      return &specials[k];
    }
  }
  return NULL;
}

static LLVMValueRef real(ude_jet_emit *jet, double number) {
  return LLVMConstReal(jet->forward.emit.walk->type_double, number);
}

static LLVMValueRef as_real(ude_jet_emit *jet, LLVMValueRef value) {
  ude_walk *walk = jet->forward.emit.walk;
  return LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMIntegerTypeKind
             ? LLVMBuildSIToFP(walk->builder, value, walk->type_double, "")
             : value;
}

/* A record for each order that a product of series needs: as many as the stride. */
static LLVMValueRef reserve_powers(ude_jet_emit *jet) {
  ude_walk    *walk         = jet->forward.emit.walk;
  LLVMValueRef arguments[2] = {jet->forward.context, jet->stride};
  LLVMTypeRef  types[2]     = {walk->type_ptr, walk->type_i64};
  return ude_emit_call(&jet->forward.emit, "ude_jet_reserve", walk->type_i64, arguments, types, 2);
}

static LLVMValueRef emit_family(ude_jet_emit *jet, LLVMValueRef call, const special *how,
                                const ude_series *argument, LLVMValueRef result) {
  bool       ordered = how->number < 0; /* (n, x) */
  ude_series x       = argument[ordered ? 1 : 0];
  if (ordered && argument[0].place) {
    ude_refuse_call(jet->forward.emit.walk, call, "its order depends on the inputs",
                    "use a constant order");
  }
  LLVMValueRef n  = ordered ? as_real(jet, argument[0].value) : real(jet, how->number);
  ude_jet_op   op = {.kind   = UDE_JET_FAMILY,
                     .place  = ude_jet_record(jet),
                     .result = result,
                     .a      = x,
                     .b      = {.value = n},
                     .extra  = reserve_powers(jet),
                     .family = how->family};
  ude_jet_push(jet, op);
  return op.place;
}

static LLVMValueRef emit_special(ude_jet_emit *jet, LLVMValueRef call, const special *how,
                                 const ude_series *argument, LLVMValueRef result) {
  LLVMBuilderRef b  = jet->forward.emit.walk->builder;
  ude_series     x  = argument[0];
  ude_jet_op     op = {.kind = how->kind, .result = result, .a = x};
  switch (how->kind) {
  case UDE_JET_TIMES: {
    LLVMValueRef product = LLVMBuildFMul(b, x.value, argument[1].value, "");
    ude_series   sum     = {.value = product,
                            .place = ude_jet_arithmetic(jet, LLVMFMul, x, argument[1], product)};
    return ude_jet_arithmetic(jet, LLVMFAdd, sum, argument[2], result);
  }
  case UDE_JET_FAMILY: return emit_family(jet, call, how, argument, result);
  case UDE_JET_RAISE:
    op.b       = argument[1];
    op.b.value = as_real(jet, op.b.value);
    if (!op.b.place) {
      op.kind = UDE_JET_ROOT;
      break;
    }
    op.place = ude_jet_record(jet);
    ude_jet_record(jet); /* log x and y log x stand behind it */
    ude_jet_record(jet);
    ude_jet_push(jet, op);
    return op.place;
  case UDE_JET_LOGARITHM:
    op.b.value = real(jet, how->number);
    op.a.value = how->shift ? LLVMBuildFAdd(b, real(jet, 1), x.value, "") : x.value;
    break;
  default: op.b.value = real(jet, how->number); break;
  }
  op.place = ude_jet_record(jet);
  ude_jet_push(jet, op);
  return op.place;
}

/* ------------------------------------------------------------------------------ chain rule -- */

static void remember(ude_jet_emit *jet, ude_jet_known known) {
  jet->known = ude_walk_grow(jet->forward.emit.walk, jet->known, jet->knowns, &jet->known_capacity,
                             sizeof *jet->known);
  jet->known[jet->knowns++] = known;
}

static ude_series recall(ude_jet_emit *jet, LLVMValueRef value) {
  ude_series series = {.value = value};
  for (int k = jet->knowns; k-- > 0 && !series.place;) {
    if (!jet->known[k].rule && jet->known[k].value == value) {
      series.place = jet->known[k].place;
    }
  }
  return series;
}

/* The same function of the same arguments again, as sin is within its own second derivative. */
static LLVMValueRef recall_rule(ude_jet_emit *jet, const ude_rule *rule,
                                const ude_series *argument) {
  for (int k = 0; k < jet->knowns; k++) {
    bool same = jet->known[k].rule == rule;
    for (int n = 0; n < rule->arity && same; n++) {
      same = jet->known[k].argument[n] == argument[n].value;
    }
    if (same) {
      return jet->known[k].place;
    }
  }
  return NULL;
}

static LLVMValueRef choose(ude_jet_emit *jet, LLVMValueRef select) {
  LLVMBuilderRef b    = jet->forward.emit.walk->builder;
  LLVMValueRef   x    = recall(jet, LLVMGetOperand(select, 1)).place;
  LLVMValueRef   y    = recall(jet, LLVMGetOperand(select, 2)).place;
  LLVMValueRef   none = LLVMConstInt(jet->forward.emit.walk->type_i64, 0, false);
  return x || y ? LLVMBuildSelect(b, LLVMGetOperand(select, 0), x ? x : none, y ? y : none, "")
                : NULL;
}

/* Places for the values that a partial derivative computed: instructions after `from`, up to `to`. */
static void follow(ude_jet_emit *jet, LLVMValueRef call, const LLVMValueRef *program, int count) {
  for (int n = 0; n < count; n++) {
    LLVMValueRef i     = program[n];
    LLVMValueRef place = NULL;
    switch (LLVMGetInstructionOpcode(i)) {
    case LLVMFNeg:
    case LLVMFAdd:
    case LLVMFSub:
    case LLVMFMul:
    case LLVMFDiv: {
      ude_series x = recall(jet, LLVMGetOperand(i, 0)), y = {0};
      if (LLVMGetNumOperands(i) > 1) {
        y = recall(jet, LLVMGetOperand(i, 1));
      }
      place = ude_jet_arithmetic(jet, LLVMGetInstructionOpcode(i), x, y, i);
      break;
    }
    case LLVMSelect: place = choose(jet, i); break;
    case LLVMCall: {
      const ude_rule *rule                         = ude_rule_for_call(jet->forward.emit.walk, i);
      ude_series      argument[UDE_RULE_ARGUMENTS] = {0};
      for (int k = 0; rule && k < rule->arity; k++) {
        argument[k] = recall(jet, LLVMGetArgOperand(i, (unsigned)k));
      }
      place = rule ? ude_jet_rule(jet, call, rule, argument, i) : NULL;
      break;
    }
    default: break; /* comparisons and integers */
    }
    if (place) {
      remember(jet, (ude_jet_known){.value = i, .place = place});
    }
  }
}

/* What the builder's block got after `last` (NULL: from its start). */
static LLVMValueRef *listing(ude_jet_emit *jet, LLVMValueRef last, int *count) {
  ude_walk    *walk  = jet->forward.emit.walk;
  LLVMValueRef first = last ? LLVMGetNextInstruction(last)
                            : LLVMGetFirstInstruction(LLVMGetInsertBlock(walk->builder));
  *count             = 0;
  for (LLVMValueRef i = first; i; i = LLVMGetNextInstruction(i)) {
    ++*count;
  }
  LLVMValueRef *list = ude_walk_alloc(walk, (size_t)*count, sizeof(LLVMValueRef));
  for (LLVMValueRef i = first, *at = list; i; i = LLVMGetNextInstruction(i)) {
    *at++ = i;
  }
  return list;
}

static LLVMValueRef chain(ude_jet_emit *jet, LLVMValueRef call, const ude_rule *rule,
                          const ude_series *argument, LLVMValueRef result) {
  ude_walk     *walk                      = jet->forward.emit.walk;
  LLVMValueRef  place                     = ude_jet_record(jet);
  LLVMValueRef  value[UDE_RULE_ARGUMENTS] = {0}, partial[UDE_RULE_ARGUMENTS] = {0};
  LLVMValueRef *program[UDE_RULE_ARGUMENTS] = {0};
  int           length[UDE_RULE_ARGUMENTS] = {0}, at[UDE_RULE_ARGUMENTS] = {0};
  ude_jet_known known = {.value = result, .place = place, .rule = rule};
  for (int k = 0; k < rule->arity; k++) {
    known.argument[k] = value[k] = argument[k].value;
    if (argument[k].place) {
      remember(jet, (ude_jet_known){.value = value[k], .place = argument[k].place});
    }
  }
  remember(jet, known);
  remember(jet, (ude_jet_known){.value = result, .place = place});
  /* first the values and the operations on r, in which the partial derivatives are below order k */
  for (int k = 0; k < rule->arity; k++) {
    if (!argument[k].place || !rule->partial[k]) {
      continue;
    }
    LLVMValueRef last = LLVMGetLastInstruction(LLVMGetInsertBlock(walk->builder));
    partial[k]        = ude_rule_partial(walk, rule, k, value, result, walk->type_double);
    if (partial[k]) {
      program[k] = listing(jet, last, &length[k]);
      at[k]      = ude_jet_push(jet, (ude_jet_op){.kind   = UDE_JET_RULE,
                                                  .place  = place,
                                                  .result = result,
                                                  .a      = argument[k],
                                                  .b      = {.value = partial[k]}});
    }
  }
  for (int k = 0; k < rule->arity; k++) {
    if (partial[k]) {
      follow(jet, call, program[k], length[k]);
      jet->op[at[k]].b = recall(jet, partial[k]);
      if (!jet->op[at[k]].b.place) {
        jet->op[at[k]].kind = UDE_JET_SCALE;
      }
    }
  }
  return place;
}

LLVMValueRef ude_jet_rule(ude_jet_emit *jet, LLVMValueRef call, const ude_rule *rule,
                          const ude_series *argument, LLVMValueRef result) {
  enum { DEEPEST = 16 };
  bool varied = false;
  for (int k = 0; k < rule->arity; k++) {
    varied = varied || argument[k].place;
  }
  if (!varied) {
    return NULL;
  }
  const special *how   = find_special(rule);
  LLVMValueRef   known = how ? NULL : recall_rule(jet, rule, argument);
  if (known) {
    return known;
  }
  if (jet->depth == DEEPEST) {
    ude_refuse_call(jet->forward.emit.walk, call,
                    "its derivatives of all orders are not in the rule table",
                    "write it in terms of other functions");
  }
  jet->depth++;
  LLVMValueRef place = how ? emit_special(jet, call, how, argument, result)
                           : chain(jet, call, rule, argument, result);
  if (--jet->depth == 0) {
    jet->knowns = 0;
  }
  return place;
}
