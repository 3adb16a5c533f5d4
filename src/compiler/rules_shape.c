/**
 * @file rules_shape.c
 * @brief What the partial derivatives of a rule depend on, from the text of the rule: which first and second
 *        derivatives of a call are zero for every value of its unknown arguments.
 *
 * A part of the text has a value if it is known, and the set of arguments that it depends on with a
 * derivative that is not zero: comparisons and conditions have none. pow(x, 1) thus comes out as linear,
 * pow(x, 0) as constant, fabs and fmax as linear, x*y as a product.
 */
#include <ctype.h>
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/abstract.h"

typedef struct part {
  bool     known;
  double   value;
  unsigned mask; /**< arguments of the outermost call that it depends on */
} part;

typedef struct reader {
  const char     *at;
  const ude_rule *rule;
  const part     *argument;
  part            local[26];
  int             depth; /**< of rules that are looked into for calls in rules */
} reader;

enum { DEPTH = 2 };

static part read_choice(reader *r);
static part partial_part(const ude_rule *rule, int k, const part *argument, int depth);

static bool accept(reader *r, const char *token) {
  size_t length = strlen(token);
  bool   found  = strncmp(r->at, token, length) == 0;
  r->at += found ? length : 0;
  return found;
}

static bool is_zero(part a) {
  return a.known && a.value == 0;
}

/* Value of a function with a rule, and the arguments that it depends on. */
// NOLINTNEXTLINE(misc-no-recursion)
static part call_part(const ude_rule *rule, const part *argument, int depth) {
  part   result                     = {.known = true};
  double values[UDE_RULE_ARGUMENTS] = {0};
  for (int k = 0; k < rule->arity; k++) {
    result.known = result.known && argument[k].known;
    values[k]    = argument[k].value;
    if (!argument[k].mask || !rule->partial[k]) {
      continue;
    }
    if (depth >= DEPTH ? strcmp(rule->partial[k], "0") != 0
                       : !is_zero(partial_part(rule, k, argument, depth + 1))) {
      result.mask |= argument[k].mask;
    }
  }
  result.known = result.known && ude_rule_value(rule, false, 0, values, &result.value);
  return result;
}

// NOLINTNEXTLINE(misc-no-recursion)
static part read_primary(reader *r) {
  if (accept(r, "(")) {
    part a = read_choice(r);
    accept(r, ")");
    return a;
  }
  if (isdigit((unsigned char)*r->at)) {
    char *end;
    part  a = {.known = true, .value = strtod(r->at, &end)};
    r->at   = end;
    return a;
  }
  char   name[32] = "";
  size_t length   = 0;
  while (isalnum((unsigned char)*r->at) || *r->at == '_') {
    name[length] = *r->at++;
    length += length + 2 < sizeof name;
  }
  if (accept(r, "(")) {
    part            argument[UDE_RULE_ARGUMENTS] = {{0}};
    int             count                        = 0;
    const ude_rule *called                       = ude_rule_by_name(name);
    do {
      argument[count++] = read_choice(r);
    } while (count < UDE_RULE_ARGUMENTS && accept(r, ","));
    accept(r, ")");
    return called && called->arity == count ? call_part(called, argument, r->depth)
                                            : (part){.mask = ~0U};
  }
  if (*name >= 'x' && *name <= 'z') {
    return r->argument[*name - 'x'];
  }
  if (*name != 'r') {
    return r->local[(*name - 'a') % 26];
  }
  part result = {0};
  for (int k = 0; k < r->rule->arity; k++) {
    const char *text = r->rule->partial[k];
    result.mask |= text && strcmp(text, "0") != 0 ? r->argument[k].mask : 0;
  }
  return result;
}

// NOLINTNEXTLINE(misc-no-recursion)
static part read_unary(reader *r) {
  if (!accept(r, "-")) {
    return read_primary(r);
  }
  part a  = read_unary(r);
  a.value = -a.value;
  return a;
}

// NOLINTNEXTLINE(misc-no-recursion)
static part read_product(reader *r) {
  part a = read_unary(r);
  for (;;) {
    bool times = accept(r, "*");
    if (!times && !accept(r, "/")) {
      return a;
    }
    part b = read_unary(r);
    if (is_zero(a) || (times && is_zero(b))) {
      a = (part){.known = true};
      continue;
    }
    a.mask |= b.mask;
    a.known = a.known && b.known;
    a.value = times ? a.value * b.value : a.value / b.value;
  }
}

// NOLINTNEXTLINE(misc-no-recursion)
static part read_sum(reader *r) {
  part a = read_product(r);
  for (;;) {
    bool plus = accept(r, "+");
    if (!plus && !accept(r, "-")) {
      return a;
    }
    part b = read_product(r);
    a.mask |= b.mask;
    a.known = a.known && b.known;
    a.value = plus ? a.value + b.value : a.value - b.value;
  }
}

// NOLINTNEXTLINE(misc-no-recursion)
static part read_comparison(reader *r) {
  part a    = read_sum(r);
  int  kind = accept(r, "==")   ? 0
              : accept(r, "!=") ? 1
              : accept(r, "<")  ? 2
              : accept(r, ">")  ? 3
                                : -1;
  if (kind < 0) {
    return a;
  }
  part b      = read_sum(r);
  part result = {.known = a.known && b.known};
  if (result.known) {
    result.value = kind == 0   ? a.value == b.value
                   : kind == 1 ? a.value != b.value
                   : kind == 2 ? a.value < b.value
                               : a.value > b.value;
  }
  return result;
}

// NOLINTNEXTLINE(misc-no-recursion)
static part read_choice(reader *r) {
  part a = read_comparison(r);
  while (accept(r, "||")) {
    part b     = read_comparison(r);
    bool truth = (a.known && a.value != 0) || (b.known && b.value != 0);
    a          = (part){.known = truth || (a.known && b.known), .value = truth};
  }
  if (!accept(r, "?")) {
    return a;
  }
  part then = read_choice(r);
  accept(r, ":");
  part other = read_choice(r);
  if (a.known) {
    return a.value != 0 ? then : other;
  }
  bool same = then.known && other.known && then.value == other.value;
  return (part){.known = same, .value = then.value, .mask = then.mask | other.mask};
}

// NOLINTNEXTLINE(misc-no-recursion)
static part partial_part(const ude_rule *rule, int k, const part *argument, int depth) {
  if (!rule->partial[k]) {
    return (part){.known = true};
  }
  reader r = {.at = rule->partial[k], .rule = rule, .argument = argument, .depth = depth};
  while (isalpha((unsigned char)r.at[0]) && r.at[1] == '=' && r.at[2] != '=') {
    int name = r.at[0] - 'a';
    r.at += 2;
    r.local[name] = read_choice(&r);
    accept(&r, ";");
  }
  return read_choice(&r);
}

void ude_rule_shape_of(const ude_rule *rule, unsigned known, const double *value,
                       ude_rule_shape *shape) {
  part argument[UDE_RULE_ARGUMENTS] = {{0}};
  *shape                            = (ude_rule_shape){.ready = true};
  for (int k = 0; k < rule->arity; k++) {
    bool is_known = known >> k & 1;
    argument[k] =
        (part){.known = is_known, .value = is_known ? value[k] : 0, .mask = is_known ? 0 : 1U << k};
  }
  for (int k = 0; k < rule->arity; k++) {
    part d = partial_part(rule, k, argument, 0);
    if (known >> k & 1 || is_zero(d)) {
      continue;
    }
    shape->uses |= 1U << k;
    shape->curved[k] = d.mask;
  }
}

bool ude_rule_takes(const ude_rule *rule, int k, const double *value) {
  part argument[UDE_RULE_ARGUMENTS] = {{0}};
  for (int i = 0; i < rule->arity; i++) {
    argument[i] = (part){.known = true, .value = value[i]};
  }
  return !is_zero(partial_part(rule, k, argument, 0));
}

/* ------------------------------------------------------------------------------------ values -- */

/* The function of that name in this process; ISO C has no cast from an object to a function. */
static bool find(const char *name, void *function, size_t size) {
  void *address = dlsym(RTLD_DEFAULT, name);
  if (address && size == sizeof address) {
    memcpy(function, &address, size);
  }
  return address != NULL;
}

static bool value_of_intrinsic(const ude_rule *rule, const double *x, double *result) {
  const char *name = rule->intrinsic + strlen("llvm.");
  if (!strcmp(name, "powi")) {
    *result = pow(x[0], x[1]);
  } else if (!strcmp(name, "fmuladd")) {
    *result = fma(x[0], x[1], x[2]);
  } else if (!strcmp(name, "maximum") || !strcmp(name, "minimum")) {
    bool first = *name && name[1] == 'a' ? x[0] > x[1] : x[0] < x[1];
    *result    = isnan(x[0]) || isnan(x[1]) ? x[0] + x[1] : first ? x[0] : x[1];
  } else if (!strcmp(name, "canonicalize") || !strcmp(name, "arithmetic.fence")) {
    *result = x[0];
  } else {
    return false;
  }
  return true;
}

bool ude_rule_value(const ude_rule *rule, bool single, unsigned integers, const double *x,
                    double *result) {
  const char *name = single ? rule->name_float : rule->name;
  if (!rule->name) {
    return value_of_intrinsic(rule, x, result);
  }
  if (!name) {
    return false;
  }
  switch (rule->arity << 4 | (int)integers) {
  case 0x10:
    if (single) {
      float (*f)(float);
      return find(name, &f, sizeof f) && ((*result = (double)f((float)x[0])), true);
    } else {
      double (*f)(double);
      return find(name, &f, sizeof f) && ((*result = f(x[0])), true);
    }
  case 0x20:
    if (single) {
      float (*f)(float, float);
      return find(name, &f, sizeof f) && ((*result = (double)f((float)x[0], (float)x[1])), true);
    } else {
      double (*f)(double, double);
      return find(name, &f, sizeof f) && ((*result = f(x[0], x[1])), true);
    }
  case 0x30:
    if (!strcmp(rule->name, "fma")) {
      *result = fma(x[0], x[1], x[2]);
      if (single) {
        *result = (double)fmaf((float)x[0], (float)x[1], (float)x[2]);
      }
      return true;
    }
    return false;
  case 0x22: /* ldexp and its like: a power of two is exact in either type */
    if (!strcmp(rule->name, "ldexp") || !strncmp(rule->name, "scalbn", 6) ||
        !strcmp(rule->name, "scalbln")) {
      *result = ldexp(x[0], (int)fmax(-5000, fmin(5000, x[1])));
      *result = single ? (double)(float)*result : *result;
      return true;
    }
    return false;
  default: return false;
  }
}
