/**
 * @file abstract_set.c
 * @brief Sets of the abstract machine: index sets, or pairs (inputs, products with a second derivative).
 */
#include <stdlib.h>

#include "compiler/abstract.h"

static size_t slot_of(const ude_machine *m, const ude_table_of *table, uint32_t index,
                      ude_item_hash hash, ude_item_same same) {
  size_t at = (hash(m, index) * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (table->capacity - 1);
  while (table->slot[at] && !same(m, table->slot[at] - 1, index)) {
    at = (at + 1) & (table->capacity - 1);
  }
  return at;
}

uint32_t ude_table_enter(ude_machine *m, ude_table_of *table, uint32_t index, ude_item_hash hash,
                         ude_item_same same) {
  if (2 * (table->count + 1) > table->capacity) {
    ude_table_of wider = {.capacity = table->capacity ? 2 * table->capacity : 256,
                          .count    = table->count};
    wider.slot         = ude_calloc(wider.capacity, sizeof *wider.slot);
    if (!wider.slot) {
      ude_machine_memory(m);
    }
    for (size_t k = 0; k < table->capacity; k++) {
      if (table->slot[k]) {
        wider.slot[slot_of(m, &wider, table->slot[k] - 1, hash, same)] = table->slot[k];
      }
    }
    free(table->slot);
    *table = wider;
  }
  size_t at = slot_of(m, table, index, hash, same);
  if (!table->slot[at]) {
    table->slot[at] = index + 1;
    table->count++;
  }
  return table->slot[at] - 1;
}

/* -------------------------------------------------------------------------------- products -- */

static uint32_t product_hash(const ude_machine *m, uint32_t k) {
  const ude_product *p = &m->product[k];
  return ude_set_hash(&m->sets, p->a) + ude_set_hash(&m->sets, p->b);
}

static bool product_same(const ude_machine *m, uint32_t j, uint32_t k) {
  const ude_product *p = &m->product[j], *q = &m->product[k];
  const ude_sets    *s = &m->sets;
  return (ude_set_equal(s, p->a, q->a) && ude_set_equal(s, p->b, q->b)) ||
         (ude_set_equal(s, p->a, q->b) && ude_set_equal(s, p->b, q->a));
}

/* The set that holds one product. */
static uint32_t product(ude_machine *m, uint32_t a, uint32_t b) {
  if (!a || !b) {
    return 0;
  }
  m->product =
      ude_machine_grow(m, m->product, m->products, &m->product_capacity, sizeof *m->product);
  m->product[m->products] = (ude_product){a, b};
  uint32_t k =
      ude_table_enter(m, &m->product_table, (uint32_t)m->products, product_hash, product_same);
  m->products += k == (uint32_t)m->products;
  return ude_set_single(k);
}

/* ------------------------------------------------------------------------------------ pairs -- */

static uint32_t jet_hash(const ude_machine *m, uint32_t k) {
  return m->jet[k].g * UINT32_C(0x9E3779B1) + m->jet[k].h;
}

static bool jet_same(const ude_machine *m, uint32_t j, uint32_t k) {
  return m->jet[j].g == m->jet[k].g && m->jet[j].h == m->jet[k].h;
}

static uint32_t jet(ude_machine *m, uint32_t g, uint32_t h) {
  m->jet          = ude_machine_grow(m, m->jet, m->jets, &m->jet_capacity, sizeof *m->jet);
  m->jet[m->jets] = (ude_jet){g, h};
  uint32_t k      = ude_table_enter(m, &m->jet_table, (uint32_t)m->jets, jet_hash, jet_same);
  m->jets += k == (uint32_t)m->jets;
  return k;
}

uint32_t ude_set_input(ude_machine *m, int64_t k) {
  return m->second ? jet(m, ude_set_single(k), 0) : ude_set_single(k);
}

uint32_t ude_set_inputs(const ude_machine *m, uint32_t set) {
  return m->second ? m->jet[set].g : set;
}

uint32_t ude_set_merge(ude_machine *m, uint32_t a, uint32_t b) {
  if (a == b || !b) {
    return a;
  }
  if (!a) {
    return b;
  }
  if (!m->second) {
    return ude_set_union(&m->sets, a, b);
  }
  uint32_t      hash = (a * UINT32_C(0x9E3779B1) ^ b * UINT32_C(0x85EBCA77)) >> 7;
  ude_set_memo *memo = &m->jet_memo[hash % UDE_SET_MEMO];
  if (memo->a != a || memo->b != b) {
    uint32_t g = ude_set_union(&m->sets, m->jet[a].g, m->jet[b].g);
    uint32_t h = ude_set_union(&m->sets, m->jet[a].h, m->jet[b].h);
    *memo      = (ude_set_memo){a, b, jet(m, g, h)};
  }
  return memo->result;
}

uint32_t ude_set_combine(ude_machine *m, int count, const uint32_t *set, const unsigned *curved) {
  uint32_t all = 0;
  for (int k = 0; k < count; k++) {
    all = ude_set_merge(m, all, set[k]);
  }
  if (!m->second) {
    return all;
  }
  uint32_t h = m->jet[all].h;
  for (int k = 0; k < count; k++) {
    for (int i = 0; i <= k; i++) {
      if (curved[k] >> i & 1 || curved[i] >> k & 1) {
        h = ude_set_union(&m->sets, h, product(m, m->jet[set[k]].g, m->jet[set[i]].g));
      }
    }
  }
  return h == m->jet[all].h ? all : jet(m, m->jet[all].g, h);
}
