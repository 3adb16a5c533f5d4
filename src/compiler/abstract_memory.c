/**
 * @file abstract_memory.c
 * @brief Memory of the abstract machine: objects, loads and stores at one address, at each of a few, in a range.
 */
#include <stdlib.h>
#include <string.h>

#include "compiler/abstract_word.h"

/* --------------------------------------------------------------------------------- objects -- */

/* Objects are apart by a word that is no memory, so that a step beyond the end shows. */
uint64_t ude_memory_allocate(ude_machine *m, ude_region *region, uint64_t bytes) {
  if (bytes > UINT64_C(1) << 36) {
    ude_machine_refuse(m, "an allocation", "it asks for more than 64 GB", "use smaller arrays");
  }
  size_t words = (size_t)((bytes + 15) / 16 * 2), gap = 2;
  size_t first = region->words + gap;
  if (first + words + gap > region->capacity) {
    size_t    wanted = 2 * region->capacity + first + words + gap;
    ude_word *wider  = ude_realloc(region->word, wanted, sizeof *wider);
    if (!wider) {
      ude_machine_memory(m);
    }
    region->word     = wider;
    region->capacity = wanted;
  }
  for (size_t k = region->words; k < first + words + gap; k++) {
    bool inside     = k >= first && k < first + words;
    region->word[k] = (ude_word){.what = {UDE_HALF_NONE, UDE_HALF_NONE}};
    for (unsigned half = 0; half < 2 && inside; half++) {
      uint64_t at = (uint64_t)(k - first) * 8 + 4 * half;
      if (at < bytes) {
        region->word[k].what[half] = 0;
      }
    }
  }
  region->object   = ude_machine_grow(m, region->object, region->objects, &region->object_capacity,
                                      sizeof *region->object);
  uint64_t address = region->base + (uint64_t)first * 8;
  region->object[region->objects++] = (ude_object){.start = address, .end = address + bytes};
  region->words                     = first + words;
  region->highest = first + words + gap > region->highest ? first + words + gap : region->highest;
  return address;
}

static const ude_region *region_of(const ude_machine *m, uint64_t address) {
  return address >= UDE_HEAP_BASE ? &m->heap : &m->stack;
}

const ude_object *ude_memory_object(const ude_machine *m, uint64_t address) {
  const ude_region *region = region_of(m, address);
  int               lo = 0, hi = region->objects; /* the last object that starts at or before */
  while (lo < hi) {
    int middle = (lo + hi) / 2;
    if (region->object[middle].start <= address) {
      lo = middle + 1;
    } else {
      hi = middle;
    }
  }
  return lo && address <= region->object[lo - 1].end ? &region->object[lo - 1] : NULL;
}

uint64_t ude_memory_room(const ude_machine *m, uint64_t address) {
  const ude_object *object = ude_memory_object(m, address);
  return object ? object->end - address : 0;
}

void ude_memory_release(ude_machine *m, uint64_t address) {
  const ude_object *object = ude_memory_object(m, address);
  if (!object || object->start != address || m->current) {
    return; /* another version may still use it */
  }
  for (uint64_t at = object->start; at < object->end; at += 8) {
    ude_word *word = ude_memory_word(m, at);
    *word          = (ude_word){.what = {UDE_HALF_NONE, UDE_HALF_NONE}};
  }
  m->freed = ude_machine_grow(m, m->freed, m->freed_count, &m->freed_capacity, sizeof *m->freed);
  m->freed[m->freed_count++] = (ude_free_block){address, object->end - object->start};
}

ude_word *ude_memory_word(ude_machine *m, uint64_t address) {
  ude_region *region = address >= UDE_HEAP_BASE ? &m->heap : &m->stack;
  if (address < region->base || (address - region->base) / 8 >= region->words) {
    return NULL;
  }
  return &region->word[(address - region->base) / 8];
}

/* -------------------------------------------------------------------------- at one address -- */

int ude_cell_bytes(int type, int64_t bytes) {
  return type == UDE_CELL_FLOAT    ? 4
         : type == UDE_CELL_DOUBLE ? 8
         : type == UDE_CELL_OTHER  ? (int)bytes
                                   : (type + 7) / 8;
}

/* Bytes of a word that the access touches: from `at` to at + count. */
static unsigned in_word(uint64_t address, uint64_t end) {
  uint64_t next = (address & ~UINT64_C(7)) + 8;
  return (unsigned)((end < next ? end : next) - address);
}

bool ude_memory_load_at(ude_machine *m, uint64_t address, int bytes, ude_cell *to) {
  const ude_word *word = ude_memory_word(m, address);
  unsigned        at   = address & 7;
  if (!exists(word, at, in_word(address, address + (unsigned)bytes))) {
    return false;
  }
  if (bytes == 8 && !at) {
    read_whole(m, word, to);
    return true;
  }
  if (bytes == 4 && at % 4 == 0) {
    read_half(m, word, at / 4, to);
    return true;
  }
  if (bytes < 4 && at / 4 == (at + (unsigned)bytes - 1) / 4) {
    read_bytes(word, at, (unsigned)bytes, to);
    return true;
  }
  /* Across halves: byte by byte. */
  ude_cell all = {0};
  for (int k = 0; k < bytes; k++) {
    uint64_t place = address + (unsigned)k;
    word           = ude_memory_word(m, place);
    if (!exists(word, place & 7, 1)) {
      return false;
    }
    ude_cell one;
    read_bytes(word, place & 7, 1, &one);
    all.set  = ude_set_merge(m, all.set, one.set);
    all.what = all.what || one.what ? UDE_ANY : UDE_KNOWN;
    all.bits |= k < 8 ? one.bits << (8 * k) : 0;
  }
  *to = all;
  return true;
}

bool ude_memory_store_at(ude_machine *m, uint64_t address, int bytes, const ude_cell *cell) {
  ude_word *word = ude_memory_word(m, address);
  unsigned  at   = address & 7;
  if (!exists(word, at, in_word(address, address + (unsigned)bytes))) {
    return false;
  }
  if (bytes == 8 && !at) {
    ude_log_word(m, address, word);
    write_whole(word, cell);
    return true;
  }
  if (bytes == 4 && at % 4 == 0) {
    ude_log_word(m, address, word);
    if (is_whole(word)) {
      split(m, word);
    }
    write_half(word, at / 4, cell);
    return true;
  }
  if (bytes < 4 && at / 4 == (at + (unsigned)bytes - 1) / 4) {
    ude_log_word(m, address, word);
    write_bytes(m, word, at, (unsigned)bytes, cell);
    return true;
  }
  for (int k = 0; k < bytes; k++) {
    uint64_t place = address + (unsigned)k;
    word           = ude_memory_word(m, place);
    if (!exists(word, place & 7, 1)) {
      return false;
    }
    ude_cell one = {.set  = cell->set,
                    .what = cell->what || k >= 8 ? UDE_ANY : UDE_KNOWN,
                    .bits = k < 8 ? cell->bits >> (8 * k) & 255 : 0};
    ude_log_word(m, place, word);
    write_bytes(m, word, place & 7, 1, &one);
  }
  return true;
}

/* ------------------------------------------------------------------------ at many addresses -- */

bool ude_memory_each(ude_machine *m, const ude_cell *address, int64_t offset, ude_memory_visit f,
                     void *context) {
  const uint64_t *values;
  uint64_t        copy[UDE_CHOICES];
  bool            some  = false;
  int             count = ude_cell_values(m, address, &values);
  if (count) {
    memcpy(copy, values,
           (size_t)count * sizeof *copy); /* the ude_memory_visit may make new choices */
    for (int k = 0; k < count; k++) {
      some = f(m, copy[k] + (uint64_t)offset, context) || some;
    }
    return some;
  }
  ude_choice range;
  ude_cell_range(m, address, UDE_CELL_POINTER, &range);
  if (address->what == UDE_ANY || range.lo <= 0) {
    ude_machine_refuse(m, "an access to memory",
                       "its address is not known: it depends on the inputs",
                       "index an array instead");
  }
  /* The part of the range that is memory, region by region, in step. */
  const ude_region *const regions[2] = {&m->stack, &m->heap};
  for (int k = 0; k < 2; k++) {
    uint64_t base = regions[k]->base, end = base + regions[k]->words * 8;
    uint64_t step = (uint64_t)range.step, at = (uint64_t)range.lo;
    if (at < base) {
      at += (base - at + step - 1) / step * step;
    }
    for (; at <= (uint64_t)range.hi && at < end; at += step) {
      some = f(m, at + (uint64_t)offset, context) || some;
    }
  }
  return some;
}

typedef struct access {
  int             type, bytes;
  ude_cell        loaded;
  const ude_cell *stored;
  bool            some, any;
} access;

static bool load_one(ude_machine *m, uint64_t address, void *context) {
  access  *a = context;
  ude_cell one;
  if (!ude_memory_load_at(m, address, a->bytes, &one)) {
    return false;
  }
  if (a->some) {
    ude_cell_join(m, &a->loaded, &one, a->type);
  } else {
    a->loaded = one;
    a->some   = true;
  }
  return true;
}

static bool store_one(ude_machine *m, uint64_t address, void *context) {
  access  *a = context;
  ude_cell one;
  if (!ude_memory_load_at(m, address, a->bytes, &one)) {
    return false;
  }
  ude_cell_join(m, &one, a->stored, a->type);
  return ude_memory_store_at(m, address, a->bytes, &one);
}

static bool exists_one(ude_machine *m, uint64_t address, void *context) {
  const access *a = context;
  return exists(ude_memory_word(m, address), address & 7,
                in_word(address, address + (unsigned)a->bytes));
}

/* Numbers of a table that is never written depend on nothing: no need to look at them all. */
static bool from_table(ude_machine *m, const ude_cell *address, int64_t offset, int type) {
  ude_choice range;
  if (type <= UDE_CELL_POINTER || address->what <= UDE_ANY || m->choice[address->what].count) {
    return false;
  }
  ude_cell_range(m, address, UDE_CELL_POINTER, &range);
  const ude_object *object =
      range.lo > 0 ? ude_memory_object(m, (uint64_t)(range.lo + offset)) : NULL;
  return object && object->constant && (uint64_t)(range.hi + offset) <= object->end;
}

bool ude_memory_load(ude_machine *m, const ude_cell *address, int64_t offset, int type, int bytes,
                     ude_cell *to) {
  uint32_t stamp = to->stamp, chosen = address->set;
  access   a = {.type = type, .bytes = bytes};
  bool     found;
  if (!address->what) {
    found = ude_memory_load_at(m, address->bits + (uint64_t)offset, bytes, &a.loaded);
  } else if (from_table(m, address, offset, type)) {
    a.loaded.what = UDE_ANY;
    found         = true;
  } else {
    found = ude_memory_each(m, address, offset, load_one, &a);
  }
  if (!found) {
    return false;
  }
  to->bits = a.loaded.bits;
  to->what = type == UDE_CELL_OTHER ? UDE_ANY : a.loaded.what;
  to->set  = ude_set_merge(m, a.loaded.set, chosen);
  if (type < UDE_CELL_POINTER && type % 8 && !to->what) {
    to->bits = ude_low_bits(to->bits, type);
  }
  to->stamp = stamp;
  return true;
}

bool ude_memory_store(ude_machine *m, const ude_cell *address, int64_t offset, int type, int bytes,
                      const ude_cell *value) {
  ude_cell copy = *value; /* registers may move while sets are merged */
  if (!address->what) {
    return ude_memory_store_at(m, address->bits + (uint64_t)offset, bytes, &copy);
  }
  access a = {.type = type, .bytes = bytes, .stored = &copy};
  /* With one address left after those that do not exist the store is certain. */
  const uint64_t *values;
  int             count = ude_cell_values(m, address, &values);
  uint64_t        only  = 0;
  int             real  = 0;
  for (int k = 0; k < count; k++) {
    uint64_t place = values[k] + (uint64_t)offset;
    if (exists_one(m, place, &a)) {
      only = place;
      real++;
    }
  }
  if (count && real == 1) {
    return ude_memory_store_at(m, only, bytes, &copy);
  }
  return ude_memory_each(m, address, offset, store_one, &a);
}
