/**
 * @file abstract_choice.c
 * @brief Numbers that are one of a few, or in a range: joins, widening, what a condition leaves of them.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/abstract.h"

int64_t ude_sign_extend(uint64_t bits, int width) {
  return width >= 64 ? (int64_t)bits : (int64_t)(bits << (64 - width)) >> (64 - width);
}

uint64_t ude_low_bits(uint64_t bits, int width) {
  return width >= 64 ? bits : bits & ((UINT64_C(1) << width) - 1);
}

static int64_t lowest(int width) {
  return width >= 64 ? INT64_MIN : -(INT64_C(1) << (width - 1));
}

static int64_t highest(int width) {
  return width >= 64 ? INT64_MAX : (INT64_C(1) << (width - 1)) - 1;
}

/* --------------------------------------------------------------------------------- handles -- */

static uint32_t choice_hash(const ude_machine *m, uint32_t k) {
  const ude_choice *c = &m->choice[k];
  uint64_t hash       = (uint64_t)c->lo * 31 + (uint64_t)c->hi * 17 + (uint64_t)c->step + c->count;
  for (uint32_t i = 0; i < c->count; i++) {
    hash = (hash ^ m->value[c->first + i]) * UINT64_C(0x9E3779B97F4A7C15);
  }
  return (uint32_t)(hash ^ hash >> 32);
}

static bool choice_same(const ude_machine *m, uint32_t j, uint32_t k) {
  const ude_choice *a = &m->choice[j], *b = &m->choice[k];
  return a->count == b->count && a->lo == b->lo && a->hi == b->hi && a->step == b->step &&
         (!a->count ||
          !memcmp(&m->value[a->first], &m->value[b->first], a->count * sizeof *m->value));
}

static uint32_t enter(ude_machine *m, const ude_choice *choice, const uint64_t *values) {
  while (m->choices <= UDE_ANY) { /* handles of what is known and what is not */
    m->choice = ude_machine_grow(m, m->choice, m->choices, &m->choice_capacity, sizeof *m->choice);
    m->choice[m->choices++] = (ude_choice){.step = -1};
  }
  m->choice = ude_machine_grow(m, m->choice, m->choices, &m->choice_capacity, sizeof *m->choice);
  m->choice[m->choices]       = *choice;
  m->choice[m->choices].first = (uint32_t)m->values;
  int values_before           = m->values;
  for (uint32_t i = 0; i < choice->count; i++) {
    m->value = ude_machine_grow(m, m->value, m->values, &m->value_capacity, sizeof *m->value);
    m->value[m->values++] = values[i];
  }
  uint32_t k = ude_table_enter(m, &m->choice_table, (uint32_t)m->choices, choice_hash, choice_same);
  if (k == (uint32_t)m->choices) {
    m->choices++;
  } else {
    m->values = values_before;
  }
  return k;
}

int ude_cell_values(const ude_machine *m, const ude_cell *cell, const uint64_t **values) {
  if (cell->what == UDE_KNOWN) {
    *values = &cell->bits;
    return 1;
  }
  if (cell->what == UDE_ANY || !m->choice[cell->what].count) {
    return 0;
  }
  *values = &m->value[m->choice[cell->what].first];
  return (int)m->choice[cell->what].count;
}

static int64_t gcd(int64_t a, int64_t b) {
  uint64_t x = a < 0 ? 0 - (uint64_t)a : (uint64_t)a, y = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
  while (y) {
    uint64_t rest = x % y;
    x             = y;
    y             = rest;
  }
  return x > INT64_MAX ? 1 : (int64_t)x;
}

static int64_t distance(int64_t a, int64_t b) {
  int64_t result;
  return __builtin_sub_overflow(a, b, &result) ? 1 : result;
}

static int by_value(const void *a, const void *b) {
  uint64_t x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return x < y ? -1 : x > y;
}

void ude_cell_set_values(ude_machine *m, ude_cell *cell, int type, uint64_t *values, int count) {
  int kept = 0;
  qsort(values, (size_t)count, sizeof *values, by_value);
  for (int k = 0; k < count; k++) {
    if (!kept || values[k] != values[kept - 1]) {
      values[kept++] = values[k];
    }
  }
  if (kept == 1) {
    cell->bits = values[0];
    cell->what = UDE_KNOWN;
  } else if (kept <= UDE_CHOICES) {
    cell->what = enter(m, &(ude_choice){.count = (uint32_t)kept}, values);
  } else if (type > UDE_CELL_POINTER) {
    cell->what = UDE_ANY;
  } else {
    ude_choice r = {.lo = INT64_MAX, .hi = INT64_MIN};
    for (int k = 0; k < kept; k++) {
      int64_t v = ude_sign_extend(values[k], type);
      r.step    = k ? gcd(r.step, distance(v, ude_sign_extend(values[0], type))) : 0;
      r.lo      = v < r.lo ? v : r.lo;
      r.hi      = v > r.hi ? v : r.hi;
    }
    ude_cell_set_range(m, cell, type, &r);
  }
}

void ude_cell_range(const ude_machine *m, const ude_cell *cell, int width, ude_choice *range) {
  const uint64_t *values;
  int             count = ude_cell_values(m, cell, &values);
  *range                = (ude_choice){.lo = lowest(width), .hi = highest(width), .step = 1};
  if (count) {
    *range = (ude_choice){.lo = INT64_MAX, .hi = INT64_MIN};
    for (int k = 0; k < count; k++) {
      int64_t v   = ude_sign_extend(values[k], width);
      range->step = gcd(range->step, distance(v, ude_sign_extend(values[0], width)));
      range->lo   = v < range->lo ? v : range->lo;
      range->hi   = v > range->hi ? v : range->hi;
    }
  } else if (cell->what != UDE_ANY) {
    const ude_choice *own = &m->choice[cell->what];
    if (own->lo >= range->lo && own->hi <= range->hi) {
      *range = *own;
    }
  }
  range->step = range->step ? range->step : 1;
}

void ude_cell_set_range(ude_machine *m, ude_cell *cell, int width, const ude_choice *range) {
  int64_t  step = range->step > 0 ? range->step : 1;
  uint64_t span = (uint64_t)range->hi - (uint64_t)range->lo;
  bool fits = range->lo <= range->hi && range->lo >= lowest(width) && range->hi <= highest(width);
  bool all  = range->lo == lowest(width) && range->hi == highest(width) && step == 1;
  if (fits && span / (uint64_t)step < UDE_CHOICES) {
    uint64_t values[UDE_CHOICES];
    int      count = 0;
    for (uint64_t k = 0; k <= span / (uint64_t)step; k++) {
      values[count++] = ude_low_bits((uint64_t)range->lo + k * (uint64_t)step, width);
    }
    ude_cell_set_values(m, cell, width, values, count);
  } else if (!fits || all) {
    cell->what = UDE_ANY;
  } else {
    ude_choice own = {.lo = range->lo,
                      .hi = (int64_t)((uint64_t)range->lo + span / (uint64_t)step * (uint64_t)step),
                      .step = step};
    cell->what     = enter(m, &own, NULL);
  }
}

/* ----------------------------------------------------------------------------------- joins -- */

static void hull(const ude_choice *a, const ude_choice *b, ude_choice *to) {
  int64_t step =
      gcd(gcd(a->lo == a->hi ? 0 : a->step, b->lo == b->hi ? 0 : b->step), distance(a->lo, b->lo));
  *to = (ude_choice){.lo   = a->lo < b->lo ? a->lo : b->lo,
                     .hi   = a->hi > b->hi ? a->hi : b->hi,
                     .step = step ? step : 1};
}

void ude_cell_join(ude_machine *m, ude_cell *to, const ude_cell *from, int type) {
  to->set = ude_set_merge(m, to->set, from->set);
  if (to->what == from->what && (to->what || to->bits == from->bits)) {
    return;
  }
  const uint64_t *x, *y;
  int             a = ude_cell_values(m, to, &x), b = ude_cell_values(m, from, &y);
  if (a && b) {
    uint64_t all[2 * UDE_CHOICES];
    memcpy(all, x, (size_t)a * sizeof *all);
    memcpy(all + a, y, (size_t)b * sizeof *all);
    ude_cell_set_values(m, to, type, all, a + b);
  } else if (to->what == UDE_ANY || from->what == UDE_ANY || type > UDE_CELL_POINTER) {
    to->what = UDE_ANY;
  } else {
    ude_choice r, s, all;
    ude_cell_range(m, to, type, &r);
    ude_cell_range(m, from, type, &s);
    hull(&r, &s, &all);
    ude_cell_set_range(m, to, type, &all);
  }
}

bool ude_cell_within(ude_machine *m, const ude_cell *a, const ude_cell *b, int type) {
  if (ude_set_merge(m, b->set, a->set) != b->set) {
    return false;
  }
  if (b->what == UDE_ANY || (a->what == b->what && (a->what || a->bits == b->bits))) {
    return true;
  }
  const uint64_t *x, *y;
  int             count = ude_cell_values(m, a, &x), most = ude_cell_values(m, b, &y);
  if (count && most) {
    for (int k = 0, i = 0; k < count; k++) {
      while (i < most && y[i] < x[k]) {
        i++;
      }
      if (i == most || y[i] != x[k]) {
        return false;
      }
    }
    return true;
  }
  if (a->what == UDE_ANY || most || type > UDE_CELL_POINTER) {
    return false;
  }
  ude_choice r, s;
  ude_cell_range(m, a, type, &r);
  ude_cell_range(m, b, type, &s);
  return r.lo >= s.lo && r.hi <= s.hi && distance(r.lo, s.lo) % s.step == 0 &&
         (r.lo == r.hi || r.step % s.step == 0);
}

/* A bound that moves goes to the end of its object, or of its type. */
void ude_cell_widen(ude_machine *m, ude_cell *to, const ude_cell *from, int type) {
  if (ude_cell_within(m, from, to, type)) {
    return;
  }
  ude_cell   old = *to;
  ude_choice before, all;
  ude_cell_join(m, to, from, type);
  if (to->what == UDE_KNOWN || (to->what == old.what && to->what > UDE_ANY)) {
    return; /* only the set grew */
  }
  if (type > UDE_CELL_POINTER || to->what == UDE_ANY) {
    to->what = UDE_ANY;
    return;
  }
  ude_cell_range(m, &old, type, &before);
  ude_cell_range(m, to, type, &all);
  const ude_object *object =
      type == UDE_CELL_POINTER && all.lo > 0 ? ude_memory_object(m, (uint64_t)all.lo) : NULL;
  if (object && ude_memory_object(m, (uint64_t)all.hi) == object) {
    int64_t start = (int64_t)object->start, end = (int64_t)object->end;
    all.lo = all.lo < before.lo ? start + (all.lo - start) % all.step : all.lo;
    all.hi = all.hi > before.hi ? end : all.hi;
  } else {
    if (all.lo < before.lo) {
      all.lo   = lowest(type);
      all.step = 1;
    }
    all.hi = all.hi > before.hi ? highest(type) : all.hi;
  }
  ude_cell_set_range(m, to, type, &all);
}

bool ude_cell_pointwise(ude_machine *m, const ude_op *op, ude_pointwise f, const ude_cell *a,
                        const ude_cell *b, ude_cell *to) {
  const uint64_t *x, *y;
  uint64_t        all[UDE_CHOICES * UDE_CHOICES];
  int             count = 0, xs = ude_cell_values(m, a, &x), ys = ude_cell_values(m, b, &y);
  if (!xs || !ys) {
    return false;
  }
  for (int k = 0; k < xs; k++) {
    for (int i = 0; i < ys; i++) {
      bool     defined = true;
      uint64_t value   = f(op, x[k], y[i], &defined);
      if (defined) {
        all[count++] = value;
      }
    }
  }
  if (!count) { /* every choice is undefined: say nothing of it */
    to->what = UDE_ANY;
    return true;
  }
  ude_cell_set_values(m, to, op->type, all, count);
  return true;
}
